"""Plane geometry of shapes and overlap thickness; knows nothing of zones or rules."""

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry import geodesy
from cdgis.geometry.planes import current_planes

SLIVER_AREA_M2 = 1.0
SLIVER_DISC_M = 0.1
"""Diameter of the disc that must fit into a real overlap."""
SLIVER_SHARE = 0.5
LINE_HIT_M = 0.1

COURSE_EDGE_M = 150.0
"""Edges this long bow by <= 0.4 mm between the planes, so distances hold to the millimetre."""
_STRIP_EDGE_M = 100.0
"""Edges this long bow by 0.2 mm between the planes, little beside a 0.1 m strip."""
_JUST_UNDER = 1 - 1e-9
_COLLECTION = 7
_EMPTY = shapely.Polygon()


def follow_plane(lonlat: GeometryArray, plane: GeometryArray) -> GeometryArray:
    """Return EPSG:4490 geometries with vertices added where measuring-plane edges exceed COURSE_EDGE_M.

    Between vertices the planes disagree on what is straight: by metres on a 10 km edge, by <= 0.4 mm afterwards.
    """
    dense = densified(plane, COURSE_EDGE_M)
    long = shapely.get_num_coordinates(dense) > shapely.get_num_coordinates(plane)
    out = np.asarray(lonlat).copy()
    out[long] = geodesy.geometries_from_plane(dense[long])
    return out


def densified(geoms: GeometryArray, longest_edge_m: float) -> GeometryArray:
    """Return geometries with edges cut to at most `longest_edge_m` in their own plane."""
    out: GeometryArray = np.asarray(geoms).copy()
    # no edge is longer than the box; and GEOS refuses to segmentize a line of no length
    x0, y0, x1, y1 = shapely.bounds(out).reshape(-1, 4).T
    wide = np.flatnonzero(np.hypot(x1 - x0, y1 - y0) > longest_edge_m * _JUST_UNDER)
    long = _with_edges_of(out, wide[shapely.length(out[wide]) > longest_edge_m], longest_edge_m * _JUST_UNDER)
    out[long] = shapely.segmentize(out[long], longest_edge_m)
    return out


def _with_edges_of(geoms: GeometryArray, rows: IntArray, length: float) -> IntArray:
    """Return those of the rows, none of them empty, in which two vertices in sequence lie farther apart: GEOS cuts no other."""
    if not len(rows):
        return rows
    xy = shapely.get_coordinates(geoms[rows])
    size = shapely.get_num_coordinates(geoms[rows])
    start = np.cumsum(size) - size
    apart = np.zeros(len(xy))
    apart[1:] = np.square(np.diff(xy, axis=0)).sum(axis=1)
    apart[start] = 0.0
    return np.asarray(rows[np.maximum.reduceat(apart, start) > length**2])


def to_local(plane: GeometryArray, longest_edge_m: float) -> GeometryArray:
    """Return measuring-plane geometries in the distance plane, long edges cut so that they keep their course."""
    return geodesy.geometries_to_local(geodesy.geometries_from_plane(densified(plane, longest_edge_m)))


def is_sliver(overlaps: GeometryArray, share: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which measuring-plane overlaps are slivers (DESIGN 4.3).

    share < 0.5 and (area <= 1 m² or no disc of 0.1 m diameter fits). A/P > 0.05 m already proves that one fits.
    """
    area, perimeter = shapely.area(overlaps), shapely.length(overlaps)
    small = area <= SLIVER_AREA_M2
    # The measuring plane stretches lengths: by up to 2 % in a city, more in a province.
    doubtful = ~small & (share < SLIVER_SHARE) & (area <= perimeter * SLIVER_DISC_M / 2 * current_planes().stretch)
    thin = np.zeros(len(area), dtype=bool)
    if doubtful.any():
        # No disc fits exactly where shrinking by its radius leaves nothing, however long the strip is.
        local = to_local(overlaps[doubtful], _STRIP_EDGE_M)
        thin[doubtful] = shapely.is_empty(shapely.buffer(local, -SLIVER_DISC_M / 2))
    return np.asarray((share < SLIVER_SHARE) & (small | thin))


def polygonal(geoms: GeometryArray) -> GeometryArray:
    """Return the areal part of each geometry, an empty polygon where there is none."""
    geoms = np.asarray(geoms)
    out = of_dimension(geoms, 2)
    out[shapely.get_dimensions(geoms) != 2] = _EMPTY
    return out


def of_dimension(geoms: GeometryArray, dimension: int) -> GeometryArray:
    """Return each geometry with collections reduced to their parts of one dimension (possibly none)."""
    out: GeometryArray = np.asarray(geoms).copy()
    for i in np.flatnonzero(shapely.get_type_id(out) == _COLLECTION):
        parts = shapely.get_parts(out[i])
        out[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
    return out
