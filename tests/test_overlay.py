"""How subjects lie to zones: relations, distances, coverage and depth with figures one can work out by hand."""

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapes import CITY, from_metres, layer_set, metres, sites, square, zone_layer

from cdgis.core.vocabulary import Scope
from cdgis.geometry import geodesy
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects, other_areas

UNIT = square(117.0, 41.0, 0.1)
"""17 km of parallel to the north and south: edges long enough for the two planes to disagree by metres."""


def measure(geometries, *layers, city=CITY, **options):
    return measure_overlaps(sites(geometries), layer_set(*layers, city=city), **options)


def row(table, subject="S000", layer="a"):
    found = table[(table["subject_id"] == subject) & (table["layer"] == layer)]
    assert len(found) == 1
    return found.iloc[0]


def test_relation_is_inside_crosses_or_none():
    shapes = [metres(10, 10, 20, 20), metres(90, 40, 110, 60), metres(150, 0, 160, 10)]
    found = measure(shapes, zone_layer("a", [metres(0, 0, 100, 100)], "类"))
    assert row(found.overlaps)["relation"] == "inside" and row(found.overlaps)["share"] == 1
    half = row(found.overlaps, "S001")
    assert half["relation"] == "crosses"
    assert (half["area_m2"], half["share"]) == (pytest.approx(10 * 20), pytest.approx(0.5))
    away = row(found.clear, "S002")
    assert (away["nearest_zone_id"], away["distance_m"]) == ("a0", pytest.approx(50, rel=4e-3))
    assert set(found.clear["subject_id"]) == {"S002"} and "S002" not in set(found.overlaps["subject_id"])


def test_site_a_tenth_of_a_micrometre_over_the_edge_is_a_sliver_not_a_hit():
    over = metres(-50, 0, 1e-7, 50)
    found = measure([over], zone_layer("a", [metres(0, 0, 100, 100)]))
    sliver = row(found.overlaps)
    assert sliver["relation"] == "sliver" and 0 < sliver["area_m2"] < 1e-5
    assert found.slivers["a"].tolist() == [True] and found.hits.empty
    assert row(found.clear)["distance_m"] == 0


@pytest.mark.parametrize(
    "site",
    [
        square(117.1, 41.02, 0.01),
        square(117.04, 41.1, 0.01),  # in the middle of a long parallel, without a common vertex
        shapely.Point(117.05, 41.1),
        shapely.LineString([(117.05, 41.1), (117.05, 41.2)]),
        shapely.LineString([(117.02, 41.1), (117.03, 41.1)]),  # along the edge
    ],
)
def test_touching_is_near_with_distance_zero_and_stays_clear(site):
    found = measure([site], zone_layer("a", [UNIT]))
    touch = row(found.overlaps)
    assert (touch["relation"], touch["distance_m"], touch["share"], touch["area_m2"]) == ("near", 0, 0, 0)
    assert row(found.clear)["distance_m"] == 0 and found.hits.empty and not found.slivers["a"].any()


def test_near_zones_are_listed_within_reach_only():
    zones = zone_layer("a", [metres(0, 0, 10, 10), metres(100, 0, 110, 10), metres(300, 0, 310, 10)])
    found = measure([metres(20, 0, 30, 10)], zones, reach_m={"a": np.array([71.0])})
    assert found.overlaps[["zone_id", "relation"]].to_numpy().tolist() == [["a0", "near"], ["a1", "near"]]
    geod = pyproj.Geod(ellps="GRS80")
    west, east = from_metres(shapely.Point(10, 5)), from_metres(shapely.Point(20, 5))
    expected = geod.inv(west.x, west.y, east.x, east.y)[2]
    assert found.overlaps["distance_m"].iloc[0] == pytest.approx(expected, abs=1e-3)


def test_point_hits_a_zone_only_in_its_interior_and_counts_one():
    found = measure(
        [from_metres(shapely.Point(50, 50)), from_metres(shapely.Point(0, 50))],
        zone_layer("a", [metres(0, 0, 100, 100)]),
    )
    assert row(found.overlaps)["relation"] == "inside" and row(found.overlaps)["share"] == 1
    assert row(found.overlaps, "S001")["relation"] == "near"
    assert found.ledger[["inside", "outside", "total", "unit"]].to_numpy().tolist() == [[1, 0, 1, "count"], [0, 1, 1, "count"]]
    # 50 plane metres north are 50 / 1.0 ground metres at the standard parallel.
    assert found.hits["depth_m"].tolist() == [pytest.approx(50, rel=1e-2)]


