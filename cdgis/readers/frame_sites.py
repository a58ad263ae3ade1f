"""Sites handed over as a GeoDataFrame: written as the one GeoJSON file they are then read and fingerprinted as.

The file's name holds the SHA-256 of its bytes, so where it lies is no part of an answer: the report number of a frame
in memory is that of ``cdgis screen`` on the file which `Result.save` puts beside the reports.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame, GeoSeries
from shapely.geometry import mapping

from cdgis.core.errors import CrsError, UsageError
from cdgis.readers.crs import REPROJECT, resolve_crs
from cdgis.readers.crs_words import zone_example
from cdgis.readers.records import cell_text
from cdgis.workspace.settings import Workspace

FRAME_LABEL = "GeoDataFrame"
_CONVERT = "可用 gdf.to_crs('EPSG:4490')"
_STEM = "frame"
_NAME = re.compile(rf"{_STEM}-([0-9a-f]{{12}})\.geojson")


def frame_geojson(frame: GeoDataFrame | GeoSeries, *, crs: str = "") -> bytes:
    """Return the canonical GeoJSON of a frame: rows and columns in their order, cells as text, the CRS by its code.

    Parameters
    ----------
    frame : one site a row, points, lines or polygons, in any CRS that files may have; the index becomes the ids.
    crs : declared CRS or datum; overrides what the frame states, as with files.

    Raises
    ------
    CrsError : the frame states no CRS and none is declared, or it is none that files may have.
    UsageError : it has no geometry column, or two columns have the same name.
    """
    sites = frame.to_frame("geometry") if isinstance(frame, GeoSeries) else frame
    if sites.active_geometry_name is None:
        raise UsageError(f"{FRAME_LABEL} 没有图形列", remedy="请用 gdf.set_geometry(…) 指明哪一列是图形")
    bounds = sites.total_bounds if len(sites) else None
    stated = sites.crs.to_string() if sites.crs is not None else ""
    remedy = _CONVERT if crs or stated else f"请用 gdf.set_crs(…) 写明坐标系，或给出参数 crs，如 crs='{zone_example()}'"
    try:
        epsg = resolve_crs(FRAME_LABEL, declared=crs, stated=stated, remedy=remedy, bounds=bounds)
    except CrsError as fault:
        if fault.remedy != REPROJECT:  # an old datum needs its own parameters: to_crs would shift it by nothing
            raise
        raise CrsError(fault.source, found=fault.found, expected=fault.expected, remedy=_CONVERT) from None
    columns = [name for name in sites.columns if name != sites.geometry.name]
    names = [str(name) for name in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{FRAME_LABEL} 有同名的列 {'、'.join(twice)}，分不清用哪一列", remedy="请改名后重试")
    texts = {str(name): [_text(value) for value in sites[name]] for name in columns}
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": {name: texts[name][at] for name in names},
            "geometry": None if shape is None else mapping(shape),
        }
        for at, (index, shape) in enumerate(zip(sites.index, _shapes(sites), strict=True))
    ]
    code = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    document = {"type": "FeatureCollection", "crs": code, "features": features}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _shapes(sites: GeoDataFrame) -> list[Any]:
    return [None if shapely.is_missing(shape) else shape for shape in np.asarray(sites.geometry.array, dtype=object)]


def _text(value: object) -> str:
    """Return a cell as a file would hold it: "" for every kind of missing value."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return cell_text(float(value) if isinstance(value, np.floating) else value)


def frame_file_name(content: bytes) -> str:
    """Return the file name of a frame's canonical bytes."""
    return f"{_STEM}-{hashlib.sha256(content).hexdigest()[:12]}.geojson"


def site_labels(workspace: Workspace, paths: Iterable[Path]) -> dict[Path, str]:
    """Return {path: name shown to the user}: a file named by its own bytes goes by that name wherever it lies."""
    named = dict.fromkeys(paths)
    own = {path for path in named if _NAME.fullmatch(path.name) and path.is_file()}
    by_content = {path: path.name for path in own if frame_file_name(path.read_bytes()) == path.name}
    return workspace.labels(path for path in named if path not in by_content) | by_content
