"""The pre-check is three-valued, its thresholds depend on the start year, and a gap never passes."""

import pandas as pd
import pytest

from cdgis.carbon.account.qualifying import conditions, read_facts
from cdgis.carbon.eligibility import Condition, check, check_parcels, whole
from cdgis.carbon.factors import read_fact_titles
from cdgis.core.errors import CarbonError

BY_ID = {condition.id: condition for condition in conditions()}
GOOD = {
    "start_year": 2026.0, "years_not_forest": 3.0, "planned_afforestation": True, "clear_title": True,
    "smallest_part_m2": 400.0, "wetland_m2": 0.0, "removes_scattered_trees": False, "shrub_removal_share": 0.2,
    "stand_kind": "乔木林", "low_rainfall": True, "claimed_m2": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(set(BY_ID) - {"f"}))
def test_condition_passes_at_its_limit_and_is_unknown_without_its_facts(key):
    assert check(BY_ID[key], GOOD) == "pass"
    assert check(BY_ID[key], {}) == "unknown"


@pytest.mark.parametrize(
    ("key", "fact", "value"),
    [
        ("a1", "years_not_forest", 2.9), ("a2", "planned_afforestation", False), ("b", "clear_title", False),
        ("c", "smallest_part_m2", 399.9), ("d", "wetland_m2", 2.0), ("e1", "removes_scattered_trees", True),
        ("e2", "shrub_removal_share", 0.21), ("s", "stand_kind", "经济林"), ("dc", "claimed_m2", 5.0),
    ],
)  # fmt: skip
def test_condition_fails_beyond_its_limit(key, fact, value):
    assert check(BY_ID[key], GOOD | {fact: value}) == "fail"


@pytest.mark.parametrize(
    ("area_m2", "year", "state"),
    [(500, 2019, "fail"), (500, 2020, "pass"), (667, 2019, "pass"), (500, None, "unknown"), (700, None, "pass"), (300, None, "fail")],
)
def test_smallest_parcel_depends_on_the_start_year(area_m2, year, state):
    facts = {"smallest_part_m2": float(area_m2)} | ({"start_year": float(year)} if year else {})
    assert check(BY_ID["c"], facts) == state


def test_exemption_needs_one_flag_and_three_noes_are_not_a_failure():
    flags = ("low_rainfall", "key_function_zone", "public_welfare_forest")
    assert check(BY_ID["x"], dict.fromkeys(flags, False)) == "unknown"
    assert check(BY_ID["x"], {"key_function_zone": True, "low_rainfall": False}) == "pass"


def test_clause_nobody_saw_is_always_unknown():
    assert check(BY_ID["f"], GOOD) == "unknown" and BY_ID["f"].mark == "M"


def test_whole_is_the_worst():
    assert whole(["pass", "fail", "unknown"]) == "fail"
    assert whole(["pass", "unknown"]) == "unknown"
    assert whole(["pass", "pass"]) == "pass"


def test_table_shows_the_facts_and_says_what_is_blank():
    table = check_parcels({"XF1": {"clear_title": True}}, conditions(), read_fact_titles()).set_index("condition")
    assert table.loc["b", "observed"] == "权属清晰：是"
    assert table.loc["a1", ["state", "observed"]].tolist() == ["unknown", "开工前不是森林的年数：未填"]


def test_unknown_operator_is_refused():
    with pytest.raises(CarbonError, match="op 不认识：about"):
        Condition(id="z", title="", text="", op="about", facts=(), mark="M")


def facts(**cells):
    return read_facts(pd.DataFrame([{"area_id": "XF1", **cells}]), "facts.csv")[0]


def test_facts_are_read_and_blanks_left_out():
    assert facts(clear_title="是", removes_scattered_trees="否", start_year="2026", stand_kind="") == {
        "XF1": {"clear_title": True, "removes_scattered_trees": False, "start_year": 2026.0}
    }


def test_facts_that_are_no_answer_are_all_named_with_their_row_and_the_rest_is_kept():
    table = pd.DataFrame([{"area_id": "XF1", "clear_title": "也许", "start_year": "去年", "low_rainfall": "是"}])
    found, gaps = read_facts(table, "facts.csv")
    assert found == {"XF1": {"low_rainfall": True}}
    assert [(gap.file, gap.row) for gap in gaps] == [("facts.csv", "第 2 行")] * 2
    assert "clear_title 读到“也许”，应为是或否" in gaps[0].problem and "start_year 读到“去年”，应为数字" in gaps[1].problem


def test_area_twice_declares_nothing_and_both_rows_are_named():
    found, gaps = read_facts(pd.DataFrame({"area_id": ["XF1", "XF2", "XF1"], "clear_title": ["是"] * 3}), "facts.csv")
    assert found == {"XF2": {"clear_title": True}}
    assert [gap.row for gap in gaps] == ["第 2 行", "第 4 行"] and "修复区 XF1 重复" in gaps[0].problem


def test_facts_are_written_in_words_and_plain_digits_when_large():
    table = check_parcels({"XF1": {"smallest_part_m2": 20_295_100.0}}, conditions(), read_fact_titles())
    observed = table.set_index("condition")["observed"]
    assert observed["c"] == "最小一块面积（平方米）：20,295,100"
    assert observed["s"] == "林种：未填"
