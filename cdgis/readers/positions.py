"""The place of one table row, in whichever columns and spelling its coordinates come."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import in_words
from cdgis.core.errors import CrsError, ReaderError
from cdgis.readers.attribute_columns import is_missing
from cdgis.readers.coordinates import (
    CHINA_BOX,
    Angle,
    Box,
    Datum,
    datum_named,
    join_dms,
    looks_swapped,
    parse_angle,
    split_pair,
    step_of,
    within,
)
from cdgis.readers.crs import GEOGRAPHIC, old_datum_refused, plane_axes, resolve_crs
from cdgis.readers.crs_words import ONE_STATEMENT, disagreement, meant, names_modern_datum, zone_epsg, zone_example
from cdgis.readers.headers import Columns
from cdgis.readers.intake import Remark, is_quarantined, noted, rejected, repaired
from cdgis.readers.packed_angles import converted, suspected
from cdgis.readers.records import crs_remedy

DATUM_REMEDY = "在表中加“坐标系”列，写 CGCS2000、WGS84、GCJ-02 或 BD-09"
TURNED, TURNED_DEGREES = "横纵坐标颠倒，已对调", "经纬度颠倒，已对调"
_POSITION_REMEDY = "补上经度、纬度（如 117.9430、40.9750 或 117°56′34.8″）"
_LARGEST_ANGLE_DEG = 1000.0
"""Numbers above this are metres, not degrees."""
_LONLAT = 4490
COARSE_REMEDY = "请给出小数后 5 位以上的度，或到秒的度分秒"
_COARSE_DEG = 0.9e-2
"""Degrees written to hundredths or minutes are rounded; to thousandths, spreadsheets may have dropped zeros."""
_DEGREE_M = 111_320.0
"""Length of a degree of latitude, metres."""
_EPSG_CODE = re.compile(r"(?:epsg:)?\d{4,6}$", re.IGNORECASE)
_SRID = re.compile(r"\s*SRID\s*=\s*(\d{1,6})\s*;", re.IGNORECASE)
_HEX_WKB = re.compile(r"0[01][0-9a-f]{16,}$", re.IGNORECASE)
_SHIFTED: tuple[Datum, ...] = ("gcj02", "bd09")
_DEEPEST_WKT = 8
"""GEOS parses nested collections by recursion, so their number is bounded first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a row says about its place, not yet converted."""

    shape: BaseGeometry | None
    """As written, x = longitude or easting; None when the row is quarantined."""
    epsg: int = _LONLAT
    datum: Datum = "undeclared"
    remarks: tuple[Remark, ...] = ()
    coarse_m: float = 0.0
    """How far the place may be off because its degrees were written with so few digits; 0 when with enough."""

    @property
    def is_angle(self) -> bool:
        """Whether it is a point in degrees, which alone can prove an undeclared GCJ-02 or BD-09 shift."""
        return self.shape is not None and self.epsg == _LONLAT and self.shape.geom_type == "Point"


def cell_under(cells: Sequence[str], index: int | None) -> str:
    """Return the cell at a column index, "" when there is none or it states nothing."""
    text = cells[index] if index is not None and index < len(cells) else ""
    return "" if is_missing(text) else text


def locate_row(cells: Sequence[str], columns: Columns, *, stated_crs: str, source: str) -> Position:
    """Return the place of one row.

    Parameters
    ----------
    stated_crs : datum or CRS that the row, its sheet or an outside declaration names; "" when nobody did.
    source : the file's label, for messages.
    """
    try:
        wkt = cell_under(cells, columns.roles.get("wkt"))
        if wkt:
            return _wkt_position(wkt, stated_crs, source)
        first, second, said = _two_coordinates(cells, columns)
    except (ReaderError, ShapelyError) as err:
        value = " ".join(_position_cells(cells, columns))
        return _lost(rejected(in_words(err), field="坐标", value=value, remedy=_POSITION_REMEDY))
    if max(abs(first.degrees), abs(second.degrees)) > _LARGEST_ANGLE_DEG:
        packed = suspected(*_whole_texts(cells, columns))
        found = _lost(packed) if packed else _plane_position(first.degrees, second.degrees, stated_crs, source)
    else:
        found = _angle_position(first, second, stated_crs)
    placed = replace(found, remarks=(*said, *found.remarks))
    return _by_letters(placed, columns) if columns.has_letter_axes else placed


def _by_letters(position: Position, columns: Columns) -> Position:
    """Return a position of columns called X and Y: which is which was never said, so nothing was the wrong way round."""
    east = position.shape is not None and all(remark.reason not in (TURNED, TURNED_DEGREES) for remark in position.remarks)
    own = columns.labels[columns.roles["east" if east else "north"]]
    other = columns.labels[columns.roles["north" if east else "east"]]
    words = ("经度", "纬度") if position.epsg == _LONLAT else ("东坐标", "北坐标")
    said = noted(f"{own} 列按数值是{words[0]}，{other} 列是{words[1]}", field="坐标")
    kept = tuple(remark for remark in position.remarks if remark.reason not in (TURNED, TURNED_DEGREES))
    return replace(position, remarks=(*kept, said) if position.shape is not None else kept)


def whole_angles(cells: Sequence[str], columns: Columns) -> tuple[str, str] | None:
    """Return a row's longitude and latitude as written, when each is one number whose form no header tells."""
    if any(columns.forms.get(axis) for axis in ("lon", "lat")):
        return None
    texts = tuple(cell_under(cells, columns.angles.get((axis, ""))) for axis in ("lon", "lat"))
    return (texts[0], texts[1]) if all(texts) else None


