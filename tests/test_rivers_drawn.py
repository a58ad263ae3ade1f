"""Drawn rivers and waters against the heights: those drawn where water runs are used, those drawn elsewhere are named."""

import random
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from river_valley import COLUMNS, EAST, JOIN, MAIN, ROWS, WEST, at, ground, layers
from shapes import workspace, zone_layer
from test_rivers_laws import grid_of

from cdgis.rivers.drawn_waters import LEAST_SKILL, rivers_astray, share_by_chance, waters_astray
from cdgis.rivers.network import network_from_flow
from cdgis.rivers.receptors import Jurisdictions, receptor_events
from cdgis.rivers.snap import Snapper
from cdgis.rivers.system import _named

WITHIN_M = 900.0
WEST_RIVER = shapely.LineString([at(3, WEST), at(JOIN, WEST), at(JOIN + 8, MAIN), at(ROWS - 2, MAIN)])
EAST_RIVER = shapely.LineString([at(3, EAST), at(JOIN, EAST), at(JOIN + 8, MAIN)])


@pytest.fixture(scope="module")
def network():
    return network_from_flow(grid_of(ground()), stream_km2=60.0, accuracy_m=500.0, source="高程")


def rivers(*lines: shapely.LineString, east: float = 0.0, north: float = 0.0):
    made = zone_layer("rivers", [shapely.transform(line, lambda xy: xy + [east, north]) for line in lines], kind="line", accuracy_m=400.0)
    made.zones["zone_name"] = ["干河", "东支"][: len(lines)]
    return made


def test_rivers_drawn_in_their_valleys_are_used(network):
    assert rivers_astray(network, rivers(WEST_RIVER, EAST_RIVER), within_m=WITHIN_M) == {}


@pytest.mark.parametrize("seed", range(20))
def test_a_river_drawn_elsewhere_never_names_one_and_is_told(network, tmp_path, seed):
    """Moved by more than it may be off, whichever way: no name of it is used without a word."""
    draw = random.Random(seed)
    east, north = draw.choice([-1, 1]) * draw.uniform(0.03, 0.05), draw.uniform(-0.01, 0.01)
    moved = rivers(WEST_RIVER, EAST_RIVER, east=east, north=north)
    off = rivers_astray(network, moved, within_m=WITHIN_M)
    named, check, gaps = _named(network, [moved], workspace(tmp_path))
    assert {str(name) for name in named.river} - {""} <= {"干河", "东支"} - off.keys()
    assert bool(off) == bool(gaps) and off
    assert set(check["river"]) >= off.keys() and all("没有用来" in gap.part for gap in gaps)


def test_one_river_drawn_elsewhere_costs_the_others_nothing(network, tmp_path):
    mixed = rivers(WEST_RIVER, shapely.transform(EAST_RIVER, lambda xy: xy - [0.04, 0.0]))
    named, _, gaps = _named(network, [mixed], workspace(tmp_path))
    assert {str(name) for name in named.river} - {""} == {"干河"}
    assert [gap.row for gap in gaps] == ["东支"]


def test_chance_is_the_share_of_land_near_a_stream(network):
    """Against points drawn at random: within three standard errors."""
    draw = np.random.default_rng(1)
    xy = network.vertices_local()
    points = shapely.points(draw.uniform(xy.min(axis=0), xy.max(axis=0), (4000, 2)))
    near = shapely.dwithin(points, shapely.multipoints(xy), WITHIN_M).mean()
    assert abs(near - share_by_chance(network, WITHIN_M)) < 3 * (0.25 / 4000) ** 0.5 + 0.02
    assert 0 < LEAST_SKILL < 1


@pytest.mark.parametrize(("east", "told"), [(0.0, False), (0.06, True), (3.0, True)])
def test_reservoirs_and_sections_that_no_river_meets_are_told(network, tmp_path, east, told):
    held = layers()
    zones = {name: held[name].zones for name in ("reservoirs", "sections")}
    moved = {name: replace(held[name], zones=frame.set_geometry(frame.translate(east, 0))) for name, frame in zones.items()}
    held |= moved
    counties = Jurisdictions.of(gpd.GeoDataFrame(held["counties"].zones))
    events = receptor_events(Snapper(network), held, counties=counties, bank_m=1000.0)
    gaps = waters_astray(held, events, workspace(tmp_path))
    assert {gap.layer for gap in gaps} & set(moved) == (set(moved) if told else set())
    assert COLUMNS > MAIN
