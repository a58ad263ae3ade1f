"""The coordinate system of given coordinates, declared or inferred, and whether the coordinates agree.

A CRS is declared (catalogue, sidecar, option) or stated by the file; it is never guessed. Numbers that cannot
belong to it, such as degrees under a Gauss-Krüger definition, are an error that says what they look like.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.errors import CrsError
from cdgis.core.safe_text import cleaned
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, PREFIX_M, ZONES, identify_crs, same_plane, same_zone
from cdgis.geometry.geodesy import to_lonlat
from cdgis.geometry.projection_faults import ONLY_A_NAME, described
from cdgis.readers.coordinates import CHINA_BOX, DATUM_TITLES, Box, Datum, datum_named, within
from cdgis.readers.crs_words import (
    OLD_DATUM_CODES,
    is_definition,
    meant,
    names_modern_datum,
    old_datum_of,
    zone_epsg,
    zone_example,
)
from cdgis.readers.intake import Remark, rejected
from cdgis.readers.web_mercator import REPROJECT_WEB, web_mercator_lonlat

GEOGRAPHIC = (4490, 4326)
NO_CRS = "没有坐标系"
EXPECTED = f"CGCS2000 经纬度（EPSG:4490）或 CGCS2000 高斯-克吕格（EPSG:{min(ZONES)}–{max(ZONES)}，3度带与6度带各带）"
WGS84_NOTE = "WGS84 经纬度，在本工具精度内按 CGCS2000（EPSG:4490）处理"
REPROJECT = "请在 GIS 软件中按它自己的参数转换（投影）到标准的 CGCS2000 带后提交；不要用 --crs 改写，位置会错"
LOCAL_PARAMETERS = "请先用当地转换参数（向自然资源主管部门申请）转为 CGCS2000 再提交；本工具不作零参数平移"

_DATUM_EPSG: dict[Datum, int] = {"cgcs2000": 4490, "wgs84": 4326}
_NORTHING_RANGE_M = (3.3e5, 6.0e6)
"""Gauss-Krüger northings between 3°N and 54°N."""
_NEARBY_DEG = 1.5
"""Half a zone: plane coordinates farther than this outside the place are in the wrong zone, not in the next city."""
_TOLD_NORTHING_M = 1e6
"""Below, a northing has six digits like an easting without prefix, and only a prefix tells them apart."""
_EASTING_RANGE_M = (1e5, 9e5)
"""Eastings, their zone prefix apart, within 400 km of the central meridian."""


def resolve_crs(source: str, *, declared: str, stated: str, remedy: str, bounds: Box | None = None) -> int:
    """Return the EPSG code to read `source` with: the declared one, else the one its file states.

    Parameters
    ----------
    declared : EPSG code, CRS definition, or the mere name of a datum. A name does not contradict the file's own
        projection on that datum, and lets the zone prefix of the numbers tell the zone.
    bounds : of the numbers, x = easting or longitude; their zone prefix is what the numbers say themselves.

    Raises
    ------
    CrsError : neither is given, it is none of KNOWN_EPSG, or what is declared, what the file states and the zone prefix
        of its numbers do not agree.
    """
    definition = declared or stated
    if not definition:
        raise CrsError(source, found=NO_CRS, expected=EXPECTED, remedy=remedy)
    if declared and names_modern_datum(declared):
        return _projection_of(source, declared, stated, bounds, remedy)
    epsg = identify_crs(f"EPSG:{definition.strip()}" if definition.strip().isdigit() else cleaned(definition))
    if epsg in KNOWN_EPSG and not _contradicts_itself(definition):
        _check_own(source, int(epsg), stated if declared else "")
        says = [("声明", int(epsg)), *((*_own_words(stated), *_like_words(stated)) if declared else ())]
        return agreed_zone(source, [*says, *_prefix_words(bounds)], remedy=remedy)
    raise _unknown(source, definition, None if epsg in KNOWN_EPSG else epsg, remedy)


def _unknown(source: str, definition: str, epsg: int | None, remedy: str) -> CrsError:
    """Return what to say of a coordinate system that is none of ours: which parameter differs, and what helps."""
    own = described(cleaned(definition)) if is_definition(definition) else None
    stated = next((datum for datum in OLD_DATUM_CODES if own and datum == own.old_datum), None)
    datum = old_datum_of(epsg) or (stated if own else datum_named(definition))
    found = f"EPSG:{epsg}" if epsg else own.name if own else _crs_name(definition)
    if datum in ("xian80", "beijing54"):
        return CrsError(source, found=old_datum_found(datum, found), expected=EXPECTED, remedy=LOCAL_PARAMETERS)
    if own is None:
        return CrsError(source, found=found, expected=EXPECTED, remedy=f"请转换为 CGCS2000 后重试；{remedy}")
    if own.faults == (ONLY_A_NAME,):
        remedy = f"请在 GIS 软件中定义坐标系（不是转换）；核实后也可用 --crs {zone_example()} 这样的代码写明"
        return CrsError(source, found=f"{found}：{ONLY_A_NAME}", expected=EXPECTED, remedy=remedy)
    if own.faults:
        return CrsError(source, found=f"{found}：{'；'.join(own.faults)}", expected=EXPECTED, remedy=REPROJECT)
    like = f"；如确是 CGCS2000，用 --crs EPSG:{own.like}（附表则用“坐标系”列）写明" if own.like else ""
    return CrsError(source, found=f"{found}：{own.about_datum}", expected=EXPECTED, remedy=f"请转换为 CGCS2000 后重试{like}")


def _check_own(source: str, declared: int, stated: str) -> None:
    """Refuse a declaration that contradicts what the file says of itself in parameters nobody may ignore."""
    own = described(cleaned(stated)) if stated and is_definition(stated) and declared in ZONES else None
    if own is None or not (own.old_datum or own.faults) or own.faults == (ONLY_A_NAME,):
        return
    old = next((DATUM_TITLES[datum] for datum in OLD_DATUM_CODES if datum == own.old_datum), "")
    remedy = LOCAL_PARAMETERS if old else REPROJECT
    said = old or "；".join(own.faults)
    raise CrsError(
        source, found=f"声明为 {KNOWN_EPSG[declared]}（EPSG:{declared}），文件自带的坐标系 {own.name} 却不是：{said}",
        expected="声明与文件自带的坐标系一致", remedy=f"{remedy}；确知文件自带的（.prj）写错的，删去它后再声明",
    )  # fmt: skip


def _contradicts_itself(definition: str) -> bool:
    """Return whether a definition that makes a zone of ours by its parameters bears the name of another."""
    own = described(cleaned(definition)) if "[" in definition else None
    return own is not None and bool(own.faults)


def old_datum_found(datum: Datum, stated: str) -> str:
    """Return the one wording for data on Xi'an 80 or Beijing 54: what was found and what was expected."""
    title = DATUM_TITLES[datum]
    named = title if stated.strip() == title else f"{title}（{stated.strip()}）"
    return f"{named}，应为 CGCS2000；两者相差可达百米，不能直接叠加"


