"""Restoration potential: hand cases per measure, bookkeeping laws, refusals."""

import math

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import estimate_potential, total_potential
from cdgis.carbon.factors import read_growth, read_measures, read_trees
from cdgis.carbon.growth import rate_gain, stand_gain
from cdgis.carbon.potential import ALL_MEASURES, gain_for, growth_key
from cdgis.core.errors import CarbonError

HA = 10_000.0
CO2 = 44 / 12
MEASURES = tuple(read_measures().frame["measure"])


def gains(years: int = 80):
    keys = [growth_key(measure, "针叶林") for measure in MEASURES]
    parts = read_measures(), read_growth(), read_trees()
    return {key: gain_for(*parts, key=key, years=years) for key in keys}


def make_areas(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["area_id", "measure", "gross_m2", "eligible_m2"])
    return frame.assign(area_name="片区", growth_key=[growth_key(measure, "针叶林") for measure in frame["measure"]])


def potential(*rows: tuple[str, str, float, float], years: tuple[int, ...] = (2030, 2060)) -> pd.DataFrame:
    table = estimate_potential(make_areas(*rows), gains(), start_year=2026, years=years)
    return table.set_index(["area_id", "year"])


def test_afforestation_follows_the_published_age_classes() -> None:
    table = potential(("a", "造林", 3 * HA, 2 * HA))
    # Age 4 lies in class 1-10 (10.09 tC/ha after 10 years); age 34 in class 30-40 (29.22 -> 34.92).
    assert table.loc[("a", 2030), "flux_tco2e_mid"] == pytest.approx(2 * 10.09 / 10 * CO2)
    assert table.loc[("a", 2030), "cumulative_tco2e_mid"] == pytest.approx(2 * 10.09 * 4 / 10 * CO2)
    assert table.loc[("a", 2060), "flux_tco2e_mid"] == pytest.approx(2 * (34.92 - 29.22) / 10 * CO2)
    assert table.loc[("a", 2060), "cumulative_tco2e_mid"] == pytest.approx(2 * (29.22 + 0.4 * 5.70) * CO2)
    assert table.loc[("a", 2030), "flux_tco2e_low"] == pytest.approx(0.5 * 2 * 1.009 * CO2)
    assert table.loc[("a", 2060), "mark"] == "S"


def test_gain_is_of_the_eligible_area() -> None:
    row = potential(("a", "封育", 3 * HA, 2.5 * HA)).loc[("a", 2030)]
    assert (row["gross_m2"], row["eligible_m2"]) == (3 * HA, 2.5 * HA)
    assert row["flux_tco2e_mid"] == pytest.approx(2.5 * 0.43 * CO2)


def test_nothing_is_gained_when_nothing_is_eligible() -> None:
    row = potential(("a", "造林", HA, 0)).loc[("a", 2060)]
    assert row[["flux_tco2e_high", "cumulative_tco2e_high"]].tolist() == [0, 0]


@pytest.mark.parametrize(("measure", "rate", "years"), [("草地修复", 0.68, 20), ("矿山修复", 0.37, 10)])
def test_rates_stop_after_their_duration(measure: str, rate: float, years: int) -> None:
    row = potential(("a", measure, HA, HA)).loc[("a", 2060)]
    assert row["flux_tco2e_mid"] == 0
    assert row["cumulative_tco2e_mid"] == pytest.approx(rate * years * CO2)


def test_rates_from_memory_are_marked_unverified() -> None:
    assert potential(("a", "湿地修复", HA, HA)).loc[("a", 2030), "mark"] == "M"


@pytest.mark.parametrize("measure", MEASURES)
def test_cumulative_is_the_sum_of_yearly_fluxes(measure: str) -> None:
    table = potential(("a", measure, HA, HA), years=tuple(range(2026, 2081)))
    for part in ("low", "mid", "high"):
        total = table[f"flux_tco2e_{part}"].cumsum()
        assert total.to_numpy() == pytest.approx(table[f"cumulative_tco2e_{part}"].to_numpy())


