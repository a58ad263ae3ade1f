"""Form of an official document after GB/T 9704: page, type, blank red head and box for the seal.

The measures are data here (`MEASURES`); docs/official_form.md says which of them nobody has seen in the standard itself.
"""

from typing import Any

from docx.document import Document as DocumentType
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from cdgis.report.files.docx_base import house_styles

CATEGORY = "公文格式"
"""Core property by which a document of this form is known again."""
MEASURES = {
    "page_width_mm": 210.0, "page_height_mm": 297.0, "top_mm": 37.0, "left_mm": 28.0, "text_width_mm": 156.0, "text_height_mm": 225.0,
    "lines": 22.0, "characters": 28.0, "text_pt": 16.0, "title_pt": 22.0, "page_number_pt": 14.0, "seal_mm": 45.0,
}  # fmt: skip
_STYLES = (("Normal", "仿宋", "text_pt"), ("Heading 1", "黑体", "text_pt"), ("Heading 2", "楷体", "text_pt"), ("Title", "方正小标宋简体", "title_pt"))
_RED = "C00000"
_TWIPS_A_MM = 1440 / 25.4
_HEAD_LINES = 3
_CLOSER_TWENTIETHS = -5
"""28 characters of 16 pt are 448 pt, the line is 442 pt: each stands a quarter of a point closer."""


def set_official_page(document: DocumentType) -> None:
    """Give the document page, grid of 22 lines by 28 characters, type and page numbers of an official document."""
    m, section = MEASURES, document.sections[0]
    section.page_width, section.page_height = Mm(m["page_width_mm"]), Mm(m["page_height_mm"])
    section.top_margin, section.left_margin = Mm(m["top_mm"]), Mm(m["left_mm"])
    section.right_margin = Mm(m["page_width_mm"] - m["left_mm"] - m["text_width_mm"])
    section.bottom_margin = Mm(m["page_height_mm"] - m["top_mm"] - m["text_height_mm"])
    house_styles(document, tuple((name, m[size]) for name, _, size in _STYLES), embolden=False)
    for name, font, _ in _STYLES:
        style = document.styles[name]
        properties = style.element.get_or_add_rPr()
        properties.get_or_add_rFonts().set(qn("w:eastAsia"), font)
        _set(properties, "w:spacing", val=_CLOSER_TWENTIETHS)
        form = style.paragraph_format
        form.space_before = form.space_after = Pt(0)
        form.line_spacing_rule = WD_LINE_SPACING.SINGLE
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(int(m["text_height_mm"] * _TWIPS_A_MM / m["lines"])))
    document.core_properties.category = CATEGORY


def _set(parent: Any, tag: str, **values: object) -> None:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), str(value))
    parent.append(element)


def free_tables(document: DocumentType) -> None:
    """Take the small type of tables off the grid of lines."""
    for table in document.tables:
        for paragraph in table._tbl.iter(qn("w:p")):
            _set(paragraph.get_or_add_pPr(), "w:snapToGrid", val=0)


def add_red_head(document: DocumentType, number: str) -> None:
    """Leave the issuer's head blank, and rule it off in red below a line for the document's number."""
    for _ in range(_HEAD_LINES):
        document.add_paragraph()
    line = document.add_paragraph(f"〔　　　　〕　　号（报告编号 {number}）")
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _rule_below(line)
    document.add_paragraph()


def _rule_below(paragraph: Paragraph) -> None:
    borders, rule = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for key, value in (("val", "single"), ("sz", "18"), ("space", "6"), ("color", _RED)):
        rule.set(qn(f"w:{key}"), value)
    borders.append(rule)
    paragraph._p.get_or_add_pPr().append(borders)


def add_seal_box(document: DocumentType, day: str) -> None:
    """Add the place of the issuer's name, the day and the seal at the right."""
    year, month, date = (int(part) for part in day.split("-"))
    table = document.add_table(rows=1, cols=1, style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.RIGHT, False
    cell = table.rows[0].cells[0]
    cell.width, table.rows[0].height = Mm(MEASURES["seal_mm"]), Mm(MEASURES["seal_mm"])
    table.columns[0].width = Mm(MEASURES["seal_mm"])
    first = cell.paragraphs[0]
    first.add_run("（署名）")
    cell.add_paragraph("（印章）")
    cell.add_paragraph(f"{year}年{month}月{date}日")
    for paragraph in cell.paragraphs:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
