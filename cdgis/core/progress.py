"""The interface by which long work reports how far it has come."""

from typing import Protocol


class Progress(Protocol):
    """Informed of each stage and each step; knows nothing of the work."""

    def stage(self, title: str, total: int | None = None) -> None:
        """Begin a stage of `total` steps (None when unknown)."""

    def step(self, item: str) -> None:
        """One step of the stage, named `item`, is done."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, title: str, total: int | None = None) -> None:
        """Ignore."""

    def step(self, item: str) -> None:
        """Ignore."""
