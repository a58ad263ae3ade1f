"""The nearest stretch of outlines to points: the compiled way against shapely's, degenerate input first of all."""


import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from cdgis.geometry import geodesy
from cdgis.geometry import outline_chunks as stretches
from cdgis.geometry.kernels import Engine, FlatPolygons, OutlineIndex, nearest_chunk, ring_chunks
from cdgis.geometry.kernels.projection_points import places_on_outlines, projection_points
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.planes import PlaneThreads
from tests.test_areas import FAR, stars


def winding(count, seed, *, vertices=60, step=30.0, extent=20_000.0):
    """Lines that wander about, as rivers do."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, 2 * np.pi, (count, 1)) + np.cumsum(rng.normal(0, 0.3, (count, vertices)), axis=1)
    xy = rng.uniform(0, extent, (count, 1, 2)) + np.cumsum(np.dstack([np.cos(turn), np.sin(turn)]) * step, axis=1)
    return np.asarray(shapely.linestrings(xy + [0.0, FAR]))


def scattered(count, seed, *, extent=20_000.0):
    return np.random.default_rng(seed).uniform(0, extent, (count, 2)) + [0.0, FAR]


def both(points, geoms, **options):
    made = OutlineChunks.of(np.asarray(geoms, dtype=object))
    return [nearest_chunk(points, made, engine=engine, **options) for engine in (Engine.PLAIN, Engine.COMPILED)]


def assert_same(points, geoms, **options):
    """Both engines name the same stretches, and distances are shapely's; return the plain answer."""
    (plain, exact), (fast, distance) = both(points, geoms, **options)
    assert fast.tolist() == plain.tolist()
    np.testing.assert_allclose(distance, exact, rtol=1e-9, atol=1e-7)
    return plain, exact


@pytest.mark.parametrize("at_most_m", [None, 400.0])
@pytest.mark.parametrize("threads", [1, 3])
def test_nearest_is_shapelys_for_lines_polygons_and_points_whatever_the_threads(at_most_m, threads):
    geoms = np.concatenate([winding(120, 1), stars(40, 2, size=900.0), shapely.points(scattered(50, 3))])
    found, distance = assert_same(scattered(4000, 4), geoms, at_most_m=at_most_m, threads=threads)
    assert (found < 0).any() == (at_most_m is not None)
    owner = OutlineChunks.of(geoms).owner[found[found >= 0]]
    outlines = np.where(shapely.get_dimensions(geoms) == 2, shapely.boundary(geoms), geoms)
    direct = shapely.distance(shapely.points(scattered(4000, 4)[found >= 0]), outlines[owner])
    np.testing.assert_array_equal(distance[found >= 0], direct)


def test_comparison_notices_when_a_line_is_moved_by_a_millimetre():
    lines, points = winding(30, 1), scattered(500, 4)
    moved = shapely.transform(lines, lambda c: c + [1e-3, 0.0])
    (_, exact), (_, distance) = both(points, lines)[0], both(points, moved)[1]
    assert np.abs(distance - exact).max() > 1e-4


def test_adjoining_polygons_are_named_by_the_lowest_row_where_they_share_the_nearest_edge():
    xs, ys = np.meshgrid(np.arange(12) * 100.0, np.arange(12) * 100.0)
    cells = shapely.box(xs.ravel(), ys.ravel() + FAR, xs.ravel() + 100, ys.ravel() + FAR + 100)
    points = np.random.default_rng(5).uniform(100, 1100, (3000, 2)) + [0.0, FAR]
    owner = OutlineChunks.of(cells).owner[assert_same(points, cells)[0]]
    touching = shapely.STRtree(cells).query(shapely.points(points), predicate="dwithin", distance=1e-3)
    assert (owner <= np.floor(points[:, 0] / 100) + 12 * np.floor((points[:, 1] - FAR) / 100)).all()
    assert touching.size


