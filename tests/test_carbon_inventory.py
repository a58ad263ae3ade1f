"""塞罕坝: two methods that must give the published magnitude."""

import csv
from pathlib import Path

import numpy as np
import pytest

from cdgis.carbon import fang_stock_tc, volume_stock_tc
from cdgis.units import MU_PER_HA

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
