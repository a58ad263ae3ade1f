"""Areas of every overlap of two sets of polygons, without shapes: by compiled sums or by plain shapely.

Both give the same pairs and, to rounding, the same areas; `engine` chooses, else the size of the job.
"""


from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.planes import PlaneThreads

LEAST_AREA_M2 = 1e-4
"""Less than this is rounding of shared edges, not an overlap."""
BLOCK_ROWS = 100_000
"""Subjects done at a time: what is held of them stays small, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """Overlapping (subject, zone) pairs, sorted, with the area they share."""

    subject: IntArray
    zone: IntArray
    area_m2: FloatArray

    @classmethod
    def joined(cls, parts: "list[Areas]") -> "Areas":
        """Return the pairs of several lists, one after the other."""
        if not parts:
            return cls(subject=np.empty(0, np.int64), zone=np.empty(0, np.int64), area_m2=np.empty(0))
        return cls(
            subject=np.concatenate([part.subject for part in parts]),
            zone=np.concatenate([part.zone for part in parts]),
            area_m2=np.concatenate([part.area_m2 for part in parts]),
        )


def overlap_areas(
    subjects: GeometryArray | FlatPolygons,
    zones: GeometryArray | FlatPolygons,
    *,
    engine: Engine | None = None,
    threads: int = 1,
) -> Areas:
    """Return every pair of a subject and a zone that share more than LEAST_AREA_M2, with the area.

    Parameters
    ----------
    subjects, zones : valid polygons in one equal-area plane, metres, as shapely geometries or as arrays.
    engine : plain shapely or compiled kernels; by default whichever suits the size of the job.
    threads : for the compiled kernels; the result does not depend on it.
    """
    work = _rows(subjects) + _vertices(zones) // 16
    if chosen_engine(engine, work=work) is Engine.PLAIN:
        return plain_overlap_areas(_as_geometries(subjects), _as_geometries(zones))
    from cdgis.geometry.kernels.overlap import ZoneIndex

    flat, index = _as_flat(subjects), ZoneIndex.of(_as_flat(zones), within=_as_flat(subjects).row_bounds)
    blocks = [(first, min(first + BLOCK_ROWS, flat.rows)) for first in range(0, flat.rows, BLOCK_ROWS)]
    parts = []
    with PlaneThreads(max_workers=max(1, threads)) as pool:
        for first, last in blocks:
            found = index.overlaps(flat.block(first, last), pool, threads)
            keep = found.area_m2 > LEAST_AREA_M2
            parts.append(Areas(subject=found.subject[keep] + first, zone=found.zone[keep], area_m2=found.area_m2[keep]))
    return Areas.joined(parts)


def plain_overlap_areas(subjects: GeometryArray, zones: GeometryArray) -> Areas:
    """Return the same by shapely alone, one intersection a pair of polygons: the oracle of the compiled kernels."""
    zones = np.asarray(zones, dtype=object)
    subject, zone = shapely.STRtree(zones).query(np.asarray(subjects, dtype=object), predicate="intersects")
    area = shapely.area(shapely.intersection(np.asarray(subjects, dtype=object)[subject], zones[zone]))
    keep = area > LEAST_AREA_M2
    order = np.flatnonzero(keep)[np.lexsort((zone[keep], subject[keep]))]
    return Areas(subject=subject[order].astype(np.int64), zone=zone[order].astype(np.int64), area_m2=area[order])


def _rows(polygons: GeometryArray | FlatPolygons) -> int:
    return polygons.rows if isinstance(polygons, FlatPolygons) else len(polygons)


def _vertices(polygons: GeometryArray | FlatPolygons) -> int:
    if isinstance(polygons, FlatPolygons):
        return len(polygons.xy)
    return int(shapely.get_num_coordinates(polygons).sum())


def _as_flat(polygons: GeometryArray | FlatPolygons) -> FlatPolygons:
    return polygons if isinstance(polygons, FlatPolygons) else FlatPolygons.of(polygons)


def _as_geometries(polygons: GeometryArray | FlatPolygons) -> GeometryArray:
    return polygons.geometries() if isinstance(polygons, FlatPolygons) else np.asarray(polygons, dtype=object)
