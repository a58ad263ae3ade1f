"""Chunk nearest to whole outlines, and the way there, found in the tree of boxes without making shapes.

A subject is a run of chunks of its own (`OutlineChunks`). Subjects whose box meets that of a chunk's edge are left to GEOS, so
nothing here crosses or holds anything. The ends of a way are those of `shapely.shortest_line`, to the last bit.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.box_tree import DEEPEST, FAN, Shapes, Tree, edge_squared, put_in_order
from cdgis.geometry.kernels.compiled.edge_distances import (
    Edge,
    boxes_gap_squared,
    edge_gap_squared,
    edge_of,
    edges_apart,
    edges_gap_squared,
    ends_squared,
    line_of,
    nearest_between,
    off_line,
    way_between,
)

Run = tuple[FloatArray, IntArray, IntArray, FloatArray]
"""A subject's coordinates, first and last vertex of each of its chunks, and their boxes."""
Known = tuple[float, int]
"""Length of a way, and the vertex at which the subject's edge begins that it starts from."""
Stack = tuple[IntArray, FloatArray]
"""Nodes to look at and their levels, and the squared distances of their boxes."""



@kernel
def _run_apart_squared(run: Run, x: float, y: float, wide: float) -> float:
    """Return the squared distance from a subject to a point, or more than `wide` if it is more."""
    sxy, sfirst, slast, sbox = run
    least = np.inf
    for part in range(len(sfirst)):
        if edge_gap_squared(x, y, x, y, sbox[part]) > min(wide, least):
            continue
        for k in range(sfirst[part], slast[part]):
            e = (sxy[k, 0], sxy[k, 1], sxy[k + 1, 0], sxy[k + 1, 1])
            if edges_gap_squared(e, (x, y, x, y)) <= min(wide, least):
                least = min(least, edge_squared(e[0] - x, e[1] - y, e[2] - x, e[3] - y))
    return float(least)


@kernel
def _edge_apart_squared(run: Run, box: FloatArray, f: Edge, wide: float) -> float:
    """Return the squared distance from a subject to an edge it does not cross, or more than `wide` if it is more."""
    sxy, sfirst, slast, sbox = run
    line, least = line_of(f), np.inf
    for part in range(len(sfirst)):
        if edge_gap_squared(f[0], f[1], f[2], f[3], sbox[part]) > min(wide, least):
            continue
        for i in range(sfirst[part], slast[part] + 1):
            x, y = off_line(sxy[i, 0], sxy[i, 1], line)
            least = min(least, x * x + y * y)
    for x, y in ((f[0], f[1]), (f[2], f[3])):
        if edge_gap_squared(x, y, x, y, box) <= min(wide, least):
            least = min(least, _run_apart_squared(run, x, y, min(wide, least)))
    return float(least)


@kernel
def _nearest_edge(box: FloatArray, shapes: Shapes, chunk: int) -> tuple[int, float]:
    """Return the edge of a chunk, by its number there, whose box is nearest to a box, and the squared distance between these."""
    xy, first, last = shapes
    nearest, gap = first[chunk], np.inf
    for j in range(first[chunk], max(last[chunk], first[chunk] + 1)):
        ax, ay, bx, by = edge_of(xy, j, last[chunk])
        d = edge_gap_squared(ax, ay, bx, by, box)
        if d < gap:
            nearest, gap = j, d
    return nearest - first[chunk], gap


@kernel
def _apart_squared(run: Run, box: FloatArray, shapes: Shapes, chunk: int, nearest: int, wide: float) -> float:
    """Return the squared distance from a subject to a chunk, or more than `wide` if it is more; where they cross, more than none.

    Asked first is the edge numbered `nearest`: after it few others can be nearer than the subject's box is.
    """
    xy, first, last = shapes
    count, least = max(last[chunk] - first[chunk], 1), np.inf
    for turn in range(count):
        f = edge_of(xy, first[chunk] + (nearest + turn) % count, last[chunk])
        if edge_gap_squared(f[0], f[1], f[2], f[3], box) <= min(wide, least):
            least = min(least, _edge_apart_squared(run, box, f, min(wide, least)))
    return float(least)


@kernel
def clear_squared(run: Run, box: FloatArray, shapes: Shapes, chunk: int, wide: float) -> float:
    """Return what `_apart_squared` does, but 0 where the box of one of the chunk's edges meets the subject's."""
    nearest, gap = _nearest_edge(box, shapes, chunk)
    return _apart_squared(run, box, shapes, chunk, nearest, wide) if gap > 0.0 else 0.0


