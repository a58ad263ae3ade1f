"""The engine against plain shapely and pyproj, pair by pair."""

import numpy as np
import pyproj
import pytest
import shapely
import shapely.ops
from hypothesis import given
from hypothesis import strategies as st

from cdgis.geometry import geodesy
from cdgis.geometry.halving import PIECE_VERTICES, subdivide
from cdgis.geometry.kernels import TOUCH_M, OutlineIndex, Zones, overlapping_pairs, pair_distance_m
from cdgis.geometry.kernels import pairs as kernel_pairs


def blob(x, y, radius, *, vertices=24, seed=0, hole=0.0):
    """A wavy polygon, with a hole of a given share of its radius."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    rng = np.random.default_rng(seed)
    r = radius * (1 + 0.3 * np.sin(7 * angle + rng.uniform(0, 6)) + 0.15 * np.sin(31 * angle))
    outer = shapely.Polygon(np.column_stack([x + r * np.cos(angle), y + r * np.sin(angle)]))
    return outer - shapely.Point(x, y).buffer(radius * hole) if hole else outer


@st.composite
def areas(draw, vertices=(5, 40, 1500)):
    parts = [
        blob(
            draw(st.floats(0, 5000)), draw(st.floats(0, 5000)), draw(st.floats(50, 3000)),
            vertices=draw(st.sampled_from(vertices)), seed=draw(st.integers(0, 99)), hole=draw(st.sampled_from((0, 0.4))),
        )
        for _ in range(draw(st.integers(1, 2)))
    ]  # fmt: skip
    return shapely.make_valid(shapely.union_all(parts))


def plain_areas(subjects, zones):
    return {
        (i, j): shared
        for i, s in enumerate(subjects)
        for j, z in enumerate(zones)
        if (shared := shapely.intersection(s, z).area) > 0
    }


@given(st.lists(areas(), min_size=1, max_size=3), st.lists(areas(), min_size=1, max_size=4))
def test_overlap_areas_equal_plain_shapely_when_polygons_are_random(subjects, zones):
    subjects, zones = np.array(subjects), np.array(zones)
    pairs = overlapping_pairs(subjects, zones)
    found = dict(zip(zip(pairs.subject.tolist(), pairs.zone.tolist(), strict=True), pairs.area_m2, strict=True))
    expected = plain_areas(subjects, zones)
    assert set(found) ^ set(expected) <= {k for k, a in expected.items() if a < 1e-6} | {
        k for k, a in found.items() if a < 1e-6
    }
    for key, area in found.items():
        assert area == pytest.approx(expected.get(key, 0.0), rel=1e-9, abs=1e-6)
    for s, z, overlap in zip(pairs.subject, pairs.zone, pairs.overlap, strict=True):
        plain = shapely.intersection(subjects[s], zones[z])
        assert overlap.area == pytest.approx(plain.area, rel=1e-9, abs=1e-6)
        # No seam may stay where pieces were joined: depth is measured to the overlap's outline.
        assert overlap.length == pytest.approx(plain.length, rel=1e-6, abs=1e-3)


def test_overlap_comparison_notices_when_an_area_is_off():
    big = blob(0, 0, 3000, vertices=1500)
    area = overlapping_pairs(np.array([shapely.box(0, 0, 900, 900)]), np.array([big])).area_m2[0]
    assert area != pytest.approx(shapely.box(0, 0, 900, 900.001).intersection(big).area, rel=1e-9)


BIG = np.array([blob(0, 0, 3000, vertices=4 * PIECE_VERTICES)])


def seams():
    pieces, _ = subdivide(BIG)
    a, b = shapely.STRtree(pieces).query(pieces, predicate="touches")
    shared = shapely.intersection(pieces[a[a < b]], pieces[b[a < b]])
    return shared[shapely.get_dimensions(shared) == 1]


def test_zones_that_keep_their_pieces_answer_as_if_nobody_had_asked_before():
    rng = np.random.default_rng(3)
    fresh = np.array([BIG[0], blob(2500, 500, 1500, vertices=1200, hole=0.4), shapely.union(blob(-4000, 0, 500), blob(-4000, 3000, 700))])
    kept = Zones.of(fresh)
    for turn in range(12):
        count = 70 if turn in (6, 7, 9) else int(rng.integers(1, 4))
        subjects = np.array([blob(*rng.uniform(-4500, 4500, 2), rng.choice([30, 400, 4000]), seed=turn) for _ in range(count)])
        rows = np.flatnonzero(rng.random(3) < 0.8)
        plain, again = overlapping_pairs(subjects, fresh[rows]), overlapping_pairs(subjects, kept.only(rows))
        for name in ("subject", "zone", "area_m2", "touch_subject", "touch_zone"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(again, name))
        assert shapely.to_wkb(plain.overlap).tolist() == shapely.to_wkb(again.overlap).tolist()
    cut = [piece for parts in kept.stores[0]._pieces.values() for piece in parts if piece.halves is not None]
    assert cut and all(piece.shape is None for piece in cut)


def test_many_subjects_at_once_leave_pieces_behind_only_when_they_come_again():
    rng = np.random.default_rng(8)
    kept = Zones.of(np.array([BIG[0]]))
    for already in (False, True):
        subjects = np.array([blob(*xy, 30) for xy in rng.uniform(-3000, 3000, (70, 2))])
        overlapping_pairs(subjects, kept.only(np.array([0])))
        assert bool(kept.stores[0]._pieces) is already


def asked_one_by_one(subjects, zones):
    at, piece = shapely.STRtree(zones.pieces).query(subjects.pieces, predicate="dwithin", distance=TOUCH_M)
    return at, piece


@pytest.mark.parametrize("seed", range(8))
def test_pairs_are_the_same_bit_by_bit_whether_what_is_held_is_cut_or_not(monkeypatch, seed):
    """Law: plots wholly in a zone need no cutting, and zones may be asked of plots or plots of zones; plots on an edge too."""
    rng = np.random.default_rng(seed)
    wavy = [blob(*rng.uniform(0, 6000, 2), 2500, vertices=v, seed=v, hole=0.3) for v in (40, 1500, 4000)]
    zones = np.array([*wavy, shapely.box(-9e3, -9e3, 9e3, 9e3), shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2500, 500)])
    corner = rng.uniform(-3000, 7000, (60, 2))
    boxes = shapely.box(*corner.T, *(corner + rng.uniform(20, 900, (60, 2))).T)
    lattice = shapely.box(*(np.round(corner[:9] / 500) * 500).T, *(np.round(corner[:9] / 500) * 500 + 500).T)
    large = [blob(*xy, 900, vertices=1200, seed=seed) for xy in corner[:4]]
    pair = shapely.MultiPolygon([shapely.box(0, 0, 50, 50), shapely.box(80, 0, 90, 10)])
    ring = shapely.get_coordinates(wavy[1])[::60]
    beside = shapely.box(*ring.T, *(ring + 30).T)  # a corner on the outline
    apart = shapely.transform(lattice, lambda xy: xy + 0.7 * TOUCH_M)
    mixed = [*boxes, *lattice, *apart, *beside, *large, pair, shapely.LineString(corner[:5]), shapely.Point(corner[0]), boxes[0]]
    subjects = np.array(mixed, dtype=object)
    held = []
    monkeypatch.setattr(kernel_pairs, "_held", lambda *given, real=kernel_pairs._held: held.append(real(*given)) or held[-1])
    quick = overlapping_pairs(subjects, zones)
    assert held[0].sum() > 50 and (~held[0]).sum() > 50
    monkeypatch.setattr(kernel_pairs, "_held", lambda _, __, found: np.zeros(len(found[0]), dtype=bool))
    monkeypatch.setattr(kernel_pairs, "_near_pieces", asked_one_by_one)
    plain = overlapping_pairs(subjects, zones)
    for name in ("subject", "zone", "area_m2", "touch_subject", "touch_zone"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(plain, name))
    assert shapely.to_wkb(quick.overlap).tolist() == shapely.to_wkb(plain.overlap).tolist()


def test_point_on_a_cut_line_is_inside_the_zone():
    seam = seams()
    assert len(seam) >= 4
    points = shapely.line_interpolate_point(seam, 0.5, normalized=True)
    pairs = overlapping_pairs(points, BIG)
    assert list(pairs.subject) == list(range(len(points)))


def test_line_along_a_cut_line_counts_once_and_whole():
    seam = seams()
    pairs = overlapping_pairs(seam, BIG)
    assert list(pairs.subject) == list(range(len(seam)))
    assert shapely.length(pairs.overlap) == pytest.approx(shapely.length(seam), rel=1e-9)


def test_points_equal_plain_shapely_when_random():
    rng = np.random.default_rng(5)
    points = shapely.points(rng.uniform(-4000, 4000, (400, 2)))
    pairs = overlapping_pairs(points, BIG)
    assert list(pairs.subject) == list(np.flatnonzero(shapely.contains_properly(BIG[0], points)))


@pytest.mark.parametrize(("depth_m", "hits"), [(0.0, 0), (5e-7, 0), (2e-6, 1), (1e-3, 1)])
def test_point_hits_an_area_only_beyond_rounding_of_its_outline(depth_m, hits):
    ring = shapely.Polygon(shapely.box(0, 0, 100, 100).exterior, [shapely.box(40, 40, 60, 60).exterior])
    points = shapely.points([[depth_m, 50], [50, 40 - depth_m]])
    pairs = overlapping_pairs(points, np.array([ring]))
    assert len(pairs.subject) == 2 * hits
    assert list(pairs.touch_subject) == [0, 1]


@given(st.lists(st.tuples(st.floats(-4000, 4000), st.floats(-4000, 4000)), min_size=2, max_size=6, unique=True))
def test_line_lengths_equal_plain_shapely_when_random(coords):
    line = shapely.LineString(coords)
    pairs = overlapping_pairs(np.array([line]), BIG)
    found = shapely.length(pairs.overlap).sum()
    assert found == pytest.approx(line.intersection(BIG[0]).length, rel=1e-9, abs=1e-6)


UNIT = shapely.box(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("subject", "zone", "shared"),
    [
        ("POINT (5 5)", UNIT.wkt, "POINT (5 5)"),
        ("POINT (0 5)", UNIT.wkt, None),
        ("MULTIPOINT (5 5, 20 20)", UNIT.wkt, "POINT (5 5)"),
        ("LINESTRING (-5 5, 5 5)", UNIT.wkt, "LINESTRING (0 5, 5 5)"),
        ("LINESTRING (0 0, 0 10)", UNIT.wkt, None),  # along the outline it only touches
        ("LINESTRING (-5 0, 5 0, 5 5)", UNIT.wkt, "LINESTRING (5 0, 5 5)"),
        ("LINESTRING (-5 5, 0 5)", UNIT.wkt, None),
        (UNIT.wkt, "LINESTRING (-5 5, 15 5)", "LINESTRING (0 5, 10 5)"),
        (UNIT.wkt, "LINESTRING (0 -5, 0 15)", None),
        (UNIT.wkt, "POINT (5 5)", "POINT (5 5)"),
        (UNIT.wkt, "POINT (10 5)", None),
        (UNIT.wkt, "POLYGON ((10 0, 20 0, 20 10, 10 10, 10 0))", None),
        ("LINESTRING (0 0, 10 10)", "LINESTRING (0 10, 10 0)", "POINT (5 5)"),
        ("LINESTRING (0 0, 5 5)", "LINESTRING (5 5, 10 0)", None),  # ends that meet only touch
        ("LINESTRING (0 0, 10 0)", "LINESTRING (5 0, 20 0)", "LINESTRING (5 0, 10 0)"),
        ("POINT (5 0)", "LINESTRING (0 0, 10 0)", "POINT (5 0)"),
        ("POINT (5 5)", "POINT (5 5)", "POINT (5 5)"),
        # An area and, elsewhere, a shared edge: only the area is an overlap.
        (UNIT.wkt, "POLYGON ((10 0, 12 0, 12 12, -5 12, -5 8, 4 8, 4 10, 10 10, 10 0))", "POLYGON ((0 8, 4 8, 4 10, 0 10, 0 8))"),
    ],
)  # fmt: skip
def test_pairs_meet_only_where_interiors_do(subject, zone, shared):
    a, b = np.array([shapely.from_wkt(subject)]), np.array([shapely.from_wkt(zone)])
    pairs = overlapping_pairs(a, b)
    assert list(pairs.touch_subject) == [0]
    if shared is None:
        assert len(pairs.subject) == 0
    else:
        assert pairs.overlap[0].hausdorff_distance(shapely.from_wkt(shared)) <= 2 * TOUCH_M


@pytest.mark.parametrize("subjects", [[], [UNIT]])
@pytest.mark.parametrize("zones", [[], [shapely.LineString([(0, 0), (1, 1)])], [shapely.Point(90, 90)]])
def test_pairs_when_a_side_is_empty_or_has_no_areas(subjects, zones):
    pairs = overlapping_pairs(np.array(subjects, dtype=object), np.array(zones, dtype=object))
    assert len(pairs.subject) == (1 if subjects and zones and zones[0].geom_type == "LineString" else 0)


def test_pairs_are_sorted_whatever_the_order_of_zones():
    zones = np.array([shapely.box(i, 0, i + 2, 2) for i in range(6)])
    pairs = overlapping_pairs(np.array([shapely.box(0, 0, 8, 2), shapely.box(3, 1, 4, 3)]), zones)
    assert sorted(zip(pairs.subject, pairs.zone, strict=True)) == list(zip(pairs.subject, pairs.zone, strict=True))


LOCAL = np.array([116.8, 117.6]), np.array([40.9, 41.6])


def scattered(count, seed):
    rng = np.random.default_rng(seed)
    kinds = []
    for i, (lon, lat) in enumerate(zip(rng.uniform(*LOCAL[0], count), rng.uniform(*LOCAL[1], count), strict=True)):
        shapes = (shapely.Point(lon, lat), shapely.LineString([(lon, lat), (lon + 0.02, lat + 0.01), (lon + 0.03, lat)]),
                  shapely.Point(lon, lat).buffer(0.01, quad_segs=20))  # fmt: skip
        kinds.append(shapes[i % 3])
    return np.array(kinds)


def brute_distance_m(a, b):
    """Geodesic distance between the points that are nearest in the distance plane."""
    outline = b.boundary if b.geom_type == "Polygon" else b
    ends = np.array([p.coords[0] for p in shapely.ops.nearest_points(a, outline)])
    back = pyproj.Transformer.from_crs("+proj=tmerc +lon_0=117.5 +ellps=GRS80", 4490, always_xy=True)
    (lon1, lon2), (lat1, lat2) = back.transform(ends[:, 0], ends[:, 1])
    return pyproj.Geod(ellps="GRS80").inv(lon1, lat1, lon2, lat2)[2]


def test_nearest_and_within_equal_brute_force():
    subjects = geodesy.geometries_to_local(scattered(12, 1))
    zones = geodesy.geometries_to_local(scattered(15, 2))
    table = np.array([[brute_distance_m(s, z) for z in zones] for s in subjects])
    index = OutlineIndex.of(zones)
    among = np.arange(15) % 4 != 0
    zone, distance = index.nearest(subjects, among)
    least = np.where(among, table, np.inf).min(axis=1)
    # The plane's scale error, 3.2e-4, may only matter between zones that are nearly equally far.
    assert distance == pytest.approx(least, rel=4e-4, abs=1e-3)
    assert distance == pytest.approx(table[np.arange(12), zone], rel=1e-9, abs=1e-3)
    reach = np.linspace(0, 30_000, 12)
    at, near, metres = index.within(subjects, reach)
    assert {(i, j) for i, j in zip(at, near, strict=True)} == set(zip(*np.nonzero(table <= reach[:, None]), strict=True))
    assert metres == pytest.approx(table[at, near], rel=1e-9, abs=1e-3)


def test_nearest_gives_nothing_when_no_zone_counts():
    subjects = geodesy.geometries_to_local(scattered(2, 1))
    for zones in (geodesy.geometries_to_local(scattered(3, 2)), np.empty(0, dtype=object)):
        zone, distance = OutlineIndex.of(zones).nearest(subjects, np.zeros(len(zones), dtype=bool))
        assert list(zone) == [-1, -1] and np.isnan(distance).all()


def test_nearest_names_the_first_zone_when_two_are_equally_near():
    point = np.array([shapely.Point(0, 4_580_000)])
    zones = np.array([shapely.Point(100, 4_580_000), shapely.Point(-100, 4_580_000)])
    assert OutlineIndex.of(zones).nearest(point, np.ones(2, dtype=bool))[0][0] == 0


def test_pair_distance_is_zero_when_outlines_touch():
    a, b = shapely.box(0, 4.58e6, 10, 4.58e6 + 10), shapely.box(10, 4.58e6, 20, 4.58e6 + 10)
    assert pair_distance_m(np.array([a]), np.array([b]))[0] == 0
