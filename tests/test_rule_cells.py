"""Laws of how rules are written, read, put in words and compared: each cell, sign and sentence against a plain table of what it must be."""

import io
import re
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from shapes import rule

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import Evidence, Level
from cdgis.rules import Rulebook, load_rulebook, proofs, rule_span
from cdgis.rules.attributes import AttributeSpec, load_attributes
from cdgis.rules.check import check_rules
from cdgis.rules.columns import COLUMNS, cell_text, read_row, write_cell
from cdgis.rules.json_book import write_json_book
from cdgis.rules.notation import OPERATORS, read_conditions, write_basis, write_conditions, write_unless, write_words
from cdgis.rules.rule import Basis, Condition, Exemption, Rule
from cdgis.rules.rule_changes import rule_changes
from cdgis.rules.rule_text import condition_text, explain_activity, explain_rule
from cdgis.rules.sheet import SHEET, read_sheet, write_sheet
from cdgis.rules.unknown_classes import classes_named, unknown_classes

ATTRIBUTES = load_attributes()
TITLES = {name: spec.title for name, spec in ATTRIBUTES.items()}
FLAG, NUMBER, TEXT, DOCUMENT, LIST = (
    next(name for name, spec in ATTRIBUTES.items() if spec.type == kind)
    for kind in ("flag", "number", "text", "document", "list")
)
DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "是"),
        (False, ""),
        (0, "0"),
        (7, "7"),
        (2.0, "2"),
        (-3.0, "-3"),
        (2.5, "2.5"),
        (0.0, "0"),
        ("  甲 ", "甲"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1000000000000000.0"),
        (-1e15, "-1000000000000000.0"),
        (1e16, "1e+16"),
        (float("inf"), "inf"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02"),
    ],
)
def test_a_cell_as_text(cell, text):
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ({"op": "in", "value": ("甲",)}, '甲项 属于 "甲"、'),
        ({"op": "in", "value": ("甲", "乙")}, '甲项 属于 "甲"、"乙"'),
        ({"op": "in", "value": ()}, "甲项 属于 、"),
        ({"op": "eq", "value": "甲"}, '甲项 = "甲"'),
        ({"op": "true"}, "甲项 是"),
        ({"op": "lt", "value": 5.0, "unit": "m"}, "甲项 < 5（m）"),
        ({"op": "lt", "value": 5.5}, "甲项 < 5.5"),
        ({"op": "ge", "value": 999_999_999_999_999.0}, "甲项 ≥ 999999999999999"),
        ({"op": "ge", "value": 1e15}, "甲项 ≥ 1000000000000000.0"),
        ({"op": "ge", "value": -1e15}, "甲项 ≥ -1000000000000000.0"),
        ({"op": "declared", "unit": "a（b"}, '甲项 已申报（"a（b"）'),
    ],
)
def test_a_condition_as_it_stands_in_a_cell(made, text):
    assert write_conditions((Condition(attribute="a", **made),), {"a": "甲项"}) == text
    assert read_conditions(text, {"甲项": "a"}) == (Condition(attribute="a", **made),)


def test_words_bases_and_exemptions_as_they_stand_in_a_cell():
    assert write_words(["甲", "a b", "a、b", 'a"b', "a（b"]) == '甲、"a b"、"a、b"、"a\\"b"、"a（b"'
    bases = (
        Basis(document="法", article="第1条", issuer="国务院"),
        Basis(document=" 法", mark=Evidence.UNVERIFIED),
        Basis(document="甲 乙"),
    )
    assert write_basis(bases) == f'《法》第1条（国务院）；《" 法"》〔{Evidence.UNVERIFIED}〕；《甲 乙》'
    spared = Exemption(
        activities=("A01", "A02"),
        conditions=(Condition(attribute="a", op="true"),),
        reason="由",
        article="《法》1",
        successors=("S-1",),
        industry_prefixes=("25",),
    )
    text = '{活动 A01、A02；条件 甲项 是；条款 "《法》1"；接手 S-1；行业 25；理由 "由"} {活动 A03；不限行业 "因"}'
    assert write_unless([spared, Exemption(activities=("A03",), any_industry="因")], {"a": "甲项"}) == text


