"""No page kind breaks a rule of the accessibility engine (axe-core) that it calls serious or critical."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from visits import DESKTOP, Visit

pytestmark = pytest.mark.browser

PAGES = ["index.html", "sites/P000.html", "dashboard.html", "places.html", "counties/130801.html"]


def _grave(visit: Visit) -> list[str]:
    found = Axe().run(visit.page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_violation(browser: object, published: Path, name: str) -> None:
    with Visit(browser, published / name, DESKTOP) as visit:
        assert _grave(visit) == []


def test_engine_finds_a_violation_when_there_is_one(browser: object, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<!doctype html><html><body><main><img src='data:,'><input></main></body></html>", encoding="utf-8")
    with Visit(browser, bad, DESKTOP) as visit:
        assert _grave(visit)
