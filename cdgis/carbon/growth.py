"""Carbon of one hectare at each age, and its gain in each year after a measure starts.

age_class : vegetation carbon by age class (张滨等 2016, table 8), read as reached at the end of each class, linear
            between, which reproduces the yearly rates the paper prints; nothing is added after the last class.
richards  : V = A * max(0, 1 - B exp(-K t)) ** (1 / (1 - m)), stem biomass Y = beta * V ** alpha, C = 0.5 * Y.
increment : V = integral of the current annual increment (linear between ages), C = V * D * BEF * (1 + R) * CF.
power     : C = c * t ** e up to a cap (shrubs, which the source lets grow without bound).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.carbon.factors import GrowthData, Measures, Trees
from cdgis.carbon.inventory import carbon_per_m3
from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CarbonError
from cdgis.core.vocabulary import CurveRole

METHODS = ("age_class", "richards", "increment", "power")
STEM_CARBON_FRACTION = 0.5
"""Carbon fraction with which the source of the Richards curves turns biomass into carbon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyGain:
    """Carbon gained per hectare in each of the years 1, 2, ... after the start, tonnes of carbon per hectare."""

    low: FloatArray
    mid: FloatArray
    high: FloatArray
    mark: str


def methods_for(data: GrowthData, forest_type: str) -> tuple[str, ...]:
    """Return the growth methods that know `forest_type`, the default first."""
    tables = dict(zip(METHODS, (data.age_class, data.richards, data.increment, data.power), strict=True))
    return tuple(method for method, table in tables.items() if (table["forest_type"] == forest_type).any())


def stand_volume(data: GrowthData, forest_type: str, age_yr: FloatArray, method: str) -> FloatArray:
    """Return stem volume, m3 per hectare, by method richards or increment; NaN by the others."""
    if method == "richards":
        row = data.richards.set_index("forest_type").loc[forest_type]
        base = np.maximum(0.0, 1 - row["b"] * np.exp(-row["k_per_yr"] * age_yr))
        return np.asarray(row["a_m3_per_ha"] * base ** (1 / (1 - row["m"])), dtype=float)
    if method == "increment":
        knots = data.increment[data.increment["forest_type"] == forest_type]
        return _integral(age_yr, knots["age_yr"].to_numpy(), knots["increment_m3_per_ha_yr"].to_numpy())
    return np.full(np.shape(age_yr), np.nan)


