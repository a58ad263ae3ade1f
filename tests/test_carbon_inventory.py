"""塞罕坝: two methods that must give the published magnitude."""

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import account_stands, fang_stock_tc, sum_species, volume_stock_tc
from cdgis.carbon.factors import read_growth, read_trees
from cdgis.carbon.inventory import ipcc_stock_tc
from cdgis.core.units import MU_PER_HA

SOURCES = Path(__file__).parents[1] / "cdgis" / "data" / "carbon" / "sources"
SAIHANBA_HA = 1_150_000 / MU_PER_HA
SAIHANBA_M3 = np.array([10_360_000.0])


def larch() -> dict[str, str]:
    with (SOURCES / "forest_params.csv").open(encoding="utf-8", newline="") as stream:
        return next(row for row in csv.DictReader(stream) if row["species_en"] == "Larix")


def test_saihanba_mean_stock() -> None:
    assert SAIHANBA_M3[0] / SAIHANBA_HA == pytest.approx(135.1, abs=0.05)


def test_saihanba_carbon_by_the_volume_method() -> None:
    row = larch()
    stock_tc = volume_stock_tc(
        SAIHANBA_M3,
        density_t_per_m3=float(row["D_SVD_t_m3"]),
        expansion=float(row["BEF"]),
        root_shoot=float(row["R_root_shoot"]),
        carbon_fraction=float(row["CF"]),
    )
    assert stock_tc[0] == pytest.approx(10_360_000 * 0.490 * 1.416 * (1 + 0.212) * 0.521)
    assert stock_tc[0] / 1e6 == pytest.approx(4.54, abs=0.005)


def test_saihanba_carbon_by_fang() -> None:
    row = larch()
    stock_tc = fang_stock_tc(
        SAIHANBA_M3 / SAIHANBA_HA,
        np.array([SAIHANBA_HA]),
        slope_t_per_m3=float(row["fang_a"]),
        intercept_t_per_ha=float(row["fang_b"]),
    )
    assert stock_tc[0] / 1e6 == pytest.approx(4.45, abs=0.005)


def test_no_volume_means_no_carbon_in_both_methods() -> None:
    zero, area = np.array([0.0]), np.array([5.0])
    assert fang_stock_tc(zero, area, slope_t_per_m3=0.6, intercept_t_per_ha=33.8)[0] == 0
    assert volume_stock_tc(zero, density_t_per_m3=0.5, expansion=1.4, root_shoot=0.2, carbon_fraction=0.5)[0] == 0


def stands(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["stand_id", "species", "age_yr", "volume_m3_per_ha", "area_m2"])


def test_saihanba_by_three_methods_side_by_side() -> None:
    table = account_stands(stands(("1", "华北落叶松", 45, 135.13, 1e4)), read_trees(), read_growth()).iloc[0]
    assert table["species_group"] == "落叶松"
    assert table["volume_tc"] == pytest.approx(135.13 * 0.490 * 1.416 * 1.212 * 0.516)
    assert table["fang_tc"] == pytest.approx((0.6096 * 135.13 + 33.806) * 0.5)
    above = 135.13 * 0.75
    assert table["ipcc_tc"] == pytest.approx(above * 1.29 * 0.516)
    assert table["sink_tco2e_per_yr"] == pytest.approx(0.38 * 44 / 12)


def test_mixed_forest_takes_the_mean_of_its_parts_in_ipcc() -> None:
    found = ipcc_stock_tc(np.array([60.0]), np.array([1.0]), trees=read_trees(), group="针阔混")[0]
    above = 60 * (1.0 + 1.4) / 2
    assert found == pytest.approx(above * (1 + (0.29 + 0.46) / 2) * 0.495)


def test_empty_stand_holds_and_gains_nothing() -> None:
    row = account_stands(stands(("1", "白桦", 5, 0.0, 1e4)), read_trees(), read_growth()).iloc[0]
    assert row[["volume_tc", "fang_tc", "ipcc_tc", "sink_tco2e_per_yr"]].tolist() == [0, 0, 0, 0]


