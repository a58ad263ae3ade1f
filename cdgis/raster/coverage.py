"""Share of each cell inside each zone, exact without cutting polygons (the plain path).

An edge that crosses cell (r, c) from y_a down to y_b, at the mean distance m from the cell's west side,

    covers     area  = (y_b - y_a) (1 - m)   of the cell itself, to the edge's east, and
               cover = (y_b - y_a)           of every cell of that row further east;

edges going north count negative. Summed over a zone's edges, with R(c) the sum of `cover` west of c,

    fraction(r, c) = R(c) + area(r, c),

which is what font rasterisers do (Green's theorem cell by cell). Between cells with a piece of edge, area is 0 and
R does not change, so they come as runs: R is 1 inside the zone, 0 outside, and between them only where edges run
due east or west. Nothing asks whether a point lies on a line, so edges on cell borders, slivers and touching
rings need no special case.

Sums are kept in whole multiples of 2^-50 cells: they are exact, hence the same in any order.
"""

from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.raster.zone_edges import Outlines

ONE_CELL = 1 << 50
"""A whole cell in the unit of the sums."""
ROUNDING = 1 << 10
"""Fractions this near to nothing or to a whole cell (9e-13) are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Cells with a piece of an outline, each with the run of cells without one that follows in its row."""

    zone: IntArray
    """Position of the zone; sorted by zone, row and column."""
    row: IntArray
    column: IntArray
    fraction: FloatArray
    """Share of the cell inside the zone; 0 where the outline only grazes it."""
    run: IntArray
    """Number of cells in the run, 0 where they lie outside."""
    run_fraction: FloatArray
    """Share of each of them inside the zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Every cell with a part inside a zone, one by one."""

    covered: IntArray
    """Position in `Covered` of the cell itself or of the one its run follows."""
    column: IntArray
    fraction: FloatArray


def unfolded(covered: Covered) -> Cells:
    """Return the cells of `covered` and of its runs, from west to east within a row."""
    item, column = _counted_from(covered.column, 1 + covered.run)
    own = column == covered.column[item]
    return Cells(
        covered=item, column=column, fraction=np.where(own, covered.fraction[item], covered.run_fraction[item])
    )


def covered_cells(outlines: Outlines, zones: IntArray, rows: tuple[int, int], columns: int) -> Covered:
    """Return how the zones at the given positions cover rows `rows[0]` to `rows[1] - 1` of a grid.

    Parameters
    ----------
    zones : increasing positions in `outlines`.
    columns : width of the grid; what lies further west or east is not counted.
    """
    pieces = _cut_into_columns(_cut_into_rows(outlines, zones, rows), columns)
    zone, row, column = pieces.zone, pieces.row, pieces.column
    order = np.lexsort((column, row, zone))
    zone, row, column = zone[order], row[order], column[order]
    new_line = np.diff(zone, prepend=-1).astype(bool) | np.diff(row, prepend=-1).astype(bool)
    first = np.flatnonzero(new_line | np.diff(column, prepend=-1).astype(bool))
    if not len(first):
        nothing = np.empty(0, dtype=np.int64)
        return Covered(
            zone=nothing, row=nothing, column=nothing, fraction=np.empty(0), run=nothing, run_fraction=np.empty(0)
        )
    cover = np.add.reduceat(pieces.cover[order], first)
    area = np.add.reduceat(pieces.area[order], first)
    zone, row, column, new_line = zone[first], row[first], column[first], new_line[first]
    east = np.cumsum(cover)
    west = east - cover
    line_start = np.maximum.accumulate(np.where(new_line, np.arange(len(first)), 0))
    west, east = west - west[line_start], east - west[line_start]
    following = np.where(np.append(new_line[1:], True), columns, np.append(column[1:], 0))
    run_fraction = _snapped(east)
    return Covered(
        zone=zone,
        row=row,
        column=column,
        fraction=_snapped(west + area),
        run=np.where(run_fraction > 0, following - column - 1, 0),
        run_fraction=run_fraction,
    )