def _whole_texts(cells: Sequence[str], columns: Columns) -> tuple[str, str]:
    """Return the two coordinates of a row as written, in the order of `_two_coordinates`."""
    whole = whole_angles(cells, columns)
    if whole:
        return whole
    pair = cell_under(cells, columns.roles.get("pair"))
    if pair:
        return split_pair(pair)
    return cell_under(cells, columns.roles.get("east")), cell_under(cells, columns.roles.get("north"))


def locate_pair(text: str, *, stated_crs: str, source: str) -> Position:
    """Return the place that two coordinates written as one text mean: ``经度,纬度`` or plane coordinates."""
    try:
        first, second = (parse_angle(part) for part in split_pair(text))
    except ReaderError as err:
        return _lost(rejected(str(err), field="坐标", value=text, remedy=_POSITION_REMEDY))
    if max(abs(first.degrees), abs(second.degrees)) > _LARGEST_ANGLE_DEG:
        packed = suspected(*split_pair(text))
        return _lost(packed) if packed else _plane_position(first.degrees, second.degrees, stated_crs, source)
    return _angle_position(first, second, stated_crs)


def locate_wkt(text: str, *, stated_crs: str, source: str) -> Position:
    """Return the place that a WKT geometry means."""
    try:
        with np.errstate(invalid="ignore"):
            return _wkt_position(text, stated_crs, source)
    except (ReaderError, ShapelyError) as err:
        remedy = "应为 POLYGON((经度 纬度, 经度 纬度, …)) 这样的 WKT，首尾点相同"
        return _lost(rejected(f"不是合法的 WKT（{in_words(err)}）", field="WKT", value=text, remedy=remedy))


def _lost(*remarks: Remark) -> Position:
    return Position(shape=None, remarks=remarks)


def _position_cells(cells: Sequence[str], columns: Columns) -> list[str]:
    roles = [columns.roles[role] for role in ("pair", "wkt", "east", "north") if role in columns.roles]
    return [cells[i] for i in sorted([*columns.angles.values(), *roles]) if i < len(cells) and cells[i]]


def _two_coordinates(cells: Sequence[str], columns: Columns) -> tuple[Angle, Angle, tuple[Remark, ...]]:
    said: list[Remark] = []
    lon, lat = (_angle(cells, columns, axis, said) for axis in ("lon", "lat"))
    if lon is not None and lat is not None:
        return lon, lat, tuple(said)
    pair = cell_under(cells, columns.roles.get("pair"))
    if pair:
        first, second = split_pair(pair)
        return parse_angle(first), parse_angle(second), ()
    east = cell_under(cells, columns.roles.get("east"))
    north = cell_under(cells, columns.roles.get("north"))
    if east and north:
        return parse_angle(east), parse_angle(north), ()
    raise ReaderError("缺少坐标")


def _angle(cells: Sequence[str], columns: Columns, axis: str, said: list[Remark]) -> Angle | None:
    """Return one coordinate of a row, None when it has none; what its header's form made of it is added to `said`."""
    whole = cell_under(cells, columns.angles.get((axis, "")))
    if whole:
        packed = converted(whole, columns.forms.get(axis, ""))
        if packed is None:
            return parse_angle(whole)
        said.append(packed[1])
        return packed[0]
    parts = [cell_under(cells, columns.angles.get((axis, part))) for part in ("d", "m", "s")]
    if not parts[0]:
        return None
    degrees, minutes, seconds = (parse_angle(part or "0").degrees for part in parts)
    return Angle(degrees=join_dms(degrees, minutes, seconds), axis="", step_deg=step_of(*parts))


def _angle_position(lon: Angle, lat: Angle, stated_crs: str) -> Position:
    datum = datum_named(stated_crs)
    if datum in ("xian80", "beijing54"):
        return _lost(old_datum_refused(datum, stated_crs))
    remarks: list[Remark] = []
    if datum == "unknown" and _EPSG_CODE.match(stated_crs.strip()):
        # a projected code declared for a batch still says on which datum the degrees are
        _, refused = _declared_epsg(stated_crs, "")
        if refused:
            return _lost(*refused)
        datum = "cgcs2000"
    elif datum == "unknown":
        return _lost(rejected("坐标系名称不认识", field="坐标系", value=stated_crs, remedy=DATUM_REMEDY))
    x, y = lon.degrees, lat.degrees
    if lon.axis == "lat" or lat.axis == "lon" or looks_swapped(x, y):
        value = f"{x:.6f},{y:.6f}"
        remarks.append(repaired(TURNED_DEGREES, field="坐标", value=value, remedy="请核对原表的列次序"))
        x, y = y, x
    if not within(CHINA_BOX, x, y, x, y):
        return _lost(
            *remarks, rejected("坐标不在中国范围内", field="坐标", value=f"{x:g},{y:g}", remedy=_POSITION_REMEDY)
        )
    # the finer of the two tells how the source writes: a zero at the end of the other may have been dropped
    step_deg = min(lon.step_deg, lat.step_deg)
    coarse_m = step_deg * _DEGREE_M / 2 if step_deg >= _COARSE_DEG else 0.0
    if coarse_m:
        reason = f"坐标只写到 {step_deg:.2g} 度，位置精度按 {coarse_m:.0f} 米计"
        remarks.append(noted(reason, field="坐标", value=f"{x:g},{y:g}", remedy=COARSE_REMEDY))
    return Position(shape=shapely.Point(x, y), datum=datum, remarks=tuple(remarks), coarse_m=coarse_m)


