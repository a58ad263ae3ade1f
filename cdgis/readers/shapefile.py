"""Checks that the parts of a shapefile are whole and hold equally many features.

GDAL reads as far as the parts go and says nothing of the rest, so a table cut short in transfer would cost features
unseen. Layout: ESRI Shapefile Technical Description (1998), record counts from the lengths in the three headers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cdgis.core.errors import ReaderError
from cdgis.readers.text_encoding import sibling

_HEADER_BYTES = 100
_INDEX_ENTRY_BYTES = 8
_DBF_HEADER_BYTES = 32
_WORD_BYTES = 2
_RECORD_HEADER = struct.Struct(">ii")
_RECORD_HEADER_BYTES = 8
_LEAST_WORDS = 2
"""A null shape is its type alone."""
_DELETED = b"*"
_FIELD_BYTES = 32
_WIDEST_TEXT_BYTES = 254
"""What a text field of a .dbf can hold."""
_WIDEST_CHARACTER_BYTES = {"utf-8": 3}
_REMEDY = "文件不完整，请重新导出，并把 .shp、.shx、.dbf、.prj 一起提交"


def check_shapefile(shp: Path, *, label: str) -> tuple[int, ...]:
    """Return the records (1-based) marked deleted in the table, after checking that all parts are whole.

    Raises
    ------
    ReaderError : a part is shorter than its header says, or shapes and table rows differ in number.
    """
    index = sibling(shp, ".shx")
    if index is None:
        raise ReaderError(
            "缺少同名 .shx 文件", source=label, remedy="Shapefile 至少要 .shp、.shx、.dbf、.prj 四个文件一起提交"
        )
    for part in (shp, index):
        _check_length(part, label)
    shapes = (index.stat().st_size - _HEADER_BYTES) // _INDEX_ENTRY_BYTES
    _check_index(shp, index, label)
    table = sibling(shp, ".dbf")
    if table is None:
        return ()
    rows, deleted = _table_rows(table, label)
    if rows != shapes:
        raise ReaderError(f"图形有 {shapes} 个，附表 .dbf 却有 {rows} 行", source=label, remedy=_REMEDY)
    return deleted


def _check_length(part: Path, label: str) -> None:
    with part.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    found_bytes = part.stat().st_size
    stated_bytes = 2 * int.from_bytes(head[24:28], "big")
    if len(head) < _HEADER_BYTES or found_bytes < stated_bytes:
        raise ReaderError(
            f"{part.suffix} 应有 {max(stated_bytes, _HEADER_BYTES)} 字节，实有 {found_bytes}",
            source=label,
            remedy=_REMEDY,
        )


def _check_index(shp: Path, index: Path, label: str) -> None:
    """Refuse an index that does not lead to every shape: one of another export, or one cut short."""
    data = shp.read_bytes()
    body = index.read_bytes()[_HEADER_BYTES:]
    if len(body) % _INDEX_ENTRY_BYTES:
        reason = f".shx 的长度不对：末尾多出 {len(body) % _INDEX_ENTRY_BYTES} 字节"
        raise ReaderError(reason, source=label, remedy=_REMEDY)
    entries = np.frombuffer(body, dtype=">i4").reshape(-1, 2).astype(np.int64) * _WORD_BYTES
    listed: dict[int, int] = {int(start): int(length) for start, length in entries}
    found = dict(_records(data))
    astray = [start for start, length in listed.items() if found.get(start, (0, -1))[1] != length]
    if astray:
        reason = f".shx 所指的位置在 .shp 里没有图形（{len(astray)} 处）：两个文件不是同一次导出的"
        raise ReaderError(reason, source=label, remedy=_REMEDY)
    numbers = {found[start][0] for start in listed}
    # a shape that grew when it was edited leaves its earlier form behind, under the same number
    lost = [number for start, (number, _) in found.items() if start not in listed and number not in numbers]
    if lost:
        reason = f".shp 有 {len(listed) + len(lost)} 个图形，.shx 只列了 {len(listed)} 个，其余会丢失"
        raise ReaderError(reason, source=label, remedy=_REMEDY)


def _records(data: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield (offset, (record number, content bytes)) of each record, following the lengths from the first."""
    start = _HEADER_BYTES
    end = min(_WORD_BYTES * int.from_bytes(data[24:28], "big"), len(data))
    while start + _RECORD_HEADER_BYTES <= end:
        number, words = _RECORD_HEADER.unpack_from(data, start)
        if words < _LEAST_WORDS or start + _RECORD_HEADER_BYTES + _WORD_BYTES * words > end:
            return
        yield start, (number, _WORD_BYTES * words)
        start += _RECORD_HEADER_BYTES + _WORD_BYTES * words


def _table_rows(table: Path, label: str) -> tuple[int, tuple[int, ...]]:
    data = table.read_bytes()
    if len(data) < _DBF_HEADER_BYTES:
        raise ReaderError(f"附表 .dbf 只有 {len(data)} 字节", source=label, remedy=_REMEDY)
    rows = int.from_bytes(data[4:8], "little")
    start, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    if len(data) < start + rows * width:
        whole = max(len(data) - start, 0) // width if width else 0
        raise ReaderError(f"附表 .dbf 应有 {rows} 行，实有 {whole} 行", source=label, remedy=_REMEDY)
    flags = (data[start + row * width : start + row * width + 1] for row in range(rows))
    return rows, tuple(row for row, flag in enumerate(flags, start=1) if flag == _DELETED)


def filled_cells(shp: Path, encoding: str) -> dict[str, tuple[int, ...]]:
    """Return field name -> rows (from 0) whose text fills a field as wide as a table of this kind allows.

    Such a text may have been cut off in writing: one character more would not have gone in.
    """
    table = sibling(shp, ".dbf")
    if table is None:
        return {}
    data = table.read_bytes()
    rows, width = int.from_bytes(data[4:8], "little"), int.from_bytes(data[10:12], "little")
    start, found = int.from_bytes(data[8:10], "little"), {}
    for name, offset, length in _wide_fields(data[:start], encoding):
        cells = (data[start + row * width + offset :][:length] for row in range(rows))
        least = length - _WIDEST_CHARACTER_BYTES.get(encoding.lower(), 2) + 1
        full = tuple(row for row, cell in enumerate(cells) if len(cell.rstrip(b" \0")) >= least)
        if full:
            found[name] = full
    return found


def _wide_fields(head: bytes, encoding: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, offset in a row and length of each text field of the greatest width."""
    offset = 1
    for at in range(_DBF_HEADER_BYTES, len(head) - _FIELD_BYTES + 1, _FIELD_BYTES):
        field = head[at : at + _FIELD_BYTES]
        if field[:1] == b"\r":
            return
        length = field[16]
        if field[11:12] == b"C" and length >= _WIDEST_TEXT_BYTES:
            yield field[:11].split(b"\0")[0].decode(encoding, errors="ignore"), offset, length
        offset += length
