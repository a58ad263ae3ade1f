"""Areas by zone, class before and class after, cell by cell.

Both rasters must lie on the same grid: resampling one to the other would invent change along every border.
"""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.errors import LayerError
from cdgis.core.progress import Progress
from cdgis.raster.class_index import ClassIndex
from cdgis.raster.geotiff import Pixels, Raster
from cdgis.raster.zonal import Effort, areas_by_value, land_classes

_STRIDE = 4096
"""More than the positions a `ClassIndex` gives out."""


def transition_areas(
    before: Raster,
    after: Raster,
    zones: GeoDataFrame,
    *,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return zone_id, from_code, to_code, area_m2, sorted; NODATA_CODE where a raster has no value.

    Parameters
    ----------
    before, after : integer land classes on the same grid.
    zones : as for `zonal.class_areas`.

    Raises
    ------
    LayerError : the grids differ, or as `zonal.class_areas` raises for either raster.
    """
    if not before.grid.agrees_with(after.grid):
        problem = f"与 {before.record.path} 的行列、范围或坐标系不一致，不能逐像元比较。请用最近邻法重采样到同一格网"
        raise LayerError(after.record.path, after.record.layer, (problem,))
    first, second = ClassIndex(before), ClassIndex(after)

    def both(rows: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (first row, class pairs as single codes) of `rows` rows at a time."""
        for (start, old), (_, new) in zip(before.bands(rows), after.bands(rows), strict=True):
            yield start, first.positions(old).astype("int32") * _STRIDE + second.positions(new)

    pairs = replace(before, pixels=both, nodata=None, recoding={})
    areas = areas_by_value(pairs, zones, effort=effort, progress=progress)
    old, new = areas["class_code"] // _STRIDE, areas["class_code"] % _STRIDE
    areas["from_code"] = land_classes(before, old.map(dict(enumerate(first.codes))))
    areas["to_code"] = land_classes(after, new.map(dict(enumerate(second.codes))))
    return areas.groupby(["zone_id", "from_code", "to_code"], as_index=False, sort=True).agg({"area_m2": "sum"})
