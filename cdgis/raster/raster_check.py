"""Whether a raster's values can be what the catalogue says it holds: range, empty cells, class codes, cover, grid.

What reading takes for "nothing here" although nobody declared it (`suspected_voids`) is told here, and nothing else is.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CdgisError, LayerError
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.raster.class_index import NODATA_CODE
from cdgis.raster.geotiff import Pixels, Raster, read_raster
from cdgis.raster.grid import Grid
from cdgis.raster.means import measured
from cdgis.raster.suspected_voids import is_usual_filler, true_heights
from cdgis.raster.zonal import class_areas
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.fault import Fault
from cdgis.workspace.layer_place import Box

_DECLARE = "是空值的在目录条目写 nodata，或在 GeoTIFF 中声明"
_VOID_SHARE = 1e-6
"""Void of a smaller share of the city is what the straightness of edges makes."""
_MOST_VALUES = 200_000
_BAND_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterUse:
    """What the workspace takes a raster for."""

    codes: Collection[int] = ()
    """Land classes the account knows; () when the values are no classes."""
    recoding: Mapping[int, int] = field(default_factory=dict)
    """Value in the file -> land class, and by `titles` what its legend calls it."""
    titles: Mapping[int, str] = field(default_factory=dict)
    elevation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The values of a raster, without its empty cells."""

    values: FloatArray
    """Different values, ascending; the extremes alone when there are too many to list."""
    counts: npt.NDArray[np.int64]
    """Cells of each; 0 when they were not counted."""
    cells: int
    empty: int


VOID_REMEDY = "补齐空洞或换成覆盖全市的栅格；空洞处的结果只能是资料不足"


def check_raster(
    spec: LayerSpec, folder: Path, use: RasterUse, city: GeoDataFrame | None, *, home: Box | None = None
) -> tuple[Fault, ...]:
    """Return what is wrong with one raster.

    Parameters
    ----------
    folder : the catalogue's folder.
    city : the area the raster should fill, EPSG:4490; None when it is not known.
    home : the box sites of the place must lie in, degrees.
    """
    try:
        raster = read_raster(spec, folder, home=home)
        raster, suspected = true_heights(raster) if use.elevation else (raster, ())
        content = _content(raster)
        if content.cells == content.empty:
            problem = "全部像元都是空值，等于没有这个图层"
            return (Fault(layer=spec.id, zone_id="", problem=problem, remedy="换成完整的文件", grave=True),)
        faults = [Fault(layer=spec.id, zone_id="", problem=item.words, remedy=_DECLARE) for item in suspected]
        faults += _value_faults(spec, content)
        if use.codes:
            faults += _code_faults(spec, use, content)
        if city is not None and len(city):
            faults += _void_faults(spec, raster, city)
    except CdgisError as err:
        return (unreadable(spec.id, err),)
    return tuple(faults)


def unreadable(layer: str, err: CdgisError) -> Fault:
    """Return the fault of a layer that cannot be read at all."""
    reason = "；".join(err.problems) if isinstance(err, LayerError) else err.reason
    return Fault(layer=layer, zone_id="", problem=f"读不出来：{reason}", remedy=err.remedy, grave=True)


def grid_faults(spec: LayerSpec, grid: Grid, other: LayerSpec, other_grid: Grid) -> tuple[Fault, ...]:
    """Return that two rasters which are compared cell by cell do not have the same cells.

    Reading shifts by whole cells and resamples nothing.
    """
    if grid.agrees_with(other_grid):
        return ()
    if grid.offset_of(other_grid) is not None:
        extents = f"{grid.rows} 行 {grid.columns} 列，{other.id} 是 {other_grid.rows} 行 {other_grid.columns} 列"
        problem = f"范围与 {other.id} 不同（{extents}），只比较两期都有的像元"
        return (Fault(layer=spec.id, zone_id="", problem=problem, remedy="换成同一范围的栅格"),)
    if grid.crs != other_grid.crs:
        found = f"坐标系 {grid.crs}，{other.id} 是 {other_grid.crs}"
    else:
        off = max(
            abs(grid.west - other_grid.west) / grid.cell_width, abs(grid.north - other_grid.north) / grid.cell_height,
            abs(grid.cell_width - other_grid.cell_width) * grid.columns / grid.cell_width,
            abs(grid.cell_height - other_grid.cell_height) * grid.rows / grid.cell_height,
        )  # fmt: skip
        found = f"与 {other.id} 的格网错开 {off:.3g} 个像元"
    problem = f"{found}，两期不能逐像元比较"
    return (Fault(layer=spec.id, zone_id="", problem=problem, remedy="用最近邻法重采样到同一格网"),)