@pytest.mark.parametrize("sign", [*OPERATORS.values(), ">=", "<=", "!=", "<>"])
def test_every_sign_is_read_as_itself_with_or_without_blanks(sign):
    wanted = {**{sign: op for op, sign in OPERATORS.items()}, ">=": "ge", "<=": "le", "!=": "ne", "<>": "ne"}[sign]
    gaps = ("", " ") if sign in "<>=≠≤≥" or len(sign) == 2 and sign.isascii() else (" ",)
    for gap in gaps:
        (found,) = read_conditions(f'甲{gap}{sign}{gap}"5"', {})
        assert (found.attribute, found.op, found.value) == ("甲", wanted, "5")


@pytest.mark.parametrize(
    "text", ["甲", "甲 大于 5", "甲 = true", "甲 = [1]", "甲 = null", "= 5", "甲 = 5（m", "甲 = 5 6", '甲 = "a']
)
def test_a_condition_nobody_can_read_is_refused_with_its_place(text):
    with pytest.raises(RuleError, match="处看不懂："):
        read_conditions(text, {})


def said(op, name, value=None, unit=""):
    return condition_text(
        Condition(attribute=name, op=op, value=value, unit=unit),
        {"f": "是否为甲", "p": "是否乙", "n": "丙", DOCUMENT: "文"},
    )


def test_every_kind_of_condition_in_words():
    assert [said(op, "f") for op in ("true", "false", "declared", "not_declared", "given")] == [
        "是否为甲：是",
        "是否为甲：否",
        "申报为甲",
        "未申报为甲",
        "填有是否为甲",
    ]
    assert [said(op, "p") for op in ("declared", "not_declared")] == ["申报为乙", "未申报为乙"]
    assert [said(op, "n") for op in ("declared", "not_declared", "given")] == ["填有丙", "未填有丙", "填有丙"]
    assert [said(op, DOCUMENT) for op in ("declared", "not_declared", "given")] == [
        "填有经登记核验的文",
        "未填有经登记核验的文",
        "填有文",
    ]
    words = {"lt": "小于", "le": "不大于", "gt": "大于", "ge": "不小于", "eq": "为", "ne": "不为"}
    for op, word in words.items():
        assert (
            said(op, "n", 2.50, "m2") == f"丙{word} 2.5 平方米"
            and said(op, "n", 2.0) == f"丙{word}2"
            and said(op, "n", "x", "u") == f"丙{word} x u"
        )
    assert said("in", "n", ("x", "y")) == "丙为下列之一：x、y" and said("has", "n", ("x",)) == "丙含x"
    assert said("gt", "area_m2", 123_456_789.5) == "面积大于123456789.5" and said("gt", "length_m", 1.0) == "长度大于1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"project_types": ["既有"]}, "既有项目和企业，"),
        ({"project_types": ["新建", "既有"]}, "新建、既有项目或企业，"),
        ({"project_types": ["新建"], "subject_kinds": ["project"]}, "新建项目，"),
        ({"subject_kinds": ["enterprise"]}, "企业，"),
        ({"activities": ["A01", "A02"]}, "，申报活动为 A01、A02，"),
        ({"industry_prefixes": ["25", "26"]}, "，行业代码属 25、26，"),
        ({"industry_flag": "two_high"}, "，属“两高”行业，"),
        ({"industry_prefixes": ["25"], "industry_flag": "water_sensitive"}, "，行业代码属 25，属涉水重点行业，"),
        ({"zone_classes": ["甲"], "zone_ids": ["1", "2"]}, "，压占“z”甲、1、2的，"),
        (
            {"industry_prefixes": ["25"], "or_declared": {"attribute": "a", "op": "true"}},
            "，行业代码属 25（或申报a：是），",
        ),
        ({"or_declared": {"attribute": "a", "op": "true"}}, "项目或企业，压占"),
        ({"geometry": "engine"}, "，判定引擎对照“z”发现的，"),
        (
            {"conditions": [{"attribute": "a", "op": "lt", "value": 1}, {"attribute": "b", "op": "false"}]},
            "，压占“z”，a小于1，b：否的，",
        ),
        ({"geometry": "within", "distance_m": 30.5}, "，与“z”的距离不超过30.5 米的，"),
        ({"geometry": "none"}, "项目或企业的，"),
        ({"geometry": "within", "distance_attribute": "a"}, "，与“z”的距离不超过申报的a的，"),
        (
            {"geometry": "within", "certain_m": 5.0, "distance_m": 9.0},
            "，与“z”的距离不超过 5 米（更远而仍可能属“周边”的由人判定）的，",
        ),
    ],
)
def test_whom_and_where_a_rule_catches_in_words(changes, words):
    assert words in explain_rule(rule("X-01", "z", **changes)).splitlines()[1]


