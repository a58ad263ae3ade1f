"""Stock by zone and class: hand cases, the joint range, and what the account refuses to add."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cdgis
from cdgis.carbon import account_stock, merge_zones
from cdgis.carbon.factors import PoolTable, read_pool_table
from cdgis.carbon.stock import NO_DATA, TOTAL
from cdgis.raster import NODATA_CODE

DATA = Path(cdgis.__file__).parent / "data" / "carbon"
HA = 10_000.0


def make_areas(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["zone_id", "class_code", "area_m2"])


def account(*rows: tuple[str, int, float], pools: PoolTable | None = None) -> pd.DataFrame:
    table = account_stock(make_areas(*rows), pools or read_pool_table("chengde_100cm"), zone_layer="counties")
    return table.set_index(["zone_id", "land_class"])


def simple_pools(**totals: float) -> PoolTable:
    """Pools as worked example W1 and W4 give them: one vegetation density per class, no range."""
    shipped = read_pool_table("chengde_100cm")
    frame = shipped.frame.iloc[: len(totals)].copy()
    frame["class_code"] = range(1, len(totals) + 1)
    frame["land_class"] = list(totals)
    for column in frame.columns:
        if column.endswith("_tc_per_ha"):
            frame[column] = np.nan
    for part in ("", "_low", "_high"):
        frame[f"vegetation{part}_tc_per_ha"] = list(totals.values())
    return replace(shipped, name="test", frame=frame, soil_depth_cm=None)


def test_stock_is_area_times_density_per_pool() -> None:
    row = account(("z", 5, 2 * HA)).loc[("z", "草甸草原")]
    assert row["above_tc"] == pytest.approx(2 * 0.94)
    assert row["below_tc"] == pytest.approx(2 * 3.69)
    assert row["vegetation_tc"] == pytest.approx(2 * 4.63)
    assert row["soil_tc"] == pytest.approx(2 * 93.59)
    assert row["stock_tc_mid"] == pytest.approx(2 * (4.63 + 93.59))
    assert math.isnan(row["dead_tc"])
    assert (row["soil_depth_cm"], row["mark"]) == ("100", "S")
    assert "植被＋土壤0–100厘米" in row["method"]


def test_dead_matter_counts_once_where_it_is_known() -> None:
    row = account(("z", 4, HA)).loc[("z", "灌木")]
    assert row["vegetation_tc"] == pytest.approx(7.59 + 4.00)
    assert row["stock_tc_mid"] == pytest.approx(7.59 + 4.00 + 0.80)
    assert "不含土壤" in row["method"]
    assert math.isnan(row["soil_tc"])
    assert row["soil_depth_cm"] == ""


def test_ranges_of_pools_combine_as_root_sum_square() -> None:
    pools = read_pool_table("chengde_100cm").frame.set_index("class_code").loc[5]
    row = account(("z", 5, HA)).loc[("z", "草甸草原")]
    half = math.hypot(
        pools["vegetation_tc_per_ha"] - pools["vegetation_low_tc_per_ha"],
        pools["soil_tc_per_ha"] - pools["soil_low_tc_per_ha"],
    )
    assert row["stock_tc_mid"] - row["stock_tc_low"] == pytest.approx(half)


def test_low_and_high_keep_their_own_distance_from_the_mid_value() -> None:
    row = account(("z", 1, HA)).loc[("z", "阔叶林")]
    assert row["stock_tc_mid"] - row["stock_tc_low"] == pytest.approx(math.hypot(26.09 * 0.25, 159.1 - 62.3))
    assert row["stock_tc_high"] - row["stock_tc_mid"] == pytest.approx(math.hypot(26.09 * 0.25, 159.1 * 0.42))


def test_total_leaves_a_pool_blank_when_one_class_does_not_know_it() -> None:
    table = account(("known", 5, HA), ("known", 6, HA), ("partly", 5, HA), ("partly", 1, HA))
    assert table.loc[("known", TOTAL), "above_tc"] == pytest.approx(0.94 + 0.59)
    assert math.isnan(table.loc[("partly", TOTAL), "above_tc"])
    assert table.loc[("partly", TOTAL), "vegetation_tc"] == pytest.approx(4.63 + 26.09)


def test_densities_of_one_source_share_its_error_and_sources_do_not() -> None:
    """Grass of three kinds comes from one paper, broadleaf forest from others: add up within, root-sum-square between."""
    table = account(("z", 1, HA), ("z", 5, HA), ("z", 6, HA)).loc["z"]
    pools = read_pool_table("chengde_100cm").frame.set_index("class_code")
    half = {
        (pool, code): pools.loc[code, f"{pool}_tc_per_ha"] - pools.loc[code, f"{pool}_low_tc_per_ha"]
        for pool in ("vegetation", "soil") for code in (1, 5, 6)
    }  # fmt: skip
    expected = math.hypot(
        half["vegetation", 1], half["soil", 1], half["vegetation", 5] + half["vegetation", 6], half["soil", 5] + half["soil", 6]
    )
    parts, total = table.drop(index=TOTAL), table.loc[TOTAL]
    assert total["stock_tc_mid"] == pytest.approx(parts["stock_tc_mid"].sum())
    assert total["stock_tc_mid"] - total["stock_tc_low"] == pytest.approx(expected)
    assert total["stock_tc_low"] > parts["stock_tc_low"].sum()


def test_total_range_agrees_with_drawing_the_errors_at_random() -> None:
    """An independent Monte Carlo: one standard normal for each pool and source, as the table's own columns name them."""
    rows = (("z", 5, 3 * HA), ("z", 6, 7 * HA), ("z", 7, HA), ("z", 4, 2 * HA), ("z", 13, HA))
    total = account(*rows).loc[("z", TOTAL)]
    with (DATA.parent / "packs/chengde/carbon/pools_chengde_100cm.csv").open(encoding="utf-8", newline="") as stream:
        table = {int(row["class_code"]): row for row in csv.DictReader(stream)}
    rng = np.random.default_rng(20261101)
    shared: dict[tuple[str, str], np.ndarray] = {}
    drawn = np.zeros(200_000)
    for _, code, area_m2 in rows:
        for pool in ("vegetation", "dead", "soil"):
            if table[code][f"{pool}_tc_per_ha"]:
                mid, high = (float(table[code][f"{pool}{part}_tc_per_ha"]) for part in ("", "_high"))
                z = shared.setdefault((pool, table[code][f"{pool}_group"]), rng.normal(size=len(drawn)))
                drawn += area_m2 / HA * (mid + (high - mid) / 1.6449 * z)
    low, high = np.quantile(drawn, [0.05, 0.95])
    width = total["stock_tc_high"] - total["stock_tc_low"]
    assert width == pytest.approx(high - low, rel=0.03)
    assert total["stock_tc_low"] == pytest.approx(low, abs=0.03 * width)


