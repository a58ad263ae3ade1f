"""Area of each land class in each zone, in one pass over the raster, band by band.

area(zone z, class c) = sum over cells k of class c:  fraction(z, k) * area(k)

Fractions are those of `coverage`, planar in the raster's own CRS, cell areas those of `grid.CellAreas`. Each
(zone, row, class) is added up from west to east and the rows from north to south, whatever the height of the
bands, the number of threads and the path taken, so the result is the same to the last bit.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.core.errors import CrsError, LayerError
from cdgis.core.progress import Progress, Silent
from cdgis.geometry.geodesy import GEOGRAPHIC_EPSG
from cdgis.geometry.planes import PlaneThreads
from cdgis.geometry.projections import project
from cdgis.raster.class_index import NODATA_CODE, ClassIndex, unlisted_code
from cdgis.raster.geotiff import Pixels, Raster
from cdgis.raster.grid import CellAreas, Grid
from cdgis.raster.sums import Band, add_band
from cdgis.raster.zone_edges import Outlines, outlines_of

_KERNEL = "cdgis.raster.sums_kernel"
_BYTES_PER_CELL = 40
"""Of a band: two bands of pixels, class positions, cell areas and what the plain path unfolds."""
_CELLS_AT_ONCE = 1e6
_PAYING_CELLS, _CELLS_PER_VERTEX = 20e6, 10
"""The plain path takes about 0.1 s for a million cells, and as long for a vertex as for ten cells."""
_PAYING_CELLS_ONCE_LOADED = 5e5
"""Where a job of this process has loaded compiled code already."""

Route = Literal["auto", "plain", "compiled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much of the machine a count may use; no number depends on it."""

    memory_mb: int = 256
    """Memory for pixels and what is computed from them, megabytes."""
    threads: int = 0
    """0 takes the machine's processors, up to 8."""
    route: Route = "auto"
    """Plain numpy for small jobs, compiled code where it pays; the numbers are the same."""


