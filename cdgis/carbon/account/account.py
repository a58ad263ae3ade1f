"""The whole carbon account in one straight line, from rasters, stands and restoration areas to tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cdgis.carbon import Valuation
from cdgis.carbon.account.account_inputs import Inputs, read_inputs
from cdgis.carbon.account.apportionment import apportion_potential
from cdgis.carbon.account.landcover import CITY_ZONE, LandCoverAccount, change_gaps, cover_gaps
from cdgis.carbon.account.pictures import draw_pictures, value_rasters
from cdgis.carbon.account.qualifying import check_restoration, creditable_tco2e, read_facts
from cdgis.carbon.account.reference_figures import factor_table, forest_ha, forest_share, milestones, published_checks
from cdgis.carbon.account.restoration import (
    RESTORATION_LAYER,
    Ground,
    known_measures,
    measure_restoration,
    potential_tables,
    project_gains,
)
from cdgis.carbon.account.soil_change import soil_table
from cdgis.carbon.account.stands import stand_tables
from cdgis.carbon.account.totals import (
    Quantity,
    potential_quantity,
    stock_quantity,
    uncertainty_table,
    with_areas,
)
from cdgis.carbon.eligibility import Fact
from cdgis.carbon.factors import GROWTH_TABLES, PoolTable, has_factors, read_growth, read_trees, with_own_factors
from cdgis.carbon.growth import growth_table
from cdgis.carbon.potential import AFFORESTATION
from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap, attempted, table_gaps
from cdgis.core.errors import CarbonError
from cdgis.core.number_format import whole_city
from cdgis.core.progress import Progress
from cdgis.core.vocabulary import CheckState, InputRecord
from cdgis.readers import read_table_layer, table_record, unread_record
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Part
from cdgis.results.tables.validation import empty, validate
from cdgis.workspace.layers import Layer

if TYPE_CHECKING:
    from cdgis.raster import Overlay

APPORTIONMENT_LAYERS = (layer_ids.COUNTIES, layer_ids.MANAGEMENT_UNITS)
"""Layers by which the potential is shared out."""


@in_its_place
def account_carbon(loaded: Loaded, *, progress: Progress) -> Part:
    """Return the carbon tables for the zone layers the settings name, and what a bad input left open.

    Raises
    ------
    CarbonError : the settings name a table of factors that is not there, or one of the workspace's own is faulty.
    """
    with with_own_factors(loaded.workspace.root) as own:
        part = _account(loaded, progress)
    if not own:
        return part
    note = f"碳核算换用了工作区自己的因子表：{'、'.join(record.path for record in own)}；其余为程序自带"
    return replace(part, records=(*part.records, *own), notes=(*part.notes, note))


def _account(loaded: Loaded, progress: Progress) -> Part:
    settings = loaded.settings.carbon
    if settings.land_class_layer not in loaded.workspace.catalog:
        return Part(notes=(f"工作区没有土地类别栅格 {settings.land_class_layer}，未作碳储量核算",))
    gaps: list[Gap] = []
    inputs = read_inputs(loaded, gaps)
    zone_layers = [loaded.layers[name] for name in settings.zone_layers if name in loaded.layers]
    cover = _count_cover(zone_layers, inputs, loaded.settings.city, progress, gaps)
    progress.stage("小班、修复潜力与不确定性", 3)
    tables = dict(cover.tables) if cover else {}
    quantities = []
    if cover and cover.city_share:
        quantities.append(stock_quantity(cover.city_areas, inputs.pools, _city_mark(tables), covered_share=cover.city_share))
    checks = [published_checks()]
    if settings.stands_layer in loaded.layers:
        _add_stands(loaded.layers[settings.stands_layer], tables, quantities, checks, gaps)
    progress.step("小班")
    records = inputs.records
    if RESTORATION_LAYER in loaded.layers and inputs.classes is not None:
        found = attempted("修复区增汇潜力", lambda: _restore(loaded, inputs, gaps), gaps, layer=RESTORATION_LAYER)
        if found is not None:
            tables |= found[0]
            quantities.append(found[1])
            records += found[2]
    progress.step("修复增汇潜力")
    tables |= _closing_tables(loaded, inputs, cover, tables)
    tables["carbon_checks"] = pd.concat(checks, ignore_index=True)
    tables["carbon_uncertainty"] = uncertainty_table(_with_area_errors(quantities, loaded), settings)
    progress.step("不确定性与出处")
    return Part(
        tables={name: validate(name, table) for name, table in tables.items()},
        records=records,
        notes=_notes(tables, {layer.spec.id: layer.spec.title for layer in zone_layers}),
        gaps=tuple(gaps),
        pictures=_pictures(loaded, inputs, tables, gaps),
        rasters=value_rasters(inputs.classes, inputs.earlier, inputs.pools, loaded.layers, tables) if inputs.classes else {},
    )


def _pictures(
    loaded: Loaded, inputs: Inputs, tables: Mapping[str, pd.DataFrame], gaps: list[Gap]
) -> "Mapping[str, Overlay]":
    if inputs.classes is None:
        return {}
    classes, layers = inputs.classes, loaded.layers
    found = attempted("地图上的碳图", lambda: draw_pictures(classes, inputs.pools, layers, tables, elevation=inputs.elevation), gaps)
    return found or {}


def _add_stands(
    layer: Layer, tables: dict[str, pd.DataFrame], quantities: list[Quantity], checks: list[pd.DataFrame], gaps: list[Gap]
) -> None:
    found = attempted("小班碳储量", lambda: stand_tables(layer), gaps)
    if found is None:
        return
    more, quantity, check, left = found
    tables |= more
    quantities += [quantity] if quantity else []
    checks.append(check)
    gaps += left


def _count_cover(
    zone_layers: Sequence[Layer], inputs: Inputs, city: str, progress: Progress, gaps: list[Gap]
) -> LandCoverAccount | None:
    if inputs.classes is None:
        return None
    cover = LandCoverAccount(inputs.classes, inputs.pools, earlier=inputs.earlier, city=city, effort=inputs.effort)
    for layer in zone_layers:
        # The next stage closes this one: a large raster opens stages of its own in between.
        progress.stage(f"碳储量核算：{layer.spec.title}", 1)
        attempted(f"{layer.spec.title}的碳储量", partial(cover.add, layer, progress=progress), gaps)
    cover.account()
    gaps += [*cover_gaps(cover, inputs.classes), *change_gaps(cover, inputs.earlier)]
    return cover


def _city_mark(tables: Mapping[str, pd.DataFrame]) -> str:
    zones = tables["carbon_zones"]
    return str(zones.loc[(zones["zone_layer"] == CITY_ZONE) & (zones["land_class"] == TOTAL), "mark"].min())


def _restore(
    loaded: Loaded, inputs: Inputs, gaps: list[Gap]
) -> tuple[dict[str, pd.DataFrame], Quantity, tuple[InputRecord, ...]]:
    settings = loaded.settings.carbon
    if inputs.classes is None:
        raise CarbonError("没有土地类别栅格")
    declared, records = _declared(loaded, gaps)
    rain = pd.Series({k: float(str(v["precipitation_mm"])) for k, v in declared.items() if "precipitation_mm" in v}, dtype=float)
    ground = Ground(
        layers=loaded.layers, classes=inputs.classes, pools=inputs.pools, terrain=inputs.terrain, claim_layers=settings.claim_layers,
        effort=inputs.effort,
    )  # fmt: skip
    restoration = measure_restoration(known_measures(loaded.layers[RESTORATION_LAYER], gaps), ground, rain)
    start = settings.start_year or loaded.as_of.year
    years = max(settings.horizon_year - start, 1)
    gains = project_gains(restoration, settings, years=max(years, settings.crediting_years))
    tables = potential_tables(restoration, gains, start_year=start, horizon_year=start + years)
    eligibility, states = check_restoration(restoration, declared, ground)
    areas = restoration.areas
    tables["carbon_restoration"] = areas.assign(
        ccer_state=areas["area_id"].map(states),
        ccer_tco2e=creditable_tco2e(areas, states, gains, settings),
        mark=np.minimum(areas["mark"], areas["growth_key"].map({key: gain.mark for key, gain in gains.items()})),
    )
    tables |= {"carbon_ledger": restoration.ledger, "carbon_eligibility": eligibility}
    tables["carbon_soil"] = soil_table(restoration, inputs.pools, settings, start_year=start)
    apportioned = [loaded.layers[name] for name in APPORTIONMENT_LAYERS if name in loaded.layers]
    if apportioned and len(areas):
        tables["carbon_potential_zones"] = apportion_potential(areas, restoration.plane, tables["carbon_potential"], apportioned)
    mark = str(tables["carbon_potential"]["mark"].min()) if len(tables["carbon_potential"]) else "S"
    quantity = potential_quantity(areas, gains, years=years, horizon_year=start + years, mark=mark)
    return tables, quantity, records


def _declared(loaded: Loaded, gaps: list[Gap]) -> tuple[dict[str, dict[str, Fact]], tuple[InputRecord, ...]]:
    """Return what is declared about restoration areas; a table that cannot be read declares nothing."""
    name, workspace = loaded.settings.carbon.restoration_facts, loaded.workspace
    if name not in workspace.catalog:
        return {}, ()
    spec = workspace.catalog[name]
    table = attempted("修复区的填报事项：按没有填报处理", lambda: read_table_layer(spec, workspace.layers_dir), gaps)
    if table is None:
        return {}, unread_record(spec, workspace.layers_dir)
    shown = workspace.relative(workspace.layers_dir / spec.path)
    gaps += table_gaps(len(table), table.attrs["blank_rows"], "修复区的填报事项：按没有填报处理", layer=name, file=shown)
    declared, left = read_facts(table, shown)
    gaps += left
    return declared, (replace(table_record(spec, workspace.layers_dir), path=shown),)


def _with_area_errors(quantities: list[Quantity], loaded: Loaded) -> list[Quantity]:
    share = loaded.settings.carbon.area_half_range_share
    return quantities + ([with_areas(quantity, share) for quantity in quantities] if share else [])


def _closing_tables(
    loaded: Loaded, inputs: Inputs, cover: LandCoverAccount | None, tables: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return growth curves, factors, value and milestones."""
    settings, catalog = loaded.settings.carbon, loaded.workspace.catalog
    found = {
        "carbon_growth": growth_table(read_growth(), read_trees()) if has_factors(*GROWTH_TABLES) else empty("carbon_growth"),
        "carbon_factors": factor_table(inputs.pools, settings),
    }
    if cover is None or not cover.city_share:
        return found
    city_areas = cover.city_areas
    sink = tables["carbon_sink"]
    now_year = _year(catalog[settings.land_class_layer].version)
    covers = {now_year: forest_share(city_areas, inputs.pools)}
    if inputs.earlier is not None:
        then_year = _year(catalog[settings.earlier_layer].version)
        covers = {then_year: _earlier_share(tables["carbon_change"], inputs.pools), **covers}
        if now_year > then_year:
            found |= _value(tables["carbon_change"], loaded, then_year, now_year)
    species = tables.get("carbon_species", pd.DataFrame(columns=["species_group"]))
    whole = species[species["species_group"] == TOTAL]
    per_ha = float(whole["volume_m3"].iloc[0] / whole["area_m2"].iloc[0] * 1e4) if len(whole) else np.nan
    planned = tables.get("carbon_restoration", pd.DataFrame({"measure": [], "eligible_m2": []}))
    planned_m2 = float(planned.loc[planned["measure"] == AFFORESTATION, "eligible_m2"].sum())
    found["carbon_milestones"] = milestones(
        covers,
        planned_m2 / _city_m2(tables),
        forest_ha=forest_ha(city_areas, inputs.pools),
        sink_tco2e_per_yr=float(sink.loc[sink["zone_layer"] == CITY_ZONE, "sink_tco2e_per_yr_mid"].sum()),
        stand_m3_per_ha=per_ha,
        covered_share=cover.city_share,
    )
    return found


