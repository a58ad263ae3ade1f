"""The outside ground map: asked for only with a key of this browser, on its own grid, and the tile is the one that holds the place."""

import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_listening import held_port, listening
from desk_people import Person
from small_workspace import small_workspace
from visits import DESKTOP, until

from cdgis.web.desk_options import DeskOptions

pytestmark = pytest.mark.browser
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.mark.parametrize("grid", ["c", "w"])
def test_tiles_are_asked_for_with_the_browsers_own_key_where_the_map_is(browser, tmp_path, grid):
    asked, port = [], held_port()
    with listening(small_workspace(tmp_path / "w"), port, options=DeskOptions(ground=f"tianditu-{grid}")), Person(browser, DESKTOP, port) as person:
        page = person.new_case()

        def answer(route):
            asked.append(route.request.url)
            route.fulfill(status=200, content_type="image/png", body=PIXEL)

        page.route(re.compile("tianditu"), answer)
        page.click("details.layers > summary")
        page.select_option("#ground select", "img+cia")
        page.wait_for_timeout(300)
        assert asked == []  # no key, no request
        page.fill("#ground input", "my key")
        page.press("#ground input", "Tab")
        until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 4")
        assert page.evaluate("localStorage.getItem('cdgis.tianditu.key')") == "my key"
        person.strange.clear()
        person.complaints[:] = [text for text in person.complaints if "tianditu" not in text]
    seen = [(urlsplit(url), {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}) for url in asked]
    assert {place.path for place, _ in seen} == {f"/img_{grid}/wmts", f"/cia_{grid}/wmts"} and all(place.scheme == "https" for place, _ in seen)
    assert {query["tk"] for _, query in seen} == {"my key"} and {query["TILEMATRIXSET"] for _, query in seen} == {grid}
    held = [query for _, query in seen if holds(grid, query, 117.5, 41.4)]
    assert held, [query for _, query in seen][:3]


def holds(grid, query, lon, lat):
    """Return whether a tile holds a place: on grid c, level 1 has two columns and one row."""
    import math

    level, row, column = (int(query[name]) for name in ("TILEMATRIX", "TILEROW", "TILECOL"))
    if grid == "c":
        side = 360 / 2**level
        return (column, row) == (int((lon + 180) // side), int((90 - lat) // side))
    return (column, row) == (int((lon + 180) / 360 * 2**level), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**level))
