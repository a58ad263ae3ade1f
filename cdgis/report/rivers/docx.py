"""River dossier as a Word document: tables to print, contacts to fill in by hand."""

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from cdgis.core.fixed_zip import dated, fixed_zip
from cdgis.core.safe_text import legal_text
from cdgis.report.files.docx_base import house_styles
from cdgis.report.rivers.page import MOST_SOURCES, tier_counts
from cdgis.report.rivers.plan_png import draw_plan_png
from cdgis.report.rivers.strip_map import draw_plan
from cdgis.rivers.dossier import RiverDossier

_WIDTH_MM = 261.0
_RED = RGBColor(0xB2, 0x18, 0x2B)
_STYLES = (("Normal", 10.0), ("Heading 1", 14.0), ("Title", 20.0))
Cells = Sequence[str]


def render_river_docx(dossier: RiverDossier) -> bytes:
    """Return the dossier as DOCX bytes, A4 across."""
    document = Document()
    _set_up(document, dossier)
    document.add_paragraph(legal_text(f"{dossier.name}　一河一策一图"), style="Title")
    _stamp(document.add_paragraph(), dossier)
    _overview(document, dossier)
    _plan(document, dossier)
    _notified(document, dossier)
    _along(document, dossier)
    _sources(document, dossier)
    stream = io.BytesIO()
    document.save(stream)
    return fixed_zip(stream.getvalue(), edit=lambda name, data: dated(name, data, dossier.system.workspace.settings.as_of.isoformat()))


def _set_up(document: DocumentType, dossier: RiverDossier) -> None:
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(18)
    house_styles(document, _STYLES, embolden=False)
    _stamp(section.header.paragraphs[0], dossier)
    core = document.core_properties
    core.author, core.title, core.last_modified_by, core.revision = "cdgis", dossier.name, "cdgis", 1
    core.comments = dossier.system.stamp


def _stamp(paragraph: Any, dossier: RiverDossier) -> None:
    as_of = dossier.system.workspace.settings.as_of.isoformat()
    run = paragraph.add_run(legal_text(f"{dossier.system.stamp}　仅供内部使用　判定基准日 {as_of}".strip()))
    run.font.bold, run.font.color.rgb, run.font.size = True, _RED, Pt(9)


def _overview(document: DocumentType, dossier: RiverDossier) -> None:
    document.add_paragraph("一、概况", style="Heading 1")
    area = f"{dossier.upstream_km2:,.0f} 平方公里{'（下限）' if dossier.is_cut else ''}"
    document.add_paragraph(legal_text(
        f"河长（数据范围内）{dossier.length_km:,.1f} 公里；末端集水面积 {area}；沿河构筑物、断面、水源地等 {len(dossier.structures)} 处，"
        f"岸边城镇与敏感点 {dossier.bank_count} 处；上游企业 {len(dossier.sources)} 家。流速范围 {dossier.velocity.text}。"
    ))  # fmt: skip
    for note in dossier.notes:
        document.add_paragraph(legal_text(note), style="List Bullet")


def _plan(document: DocumentType, dossier: RiverDossier) -> None:
    document.add_paragraph("二、平面图", style="Heading 1")
    document.add_picture(io.BytesIO(draw_plan_png(draw_plan(dossier))), width=Mm(200))
    number = dossier.system.workspace.settings.map_review_number
    mark = f"审图号：{number}" if number else "未经审图，不得公开"
    document.add_paragraph(legal_text(f"示意图，不用于量算。{mark}。{dossier.system.stamp}"))


def _notified(document: DocumentType, dossier: RiverDossier) -> None:
    document.add_paragraph("三、上下游联动：依次通知谁", style="Heading 1")
    rows = [
        (str(i), name, f"{top:.1f}", f"{low:.1f}", "", "", "") for i, (name, top, low) in enumerate(dossier.counties, 1)
    ]
    heads = ("次序", "辖区", "入境河程（公里）", "出境河程（公里）", "联系单位", "联系人", "电话")
    _table(document, heads, rows, (4, 12, 9, 9, 16, 10, 14))


def _along(document: DocumentType, dossier: RiverDossier) -> None:
    document.add_paragraph("四、沿河登记（自上游而下）", style="Heading 1")
    rows = [
        (f"{r['chainage_km']:.1f}", str(r["kind"]), str(r["name"]), str(r["jurisdiction"]), f"{r['offset_m']:.0f}",
         "须现场核实" if r["can_intercept"] else "")
        for r in dossier.structures.to_dict("records")
    ]  # fmt: skip
    heads = ("河程（公里）", "类别", "名称", "辖区", "离岸（米）", "可否拦截")
    _table(document, heads, rows, (8, 14, 28, 14, 8, 10))


def _sources(document: DocumentType, dossier: RiverDossier) -> None:
    document.add_paragraph("五、上游风险源", style="Heading 1")
    document.add_paragraph(legal_text("；".join(f"{title} {n} 家" for title, n in tier_counts(dossier)) + "。"))
    rows = [
        (str(r["rank"]), str(r["tier"]), f"{r['name']} {r['subject_id']}", str(r["county"]), str(r["river"]),
         f"{r['river_km']:.1f}", f"{r['time_low_h']:.1f}–{r['time_high_h']:.1f}")
        for r in dossier.sources.head(MOST_SOURCES).to_dict("records")
    ]  # fmt: skip
    heads = ("次序", "档", "企业", "县区", "汇入", "到末端（公里）", "到末端（小时）")
    _table(document, heads, rows, (5, 4, 26, 14, 12, 10, 11))
    left = len(dossier.sources) - len(rows)
    if left > 0:
        document.add_paragraph(f"另有 {left} 家见同名工作簿。")


def _table(document: DocumentType, heads: Cells, rows: Sequence[Cells], widths: Sequence[int]) -> None:
    """Add a table whose header repeats on every page and whose rows are not split."""
    table = document.add_table(rows=1 + len(rows), cols=len(heads), style="Table Grid")
    table.autofit = False
    for row, cells in zip(table.rows, (heads, *rows), strict=True):
        _mark(row, "w:cantSplit")
        for cell, text, width in zip(row.cells, cells, widths, strict=True):
            cell.width = Mm(_WIDTH_MM * width / sum(widths))
            run = cell.paragraphs[0].add_run(legal_text(text))
            run.font.size, run.font.bold = Pt(8.5), cells is heads
    _mark(table.rows[0], "w:tblHeader")


def _mark(row: Any, tag: str) -> None:
    element = OxmlElement(tag)
    element.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(element)