def _year(version: str) -> int:
    return int(version[:4]) if version[:4].isdigit() else 0


def _city_m2(tables: Mapping[str, pd.DataFrame]) -> float:
    """Return the area of the whole city, with what the raster does not cover."""
    zones = tables["carbon_zones"]
    return float(zones.loc[(zones["zone_layer"] == CITY_ZONE) & (zones["land_class"] == TOTAL), "area_m2"].iloc[0])


def _earlier_share(change: pd.DataFrame, pools: PoolTable) -> float:
    """Return the share of forest in what had a land class at the earlier date."""
    city = change[(change["zone_layer"] == CITY_ZONE) & change["from_class"].isin(pools.frame["land_class"])]
    forest = city.loc[city["from_class"].isin(pools.classes("forest")), "area_m2"].sum()
    return float(forest / city["area_m2"].sum()) if len(city) else np.nan


def _value(change: pd.DataFrame, loaded: Loaded, year_from: int, year_to: int) -> dict[str, pd.DataFrame]:
    settings = loaded.settings.carbon
    city = change[(change["zone_layer"] == CITY_ZONE) & (change["from_class"] == TOTAL)]
    share = float(city["covered_share"].iloc[0])
    if not share:
        return {}
    amount = float(city["change_tco2e_mid"].sum())
    valuation = Valuation(
        year_from=year_from, year_to=year_to, price_yuan_per_tco2e=settings.price_yuan_per_tco2e,
        discount_share=settings.discount_share, price_growth_share=settings.price_growth_share,
    )  # fmt: skip
    value = pd.DataFrame(
        [{"item": f"{whole_city(share)}两期碳变化", "year_from": year_from, "year_to": year_to, "change_tco2e": amount,
          "price_yuan_per_tco2e": valuation.price_yuan_per_tco2e, "discount_share": valuation.discount_share,
          "price_growth_share": valuation.price_growth_share, "yuan_per_tco2e": valuation.yuan_per_tco2e,
          "value_yuan": amount * valuation.yuan_per_tco2e, "formula": valuation.formula(amount), "mark": "M"}]
    )  # fmt: skip
    return {"carbon_value": value}


