"""Traces, registers, outfalls and wetlands in a valley made by hand: every number is one that a map and a ruler give."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from river_valley import COLUMNS, EAST, MAIN, WEST, at, block, ground, river_valley, rows_of, vertex_at
from shapes import layer_spec, sites, zone_layer
from test_rivers_laws import EDGE_DEG

from cdgis.core.errors import CatalogError, NetworkError
from cdgis.rivers.dossier import make_dossier
from cdgis.rivers.entry_points import (
    described_events,
    downstream_measures,
    downstream_of_dischargers,
    downstream_receptors,
    snap_frame,
)
from cdgis.rivers.lines import Elevation
from cdgis.rivers.outfall_assessment import _below, assess_outfalls, place_outfalls, wetland_rules
from cdgis.rivers.profile import river_register
from cdgis.rivers.receptors import Jurisdictions, border_events, receptor_events
from cdgis.rivers.snap import Snapped
from cdgis.rivers.spill_trace import enterprise_origin, place_origin, receptor_origin, trace_down, trace_up
from cdgis.rivers.system import _derived, _named
from cdgis.rivers.trace import Velocity
from cdgis.workspace.catalog import Catalog
from cdgis.workspace.layers import Subjects

SPEED = Velocity.parse("0.5:2")
GEOD = Geod(ellps="GRS80")


@pytest.fixture(scope="module")
def valley(tmp_path_factory):
    return river_valley(tmp_path_factory.mktemp("valley"))


def km(*cells: tuple[float, float]) -> float:
    """Kilometres along the middles of cells, on the ellipsoid."""
    points = [at(*cell) for cell in cells]
    return GEOD.line_length([p.x for p in points], [p.y for p in points]) / 1000


def main_way(start: tuple[int, int], last: int) -> list[tuple[float, float]]:
    """The cells from one on a branch down to a row of the river."""
    row, column = start
    way: list[tuple[float, float]] = [start]
    while row < last:
        column += (row >= 20) * int(np.sign(MAIN - column))
        row += 1
        way.append((row, column))
    return way


def subjects_of(*rows: tuple[str, str, shapely.Geometry, dict[str, str]], **columns: object) -> Subjects:
    """Enterprises and projects: id, kind, shape, attributes."""
    ids, kinds, shapes, stated = zip(*rows, strict=True)
    made = sites(list(shapes), kind=list(kinds), **columns)
    made.frame["subject_id"] = list(ids)
    pairs = [(i, name, value, "") for i, values in zip(ids, stated, strict=True) for name, value in values.items()]
    return Subjects(frame=made.frame, attributes=pd.DataFrame(pairs, columns=["subject_id", "attribute", "value", "unit"]))


def test_a_spill_on_the_west_branch_reaches_what_lies_below_it_in_order(valley):
    place = at(15, WEST)
    trace = trace_down(valley, place_origin(valley, place.x, place.y), velocity=SPEED)
    table = trace.tables["trace"].set_index("receptor_id")
    assert table.index.tolist() == [
        "places0", "intakes0", "JX-130822-110118", "sections2", "places2", "water_source_zones0", "reservoirs0", "intakes1",
        "reservoirs0-坝", "JX-110118-000000",
    ]  # fmt: skip
    assert table.loc["intakes0", "river_km"] == pytest.approx(km(*main_way((15, WEST), 18)), rel=1e-4)
    assert table.loc["sections2", "river_km"] == pytest.approx(km(*main_way((15, WEST), 30)), rel=1e-4)
    assert table.loc["water_source_zones0", "river_km"] == pytest.approx(km(*main_way((15, WEST), 31), (31.5, 15)), rel=1e-3)
    assert table.loc["reservoirs0-坝", "river_km"] == pytest.approx(km(*main_way((15, WEST), 36)), rel=1e-4)
    assert table.loc["JX-110118-000000", "river_km"] == pytest.approx(km(*main_way((15, WEST), 36), (36.5, 15)), rel=1e-3)
    assert (table["time_low_h"] == table["river_km"] / 7.2).all() and (table["time_high_h"] == table["river_km"] / 1.8).all()
    assert table["order"].tolist() == list(range(1, 11))
    assert table["name"]["water_source_zones0"] == "名二级" and table["name"]["reservoirs0-坝"] == "名坝址"
    intercept = {"reservoirs0", "reservoirs0-坝"}
    assert set(table.index[table["can_intercept"]]) == intercept
    assert table.loc["places0", "offset_m"] == pytest.approx(1000 * km((16.4, WEST), (16.4, 7.9)), rel=1e-3)
    assert table.loc["sections2", "accuracy_m"] == 500  # the network's, worse than the layer's five
    notes = "\n".join(trace.notes)
    assert "途经水库" in notes and "到了高程数据的边缘" in notes and "未载入的受体类别" in notes
    assert trace.river == "干河" and trace.direction == "下游"


def test_who_is_told_is_the_county_of_the_spill_and_each_one_the_water_enters(valley):
    place = at(8, EAST)
    trace = trace_down(valley, place_origin(valley, place.x, place.y), velocity=SPEED)
    told = trace.tables["trace_notify"]
    assert told[["jurisdiction", "border"]].to_numpy().tolist() == [
        ["甲县", "事发地"], ["乙县", "县界"], ["丙区", "省界"], ["数据范围外", "数据边界"],
    ]  # fmt: skip
    assert told["river_km"].to_numpy() == pytest.approx(
        [0, km(*main_way((8, EAST), 11), (11.5, EAST)), km(*main_way((8, EAST), 25), (25.5, 17.5)), km(*main_way((8, EAST), 36), (36.5, MAIN))],
        rel=1e-3,
    )
    assert trace.river == "东支"
    crossing = trace.tables["trace"].query("kind == '铁路跨河处'")["river_km"].tolist()
    assert crossing == pytest.approx([km(*main_way((8, EAST), 14))], rel=2e-3)


def test_places_around_are_those_within_the_distance_nearest_first(valley):
    place = at(17, 8)
    trace = trace_down(valley, place_origin(valley, place.x, place.y), velocity=SPEED)
    around = trace.tables["trace_around"].set_index("receptor_id")
    spots = {"intakes0": km((17, 8), (18, WEST)), "places0": km((17, 8), (16.4, 7.9))}
    assert dict(around["distance_m"]) == pytest.approx({name: 1000 * far for name, far in spots.items()}, rel=1e-4)
    assert around["distance_m"].is_monotonic_increasing


def test_a_trace_to_one_receptor_ends_with_it_and_says_nothing_of_what_follows(valley):
    place = at(15, WEST)
    trace = trace_down(valley, place_origin(valley, place.x, place.y), velocity=SPEED, target="sections2")
    assert trace.tables["trace"]["receptor_id"].iloc[-1] == "sections2" and not any("为止" in note for note in trace.notes)


def test_a_receptor_is_traced_from_where_it_is_met_nearest_and_lowest(valley):
    origin = receptor_origin(valley, "reservoirs0")
    assert origin.to_outlet_m == valley.network.forest.to_outlet_m[vertex_at(valley, 34, MAIN)] and origin.offset_m == 0
    assert (origin.river_lon_deg, origin.river_lat_deg) == pytest.approx((at(34, MAIN).x, at(34, MAIN).y))
    assert receptor_origin(valley, "无此") is None and receptor_origin(valley, "名坝址").id == "reservoirs0-坝"


COMPANIES = [
    ("E1", "enterprise", at(10, WEST + 1), {"discharges_pollutants": "true", "cod_t_per_yr": "4"}),
    ("E2", "enterprise", at(14, EAST), {"discharges_pollutants": "false"}),
    ("E3", "enterprise", at(32, MAIN), {"discharges_pollutants": "true"}),
    ("E4", "enterprise", at(16, 30), {"discharges_pollutants": "true"}),
    ("P1", "project", at(10, WEST), {"discharges_pollutants": "true", "cod_t_per_yr": "3"}),
]


def test_above_a_place_are_the_enterprises_whose_water_passes_it(valley):
    trace = trace_up(valley, receptor_origin(valley, "sections2"), subjects_of(*COMPANIES), velocity=SPEED)
    sources = trace.tables["trace_sources"]
    assert sorted(sources["subject_id"]) == ["E1", "E2"] and sources["rank"].tolist() == [1, 2]
    assert sources["tier"].is_monotonic_increasing
    far = dict(zip(sources["subject_id"], sources["river_km"], strict=True))
    assert far["E2"] == pytest.approx(km(*main_way((14, EAST), 30)), rel=1e-4)
    assert far["E1"] == pytest.approx(km(*main_way((10, WEST), 30)), rel=1e-3)
    assert "全部企业 4 家：在上游 2 家，不在上游 1 家，离河超过上限未能判定 1 家（见 river_entry.csv）" in trace.notes
    entry = trace.tables["river_entry"].set_index("subject_id")
    assert entry["status"].to_dict() == {"E1": "已取河段", "E2": "已取河段", "E3": "已取河段", "E4": "未取：超出距离上限"}
    assert entry.loc["E4", "offset_m"] == pytest.approx(1000 * km((16, 30), (16, EAST)), rel=1e-3) and entry.loc["E4", "river"] == ""
    assert entry.loc["E1", "offset_m"] == pytest.approx(1000 * km((10, WEST + 1), (10, WEST)), rel=1e-3)


def test_an_enterprise_or_a_project_is_an_origin_by_number_or_name_and_a_far_one_is_refused_with_reaches(valley):
    known = subjects_of(*COMPANIES, name=["甲厂", "乙厂", "丙厂", "丁厂", "项目"])
    assert enterprise_origin(valley, known, "E2").vertex == enterprise_origin(valley, known, "乙厂").vertex
    assert enterprise_origin(valley, known, "没有") is None
    with pytest.raises(NetworkError, match="4000 米以内没有它汇入的河段") as raised:
        enterprise_origin(valley, known, "丁厂")
    assert "东支" in str(raised.value) and "该点汇入" in str(raised.value)


def test_every_enterprise_is_traced_or_has_its_distance_said(valley):
    found = downstream_receptors(valley, subjects_of(*COMPANIES), velocity=SPEED)
    traced = found["trace_enterprises"]
    assert set(traced["subject_id"]) == {"E1", "E2", "E3"} and set(found["river_entry"]["subject_id"]) == {"E1", "E2", "E3", "E4"}
    for _, rows in traced.groupby("subject_id"):
        assert rows["order"].tolist() == list(range(1, len(rows) + 1)) and rows["river_km"].is_monotonic_increasing
    measured = downstream_measures(valley)
    points = pd.DataFrame({"subject_id": ["a", "b", "c"], "lon": [at(15, WEST).x, at(31, MAIN).x, at(16, 30).x],
                           "lat": [at(15, WEST).y, at(31, MAIN).y, at(16, 30).y]})  # fmt: skip
    out = measured(points).set_index("subject_id")
    assert out.loc["a", "沿河到下游监测断面（公里）"] == pytest.approx(km(*main_way((15, WEST), 30)), rel=1e-4)
    assert out.loc["a", "沿河到下游水库（公里）"] == pytest.approx(out.loc["b", "沿河到下游水库（公里）"] + km(*main_way((15, WEST), 31)), rel=1e-4)
    assert np.isnan(out.loc["b", "沿河到下游监测断面（公里）"]) and out.loc["c"].isna().all()


def test_what_dischargers_run_into_and_those_of_whom_nothing_can_be_said(valley):
    table = downstream_of_dischargers(valley, subjects_of(*COMPANIES, ("E5", "enterprise", at(37.4, MAIN), {"discharges_pollutants": "true"})))
    first = table.groupby("subject_id")
    assert set(table["subject_id"]) == {"E1", "E3", "E4", "E5", "P1"}
    assert not set(table["kind"]) & {"城镇", "环境敏感点"}
    assert all(not rows["kind"].duplicated().any() for name, rows in first if name != "E4")
    said = table[table["kind"] == "未能说明"].set_index("subject_id")
    assert said["name"].to_dict() == {"E4": "4000 米内没有它汇入的河段，未作下游追踪", "E5": "所载数据中下游没有受体"}
    assert (said["order"] == 0).all() and said["river_km"].isna().all()
    assert (table["entry_m"].notna()).all()


def test_outfalls_stand_where_the_subject_says_or_where_the_enterprise_drains(valley):
    rows = [*COMPANIES, ("O1", "project", at(26, 13), {"cod_t_per_yr": "2.5"}), ("O2", "project", at(33, MAIN), {})]
    known = subjects_of(*rows, activity=[""] * 5 + ["入河排污口"] * 2, project_type=["既有"] * 5 + ["既有", "新建"])
    tables = place_outfalls(valley, known, planned=((at(19, EAST).x, at(19, EAST).y),))
    out = tables["outfalls"].set_index("outfall_id")
    kinds = out["kind"].to_dict()
    assert set(kinds) == {"E1", "E3", "E4", "O1", "O2", "拟设1"} and kinds["E1"] == kinds["E3"] != kinds["O1"] != kinds["O2"] == kinds["拟设1"]
    assert out["zone_class"].to_dict() == {
        "E1": "未压占", "E3": "限制设置区域", "E4": "资料不足", "O1": "禁止设置区域", "O2": "限制设置区域", "拟设1": "未压占",
    }  # fmt: skip
    assert out["control_unit"].to_dict() == {
        "E1": "control_units0", "E3": "control_units2", "E4": "", "O1": "control_units2", "O2": "control_units2", "拟设1": "control_units1",
    }  # fmt: skip
    assert out["cod_t_per_yr"].dropna().to_dict() == {"E1": 4.0, "O1": 2.5}
    assert "没有排口坐标" in out.loc["E1", "note"] and "未能定位到河上" in out.loc["E4", "note"] and "没有排口坐标" not in out.loc["O1", "note"]
    assert out.loc["O1", "section_km"] == pytest.approx(km(*main_way((26, 13), 30)), rel=1e-4)
    assert np.isnan(out.loc["E4", "lon"]) and out.loc["O1", "lon"] == pytest.approx(at(26, 13).x, abs=1e-6)
    loads = tables["outfall_loads"].set_index("control_unit")
    assert loads.loc["control_units0", "declared_t_per_yr"] == 4.0 and loads.loc["control_units0", "left_t_per_yr"] == 6.0
    assert loads.loc["control_units2", "missing_count"] == 2 and np.isnan(loads.loc["control_units2", "share"])
    bare = replace(valley, layers={name: layer for name, layer in valley.layers.items() if name != "control_units"})
    assert place_outfalls(bare, known) == {}
    with pytest.raises(CatalogError, match="control_units"):
        assess_outfalls(bare, known)


def test_wetland_sites_are_all_level_cells_low_above_the_river_below_the_plant(tmp_path):
    """The lower valley levelled off: compared with every cell looked at one by one."""
    heights = ground()
    heights[29:, 10:21] = np.round(heights[29:, 10:21] / 8)  # gentle there
    system = river_valley(tmp_path, elevation_m=heights)
    red = zone_layer("ecological_redline", [block(33, 36, 15.2, 18)])
    listed = replace(system.workspace, catalog=Catalog(layers={red.spec.id: red.spec}))
    system = replace(system, workspace=listed, layers={**system.layers, red.spec.id: red})
    known = subjects_of(("W1", "enterprise", at(30.5, MAIN), {}), ("W2", "enterprise", at(16, 30), {}), ("X", "enterprise", at(30, MAIN), {}),
                        industry=["4620", "4620", "3110"])  # fmt: skip
    rules, network = wetland_rules(), system.network
    table = assess_outfalls(system, known)["wetland_candidates"]
    assert len(table) and set(table["plant_id"]) == {"W1"} and (table["rank"] <= rules["most_per_plant"]).all()
    start = network.forest.to_outlet_m[vertex_at(system, 31, MAIN)] / 1000 + km((30.5, MAIN), (31, MAIN))
    fit = {}
    height = network.grid.filled_m.astype(float)
    for row in range(30, 36):
        for column in range(COLUMNS):
            point = at(row, column)
            snapped = system.snapper.snap(np.array([point.x]), np.array([point.y]), limit_m=rules["bank_m"])
            below = start - snapped.to_outlet_m[0] / 1000
            cell = row * COLUMNS + column
            while network.grid.upstream_km2.ravel()[cell] < 60:
                cell = int(network.grid.receiver[cell])
            above = height[row, column] - height.ravel()[cell]
            east = (height[row, column + 1] - height[row, column - 1]) / (2000 * km((row, 0), (row, 1))) if 0 < column < COLUMNS - 1 else np.nan
            north = (height[row + 1, column] - height[row - 1, column]) / (2000 * km((0, 0), (1, 0)))
            steep = np.degrees(np.arctan(np.hypot(east, north)))
            if 0 <= below <= rules["within_km"] and 0 <= above <= rules["above_stream_m_max"] and steep <= rules["slope_deg_max"]:
                banned = 33 <= row < 36 and 15.2 <= column + 0.5 <= 18
                fit[round(point.x, 6), round(point.y, 6)] = (bool(banned), above, steep, below)
    assert 0 < sum(row[0] for row in fit.values()) < len(fit) > rules["most_per_plant"]
    assert all(f"{title}（没有可用的图层，未查）" in said for said in table["conflicts"] for title in ("永久基本农田", "自然保护区"))
    columns = ["conflicts", "above_stream_m", "slope_deg", "river_km"]
    ours = [(c.startswith(red.spec.title), a, s, k) for c, a, s, k in table[columns].itertuples(index=False)]
    places = [(round(x, 6), round(y, 6)) for x, y in table[["lon", "lat"]].itertuples(index=False)]
    assert [row[0] for row in ours] == [fit[place][0] for place in places]
    assert np.array(ours)[:, 1:].tolist() == [pytest.approx(fit[place][1:], rel=5e-3, abs=1e-6) for place in places]
    assert ours == sorted(ours) and len(ours) == rules["most_per_plant"]
    left = [row for place, row in fit.items() if place not in places]
    assert all(row[:2] >= (ours[-1][0], ours[-1][1] - 1e-6) for row in left)
    assert table["straight_m"].to_numpy() == pytest.approx(
        [GEOD.inv(at(30.5, MAIN).x, at(30.5, MAIN).y, *place)[2] for place in places], abs=2.0
    )  # fmt: skip


def test_a_register_runs_from_source_to_mouth_with_the_tributary_where_it_joins(valley):
    rows = river_register(valley.network, valley.events, "干河").set_index("receptor_id")
    assert (np.diff(rows["chainage_km"]) <= 1e-9).all() and rows["chainage_km"].min() >= 0
    joined = rows[rows["kind"] == "支流汇入"]
    assert len(joined) == 1 and joined["name"].iloc[0] == "未命名支流（203 平方公里）"
    assert joined["chainage_km"].iloc[0] == pytest.approx(km(*main_way((28, MAIN), 39)), rel=1e-4)
    east = river_register(valley.network, valley.events, "东支")
    assert set(east["receptor_id"]) >= {"sections1", "JX-130821-130822"} and "intakes0" not in set(east["receptor_id"])
    assert (east["chainage_km"] >= 0).all()


def test_a_dossier_says_length_area_counties_and_whose_water_it_is(valley):
    found = make_dossier(valley, subjects_of(*COMPANIES), "干河", velocity=SPEED)
    assert found.length_km == pytest.approx(km(*main_way((6, WEST), 39)), rel=1e-4)
    assert [(name, round(upper, 1), round(lower, 1)) for name, upper, lower in found.counties] == [
        ("甲县", 32.4, 27.8), ("乙县", 26.9, 13.7), ("丙区", 12.5, 2.8), ("数据范围外", 1.9, 0.0),
    ]  # fmt: skip
    assert found.is_cut and any("是下限" in note for note in found.notes)
    assert set(found.sources["subject_id"]) == {"E1", "E2", "E3"} and found.bank_count == 2
    assert set(found.structures["kind"]).isdisjoint({"城镇", "环境敏感点"}) and len(found.structures) == len(found.register) - 2
    assert set(found.interceptions["kind"]) == {"水库", "水库坝址（推导）", "铁路跨河处"}


def test_events_are_described_with_the_river_they_stand_on(valley):
    rows = described_events(valley, valley.events).set_index("receptor_id")
    assert rows.loc["sections1", "river"] == "东支" and rows.loc["sections2", "river"] == "干河"
    assert rows.loc["intakes0", "chainage_km"] == pytest.approx(km(*main_way((18, WEST), 39)), rel=1e-4)


def test_the_distance_within_which_places_count_is_the_kinds_own_or_the_workspaces(valley):
    for bank_m in (700.0, 720.0, 760.0):
        events = receptor_events(valley.snapper, valley.layers, counties=valley.counties, bank_m=bank_m)
        near = events[events["kind"] == "城镇"]
        assert (near["offset_m"] <= bank_m).all() and ("places2" in set(near["receptor_id"])) == (bank_m > 703.9008)
        assert set(rows_of(events[events["kind"] == "水库"], "receptor_id")) == {("reservoirs0",)}
    assert snap_frame(valley, np.array([block(9, 10, 6, 8)], dtype=object)).offset_m[0] < 700


def test_borders_are_what_they_are_in_whatever_order_the_counties_stand(valley):
    known = valley.layers["counties"].zones
    order = [list(step) for step in ((0, 1, 2), (2, 1, 0), (1, 2, 0))]
    found = [border_events(valley.network, Jurisdictions.of(known.iloc[one])) for one in order]
    told = [sorted(rows_of(table, "kind", "receptor_id", "name", "jurisdiction", "to_outlet_m")) for table in found]
    assert told[0] == told[1] == told[2]
    assert {kind for kind, *_ in told[0]} == {"县界", "省界", "数据边界"}
    city = known.assign(zone_id=["130821", "130722", "110118"])
    assert "市界" in set(border_events(valley.network, Jurisdictions.of(city))["kind"])


def test_of_counties_given_twice_the_first_counts(valley):
    known = valley.layers["counties"].zones
    twice = Jurisdictions.of(known, known.assign(zone_name=["重", "复", "名"]))
    assert twice.names.tolist() == ["甲县", "乙县", "丙区"] and len(twice.shapes) == 3


@pytest.mark.parametrize(("stated_m", "told_m"), [(0.0, None), (5000.0, 5000.0)])
def test_a_derived_river_is_as_good_as_half_a_cells_diagonal_or_as_the_elevation_says(valley, stated_m, told_m):
    height = Elevation(values_m=ground(), lon_edges_deg=valley.network.grid.lon_edges_deg, lat_edges_deg=valley.network.grid.lat_edges_deg)
    spec = layer_spec("dem.tif", id="dem", geometry="raster", accuracy_m=stated_m)
    derived = _derived(height, spec, valley.workspace)
    middle = (at(0, 0).y + at(39, 0).y) / 2
    diagonal = GEOD.inv(117, middle, 117 + EDGE_DEG, middle + EDGE_DEG)[2]
    assert derived.accuracy_m == pytest.approx(told_m or diagonal / 2, rel=1e-6) and derived.is_derived


def test_a_border_is_met_where_the_river_enters_a_county_from_outside_as_where_it_leaves_one(valley):
    """Without the northern county the river comes from outside the data and enters at row 12, in the middle of a step."""
    known = valley.layers["counties"].zones
    for zones, kind in ((known, "县界"), (known.iloc[1:], "数据边界")):
        events = border_events(valley.network, Jurisdictions.of(zones))
        met = events[np.isclose(events["lat"], 41 - EDGE_DEG * 12, atol=EDGE_DEG / 50) & (events["jurisdiction"] == "乙县")]
        assert set(met["kind"]) == {kind} and len(met) == 2
        for row in met.itertuples():
            lower = valley.network.forest.receiver[row.vertex]
            ends = valley.network.forest.to_outlet_m[[row.vertex, lower]]
            assert row.to_outlet_m == pytest.approx(ends.mean(), abs=0.02 * (ends[0] - ends[1]))


def test_what_joins_a_river_stands_on_it(valley):
    register = river_register(valley.network, valley.events, "干河")
    joins = register[register["role"] == "支流"] if (register["role"] == "支流").any() else register[register["kind"] == register["role"]]
    assert len(joins) and (joins["offset_m"] == 0).all() and not joins["can_intercept"].any()


def test_what_lies_below_a_plant_is_asked_of_every_vertex_and_of_no_plant_off_the_river(valley):
    forest = valley.network.forest
    count = len(forest.to_outlet_m)

    def snapped(vertex: np.ndarray) -> Snapped:
        nothing = np.zeros(len(vertex))
        return Snapped(
            vertex=vertex, to_outlet_m=np.where(vertex >= 0, forest.to_outlet_m[vertex], np.nan), offset_m=nothing, lon_deg=nothing, lat_deg=nothing,
            behind_divide=np.zeros(len(vertex), dtype=bool),
        )  # fmt: skip

    plants, ground_ = np.append(np.arange(count), -1), np.append(np.arange(0, count, 3), -1)
    plant, cell = _below(valley, snapped(plants), snapped(ground_), within_m=8000.0)
    wanted = set()
    for i, vertex in enumerate(plants[:-1]):
        way = [int(vertex)]
        while forest.receiver[way[-1]] != way[-1]:
            way.append(int(forest.receiver[way[-1]]))
        wanted |= {(i, j) for j, at_ in enumerate(ground_[:-1]) if at_ in way and forest.to_outlet_m[vertex] - forest.to_outlet_m[at_] <= 8000.0}
    assert set(zip(plant.tolist(), cell.tolist(), strict=True)) == wanted and any(i == 0 for i, _ in wanted)


def test_only_a_derived_network_is_named_and_compared_with_given_lines(valley):
    line = zone_layer("rivers", [shapely.LineString([at(4, WEST), at(20, WEST)])], kind="line", accuracy_m=10.0)
    line.zones["zone_name"] = ["西河"]
    bare = replace(valley.network, river=np.full(len(valley.network.river), "", dtype=object))
    named, rows, gaps = _named(bare, [line], valley.workspace)
    assert "西河" in set(named.river) and list(rows["river"]) == ["西河"] and named.accuracy_m >= valley.network.accuracy_m
    given = replace(valley.network, is_derived=False)
    same, none, no_gaps = _named(given, [line], valley.workspace)
    assert same is given and none.empty and gaps == no_gaps == []
