"""Covered cells added up by zone and class within one band of rows (the plain path).

Where all cells of a row are equally large (longitude-latitude grids), a row of a zone adds up, per class, to

    (number of whole cells in runs + sum of the other fractions) * area of a cell of the row,

elsewhere to the sum of fraction * area of the cell. Whole cells are counted, so most cells cost no multiplication.
"""

from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.raster.class_index import Positions
from cdgis.raster.coverage import covered_cells, unfolded
from cdgis.raster.geotiff import Pixels
from cdgis.raster.zone_edges import Outlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Some rows of a raster."""

    first_row: int
    codes: Pixels
    """What the cells hold: whole numbers from 0."""
    position: Positions
    """Class position of each code."""
    cell_area_m2: FloatArray
    even: bool
    """Whether all cells of a row are equally large."""

    @property
    def rows(self) -> tuple[int, int]:
        """First row, and the row after the last."""
        return self.first_row, self.first_row + len(self.codes)

    @property
    def weights(self) -> tuple[FloatArray, FloatArray]:
        """One factor for each row and one for each cell, whose product is the cell's area, square metres."""
        if self.even:
            return self.cell_area_m2[:, 0], np.broadcast_to(np.ones(1), self.codes.shape)
        return np.ones(len(self.codes)), self.cell_area_m2


def add_band(band: Band, outlines: Outlines, zones: IntArray, totals_m2: FloatArray) -> None:
    """Add the band's areas to `totals_m2` (zone x class position), for the zones at the given positions.

    Each row of a zone is added up from west to east and then added to the total, so that no total depends on
    the height of the bands.
    """
    covered = covered_cells(outlines, zones, band.rows, band.codes.shape[1])
    if not len(covered.zone):
        return
    new_line = (np.diff(covered.zone, prepend=-1) != 0) | (np.diff(covered.row, prepend=-1) != 0)
    line = np.cumsum(new_line) - 1
    cells = unfolded(covered)
    row = covered.row[cells.covered] - band.first_row
    row_weight, cell_weight = band.weights
    shape = (int(line[-1]) + 1, totals_m2.shape[1])
    bin_of = line[cells.covered] * shape[1] + band.position[band.codes[row, cells.column]]
    whole = band.even & (cells.column != covered.column[cells.covered]) & (cells.fraction == 1)
    counted = np.bincount(bin_of[whole], minlength=shape[0] * shape[1])
    parts = (cells.fraction * cell_weight[row, cells.column])[~whole]
    sums = counted + np.bincount(bin_of[~whole], weights=parts, minlength=shape[0] * shape[1])
    line_weight = row_weight[covered.row[new_line] - band.first_row]
    np.add.at(totals_m2, covered.zone[new_line], sums.reshape(shape) * line_weight[:, None])
