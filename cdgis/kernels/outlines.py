"""How far is the nearest outline, and which outlines lie within reach? A tree over short stretches, then geodesics.

Outlines are cut into chunks of 32 edges, so that a tree finds the few that matter however long an outline is; nearest
points are found in the distance plane (DESIGN 4.2), the distance between them is geodesic.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis import geodesy
from cdgis.geometry import boundary_chunks

GeometryArray = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

TOUCH_M = 1e-6
"""Geometries nearer than this touch."""


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