def _notes(tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str]) -> tuple[str, ...]:
    notes: list[str] = []
    if "carbon_areas" in tables:
        notes.append(_closing_note(tables["carbon_areas"], titles))
    checks = tables["carbon_checks"]
    wrong = checks.loc[checks["state"] == CheckState.WRONG, "check"]
    if len(wrong):
        notes.append(f"碳核算输入检查有 {len(wrong)} 项不符：{'、'.join(wrong)}（见 data/carbon_checks.csv）")
    return tuple(notes)


def _closing_note(ledger: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return in words how the areas counted compare with the survey area, layer by layer."""
    words = []
    for name, rows in ledger.groupby("zone_layer", sort=False):
        worst_m2 = rows["residual_m2"].abs()
        worst_id = rows["zone_id"].iloc[int(worst_m2.argmax())]
        text = f"{titles[str(name)]} {len(rows)} 个区，最大余差 {worst_m2.max():,.1f} 平方米（{worst_id}）"
        for column, said in (("outside_m2", "栅格未覆盖"), ("nodata_m2", "无数据")):
            share = rows[column].sum() / max(rows["survey_m2"].sum(), 1.0)
            text += f"，{said} {share:.2%}" if share >= 0.00005 else ""
        words.append(text)
    return f"碳核算逐像元面积与国土调查椭球面积逐区闭合，见 data/carbon_areas.csv：{'；'.join(words)}"
