"""Laws that hold whatever the shapes: the ledger closes, order does not matter, growing never loses a zone."""

from unittest import mock

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, layer_set, metres, sites, zone_layer

from cdgis.core.vocabulary import Scope
from cdgis.geometry import geodesy
from cdgis.judging import overlay
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.unmeasurable import only

CITY = metres(-1500, -1500, 4000, 4000)
coordinate = st.floats(-2000, 5000).map(lambda v: round(v, 1))


@st.composite
def polygons(draw):
    x, y, width, height = draw(coordinate), draw(coordinate), draw(st.floats(1, 3000)), draw(st.floats(1, 3000))
    if draw(st.booleans()):
        return metres(x, y, x + width, y + height)
    radius = min(width, height) / 2
    return from_metres(shapely.Point(x, y).buffer(radius, quad_segs=draw(st.sampled_from((1, 3, 200)))))


@st.composite
def shapes(draw):
    kind = draw(st.sampled_from(("point", "line", "polygon", "polygon")))
    if kind == "point":
        return from_metres(shapely.Point(draw(coordinate), draw(coordinate)))
    if kind == "line":
        ends = draw(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=4, unique=True))
        # Off the zones' own grid: whether a line on an outline is inside is asked in test_overlay.
        return from_metres(shapely.LineString([(x + 0.0371, y + 0.0113) for x, y in ends]))
    return draw(polygons())


def measure(subjects, layers, **options):
    reach = {name: np.full(len(subjects.frame), 500.0) for name in layers}
    return measure_overlaps(subjects, layers, reach_m=reach, **options)


def two_layers(zones, city=CITY):
    half = len(zones) // 2
    classes = ["甲" if i % 2 else "乙" for i in range(half)]
    return layer_set(zone_layer("a", zones[:half], classes), zone_layer("b", zones[half:]), city=city)


def union_measure(geometry, zones):
    """What lies in the union of zones by plain shapely on the plane; lengths geodesic, on the plane's course."""
    course, *plane = geodesy.geometries_to_plane(np.array([geometry, *zones]))
    if geometry.geom_type == "Polygon":
        return shapely.intersection(course, shapely.union_all(plane)).area
    parts = shapely.get_parts(shapely.intersection(shapely.segmentize(course, 200.0), shapely.union_all(plane)))
    lines = parts[shapely.get_dimensions(parts) == 1]
    return geodesy.geodesic_length_m(geodesy.geometries_from_plane(lines)).sum()


@given(st.lists(shapes(), min_size=1, max_size=4), st.lists(polygons(), min_size=2, max_size=6))
def test_ledger_closes_and_counts_overlapping_zones_once(subjects, zones):
    ledger = measure(sites(subjects), two_layers(zones)).ledger
    parts = ledger["inside"] + ledger["outside"] + ledger["uncovered"]
    assert (parts - ledger["total"]).abs().le(1e-9 * ledger["total"] + 1e-3).all()
    assert ledger[["inside", "outside", "uncovered"]].ge(0).all(axis=None)
    half = len(zones) // 2
    for row in ledger.itertuples():
        geometry = subjects[int(row.subject_id[1:])]
        of_layer = zones[:half] if row.layer == "a" else zones[half:]
        if row.unit != "count" and geometry.length > 0:
            tolerance = 1e-9 * row.total + 1e-3
            assert row.inside == pytest.approx(union_measure(geometry, of_layer), abs=tolerance)
            beyond = row.total - union_measure(geometry, [CITY])
            assert row.uncovered == pytest.approx(min(beyond, row.total - row.inside), abs=2 * tolerance)


def tables(found):
    return {"overlaps": found.overlaps, "clear": found.clear, "ledger": found.ledger}


def assert_same(a, b):
    for name, table in tables(a).items():
        pd.testing.assert_frame_equal(table, tables(b)[name], check_exact=True, obj=name)


@settings(max_examples=15)
@given(st.lists(shapes(), min_size=2, max_size=5), st.lists(polygons(), min_size=4, max_size=8), st.randoms(use_true_random=False))
def test_order_of_subjects_layers_and_zones_changes_nothing(subjects, zones, random):
    layers = two_layers(zones)
    plain = measure(sites(subjects), layers)
    order = random.sample(range(len(subjects)), len(subjects))
    shuffled = sites([subjects[i] for i in order], subject_id=[f"S{i:03}" for i in order])
    turned = {
        name: zone_layer(
            name,
            layer.zones.geometry.iloc[::-1],
            layer.zones["zone_class"].iloc[::-1],
            ids=layer.zones["zone_id"].iloc[::-1],
            coverage=layer.spec.coverage,
            zones=layer.spec.zones,
        )
        for name, layer in reversed(layers.items())
    }
    mixed = measure(shuffled, turned)
    assert_same(plain, mixed)
    for scope in [*plain.nearest, Scope("a", ("甲",))]:
        assert list(plain.nearest[scope].zone_id[order]) == list(mixed.nearest[scope].zone_id)


