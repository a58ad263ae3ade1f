"""Composition of reports: an Assessment in, one ScreeningReport a subject out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from cdgis.core.vocabulary import DEMO_STAMP, Dimension, Effect, Level, ProjectType, State, SubjectKind, Verdict
from cdgis.errors import ReportError
from cdgis.report.screening.bases import bases_of, declared_date
from cdgis.report.screening.basics import basics_of, industry_of
from cdgis.report.screening.clauses import Subject, clauses_of, joined, merge_levels, plain_text
from cdgis.report.screening.content import (
    BasisPart,
    Clause,
    Conclusion,
    Declaration,
    JournalExtract,
    ScreeningReport,
    UnitPart,
    UnitTable,
)
from cdgis.report.screening.evidence import alternatives_of, data_of
from cdgis.report.screening.figure import draw_figures, layers_to_draw
from cdgis.report.screening.occupation import Ground, hard_layers, hard_lines_of, nearby_of, occupation_of, zone_hits
from cdgis.report.screening.phrases import split, wording
from cdgis.report.screening.record import SCHEMA, input_rows, rows_by_subject, rows_of
from cdgis.report.screening.reviews import with_journal
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import empty

Row = Mapping[str, Any]

_UNIT_LAYER = "management_units"
_RAIL_LAYER = "railways"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One subject and what was found of it, put in the reader's order."""

    subject_id: str
    subject: Subject
    shape: Any
    intake: Sequence[Row]
    findings: Sequence[Row]
    ground: Ground
    clauses: Sequence[Clause]
    conclusion: Conclusion


