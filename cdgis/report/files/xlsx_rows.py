"""XML of a sheet's data rows and of the texts all sheets share (ECMA-376 part 1, 18.3.1.73 and 18.4.9).

openpyxl makes the workbook, its styles and headers; its cell-by-cell writer takes ten seconds for a city's
half million cells, this takes half of one. Text is always stored as text, so no cell is ever a formula; a text is stored once
however many cells show it, which is what takes a spreadsheet long to read.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from cdgis.core.safe_text import legal_text
from cdgis.results.tables.validation import Column, Table

_WHOLE_DAY = re.compile(r"(19|20|21)\d\d-\d\d-\d\d")
_FIRST_DAY = date(1899, 12, 30)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the cells of one column are shown."""

    style: int = 0
    """Index of the cell style in the workbook."""
    read: Callable[[str], str] | None = None
    """What turns a code into words."""
    is_day: bool = False
    """Whether whole days among the texts are dates."""


class SharedTexts:
    """The texts of a workbook, each under a number."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[str, int] = {}

    def cell_end(self, text: str, style: str) -> str:
        """Return what follows the place of a cell with this text, which is stored; "" where nothing of it can be."""
        legal = legal_text(text)
        return f'"{style} t="s"><v>{self._numbers.setdefault(legal, len(self._numbers))}</v></c>' if legal else ""

    def part_xml(self) -> bytes:
        """Return the part of the workbook that holds the texts."""
        kept = ("", ' xml:space="preserve"')
        items = "".join(f"<si><t{kept[text != text.strip()]}>{escape(text)}</t></si>" for text in self._numbers)
        return f'<sst xmlns="{_MAIN}" uniqueCount="{len(self._numbers)}">{items}</sst>'.encode()


def rows_xml(table: Table, frame: pd.DataFrame, *, first_row: int, looks: Sequence[Look], texts: SharedTexts) -> str:
    """Return ``<row>`` elements for all rows of `frame`; missing numbers and empty text have no cell.

    Parameters
    ----------
    looks : one a column of `table`: the style of its numbers and the words for its codes.
    texts : takes the texts of the cells.
    """
    numbers = [str(number) for number in range(first_row, first_row + len(frame))]
    shape, given = '<row r="%s">', [numbers]
    for place, (column, look) in enumerate(zip(table.columns, looks, strict=True), start=1):
        cell, values = _column_cells(column, frame[column.name], get_column_letter(place), numbers, look, texts)
        shape += cell
        given += values
    return "".join(map(f"{shape}</row>".__mod__, zip(*given, strict=True)))


_Cells = tuple[str, list[list[str]]]
"""How the cells of a column read, and for each `%` in it what stands there, row by row."""


def _column_cells(column: Column, values: pd.Series, letter: str, numbers: list[str], look: Look, texts: SharedTexts) -> _Cells:
    style = f' s="{look.style}"' if look.style else ""
    if column.kind in ("number", "integer"):
        listed = values.tolist()
        if not values.isna().any():
            return f'<c r="{letter}%s"{style}><v>%r</v></c>', [numbers, listed]
        return "%s", [[f'<c r="{letter}{n}"{style}><v>{v!r}</v></c>' if v == v else "" for n, v in zip(numbers, listed, strict=True)]]
    if look.is_day:
        return "%s", [[_day_cell(str(word), f"{letter}{n}", style, texts) for n, word in zip(numbers, values, strict=True)]]
    places, words = pd.factorize(values.map({True: "是", False: "否"}) if column.kind == "flag" else values, use_na_sentinel=False)
    ends = [texts.cell_end(look.read(str(word)) if look.read else str(word), style) for word in words]
    listed = np.array(ends, dtype=object)[places].tolist()
    if all(ends):
        return f'<c r="{letter}%s%s', [numbers, listed]
    return "%s", [[f'<c r="{letter}{n}{end}' if end else "" for n, end in zip(numbers, listed, strict=True)]]


def _day_cell(text: str, place: str, style: str, texts: SharedTexts) -> str:
    """Return a date as Excel counts it, days since 1899-12-30; what is known to the month or year as text."""
    if _WHOLE_DAY.fullmatch(text):
        return f'<c r="{place}"{style}><v>{(date.fromisoformat(text) - _FIRST_DAY).days}</v></c>'
    end = texts.cell_end(text, "")
    return f'<c r="{place}{end}' if end else ""
