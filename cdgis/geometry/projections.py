"""Conversion from CGCS2000 longitude and latitude to a raster's own coordinate system.

Rasters come in projections no vector file here uses (Albers, UTM, Web Mercator), often without an EPSG code.
Any is taken as long as its datum is CGCS2000 or WGS84, which agree within our precision (DESIGN 4.1); others
would need parameters that nobody may guess.
"""

from functools import cache
from typing import Any, cast

import numpy as np
import pyproj
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.errors import CrsError
from cdgis.geometry.gauss_kruger import GEOGRAPHIC_EPSG, identify_crs
from cdgis.geometry.geodesy import to_plane

_SHARED_DATUMS = ("world geodetic system 1984", "wgs 84", "wgs_1984", "wgs84", "china 2000", "china_2000", "cgcs2000",
                  "cgcs_2000", "china geodetic", "china_geodetic")  # fmt: skip

WEB_MERCATOR = "EPSG:3857"
_TO_WEB_MERCATOR = "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=webmerc +ellps=WGS84"
"""What PROJ's database makes of EPSG:4490 and EPSG:3857, the same to the last bit either way: asking it takes 0.07 s."""


def grid_crs(source: str, definition: str) -> str:
    """Return the name under which a raster's CRS is used: ``EPSG:n`` where it has a code, else its definition.

    Raises
    ------
    CrsError : not a CRS, or on another datum.
    """
    remedy = "请先转换为 CGCS2000（EPSG:4490）或其投影，或在 layers/catalog.toml 的该条目中声明 crs"
    expected = "以 CGCS2000 或 WGS84 为基准的坐标系"
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except pyproj.exceptions.CRSError:
        raise CrsError(source, found=definition[:80] or "没有坐标系", expected=expected, remedy=remedy) from None
    code = identify_crs(definition)
    datum = crs.datum.name if crs.datum else ""
    # A bound or derived CRS hides its datum's name; the base has it.
    known = any(word in f"{datum} {crs.name}".lower() for word in _SHARED_DATUMS)
    if not known or not (crs.is_geographic or crs.is_projected):
        raise CrsError(source, found=f"{crs.name}（{datum or '基准未说明'}）", expected=expected, remedy=remedy)
    return f"EPSG:{code}" if code is not None else definition


@cache
def is_geographic(crs: str) -> bool:
    """Return whether coordinates of `crs` are degrees."""
    return bool(pyproj.CRS.from_user_input(crs).is_geographic)


@cache
def metres_per_unit(crs: str) -> float:
    """Return the length of one unit of a projected CRS, metres."""
    return float(pyproj.CRS.from_user_input(crs).axis_info[0].unit_conversion_factor)


@cache
def _from_lonlat(crs: str) -> pyproj.Transformer:
    if crs == WEB_MERCATOR:
        return pyproj.Transformer.from_pipeline(_TO_WEB_MERCATOR)
    return pyproj.Transformer.from_crs(f"EPSG:{GEOGRAPHIC_EPSG}", crs, always_xy=True)


def forward(lon_deg: FloatArray, lat_deg: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    """Return points of EPSG:4490 in `crs`, x = easting or longitude."""
    if is_geographic(crs):
        return np.asarray(lon_deg), np.asarray(lat_deg)
    x, y = _from_lonlat(crs).transform(lon_deg, lat_deg)
    return np.asarray(x), np.asarray(y)


def inverse(x: FloatArray, y: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    """Return points of `crs` (x = easting or longitude) as longitude and latitude, EPSG:4490."""
    if is_geographic(crs):
        return np.asarray(x), np.asarray(y)
    lon, lat = _from_lonlat(crs).transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def project(geoms: GeometryArray, crs: str) -> GeometryArray:
    """Return EPSG:4490 `geoms` in `crs` (x = easting or longitude), vertex by vertex."""
    if is_geographic(crs):
        return np.asarray(geoms)
    out: GeometryArray = shapely.transform(
        np.asarray(geoms), cast(Any, lambda x, y: forward(x, y, crs)), interleaved=False
    )
    return out


def plane_from(x: FloatArray, y: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    """Return points of `crs` (x = easting or longitude) on the measuring plane, metres."""
    return to_plane(*inverse(x, y, crs))
