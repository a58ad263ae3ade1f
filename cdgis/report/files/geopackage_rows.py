"""Rows of a GeoPackage's layers and tables written through SQLite, with all that GDAL keeps of a layer (GeoPackage 1.2).

GDAL writes the file and its first layer with shapes; from then on it would read the file's whole structure again for each
layer. What stands here is compared with what GDAL writes, cell for cell, by ``tests/test_geopackage_tables.py``.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.report.files.gis_layers import GisLayer

_TYPES = {
    "object": "TEXT", "str": "TEXT", "string": "TEXT", "category": "TEXT", "float64": "REAL", "int64": "INTEGER", "bool": "BOOLEAN",
}  # fmt: skip
"""Type of a column -> type of the standard."""
_MULTI: dict[int, tuple[str, shapely.GeometryType, Callable[[Any], Any]]] = {
    0: ("MULTIPOINT", shapely.GeometryType.MULTIPOINT, shapely.multipoints),
    1: ("MULTILINESTRING", shapely.GeometryType.MULTILINESTRING, shapely.multilinestrings),
    2: ("MULTIPOLYGON", shapely.GeometryType.MULTIPOLYGON, shapely.multipolygons),
}
"""Dimension -> how the standard calls many of such shapes, and what makes one of one."""
_SINGLE = (shapely.GeometryType.POINT, shapely.GeometryType.LINESTRING, shapely.GeometryType.POLYGON)
_HEADER = np.dtype([("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("envelope", "<f8", 4)])
_FLAGS = 0b011
"""Little-endian, with an envelope of two dimensions."""
_VALUES_AT_ONCE = 900
"""In one statement; SQLite before 3.32 takes 999."""
_COUNTED = (
    """CREATE TRIGGER "trigger_{event}_feature_count_{name}" AFTER {EVENT} ON "{name}" BEGIN"""
    """ UPDATE gpkg_ogr_contents SET feature_count = feature_count {sign} 1 WHERE lower(table_name) = lower({text}); END"""
)
_PUT = """INSERT OR REPLACE INTO "{tree}" VALUES (NEW."fid",ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"),ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));"""
_THERE, _GONE = """(NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))""", """(NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))"""
_INDEXED = (
    ("insert", """AFTER INSERT ON "{name}" WHEN (new."geom" NOT NULL AND NOT ST_IsEmpty(NEW."geom")) BEGIN """ + _PUT),
    ("update1", """AFTER UPDATE OF "geom" ON "{name}" WHEN OLD."fid" = NEW."fid" AND """ + f"{_THERE} BEGIN {_PUT}"),
    ("update2", """AFTER UPDATE OF "geom" ON "{name}" WHEN OLD."fid" = NEW."fid" AND """ + _GONE
     + """ BEGIN DELETE FROM "{tree}" WHERE id = OLD."fid";"""),
    ("update3", """AFTER UPDATE ON "{name}" WHEN OLD."fid" != NEW."fid" AND """ + _THERE
     + """ BEGIN DELETE FROM "{tree}" WHERE id = OLD."fid"; """ + _PUT),
    ("update4", """AFTER UPDATE ON "{name}" WHEN OLD."fid" != NEW."fid" AND """ + _GONE
     + """ BEGIN DELETE FROM "{tree}" WHERE id IN (OLD."fid", NEW."fid");"""),
    ("delete", """AFTER DELETE ON "{name}" WHEN old."geom" NOT NULL BEGIN DELETE FROM "{tree}" WHERE id = OLD."fid";"""),
)  # fmt: skip
"""What keeps the index of shapes true when rows change: extension R-tree of GeoPackage 1.2, as GDAL words it."""


def can_add(frame: pd.DataFrame, model: gpd.GeoDataFrame | None) -> bool:
    """Return whether `add_layer` writes such a frame as GDAL would, into a file that has a layer like `model`.

    Shapes must be there, flat, of one kind and in the model's coordinates; GDAL writes what is not.
    """
    shaped = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    if any(str(dtype) not in _TYPES for name, dtype in frame.dtypes.items() if name != shaped):
        return False
    if not isinstance(frame, gpd.GeoDataFrame):
        return True
    shapes = frame.geometry.to_numpy()
    kinds, dimensions = set(shapely.get_type_id(shapes).tolist()), set(shapely.get_dimensions(shapes).tolist())
    return (
        model is not None and frame.crs == model.crs and _indexes_shapes() and len(dimensions) == 1
        and all(kind in _SINGLE or kind in {multi for _, multi, _ in _MULTI.values()} for kind in kinds)
        and not shapely.is_empty(shapes).any() and not shapely.has_z(shapes).any()
    )  # fmt: skip


def add_layer(base: sqlite3.Connection, layer: GisLayer, moment: str) -> None:
    """Add a layer or a table without shapes, its rows and what the standard and GDAL keep of it."""
    frame = layer.frame
    names = [name for name in frame.columns if not (isinstance(frame, gpd.GeoDataFrame) and name == frame.geometry.name)]
    values = [_values(frame[name]) for name in names]
    columns = [f"{quoted(name)} {_TYPES[str(frame[name].dtype)]}" for name in names]
    bounds: np.ndarray | None = None
    if isinstance(frame, gpd.GeoDataFrame):
        shapes, kind = _many(frame.geometry.to_numpy())
        srs, bounds = int(base.execute("SELECT max(srs_id) FROM gpkg_geometry_columns").fetchone()[0]), shapely.bounds(shapes)
        columns, values = [f'"geom" {kind}', *columns], [_blobs(shapes, bounds, srs), *values]
    table = quoted(layer.name)
    defined = ", ".join(['"fid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL', *columns])
    base.execute(f"CREATE TABLE {table} ( {defined})")
    _insert(base, table, values)
    extent = (None,) * 4 if bounds is None else (*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist())
    base.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (layer.name, "attributes" if bounds is None else "features", layer.title, layer.about, moment, *extent, 0 if bounds is None else srs),
    )
    base.execute("INSERT INTO gpkg_ogr_contents VALUES (?, ?)", (layer.name, len(frame)))
    if bounds is not None:
        _index(base, layer.name, kind, srs, bounds)
    told = layer.name.replace("'", "''")
    for event, sign in (("insert", "+"), ("delete", "-")):
        base.execute(_COUNTED.format(event=event, EVENT=event.upper(), name=layer.name.replace('"', '""'), sign=sign, text=f"'{told}'"))


