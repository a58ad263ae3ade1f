"""Declared tables as the plain sheets of one XLSX: no run behind them, so no notes, no looks."""

import io
from collections.abc import Mapping

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from cdgis.core.fixed_zip import dated, fixed_zip
from cdgis.core.safe_text import legal_text
from cdgis.report.files.table_files import safe_cell, with_status
from cdgis.results.data_status import status_text
from cdgis.results.tables.validation import table_named

_WIDEST = 60
_DAY = "2000-01-01"


def sheets_of_tables(tables: Mapping[str, pd.DataFrame], *, stamp: str) -> bytes:
    """Return an XLSX with a sheet for each table of text columns, Chinese headers, the data's status in the last column."""
    book = Workbook(write_only=False)
    book.remove(book.worksheets[0])
    for name, frame in tables.items():
        table = with_status(table_named(name))
        sheet = book.create_sheet(table.title)
        sheet.append([column.title for column in table.columns])
        for row in frame[[column.name for column in table.columns[:-1]]].astype(str).itertuples(index=False):
            sheet.append([legal_text(safe_cell(cell)) for cell in (*row, status_text(stamp))])
        for cells in sheet.columns:
            length = max(len(str(cell.value or "")) for cell in cells)
            sheet.column_dimensions[cells[0].column_letter].width = min(_WIDEST, 2 * length + 2)
            cells[0].font = Font(bold=True)
            for cell in cells:
                cell.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return fixed_zip(stream.getvalue(), edit=lambda name, data: dated(name, data, _DAY))
