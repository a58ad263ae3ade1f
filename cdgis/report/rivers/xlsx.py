"""Workbook of a river's dossier: notes, contacts to fill in, and the dossier's tables."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from cdgis.core.fixed_zip import dated, fixed_zip
from cdgis.core.safe_text import legal_text
from cdgis.results.tables.validation import table_named
from cdgis.rivers.dossier import RiverDossier

CONTACT_FIELDS = ("单位", "联系人", "值班电话", "手机", "备注")
_BOLD = Font(bold=True)
_WIDEST = 44.0


def render_river_xlsx(dossier: RiverDossier) -> bytes:
    """Return the XLSX: 说明, 通讯录（待填）, and one sheet per table, text stored as text."""
    book = Workbook()
    first = book.active or book.create_sheet()
    first.title = "说明"
    settings = dossier.system.workspace.settings
    rows = [("河流", dossier.name), ("性质", dossier.system.stamp or "全部图层为官方图层"),
            ("判定基准日", settings.as_of.isoformat()), *(("注", note) for note in dossier.notes)]  # fmt: skip
    _fill(first, rows, bold_rows=0)
    contacts = [
        ("河段所在辖区", *CONTACT_FIELDS),
        *((name, *("",) * len(CONTACT_FIELDS)) for name, _, _ in dossier.counties),
    ]
    _fill(book.create_sheet("通讯录（内部，待填）"), contacts, bold_rows=1)
    for name, frame in tables_of(dossier).items():
        table = table_named(name)
        body = [tuple(_cell(value) for value in row) for row in frame.itertuples(index=False)]
        _fill(book.create_sheet(table.title), [tuple(c.title for c in table.columns), *body], bold_rows=1)
    stream = io.BytesIO()
    book.save(stream)
    return fixed_zip(stream.getvalue(), edit=lambda name, data: dated(name, data, settings.as_of.isoformat()))


def tables_of(dossier: RiverDossier) -> Mapping[str, pd.DataFrame]:
    """Return the dossier's tables by name."""
    return {"river_register": dossier.register, "trace_sources": dossier.sources, "river_check": dossier.system.check}


def _cell(value: object) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return None if value != value else round(value, 6)
    return value


def _fill(sheet: Worksheet, rows: Sequence[tuple[Any, ...]], *, bold_rows: int) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell: Any = sheet.cell(number, column)
            if isinstance(value, str):
                # openpyxl would make a formula of what starts with an equals sign
                cell.value, cell.data_type = legal_text(value), "s"
            else:
                cell.value = value
            if number <= bold_rows:
                cell.font = _BOLD
            cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str) and len(value) > _WIDEST)
    for column in range(1, max((len(row) for row in rows), default=0) + 1):
        texts = [str(row[column - 1]) for row in rows[:200] if column <= len(row) and row[column - 1] is not None]
        widest = max((sum(1 + (ord(letter) > 255) for letter in text) for text in texts), default=8)
        sheet.column_dimensions[get_column_letter(column)].width = min(widest + 2.0, _WIDEST * 1.6)
    if bold_rows:
        sheet.freeze_panes = f"A{bold_rows + 1}"
