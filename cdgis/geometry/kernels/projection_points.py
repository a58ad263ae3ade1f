"""Nearest places on short outline chunks to points, many pairs at a time.

For an edge a-b and a point p: r = (p - a)·(b - a) / |b - a|², s = (p - a)×(b - a) / |b - a|². The distance is |s| |b - a|
where 0 < r < 1 and the nearer end's elsewhere; the projection point is a + r (b - a). The order of operations is that of GEOS
(`Distance::pointToSegment`, `LineSegment::closestPoint`), so the places are those of `shapely.shortest_line`, found
without making shapes.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.outline_chunks import EDGES, OutlineChunks

_BLOCK = 1 << 16
"""Pairs looked at together, so that memory stays small."""


def projection_points(points: FloatArray, chunks: OutlineChunks, *, engine: Engine | None = None) -> FloatArray:
    """Return for each point, shape (points, 2), the nearest place on the chunk of the same position; the same by either engine."""
    if chosen_engine(engine, work=len(points)) is Engine.COMPILED:
        from cdgis.geometry.kernels.compiled.feet import feet

        each = np.arange(len(points))
        return feet(np.ascontiguousarray(points), (chunks.xy, chunks.first, chunks.last), each, each + 1)
    out = np.empty((len(points), 2))
    for i in range(0, len(points), _BLOCK):
        rows = slice(i, i + _BLOCK)
        out[rows] = _projected(points[rows], chunks.xy, chunks.first[rows], chunks.last[rows])
    return out


def places_on_outlines(points: FloatArray, owner: IntArray, chunks: OutlineChunks) -> FloatArray:
    """Return for each point the nearest place on the outline of its own owner, all of whose few chunks are looked at (compiled).

    The place is that on the nearest chunk, the first of those equally near.
    """
    from cdgis.geometry.kernels.compiled.feet import feet

    of_owner = chunks.only(np.argsort(chunks.owner, kind="stable"))
    start, end = (np.searchsorted(of_owner.owner, owner, side=side) for side in ("left", "right"))
    return feet(np.ascontiguousarray(points), (chunks.xy, of_owner.first, of_owner.last), start, end)


def _projected(points: FloatArray, xy: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    edge = first[:, None] + np.arange(EDGES)
    distance = _to_edges(points[:, None], xy[np.minimum(edge, last[:, None])], xy[np.minimum(edge + 1, last[:, None])])
    nearest = first + np.argmin(np.where(edge < last[:, None], distance, np.inf), axis=1)
    a, b = xy[nearest], xy[np.minimum(nearest + 1, last)]
    r, _ = _along(points, a, b)
    ends = np.where((_length(points - a) < _length(points - b))[:, None], a, b)
    inner = (r > 0) & (r < 1)
    return np.asarray(np.where(inner[:, None], a + r[:, None] * (b - a), ends))


def _to_edges(points: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the distances from points to edges."""
    r, square = _along(points, a, b)
    d, back = b - a, a - points
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.abs((back[..., 1] * d[..., 0] - back[..., 0] * d[..., 1]) / square) * np.sqrt(square)
    return np.asarray(np.where(r >= 1, _length(points - b), np.where(r > 0, level, _length(points - a))))


def _along(points: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where along edges the points project, 0 to 1 being on them (NaN for one of no length), and length²."""
    d, off = b - a, points - a
    square = d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (off[..., 0] * d[..., 0] + off[..., 1] * d[..., 1]) / square, square


def _length(d: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1]))
