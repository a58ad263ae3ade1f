"""The rule book as JSON and as DMN: nothing lost on the way back, and a DMN engine says what cdgis says."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import shipped
from markupsafe import escape
from shapes import rule as made_rule

from cdgis.core.errors import RuleError, UsageError
from cdgis.core.vocabulary import ProjectType, State, SubjectKind
from cdgis.judging.facts import Facts
from cdgis.judging.verdicts import evaluate_rule
from cdgis.pipelines.rule_export import export_rules
from cdgis.pipelines.rule_import import editable, import_rules
from cdgis.rules import load_rulebook
from cdgis.rules.attributes import load_attributes
from cdgis.rules.decision_tables import NAMESPACE, NOT_APPLICABLE, decision_name, inexpressible, write_dmn
from cdgis.rules.industry import codes
from cdgis.rules.json_book import read_json_book, write_json_book
from cdgis.rules.succession import succession

ROOT = Path(__file__).parent.parent
DAY = date(2026, 11, 1)
BOOK = load_rulebook()
IN_FORCE = BOOK.in_force(DAY)
ATTRIBUTES = load_attributes()
TABLED = [rule for rule in IN_FORCE if not inexpressible(rule, ATTRIBUTES)]
SUCCESSORS = succession(IN_FORCE)
NUMBER = "冀政函〔2026〕1号"
CASES = 120
"""Rules a DMN engine is asked about: it takes a tenth of a second a rule; the reader of tables below asks about every rule."""


@pytest.fixture(scope="module")
def loaded():
    return shipped.loaded()


def test_json_and_back_gives_the_same_rule_book():
    back = read_json_book(write_json_book(BOOK.rules, as_of=DAY), name="规则.json")
    assert back.rules == BOOK.rules and back.faults == ()


def test_a_json_book_carries_the_schema_its_rules_keep():
    book = json.loads(write_json_book(BOOK.rules, as_of=DAY))
    names = set(book["schema"]["properties"])
    assert all(set(rule) <= names for rule in book["rules"]) and {"id", "clause", "basis", "effect"} <= names


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe", "不是可读的 JSON"), (b"[1,", "不是可读的 JSON"), (b"[]", "不是第 1 版的规则文件"),
        (b'{"format": "cdgis-rules", "version": 2, "rules": []}', "version=1"),
        (b'{"format": "cdgis-rules", "version": 1}', "没有 rules 列表"),
    ],
)  # fmt: skip
def test_what_is_no_rule_book_is_refused_with_the_reason(data, says):
    with pytest.raises(RuleError, match=says):
        read_json_book(data, name="x.json")


def test_faults_of_a_json_book_are_told_rule_by_rule():
    book = json.loads(write_json_book(BOOK.rules[:3], as_of=DAY))
    book["rules"][0]["effect"] = "严禁"
    book["rules"].append(book["rules"][1])
    book["rules"].append("文字")
    faults = read_json_book(json.dumps(book).encode(), name="x.json").faults
    assert len(faults) == 3 and "第 1 条" in faults[0] and "与第 2 条相同" in faults[1] and "第 5 条" in faults[2]


def test_importing_an_untouched_json_book_changes_nothing(loaded, tmp_path):
    here = replace(loaded, workspace=replace(loaded.workspace, root=tmp_path))
    result = import_rules(here, export_rules(loaded, Path("规则.json")), name="规则.json")
    assert (result.added, result.changed, result.absent) == ((), (), ())
    assert result.unchanged_count == len(editable(loaded.rulebook))


def test_an_unknown_suffix_is_refused_with_the_known_ones(loaded):
    with pytest.raises(UsageError, match=r"\.xlsx、\.json、\.dmn、\.html"):
        export_rules(loaded, Path("规则.pdf"))


def test_every_rule_in_force_is_a_table_or_is_listed_with_the_reason():
    root = ElementTree.fromstring(write_dmn(IN_FORCE, ATTRIBUTES, as_of=DAY))
    tables = {decision.get("name") for decision in root.iter(f"{{{NAMESPACE}}}decision")}
    said = root.findtext(f"{{{NAMESPACE}}}description")
    for rule in IN_FORCE:
        assert (decision_name(rule) in tables) != (f"{rule.id} {rule.title}：" in said)
    assert len(tables) > 90


def random_case(rng, rule):
    """Return the facts of one subject in cdgis's form and in the model's, and whether its zone test holds."""
    often = rng.random() < 0.7  # most cases meet most tests, or nearly all would be 不适用

    def pick(wanted, others):
        return str(rng.choice(list(wanted) if often and wanted else list(others)))

    leaves = [code for code in codes() if len(code) == 4]
    subject = {
        "kind": pick(rule.subject_kinds, SubjectKind), "project_type": pick(rule.project_types, ProjectType),
        "activity": pick(rule.activities, ("开发性生产性建设", "A03", "国家重大项目")),
        "industry": pick([c for c in leaves if c.startswith(rule.industry_prefixes or "?")], leaves),
        "area_m2": float(rng.integers(0, 200_000)), "length_m": 0.0,
    }  # fmt: skip
    asked = {"subject_kind": subject["kind"], **{k: subject[k] for k in ("project_type", "activity", "industry", "area_m2", "length_m")}}
    rows = {}
    for condition in (*rule.conditions, *((rule.or_declared,) if rule.or_declared else ())):
        name, kind = condition.attribute, ATTRIBUTES[condition.attribute].type if condition.attribute in ATTRIBUTES else ""
        if condition.op in ("declared", "not_declared", "given"):
            holds = bool(rng.random() < 0.5)
            asked["given_" + name if condition.op == "given" else "declared_" + name] = holds
            if holds:
                rows[name] = {"document": NUMBER, "flag": "true", "number": "7"}.get(kind, "某事")
                rows[name + "_seen"] = "某经办人"
            elif kind == "flag":
                rows[name] = "false"
        elif kind == "flag":
            asked[name] = bool(rng.random() < 0.6)
            rows[name] = "true" if asked[name] else "false"
        elif kind == "number":
            asked[name] = float(condition.value) + float(rng.choice([-1.0, 0.0, 1.0]))
            rows[name] = f"{asked[name]:.15g}"
        elif kind:
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            asked[name] = rows[name] = str(rng.choice([*map(str, values), "别的"]))
    return subject, rows, asked, bool(rng.random() < 0.8)


def said_by_cdgis(rule, subject, rows, hit):
    frame = pd.DataFrame([{"subject_id": "S", **subject}])
    long = pd.DataFrame([("S", name, value, "") for name, value in rows.items()], columns=["subject_id", "attribute", "value", "unit"])
    outcome = evaluate_rule(rule, Facts.of(frame, long), hit or rule.geometry == "none", SUCCESSORS)
    assert outcome.state in (State.APPLIES, State.NOT_APPLICABLE), (rule.id, subject, rows, outcome)
    return str(rule.effect) if outcome.state == State.APPLIES else NOT_APPLICABLE


def zone_inputs(root, rule, hit, rng):
    """Return the zone question of a rule's table with the answer that makes its geometry test hold or not."""
    decision = next(item for item in root.iter(f"{{{NAMESPACE}}}decision") if item.get("name") == decision_name(rule))
    names = [item.get("href").removeprefix("#input_") for item in decision.iter(f"{{{NAMESPACE}}}requiredInput")]
    near = rule.distance_m or 0.0
    far = near + float(rng.integers(1, 500))
    return {name: (float(rng.choice([0.0, near])) if hit else far) if name.startswith("distance_") else hit
            for name in names if name.startswith(("distance_", "hit_"))}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""), ({"conditions": [{"attribute": "area_m2", "op": "gt", "value": 1}]}, ""), ({"manual": True}, "人工"),
        ({"geometry": "engine"}, "程序自己"), ({"conditions": [{"attribute": "无此项", "op": "true"}]}, "未载的属性"),
        ({"conditions": [{"attribute": "无此项", "op": "given"}]}, "未载的属性"), ({"industry_flag": "two_high"}, "标志"),
        ({"conditions": [{"attribute": "equipment", "op": "has", "value": "高炉"}]}, "多项"), ({"unless": [{"activities": ["A01"]}]}, "例外"),
        ({"conditions": [{"attribute": "equipment", "op": "given"}]}, ""), ({"geometry": "within", "certain_m": 0.0}, "一段距离"),
        ({"or_declared": {"attribute": "equipment", "op": "has", "value": "高炉"}}, "多项"), ({"geometry": "within", "distance_m": 0.0}, ""),
        ({"geometry": "within", "distance_attribute": "protection_distance_m"}, "申报的属性"),
    ],
)  # fmt: skip
def test_why_a_rule_has_no_table(changes, why):
    said = inexpressible(made_rule("A-1", "z", **changes), ATTRIBUTES)
    assert why in said and bool(said) == bool(why)


