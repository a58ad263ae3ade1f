"""Versions of a layer along a strip cut at whole kilometres: what became of each piece, written out; and what the engine itself finds."""

from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import CITY, layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import LIST_SEPARATOR, State
from cdgis.judging import engine_rulings
from cdgis.judging.compare_zones import _code_words, compare_verdicts
from cdgis.judging.facts import Facts
from cdgis.judging.match_zones import Matches, crosswalk, fates, match_zones
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import judge, reach_by_layer
from cdgis.rules.book import load_rulebook

CUTS = st.lists(st.integers(1, 39), min_size=0, max_size=6, unique=True).map(sorted)


def pieces(cuts, start):
    ends = [start, *(cut for cut in cuts if cut > start), 40]
    return [(a, b) for a, b in zip(ends, ends[1:], strict=False)]


def boxes(spans):
    return np.array([shapely.box(1000 * a, 0, 1000 * b, 500) for a, b in spans], dtype=object)


@settings(max_examples=80)
@given(CUTS, CUTS, st.sampled_from([0, 3]), st.randoms(use_true_random=False))
def test_what_became_of_each_unit_of_a_strip(old_cuts, new_cuts, new_start, random):
    old, new = pieces(old_cuts, 0), pieces(new_cuts, new_start)
    codes = [f"U{i}" for i in range(12)]
    old_ids, new_ids = random.sample(codes, len(old)), random.sample(codes, len(new))
    found = match_zones(old_ids, boxes(old), new_ids, boxes(new))
    shared = {
        (i, j): min(a[1], b[1]) - max(a[0], b[0])
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if min(a[1], b[1]) > max(a[0], b[0])
    }
    assert {
        (i, j): round(m2 / 500_000, 6) for i, j, m2 in zip(found.old, found.new, found.shared_m2, strict=True)
    } == shared
    same = {j: i for (i, j) in shared if old[i] == new[j]}
    assert found.same == same
    assert found.renumbered == {new_ids[j]: old_ids[i] for j, i in same.items() if new_ids[j] != old_ids[i]}
    free = [(i, j) for i, j in shared if i not in same.values() and j not in same]
    inside_old = {
        i: [j for k, j in free if k == i and shared[k, j] >= 0.9 * (new[j][1] - new[j][0])] for i in range(len(old))
    }
    inside_new = {
        j: [i for i, k in free if k == j and shared[i, k] >= 0.9 * (old[i][1] - old[i][0])] for j in range(len(new))
    }
    ends, origins = fates(found)
    wanted_ends = {old_ids[i]: ("改码", new_ids[j]) for j, i in same.items() if new_ids[j] != old_ids[i]}
    wanted_ends |= {
        old_ids[i]: ("拆分", LIST_SEPARATOR.join(sorted(new_ids[j] for j in js)))
        for i, js in inside_old.items()
        if len(js) > 1
    }
    wanted_ends |= {old_ids[i]: ("合并", new_ids[j]) for j, olds in inside_new.items() if len(olds) > 1 for i in olds}
    assert ends == wanted_ends
    wanted_origins = {new_ids[j]: ("改码", old_ids[i]) for j, i in same.items() if new_ids[j] != old_ids[i]}
    wanted_origins |= {new_ids[j]: ("拆分", old_ids[i]) for i, js in inside_old.items() if len(js) > 1 for j in js}
    wanted_origins |= {
        new_ids[j]: ("合并", LIST_SEPARATOR.join(sorted(old_ids[i] for i in olds)))
        for j, olds in inside_new.items()
        if len(olds) > 1
    }
    assert origins == wanted_origins
    table = crosswalk("z", found).set_index(["old_id", "new_id"])
    assert len(table) == len(shared)
    for (i, j), km in shared.items():
        row = table.loc[(old_ids[i], new_ids[j])]
        assert row["old_share"] == pytest.approx(km / (old[i][1] - old[i][0])) and row["new_share"] == pytest.approx(
            km / (new[j][1] - new[j][0])
        )
        others = wanted_ends.get(old_ids[i], ("", ""))
        plain = "不变" if same.get(j) == i else "同码" if old_ids[i] == new_ids[j] else "界线变动"
        assert row["relation"] == (others[0] if new_ids[j] in others[1].split(LIST_SEPARATOR) else plain)


