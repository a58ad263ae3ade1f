"""The figures of a subject's page are enlarged without a script, can be panned to every corner, and print whole."""

from pathlib import Path

import pytest
from visits import DESKTOP, PHONE, Visit

pytestmark = pytest.mark.browser
_WIDTHS = "((pane) => [pane.clientWidth, pane.firstElementChild.clientWidth, pane.scrollWidth])(document.querySelector('.pane'))"


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_figure_is_enlarged_in_its_frame_and_can_be_panned(browser: object, published: Path, size: dict[str, int]) -> None:
    with Visit(browser, published / "sites" / "P000.html", size) as visit:
        assert visit.page.locator("script").count() == 0
        frame, whole, _ = visit.page.evaluate(_WIDTHS)
        height = visit.page.evaluate("document.querySelector('.pane').clientHeight")
        assert abs(whole - frame) <= 1
        visit.page.locator("label.zoom").nth(2).click()
        same, enlarged, reach = visit.page.evaluate(_WIDTHS)
        assert abs(same - frame) <= 20 and abs(enlarged - 4 * same) <= 4 and reach >= enlarged - 1
        assert abs(visit.page.evaluate("document.querySelector('.pane').clientHeight") - height) <= 20
        assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0 and visit.complaints == []
        visit.page.emulate_media(media="print")
        assert visit.page.locator("label.zoom").first.is_hidden()
        pane, printed, _ = visit.page.evaluate(_WIDTHS)
        assert printed <= pane + 1