def _insert(base: sqlite3.Connection, table: str, columns: Sequence[Sequence[Any]]) -> None:
    """Insert rows many a statement: after each statement SQLite writes down which number comes next."""
    row = f"(NULL{', ?' * len(columns)})"
    count, at_once = len(columns[0]), max(1, _VALUES_AT_ONCE // len(columns))
    full = count // at_once * at_once
    values = chain.from_iterable(zip(*(column[:full] for column in columns), strict=True))
    if full:
        blocks = iter(lambda: tuple(islice(values, at_once * len(columns))), ())
        base.executemany(f"INSERT INTO {table} VALUES {', '.join([row] * at_once)}", blocks)
    base.executemany(f"INSERT INTO {table} VALUES {row}", zip(*(column[full:] for column in columns), strict=True))


def quoted(name: str) -> str:
    """Return a name as SQL reads it, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'


@cache
def _indexes_shapes() -> bool:
    """Return whether Python's SQLite was built with the index of shapes."""
    base = sqlite3.connect(":memory:")
    try:
        base.execute("CREATE VIRTUAL TABLE tree USING rtree(id, minx, maxx, miny, maxy)")
    except sqlite3.OperationalError:
        return False
    finally:
        base.close()
    return True


def _values(column: pd.Series) -> list[Any]:
    """Return a column's values as SQLite takes them: None where there is none; it stores a NaN as such by itself."""
    if column.dtype.kind in "ifb":
        return list(column.tolist())
    known = column.tolist()
    gone = column.isna().to_numpy()
    return [None if none else value for value, none in zip(known, gone.tolist(), strict=True)] if gone.any() else list(known)


def _many(shapes: GeometryArray) -> tuple[GeometryArray, str]:
    """Return each shape as one of many parts, as the columns hold it, and the kind of the column."""
    name, _, make = _MULTI[int(shapely.get_dimensions(shapes[0]))]
    made, single = shapes.copy(), np.isin(shapely.get_type_id(shapes), _SINGLE)
    made[single] = make(shapes[single][:, None])
    return made, name


def _blobs(shapes: GeometryArray, bounds: np.ndarray, srs: int) -> list[bytes]:
    """Return shapes as the standard stores them: a header with the envelope before the WKB."""
    heads = np.empty(len(shapes), dtype=_HEADER)
    heads["magic"], heads["version"], heads["flags"], heads["srs"] = b"GP", 0, _FLAGS, srs
    heads["envelope"] = bounds[:, [0, 2, 1, 3]]
    known = shapely.to_wkb(shapes, byte_order=1, flavor="iso")
    return [head.tobytes() + body for head, body in zip(heads, known, strict=True)]


def _index(base: sqlite3.Connection, name: str, kind: str, srs: int, bounds: np.ndarray) -> None:
    """Register a layer's shapes and build their index."""
    told, tree = name.replace('"', '""'), f"rtree_{name}_geom"
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, kind, srs))
    base.execute(
        "INSERT INTO gpkg_extensions SELECT ?, column_name, extension_name, definition, scope FROM gpkg_extensions"
        " WHERE extension_name = 'gpkg_rtree_index' LIMIT 1", (name,)
    )  # fmt: skip
    base.execute(f"CREATE VIRTUAL TABLE {quoted(tree)} USING rtree(id, minx, maxx, miny, maxy)")
    boxes = zip(range(1, len(bounds) + 1), *bounds[:, [0, 2, 1, 3]].T.tolist(), strict=True)
    base.executemany(f"INSERT INTO {quoted(tree)} VALUES (?, ?, ?, ?, ?)", boxes)
    for event, text in _INDEXED:
        body = text.format(name=told, tree=tree.replace('"', '""'))
        base.execute(f"CREATE TRIGGER {quoted(f'{tree}_{event}')} {body} END")
