"""Every row of worked_examples.csv, restated with our units and our areas."""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import account_change, account_stock
from cdgis.carbon.account.reference_figures import published_checks
from cdgis.carbon.factors import PoolTable, read_growth, read_pool_table
from cdgis.carbon.growth import stand_volume
from cdgis.carbon.soil import transition_soc
from cdgis.carbon.valuation import Valuation, invest_constant
from cdgis.core.errors import CarbonError
from cdgis.core.units import MU_PER_HA
from cdgis.workspace.settings import CarbonSettings

DATA = Path(__file__).parents[1] / "cdgis" / "data" / "carbon"
with (DATA / "sources" / "worked_examples.csv").open(encoding="utf-8", newline="") as stream:
    EXAMPLES = {row["id"]: row for row in csv.DictReader(stream)}
TESTED = {"W1", "W2", "W3", "W4", "W5.1", "W5.2", "W7", "W8", "W10", "W11", "W12"}
POOLS = {1: (15, 10, 60, 1), 2: (5, 3, 20, 0), 3: (2, 1, 5, 0)}
"""InVEST's land classes: above, below, soil, dead, tonnes of carbon per hectare."""


def invest_pools() -> PoolTable:
    shipped = read_pool_table("chengde_100cm")
    frame = shipped.frame.iloc[: len(POOLS)].copy()
    frame["class_code"], frame["land_class"] = list(POOLS), [f"类{code}" for code in POOLS]
    above, below, soil, dead = (np.array(column, dtype=float) for column in zip(*POOLS.values(), strict=True))
    known = {"above": above, "below": below, "vegetation": above + below, "soil": soil, "dead": dead}
    for pool, values in known.items():
        for part in ("", "_low", "_high") if pool not in ("above", "below") else ("",):
            frame[f"{pool}{part}_tc_per_ha"] = values
        frame[f"{pool}_mark"] = "S"
    return PoolTable(name="InVEST", frame=frame.assign(soil_depth_cm=100.0), soil_depth_cm=100.0)


