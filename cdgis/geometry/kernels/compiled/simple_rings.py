"""Rings that certainly neither touch nor cross themselves: polygons of such a ring are valid, whatever the rounding.

Two edges are apart where their boxes are, or where the ends of one lie surely on one side of the other. Edges that share a
vertex meet nowhere else unless one runs back along the other. What is not certain is left to GEOS.

A ring that surely turns one way around a place, and once, keeps each edge in an angle of its own as seen from there: no two
need be compared. Most parcels turn so around the mean of their vertices.
"""

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.sure_sides import sure_sign


@inlined
def _side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return on which side of an edge a place lies, 0 where that is not certain."""
    return sure_sign((ax - px) * (by - py), (ay - py) * (bx - px))


@inlined
def _apart(xy: FloatArray, i: int, k: int) -> bool:
    """Return whether two edges surely share no place."""
    ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
    cx, cy, dx, dy = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
    if max(cx, dx) < min(ax, bx) or min(cx, dx) > max(ax, bx) or max(cy, dy) < min(ay, by) or min(cy, dy) > max(ay, by):
        return True
    side = _side(ax, ay, bx, by, cx, cy)
    if side != 0 and side == _side(ax, ay, bx, by, dx, dy):
        return True
    side = _side(cx, cy, dx, dy, ax, ay)
    return side != 0 and side == _side(cx, cy, dx, dy, bx, by)


@inlined
def _turns(xy: FloatArray, i: int, k: int) -> bool:
    """Return whether the edge from i, which ends where that from k begins, surely does not run back along it."""
    ux, uy, vx, vy = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1], xy[k + 1, 0] - xy[k, 0], xy[k + 1, 1] - xy[k, 1]
    if (ux == 0.0 and uy == 0.0) or (vx == 0.0 and vy == 0.0):
        return False
    return ux * vx + uy * vy > 0.0 or _side(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], xy[k + 1, 0], xy[k + 1, 1]) != 0


@inlined
def _goes_around(xy: FloatArray) -> bool:
    """Return whether a closed ring surely goes once around the mean of its vertices, each edge the same way."""
    edges, x, y = len(xy) - 1, 0.0, 0.0
    for k in range(edges):
        x, y = x + (xy[k, 0] - xy[0, 0]), y + (xy[k, 1] - xy[0, 1])
    x, y = xy[0, 0] + x / edges, xy[0, 1] + y / edges
    turned, crossed = 0, 0
    for k in range(edges):
        turned += _side(xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1], x, y)
        crossed += (xy[k, 1] > y) != (xy[k + 1, 1] > y)
    return abs(turned) == edges and crossed == 2


@inlined
def _is_simple(xy: FloatArray) -> bool:
    edges = len(xy) - 1
    if edges < 3 or xy[0, 0] != xy[edges, 0] or xy[0, 1] != xy[edges, 1]:
        return False
    if _goes_around(xy):
        return True
    for i in range(edges):
        if not _turns(xy, i, i + 1 if i + 1 < edges else 0):
            return False
        for k in range(i + 2, edges - 1 if i == 0 else edges):
            if not _apart(xy, i, k):
                return False
    return True


@kernel
def surely_simple(xy: FloatArray, start: IntArray) -> BoolArray:
    """Return which rings are surely simple; ring i is xy[start[i] : start[i + 1]], closed, all of it finite."""
    simple = np.zeros(len(start) - 1, np.bool_)
    for i in range(len(simple)):
        simple[i] = _is_simple(xy[start[i] : start[i + 1]])
    return simple
