"""Vertices a layer needs at a small scale, with borders shared by neighbours still shared.

Exploded polygons are simplified together as a coverage (Visvalingam-Whyatt with shared edges simplified once), so
both sides of a border lose the same vertices; each level is made from the next finer one and only ever drops
vertices. A level is a mask over the layer's vertices: nothing is stored twice.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import BoolArray
from cdgis.report.map.outline_encoding import Rings, flatten

TOLERANCES_DEG = (2e-3, 5e-4, 1.2e-4)
"""Coarsest first; static/canvas.js uses a level while its tolerance is below about half a pixel."""
LEVEL_ZOOMS = (8.75, 10.75, 12.75)
"""Greatest zoom at which each level is drawn; beyond the last one all vertices are."""
_FEW_VERTICES = 400
"""Layers this small are drawn whole at every scale."""



def simplified(shapes: np.ndarray, tolerance_deg: float) -> np.ndarray:
    """Return shapes with fewer vertices, all of them vertices of the original; shared edges stay shared.

    Parameters
    ----------
    shapes : points, lines or polygons, EPSG:4490; neighbours share vertices where they share an edge.
    tolerance_deg : degrees; a vertex goes when its triangle with its neighbours is smaller than tolerance².
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    parts = parts.copy()
    if areal.any():
        parts[areal] = _coverage(parts[areal], tolerance_deg)
    lines = shapely.get_dimensions(parts) == 1
    parts[lines] = shapely.simplify(parts[lines], tolerance_deg / 2)
    return _gathered(parts, owner, shapes)


def _coverage(polygons: np.ndarray, tolerance_deg: float) -> np.ndarray:
    try:
        return np.asarray(shapely.coverage_simplify(polygons, tolerance_deg))
    except shapely.GEOSException:
        # Rings that touch themselves are no coverage to GEOS: each is simplified alone, which any ring allows.
        return np.asarray(shapely.simplify(polygons, tolerance_deg / 2))


def _gathered(parts: np.ndarray, owner: npt.NDArray[np.intp], shapes: np.ndarray) -> np.ndarray:
    """Return parts put together again as the shapes they came from."""
    kinds = shapely.get_dimensions(shapes)
    result = shapes.copy()
    makers: dict[int, Callable[..., Any]] = {
        0: shapely.multipoints,
        1: shapely.multilinestrings,
        2: shapely.multipolygons,
    }
    for kind, make in makers.items():
        chosen = kinds[owner] == kind
        if chosen.any():
            # Shapes without a part have no entry: `out` gives them back as they were.
            make(parts[chosen], indices=owner[chosen], out=result)
    return result


def level_masks(shapes: np.ndarray, rings: Rings) -> tuple[BoolArray, ...]:
    """Return which vertices of `rings` each level keeps, coarsest first; none for a small layer.

    Parameters
    ----------
    shapes : the outlines `rings` were flattened from.
    """
    if len(rings.lonlat) <= max(_FEW_VERTICES, 6 * len(rings.vertices_of_ring)):
        return ()
    full, masks, current = _keys(rings), [], shapes
    for tolerance in TOLERANCES_DEG[::-1]:
        current = simplified(current, tolerance)
        masks.append(_is_among(full, np.sort(_keys(flatten(current)))))
    return tuple(masks[::-1])


def _is_among(values: np.ndarray, known: np.ndarray) -> BoolArray:
    """Return which values are among the sorted `known`, in a third of the time of `numpy.isin`."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    return np.asarray(known[np.minimum(np.searchsorted(known, values), len(known) - 1)] == values)


def _keys(rings: Rings) -> np.ndarray:
    """Return a value per vertex that is the same at every level: which part it belongs to, and where it lies."""
    part_of_ring = np.repeat(np.arange(len(rings.rings_of_part)), rings.rings_of_part)
    part = np.repeat(part_of_ring, rings.vertices_of_ring).astype(np.uint64)
    bits = rings.lonlat.view(np.uint64)
    # Mixed by odd multipliers: 64-bit values sort and compare far faster than triples do.
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ bits[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.asarray(mixed ^ ((part + np.uint64(1)) * np.uint64(0x165667B19E3779F9)))
