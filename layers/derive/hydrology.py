"""Which way does water flow on the elevation grid, and which cells does each outlet drain?

Depressions are filled by priority flood with a strictly increasing step (Barnes et al. 2014); each cell
drains to its steepest of eight neighbours (D8).
"""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drainage:
    """Flow on the 30 arc-second grid: one entry per cell, in row-major order."""

    shape: tuple[int, int]
    receiver: Index
    """Index of the cell it drains to; itself at the border."""
    order: Index
    """Cells from the outlets upwards, so that a receiver always comes before its donors."""
    cells: Grid
    """Number of upstream cells, itself included."""
    filled_m: Grid


def drain(elevation_m: Grid) -> Drainage:
    """Return the drainage of `elevation_m`."""
    rows, columns = elevation_m.shape
    filled = np.full(elevation_m.shape, np.inf)
    receiver = np.arange(rows * columns)
    done = np.zeros(elevation_m.shape, dtype=bool)
    heap: list[tuple[float, int, int]] = []
    for row in range(rows):
        for column in range(columns):
            if row in (0, rows - 1) or column in (0, columns - 1):
                filled[row, column] = elevation_m[row, column]
                done[row, column] = True
                heapq.heappush(heap, (float(elevation_m[row, column]), row, column))
    order: list[int] = []
    while heap:
        level, row, column = heapq.heappop(heap)
        order.append(row * columns + column)
        for step_row, step_column in _STEPS:
            r, c = row + step_row, column + step_column
            if 0 <= r < rows and 0 <= c < columns and not done[r, c]:
                done[r, c] = True
                filled[r, c] = max(float(elevation_m[r, c]), level + 1e-3)
                heapq.heappush(heap, (filled[r, c], r, c))
    receiver = _steepest(filled)
    sequence = np.argsort(filled, axis=None, kind="stable")
    cells = np.ones(rows * columns)
    for index in sequence[::-1]:
        if receiver[index] != index:
            cells[receiver[index]] += cells[index]
    return Drainage(
        shape=(rows, columns), receiver=receiver, order=sequence, cells=cells.reshape(rows, columns), filled_m=filled
    )


def _steepest(filled: Grid) -> Index:
    rows, columns = filled.shape
    own = np.arange(rows * columns).reshape(rows, columns)
    best = np.zeros(filled.shape)
    receiver = own.copy()
    padded = np.pad(filled, 1, constant_values=np.inf)
    for step_row, step_column in _STEPS:
        neighbour = padded[1 + step_row : 1 + step_row + rows, 1 + step_column : 1 + step_column + columns]
        length = np.hypot(step_row * 926.0, step_column * 695.0)
        slope = (filled - neighbour) / length
        better = slope > best
        best[better] = slope[better]
        receiver[better] = (own + step_row * columns + step_column)[better]
    border = np.zeros(filled.shape, dtype=bool)
    border[[0, -1], :] = True
    border[:, [0, -1]] = True
    receiver[border] = own[border]
    return receiver.ravel()


def catchments(drainage: Drainage, outlets: Index) -> npt.NDArray[np.int32]:
    """Return for each cell the 1-based position in `outlets` of the first outlet downstream, 0 if none."""
    label = np.zeros(drainage.receiver.size, dtype=np.int32)
    label[outlets] = np.arange(1, len(outlets) + 1)
    for index in drainage.order:
        if label[index] == 0:
            label[index] = label[drainage.receiver[index]]
    return label.reshape(drainage.shape)


def height_above_stream(drainage: Drainage, stream: npt.NDArray[np.bool_]) -> Grid:
    """Return the height of each cell above the stream cell it drains to, metres."""
    level = np.full(drainage.receiver.size, np.nan)
    filled = drainage.filled_m.ravel()
    is_stream = stream.ravel()
    for index in drainage.order:
        lower = drainage.receiver[index]
        level[index] = filled[index] if is_stream[index] or lower == index else level[lower]
    return (filled - level).reshape(drainage.shape)
