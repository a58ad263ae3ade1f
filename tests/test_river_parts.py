"""Laws of the parts of the rivers, each against plain walking on random ground: reaches, names, positions, edges, threshold and choice."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from river_valley import EAST, MAIN, WEST, at, layers, river_valley
from shapes import layer_spec, workspace, zone_layer
from test_rivers_laws import EDGE_DEG, grid_of, network_of, terrains
from test_rivers_positions import walked

from cdgis.core.data_gaps import Gap
from cdgis.core.errors import CatalogError, CrsError, UsageError
from cdgis.geometry.geodesy import geodesic_distance_m, geometries_to_local, lonlat_points
from cdgis.rivers import drawn_waters
from cdgis.rivers import system as system_module
from cdgis.rivers.entry_points import CARD_KINDS, downstream_measures, entry_table
from cdgis.rivers.lines import _led_to
from cdgis.rivers.network import NAMELESS, SHARE_NAMED, _reaches, _stem
from cdgis.rivers.outfall_placement import sum_loads, zone_of_points
from cdgis.rivers.profile import LEAST_TRIBUTARY_KM2, _confluences
from cdgis.rivers.receptors import CLASS_IN_NAME, _border_kind, kinds_not_loaded, receptor_kinds
from cdgis.rivers.risk import risk_tiers, tier_of
from cdgis.rivers.snap import TIE_M, Snapped, Snapper, distances_to, nearest_distances
from cdgis.rivers.spill_trace import _streams_above, _way_down
from cdgis.rivers.system import _disagreement, _network, read_elevation
from cdgis.rivers.trace import Velocity, downstream_events
from cdgis.workspace.catalog import Catalog

some = settings(max_examples=20, deadline=None, derandomize=True)
GROUND = (1000 - 5.0 * np.mgrid[0:16, 0:16][0] + 40.0 * np.abs(np.mgrid[0:16, 0:16][1] - 6)).astype(np.float32)


@pytest.fixture(scope="module")
def valley(tmp_path_factory):
    return river_valley(tmp_path_factory.mktemp("valley"))


@some
@given(st.integers(1, 40), st.integers(0, 10_000))
def test_a_reach_goes_on_until_streams_meet(count, seed):
    rng = np.random.default_rng(seed)
    receiver = np.maximum(np.arange(count) - rng.choice([1, 1, 1, 2, 5], count), 0)  # long chains with some confluences
    lowest = []
    for vertex in range(count):
        while receiver[vertex] != vertex and sum(receiver[v] == receiver[vertex] for v in range(count) if receiver[v] != v) == 1:
            vertex = int(receiver[vertex])
        lowest.append(vertex)
    assert _reaches(receiver).tolist() == lowest


@some
@given(terrains(), st.integers(0, 10_000))
def test_a_stream_begins_with_the_area_stated_and_every_other_cell_leads_to_the_first_on_its_way(elevation_m, seed):
    grid = grid_of(elevation_m)
    area = grid.upstream_km2.ravel()
    threshold = float(np.random.default_rng(seed).choice(area))
    network = network_of(grid, stream_km2=threshold)
    cells = np.flatnonzero(area >= threshold)
    assert network.lon_deg.tolist() == grid.centres(cells)[0].tolist() and network.upstream_km2.tolist() == area[cells].tolist()
    assert network.is_derived and network.vertex_of_cell[cells].tolist() == list(range(len(cells)))
    for cell in range(0, area.size, 7):
        at_cell = cell
        while area[at_cell] < threshold and grid.receiver[at_cell] != at_cell:
            at_cell = int(grid.receiver[at_cell])
        found = int(network.vertex_of_cell[cell])
        assert found == (int(np.searchsorted(cells, at_cell)) if area[at_cell] >= threshold else -1)


@some
@given(terrains(), st.integers(0, 10_000))
def test_a_position_lies_on_its_segment_as_far_along_as_its_way_left_says(elevation_m, seed):
    network, rng = network_of(grid_of(elevation_m), stream_km2=0.1), np.random.default_rng(seed)
    vertex, share = rng.integers(0, len(network.lon_deg), 30), rng.choice([0.0, 0.25, 0.8, 1.0], 30)
    lon, lat = network.places(vertex, network.forest.to_outlet_m[vertex] - share * network.step_m[vertex])
    below = network.forest.receiver[vertex]
    assert lon == pytest.approx(network.lon_deg[vertex] + share * (network.lon_deg[below] - network.lon_deg[vertex]), abs=1e-12)
    assert lat == pytest.approx(network.lat_deg[vertex] + share * (network.lat_deg[below] - network.lat_deg[vertex]), abs=1e-12)
    assert network.step_m[vertex] == pytest.approx(
        geodesic_distance_m(network.lon_deg[vertex], network.lat_deg[vertex], network.lon_deg[below], network.lat_deg[below])
    )
    beyond = network.places(vertex, network.forest.to_outlet_m[vertex] + 50.0), network.places(vertex, np.full(30, -50.0))
    assert beyond[0][0].tolist() == network.lon_deg[vertex].tolist() and beyond[1][1].tolist() == network.lat_deg[below].tolist()
    for one in vertex[:5].tolist():
        assert network.forest.path(one).tolist() == walked(network, one)


@some
@given(terrains(), st.integers(0, 10_000))
def test_a_named_stem_runs_from_its_highest_to_its_lowest_named_vertex(elevation_m, seed):
    network, rng = network_of(grid_of(elevation_m), stream_km2=0.1), np.random.default_rng(seed)
    count = len(network.lon_deg)
    start = walked(network, int(rng.integers(count)))
    close = np.isin(np.arange(count), start) & (rng.random(count) < 0.8) | (rng.random(count) < 0.1)
    share = {reach: close[network.reach == reach].mean() for reach in set(network.reach.tolist())}
    kept = [v for v in range(count) if close[v] and share[int(network.reach[v])] >= SHARE_NAMED]
    found = _stem(network, close).tolist()
    if not kept:
        assert found == []
        return
    left, area = network.forest.to_outlet_m, network.upstream_km2
    below = {v: set(walked(network, v)) for v in kept}
    mouth = min(kept, key=lambda v: (-sum(v in below[other] for other in kept), left[v]))
    source = min((v for v in kept if mouth in below[v]), key=lambda v: (-left[v], -area[v]))
    assert found == [v for v in walked(network, source) if left[v] >= left[mouth]]


def test_a_river_is_called_by_its_name_by_what_it_joins_or_nameless():
    network = network_of(grid_of(GROUND), stream_km2=2.0)
    way = walked(network, int(np.argmax(network.forest.to_outlet_m)))
    river = network.river.copy()
    river[way[-2:]] = "大河"
    named = replace(network, river=river)
    assert named.label(way[-1]) == "大河" and named.label(way[0]) == "大河支流" and network.label(way[0]) == NAMELESS
    assert named.stem("大河").tolist() == way[-2:] and named.reach_id(np.array(way[:1])) == [f"R{int(named.reach[way[0]]):06d}"]


@some
@given(st.integers(0, 10_000))
def test_a_place_lies_in_the_cell_whose_edges_hold_it_and_in_none_outside(seed):
    grid, rng = grid_of(GROUND[:5, :7]), np.random.default_rng(seed)
    x, y = rng.choice(np.arange(-2, 18), 60) / 2, rng.choice(np.arange(-2, 14), 60) / 2  # halves: middles, edges and corners
    nudge = 1e-9
    found = grid.cells_at(117 + EDGE_DEG * x + nudge, 41 - EDGE_DEG * y - nudge)
    wanted = [int(j) * 7 + int(i) if 0 <= i < 7 and 0 <= j < 5 else -1 for i, j in zip(np.floor(x), np.floor(y), strict=True)]
    assert found.tolist() == wanted


@some
@given(terrains(), st.integers(0, 10_000))
def test_what_drains_a_cell_at_the_edge_of_the_heights_is_known_to_drain_more(elevation_m, seed):
    holes = np.random.default_rng(seed).random(elevation_m.shape) < 0.05
    grid = grid_of(np.where(holes, np.nan, elevation_m).astype(np.float32))
    rows, columns = grid.shape
    reached = np.zeros(rows * columns, dtype=bool)
    for cell in np.flatnonzero(grid.receiver >= 0).tolist():
        row, column = divmod(cell, columns)
        around = [(row + a, column + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        if all(0 <= a < rows and 0 <= b < columns and grid.receiver[a * columns + b] >= 0 for a, b in around):
            continue
        while not reached[cell]:
            reached[cell] = True
            cell = int(grid.receiver[cell])
    assert grid.reaches_edge().ravel().tolist() == reached.tolist()


def test_a_place_is_snapped_just_within_the_limit_and_not_beyond_and_nothing_nearer_was_passed_over():
    network = network_of(grid_of(GROUND), stream_km2=30.0)
    snapper = Snapper(network)
    lon, lat = network.grid.centres(np.array([8 * 16 + 9, 5 * 16 + 3]))
    found = snapper.snap(lon, lat, limit_m=20_000.0)
    assert (found.vertex >= 0).all() and not found.behind_divide.any()
    for place in (0, 1):
        one = lon[place : place + 1], lat[place : place + 1]
        offset = float(found.offset_m[place])
        assert offset == pytest.approx(geodesic_distance_m(*one, found.lon_deg[[place]], found.lat_deg[[place]])[0])
        assert snapper.snap(*one, limit_m=offset).vertex[0] == found.vertex[place]
        refused = snapper.snap(*one, limit_m=offset - 1.5)  # by more than reaches equally near may differ
        assert refused.vertex[0] == -1 and np.isnan(refused.to_outlet_m[0]) and refused.offset_m[0] == pytest.approx(offset, abs=1.0)
        assert not refused.behind_divide[0] and not snapper.snap(*one, limit_m=100.0).behind_divide[0]


@some
@given(st.integers(0, 10_000))
def test_shapes_near_a_place_are_those_no_farther_than_the_distance(seed):
    rng = np.random.default_rng(seed)
    place = lonlat_points(np.array([117.5]), np.array([41.5]))
    shapes = lonlat_points(117.5 + rng.normal(0, 0.02, 20), 41.5 + rng.normal(0, 0.02, 20))
    metres = geodesic_distance_m(np.full(20, 117.5), np.full(20, 41.5), shapely.get_x(shapes), shapely.get_y(shapes))
    for limit in (1500.0, float(np.sort(metres)[5])):
        near, apart = nearest_distances(place, shapes, within_m=limit * (1 + 1e-9))
        assert near.tolist() == [i for i in range(20) if metres[i] <= limit * (1 + 1e-9)] and apart == pytest.approx(metres[near], abs=1e-3)
    assert distances_to(place, shapes)[0] == pytest.approx(metres.min(), abs=1e-3)


@pytest.mark.parametrize(("text", "ok"), [("0.3:1.5", True), ("10:10", True), ("1：2", True), (" 1 : 2 ", True), ("0:1", False), ("0.0:1", False),
                                  ("2:1", False), ("1:10.1", False), ("1", False), ("1:2:3", False), ("-1:2", False), ("a:b", False)])  # fmt: skip
def test_a_range_of_velocities_is_two_positive_numbers_in_order(text, ok):
    if not ok:
        with pytest.raises(UsageError, match="流速范围"):
            Velocity.parse(text)
        return
    speed = Velocity.parse(text)
    low, high = speed.hours(np.array([36.0]))
    assert low[0] == pytest.approx(10 / speed.high_m_per_s) and high[0] == pytest.approx(10 / speed.low_m_per_s)
    assert speed.text == f"{speed.low_m_per_s:g}–{speed.high_m_per_s:g} 米/秒"


FACTS = sorted({name for tier in risk_tiers() for name in (*tier.flags, *tier.values)})


@given(st.dictionaries(st.sampled_from(FACTS), st.sampled_from(["true", "false", "重点管理", ""])))
def test_an_enterprise_stands_in_the_first_tier_that_a_fact_of_it_names(facts):
    for number, tier in enumerate(risk_tiers(), start=1):
        why = [name for name in tier.flags if facts.get(name) == "true"] + [f"{n}={v}" for n, v in tier.values.items() if facts.get(n) == v]
        if why or number == len(risk_tiers()):
            assert tier_of(facts) == (number, ";".join([tier.title, *why]))
            return


@some
@given(terrains(), st.integers(0, 10_000))
def test_the_way_down_begins_at_the_place_and_stops_as_far_along_as_they_lie(elevation_m, seed):
    network, rng = network_of(grid_of(elevation_m), stream_km2=0.1), np.random.default_rng(seed)
    vertex = int(rng.integers(len(network.lon_deg)))
    left = float(network.forest.to_outlet_m[vertex] - 0.3 * network.step_m[vertex])
    lon, lat = (float(v[0]) for v in network.places(np.array([vertex]), np.array([left])))
    origin = SimpleNamespace(vertex=vertex, to_outlet_m=left, river_lon_deg=lon, river_lat_deg=lat)
    km = np.sort(rng.random(4)) * left / 1000
    line, stops = _way_down(network, origin, km)
    way = walked(network, vertex)
    below = way[1:] or way
    assert shapely.get_coordinates(line).tolist() == [[lon, lat], *([network.lon_deg[v], network.lat_deg[v]] for v in below)]
    for (x, y), distance in zip(stops, km, strict=True):
        aim = left - distance * 1000
        own = next(v for v in way[::-1] if network.forest.to_outlet_m[v] >= aim)
        wanted = network.places(np.array([own]), np.array([aim]))
        assert (x, y) == pytest.approx((wanted[0][0], wanted[1][0]), abs=1e-9)
    upper = [v for v in network.donors.tolist() if vertex in walked(network, v) and network.forest.to_outlet_m[v] >= left]
    lengths = shapely.length(network.segments())[np.isin(network.donors, upper)].sum()
    assert _streams_above(network, origin).length == pytest.approx(float(lengths))


@some
@given(terrains(), st.integers(0, 10_000))
def test_what_joins_a_stem_is_named_or_large_enough(elevation_m, seed):
    network, rng = network_of(grid_of(elevation_m), stream_km2=0.1), np.random.default_rng(seed)
    stem = walked(network, int(rng.integers(len(network.lon_deg))))
    river = np.where(rng.random(len(network.lon_deg)) < 0.3, "支", "").astype(object)
    area = network.upstream_km2 * 0 + rng.choice([np.nan, LEAST_TRIBUTARY_KM2, LEAST_TRIBUTARY_KM2 - 0.1, 900.0], len(river))
    network = replace(network, river=river, upstream_km2=area)
    found = _confluences(network, np.array(stem))
    joins = [v for v in range(len(river)) if v not in stem and network.forest.receiver[v] in stem]
    joins = [v for v in joins if river[v] or area[v] >= LEAST_TRIBUTARY_KM2]
    assert found["vertex"].tolist() == [int(network.forest.receiver[v]) for v in joins] and not found["can_intercept"].any()
    assert found["name"].tolist() == [f"{river[v] or '未命名支流'}（{area[v]:.0f} 平方公里）" for v in joins] and (found["offset_m"] == 0).all()


def test_a_river_of_one_vertex_is_compared_with_its_line():
    network = network_of(grid_of(GROUND), stream_km2=2.0)
    river = network.river.copy()
    river[3] = "短河"
    lon, lat = float(network.lon_deg[3]), float(network.lat_deg[3])
    drawn = zone_layer("rivers", [shapely.LineString([(lon, lat), (lon + 0.01, lat)]), shapely.LineString([(lon, 41.2), (lon, 41.3)])], kind="line")
    drawn.zones["zone_name"] = ["短河", "别的"]
    apart = _disagreement(replace(network, river=river), drawn)
    assert list(apart) == ["短河"] and apart["短河"][0] == pytest.approx(0, abs=0.01) and np.diff(apart["短河"]).max() <= 500.5
    farthest = geodesic_distance_m(*(np.array([value]) for value in (lon, lat, lon + 0.01, lat)))[0]
    assert apart["短河"].max() == pytest.approx(farthest, rel=1e-3)


def test_the_network_comes_from_heights_or_lines_and_heights_tell_the_lower_end(monkeypatch, tmp_path):
    entries = {
        "dem": layer_spec("dem.tif", id="dem", geometry="raster"), "lines": layer_spec("l.gpkg", id="lines", geometry="line"),
        "areas": layer_spec("a.gpkg", id="areas"),
    }  # fmt: skip
    place = workspace(tmp_path)
    place = replace(place, catalog=Catalog(layers=entries))
    asked = {}
    monkeypatch.setattr(system_module, "read_elevation", lambda where, spec: (f"heights of {spec.id}", "record of heights"))
    monkeypatch.setattr(system_module, "read_layer", lambda spec, folder: SimpleNamespace(record=f"record of {spec.id}"))
    monkeypatch.setattr(system_module, "_derived", lambda height, spec, where: ("derived", height, spec.id))
    monkeypatch.setattr(system_module, "network_from_lines", lambda layer, **how: asked.update(how) or ("from lines", "check"))
    rivers = place.settings.rivers
    network, check, record = _network(place, rivers.model_copy(update={"network": "dem"}))
    assert network == ("derived", "heights of dem", "dem") and check.empty and record == "record of heights" and not asked
    for elevation, heights in (("dem", "heights of dem"), ("none", None)):
        found = _network(place, rivers.model_copy(update={"network": "lines", "elevation": elevation}))
        assert found == ("from lines", "check", "record of lines") and asked == {"join_m": rivers.join_m, "elevation": heights}
    with pytest.raises(CatalogError, match="应为高程栅格或河线图层"):
        _network(place, rivers.model_copy(update={"network": "areas"}))


@pytest.mark.parametrize("nodata", [None, -1.0])
def test_heights_are_in_degrees_and_a_filler_is_none(monkeypatch, tmp_path, nodata):
    grid = SimpleNamespace(is_geographic=True, crs="EPSG:4548", x_edges=np.array([0.0, 1]), y_edges=np.array([1.0, 0]))
    raster = SimpleNamespace(grid=grid, values=np.array([[5, -1]]), nodata=nodata, record="r")
    monkeypatch.setattr(system_module, "place_box", lambda where: None)
    monkeypatch.setattr(system_module, "read_raster", lambda spec, folder, home: raster)
    monkeypatch.setattr(system_module, "true_heights", lambda found: (found, None))
    height, record = read_elevation(workspace(tmp_path), layer_spec("dem.tif", geometry="raster"))
    assert record == "r" and np.isnan(height.values_m).tolist() == [[False, nodata is not None]] and height.values_m[0, 0] == 5
    grid.is_geographic = False
    with pytest.raises(CrsError, match="EPSG:4548"):
        read_elevation(workspace(tmp_path), layer_spec("dem.tif", geometry="raster"))


def test_where_receptors_stand_and_how_they_are_called(valley):
    events, known = valley.events, layers()
    on_river = np.column_stack(valley.network.places(events["vertex"].to_numpy(), events["to_outlet_m"].to_numpy()))
    seen = set()
    for kind in receptor_kinds():
        if kind.layer not in known:
            continue
        rows = events[events["kind"] == kind.title]
        zones = known[kind.layer].zones.set_index("zone_id")
        for number, row in rows.iterrows():
            own = row["receptor_id"].rpartition("-R")[0] or row["receptor_id"]
            spot = (row["lon"], row["lat"])
            middle = zones.geometry[own].point_on_surface()
            if kind.how == "point":  # it belongs to the nearest segment
                nearest = distances_to(np.array([zones.geometry[own]], dtype=object), valley.network.segments())[0]
                assert row["offset_m"] <= nearest + TIE_M + 1e-6
            stands = (middle.x, middle.y) if kind.how in ("bank", "point") else tuple(on_river[number])
            assert spot == pytest.approx(stands, abs=1e-7), kind.id
            assert row["name"] == zones["zone_name"][own] + (zones["zone_class"][own] if kind.id in CLASS_IN_NAME else "")
            assert (row["role"], row["can_intercept"], row["layer"]) == (kind.role, kind.can_intercept, kind.layer)
            seen.add(kind.how)
    dams = events[events["kind"] == "水库坝址（推导）"]
    assert len(dams) and (dams["offset_m"] == 0).all() and dams["receptor_id"].str.endswith("-坝").all() and dams["name"].str.endswith("坝址").all()
    assert np.column_stack([dams["lon"], dams["lat"]]) == pytest.approx(on_river[dams.index.to_numpy()], abs=1e-9)
    assert seen == {"point", "bank", "zone", "cross", "reservoir"}
    assert {kind.id for kind in kinds_not_loaded(known)} == {kind.id for kind in receptor_kinds() if kind.layer not in known}
    none = known | {"sections": zone_layer("sections", [], kind="point")}
    assert {kind.layer for kind in kinds_not_loaded(none)} - {kind.layer for kind in kinds_not_loaded(known)} == {"sections"}


@pytest.mark.parametrize(("one", "other", "kind"), [("130821", "130822", "县界"), ("130821", "130121", "市界"), ("130821", "110118", "省界"),
                                                    ("", "130821", "数据边界"), ("130821", "", "数据边界")])  # fmt: skip
def test_what_kind_of_border_lies_between_two_counties(one, other, kind):
    codes = [code for code in (one, other) if code]
    counties = SimpleNamespace(codes=np.array(codes, dtype=object))
    upper, lower = (codes.index(code) if code else -1 for code in (one, other))
    assert _border_kind(counties, upper, lower) == kind


def outfalls(*rows):
    return pd.DataFrame(
        [{"outfall_id": f"O{n}", "control_unit": unit, "cod_t_per_yr": cod} for n, (unit, cod) in enumerate(rows)],
        columns=["outfall_id", "control_unit", "cod_t_per_yr"],
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["U1", "U2", ""]), st.sampled_from([1.0, 2.5, np.nan])), max_size=6), st.sampled_from(["0", "0.5"]))
def test_loads_of_each_unit_are_what_its_outfalls_declare_and_what_lies_in_none_has_a_row_of_its_own(rows, cap):
    units = zone_layer("control_units", [shapely.box(117, 41, 118, 42), shapely.box(118, 41, 119, 42)], ids=["U1", "U2"])
    units.zones["cod_cap_t_per_yr"] = ["5", cap]
    table = sum_loads(outfalls(*rows), units).set_index("control_unit")
    stray = "（不在任何控制单元）"
    assert set(table.index) == {"U1", "U2"} | ({stray} if any(unit == "" for unit, _ in rows) else set())
    for unit, row in table.iterrows():
        mine = [(n, cod) for n, (name, cod) in enumerate(rows) if (name or stray) == unit]
        given_ = [cod for _, cod in mine if cod == cod]
        assert row["outfall_count"] == len(mine) and row["missing_count"] == len(mine) - len(given_)
        assert row["missing_ids"] == ";".join(f"O{n}" for n, cod in mine if cod != cod)
        declared, limit = row["declared_t_per_yr"], {"U1": 5.0, "U2": float(cap)}.get(unit, np.nan)
        assert declared == pytest.approx(sum(given_)) if given_ else np.isnan(declared)
        assert row["share"] == pytest.approx(sum(given_) / limit) if limit > 0 and given_ else np.isnan(row["share"])
        assert row["left_t_per_yr"] == pytest.approx(limit - sum(given_)) if given_ and limit == limit else np.isnan(row["left_t_per_yr"])


def test_a_point_lies_in_the_zone_of_the_class_that_counts_first_then_of_the_first_id():
    boxes = [shapely.box(0, 0, 2, 2), shapely.box(0, 0, 2, 2), shapely.box(0, 0, 2, 2), shapely.box(5, 5, 6, 6)]
    zones = zone_layer("z", boxes, ["丙", "乙", "乙", "甲"], ids=["1", "3", "2", "9"])
    points = np.array([shapely.Point(1, 1), shapely.Point(9, 9), shapely.Point(2, 2), shapely.Point(5.5, 5.5), None], dtype=object)
    assert zone_of_points(points, zones)["zone_id"].tolist() == ["1", "", "1", "9", ""]
    assert zone_of_points(points, zones, order=("甲", "乙"))["zone_id"].tolist() == ["2", "", "2", "9", ""]


def drawn(*rows: tuple[str, list[tuple[float, float]]]):
    layer = zone_layer("rivers", [shapely.LineString(xy) for _, xy in rows], kind="line")
    layer.zones["zone_name"] = [name for name, _ in rows]
    return layer


@pytest.mark.parametrize(
    ("share", "chance", "off"), [(0.75, 0.5, False), (0.7499, 0.5, True), (0.5, 0.0, False), (0.4999, 0.0, True), (0.91, 0.8, False)]
)
def test_a_river_follows_streams_if_it_does_half_as_well_above_chance_as_it_could(monkeypatch, valley, share, chance, off):
    """The short river before it in the alphabet decides nothing and ends nothing."""
    west = [(p.x, p.y) for p in (at(14, WEST), at(20, WEST), at(28, MAIN), at(38, MAIN))]
    layer = drawn(("东支", [(at(4, EAST).x, at(4, EAST).y), (at(5, EAST).x, at(5, EAST).y)]), ("干河", west), ("", west))
    points = []
    monkeypatch.setattr(drawn_waters, "_near", lambda network, xy, within_m: points.append(len(xy)) or np.array([share]))
    monkeypatch.setattr(drawn_waters, "share_by_chance", lambda network, within_m: chance)
    found = drawn_waters.rivers_astray(valley.network, layer, within_m=900.0)
    assert found == ({"干河": (share, chance)} if off else {}) and len(points) == 1 and points[0] >= drawn_waters.FEWEST
    edges = np.hypot(*np.diff(shapely.get_coordinates(geometries_to_local(layer.zones.geometry.to_numpy()[1:2])), axis=0).T)
    assert points[0] == np.ceil(edges / drawn_waters.STEP_M).sum() + 1
    for most in (points[0], points[0] - 1, 7):
        monkeypatch.setattr(drawn_waters, "_MOST_POINTS", most)
        drawn_waters.rivers_astray(valley.network, layer, within_m=900.0)
        assert points[-1] == -(-points[0] // (-(-points[0] // most)))
    monkeypatch.setattr(drawn_waters, "FEWEST", points[0] + 1)
    assert drawn_waters.rivers_astray(valley.network, layer, within_m=900.0) == {}


@pytest.mark.parametrize(("count", "met", "told"), [(4, 2, False), (4, 1, True), (3, 2, False), (3, 1, True), (2, 0, True), (1, 1, False)])
def test_things_in_rivers_are_told_when_fewer_than_half_meet_one(tmp_path, count, met, told):
    held = {name: zone_layer(name, [at(n, 5) for n in range(count)], kind="point") for name in ("sections", "places")}
    ids = held["sections"].zones["zone_id"].tolist()[:met]
    events = pd.DataFrame({"layer": ["sections"] * met + ["other"] * count, "receptor_id": ids + held["sections"].zones["zone_id"].tolist()})
    place = workspace(tmp_path)
    gaps = drawn_waters.waters_astray(held | {"reservoirs": zone_layer("reservoirs", [])}, events, place)
    kind = next(kind for kind in receptor_kinds() if kind.layer == "sections")
    bank_m = place.settings.rivers.bank_m if kind.bank_m < 0 else kind.bank_m
    words = f"{count} 个中只有 {met} 个在河网 {bank_m:.0f} 米以内"
    assert [(gap.layer, words in gap.problem) for gap in gaps] == ([("sections", True)] if told else [])
    assert all(isinstance(gap, Gap) for gap in gaps)


def test_of_a_receptor_met_twice_the_nearest_counts_then_the_first_reached():
    network = network_of(grid_of(GROUND), stream_km2=2.0)
    way = walked(network, int(np.argmax(network.forest.to_outlet_m)))
    left = network.forest.to_outlet_m
    rows = [("甲", way[2], 5.0), ("甲", way[4], 1.0), ("甲", way[5], 1.0), ("乙", way[3], 0.0), ("乙", way[1], 0.0)]
    ids, vertices, offsets = zip(*rows, strict=True)
    events = pd.DataFrame({"kind": "k", "receptor_id": ids, "name": ids, "vertex": vertices, "offset_m": offsets})
    events["to_outlet_m"] = left[list(vertices)]
    found = downstream_events(network, events, np.array([way[0]]), left[[way[0]]])
    assert list(zip(found["receptor_id"], found["vertex"], strict=True)) == [("乙", way[1]), ("甲", way[4])]




def test_a_line_is_led_to_a_place_from_the_end_that_stops_short():
    line, place = shapely.LineString([(0, 0), (5, 0)]), shapely.Point(9, 9)
    assert _led_to(line, place, 0).coords[:] == [(9, 9), (0, 0), (5, 0)] and _led_to(line, place, -1).coords[:] == [(0, 0), (5, 0), (9, 9)]


@pytest.mark.parametrize(("own_m", "told_m"), [(-1.0, 700), (0.0, 0), (30.0, 30)])
def test_a_kind_that_states_a_distance_of_its_own_is_told_with_it(monkeypatch, tmp_path, own_m, told_m):
    kind = replace(next(kind for kind in receptor_kinds() if kind.layer == "sections"), bank_m=own_m)
    monkeypatch.setattr(drawn_waters, "receptor_kinds", lambda: (kind,))
    place = workspace(tmp_path)
    rivers = place.settings.rivers.model_copy(update={"bank_m": 700.0})
    place = replace(place, settings=place.settings.model_copy(update={"rivers": rivers}))
    none = pd.DataFrame({"layer": [], "receptor_id": []})
    (gap,) = drawn_waters.waters_astray({"sections": zone_layer("sections", [at(3, 5)], kind="point")}, none, place)
    assert f"在河网 {told_m} 米以内" in gap.problem


def test_what_lies_below_is_measured_to_the_first_of_each_kind(valley):
    rng = np.random.default_rng(3)
    spots = [at(float(row), float(column)) for row, column in zip(rng.uniform(2, 37, 12), rng.uniform(5, 25, 12), strict=True)]
    lon, lat = np.array([p.x for p in spots]), np.array([p.y for p in spots])
    found = downstream_measures(valley)(pd.DataFrame({"subject_id": [f"E{n}" for n in range(12)], "lon": lon, "lat": lat}))
    snapped = valley.snapper.snap(lon, lat, limit_m=valley.settings.snap_limit_m)
    assert found["离所汇入河道（米）"].to_numpy() == pytest.approx(np.where(snapped.vertex >= 0, snapped.offset_m, np.nan), nan_ok=True)
    told = 0
    for n in range(12):
        below = downstream_events(valley.network, valley.events, snapped.vertex[n : n + 1], snapped.to_outlet_m[n : n + 1])
        for kind in CARD_KINDS:
            wanted = min((km for name, km in zip(below["kind"], below["river_km"], strict=True) if name == kind), default=np.nan)
            assert found[f"沿河到下游{kind}（公里）"][n] == pytest.approx(wanted, nan_ok=True)
            told += wanted == wanted
    assert told > 5


def test_whoever_enters_at_the_first_vertex_enters_too(valley):
    frame = pd.DataFrame({"subject_id": ["A", "B", "C"], "name": ["甲", "乙", "丙"]})
    offset = np.array([10.0, 5000.0, 20.0])
    snapped = Snapped(
        vertex=np.array([0, -1, -1]), to_outlet_m=np.array([0.0, np.nan, np.nan]), offset_m=offset, lon_deg=np.full(3, 117.2),
        lat_deg=np.full(3, 40.9), behind_divide=np.array([True, True, True]),
    )  # fmt: skip
    table = entry_table(valley, frame, snapped).set_index("subject_id")
    assert table["status"].to_dict() == {"A": "已取河段", "B": "未取：超出距离上限", "C": "未取：与近处河段不同汇水"}
    assert table["reach_id"].to_dict() == {"A": valley.network.reach_id(np.array([0]))[0], "B": "", "C": ""}
    assert table.loc["A", "river"] == valley.network.label(0) and table.loc["B", "river"] == ""
    assert table["note"].to_dict() == {"A": "有更近的河段，但隔分水岭，未采用", "B": "", "C": ""}
