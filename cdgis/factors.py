"""Which carbon factors do we use, from which source, and how sure are they? (cdgis/data/carbon/*.csv)

A pool table gives tonnes of carbon per hectare for each land class; pools a source does not tell apart stay
blank, and soils of unlike depth are refused here, so that no account can add them up.
"""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
import pandas as pd

from cdgis.errors import CarbonError
from cdgis.model import Mark

POOLS = ("vegetation", "dead", "soil")
"""The pools that carry a range; vegetation is all living biomass, above + below ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTable:
    """Carbon densities of all land classes, one soil depth."""

    name: str
    frame: pd.DataFrame
    """class_code (int), land_class, above/below_tc_per_ha, and for each of POOLS x: x_tc_per_ha (the mid
    value), x_low_tc_per_ha, x_high_tc_per_ha (5 and 95 %), x_source, x_mark; soil_depth_cm; note. Blank is NaN."""
    soil_depth_cm: float | None
    """The one depth all soil values share; None if there is no soil value at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How much carbon each restoration measure adds per hectare and year."""

    frame: pd.DataFrame
    """measure, method (age_class | rate), low/mid/high_tc_per_ha_yr, duration_yr, mark, source, note."""
    age_yr: tuple[float, ...]
    """Ages (years) of the density knots used by method age_class, starting at 0."""
    density_tc_per_ha: tuple[float, ...]
    """Vegetation carbon at these ages."""
    range_age_yr: tuple[float, ...]
    """Ages (years) of the range knots."""
    half_range_share: tuple[float, ...]
    """Half-width of the range at these ages, as a share of the yearly increment."""


def read_pool_table(name: str, folder: Traversable | None = None) -> PoolTable:
    """Return the pool table `name` (``pools_<name>.csv``) from `folder` or from the shipped data.

    Raises
    ------
    CarbonError : no such table, or rows that break its rules; all faults at once.
    """
    source = _data(folder).joinpath(f"pools_{name}.csv")
    if not source.is_file():
        known = "、".join(sorted(p.name[6:-4] for p in _data(folder).iterdir() if p.name.startswith("pools_")))
        raise CarbonError(f"没有名为 {name} 的碳密度表。现有：{known}。请改 cdgis.toml 的 carbon.pool_table")
    frame = _read(source)
    frame["class_code"] = frame["class_code"].astype(int)
    problems = _pool_problems(frame)
    if problems:
        raise CarbonError(f"碳密度表 {source.name} 有误：" + "；".join(problems))
    depths = frame["soil_depth_cm"].dropna().unique()
    return PoolTable(name=name, frame=frame, soil_depth_cm=float(depths[0]) if len(depths) else None)


def _pool_problems(frame: pd.DataFrame) -> list[str]:
    """Return what is wrong with a pool table, in Chinese, one entry per fault."""
    problems = [f"类别 {c} 重复" for c in frame.loc[frame["class_code"].duplicated(), "class_code"]]
    problems += [f"{c} 缺植被碳密度" for c in frame.loc[frame["vegetation_tc_per_ha"].isna(), "land_class"]]
    depths = sorted(frame["soil_depth_cm"].dropna().unique())
    if len(depths) > 1:
        listed = "、".join(f"{depth:g}" for depth in depths)
        problems.append(f"土壤深度不一（{listed} 厘米），不得合计：请留空或换用同一深度的来源")
    unlike = frame["soil_depth_cm"].isna() != frame["soil_tc_per_ha"].isna()
    problems += [f"{c} 的土壤值与深度须同时填写或同时留空" for c in frame.loc[unlike, "land_class"]]
    for pool in POOLS:
        low, mid, high = (frame[f"{pool}{part}_tc_per_ha"] for part in ("_low", "", "_high"))
        bad = mid.notna() & ~((low >= 0) & (low <= mid) & (mid <= high))
        problems += [f"{c} 的 {pool} 应满足 0≤低≤中≤高" for c in frame.loc[bad, "land_class"]]
        unmarked = mid.notna() & ~(frame[f"{pool}_mark"].isin(list(Mark)) & (frame[f"{pool}_source"] != ""))
        problems += [f"{c} 的 {pool} 缺来源或出处标记" for c in frame.loc[unmarked, "land_class"]]
    return problems


def read_measures(forest_type: str = "针叶林", folder: Traversable | None = None) -> Measures:
    """Return the restoration measures; 造林 grows like the stands of `forest_type` in northern Hebei.

    Raises
    ------
    CarbonError : `forest_type` has no age-class table, or a measure's numbers are out of order.
    """
    root = _data(folder)
    ages = _read(root.joinpath("age_class_carbon.csv"))
    curve = ages[ages["forest_type"] == forest_type].sort_values("age_yr")
    if curve.empty:
        known = "、".join(ages["forest_type"].drop_duplicates())
        raise CarbonError(f"没有 {forest_type} 的龄级碳密度表。现有：{known}")
    spread = _read(root.joinpath("age_class_range.csv")).sort_values("age_yr")
    frame = _read(root.joinpath("potential_measures.csv"))
    low, mid, high = (frame[f"{part}_tc_per_ha_yr"] for part in ("low", "mid", "high"))
    bad = frame.loc[(frame["method"] == "rate") & ~((low <= mid) & (mid <= high)), "measure"]
    if len(bad):
        raise CarbonError(f"修复措施增汇率应满足 低≤中≤高：{'、'.join(bad)}")
    return Measures(
        frame=frame,
        age_yr=(0.0, *curve["age_yr"]),
        density_tc_per_ha=(0.0, *curve["vegetation_tc_per_ha"]),
        range_age_yr=tuple(spread["age_yr"]),
        half_range_share=tuple(spread["half_range_share"]),
    )


def _data(folder: Traversable | None) -> Traversable:
    return folder if folder is not None else files("cdgis").joinpath("data", "carbon")


def _read(source: Traversable) -> pd.DataFrame:
    """Return a factor CSV with text as str ("" when blank) and columns that carry a unit as float."""
    with source.open("r", encoding="utf-8-sig") as stream:
        frame = pd.read_csv(stream, dtype=str, keep_default_na=False)
    for column in frame.columns:
        if column.endswith(("_tc_per_ha", "_tc_per_ha_yr", "_cm", "_yr", "_share")):
            try:
                frame[column] = frame[column].replace("", np.nan).astype(float)
            except ValueError as err:
                raise CarbonError(f"{source.name} 的 {column} 应为数字：{err}") from err
    return frame
