r"""Overlap areas of subjects and zones as exact sums of trapezoids; no shape is built.

With the polygon on its left, let an edge have weight s = -1 where it runs eastward (the polygon lies above it) and +1
where it runs westward. The part of a vertical line that P has below height h is the sum of s_e min(e(x), h) over P's
edges e above x, and a point of the line lies in Q as often as the edges of Q above it say, counted from a box B round P:

    area(P n Q) = integral over B of 1_Q(x, top) |P_x| dx  +  sum over edges f of Q below B's top
                  s_f * integral of [ sum over edges e of P of s_e min(e(x), f(x)) ] dx.

1_Q(x, top) is the winding number of B's north-west corner, changed by -+1 wherever an edge of Q passes the top side.
Both edges are straight, so each integral is one trapezoid, or two where e and f cross. Only edges of Q that reach
into B matter. Holes, touching rings, shared borders and slivers need no special case; coordinates are taken from B's
south-west corner, so nothing is lost to their size. P's edges are cut at the borders of equal strips of B, so that an
edge f meets only the edges of P in its strips.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.geometry.kernels.compiled.edges import RowArray, SignArray, cell_of
from cdgis.geometry.kernels.compiled.winding import crossing

_STRIP_EDGES = 12
"""Edges of a subject for each strip: few, and few are met in vain."""
_ROW_BITS = 32
_ROOM = 1e-6
"""Share of a box's size by which edges beside it count as passing: far more than rounding, less than the box's margin."""


@kernel
def _leftward(edge: FloatArray, sign: int) -> float:
    """Put an edge's western end first; return its weight, 0 for a vertical edge."""
    if edge[0] == edge[2]:
        return 0.0
    if edge[0] < edge[2]:
        return -float(sign)
    edge[0], edge[1], edge[2], edge[3] = edge[2], edge[3], edge[0], edge[1]
    return float(sign)


@kernel
def _local_edge(xy: FloatArray, k: int, west: float, south: float, edge: FloatArray) -> None:
    edge[0], edge[1] = xy[k, 0] - west, xy[k, 1] - south
    edge[2], edge[3] = xy[k + 1, 0] - west, xy[k + 1, 1] - south


