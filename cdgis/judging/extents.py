"""Size of each subject, and how much of it lies how deep in which zone: the arithmetic under the overlay.

Areas on the measuring plane, lengths geodesic (DESIGN 4.2); overlapping zones count once; depth is that of DESIGN 4.4.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry import geodesy
from cdgis.geometry.kernels import (
    POINT_COUNTS,
    Cut,
    Engine,
    Pairs,
    Zones,
    chosen_engine,
    nearest_chunk,
    places_apart_m,
    places_on_outlines,
    projection_points,
    rounding_m2,
)
from cdgis.geometry.kernels.inscribed_discs import inradius_m
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.plane_validity import areas_on_plane, valid_on_plane, valid_polygons
from cdgis.geometry.shapes import (
    LINE_HIT_M,
    SLIVER_SHARE,
    densified,
    follow_plane,
    is_sliver,
    of_dimension,
)

UNCOVERED_M2 = 1.0
UNITS = np.array(["count", "m", "m2"], dtype=object)
"""What `Extents.total` counts, of points, lines and polygons."""
_OUTLINE_COUNTS = 400
"""How much each outline that points are measured to counts to the size of a job."""
_FEW_VERTICES = 4096
"""Outlines of so few are looked at whole, without a tree."""
_DEPTH_STEPS = 2000
"""Points tried along the length of a line for the one that lies deepest."""
_DEPTH_STEP_M = 0.2
"""Least distance between them."""
_LINE_STEP_M = 1000.0
"""Edges of lines up to this long are as long on the plane's course as along the geodesic, to 1e-9."""

