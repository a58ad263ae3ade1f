"""Streams with their direction, name and distance to the mouth.

A network is a forest of vertices: stream cells of an elevation grid, or vertices of given river lines. The
segment of a vertex is the straight piece from it to its receiver; a position on the network is a segment and
the way left from there to the outlet.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import NetworkError
from cdgis.geometry.geodesy import geodesic_distance_m, geometries_to_local
from cdgis.rivers.drainage_tree import Forest, grow_forest
from cdgis.rivers.flow import FlowGrid

Texts = npt.NDArray[np.object_]

NAMELESS = "未命名河流"
SHARE_NAMED = 0.5
"""Part of a reach that must lie near a named line for the reach to bear its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Streams of one source, one entry a vertex."""

    forest: Forest
    lon_deg: FloatArray
    lat_deg: FloatArray
    upstream_km2: FloatArray
    """Area drained; NaN where the network comes from lines without elevation."""
    reach: IntArray
    """Most downstream vertex of the unbranched piece a vertex belongs to: one value per reach."""
    river: Texts
    """Name of the river, "" where none is known."""
    is_derived: bool
    """Whether it was computed from elevation instead of surveyed."""
    accuracy_m: float
    source: str
    """What it was made from, in words."""
    grid: FlowGrid | None = None
    vertex_of_cell: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """For a derived network: first stream vertex that each cell of the grid drains to, -1 if none."""

    @property
    def step_m(self) -> FloatArray:
        """Length of each vertex's segment, metres; 0 at outlets."""
        return np.asarray(self.forest.to_outlet_m - self.forest.to_outlet_m[self.forest.receiver])

    @property
    def donors(self) -> IntArray:
        """Vertices that have a segment: all but the outlets."""
        return np.flatnonzero(~self.forest.is_outlet)

    def vertices_local(self) -> FloatArray:
        """Return the vertices (n x 2) in the distance-finding plane, metres."""
        # One line through all vertices takes their coordinates along at once; the first again, for a network of one.
        way = np.column_stack([np.append(self.lon_deg, self.lon_deg[:1]), np.append(self.lat_deg, self.lat_deg[:1])])
        return np.asarray(shapely.get_coordinates(geometries_to_local(np.array([shapely.linestrings(way)])))[:-1])

    def segments_local(self) -> Texts:
        """Return the segments of `donors` in the distance-finding plane, metres."""
        xy = self.vertices_local()
        pairs = np.stack([xy[self.donors], xy[self.forest.receiver[self.donors]]], axis=1)
        return np.asarray(shapely.linestrings(pairs), dtype=object)

    def segments(self) -> Texts:
        """Return the segments of `donors`, EPSG:4490."""
        lonlat = np.column_stack([self.lon_deg, self.lat_deg])
        pairs = np.stack([lonlat[self.donors], lonlat[self.forest.receiver[self.donors]]], axis=1)
        return np.asarray(shapely.linestrings(pairs), dtype=object)

    def places(self, vertices: IntArray, to_outlet_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitudes and latitudes, degrees, of positions on the segments of `vertices`."""
        step = self.step_m[vertices]
        share = np.clip((self.forest.to_outlet_m[vertices] - to_outlet_m) / np.where(step > 0, step, 1.0), 0.0, 1.0)
        below = self.forest.receiver[vertices]
        lon = self.lon_deg[vertices] + share * (self.lon_deg[below] - self.lon_deg[vertices])
        lat = self.lat_deg[vertices] + share * (self.lat_deg[below] - self.lat_deg[vertices])
        return lon, lat

    def reach_id(self, vertices: IntArray) -> list[str]:
        """Return the printed ids of the reaches that `vertices` belong to."""
        return [f"R{int(root):06d}" for root in self.reach[vertices]]

    def label(self, vertex: int) -> str:
        """Return the name of the river at a vertex; a nameless one is called after the river it joins."""
        if self.river[vertex]:
            return str(self.river[vertex])
        below = self.forest.path(vertex)
        named = [str(self.river[v]) for v in below if self.river[v]]
        return f"{named[0]}支流" if named else NAMELESS

    def stem(self, name: str) -> IntArray:
        """Return the vertices of a named river in flow order.

        Raises
        ------
        NetworkError : no river of the network bears that name.
        """
        hits = np.flatnonzero(self.river == name)
        if not len(hits):
            known = "、".join(sorted({str(n) for n in self.river if n})) or "（没有一条有名称）"
            raise NetworkError(f"河网中没有名为“{name}”的河流", remedy=f"有名称的河流：{known}")
        return np.asarray(hits[np.argsort(-self.forest.to_outlet_m[hits], kind="stable")])


def network_from_flow(grid: FlowGrid, *, stream_km2: float, accuracy_m: float, source: str) -> Network:
    """Return the streams of an elevation grid: every cell that drains at least `stream_km2` square kilometres.

    Raises
    ------
    NetworkError : no cell drains that much.
    """
    area = grid.upstream_km2.ravel()
    cells = np.flatnonzero(np.nan_to_num(area) >= stream_km2)
    if not len(cells):
        raise NetworkError(
            f"没有集水面积达到 {stream_km2:g} 平方公里的河道", remedy="请减小 cdgis.toml 中 [rivers] 的 stream_km2"
        )
    position = np.full(area.size, -1, dtype=np.int64)
    position[cells] = np.arange(len(cells))
    receiver = position[grid.receiver[cells]]
    lon, lat = grid.centres(cells)
    step = geodesic_distance_m(lon, lat, lon[receiver], lat[receiver])
    forest = grow_forest(receiver, step)
    return Network(
        forest=forest, lon_deg=lon, lat_deg=lat, upstream_km2=area[cells], reach=_reaches(receiver),
        river=np.full(len(cells), "", dtype=object), is_derived=True, accuracy_m=accuracy_m, source=source,
        grid=grid, vertex_of_cell=_first_stream(grid, position),
    )  # fmt: skip


def network_from_edges(lonlat: FloatArray, receiver: IntArray, river: Texts, *, accuracy_m: float, source: str) -> Network:
    """Return the network of checked river lines whose vertices (n x 2 degrees) drain to `receiver`."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    step = geodesic_distance_m(lon, lat, lon[receiver], lat[receiver])
    return Network(
        forest=grow_forest(receiver, step), lon_deg=lon, lat_deg=lat, upstream_km2=np.full(len(lon), np.nan),
        reach=_reaches(receiver), river=river, is_derived=False, accuracy_m=accuracy_m, source=source,
    )  # fmt: skip


def _reaches(receiver: IntArray) -> IntArray:
    own = np.arange(len(receiver))
    donors = np.bincount(receiver[receiver != own], minlength=len(receiver))
    ends = (receiver == own) | (donors[receiver] > 1)
    jump = np.where(ends, own, receiver)
    for _ in range(int(np.ceil(np.log2(max(len(receiver), 2)))) + 1):
        jump = jump[jump]
    return np.asarray(jump)


def _first_stream(grid: FlowGrid, position: IntArray) -> IntArray:
    """Return for every cell the first vertex on its way down, -1 if it leaves the grid before meeting one."""
    own = np.arange(len(position))
    stays = (position >= 0) | (grid.receiver < 0)
    jump = np.where(stays, own, grid.receiver)
    while True:
        # Pointer doubling ends as soon as nobody moves: the way to a stream is short beside the way to the sea.
        further = jump[jump]
        if np.array_equal(further, jump):
            return position[jump]
        jump = further


def name_rivers(network: Network, lines: GeoDataFrame, *, within_m: float) -> Network:
    """Return `network` with the names of `lines` (zone_name; EPSG:4490), each river an unbroken stem.

    Notes
    -----
    A reach bears the name of the line that at least half of its vertices lie within `within_m` of. The stem of
    a river is then the way down from its highest named vertex to its lowest: pieces between them that a
    coarser line misses are named too; where two rivers claim a piece the one draining more keeps it, and
    names given before are never taken away, nor given a second time (a river is one way down).
    """
    known = {str(name) for name in network.river}
    named = lines[~lines["zone_name"].astype(str).isin(known | {""})]
    xy = network.vertices_local()
    river = network.river.copy()
    groups = {str(name): shapely.union_all(geometries_to_local(part.geometry.to_numpy()))
              for name, part in named.groupby("zone_name", sort=True)}  # fmt: skip
    stems = {name: _stem(network, _near(xy, line, within_m)) for name, line in groups.items()}
    for name in sorted(stems, key=lambda n: (-_size(network, stems[n]), n)):
        free = stems[name][river[stems[name]] == ""]
        river[free] = name
    return replace(network, river=river)


def _near(xy: FloatArray, line: BaseGeometry, within_m: float) -> npt.NDArray[np.bool_]:
    """Return which points lie within reach of a line; only those near its box are measured."""
    x0, y0, x1, y1 = shapely.bounds(line)
    above, below = xy >= np.array([x0, y0]) - within_m, xy <= np.array([x1, y1]) + within_m
    boxed = np.flatnonzero(np.all(above & below, axis=1))
    near = np.zeros(len(xy), dtype=bool)
    near[boxed] = shapely.dwithin(shapely.points(xy[boxed]), line, within_m)
    return near


def _size(network: Network, stem: IntArray) -> float:
    return float(network.forest.to_outlet_m[stem].max() if len(stem) else 0.0)


def _stem(network: Network, close: npt.NDArray[np.bool_]) -> IntArray:
    forest = network.forest
    reaches, of_vertex = np.unique(network.reach, return_inverse=True)
    share = np.bincount(of_vertex, weights=close) / np.bincount(of_vertex)
    kept = np.flatnonzero((share[of_vertex] >= SHARE_NAMED) & close)
    if not len(kept):
        return kept
    # The mouth is the kept vertex that most kept vertices drain to; the source the one farthest above it.
    count = forest.accumulate(np.isin(np.arange(len(close)), kept).astype(float))
    mouth = kept[np.lexsort((forest.to_outlet_m[kept], -count[kept]))[0]]
    above = kept[forest.is_downstream(np.int64(mouth), kept)]
    area = np.nan_to_num(network.upstream_km2[above])
    source = above[np.lexsort((-area, -forest.to_outlet_m[above]))[0]]
    way = forest.path(int(source))
    return np.asarray(way[forest.to_outlet_m[way] >= forest.to_outlet_m[mouth]])
