"""Laws of judging. A verdict is an interval of strictness: what is certain (`low`) and what may yet come (`high`).

Milder means: less is certain, or less may yet come although nothing more is known.
"""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import layer_set, metres, rule, sites, zone_layer

from cdgis.judging.facts import Facts
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import judge, reach_by_layer
from cdgis.workspace.layers import Layer

RANK = {"未发现冲突": 0, "有条件符合": 1, "须论证": 2, "不符合": 3}
CITY = metres(-4000, -4000, 4000, 4000)
LAYERS = ("a", "b", "c")
EFFECTS = ("禁止", "退出", "须论证", "限制", "提示", "鼓励")
LAW = settings(max_examples=12)
place = st.integers(-45, 45).map(lambda v: 100.0 * v)


@st.composite
def squares(draw):
    x, y, side = draw(place), draw(place), draw(st.sampled_from((100.0, 900.0, 3000.0)))
    return metres(x, y, x + side, y + side)


@st.composite
def rules(draw, name):
    layer, effect = draw(st.sampled_from(LAYERS)), draw(st.sampled_from(EFFECTS))
    changes = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "zone_classes": st.just(("甲",)),
                "industry_prefixes": st.sampled_from((("31",), ("44",), ("3110",))),
                "conditions": st.just([{"attribute": "cod_t_per_yr", "op": "gt", "value": 5}]),
                "unless": st.just([{"activities": ["国家重大项目"]}]),
                "manual": st.booleans(),
            },
        )
    )
    if draw(st.booleans()):
        changes |= {"geometry": "within", "distance_m": draw(st.sampled_from((100.0, 1000.0)))}
    return rule(name, layer, effect, **changes)


@st.composite
def worlds(draw):
    layers = {
        name: draw(st.lists(st.tuples(squares(), st.sampled_from("甲乙")), max_size=3)) for name in LAYERS
    }
    count = draw(st.integers(1, 5))
    return layers, [draw(rules(f"R-{i}")) for i in range(count)], draw(st.lists(squares(), min_size=1, max_size=3))


def built(layers: dict) -> dict[str, Layer]:
    made = [zone_layer(name, [g for g, _ in zones], [c for _, c in zones]) for name, zones in layers.items()]
    return layer_set(*made, city=CITY)


