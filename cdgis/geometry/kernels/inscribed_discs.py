"""Largest disc inside polygons: how thick land or an overlap is at its thickest."""

import sys

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray
from cdgis.geometry.geodesy import MAX_EDGE_M
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.shapes import to_local

_COUNTS, _COUNTS_ONCE_LOADED = 85, 7000
"""How much each polygon counts to the size of a job: GEOS takes a tenth of a millisecond for one, reading in the kernel 0.3 s."""
_KERNEL = "cdgis.geometry.kernels.compiled.inscribed"
_LEAST_VERTICES, _MOST_VERTICES = 6, 512
"""GEOS has formulas for fewer, and an index for more."""
_POLYGON = 3


def inradius_m(plane_polygons: GeometryArray, *, precise_below_m: float = 1.0, engine: Engine | None = None) -> FloatArray:
    """Return the radius in metres of the largest disc inside each measuring-plane polygon.

    Found in the distance plane, to 0.1 % of the polygon's size but never finer than `precise_below_m` / 100; by compiled
    kernels, if that pays, for single rings: the same to the last bit.
    """
    local = to_local(plane_polygons, MAX_EDGE_M)
    radius, area = np.zeros(len(local)), shapely.area(local)
    solid = np.flatnonzero(area > 0)
    tolerance = np.maximum(precise_below_m / 100, np.sqrt(area) * 1e-3)
    counts = _COUNTS_ONCE_LOADED if _KERNEL in sys.modules else _COUNTS
    if chosen_engine(engine, work=counts * len(solid)) is Engine.COMPILED:
        rings = solid[_is_ring(local[solid])]
        radius[rings], sure = _radii_of_rings(local[rings], tolerance[rings])
        solid = np.setdiff1d(solid, rings[sure])
    radius[solid] = shapely.length(shapely.maximum_inscribed_circle(local[solid], tolerance[solid]))
    return radius


def _is_ring(polygons: GeometryArray) -> BoolArray:
    """Return which polygons are a single ring of neither few nor many vertices."""
    size = shapely.get_num_coordinates(polygons)
    single = (shapely.get_type_id(polygons) == _POLYGON) & (shapely.get_num_interior_rings(polygons) == 0)
    return np.asarray(single & (size >= _LEAST_VERTICES) & (size <= _MOST_VERTICES))


def _radii_of_rings(rings: GeometryArray, tolerance: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the radii, and which of them are sure."""
    from cdgis.geometry.kernels.compiled.inscribed import inscribed_radii

    start = np.append(0, np.cumsum(shapely.get_num_coordinates(rings))).astype(np.int64)
    inner = shapely.get_coordinates(shapely.point_on_surface(rings))
    return inscribed_radii(shapely.get_coordinates(rings), start, inner, tolerance)
