"""Destinations: every pair judged once, the failing ones kept with the rule."""

import pandas as pd
import pytest

from cdgis.siting import screen_destinations

MOVERS = pd.DataFrame({"enterprise_id": ["E1", "E2"], "lon": [117.0, 118.0], "lat": [41.0, 41.0]})
PARKS = pd.DataFrame(
    {
        "park_id": ["K1", "K2", "K3", "K4", "K5"],
        "park_name": list("甲乙丙丁戊"),
        "lon": 117.0,
        "lat": [41.0, 42.0, 41.5, 41.6, 41.7],
    }
)
VERDICTS = {"K1": "未发现冲突", "K2": "有条件符合", "K3": "须论证", "K4": "不符合", "K5": "资料不足"}


def judge(pairs: pd.DataFrame) -> pd.DataFrame:
    verdict = pairs["park_id"].map(VERDICTS)
    failing = pairs["park_id"].map({"K4": "TH-03;WS-03"}).fillna("")
    return pairs.assign(verdict=verdict, failing_rule=failing)


def test_a_park_is_feasible_unless_it_fails_or_is_unknown() -> None:
    table = screen_destinations(MOVERS, PARKS, judge)
    assert len(table) == 2 * 5
    first = table[table["enterprise_id"] == "E1"].set_index("park_id")
    assert first["feasible"].to_dict() == {"K1": True, "K2": True, "K3": True, "K4": False, "K5": False}
    assert first.loc["K4", "failing_rule"] == "TH-03;WS-03"


def test_distance_is_geodesic_from_the_old_site() -> None:
    table = screen_destinations(MOVERS, PARKS, judge).set_index(["enterprise_id", "park_id"])
    assert table.loc[("E1", "K1"), "distance_m"] == 0
    # One degree of meridian at 41.5 deg on GRS80: M(41.5 deg) * pi / 180 = 111 062 m.
    assert table.loc[("E1", "K2"), "distance_m"] == pytest.approx(111_062, rel=1e-4)


def test_nobody_to_move_or_nowhere_to_go_gives_an_empty_table() -> None:
    assert screen_destinations(MOVERS.iloc[:0], PARKS, judge).empty
    assert screen_destinations(MOVERS, PARKS.iloc[:0], judge).empty


def test_a_judge_that_skips_a_pair_is_an_error() -> None:
    with pytest.raises(ValueError, match="unjudged"):
        screen_destinations(MOVERS, PARKS, lambda pairs: judge(pairs).iloc[1:])


def test_order_of_movers_and_parks_changes_nothing() -> None:
    again = screen_destinations(MOVERS.iloc[::-1], PARKS.iloc[::-1], judge)
    pd.testing.assert_frame_equal(screen_destinations(MOVERS, PARKS, judge), again)
