"""Many geometries of one file settled together: those that need nothing at once, each of the others as a single one is."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.errors import CrsError
from cdgis.geometry.geodesy import geodesic_distance_m
from cdgis.geometry.kernels.sure_validity import are_valid
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.readers.crs import GEOGRAPHIC, WGS84_NOTE, check_coordinates
from cdgis.readers.input_limits import MOST_EXTENT_M, SLOW_VERTICES
from cdgis.readers.intake import noted
from cdgis.readers.records import SiteSource, crs_remedy
from cdgis.readers.repair import Settled, densified_lonlat, settle, usable
from cdgis.workspace.given_outline import GivenOutline

_COLLECTION = 7
_DEGREE_M = 112_000.0
"""More than a degree of latitude or longitude measures anywhere."""


def settle_rows(shapes: GeometryArray, epsg: int, source: SiteSource) -> list[Settled]:
    """Return what `settle` makes of each geometry (x = easting or longitude in `epsg`), in their order."""
    lonlat, plain = _as_they_are(shapes, epsg, source)
    said = (noted(WGS84_NOTE, field="坐标系"),) if epsg == 4326 else ()
    areal = shapely.get_dimensions(shapes) > 0
    return [
        Settled(geometry=lonlat[at], remarks=said, given=GivenOutline(shape=shapes[at], epsg=epsg) if areal[at] else None)
        if plain[at]
        else settle(shapes[at], epsg, source=source.label, remedy=crs_remedy(), home=source.home, repair_share=source.repair_share)
        for at in range(len(shapes))
    ]


def _as_they_are(shapes: GeometryArray, epsg: int, source: SiteSource) -> tuple[GeometryArray, BoolArray]:
    """Return geometries in EPSG:4490, and which of them certainly need nothing and earn no remark of their own."""
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
