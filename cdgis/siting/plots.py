"""Ground of an area that is open to building, and plots of stated sizes on it, apart from one another.

Shapes are cut in the distance plane, sizes are survey areas (DESIGN 4.2). What is left of an area beside the zones is open
unless it is a sliver (DESIGN 4.3, the same law as for overlaps); plots stand on connected ground, off the zones by the
setback, and nowhere on strips narrower than a stated width.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import GeometryArray
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.geometry.shapes import COURSE_EDGE_M, densified, is_sliver, polygonal
from cdgis.judging.extents import cut_ground
from cdgis.siting.clearance import ObstacleUnions, as_written, widened

_HALVINGS = 40
_EXCESS_M2 = 1e-6
"""A square is small enough when it cuts off no more than this above what is asked for: what areas are rounded by."""
_APART_M = 1e-3
"""Ground this near to a plot is taken: beside a border that was rounded when it was written, a hairline would be left."""
_SLACK = 1e-6
"""Share of its size that a plot may lack: areas are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGround:
    """Where in one area somebody may build."""

    area: BaseGeometry
    """The whole area, distance plane."""
    blocks: GeometryArray
    """Connected polygons that plots may stand on, distance plane, the largest first."""
    prohibited_m2: float
    """Survey area that is not open."""
    block_m2: float
    """Survey area of the largest block, 0 without one."""
    total_m2: float
    """Survey area of all blocks."""
    scale: float
    """How many square metres of the distance plane make one of the survey here."""

    @classmethod
    def of(
        cls, area: BaseGeometry, zones: GeometryArray, *, least_width_m: float, obstacles: ObstacleUnions | None = None
    ) -> "OpenGround":
        """Return what `zones` (EPSG:4490, any kind) leave open of a polygon `area` (EPSG:4490); `obstacles` knows those asked before."""
        drawn = np.array([area], dtype=object)
        whole, everything = cut_ground(drawn)[0], float(shapely.area(valid_on_plane(drawn)[0])[0])
        kept = ground = whole
        if len(zones):
            solid, thin = (obstacles or ObstacleUnions()).of(zones)
            kept, ground = shapely.difference(whole, [solid, widened(solid, thin)])
        parts = shapely.get_parts(polygonal(np.array([kept]))[0])
        sizes = _survey_m2(parts)
        sliver = is_sliver(geodesy.geometries_to_plane(geodesy.geometries_from_local(parts)), sizes / everything)
        blocks = _blocks(ground, least_width_m)
        found = _survey_m2(blocks)
        order = np.argsort(-found, kind="stable")
        return cls(
            area=whole, blocks=blocks[order], prohibited_m2=max(everything - float(sizes[~sliver].sum()), 0.0),
            block_m2=float(found.max(initial=0.0)), total_m2=float(found.sum()), scale=float(shapely.area(whole) / _survey_m2(np.array([whole]))[0]),
        )  # fmt: skip

    def plot(self, area_m2: float) -> BaseGeometry:
        """Return (EPSG:4490) a compact plot of that survey area on the largest block; on any ground where none is large enough."""
        return self.plots_alone([area_m2])[0]

    def plots_alone(self, areas_m2: Sequence[float]) -> list[BaseGeometry]:
        """Return for each of some survey areas what `plot` returns for it."""
        widest = max(shapely.get_parts(self.area), key=shapely.area)
        blocks = [self.blocks[0] if self.block_m2 >= area * (1 - _SLACK) else widest for area in areas_m2]
        return _written([_plot(block, area * self.scale) for block, area in zip(blocks, areas_m2, strict=True)])

    def plots(self, areas_m2: Sequence[float], taken: Sequence[BaseGeometry]) -> list[BaseGeometry | None]:
        """Return plots (EPSG:4490) of those survey areas that meet neither one another nor `taken` (EPSG:4490), None where none is left.

        The ground is divided by straight cuts across its longer side, so that what is left over stays whole.
        """
        blocks = self._beside(taken)
        needs = [(i, area * self.scale) for i, area in enumerate(areas_m2)]
        found = _divided(blocks, needs, turned=False)
        if len(found) < len(needs):
            found = max(found, _divided(blocks, needs, turned=True), key=len)
        written = dict(zip(found, _written(list(found.values())), strict=True))
        return [written.get(i) for i in range(len(areas_m2))]

    def room_m2(self, taken: Sequence[BaseGeometry]) -> float:
        """Return the survey area of the largest plot there is beside `taken` (EPSG:4490)."""
        return float(shapely.area(self._beside(taken)).max(initial=0.0)) / (self.scale * (1 - _SLACK))

    def _beside(self, taken: Sequence[BaseGeometry]) -> GeometryArray:
        """Return the connected ground that is left beside `taken`."""
        ground = shapely.union_all(self.blocks)
        if len(taken):
            apart = shapely.buffer(cut_ground(np.array(taken, dtype=object)), _APART_M, join_style="mitre")
            ground = shapely.difference(ground, shapely.union_all(apart))
        return _connected(ground)


