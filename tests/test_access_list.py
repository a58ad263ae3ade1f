"""Clauses of the units' access lists as rules."""

from datetime import date

import pandas as pd
import pytest

from cdgis.core.data_gaps import Gap
from cdgis.core.vocabulary import Effect, State
from cdgis.judging.facts import Facts
from cdgis.judging.verdicts import evaluate_rule
from cdgis.rules import Rule
from cdgis.rules.access_list import access_list_rules, published_as
from cdgis.rules.access_sheet import COLUMNS

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


OTHER, SECOND = "ZH43040230001", "ZH43042120002"
WIDE = ["环境管控单元编码", "环境管控单元名称", "空间布局约束", "污染物排放管控", "环境风险防控", "资源开发效率要求"]


def sheet(header: list[str], *rows: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=header, dtype=object)


def wide(*rows: list[str], header: list[str] = WIDE) -> pd.DataFrame:
    return sheet(header, *rows)


def test_a_wide_sheet_is_read_cell_by_cell_and_nothing_is_lost() -> None:
    cells = ["1.禁止新建化工项目。2.限制采石。", "达到一级标准", "无", "提高用水效率"]
    rules, gaps, incomplete = access_list_rules(wide([OTHER, "甲单元", *cells], [SECOND, "乙单元", "", "", "编制预案", "/"]))
    assert not gaps and not incomplete
    assert [(rule.zone_ids, str(rule.dimension), rule.clause) for rule in rules] == [
        ((OTHER,), "空间布局约束", "1.禁止新建化工项目。"), ((OTHER,), "空间布局约束", "2.限制采石。"),
        ((OTHER,), "污染物排放管控", "达到一级标准"), ((OTHER,), "资源利用效率", "提高用水效率"),
        ((SECOND,), "环境风险防控", "编制预案"),
    ]  # fmt: skip
    assert all(rule.manual and rule.layer == "management_units" for rule in rules) and len({rule.id for rule in rules}) == 5


def test_headers_of_several_rows_and_merged_codes_are_understood() -> None:
    title = ["某市生态环境准入清单", "column_2", "column_3", "column_4"]
    long = sheet(title, ["单元编码", "维度", "管控要求", "效力"], [OTHER, "空间布局约束", "禁止采矿", "禁止"],
                 ["", "资源开发效率要求", "节水", ""])  # fmt: skip
    rules, gaps, _ = access_list_rules(long)
    assert not gaps and {rule.zone_ids for rule in rules} == {(OTHER,)}
    assert {str(rule.dimension) for rule in rules} == {"空间布局约束", "资源利用效率"}
    assert [rule.effect for rule in rules if not rule.manual] == [Effect.RESTRICT, Effect.PROHIBIT]
    two = sheet(["环境管控单元编码", "管控要求", "column_3"], ["", "空间布局约束", "环境风险防控"], [OTHER, "禁止采矿", "编制预案"])
    assert [rule.clause for rule in access_list_rules(two)[0]] == ["禁止采矿", "编制预案"]


def test_rows_for_the_city_a_county_and_a_type_hold_where_they_say() -> None:
    table = wide(["430400", "", "全市要求", "", "", ""], ["优先保护单元总体要求", "", "优先要求", "", "", ""],
                 ["衡阳市总体要求", "", "总体", "", "", ""], ["430421", "", "县要求", "", "", ""],
                 [OTHER, "", "单元要求", "", "", ""], [SECOND, "", "另一单元", "", "", ""])  # fmt: skip
    rules, gaps, _ = access_list_rules(table, city="430400")
    where = {rule.clause: (rule.zone_ids, rule.zone_classes, str(rule.level)) for rule in rules}
    assert not gaps and where == {
        "全市要求": ((), (), "市"), "优先要求": ((), ("优先保护",), "市"), "总体": ((), (), "市"),
        "县要求": ((SECOND,), (), "市"), "单元要求": ((OTHER,), (), "单元"), "另一单元": ((SECOND,), (), "单元"),
    }  # fmt: skip


@pytest.mark.parametrize(("code", "words"), [("130800", "不是本市"), ("430422", "没有这个县的单元"), ("衡南", "应形如"), ("ZH4304", "应形如")])
def test_a_row_that_cannot_be_placed_leaves_no_unit_with_a_list(code: str, words: str) -> None:
    rules, gaps, incomplete = access_list_rules(wide([OTHER, "", "甲", "", "", ""], [code, "", "乙", "", "", ""]), city="4304")
    assert not rules and incomplete == frozenset({""})
    assert words in gaps[0].problem and gaps[0].row == "第 3 行"


def test_a_clause_with_a_distance_reaches_so_far_from_its_unit_or_from_a_layer() -> None:
    header = ["单元编码", "维度", "管控要求", "效力", "距离（米）", "距离图层"]
    near = sheet(header, [OTHER, "空间布局约束", "周边500米内禁止新建住宅", "限制", "500", ""],
                 ["430400", "空间布局约束", "距学校100米内限制", "限制", "100", "receptors"])  # fmt: skip
    first, second = access_list_rules(near, city="4304")[0]
    assert (first.layer, first.geometry, first.distance_m, first.zone_ids) == ("management_units", "within", 500.0, (OTHER,))
    assert (second.layer, second.geometry, second.distance_m) == ("receptors", "within", 100.0)
    wrong = sheet(header, [OTHER, "空间布局约束", "单元内距学校100米", "限制", "100", "receptors"])
    assert "请留空由人判定" in access_list_rules(wrong)[1][0].problem


def test_issuer_and_day_are_those_of_the_layer() -> None:
    law = published_as(document="衡阳市生态环境准入清单", issuer="衡阳市人民政府", published_on="2024-06", version="2026")
    rule = access_list_rules(wide([OTHER, "", "甲", "", "", ""]), law=law)[0][0]
    assert (rule.start_text, rule.basis[0].issuer, rule.basis[0].document) == ("2024-06", "衡阳市人民政府", "衡阳市生态环境准入清单")
    ban = {**CLAUSE, "effect": "禁止"}
    for day, ids in (("2026-03-01", ["-2026A", "-2026"]), ("2026-09-01", ["-2026"]), ("2024", ["-2024", "-2026"])):
        dated = published_as(document="", issuer="", published_on=day, version="")
        found = access_list_rules(pd.DataFrame([ban], columns=list(COLUMNS)), law=dated)[0]
        assert [rule.id.removeprefix(f"{UNIT}-1") for rule in found] == ids
        assert found[-1].effective_from == max(date(2026, 8, 15), dated.policy_from)
    unstated = published_as(document="", issuer="", published_on="", version="2025-03-01")
    assert unstated.policy_from == date(2025, 3, 1) and "未写" in unstated.issuer
