"""Urgency ranks of candidates, how sure they are, and what decides them (SPOTIS with intervals).

With bounds [l_k, h_k] and the ideal end e_k of criterion k, the closeness of candidate i is c_ik = 1 - |x_ik - e_k| / (h_k - l_k)
and its score S_i = sum_k w_k c_ik, which is 1 minus the SPOTIS distance (Dezert et al. 2020, FUSION). Bounds are given, not
taken from the candidates: who else is compared changes no score, so no rank is reversed. A value that is not known may lie
anywhere between the bounds: c_ik runs from 0 to 1 and the score is an interval; the rank is that of its middle.

The rank interval holds for all weights of a stated set and all values the unknown ones may have (`rank_intervals`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import FloatArray
from cdgis.relocation.policy import Criterion, PriorityPolicy, weights_of
from cdgis.relocation.rank_intervals import WeightSet, rank_intervals

_DIGITS = 9
"""Scores equal to this many digits are equal: the order of summation never ranks anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """Scores and ranks of the candidates, and what each criterion contributes."""

    ranking: pd.DataFrame
    """One row per candidate, in the order given: score, score_low, score_high, rank, rank_low, rank_high, grade,
    grade_range, lead, driver."""
    criteria: pd.DataFrame
    """One row per candidate and criterion: candidate (position), criterion, title, unit, closeness_low, closeness_high, weight,
    points, source."""


def rank_by_urgency(values: pd.DataFrame, policy: PriorityPolicy) -> Urgency:
    """Return how urgent each candidate is.

    Parameters
    ----------
    values : one row per candidate, one column per criterion's `measure`, in the criterion's unit; NaN where not known.
    """
    low, high = closeness(values, policy.criterion)
    weights, limits = weights_of(policy.criterion), policy.weight_range
    score = urgency_scores(values, policy).to_numpy()
    allowed = WeightSet.around(weights, limits.tolerance)
    middle = (low + high) / 2
    ends = scores(low, weights), scores(high, weights)
    best, worst = rank_intervals(low, high, allowed, exact_up_to=limits.exact_candidates)
    ranking = pd.DataFrame(
        {
            "score": score, "score_low": ends[0], "score_high": ends[1],
            "rank": _rank(score).astype(float), "rank_low": best.astype(float), "rank_high": worst.astype(float),
        },
        index=values.index,
    )  # fmt: skip
    ranking["grade"], ranking["grade_range"] = _grades(allowed.least(low), allowed.most(high), policy)
    titles = np.array([criterion.title for criterion in policy.criterion], dtype=object)
    ranking["lead"] = titles[np.argmax(np.round(middle * weights, _DIGITS), axis=1)] if len(values) else ""
    ranking["driver"] = _drivers((low, high), weights, limits.tolerance, titles)
    ranking["driver"] = ranking["driver"].where(best < worst, "")
    return Urgency(ranking=ranking, criteria=_contributions(low, high, policy.criterion))


def urgency_scores(values: pd.DataFrame, policy: PriorityPolicy) -> pd.Series:
    """Return the score of each candidate, the middle of what it may be: what `rank_by_urgency` ranks by."""
    low, high = closeness(values, policy.criterion)
    weights = weights_of(policy.criterion)
    return pd.Series(np.round((scores(low, weights) + scores(high, weights)) / 2, _DIGITS), index=values.index)


def closeness(values: pd.DataFrame, criteria: Sequence[Criterion]) -> tuple[FloatArray, FloatArray]:
    """Return how close each candidate comes to each criterion's ideal, 0 to 1, lowest and highest; NaN gives 0 and 1."""
    low = np.zeros((len(values), len(criteria)))
    high = np.ones_like(low)
    for k, criterion in enumerate(criteria):
        given = values[criterion.measure].to_numpy(dtype=float)
        known = ~np.isnan(given)
        start, end = criterion.bounds
        share = (criterion.scaled(given[known]) - start) / (end - start)
        low[known, k] = high[known, k] = share if criterion.ideal == "high" else 1 - share
    return low, high


