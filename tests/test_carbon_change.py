"""Change between two dates: known pools only, factors correlated, totals that close."""

import math

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import account_change, account_sink
from cdgis.carbon.factors import read_pool_table, read_shipped
from cdgis.results.tables.validation import validate

POOLS = read_pool_table("chengde_100cm")
HA = 1e4
CO2 = 44 / 12


def change(*rows, zone="z"):
    pairs = pd.DataFrame(rows, columns=["from_code", "to_code", "area_m2"]).assign(zone_id=zone)
    table = validate("carbon_change", account_change(pairs, POOLS, zone_layer="counties", zone_names={zone: "区"}))
    return table.set_index(["from_class", "to_class"])


def test_grassland_to_grassland_changes_by_the_difference_of_densities():
    row = change((5, 6, 2 * HA)).loc[("草甸草原", "典型草原")]
    assert row["vegetation_change_tc"] == pytest.approx(2 * (4.04 - 4.63))
    assert row["soil_change_tc"] == pytest.approx(2 * (69.44 - 93.59))
    assert row["change_tc_mid"] == pytest.approx(row["vegetation_change_tc"] + row["soil_change_tc"])
    assert row["change_tco2e_mid"] == pytest.approx(row["change_tc_mid"] * CO2)
    assert row["mark"] == "S"


def test_soil_known_on_one_side_only_is_not_gained():
    row = change((8, 1, HA)).loc[("耕地", "阔叶林")]
    assert math.isnan(row["soil_change_tc"]) and row["change_tc_mid"] == pytest.approx(26.09)
    assert row["method"].startswith("只计植被")


def test_unchanged_land_has_no_range_and_adds_nothing():
    table = change((1, 1, 100 * HA), (5, 6, HA))
    assert table.loc[("阔叶林", "阔叶林"), ["change_tc_low", "change_tc_mid", "change_tc_high"]].tolist() == [0, 0, 0]
    assert table.loc[("合计", "合计"), "area_m2"] == HA
    assert table.loc[("合计", "合计"), "change_tc_mid"] == table.loc[("草甸草原", "典型草原"), "change_tc_mid"]


def test_a_swap_of_equal_areas_leaves_no_range():
    total = change((5, 6, HA), (6, 5, HA)).loc[("合计", "合计")]
    assert total["change_tc_mid"] == pytest.approx(0)
    assert (total["change_tc_low"], total["change_tc_high"]) == pytest.approx((0, 0))


def test_pairs_that_share_a_class_are_correlated():
    table = change((5, 6, HA), (5, 7, HA))
    pairs, total = table.drop(index=("合计", "合计")), table.loc[("合计", "合计")]
    apart = math.hypot(*(pairs["change_tc_high"] - pairs["change_tc_mid"]))
    assert total["change_tc_high"] - total["change_tc_mid"] > apart


def test_land_without_data_keeps_its_area_and_gets_no_carbon():
    row = change((-1, 1, 3 * HA)).loc[("无数据", "阔叶林")]
    assert row["area_m2"] == 3 * HA and np.isnan(row["change_tc_mid"])


def test_sink_is_forest_area_times_rate_and_zones_without_forest_take_up_nothing():
    areas = pd.DataFrame({"zone_id": ["a", "a", "b"], "class_code": [1, 8, 8], "area_m2": [2 * HA, HA, HA]})
    names = dict(zip(POOLS.frame["class_code"], POOLS.frame["land_class"], strict=True))
    table = validate("carbon_sink", account_sink(areas, names, read_shipped("sink_rates"), zone_layer="x")).set_index("zone_id")
    assert table.loc["a", "sink_tco2e_per_yr_mid"] == pytest.approx(2 * 0.7 * CO2)
    assert table.loc["a", ["forest_m2", "mark"]].tolist() == [2 * HA, "M"]
    assert table.loc["b", ["forest_m2", "sink_tco2e_per_yr_high"]].tolist() == [0, 0]
