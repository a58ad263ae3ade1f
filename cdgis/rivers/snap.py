"""Where a place on land enters the river, how far off it is, and when that is too far.

The nearest point of the network counts only if water of the place can get there: with a flow grid, the place's
own way downhill must meet the stream above or at most `limit_m` below that point. So nothing is snapped across
a water divide. Beyond `limit_m` nothing is snapped at all; the nearest reaches are offered instead.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.geometry.geodesy import geodesic_distance_m, geometries_from_local, geometries_to_local, lonlat_points
from cdgis.geometry.plane_validity import valid_in_distance_plane
from cdgis.rivers.network import Network

OFFERED = 5
TIE_M = 1.0
"""Reaches whose distances differ by no more are equally near: far below the accuracy of any river line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapped:
    """Positions on the network, one for each place."""

    vertex: IntArray
    """Vertex whose segment holds the position; -1 where the place was refused."""
    to_outlet_m: FloatArray
    """Way from the position to the outlet; NaN where refused."""
    offset_m: FloatArray
    """Geodesic distance between the place and the network: to the position, or if refused to the nearest reach."""
    lon_deg: FloatArray
    lat_deg: FloatArray
    """The position; where refused, the nearest point of the network."""
    behind_divide: npt.NDArray[np.bool_]
    """Whether a nearer reach was passed over because the place does not drain to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A reach offered in place of a refused snap."""

    reach_id: str
    river: str
    lon_deg: float
    lat_deg: float
    offset_m: float
    drains_here: bool
    """Whether the place's water reaches it."""