def test_whole_city_is_wider_than_independent_zones_because_a_factor_is_one_quantity() -> None:
    areas = make_areas(("a", 1, HA), ("b", 1, 3 * HA))
    pools = read_pool_table("chengde_100cm")
    zones = account_stock(areas, pools, zone_layer="counties").set_index(["zone_id", "land_class"])
    city = account_stock(merge_zones(areas, "130800"), pools, zone_layer="city").set_index(["zone_id", "land_class"])
    whole = city.loc[("130800", TOTAL)]
    half = [zones.loc[(z, TOTAL), "stock_tc_high"] - zones.loc[(z, TOTAL), "stock_tc_mid"] for z in ("a", "b")]
    assert whole["stock_tc_high"] - whole["stock_tc_mid"] == pytest.approx(sum(half))
    assert whole["area_m2"] == 4 * HA


def test_total_says_whether_all_classes_have_soil_values() -> None:
    table = account(("some", 5, 3 * HA), ("some", 8, HA), ("all", 5, HA), ("all", 6, HA))
    assert table.loc[("some", TOTAL), "soil_tc"] == pytest.approx(3 * 93.59)
    assert "土壤只含有同深度来源的类别" in table.loc[("some", TOTAL), "method"]
    assert table.loc[("all", TOTAL), "method"].endswith("；含土壤")


def test_total_has_no_soil_when_no_class_has() -> None:
    total = account(("z", 8, HA), ("z", 4, HA)).loc[("z", TOTAL)]
    assert math.isnan(total["soil_tc"])
    assert total["soil_depth_cm"] == ""
    assert total["method"].endswith("；不含土壤")


def test_mark_is_m_when_any_factor_used_is() -> None:
    table = account(("a", 5, HA), ("b", 5, HA), ("b", 9, HA))
    assert table.loc[("a", TOTAL), "mark"] == "S"
    assert table.loc[("b", TOTAL), "mark"] == "M"
    assert table.loc[("b", "草甸草原"), "mark"] == "S"


