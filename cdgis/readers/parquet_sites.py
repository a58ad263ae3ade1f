"""Sites of GeoParquet: a file as a whole, or its rows in parts; both are read into columns, and a row becomes a record in one way."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.errors import ShapelyError

from cdgis.core.array_types import BoolArray, GeometryArray, IntArray
from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import is_clean
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.intake import Remark
from cdgis.readers.parquet_rows import rows_of_group
from cdgis.readers.records import SiteRecord, SiteSource, cell_text, crs_remedy
from cdgis.readers.reference import Reference, of_row, refer
from cdgis.readers.repair import Settled, settle
from cdgis.readers.settled_rows import as_they_are, said_of_all
from cdgis.readers.subjects import means_something
from cdgis.workspace.given_outline import GivenOutline

_MOST_ROWS = 5_000
"""More are a batch, which is read in parts."""
_LONLAT = "OGC:CRS84"
"""What GeoParquet means where it names no coordinate system."""
_BROKEN = (pa.ArrowException, ShapelyError, ValueError, TypeError, LookupError, OSError, AttributeError, NotImplementedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsInColumns:
    """Rows of a GeoParquet file: what holds for many of them once, what is plain in arrays, any row as a record when asked."""

    source: SiteSource
    before: int
    """Rows of the file before these; rows are numbered from 1 in the file."""
    raw: GeometryArray
    """As in the file, x = easting or longitude."""
    shapes: GeometryArray
    """EPSG:4490, of those that are plain."""
    plain: BoolArray
    """Which need nothing and earn no remark but `remarks`."""
    columns: Mapping[str, tuple[Sequence[str], IntArray]]
    """Header -> the texts that differ, and which of them stands in each row."""
    said: IntArray
    """Which of `texts` each row says."""
    texts: Sequence[Mapping[str, str]]
    """Header -> text under headers that mean something, of rows that differ there."""
    own: Sequence[tuple[Reference, tuple[Remark, ...]]]
    """What rows of each of `texts` are to be read with, and how they contradict their file."""
    reference: Reference
    """Of the file, and so of what is plain."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is said of every plain row."""
        return (*self.reference.remarks, *said_of_all(self.reference.epsg))

    def record(self, at: int) -> SiteRecord:
        """Return the row at this place as a record, settled if it is not plain."""
        (one, contradiction), source, number = self.own[self.said[at]], self.source, str(self.before + at + 1)
        if self.plain[at]:
            outline = GivenOutline(shape=self.raw[at], epsg=one.epsg) if shapely.get_dimensions(self.raw[at]) > 0 else None
            done = Settled(geometry=self.shapes[at], remarks=said_of_all(one.epsg), given=outline)
        else:
            done = settle(
                self.raw[at], one.epsg, source=source.label, remedy=crs_remedy(), home=source.home, repair_share=source.repair_share,
                datum=one.datum,
            )  # fmt: skip
        return SiteRecord(
            row=number, geometry=done.geometry, given=done.given, keys=(number,), accuracy_m=one.accuracy_m,
            texts={header: words[codes[at]] for header, (words, codes) in self.columns.items()},
            remarks=(*contradiction, *one.remarks, *done.remarks),
        )  # fmt: skip


