"""Carbon per hectare of each land class (cdgis/data/carbon/pools_*.csv).

Pools a source does not tell apart stay blank, and soils of unlike depth are refused here, so that no account
can add them up.
"""

from dataclasses import dataclass
from importlib.resources.abc import Traversable

import pandas as pd

from cdgis.carbon.factors.source import factor_file, factor_files, read_shipped, read_source
from cdgis.core.errors import CarbonError
from cdgis.core.vocabulary import Mark

POOLS = ("vegetation", "dead", "soil")
POOL_WORDS = {"vegetation": "植被", "dead": "死有机质", "soil": "土壤"}
"""The pools that carry a range; vegetation is all living biomass, above + below ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTable:
    """Carbon densities of all land classes, one soil depth."""

    name: str
    frame: pd.DataFrame
    """class_code (int), land_class, above/below_tc_per_ha, and for each of POOLS x: x_tc_per_ha (the mid
    value), x_low_tc_per_ha, x_high_tc_per_ha (5 and 95 %), x_source, x_group (kind of source whose
    error its values share), x_mark; soil_depth_cm; note. Blank is NaN."""
    soil_depth_cm: float | None
    """The one depth all soil values share; None if there is no soil value at all."""

    def codes(self, *roles: str) -> tuple[int, ...]:
        """Return the class codes of the land classes with these roles (land_classes.csv), ascending."""
        mine = self.frame["land_class"].isin(self.classes(*roles))
        return tuple(sorted(self.frame.loc[mine, "class_code"].astype(int)))

    def classes(self, *roles: str) -> tuple[str, ...]:
        """Return the names of the land classes with these roles."""
        known = land_class_roles()
        return tuple(name for name in self.frame["land_class"] if known.get(name) in roles)

    @property
    def words(self) -> str:
        """What a reader reads of the table: a file's name says nothing to most of them."""
        return f"土壤计至 {self.soil_depth_cm:g} 厘米的密度表" if self.soil_depth_cm else "不含土壤的密度表"


def land_class_roles() -> dict[str, str]:
    """Return land class -> role: forest, shrub, grassland, orchard, cropland, wetland, water, built, bare or snow."""
    classes = read_shipped("land_classes")
    return dict(zip(classes["land_class"], classes["role"], strict=True))


def read_pool_table(name: str, folder: Traversable | None = None) -> PoolTable:
    """Return the pool table `name` (``pools_<name>.csv``) from `folder` or of the place; without a name, the place's first.

    Raises
    ------
    CarbonError : no such table, or rows that break its rules; all faults at once.
    """
    listed = [file.removeprefix("pools_").removesuffix(".csv") for file in factor_files("pools_*.csv", folder)]
    if not listed and not name:
        raise CarbonError("本地没有碳密度表", remedy="请在本市数据包里放入 carbon/pools_<名称>.csv（写法见 docs/packs.md）")
    name = name or listed[0]
    source = factor_file(f"pools_{name}.csv", folder)
    if not source.is_file():
        known = "、".join(sorted(listed)) or "没有"
        raise CarbonError(f"没有名为 {name} 的碳密度表。现有：{known}", remedy="请改 cdgis.toml 的 carbon.pool_table")
    frame = read_source(source)
    frame["class_code"] = frame["class_code"].astype(int)
    for pool in POOLS:
        # A table that names no groups: values said to come from the very same source share its error.
        frame[f"{pool}_group"] = frame.get(f"{pool}_group", frame[f"{pool}_source"])
    problems = _pool_problems(frame)
    if problems:
        raise CarbonError(f"碳密度表 {source.name} 有误：" + "；".join(problems))
    depths = frame["soil_depth_cm"].dropna().unique()
    return PoolTable(name=name, frame=frame, soil_depth_cm=float(depths[0]) if len(depths) else None)


def _pool_problems(frame: pd.DataFrame) -> list[str]:
    """Return what is wrong with a pool table, in Chinese, one entry per fault."""
    problems = [f"类别 {c} 重复" for c in frame.loc[frame["class_code"].duplicated(), "class_code"]]
    problems += [f"{c} 缺植被碳密度" for c in frame.loc[frame["vegetation_tc_per_ha"].isna(), "land_class"]]
    known = land_class_roles()
    problems += [f"土地类别 {c} 不认识，应为 {'、'.join(known)} 之一" for c in frame["land_class"] if c not in known]
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


def error_group(pool: str, group: "pd.Series[str]") -> "pd.Series[str]":
    """Return the names of the errors that densities of a pool share: its kind and its source (carbon.uncertainty)."""
    return f"{POOL_WORDS[pool]}碳密度（" + group.astype(str) + "）"
