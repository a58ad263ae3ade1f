"""Polygons made valid on the measuring plane, where straight edges run otherwise than in longitude and latitude."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.geometry.geodesy import geometries_to_plane

_POLYGON_DIMENSION = 2


def valid_on_plane(lonlat: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Return EPSG:4490 geometries on the measuring plane, polygons valid there, and which were mended.

    Notes
    -----
    A hole that touches its shell within an edge is valid in degrees and can cross the edge by a fraction of a millimetre
    here (y grows with q(latitude), not with latitude). Overlapping parts are joined, holes stay holes, so no land is
    lost; a polygon of which nothing is left comes back empty.
    """
    plane = geometries_to_plane(np.asarray(lonlat, dtype=object))
    mended = (shapely.get_dimensions(plane) == _POLYGON_DIMENSION) & ~shapely.is_valid(plane)
    if mended.any():
        plane[mended] = shapely.make_valid(plane[mended], method="structure", keep_collapsed=False)
    return plane, np.asarray(mended)
