"""Where on a stretch is the place nearest to a point? The formulas of `cdgis.kernels.feet`, operation for operation."""

import numpy as np

from cdgis.arrays import FloatArray, IntArray
from cdgis.compiled import kernel


@kernel
def _length(dx: float, dy: float) -> float:
    return float(np.sqrt(dx * dx + dy * dy))


@kernel
def _along(x: float, y: float, edge: tuple[float, float, float, float]) -> tuple[float, float]:
    """Return where along an edge the point's foot lies (NaN: the edge has no length), and the edge's squared length."""
    ax, ay, bx, by = edge
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    return ((x - ax) * dx + (y - ay) * dy) / square, square


@kernel
def _to_edge(x: float, y: float, edge: tuple[float, float, float, float]) -> float:
    """Return the distance from a point to an edge."""
    ax, ay, bx, by = edge
    r, square = _along(x, y, edge)
    if r >= 1.0:
        return _length(x - bx, y - by)
    if r > 0.0:
        return abs(((ay - y) * (bx - ax) - (ax - x) * (by - ay)) / square) * float(np.sqrt(square))
    return _length(x - ax, y - ay)


@kernel
def stretch_feet(xy: FloatArray, first: IntArray, last: IntArray, points: FloatArray) -> FloatArray:
    """Return the place on each stretch that is nearest to the point of the same position; of edges the first counts."""
    out = np.empty((len(points), 2))
    for i in range(len(points)):
        x, y, k, least = points[i, 0], points[i, 1], first[i], np.inf
        for j in range(first[i], last[i]):
            d = _to_edge(x, y, (xy[j, 0], xy[j, 1], xy[j + 1, 0], xy[j + 1, 1]))
            if d < least:
                k, least = j, d
        ax, ay, bx, by = xy[k, 0], xy[k, 1], xy[min(k + 1, last[i]), 0], xy[min(k + 1, last[i]), 1]
        r, _ = _along(x, y, (ax, ay, bx, by))
        if 0.0 < r < 1.0:
            out[i, 0], out[i, 1] = ax + r * (bx - ax), ay + r * (by - ay)
        elif _length(x - ax, y - ay) < _length(x - bx, y - by):
            out[i, 0], out[i, 1] = ax, ay
        else:
            out[i, 0], out[i, 1] = bx, by
    return out
