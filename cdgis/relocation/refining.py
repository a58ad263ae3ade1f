"""Better plans near a whole plan: turns of a short search from the best plan known, then of some places packed anew at a time.

Parks are drawn by what they lose against the relaxation: reduced costs of who is there, and what is left at its price.
Those in them and those without a place are placed again, the others held.
"""

import numpy as np

from cdgis.core.array_types import IntArray
from cdgis.relocation.improving import ROUNDED, ROWS, Pairs, Stakes, falling, pairs_of, places_of
from cdgis.relocation.policy import SearchPolicy

_SEED = 20261122
_FLOOR = 1e-3
"""Added to what a park loses, so that each may be drawn."""


def refined(pairs: Pairs, stakes: Stakes, chosen: IntArray, search: SearchPolicy, *, enough: float) -> IntArray:
    """Return the pairs of a plan no worse than `chosen`; the search ends when it loses no more than `enough`."""
    from cdgis.relocation.annealing import anneal  # numba takes half a second to load
    from cdgis.relocation.repacking import repack

    place, present, outside = places_of(pairs, chosen), np.unique(pairs.park), pairs.shape[1]
    # what is filled to the last is kept so; a plan that rounding let have more than there is does not count
    option, stop = stakes.options(search.reach), stakes.stop(enough, search.again_tries, -ROUNDED / 2)
    schedule, generator = falling(search.again, search.cold, counted=np.ones(ROWS)), np.random.Generator(np.random.PCG64(_SEED))
    for _ in range(search.rounds):
        if stakes.loss(place) <= enough:
            break
        trial = anneal(stakes.table, option, place, stop, schedule)
        for _ in range(search.groups):
            left = stakes.left(trial)
            weight = stakes.loss_by_park(trial, left)[present] + _FLOOR
            group = generator.choice(present, min(search.group, len(present)), replace=False, p=weight / weight.sum())
            repack(stakes.table, trial, left + ROUNDED / 2, stakes.price, np.append(np.sort(group), outside), search.nodes)
        place = trial if (stakes.left(trial)[:-1] >= -ROUNDED).all() else place
    return pairs_of(pairs, place)
