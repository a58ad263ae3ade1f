"""Parcels of a boundary-point file (界址点 TXT), and where they lie.

The format: ``[属性描述]`` with key=value lines, ``[地块坐标]``, then per parcel a header line ending in ``@``
(points, hectares, number, name, 面/线/点, sheet, use, …) and lines ``point, ring, north, east``. Producers swap
the axes, leave out keys, headers, rings or closing points; the numbers themselves tell most of it.
"""

import re
from dataclasses import dataclass

import numpy as np

from cdgis.core.errors import CrsError, ReaderError
from cdgis.readers.boundary_counts import area_remarks, count_remarks
from cdgis.readers.boundary_header import HEADER_FIELDS, KIND_FIELD
from cdgis.readers.boundary_lines import Parcel, parse_boundary_text
from cdgis.readers.coordinates import CHINA_BOX, DATUM_TITLES, Datum, datum_named, within
from cdgis.readers.crs import GEOGRAPHIC, agreed_zone, old_datum_refused, plane_axes, resolve_crs
from cdgis.readers.crs_words import zone_epsg
from cdgis.readers.datum import CONVERSIONS
from cdgis.readers.intake import Remark, is_quarantined, noted, rejected, repaired
from cdgis.readers.records import SiteRecord, SiteSource, crs_remedy
from cdgis.readers.reference import NO_SHIFTED_PLANE, converted_note
from cdgis.readers.repair import Settled, settle
from cdgis.readers.rings import assemble_shape
from cdgis.readers.shape_kind import ShapeKind, are_vertices, named_kind, unknown_kind
from cdgis.readers.text_encoding import decode_text
from cdgis.readers.vertices import AS_POINTS, LEAST_VERTICES, WHICH

_GEOMETRIC_FIELDS = HEADER_FIELDS[:2]
_ZONE_KEYS = ("带号",)
_MERIDIAN_KEYS = ("中央子午线", "中央经线")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placement:
    """How the two coordinate columns of a file are to be read."""

    epsg: int
    swap: bool
    """Whether the first column is the easting (or longitude)."""
    accuracy_m: float
    remarks: tuple[Remark, ...]
    datum: Datum = "cgcs2000"
    """gcj02 or bd09 when the degrees are to be moved."""


