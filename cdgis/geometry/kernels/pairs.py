"""Pairs of subjects and zones that meet, where, and by how much.

Large polygons are cut into pieces first, and only near the other side, so a red line of a million vertices is never
intersected whole; areas of pieces add up because pieces share only cut lines. What lies wholly inside is taken as
it is. Shapes always come from GEOS; compiled kernels only settle which subjects no outline comes near.
"""

from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.kernels.containment import Settled, subjects_within
from cdgis.geometry.kernels.engine import Engine
from cdgis.geometry.kernels.nearest import TOUCH_M
from cdgis.geometry.kernels.rounding import ALONG_M, rounding_m2, within_rounding
from cdgis.geometry.kernels.subdivide import Cut, Zones
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.shapes import of_dimension

_AREAL = 2
"""Dimension of polygons; type of single points."""
_PREPARED = Lock()
_MANY_PARTS = 16
_FEW_SUBJECTS = 64
"""For so many the pieces of large zones are kept: others like them will come."""
_ROOM_M = 1e-3
"""Far more than the distance at which shapes touch."""
_NOTHING = shapely.GeometryCollection()


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

    def only(self, rows: IntArray) -> "Pairs":
        """Return the overlapping pairs at these positions; of what touches the same."""
        return replace(
            self, subject=self.subject[rows], zone=self.zone[rows], overlap=self.overlap[rows], area_m2=self.area_m2[rows]
        )


_NO_PAIRS = Pairs(
    subject=np.empty(0, np.int64), zone=np.empty(0, np.int64), overlap=np.empty(0, dtype=object), area_m2=np.empty(0),
    touch_subject=np.empty(0, np.int64), touch_zone=np.empty(0, np.int64),
)  # fmt: skip


def overlapping_pairs(
    subjects: GeometryArray | Cut, zones: GeometryArray | Zones, *, engine: Engine | None = None
) -> Pairs:
    """Return every pair whose interiors meet: sharing no more than a boundary is touching, not overlapping.

    Parameters
    ----------
    subjects, zones : valid geometries of any dimension on the measuring plane; subjects may come cut already, zones with
        the pieces that were wanted of them before.
    engine : compiled kernels first tell the subjects that no outline comes near, if that pays; the pairs are the same.
    """
    cut = subjects if isinstance(subjects, Cut) else Cut.of(subjects)
    zones = zones if isinstance(zones, Zones) else Zones.of(zones)
    near = zones_near(cut, zones.boxes)
    if not len(near):
        return _NO_PAIRS
    if len(near) < len(zones):
        found = overlapping_pairs(cut, zones.only(near), engine=engine)
        return replace(found, zone=near[found.zone], touch_zone=near[found.touch_zone])
    settled = _settled(cut, zones, engine)
    open_ = np.ones(len(cut.whole), dtype=bool)
    open_[settled.settled] = False
    left = np.flatnonzero(open_)
    met = _meeting(cut.only(left) if len(left) < len(cut.whole) else cut, zones)
    subject, zone = np.concatenate([left[met.subject], settled.subject]), np.concatenate([met.zone, settled.zone])
    touch = np.concatenate([left[met.touch_subject], settled.subject]), np.concatenate([met.touch_zone, settled.zone])
    order = np.lexsort((zone, subject))
    touch_order = np.lexsort((touch[1], touch[0]))
    return Pairs(
        subject=subject[order],
        zone=zone[order],
        overlap=np.concatenate([met.overlap, cut.whole[settled.subject]])[order],
        area_m2=np.concatenate([met.area_m2, cut.area_m2[settled.subject]])[order],
        touch_subject=touch[0][touch_order],
        touch_zone=touch[1][touch_order],
    )


def _settled(subjects: Cut, zones: Zones, engine: Engine | None) -> Settled:
    """Return the polygons and points no outline comes near, and which of `zones` hold them; what is no more than rounding only touches."""
    outlines, place = zones.outlines()
    found = subjects_within(subjects.boxes, subjects.able, outlines, room_m=_ROOM_M, engine=engine)
    zone = place[found.zone]
    there = zone >= 0  # others do not come near the box of all subjects
    return replace(found, subject=found.subject[there], zone=zone[there])


