"""How much carbon does one hectare gain in each year after a measure starts?

造林 follows the published age-class table of northern Hebei (张滨等 2016, table 8), read as the density reached at
the end of each class, which reproduces the yearly rates the paper prints: rate = (C2 - C1) / 10. Beyond the
last class nothing is added. The other measures have a constant rate for a limited number of years.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdgis.errors import CarbonError
from cdgis.factors import Measures

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyGain:
    """Carbon gained per hectare in each of the years 1, 2, ... after the start, tonnes of carbon per hectare."""

    low: FloatArray
    mid: FloatArray
    high: FloatArray


def yearly_gain(measures: Measures, measure: str, years: int) -> YearlyGain:
    """Return the gain of `measure` in each of its first `years` years.

    Raises
    ------
    CarbonError : the measure, or its method, is not known.
    """
    found = measures.frame[measures.frame["measure"] == measure]
    if found.empty:
        raise CarbonError(f"没有修复措施 {measure} 的增汇参数。现有：{'、'.join(measures.frame['measure'])}")
    row = found.iloc[0]
    age = np.arange(1, years + 1, dtype=float)
    if row["method"] == "age_class":
        mid = np.diff(np.interp(np.arange(years + 1), measures.age_yr, measures.density_tc_per_ha))
        half = np.interp(age, measures.range_age_yr, measures.half_range_share)
        return YearlyGain(low=mid * (1 - half), mid=mid, high=mid * (1 + half))
    if row["method"] != "rate":
        raise CarbonError(f"修复措施 {measure} 的 method 应为 age_class 或 rate，读到 {row['method']}")
    running = (age <= row["duration_yr"]).astype(float)
    low, mid, high = (running * row[f"{part}_tc_per_ha_yr"] for part in ("low", "mid", "high"))
    return YearlyGain(low=low, mid=mid, high=high)
