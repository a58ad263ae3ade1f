"""Restoration potential year by year and area by area, on eligible land.

flux(Y) = eligible * gain(Y - start) * 44/12;  cumulative(Y) = sum of fluxes to Y.

A gain (one curve or rate: `growth_key`) is one quantity for all areas and years that use it. Ranges as in
carbon.uncertainty: gains of one measure rest on one source and share its error, so their lows add up; measures combine
as root-sum-square. Errors of the areas are not in these ranges; table carbon_uncertainty shows what they would add.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cdgis.carbon.factors import GrowthData, Measures, Trees
from cdgis.carbon.growth import YearlyGain, methods_for, rate_gain, stand_gain
from cdgis.core.errors import CarbonError
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.results.tables.validation import empty, validate

ALL_MEASURES = "全部措施"
AFFORESTATION = "造林"

_PARTS = ("low", "mid", "high")
_KINDS = ("flux", "cumulative")
_COLUMNS = [f"{kind}_tco2e_{part}" for kind in _KINDS for part in _PARTS]


def growth_key(measure: str, forest_type: str) -> str:
    """Return what a measure's gain is called: areas with the same key share one uncertain gain."""
    return f"{measure}·{forest_type}" if measure == AFFORESTATION else measure


def error_of(key: str) -> str:
    """Return what gains share an error with: the measure, for all forest types of planted stands take one table's range."""
    return key.partition("·")[0]


def gain_for(measures: Measures, growth: GrowthData, trees: Trees, *, key: str, years: int, method: str = "") -> YearlyGain:
    """Return the gain per hectare of a growth key in each of its first `years` years.

    `method` chooses the growth curve of planted stands where it knows the forest type.
    """
    measure, _, forest_type = key.partition("·")
    if not forest_type:
        return rate_gain(measures, measure, years)
    usable = method if method in methods_for(growth, forest_type) else ""
    return stand_gain(growth, trees, forest_type, years, usable)


def estimate_potential(
    areas: pd.DataFrame,
    gains: dict[str, YearlyGain],
    *,
    start_year: int,
    years: Sequence[int],
) -> pd.DataFrame:
    """Return table carbon_potential: one row per area and year.

    Parameters
    ----------
    areas : area_id, area_name, measure, growth_key, gross_m2, eligible_m2 (square metres).
    gains : growth key -> gain, as long as the last year asks for.
    start_year : the year of implementation; growth counts from the year after it.
    years : the years to report; years not after `start_year` come out as 0.

    Returns
    -------
    flux in tonnes of CO2e in that year, cumulative from the start to the end of that year.

    Raises
    ------
    CarbonError : growth keys without a gain (all listed), or areas whose eligible part exceeds the whole.
    """
    unknown = sorted(set(areas["growth_key"]) - set(gains))
    if unknown:
        raise CarbonError(f"修复措施没有增汇参数：{'、'.join(unknown)}", remedy=f"现有：{'、'.join(gains)}")
    bad = areas.loc[areas["eligible_m2"] > areas["gross_m2"] * (1 + 1e-6) + 1e-3, "area_id"]
    if len(bad):
        raise CarbonError(f"可实施面积大于总面积：{'、'.join(bad)}", remedy="请检查面积台账")
    if areas.empty:
        return empty("carbon_potential")
    areas = areas.assign(covered_share=areas.get("covered_share", 1.0))
    rates = pd.concat([_rates(key, gains[key], start_year, years) for key in sorted(set(areas["growth_key"]))])
    table = areas.merge(rates, on="growth_key", how="left")
    for column in _COLUMNS:
        table[column] *= table["eligible_m2"] / M2_PER_HA
    return validate("carbon_potential", table)


def _rates(key: str, gain: YearlyGain, start_year: int, years: Sequence[int]) -> pd.DataFrame:
    """Return per reporting year the flux and cumulative gain of one hectare, tonnes of CO2e."""
    elapsed = np.clip(np.array(years) - start_year, 0, None)
    columns: dict[str, object] = {"growth_key": key, "year": list(years), "mark": gain.mark}
    for part in _PARTS:
        flux = np.concatenate([[0.0], getattr(gain, part)]) * TCO2_PER_TC
        columns[f"flux_tco2e_{part}"] = flux[elapsed]
        columns[f"cumulative_tco2e_{part}"] = np.cumsum(flux)[elapsed]
    return pd.DataFrame(columns)


def total_potential(potential: pd.DataFrame) -> pd.DataFrame:
    """Return table carbon_potential_totals from table carbon_potential: by measure and year, and 全部措施 by year."""
    # "M" sorts before "S": the least verified part marks the whole.
    how = {**dict.fromkeys(["gross_m2", "eligible_m2", *_COLUMNS], "sum"), "mark": "min"}
    how |= {"covered_share": "sum"}
    potential = potential.assign(covered_share=potential["covered_share"] * potential["gross_m2"])
    measures = potential.groupby(["measure", "year"], as_index=False).agg(how)
    squares = measures.copy()
    for kind in _KINDS:
        for part in ("low", "high"):
            squares[f"{kind}_tco2e_{part}"] = (measures[f"{kind}_tco2e_{part}"] - measures[f"{kind}_tco2e_mid"]) ** 2
    overall = squares.assign(measure=ALL_MEASURES).groupby(["measure", "year"], as_index=False).agg(how)
    for kind in _KINDS:
        for part, sign in (("low", -1), ("high", 1)):
            column = f"{kind}_tco2e_{part}"
            overall[column] = overall[f"{kind}_tco2e_mid"] + sign * np.sqrt(overall[column])
    table = pd.concat([measures, overall], ignore_index=True)
    table["covered_share"] = (table["covered_share"] / table["gross_m2"].where(table["gross_m2"] > 0)).fillna(0.0).clip(0, 1)
    return validate("carbon_potential_totals", table)
