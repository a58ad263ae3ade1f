"""Restoration areas: eligible land left, what is planted there, and what it could add."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.carbon.account.grids import KEPT_CODE, Terrain, reason_raster, zone_mean
from cdgis.carbon.factors import (
    Exclusion,
    PoolTable,
    read_exclusions,
    read_growth,
    read_measures,
    read_planting_rules,
    read_trees,
)
from cdgis.carbon.growth import YearlyGain
from cdgis.carbon.ledger import NO_CLASS, Cut, cut_off, overlap_with_earlier, write_ledger
from cdgis.carbon.planting import aspect_of, choose_planting
from cdgis.carbon.potential import AFFORESTATION, estimate_potential, gain_for, growth_key, total_potential
from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap, listed
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.raster import NODATA_CODE, Effort, Raster, class_areas
from cdgis.workspace.layers import Layer, Layers

if TYPE_CHECKING:
    from cdgis.workspace.settings import CarbonSettings

RESTORATION_LAYER = layer_ids.RESTORATION_AREAS
_DEFAULT_FOREST_TYPE = "针叶林"
_HEIGHT_STEP_M, _SHARE_STEP = 10.0, 1.0
_CELL_SHARE_ERROR, _NOISE_M2 = 1e-4, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What lies under the restoration areas."""

    layers: Layers
    classes: Raster
    pools: PoolTable
    terrain: Terrain | None
    claim_layers: tuple[str, ...]
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """Restoration areas measured and cut."""

    areas: pd.DataFrame
    """area_id, area_name, programme, measure, growth_key, gross_m2, eligible_m2, planting and terrain columns, mark."""
    plane: np.ndarray
    """Their polygons in the measuring plane, in the order of `areas`."""
    ledger: pd.DataFrame
    kept: pd.DataFrame
    """area_id, class_code, area_m2: the eligible area by its present land class."""


def known_measures(layer: Layer, gaps: list[Gap]) -> Layer:
    """Return the areas whose measure has a rate of gain; the others are named in `gaps`."""
    measures = sorted(set(read_measures().frame["measure"]))
    strange = ~layer.zones["zone_class"].isin(measures)
    if not strange.any():
        return layer
    left = layer.zones[strange]
    gaps.append(
        Gap(
            part=f"修复区增汇潜力：{len(left)} 片未算，其余照算", layer=layer.spec.id, file=layer.record.path,
            row=listed([f"第 {place + 1} 个要素（{zone}）" for place, zone in zip(left.index, left["zone_id"], strict=True)]),
            problem=f"措施“{listed(sorted(set(left['zone_class'])))}”没有增汇参数", remedy=f"措施应为 {'、'.join(measures)}",
        )
    )  # fmt: skip
    return replace(layer, zones=layer.zones[~strange].reset_index(drop=True))


def measure_restoration(layer: Layer, ground: Ground, precipitation_mm: pd.Series) -> Restoration:
    """Return the areas with their ledger and what the planting rules call for.

    `precipitation_mm` : area_id -> yearly millimetres, where declared.
    """
    zones = layer.zones.sort_values("zone_id", ignore_index=True)
    plane = valid_on_plane(np.asarray(zones.geometry.array, dtype=object))[0]
    areas = pd.DataFrame(
        {
            "area_id": zones["zone_id"].to_numpy(dtype=object),
            "area_name": zones["zone_name"].to_numpy(dtype=object),
            "programme": zones["programme"].to_numpy(dtype=object) if "programme" in zones else "",
            "measure": zones["zone_class"].to_numpy(dtype=object),
            "gross_m2": shapely.area(plane),
        }
    )
    steps, kept = _cut_all(areas, plane, ground)
    eligible = kept.groupby("area_id")["area_m2"].sum().reindex(areas["area_id"], fill_value=0.0)
    areas["eligible_m2"] = areas["area_id"].map(eligible).astype(float)
    unclassed = steps[steps["item"] == NO_CLASS].groupby("area_id")["taken_m2"].sum().reindex(areas["area_id"], fill_value=0.0)
    areas["covered_share"] = 1 - (areas["area_id"].map(unclassed) / areas["gross_m2"].where(areas["gross_m2"] > 0)).fillna(1.0).clip(0, 1)
    ledger = write_ledger(areas, steps, eligible)
    planted = _plant(areas, zones, ground, precipitation_mm)
    used = steps[steps["taken_m2"] > 0].groupby("area_id")["mark"].min()
    planted["mark"] = np.minimum(planted["mark"], planted["area_id"].map(used).fillna("S"))
    return Restoration(areas=planted, plane=plane, ledger=ledger, kept=kept)


