"""A case's way in Chromium: five formats; three accounts with an opinion; places, snapping, distances; judged anew; also at 390 px."""

import math
import sys
from pathlib import Path

import pytest
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_client import BESIDE, OVER, Browser, confirmed_case, wkt_geojson
from desk_listening import held_port, listening
from desk_people import Person
from ring_files import every_form
from small_workspace import new_redline, small_workspace
from test_desk_roles import PASSWORD, PEOPLE
from visits import DESKTOP, PHONE, settled

from cdgis.web import accounts, map_help
from cdgis.web.case_states import Role

pytestmark = pytest.mark.browser
ALONE, OFFICE = held_port(), held_port()
MAP_PLACE = """[...document.querySelectorAll('#map .leaflet-pane, #map .leaflet-proxy, #map svg, #map canvas')].map(
  (part) => `${part.getAttribute('class')} ${part.style.transform}`)"""
FORMATS = ("kml 面", "geojson 面", "gpkg 面", "txt 面", "xlsx 平面")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("alone") / "w")
    with listening(root, ALONE) as app:
        yield app, root


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("office") / "w")
    with listening(root, OFFICE, token="") as app:
        for name, roles in PEOPLE.items():
            accounts.add_account(app.state.desk, login=name, name=name, roles=[Role(role) for role in roles], password=PASSWORD, who="测试")
            accounts.sign_in(app.state.desk, name, PASSWORD, f"session-of-{name}-0123456789")
        yield app


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return every_form(tmp_path_factory.mktemp("forms"), OVER)


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def south_west_pixel(box, bounds):
    """Return where the corner of bounds lies on a map that was fitted to them (half steps of zoom, at most 14)."""
    def world(lon, lat):
        return (lon + 180) / 360 * 256, 128 - 128 / math.pi * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))

    (left, low), (right, high) = world(*bounds[:2]), world(*bounds[2:])
    wide, tall = right - left, low - high
    zoom = min(math.floor(math.log2(min(box["width"] / wide, box["height"] / tall)) * 2) / 2, 14)
    return box["x"] + box["width"] / 2 - wide / 2 * 2**zoom, box["y"] + box["height"] / 2 + tall / 2 * 2**zoom


def decide(page):
    page.click("#tab-flow")
    page.click("#finalise")
    page.click("#ask-yes")
    page.wait_for_selector("text=已定稿")


