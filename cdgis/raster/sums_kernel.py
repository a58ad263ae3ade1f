"""How do covered cells add up within one band of rows? The same sums as `coverage` and `sums`, compiled.

For each zone on its own: its edges are cut at row and column borders into pieces, each piece adding

    cover = height * share            (height: rows crossed, positive going south; share: of the slice in this column)
    area  = height * share * (1 - m)  (m: the piece's mean distance from the cell's west side)

to its cell, in whole multiples of 2^-50 cells; pieces are sorted by cell; and each row is walked from west to east
with R, the sum of `cover` so far: a cell has the fraction R + area, the run of cells up to the next piece R + cover.

Every operation is the one the plain path does, on the same numbers in the same order, so that both paths agree to
the last bit (tests/test_raster_paths.py). Import this only for jobs worth a compiler: see `compiled`.
"""

import numpy as np

from cdgis.compiled import kernel
from cdgis.raster.classes import Positions
from cdgis.raster.coverage import ONE_CELL, ROUNDING
from cdgis.raster.outlines import FloatArray, IntArray

Rows = tuple[int, int]
Pieces = tuple[IntArray, IntArray, IntArray]
"""Cell (row in the band times columns, plus column), cover and area of each piece."""
Rings = tuple[FloatArray, FloatArray, IntArray, IntArray]
"""x, y, ring_start and zone_start of `Outlines`."""


@kernel
def add_zones(
    rings: Rings, zones: IntArray, first_row: int, cells: tuple[Positions, FloatArray], totals_m2: FloatArray
) -> None:
    """Add the areas of a band to `totals_m2` (zone x class position), for the zones at the given positions.

    Parameters
    ----------
    cells : class position and area (m2) of each cell of the band, whose first row is `first_row` of the raster.
    """
    rows, columns = cells[0].shape
    pieces = (np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64))
    for zone in zones:
        count = cut_zone(rings, zone, (first_row, first_row + rows), columns, pieces)
        if count > len(pieces[0]):
            room = 2 * count
            pieces = (np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64))
            count = cut_zone(rings, zone, (first_row, first_row + rows), columns, pieces)
        order = np.argsort(pieces[0][:count])
        add_zone(pieces, order, cells, totals_m2[zone])


@kernel
def cut_zone(rings: Rings, zone: int, rows: Rows, columns: int, pieces: Pieces) -> int:
    """Return how many pieces a zone's edges have in these rows, storing them as far as there is room."""
    x, y, ring_start, zone_start = rings
    count = 0
    for ring in range(zone_start[zone], zone_start[zone + 1]):
        for start in range(ring_start[ring], ring_start[ring + 1] - 1):
            end = start + 1
            if y[start] < y[end]:
                count = cut_edge((x[start], y[start], x[end], y[end]), 1.0, (rows, columns), pieces, count)
            elif y[start] > y[end]:
                count = cut_edge((x[end], y[end], x[start], y[start]), -1.0, (rows, columns), pieces, count)
    return count


@kernel
def cut_edge(
    edge: tuple[float, float, float, float], sign: float, window: tuple[Rows, int], pieces: Pieces, count: int
) -> int:
    """Cut an edge, given from its northern to its southern end, at row borders; return the new count of pieces."""
    x0, y0, x1, y1 = edge
    (first, stop), columns = window
    slope = (x1 - x0) / (y1 - y0)
    for row in range(max(int(np.floor(y0)), first), min(int(np.ceil(y1)), stop)):
        top, bottom = max(y0, float(row)), min(y1, row + 1.0)
        x_top = x0 if top == y0 else x0 + (top - y0) * slope
        x_bottom = x1 if bottom == y1 else x0 + (bottom - y0) * slope
        span = (min(x_top, x_bottom), max(x_top, x_bottom))
        count = cut_slice((row - first) * columns, sign * (bottom - top), span, columns, pieces, count)
    return count


@kernel
def cut_slice(line: int, height: float, span: tuple[float, float], columns: int, pieces: Pieces, count: int) -> int:
    """Cut an edge's part in one row at column borders; what lies west of the grid becomes one piece on its border."""
    left, right = span
    first = int(max(np.floor(left), -1.0))
    last = min(max(first, int(min(np.ceil(right), columns)) - 1), columns - 1)
    for column in range(first, last + 1):
        begin, end = (left if column == first else float(column)), min(right, column + 1.0)
        share = 1.0 if right == left else (end - begin) / (right - left)
        mean = 0.0 if column < 0 else 0.5 * (begin + end) - column
        cover = height * share
        if count < len(pieces[0]):
            pieces[0][count] = line + max(column, 0)
            pieces[1][count] = int(np.rint(cover * ONE_CELL))
            pieces[2][count] = int(np.rint(cover * (1 - mean) * ONE_CELL))
        count += 1
    return count


@kernel
def add_zone(pieces: Pieces, order: IntArray, cells: tuple[Positions, FloatArray], total_m2: FloatArray) -> None:
    """Add one zone's rows to its total, each row from west to east."""
    columns = cells[0].shape[1]
    row_m2 = np.empty(len(total_m2))
    position = 0
    while position < len(order):
        row = pieces[0][order[position]] // columns
        row_m2[:] = 0.0
        position = add_row(pieces, order, position, (cells[0][row], cells[1][row]), row_m2)
        total_m2 += row_m2


@kernel
def add_row(
    pieces: Pieces, order: IntArray, position: int, cells: tuple[Positions, FloatArray], row_m2: FloatArray
) -> int:
    """Add the cells and runs of the row that begins at `position`; return where the next row begins."""
    cell, cover, area = pieces
    classes, cell_m2 = cells
    columns = len(classes)
    row = cell[order[position]] // columns
    west = 0
    while position < len(order) and cell[order[position]] // columns == row:
        here = cell[order[position]]
        east = inside = west
        while position < len(order) and cell[order[position]] == here:
            east += cover[order[position]]
            inside += area[order[position]]
            position += 1
        column = here - row * columns
        row_m2[classes[column]] += snapped(inside) * cell_m2[column]
        stop = columns
        if position < len(order) and cell[order[position]] // columns == row:
            stop = cell[order[position]] - row * columns
        add_run(snapped(east), classes[column + 1 : stop], cell_m2[column + 1 : stop], row_m2)
        west = east
    return position


@kernel
def add_run(fraction: float, classes: Positions, cell_m2: FloatArray, row_m2: FloatArray) -> None:
    """Add a run of cells that all have the same fraction inside the zone."""
    if fraction > 0:
        for column in range(len(classes)):
            row_m2[classes[column]] += fraction * cell_m2[column]


@kernel
def snapped(fraction: int) -> float:
    """Return a sum as a fraction of a cell, rounding to none or all of it where it nearly is."""
    if fraction < ROUNDING:
        return 0.0
    if fraction > ONE_CELL - ROUNDING:
        return 1.0
    return fraction / ONE_CELL
