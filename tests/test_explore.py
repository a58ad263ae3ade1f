import json
import re

import folium
import pytest
from branca.element import Figure
from markupsafe import escape
from report_fixtures import ATTACKS, empty_assessment, make_assessment

from cdgis.report.map.explore import explore_map


def _page(**options: object) -> str:
    return explore_map(make_assessment(**options)).get_root().render()


def test_explore_map_is_a_folium_map_and_the_same_bytes_twice() -> None:
    canvas = explore_map(make_assessment())
    assert isinstance(canvas, folium.Map) and isinstance(canvas.get_root(), Figure)
    assert _page() == _page()
    assert folium.Map.default_js and folium.Map.default_css, "folium's own links are another map's business"


def test_explore_map_brings_leaflet_and_asks_for_nothing() -> None:
    page = _page()
    assert "L.geoJson" in page and "Vladimir Agafonkin" in page
    assert not re.search(r"""(src|href)=["']https?:""", page.replace('href="https://leafletjs.com"', ""))
    assert "default-src &#39;none&#39;" in page and "tileLayer(" not in page.split("Vladimir Agafonkin")[0]


def _popups(page: str) -> list[str]:
    """Return the texts that popups set as markup, as the browser's script reads them."""
    found = re.findall(r'"text": "((?:[^"\\]|\\.)*)"', page)
    return [json.loads(f'"{text}"') for text in found]


def test_every_subject_is_on_it_with_verdict_and_clauses() -> None:
    told = {text.split("<small>")[1].split("<")[0]: text for text in _popups(_page()) if "结论：" in text}
    assert set(told) == {f"P{n:03d}" for n in range(10)} | {f"E{n:03d}" for n in range(10, 20)}
    assert "研判结论：不符合" in told["P000"] and "（ECO-02）：生态保护红线内禁止开发性、生产性建设：条文全文。" in told["P000"]
    assert "还缺：是否排放污染物" in told["P004"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_from_data_reach_neither_script_nor_popup_as_markup(attack: str) -> None:
    page = _page(text=attack)
    tags = {tag for text in _popups(page) for tag in re.findall(r"<[^>]*>", text)}
    assert {tag.split()[0].strip("</>") for tag in tags} <= {"b", "br", "small"}
    assert "<" not in attack or attack not in page
    words = str(escape(attack)).replace("{", "&#123;")
    assert any(words in text for text in _popups(page)), "the words themselves are told, and nothing in them was run"


def test_layers_asked_for_are_those_drawn_and_unknown_ones_are_left_out() -> None:
    page = explore_map(make_assessment(), layers=["counties", "no_such_layer"]).get_root().render()
    assert page.count("L.geoJson(null") == 2
    assert explore_map(make_assessment(), layers=[]).get_root().render().count("L.geoJson(null") == 1


def test_map_without_subjects_shows_the_city() -> None:
    assert "L.geoJson(null" in explore_map(empty_assessment()).get_root().render()