def verdicts(layers, rule_set, geometries, *, cod_t_per_yr="", **told):
    subjects, used = sites(geometries, **({"industry": "31"} | told)), built(layers)
    size = len(geometries)
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0)
    rows = [(i, "cod_t_per_yr", cod_t_per_yr, "t/a") for i in frame["subject_id"] if cod_t_per_yr]
    facts = Facts.of(frame, pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"]))
    measured = measure_overlaps(subjects, used, reach_m=reach_by_layer(rule_set, facts))
    return judge(
        facts, measured, rule_set, layers=used, accuracy_m=np.zeros(size), tolerance_m=20.0, as_of=date(2026, 11, 1)
    ).verdicts


def bounds(table, rule_set):
    """The certain and the possible rank of each subject's verdict."""
    effect = {r.id: r.effect.rank for r in rule_set}
    low = [RANK[row.at_least or row.verdict] for row in table.itertuples()]
    unknown = [max((effect[i] for i in row.unknown_rule_ids.split(";") if i), default=0) for row in table.itertuples()]
    return np.array(low), np.maximum(low, unknown)


@LAW
@given(worlds())
def test_unknown_verdict_is_given_exactly_when_something_stricter_may_apply(world):
    layers, rule_set, geometries = world
    table = verdicts(layers, rule_set, geometries)
    low, high = bounds(table, rule_set)
    assert ((table["verdict"] == "资料不足") == (high > low)).all()
    assert ((table["at_least"] != "") == (table["verdict"] == "资料不足")).all()


@LAW
@given(worlds(), rules("R-9"))
def test_adding_a_rule_never_makes_a_verdict_milder(world, extra):
    layers, rule_set, geometries = world
    low, high = bounds(verdicts(layers, rule_set, geometries), rule_set)
    more = [*rule_set, extra]
    new_low, new_high = bounds(verdicts(layers, more, geometries), more)
    assert (new_low >= low).all() and (new_high >= high).all()


@LAW
@given(worlds(), squares(), st.sampled_from("甲乙"), st.sampled_from(LAYERS))
def test_adding_a_zone_to_a_present_layer_never_makes_a_verdict_milder(world, zone, zone_class, layer):
    layers, rule_set, geometries = world
    low, high = bounds(verdicts(layers, rule_set, geometries), rule_set)
    grown = layers | {layer: [*layers[layer], (zone, zone_class)]}
    new_low, new_high = bounds(verdicts(grown, rule_set, geometries), rule_set)
    assert (new_low >= low).all() and (new_high >= high).all()


@LAW
@given(worlds(), st.sampled_from(LAYERS))
def test_adding_a_missing_layer_only_resolves_what_was_unknown(world, layer):
    layers, rule_set, geometries = world
    without = {name: zones for name, zones in layers.items() if name != layer}
    before, after = verdicts(without, rule_set, geometries), verdicts(layers, rule_set, geometries)
    low, high = bounds(before, rule_set)
    new_low, new_high = bounds(after, rule_set)
    assert (new_low >= low).all() and (new_high <= high).all()
    settled = before["verdict"] != "资料不足"
    assert (before["verdict"] == after["verdict"])[settled].all()


@LAW
@given(worlds())
def test_removing_a_layer_turns_verdicts_that_rested_on_it_alone_into_unknown(world):
    layers, rule_set, geometries = world
    without = {name: zones for name, zones in layers.items() if name != "a"}
    full, less = verdicts(layers, rule_set, geometries), verdicts(without, rule_set, geometries)
    on_layer = {r.id for r in rule_set if r.layer == "a"}
    for before, after in zip(full.itertuples(), less.itertuples(), strict=True):
        decisive = set(before.decisive_rule_ids.split(";")) - {""}
        if before.verdict != "资料不足" and decisive and decisive <= on_layer:
            assert after.verdict == "资料不足" and RANK[after.at_least] < RANK[before.verdict]


PASSES = ["未发现冲突", "有条件符合"]


@LAW
@given(worlds(), st.sampled_from(("3", "8")), st.sets(st.sampled_from((*LAYERS, "cod_t_per_yr", "industry", "activity")), min_size=1))
def test_removing_data_never_turns_a_non_pass_into_a_pass(world, cod, gone):
    layers, rule_set, geometries = world
    told = {"industry": "3110", "activity": "国家重大项目", "cod_t_per_yr": cod}
    before = verdicts(layers, rule_set, geometries, **told)
    left = {name: zones for name, zones in layers.items() if name not in gone}
    after = verdicts(left, rule_set, geometries, **{name: "" if name in gone else value for name, value in told.items()})
    assert not (~before["verdict"].isin(PASSES) & after["verdict"].isin(PASSES)).any()
    low, high = bounds(before, rule_set)
    new_low, new_high = bounds(after, rule_set)
    assert (new_low <= low).all() and (new_high >= high).all()


@settings(max_examples=8)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_rules_and_subjects_changes_nothing(world, random):
    layers, rule_set, geometries = world
    plain = verdicts(layers, rule_set, geometries)
    mixed = verdicts(dict(reversed(layers.items())), random.sample(rule_set, len(rule_set)), geometries)
    pd.testing.assert_frame_equal(plain.drop(columns="critical_layer"), mixed.drop(columns="critical_layer"))


@LAW
@given(worlds())
def test_a_fuller_industry_code_only_resolves_what_was_unknown(world):
    layers, rule_set, geometries = world
    low, high = bounds(verdicts(layers, rule_set, geometries, industry="31"), rule_set)
    new_low, new_high = bounds(verdicts(layers, rule_set, geometries, industry="3110"), rule_set)
    assert (new_low >= low).all() and (new_high <= high).all()
