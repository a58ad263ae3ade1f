"""Receivers on an elevation grid by the textbook, cell by cell: flood, steepest of eight, and a gradient through flats."""

import heapq
from collections import deque
from functools import cache

import numpy as np
from pyproj import Geod

GRS80 = Geod(ellps="GRS80")
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
Cell = tuple[int, int]


def fill(elevation_m: np.ndarray) -> np.ndarray:
    """Return the heights with every depression filled to its pour point; water leaves at the rim."""
    rows, columns = elevation_m.shape
    filled = np.full(elevation_m.shape, np.inf)
    heap = []
    for r in range(rows):
        for c in range(columns):
            if r in (0, rows - 1) or c in (0, columns - 1):
                filled[r, c] = elevation_m[r, c]
                heapq.heappush(heap, (filled[r, c], r, c))
    while heap:
        level, r, c = heapq.heappop(heap)
        for y, x in neighbours((r, c), elevation_m.shape):
            if np.isinf(filled[y, x]):
                filled[y, x] = max(float(elevation_m[y, x]), level)
                heapq.heappush(heap, (filled[y, x], y, x))
    return filled


def neighbours(cell: Cell, shape: tuple[int, int]) -> list[Cell]:
    """Return the cells around one, those inside the grid."""
    around = [(cell[0] + dr, cell[1] + dc) for dr, dc in STEPS]
    return [(y, x) for y, x in around if 0 <= y < shape[0] and 0 <= x < shape[1]]


def steps_from(starts: list[Cell], members: set[Cell], shape: tuple[int, int]) -> dict[Cell, int]:
    """Return how many steps through `members` each lies from the starts, which count 1."""
    count = dict.fromkeys(starts, 1)
    waiting = deque(starts)
    while waiting:
        cell = waiting.popleft()
        for near in neighbours(cell, shape):
            if near in members and near not in count:
                count[near] = count[cell] + 1
                waiting.append(near)
    return count


def flat_mask(filled: np.ndarray, flat: set[Cell]) -> dict[Cell, int]:
    """Return the mask of one flat: twice the steps to its way out, less the steps from higher ground."""
    around = {cell: [filled[near] for near in neighbours(cell, filled.shape)] for cell in flat}
    level = {cell: filled[cell] for cell in flat}
    out = [c for c in flat if any(filled[n] == level[c] and n not in flat for n in neighbours(c, filled.shape))]
    high = [c for c in flat if any(height > level[c] for height in around[c])]
    toward, away = (steps_from(starts, flat, filled.shape) for starts in (sorted(out), sorted(high)))
    most = max(away.values(), default=0)
    return {cell: 2 * toward[cell] + most - away.get(cell, 0) for cell in flat}


def receivers(elevation_m: np.ndarray, lat_deg: np.ndarray, edge_deg: float, outlets: np.ndarray) -> np.ndarray:
    """Return for every cell, row-major, the cell it drains to: itself where `outlets` says so."""
    filled = fill(elevation_m)
    rows, columns = filled.shape
    own = np.arange(rows * columns).reshape(rows, columns)
    receiver, level = own.copy(), set()
    for r in range(rows):
        for c in range(columns):
            if outlets[own[r, c]]:
                continue
            fall = {(y, x): (filled[r, c] - filled[y, x]) / _metres((r, c), (y, x), lat_deg, edge_deg)
                    for y, x in neighbours((r, c), filled.shape)}  # fmt: skip
            best = max(fall, key=lambda cell: fall[cell])
            if fall[best] > 0:
                receiver[r, c] = own[best]
            else:
                level.add((r, c))
    while level:
        flat = _flat_of(next(iter(level)), level, filled)
        level -= flat
        mask = flat_mask(filled, flat)
        for cell in flat:
            same = [near for near in neighbours(cell, filled.shape) if filled[near] == filled[cell]]
            fall = {near: (mask[cell] - mask.get(near, 0)) / _metres(cell, near, lat_deg, edge_deg) for near in same}
            receiver[cell] = own[max(fall, key=lambda near: fall[near])]
    return receiver.ravel()


def _metres(one: Cell, two: Cell, lat_deg: np.ndarray, edge_deg: float) -> float:
    return _step_m(float(lat_deg[one[0]]), edge_deg, two[0] - one[0], two[1] - one[1])


@cache
def _step_m(lat_deg: float, edge_deg: float, down: int, right: int) -> float:
    return float(GRS80.inv(0.0, lat_deg, right * edge_deg, lat_deg - down * edge_deg)[2])


def _flat_of(start: Cell, level: set[Cell], filled: np.ndarray) -> set[Cell]:
    members, waiting = {start}, deque([start])
    while waiting:
        cell = waiting.popleft()
        for near in neighbours(cell, filled.shape):
            if near in level and near not in members and filled[near] == filled[cell]:
                members.add(near)
                waiting.append(near)
    return members
