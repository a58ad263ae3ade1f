"""Sites of shapefiles and GeoPackages, record by record, through fiona with one allowed driver."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape

from cdgis.core.error_words import in_words
from cdgis.errors import ReaderError
from cdgis.readers.crs import resolve_crs
from cdgis.readers.geodatabase import GDB_DRIVER, GDB_SUFFIX, check_geodatabase
from cdgis.readers.intake import noted, rejected
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource, cell_text
from cdgis.readers.repair import settle
from cdgis.readers.shapefile import check_shapefile
from cdgis.readers.text_encoding import shapefile_encoding, sibling

if TYPE_CHECKING:
    import fiona

DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}
"""File suffix -> the only GDAL driver allowed to open it; a VRT under another name is refused by its driver."""

DELETED = rejected("附表把这一行标为已删除，未读取", remedy="如仍需要，请在 GIS 软件中恢复该要素后重新导出")
_SHP_MAGIC = b"\x00\x00\x27\x0a"
_SQLITE_MAGIC = b"SQLite format 3\x00"
_VIRTUAL_TABLE = re.compile(r"create\s+virtual\s+table.+using\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
_HARMLESS_MODULES = ("rtree", "fts3", "fts4", "fts5")
_REACHING_OUT = re.compile(
    r"\b(ogr_datasource|ogr_layer|load_extension|gdal_get_pixel|virtualogr|readfile)", re.IGNORECASE
)
_PARTS = "select type, name, sql from sqlite_master"
_STANDARD_VIEWS = ("st_spatial_ref_sys", "spatial_ref_sys", "st_geometry_columns", "geometry_columns")
"""Views the GeoPackage standard itself describes (OGC 12-128, annex on SQL/MM views); nothing reads them as layers."""
_COMPUTED_COLUMNS = (
    "select m.name, x.name from sqlite_master as m, pragma_table_xinfo(m.name) as x where m.type = 'table' "
    "and m.sql not like 'create virtual%' and x.hidden in (2, 3)"
)
_STANDARD_TABLES = r"\"?gpkg_(?:spatial_ref_sys|geometry_columns)\"?(?:\s+as\s+\w+)?"
_FROM_STANDARD = re.compile(
    rf"(?P<head>.+?)\sfrom\s+{_STANDARD_TABLES}(?:\s+join\s+{_STANDARD_TABLES})?(?:\s+(?:where|on)\s+[\w.\"]+\s*=\s*[\w.\"]+)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(r"\b(?!as\b|in\b)\w+\s*\(|\bselect\b.*\bselect\b", re.IGNORECASE | re.DOTALL)
# fiona stumbles over its own variables after a broken .prj
_PROBLEMS = (OSError, ValueError, ArithmeticError, NotImplementedError,
             TypeError, LookupError, NameError, SystemError)  # fmt: skip


def check_container(path: Path, *, label: str) -> str:
    """Return the driver allowed for `path` after checking that its bytes are what its suffix says.

    Raises
    ------
    ReaderError : unknown suffix, foreign content, a part is missing, or a GeoPackage that reaches outside itself.
    """
    suffix = path.suffix.lower()
    if suffix == GDB_SUFFIX:
        check_geodatabase(path, label=label)
        return GDB_DRIVER
    if suffix not in DRIVERS:
        raise ReaderError(f"不支持的格式 {suffix or '（无扩展名）'}", source=label)
    if path.as_posix().startswith("/vsi"):
        raise ReaderError("不接受虚拟文件路径", source=label)
    with path.open("rb") as stream:
        head = stream.read(16)
    if suffix == ".shp" and head[:4] != _SHP_MAGIC:
        raise ReaderError("不是 Shapefile（文件头不符）", source=label, remedy="请确认文件未损坏、扩展名正确")
    if suffix == ".shp":
        check_shapefile(path, label=label)
    if suffix == ".gpkg":
        if head != _SQLITE_MAGIC:
            raise ReaderError("不是 GeoPackage（文件头不符）", source=label, remedy="请确认文件未损坏、扩展名正确")
        _check_sqlite(path, label)
    return DRIVERS[suffix]


def _check_sqlite(path: Path, label: str) -> None:
    for suffix in ("-wal", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file() and beside.stat().st_size:
            raise ReaderError(
                f"旁边的 {beside.name} 里有没有写进 GeoPackage 的修改，读了与不读结果不同", source=label,
                remedy="请先在 GIS 软件里保存并关闭它（该文件消失）后再提交",
            )  # fmt: skip
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            parts = [(str(kind), str(name), str(sql or "")) for kind, name, sql in connection.execute(_PARTS)]
            computed = [(str(table), str(column)) for table, column in connection.execute(_COMPUTED_COLUMNS)]
    except (sqlite3.Error, UnicodeDecodeError) as err:
        raise ReaderError(f"GeoPackage 损坏（{in_words(err)}）", source=label, remedy="请重新导出") from err
    if computed:
        table, column = computed[0]
        raise ReaderError(
            f"GeoPackage 的表 {table} 有计算列 {column}，读它等于运行别人的算式，已拒绝", source=label, remedy="请导出为普通图层"
        )
    for kind, name, statement in parts:
        virtual = _VIRTUAL_TABLE.match(statement.strip())
        foreign = virtual is not None and virtual.group(1).lower() not in _HARMLESS_MODULES
        if foreign or _REACHING_OUT.search(statement):
            raise ReaderError(
                "GeoPackage 内含指向外部数据的虚拟表或函数，已拒绝", source=label, remedy="请重新导出为普通图层"
            )
        # a view is a query that runs when it is read, for as long as its author likes
        if kind == "view" and not (name.lower() in _STANDARD_VIEWS and _is_simple(statement)):
            raise ReaderError(f"GeoPackage 内含视图 {name}，不读取视图", source=label, remedy="请导出为普通图层")


def _is_simple(statement: str) -> bool:
    """Return whether a view only renames columns of the standard's two small tables."""
    found = _FROM_STANDARD.fullmatch(statement.strip())
    return found is not None and _CALL.search(found["head"]) is None


