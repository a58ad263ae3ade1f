"""Distance from an edge to a whole outline that lies in a disc clear of it, and the way there where that is plain.

Of an outline seen from afar no vertex can be near that does not lie foremost, and no edge without such an end: of thirty vertices
one or two are measured. A way is plain if it leads from one vertex to an end of the edge, or to its foot on it, and no other way
is as short to within the slack: it is then the one that GEOS finds, whatever edges it compares.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.box_tree import SLACK, SLACK_M, Shapes, widened
from cdgis.geometry.kernels.compiled.edge_distances import Edge, ends_squared, line_of, nearest_between, off_line

Spot = tuple[FloatArray, FloatArray, IntArray, int, int]
"""Coordinates, the same as seen from the middle, their neighbours, and a subject's first vertex and the one after its last."""

_MARGIN_M = 1e-6
_MORE = 1.0 + 1e-12
_TURNS = 3
"""So many vertices are tried, each foremost seen from where the way of the last one ends."""


@kernel
def discs(shapes: Shapes, boxes: FloatArray, start: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return each subject's box and disc, its vertices as seen from the disc's middle, and the neighbours of each.

    The last vertex of a ring is its first and counts once: it is seen amidst the others, foremost never.
    """
    xy, first, last = shapes
    whole, seen, beside = np.zeros((len(start) - 1, 7)), np.zeros((len(xy), 2)), np.full((len(xy), 2), -1)
    for i in range(len(start) - 1):
        if start[i] == start[i + 1]:
            continue
        around = np.array([np.inf, np.inf, -np.inf, -np.inf])
        for k in range(start[i], start[i + 1]):
            around[:2], around[2:] = np.minimum(around[:2], boxes[k, :2]), np.maximum(around[2:], boxes[k, 2:])
        x, y, far, head = (around[0] + around[2]) / 2, (around[1] + around[3]) / 2, 0.0, first[start[i]]
        for k in range(start[i], start[i + 1]):
            if k > start[i] and first[k] != last[k - 1]:
                head = first[k]
            for v in range(first[k], last[k] + 1):
                seen[v, 0], seen[v, 1] = xy[v, 0] - x, xy[v, 1] - y
                far = max(far, seen[v, 0] * seen[v, 0] + seen[v, 1] * seen[v, 1])
                beside[v, 0] = v - 1 if v > head else -1
                beside[v - 1 if v > head else v, 1] = v if v > head else -1
            if last[k] > head and (k + 1 == start[i + 1] or first[k + 1] != last[k]) and (xy[head] == xy[last[k]]).all():
                beside[head, 0] = last[k] - 1
                seen[last[k], 0], seen[last[k], 1] = seen[head : last[k], 0].mean(), seen[head : last[k], 1].mean()
        whole[i, :4], whole[i, 4], whole[i, 5], whole[i, 6] = around, x, y, np.sqrt(far) + _MARGIN_M
    return whole, seen, beside


@inlined
def _leads_away(spot: Spot, at: int, x: float, y: float) -> bool:
    """Return whether of both edges at a vertex it is what is nearest to a place, as GEOS decides."""
    xy, _, beside, _, _ = spot
    px, py = xy[at, 0], xy[at, 1]
    before, after = beside[at, 0], beside[at, 1]
    if after >= 0 and (x - px) * (xy[after, 0] - px) + (y - py) * (xy[after, 1] - py) > 0.0:
        return False
    if before < 0:
        return True
    ax, ay = xy[before, 0], xy[before, 1]
    dx, dy = px - ax, py - ay
    return bool((x - ax) * dx + (y - ay) * dy >= dx * dx + dy * dy)


@inlined
def _plain_place(spot: Spot, at: int, f: Edge) -> tuple[float, float, float, int]:
    """Return how far in x and y a vertex lies off an edge, the square of it, and where the way ends: 0 or 1, an end, 2 between.

    -1 where GEOS may find another way.
    """
    px, py = spot[0][at, 0], spot[0][at, 1]
    dx, dy = f[2] - f[0], f[3] - f[1]
    along, square = (px - f[0]) * dx + (py - f[1]) * dy, dx * dx + dy * dy
    if along <= 0.0 or square == 0.0:
        x, y, end = px - f[0], py - f[1], 0
    elif along >= square:
        x, y, end = px - f[2], py - f[3], 1
    else:
        share = along / square
        x, y, end = px - f[0] - share * dx, py - f[1] - share * dy, 2
    d = x * x + y * y
    if end < 2:
        other = (px - f[2 - 2 * end]) * (px - f[2 - 2 * end]) + (py - f[3 - 2 * end]) * (py - f[3 - 2 * end])
        sure = square == 0.0 or other > d * _MORE  # else the last bit decides
        return x, y, d, end if sure and _leads_away(spot, at, f[2 * end], f[2 * end + 1]) else -1
    for side in range(2):  # an end of the edge may be nearer to the outline's own edges than the vertex is to it
        k = spot[2][at, side]
        if k >= 0 and ends_squared((px, py, spot[0][k, 0], spot[0][k, 1]), f) <= widened(d):
            return x, y, d, -1
    return x, y, d, 2


@inlined
def _farther(spot: Spot, at: int, x: float, y: float, band: float) -> tuple[bool, int]:
    """Return whether all others lie behind a vertex, seen from a place it lies off by x and y, and if not the foremost."""
    _, seen, _, a, b = spot
    least, foremost = np.inf, at
    for i in range(a, b):
        s = (seen[i, 0] - seen[at, 0]) * x + (seen[i, 1] - seen[at, 1]) * y
        if s < least and i != at:
            least, foremost = s, i
    return least > band, foremost


@kernel
def _band_squared(spot: Spot, off: tuple[float, float], band: float, f: Edge) -> float:
    """Return the squared distance to an edge from the vertices that lie foremost, within a band, and from edges that end there."""
    xy, seen, beside, a, b = spot
    line, least = line_of(f), np.inf
    for i in range(a, b):
        if seen[i, 0] * off[0] + seen[i, 1] * off[1] > band:
            continue
        mine = off_line(xy[i, 0], xy[i, 1], line)
        least = min(least, mine[0] * mine[0] + mine[1] * mine[1])
        for side in range(2):
            k = beside[i, side]
            if k >= 0:
                e = (xy[i, 0], xy[i, 1], xy[k, 0], xy[k, 1])
                if nearest_between(e, mine, off_line(e[2], e[3], line)):
                    least = min(least, ends_squared(e, f))
    return float(least)


@inlined
def foremost(spot: Spot, dx: float, dy: float) -> tuple[float, float, int]:
    """Return how far the foremost vertex against a direction lies along it, how far the next one, and which it is."""
    _, seen, _, a, b = spot
    least, second, at = np.inf, np.inf, a
    for i in range(a, b):
        s = seen[i, 0] * dx + seen[i, 1] * dy
        if s < second:
            second = s
            if s < least:
                least, second, at = s, least, i
    return least, second, at


@inlined
def off_middle(x: float, y: float, f: Edge) -> tuple[float, float]:
    """Return how far in x and y a place lies off the nearest of an edge; off its ends in the same way whichever edge they end."""
    ux, uy = f[2] - f[0], f[3] - f[1]
    along, square = (x - f[0]) * ux + (y - f[1]) * uy, ux * ux + uy * uy
    if along <= 0.0:
        return x - f[0], y - f[1]
    if along >= square:
        return x - f[2], y - f[3]
    share = along / square
    return x - f[0] - share * ux, y - f[1] - share * uy


@inlined
def squared_apart(
    spot: Spot, off: tuple[float, float, float], seen: tuple[float, int], f: Edge, reach: float
) -> tuple[float, int, int]:
    """Return the squared distance from a subject to an edge, and the vertex and where the way ends if it is plain.

    Parameters
    ----------
    off : how far in x and y the disc's middle lies off the edge, and how far in all.
    seen : how far the vertex next to the foremost lies along it, and the foremost.
    """
    dx, dy, gap = off
    second, at = seen
    for turn in range(_TURNS):
        x, y, d, end = _plain_place(spot, at, f)
        apart = np.sqrt(d)
        slack = min(reach, apart * (1.0 + SLACK) + SLACK_M)
        band = (slack - gap) * gap
        if end < 0:
            break
        if turn == 0 and second > band:
            return d, at, end
        alone, foremost = _farther(spot, at, x, y, (apart * SLACK + SLACK_M) * apart)
        if alone:
            return d, at, end
        at = foremost
    return _band_squared(spot, (dx, dy), band, f), -1, -1