class Composer:
    """Composes the reports of one assessment, whose tables it groups by subject once."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self._rules = {rule.id: rule for rule in assessment.rulebook.rules}
        self._catalog = {spec.id: spec for spec in assessment.catalog}
        self._titles = {spec.id: spec.title for spec in assessment.catalog}

    @cached_property
    def _in_force_count(self) -> int:
        return len(self.assessment.rulebook.in_force(self.assessment.as_of))

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Sequence[Row]]]:
        return rows_by_subject(self.assessment)

    @cached_property
    def _shapes(self) -> Mapping[str, Any]:
        frame = self.assessment.subjects.frame
        return dict(zip(frame["subject_id"], frame.geometry.to_numpy(), strict=True))

    @cached_property
    def _names(self) -> Mapping[str, Mapping[str, tuple[str, str]]]:
        return {
            key: {
                str(zone_id): (str(name), str(zone_class))
                for zone_id, name, zone_class in zip(
                    layer.zones["zone_id"], layer.zones["zone_name"], layer.zones["zone_class"], strict=True
                )
            }
            for key, layer in self.assessment.layers.items()
        }

    @cached_property
    def _intake(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for row in rows_of(self.assessment.tables.get("intake", empty("intake"))):
            grouped.setdefault((str(row["file"]), str(row["row"])), []).append(row)
        return grouped

    def subject_ids(self) -> tuple[str, ...]:
        """Return every subject with a verdict, in the order of subjects.csv."""
        judged = set(self.assessment.tables["verdicts"]["subject_id"])
        return tuple(str(s) for s in self.assessment.tables["subjects"]["subject_id"] if s in judged)

    def rows(self, table: str, subject_id: str) -> Sequence[Row]:
        """Return one subject's rows of a table."""
        return self._rows.get(table, {}).get(subject_id, ())

    def report(self, subject_id: str, *, journal: JournalExtract | None = None) -> ScreeningReport:
        """Return the report on one subject.

        Raises
        ------
        ReportError : the assessment has no such subject.
        """
        if not self.rows("verdicts", subject_id):
            raise ReportError(f"没有对象 {subject_id} 的判定结果，无法编制报告；请核对对象编号（subjects.csv）")
        report = self._report_on(self._case(subject_id))
        return with_journal(report, journal) if journal is not None else report

    def _case(self, subject_id: str) -> "_Case":
        subject = Subject(self.rows("subjects", subject_id)[0], self.rows("attributes", subject_id))
        findings, ground = self.rows("findings", subject_id), self._ground(subject_id)
        clauses = clauses_of(findings, subject=subject, rules=self._rules, zones=ground.zones, titles=self._titles)
        return _Case(
            subject_id=subject_id, subject=subject, shape=self._shapes.get(subject_id),
            intake=self._intake.get((str(subject.row["source_file"]), str(subject.row["source_row"])), ()),
            findings=findings, ground=ground, clauses=clauses,
            conclusion=self._conclusion(subject, self.rows("verdicts", subject_id)[0], clauses),
        )  # fmt: skip

    def _report_on(self, case: "_Case") -> ScreeningReport:
        """Return the report's eleven parts and what it is traced by."""
        a, subject_id, subject, clauses, ground = (
            self.assessment,
            case.subject_id,
            case.subject,
            case.clauses,
            case.ground,
        )
        alternatives = alternatives_of(a, subject_id, self.rows("remedies", subject_id))
        drawn = layers_to_draw(a.layers, case.conclusion, clauses, hard_layers(a.as_of))
        return ScreeningReport(
            schema=SCHEMA,
            title=f"{a.settings.city}{wording()['titles'][_title_key(subject)]}",
            report_number=a.report_numbers.get(subject_id, ""),
            run_number=a.report_numbers.get("", ""),
            subject_id=subject_id,
            as_of=a.as_of.isoformat(),
            version=a.version,
            stamp=_stamp(a),
            basics=basics_of(subject, case.shape, self.rows("attributes", subject_id), case.intake),
            conclusion=case.conclusion,
            figures=draw_figures(a.layers, case.shape, case.conclusion, drawn, alternatives.remedies),
            occupation=occupation_of(ground, case.findings),
            unit_part=self._unit_part(ground, clauses, subject_id),
            hard_lines=hard_lines_of(ground, subject, a.as_of),
            nearby=nearby_of(ground, self._rules, case.findings),
            industry=industry_of(subject, ground.nearest(), _by_industry(clauses)),
            alternatives=alternatives,
            data=data_of(a, ground, clauses, self.rows("questions", subject_id), case.intake),
            bases=_bases(a, subject, clauses),
            declaration=self._declaration(_stamp(a)),
            request=a.request.row(),
            settings=a.settings.model_dump(mode="json"),
            inputs=input_rows(a),
            record={name: tuple(self.rows(name, subject_id)) for name in self._rows} | {"intake": tuple(case.intake)},
        )

    def _ground(self, subject_id: str) -> Ground:
        return Ground(
            zones=zone_hits(self.rows("overlaps", subject_id), self._catalog),
            clear=self.rows("clear", subject_id),
            ledger={str(row["layer"]): row for row in self.rows("ledger", subject_id)},
            catalog=self._catalog,
            loaded=frozenset(self.assessment.layers),
            names=self._names,
        )

    def _conclusion(self, subject: Subject, verdict: Row, clauses: Sequence[Clause]) -> Conclusion:
        decisive, undecided = split(verdict["decisive_rule_ids"]), split(verdict["unknown_rule_ids"])
        words = wording()
        counted = [c for c in clauses if c.state == State.APPLIES and Effect(c.effect).rank]
        layer = str(verdict["critical_layer"])
        existing = subject.row["project_type"] == ProjectType.EXISTING
        return Conclusion(
            heading="存量核查结论" if existing else "研判结论",
            verdict=str(verdict["verdict"]),
            label=Verdict(verdict["verdict"]).label,
            at_least=str(verdict["at_least"]),
            caveats=split(verdict["caveats"]),
            sentence=words["existing_sentence" if existing else "verdict_sentence"][verdict["verdict"]],
            stability=str(verdict["stability"]),
            critical_distance_m=float(verdict["critical_distance_m"]),
            critical_layer=layer,
            critical_layer_title=self._titles.get(layer, layer),
            tolerance_m=float(self.assessment.settings.tolerance_m),
            decisive=merge_levels(c for c in clauses if c.rule_ids[0] in decisive and c.state == State.APPLIES),
            open=merge_levels(c for c in clauses if c.rule_ids[0] in undecided and c.state == State.UNKNOWN),
            in_force_count=self._in_force_count,
            rule_count=len({rule_id for c in clauses for rule_id in c.rule_ids}),
            not_applicable_count=sum(c.state == State.NOT_APPLICABLE for c in clauses),
            applies_count=len(counted),
            hint_count=sum(c.state == State.APPLIES for c in clauses) - len(counted),
            unknown_count=sum(c.state == State.UNKNOWN for c in clauses),
            manual_count=int(verdict["manual_count"]),
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
        caps = [
            row
            for row in rows_of(self.assessment.tables.get("cumulative", empty("cumulative")))
            if subject_id in (*split(row["subject_ids"]), *split(row["missing_ids"]))
        ]
        return UnitPart(
            units=tuple(tables),
            upper=merge_levels(c for c in rest if c.state != State.NOT_APPLICABLE),
            set_aside=merge_levels(c for c in rest if c.state == State.NOT_APPLICABLE),
            caps=tuple(caps),
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


def _bases(assessment: Assessment, subject: Subject, clauses: Sequence[Clause]) -> BasisPart:
    """Return the bases of the clauses that concern the subject."""
    return bases_of(
        (c for c in clauses if c.state != State.NOT_APPLICABLE), assessment.rulebook,
        as_of=assessment.as_of, declared_on=declared_date(subject.values),
    )  # fmt: skip


def _stamp(assessment: Assessment) -> str:
    """Return the stamp that is due when any layer or table behind the answer is not official (DESIGN 4.8)."""
    official = all(layer.spec.official for layer in assessment.layers.values())
    official &= all(r.official for r in assessment.inputs if r.kind in ("layer", "raster", "table"))
    return "" if official else DEMO_STAMP


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
