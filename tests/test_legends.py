"""A raster's numbers mean what its legend says: no map's code is taken for another map's class."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from carbon_workspace import CELLS, carbon_workspace, write_raster
from hypothesis import given
from hypothesis import strategies as st
from shapes import layer_spec

from cdgis.carbon.account import account_carbon
from cdgis.carbon.factors import (
    land_class_roles,
    legend_names,
    read_exclusions,
    read_legend,
    read_pool_table,
    recoding_of,
)
from cdgis.core.errors import CarbonError
from cdgis.core.progress import Silent
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.workspace.settings import open_workspace

POOLS = read_pool_table("chengde_100cm")
SHARED = {"cropland": "耕地", "wetland": "湿地", "water": "水域", "built": "建设用地", "bare": "裸地", "shrub": "灌木"}


def _spec(**changes: object):
    return layer_spec("land.tif", id="land", geometry="raster", zones=False, coverage="", **changes)


def test_every_legend_names_known_classes_and_says_where_its_codes_were_seen() -> None:
    assert {"clcd", "esa_worldcover", "globeland30", "gbt21010", "demonstration"} == set(legend_names())
    for name in legend_names():
        for value, item in read_legend(name).items():
            assert value > 0 and item.title and item.mark in ("S", "M")
            assert item.land_class in land_class_roles(), (name, value)


def test_the_demonstration_legend_is_its_own_table() -> None:
    recoding = recoding_of(_spec(legend="demonstration"), POOLS)
    assert recoding.pools is POOLS and all(value == code for value, code in recoding.codes.items())
    assert POOLS.codes("forest") == (1, 2, 3, 13) and POOLS.codes("wetland") == (9,)


@given(st.sampled_from(sorted(set(legend_names()) - {"demonstration"})), st.data())
def test_a_value_gets_the_density_of_its_own_class(name: str, data: st.DataObject) -> None:
    legend = read_legend(name)
    recoding = recoding_of(_spec(legend=name), POOLS)
    value = data.draw(st.sampled_from(sorted(legend)))
    rows = recoding.pools.frame.set_index("class_code")
    if value not in recoding.codes:
        assert legend[value].land_class in ("冰雪", "竹林")
        return
    row = rows.loc[recoding.codes[value]]
    assert row["land_class"] == legend[value].land_class
    role = land_class_roles()[row["land_class"]]
    own = POOLS.frame.set_index("land_class")
    if role in SHARED:
        assert row["vegetation_tc_per_ha"] == own.loc[SHARED[role], "vegetation_tc_per_ha"]
    else:
        span = own.loc[list(POOLS.classes("forest" if role == "orchard" else role)), "vegetation_tc_per_ha"]
        assert span.min() <= row["vegetation_tc_per_ha"] <= span.max() and row["vegetation_mark"] == "M"


def test_what_a_raster_holds_must_be_stated() -> None:
    with pytest.raises(CarbonError, match="没有写明图例"):
        recoding_of(_spec(), POOLS)
    with pytest.raises(CarbonError, match="没有名为 clcb 的图例"):
        recoding_of(_spec(legend="clcb"), POOLS)
    with pytest.raises(CarbonError, match="不认识的土地类别 林地"):
        recoding_of(_spec(classes={"1": "林地"}), POOLS)
    mixed = recoding_of(_spec(legend="clcd", classes={"2": "针叶林", "12": "9"}), POOLS)
    assert mixed.codes[2] == 2 and mixed.codes[12] == 9 and mixed.codes[1] == 8


def test_reasons_name_roles_and_never_codes() -> None:
    targets = [r.target for reasons in read_exclusions().values() for r in reasons if r.kind == "land_class"]
    assert targets and set(targets) <= set(land_class_roles().values())


def _loaded(root: Path) -> Loaded:
    return load_workspace(open_workspace(root), as_of=None, progress=Silent())


def _clcd(root: Path, values: np.ndarray) -> Path:
    carbon_workspace(root)
    for year in ("2015", "2025"):
        write_raster(root / "layers" / f"land_{year}.tif", values, nodata=0)
    catalog = root / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8").replace('legend = "demonstration"', 'legend = "clcd"'), "utf-8")
    return root


@pytest.fixture(scope="module")
def clcd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values = np.ones((CELLS, CELLS), dtype=np.uint8)
    values[:, CELLS // 2 :] = 2
    values[0, :3], values[1, :2] = 6, 200
    return _clcd(tmp_path_factory.mktemp("clcd"), values)


def test_cropland_of_another_map_is_no_broadleaf_forest(clcd: Path) -> None:
    part = account_carbon(_loaded(clcd), progress=Silent())
    zones = part.tables["carbon_zones"]
    city = zones[zones["zone_layer"] == "city"].set_index("land_class")
    half = city.loc["合计", "area_m2"] / 2
    assert city.loc["林地（林型不明）", "area_m2"] == pytest.approx(half, rel=1e-3)
    assert city.loc["耕地", "area_m2"] == pytest.approx(half, rel=0.05) and "阔叶林" not in city.index
    assert city.loc["林地（林型不明）", "mark"] == "M"
    sink = part.tables["carbon_sink"]
    assert sink.loc[sink["zone_layer"] == "city", "forest_m2"].iloc[0] == pytest.approx(half, rel=1e-3)
    milestones = part.tables["carbon_milestones"].set_index(["item", "year"])["found_value"].dropna()
    assert milestones["森林覆盖率", 2025] == pytest.approx(0.5, abs=0.01)
    told = " ".join(gap.problem for gap in part.gaps)
    assert "6（Snow/Ice 冰雪）" in told and "200（图例里没有）" in told
    ledger = part.tables["carbon_ledger"].set_index(["area_id", "item"])["change_m2"]
    assert ledger["X1", "耕地"] < 0


def test_the_check_counts_the_values_that_no_density_is_known_for(clcd: Path) -> None:
    told = {fault.zone_id: fault.problem for fault in check_workspace(open_workspace(clcd)).faults if fault.layer == "land_classes_2025"}
    assert told["6"] == "类别编码 6（Snow/Ice 冰雪，3 个像元）没有碳密度"
    assert told["200"].startswith("类别编码 200（2 个像元）不在图例里")


def test_an_unstated_legend_costs_the_account_and_is_told(clcd: Path) -> None:
    loaded = _loaded(clcd)
    spec = loaded.workspace.catalog["land_classes_2025"].model_copy(update={"legend": ""})
    catalog = loaded.workspace.catalog.model_copy(update={"layers": {**loaded.workspace.catalog.layers, spec.id: spec}})
    part = account_carbon(replace(loaded, workspace=replace(loaded.workspace, catalog=catalog)), progress=Silent())
    assert any("没有写明图例" in gap.problem for gap in part.gaps)
    assert not len(part.tables.get("carbon_zones", ()))
