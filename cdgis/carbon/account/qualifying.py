"""Pre-check of restoration areas as CCER afforestation, on what is declared and measured."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely

from cdgis.carbon.account.restoration import Ground, Restoration
from cdgis.carbon.eligibility import Condition, Fact, check_parcels, whole
from cdgis.carbon.factors import read_conditions, read_fact_titles
from cdgis.carbon.growth import YearlyGain
from cdgis.carbon.ledger import Cut, cut_off, overlap_with_earlier
from cdgis.carbon.potential import AFFORESTATION
from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.raster import class_areas
from cdgis.workspace.settings import CarbonSettings

YES_NO = (
    "planned_afforestation", "clear_title", "removes_scattered_trees",
    "low_rainfall", "key_function_zone", "public_welfare_forest",
)  # fmt: skip
NUMBERS = ("start_year", "years_not_forest", "shrub_removal_share", "precipitation_mm")
WETLANDS = layer_ids.WETLANDS
NOT_ASKED = "not_asked"


def read_facts(table: pd.DataFrame, path: str) -> tuple[dict[str, dict[str, Fact]], tuple[Gap, ...]]:
    """Return area_id -> what is declared about it, and the cells that declare nothing though they are filled.

    Blank cells are not known; so is a cell that is neither 是/否 nor a number, and all of an area that stands twice.
    """
    twice = set(table.loc[table["area_id"].duplicated(), "area_id"])
    gaps = [_unusable(path, number, f"修复区 {area} 重复", "请每个修复区只留一行")
            for number, area in enumerate(table["area_id"], start=2) if area in twice]  # fmt: skip
    facts: dict[str, dict[str, Fact]] = {}
    for number, row in enumerate(table.to_dict("records"), start=2):
        if row["area_id"] in twice:
            continue
        mine: dict[str, Fact] = {}
        for name, text in ((str(k), str(v).strip()) for k, v in row.items()):
            value = _fact(name, text)
            if value is None and text and name in (*YES_NO, *NUMBERS):
                meant = "是或否" if name in YES_NO else "数字"
                gaps.append(_unusable(path, number, f"{row['area_id']} 的 {name} 读到“{text}”，应为{meant}", "请改正这一格"))
            elif value is not None:
                mine[name] = value
        facts[str(row["area_id"])] = mine
    return facts, tuple(gaps)


def _unusable(path: str, row: int, problem: str, remedy: str) -> Gap:
    part = "修复区填报事项：按没有填报处理，预检为未知"
    return Gap(part=part, layer="restoration_facts", file=path, row=f"第 {row} 行", problem=problem, remedy=remedy)


def _fact(name: str, text: str) -> Fact | None:
    if not text:
        return None
    if name in YES_NO:
        return {"是": True, "否": False}.get(text)
    if name in NUMBERS:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if np.isfinite(value) else None
    return text if name == "stand_kind" else None


def check_restoration(
    restoration: Restoration, declared: Mapping[str, Mapping[str, Fact]], ground: Ground
) -> tuple[pd.DataFrame, pd.Series]:
    """Return table carbon_eligibility, and area_id -> pass, fail, unknown or not_asked (measures other than 造林)."""
    mine = np.flatnonzero(restoration.areas["measure"] == AFFORESTATION)
    ids = restoration.areas["area_id"].to_numpy()
    measured = _measured(restoration, mine, ground)
    parcels = {str(ids[i]): {**declared.get(str(ids[i]), {}), **measured[str(ids[i])]} for i in mine}
    table = check_parcels(parcels, conditions(), read_fact_titles())
    states = table.groupby("area_id")["state"].agg(lambda s: whole(list(s)))
    return table, pd.Series(ids, index=ids).map(states).fillna(NOT_ASKED)


def conditions() -> tuple[Condition, ...]:
    """Return the methodology's conditions."""
    _, _, raw = read_conditions()
    return tuple(
        Condition(
            id=row["id"], title=row["title"], text=row["text"], op=row["op"], facts=tuple(row["facts"]),
            value=tuple(row["value"]) if isinstance(row.get("value"), list) else row.get("value"),
            value_until_2019=row.get("value_until_2019"), mark=row["mark"],
        )
        for row in raw
    )  # fmt: skip


