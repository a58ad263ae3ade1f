from dataclasses import replace

import folium
import numpy as np
import shapely
from report_city import make_layers
from report_fixtures import empty_assessment, make_assessment

from cdgis.report.dossier import gather_dossiers
from cdgis.report.mapview import MapView, build_map
from cdgis.report.outline import UNITS_PER_DEGREE, packed, thinned


def _view() -> MapView:
    assessment = make_assessment()
    return build_map(assessment, gather_dossiers(assessment))


def _array(*shapes: shapely.Geometry) -> np.ndarray:
    return np.array(shapes, dtype=object)


def _unpack(steps: list[int]) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / UNITS_PER_DEGREE


def test_packed_outline_unpacks_to_the_same_places() -> None:
    ring = shapely.box(117, 41, 117.01, 41.01)
    hole = shapely.box(117.002, 41.002, 117.004, 41.004)
    parts = packed(_array(ring.difference(hole)))[0]
    assert len(parts) == 1 and len(parts[0]) == 2
    back = shapely.Polygon(_unpack(parts[0][0]), [_unpack(parts[0][1])])
    assert back.symmetric_difference(ring.difference(hole)).area < 1e-12


def test_packed_outline_drops_what_shrinks_to_nothing() -> None:
    assert packed(_array(shapely.box(117, 41, 117 + 1e-7, 41 + 1e-7))) == [[]]


def test_packed_lines_and_points_keep_their_coordinates_and_order() -> None:
    line, point = shapely.LineString([(117, 41), (117.00002, 41.00001)]), shapely.MultiPoint([(117, 41), (118, 42)])
    packs = packed(_array(line, shapely.LineString(), point))
    assert packs == [[[11700000, 4100000, 2, 1]], [], [[11700000, 4100000], [11800000, 4200000]]]


def test_thinned_partition_keeps_shared_edges_shared() -> None:
    layer = make_layers()["management_units"]
    before = shapely.segmentize(layer.zones.geometry.to_numpy(), 1e-3)
    after = thinned(replace(layer, zones=layer.zones.set_geometry(before)))
    assert shapely.get_num_coordinates(after).sum() < shapely.get_num_coordinates(before).sum()
    total = shapely.union_all(after).area
    assert abs(shapely.area(after).sum() - total) < 1e-12 * total


def test_map_is_the_same_twice_and_leaves_folium_as_it_was() -> None:
    links = list(folium.Map.default_js), list(folium.Map.default_css)
    first, second = _view(), _view()
    assert (first.html, first.script, first.data) == (second.html, second.script, second.data)
    assert (folium.Map.default_js, folium.Map.default_css) == links and links[0]


def test_map_script_names_each_group_the_data_points_to() -> None:
    view = _view()
    assert "http" not in view.script + view.html and "tileLayer" not in view.script
    for layer in view.data["layers"]:
        assert f"var {layer['group']} = L.featureGroup(" in view.script
    assert f'id="{view.data["map"]}"' in view.html


def test_map_data_carries_each_subject_with_its_clauses() -> None:
    view = _view()
    subjects = {s["subject_id"]: s for s in view.data["subjects"]}
    assert len(subjects) == 20
    rule_ids = [view.data["rules"][number][0] for number, _, _ in subjects["P000"]["applies"]]
    assert rule_ids == ["ECO-02", "TH-01"]
    assert subjects["P004"]["unknown"][0][2] == "是否排放污染物"
    assert subjects["E010"]["outline"] == [] and subjects["P000"]["dimension"] == 2


def test_map_is_drawn_when_nothing_was_judged() -> None:
    view = build_map(empty_assessment(), ())
    assert view.data["subjects"] == [] and len(view.data["layers"]) == 8
