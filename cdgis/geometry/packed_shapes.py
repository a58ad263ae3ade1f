"""Many shapes as plain arrays: coordinates in a row, made into shapes one by one when somebody looks at them.

A province's layers are asked about through their outlines' chunks, which are these very coordinates; of the shapes
themselves only those near a part's sites are wanted, and processes that were forked share arrays that nobody writes to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry.outline_chunks import OutlineChunks

_AREAL, _POINTS = (3, 6), (0, 4)
_Rows = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapeGroup:
    """Shapes of one GEOS type as `shapely.to_ragged_array` lays them out."""

    kind: int
    rows: IntArray
    """Which of all shapes they are."""
    start: int
    """Their first vertex among all."""
    offsets: tuple[IntArray, ...]
    """Where each path begins among their vertices, each part among the paths, each shape among the parts; and the ends."""

    @property
    def vertices(self) -> int:
        """How many they have."""
        return int(self.offsets[0][-1]) if self.offsets else len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedShapes:
    """Shapes in one plane; a row of no group is None."""

    count: int
    xy: FloatArray
    """Shape (vertices, 2), group after group."""
    groups: tuple[ShapeGroup, ...]
    loose: GeometryArray = field(default_factory=lambda: np.empty(0, dtype=object))
    """The shapes themselves where arrays cannot hold them: collections of several kinds."""

    @classmethod
    def of(cls, geoms: GeometryArray) -> "PackedShapes":
        """Return shapes as arrays, without heights."""
        shapes = np.asarray(geoms, dtype=object)
        kinds = shapely.get_type_id(shapes)
        rows = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds[kinds >= 0])]
        try:
            made = [shapely.to_ragged_array(shapes[one], include_z=False) for one in rows]
        except ValueError:
            return cls(count=len(shapes), xy=np.empty((0, 2)), groups=(), loose=shapes)
        return cls.joined(len(shapes), [(int(kind), at, xy, offsets or ()) for at, (kind, xy, offsets) in zip(rows, made, strict=True)])

    @classmethod
    def joined(cls, count: int, groups: Sequence[tuple[int, _Rows, FloatArray, Sequence[_Rows]]]) -> "PackedShapes":
        """Return `count` shapes of several types: type, rows, coordinates and offsets of each; of one type nothing is copied."""
        starts = np.cumsum([0, *(len(xy) for _, _, xy, _ in groups)]).tolist()
        several = [np.ascontiguousarray(xy, dtype=np.float64) for _, _, xy, _ in groups]
        xy = several[0] if len(several) == 1 else np.concatenate([np.empty((0, 2)), *several])
        made = [
            ShapeGroup(kind=kind, rows=rows.astype(np.int64), start=start, offsets=tuple(one.astype(np.int64) for one in offsets))
            for (kind, rows, _, offsets), start in zip(groups, starts, strict=False)
        ]
        return cls(count=count, xy=xy, groups=tuple(made))

    def __len__(self) -> int:
        return self.count

    def ordered(self, order: IntArray) -> "PackedShapes":
        """Return the same shapes in another order, sharing coordinates."""
        place = np.empty(self.count, dtype=np.int64)
        place[order] = np.arange(self.count)
        groups = tuple(replace(group, rows=place[group.rows]) for group in self.groups)
        return replace(self, groups=groups, loose=self.loose[order] if len(self.loose) else self.loose)

    def take(self, rows: IntArray) -> GeometryArray:
        """Return the shapes at these positions, made anew."""
        if len(self.loose):
            return self.loose[rows]
        found, place = np.full(len(rows), None, dtype=object), np.empty(self.count, dtype=np.int64)
        for group in self.groups:
            place.fill(-1)
            place[group.rows] = np.arange(len(group.rows))
            at = np.flatnonzero(place[rows] >= 0)
            if len(at):
                found[at] = self._made(group, place[rows[at]])
        return found

    def all(self) -> GeometryArray:
        """Return every shape."""
        return self.take(np.arange(self.count))

    def _made(self, group: ShapeGroup, items: IntArray) -> GeometryArray:
        """Return some shapes of one group."""
        offsets: list[IntArray] = []
        if len(items) == len(group.rows) and (items == np.arange(len(items))).all():
            xy, offsets = self.xy[group.start : group.start + group.vertices], list(group.offsets)
        else:
            for offset in reversed(group.offsets):
                size = offset[items + 1] - offset[items]
                offsets.insert(0, np.append(0, np.cumsum(size)))
                items = np.repeat(offset[items] - offsets[0][:-1], size) + np.arange(offsets[0][-1])
            xy = self.xy[group.start + items]
        return np.asarray(shapely.from_ragged_array(shapely.GeometryType(group.kind), xy, tuple(offsets) or None))

    def boxes(self) -> FloatArray:
        """Return west, south, east and north of each, NaN where it is empty: of polygons, of their shells."""
        if len(self.loose):
            return np.asarray(shapely.bounds(self.loose).reshape(-1, 4))
        boxes = np.full((self.count, 4), np.nan)
        for group in self.groups:
            first, row = _paths(group)
            last = first[1:] if len(first) else first
            first = first[:-1]
            if group.kind in _AREAL:  # the first path of each part is its shell
                shells = np.unique(group.offsets[1][:-1][np.diff(group.offsets[1]) > 0])
                first, last, row = first[shells], last[shells], row[shells]
            real = last > first
            _widen(boxes, row[real], _boxes_of(self.xy, first[real], last[real]))
        return boxes

    def areal(self) -> BoolArray:
        """Return which are polygons, of one part or several."""
        if len(self.loose):
            return np.asarray(shapely.get_dimensions(self.loose) == 2)
        flags = np.zeros(self.count, dtype=bool)
        for group in self.groups:
            flags[group.rows] = group.kind in _AREAL
        return flags

    def vertices(self) -> IntArray:
        """Return how many vertices each has, an empty point one."""
        if len(self.loose):
            return shapely.get_num_coordinates(self.loose).astype(np.int64)
        found = np.zeros(self.count, dtype=np.int64)
        for group in self.groups:
            first, row = _paths(group)
            np.add.at(found, row, np.diff(first))
        return found

    def chunks(self) -> OutlineChunks:
        """Return the chunks of all outlines as `OutlineChunks.of` does, without copying coordinates."""
        if len(self.loose):
            return OutlineChunks.of(self.loose)
        starts, rows, single = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
        for group in self.groups:
            first, row = _paths(group)
            starts.append(first[:-1])
            rows.append(row)
            single.append(np.full(len(row), group.kind in _POINTS))
        start, row = np.append(np.concatenate(starts), len(self.xy)), np.concatenate(rows)
        points = np.concatenate(single)
        vertices = np.diff(start)
        vertices[points] -= np.isnan(self.xy[start[:-1][points], 0])  # an empty point has none
        order = np.lexsort((row, ~points))
        return OutlineChunks.of_paths(self.xy, start[:-1][order], vertices[order], row[order])


def _paths(group: ShapeGroup) -> tuple[IntArray, IntArray]:
    """Return where the paths of a group begin among all vertices, with the end, and the row each is of; a point is a path."""
    first, *above = group.offsets if group.kind not in _POINTS else (np.arange(group.vertices + 1), *group.offsets)
    rows = group.rows
    for offset in reversed(above):
        rows = np.repeat(rows, np.diff(offset))
    return first + group.start, rows


def _boxes_of(xy: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Return the boxes of vertices first..last-1 of each path, in order and none of them empty."""
    if not len(first):
        return np.empty((0, 4))
    ends = np.column_stack([first, last]).ravel()
    ends = ends[:-1] if ends[-1] == len(xy) else ends
    sides = [(np.minimum, 0), (np.minimum, 1), (np.maximum, 0), (np.maximum, 1)]
    return np.column_stack([ask.reduceat(xy[:, axis], ends)[::2] for ask, axis in sides])


def _widen(boxes: FloatArray, row: IntArray, found: FloatArray) -> None:
    """Widen the boxes of rows, each in sequence, by what was found of them."""
    if len(row):
        start = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        boxes[row[start], :2] = np.minimum.reduceat(found[:, :2], start)
        boxes[row[start], 2:] = np.maximum.reduceat(found[:, 2:], start)
