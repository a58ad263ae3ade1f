"""Coordinate systems, areas and distances; the only module that knows projections.

The measuring plane (DESIGN 4.2) is the ellipsoidal cylindrical equal-area projection of CGCS2000,

    x = a k0 (lambda - lambda0),   y = a q(phi) / (2 k0),
    q(phi) = (1 - e^2) [ sin(phi) / (1 - e^2 sin^2(phi)) + artanh(e sin(phi)) / e ],

so a planar area there is the ellipsoidal area bounded by edges that are straight in the plane, which is
what the land-survey series (国土调查办发〔2008〕32号) computes. Distances are never taken there: nearest
points are found in a transverse Mercator plane and the distance between them is geodesic.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
import pyproj
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.errors import CrsError
from cdgis.geometry.gauss_kruger import E2, FLATTENING
from cdgis.geometry.gauss_kruger import GEOGRAPHIC_EPSG as GEOGRAPHIC_EPSG
from cdgis.geometry.gauss_kruger import KNOWN_EPSG as KNOWN_EPSG
from cdgis.geometry.gauss_kruger import SEMI_MAJOR_M as SEMI_MAJOR_M
from cdgis.geometry.offset_datums import bd09_to_cgcs2000 as bd09_to_cgcs2000
from cdgis.geometry.offset_datums import cgcs2000_to_gcj02 as cgcs2000_to_gcj02
from cdgis.geometry.offset_datums import gcj02_to_bd09 as gcj02_to_bd09
from cdgis.geometry.offset_datums import gcj02_to_cgcs2000 as gcj02_to_cgcs2000
from cdgis.geometry.planes import current_planes

_Projection = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_E = float(np.sqrt(E2))

PROJ_VERSIONS = (pyproj.__version__, pyproj.proj_version_str)
"""Of the library that lays out the distance plane."""
MAX_EDGE_M = 500.0
"""Longest Gauss-Krüger edge kept undivided: it bows L²·tan(phi)/(8R) <= 1 cm from the plane's straight edge."""


_MANY, _POLYGON = 64, shapely.GeometryType.POLYGON


def _q(phi: FloatArray) -> FloatArray:
    return _q_of_sine(np.sin(phi))


def _q_of_sine(sin: FloatArray) -> FloatArray:
    return np.asarray((1 - E2) * (sin / (1 - E2 * sin**2) + np.arctanh(_E * sin) / _E))


