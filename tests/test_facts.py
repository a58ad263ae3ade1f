"""Scope and conditions of a rule for subjects that declare much, little or nothing."""

import numpy as np
import pandas as pd
import pytest
from shapes import rule

from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.rules.document_numbers import is_document_number


def one(**known):
    values = {"kind": "project", "industry": "3110", "project_type": "新建"}
    return Facts.one(**(values | known))


def answer(facts, **changes):
    return rule_applies_but_for_geometry(rule("R-1", "redline", **changes), facts, {})[0]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        (("gt", 5), "6", TRUE), (("gt", 5), "5", FALSE), (("ge", 5), "5", TRUE), (("lt", 5), "4.9", TRUE),
        (("le", 5), "5.1", FALSE), (("gt", 5), None, UNKNOWN), (("gt", 5), "很多", UNKNOWN),
        (("eq", "高炉"), "高炉", TRUE), (("eq", "高炉"), "转炉", FALSE), (("ne", "高炉"), "转炉", TRUE),
        (("ne", "高炉"), None, UNKNOWN), (("in", ("甲", "乙")), "乙", TRUE), (("in", ("甲", "乙")), "丙", FALSE),
        (("has", "甲"), "丙;甲", TRUE), (("has", "甲"), "丙;甲乙", FALSE), (("has", "甲"), None, UNKNOWN),
        (("true", None), "true", TRUE), (("true", None), "false", FALSE), (("true", None), None, UNKNOWN),
        (("false", None), "false", TRUE), (("declared", None), "是", TRUE), (("declared", None), "false", FALSE),
        (("declared", None), None, UNKNOWN), (("given", None), None, FALSE),
        (("given", None), "否", TRUE), (("not_declared", None), None, TRUE), (("not_declared", None), "是", FALSE),
        (("eq", 5), "5", TRUE),
    ],
)  # fmt: skip
def test_condition_is_unknown_only_when_its_attribute_is_missing(condition, value, expected):
    op, wanted = condition
    facts = one(attributes={} if value is None else {"x": value})
    assert answer(facts, conditions=[{"attribute": "x", "op": op, "value": wanted}]) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("3110", TRUE), ("311", TRUE), ("31", UNKNOWN), ("", UNKNOWN), ("32", FALSE), ("3120", FALSE), ("C3110", TRUE)],
)
def test_industry_is_unknown_when_the_code_is_shorter_than_the_prefix(code, expected):
    assert answer(one(industry=code), industry_prefixes=("311",)) == expected


@pytest.mark.parametrize(("word", "expected"), [("新建", TRUE), ("既有", FALSE), ("", UNKNOWN)])
def test_project_type_is_unknown_when_missing(word, expected):
    assert answer(one(project_type=word), project_types=("新建", "改建")) == expected


@pytest.mark.parametrize(("words", "expected"), [(("造林",), FALSE), (("造林", "A01"), TRUE), ((), UNKNOWN)])
def test_activity_is_any_of_the_declared_ones(words, expected):
    assert answer(one(activities=words), activities=("A01", "A02")) == expected


def test_subject_kind_is_always_known():
    assert answer(one(kind="enterprise"), subject_kinds=("project",)) == FALSE


@pytest.mark.parametrize(
    ("activities", "attributes", "expected"),
    [
        ((), {}, TRUE),  # what is not declared does not exempt
        (("国家重大项目",), {}, TRUE),  # both must hold
        (("国家重大项目",), {"opinion": "有"}, FALSE),
        (("国家重大项目",), {"opinion": "无"}, TRUE),
        ((), {"opinion": "有"}, TRUE),
    ],
)
def test_exemption_must_be_declared_in_full(activities, attributes, expected):
    exemption = {
        "activities": ["国家重大项目"], "conditions": [{"attribute": "opinion", "op": "declared"}], "article": "某法第1条",
    }  # fmt: skip
    railway = one(industry="4811", activities=activities, attributes=attributes)
    assert answer(railway, unless=[exemption]) == expected


