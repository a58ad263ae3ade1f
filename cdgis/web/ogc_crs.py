"""Coordinate systems of the OGC interface (Features Part 2): named by URI, given in the order of axes their authority states."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from cdgis.core.errors import DeskError
from cdgis.geometry.geodesy import from_lonlat, to_lonlat

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CGCS2000 = f"{_EPSG}4490"
_PLANES = range(4526, 4550)
"""CGCS2000 3-degree zones: 38 to 45 with the zone before the easting, then those by central meridian, 75 to 120 degrees east."""
OFFERED = (CRS84, CGCS2000, *(f"{_EPSG}{code}" for code in _PLANES))
"""All layers are kept in EPSG:4490; CRS84 differs from it by the order of axes, and by less than the data's accuracy."""
Bounds = tuple[float, float, float, float]


def checked_crs(text: str, parameter: str) -> str:
    """Return a coordinate system that is offered.

    Raises
    ------
    DeskError : it is not.
    """
    if text not in OFFERED:
        raise DeskError(f"参数 {parameter} 读到“{text[:80]}”", remedy=f"可用 {CRS84} 和 {_EPSG}4490、4526–4549")
    return text


def content_crs(crs: str) -> dict[str, str]:
    """Return the header that says which coordinate system an answer is in."""
    return {"content-crs": f"<{crs}>"}


def in_crs(features: Sequence[Mapping[str, Any]], crs: str) -> list[dict[str, Any]]:
    """Return GeoJSON features, given in degrees lon/lat, with coordinates of another system in its own order of axes.

    4490: latitude, longitude; 4526 to 4549: northing, easting, metres.
    """
    if crs == CRS84:
        return [dict(feature) for feature in features]
    drawn = np.array([shape(feature["geometry"]) if feature["geometry"] else None for feature in features], dtype=object)
    moved = shapely.transform(drawn if crs == CGCS2000 else from_lonlat(drawn, _code(crs)), _swapped)
    return [
        {**feature, "geometry": None if geometry is None else json.loads(shapely.to_geojson(geometry))}
        for feature, geometry in zip(features, moved, strict=True)
    ]


def lonlat_box(numbers: Sequence[float], crs: str) -> Bounds:
    """Return west, south, east, north, degrees, of a box in another system, its first axis first; a little too large, never too small.

    Raises
    ------
    DeskError : it is no box there.
    """
    if crs == CRS84:
        west, south, east, north = numbers
        return west, south, east, north
    first, second, first_end, second_end = numbers
    if first > first_end:
        raise DeskError("bbox 的第一个数大于第三个数", remedy="按坐标系自己的轴序：纬度或北坐标在前")
    if crs == CGCS2000:
        return second, first, second_end, first_end
    edges = shapely.segmentize(shapely.box(second, first, second_end, first_end), max(first_end - first, second_end - second, 1.0) / 16)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(to_lonlat(np.array([edges]), _code(crs))))
    if not np.isfinite([west, south, east, north]).all():
        raise DeskError("bbox 不在这个投影能表示的范围内")
    bow = max(east - west, north - south) / 100
    return west - bow, south - bow, east + bow, north + bow


def _code(crs: str) -> int:
    return int(crs.removeprefix(_EPSG))


def _swapped(xy: Any) -> Any:
    return xy[:, ::-1]
