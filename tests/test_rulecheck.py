"""The rule check finds every planted fault and nothing in the rules that ship."""

from datetime import date
from pathlib import Path

import pytest

from cdgis.core.vocabulary import Evidence, Level
from cdgis.rules import Rulebook, industry, load_rulebook
from cdgis.rules.attributes import load_attributes
from cdgis.rules.check import check_rules, explain_rule
from cdgis.rules.rule import Rule
from cdgis.rules.rule_text import explain_activity, overview_table, unread_table
from cdgis.workspace.catalog import read_catalog

ROOT = Path(__file__).parents[1]
CATALOG = read_catalog(ROOT / "layers" / "catalog.toml")
LAYERS = {spec.id: spec.allowed_classes for spec in CATALOG.zone_layers()}
BOOK = load_rulebook()
BAN = BOOK.get("ECO-02-2026")
FURNACE = BOOK.get("EQ-01")


def faults(*rules: Rule) -> list[str]:
    return check_rules(Rulebook(rules=rules, added=tuple(rule.id for rule in rules)), LAYERS, load_attributes(), industry.codes())


NEW = {"project_types": ["新建"], "types_reason": "条文写“新建”"}


def altered(rule: Rule, **changes: object) -> Rule:
    return Rule.model_validate({**rule.model_dump(), **changes})


def test_shipped_rules_are_without_fault() -> None:
    assert check_rules(BOOK, LAYERS, load_attributes(), industry.codes()) == []


@pytest.mark.parametrize(
    ("rule", "changes", "message"),
    [
        (BAN, {"layer": "red_line"}, "图层 red_line 不在目录中"),
        (BAN, {"zone_classes": ["一般区"]}, "没有类别 一般区"),
        (BAN, {"industry_prefixes": ["3199"]}, "行业代码 3199 不在"),
        (BAN, {"activities": ["开采"]}, "活动 开采 不在词表中"),
        (BAN, {"plan_measure": "32"}, "plan_measure 应为"),
        (BAN, {"subject_kinds": []}, "永不适用"),
        (BAN, {"activities": ["A01"]}, "总是成立，永不适用"),
        (BAN, {"zone_classes": ["一般区"]}, "无一可用，永不适用"),
        (BAN, {"effect": "退出", "project_types": ["新建"]}, "退出只针对既有"),
        (BAN, {"subject_kinds": ["enterprise"], "project_types": ["新建"]}, "建设性质却只有新建，永不适用"),
        (BAN, {"geometry": "within", "distance_m": -1}, "距离 -1 米小于 0，永不适用"),
        (BAN, {"geometry": "none"}, "这些不起作用"),
        (
            FURNACE,
            {"conditions": [
                {"attribute": "permit_level", "op": "eq", "value": "重点管理"},
                {"attribute": "permit_level", "op": "in", "value": ["简化管理", "登记管理"]},
            ]},
            "不能同时成立",
        ),
        (
            FURNACE,
            {"conditions": [
                {"attribute": "permit_level", "op": "eq", "value": "重点管理"},
                {"attribute": "permit_level", "op": "ne", "value": "重点管理"},
            ]},
            "不能同时成立",
        ),
        (BAN, {"basis": [{"document": " "}]}, "依据缺少文件名称"),
        (BAN, {"clause": " "}, "缺少条文"),
        (BAN, {"date_precision": "year"}, "从1月1日起计"),
        (FURNACE, {"needs_review": False}, "须标 needs_review"),
        (FURNACE, {"conditions": [{"attribute": "colour", "op": "true"}]}, "属性 colour 不在属性词典中"),
        (FURNACE, {"conditions": [{"attribute": "equipment", "op": "lt", "value": 3}]}, "equipment 是 list，不能用 lt"),
        (FURNACE, {"conditions": [{"attribute": "equipment", "op": "true"}]}, "equipment 是 list，不能用 true"),
        (FURNACE, {"conditions": [{"attribute": "area_m2", "op": "lt", "value": 1, "unit": "ha"}]}, "单位是 m2，条件写的是 ha"),
        (
            FURNACE,
            {"conditions": [
                {"attribute": "area_m2", "op": "lt", "value": 10},
                {"attribute": "area_m2", "op": "ge", "value": 10},
            ]},
            "不能同时成立",
        ),
        (
            FURNACE,
            {"conditions": [{"attribute": "two_high", "op": "true"}, {"attribute": "two_high", "op": "false"}]},
            "不能同时成立",
        ),
    ],
)  # fmt: skip
def test_planted_fault_is_found(rule: Rule, changes: dict[str, object], message: str) -> None:
    found = faults(altered(rule, **changes))
    assert any(message in fault for fault in found), found
    assert all(fault.startswith(rule.id) for fault in found)


def test_unknown_distance_attribute_is_found() -> None:
    rule = altered(BOOK.get("DI-01"), distance_attribute="reach_m")
    assert any("属性 reach_m 不在属性词典中" in fault for fault in faults(rule))


def test_overlap_and_gap_between_periods_of_a_family_are_found() -> None:
    old, new = BOOK.get("WS-01-2018"), BOOK.get("WS-01-2026")
    assert faults(old, new) == []
    assert faults(altered(old, effective_to=date(2026, 8, 15)), new) == ["WS-01-2026：施行期与 WS-01-2018 重叠"]
    assert "空档" in faults(altered(old, effective_to=date(2026, 8, 13)), new)[0]


def test_duplicate_ids_are_found() -> None:
    assert "ECO-02-2026：编号重复 2 次" in faults(BAN, BAN)


