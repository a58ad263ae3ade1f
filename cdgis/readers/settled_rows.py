"""Many geometries of one file looked at together: which of them need nothing, so that only the others are settled one by one."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.errors import CrsError
from cdgis.geometry.geodesy import geodesic_distance_m
from cdgis.geometry.kernels.sure_validity import are_valid
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.readers.crs import GEOGRAPHIC, WGS84_NOTE, check_coordinates
from cdgis.readers.input_limits import MOST_EXTENT_M, SLOW_VERTICES
from cdgis.readers.intake import Remark, noted
from cdgis.readers.records import SiteSource
from cdgis.readers.repair import densified_lonlat, usable

_COLLECTION = 7
_DEGREE_M = 112_000.0
"""More than a degree of latitude or longitude measures anywhere."""


def said_of_all(epsg: int) -> tuple[Remark, ...]:
    """Return what is said of every geometry of a file in `epsg`, however sound it is."""
    return (noted(WGS84_NOTE, field="坐标系"),) if epsg == 4326 else ()


def as_they_are(shapes: GeometryArray, epsg: int, source: SiteSource) -> tuple[GeometryArray, BoolArray]:
    """Return geometries in EPSG:4490, and which of them certainly need nothing: `settle` leaves them so and says `said_of_all`.

    Parameters
    ----------
    shapes : x = easting or longitude in `epsg`.
    """
    plain = usable(shapes) & ~shapely.has_z(shapes) & are_valid(shapes) & (shapely.get_type_id(shapes) != _COLLECTION)
    plain &= shapely.get_num_coordinates(shapes) <= SLOW_VERTICES
    lonlat = np.full(len(shapes), None, dtype=object)
    if not plain.any():
        return lonlat, plain
    west, south, east, north = shapely.total_bounds(shapes[plain]).tolist()
    try:
        check_coordinates(source.label, (west, south, east, north), epsg, remedy="")
    except CrsError:
        # one of them lies elsewhere: each is looked at by itself
        return lonlat, np.zeros(len(shapes), dtype=bool)
    lonlat[plain], cut = densified_lonlat(shapes[plain], epsg)
    plane, crossed = valid_on_plane(lonlat[plain])
    x_min, y_min, x_max, y_max = shapely.bounds(lonlat[plain]).T
    fine = ~cut & ~crossed & ~shapely.is_empty(plane)
    wide = np.flatnonzero((x_max - x_min + y_max - y_min) * _DEGREE_M > MOST_EXTENT_M)  # along its sides no box is longer
    fine[wide] &= geodesic_distance_m(x_min[wide], y_min[wide], x_max[wide], y_max[wide]) <= MOST_EXTENT_M
    if source.home is not None and epsg not in GEOGRAPHIC:
        fine &= (x_min >= source.home[0]) & (y_min >= source.home[1]) & (x_max <= source.home[2]) & (y_max <= source.home[3])
    plain[plain] = fine
    return lonlat, plain
