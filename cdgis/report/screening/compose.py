"""Composition of reports: an Assessment in, one ScreeningReport a subject out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from cdgis.core import layer_ids
from cdgis.core.errors import ReportError
from cdgis.core.vocabulary import Dimension, Effect, Level, ProjectType, State, SubjectKind
from cdgis.report.screening.bases import Known, bases_of, declared_date
from cdgis.report.screening.basics import basics_of, industry_of
from cdgis.report.screening.boundary import boundary_of
from cdgis.report.screening.case import Case, Casebook
from cdgis.report.screening.clauses import Subject, joined, merge_levels, plain_text
from cdgis.report.screening.content import (
    BasisPart,
    Clause,
    Declaration,
    JournalExtract,
    Peer,
    ScreeningReport,
    UnitPart,
    UnitTable,
)
from cdgis.report.screening.evidence import Standing, alternatives_of, data_of, peers_of, standing_of
from cdgis.report.screening.figure import draw_figures, layers_to_draw
from cdgis.report.screening.occupation import Ground, hard_layers, hard_lines_of, nearby_of, occupation_of
from cdgis.report.screening.phrases import split, wording
from cdgis.report.screening.record import SCHEMA, input_rows
from cdgis.report.screening.reviews import with_journal
from cdgis.report.table_rows import records
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of
from cdgis.results.tables.validation import empty

Row = Mapping[str, Any]

_UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_RAIL_LAYER = layer_ids.RAILWAYS


def compose_report(
    assessment: Assessment, subject_id: str, *, journal: JournalExtract | None = None
) -> ScreeningReport:
    """Return the report on one subject; for many subjects of one assessment use `Composer`.

    Parameters
    ----------
    journal : officers' decisions on this report, shown beside the originals.

    Raises
    ------
    ReportError : the assessment has no such subject.
    """
    return Composer(assessment).report(subject_id, journal=journal)


class Composer:
    """Composes the reports of one assessment."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.book = Casebook(assessment)
        self._basis_rows: Known = {}

    @cached_property
    def _caps(self) -> Mapping[str, Sequence[Row]]:
        """Subject id -> rows of table `cumulative` that concern it."""
        grouped: dict[str, list[Row]] = {}
        for row in records(self.assessment.tables.get("cumulative", empty("cumulative"))):
            for subject_id in dict.fromkeys((*split(row["subject_ids"]), *split(row["missing_ids"]))):
                grouped.setdefault(subject_id, []).append(row)
        return grouped

    @cached_property
    def _peers(self) -> tuple[Peer, ...]:
        return peers_of(self.assessment)

    @cached_property
    def _standing(self) -> Standing:
        return standing_of(self.assessment, withheld=self.book.withheld, titles=self.book.titles)

    @cached_property
    def _provenance(self) -> Mapping[str, Any]:
        """What every report of the assessment carries alike."""
        a = self.assessment
        return {
            "schema": SCHEMA, "run_number": a.report_numbers.get("", ""), "as_of": a.as_of.isoformat(),
            "version": a.version, "stamp": stamp_of(a), "declaration": self._declaration(stamp_of(a)),
            "request": a.request.row(), "settings": a.settings.model_dump(mode="json"), "inputs": input_rows(a),
            "audience": a.audience,
        }  # fmt: skip

    def subject_ids(self) -> tuple[str, ...]:
        """Return every subject with a verdict, in the order of subjects.csv."""
        return self.book.subject_ids()

    def report(self, subject_id: str, *, journal: JournalExtract | None = None) -> ScreeningReport:
        """Return the report on one subject.

        Raises
        ------
        ReportError : the assessment has no such subject.
        """
        if not self.book.rows("verdicts", subject_id):
            raise ReportError(
                f"没有对象 {subject_id} 的判定结果，无法编制报告", remedy="请核对对象编号（subjects.csv）"
            )
        report = self.report_on(self.book.case(subject_id))
        return with_journal(report, journal) if journal is not None else report

    def report_on(self, case: Case) -> ScreeningReport:
        """Return the report on a case: its eleven parts and what it is traced by."""
        a, rows, subject_id = self.assessment, self.book.rows, case.subject_id
        subject, clauses, ground = case.subject, case.clauses, case.ground
        alternatives = alternatives_of(self._peers, subject_id, rows("remedies", subject_id))
        drawn = layers_to_draw(a.layers, case.conclusion, clauses, hard_layers(a.as_of))
        boundary = boundary_of(case.shape, a.subjects.given.get(subject_id))
        return ScreeningReport(
            title=f"{a.settings.city}{wording()['titles'][_title_key(subject)]}",
            report_number=a.report_numbers.get(subject_id, ""),
            subject_id=subject_id,
            basics=basics_of(subject, case.shape, boundary, rows("attributes", subject_id), case.intake),
            conclusion=case.conclusion,
            figures=draw_figures(
                a.layers, case.shape, case.conclusion, drawn, alternatives.remedies,
                boundary=boundary if a.audience == "internal" else None,
            ),  # fmt: skip
            occupation=occupation_of(ground, case.findings),
            unit_part=self._unit_part(ground, clauses, subject_id),
            hard_lines=hard_lines_of(ground, subject, a.as_of),
            nearby=nearby_of(ground, self.book.rules, case.findings),
            industry=industry_of(subject, ground.nearest(), _by_industry(clauses)),
            alternatives=alternatives,
            data=data_of(a, self._standing, case, rows("questions", subject_id)),
            bases=_bases(a, subject, clauses, self._basis_rows),
            record={name: tuple(rows(name, subject_id)) for name in self.book.tables} | {"intake": tuple(case.intake)},
            **self._provenance,
        )

    def _unit_part(self, ground: Ground, clauses: Sequence[Clause], subject_id: str) -> UnitPart:
        own = [c for c in clauses if Level.UNIT.value in c.levels]
        upper = [c for c in clauses if Level.UNIT.value not in c.levels]
        same = {(plain_text(c.text), c.effect, c.state): c for c in upper}
        units = [z for z in ground.zones.values() if z.layer == _UNIT_LAYER and z.relation in ("inside", "crosses")]
        tables = [_unit_table(zone, own, same) for zone in sorted(units, key=lambda z: (-z.share, z.zone_id))]
        shown = {_key(c) for table in tables for c in table.clauses}
        loose = [c for c in own if c.layer == _UNIT_LAYER and not c.zones]
        rest = [c for c in (*upper, *loose) if _key(c) not in shown]
        return UnitPart(
            units=tuple(tables),
            upper=merge_levels(c for c in rest if c.state != State.NOT_APPLICABLE),
            set_aside=merge_levels(c for c in rest if c.state == State.NOT_APPLICABLE),
            caps=tuple(self._caps.get(subject_id, ())),
        )

    def _declaration(self, stamp: str) -> Declaration:
        settings, words = self.assessment.settings, wording()
        number = settings.map_review_number
        until = self.assessment.as_of + timedelta(days=settings.report_valid_days)
        return Declaration(
            text=words["declaration"],
            stamp=stamp,
            valid_from=self.assessment.as_of.isoformat(),
            valid_until=until.isoformat(),
            map_mark=f"审图号：{number}" if number else words["map_unreviewed"],
            signatures=tuple(words["signatures"]),
            journal=None,
        )


