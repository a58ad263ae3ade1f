"""Whole outlines by compiled kernels against GEOS, to the last bit: the nearest zone, and which zones hold what none comes near."""

import numpy as np
import pytest
import shapely

from cdgis.geometry.kernels import Cut, Engine, OutlineIndex, Zones, nearest_in_each, overlapping_pairs
from tests.test_areas import FAR, stars
from tests.test_nearest import winding

EXTENT_M = 20_000.0


def moved(geoms, x, y):
    return shapely.transform(np.asarray(geoms, dtype=object), lambda c: c + [x, y])


def tiles(count, side, *, step=500.0):
    """Squares on a grid, so that many share borders and corners and many distances are equal."""
    rng = np.random.default_rng(count)
    west, south = rng.integers(0, int(EXTENT_M / step), (2, count)) * step
    return np.asarray(shapely.box(west, FAR + south, west + side, FAR + south + side))


def strewn(count, seed, **options):
    """Stars all over the extent, by whole metres."""
    by = np.random.default_rng(seed).integers(0, int(EXTENT_M), (count, 2))
    return np.concatenate([moved([star], *at) for star, at in zip(stars(count, seed, **options), by.tolist(), strict=True)])


def holed(geoms):
    return np.asarray(shapely.difference(geoms, shapely.buffer(shapely.point_on_surface(geoms), 3.0, quad_segs=2)))


def subjects(seed):
    several = np.array([shapely.union_all(pair) for pair in strewn(60, seed + 1, size=150.0).reshape(-1, 2)], dtype=object)
    points = shapely.points(np.random.default_rng(seed).uniform(0, EXTENT_M, (40, 2)) + [0.0, FAR])
    rings = shapely.boundary(strewn(40, seed + 2, size=200.0))
    large = strewn(4, seed + 3, size=900.0, corners=(600, 900))
    mixed = [
        tiles(150, 100.0), strewn(150, seed, size=300.0), holed(strewn(60, seed + 4, size=400.0)), several, points, rings,
        winding(40, seed), large,
    ]  # fmt: skip
    found = np.concatenate([np.asarray(part, dtype=object) for part in mixed])
    return found[shapely.is_valid(found) & ~shapely.is_empty(found)]


def zones(seed):
    points = shapely.points(np.random.default_rng(seed + 9).uniform(0, EXTENT_M, (30, 2)) + [0.0, FAR])
    return np.concatenate([tiles(80, 500.0), strewn(40, seed + 5, size=900.0), winding(30, seed + 6), points, tiles(80, 500.0)])


def both(indexes, geoms, asked):
    cut = Cut.outlined(geoms)
    return [nearest_in_each(indexes, cut, asked, engine=engine) for engine in (Engine.PLAIN, Engine.COMPILED)]


@pytest.mark.parametrize("seed", [1, 2, 3, 125])
def test_zone_and_distance_are_those_of_geos_to_the_last_bit(seed):
    geoms, all_zones = subjects(seed), zones(seed)
    indexes = [OutlineIndex.of(part) for part in (all_zones, all_zones[:7], all_zones[:1], all_zones[:0])]
    rng = np.random.default_rng(seed)
    asked = [np.flatnonzero(rng.random(len(geoms)) < share) for share in (1.0, 0.7, 0.5, 1.0)]
    plain, compiled = both(indexes, geoms, asked)
    for (zone, distance), (same, equal) in zip(plain, compiled, strict=True):
        np.testing.assert_array_equal(same, zone)
        np.testing.assert_array_equal(equal, distance)
    assert (plain[0][1] == 0).any() and (plain[0][1] > 100).any() and (plain[3][0] == -1).all()


@pytest.mark.parametrize("seed", [4, 5])
def test_some_zones_are_asked_of_some_subjects_as_geos_answers_to_the_last_bit(seed):
    rng, cut, found = np.random.default_rng(seed), Cut.outlined(subjects(seed)), zones(seed)
    plain, compiled = (OutlineIndex.of(found, engine=engine) for engine in (Engine.PLAIN, Engine.COMPILED))
    for share in (0.01, 0.1, 0.5, 0.0):
        among, at = rng.random(len(found)) < share, np.flatnonzero(rng.random(len(cut.whole)) < 0.6)
        for one, other in zip(plain.nearest_of(cut, at, among), compiled.nearest_of(cut, at, among), strict=True):
            np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize("seed", range(4))
