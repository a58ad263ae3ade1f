"""Hand-worked cases of pollutants and carbon going together, apart, up, and missing."""

import math
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from cdgis.carbon.synergy_assessment import assess_synergy
from cdgis.carbon.synergy_indices import APEQ, GHG, measure_synergy, weight_set, weight_sets
from cdgis.core.errors import ReaderError, UsageError
from cdgis.report.site.synergy_page import render_synergy

CASES = tomllib.loads((Path(__file__).parent / "cases" / "synergy.toml").read_text(encoding="utf-8"))["case"]
NAN = float("nan")


def emissions(*rows: tuple[str, str, float, float], park: str = "", county: str = "") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unit_id", "substance", "before_t", "after_t"])
    return frame.assign(name=frame["unit_id"], park=park, county=county)


def value(text: object) -> float:
    return NAN if text == "" else float(text)


def the_row(table: pd.DataFrame, level: str, unit: str, pollutant: str) -> pd.Series:
    rows = table[(table["level"] == level) & (table["unit_id"] == unit) & (table["pollutant"] == pollutant)]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_signs_and_elasticity_are_those_worked_by_hand(case):
    before, after = (tuple(map(value, case[key])) for key in ("before", "after"))
    table = measure_synergy(
        emissions(("E1", "SO2", before[0], after[0]), ("E1", GHG, before[1], after[1])), weight_set("equal_mass")
    )
    row = the_row(table, "企业", "E1", "SO2")
    assert (row["sign_class"], row["quadrant"]) == (case["sign"], case["quadrant"])
    assert row["elasticity"] == pytest.approx(value(case["elasticity"]), nan_ok=True)
    assert ("不计指数" in row["note"]) == case["no_index"]
    if case["no_index"]:
        assert all(math.isnan(row[name]) for name in ("elasticity", "rate_pollutant", "coupling_c", "coordination_d"))


def test_cases_cover_every_pair_of_signs():
    assert len(CASES) >= 12 and {case["sign"] for case in CASES} >= {
        "同减（协同）", "减污增碳", "降碳增污", "同增（反向）", "只减污", "只增污", "只降碳", "只增碳", "无变化", "不能判断",
    }  # fmt: skip


def test_apeq_weighs_each_pollutant_by_its_equivalent():
    table = measure_synergy(
        emissions(("E1", "SO2", 19.0, 9.5), ("E1", "颗粒物", 21.8, 0.0), ("E1", GHG, 100.0, 90.0)),
        weight_set("tax_equivalent"),
    )
    row = the_row(table, "企业", "E1", APEQ)
    assert row["er_pollutant_t"] == pytest.approx(9.5 / 0.95 + 21.8 / 2.18)  # 10 + 10
    assert row["q_pollutant_t"] == pytest.approx(20 + 10)
    assert row["elasticity"] == pytest.approx((20 / 30) / 0.1)
    assert row["mark"] == "M"


def test_a_pollutant_without_weight_is_named_and_left_out():
    table = measure_synergy(
        emissions(("E1", "SO2", 9.5, 0.0), ("E1", "VOCs", 5.0, 1.0), ("E1", GHG, 100.0, 90.0)),
        weight_set("tax_equivalent"),
    )
    row = the_row(table, "企业", "E1", APEQ)
    assert row["er_pollutant_t"] == pytest.approx(10) and "VOCs" in row["note"]


def three() -> pd.DataFrame:
    """Rates SO2 0.5, 0.25, 0; CO2 0.1, 0.3, 0.1."""
    parts = [
        emissions((unit, "SO2", 100.0, 100 - so2), (unit, GHG, 100.0, 100 - co2), park="园区甲", county="双桥区")
        for unit, so2, co2 in (("E1", 50, 10), ("E2", 25, 30), ("E3", 0, 10))
    ]
    return pd.concat(parts, ignore_index=True)


