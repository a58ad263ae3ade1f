"""Urgency ranks of candidates, how sure they are, and what decides them (SPOTIS with intervals).

With bounds [l_k, h_k] and the ideal end e_k of criterion k, the closeness of candidate i is c_ik = 1 - |x_ik - e_k| / (h_k - l_k)
and its score S_i = sum_k w_k c_ik, which is 1 minus the SPOTIS distance (Dezert et al. 2020, FUSION). Bounds are given, not
taken from the candidates: who else is compared changes no score, so no rank is reversed. A value that is not known may lie
anywhere between the bounds: c_ik runs from 0 to 1 and the score is an interval; the rank is that of its middle.

Rank interval: for the given weights and for every draw of weights, the best rank counts those surely ahead
(their low score above i's high), the worst those possibly ahead; the least and the greatest over all draws are reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import FloatArray
from cdgis.relocation.policy import Criterion, PriorityPolicy, weights_of

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
    weights = weights_of(policy.criterion)
    draws = np.vstack([weights[None, :], draw_weights(weights, policy)])
    sampled = _Sampled.over(low, high, draws)
    ranking = pd.DataFrame(
        {
            "score": sampled.mid[0], "score_low": sampled.low[0], "score_high": sampled.high[0],
            "rank": _rank(sampled.mid[0]).astype(float), "rank_low": sampled.best.min(axis=0).astype(float),
            "rank_high": sampled.worst.max(axis=0).astype(float),
        },
        index=values.index,
    )  # fmt: skip
    ranking["grade"], ranking["grade_range"] = _grades(sampled, policy)
    titles = np.array([criterion.title for criterion in policy.criterion], dtype=object)
    middle = (low + high) / 2
    ranking["lead"] = titles[np.argmax(np.round(middle * weights, _DIGITS), axis=1)] if len(values) else ""
    ranking["driver"] = _drivers(sampled, (low, high), draws, titles)
    return Urgency(ranking=ranking, criteria=_contributions(low, high, policy.criterion))


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
    """Return 1 minus the SPOTIS distance of candidates whose closeness to each ideal is `near` (candidates x criteria)."""
    if not len(near):
        return np.zeros(0)
    from pymcdm.methods import SPOTIS  # brings matplotlib along: two seconds that only a relocation list is worth

    count = near.shape[1]
    method = SPOTIS(np.tile([0.0, 1.0], (count, 1)))
    distance = method(near, weights, np.ones(count), validation=False)
    return np.asarray(np.round(1.0 - distance, _DIGITS))


def draw_weights(weights: FloatArray, policy: PriorityPolicy) -> FloatArray:
    """Return seeded draws (draws x criteria) from the simplex of weights; a weight of 0 stays 0."""
    drawn = np.zeros((policy.sampling.draws, len(weights)))
    used = np.flatnonzero(weights > 0)
    generator = np.random.Generator(np.random.PCG64(policy.sampling.seed))
    if used.size > 1:
        drawn[:, used] = generator.dirichlet(policy.sampling.concentration * weights[used], size=len(drawn))
    else:
        drawn[:, used] = 1.0
    return drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sampled:
    """Scores (draws x candidates; the first draw is the given weights) and the ranks that follow."""

    low: FloatArray
    mid: FloatArray
    high: FloatArray
    ranks: FloatArray
    """Rank of the middle score."""
    best: npt.NDArray[np.int64]
    worst: npt.NDArray[np.int64]

    @classmethod
    def over(cls, near_low: FloatArray, near_high: FloatArray, draws: FloatArray) -> "_Sampled":
        """Return the scores under every draw of weights."""
        low = np.array([scores(near_low, weights) for weights in draws])
        high = np.array([scores(near_high, weights) for weights in draws])
        mid = np.round((low + high) / 2, _DIGITS)
        count = mid.shape[1]
        best, worst = np.ones_like(mid, dtype=np.int64), np.ones_like(mid, dtype=np.int64)
        for s in range(len(draws) if count else 0):
            best[s] = 1 + count - np.searchsorted(np.sort(low[s]), high[s], side="right")
            ahead = count - np.searchsorted(np.sort(high[s]), low[s], side="right")
            worst[s] = 1 + ahead - (high[s] > low[s])  # nobody is ahead of himself
        ranks = np.array([_rank(row) for row in mid], dtype=float)
        return cls(low=low, mid=mid, high=high, ranks=ranks, best=best, worst=worst)


def _rank(score: FloatArray) -> npt.NDArray[np.int64]:
    """Return 1 + how many score higher; equals share a rank."""
    return np.asarray(1 + len(score) - np.searchsorted(np.sort(score), score, side="right"))


def _grades(sampled: _Sampled, policy: PriorityPolicy) -> tuple[list[str], list[str]]:
    """Return the grade where all draws and gaps agree, and the span of grades otherwise."""
    steps: FloatArray = np.array([grade.least for grade in policy.grade])
    names: list[str] = [str(grade.grade) for grade in policy.grade]

    def place(score: float) -> int:
        """Return the position of the grade that a score reaches."""
        return int(np.argmax(score >= steps - 10.0**-_DIGITS))

    tops = [place(value) for value in sampled.high.max(axis=0)]
    bottoms = [place(value) for value in sampled.low.min(axis=0)]
    stable = [names[a] if a == b else "" for a, b in zip(tops, bottoms, strict=True)]
    spans = [names[a] if a == b else f"{names[a]}–{names[b]}" for a, b in zip(tops, bottoms, strict=True)]
    return stable, spans


def _drivers(
    sampled: _Sampled, near: tuple[FloatArray, FloatArray], draws: FloatArray, titles: npt.NDArray[np.object_]
) -> list[str]:
    """Return per candidate what widens its rank interval most: a missing value, else the weight its rank hangs on."""
    low, high = near
    gap: FloatArray = (high - low) * draws[0]
    by_gap = sampled.worst[0] - sampled.best[0]
    ranks = sampled.ranks - sampled.ranks.mean(axis=0)
    moves = draws - draws.mean(axis=0)
    pull = np.abs(ranks.T @ moves) / np.maximum(np.sqrt((moves**2).sum(axis=0)), 1e-12)
    by_weights = sampled.ranks.max(axis=0) - sampled.ranks.min(axis=0) if ranks.size else np.zeros(0)
    found: list[str] = []
    for i in range(low.shape[0]):
        if by_gap[i] > 0 and by_gap[i] >= by_weights[i]:
            found.append(f"{titles[int(np.argmax(gap[i]))]}（缺数据）" if gap[i].any() else "其他企业缺数据")
        elif by_weights[i] > 0:
            found.append(f"{titles[int(np.argmax(np.round(pull[i], 6)))]}（权重）")
        else:
            found.append("")
    return found


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
