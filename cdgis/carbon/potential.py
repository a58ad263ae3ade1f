"""What could restoration add by a given year, patch by patch, once ineligible land is taken off?

eligible = gross - excluded;  flux(Y) = eligible * gain(Y - start) * 44/12;  cumulative(Y) = sum of fluxes to Y.

A measure's gain is one quantity for all patches and years (fully correlated): its lows and highs add up. Gains
of different measures are independent: the total over measures combines half-widths as root-sum-square.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cdgis.carbon.growth import yearly_gain
from cdgis.carbon.stock import TOTAL
from cdgis.errors import CarbonError
from cdgis.factors import Measures
from cdgis.schema import empty, validate
from cdgis.units import M2_PER_HA, TCO2_PER_TC

ALL_MEASURES = "全部措施"
PLAN_YEARS = (2030, 2060)

_PARTS = ("low", "mid", "high")
_COLUMNS = [f"{kind}_tco2e_{part}" for kind in ("flux", "cumulative") for part in _PARTS]


def estimate_potential(
    patches: pd.DataFrame, measures: Measures, *, start_year: int, years: Sequence[int] = PLAN_YEARS
) -> pd.DataFrame:
    """Return table carbon_potential: one row per patch and year.

    Parameters
    ----------
    patches : area_id, area_name, measure, gross_m2, excluded_m2 (the part where the measure is not allowed,
        such as permanent farmland; no double counting), square metres.
    start_year : the year of implementation; growth counts from the year after it.
    years : the years to report; years not after `start_year` come out as 0.

    Returns
    -------
    flux in tonnes of CO2e in that year, cumulative from the start to the end of that year.

    Raises
    ------
    CarbonError : unknown measures (all listed), or patches whose excluded area exceeds the gross area.
    """
    _require_known(patches, measures)
    _require_areas(patches)
    if patches.empty:
        return empty("carbon_potential")
    rates = pd.concat([_rates(measures, m, start_year, years) for m in sorted(set(patches["measure"]))])
    table = patches.merge(rates, on="measure", how="left")
    eligible_m2 = (table["gross_m2"] - table["excluded_m2"]).clip(lower=0.0)
    table["eligible_m2"] = eligible_m2
    for column in _COLUMNS:
        table[column] *= eligible_m2 / M2_PER_HA
    return validate("carbon_potential", table)


def total_potential(potential: pd.DataFrame) -> pd.DataFrame:
    """Return rows 合计 by measure and year, and 全部措施 by year, in the columns of carbon_potential."""
    summed = ["gross_m2", "eligible_m2", *_COLUMNS]
    # "M" sorts before "S": the least verified part marks the whole.
    how = {**dict.fromkeys(summed, "sum"), "mark": "min"}
    by_measure = potential.groupby(["measure", "year"], as_index=False).agg(how)
    overall = by_measure.groupby("year", as_index=False).agg(how)
    for kind in ("flux", "cumulative"):
        for part, sign in (("low", -1), ("high", 1)):
            mid = f"{kind}_tco2e_mid"
            width = (by_measure[f"{kind}_tco2e_{part}"] - by_measure[mid]) ** 2
            squares = width.groupby(by_measure["year"]).sum()
            overall[f"{kind}_tco2e_{part}"] = overall[mid] + sign * np.sqrt(overall["year"].map(squares))
    rows = pd.concat([by_measure, overall.assign(measure=ALL_MEASURES)], ignore_index=True)
    return validate("carbon_potential", rows.assign(area_id=TOTAL, area_name=""))


def _require_known(patches: pd.DataFrame, measures: Measures) -> None:
    unknown = sorted(set(patches["measure"]) - set(measures.frame["measure"]))
    if unknown:
        known = "、".join(measures.frame["measure"])
        raise CarbonError(f"修复措施没有增汇参数：{'、'.join(unknown)}。现有：{known}")


def _require_areas(patches: pd.DataFrame) -> None:
    slack = 1e-6 * patches["gross_m2"] + 1e-3
    bad = patches.loc[patches["excluded_m2"] > patches["gross_m2"] + slack, "area_id"]
    if len(bad):
        raise CarbonError(f"扣除面积大于修复区面积：{'、'.join(bad)}。请检查重叠面积是否重复计算")


def _rates(measures: Measures, measure: str, start_year: int, years: Sequence[int]) -> pd.DataFrame:
    """Return per reporting year the flux and cumulative gain of one hectare, tonnes of CO2e."""
    span = max([0, *(year - start_year for year in years)])
    gain = yearly_gain(measures, measure, span)
    elapsed = np.clip(np.array(years) - start_year, 0, span)
    columns: dict[str, object] = {"measure": measure, "year": list(years)}
    for part in _PARTS:
        flux = np.concatenate([[0.0], getattr(gain, part)]) * TCO2_PER_TC
        columns[f"flux_tco2e_{part}"] = flux[elapsed]
        columns[f"cumulative_tco2e_{part}"] = np.cumsum(flux)[elapsed]
    mark = measures.frame.loc[measures.frame["measure"] == measure, "mark"].iloc[0]
    return pd.DataFrame(columns).assign(mark=mark)