def test_small_outlines_seen_from_afar_are_as_far_as_geos_says_to_the_last_bit(seed):
    # hardly a vertex stands out of a rounded one, a square faces walls along its sides, a line and a triangle end in corners
    rng = np.random.default_rng(seed)
    round_ones = shapely.buffer(shapely.points(rng.uniform(0, 900, (60, 2)) + [0, FAR]), rng.uniform(5, 60, 60), quad_segs=13)
    flat = shapely.transform(round_ones[:20], lambda c: np.round(c, rng.integers(0, 4)))
    fine = shapely.segmentize(shapely.box(0, FAR, 40, FAR + 30), 1.0 + seed)
    several = np.array([shapely.union_all(pair) for pair in strewn(40, seed + 1, size=40.0).reshape(-1, 2)], dtype=object)
    geoms = np.concatenate([round_ones, flat, [fine, shapely.boundary(fine)], several, holed(strewn(20, seed, size=90.0)), winding(20, seed)])
    geoms = geoms[shapely.is_valid(geoms) & ~shapely.is_empty(geoms)]
    west, east = shapely.box(-9e4, FAR - 5e4, -8e4, FAR + 5e4 + rng.integers(0, 3, 3)), shapely.box([3e4, 3e4], FAR - 9e4, 4e4, FAR + 9e4)
    walls = np.concatenate([west, east])
    far = np.concatenate([moved(zones(seed), *by) for by in (rng.uniform(-2e5, 2e5, (2, 2)) + [0, 3e5]).tolist()])
    indexes = [OutlineIndex.of(some) for some in (walls, walls[:3], far, far[:40], np.concatenate([walls, far]))]
    plain, compiled = both(indexes, geoms, [np.arange(len(geoms))] * len(indexes))
    for one, other in zip(plain, compiled, strict=True):
        assert [part.tobytes() for part in one] == [part.tobytes() for part in other]


def test_subjects_inside_a_zone_or_around_one_are_as_far_as_geos_says():
    zone = np.array([shapely.Point(5000, FAR + 5000).buffer(400, quad_segs=20)], dtype=object)
    inner, outer = shapely.box(4990, FAR + 4990, 5010, FAR + 5010), shapely.box(4000, FAR + 4000, 6000, FAR + 6000)
    geoms = np.array([inner, outer, shapely.boundary(outer), moved([inner], 3000, 0)[0]], dtype=object)
    plain, compiled = both([OutlineIndex.of(zone)], geoms, [np.arange(4)])
    np.testing.assert_array_equal(compiled[0][1], plain[0][1])
    assert plain[0][1][1] == 0 < plain[0][1][0] < 400


def test_comparison_notices_a_zone_moved_by_a_millimetre():
    geoms, all_zones = subjects(1), zones(1)
    (plain,), (compiled,) = (
        both([OutlineIndex.of(some)], geoms, [np.arange(len(geoms))])[number]
        for number, some in enumerate((all_zones, moved(all_zones, 1e-3, 0.0)))
    )
    assert 1e-4 < np.abs(plain[1] - compiled[1]).max() < 2e-3


@pytest.mark.parametrize("seed", range(15))
def test_the_first_questions_are_answered_as_by_a_tree_of_all_chunks(seed):
    rng = np.random.default_rng(seed)
    found, every = rng.choice(zones(seed), int(rng.integers(1, 60))), subjects(seed)
    fresh, asked = OutlineIndex.of(found), OutlineIndex.of(found)
    assert asked._tree(None) is not None  # from here on it asks all chunks
    for _ in range(12):
        few = Cut.outlined(rng.choice(every, int(rng.integers(1, 9))))
        among = rng.random(len(found)) < rng.choice([0.1, 0.6, 1.0])
        limit = None if rng.random() < 0.5 else float(rng.uniform(1, 5_000))
        reach_m = rng.choice([0.0, 30.0, 5000.0], len(few.whole))
        for one, other in (
            (fresh.nearest(few, among, at_most_m=limit), asked.nearest(few, among, at_most_m=limit)),
            (fresh.within(few, reach_m), asked.within(few, reach_m)),
            *zip(nearest_in_each([fresh], few, [np.arange(len(few.whole))]), nearest_in_each([asked], few, [np.arange(len(few.whole))]), strict=True),
        ):  # fmt: skip
            assert [part.tobytes() for part in one] == [part.tobytes() for part in other]
    assert len(fresh._asked) == 8 and not asked._asked and fresh._trees and asked._trees


