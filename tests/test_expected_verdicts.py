"""The shipped sites and enterprises against verdicts a person derived from the rules (tests/cases/expected_*.toml)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shipped

from cdgis.core.vocabulary import Effect, Level, ProjectType, Relation, Stability, State, Verdict
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.workspace.layers import Subjects

ROOT = Path(__file__).resolve().parent.parent
CASES = Path(__file__).parent / "cases"
KEYS = {"对象", "基准日", "位置事实", "申报信息", "期望结论", "至少", "决定性规则", "附带规则", "稳定性", "附注", "理由"}
DATES = (date(2026, 1, 1), date(2026, 6, 1), date(2026, 11, 1))
LAW_ENDS, CODE_STARTS = date(2026, 8, 14), date(2026, 8, 15)
_RELATIONS = {"": (Relation.INSIDE, Relation.CROSSES), "碎片": (Relation.SLIVER,), "相接": (Relation.NEAR,)}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the tables."""

    row: Mapping[str, Any]

    @property
    def subject_id(self) -> str:
        return str(self.row["对象"]).split(" ", 1)[0]

    @property
    def as_of(self) -> date:
        return self.row["基准日"]

    @property
    def label(self) -> str:
        return f"{self.subject_id}@{self.as_of}"

    def verdict(self) -> tuple[str, str, tuple[str, ...]]:
        return self.row["期望结论"], self.row.get("至少", ""), tuple(sorted(self.row["决定性规则"]))

    def places(self) -> set[tuple[str, str, str]]:
        """Layer title, zone class and remark of every stated fact."""
        found = set()
        for fact in self.row["位置事实"]:
            match = re.fullmatch(r"([^：]+)：([^（]+?)(?:（(碎片|相接)）)?", fact)
            if match:
                found |= {(match[1], zone_class, match[3] or "") for zone_class in match[2].split("、")}
        return found


def read_cases() -> list[Case]:
    files = sorted(CASES.glob("expected_*.toml"))
    return [Case(row) for path in files for row in tomllib.loads(path.read_text(encoding="utf-8"))["case"]]


ALL = read_cases()
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return shipped.loaded()


@pytest.fixture(scope="module")
def judged(loaded: Loaded) -> dict[date, Tables]:
    """The tables of every date, of the subjects some case names and no others."""
    everybody, named = shipped.subjects(), {case.subject_id for case in ALL}
    frame = everybody.frame[everybody.frame["subject_id"].isin(named)].reset_index(drop=True)
    rows = everybody.attributes[everybody.attributes["subject_id"].isin(named)].reset_index(drop=True)
    subjects = Subjects(frame=frame, attributes=rows)
    return {day: judge_subjects(replace(loaded, as_of=day), subjects).tables for day in DATES}


def of_subject(tables: Tables, name: str, subject_id: str) -> pd.DataFrame:
    return tables[name][tables[name]["subject_id"] == subject_id]


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=[case.label for case in ALL])
def test_verdict_is_the_one_a_person_derived(case: Case, judged: dict[date, Tables]) -> None:
    row = of_subject(judged[case.as_of], "verdicts", case.subject_id).iloc[0]
    decisive = tuple(sorted(filter(None, row["decisive_rule_ids"].split(";"))))
    assert (row["verdict"], row["at_least"], decisive) == case.verdict()
    assert row["stability"] == case.row.get("稳定性", row["stability"])
    assert row["caveats"].split(";") == case.row.get("附注", row["caveats"].split(";"))
    findings = of_subject(judged[case.as_of], "findings", case.subject_id)
    applied = set(findings.loc[findings["state"] == State.APPLIES, "rule_id"])
    assert set(case.row.get("附带规则", ())) <= applied


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=[case.label for case in ALL])
def test_site_lies_where_the_case_says(case: Case, judged: dict[date, Tables], loaded: Loaded) -> None:
    overlaps = of_subject(judged[case.as_of], "overlaps", case.subject_id)
    for title, zone_class, remark in case.places():
        layer = next(name for name, found in loaded.layers.items() if found.spec.title == title)
        rows = overlaps[(overlaps["layer"] == layer) & (overlaps["zone_class"] == zone_class)]
        assert set(rows["relation"]) & set(map(str, _RELATIONS[remark])), (title, zone_class, remark)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=[case.label for case in ALL])
def test_declared_type_and_industry_are_those_of_the_case(case: Case, judged: dict[date, Tables]) -> None:
    row = of_subject(judged[case.as_of], "subjects", case.subject_id).iloc[0]
    kind, industry, project_type = case.row["申报信息"][:3]
    assert kind == {"project": "项目", "enterprise": "企业"}[row["kind"]]
    assert industry == f"行业 {row['industry'] or '未填'}"
    assert project_type == (row["project_type"] or "建设性质未填")