def test_one_false_conjunct_decides_whatever_else_is_missing():
    wanted = {"industry_prefixes": ("44",), "conditions": [{"attribute": "x", "op": "gt", "value": 1}]}
    assert answer(one(), **wanted) == FALSE


def test_declared_circumstance_widens_the_industry():
    wanted = {"industry_prefixes": ("44",), "or_declared": {"attribute": "captive_power", "op": "true"}}
    assert answer(one(attributes={"captive_power": "false"}), **wanted) == FALSE
    assert answer(one(), **wanted) == UNKNOWN  # a blank is no "no"
    assert answer(one(attributes={"captive_power": "true"}), **wanted) == TRUE


def test_missing_information_names_every_open_question():
    wanted = rule(
        "R-1", "redline", project_types=("新建",), activities=("A01",), industry_prefixes=("311",),
        conditions=[{"attribute": "x", "op": "gt", "value": 1}],
    )  # fmt: skip
    asked = missing_information(wanted, one(industry="31", project_type=""))
    assert [name for name, value in asked if value[0] == UNKNOWN] == ["project_type", "activity", "industry", "x"]


def test_facts_of_tables_put_every_value_beside_its_subject():
    subjects = pd.DataFrame(
        {"subject_id": ["S2", "S1"], "kind": "project", "industry": ["31", "44"], "project_type": "新建",
         "activity": "", "area_m2": [1.0, 2.0], "length_m": 0.0}
    )  # fmt: skip
    rows = pd.DataFrame(
        [("S1", "x", "7", ""), ("S2", "y", "true", "")], columns=["subject_id", "attribute", "value", "unit"]
    )
    facts = Facts.of(subjects, rows)
    assert facts.size == 2
    assert np.isnan(facts.number("x")[0]) and facts.number("x")[1] == 7
    assert facts.text("y").tolist() == ["true", ""] and facts.text("z").tolist() == ["", ""]
    assert facts.number("area_m2").tolist() == [1, 2]


WATER = {"conditions": [{"attribute": "serves_water_supply", "op": "declared"}], "industry_prefixes": ["46"]}


@pytest.mark.parametrize(
    ("industry", "attributes", "expected"),
    [
        ("4610", {"serves_water_supply": "true"}, FALSE),
        ("1371", {"serves_water_supply": "true"}, TRUE),  # a claim from another industry is not believed
        ("1371", {"serves_water_supply": "true", "serves_water_supply_seen": "某经办人"}, FALSE),
        ("1371", {"serves_water_supply_seen": "某经办人"}, TRUE),  # nothing is claimed
        ("", {"serves_water_supply": "true"}, UNKNOWN),
        ("4610", {}, TRUE),
    ],
)
def test_claim_is_believed_of_its_industry_or_once_registered(industry, attributes, expected):
    facts = one(industry=industry, attributes=attributes)
    assert answer(facts, unless=[{**WATER, "article": "某法第1条"}]) == expected


def test_exemption_that_names_neither_article_nor_successor_spares_nobody():
    facts = one(industry="4610", attributes={"serves_water_supply": "true"})
    assert answer(facts, unless=[WATER]) == TRUE
    assert answer(facts, unless=[{**WATER, "article": "某法第1条", "successors": ["XX-01"]}]) == TRUE


@pytest.mark.parametrize(
    ("text", "is_number"),
    [
        ("冀政〔2026〕1号", True), ("冀〔2026〕1号", False), ("冀自然资函(2026)第002号", True), ("冀政〔2026〕0号", False),
        ("冀政〔1979〕1号", False), ("冀政〔2100〕1号", False), ("未批〔2026〕1号", False), ("冀政〔2026〕号", False), ("", False),
    ],
)  # fmt: skip
def test_number_has_issuer_year_and_serial(text, is_number):
    assert is_document_number(text) is is_number
