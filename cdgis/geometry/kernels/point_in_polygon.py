"""Points inside polygons; on an outline is not inside, as for shapely's `within`."""


import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.planes import PlaneThreads


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
        point, zone = _compiled(np.asarray(x, float), np.asarray(y, float), flat, threads)
    order = np.lexsort((zone, point))
    return point[order].astype(np.int64), zone[order].astype(np.int64)


def _plain(x: FloatArray, y: FloatArray, zones: GeometryArray) -> tuple[IntArray, IntArray]:
    if not len(x) or not len(zones):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    zone, point = shapely.STRtree(np.asarray(shapely.points(x, y))).query(zones, predicate="contains_properly")
    return point, zone


def _compiled(x: FloatArray, y: FloatArray, flat: FlatPolygons, threads: int) -> tuple[IntArray, IntArray]:
    from cdgis.geometry.kernels.overlap import around, signs_of_rings

    with PlaneThreads(max_workers=max(1, threads)) as pool:
        point, part, winding, doubt = around(flat, signs_of_rings(flat, pool, threads), (x, y), pool, threads)
    sure = doubt == 0
    zone = flat.part_row[part].astype(np.int64)
    # What may lie on an edge is for exact arithmetic; a point where parts touch is asked of the whole zone.
    asked = np.unique(np.column_stack([point[~sure], zone[~sure]]), axis=0)
    whole = np.array([flat.block(row, row + 1).geometries()[0] for row in asked[:, 1]], dtype=object)
    inside = np.asarray(shapely.contains_properly(whole, shapely.points(x[asked[:, 0]], y[asked[:, 0]])), dtype=bool)
    settled = sure & (winding != 0)
    found = np.concatenate([np.column_stack([point[settled], zone[settled]]), asked[inside]])
    return found[:, 0], found[:, 1]
