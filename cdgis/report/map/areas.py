"""How much does simplifying change a zone's area, and how does a zone that must keep its area get its vertices back?

A vertex belongs to a place: it comes back for every zone that has one there, so that borders stay shared.
"""

import numpy as np
import shapely

from cdgis.arrays import BoolArray, FloatArray
from cdgis.geodesy import survey_area_m2


def area_changes(before: np.ndarray, after: np.ndarray) -> FloatArray:
    """Return each zone's change of area as a share of the area before, 0..1; lines and points have none.

    Parameters
    ----------
    before, after : the same zones, EPSG:4490.
    """
    changes = np.zeros(len(before))
    areal = shapely.area(before) > 0
    if areal.any():
        changes[areal] = np.abs(survey_area_m2(after[areal]) / survey_area_m2(before[areal]) - 1)
    return changes


def with_areas_kept(before: np.ndarray, after: np.ndarray, most_change: float) -> np.ndarray:
    """Return `after` with vertices of `before` put back until no zone's area differs by more than `most_change`.

    Parameters
    ----------
    before : zones, EPSG:4490.
    after : the same zones simplified: every vertex is one of `before`'s, in the same order.
    most_change : share of a zone's area, 0..1.
    """
    result = after.copy()
    whole, areal = np.zeros(len(before), dtype=bool), shapely.get_dimensions(before) == 2
    coordinates, zone_of = shapely.get_coordinates(before, return_index=True)
    places = np.unique(coordinates.view(np.complex128).ravel(), return_inverse=True)[1].ravel()
    while True:
        faulty = (area_changes(before, result) > most_change) | (~shapely.is_valid(result) & shapely.is_valid(before))
        if not (faulty & ~whole).any():
            return result
        whole |= faulty
        result[whole] = before[whole]
        wanted = np.zeros(len(places), dtype=bool)
        wanted[places[whole[zone_of]]] = True
        for zone in np.unique(zone_of[wanted[places] & (areal & ~whole)[zone_of]]):
            own = zone_of == zone
            result[zone] = _thinned(before[zone], after[zone], places[own], wanted)


def _thinned(
    before: shapely.Geometry, after: shapely.Geometry, places: np.ndarray, wanted: BoolArray
) -> shapely.Geometry:
    """Return one zone with the vertices it has left and those at wanted places."""
    left = {tuple(xy) for xy in shapely.get_coordinates(after).tolist()}
    every = map(tuple, shapely.get_coordinates(before).tolist())
    mask = np.array([xy in left or back for xy, back in zip(every, wanted[places].tolist(), strict=True)])
    at = 0

    def ring(line: shapely.Geometry) -> np.ndarray:
        nonlocal at
        xy = shapely.get_coordinates(line)
        own = mask[at : at + len(xy)]
        at += len(xy)
        return xy[own] if own.sum() >= 4 else xy

    parts = []
    for part in shapely.get_parts(before):
        shell, *holes = [ring(line) for line in shapely.get_rings(part)]
        parts.append(shapely.Polygon(shell, holes))
    return shapely.MultiPolygon(parts) if isinstance(before, shapely.MultiPolygon) else parts[0]
