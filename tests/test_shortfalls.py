"""What a park lacks for an enterprise, in words, against comparisons written out one by one; the score's gaps count as worst."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.relocation.destinations import score_destinations, shortfall_words
from cdgis.relocation.policy import read_destination_policy

POLICY = read_destination_policy()
MUCH, REACH = POLICY.rail_threshold_t_per_yr, POLICY.rail_reach_m
INF, NAN = np.inf, np.nan


def pair(**values: float) -> pd.DataFrame:
    """One pair that lacks nothing, but for what is given."""
    enough = {"land_ha": 5.0, "available_ha": 5.0, "block_ha": 5.0, "water_10k_m3": 1.0, "water_left": INF, "energy_tce": 1.0,
              "energy_left": INF, "freight_t": 0.0, "rail_distance_m": NAN}  # fmt: skip
    return pd.DataFrame([enough | values])


@pytest.mark.parametrize("freight", [NAN, 0.0, MUCH - 1, MUCH, MUCH + 1])
@pytest.mark.parametrize("rail", [NAN, 0.0, REACH - 0.1, REACH, REACH + 0.1, INF])
def test_heavy_freight_needs_a_railway_that_is_known_to_be_in_reach(freight, rail):
    (said,) = shortfall_words(pair(freight_t=freight, rail_distance_m=rail), POLICY)
    lacking = not np.isnan(freight) and not freight < MUCH and (np.isnan(rail) or rail > REACH)
    assert ("没有铁路条件" in said) == lacking and bool(said) == lacking
    if lacking:
        assert f"{freight / 1e4:,.0f} 万吨" in said and f"{rail / 1000:,.1f} 公里" in said


AMOUNTS = {"用水": ("water_10k_m3", "water_left"), "能耗": ("energy_tce", "energy_left"), "用地": ("land_ha", "available_ha")}


@pytest.mark.parametrize("what", AMOUNTS)
@pytest.mark.parametrize(("asked", "left"), product([NAN, 0.0, 3.0, 4.0], [NAN, INF, -1.0, 0.0, 3.0, 3.5]))
def test_an_amount_is_lacking_where_more_is_asked_than_is_left_or_one_of_them_is_unknown(what, asked, left):
    need, there = AMOUNTS[what]
    (said,) = shortfall_words(pair(**{need: asked, there: left}), POLICY)
    if np.isposinf(left) or asked <= left:
        assert said == ""
    elif np.isnan(left):
        assert said == f"园区没有给出可用{what}"
    elif np.isnan(asked):
        assert said == f"企业没有填{what}需求"
    else:
        assert said.startswith(f"{what}不足：需 {asked:g}，可用 {max(left, 0):g} ")


@pytest.mark.parametrize(("need", "block", "lacking"), [(5, 5, False), (5.1, 5, True), (4.9, 5, False), (5, NAN, False), (NAN, 5, False)])
def test_the_largest_piece_of_open_ground_must_hold_all_of_it(need, block, lacking):
    (said,) = shortfall_words(pair(land_ha=need, available_ha=INF, block_ha=block), POLICY)
    assert ("整块用地不足" in said) == lacking


def test_everything_that_is_lacking_is_named():
    (said,) = shortfall_words(pair(land_ha=9, water_10k_m3=9, water_left=1, energy_tce=9, energy_left=NAN, freight_t=MUCH), POLICY)
    named = [part.split("：")[0] for part in said.split(LIST_SEPARATOR)]
    assert named == ["整块用地不足", "用地不足", "用水不足", "园区没有给出可用能耗", "没有铁路条件"]


def test_a_gap_counts_as_the_worst_end_and_is_named():
    measures = [criterion.measure for criterion in POLICY.criterion]
    rng = np.random.default_rng(20)
    for _ in range(20):
        row = {c.measure: rng.uniform(min(c.low, c.high), max(c.low, c.high)) for c in POLICY.criterion}
        for criterion, measure in zip(POLICY.criterion, measures, strict=True):
            whole, gap = (score_destinations(pd.DataFrame([r]), POLICY).iloc[0] for r in (row, row | {measure: NAN}))
            ends = [score_destinations(pd.DataFrame([row | {measure: end}]), POLICY).iloc[0] for end in (criterion.low, criterion.high)]
            assert whole["missing"] == "" and gap["missing"] == criterion.title
            assert gap["score"] == pytest.approx(min(end["score"] for end in ends)) and gap["score"] <= whole["score"] + 1e-12
