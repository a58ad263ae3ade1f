"""Screening report as a Word document: the same parts and blocks as the page, real tables.

Header rows repeat and rows are not split between pages. Core properties and zip times are fixed, so that the same
report gives the same bytes.
"""

import io
import re
from copy import deepcopy
from datetime import UTC, datetime, time
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from cdgis.core.fixed_zip import fixed_zip
from cdgis.core.safe_text import legal_text
from cdgis.core.sm3 import sm3_hex
from cdgis.report.drawing.fonts import Font, chinese_font
from cdgis.report.files.docx_base import core_property, house_styles
from cdgis.report.screening import ScreeningReport, report_json
from cdgis.report.screening.blocks import Block, Cell, Grid, Heading, Pairs, Picture, Signatures, Text
from cdgis.report.screening.cells import verdict_text
from cdgis.report.screening.content import Figure
from cdgis.report.screening.figure_png import draw_png
from cdgis.report.screening.grounds_wording import parts_of, summary_of
from cdgis.report.screening.official_form import add_red_head, add_seal_box, free_tables, set_official_page
from cdgis.report.screening.word_record import embed_record

_TONES = {"stop": "8E1222", "argue": "8A4B00", "limit": "6B5600", "good": "155A38", "open": "37414E"}
_SHADE = "EEF2F6"
_TEXT_PT, _TABLE_PT, _SMALL_PT = 10.5, 8.5, 7.5
_DENSE_PT, _DENSE_SMALL_PT = 7.5, 7.0


def render_docx(report: ScreeningReport, *, official: bool = False) -> bytes:
    """Return the report as DOCX bytes.

    Parameters
    ----------
    official : in the form of an official document (`cdgis.report.screening.official_form`), with the same parts.
    """
    document = Document()
    _set_up(document, report)
    record = report_json(report)
    if official:
        set_official_page(document)
        add_red_head(document, report.report_number)
    _title(document, report)
    embed_record(document, record)
    for part in parts_of(report, digest=sha256(record).hexdigest()):
        _paragraph(document, f"{part.number}、{part.title}", style="Heading 1")
        for block in part.blocks:
            _add(document, block, report)
    if official:
        _paragraph(document, f"报告记录的 SM3 校验值（GB/T 32905）：{sm3_hex(record)}", size=9)
        add_seal_box(document, report.as_of)
        free_tables(document)
    stream = io.BytesIO()
    document.save(stream)
    return fixed_zip(stream.getvalue())


def _set_up(document: DocumentType, report: ScreeningReport) -> None:
    """Set page, fonts, header, footer and core properties."""
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(18), Mm(15)
    section.top_margin, section.bottom_margin = Mm(20), Mm(16)
    house_styles(document, (("Normal", _TEXT_PT), ("Heading 1", 14), ("Heading 2", 11.5), ("Title", 18)))
    normal = document.styles["Normal"].paragraph_format
    normal.space_before, normal.space_after, normal.line_spacing = Pt(2), Pt(2), 1.25
    header = section.header.paragraphs[0]
    _run(header, f"{report.title}　{report.report_number}　", size=9)
    _run(header, report.stamp, size=9, colour="B2182B", bold=True)
    _page_numbers(section.footer.paragraphs[0])
    core, day = document.core_properties, datetime.combine(datetime.fromisoformat(report.as_of), time(), UTC)
    core.author, core.title, core.subject = "cdgis", core_property(report.title), core_property(report.report_number)
    core.comments, core.keywords, core.last_modified_by, core.revision = core_property(report.stamp), "", "cdgis", 1
    core.created = core.modified = core.last_printed = day


def _page_numbers(paragraph: Paragraph) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text, field in (("第 ", "PAGE"), (" 页　共 ", "NUMPAGES"), (" 页", "")):
        _run(paragraph, text, size=9)
        if field:
            simple = OxmlElement("w:fldSimple")
            simple.set(qn("w:instr"), field)
            paragraph._p.append(simple)


