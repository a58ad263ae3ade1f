"""Raster cells under the account: class pairs of two dates, heights, slopes, and why a cell is excluded.

All composites are class rasters of small integers on one grid, so that one exact zonal count serves them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.carbon.factors import Exclusion
from cdgis.core.array_types import FloatArray
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.raster import NODATA_CODE, Effort, PixelBands, Pixels, Raster, class_areas

KEPT_CODE = 10_000
"""Added to the land class of a cell that no reason takes off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Height, slope and whether the slope faces north, by cell; NaN where nothing is known."""

    elevation_m: FloatArray
    slope_deg: FloatArray
    faces_north: FloatArray
    """1 = the ground falls towards the north, 0 = it does not."""

    def rows(self, start: int, count: int) -> "Terrain":
        """Return `count` rows from `start` on."""
        part = slice(start, start + count)
        return Terrain(
            elevation_m=self.elevation_m[part], slope_deg=self.slope_deg[part], faces_north=self.faces_north[part]
        )


def composite(like: Raster, codes: npt.NDArray[np.int64] | PixelBands) -> Raster:
    """Return a raster of integer `codes`, or of what makes them band by band, on the grid of `like`.

    NODATA_CODE stands where there is no value.
    """
    return replace(like, pixels=codes, nodata=float(NODATA_CODE), masked=False, recoding={})


def later_areas(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return zone_id, class_code, area_m2 of the later date."""
    areas = pairs.rename(columns={"to_code": "class_code"})
    return areas.groupby(["zone_id", "class_code"], as_index=False).agg({"area_m2": "sum"})


def codes_of(raster: Raster, pixels: Pixels) -> npt.NDArray[np.int64]:
    """Return the land classes of some of a raster's pixels, NODATA_CODE where there is none or none that is listed."""
    values = np.asarray(pixels, dtype=float)
    empty = np.isnan(values) | (values == raster.nodata if raster.nodata is not None else False)
    codes = np.where(empty, NODATA_CODE, values).astype(np.int64)
    if not raster.recoding:
        return codes
    keys = np.array(sorted(raster.recoding))
    mapped = np.array([raster.recoding[int(key)] for key in keys])
    place = np.searchsorted(keys, codes).clip(0, len(keys) - 1)
    return np.where((codes == NODATA_CODE) | (keys[place] != codes), NODATA_CODE, mapped[place])


def terrain_of(dem: Raster) -> Terrain:
    """Return slope and aspect by central differences; a coarse grid makes slopes gentler than they are."""
    values = np.asarray(dem.values, dtype=float)
    height = np.where(values == dem.nodata, np.nan, values) if dem.nodata is not None else values
    down_m, right_m = dem.grid.cell_height, np.full((dem.grid.rows, 1), dem.grid.cell_width)
    if dem.grid.is_geographic:
        lat = (dem.grid.y_edges[1:] + dem.grid.y_edges[:-1]) / 2
        right_m = dem.grid.cell_width * METRES_PER_DEGREE * np.cos(np.radians(lat))[:, None]
        down_m = dem.grid.cell_height * METRES_PER_DEGREE
    southward, eastward = np.gradient(height)
    rise_north, rise_east = -southward / down_m, eastward / right_m
    slope = np.degrees(np.arctan(np.hypot(rise_north, rise_east)))
    north = np.where(np.isnan(rise_north), np.nan, (rise_north < 0).astype(float))
    return Terrain(elevation_m=height, slope_deg=slope, faces_north=north)


def reason_raster(classes: Raster, reasons: Sequence[Exclusion], terrain: Terrain | None) -> Raster:
    """Return a raster of the first reason (from 1) for which a cell is taken off; KEPT_CODE + class where none holds.

    A terrain limit where the height is not known takes nothing off; the ledger says when there is no terrain.
    """

    def bands(rows: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (first row, reasons) of `rows` rows at a time."""
        for start, pixels in classes.bands(rows):
            ground = terrain.rows(start, len(pixels)) if terrain is not None else None
            yield start, _first_reasons(codes_of(classes, pixels), reasons, ground)

    return composite(classes, bands)


def _first_reasons(
    codes: npt.NDArray[np.int64], reasons: Sequence[Exclusion], terrain: Terrain | None
) -> npt.NDArray[np.int64]:
    found = codes + KEPT_CODE
    for number, reason in reversed(list(enumerate(reasons, start=1))):
        found[_holds(reason, codes, terrain)] = number
    found[codes == NODATA_CODE] = NODATA_CODE
    return found


def _holds(reason: Exclusion, codes: npt.NDArray[np.int64], terrain: Terrain | None) -> npt.NDArray[np.bool_]:
    if reason.kind == "land_class":
        return np.isin(codes, [int(code) for code in reason.target.split(LIST_SEPARATOR) if code])
    if terrain is None or reason.limit is None:
        return np.zeros(codes.shape, dtype=bool)
    values = terrain.elevation_m if reason.kind == "elevation_max_m" else terrain.slope_deg
    return np.asarray(values > reason.limit)


def zone_mean(
    grid: FloatArray, like: Raster, zones: GeoDataFrame, *, step: float, effort: Effort | None = None
) -> pd.Series:
    """Return zone_id -> area-weighted mean of `grid`, rounded cell by cell to `step`; zones without a value are absent."""
    codes = np.where(np.isnan(grid), NODATA_CODE, np.round(grid / step) + 1)
    areas = class_areas(composite(like, codes.astype(np.int64)), zones, effort=effort)
    areas = areas[areas["class_code"] != NODATA_CODE]
    weighted = areas.assign(product=(areas["class_code"] - 1) * step * areas["area_m2"])
    sums = weighted.groupby("zone_id")[["product", "area_m2"]].sum()
    return sums["product"] / sums["area_m2"]
