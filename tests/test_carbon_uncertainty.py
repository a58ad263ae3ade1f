"""Analytic and sampled ranges agree, repeated factors are correlated, the same seed gives the same bytes."""

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import Factor, propagate, sample
from cdgis.carbon.account.totals import potential_quantity, stock_quantity, uncertainty_table, with_areas
from cdgis.carbon.factors import read_growth, read_measures, read_pool_table, read_shipped, read_trees
from cdgis.carbon.inventory import account_stands, stock_model, sum_species
from cdgis.carbon.potential import gain_for
from cdgis.core.errors import CarbonError
from cdgis.results.tables.validation import validate
from cdgis.workspace.settings import CarbonSettings

SAMPLES, SEED = 20_000, 7
HALF = dict(zip(read_shipped("uncertainty")["factor"], read_shipped("uncertainty")["half_range_share"], strict=True))


def city_stock():
    pools = read_pool_table("chengde_100cm")
    hectares = [11.9e5, 8.2e5, 2.8e5, 3.2e5, 1.5e5, 1.1e5, 4.1e5, 4.5e5, 2.3e4, 1.2e4, 2.8e4, 8.5e4, 7.8e4]
    areas = pd.DataFrame({"zone_id": "city", "class_code": pools.frame["class_code"], "area_m2": np.array(hectares) * 1e4})
    return stock_quantity(areas, pools, "M")


def all_potential():
    parts = read_measures(), read_growth(), read_trees()
    hectares = {"造林·针叶林": 5e4, "造林·阔叶林": 2e3, "封育": 4.3e3, "草地修复": 4.5e4, "湿地修复": 8e3, "矿山修复": 2.3e3}
    gains = {key: gain_for(*parts, key=key, years=34) for key in hectares}
    areas = pd.DataFrame({"growth_key": list(hectares), "eligible_m2": np.array(list(hectares.values())) * 1e4})
    return potential_quantity(areas, gains, years=34, horizon_year=2060, mark="M")


def stands_total():
    stands = pd.DataFrame(
        {"stand_id": ["1", "2"], "species": ["落叶松", "白桦"], "age_yr": 30.0, "volume_m3_per_ha": [120.0, 60.0], "area_m2": 1e6}
    )
    species = sum_species(account_stands(stands, read_trees(), read_growth()), HALF, read_trees())
    return stock_model(species[species["species_group"] != "合计"], HALF, read_trees())


@pytest.mark.parametrize("quantity", [city_stock(), all_potential(), with_areas(city_stock(), 0.05)], ids=lambda q: q.name)
def test_analytic_and_monte_carlo_ranges_agree_within_three_percent(quantity):
    known = propagate(quantity.factors, quantity.model)
    drawn = sample(quantity.factors, quantity.model, samples=SAMPLES, seed=SEED)
    assert drawn.width == pytest.approx(known.width, rel=0.03)
    assert abs(drawn.low - known.low) < 0.03 * known.width and abs(drawn.high - known.high) < 0.03 * known.width


def test_ranges_of_a_product_of_factors_agree_within_three_percent():
    factors, model = stands_total()
    known, drawn = propagate(factors, model), sample(factors, model, samples=SAMPLES, seed=SEED)
    assert drawn.width == pytest.approx(known.width, rel=0.03)
    assert known.dominant == "生物量扩展因子"


def test_one_factor_keeps_its_own_range():
    factor = Factor(name="a", low=1, mid=4, high=5)
    for found in (propagate([factor], lambda v: 2 * v["a"]), sample([factor], lambda v: 2 * v["a"], samples=50_000, seed=1)):
        assert (found.low, found.mid, found.high) == pytest.approx((2, 8, 10), rel=2e-3)
        assert (found.dominant, found.dominant_share) == ("a", 1.0)


def test_a_repeated_factor_adds_linearly_and_unlike_factors_do_not():
    one = [Factor.around("a", 10, 0.1)]
    two = [*one, Factor.around("b", 10, 0.1)]
    assert propagate(one, lambda v: v["a"] + v["a"]).width == pytest.approx(4)
    assert propagate(two, lambda v: v["a"] + v["b"]).width == pytest.approx(2 * 2**0.5)
    assert sample(one, lambda v: v["a"] + v["a"], samples=SAMPLES, seed=1).width == pytest.approx(4, rel=0.01)
    assert sample(two, lambda v: v["a"] + v["b"], samples=SAMPLES, seed=1).width == pytest.approx(2 * 2**0.5, rel=0.02)


def test_a_factor_that_cancels_out_leaves_no_range():
    assert propagate([Factor.around("a", 10, 0.3)], lambda v: v["a"] - v["a"]).width == 0


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    tables = [
        validate("carbon_uncertainty", uncertainty_table([city_stock()], CarbonSettings(seed=seed))).to_csv().encode()
        for seed in (5, 5, 6)
    ]
    assert tables[0] == tables[1] != tables[2]


def test_draws_do_not_depend_on_the_order_of_factors():
    factors, model = stands_total()
    there, back = (sample(part, model, samples=2000, seed=3) for part in (factors, factors[::-1]))
    assert (there.low, there.high) == (back.low, back.high)


def test_draws_are_never_negative():
    wide = Factor(name="a", low=0, mid=1, high=9)
    assert sample([wide], lambda v: -v["a"], samples=5000, seed=1).high <= 0


def test_range_out_of_order_is_refused():
    with pytest.raises(CarbonError, match="因子“a”应满足 0≤低≤中≤高，读到 2、1、3"):
        Factor(name="a", low=2, mid=1, high=3)