def zones_near(subjects: Cut, boxes: FloatArray) -> IntArray:
    """Return the zones whose boxes come near the box of all subjects: for one site far fewer than there are."""
    x0, y0, x1, y1 = boxes.T
    west, south, east, north = subjects.box
    return np.flatnonzero((x0 <= east + _ROOM_M) & (x1 >= west - _ROOM_M) & (y0 <= north + _ROOM_M) & (y1 >= south - _ROOM_M))


def _meeting(subjects: Cut, zones: Zones) -> Pairs:
    """Return the pairs of subjects that may meet an outline, by GEOS on the zones' pieces near them."""
    cut = zones.cut_near(subjects.pieces, many=len(subjects.whole) > _FEW_SUBJECTS)
    at, piece = _near_pieces(subjects, cut)
    subject, zone = subjects.owner[at], cut.owner[piece]
    touch_subject, touch_zone = _unique_pairs(subject, zone)
    pointwise = (shapely.get_dimensions(subjects.pieces[at]) == 0) & (shapely.get_dimensions(cut.pieces[piece]) == 2)
    points = _point_pairs(subjects.whole, cut.whole, _unique_pairs(subject[pointwise], zone[pointwise]))
    shared = _shared_pairs(subjects, cut, (at[~pointwise], piece[~pointwise]))
    subject, zone, overlap, area = (np.concatenate(both) for both in zip(points, shared, strict=True))
    inner = _meet_inside((subjects.whole, cut.whole), (subject, zone), overlap)
    keep = ~shapely.is_empty(inner) & ~within_rounding(inner, shapely.area(inner), shapely.length(inner))
    order = np.flatnonzero(keep)[np.lexsort((zone[keep], subject[keep]))]
    return Pairs(
        subject=subject[order],
        zone=zone[order],
        overlap=inner[order],
        area_m2=area[order],
        touch_subject=touch_subject,
        touch_zone=touch_zone,
    )


def _near_pieces(subjects: Cut, zones: Cut) -> tuple[IntArray, IntArray]:
    """Return (subject piece, zone piece) wherever they come within TOUCH_M."""
    tree = shapely.STRtree(zones.pieces)
    if len(subjects.whole) <= _FEW_SUBJECTS:
        at, piece = tree.query(subjects.pieces, predicate="dwithin", distance=TOUCH_M)
        return at, piece
    x0, y0, x1, y1 = shapely.bounds(subjects.pieces).T
    at, piece = tree.query(shapely.box(x0 - TOUCH_M, y0 - TOUCH_M, x1 + TOUCH_M, y1 + TOUCH_M))
    near = _of_pairs(subjects, zones, (at, piece), predicate="dwithin", distance=TOUCH_M)
    return at[near], piece[near]


def _of_pairs(
    subjects: Cut, zones: Cut, pairs: tuple[IntArray, IntArray], **asked: Any
) -> npt.NDArray[np.bool_]:
    """Return of which pairs of pieces something holds, each zone's piece asked once of all subjects.

    The tree prepares what it is asked about for itself: shapes of a layer, which threads share, stay as they are.
    """
    at, piece = pairs
    used, number = np.unique(piece, return_inverse=True)
    holder, held = shapely.STRtree(subjects.pieces).query(zones.pieces[used], **asked)
    size = len(subjects.pieces)
    return np.isin(number * size + at, holder * size + held)


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
    points, pair = shapely.get_parts(subjects[at], return_index=True)
    # GEOS completes a prepared shape at its first question, and two threads may ask one layer at once.
    with _PREPARED:
        shapely.prepare(zones[np.unique(zone)])
        inside = np.asarray(shapely.contains_properly(zones[zone[pair]], points), dtype=bool)
    inside[inside] = ~_on_outline(points[inside], zones, zone[pair][inside])
    hit, rank = np.unique(pair[inside], return_inverse=True)
    overlap = np.asarray(shapely.multipoints(points[inside], indices=rank)) if hit.size else points[:0]
    single = shapely.get_num_geometries(overlap) == 1
    overlap[single] = shapely.get_geometry(overlap[single], 0)
    return at[hit], zone[hit], overlap, np.zeros(hit.size)


def _on_outline(points: GeometryArray, areas: GeometryArray, area_of: IntArray) -> npt.NDArray[np.bool_]:
    """Return which points come within TOUCH_M of the outline of the area each lies in: those touch it."""
    used, inverse = np.unique(area_of, return_inverse=True)
    outlines = shapely.boundary(areas[used])
    shapely.prepare(outlines)
    return np.asarray(shapely.dwithin(outlines[inverse], points, TOUCH_M), dtype=bool)


