"""Law: judging by shared answers in matrices says, row by row, what asking every rule about every subject says."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import plain_judge
import shapely
from shapes import layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import Stability, State
from cdgis.judging import rule_plan
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import Facts
from cdgis.judging.hits import Hits, scope_of
from cdgis.judging.kleene import FALSE, TRUE
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.rule_outcomes import buffer_m, grey_rules, is_grey, place_of
from cdgis.judging.rule_plan import plan_of
from cdgis.judging.rulings import Rulings
from cdgis.judging.verdicts import judge, reach_by_layer
from cdgis.results.tables.validation import validate
from cdgis.rules import load_rulebook

DAY = date(2026, 11, 1)
ENGINE = tuple(r for r in load_rulebook().in_force(DAY) if r.geometry == "engine")
LAYERS, UNITS = ("management_units", "a", "b", "not_there"), "management_units"
CONDITIONS = (
    {"attribute": "coal_t_per_yr", "op": "gt", "value": 5}, {"attribute": "two_high", "op": "true"},
    {"attribute": "forest_approval", "op": "not_declared"}, {"attribute": "area_m2", "op": "ge", "value": 20_000},
)  # fmt: skip
EXEMPTIONS = (
    {"activities": ["国家重大项目"], "article": "示例"}, {"activities": ["A01"], "industry_prefixes": ["44"], "successors": ["R-0", "R-1"]},
    {"conditions": [{"attribute": "forest_approval", "op": "declared"}], "article": "示例"},
)  # fmt: skip
FACTS = {"coal_t_per_yr": ("1", "9"), "two_high": ("true", "false"), "forest_approval": ("林资许准〔2025〕12号",), "activity_seen": ("张三",),
         "place_conflict": ("所写的县不符",), "protection_distance_m": ("300",), "land_ha": ("1", "2", "3")}  # fmt: skip


def some(rng, pool, chance=0.4):
    return pool[rng.integers(len(pool))] if rng.random() < chance else None


def random_rule(rng, number):
    layer = LAYERS[rng.choice(4, p=[0.3, 0.32, 0.32, 0.06])]
    changes = {
        "zone_classes": some(rng, [("甲",), ("甲", "乙"), ("优先保护",)]), "project_types": some(rng, [("新建",), ("新建", "扩建")]),
        "activities": some(rng, [("开发性生产性建设",), ("A01", "A05")]), "industry_prefixes": some(rng, [("31",), ("44",), ("3110", "30")]),
        "industry_flag": some(rng, ["two_high"], 0.15), "conditions": some(rng, [(c,) for c in CONDITIONS]),
        "unless": some(rng, [(e,) for e in EXEMPTIONS]), "manual": some(rng, [True], 0.15), "mark": some(rng, ["M", "示例条款"]),
        "zone_ids": some(rng, [(f"{layer}{i}",) for i in range(4)], 0.5 if layer == UNITS else 0.15),
        "or_declared": some(rng, [{"attribute": "discharges_pollutants", "op": "true"}], 0.15),
    }  # fmt: skip
    changes = {name: value for name, value in changes.items() if value is not None}
    effect = ("禁止", "退出", "须论证", "限制", "提示", "鼓励")[rng.integers(6)]
    kind = rng.random()
    if kind < 0.15:
        changes |= {"geometry": "within", "distance_m": float(rng.choice([100, 1500]))}
    elif kind < 0.2:
        changes |= {"geometry": "within", "certain_m": 50.0, "distance_m": 2000.0}
    elif kind < 0.25:
        changes |= {"geometry": "within", "distance_attribute": "protection_distance_m"}
    elif kind < 0.3:
        changes |= {"geometry": "none"}
    return rule(f"R-{number}", layer, effect, **changes)


def random_square(rng):
    x, y, side = *(100.0 * rng.integers(-45, 45, 2)), rng.choice([100.0, 900.0, 3000.0])
    return metres(x, y, x + side, y + side)


def random_world(rng):
    city = metres(-4000, -4000, *(rng.choice([2000.0, 8000.0], 2)))
    made = [
        zone_layer(name, [random_square(rng) for _ in range(n)], [("甲", "乙", "优先保护", "丙")[rng.integers(4)] for _ in range(n)])
        for name in LAYERS[:3] for n in [int(rng.integers(1, 5))]
    ]  # fmt: skip
    made[2] = made[2] if rng.random() < 0.7 else type(made[2])(
        spec=made[2].spec, zones=made[2].zones, record=made[2].record, unknown_classes=frozenset({"丙"})
    )  # fmt: skip
    rules = [*(random_rule(rng, number) for number in range(40)), *(ENGINE if rng.random() < 0.8 else ())]
    count = int(rng.integers(1, 7))
    shapes = [random_square(rng) if rng.random() < 0.8 else shapely.centroid(random_square(rng)) for _ in range(count)]
    pick = lambda pool: [pool[rng.integers(len(pool))] for _ in range(count)]  # noqa: E731
    subjects = sites(
        shapes, industry=pick(["3110", "31", "4417", ""]), project_type=pick(["新建", "改建", ""]), kind=pick(["project", "enterprise"]),
        activity=pick(["开发性生产性建设", "国家重大项目;A01", "A01", ""]),
    )  # fmt: skip
    told = [(f"S{i:03}", name, some(rng, values), "") for i in range(count) for name, values in FACTS.items()]
    return layer_set(*made, city=city), rules, subjects, [row for row in told if row[2]]


def asked_of(rng):
    layers, rules, subjects, told = random_world(rng)
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=rng.choice([1.0, 30_000.0], len(subjects.frame)), length_m=0.0)
    facts = Facts.of(frame, pd.DataFrame(told, columns=["subject_id", "attribute", "value", "unit"]))
    return rules, layers, facts, measure_overlaps(subjects, layers, reach_m=reach_by_layer(rules, facts))


def both(seed):
    rng = np.random.default_rng(seed)
    rules, layers, facts, measured = asked_of(rng)
    asked = {"layers": layers, "accuracy_m": rng.choice([0.0, 60.0], facts.size), "tolerance_m": 20.0, "as_of": DAY}
    other = replace(facts, measures=facts.measures | {"area_m2": facts.measures["area_m2"][::-1] * 0.999})
    judge(other, measured, rules, **asked)  # what is remembered of it must not be said of what has another size
    words = judge(facts, measured, rules, **asked | {"accuracy_m": None})  # nobody asks how sure
    made = judge(facts, measured, rules, **asked)
    pd.testing.assert_frame_equal(words.findings, made.findings, check_exact=True)
    for name in ("subject_id", "verdict", "at_least"):
        assert words.verdicts[name].tolist() == made.verdicts.sort_values("subject_id")[name].tolist()
    return made, plain_judge.judge(facts, measured, rules, **asked)


def test_shared_answers_say_what_every_rule_asked_in_turn_says():
    met = set()
    for seed in range(25):
        made, (findings, verdicts) = both(seed)
        pd.testing.assert_frame_equal(made.verdicts, validate("verdicts", verdicts), check_exact=True)
        pd.testing.assert_frame_equal(made.findings, validate("findings", findings), check_exact=True)
        pd.testing.assert_frame_equal(validate("findings", made.found.alike().frame()), made.findings, check_exact=True)
        met |= {*findings["state"], *verdicts["verdict"], *verdicts["stability"], *verdicts["caveats"]}
    assert met >= {*State, *Stability, "不符合", "资料不足", "未发现冲突", "决定性条款未核实", "凭申报文号，未核验"}, met


def test_subjects_of_one_kind_are_asked_once_and_each_is_told_of_as_if_it_were_alone():
    kinds, count = 0, 25
    for seed in range(60, 80):
        rng = np.random.default_rng(seed)
        rules, layers, facts, measured = asked_of(rng)
        at, ids = rng.integers(0, facts.size, count), np.array([f"S{n:03}" for n in rng.permutation(count)], dtype=object)
        many, near = facts.at(at), measured.at(at, ids)
        for values in many.attributes.values():
            values[rng.random(count) < 0.2] = ""
        near = replace(near, uncovered={layer: flags ^ (rng.random(count) < 0.2) for layer, flags in near.uncovered.items()})
        many = replace(many, measures=many.measures | {"area_m2": rng.choice([1.0, 20_000.0, np.nan], count)})
        asked = {"layers": layers, "accuracy_m": rng.choice([0.0, 60.0], count), "tolerance_m": 20.0, "as_of": DAY}
        made, (findings, verdicts) = judge(many, near, rules, **asked), plain_judge.judge(many, near, rules, **asked)
        pd.testing.assert_frame_equal(made.verdicts, validate("verdicts", verdicts), check_exact=True)
        pd.testing.assert_frame_equal(made.findings, validate("findings", findings), check_exact=True)
        hits = Hits(near.hits, count, {name: layer.unknown_classes for name, layer in layers.items()})
        kinds += len(Rulings(plan_of(rules, DAY), many, near, hits).kinds.first)
    assert kinds < 0.9 * count * 20, "nobody was alike: nothing was shared"


def test_what_is_remembered_is_kept_apart_by_what_is_said_and_stays_little(monkeypatch):
    monkeypatch.setattr(rule_plan, "_KEPT_ANSWERS", 3)
    for seed in range(30, 36):
        rules, _, facts, _ = asked_of(np.random.default_rng(seed))
        plan = plan_of(rules, DAY)
        plain = np.array([rule_applies_but_for_geometry(one, facts, plan.book) for one in plan.bearers])
        for places in (np.arange(facts.size), np.arange(facts.size)[::-1], np.zeros(3, np.int64)):
            np.testing.assert_array_equal(plan.but_for_geometry(facts.at(places)), plain[:, places])
        assert len(plan._known) <= 3 and (~plan.sized).any()


def test_plans_without_rules_or_with_rules_on_size_alone_answer_too():
    _, _, facts, _ = asked_of(np.random.default_rng(1))
    assert plan_of([], DAY).but_for_geometry(facts).shape == (0, facts.size)
    large = rule("R-1", "a", conditions=[CONDITIONS[3]])
    np.testing.assert_array_equal(plan_of([large], DAY).but_for_geometry(facts)[0] == TRUE, facts.measures["area_m2"] >= 20_000)


def test_what_no_rule_asks_about_changes_no_answer_and_tells_nobody_apart():
    left = set()
    for seed in range(40, 60):
        rules, _, facts, _ = asked_of(np.random.default_rng(seed))
        plan = plan_of(rules, DAY)
        beside = {name: values[::-1] for name, values in facts.attributes.items() if name not in plan.asked}
        other, left = replace(facts, attributes={**facts.attributes, **beside}), left | set(beside)
        plain = np.array([rule_applies_but_for_geometry(one, other, plan.book) for one in plan.bearers])
        np.testing.assert_array_equal(plan.but_for_geometry(facts), plain)
        assert other.alike(plan.asked).keys == facts.alike(plan.asked).keys
    assert left >= {"land_ha", "coal_t_per_yr"}, left


def test_buffers_are_decided_as_if_every_distance_had_been_measured():
    spared = 0
    for seed in range(12):
        rules, layers, facts, measured = asked_of(np.random.default_rng(seed))
        hits = Hits(measured.hits, facts.size, {name: layer.unknown_classes for name, layer in layers.items()})
        for one in (one for one in (*rules, *grey_rules(rules)) if one.geometry == "within" and scope_of(one).layer in layers):
            place, nearest = place_of(one, facts, measured, hits), measured.nearest[scope_of(one)]
            hit = hits.of(scope_of(one))[0]
            off = np.where(hit, 0.0, nearest.distance_m)
            threshold, blind = buffer_m(one, facts), measured.uncovered[one.layer] | hits.doubtful(one)
            near = hit | (off <= threshold)  # who is inside is near, were no distance declared
            no = ~near & ~blind & ~np.isnan(threshold)
            grey = no & ~(off > (one.distance_m or np.inf)) if is_grey(one) else no
            np.testing.assert_array_equal(place.geometry == TRUE, grey if is_grey(one) else near)
            np.testing.assert_array_equal(place.geometry == FALSE, ~grey if is_grey(one) else no)
            assert (place.zone_ids[near] != "").all() and not (place.zone_ids[~near] != "").any()
            apart = np.flatnonzero(~near & ~np.isnan(threshold) & ~np.isnan(off))
            if place.nearest is not None:
                np.testing.assert_array_equal(place.nearest.distance_of(apart), (off - threshold)[apart])
                assert (place.distance_m[apart] <= (off - threshold)[apart] + 1e-9).all()
                spared += (place.distance_m[apart] < (off - threshold)[apart]).sum()
    assert spared, "every distance was measured: the shortcut was not taken"


def test_plan_of_the_same_rules_is_kept_and_that_of_others_is_not_taken_for_it():
    rules = [rule("R-1", "a"), rule("R-2", "a", "限制")]
    assert plan_of(rules, DAY) is plan_of(list(rules), DAY)
    assert plan_of(rules, date(2019, 1, 1)).rules == () and plan_of(rules[:1], DAY).rules == (rules[0],)
    assert plan_of([rules[1], rules[0]], DAY).rules == (rules[1], rules[0])


def test_rules_that_ask_the_same_share_one_answer_and_exemptions_with_successors_share_none():
    heir = [{"activities": ["A01"], "successors": ["R-1"]}]
    rules = [rule("R-1", "a"), rule("R-2", "b", "限制"), rule("R-3", "a", unless=heir), rule("R-4", "a", unless=heir)]
    plan = plan_of(rules, DAY)
    assert plan.bearing.tolist() == [0, 0, 1, 2] and plan.looking.tolist() == [0, 1, 0, 0]
