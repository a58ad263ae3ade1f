"""Chunk nearest to whole outlines, and the way there, found in the tree of boxes without making shapes.

A subject is a run of chunks of its own (`OutlineChunks`). Two edges that do not cross are as far apart as the nearest of
their four ends from the other edge. Subjects whose box meets a chunk's box are left to GEOS, so nothing here crosses or
holds anything. The way there is put together in GEOS's order of operations (`Distance::segmentToSegment`,
`LineSegment::closestPoints`), so its ends are those of `shapely.shortest_line`, to the last bit.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.geometry.kernels.compiled.box_tree import DEEPEST, FAN, Shapes, Tree, edge_squared, put_in_order, widened
from cdgis.geometry.kernels.compiled.edges import SignArray, box_of

Run = tuple[FloatArray, IntArray, IntArray, FloatArray]
"""A subject's coordinates, first and last vertex of each of its chunks, and their boxes."""
Edge = tuple[float, float, float, float]
"""x and y of its ends."""
Stack = tuple[IntArray, FloatArray]

SURE, SEVERAL, MEETS = 0, 1, 2
"""The nearest is sure; others may be equally near; the subject's box meets a chunk's, or nothing was found."""


@kernel
def _gap_squared(a: FloatArray, b: FloatArray) -> float:
    """Return the squared distance between two boxes."""
    dx, dy = max(a[0] - b[2], b[0] - a[2], 0.0), max(a[1] - b[3], b[1] - a[3], 0.0)
    return float(dx * dx + dy * dy)


@kernel
def _edge_gap_squared(ax: float, ay: float, bx: float, by: float, box: FloatArray) -> float:
    """Return the squared distance between an edge's box and a box."""
    dx = max(box[0] - max(ax, bx), min(ax, bx) - box[2], 0.0)
    dy = max(box[1] - max(ay, by), min(ay, by) - box[3], 0.0)
    return float(dx * dx + dy * dy)


@kernel
def _edges_gap_squared(e: Edge, f: Edge) -> float:
    """Return the squared distance between the boxes of two edges."""
    dx = max(min(f[0], f[2]) - max(e[0], e[2]), min(e[0], e[2]) - max(f[0], f[2]), 0.0)
    dy = max(min(f[1], f[3]) - max(e[1], e[3]), min(e[1], e[3]) - max(f[1], f[3]), 0.0)
    return float(dx * dx + dy * dy)


@kernel
def _part_apart_squared(run: Run, part: int, shapes: Shapes, chunk: int, box: FloatArray, wide: float) -> float:
    """Return the squared distance from one chunk of a subject to a chunk, or more than `wide` if it is more."""
    sxy, sfirst, slast, _ = run
    xy, first, last = shapes
    least = np.inf
    for i in range(sfirst[part], max(slast[part], sfirst[part] + 1)):
        k = min(i + 1, slast[part])
        e = (sxy[i, 0], sxy[i, 1], sxy[k, 0], sxy[k, 1])
        if _edge_gap_squared(e[0], e[1], e[2], e[3], box) > min(wide, least):
            continue
        for j in range(first[chunk], max(last[chunk], first[chunk] + 1)):
            m = min(j + 1, last[chunk])
            f = (xy[j, 0], xy[j, 1], xy[m, 0], xy[m, 1])
            if _edges_gap_squared(e, f) > min(wide, least):
                continue
            ax, ay, bx, by = e
            cx, cy, dx, dy = f
            least = min(
                least,
                edge_squared(cx - ax, cy - ay, dx - ax, dy - ay), edge_squared(cx - bx, cy - by, dx - bx, dy - by),
                edge_squared(ax - cx, ay - cy, bx - cx, by - cy), edge_squared(ax - dx, ay - dy, bx - dx, by - dy),
            )  # fmt: skip
    return float(least)


@kernel
def _apart_squared(run: Run, shapes: Shapes, chunk: int, box: FloatArray, wide: float) -> float:
    """Return the squared distance from a subject to a chunk, or more than `wide` if it is more."""
    _, sfirst, _, sbox = run
    nearest, gap = 0, np.inf
    for part in range(len(sfirst)):
        d = _gap_squared(sbox[part], box)
        if d < gap:
            nearest, gap = part, d
    least = np.inf
    for turn in range(len(sfirst)):  # the nearest part first: after it few others can be nearer
        part = (nearest + turn) % len(sfirst)
        if _gap_squared(sbox[part], box) <= min(wide, least):
            least = min(least, _part_apart_squared(run, part, shapes, chunk, box, min(wide, least)))
    return float(least)


@kernel
def _open(tree: Tree, box: FloatArray, wide: float, stack: Stack, top: int) -> int:
    """Put the nodes below the one at stack[top] in its place, the nearest uppermost, without those beyond `wide`."""
    boxes, level, _ = tree
    at, above = stack[0][top, 0], stack[0][top, 1]
    child, low = level[above - 1] + FAN * (at - level[above]), top
    for k in range(child, min(child + FAN, level[above])):
        d = _gap_squared(boxes[k], box)
        if d > wide:
            continue
        put_in_order(stack, low, top, (k, above - 1), d)
        top += 1
    return top


