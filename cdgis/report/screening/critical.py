"""The two points between which the critical distance lies, for drawing; the judge measures the distance.

Either the shortest line from the subject to a zone it does not hit, or the deepest point of an overlap with the way
out of it. A line is returned only when its geodesic length agrees with the judge's distance.
"""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import GeometryArray, IntArray
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_in_distance_plane
from cdgis.report.drawing.drawn_layer import DrawnLayer
from cdgis.workspace.layers import Layer

_RELATIVE, _ABSOLUTE_M = 0.01, 0.5
"""How far the drawn line may differ from the judge's number: depth is found on a grid there."""
_PAD = 1.05
_METRES_PER_DEGREE = 80_000.0
"""Shorter than any degree here, so that the search box is never too small."""


def critical_ends(layer: Layer | None, shape: BaseGeometry, distance_m: float) -> np.ndarray | None:
    """Return two rows of lon/lat in degrees, or None when no line of that length is found.

    Parameters
    ----------
    layer : the layer that sets the critical distance.
    shape : the subject, EPSG:4490 lon/lat.
    distance_m : the critical distance, metres; NaN when there is none.
    """
    if layer is None or not layer.spec.is_vector or distance_m != distance_m:
        return None
    reach = (distance_m * _PAD + 10.0) / _METRES_PER_DEGREE
    west, south, east, north = shape.bounds
    index = DrawnLayer.of(layer).within((west - reach, south - reach, east + reach, north + reach))
    if not len(index):
        return None
    zones = _laid_out(layer, index)
    (subject,) = valid_in_distance_plane(np.array([shape], dtype=object))
    ways = [_way_out(subject, zone) for zone in zones[shapely.intersects(subject, zones)]]
    lines = np.array([*shapely.shortest_line(subject, zones), *ways], dtype=object)
    return _best(lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))], distance_m)


def _laid_out(layer: Layer, index: IntArray) -> GeometryArray:
    """Return these zones in the distance plane; many subjects ask for the same ones."""
    kept: GeometryArray = layer.derived("critical zones", lambda whole: np.full(len(whole.zones), None, dtype=object))
    if new := [at for at in index if kept[at] is None]:
        kept[new] = valid_in_distance_plane(layer.zones.geometry.to_numpy()[new])
    return np.asarray(kept[index])


def _way_out(subject: BaseGeometry, zone: BaseGeometry) -> BaseGeometry | None:
    """Return the line from the deepest point of an overlap to the nearer of the two edges."""
    if shapely.get_dimensions(zone) != 2:
        return None
    shared = shapely.intersection(subject, zone)
    areas = [part for part in shapely.get_parts(shared) if shapely.get_dimensions(part) == 2]
    if not areas:
        corners = [shapely.Point(xy) for xy in shapely.get_coordinates(shared)]
        ways: list[BaseGeometry] = [shapely.shortest_line(corner, shapely.boundary(zone)) for corner in corners]
    else:
        ways = [shapely.maximum_inscribed_circle(part) for part in areas]
    return max(ways, key=shapely.length, default=None)


def _best(lines: GeometryArray, distance_m: float) -> np.ndarray | None:
    if not len(lines):
        return None
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = xy[np.column_stack((first, np.append(first[1:], len(xy)) - 1))]
    lon, lat = geodesy.from_local(ends[..., 0], ends[..., 1])
    lengths = geodesy.geodesic_distance_m(lon[:, 0], lat[:, 0], lon[:, 1], lat[:, 1])
    best = int(np.argmin(np.abs(lengths - distance_m)))
    agrees = abs(lengths[best] - distance_m) <= _RELATIVE * distance_m + _ABSOLUTE_M
    return np.column_stack((lon[best], lat[best])) if agrees and lengths[best] > 0 else None
