"""Change of a zone's area by simplification, and vertices given back where the area must be kept.

A vertex belongs to a place: it comes back for every zone that has one there, so that borders stay shared.
"""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.geometry.geodesy import survey_area_m2


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
    place, zone_of, left = _vertices(before, after)
    while True:
        faulty = (area_changes(before, result) > most_change) | (~shapely.is_valid(result) & shapely.is_valid(before))
        if not (faulty & ~whole).any():
            return result
        whole |= faulty
        result[whole] = before[whole]
        wanted = np.zeros(len(place), dtype=bool)
        wanted[place[whole[zone_of]]] = True
        back = wanted[place]
        again = np.unique(zone_of[back & (areal & ~whole)[zone_of]])
        result[again] = _of_vertices(before[again], (left | back)[np.isin(zone_of, again)])


def _vertices(before: np.ndarray, after: np.ndarray) -> tuple[IntArray, IntArray, BoolArray]:
    """Return, for each vertex of `before`, a number that equal places share, its zone, and whether `after` has it left."""
    both, zone_of = shapely.get_coordinates(np.concatenate([before, after]), return_index=True)
    place = np.unique(both.view(np.complex128).ravel(), return_inverse=True)[1].ravel()
    key = zone_of % len(before) * len(place) + place
    first = zone_of < len(before)
    return place[first], zone_of[first], np.isin(key[first], key[~first])


def _of_vertices(zones: np.ndarray, kept: BoolArray) -> np.ndarray:
    """Return polygons with the vertices kept; a ring that fewer than four are left of keeps all."""
    parts, zone = shapely.get_parts(zones, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    kept = kept | (np.bincount(ring, weights=kept, minlength=len(rings)) < 4)[ring]
    thinned = np.asarray(shapely.linearrings(xy[kept], indices=ring[kept]))
    whole = np.asarray(shapely.multipolygons(np.asarray(shapely.polygons(thinned, indices=part)), indices=zone))
    single = shapely.get_type_id(zones) == shapely.GeometryType.POLYGON
    whole[single] = shapely.get_geometry(whole[single], 0)
    return whole
