"""Land-cover change between two dates, and the carbon that came or went with it.

change(z) = sum over pairs (a, b) of area(z, a→b) * [d(b) - d(a)], pool by pool, only for pools known on both sides:
a class without a soil value has not lost its soil. Ranges as in carbon.uncertainty: densities of one pool from one source
share their error, so what a zone won and lost is first added up by pool and source, then combined as root-sum-square.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import POOLS, PoolTable, error_group
from cdgis.carbon.stock import TOTAL
from cdgis.carbon.uncertainty import half_widths
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import Mark
from cdgis.errors import CarbonError
from cdgis.raster import NODATA_CODE

NO_DATA = "无数据"


def account_change(
    pairs: pd.DataFrame, pools: PoolTable, *, zone_layer: str, zone_names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return table carbon_change: one row per zone and pair of classes, and one row 合计 per zone.

    Parameters
    ----------
    pairs : zone_id, from_code, to_code, area_m2 (square metres).

    Raises
    ------
    CarbonError : land classes absent from the pool table, all listed.
    """
    known = pools.frame.set_index("class_code")
    codes = set(pairs["from_code"]) | set(pairs["to_code"])
    missing = sorted(codes - set(known.index) - {NODATA_CODE})
    if missing:
        raise CarbonError(
            f"碳密度表 {pools.name} 缺少土地类别：{'、'.join(map(str, missing))}", remedy="请补上，或改正栅格编码"
        )
    rows = pairs.groupby(["zone_id", "from_code", "to_code"], as_index=False).agg({"area_m2": "sum"})
    rows = _with_changes(rows, known)
    table = pd.concat([rows, _totals(rows, known)], ignore_index=True)
    names = zone_names or {}
    table["zone_name"] = [names.get(zone, "") for zone in table["zone_id"]]
    table["change_tco2e_mid"] = table["change_tc_mid"] * TCO2_PER_TC
    return table.assign(zone_layer=zone_layer)


def _with_changes(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    area_ha = rows["area_m2"] / M2_PER_HA
    before, after = known.reindex(rows["from_code"]), known.reindex(rows["to_code"])
    out = rows.assign(
        from_class=before["land_class"].fillna(NO_DATA).to_numpy(), to_class=after["land_class"].fillna(NO_DATA).to_numpy()
    )
    same = (rows["from_code"] == rows["to_code"]).to_numpy()
    marks = np.zeros(len(rows), dtype=bool)
    for pool in POOLS:
        mids = after[f"{pool}_tc_per_ha"].to_numpy() - before[f"{pool}_tc_per_ha"].to_numpy()
        out[f"{pool}_change_tc"] = area_ha.to_numpy() * mids
        counted = ~np.isnan(mids)
        marks |= counted & ~same & (
            (before[f"{pool}_mark"] == Mark.MEMORY).to_numpy() | (after[f"{pool}_mark"] == Mark.MEMORY).to_numpy()
        )
    out["change_tc_mid"] = out[[f"{pool}_change_tc" for pool in POOLS]].sum(axis=1, min_count=1)
    own = _half_widths(out.assign(zone_id=out.index), known).reindex(out.index, fill_value=0.0)
    out["change_tc_low"] = out["change_tc_mid"] - own["down"]
    out["change_tc_high"] = out["change_tc_mid"] + own["up"]
    out["mark"] = np.where(marks, Mark.MEMORY.value, Mark.SEEN.value)
    soil = out["soil_change_tc"].notna()
    out["method"] = np.where(
        out["change_tc_mid"].isna(), "一期无数据，不计碳", np.where(soil, "植被＋土壤（两期深度相同）", "只计植被（至少一类没有土壤来源）")
    )
    return out


def _totals(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return one row per zone; what changed class alone has carbon, so unchanged pairs add nothing."""
    moved = rows[rows["from_code"] != rows["to_code"]]
    zones = rows.groupby("zone_id")["area_m2"].sum().rename("zone_m2")
    columns = [f"{pool}_change_tc" for pool in POOLS]
    sums = moved.groupby("zone_id")[["area_m2", *columns, "change_tc_mid"]].sum(min_count=1).reindex(zones.index)
    sums["area_m2"] = sums["area_m2"].fillna(0.0)
    sums["change_tc_mid"] = sums["change_tc_mid"].fillna(0.0)
    width = _half_widths(moved, known).reindex(zones.index, fill_value=0.0)
    sums["change_tc_low"] = sums["change_tc_mid"] - width["down"]
    sums["change_tc_high"] = sums["change_tc_mid"] + width["up"]
    sums["mark"] = moved.groupby("zone_id")["mark"].min().reindex(zones.index, fill_value=Mark.SEEN.value)
    return sums.reset_index().assign(
        from_class=TOTAL, to_class=TOTAL, method="类别变了的各对合计；面积是变更面积，没有变的不计"
    )


def _half_widths(pairs: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return per zone how far the change may lie below (down) and above (up) its mid value, tonnes of carbon."""
    swings: list[pd.DataFrame] = []
    moved = pairs[pairs["from_code"] != pairs["to_code"]]
    for pool in POOLS:
        counted = moved[moved[f"{pool}_change_tc"].notna()]
        for code, sign in (("to_code", 1.0), ("from_code", -1.0)):
            factor = known.reindex(counted[code])
            area_ha = sign * counted["area_m2"].to_numpy() / M2_PER_HA
            mid = factor[f"{pool}_tc_per_ha"].to_numpy()
            swings.append(pd.DataFrame({
                "zone_id": counted["zone_id"].to_numpy(), "group": error_group(pool, factor[f"{pool}_group"]).to_numpy(),
                "low": area_ha * (factor[f"{pool}_low_tc_per_ha"].to_numpy() - mid),
                "high": area_ha * (factor[f"{pool}_high_tc_per_ha"].to_numpy() - mid),
            }))  # fmt: skip
    return half_widths(pd.concat(swings, ignore_index=True))