def test_shapes_that_coincide_stay_with_their_codes_and_slivers_of_a_thousandth_are_left_out():
    box = shapely.box(0, 0, 1000, 1000)
    found = match_zones(["A", "B"], np.array([box, box]), ["B", "C"], np.array([box, box]))
    assert found.same == {0: 1, 1: 0} and found.renumbered == {"C": "A"}
    near = shapely.box(999.1, 0, 2000, 1000)  # 0.9 m of a kilometre on either side
    assert crosswalk("z", match_zones(["A"], np.array([box]), ["B"], np.array([near]))).empty
    assert (
        len(crosswalk("z", match_zones(["A"], np.array([box]), ["B"], np.array([shapely.box(998.8, 0, 2000, 1000)]))))
        == 1
    )
    for off, alike in ((0.9, True), (1.1, False)):  # a square metre, or a millionth of what it was
        moved = shapely.box(0, 0, 1000, 1000 - off / 1000)
        assert bool(match_zones(["A"], np.array([box]), ["A"], np.array([moved])).same) == alike
    assert (
        match_zones([], np.empty(0, object), ["A"], np.array([box])).same == {}
        and crosswalk("z", match_zones([], np.empty(0, object), [], np.empty(0, object))).empty
    )


@pytest.mark.parametrize(
    ("zone", "old_id", "is_new", "ends", "origins", "words"),
    [
        ("N", "O", True, {"O": ("改码", "N")}, {"N": ("改码", "O")}, ("改码", "O", "N")),
        ("A", "A", True, {}, {}, ("", "A", "A")),
        ("A", "A", False, {}, {}, ("", "A", "")),
        ("B", None, True, {}, {}, ("", "", "B")),
        ("A", "A", False, {"A": ("拆分", "B;C")}, {}, ("拆分", "A", "B;C")),
        ("A", "A", False, {"A": ("合并", "M")}, {}, ("合并", "A", "M")),
        ("B", None, True, {}, {"B": ("拆分", "A")}, ("拆分", "A", "B")),
        ("M", None, True, {}, {"M": ("合并", "A;B")}, ("合并", "A;B", "M")),
        ("A", "A", True, {"A": ("拆分", "A;B")}, {"A": ("拆分", "A")}, ("拆分", "A", "A;B")),
        ("A", "A", True, {"A": ("合并", "M")}, {}, ("合并", "A", "A")),
    ],
)
def test_codes_before_and_after_by_hand(zone, old_id, is_new, ends, origins, words):
    assert _code_words(zone, old_id, is_new, ends, origins) == words


def judged(verdict, at_least="", decisive="", unknown=""):
    return {
        "verdict": verdict,
        "at_least": at_least,
        "decisive_rule_ids": decisive,
        "unknown_rule_ids": unknown,
        "caveats": f"注{verdict}",
    }


def test_changed_verdicts_name_the_reasons_that_differ_and_what_became_of_their_zones():
    ids = ["S0", "S1", "S2", "S3", "S4"]
    old_rows = [
        judged("未发现冲突"),
        judged("不符合", decisive="R1"),
        judged("须论证", decisive="R2"),
        judged("资料不足", "未发现冲突", unknown="R3"),
        judged("不符合", decisive="R1"),
    ]
    new_rows = [
        judged("不符合", decisive="R1"),
        judged("未发现冲突"),
        judged("须论证", decisive="R2"),
        judged("资料不足", "须论证", "R2", "R3"),
        judged("须论证", decisive="R2"),
    ]

    def tables(rows, findings):
        return {
            "verdicts": pd.DataFrame(rows).assign(subject_id=ids),
            "subjects": pd.DataFrame({"subject_id": ids, "name": "名", "kind": "project"}),
            "findings": pd.DataFrame(findings, columns=["subject_id", "rule_id", "layer", "zone_id", "state"]),
        }

    old = tables(
        old_rows,
        [
            ("S1", "R1", "z", "u1;u2", "成立"),
            ("S1", "R9", "z", "u9", "成立"),
            ("S4", "R1", "z", "u1", "成立"),
            ("S3", "R3", "z", "", "未知"),
        ],
    )
    new = tables(
        new_rows,
        [
            ("S0", "R1", "z", "u1", "成立"),
            ("S3", "R2", "y", "w", "成立"),
            ("S3", "R3", "z", "", "未知"),
            ("S4", "R2", "y", "w", "成立"),
        ],
    )
    for part in (old, new):
        part["findings"]["state"] = part["findings"]["state"].map(
            {"成立": str(State.APPLIES), "未知": str(State.UNKNOWN)}
        )
    changes = pd.DataFrame(
        {"layer": ["z", "z"], "zone_id": ["u1", "u8"], "old_ids": ["u0", "u8"], "change": ["调整边界", "改名"]}
    )
    found = compare_verdicts(old, new, changes).set_index("subject_id")
    assert list(found.index) == ["S0", "S1", "S3", "S4"]
    assert found["direction"].to_dict() == {"S0": "变严", "S1": "变宽", "S3": "待定", "S4": "变宽"}
    assert found.loc["S0", ["rule_ids", "layers", "zone_ids", "zone_changes"]].tolist() == [
        "R1",
        "z",
        "u1",
        "u1 调整边界",
    ]
    assert found.loc["S1", ["rule_ids", "zone_ids", "zone_changes"]].tolist() == [
        "R1",
        "u1",
        "u1 调整边界",
    ]  # u2 did not change
    assert found.loc["S3", ["rule_ids", "layers", "zone_ids", "zone_changes"]].tolist() == ["R2", "y", "w", ""]
    assert found.loc["S4", ["rule_ids", "zone_ids"]].tolist() == [
        "R1",
        "u1",
    ]  # of the reasons apart, those whose zone changed
    assert found.loc["S3", ["old_caveats", "new_caveats"]].tolist() == ["注资料不足", "注资料不足"]
    assert compare_verdicts(old, old, changes).empty


