"""Polygons that no outline of a layer comes near: wholly inside or outside each zone, nothing to cut.

In a large job most subjects are such. Compiled kernels find them: no edge of any zone reaches into the subject's box, so
the zones round one corner of the box hold all of it.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.core.array_types import GeometryArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.planes import PlaneThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Subjects that no outline comes near, and the zones that hold them."""

    settled: IntArray
    """Subjects settled, those outside every zone included."""
    subject: IntArray
    """With `zone`: settled subjects and the zones that hold them."""
    zone: IntArray


def subjects_within(
    subjects: GeometryArray, zones: GeometryArray, *, engine: Engine | None = None, threads: int = 1
) -> Settled:
    """Return what can be settled without looking at shapes; nothing in a small job, or where zones are not areas."""
    nothing = np.empty(0, dtype=np.int64)
    areal = np.flatnonzero(shapely.get_dimensions(subjects) == 2)
    # Telling comes to a few microseconds a subject, compiling to seconds: it is the number of subjects that decides.
    if (
        not len(areal)
        or not len(zones)
        or not (shapely.get_dimensions(zones) == 2).all()
        or chosen_engine(engine, work=len(areal)) is Engine.PLAIN
    ):
        return Settled(settled=nothing, subject=nothing, zone=nothing)
    from cdgis.geometry.kernels.overlap import ZoneIndex

    flat = FlatPolygons.of(subjects[areal])
    with PlaneThreads(max_workers=max(1, threads)) as pool:
        found = ZoneIndex.of(FlatPolygons.of(zones), within=flat.row_bounds).overlaps(flat, pool, threads)
    near = np.zeros(len(areal), dtype=bool)
    near[found.subject[found.edges > 0]] = True
    held = ~near[found.subject] & (found.area_m2 > 0)
    return Settled(
        settled=areal[~near].astype(np.int64),
        subject=areal[found.subject[held]].astype(np.int64),
        zone=found.zone[held],
    )
