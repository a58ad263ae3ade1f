"""Workbook of all tables for a person (cdgis.xlsx: Chinese headers, a first sheet that says what it is)."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from zipfile import ZipFile

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from cdgis.core.fixed_zip import dated, write_members
from cdgis.core.safe_text import legal_text
from cdgis.report.files.xlsx_rows import Look, SharedTexts, rows_xml
from cdgis.report.files.xlsx_words import number_format, reader_for
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import Column, Table

_HEADER_FILL = PatternFill("solid", fgColor="FFE3EAF2")
_HEADER_FONT = Font(bold=True)
_STAMP_FONT = Font(bold=True, color="FFB2182B")
_ROWS_MEASURED = 200
_WIDEST_NUMBER, _WIDEST_TEXT = 16, 48
_HEADER_ROWS = 2
SUMMARY = "overview"
_DAY, _DAYS = "yyyy-mm-dd", ("effective_from", "effective_to")
"""Columns of days: a whole day is a date to Excel, one known to the month or year stays text."""
_EXCEL_ROW_LIMIT = 1_048_576
_DEFLATE_LEVEL = 4
"""Half the time of zlib's own choice, for a twentieth more bytes: rows of numbers look alike and are the same nowhere."""
_OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TOLD_OF_TEXTS = {
    "[Content_Types].xml": (
        b"</Types>",
        b'<Override PartName="/xl/sharedStrings.xml"'
        b' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>',
    ),
    "xl/_rels/workbook.xml.rels": (
        b"</Relationships>", b'<Relationship Type="' + _OFFICE + b'/sharedStrings" Target="sharedStrings.xml" Id="texts"/>',
    ),
}  # fmt: skip
"""Parts that name the part of shared texts, which openpyxl reads and does not write: before what, and how."""


def write_workbook(
    assessment: Assessment, tables: Mapping[str, pd.DataFrame], declared: Mapping[str, Table], *, stamp: str
) -> bytes:
    """Return the bytes of an XLSX: an index 说明, 对象一览 with one row a subject, then one sheet per table.

    Sheets print on A4 across, as wide as the page, with their headers on every page.

    Each table sheet carries its title and `stamp` in row 1 and the headers in row 2, with a filter, which stay in
    view. Codes are shown in Chinese words. Text is stored as text whatever it begins with, so nothing in it is run
    as a formula.

    Parameters
    ----------
    declared : what the columns of each table are.
    """
    book = Workbook()
    notes = book.active or book.create_sheet()
    notes.title = "说明"
    tables, declared = _with_subjects(tables, declared)
    _write_notes(notes, assessment, tables, declared, stamp=stamp)
    bodies: dict[str, Callable[[], str]] = {}
    texts = SharedTexts()
    for number, (name, whole) in enumerate(tables.items(), start=2):
        table, shown = declared[name], whole.head(_EXCEL_ROW_LIMIT - _HEADER_ROWS)
        sheet = book.create_sheet(table.title)
        looks = [_look(sheet, column, assessment) for column in table.columns]
        _write_headers(sheet, table, _widths(table, shown, looks), stamp=_dated(stamp, assessment))
        if len(shown):
            last = get_column_letter(len(table.columns))
            sheet.auto_filter.ref = f"A{_HEADER_ROWS}:{last}{_HEADER_ROWS + len(shown)}"
        bodies[f"xl/worksheets/sheet{number}.xml"] = partial(rows_xml, table, shown, first_row=_HEADER_ROWS + 1, looks=looks, texts=texts)
    day = datetime.combine(assessment.as_of, datetime.min.time())
    book.properties.creator = f"cdgis {assessment.version}"
    book.properties.created = day
    stream = io.BytesIO()
    book.save(stream)
    return _assembled(stream.getvalue(), bodies, texts, day)


def _with_subjects(
    tables: Mapping[str, pd.DataFrame], declared: Mapping[str, Table]
) -> tuple[dict[str, pd.DataFrame], dict[str, Table]]:
    """Return the tables after 对象一览: who was judged, what came out and what decides it, one row a subject."""
    if not tables.get("subjects", pd.DataFrame()).shape[0] or "verdicts" not in tables:
        return dict(tables), dict(declared)
    facts, verdict = declared["subjects"], declared["verdicts"]
    own = [column for column in verdict.columns if column.name not in facts.names]
    facing = ("subject_id", "name")
    columns = sorted(facts.columns, key=lambda column: column.name not in facing)
    chosen = (*columns[:2], *own, *columns[2:])
    judged = tables["verdicts"][["subject_id", *(column.name for column in own)]]
    frame = tables["subjects"].merge(judged, on="subject_id", how="left", validate="one_to_one")
    frame = frame.fillna({column.name: "" for column in own if column.kind == "text"})
    table = Table(name=SUMMARY, title="对象一览", columns=chosen, sort_by=("subject_id",))
    return {SUMMARY: frame, **tables}, {SUMMARY: table, **declared}


def _look(sheet: Worksheet, column: Column, assessment: Assessment) -> Look:
    """Return how a column is shown."""
    shown = number_format(column)
    # the workbook gives a style its number when a cell has it; this cell is on no sheet
    bearer = Cell(sheet, row=1, column=1)
    bearer.number_format = shown or (_DAY if column.name in _DAYS else "General")
    read = reader_for(column, assessment)
    return Look(style=bearer.style_id if bearer.number_format != "General" else 0, read=read, is_day=column.name in _DAYS)