def test_table_is_well_formed_and_large_enough() -> None:
    assert len(ALL) >= 120
    assert [case.label for case in ALL if set(case.row) - KEYS or not case.row["理由"].endswith("。")] == []
    assert len({case.label for case in ALL}) == len(ALL)


def test_table_has_every_verdict_project_type_date_and_stability() -> None:
    assert {case.row["期望结论"] for case in ALL} == set(map(str, Verdict))
    assert {case.row["申报信息"][2] for case in ALL} >= set(map(str, ProjectType))
    assert {case.as_of for case in ALL} == set(DATES)
    assert {case.row.get("至少", "") for case in ALL} >= {"未发现冲突", "有条件符合", "须论证"}
    assert Stability.CRITICAL in {case.row.get("稳定性") for case in ALL}
    assert {remark for case in ALL for *_, remark in case.places()} == {"", "碎片", "相接"}


def test_table_names_rules_of_every_effect_and_level(loaded: Loaded) -> None:
    named = {rule_id for case in ALL for key in ("决定性规则", "附带规则") for rule_id in case.row.get(key, ())}
    rules = [loaded.rulebook.get(rule_id) for rule_id in sorted(named)]
    assert {rule.effect for rule in rules} == set(Effect)
    assert {rule.level for rule in rules} == set(Level)


# In-force dates.


def in_force(loaded: Loaded, day: date) -> dict[str, str]:
    """Rule id -> its bases on a day."""
    return {rule.id: rule.basis_text for rule in loaded.rulebook.in_force(day)}


@pytest.mark.parametrize(("day", "three", "two"), [
    (date(2026, 1, 1), True, False), (date(2026, 3, 14), True, False), (date(2026, 3, 15), False, True),
    (date(2026, 6, 1), False, True), (date(2026, 11, 1), False, True),
])  # fmt: skip
def test_reserves_have_three_zones_until_14_march_2026_and_two_after(loaded, day, three, two):
    layers = {rule.layer for rule in loaded.rulebook.in_force(day)}
    assert ("nature_reserves_three_zone" in layers, "nature_reserves" in layers) == (three, two)


OLD_LAWS = ("水污染防治法", "大气污染防治法", "土壤污染防治法", "固体废物污染环境防治法")


@pytest.mark.parametrize(
    ("day", "old"), [(DATES[0], True), (DATES[1], True), (LAW_ENDS, True), (CODE_STARTS, False), (DATES[2], False)]
)
def test_old_laws_hold_until_14_august_2026_and_the_code_from_15(loaded, day, old):
    bases = " ".join(in_force(loaded, day).values())
    assert [law in bases for law in OLD_LAWS] == [old] * len(OLD_LAWS)
    assert ("生态环境法典" in bases) == (not old)


def test_three_dates_give_three_different_sets_of_bases(loaded):
    first, second, third = ({(i, b) for i, b in in_force(loaded, day).items()} for day in DATES)
    assert {i for i, _ in first - second} >= {"NR-T1", "NR-T2", "ECO-01-2022"}
    assert {i for i, _ in second - first} >= {"NR-01-2026", "NR-02-2026", "ECO-01-2026"}
    assert {i for i, _ in second - third} >= {"WS-01-2018", "DI-02-2016", "SW-01-2020", "PF-03-2019", "NR-01-2026"}
    assert {i for i, _ in third - second} >= {"WS-01-2026", "DI-02-2026", "SW-01-2026", "PF-03-2026", "NR-01-2026C"}


@pytest.mark.slow
@pytest.mark.parametrize(("day", "law"), list(zip(DATES, ("自然保护区条例", "自然保护区条例", "生态环境法典"), strict=True)))
def test_findings_of_one_site_rest_on_the_law_of_the_day(judged, day, law):
    # P024 lies in a reserve's core; all three dates forbid it, each on its own basis.
    findings = of_subject(judged[day], "findings", "P024")
    binding = findings[(findings["state"] == State.APPLIES) & (findings["effect"] == Effect.PROHIBIT)]
    assert any(law in text for text in binding["basis"])
    assert all(start <= day.isoformat() for start in binding["effective_from"])
    assert all(end == "" or end >= day.isoformat() for end in binding["effective_to"])


@pytest.mark.slow
def test_an_access_list_prohibition_binds_only_under_the_code(judged):
    # P111: 化工 in a built-up unit whose own list forbids it, before and after 2026-08-15.
    words = [of_subject(judged[day], "verdicts", "P111").iloc[0]["verdict"] for day in DATES]
    assert words == [Verdict.CONDITIONAL, Verdict.CONDITIONAL, Verdict.FAIL]
