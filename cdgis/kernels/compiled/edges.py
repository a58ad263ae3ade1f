"""Which way do edges run, and which edges lie near a place?

An edge runs from vertex k to k + 1 of the flat coordinates. Its sign is +1 where that direction has the polygon on its
left (shell counter-clockwise, hole clockwise), -1 where it has it on the right, 0 where k ends a ring. Signs stand for
turning rings round, so no coordinate is copied. A uniform grid lists, cell by cell, the edges that may pass through it.
"""

import numpy as np
import numpy.typing as npt

from cdgis.compiled import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SignArray = npt.NDArray[np.int8]
RowArray = npt.NDArray[np.int32]


@kernel
def _turns_left(xy: FloatArray, first: int, last: int) -> bool:
    """Return whether the ring of vertices first..last-1 runs counter-clockwise (area by the shoelace formula)."""
    twice, x0, y0 = 0.0, xy[first, 0], xy[first, 1]
    for k in range(first, last - 1):
        twice += (xy[k, 0] - x0) * (xy[k + 1, 1] - y0) - (xy[k + 1, 0] - x0) * (xy[k, 1] - y0)
    return twice > 0.0


@kernel
def signed_edges(
    xy: FloatArray, ring_start: IntArray, part_start: IntArray, part_row: RowArray
) -> tuple[SignArray, RowArray]:
    """Return the sign and the row of the edge that starts at each vertex."""
    sign = np.zeros(len(xy), np.int8)
    row = np.zeros(len(xy), np.int32)
    for part in range(len(part_row)):
        shell = part_start[part]
        for ring in range(shell, part_start[part + 1]):
            first, last = ring_start[ring], ring_start[ring + 1]
            with_shape = _turns_left(xy, first, last) == (ring == shell)
            for k in range(first, last):
                row[k] = part_row[part]
                sign[k] = 0 if k == last - 1 else (1 if with_shape else -1)
    return sign, row


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
def _each_cell(
    xy: FloatArray, sign: SignArray, frame: FloatArray, count: int, position: IntArray, items: RowArray
) -> None:
    """Count every edge's cells in `position` (when `items` is empty), or file the edge under each of them."""
    edge = np.empty(4)
    for k in range(len(xy) - 1):
        if sign[k] == 0:
            continue
        edge[0], edge[1], edge[2], edge[3] = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
        if _outside(edge, frame):
            continue
        south = cell_of(min(edge[1], edge[3]), frame[1], frame[3], count)
        north = cell_of(max(edge[1], edge[3]), frame[1], frame[3], count)
        for row in range(south, north + 1):
            west, east = _span(edge, row, frame, count)
            for cell in range(row * count + west, row * count + east + 1):
                if len(items):
                    items[position[cell]] = k
                position[cell] += 1


@kernel
def edge_grid(xy: FloatArray, sign: SignArray, frame: FloatArray, count: int) -> tuple[IntArray, RowArray]:
    """Return, for a grid of count × count cells, where each cell's edges start in the list of edges, and that list.

    `frame` is (west, south, cells per metre eastward, northward, east, north); edges wholly beyond it are left out.
    """
    number = np.zeros(count * count, np.int64)
    _each_cell(xy, sign, frame, count, number, np.empty(0, np.int32))
    start = np.zeros(count * count + 1, np.int64)
    start[1:] = np.cumsum(number)
    items = np.empty(max(1, start[-1]), np.int32)
    _each_cell(xy, sign, frame, count, start[:-1].copy(), items)
    return start, items
