"""Where do demonstration roads, pipelines and power lines run, and where is the ridge the Great Wall stands on?

Roads and pipelines are the cheapest ways over the 30 arc second heights; the wall follows the crest, found the same way
with a cost that falls with height above the surroundings.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from layers.derive.patches import smooth_line
from layers.derive.terrain import read_grid

Grid = npt.NDArray[np.float64]
Stop = tuple[float, float]
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
_CELL_KM = (0.926, 0.695)
"""North-south and east-west size of a 30 arc second cell at 41 degrees."""


def heights() -> tuple[Grid, rasterio.Affine]:
    """Return the heights in metres and their transform."""
    grid, transform = read_grid("dem_30arcsec.tif")
    return grid.astype(float), transform


def valley_cost(dem: Grid) -> Grid:
    """Return what a cell costs a road: more the higher it lies above the lowest ground within about 5 km."""
    return np.asarray(1 + (dem - ndimage.minimum_filter(dem, 11)) / 60)


def crest_cost(dem: Grid) -> Grid:
    """Return what a cell costs a wall: little on the crest, much in the valley."""
    above = dem - ndimage.gaussian_filter(dem, 4)
    return np.asarray(np.exp(-above / 45))


def way(dem: Grid, cost: Grid, transform: rasterio.Affine, stops: Sequence[Stop], *, grade: float) -> shapely.LineString:
    """Return the cheapest smoothed line through `stops` (lon, lat); steps steeper than `grade` cost much more."""
    graph = _graph(dem, cost, grade)
    nodes = [_node(transform, dem.shape, stop) for stop in stops]
    path = [nodes[0]]
    for start, end in zip(nodes[:-1], nodes[1:], strict=True):
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        back = [end]
        while back[-1] != start:
            back.append(int(before[back[-1]]))
        path += back[::-1][1:]
    points = [transform * (node % dem.shape[1] + 0.5, node // dem.shape[1] + 0.5) for node in path]
    return shapely.simplify(smooth_line(shapely.simplify(shapely.LineString(points), 0.003), 3), 0.0004)


def _node(transform: rasterio.Affine, shape: tuple[int, ...], stop: Stop) -> int:
    column, row = (int(part) for part in ~transform * stop)
    return row * shape[1] + column


def _graph(dem: Grid, cost: Grid, grade: float) -> sparse.csr_matrix:
    rows, columns = dem.shape
    index = np.arange(dem.size).reshape(dem.shape)
    starts, ends, costs = [], [], []
    for down, right in _STEPS:
        a = np.s_[: rows - down, max(0, -right) : columns - max(0, right)]
        b = np.s_[down:, max(0, right) : columns + min(0, right)]
        length = float(np.hypot(down * _CELL_KM[0], right * _CELL_KM[1]))
        steep = np.abs(dem[a] - dem[b]) / (length * 1000) / grade
        starts.append(index[a].ravel())
        ends.append(index[b].ravel())
        costs.append((length * (cost[a] + cost[b]) / 2 * (1 + steep**2)).ravel())
    pairs = (np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends)))
    return sparse.csr_matrix(pairs, (dem.size, dem.size))
