"""Every planted leak must be found, and a page with none must pass: the check can fail both ways."""

import base64
import json
import zlib
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

import numpy as np
import pytest
import shapely
from report_fixtures import make_assessment

from cdgis.core.errors import ReportError
from cdgis.geometry.geodesy import from_lonlat
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.map.outline_encoding import deflated_json, flatten, pack
from cdgis.report.public.leak_check import check_pages, find_leaks
from cdgis.report.public.reduction import public_assessment
from cdgis.report.public.site import trusted_texts
from cdgis.report.public.withheld import Origin, Withheld
from cdgis.report.site.pages import render_pages

CONTACT = "示例联系人007 0314-1234567"
LON, LAT = 117.3456789, 41.2345678
NOWHERE = np.empty((0, 2))


def _withheld(*texts: str, owner: tuple[str, ...] = (), lonlat: np.ndarray = NOWHERE) -> Withheld:
    return Withheld(texts={text: (Origin(place="对象 E007 的 name", owner=owner),) for text in texts}, lonlat=lonlat)


WITHHELD = _withheld(CONTACT, "红旗水泥厂", "91130800MA07XXXX1K", lonlat=np.array([[LON, LAT]]))


def _page(body: str) -> list[tuple[str, str]]:
    return [("index.html", f"<!doctype html><html><body><p>结论摘要</p>{body}</body></html>")]


def _dms(value: float) -> str:
    seconds = value * 3600
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60):02d}′{seconds % 60:05.2f}″"


def _gk(epsg: int) -> str:
    east, north = shapely.get_coordinates(from_lonlat(np.array([shapely.Point(LON, LAT)]), epsg))[0]
    return f"X {north:.2f} Y {east:.2f}"


def _payload(text: str) -> str:
    return f'<script type="application/octet-stream">{text}</script>'


def _drawing() -> str:
    frame = f"{LON - 0.02:.6f} {LAT - 0.01:.6f} {LON + 0.02:.6f} {LAT + 0.01:.6f}"
    return (
        f'<svg viewBox="0 0 560 400" data-frame="{frame}"><path class="zone" d="M100 100l180 100z" fill="#000"/></svg>'
    )


