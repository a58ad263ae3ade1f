"""Plans brought near to their relaxation: the relaxation rounded, then searched (see annealing)."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.relocation.policy import SearchPolicy
from cdgis.relocation.relaxing import Relaxed

_WHOLE = 1 - 1e-6
"""A share of the relaxed plan that counts as placed."""
_MARGIN = 1e-9
"""Of each limit, kept free: sums that change millions of times may round."""
ROUNDED = 1e-12
"""Share of a limit that sums may exceed it by."""
ROWS = 1000
"""Of a schedule."""
_DEAR = 0.5
"""Who loses more than this outside is never sent there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The open pairs: positions of enterprise and park, and the rows of the program that their columns enter."""

    row: IntArray
    park: IntArray
    matrix: csr_array
    """The first rows are those of the enterprises; all limits of the others are 1."""
    shape: tuple[int, int]
    """Enterprises, parks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What plans lose against the relaxation; the last place is outside."""

    table: FloatArray
    """As in annealing."""
    price: FloatArray
    """Places x limits."""

    @classmethod
    def of(cls, pairs: Pairs, relaxed: Relaxed) -> "Stakes":
        """Return what is at stake by the multipliers of the relaxed plan."""
        count, parks = pairs.shape
        park, slot, most = _limits(pairs)
        price, use = np.zeros((parks + 1, most)), np.zeros((count, parks + 1, most))
        side = pairs.matrix[count:].tocoo()
        price[park, slot] = relaxed.multiplier[count:]
        use[pairs.row[side.col], pairs.park[side.col], slot[side.row]] = side.data
        loss = np.full((count, parks + 1), np.inf)
        loss[pairs.row, pairs.park] = relaxed.reduced
        loss[:, parks] = relaxed.multiplier[:count]
        worth = np.einsum("ipk,pk->ip", use, price)
        return cls(table=np.concatenate([loss[:, :, None], worth[:, :, None], use], axis=2), price=price)

    def options(self, reach: float) -> IntArray:
        """Return the places worth trying, as annealing asks for them."""
        return _options(self.table[:, :, 0], reach)

    def stop(self, enough: float, tries: int, margin: float = _MARGIN) -> tuple[float, float, int]:
        """Return where annealing ends: when a plan loses no more than `enough`, or after so many tries; `margin` is kept free."""
        return margin, enough - float(self.price.sum()), max(1, tries // ROWS)

    def left(self, place: IntArray) -> FloatArray:
        """Return the share left of each limit, places x limits."""
        left = np.ones_like(self.price)
        np.subtract.at(left, place, self.table[np.arange(len(place)), place, 2:])
        return left

    def loss_by_park(self, place: IntArray, left: FloatArray) -> FloatArray:
        """Return what each park loses: reduced costs of who is there, and what is left at its price."""
        own = np.bincount(place, self.table[np.arange(len(place)), place, 0], minlength=len(left))
        return np.asarray((own + (left.clip(min=0.0) * self.price).sum(axis=1))[:-1])

    def loss(self, place: IntArray) -> float:
        """Return what a plan loses."""
        each = self.table[np.arange(len(place)), place]
        return float(each[:, 0].sum() - each[:, 1].sum() + self.price.sum())


def places_of(pairs: Pairs, chosen: IntArray) -> IntArray:
    """Return the place of each enterprise when some pairs are chosen; the last is outside."""
    count, parks = pairs.shape
    place = np.full(count, parks, dtype=np.int64)
    place[pairs.row[chosen]] = pairs.park[chosen]
    return place


def pairs_of(pairs: Pairs, place: IntArray) -> IntArray:
    """Return the pairs that put enterprises in their places."""
    count, parks = pairs.shape
    at = np.zeros((count, parks), dtype=np.int64)
    at[pairs.row, pairs.park] = np.arange(len(pairs.row))
    placed = np.flatnonzero(place < parks)
    return np.asarray(at[placed, place[placed]])


def improved(pairs: Pairs, relaxed: Relaxed, stakes: Stakes, search: SearchPolicy, *, enough: float) -> IntArray:
    """Return the pairs of a whole plan near the relaxed one; the search ends when it loses no more than `enough`."""
    from cdgis.relocation.annealing import anneal  # numba takes half a second to load

    wanted = places_of(pairs, np.flatnonzero(relaxed.share > _WHOLE))
    return pairs_of(pairs, anneal(stakes.table, stakes.options(search.reach), wanted, stakes.stop(enough, search.tries), _schedule(search)))


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
    return falling(search.warm, search.cold, counted=np.linspace(0.0, 1.0, ROWS) ** 2)


def falling(warm: float, cold: float, *, counted: FloatArray) -> FloatArray:
    """Return rows of threshold, falling from `warm` to `cold`, and share of the price of what is left that is counted."""
    return np.column_stack([np.round(np.geomspace(warm, cold, ROWS), 12), counted])  # rounded: powers differ by machine
