"""Laws of rules as data, against enumeration: what excludes, meets, follows and succeeds; cells however they are spaced; what is told."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import CHENGDE, rule

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import Effect, Evidence, ProjectType, SubjectKind
from cdgis.rules import attributes as attribute_rules
from cdgis.rules import book as rule_book
from cdgis.rules import document_numbers, industry
from cdgis.rules.access_sheet import COLUMNS, as_clauses
from cdgis.rules.attributes import AttributeSpec, load_attributes
from cdgis.rules.book import load_rulebook
from cdgis.rules.check import _can_meet, _exclude_each_other, _periods, check_rules
from cdgis.rules.decision_tables import Inputs, _test, write_dmn
from cdgis.rules.document_numbers import is_document_number
from cdgis.rules.local_plan import measures_by_rule
from cdgis.rules.notation import read_conditions, read_unless, write_conditions, write_unless
from cdgis.rules.proofs import exemption_faults
from cdgis.rules.rule import Basis, Condition, Exemption
from cdgis.rules.rule_text import condition_text, explain_rule, overview_table, unread_table
from cdgis.rules.succession import holds_zones_of
from cdgis.rules.workspace_rules import read_own_rules

few = settings(max_examples=60)
DAY = date(2026, 11, 1)
NUMBERS = st.sampled_from([1.0, 2.0, 3.0])
WORDS = st.sampled_from(["甲", "乙", "丙"])
TESTS = st.one_of(
    st.tuples(st.sampled_from(["lt", "le", "gt", "ge"]), NUMBERS),
    st.tuples(st.sampled_from(["eq", "ne"]), WORDS),
    st.tuples(st.just("in"), st.lists(WORDS, min_size=1, max_size=2).map(tuple)),
    st.tuples(st.sampled_from(["true", "false", "declared", "not_declared"]), st.none()),
)
VALUES = (None, "", "true", "false", 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, "甲", "乙", "丙", "丁")


def holds(test, value):
    """Whether a condition holds of a value as somebody reads it; None: nothing was declared."""
    op, wanted = test
    if op == "not_declared":
        return value in (None, "", "false")
    if value in (None, ""):
        return False
    if op == "declared":
        return value != "false"
    if op in ("true", "false"):
        return value == op
    if op in ("lt", "le", "gt", "ge"):
        return (
            isinstance(value, float)
            and {"lt": value < wanted, "le": value <= wanted, "gt": value > wanted, "ge": value >= wanted}[op]
        )
    if not isinstance(value, str):
        return False
    return value in wanted if op == "in" else (value == wanted) == (op == "eq")


@settings(max_examples=300)
@given(TESTS, TESTS)
def test_conditions_that_exclude_each_other_hold_together_of_no_value(one, other):
    first, second = (Condition(attribute="a", op=op, value=value) for op, value in (one, other))
    together = any(holds(one, value) and holds(other, value) for value in VALUES)
    if _exclude_each_other(first, second):
        assert not together
    kinds = [{"lt": 0, "le": 0, "gt": 0, "ge": 0, "eq": 1, "in": 1, "ne": 1}.get(op, 2) for op, _ in (one, other)]
    told = {one[0], other[0]}
    if (
        kinds[0] == kinds[1] and not together and not ({"ne", "in"} <= told)
    ):  # ne of all that in lists is not looked for
        assert _exclude_each_other(first, second)


@pytest.mark.parametrize(
    ("one", "other", "never"),
    [
        (("gt", 2.0), ("lt", 2.0), True),
        (("ge", 2.0), ("le", 2.0), False),
        (("ge", 2.0), ("lt", 2.0), True),
        (("gt", 2.0), ("le", 2.0), True),
        (("gt", 1.0), ("lt", 2.0), False),
        (("gt", 3.0), ("lt", 2.0), True),
        (("gt", 3.0), ("gt", 2.0), False),
        (("eq", "甲"), ("ne", "甲"), True),
        (("eq", "甲"), ("ne", "乙"), False),
        (("eq", "甲"), ("in", ("乙",)), True),
        (("in", ("甲", "乙")), ("in", ("乙", "丙")), False),
        (("in", ("甲",)), ("in", ("丙",)), True),
        (("true", None), ("not_declared", None), True),
        (("true", None), ("false", None), True),
        (("false", None), ("not_declared", None), False),
        (("eq", "甲"), ("eq", "甲"), False),
    ],
)
def test_pairs_of_conditions_by_hand(one, other, never):
    pair = [Condition(attribute="a", op=op, value=value) for op, value in (one, other)]
    assert _exclude_each_other(*pair) == _exclude_each_other(*pair[::-1]) == never


SCOPES = st.fixed_dictionaries(
    {
        "zone_classes": st.sampled_from([(), ("甲",), ("乙",), ("甲", "乙")]),
        "project_types": st.sampled_from([(), ("新建",), ("既有", "扩建")]),
        "activities": st.sampled_from([(), ("A01",), ("A02",)]),
        "subject_kinds": st.sampled_from([("project",), ("enterprise",), ("project", "enterprise")]),
        "industry_prefixes": st.sampled_from([(), ("25",), ("251",), ("26",)]),
        "conditions": st.sampled_from([(), ("gt", 2.0), ("lt", 2.0), ("le", 1.0)]),
        "effective_from": st.sampled_from([date(2020, 1, 1), date(2022, 1, 1)]),
        "effective_to": st.sampled_from([None, date(2022, 1, 1), date(2023, 1, 1)]),
    }
)


def caught(scope, subject):
    zone, kind_of_work, activity, kind, code, amount, day = subject
    tests = scope["conditions"]
    return (
        (not scope["zone_classes"] or zone in scope["zone_classes"])
        and (not scope["project_types"] or kind_of_work in scope["project_types"])
        and (not scope["activities"] or activity in scope["activities"])
        and kind in scope["subject_kinds"]
        and (not scope["industry_prefixes"] or code.startswith(scope["industry_prefixes"]))
        and (not tests or holds(tests, amount))
        and scope["effective_from"] <= day
        and (scope["effective_to"] is None or day <= scope["effective_to"])
    )


SUBJECTS = tuple(
    product(
        ("甲", "乙", "丙"),
        ("新建", "既有", "扩建"),
        ("A01", "A02", ""),
        ("project", "enterprise"),
        ("2511", "2520", "2611"),
        (0.5, 2.0, 3.0),
        (date(2020, 6, 1), date(2022, 1, 1), date(2022, 6, 1), date(2024, 1, 1)),
    )
)


@few
@given(SCOPES, SCOPES)
def test_two_rules_can_meet_if_somebody_on_some_day_falls_under_both(one, other):
    def made(name, scope):
        tests = (
            [{"attribute": "cod_t_per_yr", "op": scope["conditions"][0], "value": scope["conditions"][1]}]
            if scope["conditions"]
            else []
        )
        return rule(name, "z", **(scope | {"conditions": tests}))

    met = any(caught(one, subject) and caught(other, subject) for subject in SUBJECTS)
    assert _can_meet(made("A-1", one), made("B-1", other)) == met


def test_an_activity_that_a_ban_lets_go_does_not_meet_it():
    spared = {"activities": ["A01"], "reason": "r", "article": "《法》1"}
    ban, praise = rule("B-1", "z", unless=[spared]), rule("A-1", "z", "鼓励", activities=["A01"])
    assert not _can_meet(praise, ban) and _can_meet(praise.model_copy(update={"activities": ("A01", "A02")}), ban)
    asked = spared | {"conditions": [{"attribute": "opinion_document", "op": "declared"}]}
    assert _can_meet(praise, rule("B-1", "z", unless=[asked]))


@few
@given(st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 12))), min_size=2, max_size=4))
def test_overlaps_and_gaps_of_a_family_are_those_of_its_days(spans):
    spans.sort(key=lambda span: span[0])
    first = date(2020, 1, 1)
    rules = [
        rule(
            f"AA-01-{2000 + i}",
            "z",
            effective_from=first + timedelta(days=start),
            effective_to=None if length is None else first + timedelta(days=start + length),
        )
        for i, (start, length) in enumerate(spans)
    ]
    told = list(_periods(rules))
    for one, other in zip(rules, rules[1:], strict=False):
        days = [first + timedelta(days=n) for n in range(70)]
        both = any(
            one.in_force(day) and other.in_force(day)
            for day in days
            if one.effective_from <= day and day >= other.effective_from
        )
        between = any(
            not one.in_force(day) and not other.in_force(day)
            for day in days
            if one.effective_from <= day < other.effective_from
        )
        assert (f"{other.id}：施行期与 {one.id} 重叠" in told) == both
        assert any(line.startswith(f"{other.id}：与 {one.id} 之间有空档") for line in told) == (between and not both)


TITLES = {spec.name: spec.title for spec in load_attributes().values()}
NAMES = {title: name for name, title in TITLES.items()}


CONDITIONS = st.builds(
    Condition,
    attribute=st.sampled_from(sorted(TITLES)),
    op=st.sampled_from(["eq", "ne", "lt", "ge", "in", "has", "true", "declared"]),
    value=st.one_of(st.none(), WORDS, NUMBERS, st.lists(WORDS, max_size=3).map(tuple)),
    unit=st.sampled_from(["", "米", "t/a"]),
)
EXEMPTIONS = st.builds(
    Exemption,
    activities=st.lists(st.sampled_from(["A01", "国家重大项目"]), min_size=1, max_size=2).map(tuple),
    conditions=st.lists(CONDITIONS, max_size=2).map(tuple),
    reason=WORDS,
    article=st.sampled_from(["", "《法》第1条"]),
    successors=st.lists(st.sampled_from(["ECO-A01", "RV-01"]), max_size=2).map(tuple),
    industry_prefixes=st.sampled_from([(), ("25", "2611")]),
)


def spaced(text: str, gap: str) -> str:
    """The same cell with white space around every sign that stands outside quotes."""
    parts = text.split('"')
    return '"'.join(
        "".join(gap + c + gap if c in "；、（）{}《》〔〕" else c for c in part) if i % 2 == 0 else part
        for i, part in enumerate(parts)
    )


@few
@given(st.lists(CONDITIONS, max_size=3).map(tuple), st.sampled_from([" ", "\u3000", "\n", "\t "]))
def test_white_space_between_the_signs_of_conditions_says_nothing(made, gap):
    text = write_conditions(made, TITLES)
    assert read_conditions(gap + spaced(text, gap) + gap, NAMES) == read_conditions(text, NAMES) == made


@few
@given(st.lists(EXEMPTIONS, max_size=3).map(tuple), st.sampled_from([" ", "\u3000", "\n"]))
def test_white_space_between_the_signs_of_exemptions_says_nothing(made, gap):
    text = write_unless(made, TITLES)
    assert read_unless(gap + spaced(text, gap) + gap, NAMES) == made


PLACES = st.fixed_dictionaries(
    {
        "geometry": st.sampled_from(["hit", "within", "none"]),
        "layer": st.sampled_from(["z", "y"]),
        "distance_m": st.sampled_from([0.0, 50.0, 100.0]),
        "zone_classes": st.sampled_from([(), ("甲",), ("甲", "乙")]),
        "zone_ids": st.sampled_from([(), ("1",), ("1", "2")]),
    }
)


@settings(max_examples=150)
@given(PLACES, PLACES)
def test_a_successor_holds_the_zones_of_a_rule_if_it_catches_whatever_the_rule_catches(one, other):
    def catches(place, layer, zone_class, zone_id, away):
        if place["geometry"] == "none":
            return True
        reach = place["distance_m"] if place["geometry"] == "within" else 0.0
        hits = away < 0 if place["geometry"] == "hit" else away <= reach
        return (
            layer == place["layer"]
            and hits
            and (not place["zone_classes"] or zone_class in place["zone_classes"])
            and (not place["zone_ids"] or zone_id in place["zone_ids"])
        )

    def made(name, place):
        kept = place if place["geometry"] == "within" else {k: v for k, v in place.items() if k != "distance_m"}
        return rule(name, **({"layer": ""} | kept))

    cases = product(("z", "y"), ("甲", "乙", "丙"), ("1", "2", "3"), (-1.0, 0.0, 50.0, 70.0, 100.0, 200.0))
    always = all(catches(other, *case) for case in cases if catches(one, *case))
    said = holds_zones_of(made("S-1", other), made("R-1", one))
    assert (
        always
        if said
        else not always or one["geometry"] == "none" or one["layer"] != other["layer"] or other["geometry"] == "hit"
    )


@few
@given(
    st.sampled_from([(), ("新建",), ("新建", "扩建")]),
    st.sampled_from([(), ("新建",), ("新建", "扩建", "迁建", "既有", "改建")]),
    st.sampled_from([("project",), ("project", "enterprise")]),
    st.sampled_from([("project",), ("project", "enterprise")]),
    st.sampled_from([(), ("A01",), ("A01", "A02")]),
    st.sampled_from([("A01",), ("A01", "A02")]),
    st.sampled_from([(), ("25",), ("251",), ("26",)]),
    st.sampled_from([("25",), ("2511",), ("26",)]),
)
def test_a_gap_in_succession_is_told_if_somebody_falls_through(
    types, heirs_types, kinds, heirs_kinds, heirs_activities, spared, heirs_codes, meant
):
    first = rule(
        "R-01",
        "z",
        project_types=types,
        subject_kinds=kinds,
        unless=[
            {
                "activities": spared,
                "reason": "r",
                "article": "《法》1",
                "successors": ["S-01"],
                "industry_prefixes": meant,
            }
        ],
    )
    heir = rule(
        "S-01",
        "z",
        "须论证",
        project_types=heirs_types,
        subject_kinds=heirs_kinds,
        activities=heirs_activities,
        industry_prefixes=heirs_codes,
    )
    through = [
        case
        for case in product(kinds, types or tuple(map(str, ProjectType)), spared, ("2511", "2520", "2611"))
        if case[3].startswith(meant)
        and not (
            case[0] in heirs_kinds
            and (not heirs_types or case[1] in heirs_types)
            and (not heirs_activities or case[2] in heirs_activities)
            and (not heirs_codes or case[3].startswith(heirs_codes))
        )
    ]
    told = [fault for fault in exemption_faults(first, [first, heir]) if "没有接手的规则" in fault]
    whole = all(a.startswith(heirs_codes) for a in meant) if heirs_codes else True
    assert bool(told) == (bool(through) or not whole)


def test_a_gap_is_told_from_the_day_the_last_successor_ends():
    first = rule(
        "R-01",
        "z",
        effective_from=date(2021, 1, 1),
        unless=[{"activities": ["A01"], "reason": "r", "article": "a", "any_industry": "w", "successors": ["S-01"]}],
    )
    ends = rule("S-01-2020", "z", "须论证", effective_from=date(2020, 1, 1), effective_to=date(2026, 3, 4))
    told = list(exemption_faults(first, [first, ends]))
    assert len(told) == 1 and "自 2026-03-05 起没有接手的规则" in told[0] and "等 " in told[0]
    later = rule("S-01-2026", "z", "须论证", effective_from=date(2026, 3, 5))
    assert list(exemption_faults(first, [first, ends, later])) == []
    short = rule("R-02", "z", effective_to=date(2026, 3, 4), unless=first.unless)
    assert list(exemption_faults(short, [short, ends])) == []
    few_cases = rule("R-03", "z", project_types=["新建"], unless=first.unless)
    assert any("没有接手" in fault and "等 " not in fault for fault in exemption_faults(few_cases, [few_cases, ends]))


def test_an_explanation_says_every_part_of_a_rule():
    full = rule(
        "X-01",
        "z",
        plan_measure="3",
        penalty="罚",
        validity_risk="险",
        searched="找",
        note="注",
        types_reason="性",
        effect_reason="因",
        needs_review=True,
        effective_to=date(2027, 1, 2),
        conditions=[{"attribute": "cod_t_per_yr", "op": "gt", "value": 5, "unit": "t/a"}],
        unless=[
            {
                "activities": ["A01"],
                "reason": "由",
                "article": "《法》9",
                "successors": ["S-01"],
                "industry_prefixes": ["25"],
            }
        ],
    )
    lines = explain_rule(full, layer_titles={"z": "区"}, attributes=load_attributes()).splitlines()
    assert lines[0] == "X-01 X-01" and "压占“区”" in lines[1] and lines[1].endswith("，禁止。")
    assert lines[2] == "除外：申报活动为 A01且行业代码属 25（由；条款：《法》9；由 S-01 接手）。"
    assert lines[3:] == [
        "条文：示例条款",
        "依据：《示例》",
        "施行：2020-01-01起，至 2027-01-02 止",
        "层级：国家；维度：空间布局约束；方案措施：3",
        f"出处（{full.mark}）：测试",
        "建设性质：性",
        "效力：因",
        "罚则：罚",
        "时效风险：险",
        "查找过：找",
        "说明：注",
        "须人工复核",
    ]
    bare = explain_rule(rule("X-02", "z", manual=True)).splitlines()
    assert len(bare) == 7 and "方案措施：无" in bare[5] and "（须人工判定）" in bare[1] and "现行有效" in bare[4]
    for changes, words in (
        ({"geometry": "within", "distance_m": 30.0}, "不超过30 米"),
        ({"geometry": "within", "certain_m": 5.0}, "不超过 5 米（更远"),
        ({"geometry": "within", "distance_attribute": "protection_distance_m"}, "不超过申报的"),
        ({"geometry": "engine"}, "判定引擎对照"),
    ):
        assert words in explain_rule(rule("X-03", "z", **changes), attributes=load_attributes()).splitlines()[1]
    assert "“z”" not in explain_rule(rule("X-04", "", geometry="none"))


def test_tables_of_rules_list_those_they_are_for():
    read, unread, unsearched = (
        rule("A-1", "z"),
        rule("B-1", "z", mark="M", searched="找过"),
        rule("C-1", "z", mark="M", manual=True, needs_review=True),
    )
    assert [line.split(" | ")[0] for line in unread_table([read, unread, unsearched]).splitlines()[2:]] == ["| B-1"]
    rows = overview_table([read, unsearched]).splitlines()[2:]
    assert (
        "禁止（人工）" in rows[1]
        and "禁止（人工）" not in rows[0]
        and rows[1].endswith("，须复核 |")
        and "须复核" not in rows[0]
    )


@pytest.mark.parametrize(
    ("op", "value", "kind", "test"),
    [
        ("in", (1.0, 2.5), "number", "1, 2.5"),
        ("ne", 3.0, "number", "not(3)"),
        ("eq", "甲", "string", '"甲"'),
        ("ne", "甲", "string", 'not("甲")'),
        ("in", ("甲", "乙"), "string", '"甲", "乙"'),
        ("in", ("1", 2.0), "string", '"1", "2.0"'),
        ("gt", 2.0, "number", "> 2"),
        ("true", None, "boolean", "true"),
    ],
)
def test_a_condition_as_a_cell_of_a_decision_table(op, value, kind, test):
    inputs = Inputs()
    spec = {"a": AttributeSpec(name="a", title="甲项", type="text")}
    name, said = _test(Condition.model_construct(attribute="a", op=op, value=value, unit=""), inputs, spec)
    assert (said, inputs.by_name[name].kind) == (test, kind)


def test_a_broken_row_of_a_pack_stops_the_book_and_all_faults_are_told(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.toml").write_text('[[rule]]\nid = "A-1"\n[[amend]]\nid = "Z-9"\neffect = "限制"\n', encoding="utf-8")
    (folder / "b.toml").write_text("[[rule", encoding="utf-8")
    with pytest.raises(RuleError) as raised:
        rule_book._rules_of((CHENGDE[0].model_copy(update={"folder": tmp_path}),))
    told = "；".join(raised.value.problems)
    assert "a.toml A-1" in told and "b.toml 无法读取" in told and "要改的规则 Z-9 不在" in told


def test_of_whom_a_blank_is_asked(monkeypatch):
    specs = {
        "all": {},
        "some": {"asked_of": ("25",), "blank_reason": "r"},
        "none": {"when_blank": "no", "blank_reason": "r"},
    }
    made = {name: AttributeSpec(name=name, title=name, type="flag", **row) for name, row in specs.items()}
    monkeypatch.setattr(attribute_rules, "load_attributes", lambda: made)
    asked = {
        (name, code): attribute_rules.is_asked_of(name, code)
        for name in (*specs, "other")
        for code in ("2511", "3110", "2", "")
    }
    assert {key for key, said in asked.items() if said is False} == {
        ("some", "3110"),
        *(("none", code) for code in ("2511", "3110", "2", "")),
    }
    assert (
        asked["some", "2511"] is True
        and asked["some", "2"] is None
        and asked["all", "3110"] is True
        and asked["other", "3110"] is True
    )


def test_a_rule_may_end_on_its_first_day_and_be_certain_as_far_as_it_reaches():
    for day, ok in ((date(2020, 1, 1), True), (date(2019, 12, 31), False)):
        try:
            assert rule("A-1", "z", effective_to=day).in_force(day) and ok
        except ValueError:
            assert not ok
    for certain, ok in ((50.0, True), (50.1, False)):
        try:
            assert rule("A-1", "z", geometry="within", distance_m=50.0, certain_m=certain).reach_m == certain and ok
        except ValueError:
            assert not ok
    for changes in ({"geometry": "hit", "certain_m": 1.0}, {"geometry": "within"}, {"geometry": "hit", "layer": ""}):
        with pytest.raises(ValueError, match="A-1"):
            rule("A-1", **({"layer": "z"} | changes))
    for wrong in ({"reason": "r"}, {"activities": ["A01"], "industry_prefixes": ["25"], "any_industry": "w"}):
        with pytest.raises(ValueError, match="例外条款"):
            Exemption(**wrong)
    assert rule("WS-01-2018B", "z").family == "WS-01" and rule("WS-01", "z", mark=str(Evidence.TOOL)).start_text == ""
    assert [rule("A-1", "z", date_precision=p).start_text for p in ("day", "month", "year")] == [
        "2020-01-01",
        "2020-01",
        "2020",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan_measure": "77"}, "plan_measure 应为"),
        ({"industry_prefixes": ["99"]}, "行业代码 99 不在"),
        ({"activities": ["Z99"]}, "活动 Z99 不在词表中"),
        ({"conditions": [{"attribute": "无此项", "op": "true"}]}, "属性 无此项 不在属性词典中"),
        ({"distance_attribute": "无此项", "geometry": "within"}, "属性 无此项 不在"),
        ({"conditions": [{"attribute": "cod_t_per_yr", "op": "gt", "value": 1, "unit": "m"}]}, "的单位是"),
        ({"conditions": [{"attribute": "cod_t_per_yr", "op": "true"}]}, "不能用 true"),
        ({"clause": " "}, "缺少条文"),
        ({"basis": [Basis(document=" ")]}, "依据缺少文件名称"),
        ({"geometry": "none", "zone_ids": ["1"]}, "这些不起作用"),
        ({"zone_classes": ["丁"]}, "没有类别 丁"),
        ({"layer": "y"}, "图层 y 不在目录中"),
        ({"effect": "退出", "project_types": ["新建"]}, "退出只针对既有"),
        ({"subject_kinds": ["enterprise"], "project_types": ["新建"]}, "对象只有企业"),
        ({"date_precision": "year"}, "须标 needs_review"),
        ({"date_precision": "year", "effective_from": date(2020, 2, 1)}, "从1月1日起计"),
        ({"subject_kinds": []}, "subject_kinds 为空"),
        ({"geometry": "within", "distance_m": -1.0}, "小于 0"),
    ],
)
def test_each_fault_of_a_rule_is_told_and_a_sound_rule_has_none(changes, said):
    usual = {"types_reason": "r", "project_types": ["新建"], "zone_classes": ["甲"]}

    def faults(found):
        book = replace(load_rulebook(), rules=(found,), added=("A-1",))
        return [
            fault
            for fault in check_rules(book, {"z": ("甲", "乙")}, load_attributes(), {"25", "2511"})
            if "A-1" in fault and "早于所据" not in fault
        ]

    assert faults(rule("A-1", "z", **usual)) == []
    assert any(said in fault for fault in faults(rule("A-1", **({"layer": "z"} | usual | changes)))), said
    assert Effect.PROHIBIT.rank == 3 and SubjectKind.PROJECT == "project"


def test_a_plan_that_lacks_a_column_or_cannot_be_read_is_refused_by_name(tmp_path):
    pack = CHENGDE[0].model_copy(update={"folder": tmp_path})
    assert measures_by_rule(pack) == {}
    table = tmp_path / "plan" / "rules.csv"
    table.parent.mkdir()
    table.write_text("\ufeffrule_id,measures\nA-1,1;2\n", encoding="utf-8")
    assert measures_by_rule(pack) == {"A-1": "1;2"}
    for data, said in ((b"rule_id,numbers\nA-1,1\n", "应有 rule_id、measures 两列"), (b"rule_id,measures\n\xff\xfe,1\n", "无法读取")):
        table.write_bytes(data)
        with pytest.raises(RuleError, match=said):
            measures_by_rule(pack)


@pytest.mark.parametrize(("text", "is_number"), [
    ("冀政〔1980〕1号", None), ("冀政〔2099〕1号", None), ("冀〔2026〕1号", False), ("冀政〔2026〕1号", True), ("冀自然资规〔2026〕123456号", True),
    ("冀政〔2026〕1234567号", False), ("冀政 [2026] 第 7 号", True), ("冀政【2026】7号", True), ("申请中〔2026〕7号", False),
    ("冀政〔26〕7号", False),
])  # fmt: skip
def test_a_number_has_issuer_year_and_serial_in_some_brackets(text, is_number):
    forms = document_numbers._forms()
    if is_number is None:
        is_number = forms["first_year"] <= int(text[3:7]) <= forms["last_year"]
    assert is_document_number(text) == is_number
    for year in (forms["first_year"], forms["last_year"]):
        assert is_document_number(f"冀政〔{year}〕1号") and not is_document_number(f"冀政〔{forms['first_year'] - 1}〕1号")


def test_all_faults_of_all_files_of_a_workspace_are_told_at_once(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.toml").write_text('[[rule]]\ntitle = "无编号"\n', encoding="utf-8")
    (folder / "b.toml").write_text("[[rule", encoding="utf-8")
    (folder / "c.toml").write_text('[[rule]]\nid = "A-1"\n[[rule]]\ntitle = "第二条也没有编号"\n', encoding="utf-8")
    with pytest.raises(RuleError) as raised:
        read_own_rules(tmp_path)
    told = "；".join(raised.value.problems)
    assert all(words in told for words in ("rules/a.toml 第 1 条", "rules/b.toml 无法读取", "rules/c.toml A-1", "rules/c.toml 第 2 条"))


def test_a_condition_of_an_exemption_names_a_known_attribute():
    spared = {"conditions": [{"attribute": "无此项", "op": "true"}], "article": "a", "reason": "r", "any_industry": "w"}
    book = replace(load_rulebook(), rules=(rule("A-1", "z", unless=[spared]),), added=("A-1",))
    assert any("属性 无此项 不在属性词典中" in fault for fault in check_rules(book, {"z": ()}, load_attributes(), set()))


def test_a_name_without_its_tail_means_the_coarsest_code_of_that_name_unless_another_is_called_just_so():
    names = {code: industry._plain(entry.name) for code, entry in industry._codes().items()}
    found = industry._codes_named()
    coarse = sorted(names, key=len)
    for code in coarse:
        bare = industry._TAIL.sub("", names[code])
        if bare and bare not in names.values():
            assert found[bare] == (next(other for other in coarse if industry._TAIL.sub("", names[other]) == bare),)
        assert code in found[names[code]]


@pytest.mark.parametrize("types", [(), ("新建",), ("新建", "既有")])
def test_a_table_asks_for_the_project_type_only_where_the_rule_names_some(types):
    text = write_dmn([rule("A-1", "z", project_types=types)], load_attributes(), as_of=DAY)
    assert ("input_project_type" in (text if isinstance(text, str) else text.decode())) == bool(types)


def test_a_number_counts_once_registered_and_a_statement_as_it_stands():
    said = {op: condition_text(Condition(attribute="opinion_document", op=op), TITLES) for op in ("declared", "not_declared", "given")}
    assert "经登记核验的" in said["declared"] and "经登记核验的" in said["not_declared"] and "经登记核验的" not in said["given"]
    plain = next(name for name, spec in load_attributes().items() if spec.type == "text")
    assert "经登记核验的" not in condition_text(Condition(attribute=plain, op="declared"), TITLES)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_sheet_in_the_programs_own_form_comes_back_as_it_is_even_where_it_lacks_a_column(missing):
    table = pd.DataFrame({name: ["甲"] for name in COLUMNS[: 4 + missing]})
    assert as_clauses(table) is table
    other = pd.DataFrame({name: ["甲"] for name in (*COLUMNS[:2], "环境管控单元编码", "空间布局约束")})
    assert as_clauses(other) is not table
