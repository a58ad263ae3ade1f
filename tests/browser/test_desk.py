"""The desk in Chromium on a small workspace, nothing but the desk within reach: the steps of a case, by mouse and by keyboard."""

import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_client import BESIDE, OVER, wkt_geojson
from desk_listening import held_port, listening
from desk_people import Person
from shapes import write_layer
from small_workspace import small_workspace
from visits import DESKTOP, PHONE

pytestmark = pytest.mark.browser
PORT = held_port()
ADDRESS = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running desk, and the folder of its workspace."""
    root = small_workspace(tmp_path_factory.mktemp("desk") / "w")
    with listening(root, PORT):
        yield root


def shapefile_zip(folder: Path) -> Path:
    made = write_layer(folder / "shp" / "地块.shp", [OVER], {"name": ["示例"]}, encoding="UTF-8")
    archive = folder / "地块.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for part in made.parent.glob("地块.*"):
            target.write(part, part.name)
    return archive


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_first_case_from_a_shapefile_to_a_numbered_report(browser, served, tmp_path, size):
    with Person(browser, size, PORT) as person:
        page = person.new_case()
        page.set_input_files("#files", shapefile_zip(tmp_path))
        page.wait_for_selector("#confirm")
        assert "4 公顷" in page.inner_text("#boundary") and "60 亩" in page.inner_text("#boundary")
        fits(page)
        page.click("#confirm")
        page.fill("#facts [name=name]", "示例项目")
        page.fill("#industry", "粘土砖瓦")
        page.wait_for_selector("#industry-list li")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.select_option("#facts [name=project_type]", "新建")
        page.select_option("#facts [name=activity]", "开发性生产性建设")
        page.wait_for_selector("#live .v-fail")
        assert "草算" in page.inner_text("#live")
        page.click("#tab-verdict")
        assert "红线一般区域禁止开发性生产性建设" in page.inner_text("#verdict")
        fits(page)
        page.click("#tab-flow")
        page.click("#finalise")
        page.click("#ask-yes")
        page.wait_for_selector("text=已定稿")
        assert page.locator("#flow a[href*='/documents/']").count() >= 6
        fits(page)
        page.goto(ADDRESS)
        page.fill("#filter [name=q]", "示例项目")
        page.wait_for_selector("#cases tbody tr")
        assert "不符合" in page.inner_text("#cases tbody tr >> nth=0")
        fits(page)


def test_polygon_with_a_hole_is_drawn_undone_and_becomes_the_boundary(browser, served):
    with Person(browser, DESKTOP, PORT) as person:
        page = person.new_case()
        page.click("#start-draw")
        box = page.locator("#map").bounding_box()

        def click(x, y):
            page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)

        for x, y in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.6), (0.3, 0.6), (0.1, 0.1)):
            click(x, y)
        page.click("#undo")
        page.click("[data-mode=hole]")
        for x, y in ((0.45, 0.4), (0.55, 0.4), (0.5, 0.5)):
            click(x, y)
        page.locator("#draw-told", has_text="7 个点，1 个孔").wait_for()
        page.click("#use-drawn")
        page.wait_for_selector("#boundary .site")
        assert "1 个孔" in page.inner_text("#boundary .site")


def test_datum_is_asked_for_and_the_case_decided_by_keyboard_alone(browser, served):
    with Person(browser, DESKTOP, PORT) as person:
        page = person.new_case()
        page.focus("#start-paste")
        page.keyboard.press("Enter")
        page.select_option("#notation", "plane")
        page.keyboard.press("Tab")
        page.keyboard.type("4584000.1,541000.2\n4584000.1,541100.2\n4584100.1,541100.2\n4584100.1,541000.2")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#boundary .lost")
        assert "带号" in page.inner_text("#boundary") and page.locator("#confirm").count() == 0
        page.focus("#answers [name=crs]")
        page.keyboard.type("EPSG:4548")
        page.select_option("#answers [name=geometry_kind]", "polygon")
        page.focus("#answers button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#confirm")
        assert "15 亩" in page.inner_text("#boundary") or "14.99" in page.inner_text("#boundary")
        page.focus("#confirm")
        page.keyboard.press("Enter")
        page.wait_for_selector("#step-facts:not([hidden])")
        page.focus("#industry")
        page.keyboard.type("3031")
        page.wait_for_selector("#industry-list li")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#live .chip")
        page.focus("#tab-verdict")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")  # to the tab beside it
        page.keyboard.press("Enter")
        page.wait_for_selector("#step-flow:not([hidden])")
        page.focus("#finalise")
        page.keyboard.press("Enter")
        page.focus("#ask-yes")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=已定稿")


def test_question_that_changes_the_verdict_and_a_shift_that_is_accepted(browser, served, tmp_path):
    site = tmp_path / "site.geojson"
    site.write_bytes(wkt_geojson(OVER))
    with Person(browser, DESKTOP, PORT) as person:
        page = person.new_case()
        page.set_input_files("#files", site)
        page.click("#confirm")
        page.wait_for_selector("#questions .question")
        before = page.inner_text("#live .chip")
        page.select_option("#facts [name=project_type]", "新建")
        page.select_option("#facts [name=activity]", "开发性生产性建设")
        page.wait_for_selector("#live .v-fail")
        assert before != "不符合"
        page.click("#tab-verdict")
        page.locator(".way button", has_text="采用").first.click()
        page.click("#ask-yes")
        page.wait_for_selector("#confirm")
        assert "frame-" in page.inner_text("#boundary")


def test_axe_finds_nothing_serious_on_any_page(browser, served, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    site = tmp_path / "site.geojson"
    site.write_bytes(wkt_geojson(BESIDE))
    with Person(browser, DESKTOP, PORT) as person:
        page = person.page
        page.click("#map-fold summary")
        page.wait_for_selector("#legend .swatch")
        found = [(page.url, Axe().run(page))]
        person.new_case()
        page.set_input_files("#files", site)
        page.click("#confirm")
        page.wait_for_selector("#questions .question")
        for tab in ("boundary", "facts", "verdict", "flow"):
            page.click(f"#tab-{tab}")
            found.append((tab, Axe().run(page)))
        page.goto(f"{ADDRESS}/services")
        page.wait_for_selector("#api tbody tr")
        found.append((page.url, Axe().run(page)))
    bad = [
        (place, item["id"], [node["html"][:120] for node in item["nodes"][:3]])
        for place, result in found for item in result.response["violations"] if item["impact"] in ("serious", "critical")
    ]  # fmt: skip
    assert bad == []
