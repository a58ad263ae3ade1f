"""What would make it pass: half-planes by hand, laws against brute force, and every failing site that ships."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
import shipped
from geopandas import GeoDataFrame
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapes import from_metres, layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import SubjectKind
from cdgis.geometry import geodesy
from cdgis.judging.evaluation import judge_subjects, only_kind
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import FALSE
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import judge, reach_by_layer
from cdgis.rules.succession import succession
from cdgis.siting.clearance import SETBACK_M, Obstruction, smallest_shift
from cdgis.siting.exclusion_zones import ExclusionZones, concerns_of
from cdgis.siting.guidance import remedies_for
from cdgis.siting.remedies import Obstacles, Target, propose_remedies
from cdgis.workspace.layers import Subjects

ROOT = Path(__file__).resolve().parent.parent
SITE = metres(0, 0, 200, 200)
EAST = metres(100, -3000, 4000, 3000)
"""A prohibited half-plane that covers the eastern half of SITE."""
BAN = (rule("BAN", "ban"),)


def engine(layers, rules):
    """The real overlay and judge on a frame of sites."""

    def answer(frame: GeoDataFrame) -> pd.DataFrame:
        blank = pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"])
        subjects = Subjects(frame=frame, attributes=blank)
        facts = Facts.of(pd.DataFrame(frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0), blank)
        measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer(rules, facts))
        return judge(
            facts, measured, rules, layers=layers, accuracy_m=np.zeros(len(frame)), tolerance_m=20.0,
            as_of=date(2026, 11, 1),
        ).verdicts  # fmt: skip

    return answer


def remedies(geometry, zones, *, judged=None, target=Target.PROHIBITED, radius_m=500.0, **changes):
    """Remedies of one site by kind, with what the real engine says of them."""
    obstacles = Obstacles(subject_id="S000", target=target, zones=np.array(zones, dtype=object), **changes)
    answer = judged or engine(layer_set(zone_layer("ban", zones)), BAN)
    table, shapes = propose_remedies(sites([geometry]).frame, [obstacles], answer, radius_m=radius_m)
    assert list(shapes["kind"]) == list(table.loc[table["wkt"] != "", "kind"])
    return table.set_index("kind")


def plane(geometry):
    return geodesy.geometries_to_plane(np.array([geometry]))[0]


def local(geometry):
    return geodesy.geometries_to_local(np.array([geometry]))[0]


def test_clip_is_the_free_half_less_the_setback_when_the_other_half_is_prohibited() -> None:
    row = remedies(SITE, [EAST]).loc["裁剪"]
    assert row["feasible"] and row["verdict"] == "未发现冲突"
    assert row["area_m2"] == pytest.approx((100 - SETBACK_M) * 200, rel=1e-5)
    assert row["share"] == pytest.approx((100 - SETBACK_M) / 200, rel=1e-5)
    assert np.isnan(row["distance_m"])
    assert local(shapely.from_wkt(row["wkt"])).distance(local(EAST)) == pytest.approx(SETBACK_M, abs=1e-2)


def test_shift_is_the_penetration_and_the_setback_when_half_is_prohibited() -> None:
    row = remedies(SITE, [EAST]).loc["平移"]
    assert row["feasible"] and row["verdict"] == "未发现冲突" and row["reason"] == ""
    assert row["distance_m"] == pytest.approx(100 + SETBACK_M, abs=0.1)
    # Half a degree aside costs 101·(1 - cos 0.5°) = 4 mm.
    assert row["bearing_deg"] == pytest.approx(270, abs=0.5)
    assert row["area_m2"] == pytest.approx(200 * 200, rel=1e-5) and row["share"] == 1


@pytest.mark.parametrize("angle_deg", [12.5, 33.3, 71.0])
def test_shift_follows_the_normal_when_the_border_slants(angle_deg: float) -> None:
    slanted = from_metres(affinity.rotate(shapely.box(0, -3000, 4000, 3000), angle_deg, origin=(0, 0)))
    disc = from_metres(shapely.Point(0, 0).buffer(50, quad_segs=90))
    row = remedies(disc, [slanted]).loc["平移"]
    assert row["distance_m"] == pytest.approx(50 + SETBACK_M, abs=0.1)
    # The normal of a border turned anticlockwise by a from north-south points to 270° - a on the compass.
    assert row["bearing_deg"] == pytest.approx(270 - angle_deg, abs=1.0)


def test_the_largest_part_is_kept_when_a_zone_cuts_the_site_in_two() -> None:
    row = remedies(SITE, [metres(120, -100, 130, 300)]).loc["裁剪"]
    assert row["area_m2"] == pytest.approx((120 - SETBACK_M) * 200, rel=1e-5)


def test_nothing_is_left_to_clip_and_nowhere_to_go_when_all_around_is_prohibited() -> None:
    table = remedies(SITE, [metres(-2000, -2000, 2000, 2000)])
    assert not table["feasible"].any() and (table["wkt"] == "").all() and (table["verdict"] == "").all()
    assert "没有剩余" in table.loc["裁剪", "reason"]
    assert "半径 500 米内没有" in table.loc["平移", "reason"]


def test_a_shift_just_within_the_radius_is_found_and_one_just_beyond_is_not() -> None:
    needed = 100 + SETBACK_M
    assert remedies(SITE, [EAST], radius_m=needed + 1).loc["平移", "feasible"]
    assert not remedies(SITE, [EAST], radius_m=needed - 2).loc["平移", "feasible"]


@pytest.mark.parametrize("geometry", [from_metres(shapely.Point(130, 50)),
                                      from_metres(shapely.LineString([(0, 0), (130, 50)]))])  # fmt: skip
def test_points_and_lines_are_only_shifted(geometry) -> None:
    table = remedies(geometry, [EAST])
    assert list(table.index) == ["平移"]
    assert table.loc["平移", "distance_m"] == pytest.approx(30 + SETBACK_M, abs=0.1)
    assert table.loc["平移", "verdict"] == "未发现冲突"


def test_no_geometry_helps_when_a_rule_holds_wherever_the_site_lies() -> None:
    table = remedies(SITE, [EAST], stuck=("EQ-01",))
    assert not table["feasible"].any()
    assert table["reason"].str.contains("EQ-01 与位置无关").all()


def test_what_stands_already_is_not_moved() -> None:
    table = remedies(SITE, [EAST], immovable="既有设施不能平移")
    assert table.loc["平移", "reason"] == "既有设施不能平移" and not table.loc["平移", "feasible"]
    assert table.loc["裁剪", "feasible"]


def test_a_change_the_judge_rejects_is_not_feasible_and_says_by_which_rule() -> None:
    second = rule("LAW-2", "second")
    layers = layer_set(zone_layer("ban", [EAST]), zone_layer("second", [metres(-4000, -4000, 4000, 4000)]))
    table = remedies(SITE, [EAST], judged=engine(layers, (*BAN, second)))
    assert not table["feasible"].any() and (table["verdict"] == "不符合").all()
    assert table["reason"].str.contains("LAW-2").all()


def test_a_verdict_that_still_needs_justifying_fulfils_only_the_first_target() -> None:
    layers = layer_set(zone_layer("ban", [EAST]), zone_layer("second", [metres(-4000, -4000, 4000, 4000)]))
    answer = engine(layers, (*BAN, rule("JUST", "second", "须论证")))
    assert remedies(SITE, [EAST], judged=answer).loc["平移", "feasible"]
    assert not remedies(SITE, [EAST], judged=answer, target=Target.JUSTIFY).loc["平移", "feasible"]


def test_a_passage_without_room_for_the_setback_is_taken_only_if_much_nearer() -> None:
    walls = [metres(-220, -3000, 190, -20), metres(-220, 180.5 + 40, 3000, 3000), metres(190, -3000, 3000, 3000)]
    # SITE (200 m) fits between y = -20 and 220.5 with room, but west of x = 190 only after 11 m.
    shift = smallest_shift(SITE, Obstruction.of(np.array(walls)), radius_m=500.0)
    assert shift is not None and shift.set_back
    assert shift.distance_m == pytest.approx(10 + SETBACK_M, abs=0.1)
    # Half a metre of room north and south, and open ground only after 200 + 150 m.
    narrow = [metres(-150, -3000, 190, -0.5), metres(-150, 200.5, 3000, 3000), metres(190, -3000, 3000, 3000)]
    shift = smallest_shift(SITE, Obstruction.of(np.array(narrow)), radius_m=500.0)
    assert shift is not None and not shift.set_back
    assert 10 <= shift.distance_m <= 20


def test_the_lesser_target_is_left_out_when_it_asks_for_the_same_change() -> None:
    both = [Obstacles(subject_id="S000", target=t, zones=np.array([EAST])) for t in Target]
    answer = engine(layer_set(zone_layer("ban", [EAST])), BAN)
    table, _ = propose_remedies(sites([SITE]).frame, both, answer)
    assert set(table["target"]) == {"避开禁止"} and len(table) == 2


def test_no_obstacles_give_an_empty_table() -> None:
    table, shapes = propose_remedies(sites([SITE]).frame, [], lambda frame: frame)
    assert table.empty and shapes.empty


place = st.integers(-60, 60).map(lambda v: 10.0 * v)


@st.composite
def grounds(draw):
    """A site and zones around it, one of which it hits, in measuring-plane metres."""
    site = shapely.box(0, 0, draw(st.sampled_from((20.0, 137.0))), draw(st.sampled_from((20.0, 90.0))))
    zones = []
    for _ in range(draw(st.integers(1, 6))):
        x, y, side = draw(place), draw(place), draw(st.sampled_from((30.0, 200.0, 700.0)))
        box = shapely.box(x, y, x + side, y + draw(st.sampled_from((30.0, 200.0, 700.0))))
        zones.append(affinity.rotate(box, draw(st.integers(0, 89))))
    assume(shapely.intersection(site, shapely.union_all(zones)).area > 2)
    return from_metres(site), [from_metres(zone) for zone in zones]


def first_clear_ring_m(site, zones, radius_m=500):
    """The radius of the nearest clear point of the 10 m × 5° grid, by plain shapely; inf when there is none."""
    moving, ground = local(site), shapely.union_all([local(zone) for zone in zones])
    shapely.prepare(ground)
    for radius in range(10, radius_m + 1, 10):
        for degrees in range(0, 360, 5):
            east, north = radius * np.sin(np.radians(degrees)), radius * np.cos(np.radians(degrees))
            moved = affinity.translate(moving, east, north)
            if not ground.intersects(moved) or ground.touches(moved):
                return float(radius)
    return np.inf


@settings(max_examples=30)
@given(grounds())
def test_a_shift_is_clear_when_judged_anew_and_none_is_shorter_by_over_10_m(ground) -> None:
    site, zones = ground
    row = remedies(site, zones).loc["平移"]
    nearest = first_clear_ring_m(site, zones)
    if row["wkt"] == "":
        assert nearest == np.inf
    else:
        assert row["feasible"] and row["verdict"] == "未发现冲突"
        assert row["distance_m"] <= nearest + 10


@settings(max_examples=30)
@given(grounds())
def test_clip_and_remainder_make_the_site_and_the_clip_is_clear(ground) -> None:
    site, zones = ground
    row = remedies(site, zones).loc["裁剪"]
    whole, union = plane(site), shapely.union_all([plane(zone) for zone in zones])
    free = shapely.get_parts(shapely.difference(whole, union))
    if row["wkt"] == "":
        # What is left has less than 1 m² beyond the setback.
        assert all(part.buffer(-2 * SETBACK_M).area < 1 for part in free)
        return
    clip = plane(shapely.from_wkt(row["wkt"]))
    remainder = shapely.difference(whole, clip)
    assert clip.area + remainder.area == pytest.approx(whole.area, rel=1e-9, abs=1e-3)
    assert clip.geom_type == "Polygon" and shapely.intersection(clip, union).area == 0
    assert row["area_m2"] == pytest.approx(clip.area, rel=1e-9) and row["verdict"] == "未发现冲突"


def test_the_brute_force_would_notice_a_shift_that_is_too_long() -> None:
    # 95 m deep: the ring of 100 m is the first with a clear point, so a shift by over 110 m would be noticed.
    assert first_clear_ring_m(SITE, [metres(105, -3000, 4000, 3000)]) == 100.0


def test_obstacles_hold_the_zones_of_rules_that_may_apply_their_distances_and_no_coverage() -> None:
    rules = (
        rule("A", "a"), rule("B", "b", industry_prefixes=["44"]), rule("C", "c", geometry="within", distance_m=100.0),
        rule("D", "d", conditions=[{"attribute": "cod_t_per_yr", "op": "gt", "value": 5}]), rule("E", "e", "须论证"),
        rule("F", "a", manual=True),
    )  # fmt: skip
    at = {name: metres(300 * i, 500, 300 * i + 100, 600) for i, name in enumerate("abcde")}
    layers = layer_set(*(zone_layer(n, [g]) for n, g in at.items()), city=metres(-1000, -1000, 5000, 700))
    facts = Facts.one(kind="project", industry="3110", project_type="新建")
    window = shapely.box(*local(metres(0, 0, 2000, 1000)).bounds)
    concerns = concerns_of(rules, facts, rank=3)
    assert [concern.rule.id for concern in concerns] == ["A", "C", "D"]
    found = shapely.union_all([plane(zone) for zone in ExclusionZones(layers).around(concerns, 0, window)])
    inside = {name: found.contains(shapely.centroid(plane(zone))) for name, zone in at.items()}
    assert inside == {"a": True, "b": False, "c": True, "d": True, "e": False}
    assert found.contains(plane(from_metres(shapely.Point(650, 405)))), "within 100 m of c"
    assert not found.contains(plane(from_metres(shapely.Point(650, 395))))
    assert found.contains(plane(from_metres(shapely.Point(50, 800)))), "outside the coverage"


@pytest.fixture(scope="module")
def judged_projects():
    """Every second shipped project, judged, and its remedies."""
    loaded, projects = shipped.loaded(), only_kind(shipped.subjects(), SubjectKind.PROJECT)
    frame = projects.frame.iloc[::2].reset_index(drop=True)
    rows = projects.attributes[projects.attributes["subject_id"].isin(frame["subject_id"])].reset_index(drop=True)
    judged = judge_subjects(loaded, Subjects(frame=frame, attributes=rows))
    return loaded, judged, remedies_for(loaded, judged, judge_subjects)["remedies"]


@pytest.mark.slow
def test_every_failing_project_that_ships_has_a_remedy_or_a_reason(judged_projects) -> None:
    _, judged, table = judged_projects
    verdicts = judged.tables["verdicts"]
    failing = set(verdicts.loc[verdicts["verdict"] == "不符合", "subject_id"])
    assert failing <= set(table.loc[table["target"] == "避开禁止", "subject_id"])
    assert (table["feasible"] | (table["reason"] != "")).all()
    assert table["feasible"].sum() >= 10


@pytest.mark.slow
def test_a_project_nothing_speaks_against_gets_no_remedy(judged_projects) -> None:
    loaded, judged, _ = judged_projects
    verdicts = judged.tables["verdicts"]
    clear = verdicts.loc[verdicts["verdict"] == "未发现冲突", "subject_id"]
    tables = {name: table[table["subject_id"].isin(clear)] for name, table in judged.tables.items()}
    only = replace(judged, tables=tables)
    assert remedies_for(loaded, only, lambda *_: pytest.fail("judged"))["remedies"].empty


@pytest.mark.slow
def test_the_written_shapes_of_all_remedies_are_judged_as_the_table_says(judged_projects) -> None:
    loaded, judged, table = judged_projects
    offered = table[table["wkt"] != ""].reset_index(drop=True)
    frame = judged.subjects.frame.set_index("subject_id").loc[offered["subject_id"]].reset_index()
    frame = frame.assign(origin=frame["subject_id"], subject_id=[f"R{i:03}" for i in range(len(frame))])
    frame = frame.set_geometry(shapely.from_wkt(offered["wkt"].to_numpy()), crs=4490)
    names = frame[["origin", "subject_id"]].rename(columns={"subject_id": "new"})
    attributes = judged.tables["attributes"].merge(names, left_on="subject_id", right_on="origin")
    attributes = attributes.assign(subject_id=attributes["new"])[["subject_id", "attribute", "value", "unit"]]
    again = judge_subjects(loaded, Subjects(frame=frame.drop(columns="origin"), attributes=attributes))
    verdicts = again.tables["verdicts"]
    assert list(verdicts["verdict"]) == list(offered["verdict"])
    assert list(verdicts["at_least"]) == list(offered["verdict_at_least"])
    assert list(verdicts["caveats"]) == list(offered["caveats"]) and offered["caveats"].ne("").any()
    assert not offered.loc[offered["feasible"], "verdict"].eq("不符合").any()


@pytest.mark.slow
def test_no_shipped_project_has_a_clear_shift_shorter_by_over_10_m(judged_projects) -> None:
    loaded, judged, table = judged_projects
    shifts = table[
        (table["kind"] == "平移") & (table["target"] == "避开禁止") & ~table["reason"].str.contains("规则|既有")
    ]
    geoms = judged.subjects.frame.set_index("subject_id").geometry
    city = loaded.layers["city"].zones.geometry.union_all()
    for row in shifts.iloc[::3].itertuples():  # every third: the plain search takes seconds a site
        zones = prohibiting_zones(loaded, judged.tables, row.subject_id, geoms[row.subject_id])
        zones += [shapely.difference(shapely.box(*city.buffer(1).bounds), city)]
        nearest = first_clear_ring_m(geoms[row.subject_id], zones)
        assert (row.distance_m if row.wkt else np.inf) <= nearest + 10, row.subject_id


def prohibiting_zones(loaded, tables, subject, geometry):
    """Every zone within about 1 km of prohibiting rules that may apply, zone by zone."""
    described = tables["subjects"][tables["subjects"]["subject_id"] == subject]
    facts = Facts.of(described, tables["attributes"][tables["attributes"]["subject_id"] == subject])
    around, found, book = geometry.buffer(0.012), [], succession(loaded.rules)
    for item in loaded.rules:
        if item.geometry not in ("hit", "within") or item.manual or item.effect.rank < 3 or item.layer not in loaded.layers:
            continue
        if rule_applies_but_for_geometry(item, facts, book)[0] == FALSE:
            continue
        zones = loaded.layers[item.layer].zones
        if item.zone_classes:
            zones = zones[zones["zone_class"].isin(item.zone_classes)]
        if item.zone_ids:
            zones = zones[zones["zone_id"].isin(item.zone_ids)]
        shapes = list(zones.geometry)
        if item.geometry == "within":
            near = geometry.buffer(0.012 + (item.reach_m or 0.0) / 80_000)
            parts = [shapely.intersection(z, near.envelope) for z in shapes if z.intersects(near)]
            wide = shapely.buffer(geodesy.geometries_to_local(np.array(parts, dtype=object)), item.reach_m or 0.0)
            shapes = list(geodesy.geometries_from_local(wide))
        found += [shapely.intersection(z, around.envelope) for z in shapes if z.intersects(around)]
    return found