PLANTED: dict[str, Callable[[], str]] = {
    "text": lambda: f"<td>{CONTACT}</td>",
    "text in an attribute": lambda: f'<tr data-contact="{CONTACT}">',
    "text in a comment": lambda: f"<!-- {CONTACT} -->",
    "text in a script": lambda: f"<script>const c = {json.dumps(CONTACT)};</script>",
    "text with entities": lambda: "".join(f"&#{ord(char)};" for char in "红旗水泥厂"),
    "text with percent signs": lambda: f'<a href="?q={quote("红旗水泥厂")}">x</a>',
    "text in base64": lambda: f"<i title='{base64.b64encode('法人 红旗水泥厂 张三'.encode()).decode()}'></i>",
    "text deflated in base64": lambda: base64.b64encode(zlib.compress("红旗水泥厂的电话".encode())).decode(),
    "text in a packed payload": lambda: _payload(deflated_json({"rows": [["红旗水泥厂"]]})),
    "text in wide letters": lambda: "９１１３０８００ＭＡ０７ＸＸＸＸ１Ｋ",
    "text with spaces between": lambda: "红 旗 水-泥 厂",
    "text with nothing visible between": lambda: "红旗\u200b水泥\u2060厂",
    "telephone with other separators": lambda: "示例联系人007（0314）123 4567",
    "text in a drawing's title": lambda: (
        _drawing().replace("<path", "<title>红旗水泥厂</title><path").replace("M100", "M9")
    ),
    "text as script escapes": lambda: "".join(f"\\u{ord(char):04x}" for char in "红旗水泥厂"),
    "degrees": lambda: f"{LON:.6f}, {LAT:.6f}",
    "degrees the other way round": lambda: f"<td>{LAT:.5f}</td><td>{LON:.5f}</td>",
    "degrees minutes seconds": lambda: f"东经{_dms(LON)} 北纬{_dms(LAT)}",
    "Gauss-Krüger with zone": lambda: _gk(4527),
    "Gauss-Krüger without zone": lambda: _gk(4548),
    "WKT": lambda: f"POLYGON (({LON} {LAT}, 117.4 41.3, 117.5 41.3))",
    "vertex of a packed layer": lambda: _payload(pack(flatten(np.array([shapely.Point(LON, LAT)])))),
    "number in a packed payload": lambda: _payload(deflated_json({"lon": round(LON, 6), "lat": round(LAT, 6)})),
    "vertex of a drawing": _drawing,
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_leak_is_found(name: str) -> None:
    leaks = find_leaks(_page(PLANTED[name]()), WITHHELD, trusted=[])
    assert leaks and leaks[0].page == "index.html"


CLEAN = {
    "ordinary page": "<td>示例项目001</td><td>117.345, 41.235</td>",
    "place 30 m away": f"{LON + 0.0003:.6f}, {LAT + 0.0002:.6f}",
    "part of a text": "水泥厂",
    "number that goes on": "0314123456789",
    "short number": "<td>1,234</td>",
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_page_passes(name: str) -> None:
    withheld = _withheld(*WITHHELD.texts, "1234", "031412", lonlat=WITHHELD.lonlat)
    assert find_leaks(_page(CLEAN[name]), withheld, trusted=[]) == []


def test_text_that_is_public_by_nature_is_no_leak_but_a_telephone_in_a_name_is() -> None:
    page = _page("红旗水泥厂 13912345678")
    withheld = _withheld("红旗水泥厂", "13912345678")
    leaks = find_leaks(page, withheld, trusted=["红旗水泥厂 13912345678"])
    assert [leak.what for leak in leaks] == ["“13912345678”"]


def test_check_names_page_and_text_and_says_what_to_do() -> None:
    with pytest.raises(
        ReportError,
        match=r"公开版未写出：发现 1 处.*index\.html 的正文中有 “红旗水泥厂”（来自对象 E007 的 name）.*去掉或改写.*重新发布",
    ):
        check_pages(_page("红旗水泥厂"), WITHHELD, trusted=[])


def test_the_remedy_is_that_of_each_kind_found_and_of_no_other() -> None:
    told = {}
    for name, pages in {
        "place": _page(f"{LON:.7f}, {LAT:.7f}"), "text": _page("红旗水泥厂"), "both": _page(f"红旗水泥厂 {LON:.7f}, {LAT:.7f}"),
        "many": [(f"{i}.html", _page("红旗水泥厂")[0][1]) for i in range(25)],
    }.items():  # fmt: skip
        with pytest.raises(ReportError) as caught:
            check_pages(pages, WITHHELD, trusted=[])
        told[name] = str(caught.value)
    assert {name: ("grid_deg" in text, "public_texts" in text) for name, text in told.items()} == {
        "place": (True, False), "text": (False, True), "both": (True, True), "many": (False, True),
    }  # fmt: skip
    assert all(text.count("改后重新发布") == 1 and "public_attributes" not in told["place"] for text in told.values())
    assert "发现 25 处" in told["many"] and "只列前 20 处" in told["many"] and told["many"].count("的正文中有") == 20
    assert "只列前" not in told["both"] and "发现 2 处" in told["both"]


@cache
def _public() -> tuple[list[tuple[str, str]], Withheld, list[str]]:
    public, withheld = public_assessment(make_assessment())
    return list(render_pages(public)), withheld, trusted_texts(public)


def test_public_pages_of_the_invented_city_pass() -> None:
    pages, withheld, trusted = _public()
    assert len(pages) > 20 and withheld.texts and len(withheld.lonlat) > 100
    assert find_leaks(pages, withheld, trusted=trusted) == []


@pytest.mark.parametrize("path", ["index.html", "sites/P001.html", "counties/130801.html"])
def test_leak_planted_in_a_real_page_is_found(path: str) -> None:
    pages, withheld, trusted = _public()
    lon, lat = withheld.lonlat[7]
    bad = [
        (name, text.replace("</main>", f"{lon:.6f} {lat:.6f} 示例企业013</main>"))
        for name, text in pages
        if name == path
    ]
    assert {leak.where for leak in find_leaks(bad, withheld, trusted=trusted)} >= {"坐标", "正文"}


SHORT = _withheld("4321", "98765", "2026", owner=("P001", "红旗水库"))


@pytest.mark.parametrize(
    "body",
    ["<tr><td>红旗水库</td>\n<td>4321</td></tr>", '<tr data-capacity="98765"><td>P001</td></tr>',
     "<p>红旗水库的库容为 4321 万立方米。</p>", "<li>P001 合计（98765）。</li>",
     _payload(deflated_json({"zones": [["红旗水库", 4321]]})), _payload(deflated_json({"P001": {"capacity": "98765"}})),
     _payload(deflated_json({"id": ["P000", "P001"], "capacity": [17, 98765]})),
     '<script>const rows = [\n["P001", 4321],\n["P002", 7]];</script>'],
)  # fmt: skip
def test_short_withheld_number_is_found_in_a_row_that_names_its_owner(body: str) -> None:
    assert [leak.what for leak in find_leaks(_page(body), SHORT, trusted=())] in (["“4321”"], ["“98765”"])


@pytest.mark.parametrize("path", ["sites/P001.html", "counties/P001.html"])
def test_short_withheld_number_is_found_anywhere_on_its_owners_page(path: str) -> None:
    page = [(path, "<!doctype html><p>库容 4321</p>")]
    assert [leak.what for leak in find_leaks(page, SHORT, trusted=())] == ["“4321”"]


@pytest.mark.parametrize(
    "body",
    ["<tr><td>红旗水库</td></tr><tr><td>条文数</td><td>4321</td></tr>", "<p>P001</p><p>4321</p>",
     _payload(deflated_json({"zones": [["红旗水库", 7], ["P002", 4321]]})),
     _payload(deflated_json({"id": ["P000", "P001"], "rules": [4321, 17]})),
     '<script>const rows = [\n["P002", 4321],\n["P001", 7]];</script>', "<tr><td>P0012</td><td>4321</td></tr>"],
)  # fmt: skip
def test_number_of_somebody_else_that_equals_a_withheld_one_is_no_leak(body: str) -> None:
    assert find_leaks(_page(body), SHORT, trusted=()) == []
    assert find_leaks([("sites/P002.html", _page(body)[0][1])], SHORT, trusted=()) == []


def test_a_code_in_the_owners_row_is_not_its_number_though_the_number_stands_elsewhere() -> None:
    assert find_leaks(_page("<p>P001 ZH13084321</p><p>4321</p>"), SHORT, trusted=()) == []


def test_an_id_of_a_few_digits_names_nobody() -> None:
    row = "<tr><td>{}</td><td>4321</td></tr>"
    assert find_leaks(_page(row.format(12)), _withheld("4321", owner=("12",)), trusted=()) == []
    assert find_leaks(_page(row.format(130802)), _withheld("4321", owner=("130802",)), trusted=())


def test_counts_that_equal_the_figures_of_somebody_who_is_not_shown_do_not_stop_the_publication() -> None:
    withheld = Withheld(
        texts={f"{n}": (Origin(place=f"对象 E{n} 的属性 co2", owner=(f"E{n}", f"示例企业{n}")),) for n in range(2200, 2330)},
        lonlat=NOWHERE,
    )
    rng = np.random.default_rng(20)
    pages = [
        (f"sites/P{n:03d}.html", f"<p>P{n:03d}</p>" + "".join(f"<tr><td>{v}</td></tr>" for v in rng.integers(2200, 2330, 5)))
        for n in range(60)
    ]
    assert find_leaks(pages, withheld, trusted=()) == []


def test_message_about_a_number_says_whose_it_is_and_what_to_do() -> None:
    page = [("sites/P001.html", "<p>4321</p>")]
    with pytest.raises(ReportError, match=r"同一对象的页或行中有 “4321”（来自对象 E007 的 name）.*碰巧.*public_texts"):
        check_pages(page, SHORT, trusted=())


@pytest.mark.parametrize(
    "body",
    ["117.4321, 41.98765", "ZH13084321", "4321-01", "14,321", "43215", "4321.5", "2026", "X 4321000.98765"],
)
def test_short_number_within_something_else_or_a_year_is_no_leak(body: str) -> None:
    assert find_leaks(_page(f"<tr><td>P001</td><td>{body}</td></tr>"), SHORT, trusted=()) == []


def test_short_number_of_a_trusted_text_is_no_leak() -> None:
    row = "<tr><td>P001</td><td>4321</td></tr>"
    assert find_leaks(_page(row), SHORT, trusted=["适用于 4321 类"]) == []
    assert find_leaks(_page(row), SHORT, trusted=["适用于 43210 类"])


@pytest.mark.parametrize(("metres", "found"), [(2.5, True), (8.0, True), (9.9, True), (10.2, False), (15.0, False)])
def test_a_place_counts_up_to_ten_metres(metres: float, found: bool) -> None:
    lat = LAT + metres / METRES_PER_DEGREE
    assert bool(find_leaks(_page(f"{LON:.7f}, {lat:.7f}"), WITHHELD, trusted=())) is found


@pytest.mark.parametrize(("number", "found"), [("654321", True), ("7654321", True), ("98.7654", True), ("54321", False), ("9.8765", False)])
def test_a_number_is_a_secret_by_itself_from_six_digits_on(number: str, found: bool) -> None:
    assert bool(find_leaks(_page(f"<td>{number}</td>"), _withheld(number), trusted=())) is found


@pytest.mark.parametrize(("text", "found"), [("红旗厂 123456", True), ("红旗厂 12345", False)])
def test_six_digits_in_a_trusted_text_stay_secret_and_five_do_not(text: str, found: bool) -> None:
    assert bool(find_leaks(_page(text), _withheld(text), trusted=[text])) is found


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [("12345678901", "123 4567 8901", True), ("1234567890", "123 4567 890", False),
     ("ab34cd78", "ab34-cd78", True), ("ab34cd7", "ab34-cd7", False), ("红旗水泥", "红 旗 水 泥", True), ("红旗厂", "红旗厂", False)],
)  # fmt: skip
def test_characters_in_a_row_count_from_eleven_digits_eight_letters_or_four_ideographs_on(
    text: str, written: str, found: bool
) -> None:
    assert bool(find_leaks(_page(written), _withheld(text), trusted=())) is found


def test_a_text_that_is_public_in_another_spacing_is_no_leak() -> None:
    assert find_leaks(_page("红旗水泥厂"), _withheld("红旗水泥厂"), trusted=["红旗-水泥厂"]) == []


@pytest.mark.parametrize(("count", "says"), [(20, False), (21, True)])
def test_the_message_says_that_it_lists_only_twenty_when_there_are_more(count: int, says: bool) -> None:
    texts = [f"示例联系人甲乙丙{number:02d}号" for number in range(count)]
    with pytest.raises(ReportError) as err:
        check_pages(_page("；".join(texts)), _withheld(*texts), trusted=[])
    assert ("只列前 20 处" in str(err.value)) == says and f"发现 {count} 处" in str(err.value)


def test_a_number_of_several_owners_is_found_on_the_page_of_any_of_them() -> None:
    origins = tuple(Origin(place=f"对象 {key} 的 水量", owner=(key,)) for key in ("E007", "E008"))
    withheld = Withheld(texts={"12345": origins}, lonlat=NOWHERE)
    for key, found in (("E007", 1), ("E008", 1), ("E009", 0)):
        assert len(find_leaks([(f"sites/{key}.html", "<p>12345</p>")], withheld, trusted=[])) == found


def test_an_id_of_four_digits_names_somebody() -> None:
    for key, found in (("1234", 1), ("123", 0)):
        withheld = _withheld("56789", owner=(key,))
        assert len(find_leaks(_page(f"<table><tr><td>{key}</td><td>56789</td></tr></table>"), withheld, trusted=[])) == found


@pytest.mark.parametrize(("east_m", "found"), [(9.5, True), (-9.5, True), (10.5, False), (-10.5, False)])
def test_metres_to_the_east_are_metres_at_that_latitude(east_m: float, found: bool) -> None:
    lon = LON + east_m / (METRES_PER_DEGREE * np.cos(np.radians(LAT)))
    assert bool(find_leaks(_page(f"{lon:.8f}, {LAT:.8f}"), WITHHELD, trusted=[])) == found


@pytest.mark.parametrize(("text", "page", "found"), [
    ("AB12", "AB12", True), ("AB12", "<p>AB12</p>", True), ("AB12", "<p>XAB12</p>", False), ("AB12", "<p>AB12X</p>", False),
    ("AB12", "<p>水AB12水</p>", True), ("#AB12", "<p>x#AB12</p>", True), ("A#123", "<p>A#1234</p>", False), ("A#123", "<p>A#123</p>", True),
])  # fmt: skip
def test_a_short_text_stands_alone_whatever_it_begins_and_ends_with(text: str, page: str, found: bool) -> None:
    assert bool(find_leaks([("index.html", page)], _withheld(text), trusted=[])) == found


@pytest.mark.parametrize(("row", "found"), [("甲厂A1", 1), ("甲厂A12", 0), ("甲厂A1号", 1)])
def test_a_row_names_an_owner_only_by_his_whole_name(row: str, found: int) -> None:
    withheld = _withheld("56789", owner=("甲厂A1",))
    assert len(find_leaks(_page(f"<table><tr><td>{row}</td><td>56789</td></tr></table>"), withheld, trusted=[])) == found


@pytest.mark.parametrize(("number", "found"), [("1899", True), ("1900", False), ("2100", False), ("2101", True)])
def test_a_number_is_a_year_from_1900_to_2100(number: str, found: bool) -> None:
    row = f"<tr><td>P001</td><td>{number}</td></tr>"
    assert bool(find_leaks(_page(row), _withheld(number, owner=("P001",)), trusted=())) is found


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, "等 2 处"), (3, "等 3 处")])
def test_a_find_names_the_first_cell_it_comes_from_and_how_many_there_are(count: int, more: str) -> None:
    origins = tuple(Origin(place=f"对象 E{n} 的 name", owner=()) for n in range(count))
    (leak,) = find_leaks(_page("红旗水泥厂"), Withheld(texts={"红旗水泥厂": origins}, lonlat=NOWHERE), trusted=())
    assert leak.source == f"（来自对象 E0 的 name{more}）"


