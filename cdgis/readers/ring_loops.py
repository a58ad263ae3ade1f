"""Rings taken apart where they come back to a vertex, and polygons put together from rings by nesting.

A keyhole ring (outer ring, cut, hole, the cut again) is two rings; a hole written before its shell is still a hole.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray

_LEAST_VERTICES = 3
_MOST_RINGS = 2_000
"""Every ring is compared with every larger one."""


def simple_loops(ring: FloatArray) -> list[FloatArray]:
    """Return the loops of a closed ring, none meeting a vertex twice, in the order in which they close.

    Parameters
    ----------
    ring : (n, 2), with or without the repeated first vertex.

    Returns
    -------
    Loops without their closing vertex. A cut there and back, or a spike, encloses nothing and is left out.
    """
    path: list[tuple[float, float]] = []
    place: dict[tuple[float, float], int] = {}
    loops: list[list[tuple[float, float]]] = []
    for x, y in ring.tolist():
        start = place.get((x, y))
        if start is None:
            place[x, y] = len(path)
            path.append((x, y))
            continue
        loops.append(path[start:])
        for met in path[start + 1 :]:
            del place[met]
        del path[start + 1 :]
    return [np.array(loop) for loop in (*loops, path) if len(loop) >= _LEAST_VERTICES]


def nested_rings(rings: Sequence[FloatArray]) -> list[tuple[int, list[int]]]:
    """Return (shell, its holes) as indices into `rings`: a ring inside an odd number of larger ones is a hole."""
    polygons = shapely.make_valid([Polygon(ring) for ring in rings])
    areas = shapely.area(polygons)
    inner = shapely.point_on_surface(polygons)
    shapely.prepare(polygons)
    shells: dict[int, list[int]] = {}
    around: list[tuple[int, int]] = []
    for index in range(len(polygons)):
        larger = np.flatnonzero(areas > areas[index])
        over = larger[shapely.contains_properly(polygons[larger], inner[index])]
        if len(over) % 2:
            around.append((int(over[np.argmin(areas[over])]), index))
        else:
            shells[index] = []
    for owner, hole in around:
        shells[owner].append(hole)
    return list(shells.items())


def assembled(rings: Sequence[FloatArray]) -> list[Polygon]:
    """Return polygons of rings by nesting, shells in the order given."""
    return [Polygon(rings[shell], [rings[hole] for hole in holes]) for shell, holes in nested_rings(rings)]


def untied(geometry: BaseGeometry) -> BaseGeometry:
    """Return an invalid polygon with its keyhole rings cut open and its rings nested; as it was when that does not help.

    What was drawn as a hole never becomes land, but for a polygon whose rings all lie in one of its holes: there the
    order was wrong.
    """
    parts = [part for part in shapely.get_parts(shapely.get_parts(geometry)) if isinstance(part, Polygon)]
    if not parts or len(parts) != shapely.get_num_geometries(geometry):
        return geometry
    made = [polygon for part in parts for polygon in _untied_part(part)]
    whole: BaseGeometry = made[0] if len(made) == 1 else shapely.multipolygons(made)
    return whole if whole.is_valid and not whole.is_empty else geometry


def _untied_part(part: Polygon) -> Iterator[Polygon]:
    if part.is_valid or part.is_empty:
        yield part
        return
    rings = [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
    loops = [simple_loops(ring) for ring in rings]
    flat = [loop for found in loops for loop in found]
    if not flat or len(flat) > _MOST_RINGS:
        yield part
        return
    shells = [shell for shell, _ in nested_rings(flat)]
    from_holes = [shell for shell in shells if shell >= len(loops[0])]
    if from_holes and len(shells) > 1:
        yield part
        return
    yield from assembled(flat)
