"""Every rule against cases a lawyer can read (tests/cases/README.md)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cdgis.core.vocabulary import State, Verdict
from cdgis.judging.facts import Facts
from cdgis.judging.rule_outcomes import grey_rules
from cdgis.judging.verdicts import Outcome, evaluate_rule
from cdgis.rules import Rule, load_rulebook
from cdgis.rules.succession import succession

CASES = Path(__file__).parent / "cases"
CASE_KEYS = {
    "name", "date", "kind", "project_type", "industry", "activities", "attributes", "area_m2", "inside", "distance_m", "uncovered",
    "applies", "notes", "not_applicable", "unknown", "manual", "not_in_force", "article", "verdict",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    file: str
    row: Mapping[str, Any]

    @property
    def as_of(self) -> date:
        return self.row["date"]

    @property
    def facts(self) -> Facts:
        row = self.row
        return Facts.one(
            kind=row["kind"], industry=row["industry"], project_type=row["project_type"], activities=row["activities"],
            attributes=row.get("attributes", {}), area_m2=float(row.get("area_m2", 0.0)),
        )  # fmt: skip

    def geometry(self, rule: Rule) -> bool | None:
        if rule.geometry == "none":
            return True
        if rule.geometry == "within":
            distance = self.nearest(rule)
            if rule.certain_m is not None:
                return (distance > rule.certain_m) if rule.manual else (distance <= rule.certain_m)
            declared = self.row.get("attributes", {}).get(rule.distance_attribute, "nan")
            return distance <= (float(declared) if rule.distance_m is None else rule.distance_m)
        zone_class = self.row.get("inside", {}).get(rule.layer)
        if zone_class is not None and (not rule.zone_classes or zone_class in rule.zone_classes):
            return True
        return None if rule.layer in self.row.get("uncovered", ()) else False

    def nearest(self, rule: Rule) -> float:
        """The least distance to a zone the rule means: the key ``layer`` is any class, ``layer:class`` one."""
        far = 1e6
        found = [
            metres
            for key, metres in self.row.get("distance_m", {}).items()
            for layer, _, zone_class in [key.partition(":")]
            if layer == rule.layer and (not zone_class or not rule.zone_classes or zone_class in rule.zone_classes)
        ]
        return min(found, default=far)

    def named(self) -> dict[str, set[str]]:
        """Rule ids by the state the case expects of them."""
        return {
            State.APPLIES: {*self.row.get("applies", ()), *self.row.get("notes", ())},
            State.NOT_APPLICABLE: set(self.row.get("not_applicable", ())),
            State.UNKNOWN: set(self.row.get("unknown", {})),
            State.MANUAL: set(self.row.get("manual", ())),
        }


def load_cases() -> list[Case]:
    cases = []
    for path in sorted(p for p in CASES.glob("*.toml") if not p.stem.startswith("expected_")):
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        if "defaults" not in raw:  # the cases of another analysis
            continue
        cases += [Case(path.stem, {**raw["defaults"], **row}) for row in raw["case"]]
    return cases


ALL = load_cases()
JUDGED = [case for case in ALL if "verdict" in case.row]


@cache
def rules() -> Mapping[str, Rule]:
    return {rule.id: rule for rule in load_rulebook().rules if rule.geometry != "engine"}


def outcomes(case: Case) -> dict[str, Outcome]:
    facts = case.facts
    in_force = [rule for rule in rules().values() if rule.in_force(case.as_of)]
    book = succession(in_force)
    found = {rule.id: evaluate_rule(rule, facts, case.geometry(rule), book) for rule in in_force}
    for rule in grey_rules(in_force):  # where the certain part does not reach, a person decides
        if case.geometry(rule):
            found[rule.id] = evaluate_rule(rule, facts, True, book)
    return found


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file}:{case.row['name']}" for case in ALL])
def test_case_comes_out_as_the_lawyer_says(case: Case) -> None:
    assert set(case.row) <= CASE_KEYS
    found = outcomes(case)
    for state, ids in case.named().items():
        assert {rule_id: found[rule_id].state for rule_id in ids} == dict.fromkeys(ids, state)
    binding = {i for i, outcome in found.items() if outcome.state is State.APPLIES and rules()[i].effect.rank}
    assert binding == set(case.row.get("applies", ()))
    for rule_id, missing in case.row.get("unknown", {}).items():
        assert list(found[rule_id].missing) == missing
    assert not set(case.row.get("not_in_force", ())) & set(found)


@pytest.mark.parametrize("case", JUDGED, ids=[f"{case.file}:{case.row['name']}" for case in JUDGED])
def test_case_comes_to_the_verdict_of_its_article(case: Case) -> None:
    assert case.row["article"].strip()
    ranks: dict[State, int] = {State.APPLIES: 0, State.UNKNOWN: 0}
    for rule_id, outcome in outcomes(case).items():
        if outcome.state in ranks:
            ranks[outcome.state] = max(ranks[outcome.state], rules()[rule_id].effect.rank)
    undecided = ranks[State.UNKNOWN] > ranks[State.APPLIES]
    assert (Verdict.UNKNOWN if undecided else Verdict.of_rank(ranks[State.APPLIES])) == case.row["verdict"]


def test_every_rule_has_a_case_that_applies_and_one_that_does_not() -> None:
    reached = {state: set().union(*(case.named()[state] for case in ALL)) for state in State}
    untested = {
        rule_id: [state for state, ids in wanted.items() if rule_id not in ids]
        for rule_id, wanted in (
            (
                rule.id,
                {
                    "applies": reached[State.MANUAL if rule.manual else State.APPLIES],
                    "not_applicable": reached[State.NOT_APPLICABLE],
                },
            )
            for rule in rules().values()
        )
    }
    assert {rule_id: states for rule_id, states in untested.items() if states} == {}


def test_every_named_rule_exists() -> None:
    named = set().union(*(ids for case in ALL for ids in case.named().values()))
    named |= set().union(*(case.row.get("not_in_force", ()) for case in ALL))
    assert named - set(rules()) == set()


def test_case_fails_when_its_rule_is_weakened() -> None:
    case = next(case for case in ALL if case.row["name"] == "红线一般区域新建食品厂，法典施行后")
    weakened = rules()["ECO-02-2026"].model_copy(update={"zone_classes": ("核心保护区",)})
    assert evaluate_rule(weakened, case.facts, case.geometry(weakened), {}).state is State.NOT_APPLICABLE


CORRECTIONS = tomllib.loads((CASES / "corrections.toml").read_text(encoding="utf-8"))["correction"]


@pytest.mark.parametrize("row", CORRECTIONS, ids=[row["rule"] for row in CORRECTIONS])
def test_correction_of_a_rule_is_held_by_a_case_or_says_why_not(row: dict[str, Any]) -> None:
    by_name = {case.row["name"]: case for case in ALL}
    assert row["rule"] in rules() and row["changed"].strip()
    if "cases" not in row:  # words, a correction not taken, or a text nobody has read: no result to hold
        rule = rules()[row["rule"]]
        assert row["kind"] in {"条文", "不改效力", "未读到"} and row["why"].strip() and len(row["words"]) > 4
        assert row["words"] in " ".join([rule.title, rule.clause, rule.source, rule.basis_text])
        return
    assert row["cases"] and set(row["holds"]) <= set(rules())
    for entry in row["cases"]:
        case = by_name[entry["case"]]
        named = set().union(*case.named().values(), case.row.get("not_in_force", ()))
        assert named & set(row["holds"]), f"{entry['case']} names none of {row['holds']}"
        assert entry["before"] != entry["now"]
        assert case.row.get("verdict", entry["now"].split("；")[0]) == entry["now"].split("；")[0]


def test_every_correction_of_the_second_reading_is_listed_once() -> None:
    assert len({row["rule"] for row in CORRECTIONS}) == len(CORRECTIONS) == 58
