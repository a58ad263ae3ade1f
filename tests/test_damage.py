"""An input damaged in any of five ways costs its own part: the run is whole, the rest unchanged, the gap named (docs/damage.md)."""

from pathlib import Path

import numpy as np
import pytest
from carbon_workspace import NORTH, STEP, WEST, carbon_workspace
from shapely import box
from shapes import write_layer

from tests.damage.trial import Bench, attempt, compared, looser
from tests.damage.ways import WAYS, damage

INPUTS = {
    "city.gpkg": "city", "counties.gpkg": "counties", "stands.gpkg": "forest_stands", "areas.gpkg": "restoration_areas",
    "facts.csv": "restoration_facts", "land_2015.tif": "land_classes_2015", "land_2025.tif": "land_classes_2025", "dem.tif": "dem",
    "redline.gpkg": "ecological_redline",
}  # fmt: skip
ENTRY = """
[layers.ecological_redline]
title = "生态保护红线"
theme = "三线"
geometry = "polygon"
path = "redline.gpkg"
coverage = "city"
official = false
version = "2026"
source = "测试"
licence = "CC0"
fields = { zone_id = ["id"], zone_name = ["name"], zone_class = ["kind"] }
"""
SAMPLE = [(name, way) for way in WAYS for name in np.random.default_rng(16).choice(sorted(INPUTS), 2, replace=False)]
"""A seeded pair of inputs a way; with the deciding layer in every way, and the site's own file."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = carbon_workspace(tmp_path_factory.mktemp("damaged") / "w", extra='[sources]\nprojects = ["layers/projects/*"]\n')
    zone = box(WEST + STEP, NORTH - 5 * STEP, WEST + 4 * STEP, NORTH - STEP)
    write_layer(root / "layers" / "redline.gpkg", [zone], {"id": ["H1"], "name": ["甲"], "kind": ["红线一般区域"]})
    catalog = root / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text(encoding="utf-8") + ENTRY, encoding="utf-8")
    site = [box(WEST + k * STEP, NORTH - 3 * STEP, WEST + (k + 0.2) * STEP, NORTH - 2.8 * STEP) for k in (2, 9, 10)]
    facts = {"名称": ["示例"] * 3, "行业代码": ["3011"] * 3, "建设性质": ["新建"] * 3}
    write_layer(root / "layers" / "projects" / "site.gpkg", site, facts)
    return Bench(root)


def test_the_undamaged_workspace_has_no_gap(bench: Bench):
    whole = bench.baseline()
    assert whole.tables["gaps"].empty and "不符合" in set(whole.tables["verdicts"]["verdict"])


@pytest.mark.parametrize(("name", "way"), [*SAMPLE, *(("redline.gpkg", way) for way in WAYS)])
def test_a_damaged_layer_costs_its_part_alone_and_is_named(bench: Bench, name: str, way: str):
    found = attempt(bench, f"layers/{name}", way, layer=INPUTS[name], seed=0)
    assert found.faults == ()


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_file_of_subjects_is_named(bench: Bench, way: str):
    assert attempt(bench, "layers/projects/site.gpkg", way, seed=0).faults == ()


def test_a_deciding_layer_that_is_gone_leaves_no_verdict_on_it(bench: Bench):
    found = attempt(bench, "layers/redline.gpkg", "cut", layer="ecological_redline")
    assert found.answers == 1 and found.gaps == 1


def test_a_silent_change_is_seen(bench: Bench, tmp_path: Path):
    """The twin: a run whose answer differs although nothing tells of the file is a fault."""
    before = bench.baseline()
    place = bench.root / "layers" / "redline.gpkg"
    kept = place.read_bytes()
    elsewhere = box(WEST + 15 * STEP, NORTH - 5 * STEP, WEST + 16 * STEP, NORTH - STEP)
    write_layer(place, [elsewhere], {"id": ["H1"], "name": ["甲"], "kind": ["红线一般区域"]})
    after = bench.run("layers/redline.gpkg")
    place.write_bytes(kept)
    faults = compared(before, after, "layers/redline.gpkg", "ecological_redline").faults
    assert any("没有说明" in fault for fault in faults)


def test_leniency_is_told_from_a_gap():
    fail, justify, open_ = ("不符合", ""), ("须论证", ""), ("资料不足", "未发现冲突")
    assert looser(fail, justify) and looser(open_, ("未发现冲突", "")) and not looser(fail, open_) and not looser(justify, fail)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_changes_the_bytes_of_each_kind_of_file(bench: Bench, tmp_path: Path, way: str):
    for name in ("redline.gpkg", "facts.csv", "dem.tif", "projects/site.gpkg"):
        copy = tmp_path / Path(name).name
        copy.write_bytes((bench.root / "layers" / name).read_bytes())
        damage(copy, way)
        assert copy.read_bytes() != (bench.root / "layers" / name).read_bytes()
