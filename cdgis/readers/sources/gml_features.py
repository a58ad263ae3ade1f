"""Features of a GML answer (2, 3.1, 3.2), for WFS services that speak nothing else; parsed as XML without entities or links.

Straight shapes are read whole; arcs and other curves are refused, because chords in their place would be a choice nobody made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from xml.etree import ElementTree

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import Worded

_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MEMBERS = ("member", "featureMember", "featureMembers")
_COLLECTION = ("FeatureCollection", "SimpleFeatureCollection")
_MULTI = {"MultiPolygon", "MultiSurface", "MultiLineString", "MultiCurve", "MultiPoint", "MultiGeometry", "CompositeCurve", "CompositeSurface"}
_SIMPLE = {"Point", "LineString", "Curve", "Polygon", "Surface"}
_Ring = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GmlFeature:
    """One feature."""

    name: str
    """Its gml:id or fid, "" without one."""
    texts: dict[str, str]
    shape: BaseGeometry | None
    """In the order of axes the service gave."""
    crs: str
    """srsName of the shape or of the collection, "" when neither states one."""


def read_gml(text: str) -> tuple[GmlFeature, ...]:
    """Return the features of a collection.

    Raises
    ------
    ValueError : not XML, not a collection of features, an entity, a curve that is no chain of straight pieces, or broken coordinates.
    """
    if _FORBIDDEN.search(text):
        raise Worded("含 DOCTYPE 或实体声明")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")))
    except ElementTree.ParseError as err:
        raise Worded("不是合法的 XML") from err
    if _tag(root) not in _COLLECTION:
        raise Worded(f"不是要素集（根元素为 {_tag(root)}）")
    common = next((str(e.get("srsName")) for e in root.iter() if _tag(e) in ("Envelope", "Box") and e.get("srsName")), "")
    found = [feature for member in root if _tag(member) in _MEMBERS for feature in _features(member)]
    return tuple(_feature(element, common) for element in found)


def _features(member: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for element in member:
        if _tag(element) in _COLLECTION:
            yield from (f for inner in element if _tag(inner) in _MEMBERS for f in inner)
        else:
            yield element


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _feature(element: ElementTree.Element, common: str) -> GmlFeature:
    texts: dict[str, str] = {}
    shape: BaseGeometry | None = None
    crs = ""
    for child in element:
        geometry = next((inner for inner in child if _tag(inner) in _SIMPLE | _MULTI), None)
        if geometry is not None:
            _spread_dimension(geometry)
            shape, crs = _shape(geometry), geometry.get("srsName") or common
        elif _tag(child) != "boundedBy":
            texts[_tag(child)] = "".join(child.itertext()).strip()
    name = next((value for key, value in element.attrib.items() if key.rpartition("}")[2] in ("id", "fid")), "")
    return GmlFeature(name=name, texts=texts, shape=shape, crs=crs)


def _spread_dimension(geometry: ElementTree.Element) -> None:
    """Write the dimension that a shape states once onto each of its lists of numbers."""
    stated = next((str(e.get("srsDimension")) for e in geometry.iter() if e.get("srsDimension")), "")
    for holder in geometry.iter():
        if stated and _tag(holder) == "posList" and not holder.get("srsDimension"):
            holder.set("srsDimension", stated)


def _shape(element: ElementTree.Element) -> BaseGeometry:
    kind = _tag(element)
    if kind in _MULTI:
        parts = [_shape(inner) for member in element for inner in member if _tag(inner) in _SIMPLE | _MULTI]
        return _joined([part for whole in parts for part in shapely.get_parts(whole)])
    if kind == "Point":
        return shapely.Point(_chain(element)[0])
    if kind in ("LineString", "Curve"):
        return shapely.LineString(_chain(element))
    if kind == "Surface":
        patches = [patch for patch in element.iter() if _tag(patch) in ("PolygonPatch", "Polygon", "Triangle", "Rectangle")]
        return _joined([_polygon(patch) for patch in patches])
    return _polygon(element)


def _joined(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    kinds = {part.geom_type for part in parts}
    if len(kinds) != 1:
        raise Worded("一个图形里混有点、线、面")
    kind, array = kinds.pop(), np.array(parts, dtype=object)
    if kind == "Point":
        return cast(BaseGeometry, shapely.multipoints(array))
    if kind == "LineString":
        return cast(BaseGeometry, shapely.multilinestrings(array))
    return cast(BaseGeometry, shapely.multipolygons(array))


def _polygon(element: ElementTree.Element) -> BaseGeometry:
    shells = [_chain(e) for e in element if _tag(e) in ("exterior", "outerBoundaryIs")]
    holes = [_chain(e) for e in element if _tag(e) in ("interior", "innerBoundaryIs")]
    if len(shells) != 1:
        raise Worded("面没有外环")
    return shapely.Polygon(shells[0], holes)


def _chain(element: ElementTree.Element) -> _Ring:
    """Return the coordinates of all straight pieces below an element, end to end."""
    curved = [_tag(e) for e in element.iter() if _tag(e).startswith(("Arc", "Circle", "BSpline", "Bezier", "Clothoid", "CubicSpline", "Geodesic"))]
    if curved:
        raise Worded(f"图形含曲线 {curved[0]}")
    chain: _Ring = []
    for holder in element.iter():
        for xy in _coordinates(holder):
            if not chain or chain[-1] != xy:
                chain.append(xy)
    if not chain:
        raise Worded("图形没有坐标")
    return chain


def _coordinates(holder: ElementTree.Element) -> _Ring:
    """Return what one posList, pos or coordinates element holds, heights dropped."""
    text = (holder.text or "").strip()
    if _tag(holder) == "coordinates":
        return [(float(x), float(y)) for x, y, *_ in (pair.split(holder.get("cs", ",")) for pair in text.split(holder.get("ts")))]
    if _tag(holder) not in ("posList", "pos"):
        return []
    numbers = [float(number) for number in text.split()]
    size = int(holder.get("srsDimension") or holder.get("dimension") or (len(numbers) if _tag(holder) == "pos" else 2))
    if size not in (2, 3) or len(numbers) % size:
        raise Worded("坐标个数与维数不符")
    return [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), size)]