def old_datum_refused(datum: Datum, stated: str) -> Remark:
    """Return the remark that sends a row on Xi'an 80 or Beijing 54 to quarantine."""
    reason = f"坐标系不符：{old_datum_found(datum, stated)}"
    return rejected(reason, field="坐标系", value=stated, remedy=LOCAL_PARAMETERS)


def agreed_zone(source: str, says: Sequence[tuple[str, int]], *, remedy: str) -> int:
    """Return the code of the first witness, after checking that none names another zone.

    Parameters
    ----------
    says : who says it (Chinese) and which known code; degrees contradict no zone, the numbers tell them from metres.

    Raises
    ------
    CrsError : two name different zones; the message says what each says.
    """
    zones = [(who, code) for who, code in says if code in ZONES]
    if any(not same_zone(zones[0][1], code) for _, code in zones[1:]):
        found = "，".join(f"{who}为 {KNOWN_EPSG[code]}（EPSG:{code}）" for who, code in zones)
        raise CrsError(source, found=f"{found}，互相矛盾", expected="声明、文件自带的坐标系和坐标前缀一致", remedy=remedy)
    return says[0][1]


def _own_words(stated: str) -> list[tuple[str, int]]:
    own = meant(stated)[1]
    return [("文件自带的坐标系", own)] if own is not None else []