@pytest.mark.parametrize(("reach", "relation"), [(0.09, "sliver"), (0.12, "crosses")])
def test_line_hits_a_zone_when_more_than_ten_centimetres_lie_inside(reach, relation):
    line = from_metres(shapely.LineString([(-50, 5), (reach, 5)]))
    found = measure([line], zone_layer("a", [metres(0, 0, 100, 100)]))
    assert row(found.overlaps)["relation"] == relation
    assert row(found.overlaps)["length_m"] == pytest.approx(reach, abs=1e-3)
    assert len(found.hits) == (relation == "crosses")


def test_line_inside_two_zones_shares_its_length_out():
    line = from_metres(shapely.LineString([(-100, 50), (200, 50)]))
    found = measure([line], zone_layer("a", [metres(0, 0, 100, 100), metres(100, 0, 150, 100)]))
    assert found.overlaps["share"].tolist() == [pytest.approx(1 / 3, rel=1e-6), pytest.approx(1 / 6, rel=1e-6)]
    ledger = row(found.ledger)
    assert ledger["inside"] == pytest.approx(ledger["total"] / 2, rel=1e-9) and ledger["unit"] == "m"
    # The farthest point inside the first zone is 50 m from its edge; sampled every 5 m.
    assert found.hits["depth_m"].to_numpy() == pytest.approx([50, 25], abs=3)


def test_line_and_point_zones_are_hit_by_polygons_around_them():
    river = zone_layer("river", [from_metres(shapely.LineString([(-50, 50), (150, 50)]))], kind="line")
    school = zone_layer("school", [from_metres(shapely.Point(70, 30)), from_metres(shapely.Point(130, 50))], kind="point")
    found = measure([metres(0, 0, 100, 100)], river, school)
    crossing = row(found.overlaps, layer="river")
    assert (crossing["relation"], crossing["area_m2"]) == ("crosses", 0)
    assert crossing["length_m"] == pytest.approx(100, rel=1e-2)
    assert row(found.overlaps, layer="school")["zone_id"] == "school0"
    depth = found.hits.set_index("layer")["depth_m"]
    # Lines are sampled every 5 m.
    assert depth["river"] == pytest.approx(50, abs=2.5) and depth["school"] == pytest.approx(30, rel=1e-2)


def test_layers_without_zones_are_clear_of_everything():
    found = measure([metres(0, 0, 10, 10)], zone_layer("a", []))
    clear = row(found.clear)
    assert clear["nearest_zone_id"] == "" and np.isnan(clear["distance_m"])
    assert row(found.ledger)["outside"] == pytest.approx(100)


def test_overlapping_zones_count_once_in_the_ledger_and_share_never_exceeds_one():
    zones = zone_layer("a", [metres(0, 0, 80, 100), metres(20, 0, 100, 100), metres(0, 0, 100, 100)])
    found = measure([metres(0, 0, 100, 100)], zones)
    assert found.overlaps["share"].tolist() == [pytest.approx(0.8), pytest.approx(0.8), 1]
    ledger = row(found.ledger)
    assert ledger["inside"] == pytest.approx(10_000) and ledger["outside"] == pytest.approx(0, abs=1e-6)


def test_zone_that_also_touches_elsewhere_is_measured_by_its_area_alone():
    # What they share is an area and, elsewhere, an edge.
    zone = from_metres(shapely.Polygon([(10, 0), (12, 0), (12, 12), (-5, 12), (-5, 8), (4, 8), (4, 10), (10, 10)]))
    found = measure([metres(0, 0, 10, 10)], zone_layer("a", [zone]))
    assert row(found.overlaps)["area_m2"] == pytest.approx(8)
    assert found.hits["depth_m"].tolist() == [pytest.approx(1, rel=2e-2)]


def test_subject_outside_the_coverage_is_uncovered_and_never_clear():
    city = metres(0, 0, 1000, 1000)
    shapes = [
        metres(2000, 0, 2100, 100),
        metres(-1, 0, 99, 100),  # 100 m² outside
        metres(-0.005, 0, 99.995, 100),  # 0.5 m² outside
        from_metres(shapely.Point(-1, 5)),
        from_metres(shapely.Point(0, 5)),
        from_metres(shapely.LineString([(-0.05, 5), (50, 5)])),
        from_metres(shapely.LineString([(-0.2, 5), (50, 5)])),
    ]
    found = measure(shapes, zone_layer("a", [metres(500, 500, 600, 600)]), city=city)
    assert found.uncovered["a"].tolist() == [True, True, False, True, False, False, True]
    assert set(found.clear["subject_id"]) == {"S002", "S004", "S005"}
    assert row(found.ledger, "S001")["uncovered"] == pytest.approx(100, rel=1e-6)


