"""Content of one subject's page: all tables' rows of each subject, gathered once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cdgis.core.number_format import area_digits, metres
from cdgis.core.vocabulary import LIST_SEPARATOR, Effect, Level, ProjectType, Relation, State, SubjectKind, Verdict
from cdgis.report.table_rows import Row, page_names, records, table
from cdgis.results.assessment import Assessment
from cdgis.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One clause with one outcome for one subject, over all zones it was tested on."""

    row: Row
    """The finding's columns; those of the first zone where there are several."""
    rule: Rule | None
    title: str
    zones: tuple[str, ...]
    missing: tuple[str, ...]
    """What is to be supplied before an unknown rule can be decided."""
    needs_review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything one page says."""

    subject: Row
    verdict: Row
    report_number: str
    page: str
    """File name of its page, or empty when it has none."""
    attributes: tuple[Row, ...]
    overlaps: tuple[Row, ...]
    clear: tuple[Row, ...]
    ledger: tuple[Row, ...]
    applies: Mapping[str, tuple[Ruling, ...]]
    """Level -> rulings that count in the verdict, strictest first."""
    hints: tuple[Ruling, ...]
    """Rulings that apply but never count: 提示 and 鼓励."""
    unknown: tuple[Ruling, ...]
    manual: tuple[Ruling, ...]
    decisive: tuple[tuple[str, str], ...]
    """(rule id, title) of the rules the verdict rests on."""
    rule_count: int
    """Rules that concern this subject, those of its zones that do not apply included."""
    in_force_count: int
    """Rules in force on the day, all of which were looked at."""
    relocation: Row | None
    destinations: tuple[Row, ...]
    intake: tuple[Row, ...]

    @property
    def is_existing(self) -> bool:
        """Whether the page reports a check of something that already stands (存量核查)."""
        return bool(self.subject["project_type"] == ProjectType.EXISTING)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must stand beside the verdict."""
        return tuple(item for item in str(self.verdict["caveats"]).split(LIST_SEPARATOR) if item)

    @property
    def not_applicable_count(self) -> int:
        """Rules of zones it hits that do not apply to it."""
        shown = {r.row["rule_id"] for part in (*self.applies.values(), self.hints, self.unknown, self.manual) for r in part}
        return self.rule_count - len(shown)

    def attribute(self, name: str) -> str:
        """Return the value given for an attribute, or the empty text."""
        return next((str(row["value"]) for row in self.attributes if row["attribute"] == name), "")


def gather_dossiers(assessment: Assessment) -> tuple[Dossier, ...]:
    """Return one dossier per subject with a verdict, in the order of subjects.csv."""
    findings = table(assessment, "findings")
    counts = findings.groupby("subject_id", sort=False)["rule_id"].nunique().to_dict()
    relevant = findings[findings["state"] != State.NOT_APPLICABLE.value]
    names = ("attributes", "overlaps", "clear", "ledger", "destinations", "relocation")
    keys = {"destinations": "enterprise_id", "relocation": "enterprise_id"}
    rows = {name: _by_key(table(assessment, name), keys.get(name, "subject_id")) for name in names}
    rows["findings"] = _by_key(relevant, "subject_id")
    rows["intake"] = _by_key(_troubles(table(assessment, "intake")), "source")
    verdicts = {row["subject_id"]: row for row in records(table(assessment, "verdicts"))}
    subjects = [row for row in records(table(assessment, "subjects")) if row["subject_id"] in verdicts]
    pages = page_names([s["subject_id"] for s in subjects if _has_page(s, verdicts, rows["relocation"])])
    rules = {rule.id: rule for rule in assessment.rulebook.rules}
    in_force = len(assessment.rulebook.in_force(assessment.as_of))
    return tuple(
        _dossier(
            subject,
            verdicts[subject["subject_id"]],
            {
                name: part.get(_source_key(subject) if name == "intake" else subject["subject_id"], ())
                for name, part in rows.items()
            },
            rules=rules,
            extras=_Extras(
                report_number=assessment.report_numbers.get(subject["subject_id"], ""),
                page=pages.get(subject["subject_id"], ""),
                rule_count=int(counts.get(subject["subject_id"], 0)),
                in_force_count=in_force,
            ),
        )
        for subject in subjects
    )