def _like_words(stated: str) -> list[tuple[str, int]]:
    """Return the zone whose parameters a plane on another datum has (MapInfo writes CGCS2000 as WGS84): it may contradict, never place."""
    own = described(cleaned(stated)) if stated and is_definition(stated) and meant(stated)[1] is None else None
    return [("文件自带的坐标系", own.like)] if own is not None and own.like else []


def _prefix_words(bounds: Box | None) -> list[tuple[str, int]]:
    ends = () if bounds is None else ((bounds[0], bounds[1]), (bounds[2], bounds[3]))
    codes = dict.fromkeys(code for east_m, north_m in ends if (code := plane_epsg(east_m, north_m)) is not None)
    return [("坐标前缀", code) for code in codes]


def _projection_of(source: str, declared: str, stated: str, bounds: Box | None, remedy: str) -> int:
    """Return the code that a mere name leaves to others: the file's own projection, the numbers' prefix, a zone in words."""
    datum, zone = meant(declared)
    old = meant(stated)[0]
    if old in OLD_DATUM_CODES:
        raise CrsError(source, found=f"声明为 {declared}，文件自带的坐标系却是 {DATUM_TITLES[old]}",
                       expected="声明与文件自带的坐标系一致", remedy=LOCAL_PARAMETERS)  # fmt: skip
    witnesses = [*_own_words(stated), *_prefix_words(bounds), *([("声明", zone)] if zone is not None else [])]
    agreed_zone(source, [*witnesses, *_like_words(stated)], remedy=remedy) if witnesses else None
    return witnesses[0][1] if witnesses else _DATUM_EPSG[datum]


def _crs_name(definition: str) -> str:
    quoted = re.search(r'"([^"]+)"', definition)
    return quoted.group(1) if quoted else definition[:60]


def check_coordinates(source: str, bounds: Box, epsg: int, *, remedy: str) -> None:
    """Check that bounds (x min, y min, x max, y max; x = easting or longitude) can belong to `epsg`.

    Raises
    ------
    CrsError : they cannot; the message says what the numbers look like instead.
    """
    if not np.isfinite(bounds).all():
        raise CrsError(source, found="坐标含无穷大或空值", expected=KNOWN_EPSG[epsg], remedy=remedy)
    if epsg in GEOGRAPHIC:
        fits = within(CHINA_BOX, *bounds)
    else:
        lonlat = _lonlat_bounds(bounds, epsg)
        fits = _plane_fits(bounds, epsg) and bool(np.isfinite(lonlat).all()) and within(CHINA_BOX, *lonlat)
    if not fits:
        raise CrsError(
            source,
            found=f"标为 EPSG:{epsg}（{KNOWN_EPSG[epsg]}），坐标却在 {_spoken(bounds)}，{describe(bounds)}",
            expected="坐标与坐标系一致，且位于中国范围内",
            remedy=f"{REPROJECT_WEB}；是别的坐标系的，{remedy}" if web_mercator_lonlat(bounds) else remedy,
        )


def wrong_zone(bounds: Box, epsg: int, home: Box) -> str:
    """Return in Chinese that plane coordinates contradict the place `home` (degrees), else "".

    They do when they lie outside it but inside it under another zone, or farther from it than half a zone.
    """
    if epsg in GEOGRAPHIC or _touches(_lonlat_bounds(bounds, epsg), home):
        return ""
    fitting: list[int] = []
    for other in ZONES:
        # a 3-degree and a 6-degree zone on one meridian are the same plane: the first stands for both
        if _plane_fits(bounds, other) and not any(same_plane(other, code) for code in fitting):
            fitting += [other] if _touches(_lonlat_bounds(bounds, other), home) else []
    west, south, _, _ = place = _lonlat_bounds(bounds, epsg)
    reads = f"按 {KNOWN_EPSG[epsg]} 落在经度 {west:.3f}、纬度 {south:.3f}，不在本市"
    if fitting:
        listed = "、".join(f"{KNOWN_EPSG[code]}（EPSG:{code}）" for code in fitting)
        return f"{reads}；按 {listed} 才在本市，带号可能写错"
    wide = (home[0] - _NEARBY_DEG, home[1] - _NEARBY_DEG, home[2] + _NEARBY_DEG, home[3] + _NEARBY_DEG)
    if _touches(place, wide):
        return ""
    return f"{reads}（经度 {home[0]:g}～{home[2]:g}、纬度 {home[1]:g}～{home[3]:g}）也不在附近，带号或坐标系有误"


