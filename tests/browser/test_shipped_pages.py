"""The pages of the shipped workspace, each kind at both widths: nothing is asked of a network, nothing complains."""

from functools import partial
from pathlib import Path

import pytest
import shipped
from axe_playwright_python.sync_playwright import Axe
from visits import DESKTOP, PHONE, Visit

from cdgis.report.site import pages as site_pages
from cdgis.results.assessment import Assessment

pytestmark = pytest.mark.browser

KINDS = ("basins", "counties", "relocations", "restoration", "sites", "units")


def write_one_of_each_kind(assessment: Assessment, out: Path) -> list[Path]:
    """Write the pages a run writes, of those on subjects and places one of each kind: the others are not even rendered."""
    subject, place = site_pages.SubjectPages.render, site_pages.render_place
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_pages.SubjectPages, "render", lambda pages, row: partial(subject, pages, row))
        patch.setattr(site_pages, "render_place", lambda *about: partial(place, *about))
        texts = dict(site_pages.render_pages(assessment))
    names = sorted(name for name in texts if "/" not in name)
    names += [min(name for name in texts if name.startswith(f"{kind}/")) for kind in KINDS]
    for name in names:
        text = texts[name]
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(text if isinstance(text, str) else text(), encoding="utf-8")
    return [out / name for name in names]


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
    pages = write_one_of_each_kind(shipped.run(), tmp_path)
    assert {path.stem for path in pages} >= {"index", "dashboard", "carbon", "relocation", "places"}
    faults = {path.name: found for path in pages if (found := faults_of(browser, path))}
    assert faults == {}


def test_a_page_too_wide_for_a_phone_is_noticed(browser: object, tmp_path: Path) -> None:
    (tmp_path / "wide.html").write_text('<!doctype html><html lang="zh"><title>x</title><main><h1 style="width:600px">x</h1></main>')
    assert faults_of(browser, tmp_path / "wide.html") == ["218 px wider than the screen"]
