"""What a reader does with the map: measure, search, export, print, share, and all of it without a mouse."""

import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
import shapely
from playwright import sync_api
from visits import DESKTOP, PHONE, Visit, settled, until

from cdgis.geometry.geodesy import from_lonlat, geodesic_distance_m, survey_area_m2

pytestmark = pytest.mark.browser

def _on_map(visit: Visit, lat: float, lon: float) -> dict[str, float]:
    x, y = visit.page.evaluate(
        f"(() => {{ const p = map.latLngToContainerPoint([{lat}, {lon}]); return [p.x, p.y]; }})()"
    )
    return {"x": x, "y": y}


def test_page_measures_as_the_tables_do(browser: object, published: Path) -> None:
    lon, lat = np.array([117.1, 117.9, 117.6]), np.array([40.7, 40.9, 41.35])
    points = [{"lng": float(a), "lat": float(b)} for a, b in zip(lon, lat, strict=True)]
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        metres = visit.page.evaluate("(p) => geodesicM(p[0], p[1])", points)
        assert metres == pytest.approx(geodesic_distance_m(lon[:1], lat[:1], lon[1:2], lat[1:2])[0], abs=1e-3)
        area = visit.page.evaluate("(p) => areaM2(p)", points)
        ring = np.array([shapely.Polygon(np.c_[lon, lat])])
        assert area == pytest.approx(survey_area_m2(ring)[0], rel=1e-9)
        gk = visit.page.evaluate("(p) => gaussKruger(p[1].lng, p[1].lat)", points)
        east, north = shapely.get_coordinates(from_lonlat(np.array([shapely.Point(lon[1], lat[1])]), 4527))[0]
        assert (gk["east"], gk["north"]) == pytest.approx((east, north), abs=2e-3)
        back = visit.page.evaluate("([e, n]) => fromGaussKruger(e, n)", [east, north])
        assert (back["lng"], back["lat"]) == pytest.approx((117.9, 40.9), abs=2e-8)


@pytest.mark.parametrize(
    ("typed", "lon", "lat"),
    [
        ("117.3, 41.2", 117.3, 41.2),
        ("北纬41°12′00″ 东经117°18′00″", 117.3, 41.2),
        ("4562345.6 39525123.4", 117.2996, 41.1957),
    ],
)
def test_coordinate_in_any_spelling_is_found(
    browser: object, published: Path, typed: str, lon: float, lat: float
) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.fill("#search", typed)
        visit.page.press("#search", "Enter")
        assert visit.page.evaluate("state.marked") == pytest.approx([lat, lon], abs=2e-3)
        assert "环境管控单元" in visit.page.inner_text(".leaflet-popup")
        assert visit.page.evaluate("state.visible.size") == 20


