"""Growth curves of stands with their ranges (growth_*.csv, age_class_*.csv, stand_rates.csv)."""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from cdgis.carbon.factors.own_factors import OwnState, own_state
from cdgis.carbon.factors.source import read_shipped
from cdgis.core.packs import Pack, current_packs


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthData:
    """All growth data, each row with source and mark."""

    age_class: pd.DataFrame
    """forest_type, age_yr (end of the class), vegetation_tc_per_ha."""
    age_range: pd.DataFrame
    """age_yr, half_range_share: half of the 90 % range of the yearly increment."""
    richards: pd.DataFrame
    """forest_type, a_m3_per_ha, b, k_per_yr, m, t0_yr, alpha, beta, usable ("0" = not to be used)."""
    increment: pd.DataFrame
    """forest_type, tree_group, age_yr, increment_m3_per_ha_yr: current annual stem increment, before thinning."""
    power: pd.DataFrame
    """forest_type, coefficient_tc_per_ha, exponent, cap_yr: C = coefficient * age ** exponent up to the cap."""
    stand_rates: pd.DataFrame
    """forest_type, age_from_yr, rate_tc_per_ha_yr: printed yearly gain of existing stands by age class."""


GROWTH_TABLES = ("age_class_carbon", "age_class_range", "growth_richards", "growth_increment", "growth_power", "stand_rates")


def read_growth() -> GrowthData:
    """Return the growth data of the place."""
    return _growth_of(current_packs(), own_state())


@cache
def _growth_of(_packs: tuple[Pack, ...], _own: OwnState) -> GrowthData:
    return GrowthData(
        age_class=read_shipped("age_class_carbon"),
        age_range=read_shipped("age_class_range"),
        richards=read_shipped("growth_richards", ("b", "k_per_yr", "m", "alpha", "beta", "r2")),
        increment=read_shipped("growth_increment"),
        power=read_shipped("growth_power", ("exponent",)),
        stand_rates=read_shipped("stand_rates"),
    )
