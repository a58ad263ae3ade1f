"""Which river basin and which water control unit does every part of the city belong to?

Named outlets (seeds.toml) are snapped to the elevation-derived network; a cell belongs to the first outlet
downstream. What no outlet catches goes to a named remainder by where its water leaves the grid.
"""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from layers.derive.hydrology import catchments
from layers.derive.terrain import FACTOR, Labels, Terrain, noise

SEEDS: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("seeds.toml").read_text(encoding="utf-8")
)
CELL_KM2_COARSE = 0.645
SYSTEMS = ("滦河水系", "潮河水系", "辽河水系", "大凌河水系")


def control_unit_records() -> list[dict[str, Any]]:
    """Return the control units: outlets first, then remainders; the list position + 1 is the grid label."""
    return [*SEEDS["outlet"], *SEEDS["remainder"]]


def _snap(terrain: Terrain, outlet: dict[str, Any]) -> int:
    upstream = terrain.drainage.cells * CELL_KM2_COARSE
    row, column = (index // FACTOR for index in terrain.cell(outlet["lon"], outlet["lat"]))
    rows, columns = np.mgrid[: upstream.shape[0], : upstream.shape[1]]
    distance = np.hypot((rows - row) * 0.926, (columns - column) * 0.695)
    misfit = np.abs(np.log(upstream / outlet["upstream_km2"])) * 12 + distance
    misfit[distance > 18] = np.inf
    return int(np.argmin(misfit))


def outlets(terrain: Terrain) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the snapped outlet cells in seed order."""
    return np.array([_snap(terrain, outlet) for outlet in SEEDS["outlet"]])


def _remainder(lon: float, lat: float) -> str:
    """Return the remainder whose water leaves the grid at this border position."""
    if lon < 115.9 and lat > 41.2:
        return "01"
    if lat > 42.2 or (lon > 119.3 and lat > 41.6):
        return "24" if lat > 42.05 else "25"
    if lon > 119.3:
        return "26"
    if lat < 40.2:
        for limit, name in ((116.95, "22"), (118.2, "23"), (118.75, "20")):
            if lon < limit:
                return name
    return "21"


def control_units(terrain: Terrain) -> Labels:
    """Return on the fine grid the 1-based control unit of each cell (see control_unit_records)."""
    drainage = terrain.drainage
    label = catchments(drainage, outlets(terrain))
    ids = [record["id"] for record in control_unit_records()]
    root = drainage.receiver.copy()
    for index in drainage.order:
        root[index] = root[drainage.receiver[index]] if drainage.receiver[index] != index else index
    columns = drainage.shape[1]
    for index in np.unique(root):
        row, column = divmod(int(index), columns)
        name = _remainder(*terrain.lonlat(row * FACTOR, column * FACTOR))
        rest = (root.reshape(drainage.shape) == index) & (label == 0)
        label[rest] = ids.index(name) + 1
    south = (np.arange(drainage.shape[0]) > (42.8 - 41.6) * 120)[:, None]
    label[(label == ids.index("24") + 1) & south] = ids.index("25") + 1
    return warp(label, "control-units")


def warp(coarse: Labels, name: str) -> Labels:
    """Return coarse labels on the fine grid with borders bent by seeded noise of under one coarse cell."""
    shape = (coarse.shape[0] * FACTOR, coarse.shape[1] * FACTOR)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    row = (rows + 0.5) / FACTOR - 0.5 + 0.35 * noise(name + "-row", shape, (5, 2))
    column = (columns + 0.5) / FACTOR - 0.5 + 0.35 * noise(name + "-column", shape, (5, 2))
    sampled = ndimage.map_coordinates(coarse, [row, column], order=0, mode="nearest")
    return np.asarray(sampled, dtype="int32")
