"""Distances between edges, and the way from one to another, in GEOS's order of operations.

Two edges that do not cross are as far apart as the nearest of their four ends from the other edge. The way is put together as
GEOS does (`Distance::segmentToSegment`, `LineSegment::closestPoints`), so its ends are those of `shapely.shortest_line`, to
the last bit; what is called squared only tells what may be near.
"""

import numpy as np

from cdgis.core.array_types import FloatArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.box_tree import edge_squared

Edge = tuple[float, float, float, float]
"""x and y of its ends."""
Line = tuple[float, float, float, float, float]
"""x and y of its first end, how far in x and y the second lies, and one by the square of its length."""


@inlined
def boxes_gap_squared(a: FloatArray, b: FloatArray) -> float:
    """Return the squared distance between two boxes."""
    dx, dy = max(a[0] - b[2], b[0] - a[2], 0.0), max(a[1] - b[3], b[1] - a[3], 0.0)
    return float(dx * dx + dy * dy)


@inlined
def edge_gap_squared(ax: float, ay: float, bx: float, by: float, box: FloatArray) -> float:
    """Return the squared distance between an edge's box and a box."""
    dx = max(box[0] - max(ax, bx), min(ax, bx) - box[2], 0.0)
    dy = max(box[1] - max(ay, by), min(ay, by) - box[3], 0.0)
    return float(dx * dx + dy * dy)


@inlined
def edges_gap_squared(e: Edge, f: Edge) -> float:
    """Return the squared distance between the boxes of two edges."""
    dx = max(min(f[0], f[2]) - max(e[0], e[2]), min(e[0], e[2]) - max(f[0], f[2]), 0.0)
    dy = max(min(f[1], f[3]) - max(e[1], e[3]), min(e[1], e[3]) - max(f[1], f[3]), 0.0)
    return float(dx * dx + dy * dy)


@inlined
def edge_of(xy: FloatArray, at: int, last: int) -> Edge:
    """Return the edge from vertex `at`, a point where that is the last."""
    after = min(at + 1, last)
    return xy[at, 0], xy[at, 1], xy[after, 0], xy[after, 1]


@inlined
def line_of(f: Edge) -> Line:
    """Return an edge as its first end, the way to its second, and one by the square of its length."""
    ux, uy = f[2] - f[0], f[3] - f[1]
    square = ux * ux + uy * uy
    return f[0], f[1], ux, uy, 1.0 / square if square > 0.0 else 0.0


@inlined
def off_line(x: float, y: float, f: Line) -> tuple[float, float]:
    """Return how far in x and y a point lies off the nearest place of an edge."""
    cx, cy, ux, uy, share = f
    x, y = x - cx, y - cy
    along = min(max((x * ux + y * uy) * share, 0.0), 1.0)
    return x - along * ux, y - along * uy


@inlined
def nearest_between(e: Edge, off: tuple[float, float], after: tuple[float, float]) -> bool:
    """Return whether an edge comes nearest to another between its ends, given how far these lie off.

    Between them the other is nearest with one of its own ends.
    """
    dx, dy = e[2] - e[0], e[3] - e[1]
    return off[0] * dx + off[1] * dy < 0.0 < after[0] * dx + after[1] * dy


@inlined
def ends_squared(e: Edge, f: Edge) -> float:
    """Return the squared distance from one edge to the nearer end of another."""
    (ax, ay, bx, by), (cx, cy, dx, dy) = e, f
    return min(edge_squared(ax - cx, ay - cy, bx - cx, by - cy), edge_squared(ax - dx, ay - dy, bx - dx, by - dy))


@inlined
def length(dx: float, dy: float) -> float:
    """Return how long a way is that leads so far in x and y, as GEOS computes it."""
    return float(np.sqrt(dx * dx + dy * dy))


@inlined
def to_edge(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the distance from a point to an edge, as GEOS computes it."""
    if ax == bx and ay == by:
        return length(px - ax, py - ay)
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    r = ((px - ax) * dx + (py - ay) * dy) / square
    if r <= 0.0:
        return length(px - ax, py - ay)
    if r >= 1.0:
        return length(px - bx, py - by)
    return float(abs(((ay - py) * dx - (ax - px) * dy) / square) * np.sqrt(square))


@inlined
def onto_edge(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float, float]:
    """Return the place on an edge nearest to a point, and how far it is, as GEOS finds it."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    r = 0.0
    if px == bx and py == by:
        r = 1.0
    elif square > 0.0 and not (px == ax and py == ay):
        r = ((px - ax) * dx + (py - ay) * dy) / square
    if 0.0 < r < 1.0:
        x, y = ax + r * dx, ay + r * dy
    elif length(ax - px, ay - py) < length(bx - px, by - py):
        x, y = ax, ay
    else:
        x, y = bx, by
    return x, y, length(x - px, y - py)


@kernel
def edges_apart(e: Edge, f: Edge) -> float:
    """Return the distance between two edges that do not cross, as GEOS computes it."""
    ax, ay, bx, by = e
    cx, cy, dx, dy = f
    if ax == bx and ay == by:
        return to_edge(ax, ay, cx, cy, dx, dy)
    if cx == dx and cy == dy:
        return to_edge(dx, dy, ax, ay, bx, by)
    return min(
        to_edge(ax, ay, cx, cy, dx, dy), to_edge(bx, by, cx, cy, dx, dy),
        to_edge(cx, cy, ax, ay, bx, by), to_edge(dx, dy, ax, ay, bx, by),
    )  # fmt: skip


@kernel
def way_between(e: Edge, f: Edge, way: FloatArray) -> None:
    """Write the nearest places of two edges that do not cross; of equal ways the first in GEOS's order."""
    ax, ay, bx, by = e
    cx, cy, dx, dy = f
    x, y, least = onto_edge(cx, cy, ax, ay, bx, by)
    way[0], way[1], way[2], way[3] = x, y, cx, cy
    x, y, d = onto_edge(dx, dy, ax, ay, bx, by)
    if d < least:
        way[0], way[1], way[2], way[3], least = x, y, dx, dy, d
    x, y, d = onto_edge(ax, ay, cx, cy, dx, dy)
    if d < least:
        way[0], way[1], way[2], way[3], least = ax, ay, x, y, d
    x, y, d = onto_edge(bx, by, cx, cy, dx, dy)
    if d < least:
        way[0], way[1], way[2], way[3] = bx, by, x, y
