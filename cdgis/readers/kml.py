"""Sites of a KML or KMZ file, parsed as XML without entities or links; GDAL never sees it."""

import re
from collections.abc import Iterator
from typing import cast
from xml.etree import ElementTree

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import Worded, in_words
from cdgis.core.scratch_folder import scratch_folder
from cdgis.errors import ReaderError
from cdgis.readers.archives import ArchiveLimits, unpack
from cdgis.readers.crs import GEOGRAPHIC, resolve_crs
from cdgis.readers.intake import Remark, rejected
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource
from cdgis.readers.repair import settle
from cdgis.readers.text_encoding import decode_text

_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_FLAT = 2
_LEAST_CORNERS = 3
_KML_EPSG = 4326
_KMZ_LIMITS = ArchiveLimits(total_bytes=1 << 28, members=500)
_SHAPES = ("Polygon", "LineString", "LinearRing", "Point", "MultiGeometry", "Track", "MultiTrack")
_COLLECTIONS = ("MultiGeometry", "MultiTrack")
_PREFIX = re.compile(r"[<\s/](\w[\w.-]*):\w")
_DECLARED_PREFIX = re.compile(r"xmlns:(\w[\w.-]*)\s*=")
_ROOT = re.compile(r"<(?:\w+:)?kml\b")
_COMMA = re.compile(r"\s*,\s*")
_FEWEST_NUMBERS = 4
"""Numbers in one group that cannot be longitude, latitude and altitude: a whole line strung together by commas."""


