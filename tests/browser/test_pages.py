import re
from pathlib import Path

import pytest
from visits import DESKTOP, PHONE, Visit, until

pytestmark = pytest.mark.browser

_LEGEND = "document.querySelector('#legend').innerText"
PAGE_KINDS = [
    "index.html",
    "sites/P000.html",
    "dashboard.html",
    "places.html",
    "counties/130801.html",
    "units/ZH13080010000.html",
]


def _rows(visit: Visit) -> int:
    return visit.page.locator("#verdict-table tbody tr:visible").count()


def _marks(visit: Visit) -> int:
    return visit.page.evaluate("state.visible.size")


@pytest.mark.parametrize("name", PAGE_KINDS)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_asks_for_nothing_and_complains_of_nothing(
    browser: object, published: Path, name: str, size: dict[str, int]
) -> None:
    with Visit(browser, published / name, size) as visit:
        visit.page.wait_for_timeout(60)
        outside = [url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))]
        assert outside == [] and visit.complaints == []
        assert [url for url in visit.requests if url.startswith("file:")] == [(published / name).as_uri()]


def test_visit_sees_a_request_and_an_error_when_there_is_one(browser: object, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<img src='https://example.org/x.png'><script>missing()</script>", encoding="utf-8")
    with Visit(browser, bad, DESKTOP) as visit:
        visit.page.wait_for_timeout(200)
        assert any("example.org" in url for url in visit.requests) and visit.complaints


@pytest.mark.parametrize("name", [*PAGE_KINDS, "sites/E010.html"])
def test_attack_strings_show_as_text_and_run_nothing(browser: object, attacked: Path, name: str) -> None:
    with Visit(browser, attacked / name, DESKTOP) as visit:
        visit.page.wait_for_timeout(80)
        assert visit.complaints == [] and [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []
        assert "<img src=x onerror=alert(2)>" in visit.page.inner_text("body")
        assert visit.page.locator("img").count() == 0 and visit.page.locator("[onload],[onerror]").count() == 0


def test_attack_strings_stay_text_in_card_popup_and_search(browser: object, attacked: Path) -> None:
    with Visit(browser, attacked / "index.html", DESKTOP) as visit:
        visit.page.locator("#verdict-table tbody tr").first.click()
        assert "<img src=x onerror=alert(2)>" in visit.page.inner_text("#card")
        visit.page.fill("#search", "<img src=x")
        assert _rows(visit) == 20
        visit.page.locator(".map-box").click(position={"x": 60, "y": 300})
        visit.page.wait_for_timeout(200)
        assert visit.complaints == [] and visit.page.locator("img").count() == 0


def test_verdict_filter_keeps_list_and_map_alike(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        assert (_rows(visit), _marks(visit)) == (20, 20)
        visit.page.select_option("#filter-verdict", "不符合")
        assert (_rows(visit), _marks(visit)) == (4, 4)
        visit.page.select_option("#filter-kind", "enterprise")
        assert (_rows(visit), _marks(visit)) == (2, 2)
        assert visit.page.inner_text("#shown-count") == "筛出 2 / 20 个"
        visit.page.click("#reset")
        until(visit.page, "state.visible.size === 20")
        assert (_rows(visit), _marks(visit)) == (20, 20)


def test_tile_county_industry_and_search_filter(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.click(".tile[data-verdict='须论证']")
        assert _rows(visit) == 4 and visit.page.input_value("#filter-verdict") == "须论证"
        visit.page.click(".tile[data-verdict='须论证']")
        visit.page.select_option("#filter-county", "承德县")
        assert _rows(visit) == 5
        visit.page.select_option("#filter-county", "")
        visit.page.select_option("#filter-industry", "31")
        assert _rows(visit) == 5
        visit.page.select_option("#filter-industry", "")
        visit.page.fill("#search", "p003")
        assert _rows(visit) == 1


def test_row_click_zooms_and_shows_the_clauses(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        before = visit.page.evaluate("map.getZoom()")
        visit.page.click("#verdict-table tr[data-id='P000']")
        assert visit.page.evaluate("map.getZoom()") > before
        card = visit.page.inner_text("#card")
        assert "生态保护红线内禁止开发性、生产性建设" in card and "《生态环境法典》第六十七条（条号未核实）" in card
        assert visit.page.get_attribute("#card a", "href") == "sites/P000.html"


def test_mark_click_chooses_its_row(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        at = visit.page.evaluate(
            "(() => { const s = subjectsById.get('P004'); const p = map.latLngToContainerPoint([s.lat, s.lon]); return [p.x, p.y]; })()"
        )
        visit.page.locator(".folium-map").click(position={"x": at[0], "y": at[1]})
        row = visit.page.locator("#verdict-table tr.chosen")
        assert row.get_attribute("data-id") == "P004" and row.is_visible()
        assert "还缺：是否排放污染物" in visit.page.inner_text("#card")


def test_layer_toggle_draws_it_and_changes_the_legend(browser: object, published: Path) -> None:
    pixels = """(() => { const c = surfaces.zones.canvas, d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"""
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        assert "核心保护区" in visit.page.inner_text("#legend")
        before = visit.page.evaluate(pixels)
        for layer in ("ecological_redline", "management_units"):
            visit.page.uncheck(f"input[data-layer='{layer}']")
        until(visit.page, f"!{_LEGEND}.includes('核心保护区') && {pixels} < {before / 2}")
        assert "核心保护区" not in visit.page.inner_text("#legend") and visit.page.evaluate(pixels) < before / 2
        visit.page.check("input[data-layer='ecological_redline']")
        until(visit.page, f"{_LEGEND}.includes('核心保护区')")
        assert "核心保护区" in visit.page.inner_text("#legend")


def test_layer_hidden_at_first_is_decoded_when_shown(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        assert visit.page.evaluate("data.layers.find((l) => l.id === 'railways').outlines === undefined")
        visit.page.locator("#layer-tree summary", has_text="要素").click()
        visit.page.check("input[data-layer='railways']")
        until(visit.page, f"data.layers.find((l) => l.id === 'railways').outlines?.zones === 1 && {_LEGEND}.includes('铁路')")
        assert "铁路" in visit.page.inner_text("#legend")


def test_legend_names_only_what_is_in_view(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.evaluate("map.setView([41.2, 117.18], 15, {animate: false})")
        until(visit.page, f"!{_LEGEND}.includes('核心保护区')")
        text = visit.page.inner_text("#legend")
        assert "红线一般区域" in text and "核心保护区" not in text and "主要河流" not in text
        visit.page.evaluate("map.setView([41.2, 117.3], 15, {animate: false})")
        until(visit.page, f"!{_LEGEND}.includes('红线')")
        # The red line is drawn as an outline: inside it nothing of it is on the map.
        assert "红线" not in visit.page.inner_text("#legend")


def test_click_on_the_map_names_the_zones_under_it(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        at = visit.page.evaluate(
            "(() => { const p = map.latLngToContainerPoint([40.66, 117.15]); return [p.x, p.y]; })()"
        )
        visit.page.locator(".folium-map").click(position={"x": at[0], "y": at[1]})
        text = visit.page.inner_text(".leaflet-popup")
        assert "环境管控单元" in text and "县级行政区" in text


def test_pointer_shows_its_coordinates(browser: object, published: Path) -> None:
    with Visit(browser, published / "index.html", DESKTOP) as visit:
        visit.page.locator(".folium-map").hover(position={"x": 300, "y": 300})
        assert re.match(r"东经 117\.\d{5}°　北纬 4\d\.\d{5}°　CGCS2000", visit.page.inner_text("#coordinates"))


def test_link_from_a_site_page_opens_its_subject(browser: object, published: Path) -> None:
    with Visit(browser, published / "sites" / "P004.html", DESKTOP) as visit:
        visit.page.click("nav.bar a")
        visit.page.wait_for_selector("#card:not([hidden])")
        assert "P004" in visit.page.inner_text("#card")


@pytest.mark.parametrize("name", PAGE_KINDS)
def test_nothing_is_wider_than_a_phone(browser: object, published: Path, name: str) -> None:
    with Visit(browser, published / name, PHONE) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_map_furniture_does_not_overlap(browser: object, published: Path, size: dict[str, int]) -> None:
    with Visit(browser, published / "index.html", size) as visit:
        names = [".leaflet-control-zoom", ".north", ".map-foot", "#coordinates"]
        boxes = [visit.page.locator(name).bounding_box() for name in names]
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                apart_x = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
                apart_y = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
                assert apart_x or apart_y


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_map_labels_do_not_overlap(browser: object, published: Path, size: dict[str, int]) -> None:
    with Visit(browser, published / "index.html", size) as visit:
        labels = visit.page.evaluate("state.labels")
        boxes = [label["box"] for label in labels]
        assert sum(label["county"] for label in labels) == 4
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def test_pages_read_without_script(browser: object, published: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=DESKTOP)
    page = context.new_page()
    page.goto((published / "sites" / "P000.html").as_uri())
    assert "不符合" in page.inner_text(".summary") and page.locator("figure svg path").count() > 2
    page.goto((published / "index.html").as_uri())
    assert page.locator("#verdict-table tbody tr").count() == 20
    context.close()


A4_WIDTH_PX = {"width": round(190 / 25.4 * 96), "height": 1000}
CUT = """() => {
  const wide = [...document.querySelectorAll('table')].filter(t => t.getBoundingClientRect().width).flatMap(t => {
    let limit = document.documentElement.clientWidth;
    for (let e = t.parentElement; e; e = e.parentElement)
      if (/(auto|scroll|hidden|clip)/.test(getComputedStyle(e).overflowX)) limit = Math.min(limit, e.getBoundingClientRect().right);
    return t.getBoundingClientRect().right > limit + 2 ? [t.id || 'table'] : [];
  });
  const high = [...document.querySelectorAll('.scroll, .list-scroll, .tall')].filter(e =>
    /(auto|scroll|hidden)/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 4);
  return [...wide, ...high.map(e => e.className)];
}"""


@pytest.mark.parametrize("name", [*PAGE_KINDS, "relocation.html"])
def test_nothing_is_cut_on_a4(browser: object, published: Path, name: str) -> None:
    with Visit(browser, published / name, A4_WIDTH_PX) as visit:
        visit.page.emulate_media(media="print")
        assert visit.page.evaluate(CUT) == []
        repeats = "[...document.querySelectorAll('thead')].every(t => getComputedStyle(t).display === 'table-header-group')"
        assert visit.page.evaluate(repeats)


def test_cut_sees_a_table_that_scrolls(browser: object, tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<div style='overflow-x:auto'><table id='t' style='width:2000px'><tr><td>x</td></tr></table></div>", encoding="utf-8")
    with Visit(browser, page, A4_WIDTH_PX) as visit:
        assert visit.page.evaluate(CUT) == ["t"]
