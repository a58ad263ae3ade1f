"""Polygons, lines and points from numbered boundary points.

Ring 1 is the outer ring and 2 and up are holes; but producers forget to close rings, start a new ring under the
same number, cut a hole open into one long ring, write the hole first, or give the closing point a wrong ring number.
Nesting decides what is a hole.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.readers.intake import Remark, noted, rejected, repaired
from cdgis.readers.ring_loops import assembled, nested_rings, simple_loops
from cdgis.readers.shape_kind import ShapeKind

_SAME_POINT = 1e-9
_LEAST_CORNERS = 3
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """One coordinate line; `first` is the northing or latitude once the axes are in order."""

    label: str
    ring: int
    first: float
    second: float
    line: int

    def swapped(self) -> "Vertex":
        """Return the vertex with its two coordinates exchanged."""
        return replace(self, first=self.second, second=self.first)

    @property
    def xy(self) -> tuple[float, float]:
        """Easting and northing, or longitude and latitude."""
        return self.second, self.first

    def coincides(self, other: "Vertex") -> bool:
        """Return whether both stand at the same place."""
        return abs(self.first - other.first) <= _SAME_POINT and abs(self.second - other.second) <= _SAME_POINT


def assemble_shape(vertices: list[Vertex], kind: ShapeKind) -> tuple[BaseGeometry | None, list[Remark]]:
    """Return the shape of a parcel (x = easting or longitude), or None, with remarks."""
    if kind is ShapeKind.POINTS:
        return _collapse(shapely.multipoints([v.xy for v in vertices])), []
    runs, remarks = _runs(vertices, close=kind is ShapeKind.POLYGON)
    is_line = kind is ShapeKind.LINE
    short = [run for run in runs if (len(run) < 2 if is_line else len({v.xy for v in run}) < _LEAST_CORNERS)]
    if short:
        where = "、".join(f"第 {run[0].line} 行起" for run in short)
        reason = f"线少于两个点（{where}）" if is_line else f"界址点不足三个（{where}）"
        return None, [*remarks, rejected(reason, field="坐标", remedy="补全坐标" if is_line else "补全界址点")]
    if is_line:
        return _collapse(shapely.multilinestrings([shapely.linestrings([v.xy for v in run]) for run in runs])), remarks
    return _nested(runs, remarks), remarks


def _collapse(multi: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(multi)
    single: BaseGeometry = parts[0] if len(parts) == 1 else multi
    return single


def _runs(vertices: list[Vertex], *, close: bool) -> tuple[list[list[Vertex]], list[Remark]]:
    """Cut the vertex list into rings: where the ring number changes, the point numbers restart, or a ring has closed."""
    runs: list[list[Vertex]] = []
    remarks: list[Remark] = []
    restarted: list[int] = []
    for vertex in vertices:
        current = runs[-1] if runs else []
        if close and current and _restarts(current, vertex):
            restarted.append(vertex.line)
            runs.append([vertex])
            continue
        if current and vertex.ring != current[0].ring and close and _closes(current, vertex):
            value = f"{vertex.label},{vertex.ring}"
            remarks.append(
                repaired(f"第 {vertex.line} 行闭合点圈号写错，已归入第 {current[0].ring} 圈", field="圈号", value=value)
            )
            current.append(vertex)
        elif current and vertex.ring == current[0].ring and not (close and _is_closed(current)):
            current.append(vertex)
        elif close and current and _is_closed(current) and _leads_back(runs, vertex):
            continue
        else:
            runs.append([vertex])
    if restarted:
        lines = "、".join(map(str, restarted))
        remarks.append(repaired(f"第 {lines} 行起点号重新编起，按另一圈读取", field="圈号", remedy="请核对地块是否由几部分组成"))
    if close:
        open_rings = [index for index, run in enumerate(runs, start=1) if not _is_closed(run)]
        if open_rings:
            numbers = "、".join(map(str, open_rings))
            remarks.append(repaired(f"第 {numbers} 圈未闭合，已补首点", field="坐标"))
    return runs, remarks


def _closes(run: list[Vertex], vertex: Vertex) -> bool:
    return len(run) >= 3 and not _is_closed(run) and vertex.coincides(run[0])


def _is_closed(run: list[Vertex]) -> bool:
    return len(run) >= 4 and run[-1].coincides(run[0])


def _restarts(run: list[Vertex], vertex: Vertex) -> bool:
    """Return whether a point bears the number an unfinished ring began with, but stands elsewhere: another ring begins."""
    same_ring = vertex.ring == run[0].ring and not _is_closed(run) and len(run) >= _LEAST_CORNERS
    if not same_ring or vertex.coincides(run[0]) or not vertex.label:
        return False
    numbers = [_NUMBER.findall(label) for label in (run[0].label, vertex.label)]
    return vertex.label == run[0].label or (bool(numbers[0]) and numbers[0] == numbers[1])


def _leads_back(runs: list[list[Vertex]], vertex: Vertex) -> bool:
    """Return whether a point after a closed ring only goes back along the cut that led to it."""
    return any(run[0].ring == vertex.ring and vertex.coincides(run[0]) for run in runs)


def _nested(runs: list[list[Vertex]], remarks: list[Remark]) -> BaseGeometry:
    """Return the rings joined by nesting: one within an odd number of larger ones is a hole."""
    rings = [np.array([vertex.xy for vertex in run]) for run in runs]
    loops = [loop for ring in rings for loop in simple_loops(ring)]
    if len(loops) > len(rings):
        remarks.append(noted("一圈里用割线连着几圈，已在割线处拆开", field="圈号"))
    shells = nested_rings(loops)
    if len(shells) > 1:
        remarks.append(noted(f"地块由 {len(shells)} 个部分组成", field="圈号"))
    if any(hole < shell for shell, holes in shells for hole in holes):
        remarks.append(noted("孔写在外环之前，按包含关系认定", field="圈号"))
    return _collapse(shapely.multipolygons(assembled(loops)))
