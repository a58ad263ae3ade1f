"""The Word document: same tables, same numbers, same bytes twice."""

import io
import zipfile
from dataclasses import replace
from functools import cache

import pytest
from docx import Document
from docx.oxml.ns import qn
from PIL import Image
from report_fixtures import ATTACKS, make_assessment

from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import DEMO_STAMP
from cdgis.report.drawing import fonts
from cdgis.report.screening import JournalExtract, compose_report, load_report
from cdgis.report.screening.blocks import Cell, Pairs
from cdgis.report.screening.docx import render_docx
from cdgis.report.screening.figure_png import draw_png
from cdgis.report.screening.grounds_wording import parts_of
from cdgis.report.screening.publish import write_screening


@cache
def _report(subject_id="P000"):
    return compose_report(make_assessment(), subject_id)


@cache
def _bytes():
    return render_docx(_report())


def _document():
    return Document(io.BytesIO(_bytes()))


def _grids():
    return [block for part in parts_of(_report(), digest="0" * 64) for block in part.blocks if hasattr(block, "columns")]


def _table(first_header):
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in _document().tables]
    return next(rows for rows in tables if rows[0][: len(first_header)] == first_header)


def test_every_grid_is_a_real_table_with_all_its_rows():
    sizes = [(len(t.rows), len(t.columns)) for t in _document().tables]
    for grid in _grids():
        assert (1 + len(grid.rows), len(grid.columns)) in sizes, grid.id


def test_areas_read_back_equal_the_table():
    overlaps = make_assessment().tables["overlaps"]
    rows = overlaps[(overlaps["subject_id"] == "P000") & (overlaps["relation"] != "near")]
    shown = [float(row[4].replace(",", "")) for row in _table(["图层", "区（编码）"])[1:]]
    assert sorted(shown) == pytest.approx(sorted(rows["area_m2"]), abs=0.005)


def test_header_rows_repeat_and_rows_are_not_split():
    for table in _document().tables:
        for row in table.rows:
            assert row._tr.trPr.find(qn("w:cantSplit")) is not None
    repeated = [t for t in _document().tables if t.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None]
    assert len(repeated) == len(_grids())


def test_parts_stand_in_order_and_header_carries_number_and_stamp():
    document = _document()
    heads = [p.text.split("、")[0] for p in document.paragraphs if p.style.name == "Heading 1"]
    assert heads == ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一"]
    header = document.sections[0].header.paragraphs[0].text
    assert "CD-20261101-P000" in header and DEMO_STAMP in header
    assert len(document.inline_shapes) == len(_report().figures) == 2


def test_same_report_gives_the_same_bytes_and_no_clock():
    assert render_docx(compose_report(make_assessment(), "P000")) == _bytes()
    with zipfile.ZipFile(io.BytesIO(_bytes())) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert _document().core_properties.created.isoformat().startswith("2026-11-01")


def test_text_no_xml_can_hold_does_not_break_the_document():
    text = " ".join(ATTACKS) + "\x00\x0b\ud800"
    report = replace(_report(), title=text, stamp=text)
    assert "<img src=x onerror=alert(1)>" in Document(io.BytesIO(render_docx(report))).paragraphs[0].text


def test_picture_is_drawn_twice_the_same_and_with_a_legend_below():
    figure = _report().figures[0]
    first = draw_png(figure)
    assert first == draw_png(figure)
    size = Image.open(io.BytesIO(first)).size
    assert size[0] == 2 * figure.width and size[1] >= 2 * figure.height


def test_picture_without_a_chinese_font_still_has_lines_and_no_labels(monkeypatch):
    monkeypatch.setattr(fonts, "_FONTS", ())
    fonts.chinese_font.cache_clear()
    try:
        image = Image.open(io.BytesIO(draw_png(_report().figures[0])))
    finally:
        fonts.chinese_font.cache_clear()
    assert image.size == (2 * _report().figures[0].width, 2 * _report().figures[0].height)
    assert len(image.getcolors(1 << 20)) > 3


def test_short_pairs_share_a_line_and_long_ones_do_not():
    short, long = ("a", Cell(text="x")), ("b", Cell(text="x" * 40))
    assert [len(line) for line in Pairs(rows=(short, short, short, long, short)).lines] == [2, 1, 1, 1]


def _only(*subject_ids):
    a = make_assessment()
    verdicts = a.tables["verdicts"]
    return replace(a, tables={**a.tables, "verdicts": verdicts[verdicts["subject_id"].isin(subject_ids)]})


def test_reports_are_written_whole_and_alike(tmp_path):
    small = _only("P000", "P001")
    first, second = (write_screening(small, tmp_path / name) for name in ("a", "b"))
    assert {p.name for p in first} >= {"P000.html", "P000.docx", "P000.json", "P001.html", "cdgis.xlsx", "cdgis.gpkg"}
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert not list(tmp_path.rglob(".cdgis-*"))
    assert load_report((tmp_path / "a" / "P000.json").read_bytes()).subject_id == "P000"


def test_only_the_formats_asked_for_are_written_and_other_reports_stay(tmp_path):
    small = _only("P000")
    (tmp_path / "old.html").write_text("kept", encoding="utf-8")
    extract = JournalExtract(length=1, head_sha256="cd" * 32)
    written = write_screening(small, tmp_path, formats=("json",), journals={"P000": extract})
    reports = [p.name for p in written if p.parent == tmp_path]
    assert reports == ["P000.json"] and (tmp_path / "old.html").exists()
    tables = {p.name for p in written if p.parent == tmp_path / "data"}
    assert {"verdicts.csv", "run.json"} <= tables and not tables & {"cdgis.xlsx", "cdgis.gpkg"}
    assert load_report(written[0].read_bytes()).declaration.journal == extract


@pytest.mark.parametrize("formats", [("odt",), ()])
def test_unknown_format_is_refused(formats, tmp_path):
    with pytest.raises(UsageError, match="应为 html、docx、official、json"):
        write_screening(make_assessment(), tmp_path, formats=formats)