def test_measuring_by_mouse_and_unit_search(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.click("#measure-distance")
        for lat, lon in ((40.8, 117.3), (41.2, 117.3)):
            visit.page.locator(".folium-map").click(position=_on_map(visit, lat, lon))
        kilometres = float(re.search(r"距离 ([\d.]+) 公里", visit.page.inner_text("#measure-text")).group(1))
        exact = geodesic_distance_m(*(np.array([v]) for v in (117.3, 40.8, 117.3, 41.2)))[0] / 1000
        assert kilometres == pytest.approx(exact, rel=0.02)
        visit.page.keyboard.press("Escape")
        assert visit.page.locator("#measure-result").is_hidden()
        visit.page.fill("#search", "单元7")
        visit.page.locator("#found button", has_text="单元7").first.click()
        assert visit.page.evaluate("state.outlined[0].layer.id") == "management_units"
        visit.page.select_option("#coordinate-form", "dms")
        assert re.search(r"东经 117°\d\d′\d\d\.\d\d″", visit.page.inner_text("#coordinates"))


def test_address_brings_back_view_filters_layers_and_choice(browser: object, published: Path) -> None:
    index = published / "index.html"
    with Visit(browser, index, DESKTOP) as visit:
        visit.page.select_option("#filter-verdict", "不符合")
        visit.page.select_option("#filter-class", index=1)
        visit.page.locator("#layer-tree summary", has_text="要素").click()
        visit.page.check("input[data-layer='railways']")
        visit.page.click("#verdict-table tbody tr:visible")
        visit.page.evaluate("map.setView([41.0, 117.5], 11.5, {animate: false})")
        before = settled(visit.page, "[location.hash, state.chosen, state.visible.size]")
    with Visit(browser, index, DESKTOP, fragment=before[0]) as visit:
        assert settled(visit.page, "[location.hash, state.chosen, state.visible.size]") == before
        assert visit.page.is_checked("input[data-layer='railways']") and visit.complaints == []
        assert visit.page.evaluate("map.getZoom()") == 11.5


def test_filtered_list_is_saved_as_inert_csv(browser: object, attacked: Path, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.select_option("#filter-verdict", "须论证")
        with visit.page.expect_download() as waiting:
            visit.page.click("#save-csv")
        lines = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
        assert len(lines) == 1 + 4 + 1 and lines[0].startswith('"编号","名称"') and "须论证" in lines[1]
    with Visit(browser, attacked / "index.html", DESKTOP) as visit:
        assert visit.page.evaluate("csvCell('=HYPERLINK(1)')") == '"\'=HYPERLINK(1)"'
        assert visit.page.evaluate("csvCell('-12.5')") == '"-12.5"'


def test_sheet_shows_what_will_be_printed_and_goes_back(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.locator(".drop summary", has_text="出图").click()
        visit.page.fill("#paper-title", "示范图")
        visit.page.click("#open-sheet")
        box = visit.page.locator("#sheet").bounding_box()
        assert box["width"] / box["height"] == pytest.approx((297 - 16) / (210 - 16), rel=0.01)
        text = visit.page.inner_text("#sheet")
        for part in ("示范图", "图例", "未经审图，不得公开", "比例尺 约 1:", "编制单位：测试工作区", "2026-11-01"):
            assert part in text
        review = visit.page.locator(".sheet-review").bounding_box()
        assert review["x"] < box["x"] + 40 and review["y"] > box["y"] + box["height"] * 0.9
        visit.page.emulate_media(media="print")
        assert visit.page.locator("#sheet-bar").is_hidden() and visit.page.locator(".tiles").is_hidden()
        visit.page.emulate_media(media="screen")
        visit.page.click("#sheet-close")
        assert visit.page.locator("#verdict-table").is_visible() and visit.complaints == []


def test_everything_can_be_done_from_the_keyboard(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        keys = visit.page.keyboard
        keys.press("Tab")
        assert visit.page.evaluate("document.activeElement.className") == "skip"
        visit.page.focus("#search")
        stops = 0
        while visit.page.evaluate("document.activeElement.tagName") != "TR" and stops < 20:
            keys.press("Tab")
            stops += 1
        first = visit.page.evaluate("document.activeElement.dataset.id")
        keys.press("ArrowDown")
        second = visit.page.evaluate("document.activeElement.dataset.id")
        assert first != second
        keys.press("Enter")
        assert visit.page.evaluate("state.chosen") == second and visit.page.locator("#card").is_visible()
        keys.press("Escape")
        assert visit.page.locator("#card").is_hidden()
        visit.page.focus(".folium-map")
        keys.press("Enter")
        assert "环境管控单元" in visit.page.inner_text(".leaflet-popup")


def test_choosing_a_subject_shows_the_layer_that_decided(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", PHONE) as visit:
        visit.page.evaluate("showLayer(data.layers.find((l) => l.id === 'ecological_redline'), false)")
        visit.page.evaluate("chooseAndZoom('P000')")
        until(visit.page, "state.outlined.length > 0")
        assert visit.page.evaluate("state.outlined[0].layer.id") == "ecological_redline"
        assert visit.page.evaluate("data.layers.find((l) => l.id === 'ecological_redline').shown")


_TILE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
_KEY = "0123456789abcdef"
_KEPT = "[location.href, document.title, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join()"


def _with_service(visit: Visit) -> list[str]:
    """Answer every tile with a picture; returns the addresses asked for, filled as they come."""
    asked: list[str] = []
    visit.context.set_offline(False)

    def answer(route: sync_api.Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=_TILE, content_type="image/png")

    visit.page.route(lambda url: url.startswith("http"), answer)
    return asked


def test_tiles_come_from_their_host_alone_once_a_key_is_typed(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        asked = _with_service(visit)
        visit.page.evaluate("map.setZoom(9, {animate: false})")
        visit.page.locator(".drop summary", has_text="底图").click()
        visit.page.click("#tile-form button")
        visit.page.wait_for_timeout(100)
        assert asked == []
        visit.page.fill("#tile-key", _KEY)
        visit.page.wait_for_timeout(50)
        assert asked == []
        visit.page.press("#tile-key", "Enter")
        visit.page.wait_for_selector(".leaflet-tile-loaded", state="attached")
        assert all(re.match(r"https://t[0-7]\.tianditu\.gov\.cn/(vec|cva)_w/wmts\?", url) for url in asked)
        assert all(f"tk={_KEY}" in url and "TILEMATRIX=" in url for url in asked) and visit.complaints == []
        visit.page.fill("#tile-key", "")
        visit.page.press("#tile-key", "Enter")
        asked.clear()
        visit.page.evaluate("map.setZoom(10, {animate: false})")
        visit.page.wait_for_timeout(100)
        assert asked == [] and visit.page.locator(".leaflet-tile").count() == 0


def test_typed_key_is_kept_nowhere(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        _with_service(visit)
        visit.page.locator(".drop summary", has_text="底图").click()
        visit.page.fill("#tile-key", _KEY)
        visit.page.press("#tile-key", "Enter")
        visit.page.wait_for_selector(".leaflet-tile-loaded", state="attached")
        visit.page.click("#copy-link")
        assert _KEY not in visit.page.evaluate(_KEPT) and _KEY not in visit.page.input_value("#link-text")
        with visit.page.expect_download() as waiting:
            visit.page.click("#save-csv")
        assert _KEY not in waiting.value.path().read_text(encoding="utf-8-sig")


def test_policy_refuses_every_other_host(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        for host in ("example.org", "t8.tianditu.gov.cn", "tianditu.gov.cn"):
            visit.page.evaluate(
                f"new Promise((done) => {{ const i = new Image(); i.onerror = done; i.src = 'https://{host}/x.png'; }})"
            )
            assert visit.refused[-1] == f"csp https://{host}/x.png"
