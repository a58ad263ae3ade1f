"""Ways through level ground: toward where it is left, away from higher ground, and therefore straight.

    mask(c) = 2 toward(c) + (max away over c's flat - away(c)),   each cell drains to the neighbour where mask falls most a metre

`toward` counts steps to the nearest cell of the same height that drains on, `away` steps from the nearest cell beside
higher ground (Garbrecht & Martz 1997, doi:10.1016/S0022-1694(96)03138-1; in one pass each: Barnes et al. 2014,
doi:10.1016/j.cageo.2013.01.009). Toward changes by one a step and counts twice, away by at most one: mask falls along
every step, and no circle can arise.
"""

import numpy as np
import numpy.typing as npt

from cdgis.core.compiled import kernel

_NO_STEP = -1


@kernel
def steps_through_flats(
    filled_m: npt.NDArray[np.float32], level: npt.NDArray[np.bool_], steps: npt.NDArray[np.int64], step_m: npt.NDArray[np.float32]
) -> npt.NDArray[np.int8]:
    """Return for each `level` cell the row of `steps` it drains along, -1 for the others.

    Parameters
    ----------
    filled_m : heights without depressions, metres; NaN where none.
    level : cells with no lower neighbour that are no outlet.
    steps : n x 2 row and column steps to the neighbours.
    step_m : metres of each step (n) in each row (rows x n).
    """
    toward = _spread(filled_m, level, steps, False)
    mask = _mask(filled_m, level, steps, toward, _spread(filled_m, level, steps, True))
    rows, columns = filled_m.shape
    chosen = np.full((rows, columns), _NO_STEP, np.int8)
    for row in range(rows):
        for column in range(columns):
            if not level[row, column] or toward[row, column] == 0:
                continue
            best = 0.0
            for k in range(len(steps)):
                y, x = row + steps[k, 0], column + steps[k, 1]
                if 0 <= y < rows and 0 <= x < columns and filled_m[y, x] == filled_m[row, column]:
                    fall = (mask[row, column] - mask[y, x]) / step_m[row, k]
                    if fall > best:
                        best = fall
                        chosen[row, column] = k
    return chosen


@kernel
def _spread(
    filled_m: npt.NDArray[np.float32], level: npt.NDArray[np.bool_], steps: npt.NDArray[np.int64], from_higher: bool
) -> npt.NDArray[np.int32]:
    """Return steps through level ground, counted from 1 beside higher ground or beside the way out; 0 if never reached."""
    rows, columns = filled_m.shape
    count = np.zeros((rows, columns), np.int32)
    queue = np.empty(level.sum(), np.int64)
    head = tail = 0
    for row in range(rows):
        for column in range(columns):
            if not level[row, column]:
                continue
            for k in range(len(steps)):
                y, x = row + steps[k, 0], column + steps[k, 1]
                if not (0 <= y < rows and 0 <= x < columns):
                    continue
                higher = filled_m[y, x] > filled_m[row, column]
                leaves = filled_m[y, x] == filled_m[row, column] and not level[y, x]
                if (from_higher and higher) or (not from_higher and leaves):
                    count[row, column] = 1
                    queue[tail] = row * columns + column
                    tail += 1
                    break
    while head < tail:
        row, column = queue[head] // columns, queue[head] % columns
        head += 1
        for k in range(len(steps)):
            y, x = row + steps[k, 0], column + steps[k, 1]
            if not (0 <= y < rows and 0 <= x < columns) or not level[y, x] or count[y, x] > 0:
                continue
            if filled_m[y, x] == filled_m[row, column]:
                count[y, x] = count[row, column] + 1
                queue[tail] = y * columns + x
                tail += 1
    return count


@kernel
def _mask(
    filled_m: npt.NDArray[np.float32], level: npt.NDArray[np.bool_], steps: npt.NDArray[np.int64],
    toward: npt.NDArray[np.int32], away: npt.NDArray[np.int32],
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Return the mask of every level cell, 0 elsewhere: one flat after the other, for the farthest from higher ground."""
    rows, columns = filled_m.shape
    mask = np.zeros((rows, columns), np.int32)
    seen = np.zeros((rows, columns), np.bool_)
    members = np.empty(level.sum(), np.int64)
    for start in range(rows * columns):
        if not level[start // columns, start % columns] or seen[start // columns, start % columns]:
            continue
        seen[start // columns, start % columns] = True
        members[0] = start
        head, tail, farthest = 0, 1, 0
        while head < tail:
            row, column = members[head] // columns, members[head] % columns
            head += 1
            farthest = max(farthest, away[row, column])
            for k in range(len(steps)):
                y, x = row + steps[k, 0], column + steps[k, 1]
                if not (0 <= y < rows and 0 <= x < columns) or not level[y, x] or seen[y, x]:
                    continue
                if filled_m[y, x] == filled_m[row, column]:
                    seen[y, x] = True
                    members[tail] = y * columns + x
                    tail += 1
        for i in range(tail):
            row, column = members[i] // columns, members[i] % columns
            mask[row, column] = 2 * toward[row, column] + farthest - away[row, column]
    return mask
