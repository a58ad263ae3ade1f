"""Given river lines: what is mended, what is only reported, and which way water then runs."""

import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame

from cdgis.core.errors import NetworkError
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local
from cdgis.rivers.lines import Elevation, network_from_lines
from cdgis.rivers.snap import Snapper
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer

ORIGIN = shapely.get_coordinates(geometries_to_local(np.array([shapely.Point(117.5, 41.0)])))[0]


def river(*named: tuple[str, list[tuple[float, float]]]) -> Layer:
    """Return a line layer from metres east and north of 117.5°E 41°N."""
    lines = geometries_from_local(
        np.array([shapely.LineString(np.array(xy) + ORIGIN) for _, xy in named], dtype=object)
    )
    ids = [f"L{number}" for number in range(1, len(named) + 1)]
    zones = GeoDataFrame(
        {"zone_id": ids, "zone_name": [name for name, _ in named], "zone_class": ""}, geometry=lines, crs=4490
    )
    spec = LayerSpec(
        id="official", title="河线", theme="基础", geometry="line", path="x.gpkg", official=True, version="2026", source="s",
        licence="l", zones=False, accuracy_m=10,
    )  # fmt: skip
    record = InputRecord(layer="official", kind="layer", path="x", sublayer="", sha256="0", version="", official=True)
    return Layer(spec=spec, zones=zones, record=record)


MAIN = ("干流", [(0, 0), (5000, 0), (10000, 0)])


def rows(check, item: str) -> list[str]:
    return check.loc[check["item"] == item, "river"].tolist()


def test_a_sound_network_needs_no_mending_and_keeps_its_names_and_lengths():
    network, check = network_from_lines(river(MAIN, ("支流", [(5000, 3000), (5000, 0)])), join_m=50, elevation=None)
    assert check.empty and not network.is_derived and network.accuracy_m == 10
    stem = network.stem("干流")
    assert network.forest.to_outlet_m[stem[0]] == pytest.approx(10_000, rel=1e-3)
    source = network.stem("支流")[0]
    assert network.forest.to_outlet_m[source] == pytest.approx(8_000, rel=1e-3)
    assert network.forest.strahler[stem[-1]] == 2


def test_a_short_gap_is_closed_and_reported_a_long_one_only_reported():
    layer = river(MAIN, ("支流", [(5000, 3000), (5000, 30)]), ("远支", [(7000, 3000), (7000, 300)]))
    network, check = network_from_lines(layer, join_m=50, elevation=None)
    mended = check[check["item"] == "断开"].iloc[0]
    assert (mended["river"], mended["action"], mended["value"]) == ("L2", "已修复", pytest.approx(30, abs=0.1))
    assert rows(check, "疑似断开") == ["L3"]
    roots = {int(network.forest.root[v]) for v in network.stem("支流")} | {
        int(network.forest.root[v]) for v in network.stem("干流")
    }
    assert len(roots) == 1
    assert {int(network.forest.root[v]) for v in network.stem("远支")}.isdisjoint(roots)


def test_lines_that_cross_get_a_node_and_are_reported():
    layer = river(MAIN, ("横", [(5000, 2000), (5000, -2000)]))
    network, check = network_from_lines(layer, join_m=50, elevation=None)
    assert rows(check, "交叉无节点") == ["L1"]
    assert len({int(root) for root in network.forest.root}) == 1


def test_a_line_drawn_upstream_is_turned_and_reported():
    layer = river(MAIN, ("支流", [(5000, 0), (5000, 3000)]), ("小支", [(5000, 4500), (5000, 3000)]))
    network, check = network_from_lines(layer, join_m=50, elevation=None)
    assert rows(check, "方向相反") == ["L2"]
    assert network.forest.to_outlet_m[network.stem("小支")[0]] == pytest.approx(9_500, rel=1e-3)


def test_elevation_decides_the_outlet_when_the_whole_river_is_drawn_upstream():
    lon = 117.4 + 0.001 * np.arange(400)
    lat = 41.1 - 0.001 * np.arange(200)
    falling_west = np.tile(np.arange(399, dtype=float), (199, 1))
    layer = river(("干流", [(0, 0), (5000, 0), (10000, 0)]))
    slope = Elevation(values_m=falling_west, lon_edges_deg=lon, lat_edges_deg=lat)
    network, check = network_from_lines(layer, join_m=50, elevation=slope)
    assert rows(check, "方向相反") == ["L1"]
    outlet = np.flatnonzero(network.forest.is_outlet)
    assert network.lon_deg[outlet] == pytest.approx([117.5], abs=1e-6)


def test_a_braid_is_reported_and_traced_along_its_shorter_arm():
    layer = river(MAIN, ("汊", [(2000, 0), (3000, 2000), (6000, 2000), (7000, 0)]))
    network, check = network_from_lines(layer, join_m=50, elevation=None)
    assert rows(check, "分汊或成环") == ["L2"]
    assert network.forest.to_outlet_m.max() == pytest.approx(10_000, rel=1e-3)


def test_every_change_names_where_and_no_empty_layer_is_taken():
    layer = river(MAIN, ("支流", [(5000, 3000), (5000, 30)]))
    _, check = network_from_lines(layer, join_m=50, elevation=None)
    lon, lat = map(float, check.iloc[0]["place"].split(","))
    assert (lon, lat) == (pytest.approx(117.56, abs=0.01), pytest.approx(41.0, abs=0.01))
    empty = Layer(spec=layer.spec, zones=layer.zones.iloc[:0], record=layer.record)
    with pytest.raises(NetworkError, match="没有一条河线"):
        network_from_lines(empty, join_m=50, elevation=None)


def test_places_snap_to_given_lines_with_their_distance():
    network, _ = network_from_lines(river(MAIN), join_m=50, elevation=None)
    place = shapely.get_coordinates(geometries_from_local(np.array([shapely.Point(ORIGIN + [2500, 400])])))[0]
    near = Snapper(network).snap(place[:1], place[1:], limit_m=500)
    assert near.offset_m[0] == pytest.approx(400, rel=1e-3) and near.to_outlet_m[0] == pytest.approx(7_500, rel=1e-3)
    far = Snapper(network).snap(place[:1], place[1:], limit_m=399)
    assert far.vertex[0] == -1 and far.offset_m[0] == pytest.approx(400, rel=1e-3)
