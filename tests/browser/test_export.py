"""Search, layer list and exports of the overview page: what is shown is what leaves the page."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report_fixtures import make_assessment
from visits import DESKTOP, Visit, until

pytestmark = pytest.mark.browser
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def visit(browser: object, published: Path):
    with Visit(browser, published / "index.html", DESKTOP) as found:
        yield found


def saved(visit: Visit, button: str) -> bytes:
    with visit.page.expect_download() as waiting:
        visit.page.click(button)
    return waiting.value.path().read_bytes()


def shown(visit: Visit, words: str) -> list[str]:
    visit.page.fill("#search", words)
    return visit.page.evaluate("[...state.visible].sort()")


def test_search_takes_several_words_full_width_signs_and_initials(visit: Visit) -> None:
    whole = shown(visit, "")
    assert shown(visit, "示例项目 3110") == shown(visit, "3110　示例项目") != []
    assert shown(visit, "Ｐ００３") == shown(visit, "p003") == ["P003"]
    assert shown(visit, "slxm") == [key for key in whole if key.startswith("P")] != []
    assert shown(visit, "slqy 3011") == shown(visit, "示例企业 3011") and shown(visit, "slxm 无此词") == []
    assert shown(visit, "") == whole and visit.complaints == []


def test_layers_are_found_by_name_and_all_put_away(visit: Visit) -> None:
    for words in ("铁路", "tl", "ＴＬ"):
        visit.page.fill("#layer-search", words)
        found = visit.page.evaluate("[...document.querySelectorAll('label.layer')].filter((n) => n.offsetParent).map((n) => n.textContent)")
        assert found == ["铁路"], words
    visit.page.fill("#layer-search", "")
    before = visit.page.evaluate("data.layers.filter((l) => l.shown).map((l) => l.id)")
    visit.page.click("#layers-none")
    until(visit.page, "data.layers.every((l) => !l.shown)")
    assert before and visit.page.locator("#layer-tree input[type=checkbox]:checked").count() == 0
    visit.page.evaluate(f"Promise.all({json.dumps(before)}.map((id) => showLayer(data.layers.find((l) => l.id === id), true))).then(drawTree)")


def test_filtered_subjects_leave_as_geojson_and_kml_with_their_outlines(visit: Visit) -> None:
    ids = shown(visit, "3110")
    frame = make_assessment().subjects.frame.set_index("subject_id")
    collection = json.loads(saved(visit, "#save-geojson"))
    assert sorted(feature["id"] for feature in collection["features"]) == ids and ids
    for feature in collection["features"]:
        shape, own = shapely.from_geojson(json.dumps(feature["geometry"])), frame.loc[feature["id"], "geometry"]
        assert shapely.get_dimensions(shape) == shapely.get_dimensions(own)
        assert shapely.hausdorff_distance(shapely.points(shapely.get_coordinates(shape)[0]), own) < 0.02
        np.testing.assert_allclose(shape.bounds, own.bounds, atol=2e-6)
        assert feature["properties"]["数据性质"] == "示范数据，不作审批依据" and feature["properties"]["结论"]
    marks = ElementTree.fromstring(saved(visit, "#save-kml")).findall(f".//{KML}Placemark")
    assert len(marks) == len(ids)
    ring = marks[0].find(f".//{KML}coordinates").text.split()
    assert all(abs(float(at.split(",")[0]) - 117.6) < 1 for at in ring)
    shown(visit, "")


def test_view_is_saved_as_a_picture_with_title_legend_and_stamp(visit: Visit, tmp_path: Path) -> None:
    visit.page.locator("summary", has_text="出图").click()
    file = tmp_path / "view.png"
    file.write_bytes(saved(visit, "#save-png"))
    picture, size = Image.open(file).convert("RGB"), visit.page.evaluate("[map.getSize().x, map.getSize().y]")
    assert picture.width == size[0] and picture.height > size[1] + 46 + 40
    pixels = np.asarray(picture)
    assert len(np.unique(pixels[60 : size[1]].reshape(-1, 3), axis=0)) > 50  # the map is drawn
    assert (pixels[:40].min(axis=2) < 80).sum() > 200  # the title
    foot = pixels[-26:]
    assert ((foot[:, :, 0] > 150) & (foot[:, :, 1] < 80)).sum() > 100  # the stamp, in red
    visit.page.locator("summary", has_text="出图").click()


def test_drawn_area_is_given_as_wkt(visit: Visit) -> None:
    visit.page.evaluate("startMeasure('area'); for (const at of [[41, 117.2], [41, 117.3], [41.1, 117.3]]) addMeasure(L.latLng(...at))")
    visit.page.click("#measure-wkt")
    shape = shapely.from_wkt(visit.page.input_value("#link-text"))
    assert shape.equals(shapely.Polygon([(117.2, 41), (117.3, 41), (117.3, 41.1)]))
    visit.page.keyboard.press("Escape")
    assert visit.complaints == []
