"""Verification that a report follows from its inputs; each check says what was compared and what differs.

The report is asked for again from the workspace (same files, options and day) and compared byte by byte; what
differs is then named: inputs by their SHA-256, results row by row, the record place by place.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from cdgis.core.errors import CdgisError, ReportError
from cdgis.core.vocabulary import Grade
from cdgis.core.written_files import read_register
from cdgis.pipelines.repeat_request import Repeater, Then
from cdgis.pipelines.reported_inputs import REMEDY, measured_rows
from cdgis.pipelines.verification import Check, Verification, graded
from cdgis.report.screening.compose import Composer
from cdgis.report.screening.content import ScreeningReport
from cdgis.report.screening.record import load_report, report_json
from cdgis.report.screening.reviews import journal_beside, with_journal
from cdgis.report.table_rows import page_names
from cdgis.results.assessment import Assessment
from cdgis.results.differences import as_reported, differences, input_faults, listed, row_faults, setting_faults
from cdgis.results.report_file import (
    ReportFile,
    canonical,
    is_day,
    number_faults,
    printed_anchor,
    read_report,
    summary_faults,
)
from cdgis.results.review_journal import anchor_faults, chain_faults, journal_path, quotation_faults, read_journal
from cdgis.workspace.settings import Workspace

_PAGE_HASH = re.compile(rb'<meta name="cdgis-content-sha256" content="([0-9a-f]{64})">')
"""SHA-256 of the page's bytes with this value left empty; against accidents, since anybody can compute it anew."""
_COMPARED = ("record", "inputs", "settings")
"""Parts of the record with a check of their own."""

Writer = Callable[[ScreeningReport], bytes]
"""Makes one of a report's files from the report."""


def verify_report(
    path: Path,
    *,
    workspace: Workspace | None = None,
    files: Sequence[Path] = (),
    render: Writer | None = None,
    jobs: int = 1,
    again: Repeater | None = None,
    today: date | None = None,
) -> Verification:
    """Return what was checked about the report in `path` and what differs.

    Parameters
    ----------
    workspace : where the report's inputs are; None checks the report against itself and its journal only.
    files : site files that lie outside the workspace, found by their names.
    render : makes the page from its record, for a report that is a page.
    again : asks again for several reports of one workspace; it stands for `workspace`, `files` and `jobs`.
    today : the day by which the report may have expired; None does not ask.

    Raises
    ------
    ReportError : the file is no report.
    """
    report = read_report(path)
    checks = [*_page_or_record(report, render), *about_report(report, today=today)]
    if again is None and workspace is not None:
        again = Repeater(workspace, files=files, jobs=jobs)
    if again is not None:
        checks += against_workspace(report, again)
    return Verification(report_number=report.number, subject_id=report.subject_id, checks=tuple(checks))


def about_report(report: ReportFile, *, today: date | None) -> Iterator[Check]:
    """Yield what a report can be checked for by itself and the journal beside it."""
    if report.resaved:
        yield Check(title="文件的字节", faults=(f"{report.resaved}：另存过，文字相同",), grade=Grade.BYTES)
    yield Check(title="报告编号与报告记录", faults=number_faults(report))
    yield Check(title="结论与报告记录", faults=summary_faults(report))
    yield Check(title="文件名与对象", faults=_name_faults(report))
    yield _journal(report)
    if today is not None:
        yield Check(title="有效期", faults=_validity_faults(report, today), grade=Grade.OUTDATED)


def _validity_faults(report: ReportFile, today: date) -> tuple[str, ...]:
    until = str(report.content["declaration"].get("valid_until", ""))
    if is_day(until) and today > date.fromisoformat(until):
        return (f"有效期到 {until}，今天是 {today.isoformat()}",)
    return ()


