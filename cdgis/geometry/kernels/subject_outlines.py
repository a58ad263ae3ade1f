"""Outlines of many subjects in plain arrays, for the nearest chunk of other outlines by compiled kernels.

What the kernels cannot be sure of is left open: subjects whose box meets a chunk's box, points, collections and very large
shapes. Where several chunks may be equally near, the lowest owner's counts as everywhere.
"""


from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry import geodesy
from cdgis.geometry.halving import PIECE_VERTICES
from cdgis.geometry.kernels.nearest import BoxTree, along_curve
from cdgis.geometry.outline_chunks import OutlineChunks

_FIRST_LOOK_M, _WIDER, _MORE_THAN_TIES_M = 16.0, 8.0, 0.01
"""How far is looked first, how many times farther each time nothing is found, and how much farther than that."""
_MOST_LEFT = 64
"""Subjects that are not held are asked of all chunks one by one."""
_KINDS = (1, 3, 5, 6)
"""Lines and polygons, single or several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectOutlines:
    """Chunks of the outlines of subjects, in one plane with what is asked about."""

    whole: GeometryArray
    chunks: OutlineChunks
    boxes: FloatArray
    """Of the chunks."""
    start: IntArray
    """The first chunk of each subject, and the end; a subject the kernels cannot take has none."""
    discs: tuple[FloatArray, FloatArray, IntArray]
    """The subjects' boxes and discs, and what else `foremost.discs` tells."""
    _lonlat: FloatArray
    """Of the vertices, as far as somebody asked; NaN elsewhere."""
    _asking: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, geoms: GeometryArray) -> "SubjectOutlines":
        """Return the outlines of valid geometries."""
        from cdgis.geometry.kernels.compiled.box_tree import chunk_boxes
        from cdgis.geometry.kernels.compiled.foremost import discs

        vertices = shapely.get_num_coordinates(geoms)
        taken = np.flatnonzero(np.isin(shapely.get_type_id(geoms), _KINDS) & (vertices > 0) & (vertices <= PIECE_VERTICES))
        chunks = OutlineChunks.of(geoms[taken])
        start = np.searchsorted(taken[chunks.owner], np.arange(len(geoms) + 1))
        boxes = chunk_boxes(chunks.xy, chunks.first, chunks.last)
        seen, unasked = discs(_flat(chunks), boxes, start), np.full((len(chunks.xy), 2), np.nan)
        return cls(whole=geoms, chunks=chunks, boxes=boxes, start=start, discs=seen, _lonlat=unasked)

    def nearest(self, at: IntArray, others: OutlineChunks, tree: BoxTree) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Return which of the subjects at these positions have an answer, neighbours one after the other, and for each what is nearest.

        Parameters
        ----------
        tree : over the boxes of `others`.

        Notes
        -----
        Told are the nearest of other chunks; the way there: x and y of its end at the subject, of that at the chunk, and its length
        in the plane, shape (subjects, 5); and which vertices these ends are, the subject's of `chunks`, below 0 where they are none.
        """
        from cdgis.geometry.kernels.compiled.outline_ways import nearest_to_outlines

        held = np.flatnonzero(self.start[at + 1] > self.start[at])
        if not len(held) or not len(others):
            return held[:0], held[:0], np.empty((0, 5)), np.empty((0, 2), dtype=np.int64)
        held = held[along_curve(self.discs[0][at[held], 4:6], tree.frame)]  # neighbours look at the same boxes
        chunk, ways, ends = nearest_to_outlines(_flat(others), tree.nodes, others.owner, (*self._flat(), *self.discs), at[held])
        found = chunk >= 0
        return held[found], chunk[found], ways[found], ends[found]

    def lonlat(self, vertices: IntArray) -> FloatArray:
        """Return longitude and latitude of some vertices, shape (vertices, 2); each is turned back from the plane once."""
        with self._asking:
            new = np.unique(vertices[np.isnan(self._lonlat[vertices, 0])])
            self._lonlat[new] = np.column_stack(geodesy.from_local(self.chunks.xy[new, 0], self.chunks.xy[new, 1]))
            return np.asarray(self._lonlat[vertices])

    def held(self, at: IntArray) -> BoolArray:
        """Return which of the subjects at these positions the kernels can take."""
        return np.asarray(self.start[at + 1] > self.start[at])

    def around(self, at: IntArray, others: OutlineChunks, tree: BoxTree) -> IntArray:
        """Return other chunks among which are all that may be nearest to the subjects at these positions, all of them held."""
        from cdgis.geometry.kernels.compiled.outline_tree import near_outlines

        found, reach, asked = [np.empty(0, dtype=np.int64)], _FIRST_LOOK_M, (_flat(others), tree.nodes, *self._flat())
        while len(at) and len(others):
            row, _ = near_outlines(*asked, at, np.full(len(at), reach**2), True)
            near = np.zeros(len(at), dtype=bool)
            near[row] = True
            limit = np.full(int(near.sum()), (reach + _MORE_THAN_TIES_M) ** 2)
            found.append(np.unique(near_outlines(*asked, at[near], limit, False)[1]))
            at, reach = at[~near], reach * _WIDER
        return np.unique(np.concatenate(found))

    def in_reach(self, reach_m: FloatArray, others: OutlineChunks, tree: BoxTree) -> IntArray | None:
        """Return the other chunks whose boxes lie within reach, where positive, of some subject's; None if too many are not held."""
        from cdgis.geometry.kernels.compiled.outline_tree import near_outlines

        at = np.flatnonzero(reach_m > 0)
        held = self.held(at)
        if (~held).sum() > _MOST_LEFT:
            return None
        found = [near_outlines(_flat(others), tree.nodes, *self._flat(), at[held], reach_m[at[held]] ** 2, False)[1]]
        boxes, level, order = tree.nodes
        west, south, east, north = boxes[: level[1]].T
        rest = at[~held]
        for (x0, y0, x1, y1), reach in zip(shapely.bounds(self.whole[rest]).tolist(), reach_m[rest].tolist(), strict=True):
            found.append(order[(west <= x1 + reach) & (east >= x0 - reach) & (south <= y1 + reach) & (north >= y0 - reach)])
        return np.unique(np.concatenate(found))

    def _flat(self) -> tuple[tuple[FloatArray, IntArray, IntArray], FloatArray, IntArray]:
        return _flat(self.chunks), self.boxes, self.start


def _flat(chunks: OutlineChunks) -> tuple[FloatArray, IntArray, IntArray]:
    return chunks.xy, chunks.first, chunks.last
