"""What a plan rests on, summed up again by hand: circumstances, parks and their tenants, profiles, obstacles in words."""

from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy.sparse import csr_array
from shapes import from_metres, layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import LIST_SEPARATOR, ListingStatus, Relation, State
from cdgis.geometry import geodesy
from cdgis.relocation.conflict import HARDNESS, Obstacle, easiest_opening, explain_unplaced
from cdgis.relocation.improving import Pairs, Relaxed, Stakes, places_of
from cdgis.relocation.plan import WhatIf
from cdgis.relocation.plan.circumstances import measure_circumstances
from cdgis.relocation.plan.joint_plan import explain_left_out, plan_jointly
from cdgis.relocation.plan.park_sites import told_of
from cdgis.relocation.plan.plan_relocation import _completed, _outcome
from cdgis.relocation.plan.profiles import group_candidates, judged_size_m2, rules_at
from cdgis.relocation.plan.supply import park_names, survey_parks
from cdgis.relocation.policy import DispositionRule, read_destination_policy, read_priority_policy
from cdgis.relocation.priority import rank_by_urgency

GEOD = Geod(ellps="GRS80")
NAN = float("nan")
PRIORITY = read_priority_policy()
few = settings(max_examples=10)


def place(x: float, y: float) -> shapely.Point:
    return from_metres(shapely.Point(x, y))


def gap_m(a: shapely.Point, b: shapely.Point) -> float:
    return GEOD.inv(a.x, a.y, b.x, b.y)[2]


def same(ours, theirs) -> bool:
    return np.allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=1e-9, atol=1e-6, equal_nan=True
    )


@few
@given(st.integers(0, 100_000))
def test_circumstances_are_counted_one_by_one(seed):
    rng = np.random.default_rng(seed)
    ids = [f"E{i}" for i in range(4)]
    at = [place(*rng.uniform(-1500, 1500, 2)) for _ in ids]
    homes = [place(*rng.uniform(-2500, 2500, 2)) for _ in range(12)]
    kinds = rng.choice(["居民区", "学校", "医院", "其他"], 12).tolist()
    receptors = zone_layer(
        "receptors", homes, kinds, kind="point", ids=[f"R{min(i, 10)}" for i in range(12)]
    )  # the last two are one place
    people = rng.choice(["", "40", "700"], 12).tolist()
    receptors.zones["people"] = people
    loaded = SimpleNamespace(layers=layer_set(receptors))
    amounts = {
        (firm, name): str(rng.integers(1, 90))
        for firm in ids
        for name in ("so2_t_per_yr", "nox_t_per_yr", "pm_t_per_yr", "co2_t_per_yr", "output_wan_yuan_per_yr")
        if rng.random() < 0.8
    }
    amounts[ids[0], "output_wan_yuan_per_yr"] = "0"
    layers = ("water_source_zones", "ecological_redline", "air_zones")
    classes = [*PRIORITY.air_sensitivity, "无此类"]
    overlaps = pd.DataFrame(
        [
            (rng.choice(ids), rng.choice(layers), rng.choice(["内部", "跨越", "邻近"]), rng.choice(classes))
            for _ in range(12)
        ],
        columns=["subject_id", "layer", "relation", "zone_class"],
    )
    clear = pd.DataFrame(
        [(firm, layer, float(rng.integers(1, 99))) for firm in ids for layer in layers[:2] if rng.random() < 0.7],
        columns=["subject_id", "layer", "distance_m"],
    )
    overlaps["relation"] = overlaps["relation"].map(
        {"内部": str(Relation.INSIDE), "跨越": str(Relation.CROSSES), "邻近": str(Relation.NEAR)}
    )
    attributes = pd.DataFrame(
        [(f, n, v, "") for (f, n), v in amounts.items()], columns=["subject_id", "attribute", "value", "unit"]
    )
    judged = SimpleNamespace(
        tables={"overlaps": overlaps, "clear": clear, "attributes": attributes}, subjects=sites(at, subject_id=ids)
    )
    reasons = pd.Series([rng.choice(["区位", "区位;燃料", "燃料;装备", ""]) for _ in ids], index=ids)
    policy = PRIORITY.model_copy(update={"receptor_radius_m": 1300.0})
    found = measure_circumstances(loaded, judged, reasons, policy)
    hits = overlaps[overlaps["relation"] != str(Relation.NEAR)]
    for firm, spot in zip(ids, at, strict=True):
        row = found.loc[firm]
        strengths = [policy.reason_strength[kind] for kind in reasons[firm].split(";") if kind]
        near = {}
        for home, number in zip(homes, receptors.zones["zone_id"], strict=True):
            if gap_m(spot, home) <= 1300:
                first = int(number[1:])
                near[number] = kinds[first], float(people[first] or NAN)
        said = {
            name: float(amounts.get((firm, name), NAN))
            for name in ("so2_t_per_yr", "nox_t_per_yr", "pm_t_per_yr", "co2_t_per_yr")
        }
        air = [
            policy.air_sensitivity[c]
            for c in hits.loc[(hits["subject_id"] == firm) & (hits["layer"] == "air_zones"), "zone_class"]
            if c in policy.air_sensitivity
        ]
        away = []
        for layer in layers[:2]:
            inside = ((hits["subject_id"] == firm) & (hits["layer"] == layer)).any()
            rows = clear[(clear["subject_id"] == firm) & (clear["layer"] == layer)]["distance_m"]
            away.append(0.0 if inside else rows.iloc[0] if len(rows) else NAN)
        output = float(amounts.get((firm, "output_wan_yuan_per_yr"), NAN))
        wanted = [
            max(strengths, default=NAN),
            *(sum(kind == name for kind, _ in near.values()) for name in ("居民区", "学校", "医院")),
            sum(kind in ("学校", "医院") for kind, _ in near.values()),
            sum(count for _, count in near.values()),
            *away,
            max(air, default=NAN),
            said["so2_t_per_yr"] + said["nox_t_per_yr"] + said["pm_t_per_yr"],
            said["co2_t_per_yr"] / output if output > 0 else NAN,
        ]
        got = row[
            [
                "reason_strength",
                "settlements",
                "schools",
                "hospitals",
                "schools_hospitals",
                "people_near",
                "water_source_distance_m",
                "red_line_distance_m",
                "air_sensitivity",
                "air_t_per_yr",
                "co2_t_per_wan_yuan",
            ]
        ]
        assert same(got, wanted)
    bare = measure_circumstances(SimpleNamespace(layers={}), judged, reasons, policy)
    assert bare[["settlements", "people_near"]].isna().all().all()
    del receptors.zones["people"]
    unsaid = measure_circumstances(loaded, judged, reasons, policy)["people_near"]
    assert unsaid[found["people_near"] != 0].isna().all() and (unsaid[unsaid.notna()] == 0).all()


