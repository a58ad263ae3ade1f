"""Steps of siting one by one, each against the same step written out: who is helped, which ring is first, how ground is shared."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, layer_set, metres, rule, zone_layer

from cdgis.core.errors import CatalogError
from cdgis.core.vocabulary import LIST_SEPARATOR, Effect, Relation, State, Verdict
from cdgis.geometry import geodesy
from cdgis.judging.facts import Facts
from cdgis.siting import (
    candidate_sites,
    clearance,
    exclusion_zones,
    guidance,
    plots,
    remedies,
    reuse_assessment,
    reuse_options,
)
from cdgis.siting.candidate_sites import SitingRequest
from cdgis.siting.clearance import Obstruction, _Search, largest_clear_part
from cdgis.siting.plots import OpenGround
from cdgis.siting.remedies import Kind, Obstacles, Target

NAN = float("nan")
seeds = given(st.integers(0, 100_000))
few = settings(max_examples=25)


def pick(rng, words):
    return str(rng.choice([str(word) for word in words]))


def local(geometry):
    return geodesy.geometries_to_local(np.array([geometry]))[0]


def m2(geometry):
    return float(geodesy.survey_area_m2(np.array([geometry]))[0])


# Who is helped


@seeds
@few
def test_projects_are_helped_that_a_rule_forbids_or_may_forbid_where_they_lie(seed):
    rng = np.random.default_rng(seed)
    rules = (
        rule("HIT", "a"),
        rule("LOST", "gone"),
        rule("FACT", "", geometry="none", conditions=[{"attribute": "captive_coal_unit", "op": "true"}]),
        rule("ENGINE", "a", geometry="engine"),
        rule("MANUAL", "a", manual=True),
    )
    loaded = SimpleNamespace(rules=rules, layers={"a": None})
    kinds = {f"S{i}": pick(rng, ["project", "enterprise"]) for i in range(5)}
    rows = [
        (s, r, pick(rng, State), pick(rng, Effect))
        for s in [*kinds, "X"]
        for r in [*(r.id for r in rules), "OLD"]
        if rng.random() < 0.4
    ]
    tables = {
        "findings": pd.DataFrame(rows, columns=["subject_id", "rule_id", "state", "effect"]),
        "subjects": pd.DataFrame({"subject_id": list(kinds), "kind": list(kinds.values())}),
    }
    want = set()
    for subject, name, state, effect in rows:
        decides = kinds.get(subject) == "project" and name in ("HIT", "LOST", "FACT")
        if decides and (state == State.APPLIES or (state == State.UNKNOWN and name == "HIT")):
            want |= {(subject, Target.PROHIBITED)} if effect in ("禁止", "退出") else set()
            want |= {(subject, Target.JUSTIFY)} if effect == "须论证" else set()
    assert guidance._wanted(loaded, tables) == sorted(want)


@seeds
@few
def test_a_lesser_target_is_not_tried_where_a_prohibition_holds_everywhere(seed):
    rng = np.random.default_rng(seed)
    cases = [
        Obstacles(
            subject_id=f"S{i}",
            target=target,
            zones=np.empty(0, dtype=object),
            stuck=("R",) if rng.random() < 0.4 else (),
        )
        for i, target in product(range(4), Target)
        if rng.random() < 0.8
    ]
    lost = [case.subject_id for case in cases if case.target == "避开禁止" and case.stuck]
    assert guidance._worth_trying(iter(cases)) == [
        c for c in cases if not (c.target == "避开须论证" and c.subject_id in lost)
    ]


def test_obstacles_are_gathered_a_margin_beyond_the_radius_for_rules_on_places_alone():
    asked = []
    concerns = tuple(
        SimpleNamespace(rule=SimpleNamespace(id=name, geometry=geometry), certain=np.array(certain))
        for name, geometry, certain in (
            ("B", "none", [False, True]),
            ("A", "none", [False, True]),
            ("C", "hit", [True, True]),
            ("D", "none", [False, False]),
        )
    )
    gather = guidance._Gatherer(
        facts=SimpleNamespace(project_type=np.array(["新建", "既有"])),
        position={"S0": 0, "S1": 1},
        bounds=np.array([(0, 0, 10, 20), (5, 5, 6, 6)]),
        concerns={Target.PROHIBITED: concerns, Target.JUSTIFY: concerns[2:]},
        exclusion_zones=SimpleNamespace(around=lambda *given_: asked.append(given_) or np.array(["zone"])),
    )
    free = gather.obstacles("S0", Target.PROHIBITED, 300.0)
    ((placed, subject, window),) = asked
    assert (
        [c.rule.id for c in placed] == ["C"]
        and subject == 0
        and window.bounds == (-350, -350, 360, 370)
        and window.area == 710 * 720
    )
    assert (free.stuck, free.immovable, free.zones.tolist(), free.target) == ((), "", ["zone"], Target.PROHIBITED)
    held = gather.obstacles("S1", Target.PROHIBITED, 300.0)
    assert held.stuck == ("A", "B") and held.zones.size == 0 and "既有设施" in held.immovable and len(asked) == 1
    assert gather.obstacles("S1", Target.JUSTIFY, 300.0).stuck == ()


def test_a_request_is_described_as_a_project_of_its_size_without_length_or_doubt():
    shape = metres(0, 0, 100, 50)
    for request, area in ((SitingRequest(size_ha=2.5), 25_000.0), (SitingRequest(shape=shape), m2(shape))):
        row = guidance._described(request).iloc[0]
        assert (row["subject_id"], row["area_m2"], row["length_m"], row["accuracy_m"], row["kind"]) == (
            "request",
            area,
            0.0,
            0.0,
            "project",
        )
    request = SitingRequest(size_ha=1.0, attributes={"b": "2", "a": "1"}, industry="3110")
    frame = zone_layer("x", [shape, shape]).zones.assign(subject_id=["C0", "C1"])
    made = guidance._as_projects(frame, request)
    assert (
        set(made.frame["accuracy_m"]) == {0.0}
        and set(made.frame["industry"]) == {"3110"}
        and set(made.frame["project_type"]) == {"新建"}
    )
    rows = made.attributes[["subject_id", "attribute", "value"]].to_numpy().tolist()
    assert rows == [["C0", "a", "1"], ["C0", "b", "2"], ["C1", "a", "1"], ["C1", "b", "2"]]
    usual = SitingRequest(size_ha=0.5)
    assert (usual.count, usual.spacing_m, usual.most) == (10, 500.0, 600) and SitingRequest(
        size_ha=0.5, spacing_m=0.5
    ).spacing_m == 0.5


@seeds
@few
def test_a_place_is_as_far_from_homes_and_railways_as_measured_and_no_metre_where_it_meets_one(seed):
    rng = np.random.default_rng(seed)
    ids = ["A", "B", "C"]
    clear = [
        (s, layer, float(rng.integers(1, 99)))
        for s in ids
        for layer in ("receptors", "railways", "x")
        if rng.random() < 0.6
    ]
    overlaps = [
        (s, layer, pick(rng, Relation)) for s in ids for layer in ("receptors", "railways", "x") if rng.random() < 0.5
    ]
    tables = {
        "verdicts": pd.DataFrame({"subject_id": ids[::-1]}),
        "clear": pd.DataFrame(clear, columns=["subject_id", "layer", "distance_m"]),
        "overlaps": pd.DataFrame(overlaps, columns=["subject_id", "layer", "relation"]),
    }
    found = guidance._with_distances(tables).set_index("subject_id")
    for s, (layer, column) in product(ids, (("receptors", "receptor_distance_m"), ("railways", "railway_distance_m"))):
        met = any(a == s and b == layer and how != Relation.NEAR for a, b, how in overlaps)
        away = next((d for a, b, d in clear if (a, b) == (s, layer)), NAN)
        assert found.at[s, column] == pytest.approx(0.0 if met else away, nan_ok=True)


# Ground to keep off


@pytest.mark.parametrize(
    ("effect", "ranks"), [("禁止", (3, 2)), ("退出", (3, 2)), ("须论证", (2,)), ("限制", ()), ("提示", ())]
)
def test_a_target_is_about_rules_of_its_rank_and_above(effect, ranks):
    facts = Facts.one(kind="project")
    for target in Target:
        found = exclusion_zones.concerns_of((rule("R", "a", effect),), facts, rank=target.rank)
        assert bool(found) == (target.rank in ranks)
    assert (Target.PROHIBITED.rank, Target.JUSTIFY.rank) == (3, 2)


def test_what_a_person_or_the_engine_decides_and_what_is_false_for_everybody_concerns_nobody():
    facts = Facts.one(kind="project", industry="3110")
    rules = (
        rule("M", "a", manual=True),
        rule("E", "a", geometry="engine"),
        rule("F", "a", industry_prefixes=["44"]),
        rule("T", "a", industry_prefixes=["31"]),
        rule("U", "a", conditions=[{"attribute": "captive_coal_unit", "op": "true"}]),
    )
    found = exclusion_zones.concerns_of(rules, facts, rank=3)
    assert [(c.rule.id, bool(c.possible[0]), bool(c.certain[0]), float(c.distance_m[0])) for c in found] == [
        ("T", True, True, 0.0),
        ("U", True, False, 0.0),
    ]


def test_round_corners_are_drawn_in_as_many_pieces_as_keep_the_distance():
    """A zone widened by d is at least d wide in every direction, stretched by 3.2e-4, and at most a thousandth wider."""
    zone = metres(0, 0, 100, 100)
    concerns = exclusion_zones.concerns_of(
        (rule("A", "a", geometry="within", distance_m=2000.0),), Facts.one(kind="project"), rank=3
    )
    window = shapely.box(*local(metres(-3000, -3000, 3000, 3000)).bounds)
    layers = layer_set(zone_layer("a", [zone]))
    (wide,) = (
        g
        for g in geodesy.geometries_to_local(exclusion_zones.ExclusionZones(layers).around(concerns, 0, window))
        if g.area > 1
    )
    corners = shapely.get_coordinates(wide)
    middle = (corners[1:] + corners[:-1]) / 2
    away = shapely.distance(local(zone), shapely.points(np.vstack([corners, middle])))
    assert away.min() >= 2000 * (1 + 3.2e-4) and away.max() <= 2000 * 1.00041


def test_what_lies_beyond_the_coverage_is_ground_to_keep_off_and_an_edge_of_it_is_not():
    city = metres(-1000, -1000, 1000, 1000)
    layers = layer_set(zone_layer("a", [metres(0, 0, 10, 10)]), city=city)
    concerns = exclusion_zones.concerns_of((rule("A", "a"),), Facts.one(kind="project"), rank=3)
    inside = local(city).buffer(-10, join_style="mitre")
    kept = exclusion_zones.ExclusionZones(layers).around(concerns, 0, inside)
    assert sum(m2(shape) for shape in kept if not shape.is_empty) == pytest.approx(100, rel=1e-3)
    across = exclusion_zones.ExclusionZones(layers).around(concerns, 0, local(city).buffer(50, join_style="mitre"))
    assert sum(m2(g) for g in across) == pytest.approx(100 + 2100**2 - 2000**2, rel=1e-3)


# Moves


def square_at(x, y, size):
    return shapely.box(x, y, x + size, y + size)


@seeds
@few
def test_a_translation_is_clear_where_the_moved_site_meets_no_obstacle(seed):
    rng = np.random.default_rng(seed)
    site = shapely.MultiPoint(rng.uniform(-60, 60, (5, 2))).convex_hull
    walls = shapely.union_all([square_at(*rng.uniform(-300, 250, 2), rng.uniform(5, 120)) for _ in range(4)])
    bare = walls.buffer(-2)
    search = _Search(site, Obstruction(wide=walls, bare=bare))
    radius, bearing = rng.uniform(0, 250, 30), rng.uniform(0, 360, 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clearance, "_CANDIDATE_VERTICES", int(rng.choice([1, 20, 2_000_000])))
        for wide, obstacle in ((True, walls), (False, bare)):
            want = [
                not shapely.affinity.translate(site, r * np.sin(np.radians(b)), r * np.cos(np.radians(b))).intersects(
                    obstacle
                )
                for r, b in zip(radius, bearing, strict=True)
            ]
            assert search.clear(radius, bearing, wide=wide).tolist() == want


@pytest.mark.parametrize("outer", [False, True])
def test_a_site_around_an_obstacle_and_an_obstacle_around_a_site_are_seen_to_meet(outer):
    """Where no vertex of the moved one lies in the other, and where all do."""
    big, small = shapely.Point(0, 0).buffer(200, quad_segs=200), square_at(0, 0, 10)
    site, obstacle = (small, big) if outer else (big, small)
    search = _Search(site, Obstruction(wide=obstacle, bare=obstacle))
    assert search.clear(
        np.array([0.0, 50.0, 150.0, 260.0]), np.array([0.0, 90.0, 180.0, 270.0]), wide=True
    ).tolist() == [False, False, False, True]
    line = shapely.LineString([(-5, 0), (5, 0)])
    thin = _Search(line, Obstruction(wide=small, bare=small))
    assert thin.clear(np.array([0.0, 30.0]), np.array([0.0, 180.0]), wide=True).tolist() == [False, True]


@seeds
@settings(max_examples=60)
def test_the_first_ring_is_the_nearest_with_room_for_the_setback_or_a_passage_nearer_by_more_than_a_ring(seed):
    rng = np.random.default_rng(seed)
    radius_m = float(rng.choice([5.0, 10.0, 30.0, 45.0, 60.0]))
    rings = [r for r in (10.0, 20.0, 30.0, 40.0, 50.0) if r < radius_m] + [radius_m]
    bearings = np.arange(0, 360, 5.0)
    bare = {(r, b): bool(rng.random() < rng.choice([0.0, 0.02])) for r in rings for b in bearings}
    wide = {key: open_ and bool(rng.random() < 0.3) for key, open_ in bare.items()}
    search = _Search(square_at(0, 0, 1), Obstruction(wide=square_at(0, 0, 1), bare=square_at(0, 0, 1)))
    search.clear = lambda r, b, *, wide: np.array(
        [(wides if wide else bare)[key] for key in zip(r, b, strict=True)], dtype=bool
    )
    wides, want = wide, None
    for r in rings:
        if want and r > want[0] + 10:
            break
        free = [b for b in bearings if wide[r, b]]
        if free:
            want = r, free, True
            break
        through = [b for b in bearings if bare[r, b]]
        want = want or ((r, through, False) if through else None)
    found = search.first_ring(radius_m)
    assert (found and (found[0], found[1].tolist(), found[2])) == want


def test_a_move_is_refined_at_the_six_best_bearings_then_around_the_best_of_them_alone():
    search = _Search(square_at(0, 0, 1), Obstruction(wide=square_at(0, 0, 1), bare=square_at(0, 0, 1)))
    asked = []

    def inwards(radius_m, bearings, back_m):
        asked.append((radius_m, np.round(bearings, 9).tolist(), back_m))
        radii = {
            1: np.array([35.0, 34.0, 36.0, 34.0, 33.0, 37.0, 38.0, 39.0]),
            2: 33.0 - np.isclose(bearings, 201.5) * 1.0,
            3: 31.5 + np.abs(bearings - 201.6),
        }[len(asked)]
        return radii, bearings

    search._inwards = inwards
    reach, bearing = search.refined(40.0, np.array([10.0, 300.0, 30.0, 200.0, 205.0, 60.0, 70.0, 80.0]))
    first, second, third = asked
    assert first == (40.0, [10.0, 300.0, 30.0, 200.0, 205.0, 60.0, 70.0, 80.0], 20.0)
    around = sorted({round(b + 0.5 * k, 6) for b in (205.0, 200.0, 300.0, 10.0, 30.0, 60.0) for k in range(-10, 11)})
    assert second == (40.0, around, 20.0)
    assert third == (32.0, [round(201.5 + 0.05 * k, 6) for k in range(-10, 11)], 2.0) and (reach, bearing) == (
        31.5,
        201.6,
    )


def test_equally_near_bearings_are_told_apart_by_their_number_to_a_millimetre():
    search = _Search(square_at(0, 0, 1), Obstruction(wide=square_at(0, 0, 1), bare=square_at(0, 0, 1)))
    search._inwards = lambda radius_m, bearings, back_m: (
        np.full(len(bearings), 30.0) - 1e-4 * (np.arange(len(bearings)) % 3),
        bearings,
    )
    reach, bearing = search.refined(40.0, np.array([90.0]))
    assert bearing == pytest.approx(90 - 5 - 0.5) and reach == pytest.approx(30.0, abs=1e-3)
    search._inwards = lambda radius_m, bearings, back_m: (30.0 - 2e-3 * (np.arange(len(bearings)) == 4), bearings)
    assert search.refined(40.0, np.array([90.0]))[1] == pytest.approx(90 - 3 - 0.3)


def test_inwards_goes_to_the_last_of_fourteen_halvings_that_is_clear():
    """A wall in the south: so much of the way back is open at each bearing as is written here."""
    search = _Search(square_at(0, 0, 1), Obstruction(wide=square_at(0, 0, 1), bare=square_at(0, 0, 1)))
    open_from = {0.0: 33.3, 90.0: 27.123, 180.0: 99.0, 270.0: 5.0}
    search.clear = lambda r, b, *, wide: np.array(
        [wide and radius >= open_from[bearing] for radius, bearing in zip(r, b, strict=True)]
    )
    for radius, back in ((40.0, 20.0), (40.0, 60.0), (33.3, 2.0)):
        radii, kept = search._inwards(radius, np.array([0.0, 90.0, 180.0, 270.0]), back)
        assert kept.tolist() == [0.0, 90.0, 270.0]
        low = max(0.0, radius - back)
        step = (radius - low) / 2**14
        want = [low + step * max(1, np.ceil((open_from[b] - low) / step)) for b in kept]
        assert radii == pytest.approx(want, abs=step * 1e-3)


def test_sharp_corners_of_what_is_kept_off_are_cut_at_twice_the_setback():
    needle = from_metres(shapely.Polygon([(0, 0), (300, 20), (300, -20)]))
    found = Obstruction.of(np.array([needle]), setback_m=10.0)
    tip = shapely.Point(*local(from_metres(shapely.Point(0, 0))).coords[0])
    west = tip.x - shapely.bounds(found.wide)[0]
    assert 10 <= west <= 20.5
    box = Obstruction.of(np.array([metres(0, 0, 100, 100)]), setback_m=5.0)
    grazed = local(metres(0, 0, 100, 100)).area
    assert shapely.area(box.bare) == pytest.approx(grazed - 4 * 100 * 0.02, rel=2e-5)
    line = Obstruction.of(np.array([from_metres(shapely.LineString([(0, 0), (100, 0)]))]), setback_m=5.0)
    assert shapely.area(line.bare) == pytest.approx(100 * 0.02, rel=2e-2) and clearance.WKT_DECIMALS == 12


def test_the_largest_part_alone_is_kept_and_touching_lines_are_no_part():
    site = metres(0, 0, 100, 100)
    parts = largest_clear_part(
        site, Obstruction.of(np.array([metres(30, -10, 40, 110), metres(80, -10, 85, 110)]), setback_m=0.0)
    )
    assert m2(parts) == pytest.approx(40 * 100, rel=1e-3)
    assert largest_clear_part(site, Obstruction.of(np.array([metres(0, 0, 100, 100)]), setback_m=0.0)) is None
    assert m2(largest_clear_part(site, Obstruction.of(np.array([metres(200, 0, 300, 100)])))) == pytest.approx(
        m2(site), rel=1e-6
    )


# Proposals and their rows


SITE = metres(0, 0, 200, 100)


@seeds
@few
def test_a_row_says_what_was_judged_and_whether_that_gets_rid_of_what_was_to_go(seed):
    rng = np.random.default_rng(seed)
    kind, target = Kind(pick(rng, Kind)), Target(pick(rng, Target))
    shape = None if rng.random() < 0.2 else metres(0, 0, rng.uniform(1, 300), 100)
    judged = (
        None
        if rng.random() < 0.2
        else {
            "verdict": pick(rng, Verdict),
            "at_least": pick(rng, [*Verdict, ""]),
            "caveats": "c",
            "decisive_rule_ids": f"A{LIST_SEPARATOR}B",
        }
    )
    before = float(rng.choice([0.0, 20_000.0]))
    one = remedies._Proposal(
        subject_id="S", kind=kind, target=target, geometry=shape, reason="r", distance_m=3.0, bearing_deg=4.0
    )
    row = remedies._row(one, before, judged)
    assert (row["subject_id"], row["kind"], row["target"], row["distance_m"], row["bearing_deg"]) == (
        "S",
        kind,
        target,
        3.0,
        4.0,
    )
    if shape is None or judged is None:
        assert not row["feasible"] and row["reason"] == "r" and np.isnan(row["area_m2"]) and np.isnan(row["share"])
        assert [row[name] for name in ("verdict", "verdict_at_least", "caveats", "wkt")] == [""] * 4
        return
    shut = {"不符合"} if target == "避开禁止" else {"不符合", "须论证"}
    fails = judged["verdict"] in shut or judged["at_least"] in shut
    assert row["feasible"] == (not fails) and row["reason"] == (
        f"重新判定为“{judged['verdict']}”（规则 A、B）" if fails else "r"
    )
    assert row["area_m2"] == pytest.approx(m2(shape)) and row["wkt"] == shapely.to_wkt(shape, rounding_precision=12)
    assert row["share"] == pytest.approx(min(m2(shape) / before, 1.0) if before and kind == "裁剪" else 1.0)
    assert (row["verdict"], row["verdict_at_least"], row["caveats"]) == (judged["verdict"], judged["at_least"], "c")


def test_nothing_is_judged_where_nothing_is_proposed_and_500_metres_are_the_usual_radius():
    frame = zone_layer("x", [SITE]).zones.assign(subject_id="S0")[["subject_id", "geometry"]]
    wall = Obstacles(
        subject_id="S0", target=Target.PROHIBITED, zones=np.array([metres(-3000, -3000, 3000, 3000)], dtype=object)
    )
    table, shapes = remedies.propose_remedies(frame, [wall], lambda sites: pytest.fail("judged"))
    said = {"地块全部位于须避让的范围内，裁剪后没有剩余（避开禁止）", "半径 500 米内没有能避让的位置（避开禁止）"}
    assert set(table["reason"]) == said and shapes.empty


def test_a_narrow_passage_is_said_to_be_one_and_a_shift_tells_its_way(monkeypatch):
    for set_back, words in ((True, ""), (False, "通道狭窄，紧贴须避让的范围，未留退距")):
        shift = clearance.Shift(geometry=SITE, distance_m=12.0, bearing_deg=34.0, set_back=set_back)
        monkeypatch.setattr(remedies, "smallest_shift", lambda *_, radius_m, shift=shift: shift)
        found = remedies._shift(SITE, SimpleNamespace(subject_id="S", target=Target.JUSTIFY), None, 99.0)
        assert (found.reason, found.distance_m, found.bearing_deg, found.key) == (
            words,
            12.0,
            34.0,
            "S~避开须论证~平移",
        )


# Ground shared out


def size(shape):
    return float(shapely.area(shape))


@pytest.mark.parametrize(
    ("height", "gap", "open_"),
    [(1000, 1e-4, False), (1000, 0.05, False), (1000, 0.2, True), (0.08, 400.0, False), (0.08, 600.0, True)],
)
def test_what_a_zone_leaves_is_open_unless_it_is_a_sliver_of_less_than_half(height, gap, open_):
    """1000 m wide; strips thinner than a disc of 0.1 m are no ground, unless they are most of it."""
    area = metres(0, 0, 1000, height)
    found = OpenGround.of(area, np.array([metres(-5, -5, 1000 - gap, height + 5)], dtype=object), least_width_m=0.01)
    left = gap * height if open_ else 0.0
    assert found.prohibited_m2 == pytest.approx(
        m2(area) - left, rel=2e-5 if open_ else 1e-9, abs=0.02 if open_ else 1e-6
    )


def test_a_plot_on_ground_of_its_size_is_that_ground_and_a_piece_of_more():
    block = shapely.box(0, 0, 40, 40)
    assert plots._plot(block, 1600.0) is block and plots._plot(block, 1600.1) is block
    assert plots._plot(block, 1599.0) is not block
    assert plots._plot(block, 400.0).bounds == pytest.approx((10, 10, 30, 30), abs=1e-4)
    arms = shapely.union_all([block, shapely.box(40, 18, 200, 22)])  # 20 m of an arm beside the whole square
    assert plots._plot(arms, 1680.0).bounds == pytest.approx((0, 0, 60, 40), abs=0.6)


@seeds
@few
def test_a_plot_is_the_least_square_around_the_innermost_point_that_holds_so_much_in_one_piece(seed):
    rng = np.random.default_rng(seed)
    ground = shapely.union_all([square_at(*rng.uniform(0, 60, 2), rng.uniform(30, 90)) for _ in range(3)])
    ground = max(shapely.get_parts(ground), key=size)
    wanted, given_ = float(rng.uniform(0.05, 0.95)) * size(ground), []
    inscribed = shapely.maximum_inscribed_circle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            shapely,
            "maximum_inscribed_circle",
            lambda shapes, tolerance: given_.append(tolerance) or inscribed(shapes, tolerance=tolerance),
        )
        plot = plots._plot(ground, wanted)
    assert given_ == [pytest.approx(max(np.sqrt(size(ground)) / 100, 1e-3))]
    x, y = inscribed(ground, tolerance=given_[0]).coords[0]

    def piece(half):
        parts = [
            p
            for p in shapely.get_parts(
                shapely.intersection(ground, shapely.box(x - half, y - half, x + half, y + half))
            )
            if p.area
        ]
        return min(parts, key=lambda p: p.distance(shapely.Point(x, y)))

    low, high = 0.0, 400.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if size(piece(middle)) >= wanted else (middle, high)
    assert (
        size(plot) == pytest.approx(wanted, rel=1e-6) and size(shapely.symmetric_difference(plot, piece(high))) < 1e-3
    )


def test_of_ground_in_several_parts_the_largest_is_handed_out_whole():
    small, large = local(metres(0, 0, 10, 10)), local(metres(20, 0, 60, 40))
    for parts in ([small, large], [large, small]):
        assert m2(plots._written([shapely.MultiPolygon(parts)])[0]) == pytest.approx(1600, rel=1e-3)


@pytest.mark.parametrize("shapes", [[], [shapely.box(0, 0, 9, 9)]])
@pytest.mark.parametrize("ground", [[], [metres(0, 0, 9, 9)]])
def test_nothing_to_place_and_nothing_to_keep_off_are_no_matter(shapes, ground):
    free = candidate_sites._is_free(np.array(shapes, dtype=object), np.array(ground, dtype=object))
    assert free.tolist() == [True] * len(shapes)


def test_a_tiny_ground_is_searched_to_a_millimetre(monkeypatch):
    given_, inscribed = [], shapely.maximum_inscribed_circle
    monkeypatch.setattr(
        shapely,
        "maximum_inscribed_circle",
        lambda shapes, tolerance: given_.append(tolerance) or inscribed(shapes, tolerance=tolerance),
    )
    plots._plot(shapely.box(0, 0, 0.05, 0.05), 1e-4)
    assert given_ == [1e-3]


@seeds
@few
def test_plots_go_where_most_room_is_left_the_largest_first(seed):
    rng = np.random.default_rng(seed)
    blocks = [
        square_at(1000 * i, 0, float(side)) for i, side in enumerate(rng.choice([10, 20, 30], rng.integers(1, 4)))
    ]
    needs = [(i, float(rng.choice([50.0, 100.0, 300.0, 400.0, 900.0]))) for i in range(5)]
    rng.shuffle(needs)
    needs = [(int(i), float(area)) for i, area in needs]
    asked: dict[int, list[tuple[int, float]]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            plots,
            "_halved",
            lambda block, members, turned: (
                asked.update({blocks.index(block): list(members)}) or {n: turned for n, _ in members}
            ),
        )
        found = plots._divided(iter(blocks), needs, turned=True)
    room, want = [size(b) for b in blocks], {i: [] for i in range(len(blocks))}
    for number, area in sorted(needs, key=lambda need: (-need[1], need[0])):
        at = room.index(max(room))
        if area * (1 - 1e-6) <= room[at]:
            room[at] -= area
            want[at].append((number, area))
    assert asked == want and found == {n: True for members in want.values() for n, _ in members}


def test_a_plot_may_lack_a_millionth_of_its_size_and_no_more():
    for lack, placed in ((0.9e-6, True), (1.5e-6, False)):
        block = shapely.box(0, 0, 100, 100)
        assert bool(plots._divided([block], [(7, 1e4 / (1 - lack))], turned=False)) == placed
        one = OpenGround.of(
            metres(0, 0, 300, 300), np.array([metres(100, -5, 305, 305)], dtype=object), least_width_m=5.0
        )
        plot = one.plot(one.block_m2 / (1 - lack))
        assert (m2(plot) <= one.block_m2 * (1 + 1e-9)) == placed  # else it is cut out of the whole area, where it fits


@pytest.mark.parametrize(
    ("width", "height", "turned", "across"),
    [
        (100, 50, False, True),
        (50, 100, False, False),
        (50, 100, True, True),
        (100, 50, True, False),
        (80, 80, False, True),
        (80, 80, True, False),
    ],
)
@pytest.mark.parametrize("parts", [(0.6, 0.3), (0.5, 0.25, 0.2), (0.4, 0.25, 0.2, 0.1)])
def test_ground_is_cut_in_proportion_across_its_longer_side_with_the_larger_share_first(
    width, height, turned, across, parts
):
    block = shapely.box(10, 20, 10 + width, 20 + height)
    needs = [(i, part * width * height) for i, part in enumerate(parts)]
    asked = []

    def divided(blocks, wanted, *, turned):
        asked.append((shapely.union_all(blocks).bounds, [n for n, _ in wanted], turned))
        return {n: None for n, _ in wanted}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "_divided", divided)
        found = plots._halved(block, needs, turned=turned)
    halves, sums = ([], []), [0.0, 0.0]
    for number, area in needs:
        at = 0 if sums[0] <= sums[1] else 1
        halves[at].append(number)
        sums[at] += area
    share = sums[0] / sum(sums)
    cut = (10 + share * width) if across else (20 + share * height)
    first = (10, 20, cut, 20 + height) if across else (10, 20, 10 + width, cut)
    second = (cut, 20, 10 + width, 20 + height) if across else (10, cut, 10 + width, 20 + height)
    assert [(n, t) for _, n, t in asked] == [(halves[0], turned), (halves[1], turned)] and set(found) == set(
        range(len(parts))
    )
    assert asked[0][0] == pytest.approx(first, abs=1e-6) and asked[1][0] == pytest.approx(second, abs=1e-6)


def test_a_single_plot_is_not_cut_and_none_is_none():
    block = shapely.box(0, 0, 60, 40)
    assert plots._halved(block, [], turned=False) == {} and list(plots._halved(block, [(3, 400.0)], turned=False)) == [
        3
    ]


def test_of_two_ways_to_divide_the_first_is_taken_unless_the_other_places_more(monkeypatch):
    area = OpenGround.of(metres(0, 0, 300, 200), np.empty(0, dtype=object), least_width_m=5.0)
    shape = {turned: local(metres(10 * turned, 0, 50, 50)) for turned in (False, True)}
    for places, expected in (({False: 1, True: 1}, False), ({False: 1, True: 2}, True), ({False: 2, True: 1}, False)):
        monkeypatch.setattr(
            plots,
            "_divided",
            lambda blocks, needs, *, turned, places=places: dict.fromkeys(range(places[turned]), shape[turned]),
        )
        found = area.plots([100.0, 100.0], [])
        assert m2(found[0]) == pytest.approx(m2(metres(10 * expected, 0, 50, 50)), rel=1e-3) and (found[1] is None) == (
            places[expected] == 1
        )


@pytest.mark.parametrize("least", [10.0, 30.0])
def test_ground_has_the_least_width_everywhere_and_sharp_corners_stay_sharp_up_to_a_limit(least):
    """A neck between two fields goes where it is narrower, and a field keeps its corners."""
    fields = shapely.union_all(
        [shapely.box(0, 0, 100, 100), shapely.box(100, 40, 160, 60), shapely.box(160, 0, 260, 100)]
    )
    found = plots._blocks(fields, least)
    assert len(found) == (1 if least < 20 else 2) and sum(map(size, found)) == pytest.approx(
        20_000 + (1200 if least < 20 else 0), rel=1e-9
    )
    spike = shapely.Polygon([(0, 0), (200, 60), (200, -60)])  # 33 degrees: the mitre limit cuts its tip
    (kept,) = plots._blocks(spike, least)
    half, tip = least / 2, least / 2 / np.sin(np.arctan(0.3))
    assert kept.bounds[0] == pytest.approx(tip - 2 * half, abs=0.35 * half) and kept.bounds[2] == 200


# Uses of derelict ground


@seeds
@few
def test_uses_are_ranked_by_verdict_misses_gaps_size_and_number_and_what_is_open_is_said(seed):
    rng = np.random.default_rng(seed)
    options = reuse_options.reuse_options()
    rows = []
    for option, number in product(options, range(4)):
        ground = {
            name: float(rng.choice([*(c.value for c in option.conditions if c.measure == name), 0.0, 3.0, 170.0, NAN]))
            for name in reuse_options.MEASURES
        }
        rows.append(
            {"patch_id": f"P{3 - number}", "option": option.id, "verdict": pick(rng, Verdict)}
            | ground
            | {"area_ha": float(rng.choice([1.0, 5.0, 50.0]))}
        )
    frame = pd.DataFrame(rows).assign(
        layer="derelict_land",
        zone_class="废弃矿山",
        name="矿",
        county="县",
        decisive_rule_ids="",
        lon=117.0,
        lat=41.0,
        method="m",
        source="s",
        accuracy_m=30.0,
    )
    table = reuse_options.rank_reuse(frame)
    order = ["未发现冲突", "有条件符合", "须论证", "资料不足", "不符合"]
    for option in options:
        own = []
        for row in frame[frame["option"] == option.id].to_dict("records"):
            missed, unknown = [], []
            for one in option.conditions:
                value = row[one.measure]
                if np.isnan(value):
                    unknown.append(one.text)
                elif not (value <= one.value if one.op == "le" else value >= one.value):
                    missed.append(one.text)
            out = row["verdict"] == "不符合" or bool(missed)
            word = "不可选" if out else "可选" if row["verdict"] in order[:2] and not unknown else "须补证"
            key = (order.index(row["verdict"]), len(missed), len(unknown), -row["area_ha"], row["patch_id"])
            own.append((key, row["patch_id"], LIST_SEPARATOR.join(missed), LIST_SEPARATOR.join(unknown), word))
        got = table[table["option"] == option.title].sort_values("rank")
        assert got["rank"].tolist() == [1, 2, 3, 4]
        assert [*zip(got["patch_id"], got["unmet"], got["unknown"], got["admissible"], strict=True)] == [
            line[1:] for line in sorted(own)
        ]


def test_a_use_is_open_to_the_classes_named_and_to_all_where_none_is():
    one = reuse_options.ReuseOption(
        id="x",
        title="x",
        industry="",
        activity="",
        project_type="新建",
        mark="M",
        patches={"a": ("甲",), "b": ()},
        conditions=(),
    )
    assert [one.is_open(*key) for key in (("a", "甲"), ("a", "乙"), ("b", "乙"), ("c", "甲"))] == [
        True,
        False,
        True,
        False,
    ]


def test_patches_come_from_layers_that_hold_something_and_lines_from_a_layer_that_does():
    mines, empty_ = (
        zone_layer("derelict_land", [metres(0, 0, 100, 200)], "废弃矿山"),
        zone_layer("contaminated_land", []),
    )
    lines = zone_layer("power_lines", [], kind="line")
    loaded = SimpleNamespace(
        layers={"derelict_land": mines, "contaminated_land": empty_, "power_lines": lines},
        settings=SimpleNamespace(rivers=SimpleNamespace(elevation="dem")),
        workspace=SimpleNamespace(catalog={}),
    )
    found = reuse_assessment._patches(loaded)
    assert (
        len(found) == 1
        and found["line_m"].isna().all()
        and found["height_m"].isna().all()
        and found["area_ha"][0] == pytest.approx(2.0, rel=1e-3)
    )
    with pytest.raises(CatalogError, match="没有要素"):
        reuse_assessment._patches(SimpleNamespace(layers={"contaminated_land": empty_}))
    assert reuse_assessment.elevation_of(
        SimpleNamespace(workspace=SimpleNamespace(catalog={"dem": "spec"}), settings=loaded.settings)
    ) == ("spec",)
