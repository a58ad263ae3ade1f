"""Uncertainty of the totals, comparison with published numbers, and the factors that matter most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.carbon import Factor, Interval, propagate, sample
from cdgis.carbon.factors import POOL_WORDS, POOLS, PoolTable, error_group
from cdgis.carbon.growth import YearlyGain
from cdgis.carbon.potential import error_of
from cdgis.carbon.uncertainty import Correlation, Model
from cdgis.core.array_types import FloatArray
from cdgis.core.number_format import whole_city
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.workspace.settings import CarbonSettings

AREA_FACTOR = "面积"
WITH_AREA_ERROR = "另计面积误差"
"""Words by which a quantity with an error of the area is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A sum whose range is wanted."""

    name: str
    unit: str
    factors: Sequence[Factor]
    model: Model
    mark: str


def uncertainty_table(quantities: Sequence[Quantity], settings: CarbonSettings) -> pd.DataFrame:
    """Return table carbon_uncertainty: each quantity by both methods, and by the two ends of the correlation model."""
    rows: list[dict[str, object]] = []
    for quantity in quantities:
        drawn = sample(quantity.factors, quantity.model, samples=settings.samples, seed=settings.seed)
        known = propagate(quantity.factors, quantity.model)
        rows.append(_row(quantity, known, approach="解析", samples=0, seed=0))
        rows.append(_row(quantity, drawn, approach="蒙特卡洛", samples=settings.samples, seed=settings.seed))
        for end in (Correlation.NONE, Correlation.ALL):
            found = propagate(quantity.factors, quantity.model, correlation=end)
            rows.append(_row(quantity, found, approach="解析", samples=0, seed=0, correlation=end))
    return pd.DataFrame(rows)


def _row(
    quantity: Quantity, found: Interval, *, approach: str, samples: int, seed: int,
    correlation: Correlation = Correlation.BY_SOURCE,
) -> dict[str, object]:  # fmt: skip
    return {
        "quantity": quantity.name, "unit": quantity.unit, "approach": approach, "correlation": str(correlation),
        "value_low": found.low, "value_mid": found.mid, "value_high": found.high,
        "samples": samples, "seed": seed,
        "dominant": found.dominant, "dominant_share": found.dominant_share, "mark": quantity.mark,
    }  # fmt: skip


def stock_quantity(city_areas: pd.DataFrame, pools: PoolTable, mark: str, *, covered_share: float = 1.0) -> Quantity:
    """Return the city's stock as a sum over classes and pools."""
    area_ha = city_areas.groupby("class_code")["area_m2"].sum() / M2_PER_HA
    factors: list[Factor] = []
    hectares: dict[str, float] = {}
    known = pools.frame[pools.frame["class_code"].isin(area_ha.index)]
    for pool in POOLS:
        for row in known.assign(error=error_group(pool, known[f"{pool}_group"])).to_dict("records"):
            mid = row[f"{pool}_tc_per_ha"]
            if not np.isnan(mid):
                name = f"{row['land_class']}{POOL_WORDS[pool]}碳密度"
                low, high = row[f"{pool}_low_tc_per_ha"], row[f"{pool}_high_tc_per_ha"]
                factors.append(Factor(name=name, low=low, mid=mid, high=high, group=row["error"]))
                hectares[name] = float(area_ha[row["class_code"]])
    return Quantity(name=f"{whole_city(covered_share)}碳储量", unit="吨碳", factors=factors, model=_weighted(hectares), mark=mark)


def _weighted(weights: Mapping[str, float]) -> Model:
    def total(values: Mapping[str, FloatArray]) -> FloatArray:
        """Return the weighted sum of the drawn values."""
        return np.asarray(sum(weight * values[name] for name, weight in weights.items()))

    return total


def with_areas(quantity: Quantity, half_range_share: float) -> Quantity:
    """Return `quantity` with one relative error of the areas for all its parts."""
    model = quantity.model
    return Quantity(
        name=f"{quantity.name}（{WITH_AREA_ERROR}±{half_range_share:.0%}）",
        unit=quantity.unit,
        factors=[*quantity.factors, Factor.around(AREA_FACTOR, 1.0, half_range_share)],
        model=lambda values: model(values) * values[AREA_FACTOR],
        mark="M",
    )


def potential_quantity(
    areas: pd.DataFrame, gains: Mapping[str, YearlyGain], *, years: int, horizon_year: int, mark: str
) -> Quantity:
    """Return the cumulative potential up to the horizon as a sum over growth keys."""
    hectares = areas.groupby("growth_key")["eligible_m2"].sum() / M2_PER_HA
    factors: list[Factor] = []
    weights: dict[str, float] = {}
    for key, gain in gains.items():
        low, mid, high = (float(part[:years].sum()) * TCO2_PER_TC for part in (gain.low, gain.mid, gain.high))
        factors.append(Factor(name=f"{key}增汇曲线", low=low, mid=mid, high=high, group=f"{error_of(key)}增汇"))
        weights[f"{key}增汇曲线"] = float(hectares.get(key, 0.0))
    name = f"修复增汇潜力（累计至{horizon_year}年）"
    return Quantity(name=name, unit="吨CO2e", factors=factors, model=_weighted(weights), mark=mark)
