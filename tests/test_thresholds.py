"""What decides at exactly the threshold: buffers, the grey band, the tolerance, and ties between ways up and down."""

import numpy as np
import pandas as pd
import pytest
from plain_judge import apply_rule
from shapes import rule

from cdgis.core.vocabulary import Scope
from cdgis.judging.facts import Facts
from cdgis.judging.hits import Hits
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Measurement, Nearest, Numbers
from cdgis.judging.rule_outcomes import Ruling, grey_rules
from cdgis.judging.stability import Precision, critical_distance

ONE = Facts.one(kind="project", industry="1371", project_type="新建")
NAME = np.array(["S0"], dtype=object)


def measured(distance_m: float, *, covered: bool = True) -> Measurement:
    """Return what the overlay knows of one site that lies `distance_m` from the only zone of layer a."""
    blank = pd.DataFrame(columns=["subject", "layer", "zone_id", "zone_class", "number"])
    return Measurement(
        subject_ids=NAME, overlaps=blank, clear=blank, ledger=blank, hits_found=blank, depths=Numbers.joined([]),
        nearest={Scope("a"): Nearest.known(np.array([distance_m]), np.array(["Z"], dtype=object))},
        uncovered={"a": np.array([not covered])}, slivers={},
    )  # fmt: skip


def said(item, distance_m: float, *, covered: bool = True):
    found = measured(distance_m, covered=covered)
    return apply_rule(item, ONE, found, Hits(found.hits, 1), {})


JUST_OVER = np.nextafter(300.0, 400.0)


@pytest.mark.parametrize(("distance_m", "expected"), [(0.0, TRUE), (300.0, TRUE), (JUST_OVER, FALSE)])
def test_buffer_holds_up_to_and_at_its_distance(distance_m, expected):
    assert said(rule("R", "a", geometry="within", distance_m=300), distance_m).value[0] == expected


@pytest.mark.parametrize(
    ("distance_m", "certain", "grey"),
    [(0.0, TRUE, FALSE), (50.0, TRUE, FALSE), (np.nextafter(50.0, 51.0), FALSE, TRUE), (300.0, FALSE, TRUE), (JUST_OVER, FALSE, FALSE)],
)
def test_certain_distance_decides_and_only_the_band_beyond_it_asks_a_person(distance_m, certain, grey):
    near = rule("R", "a", geometry="within", certain_m=50, distance_m=300)
    (band,) = grey_rules([near])
    assert (said(near, distance_m).value[0], said(band, distance_m).value[0]) == (certain, grey)
    assert band.manual and not near.manual


def test_band_without_an_outer_distance_reaches_anywhere_and_a_gap_is_asked_once():
    near = rule("R", "a", geometry="within", certain_m=0)
    (band,) = grey_rules([near])
    assert (said(near, 0.0).value[0], said(band, 0.0).value[0]) == (TRUE, FALSE)
    assert (said(near, 1e6).value[0], said(band, 1e6).value[0]) == (FALSE, TRUE)
    blind = [said(item, 1e6, covered=False).value[0] for item in (near, band)]
    assert blind == [UNKNOWN, FALSE]


def ruling(name: str, layer: str, effect: str, *, applies: bool, metres: float) -> Ruling:
    """Return a rule that applies with this depth, or would apply this far off."""
    yes, no = np.full(1, TRUE), np.full(1, FALSE)
    return Ruling(
        rule=rule(name, layer, effect), geometry=yes if applies else no, rest=yes, value=yes if applies else no,
        depth_m=np.full(1, metres), distance_m=np.full(1, metres), zone_ids=np.full(1, "", dtype=object),
    )  # fmt: skip


