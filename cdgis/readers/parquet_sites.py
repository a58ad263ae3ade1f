"""Sites of GeoParquet: a file as a whole, or its rows in parts; both become records in one way."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.errors import ShapelyError

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.parquet_rows import rows_of_group
from cdgis.readers.records import SiteRecord, SiteSource, cell_text, crs_remedy
from cdgis.readers.reference import of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.settled_rows import settle_rows

_MOST_ROWS = 5_000
"""More are a batch, which is read in parts."""
_LONLAT = "OGC:CRS84"
"""What GeoParquet means where it names no coordinate system."""
_BROKEN = (pa.ArrowException, ShapelyError, ValueError, TypeError, LookupError, OSError, AttributeError, NotImplementedError)


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
    return _records(table, source, before=0)


def read_rows(row_group: int, rows: slice, source: SiteSource, *, before: int) -> tuple[SiteRecord, ...]:
    """Return one record per row of a part of a row group.

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
    return _records(table, source, before=before)


def _records(table: pa.Table, source: SiteSource, *, before: int) -> tuple[SiteRecord, ...]:
    try:
        column, stated = geometry_column(table.schema, source.label)
        with np.errstate(invalid="ignore"):
            shapes = np.asarray(shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False)), dtype=object)
        texts = _texts(table.drop_columns([column, *(name for name in table.column_names if name == "bbox")]))
    except _BROKEN as err:
        raise _unreadable(source, err) from err
    reference = refer(source, stated=stated)
    referred = {id(line): of_row(reference, line, source) for line in {id(line): line for line in texts}.values()}
    own = [referred[id(line)] for line in texts]
    as_the_file = reference.datum == "cgcs2000" and all(one is reference for one, _ in own)
    settled = settle_rows(shapes, reference.epsg, source) if as_the_file else [
        settle(shape, one.epsg, source=source.label, remedy=crs_remedy(), home=source.home, repair_share=source.repair_share, datum=one.datum)
        for shape, (one, _) in zip(shapes, own, strict=True)
    ]
    return tuple(
        SiteRecord(
            row=str(number), geometry=done.geometry, given=done.given, keys=(str(number),), texts=line, accuracy_m=one.accuracy_m,
            remarks=(*contradiction, *one.remarks, *done.remarks),
        )
        for number, (done, line, (one, contradiction)) in enumerate(zip(settled, texts, own, strict=True), start=before + 1)
    )  # fmt: skip


def _texts(table: pa.Table) -> list[dict[str, str]]:
    """Return header -> text of each row; rows that say the same have one mapping in common."""
    if not table.num_columns:
        return [{}] * table.num_rows
    columns = [[cell_text(value) for value in column.to_pylist()] for column in table.columns]
    known: dict[tuple[str, ...], dict[str, str]] = {}
    return [known.get(line) or known.setdefault(line, dict(zip(table.column_names, line, strict=True))) for line in zip(*columns, strict=True)]


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
