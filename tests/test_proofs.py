"""What `cdgis rules check` proves: each proof holds for the shipped book and breaks for a planted fault."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cdgis.rules import load_rulebook
from cdgis.rules.access_list import access_list_rules
from cdgis.rules.access_sheet import COLUMNS
from cdgis.rules.proofs import ban_faults, date_faults, document_dates, exemption_faults, wording_faults
from cdgis.rules.rule import Rule

BOOK = load_rulebook()
LIST = Path(__file__).parent.parent / "layers" / "zoning" / "access_list.csv"
BAN = BOOK.get("ECO-02-2026")


def altered(rule: Rule, **changes: object) -> Rule:
    return Rule.model_validate({**rule.model_dump(), **changes})


def gaps(**changes: object) -> list[str]:
    """Return what is wrong with the red line's exemptions after changing its successor for A06."""
    rules = [altered(rule, **changes) if rule.id == "ECO-A06" else rule for rule in BOOK.rules]
    return list(exemption_faults(BAN, rules))


def test_every_exemption_of_the_shipped_book_has_successors():
    faults = {rule.id: list(exemption_faults(rule, BOOK.rules)) for rule in BOOK.rules}
    assert {rule_id: found for rule_id, found in faults.items() if found} == {}
    assert sum(bool(way.successors) for rule in BOOK.rules for way in rule.unless) > 15


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"subject_kinds": ["project"]}, "企业、新建、A06"),
        ({"project_types": ["新建"]}, "项目、改建、A06"),
        ({"activities": ["A05"]}, "项目、新建、A06"),
        ({"effect": "提示"}, "项目、新建、A06"),
        ({"manual": True}, "项目、新建、A06"),
        ({"zone_classes": ["核心保护区"]}, "项目、新建、A06"),
        ({"layer": "wetlands"}, "项目、新建、A06"),
        ({"industry_prefixes": ["48"]}, "项目、新建、A06"),
        ({"conditions": [{"attribute": "two_high", "op": "true"}]}, "项目、新建、A06"),
        ({"effective_from": date(2026, 9, 1)}, "自 2026-08-15 起没有接手的规则"),
        ({"effective_to": date(2026, 12, 31)}, "自 2027-01-01 起没有接手的规则"),
        ({"unless": [{"activities": ["A06"], "article": "某条", "successors": ["ECO-02"]}]}, "项目、新建、A06"),
    ],
)
def test_successor_that_does_not_catch_every_case_is_found(changes, told):
    assert gaps() == []
    assert any(told in fault for fault in gaps(**changes)), gaps(**changes)


def test_successor_that_does_not_exist_is_found():
    rules = [rule for rule in BOOK.rules if rule.id != "ECO-A06"]
    assert any("ECO-A06 接手，规则库没有这些规则" in fault for fault in exemption_faults(BAN, rules))


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ({"activities": ["A01"]}, "没有写明是哪一条文作的例外"),
        ({"conditions": [{"attribute": "two_high", "op": "false"}], "article": "某条"}, "没有写明适用的行业"),
    ],
)
def test_exemption_without_article_or_industry_is_found(way, told):
    assert any(told in fault for fault in exemption_faults(altered(BAN, unless=[way]), BOOK.rules))


def test_ban_says_whom_it_means_and_why():
    assert [fault for rule in BOOK.rules for fault in ban_faults(rule)] == []
    assert "types_reason" in next(ban_faults(altered(BAN, types_reason="")))
    assert "project_types" in next(ban_faults(altered(BAN, project_types=[])))


@pytest.mark.parametrize(
    ("clause", "effect", "reason", "told"),
    [
        ("区内不得建设", "限制", "", "条文写“不得”"), ("区内禁止建设", "须论证", "", "条文写“禁止”"),
        ("严禁新建", "提示", "", "条文写“严禁”"), ("原则上不得占用", "限制", "", "条文写“原则上不得”"),
        ("须经省级政府批准", "限制", "", "条文写“须经省级政府批准”"), ("应当经主管部门同意", "提示", "", "效力只是“提示”"),
        ("区内禁止建设", "须论证", "另有条文", ""), ("原则上不得占用", "须论证", "", ""), ("区内禁止建设", "禁止", "", ""),
        ("严格控制", "限制", "", ""), ("区内禁止建设", "禁止", "多写", "effect_reason 多余"),
    ],
)  # fmt: skip
def test_effect_milder_than_the_words_of_the_clause_is_found(clause, effect, reason, told):
    types = ["既有"] if effect == "退出" else ["新建"]
    rule = altered(BAN, clause=clause, effect=effect, effect_reason=reason, project_types=types, unless=[])
    found = list(wording_faults(rule))
    assert bool(found) == bool(told) and all(told in fault for fault in found)


@pytest.mark.parametrize(
    ("text", "effect", "told"),
    [
        ("禁止新建化工项目", "限制", "“禁止”"), ("不得新建化工项目", "提示", "“不得”"), ("原则上不得占用林地", "限制", "“原则上不得”"),
        ("须经市级部门论证", "提示", "“须经市级部门论证”"), ("禁止新建化工项目", "禁止", ""), ("应论证对水质的影响，不得设置排污口", "限制", ""),
        ("不得设置排污口，禁止新建化工项目", "限制", "“禁止”"), ("控制总量", "限制", ""),
    ],
)  # fmt: skip
def test_effect_of_a_units_clause_milder_than_its_words_is_found(text, effect, told):
    """The ban's restriction until the Code is the one exception: until then the list is policy, and it says so."""
    row = {"unit_code": "ZH13080210001", "clause_no": "1", "dimension": "空间布局约束", "text": text, "effect": effect}
    faults = [fault for rule in access_list_rules(pd.DataFrame([row], columns=list(COLUMNS)))[0] for fault in wording_faults(rule)]
    assert bool(faults) == bool(told) and all(told in fault and "清单" in fault for fault in faults)


def test_shipped_effects_answer_their_words():
    listed = pd.read_csv(LIST, dtype=str, encoding="utf-8-sig")
    assert [fault for rule in access_list_rules(listed)[0] for fault in wording_faults(rule)] == []
    assert {rule.id: list(wording_faults(rule)) for rule in BOOK.rules if list(wording_faults(rule))} == {}


def test_no_rule_precedes_its_document_and_every_document_has_a_date():
    assert [fault for rule in BOOK.rules for fault in date_faults(rule)] == []
    early = altered(BAN, effective_from=date(2026, 8, 14), basis=[{"document": "生态环境法典"}])
    assert "早于所据文件的 2026-08-15" in next(date_faults(early))
    cited = {item.document for rule in BOOK.rules for item in rule.basis if item.mark != "工具规则"}
    assert cited - set(document_dates()) == set()


def test_successor_on_some_of_the_zones_only_takes_nothing_over():
    wider = altered(BAN, zone_classes=["红线一般区域", "核心保护区"])
    assert any("没有接手的规则" in fault for fault in exemption_faults(wider, BOOK.rules))
    assert any("没有接手的规则" in fault for fault in exemption_faults(altered(BAN, zone_classes=[]), BOOK.rules))
