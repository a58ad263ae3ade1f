"""Pairs of candidates of whom one leads the other by all weights of a set, counted (compiled).

The least of d·w over W = {w : low <= w <= high, sum_k w_k = 1} has a closed form: beyond `low` the rest of the weight goes to the
smallest d first. What weights can take from a lead is at most |d| times the swing of each, so few pairs need the closed form.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel


@kernel
def _least(lead: FloatArray, low: FloatArray, room: FloatArray, order: IntArray) -> float:
    """Return the smallest lead·w over the weights between `low` and `low + room` whose sum is 1."""
    rest, found = 1.0, 0.0
    for k in range(len(lead)):
        rest -= low[k]
        found += lead[k] * low[k]
        slot = k
        while slot > 0 and lead[order[slot - 1]] > lead[k]:
            order[slot] = order[slot - 1]
            slot -= 1
        order[slot] = k
    for place in range(len(lead)):
        k = order[place]
        given = min(max(rest, 0.0), room[k])
        found += given * lead[k]
        rest -= given
    return float(found)


@kernel
def sure_leads(
    ends: tuple[FloatArray, FloatArray], scores: tuple[FloatArray, FloatArray],
    weights: tuple[FloatArray, FloatArray, FloatArray], tie: float,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Return per candidate how many others surely weigh more than it does, and how many surely no more.

    Parameters
    ----------
    ends : candidates x criteria, least and greatest closeness.
    scores : both weighed by the given weights.
    weights : given, least and greatest.
    tie : leads up to this are none.
    """
    (near, far), (bottom, top), (given, low, high) = ends, scores, weights
    count, criteria = near.shape
    room, swing = high - low, np.maximum(given - low, high - given)
    lead, order = np.empty(criteria), np.empty(criteria, np.int64)
    ahead, behind = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(count):
        for j in range(count):
            least = bottom[j] - top[i]
            if i == j or least <= -2.0 * tie:
                continue
            for k in range(criteria):
                lead[k] = near[j, k] - far[i, k]
                least -= abs(lead[k]) * swing[k]
            if least <= tie:
                least = _least(lead, low, room, order)
            ahead[i] += least > tie
            behind[j] += least > -tie
    return ahead, behind