def _snapped(fraction: IntArray) -> FloatArray:
    fraction = np.where(fraction < ROUNDING, 0, fraction)
    return np.where(fraction > ONE_CELL - ROUNDING, ONE_CELL, fraction) / ONE_CELL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slices:
    """Edges cut at row borders."""

    zone: IntArray
    row: IntArray
    height: FloatArray
    """Rows crossed, between -1 and 1; positive going south."""
    left: FloatArray
    right: FloatArray
    """Least and greatest x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """Slices cut at column borders, with what they add to the sums, in units of 1 / ONE_CELL."""

    zone: IntArray
    row: IntArray
    column: IntArray
    cover: IntArray
    area: IntArray


def _cut_into_rows(outlines: Outlines, zones: IntArray, rows: tuple[int, int]) -> _Slices:
    zone, start = _edges(outlines, zones)
    x, y = outlines.x, outlines.y
    south = y[start] < y[start + 1]
    upper, lower = np.where(south, start, start + 1), np.where(south, start + 1, start)
    x0, y0, x1, y1 = x[upper], y[upper], x[lower], y[lower]
    first = np.maximum(np.floor(y0), rows[0]).astype(np.int64)
    last = np.minimum(np.ceil(y1), rows[1]).astype(np.int64)
    edge, row = _counted_from(first, np.where(y1 > y0, last - first, 0))
    x0, y0, x1, y1 = x0[edge], y0[edge], x1[edge], y1[edge]
    top, bottom = np.maximum(y0, row), np.minimum(y1, row + 1)
    slope = (x1 - x0) / (y1 - y0)
    x_top = np.where(top == y0, x0, x0 + (top - y0) * slope)
    x_bottom = np.where(bottom == y1, x1, x0 + (bottom - y0) * slope)
    return _Slices(
        zone=zone[edge],
        row=row,
        height=np.where(south[edge], bottom - top, top - bottom),
        left=np.minimum(x_top, x_bottom),
        right=np.maximum(x_top, x_bottom),
    )


def _edges(outlines: Outlines, zones: IntArray) -> tuple[IntArray, IntArray]:
    """Return for each edge its zone and the position of its first vertex."""
    first_ring, end_ring = outlines.zone_start[zones], outlines.zone_start[zones + 1]
    of_zone, ring = _counted_from(first_ring, end_ring - first_ring)
    of_ring, start = _counted_from(
        outlines.ring_start[ring], outlines.ring_start[ring + 1] - outlines.ring_start[ring] - 1
    )
    return zones[of_zone][of_ring], start


def _cut_into_columns(slices: _Slices, columns: int) -> _Pieces:
    """Return the pieces of slices; all that lies west of the grid is one piece on its west border."""
    first = np.maximum(np.floor(slices.left), -1.0).astype(np.int64)
    last = np.minimum(np.maximum(first, np.ceil(slices.right) - 1), columns - 1).astype(np.int64)
    of_slice, column = _counted_from(first, np.maximum(last - first + 1, 0))
    left, right, height = slices.left[of_slice], slices.right[of_slice], slices.height[of_slice]
    begin = np.where(column == first[of_slice], left, column)
    end = np.minimum(right, column + 1)
    upright = right == left
    share = np.where(upright, 1.0, (end - begin) / np.where(upright, 1.0, right - left))
    mean = np.where(column < 0, 0.0, 0.5 * (begin + end) - column)
    cover = height * share
    return _Pieces(
        zone=slices.zone[of_slice],
        row=slices.row[of_slice],
        column=np.maximum(column, 0),
        cover=np.rint(cover * ONE_CELL).astype(np.int64),
        area=np.rint(cover * (1 - mean) * ONE_CELL).astype(np.int64),
    )


def _counted_from(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Return the position of each item as often as it counts, and first, first + 1, ... for each."""
    item = np.repeat(np.arange(len(first)), np.maximum(count, 0))
    offset = np.arange(len(item)) - np.repeat(
        np.cumsum(np.maximum(count, 0)) - np.maximum(count, 0), np.maximum(count, 0)
    )
    return item, first[item] + offset
