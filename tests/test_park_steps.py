"""What parks are asked and what is counted around a place, at the edges: profiles alike, distances at the radius, layers that hold nothing."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapes import metres, rule, sites, zone_layer

from cdgis.relocation.plan import WhatIf, park_sites, profiles
from cdgis.relocation.plan.circumstances import class_value, distance_to, measure_circumstances, near_receptors
from cdgis.relocation.plan.supply import survey_parks
from cdgis.relocation.policy import read_priority_policy

GEOD = Geod(ellps="GRS80")
NAN = float("nan")
seeds, few = given(st.integers(0, 100_000)), settings(max_examples=15)


@seeds
@few
def test_profiles_that_answer_alike_are_one_and_the_first_of_them_stands_for_all(seed):
    rng = np.random.default_rng(seed)
    asked = [rng.choice([-2.0, -1.0, 0.0, 300.0], 6) for _ in range(2)]
    first, group = park_sites._alike(asked, 6)
    for i in range(6):
        same = [k for k in range(6) if all(one[k] == one[i] for one in asked)]
        assert first[group[i]] == same[0] and all(group[k] == group[i] for k in same)
    assert len(first) == len({tuple(one[k] for one in asked) for k in range(6)})
    everybody = park_sites._alike([], 3)
    assert (everybody[0], everybody[1].tolist()) == ([0], [0, 0, 0]) and park_sites._alike([], 0)[0] == []


@pytest.mark.parametrize(
    ("possible", "distances", "apart"),
    [
        ((True, True), (0.0, 0.0), False),
        ((True, False), (0.0, 0.0), True),
        ((True, True), (0.0, 100.0), True),
        ((True, True), (NAN, 0.0), True),
        ((True, False), (NAN, NAN), True),
        ((False, False), (NAN, 100.0), False),
    ],
)
def test_profiles_are_told_apart_by_who_is_concerned_and_how_far_off_where_that_is_known(
    monkeypatch, possible, distances, apart
):
    """One park, two profiles of one size: are they asked about one plot or two?"""
    concern = SimpleNamespace(
        rule=SimpleNamespace(geometry="hit"), possible=np.array(possible), distance_m=np.array(distances)
    )
    fact = SimpleNamespace(
        rule=SimpleNamespace(geometry="none"), possible=np.array([True, False]), distance_m=np.array([0.0, 9.0])
    )
    made = SimpleNamespace(rules=(), facts=SimpleNamespace(size=2), size_m2=np.array([400.0, 400.0]))
    parks = gpd.GeoDataFrame({"park_id": ["K0", "K1"]}, geometry=[metres(0, 0, 90, 90)] * 2, crs=4490)
    seen = {}

    def open_ground(loaded, parks, placed, keys, least):
        seen.update(placed=placed, keys=keys, least=least)
        return [
            SimpleNamespace(
                plots_alone=lambda areas, i=i: seen.setdefault("plots", []).extend((i, m2) for m2 in areas) or [metres(i, 0, i + 1, 1)] * len(areas),
                prohibited_m2=1e4 * i,
                total_m2=2e4,
                block_m2=3e4,
            )
            for i in range(2 * len(keys))
        ]

    def judge_pairs(loaded, profiles, measurement, of_pair):
        seen["of_pair"] = of_pair.tolist()
        return "verdicts"

    monkeypatch.setattr(park_sites, "concerns_of", lambda rules, facts, *, rank: (concern, fact) if rank == 3 else ())
    monkeypatch.setattr(park_sites, "_open_ground", open_ground)
    monkeypatch.setattr(park_sites, "_measure", lambda *_: SimpleNamespace(overlaps="o", clear="c"))
    monkeypatch.setattr(park_sites, "_judge_pairs", judge_pairs)
    monkeypatch.setattr(
        park_sites,
        "describe_subjects",
        lambda subjects, measured: pd.DataFrame(
            {"subject_id": subjects.frame["subject_id"], "lon": np.arange(len(subjects.frame)) + 0.5, "lat": 41.0}
        ).iloc[::-1],
    )
    found = park_sites.judge_places(None, made, parks, least_width_m=20.0)
    groups = 2 if apart else 1
    assert seen["placed"] == [concern] and len(seen["keys"]) == groups and seen["least"] == 20.0
    assert len(found.sites) == 2 * groups and found.sites["park_id"].tolist() == ["K0", "K1"] * groups
    assert (
        found.of_pair[0].tolist() != found.of_pair[1].tolist() if apart else found.of_pair.tolist() == [[0, 1], [0, 1]]
    )
    for profile in (0, 1):
        for park in (0, 1):
            row = found.sites.iloc[found.of_pair[profile, park]]
            assert (
                row["park_id"] == f"K{park}"
                and row["ground"] % 2 == park
                and row["prohibited_ha"] == row["ground"]
                and (row["open_ha"], row["block_ha"]) == (2.0, 3.0)
            )
            assert row["lon"] == found.of_pair[profile, park] + 0.5 and seen["keys"][row["ground"] // 2] in (
                [profile] if apart else [0]
            )
    assert (
        seen["plots"] == [(int(g), 400.0) for g in found.sites["ground"]]
        and found.verdicts == "verdicts"
        and found.tables["overlaps"] == "o"
    )
    assert seen["of_pair"] == found.of_pair.tolist() and found.sites["site"].tolist() == list(range(2 * groups))


def test_plots_in_parks_are_looked_at_exactly_and_as_far_as_anybody_must_keep_off(monkeypatch):
    frame = gpd.GeoDataFrame(
        {"subject_id": ["SITE-0", "SITE-1"], "park_id": "K"}, geometry=[metres(0, 0, 9, 9)] * 2, crs=4490
    )
    made = park_sites._subjects(frame).frame
    assert (
        set(made["accuracy_m"]) == {0.0}
        and set(made["kind"]) == {"project"}
        and set(made["project_type"]) == {"迁建"}
        and set(made["activity"]) == {"开发性生产性建设"}
    )
    asked = {}
    monkeypatch.setattr(park_sites, "reach_by_layer", lambda *_: {"a": np.array([50.0, 300.0]), "b": np.array([])})
    monkeypatch.setattr(
        park_sites,
        "measure_overlaps",
        lambda subjects, layers, *, reach_m, clear_of, jobs: asked.update(reach=reach_m, jobs=jobs, clear_of=clear_of) or "measured",
    )
    monkeypatch.setattr(park_sites, "without_false_proofs", lambda found, layers: (found, layers))
    assert park_sites._measure(SimpleNamespace(layers="L"), frame, SimpleNamespace(rules=(), facts=None), 3) == (
        "measured",
        "L",
    )
    assert asked["clear_of"] == park_sites.CLEAR_OF
    assert {name: reach.tolist() for name, reach in asked["reach"].items()} == {
        "a": [300.0, 300.0],
        "b": [0.0, 0.0],
    }


@pytest.mark.parametrize(("at_once", "blocks"), [(1, 6), (4, 2), (6, 1), (100, 1)])
def test_every_profile_is_judged_at_every_park_some_at_a_time(monkeypatch, at_once, blocks):
    monkeypatch.setattr(park_sites, "_PAIRS_AT_ONCE", at_once)
    asked = []

    def judge(facts, measurement, rules, *, layers, accuracy_m, tolerance_m, as_of):
        asked.append(accuracy_m)
        return SimpleNamespace(
            findings=pd.DataFrame(columns=["subject_id", "effect", "state", "rule_id", "clause"]),
            verdicts=pd.DataFrame(
                {
                    "subject_id": measurement[1],
                    "verdict": [f"{a}/{b}" for a, b in zip(facts, measurement[0], strict=True)],
                }
            ),
        )

    monkeypatch.setattr(park_sites, "judge", judge)
    made = SimpleNamespace(rules=(), facts=SimpleNamespace(at=lambda at: at))
    loaded = SimpleNamespace(layers=None, settings=SimpleNamespace(tolerance_m=1.0), as_of=None)
    of_pair = np.array([[5, 6], [7, 8], [5, 9]])
    found = park_sites._judge_pairs(loaded, made, SimpleNamespace(at=lambda sites, ids: (sites, ids)), of_pair)
    assert found[["profile", "park", "verdict"]].to_numpy().tolist() == [
        [i, p, f"{i}/{of_pair[i, p]}"] for i in range(3) for p in range(2)
    ]
    assert asked == [None] * blocks  # words are all that is asked


def test_open_ground_is_cut_once_for_the_same_zones_of_the_same_park(monkeypatch):
    cut, parks = (
        [],
        gpd.GeoDataFrame({"park_id": ["K0", "K1"]}, geometry=[metres(0, 0, 90, 90), metres(500, 0, 590, 90)], crs=4490),
    )
    zones = {0: [metres(0, 0, 5, 5)], 1: [metres(0, 0, 5, 5)], 2: []}
    windows = []

    class Zones:
        def __init__(self, layers):
            pass

        def wanted(self, placed, key):
            return key

        def near(self, key, window):
            windows.append(window.area)
            return np.array(zones[key], dtype=object)

    monkeypatch.setattr(park_sites, "ExclusionZones", Zones)
    monkeypatch.setattr(
        park_sites.OpenGround,
        "of",
        lambda park, zones, *, least_width_m, obstacles: cut.append((park, len(zones), least_width_m)) or len(cut),
    )
    found = park_sites._open_ground(SimpleNamespace(layers=None), parks, [], [0, 1, 2], 20.0)
    assert found == [1, 3, 1, 3, 2, 4] and [(n, w) for _, n, w in cut] == [(1, 20.0), (0, 20.0), (1, 20.0), (0, 20.0)]
    assert [park for park, _, _ in cut] == [park for park in parks.geometry for _ in range(2)] and min(windows) > 90 * 90


def test_a_candidate_is_judged_as_a_project_on_the_land_it_needs_with_no_length():
    frame = sites([metres(0, 0, 9, 9)] * 2, kind="enterprise", project_type="既有").frame
    attributes = pd.DataFrame([], columns=["subject_id", "attribute", "value", "unit"])
    found = profiles.group_candidates(
        frame, attributes, (rule("A", "z", project_types=["迁建"]),), size_m2=np.array([5.0, 7.0])
    )
    assert (
        found.size_m2.tolist() == [5.0, 7.0]
        and found.facts.measures["length_m"].tolist() == [0.0, 0.0]
        and set(found.facts.project_type) == {"迁建"}
    )
    known = [
        ({}, {}),
        ({"protection_distance_m": "0"}, {}),
        ({"protection_distance_m": "1"}, {"protection_distance_m": "2"}),
    ]
    for first, second in known:
        rows = [
            (s, name, value, "")
            for s, own in zip(("S000", "S001"), (first, second), strict=True)
            for name, value in own.items()
        ]
        own = pd.DataFrame(rows, columns=attributes.columns)
        away = rule("W", "z", geometry="within", distance_attribute="protection_distance_m")
        groups = profiles.group_candidates(frame, own, (away,), size_m2=np.array([5.0, 5.0])).of_candidate.tolist()
        assert (groups[0] == groups[1]) == (first == second)


@pytest.mark.parametrize("lon", [116.0, 117.5, 119.2])
@pytest.mark.parametrize("azimuth", [0, 37, 90, 180])
def test_people_are_counted_up_to_the_radius_on_the_ellipsoid_wherever_the_plane_stretches(lon, azimuth):
    radius_m, at = 1300.0, shapely.Point(lon, 41.2)
    spots = [
        shapely.Point(*GEOD.fwd(at.x, at.y, azimuth, radius_m * share)[:2]) for share in (0.5, 1 - 2e-6, 1 + 2e-6, 1.02)
    ]
    loaded = SimpleNamespace(layers={"receptors": zone_layer("receptors", spots, kind="point")})
    shape, receptor = near_receptors(loaded, np.array([at], dtype=object), radius_m)
    assert receptor.tolist() == [0, 1] and shape.tolist() == [0, 0]


def test_a_receptor_listed_twice_is_met_as_the_first_of_its_number_whichever_part_is_near():
    parts = [metres(9000, 0, 9009, 9), metres(100, 0, 109, 9), metres(0, 100, 9, 109)]
    layer = zone_layer("receptors", parts, ids=["A", "B", "A"])
    layer = SimpleNamespace(zones=layer.zones.set_index(pd.Index([7, 8, 9])))
    shape, receptor = near_receptors(
        SimpleNamespace(layers={"receptors": layer}),
        np.array([metres(0, 0, 9, 9), metres(50_000, 0, 50_009, 9)]),
        500.0,
    )
    assert [*zip(shape.tolist(), receptor.tolist(), strict=True)] == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("relations", "largest", "smallest"),
    [
        (["inside"], 0.4, 0.4),
        (["inside", "crosses"], 0.9, 0.4),
        (["near", "inside"], 0.9, 0.9),
        (["near"], NAN, NAN),
        ([], NAN, NAN),
    ],
)
def test_the_class_of_a_place_is_that_of_the_zones_it_lies_in(relations, largest, smallest):
    rows = [("E", "air", how, word) for how, word in zip(relations, ["低", "高"], strict=False)]
    overlaps = pd.DataFrame(
        [*rows, ("E", "other", "inside", "高"), ("F", "air", "inside", "怪")],
        columns=["subject_id", "layer", "relation", "zone_class"],
    )
    ids = pd.Index(["E", "F"])
    for flag, want in (({}, largest), ({"largest": False}, smallest)):
        assert class_value(overlaps, "air", ids, {"低": 0.4, "高": 0.9}, **flag).to_numpy() == pytest.approx(
            [want, NAN], nan_ok=True
        )
    clear = pd.DataFrame(
        [("E", "air", 70.0), ("F", "air", 30.0), ("E", "other", 1.0)], columns=["subject_id", "layer", "distance_m"]
    )
    met = any(how != "near" for how in relations)
    assert distance_to({"clear": clear, "overlaps": overlaps}, "air", ids).tolist() == [0.0 if met else 70.0, 0.0]


def test_layers_that_hold_nothing_are_as_good_as_none():
    park = zone_layer("parks", [metres(0, 0, 90, 90)], ids=["K"])
    rail = zone_layer("railways", [], kind="line")
    tables = {
        "overlaps": pd.DataFrame(columns=["subject_id", "layer", "zone_id", "relation"]),
        "subjects": pd.DataFrame(columns=["subject_id", "kind"]),
        "attributes": pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"]),
        "clear": pd.DataFrame(columns=["subject_id", "layer", "distance_m"]),
    }
    found = survey_parks(
        SimpleNamespace(layers={"parks": park, "railways": rail}), SimpleNamespace(tables=tables), WhatIf()
    )
    assert found["rail_distance_m"].isna().all() and found[
        ["water_occupants", "water_unknown", "energy_unknown"]
    ].to_numpy().tolist() == [[0.0, 0, 0]]
    overlaps = tables["overlaps"].assign(zone_class=[])
    receptors = zone_layer("receptors", [metres(0, 0, 9, 9)])
    judged = SimpleNamespace(tables=tables | {"overlaps": overlaps}, subjects=sites([], kind="enterprise"))
    nobody = measure_circumstances(
        SimpleNamespace(layers={"receptors": receptors}),
        judged,
        pd.Series([], index=pd.Index([], dtype=object), dtype=object),
        read_priority_policy(),
    )
    assert nobody.empty and {"people_near", "schools_hospitals", "air_t_per_yr"} <= set(nobody.columns)