@kernel
def _nearest_one(run: Run, box: FloatArray, shapes: Shapes, tree: Tree, stack: Stack) -> tuple[int, float, int]:
    """Return the nearest chunk of one subject, its squared distance, and whether that is sure."""
    node, squared = stack
    boxes, level, order = tree
    node[0, 0], node[0, 1], squared[0] = level[-1] - 1, len(level) - 2, 0.0
    found, best, wide, doubt, top = -1, np.inf, np.inf, SURE, 1
    while top > 0:
        top -= 1
        if squared[top] > wide:
            continue
        if node[top, 1] > 0:
            top = _open(tree, box, wide, stack, top)
            continue
        leaf = node[top, 0]
        if squared[top] <= 0.0:
            return -1, np.inf, MEETS
        d = _apart_squared(run, shapes, order[leaf], boxes[leaf], wide)
        if not d <= wide:
            continue
        if found < 0 or d < best:
            doubt = SEVERAL if found >= 0 and best <= widened(d) else SURE
            found, best, wide = order[leaf], d, min(wide, widened(d))
        else:
            doubt = SEVERAL
    return found, best, MEETS if found < 0 or not best > 0.0 else doubt


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
def nearest_to_outlines(
    shapes: Shapes, tree: Tree, subjects: Shapes, boxes: FloatArray, start: IntArray, turn: IntArray
) -> tuple[IntArray, FloatArray, SignArray]:
    """Return for the subjects listed in `turn` the nearest chunk, its squared distance, and SURE, SEVERAL or MEETS.

    Parameters
    ----------
    subjects, boxes : the subjects' own chunks, and the boxes of these.
    start : the first chunk of each subject, and the end.
    """
    stack = (np.empty((FAN * DEEPEST, 2), np.int64), np.empty(FAN * DEEPEST))
    found, best, doubt = np.empty(len(turn), np.int64), np.empty(len(turn)), np.empty(len(turn), np.int8)
    box = np.empty(4)
    for i in range(len(turn)):
        run = _run_of(subjects, boxes, start, turn[i])
        _box_around(run[3], box)
        found[i], best[i], doubt[i] = _nearest_one(run, box, shapes, tree, stack)
    return found, best, doubt


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
    nodes, level, order = tree
    out, found, box = np.empty((4 * len(turn) + 16, 2), np.int64), 0, np.empty(4)
    for i in range(len(turn)):
        run = _run_of(subjects, boxes, start, turn[i])
        _box_around(run[3], box)
        node[0, 0], node[0, 1], squared[0], top = level[-1] - 1, len(level) - 2, 0.0, 1
        while top > 0:
            top -= 1
            if node[top, 1] > 0:
                top = _open(tree, box, limit[i], stack, top)
            elif not exact or _apart_squared(run, shapes, order[node[top, 0]], nodes[node[top, 0]], limit[i]) <= limit[i]:
                if found == len(out):
                    wider = np.empty((2 * found, 2), np.int64)
                    wider[:found] = out
                    out = wider
                out[found, 0], out[found, 1] = i, order[node[top, 0]]
                found += 1
    return out[:found, 0].copy(), out[:found, 1].copy()


@kernel
def _length(dx: float, dy: float) -> float:
    return float(np.sqrt(dx * dx + dy * dy))


@kernel
def to_edge(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the distance from a point to an edge, as GEOS computes it."""
    if ax == bx and ay == by:
        return _length(px - ax, py - ay)
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    r = ((px - ax) * dx + (py - ay) * dy) / square
    if r <= 0.0:
        return _length(px - ax, py - ay)
    if r >= 1.0:
        return _length(px - bx, py - by)
    return float(abs(((ay - py) * dx - (ax - px) * dy) / square) * np.sqrt(square))


@kernel
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
    elif _length(ax - px, ay - py) < _length(bx - px, by - py):
        x, y = ax, ay
    else:
        x, y = bx, by
    return x, y, _length(x - px, y - py)


@kernel
def _edges_apart(e: Edge, f: Edge) -> float:
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
def _way_between(e: Edge, f: Edge, way: FloatArray) -> None:
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


@kernel
def ways_to_chunks(
    shapes: Shapes, subjects: Shapes, boxes: FloatArray, start: IntArray, turn: IntArray, found: tuple[IntArray, FloatArray]
) -> FloatArray:
    """Return the ends of the shortest way from each subject in `turn` to its chunk, and its length, shape (ways, 5).

    `found` are the chunks, and the squared distances that none is farther than, but for the slack.
    """
    chunk, squared = found
    xy, first, last = shapes
    out, box = np.empty((len(turn), 5)), np.empty(4)
    for i in range(len(turn)):
        sxy, sfirst, slast, sbox = _run_of(subjects, boxes, start, turn[i])
        a, b, least, wide = first[chunk[i]], last[chunk[i]], np.inf, widened(squared[i])
        box_of(xy, a, b + 1, box)
        for part in range(len(sfirst)):
            if _gap_squared(sbox[part], box) > wide:
                continue
            for k in range(sfirst[part], slast[part]):
                e = (sxy[k, 0], sxy[k, 1], sxy[k + 1, 0], sxy[k + 1, 1])
                if _edge_gap_squared(e[0], e[1], e[2], e[3], box) > min(wide, least * least):
                    continue
                for j in range(a, max(b, a + 1)):
                    m = min(j + 1, b)
                    f = (xy[j, 0], xy[j, 1], xy[m, 0], xy[m, 1])
                    if _edges_gap_squared(e, f) > min(wide, least * least):
                        continue
                    d = _edges_apart(e, f)
                    if d < least:
                        least = d
                        _way_between(e, f, out[i])
        out[i, 4] = _length(out[i, 0] - out[i, 2], out[i, 1] - out[i, 3])
    return out
