"""Clauses of the units' access lists as rules."""

from datetime import date

import pandas as pd
import pytest

from cdgis.core.data_gaps import Gap
from cdgis.core.vocabulary import Effect, State
from cdgis.judging.facts import Facts
from cdgis.judging.verdicts import evaluate_rule
from cdgis.rules import Rule
from cdgis.rules.access_list import COLUMNS, access_list_rules

UNIT = "ZH13080210001"
CLAUSE = {
    "unit_code": UNIT, "clause_no": "1", "dimension": "空间布局约束", "text": "【示例条款，非官方】禁止新建化工项目",
    "industry_prefixes": "25;26", "project_types": "新建;扩建", "attribute": "", "op": "", "value": "",
    "effect": "禁止", "plan_measure": "1",
}  # fmt: skip


def rules_of(*rows: dict[str, str]) -> tuple[Rule, ...]:
    return access_list_rules(pd.DataFrame([{**CLAUSE, **row} for row in rows], columns=list(COLUMNS)))[0]


def test_prohibition_is_restriction_until_the_code_and_prohibition_after() -> None:
    before, after = rules_of({})
    assert (before.id, before.effect, before.effective_to) == (f"{UNIT}-1-2021", Effect.RESTRICT, date(2026, 8, 14))
    assert (after.id, after.effect, after.effective_from) == (f"{UNIT}-1-2026", Effect.PROHIBIT, date(2026, 8, 15))
    assert "第67条" in after.basis_text and "第1234条" in after.penalty
    assert after.zone_ids == (UNIT,) and after.industry_prefixes == ("25", "26")


def test_other_effects_stay_one_rule() -> None:
    (rule,) = rules_of({"effect": "限制"})
    assert (rule.id, rule.effect, rule.effective_to) == (f"{UNIT}-1", Effect.RESTRICT, None)


def test_clause_without_effect_is_for_a_person() -> None:
    (rule,) = rules_of({"effect": ""})
    facts = Facts.one(kind="project", industry="2614", project_type="新建")
    assert evaluate_rule(rule, facts, True, {}).state is State.MANUAL


@pytest.mark.parametrize(
    ("effect", "types"),
    [
        ("限制", ("新建", "改建", "扩建", "迁建")),
        ("退出", ("既有",)),
        ("提示", ()),
        ("禁止", ("新建", "改建", "扩建", "迁建")),
    ],
)
def test_blank_project_types_follow_from_the_effect(effect: str, types: tuple[str, ...]) -> None:
    assert rules_of({"effect": effect, "project_types": ""})[0].project_types == types


@pytest.mark.parametrize(
    ("value", "state"), [("120", State.APPLIES), ("100", State.NOT_APPLICABLE), ("", State.UNKNOWN)]
)
def test_numeric_condition_is_compared_as_a_number(value: str, state: State) -> None:
    (rule,) = rules_of({"effect": "限制", "attribute": "so2_t_per_yr", "op": "gt", "value": "100"})
    facts = Facts.one(kind="project", industry="2614", project_type="新建", attributes={"so2_t_per_yr": value})
    assert evaluate_rule(rule, facts, True, {}).state is state


def gaps_of(*rows: dict[str, str]) -> tuple[Gap, ...]:
    return access_list_rules(pd.DataFrame([{**CLAUSE, **row} for row in rows], columns=list(COLUMNS)))[1]


def test_all_faulty_rows_are_reported_with_their_numbers() -> None:
    gaps = gaps_of(
        {"unit_code": "13080210001"},
        {"clause_no": "2", "dimension": "空间", "effect": "不许"},
        {"clause_no": "3", "attribute": "so2_t_per_yr"},
        {"clause_no": "4", "attribute": "so2_t_per_yr", "op": "gt", "value": "很多"},
        {"clause_no": "5"},
        {"clause_no": "5"},
        {"clause_no": "6", "project_types": "翻建", "text": ""},
    )
    assert [gap.row for gap in gaps] == [f"第 {n} 行" for n in (2, 3, 4, 5, 7, 8)]
    assert f"{UNIT}-5 重复" in gaps[4].problem and "dimension" in gaps[1].problem and "effect" in gaps[1].problem


def test_a_wrong_row_takes_the_list_of_its_own_unit_and_of_no_other() -> None:
    other = "ZH13080220002"
    assert {rule.zone_ids for rule in rules_of({}, {"clause_no": "2", "effect": "不许"}, {"unit_code": other})} == {(other,)}


def test_a_wrong_unit_code_may_be_any_units_so_no_list_is_whole() -> None:
    assert rules_of({}, {"clause_no": "2", "unit_code": "ZH1308"}) == ()
    assert "不知这一行属于哪个单元" in gaps_of({"unit_code": "ZH1308"})[0].part


def test_missing_column_is_named_and_leaves_no_list() -> None:
    rules, gaps, units = access_list_rules(pd.DataFrame([CLAUSE]).drop(columns="effect"))
    assert rules == () and units == {""} and "缺少列 effect" in gaps[0].problem
