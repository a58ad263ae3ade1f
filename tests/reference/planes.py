"""Where is a geometry on the measuring plane and in the distance plane? (PROJ's own projections, one geometry at a time)"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

MEASURING = pyproj.Proj("+proj=cea +lat_ts=41.4 +lon_0=117.5 +ellps=GRS80")
DISTANCE = pyproj.Proj("+proj=tmerc +lon_0=117.5 +ellps=GRS80")
GEOD = pyproj.Geod(ellps="GRS80")

STEP_M = 100.0
"""Edges are straight on the measuring plane; cut this short, they bow by 0.2 mm in the distance plane."""


def _mapped(geometry: BaseGeometry, function: Callable[[Any, Any], Any]) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: np.column_stack(function(xy[:, 0], xy[:, 1])))


def on_plane(lonlat: BaseGeometry) -> BaseGeometry:
    """Return a longitude-latitude geometry on the measuring plane, metres."""
    return _mapped(lonlat, MEASURING)


def to_lonlat(plane: BaseGeometry) -> BaseGeometry:
    """Return a measuring-plane geometry in degrees."""
    return _mapped(plane, lambda x, y: MEASURING(x, y, inverse=True))


def in_distance_plane(plane: BaseGeometry) -> BaseGeometry:
    """Return a measuring-plane geometry in the distance plane, metres, keeping the course of its edges."""
    fine = shapely.segmentize(plane, STEP_M) if shapely.length(plane) > STEP_M else plane
    return _mapped(to_lonlat(fine), DISTANCE)


def ground_distance_m(first: BaseGeometry, second: BaseGeometry) -> float:
    """Return the geodesic distance between the nearest points of two distance-plane geometries."""
    (x1, y1), (x2, y2) = shapely.shortest_line(first, second).coords
    if x1 == x2 and y1 == y2:
        return 0.0
    lon1, lat1 = DISTANCE(x1, y1, inverse=True)
    lon2, lat2 = DISTANCE(x2, y2, inverse=True)
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


def ground_length_m(plane: BaseGeometry) -> float:
    """Return the geodesic length of measuring-plane lines, following their course."""
    total = 0.0
    for line in shapely.get_parts(plane):
        fine = shapely.segmentize(line, STEP_M) if line.length > STEP_M else line
        lon, lat = np.asarray(to_lonlat(fine).coords).T
        total += float(GEOD.line_length(lon, lat))
    return total


def inner_radius_m(area: BaseGeometry, *, within_m: float) -> float:
    """Return how far the point of `area` farthest from its outline lies from it, to `within_m`.

    Squares are quartered as long as one may hold a better point than the best centre seen so far.
    """
    rings = shapely.get_parts(shapely.get_rings(shapely.get_parts(area)))
    segments = [s for ring in rings for s in _segments(ring)]
    tree = shapely.STRtree(segments)
    shapely.prepare(area)
    x0, y0, x1, y1 = area.bounds
    half = max(x1 - x0, y1 - y0) / 2
    centres = np.array([[(x0 + x1) / 2, (y0 + y1) / 2]])
    best = 0.0
    while len(centres):
        points = shapely.points(centres)
        at, distance = tree.query_nearest(points, all_matches=False, return_distance=True)
        reach = np.empty(len(centres))
        reach[at[0]] = distance
        reach = np.where(shapely.contains(area, points), reach, -reach)
        best = max(best, float(reach.max()))
        centres = centres[reach + half * np.sqrt(2) > best + within_m]
        half /= 2
        centres = np.concatenate([centres + [sx * half, sy * half] for sx in (-1, 1) for sy in (-1, 1)])
    return best


def _segments(ring: BaseGeometry) -> list[BaseGeometry]:
    coords = np.asarray(ring.coords)
    return list(shapely.linestrings(np.stack([coords[:-1], coords[1:]], axis=1)))