def _page_or_record(report: ReportFile, render: Writer | None) -> Iterator[Check]:
    if not report.is_page:
        yield _form_of_record(report)
    else:
        yield Check(title="页面的校验值", faults=_page_hash_faults(report.data))
    if report.is_page and render is not None:
        yield Check(title="页面的文字与内嵌记录", faults=_rendering_faults(report, render))


def _form_of_record(report: ReportFile) -> Check:
    """Return whether a record is written as cdgis writes it; of one saved by another program, whether it says the same."""
    title, whole = "记录的写法", canonical(report.content)
    if whole == report.data:
        return Check(title=title)
    try:
        same = report_json(load_report(whole)) == whole
    except ReportError:
        same = False
    if same:
        return Check(title=title, faults=("被别的程序另存过：写法不同，各项的值相同",), grade=Grade.BYTES)
    return Check(title=title, faults=("文件不是 cdgis 的标准写法：写出后被别的程序存过或改过",))


def _page_hash_faults(page: bytes) -> tuple[str, ...]:
    found = _PAGE_HASH.search(page)
    if not found:
        return ("页面没有校验值，不是 cdgis 的标准写法",)
    digest = hashlib.sha256(page.replace(found[1], b"", 1)).hexdigest()
    if digest != found[1].decode():
        return (f"页面内容与其校验值不符：写明 {found[1].decode()[:12]}…，算得 {digest[:12]}…，写出后被改动过",)
    return ()


def _rendering_faults(report: ReportFile, render: Writer) -> tuple[str, ...]:
    """Return where the page differs from what its own record renders to."""
    try:
        made = render(load_report(canonical(report.content)))
    except ReportError as err:
        return (str(err),)
    except (LookupError, ValueError, TypeError, AttributeError):  # a word in the record for which no page has a place
        return ("内嵌记录里有 cdgis 不会写的值，画不出页面：记录被改动",)
    if made == report.data:
        return ()
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (report.data, made))
    pairs = [(number, one, other) for number, (one, other) in enumerate(zip(old, new, strict=False), 1) if one != other]
    if not pairs:
        return (f"页面有 {len(old)} 行，由内嵌记录绘制的有 {len(new)} 行",)
    number, one, other = pairs[0]
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    around = slice(max(start - 20, 0), start + 20)
    return (f"{len(pairs)} 行不同；第 {number} 行页面写“{one[around]}”，由内嵌记录应为“{other[around]}”",)


def _name_faults(report: ReportFile) -> tuple[str, ...]:
    """Return what is wrong with the file's name: it is how people tell whom a report is about."""
    expected = {Path(page_names(ids)[report.subject_id]).stem for ids in ([report.subject_id], [report.subject_id] * 2)}
    # a copy may bear more words, set apart: "P-001 (1)", "归档 P-001"
    words = re.split(r"[\s()（）【】]+", report.path.stem.casefold())
    if any(name.casefold() in words for name in expected):
        return ()
    return (f"文件名“{report.path.stem}”不是对象 {report.subject_id} 的报告名（{'或'.join(sorted(expected))}）：可能被改名充作另一对象的报告",)


def _journal(report: ReportFile) -> Check:
    """Return whether the report's journal is whole, and the one that the report prints and the register knows."""
    path = journal_path(report.path)
    title = f"复核记录 {path.name}"
    try:
        journal = read_journal(path)
    except ReportError as err:
        return Check(title=title, faults=(str(err),))
    register = read_register(path.parent).journals.get(path.name)
    said = (report.content["declaration"].get("journal") or {}).get("faults", ())
    faults = (
        *chain_faults(journal),
        *quotation_faults(
            journal, report_number=report.number, subject_id=report.subject_id, findings=report.rows("findings")
        ),
        *anchor_faults(journal, printed_anchor(report), who="报告"),
        *anchor_faults(journal, register, who="登记册"),
        *(f"报告自己写明：{fault}" for fault in said),
    )
    earlier = sum(entry.report_number != report.number for entry in journal.entries)
    more = f"，其中 {earlier} 条属于此前的报告编号" if earlier else ""
    return Check(title=f"{title}（{journal.length} 条{more}）", faults=faults)


