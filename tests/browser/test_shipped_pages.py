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
    found: list[str] = []
    for size in (DESKTOP, PHONE):
        with Visit(browser, path, size) as visit:
            # what a reader of the screen is told does not hang on its width: asked once
            violations = Axe().run(visit.page).response["violations"] if size is DESKTOP else []
            beyond = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            found += [url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))]
            found += visit.complaints
            found += [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in violations if v["impact"] in ("serious", "critical")]
            found += [f"{beyond} px wider than the screen"] if beyond > 1 else []
    return found


def test_every_page_kind_is_quiet_accessible_and_fits(browser: object, tmp_path: Path) -> None:
    write_reports(shipped.run(), tmp_path)
    pages = page_kinds(tmp_path)
    assert {path.stem for path in pages} >= {"index", "dashboard", "carbon", "relocation", "places"}
    faults = {path.name: found for path in pages if (found := faults_of(browser, path))}
    assert faults == {}


def test_a_page_too_wide_for_a_phone_is_noticed(browser: object, tmp_path: Path) -> None:
    (tmp_path / "wide.html").write_text('<!doctype html><html lang="zh"><title>x</title><main><h1 style="width:600px">x</h1></main>')
    assert faults_of(browser, tmp_path / "wide.html") == ["218 px wider than the screen"]
