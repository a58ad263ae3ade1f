"""The desk's other work in Chromium, nothing but the desk within reach: a what-if, a river clicked, a layer taken in, 自助查询."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_city import RIVER_LON, desk_city
from desk_client import TOKEN
from desk_listening import held_port, listening
from shapes import metres, write_layer
from visits import DESKTOP, PHONE

from cdgis.web.desk_options import DeskOptions, Inquiry

pytestmark = pytest.mark.browser
PORT = held_port()
ADDRESS = f"http://127.0.0.1:{PORT}"
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = desk_city(tmp_path_factory.mktemp("work") / "w")
    options = DeskOptions(inquiry=Inquiry(per_minute=100))
    with listening(root, PORT, options=options):
        yield root


class Visit:
    """A page of somebody who came in, or of a stranger, and what it complained of or asked elsewhere."""

    def __init__(self, browser, size, *, known=True):
        self.context = browser.new_context(viewport=size, locale="zh-CN")
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints, self.strange = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: None if request.url.startswith((ADDRESS, "data:", "blob:")) else self.strange.append(request.url))
        if known:
            self.page.goto(f"{ADDRESS}/enter?token={TOKEN}")

    def open(self, path):
        self.page.goto(f"{ADDRESS}{path}")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if kind is None:
            page = self.page
            assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        self.context.close()
        if kind is None:
            assert (self.complaints, self.strange) == ([], [])


@SIZES
def test_closing_a_park_shows_who_goes_elsewhere_and_the_plan_opens(browser, served, size):
    with Visit(browser, size) as visit:
        page = visit.open("/jobs#relocation")
        page.check("#form-relocation input[name=close][value=Y2]")
        page.click("#form-relocation button[type=submit]")
        page.wait_for_selector("#changes td", timeout=240_000)  # two plans, kernels compiled on the way
        assert "E1 示例水泥厂" in page.inner_text("#changes") and "东园 → 西园" in page.inner_text("#changes")
        assert "关闭 Y2" in page.inner_text("#job-about") and page.inner_text("#job-state") == "完成"
        with page.expect_popup() as opened:
            page.click("#pages a:has-text('打开 搬迁')")
        plan = opened.value
        plan.wait_for_load_state()
        assert "示例水泥厂" in plan.inner_text("body") and "/results/" in plan.url
        # its scripts run, and are nobody at the desk
        assert plan.evaluate("self.origin") == "null"
        assert plan.evaluate(f"fetch('{ADDRESS}/api/cases').then(() => 'read', () => 'refused')") == "refused"
        plan.close()


@SIZES
def test_river_clicked_shows_names_and_kilometres_on_the_map(browser, served, size):
    with Visit(browser, size) as visit:
        page = visit.open("/trace")
        page.evaluate("document.querySelector('#map').scrollIntoView()")
        box = page.locator("#map").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector("html[data-traced]", state="attached")
        labels = page.locator(".leaflet-tooltip.stop").all_inner_texts()
        assert any(re.search(r"示例断面　2(\.\d)? 公里", label) for label in labels), labels
        assert "示例断面" in page.inner_text("#outcome") and page.inner_text("#notify").startswith("依次通知：")
        page.reload()
        page.wait_for_selector("html[data-traced]", state="attached")  # the address holds the trace
        page.check("input[name=up][value='1']")
        page.fill("input[name=start]", f"{RIVER_LON},41.38")
        page.keyboard.press("Enter")
        page.wait_for_selector("#outcome :text('示例制衣厂')")


def test_place_off_the_river_offers_places_on_it_to_click(browser, served):
    with Visit(browser, DESKTOP) as visit:
        page = visit.open("/trace")
        page.fill("input[name=start]", "117.94,40.97")
        page.click("#start button[type=submit]")
        page.click("#stage button.link >> nth=1")
        page.wait_for_selector("html[data-traced]", state="attached")


@SIZES
def test_stranger_asks_about_a_place_and_is_told_what_was_not_looked_at(browser, served, size):
    with Visit(browser, size, known=False) as visit:
        page = visit.open("/inquiry")
        assert "不作审批依据" in page.inner_text(".stamp") and "永久基本农田" in page.inner_text("#limits")
        for lon, lat in ((117.49, 41.40), (117.492, 41.40), (117.492, 41.402)):
            page.fill("#vertex [name=lon]", str(lon))
            page.fill("#vertex [name=lat]", str(lat))
            page.click("#vertex button[type=submit]")
        page.fill("input[name=industry]", "3031")
        page.click("#ask-form button[type=submit]")
        page.wait_for_selector("#answer .big")
        assert "不公开的图层没有查" in page.inner_text("#answer .big")
        assert page.is_visible("#hand-in") and not page.query_selector("nav")


def test_who_works_here_makes_a_case_of_his_question(browser, served):
    with Visit(browser, DESKTOP) as visit:
        page = visit.open("/inquiry")
        for lon, lat in ((117.49, 41.40), (117.492, 41.40), (117.492, 41.402)):
            page.fill("#vertex [name=lon]", str(lon))
            page.fill("#vertex [name=lat]", str(lat))
            page.click("#vertex button[type=submit]")
        page.click("#ask-form button[type=submit]")
        page.click("#hand-in")
        page.wait_for_url("**/cases/*")
        page.wait_for_selector("#boundary .site")


@SIZES
def test_layer_is_looked_at_on_the_map_then_taken_in(browser, served, size, tmp_path):
    file = write_layer(tmp_path / f"湿地{size['width']}.gpkg", [metres(-500, -500, 500, 500)], {"BM": ["S1"], "MC": ["示例湿地"], "LX": ["一般湿地"]})
    with Visit(browser, size) as visit:
        page = visit.open("/workspace")
        assert "示范数据" in page.inner_text("#layers") and "测试" in page.inner_text("#layers")
        page.fill("#upload [name=layer_id]", "railways" if size == PHONE else "wetlands")
        page.set_input_files("#upload [name=files]", str(file))
        page.click("#upload button[type=submit]")
        page.wait_for_selector("#said .entry")
        if size == PHONE:
            return  # what stands there is looked at, and not written
        page.fill("#wishes [name=title]", "湿地名录")
        page.fill("#wishes [name=version]", "2026-10-01")
        assert page.is_disabled("#take-in")
        page.click("#wishes button[type=submit]")
        page.wait_for_selector("#said .entry:has-text('湿地名录')")
        page.wait_for_selector("#take-in:enabled")
        page.click("#take-in")
        page.wait_for_selector("#layers :text('湿地名录')")
        page.click("#check")
        page.wait_for_selector("#checked:has-text('检查了')")


def test_axe_finds_nothing_serious_on_these_pages(browser, served):
    from axe_playwright_python.sync_playwright import Axe

    with Visit(browser, DESKTOP) as visit:
        page = visit.open("/trace")
        page.fill("input[name=start]", f"{RIVER_LON},41.41")
        page.click("#start button[type=submit]")
        page.wait_for_selector("html[data-traced]", state="attached")
        found = [("/trace", Axe().run(page))]
        job = page.evaluate("document.documentElement.dataset.traced")
        for path in (f"/jobs/{job}", "/jobs#relocation", "/jobs#compare", "/workspace", "/inquiry"):
            page.goto("about:blank")
            found.append((path, Axe().run(visit.open(path))))
    bad = [
        (place, item["id"], [node["html"][:120] for node in item["nodes"][:3]])
        for place, result in found for item in result.response["violations"] if item["impact"] in ("serious", "critical")
    ]  # fmt: skip
    assert bad == []