def scores(near: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted closeness, 0 to 1, of candidates whose closeness to each ideal is `near` (candidates x criteria)."""
    return np.asarray(np.round((near * weights).sum(axis=1), _DIGITS))


def _rank(score: FloatArray) -> npt.NDArray[np.int64]:
    """Return 1 + how many score higher; equals share a rank."""
    return np.asarray(1 + len(score) - np.searchsorted(np.sort(score), score, side="right"))


def _grades(low: FloatArray, high: FloatArray, policy: PriorityPolicy) -> tuple[list[str], list[str]]:
    """Return the grade where all weights and gaps agree, and the span of grades otherwise."""
    steps: FloatArray = np.array([grade.least for grade in policy.grade])
    names: list[str] = [str(grade.grade) for grade in policy.grade]

    def place(score: float) -> int:
        """Return the position of the grade that a score reaches."""
        return int(np.argmax(score >= steps - 10.0**-_DIGITS))

    ends = [(place(top), place(bottom)) for top, bottom in zip(high, low, strict=True)]
    stable = [names[a] if a == b else "" for a, b in ends]
    return stable, [names[a] if a == b else f"{names[a]}–{names[b]}" for a, b in ends]


def _drivers(
    near: tuple[FloatArray, FloatArray], weights: FloatArray, tolerance: float, titles: npt.NDArray[np.object_]
) -> list[str]:
    """Return per candidate what widens its rank interval most: missing values at the given weights, else one weight moved."""
    low, high = near
    gap = (high - low) * weights
    best, worst = rank_intervals(low, high, WeightSet.around(weights, 0.0), exact_up_to=0)
    by_gap = worst - best
    swings = np.array([_swing((low + high) / 2, moved) for moved in _moved(weights, tolerance)])
    by_weight = swings.max(axis=0)
    found: list[str] = []
    for i in range(len(low)):
        if by_gap[i] > 0 and by_gap[i] >= by_weight[i]:
            found.append(f"{titles[int(np.argmax(gap[i]))]}（缺数据）" if gap[i].any() else "其他企业缺数据")
        elif by_weight[i] > 0:
            found.append(f"{titles[int(np.argmax(swings[:, i]))]}（权重）")
        else:
            found.append("几个权重一起变动")
    return found


def _moved(weights: FloatArray, tolerance: float) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield, for each weight, the weights with that one at its least and at its most, the others in proportion."""
    for k, own in enumerate(weights):
        ends = [min(own * (1 + sign * tolerance), 1.0) for sign in (-1, 1)]
        rest = np.where(np.arange(len(weights)) == k, 0.0, weights) / (1 - own if own < 1 else 1.0)
        yield tuple(rest * (1 - end) + np.where(np.arange(len(weights)) == k, end, 0.0) for end in ends)


def _swing(middle: FloatArray, moved: tuple[FloatArray, FloatArray]) -> npt.NDArray[np.int64]:
    """Return how far the ranks lie apart under two sets of weights."""
    return np.asarray(np.abs(_rank(scores(middle, moved[0])) - _rank(scores(middle, moved[1]))))


def _contributions(low: FloatArray, high: FloatArray, criteria: Sequence[Criterion]) -> pd.DataFrame:
    weights, count = weights_of(tuple(criteria)), len(low)

    def each(name: str) -> list[str]:
        """Return one word per candidate and criterion."""
        return [str(getattr(criterion, name)) for criterion in criteria] * count

    return pd.DataFrame(
        {
            "candidate": np.repeat(np.arange(count), len(criteria)), "criterion": each("id"), "title": each("title"),
            "unit": each("unit"), "closeness_low": low.ravel(), "closeness_high": high.ravel(),
            "weight": np.tile(weights, count), "points": ((low + high) / 2 * weights).ravel(), "source": each("source"),
        }
    )  # fmt: skip