def _cut_all(areas: pd.DataFrame, plane: np.ndarray, ground: Ground) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ledger's steps, and what is left by land class, measure by measure."""
    exclusions = read_exclusions()
    earlier = overlap_with_earlier(plane)
    steps: list[pd.DataFrame] = []
    kept: list[pd.DataFrame] = []
    for measure in sorted(set(areas["measure"])):
        mine = np.flatnonzero(areas["measure"] == measure)
        reasons = [_by_code(reason, ground.pools) for reason in exclusions.get(measure, ())]
        cuts = [_cut(reason, ground, [earlier[i] for i in mine]) for reason in reasons if reason.is_vector]
        left, taken = cut_off(plane[mine], cuts)
        ids = areas["area_id"].to_numpy()[mine]
        steps += [
            _step(ids, number, cut, taken[:, number]) for number, cut in enumerate(cuts)
        ]
        by_cell, left_over = _count_cells(ids, left, [r for r in reasons if not r.is_vector], ground, first=len(cuts) + 1)
        steps.append(by_cell)
        kept.append(left_over)
    return pd.concat(steps, ignore_index=True), pd.concat(kept, ignore_index=True)


def _by_code(reason: Exclusion, pools: PoolTable) -> Exclusion:
    """Return a reason that names roles of land classes as one that names their codes."""
    if reason.kind != "land_class":
        return reason
    codes = pools.codes(*reason.target.split(LIST_SEPARATOR))
    return replace(reason, target=LIST_SEPARATOR.join(map(str, codes)))


def _cut(reason: Exclusion, ground: Ground, earlier: list[np.ndarray]) -> Cut:
    if reason.kind == "siblings":
        return Cut(title=reason.title, layer=RESTORATION_LAYER, basis=reason.basis, mark=reason.mark, shapes=np.array([]), own=earlier)
    wanted = ground.claim_layers if reason.kind == "claims" else (reason.target,)
    present = [ground.layers[name] for name in wanted if name in ground.layers]
    sound = len(present) == len(wanted) and not any(layer.quarantined for layer in present)
    shapes = [_shapes(layer, reason.classes) for layer in present]
    return Cut(
        title=reason.title if sound else f"{reason.title}（图层缺失或不完整，未能扣全）",
        layer=";".join(wanted),
        basis=reason.basis,
        mark=reason.mark if sound else "M",
        shapes=np.concatenate(shapes) if shapes else np.array([], dtype=object),
    )


def _shapes(layer: Layer, classes: tuple[str, ...]) -> np.ndarray:
    zones = layer.zones[layer.zones["zone_class"].isin(classes)] if classes else layer.zones
    return valid_on_plane(np.asarray(zones.geometry.array, dtype=object))[0]


def _step(ids: np.ndarray, number: int, cut: Cut, taken_m2: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"area_id": ids, "seq": number + 1, "item": cut.title, "layer": cut.layer, "taken_m2": taken_m2,
         "basis": cut.basis, "mark": cut.mark}
    )  # fmt: skip


