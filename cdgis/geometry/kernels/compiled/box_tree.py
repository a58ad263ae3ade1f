"""Tree of boxes that finds the outline chunk nearest to a point, nearest box first.

Chunks are put in the order in which a Hilbert curve meets the middles of their boxes; each node of the tree is the
box of the next FAN nodes below it. For an edge a-b and a point p, with a and b taken relative to p, the projection point is
a + t (b - a), t = -a·(b - a) / |b - a|² held to 0..1, and the squared distance is its square. The point is held to the
edge's box, so that no box is ever farther than what lies in it, to the last bit: nothing is passed over wrongly.
"""

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.edges import SignArray, box_of

Shapes = tuple[FloatArray, IntArray, IntArray]
"""Coordinates; first and last vertex of each chunk."""
Tree = tuple[FloatArray, IntArray, IntArray]
"""Boxes of all nodes, chunks lowest; where each level starts, and the end; the chunk of each lowest box."""
PlaceArray = npt.NDArray[np.uint16]

FAN = 8
CURVE_CELLS = 256
"""Cells of the Hilbert curve along a side: as many as two bytes can number."""
DEEPEST = 24
"""Levels a tree may have: 8²⁴ chunks."""
SLACK = 1e-9
SLACK_M = 2e-6
"""Distances nearer to one another than this, relative and in metres, count as perhaps equal: exact ways must decide.

More than what ties (nearest.TIE_M)."""


