"""Winding numbers of points in polygons, each polygon's edges streamed once past the points in its box.

An edge from a to b counts where it passes the level of point p, that is (a.y > p.y) != (b.y > p.y), to the right of p:
+1 upwards, -1 downwards, times its sign. The sum is 1 inside a valid polygon and 0 outside. `crossing` is the one
place that says where an edge passes a level; the area kernel asks it too, so both always agree on the side.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.geometry.kernels.compiled.edges import RUN_EDGES, SignArray, box_of

_ON_EDGE = 1e-12
"""A crossing this near, relative to the numbers it came from, may be on either side: exact arithmetic has to say."""


@kernel
def crossing(u0: float, t0: float, u1: float, t1: float) -> float:
    """Return the u at which the edge (u0, t0)-(u1, t1) passes t = 0, never beyond its ends; t0 and t1 differ."""
    u = u0 - t0 * (u1 - u0) / (t1 - t0)
    return min(max(u, min(u0, u1)), max(u0, u1))


@kernel
def _on_vertex_or_level(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """Return whether (x, y) is an end of an edge or lies on a level one."""
    if ay == by:
        return ay == y and min(ax, bx) <= x <= max(ax, bx)
    return (ax == x and ay == y) or (bx == x and by == y)


@kernel
def _passes_right(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> tuple[bool, bool]:
    """Return whether an edge passes to the right of a point it is level with, and whether that is certain."""
    if x >= max(ax, bx):
        return False, x > max(ax, bx)
    if x < min(ax, bx):
        return True, True
    u = crossing(ax - x, ay - y, bx - x, by - y)
    return u > 0.0, abs(u) > _ON_EDGE * (abs(ax - x) + abs(bx - x))


@kernel
def _in_box(px: FloatArray, py: FloatArray, box: FloatArray, chosen: IntArray) -> int:
    """List in `chosen` the points, which are sorted by y, that lie in a box; return how many."""
    found = 0
    for i in range(np.searchsorted(py, box[1]), np.searchsorted(py, box[3], side="right")):
        if box[0] <= px[i] <= box[2]:
            chosen[found] = i
            found += 1
    return found


@kernel
def _bins(py: FloatArray, chosen: IntArray, box: FloatArray, start: IntArray) -> float:
    """Return bins per metre of y; `start` gives the first chosen point at or above each bin's foot."""
    count = len(start) - 1
    per_m = count / max(box[3] - box[1], 1e-300)
    j = 0
    for b in range(count + 1):
        while j < len(chosen) and (py[chosen[j]] - box[1]) * per_m < b:
            j += 1
        start[b] = j
    return float(per_m)


@kernel
def _stream_edge(
    edge: FloatArray,
    sign: int,
    px: FloatArray,
    py: FloatArray,
    chosen: IntArray,
    j: int,
    winding: IntArray,
    doubt: SignArray,
) -> None:
    """Add one edge to the winding number of every chosen point at its height, from the j-th on."""
    ax, ay, bx, by = edge[0], edge[1], edge[2], edge[3]
    low, high = min(ay, by), max(ay, by)
    while j > 0 and py[chosen[j - 1]] >= low:
        j -= 1
    while j < len(chosen) and py[chosen[j]] <= high:
        x, y = px[chosen[j]], py[chosen[j]]
        if (ay > y) != (by > y):
            right, certain = _passes_right(ax, ay, bx, by, x, y)
            if right:
                winding[j] += sign if by > ay else -sign
            if not certain:
                doubt[j] = 1
        if y in (low, high) and _on_vertex_or_level(ax, ay, bx, by, x, y):
            doubt[j] = 1
        j += 1


@kernel
def _stream_part(
    xy: FloatArray,
    ring_start: IntArray,
    ring_sign: SignArray,
    box: FloatArray,
    px: FloatArray,
    py: FloatArray,
    chosen: IntArray,
) -> tuple[IntArray, SignArray]:
    """Return the winding number of one part's rings about its chosen points, and which are doubtful.

    A run of edges that is level with no point, or lies west of them all, is passed over whole.
    """
    winding, doubt = np.zeros(len(chosen), np.int64), np.zeros(len(chosen), np.int8)
    start = np.zeros(max(1, min(4 * len(chosen), 1 << 16)) + 1, np.int64)
    per_m = _bins(py, chosen, box, start)
    edge, run_box, top, west = np.empty(4), np.empty(4), len(start) - 1.0, px[chosen].min()
    for ring in range(len(ring_sign)):
        end = ring_start[ring + 1] - 1
        for run in range(ring_start[ring], end, RUN_EDGES):
            last = min(run + RUN_EDGES, end)
            box_of(xy, run, last + 1, run_box)
            j = max(start[int(min((run_box[1] - box[1]) * per_m, top))] - 1, 0)
            while j < len(chosen) and py[chosen[j]] < run_box[1]:
                j += 1
            if j == len(chosen) or py[chosen[j]] > run_box[3] or run_box[2] < west:
                continue
            for k in range(run, last):
                edge[0], edge[1], edge[2], edge[3] = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                j = start[int(min((min(edge[1], edge[3]) - box[1]) * per_m, top))]
                _stream_edge(edge, ring_sign[ring], px, py, chosen, j, winding, doubt)
    return winding, doubt


@kernel
def windings(
    xy: FloatArray,
    ring_start: IntArray,
    ring_sign: SignArray,
    part_start: IntArray,
    bounds: FloatArray,
    px: FloatArray,
    py: FloatArray,
    turn: IntArray,
) -> tuple[IntArray, IntArray, IntArray, SignArray]:
    """Return (point, part, winding number, doubtful) wherever the number is not 0 or the point may be on an edge.

    Parameters
    ----------
    ring_start, part_start : first vertex of each ring, first ring of each part, and the ends.
    bounds : box of each part.
    px, py : points sorted by y.
    turn : (first, step): the parts to look at.
    """
    chosen = np.empty(len(px), np.int64)
    room = 1024
    out, doubts, found = np.empty((room, 3), np.int64), np.empty(room, np.int8), 0
    for part in range(turn[0], len(bounds), turn[1]):
        count = _in_box(px, py, bounds[part], chosen)
        if count == 0:
            continue
        first, last = part_start[part], part_start[part + 1]
        winding, doubt = _stream_part(
            xy, ring_start[first : last + 1], ring_sign[first:last], bounds[part], px, py, chosen[:count]
        )
        if found + count > room:
            room = 2 * (found + count)
            wider, more = np.empty((room, 3), np.int64), np.empty(room, np.int8)
            wider[:found], more[:found] = out[:found], doubts[:found]
            out, doubts = wider, more
        for j in range(count):
            if winding[j] != 0 or doubt[j]:
                out[found, 0], out[found, 1], out[found, 2], doubts[found] = chosen[j], part, winding[j], doubt[j]
                found += 1
    return out[:found, 0].copy(), out[:found, 1].copy(), out[:found, 2].copy(), doubts[:found].copy()
