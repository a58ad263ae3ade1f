"""The shipped rivers: independent catchments, receptor orders read off the map, and what must be refused."""

import heapq
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy import ndimage

from cdgis.errors import NetworkError
from cdgis.raster import read_raster
from cdgis.readers import read_subjects
from cdgis.river_system import RiverSystem, load_rivers
from cdgis.rivers.trace import Velocity, downstream_events
from cdgis.trace_plan import downstream_receptors, enterprise_origin, place_origin, receptor_origin, trace_down, trace_up
from cdgis.workspace import open_workspace

ROOT = Path(__file__).parent.parent
CASES = tomllib.loads((Path(__file__).parent / "cases" / "river_receptors.toml").read_text(encoding="utf-8"))
SPEED = Velocity.parse("0.5:1.5")


@pytest.fixture(scope="module")
def system() -> RiverSystem:
    return load_rivers(open_workspace(ROOT))


@pytest.fixture(scope="module")
def subjects():
    return read_subjects(open_workspace(ROOT))


def plain_d8(elevation_m: np.ndarray, lat_deg: np.ndarray, edge_deg: float) -> np.ndarray:
    """Return receivers by the textbook: flood from the rim in steps of a millimetre, then steepest of eight."""
    rows, columns = elevation_m.shape
    filled = np.full(elevation_m.shape, np.inf)
    heap = []
    for r in range(rows):
        for c in range(columns):
            if r in (0, rows - 1) or c in (0, columns - 1):
                filled[r, c] = elevation_m[r, c]
                heapq.heappush(heap, (filled[r, c], r, c))
    steps = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if r or c]
    while heap:
        level, r, c = heapq.heappop(heap)
        for dr, dc in steps:
            y, x = r + dr, c + dc
            if 0 <= y < rows and 0 <= x < columns and np.isinf(filled[y, x]):
                filled[y, x] = max(float(elevation_m[y, x]), level + 1e-3)
                heapq.heappush(heap, (filled[y, x], y, x))
    receiver = np.arange(rows * columns).reshape(rows, columns)
    best = np.zeros(filled.shape)
    own = receiver.copy()
    for dr, dc in steps:
        moved = np.full(filled.shape, np.inf)
        index = np.zeros(filled.shape, dtype=int)
        here = (slice(max(0, -dr), rows - max(0, dr)), slice(max(0, -dc), columns - max(0, dc)))
        there = (slice(max(0, dr), rows + min(0, dr)), slice(max(0, dc), columns + min(0, dc)))
        moved[here], index[here] = filled[there], own[there]
        length = np.hypot(dr * 111_050.0, dc * 111_320.0 * np.cos(np.radians(lat_deg)))[:, None] * edge_deg
        slope = (filled - moved) / length
        better = slope > best
        best[better], receiver[better] = slope[better], index[better]
    rim = np.ones(filled.shape, dtype=bool)
    rim[1:-1, 1:-1] = False
    receiver[rim] = own[rim]
    return receiver.ravel()


def basin_of(receiver: np.ndarray, outlet: int) -> np.ndarray:
    at = np.arange(len(receiver))
    inside = at == outlet
    for _ in range(14):  # pointer doubling; the outlet is made to keep what reaches it
        step = receiver.copy() if _ == 0 else step[step]
        if _ == 0:
            step[outlet] = outlet
        inside = step == outlet
    return inside


def test_catchments_of_twenty_points_equal_a_plain_d8(system):
    grid = system.network.grid
    workspace = open_workspace(ROOT)
    elevation_m = read_raster(workspace.catalog["dem"], workspace.layers_dir).values.astype(float)
    lat = (grid.lat_edges_deg[:-1] + grid.lat_edges_deg[1:]) / 2
    theirs = plain_d8(elevation_m, lat, 1 / 120)
    ours = grid.receiver.astype(int)
    rng = np.random.default_rng(20261101)
    area = grid.upstream_km2.ravel()
    row, column = np.divmod(np.arange(area.size), grid.shape[1])
    inner = (row > 20) & (row < grid.shape[0] - 20) & (column > 20) & (column < grid.shape[1] - 20)
    points = rng.choice(np.flatnonzero((area > 60) & inner), size=20, replace=False)
    ring = np.ones((3, 3), dtype=bool)
    apart = []
    for point in points:
        mine, other = (basin_of(receiver, point).reshape(grid.shape) for receiver in (ours, theirs))
        outside = (mine & ~ndimage.binary_dilation(other, ring)) | (other & ~ndimage.binary_dilation(mine, ring))
        apart.append((int(outside.sum()), int(mine.sum()), int(other.sum())))
    assert [a for a in apart if a[0]] == []
