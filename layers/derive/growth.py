"""Where does a patch of a given size lie if it spreads from a seed over the easiest ground? (Dijkstra on cost)"""

import heapq

import numpy as np
import numpy.typing as npt

from layers.derive.terrain import CELL_KM2

Grid = npt.NDArray[np.float64]

_STEPS = ((-1, 0, 231.6), (1, 0, 231.6), (0, -1, 174.0), (0, 1, 174.0))


def grow(cost: Grid, seed: tuple[int, int], area_km2: float) -> dict[tuple[int, int], float]:
    """Return the cells reached first from `seed`, with their rank (0 to 1), until `area_km2` is full.

    `cost` is per metre; infinite or NaN cells are never entered. The result may be smaller when walled in.
    """
    wanted = max(1, round(area_km2 / CELL_KM2))
    rows, columns = cost.shape
    heap = [(0.0, seed)]
    best = {seed: 0.0}
    taken: list[tuple[int, int]] = []
    seen: set[tuple[int, int]] = set()
    while heap and len(taken) < wanted:
        spent, cell = heapq.heappop(heap)
        if cell in seen:
            continue
        seen.add(cell)
        taken.append(cell)
        for step_row, step_column, length in _STEPS:
            row, column = cell[0] + step_row, cell[1] + step_column
            if not (0 <= row < rows and 0 <= column < columns) or not np.isfinite(cost[row, column]):
                continue
            total = spent + length * float(cost[row, column])
            if total < best.get((row, column), np.inf):
                best[(row, column)] = total
                heapq.heappush(heap, (total, (row, column)))
    return {cell: rank / len(taken) for rank, cell in enumerate(taken)}


def nearest_free(cost: Grid, seed: tuple[int, int], reach: int = 40) -> tuple[int, int]:
    """Return the passable cell nearest to `seed` (cheapest first among equals)."""
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    order = np.argsort(np.hypot(rows * 1.33, columns), axis=None, kind="stable")
    for offset in order:
        row, column = seed[0] + int(rows.flat[offset]), seed[1] + int(columns.flat[offset])
        if 0 <= row < cost.shape[0] and 0 <= column < cost.shape[1] and np.isfinite(cost[row, column]):
            return row, column
    raise ValueError(f"no passable cell within {reach} cells of {seed}")
