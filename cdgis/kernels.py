"""Which subjects meet which zones, by how much, and how far is the nearest? The plain GEOS engine.

Polygons over `geometry.PIECE_VERTICES` vertices are cut into pieces first, so a red line of a million
vertices is never intersected whole; areas of pieces add up because pieces share only cut lines.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis import geodesy
from cdgis.geometry import boundary_chunks, of_dimension, subdivide

GeometryArray = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_AREAL = 2
_NOTHING = shapely.GeometryCollection()
TOUCH_M = 1e-6
"""Geometries nearer than this touch."""
_ROUNDING_M, _ROUNDING_M2 = 1e-8, 1e-6
"""Shared edges whose vertices differ by rounding overlap by up to this along their length, and in a corner."""
_ALONG_M = 1e-3
"""A line that keeps within TOUCH_M of an outline for longer than this runs along it; a shorter overlap only touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Overlapping (subject, zone) pairs, sorted, with the shared geometry on the measuring plane."""

    subject: IntArray
    zone: IntArray
    overlap: GeometryArray
    """Of the lesser of the two dimensions; points and lines on an areal partner's outline are left out."""
    area_m2: FloatArray
    touch_subject: IntArray
    """With `touch_zone`: every pair that overlaps or comes within TOUCH_M, sorted."""
    touch_zone: IntArray


def overlapping_pairs(subjects: GeometryArray, zones: GeometryArray) -> Pairs:
    """Return every pair whose interiors meet: sharing no more than a boundary is touching, not overlapping.

    Parameters
    ----------
    subjects, zones : valid geometries of any dimension on the measuring plane.
    """
    pieces, owner = _zone_pieces(zones)
    at, piece = shapely.STRtree(pieces).query(subjects, predicate="dwithin", distance=TOUCH_M)
    zone = owner[piece]
    touch_subject, touch_zone = _unique_pairs(at, zone)
    pointwise = (shapely.get_dimensions(subjects[at]) == 0) & (shapely.get_dimensions(zones[zone]) == 2)
    points = _point_pairs(subjects, zones, _unique_pairs(at[pointwise], zone[pointwise]))
    shared = _shared_pairs(subjects, pieces, (at[~pointwise], piece[~pointwise], zone[~pointwise]))
    subject, zone, overlap, area = (np.concatenate(both) for both in zip(points, shared, strict=True))
    inner = _meet_inside((subjects, zones), (subject, zone), overlap)
    keep = ~shapely.is_empty(inner) & ~_hairline(inner)
    order = np.flatnonzero(keep)[np.lexsort((zone[keep], subject[keep]))]
    return Pairs(
        subject=subject[order],
        zone=zone[order],
        overlap=inner[order],
        area_m2=area[order],
        touch_subject=touch_subject,
        touch_zone=touch_zone,
    )


def rounding_m2(outline_m: FloatArray) -> FloatArray:
    """Return the area in m² that rounded coordinates may add or take along outlines of this length."""
    return _ROUNDING_M * outline_m + _ROUNDING_M2


def _hairline(overlap: GeometryArray) -> npt.NDArray[np.bool_]:
    """Return which overlaps are no more than rounding of shared edges or ends: those only touch."""
    dimension, length = shapely.get_dimensions(overlap), shapely.length(overlap)
    flat = (dimension == _AREAL) & (shapely.area(overlap) <= rounding_m2(length))
    return np.asarray(flat | ((dimension == 1) & (length <= _ALONG_M)))


def _zone_pieces(zones: GeometryArray) -> tuple[GeometryArray, IntArray]:
    areal = np.flatnonzero(shapely.get_dimensions(zones) == 2)
    other = np.flatnonzero(shapely.get_dimensions(zones) != 2)
    pieces, owner = subdivide(zones[areal])
    return np.concatenate([pieces, zones[other]]), np.concatenate([areal[owner], other])


def _unique_pairs(at: IntArray, zone: IntArray) -> tuple[IntArray, IntArray]:
    order = np.lexsort((zone, at))
    at, zone = at[order].astype(np.int64), zone[order].astype(np.int64)
    first = np.ones(at.size, dtype=bool)
    first[1:] = (at[1:] != at[:-1]) | (zone[1:] != zone[:-1])
    return at[first], zone[first]


_Found = tuple[IntArray, IntArray, GeometryArray, FloatArray]
"""Subject, zone, overlap, area of each pair."""


def _point_pairs(subjects: GeometryArray, zones: GeometryArray, pairs: tuple[IntArray, IntArray]) -> _Found:
    # A point on a cut line lies on two pieces' boundaries: ask the whole zone, prepared.
    at, zone = pairs
    shapely.prepare(zones[np.unique(zone)])
    points, pair = shapely.get_parts(subjects[at], return_index=True)
    inside = shapely.contains_properly(zones[zone[pair]], points)
    hit, rank = np.unique(pair[inside], return_inverse=True)
    overlap = np.asarray(shapely.multipoints(points[inside], indices=rank)) if hit.size else points[:0]
    single = shapely.get_num_geometries(overlap) == 1
    overlap[single] = shapely.get_geometry(overlap[single], 0)
    return at[hit], zone[hit], overlap, np.zeros(hit.size)