@pytest.mark.parametrize(
    ("precision", "until", "words"),
    [
        ("day", None, "2020-03-04起，现行有效"),
        ("month", None, "2020-03（只知年月，按1日计）起，现行有效"),
        ("year", None, "2020年（只知年份，按1月1日计）起，现行有效"),
        ("day", date(2027, 1, 2), "2020-03-04起，至 2027-01-02 止"),
    ],
)
def test_since_when_and_until_when_in_words(precision, until, words):
    lines = explain_rule(
        rule("X-01", "z", effective_from=date(2020, 3, 4), date_precision=precision, effective_to=until)
    ).splitlines()
    assert f"施行：{words}" in lines
    assert "施行：不设期限（本工具的规则）" in explain_rule(rule("X-01", "z", mark=str(Evidence.TOOL))).splitlines()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(["A01", "A02"]), max_size=2, unique=True)), max_size=4)
)
def test_what_declaring_an_activity_does_is_told_rule_by_rule(made):
    rules = [
        rule(
            f"R-{i}",
            "z",
            activities=["A01"] if aimed else [],
            unless=[{"activities": [a], "reason": f"由{a}"} for a in spared],
        )
        for i, (aimed, spared) in enumerate(made)
    ]
    lines = explain_activity("A01", "义", rules).splitlines()
    aimed = [f"R-{i}" for i, (is_aimed, _) in enumerate(made) if is_aimed]
    spared = [f"R-{i}" for i, (_, names) in enumerate(made) if "A01" in names]
    assert lines[0].startswith("活动 A01：义（用 ")
    assert [line.split()[0] for line in lines if "出处：" in line] == aimed and [
        line.split()[0] for line in lines if "理由：由A01" in line
    ] == spared
    assert (f"针对此活动的规则 {len(aimed)} 条：" in lines) == bool(aimed) != ("没有专门针对此活动的规则。" in lines)
    assert (
        (f"申报此活动即不适用的规则 {len(spared)} 条：" in lines)
        == bool(spared)
        != ("没有因申报此活动而不适用的规则。" in lines)
    )


OWN = {"id", "effective_from", "effective_to", "date_precision", "needs_review", "note"}
CHANGED = {
    "title": "别",
    "level": "省",
    "effect": "限制",
    "dimension": "环境风险防控",
    "clause": "别",
    "zone_classes": ["甲"],
    "project_types": ["新建"],
    "industry_flag": "two_high",
    "manual": True,
    "penalty": "罚",
    "note": "注",
    "needs_review": True,
    "plan_measure": "1",
    "source": "别处",
    "conditions": [{"attribute": "a", "op": "true"}],
    "basis": [{"document": "别"}],
    "distance_m": 5.0,
    "subject_kinds": ["project"],
}


@settings(max_examples=60)
@given(st.sets(st.sampled_from(sorted(CHANGED)), max_size=4))
def test_the_parts_in_which_two_periods_of_a_rule_differ_are_named_and_no_others(fields):
    old = rule("A-01-2020", "z", effective_to=date(2025, 12, 31), title="题")
    new = rule(
        "A-01-2026",
        **({"layer": "z", "title": "题"} | {name: CHANGED[name] for name in fields}),
        effective_from=date(2026, 1, 1),
    )
    (change,) = rule_changes(Rulebook(rules=(old, new)), date(2025, 1, 1), date(2026, 1, 1))
    assert change.what == tuple(column.title for column in COLUMNS if column.field in fields - OWN)


def test_the_day_judged_lies_within_the_span_and_late_days_are_said():
    span, one = rule_span.read_span(), timedelta(days=1)
    for day in (span.first, span.last, span.compiled_on):
        assert rule_span.checked_day(day) == day
    for day in (span.first - one, span.last + one):
        with pytest.raises(RuleError, match=f"{day} 不在规则库覆盖的期间（{span.first} 至 {span.last}）"):
            rule_span.checked_day(day)
    assert rule_span.span_note(span.compiled_on) == "" and str(span.compiled_on) in rule_span.span_note(
        span.compiled_on + one
    )