def to_plane(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return x, y in metres on the measuring plane for CGCS2000 longitudes and latitudes in degrees."""
    planes = current_planes()
    x = SEMI_MAJOR_M * planes.k0 * np.radians(np.asarray(lon_deg, dtype=float) - planes.lon_0_deg)
    y = SEMI_MAJOR_M * _q(np.radians(np.asarray(lat_deg, dtype=float))) / (2 * planes.k0)
    return x, y


def from_plane(x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude in degrees for measuring-plane coordinates (Newton, below 1e-12 rad).

    A latitude that a step leaves as it is stays so in all later ones, so only the others are taken further.
    """
    planes = current_planes()
    lon = np.degrees(np.asarray(x_m, dtype=float) / (SEMI_MAJOR_M * planes.k0)) + planes.lon_0_deg
    q = 2 * planes.k0 * np.asarray(y_m, dtype=float) / SEMI_MAJOR_M
    phi = np.arcsin(np.clip(q / _q(np.array(np.pi / 2)), -1, 1))
    shape, q, phi = phi.shape, q.ravel(), phi.ravel()
    moving, before = np.arange(phi.size), phi.copy()
    for _ in range(6):
        # dq/dphi = 2 (1 - e^2) cos(phi) / (1 - e^2 sin^2(phi))^2
        sin = np.sin(before)
        slope = 2 * (1 - E2) * np.cos(before) / (1 - E2 * sin**2) ** 2
        after = before - (_q_of_sine(sin) - q) / slope
        phi[moving] = after
        if not (changed := after != before).all():
            moving, after, q = moving[changed], after[changed], q[changed]
        before = after
    return lon, np.degrees(phi.reshape(shape))


def _apply(geoms: GeometryArray, function: _Projection) -> GeometryArray:
    if not len(geoms):  # most of a layer's zones are far from a site: nothing is asked as often as anything
        return geoms
    if len(geoms) >= _MANY and (rings := _rings_moved(geoms, function)) is not None:
        return rings
    out: GeometryArray = shapely.transform(geoms, cast(Any, function), interleaved=False)
    return out


def _rings_moved(geoms: GeometryArray, function: _Projection) -> GeometryArray | None:
    """Return polygons of one ring each with every vertex moved, as `shapely.transform` does in three times the time; None for others."""
    if (shapely.get_type_id(geoms) != _POLYGON).any() or shapely.get_num_interior_rings(geoms).any():
        return None
    end = np.cumsum(shapely.get_num_coordinates(geoms))
    start = np.append(0, end[:-1])
    xy = np.column_stack(function(*shapely.get_coordinates(geoms).T))
    # an empty ring begins where the next one does, and one that comes out open or endless would be closed otherwise
    if (start == end).any() or not np.isfinite(xy).all() or (xy[start] != xy[end - 1]).any():
        return None
    out: GeometryArray = shapely.from_ragged_array(_POLYGON, xy, (np.append(0, end), np.arange(len(end) + 1)))
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


_PIPELINES = {False: "+proj=unitconvert +xy_in=deg +xy_out=rad +step {plane}", True: "+inv {plane} +step +proj=unitconvert +xy_in=rad +xy_out=deg"}
"""What PROJ derives between EPSG:4490 and the distance plane, without asking its database (27 ms); each way in its own
words, for a conversion turned round differs in the last digit."""


@cache
def _local(plane: str, *, back: bool) -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(f"+proj=pipeline +step {_PIPELINES[back].format(plane=plane)}")


def lonlat_points(lon_deg: FloatArray, lat_deg: FloatArray) -> GeometryArray:
    """Return positions in degrees as point geometries, always an array."""
    return np.atleast_1d(np.asarray(shapely.points(lon_deg, lat_deg), dtype=object))


def _transform(geoms: GeometryArray, source: str, target: str) -> GeometryArray:
    transformer = _transformer(source, target)
    return _apply(geoms, lambda x, y: transformer.transform(x, y))


def geometries_to_local(geoms: GeometryArray) -> GeometryArray:
    """Return `geoms` (EPSG:4490) in the distance-finding plane (transverse Mercator on the place's middle meridian)."""
    local = _local(current_planes().distance_proj, back=False)
    return _apply(geoms, lambda x, y: local.transform(x, y))


def geometries_from_local(geoms: GeometryArray) -> GeometryArray:
    """Return distance-plane `geoms` in EPSG:4490 lon/lat."""
    return _apply(geoms, from_local)


def from_local(x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude in degrees for distance-plane coordinates, as `geometries_from_local` does."""
    lon, lat = _local(current_planes().distance_proj, back=True).transform(x_m, y_m)
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


_GK117_DEG = (114.0, 120.0)


def gk117_area_m2(geoms: GeometryArray) -> FloatArray:
    """Return the planar area in Gauss-Krüger, central meridian 117°, as some zoning notices print it.

    Raises
    ------
    CrsError : a shape lies farther than 3° from that meridian, where nobody prints such areas and they are too large.
    """
    west, _, east, _ = shapely.total_bounds(np.asarray(geoms))
    if west < _GK117_DEG[0] or east > _GK117_DEG[1]:
        raise CrsError(
            "面积口径 gk117", found=f"东经 {west:.3f}°～{east:.3f}° 的图形", expected="在中央经线 117° 两侧 3° 以内（114°～120°）",
            remedy="请把 cdgis.toml 的 area_method 改为 survey（国土调查椭球面积，处处适用）",
        )  # fmt: skip
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
    geod, geoms = _geod(), np.asarray(geoms)
    length, lines = np.zeros(len(geoms)), np.flatnonzero(shapely.get_dimensions(geoms) == 1)
    length[lines] = [geod.geometry_length(line) for line in geoms[lines]]
    return length