@few
@given(st.integers(0, 100_000))
def test_a_park_has_what_it_says_less_what_its_tenants_take(seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(3)
    parks = zone_layer(
        "parks", [metres(2000 * i, 0, 2000 * i + 900, 900) for i in order], ids=[f"parks{i}" for i in order]
    )
    parks.zones["spare_ha"] = spare = rng.choice(["", "12", "70"], 3).tolist()
    parks.zones["water_cap_10k_m3_per_yr"] = water = rng.choice(["", "0", "3", "90"], 3).tolist()
    parks.zones["energy_cap_tce_per_yr"] = energy = rng.choice(["", "500", "9000"], 3).tolist()
    parks.zones["industries"] = "31;26"
    rail = zone_layer(
        "railways",
        [shapely.LineString([place(-500, 2000 + 3 * seed % 700).coords[0], place(500, 4000).coords[0]])],
        kind="line",
    )
    firms = [f"E{i}" for i in range(6)]
    use = {
        (f, n): str(rng.integers(1, 40_000))
        for f in firms
        for n in ("water_m3_per_yr", "energy_tce_per_yr")
        if rng.random() < 0.7
    }
    rows = [
        (
            f,
            rng.choice(["parks", "parks", "other"]),
            f"parks{rng.integers(3)}",
            str(rng.choice([Relation.INSIDE, Relation.CROSSES, Relation.NEAR])),
        )
        for f in [*firms, *firms[:2], "P0"]
    ]
    overlaps = pd.DataFrame(rows, columns=["subject_id", "layer", "zone_id", "relation"])
    overlaps = pd.concat([overlaps, overlaps.iloc[:1]], ignore_index=True)  # a park of two parts holds a tenant once
    subjects = pd.DataFrame({"subject_id": [*firms, "P0"], "kind": ["enterprise"] * 6 + ["project"]})
    attributes = pd.DataFrame(
        [(f, n, v, "") for (f, n), v in use.items()], columns=["subject_id", "attribute", "value", "unit"]
    )
    judged = SimpleNamespace(tables={"overlaps": overlaps, "subjects": subjects, "attributes": attributes})
    what_if = WhatIf(closed=("parks1",), spare_ha={"parks2": 5.0})
    loaded = SimpleNamespace(layers=layer_set(parks, rail))
    found = survey_parks(loaded, judged, what_if).set_index("park_id")
    assert list(found.index) == ["parks0", "parks1", "parks2"] and found["closed"].tolist() == [False, True, False]
    assert (
        park_names(loaded) == dict.fromkeys(("parks0", "parks1", "parks2"), "名")
        and park_names(SimpleNamespace(layers={})) == {}
    )
    for row, i in enumerate(order):
        got, name = found.loc[f"parks{i}"], f"parks{i}"
        tenants = {
            f
            for f, layer, zone, how in rows
            if layer == "parks" and zone == name and how != str(Relation.NEAR) and f != "P0"
        }
        assert same(got["spare_ha"], 5.0 if i == 2 else float(spare[row] or NAN))
        for kind, cap, attribute, factor in (
            ("water", water, "water_m3_per_yr", 1e-4),
            ("energy", energy, "energy_tce_per_yr", 1.0),
        ):
            said = [float(use[f, attribute]) * factor for f in tenants if (f, attribute) in use]
            limit = float(cap[row] or NAN)
            assert same(
                got[[f"{kind}_cap", f"{kind}_occupants", f"{kind}_unknown"]],
                [limit, sum(said), len(tenants) - len(said)],
            )
            assert same(got[f"{kind}_left"], np.inf if np.isnan(limit) else max(limit - sum(said), 0.0))
        line, outline = rail.zones.geometry[0], parks.zones.geometry[row]
        local = geodesy.geometries_to_local(np.array([line, outline]))
        assert got["rail_distance_m"] == pytest.approx(shapely.distance(*local), rel=1e-3, abs=0.5)
    bare = survey_parks(SimpleNamespace(layers={"parks": parks}), judged, WhatIf())
    assert bare["rail_distance_m"].isna().all() and not bare["closed"].any()
    plain = replace(parks, zones=parks.zones[["zone_id", "zone_name", "zone_class", "geometry"]])
    none = survey_parks(SimpleNamespace(layers={"parks": plain}), judged, WhatIf())
    assert (
        none["spare_ha"].isna().all()
        and np.isposinf(none[["water_left", "energy_left"]]).all().all()
        and (none["industries"] == "").all()
    )


@pytest.mark.parametrize("kinds", [1, 39, 40, 41, 90])
def test_few_sizes_of_land_are_judged_as_they_are_and_many_on_at_most_a_quarter_more(kinds):
    land = np.concatenate([np.linspace(1.0, 60.0, kinds), [NAN, 0.001, 1.0]])  # two less than the least: one size more
    least = 5000.0
    needed = np.maximum(np.nan_to_num(land) * 1e4, least)
    found = judged_size_m2(land, least)
    if kinds + 1 <= 40:
        assert found.tolist() == needed.tolist()
    else:
        assert (
            (found >= needed * (1 - 1e-8)).all()
            and (found <= needed * 1.25 * (1 + 1e-8)).all()
            and len(np.unique(found)) < kinds
        )
        steps = np.log(found / least) / np.log(1.25)
        assert np.allclose(steps, np.round(steps)) and found[-2] == least


def test_who_differs_in_an_answer_a_distance_or_the_land_is_judged_apart():
    rules = (
        rule("A", "z", industry_prefixes=["31"], project_types=["迁建"]),
        rule("B", "z", geometry="engine"),
        rule("C", "z", geometry="within", distance_attribute="protection_distance_m"),
        rule("D", "z", conditions=[{"attribute": "cod_t_per_yr", "op": "gt", "value": 5}]),
    )
    rows = [
        ("3110", "", "", 1.0),
        ("3110", "", "", 1.0),
        ("2614", "", "", 1.0),
        ("3110", "100", "", 1.0),
        ("3110", "0", "", 1.0),
        ("3110", "", "9", 1.0),
        ("3110", "", "1", 1.0),
        ("3110", "", "", 2.0),
        ("3121", "100", "", 1.0),
    ]
    frame = sites(
        [place(i, 0) for i in range(9)], kind="enterprise", project_type="既有", industry=[row[0] for row in rows]
    ).frame
    stated = [
        (f"S{i:03}", name, row[k], "")
        for i, row in enumerate(rows)
        for k, name in ((1, "protection_distance_m"), (2, "cod_t_per_yr"))
        if row[k]
    ]
    attributes = pd.DataFrame(stated, columns=["subject_id", "attribute", "value", "unit"])
    found = group_candidates(frame, attributes, rules, size_m2=np.array([row[3] for row in rows]))
    groups = {tuple(np.flatnonzero(found.of_candidate == g)) for g in set(found.of_candidate)}
    assert groups == {(0, 1), (2,), (3, 8), (4,), (5,), (6,), (7,)}
    assert found.size_m2[found.of_candidate].tolist() == [row[3] for row in rows]


def test_rules_on_zones_that_no_park_touches_are_left_out_only_where_the_layer_covers_all_parks():
    zones = zone_layer(
        "units", [metres(0, 0, 100, 100), metres(500, 0, 600, 100), metres(100, 0, 200, 100)], ids=["u0", "u1", "u2"]
    )
    rules = (
        rule("A", "units", zone_ids=["u0"]),
        rule("B", "units", zone_ids=["u1"]),
        rule("C", "units"),
        rule("D", "units", zone_ids=["u1", "u2"]),
        rule("E", "gone", zone_ids=["x"]),
    )
    park = np.array([metres(10, 10, 90, 90), metres(150, 150, 190, 300)], dtype=object)
    assert [r.id for r in rules_at(rules, layer_set(zones), park)] == ["A", "C", "E"]
    small = layer_set(zones, city=metres(0, 0, 50, 50))
    assert [r.id for r in rules_at(rules, small, park)] == ["A", "B", "C", "D", "E"]


def test_what_fails_somebody_is_told_with_the_first_clause_and_all_rules():
    rows = [
        ("a", "禁止", State.APPLIES, "R2", "二"),
        ("a", "退出", State.UNKNOWN, "R1", "一"),
        ("a", "禁止", State.MANUAL, "R3", "三"),
        ("a", "须论证", State.APPLIES, "R4", "四"),
        ("b", "禁止", State.MANUAL, "R6", "六"),
        ("b", "禁止", State.MANUAL, "R5", "五"),
        ("c", "须论证", State.APPLIES, "R7", "七"),
    ]
    findings = pd.DataFrame(rows, columns=["subject_id", "effect", "state", "rule_id", "clause"])
    verdicts = pd.DataFrame({"subject_id": ["c", "a", "b"], "verdict": ["须论证", "不符合", "未发现冲突"]})
    told = told_of(findings, verdicts, np.array(["a", "b", "c"], dtype=object))
    assert told.to_numpy().tolist() == [
        ["不符合", f"R1{LIST_SEPARATOR}R2", "二", "R3"],
        ["未发现冲突", "", "", f"R5{LIST_SEPARATOR}R6"],
        ["须论证", "", "", ""],
    ]


POLICY = read_destination_policy()


def plan_of(rng, firms, parks):
    """A plan over random pairs, and why some are left out."""
    ids, names = [f"E{i}" for i in range(firms)], [f"K{i}" for i in range(parks)]
    candidates = pd.DataFrame(
        {
            "urgency": rng.uniform(0, 1, firms),
            "land_ha": rng.choice([5.0, 20.0, 40.0], firms),
            "water_10k_m3": rng.choice([1.0, 4.0], firms),
            "energy_tce": 1.0,
        },
        index=pd.Index(ids, name="enterprise_id"),
    )
    spare = rng.choice([4.0, 30.0, 60.0], parks)
    frame = gpd.GeoDataFrame(
        {
            "park_id": names,
            "park_name": [f"园{i}" for i in range(parks)],
            "spare_ha": spare + 3,
            "water_cap": rng.choice([9.0, NAN], parks),
            "water_occupants": 2.0,
            "water_unknown": 1,
            "water_left": rng.choice([2.0, 8.0, np.inf], parks),
            "energy_cap": NAN,
            "energy_occupants": 0.0,
            "energy_unknown": 0,
            "energy_left": np.inf,
        },
        geometry=[place(i, 0) for i in range(parks)],
        crs=4490,
    )
    rows = []
    for firm in ids:
        for i, park in enumerate(names):
            law, shut = bool(rng.random() < 0.2), bool(rng.random() < 0.1)
            lacking = candidates.at[firm, "land_ha"] > spare[i]
            dry = candidates.at[firm, "water_10k_m3"] > frame.at[i, "water_left"]
            short = (
                "用地不足，园区给得少"
                if lacking
                else "用水不足，园区给得少"
                if dry
                else rng.choice(["", "", "没有铁路条件：远", "整块用地不足", "企业没有填用水需求"])
            )
            rows.append(
                (
                    firm,
                    park,
                    "不符合" if law else "未发现冲突",
                    not law,
                    "R1" if law else "",
                    shut,
                    short,
                    spare[i],
                    frame.at[i, "water_left"],
                    np.inf,
                    float(rng.uniform(0, 1)),
                    3.0 + (rng.random() < 0.5),
                )
            )
    pairs = pd.DataFrame(
        rows,
        columns=[
            "enterprise_id",
            "park_id",
            "verdict",
            "feasible",
            "failing_rule",
            "closed",
            "shortfall",
            "available_ha",
            "water_left",
            "energy_left",
            "score",
            "prohibited_ha",
        ],
    )
    pairs["permitted"] = pairs["feasible"] & ~pairs["closed"] & (pairs["shortfall"] == "")
    return pairs, candidates, frame


@few
@given(st.integers(0, 100_000), st.integers(2, 7))
def test_use_of_parks_and_reasons_of_those_left_out_are_those_of_the_plan(seed, firms):
    pairs, candidates, parks = plan_of(np.random.default_rng(seed), firms, 3)
    plan = plan_jointly(pairs, candidates, parks, POLICY)
    use = plan.use.set_index(["park_id", "resource"])
    for park in parks.itertuples():
        members = candidates[(plan.place == park.park_id).to_numpy()]
        own = pairs[pairs["park_id"] == park.park_id]
        land, water, energy = (use.loc[(park.park_id, name)] for name in ("用地", "用水", "能耗"))
        assert same(
            land[["cap", "prohibited", "tenants", "tenants_unknown", "available", "assigned", "enterprises"]],
            [
                park.spare_ha,
                own["prohibited_ha"].min(),
                NAN,
                0,
                own["available_ha"].max(),
                members["land_ha"].sum(),
                len(members),
            ],
        )
        assert same(
            water[["cap", "prohibited", "tenants", "tenants_unknown", "available", "assigned"]],
            [
                park.water_cap,
                NAN,
                2.0,
                1,
                NAN if np.isinf(park.water_left) else park.water_left,
                members["water_10k_m3"].sum(),
            ],
        )
        assert (land["unit"], water["unit"], energy["unit"]) == ("公顷", "万立方米/年", "吨标准煤/年") and np.isnan(
            energy["available"]
        )
        assert land["assigned"] <= own["available_ha"].max() + 1e-9 and water["assigned"] <= park.water_left + 1e-9
    told = explain_left_out(pairs, candidates, parks, plan.place)
    assert set(told) == set(plan.place.index[plan.place == ""])
    for firm, why in told.items():
        kinds = {}
        for row in pairs[pairs["enterprise_id"] == firm].itertuples():
            found = kinds.setdefault(row.park_id, [])
            found += ["law"] if not row.feasible else []
            found += ["closed"] if row.closed else []
            starts = {"没有铁路条件": "rail", "整块用地不足": "ground", "企业没有填": "unstated"}
            found += (
                [next((kind for start, kind in starts.items() if row.shortfall.startswith(start)), "capacity")]
                if row.shortfall
                else []
            )
            there = candidates[(plan.place == row.park_id).to_numpy()]
            for need, left in (
                ("land_ha", row.available_ha),
                ("water_10k_m3", row.water_left),
                ("energy_tce", row.energy_left),
            ):
                found += ["taken"] if len(there) and candidates.at[firm, need] > left - there[need].sum() else []
            assert found  # a park that nothing bars would have been given
        open_ = {
            park: found for park, found in kinds.items() if found and not set(found) & {"unstated", "ground", "law"}
        }
        best = min(
            open_,
            key=lambda park: (max(HARDNESS.index(kind) for kind in open_[park]), len(open_[park]), park),
            default="",
        )
        assert why.opening == best
        for row in pairs[pairs["enterprise_id"] == firm].itertuples():
            if row.park_id == best:
                assert ("园区设为关闭" in why.needed) == row.closed and (
                    "用地不足（园区给得少）" in why.needed
                ) == row.shortfall.startswith("用地不足")
                assert ("已安排给其他企业" in why.needed) == ("taken" in kinds[best])


def test_what_others_took_is_told_with_what_is_left_and_by_whom():
    parks = gpd.GeoDataFrame({"park_id": ["K"], "park_name": ["园"]}, geometry=[place(0, 0)], crs=4490)
    for others, more in ((3, False), (4, True)):
        ids = [f"E{i}" for i in range(others + 1)]
        candidates = pd.DataFrame(
            {"land_ha": [5.0] * others + [2.0], "water_10k_m3": 1.0, "energy_tce": 0.0}, index=ids
        )
        placed = pd.Series(["K"] * others + [""], index=ids)
        row = {
            "enterprise_id": ids[-1],
            "park_id": "K",
            "verdict": "未发现冲突",
            "feasible": True,
            "failing_rule": "",
            "closed": False,
            "shortfall": "",
            "available_ha": 5.0 * others + 1,
            "water_left": np.inf,
            "energy_left": np.inf,
        }
        (told,) = explain_left_out(pd.DataFrame([row]), candidates, parks, placed).values()
        assert (
            f"用地已安排给其他企业（本企业需 2 公顷）：园（余 1，已给 E0、E1、E2{'等' if more else ''}）" == told.words
        )
        (told,) = explain_left_out(
            pd.DataFrame([row | {"available_ha": 1.0, "verdict": "资料不足", "feasible": False}]),
            candidates,
            parks,
            placed,
        ).values()
        assert "按现有资料不能判定可以进入：园（资料不足）" in told.words and told.opening == ""


@pytest.mark.parametrize(("count", "more"), [(4, ""), (5, " 等 5 处")])
def test_four_parks_are_named_and_the_rest_counted(count, more):
    parks = {f"K{i}": f"园{i}" for i in range(count)}
    said = explain_unplaced([Obstacle(park=park, kind="law", words="禁止") for park in parks], parks)
    assert said == "禁止：园0、园1、园2、园3" + more and explain_unplaced([], {}) == "没有可供比选的园区"
    assert easiest_opening([Obstacle(park="K0", kind="ground", words="x")]) == ("", "")


def test_grades_begin_at_their_least_and_a_span_is_named_where_weights_disagree():
    criterion = PRIORITY.criterion[0].model_copy(
        update={"measure": "x", "low": 0.0, "high": 1.0, "scale": "linear", "ideal": "high", "weight": 1.0}
    )
    policy = PRIORITY.model_copy(update={"criterion": (criterion,)})
    steps = [grade.least for grade in policy.grade]
    values = [steps[0], steps[0] - 1e-6, steps[1], steps[1] - 1e-6, 1.0, 0.0, NAN]
    ranking = rank_by_urgency(pd.DataFrame({"x": values}), policy).ranking
    names = [grade.grade for grade in policy.grade]
    assert ranking["grade"].tolist() == [names[0], names[1], names[1], names[2], names[0], names[-1], ""]
    assert (
        ranking["grade_range"].tolist()[-1] == f"{names[0]}–{names[-1]}"
        and ranking["grade_range"].tolist()[:2] == names[:2]
    )


def ranks(score: np.ndarray, own: int) -> int:
    return 1 + int((np.round(score, 9) > np.round(score[own], 9)).sum())


@few
@given(st.integers(0, 100_000))
def test_what_widens_a_rank_is_the_largest_gap_or_the_weight_that_moves_it_most(seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(3)).round(3)
    weights[-1] = 1 - weights[:-1].sum()
    criteria = tuple(
        PRIORITY.criterion[0].model_copy(
            update={"id": f"c{k}", "title": f"标{k}", "measure": f"m{k}", "low": 0.0, "high": 1.0, "scale": "linear", "ideal": "high", "weight": w}
        )
        for k, w in enumerate(weights)
    )
    policy = PRIORITY.model_copy(update={"criterion": criteria})
    values = rng.uniform(0, 1, (4, 3)).round(2)
    values[rng.random(values.shape) < (0.25 if seed % 2 else 0.0)] = NAN
    ranking = rank_by_urgency(pd.DataFrame(values, columns=["m0", "m1", "m2"]), policy).ranking
    low, high = np.nan_to_num(values, nan=0.0), np.nan_to_num(values, nan=1.0)
    tolerance = policy.weight_range.tolerance
    for i in range(4):
        others = np.arange(4) != i
        best, worst = (ranks(np.where(others, far @ weights, near @ weights), i) for far, near in ((low, high), (high, low)))
        swings = []
        for k, own in enumerate(weights):
            ends = []
            for end in (own * (1 - tolerance), min(own * (1 + tolerance), 1.0)):
                moved = weights * (1 - end) / (1 - own)
                moved[k] = end
                ends.append(ranks((low + high) / 2 @ moved, i))
            swings.append(abs(ends[0] - ends[1]))
        gaps = (high - low)[i] * weights
        if ranking["rank_low"].iloc[i] == ranking["rank_high"].iloc[i]:
            wanted = ""
        elif worst > best and worst - best >= max(swings):
            wanted = f"标{int(np.argmax(gaps))}（缺数据）" if gaps.any() else "其他企业缺数据"
        else:
            wanted = f"标{int(np.argmax(swings))}（权重）" if max(swings) else "几个权重一起变动"
        assert ranking["driver"].iloc[i] == wanted


def test_of_two_parks_with_room_the_better_one_is_given_and_the_more_urgent_comes_first():
    pairs, candidates, parks = plan_of(np.random.default_rng(0), 2, 2)
    pairs = pairs.assign(permitted=True, feasible=True, closed=False, shortfall="", failing_rule="", available_ha=[30.0, 6.0, 30.0, 6.0])
    parks["water_left"], candidates["land_ha"], candidates["water_10k_m3"] = np.inf, 5.0, 0.0
    better = plan_jointly(pairs.assign(score=[0.2, 0.9, 0.7, 0.3]), candidates, parks, POLICY)
    assert better.place.tolist() == ["K1", "K0"]
    one = pairs.assign(available_ha=6.0, score=[0.5, 0.5, 0.5, 0.5], permitted=[True, False, True, False])
    for urgency, placed in (([0.1, 0.9], ["", "K0"]), ([0.9, 0.1], ["K0", ""])):
        assert plan_jointly(one, candidates.assign(urgency=urgency), parks, POLICY).place.tolist() == placed


def test_a_layer_that_covers_itself_covers_the_parks_inside_it():
    zones = zone_layer("units", [metres(0, 0, 500, 500), metres(500, 0, 900, 500)], ids=["u0", "u1"])
    zones = replace(zones, spec=zones.spec.model_copy(update={"coverage": ""}))
    rules = (rule("A", "units", zone_ids=["u0"]), rule("B", "units", zone_ids=["u1"]))
    assert [r.id for r in rules_at(rules, {"units": zones}, np.array([metres(10, 10, 90, 90)]))] == ["A"]


@few
@given(st.integers(0, 100_000))
def test_what_parks_lose_is_all_that_a_plan_loses_but_for_those_left_outside(seed):
    """Loss against the relaxation = reduced costs + what is left of the limits at their prices + multipliers of those outside."""
    rng = np.random.default_rng(seed)
    count, parks = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    row, park = (part.ravel() for part in np.indices((count, parks)))
    use = rng.uniform(0.1, 0.6, (2 * parks, len(row))) * (np.arange(2 * parks)[:, None] // 2 == park)
    matrix = csr_array(np.vstack([(np.arange(count)[:, None] == row).astype(float), use]))
    pairs = Pairs(row=row, park=park, matrix=matrix, shape=(count, parks))
    multiplier, saving = rng.uniform(0, 1, count + 2 * parks), rng.uniform(-2, 0, len(row))
    relaxed = Relaxed(share=np.zeros(len(row)), reduced=saving + multiplier @ matrix.toarray(), multiplier=multiplier, value=-float(multiplier.sum()))
    where = rng.integers(-1, parks, count)
    chosen = np.flatnonzero(park == where[row])
    used = use[:, chosen].sum(axis=1)
    over = np.maximum(used - 1, 0) @ multiplier[count:]  # more than all of a limit counts as nothing left
    outside = multiplier[:count][where < 0].sum()
    stakes, place = Stakes.of(pairs, relaxed), places_of(pairs, chosen)
    per_park = stakes.loss_by_park(place, stakes.left(place))
    assert per_park.sum() + outside - over == pytest.approx(saving[chosen].sum() - relaxed.value) == pytest.approx(stakes.loss(place))
    for k in range(parks):
        left = np.maximum(1 - use[2 * k : 2 * k + 2, chosen].sum(axis=1), 0) @ multiplier[count + 2 * k : count + 2 * k + 2]
        assert per_park[k] == pytest.approx(relaxed.reduced[chosen[park[chosen] == k]].sum() + left)


def test_a_disposition_for_nothing_left_holds_only_where_nothing_is_left():
    written = DispositionRule(any_of=("装备",), equipment="nothing_left", gives="关停退出", text="t")
    kinds = frozenset({"装备"})
    assert written.holds(kinds, nothing_left=True) and not written.holds(kinds) and not written.holds(kinds, nothing_left=False)


def test_a_pair_is_permitted_where_nothing_forbids_it_there_is_enough_and_the_park_is_open():
    rows = [("未发现冲突", 5.0, False, True), ("不符合", 5.0, False, False), ("资料不足", 5.0, False, False), ("未发现冲突", 50.0, False, False),
            ("未发现冲突", 5.0, True, False), ("须论证", 5.0, False, True), ("不符合", 50.0, False, False)]  # fmt: skip
    pairs = pd.DataFrame(rows, columns=["verdict", "land_ha", "closed", "wanted"]).assign(
        old_lon=117.0, old_lat=41.0, lon=117.0, lat=41.01, spare_ha=30.0, prohibited_ha=10.0, open_ha=15.0, block_ha=12.0, water_10k_m3=1.0,
        water_left=4.0, energy_tce=1.0, energy_left=np.inf, freight_t=0.0, rail_distance_m=0.0, industry="3110", industries="31;26",
        air_dispersion=1.0, water_capacity=1.0, receptor_distance_m=500.0,
    )  # fmt: skip
    found = _completed(pairs, POLICY)
    assert found["permitted"].tolist() == found["wanted"].tolist()
    assert found["distance_m"].to_numpy() == pytest.approx([GEOD.inv(117, 41, 117, 41.01)[2]] * 7, rel=1e-6)
    assert set(found["available_ha"]) == {15.0} and found["land_left_share"].tolist()[0] == pytest.approx(1 - 5 / 15)
    assert set(found["water_left_share"]) == {0.75} and found["energy_left_share"].isna().all() and set(found["industry_match"]) == {1.0}
    other = _completed(pairs.assign(industries="26", spare_ha=5.0, water_left=0.0), POLICY)
    assert set(other["industry_match"]) == {0.0} and set(other["available_ha"]) == {0.0}
    assert other[["land_left_share", "water_left_share"]].isna().all().all() and not other["permitted"].any()
    assert _completed(pairs.assign(industry=""), POLICY)["industry_match"].isna().all()


def test_who_moves_or_closes_and_nobody_else_is_the_plans_outcome():
    rows = [("异地迁建", "候选"), ("关停退出", "候选"), ("就地改造", "候选"), ("异地迁建", "排除"), ("关停退出", "待核实"), ("保留观察", "排除")]
    ranked = pd.DataFrame(rows, columns=["disposition", "status"], index=[f"E{i}" for i in range(6)])
    ranked["status"] = ranked["status"].replace({"候选": str(ListingStatus.CANDIDATE), "待核实": str(ListingStatus.REVIEW)})
    ground = pd.DataFrame({"enterprise_id": ["E0"], "lon": [117.5], "lat": [41.5]})
    found = _outcome(ranked, SimpleNamespace(ground=ground))
    assert list(found.index) == ["E0", "E1", "E4"] and found["closes"].tolist() == [False, True, True]
    assert same(found["new_lon"], [117.5, NAN, NAN]) and same(found["new_lat"], [41.5, NAN, NAN])
    assert _outcome(ranked, None)[["new_lon", "new_lat"]].isna().all().all()