def _shared_pairs(subjects: GeometryArray, pieces: GeometryArray, found: tuple[IntArray, IntArray, IntArray]) -> _Found:
    """Return what subjects share with zones, put together from what they share with the zones' pieces."""
    at, piece, zone = found
    shared = shapely.intersection(subjects[at], pieces[piece])
    want = np.minimum(shapely.get_dimensions(subjects[at]), shapely.get_dimensions(pieces[piece]))
    keep = ~shapely.is_empty(shared) & ((want < _AREAL) | (shapely.get_dimensions(shared) == _AREAL))
    at, zone, shared = at[keep], zone[keep], shared[keep]
    order = np.lexsort((zone, at))
    at, zone, shared = at[order], zone[order], shared[order]
    subject, zones_hit = _unique_pairs(at, zone)
    start = np.flatnonzero(np.r_[True, (at[1:] != at[:-1]) | (zone[1:] != zone[:-1])]) if at.size else at
    count = np.diff(np.r_[start, at.size])
    overlap = shared[start]
    for group in np.flatnonzero(count > 1):
        overlap[group] = shapely.union_all(shared[start[group] : start[group] + count[group]])
    area = np.add.reduceat(shapely.area(shared), start) if start.size else np.empty(0)
    return subject, zones_hit, overlap, area


def _meet_inside(
    geoms: tuple[GeometryArray, GeometryArray], pair: tuple[IntArray, IntArray], overlap: GeometryArray
) -> GeometryArray:
    """Return the part of each overlap where interiors meet, empty where there is none."""
    (subjects, zones), (subject, zone) = geoms, pair
    a, b = shapely.get_dimensions(subjects)[subject], shapely.get_dimensions(zones)[zone]
    inner = overlap.copy()
    for dimension in (0, 1, _AREAL):
        rows = np.minimum(a, b) == dimension
        inner[rows] = of_dimension(overlap[rows], dimension)
    # Points in areal zones were tested against the zone itself already.
    for rows, partners, index in ((a < b) & (a == 1), zones, zone), (a > b, subjects, subject):
        rows &= np.maximum(a, b) == _AREAL
        inner[rows] = _off_outline(inner[rows], partners, index[rows])
    lean = np.flatnonzero((a < _AREAL) & (b < _AREAL))
    meet = shapely.relate_pattern(subjects[subject[lean]], zones[zone[lean]], "T********")
    inner[lean[~meet]] = _NOTHING
    return inner


def _off_outline(thin: GeometryArray, areas: GeometryArray, area_of: IntArray) -> GeometryArray:
    """Return points and lines without what runs along the outline of the area each lies in."""
    used, inverse = np.unique(area_of, return_inverse=True)
    chunks, owner = boundary_chunks(areas[used])
    at, chunk = shapely.STRtree(chunks).query(thin, predicate="dwithin", distance=TOUCH_M)
    own = owner[chunk] == inverse[at]
    at, chunk = at[own], chunk[own]
    strip = shapely.buffer(chunks[chunk], TOUCH_M, quad_segs=1)
    shared = shapely.intersection(thin[at], strip)
    pointlike = shapely.get_dimensions(thin[at]) == 0
    along = np.where(pointlike, ~shapely.is_empty(shared), shapely.length(shared) > _ALONG_M)
    order = np.argsort(at[along], kind="stable")
    at, strip = at[along][order], strip[along][order]
    out = thin.copy()
    for row in np.unique(at):  # only lines that do run along an outline come here
        out[row] = shapely.difference(thin[row], shapely.union_all(strip[at == row]))
    return out


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
        """Return (subject, zone, geodesic distance in metres) for outlines within `reach_m`, where positive, of each subject."""
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
        # What touches is not decided here: between the planes an outline may bow by a fraction of a millimetre.
        keep = (distance <= reach_m[at]) & (reach_m[at] > 0)
        return at[keep], self.owner[chunk[keep]], distance[keep]


def pair_distance_m(a_local: GeometryArray, b_local: GeometryArray) -> FloatArray:
    """Return the geodesic distance in metres between the nearest points of paired distance-plane geometries."""
    links = shapely.shortest_line(a_local, b_local)
    ends = shapely.get_coordinates(geodesy.geometries_from_local(links)).reshape(-1, 4)
    distance = geodesy.geodesic_distance_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3])
    return np.where(shapely.length(links) <= TOUCH_M, 0.0, distance)
