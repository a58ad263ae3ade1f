"""Open ground and plots on it: sizes are those of the survey, nothing meets a zone or another plot, what is left over stays whole."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, metres

from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_in_distance_plane
from cdgis.siting.clearance import SETBACK_M, ObstacleUnions, Obstruction
from cdgis.siting.plots import OpenGround, _cut, _middle, _plot

few = settings(max_examples=12)
NONE = np.empty(0, dtype=object)


def m2(*shapes: shapely.Geometry) -> float:
    return float(geodesy.survey_area_m2(np.array(shapes, dtype=object)).sum())


def shared_m2(one: shapely.Geometry, other: shapely.Geometry) -> float:
    met = shapely.intersection(one, other)
    return m2(met) if met.area else 0.0


def ground(area: shapely.Geometry, *zones: shapely.Geometry, least_width_m: float = 20.0) -> OpenGround:
    return OpenGround.of(area, np.array(zones, dtype=object) if zones else NONE, least_width_m=least_width_m)


@few
@given(st.floats(50, 900), st.floats(50, 900), st.floats(100, 900))
def test_what_a_zone_leaves_is_open_but_for_the_setback(zone_x, zone_y, height):
    """A zone in the lower left corner of a rectangle 1000 m wide."""
    area, zone = metres(0, 0, 1000, height + 100), metres(-50, -50, zone_x, min(zone_y, height))
    found = ground(area, zone, least_width_m=1.0)
    assert found.prohibited_m2 == pytest.approx(m2(area) - m2(shapely.difference(area, zone)), rel=1e-6, abs=0.5)
    assert -0.5 <= m2(shapely.difference(area, zone)) - found.total_m2 <= (zone_x + zone_y + 4 * SETBACK_M) * SETBACK_M * 1.01
    assert found.block_m2 == pytest.approx(found.total_m2) and len(found.blocks) == 1
    block = geodesy.geometries_from_local(found.blocks)[0]
    plane = geodesy.geometries_to_plane(np.array([block, zone], dtype=object))
    assert shapely.distance(*plane) == pytest.approx(SETBACK_M, rel=1e-2)


def test_ground_without_zones_is_open_whole_and_a_zone_over_all_leaves_nothing():
    area = metres(0, 0, 500, 400)
    whole, shut = ground(area), ground(area, metres(-10, -10, 510, 410))
    assert whole.prohibited_m2 == 0 and whole.total_m2 == whole.block_m2 == pytest.approx(m2(area), rel=1e-9)
    assert shut.prohibited_m2 == pytest.approx(m2(area), rel=1e-9) and shut.total_m2 == shut.block_m2 == 0 and not len(shut.blocks)
    assert ground(area, shapely.LineString([(117.4, 41.3), (117.6, 41.5)])).prohibited_m2 == 0  # a line takes no ground


@pytest.mark.parametrize(("gap_m", "open_"), [(1e-4, False), (30.0, True)])
def test_a_hairline_that_a_zone_leaves_is_not_open_ground(gap_m, open_):
    area = metres(0, 0, 1000, 1000)
    found = ground(area, metres(-5, -5, 1000 - gap_m, 1005), least_width_m=0.01)
    assert (found.prohibited_m2 < m2(area) * (1 - 1e-6)) == open_


@pytest.mark.parametrize(("width", "kept"), [(19.0, False), (21.0, True)])
def test_strips_narrower_than_the_least_width_are_no_building_ground(width, kept):
    strip = shapely.union(shapely.box(0, 0, 300, 300), shapely.box(300, 100, 900, 100 + width))
    found = ground(from_metres(strip), least_width_m=20.0)
    assert found.total_m2 == pytest.approx(90_000 + (600 * width if kept else 0), rel=2e-3)


def test_blocks_are_the_connected_pieces_the_largest_first():
    found = ground(metres(0, 0, 1000, 300), metres(300, -10, 350, 310))
    sizes = [m2(block) for block in geodesy.geometries_from_local(found.blocks)]
    assert len(sizes) == 2 and sizes[0] > 1.5 * sizes[1] and found.block_m2 == pytest.approx(sizes[0]) and found.total_m2 == pytest.approx(sum(sizes))


@few
@given(st.integers(0, 10_000), st.floats(0.001, 0.98))
def test_a_plot_has_its_size_and_stands_on_the_largest_block(seed, share):
    rng = np.random.default_rng(seed)
    area = metres(0, 0, rng.uniform(200, 900), rng.uniform(200, 900))
    zone = metres(*(x := rng.uniform(-100, 500, 2)), *(x + rng.uniform(30, 400, 2)))
    found = ground(area, zone)
    plot = found.plot(share * found.block_m2)
    assert m2(plot) == pytest.approx(share * found.block_m2, rel=2e-6)
    block = geodesy.geometries_from_local(found.blocks[:1])[0]
    assert shared_m2(plot, block) == pytest.approx(m2(plot), rel=1e-6) and plot.geom_type == "Polygon"


def test_a_small_plot_in_the_open_is_a_square_in_the_middle():
    plot = ground(metres(0, 0, 1000, 1000)).plot(10_000)
    corner, opposite = geodesy.to_plane(*plot.bounds[:2]), geodesy.to_plane(*plot.bounds[2:])
    assert np.subtract(opposite, corner) == pytest.approx([100, 100], rel=0.02)
    assert plot.centroid.distance(metres(0, 0, 1000, 1000).centroid) < 2e-4


def test_a_plot_larger_than_any_block_stands_on_whatever_ground_there_is():
    """It is judged there, and the judge says why not."""
    area = metres(0, 0, 400, 400)
    found = ground(area, metres(-10, -10, 300, 410))
    plot = found.plot(2 * found.block_m2)
    assert m2(plot) == pytest.approx(2 * found.block_m2, rel=1e-4) and shared_m2(plot, area) == pytest.approx(m2(plot), rel=1e-6)
    assert m2(found.plot(1e9)) == pytest.approx(m2(area), rel=1e-6)
    assert m2(found.plot(found.block_m2)) == pytest.approx(found.block_m2, rel=1e-6)
    apart = shapely.union(metres(0, 0, 50, 50), metres(100, 0, 300, 200))
    assert m2(ground(apart, metres(-10, -10, 400, 400)).plot(1e9)) == pytest.approx(200 * 200, rel=1e-3)


@few
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_plots_have_their_sizes_and_meet_nothing(seed, count):
    rng = np.random.default_rng(seed)
    area = metres(0, 0, rng.uniform(300, 1200), rng.uniform(300, 1200))
    taken = [metres(*(x := rng.uniform(0, 800, 2)), *(x + rng.uniform(50, 200, 2))) for _ in range(rng.integers(0, 3))]
    found = ground(area, metres(-10, -10, 60, 2000))
    wanted = (rng.dirichlet(np.ones(count)) * found.total_m2 * rng.uniform(0.2, 1.5)).tolist()
    plots = found.plots(wanted, taken)
    placed = [(size, plot) for size, plot in zip(wanted, plots, strict=True) if plot is not None]
    open_ = shapely.union_all(geodesy.geometries_from_local(found.blocks))
    for i, (size, plot) in enumerate(placed):
        assert m2(plot) == pytest.approx(size, rel=5e-5)
        assert shared_m2(plot, open_) == pytest.approx(size, rel=1e-4)
        assert max((shared_m2(plot, other) for other in [*taken, *(p for _, p in placed[:i])]), default=0.0) < 0.5  # of edges that bend
    free = found.total_m2 - sum(shared_m2(shape, open_) for shape in taken)
    if not taken and sum(wanted) <= 0.999 * free:
        assert None not in plots
    if min(wanted) > found.total_m2:
        assert plots == [None] * count


def test_where_everything_is_taken_there_is_no_plot():
    area = metres(0, 0, 200, 200)
    assert ground(area).plots([100.0, 200.0], [metres(-1, -1, 201, 201)]) == [None, None]
    assert ground(area, metres(-50, -50, 250, 250)).plots([1.0], []) == [None]
    assert ground(area).plots([], []) == []


def test_the_ground_is_cut_across_its_longer_side():
    """Two halves of a long rectangle: both plots keep the whole width."""
    plots = ground(metres(0, 0, 1000, 200)).plots([99_000.0, 99_000.0], [])
    for plot in plots:
        west, south = geodesy.to_plane(*plot.bounds[:2])
        east, north = geodesy.to_plane(*plot.bounds[2:])
        assert east - west == pytest.approx(500, rel=0.03) and north - south == pytest.approx(200, rel=0.03)


@pytest.mark.parametrize("seed", [28, 33, 312])
def test_ground_is_cut_the_other_way_where_only_that_has_room_for_all(seed):
    rng = np.random.default_rng(seed)
    area = metres(0, 0, *rng.uniform(100, 600, 2))
    parts = rng.dirichlet(np.ones(rng.integers(2, 6)))
    taken = [metres(*(x := rng.uniform(0, 400, 2)), *(x + rng.uniform(50, 300, 2))) for _ in range(rng.integers(1, 3))]
    found = ground(area, least_width_m=1.0)
    free = m2(shapely.difference(area, shapely.union_all(taken)))
    plots = found.plots([part * free * rng.uniform(0.9, 1.0) for part in parts], taken)
    assert len(plots) == len(parts) > 1 and None not in plots


@pytest.mark.parametrize("seed", range(12))
def test_plots_given_out_in_turns_are_whole_polygons_that_do_not_meet(seed):
    """Two kinds of enterprise, each with open ground of its own in one park: whoever comes later builds beside rounded borders."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform([116.5, 40.5], [118.8, 42.2])
    park = shapely.Point(centre).buffer(rng.uniform(0.01, 0.02))
    discs = [shapely.Point(centre + rng.normal(0, 0.01, 2)).buffer(rng.uniform(0.001, 0.004), quad_segs=rng.integers(2, 20)) for _ in range(5)]
    grounds = [ground(park), ground(park, *discs[:3])]
    taken: list[shapely.Geometry] = []
    for turn in range(8):
        found = grounds[turn % 2].plots(list(rng.uniform(1e4, 2e5, rng.integers(1, 4))), taken)
        taken += [plot for plot in found if plot is not None]
    assert len(taken) > 5 and all(plot.geom_type == "Polygon" and plot.is_valid for plot in taken)
    plane = geodesy.geometries_to_plane(np.array(taken, dtype=object))
    one, other = shapely.STRtree(plane).query(plane)
    assert shapely.area(shapely.intersection(plane[one], plane[other]))[one != other].max(initial=0) < 1e-3