def against_workspace(report: ReportFile, again: Repeater) -> Iterator[Check]:
    """Yield how the report differs from the same question asked again.

    Where law, factors or versions have changed since, the report is made anew from its own inputs, if these are at
    hand: what then differs was written into it. If they are not, nobody can tell, and nothing is graded as harmless.
    """
    try:
        composer = again.composer(report)
    except CdgisError as err:
        yield Check(title="按原输入重新研判", faults=(f"无法重算：{err}",), grade=Grade.UNCHECKED)
        return
    unread = unreadable_inputs(report, composer.assessment)
    if unread:
        yield Check(title="按原输入重新研判", faults=unread, grade=Grade.UNCHECKED)
        return
    inputs = input_faults(report, composer.assessment)
    yield from graded("输入文件的 SHA-256", inputs)
    settings = setting_faults(report, composer.assessment)
    yield from graded("设置与版本", settings)
    if inputs.get(Grade.BYTES):
        composer = Composer(as_reported(report, composer.assessment))
    found = _compared(report, composer)
    if (inputs.get(Grade.OUTDATED) or settings.get(Grade.OUTDATED)) and any(check.faults for check in found):
        with again.as_then(report, composer.assessment) as then:
            found = _explained(report, found, then, composer.assessment)
    yield from found


def _compared(report: ReportFile, composer: Composer) -> list[Check]:
    """Return how the rows and the text of a report differ from those composed anew."""
    try:
        composed = composer.report(report.subject_id)
        journal = journal_beside(report.path, report.number)
        if journal is not None:
            composed = with_journal(composed, journal)
        repeated = json.loads(report_json(composed))
    except ReportError:
        return [Check(title="逐行比较重算结果", faults=(f"重算结果中没有对象 {report.subject_id}",))]
    printed, anew = ({k: v for k, v in content.items() if k not in _COMPARED} for content in (report.content, repeated))
    rows = listed(row_faults(report.content["record"], repeated["record"]))
    return [
        Check(title="逐行比较重算结果", faults=rows),
        Check(title="报告正文与重算结果", faults=listed(differences(printed, anew))),
    ]


def _explained(report: ReportFile, found: list[Check], then: Then, fresh: Assessment) -> list[Check]:
    """Return the differences graded by what made them: the change of law or layers, somebody's hand, or nobody can tell."""
    if then.assessment is not None:
        written = _compared(report, Composer(then.assessment))
        if any(check.faults for check in written):
            return [replace(check, title=f"{check.title}（按报告所据的原文件）") for check in written]
        return [replace(check, grade=Grade.OUTDATED) for check in found]
    why = Check(title="报告所据的原文件", faults=(*then.missing, REMEDY), grade=Grade.UNCHECKED)
    sure = listed(row_faults(*measured_rows(report, fresh)))
    return [*(replace(check, grade=Grade.UNCHECKED) for check in found), why, Check(title="与所变条文、图层无关的行", faults=sure)]


def unreadable_inputs(report: ReportFile, fresh: Assessment) -> tuple[str, ...]:
    """Return the inputs that the report rests on and that cannot be read now: nothing follows from their absence."""
    bare = {(record.kind, record.layer, record.path): record for record in fresh.inputs if not record.content_sha256}
    had = {(row["kind"], row["layer"], row["path"]) for row in report.content["inputs"] if row.get("content_sha256")}
    gaps = {row["layer"]: row for row in fresh.tables["gaps"].to_dict("records")}
    return tuple(
        f"{layer}（{path}）现在读不出来，没有核对：{gaps[layer]['problem']}。{gaps[layer]['remedy']}"
        for kind, layer, path in sorted(had & bare.keys()) if kind == "layer" and layer in gaps
    )  # fmt: skip
