"""Summary of a run on one screen."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cdgis.cli.terminal import VERDICT_STYLES, count_table
from cdgis.core import layer_ids
from cdgis.core.number_format import whole_city
from cdgis.core.vocabulary import LIST_SEPARATOR, TOTAL, WHOLE_FILE, IntakeStatus, Verdict
from cdgis.report.relocation.content import count_dispositions
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of

_LISTED_SUBJECTS = 12
"""Up to this many subjects are listed one by one; more are counted."""
_LISTED_FILES = 8
_KINDS = (("project", "项目"), ("enterprise", "企业"))
"""A kind that was not judged has no column: a zero would read as nothing found."""


def print_summary(console: Console, assessment: Assessment, out: Path, written: Sequence[Path]) -> None:
    """Print verdict counts, intake counts, headlines and where the pages are."""
    console.print()
    console.print(f"[bold]{escape(assessment.settings.name)}[/]　判定基准日 {assessment.as_of}　{stamp_of(assessment)}".rstrip())
    judged = len(assessment.tables["verdicts"])
    if judged:
        console.print(_subject_table(assessment) if judged <= _LISTED_SUBJECTS else _verdict_table(assessment))
    for line in (*_intake_lines(assessment), *_asked_back(assessment), *_headlines(assessment)):
        console.print(line, highlight=False)
    for note in assessment.notes:
        console.print(f"[bright_black]注：{escape(note)}[/]", highlight=False)
    console.print(f"运行编号 {assessment.report_numbers['']}", highlight=False)
    first = escape(str(_first_page(out, written)))
    console.print(f"已写出 {len(written)} 个文件。请打开 [bold]{first}[/]", highlight=False, soft_wrap=True)


def _first_page(out: Path, written: Sequence[Path]) -> Path:
    """Return the page to open first: the overview, else the first report, else the folder."""
    pages = sorted(path for path in written if path.suffix == ".html" and path.parent == out)
    return out / "index.html" if out / "index.html" in pages else pages[0] if pages else out


def _verdict_table(assessment: Assessment) -> Table:
    kinds = assessment.tables["subjects"].set_index("subject_id")["kind"]
    verdicts = assessment.tables["verdicts"].assign(kind=lambda v: v["subject_id"].map(kinds))
    counts = verdicts.groupby(["verdict", "kind"]).size()
    judged = [(kind, title) for kind, title in _KINDS if kind in set(kinds)]
    rows = [(str(v), *(str(counts.get((v, kind), 0)) for kind, _ in judged)) for v in Verdict]
    return count_table("判定结论", rows, ("结论", *(title for _, title in judged)))


def _subject_table(assessment: Assessment) -> Table:
    names = assessment.tables["subjects"].set_index("subject_id")["name"]
    table = Table(title="判定结论", title_justify="left", header_style="bold")
    for head in ("编号", "名称", "结论", "决定性规则", "稳定性"):
        table.add_column(head, overflow="fold")
    columns = ["subject_id", "verdict", "at_least", "caveats", "decisive_rule_ids", "stability"]
    for subject, verdict, least, caveats, rules, stability in assessment.tables["verdicts"][columns].to_numpy(dtype=object):
        word = f"[{VERDICT_STYLES[verdict]}]{verdict}[/]" + (f"\n（至少 {least}）" if least else "")
        word += "".join(f"\n{caveat}" for caveat in caveats.split(LIST_SEPARATOR) if caveat)
        table.add_row(escape(subject), escape(names[subject]), word, rules.replace(LIST_SEPARATOR, "\n"), stability)
    return table


def _intake_lines(assessment: Assessment) -> list[str]:
    of_layers = {record.path for record in assessment.inputs if record.kind == "layer"}
    intake = assessment.tables["intake"]
    rows = intake[~intake["file"].isin(of_layers)]
    no_rows = rows["field"] == "sources"
    lines = [
        f"[yellow]未读入[/] {escape(file)}：{escape(reason)}"
        for file, row, status, reason in rows[["file", "row", "status", "reason"]].to_numpy(dtype=object)
        if row == WHOLE_FILE and status == IntakeStatus.QUARANTINED
    ]
    if len(lines) > _LISTED_FILES:
        lines[_LISTED_FILES:] = [f"[yellow]未读入[/] 另有 {len(lines) - _LISTED_FILES} 个文件"]
    if no_rows.all():
        return lines
    # one line of the intake is one input row
    count = rows[~no_rows]["status"].value_counts()
    accepted, repaired, quarantined = (int(count.get(str(status), 0)) for status in IntakeStatus)
    total = accepted + repaired + quarantined
    return [
        f"读入 {total} 行 = 接收 {accepted} + 修复 {repaired} + 隔离 {quarantined}（逐行见 data/intake.csv）", *lines
    ]


def _asked_back(assessment: Assessment) -> list[str]:
    """Return what the reader of a few sites' files must look at again; a whole workspace has data/intake.csv."""
    if assessment.request.command != "screen":
        return []
    intake = assessment.tables["intake"]
    rows = intake[(intake["remedy"] != "") & (intake["row"] != WHOLE_FILE)]
    rows = rows[~rows["file"].isin({record.path for record in assessment.inputs if record.kind == "layer"})]
    lines = [
        f"[yellow]请核对[/] {escape(file)}（{escape(row)}）：{escape(reason)}。{escape(remedy)}"
        for file, row, reason, remedy in rows[["file", "row", "reason", "remedy"]].to_numpy(dtype=object)
    ]
    if len(lines) > _LISTED_FILES:
        lines[_LISTED_FILES:] = [f"[yellow]请核对[/] 另有 {len(lines) - _LISTED_FILES} 行"]
    return lines


def _headlines(assessment: Assessment) -> list[str]:
    lines: list[str] = []
    relocation = assessment.tables["relocation"]
    if len(relocation):
        parts = "，".join(f"{name} {count}" for name, count in count_dispositions(relocation))
        placed = int((relocation["assigned"] != "").sum())
        lines.append(f"搬迁与整治清单 {len(relocation)} 家：{parts}；迁建中已有建议园区 {placed} 家（见 relocation.html）")
    carbon = assessment.tables["carbon_zones"]
    city = carbon[(carbon["zone_layer"] == layer_ids.CITY) & (carbon["land_class"] == TOTAL)]
    columns = ["stock_tc_mid", "stock_tc_low", "stock_tc_high", "vegetation_tc", "soil_tc"]
    city = city[city["covered_share"] > 0]
    for row, mark, share in zip(city[columns].to_numpy(dtype=float), city["mark"], city["covered_share"], strict=True):
        mid, low, high, vegetation, soil = row / 1e6
        doubt = "，含未核实的因子" if mark == "M" else ""
        lines.append(
            f"{whole_city(share)}碳储量 {mid:,.1f} 百万吨碳（{low:,.1f}–{high:,.1f}{doubt}），其中植被 {vegetation:,.1f}、土壤 {soil:,.1f}"
            "（土壤只计有出处的类别；公式、因子与出处见 carbon.html）"
        )
    return lines
