"""Ground of an area that is open to building, and plots of stated sizes on it, apart from one another.

Shapes are cut in the distance plane, sizes are survey areas (DESIGN 4.2). What is left of an area beside the zones is open
unless it is a sliver (DESIGN 4.3, the same law as for overlaps); plots stand on connected ground, off the zones by the
setback, and nowhere on strips narrower than a stated width.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import GeometryArray
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.geometry.shapes import COURSE_EDGE_M, densified, is_sliver, polygonal
from cdgis.judging.extents import cut_ground
from cdgis.siting.clearance import ObstacleUnions, as_written, widened

_HALVINGS = 40
_APART_M = 1e-3
"""Ground this near to a plot is taken: beside a border that was rounded when it was written, a hairline would be left."""
_SLACK = 1e-6
"""Share of its size that a plot may lack: cuts are found by halving."""


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
            block_m2=float(found.max(initial=0.0)), total_m2=float(found.sum()),
        )  # fmt: skip

    def plot(self, area_m2: float) -> BaseGeometry:
        """Return (EPSG:4490) a compact plot of that survey area on the largest block; on any ground where none is large enough."""
        fits = self.block_m2 >= area_m2 * (1 - _SLACK)
        ground = self.blocks[0] if fits else max(shapely.get_parts(self.area), key=shapely.area)
        return _written(_plot(ground, area_m2 * _scale(self.area)))

    def plots(self, areas_m2: Sequence[float], taken: Sequence[BaseGeometry]) -> list[BaseGeometry | None]:
        """Return plots (EPSG:4490) of those survey areas that meet neither one another nor `taken` (EPSG:4490), None where none is left.

        The ground is divided by straight cuts across its longer side, so that what is left over stays whole.
        """
        blocks = self._beside(taken)
        scale = _scale(self.area)
        needs = [(i, area * scale) for i, area in enumerate(areas_m2)]
        found = _divided(blocks, needs, turned=False)
        if len(found) < len(needs):
            found = max(found, _divided(blocks, needs, turned=True), key=len)
        return [_written(found[i]) if i in found else None for i in range(len(areas_m2))]

    def room_m2(self, taken: Sequence[BaseGeometry]) -> float:
        """Return the survey area of the largest plot there is beside `taken` (EPSG:4490)."""
        return float(shapely.area(self._beside(taken)).max(initial=0.0)) / (_scale(self.area) * (1 - _SLACK))

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


def _scale(local: BaseGeometry) -> float:
    """Return how many square metres of the distance plane make one of the survey."""
    return float(shapely.area(local) / _survey_m2(np.array([local]))[0])


def _written(local: BaseGeometry) -> BaseGeometry:
    """Return distance-plane ground as it is handed out, EPSG:4490; hairlines that rounding would cross go first, where there are any."""
    found = _rounded(local)
    if found.geom_type != "Polygon" or not found.is_valid:
        core = shapely.buffer(local, -_APART_M, join_style="mitre")
        parts = shapely.get_parts(shapely.buffer(core, _APART_M, join_style="mitre", mitre_limit=2.0))
        found = _rounded(max(parts, key=shapely.area, default=local))
    return found


def _rounded(local: BaseGeometry) -> BaseGeometry:
    lonlat = geodesy.geometries_from_local(densified(np.array([local]), COURSE_EDGE_M))
    return as_written(geodesy.geometries_from_plane(valid_on_plane(lonlat)[0])[0])


def _plot(ground: BaseGeometry, area_m2: float) -> BaseGeometry:
    """Return the least square around the innermost point of connected `ground` that cuts so much of it off in one piece."""
    if shapely.area(ground) <= area_m2:
        return ground
    tolerance = max(float(np.sqrt(shapely.area(ground))) * 1e-2, 1e-3)
    centre = shapely.get_point(shapely.maximum_inscribed_circle(np.array([ground]), tolerance=tolerance)[0], 0)

    def piece(half_m: float) -> BaseGeometry:
        """Return the part around the centre of what a square of that half width cuts off."""
        square = shapely.box(centre.x - half_m, centre.y - half_m, centre.x + half_m, centre.y + half_m)
        parts = _connected(shapely.intersection(ground, square))
        around: BaseGeometry = parts[np.argmin(shapely.distance(parts, centre))]
        return around

    west, south, east, north = shapely.bounds(ground)
    low, high = float(np.sqrt(area_m2)) / 2, max(east - west, north - south)
    least = piece(low * (1 + 1e-9))
    if shapely.area(least) >= area_m2:
        return least
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if shapely.area(piece(middle)) >= area_m2 else (middle, high)
    return piece(high)


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
    across = (east - west >= north - south) != turned
    low, high = (west, east) if across else (south, north)

    def side(at: float, *, first: bool) -> BaseGeometry:
        """Return one side of the cut."""
        box = (west, south, at, north) if across else (west, south, east, at)
        if not first:
            box = (at, south, east, north) if across else (west, at, east, north)
        return shapely.intersection(block, shapely.box(*box))

    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        less = shapely.area(side(middle, first=True)) < share * shapely.area(block)
        low, high = (middle, high) if less else (low, middle)
    found: dict[int, BaseGeometry] = {}
    for half, wanted in zip((side(high, first=True), side(high, first=False)), halves, strict=True):
        found |= _divided(_connected(half), wanted, turned=turned)
    return found
