"""Laws of flow and network that hold on any terrain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.errors import NetworkError
from cdgis.geometry.geodesy import cell_areas_m2
from cdgis.rivers.drainage_tree import grow_forest
from cdgis.rivers.flow import FlowGrid, flow_from_elevation
from cdgis.rivers.network import Network, network_from_flow
from cdgis.rivers.snap import Snapper
from cdgis.rivers.trace import Velocity
from tests.reference.drainage import receivers

EDGE_DEG = 1 / 120


def grid_of(elevation_m: np.ndarray) -> FlowGrid:
    rows, columns = elevation_m.shape
    return flow_from_elevation(
        elevation_m,
        lon_edges_deg=117 + EDGE_DEG * np.arange(columns + 1),
        lat_edges_deg=41 - EDGE_DEG * np.arange(rows + 1),
    )


def network_of(grid: FlowGrid, stream_km2: float = 2.0) -> Network:
    return network_from_flow(grid, stream_km2=stream_km2, accuracy_m=500, source="测试")


@st.composite
def terrains(draw) -> np.ndarray:
    """Rough ground with pits, flats (whole metres) and a general slope."""
    seed = draw(st.integers(0, 10_000))
    rows, columns = draw(st.integers(6, 18)), draw(st.integers(6, 18))
    rough, slope = draw(st.sampled_from([0, 3, 30])), draw(st.sampled_from([0, 1, 8]))
    rng = np.random.default_rng(seed)
    ground = rng.normal(0, rough, (rows, columns)) + slope * np.arange(columns)
    return np.round(ground).astype(np.float32)


laws = settings(max_examples=30, deadline=None, derandomize=True)


@laws
@given(terrains())
def test_area_at_every_outlet_is_the_area_of_its_basin(elevation_m):
    grid = grid_of(elevation_m)
    outlets = np.flatnonzero(grid.receiver == np.arange(elevation_m.size))
    basin = grid.catchments(outlets).ravel()
    cell_km2 = np.repeat(cell_areas_m2(grid.lat_edges_deg, EDGE_DEG) / 1e6, elevation_m.shape[1])
    assert (basin > 0).all()  # the basins partition the land
    per_basin = np.bincount(basin, weights=cell_km2, minlength=len(outlets) + 1)[1:]
    assert grid.upstream_km2.ravel()[outlets] == pytest.approx(per_basin, rel=1e-9)


@laws
@given(terrains())
def test_every_cell_drains_where_the_textbook_says(elevation_m):
    grid = grid_of(elevation_m)
    lat_deg = (grid.lat_edges_deg[:-1] + grid.lat_edges_deg[1:]) / 2
    outlets = grid.receiver == np.arange(elevation_m.size)
    theirs = receivers(elevation_m.astype(float), lat_deg, EDGE_DEG, outlets)
    assert grid.receiver.tolist() == theirs.tolist()


def test_a_point_on_a_confluence_is_met_from_every_branch():
    """A section where two streams meet belongs to the river below, for an event on one branch is never met from the other."""
    rows, columns = np.mgrid[0:21, 0:21]
    ground = (1000 - 5.0 * rows + 40.0 * np.minimum(np.abs(columns - rows * 0.5), np.abs(columns - 20 + rows * 0.5))).astype(np.float32)
    network = network_of(grid_of(ground), stream_km2=1.0)
    joined = np.flatnonzero(np.bincount(network.forest.receiver[network.donors], minlength=len(network.lon_deg)) > 1)
    joined = joined[~network.forest.is_outlet[joined]]
    assert len(joined) > 3
    snapped = Snapper(network).snap(network.lon_deg[joined], network.lat_deg[joined], limit_m=500)
    assert snapped.vertex.tolist() == joined.tolist()


def test_a_way_through_level_ground_is_straight():
    ground = np.full((9, 31), 50.0, dtype=np.float32)
    ground[4, 1:-1], ground[4, -1], ground[3:6, 0] = 10.0, 5.0, 90.0
    ground[2:7, 5:26] = 10.0
    grid = grid_of(ground)
    cell, steps = 4 * 31 + 1, 0
    while grid.receiver[cell] != cell:
        cell, steps = int(grid.receiver[cell]), steps + 1
        assert cell // 31 == 4
    assert steps == 29


@laws
@given(terrains(), st.integers(0, 10_000))
def test_upstream_and_downstream_are_each_others_mirror(elevation_m, pick):
    grid = grid_of(elevation_m)
    forest = grow_forest(grid.receiver.astype(np.int64), np.ones(elevation_m.size))
    p = pick % elevation_m.size
    below = set(forest.path(p).tolist())
    walked, at = {p}, p
    while forest.receiver[at] != at:
        at = int(forest.receiver[at])
        walked.add(at)
    assert below == walked
    for q in range(0, elevation_m.size, 7):
        assert bool(forest.is_downstream(np.int64(q), np.int64(p))) == (q in walked)
        assert (p in forest.path(q)) == bool(forest.is_downstream(np.int64(p), np.int64(q)))


@laws
@given(terrains())
def test_river_km_falls_strictly_downstream_and_areas_never_fall(elevation_m):
    grid = grid_of(elevation_m)
    network = network_of(grid, stream_km2=0.1)
    forest = network.forest
    inner = network.donors
    assert (forest.to_outlet_m[inner] > forest.to_outlet_m[forest.receiver[inner]]).all()
    assert (network.upstream_km2[forest.receiver[inner]] > network.upstream_km2[inner]).all()
    assert (forest.strahler[forest.receiver[inner]] >= forest.strahler[inner]).all()


@laws
@given(terrains())
def test_sums_over_the_forest_equal_sums_over_catchments(elevation_m):
    grid = grid_of(elevation_m)
    forest = grow_forest(grid.receiver.astype(np.int64), np.ones(elevation_m.size))
    cell_km2 = np.repeat(cell_areas_m2(grid.lat_edges_deg, EDGE_DEG) / 1e6, elevation_m.shape[1])
    assert forest.accumulate(cell_km2) == pytest.approx(grid.upstream_km2.ravel(), rel=1e-9)


@given(st.floats(0.01, 5), st.floats(0, 5), st.floats(0, 900), st.floats(0, 100))
def test_travel_time_grows_with_distance_and_falls_with_velocity(low, more, river_km, farther):
    slow = Velocity(low_m_per_s=low, high_m_per_s=low + more)
    fast = Velocity(low_m_per_s=low * 1.5, high_m_per_s=(low + more) * 1.5)
    early, late = slow.hours(np.array([river_km, river_km + farther]))
    assert (early <= late).all() and early[0] <= early[1] and late[0] <= late[1]
    assert all(a >= b for a, b in zip(slow.hours(np.array([river_km])), fast.hours(np.array([river_km])), strict=True))


def test_a_circle_is_refused():
    with pytest.raises(NetworkError, match="流向成环"):
        grow_forest(np.array([1, 2, 0, 3]), np.ones(4))


def test_strahler_order_rises_only_where_equals_meet():
    # 0 and 1 meet in 2; 3 joins in 4; 2 -> 4 -> 5 (outlet)
    forest = grow_forest(np.array([2, 2, 4, 4, 5, 5]), np.array([1.0, 2, 4, 8, 16, 0]))
    assert forest.strahler.tolist() == [1, 1, 2, 1, 2, 2]
    assert forest.to_outlet_m.tolist() == [21.0, 22.0, 20.0, 24.0, 16.0, 0.0]


def test_one_hour_at_one_metre_a_second_is_three_point_six_kilometres():
    assert Velocity.parse("0.5:1").hours(np.array([3.6])) == (pytest.approx([1.0]), pytest.approx([2.0]))
