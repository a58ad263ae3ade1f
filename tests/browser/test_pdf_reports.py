"""Reports as PDF: tagged, bookmarked, numbered, the same bytes twice; several make one file with contents; no browser is told."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from report_fixtures import make_assessment

from cdgis.core.errors import ReportError
from cdgis.report.files import pdf
from cdgis.report.files.pdf import page_count, print_pdfs
from cdgis.report.screening import Composer, report_json
from cdgis.report.screening.booklet import BOOKLET, print_reports
from cdgis.report.screening.html import render_screening

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext: install the Debian package poppler-utils"),
]
DAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Return two reports and their booklet."""
    composer = Composer(make_assessment())
    reports = {key: composer.report(key) for key in ("P000", "P001")}
    pages = {key: (report, render_screening(report, report_json(report))) for key, report in reports.items()}
    found = print_reports(pages, title="合订", day=DAY)
    folder = tmp_path_factory.mktemp("pdf")
    for name, content in found.items():
        (folder / name).write_bytes(content)
    return folder, found


def _text(path: Path) -> list[str]:
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


def test_every_pdf_is_tagged_bookmarked_dated_by_the_report_and_numbered(printed):
    folder, found = printed
    assert sorted(found) == ["P000.pdf", "P001.pdf", BOOKLET]
    for name, content in found.items():
        assert b"/StructTreeRoot" in content and b"/Outlines" in content and b"/Lang (zh-CN)" in content
        assert set(re.findall(rb"\(D:(\d{14})", content)) == {b"20261101000000"}
        sheets = _text(folder / name)
        assert len(sheets) == page_count(content)
        assert all(re.search(rf"第\s*{n}\s*页\s*共\s*{len(sheets)}\s*页", text) for n, text in enumerate(sheets, 1))


def test_booklet_holds_each_report_where_its_contents_say(printed):
    folder, found = printed
    sheets = _text(folder / BOOKLET)
    alone = [page_count(found[f"{key}.pdf"]) for key in ("P000", "P001")]
    assert len(sheets) == 1 + sum(alone)
    for key, first in (("P000", 2), ("P001", 2 + alone[0])):
        assert re.search(rf"{key}.*\s{first}$", sheets[0], re.MULTILINE) and key in sheets[first - 1]
    number = re.search(r"CD[\w-]+P001", _text(folder / "P001.pdf")[0])[0]
    assert number in sheets[-1] and number not in sheets[1]


def test_same_page_gives_same_bytes_and_no_link_to_another_file():
    page = '<!doctype html><html lang="zh-CN"><title>甲</title><h1>甲</h1><a href="sites/x.html">乙</a><a href="#a">丙</a>'.encode()
    one, two = (print_pdfs({"a.pdf": page}, day=DAY)["a.pdf"] for _ in range(2))
    assert one == two and b"x.html" not in one and b"cdgis-pdf" not in one


def test_without_a_browser_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    monkeypatch.setattr(pdf, "_PLACES", ())
    with pytest.raises(ReportError, match="没有找到 Chromium、Chrome 或 Edge.*另存为 PDF"):
        print_pdfs({"a.pdf": b"x"}, day=DAY)


def test_a_browser_that_prints_nothing_is_told(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(ReportError, match="没有写出文件"):
        print_pdfs({"a.pdf": b"x"}, day=DAY)
