"""Best and worst rank of every candidate over a stated set of weights, exactly (mixed-integer programs).

With closeness between l_i and h_i (vectors over the criteria, equal where everything is known) and the weights

    W = {w : low <= w <= high, sum_k w_k = 1},

    best_i  = 1 + min over W of #{j : (l_j − h_i)·w > 0}        who is surely ahead
    worst_i = n − min over W of #{j ≠ i : (l_i − h_j)·w >= 0}   who is surely not ahead

Each is a program: minimise sum_j z_j subject to d_j·w <= M_j z_j, w in W, z binary, with M_j the largest d_j·w over W.
The extremes of d·w over W have a closed form (fill up the largest d first), so whoever is ahead by all of W or by none
needs no z. Where there are too many candidates for programs, what that leaves open counts against: bounds by pairs, valid
but wider. Leads below the solver's tolerance (1e-6) are ties, and ties widen the interval, never narrow it.
"""

from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.integer_program import minimise
from cdgis.geometry.kernels import Engine, chosen_engine

_TIE = 1e-9
_PAIRS_COUNT = 64
"""So many pairs count as one to the size of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """All weights between two bounds whose sum is 1."""

    given: FloatArray
    """One of them."""
    low: FloatArray
    high: FloatArray

    @classmethod
    def around(cls, weights: FloatArray, tolerance: float) -> "WeightSet":
        """Return the set in which each weight may differ from the given one by that share of it, 0 to 1."""
        return cls(given=weights, low=weights * (1 - tolerance), high=np.minimum(weights * (1 + tolerance), 1.0))

    def most(self, near: FloatArray) -> FloatArray:
        """Return the largest near·w over the set for each row of `near`."""
        order = np.argsort(-near, axis=1, kind="stable")
        room = (self.high - self.low)[order]
        spent = np.cumsum(room, axis=1) - room
        given = np.clip(1.0 - self.low.sum() - spent, 0.0, room)
        return np.asarray((near * self.low).sum(axis=1) + (given * np.take_along_axis(near, order, axis=1)).sum(axis=1))

    def where_least(self, near: FloatArray) -> FloatArray:
        """Return, for each row of `near`, weights of the set at which near·w is smallest."""
        order = np.argsort(near, axis=1, kind="stable")
        room = (self.high - self.low)[order]
        found = np.empty_like(near)
        np.put_along_axis(found, order, np.clip(1.0 - self.low.sum() - (np.cumsum(room, axis=1) - room), 0.0, room), axis=1)
        return np.asarray(found + self.low)

    def least(self, near: FloatArray) -> FloatArray:
        """Return the smallest near·w over the set for each row of `near`."""
        return -self.most(-near)


def rank_intervals(low: FloatArray, high: FloatArray, weights: WeightSet, *, exact_up_to: int) -> tuple[IntArray, IntArray]:
    """Return the best and the worst rank of each candidate.

    Parameters
    ----------
    low, high : candidates x criteria, least and greatest closeness, 0 to 1.
    exact_up_to : so many candidates are ranked exactly; the intervals of more are bounds by pairs.
    """
    count = len(low)
    best, worst = np.ones(count, dtype=np.int64), np.full(count, count, dtype=np.int64)
    if count > exact_up_to:
        ahead, behind = _sure(low, high, weights)
        return best + ahead, worst - behind
    for i in range(count):
        others = np.arange(count) != i
        best[i] += _fewest(low[others] - high[i], weights, _TIE)
        worst[i] -= _fewest(low[i] - high[others], weights, -_TIE)
    return best, worst


def _sure(low: FloatArray, high: FloatArray, weights: WeightSet) -> tuple[IntArray, IntArray]:
    """Return how many others are surely ahead of each candidate by all the weights, and how many surely not."""
    count, own = len(low), np.arange(len(low))
    bottom, top = low @ weights.given, high @ weights.given
    if chosen_engine(work=count * count // _PAIRS_COUNT) is Engine.COMPILED:
        from cdgis.relocation.sure_leads import sure_leads

        return sure_leads((low, high), (bottom, top), (weights.given, weights.low, weights.high), _TIE)
    ahead, behind = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for i in range(count):  # who is not ahead by the given weights is not by all of them
        those = np.flatnonzero((bottom - top[i] > -2 * _TIE) & (own != i))
        least = _least(low[those] - high[i], weights)
        ahead[i] = (least > _TIE).sum()
        behind[those] += least > -_TIE
    return ahead, behind


def _least(leads: FloatArray, weights: WeightSet) -> FloatArray:
    """Return the least each row of `leads` weighs, or, where it surely weighs more than a tie, what it weighs at least."""
    # what the weights can take from a lead is at most the swing over their box: few leads need the exact extreme
    swing = np.maximum(weights.given - weights.low, weights.high - weights.given)
    least = leads @ weights.given - np.abs(leads) @ swing
    open_ = np.flatnonzero(least <= _TIE)
    least[open_] = weights.least(leads[open_])
    return np.asarray(least)


def _fewest(leads: FloatArray, weights: WeightSet, tie: float) -> int:
    """Return the least number, over the weights, of rows of `leads` that weigh more than `tie`."""
    always = weights.least(leads) > tie
    most = weights.most(leads)
    undecided = ~always & (most > tie)
    count, criteria = int(undecided.sum()), len(weights.low)
    if not count or _none_leads(leads[undecided], weights, tie):
        return int(always.sum())
    scale = (most[undecided] - tie)[:, None]
    pairs = np.hstack([leads[undecided] / scale, -np.eye(count)])
    rows = np.vstack([pairs, np.r_[np.ones(criteria), np.zeros(count)]])
    found = minimise(
        np.r_[np.zeros(criteria), np.ones(count)],
        (rows, np.r_[np.full(count, -np.inf), 1.0], np.r_[tie / scale.ravel(), 1.0]),
        (np.r_[weights.low, np.zeros(count)], np.r_[weights.high, np.ones(count)]),
        whole=np.r_[np.zeros(criteria, dtype=bool), np.ones(count, dtype=bool)],
    )
    return int(always.sum()) + int(np.ceil(found.bound - 1e-6))


def _none_leads(leads: FloatArray, weights: WeightSet, tie: float) -> bool:
    """Return whether weights are at hand at which no row of `leads` weighs more than `tie`: then no program need look for them."""
    tried = weights.where_least(np.vstack([leads, leads.sum(axis=0)]))
    return bool((leads @ np.vstack([weights.given, tried]).T <= tie).all(axis=0).any())
