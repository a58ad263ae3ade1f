"""Tier-1 soil: equilibrium with published uncertainties, transition rules, and no mixing of depths."""

import math

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon.account.restoration import Restoration
from cdgis.carbon.account.soil_change import soil_table
from cdgis.carbon.factors import read_pool_table, soil_factor
from cdgis.carbon.soil import SoilMove, equilibrium_soc, require_depth, soil_change_tc, transition_soc
from cdgis.core.errors import CarbonError
from cdgis.workspace.settings import CarbonSettings

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


def _moves() -> dict[str, tuple]:
    nominal = (soil_factor("F_LU", "名义（林地、草地）", DRY), soil_factor("F_MG", "名义", DRY), soil_factor("F_I", "名义", DRY))
    grazed = (nominal[0], soil_factor("F_MG", "高强度放牧草地", DRY), nominal[2])
    return {"nominal": nominal, "grazed": grazed}


def test_grazed_grass_gains_a_tenth_of_the_reference_in_twenty_years():
    clay, regimes = soil_factor("SOCref", "高活性黏土", DRY), _moves()
    move = SoilMove(area_ha=100, before=regimes["grazed"], after=regimes["nominal"])
    five, twenty, later = (soil_change_tc(clay, [move], years=years) for years in (5, 20, 40))
    assert (five.mid, twenty.mid, later.mid) == pytest.approx((107.5, 430, 430))
    half = 1.6449 / 1.96 * math.hypot(430 * 0.08, 100 * 43 * 0.9 * 0.08)
    assert (twenty.low, twenty.high) == pytest.approx((430 - half, 430 + half), rel=1e-3)


def test_a_regime_that_stays_gains_nothing_for_sure():
    clay, regimes = soil_factor("SOCref", "高活性黏土", DRY), _moves()
    found = soil_change_tc(clay, [SoilMove(area_ha=9, before=regimes["grazed"], after=regimes["grazed"])], years=20)
    assert (found.low, found.mid, found.high) == (0, 0, 0)


def _table(**given: str):
    areas = pd.DataFrame({"area_id": ["A", "B"], "area_name": ["甲", "乙"], "measure": ["造林", "封育"]})
    kept = pd.DataFrame({"area_id": ["A", "A", "B"], "class_code": [7, 12, 4], "area_m2": [1e6, 2e4, 5e5]})
    cut = Restoration(areas=areas, plane=np.array([]), ledger=pd.DataFrame(), kept=kept)
    table = soil_table(cut, read_pool_table("chengde_100cm"), CarbonSettings(**given), start_year=2026)
    return table.set_index(["area_id", "land_class", "years_after"])


GIVEN = {"soil_climate": DRY, "soil_type": "高活性黏土", "soil_grass_state": "高强度放牧草地"}


def test_soil_table_counts_what_has_factors_and_names_what_has_none():
    table = _table(**GIVEN)
    assert table.loc[("A", "灌草丛", 20), "change_tc_mid"] == pytest.approx(430)
    bare = table.loc[("A", "裸地", 20)]
    assert bare["state"] == "资料不足" and np.isnan(bare["change_tc_mid"]) and "没有携带" in bare["missing"]
    whole = table.loc[("合计·造林", "合计", 10)]
    assert (whole["change_tc_mid"], whole["area_m2"], whole["counted_m2"]) == pytest.approx((215, 1.02e6, 1e6))
    assert set(table["depth_cm"]) == {30} and set(table["mark"]) == {"M"} and "B" not in table.index


@pytest.mark.parametrize("name", list(GIVEN))
def test_soil_table_guesses_nothing_that_is_not_given(name):
    table = _table(**{key: value for key, value in GIVEN.items() if key != name})
    row = table.loc[("A", "灌草丛", 20)]
    assert row["state"] == "资料不足" and name in row["missing"]
    assert table["change_tc_mid"].isna().all() and (table["counted_m2"] == 0).all()
