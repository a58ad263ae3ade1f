"""How are zone outlines thinned and packed for the overview map?

A layer's zones are simplified jointly where they tile the city (shared edges stay shared), until the
layer keeps to its share of vertices; coordinates are whole numbers of 1e-5 degree (about 1 m), each given as
the step from the one before. Pages only: every number in the tables comes from the full outlines.
"""

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.frames import Layer

UNITS_PER_DEGREE = 100_000
_FIRST_TOLERANCE_DEG = 2e-4
_VERTICES_PER_LAYER = 24_000
_MOST_ROUNDS = 8


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


def packed(shape: BaseGeometry) -> list[Any]:
    """Return a shape as nested step lists: a polygon's parts hold rings, a line's or point's parts one list each.

    A ring or line is ``[x0, y0, dx1, dy1, ...]``; rings that shrink to nothing are left out.
    """
    parts: list[Any] = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            rings = [steps for ring in shapely.get_rings(part) if len(steps := _steps(ring)) >= 8]
            if rings:
                parts.append(rings)
        elif not part.is_empty:
            parts.append(_steps(part))
    return parts


def _steps(line: BaseGeometry) -> list[int]:
    xy = np.rint(shapely.get_coordinates(line) * UNITS_PER_DEGREE).astype(np.int64)
    steps = np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    moved = np.any(steps != 0, axis=1)
    moved[0] = True
    return [int(v) for v in steps[moved].ravel()]
