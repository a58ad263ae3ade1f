"""The reader for each file by its suffix; the reader checks that the content agrees.

Readers that bring libraries or long tables of words are imported when a file asks for one: a typed site needs none.
"""

from geopandas import GeoDataFrame

from cdgis.core.errors import ReaderError
from cdgis.readers.gdal_files import GDAL_DRIVERS, read_gdal_file
from cdgis.readers.geodatabase import GDB_SUFFIX, read_geodatabase
from cdgis.readers.geojson import SEQUENCE_SUFFIXES, read_geojson
from cdgis.readers.input_limits import check_size
from cdgis.readers.inputs import ARCHIVE_SUFFIX, SITE_SUFFIXES
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.sheets import TABLE_SUFFIXES
from cdgis.readers.unsupported import export_hint
from cdgis.readers.vector import DRIVERS, read_vector

PARQUET_SUFFIXES = (".parquet", ".geoparquet")
POINT_LISTS = (".kml", ".kmz", ".ovkml", ".gpx", *TABLE_SUFFIXES)
"""Formats whose points may as well be the vertices of an outline: telephones and spreadsheets write them alike."""


def read_records(source: SiteSource, places: GeoDataFrame | None) -> tuple[SiteRecord, ...]:
    """Return the rows of one file of any supported format.

    Parameters
    ----------
    places : zone_name and polygons (EPSG:4490) against which a table's shifted datum may become evident.

    Raises
    ------
    ReaderError, CrsError : the file cannot be read as a whole.
    """
    if source.path.is_file() and source.path.stat().st_size == 0:
        raise ReaderError("文件是空的（0 字节）", source=source.label, remedy="请重新导出后提交")
    check_size(source.path, source.label)
    suffix = source.path.suffix.lower()
    if suffix in DRIVERS:
        return read_vector(source)
    if suffix in GDAL_DRIVERS:
        return read_gdal_file(source)
    if suffix in PARQUET_SUFFIXES:
        from cdgis.readers.parquet_sites import read_geoparquet

        return read_geoparquet(source)
    if suffix in (".geojson", ".json", *SEQUENCE_SUFFIXES):
        return read_geojson(source)
    if suffix in (".kml", ".kmz", ".ovkml"):
        from cdgis.readers.kml import read_kml

        return read_kml(source)
    if suffix == GDB_SUFFIX:
        return read_geodatabase(source)
    if suffix == ".dxf":
        from cdgis.readers.dxf import read_dxf

        return read_dxf(source)
    if suffix == ".txt":
        from cdgis.readers.boundary_txt import read_boundary_txt

        return read_boundary_txt(source)
    if suffix in TABLE_SUFFIXES:
        from cdgis.readers.site_tables import read_site_table

        return read_site_table(source, places=places)
    supported = "、".join((*SITE_SUFFIXES, ARCHIVE_SUFFIX))
    reason = f"不支持的格式 {suffix or '（无扩展名）'}，支持 {supported}"
    raise ReaderError(reason, source=source.label, remedy=export_hint(suffix))
