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
    found = measure_overlaps(subjects, layer_of(corners, width), scopes=scopes)
    for scope in scopes:
        nearest = found.nearest[scope]
        assert (nearest.at_least_m <= nearest.distance_m).all(), scope
        assert (nearest.distance_m >= 0).all()


def test_some_subjects_alone_and_repeated_are_as_far_as_among_all():
    subjects = sites([from_metres(shapely.Point(x, 0)) for x in (5, 500, 900, 90_000)])
    zones = layer_of([(i * 1000, -10) for i in range(12)], 20)
    for scope in (Scope("a", (), ("U01",)), Scope("a", ("乙",)), Scope("a", (), ("没有",))):
        nearest = measure_overlaps(subjects, zones, scopes=[scope]).nearest[scope]
        at = np.array([3, 0, 0, 2])
        np.testing.assert_array_equal(nearest.distance_of(at), nearest.distance_m[at])
        moved = nearest.at(at)
        np.testing.assert_array_equal(moved.distance_m, nearest.distance_m[at])
        assert list(moved.zone_id) == list(nearest.zone_id[at])
        np.testing.assert_array_equal(moved.distance_of(np.array([1, 1])), nearest.distance_m[[0, 0]])


def test_scope_without_a_zone_is_nowhere():
    nowhere = Nearest.nowhere(2)
    assert np.isnan(nowhere.at_least_m).all() and np.isnan(nowhere.distance_m).all() and list(nowhere.zone_id) == ["", ""]
