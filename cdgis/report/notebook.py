"""What a notebook shows of a workspace and of a result: a few lines and a short table, every text escaped."""

from collections import Counter
from html import escape

import pandas as pd

from cdgis.core.vocabulary import IntakeStatus
from cdgis.report.drawing.palette import read_palette
from cdgis.results.assessment import Assessment
from cdgis.workspace.settings import Workspace

_MOST_ROWS = 20
_SHOWN = {
    "subject_id": "编号", "name": "名称", "verdict": "结论", "at_least": "至少", "decisive_rule_ids": "决定性规则",
    "stability": "稳定性", "caveats": "附注",
}  # fmt: skip


def result_html(assessment: Assessment) -> str:
    """Return what a notebook shows of an assessment: number, verdicts counted, the first subjects, what was left out."""
    tables = assessment.tables
    counts = Counter(tables["verdicts"]["verdict"])
    looks = read_palette().verdicts
    chips = " ".join(
        f'<span style="background:{looks[verdict].soft};color:{looks[verdict].ink};padding:1px 6px">'
        f"{escape(verdict)} {counts[verdict]}</span>"
        for verdict in looks
        if counts[verdict]
    )
    number = escape(assessment.report_numbers[""])
    lines = [f"<strong>cdgis 研判结果</strong>　编号 {number}　基准日 {assessment.as_of}", chips]
    lost = int((tables["intake"]["status"] == IntakeStatus.QUARANTINED).sum())
    if lost:
        lines.append(f"<strong>未能读入 {lost} 行，没有研判</strong>（见 result.intake）")
    lines += [f"注：{escape(note)}" for note in assessment.notes]
    table = _subject_table(tables["subjects"], tables["verdicts"])
    return "".join(f"<p>{line}</p>" for line in lines if line) + table


def _subject_table(subjects: pd.DataFrame, verdicts: pd.DataFrame) -> str:
    if verdicts.empty:
        return ""
    rows = verdicts.merge(subjects[["subject_id", "name"]], on="subject_id")[list(_SHOWN)]
    shown: str = rows.head(_MOST_ROWS).rename(columns=_SHOWN).to_html(index=False, border=0)
    more = f"<p>共 {len(rows)} 个对象，只列前 {_MOST_ROWS} 个</p>" if len(rows) > _MOST_ROWS else ""
    return shown + more


def workspace_html(workspace: Workspace) -> str:
    """Return what a notebook shows of a workspace: its city, day and layers."""
    settings, specs = workspace.settings, workspace.catalog.layers.values()
    rows = [(s.id, s.title, s.theme, s.version, "是" if s.official else "否") for s in specs]
    table: str = pd.DataFrame(rows, columns=["编号", "名称", "主题", "版本", "官方"]).to_html(index=False, border=0)
    head = f"<strong>{escape(settings.name)}</strong>　{escape(settings.city)}　基准日 {settings.as_of}"
    return f"<p>{head}</p>{table}"


def table_html(title: str, lines: list[str], table: pd.DataFrame) -> str:
    """Return what a notebook shows of one table: title, lines of text, its first rows."""
    head = "".join(f"<p>{escape(line)}</p>" for line in lines)
    shown: str = table.head(_MOST_ROWS).to_html(index=False, border=0)
    return f"<p><strong>{escape(title)}</strong></p>{head}{shown}"