def pairs(*rows: tuple[int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["from_code", "to_code", "area_m2"]).assign(zone_id="z")


def change_of(later: int) -> float:
    """Change of one hectare from class 1 to `later`, tonnes of carbon."""
    table = account_change(pairs((1, later, 1e4)), invest_pools(), zone_layer="x")
    return float(table.loc[table["from_class"] == "合计", "change_tc_mid"].iloc[0])


def test_no_example_is_left_out():
    assert set(EXAMPLES) == TESTED


def test_w1_change_of_stock_is_minus_58_and_minus_78_per_hectare():
    assert "-58 t/ha" in EXAMPLES["W1"]["expected"] and "-78 t/ha" in EXAMPLES["W1"]["expected"]
    assert (change_of(2), change_of(3)) == (pytest.approx(-58), pytest.approx(-78))
    zero = invest_constant(price=43, years=14, discount_share=0, rate_share=0)
    assert zero == 43
    assert (-58e-4 * zero, -78e-4 * zero) == (pytest.approx(-0.2494), pytest.approx(-0.3354))


def test_w1_hundred_cells_of_a_square_metre_hold_the_published_stocks():
    pools = invest_pools()
    for code, stock_tc in ((1, 0.86), (2, 0.28)):
        areas = pd.DataFrame({"zone_id": ["z"], "class_code": [code], "area_m2": [100.0]})
        table = account_stock(areas, pools, zone_layer="x")
        assert table["stock_tc_mid"].tolist() == [pytest.approx(stock_tc)] * 2
    table = account_change(pairs((1, 2, 100.0)), pools, zone_layer="x")
    assert table["change_tc_mid"].tolist() == [pytest.approx(-0.58)] * 2


def test_w2_value_with_rates_is_invests():
    constant = invest_constant(price=43, years=14, discount_share=-0.071, rate_share=0.028)
    assert constant == pytest.approx(59.00136, abs=1e-5)
    expected = [float(x) for x in re.findall(r"-0\.\d+", EXAMPLES["W2"]["expected"])]
    assert [-58e-4 * constant, -78e-4 * constant] == pytest.approx(expected, abs=1e-6)


def test_w3_valuation_constant_is_invests():
    assert float(EXAMPLES["W3"]["expected"]) == pytest.approx(
        invest_constant(price=50, years=2, discount_share=0.5, rate_share=0.05), abs=1e-5
    )


def test_our_price_growth_has_the_ordinary_sign():
    flat, rising = (
        Valuation(year_from=2010, year_to=2012, price_yuan_per_tco2e=50, discount_share=0.5, price_growth_share=growth)
        for growth in (0.0, 0.05)
    )
    # Two yearly shares: 50/2 * (1 + 1.05/1.5).
    assert rising.yuan_per_tco2e == pytest.approx(25 * (1 + 1.05 / 1.5))
    assert rising.yuan_per_tco2e > flat.yuan_per_tco2e > invest_constant(price=50, years=2, discount_share=0.5, rate_share=0.05)
    assert "r = (1 + 0.05) ÷ (1 + 0.5) = 0.700000" in rising.formula(100)
    assert Valuation(year_from=0, year_to=3, price_yuan_per_tco2e=9, discount_share=0).yuan_per_tco2e == 9
    with pytest.raises(CarbonError, match="先后有序"):
        Valuation(year_from=2020, year_to=2020, price_yuan_per_tco2e=1, discount_share=0)
    with pytest.raises(CarbonError, match="大于 −100%"):
        Valuation(year_from=2019, year_to=2020, price_yuan_per_tco2e=1, discount_share=-1)


def test_w4_stock_per_pixel_is_density_times_area():
    shipped = invest_pools()
    frame = shipped.frame.copy()
    for pool in ("above", "below", "dead", "soil"):
        frame[f"{pool}_tc_per_ha"] = np.nan
    for part in ("", "_low", "_high"):
        frame[f"vegetation{part}_tc_per_ha"] = [5000.0, 60.0, 120.0]
    pools = PoolTable(name="W4", frame=frame, soil_depth_cm=None)
    pixels = pd.DataFrame({"zone_id": list("abcd"), "class_code": [1, 1, 2, 3], "area_m2": 1.0})
    table = account_stock(pixels, pools, zone_layer="x").set_index(["zone_id", "land_class"])["stock_tc_mid"]
    assert [table[key, "合计"] for key in "abcd"] == pytest.approx([0.5, 0.5, 0.006, 0.012])


@pytest.mark.parametrize("key", ["W5.1", "W5.2"])
def test_w5_soil_follows_the_published_transition(key):
    years, start, equilibrium = (
        [float(x) for x in part.split(",")] for part in re.findall(r"\[([^\]]*)\]", EXAMPLES[key]["inputs"])
    )
    expected = [float(x) for x in re.search(r"\[([^\]]*)\]", EXAMPLES[key]["expected"])[1].split(",")]
    assert transition_soc(years, start, equilibrium) == pytest.approx(expected, abs=1e-3)


def test_w7_age_classes_give_the_printed_rates():
    table = read_growth().age_class
    printed = {
        "阔叶林": (0.71, 0.33, 0.247, 0.11),
        "针叶林": (1.19, 0.72, 0.57, 0.38),
        "混交林": (0.88, 0.584, 0.27, 0.14),
        "经济林": (0.22, 0.17, 0.12, 0.07),
    }
    for forest_type, rates in printed.items():
        density = table.loc[table["forest_type"] == forest_type, "vegetation_tc_per_ha"]
        assert (density.diff().dropna() / 10).tolist() == pytest.approx(rates, abs=0.01)


def test_w8_mixed_forest_is_flagged_and_the_others_agree():
    checks = published_checks()
    state = {text.split(" ")[-1].split("：")[0]: row for text, row in checks.set_index("check").iterrows()}
    assert state["阔叶林"]["state"] == state["针叶林"]["state"] == "一致"
    assert state["混交林"]["state"] == "不符"
    assert state["混交林"]["difference_share"] == pytest.approx(11.76 / 15.73 - 1)
    assert state["混交林"]["difference_share"] == pytest.approx(-0.25, abs=0.005)
    assert sum(checks.loc[checks["unit"] == "百万吨碳", "expected"]) == pytest.approx(59.66)


def test_w10_saihanba_mean_volume():
    assert pytest.approx(135.1, abs=0.2) == 10.36e6 / (1.15e6 / MU_PER_HA)


def test_w11_larch_increments_add_up():
    volume = stand_volume(read_growth(), "针叶林", np.array([20.0, 40.0, 50.0]), "increment")
    expected = [float(x) for x in re.findall(r"=([\d.]+)", EXAMPLES["W11"]["expected"])]
    assert volume.tolist() == pytest.approx(expected, abs=0.01)


def test_w12_average_price_is_the_shipped_price():
    assert pytest.approx(CarbonSettings().price_yuan_per_tco2e, abs=0.1) == 60.99 / 1.10


def test_class_without_factors_is_named_and_counts_on_neither_side():
    areas = pd.DataFrame({"zone_id": ["z", "z"], "class_code": [1, 200], "area_m2": [100.0, 100.0]})
    stock = account_stock(areas, invest_pools(), zone_layer="x").set_index("land_class")
    assert stock.loc["合计", ["valued_m2", "covered_share"]].tolist() == [100.0, 0.5]
    change = account_change(pairs((1, 200, 1.0), (1, 2, 1.0)), invest_pools(), zone_layer="x").set_index("to_class")
    assert change.loc["未登记类别 200", "change_tc_mid"] != change.loc["未登记类别 200", "change_tc_mid"]
    assert change.loc["合计", ["area_m2", "covered_share"]].tolist() == [1.0, 0.5]
