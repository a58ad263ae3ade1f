"""Rings that a file leaves open: joined to their first point, as every program does, and said."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.readers.intake import Remark, repaired

_AREA = 2
_LEAST_EDGES = 3
_FAR_SHORTER = 0.01
"""Share of the next longer edge: nobody draws one edge a hundred times shorter than all others, and last."""


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


def joined_ends(geometry: BaseGeometry | None) -> int:
    """Return how many rings seem to have been closed by the program that read them: by an edge far shorter than all others."""
    if geometry is None or geometry.is_empty or shapely.get_dimensions(geometry) != _AREA:
        return 0
    found = 0
    for ring in shapely.get_rings(shapely.get_parts(geometry)):
        edges = np.hypot(*np.diff(shapely.get_coordinates(ring), axis=0).T)
        found += len(edges) > _LEAST_EDGES and bool(0 < edges[-1] < _FAR_SHORTER * edges[:-1].min())
    return found


def closing_remarks(count: int, *, seems: bool = False) -> tuple[Remark, ...]:
    """Return what is to be said of so many rings that were left open, or only seem to have been."""
    reason = "最后一条边不到其余各边的百分之一，像是首尾没有接上" if seems else "首尾坐标不同，没有闭合，已连回首点"
    return (repaired(f"{count} 圈的{reason}", field="geometry", remedy="请核对首尾两点，是否少了界址点"),) if count else ()
