"""Where a trace ends and why: the edge of the elevation, a hole in it, or the end of the given lines; and what may lie beyond."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.geometry.geodesy import lonlat_points
from cdgis.rivers.flow import FlowGrid
from cdgis.rivers.network import Network
from cdgis.rivers.system import RiverSystem

EDGE_OF_DATA = "高程数据的边缘"
NO_ELEVATION = "无高程处"
END_OF_LINES = "所载河线的末端"
_UNITS = layer_ids.CONTROL_UNITS


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEnd:
    """The last place that a trace reaches."""

    lon_deg: float
    lat_deg: float
    river_km: float
    """Along the river from the origin."""
    reason: str
    """EDGE_OF_DATA, NO_ELEVATION or END_OF_LINES."""

    @property
    def is_cut(self) -> bool:
        """Whether the river is known to go on inside the data's own extent."""
        return self.reason == NO_ELEVATION

    @property
    def sentence(self) -> str:
        """What a reader must know of the end."""
        where = f"{self.lon_deg:.4f},{self.lat_deg:.4f}"
        if self.is_cut:
            return (
                f"追踪到沿河 {self.river_km:.1f} 公里（{where}）为止：至此无高程，未继续；实际河流仍往下游，"
                "其后的受体、辖区和时间都没有列出"
            )
        return f"追踪到沿河 {self.river_km:.1f} 公里（{where}）为止：到了{self.reason}，其后的受体不在数据内"


def end_of_trace(network: Network, vertex: int, to_outlet_m: float) -> TraceEnd:
    """Return where water from a position of the network is followed to, and why no farther."""
    outlet = int(network.forest.root[vertex])
    lon, lat = float(network.lon_deg[outlet]), float(network.lat_deg[outlet])
    reason = END_OF_LINES if network.grid is None else _reason(network.grid, lon, lat)
    return TraceEnd(lon_deg=lon, lat_deg=lat, river_km=to_outlet_m / 1000, reason=reason)


def _reason(grid: FlowGrid, lon_deg: float, lat_deg: float) -> str:
    rows, columns = grid.shape
    cell = int(grid.cells_at(np.array([lon_deg]), np.array([lat_deg]))[0])
    while grid.receiver[cell] != cell:  # a stream's last vertex may lie above the cell that the water leaves by
        cell = int(grid.receiver[cell])
    row, column = divmod(cell, columns)
    on_rim = row in (0, rows - 1) or column in (0, columns - 1)
    return EDGE_OF_DATA if on_rim else NO_ELEVATION


def basin_at(system: RiverSystem, lon_deg: float, lat_deg: float) -> str:
    """Return the basin of the control unit nearest to a place in degrees, empty where no such units are loaded."""
    if _UNITS not in system.layers:
        return ""
    units = system.layers[_UNITS].zones
    apart = shapely.distance(units.geometry.to_numpy(), lonlat_points(np.array([lon_deg]), np.array([lat_deg]))[0])
    return str(units["zone_class"].iloc[int(np.argmin(apart))])


def counties_beyond(system: RiverSystem, end: TraceEnd, reached: "pd.Series[str]") -> str:
    """Return, for a trace cut at a hole, the basin it lies in and that basin's counties not yet named, in a sentence.

    Notes
    -----
    Which of them lie below the hole is not known without elevation; all are named, for none may be passed over.
    """
    name = basin_at(system, end.lon_deg, end.lat_deg)
    if not end.is_cut or not name:
        return ""
    units = system.layers[_UNITS].zones
    shapes, basin = units.geometry.to_numpy(), units["zone_class"].to_numpy(dtype=object)
    shared = shapely.area(shapely.intersection(system.counties.shapes, shapely.union_all(shapes[basin == name])))
    # a border drawn twice leaves threads of other counties in the basin: less than a thousandth of a county is none
    within = np.flatnonzero(shared > 1e-3 * shapely.area(system.counties.shapes))
    more = [str(county) for county in system.counties.name(within) if county not in set(reached)]
    return f"{name}内尚未列出的辖区（可能在下游，请一并通知并核对）：{'、'.join(more)}" if more else f"中断处属{name}"