TRAP = [
    (4404697271, 9785452535), (3805524984, 9783183387), (3797412874, 10999353100), (3789300266, 12215522553), (5130442500,
    12220597562), (6471585077, 12225656945), (7812727996, 12230700701), (7817501845, 11508394804), (7823614954, 10583414096),
    (9332338742, 10589069226), (10841062960, 10594704581), (10834992530, 11519685654), (10830252009, 12241991837), (10830252009,
    12241991837), (10830582500, 12191636230), (12552593222, 12198044281), (12211251638, 11600695672), (12211251108, 11600694744),
    (11550924280, 10445155452), (11516807489, 10385451546), (11516807461, 10385451498), (11516806936, 10385450579), (10825472523,
    9175670679), (9791667549, 9175670643), (9791666597, 9175670643), (9661449693, 9175671158), (9350055663, 9175671793), (9347619227,
    9545661722), (7808171479, 9539891455), (7802795314, 10353367758), (7794321737, 11635450311), (6093390426, 11629050552),
    (4392459665, 11622625658), (4400999931, 10340543681), (4404697271, 9785452535),
]  # fmt: skip
HAIR = [(4404697271, 9785452535), (4404697359, 9785452535), (4409539646, 9058461415), (4404697271, 9785452535)]
"""1e-12 degrees from 117.06 E, 41.32 N: a plot that was handed out, and a hairline beside it which meets it in one point only."""