def faults(*rules: Rule, of=None, attributes=ATTRIBUTES):
    book = Rulebook(rules=rules, added=tuple(item.id for item in rules))
    return check_rules(book, {"z": ("甲", "乙"), "y": ()}, attributes, {"25", "2511"}, of=of)


KINDS = {
    name: AttributeSpec(name=name, title=name, type=name, unit="m" if name == "number" else "")
    for name in ("flag", "number", "text")
}
COMPARED = st.tuples(
    st.sampled_from([*KINDS, "area_m2", "nobody"]), st.sampled_from(list(OPERATORS)), st.sampled_from(["", "m", "m2"])
)


@settings(max_examples=80)
@given(st.lists(COMPARED, max_size=3), COMPARED, st.sampled_from(["", "flag", "nobody"]), st.booleans())
def test_what_is_wrong_with_each_condition_of_a_rule_is_told(tests, spare, distance, widened):
    made = [{"attribute": name, "op": op, "value": 1.0, "unit": unit} for name, op, unit in (*tests, spare)]
    found = rule(
        "A-1",
        "z",
        geometry="within",
        distance_m=1.0,
        distance_attribute=distance,
        conditions=made[:-1],
        **(
            {"or_declared": made[-1]}
            if widened
            else {"unless": [{"conditions": [made[-1]], "article": "a", "reason": "r", "any_industry": "w"}]}
        ),
    )
    wanted = [f"属性 {distance} 不在属性词典中"] if distance == "nobody" else []
    for name, op, unit in (*tests, spare):
        kind, own = ("number", "m2") if name == "area_m2" else (name, KINDS[name].unit if name in KINDS else "")
        if name == "nobody":
            wanted.append("属性 nobody 不在属性词典中")
            continue
        if op not in ("declared", "not_declared", "given") and (op in ("lt", "le", "gt", "ge")) != (kind == "number"):
            wanted.append(f"属性 {name} 是 {kind}，不能用 {op} 比较")
        if op in ("true", "false") and kind != "flag":
            wanted.append(f"属性 {name} 是 {kind}，不能用 {op} 判断")
        if unit and unit != own:
            wanted.append(f"属性 {name} 的单位是 {own or '无'}，条件写的是 {unit}")
    told = [fault.removeprefix("A-1：") for fault in faults(found, attributes=KINDS)]
    assert [fault for fault in told if fault.startswith("属性 ")] == wanted


def test_asked_of_some_rules_all_faults_that_name_one_of_them_come_and_no_others():
    rules = (
        rule("A-1", "z", "鼓励", project_types=["新建"]),
        rule("B-1", "z", project_types=["新建"]),
        rule("C-1", "z", clause=" "),
        rule("C-1.5", "z", basis=[{"document": " "}]),
        rule("D-1", "y", "提示"),
    )
    whole = faults(*rules)
    assert any("A-1" in fault and "B-1" in fault for fault in whole) and len(whole) > 4
    for ids in ({"A-1"}, {"B-1"}, {"C-1"}, {"C-1.5"}, {"D-1"}, {"B-1", "C-1"}, set()):
        named = [fault for fault in whole if set(re.split(r"[：\s]", fault)) & ids]
        assert faults(*rules, of=ids) == named
    assert faults(rules[4]) == []


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["甲", "乙", "丙", "不详"])), min_size=1, max_size=3),
    st.dates(date(2019, 12, 1), date(2020, 3, 1)),
)
def test_a_rule_may_begin_with_its_earliest_document_and_no_day_before(names, begins):
    known = {"甲": date(2020, 1, 1), "乙": date(2020, 1, 10), "丙": date(2020, 2, 1)}
    found = rule("A-1", "z", basis=[{"document": name} for (name,) in names], effective_from=begins)
    days = [known.get(name) for (name,) in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proofs, "document_dates", lambda: known)
        told = list(proofs.date_faults(found))
    early = None not in days and begins < min(days)
    assert told == ([f"施行日期 {begins} 早于所据文件的 {min(days)}"] if early else [])


