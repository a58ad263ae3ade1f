"""Polygons, lines and points from numbered boundary points.

Ring 1 is the outer ring and 2 and up are holes; but producers forget to close rings, start a new ring under the
same number, or give the closing point a wrong ring number. Nesting decides what is a hole.
"""

from dataclasses import dataclass, replace

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from cdgis.readers.intake import Remark, noted, rejected, repaired

_SAME_POINT = 1e-9


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


def assemble_shape(vertices: list[Vertex], *, kind: str) -> tuple[BaseGeometry | None, list[Remark]]:
    """Return the shape of a parcel of `kind` 面, 线 or 点 (x = easting or longitude), or None, with remarks."""
    if "点" in kind:
        return _collapse(shapely.multipoints([v.xy for v in vertices])), []
    runs, remarks = _runs(vertices, close="线" not in kind)
    if "线" in kind:
        lines = [run for run in runs if len(run) >= 2]
        if not lines:
            return None, [*remarks, rejected("线少于两个点", field="坐标", remedy="补全坐标")]
        return _collapse(shapely.multilinestrings([shapely.linestrings([v.xy for v in r]) for r in lines])), remarks
    short = [run for run in runs if len({v.xy for v in run}) < 3]
    if short:
        where = "、".join(f"第 {run[0].line} 行起" for run in short)
        reason = f"界址点不足三个（{where}）"
        return None, [*remarks, rejected(reason, field="坐标", remedy="补全界址点")]
    return _nested([Polygon([v.xy for v in run]) for run in runs], remarks), remarks


def _collapse(multi: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(multi)
    single: BaseGeometry = parts[0] if len(parts) == 1 else multi
    return single


def _runs(vertices: list[Vertex], *, close: bool) -> tuple[list[list[Vertex]], list[Remark]]:
    """Cut the vertex list into rings: where the number changes, or where a ring has come back to its start."""
    runs: list[list[Vertex]] = []
    remarks: list[Remark] = []
    for vertex in vertices:
        current = runs[-1] if runs else []
        if current and vertex.ring != current[0].ring and close and _closes(current, vertex):
            value = f"{vertex.label},{vertex.ring}"
            remarks.append(
                repaired(f"第 {vertex.line} 行闭合点圈号写错，已归入第 {current[0].ring} 圈", field="圈号", value=value)
            )
            current.append(vertex)
        elif current and vertex.ring == current[0].ring and not (close and _is_closed(current)):
            current.append(vertex)
        elif current and close and _is_closed(current) and vertex.coincides(current[0]):
            continue
        else:
            runs.append([vertex])
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


def _nested(polygons: list[Polygon], remarks: list[Remark]) -> BaseGeometry:
    """Join rings by nesting: one within an earlier shell, and not within its holes, is a hole; else a further part."""
    shells: list[Polygon] = []
    holes: list[list[Polygon]] = []
    for polygon in polygons:
        owner = next((i for i, shell in enumerate(shells) if _inside(polygon, shell, holes[i])), None)
        if owner is None:
            shells.append(polygon)
            holes.append([])
        else:
            holes[owner].append(polygon)
    if len(shells) > 1:
        remarks.append(noted(f"地块由 {len(shells)} 个部分组成", field="圈号"))
    parts = [
        Polygon(shell.exterior, [hole.exterior for hole in inner]) for shell, inner in zip(shells, holes, strict=True)
    ]
    return _collapse(shapely.multipolygons(parts))


def _inside(polygon: Polygon, shell: Polygon, holes: list[Polygon]) -> bool:
    point = shapely.point_on_surface(shapely.make_valid(polygon))
    in_shell = bool(shapely.contains_properly(shapely.make_valid(shell), point))
    return in_shell and not any(shapely.contains_properly(shapely.make_valid(hole), point) for hole in holes)
