"""What have officers decided on a report's findings? (the same report with decisions beside the originals)"""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from cdgis.screening.content import Clause, JournalExtract, Review, ScreeningReport


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
