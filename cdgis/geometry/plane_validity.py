"""Polygons made valid on the planes, where straight edges run otherwise than in longitude and latitude."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.geometry.geodesy import geometries_to_local, geometries_to_plane

_POLYGON_DIMENSION = 2


def valid_on_plane(lonlat: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Return EPSG:4490 geometries on the measuring plane, polygons valid there, and which were mended.

    Notes
    -----
    A hole that touches its shell within an edge is valid in degrees and can cross the edge by a fraction of a millimetre
    here (y grows with q(latitude), not with latitude). Overlapping parts are joined, holes stay holes, so no land is
    lost; a polygon of which nothing is left comes back empty.
    """
    return valid_polygons(geometries_to_plane(np.asarray(lonlat, dtype=object)))


def valid_in_distance_plane(lonlat: GeometryArray) -> GeometryArray:
    """Return EPSG:4490 geometries in the distance plane, polygons valid there: for cutting; distances need no validity."""
    return valid_polygons(geometries_to_local(np.asarray(lonlat, dtype=object)))[0]


def valid_polygons(shapes: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Return shapes of one plane, its polygons valid, and which were mended."""
    mended = (shapely.get_dimensions(shapes) == _POLYGON_DIMENSION) & ~shapely.is_valid(shapes)
    if mended.any():
        shapes = shapes.copy()
        shapes[mended] = shapely.make_valid(shapes[mended], method="structure", keep_collapsed=False)
    return shapes, np.asarray(mended)
