"""How large may a page be, and what gives way when the geometry does not fit?

Layers are packed whole. While their sum is over the budget, the largest one is simplified with shared edges kept,
each time at twice the tolerance, until everything fits; what was done is told to the reader.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.report.map.encoding import PRECISION, flatten, pack
from cdgis.report.map.levels import level_masks, simplified
from cdgis.view import METRES_PER_DEGREE

_FIRST_TOLERANCE_DEG = 1e-5
_MOST_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One layer as the page carries it."""

    text: str
    """Base64 of the packed outlines."""
    vertex_count: int
    tolerance_deg: float
    """Degrees by which the layer was simplified to fit; 0 when it is whole."""
    area_change_share: float
    """The largest relative change of a zone's area through the simplification, 0..1."""


def pack_layers(
    shapes: Mapping[str, np.ndarray], *, budget_bytes: int, precision: int = PRECISION, jobs: int = 2
) -> dict[str, Packed]:
    """Return each layer packed, all of them together at most `budget_bytes` where simplifying can do it.

    Parameters
    ----------
    shapes : layer id -> outlines, EPSG:4490, x = longitude.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        packs = dict(zip(shapes, pool.map(lambda s: _whole(s, precision), shapes.values()), strict=True))
    for _ in range(_MOST_ROUNDS):
        if sum(len(p.text) for p in packs.values()) <= budget_bytes:
            break
        largest = max(packs, key=lambda key: len(packs[key].text))
        tolerance = max(packs[largest].tolerance_deg * 2, _FIRST_TOLERANCE_DEG)
        packs[largest] = _smaller(shapes[largest], tolerance, precision)
    return packs


def _whole(shapes: np.ndarray, precision: int) -> Packed:
    rings = flatten(shapes)
    text = pack(rings, level_masks(shapes, rings), precision=precision)
    return Packed(text=text, vertex_count=len(rings.lonlat), tolerance_deg=0.0, area_change_share=0.0)


def _smaller(shapes: np.ndarray, tolerance_deg: float, precision: int) -> Packed:
    thin = simplified(shapes, tolerance_deg)
    rings = flatten(thin)
    return Packed(
        text=pack(rings, level_masks(thin, rings), precision=precision),
        vertex_count=len(rings.lonlat),
        tolerance_deg=tolerance_deg,
        area_change_share=area_change_share(shapes, thin),
    )


def area_change_share(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest relative change of any polygon's area; degrees squared on both sides, so the ratio holds."""
    area = shapely.area(before)
    areal = area > 0
    return float(np.max(np.abs(shapely.area(after[areal]) / area[areal] - 1), initial=0.0))


def size_notes(packs: Mapping[str, Packed], titles: Mapping[str, str], *, budget_bytes: int) -> tuple[str, ...]:
    """Return what the reader must know about layers that were simplified, largest first; nothing when all are whole."""
    thinned = [key for key in packs if packs[key].tolerance_deg > 0]
    thinned.sort(key=lambda key: (-len(packs[key].text), key))
    notes = [
        f"为使页面不超过 {budget_bytes / 1e6:g} MB，“{titles.get(key, key)}”的图形经化简（容差约"
        f" {packs[key].tolerance_deg * METRES_PER_DEGREE:.0f} 米，共用边界仍共用，单个区面积变化不超过"
        f" {packs[key].area_change_share:.2%}）；判定与数据表用的是原始图形"
        for key in thinned
    ]
    total = sum(len(p.text) for p in packs.values())
    if total > budget_bytes:
        notes.append(f"图形化简后仍有 {total / 1e6:.1f} MB，超过限额 {budget_bytes / 1e6:g} MB")
    return tuple(notes)
