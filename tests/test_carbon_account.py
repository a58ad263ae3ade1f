"""The whole account of the shipped workspace: every table closes, and the tables agree with each other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shipped

from cdgis.carbon.account import account_carbon
from cdgis.core.progress import Silent
from cdgis.core.units import TCO2_PER_TC
from cdgis.readers.loading import Loaded
from cdgis.results.assessment import Part

REPO = Path(__file__).resolve().parents[1]
PARTS = ("low", "mid", "high")


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return shipped.loaded()


@pytest.fixture(scope="module")
def account(loaded) -> Part:
    return account_carbon(loaded, progress=Silent())


@pytest.fixture(scope="module")
def tables(account):
    return account.tables


def test_classes_add_up_to_totals_in_every_zone(tables):
    zones = tables["carbon_zones"]
    classes = zones[zones["land_class"] != "合计"].groupby(["zone_layer", "zone_id"])
    totals = zones[zones["land_class"] == "合计"].set_index(["zone_layer", "zone_id"])
    for column in ("area_m2", "vegetation_tc", "stock_tc_mid", "stock_tco2e_mid"):
        assert classes[column].sum().reindex(totals.index).to_numpy() == pytest.approx(totals[column].to_numpy())
    assert (totals["stock_tco2e_mid"] / totals["stock_tc_mid"]).dropna().to_numpy() == pytest.approx(44 / 12)


def test_counties_make_the_city_but_their_lows_do_not(tables):
    zones = tables["carbon_zones"]
    totals = zones[zones["land_class"] == "合计"].set_index("zone_layer")
    assert totals.loc["counties", "stock_tc_mid"].sum() == pytest.approx(totals.loc["city", "stock_tc_mid"])
    one_class = zones[(zones["zone_layer"] == "city") & (zones["land_class"] != "合计")]
    assert totals.loc["city", "stock_tc_low"] > one_class["stock_tc_low"].sum()


def test_later_date_of_the_transitions_is_the_stock_s_land_cover(tables):
    change, zones = tables["carbon_change"], tables["carbon_zones"]
    later = change[change["from_class"] != "合计"].groupby(["zone_layer", "zone_id", "to_class"])["area_m2"].sum()
    stock = zones[zones["land_class"] != "合计"].set_index(["zone_layer", "zone_id", "land_class"])["area_m2"]
    assert later.sort_index().to_numpy() == pytest.approx(stock.sort_index().to_numpy())


def test_ledgers_end_at_the_eligible_area(tables):
    ledger, areas = tables["carbon_ledger"], tables["carbon_restoration"].set_index("area_id")
    own = ledger[~ledger["area_id"].str.startswith("合计")]
    assert own.groupby("area_id")["change_m2"].sum().reindex(areas.index).to_numpy() == pytest.approx(
        areas["eligible_m2"].to_numpy(), abs=1e-3
    )
    last = ledger[ledger["area_id"] == "合计·造林"]["left_m2"].iloc[-1]
    assert last == pytest.approx(areas.loc[areas["measure"] == "造林", "eligible_m2"].sum())
    assert (own.loc[own["seq"] > 0, "change_m2"] <= 0).all()


def test_every_exclusion_takes_something_somewhere_in_the_demonstration(tables):
    ledger = tables["carbon_ledger"]
    sums = ledger[ledger["area_id"] == "合计·造林"].set_index("item")["change_m2"]
    assert (sums[["其他碳汇项目已占用", "永久基本农田", "现有森林", "耕地"]] < 0).all()


def test_potential_totals_and_cumulated_fluxes_agree(tables):
    potential, totals = tables["carbon_potential"], tables["carbon_potential_totals"]
    whole = totals[totals["measure"] == "全部措施"].set_index("year")
    for column in ("flux_tco2e_mid", "cumulative_tco2e_mid"):
        assert potential.groupby("year")[column].sum().to_numpy() == pytest.approx(whole[column].to_numpy())
    for part in PARTS:
        flux = potential.sort_values("year").groupby("area_id")[f"flux_tco2e_{part}"].cumsum()
        assert flux.to_numpy() == pytest.approx(potential.loc[flux.index, f"cumulative_tco2e_{part}"].to_numpy())
    assert (whole["cumulative_tco2e_low"] > potential.groupby("year")["cumulative_tco2e_low"].sum()).all()


def test_two_ways_to_the_range_agree_within_three_percent(tables):
    table = tables["carbon_uncertainty"].query("correlation == '同源相关'").set_index(["quantity", "approach"])
    for quantity in table.index.unique("quantity"):
        widths = [table.loc[(quantity, way), "value_high"] - table.loc[(quantity, way), "value_low"] for way in ("解析", "蒙特卡洛")]
        assert widths[1] == pytest.approx(widths[0], rel=0.03), quantity


def test_analytic_rows_are_the_numbers_of_the_tables(tables):
    known = tables["carbon_uncertainty"].query("approach == '解析' and correlation == '同源相关'").set_index("quantity")
    zones, totals = tables["carbon_zones"], tables["carbon_potential_totals"]
    city = zones[(zones["zone_layer"] == "city") & (zones["land_class"] == "合计")].iloc[0]
    last = totals[(totals["measure"] == "全部措施") & (totals["year"] == 2060)].iloc[0]
    for part in PARTS:
        assert known.loc["全市碳储量", f"value_{part}"] == pytest.approx(city[f"stock_tc_{part}"])
        assert known.loc["修复增汇潜力（累计至2060年）", f"value_{part}"] == pytest.approx(last[f"cumulative_tco2e_{part}"])
    assert known.loc["全市碳储量", "dominant"] == "土壤碳密度（黄晓琼等2016）"


def test_the_city_stock_stands_between_the_two_ends_of_the_correlation_model(tables):
    rows = tables["carbon_uncertainty"].query("quantity == '全市碳储量' and approach == '解析'").set_index("correlation")
    widths = (rows["value_high"] - rows["value_low"]) / 1e6
    assert widths["全部独立"] < widths["同源相关"] < widths["全部相关"]
    million_t = rows.loc["同源相关", ["value_low", "value_high"]].astype(float) / 1e6
    assert million_t.round(0).tolist() == [259, 590]
    assert (rows.loc["全部独立", ["value_low", "value_high"]].astype(float) / 1e6).round(0).tolist() == [321, 542]


def test_potential_shared_out_by_county_makes_the_total_again(tables):
    zones, totals = tables["carbon_potential_zones"], tables["carbon_potential_totals"]
    counties = zones[zones["zone_layer"] == "counties"]
    last = totals[(totals["measure"] == "全部措施") & (totals["year"] == 2060)].iloc[0]
    # The county line is drawn coarser than the areas: at most a thousandth lies outside all counties.
    assert counties["eligible_m2"].sum() == pytest.approx(last["eligible_m2"], rel=1e-3)
    assert counties["cumulative_tco2e_mid"].sum() == pytest.approx(last["cumulative_tco2e_mid"], rel=1e-3)
    assert (counties["cumulative_tco2e_low"] <= counties["cumulative_tco2e_mid"]).all()
    # what has a land class in the areas, put together by the area each county holds of them
    assert counties["covered_share"].between(0, 1).all() and last["covered_share"] == pytest.approx(counties["covered_share"].mean(), abs=0.02)


def test_value_is_change_times_discounted_price(tables):
    value, change = tables["carbon_value"].iloc[0], tables["carbon_change"]
    city = change[(change["zone_layer"] == "city") & (change["from_class"] == "合计")].iloc[0]
    assert value["change_tco2e"] == pytest.approx(city["change_tc_mid"] * TCO2_PER_TC)
    ratio = 1 / 1.05
    assert value["value_yuan"] == pytest.approx(value["change_tco2e"] * 55.4 / 10 * (1 - ratio**10) / (1 - ratio))


def test_whatever_rests_on_an_unverified_factor_says_so(tables):
    areas, potential = tables["carbon_restoration"].set_index("area_id"), tables["carbon_potential"]
    assert set(areas.loc[areas["measure"].isin(["造林", "封育", "湿地修复", "矿山修复"]), "mark"]) == {"M"}
    assert (potential["mark"] == potential["area_id"].map(areas["mark"])).all()
    assert set(tables["carbon_stands"]["mark"]) == {"M"}


def test_milestones_stand_beside_the_plan(tables):
    table = tables["carbon_milestones"]
    cover = table[table["item"] == "森林覆盖率"]
    assert cover["plan_value"].dropna().tolist() == [0.60, 0.61]
    assert cover.loc[cover["found_value"].notna(), "found_value"].tolist() == pytest.approx([0.585, 0.600], abs=0.002)
    plan_low, plan_high = table[table["item"].str.startswith("规划蓄积增量")]["found_value"] / 1e6
    assert (plan_low, plan_high) == pytest.approx((6.4, 7.3), abs=0.05)


def test_only_misprints_of_the_source_are_flagged(tables, account):
    checks = tables["carbon_checks"].set_index("check")["state"]
    assert list(checks[checks == "不符"].index) == ["张滨等2016表7 混交林：印出的储量与面积×密度"]
    assert any("1 项不符" in note for note in account.notes)


def test_factors_have_value_source_and_mark(tables):
    factors = tables["carbon_factors"]
    assert factors["value_mid"].notna().all() and (factors["source"].str.len() > 3).all()
    assert {"碳密度", "修复增汇", "现有森林", "树种参数", "生长", "设定"} < set(factors["kind"])


def test_factor_tables_are_among_the_inputs(account):
    layers = {record.layer for record in account.records}
    assert {"carbon_factors", "land_classes_2025", "land_classes_2015", "dem", "restoration_facts"} <= layers


def test_same_inputs_give_the_same_tables_in_bands_as_at_once(account, loaded):
    carbon = loaded.settings.carbon.model_copy(update={"raster_memory_mb": 1})  # far below the smallest allowed
    settings = loaded.settings.model_copy(update={"carbon": carbon})
    again = account_carbon(replace(loaded, settings=settings), progress=Silent())
    for name, table in account.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name], check_exact=True)
    assert np.isfinite(account.tables["carbon_sink"]["sink_tco2e_per_yr_mid"]).all()
