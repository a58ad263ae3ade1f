"""Layers kept as files elsewhere: GeoParquet, one vector file, or a folder of shapefiles or GeoParquet parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.core.errors import LayerError, SourceError
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.crs import resolve_crs
from cdgis.readers.layer_files import read_raw
from cdgis.readers.repair import densified_lonlat
from cdgis.readers.sources.feature_set import FeatureSet, shapes_of, table_of
from cdgis.workspace.catalog import LayerSpec

PARQUET = (".parquet", ".geoparquet")
_VECTOR = (".shp", ".gpkg", ".gdb", ".geojson", ".json")
_FILE_COLUMN = "来源文件"
_REMEDY = "请把缺坐标系的文件补上 .prj，或单独取它并在目录条目写 crs"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One file of a source."""

    name: str
    frame: pd.DataFrame
    shapes: GeometryArray
    crs: str


def fetch_files(path: Path, label: str, spec: LayerSpec) -> FeatureSet:
    """Return the features of a file, or of all files of a folder one after another in name order.

    Files on several coordinate systems (counties in two zones) are brought to EPSG:4490, as the readers do it.

    Raises
    ------
    SourceError : nothing there that can be read.
    CrsError : files on several coordinate systems, one of them unknown or on an old datum.
    """
    files = _files(path, label)
    parts = [_read(file, label, spec) for file in files]
    systems = {identify_crs(part.crs) or part.crs if part.crs else "" for part in parts}
    remarks: tuple[str, ...] = ()
    crs = parts[0].crs
    if len(systems) > 1:
        parts, crs = [_moved(part) for part in parts], "EPSG:4490"
        remarks = (f"{len(parts)} 个文件坐标系不同，已逐个转为 EPSG:4490",)
    rows = [
        {**({_FILE_COLUMN: part.name} if len(parts) > 1 else {}), **{str(k): v for k, v in row.items()}}
        for part in parts
        for row in part.frame.to_dict("records")
    ]
    shapes = shapes_of([shape for part in parts for shape in part.shapes])
    return FeatureSet(ids=("",) * len(rows), attributes=table_of(rows), geometries=shapes, crs=crs,
                      query="、".join(part.name for part in parts), stated_count=sum(len(part.frame) for part in parts), remarks=remarks)  # fmt: skip


def _files(path: Path, label: str) -> Sequence[Path]:
    if path.is_file() or path.suffix.lower() == ".gdb":
        return [path]
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in (".shp", *PARQUET)) if path.is_dir() else []
    if not found:
        wanted = "Shapefile 或 GeoParquet"
        reason = f"文件夹里没有 {wanted}" if path.is_dir() else "没有这个文件或文件夹"
        raise SourceError(reason, source=label, remedy=f"请给出 {'、'.join((*_VECTOR, *PARQUET))} 文件，或装有 {wanted} 的文件夹")
    return found


def _read(path: Path, label: str, spec: LayerSpec) -> _Part:
    if path.suffix.lower() in PARQUET:
        return _parquet(path, label)
    one = spec.model_copy(update={"path": path.name})
    try:
        raw = read_raw(one, path)
    except LayerError as err:
        raise SourceError("；".join(err.problems), source=f"{label}（{path.name}）") from err
    except OSError:
        raise SourceError("没有这个文件，或无权读它", source=f"{label}（{path.name}）") from None
    return _Part(name=path.name, frame=raw.frame, shapes=raw.geometries, crs=spec.crs or raw.crs_wkt)


def _parquet(path: Path, label: str) -> _Part:
    try:
        frame = gpd.read_parquet(path)
    except (ValueError, TypeError, KeyError, OSError, pa.ArrowException):
        raise SourceError("不是 GeoParquet，或已损坏", source=f"{label}（{path.name}）", remedy="请用 QGIS 或 geopandas 重新导出") from None
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return _Part(name=path.name, frame=table, shapes=np.asarray(frame.geometry.array, dtype=object),
                 crs=frame.crs.to_wkt() if frame.crs is not None else "")  # fmt: skip


def _moved(part: _Part) -> _Part:
    epsg = resolve_crs(part.name, declared="", stated=part.crs, remedy=_REMEDY)
    shapes = shapes_of(list(part.shapes))
    good = ~shapely.is_missing(shapes) & shapely.is_valid(shapes)
    if not good.all():
        raise SourceError(f"有 {int((~good).sum())} 个图形为空或无效，不能转换坐标系", source=part.name, remedy="请先修复几何")
    return _Part(name=part.name, frame=part.frame, shapes=densified_lonlat(shapes, epsg)[0], crs="EPSG:4490")
