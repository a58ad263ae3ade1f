"""How is a table written so that the same rows always give the same bytes? (CSV and XLSX)"""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

STAMP = (2026, 11, 1, 0, 0, 0)
"""Date of every archive member: the workspace's as_of, never the clock."""

NUMERIC = frozenset("0123456789.-")


def write_csv(path: Path, rows: Sequence[dict[str, str]], *, encoding: str) -> None:
    """Write `rows` with CRLF line ends, as office software exports them."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))


def write_xlsx(path: Path, rows: Sequence[dict[str, str]], *, title: str, sheet: str) -> None:
    """Write `rows` under their header; a `title` becomes a merged first row."""
    book = Workbook()
    page = book.active
    page.title = sheet
    headers = list(rows[0])
    if title:
        page.append([title])
        page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
    first = 2 if title else 1
    for column, header in enumerate(headers, start=1):
        page.cell(first, column).value = header
        for number, row in enumerate(rows, start=first + 1):
            _fill(page, number, column, row[header])
    book.properties.creator = "cdgis"
    book.properties.created = book.properties.modified = datetime(*STAMP)
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_with_fixed_times(buffer.getvalue()))


def _fill(page: Worksheet, number: int, column: int, text: str) -> None:
    """Put `text` into a cell: plain decimals as numbers, all else as text, never as a formula."""
    if text == "":
        return
    cell = page.cell(number, column)
    code_like = len(text) > 1 and text[0] == "0" and "." not in text
    if set(text) <= NUMERIC and any(c.isdigit() for c in text) and not code_like and "-" not in text[1:]:
        cell.value = float(text) if "." in text else int(text)
        return
    cell.value = text
    cell.data_type = "s"


def _with_fixed_times(archive: bytes) -> bytes:
    """Return the archive repacked without compression and with one date, so that no zlib build shows."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = {name: source.read(name) for name in sorted(source.namelist())}
    marker = b"<dcterms:modified"
    core = members["docProps/core.xml"]
    if marker in core:
        head, tail = core.split(marker, 1)
        opening, closing = tail.index(b">") + 1, tail.index(b"</dcterms:modified>")
        members["docProps/core.xml"] = head + marker + tail[:opening] + b"2026-11-01T00:00:00Z" + tail[closing:]
    return pack(members)


def pack(members: dict[str, bytes]) -> bytes:
    """Return a stored zip of `members` in the given order with fixed dates."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=STAMP)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            target.writestr(info, content)
    return buffer.getvalue()
