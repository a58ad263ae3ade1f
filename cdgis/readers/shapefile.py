"""Checks that the parts of a shapefile are whole and hold equally many features.

GDAL reads as far as the parts go and says nothing of the rest, so a table cut short in transfer would cost features
unseen. Layout: ESRI Shapefile Technical Description (1998), record counts from the lengths in the three headers.
"""

from pathlib import Path

from cdgis.errors import ReaderError
from cdgis.readers.text_encoding import sibling

_HEADER_BYTES = 100
_INDEX_ENTRY_BYTES = 8
_DBF_HEADER_BYTES = 32
_DELETED = b"*"
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
