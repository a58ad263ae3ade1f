"""Officers' decisions on a report's findings: the same report with decisions beside the originals."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from cdgis.core.errors import ReportError
from cdgis.core.vocabulary import State
from cdgis.core.written_files import read_register
from cdgis.report.screening.content import Clause, JournalExtract, Review, ScreeningReport
from cdgis.results.assessment import Assessment
from cdgis.results.review_journal import Journal, anchor_faults, chain_faults, journal_path, read_journal

_STATES = {
    str(State.APPLIES): "适用", str(State.NOT_APPLICABLE): "不适用", str(State.UNKNOWN): "资料不足",
    str(State.MANUAL): "需人工判定",
}  # fmt: skip


def extract_of(journal: Journal, report_number: str, faults: tuple[str, ...] = ()) -> JournalExtract:
    """Return what a report prints of its journal."""
    reviews = tuple(
        Review(
            rule_id=entry.rule_id, zone_id=entry.zone_id, original=f"{entry.effect}·{_STATES[entry.state]}",
            decision=entry.decision, reason=entry.reason, officer=entry.officer, recorded_at=entry.decided_on,
        )
        for entry in journal.overrides_for(report_number).values()
    )  # fmt: skip
    return JournalExtract(length=journal.length, head_sha256=journal.head, reviews=reviews, faults=faults)


def journal_beside(report: Path, report_number: str) -> JournalExtract | None:
    """Return what the report file `report` prints of the journal beside it, and of what the folder's register remembers.

    None when there is no journal and never was one.
    """
    path = journal_path(report)
    anchor = read_register(path.parent).journals.get(path.name)
    if anchor is None and not path.is_file():
        return None
    try:
        journal = read_journal(path)
    except ReportError as err:
        return extract_of(Journal(), report_number, (str(err),))
    faults = (*chain_faults(journal), *anchor_faults(journal, anchor, who="登记册"))
    return extract_of(journal, report_number, faults)


def kept_journals(folder: Path, assessment: Assessment, names: Mapping[str, str]) -> dict[str, JournalExtract]:
    """Return subject_id -> what reports written anew into `folder` print of the journals that are or were there.

    Parameters
    ----------
    names : subject_id -> file name of its report.
    """
    found = {
        subject_id: journal_beside(folder / name, assessment.report_numbers[subject_id])
        for subject_id, name in names.items()
    }
    return {subject_id: extract for subject_id, extract in found.items() if extract is not None}


def with_journal(report: ScreeningReport, journal: JournalExtract) -> ScreeningReport:
    """Return `report` with the journal's length and head hash, and each decision beside the clause it is about.

    Findings, verdict and report number stay as they are.
    """
    marked: ScreeningReport = _marked(report, journal.reviews)
    return replace(marked, declaration=replace(report.declaration, journal=journal))


def _marked(value: Any, reviews: tuple[Review, ...]) -> Any:
    """Return `value` with every clause in it carrying its reviews."""
    if isinstance(value, Clause):
        return replace(value, reviews=tuple(r for r in reviews if _concerns(r, value)))
    if isinstance(value, tuple):
        return tuple(_marked(item, reviews) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = {name: _marked(part, reviews) for name, part in parts.items()}
        return replace(value, **{name: part for name, part in changed.items() if part is not parts[name]})
    return value


def _concerns(review: Review, clause: Clause) -> bool:
    zone_ids = {zone.zone_id for zone in clause.zones}
    return review.rule_id in clause.rule_ids and (not review.zone_id or not zone_ids or review.zone_id in zone_ids)
