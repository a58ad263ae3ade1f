"""The critical distance is the same whether all distances are known beforehand or only those that may matter are learnt."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapes import rule

from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Nearest
from cdgis.judging.rule_outcomes import Ruling
from cdgis.judging.stability import Precision, critical_distance

SIZE = 6
metre = st.sampled_from([0.0, 1.0, 19.0, 20.0, 21.0, 500.0, 500.0, 8000.0, np.nan])


@st.composite
def rulings(draw, number):
    effect = draw(st.sampled_from(("禁止", "须论证", "限制", "提示")))
    layer = draw(st.sampled_from(("a", "b")))
    distance = np.array(draw(st.lists(metre, min_size=SIZE, max_size=SIZE)))
    states = st.lists(st.sampled_from((FALSE, UNKNOWN, TRUE)), min_size=SIZE, max_size=SIZE)
    rest, geometry = np.array(draw(states), dtype=np.int8), np.array(draw(states), dtype=np.int8)
    share = np.array(draw(st.lists(st.sampled_from((0.0, 0.5, 0.999, 1.0)), min_size=SIZE, max_size=SIZE)))
    nearest = Nearest(lambda: distance * share, lambda at: (distance[at], np.full(len(at), "", dtype=object)))
    return Ruling(
        rule=rule(f"R{number}", layer, effect), geometry=geometry, rest=rest, value=np.minimum(rest, geometry),
        depth_m=np.full(SIZE, draw(st.floats(1, 900))), distance_m=nearest.at_least_m, nearest=nearest,
        zone_ids=np.full(SIZE, "", dtype=object),
    )  # fmt: skip


@given(st.data())
def test_what_is_not_learnt_could_not_have_mattered(data):
    later = [data.draw(rulings(number)) for number in range(data.draw(st.integers(0, 12)))]
    known = [replace(one, distance_m=one.nearest.distance_m, nearest=None) for one in later]
    ranks = np.array(data.draw(st.lists(st.integers(0, 3), min_size=2 * SIZE, max_size=2 * SIZE)))
    precision = Precision(np.zeros(SIZE), 20.0, {"b": 40.0})
    for a, b in zip(*(critical_distance(some, ranks[:SIZE], ranks[SIZE:], precision) for some in (later, known)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_zone_known_to_be_farther_than_the_nearest_is_never_measured():
    asked = []

    def far(at):
        """Note that somebody asked."""
        asked.append(at)
        return np.full(len(at), 900.0), np.full(len(at), "", dtype=object)

    def ruling(name, nearest):
        """Return a prohibition that catches nobody yet."""
        no = np.zeros(1, dtype=np.int8)
        return Ruling(
            rule=rule(name, "a"), geometry=no, rest=no + TRUE, value=no, depth_m=np.zeros(1), distance_m=nearest.at_least_m,
            nearest=nearest, zone_ids=np.full(1, "", dtype=object),
        )  # fmt: skip

    near = Nearest.known(np.array([100.0]), np.array([""], dtype=object))
    remote = [ruling(f"F{i}", Nearest(lambda i=i: np.array([101.0 + i]), far)) for i in range(9)]
    distance, layer, critical = critical_distance(
        [*remote, ruling("N", near)], np.zeros(1, int), np.zeros(1, int), Precision(np.zeros(1), 20.0, {})
    )
    assert (distance[0], layer[0], critical[0]) == (100.0, "a", False)
    assert len(asked) <= 3


def holding(name, layer, depth):
    yes = np.full(1, TRUE, dtype=np.int8)
    return Ruling(
        rule=rule(name, layer), geometry=yes, rest=yes, value=yes, depth_m=np.full(1, depth), distance_m=np.zeros(1),
        nearest=None, zone_ids=np.full(1, "", dtype=object),
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(1, 100)), min_size=1, max_size=5), st.randoms(), st.floats(-1e-9, 1e-9))
def test_a_verdict_is_doubtful_only_when_every_reason_is_whatever_their_order_and_the_last_bits(reasons, random, noise):
    precision, rank = Precision(np.zeros(1), 20.0, {"b": 30.0, "c": 60.0}), np.full(1, 3)
    limits = {"a": 20.0, "b": 30.0, "c": 60.0}
    results = [holding(f"R{i}", layer, depth + noise) for i, (layer, depth) in enumerate(reasons)]
    random.shuffle(results)
    distance, _, critical = critical_distance(results, rank, rank, precision)
    assert critical[0] == all(result.depth_m[0] <= limits[result.rule.layer] for result in results)
    assert distance[0] == max(result.depth_m[0] for result in results)


def test_equally_deep_in_a_sharp_and_a_blurred_layer_is_sure_by_the_sharp_one():
    precision, rank = Precision(np.zeros(1), 20.0, {"b": 30.0, "c": 60.0}), np.full(1, 3)
    for first, second in ((35.822, 35.816), (35.816, 35.822)):
        results = [holding("R1", "b", first), holding("R2", "c", second)]
        assert not critical_distance(results, rank, rank, precision)[2][0]


@given(st.floats(0.1, 20), st.floats(21, 900), st.permutations([0, 1, 2]))
def test_neither_a_milder_rule_that_holds_nor_an_equal_one_that_does_not_makes_a_verdict_sure(shallow, deep, order):
    decides, milder, idle = holding("A", "a", shallow), holding("B", "a", deep), holding("C", "a", deep)
    milder = replace(milder, rule=rule("B", "a", "提示"))
    no = np.full(1, FALSE, dtype=np.int8)
    idle = replace(idle, value=no, rest=no)  # an equal one whose other conditions do not hold
    rank = np.full(1, decides.rule.effect.rank)
    some = [[decides, milder, idle][at] for at in order]
    distance, layer, critical = critical_distance(some, rank, rank, Precision(np.zeros(1), 20.0, {}))
    assert (distance[0], layer[0], critical[0]) == (shallow, "a", True)