def judged(*items: Ruling, applied: int = 0, possible: int = 0) -> tuple[float, str, bool]:
    tolerance = Precision(np.zeros(1), 20.0, {"coarse": 40.0})
    distance, layer, critical = critical_distance(items, np.full(1, applied), np.full(1, possible), tolerance)
    return float(distance[0]), str(layer[0]), bool(critical[0])


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize(
    ("layer", "metres", "critical"),
    [("a", 20.0, True), ("a", np.nextafter(20.0, 21.0), False), ("coarse", 40.0, True), ("coarse", 40.1, False)],
)
def test_verdict_is_critical_at_exactly_the_tolerance(layer, metres, critical, applies):
    item = ruling("R", layer, "禁止", applies=applies, metres=metres)
    assert judged(item, applied=3 * applies) == (metres, layer, critical)


def test_of_two_ways_up_at_one_distance_the_first_is_named_and_both_count():
    ways = [ruling("R1", "a", "禁止", applies=False, metres=30.0), ruling("R2", "coarse", "禁止", applies=False, metres=30.0)]
    assert judged(*ways) == (30.0, "a", True)  # 30 m is within the coarse layer's 40 m
    assert judged(*reversed(ways)) == (30.0, "coarse", True)


def test_way_up_and_way_down_at_one_distance_name_the_way_up():
    up, down = ruling("R1", "up", "禁止", applies=False, metres=30.0), ruling("R2", "down", "限制", applies=True, metres=30.0)
    assert judged(up, down, applied=1) == (30.0, "up", False)
    deeper = ruling("R3", "down", "限制", applies=True, metres=31.0)
    assert judged(up, deeper, applied=1) == (30.0, "up", False)
    shallower = ruling("R4", "down", "限制", applies=True, metres=29.0)
    assert judged(up, shallower, applied=1) == (29.0, "down", False)


@pytest.mark.parametrize(("effect", "counts"), [("禁止", True), ("须论证", False), ("限制", False)])
def test_only_a_stricter_rule_is_a_way_up(effect, counts):
    held = ruling("R1", "held", "须论证", applies=True, metres=500.0)
    way = ruling("R2", "way", effect, applies=False, metres=30.0)
    assert judged(held, way, applied=2) == ((30.0, "way", False) if counts else (500.0, "held", False))


def test_of_two_decisive_hits_the_deeper_holds_the_verdict():
    shallow, deep = (ruling(f"R{m}", f"L{m}", "禁止", applies=True, metres=m) for m in (10.0, 90.0))
    assert judged(shallow, deep, applied=3) == (90.0, "L90.0", False)
    assert judged(deep, shallow, applied=3) == (90.0, "L90.0", False)


def test_zone_exactly_as_far_as_the_nearest_is_still_measured():
    near = ruling("N", "a", "禁止", applies=False, metres=100.0)
    asked = []

    def find(at):
        asked.append(at)
        return np.full(len(at), 100.0), np.full(len(at), "", dtype=object)

    later = Nearest(lambda: np.array([100.0]), find)
    far = Ruling(
        rule=rule("F", "a"), geometry=near.geometry, rest=near.rest, value=near.value, depth_m=near.depth_m,
        distance_m=later.at_least_m, nearest=later, zone_ids=near.zone_ids,
    )  # fmt: skip
    assert judged(far, near) == (100.0, "a", False) and asked


def test_of_two_decisive_hits_of_one_depth_the_first_is_named():
    first, second = (ruling(f"R{name}", name, "禁止", applies=True, metres=90.0) for name in ("a", "b"))
    assert judged(first, second, applied=3) == (90.0, "a", False)
    assert judged(second, first, applied=3) == (90.0, "b", False)


@pytest.mark.parametrize(("possible", "counts"), [(1, True), (2, False), (3, False)])
def test_hit_that_only_opens_a_question_counts_above_what_is_open_already(possible, counts):
    asks = ruling("R", "a", "须论证", applies=False, metres=30.0)
    open_question = Ruling(
        rule=asks.rule, geometry=asks.geometry, rest=np.full(1, UNKNOWN), value=asks.value, depth_m=asks.depth_m,
        distance_m=asks.distance_m, zone_ids=asks.zone_ids,
    )  # fmt: skip
    distance, layer, critical = judged(open_question, possible=possible)
    assert (layer, critical) == (("a", False) if counts else ("", False)) and np.isnan(distance) == (not counts)
