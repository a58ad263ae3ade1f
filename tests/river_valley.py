"""A river system made by hand: two valleys that meet, with everything that may stand along a river."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapes import workspace, zone_layer
from test_rivers_laws import EDGE_DEG, grid_of

from cdgis.results.tables.validation import empty
from cdgis.rivers.network import name_rivers, network_from_flow
from cdgis.rivers.receptors import Jurisdictions, kinds_not_loaded, receptor_events
from cdgis.rivers.snap import Snapper
from cdgis.rivers.system import RiverSystem
from cdgis.workspace.layers import Layer

ROWS, COLUMNS, JOIN = 40, 31, 20
WEST, EAST, MAIN = 7, 23, 15


def ground() -> np.ndarray:
    """Rows from north to south: two valleys in columns 7 and 23; below row 20 all drains to column 15."""
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    upper = 1000 - 5.0 * row + 40.0 * np.minimum(np.abs(column - WEST), np.abs(column - EAST))
    return np.where(row < JOIN, upper, 800 - 5.0 * (row - JOIN) + 4.0 * np.abs(column - MAIN)).astype(np.float32)


def at(row: float, column: float) -> shapely.Point:
    """The middle of a cell."""
    return shapely.Point(117 + EDGE_DEG * (column + 0.5), 41 - EDGE_DEG * (row + 0.5))


def block(top: float, bottom: float, left: float, right: float) -> shapely.Polygon:
    """Rows and columns, the edges of cells."""
    return shapely.box(117 + EDGE_DEG * left, 41 - EDGE_DEG * bottom, 117 + EDGE_DEG * right, 41 - EDGE_DEG * top)


def layers() -> dict[str, Layer]:
    """By id; what is in no layer here is a kind not loaded."""
    counties = zone_layer("counties", [block(0, 12, 0, 31), block(12, 26, 0, 31), block(26, 37, 0, 31)], ids=["130821", "130822", "110118"])
    counties.zones["zone_name"] = ["甲县", "乙县", "丙区"]
    made = [
        counties,
        zone_layer("control_units", [block(0, 20, 0, 15), block(0, 20, 15, 31), block(20, 40, 0, 31)], ["西河水系", "东河水系", "干河水系"]),
        zone_layer("outfall_zones", [block(24, 30, 10, 20), block(30, 40, 10, 20)], ["禁止设置区域", "限制设置区域"]),
        zone_layer("sections", [at(9.9, 7.3), at(15, 23), at(30, 15)], kind="point", accuracy_m=5.0),
        zone_layer("intakes", [at(18, 7), at(36, 15.2)], kind="point"),
        zone_layer("water_source_zones", [block(32, 34, 13, 18)], ["二级"]),
        zone_layer("reservoirs", [block(33.8, 35.2, 14, 17)]),
        zone_layer("railways", [shapely.LineString([at(14, 0), at(14, 30)])], kind="line"),
        zone_layer("places", [at(16.4, 7.9), at(16, 15), at(31, 16)], kind="point"),
    ]
    made[1].zones["cod_cap_t_per_yr"] = ["10", "", "0"]
    return {layer.spec.id: layer for layer in made}


def river_valley(root: Path, *, elevation_m: np.ndarray | None = None, stream_km2: float = 60.0) -> RiverSystem:
    """The system of `ground` (or of other heights), 干河 along the west valley and 东支 along the east."""
    place = workspace(root)
    grid = grid_of(ground() if elevation_m is None else elevation_m)
    network = network_from_flow(grid, stream_km2=stream_km2, accuracy_m=500, source="测试高程")
    named = gpd.GeoDataFrame(
        {"zone_name": ["干河", "东支"]}, crs=4490,
        geometry=[shapely.LineString([at(4, WEST), at(20, WEST), at(28, MAIN), at(39, MAIN)]), shapely.LineString([at(4, EAST), at(20, EAST)])],
    )  # fmt: skip
    network = name_rivers(network, named, within_m=700)
    snapper, known = Snapper(network), layers()
    counties = Jurisdictions.of(known["counties"].zones)
    settings = place.settings.rivers.model_copy(update={"snap_limit_m": 4000.0, "bank_m": 900.0})
    return RiverSystem(
        workspace=place, settings=settings, network=network, snapper=snapper, counties=counties, layers=known,
        events=receptor_events(snapper, known, counties=counties, bank_m=settings.bank_m), not_loaded=kinds_not_loaded(known),
        check=empty("river_check"), records=(),
    )  # fmt: skip


def vertex_at(system: RiverSystem, row: int, column: int) -> int:
    """The vertex in the middle of a stream cell."""
    point = at(row, column)
    (hit,) = np.flatnonzero((np.abs(system.network.lon_deg - point.x) < 1e-9) & (np.abs(system.network.lat_deg - point.y) < 1e-9))
    return int(hit)


def rows_of(table: pd.DataFrame, *columns: str) -> list[tuple]:
    """The table as tuples, numbers to three digits."""
    return [tuple(round(v, 3) if isinstance(v, float) else v for v in row) for row in table[list(columns)].itertuples(index=False)]
