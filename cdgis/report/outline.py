"""How are zone outlines thinned and packed for the overview map?

A layer's zones are simplified jointly where they tile the city (shared edges stay shared), until the
layer keeps to its share of vertices; coordinates are whole numbers of 1e-5 degree (about 1 m), each given as
the step from the one before. Pages only: every number in the tables comes from the full outlines.
"""

from typing import Any

import numpy as np
import shapely

from cdgis.frames import Layer

UNITS_PER_DEGREE = 100_000
_FIRST_TOLERANCE_DEG = 2e-4
_VERTICES_PER_LAYER = 24_000
_MOST_ROUNDS = 8
_LEAST_RING = 8
"""Numbers in the shortest ring: three corners and the first again."""


def thinned(layer: Layer) -> np.ndarray:
    """Return the layer's geometries simplified to at most 24 000 vertices in all, if eight doublings can do it."""
    shapes: np.ndarray = layer.zones.geometry.to_numpy()
    if layer.spec.geometry == "point":
        return shapes
    simplify = shapely.coverage_simplify if layer.spec.partition else shapely.simplify
    tolerance = _FIRST_TOLERANCE_DEG
    for _ in range(_MOST_ROUNDS):
        shapes = simplify(shapes, tolerance)
        if shapely.get_num_coordinates(shapes).sum() <= _VERTICES_PER_LAYER:
            break
        tolerance *= 2
    return shapes


def packed(shapes: np.ndarray) -> list[list[Any]]:
    """Return each shape as nested step lists: a polygon's parts hold rings, a line's or point's parts one list each.

    A ring or line is ``[x0, y0, dx1, dy1, ...]``; rings that shrink to nothing are left out.
    """
    parts, owners = shapely.get_parts(shapes, return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    rings, ring_owners = shapely.get_rings(parts[areal], return_index=True)
    ring_steps, line_steps = _steps(rings), _steps(parts[~areal])
    result: list[list[Any]] = [[] for _ in range(len(shapes))]
    polygons: list[list[list[int]]] = [[] for _ in range(int(areal.sum()))]
    for owner, steps in zip(ring_owners.tolist(), ring_steps, strict=True):
        if len(steps) >= _LEAST_RING:
            polygons[owner].append(steps)
    for owner, polygon in zip(owners[areal].tolist(), polygons, strict=True):
        if polygon:
            result[owner].append(polygon)
    for owner, steps in zip(owners[~areal].tolist(), line_steps, strict=True):
        if steps:
            result[owner].append(steps)
    return result


def _steps(lines: np.ndarray) -> list[list[int]]:
    """Return the step list of each line, without steps of length zero."""
    lonlat, owners = shapely.get_coordinates(lines, return_index=True)
    xy = np.rint(lonlat * UNITS_PER_DEGREE).astype(np.int64)
    first = np.diff(owners, prepend=-1) != 0
    steps = np.where(first[:, None], xy, np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)))
    kept = first | np.any(steps != 0, axis=1)
    counts = np.bincount(owners[kept], minlength=len(lines))
    flat, ends = steps[kept].ravel().tolist(), (2 * np.cumsum(counts)).tolist()
    return [flat[end - 2 * count : end] for end, count in zip(ends, counts.tolist(), strict=True)]
