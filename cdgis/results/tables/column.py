"""Declaration of a table: its columns, their Chinese headers and domains."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "integer", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an output table."""

    name: str
    title: str
    """Chinese header used in XLSX and on pages."""
    kind: Kind = "text"
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = True
    """Whether the cell must be filled; optional text is the empty string, optional numbers are NaN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One output table: its name, Chinese title, columns and sort key."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def text(name: str, title: str, *allowed: str, required: bool = True) -> Column:
    """Return a text column; `allowed` closes the set of its values."""
    return Column(name=name, title=title, allowed=allowed, required=required)


def note(name: str, title: str) -> Column:
    """Return a text column that may be empty."""
    return Column(name=name, title=title, required=False)


def number(
    name: str, title: str, low: float | None = 0.0, high: float | None = None, *, required: bool = True
) -> Column:
    """Return a number column; `low` and `high` bound it, not `required` means NaN may stand."""
    return Column(name=name, title=title, kind="number", low=low, high=high, required=required)


def integer(name: str, title: str) -> Column:
    """Return a whole-number column from 0."""
    return Column(name=name, title=title, kind="integer", low=0)


SUBJECT = text("subject_id", "对象编号")
