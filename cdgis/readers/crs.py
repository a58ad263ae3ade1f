"""The coordinate system of given coordinates, declared or inferred, and whether the coordinates agree.

A CRS is declared (catalogue, sidecar, option) or stated by the file; it is never guessed. Numbers that cannot
belong to it, such as degrees under a Gauss-Krüger definition, are an error that says what they look like.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.safe_text import cleaned
from cdgis.errors import CrsError
from cdgis.geometry.geodesy import KNOWN_EPSG, gauss_kruger_epsg, identify_crs, to_lonlat
from cdgis.readers.coordinates import CHENGDE_BOX, CHINA_BOX, DATUM_TITLES, Box, Datum, datum_named, within
from cdgis.readers.intake import Remark, rejected

GEOGRAPHIC = (4490, 4326)
NO_CRS = "没有坐标系"
EXPECTED = "CGCS2000 经纬度（EPSG:4490）或 CGCS2000 高斯-克吕格（EPSG:" + "、".join(
    str(code) for code in KNOWN_EPSG if code not in GEOGRAPHIC
) + "）"  # fmt: skip
WGS84_NOTE = "WGS84 经纬度，在本工具精度内按 CGCS2000（EPSG:4490）处理"
LOCAL_PARAMETERS = "请先用当地转换参数（向自然资源主管部门申请）转为 CGCS2000 再提交；本工具不作零参数平移"

_OLD_DATUM_CODES: dict[Datum, tuple[int, ...]] = {
    "xian80": (4610, *range(2327, 2391)),
    "beijing54": (4214, *range(2401, 2443), *range(21413, 21424), *range(21453, 21464), *range(21473, 21484)),
}
"""EPSG codes of the geographic CRS and the Gauss-Krüger zones on each old datum."""
_DATUM_EPSG: dict[Datum, int] = {"cgcs2000": 4490, "wgs84": 4326}
_NAMED_ZONE = re.compile(r"zone[_ ]*(\d{2})|(\d{2})\s*带|cm[_ ]*(\d{3})|中央(?:子午线|经线)\D*(\d{3})", re.IGNORECASE)
_PREFIX_ZONE_M = 1e6
_NORTHING_RANGE_M = (3.3e5, 6.0e6)
"""Gauss-Krüger northings between 3°N and 54°N."""
_EASTING_RANGE_M = (1e5, 9e5)
"""Eastings without zone prefix within 400 km of the central meridian."""


def resolve_crs(source: str, *, declared: str, stated: str, remedy: str, bounds: Box | None = None) -> int:
    """Return the EPSG code to read `source` with: the declared one, else the one its file states.

    Parameters
    ----------
    declared : EPSG code, CRS definition, or the mere name of a datum. A name does not contradict the file's own
        projection on that datum, and lets the zone prefix of the numbers tell the zone.
    bounds : of the numbers, x = easting or longitude; looked at only when a mere name was declared.

    Raises
    ------
    CrsError : neither is given, or it is not one of geodesy.KNOWN_EPSG.
    """
    definition = declared or stated
    if not definition:
        raise CrsError(source, found=NO_CRS, expected=EXPECTED, remedy=remedy)
    if declared and names_modern_datum(declared):
        return _projection_of(declared, stated, bounds)
    epsg = identify_crs(f"EPSG:{definition.strip()}" if definition.strip().isdigit() else cleaned(definition))
    if epsg in KNOWN_EPSG:
        return int(epsg)
    datum = _old_datum(epsg) or datum_named(definition)
    found = f"EPSG:{epsg}" if epsg else _crs_name(definition)
    if datum in ("xian80", "beijing54"):
        raise CrsError(source, found=old_datum_found(datum, found), expected=EXPECTED, remedy=LOCAL_PARAMETERS)
    raise CrsError(source, found=found, expected=EXPECTED, remedy=f"请转换为 CGCS2000 后重试；{remedy}")


def old_datum_found(datum: Datum, stated: str) -> str:
    """Return the one wording for data on Xi'an 80 or Beijing 54: what was found and what was expected."""
    title = DATUM_TITLES[datum]
    named = title if stated.strip() == title else f"{title}（{stated.strip()}）"
    return f"{named}，应为 CGCS2000；两者相差可达百米，不能直接叠加"


def old_datum_refused(datum: Datum, stated: str) -> Remark:
    """Return the remark that sends a row on Xi'an 80 or Beijing 54 to quarantine."""
    reason = f"坐标系不符：{old_datum_found(datum, stated)}"
    return rejected(reason, field="坐标系", value=stated, remedy=LOCAL_PARAMETERS)


def names_modern_datum(declared: str) -> bool:
    """Return whether a declaration is a mere datum name such as 2000国家大地坐标系, without a code or definition."""
    word = declared.strip()
    is_definition = word.isdigit() or bool(re.search(r"[:\[+]", word))
    return not is_definition and datum_named(word) in _DATUM_EPSG


def _projection_of(declared: str, stated: str, bounds: Box | None) -> int:
    datum = datum_named(declared)
    own = identify_crs(stated) if stated else None
    if own in KNOWN_EPSG:
        return int(own)
    named = _NAMED_ZONE.search(declared)
    prefixed = plane_epsg(bounds[0], bounds[1]) if bounds is not None else None
    if named is not None and prefixed is None:
        zone, zone_word, meridian, meridian_word = named.groups()
        number = int(zone or zone_word or 0) or round(int(meridian or meridian_word) / 3)
        # a zone named in words says nothing about a prefix, and these numbers bear none
        return zone_epsg(number, with_prefix=False) or _DATUM_EPSG[datum]
    return prefixed or _DATUM_EPSG[datum]


