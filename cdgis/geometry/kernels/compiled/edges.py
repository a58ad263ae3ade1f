"""Edge directions, and edges near a place.

An edge runs from vertex k to k + 1 of the flat coordinates. Its sign is +1 where that direction has the polygon on its
left (shell counter-clockwise, hole clockwise), -1 where it has it on the right, 0 where k ends a ring. Signs stand for
turning rings round, so no coordinate is copied. A uniform grid lists, cell by cell, the edges that may pass through it.
Edges are looked at by runs of neighbours first: a run whose box meets no cell that is asked for is passed over whole.
"""

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel

SignArray = npt.NDArray[np.int8]
RowArray = npt.NDArray[np.int32]

RUN_EDGES = 32
"""Edges looked at together."""


@kernel
def _turns_left(xy: FloatArray, first: int, last: int) -> bool:
    """Return whether the ring of vertices first..last-1 runs counter-clockwise (area by the shoelace formula)."""
    twice, x0, y0 = 0.0, xy[first, 0], xy[first, 1]
    for k in range(first, last - 1):
        twice += (xy[k, 0] - x0) * (xy[k + 1, 1] - y0) - (xy[k + 1, 0] - x0) * (xy[k, 1] - y0)
    return twice > 0.0


@kernel
def ring_signs(xy: FloatArray, ring_start: IntArray, part_start: IntArray) -> SignArray:
    """Return the sign of every ring's edges."""
    sign = np.zeros(len(ring_start) - 1, np.int8)
    for part in range(len(part_start) - 1):
        shell = part_start[part]
        for ring in range(shell, part_start[part + 1]):
            left = _turns_left(xy, ring_start[ring], ring_start[ring + 1])
            sign[ring] = 1 if left == (ring == shell) else -1
    return sign


@kernel
def signed_edges(
    xy: FloatArray, ring_start: IntArray, ring_sign: SignArray, part_start: IntArray, part_row: RowArray
) -> tuple[SignArray, RowArray]:
    """Return the sign and the row of the edge that starts at each vertex."""
    sign = np.empty(len(xy), np.int8)
    row = np.empty(len(xy), np.int32)
    for part in range(len(part_row)):
        for ring in range(part_start[part], part_start[part + 1]):
            first, last = ring_start[ring], ring_start[ring + 1]
            row[first:last] = part_row[part]
            sign[first:last] = ring_sign[ring]
            sign[last - 1] = 0
    return sign, row


@kernel
def box_of(xy: FloatArray, first: int, last: int, box: FloatArray) -> None:
    """Put west, south, east and north of vertices first..last-1 into `box`."""
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for k in range(first, last):
        west, south = min(west, xy[k, 0]), min(south, xy[k, 1])
        east, north = max(east, xy[k, 0]), max(north, xy[k, 1])
    box[0], box[1], box[2], box[3] = west, south, east, north


@kernel
def part_boxes(xy: FloatArray, ring_start: IntArray, part_start: IntArray) -> FloatArray:
    """Return west, south, east and north of every part."""
    boxes = np.empty((len(part_start) - 1, 4))
    for part in range(len(boxes)):
        box_of(xy, ring_start[part_start[part]], ring_start[part_start[part + 1]], boxes[part])
    return boxes


@kernel
def cell_of(at: float, origin: float, per_m: float, count: int) -> int:
    """Return the cell a coordinate lies in, the outermost one beyond the grid's edge."""
    return int(min(max((at - origin) * per_m, 0.0), count - 1.0))


@kernel
def _span(edge: FloatArray, row: int, frame: FloatArray, count: int) -> tuple[int, int]:
    """Return the first and last cell of one grid row that an edge (x0, y0, x1, y1) may pass, a cell to spare."""
    x0, y0, x1, y1 = edge[0], edge[1], edge[2], edge[3]
    west, east = cell_of(min(x0, x1), frame[0], frame[2], count), cell_of(max(x0, x1), frame[0], frame[2], count)
    if east - west < 2 or y0 == y1:
        return west, east
    low, high = frame[1] + row / frame[3], frame[1] + (row + 1) / frame[3]
    per_y = (x1 - x0) / (y1 - y0)
    a = x0 + (min(max(low, min(y0, y1)), max(y0, y1)) - y0) * per_y
    b = x0 + (min(max(high, min(y0, y1)), max(y0, y1)) - y0) * per_y
    first, last = cell_of(min(a, b), frame[0], frame[2], count), cell_of(max(a, b), frame[0], frame[2], count)
    return max(first - 1, west), min(last + 1, east)


