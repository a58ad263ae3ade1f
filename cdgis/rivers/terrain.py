"""Slope, aspect and height above stream, on the flow grid.

Slope and aspect by central differences on the unfilled heights, metres over metres of the row's latitude; on
a grid of hundreds of metres they describe hillsides, not plots.
"""

from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray
from cdgis.geometry.geodesy import geodesic_distance_m
from cdgis.rivers.flow import FlowGrid
from cdgis.rivers.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Slope, aspect and height of every cell of a flow grid."""

    grid: FlowGrid
    slope_deg: FloatArray
    aspect_deg: FloatArray
    """Downhill direction clockwise from north; NaN on level ground."""

    def at(self, lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return height (m), slope and aspect (degrees) at positions; NaN outside the grid."""
        cells = self.grid.cells_at(lon_deg, lat_deg)
        inside = cells >= 0
        values = (self.grid.filled_m, self.slope_deg, self.aspect_deg)
        height, slope, aspect = (np.where(inside, np.asarray(v, dtype=float).ravel()[cells], np.nan) for v in values)
        return height, slope, aspect


def read_ground(grid: FlowGrid) -> Ground:
    """Return slope and aspect of a flow grid."""
    lat = (grid.lat_edges_deg[:-1] + grid.lat_edges_deg[1:]) / 2
    width, height = float(np.diff(grid.lon_edges_deg[:2])[0]), float(grid.lat_edges_deg[0] - grid.lat_edges_deg[1])
    zero = np.zeros_like(lat)
    east_m = geodesic_distance_m(zero, lat, zero + width, lat)[:, None]
    north_m = float(geodesic_distance_m(zero[:1], lat[:1], zero[:1], lat[:1] - height)[0])
    down_rows, along_columns = np.gradient(np.asarray(grid.filled_m, dtype=float))
    to_north, to_east = -down_rows / north_m, along_columns / east_m
    steep = np.hypot(to_north, to_east)
    aspect = np.degrees(np.arctan2(-to_east, -to_north)) % 360
    return Ground(grid=grid, slope_deg=np.degrees(np.arctan(steep)), aspect_deg=np.where(steep > 0, aspect, np.nan))


def above_stream_m(network: Network) -> FloatArray:
    """Return the height of every cell of the network's grid above the stream it drains to, metres, NaN if none."""
    if network.grid is None:
        return np.empty((0, 0))
    heights = np.asarray(network.grid.filled_m, dtype=float).ravel()
    stream = network.grid.cells_at(network.lon_deg, network.lat_deg)
    first = network.vertex_of_cell
    level = np.where(first >= 0, heights[stream[np.maximum(first, 0)]], np.nan)
    return np.asarray((heights - level).reshape(network.grid.shape))
