"""Written policy of relocation, and who is listed by it: each filter against the same filter written out, over random rules and reasons."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import test_relocation as cases
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapes import rule, zone_layer

from cdgis.core.errors import RuleError, UsageError
from cdgis.core.vocabulary import Effect, ProjectType
from cdgis.geometry.kernels import Engine
from cdgis.relocation import candidates, priority, rank_by_urgency
from cdgis.relocation.conflict import Obstacle, irreducible
from cdgis.relocation.dates import last_day
from cdgis.relocation.plan import candidate_list
from cdgis.relocation.policy import (
    Criterion,
    DestinationPolicy,
    DispositionRule,
    PriorityPolicy,
    RelocationPolicy,
    read_destination_policy,
    read_priority_policy,
    read_relocation_policy,
    read_weights,
    reweighted,
    weights_of,
)
from cdgis.relocation.policy.dispositions import Reason
from cdgis.relocation.policy.scoring import Grade, WeightRange
from cdgis.relocation.rank_intervals import WeightSet, _fewest, _least, rank_intervals

NAN = float("nan")
POLICY, PRIORITY, CHOOSING = read_relocation_policy(), read_priority_policy(), read_destination_policy()


def subset(words):
    return st.lists(st.sampled_from(words), unique=True, max_size=2).map(tuple)


# Classes of reasons and what follows from them


EFFECTS, TYPES = ["禁止", "退出", "须论证"], ["既有", "新建", "迁建"]


@given(
    subset(EFFECTS),
    subset(TYPES),
    subset(["a", "b"]),
    st.sampled_from([None, True, False]),
    st.sampled_from(EFFECTS),
    subset(TYPES),
    st.sampled_from(["", "a", "c"]),
)
def test_a_reason_covers_the_rules_of_its_effects_types_and_layers(
    effects, types, layers, located, effect, own_types, layer
):
    own = rule(
        "R",
        layer,
        effect,
        project_types=list(own_types),
        types_reason="x",
        **({} if layer else {"geometry": "none", "conditions": [{"attribute": "equipment", "op": "declared"}]}),
    )
    reason = Reason(
        kind="k",
        title="t",
        effects=tuple(Effect(e) for e in effects),
        project_types=tuple(ProjectType(t) for t in types),
        layers=layers,
        located=located,
    )
    wanted = effect in effects
    wanted = wanted and (types == () or any(t in own_types for t in types))
    wanted = wanted and (layers == () or layer in layers)
    wanted = wanted and (located is None or located == (layer != ""))
    assert reason.covers(own) == wanted


@given(
    subset(["甲", "乙"]),
    subset(["乙", "丙"]),
    st.sampled_from(["", "nothing_left"]),
    subset(["06", "3"]),
    st.frozensets(st.sampled_from("甲乙丙")),
    st.sampled_from(["", "0610", "3110"]),
    st.booleans(),
)
def test_a_disposition_holds_where_each_thing_it_asks_for_is_so(
    some, also, equipment, prefixes, kinds, industry, nothing_left
):
    one = DispositionRule(
        any_of=some, with_any_of=also, equipment=equipment, industry_prefixes=prefixes, gives="保留观察", text="t"
    )
    wanted = (not some or any(k in kinds for k in some)) and (not also or any(k in kinds for k in also))
    wanted = (
        wanted and (equipment == "" or nothing_left) and (not prefixes or any(industry.startswith(p) for p in prefixes))
    )
    assert one.holds(kinds, industry=industry, nothing_left=nothing_left) == wanted
    assert one.unconditional == (some == also == prefixes == () and equipment == "")


def written(**changes):
    """A small policy: two kinds of reasons, one exclusion, one review, two dispositions."""
    return {
        "version": "t",
        "park_layer": "parks",
        "attribute_serves_city": "s",
        "attribute_approval": "a",
        "attribute_equipment": "e",
        "reason": [{"kind": k, "title": k, "effects": ["退出"]} for k in ("甲", "乙")],
        "exclusion": [{"test": "in_park", "drops": ["甲"], "text": "t", "basis": "b"}],
        "review": [{"test": "critical", "kinds": ["甲"], "text": "t"}],
        "disposition": [
            {"any_of": ["甲"], "with_any_of": ["乙"], "gives": "关停退出", "text": "t"},
            {"gives": "保留观察", "text": "t"},
        ],
    } | changes


@pytest.mark.parametrize(
    "strange",
    [
        {"exclusion": [{"test": "in_park", "drops": ["甲", "丁"], "text": "t", "basis": "b"}]},
        {"review": [{"test": "critical", "kinds": ["丁"], "text": "t"}]},
        {"disposition": [{"any_of": ["丁"], "gives": "关停退出", "text": "t"}, {"gives": "保留观察", "text": "t"}]},
        {
            "disposition": [
                {"with_any_of": ["丁"], "gives": "关停退出", "text": "t"},
                {"gives": "保留观察", "text": "t"},
            ]
        },
    ],
)
def test_a_kind_that_no_reason_gives_is_refused_by_name_wherever_it_stands(strange):
    RelocationPolicy(**written())
    with pytest.raises(ValidationError, match="丁"):
        RelocationPolicy(**written(**strange))


@pytest.mark.parametrize("name", ["reason", "disposition"])
def test_a_policy_needs_reasons_and_dispositions(name):
    with pytest.raises(ValidationError, match=name):
        RelocationPolicy(**written(**{name: []}))


@pytest.mark.parametrize(
    "empty",
    [
        ("exclusion", {"test": "in_park", "drops": [], "text": "t", "basis": "b"}),
        ("review", {"test": "critical", "kinds": [], "text": "t"}),
    ],
)
def test_what_concerns_no_kind_is_refused(empty):
    with pytest.raises(ValidationError):
        RelocationPolicy(**written(**{empty[0]: [empty[1]]}))


def test_the_first_class_and_the_first_disposition_decide_and_the_last_must_hold_for_all():
    policy = RelocationPolicy(**written())
    assert policy.kind_of(rule("R", "z", "退出")) == "甲" and policy.kind_of(rule("R", "z", "禁止")) == ""
    assert policy.dispose(frozenset("甲乙")).gives == "关停退出" and policy.dispose(frozenset("甲")).gives == "保留观察"
    with pytest.raises(ValidationError, match="最后一条"):
        RelocationPolicy(**written(disposition=[{"any_of": ["甲"], "gives": "关停退出", "text": "t"}]))
    RelocationPolicy(**written(disposition=[{"gives": "保留观察", "text": "t"}]))


# Scales, grades, weights


def criterion(**changes):
    return {
        "id": "c",
        "title": "标",
        "measure": "m",
        "low": 0.0,
        "high": 1.0,
        "ideal": "high",
        "weight": 1.0,
        "source": "s",
    } | changes


@pytest.mark.parametrize(
    ("low", "high", "scale", "sound"),
    [
        (0, 1, "linear", True),
        (1, 1, "linear", False),
        (2, 1, "linear", False),
        (-1, 1, "linear", True),
        (0, 1, "log", True),
        (0.5, 1, "log", True),
        (-0.5, 1, "log", False),
        (1, 1, "log", False),
        (-2, -1, "linear", True),
    ],
)
def test_a_criterion_needs_a_range_and_on_a_log_scale_none_below_zero(low, high, scale, sound):
    def made():
        return Criterion(**criterion(low=low, high=high, scale=scale))

    if sound:
        assert made().low == low
    else:
        with pytest.raises(ValidationError, match="low 应小于 high"):
            made()


@given(
    st.floats(0, 9),
    st.floats(0.5, 9),
    st.sampled_from(["linear", "log"]),
    st.sampled_from(["high", "low"]),
    st.lists(st.one_of(st.just(NAN), st.floats(-3, 30)), min_size=1),
)
def test_closeness_is_the_share_of_the_way_from_the_worse_bound_to_the_better(low, span, scale, ideal, values):
    one = Criterion(**criterion(low=low, high=low + span, scale=scale, ideal=ideal))
    near, best = priority.closeness(pd.DataFrame({"m": values}), [one])
    for value, a, b in zip(values, near[:, 0], best[:, 0], strict=True):
        if np.isnan(value):
            assert (a, b) == (0.0, 1.0)
            continue
        bend = (lambda x: np.log10(1 + x)) if scale == "log" else float
        share = (bend(min(max(value, low), low + span)) - bend(low)) / (bend(low + span) - bend(low))
        assert a == b == pytest.approx(share if ideal == "high" else 1 - share, abs=1e-12)


def ranking(**changes):
    return {
        "version": "t",
        "receptor_radius_m": 1.0,
        "reason_strength": {},
        "air_sensitivity": {},
        "weight_range": {"tolerance": 0.3, "exact_candidates": 9},
        "grade": [{"grade": "A", "least": 0.6}, {"grade": "B", "least": 0.3}, {"grade": "C", "least": 0.0}],
        "criterion": [criterion()],
    } | changes


@pytest.mark.parametrize(
    ("least", "sound"),
    [
        ((0.6, 0.3, 0.0), True),
        ((0.0,), True),
        ((0.3, 0.6, 0.0), False),
        ((0.6, 0.3, 0.1), False),
        ((0.6, 0.0, 0.3), False),
        ((1.0,), False),
        ((0.0, 0.0), True),
    ],
)
def test_grades_fall_to_zero(least, sound):
    grades = [{"grade": "ABC"[i], "least": x} for i, x in enumerate(least)]
    if sound:
        PriorityPolicy(**ranking(grade=grades))
    else:
        with pytest.raises(ValidationError, match="最后一档"):
            PriorityPolicy(**ranking(grade=grades))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"criterion": [criterion(), criterion(measure="n")]}, "id 不得重复"),
        ({"criterion": [criterion(weight=0.0)]}, "权重之和"),
        ({"criterion": []}, "criterion"),
        ({"grade": []}, "grade"),
    ],
)
def test_criteria_have_names_of_their_own_and_some_weight(changes, words):
    PriorityPolicy(**ranking(criterion=[criterion(weight=0.5), criterion(id="d", weight=0.0)]))
    with pytest.raises(ValidationError, match=words):
        PriorityPolicy(**ranking(**changes))
    if "criterion" in changes:
        with pytest.raises(ValidationError, match=words):
            DestinationPolicy(**(CHOOSING.model_dump() | changes))


@pytest.mark.parametrize(
    ("changed", "sound"),
    [
        ({"a": 0.0}, True),
        ({"a": 0.0, "b": 0.0}, False),
        ({"a": -0.5}, False),
        ({"a": -1.0, "b": -2.0}, False),
        ({}, True),
        ({"x": 1.0}, False),
    ],
)
def test_weights_are_replaced_by_name_and_one_of_them_must_weigh_something(changed, sound):
    policy = PriorityPolicy(**ranking(criterion=[criterion(id="a", weight=0.4), criterion(id="b", weight=1.2)]))
    if not sound:
        with pytest.raises(UsageError):
            reweighted(policy, changed)
        return
    found = reweighted(policy, changed)
    given_ = [changed.get("a", 0.4), changed.get("b", 1.2)]
    assert [c.weight for c in found.criterion] == given_ and weights_of(found.criterion).tolist() == pytest.approx(
        [w / sum(given_) for w in given_]
    )
    assert [c.weight for c in policy.criterion] == [0.4, 1.2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[destinations]\nrail = 0.3\n", {"destinations": {"rail": 0.3}}),
        ("", {}),
        ("[priority]\na = 1\n[destinations]\n", {"priority": {"a": 1.0}, "destinations": {}}),
    ],
)
def test_a_file_of_weights_gives_the_sections_it_has(tmp_path, text, found):
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")
    assert read_weights(path) == found
    with pytest.raises(UsageError, match="无法读取"):
        read_weights(tmp_path / "none.toml")


def test_a_policy_that_cannot_be_read_is_told_with_its_name_and_place(tmp_path):
    with pytest.raises(RuleError, match=r"没有\.toml 无法读取"):
        read_relocation_policy(tmp_path / "没有.toml")
    broken = tmp_path / "坏.toml"
    broken.write_text('version = "1"\n', encoding="utf-8")
    with pytest.raises(RuleError, match=r"坏\.toml"):
        read_destination_policy(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match=r"坏\.toml 无法读取"):
        read_priority_policy(broken)
    whole = {"version": "t", "disposition": []}
    broken.write_text(
        "\n".join(f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}" for k, v in whole.items()), encoding="utf-8"
    )
    with pytest.raises(RuleError, match="reason"):
        read_relocation_policy(broken)


# Ranks


def scored(values, weights, **changes):
    criteria = [criterion(id=f"c{k}", title=f"标{k}", measure=f"m{k}", weight=w) for k, w in enumerate(weights)]
    policy = PriorityPolicy(**ranking(criterion=criteria, **changes))
    return rank_by_urgency(pd.DataFrame(values, columns=[f"m{k}" for k in range(len(weights))]), policy)


@given(st.integers(0, 100_000))
@settings(max_examples=15)
def test_what_leads_is_the_first_of_the_largest_parts_of_the_score_with_gaps_at_their_middle(seed):
    rng = np.random.default_rng(seed)
    weights = rng.choice([1.0, 2.0, 3.0], 3)
    values = rng.choice([0.0, 0.25, 0.5, 1.0, NAN], (4, 3))
    found = scored(values, weights)
    share = weights / weights.sum()
    points = np.round(np.nan_to_num(values, nan=0.5) * share, 9)
    assert found.ranking["lead"].tolist() == [f"标{row.tolist().index(max(row))}" for row in points]
    low, high = (np.round((np.nan_to_num(values, nan=end) * share).sum(axis=1), 9) for end in (0.0, 1.0))
    assert found.ranking["score"].tolist() == pytest.approx(np.round((low + high) / 2, 9).tolist(), abs=1e-12)
    assert found.ranking["score_low"].tolist() == low.tolist() and found.ranking["score_high"].tolist() == high.tolist()
    score = found.ranking["score"].to_numpy()
    assert found.ranking["rank"].tolist() == [1 + int((score > own).sum()) for own in score]
    parts = found.criteria
    assert (
        parts["candidate"].tolist() == [i for i in range(4) for _ in range(3)]
        and parts["criterion"].tolist() == ["c0", "c1", "c2"] * 4
    )
    assert parts["points"].to_numpy() == pytest.approx((np.nan_to_num(values, nan=0.5) * share).ravel()) and parts[
        "weight"
    ].to_numpy() == pytest.approx(np.tile(share, 4))
    assert (
        parts["closeness_low"].tolist() == np.nan_to_num(values, nan=0.0).ravel().tolist()
        and parts["closeness_high"].tolist() == np.nan_to_num(values, nan=1.0).ravel().tolist()
    )


def test_scores_alike_to_nine_digits_are_one_and_share_a_rank():
    assert scored([[0.5], [0.5 + 4e-10], [0.5 + 2e-9]], [1.0]).ranking["rank"].tolist() == [2, 2, 1]
    assert priority.scores(np.array([[0.123456789449]]), np.array([1.0])).tolist() == [0.123456789]
    # a grade is reached by whoever lacks no more than the last digit of it
    assert scored([[0.6 - 9e-10], [0.6 - 2e-9]], [1.0]).ranking["grade"].tolist() == ["A", "B"]
    assert scored([[NAN, 1.0]], [1.0, 1.0]).ranking["lead"].tolist() == ["标1"]


@given(st.integers(0, 100_000))
@settings(max_examples=30)
def test_a_driver_is_the_gap_or_the_weight_that_moves_the_rank_by_most_places(seed):
    """Ties, whole places, criteria that weigh all or nothing: the places of each way counted by moving it alone."""
    rng = np.random.default_rng(seed)
    weights = rng.choice([0.0, 1.0, 2.0], 3)
    weights[rng.integers(3)] = 1.0
    values = rng.choice([0.0, 0.3, 0.6, 1.0, NAN], (5, 3), p=[0.25, 0.25, 0.2, 0.2, 0.1])
    found, share, tolerance = scored(values, weights).ranking, weights / weights.sum(), 0.3
    low, high = np.nan_to_num(values, nan=0.0), np.nan_to_num(values, nan=1.0)

    def place(near, own):
        points = np.round(near, 9)
        return 1 + int((points > points[own]).sum())

    for i in range(5):
        others = np.arange(5) != i
        lead, lag = (np.where(others, far @ share, near @ share) for far, near in ((low, high), (high, low)))
        by_gap = int((lag[others] >= lag[i] + 1e-9).sum()) - int((lead[others] > lead[i] + 1e-9).sum())
        swings = []
        for k, own in enumerate(share):
            ends = []
            for end in (own * (1 - tolerance), min(own * (1 + tolerance), 1.0)):
                rest = share.copy()
                rest[k] = 0.0
                moved = rest / (1 - own if own < 1 else 1.0) * (1 - end)
                moved[k] = end
                ends.append(place((low + high) / 2 @ moved, i))
            swings.append(abs(ends[0] - ends[1]))
        gaps = (high - low)[i] * share
        if found["rank_low"].iloc[i] == found["rank_high"].iloc[i]:
            wanted = ""
        elif by_gap > 0 and by_gap >= max(swings):
            wanted = f"标{int(np.argmax(gaps))}（缺数据）" if gaps.any() else "其他企业缺数据"
        else:
            wanted = f"标{int(np.argmax(swings))}（权重）" if max(swings) else "几个权重一起变动"
        assert found["driver"].iloc[i] == wanted


def test_weights_moved_alone_keep_their_sum_and_the_proportion_of_the_others():
    for weights in (np.array([0.5, 0.3, 0.2]), np.array([1.0, 0.0]), np.array([0.9, 0.1])):
        for k, (least, most) in enumerate(priority._moved(weights, 0.3)):
            for moved, end in ((least, weights[k] * 0.7), (most, min(weights[k] * 1.3, 1.0))):
                assert moved[k] == pytest.approx(end)
                if weights[k] < 1:
                    others = np.delete(moved, k)
                    assert moved.sum() == pytest.approx(1.0) and others == pytest.approx(
                        np.delete(weights, k) * (1 - end) / (1 - weights[k])
                    )


def test_a_lead_of_no_more_than_the_tie_is_none(monkeypatch):
    """Whoever weighs more than the tie at all weights is ahead; exactly the tie is not, neither exactly nor by pairs."""
    one = WeightSet.around(np.array([1.0]), 0.0)
    for tie in (1e-9, -1e-9):
        leads = np.array([[tie], [tie + 1e-12], [tie - 1e-12]])
        assert _fewest(leads, one, tie) == (_least(leads, one) > tie).sum() == 1
    two = WeightSet.around(np.array([0.5, 0.5]), 0.2)
    # the second leads at the given weights, not at all; by pairs the worst of the set is asked for, not the box's
    leads = np.array([[0.4, 0.1], [0.5, -0.4], [-0.1, -0.1], [0.3, -0.18], [0.3, -0.22]])
    assert (
        (_least(leads, two) > 1e-9).sum()
        == 2
        == int((np.array([[0.4, 0.6], [0.6, 0.4]]) @ leads.T > 1e-9).all(axis=0).sum())
    )
    three = np.array([[1e-9], [1e-9 + 1e-12], [0.0]])
    for engine in Engine:
        monkeypatch.setattr("cdgis.relocation.rank_intervals.chosen_engine", lambda engine=engine, **_: engine)
        best, worst = rank_intervals(three, three, one, exact_up_to=0)
        assert best.tolist() == [1, 1, 2] and worst.tolist() == [1, 1, 3]
    assert WeightSet.around(np.array([0.9, 0.1]), 0.3).high.tolist() == [1.0, 0.13] and two.low.tolist() == [0.4, 0.4]


def test_nothing_is_left_to_explain_where_the_constraints_can_be_met():
    with pytest.raises(ValueError, match="can be met"):
        irreducible([], {"A"})
    found = irreducible(
        [Obstacle(park=p, kind="law", words=w) for p, w in (("A", "x"), ("A", "y"), ("B", "x"))],
        {"A", "B"},
    )
    assert [(o.park, o.words) for o in found] == [("A", "y"), ("B", "x")]


# Dates and the list


@given(
    st.integers(1900, 2099),
    st.integers(0, 14),
    st.integers(0, 33),
    st.sampled_from(["{:04}-{:02}-{:02}", "{:04}年{}月{}日", "{:04}{:02}{:02}", " {:04}.{}.{} "]),
)
def test_a_date_is_the_day_it_names_and_nothing_where_there_is_no_such_day(year, month, day, form):
    try:
        wanted = date(year, month, day)
    except ValueError:
        wanted = None
    assert last_day(form.format(year, month, day)) == wanted
    until = None if not 1 <= month <= 12 else date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    assert last_day(f"{year:04}年{month}月") == until and last_day(f"{year:04}年") == date(year, 12, 31)


def test_the_zones_date_is_asked_for_where_any_layer_concerned_has_none_and_not_for_others():
    two = (cases.finding("E1", "WS-05", zone="W1"), cases.finding("E1", "ECO-E1", zone="R1"))
    known = {"water_source_zones": date(2010, 1, 1), "ecological_redline": date(2019, 1, 1)}
    approved = {("E1", "approval_date"): "2015"}
    row = cases.propose(*two, attributes=approved, zone_dates=known).loc["E1"]
    assert row["missing"] == "" and row["status"] == "须人工核实"  # drawn after the approval, if only one of them
    for lost in known:
        dates = {name: day for name, day in known.items() if name != lost}
        assert cases.propose(*two, attributes=approved, zone_dates=dates).loc["E1", "missing"] == "划定日期"
    early = dict.fromkeys(known, date(2014, 1, 1))
    assert cases.propose(*two, attributes=approved, zone_dates=early).loc["E1", "status"] == "候选"
    assert cases.propose(*two, zone_dates=known).loc["E1", ["missing", "status"]].tolist() == ["approval_date", "候选"]
    assert cases.propose(cases.finding("E1", "EQ-01"), zone_dates={}).loc["E1", "missing"] == ""


def test_what_others_lack_is_not_said_of_whoever_is_listed():
    unknown = [
        cases.finding("E1", "EQ-01", state="unknown", missing="b;a"),
        cases.finding("E2", "EQ-01", state="unknown", missing="z"),
        cases.finding("E1", "WS-05", state="unknown", missing=""),
        cases.finding("E1", "RE-02", state="unknown", missing="nobody"),
    ]
    table = cases.propose(cases.finding("E1", "RE-01", zone="B1"), *unknown)
    assert list(table.index) == ["E1"] and table.loc["E1", "missing"] == "a;b"


def test_equipment_that_must_go_is_named_and_nothing_is_left_only_where_all_of_it_must():
    for stated, disposition, action in (
        ("高炉", "关停退出", ""),
        ("高炉;电炉", "就地改造", "淘汰高炉；"),
        ("电炉", "就地改造", "淘汰该装备；"),
        ("", "就地改造", "淘汰该装备；"),
    ):
        row = cases.propose(cases.finding("E1", "EQ-01"), attributes={cases.EQUIPMENT: stated}).loc["E1"]
        assert row["disposition"] == disposition and row["action"].startswith(action)


def test_pieces_that_rules_want_gone_are_those_of_their_conditions_on_equipment():
    have = {"attribute": "equipment", "op": "has"}
    rules = {
        r.id: r
        for r in (
            rule(
                "A",
                "",
                geometry="none",
                conditions=[have | {"value": "高炉"}, {"attribute": "other", "op": "has", "value": "x"}],
            ),
            rule(
                "B",
                "",
                geometry="none",
                conditions=[have | {"value": ["转炉", "焦炉"]}, {"attribute": "equipment", "op": "declared"}],
            ),
            rule("C", "z"),
        )
    }
    book = candidates._WrittenRules(policy=POLICY, rules=rules, zone_dates={})

    def wanted(*ids):
        return book.to_be_retired(
            [candidates._Reason(rule_id=i, kind="", layer="", zone_id="", basis="", exempted="") for i in ids]
        )

    assert wanted("A") == {"高炉"} and wanted("B", "A") == {"转炉", "焦炉", "高炉"} and wanted("C") == frozenset()


def test_reasons_are_told_one_by_one_with_their_zone_and_whether_they_count():
    found = (cases.finding("E1", "RE-01", zone="B1;B2"), cases.finding("E1", "WS-05", zone="W1"))
    inputs = cases.make_inputs(*found, attributes={("E1", "serves_city"): "true"})
    overlaps = pd.DataFrame(
        [
            ("E1", "built_up", "B2", "名", "类", "inside", 0.5, 0.0),
            ("E1", "built_up", "B2", "又", "类", "crosses", 0.1, 0.0),
            ("E2", "built_up", "B1", "他", "类", "inside", 0.5, 0.0),
        ],
        columns=["subject_id", "layer", "zone_id", "zone_name", "zone_class", "relation", "share", "distance_m"],
    )
    inputs = candidates.RelocationInputs(
        **{name: getattr(inputs, name) for name in ("subjects", "findings", "verdicts", "attributes")},
        overlaps=overlaps,
    )
    reasons = candidates.propose_relocations(inputs, rules=cases.RULES, policy=POLICY, as_of=cases.AS_OF).reasons
    rows = reasons.set_index(["rule_id", "zone_id"])
    assert rows.index.tolist() == [("RE-01", "B1"), ("RE-01", "B2"), ("WS-05", "W1")] and rows["counts"].tolist() == [
        False,
        False,
        True,
    ]
    assert rows["zone_name"].tolist() == ["", "名", ""] and rows["share"].to_numpy() == pytest.approx(
        [NAN, 0.5, NAN], nan_ok=True
    )
    assert rows["why_not"].tolist() == ["已申报必须依托城市或直接服务城市"] * 2 + [""] and rows["kind"].tolist() == [
        "建成区",
        "建成区",
        "区位",
    ]


@pytest.mark.parametrize(("relation", "inside"), [("inside", True), ("crosses", True), ("near", False)])
def test_a_plant_is_in_a_park_where_it_lies_in_one_or_across_its_border(relation, inside):
    found = cases.finding("E1", "RE-01", zone="B1")
    inputs = cases.make_inputs(found, cases.finding("E2", "RE-01", zone="B1"), parks={"E1": "K1"})
    for layer, excluded in (("parks", inside), ("other", False)):
        moved = candidates.RelocationInputs(
            **{name: getattr(inputs, name) for name in ("subjects", "findings", "verdicts", "attributes")},
            overlaps=inputs.overlaps.assign(relation=relation, layer=layer),
        )
        listed = candidates.propose_relocations(
            moved, rules=cases.RULES, policy=POLICY, as_of=cases.AS_OF
        ).listed.set_index("enterprise_id")
        assert listed["status"].to_dict() == {"E1": "排除" if excluded else "候选", "E2": "候选"}


@given(st.integers(0, 100_000))
@settings(max_examples=25)
def test_what_is_listed_follows_from_reasons_exemptions_and_circumstances(seed):
    """Status of one enterprise from random findings, written out: what is dropped, what is left, who must look into it."""
    rng = np.random.default_rng(seed)
    ids = [r.id for r in cases.RULES]
    states = {i: str(rng.choice(["applies", "unknown", "not_applicable", "manual", ""])) for i in ids}
    bare = {i: bool(rng.random() < 0.5) for i in ids}
    serves, park, critical = (bool(rng.random() < 0.4) for _ in range(3))
    approved, drawn = date(2015, 1, 1), date(int(rng.choice([2014, 2016])), 1, 1)
    found = [cases.finding("E1", i, zone=f"Z{i}", state=s) for i, s in states.items() if s]
    would = tuple(
        cases.finding("E1", i, zone=f"Z{i}", state="applies" if on else "unknown")
        for i, on in bare.items()
        if POLICY.kind_of(cases.BY_ID[i])
    )
    if not found:
        return
    table = cases.propose(
        *found,
        bare=would,
        critical=("E1",) if critical else (),
        parks={"E1": "K"} if park else {},
        zone_dates=dict.fromkeys(("water_source_zones", "ecological_redline", "no_burn_zones"), drawn),
        attributes={("E1", "approval_date"): approved.isoformat()}
        | ({("E1", "serves_city"): "true"} if serves else {}),
    )
    kinds = {i: POLICY.kind_of(cases.BY_ID[i]) for i in ids}
    caught = {i for i, s in states.items() if kinds[i] and s == "applies"}
    spared = {i for i, on in bare.items() if kinds[i] and on and states[i] not in ("applies", "unknown")}
    if not caught | spared:
        assert table.empty
        return
    row = table.loc["E1"]
    left = {i for i in caught if not (kinds[i] == "建成区" and (serves or park))}
    assert row["reasons"] == ";".join(sorted(caught | spared)) and row["kinds"] == ";".join(
        sorted({kinds[i] for i in left})
    )
    of = {kinds[i] for i in left}
    asked = bool(of & {"区位", "存量核查"}) and approved < drawn
    asked |= critical and bool(of & {"区位", "建成区", "存量核查", "燃料", "防护距离"})
    asked |= of == {"存量核查"}
    assert row["status"] == ("排除" if not left else "须人工核实" if asked else "候选")
    assert all((f"{i} 的例外情形" in row["exclusions"]) == (i in spared) for i in ids)


# Where the list gets its facts


def test_a_park_counts_as_recognised_where_the_layer_says_so_and_every_park_where_it_does_not():
    parks = zone_layer("parks", [None, None, None], ids=["K0", "K1", "K2"])
    assert candidate_list._recognised(SimpleNamespace(layers={})) is None
    assert candidate_list._recognised(SimpleNamespace(layers={"parks": parks})) is None
    parks.zones["recognised"] = ["是", "否", ""]
    assert candidate_list._recognised(SimpleNamespace(layers={"parks": parks})) == {"K0"}


def test_zones_have_the_day_their_plan_was_published_where_one_is_known():
    def layer(day):
        return SimpleNamespace(spec=SimpleNamespace(plan=SimpleNamespace(published_on=day)))

    assert candidate_list._zone_dates(SimpleNamespace(layers={"a": layer("2020-02-03"), "b": layer("")})) == {
        "a": date(2020, 2, 3)
    }


def test_exemptions_that_hold_are_those_of_enterprises_and_of_rules_that_give_a_reason(monkeypatch):
    unless = [
        {"conditions": [{"attribute": "serves_city", "op": "declared"}], "reason": word} for word in ("城", "", "市")
    ]
    rules = (
        rule("A", "built_up", "退出", project_types=["既有"], unless=unless),
        rule("B", "built_up", "提示", project_types=["既有"], unless=unless),
    )
    ordered = pd.DataFrame({"subject_id": ["E1", "P1", "E2"], "kind": ["enterprise", "project", "enterprise"]})
    held = {"城": [1, 1, -1], "": [1, 1, 1], "市": [1, 0, 0]}
    monkeypatch.setattr(candidate_list, "succession", lambda rules: None)
    monkeypatch.setattr(candidate_list, "exempt", lambda rule, item, facts, book: np.array(held[item.reason]))
    monkeypatch.setattr(candidate_list, "TRUE", 1)
    found = candidate_list._exemptions_held(SimpleNamespace(rules=rules), ordered, None, POLICY)
    assert found == {("E1", "A"): "城、市", ("E2", "A"): ""}


def test_a_list_of_who_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="not been measured"):
        candidate_list.list_candidates(None, SimpleNamespace(tables={}, measurement=None), POLICY)
    assert (Grade(grade="A", least=1).least, WeightRange(tolerance=1, exact_candidates=0).tolerance) == (1.0, 1.0)