def _integral(at: FloatArray, knots: FloatArray, rates: FloatArray) -> FloatArray:
    """Return the integral from the first knot of rates that are linear between knots and 0 after the last."""
    areas = np.concatenate([[0.0], np.cumsum(np.diff(knots) * (rates[1:] + rates[:-1]) / 2)])
    inside = np.clip(at, knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    beyond = inside - knots[left]
    slope = (rates[left + 1] - rates[left]) / (knots[left + 1] - knots[left])
    return np.asarray(areas[left] + beyond * (rates[left] + slope * beyond / 2))


def stand_carbon(data: GrowthData, trees: Trees, forest_type: str, age_yr: FloatArray, method: str) -> FloatArray:
    """Return vegetation carbon, tonnes per hectare, at `age_yr` (years).

    Raises
    ------
    CarbonError : the method does not know the forest type, or its curve must not be used.
    """
    if method not in methods_for(data, forest_type):
        known = "、".join(methods_for(data, forest_type)) or "无"
        raise CarbonError(f"林型 {forest_type} 没有 {method} 生长数据", remedy=f"该林型现有：{known}")
    age = np.asarray(age_yr, dtype=float)
    if method == "age_class":
        knots = data.age_class[data.age_class["forest_type"] == forest_type].sort_values("age_yr")
        return np.asarray(np.interp(age, [0.0, *knots["age_yr"]], [0.0, *knots["vegetation_tc_per_ha"]]))
    if method == "power":
        row = data.power.set_index("forest_type").loc[forest_type]
        return np.asarray(row["coefficient_tc_per_ha"] * np.minimum(age, row["cap_yr"]) ** row["exponent"], dtype=float)
    volume = stand_volume(data, forest_type, age, method)
    if method == "increment":
        group = data.increment.set_index("forest_type").loc[[forest_type], "tree_group"].iloc[0]
        return volume * carbon_per_m3(trees.row(group))
    row = data.richards.set_index("forest_type").loc[forest_type]
    if row["usable"] != "1":
        raise CarbonError(f"{forest_type} 的 richards 曲线不可用：{row['note']}")
    return np.asarray(STEM_CARBON_FRACTION * row["beta"] * volume ** row["alpha"], dtype=float)


def stand_gain(data: GrowthData, trees: Trees, forest_type: str, years: int, method: str = "") -> YearlyGain:
    """Return what a stand planted in year 0 gains in each of its first `years` years; no method means the default.

    The half-width of the range is that of table age_class_range: how far the source's own curve and its
    age-class carbon disagree.
    """
    method = method or methods_for(data, forest_type)[0]
    mid = np.diff(stand_carbon(data, trees, forest_type, np.arange(years + 1, dtype=float), method))
    age = np.arange(1, years + 1, dtype=float)
    half = np.interp(age, data.age_range["age_yr"], data.age_range["half_range_share"])
    mark = "M" if method == "increment" else "S"
    return YearlyGain(low=mid * (1 - half), mid=mid, high=mid * (1 + half), mark=mark)


def rate_gain(measures: Measures, measure: str, years: int) -> YearlyGain:
    """Return the gain of a measure with a constant rate for a limited number of years.

    Raises
    ------
    CarbonError : the measure is not known, or does not go by a rate.
    """
    found = measures.frame[measures.frame["measure"] == measure]
    if found.empty:
        raise CarbonError(f"没有修复措施 {measure} 的增汇参数", remedy=f"现有：{'、'.join(measures.frame['measure'])}")
    row = found.iloc[0]
    if row["method"] != "rate":
        raise CarbonError(f"修复措施 {measure} 的 method 应为 age_class 或 rate，读到 {row['method']}")
    running = (np.arange(1, years + 1) <= row["duration_yr"]).astype(float)
    low, mid, high = (running * row[f"{part}_tc_per_ha_yr"] for part in ("low", "mid", "high"))
    return YearlyGain(low=low, mid=mid, high=high, mark=str(row["mark"]))


def growth_table(data: GrowthData, trees: Trees, last_age_yr: int = 60) -> pd.DataFrame:
    """Return table carbon_growth: every usable curve at ages 0 to `last_age_yr`, with its range where it is the default."""
    age = np.arange(last_age_yr + 1, dtype=float)
    tables = dict(zip(METHODS, (data.age_class, data.richards, data.increment, data.power), strict=True))
    parts: list[pd.DataFrame] = []
    types = dict.fromkeys(name for table in tables.values() for name in table["forest_type"])
    for forest_type in types:
        for place, method in enumerate(methods_for(data, forest_type)):
            rows = tables[method][tables[method]["forest_type"] == forest_type]
            if method == "richards" and rows["usable"].iloc[0] != "1":
                continue
            mid = stand_carbon(data, trees, forest_type, age, method)
            gain = stand_gain(data, trees, forest_type, last_age_yr, method)
            parts.append(
                pd.DataFrame(
                    {
                        "forest_type": forest_type,
                        "method": method,
                        "role": (CurveRole.ALTERNATIVE if place else CurveRole.DEFAULT).value,
                        "age_yr": age.astype(int),
                        "volume_m3_per_ha": stand_volume(data, forest_type, age, method),
                        "carbon_tc_per_ha_low": np.nan if place else np.concatenate([[0.0], np.cumsum(gain.low)]),
                        "carbon_tc_per_ha_mid": mid,
                        "carbon_tc_per_ha_high": np.nan if place else np.concatenate([[0.0], np.cumsum(gain.high)]),
                        "source": rows["source"].iloc[0],
                        "mark": gain.mark,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
