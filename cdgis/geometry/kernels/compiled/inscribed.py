"""Largest disc inside polygons without holes, found as GEOS finds it: the same centre and the same last bit.

A square around the polygon is quartered wherever a disc larger than the best one known may still be centred, the most
promising cell first (`MaximumInscribedCircle`). A distance is that to the nearest edge: edges that cannot be the nearest are
told by a plain estimate, the others are measured in GEOS's order of operations. A cell that GEOS would take out of its queue
to no purpose, which an estimate shows, never gets into ours. Where rounding leaves a side or the nearest place open, or equally
promising cells leave open whose turn it is, the row is left to GEOS.

The quarters of a cell are asked first how near they lie to the edge that was nearest to its middle, which mostly shows that
they do not matter; and they lie inside where the cell's middle does, farther from the outline than from theirs.
"""

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.edge_distances import onto_edge, to_edge
from cdgis.geometry.kernels.compiled.sure_sides import sure_sign

_DIAGONAL = 1.4142135623730951
_NEARLY = 1e-10
"""Share of the polygon's size, squared, by which estimates of squared distances may err; far more than they do."""
_SAFE = 1 - 1e-9
_MOST = 4
_MOST_CELLS = 4000
"""After so many GEOS may give up."""
_CLEARLY, _ROUNDED = 1.001, 1e-15
"""How many times farther off the outline than a quarter's middle a cell's must lie, and how coordinates may be rounded."""
Cell = tuple[float, float, float, float, float, float]
"""Centre, half its side, distance of the centre to the outline (negative outside), the most it can be in the cell, nearest edge."""
Work = tuple[FloatArray, FloatArray, float]
"""Edges of a ring (`_spread`), room for a number each, and what estimates of squared distances may err by."""


@inlined
def _box(xy: FloatArray) -> tuple[float, float, float, float]:
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for k in range(len(xy)):
        west, south, east, north = min(west, xy[k, 0]), min(south, xy[k, 1]), max(east, xy[k, 0]), max(north, xy[k, 1])
    return west, south, east, north


@inlined
def _spread(xy: FloatArray, edges: FloatArray) -> float:
    """Write start, run and reciprocal square of each edge, a column each; return what estimates may err by, squared metres."""
    for k in range(len(xy) - 1):
        dx, dy = xy[k + 1, 0] - xy[k, 0], xy[k + 1, 1] - xy[k, 1]
        square = dx * dx + dy * dy
        edges[0, k], edges[1, k], edges[2, k], edges[3, k] = xy[k, 0], xy[k, 1], dx, dy
        edges[4, k] = 1.0 / square if square > 0.0 else 0.0
    west, south, east, north = _box(xy)
    return float(_NEARLY * ((east - west) ** 2 + (north - south) ** 2))


@inlined
def _estimates(edges: FloatArray, count: int, x: float, y: float, squared: FloatArray) -> float:
    """Write the squared distance from a place to each edge, but for rounding; return the least."""
    ax, ay, ux, uy, inverse = edges[0], edges[1], edges[2], edges[3], edges[4]
    for k in range(count):  # without branches, for vector instructions
        wx, wy, dx, dy = x - ax[k], y - ay[k], ux[k], uy[k]
        r = (wx * dx + wy * dy) * inverse[k]
        r = 0.0 if r < 0.0 else r
        r = 1.0 if r > 1.0 else r
        qx, qy = wx - r * dx, wy - r * dy
        squared[k] = qx * qx + qy * qy
    a = b = c = d = np.inf
    for k in range(0, count - 3, 4):  # four at a time: one comparison need not wait for the other
        a = squared[k] if squared[k] < a else a
        b = squared[k + 1] if squared[k + 1] < b else b
        c = squared[k + 2] if squared[k + 2] < c else c
        d = squared[k + 3] if squared[k + 3] < d else d
    for k in range(count - count % 4, count):
        a = squared[k] if squared[k] < a else a
    return float(min(min(a, b), min(c, d)))


@inlined
def _is_inside(edges: FloatArray, count: int, x: float, y: float) -> tuple[bool, bool]:
    """Return whether a place that is on no edge lies inside, and whether that is certain."""
    ax, ay, ux, uy = edges[0], edges[1], edges[2], edges[3]
    inside, certain, above = False, True, ay[0] > y
    for k in range(count):
        before = above
        above = (ay[k + 1] if k + 1 < count else ay[0]) > y
        if above != before:
            side = sure_sign((ax[k] - x) * uy[k], (ay[k] - y) * ux[k])
            certain &= side != 0
            inside ^= (side > 0) == above
    return inside, certain


@inlined
def _is_near(edges: FloatArray, k: int, x: float, y: float, slack: float, enough: float) -> bool:
    """Return whether a place surely lies no farther from an edge than `enough`."""
    wx, wy, dx, dy = x - edges[0, k], y - edges[1, k], edges[2, k], edges[3, k]
    r = min(max((wx * dx + wy * dy) * edges[4, k], 0.0), 1.0)
    qx, qy = wx - r * dx, wy - r * dy
    return enough > 0.0 and qx * qx + qy * qy + slack <= enough * enough


@inlined
def _measure(xy: FloatArray, work: Work, at: tuple[float, float, float], enough: float, held: bool) -> tuple[Cell, bool]:
    """Return the cell around a place, and whether that is certain; one no farther from the outline than `enough` has no distance.

    `at` is the place and half a side; `held` says that it is known to lie inside.
    """
    edges, squared, slack = work
    x, y, half = at
    count = len(xy) - 1
    limit = _estimates(edges, count, x, y, squared) + slack
    if enough > 0.0 and limit <= enough * enough:
        return (x, y, half, -np.inf, -np.inf, 0.0), True
    inside, certain = (True, True) if held else _is_inside(edges, count, x, y)
    least, near = np.inf, 0
    for k in range(count):
        if squared[k] <= limit:
            least, near = min(least, to_edge(x, y, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1])), k
    far = least if inside else -least
    return (x, y, half, far, far + half * _DIAGONAL, float(near)), certain and least > 0.0


