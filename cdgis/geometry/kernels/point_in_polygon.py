"""Points inside polygons; on an outline is not inside, as for shapely's `within`."""

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.planes import PlaneThreads

if TYPE_CHECKING:
    from cdgis.geometry.kernels.overlap import SortedPoints


def points_inside(
    x: FloatArray,
    y: FloatArray,
    zones: GeometryArray | FlatPolygons,
    *,
    engine: Engine | None = None,
    threads: int = 1,
) -> tuple[IntArray, IntArray]:
    """Return (point, zone) for every point inside a zone, sorted.

    Parameters
    ----------
    x, y : one plane with the zones, which are valid polygons.
    engine : plain shapely or compiled kernels; by default whichever suits the size of the job.
    """
    vertices = len(zones.xy) if isinstance(zones, FlatPolygons) else int(shapely.get_num_coordinates(zones).sum())
    if chosen_engine(engine, work=len(x) + vertices // 16) is Engine.PLAIN:
        point, zone = _plain(x, y, zones.geometries() if isinstance(zones, FlatPolygons) else np.asarray(zones))
    else:
        flat = zones if isinstance(zones, FlatPolygons) else FlatPolygons.of(zones)
        return points_inside_blocks(x, y, [(0, flat)], threads=threads)
    order = np.lexsort((zone, point))
    return point[order].astype(np.int64), zone[order].astype(np.int64)


def points_inside_blocks(
    x: FloatArray, y: FloatArray, blocks: Iterable[tuple[int, FlatPolygons]], *, threads: int = 1
) -> tuple[IntArray, IntArray]:
    """Return what `points_inside` does of a layer that comes in blocks of rows, each with the number of its first row."""
    from cdgis.geometry.kernels.overlap import sorted_points

    xy = np.asarray(x, float), np.asarray(y, float)
    points = sorted_points(*xy)
    with PlaneThreads(max_workers=max(1, threads)) as pool:
        found = [_compiled(xy, points, flat, pool, threads) + [0, first] for first, flat in blocks]
    point, zone = np.concatenate([np.empty((0, 2), np.int64), *found]).T
    order = np.lexsort((zone, point))
    return point[order], zone[order]


def _plain(x: FloatArray, y: FloatArray, zones: GeometryArray) -> tuple[IntArray, IntArray]:
    if not len(x) or not len(zones):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    zone, point = shapely.STRtree(np.asarray(shapely.points(x, y))).query(zones, predicate="contains_properly")
    return point, zone


def _compiled(
    xy: tuple[FloatArray, FloatArray], points: "SortedPoints", flat: FlatPolygons, pool: Executor, threads: int
) -> IntArray:
    """Return (point, zone) in rows, in no order."""
    from cdgis.geometry.kernels.overlap import around, signs_of_rings

    point, part, winding, doubt = around(flat, signs_of_rings(flat, pool, threads), points, pool, threads)
    sure = doubt == 0
    zone = flat.part_row[part].astype(np.int64)
    found = np.column_stack([point, zone])
    settled: IntArray = found[sure & (winding != 0)]
    if sure.all():
        return settled
    # What may lie on an edge is for exact arithmetic; a point where parts touch is asked of the whole zone.
    asked = np.unique(found[~sure], axis=0)
    whole = np.array([flat.block(row, row + 1).geometries()[0] for row in asked[:, 1]], dtype=object)
    inside = np.asarray(shapely.contains_properly(whole, shapely.points(xy[0][asked[:, 0]], xy[1][asked[:, 0]])))
    return np.concatenate([settled, asked[inside]])
