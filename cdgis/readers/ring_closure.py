"""Rings that a file leaves open: joined to their first point, as every program does, and said."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdgis.readers.intake import Remark, repaired


def open_rings(geometry: Mapping[str, Any] | None) -> int:
    """Return how many rings of a GeoJSON-like geometry, whose coordinates are sound, do not end where they begin."""
    if not geometry:
        return 0
    if geometry.get("type") == "GeometryCollection":
        return sum(open_rings(member) for member in geometry["geometries"])
    polygons = {"Polygon": lambda at: [at], "MultiPolygon": list}.get(str(geometry.get("type")), lambda _: [])(geometry.get("coordinates"))
    return sum(is_open(ring) for rings in polygons for ring in rings)


def is_open(ring: Sequence[Sequence[float]]) -> bool:
    """Return whether a ring's last point is not its first."""
    return len(ring) > 1 and tuple(ring[0][:2]) != tuple(ring[-1][:2])


def closing_remarks(count: int) -> tuple[Remark, ...]:
    """Return what is to be said of so many rings that were left open."""
    if not count:
        return ()
    return (repaired(f"{count} 圈的首尾坐标不同，没有闭合，已连回首点", field="geometry", remedy="请核对首尾两点，是否少了界址点"),)