@inlined
def open_node(tree: Tree, box: FloatArray, wide: float, stack: Stack, top: int) -> int:
    """Put the nodes below the one at stack[top] in its place, the nearest uppermost, without those beyond `wide`."""
    boxes, level, _ = tree
    at, above = stack[0][top, 0], stack[0][top, 1]
    child, low = level[above - 1] + FAN * (at - level[above]), top
    for k in range(child, min(child + FAN, level[above])):
        d = boxes_gap_squared(boxes[k], box)
        if d > wide:
            continue
        put_in_order(stack, low, top, (k, above - 1), d)
        top += 1
    return top


@kernel
def _run_of(subjects: Shapes, boxes: FloatArray, start: IntArray, row: int) -> Run:
    sxy, sfirst, slast = subjects
    a, b = start[row], start[row + 1]
    return sxy, sfirst[a:b], slast[a:b], boxes[a:b]


@kernel
def _box_around(boxes: FloatArray, box: FloatArray) -> None:
    """Write the box around boxes."""
    box[0], box[1], box[2], box[3] = np.inf, np.inf, -np.inf, -np.inf
    for k in range(len(boxes)):
        box[0], box[1] = min(box[0], boxes[k, 0]), min(box[1], boxes[k, 1])
        box[2], box[3] = max(box[2], boxes[k, 2]), max(box[3], boxes[k, 3])


@kernel
def near_outlines(
    shapes: Shapes, tree: Tree, subjects: Shapes, boxes: FloatArray, start: IntArray, turn: IntArray, limit: FloatArray, exact: bool
) -> tuple[IntArray, IntArray]:
    """Return (position in `turn`, chunk) for all that lie within the root of `limit`, one for each in `turn`.

    Of outlines that cross, the distance from end to edge is measured, which is more than none: only boxes, asked where not
    `exact`, name all that may be so near.
    """
    stack = (np.empty((FAN * DEEPEST, 2), np.int64), np.empty(FAN * DEEPEST))
    node, squared = stack
    _, level, order = tree
    out, found, box = np.empty((4 * len(turn) + 16, 2), np.int64), 0, np.empty(4)
    for i in range(len(turn)):
        run = _run_of(subjects, boxes, start, turn[i])
        _box_around(run[3], box)
        node[0, 0], node[0, 1], squared[0], top = level[-1] - 1, len(level) - 2, 0.0, 1
        while top > 0:
            top -= 1
            if node[top, 1] > 0:
                top = open_node(tree, box, limit[i], stack, top)
            elif not exact or _apart_squared(run, box, shapes, order[node[top, 0]], 0, limit[i]) <= limit[i]:
                if found == len(out):
                    wider = np.empty((2 * found, 2), np.int64)
                    wider[:found] = out
                    out = wider
                out[found, 0], out[found, 1] = i, order[node[top, 0]]
                found += 1
    return out[:found, 0].copy(), out[:found, 1].copy()


@kernel
def shortened(run: Run, f: Edge, wide: float, known: Known, way: FloatArray) -> Known:
    """Write the ends of the shortest way from a subject to an edge, if it is shorter than one known or as short and first.

    Which is known by its length, as GEOS computes it, and by the vertex the subject's edge begins at.
    """
    sxy, sfirst, slast, sbox = run
    (least, at), line = known, line_of(f)
    for part in range(len(sfirst)):
        if edge_gap_squared(f[0], f[1], f[2], f[3], sbox[part]) > wide:
            continue
        after = off_line(sxy[sfirst[part], 0], sxy[sfirst[part], 1], line)
        for k in range(sfirst[part], slast[part]):
            e = (sxy[k, 0], sxy[k, 1], sxy[k + 1, 0], sxy[k + 1, 1])
            off, after = after, off_line(e[2], e[3], line)
            by_end = min(off[0] * off[0] + off[1] * off[1], after[0] * after[0] + after[1] * after[1])
            if by_end > wide and not (nearest_between(e, off, after) and ends_squared(e, f) <= wide):
                continue
            d = edges_apart(e, f)
            if d < least or (d == least and k < at):
                least, at = d, k
                way_between(e, f, way)
    return least, at
