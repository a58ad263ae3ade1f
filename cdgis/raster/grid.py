"""Places of a raster's cells, and their sizes on the ground.

A cell's area is that of the ellipsoid, never its nominal size. On a longitude-latitude grid it depends on the row
alone (`geodesy.cell_areas_m2`). On a projected grid it is its nominal size times the projection's areal scale,

    area(r, c) = width * height * s(r, c),   s = area on the measuring plane / area in the projection,

of a square of some 200 m around the cell's centre, where neither rounding nor the change of s across it exceeds
1e-10. s is smooth, so it is computed at Chebyshev points and interpolated by the polynomial through them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import CrsError
from cdgis.geometry.geodesy import cell_areas_m2
from cdgis.geometry.projections import inverse, is_geographic, metres_per_unit, plane_from

_SQUARE_M = 200.0
_EDGE_POINTS = 9
"""On each side of a grid, of which its extent in degrees is told."""
_DEGREES = (4, 8, 16, 32)
_CELL_TOLERANCE = 1e-3
"""Of a cell: how far edges of two grids may lie apart and still be taken for the same."""
_TOLERANCE = 3e-10
"""Largest relative difference between the polynomial and s away from the points it was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A north-up grid: columns run east, rows south."""

    crs: str
    """``EPSG:n`` or a definition; datum CGCS2000 or WGS84."""
    west: float
    """x of the west edge, in units of the CRS, like all that follow."""
    north: float
    cell_width: float
    cell_height: float
    """Positive."""
    rows: int
    columns: int

    @property
    def is_geographic(self) -> bool:
        """Whether cells are rectangles of longitude and latitude."""
        return is_geographic(self.crs)

    @property
    def origin_and_steps(self) -> tuple[float, float, float, float]:
        """West edge, cell width, north edge, cell height."""
        return self.west, self.cell_width, self.north, self.cell_height

    @property
    def lonlat_box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all cells, degrees; nan where the definition cannot place them."""
        along = np.linspace(0, 1, _EDGE_POINTS)
        x, y = self.west + self.cell_width * self.columns * along, self.north - self.cell_height * self.rows * along
        ends = np.concatenate([x, x, np.full_like(y, x[0]), np.full_like(y, x[-1])])
        lon, lat = inverse(ends, np.concatenate([np.full_like(x, y[0]), np.full_like(x, y[-1]), y, y]), self.crs)
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    def offset_of(self, other: "Grid") -> tuple[int, int] | None:
        """Return by how many rows and columns `other` begins south-east of this grid, None where the cells differ.

        Cells agree when no edge of `other` lies off by more than a thousandth of a cell: rounding of an origin in the
        tenth digit is no other grid.
        """
        if self.crs != other.crs:
            return None
        right = (other.west - self.west) / self.cell_width
        down = (self.north - other.north) / self.cell_height
        drift = max(
            abs(other.cell_width / self.cell_width - 1) * other.columns, abs(other.cell_height / self.cell_height - 1) * other.rows
        )
        off = max(abs(right - round(right)), abs(down - round(down)))
        return (round(down), round(right)) if off + drift <= _CELL_TOLERANCE else None

    def agrees_with(self, other: "Grid") -> bool:
        """Return whether both have the same cells in the same rows and columns."""
        return self.offset_of(other) == (0, 0) and (self.rows, self.columns) == (other.rows, other.columns)

    @property
    def x_edges(self) -> FloatArray:
        """The columns + 1 meridians or eastings between columns, from west to east."""
        return np.asarray(self.west + self.cell_width * np.arange(self.columns + 1))

    @property
    def y_edges(self) -> FloatArray:
        """The rows + 1 parallels or northings between rows, from north to south."""
        return np.asarray(self.north - self.cell_height * np.arange(self.rows + 1))


class CellAreas:
    """The ellipsoidal areas of a grid's cells, square metres."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._by_row = cell_areas_m2(grid.y_edges, grid.cell_width) if grid.is_geographic else np.empty(0)
        self._series = np.empty((0, 0)) if grid.is_geographic else _area_series(grid)

    @property
    def even(self) -> bool:
        """Whether all cells of a row are equally large."""
        return self._grid.is_geographic

    def of_rows(self, start: int, stop: int) -> FloatArray:
        """Return the areas of rows `start` to `stop` - 1; on a geographic grid a view of one column."""
        shape = (stop - start, self._grid.columns)
        if self._grid.is_geographic:
            return np.broadcast_to(self._by_row[start:stop, None], shape)
        degree = len(self._series) - 1
        by_row = chebyshev.chebvander(_unit(np.arange(start, stop), self._grid.rows), degree)
        by_column = self._series @ chebyshev.chebvander(_unit(np.arange(shape[1]), shape[1]), degree).T
        area = np.zeros(shape)
        # Term by term: how a matrix product adds up depends on how many rows it has.
        for term in range(degree + 1):
            area += by_row[:, term, None] * by_column[term]
        return area


def _unit(cell: FloatArray | IntArray, count: int) -> FloatArray:
    """Return cell centres on [-1, 1]; `cell` need not be whole."""
    return np.asarray((2 * cell + 1) / count - 1)


def _area_series(grid: Grid) -> FloatArray:
    """Return the coefficients of the cell area as a product of Chebyshev series in row and column."""
    for degree in _DEGREES:
        series = _fitted(grid, degree)
        node = chebyshev.chebpts1(degree + 2)
        found = chebyshev.chebgrid2d(node, node, series)
        wanted = _areas_at(grid, node)
        if np.isfinite(wanted).all() and (np.abs(found - wanted) <= _TOLERANCE * wanted).all():
            return series
    raise CrsError(
        "栅格", found=f"{grid.crs[:80]}：像元面积在栅格范围内不连续或变化过大",
        expected="在整个栅格范围内有效的投影", remedy="请裁剪到本市范围，或用最近邻法重投影到 EPSG:4490",
    )  # fmt: skip


def _fitted(grid: Grid, degree: int) -> FloatArray:
    node = chebyshev.chebpts1(degree + 1)
    # The Chebyshev polynomials are orthogonal over these nodes, so the inverse is the scaled transpose.
    inverse = chebyshev.chebvander(node, degree).T * (2 / (degree + 1))
    inverse[0] /= 2
    return np.asarray(inverse @ _areas_at(grid, node) @ inverse.T)


def _areas_at(grid: Grid, node: FloatArray) -> FloatArray:
    """Return the area of a cell centred at each pair of positions (row, column) on [-1, 1]."""
    x = grid.west + grid.cell_width * grid.columns * (node + 1) / 2
    y = grid.north - grid.cell_height * grid.rows * (node + 1) / 2
    metres = metres_per_unit(grid.crs)
    half_width = max(grid.cell_width, _SQUARE_M / metres) / 2
    half_height = max(grid.cell_height, _SQUARE_M / metres) / 2
    corner_x = x[None, :, None] + half_width * np.array([-1, 1, 1, -1])
    corner_y = y[:, None, None] + half_height * np.array([-1, -1, 1, 1])
    corner_x, corner_y = np.broadcast_arrays(corner_x, corner_y)
    px, py = plane_from(corner_x, corner_y, grid.crs)
    # Shoelace of a quadrilateral: half the cross product of its diagonals.
    first_x, first_y = px[..., 2] - px[..., 0], py[..., 2] - py[..., 0]
    second_x, second_y = px[..., 3] - px[..., 1], py[..., 3] - py[..., 1]
    square = np.abs(first_x * second_y - first_y * second_x) / 2
    return square * (grid.cell_width * grid.cell_height) / (4 * half_width * half_height)
