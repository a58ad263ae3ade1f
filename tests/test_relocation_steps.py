"""Steps of the relocation plan one by one, each against the same step written out by hand over random lists, parks and answers."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, metres, sites, zone_layer

from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import Disposition, ListingStatus, Relation
from cdgis.geometry import geodesy
from cdgis.relocation.plan import WhatIf, plan_relocation, search_freely
from cdgis.relocation.plan.circumstances import FACT_COLUMNS
from cdgis.relocation.plan.effects import measure_effects
from cdgis.relocation.plan.park_sites import Places
from cdgis.relocation.plan.plan_relocation import (
    _FACTS,
    _acting,
    _criteria,
    _ranked,
    _site_measures,
    _to_relocate,
    _with_plan,
)
from cdgis.relocation.plan.plan_statement import state_plan
from cdgis.relocation.policy import read_destination_policy, read_priority_policy, weights_of
from cdgis.relocation.priority import rank_by_urgency
from cdgis.results.tables.validation import empty

NAN = float("nan")
PRIORITY, CHOOSING = read_priority_policy(), read_destination_policy()
MEASURES = [criterion.measure for criterion in PRIORITY.criterion]
seeds, few = given(st.integers(0, 100_000)), settings(max_examples=12)
steps = plan_relocation.__globals__
"""The module; the package exports a function of the same name."""


def pick(rng, words):
    return str(rng.choice([str(word) for word in words]))


def listing(rng, count):
    ids = [f"E{i}" for i in rng.permutation(count)]
    return pd.DataFrame(
        {
            "enterprise_id": ids,
            "kinds": "区位",
            "status": [pick(rng, ListingStatus) for _ in ids],
            "disposition": [pick(rng, Disposition) for _ in ids],
        },
        index=pd.Index(ids, name="enterprise_id"),
    )


def circumstances(rng, ids):
    table = pd.DataFrame(rng.uniform(0, 1, (len(ids), len(MEASURES))), index=ids, columns=MEASURES)
    return table.assign(**{name: rng.uniform(0, 9, len(ids)) for name in FACT_COLUMNS if name not in MEASURES})


@seeds
@settings(max_examples=6)
def test_who_must_act_is_ranked_and_everybodys_circumstances_are_told(seed):
    rng = np.random.default_rng(seed)
    listed = listing(rng, int(rng.integers(1, 7)))
    known = circumstances(rng, listed.index)
    subjects = pd.DataFrame({"subject_id": sorted(listed.index, reverse=True), "lon": 117.0, "lat": 41.0})
    downstream = (
        (
            lambda firms: pd.DataFrame(
                {"subject_id": firms["subject_id"][::-1], "intake_m": [float(f[1:]) for f in firms["subject_id"][::-1]]}
            )
        )
        if seed % 2
        else None
    )
    urgency = rank_by_urgency(known.loc[_acting(listed)], PRIORITY)
    ranked = _ranked(listed, urgency)
    rows = _criteria((known, known.loc[_acting(listed)]), urgency, SimpleNamespace(tables={"subjects": subjects}), PRIORITY, downstream)
    acting = [
        firm
        for firm in listed.index
        if listed.at[firm, "status"] != "排除" and listed.at[firm, "disposition"] != "保留观察"
    ]
    alone = rank_by_urgency(known.loc[acting], PRIORITY)
    assert ranked.index.tolist() == listed.index.tolist()
    for firm in listed.index:
        own = ranked.loc[firm]
        if firm in acting:
            assert (
                own[["score", "rank", "grade", "lead", "driver"]].tolist()
                == alone.ranking.loc[firm, ["score", "rank", "grade", "lead", "driver"]].tolist()
            )
        else:
            assert (
                np.isnan(own["score"])
                and np.isnan(own["rank"])
                and own[["grade", "grade_range", "lead", "driver"]].tolist() == [""] * 4
            )
    told = rows.set_index(["enterprise_id", "criterion"])
    shown = [name for name in FACT_COLUMNS if name not in MEASURES] + (["intake_m"] if downstream else [])
    assert len(rows) == len(acting) * len(MEASURES) + len(listed) * len(shown)
    weights = weights_of(PRIORITY.criterion)
    for firm in acting:
        for weight, criterion in zip(weights, PRIORITY.criterion, strict=True):
            cell = told.loc[(firm, criterion.id)]
            near = (cell["closeness_low"] + cell["closeness_high"]) / 2
            assert (
                cell["value"] == known.at[firm, criterion.measure]
                and cell["weight"] == pytest.approx(weight)
                and cell["points"] == pytest.approx(near * weight)
            )
            assert (cell["title"], cell["unit"], cell["source"]) == (criterion.title, criterion.unit, criterion.source)
    for firm in listed.index:
        for name in shown:
            cell = told.loc[(firm, name)]
            assert cell["value"] == (float(firm[1:]) if name == "intake_m" else known.at[firm, name])
            assert cell[["closeness_low", "closeness_high", "weight", "points"]].tolist() == [0.0] * 4
            assert (cell["title"], cell["unit"], cell["source"]) == (
                (name, "", "河网") if name == "intake_m" else (*_FACTS[name], "叠加分析")
            )


@seeds
@few
def test_who_moves_is_to_be_placed_with_the_land_it_states_or_stands_on(seed):
    rng = np.random.default_rng(seed)
    ranked = listing(rng, 8).assign(score=rng.uniform(0, 1, 8))
    ids = sorted(ranked.index)
    subjects = pd.DataFrame(
        {
            "subject_id": ids[::-1],
            "name": "厂",
            "industry": "3110",
            "lon": rng.uniform(117, 118, 8),
            "lat": 41.0,
            "area_m2": rng.choice([0.0, 12_000.0], 8),
        }
    )
    stated = {
        (firm, name): str(rng.integers(1, 90_000))
        for firm in ids
        for name in ("land_ha", "water_m3_per_yr", "energy_tce_per_yr", "bulk_freight_t_per_yr")
        if rng.random() < 0.5
    }
    attributes = pd.DataFrame(
        [(*key, value) for key, value in stated.items()], columns=["subject_id", "attribute", "value"]
    )
    found = _to_relocate(SimpleNamespace(tables={"subjects": subjects, "attributes": attributes}), ranked, ranked["score"])
    moving = [
        firm for firm in ids if ranked.at[firm, "disposition"] == "异地迁建" and ranked.at[firm, "status"] != "排除"
    ]
    assert found.index.tolist() == moving
    own = subjects.set_index("subject_id")
    for firm in moving:
        row, area = found.loc[firm], own.at[firm, "area_m2"]
        assert row["urgency"] == ranked.at[firm, "score"] and row["lon"] == own.at[firm, "lon"]
        land = float(stated.get((firm, "land_ha"), area / 1e4 or NAN))
        needs = [
            land,
            *(
                float(stated.get((firm, name), NAN)) * unit
                for name, unit in (
                    ("water_m3_per_yr", 1e-4),
                    ("energy_tce_per_yr", 1.0),
                    ("bulk_freight_t_per_yr", 1.0),
                )
            ),
        ]
        assert row[["land_ha", "water_10k_m3", "energy_tce", "freight_t"]].tolist() == pytest.approx(needs, nan_ok=True)


@seeds
@few
def test_each_pair_is_told_as_its_profile_was_judged_at_the_plot_it_would_stand_on(seed):
    rng = np.random.default_rng(seed)
    count, parks_n, profiles_n, sites_n = 5, int(rng.integers(1, 4)), 3, 6
    ids = [f"E{i}" for i in range(count)]
    candidates = pd.DataFrame(
        {
            "name": "厂",
            "industry": "3110",
            "lon": 117.0,
            "lat": 41.0,
            "land_ha": rng.choice([NAN, 2.0], count),
            "water_10k_m3": 0.0,
            "energy_tce": 0.0,
            "freight_t": 0.0,
            "urgency": 0.5,
        },
        index=pd.Index(ids, name="enterprise_id"),
    )
    parks = gpd.GeoDataFrame(
        {
            "park_id": [f"K{p}" for p in range(parks_n)],
            "park_name": "园",
            "industries": "31",
            "spare_ha": 9.0,
            "closed": False,
            "rail_distance_m": 0.0,
            "water_left": np.inf,
            "energy_left": np.inf,
        },
        geometry=[metres(9000 * p, 0, 9000 * p + 900, 900) for p in range(parks_n)],
        crs=4490,
    )
    of_candidate, of_pair = rng.integers(0, profiles_n, count), rng.integers(0, sites_n, (profiles_n, parks_n))
    verdicts = pd.DataFrame(
        [(i, p, "未发现冲突", f"R{i}-{p}", "", "") for i in range(profiles_n) for p in range(parks_n)],
        columns=["profile", "park", "verdict", "failing_rule", "failing_clause", "manual_rules"],
    )
    table = pd.DataFrame(
        {
            "site": range(sites_n),
            "ground": range(10, 10 + sites_n),
            "lon": 117.0 + np.arange(sites_n) / 10,
            "lat": 41.0,
            "prohibited_ha": 0.0,
            "open_ha": 50.0,
            "block_ha": 40.0,
        }
    )
    overlaps = pd.DataFrame([], columns=["subject_id", "layer", "relation", "zone_class"])
    clear = pd.DataFrame(
        [(f"SITE-{i}", "receptors", 100.0 * i) for i in range(sites_n)], columns=["subject_id", "layer", "distance_m"]
    )
    places = Places(
        sites=table, of_pair=of_pair, ground=("g",), tables={"overlaps": overlaps, "clear": clear}, verdicts=verdicts
    )
    frame = sites([metres(0, 0, 9, 9)] * (count + 1), kind="enterprise", subject_id=[*ids[::-1], "X"]).frame
    seen = {}

    def group(own, attributes, rules, *, size_m2):
        seen.update(own=list(own["subject_id"]), size=size_m2.tolist())
        return SimpleNamespace(of_candidate=of_candidate)

    judged = SimpleNamespace(subjects=SimpleNamespace(frame=frame), tables={"attributes": None})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(steps, "group_candidates", group)
        patch.setitem(steps, "judge_places", lambda *_, least_width_m, jobs: seen.update(width=least_width_m) or places)
        ground, pairs = steps["_pairs"](SimpleNamespace(rules=(), layers={}), judged, candidates, parks, CHOOSING)
    assert ground == ("g",) and seen["own"] == ids and seen["width"] == CHOOSING.least_width_m
    assert seen["size"] == [2e4 if land == 2 else CHOOSING.least_width_m**2 for land in candidates["land_ha"]]
    assert len(pairs) == count * parks_n
    for row, (i, p) in zip(pairs.itertuples(), np.ndindex(count, parks_n), strict=True):
        at = of_pair[of_candidate[i], p]
        assert (row.enterprise_id, row.park_id, row.failing_rule, row.ground) == (
            ids[i],
            f"K{p}",
            f"R{of_candidate[i]}-{p}",
            10 + at,
        )
        assert (row.lon, row.old_lon, row.receptor_distance_m) == (117.0 + at / 10, 117.0, 100.0 * at)
    (far,) = geodesy.geodesic_distance_m(*(np.array([v]) for v in (117.0, 41.0, 117.1, 41.0)))
    assert pairs.loc[pairs["ground"] == 11, "distance_m"].tolist() == pytest.approx(
        [float(far)] * int((pairs["ground"] == 11).sum())
    )


def test_a_plot_across_two_zones_counts_with_the_worse_air_and_water():
    table = pd.DataFrame(
        {"site": [0, 1], "lon": 117.0, "lat": 41.0, "ground": 0, "prohibited_ha": 0.0, "open_ha": 1.0, "block_ha": 1.0}
    )
    air = sorted(CHOOSING.air_dispersion, key=CHOOSING.air_dispersion.__getitem__)
    water = sorted(CHOOSING.water_capacity, key=CHOOSING.water_capacity.__getitem__)
    rows = [
        ("SITE-0", "air_zones", str(Relation.INSIDE), air[1]),
        ("SITE-0", "air_zones", str(Relation.CROSSES), air[-1]),
        ("SITE-0", "air_zones", str(Relation.NEAR), air[0]),
        ("SITE-0", "water_zones", str(Relation.CROSSES), water[-1]),
        ("SITE-0", "water_zones", str(Relation.CROSSES), water[1]),
    ]
    overlaps = pd.DataFrame(rows, columns=["subject_id", "layer", "relation", "zone_class"])
    clear = pd.DataFrame([], columns=["subject_id", "layer", "distance_m"])
    places = Places(
        sites=table,
        of_pair=np.zeros((1, 1)),
        ground=(),
        tables={"overlaps": overlaps, "clear": clear},
        verdicts=pd.DataFrame(),
    )
    found = _site_measures(places, CHOOSING)
    assert found.loc[0, ["air_dispersion", "water_capacity"]].tolist() == [
        CHOOSING.air_dispersion[air[1]],
        CHOOSING.water_capacity[water[1]],
    ]
    assert found.loc[1, ["air_dispersion", "water_capacity", "receptor_distance_m"]].isna().all()


def test_the_list_names_the_park_given_or_why_there_is_none():
    ranked = pd.DataFrame({"x": [1, 2, 3]}, index=["A", "B", "C"])
    parks = pd.DataFrame({"park_id": ["K0", "K1"], "park_name": ["甲园", "乙园"]})
    plan = SimpleNamespace(joint=SimpleNamespace(place=pd.Series({"A": "K1", "B": ""})), unplaced={"B": "满"})
    found = _with_plan(ranked, ranked.loc[["A", "B"]], plan, parks)
    assert found["assigned"].tolist() == ["乙园", "", ""] and found["unplaced"].tolist() == ["", "满", ""]
    none = _with_plan(ranked, ranked.loc[["A", "B"]], None, None)
    assert none["assigned"].tolist() == [""] * 3 and none["unplaced"].tolist() == ["没有可供比选的园区"] * 2 + [""]


LISTED = pd.DataFrame(
    {
        "enterprise_id": ["E0", "E1"],
        "name": "厂",
        "industry": "3110",
        "county": "县",
        "reasons": "R",
        "zones": "Z",
        "exclusions": "",
        "basis": "b",
        "missing": "",
        "status": "候选",
        "action": "a",
        "kinds": "区位",
        "disposition": ["异地迁建", "关停退出"],
    }
)


def planned(patch, *, moving=True, layer=True, parks=1):
    """The whole plan with every step but the last ones answered by hand; what was asked for."""
    asked = {}
    listed = LISTED if moving else LISTED.assign(disposition="关停退出")
    frame = gpd.GeoDataFrame(
        {"park_id": [f"K{i}" for i in range(parks)], "park_name": "园"}, geometry=[metres(0, 0, 9, 9)] * parks, crs=4490
    )

    def by_urgency(acting, policy):
        asked["priority"] = {c.id: c.weight for c in policy.criterion}
        ranking = pd.DataFrame(
            {
                "score": [0.5, NAN],
                "score_low": NAN,
                "score_high": NAN,
                "rank": [1.0, NAN],
                "rank_low": NAN,
                "rank_high": NAN,
                "grade": "",
                "grade_range": "",
                "lead": "",
                "driver": "",
            },
            index=acting.index,
        )
        return SimpleNamespace(ranking=ranking)

    def proven(loaded, judged, choices, policy, progress):
        asked.update(choosing={c.id: c.weight for c in policy.criterion}, choices=choices)
        place = pd.Series({"E0": "K0"})
        found = SimpleNamespace(objective=0.0, bound=0.0, proven=True, pairs=1, rows=1, nodes=0)
        return SimpleNamespace(
            joint=SimpleNamespace(place=place, use=empty("park_use"), assignment=found),
            pairs=empty("destinations"),
            ground=empty("relocation_ground"),
            unplaced={},
        )

    def relocating(judged, ranked, urgency):
        return ranked[ranked["disposition"] == "异地迁建"][["name"]]

    def effects(loaded, judged, outcome, *, radius_m):
        asked.update(outcome=outcome, radius_m=radius_m)
        return pd.DataFrame()

    answers = {
        "park_names": lambda loaded: {"K0": "甲园"},
        "list_candidates": lambda *_: SimpleNamespace(listed=listed, reasons=empty("relocation_reasons")),
        "measure_circumstances": lambda loaded, judged, kinds, policy: pd.DataFrame(index=kinds.index),
        "rank_by_urgency": by_urgency,
        "urgency_scores": lambda acting, policy: None,
        "_criteria": lambda *_: empty("relocation_criteria"),
        "survey_parks": lambda loaded, judged, wanted: asked.update(wanted=wanted) or frame,
        "_to_relocate": relocating,
        "_pairs": lambda *_: ("ground", "pairs"),
        "prove_plan": proven,
        "measure_effects": effects,
    }
    for name, answer in answers.items():
        patch.setitem(steps, name, answer)
    what_if = WhatIf(closed=("甲园",), weights={"priority": {"people_near": 0.9}, "destinations": {"rail": 0.8}})
    tables = plan_relocation(SimpleNamespace(layers={"parks": None} if layer else {}), None, what_if=what_if)
    return tables, asked


def test_the_plan_is_made_with_the_changed_weights_and_parks_and_stated(monkeypatch):
    tables, asked = planned(monkeypatch)
    assert (
        asked["priority"]["people_near"] == 0.9
        and asked["choosing"]["rail"] == 0.8
        and asked["wanted"].closed == ("K0",)
    )
    assert (asked["choices"].pairs, asked["choices"].ground) == ("pairs", "ground") and asked[
        "choices"
    ].candidates.index.tolist() == ["E0"]
    assert tables["relocation"]["assigned"].tolist() == ["园", ""] and asked["radius_m"] == PRIORITY.receptor_radius_m
    assert asked["outcome"]["closes"].to_dict() == {"E0": False, "E1": True}
    said = tables["relocation_plan"].set_index("item")["value"]
    assert said["09"] == "1 家" and said["10"] == "1 家" and "关闭园区 K0" in said["08"]


@pytest.mark.parametrize("without", [{"moving": False}, {"layer": False}, {"parks": 0}])
def test_without_anybody_to_move_or_anywhere_to_go_nothing_is_chosen(monkeypatch, without):
    tables, asked = planned(monkeypatch, **without)
    assert (
        "choices" not in asked
        and tables["destinations"].empty
        and tables["relocation_ground"].empty
        and tables["park_use"].empty
    )
    assert tables["relocation"]["assigned"].tolist() == ["", ""] and "10" not in set(tables["relocation_plan"]["item"])
    assert tables["relocation"]["unplaced"].tolist() == (
        ["没有可供比选的园区", ""] if without.get("moving", True) else ["", ""]
    )


# What is stated of the plan


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [
        (0.0, 0.0, "0.00%"),
        (2.0, 1.5, "25.00%"),
        (0.5, 0.5 - 1e-10, "0.00%"),
        (1.0, 1.0 - 6e-5, "0.01%"),
        (0.5, -0.5, "200.00%"),
    ],
)
@pytest.mark.parametrize("proven", [True, False])
def test_the_plan_states_what_it_costs_how_far_from_the_bound_and_whether_that_was_asked_for(
    objective, bound, gap, proven
):
    found = SimpleNamespace(objective=objective, bound=bound, proven=proven, pairs=12, rows=7, nodes=3)
    plan = SimpleNamespace(place=pd.Series(["K", "", "K"]), assignment=found)
    table = state_plan(plan, CHOOSING, PRIORITY, WhatIf(), count=3, ranked=5).set_index("item")["value"]
    assert (
        table["10"] == "2 家"
        and table["11"] == f"{objective:.6f}"
        and f"{bound:.6f}（相对差 {gap}，{'已达' if proven else '未达'}间隙" in table["12"]
    )
    assert (
        "组合 12 个，约束 7 条，分支定界结点 3 个" in table["13"]
        and table["08"] == "现状，无假设变动"
        and table["09"] == "3 家"
    )
    assert (
        table["02"].startswith("2 ×")
        and table["20"].startswith("法定压力 0.2、")
        and "距铁路 0.06、" in table["21"]
        and "不超过 3000 米" in table["07"]
    )


@pytest.mark.parametrize(("more", "exact"), [(-1, True), (0, True), (1, False)])
def test_rank_intervals_are_said_to_be_exact_up_to_the_number_stated(more, exact):
    ranked = PRIORITY.weight_range.exact_candidates + more
    table = state_plan(None, CHOOSING, PRIORITY, WhatIf(), count=0, ranked=ranked).set_index("item")["value"]
    assert (
        ("精确值" in table["22"]) == exact
        and "±30%" in table["22"]
        and set(table.index) == {*(f"0{i}" for i in range(1, 10)), "20", "21", "22"}
    )


# What-ifs


def test_a_park_goes_by_its_name_or_its_number_and_a_number_comes_before_a_name():
    parks = {"K1": "甲园", "K2": "甲园", "K3": "K1"}
    asked = WhatIf(closed=("甲园", "K2", "K1"), spare_ha={"K3": 2.0, "甲园": 7.0}).checked(parks)
    assert asked.closed == ("K1", "K2") and asked.spare_ha == {
        "K3": 2.0,
        "K1": 7.0,
    }  # of two of a name the first by number
    assert asked.words() == "关闭园区 K1、K2；K1 剩余用地按 7 公顷计；K3 剩余用地按 2 公顷计"
    for strange in (WhatIf(closed=("月球",)), WhatIf(spare_ha={"月球": 1.0})):
        with pytest.raises(UsageError, match="没有园区 月球；可用：K1 甲园、K2 甲园、K3 K1"):
            strange.checked(parks)
    with pytest.raises(UsageError, match="没有园区图层"):
        WhatIf(closed=("月球",)).checked({})
    assert (
        WhatIf(weights={"destinations": {"b": 1.0, "a": 0.25}}).words() == "承接权重 a = 0.25；承接权重 b = 1"
        and WhatIf().words() == ""
    )


# Outside the parks


def test_a_free_place_is_sought_in_its_own_county_for_the_land_stated_or_stood_on():
    subjects = pd.DataFrame(
        {
            "subject_id": ["E0", "E1", "E2"],
            "industry": "3110",
            "county": ["甲", "乙", "丙"],
            "lon": 117.0,
            "lat": 41.0,
            "area_m2": [3e4, 5e4, 0.0],
        }
    )
    attributes = pd.DataFrame(
        [("E1", "land_ha", "7"), ("E1", "x", "1"), ("E0", "y", "2")], columns=["subject_id", "attribute", "value"]
    )
    tables, asked = {"subjects": subjects, "attributes": attributes}, []

    def search(loaded, request, county):
        asked.append(
            (request.size_ha, request.count, request.project_type, request.industry, dict(request.attributes), county)
        )
        row = {
            "rank": 1,
            "verdict": "未发现冲突",
            "at_least": "",
            "receptor_distance_m": 1.0,
            "railway_distance_m": 1.0,
            "area_m2": 1.0,
            "lon": 117.1,
            "lat": 41.0,
            "wkt": "w",
        }
        return pd.DataFrame([row, row | {"rank": 2, "lon": 117.0}], index=[7, 9])

    found = search_freely(None, ["E1", "E0"], tables, search)
    assert asked == [
        (7.0, 5, "迁建", "3110", {"land_ha": "7", "x": "1"}, "乙"),
        (3.0, 5, "迁建", "3110", {"y": "2"}, "甲"),
    ]
    (far,) = geodesy.geodesic_distance_m(*(np.array([v]) for v in (117.0, 41.0, 117.1, 41.0)))
    assert found["enterprise_id"].tolist() == ["E1", "E1", "E0", "E0"] and found[
        "distance_m"
    ].tolist() == pytest.approx([far, 0.0, far, 0.0])
    assert found.index.tolist() == [0, 1, 2, 3] and search_freely(None, [], tables, search).empty
    with pytest.raises(UsageError, match="--free E2：企业没有填用地面积"):
        search_freely(None, ["E2"], tables, search)
    with pytest.raises(UsageError, match="--free 读到 A、Z，企业表中没有"):
        search_freely(None, ["Z", "E0", "A"], tables, search)
    tiny = tables | {"attributes": pd.DataFrame([("E2", "land_ha", "0.5")], columns=attributes.columns)}
    assert len(search_freely(None, ["E2"], tiny, search)) == 2 and asked[-1][0] == 0.5


# Effects


def test_people_of_a_zone_are_counted_before_and_after_and_a_zone_of_air_goes_by_its_class():
    """One home by the old place, two by the new one: who moves takes the trouble along, who closes takes it away."""
    home = [from_metres(shapely.Point(x, 0)) for x in (100, 5000, 5100, 9000)]
    receptors = zone_layer("receptors", home, kind="point")
    receptors.zones["people"] = ["3", "", "40", "500"]
    air = zone_layer("air_zones", [metres(-50, -50, 50, 50)], "一类")
    city = zone_layer("city", [metres(-900, -900, 9900, 900)], coverage="", zones=False)
    old, new = from_metres(shapely.Point(0, 0)), from_metres(shapely.Point(5050, 0))
    subjects = pd.DataFrame({"subject_id": ["E0"], "kind": "enterprise", "lon": [old.x], "lat": [old.y]})
    judged = SimpleNamespace(
        tables={
            "subjects": subjects,
            "attributes": pd.DataFrame([], columns=["subject_id", "attribute", "value", "unit"]),
        }
    )
    loaded = SimpleNamespace(layers={"city": city, "air_zones": air, "receptors": receptors})
    outcome = pd.DataFrame({"new_lon": [new.x], "new_lat": [new.y], "closes": [False]}, index=["E0"])
    table = measure_effects(loaded, judged, outcome, radius_m=300.0)
    got = {(row.zone_layer, row.figure): (row.before, row.after, row.unknown) for row in table.itertuples()}
    assert got == {
        ("city", "enterprises"): (1, 1, 0),
        ("city", "to_move"): (1, 0, 0),
        ("city", "people_near"): (3, 40, 0),
        ("air_zones", "enterprises"): (1, 0, 0),
        ("air_zones", "to_move"): (1, 0, 0),
    }
    assert set(table.loc[table["zone_layer"] == "air_zones", "zone_name"]) == {"一类"} and set(
        table.loc[table["zone_layer"] == "city", "zone_name"]
    ) == {"名"}
    gone = measure_effects(loaded, judged, outcome.assign(new_lon=NAN, new_lat=NAN, closes=True), radius_m=300.0)
    assert {(r.figure): (r.before, r.after) for r in gone[gone["zone_layer"] == "city"].itertuples()} == {
        "enterprises": (1, 0),
        "to_move": (1, 0),
        "people_near": (3, 0),
    }
    assert "people_near" not in set(measure_effects(loaded, judged, outcome.iloc[:0], radius_m=300.0)["figure"])
    nowhere = SimpleNamespace(layers={k: v for k, v in loaded.layers.items() if k != "receptors"})
    assert "people_near" not in set(measure_effects(nowhere, judged, outcome, radius_m=300.0)["figure"])
