"""Laws of the parts of the judging room: measured and judged together as alone, in blocks as whole, and each small choice by a plain table."""

from dataclasses import replace
from datetime import date
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_judge import apply_rule
from shapes import from_metres, layer_set, layer_spec, metres, rule, sites, workspace, zone_layer

from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import ACTIVITIES, IntakeNote, IntakeStatus, Relation, Scope, Verdict
from cdgis.geometry.geodesy import geometries_to_plane
from cdgis.judging import compare_versions, compare_zones, evaluation, extents, kleene, verdicts
from cdgis.judging.engine_rulings import GAP_RULE, SLIVER_RULE, UNLISTED_RULE, engine_rulings
from cdgis.judging.exemptions import ACTIVITY_SEEN, unbelieved
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.hits import Hits
from cdgis.judging.match_zones import Matches, crosswalk, fates, match_zones
from cdgis.judging.measurement import Nearest
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.questions import ASSUMED, list_questions, silent_triggers, unregistered_claims
from cdgis.judging.rule_outcomes import buffer_m, grey_rules, reach_by_layer
from cdgis.judging.rule_plan import RulePlan
from cdgis.judging.subject_table import describe_subjects
from cdgis.judging.verdicts import judge
from cdgis.rules import load_rulebook
from cdgis.rules.activities import is_believed
from cdgis.rules.attributes import SEEN, is_document, load_attributes
from cdgis.rules.succession import succession
from cdgis.workspace.catalog import Catalog

few = settings(max_examples=15, deadline=None, derandomize=True)
DAY = date(2026, 11, 1)
NO_FACTS = pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"])
BLOCKS = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4)).map(
    lambda b: metres(50 * b[0], 50 * b[1], 50 * (b[0] + b[2]), 50 * (b[1] + b[3]))
)
LINES = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(-5, 5), st.integers(1, 5)).map(
    lambda b: from_metres(shapely.LineString([(50 * b[0] + 7, 50 * b[1] + 3), (50 * (b[0] + b[2]), 50 * (b[1] + b[3]))]))
)
POINTS = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(lambda p: from_metres(shapely.Point(25 * p[0] + 1, 25 * p[1] + 1)))
SHAPES = st.lists(st.one_of(BLOCKS, LINES, POINTS), min_size=2, max_size=5)
ZONES = st.lists(BLOCKS, min_size=1, max_size=5)


def facts_of(subjects, attributes=NO_FACTS):
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0)
    return Facts.of(frame, attributes)


@few
@given(SHAPES, ZONES, st.sampled_from([0.0, 60.0, 200.0]))
def test_subjects_measured_together_are_measured_as_alone(shapes, zones, reach):
    layers = layer_set(zone_layer("redline", zones, ["甲", "乙", "甲", "乙", "甲"][: len(zones)]))
    scopes = (Scope("redline", ("乙",)), Scope("redline", (), ("redline0",)))

    def measured(some):
        return measure_overlaps(sites(some), layers, reach_m={"redline": np.full(len(some), reach)})

    together = measured(shapes)
    for n, shape in enumerate(shapes):
        alone = measured([shape])
        for name in ("overlaps", "clear", "ledger"):
            mine = getattr(together, name)
            mine = mine[mine["subject_id"] == f"S{n:03}"].drop(columns="subject_id").reset_index(drop=True)
            pd.testing.assert_frame_equal(mine, getattr(alone, name).drop(columns="subject_id").reset_index(drop=True), atol=1e-6)
        hits = together.hits[together.hits["subject"] == n].drop(columns="subject").reset_index(drop=True)
        pd.testing.assert_frame_equal(hits, alone.hits.drop(columns="subject").reset_index(drop=True), atol=1e-6)
        for scope in (*scopes, Scope("redline")):
            whole, own = together.nearest[scope], alone.nearest[scope]
            assert whole.distance_m[n] == pytest.approx(own.distance_m[0], abs=1e-6, nan_ok=True) and whole.zone_id[n] == own.zone_id[0]
            assert not whole.at_least_m[n] > whole.distance_m[n] + 1e-6
        assert together.uncovered["redline"][n] == alone.uncovered["redline"][0] and together.slivers["redline"][n] == alone.slivers["redline"][0]
    near = together.overlaps[together.overlaps["relation"] == str(Relation.NEAR)]
    assert (near["distance_m"] <= reach + 1e-6).all()
    assert not near.duplicated(["subject_id", "zone_id"]).any()