def read_geoparquet(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per row.

    Raises
    ------
    ReaderError : not a GeoParquet, damaged, or with so many rows that it is a batch.
    CrsError : its coordinate system is none that is known.
    """
    try:
        file = pq.ParquetFile(source.path)
        if file.metadata.num_rows > _MOST_ROWS:
            raise ReaderError(
                f"有 {file.metadata.num_rows} 行，超过 {_MOST_ROWS} 行", source=source.label,
                remedy="请单独作为一批交给 cdgis screen（只给 GeoParquet 文件）"
            )
        table = file.read()
    except _BROKEN as err:
        raise _unreadable(source, err) from err
    rows = _in_columns(table, source, before=0)
    return tuple(map(rows.record, range(len(rows.raw))))


def read_rows(row_group: int, rows: slice, source: SiteSource, *, before: int) -> RowsInColumns:
    """Return the rows of a part of a row group.

    Parameters
    ----------
    rows : which rows of the group, first and last + 1 given.
    before : rows of the file before these; rows are numbered from 1 in the file.

    Raises
    ------
    ReaderError, CrsError : as `read_geoparquet`.
    """
    try:
        table = rows_of_group(source.path, row_group, rows.start, rows.stop)
    except _BROKEN as err:
        raise _unreadable(source, err) from err
    return _in_columns(table, source, before=before)


def _in_columns(table: pa.Table, source: SiteSource, *, before: int) -> RowsInColumns:
    try:
        column, stated = geometry_column(table.schema, source.label)
        with np.errstate(invalid="ignore"):
            raw = np.asarray(shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False)), dtype=object)
        columns = {name: _words(table.column(at)) for at, name in enumerate(table.column_names) if name not in (column, "bbox")}
    except _BROKEN as err:
        raise _unreadable(source, err) from err
    reference = refer(source, stated=stated)
    texts, said = _texts({header: words for header, words in columns.items() if means_something(header)}, len(raw))
    own = [of_row(reference, line, source) for line in texts]
    as_the_file = np.array([one is reference and not contradiction for one, contradiction in own], dtype=bool)[said]
    at = np.flatnonzero(as_the_file & (reference.datum == "cgcs2000"))
    shapes, plain = np.full(len(raw), None, dtype=object), np.zeros(len(raw), dtype=bool)
    shapes[at], plain[at] = as_they_are(raw[at], reference.epsg, source)
    for words, codes in (words for header, words in columns.items() if not means_something(header)):
        if not is_clean("".join(words)):  # which is said of the row
            plain &= np.array([is_clean(word) for word in words])[codes]
    return RowsInColumns(
        source=source, before=before, raw=raw, shapes=shapes, plain=plain, columns=columns, said=said, texts=texts, own=own,
        reference=reference,
    )  # fmt: skip


def _texts(columns: Mapping[str, tuple[Sequence[str], IntArray]], count: int) -> tuple[list[dict[str, str]], IntArray]:
    """Return header -> text of rows that say different things, and which of them each of `count` rows says."""
    said = np.zeros(count, dtype=np.int64)
    for words, codes in columns.values():
        said = np.unique(said * len(words) + codes, return_inverse=True)[1]
    _, first, said = np.unique(said, return_index=True, return_inverse=True)
    return [{header: words[codes[at]] for header, (words, codes) in columns.items()} for at in first.tolist()], said


def _words(column: pa.ChunkedArray) -> tuple[list[str], IntArray]:
    """Return the texts that differ in a column, and which of them stands in each row."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
        values, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    else:
        values, codes = column.to_pylist(), np.arange(len(column))
    texts = [cell_text(value) for value in values]
    place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    return list(place), np.array([place[text] for text in texts], dtype=np.int64)[codes]


def geometry_column(schema: pa.Schema, label: str) -> tuple[str, str]:
    """Return the name of the geometry column of a GeoParquet file, and the coordinate system it states.

    Raises
    ------
    ReaderError : no GeoParquet.
    """
    meta = (schema.metadata or {}).get(b"geo")
    if meta is None:
        raise ReaderError(
            "不是 GeoParquet（没有 geo 元数据）", source=label, remedy="请用 GIS 软件或 geopandas 导出为 GeoParquet"
        )
    known = json.loads(meta)
    column = str(known["primary_column"])
    stated = known["columns"][column].get("crs", _LONLAT)
    if stated == _LONLAT:
        return column, "EPSG:4326"
    words = stated if isinstance(stated, str) else json.dumps(stated) if stated else ""
    epsg = identify_crs(words) if words else None
    return column, f"EPSG:{epsg}" if epsg else words


def _unreadable(source: SiteSource, err: Exception) -> ReaderError:
    return ReaderError(f"不是可读的 GeoParquet（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出")
