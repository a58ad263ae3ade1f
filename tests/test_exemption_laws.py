"""Exemptions, claims, approvals and blanks over random subjects and over every rule of the shipped book."""

import random
from datetime import date
from functools import cache

import pytest

from cdgis.core.vocabulary import ACTIVITIES, ProjectType, State, SubjectKind
from cdgis.judging import facts as judging_facts
from cdgis.judging.exemptions import claimed
from cdgis.judging.facts import Facts, scope_and_conditions
from cdgis.judging.kleene import FALSE, TRUE
from cdgis.judging.verdicts import Outcome, evaluate_rule
from cdgis.rules import Rule, industry, load_rulebook
from cdgis.rules.activities import is_believed, load_activities
from cdgis.rules.attributes import SEEN, is_asked_of, is_document, load_attributes
from cdgis.rules.document_numbers import is_document_number
from cdgis.rules.succession import succession, successors_of

DATES = (date(2025, 3, 1), date(2026, 5, 1), date(2026, 11, 1))
ATTRIBUTES = load_attributes()
NUMBERS = ("冀自然资函〔2026〕2号", "承水许(2026)7号", "暂无", "申请中", "正在办理", "没有", "冀2号")
VALUES = {"flag": ("true", "false"), "number": ("0", "450", "1500000"), "list": ("高炉", "烧结机;球团", "锅炉"),
          "text": ("步进式烧结机", "球团竖炉", "2025-05-01"), "document": NUMBERS}  # fmt: skip
CODES = ("", "C", "31", *(code for code in industry.codes() if len(code) == 4))


@cache
def rules_on(day: date) -> tuple[Rule, ...]:
    return tuple(rule for rule in load_rulebook().in_force(day) if rule.geometry != "engine")


def random_subject(draw: random.Random) -> dict[str, object]:
    """Return what somebody may declare, often an activity and often from an industry that fits it."""
    activities = draw.sample(ACTIVITIES, draw.choice((0, 1, 1, 1, 2)))
    fitting = [code for name in activities for code in load_activities()[name].industry_prefixes]
    names = [name for name in ATTRIBUTES if draw.random() < draw.choice((0.1, 0.6))]
    return {
        "kind": draw.choice(list(SubjectKind)), "project_type": draw.choice(["", *ProjectType]), "activities": activities,
        "industry": draw.choice(fitting) if fitting and draw.random() < 0.6 else draw.choice(CODES),
        "attributes": {name: draw.choice(VALUES[ATTRIBUTES[name].type]) for name in names},
    }  # fmt: skip


def said(known: dict[str, object], day: date) -> dict[str, Outcome]:
    """Return what every rule in force says of a subject that lies in every zone."""
    book, rules = succession(rules_on(day)), rules_on(day)
    return {rule.id: evaluate_rule(rule, Facts.one(**known), True, book) for rule in rules}


def registered(known: dict[str, object], name: str) -> bool:
    """Return whether a document was given in an issuer's form and somebody has registered it as seen."""
    given = known["attributes"]
    return bool(given.get(name + SEEN)) and is_document_number(given.get(name, ""))


def let_go(known: dict[str, object], day: date) -> list[str]:
    """Return the rules made for a subject that spare it though nobody takes the case over and no article lets it go."""
    found, facts, book = said(known, day), Facts.one(**known), succession(rules_on(day))
    lost = []
    for rule in rules_on(day):
        if scope_and_conditions(rule, facts)[0] != TRUE or found[rule.id].state is not State.NOT_APPLICABLE:
            continue
        ways = [way for way in rule.unless if claimed(way, facts)[0] == TRUE]
        held = [heir for way in ways for heir in successors_of(rule, way, book)]
        in_hands = any(found[heir.id].state in (State.APPLIES, State.UNKNOWN) for heir in held)
        approved = any(registered(known, c.attribute) for heir in held for c in heir.conditions if is_document(c.attribute))
        released = any(way.article and not way.successors for way in ways)
        passed_on = any(claimed(way, facts)[0] == TRUE for heir in held for way in heir.unless)
        if not (in_hands or approved or released or passed_on):
            lost.append(rule.id)
    return lost


