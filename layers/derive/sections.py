"""Where do the control units' monitoring sections stand? Demonstration positions on the derived network.

A unit with a seed outlet has its section at the stream cell that fits the seed's place and drained area best;
a remainder has it at the cell of the unit that drains most. Names are those of seeds.toml, places are derived.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from cdgis.geometry.geodesy import geodesic_distance_m
from cdgis.rivers.flow import flow_from_elevation
from cdgis.rivers.network import Network, network_from_flow
from layers.derive import water
from layers.derive.terrain import read_grid
from layers.derive.writing import LAYERS, write_layer

FARTHEST_M = 18_000.0
STREAM_KM2 = 20.0


def write_sections() -> None:
    """Write basins/sections.gpkg."""
    network = _network()
    units = gpd.read_file(LAYERS / "basins" / "control_units.gpkg").set_index("KZDYBM")
    rows = []
    for record in water.control_unit_records():
        unit = units.loc[f"KZDY{record['id']}"]
        vertex = _at_seed(network, record) if "lon" in record else _lowest(network, unit.geometry)
        rows.append((f"DM{record['id']}", f"{unit['KZDM']}断面", unit["SZMB"], f"KZDY{record['id']}", vertex))
    at = np.array([row[-1] for row in rows])
    columns = dict(zip(("DMBM", "DMMC", "SZMB", "KZDYBM"), zip(*(row[:-1] for row in rows), strict=True), strict=True))
    points = shapely.points(network.lon_deg[at].round(7), network.lat_deg[at].round(7))
    write_layer(gpd.GeoDataFrame(columns, geometry=points), "basins/sections.gpkg")


def _network() -> Network:
    values, transform = read_grid("dem_30arcsec.tif")
    rows, columns = values.shape
    grid = flow_from_elevation(
        values, lon_edges_deg=transform.c + transform.a * np.arange(columns + 1),
        lat_edges_deg=transform.f + transform.e * np.arange(rows + 1),
    )  # fmt: skip
    return network_from_flow(grid, stream_km2=STREAM_KM2, accuracy_m=0.0, source="dem")


def _at_seed(network: Network, record: dict[str, Any]) -> int:
    lon, lat = np.full(len(network.lon_deg), record["lon"]), np.full(len(network.lon_deg), record["lat"])
    metres = geodesic_distance_m(lon, lat, network.lon_deg, network.lat_deg)
    misfit = np.abs(np.log(network.upstream_km2 / record["upstream_km2"])) * 12 + metres / 1000
    misfit[metres > FARTHEST_M] = np.inf
    return int(np.argmin(misfit))


def _lowest(network: Network, unit: shapely.Geometry) -> int:
    inside = shapely.intersects_xy(unit, network.lon_deg, network.lat_deg)
    return int(np.argmax(np.where(inside, network.upstream_km2, -1.0)))


if __name__ == "__main__":
    write_sections()
