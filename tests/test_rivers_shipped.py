"""The shipped rivers: independent catchments, receptor orders read off the map, and what must be refused."""

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shipped
from scipy import ndimage

from cdgis.core.errors import NetworkError
from cdgis.geometry.geodesy import cell_areas_m2, geodesic_distance_m, geometries_to_local
from cdgis.raster import read_raster
from cdgis.rivers.dischargers import dischargers
from cdgis.rivers.entry_points import downstream_measures, downstream_of_dischargers, downstream_receptors
from cdgis.rivers.spill_trace import (
    enterprise_origin,
    place_origin,
    receptor_origin,
    trace_down,
    trace_up,
)
from cdgis.rivers.system import RiverSystem
from cdgis.rivers.trace import Velocity, downstream_events
from cdgis.workspace.settings import open_workspace
from tests.reference.drainage import receivers

ROOT = Path(__file__).parent.parent
CASES = tomllib.loads((Path(__file__).parent / "cases" / "river_receptors.toml").read_text(encoding="utf-8"))
FAR_FROM_STREAMS = (117.05, 42.3)
SPEED = Velocity.parse("0.5:1.5")


@pytest.fixture(scope="module")
def system() -> RiverSystem:
    return shipped.rivers()


@pytest.fixture(scope="module")
def subjects():
    return shipped.subjects()


def basin_of(receiver: np.ndarray, outlet: int) -> np.ndarray:
    step = receiver.copy()
    step[outlet] = outlet  # it keeps what reaches it
    for _ in range(14):  # pointer doubling: 2**14 cells are more than the longest way
        step = step[step]
    return step == outlet


def test_catchments_of_twenty_points_equal_a_receivers(system):
    """On unfilled ground (in filled pits every direction is convention), within one ring of cells."""
    grid = system.network.grid
    workspace = open_workspace(ROOT)
    elevation_m = np.array(read_raster(workspace.catalog["dem"], workspace.layers_dir).values, dtype=float)
    ours = grid.receiver.astype(int)
    lat_deg = (grid.lat_edges_deg[:-1] + grid.lat_edges_deg[1:]) / 2
    theirs = receivers(elevation_m, lat_deg, 1 / 120, ours == np.arange(ours.size))
    area = grid.upstream_km2.ravel()
    raised = ndimage.binary_dilation(grid.filled_m > elevation_m, np.ones((3, 3))).ravel()
    row, column = np.divmod(np.arange(area.size), grid.shape[1])
    inner = (row > 20) & (row < grid.shape[0] - 20) & (column > 20) & (column < grid.shape[1] - 20)
    usable = np.flatnonzero((area > 60) & inner & ~raised)
    points = np.random.default_rng(20261101).choice(usable, size=20, replace=False)
    ring = np.ones((3, 3), dtype=bool)
    for point in points:
        mine = basin_of(ours, point).reshape(grid.shape)
        other = basin_of(theirs, point).reshape(grid.shape)
        outside = (mine & ~ndimage.binary_dilation(other, ring)) | (other & ~ndimage.binary_dilation(mine, ring))
        assert outside.sum() == 0, (grid.centres(np.array([point])), mine.sum(), other.sum())


@pytest.mark.parametrize("case", CASES["case"], ids=lambda c: c["enterprise"])
def test_receptors_come_in_the_order_a_person_reads_off_the_map(system, subjects, case):
    names = trace_down(system, enterprise_origin(system, subjects, case["enterprise"]), velocity=SPEED).tables["trace"][
        "name"
    ]
    places = [next((i for i, name in enumerate(names) if name.startswith(wanted)), -1) for wanted in case["order"]]
    assert -1 not in places and places == sorted(places), list(zip(case["order"], places, strict=True))
    assert [wanted for wanted in case["never"] if names.str.startswith(wanted).any()] == []


def test_km_along_every_main_stem_are_those_of_its_line_within_two_percent(system):
    """The stems were traced on a larger window by another filling; what lies in the network's window must measure alike."""
    lines = gpd.read_file(ROOT / "layers/base/main_rivers.gpkg").explode(ignore_index=True)
    network = system.network
    tree = shapely.STRtree(shapely.points(network.vertices_local()))
    measured = 0
    for line in lines.geometry:
        lonlat = shapely.get_coordinates(line)
        line_m = geodesic_distance_m(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1]).sum()
        if line_m < 40_000:
            continue
        ends = shapely.points(shapely.get_coordinates(geometries_to_local(np.array([line])))[[0, -1]])
        top, mouth = tree.nearest(ends)
        river_m = network.forest.to_outlet_m[top] - network.forest.to_outlet_m[mouth]
        assert abs(river_m) == pytest.approx(line_m, rel=0.02)
        measured += 1
    assert measured >= 6


def test_no_place_in_the_laoha_basin_reaches_panjiakou(system):
    stem = set(system.network.stem("老哈河").tolist())
    forest = system.network.forest
    mouth = min(stem, key=lambda v: forest.to_outlet_m[v])
    basin = np.flatnonzero(forest.is_downstream(np.int64(mouth), np.arange(len(forest.receiver))))
    assert len(basin) > 500
    reached = downstream_events(system.network, system.events, basin[::5], forest.to_outlet_m[basin[::5]])
    assert len(reached) and not reached["name"].str.contains("潘家口").any()