@pytest.mark.parametrize(("form", "size"), [*((form, DESKTOP) for form in FORMATS), ("kml 面", PHONE)], ids=lambda value: str(value)[:12])
def test_each_step_of_a_new_case_for_each_format(browser, alone, forms, form, size):
    path, answers = forms[form]
    with Person(browser, size, ALONE) as person:
        page = person.new_case()
        page.set_input_files("#files", path)
        page.wait_for_selector("#confirm, #boundary .lost")
        if page.locator("#boundary .lost").count():
            assert page.locator("#confirm").count() == 0  # nothing is guessed
            page.fill("#answers [name=crs]", answers["crs"])
            page.click("#answers button")
        page.wait_for_selector("#confirm")
        assert "4 公顷" in page.inner_text("#boundary") and "60 亩" in page.inner_text("#boundary")
        page.click("#confirm")
        page.select_option("#facts [name=project_type]", "新建")
        page.select_option("#facts [name=activity]", "开发性生产性建设")
        page.wait_for_selector("#live .v-fail")
        page.click("#tab-verdict")
        page.wait_for_selector("#verdict .way")
        fits(page)
        if form == FORMATS[0]:  # the shape that would pass lies on the map, to be clicked
            page.locator(".leaflet-ghosts-pane path.leaflet-interactive").first.dispatch_event("click")
            assert "采用" in page.inner_text("#ask-title")
            page.locator("#ask button", has_text="取消").click()
            decide(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_three_accounts_take_a_case_to_its_report_and_an_opinion_stands_beside_the_finding(browser, office, size):
    owner = Browser(office, "session-of-owner-0123456789", cookie=f"cdgis_desk_{OFFICE}")
    owner.client.headers["host"] = f"127.0.0.1:{OFFICE}"
    owner.headers["origin"] = f"http://127.0.0.1:{OFFICE}"
    case = confirmed_case(owner, OVER)

    def visit(name):
        person = Person(browser, size, OFFICE, f"session-of-{name}-0123456789")
        person.page.goto(f"http://127.0.0.1:{OFFICE}/cases/{case}")
        person.page.wait_for_selector("html[data-ready]", state="attached")
        return person

    def step(page, action):
        page.click("#tab-flow")
        page.locator("#flow button", has_text=action).first.click()
        page.click("#ask-yes")
        page.wait_for_selector(f"text=已{action}")

    with visit("owner") as person:
        page = person.page
        assert page.locator("#flow button", has_text="初审通过").count() == 0
        step(page, "提交")
    with visit("first") as person:
        page = person.page
        page.click("#tab-verdict")
        page.locator("#verdict .clause button[data-opinion=不成立]").first.click()
        page.fill("#ask-reason", "现场核实在区外")
        page.click("#ask-yes")
        page.wait_for_selector("#verdict .beside")
        said = page.inner_text("#verdict .beside >> nth=0")
        assert "机器结果" in said and "不成立：现场核实在区外" in said and page.locator("#live .v-fail").count() == 1
        fits(page)
        step(page, "初审通过")
    with visit("second") as person:
        page = person.page
        assert "复核意见" in page.inner_text("#flow .events")
        step(page, "复核通过")
        fits(page)
        decide(page)
        assert "复核意见.html" in page.inner_text("#flow") and page.locator("#finalise").count() == 0
        page.click("#tab-verdict")
        assert "不成立" in page.inner_text("#verdict .beside >> nth=0")


def test_distance_is_drawn_a_name_moves_the_map_and_a_point_snaps_to_the_zones_own_corner(browser, alone, tmp_path, monkeypatch):
    app, _ = alone
    monkeypatch.setattr(map_help, "_PLACES", ("ecological_redline",))
    map_help._named.cache_clear()
    site = tmp_path / "site.geojson"
    site.write_bytes(wkt_geojson(BESIDE))
    with Person(browser, DESKTOP, ALONE) as person:
        page = person.new_case()
        page.click("details.layers summary")
        page.locator("#layer-list label", has_text="生态保护红线").locator("input").check()
        page.click("#start-draw")
        page.fill("#place [name=q]", "j")
        page.wait_for_selector("#place-list li")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("#place-told", has_text="不作边界").wait_for()
        settled(page, MAP_PLACE)
        x, y = south_west_pixel(page.locator("#map").bounding_box(), app.state.desk.workspace.layers["ecological_redline"].geometry.iloc[0].bounds)
        page.mouse.click(x + 4, y - 3)
        page.locator("#draw-told", has_text="已吸附到生态保护红线“甲”的拐点").wait_for()
        page.mouse.click(x + 2, y - 1)
        page.locator("#draw-told", has_text="这里已有自己的点").wait_for()
        page.uncheck("#snap")
        page.mouse.click(x + 60, y - 3)
        page.locator("#draw-told", has_text="2 个点").wait_for()
        page.set_input_files("#files", site)
        page.click("#confirm")
        page.select_option("#facts [name=project_type]", "新建")
        page.select_option("#facts [name=activity]", "开发性生产性建设")
        page.wait_for_selector(".leaflet-tooltip.measure")
        assert "临界距离 200 米" in page.inner_text(".leaflet-tooltip.measure")
        page.click("#tab-verdict")
        page.locator("#verdict summary", has_text="最近的其他管控区").click()
        page.locator("#verdict details[open] button.link").first.click()
        page.locator(".leaflet-tooltip.measure", has_text="生态保护红线 H").wait_for()
    map_help._named.cache_clear()


def test_listed_cases_are_judged_anew_in_one_action_after_a_layer_changed(browser, alone):
    app, root = alone
    hand = Browser(app, cookie=f"cdgis_desk_{ALONE}")
    hand.client.headers["host"] = f"127.0.0.1:{ALONE}"
    hand.headers["origin"] = f"http://127.0.0.1:{ALONE}"
    case = confirmed_case(hand, BESIDE)
    hand.post(f"/api/cases/{case}/final", {"version": hand.get(f"/api/cases/{case}").json()["version"]})
    new_redline(root / "layers" / "redline.gpkg")
    with Person(browser, DESKTOP, ALONE) as person:
        page = person.page
        page.click("#rejudge")
        page.wait_for_selector("#rejudge-all")
        assert "资料不足 → 不符合" in page.inner_text("#rejudge-list")
        page.click("#rejudge-all")
        page.fill("#ask-reason", "红线调整")
        page.locator("#ask button", has_text="全部重判").click()
        page.wait_for_selector("text=已重新定稿，不符合")
        page.click("#map-fold summary")
        page.locator("#map-told", has_text="图上").wait_for()
        fits(page)
    assert hand.get(f"/api/cases/{case}").json()["round"] == 2 and shapely.is_valid(BESIDE)
