"""Blocks of a printed report, whatever the file format: text, pairs, tables, pictures.

HTML and DOCX render the same blocks, so they cannot say different things.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

CellKind = Literal["", "number", "code", "effect", "conformity", "strong"]
TextStyle = Literal["body", "note", "warn", "lead"]

LONG_TEXT = 26
"""Characters a value may have to share its line with another."""


class Cell(NamedTuple):
    """One cell of a table or one value of a pair; a tuple, for a report is hundreds of them."""

    text: str
    """Lines are separated by a line feed."""
    small: str = ""
    """What stands under the text in smaller type."""
    kind: CellKind = ""
    tone: str = ""
    """For effect and conformity: stop, argue, limit, good or open."""
    field: str = ""
    """Name of the value, for reading it back."""
    value: float | None = None
    """The unrounded number behind the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str
    style: TextStyle = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading inside a part."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labelled values, two short pairs to a line on paper."""

    rows: tuple[tuple[str, Cell], ...]

    @property
    def lines(self) -> tuple[tuple[tuple[str, Cell], ...], ...]:
        """The pairs line by line: two short ones share a line, a long one or one left over has its own."""
        made: list[tuple[tuple[str, Cell], ...]] = []
        waiting: list[tuple[str, Cell]] = []
        for pair in self.rows:
            if len(pair[1].text) > LONG_TEXT:
                made += [tuple(waiting)] * bool(waiting)
                waiting = []
                made.append((pair,))
            else:
                waiting.append(pair)
                if len(waiting) == 2:
                    made.append(tuple(waiting))
                    waiting = []
        return (*made, tuple(waiting)) if waiting else tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    title: str
    width: int
    """Share of the table's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table whose header stands on every page."""

    id: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    dense: bool = False
    """Set in small type: reference tables that are looked up, not read through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One of the report's figures."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """The signature block: one line a role."""

    roles: tuple[str, ...]


Block = Text | Heading | Pairs | Grid | Picture | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the eleven parts."""

    number: str
    id: str
    title: str
    blocks: tuple[Block, ...]
