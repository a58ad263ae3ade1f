"""Nearest chunk of other outlines to whole outlines, and the way there, found in one walk down the tree of boxes.

A subject lies in a disc; chunks clear of it are measured by what of the subject lies foremost (`foremost`). Where that leaves the
way open, or a chunk meets the disc, it is measured edge by edge (`outline_tree`). The ends of a way are those of
`shapely.shortest_line`, to the last bit.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.box_tree import DEEPEST, FAN, SLACK, SLACK_M, Shapes, Tree, widened
from cdgis.geometry.kernels.compiled.edge_distances import edge_gap_squared, edge_of, length, onto_edge
from cdgis.geometry.kernels.compiled.foremost import Spot, foremost, off_middle, squared_apart
from cdgis.geometry.kernels.compiled.outline_tree import Run, Stack, clear_squared, open_node, shortened
from cdgis.geometry.outline_chunks import EDGES

Outlines = tuple[Shapes, FloatArray, IntArray, FloatArray, FloatArray, IntArray]
"""Subjects' chunks, the boxes of these, the first chunk of each subject and the end; each subject's box and its disc (x, y of the
middle, radius); vertices as seen from the middle; the vertices before and after each, -1 where an outline ends."""
Kept = tuple[IntArray, FloatArray]
"""Chunks that may be nearest, each with the two vertices the way leads between (-1: not plain), and squared distances."""

MOST = 64
"""Chunks that may be equally near; of more than these the question is left open."""
TIE_M = 1e-6
"""Distances that differ by no more are equal (nearest.TIE_M)."""


@inlined
def _off_edges(disc: FloatArray, shapes: Shapes, chunk: int, off: FloatArray) -> tuple[int, float]:
    """Write how far in x and y a disc's middle lies off each edge of a chunk, and the square; return the nearest and its square."""
    xy, first, last = shapes
    nearest, least = 0, np.inf
    for j in range(max(last[chunk] - first[chunk], 1)):
        dx, dy = off_middle(disc[4], disc[5], edge_of(xy, first[chunk] + j, last[chunk]))
        off[j, 0], off[j, 1], off[j, 2] = dx, dy, dx * dx + dy * dy
        if off[j, 2] < least:
            nearest, least = j, off[j, 2]
    return nearest, least


@inlined
def _chunk_far(spot: Spot, disc: FloatArray, shapes: Shapes, chunk: int, reach: float, off: FloatArray) -> tuple[float, int, int]:
    """Return the squared distance from a subject to a chunk, -1 if this meets its disc, and the two vertices of a plain way.

    What is farther than `reach` may be told as inf; `off` is room for a row an edge.
    """
    (xy, first, last), radius = shapes, disc[6]
    nearest, least = _off_edges(disc, shapes, chunk, off)
    if least <= radius * radius:
        return -1.0, -1, -1
    best, vertex, end, fore, second, at, seen = np.inf, -1, -1, np.inf, np.inf, -1, -1
    count = max(last[chunk] - first[chunk], 1)
    for turn in range(count):
        j = nearest + turn if nearest + turn < count else nearest + turn - count
        if off[j, 2] > (reach + radius) * (reach + radius):
            continue
        if seen < 0 or off[j, 0] != off[seen, 0] or off[j, 1] != off[seen, 1]:
            seen, (fore, second, at) = j, foremost(spot, off[j, 0], off[j, 1])
        gap = np.sqrt(off[j, 2])
        if fore > (reach - gap) * gap:  # what lies s / gap nearer than the middle is no nearer to any of the edge than gap + s / gap
            continue
        f = edge_of(xy, first[chunk] + j, last[chunk])
        d, v, e = squared_apart(spot, (off[j, 0], off[j, 1], gap), (second, at), f, reach)
        if d > best and d > widened(best):
            continue
        if v >= 0:
            e = min(first[chunk] + j + e, last[chunk]) if e < 2 else -2 - first[chunk] - j
        if best < np.inf and not best > widened(d) and not _same_way(spot[0], xy, (vertex, end), (v, e)):
            v, e = -1, -1
        best, vertex, end = min(d, best), v, e
        reach = min(reach, np.sqrt(best) * (1.0 + SLACK) + SLACK_M)
    return best, vertex, end


