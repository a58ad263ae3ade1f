"""Restoration potential: hand cases per measure, bookkeeping laws, refusals."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon import estimate_potential, total_potential
from cdgis.carbon.growth import yearly_gain
from cdgis.carbon.potential import ALL_MEASURES
from cdgis.errors import CarbonError
from cdgis.factors import read_measures

HA = 10_000.0
CO2 = 44 / 12


def make_patches(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["area_id", "measure", "gross_m2", "excluded_m2"])
    return frame.assign(area_name="片区")


def potential(*rows: tuple[str, str, float, float], years: tuple[int, ...] = (2030, 2060)) -> pd.DataFrame:
    table = estimate_potential(make_patches(*rows), read_measures(), start_year=2026, years=years)
    return table.set_index(["area_id", "year"])


def test_afforestation_follows_the_published_age_classes() -> None:
    table = potential(("a", "造林", 3 * HA, HA))
    # Age 4 lies in class 1-10 (10.09 tC/ha after 10 years); age 34 in class 30-40 (29.22 -> 34.92).
    assert table.loc[("a", 2030), "flux_tco2e_mid"] == pytest.approx(2 * 10.09 / 10 * CO2)
    assert table.loc[("a", 2030), "cumulative_tco2e_mid"] == pytest.approx(2 * 10.09 * 4 / 10 * CO2)
    assert table.loc[("a", 2060), "flux_tco2e_mid"] == pytest.approx(2 * (34.92 - 29.22) / 10 * CO2)
    assert table.loc[("a", 2060), "cumulative_tco2e_mid"] == pytest.approx(2 * (29.22 + 0.4 * 5.70) * CO2)
    assert table.loc[("a", 2030), "flux_tco2e_low"] == pytest.approx(0.5 * 2 * 1.009 * CO2)
    assert table.loc[("a", 2060), "mark"] == "S"


def test_eligible_area_is_gross_minus_excluded() -> None:
    row = potential(("a", "封育", 3 * HA, 0.5 * HA)).loc[("a", 2030)]
    assert (row["gross_m2"], row["eligible_m2"]) == (3 * HA, 2.5 * HA)
    assert row["flux_tco2e_mid"] == pytest.approx(2.5 * 0.43 * CO2)


def test_eligible_area_is_never_negative_when_rounding_exceeds_the_gross_area() -> None:
    assert potential(("a", "造林", 1e6, 1e6 + 0.5)).loc[("a", 2060), "eligible_m2"] == 0


def test_nothing_is_gained_when_all_is_excluded() -> None:
    row = potential(("a", "造林", HA, HA)).loc[("a", 2060)]
    assert row[["flux_tco2e_high", "cumulative_tco2e_high"]].tolist() == [0, 0]


@pytest.mark.parametrize(("measure", "rate", "years"), [("草地修复", 0.68, 20), ("矿山修复", 0.37, 10)])
def test_rates_stop_after_their_duration(measure: str, rate: float, years: int) -> None:
    row = potential(("a", measure, HA, 0)).loc[("a", 2060)]
    assert row["flux_tco2e_mid"] == 0
    assert row["cumulative_tco2e_mid"] == pytest.approx(rate * years * CO2)


def test_rates_from_memory_are_marked_unverified() -> None:
    assert potential(("a", "湿地修复", HA, 0)).loc[("a", 2030), "mark"] == "M"


def test_cumulative_is_the_sum_of_yearly_fluxes() -> None:
    years = tuple(range(2026, 2081))
    for measure in read_measures().frame["measure"]:
        table = potential(("a", measure, HA, 0), years=years)
        for part in ("low", "mid", "high"):
            total = table[f"flux_tco2e_{part}"].cumsum()
            assert total.to_numpy() == pytest.approx(table[f"cumulative_tco2e_{part}"].to_numpy())


def test_low_mid_high_are_in_order_and_never_negative() -> None:
    rows = [(m, m, HA, 0.0) for m in read_measures().frame["measure"]]
    table = potential(*rows, years=tuple(range(2020, 2090)))
    for kind in ("flux", "cumulative"):
        low, mid, high = (table[f"{kind}_tco2e_{part}"] for part in ("low", "mid", "high"))
        assert (low >= 0).all()
        assert (low <= mid).all()
        assert (mid <= high).all()


def test_years_before_the_start_have_no_gain() -> None:
    assert potential(("a", "造林", HA, 0), years=(2025, 2026)).loc["a", "cumulative_tco2e_high"].tolist() == [0, 0]


def test_stands_older_than_the_table_gain_nothing() -> None:
    gain = yearly_gain(read_measures(), "造林", 80)
    assert gain.mid[50:].tolist() == [0] * 30
    assert np.cumsum(gain.mid)[-1] == pytest.approx(38.76)


def test_totals_add_within_a_measure_and_combine_between_measures() -> None:
    patches = make_patches(("a", "封育", HA, 0), ("b", "封育", 2 * HA, 0), ("c", "湿地修复", HA, 0))
    totals = total_potential(estimate_potential(patches, read_measures(), start_year=2026)).set_index(
        ["measure", "year"]
    )
    closure, overall = totals.loc[("封育", 2030)], totals.loc[(ALL_MEASURES, 2030)]
    assert closure["flux_tco2e_low"] == pytest.approx(3 * 0.07 * CO2)
    mid = (3 * 0.43 + 0.45) * CO2
    assert overall["flux_tco2e_mid"] == pytest.approx(mid)
    assert overall["flux_tco2e_low"] == pytest.approx(mid - math.hypot(3 * (0.43 - 0.07), 0.45 - 0.2) * CO2)
    assert overall["mark"] == "M"


def test_unknown_measures_are_all_named() -> None:
    with pytest.raises(CarbonError, match="退牧、退耕"):
        potential(("a", "退牧", HA, 0), ("b", "退耕", HA, 0), ("c", "造林", HA, 0))
    with pytest.raises(CarbonError, match="退耕"):
        yearly_gain(read_measures(), "退耕", 3)


def test_unknown_method_is_refused() -> None:
    measures = read_measures()
    broken = replace(measures, frame=measures.frame.assign(method="guess"))
    with pytest.raises(CarbonError, match="guess"):
        yearly_gain(broken, "造林", 3)


def test_excluding_more_than_there_is_is_refused() -> None:
    with pytest.raises(CarbonError, match="扣除面积大于"):
        potential(("a", "造林", HA, 1.1 * HA))


def test_no_patches_give_an_empty_table() -> None:
    assert estimate_potential(make_patches(), read_measures(), start_year=2026).empty