def torn() -> shapely.MultiPolygon:
    rings = [[(round(117.06 + x * 1e-12, 12), round(41.32 + y * 1e-12, 12)) for x, y in ring] for ring in (TRAP, HAIR)]
    return shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings])


def test_ground_valid_in_degrees_and_torn_in_the_distance_plane_is_cut_all_the_same():
    (local,) = geodesy.geometries_to_local(np.array([torn()]))
    with pytest.raises(shapely.errors.GEOSException):  # what every cut below would meet
        shapely.union_all([local])
    around = shapely.box(*torn().buffer(0.002).bounds)
    open_ground = ground(around, torn())
    (plot,) = ground(around).plots([1e4], [torn()])
    assert open_ground.total_m2 < m2(around) - m2(torn()) and plot is not None and not shapely.intersects(plot, torn().buffer(-1e-6))
    assert not shapely.is_empty(Obstruction.of(np.array([torn()])).bare)
    (whole,) = valid_in_distance_plane(np.array([torn()]))
    assert whole.is_valid and whole.area == pytest.approx(local.area, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_obstacles_asked_for_before_are_those_asked_for_alone(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 400, (2, 12))
    zones = np.array([metres(a, b, *rng.uniform(20, 200, 2)) for a, b in zip(x, y, strict=True)], dtype=object)
    zones[:4] = [shapely.centroid(zones[0]), shapely.centroid(zones[1]), shapely.boundary(zones[2]), zones[3]]
    kept = ObstacleUnions()
    for _ in range(12):
        asked = zones[np.flatnonzero(rng.random(12) < 0.5)]
        for ours, alone in zip(kept.of(asked), ObstacleUnions().of(asked.copy()), strict=True):
            assert shapely.equals_identical(ours, alone)


@pytest.mark.parametrize("seed", range(40))
def test_a_cut_leaves_on_its_lower_side_what_is_asked_for(seed):
    """Polygons with holes, far from the origin, cut across and along, at vertices and between."""
    rng = np.random.default_rng(seed)
    discs = shapely.buffer(shapely.points(rng.uniform(0, 900, (4, 2))), rng.uniform(100, 400, 4), quad_segs=int(rng.integers(1, 9)))
    holes = shapely.buffer(shapely.points(rng.uniform(0, 900, (3, 2))), rng.uniform(5, 90, 3), quad_segs=2)
    whole = max(shapely.get_parts(shapely.difference(shapely.union_all(discs), shapely.union_all(holes))), key=shapely.area)
    block = shapely.transform(whole if seed % 2 else shapely.reverse(whole), lambda xy: xy + [438_000, 4_560_000])
    west, south, east, north = block.bounds
    xs = shapely.get_coordinates(block)
    for across in (True, False):
        low, high = (west, east) if across else (south, north)
        for at in (*rng.uniform(low, high, 3), *rng.choice(xs[:, 0 if across else 1], 3)):
            box = shapely.box(west, south, at, north) if across else shapely.box(west, south, east, at)
            wanted = float(shapely.area(shapely.intersection(block, box)))
            cut = _cut(block, wanted, across=across)
            box = shapely.box(west, south, cut, north) if across else shapely.box(west, south, east, cut)
            assert shapely.area(shapely.intersection(block, box)) == pytest.approx(wanted, abs=1e-4) and low <= cut <= high


@pytest.mark.parametrize("seed", range(25))
def test_a_plot_is_the_least_square_found_by_halving(seed):
    rng = np.random.default_rng(seed)
    discs = shapely.buffer(shapely.points(rng.uniform(0, 500, (4, 2))), rng.uniform(60, 200, 4), quad_segs=3)
    block = max(shapely.get_parts(shapely.union_all(discs)), key=shapely.area)
    wanted = float(rng.uniform(0.01, 0.999)) * block.area
    found, centre = _plot(block, wanted), _middle(block)

    def piece(half: float) -> shapely.Geometry:
        parts = shapely.get_parts(shapely.intersection(block, shapely.box(centre.x - half, centre.y - half, centre.x + half, centre.y + half)))
        return parts[np.argmin(shapely.distance(parts, centre))]

    low, high = 0.0, 2000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if piece(middle).area >= wanted else (middle, high)
    assert found.area >= wanted - 1e-6 and shapely.area(shapely.symmetric_difference(found, piece(high))) < 1e-3


def test_plots_alone_are_each_the_plot_asked_for_alone():
    found = ground(metres(0, 0, 700, 500), metres(-10, -10, 90, 300))
    sizes = [4000.0, 90_000.0, 1e9, 4000.0]
    assert [one.wkt for one in found.plots_alone(sizes)] == [found.plot(size).wkt for size in sizes]
