"""Distance a subject would have to move for its verdict to change (DESIGN 4.4).

Up: the nearest zone of a rule that would make the verdict stricter. Down: the deepest of the overlaps it rests on. A rule
that names one far unit has only shown how far it is at least; what may still be the nearest, and nearer than the way down, is
measured, the rest never.
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
class _Best:
    """The nearest way up of each subject found so far: how far off, and which of the ways."""

    distance_m: FloatArray
    way: IntArray
    critical: BoolArray

    def learn(self, way: int, at: IntArray, distance_m: FloatArray, threshold_m: FloatArray) -> None:
        """Take how far one way is off for some subjects; of two just as far the first stays."""
        self.critical[at] |= distance_m <= threshold_m[at]
        nearer = (distance_m < self.distance_m[at]) | ((distance_m == self.distance_m[at]) & (way < self.way[at]))
        self.distance_m[at[nearer]], self.way[at[nearer]] = distance_m[nearer], way


def critical_distance(
    results: Sequence[Ruling], applied: IntArray, possible: IntArray, precision: Precision, kind: IntArray | None = None
) -> tuple[FloatArray, TextArray, BoolArray]:
    """Return the critical distance (NaN if nothing could change), the layer that sets it, and who is 临界.

    Parameters
    ----------
    results : the rulings that decide.
    applied, possible : rank of the strictest rule that applies, and of the strictest unknown one, subject by subject.
    kind : where given, of which kind each subject is: ranks, and what results say but for distances, are then said of kinds.
    """
    kind = np.arange(len(applied)) if kind is None else kind
    results = [result for result in results if result.rule.geometry in ("hit", "within", "none")]
    down, down_layer, doubtful = _ways_down(results, applied, precision, kind)
    # what is farther than the way down is never measured
    up, up_layer, critical = _ways_up(results, (applied, possible), precision, (kind, down))
    critical |= doubtful
    distance = np.minimum(up, down)
    layer_name = np.where(up <= down, up_layer, down_layer)
    distance[np.isinf(distance)] = np.nan
    return distance, np.where(np.isnan(distance), "", layer_name).astype(object), critical


def _ways_down(
    results: Sequence[Ruling], applied: IntArray, precision: Precision, kind: IntArray
) -> tuple[FloatArray, TextArray, BoolArray]:
    """Return how deep the deepest reason of each verdict lies (inf without any), its layer, and whether all may be errors."""
    size = len(kind)
    down, layer = np.full(size, -np.inf), np.full(size, "", dtype=object)
    # One reason that surely holds makes the verdict sure, were it the shallowest.
    doubtful = np.ones(size, dtype=bool)
    decided = [np.flatnonzero(((one.value == TRUE) & (one.rule.effect.rank == applied))[kind]) for one in results]
    Numbers.found_together(zip((one.depth_m for one in results), decided, strict=True))
    for result, decisive in zip(results, decided, strict=True):
        if len(decisive):  # how deep the others lie is never measured
            depth_m = result.depth_m[decisive]
            doubtful[decisive] &= ~(depth_m > precision.threshold_m(result.rule.layer)[decisive])
            deeper = depth_m > down[decisive]
            down[decisive[deeper]], layer[decisive[deeper]] = depth_m[deeper], result.rule.layer
    nothing = np.isneginf(down)
    down[nothing] = np.inf
    return down, layer, doubtful & ~nothing


def _ways_up(
    results: Sequence[Ruling], ranks: tuple[IntArray, IntArray], precision: Precision, subjects: tuple[IntArray, FloatArray]
) -> tuple[FloatArray, TextArray, BoolArray]:
    """Return how far the nearest zone is that would make each verdict stricter, its layer, and for whom one is within its threshold.

    inf where there is none, or it is farther than the way down; `subjects` are the kind of each and how deep that lies.
    """
    kind, down_m = subjects
    size = len(kind)
    best = _Best(np.full(size, np.inf), np.full(size, len(results)), np.zeros(size, dtype=bool))
    threshold_m = {layer: precision.threshold_m(layer) for layer in {result.rule.layer for result in results}}
    waiting = [_NOBODY]
    for way, result in enumerate(results):
        at = np.flatnonzero(_is_stricter(result, *ranks)[kind])
        if not len(at):
            continue
        distance_m = result.at_least_m
        at = at[~np.isnan(distance_m[at])]
        if result.nearest is None:
            best.learn(way, at, distance_m[at], threshold_m[result.rule.layer])
        else:
            waiting.append(_waiting(way, at, distance_m[at], threshold_m[result.rule.layer][at]))
    _learn(best, np.concatenate(waiting), results, threshold_m, down_m)
    layers = np.array([*(result.rule.layer for result in results), ""], dtype=object)
    return best.distance_m, layers[best.way], best.critical


def _is_stricter(result: Ruling, applied: IntArray, possible: IntArray) -> BoolArray:
    """Return whose verdict would be stricter if the zone were nearer."""
    rank = result.rule.effect.rank
    # A hit that only opens one more question changes no word that is 资料不足 already.
    stricter = ((result.rest == TRUE) & (rank > applied)) | ((result.rest == UNKNOWN) & (rank > np.maximum(applied, possible)))
    return np.asarray(stricter & (result.geometry == FALSE))


def _learn(
    best: _Best, waiting: np.ndarray, results: Sequence[Ruling], threshold_m: Mapping[str, FloatArray], down_m: FloatArray
) -> None:
    """Measure those of the waiting pairs that may be the subject's nearest way, or nearer than its threshold."""
    waiting = _still_worth(waiting, np.minimum(best.distance_m, down_m))
    # what is nearest at least is measured first: for most subjects that leaves few others, and only those are put in order
    least = np.full(len(down_m), np.inf)
    np.minimum.at(least, waiting["subject"], waiting["least"])
    now = waiting["least"] <= least[waiting["subject"]]
    while len(waiting):
        for way in np.unique(waiting["way"][now]).tolist():
            at, result = waiting["subject"][now & (waiting["way"] == way)], results[way]
            if result.nearest is not None:
                best.learn(way, at, result.nearest.distance_of(at), threshold_m[result.rule.layer])
        waiting = _still_worth(waiting[~now], np.minimum(best.distance_m, down_m))
        waiting = waiting[np.lexsort((waiting["way"], waiting["least"], waiting["subject"]))]
        now = _place_in_group(waiting["subject"]) < _AT_ONCE


_NOBODY = np.empty(0, dtype=[("way", np.int64), ("subject", np.int64), ("least", float), ("enough", float)])


def _waiting(way: int, at: IntArray, least_m: FloatArray, threshold_m: FloatArray) -> np.ndarray:
    """Return the pairs of a way and a subject not measured yet.

    Fields way, subject (positions), least (metres it is off at least) and enough (nearer than this it counts anyhow).
    """
    waiting = np.empty(len(at), dtype=_NOBODY.dtype)
    waiting["way"], waiting["subject"], waiting["least"], waiting["enough"] = way, at, least_m, threshold_m
    return waiting


def _still_worth(waiting: np.ndarray, up: FloatArray) -> np.ndarray:
    """Return the pairs that may yet be nearer than what is known, or near enough to count anyhow."""
    return np.asarray(waiting[waiting["least"] <= np.maximum(up[waiting["subject"]], waiting["enough"])])


def _place_in_group(sorted_values: IntArray) -> IntArray:
    """Return how many equal values stand before each."""
    return np.asarray(np.arange(len(sorted_values)) - np.searchsorted(sorted_values, sorted_values))