@few
@given(SHAPES, st.lists(BLOCKS, min_size=2, max_size=5))
def test_ground_of_several_zones_counts_once_for_areas_and_for_lines(shapes, zones):
    ledger = measure_overlaps(sites(shapes), layer_set(zone_layer("redline", zones))).ledger
    ledger = ledger[ledger["layer"] == "redline"].set_index("subject_id")
    union = shapely.union_all(geometries_to_plane(np.array(zones, dtype=object)))
    for n, shape in enumerate(geometries_to_plane(np.array(shapes, dtype=object))):
        part = shapely.intersection(shape, union)
        if shape.geom_type == "Point":
            continue
        inside = part.area if shape.geom_type == "Polygon" else part.length
        assert ledger.loc[f"S{n:03}", "inside"] == pytest.approx(inside, rel=2e-3, abs=0.01)


@few
@given(SHAPES, ZONES)
def test_depth_of_a_hit_is_how_far_its_farthest_point_is_from_either_outline(shapes, zones):
    found = measure_overlaps(sites(shapes), layer_set(zone_layer("redline", zones))).hits
    sited, zoned = geometries_to_plane(np.array(shapes, dtype=object)), geometries_to_plane(np.array(zones, dtype=object))
    for row in found[found["layer"] == "redline"].itertuples():
        site, zone = sited[row.subject], zoned[int(row.zone_id[7:])]
        part = shapely.intersection(site, zone)
        if site.geom_type == "Polygon":
            wanted = max(shapely.length(shapely.maximum_inscribed_circle(p)) for p in shapely.get_parts(part) if p.area)
        else:
            points = shapely.points(shapely.get_coordinates(shapely.segmentize(part, 0.2)))
            wanted = float(shapely.distance(points, zone.exterior).max())
        assert row.depth_m == pytest.approx(wanted, abs=0.3, rel=5e-3)


def test_a_line_is_tried_in_two_thousand_places_or_every_fifth_of_a_metre():
    for length, count in ((4000, 2001), (40, 201), (0.1, 2)):
        (dense,) = extents._with_steps(np.array([shapely.LineString([(0, 0), (length, 0)])], dtype=object))
        assert len(dense.coords) == count


def test_the_middle_of_a_subject_is_told_to_seven_digits():
    subjects = sites([metres(0, 0, 333.3, 77.7)])
    table = describe_subjects(subjects, measure_overlaps(subjects, layer_set()))
    point = subjects.frame.geometry[0].point_on_surface()
    assert (table["lon"][0], table["lat"][0]) == (round(point.x, 7), round(point.y, 7))
    assert table["lon"][0] != point.x and table["lat"][0] != point.y


@pytest.mark.parametrize(
    ("flag", "name"), [("two_high", "two_high"), ("relocation_sector", "industry"), ("water_sensitive", "industry"), (None, "industry")]
)
def test_an_unknown_industry_is_asked_for_as_such_but_for_two_high(flag, name):
    own = {"industry_flag": flag} if flag else {"industry_prefixes": ["25"]}
    asked = missing_information(rule("X-1", "z", **own), Facts.one(kind="project"))
    assert [word for word, open_ in asked if open_[0] == kleene.UNKNOWN] == [name]


@given(st.lists(st.sampled_from([*ACTIVITIES[:6], "别的"]), max_size=2), st.sampled_from(["2511", "4411", "46", "4", ""]), st.booleans())
def test_a_claim_is_unbelieved_where_one_of_its_activities_is_and_open_where_one_may_be(names, code, seen):
    given_ = {ACTIVITY_SEEN: "某人"} if seen else {}
    beliefs = [is_believed(name, code) for name in names]
    wanted = kleene.FALSE if seen or not names else kleene.TRUE if False in beliefs else kleene.UNKNOWN if None in beliefs else kleene.FALSE
    assert unbelieved(Facts.one(kind="project", industry=code, activities=names, attributes=given_))[0] == wanted


