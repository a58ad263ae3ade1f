"""CGCS2000 Gauss-Krüger zones: numbers, meridians, EPSG codes, and which of them a CRS definition is.

EPSG 4491-4554 hold every zone of China: 6-degree zones 13-23 and 3-degree zones 25-45, each with the zone number before
the easting and without. A 3-degree and a 6-degree zone without prefix on one meridian are the same plane.
"""

import math
from dataclasses import dataclass

import pyproj

from cdgis.core.errors import CrsError

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257222101
"""CGCS2000 (GB 22021): GRS80's flattening."""
E2 = FLATTENING * (2 - FLATTENING)
GEOGRAPHIC_EPSG = 4490
PREFIX_M = 1e6
"""The zone number counts millions of metres before the easting."""
_FALSE_EASTING_M = 500_000.0
_SIX, _THREE = range(13, 24), range(25, 46)
_FIRST_CODE = {(6, True): 4491, (6, False): 4502, (3, True): 4513, (3, False): 4534}
"""Zone width and whether the number is before the easting -> EPSG code of the westernmost zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One Gauss-Krüger zone in one way of writing its eastings."""

    number: int
    """13-23: 6-degree zones; 25-45: 3-degree zones."""
    with_prefix: bool

    @property
    def width_deg(self) -> int:
        """Width of the zone, degrees."""
        return 6 if self.number in _SIX else 3

    @property
    def meridian_deg(self) -> int:
        """Central meridian, degrees east."""
        return self.number * 6 - 3 if self.width_deg == 6 else self.number * 3

    @property
    def epsg(self) -> int:
        """EPSG code."""
        first = _SIX.start if self.width_deg == 6 else _THREE.start
        return _FIRST_CODE[self.width_deg, self.with_prefix] + self.number - first

    @property
    def false_easting_m(self) -> float:
        """Easting of the central meridian, metres."""
        return _FALSE_EASTING_M + (self.number * PREFIX_M if self.with_prefix else 0.0)

    @property
    def title(self) -> str:
        """Chinese name."""
        if self.with_prefix:
            return f"CGCS2000 {self.width_deg}度带{self.number}带（带号前缀）"
        return f"CGCS2000 {self.width_deg}度带 中央经线{self.meridian_deg}°"


ZONES: dict[int, Zone] = {
    zone.epsg: zone
    for numbers in (_THREE, _SIX)
    for with_prefix in (True, False)
    for zone in (Zone(number=number, with_prefix=with_prefix) for number in numbers)
}
"""EPSG code -> zone, 3-degree zones first."""

KNOWN_EPSG: dict[int, str] = {
    4490: "CGCS2000 经纬度",
    4326: "WGS84 经纬度（与 CGCS2000 在本工具精度内等同）",
    **{code: zone.title for code, zone in ZONES.items()},
}
"""Coordinate systems vector files may have: EPSG code -> Chinese name."""


def same_plane(a: int, b: int) -> bool:
    """Return whether two known codes stand for one and the same plane or datum: numbers mean the same place in both."""
    if a == b or {a, b} <= {4490, 4326}:
        return True
    if a not in ZONES or b not in ZONES or ZONES[a].with_prefix or ZONES[b].with_prefix:
        return False
    return ZONES[a].meridian_deg == ZONES[b].meridian_deg


def same_zone(a: int, b: int) -> bool:
    """Return whether two known codes agree on place: one plane, or one zone written with its number and without."""
    if same_plane(a, b):
        return True
    if a not in ZONES or b not in ZONES or ZONES[a].meridian_deg != ZONES[b].meridian_deg:
        return False
    # two numbers of two widths on one meridian are two ways of counting that contradict each other
    return ZONES[a].number == ZONES[b].number or not (ZONES[a].with_prefix and ZONES[b].with_prefix)


def gauss_kruger_epsg(*, zone_width_deg: int, central_meridian_deg: float, with_prefix: bool) -> int:
    """Return the EPSG code of a CGCS2000 Gauss-Krüger zone.

    Raises
    ------
    CrsError : no such zone in China (3-degree zones 25-45, 6-degree zones 13-23).
    """
    for code, zone in ZONES.items():
        if (zone.width_deg, zone.meridian_deg, zone.with_prefix) == (zone_width_deg, central_meridian_deg, with_prefix):
            return code
    raise CrsError(
        "投影参数", found=f"{zone_width_deg}度带，中央经线{central_meridian_deg:g}°",
        expected="3度带 25–45 带（中央经线 75°–135°，每 3°）或 6度带 13–23 带（75°–135°，每 6°）", remedy="核对带号与分带方式",
    )  # fmt: skip


def identify_crs(definition: str) -> int | None:
    """Return the EPSG code that a WKT, ``EPSG:n`` or PROJ text stands for, or None if it is not recognised.

    ESRI's CGCS2000 definitions carry no EPSG code, so the parameters decide: ellipsoid, central meridian
    and false easting. Xi'an 80 and Beijing 54 come back under their own codes, which are not in KNOWN_EPSG.
    """
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except pyproj.exceptions.CRSError:
        return None
    code = crs.to_epsg(min_confidence=70)
    if code is not None and code not in KNOWN_EPSG and not _is_cgcs2000(crs):
        return int(code)
    if code not in KNOWN_EPSG and not _is_cgcs2000(crs):
        return None
    # neither a name nor a code outweighs the definition's own parameters
    if crs.geodetic_crs is None or not _counts_plainly(crs.geodetic_crs):
        return None
    if crs.is_geographic:
        return int(code) if code in KNOWN_EPSG else GEOGRAPHIC_EPSG
    zone = _zone_of(crs)
    if code not in KNOWN_EPSG or zone is None:
        return zone
    return int(code) if same_plane(zone, int(code)) else None


def _counts_plainly(crs: pyproj.CRS) -> bool:
    """Return whether degrees are counted from Greenwich on CGCS2000's ellipsoid (or WGS84's, its like)."""
    shape, meridian = crs.ellipsoid, crs.prime_meridian
    if shape is None or meridian is None or meridian.longitude != 0:
        return False
    degrees = all(math.isclose(axis.unit_conversion_factor, math.radians(1), rel_tol=1e-9) for axis in crs.axis_info[:2])
    large = math.isclose(shape.semi_major_metre, SEMI_MAJOR_M, rel_tol=1e-9)
    return degrees and large and math.isclose(shape.inverse_flattening, 1 / FLATTENING, rel_tol=1e-7)


def _is_cgcs2000(crs: pyproj.CRS) -> bool:
    name = f"{crs.datum.name if crs.datum else ''} {crs.name}".lower().replace(" ", "_")
    return any(word in name for word in ("china_2000", "cgcs2000", "cgcs_2000", "china_geodetic"))


def _zone_of(crs: pyproj.CRS) -> int | None:
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {p.name.lower(): float(p.value) for p in operation.params}
    easting, meridian = values.get("false easting", 0.0), values.get("longitude of natural origin", 0.0)
    plain = values.get("scale factor at natural origin", 1.0) == 1.0 and values.get("false northing", 0.0) == 0.0
    plain &= values.get("latitude of natural origin", 0.0) == 0.0
    metres = all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info)
    if not (plain and metres):
        return None
    return next((code for code, zone in ZONES.items() if (zone.false_easting_m, zone.meridian_deg) == (easting, meridian)), None)