@pytest.mark.parametrize(
    ("heir", "own", "meant", "holds"),
    [
        ({}, {}, ("25",), True),
        ({"industry_prefixes": ["25"]}, {}, ("2511", "2520"), True),
        ({"industry_prefixes": ["25"]}, {}, ("2511", "26"), False),
        ({"industry_prefixes": ["251", "26"]}, {}, ("2511", "26"), True),
        ({"industry_prefixes": ["25"]}, {}, (), False),
        ({"industry_prefixes": ["25"]}, {"industry_prefixes": ["2511"]}, (), True),
        ({"industry_prefixes": ["25"]}, {"industry_prefixes": ["26"]}, (), False),
        (
            {"industry_prefixes": ["25"]},
            {"industry_prefixes": ["2511"], "or_declared": {"attribute": "a", "op": "true"}},
            (),
            False,
        ),
        ({"industry_flag": "two_high"}, {"industry_flag": "two_high"}, (), True),
        ({"industry_flag": "two_high"}, {"industry_prefixes": ["25"]}, (), False),
        ({"industry_flag": "two_high", "industry_prefixes": ["25"]}, {}, ("2511",), False),
        ({"industry_flag": "two_high"}, {}, ("2511",), False),
    ],
)
def test_an_heir_of_some_industries_takes_over_only_those(heir, own, meant, holds):
    spared = Exemption(activities=("A01",), industry_prefixes=meant)
    assert proofs._industries_hold(rule("S-1", "z", **heir), rule("R-1", "z", **own), spared) is holds


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ((2020, None), (2019, 2020), True),
        ((2021, None), (2019, 2020), False),
        ((2019, 2020), (2020, None), True),
        ((2019, 2020), (2021, None), False),
        ((2020, 2022), (2021, 2023), True),
        ((2019, 2019), (2020, 2020), False),
        ((2020, 2020), (2019, 2019), False),
        ((2020, None), (2021, None), True),
    ],
)
def test_a_praise_and_a_ban_contradict_each_other_on_days_they_share(one, other, both):
    def made(name, effect, years):
        last = date(years[1], 1, 1) if years[1] else None
        return rule(
            name,
            "z",
            effect,
            effective_from=date(years[0], 1, 1),
            effective_to=last,
            types_reason="r",
            project_types=["新建"],
        )

    found = [fault for fault in faults(made("A-1", "鼓励", one), made("B-1", "禁止", other)) if "矛盾" in fault]
    assert found == (["A-1：与 B-1 矛盾（同一对象既鼓励又禁止）"] if both else [])


def test_an_exemption_that_always_holds_is_told():
    given_ = {"attribute": FLAG, "op": "true"}
    other = {"attribute": NUMBER, "op": "gt", "value": 1.0}
    for own, spared, idle in (
        ({"activities": ["A01"]}, {"activities": ["A01", "A02"]}, True),
        ({"activities": ["A01", "A02"]}, {"activities": ["A01"]}, False),
        ({}, {"activities": ["A01"]}, False),
        ({"conditions": [given_]}, {"conditions": [given_]}, True),
        ({}, {"conditions": [given_]}, False),
        ({"conditions": [given_, other]}, {"conditions": [given_]}, True),
        ({"conditions": [given_]}, {"conditions": [given_, other]}, False),
        ({"activities": ["A01"], "conditions": [given_]}, {"activities": ["A01"], "conditions": [given_]}, True),
        ({"activities": ["A01"]}, {"activities": ["A01"], "conditions": [given_]}, False),
        ({"activities": ["A01"]}, {"conditions": [given_]}, False),
        ({"activities": ["A01"], "conditions": [given_]}, {"conditions": [given_]}, True),
    ):
        spare = {"article": "a", "reason": "由", "any_industry": "w", **spared}
        told = [
            fault for fault in faults(rule("A-1", "z", unless=[spare], **own)) if "例外“由”总是成立，永不适用" in fault
        ]
        assert bool(told) == idle, (own, spared)