def read_kml(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per Placemark of a KML or KMZ file, altitudes dropped.

    Raises
    ------
    ReaderError : an unsafe KMZ, or one without exactly one KML; not XML, not KML, or it declares entities or links to other files.
    """
    data = _packed(source) if source.path.suffix.lower() == ".kmz" else source.path.read_bytes()
    text = decode_text(data, source=source.label)
    if _FORBIDDEN.search(text):
        raise ReaderError("KML 含 DOCTYPE 或实体声明，已拒绝", source=source.label, remedy="请从 GIS 软件重新导出")
    try:
        # the text is already decoded, so the declaration's encoding no longer holds
        root = ElementTree.fromstring(_with_prefixes(_DECLARATION.sub("", text.lstrip("\ufeff"))))
    except ElementTree.ParseError as err:
        raise ReaderError(f"不是合法的 KML（{in_words(err)}）", source=source.label, remedy="请重新导出") from err
    if _tag(root) != "kml":
        raise ReaderError(f"不是 KML（根元素为 {_tag(root)}）", source=source.label)
    if any(_tag(element) == "NetworkLink" for element in root.iter()):
        raise ReaderError(
            "KML 含 NetworkLink，指向其他文件或网址，已拒绝", source=source.label, remedy="请导出实际图形"
        )
    epsg = _declared_epsg(source)
    placemarks = [element for element in root.iter() if _tag(element) == "Placemark"]
    return tuple(_record(element, number, epsg, source) for number, element in enumerate(placemarks, start=1))


def _with_prefixes(text: str) -> str:
    """Return the text with prefixes declared that it uses undeclared, as Google Earth and GIS programs read it."""
    used = set(_PREFIX.findall(text)) - {"xml", "xmlns"}
    missing = sorted(used - set(_DECLARED_PREFIX.findall(text)))
    added = "".join(f' xmlns:{prefix}="undeclared:{prefix}"' for prefix in missing)
    return _ROOT.sub(lambda found: found.group(0) + added, text, count=1) if missing else text


def _packed(source: SiteSource) -> bytes:
    """Return the one KML inside a KMZ; its pictures and models are left alone."""
    with scratch_folder() as folder:
        members = unpack(source.path, folder, limits=_KMZ_LIMITS)
        found = [path for name, path in sorted(members.items()) if name.lower().endswith(".kml")]
        if len(found) != 1:
            raise ReaderError(
                f"KMZ 内应有且只有一个 KML，实有 {len(found)} 个", source=source.label, remedy="请另存为单个 KML"
            )
        return found[0].read_bytes()


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, *names: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _tag(child) in names)


def _declared_epsg(source: SiteSource) -> int:
    """Return the CRS of a KML file: longitude and latitude by its standard, so a declared plane CRS is not for it."""
    declared = resolve_crs(source.label, declared=source.crs, stated=f"EPSG:{_KML_EPSG}", remedy=CRS_REMEDY)
    return declared if declared in GEOGRAPHIC else _KML_EPSG


def _record(placemark: ElementTree.Element, number: int, epsg: int, source: SiteSource) -> SiteRecord:
    texts = dict(_texts(placemark))
    geometry: BaseGeometry | None = None
    remarks: tuple[Remark, ...] = ()
    try:
        with np.errstate(invalid="ignore"):
            geometry = next((_shape(child) for child in _children(placemark, *_SHAPES)), None)
    except (ShapelyError, ValueError, RecursionError) as err:
        remarks = (
            rejected(f"坐标不合规（{in_words(err)}）", field="coordinates", remedy="坐标应为 经度,纬度[,高程]，以空格分隔"),
        )
    if not remarks:
        settled = settle(geometry, epsg, source=source.label, remedy="KML 只能是经纬度坐标，请重新导出", repair_share=source.repair_share)
        geometry, remarks = settled.geometry, settled.remarks
    keys = tuple(key for key in (placemark.get("id", ""), texts.get("name", ""), str(number)) if key)
    return SiteRecord(row=str(number), geometry=geometry, keys=keys, texts=texts, remarks=remarks)


def _texts(placemark: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for child in _children(placemark, "name"):
        yield "name", (child.text or "").strip()
    for element in placemark.iter():
        if _tag(element) == "SimpleData":
            yield element.get("name", ""), (element.text or "").strip()
        elif _tag(element) == "Data":
            value = next((v.text or "" for v in _children(element, "value")), "")
            yield element.get("name", ""), value.strip()


def _shape(element: ElementTree.Element) -> BaseGeometry:
    kind = _tag(element)
    if kind in _COLLECTIONS:
        return _joined([_shape(child) for child in _children(element, *_SHAPES)])
    if kind == "Polygon":
        outer = [_coordinates(ring) for side in _children(element, "outerBoundaryIs") for ring in side]
        inner = [_coordinates(ring) for side in _children(element, "innerBoundaryIs") for ring in side]
        if len(outer) != 1:
            raise Worded("Polygon 应有且只有一个外环")
        short = min(len(set(ring)) for ring in (*outer, *inner))
        if short < _LEAST_CORNERS:
            raise Worded(f"环只有 {short} 个不同的点，围不成面")
        return shapely.Polygon(outer[0], inner)
    if kind == "Point":
        return shapely.Point(_coordinates(element)[0])
    return shapely.LineString(_track(element) if kind == "Track" else _coordinates(element))


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    kinds = {part.geom_type for part in parts}
    if kinds == {"Polygon"}:
        return cast(BaseGeometry, shapely.multipolygons(parts))
    if kinds == {"LineString"}:
        return cast(BaseGeometry, shapely.multilinestrings(parts))
    if kinds == {"Point"}:
        return cast(BaseGeometry, shapely.multipoints(parts))
    return shapely.GeometryCollection(parts)


def _track(element: ElementTree.Element) -> list[tuple[float, ...]]:
    """Return the places of a recorded track (gx:Track), times left out."""
    points = [_numbers((child.text or "").split()) for child in _children(element, "coord")]
    if not points or min(len(point) for point in points) < _FLAT:
        raise Worded("轨迹（gx:Track）没有坐标")
    return [point[:_FLAT] for point in points]


def _numbers(texts: list[str]) -> tuple[float, ...]:
    try:
        return tuple(float(text) for text in texts)
    except ValueError:
        raise Worded(f"“{' '.join(texts)[:60]}”不是 经度,纬度") from None


def _coordinates(element: ElementTree.Element) -> list[tuple[float, ...]]:
    text = next((child.text or "" for child in _children(element, "coordinates")), "")
    points = [_numbers(group.strip(",").split(",")) for group in _COMMA.sub(",", text).split()]
    if any(len(point) >= _FEWEST_NUMBERS for point in points):
        raise Worded("各点之间没有空格，分不清是 经度,纬度 还是 经度,纬度,高程")
    if not points:
        raise Worded("没有坐标")
    # a ring may mix points with and without altitude, which shapely would refuse
    longest = min(len(point) for point in points)
    if longest < 2:
        raise Worded(f"“{text.split()[0]}”不是 经度,纬度")
    return [point[: min(longest, 3)] for point in points]
