"""Verdicts, findings and stability on squares whose distances one can work out by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from shapes import CITY, from_metres, layer_set, metres, rule, sites, zone_layer

import cdgis
from cdgis.judging.facts import Facts
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import evaluate_rule, judge, reach_by_layer
from cdgis.rules import read_rule_file

ENGINE = read_rule_file(Path(cdgis.__file__).parent / "data/packs/national/rules/engine.toml")
DAY = date(2026, 11, 1)
PLANE = 1e-2
"""The measuring plane stretches one direction against the other by under 1 % near METRES."""

REDLINE = zone_layer("redline", [metres(0, 0, 1000, 1000)], "红线")
UNITS = zone_layer("management_units", [metres(-5000, -5000, 5000, 5000)], "一般管控", ids=["ZH13080230001"])
NO_RED = rule("ECO-02", "redline")
UNIT_CLAUSE = rule("ZH13080230001-1", "management_units", "提示", zone_ids=("ZH13080230001",))


def judged(geometries, rules, *layers, city=CITY, tolerance=20.0, accuracy=0.0, attributes=(), **columns):
    subjects = sites(geometries, **columns)
    used = layer_set(*layers, city=city)
    size = len(geometries)
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0)
    rows = pd.DataFrame(list(attributes), columns=["subject_id", "attribute", "value", "unit"])
    facts = Facts.of(frame, rows)
    measured = measure_overlaps(subjects, used, reach_m=reach_by_layer(rules, facts))
    return judge(
        facts, measured, rules, layers=used, accuracy_m=np.full(size, accuracy), tolerance_m=tolerance, as_of=DAY
    )


def verdict(judgement, subject="S000"):
    return judgement.verdicts.set_index("subject_id").loc[subject]


def finding(judgement, rule_id, subject="S000"):
    rows = judgement.findings
    rows = rows[(rows["subject_id"] == subject) & (rows["rule_id"] == rule_id)]
    return None if rows.empty else rows.iloc[0]


INSIDE = metres(400, 400, 600, 600)
BESIDE = metres(1100, 400, 1200, 500)


@pytest.mark.parametrize(
    ("effects", "word", "decisive"),
    [
        (["禁止"], "不符合", "R-0"), (["退出"], "不符合", "R-0"), (["须论证"], "须论证", "R-0"),
        (["限制"], "有条件符合", "R-0"), (["提示"], "未发现冲突", ""), (["鼓励"], "未发现冲突", ""), ([], "未发现冲突", ""),
        (["限制", "禁止", "须论证"], "不符合", "R-1"), (["限制", "须论证"], "须论证", "R-1"),
        (["退出", "限制", "禁止"], "不符合", "R-0;R-2"),
    ],
)  # fmt: skip
def test_verdict_is_the_strictest_effect_that_applies(effects, word, decisive):
    rules = [rule(f"R-{i}", "redline", effect) for i, effect in enumerate(effects)]
    found = verdict(judged([INSIDE], rules, REDLINE))
    assert tuple(found[["verdict", "at_least", "decisive_rule_ids"]]) == (word, "", decisive)


def test_all_layers_are_evaluated_and_every_hit_is_a_finding():
    other = zone_layer("farmland", [metres(0, 0, 2000, 2000)])
    found = judged([INSIDE], [NO_RED, rule("PF-01", "farmland", "限制")], REDLINE, other)
    assert set(found.findings["rule_id"]) == {"ECO-02", "PF-01"}
    assert verdict(found)["decisive_rule_ids"] == "ECO-02"


def test_missing_layer_makes_its_verdicts_unknown_with_at_least():
    rules = [NO_RED, rule("PF-01", "farmland", "限制")]
    farmland = zone_layer("farmland", [metres(0, 0, 2000, 2000)])
    full, less = judged([INSIDE], rules, REDLINE, farmland), judged([INSIDE], rules, farmland)
    assert verdict(full)["verdict"] == "不符合"
    assert tuple(verdict(less)[["verdict", "at_least", "unknown_rule_ids"]]) == ("资料不足", "有条件符合", "ECO-02")
    assert finding(less, "ECO-02")["missing_attribute"] == "图层覆盖"


def test_prohibition_needs_no_more_data_when_another_layer_is_missing():
    found = verdict(judged([INSIDE], [NO_RED, rule("PF-01", "farmland")], REDLINE))
    assert (found["verdict"], found["unknown_rule_ids"]) == ("不符合", "PF-01")


def test_site_outside_the_city_is_unknown():
    found = verdict(judged([metres(9000, 0, 9100, 100)], [NO_RED], REDLINE, city=metres(-5000, -5000, 5000, 5000)))
    assert (found["verdict"], found["at_least"]) == ("资料不足", "未发现冲突")


def test_site_partly_outside_the_city_is_judged_by_what_it_hits():
    site = metres(4900, 0, 5100, 100)
    red = zone_layer("redline", [metres(4000, -500, 5000, 500)])
    assert verdict(judged([site], [NO_RED], red, city=metres(-5000, -5000, 5000, 5000)))["verdict"] == "不符合"


def test_unit_gap_is_unknown_and_never_a_pass():
    found = judged([metres(6000, 0, 6100, 100)], [NO_RED, *ENGINE], REDLINE, UNITS)
    assert tuple(verdict(found)[["verdict", "unknown_rule_ids"]]) == ("资料不足", "ZU-04")
    assert finding(found, "ZU-04")["state"] == "unknown"
    inside = judged([BESIDE], [NO_RED, UNIT_CLAUSE, *ENGINE], REDLINE, UNITS)
    assert verdict(inside)["verdict"] == "未发现冲突" and finding(inside, "ZU-04") is None


def test_unit_without_a_clause_in_the_access_list_is_unknown():
    # The access list as a whole, or this unit's part of it, is gone: its prohibitions cannot be told.
    found = judged([BESIDE], [NO_RED, *ENGINE], REDLINE, UNITS)
    assert tuple(verdict(found)[["verdict", "at_least", "unknown_rule_ids"]]) == ("资料不足", "未发现冲突", "ZU-07")
    row = finding(found, "ZU-07")
    assert (row["zone_id"], row["missing_attribute"]) == ("ZH13080230001", "准入清单")
    known = judged([BESIDE], [NO_RED, UNIT_CLAUSE, *ENGINE], REDLINE, UNITS)
    assert finding(known, "ZU-07") is None


def coded(layer, classes):
    """The layer as read from a file whose classes no rule can place."""
    return replace(layer, zones=layer.zones.assign(zone_class=classes), unknown_classes=frozenset(classes))


def test_zone_of_a_class_no_rule_knows_may_fall_under_any_of_them():
    ban, note = rule("ECO-02", "redline", zone_classes=("红线",)), rule("ECO-A", "redline", "限制")
    plain, strange = judged([INSIDE], [ban, note], REDLINE), judged([INSIDE], [ban, note], coded(REDLINE, ["2"]))
    assert verdict(plain)["verdict"] == "不符合"
    assert tuple(verdict(strange)[["verdict", "at_least", "unknown_rule_ids"]]) == ("资料不足", "有条件符合", "ECO-02")
    assert finding(strange, "ECO-02")["missing_attribute"] == "区类别"


def test_site_beside_a_zone_of_unknown_class_is_clear_and_critical_as_beside_any():
    ban, near = rule("ECO-02", "redline", zone_classes=("红线",)), metres(1010, 400, 1100, 500)
    found = verdict(judged([near], [ban], coded(REDLINE, ["2"])))
    assert tuple(found[["verdict", "stability"]]) == ("未发现冲突", "临界")
    assert found["critical_distance_m"] == pytest.approx(10.0, rel=PLANE)


def test_missing_buffer_distance_is_asked_by_its_name():
    buffer = rule("DI-01", "redline", "须论证", geometry="within", distance_attribute="protection_distance_m")
    assert finding(judged([BESIDE], [buffer], REDLINE), "DI-01")["missing_attribute"] == "protection_distance_m"


def test_unit_and_element_that_disagree_are_a_finding_and_the_stricter_wins():
    found = judged([INSIDE], [NO_RED, *ENGINE], REDLINE, UNITS)
    assert verdict(found)["verdict"] == "不符合"
    assert finding(found, "ZU-05")["needs_review"]
    priority = zone_layer("management_units", [metres(-5000, -5000, 5000, 5000)], "优先保护")
    assert finding(judged([INSIDE], [NO_RED, *ENGINE], REDLINE, priority), "ZU-05") is None


def test_sliver_is_no_hit_but_critical_and_a_finding():
    over = metres(-100, 0, 1e-7, 100)
    found = judged([over], [NO_RED, UNIT_CLAUSE, *ENGINE], REDLINE, UNITS, tolerance=0.0)
    assert verdict(found)["verdict"] == "未发现冲突"
    assert tuple(verdict(found)[["stability", "critical_layer"]]) == ("临界", "redline")
    sliver = finding(found, "TOL-01")
    assert (sliver["layer"], sliver["zone_id"]) == ("redline", "redline0") and sliver["needs_review"]
    assert finding(found, "ECO-02") is None


def test_sliver_is_critical_even_when_no_rule_knows_the_layer():
    found = judged([metres(-100, 0, 1e-7, 100)], [], REDLINE, tolerance=0.0)
    assert tuple(verdict(found)[["verdict", "stability", "critical_layer"]]) == ("未发现冲突", "临界", "redline")


@pytest.mark.parametrize(
    ("site", "distance"),
    [
        (BESIDE, 100),  # d_up: 100 m from the zone
        (metres(-60, 0, -10, 1000), 10),
        (INSIDE, 100),  # d_down: its own half-width
        (metres(100, 100, 900, 900), 400),
        (metres(-100, 0, 30, 1000), 15),  # half of the 30 m inside
        (from_metres(shapely.Point(100, 500)), 100),
        (from_metres(shapely.Point(1040, 500)), 40),
        (from_metres(shapely.LineString([(1050, 0), (1050, 900)])), 50),
    ],
)
@pytest.mark.parametrize("tolerance", [5.0, 20.0, 50.0, 500.0])
def test_critical_distance_is_the_way_to_another_verdict(site, distance, tolerance):
    found = verdict(judged([site], [NO_RED], REDLINE, tolerance=tolerance))
    assert found["critical_distance_m"] == pytest.approx(distance, rel=PLANE)
    if abs(distance - tolerance) > 1:
        assert found["stability"] == ("临界" if distance <= tolerance else "稳定")
    assert found["critical_layer"] == "redline"


@pytest.mark.parametrize(("subject_m", "layer_m", "stability"), [(0, 0, "稳定"), (120, 0, "临界"), (0, 120, "临界")])
def test_accuracy_of_subject_or_layer_widens_the_tolerance(subject_m, layer_m, stability):
    layer = zone_layer("redline", [metres(0, 0, 1000, 1000)], accuracy_m=layer_m)
    assert verdict(judged([BESIDE], [NO_RED], layer, accuracy=subject_m))["stability"] == stability


@pytest.mark.parametrize(
    ("threshold", "word", "distance"),
    [(70, "未发现冲突", 30), (150, "不符合", 50), (99, "未发现冲突", 1)],
)
def test_distance_rule_counts_the_gap_to_its_threshold(threshold, word, distance):
    near = rule("RV-01", "redline", geometry="within", distance_m=threshold)
    found = verdict(judged([BESIDE], [near], REDLINE))
    assert found["verdict"] == word
    assert found["critical_distance_m"] == pytest.approx(distance, abs=100 * PLANE)


def test_distance_rule_holds_when_the_site_overlaps_the_zone():
    near = rule("RV-01", "redline", geometry="within", distance_m=50)
    found = judged([INSIDE], [near], REDLINE)
    assert verdict(found)["verdict"] == "不符合" and finding(found, "RV-01")["zone_id"] == "redline0"


def test_distance_rule_is_unknown_when_its_distance_is_not_declared():
    near = rule("RC-01", "redline", geometry="within", distance_attribute="protection_distance_m")
    asked = judged([BESIDE], [near], REDLINE)
    assert verdict(asked)["verdict"] == "资料不足"
    told = judged([BESIDE], [near], REDLINE, attributes=[("S000", "protection_distance_m", "150", "m")])
    assert verdict(told)["verdict"] == "不符合"


def test_second_zone_of_a_scope_already_hit_does_not_count_as_stricter():
    zones = zone_layer("redline", [metres(0, 0, 1000, 1000), metres(1010, 0, 2000, 1000)])
    found = verdict(judged([metres(600, 400, 1000, 800)], [NO_RED], zones))
    assert found["critical_distance_m"] == pytest.approx(200, rel=PLANE)


def test_only_stricter_rules_bring_a_stable_verdict_into_doubt():
    mild, strict = rule("M-1", "mild", "限制"), NO_RED
    near_mild = zone_layer("mild", [metres(1205, 0, 1300, 1000)])
    # Already forbidden: a mild zone 5 m away changes nothing.
    inside = verdict(judged([metres(100, 100, 900, 900)], [strict, mild], REDLINE, zone_layer("mild", [metres(905, 0, 950, 990)])))
    assert inside["critical_layer"] == "redline" and inside["stability"] == "稳定"
    beside = verdict(judged([BESIDE], [strict, mild], REDLINE, near_mild))
    assert beside["critical_layer"] == "mild" and beside["critical_distance_m"] == pytest.approx(5, rel=PLANE)


def test_verdict_on_attributes_alone_has_no_critical_distance():
    found = verdict(judged([BESIDE], [rule("TH-01", "", geometry="none")], REDLINE))
    assert found["verdict"] == "不符合" and np.isnan(found["critical_distance_m"]) and found["stability"] == "稳定"


def test_manual_clauses_are_counted_and_never_change_the_word():
    found = judged([INSIDE, metres(3000, 0, 3010, 10)], [rule("RV-02", "redline", manual=True)], REDLINE)
    assert tuple(verdict(found)[["verdict", "manual_count"]]) == ("未发现冲突", 1)
    assert tuple(verdict(found, "S001")[["verdict", "manual_count"]]) == ("未发现冲突", 0)
    assert finding(found, "RV-02")["state"] == "manual"


def test_rule_is_silent_outside_its_time():
    late, past = rule("N-1", "redline", effective_from=date(2027, 1, 1)), rule("P-1", "redline", effective_to=date(2026, 10, 31))
    assert verdict(judged([INSIDE], [late, past], REDLINE))["verdict"] == "未发现冲突"
    assert verdict(judged([INSIDE], [rule("P-1", "redline", effective_to=DAY)], REDLINE))["verdict"] == "不符合"


def test_false_wins_over_unknown_in_one_rule():
    wanted = rule("X-1", "absent", industry_prefixes=("44",))
    assert verdict(judged([BESIDE], [wanted], REDLINE))["verdict"] == "未发现冲突"  # 3110 is not 44, layer or no layer


def test_missing_attribute_is_named():
    wanted = rule("X-1", "redline", conditions=[{"attribute": "cod_t_per_yr", "op": "gt", "value": 5}])
    found = judged([INSIDE], [wanted], REDLINE)
    assert verdict(found)["verdict"] == "资料不足"
    assert finding(found, "X-1")["missing_attribute"] == "cod_t_per_yr"


def test_evaluate_rule_answers_for_one_subject():
    facts = Facts.one(kind="project", industry="3110", project_type="新建")
    assert evaluate_rule(NO_RED, facts, True, {}).state == "applies"
    assert evaluate_rule(NO_RED, facts, None, {}).state == "unknown"
    assert evaluate_rule(NO_RED, facts, False, {}).state == "not_applicable"


def test_judgement_is_empty_when_there_are_no_subjects():
    found = judged([], [NO_RED], REDLINE)
    assert found.findings.empty and found.verdicts.empty


def caveats(rules, *layers, attributes=()):
    return verdict(judged([INSIDE], rules, *layers, attributes=attributes))["caveats"]


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        (["已见原文"], ""), (["已见公开副本（非公报）"], ""), (["未核实"], "决定性条款未核实"), (["仅见标题"], "决定性条款未核实"),
        (["措辞借自他处"], "决定性条款未核实"), (["示例条款"], "决定性条款为示例条款"), (["示例条款", "未核实"], "决定性条款未核实"),
        (["未核实", "已见原文"], ""), ([], ""),
    ],
)  # fmt: skip
def test_verdict_resting_on_clauses_nobody_read_says_so(marks, told):
    assert caveats([rule(f"R-{i}", "redline", mark=mark) for i, mark in enumerate(marks)], REDLINE) == told


def test_milder_clause_that_was_read_does_not_vouch_for_the_decisive_one():
    rules = [rule("R-0", "redline", mark="未核实"), rule("R-1", "redline", "限制")]
    assert caveats(rules, REDLINE) == "决定性条款未核实"


TYPED = [("S000", "opinion_document", "冀政字〔2026〕1号", "")]
SEEN = [*TYPED, ("S000", "opinion_document_seen", "某经办人", "")]
NEEDS = {"attribute": "opinion_document", "op": "not_declared"}


def test_typed_number_leaves_the_verdict_at_justification_until_somebody_has_seen_it():
    consent = rule("OF-03", "redline", "须论证", conditions=[NEEDS])
    assert caveats([consent], REDLINE) == ""
    found = verdict(judged([INSIDE], [consent], REDLINE, attributes=TYPED))
    assert tuple(found[["verdict", "caveats"]]) == ("须论证", "凭申报文号，未核验")
    found = verdict(judged([INSIDE], [consent], REDLINE, attributes=SEEN))
    assert tuple(found[["verdict", "caveats"]]) == ("未发现冲突", "")
    freed = rule("R-1", "redline", unless=[{"conditions": [{**NEEDS, "op": "declared"}], "article": "某法第1条"}])
    found = verdict(judged([INSIDE], [freed], REDLINE, attributes=TYPED))
    assert tuple(found[["verdict", "caveats"]]) == ("不符合", "凭申报文号，未核验")


@pytest.mark.parametrize("text", ["暂无", "申请中", "正在办理", "没有", "林函1号", "申请中〔2026〕1号", "冀政字〔2026〕0号", "1"])
def test_text_that_is_no_number_counts_for_nothing_even_when_registered(text):
    consent = rule("OF-03", "redline", "须论证", conditions=[NEEDS])
    said = [("S000", "opinion_document", text, ""), ("S000", "opinion_document_seen", "某经办人", "")]
    found = verdict(judged([INSIDE], [consent], REDLINE, attributes=said))
    assert tuple(found[["verdict", "caveats"]]) == ("须论证", "")


def test_typed_number_that_changes_nothing_is_not_mentioned():
    consent = rule("OF-03", "redline", "须论证", conditions=[NEEDS])
    assert caveats([consent, NO_RED], REDLINE, attributes=TYPED) == ""
    elsewhere = rule("OF-03", "farmland", "须论证", conditions=[NEEDS])
    farmland = zone_layer("farmland", [metres(5000, 5000, 6000, 6000)])
    assert caveats([elsewhere], REDLINE, farmland, attributes=TYPED) == ""