@kernel
def strips(xy: FloatArray, sign: SignArray, span: tuple[int, int], box: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return a subject's edges cut at its strips: where each strip's segments start, and the segments.

    A segment is (x from, x to, y at x from, slope, weight), from the box's south-west corner, metres.
    """
    count = max(1, (span[1] - span[0]) // _STRIP_EDGES)
    per_m = count / (box[2] - box[0])
    start, edge = np.zeros(count + 2, np.int64), np.empty(4)
    segments = np.empty((0, 5))
    for filing in range(2):
        if filing:
            for strip in range(count):
                start[strip + 1] += start[strip]
            segments = np.empty((start[count], 5))
            start[1:] = start[:-1].copy()  # start[s + 1] moves from the strip's first segment to its end
            start[0] = 0
        for k in range(span[0], span[1] - 1):
            _local_edge(xy, k, box[0], box[1], edge)
            weight = _leftward(edge, sign[k])
            if weight == 0.0:
                continue
            slope = (edge[3] - edge[1]) / (edge[2] - edge[0])
            for strip in range(cell_of(edge[0], 0.0, per_m, count), cell_of(edge[2], 0.0, per_m, count) + 1):
                left = edge[0] if strip == cell_of(edge[0], 0.0, per_m, count) else strip / per_m
                right = edge[2] if strip == cell_of(edge[2], 0.0, per_m, count) else (strip + 1) / per_m
                if filing and left < right:
                    at = start[strip + 1]
                    segments[at, 0], segments[at, 1] = left, right
                    segments[at, 2], segments[at, 3] = edge[1] + slope * (left - edge[0]), slope
                    segments[at, 4] = weight
                if left < right:
                    start[strip + 1] += 1
    return start[: count + 1].copy(), segments


@kernel
def _below_all(start: IntArray, segments: FloatArray, x0: float, x1: float, per_m: float) -> float:
    """Return twice the subject's area between x0 and x1."""
    total, count = 0.0, len(start) - 1
    for i in range(start[cell_of(x0, 0.0, per_m, count)], start[cell_of(x1, 0.0, per_m, count) + 1]):
        a, b = max(x0, segments[i, 0]), min(x1, segments[i, 1])
        if a < b:
            height = 2.0 * segments[i, 2] + segments[i, 3] * (a + b - 2.0 * segments[i, 0])
            total += segments[i, 4] * height * (b - a)
    return total


@kernel
def _below_edge(start: IntArray, segments: FloatArray, edge: FloatArray, x0: float, x1: float, per_m: float) -> float:
    """Return twice the subject's area below an edge (western end first) between x0 and x1."""
    total, count = 0.0, len(start) - 1
    slope = (edge[3] - edge[1]) / (edge[2] - edge[0])
    for i in range(start[cell_of(x0, 0.0, per_m, count)], start[cell_of(x1, 0.0, per_m, count) + 1]):
        a, b = max(x0, segments[i, 0]), min(x1, segments[i, 1])
        if a >= b:
            continue
        ea = segments[i, 2] + segments[i, 3] * (a - segments[i, 0])
        eb = segments[i, 2] + segments[i, 3] * (b - segments[i, 0])
        fa, fb = edge[1] + slope * (a - edge[0]), edge[1] + slope * (b - edge[0])
        total += segments[i, 4] * _lower(ea, eb, fa, fb, b - a)
    return total


@kernel
def _lower(ea: float, eb: float, fa: float, fb: float, width: float) -> float:
    """Return twice the integral of min(e, f) for two straight lines with values a and b at the ends of `width`."""
    da, db = fa - ea, fb - eb
    if da >= 0.0 and db >= 0.0:
        return (ea + eb) * width
    if da <= 0.0 and db <= 0.0:
        return (fa + fb) * width
    to = width * da / (da - db)
    meet = ea + (eb - ea) * (to / width)
    if da > 0.0:
        return (ea + meet) * to + (meet + fb) * (width - to)
    return (fa + meet) * to + (meet + eb) * (width - to)


@kernel
def _share_of_edge(
    xy: FloatArray, k: int, sign: int, box: FloatArray, start: IntArray, segments: FloatArray, edge: FloatArray
) -> float:
    """Return what one edge of a zone adds to twice the overlap."""
    width, per_m = box[2] - box[0], (len(start) - 1) / (box[2] - box[0])
    first_above, last_above = xy[k, 1] > box[3], xy[k + 1, 1] > box[3]
    x0, x1 = xy[k, 0] - box[0], xy[k + 1, 0] - box[0]
    total, at = 0.0, 0.0
    if first_above != last_above:
        at = crossing(x0, xy[k, 1] - box[3], x1, xy[k + 1, 1] - box[3])
        if 0.0 < at < width:
            total += (-sign if last_above else sign) * _below_all(start, segments, at, width, per_m)
    if (first_above and last_above) or x0 == x1:
        return total
    if first_above:
        x0 = at
    if last_above:
        x1 = at
    _local_edge(xy, k, box[0], box[1], edge)
    weight = _leftward(edge, sign)
    west, east = max(min(x0, x1), 0.0), min(max(x0, x1), width)
    return total + weight * _below_edge(start, segments, edge, west, east, per_m)


@kernel
def _passes(xy: FloatArray, k: int, box: FloatArray) -> bool:
    """Return whether an edge passes through a box, or by it within rounding: whatever grid found it, the same answer."""
    if max(xy[k, 0], xy[k + 1, 0]) < box[0] or min(xy[k, 0], xy[k + 1, 0]) > box[2]:
        return False
    if max(xy[k, 1], xy[k + 1, 1]) < box[1] or min(xy[k, 1], xy[k + 1, 1]) > box[3]:
        return False
    width, height = box[2] - box[0], box[3] - box[1]
    x0, y0, x1, y1 = xy[k, 0] - box[0], xy[k, 1] - box[1], xy[k + 1, 0] - box[0], xy[k + 1, 1] - box[1]
    if x0 == x1:
        return True
    slope = (y1 - y0) / (x1 - x0)
    a = y0 + slope * (min(max(min(x0, x1), 0.0), width) - x0)
    b = y0 + slope * (min(max(max(x0, x1), 0.0), width) - x0)
    room = _ROOM * (width + height)
    return bool(min(a, b) <= height + room and max(a, b) >= -room)


@kernel
def _near(
    xy: FloatArray, row: RowArray, start: IntArray, items: RowArray, frame: FloatArray, box: FloatArray, near: IntArray
) -> tuple[int, IntArray]:
    """List the edges that reach into a box as row · 2³² + edge, sorted, each once; return how many, and the list."""
    count = int(np.sqrt(len(start) - 1.0) + 0.5)
    west, east = cell_of(box[0], frame[0], frame[2], count), cell_of(box[2], frame[0], frame[2], count)
    found = 0
    for line in range(cell_of(box[1], frame[1], frame[3], count), cell_of(box[3], frame[1], frame[3], count) + 1):
        for i in range(start[line * count + west], start[line * count + east + 1]):
            k = items[i]
            if not _passes(xy, k, box):
                continue
            if found == len(near):
                wider = np.empty(2 * found, np.int64)
                wider[:found] = near
                near = wider
            near[found] = (np.int64(row[k]) << _ROW_BITS) | np.int64(k)
            found += 1
    near[:found] = np.sort(near[:found])
    kept = 0
    for i in range(found):
        if i == 0 or near[i] != near[i - 1]:
            near[kept] = near[i]
            kept += 1
    return kept, near


@kernel
def overlap_rows(
    subjects: tuple[FloatArray, SignArray, IntArray, FloatArray],
    zones: tuple[FloatArray, SignArray, RowArray],
    grid: tuple[IntArray, RowArray, FloatArray],
    corner: tuple[IntArray, IntArray, IntArray],
    turn: tuple[int, int],
) -> tuple[IntArray, FloatArray]:
    """Return (subject, zone, edges met) and the shared area in m² for every pair whose boxes' edges or insides meet.

    Parameters
    ----------
    subjects : coordinates, edge signs, first vertex of each row (and the end), box of each row.
    zones : coordinates, edge signs, row of each edge.
    grid : the zones' edge grid, and its frame.
    corner : for each subject where its list starts; rows round its box's north-west corner; their winding numbers.
    turn : first and last subject to do.
    """
    room, found = 1024, 0
    out, area, near, edge = np.empty((room, 3), np.int64), np.empty(room), np.empty(4096, np.int64), np.empty(4)
    for subject in range(turn[0], turn[1]):
        box = subjects[3][subject]
        at, last = corner[0][subject], corner[0][subject + 1]
        count, near = _near(zones[0], zones[2], grid[0], grid[1], grid[2], box, near)
        if subjects[2][subject] == subjects[2][subject + 1] or (count == 0 and at == last):
            continue
        start, segments = strips(subjects[0], subjects[1], (subjects[2][subject], subjects[2][subject + 1]), box)
        whole = _below_all(start, segments, 0.0, box[2] - box[0], (len(start) - 1) / (box[2] - box[0]))
        i = 0
        while i < count or at < last:
            zone = min(
                near[i] >> _ROW_BITS if i < count else np.int64(1) << 62,
                corner[1][at] if at < last else np.int64(1) << 62,
            )
            twice, begun = 0.0, i
            while at < last and corner[1][at] == zone:
                twice += corner[2][at] * whole
                at += 1
            while i < count and near[i] >> _ROW_BITS == zone:
                k = near[i] & ((np.int64(1) << _ROW_BITS) - 1)
                twice += _share_of_edge(zones[0], k, zones[1][k], box, start, segments, edge)
                i += 1
            if found == room:
                room *= 2
                wider, more = np.empty((room, 3), np.int64), np.empty(room)
                wider[:found], more[:found] = out, area
                out, area = wider, more
            out[found, 0], out[found, 1], out[found, 2] = subject, zone, i - begun
            area[found] = min(max(twice, 0.0), whole) / 2.0
            found += 1
    return out[:found].copy(), area[:found].copy()
