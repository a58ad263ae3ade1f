"""The report on paper and on a phone: header on every page, no row cut in two, nothing wider than the screen.

Rows are checked in the page itself, laid out for print at A4's width: none may be taller than a page, and all must
refuse to break. What stands on each sheet is read from the PDF with pdftotext.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from report_fixtures import ATTACKS, make_assessment
from visits import DESKTOP, PHONE, Visit

from cdgis.pipelines.assess_sites import assess_sites
from cdgis.report.screening import compose_report
from cdgis.report.screening.html import render_screening
from cdgis.workspace.settings import open_workspace

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PAGE_HEIGHT_PX = (297 - 20 - 17) / 25.4 * 96


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("screening") / "P000.html"
    path.write_bytes(render_screening(compose_report(make_assessment(), "P000")))
    return path


@pytest.fixture(scope="module")
def attacked_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("screening") / "bad.html"
    path.write_bytes(render_screening(compose_report(make_assessment(text=" ".join(ATTACKS)), "P000")))
    return path


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_report_asks_for_nothing_complains_of_nothing_and_fits_the_screen(
    browser: object, page: Path, size: dict[str, int]
) -> None:
    with Visit(browser, page, size) as visit:
        assert visit.complaints == [] and visit.requests == [page.as_uri()]
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert visit.page.locator(".summary .word").bounding_box()["y"] < size["height"] / 2


def test_attack_strings_show_as_text_and_run_nothing(browser: object, attacked_page: Path) -> None:
    with Visit(browser, attacked_page, DESKTOP) as visit:
        assert visit.complaints == [] and visit.page.locator("img, iframe").count() == 0
        assert "<img src=x onerror=alert(1)>" in visit.page.inner_text("main")


def test_phone_shows_each_cell_with_its_label(browser: object, page: Path) -> None:
    with Visit(browser, page, PHONE) as visit:
        label = "getComputedStyle(document.querySelector('#occupation td'), '::before').content"
        assert visit.page.evaluate(label) == '"图层"'
        assert visit.page.locator("#points thead").is_visible()


def test_no_row_is_cut_and_headers_repeat_in_print(browser: object, page: Path) -> None:
    with Visit(browser, page, {"width": round((210 - 33) / 25.4 * 96), "height": 1000}) as visit:
        visit.page.emulate_media(media="print")
        rows = "Array.from(document.querySelectorAll('tr'))"
        assert visit.page.evaluate(f"{rows}.every(r => getComputedStyle(r).breakInside === 'avoid')")
        assert visit.page.evaluate(f"Math.max(...{rows}.map(r => r.offsetHeight))") < PAGE_HEIGHT_PX
        heads = "Array.from(document.querySelectorAll('thead'))"
        assert visit.page.evaluate(f"{heads}.every(h => getComputedStyle(h).display === 'table-header-group')")
        figures = "Array.from(document.querySelectorAll('figure')).map(f => f.offsetHeight)"
        assert visit.page.evaluate(f"Math.max(...{figures})") < PAGE_HEIGHT_PX / 2


def _pdf_pages(browser: object, path: Path, target: Path) -> list[str]:
    with Visit(browser, path, DESKTOP) as visit:
        visit.page.pdf(path=target, prefer_css_page_size=True)
    if not shutil.which("pdftotext"):
        pytest.skip("no pdftotext: install the Debian package poppler-utils")
    text = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


def test_every_printed_page_carries_title_number_stamp_and_page_count(
    browser: object, page: Path, tmp_path: Path
) -> None:
    pages = _pdf_pages(browser, page, tmp_path / "report.pdf")
    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        top = text[:400]
        assert "研判报告" in top and "CD-20261101-P000" in top and "示范数据，不作审批依据" in top
        assert re.search(rf"第\s*{number}\s*页\s*共\s*{len(pages)}\s*页", text)


def test_a_table_over_several_pages_has_its_header_on_each(browser: object, page: Path, tmp_path: Path) -> None:
    # A hundred times the rows of the occupation table: three pages at least.
    long = page.with_name("long.html")
    text = page.read_text(encoding="utf-8")
    start, end = text.index("<tbody>", text.index('<table id="occupation"')) + 7, 0
    end = text.index("</tbody>", start)
    long.write_text(text[:start] + text[start:end] * 100 + text[end:], encoding="utf-8")
    pages = _pdf_pages(browser, long, tmp_path / "long.pdf")
    of_table = [text for text in pages if text.count("HX02") + text.count("ZH13080") > 6]
    assert len(of_table) >= 3
    assert all("区（编码）" in text for text in of_table)


def test_typical_report_takes_ten_sheets_and_tells_the_verdict_on_the_first(browser: object, tmp_path: Path) -> None:
    site = ROOT / "layers" / "projects" / "界址点_经纬度.txt"
    found = assess_sites(open_workspace(ROOT), [site])
    report = tmp_path / "P038.html"
    report.write_bytes(render_screening(compose_report(found, "P038")))
    pages = _pdf_pages(browser, report, tmp_path / "P038.pdf")
    assert len(pages) <= 10  # eight before the law of 2026-11 brought 21 layers and 117 rules
    assert "研判结论：不符合" in pages[0] and "决定性条款" in pages[0]
    first = next(place for place, text in enumerate(pages) if "六、邻近分析" in text)
    near = "".join(pages[first : first + 2])
    assert re.search(r"更远、没有缓冲规则涉及的\s*\d+\s*处", near)
