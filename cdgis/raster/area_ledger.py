"""Area balance of every zone: each square metre counted, without data, or outside the raster.

For each zone the survey area, measured without the raster, must be the sum of what was counted and what explains
the rest:

    survey = counted + outside + edges + residual

outside   the part of the zone beyond the raster;
edges     zone edges are straight in the raster's CRS when cells are counted, straight in the measuring plane when
          land is surveyed; this is the ellipsoidal area between the two;
residual  what is left. An edge cell counts as if it were equally dense throughout, though its south is wider than
          its north: cut anywhere, that is off by at most 1/8 of the change of scale across it, which is below
          4 h / R for cells of size h (R the Earth's radius, up to latitude 63 degrees). A residual larger than
          this sum over the cells an outline crosses, plus rounding, is a defect: then no table is written.
"""

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.errors import LayerError
from cdgis.geometry.geodesy import SEMI_MAJOR_M, survey_area_m2
from cdgis.geometry.projections import is_geographic, metres_per_unit, plane_from, project
from cdgis.raster.class_index import NODATA_CODE
from cdgis.raster.geotiff import Raster
from cdgis.raster.grid import Grid
from cdgis.raster.zone_edges import outlines_of

_RELATIVE, _ABSOLUTE_M2 = 2e-9, 1e-2
"""Rounding of coordinates, of cell areas and of the parabolas below."""
_LONGEST_EDGE_M = 2000.0
_METRES_PER_DEGREE = 111_700.0


def account_areas(raster: Raster, areas: pd.DataFrame, zones: GeoDataFrame) -> pd.DataFrame:
    """Return one row per zone_id: counted_m2, nodata_m2, outside_m2, edge_m2, residual_m2, survey_m2.

    Parameters
    ----------
    areas : as `zonal.class_areas` returned it for this raster and these zones.
    zones : the same zones; rows that share an id are added up.

    Raises
    ------
    LayerError : a zone's residual is larger than it may be, as when its polygon overlaps itself; all such zones listed.
    """
    table = _expected(raster.grid, zones)
    by_zone = areas.groupby("zone_id")["area_m2"].sum()
    empty = areas[areas["class_code"] == NODATA_CODE].groupby("zone_id")["area_m2"].sum()
    table["counted_m2"] = by_zone.reindex(table.index, fill_value=0.0)
    table["nodata_m2"] = empty.reindex(table.index, fill_value=0.0)
    table["residual_m2"] = table["within_m2"] - table["counted_m2"]
    unexplained = table["residual_m2"].abs() > table["largest_m2"]
    if unexplained.any():
        listed = "、".join(
            f"{zone}（差 {m2:,.2f} 平方米）" for zone, m2 in table.loc[unexplained, "residual_m2"].items()
        )
        problem = f"下列区的面积与逐像元统计不闭合：{listed}。请先用 cdgis layers check 检查这些区的图形是否自相重叠"
        raise LayerError(raster.record.path, raster.record.layer, (problem,))
    columns = ["counted_m2", "nodata_m2", "outside_m2", "edge_m2", "residual_m2", "survey_m2"]
    return table[columns].rename_axis("zone_id").reset_index()


def _expected(grid: Grid, zones: GeoDataFrame) -> pd.DataFrame:
    """Return survey, outside, edge and within areas and the largest residual by zone, from the polygons alone."""
    lonlat = zones.geometry.to_numpy()
    shapes = project(lonlat, grid.crs)
    frame = shapely.box(grid.x_edges[0], grid.y_edges[-1], grid.x_edges[-1], grid.y_edges[0])
    shapely.prepare(frame)
    whole_m2 = straight_area_m2(shapes, grid.crs)
    within_m2 = whole_m2.copy()
    reaching = ~(shapely.covers(frame, shapes) | shapely.is_missing(shapes) | shapely.is_empty(shapes))
    within_m2[reaching] = straight_area_m2(shapely.intersection(shapes[reaching], frame), grid.crs)
    survey_m2 = np.nan_to_num(survey_area_m2(lonlat))
    rows = {
        "survey_m2": survey_m2,
        "outside_m2": whole_m2 - within_m2,
        "edge_m2": survey_m2 - whole_m2,
        "within_m2": within_m2,
        "largest_m2": _RELATIVE * survey_m2 + _ABSOLUTE_M2 + _uneven_m2(grid, shapes),
    }
    return pd.DataFrame(rows, index=zones["zone_id"].to_numpy()).groupby(level=0, sort=True).sum()


def _uneven_m2(grid: Grid, shapes: GeometryArray) -> FloatArray:
    """Return the largest area by which cells that are not equally dense may mislead, for each zone."""
    outlines = outlines_of(shapes, grid.origin_and_steps)
    if not len(outlines.x):
        return np.zeros(len(shapes))
    steps = np.abs(np.diff(outlines.x, append=0.0)) + np.abs(np.diff(outlines.y, append=0.0))
    steps[outlines.ring_start[1:] - 1] = 1.0
    zone = np.repeat(np.arange(len(outlines)), outlines.vertices)
    cells = np.bincount(zone, steps, len(outlines))
    height_m = grid.cell_height * _unit_m(grid.crs)
    return np.asarray(cells * grid.cell_width * _unit_m(grid.crs) * height_m * height_m / (2 * SEMI_MAJOR_M))


def straight_area_m2(polygons: GeometryArray, crs: str) -> FloatArray:
    """Return the ellipsoidal area of polygons whose edges are straight in `crs`, square metres; 0 where there is none.

    Notes
    -----
    On the measuring plane such an edge p q is a shallow curve through the image m of its middle. With the parabola
    through p, m and q it encloses, besides the triangle to the origin, 2/3 of (q - p) x (m - p) (Archimedes); edges
    are first cut to 2 km, where the next term is below 1e-11 of the first.
    """
    pieces = np.asarray(polygons).copy()
    present = ~(shapely.is_missing(pieces) | shapely.is_empty(pieces))
    pieces[present] = shapely.segmentize(pieces[present], _LONGEST_EDGE_M / _unit_m(crs))
    outlines = outlines_of(pieces, (0.0, 1.0, 0.0, -1.0))
    if not len(outlines.x):
        return np.zeros(len(pieces))
    x, y = plane_from(outlines.x, outlines.y, crs)
    mx, my = plane_from((outlines.x[:-1] + outlines.x[1:]) / 2, (outlines.y[:-1] + outlines.y[1:]) / 2, crs)
    ring = np.repeat(np.arange(len(outlines.ring_start) - 1), np.diff(outlines.ring_start))
    # Origins near each ring: products of coordinates of millions of metres would lose the digits wanted.
    origin = outlines.ring_start[ring[:-1]]
    px, py, qx, qy = x[:-1] - x[origin], y[:-1] - y[origin], x[1:] - x[origin], y[1:] - y[origin]
    mx, my = mx - x[origin], my - y[origin]
    triangle = (px * qy - qx * py) / 2
    parabola = ((qx - px) * (my - py) - (mx - px) * (qy - py)) * 2 / 3
    within_ring = ring[:-1] == ring[1:]
    by_ring = np.bincount(ring[:-1], np.where(within_ring, triangle - parabola, 0.0), len(outlines.ring_start) - 1)
    zone = np.repeat(np.arange(len(pieces)), np.diff(outlines.zone_start))
    return np.asarray(np.bincount(zone, by_ring, len(pieces)), dtype=float)


def _unit_m(crs: str) -> float:
    """Return the greatest length of one unit of `crs`, metres."""
    return _METRES_PER_DEGREE if is_geographic(crs) else metres_per_unit(crs)
