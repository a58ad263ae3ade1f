"""Distances to the nearest outline and outlines within reach: a tree over short chunks, then geodesics.

Outlines are cut into chunks of 8 edges, so that a tree finds the few that matter however long an outline is; nearest
points are found in the distance plane (DESIGN 4.2), the distance between them is geodesic. For many points compiled
kernels find the nearest chunk.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry import geodesy
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.nearest import (
    TOUCH_M,
    box_tree_of,
    lowest_of_nearest,
    nearest_chunk,
    tied_for_nearest,
)
from cdgis.geometry.kernels.projection_points import projection_points
from cdgis.geometry.kernels.subdivide import Cut
from cdgis.geometry.kernels.subject_outlines import SubjectOutlines
from cdgis.geometry.kernels.worth_asking import worth_asking
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.planes import current_planes

_POINT = 0
_LEAST_SLACK = 5e-4
POINT_COUNTS = 4
"""How much each point counts to the size of a job: layers are asked for scope after scope of the rules."""
_SHAPE_COUNTS = 40
"""How much each subject counts where whole outlines are asked of several layers."""
_KEPT_TREES = 64
_FEW_SUBJECTS, _FEW_TIMES = 8, 8
"""Questions of so few subjects are answered this often before there is a tree of all chunks for the next ones."""
_ROOM_M = 1e-3


@dataclass(frozen=True, kw_only=True)  # no slots: shapes are made when first asked for, and kept
class OutlineIndex:
    """Short chunks of zone outlines in the distance plane, with the zone each belongs to."""

    chunks: OutlineChunks
    engine: Engine | None = None
    """For the nearest to points; by default whichever suits their number. The answers are the same."""
    _trees: dict[bytes, shapely.STRtree] = field(default_factory=dict, init=False, repr=False)
    _parts: "dict[bytes, OutlineIndex]" = field(default_factory=dict, init=False, repr=False)
    _asked: list[int] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, zones_local: GeometryArray, *, engine: Engine | None = None) -> "OutlineIndex":
        """Build the index for zones in the distance plane (transverse Mercator metres)."""
        return cls(chunks=OutlineChunks.of(zones_local), engine=engine)

    _boxes = cached_property(lambda self: self.chunks.boxes())
    _box_tree = cached_property(lambda self: box_tree_of(self.chunks))

    def _for(self, cut: Cut, among: BoolArray | None = None, reach_m: FloatArray | None = None) -> "OutlineIndex":
        """Return an index of those chunks alone that can be the nearest to few subjects, or within reach of them.

        The first times, until there is a tree: shapes and a tree of all chunks would cost more than the answer.
        """
        if self._trees or len(self._asked) >= _FEW_TIMES or not 0 < len(cut.whole) <= _FEW_SUBJECTS or shapely.is_empty(cut.whole).any():
            return self
        self._asked.append(1)
        use = np.arange(len(self.chunks)) if among is None else np.flatnonzero(among[self.owner])
        if reach_m is None:  # no farther than the first vertex of some chunk is from one of the subject's
            firsts = self.chunks.xy[self.chunks.first[use]]
            reach_m = np.array([np.hypot(*(firsts - shapely.get_coordinates(one)[0]).T).min(initial=np.inf) for one in cut.whole])
        x0, y0, x1, y1 = shapely.bounds(cut.whole).T[:, :, None]
        west, south, east, north = self._boxes[use].T
        gap = np.hypot(np.maximum(0, np.maximum(west - x1, x0 - east)), np.maximum(0, np.maximum(south - y1, y0 - north)))
        near = (gap <= (reach_m + _ROOM_M)[:, None]).any(axis=0)
        return OutlineIndex(chunks=self.chunks.only(use[near]), engine=self.engine, _asked=[0] * _FEW_TIMES)

    @cached_property
    def shapes(self) -> GeometryArray:
        """The chunks as shapes."""
        return self.chunks.shapes()

    @property
    def owner(self) -> IntArray:
        """The zone each chunk belongs to."""
        return self.chunks.owner

    def nearest(
        self, subjects_local: GeometryArray | Cut, among: npt.NDArray[np.bool_], *, at_most_m: float | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Return the nearest zone (position; the lowest of those that tie) and geodesic distance in metres per subject.

        Parameters
        ----------
        among : the zones that count; where none does, the position is -1 and the distance NaN.
        at_most_m : how far to look, distance-plane metres; beyond, the same holds.
        """
        cut = subjects_local if isinstance(subjects_local, Cut) else Cut.outlined(subjects_local)
        if (few := self._for(cut, among)) is not self:
            return few.nearest(cut, among, at_most_m=at_most_m)
        use = np.flatnonzero(among[self.owner])
        points = self._for_kernels(cut)
        if len(points):
            zone, distance = np.full(len(cut.whole), -1, dtype=np.int64), np.full(len(cut.whole), np.nan)
            zone[points], distance[points] = self._nearest_to_points(cut.whole[points], use, at_most_m)
            rest = np.delete(np.arange(len(cut.whole)), points)
            zone[rest], distance[rest] = self._nearest_to_shapes(cut.only(rest), use, at_most_m)
            return zone, distance
        return self._nearest_to_shapes(cut, use, at_most_m)

    def nearest_of(self, cut: Cut, at: IntArray, among: BoolArray) -> tuple[IntArray, FloatArray]:
        """Return what `nearest` says of the subjects at these positions; where there are many in all, by compiled kernels."""
        if chosen_engine(self.engine, work=_SHAPE_COUNTS * len(cut.whole)) is Engine.PLAIN:
            return self.nearest(cut if len(at) == len(cut.whole) else cut.only(at), among)
        part = self._parts.get(among.tobytes())
        if part is None:
            if len(self._parts) >= _KEPT_TREES:
                self._parts.clear()
            part = OutlineIndex(chunks=self.chunks.only(np.flatnonzero(among[self.owner])), engine=self.engine)
            self._parts[among.tobytes()] = part
        return part._beside_outlines(cut, at)

    def _for_kernels(self, cut: Cut) -> IntArray:
        """Return the points of a set in which there are enough for compiled kernels."""
        points = np.flatnonzero((shapely.get_type_id(cut.whole) == _POINT) & ~shapely.is_empty(cut.whole))
        return points if chosen_engine(self.engine, work=POINT_COUNTS * len(points)) is Engine.COMPILED else points[:0]

    def _nearest_to_points(
        self, points: GeometryArray, use: IntArray, at_most_m: float | None
    ) -> tuple[IntArray, FloatArray]:
        """Return the nearest zone and its distance for points, by compiled kernels, among the chunks listed in `use`."""
        xy, every = np.column_stack([shapely.get_x(points), shapely.get_y(points)]), len(use) == len(self.chunks)
        chunks, tree = (self.chunks, self._box_tree) if every and len(use) else (self.chunks.only(use), None)
        at, _ = nearest_chunk(xy, chunks, at_most_m=at_most_m, engine=Engine.COMPILED, tree=tree)
        zone, distance = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.nan)
        found = np.flatnonzero(at >= 0)
        near = self.chunks.only(use[at[found]])
        zone[found], distance[found] = near.owner, places_apart_m(xy[found], projection_points(xy[found], near, engine=Engine.COMPILED))
        return zone, distance

    def _nearest_to_shapes(self, cut: Cut, use: IntArray | None, at_most_m: float | None) -> tuple[IntArray, FloatArray]:
        return _measured([cut], [self._links(cut, use, at_most_m)])[0]

    def _links(self, cut: Cut, use: IntArray | None, at_most_m: float | None = None) -> "_Links":
        """Return the way from each subject to its nearest zone, by GEOS, among the chunks listed in `use`, or all."""
        if not len(self.owner if use is None else use) or not len(cut.pieces):
            return _NO_LINKS
        tree = self._tree(use)
        piece = worth_asking(tree, cut)
        at, chunk, plane = tied_for_nearest(tree, cut.pieces[piece], cut.owner[piece], at_most_m=at_most_m)
        at, chunk = piece[at], chunk if use is None else use[chunk]
        rows = lowest_of_nearest(cut.owner[at], self.owner[chunk], chunk, plane)
        return _Links(cut.owner[at[rows]], self.owner[chunk[rows]], self._ends(cut.pieces[at[rows]], chunk[rows]))

    def _beside_outlines(self, cut: Cut, at: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the nearest zone and its distance for the subjects at these positions, most of them by kernels."""
        if not len(self.chunks):
            return np.full(len(at), -1, dtype=np.int64), np.full(len(at), np.nan)
        place, chunk, ways, ends = cut.outlines.nearest(at, self.chunks, self._box_tree)
        zone, distance = np.full(len(at), -1, dtype=np.int64), np.full(len(at), np.nan)
        zone[place], distance[place] = self.owner[chunk], _ways_m(cut.outlines, ways, ends)
        rest = np.flatnonzero(zone < 0)
        held = cut.outlines.held(at[rest])
        # shapes and their tree are made of few chunks: of all, they are most of what an index weighs
        near = OutlineIndex(chunks=self.chunks.only(cut.outlines.around(at[rest[held]], self.chunks, self._box_tree)))
        zone[rest[held]], distance[rest[held]] = near._nearest_to_shapes(cut.only(at[rest[held]]), None, None)
        if not held.all():
            rest = rest[~held]
            zone[rest], distance[rest] = self.nearest(cut.only(at[rest]), np.ones(self.owner.max(initial=-1) + 1, dtype=bool))
        return zone, distance

    def _ends(self, shapes: GeometryArray, rows: IntArray) -> FloatArray:
        """Return the nearest points of each shape and the chunk listed beside it, and how far apart they are in the plane."""
        ends = np.empty((len(rows), 5))
        point = shapely.get_type_id(shapes) == _POINT
        if point.any():
            points = shapely.get_coordinates(shapes[point])
            ends[point] = _ways(points, projection_points(points, self.chunks.only(rows[point])))
        if not point.all():
            ends[~point] = _pair_ends(shapes[~point], self.shapes[rows[~point]])
        return ends

    def _tree(self, use: IntArray | None) -> shapely.STRtree:
        """Return the tree of some chunks, or of all, kept for the next subjects."""
        key = b"" if use is None or len(use) == len(self.chunks) else use.tobytes()
        if (tree := self._trees.get(key)) is None:
            if len(self._trees) >= _KEPT_TREES:
                self._trees.clear()
            tree = self._trees.setdefault(key, shapely.STRtree(self.shapes if key == b"" or use is None else self.shapes[use]))
        return tree

    def within(self, subjects_local: GeometryArray | Cut, reach_m: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Return (subject, zone, geodesic distance in metres) for outlines within `reach_m`, where positive, of each subject."""
        cut = subjects_local if isinstance(subjects_local, Cut) else Cut.outlined(subjects_local)
        if not (asked := np.flatnonzero(reach_m[cut.owner] > 0)).size:
            return asked, asked, np.empty(0)
        reach = reach_m[cut.owner[asked]]
        # The distance plane is off; ask a little wider, then decide geodesically.
        wide = 1 + max(_LEAST_SLACK, 1.5 * current_planes().scale_error)
        if (few := self._for(cut, None, reach_m * wide)) is not self:
            return few.within(cut, reach_m)
        if len(self.chunks) and chosen_engine(self.engine, work=_SHAPE_COUNTS * len(cut.whole)) is Engine.COMPILED:
            near = cut.outlines.in_reach(reach_m * wide + _ROOM_M * (reach_m > 0), self.chunks, self._box_tree)
            if near is not None:  # shapes and a tree of all chunks are most of what an index weighs
                return OutlineIndex(chunks=self.chunks.only(near), engine=Engine.PLAIN).within(cut, reach_m)
        at, chunk = self._tree(None).query(cut.pieces[asked], predicate="dwithin", distance=reach * wide + TOUCH_M)
        if not (at := asked[at]).size:
            return at, chunk, np.empty(0)
        subject, plane = cut.owner[at], shapely.distance(cut.pieces[at], self.shapes[chunk])
        order = np.lexsort((chunk, plane, self.owner[chunk], subject))
        at, chunk, subject = at[order], chunk[order], subject[order]
        first = np.r_[True, (subject[1:] != subject[:-1]) | (self.owner[chunk[1:]] != self.owner[chunk[:-1]])]
        at, chunk, subject = at[first], chunk[first], subject[first]
        distance = _geodesic_m(self._ends(cut.pieces[at], chunk))
        # What touches is not decided here: between the planes an outline may bow by a fraction of a millimetre.
        keep = distance <= reach_m[subject]
        return subject[keep], self.owner[chunk[keep]], distance[keep]


@dataclass(frozen=True, slots=True)
class _Links:
    """Subjects, their nearest zones, and the ends of the way there with its length in the plane."""

    subject: IntArray
    zone: IntArray
    ends: FloatArray


_NO_LINKS = _Links(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 5)))


