"""Carbon stock of each zone by land class, with its range.

stock(z, c) = area(z, c) * [vegetation(c) + dead(c) + soil(c)], over the pools the table knows for class c.

A zone's total rests on the part of it that has a land class: `covered_share` is that part of the whole zone, and the
density divides by it. What lies beyond the raster, has no value, or a value that is no land class, has a row of its own.

Low and high are the 5 and 95 % points. Errors hang together as carbon.uncertainty says: densities of one pool from one
source move together, in all classes and zones; pools and sources are independent, and their half-widths combine as the
root of the sum of squares (IPCC 2006 vol. 1 ch. 3, eq. 3.2). Errors of the mapped areas are not in these ranges;
table carbon_uncertainty shows what they would add, and what other correlations would.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import POOLS, PoolTable, error_group
from cdgis.carbon.uncertainty import half_widths
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import TOTAL as TOTAL
from cdgis.core.vocabulary import Mark
from cdgis.raster import NODATA_CODE, value_of_unlisted
from cdgis.raster.class_index import unlisted_code
from cdgis.results.tables.validation import validate

NO_DATA, BEYOND, UNLISTED = "无数据", "栅格未覆盖", "未登记类别"
_BEYOND_CODE = NODATA_CODE - 1
_NOISE_M2 = 1.0
_BLANK_METHODS = {
    NO_DATA: "栅格无值，只计面积，不计碳", BEYOND: "在栅格范围以外，只计面积，不计碳",
    UNLISTED: "碳密度表没有这个类别，只计面积，不计碳",
}  # fmt: skip

def account_stock(
    areas: pd.DataFrame,
    pools: PoolTable,
    *,
    zone_layer: str,
    zone_names: Mapping[str, str] | None = None,
    outside_m2: "pd.Series | None" = None,
) -> pd.DataFrame:
    """Return table carbon_zones: one row per zone and land class, and one row 合计 per zone.

    Parameters
    ----------
    areas : zone_id, class_code, area_m2 as `raster.class_areas` returns them, square metres.
    pools : densities in tonnes of carbon per hectare.
    zone_layer : id of the layer the zones come from, written into the table.
    zone_names : zone id -> name.
    outside_m2 : zone id -> square metres beyond the raster, for every zone; without it the raster holds all zones.

    Returns
    -------
    Tonnes of carbon. Vegetation and soil stand apart; pools whose density is not known are blank, and
    `stock_tc_*` is the sum of the pools that are, which ones being said in `method`. Every zone has its row 合计;
    one without any value has a blank stock.
    """
    summed = classed(areas, pools, outside_m2).groupby(["zone_id", "class_code"], as_index=False).agg({"area_m2": "sum"})
    classes = _class_rows(summed, pools)
    table = pd.concat([classes, _zone_totals(classes, pools)], ignore_index=True)
    names = zone_names or {}
    table["zone_layer"] = zone_layer
    table["zone_name"] = [names.get(zone, "") for zone in table["zone_id"]]
    table["stock_tc_low"] = table["stock_tc_mid"] - table["down"]
    table["stock_tc_high"] = table["stock_tc_mid"] + table["up"]
    table["stock_tco2e_mid"] = table["stock_tc_mid"] * TCO2_PER_TC
    table["density_tc_per_ha_mid"] = table["stock_tc_mid"] / (table["valued_m2"] / M2_PER_HA).where(table["valued_m2"] > 0)
    return validate("carbon_zones", table)


def classed(areas: pd.DataFrame, pools: PoolTable, outside_m2: "pd.Series | None") -> pd.DataFrame:
    """Return zone_id, class_code, area_m2 with codes that have no factor made unlisted, and a row for what lies beyond."""
    known = {*pools.frame["class_code"].astype(int), NODATA_CODE}
    codes = areas["class_code"].astype("int64").map(
        lambda code: code if code in known or value_of_unlisted(code) is not None else unlisted_code(code)
    )
    rows = areas.assign(class_code=codes)[["zone_id", "class_code", "area_m2"]]
    if outside_m2 is None:
        return rows
    whole = rows.groupby("zone_id")["area_m2"].sum().reindex(outside_m2.index, fill_value=0.0) + outside_m2
    beyond = outside_m2[(outside_m2 > _NOISE_M2) | (whole <= 0)]
    if beyond.empty:
        return rows
    extra = pd.DataFrame({"zone_id": beyond.index, "class_code": _BEYOND_CODE, "area_m2": beyond.clip(lower=0.0).to_numpy()})
    return pd.concat([rows, extra], ignore_index=True)


def covered_share(areas: pd.DataFrame, pools: PoolTable) -> pd.DataFrame:
    """Return zone_id -> valued_m2 and covered_share of rows that `classed` made: the part of a zone with a land class."""
    valued = areas["area_m2"].where(areas["class_code"].isin(pools.frame["class_code"].astype(int)), 0.0)
    whole = areas.groupby("zone_id")["area_m2"].sum()
    known = valued.groupby(areas["zone_id"]).sum()
    return pd.DataFrame({"valued_m2": known, "covered_share": (known / whole.where(whole > 0)).fillna(0.0).clip(0, 1)})


def merge_zones(areas: pd.DataFrame, zone_id: str) -> pd.DataFrame:
    """Return `areas` of all zones added up as one zone: the account of a whole partition, such as the city."""
    merged = areas.groupby("class_code", as_index=False).agg({"area_m2": "sum"})
    merged.insert(0, "zone_id", zone_id)
    return merged


def _class_rows(areas: pd.DataFrame, pools: PoolTable) -> pd.DataFrame:
    rows = areas.merge(pools.frame, on="class_code", how="left")
    area_ha = rows["area_m2"] / M2_PER_HA
    rows["stock_tc_mid"] = 0.0
    for pool in POOLS:
        mid = rows[f"{pool}_tc_per_ha"]
        rows[f"{pool}_tc"] = area_ha * mid
        rows["stock_tc_mid"] += rows[f"{pool}_tc"].fillna(0.0)
    for part in ("above", "below"):
        rows[f"{part}_tc"] = area_ha * rows[f"{part}_tc_per_ha"]
    rows["mark"] = np.where((rows[[f"{p}_mark" for p in POOLS]] == Mark.MEMORY).any(axis=1), "M", "S")
    rows["soil_depth_cm"] = rows["soil_depth_cm"].map("{:g}".format).where(rows["soil_depth_cm"].notna(), "")
    rows["soil_share"] = rows["soil_tc"].notna().astype(float)
    rows["method"] = _class_methods(rows, pools)
    rows["valued_m2"] = rows["area_m2"].where(rows["class_code"] > NODATA_CODE, 0.0)
    rows["covered_share"] = rows["zone_id"].map(covered_share(areas, pools)["covered_share"])
    own = half_widths(_swings(rows).assign(zone_id=lambda swings: swings["row"])).reindex(rows.index, fill_value=0.0)
    rows["down"], rows["up"] = own["down"], own["up"]
    return _blank_no_data(rows)


def _swings(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each density adds to its zone when it goes to its low or high value: zone_id, row, group, low, high."""
    area_ha = rows["area_m2"] / M2_PER_HA
    parts = [
        pd.DataFrame({
            "zone_id": rows["zone_id"], "row": rows.index, "group": error_group(pool, rows[f"{pool}_group"]),
            "low": area_ha * (rows[f"{pool}_low_tc_per_ha"] - rows[f"{pool}_tc_per_ha"]),
            "high": area_ha * (rows[f"{pool}_high_tc_per_ha"] - rows[f"{pool}_tc_per_ha"]),
        })
        for pool in POOLS
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True).dropna(subset=["low", "high"])


