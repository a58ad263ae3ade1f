"""Rows of text of CSV, XLSX, XLS and CASS .dat files, sheet by sheet."""

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.readers.archives import ArchiveLimits, check_archive
from cdgis.readers.records import cell_text
from cdgis.readers.text_encoding import decode_text

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls")
TABLE_SUFFIXES = (".csv", *WORKBOOK_SUFFIXES, ".dat")

_DELIMITERS = ",\t;，"
_MOST_CELLS = 5_000_000
_LIMITS = ArchiveLimits(total_bytes=1 << 28)
"""openpyxl needs many times the size of the XML in memory."""
_STRICT = b"http://purl.oclc.org/ooxml/"
_NAMESPACES = tuple(
    (_STRICT + strict, b"http://schemas.openxmlformats.org/" + usual)
    for strict, usual in (
        (b"spreadsheetml/main", b"spreadsheetml/2006/main"),
        (b"officeDocument/", b"officeDocument/2006/"),
        (b"drawingml/", b"drawingml/2006/"),
    )
)
"""Namespaces of ISO/IEC 29500 strict and transitional."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
UNCACHED_REMEDY = "请用 Excel 或 WPS 打开，保存后重新提交"
_MERGED_RANGE = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]+\d+:[A-Z]+\d+)"')
_PADDED = re.compile(r"0{2,18}")
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# XML errors of lxml and of the standard library are both SyntaxErrors
_UNREADABLE = (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError,
               zipfile.BadZipFile, zlib.error, SyntaxError, ArithmeticError, RecursionError, RuntimeError, AssertionError,
               EOFError)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet as rows of text; merged cells all carry their common value."""

    name: str
    """Empty for CSV."""
    rows: tuple[tuple[str, ...], ...]
    fills_headers: bool
    """Whether an empty header cell means "as to the left" (CSV loses the merging)."""
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    """Rows (1-based) that do not show in Excel; they are read all the same."""
    uncached: frozenset[tuple[int, int]] = frozenset()
    """Cells (row, column, 1-based) with a formula whose value no program has worked out; they read as empty."""


def read_sheets(path: Path, *, label: str, asks_uncached: bool = False) -> tuple[Sheet, ...]:
    """Return the non-empty sheets of a table file, hidden ones too.

    Parameters
    ----------
    asks_uncached : the caller looks at `Sheet.uncached`; otherwise a table with such a cell on a visible sheet is refused.

    Raises
    ------
    ReaderError : unknown suffix, damaged, too large, or without a single filled cell on a visible sheet.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".dat"):
        sheets: tuple[Sheet, ...] = (_csv_sheet(path, label),)
    elif suffix == ".xls":
        from cdgis.readers.old_workbook import old_sheets

        sheets = tuple(
            Sheet(name=found.name, rows=_without_tail(found.rows), fills_headers=False, is_hidden=found.is_hidden,
                  hidden_rows=found.hidden_rows)
            for found in old_sheets(path, label=label)
        )  # fmt: skip
    elif suffix in TABLE_SUFFIXES:
        sheets = tuple(_workbook_sheets(path, label))
    else:
        raise ReaderError(f"不支持的表格格式 {suffix}", source=label, remedy="请另存为 .xlsx 或 .csv")
    filled = tuple(sheet for sheet in sheets if sheet.rows or sheet.uncached)
    open_cells = [cell_name(*place) for sheet in filled if not sheet.is_hidden for place in sorted(sheet.uncached)]
    if open_cells and not asks_uncached:
        raise ReaderError(uncached_reason(open_cells), source=label, remedy=UNCACHED_REMEDY)
    if not any(not sheet.is_hidden for sheet in filled):
        if filled:
            raise ReaderError("只有隐藏的工作表有内容", source=label, remedy="请取消隐藏")
        raise ReaderError("表格是空的", source=label)
    return filled


def _csv_sheet(path: Path, label: str) -> Sheet:
    text = decode_text(path.read_bytes(), source=label)
    head = text[:4000]
    delimiter = max(_DELIMITERS, key=head.count)
    rows: list[tuple[str, ...]] = []
    begins, width = 1, 0
    lines = csv.reader((f"{line}\n" for line in text.split("\n")), delimiter=delimiter, strict=True)
    try:
        for row in lines:
            _check_quotes(row, delimiter, width, label=f"{label}：第 {begins} 行")
            rows.append(tuple(cell.strip() for cell in row))
            begins, width = lines.line_num + 1, max(width, len(row))
    except csv.Error as err:
        raise ReaderError(
            f"第 {begins} 行起不是合法的 CSV，引号没有配对", source=label, remedy="请改正后重试"
        ) from err
    return Sheet(name="", rows=_without_tail(rows), fills_headers=True)


def _check_quotes(row: list[str], delimiter: str, width: int, *, label: str) -> None:
    """Refuse a cell that has swallowed whole rows, because a quote was opened and closed only further down."""
    for cell in row:
        lines = cell.split("\n")
        if len(lines) > 1 and width > 1 and any(line.count(delimiter) >= width - 1 for line in lines):
            raise ReaderError(
                f"{label}起的引号到第 {len(lines)} 行才配上，其间的行被并入一格", remedy="请补上或删去引号后重试"
            )


def _without_tail(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    last = max((i for i, row in enumerate(rows, start=1) if any(row)), default=0)
    return tuple(rows[:last])


def _workbook_sheets(path: Path, label: str) -> Iterator[Sheet]:
    import openpyxl  # a tenth of a second, which a site given as CSV, text or a shape need not pay
    from openpyxl.utils.exceptions import InvalidFileException

    check_archive(path, limits=_LIMITS)
    with zipfile.ZipFile(path) as opened:
        members = _Members(names=tuple(opened.namelist()), read=cache(opened.read))
        _check_entities(members, label)
        _check_merged_ranges(members, label)
        try:
            data, asks = _transitional(path, members), _has_formulas(members)
        except _UNREADABLE as err:
            raise _no_workbook(err, label) from err
    del members
    try:
        with warnings.catch_warnings():
            # openpyxl warns about drawings and validations it drops; cells are all we read
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
            formulas = openpyxl.load_workbook(io.BytesIO(data)) if asks else None
    except (InvalidFileException, *_UNREADABLE) as err:
        raise _no_workbook(err, label) from err
    for sheet in book.worksheets:
        yield Sheet(
            name=sheet.title,
            rows=_sheet_rows(sheet, label),
            fills_headers=False,
            is_hidden=sheet.sheet_state != "visible",
            hidden_rows=frozenset(number for number, row in sheet.row_dimensions.items() if row.hidden),
            uncached=_uncached(sheet, formulas),
        )


def _no_workbook(err: Exception, label: str) -> ReaderError:
    return ReaderError(f"不是可读的 Excel 文件（{in_words(err)}）", source=label, remedy="请另存为 .xlsx 后重试")


class _Members(NamedTuple):
    """What a workbook's archive holds, each member unpacked once."""

    names: tuple[str, ...]
    read: Callable[[str], bytes]

    @property
    def sheets(self) -> list[str]:
        """Names of the members that are sheets."""
        return [name for name in self.names if name.startswith("xl/worksheets/") and name.endswith(".xml")]


