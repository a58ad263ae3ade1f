"""The interactive map in a real browser: it opens offline, shows a popup with clauses, and runs nothing from data."""

from pathlib import Path

import pytest
from report_fixtures import ATTACKS, make_assessment
from visits import DESKTOP, PHONE, Visit

from cdgis.report.map.explore import explore_map

pytestmark = pytest.mark.browser
_OPEN = """(() => { for (const layer of Object.values(window)) { if (layer instanceof L.GeoJSON) {
  const subjects = layer.getLayers().filter((one) => one.feature.properties.name); const one = subjects.at(-1);
  if (one) one.fire("click", {latlng: one.getLatLng ? one.getLatLng() : one.getBounds().getCenter()}, true); } } })()"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_explore_map_opens_offline_and_tells_the_clauses(browser: object, tmp_path: Path, size: dict[str, int]) -> None:
    path = tmp_path / "map.html"
    explore_map(make_assessment()).save(path)
    with Visit(browser, path, size) as visit:
        visit.page.evaluate(_OPEN)
        popup = visit.page.inner_text(".leaflet-popup-content")
        assert "不符合" in popup and "（ECO-02）" in popup and "稳定性：" in popup
        assert visit.page.locator(".leaflet-control-layers").count() == 1 and "不符合 4" in visit.page.inner_text(".cdgis-key")
        assert visit.complaints == [] and [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []


def test_attack_strings_stay_text_on_the_explore_map(browser: object, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    explore_map(make_assessment(text=" ".join(ATTACKS))).save(path)
    with Visit(browser, path, DESKTOP) as visit:
        visit.page.evaluate(_OPEN)
        assert "<img src=x onerror=alert(1)>" in visit.page.inner_text(".leaflet-popup-content")
        assert visit.complaints == [] and visit.page.locator("img, [onerror], [onload]").count() == 0