CASES = {
    "zero-length edge": ("LINESTRING (3 4, 3 4)", (0, 0), 5.0),
    "duplicate vertices": ("LINESTRING (0 0, 0 0, 8 0, 8 0, 8 6)", (4, 3), 3.0),
    "on a vertex": ("LINESTRING (0 0, 8 0, 8 6)", (8, 0), 0.0),
    "on an edge": ("LINESTRING (0 0, 8 6)", (4, 3), 0.0),
    "upright edge": ("LINESTRING (5 -9, 5 9)", (0, 0), 5.0),
    "level edge": ("LINESTRING (-9 5, 9 5)", (0, 0), 5.0),
    "beyond the end": ("LINESTRING (3 4, 9 12)", (0, 0), 5.0),
    "in the middle of an area": ("POLYGON ((0 0, 8 0, 8 6, 0 6, 0 0))", (4, 3), 3.0),
    "in a hole": ("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 7 2, 7 7, 2 7, 2 2))", (3, 4), 1.0),
    "one huge edge": ("LINESTRING (-9000000 -9000000, 9000000 9000000)", (1, 0), np.sqrt(0.5)),
    "several points": ("MULTIPOINT ((3 4), (6 8))", (0, 0), 5.0),
}


@pytest.mark.parametrize("name", CASES)
def test_distance_is_right_in_degenerate_cases(name):
    wkt, (x, y), expected = CASES[name]
    geom, point = np.array([None, shapely.Point(), shapely.from_wkt(wkt)]), np.array([[x, y]], dtype=float)
    found, distance = assert_same(point, geom)
    assert OutlineChunks.of(geom).owner[found[0]] == 2
    assert distance[0] == pytest.approx(expected, abs=1e-8)


def test_points_that_are_none_and_layers_that_are_empty_have_no_nearest():
    points = np.array([[np.nan, np.nan], [np.inf, 0.0], [0.0, 0.0]])
    assert assert_same(points, winding(2, 1))[0].tolist()[:2] == [-1, -1]
    for nothing in ([], [None], [shapely.LineString(), shapely.Polygon(), shapely.Point()]):
        found, distance = assert_same(points, nothing)
        assert found.tolist() == [-1, -1, -1] and np.isnan(distance).all()
    assert len(assert_same(np.empty((0, 2)), winding(2, 1))[0]) == 0


@pytest.mark.parametrize(("at_most_m", "within"), [(5.0, True), (np.nextafter(5.0, 0.0), False), (0.0, False)])
def test_reach_is_inclusive_to_the_last_bit(at_most_m, within):
    found, _ = assert_same(np.array([[0.0, 0.0]]), [shapely.LineString([(3, 4), (3, 9)])], at_most_m=at_most_m)
    assert (found[0] == 0) == within


lattice = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(
    st.lists(st.lists(lattice, min_size=2, max_size=24), min_size=1, max_size=12),
    st.lists(lattice, min_size=1, max_size=12),
    st.one_of(st.none(), st.integers(0, 4)),
)
@example([[(0, 0), (6, 6)], [(6, 6), (0, 0)], [(0, 0), (6, 6)]], [(3, 3), (0, 6), (1, 0)], None)
@example([[(2, 2), (2, 2)], [(2, 2), (2, 2)]], [(2, 2), (5, 6)], 5)
def test_engines_agree_where_everything_lies_on_grid_lines_and_ties_abound(lines, points, at_most_m):
    geoms = [shapely.transform(shapely.LineString(line), lambda c: c / 3 + [0.1, FAR]) for line in lines]
    assert_same(np.array(points) / 3 + [0.1, FAR], geoms, at_most_m=None if at_most_m is None else at_most_m / 3)


def test_one_huge_edge_among_small_ones_spoils_nothing():
    huge = shapely.LineString([(-4e6, FAR - 4e6), (5e6, FAR + 5e6)])
    found, _ = assert_same(scattered(1500, 21), [huge, *winding(60, 22)])
    assert 0 < (found == 0).sum() < 1500


def test_order_of_rows_changes_no_distance_and_no_owner_but_among_equals():
    lines, points = winding(90, 6), scattered(1500, 7)
    turned = np.random.default_rng(8).permutation(len(lines))
    found, distance = both(points, lines)[1]
    again, same = both(points, lines[turned])[1]
    np.testing.assert_array_equal(same, distance)
    assert (turned[OutlineChunks.of(lines[turned]).owner[again]] == OutlineChunks.of(lines).owner[found]).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shape_of_the_tree_changes_nothing(seed, monkeypatch):
    geoms, points = np.concatenate([stars(60, 18), winding(40, 19)]), scattered(800, 20)
    expected = both(points, geoms, at_most_m=900.0)[1]
    rng = np.random.default_rng(seed)
    monkeypatch.setattr("cdgis.geometry.kernels.nearest.along_curve", lambda places, _: rng.permutation(len(places)))
    for before, after in zip(expected, both(points, geoms, at_most_m=900.0)[1], strict=True):
        np.testing.assert_array_equal(before, after)