def _bases(assessment: Assessment, subject: Subject, clauses: Sequence[Clause], known: Known) -> BasisPart:
    """Return the bases of the clauses that concern the subject."""
    return bases_of(
        (c for c in clauses if c.state != State.NOT_APPLICABLE), assessment.rulebook,
        as_of=assessment.as_of, declared_on=declared_date(subject.values), known=known,
    )  # fmt: skip


def _title_key(subject: Subject) -> str:
    existing = subject.row["project_type"] == ProjectType.EXISTING or subject.row["kind"] == SubjectKind.ENTERPRISE
    return "existing" if existing else "project"


def _key(clause: Clause) -> tuple[str, str, str]:
    return plain_text(clause.text), clause.effect, clause.state


def _unit_table(zone: Any, own: Sequence[Clause], same: Mapping[tuple[str, str, str], Clause]) -> UnitTable:
    """Return one unit's clauses by dimension; a clause that upper levels repeat carries their bases too."""
    mine = [c for c in own if any(z.zone_id == zone.zone_id for z in c.zones)]
    order = [dimension.value for dimension in Dimension]
    clauses = [joined([c, same[_key(c)]]) if _key(c) in same else replace(c, zones=(zone,)) for c in mine]
    clauses.sort(key=lambda c: (order.index(c.dimension), -Effect(c.effect).rank, c.rule_ids[0]))
    silent = tuple(word for word in order if word not in {c.dimension for c in clauses})
    return UnitTable(zone=zone, clauses=tuple(clauses), silent_dimensions=silent)


def _by_industry(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Return clauses that look at the industry and its equipment alone, and those about rail."""
    relevant = [c for c in clauses if c.layer in ("", _RAIL_LAYER) and c.state != State.NOT_APPLICABLE]
    return merge_levels(relevant)