@few
@given(st.lists(st.tuples(st.sampled_from(["hit", "within", "none"]), st.sampled_from(["z", "y"]), st.sampled_from([None, 0.0, 30.0, 90.0]),
                          st.sampled_from([None, 20.0]), st.booleans()), max_size=5))  # fmt: skip
def test_zones_are_listed_as_far_as_the_widest_rule_of_their_layer_looks(made):
    rules = []
    for n, (geometry, layer, distance, certain, declared) in enumerate(made):
        if geometry == "within" and certain is not None and distance is not None and certain > distance:
            certain = None
        own = {"distance_m": distance, "certain_m": certain} if geometry == "within" else {}
        own |= {"distance_attribute": "protection_distance_m"} if geometry == "within" and (declared or distance is None is certain) else {}
        rules.append(rule(f"R-{n}", "" if geometry == "none" else layer, geometry=geometry, **own))
    stated = pd.DataFrame([("S001", "protection_distance_m", "75", "m")], columns=NO_FACTS.columns)
    facts = facts_of(sites([metres(0, 0, 1, 1)] * 2), stated)
    wanted = {}
    for found in (found for found in rules if found.geometry == "within"):
        own = found.certain_m if found.certain_m is not None else found.distance_m
        buffers = [0.0, 75.0] if found.distance_attribute else [own, own]
        wanted[found.layer] = [max(a, b or 0.0) for a, b in zip(wanted.get(found.layer, [0.0, 0.0]), buffers, strict=True)]
        assert np.isnan(buffer_m(found, facts)).tolist() == [bool(found.distance_attribute), False]
    assert {layer: reach.tolist() for layer, reach in reach_by_layer(rules, facts).items()} == wanted


def test_a_hit_lies_as_deep_in_a_buffer_as_the_buffer_is_wide():
    layers = layer_set(zone_layer("z", [metres(0, 0, 100, 100)]))
    subjects = sites([metres(50, 50, 60, 60), metres(130, 0, 140, 10), metres(100, 0, 110, 10), metres(400, 0, 410, 10)])
    near = rule("R-1", "z", geometry="within", distance_m=50.0)
    facts = facts_of(subjects)
    measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer([near], facts))
    found = apply_rule(near, facts, measured, Hits(measured.hits, 4), succession([near]))
    assert found.geometry.tolist() == [2, 2, 2, 0] and found.zone_ids.tolist() == ["z0", "z0", "z0", ""]
    assert found.depth_m == pytest.approx([50, 20, 50, 250], abs=0.2) and found.distance_m.tolist() == found.depth_m.tolist()
    # a class nobody can place is in doubt for rules on classes alone
    hits = Hits(measured.hits, 4, {"z": frozenset({"丁"}), "y": frozenset()})
    assert hits.strange(rule("R-2", "z", zone_classes=["甲"])) == {"丁"} and hits.strange(rule("R-3", "z")) == frozenset()
    assert hits.strange(rule("R-4", "y", zone_classes=["甲"])) == frozenset()


def test_parts_that_a_person_decides_reach_each_as_far_as_its_rule_says():
    rules = [rule(f"R-{n}", "z", geometry="within", certain_m=10.0, distance_m=outer) for n, outer in enumerate((50.0, 200.0, None))]
    subjects = sites([metres(130, 0, 140, 10), metres(105, 0, 109, 10), metres(9000, 0, 9010, 10), metres(250, 0, 260, 10)])
    layers = layer_set(zone_layer("z", [metres(0, 0, 100, 100)]))
    facts = facts_of(subjects)
    measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer(rules, facts))
    plan = RulePlan.of(rules)
    assert len(grey_rules(rules)) == 3 and len(plan.rules) == 6 and len(plan.lookers) == 4
    found = judge(facts, measured, rules, layers=layers, accuracy_m=np.zeros(4), tolerance_m=1.0, as_of=DAY)
    manual = found.findings[found.findings["state"] == "manual"].groupby("subject_id")["rule_id"].agg(list).to_dict()
    assert manual == {"S000": ["R-0", "R-1", "R-2"], "S002": ["R-2"], "S003": ["R-1", "R-2"]}
    assert found.verdicts["manual_count"].tolist() == [3, 0, 1, 2]