@pytest.mark.slow
def test_a_dmn_engine_gives_the_effect_that_cdgis_gives(tmp_path):
    """pyDMNrules, a random case of each of many rules that have tables; both answers occur often."""
    engine = pytest.importorskip("pyDMNrules")
    rng = np.random.default_rng(20261101)
    chosen = list(rng.permutation(np.array(TABLED, dtype=object))[:CASES])
    data = write_dmn(chosen, ATTRIBUTES, as_of=DAY)
    (tmp_path / "rules.dmn").write_bytes(data)
    model, root = engine.DMN(), ElementTree.fromstring(data)
    assert model.loadXML(str(tmp_path / "rules.dmn")) == {}
    questions = {item.get("name") for item in root.iter(f"{{{NAMESPACE}}}inputData")}
    seen = {True: 0, False: 0}
    for rule in chosen:
        subject, rows, asked, hit = random_case(rng, rule)
        ours = said_by_cdgis(rule, subject, rows, hit)
        name = decision_name(rule)
        facts = {key: value for key, value in asked.items() if key in questions}
        status, found = model.decideTables({**facts, **zone_inputs(root, rule, hit, rng)}, [name])
        assert status == {}, (rule.id, status)
        last = found[-1] if isinstance(found, list) else found
        theirs = last["Result"].get(name) or last["Result"].get(f"{name}.{name}")
        assert theirs == ours, (rule.id, subject, rows, hit)
        seen[ours == NOT_APPLICABLE] += 1
    assert min(seen.values()) > CASES // 10


