"""Flow directions on an elevation grid, and what each cell drains.

Depressions are filled to their pour point by priority flood (Wang & Liu 2006, doi:10.1080/13658810500433453,
pyflwdir); then each cell drains to the steepest of its eight neighbours on the filled surface (O'Callaghan &
Mark 1984), distances being those of the row's latitude, and through level ground straight to the way out
(rivers.flats). So (filled height, mask of the flat) falls along every step and no circle can arise.
Upstream area is the sum of ellipsoidal cell areas (DESIGN 4.2), never cells times a nominal square.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import NetworkError
from cdgis.geometry.geodesy import cell_areas_m2, geodesic_distance_m

if TYPE_CHECKING:
    from pyflwdir import FlwdirRaster

Codes = npt.NDArray[np.uint8]

_PIT, _NODATA = 0, 247
_STEPS = ((0, 1, 1), (1, 1, 2), (1, 0, 4), (1, -1, 8), (0, -1, 16), (-1, -1, 32), (-1, 0, 64), (-1, 1, 128))
"""Row step, column step and D8 code, clockwise from east; ties go to the first."""


@dataclass(frozen=True, kw_only=True)
class FlowGrid:
    """Flow directions of one elevation grid, north up, EPSG:4490 degrees."""

    lon_edges_deg: FloatArray
    lat_edges_deg: FloatArray
    """From north to south."""
    receiver: npt.NDArray[np.signedinteger]
    """Row-major index of the cell each cell drains to; itself at an outlet, -1 without elevation."""
    filled_m: npt.NDArray[np.float32]
    upstream_km2: npt.NDArray[np.float64]
    """Area drained by each cell, itself included; NaN without elevation."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.filled_m.shape
        return rows, columns

    @cached_property
    def _directions(self) -> "FlwdirRaster":
        # Loading the library compiles or loads machine code for a second: only whole catchments are worth it.
        from pyflwdir import FlwdirRaster

        return FlwdirRaster(idxs_ds=self.receiver, shape=self.shape, ftype="d8", latlon=True)

    def cells_at(self, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        """Return the row-major index of the cells holding positions in degrees, -1 outside the grid."""
        rows, columns = self.shape
        column = np.searchsorted(self.lon_edges_deg, lon_deg, side="right") - 1
        row = np.searchsorted(-self.lat_edges_deg, -np.asarray(lat_deg), side="right") - 1
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.asarray(np.where(inside, row * columns + column, -1), dtype=np.int64)

    def centres(self, cells: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return longitudes and latitudes of cell centres, degrees."""
        row, column = np.divmod(cells, self.shape[1])
        lon = (self.lon_edges_deg[:-1] + self.lon_edges_deg[1:]) / 2
        lat = (self.lat_edges_deg[:-1] + self.lat_edges_deg[1:]) / 2
        return lon[column], lat[row]

    def catchments(self, outlets: IntArray) -> npt.NDArray[np.int32]:
        """Return per cell the 1-based position in `outlets` of the first outlet downstream, 0 if none."""
        ids = np.arange(1, len(outlets) + 1, dtype=np.int32)
        return np.asarray(self._directions.basins(idxs=np.asarray(outlets), ids=ids), dtype=np.int32)

    def reaches_edge(self) -> npt.NDArray[np.bool_]:
        """Return which cells drain some cell on the edge of the elevation: their true area is at least what is given."""
        valid = self.receiver.reshape(self.shape) >= 0
        padded = np.pad(valid, 1)
        inner = np.logical_and.reduce([padded[1 + r : padded.shape[0] - 1 + r, 1 + c : padded.shape[1] - 1 + c]
                                       for r, c, _ in _STEPS])  # fmt: skip
        edge = (valid & ~inner).astype(np.float32)
        return np.asarray(self._directions.accuflux(edge) > 0)


def flow_from_elevation(
    elevation_m: npt.NDArray[np.generic], *, lon_edges_deg: FloatArray, lat_edges_deg: FloatArray, nodata: float | None = None
) -> FlowGrid:
    """Return where water flows on `elevation_m` (metres, rows from north to south).

    Parameters
    ----------
    lon_edges_deg, lat_edges_deg : n + 1 cell edges, west to east and north to south, EPSG:4490.
    nodata : value of cells without elevation; NaN always means none.

    Raises
    ------
    NetworkError : no cell has an elevation.

    Notes
    -----
    Water leaves at the edge of the elevation only; a closed basin inside is filled until it spills.
    """
    import pyflwdir
    from pyflwdir.dem import fill_depressions

    heights = np.array(elevation_m, dtype=np.float32)
    if nodata is not None:
        heights[np.asarray(elevation_m) == nodata] = np.nan
    if np.isnan(heights).all():
        raise NetworkError("高程栅格里没有一个有值的格子，无法推导水系", remedy="请检查 nodata 设置和文件内容")
    filled, codes = fill_depressions(heights, nodata=np.nan)
    _point_down(filled, codes, lon_edges_deg, lat_edges_deg)
    directions = pyflwdir.from_array(codes, ftype="d8", check_ftype=False, latlon=True)
    area_km2 = cell_areas_m2(lat_edges_deg, float(lon_edges_deg[1] - lon_edges_deg[0])) / 1e6
    upstream = directions.accuflux(np.repeat(area_km2, filled.shape[1]).reshape(filled.shape))
    return FlowGrid(
        lon_edges_deg=lon_edges_deg, lat_edges_deg=lat_edges_deg, receiver=np.asarray(directions.idxs_ds),
        filled_m=filled, upstream_km2=np.where(np.isnan(filled), np.nan, upstream),
    )  # fmt: skip


def _point_down(filled: npt.NDArray[np.float32], codes: Codes, lon_edges: FloatArray, lat_edges: FloatArray) -> None:
    """Turn `codes`, in place, to the steepest lower neighbour, and through level ground to its way out."""
    from cdgis.rivers.flats import steps_through_flats

    rows, columns = filled.shape
    best = np.zeros_like(filled)
    free = (codes != _PIT) & (codes != _NODATA)
    for row_step, column_step, code in _STEPS:
        here = (slice(max(0, -row_step), rows - max(0, row_step)),
                slice(max(0, -column_step), columns - max(0, column_step)))  # fmt: skip
        there = (slice(max(0, row_step), rows + min(0, row_step)),
                 slice(max(0, column_step), columns + min(0, column_step)))  # fmt: skip
        length = _step_lengths(lon_edges, lat_edges, row_step, column_step)[here[0], None]
        drop = (filled[here] - filled[there]) / length
        better = (drop > best[here]) & free[here]
        best[here][better] = drop[better]
        codes[here][better] = code
    metres = np.column_stack([_step_lengths(lon_edges, lat_edges, row, column) for row, column, _ in _STEPS])
    steps = np.array([step[:2] for step in _STEPS], dtype=np.int64)
    chosen = steps_through_flats(filled, free & (best == 0), steps, metres)
    codes[chosen >= 0] = np.array([code for *_, code in _STEPS], dtype=np.uint8)[chosen[chosen >= 0]]


def _step_lengths(lon_edges: FloatArray, lat_edges: FloatArray, row_step: int, column_step: int) -> npt.NDArray[np.float32]:
    """Return for each row the metres from a cell centre to the neighbour one step away."""
    lat = (lat_edges[:-1] + lat_edges[1:]) / 2
    height, width = float(lat_edges[0] - lat_edges[1]), float(lon_edges[1] - lon_edges[0])
    zero = np.zeros_like(lat)
    metres = geodesic_distance_m(zero, lat, zero + column_step * width, lat - row_step * height)
    return np.asarray(metres, dtype=np.float32)