def test_praise_and_ban_of_the_same_thing_are_found() -> None:
    praise = BOOK.get("SO-02")
    ban = altered(praise, id="SO-99", effect="禁止", **NEW)
    assert faults(praise, ban) == ["SO-02：与 SO-99 矛盾（同一对象既鼓励又禁止）"]
    elsewhere = altered(ban, layer="wetlands", zone_classes=[])
    assert faults(praise, elsewhere) == []
    other_sector = altered(BOOK.get("SO-03"), id="SO-99", effect="禁止", industry_prefixes=["31"], **NEW)
    assert faults(BOOK.get("SO-03"), other_sector) == []


def test_rules_that_can_never_meet_are_no_contradiction() -> None:
    praise = altered(BOOK.get("SO-02"), id="SO-98", conditions=[{"attribute": "two_high", "op": "false"}])
    ban = altered(praise, id="SO-99", effect="禁止", conditions=[{"attribute": "two_high", "op": "true"}], **NEW)
    assert faults(praise, ban) == []
    assert faults(praise, altered(ban, conditions=[])) == ["SO-98：与 SO-99 矛盾（同一对象既鼓励又禁止）"]
    only_firms, only_projects = {"subject_kinds": ["enterprise"]}, {"subject_kinds": ["project"]}
    assert faults(altered(praise, **only_firms), altered(ban, conditions=[], **only_projects)) == []


def test_praise_without_a_place_contradicts_only_a_ban_that_covers_it() -> None:
    nowhere = {"layer": "", "zone_classes": [], "geometry": "none"}
    praise = altered(BOOK.get("SO-02"), id="SO-98", **nowhere)
    ban = altered(praise, id="SO-99", effect="禁止", **NEW)
    assert faults(praise, ban) == ["SO-98：与 SO-99 矛盾（同一对象既鼓励又禁止）"]
    narrower = altered(ban, conditions=[{"attribute": "two_high", "op": "true"}])
    assert faults(praise, narrower) == []


def test_explanation_reads_as_a_sentence_with_basis_and_dates() -> None:
    titles = {spec.id: spec.title for spec in CATALOG.zone_layers()}
    text = explain_rule(FURNACE, layer_titles=titles, attributes=load_attributes())
    assert "既有项目和企业" in text and "高炉有效容积小于 1000 立方米的，退出" in text
    ban = explain_rule(BAN, layer_titles=titles)
    assert "压占“生态保护红线”红线一般区域的，禁止。" in ban
    assert "《生态环境法典》第60条" in ban and "2026-08-15起，现行有效" in ban
    assert "2018-01-01起，至 2026-08-14 止" in explain_rule(BOOK.get("WS-01-2018"))


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_every_rule_can_be_explained(rule: Rule) -> None:
    text = explain_rule(rule, attributes=load_attributes())
    assert rule.clause in text and rule.basis_text in text and str(rule.effect) in text
    assert "None" not in text and "_" not in text.replace(rule.layer, "").replace(rule.source, "")


def test_rule_table_in_the_docs_is_the_rule_table() -> None:
    assert overview_table(BOOK.rules) in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_every_rule_nobody_has_read_says_what_was_searched() -> None:
    unread = [r for r in BOOK.rules if r.mark is Evidence.UNVERIFIED and r.in_force(date(2026, 11, 1)) and r.level is not Level.UNIT]
    assert len(unread) <= 20 and [rule.id for rule in unread if not rule.searched] == []
    assert unread_table(BOOK.rules) in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_rule_that_claims_more_than_its_bases_show_is_a_fault() -> None:
    bases = [{"document": "某法", "mark": "未核实"}]
    alone = altered(BAN, unless=[])
    claimed = altered(alone, mark="已见公开副本（非公报）", basis=bases, source="某处")
    assert faults(claimed)[:1] == [f"{BAN.id}：出处标记为“已见公开副本（非公报）”，但没有一项依据见过条文"]
    remembered = altered(alone, mark="已见摘录或转述", source="凭记忆，未见原文")
    assert faults(remembered) == [f"{BAN.id}：出处写明未见原文，标记却是“已见摘录或转述”"]
    assert "应标“工具规则”" in faults(altered(BOOK.get("TOL-01"), mark="已见原文"))[-1]


def test_no_shipped_rule_says_its_text_was_seen_where_nobody_saw_it() -> None:
    marks = {rule.id: str(rule.mark) for rule in BOOK.rules}
    assert {marks[i] for i in ("RV-02", "RV-03", "RV-05")} == {"仅见标题"}
    assert {marks[i] for i in ("ZU-01", "ZU-02", "ZU-03")} == {"措辞借自他处"}
    assert {marks[i] for i in ("ZU-04", "ZU-05", "ZU-07", "TOL-01", "OP-01")} == {"工具规则"}
    only_code = [r for r in BOOK.rules if {b.document for b in r.basis} == {"生态环境法典"} and r.mark.is_read]
    assert only_code and {str(r.mark) for r in only_code} == {"已见公开副本（非公报）"}


def test_rules_of_earlier_files_with_letters_for_marks_are_still_read() -> None:
    assert (altered(BAN, mark="S").mark, altered(BAN, mark="M").mark) == ("已见原文", "未核实")


def test_activity_is_explained_by_the_rules_it_brings_and_those_it_lifts() -> None:
    rules = [rule for rule in BOOK.rules if rule.in_force(date(2026, 11, 1))]
    text = explain_activity("A02", "原住民生产生活", rules)
    assert "活动 A02：原住民生产生活" in text and "ECO-A02 〔须论证〕" in text and "ECO-02-2026 〔禁止〕" in text
    assert "没有因申报此活动而不适用的规则" in explain_activity("开发性生产性建设", "", rules)