def test_coupling_is_worked_by_hand_and_c_never_stands_without_d():
    table = measure_synergy(three(), weight_set("equal_mass"))
    row = the_row(table, "企业", "E2", APEQ)  # U1 = 0.5, U2 = 1
    c, t = 2 * math.sqrt(0.5) / 1.5, 0.75
    assert (row["u_pollutant"], row["u_co2"]) == (0.5, 1.0)
    assert row["coupling_c"] == pytest.approx(c) and row["coordination_t"] == pytest.approx(t)
    assert row["coordination_d"] == pytest.approx(math.sqrt(c * t))
    assert table["coupling_c"].isna().equals(table["coordination_d"].isna())


def test_one_that_did_not_cut_both_has_no_coupling():
    row = the_row(measure_synergy(three(), weight_set("equal_mass")), "企业", "E3", APEQ)
    assert row["sign_class"] == "只降碳" and math.isnan(row["coupling_c"])


def test_parks_and_counties_are_sums_and_a_missing_part_makes_them_unknown():
    table = measure_synergy(three(), weight_set("equal_mass"))
    for level, unit in (("园区", "园区甲"), ("县区", "双桥区"), ("全部", "全部")):
        row = the_row(table, level, unit, "SO2")
        assert (row["q_pollutant_t"], row["er_pollutant_t"], row["er_co2_t"]) == (300, 75, 50)
        assert row["elasticity"] == pytest.approx((75 / 300) / (50 / 300))
    holed = three()
    holed.loc[0, "after_t"] = NAN
    row = the_row(measure_synergy(holed, weight_set("equal_mass")), "园区", "园区甲", "SO2")
    assert row["sign_class"] == "不能判断" and "缺失" in row["note"] and math.isnan(row["er_pollutant_t"])


def test_every_weight_set_says_where_it_is_from_and_an_unknown_one_is_refused():
    assert all(one.source and one.mark in "SM" and 0 <= one.ghg_share <= 1 for one in weight_sets().values())
    with pytest.raises(UsageError, match="没有名为 x 的权重集。可选"):
        weight_set("x")


def test_the_page_prints_the_table_and_a_name_cannot_break_it(tmp_path):
    source = tmp_path / "表.csv"
    source.write_text(
        "编号,名称,园区,物质,基期,末期\nE1,<script>x</script>,甲,SO2,100,80\nE1,<script>x</script>,甲,二氧化碳,1000,950\n"
        "E2,乙厂,甲,SO2,100,95\nE2,乙厂,甲,CO₂,1000,\n",
        encoding="utf-8",
    )
    found = assess_synergy(source, weights="equal_mass")
    page = BeautifulSoup(render_synergy(found, stamp=""), "html.parser")
    assert page.find("script") is None
    row = page.find("tr", attrs={"data-unit": "E1", "class": "head"})
    assert row.find("td", attrs={"data-field": "elasticity"}).text.strip() == "4.00"
    assert "缺失" in page.find("tr", attrs={"data-unit": "E2", "class": "head"}).text
    assert page.find("span", attrs={"data-level": "园区", "data-sign": "不能判断"}).text == "1"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("编号,物质,基期,末期\nE1,SO2,1,1\n", "E1 没有 CO2 一行"),
        ("编号,物质,基期,末期\nE1,CO2,-3,1\nE1,铅,1,1\n", "不小于零.*铅.*不认识"),
        ("编号,物质,基期,末期\nE1,CO2,3,1\nE1,CO2,3,1\n", "有 2 行，应只有一行"),
        ("编号,物质,基期\nE1,CO2,3\n", "缺少列：末期"),
    ],
)
def test_faults_of_a_table_are_all_named(tmp_path, rows, words):
    source = tmp_path / "t.csv"
    source.write_text(rows, encoding="utf-8")
    with pytest.raises(ReaderError, match=f"(?s){words}"):
        assess_synergy(source, weights="equal_mass")