_JOIN_GRID_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What subjects share with the zones of several layers; `pairs` number the zones below: of all layers in turn those near."""

    pairs: Pairs
    layer: IntArray
    """Which of the layers each zone is of."""
    zone: IntArray
    """Its position there."""
    zones: Zones
    """They themselves on the measuring plane."""
    local: Callable[[IntArray], GeometryArray]
    """Makes shapes of some of them in the distance plane."""

    @property
    def of_pair(self) -> IntArray:
        """The layer of each pair that overlaps."""
        return self.layer[self.pairs.zone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extents:
    """Subjects in both planes with their sizes."""

    ids: npt.NDArray[np.object_]
    plane: GeometryArray
    """On the measuring plane."""
    cut: Cut
    """The same, large polygons in pieces."""
    local: GeometryArray
    """In the distance plane."""
    local_box: FloatArray
    """West, south, east and north there, metres."""
    local_cut: Cut
    """The same, large polygons and long lines as chunks of outline."""
    dimension: npt.NDArray[np.int32]
    """0 point, 1 line, 2 polygon."""
    area_m2: FloatArray
    length_m: FloatArray
    _inradius_m: FloatArray
    """As far as somebody asked; NaN elsewhere."""
    _asking: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, ids: npt.NDArray[np.object_], lonlat: GeometryArray) -> "Extents":
        """Return the extents of EPSG:4490 geometries."""
        plane, local = both_planes(lonlat)
        dimension = shapely.get_dimensions(lonlat)
        lines = dimension == 1
        plane[lines] = densified(plane[lines], _LINE_STEP_M)
        # Where a line retraces its own course, the course counts once, as it does in every overlap.
        tangled = lines.copy()
        tangled[lines] = ~shapely.is_simple(plane[lines])
        plane[tangled] = np.asarray(shapely.node(plane[tangled]))
        length = np.zeros(len(ids))
        length[lines] = _plane_length_m(plane[lines])
        return cls(
            ids=ids, plane=plane, cut=Cut.of(plane), local=local, local_box=shapely.bounds(local), local_cut=Cut.outlined(local),
            dimension=dimension, area_m2=areas_on_plane(lonlat), length_m=length, _inradius_m=np.full(len(ids), np.nan),
        )  # fmt: skip

    def inradius_m(self, positions: IntArray) -> FloatArray:
        """Return the radius of the largest disc inside each of some polygons; it is found once."""
        with self._asking:
            asked = np.unique(positions[np.isnan(self._inradius_m[positions])])
            self._inradius_m[asked] = inradius_m(self.plane[asked])
        return self._inradius_m[positions]

    @property
    def total(self) -> FloatArray:
        """The measure a ledger must close to: m², m or a count of 1."""
        return np.choose(self.dimension, [np.ones(len(self.ids)), self.length_m, self.area_m2])


def both_planes(lonlat: GeometryArray) -> tuple[GeometryArray, GeometryArray]:
    """Return EPSG:4490 geometries on the measuring plane, polygons valid there, and in the distance plane, on the same course."""
    plane, mended = valid_on_plane(lonlat)
    if mended.any():
        lonlat = np.asarray(lonlat, dtype=object).copy()
        lonlat[mended] = geodesy.geometries_from_plane(plane[mended])
    return plane, geodesy.geometries_to_local(follow_plane(lonlat, plane))


def cut_ground(lonlat: GeometryArray) -> GeometryArray:
    """Return EPSG:4490 geometries in the distance plane as `both_planes` does, and polygons valid there: for cutting one by another."""
    return valid_polygons(both_planes(lonlat)[1])[0]


def outside_m(extents: Extents, met: Met, count: int) -> FloatArray:
    """Return each subject's measure (m², m, count) outside the union of each of `count` layers, shape (layers, subjects).

    Here, unlike for hits, points and lines on an outline count as covered: a border road lies in one or the other.
    """
    covered = union_measure(extents, met, count)
    subject, zone = met.pairs.touch_subject, met.pairs.touch_zone
    layer, dimension = met.layer[zone], extents.dimension[subject]
    covered[layer[dimension == 0], subject[dimension == 0]] = 1.0
    lines = np.flatnonzero(dimension == 1)
    if len(lines):
        shared = of_dimension(shapely.intersection(extents.plane[subject[lines]], met.zones.whole[zone[lines]]), 1)
        key = layer[lines] * len(extents.ids) + subject[lines]
        for one in np.unique(key):
            covered.ravel()[one] = _joined_length_m(shared[key == one])
    return np.clip(extents.total - covered, 0, None)


def is_uncovered(extents: Extents, outside: FloatArray) -> BoolArray:
    """Return which subjects lie outside by more than the tolerance (1 m², 0.1 m, or the point itself)."""
    limit = np.choose(extents.dimension, [0.5, LINE_HIT_M, UNCOVERED_M2])
    return np.asarray(outside > limit)


def union_measure(extents: Extents, met: Met, count: int) -> FloatArray:
    """Return each subject's measure inside the union of its overlaps with each of `count` layers, shape (layers, subjects).

    Overlapping zones of one layer count once.
    """
    size, pairs = len(extents.ids), met.pairs
    total = np.broadcast_to(extents.total, (count, size))
    if not len(pairs.subject):
        return np.zeros((count, size))
    row = met.of_pair * size + pairs.subject
    inside = np.bincount(row, weights=pair_measure(extents, pairs), minlength=count * size)
    dimension = np.tile(extents.dimension, count)
    for one in np.flatnonzero(_zones_overlap(dimension, row, pairs.overlap)):  # partitions already add up
        parts = pairs.overlap[row == one]
        inside[one] = shapely.area(shapely.union_all(parts)) if dimension[one] == 2 else _joined_length_m(parts)
    inside[dimension == 0] = np.minimum(inside[dimension == 0], 1.0)
    return np.minimum(inside.reshape(count, size), total)


def _zones_overlap(dimension: npt.NDArray[np.int32], row: IntArray, overlaps: GeometryArray) -> BoolArray:
    """Return in which rows overlaps of lines or polygons may meet each other beyond their outlines."""
    several = np.bincount(row, minlength=len(dimension)) > 1
    # Two cuts of one slanting line may miss each other in the last bits, so lines are always joined.
    flags: BoolArray = several & (dimension == 1)
    rows = np.flatnonzero((several & (dimension == 2))[row])
    if not len(rows):
        return flags
    overlap, row = overlaps[rows], row[rows]
    a, b = shapely.STRtree(overlap).query(overlap)
    same = (a < b) & (row[a] == row[b])
    a, b = a[same], b[same]
    meet = shapely.relate_pattern(overlap[a], overlap[b], "T********")
    flags[row[a[meet]]] = True
    return flags


def pair_measure(extents: Extents, pairs: Pairs) -> FloatArray:
    """Return each pair's shared measure in its subject's unit (m², m or a count of 1)."""
    dimension = extents.dimension[pairs.subject]
    return np.choose(dimension, [np.ones(len(dimension)), overlap_length_m(pairs), pairs.area_m2])


def overlap_length_m(pairs: Pairs) -> FloatArray:
    """Return the geodesic length of each pair's linear overlap, 0 where it is areal or a point."""
    length = np.zeros(len(pairs.subject))
    lines = shapely.get_dimensions(pairs.overlap) == 1
    length[lines] = _plane_length_m(pairs.overlap[lines])
    return length


def _plane_length_m(lines: GeometryArray) -> FloatArray:
    return geodesy.geodesic_length_m(geodesy.geometries_from_plane(of_dimension(lines, 1))) if len(lines) else np.zeros(0)


def _joined_length_m(lines: GeometryArray) -> float:
    # Chunks of one slanting line cut at different zones differ in the last bits; on a grid they merge again.
    joined = shapely.union_all(lines, grid_size=_JOIN_GRID_M)
    return float(_plane_length_m(np.array([joined]))[0])


