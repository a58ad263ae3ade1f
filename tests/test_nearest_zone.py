"""A zone that nobody measured is never nearer than was said of it, and measured late it is what it was."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, layer_set, metres, sites, zone_layer

from cdgis.core.vocabulary import Scope
from cdgis.judging.measurement import Nearest
from cdgis.judging.overlay import measure_overlaps

place = st.tuples(st.floats(-200_000, 200_000), st.floats(-100_000, 100_000))
IDS = [f"U{i:02}" for i in range(12)]


def layer_of(corners, width):
    zones = [metres(x, y, x + width, y + width) for x, y in corners]
    return layer_set(zone_layer("a", zones, ["甲", "乙"] * (len(zones) // 2), ids=IDS[: len(zones)]), city=metres(-1, -1, 1, 1))


@settings(max_examples=25)
@given(
    st.lists(place, min_size=12, max_size=12, unique=True),
    st.floats(10, 60_000),
    st.lists(place, min_size=1, max_size=6, unique=True),
    st.just(0.0) | st.floats(1, 3000),
)
def test_no_scope_is_nearer_than_it_was_said_to_be_at_least(corners, width, where, radius):
    subjects = sites([from_metres(shapely.Point(p).buffer(radius, quad_segs=2) if radius else shapely.Point(p)) for p in where])
    scopes = [Scope("a"), Scope("a", ("甲",)), *(Scope("a", (), (name,)) for name in IDS)]
    found = measure_overlaps(subjects, layer_of(corners, width))
    for scope in scopes:
        nearest = found.nearest[scope]
        assert (nearest.at_least_m <= nearest.distance_m).all(), scope
        assert (nearest.distance_m >= 0).all()


def test_some_subjects_alone_and_repeated_are_as_far_as_among_all():
    subjects = sites([from_metres(shapely.Point(x, 0)) for x in (5, 500, 900, 90_000)])
    zones = layer_of([(i * 1000, -10) for i in range(12)], 20)
    for scope in (Scope("a", (), ("U01",)), Scope("a", ("乙",)), Scope("a", (), ("没有",))):
        nearest = measure_overlaps(subjects, zones).nearest[scope]
        at = np.array([3, 0, 0, 2])
        np.testing.assert_array_equal(nearest.distance_of(at), nearest.distance_m[at])
        moved = nearest.at(at)
        np.testing.assert_array_equal(moved.distance_m, nearest.distance_m[at])
        assert list(moved.zone_id) == list(nearest.zone_id[at])
        np.testing.assert_array_equal(moved.distance_of(np.array([1, 1])), nearest.distance_m[[0, 0]])


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=12, max_size=12, unique=True), st.integers(1, 11),
    st.lists(st.tuples(st.integers(-70, 70), st.integers(-70, 70)), min_size=1, max_size=6), st.sampled_from((0, 3, 60)),
)
def test_nearest_of_a_scope_is_that_of_a_layer_which_holds_no_other_zone(corners, split, where, radius):
    shapes = [metres(x * 1000, y * 1000, x * 1000 + 1000, y * 1000 + 1000) for x, y in corners]  # neighbours tie and touch
    subjects = sites([from_metres(shapely.Point(x * 100, y * 100).buffer(radius) if radius else shapely.Point(x * 100, y * 100)) for x, y in where])
    city = metres(-1, -1, 1, 1)
    classes = ["甲" if i % 12 < split else "乙" for i in range(12)]
    whole = layer_set(zone_layer("a", shapes, classes, ids=IDS), city=city)
    some = [i for i in range(12) if classes[i] == "乙"]
    alone = layer_set(zone_layer("a", [shapes[i] for i in some], "乙", ids=[IDS[i] for i in some]), city=city)
    scope = Scope("a", ("乙",))
    found, wanted = (measure_overlaps(subjects, layers).nearest[scope] for layers in (whole, alone))
    np.testing.assert_array_equal(found.distance_m, wanted.distance_m)
    assert list(found.zone_id) == list(wanted.zone_id)


def test_scope_without_a_zone_is_nowhere():
    nowhere = Nearest.nowhere(2)
    assert np.isnan(nowhere.at_least_m).all() and np.isnan(nowhere.distance_m).all() and list(nowhere.zone_id) == ["", ""]
