"""Whether reports are still current on a day: their validity, what they rest on, and what judging anew would say.

A report is judged again with today's layers and the law of the day asked about, and its rows are compared with the new ones.
The day is stated, so that the answer can be given again.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, ReportError
from cdgis.core.progress import Silent
from cdgis.core.vocabulary import Grade, InputRecord, State
from cdgis.core.written_files import file_digest
from cdgis.judging.evaluation import judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.verify_run import RUN_FILE, read_run
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.sites import read_subjects
from cdgis.report.screening.word_record import embedded_record
from cdgis.report.table_rows import records
from cdgis.results.assessment import Assessment
from cdgis.results.differences import input_changes, listed
from cdgis.results.report_file import ReportFile, is_day, read_report, report_of
from cdgis.workspace.settings import Workspace

_RECORDS = (".json", ".html", ".htm", ".docx")
"""Files that hold a report, the first of a name is read."""
_LAW = "rules"
_TEXTS = {"clause": "条文", "basis": "依据", "effect": "后果", "effective_from": "施行日期", "effective_to": "失效日期", "mark": "出处标记"}
_MATTERS = (State.APPLIES, State.UNKNOWN, State.MANUAL)
_VERDICT = ("verdict", "at_least", "stability")
_REASONS = ("decisive_rule_ids", "unknown_rule_ids")
_LEAST_AREA_M2 = 0.01

Row = Mapping[str, Any]


class Currency(StrEnum):
    """Whether a report still says what is so, the gravest first."""

    DIFFERENT = "结论会变"
    UNKNOWN = "无法重判"
    EXPIRED = "已过有效期"
    TOUCHED = "依据已变，结论不变"
    CURRENT = "仍然有效"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStatus:
    """What is known of one report, or of all subjects of a run, on the day asked about."""

    path: Path
    number: str
    about: str
    """Whom it is about, in words."""
    as_of: date
    valid_until: date
    expired: bool
    layers: tuple[str, ...] = ()
    """Inputs that are not what the report rests on."""
    clauses: tuple[str, ...] = ()
    """Provisions that began, ended or read differently since."""
    outcome: tuple[str, ...] = ()
    """What judging anew would say otherwise."""
    trouble: str = ""
    """Why it could not be judged again, if so."""

    @property
    def currency(self) -> Currency:
        """Return the gravest that holds."""
        if self.outcome:
            return Currency.DIFFERENT
        if self.trouble:
            return Currency.UNKNOWN
        if self.expired:
            return Currency.EXPIRED
        return Currency.TOUCHED if self.layers or self.clauses else Currency.CURRENT


def status_of(path: Path, workspace: Workspace, *, on: date, again: Repeater) -> Iterator[ReportStatus]:
    """Yield the status of a report, of each report in a folder, or of the run whose output folder it is.

    Parameters
    ----------
    on : the day asked about.
    again : asks what the reports asked, with the law of that day.

    Raises
    ------
    ReportError : there is no report at `path`.
    """
    run = read_run(path) if path.is_dir() else None
    if run is not None:
        yield _run_status(path, run, workspace, on)
        return
    reports = list(_reports(path)) if path.is_dir() else [_read(path)]
    if not reports:
        raise ReportError(f"{path} 中没有报告（.json、.html、.docx），也不是 cdgis run 的输出文件夹")
    for report in reports:
        yield _report_status(report, on, again)


def _reports(folder: Path) -> Iterator[ReportFile]:
    """Yield the reports of a folder, each once though it lies there in several forms."""
    listed_files = sorted(path for path in folder.iterdir() if path.is_file())
    files = {suffix: {path.stem: path for path in listed_files if path.suffix.lower() == suffix} for suffix in _RECORDS}
    seen: set[str] = set()
    for stem in sorted({stem for found in files.values() for stem in found if not stem.startswith(".")}):
        for suffix in _RECORDS:
            try:
                report = _read(files[suffix][stem]) if stem in files[suffix] else None
            except ReportError:
                continue  # a page or a list of another kind, or a form of the report that was spoilt: the next form may do
            if report is not None:
                yield from (report,) if report.number not in seen else ()
                seen.add(report.number)
                break


def _read(path: Path) -> ReportFile:
    if path.suffix.lower() != ".docx":
        return read_report(path)
    record = embedded_record(path)
    if record is None:
        raise ReportError("Word 文件里没有内嵌记录", source=path.name, remedy="请给出同一报告的 .json 或 .html")
    return report_of(path, record)


def _validity(report: ReportFile) -> date:
    until = report.content.get("declaration", {}).get("valid_until", "")
    days = int(report.content["settings"].get("report_valid_days", 180))
    return date.fromisoformat(until) if is_day(until) else report.as_of + timedelta(days=days)


def _report_status(report: ReportFile, on: date, again: Repeater) -> ReportStatus:
    until = _validity(report)
    name = next((str(row["name"]) for row in report.rows("subjects")), "")
    facts: dict[str, Any] = {
        "path": report.path, "number": report.number, "about": f"{report.subject_id} {name}".strip(), "as_of": report.as_of,
        "valid_until": until, "expired": on > until,
    }  # fmt: skip
    try:
        fresh = again.composer(report).assessment
    except CdgisError as err:
        return ReportStatus(**facts, trouble=in_words(err))
    tables = {name: fresh.tables[name] for name in ("findings", "overlaps", "verdicts")}
    new = {name: records(table[table["subject_id"] == report.subject_id]) for name, table in tables.items()}
    if not new["verdicts"]:
        return ReportStatus(**facts, trouble=f"原输入文件里现在没有对象 {report.subject_id}")
    old = {name: report.rows(name) for name in new}
    return ReportStatus(
        **facts, layers=tuple(_layer_changes(report.content["inputs"], fresh.inputs)),
        clauses=tuple(clause_changes(old["findings"], new["findings"], **_law(fresh, report))),
        outcome=tuple(_outcome(old, new)),
    )  # fmt: skip


def _law(fresh: Assessment, report: ReportFile) -> dict[str, Any]:
    return {"since": report.as_of, "in_force": {rule.id for rule in fresh.rulebook.in_force(fresh.as_of)}}


def _layer_changes(rows: Sequence[Row], records: Sequence[InputRecord]) -> Iterator[str]:
    """Yield inputs that say something else; of rule files the clauses are told instead."""
    mine = [row for row in rows if row["kind"] != _LAW], [record for record in records if record.kind != _LAW]
    for grade, faults in input_changes(*mine).items():
        yield from faults if grade is not Grade.BYTES else ()


def clause_changes(old: Sequence[Row], new: Sequence[Row], *, since: date, in_force: Container[str]) -> Iterator[str]:
    """Yield which provisions that bear on a report's subject ended, began or read differently.

    Parameters
    ----------
    old, new : rows of table `findings` of the report and of judging anew.
    since : day of judgement of the report.
    in_force : ids of the rules of today.
    """
    before, after = ({str(row["rule_id"]): row for row in sorted(rows, key=_weight)} for rows in (old, new))
    for rule in sorted(before.keys() | after.keys()):
        one, other = before.get(rule), after.get(rule)
        row = other or one
        if row is None or not any(found is not None and found["state"] in _MATTERS for found in (one, other)):
            continue
        if rule not in in_force:
            yield f"{rule} 已不在效（失效、停用或由别的条款接替）"
        elif one is None and str(row["effective_from"]) > since.isoformat():
            yield f"{rule} 新施行（{row['effective_from']} 起，{row['effect']}）"
        elif one and other:
            apart = [words for name, words in _TEXTS.items() if one.get(name) != other.get(name)]
            if apart:
                yield f"{rule} 的{'、'.join(apart)}已变"


def _weight(row: Row) -> int:
    """Return a rank by which what matters comes last, and so is kept of several rows of one rule."""
    return int(row["state"] in _MATTERS)


def _outcome(old: Mapping[str, Sequence[Row]], new: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Yield how verdict, rules and occupied areas would differ; nothing while the verdict stays and no rule turns."""
    one, other = old["verdicts"][0], new["verdicts"][0]
    turned = list(_turned(old["findings"], new["findings"]))
    if not turned and all(one.get(name) == other.get(name) for name in _VERDICT):
        return
    yield f"结论：{_verdict(one)} → {_verdict(other)}" if _verdict(one) != _verdict(other) else f"结论仍为{_verdict(other)}，但理由变了"
    yield from turned
    yield from _areas(old["overlaps"], new["overlaps"])