def nearest_in_each(
    indexes: Sequence[OutlineIndex], cut: Cut, asked: Sequence[IntArray], *, engine: Engine | None = None
) -> list[tuple[IntArray, FloatArray]]:
    """Return, for each index and the subjects listed beside it, what `OutlineIndex.nearest` says of all its zones.

    The geodesics of all are measured at once: of one site there is one an index. Outlines of many subjects are asked by
    compiled kernels, those that lie clear of all boxes; the rest by GEOS.
    """
    count = len(cut.whole)
    if chosen_engine(engine, work=_SHAPE_COUNTS * count) is Engine.COMPILED:
        return [index._beside_outlines(cut, at) for index, at in zip(indexes, asked, strict=True)]
    cuts = [cut if len(at) == count else cut.only(at) for at in asked]
    return _measured(cuts, [index._for(some)._links(some, None) for index, some in zip(indexes, cuts, strict=True)])


def _measured(cuts: Sequence[Cut], links: Sequence[_Links]) -> list[tuple[IntArray, FloatArray]]:
    """Return zone and distance for every subject of each cut; -1 and NaN where no way leads."""
    if not links:
        return []
    ends = np.cumsum([len(link.zone) for link in links])
    lengths = np.split(_geodesic_m(np.concatenate([link.ends for link in links])), ends[:-1])
    found = []
    for cut, link, length in zip(cuts, links, lengths, strict=True):
        zone, distance = np.full(len(cut.whole), -1, dtype=np.int64), np.full(len(cut.whole), np.nan)
        zone[link.subject], distance[link.subject] = link.zone, length
        found.append((zone, distance))
    return found


