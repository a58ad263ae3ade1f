"""Geometry of KML elements, with the coordinate texts that people and programs really write."""

import re
from collections.abc import Iterator
from typing import cast
from xml.etree import ElementTree

import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import Worded
from cdgis.readers.ring_closure import is_open

SHAPES = ("Polygon", "LineString", "LinearRing", "Point", "MultiGeometry", "Track", "MultiTrack")
_AROUND_COMMA = re.compile(r"\s*,\s*")
_MOST_NUMBERS = 3
_LEAST_CORNERS = 3


def tag(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: ElementTree.Element, *names: str) -> Iterator[ElementTree.Element]:
    """Yield an element's direct children of these names."""
    return (child for child in element if tag(child) in names)


def placemark_shape(placemark: ElementTree.Element) -> tuple[BaseGeometry | None, int]:
    """Return the geometry of a placemark, x = longitude, and how many stood side by side: they count as one, none is lost.

    Raises
    ------
    ValueError, ShapelyError : its coordinates are none.
    """
    parts = [kml_shape(child) for child in children(placemark, *SHAPES)]
    return (parts[0] if len(parts) == 1 else _joined(parts)) if parts else None, len(parts)


def left_open(element: ElementTree.Element) -> int:
    """Return how many rings of the polygons in an element do not end where they begin."""
    sides = (side for side in element.iter() if tag(side) in ("outerBoundaryIs", "innerBoundaryIs"))
    return sum(is_open(_coordinates(ring)) for side in sides for ring in side)


def kml_shape(element: ElementTree.Element) -> BaseGeometry:
    """Return the geometry of one element, x = longitude; tracks are lines.

    Raises
    ------
    ValueError, ShapelyError : its coordinates are none.
    """
    kind = tag(element)
    if kind in ("MultiGeometry", "MultiTrack"):
        return _joined([kml_shape(child) for child in children(element, *SHAPES)])
    if kind == "Polygon":
        outer = [_coordinates(ring) for side in children(element, "outerBoundaryIs") for ring in side]
        inner = [_coordinates(ring) for side in children(element, "innerBoundaryIs") for ring in side]
        if len(outer) != 1:
            raise Worded("Polygon 应有且只有一个外环")
        short = min(len(set(ring)) for ring in (*outer, *inner))
        if short < _LEAST_CORNERS:
            raise Worded(f"环只有 {short} 个不同的点，围不成面")
        return shapely.Polygon(outer[0], inner)
    if kind == "Track":
        points = [_numbers((child.text or "").split()) for child in children(element, "coord")]
        if not points:
            raise Worded("轨迹（gx:Track）没有坐标")
        return shapely.LineString(_even(points))
    if kind == "Point":
        return shapely.Point(_coordinates(element)[0])
    return shapely.LineString(_coordinates(element))


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    kinds = {part.geom_type for part in parts}
    if kinds == {"Polygon"}:
        return cast(BaseGeometry, shapely.multipolygons(parts))
    if kinds == {"LineString"}:
        return cast(BaseGeometry, shapely.multilinestrings(parts))
    if kinds == {"Point"}:
        return cast(BaseGeometry, shapely.multipoints(parts))
    return shapely.GeometryCollection(parts)


def _coordinates(element: ElementTree.Element) -> list[tuple[float, ...]]:
    text = next((child.text or "" for child in children(element, "coordinates")), "")
    points = [_numbers(group.strip(",").split(",")) for group in _AROUND_COMMA.sub(",", text).split()]
    if any(len(point) > _MOST_NUMBERS for point in points):
        raise Worded("各点之间没有空格，分不清是 经度,纬度 还是 经度,纬度,高程")
    return _even(points)


def _numbers(texts: list[str]) -> tuple[float, ...]:
    try:
        return tuple(float(text) for text in texts)
    except ValueError:
        raise Worded(f"“{' '.join(texts)[:60]}”不是 经度,纬度") from None


def _even(points: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    if not points:
        raise Worded("没有坐标")
    # a ring may mix points with and without altitude, which shapely would refuse
    longest = min(len(point) for point in points)
    if longest < 2:
        raise Worded("坐标不是 经度,纬度")
    return [point[: min(longest, _MOST_NUMBERS)] for point in points]
