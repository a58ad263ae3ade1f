"""What keeps the definition of a coordinate system from being a CGCS2000 Gauss-Krüger zone: which parameter, in Chinese."""

import re
from dataclasses import dataclass

import pyproj

from cdgis.geometry.gauss_kruger import FLATTENING, SEMI_MAJOR_M, ZONES

ONLY_A_NAME = "只有名称（LOCAL_CS），没有基准和投影参数"
"""The fault of a definition that defines nothing."""
_NAMED_MERIDIAN = re.compile(r"CM[_ ]*(\d{2,3}(?:\.\d+)?)", re.IGNORECASE)
_OLD_ELLIPSOIDS = {("IAG", "1975"): "xian80", ("KRASS",): "beijing54"}
_OLD_DATUMS = {"xian80": ("xian_1980", "xian 1980", "西安"), "beijing54": ("beijing_1954", "beijing 1954", "北京")}
_METHODS = {
    "Popular Visualisation Pseudo Mercator": "网络地图墨卡托（Web Mercator）", "Mercator": "墨卡托", "Albers Equal Area": "阿尔伯斯等积圆锥",
    "Lambert Conic Conformal": "兰勃特等角圆锥", "Lambert Azimuthal Equal Area": "兰勃特等积方位",
}  # fmt: skip
"""How methods that are met in files are called, by the start of their name at EPSG."""
_SHARED_DATUMS = ("china_2000", "china 2000", "cgcs2000", "cgcs_2000", "china_geodetic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A coordinate system as its own parameters describe it."""

    name: str
    faults: tuple[str, ...]
    """Parameters that no zone has; a position read without regard to them would be wrong."""
    about_datum: str = ""
    """What it says of its datum when that is not CGCS2000; "" when it is."""
    old_datum: str = ""
    """xian80 or beijing54 when it is on one of them."""
    like: int | None = None
    """EPSG code of the zone that has the same parameters, whatever the datum is called."""


def described(definition: str) -> Definition | None:
    """Return what a WKT, PROJ text or code says about itself; None when it is no definition at all."""
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except pyproj.exceptions.CRSError:
        return None
    given = re.search(r'"([^"]+)"', definition)
    name = given.group(1) if given else crs.name
    if crs.geodetic_crs is None:
        return Definition(name=name, faults=(ONLY_A_NAME,))
    about, old = _datum(crs)
    if crs.is_geographic:
        return Definition(name=name, faults=_angle_faults(crs), about_datum=about, old_datum=old)
    faults, like = _plane(crs, name)
    return Definition(name=name, faults=(*_angle_faults(crs.geodetic_crs), *faults), about_datum=about, old_datum=old, like=like)


def _datum(crs: pyproj.CRS) -> tuple[str, str]:
    datum = crs.datum.name if crs.datum else "未写明"
    words = f"{datum} {crs.geodetic_crs.name if crs.geodetic_crs else ''}".lower()
    old = next((key for key, names in _OLD_DATUMS.items() if any(name in words for name in names)), "")
    shape = crs.ellipsoid
    if shape is not None and not old:
        title = shape.name.upper()
        old = next((key for parts, key in _OLD_ELLIPSOIDS.items() if all(part in title for part in parts)), "")
    known = any(name in words for name in _SHARED_DATUMS)
    ellipsoid = f"（椭球 {shape.name}）" if shape is not None else ""
    title = {"unknown": "未写明的", "World Geodetic System 1984": "WGS84"}.get(datum, datum)
    return "" if known else f"基准是{title}{ellipsoid}", old


def _angle_faults(crs: pyproj.CRS) -> tuple[str, ...]:
    faults: list[str] = []
    shape, meridian = crs.ellipsoid, crs.prime_meridian
    if shape is not None and abs(shape.semi_major_metre - SEMI_MAJOR_M) > 1e-3:
        faults.append(f"椭球长半轴 {shape.semi_major_metre:.10g} 米，应为 {SEMI_MAJOR_M:.10g}")
    elif shape is not None and abs(shape.inverse_flattening * FLATTENING - 1) > 1e-7:
        faults.append(f"椭球扁率倒数 {shape.inverse_flattening:.12g}，应为 {1 / FLATTENING:.9f}")
    if meridian is not None and meridian.longitude:
        faults.append(f"起始经线 {meridian.longitude:.10g}，应为格林尼治 0")
    return tuple(faults)


def _plane(crs: pyproj.CRS, name: str) -> tuple[tuple[str, ...], int | None]:
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        method = operation.method_name if operation else "未写明"
        called = next((title for start, title in _METHODS.items() if method.startswith(start)), method)
        return (f"投影方法是 {called}，应为高斯-克吕格（横轴墨卡托）",), None
    values = {p.name.lower(): float(p.value) for p in operation.params}
    meridian, easting = values.get("longitude of natural origin", 0.0), values.get("false easting", 0.0)
    like = next((code for code, zone in ZONES.items() if (zone.meridian_deg, zone.false_easting_m) == (meridian, easting)), None)
    faults: list[str] = []
    unit_m = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    named = _NAMED_MERIDIAN.search(name)
    if named and float(named.group(1)) != meridian:
        faults.append(f"名称写中央经线 {named.group(1)}°，参数写 {meridian:.10g}°")
    elif meridian not in {zone.meridian_deg for zone in ZONES.values()}:
        faults.append(f"中央经线 {meridian:.10g}°，不是 3度带或 6度带的中央经线")
    if unit_m != 1.0:
        faults.append(f"长度单位是 {unit_m:.10g} 米，应为 1 米")
    elif easting not in {zone.false_easting_m for zone in ZONES.values() if zone.meridian_deg == meridian} | {500_000.0}:
        faults.append(f"东偏（False_Easting）{easting:.10g}，应为 500000 或带号加 500000")
    wanted = {"false northing": ("北偏（False_Northing）", 0.0), "scale factor at natural origin": ("比例因子", 1.0),
              "latitude of natural origin": ("起始纬度", 0.0)}  # fmt: skip
    faults += [f"{title} {values[key]:.10g}，应为 {right:g}" for key, (title, right) in wanted.items() if values.get(key, right) != right]
    return tuple(faults), None if faults else like