def _dated(stamp: str, assessment: Assessment) -> str:
    return f"{stamp}　判定基准日 {assessment.as_of.isoformat()}".strip()


def _put(cell: Cell | MergedCell, text: str, font: Font | None = None) -> None:
    """Store text as text: openpyxl would make a formula of what starts with an equals sign."""
    cell.value = legal_text(text)
    cell.data_type = "s"
    if font is not None:
        cell.font = font


def _write_notes(
    sheet: Worksheet, assessment: Assessment, tables: Mapping[str, pd.DataFrame], declared: Mapping[str, Table], *, stamp: str
) -> None:
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 100
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    rows = [*_note_rows(assessment, stamp=stamp), ("", ""), ("工作表", "内容（点名称跳到该表）")]
    first_sheet = len(rows) + 1
    for name, table in tables.items():
        left_out = len(table) - (_EXCEL_ROW_LIMIT - _HEADER_ROWS)
        more = f"；超出工作表上限的 {left_out} 行只在 CSV 中" if left_out > 0 else ""
        file = "由“对象”和“结论”两表并成，一行一个对象" if name == SUMMARY else f"同名文件 {name}.csv"
        rows.append((declared[name].title, f"{len(table)} 行；{file}{more}"))
    for number, (label, value) in enumerate(rows, start=1):
        _put(sheet.cell(number, 1), label, _HEADER_FONT)
        _put(sheet.cell(number, 2), value, _STAMP_FONT if stamp and value == stamp else None)
        sheet.cell(number, 2).alignment = Alignment(wrap_text=True, vertical="top")
        if number >= first_sheet:
            link = Hyperlink(ref=f"A{number}", location=f"'{label}'!A1", display=label)
            sheet.cell(number, 1).hyperlink = link


def _note_rows(assessment: Assessment, *, stamp: str) -> Iterator[tuple[str, str]]:
    yield "名称", assessment.settings.name
    yield "数据性质", stamp or "全部图层为官方图层"
    yield "判定基准日", assessment.as_of.isoformat()
    yield "软件版本", f"cdgis {assessment.version}"
    yield "运行编号", assessment.report_numbers.get("", "")
    yield "坐标系", "CGCS2000（EPSG:4490），先经度后纬度"
    yield "单位", "面积平方米、长度与距离米、碳储量吨碳（tC）；单元格内多项以英文分号分隔；空白数字为无此数据"
    yield "数字", "“<0.1”一类表示不为零而小于所示位数；单元格内仍存全部数位"
    yield "用哪个文件", "用 Excel 看请打开本工作簿：代码是文本，数字可以求和；CSV 供程序读取，用 Excel 打开会丢编码前面的零"
    yield "性质", "本工作簿为计算机初筛结果，不替代审批、核准、备案或执法决定。"
    for number, note in enumerate(assessment.notes, start=1):
        yield f"注 {number}", note


def _write_headers(sheet: Worksheet, table: Table, widths: Sequence[float], *, stamp: str) -> None:
    sheet.freeze_panes = "B3"
    sheet.page_setup.orientation = Worksheet.ORIENTATION_LANDSCAPE
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"1:{_HEADER_ROWS}"
    if sheet.oddHeader is not None:
        sheet.oddHeader.center.text = stamp
    _put(sheet.cell(1, 1), f"{table.title}　{stamp}", _STAMP_FONT)
    for number, (column, width) in enumerate(zip(table.columns, widths, strict=True), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        _put(sheet.cell(_HEADER_ROWS, number), column.title, _HEADER_FONT)
        sheet.cell(_HEADER_ROWS, number).fill = _HEADER_FILL


def _widths(table: Table, frame: pd.DataFrame, looks: Sequence[Look]) -> list[float]:
    """Return widths in Excel's characters from headers and first rows; a Chinese character counts two."""
    widths = []
    for column, look in zip(table.columns, looks, strict=True):
        texts = {str(value) for value in frame[column.name].iloc[:_ROWS_MEASURED].tolist()}
        longest = max((_display_length(look.read(text) if look.read else text) for text in texts), default=0)
        limit = _WIDEST_NUMBER if column.kind == "number" else _WIDEST_TEXT
        # the arrow of the filter covers two characters of the header
        widths.append(float(max(_display_length(column.title) + 4, min(longest + 2, limit))))
    return widths


def _display_length(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _assembled(data: bytes, bodies: Mapping[str, Callable[[], str]], texts: SharedTexts, day: datetime) -> bytes:
    """Return the zip with `bodies` put into their sheets, one made after another, their texts last, fixed times and `day` as time of change."""

    def members(source: ZipFile) -> Iterator[tuple[str, bytes]]:
        """Yield the parts of the workbook with the rows put in."""
        for name in source.namelist():
            content = source.read(name)
            if name in bodies:
                # The dimension openpyxl wrote covers the headers only; readers do without it.
                head, _, tail = re.sub(rb"<dimension [^>]*/>", b"", content, count=1).partition(b"</sheetData>")
                content = b"".join((head, bodies[name]().encode(), b"</sheetData>", tail))
            elif name in _TOLD_OF_TEXTS:
                end, told = _TOLD_OF_TEXTS[name]
                content = content.replace(end, told + end, 1)
            yield name, dated(name, content, f"{day:%Y-%m-%d}")
        yield "xl/sharedStrings.xml", texts.part_xml()

    stream = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as source:
        write_members(stream, members(source), level=_DEFLATE_LEVEL)
    return stream.getvalue()