def _measured(restoration: Restoration, mine: np.ndarray, ground: Ground) -> dict[str, dict[str, Fact]]:
    """Return area_id -> smallest_part_m2, wetland_m2, claimed_m2; a fact that a missing layer hides is left out."""
    ids, shapes = restoration.areas["area_id"].to_numpy()[mine], restoration.plane[mine]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    smallest = pd.Series(shapely.area(parts)).groupby(owner).min()
    wet, wet_known = _wetland_m2(ids, shapes, ground)
    claimed, claims_known = _claimed_m2(restoration, mine, ground)
    facts: dict[str, dict[str, Fact]] = {}
    for place, area_id in enumerate(ids):
        found: dict[str, Fact] = {"smallest_part_m2": float(smallest.get(place, 0.0))}
        if wet_known or wet[place] > 1:
            found["wetland_m2"] = float(wet[place])
        if claims_known or claimed[place] > 1:
            found["claimed_m2"] = float(claimed[place])
        facts[str(area_id)] = found
    return facts


def _wetland_m2(ids: np.ndarray, shapes: np.ndarray, ground: Ground) -> tuple[np.ndarray, bool]:
    """Return the larger of the wetland areas by layer and by land class, and whether the layer is there and whole."""
    from geopandas import GeoDataFrame

    zones = GeoDataFrame({"zone_id": ids}, geometry=geodesy.geometries_from_plane(shapes), crs=4490)
    areas = class_areas(ground.classes, zones, effort=ground.effort)
    wet = areas[areas["class_code"].isin(ground.pools.codes("wetland"))]
    cells = wet.groupby("zone_id")["area_m2"].sum().reindex(ids, fill_value=0.0)
    layer = ground.layers.get(WETLANDS)
    drawn = np.zeros(len(ids)) if layer is None else _taken(shapes, np.asarray(layer.zones.geometry.array, dtype=object))
    return np.maximum(drawn, cells.to_numpy()), layer is not None and not layer.quarantined


def _taken(shapes: np.ndarray, lonlat: np.ndarray) -> np.ndarray:
    cut = Cut(title="", layer="", basis="", mark="S", shapes=valid_on_plane(lonlat)[0])
    return cut_off(shapes, [cut])[1][:, 0]


def _claimed_m2(restoration: Restoration, mine: np.ndarray, ground: Ground) -> tuple[np.ndarray, bool]:
    shapes = restoration.plane[mine]
    present = [ground.layers[name] for name in ground.claim_layers if name in ground.layers]
    whole_layers = len(present) == len(ground.claim_layers) and not any(layer.quarantined for layer in present)
    claims = [np.asarray(layer.zones.geometry.array, dtype=object) for layer in present]
    left, taken = shapes, np.zeros(len(shapes))
    if claims:
        taken = _taken(shapes, np.concatenate(claims))
    earlier = overlap_with_earlier(restoration.plane)
    own = [earlier[i] for i in mine]
    cut = Cut(title="", layer="", basis="", mark="S", shapes=np.array([]), own=own)
    return taken + cut_off(left, [cut])[1][:, 0], whole_layers


def creditable_tco2e(
    areas: pd.DataFrame, states: pd.Series, gains: Mapping[str, YearlyGain], settings: CarbonSettings
) -> pd.Series:
    """Return (project - baseline) * (1 - K_risk) over the crediting period, of areas that do not fail; NaN elsewhere.

    Leakage is 0. All settings are unverified, so this is an example of the order of magnitude, never a claim.
    """
    total = areas["growth_key"].map(
        {key: float(gain.mid[: settings.crediting_years].sum()) * TCO2_PER_TC for key, gain in gains.items()}
    )
    baseline = settings.baseline_tco2e_per_ha_yr * settings.crediting_years
    amount = areas["eligible_m2"] / M2_PER_HA * (total - baseline).clip(lower=0.0) * (1 - settings.k_risk_share)
    return amount.where(areas["area_id"].map(states).isin(["pass", "unknown"]))
