"""Values of a raster that look like nodata which nobody declared.

A height below -500 m or above 9,000 m is no height, whatever it was meant to be. Zero is a fill value when it occurs and
every other height is at least some metres above it: real land comes down to the sea by steps. Land classes outside the
list of classes that equal a usual fill value are named as such. The bounds are data (raster_voids.toml).
"""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import tomli as tomllib

from cdgis.core.errors import LayerError
from cdgis.raster.geotiff import Raster
from cdgis.raster.means import measured

_BAND_ROWS = 512
_MOST_CELLS = 400_000_000
"""A grid that must be shifted is held in memory whole; a larger one is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A value that is read as none though nobody declared it so."""

    value: float
    cells: int

    @property
    def words(self) -> str:
        """What a reader must know and do."""
        return f"{self.value:g}（{self.cells:,} 个像元）像是没有声明的无数据，已按无数据处理"


@cache
def read_void_bounds() -> dict[str, Any]:
    """Return the tables of raster_voids.toml."""
    return tomllib.loads(files("cdgis").joinpath("data/raster_voids.toml").read_text(encoding="utf-8"))


def is_usual_filler(code: int) -> bool:
    """Return whether a class code is one that programs fill empty cells with."""
    return code in read_void_bounds()["classes"]["fillers"]


def true_heights(raster: Raster) -> tuple[Raster, tuple[Suspicion, ...]]:
    """Return an elevation raster whose suspected voids are read as no value, and what was suspected.

    Parameters
    ----------
    raster : metres; one whose catalogue entry says nodata = "无" is passed on as it is.

    Raises
    ------
    LayerError : so many values lie outside what heights can be that they are no heights in metres.
    """
    if raster.complete:
        return raster, ()
    found = _outside(raster)
    most = read_void_bounds()["elevation"]["most_values"]
    if len(found) > most:
        listed = "、".join(f"{value:g}" for value in sorted(found)[:most])
        problem = f"有 {len(found)} 种值不可能是以米计的海拔（如 {listed}）。请核对单位，或换用高程栅格"
        raise LayerError(raster.record.path, raster.record.layer, (problem,))
    suspected = tuple(Suspicion(value=value, cells=found[value]) for value in sorted(found))
    return raster.without(tuple(item.value for item in suspected)), suspected


def _outside(raster: Raster) -> dict[float, int]:
    """Return value -> number of cells, of heights that cannot be."""
    bounds = read_void_bounds()["elevation"]
    found: dict[float, int] = {}
    zeros, least = 0, np.inf
    for _, pixels in raster.bands(_BAND_ROWS):
        heights = measured(raster, pixels)
        wrong = (heights < bounds["lowest_m"]) | (heights > bounds["highest_m"])
        values, counts = np.unique(heights[wrong], return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            found[value] = found.get(value, 0) + count
        sound = heights[~wrong & ~np.isnan(heights)]
        zeros += int((sound == 0).sum())
        others = sound[sound != 0]
        least = min(least, float(others.min())) if len(others) else least
    if zeros and bounds["zero_gap_m"] <= least < np.inf:
        found[0.0] = zeros
    return found


def aligned(raster: Raster, like: Raster) -> Raster | None:
    """Return `raster` on the rows and columns of `like`, without a value beyond its own edges; None where cells differ.

    Notes
    -----
    Only whole cells are shifted: nothing is resampled.
    """
    offset = like.grid.offset_of(raster.grid)
    if offset is None:
        return None
    if raster.grid.agrees_with(like.grid):
        return replace(raster, grid=like.grid)
    if max(raster.grid.rows * raster.grid.columns, like.grid.rows * like.grid.columns) > _MOST_CELLS:
        return None
    values = np.asarray(raster.values)
    fill = raster.nodata if raster.nodata is not None else np.nan
    kind = values.dtype if raster.nodata is not None else np.dtype(float)
    out = np.full((like.grid.rows, like.grid.columns), fill, dtype=kind)
    (down, right), (rows, columns) = offset, values.shape
    top, left = max(down, 0), max(right, 0)
    bottom, end = min(down + rows, like.grid.rows), min(right + columns, like.grid.columns)
    if top < bottom and left < end:
        out[top:bottom, left:end] = values[top - down : bottom - down, left - right : end - right]
    return replace(raster, grid=like.grid, pixels=out, masked=False, voids=())