@inlined
def _same_way(sxy: FloatArray, xy: FloatArray, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether two ways are plain and lead between the same places."""
    if one[0] < 0 or other[0] < 0 or one[1] * other[1] < 0:
        return False
    (v, e), (w, g) = one, other
    alike = e == g if e < 0 else xy[e, 0] == xy[g, 0] and xy[e, 1] == xy[g, 1]
    return bool(alike and sxy[v, 0] == sxy[w, 0] and sxy[v, 1] == sxy[w, 1])


@inlined
def _near_only(kept: Kept, count: int, wide: float) -> int:
    """Leave those not beyond `wide` alone; return how many they are."""
    rows, squared = kept
    left = 0
    for i in range(count):
        if squared[i] <= wide:
            rows[left, 0], rows[left, 1], rows[left, 2], squared[left] = rows[i, 0], rows[i, 1], rows[i, 2], squared[i]
            left += 1
    return left


@inlined
def _next_chunk(tree: Tree, box: FloatArray, wide: float, stack: Stack, top: int) -> tuple[int, int]:
    """Return the next chunk whose box is not beyond `wide`, -1 if there is none, and how many nodes are left to look at."""
    node, squared = stack
    while top > 0:
        top -= 1
        if squared[top] > wide:
            continue
        if node[top, 1] == 0:
            return tree[2][node[top, 0]], top
        top = open_node(tree, box, wide, stack, top)
    return -1, 0


@inlined
def _contenders(
    asked: tuple[Spot, FloatArray, Run, bool], shapes: Shapes, tree: Tree, stack: Stack, guess: int, kept: Kept, off: FloatArray
) -> tuple[int, float]:
    """List the chunks that may be nearest; return how many (-1: one is met; -2: too many), and what none is beyond."""
    (spot, box, run, far), (rows, apart) = asked, kept
    stack[0][0, 0], stack[0][0, 1], stack[1][0], top = tree[1][-1] - 1, len(tree[1]) - 2, 0.0, 1
    best, wide, count, chunk = np.inf, np.inf, 0, guess
    if chunk < 0:
        chunk, top = _next_chunk(tree, box, wide, stack, top)
    while chunk >= 0:
        if far:
            d, v, e = _chunk_far(spot, box, shapes, chunk, np.sqrt(wide), off)
        else:
            d, v, e = clear_squared(run, box, shapes, chunk, wide), -1, -1
        if d <= 0.0:
            return -1, wide
        if d <= wide:
            count = _near_only(kept, count, wide) if count == MOST else count
            if count == MOST:
                return -2, wide
            rows[count, 0], rows[count, 1], rows[count, 2], apart[count] = chunk, v, e, d
            count += 1
            if d < best:
                best, wide = d, widened(d)
        chunk, top = _next_chunk(tree, box, wide, stack, top)
        if chunk == guess and chunk >= 0:
            chunk, top = _next_chunk(tree, box, wide, stack, top)
    return _near_only(kept, count, wide), wide


@kernel
def _way_to(run: Run, box: FloatArray, shapes: Shapes, chunk: int, wide: float, way: FloatArray) -> float:
    """Write the ends of the shortest way from a subject to a chunk, and its length; return the distance, which GEOS computes otherwise."""
    xy, first, last = shapes
    known = (np.inf, -1)
    for j in range(first[chunk], max(last[chunk], first[chunk] + 1)):
        f = edge_of(xy, j, last[chunk])
        if edge_gap_squared(f[0], f[1], f[2], f[3], box) <= wide:
            known = shortened(run, f, wide, known, way)
    way[4] = length(way[0] - way[2], way[1] - way[3])
    return float(known[0])


@inlined
def _plainly(sxy: FloatArray, shapes: Shapes, owner: IntArray, rows: IntArray, way: FloatArray) -> int:
    """Write the way if all that may be nearest are so by the same two vertices; return which counts, -1 if they are not."""
    xy, counts = shapes[0], 0
    for i in range(len(rows)):
        if not _same_way(sxy, xy, (rows[0, 1], rows[0, 2]), (rows[i, 1], rows[i, 2])):
            return -1
        a, b = owner[rows[i, 0]], owner[rows[counts, 0]]
        if a < b or (a == b and rows[i, 0] < rows[counts, 0]):
            counts = i
    v, e = rows[0, 1], rows[0, 2]
    way[0], way[1] = sxy[v, 0], sxy[v, 1]
    if e >= 0:
        way[2], way[3], way[4] = xy[e, 0], xy[e, 1], length(way[0] - xy[e, 0], way[1] - xy[e, 1])
    else:
        f = edge_of(xy, -2 - e, shapes[2][rows[0, 0]])
        way[2], way[3], way[4] = onto_edge(way[0], way[1], f[0], f[1], f[2], f[3])
    return int(counts)


@kernel
def _lowest(asked: tuple[Run, FloatArray], shapes: Shapes, owner: IntArray, rows: IntArray, wide: float, ways: FloatArray) -> int:
    """Write the ways to all that may be nearest; return which counts: of those that tie the lowest owner's nearest."""
    distance, least = np.empty(len(rows)), np.inf
    for i in range(len(rows)):
        distance[i] = _way_to(asked[0], asked[1], shapes, rows[i, 0], wide, ways[i])
        least = min(least, distance[i])
    counts = -1
    for i in range(len(rows)):
        if distance[i] > least + TIE_M:
            continue
        a, b = owner[rows[i, 0]], owner[rows[max(counts, 0), 0]]
        d, e = distance[i], distance[max(counts, 0)]
        if counts < 0 or a < b or (a == b and (d < e or (d == e and rows[i, 0] < rows[counts, 0]))):
            counts = i
    return counts


@kernel
def nearest_to_outlines(
    shapes: Shapes, tree: Tree, owner: IntArray, outlines: Outlines, turn: IntArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return for the subjects listed in `turn` the nearest chunk (-1: left open), the way there, and the vertices it leads between.

    A way is x and y of its end at the subject, of that at the chunk, and its length in the plane: shape (subjects, 5). Vertices are
    -1 where a way is not plain. Left open is what meets the box of an edge, or has too many that may be equally near.
    """
    (sxy, sfirst, slast), boxes, start, whole, seen, beside = outlines
    stack = (np.empty((FAN * DEEPEST, 2), np.int64), np.empty(FAN * DEEPEST))
    kept, room, off, guess = (np.empty((MOST, 3), np.int64), np.empty(MOST)), np.empty((MOST, 5)), np.empty((EDGES, 3)), -1
    found, ways, ends = np.full(len(turn), -1), np.full((len(turn), 5), np.nan), np.full((len(turn), 2), -1)
    for i in range(len(turn)):
        a, b = start[turn[i]], start[turn[i] + 1]
        run, box = (sxy, sfirst[a:b], slast[a:b], boxes[a:b]), whole[turn[i]]
        spot = (sxy, seen, beside, sfirst[a], slast[b - 1] + 1)
        for far in (True, False):
            count, wide = _contenders((spot, box, run, far), shapes, tree, stack, guess, kept, off)
            if count != -1:
                break
        if count <= 0:
            continue
        rows = kept[0][:count]
        counts = _plainly(sxy, shapes, owner, rows, ways[i])
        if counts >= 0:
            ends[i, 0], ends[i, 1] = rows[0, 1], rows[0, 2]
        else:
            counts = _lowest((run, box), shapes, owner, rows, widened(wide), room)
            ways[i] = room[counts]
        found[i] = guess = rows[counts, 0]
    return found, ways, ends
