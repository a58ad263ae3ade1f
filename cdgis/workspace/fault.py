"""What a check of the workspace's data found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of one layer."""

    layer: str
    zone_id: str
    """Zone, row, field or file it was found at; "" for the layer as a whole."""
    problem: str
    remedy: str
    grave: bool = False
    """Whether the layer says nothing at all as it stands, so that whatever rests on it cannot be decided."""


def worst_first(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return the faults with those that silence a whole layer before the others, otherwise in their order."""
    return tuple(sorted(faults, key=lambda fault: not fault.grave))