def test_outlines_from_flat_arrays_are_those_of_the_shapes():
    shapes = np.array([*stars(30, 9), None, shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 0, 4, 1)])])
    flat, direct = ring_chunks(FlatPolygons.of(shapes)), OutlineChunks.of(shapes)
    assert shapely.equals_exact(flat.shapes(), direct.shapes()).all()
    assert flat.owner.tolist() == direct.owner.tolist()


def test_stretches_have_at_most_eight_edges_and_miss_none():
    lines = [shapely.LineString([(i, i % 3) for i in range(n)]) for n in (2, 9, 10, 17, 18, 40)]
    made = OutlineChunks.of(np.array(lines))
    assert (made.last - made.first).max() == stretches.EDGES
    assert np.bincount(made.owner, weights=made.last - made.first).tolist() == [1, 8, 9, 16, 17, 39]


@given(st.lists(st.lists(lattice, min_size=1, max_size=9), min_size=1, max_size=9), lattice)
@example([[(2, 2), (2, 2)], [(0, 0), (6, 0), (6, 0)], [(3, 1)]], (2, 2))
def test_feet_are_the_ends_of_shapelys_shortest_lines(lines, point):
    shapes = np.array([(shapely.LineString if len(line) > 1 else shapely.Point)(line) for line in lines])
    shapes = shapely.transform(shapes, lambda c: c / 3 + [0.1, FAR])
    at = np.repeat(np.array([point]) / 3 + [0.1, FAR], len(shapes), axis=0)
    made = OutlineChunks.of(shapes)
    order = np.argsort(made.owner)
    found = projection_points(at, made.only(order))
    np.testing.assert_array_equal(found, projection_points(at, made.only(order), engine=Engine.COMPILED))
    links = shapely.get_coordinates(shapely.shortest_line(shapely.points(at), shapes)).reshape(-1, 4)
    np.testing.assert_allclose(found, links[:, 2:], rtol=0, atol=2e-9)


def test_feet_of_many_points_are_the_ends_of_shapelys_shortest_lines():
    lines = winding(3000, 16, vertices=9)
    at = shapely.get_coordinates(shapely.centroid(lines)) + np.random.default_rng(17).normal(0, 60, (3000, 2))
    found = projection_points(at, OutlineChunks.of(lines))
    np.testing.assert_array_equal(found, projection_points(at, OutlineChunks.of(lines), engine=Engine.COMPILED))
    links = shapely.get_coordinates(shapely.shortest_line(shapely.points(at), lines)).reshape(-1, 4)
    np.testing.assert_allclose(found, links[:, 2:], rtol=0, atol=2e-9)


@pytest.mark.parametrize("seed", range(4))
def test_places_on_outlines_looked_at_whole_are_those_a_tree_of_each_finds(seed):
    rng = np.random.default_rng(seed)
    stars = [shapely.transform(shapely.Point(0, 0).buffer(9, quad_segs=int(n)), lambda c: np.round(c) + [0.1, FAR]) for n in rng.integers(1, 40, 9)]
    squares = [shapely.box(*np.r_[xy, xy + 4] + [0, FAR, 0, FAR]) for xy in rng.integers(-9, 9, (6, 2))]
    areas = np.array([*stars, *squares, shapely.MultiPolygon([stars[0], shapely.box(20, FAR, 22, FAR + 2)])], dtype=object)
    at, owner = rng.integers(-20, 20, (400, 2)) / 2 + [0.0, FAR], rng.integers(0, len(areas), 400)
    found = places_on_outlines(at, owner, OutlineChunks.of(areas))
    for one in range(len(areas)):
        rows, outline = np.flatnonzero(owner == one), OutlineChunks.of(areas[[one]])
        for engine in Engine:
            chunk, _ = nearest_chunk(at[rows], outline, engine=engine)
            np.testing.assert_array_equal(found[rows], projection_points(at[rows], outline.only(chunk), engine=engine))


def city_points(count, seed):
    rng = np.random.default_rng(seed)
    lonlat = shapely.points(rng.uniform(117.2, 118.4, count), rng.uniform(40.6, 41.4, count))
    return geodesy.geometries_to_local(lonlat)


