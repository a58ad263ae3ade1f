"""Ranges and ends by which numbers are known for what they are, each at its last value and just beyond (found by mutation testing)."""

import numpy as np
import pytest
import shapely

from cdgis.core.errors import CrsError
from cdgis.geometry.geodesy import from_lonlat
from cdgis.readers.crs import (
    NO_CRS,
    PlaneAxes,
    check_coordinates,
    describe,
    old_datum_found,
    plane_axes,
    plane_epsg,
    resolve_crs,
    wrong_zone,
)

CHENGDE_BOX = (115.9, 40.2, 119.3, 42.7)
"""Degrees: west, south, east, north."""
NORTH = 4_540_000.0
REMEDY = "请声明"


def axes(first, second):
    return plane_axes(np.array(first, dtype=float), np.array(second, dtype=float))


def bounds(epsg: int, lon: float, lat: float, size: float = 0.01) -> tuple[float, float, float, float]:
    low, high = (shapely.get_coordinates(from_lonlat([shapely.Point(lon + d, lat + d)], epsg))[0] for d in (0, size))
    return (*low, *high)


@pytest.mark.parametrize(
    ("east", "zone"),
    [(1e5, None), (9e5, None), (5e5, None), (13.1e6, 13), (39.5e6, 39), (45.9e6, 45)],
)
def test_an_easting_within_its_range_is_one_in_either_column(east: float, zone: int | None) -> None:
    assert axes([NORTH], [east]) == PlaneAxes(first_is_north=True, zone=zone)
    assert axes([east], [NORTH]) == PlaneAxes(first_is_north=False, zone=zone)


@pytest.mark.parametrize("east", [99_999, 900_001, 13_099_999, 45_900_001, 12.5e6, 46.5e6, -5e5, np.nan])
def test_an_easting_beyond_its_range_is_none_and_one_such_row_is_enough(east: float) -> None:
    assert axes([NORTH], [east]) is None
    assert axes([NORTH] * 2, [5e5, east]) is None and axes([NORTH] * 2, [39.5e6, east]) is None


@pytest.mark.parametrize(("north", "told"), [(3.3e5, True), (6.0e6, True), (329_999, False), (6_000_001, False)])
def test_a_northing_within_china_is_one(north: float, told: bool) -> None:
    assert (axes([north], [39.5e6]) is not None) is told
    assert (axes([north, NORTH], [39.5e6] * 2) is not None) is told


@pytest.mark.parametrize(("north", "told"), [(1e6, True), (999_999, False)])
def test_six_digits_in_both_columns_tell_nothing_without_a_prefix(north: float, told: bool) -> None:
    assert (axes([north], [5e5]) is not None) is told
    assert axes([NORTH, north], [5e5] * 2) == (PlaneAxes(first_is_north=True, zone=None) if told else None)


def test_two_prefixes_in_one_column_are_no_zone_and_a_swapped_pair_has_none() -> None:
    assert axes([NORTH] * 2, [39.5e6, 40.5e6]) is None
    assert plane_epsg(39.5e6, NORTH) == 4527 and plane_epsg(NORTH, 39.5e6) is None and plane_epsg(5e5, NORTH) is None


@pytest.mark.parametrize(
    ("box", "told"),
    [
        ((-180, -90, 180, 90), "看起来是经纬度，但不在中国范围内"), ((-180.5, 0, 0, 1), "其他坐标系"), ((0, 0, 180.5, 1), "其他坐标系"),
        ((0, -90.5, 1, 1), "其他坐标系"), ((0, 0, 1, 90.5), "其他坐标系"), ((117, 41, 118, 42), "看起来是经纬度"),
        ((41, 117, 42, 118), "看起来经纬度颠倒"), ((39.4e6, NORTH, 99e6, NORTH), "带号前缀的高斯-克吕格坐标（39带）"),
        ((1e6, NORTH, 39.4e6, NORTH), "带号前缀的高斯-克吕格坐标（39带）"), ((NORTH, 39.4e6, NORTH, 99e6), "横纵坐标颠倒"),
        ((NORTH, 1e6, NORTH, 39.4e6), "横纵坐标颠倒"), ((5e5, NORTH, 6e5, NORTH), "不带带号"),
    ],
)  # fmt: skip
def test_numbers_are_described_by_their_ranges(box: tuple[float, float, float, float], told: str) -> None:
    assert told in describe(box)
    assert ("不在中国" in describe(box)) == ("不在中国" in told)