@pytest.mark.parametrize("seed", range(12))
def test_whoever_a_rule_spares_is_in_the_hands_of_another_rule(seed):
    draw = random.Random(seed)
    spared = 0
    for _ in range(25):
        known, day = random_subject(draw), draw.choice(DATES)
        assert let_go(known, day) == [], (known, day)
        spared += any(claimed(way, Facts.one(**known))[0] == TRUE for rule in rules_on(day) for way in rule.unless)
    assert spared > 3  # enough subjects claim something that exempts


def test_without_its_successor_in_force_an_exemption_does_not_hold(monkeypatch):
    road = {"kind": "enterprise", "industry": "4812", "project_type": "新建", "activities": ["A06"], "attributes": {}}
    assert said(road, DATES[2])["ECO-02-2026"].state is State.NOT_APPLICABLE
    fewer = tuple(rule for rule in rules_on(DATES[2]) if rule.id != "ECO-A06")
    monkeypatch.setattr("test_exemption_laws.rules_on", lambda _day: fewer)
    assert said(road, DATES[2])["ECO-02-2026"].state is State.APPLIES


@pytest.mark.parametrize("name", [name for name in ACTIVITIES if not load_activities()[name].any_industry])
def test_no_activity_exempts_an_industry_it_was_not_written_for(name):
    outside = [code for code in CODES if is_believed(name, code) is False]
    assert outside
    for code in random.Random(name).sample(outside, 12):
        facts = Facts.one(kind="project", industry=code, project_type="新建", activities=[name])
        for rule in rules_on(DATES[2]):
            assert all(claimed(way, facts)[0] == FALSE for way in rule.unless if way.activities), (code, rule.id)


def blanked(known: dict[str, object], name: str) -> dict[str, object]:
    left = {key: value for key, value in known["attributes"].items() if key != name}
    return {**known, "attributes": left}


def milder(known: dict[str, object], name: str, day: date) -> list[str]:
    """Return the rules that applied, and after blanking one attribute are neither applied nor open."""
    before, after = said(known, day), said(blanked(known, name), day)
    return [
        rule.id for rule in rules_on(day)
        if rule.effect.rank and before[rule.id].state is State.APPLIES and after[rule.id].state is State.NOT_APPLICABLE
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, spec in ATTRIBUTES.items() if spec.when_blank == "unknown"])
def test_blanking_a_declared_value_never_makes_a_verdict_milder_than_unknown(name):
    draw = random.Random(name)
    for _ in range(12):
        known, day = random_subject(draw), draw.choice(DATES)
        known["attributes"][name] = draw.choice(VALUES[ATTRIBUTES[name].type])
        if is_asked_of(name, str(known["industry"])) is not False:
            assert milder(known, name, day) == [], (known, day)


def test_blank_law_notices_a_presumption(monkeypatch):
    plant = {
        "kind": "project", "industry": "2614", "project_type": "新建", "activities": ["开发性生产性建设"],
        "attributes": {"captive_coal_unit": "true"},
    }  # fmt: skip
    assert milder(plant, "captive_coal_unit", DATES[2]) == []
    monkeypatch.setattr(judging_facts, "is_asked_of", lambda _name, _code: False)
    assert milder(plant, "captive_coal_unit", DATES[2]) == ["TH-03"]


def test_presumptions_are_written_down_with_their_reason():
    presumed = {name for name, spec in ATTRIBUTES.items() if spec.when_blank == "no" or spec.asked_of}
    assert presumed and all(ATTRIBUTES[name].blank_reason for name in presumed)
    asked = {"equipment", "captive_coal_unit", "disturbs_wetland", "odour_source", "burns_high_pollution_fuel"}
    assert all(ATTRIBUTES[name].when_blank == "unknown" for name in asked | {"protection_distance_m"})
