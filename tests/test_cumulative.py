"""Sums per zone close by hand, and what nobody declared is counted, not taken for nothing."""

import math

import pandas as pd
import pytest
import shapely
from shapes import layer_set, metres, sites, zone_layer

from cdgis.judging.cumulative import load_resources, sum_up_caps
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects

ZONE = metres(0, 0, 1000, 1000)
EAST = metres(1000, 0, 2000, 1000)


def capped(layer, field, caps, geometries=(ZONE, EAST)):
    made = zone_layer(layer, geometries)
    made.zones[field] = caps
    return made


def summed(layers, geometries, attributes=()):
    subjects = sites(geometries)
    layers = layer_set(*layers)
    measured = measure_overlaps(subjects, layers)
    table = pd.DataFrame(attributes, columns=["subject_id", "attribute", "value"]).assign(unit="")
    return sum_up_caps(measured.overlaps, describe_subjects(subjects, measured), table, layers).to_dict("records")


def test_land_is_the_area_inside_each_zone_when_a_site_crosses_two():
    rows = summed([capped("land", "cap_ha", ["2", "4"])], [metres(900, 0, 1200, 100)])
    # 100 m x 100 m and 200 m x 100 m
    assert [row["declared"] for row in rows] == pytest.approx([1.0, 2.0], rel=1e-6)
    assert [row["share"] for row in rows] == pytest.approx([1 / 2, 2 / 4], rel=1e-6)
    assert {row["unit"] for row in rows} == {"ha"} and rows[0]["subject_ids"] == "S000"


def test_declared_amounts_add_up_and_missing_ones_are_counted():
    layer = capped("control", "cod_cap_t_per_yr", ["10", ""])
    squares = [metres(x, 10, x + 50, 60) for x in (0, 100, 200, 1500)]
    rows = summed([layer], squares, [("S000", "cod_t_per_yr", "1.5"), ("S001", "cod_t_per_yr", "2.5")])
    first, second = rows
    assert (first["declared"], first["share"]) == pytest.approx((1.5 + 2.5, 4.0 / 10))
    assert (first["subject_ids"], first["missing_ids"], first["missing_count"]) == ("S000;S001", "S002", 1)
    assert math.isnan(second["declared"]) and math.isnan(second["cap"]) and math.isnan(second["share"])
    assert second["missing_count"] == 1


def test_emissions_of_a_site_in_two_zones_count_whole_in_both():
    layer = capped("control", "cod_cap_t_per_yr", ["10", "10"])
    rows = summed([layer], [metres(900, 0, 1100, 100)], [("S000", "cod_t_per_yr", "4")])
    assert [row["declared"] for row in rows] == [4.0, 4.0]


def test_groundwater_counts_only_those_who_say_they_take_it():
    layer = capped("groundwater", "cap_10k_m3_per_yr", ["100", "100"])
    squares = [metres(x, 10, x + 50, 60) for x in (0, 100, 200)]
    given = [(s, "water_m3_per_yr", "50000") for s in ("S000", "S001", "S002")]
    given += [("S000", "takes_groundwater", "true"), ("S001", "takes_groundwater", "false")]
    (row,) = summed([layer], squares, given)
    assert row["declared"] == pytest.approx(50000 / 10000)
    assert (row["subject_ids"], row["missing_ids"]) == ("S000", "S002")


def test_a_point_takes_an_unknown_area_of_land_not_none():
    (row,) = summed([capped("land", "cap_ha", ["2", "4"])], [shapely.centroid(ZONE)])
    assert math.isnan(row["declared"]) and row["missing_ids"] == "S000"


def test_management_units_are_listed_without_caps_too():
    rows = summed([zone_layer("management_units", [ZONE], ids=["ZH1"])], [metres(0, 0, 100, 100)])
    assert {row["resource"] for row in rows} == {r.title for r in load_resources() if r.units}
    assert all(math.isnan(row["cap"]) for row in rows)


def test_zones_nobody_is_in_and_layers_without_caps_have_no_row():
    assert summed([zone_layer("wetlands", [ZONE])], [metres(0, 0, 100, 100)]) == []
    assert summed([capped("land", "cap_ha", ["2", "4"])], [metres(5000, 0, 5100, 100)]) == []
