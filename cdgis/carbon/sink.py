"""Yearly uptake of existing forests, zone by zone.

sink(z) = sum over forest classes c of area(z, c) * rate(c) * 44/12. Ranges as in carbon.uncertainty: rates of one source
(all shipped ones) share its error, so their lows and highs add up; rates of several sources combine as root-sum-square.
"""

from collections.abc import Mapping

import pandas as pd

from cdgis.carbon.uncertainty import half_widths
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC

_PARTS = ("low", "mid", "high")


def account_sink(
    areas: pd.DataFrame,
    class_names: Mapping[int, str],
    rates: pd.DataFrame,
    *,
    zone_layer: str,
    zone_names: Mapping[str, str] | None = None,
    covered_share: "pd.Series | None" = None,
) -> pd.DataFrame:
    """Return table carbon_sink: one row per zone, tonnes of CO2e a year in forest vegetation.

    Parameters
    ----------
    areas : zone_id, class_code, area_m2 (square metres).
    class_names : class code -> land class.
    covered_share : zone id -> part of the zone with a land class, for every zone; a zone without any has blank numbers.
    rates : land_class, low/mid/high_tc_per_ha_yr, source, mark; classes without a row take up nothing that we count.
    """
    named = areas.assign(land_class=areas["class_code"].map(class_names))
    rows = named.merge(rates, on="land_class", how="inner")
    rows["forest_m2"] = rows["area_m2"]
    for part in _PARTS:
        rows[f"sink_tco2e_per_yr_{part}"] = rows["area_m2"] / M2_PER_HA * rows[f"{part}_tc_per_ha_yr"] * TCO2_PER_TC
    columns = ["forest_m2", *(f"sink_tco2e_per_yr_{part}" for part in _PARTS)]
    sums = rows.groupby("zone_id")[columns].sum()
    mid = rows["sink_tco2e_per_yr_mid"]
    ends = {part: rows[f"sink_tco2e_per_yr_{part}"] - mid for part in ("low", "high")}
    width = half_widths(pd.DataFrame({"zone_id": rows["zone_id"], "group": rows["source"], **ends}))
    sums["sink_tco2e_per_yr_low"] = sums["sink_tco2e_per_yr_mid"] - width["down"]
    sums["sink_tco2e_per_yr_high"] = sums["sink_tco2e_per_yr_mid"] + width["up"]
    sums["mark"] = rows.groupby("zone_id")["mark"].min()
    zones = pd.Index(sorted(set(areas["zone_id"]) if covered_share is None else covered_share.index), name="zone_id")
    table = sums.reindex(zones)
    share = pd.Series(1.0, index=zones) if covered_share is None else covered_share.reindex(zones)
    table[columns] = table[columns].fillna(0.0).where(share > 0, axis=0)
    table["covered_share"] = share
    table["mark"] = table["mark"].fillna("S")
    names = zone_names or {}
    return table.reset_index().assign(
        zone_layer=zone_layer,
        zone_name=[names.get(zone, "") for zone in zones],
        method="现有森林植被：面积×年增量×44/12（sink_rates.csv）；不含土壤、草地、湿地",
    )
