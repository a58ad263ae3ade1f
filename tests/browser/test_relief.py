"""The relief lies under the zones, goes and comes with its box, and the link remembers."""

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import make_assessment
from test_report_relief import overlay
from visits import DESKTOP, Visit, until

from cdgis.report.publish import write_reports

pytestmark = pytest.mark.browser

PICTURE = ".leaflet-relief-pane img"


def test_box_takes_the_relief_away_and_the_link_keeps_it_away(browser: object, tmp_path: Path) -> None:
    write_reports(replace(make_assessment(), pictures={"relief": overlay()}), tmp_path)
    with Visit(browser, tmp_path / "index.html", DESKTOP) as visit:
        assert visit.page.locator(PICTURE).count() == 1
        assert "地形晕渲" in visit.page.inner_text("#legend-body")
        visit.page.locator("#relief-box").uncheck()
        assert visit.page.locator(PICTURE).count() == 0
        assert "地形晕渲" not in visit.page.inner_text("#legend-body")
        until(visit.page, "location.hash.includes('r=0')")
        fragment = visit.page.evaluate("location.hash")
        assert visit.complaints == []
    with Visit(browser, tmp_path / "index.html", DESKTOP, fragment) as visit:
        assert visit.page.locator(PICTURE).count() == 0
        assert not visit.page.locator("#relief-box").is_checked()
