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


def faults_of(browser: object, path: Path, size: dict[str, int]) -> list[str]:
    """Return what is wrong with a page: requests, complaints, breaches of accessibility, a page wider than the screen."""
    with Visit(browser, path, size) as visit:
        grave = [v for v in Axe().run(visit.page).response["violations"] if v["impact"] in ("serious", "critical")]
        beyond = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return [
            *(url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))),
            *visit.complaints,
            *(f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in grave),
            *([f"{beyond} px wider than the screen"] if beyond > 1 else []),
        ]


def test_every_page_kind_is_quiet_accessible_and_fits(browser: object, tmp_path: Path) -> None:
    write_reports(shipped.run(), tmp_path)
    pages = page_kinds(tmp_path)
    assert {path.stem for path in pages} >= {"index", "dashboard", "carbon", "relocation", "places"}
    faults = {
        (path.name, size["width"]): found
        for path in pages
        for size in (DESKTOP, PHONE)
        if (found := faults_of(browser, path, size))
    }
    assert faults == {}