def read_vector(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature of a shapefile or GeoPackage, all its layers in name order.

    Raises
    ------
    ReaderError : the file cannot be opened, or is not what its suffix says.
    CrsError : a layer has no CRS and none is declared, or it is not a known one.
    """
    import fiona  # beside pyogrio, which reads the layers, its own GDAL takes a tenth of a second to load
    from fiona._err import CPLE_BaseError  # fiona lets GDAL's own errors through
    from fiona.errors import FionaError

    driver = check_container(source.path, label=source.label)
    encoding = shapefile_encoding(source.path) if driver == DRIVERS[".shp"] else None
    try:
        names = sorted(fiona.listlayers(source.path))
        records: list[SiteRecord] = []
        for name in names:
            with fiona.open(source.path, driver=driver, layer=name, encoding=encoding) as collection:
                prefix = f"{name}#" if len(names) > 1 else ""
                records += _records(collection, source, prefix)
    except (FionaError, CPLE_BaseError, *_PROBLEMS) as err:
        raise ReaderError(f"读取失败（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出后重试") from err
    if driver == DRIVERS[".shp"]:
        gone = check_shapefile(source.path, label=source.label)
        records += (SiteRecord(row=f"{number}（附表已标删除）", geometry=None, remarks=(DELETED,)) for number in gone)
    return tuple(records)


def _records(collection: "fiona.Collection", source: SiteSource, prefix: str) -> Iterator[SiteRecord]:
    if collection.schema["geometry"] == "None":
        return
    bounds = collection.bounds if len(collection) else None
    epsg = resolve_crs(source.label, declared=source.crs, stated=collection.crs_wkt, remedy=CRS_REMEDY, bounds=bounds)
    no_table = source.path.suffix.lower() == ".shp" and sibling(source.path, ".dbf") is None
    for number, feature in enumerate(collection, start=1):
        texts = {str(key): cell_text(value) for key, value in feature.properties.items()}
        try:
            with np.errstate(invalid="ignore"):
                geometry = shape(feature.geometry) if feature.geometry is not None else None
        except (ShapelyError, ValueError, TypeError, LookupError, NotImplementedError) as err:
            bad = rejected(f"图形不合规（{in_words(err)}）", field="geometry", remedy="在 GIS 软件中修正后重新提交")
            yield SiteRecord(row=f"{prefix}{number}", geometry=None, texts=texts, remarks=(bad,))
            continue
        settled = settle(geometry, epsg, source=source.label, remedy=CRS_REMEDY, home=source.home, repair_share=source.repair_share)
        remarks = (*settled.remarks, *((noted("缺少 .dbf，没有属性"),) if no_table else ()))
        yield SiteRecord(
            row=f"{prefix}{number}",
            geometry=settled.geometry,
            keys=(str(number),),
            texts=texts,
            remarks=remarks,
        )
