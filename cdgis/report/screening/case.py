"""Each judged subject with its rows, clauses and conclusion, in the reader's order: what lists, maps and reports are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from cdgis.core.vocabulary import Effect, ProjectType, State, Verdict
from cdgis.report.screening.clauses import Everybody, Subject, clauses_of, merge_levels
from cdgis.report.screening.content import Clause, Conclusion
from cdgis.report.screening.occupation import WITHHELD, Ground, zone_hits
from cdgis.report.screening.phrases import split, wording
from cdgis.report.screening.record import rows_by_subject
from cdgis.report.table_rows import records
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import empty
from cdgis.workspace.layers import ZONE_COLUMNS, Layer

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One subject and what was found of it."""

    subject_id: str
    subject: Subject
    verdict: Row
    shape: Any
    """Geometry, EPSG:4490 lon/lat; None when it has none."""
    intake: Sequence[Row]
    findings: Sequence[Row]
    ground: Ground
    clauses: Sequence[Clause]
    """One a rule, outcome and text; strictest first, then what is undecided, manual, not applicable."""
    conclusion: Conclusion

    @property
    def applied(self) -> tuple[Clause, ...]:
        """Clauses that apply, those that count in the verdict first, hints after."""
        return tuple(c for c in self.clauses if c.state == State.APPLIES)

    @property
    def undecided(self) -> tuple[Clause, ...]:
        """Clauses that lack a fact."""
        return tuple(c for c in self.clauses if c.state == State.UNKNOWN)


class Casebook:
    """The cases of one assessment, whose tables it groups by subject once."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.rules = {rule.id: rule for rule in assessment.rulebook.rules}
        public = assessment.audience == "public"
        self.withheld = frozenset(assessment.settings.publish.withheld_layers if public else ())
        self.titles = {spec.id: spec.title for spec in assessment.catalog} | dict.fromkeys(self.withheld, WITHHELD)
        self._catalog = {spec.id: spec for spec in assessment.catalog}

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, Sequence[Row]]]:
        """Table -> subject_id -> rows, of every table that speaks of subjects."""
        return rows_by_subject(self.assessment)

    @cached_property
    def _everybody(self) -> Everybody:
        tables = self.assessment.tables
        return Everybody(tables["subjects"], tables.get("attributes", empty("attributes")))

    @cached_property
    def _in_force_count(self) -> int:
        return len(self.assessment.rulebook.in_force(self.assessment.as_of))

    @cached_property
    def _shapes(self) -> Mapping[str, Any]:
        frame = self.assessment.subjects.frame
        return dict(zip(frame["subject_id"], frame.geometry.to_numpy(), strict=True))

    @cached_property
    def _names(self) -> Mapping[str, Mapping[str, tuple[str, str]]]:
        return {key: layer.derived("names", _names_of) for key, layer in self.assessment.layers.items()}

    @cached_property
    def _intake(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for row in records(self.assessment.tables.get("intake", empty("intake"))):
            grouped.setdefault((str(row["file"]), str(row["row"])), []).append(row)
        return grouped

    def subject_ids(self) -> tuple[str, ...]:
        """Return every subject with a verdict, in the order of subjects.csv."""
        judged = set(self.assessment.tables["verdicts"]["subject_id"])
        return tuple(str(s) for s in self.assessment.tables["subjects"]["subject_id"] if s in judged)

    def rows(self, table: str, subject_id: str) -> Sequence[Row]:
        """Return one subject's rows of a table."""
        return self.tables.get(table, {}).get(subject_id, ())

    def all(self) -> tuple[Case, ...]:
        """Return every case without reasons, in the order of subjects.csv."""
        return tuple(self.case(subject_id, reasons=False) for subject_id in self.subject_ids())

    def case(self, subject_id: str, *, reasons: bool = True) -> Case:
        """Return the case of one subject that has a verdict.

        Parameters
        ----------
        reasons : say why clauses do not apply: for reports, not for lists.
        """
        row, attributes = self.rows("subjects", subject_id)[0], self.rows("attributes", subject_id)
        subject = Subject(row, attributes, self._everybody, complete=not self.withheld)
        findings, ground = self.rows("findings", subject_id), self._ground(subject_id)
        clauses = clauses_of(findings, subject=subject, rules=self.rules, zones=ground.zones, titles=self.titles, reasons=reasons)
        verdict = self.rows("verdicts", subject_id)[0]
        return Case(
            subject_id=subject_id, subject=subject, verdict=verdict, shape=self._shapes.get(subject_id),
            intake=self._intake.get((str(subject.row["source_file"]), str(subject.row["source_row"])), ()),
            findings=findings, ground=ground, clauses=clauses, conclusion=self._conclusion(subject, verdict, clauses),
        )  # fmt: skip

    def _ground(self, subject_id: str) -> Ground:
        return Ground(
            zones=zone_hits(self.rows("overlaps", subject_id), self._catalog),
            rows=partial(self.rows, subject_id=subject_id),
            catalog=self._catalog,
            loaded=frozenset(self.assessment.layers),
            names=self._names,
            withheld=self.withheld,
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
            critical_layer_title=self.titles.get(layer, layer),
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


def _names_of(layer: Layer) -> dict[str, tuple[str, str]]:
    """Return zone_id -> name and class."""
    ids, names, classes = (layer.zones[name] for name in ZONE_COLUMNS)
    return {str(zone_id): (str(name), str(kind)) for zone_id, name, kind in zip(ids, names, classes, strict=True)}