def class_areas(
    raster: Raster, zones: GeoDataFrame, *, effort: Effort | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """Return the area of every class in every zone: zone_id, class_code (int), area_m2, sorted by both.

    Parameters
    ----------
    raster : integer land classes in any CRS on CGCS2000 or WGS84.
    zones : zone_id and valid polygons, EPSG:4490; zones may overlap; rows that share an id are added up.

    Returns
    -------
    One row per zone and class met, area_m2 in ellipsoidal square metres. Cells without a value come back
    under NODATA_CODE. What lies outside the raster has no row: see `ledger.account_areas`.

    Raises
    ------
    CrsError : zones are in another CRS.
    LayerError : the file is damaged, or its values are no class codes.

    Notes
    -----
    Zone edges are straight in the raster's CRS here, straight in the measuring plane for the survey area; the
    difference is part of the residual that `ledger.account_areas` reports.
    """
    areas = areas_by_value(raster, zones, effort=effort, progress=progress)
    areas["class_code"] = land_classes(raster, areas["class_code"])
    return areas.groupby(["zone_id", "class_code"], as_index=False, sort=True).agg({"area_m2": "sum"})


def areas_by_value(
    raster: Raster, zones: GeoDataFrame, *, effort: Effort | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """Return zone_id, class_code as the file has it and area_m2; several rows for zones that share an id."""
    outlines = outlines_of(shapes_on(raster.grid, zones), raster.grid.origin_and_steps)
    codes, totals_m2 = _count(raster, outlines, effort or Effort(), progress or Silent())
    zone, position = np.nonzero(totals_m2)
    ids = zones["zone_id"]
    return pd.DataFrame(
        {
            "zone_id": ids.to_numpy()[zone] if ids.dtype == object else ids.array.take(zone),
            "class_code": np.asarray(codes, dtype=np.int64)[position],
            "area_m2": totals_m2[zone, position],
        }
    )


def shapes_on(grid: Grid, zones: GeoDataFrame) -> GeometryArray:
    """Return the zones' polygons in the CRS of `grid`.

    Raises
    ------
    CrsError : the zones are not in EPSG:4490.
    """
    found = zones.crs.to_epsg() if zones.crs is not None else None
    if found != GEOGRAPHIC_EPSG:
        raise CrsError("分区图层", found=f"EPSG:{found}", expected="EPSG:4490", remedy="经 read_layers 读入后再统计")
    return project(zones.geometry.to_numpy(), grid.crs)


def land_classes(raster: Raster, codes: pd.Series) -> pd.Series:
    """Return the land class of every code found in the file; codes its recoding does not list come as `unlisted_code`."""
    if not raster.recoding:
        return codes
    listed = {NODATA_CODE: NODATA_CODE, **raster.recoding}
    return codes.map({code: listed.get(code, unlisted_code(code)) for code in map(int, codes.unique())})


def _count(raster: Raster, outlines: Outlines, effort: Effort, progress: Progress) -> tuple[list[int], FloatArray]:
    """Return the class codes met and the area of each (zone, code), square metres."""
    rows = _band_rows(raster, effort)
    if raster.grid.rows > rows:
        progress.stage(f"栅格统计 {raster.record.layer}", -(-raster.grid.rows // rows))
    route: Route = "compiled" if _pays(outlines, effort.route) else "plain"
    add = _adder(route)
    index, cell_areas = ClassIndex(raster), CellAreas(raster.grid)
    totals_m2 = np.zeros((len(outlines), 1))
    bands = (_prepared(index, cell_areas, route, band) for band in raster.bands(rows))
    threads = effort.threads or min(os.cpu_count() or 1, 8)
    with PlaneThreads(threads) as pool:
        for band in _ahead(bands):
            totals_m2 = np.pad(totals_m2, ((0, 0), (0, len(index.codes) - totals_m2.shape[1])))
            list(
                pool.map(
                    lambda zones, band=band, totals_m2=totals_m2: add(band, outlines, zones, totals_m2),
                    _shares(outlines, band, threads),
                )
            )
            if raster.grid.rows > rows:
                progress.step(f"第 {band.first_row + 1} 行起")
    return index.codes, totals_m2


def _prepared(index: ClassIndex, cells: CellAreas, route: Route, band: tuple[int, Pixels]) -> Band:
    start, pixels = band
    if route == "compiled" and pixels.dtype == np.uint8:
        from cdgis.raster.sums_kernel import occurring_bytes

        codes, position = pixels, index.of_bytes(occurring_bytes(pixels))
    else:
        codes = index.positions(pixels)
        position = np.arange(len(index.codes), dtype=np.uint16)
    area_m2 = cells.of_rows(start, start + len(codes))
    return Band(first_row=start, codes=codes, position=position, cell_area_m2=area_m2, even=cells.even)


def _ahead(bands: Generator[Band, None, None]) -> Iterator[Band]:
    """Yield the bands while a thread of its own reads the next."""
    with PlaneThreads(1) as reader:
        try:
            waiting = reader.submit(next, bands, None)
            while (band := waiting.result()) is not None:
                waiting = reader.submit(next, bands, None)
                yield band
        finally:
            reader.submit(bands.close)


def _pays(outlines: Outlines, route: Route) -> bool:
    """Return whether the job is worth loading, and the first time making, compiled code; no number depends on it."""
    if route != "auto":
        return route == "compiled"
    paying = _PAYING_CELLS_ONCE_LOADED if _KERNEL in sys.modules else _PAYING_CELLS
    height = np.maximum(outlines.bottom - outlines.top, 0.0)
    width = np.maximum(outlines.right - outlines.left, 0.0)
    return bool((height * width).sum() + _CELLS_PER_VERTEX * len(outlines.x) > paying)


def _adder(route: Route) -> Callable[[Band, Outlines, IntArray, FloatArray], None]:
    if route == "plain":
        return add_band
    from cdgis.raster.sums_kernel import add_band as add_band_compiled

    return add_band_compiled


def _band_rows(raster: Raster, effort: Effort) -> int:
    """Return how many rows fit into the memory: whole stored blocks if any do.

    Raises
    ------
    LayerError : not even one row fits.
    """
    rows = effort.memory_mb * 1_000_000 // (_BYTES_PER_CELL * raster.grid.columns)
    if rows == 0:
        needed = -(-_BYTES_PER_CELL * raster.grid.columns // 1_000_000)
        problem = (
            f"一行有 {raster.grid.columns} 个像元，需要内存 {needed} MB，现限 {effort.memory_mb} MB。请调大内存上限"
        )
        raise LayerError(raster.record.path, raster.record.layer, (problem,))
    whole_blocks = rows - rows % raster.block_rows
    return int(min(whole_blocks or rows, raster.grid.rows))


def _shares(outlines: Outlines, band: Band, threads: int) -> Iterator[IntArray]:
    """Yield the zones that meet the band in groups of about equal work, one a thread or more, of bounded memory."""
    first, stop = band.rows
    meeting = np.flatnonzero((outlines.top < stop) & (outlines.bottom > first))
    height = np.minimum(outlines.bottom[meeting], stop) - np.maximum(outlines.top[meeting], first)
    width = np.minimum(outlines.right[meeting], band.codes.shape[1]) - np.maximum(outlines.left[meeting], 0)
    work = np.cumsum(height * np.maximum(width, 0) + _CELLS_PER_VERTEX * outlines.vertices[meeting])
    if len(work):
        share = min(_CELLS_AT_ONCE, work[-1] / threads + 1)
        yield from np.split(meeting, np.flatnonzero(np.diff(work // share)) + 1)
