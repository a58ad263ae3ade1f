"""Coordinate systems, areas and distances; the only module that knows projections.

The measuring plane (DESIGN 4.2) is the ellipsoidal cylindrical equal-area projection of CGCS2000,

    x = a k0 (lambda - lambda0),   y = a q(phi) / (2 k0),
    q(phi) = (1 - e^2) [ sin(phi) / (1 - e^2 sin^2(phi)) + artanh(e sin(phi)) / e ],

so a planar area there is the ellipsoidal area bounded by edges that are straight in the plane, which is
what the land-survey series (国土调查办发〔2008〕32号) computes. Distances are never taken there: nearest
points are found in a transverse Mercator plane and the distance between them is geodesic.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
import pyproj
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.errors import CrsError
from cdgis.geometry.offset_datums import bd09_to_cgcs2000 as bd09_to_cgcs2000
from cdgis.geometry.offset_datums import cgcs2000_to_gcj02 as cgcs2000_to_gcj02
from cdgis.geometry.offset_datums import gcj02_to_bd09 as gcj02_to_bd09
from cdgis.geometry.offset_datums import gcj02_to_cgcs2000 as gcj02_to_cgcs2000

_Projection = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257222101
"""CGCS2000 (GB 22021): GRS80's flattening."""
E2 = FLATTENING * (2 - FLATTENING)
_E = float(np.sqrt(E2))
LAT_TS_DEG = 41.4
LON_0_DEG = 117.5
_SIN_TS = float(np.sin(np.radians(LAT_TS_DEG)))
_K0 = float(np.cos(np.radians(LAT_TS_DEG)) / np.sqrt(1 - E2 * _SIN_TS**2))

GEOGRAPHIC_EPSG = 4490
KNOWN_EPSG: dict[int, str] = {
    4490: "CGCS2000 经纬度",
    4326: "WGS84 经纬度（与 CGCS2000 在本工具精度内等同）",
    4526: "CGCS2000 3度带38带（带号前缀）",
    4527: "CGCS2000 3度带39带（带号前缀）",
    4528: "CGCS2000 3度带40带（带号前缀）",
    4547: "CGCS2000 3度带 中央经线114°",
    4548: "CGCS2000 3度带 中央经线117°",
    4549: "CGCS2000 3度带 中央经线120°",
    4498: "CGCS2000 6度带20带（带号前缀）",
    4509: "CGCS2000 6度带 中央经线117°",
}
_LOCAL_PROJ = f"+proj=tmerc +lon_0={LON_0_DEG} +ellps=GRS80 +units=m"
_GAUSS_KRUGER = {
    (3, 114.0, True): 4526, (3, 117.0, True): 4527, (3, 120.0, True): 4528,
    (3, 114.0, False): 4547, (3, 117.0, False): 4548, (3, 120.0, False): 4549,
    (6, 117.0, True): 4498, (6, 117.0, False): 4509,
}  # fmt: skip
_PLAIN_EASTING_M = 500_000.0
_PREFIXED_ZONE = {38.5e6: (3, 114.0), 39.5e6: (3, 117.0), 40.5e6: (3, 120.0), 20.5e6: (6, 117.0)}
"""False easting -> zone width and central meridian."""

MAX_EDGE_M = 500.0
"""Longest Gauss-Krüger edge kept undivided: it bows L²·tan(phi)/(8R) <= 1 cm from the plane's straight edge."""


def _q(phi: FloatArray) -> FloatArray:
    sin = np.sin(phi)
    return np.asarray((1 - E2) * (sin / (1 - E2 * sin**2) + np.arctanh(_E * sin) / _E))