def _verdict(row: Row) -> str:
    least = f"（至少{row['at_least']}）" if row.get("at_least") and row["at_least"] != row["verdict"] else ""
    return f"{row['verdict']}{least}{'，' + row['stability'] if row.get('stability') else ''}"


def _turned(old: Sequence[Row], new: Sequence[Row]) -> Iterator[str]:
    """Yield rules that hold, or may hold, on one side only."""
    before, after = ({str(row["rule_id"]) for row in rows if row["state"] in _MATTERS[:2]} for rows in (old, new))
    yield from (f"{rule} 不再触发" for rule in sorted(before - after))
    yield from (f"{rule} 新触发" for rule in sorted(after - before))


def _areas(old: Sequence[Row], new: Sequence[Row]) -> Iterator[str]:
    before, after = (_area_by_layer(rows) for rows in (old, new))
    for layer in sorted(before.keys() | after.keys()):
        one, other = before.get(layer, 0.0), after.get(layer, 0.0)
        if abs(one - other) > _LEAST_AREA_M2:
            yield f"压占 {layer}：{one:,.2f} → {other:,.2f} 平方米"


def _area_by_layer(rows: Sequence[Row]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in rows:
        sums[str(row["layer"])] = sums.get(str(row["layer"]), 0.0) + float(row["area_m2"] or 0.0)
    return sums


def _run_status(folder: Path, run: Mapping[str, Any], workspace: Workspace, on: date) -> ReportStatus:
    """Return the status of a whole run: all its subjects judged again, without relocation and carbon."""
    report = ReportFile(path=folder / RUN_FILE, data=b"", content=run)
    until = _validity(report)
    facts: dict[str, Any] = {
        "path": folder, "number": str(run["report_numbers"][""]), "as_of": report.as_of, "valid_until": until, "expired": on > until,
    }  # fmt: skip
    try:
        old = {name: _written_rows(folder, name) for name in ("verdicts", "findings")}
        fresh = _judged(workspace, on=max(on, report.as_of))
    except CdgisError as err:
        return ReportStatus(**facts, about="整个工作区", trouble=in_words(err))
    inputs = (*fresh.inputs, *_not_judged_by(run["inputs"], fresh.inputs, workspace.root))
    clauses = clause_changes(old["findings"], records(fresh.tables["findings"]), **_law(fresh, report))
    changes = _verdict_changes(old["verdicts"], records(fresh.tables["verdicts"]))
    return ReportStatus(
        **facts, about=f"整个工作区，{len(old['verdicts'])} 个对象", clauses=listed(clauses), outcome=listed(changes),
        layers=tuple(_layer_changes(run["inputs"], inputs)),
    )  # fmt: skip


@in_its_place
def _judged(workspace: Workspace, *, on: date) -> Assessment:
    with load_workspace(workspace, as_of=on, progress=Silent()) as loaded:
        return assemble(loaded, judge_subjects(loaded, read_subjects(workspace, progress=_silent)))


def _silent(item: str) -> None:
    """Take no notice of progress."""


def _written_rows(folder: Path, name: str) -> list[Row]:
    """Return the rows of a written table as texts, without the apostrophe that keeps a spreadsheet from calculating."""
    try:
        frame = pd.read_csv(folder / "data" / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as err:
        raise ReportError(f"{folder}/data/{name}.csv 无法读取（{in_words(err)}）", remedy="请重新运行 cdgis run") from err
    return [{key: value.removeprefix("'") for key, value in row.items()} for row in records(frame)]


def _not_judged_by(rows: Sequence[Row], judged: Sequence[InputRecord], root: Path) -> Iterator[InputRecord]:
    """Yield the inputs that other analyses of the run read, with the bytes they have now; those that are gone are left out."""
    known = {(record.kind, record.layer, record.path, record.sublayer) for record in judged}
    for row in rows:
        if (row["kind"], row["layer"], row["path"], row["sublayer"]) in known:
            continue
        file = root / str(row["path"])
        if row["kind"] == "rules":
            yield InputRecord(**row)
        elif file.is_file():
            yield InputRecord(**{**row, "sha256": file_digest(file)})


def _verdict_changes(old: Sequence[Row], new: Sequence[Row]) -> Iterator[str]:
    before, after = ({str(row["subject_id"]): row for row in rows} for rows in (old, new))
    for subject in sorted(before.keys() | after.keys()):
        one, other = before.get(subject), after.get(subject)
        if one is None or other is None:
            yield f"{subject}：{'现在没有这个对象' if other is None else '新增的对象'}"
        elif any(one[name] != other[name] for name in _VERDICT):
            yield f"{subject}：{_verdict(one)} → {_verdict(other)}"
        elif any(one[name] != other[name] for name in _REASONS):
            yield f"{subject}：结论仍为{_verdict(other)}，但理由变了"
