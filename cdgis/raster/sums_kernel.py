"""Covered cells added up within one band of rows: the same sums as `coverage` and `sums`, compiled.

Edges are cut at row and column borders into pieces, each of which adds

    cover = height * share            (height: rows crossed, positive going south; share: of the edge's part in the row)
    area  = height * share * (1 - m)  (m: the piece's mean distance from the cell's west side)

to its cell, in whole multiples of 2^-50 cells. Pieces are sorted by zone and cell, and each row is walked from west
to east with R, the sum of `cover` so far: a cell has the fraction R + area, the run of cells up to the next piece R.

Every operation is the one the plain path does, on the same numbers in the same order, so that both paths agree to
the last bit (tests/test_raster_paths.py). Import this only for jobs worth a compiler: see `compiled`.
"""

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.compiled import kernel
from cdgis.raster.class_index import Positions
from cdgis.raster.coverage import ONE_CELL, ROUNDING
from cdgis.raster.geotiff import Pixels
from cdgis.raster.sums import Band
from cdgis.raster.zone_edges import Outlines

LANES = 4
Window = tuple[int, int, int]
"""First row, the row after the last, and the number of columns."""
BandCells = tuple[Pixels, Positions, bool, FloatArray, FloatArray]
"""Codes, the class position of each code, whether rows are even, the factor of each row and of each cell."""
LineCells = tuple[Pixels, Positions, bool, FloatArray]
"""The same of one row, less its own factor."""
LineSums = tuple[IntArray, FloatArray]
"""Whole cells by lane and class position, sum of the other fractions by class position."""


def add_band(band: Band, outlines: Outlines, zones: IntArray, totals_m2: FloatArray) -> None:
    """Add the band's areas to `totals_m2` (zone x class position), for the zones at the given positions."""
    rings = (outlines.x, outlines.y, outlines.ring_start, outlines.zone_start)
    window = (*band.rows, band.codes.shape[1])
    pieces = np.empty((4 * int(outlines.vertices[zones].sum()), 3), dtype=np.int64)
    count = cut_zones(*rings, zones, window, pieces)
    if count > len(pieces):
        pieces = np.empty((count, 3), dtype=np.int64)
        cut_zones(*rings, zones, window, pieces)
    # zones and most rows come in order already: timsort takes what is sorted as it is
    order = np.argsort(pieces[:count, 0], kind="stable")
    add_lines(pieces, order, zones, (band.codes, band.position, band.even, *band.weights), totals_m2)


@kernel
def cut_zones(
    x: FloatArray,
    y: FloatArray,
    ring_start: IntArray,
    zone_start: IntArray,
    zones: IntArray,
    window: Window,
    pieces: IntArray,
) -> int:
    """Return how many pieces the zones' edges have in the window, storing them as far as there is room.

    Parameters
    ----------
    pieces : one row each: cell, cover and area. Cells are numbered through the window zone by zone, row by row.
    """
    count = 0
    for number in range(len(zones)):
        first_line = number * (window[1] - window[0])
        for ring in range(zone_start[zones[number]], zone_start[zones[number] + 1]):
            for start in range(ring_start[ring], ring_start[ring + 1] - 1):
                edge = (x[start], y[start], x[start + 1], y[start + 1])
                count = cut_edge(edge, first_line, window, pieces, count)
    return count


@kernel
def cut_edge(
    edge: tuple[float, float, float, float], first_line: int, window: Window, pieces: IntArray, count: int
) -> int:
    """Cut an edge at row borders; return the new count of pieces."""
    x0, y0, x1, y1 = edge
    sign = 1.0
    if y0 >= y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    if y0 == y1 or y1 <= window[0] or y0 >= window[1]:
        return count
    slope = (x1 - x0) / (y1 - y0)
    for row in range(max(int(np.floor(y0)), window[0]), min(int(np.ceil(y1)), window[1])):
        top, bottom = max(y0, float(row)), min(y1, row + 1.0)
        x_top = x0 if top == y0 else x0 + (top - y0) * slope
        x_bottom = x1 if bottom == y1 else x0 + (bottom - y0) * slope
        span = (min(x_top, x_bottom), max(x_top, x_bottom), sign * (bottom - top))
        count = cut_slice(span, (first_line + row - window[0]) * window[2], window[2], pieces, count)
    return count


