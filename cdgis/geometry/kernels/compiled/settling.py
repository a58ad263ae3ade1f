"""Which subjects no outline comes near, and which zones hold those, from boxes alone.

Where no chunk's box meets a subject's box, the subject lies wholly inside or outside each zone, as one corner of its box does.
A ray from there to the east crosses an outline as often as its vertices change from above to below; a chunk whose box spans
the ray's height lies wholly east of the corner or wholly west, so that its two ends tell, and nothing is rounded.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.geometry.kernels.compiled.box_tree import DEEPEST, FAN, Shapes, Tree
from cdgis.geometry.kernels.compiled.edges import SignArray


@kernel
def _put_below(level: IntArray, at: int, above: int, node: IntArray, top: int) -> int:
    """Put the nodes below one on the stack; return its new height."""
    child = level[above - 1] + FAN * (at - level[above])
    for k in range(child, min(child + FAN, level[above])):
        node[top, 0], node[top, 1] = k, above - 1
        top += 1
    return top


@kernel
def _any_meets(tree: Tree, box: FloatArray, node: IntArray) -> bool:
    """Return whether a chunk's box meets `box`."""
    boxes, level, _ = tree
    node[0, 0], node[0, 1], top = level[-1] - 1, len(level) - 2, 1
    while top > 0:
        top -= 1
        at, above = node[top, 0], node[top, 1]
        if boxes[at, 0] > box[2] or boxes[at, 2] < box[0] or boxes[at, 1] > box[3] or boxes[at, 3] < box[1]:
            continue
        if above == 0:
            return True
        top = _put_below(level, at, above, node, top)
    return False


@kernel
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
            if owner[chunk] >= 0 and (xy[first[chunk], 1] > y) != (xy[last[chunk], 1] > y):
                odd[owner[chunk]] ^= 1
                if count < len(met):
                    met[count] = owner[chunk]
                count += 1
            continue
        top = _put_below(level, here, above, node, top)
    return count


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
    for i in range(len(boxes)):
        if _any_meets(tree, boxes[i], node):
            near[i] = 1
            continue
        for k in range(_turn_over(shapes, tree, owner, (boxes[i, 0], boxes[i, 1]), node, odd, met)):
            if odd[met[k]] == 0:
                continue
            odd[met[k]] = 0
            if found == len(out):
                wider = np.empty((2 * found, 2), np.int64)
                wider[:found] = out
                out = wider
            out[found, 0], out[found, 1] = i, met[k]
            found += 1
    return near, out[:found]