def engine(*names):
    return {name: rule(name, "", "提示", geometry="engine") for name in names}


def test_units_without_a_known_clause_and_slivers_are_named_by_layer_and_zone():
    zones = [metres(0, 0, 100, 100), metres(100, 0, 200, 100), metres(5000, 0, 5100, 100)]
    layers = layer_set(
        zone_layer("management_units", zones, "一般管控", ids=["U1", "U2", "U3"]), zone_layer("y", [metres(99.9, 0, 300, 100)]),
        zone_layer("a", [metres(99.9, 0, 300, 100), metres(99.95, 0, 300, 90)]),
    )  # fmt: skip
    subjects = sites([metres(10, 10, 100 - 1e-3, 90), metres(110, 10, 120, 20), metres(50, 10, 150, 20), metres(7000, 0, 7010, 10)])
    measured = measure_overlaps(subjects, layers)
    found = {r.rule.id + r.rule.layer: r for r in engine_rulings(
        engine(UNLISTED_RULE, SLIVER_RULE, GAP_RULE), np.zeros(4, dtype=bool), frozenset({"U1"}), facts_of(subjects), measured)}  # fmt: skip
    assert list(found) == [GAP_RULE, UNLISTED_RULE, f"{SLIVER_RULE}a", f"{SLIVER_RULE}y"]
    unlisted = found[UNLISTED_RULE]
    assert unlisted.value.tolist() == [0, 1, 1, 0] and unlisted.zone_ids.tolist() == ["", "U2", "U2", ""]
    assert found[GAP_RULE].value.tolist() == [0, 0, 0, 1]
    assert found[f"{SLIVER_RULE}a"].value.tolist() == [2, 0, 0, 0] and found[f"{SLIVER_RULE}a"].zone_ids[0] == "a0;a1"
    assert np.isposinf(unlisted.depth_m).all() and np.isnan(unlisted.distance_m).all()


def loaded_with(layers, rules, **own):
    config = SimpleNamespace(tolerance_m=20.0, area_method="survey")
    return SimpleNamespace(layers=layers, rules=rules, settings=config, as_of=DAY, **own)


RULES = (
    rule("R-1", "z", zone_classes=["甲"]), rule("R-2", "z", "限制", geometry="within", distance_m=80.0), rule("R-3", "y", "须论证"),
    rule("R-4", "y", industry_prefixes=["26"]), rule("R-5", "z", "须论证", conditions=[{"attribute": "two_high", "op": "true"}]),
)  # fmt: skip


@few
@given(SHAPES, ZONES, ZONES, st.lists(st.sampled_from(["", "true", "false"]), min_size=5, max_size=5))
def test_subjects_judged_in_blocks_are_judged_as_at_once_and_every_ruling_that_may_move_a_verdict_is_asked(shapes, zones, others, flags):
    layers = layer_set(zone_layer("z", zones, ["甲", "乙", "丙", "甲", "乙"][: len(zones)]), zone_layer("y", others))
    subjects = sites(shapes, industry=["2611", "", "3110", "26", "2"][: len(shapes)])
    stated = [(f"S{n:03}", "two_high", flag, "") for n, flag in enumerate(flags[: len(shapes)]) if flag]
    subjects = replace(subjects, attributes=pd.DataFrame(stated, columns=NO_FACTS.columns))
    loaded = loaded_with(layers, RULES)
    measured = evaluation._measure(loaded, subjects, jobs=1, progress=lambda title: None)
    described = describe_subjects(subjects, measured)

    def judged():
        return evaluation.judge_again.__wrapped__(loaded, measured, described.iloc[::-1], subjects.attributes, RULES)

    whole = judged()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_SUBJECTS_AT_ONCE", 2)
        blocks = judged()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "_what_may_move", lambda found, *rest: [found[number] for number in range(len(found.rules))])
        everything = judged()
    for other in (blocks, everything):
        for name in ("findings", "verdicts"):
            one, two = (getattr(part, name).sort_values(list(getattr(part, name).columns[:3]), ignore_index=True) for part in (whole, other))
            pd.testing.assert_frame_equal(one, two, atol=1e-6)


