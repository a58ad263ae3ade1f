"""cdgis against a second, independent implementation of its definitions, on random sites and on known hard spots."""

import ast
import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from reference import planes, sites, statute
from reference.compare import Answers, Tally, compare, compare_answers, judged, shipped
from reference.logic import both, either, everything_but_place
from reference.opinion import opinions
from reference.overlay import is_sliver
from reference.zones import read_layers
from shapes import layer_set, metres, rule, zone_layer
from shapes import sites as shaped_sites

from cdgis.geometry import geodesy
from cdgis.judging.facts import Facts
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import judge

HERE = Path(__file__).parent / "reference"


def test_reference_shares_no_code_with_cdgis():
    for path in HERE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        shared = [name for name in names if name.split(".")[0] == "cdgis"]
        assert bool(shared) == (path.name == "compare.py"), path.name


@pytest.mark.slow
def test_every_row_of_120_random_sites_equals_the_reference():
    tally = compare(sites.random_sites(120, 1, read_layers()))
    assert tally.rows["verdict"] == 120
    assert min(tally.rows[name] for name in ("overlaps", "clear", "ledger", "findings")) > 1900
    assert tally.mismatches == []


@pytest.fixture(scope="module")
def few() -> list[sites.Site]:
    return sites.random_sites(6, 7, read_layers())


@pytest.fixture(scope="module")
def answers(few) -> tuple[Answers, Answers]:
    return judged(few, shipped()), opinions(few)


def test_same_seed_gives_the_same_sites(few):
    again = sites.random_sites(6, 7, read_layers())
    assert [site.lonlat.wkb for site in few] == [site.lonlat.wkb for site in again]
    assert [site.lonlat.wkb for site in sites.random_sites(6, 8, read_layers())] != [site.lonlat.wkb for site in few]


def _one_finding_less(said):
    del said["findings"][0]


def _another_relation(said):
    said["overlaps"][0]["relation"] = "near"


def _a_hundred_thousandth_more(said):
    said["ledger"][0]["total"] *= 1 + 1e-5


def _two_millimetres_off(said):
    said["clear"][0]["distance_m"] += 2e-3


def _milder(said):
    said["verdict"]["verdict"] = "鼓励"


@pytest.mark.parametrize(
    "spoil", [_one_finding_less, _another_relation, _a_hundred_thousandth_more, _two_millimetres_off, _milder]
)
def test_a_difference_would_be_noticed(few, answers, spoil):
    ours, theirs = answers
    same, other, wrong = Tally(), Tally(), copy.deepcopy(theirs)
    compare_answers(few, ours, theirs, same)
    spoil(next(one for one in wrong.values() if one["overlaps"] and one["clear"]))
    compare_answers(few, ours, wrong, other)
    assert same.mismatches == []
    assert other.mismatches


def test_random_sites_cover_every_shape_date_and_relation():
    many = sites.random_sites(300, 1, read_layers())
    assert {s.lonlat.geom_type for s in many} >= {"Point", "LineString", "Polygon", "MultiPolygon"}
    assert any(shapely.get_num_interior_rings(s.lonlat) for s in many if s.lonlat.geom_type == "Polygon")
    assert {s.as_of for s in many} == set(sites.DATES)
    assert {s.project_type for s in many} == set(sites.PROJECT_TYPES)


@pytest.mark.parametrize(
    ("parts", "conjunction"),
    [((True, True), True), ((True, None), None), ((None, False), False), ((None, None), None), ((), True)],
)
def test_one_false_settles_a_conjunction(parts, conjunction):
    assert both(*parts) is conjunction


@pytest.mark.parametrize(
    ("a", "b", "answer"), [(None, True, True), (False, None, None), (False, False, False), (None, False, None)]
)
def test_one_true_settles_a_disjunction(a, b, answer):
    assert either(a, b) is answer


def test_reference_reads_as_many_rules_as_cdgis_on_every_date():
    loaded = shipped()
    for day in sites.DATES:
        assert {r["id"] for r in statute.rules_in_force(day)} == {r.id for r in loaded.rulebook.in_force(day)}


def test_reference_prohibits_new_building_in_the_red_line_but_not_what_exists():
    prohibition = next(r for r in statute.rules_in_force(sites.DATES[2]) if r["id"] == "ECO-02-2026")
    subject = {"kind": "project", "industry": "1371", "activity": [], "attributes": {}, "area_m2": 1.0, "length_m": 0.0}
    book = statute.rules_in_force(sites.DATES[2])
    assert everything_but_place(prohibition, {**subject, "project_type": "既有"}, book) is False
    assert everything_but_place(prohibition, {**subject, "project_type": "新建"}, book) is True


def test_reference_believes_a_claim_only_of_its_industry_and_only_in_the_hands_of_a_successor():
    book = statute.rules_in_force(sites.DATES[2])
    ban = next(r for r in book if r["id"] == "ECO-02-2026")
    road = {"kind": "enterprise", "industry": "4812", "project_type": "新建", "activity": ["A06"], "attributes": {}}
    assert everything_but_place(ban, road, book) is False
    assert everything_but_place(ban, {**road, "industry": "3011"}, book) is True
    assert everything_but_place(ban, {**road, "industry": ""}, book) is None
    assert everything_but_place(ban, road, [r for r in book if r["id"] != "ECO-A06"]) is True


def test_reference_depth_of_a_square_is_half_its_side():
    assert planes.inner_radius_m(shapely.box(0, 0, 30, 80), within_m=0.01) == pytest.approx(15, abs=0.02)