def test_nodata_counts_as_area_but_not_as_carbon() -> None:
    table = account(("z", 5, HA), ("z", NODATA_CODE, 9 * HA), ("empty", NODATA_CODE, HA))
    assert table.loc[("z", NO_DATA), "area_m2"] == 9 * HA
    assert math.isnan(table.loc[("z", NO_DATA), "stock_tc_mid"])
    assert table.loc[("z", TOTAL), "area_m2"] == 10 * HA
    assert table.loc[("z", TOTAL), "stock_tc_mid"] == pytest.approx(4.63 + 93.59)
    assert table.loc[("z", TOTAL), ["valued_m2", "covered_share"]].tolist() == [HA, 0.1]
    assert table.loc[("z", TOTAL), "density_tc_per_ha_mid"] == pytest.approx(4.63 + 93.59)
    assert math.isnan(table.loc[("empty", TOTAL), "stock_tc_mid"]) and table.loc[("empty", TOTAL), "covered_share"] == 0


@pytest.mark.parametrize("rows", [(("a", NODATA_CODE, HA), ("b", NODATA_CODE, 3 * HA)), ()], ids=["nothing but nodata", "no cell at all"])
def test_a_land_raster_without_a_single_value_gives_areas_and_no_carbon(rows: tuple[tuple[str, int, float], ...]) -> None:
    """Every zone keeps its area and its row, none has a stock, and the city as a whole neither."""
    for areas in (make_areas(*rows), merge_zones(make_areas(*rows), "city") if rows else make_areas()):
        table = account_stock(areas.astype({"class_code": int, "area_m2": float}), read_pool_table("chengde_100cm"), zone_layer="counties")
        classes = table[table["land_class"] != TOTAL]
        assert classes["area_m2"].sum() == pytest.approx(areas["area_m2"].sum()) and set(classes["land_class"]) <= {NO_DATA}
        assert table["stock_tc_mid"].isna().all() and (table["covered_share"] == 0).all()
        assert set(table.loc[table["land_class"] == TOTAL, "zone_id"]) == set(areas["zone_id"])


def test_classes_without_factors_keep_their_area_and_hold_no_carbon() -> None:
    table = account(("z", 200, HA), ("y", 200, HA), ("z", 99, HA), ("z", 1, HA))
    assert table.loc[("z", "未登记类别 99"), "area_m2"] == HA and math.isnan(table.loc[("y", TOTAL), "stock_tc_mid"])
    assert table.loc[("z", TOTAL), "covered_share"] == pytest.approx(1 / 3)
    assert table.loc[("z", TOTAL), "stock_tc_mid"] == account(("z", 1, HA)).loc[("z", TOTAL), "stock_tc_mid"]


def test_shuffled_rows_give_the_same_table() -> None:
    areas = make_areas(("b", 1, HA), ("a", 8, 2 * HA), ("a", 1, 5 * HA), ("b", 1, 3 * HA))
    pools = read_pool_table("chengde_100cm")
    again = account_stock(areas.iloc[[3, 1, 0, 2]], pools, zone_layer="counties")
    pd.testing.assert_frame_equal(account_stock(areas, pools, zone_layer="counties"), again)


def test_zone_names_are_written_beside_ids() -> None:
    table = account_stock(
        make_areas(("130822", 5, HA)), read_pool_table("chengde_100cm"), zone_layer="c", zone_names={"130822": "兴隆县"}
    )
    assert set(table["zone_name"]) == {"兴隆县"}


def test_invest_pixel_stocks_are_reproduced() -> None:
    # natcap/invest tests/test_carbon.py test_generate_carbon_map: 1 m2 pixels, t/ha.
    pools = simple_pools(one=5000, two=60, three=120)
    table = account(("z", 1, 2.0), ("y", 2, 1.0), ("x", 3, 1.0), pools=pools)["stock_tc_mid"]
    assert (table["z", "one"] / 2, table["y", "two"], table["x", "three"]) == pytest.approx((0.5, 0.006, 0.012))


def test_invest_stock_change_is_reproduced() -> None:
    # Pools above + below + soil + dead: 1: 15+10+60+1 = 86; 2: 5+3+20+0 = 28; 3: 2+1+5+0 = 8 t/ha; 100 cells of 1 m2.
    pools = simple_pools(one=15 + 10 + 60 + 1, two=5 + 3 + 20 + 0, three=2 + 1 + 5 + 0)
    table = account(("z", 1, 100.0), ("z", 2, 100.0), ("z", 3, 100.0), pools=pools).loc["z", "stock_tc_mid"]
    assert (table["one"], table["two"]) == pytest.approx((0.86, 0.28))
    assert table["two"] - table["one"] == pytest.approx(-58 * 0.01)
    assert table["three"] - table["one"] == pytest.approx(-78 * 0.01)
