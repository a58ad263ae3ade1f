"""XML of a sheet's data rows (ECMA-376 part 1, 18.3.1.73: rows of cells with inline text or numbers).

openpyxl makes the workbook, its styles and headers; its cell-by-cell writer takes ten seconds for a city's
half million cells, this takes one. Text is always stored as text, so no cell is ever a formula.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the cells of one column are shown."""

    style: int = 0
    """Index of the cell style in the workbook."""
    read: Callable[[str], str] | None = None
    """What turns a code into words."""
    is_day: bool = False
    """Whether whole days among the texts are dates."""


def rows_xml(table: Table, frame: pd.DataFrame, *, first_row: int, looks: Sequence[Look]) -> str:
    """Return ``<row>`` elements for all rows of `frame`; missing numbers and empty text have no cell.

    Parameters
    ----------
    looks : one a column of `table`: the style of its numbers and the words for its codes.
    """
    numbers = range(first_row, first_row + len(frame))
    columns = [
        _column_cells(column, frame[column.name], get_column_letter(place), numbers, look)
        for place, (column, look) in enumerate(zip(table.columns, looks, strict=True), start=1)
    ]
    rows = zip(numbers, zip(*columns, strict=True), strict=True)
    return "".join(f'<row r="{number}">{"".join(cells)}</row>' for number, cells in rows)


def _column_cells(column: Column, values: pd.Series, letter: str, numbers: range, look: Look) -> list[str]:
    style = f' s="{look.style}"' if look.style else ""
    if column.kind in ("number", "integer"):
        return [f'<c r="{letter}{n}"{style}><v>{v!r}</v></c>' if v == v else "" for n, v in zip(numbers, values.tolist(), strict=True)]
    if look.is_day:
        return [_day_cell(str(word), f"{letter}{n}", style) for n, word in zip(numbers, values, strict=True)]
    places, words = pd.factorize(values.map({True: "是", False: "否"}) if column.kind == "flag" else values, use_na_sentinel=False)
    inner = [_inline(look.read(str(word)) if look.read else str(word)) for word in words]
    ends = [f'"{style} t="inlineStr">{text}</c>' if text else "" for text in inner]
    return [f'<c r="{letter}{n}{end}' if end else "" for n, end in zip(numbers, np.array(ends, dtype=object)[places], strict=True)]


def _day_cell(text: str, place: str, style: str) -> str:
    """Return a date as Excel counts it, days since 1899-12-30; what is known to the month or year as text."""
    if _WHOLE_DAY.fullmatch(text):
        return f'<c r="{place}"{style}><v>{(date.fromisoformat(text) - _FIRST_DAY).days}</v></c>'
    return f'<c r="{place}" t="inlineStr">{_inline(text)}</c>' if text else ""


def _inline(text: str) -> str:
    legal = legal_text(text)
    space = ' xml:space="preserve"' if legal != legal.strip() else ""
    return f"<is><t{space}>{escape(legal)}</t></is>" if legal else ""
