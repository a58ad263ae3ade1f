"""Everything `cdgis layers check` proves: vector layers, tables, rasters and stands of a workspace, one by one.

A file that cannot be read is a fault like any other; the rest is checked all the same.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.carbon.account.landcover import CITY_ZONE
from cdgis.carbon.account.qualifying import read_facts
from cdgis.carbon.account.reference_figures import STANDING_VOLUME, read_milestones
from cdgis.carbon.account.restoration import RESTORATION_LAYER
from cdgis.carbon.account.stand_check import check_stands
from cdgis.carbon.factors import (
    Recoding,
    has_factors,
    read_planting_rules,
    read_pool_table,
    read_trees,
    recoding_of,
    with_own_factors,
)
from cdgis.carbon.factors.own_factors import FACTORS_DIR
from cdgis.core import layer_ids
from cdgis.core.errors import CdgisError, RuleError
from cdgis.raster import class_areas, read_raster
from cdgis.raster.raster_check import RasterUse, check_raster, grid_faults, unreadable
from cdgis.readers import read_layer, read_table_layer
from cdgis.readers.loading import list_law, own_words, place_code, read_rules, with_unknown_classes
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.placed_layers import place_box
from cdgis.readers.sources.snapshot import note_faults
from cdgis.readers.table_check import check_table
from cdgis.rivers.system import kept_flow_faults
from cdgis.rules import access_list_rules
from cdgis.rules.access_sheet import as_clauses
from cdgis.rules.unit_words import unit_words
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.fault import Fault, worst_first
from cdgis.workspace.layer_check import check_layers
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import Workspace

KIND_WORDS = {"vector": "矢量", "raster": "栅格", "table": "表"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedWorkspace:
    """What was looked at, and what is wrong with it, the gravest first."""

    faults: tuple[Fault, ...]
    counts: Mapping[str, int]
    """How many layers of each kind were looked at: vector, raster, table."""

    @property
    def summary(self) -> str:
        """What was looked at, in words."""
        kinds = "、".join(f"{word} {self.counts[kind]}" for kind, word in KIND_WORDS.items() if self.counts.get(kind))
        return f"检查了 {sum(self.counts.values())} 个图层（{kinds}）"


@in_its_place
def check_workspace(workspace: Workspace) -> CheckedWorkspace:
    """Return every fault of every layer in the catalogue of `workspace`."""
    specs = workspace.catalog.layers.values()
    counts = Counter("vector" if spec.is_vector else spec.geometry for spec in specs)
    layers, faults = _read_layers(workspace)
    table_faults, tables = _tables(workspace)
    faults += check_layers(
        _with_classes(layers, workspace), access_list=_listed(layers, tables.get(layer_ids.ACCESS_LIST)),
        place=place_box(workspace),
    )  # fmt: skip
    faults += _class_faults(_with_classes(layers, workspace)) + table_faults + _facts_faults(workspace, layers, tables)
    faults += _raster_faults(workspace, _city(layers))
    factor_faults = _factor_faults(workspace)
    faults += factor_faults or _stand_faults(workspace, layers)
    fetched = {spec.id: workspace.layers_dir / spec.path for spec in specs if spec.path}
    fetched |= {name: workspace.root / source.path for name, source in workspace.settings.sources.fetch.items()}
    faults += [fault for name, path in fetched.items() for fault in note_faults(name, path)]
    return CheckedWorkspace(faults=worst_first(tuple(faults)), counts=counts)


def _read_layers(workspace: Workspace) -> tuple[dict[str, Layer], list[Fault]]:
    layers: dict[str, Layer] = {}
    faults: list[Fault] = []
    for spec in workspace.catalog.layers.values():
        if not spec.is_vector:
            continue
        try:
            layers[spec.id] = read_layer(spec, workspace.layers_dir)
        except CdgisError as err:
            faults.append(unreadable(spec.id, err))
    return layers, faults


def _listed(layers: Mapping[str, Layer], table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return what is listed for each unit, in the table or in the words of the unit layer itself."""
    units = layers.get(layer_ids.MANAGEMENT_UNITS)
    if units is None:
        return table
    return unit_words(units.zones, table, official=units.spec.official, source=units.spec.path).with_table(table)


def _with_classes(layers: Mapping[str, Layer], workspace: Workspace) -> dict[str, Layer]:
    """Return the layers knowing which of their classes no rule can place; as they are when the rules cannot be read."""
    try:
        words = own_words(workspace, layers.get(layer_ids.MANAGEMENT_UNITS))
        rulebook, _ = read_rules(workspace, workspace.settings, [], words)
    except RuleError:
        return dict(layers)
    return {name: with_unknown_classes(layer, rulebook) for name, layer in layers.items()}


def _class_faults(layers: Mapping[str, Layer]) -> list[Fault]:
    faults = []
    for layer in layers.values():
        if layer.unknown_classes:
            note = layer.notes[-1]
            faults.append(Fault(layer=layer.spec.id, zone_id=note.value, problem=note.reason, remedy=note.remedy))
    return faults


def _city(layers: Mapping[str, Layer]) -> GeoDataFrame | None:
    """Return the area most layers name as their coverage."""
    named = Counter(layer.spec.coverage for layer in layers.values() if layer.spec.coverage in layers)
    return layers[named.most_common(1)[0][0]].zones if named else None