def test_low_mid_high_are_in_order_and_never_negative() -> None:
    table = potential(*((m, m, HA, HA) for m in MEASURES), years=tuple(range(2020, 2090)))
    for kind in ("flux", "cumulative"):
        low, mid, high = (table[f"{kind}_tco2e_{part}"] for part in ("low", "mid", "high"))
        assert (low >= 0).all() and (low <= mid).all() and (mid <= high).all()


def test_years_before_the_start_have_no_gain() -> None:
    assert potential(("a", "造林", HA, HA), years=(2025, 2026)).loc["a", "cumulative_tco2e_high"].tolist() == [0, 0]


def test_stands_older_than_the_table_gain_nothing() -> None:
    gain = stand_gain(read_growth(), read_trees(), "针叶林", 80, "age_class")
    assert gain.mid[50:].tolist() == [0] * 30
    assert np.cumsum(gain.mid)[-1] == pytest.approx(38.76)


def test_totals_add_within_a_measure_and_combine_between_measures() -> None:
    areas = make_areas(("a", "封育", HA, HA), ("b", "封育", 2 * HA, 2 * HA), ("c", "湿地修复", HA, HA))
    table = estimate_potential(areas, gains(), start_year=2026, years=(2030,))
    totals = total_potential(table).set_index(["measure", "year"])
    closure, overall = totals.loc[("封育", 2030)], totals.loc[(ALL_MEASURES, 2030)]
    assert closure["flux_tco2e_low"] == pytest.approx(3 * 0.07 * CO2)
    mid = (3 * 0.43 + 0.45) * CO2
    assert overall["flux_tco2e_mid"] == pytest.approx(mid)
    assert overall["flux_tco2e_low"] == pytest.approx(mid - math.hypot(3 * (0.43 - 0.07), 0.45 - 0.2) * CO2)
    assert overall["mark"] == "M"


def test_forest_types_planted_by_one_source_share_its_error_and_measures_do_not() -> None:
    areas = make_areas(("a", "造林", HA, HA), ("b", "造林", HA, HA), ("c", "湿地修复", HA, HA))
    areas.loc[1, "growth_key"] = "造林·阔叶林"
    parts = read_measures(), read_growth(), read_trees()
    every = {key: gain_for(*parts, key=key, years=10) for key in areas["growth_key"]}
    table = estimate_potential(areas, every, start_year=2026, years=(2030,))
    totals = total_potential(table).set_index("measure")
    planted = table[table["measure"] == "造林"]
    assert totals.loc["造林", "flux_tco2e_low"] == pytest.approx(planted["flux_tco2e_low"].sum())
    half = [totals.loc[name, "flux_tco2e_mid"] - totals.loc[name, "flux_tco2e_low"] for name in ("造林", "湿地修复")]
    overall = totals.loc[ALL_MEASURES]
    assert overall["flux_tco2e_low"] == pytest.approx(overall["flux_tco2e_mid"] - math.hypot(*half))


def test_unknown_measures_are_all_named() -> None:
    with pytest.raises(CarbonError, match="退牧、退耕"):
        potential(("a", "退牧", HA, HA), ("b", "退耕", HA, HA), ("c", "造林", HA, HA))
    with pytest.raises(CarbonError, match="没有修复措施 退耕"):
        rate_gain(read_measures(), "退耕", 3)
    with pytest.raises(CarbonError, match="读到 age_class"):
        rate_gain(read_measures(), "造林", 3)


def test_more_eligible_than_there_is_is_refused() -> None:
    with pytest.raises(CarbonError, match="可实施面积大于总面积：a"):
        potential(("a", "造林", HA, 1.1 * HA))


def test_no_areas_give_an_empty_table() -> None:
    assert estimate_potential(make_areas(), gains(), start_year=2026, years=(2030,)).empty