def answer_of(decision, facts):
    """The effect that a table gives, read as DMN says: the first row all of whose tests hold."""
    tags = {name: f"{{{NAMESPACE}}}{name}" for name in ("input", "rule", "inputEntry", "outputEntry", "text")}
    keys = ["".join(item.itertext()).strip() for item in decision.iter(tags["input"])]
    for row in decision.iter(tags["rule"]):
        tests = ["".join(entry.itertext()).strip() for entry in row.iter(tags["inputEntry"])]
        if all(fits(test, facts[key]) for key, test in zip(keys, tests, strict=True)):
            return json.loads("".join(row.find(tags["outputEntry"]).itertext()).strip())
    return None


def fits(test, value):
    if test in ("-", "true", "false"):
        return test == "-" or value is (test == "true")
    if bound := re.fullmatch(r"(<=|>=|<|>) (\S+)", test):
        sign, limit = bound[1], float(bound[2])
        return {"<=": value <= limit, ">=": value >= limit, "<": value < limit, ">": value > limit}[sign]
    listed = json.loads(f"[{test.removeprefix('not(').removesuffix(')')}]")
    return (value in listed) != test.startswith("not(")


def random_rules(rng, count):
    """Rules of all that a table can express, in every combination; a blank document leaves `declared` open, so there is none."""
    named = {kind: [name for name, spec in ATTRIBUTES.items() if spec.type == kind] for kind in ("flag", "number", "text", "document")}

    def some(items, most):
        return [str(item) for item in rng.choice(np.array(items, dtype=object), rng.integers(0, most + 1), replace=False)]

    def test():
        kind = str(rng.choice(["flag", "number", "text", "document"]))
        ops = {"flag": ["true", "false", "declared", "not_declared"], "number": ["lt", "le", "gt", "ge", "given"],
               "text": ["eq", "ne", "in", "given"], "document": ["not_declared", "given"]}[kind]  # fmt: skip
        op = str(rng.choice(ops))
        value = {"number": 5.0, "text": ["甲", "乙"] if op == "in" else "甲"}.get(kind) if op not in ("given", "declared") else None
        return {"attribute": str(rng.choice(named[kind])), "op": op, "value": value}

    for number in range(count):
        place = [{"geometry": "none", "layer": ""}, {"geometry": "hit"}, {"geometry": "within", "distance_m": 50.0}][rng.integers(3)]
        tests = {item["attribute"]: item for item in (test() for _ in range(rng.integers(0, 3)))}
        zones = {"zone_classes": some(["甲", "乙"], 2)} if place["geometry"] != "none" else {}
        measured = [{"attribute": "area_m2", "op": op, "value": 100_000.0} for op in some(["gt", "le"], 1)]
        widened = {"or_declared": {"attribute": str(rng.choice(named["flag"])), "op": "true"}} if rng.random() < 0.5 else {}
        yield made_rule(
            f"X-{number}", **{"layer": "z", **place}, **zones, **widened, subject_kinds=some(SubjectKind, 1) or list(SubjectKind),
            project_types=some(ProjectType, 2), activities=some(["A03", "国家重大项目"], 1), industry_prefixes=some(["25", "3110", "4"], 2),
            conditions=[*(item for name, item in tests.items() if name != widened.get("or_declared", {}).get("attribute")), *measured],
        )  # fmt: skip


@pytest.mark.parametrize("made", [False, True])
def test_a_table_read_as_dmn_says_gives_the_effect_that_cdgis_gives(made):
    """Random cases of the rules that ship and of random ones, with a reader of tables that knows nothing of cdgis."""
    rng = np.random.default_rng(7)
    rules = list(random_rules(rng, 120)) if made else TABLED
    assert not any(inexpressible(item, ATTRIBUTES) for item in rules)
    root = ElementTree.fromstring(write_dmn(rules, ATTRIBUTES, as_of=DAY))
    decisions = {item.get("name"): item for item in root.iter(f"{{{NAMESPACE}}}decision")}
    seen = {True: 0, False: 0}
    for item in rng.permutation(np.array(rules, dtype=object))[:250]:
        for _ in range(2):
            subject, rows, asked, hit = random_case(rng, item)
            ours = said_by_cdgis(item, subject, rows, hit)
            assert answer_of(decisions[decision_name(item)], asked | zone_inputs(root, item, hit, rng)) == ours, (item.id, asked, hit)
            seen[ours == NOT_APPLICABLE] += 1
    assert min(seen.values()) > 40


def test_the_page_for_applicants_holds_every_rule_and_asks_for_nothing(loaded):
    page = export_rules(loaded, Path("准入规则一览.html")).decode("utf-8")
    shown = [rule for rule in loaded.rules if rule.geometry != "engine"]
    assert page.count('<details class="rule"') == len(shown) and "示范数据，不作审批依据" in page
    for rule in shown[::50]:
        assert str(escape(rule.clause)) in page and rule.id in page
    assert "http://" not in page and "https://" not in page and "default-src &#39;none&#39;" in page
