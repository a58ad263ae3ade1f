"""What a parcel's header and numbering say of its points, against the points read.

A lost line leaves a smaller parcel, or one without its hole, that looks like any other: only the count, the area and
the numbers of points and rings can tell.
"""

import re
from collections import Counter

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers.boundary_header import HEADER_FIELDS
from cdgis.readers.coordinates import CHINA_BOX, within
from cdgis.readers.intake import Remark, noted
from cdgis.readers.rings import Vertex

COUNT_FIELD, AREA_FIELD = HEADER_FIELDS[:2]
_AREA_MISMATCH_SHARE = 0.01
_AREA = re.compile(r"(\d+(?:\.\d+)?)\s*(亩|平方米|m2|㎡)?", re.IGNORECASE)
_UNIT_M2 = {"": 10_000.0, "亩": 10_000.0 / 15}
"""Square metres of the unit written after the area; hectares when none is, and 1 for the others."""
_MOST_DIGITS = 9
_LEAST_CORNERS = 3
_REMEDY = "请核对原始资料是否漏了行"
_NUMBER = re.compile(r"\d{1,9}$")


def count_remarks(header: dict[str, str], vertices: list[Vertex]) -> list[Remark]:
    """Return what is odd in the number of points stated and in the numbers of points and rings."""
    remarks: list[Remark] = []
    stated, found = header.get(COUNT_FIELD, ""), len(vertices)
    corners = found - _closings(vertices)
    if stated and not (stated.isdecimal() and len(stated) <= _MOST_DIGITS):
        remarks.append(noted(f"表头的界址点数“{stated}”不是数，实有 {found} 行", field=COUNT_FIELD, value=stated))
    elif stated and int(stated) not in (found, corners):
        has = f"{found} 个" if corners == found else f"{found} 个（不计闭合点 {corners} 个）"
        reason = f"表头写 {stated} 个界址点，实有 {has}，以实有为准"
        remarks.append(noted(reason, field=COUNT_FIELD, value=stated, remedy=_REMEDY))
    points = [int(match.group()) for vertex in vertices if (match := _NUMBER.search(vertex.label))]
    gaps = _gaps(list(dict.fromkeys(points)))
    if gaps:
        remarks.append(noted(f"点号不连续：{_jumps(gaps)}", field="点号", remedy=_REMEDY))
    return [*remarks, *_ring_remarks(vertices)]


def area_remarks(header: dict[str, str], shape: BaseGeometry | None, *, projected: bool) -> list[Remark]:
    """Return the note that the header's area (hectares unless it names 亩 or m²) differs from the shape's by over 1 %."""
    said = header.get(AREA_FIELD, "")
    area = _AREA.match(said)
    if area is None or shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
        return []
    if not projected and not within(CHINA_BOX, *shape.bounds):
        return []
    whole = shapely.make_valid(shape)
    actual_m2 = abs(whole.area) if projected else float(survey_area_m2(np.array([whole], dtype=object))[0])
    stated_m2 = float(area.group(1)) * _UNIT_M2.get(area.group(2) or "", 1.0)
    if stated_m2 <= 0 or abs(actual_m2 - stated_m2) <= _AREA_MISMATCH_SHARE * stated_m2:
        return []
    written = area.group() if area.group(2) else f"{area.group(1)} 公顷"
    reason = f"表头面积 {written}与坐标围成的 {actual_m2 / 10_000:.4f} 公顷相差超过 1%，请核对"
    return [noted(reason, field=AREA_FIELD, value=said)]


def _ring_remarks(vertices: list[Vertex]) -> list[Remark]:
    """Return the note that ring numbers are left out; a number of one line is a closing point's slip, told elsewhere."""
    lines = Counter(vertex.ring for vertex in vertices)
    rings = sorted(ring for ring, count in lines.items() if count > 1)
    jumps = [(first, last) for first, last in zip(rings, rings[1:], strict=False) if last - first > 1]
    late = [f"从 {rings[0]} 写起"] if rings and rings[0] > 1 else []
    said = "、".join([*late, *([_jumps(jumps)] if jumps else [])])
    remedy = "请核对原始资料是否漏了一圈（外环或孔）"
    return [noted(f"圈号不连续：{said}", field="圈号", remedy=remedy)] if said else []


def _closings(vertices: list[Vertex]) -> int:
    """Return how many points only close a ring."""
    closings, start = 0, 0
    for index, vertex in enumerate(vertices):
        if index - start >= _LEAST_CORNERS and vertex.coincides(vertices[start]):
            closings, start = closings + 1, index + 1
        elif vertex.ring != vertices[start].ring:
            start = index
    return closings


def _gaps(numbers: list[int]) -> list[tuple[int, int]]:
    """Return the jumps of a numbering that otherwise counts on; a parcel of shared points has no such numbering."""
    pairs = list(zip(numbers, numbers[1:], strict=False))
    if sum(last - first == 1 for first, last in pairs) * 2 < len(pairs):
        return []
    own = set(numbers)
    # a jump wider than the parcel has points cannot be filled by its own points
    return [(a, b) for a, b in pairs if b - a > 1 and not own.issuperset(range(a + 1, min(b, a + len(own) + 2)))]


def _jumps(gaps: list[tuple[int, int]]) -> str:
    return "、".join(f"{first} 之后是 {last}" for first, last in gaps)