def _count_cells(
    ids: np.ndarray, left: np.ndarray, reasons: list[Exclusion], ground: Ground, *, first: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the steps counted cell by cell on what is left, and what no reason takes off by land class."""
    zones = GeoDataFrame({"zone_id": ids}, geometry=geodesy.geometries_from_plane(left), crs=4490)
    zones = zones[~(zones.geometry.is_empty | zones.geometry.isna())]
    counted = class_areas(reason_raster(ground.classes, reasons, ground.terrain), zones, effort=ground.effort)
    areas = counted.pivot_table(index="zone_id", columns="class_code", values="area_m2", aggfunc="sum", fill_value=0.0)
    classes = sorted({int(code) for code in counted["class_code"] if code >= KEPT_CODE})
    columns = [NODATA_CODE, *classes, *range(1, len(reasons) + 1)]
    areas = areas.reindex(ids, fill_value=0.0).reindex(columns=columns, fill_value=0.0)
    areas = _to_survey(areas, shapely.area(left))
    layer = ground.classes.record.layer
    rows = [
        (_limit_title(reason, ground), layer if reason.kind == "land_class" else "dem", areas[number], reason.basis, reason.mark)
        for number, reason in enumerate(reasons, start=1)
    ]
    rows.append((NO_CLASS, layer, areas[NODATA_CODE], "没有土地类别的地方不算可实施", "S"))
    steps = [
        pd.DataFrame({"area_id": ids, "seq": first + place, "item": item, "layer": source, "taken_m2": np.asarray(taken),
                      "basis": basis, "mark": mark})
        for place, (item, source, taken, basis, mark) in enumerate(rows)
    ]  # fmt: skip
    return pd.concat(steps, ignore_index=True), _by_class(areas[classes])


def _by_class(areas: pd.DataFrame) -> pd.DataFrame:
    """Return area_id, class_code, area_m2 of the cells that are kept."""
    long = areas.rename_axis(index="area_id").reset_index().melt("area_id", var_name="class_code", value_name="area_m2")
    long = long[long["area_m2"] > 0]
    return long.assign(class_code=long["class_code"].astype("int64") - KEPT_CODE)


def _to_survey(areas: pd.DataFrame, survey_m2: np.ndarray) -> pd.DataFrame:
    """Return cell areas scaled to the polygons' survey area; what the raster does not reach has no class.

    Within a cell the zonal count takes shares of lon/lat, which differ from shares of area by up to 6e-5.
    """
    counted = areas.sum(axis=1).to_numpy()
    scale = np.where(counted > 0, survey_m2 / np.where(counted > 0, counted, 1.0), 1.0)
    scale = np.where(np.abs(scale - 1) < _CELL_SHARE_ERROR, scale, 1.0)
    out = areas.mul(scale, axis=0)
    rest = survey_m2 - out.sum(axis=1).to_numpy()
    out[NODATA_CODE] += np.where(rest > _NOISE_M2, rest, 0.0)
    return out


def _limit_title(reason: Exclusion, ground: Ground) -> str:
    if reason.limit is None:
        return reason.title
    unit = "米" if reason.kind == "elevation_max_m" else "度"
    known = "" if ground.terrain is not None else "；没有同网格的高程，未扣"
    return f"{reason.title}（{reason.limit:g} {unit}{known}）"


def _plant(areas: pd.DataFrame, zones: GeoDataFrame, ground: Ground, precipitation_mm: pd.Series) -> pd.DataFrame:
    """Return `areas` with height, aspect, the planting rule that fits and the growth key."""
    height = north = pd.Series(dtype=float)
    if ground.terrain is not None:
        height = zone_mean(ground.terrain.elevation_m, ground.classes, zones, step=_HEIGHT_STEP_M, effort=ground.effort)
        north = zone_mean(ground.terrain.faces_north, ground.classes, zones, step=_SHARE_STEP, effort=ground.effort)
    out = areas.assign(
        elevation_m=areas["area_id"].map(height).astype(float), north_share=areas["area_id"].map(north).astype(float)
    )
    rules = read_planting_rules()
    columns: dict[str, list[str]] = {name: [] for name in ("planting_rule", "tree_group", "planting_why", "growth_key", "mark")}
    wanted = out[["area_id", "measure", "elevation_m", "north_share"]].itertuples(index=False, name=None)
    for area_id, measure, elevation_m, north_share in wanted:
        rule = None
        if measure == AFFORESTATION:
            rain = float(precipitation_mm.get(area_id, np.nan))
            rule = choose_planting(rules, elevation_m=elevation_m, aspect=aspect_of(north_share), precipitation_mm=rain)
        chosen = (rule.rule, rule.tree_group, rule.why, rule.mark) if rule else ("", "", "", "S")
        fallback = measure == AFFORESTATION and rule is None
        forest_type = rule.forest_type if rule else _DEFAULT_FOREST_TYPE
        columns["planting_rule"].append(chosen[0])
        columns["tree_group"].append(chosen[1])
        columns["planting_why"].append("没有适用的树种规则（高程或坡向不明），按针叶林生长" if fallback else chosen[2])
        columns["growth_key"].append(growth_key(measure, forest_type))
        columns["mark"].append("M" if fallback else chosen[3])
    return out.assign(**columns)


def project_gains(restoration: Restoration, settings: "CarbonSettings", *, years: int) -> dict[str, YearlyGain]:
    """Return growth key -> yearly gain, for as many years as asked."""
    measures, growth, trees = read_measures(), read_growth(), read_trees()
    keys = sorted(set(restoration.areas["growth_key"]))
    return {
        key: gain_for(measures, growth, trees, key=key, years=years, method=settings.growth_method) for key in keys
    }


def potential_tables(
    restoration: Restoration, gains: dict[str, YearlyGain], *, start_year: int, horizon_year: int
) -> dict[str, pd.DataFrame]:
    """Return carbon_potential and carbon_potential_totals for every year after the start up to the horizon."""
    years = range(start_year + 1, horizon_year + 1)
    potential = estimate_potential(restoration.areas.drop(columns="mark"), gains, start_year=start_year, years=years)
    areas = restoration.areas.set_index("area_id")
    # The choice of trees and of what is taken off may be unverified although the curve is not.
    potential["mark"] = np.minimum(potential["mark"], potential["area_id"].map(areas["mark"]))
    totals = total_potential(potential)
    return {"carbon_potential": potential, "carbon_potential_totals": totals}
