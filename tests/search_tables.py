"""Tables and options of the search for places, as `improving` makes them: the last place is outside and takes everybody."""

import numpy as np


def search_table(rng, count, parks, limits, *, outside, need):
    """Return random losses, gains and needs of candidates (rows) at parks and outside, and who may try which."""
    table = np.zeros((count, parks + 1, 2 + limits))
    table[:, :, 0] = rng.uniform(0, 1, (count, parks + 1))
    table[:, parks, 0] = rng.uniform(*outside, count)
    table[:, :parks, 0][rng.random((count, parks)) < 0.2] = np.inf
    table[:, :parks, 2:] = rng.uniform(*need, (count, parks, limits))
    table[:, :parks, 1] = rng.uniform(0, 0.4, (count, parks))
    option = np.zeros((count, 2 + parks), dtype=np.int64)
    for i in range(count):
        may = np.flatnonzero(np.isfinite(table[i, :, 0]))
        option[i, 0], option[i, 1 : 1 + len(may)] = len(may), may
    return table, option