def _lonlat_bounds(bounds: Box, epsg: int) -> Box:
    corners = shapely.points([bounds[0], bounds[2]], [bounds[1], bounds[3]])
    west, south, east, north = (float(bound) for bound in shapely.total_bounds(to_lonlat(corners, epsg)))
    return west, south, east, north


def _touches(box: Box, home: Box) -> bool:
    return box[0] <= home[2] and home[0] <= box[2] and box[1] <= home[3] and home[1] <= box[3]


def _plane_fits(bounds: Box, epsg: int) -> bool:
    # far beyond the zone the inverse projection wraps around, and an easting runs over into the next prefix
    zone = ZONES[epsg]
    reach = _EASTING_RANGE_M if zone.with_prefix else (0.0, PREFIX_M)
    start = zone.number * PREFIX_M if zone.with_prefix else 0.0
    return reach[0] <= bounds[0] - start and bounds[2] - start <= reach[1]


def _spoken(bounds: Box) -> str:
    return f"x {bounds[0]:.6g}～{bounds[2]:.6g}、y {bounds[1]:.6g}～{bounds[3]:.6g}"


def describe(bounds: Box) -> str:
    """Return in Chinese what kind of coordinates the bounds look like."""
    x_min, y_min, x_max, y_max = bounds
    if within(CHINA_BOX, y_min, x_min, y_max, x_max):
        return "看起来经纬度颠倒"
    if within((-180, -90, 180, 90), *bounds):
        return "看起来是经纬度" + ("" if within(CHINA_BOX, *bounds) else "，但不在中国范围内")
    web = web_mercator_lonlat(bounds)
    as_web = f"看起来是网页墨卡托（EPSG:3857）坐标，合经度 {web[0]:.3f}、纬度 {web[1]:.3f}" if web else ""
    if code := plane_epsg(x_min, y_min) or plane_epsg(x_max, y_max):
        as_plane = f"看起来是带号前缀的高斯-克吕格坐标（{ZONES[code].number}带）"
        return f"{as_web}；也可能{as_plane.removeprefix('看起来')}" if web else as_plane
    if web:
        return as_web
    if code := plane_epsg(y_min, x_min) or plane_epsg(y_max, x_max):
        return f"看起来是横纵坐标颠倒、带号前缀的高斯-克吕格坐标（{ZONES[code].number}带）"
    return "看起来是不带带号的平面坐标或其他坐标系"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneAxes:
    """Which of two plane coordinate columns is which, and what zone the eastings carry."""

    first_is_north: bool
    zone: int | None
    """Zone number before the easting, or None when there is no prefix."""


def plane_axes(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> PlaneAxes | None:
    """Return the axis order of two plane coordinate columns, metres, or None when the numbers do not tell.

    A northing north of 9°N has 7 digits; an easting has 6, or 8 with its zone prefix: they cannot be confused.
    """
    for north, east, first_is_north in ((first, second, True), (second, first, False)):
        if not ((north >= _NORTHING_RANGE_M[0]) & (north <= _NORTHING_RANGE_M[1])).all():
            continue
        if (north >= _TOLD_NORTHING_M).all() and ((east >= _EASTING_RANGE_M[0]) & (east <= _EASTING_RANGE_M[1])).all():
            return PlaneAxes(first_is_north=first_is_north, zone=None)
        zones = np.unique(east // PREFIX_M)
        inside = (east % PREFIX_M >= _EASTING_RANGE_M[0]) & (east % PREFIX_M <= _EASTING_RANGE_M[1])
        if len(zones) == 1 and 13 <= zones[0] <= 45 and inside.all():
            return PlaneAxes(first_is_north=first_is_north, zone=int(zones[0]))
    return None


def plane_epsg(east_m: float, north_m: float) -> int | None:
    """Return the EPSG code that a prefixed easting implies, or None without prefix or outside the known zones."""
    axes = plane_axes(np.array([north_m]), np.array([east_m]))
    if axes is None or axes.zone is None or not axes.first_is_north:
        return None
    return zone_epsg(axes.zone, with_prefix=True)
