"""Exemptions, claims, approvals and blanks over random subjects and over every rule of the shipped book."""

import random
from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np
import pytest

from cdgis.core.vocabulary import ACTIVITIES, ProjectType, State, SubjectKind
from cdgis.judging import facts as judging_facts
from cdgis.judging.exemptions import claimed, rule_applies_but_for_geometry
from cdgis.judging.facts import Facts, scope_and_conditions
from cdgis.judging.kleene import FALSE, TRUE
from cdgis.judging.rule_outcomes import evaluate_rule, state_of
from cdgis.rules import Rule, industry, load_rulebook
from cdgis.rules.activities import is_believed, load_activities
from cdgis.rules.attributes import SEEN, is_asked_of, is_document, load_attributes
from cdgis.rules.document_numbers import is_document_number
from cdgis.rules.succession import succession, successors_of

DATES = (date(2025, 3, 1), date(2026, 5, 1), date(2026, 11, 1))
ATTRIBUTES = load_attributes()
BLANK_IS_OPEN = [name for name, spec in ATTRIBUTES.items() if spec.when_blank == "unknown"]
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


def facts_of(known: Sequence[dict[str, object]]) -> Facts:
    """Return the facts on many subjects: judging two hundred at once costs what judging one does."""
    names = sorted({name for one in known for name in one["attributes"]})
    return Facts(
        **{column: np.array([str(one[column]) for one in known], dtype=object) for column in ("kind", "industry", "project_type")},
        activity=np.array([";".join(one["activities"]) for one in known], dtype=object),
        attributes={name: np.array([one["attributes"].get(name, "") for one in known], dtype=object) for name in names},
        measures={name: np.zeros(len(known)) for name in ("area_m2", "length_m")},
    )


def said(known: Sequence[dict[str, object]], day: date) -> dict[str, np.ndarray]:
    """Return what every rule in force says of subjects that lie in every zone."""
    book, facts = succession(rules_on(day)), facts_of(known)
    return {rule.id: state_of(rule, rule_applies_but_for_geometry(rule, facts, book)) for rule in rules_on(day)}


def registered(known: dict[str, object], name: str) -> bool:
    """Return whether a document was given in an issuer's form and somebody has registered it as seen."""
    given = known["attributes"]
    return bool(given.get(name + SEEN)) and is_document_number(given.get(name, ""))


def let_go(known: Sequence[dict[str, object]], day: date) -> list[tuple[str, dict[str, object]]]:
    """Return the rules made for a subject that spare it though nobody takes the case over and no article lets it go."""
    found, facts, book = said(known, day), facts_of(known), succession(rules_on(day))
    claims = {(rule.id, n): claimed(way, facts) == TRUE for rule in rules_on(day) for n, way in enumerate(rule.unless)}
    lost = []
    for rule in rules_on(day):
        made_for = (scope_and_conditions(rule, facts) == TRUE) & (found[rule.id] == State.NOT_APPLICABLE)
        for place in np.flatnonzero(made_for):
            ways = [way for n, way in enumerate(rule.unless) if claims[rule.id, n][place]]
            held = [heir for way in ways for heir in successors_of(rule, way, book)]
            in_hands = any(found[heir.id][place] in (State.APPLIES, State.UNKNOWN) for heir in held)
            approved = any(registered(known[place], c.attribute) for heir in held for c in heir.conditions if is_document(c.attribute))
            released = any(way.article and not way.successors for way in ways)
            passed_on = any(claims[heir.id, n][place] for heir in held for n, _ in enumerate(heir.unless))
            if not (in_hands or approved or released or passed_on):
                lost.append((rule.id, known[place]))
    return lost


@pytest.mark.parametrize("day", DATES)
def test_whoever_a_rule_spares_is_in_the_hands_of_another_rule(day):
    draw = random.Random(str(day))
    known = [random_subject(draw) for _ in range(400)]
    assert let_go(known, day) == []
    facts = facts_of(known)
    spared = np.any([claimed(way, facts) == TRUE for rule in rules_on(day) for way in rule.unless], axis=0)
    assert spared.sum() > 50  # enough subjects claim something that exempts