def test_species_without_fang_stay_blank_and_so_does_their_total() -> None:
    table = account_stands(stands(("1", "胡桃楸", 20, 50, 1e4), ("2", "栎", 20, 50, 1e4)), read_trees(), read_growth())
    half = {"density": 0.125, "bef": 0.25, "root_shoot": 0.3, "carbon_fraction": 0.05}
    species = sum_species(table, half, read_trees()).set_index("species_group")
    assert math.isnan(species.loc["水胡黄", "fang_tc"]) and math.isnan(species.loc["合计", "fang_tc"])
    assert species.loc["合计", "volume_tc"] == pytest.approx(table["volume_tc"].sum())
    assert species.loc["栎", "fang_difference_share"] == pytest.approx(
        species.loc["栎", "fang_tc"] / species.loc["栎", "volume_tc"] - 1
    )


def test_root_error_weighs_only_on_the_roots() -> None:
    only_roots = {"density": 0.0, "bef": 0.0, "root_shoot": 0.3, "carbon_fraction": 0.0}
    table = account_stands(stands(("1", "落叶松", 45, 100, 1e4)), read_trees(), read_growth())
    row = sum_species(table, only_roots, read_trees()).iloc[0]
    assert row["volume_tc_high"] / row["volume_tc"] - 1 == pytest.approx(0.3 * 0.212 / 1.212)


def test_stands_of_unknown_species_keep_their_rows_and_the_rest_is_counted() -> None:
    every = stands(("1", "椰子", 5, 1, 1e4), ("2", "竹", 5, 1, 1e4), ("3", "白桦", 20, 30, 2e4))
    table = account_stands(every, read_trees(), read_growth()).set_index("stand_id")
    assert table["state"].to_dict() == {"3": "已算", "1": "资料不足", "2": "资料不足"}
    assert table.loc["1", "missing"] == "树种没有参数" and math.isnan(table.loc["1", "volume_tc"])
    half = {"density": 0.125, "bef": 0.25, "root_shoot": 0.3, "carbon_fraction": 0.05}
    whole = sum_species(table.reset_index(), half, read_trees()).set_index("species_group").loc["合计"]
    assert (whole["stands"], whole["covered_share"], whole["volume_tc"]) == (1, 0.5, table.loc["3", "volume_tc"])


@pytest.mark.parametrize("column", ["volume_m3_per_ha", "age_yr", "area_m2"])
def test_negative_or_missing_numbers_leave_that_stand_open(column: str) -> None:
    for value in (-1.0, math.nan):
        one = stands(("1", "栎", 5, 1, 1)).assign(**{column: value})
        row = account_stands(one, read_trees(), read_growth()).iloc[0]
        assert row["state"] == "资料不足" and "缺失、为负或不是数字" in row["missing"] and math.isnan(row["ipcc_tc"])


def test_replaced_memory_values_are_not_used() -> None:
    trees = read_trees().frame.set_index("group")
    assert trees.loc["椴树", "carbon_fraction"] == 0.476 and trees.loc["栎", "carbon_fraction"] == 0.476
    assert trees.loc["阔叶混", ["fang_slope_t_per_m3", "fang_intercept_t_per_ha"]].tolist() == [0.9788, 5.3764]
    assert trees.loc["针叶混", ["fang_slope_t_per_m3", "fang_intercept_t_per_ha"]].tolist() == [0.5894, 24.5151]
    assert (trees["density_mark"] == "M").all() and (trees["bef_mark"] == "M").all()


def test_national_factors_run_below_ipcc_for_thin_broadleaf() -> None:
    row = account_stands(stands(("1", "白桦", 20, 30, 1e4)), read_trees(), read_growth()).iloc[0]
    assert row["ipcc_tc"] > 1.5 * row["volume_tc"]
