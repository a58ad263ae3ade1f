"""Relocation card of an enterprise as a Word document: the content of its page, on two sheets."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

from docx import Document
from docx.document import Document as DocumentType
from docx.shared import Mm, Pt, RGBColor

from cdgis.core.fixed_zip import fixed_zip
from cdgis.core.safe_text import legal_text
from cdgis.core.vocabulary import ListingStatus
from cdgis.report.files.docx_base import core_property, house_styles
from cdgis.report.relocation.content import Candidate, gather_candidates, listed_words
from cdgis.report.relocation.page import FOLDER, docx_name
from cdgis.report.table_rows import Row
from cdgis.report.wording import attribute, industry, metres, number, read_wording, word
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of

_STYLES = (("Normal", 10.5), ("Heading 1", 13), ("Title", 17))
_RED = RGBColor(0x8E, 0x12, 0x22)
_MOST_PARKS = 6

_TEXT_MM = 176
"""Width of a page between its margins."""


def render_cards_docx(assessment: Assessment) -> Iterator[tuple[str, bytes]]:
    """Yield (path, DOCX bytes) of the card of every enterprise that calls for action."""
    for candidate in gather_candidates(assessment):
        if docx_name(candidate):
            yield f"{FOLDER}/{docx_name(candidate)}", _card(assessment, candidate)


def _card(assessment: Assessment, candidate: Candidate) -> bytes:
    document, row = Document(), candidate.row
    _set_up(document, assessment, candidate)
    document.add_paragraph(legal_text(f"{row['name'] or row['enterprise_id']}　搬迁与整治卡"), style="Title")
    _line(document, f"{row['county']}　行业 {row['industry']} {industry(row['industry'])}　编号 {row['enterprise_id']}")
    _line(document, _conclusion(candidate), bold=True, size=14)
    _line(document, row["action"] + ("（须先人工核实）" if row["status"] == ListingStatus.REVIEW else ""))
    _grid(document, ("名次", "名次区间", "等级", "得分", "主导指标", "名次区间的主因"), [_standing(row)], (1, 1, 1, 1, 2, 2))
    _heading(document, "一、为什么")
    _grid(document, ("规则", "涉及的区", "位置", "条文", "依据"), [_reason(reason) for reason in candidate.reasons], (4, 3, 2, 5, 5))
    if row["exclusions"]:
        _line(document, f"不能忽略的反面理由：{'；'.join(listed_words(row['exclusions']))}", colour=_RED)
    if row["missing"]:
        _line(document, f"还缺：{'、'.join(attribute(name) for name in listed_words(row['missing']))}", colour=_RED)
    _heading(document, "二、有多急")
    points = [(c["title"], _value(c), number(c["weight"], 2), number(c["points"], 3)) for c in candidate.criteria]
    _grid(document, ("指标", "数值", "权重", "得分贡献"), points, (4, 3, 1, 2))
    _destinations(document, candidate)
    _line(document, f"依据：{'；'.join(listed_words(row['basis']))}", size=9)
    _line(document, str(read_wording()["declaration"]["text"]), size=9)
    stream = io.BytesIO()
    document.save(stream)
    return fixed_zip(stream.getvalue())


def _set_up(document: DocumentType, assessment: Assessment, candidate: Candidate) -> None:
    section = document.sections[0]
    section.page_width, section.page_height, section.left_margin, section.right_margin = Mm(210), Mm(297), Mm(18), Mm(16)
    house_styles(document, _STYLES)
    head = f"判定基准日 {assessment.as_of.isoformat()}　运行编号 {assessment.report_numbers.get('', '')}　{stamp_of(assessment)}"
    section.header.paragraphs[0].add_run(legal_text(head)).font.size = Pt(9)
    core, day = document.core_properties, datetime.combine(assessment.as_of, time(), UTC)
    core.author, core.title = "cdgis", core_property(str(candidate.row["name"]))
    core.last_modified_by, core.revision, core.comments = "cdgis", 1, ""
    core.created = core.modified = core.last_printed = day


def _conclusion(candidate: Candidate) -> str:
    if candidate.assigned:
        return f"{candidate.group} → {candidate.assigned['park_name']}（{metres(candidate.assigned['distance_m'])}）"
    return f"{candidate.group}（暂无去处）" if candidate.row["unplaced"] else candidate.group


def _standing(row: Row) -> tuple[str, ...]:
    grade = row["grade"] or f"{row['grade_range']}（不稳定，不定级）"
    span = f"{row['rank_low']:.0f}–{row['rank_high']:.0f}"
    return f"{row['rank']:.0f}", span, grade, number(row["score"], 3), row["lead"], row["driver"] or "—"


def _reason(reason: Row) -> tuple[str, ...]:
    title = f"{reason['effect']}　{reason['title']}　{reason['rule_id']}"
    title += "" if reason["counts"] else f"（不计入：{reason['why_not']}）"
    where = word(reason["relation"], "relation") if reason["relation"] else "企业自身"
    return title, f"{reason['zone_name']} {reason['zone_id']}".strip() or "—", where, reason["clause"], reason["basis"]


def _value(criterion: Row) -> str:
    value = criterion["value"]
    return "未填" if value != value else f"{number(value, 0 if value >= 100 else 2)} {criterion['unit']}".strip()


def _destinations(document: DocumentType, candidate: Candidate) -> None:
    if not candidate.destinations:
        return
    _heading(document, "三、去哪里")
    for words in listed_words(candidate.row["unplaced"]):
        _line(document, f"暂无去处的约束：{words}", colour=_RED)
    rows = [
        (
            d["park_name"] + ("（方案安排）" if d["assigned"] else ""),
            "初筛未见禁止" if d["feasible"] else f"{d['verdict']} {d['failing_rule']}",
            "够" if d["fits"] else "；".join(listed_words(d["shortfall"])),
            number(d["score"], 3), metres(d["distance_m"]), "、".join(listed_words(d["manual_rules"])) or "—",
        )
        for d in candidate.destinations[:_MOST_PARKS]
    ]  # fmt: skip
    _grid(document, ("园区", "按“迁建”判定", "容量", "得分", "距原址", "须人工判定"), rows, (3, 3, 8, 2, 2, 3))
    _line(document, f"共比选 {len(candidate.destinations)} 个园区，全表见 destinations.csv。“初筛未见禁止”不等于准予迁入。", size=9)


def _heading(document: DocumentType, text: str) -> None:
    document.add_paragraph(text, style="Heading 1")


def _line(
    document: DocumentType, text: str, *, size: float = 10.5, bold: bool = False, colour: RGBColor | None = None
) -> None:
    run = document.add_paragraph().add_run(legal_text(text))
    run.font.size, run.font.bold = Pt(size), bold
    if colour is not None:
        run.font.color.rgb = colour


def _grid(
    document: DocumentType, head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int]
) -> None:
    """Add a table over the whole width; `shares` are the columns' relative widths."""
    table = document.add_table(rows=1 + len(rows), cols=len(head), style="Table Grid")
    table.autofit = False
    widths = [Mm(_TEXT_MM * share / sum(shares)) for share in shares]
    for column, width in zip(table.columns, widths, strict=True):
        column._gridCol.w = width  # setting column.width would walk the table once per cell
    cells = table._cells  # one look-up instead of one per row: python-docx walks the whole table for each
    for place, text in enumerate([*head, *(text for row in rows for text in row)]):
        cells[place].width = widths[place % len(head)]
        run = cells[place].paragraphs[0].add_run(legal_text(str(text)))
        run.font.size, run.font.bold = Pt(9), place < len(head)