def _title(document: DocumentType, report: ScreeningReport) -> None:
    """Write title, number, and the summary with the conclusion first."""
    title = _paragraph(document, report.title, style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line = f"报告编号 {report.report_number}　判定基准日 {report.as_of}　有效期至 {report.declaration.valid_until}"
    _paragraph(document, line, size=9).alignment = WD_ALIGN_PARAGRAPH.CENTER
    c = report.conclusion
    word = f"{c.heading}：{verdict_text(c.label, c.at_least, c.caveats)}"
    _paragraph(document, f"{report.basics.name or '（未填名称）'}　{report.subject_id}", bold=True)
    _paragraph(document, word, size=16, bold=True)
    _paragraph(document, c.sentence)
    rows = summary_of(report)
    table = _table(document, (18, 82), len(rows))
    for row, (label, items) in zip(table.rows, rows, strict=True):
        _fill(row.cells[0], Cell(text=label), shade=True)
        _fill(row.cells[1], Cell(text="\n".join(items)))


def _add(document: DocumentType, block: Block, report: ScreeningReport) -> None:
    match block:
        case Text():
            colour = {"warn": "8E1222", "note": "555F6D"}.get(block.style, "")
            size = 9.0 if block.style == "note" else document.styles["Normal"].font.size.pt
            _paragraph(document, block.text, size=size, bold=block.style in ("lead", "warn"), colour=colour)
        case Heading():
            _paragraph(document, block.text, style="Heading 2")
        case Pairs():
            _pairs(document, block)
        case Grid():
            _grid(document, block)
        case Picture():
            _picture(document, block, report)
        case Signatures():
            table = _table(document, (1,) * len(block.roles), 1)
            for cell, role in zip(table.rows[0].cells, block.roles, strict=True):
                _fill(cell, Cell(text=f"{role}\n\n签字：\n\n日期："))


def _picture(document: DocumentType, block: Picture, report: ScreeningReport) -> None:
    figure = report.figures[block.index]
    caption = _paragraph(document, figure.title, bold=True)
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    document.add_picture(io.BytesIO(_drawn(figure, chinese_font())), width=Mm(138))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    note = "。".join(text for text in (figure.note, report.declaration.map_mark) if text)
    _paragraph(document, f"{note}　{report.stamp}".strip(), size=9).alignment = WD_ALIGN_PARAGRAPH.CENTER


@lru_cache(maxsize=8)
def _drawn(figure: Figure, font: Font | None) -> bytes:
    """Return a figure's PNG: the plain and the official form of a report, written one after the other, show the same."""
    return draw_png(figure)


def _pairs(document: DocumentType, block: Pairs) -> None:
    table = _table(document, (17, 33, 17, 33), len(block.lines))
    for row, line in zip(table.rows, block.lines, strict=True):
        cells = row.cells
        if len(line) == 1:
            cells[1].merge(cells[3])
        for place, (label, value) in enumerate(line):
            _fill(cells[2 * place], Cell(text=label), shade=True)
            _fill(cells[2 * place + 1], value)


def _grid(document: DocumentType, block: Grid) -> None:
    table = _table(document, tuple(column.width for column in block.columns), 1 + len(block.rows))
    rows = list(table.rows)
    for cell, column in zip(rows[0].cells, block.columns, strict=True):
        _fill(cell, Cell(text=column.title, kind="strong"), shade=True)
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    _mark(rows[0]._tr.get_or_add_trPr(), "w:tblHeader")
    for row, values in zip(rows[1:], block.rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            _fill(cell, value, dense=block.dense)
    gap = document.add_paragraph().paragraph_format
    gap.space_before = gap.space_after = Pt(0)
    gap.line_spacing = Pt(6)


def _table(document: DocumentType, widths: tuple[int, ...], count: int) -> Table:
    """Return a bordered table of fixed column widths whose rows are not split between pages."""
    table: Table = document.add_table(rows=count, cols=len(widths))
    table._tbl.tblStyle_val = "TableGrid"  # by its id: a style is looked for by name among all of them
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    section = document.sections[0]
    edges = (section.left_margin or 0) + (section.right_margin or 0)
    width_mm = round(Length((section.page_width or 0) - edges).mm, 1)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width_mm * width / sum(widths))
    for row in table.rows:
        _mark(row._tr.get_or_add_trPr(), "w:cantSplit")
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width_mm * width / sum(widths))
    return table


def _mark(properties: Any, tag: str) -> None:
    element = OxmlElement(tag)
    element.set(qn("w:val"), "true")
    properties.append(element)


def _fill(cell: _Cell, value: Cell, *, shade: bool = False, dense: bool = False) -> None:
    """Write one value into a table cell, its small text below."""
    paragraph = cell.paragraphs[0]
    paragraph._p.insert(0, deepcopy(_cell_format(value.kind == "number", dense)))
    bold = value.kind in ("strong", "effect", "conformity")
    colour = _TONES.get(value.tone, "") if value.kind in ("effect", "conformity") else ""
    _run(paragraph, value.text, size=_DENSE_PT if dense else _TABLE_PT, bold=bold, colour=colour)
    if value.small:
        # Where the text itself is small a line break would cost more than it clears up.
        gap = "　" if dense else "\n"
        _run(paragraph, f"{gap}{value.small}", size=_DENSE_SMALL_PT if dense else _SMALL_PT, colour="555F6D")
    if shade:
        shading = OxmlElement("w:shd")
        for name, text in (("val", "clear"), ("color", "auto"), ("fill", _SHADE)):
            shading.set(qn(f"w:{name}"), text)
        cell._tc.get_or_add_tcPr().append(shading)


@cache
def _cell_format(right: bool, dense: bool) -> Any:
    """Return the properties of a paragraph in a cell: thousands are written, so each kind is made once and copied."""
    paragraph = Paragraph(OxmlElement("w:p"), None)  # type: ignore[arg-type]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0 if dense else 1)
    paragraph.paragraph_format.line_spacing = 1.0 if dense else 1.05
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return paragraph._p.pPr


def _paragraph(
    document: DocumentType, text: str, *, style: str = "", size: float = 0.0, bold: bool = False, colour: str = ""
) -> Paragraph:
    paragraph = document.add_paragraph(style=style or None)
    paragraph._p.get_or_add_pPr()  # as naming a style makes it
    _run(paragraph, text, size=size, bold=bold, colour=colour)
    return paragraph


def _run(paragraph: Paragraph, text: str, *, size: float = 0.0, bold: bool = False, colour: str = "") -> None:
    run = paragraph._p.add_r()
    if size or bold or colour:
        run.append(deepcopy(_run_format(size, bold, colour)))
    for number, part in enumerate(re.split("([\r\n\t])", legal_text(text))):
        if number % 2:
            run.add_tab() if part == "\t" else run.add_br()
        elif part:
            run.add_t(part)


@cache
def _run_format(size: float, bold: bool, colour: str) -> Any:
    """Return the properties of a run, made once and copied."""
    run = Run(OxmlElement("w:r"), None)  # type: ignore[arg-type]
    if size:
        run.font.size = Pt(size)
    if bold:
        run.font.bold = True
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    return run._r.rPr