def _wkt_position(wkt: str, stated_crs: str, source: str) -> Position:
    if wkt.upper().count("GEOMETRYCOLLECTION") > _DEEPEST_WKT:
        raise ReaderError("WKT 嵌套过深")
    shape, own_crs = _parsed_wkt(wkt)
    if datum_named(stated_crs) in _SHIFTED and not own_crs:
        return Position(shape=shape, datum=datum_named(stated_crs))
    if not stated_crs and not own_crs:
        return Position(shape=shape)
    x_min, y_min, x_max, y_max = shape.bounds if not shape.is_empty else (0.0, 0.0, 0.0, 0.0)
    bounds = (x_min, y_min, x_max, y_max)
    epsg, remarks = _declared_epsg(own_crs or stated_crs, source, bounds)
    said = disagreement(stated_crs, own_crs) if own_crs and stated_crs and not remarks else ""
    if own_crs and not said and epsg in GEOGRAPHIC and meant(stated_crs)[1] not in (None, *GEOGRAPHIC):
        said = f"WKT 写 SRID={epsg}（经纬度），声明为 {stated_crs}（平面坐标），互相矛盾"
    if said:
        remarks = (rejected(said, field="坐标系", value=wkt, remedy=ONE_STATEMENT),)
    return Position(shape=None if remarks else shape, epsg=epsg, datum="cgcs2000", remarks=remarks)


def _parsed_wkt(text: str) -> tuple[BaseGeometry, str]:
    """Return the geometry of a WKT, EWKT (``SRID=4490;POLYGON…``) or hexadecimal EWKB, and the CRS it states, "" if none."""
    srid = _SRID.match(text)
    try:
        if _HEX_WKB.match(text.strip()):
            shape = shapely.from_wkb(text.strip())
            own = int(shapely.get_srid(shape))
            return shapely.set_srid(shape, 0), f"EPSG:{own}" if own > 0 else ""
        body = text[srid.end() :] if srid else text
        return shapely.from_wkt(body), f"EPSG:{srid.group(1)}" if srid and int(srid.group(1)) > 0 else ""
    except NotImplementedError:
        raise ReaderError("只支持点、线、面；曲线（CURVEPOLYGON 等）请先转成折线") from None


def _plane_position(first_m: float, second_m: float, stated_crs: str, source: str) -> Position:
    """Place a row of plane coordinates: its zone prefix, else a declared EPSG code, tells the zone."""
    axes = plane_axes(np.array([second_m]), np.array([first_m]))
    value = f"{first_m:.3f},{second_m:.3f}"
    if axes is None:
        reason = "坐标数值不像经纬度，也不像高斯-克吕格坐标"
        return _lost(rejected(reason, field="坐标", value=value, remedy=_POSITION_REMEDY))
    remarks: tuple[Remark, ...] = ()
    epsg: int | None = zone_epsg(axes.zone, with_prefix=True) if axes.zone is not None else None
    east_m, north_m = (first_m, second_m) if axes.first_is_north else (second_m, first_m)
    if stated_crs:
        epsg, remarks = _declared_epsg(stated_crs, source, (east_m, north_m, east_m, north_m))
    if is_quarantined(remarks):
        return _lost(*remarks)
    if epsg is None or (epsg in GEOGRAPHIC and names_modern_datum(stated_crs)):
        remedy = f"改填经纬度，或在“坐标系”列写 EPSG 代码（如 {zone_example()}）"
        return _lost(rejected("平面坐标没有可识别的带号，无法定位", field="坐标", value=value, remedy=remedy))
    if not axes.first_is_north:
        remarks = (repaired(TURNED, field="坐标", value=value),)
    datum: Datum = "cgcs2000" if stated_crs else "undeclared"
    return Position(shape=shapely.Point(east_m, north_m), epsg=epsg, datum=datum, remarks=remarks)


def _declared_epsg(stated_crs: str, source: str, bounds: Box | None = None) -> tuple[int, tuple[Remark, ...]]:
    try:
        return resolve_crs(source, declared=stated_crs, stated="", remedy=crs_remedy(), bounds=bounds), ()
    except CrsError as err:
        return 0, (rejected(f"坐标系不符：{err.found}", field="坐标系", value=stated_crs, remedy=err.remedy),)
