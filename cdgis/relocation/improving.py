"""Plans brought near to their relaxation: the relaxation rounded, then searched (see annealing)."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.relocation.policy import SearchPolicy

_WHOLE = 1 - 1e-6
"""A share of the relaxed plan that counts as placed."""
_MARGIN = 1e-9
"""Of each limit, kept free: sums that change millions of times may round."""
_ROWS = 1000
_DEAR = 0.5
"""Who loses more than this outside is never sent there."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The open pairs: positions of enterprise and park, and the rows of the program that their columns enter."""

    row: IntArray
    park: IntArray
    matrix: csr_array
    """The first rows are those of the enterprises; all limits of the others are 1."""
    shape: tuple[int, int]
    """Enterprises, parks."""


def improved(pairs: Pairs, relaxed: Relaxed, search: SearchPolicy, *, enough: float) -> IntArray:
    """Return the pairs of a whole plan near the relaxed one; the search ends when it loses no more than `enough`."""
    from cdgis.relocation.annealing import anneal  # numba takes half a second to load

    count, parks = pairs.shape
    park, slot, most = _limits(pairs)
    price, use = np.zeros((parks + 1, most)), np.zeros((count, parks + 1, most))
    side = pairs.matrix[count:].tocoo()
    price[park, slot] = relaxed.multiplier[count:]
    use[pairs.row[side.col], pairs.park[side.col], slot[side.row]] = side.data
    loss = np.full((count, parks + 1), np.inf)
    loss[pairs.row, pairs.park] = relaxed.reduced
    loss[:, parks] = relaxed.multiplier[:count]
    wanted = np.full(count, parks, dtype=np.int64)
    whole = relaxed.share > _WHOLE
    wanted[pairs.row[whole]] = pairs.park[whole]
    worth = np.einsum("ipk,pk->ip", use, price)
    table = np.concatenate([loss[:, :, None], worth[:, :, None], use], axis=2)
    stop = (_MARGIN, enough - float(price.sum()), max(1, search.tries // _ROWS))
    place = anneal(table, _options(loss, search.reach), wanted, stop, _schedule(search))
    at = np.zeros((count, parks), dtype=np.int64)
    at[pairs.row, pairs.park] = np.arange(len(pairs.row))
    placed = np.flatnonzero(place < parks)
    return np.asarray(at[placed, place[placed]])


def _limits(pairs: Pairs) -> tuple[IntArray, IntArray, int]:
    """Return the park of each limit, which of its limits it is, and how many the most have."""
    count, parks = pairs.shape
    side = pairs.matrix[count:].tocoo()
    park = np.zeros(pairs.matrix.shape[0] - count, dtype=np.int64)
    park[side.row] = pairs.park[side.col]
    number = np.bincount(park, minlength=parks + 1).astype(np.int64)
    order = np.argsort(park, kind="stable")
    slot = np.empty(len(park), dtype=np.int64)
    slot[order] = np.arange(len(park)) - np.repeat(np.cumsum(number) - number, number)
    return park, slot, int(number.max())


def _options(loss: FloatArray, reach: float) -> IntArray:
    """Return how many places are worth trying for each enterprise, and which: those that cost little more than the best."""
    near = loss <= np.maximum(reach, loss.min(axis=1))[:, None]
    near[:, -1] |= loss[:, -1] <= _DEAR
    number = near.sum(axis=1)
    found = np.zeros((len(loss), 1 + int(number.max())), dtype=np.int64)
    found[:, 0] = number
    row, place = np.nonzero(near)
    found[row, 1 + np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)] = place
    return found


def _schedule(search: SearchPolicy) -> FloatArray:
    """Return rows of threshold, falling, and share of the price of what is left that counts, rising to 1."""
    done = np.linspace(0.0, 1.0, _ROWS)
    fall = np.round(np.geomspace(search.warm, search.cold, _ROWS), 12)  # rounded: powers differ by machine
    return np.column_stack([fall, done**2])