def _transitional(path: Path, members: _Members) -> bytes:
    """Return the workbook with the namespaces of strict Open XML replaced by the usual ones, the only ones openpyxl reads."""
    contents = {name: members.read(name) for name in members.names}
    if not any(_STRICT in data for name, data in contents.items() if name.endswith("workbook.xml")):
        return path.read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        for name, data in contents.items():
            for strict, usual in _NAMESPACES if name.endswith((".xml", ".rels")) else ():
                data = data.replace(strict, usual)
            out.writestr(name, data)
    return made.getvalue()


def _has_formulas(members: _Members) -> bool:
    return any(_FORMULA.search(members.read(name)) for name in members.sheets)


def _uncached(sheet: "Worksheet", formulas: "Workbook | None") -> frozenset[tuple[int, int]]:
    """Return the cells whose formula has no value; a formula that made an empty text has one."""
    twin = formulas[sheet.title]._cells if formulas is not None else {}
    return frozenset(
        place
        for place, cell in sheet._cells.items()
        if cell.value is None and cell.data_type != "str" and place in twin and twin[place].data_type == "f"
    )


def cell_name(row: int, column: int) -> str:
    """Return what Excel calls the cell in a row and a column, both counted from 1, such as ``E2``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def uncached_reason(cells: Sequence[str]) -> str:
    """Return in Chinese that cells hold formulas without values."""
    shown = "、".join(cells[:5]) + (f" 等 {len(cells)} 格" if len(cells) > 5 else "")
    return f"单元格 {shown} 是公式，文件里没有算好的值"


def _check_entities(members: _Members, label: str) -> None:
    """Refuse XML that declares a document type: no spreadsheet program writes one, and its entities may grow without end."""
    for name in members.names:
        if name.lower().endswith((".xml", ".rels", ".vml")) and _DECLARATION.search(members.read(name).replace(b"\x00", b"")):
            raise ReaderError(
                f"表格内的 {name} 含 DOCTYPE 或实体声明，已拒绝", source=label, remedy="请用 Excel 另存为 .xlsx 后重试"
            )


def _check_merged_ranges(members: _Members, label: str) -> None:
    """Refuse ranges that openpyxl would expand cell by cell until memory is gone."""
    for name in members.sheets:
        if sum(_cell_count(cells.decode()) for cells in _MERGED_RANGE.findall(members.read(name))) > _MOST_CELLS:
            raise ReaderError("合并单元格区域过大，已拒绝", source=label, remedy="请清除多余格式后重试")


def _cell_count(cells: str) -> int:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = (int(bound or 0) for bound in range_boundaries(cells))
    return (right - left + 1) * (bottom - top + 1)


def _shown(cell: "Cell | MergedCell") -> str:
    """Return a cell as Excel shows it where its format pads a whole number with zeros: 311 under 0000 reads 0311."""
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool) and _PADDED.fullmatch(str(cell.number_format)):
        return f"{int(value):0{len(str(cell.number_format))}d}" if value == int(value) and value >= 0 else cell_text(value)
    return cell_text(value)


def _sheet_rows(sheet: "Worksheet", label: str) -> tuple[tuple[str, ...], ...]:
    # only filled cells count: one stray blank far out would make a million empty ones
    texts = {place: text for place, cell in sheet._cells.items() if (text := _shown(cell))}
    height, width = (max((place[axis] for place in texts), default=0) for axis in (0, 1))
    for merged in sheet.merged_cells.ranges:
        if (merged.min_row, merged.min_col) in texts:
            height, width = max(height, merged.max_row), max(width, merged.max_col)
    if height * width > _MOST_CELLS:
        raise ReaderError(
            f"工作表 {sheet.title} 的已用区域过大（{height} 行 {width} 列）", source=label, remedy="请删除远处的内容后重试"
        )
    rows = [[""] * width for _ in range(height)]
    for (row, column), text in texts.items():
        rows[row - 1][column - 1] = text
    for merged in sheet.merged_cells.ranges:
        left, top, right, bottom = merged.bounds
        value = texts.get((top, left), "")
        for cells in rows[top - 1 : bottom] if value else ():
            cells[left - 1 : right] = [value] * (right - left + 1)
    return _without_tail([tuple(row) for row in rows])