def _blocks(ground: BaseGeometry, least_width_m: float) -> GeometryArray:
    """Return the connected parts of distance-plane ground without its strips narrower than `least_width_m`."""
    half = least_width_m / 2
    core = shapely.buffer(ground, -half, join_style="mitre")
    return _connected(shapely.intersection(shapely.buffer(core, half, join_style="mitre", mitre_limit=2.0), ground))


def _connected(ground: BaseGeometry) -> GeometryArray:
    parts = shapely.get_parts(polygonal(np.array([ground]))[0])
    return np.asarray(parts[shapely.area(parts) > 0], dtype=object)


def _survey_m2(local: GeometryArray) -> np.ndarray:
    return geodesy.survey_area_m2(geodesy.geometries_from_local(local)) if len(local) else np.zeros(0)


def _written(local: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return pieces of distance-plane ground as they are handed out, EPSG:4490; hairlines that rounding would cross go first."""
    found = _rounded(local)
    for i in np.flatnonzero((shapely.get_type_id(found) != shapely.GeometryType.POLYGON) | ~shapely.is_valid(found)).tolist():
        core = shapely.buffer(local[i], -_APART_M, join_style="mitre")
        parts = shapely.get_parts(shapely.buffer(core, _APART_M, join_style="mitre", mitre_limit=2.0))
        found[i] = _rounded([max(parts, key=shapely.area, default=local[i])])[0]
    return list(found)


def _rounded(local: Sequence[BaseGeometry]) -> GeometryArray:
    lonlat = geodesy.geometries_from_local(densified(np.array(local, dtype=object), COURSE_EDGE_M))
    return np.array([as_written(one) for one in geodesy.geometries_from_plane(valid_on_plane(lonlat)[0])], dtype=object)


@lru_cache(maxsize=512)
def _middle(ground: BaseGeometry) -> Point:
    """Return the innermost point of connected ground."""
    tolerance = max(float(np.sqrt(shapely.area(ground))) * 1e-2, 1e-3)
    inwards = shapely.maximum_inscribed_circle(np.array([ground]), tolerance=tolerance)[0]
    return Point(shapely.get_coordinates(inwards)[0])


def _plot(ground: BaseGeometry, area_m2: float) -> BaseGeometry:
    """Return the least square around the innermost point of connected `ground` that cuts so much of it off in one piece."""
    if shapely.area(ground) <= area_m2:
        return ground
    centre = _middle(ground)

    def piece(half_m: float) -> BaseGeometry:
        """Return the part around the centre of what a square of that half width cuts off."""
        square = shapely.box(centre.x - half_m, centre.y - half_m, centre.x + half_m, centre.y + half_m)
        parts = _connected(shapely.intersection(ground, square))
        around: BaseGeometry = parts[np.argmin(shapely.distance(parts, centre))] if len(parts) > 1 else parts[0]
        return around

    west, south, east, north = shapely.bounds(ground)
    low, high = float(np.sqrt(area_m2)) / 2 * (1 + 1e-9), max(east - west, north - south)
    found = piece(low)
    lacks, spare = area_m2 - shapely.area(found), shapely.area(ground) - area_m2
    if lacks <= 0:
        return found
    found, widest = ground, high
    for turn in range(3 * _HALVINGS):  # by the chord, every third time in the middle: areas jump where parts meet
        if spare <= _EXCESS_M2 or high - low <= widest / 2**_HALVINGS:
            break
        middle = (low + high) / 2 if turn % 3 == 2 else low + (high - low) * lacks / (lacks + spare)
        tried = piece(middle)
        more = shapely.area(tried) - area_m2
        if more >= 0:
            found, high, spare, lacks = tried, middle, more, lacks / 2 if turn % 3 == 1 else lacks
        else:
            low, lacks = middle, -more
    return found


_Needs = Sequence[tuple[int, float]]
"""(number, square metres) of plots wanted."""


def _divided(blocks: Iterable[BaseGeometry], needs: _Needs, *, turned: bool) -> dict[int, BaseGeometry]:
    """Return plots by number, as many as the blocks have room for: the largest first, each where most room is left."""
    ground = list(blocks)
    if not ground:
        return {}
    room = [float(shapely.area(block)) for block in ground]
    members: list[list[tuple[int, float]]] = [[] for _ in ground]
    for number, area in sorted(needs, key=lambda need: (-need[1], need[0])):
        at = int(np.argmax(room))
        if room[at] >= area * (1 - _SLACK):
            room[at] -= area
            members[at].append((number, area))
    found: dict[int, BaseGeometry] = {}
    for block, wanted in zip(ground, members, strict=True):
        found |= _halved(block, wanted, turned=turned)
    return found


def _halved(block: BaseGeometry, needs: _Needs, *, turned: bool) -> dict[int, BaseGeometry]:
    """Return the plots of one block: it is cut in two, each half with its share of the plots, until one is left in each."""
    if len(needs) < 2:
        return {number: _plot(block, area) for number, area in needs}
    halves: tuple[list[tuple[int, float]], list[tuple[int, float]]] = ([], [])
    for need in needs:  # the largest first
        min(halves, key=lambda half: sum(area for _, area in half)).append(need)
    share = sum(area for _, area in halves[0]) / sum(area for _, area in needs)
    west, south, east, north = shapely.bounds(block)
    across = bool((east - west >= north - south) != turned)
    at = _cut(block, share * shapely.area(block), across=across)
    boxes = ((west, south, at, north), (at, south, east, north)) if across else ((west, south, east, at), (west, at, east, north))
    found: dict[int, BaseGeometry] = {}
    for box, wanted in zip(boxes, halves, strict=True):
        found |= _divided(_connected(shapely.intersection(block, shapely.box(*box))), wanted, turned=turned)
    return found


def _cut(block: BaseGeometry, area_m2: float, *, across: bool) -> float:
    """Return where a line across (x) or along (y) has so much of a polygon on its lower side.

    That area is the integral along all borders, each only as far as the line; between two vertices it is quadratic.
    """
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(block)]
    origin = rings[0][0]
    edges = [np.concatenate([(ring - origin)[:-1, :: 1 if across else -1], (ring - origin)[1:, :: 1 if across else -1]], axis=1) for ring in rings]
    turns = [float(((e[:, 2] - e[:, 0]) * (e[:, 1] + e[:, 3])).sum()) for e in edges]
    signs = [np.full(len(e), np.sign(turn) * (1.0 if i == 0 else -1.0)) for i, (e, turn) in enumerate(zip(edges, turns, strict=True))]
    (u0, v0, u1, v1), sign = np.concatenate(edges).T, np.concatenate(signs)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(u1 == u0, 0.0, (v1 - v0) / (u1 - u0))

    def below(at: float) -> float:
        """Return the area on the lower side."""
        a, b = np.minimum(u0, at), np.minimum(u1, at)
        return float((sign * (b - a) * (2 * v0 + slope * (a - u0 + b - u0))).sum()) / 2

    stops = np.unique(u0)
    first, last = 0, len(stops) - 1
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (middle, last) if below(stops[middle]) < area_m2 else (first, middle)
    low, width = float(stops[first]), float(stops[last] - stops[first])
    start, half, end = below(low), below(low + width / 2), below(low + width)
    rise, bend = (4 * half - 3 * start - end) / width, 2 * (end - 2 * half + start) / width**2
    lacks = max(area_m2 - start, 0.0)
    root = rise + np.sqrt(max(rise**2 + 4 * bend * lacks, 0.0))
    return float(origin[0 if across else 1] + low + min(2 * lacks / root if root > 0 else 0.0, width))