def test_line_on_the_border_of_two_zones_hits_neither_but_is_covered():
    border = from_metres(shapely.LineString([(100, 10), (100, 90)]))
    counties = zone_layer("counties", [metres(0, 0, 100, 100), metres(100, 0, 200, 100)])
    found = measure([border], counties, zone_layer("a", [metres(150, 0, 160, 10)], coverage="counties"))
    assert found.hits.empty and found.overlaps["relation"].tolist() == ["near", "near"]
    assert not found.uncovered["a"].any()


def test_line_that_retraces_its_course_is_inside_all_the_same():
    there_and_back = from_metres(shapely.LineString([(10, 10), (60, 10), (30, 10), (30, 40)]))
    found = measure([there_and_back], zone_layer("a", [metres(0, 0, 100, 100)]), city=metres(0, 0, 500, 500))
    assert (row(found.overlaps)["relation"], row(found.overlaps)["share"]) == ("inside", 1)
    assert row(found.ledger)["total"] == pytest.approx(80, rel=1e-2) and not found.uncovered["a"].any()


def test_line_without_length_is_measured_like_any_other():
    found = measure([shapely.LineString([(117.5, 41.4), (117.5, 41.4)])], zone_layer("a", [metres(-5, -5, 5, 5)]))
    assert row(found.ledger)["total"] == 0


@pytest.mark.parametrize(
    ("site", "depth"),
    [
        (metres(400, 400, 600, 600), 100),  # its own half-width: its edge is nearer than the zone's
        (metres(-100, 0, 30, 1000), 15),  # 30 m of it lie inside
        (metres(0, 0, 1000, 1000), 500),
    ],
)
def test_depth_is_the_radius_of_the_largest_disc_in_the_overlap(site, depth):
    found = measure([site], zone_layer("a", [metres(0, 0, 1000, 1000)]))
    # The plane stretches north against east by under 1 % away from the standard parallel.
    assert found.hits["depth_m"].tolist() == [pytest.approx(depth, rel=1e-2)]


def test_nearest_is_given_for_each_scope_asked():
    zones = zone_layer("a", [metres(0, 0, 10, 10), metres(100, 0, 110, 10)], ["甲", "乙"])
    scopes = (Scope("a", ("乙",)), Scope("a", (), ("a0",)), Scope("a", ("丙",)))
    found = measure([metres(20, 0, 30, 10)], zones)
    named = {scope: (found.nearest[scope].zone_id[0], found.nearest[scope].distance_m[0]) for scope in scopes}
    assert named[scopes[0]] == ("a1", pytest.approx(70, rel=1e-2))
    assert named[scopes[1]] == ("a0", pytest.approx(10, rel=1e-2))
    assert named[scopes[2]][0] == "" and np.isnan(named[scopes[2]][1])


def test_results_have_rows_for_no_subject_when_there_is_none():
    found = measure([], zone_layer("a", [metres(0, 0, 10, 10)]))
    assert found.overlaps.empty and found.ledger.empty and found.hits.empty


def test_describe_names_the_county_with_the_larger_share_and_every_unit():
    counties = zone_layer("counties", [metres(0, 0, 60, 100), metres(60, 0, 200, 100)], "县", ids=["1", "2"])
    units = zone_layer("management_units", [metres(0, 0, 90, 100), metres(90, 0, 200, 100)], ids=["Z1", "Z2"])
    subjects = sites([metres(40, 0, 100, 50), from_metres(shapely.LineString([(0, 5), (30, 5)]))])
    table = describe_subjects(subjects, measure_overlaps(subjects, layer_set(counties, units)))
    assert table["unit_code"].tolist() == ["Z1;Z2", "Z1"]
    assert table["county"].tolist() == ["名", "名"]
    assert table["area_m2"].tolist() == [pytest.approx(60 * 50), 0]
    assert table["length_m"].tolist() == [0, pytest.approx(30, rel=1e-3)]
    inside = shapely.Point(table["lon"].iloc[0], table["lat"].iloc[0])
    assert subjects.frame.geometry.iloc[0].contains(inside)


def test_other_areas_when_a_method_is_chosen():
    subjects = sites([square(116.2, 41.0), shapely.Point(117, 41)])
    assert other_areas(subjects, "survey").empty
    rows = other_areas(subjects, "gk117")
    expected = geodesy.gk117_area_m2(np.array([square(116.2, 41.0)]))[0]
    assert rows.to_dict("records") == [
        {"subject_id": "S000", "attribute": "area_gk117_m2", "value": f"{expected:.4f}", "unit": "m2"}
    ]
    assert isinstance(rows, pd.DataFrame)