def test_slivers_are_found_in_blocks_as_at_once_and_texts_by_numbers_say_the_same():
    zones = [metres(1000 * i, 0, 1000 * i + 100, 100) for i in range(7)]
    layers = layer_set(zone_layer("z", zones), zone_layer("y", [metres(0, 500, 9000, 600)]))
    # every other one reaches over its zone's edge by a ten-millionth of a metre
    over = [metres(1000 * i - 100, 0, 1000 * i + (1e-7 if i % 2 else 50), 100) for i in range(7)]
    subjects = sites(over)
    sliver_rule = [one for one in load_rulebook().in_force(DAY) if one.id == SLIVER_RULE]
    rules = [rule("R-1", "z"), rule("R-2", "not_there", "限制"), *sliver_rule]
    loaded = loaded_with(layers, rules)
    measured = evaluation._measure(loaded, subjects, jobs=1, progress=lambda title: None)
    described = describe_subjects(subjects, measured)

    def judged():
        return evaluation.judge_again.__wrapped__(loaded, measured, described, subjects.attributes, rules)

    whole = judged()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_SUBJECTS_AT_ONCE", 2)
        blocks = judged()
    assert whole.findings["rule_id"].tolist().count(SLIVER_RULE) == 3
    pd.testing.assert_frame_equal(blocks.findings, whole.findings)
    pd.testing.assert_frame_equal(blocks.verdicts, whole.verdicts)
    for once in (blocks.found.alike(), whole.found.alike()):
        assert isinstance(once.rows["clause"].dtype, pd.CategoricalDtype)
        plain = once.frame().astype({name: object for name in whole.findings.columns if name != "needs_review"})
        pd.testing.assert_frame_equal(plain, whole.findings)


class Told:
    def __init__(self):
        self.said = []

    def stage(self, title, total=None):
        self.said.append((title, total))

    def step(self, item):
        self.said.append(item)


def test_each_layer_and_the_rules_in_force_are_told_as_they_are_done(monkeypatch):
    layers = layer_set(zone_layer("z", [metres(0, 0, 100, 100)]), zone_layer("y", [metres(0, 0, 1, 1)]))
    told = Told()
    monkeypatch.setattr(evaluation, "judge_again", evaluation.judge_again.__wrapped__)
    found = evaluation.judge_subjects.__wrapped__(loaded_with(layers, RULES), sites([metres(0, 0, 10, 10)]), progress=told)
    assert told.said == [("叠加分析", 2), "z", "y", ("逐条研判", 1), "5 条在效规则"]
    assert found.tables["verdicts"]["verdict"].tolist() == ["资料不足"] and found.measurement is not None


def test_a_layer_that_lost_zones_proves_nothing_clear_and_its_ledger_still_closes():
    layers = layer_set(zone_layer("z", [metres(0, 0, 100, 100)]), zone_layer("y", [metres(5000, 0, 5100, 100)]))
    subjects = sites([metres(50, 0, 150, 100), metres(900, 0, 1000, 100)])
    whole = measure_overlaps(subjects, layers)
    assert evaluation.without_false_proofs(whole, layers) is whole
    lost = IntakeNote(file="z.gpkg", row="9", status=IntakeStatus.QUARANTINED, field="geometry", value="z9", reason="r", remedy="r")
    broken = layers | {"z": replace(layers["z"], notes=(lost,))}
    found = evaluation.without_false_proofs(whole, broken)
    before, after = (table.ledger.set_index(["layer", "subject_id"]) for table in (whole, found))
    assert (after.loc["z", "outside"] == 0).all() and before.loc["z", "outside"].tolist() == pytest.approx([5000, 10_000], rel=0.01)
    assert after.loc["z", "uncovered"].to_numpy() == pytest.approx((before.loc["z", "outside"] + before.loc["z", "uncovered"]).to_numpy())
    pd.testing.assert_frame_equal(after.loc[["y"]], before.loc[["y"]])
    assert (after["inside"] + after["outside"] + after["uncovered"]).to_numpy() == pytest.approx(after["total"].to_numpy())
    assert found.uncovered["z"].all() and not found.uncovered["y"].any()
    assert set(found.clear["layer"]) == {"y"} and set(whole.clear["layer"]) == {"y", "z"}


