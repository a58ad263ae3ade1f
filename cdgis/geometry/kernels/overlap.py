"""Overlaps of a set of polygons with a layer by compiled kernels; arrays in, arrays out."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.geometry.kernels.compiled.edges import (
    SignArray,
    cells_asked,
    edge_grid,
    part_boxes,
    ring_signs,
    signed_edges,
)
from cdgis.geometry.kernels.compiled.trapezoids import overlap_rows
from cdgis.geometry.kernels.compiled.winding import windings
from cdgis.geometry.kernels.flat_polygons import FlatPolygons

EDGES_PER_CELL = 4
_CELLS = (8, 4000)
"""Least and most cells along a side of the grid."""
_MARGIN = 1.1e-3
"""Share of its size by which a subject's box is widened, so that its sides keep off the subject's own edges."""
_SHARES = 8
"""Parts of a job for each thread: no thread waits long for the last."""

SortedPoints = tuple[IntArray, FloatArray, FloatArray]
"""Position of each point before sorting, x, y."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaps:
    """Pairs whose insides meet, or whose outlines come near, sorted by subject, then zone."""

    subject: IntArray
    zone: IntArray
    edges: IntArray
    """Edges of the zone that reach into the subject's box; 0: the subject lies wholly inside."""
    area_m2: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneIndex:
    """A layer's polygons with the signs of their edges and the grid that finds them."""

    flat: FlatPolygons
    ring_sign: SignArray
    sign: npt.NDArray[np.int8]
    edge_row: npt.NDArray[np.int32]
    start: IntArray
    items: npt.NDArray[np.int32]
    frame: FloatArray

    @classmethod
    def of(cls, flat: FlatPolygons, *, within: FloatArray, cells: int | None = None) -> "ZoneIndex":
        """Return the index of a layer.

        Parameters
        ----------
        within : boxes of the subjects that will be asked about; edges beyond all of them are left out.
        cells : cells along a side of the grid; by default as many as the edges suggest. No result depends on it.
        """
        of_ring = ring_signs(flat.xy, flat.ring_start, flat.part_start)
        sign, edge_row = signed_edges(flat.xy, flat.ring_start, of_ring, flat.part_start, flat.part_row)
        west, south, east, north = _frame_of(within)
        size = cells or int(np.clip(np.sqrt(len(flat.xy) / EDGES_PER_CELL), *_CELLS))
        frame = np.array([west, south, size / (east - west), size / (north - south), east, north])
        start, items = edge_grid(flat.xy, sign, frame, size, cells_asked(widened(within), frame, size))
        return cls(flat=flat, ring_sign=of_ring, sign=sign, edge_row=edge_row, start=start, items=items, frame=frame)

    def overlaps(self, subjects: FlatPolygons, pool: Executor, threads: int = 1) -> Overlaps:
        """Return how the rows of `subjects` lie to the rows of the layer."""
        of_ring = ring_signs(subjects.xy, subjects.ring_start, subjects.part_start)
        sign, _ = signed_edges(subjects.xy, subjects.ring_start, of_ring, subjects.part_start, subjects.part_row)
        rows = np.arange(subjects.rows + 1)
        first = np.append(subjects.ring_start[subjects.part_start[:-1]], len(subjects.xy))
        vertex = first[np.searchsorted(subjects.part_row, rows)].astype(np.int64)
        box = widened(subjects.row_bounds)
        corner = self._corners(box, pool, threads)

        def one(turn: tuple[int, int]) -> tuple[IntArray, FloatArray]:
            """Return the overlaps of one thread's rows."""
            return overlap_rows(
                (subjects.xy, sign, vertex, box), (self.flat.xy, self.sign, self.edge_row),
                (self.start, self.items, self.frame), corner, turn,
            )  # fmt: skip

        found, area = _joined(pool, one, _turns(subjects.rows, threads))
        return Overlaps(subject=found[:, 0], zone=found[:, 1], edges=found[:, 2], area_m2=area)

    def _corners(self, box: FloatArray, pool: Executor, threads: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return, subject by subject, the rows round its box's north-west corner and their winding numbers."""
        point, part, winding, _ = around(self.flat, self.ring_sign, sorted_points(box[:, 0], box[:, 3]), pool, threads)
        inside = winding != 0
        point, row, winding = point[inside], self.flat.part_row[part[inside]].astype(np.int64), winding[inside]
        order = np.lexsort((row, point))
        start = np.searchsorted(point[order], np.arange(len(box) + 1)).astype(np.int64)
        return start, row[order], winding[order]


def sorted_points(x: FloatArray, y: FloatArray) -> SortedPoints:
    """Return which points there are, from south to north, and their x and y; those without coordinates are left out."""
    order = np.flatnonzero(np.isfinite(x))
    order = order[np.argsort(y[order], kind="stable")]
    return order, np.ascontiguousarray(x[order]), np.ascontiguousarray(y[order])


def around(
    flat: FlatPolygons, ring_sign: SignArray, points: SortedPoints, pool: Executor, threads: int = 1
) -> tuple[IntArray, IntArray, IntArray, SignArray]:
    """Return (point, part, winding number, may lie on an edge) for points in or on polygons."""
    order, px, py = points
    bounds = _block_by_block(flat, part_boxes, pool, threads, np.empty((0, 4)))

    def one(turn: tuple[int, int]) -> tuple[Any, ...]:
        """Return the windings of one thread's points."""
        return windings(flat.xy, flat.ring_start, ring_sign, flat.part_start, bounds, px, py, np.array(turn))

    step = max(1, threads)
    point, part, winding, doubt = _joined(pool, one, [(first, step) for first in range(step)])
    return order[point], part, winding, doubt


def signs_of_rings(flat: FlatPolygons, pool: Executor, threads: int = 1) -> SignArray:
    """Return the sign of every ring's edges."""
    return _block_by_block(flat, ring_signs, pool, threads, np.empty(0, np.int8))


def _block_by_block(
    flat: FlatPolygons, kernel: Callable[..., Any], pool: Executor, threads: int, nothing: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return what a kernel finds of each part or ring, blocks of rows shared out to the threads."""
    if threads == 1:
        return np.asarray(kernel(flat.xy, flat.ring_start, flat.part_start))
    blocks = (flat.block(first, last) for first, last in _turns(flat.rows, threads) if first < last)
    found = pool.map(lambda block: kernel(block.xy, block.ring_start, block.part_start), blocks)
    return np.concatenate([nothing, *found])


def widened(bounds: FloatArray) -> FloatArray:
    """Return boxes a little wider on every side."""
    margin = (bounds[:, 2:] - bounds[:, :2]) * _MARGIN
    return np.column_stack([bounds[:, :2] - margin, bounds[:, 2:] + margin])


def _frame_of(boxes: FloatArray) -> tuple[float, float, float, float]:
    boxes = widened(boxes[np.isfinite(boxes[:, 0])])
    if not len(boxes):
        return 0.0, 0.0, 1.0, 1.0
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _turns(rows: int, threads: int) -> list[tuple[int, int]]:
    cuts = np.linspace(0, rows, max(1, threads) * _SHARES + 1).astype(int).tolist()
    return list(zip(cuts[:-1], cuts[1:], strict=True))


def _joined(
    pool: Executor, task: Callable[[tuple[int, int]], tuple[Any, ...]], turns: list[tuple[int, int]]
) -> list[Any]:
    parts = list(pool.map(task, turns) if len(turns) > 1 else map(task, turns))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
