"""Restoration measures: yearly gain per hectare, where each may not go, and what is planted where.

cdgis/data/carbon/potential_measures.csv, exclusions.csv and species_rules.csv; every number with its mark.
"""

import math
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import pandas as pd

from cdgis.carbon.factors.curves import read_growth
from cdgis.carbon.factors.source import factor_file, read_source
from cdgis.core.errors import CarbonError
from cdgis.core.vocabulary import LIST_SEPARATOR

EXCLUSION_KINDS = ("claims", "siblings", "layer", "land_class", "elevation_max_m", "slope_max_deg")
"""claims: parcels of other projects; siblings: earlier areas of the same layer; the last two are terrain limits."""


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


def read_measures(forest_type: str = "针叶林", folder: Traversable | None = None) -> Measures:
    """Return the restoration measures; 造林 grows like the stands of `forest_type` in the age-class table of the place.

    Raises
    ------
    CarbonError : `forest_type` has no age-class table, or a measure's numbers are out of order.
    """
    ages = read_source(factor_file("age_class_carbon.csv", folder))
    curve = ages[ages["forest_type"] == forest_type].sort_values("age_yr")
    if curve.empty:
        known = "、".join(ages["forest_type"].drop_duplicates())
        raise CarbonError(f"没有 {forest_type} 的龄级碳密度表", remedy=f"现有：{known}")
    spread = read_source(factor_file("age_class_range.csv", folder)).sort_values("age_yr")
    frame = read_source(factor_file("potential_measures.csv", folder))
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



@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One thing that is taken off a measure's area."""

    kind: str
    """One of EXCLUSION_KINDS."""
    target: str
    """Layer id, or roles of land classes joined by ``;``."""
    classes: tuple[str, ...]
    """Zone classes of the layer that count; empty means all."""
    limit: float | None
    """Metres above sea level, or degrees of slope, beyond which land is taken off."""
    title: str
    basis: str
    mark: str

    @property
    def is_vector(self) -> bool:
        """Whether it is cut off as polygons; the rest is counted cell by cell."""
        return self.kind in ("claims", "siblings", "layer")


def read_exclusions(folder: Traversable | None = None) -> dict[str, tuple[Exclusion, ...]]:
    """Return measure -> what is taken off its area, in order; polygons come before cells.

    Raises
    ------
    CarbonError : an unknown kind, a missing limit or target, or a polygon after a cell.
    """
    frame = read_source(factor_file("exclusions.csv", folder), ("seq", "limit"))
    found: dict[str, list[Exclusion]] = {}
    problems: list[str] = []
    for row in frame.sort_values(["measure", "seq"], kind="stable").to_dict("records"):
        limit = None if pd.isna(row["limit"]) else float(row["limit"])
        item = Exclusion(
            kind=row["kind"], target=row["target"], classes=tuple(filter(None, row["classes"].split(LIST_SEPARATOR))),
            limit=limit, title=row["title"], basis=row["basis"], mark=row["mark"],
        )  # fmt: skip
        measure, earlier = row["measure"], found.setdefault(row["measure"], [])
        if item.kind not in EXCLUSION_KINDS:
            problems.append(f"{measure} 的 kind 应为 {'、'.join(EXCLUSION_KINDS)} 之一，读到 {item.kind}")
        elif item.is_vector and any(not other.is_vector for other in earlier):
            problems.append(f"{measure} 的“{item.title}”是图层，应排在土地类别与地形条件之前")
        elif (item.kind in ("layer", "land_class") and not item.target) or (item.kind.endswith(("_m", "_deg")) and limit is None):
            problems.append(f"{measure} 的“{item.title}”缺 target 或 limit")
        earlier.append(item)
    if problems:
        raise CarbonError("扣除条件表 exclusions.csv 有误：" + "；".join(problems))
    return {measure: tuple(items) for measure, items in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantingRule:
    """Which trees suit a site; the first rule that fits decides."""

    rule: str
    elevation_from_m: float
    elevation_to_m: float
    aspect: str
    """阴坡, 阳坡 or "" (any)."""
    precipitation_to_mm: float
    """Upper limit of yearly precipitation; infinite when the rule does not ask for it."""
    tree_group: str
    forest_type: str
    """By which growth data the stand grows."""
    why: str
    mark: str


def read_planting_rules(folder: Traversable | None = None) -> tuple[PlantingRule, ...]:
    """Return the rules of species choice in order.

    Raises
    ------
    CarbonError : a rule plants what no growth data are there for.
    """
    numbers = ("elevation_from_m", "elevation_to_m", "precipitation_to_mm")
    frame = read_source(factor_file("planting_rules.csv", folder), numbers)
    texts = ("rule", "aspect", "tree_group", "forest_type", "why", "mark")
    growth = read_growth()
    known = {name for table in (growth.age_class, growth.richards, growth.increment, growth.power) for name in table["forest_type"]}
    strange = [f"{row['rule']} 的“{row['forest_type']}”" for row in frame.to_dict("records") if row["forest_type"] not in known]
    if strange:
        raise CarbonError(
            f"种植规则 planting_rules.csv 的林型没有生长数据：{'、'.join(strange)}", remedy=f"应为 {'、'.join(sorted(known))} 之一"
        )
    return tuple(
        PlantingRule(
            elevation_from_m=-math.inf if pd.isna(row["elevation_from_m"]) else row["elevation_from_m"],
            elevation_to_m=math.inf if pd.isna(row["elevation_to_m"]) else row["elevation_to_m"],
            precipitation_to_mm=math.inf if pd.isna(row["precipitation_to_mm"]) else row["precipitation_to_mm"],
            **{name: row[name] for name in texts},
        )
        for row in frame.to_dict("records")
    )
