"""How do covered cells add up to areas by zone and class within one band of rows? (the plain path)"""

from dataclasses import dataclass

import numpy as np

from cdgis.arrays import FloatArray, IntArray
from cdgis.raster.classes import Positions
from cdgis.raster.coverage import covered_cells, unfolded
from cdgis.raster.outlines import Outlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Some rows of a raster."""

    first_row: int
    classes: Positions
    """Position of each cell's class."""
    cell_area_m2: FloatArray

    @property
    def rows(self) -> tuple[int, int]:
        """First row, and the row after the last."""
        return self.first_row, self.first_row + len(self.classes)


def add_band(band: Band, outlines: Outlines, zones: IntArray, totals_m2: FloatArray) -> None:
    """Add the band's areas to `totals_m2` (zone x class position), for the zones at the given positions.

    Each row of a zone is added up from west to east and then added to the total, so that no total depends on
    the height of the bands.
    """
    covered = covered_cells(outlines, zones, band.rows, band.classes.shape[1])
    if not len(covered.zone):
        return
    new_line = (np.diff(covered.zone, prepend=-1) != 0) | (np.diff(covered.row, prepend=-1) != 0)
    line = np.cumsum(new_line) - 1
    cells = unfolded(covered)
    row = covered.row[cells.covered] - band.first_row
    classes = totals_m2.shape[1]
    sums = np.bincount(
        line[cells.covered] * classes + band.classes[row, cells.column],
        weights=cells.fraction * band.cell_area_m2[row, cells.column],
        minlength=(line[-1] + 1) * classes,
    )
    np.add.at(totals_m2, covered.zone[new_line], sums.reshape(-1, classes))