@settings(max_examples=8)
@given(st.lists(shapes(), min_size=2, max_size=5), st.lists(polygons(), min_size=4, max_size=8))
def test_layers_asked_all_at_once_one_by_one_or_by_threads_say_the_same(subjects, zones):
    together = measure(sites(subjects), two_layers(zones))
    for jobs in (1, 2):
        with mock.patch.object(overlay, "_FEW_SUBJECTS", 0):
            apart = measure(sites(subjects), two_layers(zones), jobs=jobs)
        assert_same(together, apart)
        pd.testing.assert_frame_equal(together.hits, apart.hits, check_exact=True)
        for name in ("uncovered", "slivers"):
            before, after = getattr(together, name), getattr(apart, name)
            assert before.keys() == after.keys() and all((before[layer] == after[layer]).all() for layer in before)
        for scope in [*together.nearest, Scope("a", ("甲",))]:
            assert list(together.nearest[scope].zone_id) == list(apart.nearest[scope].zone_id)
            np.testing.assert_array_equal(together.nearest[scope].distance_m, apart.nearest[scope].distance_m)


@settings(max_examples=15)
@given(polygons(), polygons(), st.lists(polygons(), min_size=1, max_size=6))
def test_growing_a_site_never_removes_a_zone_it_hit(site, extension, zones):
    layers = layer_set(zone_layer("a", zones), city=CITY)
    plane = geodesy.geometries_to_plane(np.array([site, extension]))
    grown = geodesy.geometries_from_plane(np.array([shapely.union_all(plane)]))[0]
    before, after = (measure(sites([g]), layers) for g in (site, grown))
    hits = before.overlaps[before.overlaps["relation"].isin(["inside", "crosses"]) & (before.overlaps["share"] < 0.5)]
    kept = after.overlaps[after.overlaps["relation"].isin(["inside", "crosses"])]
    assert set(hits["zone_id"]) <= set(kept["zone_id"])


@settings(max_examples=15)
@given(st.lists(shapes(), min_size=1, max_size=4), st.lists(polygons(), min_size=1, max_size=5), polygons())
def test_adding_a_zone_leaves_the_other_overlaps_as_they_were(subjects, zones, extra):
    fewer = measure(sites(subjects), layer_set(zone_layer("a", zones), city=CITY)).overlaps
    more = measure(sites(subjects), layer_set(zone_layer("a", [*zones, extra]), city=CITY)).overlaps
    old = more[more["zone_id"] != f"a{len(zones)}"].reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer, old, check_exact=True)
    assert more["share"].between(0, 1).all()


@given(st.lists(shapes(), min_size=1, max_size=4), st.lists(polygons(), min_size=2, max_size=6), st.sampled_from(((), ("a",), ("b",))))
def test_distances_measured_when_asked_are_those_measured_beforehand(subjects, zones, clear_of):
    whole, asked = (measure(sites(subjects), two_layers(zones), clear_of=names) for names in (None, clear_of))
    expected = whole.clear[whole.clear["layer"].isin(clear_of)].reset_index(drop=True)
    assert len(asked.clear) == len(expected) and (not len(expected) or asked.clear.equals(expected))
    for table in ("overlaps", "ledger"):
        assert getattr(asked, table).equals(getattr(whole, table))
    for scope in (Scope("a"), Scope("b"), Scope("a", zone_classes=("甲",)), Scope("b", zone_ids=("b-1",))):
        ours, theirs = asked.nearest[scope], whole.nearest[scope]
        assert np.array_equal(ours.at_least_m, theirs.at_least_m, equal_nan=True) and list(ours.zone_id) == list(theirs.zone_id)
        assert np.array_equal(ours.distance_m, theirs.distance_m, equal_nan=True)


def test_tables_say_the_same_of_many_as_of_each_alone_and_in_numbers_as_in_words():
    rng = np.random.default_rng(20261129)
    corners = rng.uniform(-2000, 4000, (90, 2)).round(1)
    subjects = sites([metres(x, y, x + 300, y + 200) for x, y in corners])
    zones = [metres(x, y, x + 900, y + 700) for x, y in rng.uniform(-2000, 4000, (12, 2)).round(1)]
    layers = layer_set(  # numbers and names of zones recur from layer to layer, one layer has no zone
        zone_layer("b", zones[:7], list("甲乙甲乙甲乙甲"), ids=[f"{i}" for i in range(7)]), zone_layer("none", []),
        zone_layer("a", zones[7:], ids=[f"{i}" for i in (4, 3, 2, 1, 0)]), city=CITY,
    )  # fmt: skip
    layers["a"].zones.loc[[1, 3], "zone_name"] = None
    many, packed = measure(subjects, layers), measure(subjects, layers, packed=True)
    for name in ("overlaps", "clear", "ledger"):
        whole = getattr(many, name)
        alone = [getattr(measure(only(subjects, np.array([row])), layers), name) for row in range(len(subjects.frame))]
        each = pd.concat(alone, ignore_index=True).sort_values([*whole.columns[:2]], kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(whole, each, atol=1e-7, check_dtype=False)
        numbers = getattr(packed, name)
        assert name == "overlaps" or isinstance(numbers["layer"].dtype, pd.CategoricalDtype)
        pd.testing.assert_frame_equal(numbers.astype(whole.dtypes), whole)
    assert set(many.overlaps["zone_name"]) == {"名", ""} and "" in set(many.clear["nearest_zone_id"]) and len(many.overlaps) > 90