@kernel
def chunk_boxes(xy: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Return west, south, east and north of every chunk."""
    boxes = np.empty((len(first), 4))
    for i in range(len(first)):
        box_of(xy, first[i], last[i] + 1, boxes[i])
    return boxes


@kernel
def curve_places(points: FloatArray, frame: FloatArray) -> PlaceArray:
    """Return where on a Hilbert curve over the frame (west, south, cells per metre) points lie."""
    place = np.empty(len(points), np.uint16)
    for i in range(len(points)):
        u = int(min(max((points[i, 0] - frame[0]) * frame[2], 0.0), CURVE_CELLS - 1.0))
        v = int(min(max((points[i, 1] - frame[1]) * frame[2], 0.0), CURVE_CELLS - 1.0))
        along, side = 0, CURVE_CELLS // 2
        while side > 0:
            east, north = (u & side) > 0, (v & side) > 0
            along += side * side * ((3 * east) ^ north)
            if not north:
                if east:
                    u, v = CURVE_CELLS - 1 - u, CURVE_CELLS - 1 - v
                u, v = v, u
            side //= 2
        place[i] = along
    return place


@kernel
def box_tree(boxes: FloatArray, order: IntArray, level: IntArray) -> FloatArray:
    """Return the boxes of all nodes of the tree over boxes[order]."""
    nodes = np.empty((level[-1], 4))
    for i in range(len(order)):
        nodes[i] = boxes[order[i]]
    for above in range(1, len(level) - 1):
        for i in range(level[above], level[above + 1]):
            child = level[above - 1] + FAN * (i - level[above])
            nodes[i] = nodes[child]
            for k in range(child + 1, min(child + FAN, level[above])):
                nodes[i, 0], nodes[i, 1] = min(nodes[i, 0], nodes[k, 0]), min(nodes[i, 1], nodes[k, 1])
                nodes[i, 2], nodes[i, 3] = max(nodes[i, 2], nodes[k, 2]), max(nodes[i, 3], nodes[k, 3])
    return nodes


@inlined
def _box_squared(box: FloatArray, x: float, y: float) -> float:
    """Return the squared distance from a point to a box."""
    dx, dy = max(box[0] - x, x - box[2], 0.0), max(box[1] - y, y - box[3], 0.0)
    return float(dx * dx + dy * dy)


@inlined
def edge_squared(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance from the origin to an edge."""
    dx, dy = bx - ax, by - ay
    length, along = dx * dx + dy * dy, -(ax * dx + ay * dy)
    if along <= 0.0 or length == 0.0:
        return ax * ax + ay * ay
    if along >= length:
        return bx * bx + by * by
    u = min(max(ax + along / length * dx, min(ax, bx)), max(ax, bx))
    v = min(max(ay + along / length * dy, min(ay, by)), max(ay, by))
    return u * u + v * v


@inlined
def _chunk_squared(shapes: Shapes, chunk: int, x: float, y: float) -> float:
    """Return the squared distance from a point to a chunk."""
    xy, first, last = shapes
    ax, ay = xy[first[chunk], 0] - x, xy[first[chunk], 1] - y
    least = ax * ax + ay * ay
    for k in range(first[chunk] + 1, last[chunk] + 1):
        bx, by = xy[k, 0] - x, xy[k, 1] - y
        least = min(least, edge_squared(ax, ay, bx, by))
        ax, ay = bx, by
    return float(least)


@inlined
def widened(squared: float) -> float:
    """Return the square of a distance that is longer by the slack."""
    distance = np.sqrt(squared) * (1.0 + SLACK) + SLACK_M
    return float(distance * distance)


@inlined
def put_in_order(stack: tuple[IntArray, FloatArray], low: int, top: int, node: tuple[int, int], squared: float) -> None:
    """Put a node on a stack whose entries from `low` on lie the nearest uppermost, so that they still do."""
    nodes, distances = stack
    slot = top
    while slot > low and distances[slot - 1] < squared:
        nodes[slot, 0], nodes[slot, 1], distances[slot] = nodes[slot - 1, 0], nodes[slot - 1, 1], distances[slot - 1]
        slot -= 1
    nodes[slot, 0], nodes[slot, 1], distances[slot] = node[0], node[1], squared


@inlined
def _open(tree: Tree, x: float, y: float, wide: float, stack: tuple[IntArray, FloatArray], top: int) -> int:
    """Put the nodes below the one at stack[top] in its place, the nearest uppermost, without those beyond `wide`."""
    boxes, level, _ = tree
    at, above = stack[0][top, 0], stack[0][top, 1]
    child, low = level[above - 1] + FAN * (at - level[above]), top
    for k in range(child, min(child + FAN, level[above])):
        d = _box_squared(boxes[k], x, y)
        if d > wide:
            continue
        put_in_order(stack, low, top, (k, above - 1), d)
        top += 1
    return top


@inlined
def _nearest_one(
    shapes: Shapes, tree: Tree, at: tuple[float, float], limit: float, stack: tuple[IntArray, FloatArray]
) -> tuple[int, float, bool]:
    """Return the nearest chunk (-1: none within the root of `limit`), its squared distance, and whether in doubt."""
    x, y = at
    node, squared = stack
    boxes, level, order = tree
    node[0, 0], node[0, 1], squared[0] = level[-1] - 1, len(level) - 2, 0.0
    found, best, wide, doubt, top = -1, limit, widened(limit), False, 1
    while top > 0:
        top -= 1
        if squared[top] > wide:
            continue
        if node[top, 1] > 0:
            top = _open(tree, x, y, wide, stack, top)
            continue
        d = _chunk_squared(shapes, order[node[top, 0]], x, y)
        if d > wide:
            continue
        if found < 0 or d < best:
            doubt = found >= 0 and best <= widened(d)
            found, best, wide = order[node[top, 0]], d, min(wide, widened(d))
        else:
            doubt = True
    return found, best, doubt or (found >= 0 and limit <= widened(best))


@kernel
def nearest_chunks(
    shapes: Shapes, tree: Tree, points: FloatArray, turn: IntArray, limit: float
) -> tuple[IntArray, FloatArray, SignArray]:
    """Return for the points listed in `turn` the nearest chunk, its squared distance, and whether that is in doubt.

    Parameters
    ----------
    limit : square of how far to look. What may be equally near as another chunk, or just at the limit, is in doubt;
        beyond the limit and its slack the chunk is -1. Neither depends on the order in which boxes are met.
    """
    stack = (np.empty((FAN * DEEPEST, 2), np.int64), np.empty(FAN * DEEPEST))
    found, best, doubt = np.empty(len(turn), np.int64), np.empty(len(turn)), np.empty(len(turn), np.int8)
    for i in range(len(turn)):
        at = (points[turn[i], 0], points[turn[i], 1])
        found[i], best[i], doubt[i] = _nearest_one(shapes, tree, at, limit, stack)
    return found, best, doubt


@kernel
def chunks_within(
    shapes: Shapes, tree: Tree, points: FloatArray, turn: IntArray, limit: FloatArray
) -> tuple[IntArray, IntArray]:
    """Return (position in `turn`, chunk) for all that lie within the root of `limit`, one for each in `turn`."""
    stack = (np.empty((FAN * DEEPEST, 2), np.int64), np.empty(FAN * DEEPEST))
    node, squared = stack
    boxes, level, order = tree
    out, found = np.empty((4 * len(turn) + 16, 2), np.int64), 0
    for i in range(len(turn)):
        x, y = points[turn[i], 0], points[turn[i], 1]
        node[0, 0], node[0, 1], squared[0], top = level[-1] - 1, len(level) - 2, 0.0, 1
        while top > 0:
            top -= 1
            if node[top, 1] > 0:
                top = _open(tree, x, y, limit[i], stack, top)
            elif _chunk_squared(shapes, order[node[top, 0]], x, y) <= limit[i]:
                if found == len(out):
                    wider = np.empty((2 * found, 2), np.int64)
                    wider[:found] = out
                    out = wider
                out[found, 0], out[found, 1] = i, order[node[top, 0]]
                found += 1
    return out[:found, 0].copy(), out[:found, 1].copy()