@pytest.mark.parametrize(("old", "new"), product((0, 1, 2, 3, None), repeat=2))
def test_a_verdict_that_changed_is_stricter_milder_or_open(old, new):
    """By rank; None: it is 资料不足."""
    one, other = (str(Verdict.UNKNOWN if rank is None else Verdict.of_rank(rank)) for rank in (old, new))
    wanted = "待定" if old is None or new is None else "变严" if new > old else "变宽"
    assert compare_zones._direction(one, other) == wanted


def test_two_files_are_of_the_layer_whose_name_is_longest_in_one_of_theirs(tmp_path):
    specs = {name: layer_spec(f"{name}.gpkg", id=name, zones=True, coverage="units") for name in ("units", "units_east", "parks")}
    place = replace(workspace(tmp_path), catalog=Catalog(layers=specs))
    for files, wanted in (
        (("units_east_2025.gpkg", "new.gpkg"), "units_east"), (("x.gpkg", "units_2.gpkg"), "units"),
        (("units_east.gpkg", "units.gpkg"), "units_east"),
        (("parks1.gpkg", "x.gpkg"), "parks"), (("parks1.gpkg", "units1.gpkg"), None), (("x.gpkg", "y.gpkg"), None),
    ):  # fmt: skip
        paths = tuple(tmp_path / name for name in files)
        if wanted:
            assert compare_versions._entry(place, paths, "").id == wanted
        else:
            with pytest.raises(UsageError, match="看不出"):
                compare_versions._entry(place, paths, "")
        assert compare_versions._entry(place, paths, "parks").id == "parks"
    layers_dir = place.layers_dir
    assert compare_versions._entry(place, (layers_dir / "parks.gpkg", tmp_path / "units_2.gpkg"), "").id == "parks"


def test_a_rule_that_is_of_no_concern_does_not_end_the_search_for_those_that_are():
    spare = {"or_declared": {"attribute": "captive_power", "op": "true"}, "industry_prefixes": ["44"]}
    rules = (
        rule("A-1", "z"), rule("B-1", "z", manual=True, **spare), rule("C-1", "z", "提示", **spare), rule("D-1", "z", **spare),
        rule("E-1", "z", **spare),
    )  # fmt: skip
    findings = pd.DataFrame([("S", name, "not_applicable") for name in ("A-1", "B-1", "C-1", "E-1")], columns=["subject_id", "rule_id", "state"])
    facts = Facts.one(kind="project", industry="2511", project_type="新建")
    found = silent_triggers(findings, rules, facts, ["S"], succession(rules))
    assert found[["rule_id", "attribute", "assumed"]].to_numpy().tolist() == [["E-1", "captive_power", True]]
    said = Facts.one(kind="project", industry="2511", project_type="新建", attributes={"captive_power": "false"})
    assert silent_triggers(findings, rules, said, ["S"], succession(rules)).empty


@few
@given(st.lists(st.tuples(st.sampled_from("ST"), st.sampled_from("ABCD"), st.sampled_from(["unknown", "applies"]),
                          st.sampled_from(["industry", "captive_coal_unit;industry", "two_high", "图层覆盖", ""])), max_size=6))  # fmt: skip
def test_each_missing_fact_is_asked_once_of_a_subject_with_the_strictest_effect_at_stake(rows):
    effects = {"A": "禁止", "B": "限制", "C": "须论证", "D": "提示"}
    rows = list(dict.fromkeys(rows))
    columns = ["subject_id", "rule_id", "effect", "state", "missing_attribute"]
    findings = pd.DataFrame([(s, r, effects[r], state, m) for s, r, state, m in rows], columns=columns)
    asked = {}
    for subject, name, state, missing in rows:
        for fact in missing.split(";") if state == "unknown" and name != "D" else ():
            if fact and fact != "图层覆盖":
                asked.setdefault((subject, fact), set()).add(name)
    table = list_questions(findings, load_attributes())
    found = {(row.subject_id, row.attribute): (row.effect, row.rule_ids) for row in table.itertuples()}
    strictest = {key: min(names, key=lambda name: "ACB".index(name)) for key, names in asked.items()}
    assert found == {key: (effects[strictest[key]], ";".join(sorted(names))) for key, names in asked.items()}


