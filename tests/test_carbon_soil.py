"""Tier-1 soil: equilibrium with published uncertainties, transition rules, and no mixing of depths."""

import math

import pytest

from cdgis.carbon.soil import equilibrium_soc, require_depth, transition_soc
from cdgis.errors import CarbonError
from cdgis.factors import read_pool_table, soil_factor

DRY = "冷温带干"


def test_long_term_cropland_is_reference_times_factors():
    found = equilibrium_soc(soil_factor("SOCref", "高活性黏土", DRY), [soil_factor("F_LU", "长期耕作农田", DRY)])
    assert found.mid == pytest.approx(43 * 0.77)
    half = 43 * 0.77 * math.hypot(0.08, 0.14) * 1.6449 / 1.96
    assert (found.mid - found.low, found.high - found.mid) == pytest.approx((half, half), rel=1e-3)
    assert found.dominant == "F_LU 长期耕作农田"


def test_factors_without_climate_hold_everywhere():
    assert soil_factor("F_MG", "严重退化草地", DRY).value == 0.70
    # Tier-1 rates of carbon.md: 43 * 0.30 / 20 and 43 * 0.10 / 20.
    assert 43 * (1 - soil_factor("F_MG", "严重退化草地", DRY).value) / 20 == pytest.approx(0.645)
    assert 43 * (1 - soil_factor("F_MG", "高强度放牧草地", DRY).value) / 20 == pytest.approx(0.215)


def test_unknown_factor_lists_the_known_ones():
    with pytest.raises(CarbonError, match="没有“水田，冷温带干”。现有：.*长期耕作农田（冷温带干）"):
        soil_factor("F_LU", "水田", DRY)


def test_transition_takes_twenty_years_and_then_stays():
    found = transition_soc([2000, 2010, 2020, 2040], [1970, 2005, 2005, 2005], [80.0, 60.0, 60.0, 60.0])
    assert found == pytest.approx([80, 70, 60, 60])


def test_transition_refuses_unlike_lengths_and_falling_years():
    with pytest.raises(CarbonError, match="个数应相同"):
        transition_soc([2000], [1970, 1990], [80.0])
    with pytest.raises(CarbonError, match="递增"):
        transition_soc([2000, 1999], [1970, 1970], [80.0, 80.0])


def test_tier_one_never_meets_the_metre_of_the_pool_table():
    with pytest.raises(CarbonError, match="0–30 厘米，碳密度表为 0–100 厘米，不得"):
        require_depth(read_pool_table("chengde_100cm").soil_depth_cm)
    require_depth(30.0)
    require_depth(None)


@pytest.mark.parametrize(
    ("land_class", "item", "factors"),
    [
        ("典型草原", "高活性黏土", []),
        ("耕地", "高活性黏土", [("F_LU", "长期耕作农田")]),
        ("经济林", "高活性黏土", [("F_LU", "多年生作物")]),
        ("湿地", "湿地土", []),
    ],
)
def test_shallow_pool_table_is_tier_one_with_its_range(land_class, item, factors):
    pools = read_pool_table("chengde_30cm")
    found = equilibrium_soc(soil_factor("SOCref", item, DRY), [soil_factor(kind, name, DRY) for kind, name in factors])
    row = pools.frame.set_index("land_class").loc[land_class]
    assert row[["soil_tc_per_ha", "soil_low_tc_per_ha", "soil_high_tc_per_ha"]].tolist() == pytest.approx(
        [found.mid, found.low, found.high], abs=1e-4
    )
    assert pools.soil_depth_cm == 30 and row["soil_mark"] == "M"
