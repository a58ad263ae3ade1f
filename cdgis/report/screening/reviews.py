"""Officers' decisions on a report's findings: the same report with decisions beside the originals."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from cdgis.core.vocabulary import State
from cdgis.report.screening.content import Clause, JournalExtract, Review, ScreeningReport
from cdgis.results.assessment import Assessment
from cdgis.results.review_journal import Journal, journal_path, read_journal

_STATES = {
    str(State.APPLIES): "适用", str(State.NOT_APPLICABLE): "不适用", str(State.UNKNOWN): "资料不足",
    str(State.MANUAL): "需人工判定",
}  # fmt: skip


def extract_of(journal: Journal, report_number: str) -> JournalExtract:
    """Return what a report prints of its journal."""
    reviews = tuple(
        Review(
            rule_id=entry.rule_id, zone_id=entry.zone_id, original=f"{entry.effect}·{_STATES[entry.state]}",
            decision=entry.decision, reason=entry.reason, officer=entry.officer, recorded_at=entry.decided_on,
        )
        for entry in journal.overrides_for(report_number).values()
    )  # fmt: skip
    return JournalExtract(length=journal.length, head_sha256=journal.head, reviews=reviews)


def kept_journals(folder: Path, assessment: Assessment, names: Mapping[str, str]) -> dict[str, JournalExtract]:
    """Return subject_id -> what reports written anew into `folder` print of the journals already there.

    Parameters
    ----------
    names : subject_id -> file name of its report.
    """
    found: dict[str, JournalExtract] = {}
    for subject_id, name in names.items():
        path = journal_path(folder / name)
        if path.is_file():
            found[subject_id] = extract_of(read_journal(path), assessment.report_numbers[subject_id])
    return found


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
