"""Validity of many polygons, most of them known to be valid without asking GEOS."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine

_COUNTS = 4
"""How much each shape counts to the size of a job: GEOS takes some microseconds for one."""
_MOST_VERTICES = 200
"""Every edge is compared with every other; GEOS has an index for more."""


def are_valid(shapes: GeometryArray, *, engine: Engine | None = None) -> BoolArray:
    """Return what `shapely.is_valid` says, by compiled kernels for single rings that are surely simple, if that pays."""
    if chosen_engine(engine, work=_COUNTS * len(shapes)) is Engine.PLAIN:
        return np.asarray(shapely.is_valid(shapes))
    from cdgis.geometry.kernels.compiled.simple_rings import surely_simple

    valid, size = np.zeros(len(shapes), dtype=bool), shapely.get_num_coordinates(shapes)
    polygon = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    rings = np.flatnonzero(polygon & (shapely.get_num_interior_rings(shapes) == 0) & (size > 0) & (size <= _MOST_VERTICES))
    xy = shapely.get_coordinates(shapes[rings])
    if np.isfinite(xy).all():
        valid[rings] = surely_simple(xy, np.append(0, np.cumsum(size[rings])).astype(np.int64))
    rest = np.flatnonzero(~valid)
    valid[rest] = shapely.is_valid(shapes[rest])
    return valid