def read_boundary_txt(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per parcel of a boundary-point file.

    Raises
    ------
    ReaderError : the file is not text or holds no coordinate line.
    """
    text = decode_text(source.path.read_bytes(), source=source.label)
    properties, parcels = parse_boundary_text(text)
    if not parcels:
        raise ReaderError("不是界址点坐标文件，没有读到任何坐标行（应为 点号,圈号,X,Y）", source=source.label)
    return tuple(_record(parcel, number, properties, source) for number, parcel in enumerate(parcels, start=1))


def _record(parcel: Parcel, number: int, properties: dict[str, str], source: SiteSource) -> SiteRecord:
    remarks = list(parcel.remarks)
    settled: Settled | None = None
    accuracy_m = 0.0
    if not parcel.vertices:
        remarks.append(rejected("地块没有坐标", field="geometry", remedy="补上界址点坐标"))
    elif not is_quarantined(remarks):
        placement = _placement(parcel, properties, source)
        remarks += placement.remarks
        accuracy_m = placement.accuracy_m
        if not is_quarantined(remarks):
            settled, more = _locate(parcel, placement, source)
            remarks += more
    keys = (parcel.header.get("地块编号", ""), parcel.header.get("地块名称", ""), str(number))
    kind_is_known = named_kind(parcel.header.get(KIND_FIELD, "")) is not None
    left_out = _GEOMETRIC_FIELDS if kind_is_known and not source.shape_kind else (*_GEOMETRIC_FIELDS, KIND_FIELD)
    texts = {key: value for key, value in parcel.header.items() if key not in left_out}
    return SiteRecord(
        row=str(number),
        geometry=settled.geometry if settled else None,
        given=settled.given if settled else None,
        keys=tuple(key for key in keys if key),
        texts=texts,
        accuracy_m=accuracy_m,
        remarks=tuple(remarks),
    )


def _locate(
    parcel: Parcel, placement: _Placement, source: SiteSource
) -> tuple[Settled | None, tuple[Remark, ...]]:
    vertices = [v.swapped() for v in parcel.vertices] if placement.swap else parcel.vertices
    kind, about_kind = _kind(parcel, source)
    if kind is None:
        return None, about_kind
    shape, remarks = assemble_shape(vertices, kind)
    projected = placement.epsg not in GEOGRAPHIC
    remarks += [*about_kind, *count_remarks(parcel.header, parcel.vertices)]
    remarks += area_remarks(parcel.header, shape, projected=projected)
    if shape is None:
        return None, tuple(remarks)
    settled = settle(
        shape, placement.epsg, source=source.label, remedy="核对坐标系、带号与坐标", home=source.home,
        repair_share=source.repair_share, datum=placement.datum, vertices=vertices,
    )  # fmt: skip
    return settled, (*remarks, *settled.remarks)


def _kind(parcel: Parcel, source: SiteSource) -> tuple[ShapeKind | None, tuple[Remark, ...]]:
    """Return what a parcel's points make: as declared, as its header says, or as points that evidently go round land."""
    stated = source.shape_kind or parcel.header.get(KIND_FIELD, "")
    kind = named_kind(stated)
    if kind is not None:
        return kind, ()
    if source.shape_kind:
        return None, (unknown_kind(stated),)
    points = parcel.vertices
    called = are_vertices([v.label for v in points])
    closed = len(points) > LEAST_VERTICES and any(v.coincides(points[0]) for v in points[LEAST_VERTICES:])
    found = f"图形属性“{stated}”不是面、线、点" if stated else "没有写图形属性（面、线、点）"
    if not (called or closed):
        reason = f"{found}，{len(points)} 个点首尾不相接，可能是一块地的界址点，也可能是 {len(points)} 个点位"
        return None, (rejected(reason, field=KIND_FIELD, value=stated, remedy=WHICH),)
    why = "点号为界址点号" if called else "首尾点相同"
    return ShapeKind.POLYGON, (repaired(f"{found}，{why}，按面读取", field=KIND_FIELD, value=stated, remedy=AS_POINTS),)


def _placement(parcel: Parcel, properties: dict[str, str], source: SiteSource) -> _Placement:
    first = np.array([vertex.first for vertex in parcel.vertices])
    second = np.array([vertex.second for vertex in parcel.vertices])
    datum, accuracy_m, remarks = _datum(properties, source)
    if max(np.abs(first).max(), np.abs(second).max()) <= 180:
        lon_first = within(CHINA_BOX, first.min(), second.min(), first.max(), second.max())
        order = "经度,纬度" if lon_first else "纬度,经度"
        remarks.append(noted(f"坐标按经纬度读取（次序 {order}）", field="坐标"))
        return _Placement(epsg=4490, swap=lon_first, accuracy_m=accuracy_m, remarks=tuple(remarks), datum=datum)
    axes = plane_axes(first, second)
    sample = f"{first[0]:.3f},{second[0]:.3f}"
    if axes is None:
        bad = rejected("坐标数值不像高斯-克吕格坐标", field="坐标", value=sample, remedy="核对坐标系与各行数值")
        return _Placement(epsg=0, swap=False, accuracy_m=accuracy_m, remarks=(*remarks, bad))
    if not axes.first_is_north:
        reason = "横纵坐标颠倒（东坐标在前），已对调"
        remarks.append(repaired(reason, field="坐标", value=sample))
    if datum in CONVERSIONS:
        remarks.append(rejected(NO_SHIFTED_PLANE, field="坐标系", value=DATUM_TITLES[datum], remedy="请核对坐标系"))
    epsg, more = _zone(axes.zone, properties, source)
    return _Placement(epsg=epsg, swap=not axes.first_is_north, accuracy_m=accuracy_m, remarks=(*remarks, *more))


def _datum(properties: dict[str, str], source: SiteSource) -> tuple[Datum, float, list[Remark]]:
    """Return the datum declared or stated, the accuracy that follows from it, and what is to be said of it."""
    stated = source.crs or properties.get("坐标系", "")
    datum: Datum = datum_named(stated)
    if datum == "unknown":
        try:
            resolve_crs(source.label, declared=stated, stated="", remedy=crs_remedy())
        except CrsError as err:
            reason = f"坐标系名称不认识：{err.found}"
            remedy = "写明 2000国家大地坐标系，或转换后提交"
            return datum, 0.0, [rejected(reason, field="坐标系", value=stated, remedy=remedy)]
        return "cgcs2000", 0.0, []
    if datum in ("xian80", "beijing54"):
        return datum, 0.0, [old_datum_refused(datum, stated)]
    if datum in CONVERSIONS:
        return datum, 0.0, [converted_note(datum)]
    if datum == "undeclared":
        reason = f"未写坐标系，按 CGCS2000 读取，位置精度按 {source.undeclared_accuracy_m:g} 米计"
        remark = repaired(reason, field="坐标系", remedy="在 [属性描述] 中写明坐标系")
        return datum, source.undeclared_accuracy_m, [remark]
    if datum == "wgs84":
        return datum, 0.0, [noted("WGS84 在本工具精度内按 CGCS2000 处理", field="坐标系", value=stated)]
    return datum, 0.0, []


def _zone(prefix: int | None, properties: dict[str, str], source: SiteSource) -> tuple[int, list[Remark]]:
    """Return the EPSG code on which prefix, the file's keys and the declaration agree, or why there is none."""
    witnesses: list[tuple[str, int]] = []
    unknown: list[int] = []
    for who, number, with_prefix in (("坐标前缀", prefix, True), *_stated_zones(properties)):
        code = zone_epsg(number, with_prefix=with_prefix) if number is not None else None
        witnesses += [(who, code)] if code is not None else []
        unknown += [number] if number is not None and code is None else []
    stated = _first(properties, _ZONE_KEYS)
    own = properties.get("坐标系", "")
    said = source.crs or (own if datum_named(own) == "unknown" else "")
    try:
        if said:
            declared = resolve_crs(source.label, declared=said, stated="", remedy=crs_remedy())
            witnesses.insert(min(len(witnesses), prefix is not None), ("声明", declared))
    except CrsError as err:
        return 0, [rejected(f"声明的坐标系不能用：{err.found}", field="坐标系", value=said, remedy=err.remedy)]
    if unknown or not any(code not in GEOGRAPHIC for _, code in witnesses):
        reason = f"不支持的带号 {unknown[0]}" if unknown else "坐标不带带号，文件也没有写明带号"
        remedy = "写明 带号=39（3度带，25–45）或 带号=20（6度带，13–23），以及中央子午线"
        return 0, [rejected(reason, field="带号", value=stated, remedy=remedy)]
    try:
        return agreed_zone(source.label, [w for w in witnesses if w[1] not in GEOGRAPHIC], remedy=""), []
    except CrsError as err:
        remedy = "请核对原始资料，把带号、中央子午线、--crs 与坐标前缀改为一致"
        return 0, [rejected(f"带号不一致：{err.found}", field="带号", value=stated, remedy=remedy)]


def _first(properties: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((properties[key] for key in keys if properties.get(key)), "")


def _stated_zones(properties: dict[str, str]) -> list[tuple[str, int | None, bool]]:
    """Return what the keys 带号 and 中央子午线 say: (key, zone number, whether eastings bear it)."""
    found: list[tuple[str, int | None, bool]] = []
    digits = re.search(r"\d+", _first(properties, _ZONE_KEYS))
    if digits:
        found.append(("带号", int(digits.group()), False))
    meridian = re.search(r"\d+(?:\.\d+)?", _first(properties, _MERIDIAN_KEYS))
    if meridian is not None:
        degrees = float(meridian.group())
        number = (degrees + 3) / 6 if "6" in properties.get("几度分带", "3") else degrees / 3
        # a meridian that is no zone's is no reason to take the next one
        found.append(("中央子午线", round(number) if number == round(number) else 0, False))
    return found
