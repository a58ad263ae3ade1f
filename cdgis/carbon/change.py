"""Land-cover change between two dates, and the carbon that came or went with it.

change(z) = sum over pairs (a, b) of area(z, a→b) * [d(b) - d(a)], pool by pool, only for pools known on both sides:
a class without a soil value has not lost its soil. Ranges as in carbon.uncertainty: densities of one pool from one source
share their error, so what a zone won and lost is first added up by pool and source, then combined as root-sum-square.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import POOLS, PoolTable, error_group
from cdgis.carbon.stock import TOTAL, class_words, classed
from cdgis.carbon.uncertainty import half_widths
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import Mark
from cdgis.raster import NODATA_CODE


def account_change(
    pairs: pd.DataFrame, pools: PoolTable, *, zone_layer: str, zone_names: Mapping[str, str] | None = None,
    zone_m2: "pd.Series | None" = None,
) -> pd.DataFrame:  # fmt: skip
    """Return table carbon_change: one row per zone and pair of classes, and one row 合计 per zone.

    Parameters
    ----------
    pairs : zone_id, from_code, to_code, area_m2 (square metres).
    zone_m2 : zone id -> square metres, for every zone; without it the pairs make up the whole zone.

    Notes
    -----
    Only what has a land class at both dates counts as changed or unchanged; `covered_share` is that part of the zone.
    """
    known = pools.frame.set_index("class_code")
    for column in ("from_code", "to_code"):
        pairs = pairs.assign(**{column: classed(pairs.rename(columns={column: "class_code"}), pools, None)["class_code"]})
    rows = pairs.groupby(["zone_id", "from_code", "to_code"], as_index=False).agg({"area_m2": "sum"})
    rows = _with_changes(rows, known)
    whole = rows.groupby("zone_id")["area_m2"].sum() if zone_m2 is None else zone_m2
    totals = _totals(rows, known, whole)
    rows["covered_share"] = rows["zone_id"].map(totals.set_index("zone_id")["covered_share"])
    table = pd.concat([rows, totals], ignore_index=True)
    names = zone_names or {}
    table["zone_name"] = [names.get(zone, "") for zone in table["zone_id"]]
    table["change_tco2e_mid"] = table["change_tc_mid"] * TCO2_PER_TC
    return table.assign(zone_layer=zone_layer)


def _with_changes(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    area_ha = rows["area_m2"] / M2_PER_HA
    before, after = known.reindex(rows["from_code"]), known.reindex(rows["to_code"])
    out = rows.assign(
        from_class=_class_names(rows["from_code"], before["land_class"]), to_class=_class_names(rows["to_code"], after["land_class"])
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


def _class_names(codes: pd.Series, found: pd.Series) -> list[str]:
    return [
        class_words(int(code)) if code <= NODATA_CODE else str(name)
        for code, name in zip(codes, found.to_numpy(dtype=object), strict=True)
    ]


def _totals(rows: pd.DataFrame, known: pd.DataFrame, zone_m2: pd.Series) -> pd.DataFrame:
    """Return one row per zone; what changed class alone has carbon, so unchanged pairs add nothing."""
    both = rows[(rows["from_code"] > NODATA_CODE) & (rows["to_code"] > NODATA_CODE)]
    moved = both[both["from_code"] != both["to_code"]]
    zones = zone_m2.rename_axis("zone_id").rename("zone_m2")
    covered = (both.groupby("zone_id")["area_m2"].sum().reindex(zones.index, fill_value=0.0) / zones.where(zones > 0)).fillna(0.0)
    columns = [f"{pool}_change_tc" for pool in POOLS]
    sums = moved.groupby("zone_id")[["area_m2", *columns, "change_tc_mid"]].sum(min_count=1).reindex(zones.index)
    sums["covered_share"] = covered.clip(0, 1)
    sums["area_m2"] = sums["area_m2"].fillna(0.0)
    sums["change_tc_mid"] = sums["change_tc_mid"].fillna(0.0).where(covered > 0)
    width = _half_widths(moved, known).reindex(zones.index, fill_value=0.0)
    sums["change_tc_low"] = sums["change_tc_mid"] - width["down"]
    sums["change_tc_high"] = sums["change_tc_mid"] + width["up"]
    sums["mark"] = moved.groupby("zone_id")["mark"].min().reindex(zones.index, fill_value=Mark.SEEN.value)
    return sums.reset_index().assign(
        from_class=TOTAL, to_class=TOTAL, method="类别变了的各对合计；面积是变更面积，只计两期均有值的像元，没有变的不计"
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