def _tables(workspace: Workspace) -> tuple[list[Fault], dict[str, pd.DataFrame]]:
    faults: list[Fault] = []
    tables: dict[str, pd.DataFrame] = {}
    for spec in workspace.catalog.layers.values():
        if spec.geometry != "table":
            continue
        found = check_table(spec, workspace.layers_dir)
        faults += found
        if not any(fault.grave for fault in found):
            tables[spec.id] = read_table_layer(spec, workspace.layers_dir)
    if layer_ids.ACCESS_LIST in tables:
        tables[layer_ids.ACCESS_LIST] = as_clauses(tables[layer_ids.ACCESS_LIST])
        spec = workspace.catalog[layer_ids.ACCESS_LIST]
        code = place_code(workspace.settings)
        _, gaps, _ = access_list_rules(tables[layer_ids.ACCESS_LIST], law=list_law(spec), city=code)
        if gaps:
            del tables[layer_ids.ACCESS_LIST]
        faults += [Fault(layer=gap.layer, zone_id=gap.row, problem=gap.problem, remedy="在清单中修正这一行") for gap in gaps]
    return faults, tables


def _facts_faults(workspace: Workspace, layers: Mapping[str, Layer], tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return cells of the restoration facts that cannot be read, and rows of areas that are not on the map."""
    name = workspace.settings.carbon.restoration_facts
    if name not in tables or "area_id" not in tables[name]:
        return []
    table = tables[name]
    faults: list[Fault] = []
    _, gaps = read_facts(table, workspace.catalog[name].path)
    faults += [Fault(layer=name, zone_id=gap.row, problem=gap.problem, remedy=gap.remedy) for gap in gaps]
    if RESTORATION_LAYER in layers:
        known = set(layers[RESTORATION_LAYER].zones["zone_id"].astype(str))
        stray = sorted(set(table["area_id"].astype(str)) - known)
        faults += [Fault(layer=name, zone_id=area, problem="表中的修复区不在图层中", remedy="核对编码") for area in stray]
    return faults


def _raster_faults(workspace: Workspace, city: GeoDataFrame | None) -> list[Fault]:
    settings, catalog = workspace.settings, workspace.catalog
    classes = (settings.carbon.land_class_layer, settings.carbon.earlier_layer)
    heights = (settings.carbon.dem_layer, settings.rivers.network, settings.rivers.elevation)
    faults: list[Fault] = []
    unread: set[str] = set()
    home = place_box(workspace)
    for spec in (spec for spec in catalog.layers.values() if spec.geometry == "raster"):
        try:
            found = check_raster(spec, workspace.layers_dir, _use(workspace, spec, classes, heights), city, home=home)
        except CdgisError as err:
            found = (unreadable(spec.id, err),)
        unread |= {fault.layer for fault in found if fault.grave}
        faults += found
    later, earlier = classes
    if later != earlier and {later, earlier} <= catalog.layers.keys() - unread:
        grids = [read_raster(catalog[name], workspace.layers_dir).grid for name in classes]
        faults += grid_faults(catalog[earlier], grids[1], catalog[later], grids[0])
    if not unread & set(heights):
        try:
            faults += kept_flow_faults(workspace)
        except CdgisError as err:
            faults.append(replace(unreadable(settings.rivers.network, err), grave=False))
    return faults


def _use(workspace: Workspace, spec: LayerSpec, classes: Collection[str], heights: Collection[str]) -> RasterUse:
    if spec.id not in classes:
        return RasterUse(elevation=spec.id in heights)
    known = _recoding(workspace, spec)
    return RasterUse(codes=frozenset(known.codes.values()), recoding=known.codes, titles=known.titles)


def _recoding(workspace: Workspace, spec: LayerSpec) -> Recoding:
    with with_own_factors(workspace.root):
        return recoding_of(spec, read_pool_table(workspace.settings.carbon.pool_table))


def _factor_faults(workspace: Workspace) -> list[Fault]:
    """Return what is wrong with the factor tables of the workspace's own."""
    try:
        with with_own_factors(workspace.root):
            read_trees()
            if has_factors("planting_rules"):  # a place without any plants nothing; its account says so
                read_planting_rules()
    except CdgisError as err:
        return [unreadable(FACTORS_DIR, err)]
    return []


def _stand_faults(workspace: Workspace, layers: Mapping[str, Layer]) -> list[Fault]:
    carbon, catalog = workspace.settings.carbon, workspace.catalog
    if carbon.stands_layer not in layers or not len(layers[carbon.stands_layer].zones):
        return []
    forest_m2, city = None, _city(layers)
    if carbon.land_class_layer in catalog and city is not None:
        try:
            raster = read_raster(catalog[carbon.land_class_layer], workspace.layers_dir, home=place_box(workspace))
            known = _recoding(workspace, catalog[carbon.land_class_layer])
            areas = class_areas(replace(raster, recoding=known.codes), city[["geometry"]].assign(zone_id=CITY_ZONE))
            forest_m2 = float(areas.loc[areas["class_code"].isin(known.pools.codes("forest")), "area_m2"].sum())
        except CdgisError:
            forest_m2 = None  # the raster's own fault is told already
    with with_own_factors(workspace.root):
        return list(check_stands(layers[carbon.stands_layer], forest_m2=forest_m2, published_m3=_published_m3(workspace)))


def _published_m3(workspace: Workspace) -> float | None:
    """Return the city's stem volume by the latest milestone not after the day of judgement."""
    plan = read_milestones()
    stock = plan[plan["item"] == STANDING_VOLUME]
    stock = stock[stock["year"].astype(int) <= workspace.settings.as_of.year]
    return float(stock.sort_values("year")["plan_value"].iloc[-1]) if len(stock) else None
