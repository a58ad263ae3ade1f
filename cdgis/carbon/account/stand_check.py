"""Whether forest stands can be counted: fields, blanks, impossible numbers, unknown species, doubles, drawn against stated area."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely

from cdgis.carbon.account.reference_figures import CHECK_LIMIT_SHARE, CHECK_WRONG_SHARE
from cdgis.carbon.account.stands import NEEDED
from cdgis.carbon.factors import read_trees
from cdgis.core.units import M2_PER_HA
from cdgis.geometry import geodesy
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.geometry.kernels import overlapping_pairs
from cdgis.workspace.fault import Fault
from cdgis.workspace.layer_content import listed
from cdgis.workspace.layers import Layer

_MOST = {"age_yr": 1000.0, "volume_m3_per_ha": 1500.0, "area_ha": 10_000.0}
"""Beyond these a number is a slip of unit or column: older than any managed stand, thicker than any forest on record in
temperate China, larger than a whole forest farm. Our convention, no standard's."""
_DOUBLE_M2 = 100.0
_FIELD_WORDS = {"species": "优势树种", "age_yr": "平均年龄", "volume_m3_per_ha": "每公顷蓄积", "area_ha": "面积"}


def check_stands(layer: Layer, *, forest_m2: float | None = None, published_m3: float | None = None) -> tuple[Fault, ...]:
    """Return what is wrong with a layer of forest stands.

    Parameters
    ----------
    forest_m2 : forest of the city by land cover, square metres.
    published_m3 : stem volume of the city by its inventory, cubic metres. The stands exceed neither; None = not known.
    """
    zones = layer.zones
    missing = [name for name in NEEDED if name not in zones.columns]
    if missing:
        words = "、".join(_FIELD_WORDS[name] for name in missing)
        remedy = f"在目录条目的 fields 中映射 {'、'.join(missing)}"
        return (_fault(layer, "", f"小班没有{words}，碳储量无从计算", remedy, grave=True),)
    faults = [f for name in ("age_yr", "volume_m3_per_ha", "area_ha") if name in zones for f in _number_faults(layer, name)]
    faults += _species_faults(layer)
    area_m2 = pd.Series(survey_area_m2(np.asarray(zones.geometry.array, dtype=object)), index=zones.index)
    if "area_ha" in zones:
        faults += _area_faults(layer, area_m2)
    faults += _double_faults(layer)
    faults += _total_faults(layer, area_m2, forest_m2, published_m3)
    return tuple(faults)


def _fault(layer: Layer, zone: str, problem: str, remedy: str, *, grave: bool = False) -> Fault:
    return Fault(layer=layer.spec.id, zone_id=zone, problem=problem, remedy=remedy, grave=grave)


def _number_faults(layer: Layer, name: str) -> list[Fault]:
    texts = layer.zones[name].astype(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce")
    blank, word = texts == "", _FIELD_WORDS[name]
    found: Mapping[str, pd.Series[bool]] = {
        f"{word}为空": blank,
        f"{word}不是数字": numbers.isna() & ~blank,
        f"{word}为负": numbers < 0,
        f"{word}大得不可能（超过 {_MOST[name]:g}）": numbers > _MOST[name],
    }
    return [
        _fault(layer, listed(layer.zones.loc[which, "zone_id"]), f"{int(which.sum())} 个小班的{problem}", "在小班表中修正")
        for problem, which in found.items()
        if which.any()
    ]


def _species_faults(layer: Layer) -> list[Fault]:
    species = layer.zones["species"].astype(str).str.strip()
    known = read_trees().group_of()
    faults = []
    for name in sorted(set(species) - set(known)):
        ids = listed(layer.zones.loc[species == name, "zone_id"])
        problem = f"{int((species == name).sum())} 个小班的优势树种" + (f"“{name}”没有参数" if name else "为空")
        faults.append(_fault(layer, ids, problem, "改用树种组名称（如 落叶松、油松、栎类），或在 trees.csv 中添加别名"))
    return faults


def _area_faults(layer: Layer, area_m2: "pd.Series[float]") -> list[Fault]:
    stated_m2 = pd.to_numeric(layer.zones["area_ha"], errors="coerce") * M2_PER_HA
    known = stated_m2 > 0
    faults = []
    off = known & ((area_m2 / stated_m2.where(known) - 1).abs() > CHECK_WRONG_SHARE)
    if off.any():
        ids = listed(layer.zones.loc[off, "zone_id"])
        problem = f"{int(off.sum())} 个小班的面积字段与图形相差超过 {CHECK_WRONG_SHARE:.0%}"
        faults.append(_fault(layer, ids, problem, "核对面积的单位（应为公顷）与图形"))
    drawn, stated = float(area_m2[known].sum()), float(stated_m2[known].sum())
    if stated and abs(drawn / stated - 1) > CHECK_LIMIT_SHARE:
        problem = f"图形合计 {drawn / M2_PER_HA:,.0f} 公顷，面积字段合计 {stated / M2_PER_HA:,.0f} 公顷，相差 {drawn / stated - 1:+.1%}"
        faults.append(_fault(layer, "", problem, "小班可能缺漏、重复，或面积单位不是公顷"))
    return faults


def _total_faults(
    layer: Layer, area_m2: "pd.Series[float]", forest_m2: float | None, published_m3: float | None
) -> list[Fault]:
    per_ha = pd.to_numeric(layer.zones["volume_m3_per_ha"], errors="coerce").clip(lower=0)
    volume_m3 = float((per_ha * area_m2).sum() / M2_PER_HA)
    most = 1 + CHECK_LIMIT_SHARE
    faults = []
    if forest_m2 is not None and area_m2.sum() > forest_m2 * most:
        problem = f"小班合计 {area_m2.sum() / M2_PER_HA:,.0f} 公顷，多于土地类别中的林地 {forest_m2 / M2_PER_HA:,.0f} 公顷"
        faults.append(_fault(layer, "", problem, "核对两者的范围与年份"))
    if published_m3 is not None and volume_m3 > published_m3 * most:
        problem = f"小班蓄积合计 {volume_m3:,.0f} 立方米，多于公布的全市蓄积 {published_m3:,.0f} 立方米"
        faults.append(_fault(layer, "", problem, "核对蓄积的单位（应为立方米/公顷，不是每亩、每小班）"))
    return faults


def _double_faults(layer: Layer) -> list[Fault]:
    """Return how much ground is counted by two stands."""
    plane = geodesy.geometries_to_plane(np.asarray(layer.zones.geometry.array, dtype=object))
    tree = shapely.STRtree(plane)
    left, right = tree.query(plane, predicate="overlaps")
    if not len(left) and not layer.zones.geometry.duplicated().any():
        return []
    pairs = overlapping_pairs(plane, plane)
    twice = (pairs.subject < pairs.zone) & (pairs.area_m2 > _DOUBLE_M2)
    if not twice.any():
        return []
    ids = layer.zones["zone_id"].to_numpy()
    names = [f"{ids[a]};{ids[b]}" for a, b in zip(pairs.subject[twice], pairs.zone[twice], strict=True)]
    problem = f"{int(twice.sum())} 对小班重叠，共 {pairs.area_m2[twice].sum() / M2_PER_HA:,.2f} 公顷计了两次"
    return [_fault(layer, listed(names), problem, "调整边界或删去重复的小班")]