def test_many_subjects_at_once_are_judged_as_one_by_one():
    draw, book = random.Random(3), succession(rules_on(DATES[2]))
    known = [random_subject(draw) for _ in range(4)]
    found = said(known, DATES[2])
    for place, one in enumerate(known):
        alone = {rule.id: evaluate_rule(rule, Facts.one(**one), True, book).state for rule in rules_on(DATES[2])}
        assert alone == {name: states[place] for name, states in found.items()}


def test_without_its_successor_in_force_an_exemption_does_not_hold(monkeypatch):
    road = {"kind": "enterprise", "industry": "4812", "project_type": "新建", "activities": ["A06"], "attributes": {}}
    assert said([road], DATES[2])["ECO-02-2026"][0] is State.NOT_APPLICABLE
    fewer = tuple(rule for rule in rules_on(DATES[2]) if rule.id != "ECO-A06")
    monkeypatch.setattr("test_exemption_laws.rules_on", lambda _day: fewer)
    assert said([road], DATES[2])["ECO-02-2026"][0] is State.APPLIES


@pytest.mark.parametrize("name", [name for name in ACTIVITIES if not load_activities()[name].any_industry])
def test_no_activity_exempts_an_industry_it_was_not_written_for(name):
    outside = [code for code in CODES if is_believed(name, code) is False]
    assert outside
    subjects = [
        {"kind": "project", "industry": code, "project_type": "新建", "activities": [name], "attributes": {}}
        for code in random.Random(name).sample(outside, 12)
    ]
    facts = facts_of(subjects)
    for rule in rules_on(DATES[2]):
        assert all((claimed(way, facts) == FALSE).all() for way in rule.unless if way.activities), rule.id


def blanked(known: dict[str, object], name: str) -> dict[str, object]:
    left = {key: value for key, value in known["attributes"].items() if key != name}
    return {**known, "attributes": left}


def milder(known: Sequence[dict[str, object]], names: Sequence[str], day: date) -> list[tuple[str, str]]:
    """Return (attribute, rule) where a rule applied, and after blanking that attribute is neither applied nor open."""
    before, after = said(known, day), said([blanked(one, name) for one, name in zip(known, names, strict=True)], day)
    return [
        (names[place], rule.id) for rule in rules_on(day) if rule.effect.rank
        for place in np.flatnonzero((before[rule.id] == State.APPLIES) & (after[rule.id] == State.NOT_APPLICABLE))
    ]  # fmt: skip


@pytest.mark.parametrize("day", DATES)
def test_blanking_a_declared_value_never_makes_a_verdict_milder_than_unknown(day):
    draw, known, names = random.Random(str(day)), [], []
    for name in BLANK_IS_OPEN:
        asked = [code for code in CODES if is_asked_of(name, code) is not False]
        for _ in range(20):
            one = random_subject(draw) | {"industry": draw.choice(asked)}
            one["attributes"][name] = draw.choice(VALUES[ATTRIBUTES[name].type])
            known.append(one)
            names.append(name)
    assert len(known) > 1000
    assert milder(known, names, day) == []


def test_blank_law_notices_a_presumption(monkeypatch):
    plant = {
        "kind": "project", "industry": "2614", "project_type": "新建", "activities": ["开发性生产性建设"],
        "attributes": {"captive_coal_unit": "true"},
    }  # fmt: skip
    assert milder([plant], ["captive_coal_unit"], DATES[2]) == []
    monkeypatch.setattr(judging_facts, "is_asked_of", lambda _name, _code: False)
    assert milder([plant], ["captive_coal_unit"], DATES[2]) == [("captive_coal_unit", "TH-03")]


def test_presumptions_are_written_down_with_their_reason():
    presumed = {name for name, spec in ATTRIBUTES.items() if spec.when_blank == "no" or spec.asked_of}
    assert presumed and all(ATTRIBUTES[name].blank_reason for name in presumed)
    asked = {"equipment", "captive_coal_unit", "disturbs_wetland", "odour_source", "burns_high_pollution_fuel"}
    assert all(ATTRIBUTES[name].when_blank == "unknown" for name in asked | {"protection_distance_m"})
