"""Ranges and ends by which numbers are known for what they are, each at its last value and just beyond (found by mutation testing)."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core.errors import CrsError
from cdgis.geometry.gauss_kruger import ZONES
from cdgis.geometry.geodesy import from_lonlat
from cdgis.readers.crs import (
    EXPECTED,
    LOCAL_PARAMETERS,
    NO_CRS,
    PlaneAxes,
    _plane_fits,
    _touches,
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



BOXES = st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(0, 3)] * 2).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@given(BOXES, BOXES)
def test_boxes_touch_where_they_share_a_point(one, other) -> None:
    assert _touches(one, other) is bool(shapely.intersects(shapely.box(*one), shapely.box(*other)))


XIAN80 = (
    'GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]]'
)


@pytest.mark.parametrize("stated", ["EPSG:4610", "2349", XIAN80])
def test_a_mere_name_does_not_overrule_a_file_on_an_old_datum(stated: str) -> None:
    with pytest.raises(CrsError) as caught:
        resolve_crs("a.shp", declared="2000国家大地坐标系", stated=stated, remedy=REMEDY)
    assert "文件自带的坐标系却是 西安80" in caught.value.found and caught.value.remedy == LOCAL_PARAMETERS


@pytest.mark.parametrize(("words", "title"), [("1980西安坐标系", "西安80"), ("北京54坐标系 39带", "北京54"), (XIAN80, "西安80")])
def test_an_old_datum_is_known_by_its_name_and_by_its_definition(words: str, title: str) -> None:
    for declared, stated in ((words, ""), ("", words)):
        with pytest.raises(CrsError) as caught:
            resolve_crs("a.shp", declared=declared, stated=stated, remedy=REMEDY)
        assert caught.value.found.startswith(title) and (caught.value.remedy, caught.value.expected) == (LOCAL_PARAMETERS, EXPECTED)


@pytest.mark.parametrize(
    ("stated", "found"), [('PROJCS["甲城坐标系",缺', "甲城坐标系"), ("地方坐标系" * 20, ("地方坐标系" * 20)[:60]), ("EPSG:32650", "EPSG:32650")]
)
def test_what_is_no_system_of_ours_is_called_by_its_own_name(stated: str, found: str) -> None:
    with pytest.raises(CrsError) as caught:
        resolve_crs("a.shp", declared="", stated=stated, remedy=REMEDY)
    assert caught.value.found.startswith(found)


@pytest.mark.parametrize(("box", "web"), [((13.12e6, 5.0e6, 13.13e6, 5.01e6), True), ((4.54e6, 5e5, 4.55e6, 6e5), False)])
def test_numbers_of_web_mercator_are_told_to_be_projected(box: tuple[float, ...], web: bool) -> None:
    with pytest.raises(CrsError) as caught:
        check_coordinates("a.shp", box, 4548, remedy=REMEDY)
    assert ("网页墨卡托" in caught.value.found) is web and (caught.value.remedy == REMEDY) is not web and caught.value.remedy.endswith(REMEDY)
    for wrong in (np.inf, np.nan):
        with pytest.raises(CrsError, match="无穷大或空值"):
            check_coordinates("a.shp", (wrong, *box[1:]), 4548, remedy=REMEDY)


def test_declared_and_stated_zones_agree_or_both_are_named() -> None:
    assert resolve_crs("a", declared="4548", stated="EPSG:4527", remedy="") == 4548  # one meridian, one plane
    assert resolve_crs("a", declared="EPSG:4490", stated="EPSG:4548", remedy="") == 4490
    assert resolve_crs("a", declared="", stated=" 4549 ", remedy="") == 4549
    with pytest.raises(CrsError) as caught:
        resolve_crs("a", declared="4548", stated="EPSG:4549", remedy=REMEDY)
    assert all(words in caught.value.found for words in ("声明为", "文件自带的坐标系为", "4548", "4549"))


@pytest.mark.parametrize("epsg", [4527, 4501, 4548, 4512])
def test_eastings_of_a_zone_with_prefix_keep_to_400_km_and_those_without_to_what_no_prefix_has(epsg: int) -> None:
    zone = ZONES[epsg]
    start, low, high = (zone.number * 1e6, 1e5, 9e5) if zone.with_prefix else (0.0, 0.0, 1e6)
    for west, east, fits in ((low, high, True), (low - 1, high, False), (low, high + 1, False), (low + 1, high - 1, True)):
        assert _plane_fits((start + west, NORTH, start + east, NORTH), epsg) is fits