@pytest.mark.parametrize("seed", range(6))
def test_zones_within_reach_of_many_are_found_without_a_tree_of_all_chunks(seed):
    rng, found = np.random.default_rng(seed), zones(seed)
    many = Cut.outlined(subjects(seed)) if seed % 2 else Cut.outlined(np.concatenate([strewn(90, seed, size=300.0), winding(9, seed)]))
    reach_m = rng.choice([0.0, 3.0, 50.0, 900.0], len(many.whole), p=[0.7, 0.1, 0.1, 0.1])
    plain, mine = (OutlineIndex.of(found, engine=engine) for engine in (Engine.PLAIN, Engine.COMPILED))
    said, by_kernel = plain.within(many, reach_m), mine.within(many, reach_m)
    assert len(said[0]) and [part.tobytes() for part in said] == [part.tobytes() for part in by_kernel]
    assert plain._trees and not mine._trees
    assert [len(part) for part in mine.within(many, np.zeros(len(many.whole)))] == [0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_long_edges_that_cross_far_from_all_corners_touch_though_another_zone_has_a_corner_nearer(seed):
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, np.pi, 12)
    east, north = rng.uniform(2000, 18_000, 12), FAR + rng.uniform(2000, 18_000, 12)
    way = np.column_stack([np.cos(turn), np.sin(turn)]) * 900
    crossing = shapely.linestrings([[(x - dx, y - dy), (x + dx, y + dy)] for x, y, (dx, dy) in zip(east, north, way, strict=True)])
    beside = shapely.box(east + 1205, north - 5, east + 1215, north + 5)  # five metres off the bars' ends
    bars = shapely.box(east - 1200, north - 2, east + 1200, north + 2)
    geoms, all_zones = bars, np.concatenate([beside, crossing])
    (plain,), (compiled,) = both([OutlineIndex.of(all_zones)], geoms, [np.arange(len(geoms))])
    np.testing.assert_array_equal(compiled[0], plain[0])
    np.testing.assert_array_equal(compiled[1], plain[1])
    assert (plain[1] == 0).sum() >= 6


FIELDS = ("subject", "zone", "area_m2", "touch_subject", "touch_zone")


def pairs_of(geoms, zones, engine):
    found = overlapping_pairs(geoms, zones, engine=engine)
    return found, [getattr(found, name).tolist() for name in FIELDS] + [shapely.to_wkb(found.overlap).tolist()]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pairs_are_those_of_geos_whatever_is_settled_by_boxes(seed):
    # large stars overlap, have holes, and hold most of the subjects; a tiny square is no more than rounding
    tiny = shapely.box(9000, FAR + 9000, 9000 + 1e-4, FAR + 9000 + 1e-4)
    geoms = np.append(subjects(seed), [tiny, shapely.Polygon()])
    square = shapely.box(-50, FAR, 12_000, FAR + 15_000)
    large = np.concatenate([strewn(6, seed + 7, size=16_000.0), holed(strewn(4, seed + 8, size=9_000.0)), [square]])
    every = Zones.of(np.concatenate([zones(seed), large, [large[0]]]))
    some = every.only(np.random.default_rng(seed).permutation(len(every.whole))[:150])
    for asked in (every, some, every.only(np.arange(3)), Zones.of(large)):
        found, said = pairs_of(geoms, asked, Engine.COMPILED)
        assert said == pairs_of(geoms, Zones.of(asked.whole), Engine.PLAIN)[1]
    held = [one is geoms[at] for one, at in zip(found.overlap, found.subject, strict=True)]
    assert sum(held) > 100, "nothing was held whole: the shortcut was not taken"


def test_comparison_of_pairs_notices_a_zone_moved_by_a_millimetre():
    geoms, large = subjects(1), strewn(6, 8, size=16_000.0)
    plain = pairs_of(geoms, Zones.of(large), Engine.PLAIN)[1]
    assert pairs_of(geoms, Zones.of(moved(large, 1e-3, 0.0)), Engine.COMPILED)[1] != plain