def classify(extents: Extents, pairs: Pairs) -> tuple[BoolArray, FloatArray]:
    """Return which pairs are slivers (DESIGN 4.3) and each pair's share of its subject."""
    if not len(pairs.subject):
        return np.zeros(0, dtype=bool), np.zeros(0)
    total = extents.total[pairs.subject]
    measure = pair_measure(extents, pairs)
    share = np.divide(measure, total, out=np.zeros_like(total), where=total > 0)
    overlap_dimension = shapely.get_dimensions(pairs.overlap)
    slack = rounding_m2(extents.cut.outline_m[pairs.subject])
    share[(overlap_dimension == 2) & (total - measure <= slack)] = 1.0
    share = np.clip(share, 0, 1)
    sliver = np.zeros(len(share), dtype=bool)
    areal = (overlap_dimension == 2) & (share < SLIVER_SHARE)
    sliver[areal] = is_sliver(pairs.overlap[areal], share[areal])
    lines = overlap_dimension == 1
    sliver[lines] = (overlap_length_m(pairs)[lines] <= LINE_HIT_M) & (share[lines] < 0.5)
    return sliver, share


def depth_m(extents: Extents, hits: Pairs, zones_local: Callable[[IntArray], GeometryArray], *, layers: int) -> FloatArray:
    """Return how deep each hit lies: from its farthest point to the zone's or the subject's outline, whichever is nearer.

    `zones_local` makes shapes of the zones that hits name, in the distance plane.
    """
    subject, overlap = hits.subject, hits.overlap
    depth = np.zeros(len(subject))
    if not len(subject):
        return depth
    areal = shapely.get_dimensions(overlap) == 2
    # Most polygons lie wholly in one zone of every layer: their own disc is found once.
    whole = areal & np.array([part is site for part, site in zip(overlap, extents.plane[subject], strict=True)], dtype=bool)
    depth[whole] = extents.inradius_m(subject[whole])
    if (areal & ~whole).any():
        depth[areal & ~whole] = inradius_m(overlap[areal & ~whole])
    thin = np.flatnonzero(~areal)
    if not len(thin):
        return depth
    dense = _with_steps(overlap[thin])
    local = geodesy.geometries_to_local(geodesy.geometries_from_plane(dense))
    points, at = shapely.get_coordinates(local, return_index=True)
    reach = np.full(len(points), np.inf)
    zone, of_thin = np.unique(hits.zone[thin], return_inverse=True)
    for owner, geoms in ((of_thin[at], zones_local(zone)), (subject[thin][at], extents.local)):
        areal_rows = np.flatnonzero(shapely.get_dimensions(geoms)[owner] == 2)
        to_edge = _to_outline_m(points[areal_rows], owner[areal_rows], geoms, work=POINT_COUNTS * len(areal_rows) // layers)
        reach[areal_rows] = np.minimum(reach[areal_rows], to_edge)
    finite = np.isfinite(reach)
    np.maximum.at(depth, thin[at[finite]], reach[finite])
    return depth


def _with_steps(thin: GeometryArray) -> GeometryArray:
    """Return lines with so many vertices that the deepest lies within 0.1 m or a 4000th of the length of one."""
    dense = thin.copy()
    step = np.maximum(_DEPTH_STEP_M, shapely.length(thin) / _DEPTH_STEPS)
    long = shapely.length(thin) > step
    dense[long] = shapely.segmentize(thin[long], step[long])
    return dense


def _to_outline_m(points: FloatArray, owner: IntArray, areas: GeometryArray, *, work: int) -> FloatArray:
    """Return the geodesic distance from each point, shape (points, 2), to the outline of its own area."""
    distance, engine = np.zeros(len(points)), chosen_engine(work=work)
    used, which = np.unique(owner, return_inverse=True)
    if chosen_engine(work=_OUTLINE_COUNTS * len(used)) is Engine.COMPILED:
        few = shapely.get_num_coordinates(areas[used]) <= _FEW_VERTICES
        rows, place = np.flatnonzero(few[which]), np.cumsum(few) - 1
        nearest_places = places_on_outlines(points[rows], place[which[rows]], OutlineChunks.of(areas[used[few]]))
        distance[rows] = places_apart_m(points[rows], nearest_places)
        used = used[~few]
    for area in used:  # one index an area: its outline may have a million vertices
        rows = np.flatnonzero(owner == area)
        outline = OutlineChunks.of(areas[[area]])
        nearest, _ = nearest_chunk(points[rows], outline, engine=engine)
        distance[rows] = places_apart_m(points[rows], projection_points(points[rows], outline.only(nearest)))
    return distance
