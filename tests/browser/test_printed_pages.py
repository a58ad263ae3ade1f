"""Every page kind on A4: all rows and columns of its tables arrive, and nothing reaches over the sheet's margins."""

import shutil
from pathlib import Path

import pytest
from other_pages import other_pages
from report_fixtures import make_assessment
from sheets import paper_faults, sheets_of

import cdgis.report
from cdgis.report.publish import write_reports
from cdgis.report.relocation.page import FOLDER
from cdgis.report.screening import compose_report
from cdgis.report.screening.html import render_screening
from cdgis.report.site import place_content
from cdgis.report.site.pages import SITE_FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext: install the Debian package poppler-utils"),
]


TEMPLATES = Path(cdgis.report.__path__[0]) / "templates"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Return template -> pages of that kind: those of a run, of a screening, and those that other commands write."""
    out = tmp_path_factory.mktemp("printed")
    assessment = make_assessment()
    write_reports(assessment, out)
    (out / "screening.html").write_bytes(render_screening(compose_report(assessment, "P000")))
    for name, text in other_pages(tmp_path_factory.mktemp("other")).items():
        (out / name).write_text(text, encoding="utf-8", errors="replace")
    found = {path.name: [path] for path in out.glob("*.html")}
    for folder in sorted({path.parent for path in out.glob("*/*.html")}):
        found.setdefault(FOLDERS[folder.name], []).append(min(folder.glob("*.html")))
    return found


FOLDERS = dict.fromkeys(place_content.FOLDERS.values(), "place.html") | {SITE_FOLDER: "site.html", FOLDER: "relocation_card.html"}
"""Folder of pages of one kind -> their template."""


def test_every_page_kind_there_is_a_template_for_is_printed(pages: dict[str, list[Path]]) -> None:
    assert pages.keys() == {path.name for path in TEMPLATES.glob("[!_]*.html")}


def test_every_row_and_column_of_every_page_kind_is_on_paper(browser: object, pages: dict[str, list[Path]], tmp_path: Path) -> None:
    printed = [page for kind in sorted(pages) for page in pages[kind]]
    faults = {page.name: found for page in printed if (found := paper_faults(browser, page, tmp_path / f"{page.stem}.pdf"))}
    assert faults == {}
    assert all(sheets_of(tmp_path / f"{name}.pdf") > 1 for name in ("compare", "synergy", "rules_catalogue")), "tables over a sheet's end"


_TABLE = "<tr><th>编号</th><th>名称</th></tr>" + "".join(f"<tr><td>{n}甲乙</td><td>丙丁{n}</td></tr>" for n in range(100, 180))
CUT = {
    "a box of fixed height": f'<div style="height:300px;overflow:hidden"><table>{_TABLE}</table></div>',
    "a row too wide": '<table style="width:1500px"><tr><td style="width:1400px">甲</td><td>靠边的字</td></tr></table>',
    "a column left out": f"<style>@media print {{ td + td {{ font-size: 0 }} }}</style><table>{_TABLE}</table>",
}


@pytest.mark.parametrize("how", CUT)
def test_a_table_cut_on_paper_is_noticed(browser: object, tmp_path: Path, how: str) -> None:
    head = '<!doctype html><html lang="zh"><style>@page { size: A4; margin: 10mm }</style><main>'
    cut, whole = tmp_path / "cut.html", tmp_path / "whole.html"
    cut.write_text(head + CUT[how], encoding="utf-8")
    whole.write_text(f"{head}<table>{_TABLE}</table>", encoding="utf-8")
    assert paper_faults(browser, cut, tmp_path / "cut.pdf")
    assert paper_faults(browser, whole, tmp_path / "whole.pdf") == [] and sheets_of(tmp_path / "whole.pdf") > 1
