"""Outlines coarsened so that nobody can recover the exact line, and neighbours still share theirs.

One rule for every vertex of every layer: it moves to the nearest node of the stated grid, or, where that node lies
within `NEAR_M` of a vertex that must not be known, to the nearest node that does not. The rule looks at the place
alone, so a border that units share with each other, or with a withheld layer, moves the same on both sides.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.geometry.geodesy import lonlat_points
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.map.levels import simplified

NEAR_M = 20.0
"""Metres; the leak check refuses 10, the rest is room for the rounding of drawings."""
_MOST_STEPS = 3
Lonlat = npt.NDArray[np.float64]


class Grid:
    """The grid, and the vertices its nodes keep away from."""

    def __init__(self, step_deg: float, withheld: Lonlat) -> None:
        self.step_deg = step_deg
        self._lat0 = float(np.median(withheld[:, 1])) if len(withheld) else 0.0
        self._tree = shapely.STRtree(lonlat_points(*self._metres(withheld).T))

    def generalised(self, shapes: np.ndarray) -> np.ndarray:
        """Return shapes with every vertex on the grid; what shrinks to nothing becomes an empty shape.

        Parameters
        ----------
        shapes : points, lines or polygons, EPSG:4490; a polygon smaller than a cell or two is dropped.
        """
        thin = simplified(shapes, self.step_deg / 2)
        nodes = self.nodes(shapely.get_coordinates(thin))
        moved = np.array([_rebuilt(s) for s in shapely.set_coordinates(thin.copy(), nodes)], dtype=object)
        crossed = ~shapely.is_valid(moved)
        moved[crossed] = shapely.set_precision(shapely.make_valid(moved[crossed], method="structure"), self.step_deg)
        # Crossings give new vertices, which must keep away as well.
        again = self.nodes(shapely.get_coordinates(moved[crossed]))
        moved[crossed] = shapely.set_coordinates(moved[crossed], again)
        return np.array([_of_kind(s, t) for s, t in zip(moved, thin, strict=True)], dtype=object)

    def nodes(self, lonlat: Lonlat) -> Lonlat:
        """Return the node each place moves to, in degrees."""
        cells, which = np.unique(np.rint(lonlat / self.step_deg).astype(np.int64), axis=0, return_inverse=True)
        moved = cells.copy()
        waiting = np.flatnonzero(self._is_near(cells))
        for dx, dy in _spiral():
            if not len(waiting):
                break
            tried = cells[waiting] + (dx, dy)
            free = ~self._is_near(tried)
            moved[waiting[free]] = tried[free]
            waiting = waiting[~free]
        digits = max(0, math.ceil(-math.log10(self.step_deg)) + 2)
        return np.asarray((moved * self.step_deg).round(digits)[which.ravel()])

    def _is_near(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        near = np.zeros(len(cells), dtype=bool)
        points = lonlat_points(*self._metres(cells * self.step_deg).T)
        near[self._tree.query(points, predicate="dwithin", distance=NEAR_M)[0]] = True
        return near

    def _metres(self, lonlat: npt.NDArray[np.floating[Any]]) -> Lonlat:
        east = METRES_PER_DEGREE * math.cos(math.radians(self._lat0))
        return np.asarray(lonlat, dtype=float).reshape(-1, 2) * (east, METRES_PER_DEGREE)


def _spiral() -> list[tuple[int, int]]:
    """Return steps to neighbouring nodes, nearest first."""
    span = range(-_MOST_STEPS, _MOST_STEPS + 1)
    steps = [(dx, dy) for dx in span for dy in span if dx or dy]
    return sorted(steps, key=lambda step: (step[0] ** 2 + step[1] ** 2, step))


def _of_kind(shape: shapely.Geometry, like: shapely.Geometry) -> shapely.Geometry:
    """Return the parts of a shape that have the dimension of another, as one shape; an empty one when none has."""
    dimension = shapely.get_dimensions(like)
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == dimension]
    makers: dict[int, Callable[[list[Any]], shapely.Geometry]] = {
        0: shapely.MultiPoint,
        1: shapely.MultiLineString,
        2: shapely.MultiPolygon,
    }
    return makers.get(int(dimension), shapely.GeometryCollection)(parts)


def _rebuilt(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a moved shape without doubled vertices and without rings that have shrunk to a line."""
    if shapely.get_dimensions(shape) == 2:
        rings = [[_ring(ring) for ring in shapely.get_rings(part)] for part in shapely.get_parts(shape)]
        kept = [shapely.Polygon(part[0], [hole for hole in part[1:] if hole is not None]) for part in rings if part[0]]
        return shapely.MultiPolygon(kept)
    return shapely.remove_repeated_points(shape)


def _ring(ring: shapely.Geometry) -> shapely.LinearRing | None:
    xy = shapely.get_coordinates(ring)
    xy = xy[np.r_[True, np.any(np.diff(xy, axis=0) != 0, axis=1)]]
    if len(xy) < 4 or shapely.Polygon(xy).area == 0:
        return None
    return shapely.LinearRing(xy)