def squares(*boxes):
    return np.array([shapely.box(*box) for box in boxes], dtype=object)


def test_what_became_of_units_is_told_by_their_shapes():
    old, new = squares((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10), (50, 0, 60, 10), (70, 0, 80, 10)), squares(
        (0, 0, 5, 10), (5, 0, 10, 10), (20, 0, 30, 10), (40, 0, 60, 10), (70, 0, 80, 10)
    )  # fmt: skip
    found = match_zones(["A", "B", "C", "D", "E"], old, ["A1", "A2", "X", "CD", "E"], new)
    ends, origins = fates(found)
    assert found.renumbered == {"X": "B"}
    assert ends == {"B": ("改码", "X"), "A": ("拆分", "A1;A2"), "C": ("合并", "CD"), "D": ("合并", "CD")}
    assert origins == {"X": ("改码", "B"), "A1": ("拆分", "A"), "A2": ("拆分", "A"), "CD": ("合并", "C;D")}
    for part, is_part in ((9.0, True), (8.9, False)):  # nine tenths of a part must lie in the old unit
        pieces = squares((0, 0, 5, 10), (10 - part, 0, 20 - part, 10))
        ends, _ = fates(match_zones(["A"], squares((0, 0, 10, 10)), ["P", "Q"], pieces))
        assert ("A" in ends) is is_part
    for apart, same in ((0.1, True), (0.11, False)):  # a square metre is redrawing
        moved = match_zones(["A"], squares((0, 0, 10, 10)), ["B"], squares((0, 0, 10, 10 + apart)))
        assert bool(moved.renumbered) is same


def test_a_distance_known_beforehand_is_asked_of_those_named():
    near = Nearest.known(np.array([1.0, 2.0, 3.0]), np.array(["a", "b", "c"], dtype=object)).at(np.array([2, 0, 2]))
    assert near.distance_m.tolist() == [3, 1, 3] and near.zone_id.tolist() == ["c", "a", "c"] and near.at_least_m.tolist() == [3, 1, 3]
    assert near.distance_of(np.array([1])).tolist() == [1] and np.isnan(Nearest.nowhere(2).distance_m).all()


@few
@given(st.lists(BLOCKS, min_size=1, max_size=4), st.lists(BLOCKS, min_size=1, max_size=5))
def test_a_subject_lies_in_the_county_of_its_greatest_share_and_names_all_its_units_the_largest_first(shapes, zones):
    counties = zone_layer("counties", zones)
    counties.zones["zone_name"] = [f"县{n}" for n in range(len(zones))]
    subjects = sites(shapes)
    measured = measure_overlaps(subjects, layer_set(counties, zone_layer("management_units", zones)))
    table = describe_subjects(subjects, measured).set_index("subject_id")
    for name in subjects.frame["subject_id"]:
        mine = measured.overlaps[(measured.overlaps["subject_id"] == name) & measured.overlaps["relation"].isin(["inside", "crosses"])]
        ranked = sorted((-row.share, row.zone_id) for row in mine[mine["layer"] == "counties"].itertuples())
        units = sorted((-row.share, row.zone_id) for row in mine[mine["layer"] == "management_units"].itertuples())
        assert table.loc[name, "county"] == (f"县{ranked[0][1][8:]}" if ranked else "")
        assert table.loc[name, "unit_code"] == ";".join(zone for _, zone in units)


