"""Which workbook shows all tables to a person? (cdgis.xlsx: Chinese headers, a first sheet that says what it is)"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from cdgis.assessment import Assessment
from cdgis.model import DEMO_STAMP
from cdgis.schema import TABLES, Column

_HEADER_FILL = PatternFill("solid", fgColor="FFE3EAF2")
_HEADER_FONT = Font(bold=True)
_STAMP_FONT = Font(bold=True, color="FFB2182B")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ROWS_MEASURED = 200
_EXCEL_ROW_LIMIT = 1_048_576
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_workbook(assessment: Assessment, tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Return the bytes of an XLSX with one sheet per table after a sheet 说明.

    Each table sheet carries its title and the stamp in row 1 and the headers in row 2, which stays in view.
    Text is stored as text whatever it begins with, so nothing in it is run as a formula.
    """
    book = Workbook(write_only=True)
    stamp = _stamp(assessment)
    _write_notes(book, assessment, tables, stamp=stamp)
    for name, table in tables.items():
        _write_sheet(book, name, table, stamp=f"{stamp}　判定基准日 {assessment.as_of.isoformat()}")
    day = datetime.combine(assessment.as_of, datetime.min.time())
    book.properties.creator = f"cdgis {assessment.version}"
    book.properties.created = day
    stream = io.BytesIO()
    book.save(stream)
    return _without_clock(stream.getvalue(), day)


def _stamp(assessment: Assessment) -> str:
    official = all(layer.spec.official for layer in assessment.layers.values())
    return "" if official else DEMO_STAMP


def _text_cell(sheet: Any, value: str, font: Font | None = None) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, value=_ILLEGAL.sub("\ufffd", value))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell


def _write_notes(book: Workbook, assessment: Assessment, tables: Mapping[str, pd.DataFrame], *, stamp: str) -> None:
    sheet = book.create_sheet("说明")
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 100
    for label, value in _note_rows(assessment, stamp=stamp):
        cell = _text_cell(sheet, value, _STAMP_FONT if value == stamp and stamp else None)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([_text_cell(sheet, label, _HEADER_FONT), cell])
    sheet.append([])
    sheet.append([_text_cell(sheet, text, _HEADER_FONT) for text in ("工作表", "内容")])
    for name, table in tables.items():
        sheet.append(
            [_text_cell(sheet, TABLES[name].title), _text_cell(sheet, f"{len(table)} 行；同名文件 {name}.csv")]
        )


def _note_rows(assessment: Assessment, *, stamp: str) -> Iterator[tuple[str, str]]:
    yield "名称", assessment.settings.name
    yield "数据性质", stamp or "全部图层为官方图层"
    yield "判定基准日", assessment.as_of.isoformat()
    yield "软件版本", f"cdgis {assessment.version}"
    yield "运行编号", assessment.report_numbers.get("", "")
    yield "坐标系", "CGCS2000（EPSG:4490），先经度后纬度"
    yield "单位", "面积平方米、长度与距离米、碳储量吨碳（tC）；单元格内多项以英文分号分隔；空白数字为无此数据"
    yield "性质", "本工作簿为计算机初筛结果，不替代审批、核准、备案或执法决定。"
    for number, note in enumerate(assessment.notes, start=1):
        yield f"注 {number}", note


def _write_sheet(book: Workbook, name: str, table: pd.DataFrame, *, stamp: str) -> None:
    columns = TABLES[name].columns
    sheet = book.create_sheet(TABLES[name].title)
    sheet.freeze_panes = "B3"
    sheet.oddHeader.center.text = stamp.replace("&", "&&")
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _width(column, table[column.name])
    sheet.append([_text_cell(sheet, f"{TABLES[name].title}　{stamp}", _STAMP_FONT)])
    header = [_text_cell(sheet, column.title, _HEADER_FONT) for column in columns]
    for cell in header:
        cell.fill = _HEADER_FILL
    sheet.append(header)
    room = _EXCEL_ROW_LIMIT - 3
    for row in zip(*(_column_values(sheet, column, table[column.name].head(room)) for column in columns), strict=True):
        sheet.append(row)
    if len(table) > room:
        sheet.append([_text_cell(sheet, f"其余 {len(table) - room} 行超出工作表上限，见 {name}.csv")])


def _column_values(sheet: Any, column: Column, values: pd.Series) -> list[object]:
    if column.kind == "number":
        return [None if value != value else float(value) for value in values]
    if column.kind == "integer":
        return [int(value) for value in values]
    if column.kind == "flag":
        return ["是" if value else "否" for value in values]
    return [_plain_or_cell(sheet, str(value)) for value in values]


def _plain_or_cell(sheet: Any, value: str) -> object:
    """Return plain text as is; text openpyxl takes for a formula or an error needs a cell, a new one each time."""
    if not value:
        return None
    return _text_cell(sheet, value) if value.startswith(("=", "#")) else _ILLEGAL.sub("\ufffd", value)


def _width(column: Column, values: pd.Series) -> float:
    """Return a width in Excel's characters from the header and the first rows; a Chinese character counts two."""
    longest = max((_display_length(str(v)) for v in values.head(_ROWS_MEASURED)), default=0)
    limit = 14 if column.kind == "number" else 48
    return float(max(_display_length(column.title) + 2, min(longest + 2, limit)))


def _display_length(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _without_clock(data: bytes, day: datetime) -> bytes:
    """Return the same zip with fixed entry times and the document's modified time set to `day`."""
    stamp = f"{day:%Y-%m-%dT%H:%M:%SZ}".encode()
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(entry.filename, date_time=_ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return result.getvalue()