def _content(raster: Raster) -> _Content:
    rows = max(1, _BAND_CELLS // raster.grid.columns)
    seen: dict[float, int] = {}
    low, high, cells, empty, countable = np.inf, -np.inf, 0, 0, True
    for _, pixels in raster.bands(rows):
        values = measured(raster, pixels)
        filled = values[~np.isnan(values)]
        cells, empty = cells + pixels.size, empty + pixels.size - len(filled)
        if not len(filled):
            continue
        low, high = min(low, float(filled.min())), max(high, float(filled.max()))
        if countable:
            values, counts = np.unique(filled, return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                seen[value] = seen.get(value, 0) + count
            countable = len(seen) <= _MOST_VALUES
    if not countable:
        return _Content(values=np.array([low, high]), counts=np.zeros(2, np.int64), cells=cells, empty=empty)
    values = np.array(sorted(seen), dtype=float)
    return _Content(values=values, counts=np.array([seen[v] for v in values], np.int64), cells=cells, empty=empty)


def _value_faults(spec: LayerSpec, content: _Content) -> list[Fault]:
    real, faults = content.values, []
    if not np.isfinite(real).all():
        faults.append(Fault(layer=spec.id, zone_id="", problem="有无穷大的值", remedy="在源文件中改为空值"))
    if len(real) == 1 and content.cells > 1:
        problem = f"所有有值的像元都是 {real[0]:g}"
        faults.append(Fault(layer=spec.id, zone_id="", problem=problem, remedy="核对导出的波段与文件"))
    return faults


def _code_faults(spec: LayerSpec, use: RasterUse, content: _Content) -> list[Fault]:
    values = content.values
    whole = values[np.isfinite(values) & (values == np.floor(values))]
    if len(whole) < len(values):
        problem = f"有不是整数的值（如 {values[~np.isin(values, whole)][0]:g}），不是类别编码"
        return [Fault(layer=spec.id, zone_id="", problem=problem, remedy="换成类别栅格；重采样请用最近邻法")]
    strange = {int(v) for v in whole if use.recoding.get(int(v)) not in use.codes}
    faults = []
    for value in sorted(strange):
        cells = int(content.counts[values == value].sum())
        hint = "，疑为未声明的空值" if is_usual_filler(value) else ""
        title = use.titles.get(value, "")
        why = "没有碳密度" if title else "不在图例里"
        problem = f"类别编码 {value}（{title}{'，' if title else ''}{cells} 个像元）{why}{hint}"
        remedy = f"{_DECLARE}；是类别的在目录条目的 classes 中写明它是哪一类"
        faults.append(Fault(layer=spec.id, zone_id=str(value), problem=problem, remedy=remedy))
    return faults


def _void_faults(spec: LayerSpec, raster: Raster, city: GeoDataFrame) -> list[Fault]:
    problem, grave = void_words(raster, city)
    return [Fault(layer=spec.id, zone_id="", problem=problem, remedy=VOID_REMEDY, grave=grave)] if problem else []


def void_words(raster: Raster, city: GeoDataFrame) -> tuple[str, bool]:
    """Return how much of the city has no value, be it empty or beyond the raster's edge, "" for next to none; and whether it is all.

    Parameters
    ----------
    city : EPSG:4490.
    """
    zones = city[["geometry"]].assign(zone_id="all")
    total_m2 = float(survey_area_m2(np.asarray(zones.geometry.array, dtype=object)).sum())
    areas: pd.DataFrame = class_areas(_presence(raster), zones)
    valued_m2 = float(areas.loc[areas["class_code"] == 1, "area_m2"].sum())
    share = 1 - valued_m2 / total_m2 if total_m2 else 0.0
    if share <= _VOID_SHARE * 10:
        return "", False
    if valued_m2 == 0:
        return "市域内一个有值的像元也没有，等于没有这个图层", True
    outside = 1 - float(areas["area_m2"].sum()) / total_m2
    return f"市域有 {share:.2%} 没有值（其中 {max(outside, 0.0):.2%} 在栅格范围以外）", False


def _presence(raster: Raster) -> Raster:
    """Return 1 where the raster has a value, no data elsewhere."""

    def bands(rows: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (first row, presence) of `rows` rows at a time."""
        for start, pixels in raster.bands(rows):
            yield start, np.where(np.isnan(measured(raster, pixels)), NODATA_CODE, 1).astype(np.int64)

    return replace(raster, pixels=bands, nodata=float(NODATA_CODE), masked=False, recoding={})
