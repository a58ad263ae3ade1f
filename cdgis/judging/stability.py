"""Distance a subject would have to move for its verdict to change (DESIGN 4.4).

Up: the nearest zone of a rule that would make the verdict stricter. Down: the deepest of the overlaps it rests on. A rule
that names one far unit has only shown how far it is at least; what may still be the nearest, and nearer than the way down, is
measured, the rest never.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.judging.hits import in_order
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
class _Pairs:
    """Pairs of a way and a subject not measured yet."""

    way: IntArray
    subject: IntArray
    least_m: FloatArray
    """It is off so far at least."""
    enough_m: FloatArray
    """Nearer than this it counts anyhow."""

    def __len__(self) -> int:
        return len(self.way)

    def only(self, rows: IntArray) -> "_Pairs":
        """Return the pairs at these positions."""
        return _Pairs(self.way[rows], self.subject[rows], self.least_m[rows], self.enough_m[rows])

    def by_way(self) -> Iterator[tuple[int, IntArray]]:
        """Yield each way with its subjects, in their order here."""
        order = in_order(self.way)
        way, start = np.unique(self.way[order], return_index=True)
        yield from zip(way.tolist(), np.split(self.subject[order], start[1:]), strict=True) if len(way) else ()

    @classmethod
    def joined(cls, parts: "Sequence[_Pairs]") -> "_Pairs":
        """Return the pairs of all parts."""
        none = np.empty(0, dtype=np.int64)
        whole = [cls(none, none, np.empty(0), np.empty(0)), *parts]
        return cls(*(np.concatenate([getattr(part, field.name) for part in whole]) for field in fields(cls)))


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

    def still_worth(self, pairs: _Pairs, down_m: FloatArray) -> _Pairs:
        """Return the pairs that may yet be nearer than what is known, or near enough to count while nothing else is."""
        known = np.minimum(self.distance_m, down_m)[pairs.subject]
        enough = np.where(self.critical[pairs.subject], -np.inf, pairs.enough_m)
        return pairs.only(np.flatnonzero(pairs.least_m <= np.maximum(known, enough)))


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
    waiting: list[_Pairs] = []
    for way, result in enumerate(results):
        at = np.flatnonzero(_is_stricter(result, *ranks)[kind])
        if not len(at):
            continue
        least_m, enough = result.at_least_of(at), threshold_m[result.rule.layer]
        if not (there := ~np.isnan(least_m)).all():
            at, least_m = at[there], least_m[there]
        if result.nearest is None or (result.distance_m is None and result.nearest.is_known):
            best.learn(way, at, least_m, enough)
        else:
            waiting.append(_Pairs(np.full(len(at), way), at, least_m, enough[at]))
    _learn(best, _Pairs.joined([best.still_worth(pairs, down_m) for pairs in waiting]), results, threshold_m, down_m)
    layers = np.array([*(result.rule.layer for result in results), ""], dtype=object)
    return best.distance_m, layers[best.way], best.critical


def _is_stricter(result: Ruling, applied: IntArray, possible: IntArray) -> BoolArray:
    """Return whose verdict would be stricter if the zone were nearer."""
    rank = result.rule.effect.rank
    # A hit that only opens one more question changes no word that is 资料不足 already.
    stricter = ((result.rest == TRUE) & (rank > applied)) | ((result.rest == UNKNOWN) & (rank > np.maximum(applied, possible)))
    return np.asarray(stricter & (result.geometry == FALSE))


def _learn(
    best: _Best, waiting: _Pairs, results: Sequence[Ruling], threshold_m: Mapping[str, FloatArray], down_m: FloatArray
) -> None:
    """Measure those of the waiting pairs that may be the subject's nearest way, or nearer than its threshold."""
    # what is nearest at least is measured first: for most subjects that leaves few others, and only those are put in order
    least = np.full(len(down_m), np.inf)
    np.minimum.at(least, waiting.subject, waiting.least_m)
    now = waiting.least_m <= least[waiting.subject]
    while len(waiting):
        for way, at in waiting.only(np.flatnonzero(now)).by_way():
            result = results[way]
            if result.nearest is not None:
                best.learn(way, at, result.nearest.distance_of(at), threshold_m[result.rule.layer])
        waiting = best.still_worth(waiting.only(np.flatnonzero(~now)), down_m)
        waiting = waiting.only(np.lexsort((waiting.way, waiting.least_m, waiting.subject)))
        now = _place_in_group(waiting.subject) < _AT_ONCE


def _place_in_group(sorted_values: IntArray) -> IntArray:
    """Return how many equal values stand before each."""
    return np.asarray(np.arange(len(sorted_values)) - np.searchsorted(sorted_values, sorted_values))
