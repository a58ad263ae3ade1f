"""How far would a subject have to move for its verdict to change? (DESIGN 4.4)

Up: the nearest zone of a rule that would make the verdict stricter. Down: the deepest of the overlaps it rests on. A rule
that names one far unit has only told how far it is at least; what may still be the nearest is measured, the rest never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdgis.arrays import BoolArray, FloatArray, IntArray, TextArray
from cdgis.kleene import FALSE, TRUE, UNKNOWN
from cdgis.ruling import Ruling

_AT_ONCE = 4
"""Zones of a subject measured before it is asked again which may still be nearer."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How exactly it is known where subjects and zones lie, metres."""

    subject_m: FloatArray
    tolerance_m: float
    layer_m: Mapping[str, float]

    def threshold_m(self, layer: str) -> FloatArray:
        """Return the distance below which a verdict resting on `layer` is critical."""
        return np.maximum(self.subject_m, max(self.tolerance_m, self.layer_m.get(layer, 0.0)))


@dataclass(frozen=True, slots=True)
class _WayUp:
    """A rule that would make some verdicts stricter, were its zone nearer."""

    ruling: Ruling
    stricter: BoolArray
    threshold_m: FloatArray
    distance_m: FloatArray
    """inf where it is not known, or not stricter."""


def critical_distance(
    results: Sequence[Ruling], applied: IntArray, possible: IntArray, precision: Precision
) -> tuple[FloatArray, TextArray, BoolArray]:
    """Return the critical distance (NaN if nothing could change), the layer that sets it, and who is 临界.

    Parameters
    ----------
    results : the rulings that decide.
    applied, possible : rank of the strictest rule that applies, and of the strictest unknown one, subject by subject.
    """
    size = len(applied)
    results = [result for result in results if result.rule.geometry in ("hit", "within", "none")]
    up, up_layer = np.full(size, np.inf), np.full(size, "", dtype=object)
    critical = np.zeros(size, dtype=bool)
    for way in _measured([_way_up(result, applied, possible, precision) for result in results], size):
        critical |= way.distance_m <= way.threshold_m
        nearer = way.distance_m < up
        up[nearer], up_layer[nearer] = way.distance_m[nearer], way.ruling.rule.layer
    down, down_layer = np.full(size, -np.inf), np.full(size, "", dtype=object)
    for result in results:
        decisive = (result.value == TRUE) & (result.rule.effect.rank == applied) & (result.depth_m > down)
        down[decisive], down_layer[decisive] = result.depth_m[decisive], result.rule.layer
    down[np.isneginf(down)] = np.inf
    for layer in sorted(set(down_layer[np.isfinite(down)])):
        critical |= (down_layer == layer) & (down <= precision.threshold_m(layer))
    distance = np.minimum(up, down)
    layer_name = np.where(up <= down, up_layer, down_layer)
    distance[np.isinf(distance)] = np.nan
    return distance, np.where(np.isnan(distance), "", layer_name).astype(object), critical


def _way_up(result: Ruling, applied: IntArray, possible: IntArray, precision: Precision) -> _WayUp:
    rank = result.rule.effect.rank
    # A hit that only opens one more question changes no word that is 资料不足 already.
    stricter = ((result.rest == TRUE) & (rank > applied)) | (
        (result.rest == UNKNOWN) & (rank > np.maximum(applied, possible))
    )
    stricter &= (result.geometry == FALSE) & ~np.isnan(result.distance_m)
    known = stricter if result.nearest is None else np.zeros_like(stricter)
    distance = np.where(known, result.distance_m, np.inf)
    return _WayUp(result, stricter, precision.threshold_m(result.rule.layer), distance)


def _measured(ways: Sequence[_WayUp], size: int) -> Sequence[_WayUp]:
    """Return the ways with the distance of every zone that may be a subject's nearest, or nearer than its threshold."""
    up = np.min([way.distance_m for way in ways], axis=0, initial=np.inf) if ways else np.full(size, np.inf)
    waiting = [(number, np.flatnonzero(w.stricter)) for number, w in enumerate(ways) if w.ruling.nearest is not None]
    if not waiting:
        return ways
    way = np.concatenate([np.full(len(at), number) for number, at in waiting])
    subject = np.concatenate([at for _, at in waiting])
    least = np.concatenate([ways[number].ruling.distance_m[at] for number, at in waiting])
    enough = np.concatenate([ways[number].threshold_m[at] for number, at in waiting])
    order = np.lexsort((way, least, subject))
    way, subject, least, enough = way[order], subject[order], least[order], enough[order]
    while len(way):
        may = least <= np.maximum(up[subject], enough)
        way, subject, least, enough = way[may], subject[may], least[may], enough[may]
        now = _place_in_group(subject) < _AT_ONCE
        for number in np.unique(way[now]):
            at = subject[now & (way == number)]
            ways[number].distance_m[at] = found = _distance_of(ways[number].ruling, at)
            np.minimum.at(up, at, found)
        way, subject, least, enough = way[~now], subject[~now], least[~now], enough[~now]
    return ways


def _place_in_group(sorted_values: IntArray) -> IntArray:
    """Return how many equal values stand before each."""
    first = np.searchsorted(sorted_values, sorted_values)
    return np.asarray(np.arange(len(sorted_values)) - first)


def _distance_of(ruling: Ruling, at: IntArray) -> FloatArray:
    return ruling.distance_m[at] if ruling.nearest is None else ruling.nearest.distance_of(at)
