"""Invalid polygons made valid, and how much land each mending gained and lost against what was drawn.

As drawn, a ring encloses what lies on the inner side of it by its own direction; where a ring crosses itself, the smaller
loop runs the other way and encloses nothing. Parts that overlap count the land they share once too often. What a
mending adds to that or takes from it is stated, and beyond a share of the land nobody may say that it was meant.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.geometry.geodesy import geometries_to_plane, to_lonlat
from cdgis.readers.ring_loops import untied

ShapeOrShapes = TypeVar("ShapeOrShapes", BaseGeometry, GeometryArray)

LARGEST_REPAIR_SHARE = 0.01
"""Land a repair may gain and lose together, as a share of what is left, unless cdgis.toml says otherwise."""
_UNSEEN_M2 = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """An invalid polygon made valid."""

    geometry: BaseGeometry
    """Valid and two-dimensional, in the coordinates it was given in."""
    gained_m2: float
    lost_m2: float
    area_m2: float
    """What the mended polygon measures."""

    @property
    def share(self) -> float:
        """Land gained and lost, as a share of the mended polygon."""
        return (self.gained_m2 + self.lost_m2) / self.area_m2 if self.area_m2 else np.inf

    @property
    def told(self) -> str:
        """What the mending did to the area, in Chinese."""
        if max(self.gained_m2, self.lost_m2) < _UNSEEN_M2:
            return "面积不变"
        return f"面积增 {self.gained_m2:.2f}、减 {self.lost_m2:.2f} 平方米，占 {self.share:.2%}"


def mend(polygon: BaseGeometry, epsg: int) -> Mending:
    """Return an invalid polygon made valid: keyholes cut open, rings nested, crossings resolved.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon, finite, x = easting or longitude in `epsg`.
    """
    flat = shapely.force_2d(polygon)
    opened = untied(flat)
    if opened.is_valid:
        # the same rings, only told apart: no land came or went
        return Mending(geometry=opened, gained_m2=0.0, lost_m2=0.0, area_m2=_area_m2(opened, epsg))
    whole = made_valid(opened)
    drawn = [_as_drawn(part) for part in shapely.get_parts(opened)]
    land = shapely.union_all(drawn)
    twice = sum(_area_m2(part, epsg) for part in drawn) - _area_m2(land, epsg)
    return Mending(
        geometry=whole,
        gained_m2=_area_m2(shapely.difference(whole, land), epsg),
        lost_m2=_area_m2(shapely.difference(land, whole), epsg) + max(float(twice), 0.0),
        area_m2=_area_m2(whole, epsg),
    )


def made_valid(geoms: ShapeOrShapes) -> ShapeOrShapes:
    """Return invalid polygons made valid so that no land is lost: parts that overlap are joined, holes stay holes.

    GEOS's older method ("linework") would cut out whatever two parts have in common.
    """
    return shapely.make_valid(geoms, method="structure", keep_collapsed=False)


def change(before: BaseGeometry, after: BaseGeometry, epsg: int) -> Mending:
    """Return a mending that something else did, measured between two valid polygons."""
    return Mending(
        geometry=after,
        gained_m2=_area_m2(shapely.difference(after, before), epsg),
        lost_m2=_area_m2(shapely.difference(before, after), epsg),
        area_m2=_area_m2(after, epsg),
    )


def _as_drawn(part: Polygon) -> BaseGeometry:
    # GEOS buffers a ring by its signed area: loops that run the other way vanish
    shell = shapely.buffer(Polygon(part.exterior), 0)
    holes = shapely.buffer([Polygon(hole) for hole in part.interiors], 0)
    return shapely.difference(shell, shapely.union_all(holes))


def _area_m2(geometry: BaseGeometry, epsg: int) -> float:
    """Return the survey area of a valid polygon, its edges taken as they stand."""
    lonlat = to_lonlat(np.array([geometry], dtype=object), epsg)
    return float(_areas_m2(lonlat)[0])


def _areas_m2(lonlat: GeometryArray) -> FloatArray:
    return np.asarray(shapely.area(geometries_to_plane(lonlat)))