class Snapper:
    """Finds positions on one network; holds its segments and their tree."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.segments = network.segments_local()
        self.tree = shapely.STRtree(self.segments)

    def snap(self, lon_deg: FloatArray, lat_deg: FloatArray, *, limit_m: float) -> Snapped:
        """Return where places (degrees, EPSG:4490) enter the network within `limit_m` metres."""
        places = geometries_to_local(lonlat_points(lon_deg, lat_deg))
        # The plane's scale error is below 4e-4: widen the search, decide by geodesic distance.
        place, segment = self.tree.query(places, predicate="dwithin", distance=limit_m * 1.001)
        vertex = self.network.donors[segment]
        along, near = self._nearest(places[place], segment)
        offset = geodesic_distance_m(lon_deg[place], lat_deg[place], shapely.get_x(near), shapely.get_y(near))
        position = self._position(vertex, along)
        drains = self._drains(lon_deg[place], lat_deg[place], vertex, limit_m)
        usable = (offset <= limit_m) & drains
        # Of reaches equally near (within TIE_M, as at a confluence) the one that starts lowest: both branches reach it.
        start = self.network.forest.to_outlet_m[vertex]
        least = np.full(len(places), np.inf)
        np.minimum.at(least, place[usable], offset[usable])
        best = _first_of_each(place, np.lexsort((start, offset > least[place] + TIE_M, ~usable, place)))
        nearest = _first_of_each(place, np.lexsort((vertex, offset, place)))
        hit = best[usable[best]]
        out = self._refused(places, lon_deg, lat_deg)
        out.vertex[place[hit]], out.to_outlet_m[place[hit]] = vertex[hit], position[hit]
        out.offset_m[place[hit]] = offset[hit]
        out.lon_deg[place[hit]], out.lat_deg[place[hit]] = shapely.get_x(near[hit]), shapely.get_y(near[hit])
        passed = ~drains[nearest] & (offset[nearest] <= limit_m) & (offset[nearest] < np.where(usable[best], offset[best], np.inf) - 1e-6)
        out.behind_divide[place[nearest]] = passed
        return out

    def within(self, shapes: npt.NDArray[np.object_], distance_m: float) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Return which segments lie within `distance_m` of which EPSG:4490 shapes.

        Returns
        -------
        shape positions, vertices, offset_m (geodesic; 0 where they meet), to_outlet_m of the first point downstream
        along the segment at that offset.
        """
        local = valid_in_distance_plane(shapes)
        shape, segment = self.tree.query(local, predicate="dwithin", distance=distance_m * 1.001)
        lines, areas = self.segments[segment], local[shape]
        meet = shapely.intersection(lines, areas)
        touching = ~shapely.is_empty(meet)
        start = shapely.get_point(lines, 0)
        nearest = shapely.shortest_line(np.where(touching, meet, areas), np.where(touching, start, lines))
        along = shapely.line_locate_point(lines, shapely.get_point(nearest, np.where(touching, 0, -1)))
        offset = np.where(touching, 0.0, self._geodesic(nearest))
        vertex = self.network.donors[segment]
        kept = offset <= distance_m
        return shape[kept], vertex[kept], offset[kept], self._position(vertex, along)[kept]

    def candidates(self, lon_deg: float, lat_deg: float) -> tuple[Candidate, ...]:
        """Return the nearest reaches of a place, one entry a reach, nearest first."""
        place = geometries_to_local(lonlat_points(np.array([lon_deg]), np.array([lat_deg])))
        reach = self.network.reach[self.network.donors]
        order = np.argsort(shapely.distance(self.segments, place[0]), kind="stable")
        first = order[np.sort(np.unique(reach[order], return_index=True)[1])[:OFFERED]]
        vertex = self.network.donors[first]
        _, near = self._nearest(np.repeat(place, len(first)), first)
        lon, lat = shapely.get_x(near), shapely.get_y(near)
        here = np.full(len(first), lon_deg), np.full(len(first), lat_deg)
        offset, drains = geodesic_distance_m(*here, lon, lat), self._drains(*here, vertex, np.inf)
        return tuple(
            Candidate(
                reach_id=self.network.reach_id(vertex[i : i + 1])[0], river=self.network.label(int(vertex[i])),
                lon_deg=float(lon[i]), lat_deg=float(lat[i]), offset_m=float(offset[i]), drains_here=bool(drains[i]),
            )
            for i in range(len(first))
        )  # fmt: skip

    def _nearest(self, places: npt.NDArray[np.object_], segment: IntArray) -> tuple[FloatArray, npt.NDArray[np.object_]]:
        along = shapely.line_locate_point(self.segments[segment], places)
        points = shapely.line_interpolate_point(self.segments[segment], along)
        return along, geometries_from_local(points)

    def _position(self, vertex: IntArray, along_m: FloatArray) -> FloatArray:
        length = shapely.length(self.segments[np.searchsorted(self.network.donors, vertex)])
        share = np.clip(along_m / length, 0.0, 1.0)
        return np.asarray(self.network.forest.to_outlet_m[vertex] - share * self.network.step_m[vertex])

    def _geodesic(self, lines: npt.NDArray[np.object_]) -> FloatArray:
        ends = [geometries_from_local(shapely.get_point(lines, i)) for i in (0, -1)]
        (lon1, lat1), (lon2, lat2) = ((shapely.get_x(e), shapely.get_y(e)) for e in ends)
        return geodesic_distance_m(lon1, lat1, lon2, lat2)

    def _drains(self, lon_deg: FloatArray, lat_deg: FloatArray, vertex: IntArray, limit_m: float) -> npt.NDArray[np.bool_]:
        """Return whether the way downhill from each place meets the network at `vertex`, above, or just below it."""
        grid, forest = self.network.grid, self.network.forest
        if grid is None:
            return np.ones(len(vertex), dtype=bool)
        cell = grid.cells_at(lon_deg, lat_deg)
        own = np.where(cell >= 0, self.network.vertex_of_cell[cell], -1)
        below = forest.is_downstream(own, vertex) & (forest.to_outlet_m[vertex] - forest.to_outlet_m[own] <= limit_m)
        return np.asarray((own >= 0) & (forest.is_downstream(vertex, own) | below))

    def _refused(self, places: npt.NDArray[np.object_], lon_deg: FloatArray, lat_deg: FloatArray) -> Snapped:
        segment = np.asarray(self.tree.nearest(places), dtype=np.int64)
        _, near = self._nearest(places, segment)
        lon, lat = shapely.get_x(near), shapely.get_y(near)
        count = len(places)
        return Snapped(
            vertex=np.full(count, -1, dtype=np.int64), to_outlet_m=np.full(count, np.nan),
            offset_m=geodesic_distance_m(lon_deg, lat_deg, lon, lat), lon_deg=lon, lat_deg=lat,
            behind_divide=np.zeros(count, dtype=bool),
        )  # fmt: skip


def nearest_distances(
    place: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_], *, within_m: float
) -> tuple[IntArray, FloatArray]:
    """Return which EPSG:4490 shapes lie within `within_m` of the one place, and their geodesic distances."""
    local, point = geometries_to_local(shapes), geometries_to_local(place)[0]
    near = np.flatnonzero(shapely.dwithin(local, point, within_m * 1.001))
    ends = shapely.shortest_line(point, local[near])
    one, two = (geometries_from_local(shapely.get_point(ends, side)) for side in (0, -1))
    metres = geodesic_distance_m(shapely.get_x(one), shapely.get_y(one), shapely.get_x(two), shapely.get_y(two))
    return near[metres <= within_m], metres[metres <= within_m]


def distances_to(shapes: npt.NDArray[np.object_], lines: npt.NDArray[np.object_]) -> FloatArray:
    """Return for each EPSG:4490 shape the geodesic distance to the nearest of `lines`, metres."""
    local, others = geometries_to_local(shapes), geometries_to_local(lines)
    ends = shapely.shortest_line(local, others[shapely.STRtree(others).nearest(local)])
    one, two = (geometries_from_local(shapely.get_point(ends, side)) for side in (0, -1))
    return geodesic_distance_m(shapely.get_x(one), shapely.get_y(one), shapely.get_x(two), shapely.get_y(two))


def _first_of_each(group: IntArray, order: IntArray) -> IntArray:
    """Return, of rows sorted by `order`, the first of every group."""
    return order[np.unique(group[order], return_index=True)[1]]
