"""Which subjects no outline comes near, and which zones hold those, from boxes alone.

Where no edge's box meets a subject's box, the subject lies wholly inside or outside each zone, as one corner of its box does.
A ray from there to the east crosses an outline as often as its vertices change from above to below; an edge whose box spans
the ray's height lies wholly east of the corner or wholly west, so that nothing is rounded. The tree holds boxes of chunks:
only where one meets the subject's box are its edges looked at one by one.

What holds the subject before also holds the next if no edge's box meets the box around both: no outline lies between.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import inlined, kernel
from cdgis.geometry.kernels.compiled.box_tree import DEEPEST, FAN, Shapes, Tree
from cdgis.geometry.kernels.compiled.edges import SignArray


@inlined
def _put_below(level: IntArray, at: int, above: int, node: IntArray, top: int) -> int:
    """Put the nodes below one on the stack; return its new height."""
    child = level[above - 1] + FAN * (at - level[above])
    for k in range(child, min(child + FAN, level[above])):
        node[top, 0], node[top, 1] = k, above - 1
        top += 1
    return top


@inlined
def _edge_meets(shapes: Shapes, chunk: int, box: FloatArray) -> bool:
    """Return whether the box of an edge of a chunk meets `box`."""
    xy, first, last = shapes
    for a in range(first[chunk], max(last[chunk], first[chunk] + 1)):
        b = min(a + 1, last[chunk])
        if (
            min(xy[a, 0], xy[b, 0]) <= box[2] and max(xy[a, 0], xy[b, 0]) >= box[0]
            and min(xy[a, 1], xy[b, 1]) <= box[3] and max(xy[a, 1], xy[b, 1]) >= box[1]
        ):  # fmt: skip
            return True
    return False


@inlined
def _crosses_east(shapes: Shapes, chunk: int, x: float, y: float) -> bool:
    """Return whether a chunk crosses an odd number of times the ray from a point to the east that meets no edge's box."""
    xy, first, last = shapes
    odd = False
    for a in range(first[chunk], last[chunk]):
        odd ^= (xy[a, 1] > y) != (xy[a + 1, 1] > y) and max(xy[a, 0], xy[a + 1, 0]) >= x
    return odd


@inlined
def _any_meets(shapes: Shapes, tree: Tree, box: FloatArray, node: IntArray) -> bool:
    """Return whether an edge's box meets `box`."""
    boxes, level, order = tree
    node[0, 0], node[0, 1], top = level[-1] - 1, len(level) - 2, 1
    while top > 0:
        top -= 1
        at, above = node[top, 0], node[top, 1]
        if boxes[at, 0] > box[2] or boxes[at, 2] < box[0] or boxes[at, 1] > box[3] or boxes[at, 3] < box[1]:
            continue
        if above > 0:
            top = _put_below(level, at, above, node, top)
        elif _edge_meets(shapes, order[at], box):
            return True
    return False


@inlined
def _turn_over(
    shapes: Shapes, tree: Tree, owner: IntArray, at: tuple[float, float], node: IntArray, odd: SignArray, met: IntArray
) -> int:
    """Turn over the sign of each zone as often as a ray to the east crosses its outline; return how many are in `met`."""
    xy, first, last = shapes
    boxes, level, order = tree
    x, y = at
    node[0, 0], node[0, 1], top, count = level[-1] - 1, len(level) - 2, 1, 0
    while top > 0:
        top -= 1
        here, above = node[top, 0], node[top, 1]
        if boxes[here, 1] > y or boxes[here, 3] < y or boxes[here, 2] < x:
            continue
        if above == 0:
            chunk = order[here]
            ends_tell = boxes[here, 0] > x  # wholly east
            crosses = (xy[first[chunk], 1] > y) != (xy[last[chunk], 1] > y) if ends_tell else _crosses_east(shapes, chunk, x, y)
            if owner[chunk] >= 0 and crosses:
                odd[owner[chunk]] ^= 1
                if count < len(met):
                    met[count] = owner[chunk]
                count += 1
            continue
        top = _put_below(level, here, above, node, top)
    return count


@kernel
def _with_room(out: IntArray, found: int) -> IntArray:
    """Return `out` with room for one row after those found."""
    if found < len(out):
        return out
    wider = np.empty((2 * found, 2), np.int64)
    wider[:found] = out
    return wider


@kernel
def settle(shapes: Shapes, tree: Tree, owner: IntArray, zones: int, boxes: FloatArray) -> tuple[SignArray, IntArray]:
    """Return whether an outline may come near each subject, by its box, and (subject, zone) of the others and what holds them.

    Parameters
    ----------
    owner : the zone each chunk bounds, -1 where it bounds none (a line, a point).
    zones : how many there are.
    """
    node, odd, met = np.empty((FAN * DEEPEST, 2), np.int64), np.zeros(zones, np.int8), np.empty(len(owner), np.int64)
    near, out, found = np.zeros(len(boxes), np.int8), np.empty((2 * len(boxes) + 16, 2), np.int64), 0
    both, before, holders = np.empty(4), -1, 0
    for i in range(len(boxes)):
        if _any_meets(shapes, tree, boxes[i], node):
            near[i] = 1
            continue
        told, before = before, i
        if told >= 0 and holders < 2:  # of several the order would be the other's
            both[:2], both[2:] = np.minimum(boxes[told, :2], boxes[i, :2]), np.maximum(boxes[told, 2:], boxes[i, 2:])
            if both[0] <= both[2] and both[1] <= both[3] and not _any_meets(shapes, tree, both, node):
                if holders == 1:
                    out = _with_room(out, found)
                    out[found, 0], out[found, 1] = i, out[found - 1, 1]
                    found += 1
                continue
        start = found
        for k in range(_turn_over(shapes, tree, owner, (boxes[i, 0], boxes[i, 1]), node, odd, met)):
            if odd[met[k]] == 0:
                continue
            odd[met[k]] = 0
            out = _with_room(out, found)
            out[found, 0], out[found, 1] = i, met[k]
            found += 1
        holders = found - start
    return near, out[:found]
