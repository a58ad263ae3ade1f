"""Urgency by hand and by law: SPOTIS scores, intervals for what is not known, ranks that nobody else reverses."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.errors import UsageError
from cdgis.relocation import rank_by_urgency
from cdgis.relocation.policy import PriorityPolicy, read_priority_policy, read_weights, reweighted


def criterion(name: str, weight: float, *, ideal: str = "high", high: float = 10.0, scale: str = "linear") -> dict:
    return {
        "id": name, "title": name, "measure": name, "low": 0, "high": high, "ideal": ideal, "scale": scale,
        "weight": weight, "source": "测试",
    }  # fmt: skip


def policy(*criteria: dict, tolerance: float = 0.3, exact_candidates: int = 50) -> PriorityPolicy:
    return PriorityPolicy(
        version="t", receptor_radius_m=1000, reason_strength={}, air_sensitivity={}, criterion=criteria,
        weight_range={"tolerance": tolerance, "exact_candidates": exact_candidates},
        grade=[{"grade": "A", "least": 0.6}, {"grade": "B", "least": 0.3}, {"grade": "C", "least": 0.0}],
    )  # fmt: skip


TWO = policy(criterion("a", 3), criterion("b", 1, ideal="low"))


def test_score_is_the_weighted_closeness_by_hand() -> None:
    found = rank_by_urgency(pd.DataFrame({"a": [10.0, 4.0], "b": [10.0, 0.0]}), TWO).ranking
    # a counts 3/4 and b 1/4; the first is best in a and worst in b, the second 0.4 in a and best in b
    assert list(found["score"]) == pytest.approx([0.75, 0.75 * 0.4 + 0.25])
    assert list(found["rank"]) == [1, 2]


def test_score_is_one_minus_the_weighted_distance_to_the_ideal_point() -> None:
    values = pd.DataFrame({"a": [1.0, 7.5, 3.0], "b": [2.0, 9.0, 0.5]})
    # SPOTIS: d = sum w |x - ideal| / range, with a best at 10 and b best at 0
    distance = 0.75 * (10 - values["a"]) / 10 + 0.25 * values["b"] / 10
    assert list(rank_by_urgency(values, TWO).ranking["score"]) == pytest.approx(list(1 - distance))


def test_missing_value_gives_an_interval_and_never_counts_as_zero() -> None:
    row = rank_by_urgency(pd.DataFrame({"a": [np.nan], "b": [0.0]}), TWO).ranking.iloc[0]
    assert (row["score_low"], row["score"], row["score_high"]) == pytest.approx((0.25, 0.625, 1.0))
    assert row["grade"] == "" and row["grade_range"] == "A–C"


def test_driver_names_the_missing_value_that_widens_the_rank() -> None:
    values = pd.DataFrame({"a": [np.nan, 5.0, 6.0], "b": [5.0, 5.0, 5.0]})
    found = rank_by_urgency(values, TWO).ranking
    assert found["driver"][0] == "a（缺数据）" and (found["rank_low"][0], found["rank_high"][0]) == (1, 3)


def test_grade_is_given_only_where_all_weights_agree() -> None:
    found = rank_by_urgency(pd.DataFrame({"a": [10.0, 0.0, 6.0], "b": [0.0, 10.0, 4.0]}), TWO).ranking
    assert list(found["grade"]) == ["A", "C", "A"] and found["score"][2] == pytest.approx(0.6)
    near = rank_by_urgency(pd.DataFrame({"a": [6.5], "b": [6.0]}), TWO).ranking
    assert near["grade"][0] == "" and near["grade_range"][0] == "A–B"


def test_values_beyond_a_bound_count_as_the_bound_and_log_scales_are_logarithmic() -> None:
    one = policy(criterion("a", 1, high=999.0, scale="log"))
    assert list(rank_by_urgency(pd.DataFrame({"a": [5000.0, 9.0, 0.0]}), one).ranking["score"]) == pytest.approx([1, 1 / 3, 0])


def test_equals_share_a_rank_and_nobody_listed_gives_an_empty_ranking() -> None:
    assert list(rank_by_urgency(pd.DataFrame({"a": [5.0, 5.0, 1.0], "b": 5.0}), TWO).ranking["rank"]) == [1, 1, 3]
    assert rank_by_urgency(pd.DataFrame({"a": [], "b": []}, dtype=float), TWO).ranking.empty


VALUE = st.one_of(st.none(), st.floats(0, 10).map(lambda v: round(v, 3)))
CASES = st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=2, max_size=7)  # up to four are ranked exactly, more by bounds
THREE = policy(criterion("a", 3), criterion("b", 1, ideal="low"), criterion("c", 2), exact_candidates=4)
NAMES = ["a", "b", "c"]


def frame(cases: list[tuple[float | None, ...]]) -> pd.DataFrame:
    return pd.DataFrame(cases, columns=NAMES, dtype=float)


@settings(max_examples=40, deadline=None)
@given(CASES, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(cases: list[tuple[float | None, ...]], random: object) -> None:
    values = frame(cases)
    order = list(range(len(cases)))
    random.shuffle(order)  # type: ignore[attr-defined]
    whole = rank_by_urgency(values, THREE).ranking
    shuffled = rank_by_urgency(values.iloc[order], THREE).ranking
    pd.testing.assert_frame_equal(shuffled.sort_index(), whole)


@settings(max_examples=40, deadline=None)
@given(CASES, st.tuples(VALUE, VALUE, VALUE))
def test_one_more_enterprise_reverses_nobody(cases: list[tuple[float | None, ...]], further: tuple[float | None, ...]) -> None:
    before = rank_by_urgency(frame(cases), THREE).ranking
    after = rank_by_urgency(frame([*cases, further]), THREE).ranking.iloc[: len(cases)]
    assert list(after["score"]) == list(before["score"])
    first, second = before["rank"].to_numpy(), after["rank"].to_numpy()
    assert (np.sign(first[:, None] - first[None, :]) == np.sign(second[:, None] - second[None, :])).all()


@settings(max_examples=40, deadline=None)
@given(CASES, st.floats(0, 10))
def test_rank_interval_without_a_value_holds_the_interval_with_any(
    cases: list[tuple[float | None, ...]], value: float
) -> None:
    unknown = frame(cases)
    unknown.loc[0, "c"] = np.nan
    known = unknown.copy()
    known.loc[0, "c"] = value
    wide, narrow = (rank_by_urgency(values, THREE).ranking for values in (unknown, known))
    assert (wide["rank_low"] <= narrow["rank_low"]).all() and (narrow["rank_high"] <= wide["rank_high"]).all()
    inside = (wide["rank_low"] <= wide["rank"]) & (wide["rank"] <= wide["rank_high"])
    assert inside.all()


def test_shipped_weights_sum_to_one_and_can_be_replaced(tmp_path) -> None:
    shipped = read_priority_policy()
    assert sum(c.weight for c in shipped.criterion) == pytest.approx(1.0)
    path = tmp_path / "w.toml"
    path.write_text("[priority]\npeople_near = 0.5\n", encoding="utf-8")
    changed = reweighted(shipped, read_weights(path)["priority"])
    assert next(c.weight for c in changed.criterion if c.id == "people_near") == 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [("[priority]\nnobody = 1\n", "nobody"), ("[priority]\nreason = -1\n", "非负"), ("[x]\na = 1\n", "只应有"), ("a = [", "无法读取")],
)
def test_weights_that_make_no_sense_are_refused(tmp_path, text: str, words: str) -> None:
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        reweighted(read_priority_policy(), read_weights(path)["priority"])
