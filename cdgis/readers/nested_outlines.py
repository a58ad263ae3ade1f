"""Outlines of a drawing that are holes of others or drawn twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.core.errors import ReaderError
from cdgis.readers.intake import Remark

_SAME_SHARE = 1e-3
"""Two outlines that differ by less of their area are one, drawn twice (a line and its fill)."""

_AT_ONCE = 500
_MOST_PAIRS = 5_000_000
"""Pairs of curves with boxes that meet: 2,000 curves all within each other make four million."""


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
    number: str = ""
    """The parcel's own number, "" when the drawing gives none."""
    drawn: FloatArray | None = None
    """Vertices as drawn where edges are arcs, x = easting in metres; None where the polygon has no others."""
    arcs: int = 0
    """Edges that were drawn as arcs."""
    twins: int = 0
    """Further drawings of the same outline."""


def nested(outlines: Sequence[Outline]) -> list[tuple[Outline, list[Outline]]]:
    """Return (shell, its holes) in drawing order: a curve inside an odd number of others is a hole.

    Raises
    ------
    ReaderError : so many curves lie in each other's boxes that looking through them would not end.
    """
    polygons = shapely.make_valid([outline.polygon for outline in outlines])
    areas = shapely.area(polygons)
    inner, outer = _pairs(polygons)
    larger = areas[outer] > areas[inner]
    inner, outer = inner[larger], outer[larger]
    shapely.prepare(polygons)
    within = shapely.covers(polygons[outer], polygons[inner])
    inner, outer = inner[within], outer[within]
    is_hole = np.bincount(inner, minlength=len(polygons)) % 2 == 1
    order = np.lexsort((areas[outer], inner))
    first = np.concatenate([[True], np.diff(inner[order]) != 0]) if len(inner) else np.zeros(0, dtype=bool)
    holes: dict[int, list[Outline]] = {}
    for index, owner in zip(inner[order][first].tolist(), outer[order][first].tolist(), strict=True):
        if is_hole[index]:
            holes.setdefault(owner, []).append(outlines[index])
    return [(outline, holes.get(i, [])) for i, outline in enumerate(outlines) if not is_hole[i]]


def without_twins(outlines: Sequence[Outline]) -> list[Outline]:
    """Return the outlines without those drawn twice (a line and its fill, on whichever layer); the line stays.

    Raises
    ------
    ReaderError : as `nested`.
    """
    if not outlines:
        return []
    polygons = shapely.make_valid([outline.polygon for outline in outlines])
    areas = shapely.area(polygons)
    one, other = _pairs(polygons)
    # what differs by little of its area has nearly the same area and the same box
    alike = np.abs(areas[one] - areas[other]) <= _SAME_SHARE * areas[one]
    one, other = one[alike], other[alike]
    difference = shapely.area(shapely.symmetric_difference(polygons[one], polygons[other]))
    same = difference <= _SAME_SHARE * areas[one]
    one, other = one[same], other[same]
    order = np.argsort(one, kind="stable")
    ends = np.searchsorted(one[order], np.arange(len(polygons) + 1))
    twins: Counter[int] = Counter()
    dropped = np.zeros(len(polygons), dtype=bool)
    for index in sorted(range(len(outlines)), key=lambda i: (outlines[i].is_fill, i)):
        if not dropped[index]:
            like = other[order[ends[index] : ends[index + 1]]]
            twins[index] += int((~dropped[like]).sum())
            dropped[like] = True
    return [replace(o, twins=twins[i]) for i, o in enumerate(outlines) if not dropped[i]]


def _pairs(polygons: GeometryArray) -> tuple[IntArray, IntArray]:
    """Return the pairs of different polygons whose boxes meet, each in both orders."""
    tree = shapely.STRtree(polygons)
    counted = 0
    found: list[IntArray] = [np.zeros((2, 0), dtype=np.int64)]
    for start in range(0, len(polygons), _AT_ONCE):
        block = tree.query(polygons[start : start + _AT_ONCE])
        block[0] += start
        counted += block.shape[1]
        if counted > _MOST_PAIRS:
            raise ReaderError(
                f"图上 {len(polygons)} 条闭合线互相套叠的太多（超过 {_MOST_PAIRS // 1_000_000} 百万对），不是用地边界图",
                remedy="请只导出用地边界所在图层",
            )
        found.append(block[:, block[0] != block[1]])
    pairs = np.concatenate(found, axis=1)
    return pairs[0], pairs[1]
