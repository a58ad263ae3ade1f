"""Sheets of an Excel 97-2003 workbook (.xls), through xlrd."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlrd
from xlrd.sheet import Sheet as XlsSheet

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.readers.records import cell_text

_MOST_BYTES = 64 << 20
_MOST_CELLS = 5_000_000
_ZIP_MAGIC = b"PK\x03\x04"
_BROKEN = (xlrd.XLRDError, struct.error, zlib.error, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
           AssertionError, OSError, RecursionError, EOFError, NameError, NotImplementedError)  # fmt: skip
"""What xlrd raises on damaged files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSheet:
    """One sheet as rows of text; merged cells all carry their common value."""

    name: str
    rows: list[tuple[str, ...]]
    is_hidden: bool
    hidden_rows: frozenset[int]


def old_sheets(path: Path, *, label: str) -> tuple[OldSheet, ...]:
    """Return the sheets of an .xls file, hidden ones too.

    Raises
    ------
    ReaderError : not an .xls, damaged, protected by a password, or too large.
    """
    data = path.read_bytes()
    if len(data) > _MOST_BYTES:
        raise ReaderError(f".xls 超过 {_MOST_BYTES >> 20} MB", source=label, remedy="请另存为 .xlsx，并只留需要的行")
    if data.startswith(_ZIP_MAGIC):
        raise ReaderError("扩展名是 .xls，内容却是 .xlsx", source=label, remedy="请把扩展名改为 .xlsx，或用 Excel 另存")
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO(), on_demand=False)
        return tuple(_sheets(book, label))
    except _BROKEN as err:
        remedy = "请用 Excel 或 WPS 打开（有密码的先去掉），另存为 .xlsx 后重试"
        raise ReaderError(f"不是可读的 .xls 文件（{in_words(err)}）", source=label, remedy=remedy) from err


def _sheets(book: xlrd.Book, label: str) -> Iterator[OldSheet]:
    for sheet in book.sheets():
        if sheet.nrows * sheet.ncols > _MOST_CELLS:
            raise ReaderError(f"工作表 {sheet.name} 的已用区域过大（{sheet.nrows} 行 {sheet.ncols} 列）", source=label)
        rows = [[_text(sheet, row, column, book.datemode) for column in range(sheet.ncols)] for row in range(sheet.nrows)]
        for top, bottom, left, right in sheet.merged_cells:
            for row in rows[top:bottom]:
                row[left:right] = [rows[top][left]] * len(row[left:right])
        yield OldSheet(
            name=sheet.name,
            rows=[tuple(row) for row in rows],
            is_hidden=sheet.visibility != 0,
            hidden_rows=frozenset(row + 1 for row, about in sheet.rowinfo_map.items() if about.hidden),
        )


def _text(sheet: XlsSheet, row: int, column: int, datemode: int) -> str:
    cell = sheet.cell(row, column)
    if cell.ctype == xlrd.XL_CELL_DATE:
        return cell_text(_moment(cell.value, datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return cell_text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#错误"))
    return cell_text(cell.value)


def _moment(value: float, datemode: int) -> datetime | float:
    try:
        moment: datetime = xlrd.xldate_as_datetime(value, datemode)
    except (ValueError, OverflowError):
        return value
    return moment
