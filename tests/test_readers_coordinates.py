"""Angles in every spelling, datum words, axis order and zone prefixes."""

import numpy as np
import pytest

from cdgis.core.errors import CrsError, ReaderError
from cdgis.readers.coordinates import datum_named, join_dms, looks_swapped, parse_angle, split_pair
from cdgis.readers.crs import check_coordinates, plane_axes, resolve_crs
from cdgis.readers.crs_words import zone_epsg

D117 = 117 + 56 / 60 + 34.8 / 3600

SPELLINGS = [
    "117°56′34.80″", "117°56'34.80\"", "117º56’34.80”", "117˚56ˊ34.80〃", "117度56分34.8秒", "E117度56分34.8秒",
    "东经117°56′34.8″", "117°56′34.8″E", "东经：117°56′34.8″", "117-56-34.8", "117:56:34.8", "117 56 34.8",
    "117° 56′ 34.8″", "１１７°５６′３４．８″", "117°56′34.8", "117d56m34.8s", "117°56''34.8''".replace("''34", "'34"),
    "117°56′34.8′′", "  117°56′34.80″ ",
]  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_degrees_minutes_seconds_are_read_in_every_spelling(text: str) -> None:
    assert parse_angle(text).degrees == pytest.approx(D117, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("117.943", 117.943), ("１１７．９４３", 117.943), ("117.943°E", 117.943), ("N40.97", 40.97), ("40°58.5′", 40.975),
     ("117°", 117.0), ("40度58分", 40 + 58 / 60), ("39501234.567", 39501234.567), ("W70°30′", -70.5)],
)  # fmt: skip
def test_decimals_and_partial_angles_are_read(text: str, degrees: float) -> None:
    assert parse_angle(text).degrees == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize(("text", "axis"), [("东经117.9", "lon"), ("N40.9", "lat"), ("40.9°N", "lat"), ("40.9", "")])
def test_hemisphere_words_tell_the_axis(text: str, axis: str) -> None:
    assert parse_angle(text).axis == axis


@pytest.mark.parametrize("text", ["待核实", "", "117°75′00″", "117°56′61.5″", "117.9.4", "117,9", "1e400x"])
def test_unreadable_angles_are_errors(text: str) -> None:
    with pytest.raises(ReaderError, match="坐标|越界"):
        parse_angle(text)


def test_sixty_seconds_of_rounding_are_carried_but_sixty_minutes_are_not() -> None:
    assert join_dms(40, 59, 60) == 41
    with pytest.raises(ReaderError, match="应小于 60"):
        join_dms(40, 60, 0)


@pytest.mark.parametrize("text", ["117.9,40.9", "117.9，40.9", "117.9 40.9", "117.9；40.9", "E117.9度、N40.9度"])
def test_pairs_are_split(text: str) -> None:
    first, second = split_pair(text)
    assert (parse_angle(first).degrees, parse_angle(second).degrees) == (117.9, 40.9)


def test_three_numbers_are_no_pair() -> None:
    with pytest.raises(ReaderError, match="不是一对坐标"):
        split_pair("117,40,5")


@pytest.mark.parametrize(
    ("text", "datum"),
    [("2000国家大地坐标系", "cgcs2000"), ("CGCS2000", "cgcs2000"), ("国家2000", "cgcs2000"), ("WGS-84", "wgs84"),
     ("GCJ-02", "gcj02"), ("高德", "gcj02"), ("百度坐标", "bd09"), ("BD-09", "bd09"), ("80西安坐标系", "xian80"),
     ("1980西安坐标系", "xian80"), ("Xian_1980", "xian80"), ("北京54坐标系", "beijing54"), ("1954北京坐标系", "beijing54"),
     ("", "undeclared"), ("独立坐标系", "unknown")],
)  # fmt: skip
def test_datum_words_are_understood(text: str, datum: str) -> None:
    assert datum_named(text) == datum


