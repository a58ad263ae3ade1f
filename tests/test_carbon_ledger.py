"""Areas are cut step by step, the ledger closes, exclusions and planting rules are data."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cdgis.carbon.factors import read_exclusions, read_planting_rules
from cdgis.carbon.ledger import Cut, cut_off, overlap_with_earlier, write_ledger
from cdgis.carbon.planting import aspect_of, choose_planting
from cdgis.core.errors import CarbonError

DATA = Path(__file__).parents[1] / "cdgis" / "data" / "carbon"


def cut(*shapes, own=()):
    return Cut(title="扣", layer="x", basis="", mark="S", shapes=np.array(shapes, dtype=object), own=own)


def boxes(*corners):
    return np.array([shapely.box(*corner) for corner in corners], dtype=object)


def test_each_cut_takes_only_what_earlier_ones_left():
    left, taken = cut_off(boxes((0, 0, 10, 10)), [cut(shapely.box(0, 0, 5, 10)), cut(shapely.box(0, 0, 10, 5))])
    assert taken.tolist() == [[50, 25]] and shapely.area(left).tolist() == [25]


def test_shapes_that_overlap_each_other_are_taken_once():
    _, taken = cut_off(boxes((0, 0, 10, 10)), [cut(shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10))])
    assert taken.tolist() == [[100]]


def test_areas_that_touch_nothing_stay_whole():
    left, taken = cut_off(boxes((0, 0, 1, 1), (5, 5, 6, 6)), [cut(shapely.box(4, 4, 9, 9)), cut()])
    assert taken.tolist() == [[0, 0], [1, 0]] and shapely.area(left).tolist() == [1, 0]


def test_of_two_areas_on_one_place_the_first_keeps_it():
    areas = boxes((0, 0, 4, 4), (2, 0, 6, 4), (4, 0, 8, 4))
    own = overlap_with_earlier(areas)
    assert [len(shapes) for shapes in own] == [0, 1, 1]
    left, taken = cut_off(areas, [cut(own=own)])
    assert taken[:, 0].tolist() == [0, 8, 8]
    # What is left tiles the union: no place is counted twice.
    assert shapely.area(left).sum() == shapely.area(shapely.union_all(areas)) == 32


@given(st.lists(st.tuples(*[st.integers(0, 20)] * 4).filter(lambda c: c[0] < c[2] and c[1] < c[3]), min_size=1, max_size=5))
def test_what_is_taken_and_what_is_left_make_the_whole(corners):
    areas = boxes((0, 0, 12, 12), (6, 6, 18, 18))
    left, taken = cut_off(areas, [cut(shapely.box(*corner)) for corner in corners])
    assert shapely.area(left) + taken.sum(axis=1) == pytest.approx(shapely.area(areas), abs=1e-6)
    assert (taken >= 0).all()


def ledger(eligible=60.0):
    areas = pd.DataFrame({"area_id": ["a"], "area_name": ["片"], "measure": ["造林"], "gross_m2": [100.0]})
    steps = pd.DataFrame(
        {"area_id": "a", "seq": [1, 2], "item": ["田", "水"], "layer": "x", "taken_m2": [30.0, 10.0], "basis": "", "mark": ["S", "M"]}
    )
    return write_ledger(areas, steps, pd.Series({"a": eligible}))


def test_ledger_closes_area_by_area_and_measure_by_measure():
    table = ledger()
    assert table.loc[table["area_id"] == "a", "change_m2"].tolist() == [100, -30, -10]
    assert table.loc[table["area_id"] == "a", "left_m2"].tolist() == [100, 70, 60]
    assert table.loc[table["area_id"] == "合计·造林", "left_m2"].tolist() == [100, 70, 60]


def test_ledger_that_does_not_close_is_refused():
    with pytest.raises(CarbonError, match="台账不闭合：a"):
        ledger(eligible=61.0)


def test_each_measure_has_its_own_exclusions_with_claims_and_siblings_first():
    found = read_exclusions()
    assert set(found) == {"造林", "封育", "草地修复", "湿地修复", "矿山修复"}
    for items in found.values():
        assert [item.kind for item in items[:3]] == ["claims", "siblings", "layer"] and items[2].target == "permanent_farmland"
    titles = {item.title for item in found["造林"]}
    assert {"湿地（图层）", "现有森林", "水域", "建设用地", "海拔上限", "坡度上限"} <= titles
    assert "湿地（图层）" not in {item.title for item in found["湿地修复"]}


def broken_exclusions(folder: Path, **changes: str) -> Path:
    with (DATA / "exclusions.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0].update(changes)
    with (folder / "exclusions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "guess"}, "kind 应为"),
        ({"kind": "layer"}, "缺 target 或 limit"),
        ({"kind": "slope_max_deg", "seq": "99"}, "缺 target 或 limit"),
        ({"seq": "99"}, "应排在土地类别与地形条件之前"),
    ],
)
def test_faulty_exclusions_are_refused(tmp_path, changes, message):
    with pytest.raises(CarbonError, match=message):
        read_exclusions(broken_exclusions(tmp_path, **changes))


@pytest.mark.parametrize(
    ("elevation_m", "aspect", "rain_mm", "rule", "trees"),
    [
        (1500, "阴坡", 500, "P2", "落叶松"),
        (1500, "阳坡", 500, "P3", "樟子松"),
        (1500, "阴坡", 390, "P1", "灌木"),
        (1500, "阴坡", np.nan, "P2", "落叶松"),
        (1000, "阳坡", 500, "P5", "油松"),
        (999.9, "阴坡", 500, "P6", "针阔混"),
        (300, "阳坡", 500, "P9", "侧柏"),
        (300, "", 500, "P9", "侧柏"),
    ],
)
def test_first_planting_rule_that_fits_decides(elevation_m, aspect, rain_mm, rule, trees):
    found = choose_planting(read_planting_rules(), elevation_m=elevation_m, aspect=aspect, precipitation_mm=rain_mm)
    assert (found.rule, found.tree_group) == (rule, trees)


def test_unknown_height_fits_no_rule_that_asks_for_it():
    assert choose_planting(read_planting_rules(), elevation_m=np.nan, aspect="阴坡") is None


def test_aspect_is_that_of_the_larger_part():
    assert [aspect_of(share) for share in (0.6, 0.5, np.nan)] == ["阴坡", "阳坡", ""]
