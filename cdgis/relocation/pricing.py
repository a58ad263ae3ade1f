"""Prices of limits near those of the relaxed plan: its dual, smoothed, by accelerated ascent (compiled).

With v_ip = -(saving_ip + sum_k price_k use_ipk) the relaxation's dual is

    least over price >= 0 of   sum_k price_k + sum_i max(0, max_p v_ip)

where every limit is 1. Each maximum is smoothed by a square: the largest of sum_p v_p x_p - tau/2 sum_p x_p² over x >= 0
with sum_p x_p <= 1, whose x is max(0, v - theta)/tau. Any prices give a bound; these only say which pairs the linear
program may leave out at first. Sums keep IEEE order and there is no exponential: the same prices everywhere.
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel

_ROUNDING = 1e-12


@kernel
def _threshold(value: FloatArray, start: int, end: int, tau: float) -> float:
    """Return the theta of those values; inf where none is above 0."""
    top = 0.0
    for j in range(start, end):
        top = max(top, value[j])
    if top <= 0.0:
        return np.inf
    theta = top - tau
    while True:  # Newton from the left on a falling, convex, piecewise linear function
        total, above = -tau, 0
        for j in range(start, end):
            if value[j] > theta:
                total += value[j]
                above += 1
        if total / above <= theta + _ROUNDING:
            return max(theta, 0.0)
        theta = total / above


@kernel
def _surplus(
    saving: FloatArray, starts: IntArray, columns: tuple[IntArray, IntArray, FloatArray], price: FloatArray, tau: float
) -> FloatArray:  # fmt: skip
    """Return what the smoothed choices leave of each limit at some prices."""
    first, row, use = columns
    value, left = np.empty(len(saving)), np.ones(len(price))
    for i in range(len(starts) - 1):
        for j in range(starts[i], starts[i + 1]):
            value[j] = -saving[j]
            for q in range(first[j], first[j + 1]):
                value[j] -= price[row[q]] * use[q]
        theta = _threshold(value, starts[i], starts[i + 1], tau)
        for j in range(starts[i], starts[i + 1]):
            if value[j] > theta:
                for q in range(first[j], first[j + 1]):
                    left[row[q]] -= use[q] * (value[j] - theta) / tau
    return left


@kernel
def near_prices(
    saving: FloatArray, starts: IntArray, columns: tuple[IntArray, IntArray, FloatArray], schedule: FloatArray
) -> FloatArray:  # fmt: skip
    """Return a price of each limit.

    Parameters
    ----------
    saving : of each pair, those of one enterprise together.
    starts : where the pairs of each enterprise begin, and their number.
    columns : of the limits by pairs, as of a sparse matrix by columns.
    schedule : rows of tau and number of steps.
    """
    square = np.full(int(columns[1].max()) + 1, 1e-12)
    for q in range(len(columns[1])):
        square[columns[1][q]] += columns[2][q] ** 2
    price = np.zeros(len(square))
    for stage in range(len(schedule)):
        tau = schedule[stage, 0]
        ahead, pace = price.copy(), 1.0
        for _ in range(int(schedule[stage, 1])):
            left = _surplus(saving, starts, columns, ahead, tau)
            next_pace, rise = (1.0 + np.sqrt(1.0 + 4.0 * pace * pace)) / 2.0, 0.0
            for k in range(len(price)):
                new = max(ahead[k] - tau / square[k] * left[k], 0.0)
                rise += left[k] * (new - price[k])
                ahead[k] = max(new + (pace - 1.0) / next_pace * (new - price[k]), 0.0)
                price[k] = new
            pace = 1.0 if rise > 0.0 else next_pace  # too far: begin to gather speed anew
    return price
