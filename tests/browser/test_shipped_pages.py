"""The pages of the shipped workspace, each kind at both widths: nothing is asked of a network, nothing complains."""

from pathlib import Path

import pytest
import shipped
from axe_playwright_python.sync_playwright import Axe
from visits import DESKTOP, PHONE, Visit

from cdgis.report.publish import write_reports

pytestmark = pytest.mark.browser

KINDS = ("basins", "counties", "relocations", "restoration", "sites", "units")


def page_kinds(out: Path) -> list[Path]:
    """Return one page of each kind."""
    return sorted(out.glob("*.html")) + [min((out / kind).glob("*.html")) for kind in KINDS]


def faults_of(browser: object, path: Path) -> list[str]:
    """Return what is wrong with a page: requests, complaints, breaches of accessibility, a page wider than the screen."""
    with Visit(browser, path, DESKTOP) as visit:
        grave = [v for v in Axe().run(visit.page).response["violations"] if v["impact"] in ("serious", "critical")]
        beyond = [_px_beyond(visit.page, size) for size in (DESKTOP, PHONE)]
        return [
            *(url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))),
            *visit.complaints,
            *(f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in grave),
            *(f"{px} px wider than the screen" for px in beyond if px > 1),
        ]


def _px_beyond(page: object, size: dict[str, int]) -> int:
    page.set_viewport_size(size)
    return page.evaluate("new Promise(done => requestAnimationFrame(() => done(document.documentElement.scrollWidth - innerWidth)))")


def test_every_page_kind_is_quiet_accessible_and_fits(browser: object, tmp_path: Path) -> None:
    write_reports(shipped.run(), tmp_path)
    pages = page_kinds(tmp_path)
    assert {path.stem for path in pages} >= {"index", "dashboard", "carbon", "relocation", "places"}
    faults = {path.name: found for path in pages if (found := faults_of(browser, path))}
    assert faults == {}


def test_a_page_too_wide_for_a_phone_is_noticed(browser: object, tmp_path: Path) -> None:
    (tmp_path / "wide.html").write_text('<!doctype html><html lang="zh"><title>x</title><main><h1 style="width:600px">x</h1></main>')
    assert faults_of(browser, tmp_path / "wide.html") == ["218 px wider than the screen"]
