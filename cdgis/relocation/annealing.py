"""Threshold accepting: enterprises change places at random to lose least against the relaxation (compiled).

A plan's loss against the relaxation is exact: the reduced cost of every place taken, the price of every limit times what
is left of it, the multiplier of every enterprise left out; outside is one more place, without limits. A try moves one
enterprise, or two that make room for each other, and is kept when the loss grows by less than a drawn threshold. While the
threshold falls, what is left of limits is counted more and more of its price.
Random numbers are xorshift64 from a fixed seed and sums keep IEEE order: the same program gives the same plan everywhere.

The kernels take plain arrays: taking one out of a tuple costs more than a try.

table   n x places x (2 + limits): reduced cost (outside: the multiplier; inf where it may not go), worth of what is used
        at the prices of the limits, share used of each limit
option  n x (1 + most): how many places to try, and which
seat    n x 2: place, position among those there
crowd   places x (1 + n): how many are there, and who
left    places x limits: share left of each limit
"""

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel

_ONE_MOVE_IN = 4
"""One try in so many makes room by sending somebody away although there is room."""
_FINE = 1 << 30
_SEED = 88172645463325252


@kernel
def _draw(state: np.ndarray, below: int) -> int:
    """Return the next number of the sequence, 0 to below - 1."""
    s = state[0]
    s ^= s << np.uint64(13)
    s ^= s >> np.uint64(7)
    s ^= s << np.uint64(17)
    state[0] = s
    return int(np.int64((s >> np.uint64(11)) % np.uint64(below)))


@kernel
def _room(table: FloatArray, left: FloatArray, place: int, comes: int, goes: int) -> bool:
    """Return whether one fits into a place when another (-1 for nobody) leaves it."""
    for k in range(left.shape[1]):
        there = left[place, k]
        if goes >= 0:
            there += table[goes, place, 2 + k]
        if there < table[comes, place, 2 + k]:
            return False
    return True


@kernel
def _move(table: FloatArray, seat: IntArray, crowd: IntArray, left: FloatArray, step: tuple[int, int]) -> None:
    i, to = step
    old, position = seat[i, 0], seat[i, 1]
    for k in range(left.shape[1]):
        left[old, k] += table[i, old, 2 + k]
        left[to, k] -= table[i, to, 2 + k]
    last = crowd[old, crowd[old, 0]]
    crowd[old, position] = last
    seat[last, 1] = position
    crowd[old, 0] -= 1
    crowd[to, 0] += 1
    crowd[to, crowd[to, 0]] = i
    seat[i, 0], seat[i, 1] = to, crowd[to, 0]


@kernel
def _other(option: IntArray, crowd: IntArray, state: np.ndarray, old: int, to: int) -> tuple[int, int]:
    """Return who leaves `to` for whom comes from `old`, and where to; -1 for nobody."""
    if crowd[to, 0] == 0:
        return -1, old
    j = crowd[to, 1 + _draw(state, crowd[to, 0])]
    if _draw(state, 3) > 0:
        return j, old
    return j, option[j, 1 + _draw(state, option[j, 0])]


@kernel
def _try(
    table: FloatArray, option: IntArray, seat: IntArray, crowd: IntArray, left: FloatArray, state: np.ndarray,
    schedule: tuple[float, float],
) -> float:  # fmt: skip
    """Return the change of loss of one random move, 0 when it was not kept."""
    i = _draw(state, len(seat))
    old, to = seat[i, 0], option[i, 1 + _draw(state, option[i, 0])]
    if to == old:
        return 0.0
    u = _draw(state, _FINE) / _FINE
    most = 4.0 * schedule[0] * u * u * u
    change, freed = table[i, to, 0] - table[i, old, 0], 0.0
    j, away = -1, old
    if _draw(state, _ONE_MOVE_IN) == 0 or not _room(table, left, to, i, -1):
        j, away = _other(option, crowd, state, old, to)
        if j < 0 or away == to:
            return 0.0
        change += table[j, away, 0] - table[j, to, 0]
        if not change < np.inf or not _room(table, left, to, i, j):
            return 0.0
        if not _room(table, left, away, j, i if away == old else -1):
            return 0.0
        freed = table[j, to, 1] - table[j, away, 1]
    freed += table[i, old, 1] - table[i, to, 1]
    if not change + schedule[1] * freed <= most:
        return 0.0
    _move(table, seat, crowd, left, (i, to))
    if j >= 0:
        _move(table, seat, crowd, left, (j, away))
    return float(change + freed)


@kernel
def anneal(
    table: FloatArray, option: IntArray, wanted: IntArray, stop: tuple[float, float, int], schedule: FloatArray
) -> IntArray:
    """Return the best places found, starting from as many of `wanted` as fit; the last place is outside.

    Parameters
    ----------
    stop : share kept free of each limit; loss at which the search ends; tries per row of the schedule.
    schedule : rows of threshold and share of the price that counts.
    """
    margin, enough, tries = stop
    count, places, width = table.shape
    left, crowd = np.full((places, width - 2), 1.0 - margin), np.zeros((places, count + 1), dtype=np.int64)
    seat = np.empty((count, 2), dtype=np.int64)
    crowd[places - 1, 0] = count
    for i in range(count):
        seat[i, 0], seat[i, 1], crowd[places - 1, 1 + i] = places - 1, 1 + i, i
    for i in range(count):
        if wanted[i] < places - 1 and _room(table, left, wanted[i], i, -1):
            _move(table, seat, crowd, left, (i, wanted[i]))
    # losses are counted from the start: what everything unused would be worth is the same for all plans
    loss = 0.0
    for i in range(count):
        loss += table[i, seat[i, 0], 0] - table[i, seat[i, 0], 1]
    state, least, best = np.array([_SEED], dtype=np.uint64), loss, seat[:, 0].copy()
    for row in range(len(schedule)):
        if least <= enough:
            break
        for _ in range(tries):
            loss += _try(table, option, seat, crowd, left, state, (schedule[row, 0], schedule[row, 1]))
            if loss < least - 1e-9:
                least = loss
                best[:] = seat[:, 0]
    return best
