"""What is missing is asked once, with the rules it would decide and the option that supplies it."""

import random
from datetime import date

import pandas as pd
import pytest
from shapes import rule as make_rule

from cdgis.judging.facts import Facts
from cdgis.judging.questions import list_questions, question_words, silent_triggers, unregistered_claims
from cdgis.results.tables.validation import TABLES
from cdgis.rules import load_rulebook
from cdgis.rules.attributes import SEEN, load_attributes
from cdgis.rules.succession import succession

ATTRIBUTES = load_attributes()


def findings(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    columns = ["subject_id", "rule_id", "effect", "state", "missing_attribute"]
    return pd.DataFrame(rows, columns=columns)


def asked(*rows: tuple[str, str, str, str, str]) -> list[tuple[str, ...]]:
    table = list_questions(findings(*rows), ATTRIBUTES)
    assert list(table.columns) == TABLES["questions"].names
    return [tuple(row) for row in table.itertuples(index=False)]


def test_one_question_names_all_rules_and_the_strictest_effect_when_several_ask_the_same():
    rows = asked(
        ("S1", "B-1", "限制", "unknown", "two_high;water_m3_per_yr"),
        ("S1", "A-1", "禁止", "unknown", "two_high"),
    )
    assert rows == [
        ("S1", "two_high", "是否列入“两高”管理目录", "--attr two_high=是|否", "A-1;B-1", "禁止"),
        ("S1", "water_m3_per_yr", "年取用水量（m3/a）", "--attr water_m3_per_yr=数值", "B-1", "限制"),
    ]


def test_facts_with_options_of_their_own_are_asked_by_these_options():
    rows = asked(*(("S1", "A-1", "禁止", "unknown", name) for name in ("industry", "project_type", "activity")))
    options = {row[1]: row[3].split()[0] for row in rows}
    assert options == {"industry": "--industry", "project_type": "--project-type", "activity": "--activity"}


@pytest.mark.parametrize(
    ("effect", "state", "missing"),
    [
        ("提示", "unknown", "two_high"),  # a hint never counts in a verdict
        ("禁止", "applies", "two_high"),
        ("禁止", "manual", "two_high"),
        ("禁止", "unknown", "图层覆盖"),  # no option supplies a layer
        ("禁止", "unknown", ""),
    ],
)
def test_nothing_is_asked_when_it_would_not_matter_or_no_option_supplies_it(effect, state, missing):
    assert asked(("S1", "A-1", effect, state, missing)) == []


def test_subjects_are_asked_separately():
    rows = asked(("S2", "A-1", "禁止", "unknown", "two_high"), ("S1", "A-1", "禁止", "unknown", "two_high"))
    assert [row[0] for row in rows] == ["S1", "S2"]


def test_every_attribute_has_a_title_and_an_option():
    for name in ATTRIBUTES:
        title, option = question_words(name, ATTRIBUTES)
        if name == "place_conflict":
            assert title and "改正坐标" in option
            continue
        wanted = f"--seen {name.removesuffix(SEEN)}=" if ATTRIBUTES[name].registered else f"--attr {name}="
        assert title and option.startswith(wanted)


def test_shipped_rules_ask_only_for_what_can_be_supplied():
    from cdgis.rules import load_rulebook

    for rule in load_rulebook().rules:
        for condition in rule.conditions:
            assert condition.attribute in {*ATTRIBUTES, "area_m2", "length_m"}


def test_fact_nobody_gave_is_asked_where_a_rule_went_by_industry_alone():
    clause = make_rule(
        "F-01", "ban", industry_prefixes=("44",), or_declared={"attribute": "burns_high_pollution_fuel", "op": "true"}
    )
    ids = ["S1", "S2", "S3", "S4"]
    frame = pd.DataFrame(
        {
            "subject_id": ids,
            "kind": "project",
            "industry": "1713",
            "project_type": "新建",
            "activity": "",
            "area_m2": 1.0,
            "length_m": 0.0,
        }
    )
    said = pd.DataFrame([("S2", "burns_high_pollution_fuel", "false")], columns=["subject_id", "attribute", "value"])
    idle = findings(*((name, "F-01", "禁止", "not_applicable", "") for name in ids[:3]))
    found = silent_triggers(idle, [clause], Facts.of(frame, said), ids, succession([clause]))
    # S2 said no, and S4 lies in no such zone.
    assert list(found["subject_id"]) == ["S1", "S3"]
    table = list_questions(idle, ATTRIBUTES, found)
    assert list(table["subject_id"]) == ["S1", "S3"]
    assert set(table["title"]) == {"是否燃用高污染燃料（未填，按“否”研判）"} and set(table["effect"]) == {"禁止"}


@pytest.mark.parametrize(
    ("activity", "industry", "attributes", "wanted"),
    [
        ("A06", "3011", {}, {"ECO-02-2026": "activity_seen"}),  # a cement plant's claim is not believed
        ("A06", "4812", {}, {}),
        ("A06", "4812", {"opinion_document": "冀政函〔2026〕1号"}, {"ECO-A06": "opinion_document_seen"}),
        ("A06", "4812", {"opinion_document": "申请中"}, {}),
        ("A06", "4812", {"opinion_document": "冀政函〔2026〕1号", "opinion_document_seen": "某经办人"}, {}),
    ],
)
def test_claim_that_somebody_could_register_is_asked_for_with_its_option(activity, industry, attributes, wanted):
    frame = pd.DataFrame([{
        "subject_id": "S1", "kind": "project", "industry": industry, "project_type": "新建", "activity": activity,
        "area_m2": 1.0, "length_m": 0.0,
    }])  # fmt: skip
    said = pd.DataFrame(
        [("S1", name, value, "") for name, value in attributes.items()], columns=["subject_id", "attribute", "value", "unit"]
    )
    rules = load_rulebook().in_force(date(2026, 11, 1))
    held = findings(*(("S1", name, "禁止", "applies", "") for name in ("ECO-02-2026", "ECO-A06")))
    found = unregistered_claims(held, rules, Facts.of(frame, said), ["S1"], succession(rules))
    assert dict(zip(found["rule_id"], found["attribute"], strict=True)) == wanted
    table = list_questions(held, ATTRIBUTES, found)
    assert all(option.startswith("--seen ") and option.endswith("=核验人") for option in table["option"])


@pytest.mark.parametrize("seed", range(4))
def test_claims_of_many_are_those_of_each_alone(seed):
    draw = random.Random(seed)
    rules = load_rulebook().in_force(date(2026, 11, 1))
    ids = [f"S{number}" for number in range(12)]
    frame = pd.DataFrame([{
        "subject_id": name, "kind": draw.choice(("project", "enterprise")), "industry": draw.choice(("3011", "4812", "")),
        "project_type": draw.choice(("新建", "改扩建", "")), "activity": draw.choice(("A06", "A01;A06", "国家重大项目", "")),
        "area_m2": 1.0, "length_m": 0.0,
    } for name in ids])  # fmt: skip
    values = {"opinion_document": ("冀政函〔2026〕1号", "申请中"), "opinion_document_seen": ("某经办人",), "activity_seen": ("某经办人",)}
    said = pd.DataFrame(
        [(name, key, draw.choice(words), "") for name in ids for key, words in values.items() if draw.random() < 0.4],
        columns=["subject_id", "attribute", "value", "unit"],
    )
    held = findings(*((name, rule.id, str(rule.effect), "applies", "") for name in ids for rule in rules if draw.random() < 0.3))

    def claims(names: list[str]) -> set[tuple[str, ...]]:
        some, told = frame[frame["subject_id"].isin(names)], said[said["subject_id"].isin(names)]
        return set(map(tuple, unregistered_claims(held, rules, Facts.of(some, told), names, succession(rules)).astype(str).to_numpy().tolist()))

    found = claims(ids)
    assert found and found == {row for name in ids for row in claims([name])}
