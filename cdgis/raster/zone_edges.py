"""Edges of zones in cells of the grid.

Pixel coordinates: x counts columns from the west edge of the grid, y counts rows from its north edge, so cell
(r, c) is the unit square [c, c + 1] x [r, r + 1]. Shells run so that the zone lies west of an edge going north
and east of an edge going south; holes the other way round.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """The rings of all zones as flat arrays."""

    x: FloatArray
    """Columns from the west edge, one per vertex; a ring's first vertex is repeated at its end."""
    y: FloatArray
    """Rows from the north edge."""
    ring_start: IntArray
    """Position of each ring's first vertex; one more entry closes the last ring."""
    zone_start: IntArray
    """Position of each zone's first ring in `ring_start`; one more entry closes the last zone."""
    top: FloatArray
    """Least y of each zone; positive infinity for a zone without rings."""
    bottom: FloatArray
    """Greatest y of each zone; negative infinity for a zone without rings."""
    left: FloatArray
    """Least x of each zone."""
    right: FloatArray

    def __len__(self) -> int:
        return len(self.zone_start) - 1

    @property
    def vertices(self) -> IntArray:
        """Number of vertices of each zone."""
        return np.diff(self.ring_start[self.zone_start])


def outlines_of(polygons: GeometryArray, transform: tuple[float, float, float, float]) -> Outlines:
    """Return the outlines of valid polygons.

    Parameters
    ----------
    polygons : in the grid's CRS, x = easting or longitude; missing and empty ones have no ring.
    transform : west edge, cell width, north edge and cell height of the grid, all in units of its CRS.
    """
    west, width, north, height = transform
    rings, zone_of_ring, shell = _rings_of(np.asarray(polygons))
    ring_start = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    lonlat = shapely.get_coordinates(rings)
    wrong = shapely.is_ccw(rings) != shell
    if wrong.any():  # turned round here: GEOS would build every polygon anew
        ends, vertex = ring_start[:-1] + ring_start[1:] - 1, np.arange(len(lonlat))
        ring = np.repeat(np.arange(len(rings)), np.diff(ring_start))
        lonlat = lonlat[np.where(wrong[ring], ends[ring] - vertex, vertex)]
    zone_start = np.searchsorted(zone_of_ring, np.arange(len(polygons) + 1)).astype(np.int64)
    bounds = shapely.bounds(np.asarray(polygons))
    return Outlines(
        x=(lonlat[:, 0] - west) / width,
        y=(north - lonlat[:, 1]) / height,
        ring_start=ring_start,
        zone_start=zone_start,
        top=np.nan_to_num((north - bounds[:, 3]) / height, nan=np.inf),
        left=np.nan_to_num((bounds[:, 0] - west) / width, nan=np.inf),
        right=np.nan_to_num((bounds[:, 2] - west) / width, nan=-np.inf),
        bottom=np.nan_to_num((north - bounds[:, 1]) / height, nan=-np.inf),
    )


def _rings_of(polygons: GeometryArray) -> tuple[GeometryArray, IntArray, npt.NDArray[np.bool_]]:
    """Return all rings in order, the position of each one's polygon, and whether it is a shell."""
    parts, of_part = polygons, np.arange(len(polygons))
    if (shapely.get_type_id(polygons) != shapely.GeometryType.POLYGON).any():
        parts, of_part = shapely.get_parts(polygons, return_index=True)
    if not shapely.get_num_interior_rings(parts).any() and not shapely.is_empty(parts).any():
        return shapely.get_exterior_ring(parts), of_part, np.ones(len(parts), dtype=bool)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    return rings, of_part[part_of_ring], np.diff(part_of_ring, prepend=-1) != 0
