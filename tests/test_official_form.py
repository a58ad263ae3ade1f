"""The official form of the Word report: page and grid, blank red head, seal box, SM3; and it verifies like the other."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Length
from hypothesis import given
from hypothesis import strategies as st
from report_fixtures import make_assessment

from cdgis.core.sm3 import plain_sm3_hex, sm3_hex
from cdgis.core.vocabulary import Grade
from cdgis.pipelines.verify_folder import verify_word
from cdgis.report.screening import Composer, report_json
from cdgis.report.screening.docx import render_docx
from cdgis.report.screening.official_form import MEASURES
from cdgis.report.screening.word_record import embedded_record, is_official, word_texts

PUBLISHED = {
    b"abc": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    b"abcd" * 16: "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
}
"""The two examples of GB/T 32905-2016."""


@pytest.mark.parametrize("data", list(PUBLISHED))
def test_sm3_gives_the_standard_s_examples(data: bytes) -> None:
    assert plain_sm3_hex(data) == PUBLISHED[data] == sm3_hex(data)


@given(st.binary(max_size=300))
def test_own_sm3_is_openssl_s(data: bytes) -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SM3")
    assert plain_sm3_hex(data) == hashlib.new("sm3", data).hexdigest()


@pytest.fixture(scope="module")
def report():
    return Composer(make_assessment()).report("P000")


@pytest.fixture(scope="module")
def path(report, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("official") / "P000（公文）.docx"
    file.write_bytes(render_docx(report, official=True))
    return file


def test_page_and_grid_are_those_documented(path: Path) -> None:
    section = Document(str(path)).sections[0]
    width = Length(section.page_width - section.left_margin - section.right_margin)
    height = Length(section.page_height - section.top_margin - section.bottom_margin)
    assert (round(width.mm), round(height.mm), round(section.page_width.mm), round(section.page_height.mm)) == (156, 225, 210, 297)
    grid = section._sectPr.find(qn("w:docGrid"))
    closer = Document(str(path)).styles["Normal"].element.rPr.find(qn("w:spacing")).get(qn("w:val"))
    assert grid.get(qn("w:type")) == "lines"
    lines = height.twips // int(grid.get(qn("w:linePitch")))
    pitch_pt = MEASURES["text_pt"] + int(closer) / 20
    assert (lines, int(width.pt / pitch_pt)) == (22, 28)


def test_text_is_fangsong_of_size_three(path: Path) -> None:
    styles = Document(str(path)).styles
    fonts = {name: styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) for name in ("Normal", "Heading 1", "Heading 2")}
    assert fonts == {"Normal": "仿宋", "Heading 1": "黑体", "Heading 2": "楷体"} and styles["Normal"].font.size.pt == 16


def test_head_is_blank_ruled_in_red_and_the_seal_has_its_box(path: Path, report) -> None:
    document = Document(str(path))
    paragraphs = document.paragraphs
    assert [p.text for p in paragraphs[:3]] == ["", "", ""] and report.report_number in paragraphs[3].text
    assert 'w:color="C00000"' in paragraphs[3]._p.xml
    assert document.tables[-1].rows[0].cells[0].text == "（署名）\n（印章）\n2026年11月1日"
    assert any(sm3_hex(report_json(report)) in p.text for p in paragraphs)


def test_it_says_all_that_the_other_form_says(path: Path, report) -> None:
    plain, official = word_texts(render_docx(report)), word_texts(path.read_bytes())
    assert set(plain) <= set(official) and embedded_record(path) == report_json(report)


def test_bytes_are_the_same_each_time_and_the_plain_form_is_another(path: Path, report) -> None:
    assert render_docx(report, official=True) == path.read_bytes() != render_docx(report)


def test_it_verifies_and_a_changed_word_is_found(path: Path, tmp_path: Path) -> None:
    assert is_official(path) and verify_word(path, render_docx).checks[0].faults == ()
    forged = tmp_path / path.name
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace("不符合".encode(), "有条件符合".encode()) if name == "word/document.xml" else data)
    found = verify_word(forged, render_docx).checks[0]
    assert found.faults and found.grade is Grade.CONTENT
