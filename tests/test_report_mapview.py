import json

import folium
from report_fixtures import empty_assessment, make_assessment

from cdgis.report.map.base_map import base_map, bounds_shown
from cdgis.report.map.outline_encoding import inflated, unpack
from cdgis.report.screening import Casebook
from cdgis.report.site.overview_map import MapView, build_map
from cdgis.report.site.subject_list import list_subjects


def _view() -> MapView:
    assessment = make_assessment()
    return build_map(assessment, list_subjects(Casebook(assessment)))


def _data(view: MapView) -> dict:
    return json.loads(inflated(view.data))


def test_map_is_the_same_twice_and_leaves_folium_as_it_was() -> None:
    links = list(folium.Map.default_js), list(folium.Map.default_css)
    assert _view() == _view()
    assert (folium.Map.default_js, folium.Map.default_css) == links and links[0]


def test_map_script_makes_the_map_the_data_points_to_and_asks_for_nothing() -> None:
    view = _view()
    assert "http" not in view.script + view.html and "tileLayer" not in view.script
    assert f"var {_data(view)['map']} = L.map(" in view.script and f'id="{_data(view)["map"]}"' in view.html


def test_map_carries_every_layer_once_with_a_row_per_zone() -> None:
    view, layers = _view(), make_assessment().layers
    assert set(view.geometry) == {"subjects", *layers}
    for record in _data(view)["layers"]:
        rings, _ = unpack(view.geometry[record["id"]])
        assert len(record["ids"]) == len(record["names"]) == len(record["kinds"]) == len(rings.parts_of_zone)
        assert len(record["ids"]) == len(layers[record["id"]].zones)


def test_labels_name_the_largest_county_first_and_by_its_short_name() -> None:
    counties = next(record for record in _data(_view())["layers"] if record["id"] == "counties")
    assert {row[0] for row in counties["labels"]} == {"双桥区", "承德县", "滦平县", "兴隆县"}


def test_map_data_carries_each_subject_with_its_clauses_and_what_decided() -> None:
    data = _data(_view())
    subjects = {s["subject_id"]: s for s in data["subjects"]}
    assert len(subjects) == 20
    rule_ids = [data["rules"][number][0] for number, _, _ in subjects["P000"]["applies"]]
    assert rule_ids == ["ECO-02", "TH-01"]
    assert subjects["P000"]["decisiveLayers"] == ["ecological_redline"]
    assert subjects["P004"]["unknown"][0][2] == "是否排放污染物"
    assert subjects["E010"]["dimension"] == 0 and subjects["P000"]["dimension"] == 2


def test_subject_outlines_run_parallel_to_the_subjects() -> None:
    view = _view()
    rings, _ = unpack(view.geometry["subjects"])
    drawn = [count > 0 for count in rings.parts_of_zone.tolist()]
    assert drawn == [s["dimension"] > 0 for s in _data(view)["subjects"]]


def test_map_is_drawn_when_nothing_was_judged() -> None:
    view = build_map(empty_assessment(), ())
    assert _data(view)["subjects"] == [] and len(_data(view)["layers"]) == 8


def test_an_empty_map_made_before_is_taken_where_it_shows_the_same() -> None:
    assessment = make_assessment()
    listed = list_subjects(Casebook(assessment))
    plain = build_map(assessment, listed)
    made = base_map(assessment.layers, bounds_shown(assessment.layers, assessment.subjects))
    assert build_map(assessment, listed, base=made) == plain
    assert build_map(assessment, listed, base=made._replace(html="其他")).html == "其他"
    elsewhere = made._replace(bounds=(0.0, 0.0, 1.0, 1.0), html="其他")
    assert build_map(assessment, listed, base=elsewhere) == plain
