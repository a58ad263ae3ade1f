"""Best plans that may split enterprises: linear programs over the pairs that matter, found by prices and proven on all."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cdgis.core.array_types import FloatArray, IntArray

_SMOOTHED = np.array([(0.3, 100.0), (0.1, 100.0), (0.03, 100.0), (0.01, 100.0)])
"""Smoothing of the prices' search, and steps of each."""
_NEAR = 0.05
"""Pairs that cost no more than this above the best, at those prices, are in the first program."""
_ALL = 2000
"""Programs of so many pairs are solved whole at once."""
_ROUNDED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """A best plan that may split enterprises."""

    share: FloatArray
    """Per pair."""
    reduced: FloatArray
    """Per pair: what choosing it costs more than the best, at the multipliers."""
    multiplier: FloatArray
    """Per row of the program, not negative."""
    value: float


def relaxed_plan(saving: FloatArray, matrix: csr_array, limit: FloatArray, row: IntArray, firms: int) -> Relaxed:
    """Return a best plan that may split enterprises, of all pairs: those left out at first come in until none would better it.

    Parameters
    ----------
    row : of each pair its enterprise, 0 to `firms` - 1, whose row of the program it is, those of one enterprise together; all limits are 1.

    Raises
    ------
    RuntimeError : the solver failed although doing nothing is always possible.
    """
    from scipy.optimize import linprog

    among = _near(saving, matrix, row, firms)
    while True:
        # no pair can exceed its enterprise's row: leaving out bounds of 1 gives every price to a row
        found = linprog(saving[among], A_ub=matrix[:, among], b_ub=limit, bounds=(0, None), method="highs-ds")
        if found.x is None:
            raise RuntimeError(f"HiGHS: {found.message}")
        prices = np.maximum(-found.ineqlin.marginals, 0.0)
        reduced = saving + matrix.T @ prices
        better = np.setdiff1d(np.flatnonzero(reduced < -_ROUNDED), among)
        if not better.size:
            break
        among = np.union1d(among, better)
    share = np.zeros(len(saving))
    share[among] = found.x
    return Relaxed(share=share, reduced=np.maximum(reduced, 0.0), multiplier=prices, value=float(found.fun))


def _near(saving: FloatArray, matrix: csr_array, row: IntArray, firms: int) -> IntArray:
    """Return the pairs that come near the best of their enterprise, or none, at prices near the relaxation's; all of a small program."""
    side = matrix[firms:].tocsc()
    if len(saving) <= _ALL or not side.nnz:
        return np.arange(len(saving))
    from cdgis.relocation.pricing import near_prices  # numba takes half a second to load

    starts = np.searchsorted(row, np.arange(firms + 1))
    columns = side.indptr.astype(np.int64), side.indices.astype(np.int64), side.data
    price = near_prices(saving, starts, columns, _SMOOTHED)
    value = -(saving + side[: len(price)].T @ price)
    best = np.zeros(firms)
    np.maximum.at(best, row, value)
    return np.flatnonzero(best[row] - value <= _NEAR)
