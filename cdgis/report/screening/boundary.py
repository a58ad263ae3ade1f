"""Boundary points of a subject as a report lists and draws them: those handed in, in their order, with their labels."""


from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.geometry import geodesy
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, gauss_kruger_epsg
from cdgis.report.screening.content import BoundaryPoint
from cdgis.workspace.given_outline import GivenOutline

MOST_POINTS = 2000
"""A report lists at most this many boundary points."""
_GEOGRAPHIC = (4490, 4326)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The points of one subject, how many there are in all, and what must be said of them."""

    points: tuple[BoundaryPoint, ...] = ()
    """The first `MOST_POINTS` of them."""
    count: int = 0
    plane_title: str = ""
    """CRS of northings and eastings: the plane they were handed in, else 3° Gauss-Krüger with prefix round the centre."""
    note: str = ""
    """Whether what is judged has other points: repaired ones, or those that densification put in."""


def boundary_of(shape: BaseGeometry | None, given: GivenOutline | None = None) -> Boundary:
    """Return the boundary points of a subject.

    Parameters
    ----------
    shape : what is judged, EPSG:4490 lon/lat; None when there is none.
    given : the outline as handed in; None for a shape that nobody handed in, whose own points are listed.
    """
    if shape is None or shape.is_empty:
        return Boundary()
    outline = given if given is not None else GivenOutline(shape=shape, epsg=_GEOGRAPHIC[0])
    labels, places, xy = outline.points()
    kept = slice(0, MOST_POINTS)
    lonlat = outline.lonlat(xy[kept])
    epsg = outline.epsg if outline.epsg not in _GEOGRAPHIC else _plane_of(shape)
    plane = xy[kept] if epsg == outline.epsg else _on_plane(lonlat, epsg)
    points = tuple(
        BoundaryPoint(
            label=label, part=part, ring=ring, lon_deg=round(float(lon), 9), lat_deg=round(float(lat), 9),
            north_m=round(float(north), 4), east_m=round(float(easting), 4),
        )
        for label, (part, ring), (lon, lat), (easting, north) in zip(labels[kept], places[kept], lonlat, plane, strict=True)
    )  # fmt: skip
    return Boundary(points=points, count=len(labels), plane_title=KNOWN_EPSG[epsg], note=_note(outline))


def _plane_of(shape: BaseGeometry) -> int:
    west, _, east, _ = shape.bounds
    zone = min(max(round((west + east) / 2 / 3), 25), 45)
    return gauss_kruger_epsg(zone_width_deg=3, central_meridian_deg=zone * 3.0, with_prefix=True)


def _on_plane(lonlat: np.ndarray, epsg: int) -> np.ndarray:
    return np.asarray(shapely.get_coordinates(geodesy.from_lonlat(np.asarray(shapely.points(lonlat)), epsg)))


def _note(outline: GivenOutline) -> str:
    said = "点号、圈号照所交文件。" if any(label for label, _ in outline.marks) else "圈号 1 为外圈，2 起为内圈（孔）。"
    if outline.arcs:
        said += f"图上有 {outline.arcs} 段圆弧，列出的是图上画的端点；量算按弦高不超过1厘米的折线，弦上的点不是界址点，不列入。"
    if outline.inserted:
        said += f"量算时在长边上另加 {outline.inserted} 个点（偏差不超过1厘米），只用于计算，不是界址点，不列入；GeoPackage 的图形含这些点。"
    if outline.mended:
        said += "读入时图形有修复（见上），研判所用边界与所列各点的连线略有不同。"
    return said