def test_what_forbids_and_the_class_of_the_unit_disagree_only_where_the_unit_is_not_the_strict_one():
    named = {r.id: r for r in load_rulebook().rules if r.geometry == "engine"}
    disagreement = named[engine_rulings.DISAGREEMENT_RULE]
    units = zone_layer(
        "management_units", [metres(0, 0, 1000, 1000), metres(1000, 0, 2000, 1000)], ["优先保护", "一般管控"]
    )
    red = zone_layer("ecological_redline", [metres(0, 0, 3000, 500)], "红线一般区域")
    layers = layer_set(units, red, city=CITY)
    ban = rule("BAN", "ecological_redline")
    places = [
        metres(100, 100, 200, 200),
        metres(1100, 100, 1200, 200),
        metres(1100, 700, 1200, 800),
        metres(2500, 100, 2600, 200),
    ]
    subjects = sites(places)
    facts = Facts.of(
        pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0), subjects.attributes
    )
    rules = (ban, *named.values())
    measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer(rules, facts))
    found = judge(
        facts, measured, rules, layers=layers, accuracy_m=np.zeros(4), tolerance_m=20.0, as_of=date(2026, 11, 1)
    ).findings
    told = found[(found["rule_id"] == disagreement.id) & (found["state"] == str(State.APPLIES))]
    assert list(told["subject_id"]) == ["S001"], Counter(found["rule_id"])
    gaps = found[(found["rule_id"] == engine_rulings.GAP_RULE) & (found["state"] != "不适用")]
    assert set(gaps["subject_id"]) >= {"S003"} and "S000" not in set(gaps["subject_id"])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_unit_whose_shape_stayed_is_nobodys_part(olds, news, random):
    """Whatever overlaps it: of a pair of which either side kept its shape, neither is split nor merged by it."""
    pairs = [(i, j) for i in range(olds) for j in range(news) if random.random() < 0.8]
    same = {}
    for j in range(news):
        left = [i for i in range(olds) if i not in same.values()]
        if left and random.random() < 0.3:
            same[j] = random.choice(left)
    shared = [random.choice([0.5, 0.95]) for _ in pairs]
    found = Matches(
        old_ids=tuple(f"O{i}" for i in range(olds)), new_ids=tuple(f"N{j}" for j in range(news)), same=same,
        old=np.array([i for i, _ in pairs], dtype=int), new=np.array([j for _, j in pairs], dtype=int),
        shared_m2=np.array(shared), old_m2=np.ones(olds), new_m2=np.ones(news),
    )  # fmt: skip
    free = [(i, j) for (i, j), m2 in zip(pairs, shared, strict=True) if m2 > 0.9 and i not in same.values() and j not in same]
    ends = {f"O{i}": ("改码", f"N{j}") for j, i in same.items()}
    origins = {f"N{j}": ("改码", f"O{i}") for j, i in same.items()}
    for i in range(olds):
        mine = sorted(f"N{j}" for k, j in free if k == i)
        if len(mine) > 1:
            ends[f"O{i}"] = ("拆分", LIST_SEPARATOR.join(mine))
            origins |= dict.fromkeys(mine, ("拆分", f"O{i}"))
    for j in range(news):
        mine = sorted(f"O{i}" for i, k in free if k == j)
        if len(mine) > 1:
            origins[f"N{j}"] = ("合并", LIST_SEPARATOR.join(mine))
            ends |= dict.fromkeys(mine, ("合并", f"N{j}"))
    assert fates(found) == (ends, origins)


def test_facts_of_others_at_the_same_places_are_numbered_from_zero():
    subjects = sites([metres(0, 0, 50, 50), metres(3000, 0, 3050, 50), metres(100, 0, 150, 50)])
    layers = layer_set(zone_layer("redline", [metres(0, 0, 1000, 1000), metres(0, 0, 20, 20)], "红线"))
    measured = measure_overlaps(subjects, layers)
    there = measured.at(np.array([2, 0, 0, 1]), np.array(["a", "b", "c", "d"], dtype=object))
    assert there.hits.index.tolist() == list(range(len(there.hits)))
    assert [(row.subject, row.zone_id) for row in there.hits.itertuples()] == [
        (copy, row.zone_id) for copy, old in enumerate([2, 0, 0, 1]) for row in measured.hits[measured.hits["subject"] == old].itertuples()
    ]
    assert measure_overlaps(subjects, {}).overlaps.empty
