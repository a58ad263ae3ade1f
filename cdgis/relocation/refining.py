"""Better plans near a whole plan: some parks at a time planned anew, exactly, the others held.

Parks are drawn by what they lose against the relaxation: reduced costs of who is there, and what is left at its price.
Those in them and those without a place are assigned again by branch and bound among pairs of little reduced cost.
"""

from collections.abc import Callable

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.relocation.improving import Pairs, Relaxed
from cdgis.relocation.policy import SearchPolicy

_SEED = 20261122
_FLOOR = 1e-3
"""Added to what a park loses, so that each may be drawn."""


def refined(
    pairs: Pairs, relaxed: Relaxed, chosen: IntArray, *, search: SearchPolicy, solve: Callable[[IntArray], IntArray],
    saving: FloatArray, enough: float,
) -> IntArray:  # fmt: skip
    """Return `chosen` bettered.

    Parameters
    ----------
    solve : best choice among the pairs given, the parks' limits whole.
    saving : objective of each pair.
    enough : the search ends when the plan loses no more than this against the relaxation.
    """
    generator = np.random.Generator(np.random.PCG64(_SEED))
    present = np.unique(pairs.park)
    near = relaxed.reduced <= search.reach
    for _ in range(search.rounds):
        if saving[chosen].sum() - relaxed.value <= enough:
            break
        weight = _loss(pairs, relaxed, chosen)[present] + _FLOOR
        group = generator.choice(present, min(search.group, len(present)), replace=False, p=weight / weight.sum())
        inside = np.isin(pairs.park, group)
        kept = chosen[~inside[chosen]]
        candidate = near.copy()
        candidate[chosen] = True
        candidate &= inside & ~np.isin(pairs.row, pairs.row[kept])
        again = solve(np.flatnonzero(candidate))
        if saving[again].sum() < saving[chosen[inside[chosen]]].sum() - 1e-9:
            chosen = np.concatenate([kept, again])
    return chosen


def _loss(pairs: Pairs, relaxed: Relaxed, chosen: IntArray) -> FloatArray:
    """Return what each park loses against the relaxation."""
    count, parks = pairs.shape
    found = np.bincount(pairs.park[chosen], weights=relaxed.reduced[chosen], minlength=parks)
    side = pairs.matrix[count:]
    left = 1.0 - np.asarray(side[:, chosen].sum(axis=1)).ravel()
    entry = side.tocoo()
    park = np.zeros(side.shape[0], dtype=np.int64)
    park[entry.row] = pairs.park[entry.col]
    found += np.bincount(park, weights=np.maximum(left, 0.0) * relaxed.multiplier[count:], minlength=parks)
    return np.asarray(found)
