"""Some places packed anew, by trying cheap changes together (compiled).

Who is in a group of places or outside is put where it costs least; that packing may ask for more than there is or leave
some of it unused. From there changes, each one enterprise elsewhere, are tried in all combinations in the order of a
binary counter whose lowest digit is the cheapest change, without those combinations that must cost more than the best
packing known or cannot keep the limits. What is left of a limit costs its price. It ends after so many combinations;
table, left and place are those of `annealing`.
"""

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.core.compiled import kernel

_TIE = 1e-9


@kernel
def _pool(table: FloatArray, place: IntArray, spots: IntArray) -> tuple[IntArray, IntArray]:
    """Return who may be placed anew and the spot (position) where each costs least; the last spot is outside."""
    who, home, count, last = np.empty(len(place), dtype=np.int64), np.empty(len(place), dtype=np.int64), 0, len(spots) - 1
    for i in range(len(place)):
        here, open_, least = -1, False, 0
        for g in range(last + 1):
            here = g if place[i] == spots[g] else here
            open_ = open_ or (g < last and table[i, spots[g], 0] < np.inf)
            least = g if table[i, spots[g], 0] < table[i, spots[least], 0] else least
        if here >= 0 and open_:
            stays = table[i, spots[here], 0] <= table[i, spots[least], 0]
            who[count], home[count] = i, here if stays else least
            count += 1
    return who[:count], home[:count]


@kernel
def _changes(
    table: FloatArray, spots: IntArray, pool: tuple[IntArray, IntArray], most: float
) -> tuple[IntArray, IntArray, FloatArray]:  # fmt: skip
    """Return position in the pool, spot and cost of every change that costs less than `most`, the cheapest first."""
    who, home = pool
    at, to = np.empty(len(who) * len(spots), dtype=np.int64), np.empty(len(who) * len(spots), dtype=np.int64)
    cost, count = np.empty(len(who) * len(spots)), 0
    for j in range(len(who)):
        for g in range(len(spots)):
            more = table[who[j], spots[g], 0] - table[who[j], spots[home[j]], 0]
            if g != home[j] and more < most:
                at[count], to[count], cost[count] = j, g, more
                count += 1
    order = np.argsort(cost[:count], kind="mergesort")
    return at[order], to[order], cost[order]


@kernel
def _turn(table: FloatArray, spots: IntArray, left: FloatArray, step: tuple[int, int, int]) -> None:
    """Take enterprise `step[0]` from one spot to another in what is left (spots x limits, of outside always 0)."""
    i, a, b = step
    for k in range(left.shape[1]):
        if a < len(left) - 1:
            left[a, k] += table[i, spots[a], 2 + k]
        if b < len(left) - 1:
            left[b, k] -= table[i, spots[b], 2 + k]


@kernel
def _swings(
    table: FloatArray, spots: IntArray, pool: tuple[IntArray, IntArray], changes: tuple[IntArray, IntArray, FloatArray], limits: int
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return how much the first 0, 1, ... changes can give back and take at most of each limit."""
    (who, home), (at, to, _) = pool, changes
    give, take = np.zeros((len(at) + 1, len(spots), limits)), np.zeros((len(at) + 1, len(spots), limits))
    for t in range(len(at)):
        give[t + 1], take[t + 1] = give[t], take[t]
        for k in range(limits):
            give[t + 1, home[at[t]], k] += table[who[at[t]], spots[home[at[t]]], 2 + k]
            take[t + 1, to[t], k] += table[who[at[t]], spots[to[t]], 2 + k]
    return give, take


@kernel
def _worth(left: FloatArray, price: FloatArray, give: FloatArray, take: FloatArray) -> tuple[float, float]:
    """Return the price of what is left, inf where that is less than nothing, and the least it can become."""
    now, least = 0.0, 0.0
    for g in range(len(left) - 1):
        for k in range(left.shape[1]):
            now = now + left[g, k] * price[g, k] if left[g, k] >= 0.0 else np.inf
            if left[g, k] + give[g, k] < 0.0:
                least = np.inf
            least += max(left[g, k] - take[g, k], 0.0) * price[g, k]
    return now, least


@kernel
def _tried(
    table: FloatArray, spots: IntArray, pool: tuple[IntArray, IntArray], changes: tuple[IntArray, IntArray, FloatArray],
    left: FloatArray, price: FloatArray, most: float, nodes: int,
) -> tuple[float, BoolArray]:  # fmt: skip
    """Return the least cost found below `most` and its changes, `most` and none where there is no better."""
    (who, home), (at, to, cost) = pool, changes
    give, take = _swings(table, spots, pool, changes, left.shape[1])
    turned, elsewhere, best = np.zeros(len(at), dtype=np.bool_), np.zeros(len(who), dtype=np.bool_), np.zeros(len(at), dtype=np.bool_)
    t, spent = len(at), 0.0  # changes below t are undecided
    for _ in range(nodes):
        now, least = _worth(left, price, give[t], take[t])
        if spent + now < most - _TIE:
            most = spent + now
            best[:] = turned
        if t > 0 and spent + least < most - _TIE:
            t -= 1
            continue
        while t < len(at) and (turned[t] or elsewhere[at[t]] or spent + cost[t] >= most):
            if turned[t]:
                _turn(table, spots, left, (who[at[t]], to[t], home[at[t]]))
                turned[t], elsewhere[at[t]] = False, False
                spent -= cost[t]
            t += 1
        if t == len(at):
            break
        _turn(table, spots, left, (who[at[t]], home[at[t]], to[t]))
        turned[t], elsewhere[at[t]] = True, True
        spent += cost[t]
    return most, best


@kernel
def repack(table: FloatArray, place: IntArray, left: FloatArray, price: FloatArray, spots: IntArray, nodes: int) -> float:
    """Put who is at some places or outside (the last of `spots`) where they lose least, as far as found; return the gain.

    Parameters
    ----------
    left : places x limits, share left of each limit; `place` and `left` are changed.
    price : places x limits.
    """
    pool = _pool(table, place, spots)
    who, home = pool
    rest, prices, most = np.zeros((len(spots), left.shape[1])), np.zeros((len(spots), left.shape[1])), 0.0
    for g in range(len(spots) - 1):
        rest[g], prices[g] = left[spots[g]], price[spots[g]]
        most += (rest[g] * prices[g]).sum()
    was = np.empty(len(who), dtype=np.int64)
    for j in range(len(who)):
        was[j] = np.flatnonzero(spots == place[who[j]])[0]
        most += table[who[j], place[who[j]], 0] - table[who[j], spots[home[j]], 0]
        _turn(table, spots, rest, (who[j], was[j], home[j]))
    changes = _changes(table, spots, pool, most)
    least, turned = _tried(table, spots, pool, changes, rest, prices, most, nodes)
    if least < most:
        goes = home.copy()
        goes[changes[0][turned]] = changes[1][turned]
        for j in range(len(who)):
            for k in range(left.shape[1]):
                left[spots[was[j]], k] += table[who[j], spots[was[j]], 2 + k]
                left[spots[goes[j]], k] -= table[who[j], spots[goes[j]], 2 + k]
            place[who[j]] = spots[goes[j]]
    return most - least