def _geodesic_m(ends: FloatArray) -> FloatArray:
    """Return the geodesic distance in metres between ends in the distance plane; 0 where they touch there."""
    if not len(ends):
        return np.empty(0)
    lon, lat = geodesy.from_local(ends[:, :4:2].ravel(), ends[:, 1:4:2].ravel())
    distance = geodesy.geodesic_distance_m(lon[::2], lat[::2], lon[1::2], lat[1::2])
    return np.where(ends[:, 4] <= TOUCH_M, 0.0, distance)


def _ways_m(outlines: SubjectOutlines, ways: FloatArray, ends: IntArray) -> FloatArray:
    """Return the same for the ways from subjects to what is nearest to them, told with the vertices that their ends are.

    A vertex of a subject is the end of many a way, of every layer; one of a zone that of neighbours, which come one after the other.
    """
    if not len(ways):
        return np.empty(0)
    own, at, new = np.empty((len(ways), 2)), ends[:, 0] >= 0, np.r_[True, (ends[1:, 1] != ends[:-1, 1]) | (ends[1:, 1] < 0)]
    own[at] = outlines.lonlat(ends[at, 0])
    own[~at] = np.column_stack(geodesy.from_local(ways[~at, 0], ways[~at, 1]))
    lon, lat = (column[np.cumsum(new) - 1] for column in geodesy.from_local(ways[new, 2], ways[new, 3]))
    return np.where(ways[:, 4] <= TOUCH_M, 0.0, geodesy.geodesic_distance_m(own[:, 0], own[:, 1], lon, lat))


def pair_distance_m(a_local: GeometryArray, b_local: GeometryArray) -> FloatArray:
    """Return the geodesic distance in metres between the nearest points of paired distance-plane geometries."""
    return _geodesic_m(_pair_ends(a_local, b_local))


def _pair_ends(a_local: GeometryArray, b_local: GeometryArray) -> FloatArray:
    links = shapely.shortest_line(a_local, b_local)
    return np.column_stack([shapely.get_coordinates(links).reshape(-1, 4), shapely.length(links)])


def places_apart_m(points: FloatArray, places: FloatArray) -> FloatArray:
    """Return the geodesic distance in metres between paired points of the distance plane, 0 where they touch."""
    return _geodesic_m(_ways(points, places))


def _ways(points: FloatArray, places: FloatArray) -> FloatArray:
    return np.column_stack([points, places, np.hypot(*(places - points).T)])