def version(sha256, classes=("甲",), *, zones=True):
    return SimpleNamespace(spec=SimpleNamespace(zones=zones, classes=classes), record=SimpleNamespace(sha256=sha256))


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (version("a"), version("a"), False), (version("a"), version("b"), True), (version("a"), version("a", ("乙",)), True),
        (None, version("a"), True), (version("a"), None, True), (version("a", zones=False), version("b", zones=False), False),
        (None, version("a", zones=False), False),
    ],
)  # fmt: skip
def test_a_layer_changed_if_its_bytes_or_classes_differ_or_one_version_lacks_it(old, new, changed):
    before, after = (SimpleNamespace(layers={"z": one} if one else {}) for one in (old, new))
    found = compare_versions._changed_layers(before, after)
    assert found == ({"z": ({"z": old} if old else {}, {"z": new} if new else {})} if changed else {})


def test_shares_of_a_crosswalk_are_no_more_than_the_whole():
    found = Matches(
        old_ids=("A",), new_ids=("B",), old=np.array([0]), new=np.array([0]), shared_m2=np.array([10.0 + 1e-9]), old_m2=np.array([10.0]),
        new_m2=np.array([10.0 + 1e-10]), same={0: 0},
    )  # fmt: skip
    (row,) = crosswalk("z", found).to_dict("records")
    assert (row["old_share"], row["new_share"], row["relation"]) == (1.0, 1.0, "改码")
    small = replace(found, shared_m2=np.array([0.0099]), same={})
    assert crosswalk("z", small).empty and len(crosswalk("z", replace(small, shared_m2=np.array([0.0101])))) == 1


def test_a_number_nobody_registered_is_asked_of_whoever_gives_one_and_of_nobody_else():
    seen = next(name for name, spec in load_attributes().items() if spec.registered and is_document(name.removesuffix(SEEN)))
    document = seen.removesuffix(SEEN)
    spared = {"conditions": [{"attribute": document, "op": "declared"}], "article": "a", "reason": "r", "any_industry": "w"}
    ban = rule("A-1", "z", unless=[spared])
    stated = pd.DataFrame([("S000", document, "冀政函〔2026〕1号", "")], columns=NO_FACTS.columns)
    facts = facts_of(sites([metres(0, 0, 1, 1)] * 2), stated)
    findings = pd.DataFrame([("S000", "A-1", "applies"), ("S001", "A-1", "applies")], columns=["subject_id", "rule_id", "state"])
    found = unregistered_claims(findings, (ban,), facts, ["S000", "S001"], succession([ban]))
    assert found[["subject_id", "rule_id", "attribute", "assumed"]].to_numpy().tolist() == [["S000", "A-1", seen, False]]
    assert [Facts.one(kind="project").number(name)[0] for name in ("area_m2", "length_m")] == [0.0, 0.0]


def test_margin_of_a_buffer_is_told_unless_a_zone_of_any_class_lies_nearer():
    """A class nobody can place may be meant: what is told is then the nearest of all, never more than the margin."""
    layers = layer_set(zone_layer("z", [metres(0, 0, 100, 100), metres(3000, 0, 3100, 100)], ["甲", "丁"]))
    subjects = sites([metres(400, 0, 410, 10), metres(2000, 0, 2010, 10)])
    near = rule("R-1", "z", geometry="within", distance_m=100.0, zone_classes=["甲"])
    facts = facts_of(subjects)
    measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer([near], facts))
    found = apply_rule(near, facts, measured, Hits(measured.hits, 2, {"z": frozenset({"丁"})}), succession([near]))
    assert found.distance_m == pytest.approx([200, 990], abs=0.5)


@pytest.mark.parametrize(("found", "silent", "assumed"), [(True, True, False), (False, True, True), (True, False, False)])
def test_a_fact_is_told_as_assumed_only_where_nobody_waits_for_it(found, silent, assumed):
    columns = ["subject_id", "rule_id", "effect", "state", "missing_attribute"]
    findings = pd.DataFrame([("S", "A", "禁止", "unknown", "captive_coal_unit")] if found else [], columns=columns)
    more = pd.DataFrame({"subject_id": ["S"], "attribute": ["captive_coal_unit"], "rule_id": ["B"], "effect": ["限制"], "assumed": [True]})
    (row,) = list_questions(findings, load_attributes(), more if silent else None).itertuples()
    assert row.title.endswith(ASSUMED) == assumed