@kernel
def cut_slice(span: tuple[float, float, float], first_cell: int, columns: int, pieces: IntArray, count: int) -> int:
    """Cut an edge's part in one row (least x, greatest x, height) at column borders; return the new count of pieces.

    What lies west of the grid becomes one piece on its west border, what lies east of it is left out.
    """
    left, right, height = span
    first = int(max(np.floor(left), -1.0))
    last = min(max(first, int(min(np.ceil(right), columns)) - 1), columns - 1)
    for column in range(first, last + 1):
        begin, end = (left if column == first else float(column)), min(right, column + 1.0)
        uncut = begin == left and end == right
        share = 1.0 if uncut else (end - begin) / (right - left)
        mean = 0.0 if column < 0 else 0.5 * (begin + end) - column
        cover = height * share
        cell = first_cell + max(column, 0)
        whole_cover, whole_area = int(np.rint(cover * ONE_CELL)), int(np.rint(cover * (1 - mean) * ONE_CELL))
        if count < len(pieces):
            pieces[count, 0] = cell
            pieces[count, 1] = whole_cover
            pieces[count, 2] = whole_area
        count += 1
    return count


@kernel
def add_lines(pieces: IntArray, order: IntArray, zones: IntArray, cells: BandCells, totals_m2: FloatArray) -> None:
    """Add the pieces, sorted by cell, to the totals of their zones, each row of a zone from west to east."""
    codes, of_code, even, row_weight, cell_weight = cells
    rows, columns = codes.shape
    whole = np.zeros((LANES, totals_m2.shape[1]), dtype=np.int64)
    parts = np.zeros(totals_m2.shape[1])
    position = 0
    while position < len(order):
        line = pieces[order[position], 0] // columns
        row = line % rows
        given = (codes[row], of_code, even, cell_weight[row])
        position = add_line(pieces, order, position, given, (whole, parts))
        zone = zones[line // rows]
        for place in range(len(parts)):
            counted = whole[0, place] + whole[1, place] + whole[2, place] + whole[3, place]
            totals_m2[zone, place] += (counted + parts[place]) * row_weight[row]
        whole[:] = 0
        parts[:] = 0.0


@kernel
def add_line(pieces: IntArray, order: IntArray, position: int, given: LineCells, sums: LineSums) -> int:
    """Add the cells and runs of the row of a zone that begins at `position`; return where the next begins."""
    codes, of_code, even, weight = given
    whole, parts = sums
    columns = len(codes)
    line = pieces[order[position], 0] // columns
    following = pieces[order[position], 0] - line * columns
    west = 0
    while following < columns:
        column = following
        east = inside = west
        while following == column:
            east += pieces[order[position], 1]
            inside += pieces[order[position], 2]
            position += 1
            following = columns
            if position < len(order):
                following = min(pieces[order[position], 0] - line * columns, columns)
        parts[of_code[codes[column]]] += snapped(inside) * weight[column]
        run = snapped(east)
        if even and run == 1.0:
            count_whole(codes, of_code, (column + 1, following), whole)
        elif run > 0:
            for cell in range(column + 1, following):
                parts[of_code[codes[cell]]] += run * weight[cell]
        west = east
    return position


@kernel
def count_whole(codes: Pixels, of_code: Positions, run: tuple[int, int], whole: IntArray) -> None:
    """Count a run's cells by class, in four lanes in turn: adding twice to one number makes the processor wait."""
    uneven = run[0] + (run[1] - run[0]) % LANES
    for cell in range(run[0], uneven):
        whole[0, of_code[codes[cell]]] += 1
    for cell in range(uneven, run[1], LANES):
        whole[0, of_code[codes[cell]]] += 1
        whole[1, of_code[codes[cell + 1]]] += 1
        whole[2, of_code[codes[cell + 2]]] += 1
        whole[3, of_code[codes[cell + 3]]] += 1


@kernel
def occurring_bytes(codes: Pixels) -> npt.NDArray[np.bool_]:
    """Return for each of the 256 values of a byte whether it occurs."""
    found = np.zeros(256, dtype=np.bool_)
    for row in range(codes.shape[0]):
        for code in codes[row]:
            found[code] = True
    return found


@kernel
def snapped(fraction: int) -> float:
    """Return a sum as a fraction of a cell, rounding to none or all of it where it nearly is."""
    if fraction < ROUNDING:
        return 0.0
    if fraction > ONE_CELL - ROUNDING:
        return 1.0
    return fraction / ONE_CELL
