"""Which subjects meet which zones, by how much, and how far is the nearest? The plain GEOS engine.

Polygons over `geometry.PIECE_VERTICES` vertices are cut into pieces first, so a red line of a million
vertices is never intersected whole; areas of pieces add up because pieces share only cut lines.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis import geodesy
from cdgis.geometry import boundary_chunks, subdivide

GeometryArray = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

TOUCH_M = 1e-6
"""Outlines nearer than this in the distance plane touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Overlapping (subject, zone) pairs, sorted, with the shared geometry on the measuring plane."""

    subject: IntArray
    zone: IntArray
    overlap: GeometryArray
    area_m2: FloatArray


def overlapping_pairs(subjects: GeometryArray, zones: GeometryArray) -> Pairs:
    """Return every pair that shares more than a boundary (interior points for point subjects).

    Parameters
    ----------
    subjects, zones : valid geometries of any dimension on the measuring plane.
    """
    pieces, owner = _zone_pieces(zones)
    tree = shapely.STRtree(pieces)
    at, piece = tree.query(subjects, predicate="intersects")
    zone = owner[piece]
    pointwise = (shapely.get_dimensions(subjects[at]) == 0) & (shapely.get_dimensions(zones[zone]) == 2)
    points = _point_pairs(subjects, zones, at[pointwise], zone[pointwise])
    solid = _solid_pairs(subjects, pieces, (at[~pointwise], piece[~pointwise], zone[~pointwise]), zones)
    return _sorted(points, solid)


def _zone_pieces(zones: GeometryArray) -> tuple[GeometryArray, IntArray]:
    areal = np.flatnonzero(shapely.get_dimensions(zones) == 2)
    other = np.flatnonzero(shapely.get_dimensions(zones) != 2)
    pieces, owner = subdivide(zones[areal])
    return np.concatenate([pieces, zones[other]]), np.concatenate([areal[owner], other])


def _point_pairs(subjects: GeometryArray, zones: GeometryArray, at: IntArray, zone: IntArray) -> Pairs:
    # A point on a cut line lies on two pieces' boundaries: ask the whole zone, each pair once.
    unique = np.unique(np.stack([at, zone]), axis=1) if at.size else np.empty((2, 0), dtype=np.int64)
    at, zone = unique[0], unique[1]
    shapely.prepare(zones)
    inside = shapely.contains_properly(zones[zone], subjects[at]) if at.size else np.empty(0, dtype=bool)
    at, zone = at[inside], zone[inside]
    return Pairs(subject=at, zone=zone, overlap=subjects[at], area_m2=np.zeros(at.size))


def _solid_pairs(
    subjects: GeometryArray, pieces: GeometryArray, found: tuple[IntArray, IntArray, IntArray], zones: GeometryArray
) -> Pairs:
    at, piece, zone = found
    shared = shapely.intersection(subjects[at], pieces[piece])
    want = np.minimum(shapely.get_dimensions(subjects[at]), shapely.get_dimensions(zones[zone]))
    crossing = (shapely.get_dimensions(subjects[at]) == 1) & (shapely.get_dimensions(zones[zone]) == 1)
    keep = ~shapely.is_empty(shared) & ((shapely.get_dimensions(shared) >= want) | crossing)
    at, zone, shared = at[keep], zone[keep], shared[keep]
    key, first, inverse, count = np.unique(
        at * len(zones) + zone, return_index=True, return_inverse=True, return_counts=True
    )
    area = np.bincount(inverse, weights=shapely.area(shared), minlength=key.size)
    overlap = shared[first].copy()
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(count)
    for group in np.flatnonzero(count > 1):
        overlap[group] = shapely.union_all(shared[order[ends[group] - count[group] : ends[group]]])
    return Pairs(subject=at[first], zone=zone[first], overlap=overlap, area_m2=area)


def _sorted(a: Pairs, b: Pairs) -> Pairs:
    subject, zone = np.concatenate([a.subject, b.subject]), np.concatenate([a.zone, b.zone])
    order = np.lexsort((zone, subject))
    return Pairs(
        subject=subject[order].astype(np.int64),
        zone=zone[order].astype(np.int64),
        overlap=np.concatenate([a.overlap, b.overlap])[order],
        area_m2=np.concatenate([a.area_m2, b.area_m2])[order],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineIndex:
    """Short stretches of zone outlines in the distance plane, with the zone each belongs to."""

    chunks: GeometryArray
    owner: IntArray

    @classmethod
    def of(cls, zones_local: GeometryArray) -> "OutlineIndex":
        """Build the index for zones in the distance plane (transverse Mercator metres)."""
        chunks, owner = boundary_chunks(zones_local)
        return cls(chunks=chunks, owner=owner)

    def nearest(self, subjects_local: GeometryArray, among: npt.NDArray[np.bool_]) -> tuple[IntArray, FloatArray]:
        """Return the nearest zone (position; lowest among ties) and geodesic distance in metres per subject.

        `among` marks the zones that count; where none does, the position is -1 and the distance NaN.
        """
        use = np.flatnonzero(among[self.owner])
        zone = np.full(len(subjects_local), -1, dtype=np.int64)
        distance = np.full(len(subjects_local), np.nan)
        if use.size and len(subjects_local):
            tree = shapely.STRtree(self.chunks[use])
            at, chunk = tree.query_nearest(subjects_local, all_matches=True)
            chunk = use[chunk]
            order = np.lexsort((chunk, self.owner[chunk], at))
            at, chunk = at[order], chunk[order]
            first = np.r_[True, at[1:] != at[:-1]]
            zone[at[first]] = self.owner[chunk[first]]
            distance[at[first]] = pair_distance_m(subjects_local[at[first]], self.chunks[chunk[first]])
        return zone, distance

    def within(self, subjects_local: GeometryArray, reach_m: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Return (subject, zone, geodesic distance in metres) for outlines within `reach_m` of each subject."""
        # The distance plane is off by at most 3.2e-4; ask a little wider, then decide geodesically.
        tree = shapely.STRtree(self.chunks)
        at, chunk = tree.query(subjects_local, predicate="dwithin", distance=reach_m * (1 + 5e-4) + TOUCH_M)
        if not at.size:
            return at, chunk, np.empty(0)
        plane = shapely.distance(subjects_local[at], self.chunks[chunk])
        order = np.lexsort((plane, self.owner[chunk], at))
        at, chunk = at[order], chunk[order]
        first = np.r_[True, (at[1:] != at[:-1]) | (self.owner[chunk[1:]] != self.owner[chunk[:-1]])]
        at, chunk = at[first], chunk[first]
        distance = pair_distance_m(subjects_local[at], self.chunks[chunk])
        keep = distance <= reach_m[at]
        return at[keep], self.owner[chunk[keep]], distance[keep]


def pair_distance_m(a_local: GeometryArray, b_local: GeometryArray) -> FloatArray:
    """Return the geodesic distance in metres between the nearest points of paired distance-plane geometries."""
    links = shapely.shortest_line(a_local, b_local)
    ends = shapely.get_coordinates(geodesy.geometries_from_local(links)).reshape(-1, 4)
    distance = geodesy.geodesic_distance_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3])
    return np.where(shapely.length(links) <= TOUCH_M, 0.0, distance)