def _has_page(subject: Row, verdicts: Mapping[str, Row], relocation: Mapping[str, Sequence[Row]]) -> bool:
    """Return whether a subject has a page: every project, and every enterprise that any clause counts against."""
    if subject["kind"] == SubjectKind.PROJECT or subject["subject_id"] in relocation:
        return True
    return bool(verdicts[subject["subject_id"]]["verdict"] != Verdict.CLEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extras:
    report_number: str
    page: str
    rule_count: int
    in_force_count: int


def _troubles(intake: pd.DataFrame) -> pd.DataFrame:
    """Return intake rows about single input rows, with the key that subjects carry as file and row."""
    return intake.assign(source=intake["file"].astype(str) + "#" + intake["row"].astype(str))


def _source_key(subject: Row) -> str:
    return f"{subject['source_file']}#{subject['source_row']}"


def _by_key(frame: pd.DataFrame, key: str) -> dict[str, tuple[Row, ...]]:
    grouped: dict[str, list[Row]] = {}
    for row in records(frame):
        grouped.setdefault(str(row[key]), []).append(row)
    return {name: tuple(rows) for name, rows in grouped.items()}


def _dossier(
    subject: Row,
    verdict: Row,
    rows: Mapping[str, Sequence[Row]],
    *,
    rules: Mapping[str, Rule],
    extras: _Extras,
) -> Dossier:
    zones = {(row["layer"], row["zone_id"]): row for row in rows["overlaps"]}
    rulings = _rulings(rows["findings"], zones=zones, rules=rules)
    by_state = {state: tuple(r for r in rulings if r.row["state"] == state.value) for state in State}
    applied = [r for r in by_state[State.APPLIES] if Effect(r.row["effect"]).rank]
    decisive = [rule_id for rule_id in str(verdict["decisive_rule_ids"]).split(LIST_SEPARATOR) if rule_id]
    relocation = rows["relocation"]
    return Dossier(
        subject=subject,
        verdict=verdict,
        report_number=extras.report_number,
        page=extras.page,
        rule_count=extras.rule_count,
        in_force_count=extras.in_force_count,
        attributes=tuple(rows["attributes"]),
        overlaps=tuple(rows["overlaps"]),
        clear=tuple(rows["clear"]),
        ledger=tuple(rows["ledger"]),
        applies={
            level.value: part for level in Level if (part := tuple(r for r in applied if r.row["level"] == level.value))
        },
        hints=tuple(r for r in by_state[State.APPLIES] if not Effect(r.row["effect"]).rank),
        unknown=by_state[State.UNKNOWN],
        manual=by_state[State.MANUAL],
        decisive=tuple((rule_id, rules[rule_id].title if rule_id in rules else "") for rule_id in decisive),
        relocation=relocation[0] if relocation else None,
        destinations=tuple(rows["destinations"]),
        intake=tuple(rows["intake"]),
    )


def _rulings(
    findings: Iterable[Row], *, zones: Mapping[tuple[str, str], Row], rules: Mapping[str, Rule]
) -> list[Ruling]:
    """Return findings merged by rule, state, clause and layer; strictest effect first, then by rule id."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in findings:
        groups.setdefault((row["rule_id"], row["state"], row["clause"], row["layer"]), []).append(row)
    rulings = [
        Ruling(
            row=rows[0],
            rule=(rule := rules.get(rows[0]["rule_id"])),
            title=rule.title if rule else "",
            zones=tuple(dict.fromkeys(text for row in rows for text in _zone_texts(row, zones))),
            missing=tuple(
                dict.fromkeys(m for row in rows for m in str(row["missing_attribute"]).split(LIST_SEPARATOR) if m)
            ),
            needs_review=any(bool(row["needs_review"]) for row in rows),
        )
        for rows in groups.values()
    ]
    return sorted(
        rulings, key=lambda r: (-Effect(r.row["effect"]).rank, r.row["rule_id"], r.row["state"], r.row["clause"])
    )


def _zone_texts(row: Row, zones: Mapping[tuple[str, str], Row]) -> list[str]:
    """Return every zone of a finding by name and id, slivers with their size; one finding may name several zones."""
    return [
        _zone_text(zone_id, zones.get((row["layer"], zone_id)))
        for zone_id in str(row["zone_id"]).split(LIST_SEPARATOR)
        if zone_id
    ]


def _zone_text(zone_id: str, overlap: Row | None) -> str:
    if overlap is None:
        return zone_id
    name = f"{overlap['zone_name']}（{zone_id}）" if overlap["zone_name"] else zone_id
    if overlap["relation"] != Relation.SLIVER:
        return name
    size = f"{area_digits(overlap['area_m2'])} 平方米" if overlap["area_m2"] > 0 else metres(overlap["length_m"])
    return f"{name}，重叠 {size}，相距 {metres(overlap['distance_m'])}"
