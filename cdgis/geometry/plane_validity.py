"""Polygons made valid on the planes, where straight edges run otherwise than in longitude and latitude."""

from dataclasses import dataclass
from functools import cached_property
from operator import is_

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry.geodesy import geometries_to_local, geometries_to_plane
from cdgis.geometry.kernels.sure_validity import are_valid
from cdgis.geometry.planes import Planes, current_planes

_POLYGON_DIMENSION = 2
_WORTH_KEEPING = 1000
"""So many at once are parcels of a batch: reading asks first, measuring a moment later, describing at last."""


@dataclass(frozen=True)  # no slots: areas are kept when first asked for
class _Answer:
    """The last large answer: the shapes themselves stand in it, so that no other can be taken for one of them."""

    planes: Planes
    lonlat: GeometryArray
    plane: GeometryArray
    mended: BoolArray

    @cached_property
    def area_m2(self) -> FloatArray:
        """Of the shapes on the plane."""
        return np.asarray(shapely.area(self.plane))

    def places(self, lonlat: GeometryArray) -> IntArray | None:
        """Return where each shape stands in the answer, None if one of them does not."""
        if self.planes != current_planes() or len(lonlat) > len(self.lonlat):
            return None
        known, asked = self.lonlat.tolist(), lonlat.tolist()
        if len(asked) == len(known) and all(map(is_, known, asked)):
            return np.arange(len(asked))
        place = dict(zip(map(id, known), range(len(known)), strict=True))
        found = [place.get(id(one), -1) for one in asked]
        return None if min(found) < 0 else np.array(found)


_last: list[_Answer] = []


def valid_on_plane(lonlat: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Return EPSG:4490 geometries on the measuring plane, polygons valid there, and which were mended.

    Notes
    -----
    A hole that touches its shell within an edge is valid in degrees and can cross the edge by a fraction of a millimetre
    here (y grows with q(latitude), not with latitude). Overlapping parts are joined, holes stay holes, so no land is
    lost; a polygon of which nothing is left comes back empty.
    """
    lonlat = np.asarray(lonlat, dtype=object)
    if len(lonlat) < _WORTH_KEEPING:
        return valid_polygons(geometries_to_plane(lonlat))
    known, places = _laid_out(lonlat)
    return known.plane[places], known.mended[places]


def areas_on_plane(lonlat: GeometryArray) -> FloatArray:
    """Return the areas of the shapes that `valid_on_plane` gives, square metres."""
    lonlat = np.asarray(lonlat, dtype=object)
    if len(lonlat) < _WORTH_KEEPING:
        return np.asarray(shapely.area(valid_on_plane(lonlat)[0]))
    known, places = _laid_out(lonlat)
    return known.area_m2[places]


def _laid_out(lonlat: GeometryArray) -> tuple[_Answer, IntArray]:
    """Return an answer that holds these shapes, and where each stands in it."""
    for known in _last[:]:
        places = known.places(lonlat)
        if places is not None:
            return known, places
    answer = _Answer(current_planes(), lonlat.copy(), *valid_polygons(geometries_to_plane(lonlat)))
    _last[:] = [answer]
    return answer, np.arange(len(lonlat))


def valid_in_distance_plane(lonlat: GeometryArray) -> GeometryArray:
    """Return EPSG:4490 geometries in the distance plane, polygons valid there: for cutting; distances need no validity."""
    return valid_polygons(geometries_to_local(np.asarray(lonlat, dtype=object)))[0]


def valid_polygons(shapes: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Return shapes of one plane, its polygons valid, and which were mended."""
    mended = (shapely.get_dimensions(shapes) == _POLYGON_DIMENSION) & ~are_valid(shapes)
    if mended.any():
        shapes = shapes.copy()
        shapes[mended] = shapely.make_valid(shapes[mended], method="structure", keep_collapsed=False)
    return shapes, np.asarray(mended)