def test_axes_are_swapped_only_when_china_shows_it() -> None:
    assert looks_swapped(40.9, 117.9) and looks_swapped(26.9, 112.6)
    assert not looks_swapped(117.9, 40.9)
    assert not looks_swapped(30.0, 60.0)


@pytest.mark.parametrize(
    ("first", "second", "north_first", "zone"),
    [(4541000.0, 39501000.0, True, 39), (39501000.0, 4541000.0, False, 39), (4541000.0, 501000.0, True, None),
     (501000.0, 4541000.0, False, None), (4541000.0, 20501000.0, True, 20)],
)  # fmt: skip
def test_plane_axes_follow_from_the_size_of_the_numbers(
    first: float, second: float, north_first: bool, zone: int | None
) -> None:
    axes = plane_axes(np.array([first]), np.array([second]))
    assert axes is not None
    assert (axes.first_is_north, axes.zone) == (north_first, zone)


def test_plane_axes_stay_open_when_rows_disagree() -> None:
    assert plane_axes(np.array([4541000.0, 501000.0]), np.array([501000.0, 4541000.0])) is None
    assert plane_axes(np.array([1.0]), np.array([2.0])) is None


@pytest.mark.parametrize(
    ("zone", "prefixed", "epsg"),
    [(39, True, 4527), (39, False, 4548), (40, True, 4528), (40, False, 4549), (20, True, 4498), (20, False, 4509),
     (38, True, 4526), (25, True, 4513), (37, False, 4546), (13, True, 4491), (45, False, 4554), (24, True, None),
     (12, False, None), (46, True, None)],
)  # fmt: skip
def test_zone_numbers_give_the_epsg_code(zone: int, prefixed: bool, epsg: int | None) -> None:
    assert zone_epsg(zone, with_prefix=prefixed) == epsg


def test_a_declared_crs_wins_over_the_stated_one() -> None:
    assert resolve_crs("x", declared="4548", stated="EPSG:4490", remedy="") == 4548
    assert resolve_crs("x", declared="", stated="EPSG:4326", remedy="") == 4326
    assert resolve_crs("x", declared="2000国家大地坐标系", stated="", remedy="") == 4490


@pytest.mark.parametrize(
    ("stated", "match"),
    [("", "没有坐标系"), ("EPSG:3857", "EPSG:3857"), ("EPSG:2363", "西安80.*转换参数"), ("胡写", "胡写")],
)
def test_unusable_crs_is_refused_by_name(stated: str, match: str) -> None:
    with pytest.raises(CrsError, match=match):
        resolve_crs("x.shp", declared="", stated=stated, remedy="")


@pytest.mark.parametrize(
    ("bounds", "epsg", "match"),
    [((40.9, 117.8, 41.0, 117.9), 4490, "经纬度颠倒"), ((117.8, 40.9, 117.9, 41.0), 4527, "看起来是经纬度"),
     ((39.5e6, 4.5e6, 39.51e6, 4.51e6), 4490, "带号前缀"), ((5e5, 4.5e6, 5.1e5, 4.51e6), 4527, "不带带号"),
     ((39.5e6, 4.5e6, 39.51e6, 4.51e6), 4548, "带号前缀"), ((4.5e6, 39.5e6, 4.51e6, 39.51e6), 4527, "横纵坐标颠倒"),
     ((0.0, 0.0, 1.0, 1.0), 4490, "不在中国"), ((float("inf"), 0.0, 1.0, 1.0), 4490, "无穷大")],
)  # fmt: skip
def test_contradicting_coordinates_are_described(
    bounds: tuple[float, float, float, float], epsg: int, match: str
) -> None:
    with pytest.raises(CrsError, match=match):
        check_coordinates("x", bounds, epsg, remedy="")


def test_fitting_coordinates_pass() -> None:
    check_coordinates("x", (117.8, 40.9, 117.9, 41.0), 4490, remedy="")
    check_coordinates("x", (39.5e6, 4.5e6, 39.51e6, 4.51e6), 4527, remedy="")