def city_zones(count, seed):
    rng = np.random.default_rng(seed)
    centre = shapely.points(rng.uniform(117.2, 118.4, count), rng.uniform(40.6, 41.4, count))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(centre)))
    return geodesy.geometries_to_local(cells)


def test_twenty_thousand_points_have_the_same_zones_and_distances_from_both_engines():
    zones, points = city_zones(60, 10), city_points(20_000, 11)
    among = np.arange(60) % 3 != 0
    found = [OutlineIndex.of(zones, engine=engine).nearest(points, among) for engine in Engine]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert among[found[0][0]].all() and (found[0][1] >= 0).all()


def test_subjects_of_all_kinds_keep_their_places_when_points_go_another_way():
    zones, points = city_zones(20, 12), city_points(30, 13)
    mixed = points.copy()
    mixed[::3] = shapely.buffer(points[::3], 50.0)
    mixed[2] = shapely.Point()
    mixed[1] = shapely.MultiPoint(points[[1, 2]].tolist())
    answers = []
    for engine in Engine:
        answers.append(OutlineIndex.of(zones, engine=engine).nearest(mixed, np.ones(20, dtype=bool), at_most_m=3000.0))
    for plain, fast in zip(*answers, strict=True):
        np.testing.assert_array_equal(plain, fast)
    assert answers[0][0][2] == -1 and (answers[0][0] >= 0).any() and np.isnan(answers[0][1]).sum() > 1


def test_threads_of_the_caller_may_share_one_index():
    zones, points = city_zones(20, 14), city_points(600, 15)
    index = OutlineIndex.of(zones, engine=Engine.COMPILED)
    among = [np.arange(20) % 4 == k for k in range(4)]
    alone = [index.nearest(points, one) for one in among]
    with PlaneThreads(4) as pool:
        together = list(pool.map(lambda one: index.nearest(points, one), among))
    for (zone, distance), (zone2, distance2) in zip(alone, together, strict=True):
        np.testing.assert_array_equal(zone, zone2)
        np.testing.assert_array_equal(distance, distance2)


@given(st.integers(0, 10_000), st.floats(0, 6.3))
def test_which_of_neighbours_is_named_never_hangs_on_the_last_bits(seed, turn):
    # Three roads that leave one junction: points nearest to the junction name the first, however the lines were rounded.
    rng = np.random.default_rng(seed)
    away = turn + np.linspace(0, 0.5, 3)
    roads = [shapely.LineString([(0, FAR), (5000 * np.cos(a), FAR + 5000 * np.sin(a))]) for a in away]
    noise = rng.normal(0, 1e-9, 3)
    roads = [shapely.transform(road, lambda c, d=d: c + d) for road, d in zip(roads, noise, strict=True)]
    points = np.array([[-r * np.cos(turn + 0.25), FAR - r * np.sin(turn + 0.25)] for r in (1e-3, 1.0, 300.0)])
    found, _ = assert_same(points, roads)
    assert OutlineChunks.of(np.asarray(roads, dtype=object)).owner[found].tolist() == [0, 0, 0]
    index = OutlineIndex.of(np.asarray(roads, dtype=object), engine=Engine.PLAIN)
    squares = shapely.buffer(shapely.points(points[1:]), 0.2, cap_style="square")
    assert index.nearest(squares, np.ones(3, dtype=bool))[0].tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(30))
def test_chunks_of_polygons_are_those_of_their_outlines(seed):
    rng = np.random.default_rng(seed)
    solid = shapely.buffer(shapely.points(rng.uniform(0, 9, (40, 2))), rng.uniform(0.1, 1, 40), quad_segs=int(rng.integers(1, 6)))
    holed = shapely.difference(solid[:20], shapely.buffer(shapely.centroid(solid[:20]), 0.05))
    several = shapely.multipolygons(list(rng.choice(solid, 3)))
    odd = [shapely.Polygon(), shapely.MultiPolygon(), shapely.force_3d(solid[0], 2.0), several]
    shapes = rng.permutation(np.array([*solid, *holed, *odd], dtype=object))[: int(rng.integers(1, 60))]
    lines = shapely.boundary(shapes)
    direct, outlined = OutlineChunks.of(shapes), OutlineChunks.of(lines)
    for part in ("xy", "first", "last", "owner"):
        assert np.array_equal(getattr(direct, part), getattr(outlined, part)) and getattr(direct, part).dtype == getattr(outlined, part).dtype