def _shared_pairs(subjects: Cut, zones: Cut, found: tuple[IntArray, IntArray]) -> _Found:
    """Return what subjects share with zones, put together from what their pieces share."""
    at, piece = found
    shared, cut = subjects.pieces[at], ~_held(subjects, zones, found)
    shared[cut] = shapely.intersection(shared[cut], zones.pieces[piece[cut]])
    want = np.minimum(shapely.get_dimensions(subjects.pieces[at]), shapely.get_dimensions(zones.pieces[piece]))
    keep = ~shapely.is_empty(shared) & ((want < _AREAL) | (shapely.get_dimensions(shared) == _AREAL))
    at, zone, shared = subjects.owner[at[keep]], zones.owner[piece[keep]], shared[keep]
    order = np.lexsort((zone, at))
    at, zone, shared = at[order], zone[order], shared[order]
    subject, zones_hit = _unique_pairs(at, zone)
    start = np.flatnonzero(np.r_[True, (at[1:] != at[:-1]) | (zone[1:] != zone[:-1])]) if at.size else at
    count = np.diff(np.r_[start, at.size])
    overlap = shared[start]
    area = np.add.reduceat(shapely.area(shared), start) if start.size else np.empty(0)
    inside = _whole(subjects.whole, subject, area)
    overlap[inside], area[inside] = subjects.whole[subject[inside]], subjects.area_m2[subject[inside]]
    several = np.flatnonzero((count > 1) & ~inside)
    around = _whole(zones.whole, zones_hit[several], area[several])
    overlap[several[around]] = zones.whole[zones_hit[several[around]]]
    for group in several[~around]:
        if count[group] > _MANY_PARTS:  # a single intersection of two large shapes beats a union of so many parts
            overlap[group] = shapely.intersection(subjects.whole[subject[group]], zones.whole[zones_hit[group]])
        else:
            overlap[group] = shapely.union_all(shared[start[group] : start[group] + count[group]])
    return subject, zones_hit, overlap, area


def _held(subjects: Cut, zones: Cut, found: tuple[IntArray, IntArray]) -> npt.NDArray[np.bool_]:
    """Return which pairs have nothing to cut: the piece of a zone holds an uncut polygon, asked where many are."""
    at, piece = found
    held = np.zeros(len(at), dtype=bool)
    if len(subjects.whole) <= _FEW_SUBJECTS:
        return held
    uncut = (np.bincount(subjects.owner, minlength=len(subjects.whole)) == 1)[subjects.owner[at]]
    areal = (shapely.get_dimensions(subjects.pieces[at]) == _AREAL) & (shapely.get_dimensions(zones.pieces[piece]) == _AREAL)
    rows = np.flatnonzero(uncut & areal)
    held[rows] = _of_pairs(subjects, zones, (at[rows], piece[rows]), predicate="contains_properly")
    return held


def _whole(geoms: GeometryArray, at: IntArray, area: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where the shared area is, to rounding of outlines, all of the polygon numbered `at`."""
    used, place = np.unique(at, return_inverse=True)
    asked = geoms[used]
    areal = (shapely.get_dimensions(asked) == _AREAL)[place]
    lacking = shapely.area(asked)[place] - area
    return np.asarray(areal & (area > 0) & (lacking <= rounding_m2(shapely.length(asked))[place]))


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
    if not len(thin):
        return thin
    used, inverse = np.unique(area_of, return_inverse=True)
    outlines = OutlineChunks.of(areas[used])
    shapes = outlines.shapes()
    at, chunk = shapely.STRtree(shapes).query(thin, predicate="dwithin", distance=TOUCH_M)
    own = outlines.owner[chunk] == inverse[at]
    at, chunk = at[own], chunk[own]
    strip = shapely.buffer(shapes[chunk], TOUCH_M, quad_segs=1)
    shared = shapely.intersection(thin[at], strip)
    pointlike = shapely.get_dimensions(thin[at]) == 0
    along = np.where(pointlike, ~shapely.is_empty(shared), shapely.length(shared) > ALONG_M)
    order = np.argsort(at[along], kind="stable")
    at, strip = at[along][order], strip[along][order]
    out = thin.copy()
    for row in np.unique(at):  # only lines that do run along an outline come here
        out[row] = shapely.difference(thin[row], shapely.union_all(strip[at == row]))
    return out
