"""Land-cover change between two dates, and the carbon that came or went with it.

change(z) = sum over pairs (a, b) of area(z, a→b) * [d(b) - d(a)], pool by pool, only for pools known on both sides:
a class without a soil value has not lost its soil. Ranges: a class's factor is one quantity wherever it is used, so
pairs of a zone are first added up by class and pool, then combined as root-sum-square.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import POOLS, PoolTable
from cdgis.carbon.stock import TOTAL
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
    down = up = np.zeros(len(rows))
    same = (rows["from_code"] == rows["to_code"]).to_numpy()
    marks = np.zeros(len(rows), dtype=bool)
    for pool in POOLS:
        mids = after[f"{pool}_tc_per_ha"].to_numpy() - before[f"{pool}_tc_per_ha"].to_numpy()
        out[f"{pool}_change_tc"] = area_ha.to_numpy() * mids
        counted = ~np.isnan(mids)
        marks |= counted & ~same & (
            (before[f"{pool}_mark"] == Mark.MEMORY).to_numpy() | (after[f"{pool}_mark"] == Mark.MEMORY).to_numpy()
        )
        fall, rise = _sides(before, after, pool)
        down = down + np.where(counted & ~same, (area_ha * fall) ** 2, 0.0)
        up = up + np.where(counted & ~same, (area_ha * rise) ** 2, 0.0)
    out["change_tc_mid"] = out[[f"{pool}_change_tc" for pool in POOLS]].sum(axis=1, min_count=1)
    out["change_tc_low"] = out["change_tc_mid"] - np.sqrt(down)
    out["change_tc_high"] = out["change_tc_mid"] + np.sqrt(up)
    out["mark"] = np.where(marks, Mark.MEMORY.value, Mark.SEEN.value)
    soil = out["soil_change_tc"].notna()
    out["method"] = np.where(
        out["change_tc_mid"].isna(), "一期无数据，不计碳", np.where(soil, "植被＋土壤（两期深度相同）", "只计植被（至少一类没有土壤来源）")
    )
    return out


def _sides(before: pd.DataFrame, after: pd.DataFrame, pool: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the density difference may lie below and above its mid value, tonnes per hectare."""
    mid, low, high = f"{pool}_tc_per_ha", f"{pool}_low_tc_per_ha", f"{pool}_high_tc_per_ha"
    a_down, a_up = (before[mid] - before[low]).to_numpy(), (before[high] - before[mid]).to_numpy()
    b_down, b_up = (after[mid] - after[low]).to_numpy(), (after[high] - after[mid]).to_numpy()
    return np.hypot(b_down, a_up), np.hypot(b_up, a_down)


def _totals(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return one row per zone; what changed class alone has carbon, so unchanged pairs add nothing."""
    moved = rows[rows["from_code"] != rows["to_code"]]
    zones = rows.groupby("zone_id")["area_m2"].sum().rename("zone_m2")
    columns = [f"{pool}_change_tc" for pool in POOLS]
    sums = moved.groupby("zone_id")[["area_m2", *columns, "change_tc_mid"]].sum(min_count=1).reindex(zones.index)
    sums["area_m2"] = sums["area_m2"].fillna(0.0)
    sums["change_tc_mid"] = sums["change_tc_mid"].fillna(0.0)
    spread = _spread(moved, known).reindex(zones.index, fill_value=0.0)
    sums["change_tc_low"] = sums["change_tc_mid"] - spread["down"]
    sums["change_tc_high"] = sums["change_tc_mid"] + spread["up"]
    sums["mark"] = moved.groupby("zone_id")["mark"].min().reindex(zones.index, fill_value=Mark.SEEN.value)
    return sums.reset_index().assign(
        from_class=TOTAL, to_class=TOTAL, method="类别变了的各对合计；面积是变更面积，没有变的不计"
    )


def _spread(moved: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return per zone how far the total may lie below (down) and above (up) its mid value, tonnes of carbon."""
    squares: list[pd.DataFrame] = []
    for pool in POOLS:
        counted = moved[moved[f"{pool}_change_tc"].notna()]
        won = counted.rename(columns={"to_code": "code"})[["zone_id", "code", "area_m2"]]
        lost = counted.rename(columns={"from_code": "code"})[["zone_id", "code", "area_m2"]]
        ends = pd.concat([won, lost.assign(area_m2=-lost["area_m2"])])
        net = ends.groupby(["zone_id", "code"], as_index=False)["area_m2"].sum()
        net_ha, factor = net["area_m2"].to_numpy() / M2_PER_HA, known.reindex(net["code"])
        mid = factor[f"{pool}_tc_per_ha"].to_numpy()
        fall, rise = mid - factor[f"{pool}_low_tc_per_ha"].to_numpy(), factor[f"{pool}_high_tc_per_ha"].to_numpy() - mid
        # Where a class loses area, a high factor makes the total lower.
        down, up = np.where(net_ha >= 0, fall, rise), np.where(net_ha >= 0, rise, fall)
        squares.append(net.assign(down=(net_ha * down) ** 2, up=(net_ha * up) ** 2))
    return pd.concat(squares).groupby("zone_id")[["down", "up"]].sum().pow(0.5)
