"""Distances to outline chunks and nearest places on runs of them, of points, in GEOS's order of operations, without tree or shape.

For chunks that are known to be the nearest, and for outlines of so few vertices that looking at all of them is quicker than a tree.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.geometry.kernels.compiled.box_tree import Shapes
from cdgis.geometry.kernels.compiled.edge_distances import onto_edge, to_edge


@kernel
def feet(points: FloatArray, shapes: Shapes, start: IntArray, end: IntArray) -> FloatArray:
    """Return for each point the nearest place on the chunks from start to end - 1 beside it, one at least; the first of equals."""
    xy, first, last = shapes
    out = np.empty((len(points), 2))
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        least, foot = np.inf, first[start[i]]
        to = min(foot + 1, last[start[i]])
        for chunk in range(start[i], end[i]):
            for a in range(first[chunk], max(last[chunk], first[chunk] + 1)):
                b = min(a + 1, last[chunk])
                distance = to_edge(x, y, xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1])
                if distance < least:
                    least, foot, to = distance, a, b
        out[i, 0], out[i, 1], _ = onto_edge(x, y, xy[foot, 0], xy[foot, 1], xy[to, 0], xy[to, 1])
    return out


@kernel
def to_chunks(points: FloatArray, shapes: Shapes, at: IntArray, chunk: IntArray) -> FloatArray:
    """Return the distance from the points numbered `at` to the chunks beside them."""
    xy, first, last = shapes
    out = np.full(len(at), np.inf)
    for i in range(len(at)):
        x, y = points[at[i], 0], points[at[i], 1]
        for a in range(first[chunk[i]], max(last[chunk[i]], first[chunk[i]] + 1)):
            b = min(a + 1, last[chunk[i]])
            out[i] = min(out[i], to_edge(x, y, xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1]))
    return out