@pytest.mark.parametrize(("text", "page", "found"), [
    ("AB1#2", "AB1#2", True), ("AB1#2", "AB1#23", False), ("1#2AB", "1#2AB", True), ("1#2AB", "x1#2AB", False), ("1#2AB", "01#2AB", False),
    ("AB12#", "AB12#x", True), ("#AB12", "x#AB12", True), ("AB12厂", "AB12厂x", True), ("厂AB12", "x厂AB12", True), ("AB12", "1.AB12", False),
])  # fmt: skip
def test_only_a_letter_or_digit_at_an_end_of_a_text_may_not_go_on(text: str, page: str, found: bool) -> None:
    assert bool(find_leaks(_page(f"<p>{page}</p>"), _withheld(text), trusted=())) is found


def test_a_number_and_a_text_found_together_are_told_each_its_remedy() -> None:
    owner = (Origin(place="对象 E007 的 水量", owner=("E007",)),)
    withheld = Withheld(texts={"红旗水泥厂": owner, "12345": owner}, lonlat=NOWHERE)
    told = {}
    for name, body in (("both", "<p>红旗水泥厂</p><p>12345</p>"), ("number", "<p>12345</p>"), ("text", "<p>红旗水泥厂</p>")):
        with pytest.raises(ReportError) as caught:
            check_pages([("sites/E007.html", body)], withheld, trusted=[])
        told[name] = ("碰巧相等" in str(caught.value), "去掉或改写" in str(caught.value))
    assert told == {"both": (True, True), "number": (True, False), "text": (False, True)}