def test_reference_plane_keeps_ellipsoidal_area():
    # Between meridians and parallels E = a² Δλ (q₂ − q₁) / 2.
    e2 = 1 / 298.257222101 * (2 - 1 / 298.257222101)
    e, sin = np.sqrt(e2), np.sin(np.radians([41.0, 41.1]))
    q = (1 - e2) * (sin / (1 - e2 * sin**2) + np.arctanh(e * sin) / e)
    expected = 6378137.0**2 * np.radians(0.1) * (q[1] - q[0]) / 2
    assert shapely.area(planes.on_plane(shapely.box(117.9, 41.0, 118.0, 41.1))) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("wide", "long", "sliver"), [(0.09, 300, True), (0.12, 300, False), (0.2, 4, True)])
def test_reference_sliver_is_what_no_disc_of_a_decimetre_fits_into(wide, long, sliver):
    centre = planes.on_plane(shapely.Point(117.5, 41.4))
    strip = shapely.box(centre.x, centre.y, centre.x + wide, centre.y + long)
    assert is_sliver(strip, 0.1) is sliver


# What the comparison found in the engine, kept as hand-made cases.


def overlap_rows(site, zone):
    measured = measure_overlaps(shaped_sites([site]), layer_set(zone_layer("zone", [zone], "区")))
    return measured.overlaps[measured.overlaps["layer"] == "zone"]


@pytest.mark.parametrize("gap", [-2e-9, 0.0, 2e-9])
def test_shared_edge_with_rounded_vertices_only_touches(gap):
    rows = overlap_rows(metres(-100, 0, gap, 400), metres(0, -50, 1000, 900))
    assert list(rows["relation"]) == ["near"]
    assert list(rows["distance_m"]) == [0.0]


def test_thin_overlap_well_above_rounding_is_still_a_sliver():
    assert list(overlap_rows(metres(-100, 0, 1e-6, 400), metres(0, -50, 1000, 900))["relation"]) == ["sliver"]


@pytest.mark.parametrize("gap", [-2e-9, 0.0, 2e-9])
def test_strip_that_shares_an_edge_with_the_zone_around_it_is_inside(gap):
    # 0.4 m wide: rounding on 400 m of edge is 1e-9 of its area and more.
    rows = overlap_rows(metres(gap, 0, 0.4, 400), metres(0, -50, 1000, 900))
    assert list(rows["relation"]) == ["inside"]


def test_zone_close_by_is_not_listed_as_touching():
    # Edges of 4 km, 0.3 mm apart on the plane, cut at different places: only touching zones are near without a buffer.
    rows = overlap_rows(metres(-100, 0, -3e-4, 4000), metres(0, -777, 1000, 5000))
    assert rows.empty


@pytest.mark.parametrize("inwards", [0.0, 2e-9])
def test_line_along_an_outline_is_not_inside(inwards):
    edge = metres(0, 0, 1000, 1000)
    x, y = np.asarray(metres(inwards, 100, 500, 700).exterior.coords).T
    line = shapely.LineString([(x.min(), y.min()), (x.min(), y.max())])
    rows = overlap_rows(line, edge)
    assert list(rows["relation"]) == ["near"]


def test_distance_follows_the_measuring_plane_to_the_millimetre():
    # On an edge of 5 km the two planes differ by half a metre in the middle.
    zone = shapely.box(117.40, 41.00, 117.46, 41.01)
    site = shapely.Point(117.43, 41.0105)
    rows = measure_overlaps(shaped_sites([site]), layer_set(zone_layer("zone", [zone], "区"))).clear
    found = float(rows.loc[rows["layer"] == "zone", "distance_m"].iloc[0])
    expected = geodesy.geodesic_distance_m(*(np.array([v]) for v in (117.43, 41.01, 117.43, 41.0105)))[0]
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("known", "expected"), [(False, 1000.0), (True, 500.0)])
def test_zone_that_only_opens_one_more_question_is_no_stricter_move(known, expected):
    # A site in a zone whose rule lacks `asked`; 500 m off a second zone asks the same, 1000 m off a third forbids.
    asks = {"attribute": "asked", "op": "true"}
    rules = [
        rule("Q-1", "here", "禁止", conditions=[asks]), rule("Q-2", "near", "禁止", conditions=[] if known else [asks]),
        rule("Q-3", "far", "禁止"),
    ]  # fmt: skip
    zones = [zone_layer(name, [metres(x, -50, x + 50, 50)]) for name, x in (("here", -40), ("near", 510), ("far", 1010))]
    used, subjects = layer_set(*zones), shaped_sites([metres(0, 0, 10, 10)])
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=100.0, length_m=0.0)
    facts = Facts.of(frame, pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"]))
    measured = measure_overlaps(subjects, used)
    said = judge(facts, measured, rules, layers=used, accuracy_m=np.zeros(1), tolerance_m=20.0, as_of=sites.DATES[2])
    row = said.verdicts.iloc[0]
    assert (row["verdict"], row["at_least"]) == ("资料不足", "未发现冲突")
    assert row["critical_distance_m"] == pytest.approx(expected, rel=1e-2)


def test_depth_of_a_line_is_found_to_a_decimetre():
    # 40 m of road whose middle lies deepest, 20.1 m behind the edge it came in by.
    zone, road = metres(0, -500, 1000, 500), metres(0, 0, 20.1, 10)
    x, y = np.asarray(road.exterior.coords).T
    line = shapely.LineString([(x.min(), y.min()), (x.max(), (y.min() + y.max()) / 2), (x.min(), y.max())])
    hits = measure_overlaps(shaped_sites([line]), layer_set(zone_layer("zone", [zone]))).hits
    assert float(hits.loc[hits["layer"] == "zone", "depth_m"].iloc[0]) == pytest.approx(20.1, abs=0.3)
