"""Outlines of a drawing that are holes of others or drawn twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from shapely import Polygon

from cdgis.readers.intake import Remark

_SAME_SHARE = 1e-3
"""Two outlines that differ by less of their area are one, drawn twice (a line and its fill)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the numbers of one outline are to be read."""

    epsg: int
    unit: str
    swap: bool
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One closed curve as a polygon, x = easting in metres, or degrees."""

    layer: str
    polygon: Polygon
    placement: Placement
    is_curved: bool
    is_fill: bool
    twins: int = 0
    """Further drawings of the same outline."""


def nested(outlines: Sequence[Outline]) -> list[tuple[Outline, list[Outline]]]:
    """Return (shell, its holes) in drawing order: a curve inside an odd number of others is a hole."""
    polygons = shapely.make_valid([outline.polygon for outline in outlines])
    areas = shapely.area(polygons)
    tree = shapely.STRtree(polygons)
    holes: dict[int, list[Outline]] = {}
    for index, polygon in enumerate(polygons):
        owners = [int(i) for i in tree.query(polygon, predicate="covered_by") if areas[i] > areas[index]]
        if len(owners) % 2 == 1:
            holes.setdefault(min(owners, key=lambda i: areas[i]), []).append(outlines[index])
    inner = {id(hole) for group in holes.values() for hole in group}
    return [(o, holes.get(i, [])) for i, o in enumerate(outlines) if id(o) not in inner]


def without_twins(outlines: Sequence[Outline]) -> list[Outline]:
    """Return the outlines without those drawn twice (a line and its fill, on whichever layer); the line stays."""
    if not outlines:
        return []
    polygons = shapely.make_valid([outline.polygon for outline in outlines])
    areas = shapely.area(polygons)
    tree = shapely.STRtree(polygons)
    twins: Counter[int] = Counter()
    dropped: set[int] = set()
    for index in sorted(range(len(outlines)), key=lambda i: (outlines[i].is_fill, i)):
        if index in dropped:
            continue
        same = [int(i) for i in tree.query(polygons[index], predicate="intersects") if int(i) not in dropped | {index}]
        difference = shapely.area(shapely.symmetric_difference(polygons[same], polygons[index]))
        found = [i for i, area in zip(same, difference, strict=True) if area <= _SAME_SHARE * areas[index]]
        dropped.update(found)
        twins[index] += len(found)
    return [replace(o, twins=twins[i]) for i, o in enumerate(outlines) if i not in dropped]