def test_a_point_three_kilometres_from_any_stream_is_refused_with_candidates(system):
    with pytest.raises(NetworkError, match=r"2000 米以内没有它汇入的河段(.|\n)*相距 \d{4} 米") as refused:
        place_origin(system, *FAR_FROM_STREAMS)
    assert str(refused.value).count("·") == 5


def test_a_snap_says_how_far_it_was(system):
    stem = system.network.stem("滦河")
    vertex = stem[len(stem) // 2]
    origin = place_origin(system, float(system.network.lon_deg[vertex]) + 0.005, float(system.network.lat_deg[vertex]))
    assert 0 < origin.offset_m < 450 and f"{origin.offset_m:.0f} 米" in origin.notes[0]


def test_a_target_upstream_is_an_error_that_says_so(system, subjects):
    origin = enterprise_origin(system, subjects, "E0003")
    with pytest.raises(NetworkError, match="古北口断面.*不在该点下游"):
        trace_down(system, origin, velocity=SPEED, target="古北口断面")
    with pytest.raises(NetworkError, match="没有编号或名称为"):
        trace_down(system, origin, velocity=SPEED, target="没有这个")
    reached = trace_down(system, origin, velocity=SPEED, target="上板城断面").tables["trace"]
    assert "上板城断面" in set(reached["name"]) and "潘家口水库断面" not in set(reached["name"])


def test_upstream_of_a_section_mirrors_downstream_of_enterprises(system, subjects):
    section = receptor_origin(system, "上板城断面")
    above = set(trace_up(system, section, subjects, velocity=SPEED).tables["trace_sources"]["subject_id"])
    below = downstream_receptors(system, subjects, velocity=SPEED)["trace_enterprises"]
    assert above == set(below.loc[below["name"] == "上板城断面", "subject_id"]) and len(above) > 50


def test_sources_are_ranked_by_tier_then_nearness(system, subjects):
    rows = trace_up(system, receptor_origin(system, "DM20"), subjects, velocity=SPEED).tables["trace_sources"]
    keys = list(zip(rows["tier"], rows["river_km"], strict=True))
    assert keys == sorted(keys) and rows["rank"].tolist() == list(range(1, len(rows) + 1))


def test_who_must_be_told_is_in_flow_order_and_once(system, subjects):
    told = trace_down(system, enterprise_origin(system, subjects, "E0003"), velocity=SPEED).tables["trace_notify"]
    assert told["jurisdiction"].tolist()[:4] == ["双桥区", "承德县", "兴隆县", "宽城满族自治县"]
    assert told["jurisdiction"].is_unique and told["river_km"].is_monotonic_increasing


def test_what_was_not_loaded_is_said(system):
    assert "桥梁" in system.gaps and "水闸" in system.gaps and "没有列出不等于没有" in system.gaps


def test_every_enterprise_has_a_line_even_when_no_river_is_near(system, subjects):
    tables = downstream_receptors(system, subjects, velocity=SPEED)
    refused = tables["river_entry"][tables["river_entry"]["status"] != "已取河段"]
    assert len(refused) > 0 and not set(refused["subject_id"]) & (
        set(tables["trace_enterprises"]["subject_id"])
        - set(tables["river_entry"].loc[tables["river_entry"]["status"] == "已取河段", "subject_id"])
    )


def test_the_derived_network_says_how_far_it_is_from_the_given_lines(system):
    apart = system.check[system.check["place"] == "河流（1:400万）"].set_index("river")["value"]
    assert 400 < apart["滦河"] < 600
    assert system.network.is_derived and system.network.accuracy_m > 400 and "由高程推导" in system.method


def test_on_shipped_ground_area_at_outlets_is_the_area_of_their_basins(system):
    grid = system.network.grid
    outlets = np.flatnonzero(grid.receiver == np.arange(grid.receiver.size))
    label = grid.catchments(outlets).ravel()
    cell_km2 = np.repeat(cell_areas_m2(grid.lat_edges_deg, 1 / 120) / 1e6, grid.shape[1])
    assert (label > 0).all()
    per_basin = np.bincount(label, weights=cell_km2, minlength=len(outlets) + 1)[1:]
    assert grid.upstream_km2.ravel()[outlets] == pytest.approx(per_basin, rel=1e-9)


def test_relocation_cards_get_the_distances_of_the_same_trace(system, subjects):
    frame = subjects.frame[subjects.frame["subject_id"] == "E0003"].iloc[:1]
    asked = frame[["subject_id"]].assign(lon=frame.geometry.x, lat=frame.geometry.y)
    row = downstream_measures(system)(asked).iloc[0]
    rows = trace_down(system, enterprise_origin(system, subjects, "E0003"), velocity=SPEED).tables["trace"]
    assert row["沿河到下游监测断面（公里）"] == pytest.approx(rows.loc[rows["kind"] == "监测断面", "river_km"].min())
    assert row["离所汇入河道（米）"] > 0


def test_every_discharger_has_a_line_in_the_reports_table_even_when_nothing_can_be_told(system, subjects):
    table = downstream_of_dischargers(system, subjects)
    assert set(table["subject_id"]) == set(dischargers(subjects))
    told = table[table["kind"] != "未能说明"]
    assert not told.duplicated(["subject_id", "kind"]).any() and not told["kind"].isin(["城镇", "环境敏感点"]).any()
    silent = table[table["kind"] == "未能说明"]
    assert (
        len(silent) > 0 and silent["river_km"].isna().all() and not set(silent["subject_id"]) & set(told["subject_id"])
    )