@kernel
def _radius(xy: FloatArray, work: Work, x: float, y: float) -> tuple[float, bool]:
    """Return the length of the way from a place to the nearest of the outline, and whether no other way is as short."""
    edges, squared, slack = work
    limit = _estimates(edges, len(xy) - 1, x, y, squared) + slack
    least, length, sure = np.inf, 0.0, True
    for k in range(len(xy) - 1):
        if squared[k] <= limit:
            d = to_edge(x, y, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1])
            if d <= least:
                _, _, way = onto_edge(x, y, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1])
                sure = d < least or (sure and way == length)
                least, length = d, way
    return length, sure


@inlined
def _put(heap: FloatArray, at: int, cell: Cell) -> None:
    heap[at, 0], heap[at, 1], heap[at, 2], heap[at, 3], heap[at, 4], heap[at, 5] = cell


@inlined
def _get(heap: FloatArray, at: int) -> Cell:
    return heap[at, 0], heap[at, 1], heap[at, 2], heap[at, 3], heap[at, 4], heap[at, 5]


@inlined
def _rise(heap: FloatArray, hole: int, cell: Cell) -> None:
    """Put a cell into a heap, from an empty place upwards."""
    while hole > 0 and heap[(hole - 1) // 2, _MOST] < cell[_MOST]:
        _put(heap, hole, _get(heap, (hole - 1) // 2))
        hole = (hole - 1) // 2
    _put(heap, hole, cell)


@inlined
def _take_first(heap: FloatArray, size: int) -> None:
    """Take the uppermost cell out of a heap of `size` cells."""
    hole, child, last = 0, 1, _get(heap, size - 1)
    while child < size - 1:
        if child + 1 < size - 1 and heap[child, _MOST] < heap[child + 1, _MOST]:
            child += 1
        if heap[child, _MOST] <= last[_MOST]:
            break
        _put(heap, hole, _get(heap, child))
        hole, child = child, 2 * child + 1
    _put(heap, hole, last)


@inlined
def _quarter(
    xy: FloatArray, work: Work, cell: Cell, best: float, tolerance: float, heap: FloatArray, size: int
) -> tuple[int, bool]:
    """Put the quarters of a cell that may matter on the heap; return its new size, and whether all is certain."""
    x, y, side, far, _, near = cell
    half, sure = side / 2.0, True
    enough = min(best, best + tolerance - half * _DIAGONAL) * _SAFE
    held = far > half * _DIAGONAL * _CLEARLY + _ROUNDED * (abs(x) + abs(y))
    for turn in range(4):
        at = x + half if turn % 2 else x - half, y + half if turn > 1 else y - half, half
        if _is_near(work[0], int(near), at[0], at[1], work[2], enough):
            continue
        quarter, certain = _measure(xy, work, at, enough, held)
        sure &= certain
        if quarter[3] > best or quarter[_MOST] - best > tolerance:
            _rise(heap, size, quarter)
            size += 1
    return size, sure


@kernel
def _inscribed(
    xy: FloatArray, inner: tuple[float, float], tolerance: float, work: Work, heap: FloatArray
) -> tuple[float, bool]:
    """Return the radius of the largest disc in one ring, and whether it is sure; `heap` has room for some cells."""
    west, south, east, north = _box(xy)
    best, sure = _measure(xy, work, (inner[0], inner[1], 0.0), 0.0, False)
    half = max(east - west, north - south) / 2.0
    cell, certain = _measure(xy, work, ((west + east) / 2.0, (south + north) / 2.0, half), 0.0, False)
    sure &= certain
    _put(heap, 0, cell)
    size, made = 1, 1
    while size > 0 and sure:
        cell = _get(heap, 0)
        _take_first(heap, size)
        size -= 1
        if cell[_MOST] < best[3]:
            break
        sure = size == 0 or heap[0, _MOST] < cell[_MOST]
        if cell[3] > best[3]:
            best = cell
        if cell[_MOST] - best[3] > tolerance:
            size, certain = _quarter(xy, work, cell, best[3], tolerance, heap, size)
            made += 4
            sure &= certain and made < _MOST_CELLS
    radius, certain = _radius(xy, work, best[0], best[1])
    return radius, sure and certain


@kernel
def inscribed_radii(xy: FloatArray, start: IntArray, inner: FloatArray, tolerance: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the radius of the largest disc in each polygon, as GEOS finds it, and where that is sure.

    Parameters
    ----------
    xy, start : closed rings of at least five edges, one after the other: ring i is xy[start[i] : start[i + 1]].
    inner : a point inside each, `shapely.point_on_surface`.
    tolerance : to which each is found, metres.
    """
    radius, sure = np.zeros(len(tolerance)), np.zeros(len(tolerance), np.bool_)
    most = 0
    for i in range(len(tolerance)):
        most = max(most, start[i + 1] - start[i])
    edges, squared, heap = np.empty((5, most)), np.empty(most), np.empty((_MOST_CELLS, 6))
    for i in range(len(tolerance)):
        ring = xy[start[i] : start[i + 1]]
        work = (edges, squared, _spread(ring, edges))
        radius[i], sure[i] = _inscribed(ring, (inner[i, 0], inner[i, 1]), tolerance[i], work, heap)
    return radius, sure