def test_plane_numbers_under_another_zone_name_the_one_that_fits() -> None:
    right = bounds(4527, 117.9, 40.95)
    assert wrong_zone(right, 4527, CHENGDE_BOX) == "" and wrong_zone((0, 0, 1, 1), 4490, CHENGDE_BOX) == ""
    plain = bounds(4548, 117.9, 40.95)
    told = wrong_zone(plain, 4549, CHENGDE_BOX)  # 120°E instead of 117°E
    assert "EPSG:4548" in told and "带号可能写错" in told and told.count("才在本市") == 1
    assert told.count("EPSG:") == told.split("按 ")[2].count("EPSG:")


@pytest.mark.parametrize(
    ("lon", "lat", "near"),
    [(CHENGDE_BOX[0] - 1.4, 41, True), (CHENGDE_BOX[0] - 1.7, 41, False), (118, CHENGDE_BOX[3] + 1.4, True),
     (118, CHENGDE_BOX[3] + 1.7, False), (118, CHENGDE_BOX[1] - 1.4, True), (118, CHENGDE_BOX[1] - 1.7, False)],
)  # fmt: skip
def test_a_neighbouring_place_is_no_fault_and_a_far_one_is(lon: float, lat: float, near: bool) -> None:
    told = wrong_zone(bounds(4527, lon, lat), 4527, CHENGDE_BOX)
    assert (told == "") is near
    assert near or "不在附近" in told


def test_nothing_declared_and_nothing_stated_is_no_system() -> None:
    with pytest.raises(CrsError) as caught:
        resolve_crs("a.shp", declared="", stated="", remedy=REMEDY)
    assert caught.value.found == NO_CRS and caught.value.remedy == REMEDY
    with pytest.raises(CrsError) as caught:
        resolve_crs("a.shp", declared="", stated="不知道" * 40, remedy=REMEDY)
    assert caught.value.found == ("不知道" * 40)[:60]


@pytest.mark.parametrize(
    ("declared", "box", "epsg"),
    [
        ("2000国家大地坐标系", None, 4490), ("2000国家大地坐标系 39带", None, 4548), ("CGCS2000 中央子午线117", None, 4548),
        ("2000国家大地坐标系", (39.4e6, NORTH, 39.5e6, NORTH), 4527), ("2000国家大地坐标系", (NORTH, 39.4e6, NORTH, 39.5e6), 4490),
    ],
)  # fmt: skip
def test_a_mere_name_lets_the_words_and_the_prefix_tell_the_zone(declared: str, box: tuple[float, ...] | None, epsg: int) -> None:
    assert resolve_crs("a.txt", declared=declared, stated="", remedy=REMEDY, bounds=box) == epsg


def test_a_prefix_at_either_end_that_is_another_zone_is_a_contradiction() -> None:
    for box in ((39.4e6, NORTH, 40.4e6, NORTH), (40.4e6, NORTH, 39.4e6, NORTH)):
        with pytest.raises(CrsError, match="互相矛盾"):
            resolve_crs("a.txt", declared="2000国家大地坐标系 39带", stated="", remedy=REMEDY, bounds=box)


def test_the_prefix_of_plane_numbers_is_that_of_their_system() -> None:
    plain, prefixed = bounds(4548, 117.9, 40.95), bounds(4527, 117.9, 40.95)
    check_coordinates("a.shp", plain, 4548, remedy=REMEDY)
    check_coordinates("a.shp", prefixed, 4527, remedy=REMEDY)
    for box, epsg in ((plain, 4527), (prefixed, 4548), ((plain[0], plain[1], prefixed[2], plain[3]), 4527)):
        with pytest.raises(CrsError, match="坐标却在"):
            check_coordinates("a.shp", box, epsg, remedy=REMEDY)


@pytest.mark.parametrize(
    ("code", "datum"),
    [("4610", "西安"), ("2327", "西安"), ("2390", "西安"), ("4214", "北京"), ("2401", "北京"), ("2442", "北京"), ("21413", "北京"),
     ("21423", "北京"), ("21453", "北京"), ("21463", "北京"), ("21473", "北京"), ("21483", "北京")],
)  # fmt: skip
def test_the_first_and_last_code_of_every_old_datum_is_known_for_one(code: str, datum: str) -> None:
    with pytest.raises(CrsError) as caught:
        resolve_crs("a.shp", declared=f"EPSG:{code}", stated="", remedy=REMEDY)
    assert datum in caught.value.found and f"EPSG:{code}" in caught.value.found and "不能直接叠加" in caught.value.found


def test_an_old_datum_is_named_once_when_the_file_calls_it_so_too() -> None:
    title = old_datum_found("xian80", "x").partition("（")[0]
    assert old_datum_found("xian80", f" {title} ").startswith(f"{title}，")
    assert old_datum_found("xian80", "EPSG:2349").startswith(f"{title}（EPSG:2349）")

