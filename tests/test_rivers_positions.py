"""Positions on a network against plain walking: what lies below, what lies above, and which streams a place drains to."""

from dataclasses import replace
from types import SimpleNamespace

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapes import zone_layer
from test_rivers_laws import EDGE_DEG, grid_of, network_of, terrains

from cdgis.core.errors import NetworkError, UsageError
from cdgis.rivers.flow import flow_from_elevation
from cdgis.rivers.flow_cache import derived_flow, keep_flow, kept_flow, same_flow
from cdgis.rivers.lines import Elevation
from cdgis.rivers.network import Network
from cdgis.rivers.receptors import Jurisdictions
from cdgis.rivers.snap import Snapper
from cdgis.rivers.spill_trace import parse_place
from cdgis.rivers.terrain import above_stream_m, read_ground
from cdgis.rivers.trace import downstream_events, only_target, upstream_origins
from cdgis.rivers.trace_end import EDGE_OF_DATA, NO_ELEVATION, TraceEnd, counties_beyond, end_of_trace


def walked(network: Network, vertex: int) -> list[int]:
    """The vertices from one to its outlet, step by step."""
    way = [vertex]
    while network.forest.receiver[way[-1]] != way[-1]:
        way.append(int(network.forest.receiver[way[-1]]))
    return way