@kernel
def _outside(edge: FloatArray, frame: FloatArray) -> bool:
    """Return whether an edge lies wholly beyond one side of the framed window."""
    return bool(
        max(edge[0], edge[2]) < frame[0]
        or min(edge[0], edge[2]) > frame[4]
        or max(edge[1], edge[3]) < frame[1]
        or min(edge[1], edge[3]) > frame[5]
    )


@kernel
def cells_asked(boxes: FloatArray, frame: FloatArray, count: int) -> SignArray:
    """Return, cell by cell, whether any of the boxes (NaN: none) reaches into it."""
    asked = np.zeros(count * count, np.int8)
    for i in range(len(boxes)):
        if np.isnan(boxes[i, 0]):
            continue
        west, east = cell_of(boxes[i, 0], frame[0], frame[2], count), cell_of(boxes[i, 2], frame[0], frame[2], count)
        south, north = cell_of(boxes[i, 1], frame[1], frame[3], count), cell_of(boxes[i, 3], frame[1], frame[3], count)
        for row in range(south, north + 1):
            asked[row * count + west : row * count + east + 1] = 1
    return asked


@kernel
def _run_asked(xy: FloatArray, run: int, frame: FloatArray, count: int, asked: SignArray, box: FloatArray) -> bool:
    """Return whether the box of a run of edges meets a cell that is asked for."""
    box_of(xy, run, min(run + RUN_EDGES + 1, len(xy)), box)
    if box[2] < frame[0] or box[0] > frame[4] or box[3] < frame[1] or box[1] > frame[5]:
        return False
    west, east = cell_of(box[0], frame[0], frame[2], count), cell_of(box[2], frame[0], frame[2], count)
    south, north = cell_of(box[1], frame[1], frame[3], count), cell_of(box[3], frame[1], frame[3], count)
    if (east - west + 1) * (north - south + 1) > RUN_EDGES:
        return True
    for row in range(south, north + 1):
        for cell in range(row * count + west, row * count + east + 1):
            if asked[cell]:
                return True
    return False


@kernel
def _runs_asked(xy: FloatArray, frame: FloatArray, count: int, asked: SignArray) -> IntArray:
    """Return the first edges of the runs that may matter."""
    runs, found, box = np.empty((len(xy) + RUN_EDGES - 1) // RUN_EDGES, np.int64), 0, np.empty(4)
    for run in range(0, len(xy) - 1, RUN_EDGES):
        if _run_asked(xy, run, frame, count, asked, box):
            runs[found] = run
            found += 1
    return runs[:found]


@kernel
def _each_cell(
    xy: FloatArray,
    sign: SignArray,
    frame: FloatArray,
    count: int,
    runs: IntArray,
    asked: SignArray,
    position: IntArray,
    items: RowArray,
) -> None:
    """Count the edges of asked cells in `position` (when `items` is empty), or file each edge under its cells."""
    edge = np.empty(4)
    for i in range(len(runs) * RUN_EDGES):
        k = runs[i // RUN_EDGES] + i % RUN_EDGES
        if k >= len(xy) - 1 or sign[k] == 0:
            continue
        edge[0], edge[1], edge[2], edge[3] = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
        if _outside(edge, frame):
            continue
        south = cell_of(min(edge[1], edge[3]), frame[1], frame[3], count)
        north = cell_of(max(edge[1], edge[3]), frame[1], frame[3], count)
        for row in range(south, north + 1):
            west, east = _span(edge, row, frame, count)
            for cell in range(row * count + west, row * count + east + 1):
                if asked[cell] == 0:
                    continue
                if len(items):
                    items[position[cell]] = k
                position[cell] += 1


@kernel
def edge_grid(
    xy: FloatArray, sign: SignArray, frame: FloatArray, count: int, asked: SignArray
) -> tuple[IntArray, RowArray]:
    """Return, for a grid of count × count cells, where each cell's edges start in the list of edges, and that list.

    `frame` is (west, south, cells per metre eastward, northward, east, north); edges wholly beyond it are left out, and
    only cells that are `asked` for are filled.
    """
    runs = _runs_asked(xy, frame, count, asked)
    number = np.zeros(count * count, np.int64)
    _each_cell(xy, sign, frame, count, runs, asked, number, np.empty(0, np.int32))
    start = np.zeros(count * count + 1, np.int64)
    start[1:] = np.cumsum(number)
    items = np.empty(max(1, start[-1]), np.int32)
    _each_cell(xy, sign, frame, count, runs, asked, start[:-1].copy(), items)
    return start, items