def _old_datum(epsg: int | None) -> Datum | None:
    return next((datum for datum, codes in _OLD_DATUM_CODES.items() if epsg in codes), None)


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
            remedy=remedy,
        )


def wrong_zone(bounds: Box, epsg: int, home: Box) -> str:
    """Return in Chinese that plane coordinates lie in `home` (degrees) only under another zone, else ""."""
    if epsg in GEOGRAPHIC or _touches(_lonlat_bounds(bounds, epsg), home):
        return ""
    places = {
        other: _lonlat_bounds(bounds, other)
        for other in KNOWN_EPSG
        if other not in GEOGRAPHIC and _plane_fits(bounds, other)
    }
    # a 3-degree and a 6-degree zone on one meridian are the same plane: the first stands for both
    fitting_at = {place: code for code, place in reversed(places.items()) if _touches(place, home)}
    if not fitting_at:
        return ""
    west, south, _, _ = _lonlat_bounds(bounds, epsg)
    fitting = "、".join(f"{KNOWN_EPSG[code]}（EPSG:{code}）" for code in sorted(fitting_at.values()))
    return f"按 {KNOWN_EPSG[epsg]} 落在经度 {west:.3f}、纬度 {south:.3f}，不在本市；按 {fitting} 才在本市，带号可能写错"


def _lonlat_bounds(bounds: Box, epsg: int) -> Box:
    corners = shapely.points([bounds[0], bounds[2]], [bounds[1], bounds[3]])
    west, south, east, north = (float(bound) for bound in shapely.total_bounds(to_lonlat(corners, epsg)))
    return west, south, east, north


def _touches(box: Box, home: Box) -> bool:
    return box[0] <= home[2] and home[0] <= box[2] and box[1] <= home[3] and home[1] <= box[3]


def _plane_fits(bounds: Box, epsg: int) -> bool:
    prefixed = epsg in (4526, 4527, 4528, 4498)
    has_prefix = bounds[0] >= 10 * _PREFIX_ZONE_M
    # far beyond the zone the inverse projection wraps around and may come back to China
    return prefixed == has_prefix and bounds[2] - bounds[0] < _PREFIX_ZONE_M and bounds[3] - bounds[1] < _PREFIX_ZONE_M


def _spoken(bounds: Box) -> str:
    return f"x {bounds[0]:.6g}～{bounds[2]:.6g}、y {bounds[1]:.6g}～{bounds[3]:.6g}"


def describe(bounds: Box) -> str:
    """Return in Chinese what kind of coordinates the bounds look like."""
    x_min, y_min, x_max, y_max = bounds
    if within(CHENGDE_BOX, y_min, x_min, y_max, x_max):
        return "看起来经纬度颠倒"
    if within((-180, -90, 180, 90), *bounds):
        return "看起来是经纬度" + ("" if within(CHINA_BOX, *bounds) else "，但不在中国范围内")
    if plane_epsg(x_min, y_min) or plane_epsg(x_max, y_max):
        return "看起来是带号前缀的高斯-克吕格坐标"
    if plane_epsg(y_min, x_min) or plane_epsg(y_max, x_max):
        return "看起来是横纵坐标颠倒、带号前缀的高斯-克吕格坐标"
    return "看起来是不带带号的平面坐标或其他坐标系"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneAxes:
    """Which of two plane coordinate columns is which, and what zone the eastings carry."""

    first_is_north: bool
    zone: int | None
    """Zone number before the easting, or None when there is no prefix."""


def plane_axes(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> PlaneAxes | None:
    """Return the axis order of two plane coordinate columns, metres, or None when the numbers do not tell.

    A northing in China has 7 digits; an easting has 6, or 8 with its zone prefix: they cannot be confused.
    """
    for north, east, first_is_north in ((first, second, True), (second, first, False)):
        if not ((north >= 1e6) & (north <= _NORTHING_RANGE_M[1])).all():
            continue
        if ((east >= _EASTING_RANGE_M[0]) & (east <= _EASTING_RANGE_M[1])).all():
            return PlaneAxes(first_is_north=first_is_north, zone=None)
        zones = np.unique(east // _PREFIX_ZONE_M)
        if len(zones) == 1 and 13 <= zones[0] <= 45:
            return PlaneAxes(first_is_north=first_is_north, zone=int(zones[0]))
    return None


def plane_epsg(east_m: float, north_m: float) -> int | None:
    """Return the EPSG code that a prefixed easting implies, or None without prefix or outside the known zones."""
    axes = plane_axes(np.array([north_m]), np.array([east_m]))
    if axes is None or axes.zone is None or not axes.first_is_north:
        return None
    return zone_epsg(axes.zone, with_prefix=True)


def zone_epsg(zone: int, *, with_prefix: bool) -> int | None:
    """Return the CGCS2000 code of zone number `zone` (13–23 are 6° zones, 24–45 are 3° zones), or None if unknown."""
    width = 6 if zone <= 23 else 3
    meridian = zone * 6 - 3 if width == 6 else zone * 3
    try:
        return gauss_kruger_epsg(zone_width_deg=width, central_meridian_deg=meridian, with_prefix=with_prefix)
    except CrsError:
        return None
