"""Sites of a GeoParquet file read one by one, like those of any other vector file."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.crs import resolve_crs
from cdgis.readers.parcels import geometry_column
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource, cell_text
from cdgis.readers.repair import settle

PARQUET_SUFFIXES = (".parquet", ".geoparquet")
_MOST_ROWS = 5_000
"""More are a batch, which is read in parts."""
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
        column, epsg = geometry_column(file, source.label)
        table = file.read()
        with np.errstate(invalid="ignore"):
            shapes = shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False))
        rows = table.drop_columns([column, *(name for name in table.column_names if name == "bbox")]).to_pylist()
    except _BROKEN as err:
        raise ReaderError(f"不是可读的 GeoParquet（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出") from err
    stated = f"EPSG:{epsg}" if identify_crs(f"EPSG:{epsg}") else ""
    code = resolve_crs(source.label, declared=source.crs, stated=stated, remedy=CRS_REMEDY)
    return tuple(_record(shape, row, number, code, source) for number, (shape, row) in enumerate(zip(shapes, rows, strict=True), start=1))


def _record(shape: BaseGeometry | None, row: dict[str, object], number: int, epsg: int, source: SiteSource) -> SiteRecord:
    settled = settle(shape, epsg, source=source.label, remedy=CRS_REMEDY, home=source.home, repair_share=source.repair_share)
    return SiteRecord(
        row=str(number),
        geometry=settled.geometry,
        given=settled.given,
        keys=(str(number),),
        texts={name: cell_text(value) for name, value in row.items()},
        remarks=settled.remarks,
    )