def test_a_workbook_offers_the_allowed_words_of_every_column_and_explains_them():
    book = load_workbook(io.BytesIO(write_sheet([rule("A-1", "z", clause="=1+1")], ATTRIBUTES)))
    sheet, notes = book[SHEET], book["填写说明"]
    assert sheet.freeze_panes == "C2" and book.sheetnames == [SHEET, "填写说明"]
    lists = {str(check.sqref): check for check in sheet.data_validations.dataValidation}
    wanted = {
        f"{get_column_letter(n)}2:{get_column_letter(n)}5000": column
        for n, column in enumerate(COLUMNS, start=1)
        if column.choices
    }
    assert lists.keys() == wanted.keys()
    for place, column in wanted.items():
        check = lists[place]
        assert (check.formula1, check.type, check.allow_blank, check.showErrorMessage) == (
            f'"{",".join(column.choices)}"',
            "list",
            True,
            True,
        )
        assert check.errorTitle == column.title and all(word in check.error for word in column.choices)
    for number, column in enumerate(COLUMNS, start=1):
        head = sheet.cell(1, number)
        assert (head.value, head.font.bold, head.fill.fgColor.rgb) == (column.title, True, "FFE3EAF2")
        assert sheet.column_dimensions[get_column_letter(number)].width == column.width
    clause = sheet.cell(2, 1 + next(i for i, column in enumerate(COLUMNS) if column.field == "clause"))
    assert (clause.value, clause.data_type, clause.number_format, clause.alignment.wrap_text) == (
        "=1+1",
        "s",
        "@",
        True,
    )
    rows = [(a or "", b or "") for a, b in notes.iter_rows(values_only=True)]
    assert rows[0] == ("列", "怎样填写") and rows[1 : 1 + len(COLUMNS)] == [
        (column.title, column.help) for column in COLUMNS
    ]
    assert [row[0] for row in rows[1 + len(COLUMNS) :][:6]] == ["", "写法举例", "条件", "除外", "依据", "比较符号"]
    assert (TITLES[NUMBER], f"数值 {ATTRIBUTES[NUMBER].unit}".strip()) in rows and (TITLES[FLAG], "是/否") in rows
    assert book.properties.creator == "cdgis" and book.properties.created == book.properties.modified == datetime(
        2000, 1, 1
    )
    assert (notes.column_dimensions["A"].width, notes.column_dimensions["B"].width) == (34, 100)


@settings(max_examples=60)
@given(
    st.text(alphabet='甲a1 \t\n"\\_x\x00\x1f\x7f\ud800\ufffe', max_size=8),
    st.sampled_from([0.1 + 0.2, 1 / 3, 5.0, 1e22, 2.5]),
)
def test_a_text_and_a_number_come_back_from_their_cell_as_they_went_out(text, number):
    made = rule(
        "A-1",
        "z",
        note=f"{text}_x000A_"[: len(text)],
        clause=f" {text}",
        title=text + "甲",
        geometry="within",
        distance_m=number,
    )
    cells = {column.field: write_cell(made, column.field, TITLES) for column in COLUMNS}
    assert all(
        isinstance(cell, float) or not re.search("[\x00-\x08\x0b-\x1f\x7f\ud800\ufffe]", cell)
        for cell in cells.values()
    )
    fields, wrong = read_row(cells, {})
    assert wrong == [] and Rule(**fields) == made


def test_conditions_that_cannot_hold_together_are_told_once_a_pair():
    tests = [{"attribute": TEXT, "op": "eq", "value": word} for word in ("甲", "乙", "丙")]
    for some, pairs in (
        (tests[:2], 1),
        (tests, 3),
        ([tests[0], {"attribute": FLAG, "op": "true"}, tests[1]], 1),
        ([tests[0], tests[0]], 0),
    ):
        assert sum("不能同时成立" in fault for fault in faults(rule("A-1", "z", conditions=some))) == pairs


def edited(change) -> bytes:
    book = load_workbook(io.BytesIO(write_sheet([rule("A-1", "z"), rule("B-1", "z")], ATTRIBUTES)))
    change(book[SHEET])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_sheet_is_read_row_by_row_and_every_row_keeps_its_number():
    place = {column.field: n for n, column in enumerate(COLUMNS, start=1)}

    def spoil(sheet):
        sheet.insert_rows(3)
        sheet.cell(4, place["id"]).value = "A-1"
        sheet.cell(5, place["title"]).value = "无编号者"
        sheet.cell(6, place["id"]).value = "小写"

    found = read_sheet(edited(spoil), ATTRIBUTES, name="x.xlsx")
    assert [item.id for item in found.rules] == ["A-1"] and found.row_of["A-1"] == 2
    assert any(fault == "第 4 行（A-1）编号：与第 2 行重复" for fault in found.faults)
    assert any(fault.startswith("第 5 行（无编号）编号为空") for fault in found.faults)
    assert any(fault.startswith("第 6 行（小写）") for fault in found.faults)
    assert {fault.split("行")[0] for fault in found.faults} == {"第 4 ", "第 5 ", "第 6 "}
    # a formula whose value nobody computed is a blank, not its text
    blank = read_sheet(
        edited(lambda sheet: setattr(sheet.cell(2, place["title"]), "value", "=A2")), ATTRIBUTES, name="x.xlsx"
    )
    assert blank.faults == ("第 2 行（A-1）规则为空",) and [item.id for item in blank.rules] == ["B-1"]
    wrong = read_sheet(
        edited(lambda sheet: setattr(sheet.cell(2, place["id"]), "value", "甲1")), ATTRIBUTES, name="x.xlsx"
    )
    assert wrong.faults == ("第 2 行（甲1）编号：读到“甲1”，应以大写字母或数字开头，只含字母、数字、点、连字符",)


