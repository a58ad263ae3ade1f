"""Distance a subject would have to move for its verdict to change (DESIGN 4.4).

Up: the nearest zone of a rule that would make the verdict stricter. Down: the deepest of the overlaps it rests on. A rule
that names one far unit has only shown how far it is at least; what may still be the nearest is measured, the rest never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Numbers
from cdgis.judging.rule_outcomes import Ruling

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
    ways = [_way_up(result, applied, possible, precision) for result in results]
    for way, distance_m in zip(ways, _measured(ways, size), strict=True):
        critical |= distance_m <= way.threshold_m
        nearer = distance_m < up
        up[nearer], up_layer[nearer] = distance_m[nearer], way.ruling.rule.layer
    down, down_layer = np.full(size, -np.inf), np.full(size, "", dtype=object)
    # One reason that surely holds makes the verdict sure, were it the shallowest.
    doubtful = np.ones(size, dtype=bool)
    decided = [np.flatnonzero((one.value == TRUE) & (one.rule.effect.rank == applied)) for one in results]
    Numbers.found_together(zip((one.depth_m for one in results), decided, strict=True))
    for result, decisive in zip(results, decided, strict=True):
        if len(decisive):  # how deep the others lie is never measured
            depth_m = result.depth_m[decisive]
            doubtful[decisive] &= ~(depth_m > precision.threshold_m(result.rule.layer)[decisive])
            deeper = depth_m > down[decisive]
            down[decisive[deeper]], down_layer[decisive[deeper]] = depth_m[deeper], result.rule.layer
    critical |= doubtful & ~np.isneginf(down)
    down[np.isneginf(down)] = np.inf
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
    return _WayUp(result, stricter, precision.threshold_m(result.rule.layer))


def _measured(ways: Sequence[_WayUp], size: int) -> FloatArray:
    """Return how far each way's zone is from each subject, shape (ways, subjects).

    inf where it makes nothing stricter, or cannot be the subject's nearest nor nearer than its threshold.
    """
    distance_m = np.full((len(ways), size), np.inf)
    later = {number: way.ruling.nearest for number, way in enumerate(ways) if way.ruling.nearest is not None}
    for number, way in enumerate(ways):
        if number not in later:
            distance_m[number, way.stricter] = way.ruling.distance_m[way.stricter]
    up = distance_m.min(axis=0, initial=np.inf)
    waiting = _still_worth(_waiting([(number, ways[number]) for number in later]), up)
    # what is nearest at least is measured first: for most subjects that leaves few others, and only those are put in order
    least = np.full(size, np.inf)
    np.minimum.at(least, waiting["subject"], waiting["least"])
    now = waiting["least"] <= least[waiting["subject"]]
    while len(waiting):
        for number in np.unique(waiting["way"][now]):
            at = waiting["subject"][now & (waiting["way"] == number)]
            distance_m[number, at] = later[number].distance_of(at)
            up[at] = np.minimum(up[at], distance_m[number, at])
        waiting = _still_worth(waiting[~now], up)
        waiting = waiting[np.lexsort((waiting["way"], waiting["least"], waiting["subject"]))]
        now = _place_in_group(waiting["subject"]) < _AT_ONCE
    return distance_m


def _waiting(ways: Sequence[tuple[int, _WayUp]]) -> np.ndarray:
    """Return the pairs of a way and a subject not measured yet.

    Fields way, subject (positions), least (metres it is off at least) and enough (nearer than this it counts anyhow).
    """
    kind = [("way", np.int64), ("subject", np.int64), ("least", float), ("enough", float)]
    parts = [np.empty(0, dtype=kind)]
    for number, way in ways:
        at = np.flatnonzero(way.stricter)
        part = np.empty(len(at), dtype=kind)
        part["way"], part["subject"] = number, at
        part["least"], part["enough"] = way.ruling.distance_m[at], way.threshold_m[at]
        parts.append(part)
    return np.concatenate(parts)


def _still_worth(waiting: np.ndarray, up: FloatArray) -> np.ndarray:
    """Return the pairs that may yet be nearer than what is known, or near enough to count anyhow."""
    return np.asarray(waiting[waiting["least"] <= np.maximum(up[waiting["subject"]], waiting["enough"])])


def _place_in_group(sorted_values: IntArray) -> IntArray:
    """Return how many equal values stand before each."""
    return np.asarray(np.arange(len(sorted_values)) - np.searchsorted(sorted_values, sorted_values))