def to_plane(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return x, y in metres on the measuring plane for CGCS2000 longitudes and latitudes in degrees."""
    x = SEMI_MAJOR_M * _K0 * np.radians(np.asarray(lon_deg, dtype=float) - LON_0_DEG)
    y = SEMI_MAJOR_M * _q(np.radians(np.asarray(lat_deg, dtype=float))) / (2 * _K0)
    return x, y


def from_plane(x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude in degrees for measuring-plane coordinates (Newton, below 1e-12 rad)."""
    lon = np.degrees(np.asarray(x_m, dtype=float) / (SEMI_MAJOR_M * _K0)) + LON_0_DEG
    q = 2 * _K0 * np.asarray(y_m, dtype=float) / SEMI_MAJOR_M
    phi = np.arcsin(np.clip(q / _q(np.array(np.pi / 2)), -1, 1))
    for _ in range(6):
        # dq/dphi = 2 (1 - e^2) cos(phi) / (1 - e^2 sin^2(phi))^2
        slope = 2 * (1 - E2) * np.cos(phi) / (1 - E2 * np.sin(phi) ** 2) ** 2
        phi = phi - (_q(phi) - q) / slope
    return lon, np.degrees(phi)


def _apply(geoms: GeometryArray, function: _Projection) -> GeometryArray:
    out: GeometryArray = shapely.transform(geoms, cast(Any, function), interleaved=False)
    return out


def geometries_to_plane(geoms: GeometryArray) -> GeometryArray:
    """Return `geoms` (EPSG:4490 lon/lat) on the measuring plane, metres."""
    return _apply(geoms, to_plane)


def geometries_from_plane(geoms: GeometryArray) -> GeometryArray:
    """Return measuring-plane `geoms` in EPSG:4490 lon/lat."""
    return _apply(geoms, from_plane)


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def lonlat_points(lon_deg: FloatArray, lat_deg: FloatArray) -> GeometryArray:
    """Return positions in degrees as point geometries, always an array."""
    return np.atleast_1d(np.asarray(shapely.points(lon_deg, lat_deg), dtype=object))


def _transform(geoms: GeometryArray, source: str, target: str) -> GeometryArray:
    transformer = _transformer(source, target)
    return _apply(geoms, lambda x, y: transformer.transform(x, y))


def geometries_to_local(geoms: GeometryArray) -> GeometryArray:
    """Return `geoms` (EPSG:4490) in the distance-finding plane (tmerc 117.5°E, scale error <= 3.2e-4 here)."""
    return _transform(geoms, f"EPSG:{GEOGRAPHIC_EPSG}", _LOCAL_PROJ)


def geometries_from_local(geoms: GeometryArray) -> GeometryArray:
    """Return distance-plane `geoms` in EPSG:4490 lon/lat."""
    return _transform(geoms, _LOCAL_PROJ, f"EPSG:{GEOGRAPHIC_EPSG}")


def from_local(x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude in degrees for distance-plane coordinates, as `geometries_from_local` does."""
    lon, lat = _transformer(_LOCAL_PROJ, f"EPSG:{GEOGRAPHIC_EPSG}").transform(x_m, y_m)
    return np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)


def to_lonlat(geoms: GeometryArray, epsg: int) -> GeometryArray:
    """Return `geoms` in EPSG:4490 lon/lat from a known CRS with x = easting or longitude.

    Raises
    ------
    CrsError : `epsg` is not one of KNOWN_EPSG; no shift is ever guessed.
    """
    if epsg not in KNOWN_EPSG:
        raise CrsError(
            "坐标转换", found=f"EPSG:{epsg}", expected="CGCS2000 经纬度或高斯-克吕格坐标",
            remedy="西安80、北京54 等须先用当地转换参数转换为 CGCS2000",
        )  # fmt: skip
    if epsg in (4490, 4326):
        return np.asarray(geoms)
    return _transform(np.asarray(geoms), f"EPSG:{epsg}", f"EPSG:{GEOGRAPHIC_EPSG}")


def from_lonlat(geoms: GeometryArray, epsg: int) -> GeometryArray:
    """Return EPSG:4490 `geoms` in the projected CRS `epsg` (x = easting); the inverse of `to_lonlat`."""
    if epsg in (4490, 4326):
        return np.asarray(geoms)
    return _transform(np.asarray(geoms), f"EPSG:{GEOGRAPHIC_EPSG}", f"EPSG:{epsg}")


def densify_for_plane(geoms: GeometryArray, epsg: int) -> GeometryArray:
    """Return projected `geoms` with edges cut to at most MAX_EDGE_M; geographic ones come back unchanged."""
    if epsg in (4490, 4326):
        return np.asarray(geoms)
    return np.asarray(shapely.segmentize(geoms, MAX_EDGE_M))


def gauss_kruger_epsg(*, zone_width_deg: int, central_meridian_deg: float, with_prefix: bool) -> int:
    """Return the EPSG code of a CGCS2000 Gauss-Krüger zone that covers Chengde.

    Raises
    ------
    CrsError : no such zone among those recognised (3° zones 38–40, 6° zone 20).
    """
    key = (zone_width_deg, float(central_meridian_deg), with_prefix)
    if key not in _GAUSS_KRUGER:
        raise CrsError(
            "投影参数", found=f"{zone_width_deg}度带，中央经线{central_meridian_deg:g}°",
            expected="3度带 114°/117°/120° 或 6度带 117°", remedy="核对带号与分带方式",
        )  # fmt: skip
    return _GAUSS_KRUGER[key]


def identify_crs(definition: str) -> int | None:
    """Return the EPSG code that a WKT, ``EPSG:n`` or PROJ text stands for, or None if it is not recognised.

    ESRI's CGCS2000 definitions carry no EPSG code, so the parameters decide: ellipsoid, central meridian
    and false easting. Xi'an 80 and Beijing 54 come back under their own codes, which are not in KNOWN_EPSG.
    """
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except pyproj.exceptions.CRSError:
        return None
    code = crs.to_epsg(min_confidence=70)
    if code is not None and code not in KNOWN_EPSG and not _is_cgcs2000(crs):
        return int(code)
    if code not in KNOWN_EPSG and not _is_cgcs2000(crs):
        return None
    # neither a name nor a code outweighs the definition's own parameters
    if crs.geodetic_crs is None or not _counts_plainly(crs.geodetic_crs):
        return None
    if crs.is_geographic:
        return int(code) if code in KNOWN_EPSG else GEOGRAPHIC_EPSG
    zone = _gauss_kruger_from(crs)
    # a 3-degree and a 6-degree zone without prefix on one meridian are the same plane
    same = zone == code or {zone, code} == {_GAUSS_KRUGER[3, 117.0, False], _GAUSS_KRUGER[6, 117.0, False]}
    return zone if code not in KNOWN_EPSG else int(code) if same else None


def _counts_plainly(crs: pyproj.CRS) -> bool:
    """Return whether degrees are counted from Greenwich on CGCS2000's ellipsoid (or WGS84's, its like)."""
    shape, meridian = crs.ellipsoid, crs.prime_meridian
    if shape is None or meridian is None or meridian.longitude != 0:
        return False
    degrees = all(math.isclose(axis.unit_conversion_factor, math.radians(1), rel_tol=1e-9) for axis in crs.axis_info[:2])
    large = math.isclose(shape.semi_major_metre, SEMI_MAJOR_M, rel_tol=1e-9)
    return degrees and large and math.isclose(shape.inverse_flattening, 1 / FLATTENING, rel_tol=1e-7)


def _is_cgcs2000(crs: pyproj.CRS) -> bool:
    name = f"{crs.datum.name if crs.datum else ''} {crs.name}".lower().replace(" ", "_")
    return any(word in name for word in ("china_2000", "cgcs2000", "cgcs_2000", "china_geodetic"))


def _gauss_kruger_from(crs: pyproj.CRS) -> int | None:
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {p.name.lower(): float(p.value) for p in operation.params}
    easting = values.get("false easting", 0.0)
    meridian = values.get("longitude of natural origin", 0.0)
    plain = values.get("scale factor at natural origin", 1.0) == 1.0 and values.get("false northing", 0.0) == 0.0
    plain &= values.get("latitude of natural origin", 0.0) == 0.0
    metres = all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info)
    if not (plain and metres):
        return None
    if easting == _PLAIN_EASTING_M:
        return _GAUSS_KRUGER.get((3, meridian, False))
    width_and_meridian = _PREFIXED_ZONE.get(easting)
    if width_and_meridian is None or width_and_meridian[1] != meridian:
        return None
    return _GAUSS_KRUGER[(*width_and_meridian, True)]


def survey_area_m2(geoms: GeometryArray) -> FloatArray:
    """Return 国土调查椭球面积 of EPSG:4490 polygons, square metres (edges straight in the measuring plane)."""
    return np.asarray(shapely.area(geometries_to_plane(np.asarray(geoms))))


@cache
def _geod() -> pyproj.Geod:
    return pyproj.Geod(a=SEMI_MAJOR_M, f=FLATTENING)


def geodesic_area_m2(geoms: GeometryArray) -> FloatArray:
    """Return the area bounded by geodesic edges of EPSG:4490 polygons, square metres (pyproj.Geod)."""
    geod = _geod()
    oriented = shapely.orient_polygons(np.atleast_1d(geoms))
    return np.array([abs(geod.geometry_area_perimeter(g)[0]) for g in oriented])


def gk117_area_m2(geoms: GeometryArray) -> FloatArray:
    """Return the planar area in Gauss-Krüger, central meridian 117°, as some zoning notices print it."""
    return np.asarray(shapely.area(from_lonlat(np.asarray(geoms), 4548)))


AREA_METHODS = {"survey": survey_area_m2, "geodesic": geodesic_area_m2, "gk117": gk117_area_m2}
AREA_METHOD_TITLES = {
    "survey": "国土调查椭球面积（国土调查办发〔2008〕32号）",
    "geodesic": "大地线边界椭球面积",
    "gk117": "高斯-克吕格平面面积（中央经线117°）",
}


def cell_areas_m2(lat_edges_deg: FloatArray, width_deg: float) -> FloatArray:
    """Return the ellipsoidal area of one raster cell per row, square metres.

    Parameters
    ----------
    lat_edges_deg : n + 1 latitudes of the row edges, degrees, either direction.
    width_deg : cell width in longitude, degrees.
    """
    q = _q(np.radians(np.asarray(lat_edges_deg, dtype=float)))
    return np.asarray(SEMI_MAJOR_M**2 * np.radians(width_deg) * np.abs(np.diff(q)) / 2)


def geodesic_distance_m(lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray) -> FloatArray:
    """Return geodesic distances between paired points in degrees, metres."""
    return np.asarray(_geod().inv(lon1, lat1, lon2, lat2)[2], dtype=float)


def geodesic_length_m(geoms: GeometryArray) -> FloatArray:
    """Return geodesic lengths of EPSG:4490 lines, metres; 0 for points, the perimeter is not wanted for areas."""
    geod = _geod()
    lines = shapely.get_dimensions(np.asarray(geoms)) == 1
    return np.array([geod.geometry_length(g) if line else 0.0 for g, line in zip(geoms, lines, strict=True)])