def test_a_sheet_that_lacks_or_adds_columns_is_refused_by_name():
    for change, words in (
        (lambda sheet: sheet.delete_cols(2), "缺少列：规则"),
        (lambda sheet: setattr(sheet.cell(1, len(COLUMNS) + 1), "value", "多"), "不认识的列：多"),
    ):
        with pytest.raises(RuleError, match=words):
            read_sheet(edited(change), ATTRIBUTES, name="x.xlsx")
    stream = io.BytesIO()
    Workbook().save(stream)
    with pytest.raises(RuleError, match="没有工作表“规则”，读到 Sheet"):
        read_sheet(stream.getvalue(), ATTRIBUTES, name="x.xlsx")
    # a column more without a title says nothing
    assert (
        read_sheet(
            edited(lambda sheet: setattr(sheet.cell(2, len(COLUMNS) + 1), "value", "甲")), ATTRIBUTES, name="x.xlsx"
        ).faults
        == ()
    )


def test_a_json_book_says_what_is_not_left_at_its_default_in_readable_letters():
    book = write_json_book([rule("A-1", "z", clause="条文")], as_of=DAY).decode()
    assert (
        '"clause": "条文"' in book
        and '"manual"' not in book.partition('"schema"')[0]
        and '\n  "as_of"' not in book
        and '\n "as_of": "2026-11-01"' in book
    )


def test_every_rule_that_is_switched_off_replaced_or_unknown_is_where_it_belongs():
    shipped = load_rulebook()
    first = shipped.rules[0]
    mine = (replace_id(first, "ZZ-1"), first.model_copy(update={"title": "改"}))
    book = load_rulebook(own=mine, switched_off=[("ZZ-1", "由")])
    assert book.replaced == (first.id,) and book.added == ("ZZ-1",) and book.get(first.id).title == "改"
    assert [item.id for item in book.rules] == sorted([*(item.id for item in shipped.rules), "ZZ-1"])
    assert "ZZ-1" not in {item.id for item in book.in_force(DAY)} and replace(book, switched_off=()).in_force(
        DAY
    ) != book.in_force(DAY)
    with pytest.raises(RuleError) as raised:
        load_rulebook(extra=[first], switched_off=[("NO-1", "由")])
    assert (
        len(raised.value.problems) == 2
        and "出现 2 次" in raised.value.problems[0]
        and "NO-1 不存在" in raised.value.problems[1]
    )


@given(*[st.lists(st.sampled_from("甲乙丙丁"), max_size=3, unique=True)] * 3)
def test_a_class_is_known_if_a_rule_names_it_or_the_list_that_holds_it_shares_one_with_the_rules(found, named, allowed):
    standard = bool(set(named) & set(allowed))
    unknown = {name for name in found if named and name not in named and not (standard and name in allowed)}
    assert unknown_classes(found, named, allowed) == unknown
    rules = [rule(f"R-{n}", "z" if n % 2 else "y", zone_classes=[name]) for n, name in enumerate(named)]
    assert classes_named("z", rules) == tuple(sorted(named[1::2]))


def test_a_column_offers_the_words_of_its_vocabulary_and_yes_where_it_is_yes_or_no():
    for column in COLUMNS:
        words = {"needs_review": ("是",), "manual": ("是",), "level": tuple(map(str, Level)), "mark": tuple(map(str, Evidence))}.get(column.field)
        if words:
            assert column.choices == words
    offered = {"level", "effect", "dimension", "geometry", "industry_flag", "date_precision", "mark", "needs_review", "manual"}
    assert {column.field for column in COLUMNS if column.choices} == offered


def replace_id(found: Rule, name: str) -> Rule:
    return found.model_copy(update={"id": name, "effective_from": date(2020, 1, 1), "effective_to": None})