def positions(network: Network, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random positions on segments, some of them on vertices, the last one nowhere."""
    vertex = rng.integers(0, len(network.lon_deg), count)
    share = rng.choice([0.0, 0.25, 0.5, 0.9], count)
    vertex[-1] = -1
    return vertex, np.where(vertex >= 0, network.forest.to_outlet_m[vertex] - share * network.step_m[vertex], np.nan)


def reached(network: Network, upper: tuple[int, float], lower: tuple[int, float]) -> bool:
    return upper[0] >= 0 and lower[0] in walked(network, upper[0]) and lower[1] <= upper[1]


def events(vertex: np.ndarray, position: np.ndarray) -> pd.DataFrame:
    ids = [f"E{number}" for number in range(len(vertex))]
    return pd.DataFrame({"kind": "监测断面", "receptor_id": ids, "name": ids, "vertex": vertex, "to_outlet_m": position, "offset_m": 0.0})


@given(terrains(), st.integers(0, 10_000))
def test_what_lies_below_and_above_is_what_walking_finds(elevation_m, seed):
    network = network_of(grid_of(elevation_m), stream_km2=0.1)
    rng = np.random.default_rng(seed)
    origin, start = positions(network, rng, 12)
    at, place = positions(network, rng, 25)
    at, place = np.append(at[:-1], origin[:4]), np.append(place[:-1], start[:4])  # some stand just where an origin is
    rows = downstream_events(network, events(at, place), origin, start)
    theirs = {(o, f"E{e}") for o in range(len(origin)) for e in range(len(at)) if reached(network, (origin[o], start[o]), (at[e], place[e]))}
    assert set(zip(rows["origin"], rows["receptor_id"], strict=True)) == theirs and len(rows) == len(theirs)
    assert rows["river_km"].to_numpy() == pytest.approx(
        [(start[row.origin] - place[int(row.receptor_id[1:])]) / 1000 for row in rows.itertuples()]
    )
    for e in range(0, len(at), 5):
        above = upstream_origins(network, int(at[e]), float(place[e]), at=origin, position_m=start)
        assert set(above) == {o for o in range(len(origin)) if reached(network, (origin[o], start[o]), (at[e], place[e]))}
        assert (np.diff(start[above]) >= 0).all()


@given(terrains(), st.integers(0, 10_000))
def test_events_below_are_those_sorted_row_by_row(elevation_m, seed):
    network, rng = network_of(grid_of(elevation_m), stream_km2=0.1), np.random.default_rng(seed)
    (origin, start), (at, place) = positions(network, rng, 8), positions(network, rng, 30)
    origin = np.where(rng.random(len(origin)) < 0.2, -1, origin)
    kinds, ids = rng.choice(["水库", "断面", "村"], len(at)), rng.choice(["甲", "乙", "B2", "B10"], len(at))
    far = rng.choice([0.0, 5.0, 7.5], len(at))
    met = pd.DataFrame({"kind": kinds, "receptor_id": ids, "vertex": at, "to_outlet_m": place, "offset_m": far, "number": range(len(at))})
    met = pd.concat([met, met.iloc[::3].assign(number=-1)], ignore_index=True)  # some are met twice at one place
    rows = [
        (o, event.kind, event.receptor_id, event.offset_m, (start[o] - event.to_outlet_m) / 1000, event.number)
        for o in range(len(origin)) for event in met.itertuples()
        if origin[o] >= 0 and network.forest.is_downstream(np.int64(event.vertex), origin[o]) and event.to_outlet_m <= start[o]
    ]  # fmt: skip
    nearest = {}
    for row in sorted(rows, key=lambda row: row[:5]):
        nearest.setdefault(row[:3], row)
    expected = sorted(nearest.values(), key=lambda row: (row[0], row[4], row[1], row[2]))
    found = downstream_events(network, met, origin, start)
    assert list(found[["origin", "kind", "receptor_id", "offset_m", "river_km", "number"]].itertuples(index=False, name=None)) == expected
    assert list(found.columns) == [*met.columns, "origin", "river_km"] and list(found.index) == list(range(len(found)))



@given(terrains(), st.integers(0, 10_000))
def test_a_place_drains_to_what_its_way_down_meets_or_what_joins_just_above(elevation_m, seed):
    network = network_of(grid_of(elevation_m), stream_km2=1.5)
    snapper, grid = Snapper(network), network.grid
    rng = np.random.default_rng(seed)
    cells = rng.integers(-1, elevation_m.size, 40)
    lon, lat = grid.centres(cells)
    lon = np.where(cells < 0, 10.0, lon)  # outside the elevation
    vertex = rng.integers(0, len(network.lon_deg), 40)
    for place in range(40):
        cell = int(cells[place])
        while cell >= 0 and network.vertex_of_cell[cell] >= 0 and grid.upstream_km2.ravel()[cell] < 1.5:
            cell = int(grid.receiver[cell])
        own = -1 if cells[place] < 0 or network.vertex_of_cell[cells[place]] < 0 else network.vertex_of_cell[cell]
        up = walked(network, int(vertex[place]))
        apart = network.forest.to_outlet_m[vertex[place]] - network.forest.to_outlet_m[own]
        for limit in (apart, apart - 1e-6, apart + 1e-6):
            theirs = own >= 0 and (vertex[place] in walked(network, int(own)) or (own in up and apart <= limit))
            ours = snapper._drains(lon[place : place + 1], lat[place : place + 1], vertex[place : place + 1], float(limit))
            assert bool(ours[0]) == theirs


def test_a_nearer_stream_behind_a_divide_is_passed_over_and_said():
    """Two valleys; a place on the far slope of the ridge is nearer to the other valley's stream."""
    columns = np.arange(24.0)
    ridge = np.where(columns <= 17, 20.0 * np.abs(columns - 3), 93.0 * np.abs(columns - 20))  # the divide stands in column 17
    ground = (1000 - 4.0 * np.arange(20)[:, None] + ridge).astype(np.float32)
    network = network_of(grid_of(ground), stream_km2=4.0)
    snapper = Snapper(network)
    lon, lat = network.grid.centres(np.array([15 * 24 + 16]))
    far = snapper.snap(lon, lat, limit_m=20_000.0)
    assert far.vertex[0] >= 0 and far.behind_divide[0]
    nearest = min(snapper.candidates(float(lon[0]), float(lat[0])), key=lambda c: c.offset_m)
    assert not nearest.drains_here and nearest.offset_m < far.offset_m[0]
    refused = snapper.snap(lon, lat, limit_m=float(nearest.offset_m) + 1)
    assert refused.vertex[0] == -1 and refused.behind_divide[0] and refused.offset_m[0] == pytest.approx(nearest.offset_m)


@pytest.mark.parametrize(("by_id", "by_name"), [("E1", "甲"), ("E2", "乙")])
def test_a_trace_to_a_target_ends_there_by_number_or_name(by_id, by_name):
    known = events(np.arange(4), np.zeros(4)).assign(name=["子", "甲", "乙", "丙"])
    rows = known.iloc[:3].assign(river_km=[1.0, 2.0, 3.0])
    count = int(by_id[1:]) + 1
    assert only_target(rows, known, by_id)["receptor_id"].tolist() == only_target(rows, known, by_name)["receptor_id"].tolist() == [
        f"E{number}" for number in range(count)
    ]  # fmt: skip
    with pytest.raises(NetworkError, match="没有编号或名称为“丁”"):
        only_target(rows, known, "丁")
    for absent in ("E3", "丙"):
        with pytest.raises(NetworkError, match="不在该点下游"):
            only_target(rows, known, absent)


@pytest.mark.parametrize("text", ["73,3", "136,54", "73,54", "117.94，40.97"])
def test_a_place_in_china_is_read(text):
    lon, lat = text.replace("，", ",").split(",")
    assert parse_place(text) == (float(lon), float(lat))


@pytest.mark.parametrize("text", ["72.999,40", "136.001,40", "117,2.999", "117,54.001", "40.97,117.94", "nan,40", "117,inf"])
def test_a_place_elsewhere_is_refused(text):
    with pytest.raises(UsageError, match="经度在前"):
        parse_place(text)


@pytest.mark.parametrize("text", ["滦河", "117.9", "1,2,3", "", "a,b"])
def test_what_is_no_pair_of_numbers_is_no_place(text):
    assert parse_place(text) is None


@given(st.floats(-60, 60), st.floats(-60, 60))
def test_slope_and_aspect_of_an_inclined_plane(east, south):
    """Metres of fall a cell: the slope is rise over run on the ellipsoid, the aspect where a ball would roll."""
    ground = (5000 - east * np.arange(9) - south * np.arange(9)[:, None]).astype(np.float32)
    grid = grid_of(ground)
    inside = read_ground(grid)
    lat = float((grid.lat_edges_deg[4] + grid.lat_edges_deg[5]) / 2)
    metres_east, metres_south = EDGE_DEG * 111_320 * np.cos(np.radians(lat)), EDGE_DEG * 111_050
    assert grid.filled_m[4, 4] == ground[4, 4]
    fall = np.hypot(east / metres_east, south / metres_south)
    assert inside.slope_deg[4, 4] == pytest.approx(np.degrees(np.arctan(fall)), rel=0.01, abs=1e-3)
    if fall > 1e-3:
        roll = np.degrees(np.arctan2(east / metres_east, -south / metres_south)) % 360
        assert abs((inside.aspect_deg[4, 4] - roll + 180) % 360 - 180) < 1.0
    height, slope, _ = inside.at(np.array([117 + 4.5 * EDGE_DEG, 10.0]), np.array([lat, lat]))
    assert height[0] == grid.filled_m[4, 4] and slope[0] == inside.slope_deg[4, 4] and np.isnan([height[1], slope[1]]).all()


@given(terrains())
def test_height_above_the_stream_is_the_difference_to_the_first_stream_cell_below(elevation_m):
    network = network_of(grid_of(elevation_m), stream_km2=1.5)
    grid, above = network.grid, above_stream_m(network).ravel()
    heights, area = grid.filled_m.ravel(), grid.upstream_km2.ravel()
    for cell in range(0, elevation_m.size, 5):
        at = cell
        while area[at] < 1.5 and grid.receiver[at] != at:
            at = int(grid.receiver[at])
        assert (area[at] < 1.5 and np.isnan(above[cell])) or above[cell] == pytest.approx(float(heights[cell]) - float(heights[at]))


def test_no_stream_at_all_is_an_error_that_says_what_to_lower():
    with pytest.raises(NetworkError, match="stream_km2"):
        network_of(grid_of(np.arange(36.0).reshape(6, 6)), stream_km2=1e6)


@given(terrains(), st.integers(0, 10_000))
def test_a_filler_is_no_height(elevation_m, seed):
    holes = np.random.default_rng(seed).random(elevation_m.shape) < 0.1
    rows, columns = elevation_m.shape
    edges = {"lon_edges_deg": 117 + EDGE_DEG * np.arange(columns + 1), "lat_edges_deg": 41 - EDGE_DEG * np.arange(rows + 1)}
    filled = flow_from_elevation(np.where(holes, -9999, elevation_m), nodata=-9999, **edges)
    bare = flow_from_elevation(np.where(holes, np.nan, elevation_m), **edges)
    assert (filled.receiver == bare.receiver).all() and (np.isnan(filled.filled_m) == holes).all()
    low = flow_from_elevation(np.where(holes, -9999, elevation_m), **edges)
    assert not np.isnan(low.filled_m).any()


@pytest.mark.parametrize(("south", "east"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_trace_that_reaches_any_rim_of_the_elevation_ends_at_the_edge_of_the_data(south, east):
    row, column = np.mgrid[0:12, 0:12]
    across = np.abs(column - 5) if south else np.abs(row - 5)
    network = network_of(grid_of((500 - 5.0 * (south * row + east * column) + 40.0 * across).astype(np.float32)), stream_km2=20.0)
    start = int(np.argmax(network.forest.to_outlet_m))
    end = end_of_trace(network, start, float(network.forest.to_outlet_m[start]))
    assert end.reason == EDGE_OF_DATA and not end.is_cut and end.river_km == pytest.approx(network.forest.to_outlet_m[start] / 1000)


def test_a_trace_into_a_hole_ends_for_want_of_elevation():
    row, column = np.mgrid[0:14, 0:14]
    ground = (500 - 5.0 * row + 40.0 * np.abs(column - 6)).astype(np.float32)
    ground[10:12, 4:9] = np.nan
    network = network_of(grid_of(ground), stream_km2=30.0)
    start = int(np.argmax(network.forest.to_outlet_m))
    end = end_of_trace(network, start, float(network.forest.to_outlet_m[start]))
    assert end.reason == NO_ELEVATION and "至此无高程" in end.sentence


def test_a_height_is_that_of_the_cell_a_place_lies_in_and_none_outside():
    rows, columns = 5, 7
    values = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    ground = Elevation(values_m=values, lon_edges_deg=117 + 0.1 * np.arange(columns + 1), lat_edges_deg=41 - 0.1 * np.arange(rows + 1))
    row, column = np.mgrid[0:rows, 0:columns]
    found = ground.at(shapely.points((117.05 + 0.1 * column).ravel(), (40.95 - 0.1 * row).ravel()))
    assert found.tolist() == values.ravel().tolist()
    assert np.isnan(ground.at(shapely.points([[116.99, 40.9], [117.75, 40.9], [117.1, 41.01], [117.1, 40.45]]))).all()


def test_a_kept_flow_is_the_flow_though_water_leaves_by_the_first_cell(tmp_path):
    row, column = np.mgrid[0:7, 0:9]
    ground = (100 + 3.0 * row + 2.0 * column).astype(np.float32)
    ground[5, 6] = np.nan
    height = Elevation(values_m=ground, lon_edges_deg=117 + EDGE_DEG * np.arange(10), lat_edges_deg=41 - EDGE_DEG * np.arange(8))
    keep_flow(height, tmp_path / "dem.tif")
    kept, anew = kept_flow(height, tmp_path / "dem.tif"), derived_flow(height)
    assert (anew.receiver == 0).sum() > 1 and same_flow(kept, anew)
    other = Elevation(values_m=ground + 1, lon_edges_deg=height.lon_edges_deg, lat_edges_deg=height.lat_edges_deg)
    assert kept_flow(other, tmp_path / "dem.tif") is None and kept_flow(height, tmp_path / "other.tif") is None


@pytest.mark.parametrize("thread", [0.0, 0.0005, 0.01])
def test_beyond_a_hole_every_county_of_the_basin_is_named_but_for_threads(thread):
    counties = Jurisdictions(
        codes=np.array(["1", "2", "3"], dtype=object), names=np.array(["甲县", "乙县", "丙县"], dtype=object),
        shapes=np.array([shapely.box(117, 41, 118, 42), shapely.box(118, 41, 119, 42), shapely.box(119, 41, 120, 42)]),
    )  # fmt: skip
    units = zone_layer("control_units", [shapely.box(117.2, 41, 119 + thread, 42), shapely.box(119 + thread, 41, 120, 42)], ["西河水系", "东河水系"])
    system = SimpleNamespace(layers={"control_units": units}, counties=counties)
    cut = TraceEnd(lon_deg=117.5, lat_deg=41.5, river_km=1.0, reason=NO_ELEVATION)
    said = counties_beyond(system, cut, pd.Series(["甲县"]))
    assert said.startswith("西河水系内尚未列出的辖区") and "乙县" in said and "甲县" not in said and ("丙县" in said) == (thread == 0.01)
    assert counties_beyond(system, cut, pd.Series(["甲县", "乙县", "丙县"])) == "中断处属西河水系"
    assert counties_beyond(system, replace(cut, reason=EDGE_OF_DATA), pd.Series([], dtype=str)) == ""
    assert counties_beyond(SimpleNamespace(layers={}, counties=counties), cut, pd.Series([], dtype=str)) == ""


def test_a_county_without_a_name_goes_by_its_code():
    frame = geopandas.GeoDataFrame(
        {"zone_id": ["990101", "990102"], "zone_name": ["甲县", " "]}, geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4490
    )
    assert Jurisdictions.of(frame).name(np.array([0, 1, -1])).tolist()[:2] == ["甲县", "990102"]
