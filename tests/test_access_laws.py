"""Laws of access lists: what a row becomes, field by field, and each fault of a row, against plain tables; sheets of any layout; units' own words."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.vocabulary import Dimension, Effect, Evidence, Level, ProjectType
from cdgis.rules.access_list import UNIT_LAYER, access_list_rules, published_as, scope_cells
from cdgis.rules.access_sheet import COLUMNS, OPTIONAL, clauses_of
from cdgis.rules.law import access_list_law, read_law
from cdgis.rules.unit_words import CUT_WORDS, WORD_COLUMNS, unit_words

CODE, LAW = read_law().code, access_list_law()
BUILDING = tuple(kind for kind in ProjectType if kind is not ProjectType.EXISTING)
UNIT, SECOND = "ZH13080210001", "ZH13080220002"
ROW = {
    **dict.fromkeys((*COLUMNS, *OPTIONAL), ""),
    "unit_code": UNIT,
    "clause_no": "1",
    "dimension": "空间布局约束",
    "text": "条文",
    "effect": "限制",
}


def read(*rows, **how):
    return access_list_rules(pd.DataFrame([{**ROW, **row} for row in rows], dtype=object), **how)


CELLS = st.fixed_dictionaries(
    {
        "unit_code": st.sampled_from(
            [
                UNIT,
                "优先保护单元总体要求",
                "重点管控",
                "一般管控类准入清单",
                "全市总体准入要求",
                "130802",
                "130800",
                "13",
            ]
        ),
        "clause_no": st.sampled_from(["1", "K2"]),
        "dimension": st.sampled_from([*map(str, Dimension)]),
        "text": st.sampled_from(["条文", "禁止新建"]),
        "effect": st.sampled_from(["", *map(str, Effect)]),
        "industry_prefixes": st.sampled_from(["", "25", "25; 2611 ;"]),
        "project_types": st.sampled_from(["", "新建", "新建;既有"]),
        "plan_measure": st.sampled_from(["", "1;2"]),
        "test": st.sampled_from(
            [
                ("", "", "", ()),
                ("a", "gt", "-1.5", -1.5),
                ("a", "in", "甲;乙", ("甲", "乙")),
                ("a", "has", "甲", ("甲",)),
                ("a", "eq", "甲", "甲"),
                ("a", "true", "", None),
                ("a", "le", "20", 20.0),
            ]
        ),
        "near": st.sampled_from([("", ""), ("500", ""), ("12.5", "red_line"), ("0", "")]),
    }
)
BEGINS = st.sampled_from([date(2021, 1, 1), date(2026, 1, 1), CODE.in_force, date(2026, 12, 1)])


@settings(max_examples=120)
@given(CELLS, st.booleans(), BEGINS)
def test_a_row_becomes_the_rule_that_its_cells_say(cells, official, begins):
    attribute, op, value, wanted = cells.pop("test")
    distance, layer = cells.pop("near")
    unit, effect = cells["unit_code"], Effect(cells["effect"] or Effect.NOTE)
    of_unit = unit == UNIT
    row = cells | {"attribute": attribute, "op": op, "value": value, "distance_m": distance, "near_layer": layer}
    law = LAW.model_copy(update={"policy_from": begins})
    made, gaps, incomplete = read(
        row, {"unit_code": UNIT, "clause_no": "99"}, official=official, law=law, city="130800"
    )
    rules = [item for item in made if not item.id.startswith(f"{UNIT}-99")]
    if layer and of_unit:
        assert made == () or rules == []
        assert incomplete == {UNIT} and "near_layer" in gaps[0].problem
        return
    assert not gaps and not incomplete
    slug = {
        "优先保护单元总体要求": "LX1",
        "重点管控": "LX2",
        "一般管控类准入清单": "LX3",
        "全市总体准入要求": "ZT",
    }.get(unit, unit)
    classes = {"优先保护单元总体要求": "优先保护", "重点管控": "重点管控", "一般管控类准入清单": "一般管控"}.get(unit)
    name, mark = f"{slug}-{cells['clause_no']}", Evidence.ORIGINAL if official else Evidence.EXAMPLE
    before_code = begins < CODE.in_force
    if effect is not Effect.PROHIBIT:
        assert [(item.id, item.effect, item.effective_from, item.effective_to) for item in rules] == [
            (name, effect, begins, None)
        ]
    else:
        year = f"{begins.year}A" if begins.year == CODE.in_force.year else str(begins.year)
        earlier = [(f"{name}-{year}", Effect.RESTRICT, begins, CODE.last_day_before)] if before_code else []
        under = (f"{name}-{CODE.in_force.year}", Effect.PROHIBIT, max(begins, CODE.in_force), None)
        assert [(item.id, item.effect, item.effective_from, item.effective_to) for item in rules] == [*earlier, under]
        assert rules[-1].penalty == LAW.penalty and [b.document for b in rules[-1].basis] == [
            LAW.document,
            CODE.document,
        ]
        assert all(
            item.needs_review and item.note and item.effect_reason == item.note and not item.penalty
            for item in rules[:-1]
        )
    default = (ProjectType.EXISTING,) if effect is Effect.EXIT else BUILDING if effect.rank else ()
    reason = "" if effect.rank < 3 else "一栏" if cells["project_types"] else "既有"
    for item in rules:
        assert item.level is (Level.UNIT if of_unit else Level.CITY) and (item.mark, item.manual) == (
            mark,
            not cells["effect"],
        )
        assert (
            item.layer == (layer or UNIT_LAYER)
            and item.clause == cells["text"]
            and item.dimension == cells["dimension"]
        )
        assert (item.geometry, item.distance_m) == (("within", float(distance)) if distance else ("hit", None))
        inside = (UNIT,) if of_unit or unit == "130802" else ()
        assert item.zone_classes == ((classes,) if classes and not layer else ()) and item.zone_ids == (
            () if layer else inside
        )
        assert item.project_types == (tuple(filter(None, cells["project_types"].split(";"))) or default)
        assert bool(item.types_reason) == bool(reason) and reason in item.types_reason
        assert item.industry_prefixes == tuple(
            word.strip() for word in cells["industry_prefixes"].split(";") if word.strip()
        )
        assert [(c.attribute, c.op, c.value) for c in item.conditions] == (
            [(attribute, op, wanted)] if attribute else []
        )
        assert (
            item.plan_measure == cells["plan_measure"]
            and unit in item.title
            and f"第 {cells['clause_no']} 条" in item.title
        )
        assert item.basis[0].document == LAW.document and item.basis[0].article == f"{unit} 第 {cells['clause_no']} 条"


FAULTS = [
    ({"clause_no": ""}, "clause_no 为空"),
    ({"text": " "}, "text 为空"),
    ({"dimension": "空间"}, "dimension 应为 "),
    ({"effect": "不许"}, "effect 应为 "),
    ({"op": "大于", "attribute": "a"}, "op 应为 "),
    ({"project_types": "新建;翻建"}, "project_types 应为 新建"),
    ({"project_types": "翻建"}, "读到 翻建"),
    ({"attribute": "a"}, "须同时填写"),
    ({"op": "true"}, "须同时填写"),
    ({"attribute": "a", "op": "gt", "value": "多"}, "op=gt 时 value"),
    ({"attribute": "a", "op": "lt", "value": ""}, "op=lt 时 value"),
    ({"attribute": "a", "op": "ge", "value": "1."}, "op=ge 时 value"),
    ({"distance_m": "远"}, "distance_m 应为数"),
    ({"distance_m": "-5"}, "distance_m 应为数"),
    ({"near_layer": "y", "distance_m": "5"}, "near_layer 只用于"),
    ({"unit_code": "全市", "near_layer": "y"}, "near_layer 只用于"),
    ({"unit_code": "ZH1308"}, "unit_code 应形如"),
    ({"unit_code": ""}, "unit_code 应形如"),
    ({"unit_code": "130899"}, "130899 是县级的要求"),
    ({"unit_code": "110000"}, "110000 不是本市（130800）的代码"),
    ({"unit_code": "1301"}, "1301 不是本市"),
    ({"unit_code": "130100"}, "130100 不是本市"),
    ({"unit_code": "ZH13080240001"}, "unit_code 应形如"),
    ({"unit_code": "12"}, "12 不是本市"),
]


@pytest.mark.parametrize(("cells", "words"), FAULTS)
def test_each_fault_of_a_row_is_told_and_takes_the_list_it_may_belong_to(cells, words):
    rules, gaps, incomplete = read(cells, {"unit_code": SECOND}, city="130800")
    known = {**ROW, **cells}["unit_code"] == UNIT
    assert len(gaps) == 1 and words in gaps[0].problem and gaps[0].row == "第 2 行"
    assert incomplete == ({UNIT} if known else {""}) and {item.zone_ids for item in rules} == (
        {(SECOND,)} if known else set()
    )
    assert (f"单元 {UNIT} 的准入清单" in gaps[0].part) == known != ("不知这一行属于哪个单元" in gaps[0].part)


@pytest.mark.parametrize(
    ("code", "ok"),
    [
        ("130800", True),
        ("1308", True),
        ("13", True),
        ("130000", True),
        ("130802", True),
        ("1309", False),
        ("14", False),
    ],
)
def test_a_row_for_an_area_is_of_the_place_or_of_what_holds_it(code, ok):
    assert bool(read({"unit_code": code}, {"unit_code": UNIT, "clause_no": "9"}, city="130800")[1]) != ok
    assert not [
        gap for gap in read({"unit_code": code}, {"unit_code": UNIT, "clause_no": "9"})[1] if "不是本市" in gap.problem
    ]


def test_a_row_for_a_county_is_for_its_units_alone():
    known = ["ZH13080210001", "ZH13080320001", "ZH13080230002"]
    assert (
        scope_cells("130802", known)["zones"] == "ZH13080210001;ZH13080230002"
        and scope_cells("130804", known)["zones"] == "?"
    )
    assert (
        scope_cells("1308", known)
        == scope_cells("130800", known) | {"slug": "1308"}
        == {"scope": "area", "zones": "", "slug": "1308"}
    )
    assert (
        scope_cells("别的", known) == {"scope": "", "zones": "", "slug": "别的"}
        and scope_cells("13080", known)["scope"] == ""
    )


@pytest.mark.parametrize(
    ("stated", "day", "precision"),
    [
        ("2024-05-06", date(2024, 5, 6), "day"),
        ("2024-05", date(2024, 5, 1), "month"),
        ("2024", date(2024, 1, 1), "year"),
        ("春", date(LAW.policy_from.year, 1, 1), "year"),
        ("2024.5", date(LAW.policy_from.year, 1, 1), "year"),
    ],
)
def test_since_when_a_list_holds_is_what_its_entry_states(stated, day, precision):
    for words in ({"published_on": stated, "version": "2019-01-01"}, {"published_on": "", "version": stated}):
        law = published_as(document="", issuer="市政府", **words)
        assert (law.policy_from, law.policy_precision, law.document, law.issuer) == (
            day,
            precision,
            LAW.document,
            "市政府",
        )
    assert published_as(document="清单", issuer="", published_on="2024", version="").issuer == LAW.issuer


WIDE = ("环境管控单元编码", "空间布局约束", "污染物排放管控", "环境风险防控", "资源开发效率要求")
LETTERS = dict(zip(map(str, Dimension), "KWFZ", strict=True))
NO_TEXT = st.sampled_from(["", "/", "无", " 暂无 "])
TEXTS = st.one_of(
    NO_TEXT,
    st.lists(st.sampled_from(["1.禁止甲。", "（2）限制乙；", "丙2.5公里。", "①丁。"]), min_size=1, max_size=3).map(
        "".join
    ),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([UNIT, SECOND]), TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3),
    st.integers(0, 2),
)
def test_a_wide_sheet_is_one_clause_an_item_numbered_within_unit_and_dimension(rows, above):
    rows = list(dict.fromkeys(rows))
    head = [["标题", "", "", "", ""]] * above
    labels, *body = [*head, list(WIDE), *map(list, rows)]
    rules, gaps, incomplete = access_list_rules(pd.DataFrame(body, columns=labels, dtype=object))
    counts, wanted = {}, []
    for unit, *texts in rows:
        for dimension, text in zip(map(str, Dimension), texts, strict=True):
            for clause in clauses_of(text) if text.strip() not in ("", "/", "无", "暂无") else ():
                counts[unit, dimension] = counts.get((unit, dimension), 0) + 1
                wanted.append((f"{unit}-{LETTERS[dimension]}{counts[unit, dimension]}", (unit,), dimension, clause))
    assert [(item.id, item.zone_ids, str(item.dimension), item.clause) for item in rules] == wanted
    assert gaps == () and incomplete == set() and all(item.manual for item in rules)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_two_columns_of_one_dimension_are_both_its_clauses(at):
    """A heading over two columns, 禁止 and 限制 beside each other: neither is passed over."""
    second = ["", *WIDE[:at], WIDE[at], *WIDE[at:]][1:]
    row = [UNIT, *["/"] * 5]
    row[at], row[at + 1] = "1.禁止甲。", "2.限制乙。"
    labels = [f"column_{n}" for n in range(1, 7)]
    rules, gaps, _ = access_list_rules(pd.DataFrame([second, row, [SECOND, *["无"] * 5]], columns=labels, dtype=object))
    found = [(item.clause, str(item.dimension)) for item in rules]
    assert found == [(text, str(list(Dimension)[at - 1])) for text in ("1.禁止甲。", "2.限制乙。")] and not gaps


def test_merged_codes_short_rows_and_rows_without_code_of_long_sheets():
    long = ["单元编码", "维度", "管控要求"]
    rows = [
        [UNIT, "空间布局约束", "甲"],
        ["", "空间布局约束", "乙"],
        ["", "环境风险", "丙"],
        [SECOND, "空间布局", "丁"],
        ["", "", ""],
        ["", "空间布局", "戊"],
    ]
    rules, gaps, _ = access_list_rules(pd.DataFrame(rows, columns=long, dtype=object))
    # a blank row ends what a merged code stands for
    assert [(item.id, item.clause) for item in rules] == []
    assert [gap.row for gap in gaps] == ["第 7 行"]
    rules, gaps, _ = access_list_rules(pd.DataFrame(rows[:4], columns=long, dtype=object))
    assert [(item.id, item.clause) for item in rules] == [
        (f"{UNIT}-K1", "甲"),
        (f"{UNIT}-K2", "乙"),
        (f"{UNIT}-F1", "丙"),
        (f"{SECOND}-K1", "丁"),
    ] and not gaps
    rules, gaps, _ = access_list_rules(pd.DataFrame([[UNIT, "别的维度", "甲"]], columns=long, dtype=object))
    assert rules == () and "dimension 应为" in gaps[0].problem


def test_a_cell_falls_into_items_where_numbers_begin_and_nowhere_else():
    assert clauses_of("1.甲。2.乙；（3）丙；四、丁。⑤戊") == (
        "1.甲。",
        "2.乙；",
        "（3）丙；四、丁。".partition("四")[0],
        "四、丁。",
        "⑤戊",
    )
    assert clauses_of("距离不小于2.5公里。2.5公里以外的；不限") == ("距离不小于2.5公里。2.5公里以外的；不限",)
    assert clauses_of(" 甲\n\n乙\r\n ") == ("甲", "乙") and clauses_of("") == ()


def zones(**columns):
    return pd.DataFrame({"zone_id": [UNIT, SECOND], **columns}, dtype=object)


@settings(max_examples=60)
@given(
    st.tuples(*[st.sampled_from(["", "无", "甲。1.乙。", "丙"])] * 4),
    st.sampled_from([None, "空间布局约束", "环境风险防控"]),
    st.booleans(),
)
def test_a_units_own_words_are_rules_but_where_the_table_speaks(texts, dimension, official):
    columns = dict(zip(WORD_COLUMNS, ([text, ""] for text in texts), strict=True))
    table = (
        None
        if dimension is None
        else pd.DataFrame(
            [(UNIT, dimension, "丙 "), (UNIT, dimension, "丁")], columns=["unit_code", "dimension", "text"]
        )
    )
    found = unit_words(zones(**columns), table, official=official, source="f")
    wanted, over, apart = [], set(), set()
    for text, name in zip(texts, WORD_COLUMNS.values(), strict=True):
        for number, clause in enumerate(clauses_of(text) if text not in ("", "无") else (), start=1):
            if str(name) == dimension:
                over.add(UNIT)
                apart |= {UNIT} if clause not in "丙丁" else set()
            else:
                wanted.append((f"{UNIT}-{LETTERS[str(name)]}{number}", str(name), clause))
    assert [(item.id, str(item.dimension), item.clause) for item in found.rules] == wanted and found.has_table == (
        table is not None
    )
    assert (set(found.outranked), set(found.differing), set(found.units)) == (over, apart, {UNIT} if wanted else set())
    assert all(
        item.manual and item.source == "f" and item.mark == (Evidence.ORIGINAL if official else Evidence.EXAMPLE)
        for item in found.rules
    )
    both = found.with_table(table)
    if table is None and not wanted:
        assert both is None and found.told == ""
    else:
        own = [(UNIT, name) for _, name, _ in wanted]
        assert list(both.itertuples(index=False, name=None)) == ([(UNIT, dimension)] * 2 if dimension else []) + own
    where = "准入清单表没有写到的" if dimension else "没有准入清单表"
    assert (f"{where}，取图层自带的四维管控要求：1 个单元 {len(wanted)} 条" in found.told) == bool(wanted)
    assert ("1 个单元两处都有" in found.told) == bool(over) and ("找不到的，请核对：" in found.told) == bool(apart)


def test_words_of_an_element_cut_words_and_parts_of_one_unit():
    found = unit_words(
        zones(list_space=["甲", f"乙{CUT_WORDS}"], list_element=["水", "无"]), None, official=True, source="f"
    )
    assert [item.clause for item in found.rules] == ["（环境要素：水）甲", f"乙{CUT_WORDS}"] and found.cut == (SECOND,)
    assert f"其中可能被截断的：{SECOND}" in found.told and UNIT not in found.told
    twice = pd.DataFrame({"zone_id": [UNIT, UNIT, " "], "list_space": ["甲", "甲", "乙"]}, dtype=object)
    assert [item.id for item in unit_words(twice, None, official=True, source="f").rules] == [f"{UNIT}-K1"]
    many = pd.DataFrame(
        {"zone_id": [f"ZH13080210{n:03}" for n in range(13)], "list_risk": [f"甲{CUT_WORDS}"] * 13}, dtype=object
    )
    told = unit_words(many, None, official=True, source="f").told
    assert "等 13 个单元" in told and "ZH13080210011" in told and "ZH13080210012" not in told
    assert "等 12" not in unit_words(many.iloc[:12], None, official=True, source="f").told
    lacking = pd.DataFrame({"unit_code": [UNIT], "text": ["甲"]})
    assert len(unit_words(zones(list_space=["甲", "无"]), lacking, official=True, source="f").rules) == 1
    cut = pd.DataFrame([(UNIT, "空间布局约束", "甲 乙")], columns=["unit_code", "dimension", "text"])
    assert unit_words(zones(list_space=[f"甲乙{CUT_WORDS}", ""]), cut, official=True, source="f").differing == ()
