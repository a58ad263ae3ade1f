"""Mean, least and greatest value of a measured raster, such as elevation, in each zone.

mean(z) = sum over cells k with a value: fraction(z, k) area(k) value(k)  /  the same sum without value(k)
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.raster.coverage import covered_cells, unfolded
from cdgis.raster.geotiff import Pixels, Raster
from cdgis.raster.grid import CellAreas
from cdgis.raster.zonal import shapes_on
from cdgis.raster.zone_edges import outlines_of

_BAND_ROWS = 512
_ZONES_AT_ONCE = 256


def zone_means(raster: Raster, zones: GeoDataFrame) -> pd.DataFrame:
    """Return zone_id, mean, min, max, covered_m2 in the order of `zones`; NaN where no cell has a value.

    Parameters
    ----------
    raster : measured values; cells without a value are left out.
    zones : zone_id and valid polygons, EPSG:4490.
    """
    outlines = outlines_of(shapes_on(raster.grid, zones), raster.grid.origin_and_steps)
    count = len(zones)
    weight, product = np.zeros(count), np.zeros(count)
    least, greatest = np.full(count, np.inf), np.full(count, -np.inf)
    cell_areas = CellAreas(raster.grid)
    for start, pixels in raster.bands(_BAND_ROWS):
        values = measured(raster, pixels)
        area_m2 = cell_areas.of_rows(start, start + len(values))
        for first in range(0, count, _ZONES_AT_ONCE):
            some = np.arange(first, min(first + _ZONES_AT_ONCE, count))
            covered = covered_cells(outlines, some, (start, start + len(values)), raster.grid.columns)
            cells = unfolded(covered)
            row, zone = covered.row[cells.covered] - start, covered.zone[cells.covered]
            value, inside_m2 = values[row, cells.column], cells.fraction * area_m2[row, cells.column]
            known = ~np.isnan(value) & (cells.fraction > 0)
            zone, value, inside_m2 = zone[known], value[known], inside_m2[known]
            weight += np.bincount(zone, inside_m2, count)
            product += np.bincount(zone, inside_m2 * value, count)
            np.minimum.at(least, zone, value)
            np.maximum.at(greatest, zone, value)
    met = weight > 0
    return pd.DataFrame(
        {
            "zone_id": zones["zone_id"].to_numpy(),
            "mean": np.where(met, product / np.where(met, weight, 1.0), np.nan),
            "min": np.where(met, least, np.nan),
            "max": np.where(met, greatest, np.nan),
            "covered_m2": weight,
        }
    )


def measured(raster: Raster, pixels: Pixels) -> npt.NDArray[np.float64]:
    """Return pixels as numbers, NaN where there is no value."""
    values = np.asarray(pixels, dtype=float)
    return values if raster.nodata is None else np.where(values == raster.nodata, np.nan, values)
