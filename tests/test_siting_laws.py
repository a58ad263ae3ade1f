"""Siting in small worlds: candidates against a grid written out by hand, ground to keep off against buffers, remedies and uses judged anew."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import CITY, from_metres, layer_set, metres, rule, sites, workspace, zone_layer

from cdgis.core.errors import CatalogError, UsageError
from cdgis.core.vocabulary import Verdict
from cdgis.geometry import geodesy
from cdgis.judging.evaluation import judge_subjects
from cdgis.judging.extents import both_planes
from cdgis.judging.facts import Facts
from cdgis.readers.loading import Loaded
from cdgis.rules import Rulebook
from cdgis.siting import candidate_sites, reuse_assessment
from cdgis.siting.candidate_sites import SitingRequest, guide_siting
from cdgis.siting.clearance import SETBACK_M, Obstruction, largest_clear_part, smallest_shift
from cdgis.siting.exclusion_zones import ExclusionZones, concerns_of
from cdgis.siting.guidance import guide, remedies_for, search_area
from cdgis.siting.remedies import Obstacles, Target, propose_remedies
from cdgis.siting.reuse_assessment import assess_reuse
from cdgis.siting.reuse_options import rank_reuse
from cdgis.workspace.layers import Subjects

NOTHING = np.empty(0, dtype=object)
NAN = float("nan")


def local(geometry: shapely.Geometry) -> shapely.Geometry:
    return geodesy.geometries_to_local(np.array([geometry]))[0]


def lonlat(geometry: shapely.Geometry) -> shapely.Geometry:
    return geodesy.geometries_from_local(np.array([geometry]))[0]


def m2(geometry: shapely.Geometry) -> float:
    return float(geodesy.survey_area_m2(np.array([geometry]))[0])


def answers(frame, **columns):
    values = {
        "verdict": "未发现冲突", "at_least": "", "caveats": "", "stability": "稳定", "critical_distance_m": 500.0,
        "receptor_distance_m": 500.0, "railway_distance_m": 500.0,
    }  # fmt: skip
    return pd.DataFrame({"subject_id": frame["subject_id"], **(values | columns)})


def world(root: Path, *layers, rules=(), city: shapely.Geometry = CITY) -> Loaded:
    place = workspace(root)
    return Loaded(
        workspace=place, settings=place.settings, as_of=date(2026, 11, 1), layers=layer_set(*layers, city=city),
        rulebook=Rulebook(rules=tuple(rules)), records=(),
    )  # fmt: skip


# Candidates


def by_hand(area, spacing, size_ha, shape, keep_off, most):
    """Centres of the candidates, row by row: on whole multiples of the spacing, wholly within, off by the setback, every so manyth."""
    whole = local(area)
    x0, y0, x1, y1 = whole.bounds
    all_, free = 0, []
    for row in range(int(y0 // spacing) - 1, int(y1 // spacing) + 3):
        for column in range(int(x0 // spacing) - 1, int(x1 // spacing) + 3):
            centre = np.array([column * spacing, row * spacing])
            if shape is None:
                half = np.sqrt(size_ha * 1e4) / 2
                for _ in range(4):
                    placed = shapely.box(*(centre - half), *(centre + half))
                    half *= np.sqrt(size_ha * 1e4 / m2(lonlat(placed)))
            else:
                placed = local(shape)
                off = centre - shapely.get_coordinates(placed.centroid)[0]
                placed = shapely.transform(placed, lambda xy, off=off: xy + off)
            if whole.contains(shapely.Point(centre)) and whole.covers(placed):
                all_ += 1
                if all(local(ground).distance(placed) > SETBACK_M for ground in keep_off):
                    free.append(tuple(centre))
    step = 1
    while -(-len(free) // step) > most:
        step += 1
    return all_, len(free), free[::step]


@settings(max_examples=12)
@given(st.integers(0, 100_000), st.integers(1, 40), st.booleans())
def test_candidates_are_those_of_the_grid_written_out(seed, most, given_shape):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-60_000, 60_000, 2)
    corners = rng.uniform(-900, 900, (7, 2)) + (x, y)
    area = from_metres(shapely.MultiPoint(corners).convex_hull)
    spacing = float(rng.uniform(90, 400))
    shape = metres(0, 0, *rng.uniform(20, 200, 2)) if given_shape else None
    size_ha = None if given_shape else float(rng.uniform(0.05, 4))
    keep_off = [metres(x - 1500, y - 1500, x + rng.uniform(-900, 0), y + 1500), metres(x, y, x + 90, y + 90)][: rng.integers(0, 3)]
    seen = []

    def judge(frame):
        seen.extend(frame.geometry)
        return answers(frame)

    request = SitingRequest(size_ha=size_ha, shape=shape, spacing_m=spacing, most=most, count=3)
    found = guide_siting(area, request, judge, keep_off=np.array(keep_off, dtype=object))
    all_, free, chosen = by_hand(area, spacing, size_ha, shape, keep_off, most)
    step = -(-free // len(chosen)) if chosen else 1
    assert f"布设候选位置 {all_} 个，避开禁止范围的 {free} 个，其中判定 {len(chosen)} 个" in found.notes[0]
    assert (f"（每 {step} 个取 1 个）" in found.notes[0]) == (len(chosen) < free) and len(chosen) <= most
    centres = [shapely.get_coordinates(local(site).centroid)[0] for site in seen]
    assert np.allclose(centres, chosen, atol=1e-3) if chosen else not seen
    if size_ha:
        assert [m2(site) for site in seen] == pytest.approx([size_ha * 1e4] * len(seen), rel=1e-8)
    kept = []
    for site in seen:  # nothing tells them apart: the first that do not meet one another
        if len(kept) < 3 and not any(site.intersects(other) for other in kept):
            kept.append(site)
    assert list(found.sites.geometry) == kept and list(found.locations["rank"]) == [1, 2, 3][: len(kept)]
    for row, site in zip(found.locations.itertuples(), kept, strict=True):
        assert (row.lon, row.lat) == tuple(np.round(site.point_on_surface().coords[0], 7)) and row.area_m2 == pytest.approx(m2(site))


def test_the_grid_is_widened_where_it_would_have_too_many_points(monkeypatch):
    monkeypatch.setattr(candidate_sites, "_MOST_GRID_POINTS", 40)
    area = metres(-2000, -2000, 2000, 2000)
    spacing = {s: guide_siting(area, SitingRequest(size_ha=1.0, spacing_m=s), answers, keep_off=NOTHING).notes[0].split()[1] for s in (900.0, 300.0)}
    assert spacing == {900.0: "900", 300.0: "900"}  # 16e6 / 300² / 40 = 4.4: three times as far, and not where it is 0.5


def order_of(name, first, second):
    """Whether the second of two candidates alike but for one column comes first."""
    seen = []

    def judge(frame):
        table = answers(frame)
        table[name] = [second if i == 1 else first for i in range(len(frame))]
        seen.extend(frame.geometry)
        return table

    found = guide_siting(metres(-450, -150, 450, 150), SitingRequest(size_ha=0.1, spacing_m=300.0), judge, keep_off=NOTHING)
    return found.sites.geometry.iloc[0].equals(seen[1])


@pytest.mark.parametrize(
    ("column", "first", "second", "changed"),
    [
        ("critical_distance_m", 210.0, 390.0, True), ("critical_distance_m", 210.0, 299.0, False), ("critical_distance_m", 1500.0, 5000.0, False),
        ("critical_distance_m", 899.0, 1001.0, True), ("receptor_distance_m", 210.0, 390.0, True), ("receptor_distance_m", 2500.0, 5000.0, False),
        ("receptor_distance_m", 1500.0, 1700.0, True), ("receptor_distance_m", 1899.0, 2001.0, True), ("railway_distance_m", 3900.0, 2100.0, True),
        ("railway_distance_m", 1900.0, 1100.0, False), ("railway_distance_m", 90_000.0, 80_000.0, True), ("railway_distance_m", NAN, 1e6, True),
        ("receptor_distance_m", 1500.0, NAN, True), ("critical_distance_m", 950.0, NAN, True), ("stability", "临界", "稳定", True),
    ],
)  # fmt: skip
def test_distances_count_in_steps_up_to_a_cap(column, first, second, changed):
    assert order_of(column, first, second) == changed


@pytest.mark.parametrize("options", [{"size_ha": -1.0}, {"size_ha": 1.0, "most": 0}, {"size_ha": 1.0, "spacing_m": -5.0},
                                     {"shape": shapely.LineString([(117, 41), (117.1, 41)])}])  # fmt: skip
def test_a_request_without_meaning_is_refused(options):
    with pytest.raises(UsageError):
        SitingRequest(**options)


def test_the_least_request_is_served():
    found = guide_siting(metres(-200, -200, 200, 200), SitingRequest(size_ha=1e-3, count=1, most=1), answers, keep_off=NOTHING)
    assert len(found.locations) == 1 and len(found.notes) == 1


# Ground to keep off


@settings(max_examples=15)
@given(st.integers(0, 100_000))
def test_ground_to_keep_off_is_the_union_of_what_each_rule_widens(seed):
    rng = np.random.default_rng(seed)

    def box():
        x, y = rng.uniform(-3000, 3000, 2)
        return metres(x, y, x + rng.uniform(20, 1500), y + rng.uniform(20, 1500))

    a = zone_layer("a", [box() for _ in range(4)], ["甲", "乙", "甲", "丙"])
    b = zone_layer("b", [lonlat(local(box()).centroid), from_metres(shapely.LineString(rng.uniform(-3000, 3000, (3, 2))))], kind="line")
    rules = (
        rule("A", "a", zone_classes=["甲"]), rule("B", "a", geometry="within", distance_m=float(rng.uniform(10, 300)), zone_classes=["乙"]),
        rule("C", "b", geometry="within", distance_attribute="protection_distance_m"), rule("D", "a", zone_ids=["a3"], industry_prefixes=["44"]),
        rule("E", "a", "须论证"), rule("F", "gone"), rule("G", "a", geometry="within", distance_m=float(rng.uniform(10, 300)), zone_ids=["a0"]),
    )  # fmt: skip
    coverage = [-2000.0, -4000.0, 4000.0, 4000.0]
    layers = layer_set(a, b, city=metres(*coverage))
    frame = pd.DataFrame({"subject_id": ["S0", "S1"], "name": "", "kind": "project", "industry": ["3110", "4411"], "project_type": "新建",
                          "activity": "", "area_m2": 1.0, "length_m": 0.0, "accuracy_m": 0.0, "notes": ""})  # fmt: skip
    away = float(rng.uniform(10, 300))
    stated = pd.DataFrame([("S1", "protection_distance_m", f"{away!r}", "")], columns=["subject_id", "attribute", "value", "unit"])
    concerns = concerns_of(rules, Facts.of(frame, stated), rank=3)
    assert [c.rule.id for c in concerns] == ["A", "B", "C", "D", "F", "G"]
    window = shapely.box(*local(metres(-2500, -2500, 2500, 2500)).bounds)
    shared, elsewhere = ExclusionZones(layers), shapely.box(*local(metres(-1500, 0, 3000, 2500)).bounds)
    for at, subject in ((window, 0), (window, 1), (elsewhere, 1), (elsewhere, 0), (window, 1), (window, 1)):
        again, alone = shared.around(concerns, subject, at), ExclusionZones(layers).around(concerns, subject, at)
        assert list(shapely.to_wkb(again)) == list(shapely.to_wkb(alone))
    for subject in (0, 1):
        ours = shapely.union_all(geodesy.geometries_to_local(ExclusionZones(layers).around(concerns, subject, window)))
        zones, lines = (both_planes(layer.zones.geometry.to_numpy())[1] for layer in (a, b))
        wide = [zones[0].buffer(max(0.0, rules[6].distance_m)), zones[2], zones[1].buffer(rules[1].distance_m)]
        if subject:
            wide += [*(g.buffer(away) for g in lines), zones[3]]
        outside = shapely.difference(window, both_planes(np.array([metres(*coverage)]))[1][0])
        theirs = shapely.intersection(shapely.union_all([*wide, outside]), window)
        ours = shapely.intersection(ours, window)
        # round corners of 32 pieces a quarter, and wider by 4e-4: never less, and hardly more
        assert shapely.difference(theirs, ours.buffer(0.15)).area < 1 and shapely.difference(ours, theirs.buffer(0.7)).area < 1


def test_what_is_widened_is_never_nearer_than_the_distance_says():
    """The plane may stretch by 3.2e-4: 2 km are widened by half a metre more at least."""
    layers = layer_set(zone_layer("a", [metres(0, 0, 100, 100)]))
    concerns = concerns_of((rule("A", "a", geometry="within", distance_m=2000.0),), Facts.one(kind="project"), rank=3)
    window = shapely.box(*local(metres(-3000, -3000, 3000, 3000)).bounds)
    (wide,) = (g for g in geodesy.geometries_to_local(ExclusionZones(layers).around(concerns, 0, window)) if g.area > 1)
    west, south, east, north = (np.array(wide.bounds) - local(metres(0, 0, 100, 100)).bounds) * (-1, -1, 1, 1)
    assert all(2000 * (1 + 3.2e-4) <= side <= 2002 for side in (west, south, east, north))


def test_obstacles_of_lines_and_points_have_the_setback_around_them():
    line = from_metres(shapely.LineString([(0, 0), (100, 0)]))
    found = Obstruction.of(np.array([line]), setback_m=5.0)
    assert shapely.area(found.wide) == pytest.approx(100 * 10 + np.pi * 0, abs=120) and 5 <= shapely.distance(
        shapely.Point(*local(line).coords[0]), shapely.boundary(found.wide)) <= 8  # fmt: skip
    assert 0 < shapely.area(found.bare) < 100 * 0.04
    box = Obstruction.of(np.array([metres(0, 0, 100, 100)]), setback_m=5.0)
    assert shapely.area(box.wide) == pytest.approx(110**2, rel=1e-3) and shapely.area(box.bare) == pytest.approx((100 - 0.04) ** 2, rel=1e-3)


def test_less_than_a_square_metre_is_no_part_to_keep():
    site = metres(0, 0, 100, 100)

    def left(width):
        return largest_clear_part(site, Obstruction.of(np.array([metres(-50, -50, 100 - SETBACK_M - width, 150)])))

    assert left(0.009) is None and m2(left(0.012)) == pytest.approx(1.2, rel=0.1)


@pytest.mark.parametrize(("east", "north"), [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, -1)])
def test_a_shift_goes_the_way_it_says(east, north):
    """Everything is forbidden but a pen a little larger than the site, so far to the east and north."""
    site = metres(0, 0, 60, 60)
    pen = shapely.box(80 * east - 4, 80 * north - 4, 80 * east + 64, 80 * north + 64)
    wall = from_metres(shapely.difference(shapely.box(-900, -900, 900, 900), pen))
    shift = smallest_shift(site, Obstruction.of(np.array([wall])), radius_m=200.0)
    assert shift is not None and shift.set_back
    geod = geodesy.geodesic_distance_m(*(np.array([v]) for v in (*site.centroid.coords[0], *shift.geometry.centroid.coords[0])))
    assert shift.distance_m == pytest.approx(float(geod[0]), abs=0.01) and m2(shift.geometry) == pytest.approx(m2(site), rel=1e-6)
    # the pen gives 3 m of play: the nearest corner of it is what a smallest shift takes
    near = np.array([max(abs(80 * east) - 3, 0), max(abs(80 * north) - 3, 0)])
    assert np.hypot(*near) - 0.1 <= shift.distance_m <= np.hypot(*near) + 3.5
    assert (shift.bearing_deg - np.degrees(np.arctan2(east, north)) + 180) % 360 - 180 == pytest.approx(0, abs=3.5)
    moved = shapely.get_coordinates(local(shift.geometry).centroid)[0] - shapely.get_coordinates(local(site).centroid)[0]
    assert np.hypot(*moved) == pytest.approx(shift.distance_m, rel=5e-4)


def test_nothing_is_shifted_where_nothing_is_clear_within_the_radius():
    wall = metres(-900, -900, 900, 900)
    assert smallest_shift(metres(0, 0, 60, 60), Obstruction.of(np.array([wall])), radius_m=200.0) is None


# Remedies and places, judged in a small world


BANS = (
    rule("BAN", "redline", project_types=["新建"]), rule("ASK", "forest", "须论证", project_types=["新建"]),
    rule("EQ", "", geometry="none", conditions=[{"attribute": "captive_coal_unit", "op": "true"}]),
    rule("OLD", "redline", "退出", project_types=["既有"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Loaded:
    """West of 0 is red line, east of 1000 forest; counties north and south; two homes and a railway."""
    return world(
        tmp_path_factory.mktemp("w"), zone_layer("ecological_redline", [metres(-2000, -3000, 0, 3000)]),
        zone_layer("forest", [metres(1000, -3000, 2000, 3000)]),
        zone_layer("counties", [metres(-2000, 0, 2000, 3000), metres(-2000, -3000, 2000, 0)], zones=False),
        zone_layer("receptors", [lonlat(local(metres(300, 300, 301, 301)).centroid)], kind="point"),
        zone_layer("railways", [from_metres(shapely.LineString([(-2000, -500), (2000, -500)]))], kind="line"),
        rules=[r.model_copy(update={"layer": "ecological_redline"}) if r.layer == "redline" else r for r in BANS],
        city=metres(-2000, -3000, 2000, 3000),
    )  # fmt: skip


def remedied(small: Loaded, *rows: tuple[shapely.Geometry, str], coal: tuple[str, ...] = ()) -> pd.DataFrame:
    subjects = sites([shape for shape, _ in rows], project_type=[kind for _, kind in rows], accuracy_m=5.0)
    stated = pd.DataFrame([(s, "captive_coal_unit", "true" if s in coal else "false", "") for s in subjects.frame["subject_id"]],
                          columns=["subject_id", "attribute", "value", "unit"])  # fmt: skip
    judged = judge_subjects(small, Subjects(frame=subjects.frame, attributes=stated))
    return remedies_for(small, judged, judge_subjects, radius_m=300.0)["remedies"].set_index(["subject_id", "target", "kind"])


def test_remedies_of_each_project_are_for_what_stands_in_its_way(small):
    table = remedied(
        small, (metres(-40, 100, 60, 200), "新建"), (metres(960, 100, 1060, 200), "新建"), (metres(400, 100, 500, 200), "新建"),
        (metres(-1500, 100, -1400, 200), "新建"), (metres(-40, 500, 60, 600), "新建"), (metres(-40, -100, 60, -40), "既有"),
        coal=("S004",),
    )  # fmt: skip
    assert set(table.index) == {
        ("S000", "避开禁止", "裁剪"), ("S000", "避开禁止", "平移"), ("S001", "避开须论证", "裁剪"), ("S001", "避开须论证", "平移"),
        ("S003", "避开禁止", "裁剪"), ("S003", "避开禁止", "平移"), ("S004", "避开禁止", "裁剪"), ("S004", "避开禁止", "平移"),
        ("S005", "避开禁止", "裁剪"), ("S005", "避开禁止", "平移"),
    }  # fmt: skip
    clip, shift = table.loc[("S000", "避开禁止", "裁剪")], table.loc[("S000", "避开禁止", "平移")]
    assert clip["feasible"] and clip["area_m2"] == pytest.approx((60 - SETBACK_M) * 100, rel=1e-3) and clip["share"] == pytest.approx(0.59, abs=1e-3)
    assert shift["feasible"] and shift["distance_m"] == pytest.approx(40 + SETBACK_M, abs=0.2) and shift["bearing_deg"] == pytest.approx(90, abs=1)
    assert shift["share"] == 1 and shift["verdict"] == "未发现冲突" and np.isnan(clip["distance_m"]) and np.isnan(clip["bearing_deg"])
    aside = table.loc[("S001", "避开须论证", "平移")]
    assert aside["feasible"] and aside["distance_m"] == pytest.approx(60 + SETBACK_M, abs=0.2) and aside["bearing_deg"] == pytest.approx(270, abs=1)
    assert not table.loc["S003", "feasible"].any() and "300 米内没有" in table.loc[("S003", "避开禁止", "平移"), "reason"]
    assert table.loc["S004", "reason"].str.contains("EQ 与位置无关").all() and not table.loc["S004", "feasible"].any()
    assert "既有设施不能平移" in table.loc[("S005", "避开禁止", "平移"), "reason"]


def test_a_projects_name_may_hold_the_sign_that_joins_it_to_its_changes(small):
    subjects = sites([metres(-40, 100, 60, 200)], subject_id=["甲~乙~丙"])
    stated = pd.DataFrame([("甲~乙~丙", "captive_coal_unit", "false", "")], columns=["subject_id", "attribute", "value", "unit"])
    judged = judge_subjects(small, Subjects(frame=subjects.frame, attributes=stated))
    table = remedies_for(small, judged, judge_subjects, radius_m=300.0)["remedies"]
    assert set(table["subject_id"]) == {"甲~乙~丙"} and table["feasible"].all() and (table["verdict"] == "未发现冲突").all()


def test_a_project_between_both_gets_a_change_for_each_target(small):
    narrow = replace(small, layers=small.layers | {"forest": zone_layer("forest", [metres(-3, 0, 80, 300)])})
    table = remedied(narrow, (metres(-40, 100, 60, 200), "新建"))
    assert set(table.index.get_level_values("target")) == {"避开禁止", "避开须论证"}
    first, lesser = table.loc[("S000", "避开禁止", "平移")], table.loc[("S000", "避开须论证", "平移")]
    assert first["verdict"] == "须论证" and first["feasible"] and first["distance_m"] == pytest.approx(41, abs=0.2)
    assert lesser["verdict"] == "未发现冲突" and lesser["distance_m"] > 100
    assert not table.loc[("S000", "避开须论证", "裁剪"), "feasible"] or table.loc[("S000", "避开须论证", "裁剪"), "area_m2"] < 6000


def test_a_share_is_of_the_area_before_and_one_where_nothing_was_cut_off():
    site = metres(0, 0, 200, 100)
    obstacles = Obstacles(subject_id="S000", target=Target.PROHIBITED, zones=np.array([metres(150, -10, 900, 900)], dtype=object))

    def judge(frame: GeoDataFrame) -> pd.DataFrame:
        return pd.DataFrame({"subject_id": frame["subject_id"], "verdict": "资料不足", "at_least": ["不符合", "须论证"], "caveats": "c",
                             "decisive_rule_ids": "A;B"})  # fmt: skip

    table, shapes = propose_remedies(sites([site]).frame, [obstacles], judge, setback_m=5.0)
    clip, shift = (table[table["kind"] == kind].iloc[0] for kind in ("裁剪", "平移"))
    assert clip["share"] == pytest.approx(0.725, rel=1e-4) and shift["share"] == 1.0 and clip["caveats"] == "c"
    assert not clip["feasible"] and "资料不足" in clip["reason"] and "A、B" in clip["reason"] and shift["feasible"]
    assert sorted(shapes["kind"]) == ["平移", "裁剪"] and shapes.crs == 4490
    assert shift["distance_m"] == pytest.approx(55, abs=0.2)


def test_places_are_looked_for_off_what_forbids_and_judged_with_their_distances(small):
    area = search_area(small, "名")  # both counties are called so
    request = SitingRequest(industry="3110", size_ha=1.0, spacing_m=250.0, count=4, attributes={"captive_coal_unit": "false"})
    found = guide(small, request, area, judge_subjects)
    table = found.siting.locations
    assert len(table) == 4 and (table["verdict"] == "未发现冲突").all() and (table["lon"] > 117.5).all()
    shapes = [local(shape) for shape in found.siting.sites.geometry]
    home, rail = local(small.layers["receptors"].zones.geometry[0]), local(small.layers["railways"].zones.geometry[0])
    assert table["receptor_distance_m"].to_numpy() == pytest.approx([home.distance(s) for s in shapes], rel=1e-3, abs=0.1)
    assert table["railway_distance_m"].to_numpy() == pytest.approx([rail.distance(s) for s in shapes], rel=1e-3, abs=0.1)
    assert list(found.judged.tables["verdicts"]["verdict"]) == list(table["verdict"])
    coal = SitingRequest(industry="3110", size_ha=1.0, attributes={"captive_coal_unit": "true"})
    shut = guide(small, coal, area, lambda *_: pytest.fail("judged"))
    assert shut.judged is None and shut.siting.locations.empty and "EQ" in shut.siting.notes[0]
    assert found.siting.sites.crs == shut.siting.sites.crs == 4490 and list(found.siting.sites.columns) == ["subject_id", "geometry"]
    nowhere = guide(small, request, metres(-1900, 0, -1000, 900), judge_subjects)
    assert nowhere.judged is None and nowhere.siting.locations.empty


def test_a_site_on_a_home_or_a_railway_is_no_metre_from_it(small):
    request = SitingRequest(shape=metres(0, 0, 700, 900), spacing_m=50.0, count=1, attributes={"captive_coal_unit": "false"})
    here = guide(small, request, metres(150, -600, 855, 305), judge_subjects)
    assert here.siting.locations["receptor_distance_m"].tolist() == [0.0] and here.siting.locations["railway_distance_m"].tolist() == [0.0]


def test_a_site_in_a_wood_is_as_far_from_homes_and_railways_as_it_is(small):
    request = SitingRequest(size_ha=1.0, spacing_m=250.0, count=1, attributes={"captive_coal_unit": "false"})
    (row,) = guide(small, request, metres(1100, 100, 1900, 900), judge_subjects).siting.locations.itertuples()
    assert row.verdict == "须论证" and row.receptor_distance_m > 700 and row.railway_distance_m > 550


def test_a_county_is_named_by_its_name_and_by_a_beginning_that_only_it_has(small):
    counties = small.layers["counties"]
    named = replace(counties, zones=counties.zones.assign(zone_name=["甲县", "甲县东"]))
    loaded = replace(small, layers=small.layers | {"counties": named})
    assert m2(search_area(loaded, "甲县")) == pytest.approx(4000 * 3000, rel=1e-3)
    assert search_area(loaded, "甲县东").centroid.y < search_area(loaded, "甲县").centroid.y
    assert m2(search_area(loaded)) == pytest.approx(4000 * 6000, rel=1e-3)
    with pytest.raises(UsageError, match="“甲”.*甲县、甲县东"):
        search_area(loaded, "甲")
    with pytest.raises(UsageError, match="没有县区图层"):
        search_area(replace(loaded, layers={"city": loaded.layers["city"]}), "甲县")


# Uses of derelict ground


def test_uses_are_judged_where_the_ground_lies_and_measured_against_lines(tmp_path):
    mines = zone_layer("derelict_land", [metres(-500, 0, -400, 200), metres(500, 0, 700, 100)], "废弃矿山", accuracy_m=10.0)
    line = zone_layer("power_lines", [from_metres(shapely.LineString([(1000, -900), (1000, 900)]))], kind="line")
    red = zone_layer("ecological_redline", [metres(-2000, -3000, 0, 3000)])
    loaded = world(tmp_path, mines, line, red, rules=[rule("BAN", "ecological_redline")])
    table = assess_reuse(loaded)
    assert set(table["patch_id"]) == {"derelict_land0", "derelict_land1"}
    assert (table.loc[table["patch_id"] == "derelict_land0", "verdict"] == "不符合").all()
    assert (table.loc[table["patch_id"] == "derelict_land1", "verdict"] == "未发现冲突").all()
    assert (table.loc[table["patch_id"] == "derelict_land0", "decisive_rule_ids"] == "BAN").all()
    first = table.drop_duplicates("patch_id").set_index("patch_id")
    assert first["area_ha"].to_numpy() == pytest.approx([2.0, 2.0], rel=1e-3)
    assert table.set_index("patch_id")["line_m"].groupby(level=0).first().to_numpy() == pytest.approx([1400, 300], rel=1e-3)
    assert table[["slope_deg", "height_m"]].isna().all().all() and (first["accuracy_m"] == 10).all()
    assert all(mines.zones.geometry[i].contains(shapely.Point(row.lon, row.lat)) for i, row in enumerate(first.sort_index().itertuples()))
    without = replace(loaded, layers={k: v for k, v in loaded.layers.items() if k != "power_lines"})
    assert assess_reuse(without)["line_m"].isna().all()
    with pytest.raises(CatalogError, match="derelict_land"):
        assess_reuse(replace(loaded, layers={k: v for k, v in loaded.layers.items() if k != "derelict_land"}))


def test_level_ground_faces_no_way_and_other_ground_as_far_off_south_as_its_aspect(tmp_path, monkeypatch):
    mines = zone_layer("derelict_land", [metres(500 * i, 0, 500 * i + 100, 100) for i in range(5)], "废弃矿山")
    measured = np.array([100.0, 200, 300, 400, 500]), np.array([0.0, 5, 1, 30, NAN]), np.array([NAN, 90, 270, 180, NAN])
    spec = SimpleNamespace(path="dem.tif")
    for name, value in {"elevation_of": (spec,), "read_elevation": (None, None), "flow_of": None,
                        "read_ground": SimpleNamespace(at=lambda lon, lat: measured)}.items():  # fmt: skip
        monkeypatch.setattr(reuse_assessment, name, lambda *_, value=value: value)
    table = assess_reuse(world(tmp_path, mines)).drop_duplicates("patch_id").sort_values("patch_id")
    assert table["height_m"].tolist() == [100, 200, 300, 400, 500] and table["slope_deg"].to_numpy() == pytest.approx(measured[1], nan_ok=True)
    assert table["aspect_off_south_deg"].to_numpy() == pytest.approx([0, 90, 90, 0, NAN], nan_ok=True)


def test_of_two_patches_alike_the_one_with_fewer_gaps_then_fewer_misses_then_more_ground_comes_first():
    rows = [("A", 30.0, 10.0), ("B", NAN, 10.0), ("C2", 10.0, 5.0), ("C", 10.0, 5.0), ("D", 10.0, 6.0), ("E", 30.0, 170.0)]
    frame = pd.DataFrame(rows, columns=["patch_id", "slope_deg", "area_ha"]).assign(
        aspect_off_south_deg=[0.0] * 5 + [170.0], verdict=Verdict.CONDITIONAL, option="photovoltaic", layer="derelict_land",
        zone_class="废弃矿山", name="矿", county="双桥区", height_m=1200.0, line_m=NAN, decisive_rule_ids="", lon=117.0, lat=41.0,
        method="m", source="s", accuracy_m=30.0,
    )  # fmt: skip
    table = rank_reuse(frame).set_index("patch_id")
    assert table.sort_values("rank").index.tolist() == ["D", "C", "C2", "B", "A", "E"] and sorted(table["rank"]) == [1, 2, 3, 4, 5, 6]
    assert table["admissible"].to_dict() == {"A": "不可选", "B": "须补证", "C": "可选", "C2": "可选", "D": "可选", "E": "不可选"}


def test_request_facts_are_those_of_the_land_asked_for(small):
    """A rule on the size of land tells small from large wherever they lie."""
    size = rule("SIZE", "", geometry="none", conditions=[{"attribute": "area_m2", "op": "gt", "value": 15_000}])
    loaded = replace(small, rulebook=Rulebook(rules=(size,)))
    for options, shut in (({"size_ha": 1.4}, False), ({"size_ha": 1.6}, True), ({"shape": metres(0, 0, 100, 160)}, True)):
        found = guide(loaded, SitingRequest(spacing_m=400.0, count=1, **options), metres(0, 0, 900, 900), judge_subjects)
        assert (found.judged is None) == shut, SimpleNamespace(**options)
