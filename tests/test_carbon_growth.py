"""Growth curves: published points, mass balance, monotony, caps and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdgis.carbon.factors import read_growth, read_trees
from cdgis.carbon.growth import growth_table, methods_for, stand_carbon, stand_gain, stand_volume
from cdgis.core.errors import CarbonError
from cdgis.results.tables.validation import validate

DATA, TREES = read_growth(), read_trees()
USABLE = [
    (forest_type, method)
    for forest_type in ("阔叶林", "针叶林", "混交林", "经济林", "灌木")
    for method in methods_for(DATA, forest_type)
    if (forest_type, method) != ("经济林", "richards")
]


@pytest.mark.parametrize(
    ("forest_type", "volumes"),
    [("阔叶林", (22.9, 50.1, 81.3, 113.4)), ("针叶林", (42.0, 74.8, 108.5, 141.6)), ("混交林", (17.2, 34.2, 53.8, 74.7))],
)
def test_richards_gives_the_published_volumes(forest_type, volumes):
    found = stand_volume(DATA, forest_type, np.array([20.0, 30.0, 40.0, 50.0]), "richards")
    assert found.tolist() == pytest.approx(volumes, abs=0.06)


def test_richards_is_zero_before_the_curve_begins():
    assert stand_volume(DATA, "阔叶林", np.array([0.0, 1.0, 2.7]), "richards").tolist() == [0, 0, 0]


def test_richards_carbon_is_that_of_the_internal_check():
    assert stand_carbon(DATA, TREES, "针叶林", np.array([20.0, 40.0]), "richards") == pytest.approx([24.3, 49.0], abs=0.06)


def test_economic_forest_curve_is_refused():
    with pytest.raises(CarbonError, match="不可用"):
        stand_carbon(DATA, TREES, "经济林", np.array([20.0]), "richards")


def test_unknown_method_names_the_known_ones():
    with pytest.raises(CarbonError, match="现有：age_class、richards$"):
        stand_carbon(DATA, TREES, "阔叶林", np.array([20.0]), "increment")


def test_shrubs_stop_at_twenty_years():
    found = stand_carbon(DATA, TREES, "灌木", np.array([10.0, 20.0, 60.0]), "power")
    assert found.tolist() == pytest.approx([6.3, 26.0, 26.0], abs=0.05) and found[1] == found[2]


@pytest.mark.parametrize(("forest_type", "method"), USABLE)
def test_curves_balance_and_never_fall(forest_type, method):
    age = np.arange(81, dtype=float)
    carbon = stand_carbon(DATA, TREES, forest_type, age, method)
    gain = stand_gain(DATA, TREES, forest_type, 80, method)
    assert carbon[0] == 0 and (carbon >= 0).all() and (np.diff(carbon) >= -1e-12).all()
    # Mass balance: what stands at any age is the sum of what was gained before.
    assert np.cumsum(gain.mid) == pytest.approx(carbon[1:])
    assert (gain.low >= -1e-12).all() and (gain.low <= gain.mid + 1e-12).all() and (gain.mid <= gain.high + 1e-12).all()


@given(st.floats(0, 60), st.floats(0, 60))
def test_increment_volume_is_an_integral(first, second):
    low, high = sorted((first, second))
    middle = (low + high) / 2
    volumes = stand_volume(DATA, "针叶林", np.array([low, middle, high]), "increment")
    assert volumes[0] <= volumes[1] + 1e-9 and volumes[1] <= volumes[2] + 1e-9
    # Never faster than the largest published increment.
    assert volumes[2] - volumes[0] <= 7.3 * (high - low) + 1e-9


def test_range_narrows_with_age():
    gain = stand_gain(DATA, TREES, "针叶林", 50, "age_class")
    half = 1 - gain.low[gain.mid > 0] / gain.mid[gain.mid > 0]
    assert half[:25] == pytest.approx(0.5) and half[39:] == pytest.approx(0.25)


def test_growth_table_holds_every_usable_curve_with_one_default_a_type():
    table = validate("carbon_growth", growth_table(DATA, TREES))
    assert {(a, b) for a, b in table[["forest_type", "method"]].itertuples(index=False)} == set(USABLE)
    default = table[table["role"] == "缺省"]
    assert default.groupby("forest_type")["method"].nunique().eq(1).all()
    assert default[["carbon_tc_per_ha_low", "carbon_tc_per_ha_high"]].notna().all(axis=None)
