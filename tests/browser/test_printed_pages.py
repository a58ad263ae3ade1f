"""Every page kind on A4: all rows and columns of its tables arrive, and nothing reaches over the sheet's margins."""

import shutil
from pathlib import Path

import pytest
from report_fixtures import make_assessment
from sheets import paper_faults, sheets_of

from cdgis.report.publish import write_reports
from cdgis.report.screening import compose_report
from cdgis.report.screening.html import render_screening

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext: install the Debian package poppler-utils"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return one page of each kind."""
    out = tmp_path_factory.mktemp("printed")
    assessment = make_assessment()
    write_reports(assessment, out)
    kinds = sorted({path.parent for path in out.glob("*/*.html")})
    (out / "screening.html").write_bytes(render_screening(compose_report(assessment, "P000")))
    return sorted(out.glob("*.html")) + [min(kind.glob("*.html")) for kind in kinds]


def test_every_row_and_column_of_every_page_kind_is_on_paper(browser: object, pages: list[Path], tmp_path: Path) -> None:
    assert len(pages) >= 9
    faults = {page.name: found for page in pages if (found := paper_faults(browser, page, tmp_path / "page.pdf"))}
    assert faults == {}


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
