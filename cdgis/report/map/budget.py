"""Size limit of a page, and what gives way when the geometry does not fit.

Layers are packed whole. While their sum is over the budget, the largest one is simplified with shared edges kept,
each time at twice the tolerance, until everything fits; what was done is reported to the reader.

Where zones must keep their area (`most_change`), a zone that would change by more gets all its vertices back, and so
do its neighbours along the shared border. A layer that shrinks no further is left; when all are, the page is larger
than its budget and says so.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.geometry.planes import PlaneThreads
from cdgis.readers.kept_answers import KeptAnswers
from cdgis.report.map.area_preservation import area_changes, with_areas_kept
from cdgis.report.map.levels import level_masks, simplified
from cdgis.report.map.outline_encoding import PRECISION, flatten, pack
from cdgis.workspace.layers import Layers

_FIRST_TOLERANCE_DEG = 1e-5
_MOST_TOLERANCE_DEG = 0.1
_MOST_ROUNDS = 60
_LEAST_GAIN = 0.01
"""Share of its size that a layer must lose in a round to be tried again."""


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
    shapes: Mapping[str, np.ndarray],
    *,
    budget_bytes: int,
    most_change: float = math.inf,
    precision: int = PRECISION,
    jobs: int = 2,
    whole: Mapping[str, Packed] | None = None,
) -> dict[str, Packed]:
    """Return each layer packed, all of them together at most `budget_bytes` where simplifying can do it.

    Parameters
    ----------
    shapes : layer id -> outlines, EPSG:4490, x = longitude.
    most_change : the largest share of its area that simplifying may add to or take from any zone, 0..1.
    whole : layers packed before, whole and at this precision (`pack_whole`).
    """
    missing = {key: outlines for key, outlines in shapes.items() if key not in (whole or {})}
    with PlaneThreads(max_workers=jobs) as pool:
        made = dict(zip(missing, pool.map(lambda s: _whole(s, precision), missing.values()), strict=True))
    packs = {key: made[key] if key in made else (whole or {})[key] for key in shapes}
    tried = dict.fromkeys(packs, _FIRST_TOLERANCE_DEG)
    for _ in range(_MOST_ROUNDS):
        if not tried or sum(len(p.text) for p in packs.values()) <= budget_bytes:
            break
        largest = max(tried, key=lambda key: len(packs[key].text))
        smaller = _smaller(shapes[largest], tried[largest], most_change, precision)
        gains = len(smaller.text) < len(packs[largest].text) * (1 - _LEAST_GAIN)
        tried[largest] *= 2
        # A fine tolerance may do nothing yet; one that does nothing after others did shows the layer's end.
        if not gains and (packs[largest].tolerance_deg > 0 or tried[largest] > _MOST_TOLERANCE_DEG):
            del tried[largest]
        elif gains:
            packs[largest] = smaller
    return packs


def pack_whole(layers: Layers, kept: KeptAnswers | None = None) -> dict[str, Packed]:
    """Return the outlines of all layers that a map shows, packed whole; no judgement is asked, so it may be done while one is made."""

    def made() -> dict[str, Packed]:
        """Pack them."""
        return {key: _whole(outlines, PRECISION) for key, outlines in shown_outlines(layers).items()}

    if kept is None:
        return made()
    kind = TypeAdapter(dict[str, Packed])
    return kept.answer("outlines", kind, made, code=("report/map",), more=(zlib.ZLIB_RUNTIME_VERSION,))


def shown_outlines(layers: Layers) -> dict[str, np.ndarray]:
    """Return the outlines of the layers that a map shows, EPSG:4490."""
    return {key: layer.zones.geometry.to_numpy() for key, layer in layers.items() if layer.spec.is_vector and len(layer.zones)}


def _whole(shapes: np.ndarray, precision: int) -> Packed:
    rings = flatten(shapes)
    text = pack(rings, level_masks(shapes, rings), precision=precision)
    return Packed(text=text, vertex_count=len(rings.lonlat), tolerance_deg=0.0, area_change_share=0.0)


def _smaller(shapes: np.ndarray, tolerance_deg: float, most_change: float, precision: int) -> Packed:
    thin = simplified(shapes, tolerance_deg)
    if most_change < math.inf:
        thin = with_areas_kept(shapes, thin, most_change)
    rings = flatten(thin)
    return Packed(
        text=pack(rings, level_masks(thin, rings), precision=precision),
        vertex_count=len(rings.lonlat),
        tolerance_deg=tolerance_deg,
        area_change_share=area_change_share(shapes, thin),
    )


def area_change_share(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest relative change of any polygon's area."""
    return float(np.max(area_changes(before, after), initial=0.0))


def size_notes(
    packs: Mapping[str, Packed], titles: Mapping[str, str], *, budget_bytes: int, most_change: float = math.inf
) -> tuple[str, ...]:
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
        big = sorted(packs, key=lambda key: (-len(packs[key].text), key))[:3]
        listed = "、".join(f"“{titles.get(key, key)}” {len(packs[key].text) / 1e6:.1f} MB" for key in big)
        held = f"（再化简，单个区面积变化会超过 {most_change:.1%}，因此停止）" if most_change < math.inf else ""
        notes.append(
            f"图形仍有 {total / 1e6:.1f} MB，超过限额 {budget_bytes / 1e6:g} MB{held}，页面因此较大；最大的是 {listed}。"
            "可调高 cdgis.toml 的 publish.page_budget_mb，或换用顶点较少的图层"
        )
    return tuple(notes)