def _class_methods(rows: pd.DataFrame, pools: PoolTable) -> "pd.Series[str]":
    """Return in words which pools `stock_tc_*` of each row holds."""
    depth = "" if pools.soil_depth_cm is None else f"0–{pools.soil_depth_cm:g}厘米"
    dead = rows["dead_tc"].notna().map({True: "＋死有机质", False: ""})
    soil = rows["soil_tc"].notna().map({True: f"＋土壤{depth}", False: f"，不含土壤（无{depth}来源）"})
    return f"面积×碳密度（{pools.words}）：植被" + dead.astype(str) + soil.astype(str)


def _blank_no_data(rows: pd.DataFrame) -> pd.DataFrame:
    empty = rows["class_code"] <= NODATA_CODE
    rows.loc[empty, "land_class"] = rows.loc[empty, "class_code"].map(class_words)
    rows.loc[empty, ["stock_tc_mid", "down", "up"]] = np.nan
    rows.loc[empty, "method"] = rows.loc[empty, "land_class"].map(lambda name: _BLANK_METHODS[name.split(" ")[0]])
    return rows


def class_words(code: int) -> str:
    """Return how a code that is no land class is called."""
    value = value_of_unlisted(code)
    return f"{UNLISTED} {value}" if value is not None else BEYOND if code == _BEYOND_CODE else NO_DATA


def _zone_totals(classes: pd.DataFrame, pools: PoolTable) -> pd.DataFrame:
    """Return one row per zone; above, below and dead stay blank unless every class knows them."""
    counted = classes[classes["class_code"] > NODATA_CODE]
    groups = counted.groupby("zone_id")
    totals = groups[["stock_tc_mid", "vegetation_tc"]].sum()
    totals[["down", "up"]] = half_widths(_swings(counted)).reindex(totals.index, fill_value=0.0)
    totals["soil_tc"] = groups["soil_tc"].sum(min_count=1)
    for part in ("above_tc", "below_tc", "dead_tc"):
        totals[part] = groups[part].sum().where(groups[part].count() == groups.size())
    # "M" sorts before "S": the least verified part marks the whole.
    totals["mark"] = groups["mark"].min()
    known, classes_met = groups["soil_tc"].count(), groups.size()
    depth = "" if pools.soil_depth_cm is None else f"{pools.soil_depth_cm:g}"
    totals["soil_depth_cm"] = np.where(known > 0, depth, "")
    soil = np.select([known == 0, known == classes_met], ["不含土壤", "含土壤"], "土壤只含有同深度来源的类别")
    totals["method"] = [f"各类合计，区间：同库同源的因子完全相关，不同库、不同源按方和根合成；{words}" for words in soil]
    # A zone wholly without data keeps its row: its stock is blank, for a zero would read as "no carbon".
    whole = covered_share(classes, pools)
    totals = totals.reindex(whole.index).astype({"method": object, "mark": object, "soil_depth_cm": object})
    bare = whole["valued_m2"] <= 0
    totals.loc[bare, "method"] = "没有一个像元有土地类别：资料不足，未算"
    totals["mark"] = totals["mark"].fillna(Mark.SEEN.value)
    totals["soil_depth_cm"] = totals["soil_depth_cm"].fillna("")
    area = classes.groupby("zone_id")["area_m2"].sum()
    held = classes[classes["soil_tc"].notna()].groupby("zone_id")["area_m2"].sum().reindex(whole.index, fill_value=0.0)
    share = (held / whole["valued_m2"].where(~bare)).fillna(0.0).clip(0, 1)
    return totals.join(whole).assign(land_class=TOTAL, area_m2=area, soil_share=share).reset_index()
