"""Given river lines made into a network, with what was mended: gaps, crossings, directions, braids.

Ends that stop short of another line by at most `join_m` are led to it; lines that cross are given a node; the
outlet of each connected piece is its lowest end (by elevation) or, without elevation, the sink that most of it
drains to as drawn; every vertex then drains along the shortest way to the outlet. What this changes or cannot
mend is a row of table `river_check`: nothing is mended unseen.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import NetworkError
from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local
from cdgis.geometry.kernels import pair_distance_m
from cdgis.results.tables.validation import validate
from cdgis.rivers.network import Network, network_from_edges
from cdgis.workspace.layers import Layer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Texts = npt.NDArray[np.object_]

SUSPECT_FACTOR = 10.0
"""An end this many times join_m from another line is reported as a possible gap, not mended."""
_GRID_M = 1e-3
"""Coordinates nearer than this are one vertex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevation:
    """A grid of heights that tells which end of a river is the lower."""

    values_m: npt.NDArray[np.generic]
    lon_edges_deg: FloatArray
    lat_edges_deg: FloatArray

    def at(self, points: Texts) -> FloatArray:
        """Return the heights at EPSG:4490 points, NaN outside the grid."""
        lon, lat = shapely.get_x(points), shapely.get_y(points)
        column = np.searchsorted(self.lon_edges_deg, lon, side="right") - 1
        row = np.searchsorted(-self.lat_edges_deg, -lat, side="right") - 1
        rows, columns = self.values_m.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        heights = np.asarray(self.values_m, dtype=float)
        return np.where(inside, heights[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    points: Texts
    """Vertices in the local plane."""
    start: IntArray
    end: IntArray
    """Edges in the direction drawn."""
    length_m: FloatArray
    line: IntArray
    """Which given line an edge belongs to."""


def network_from_lines(layer: Layer, *, join_m: float, elevation: Elevation | None) -> tuple[Network, pd.DataFrame]:
    """Return the network of a line layer and what was found and mended (table `river_check`).

    Raises
    ------
    NetworkError : the layer has no line.
    """
    zones = layer.zones.explode(index_parts=False, ignore_index=True)
    if zones.empty:
        raise NetworkError(f"河线图层 {layer.spec.id} 没有一条河线")
    names = zones["zone_name"].astype(str).to_numpy(dtype=object)
    ids = zones["zone_id"].astype(str).to_numpy(dtype=object)
    lines = geometries_to_local(zones.geometry.to_numpy())
    lines, rows = _closed_gaps(lines, ids, join_m)
    rows += _crossings(lines, ids)
    graph = _noded(lines)
    receiver, tree = _directed(graph, elevation)
    rows += _braids(graph, tree, ids)
    lonlat = shapely.get_coordinates(geometries_from_local(graph.points))
    river = np.full(len(lonlat), "", dtype=object)
    for ends in (graph.end, graph.start):
        river[ends] = np.where(names[graph.line] != "", names[graph.line], river[ends])
    source = f"{layer.spec.title}，经检查修复"
    network = network_from_edges(lonlat, receiver, river, accuracy_m=layer.spec.accuracy_m, source=source)
    rows += _reversed(graph, network, ids)
    columns = ["item", "river", "place", "found", "action", "value", "unit"]
    return network, validate("river_check", pd.DataFrame(rows, columns=columns))


def _row(
    item: str, river: object, point: object, found: str, action: str, value: float, unit: str
) -> dict[str, object]:
    lonlat = shapely.get_coordinates(geometries_from_local(np.array([point], dtype=object)))[0]
    place = f"{lonlat[0]:.5f},{lonlat[1]:.5f}"
    return {"item": item, "river": str(river), "place": place, "found": found, "action": action, "value": value,
            "unit": unit}  # fmt: skip


def _closed_gaps(lines: Texts, ids: Texts, join_m: float) -> tuple[Texts, list[dict[str, object]]]:
    """Return the lines with short gaps closed, and what was closed or is suspected."""
    tree, out, rows = shapely.STRtree(lines), lines.copy(), []
    for side in (0, -1):
        ends = shapely.get_point(lines, side)
        end, other = tree.query(ends, predicate="dwithin", distance=join_m * SUSPECT_FACTOR)
        foreign = end != other
        end, other = end[foreign], other[foreign]
        gap = shapely.distance(ends[end], lines[other])
        order = np.lexsort((other, gap, end))
        first = order[np.unique(end[order], return_index=True)[1]]
        for e, o, d in zip(end[first], other[first], gap[first], strict=True):
            if d <= _GRID_M:
                continue
            near = shapely.get_point(shapely.shortest_line(ends[e], lines[o]), -1)
            short = d <= join_m
            if short:
                out[e] = _led_to(out[e], near, side)
            found = f"端点距河线 {ids[o]} {d:.1f} 米" + ("，已接上" if short else "，未接（超过接合距离），请核对")
            item = "断开" if short else "疑似断开"
            rows.append(_row(item, ids[e], ends[e], found, "已修复" if short else "仅报告", float(d), "米"))
    return out, rows


def _led_to(line: shapely.Geometry, point: shapely.Geometry, side: int) -> shapely.Geometry:
    xy, more = shapely.get_coordinates(line), shapely.get_coordinates(point)
    return shapely.LineString(np.vstack([more, xy] if side == 0 else [xy, more]))


def _crossings(lines: Texts, ids: Texts) -> list[dict[str, object]]:
    """Return where two lines cross with neither ending there: they get a node."""
    one, two = shapely.STRtree(lines).query(lines, predicate="crosses")
    one, two = one[one < two], two[one < two]
    rows = []
    for a, b, meet in zip(one, two, shapely.intersection(lines[one], lines[two]), strict=True):
        points = shapely.get_parts(meet)
        ends = shapely.multipoints(np.array([shapely.get_point(lines[i], s) for i in (a, b) for s in (0, -1)]))
        for point in points[(shapely.get_dimensions(points) == 0) & (shapely.distance(points, ends) > _GRID_M)]:
            found = f"与河线 {ids[b]} 相交而没有节点，已在交点断开"
            rows.append(_row("交叉无节点", ids[a], point, found, "已修复", np.nan, ""))
    return rows


def _noded(lines: Texts) -> _Graph:
    """Return the lines cut where they meet, as vertices and edges."""
    tree = shapely.STRtree(lines)
    one, two = tree.query(lines, predicate="dwithin", distance=_GRID_M)
    foreign = one != two
    meets = shapely.get_parts(shapely.intersection(lines[one[foreign]], lines[two[foreign]]), return_index=True)
    touching = [shapely.get_point(shapely.shortest_line(shapely.get_point(lines[two[foreign]], side), lines[one[foreign]]), -1)
                for side in (0, -1)]  # fmt: skip
    near = [
        shapely.distance(shapely.get_point(lines[two[foreign]], side), lines[one[foreign]]) <= _GRID_M
        for side in (0, -1)
    ]
    points = np.concatenate([meets[0], touching[0][near[0]], touching[1][near[1]]])
    owner = np.concatenate([one[foreign][meets[1]], one[foreign][near[0]], one[foreign][near[1]]])
    at_point = shapely.get_dimensions(points) == 0
    points, owner = points[at_point], owner[at_point]
    xy, of_line = shapely.get_coordinates(lines, return_index=True)
    along = [
        shapely.line_locate_point(lines[of_line], shapely.points(xy)),
        shapely.line_locate_point(lines[owner], points),
    ]
    along[0] = _drawn_length(xy, of_line)
    xy, of_line = np.vstack([xy, shapely.get_coordinates(points)]), np.concatenate([of_line, owner])
    order = np.lexsort((np.concatenate(along), of_line))
    keys, vertex = np.unique(np.round(xy / _GRID_M).astype(np.int64), axis=0, return_inverse=True)
    vertex, of_line = vertex.ravel()[order], of_line[order]
    edge = np.flatnonzero((of_line[:-1] == of_line[1:]) & (vertex[:-1] != vertex[1:]))
    start, end = vertex[edge], vertex[edge + 1]
    vertices = np.asarray(shapely.points(keys * _GRID_M), dtype=object)
    length_m = pair_distance_m(vertices[start], vertices[end])
    return _Graph(points=vertices, start=start, end=end, line=of_line[edge], length_m=length_m)


def _drawn_length(xy: FloatArray, of_line: IntArray) -> FloatArray:
    """Return for each vertex the length of its line up to it, as drawn (a line may come near itself)."""
    step = np.concatenate(([0.0], np.hypot(*np.diff(xy, axis=0).T)))
    step[np.concatenate(([True], np.diff(of_line) != 0))] = 0.0
    total = np.cumsum(step)
    first = np.searchsorted(of_line, of_line, side="left")
    return np.asarray(total - total[first])


def _directed(graph: _Graph, elevation: Elevation | None) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return the receiver of every vertex, and which edges are part of the network."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    count = len(graph.points)
    both = coo_array((graph.length_m, (graph.start, graph.end)), shape=(count, count)).tocsr()
    outlets = _outlets(graph, both, elevation)
    _, before, _ = dijkstra(both, directed=False, indices=outlets, return_predecessors=True, min_only=True)
    receiver = np.where(before >= 0, before, np.arange(count)).astype(np.int64)
    tree = (receiver[graph.start] == graph.end) | (receiver[graph.end] == graph.start)
    return receiver, tree


def _outlets(graph: _Graph, both: "csr_array", elevation: Elevation | None) -> IntArray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    count = len(graph.points)
    _, piece = connected_components(both, directed=False)
    degree = np.bincount(np.concatenate([graph.start, graph.end]), minlength=count)
    unknown = np.full(count, np.nan)
    height = unknown if elevation is None else elevation.at(geometries_from_local(graph.points))
    sinks = np.flatnonzero(np.bincount(graph.start, minlength=count) == 0)
    upward = coo_array((np.ones(len(graph.start)), (graph.end, graph.start)), shape=(count, count)).tocsr()
    drained = np.zeros(count)
    for sink in sinks:
        drained[sink] = len(breadth_first_order(upward, sink, return_predecessors=False))
    known = np.where(np.isnan(height), np.inf, height)
    # By piece: a lowest end with a height first, else the sink most of the piece drains to as drawn.
    order = np.lexsort((np.arange(count), -drained, known, degree != 1, piece))
    return np.asarray(order[np.unique(piece[order], return_index=True)[1]])


def _braids(graph: _Graph, tree: npt.NDArray[np.bool_], ids: Texts) -> list[dict[str, object]]:
    spare = np.flatnonzero(~tree)
    rows = []
    for line in np.unique(graph.line[spare]):
        mine = spare[graph.line[spare] == line]
        found = "河线分汊或成环：只沿最短的一支追踪，其余不参与"
        rows.append(_row("分汊或成环", ids[line], graph.points[graph.start[mine[0]]], found, "仅报告",
                         float(graph.length_m[mine].sum()), "米"))  # fmt: skip
    return rows


def _reversed(graph: _Graph, network: Network, ids: Texts) -> list[dict[str, object]]:
    """Return the lines drawn against the flow."""
    forest, rows = network.forest, []
    along = forest.receiver[graph.start] == graph.end
    against = forest.receiver[graph.end] == graph.start
    for line in np.unique(graph.line):
        mine = graph.line == line
        wrong, right = (float(graph.length_m[mine & way].sum()) for way in (against, along))
        if wrong > right:
            point = graph.points[graph.start[np.flatnonzero(mine)[0]]]
            rows.append(_row("方向相反", ids[line], point, "绘制方向与流向相反，追踪按流向", "已修复", wrong, "米"))
    return rows
