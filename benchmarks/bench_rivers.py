"""How long does the river network of a 30 m elevation grid take, and how much memory? (seeded ground, 44 million cells)

Run: python benchmarks/bench_rivers.py [cells in millions, default 44] [--peer]
`--peer` sets pysheds beside it on the same ground (use 4 million cells: pysheds keeps several float64 copies); areas drained are
compared first, speed only then.
"""

import argparse
import platform
import resource
import time
from collections.abc import Callable

import numpy as np

CELL_DEG = 1 / 3600
STREAM_KM2 = 5.0
BUDGET_S, BUDGET_GB = 300.0, 4.0


def ground(rows: int, columns: int) -> np.ndarray:
    """Return seeded mountains of five octaves on a slope, metres as whole numbers, so that there are flats."""
    generator = np.random.default_rng(20261101)
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
    heights = np.asarray(900 * (1 - 0.6 * x - 0.3 * y), dtype=np.float32)
    for octave in range(1, 10):
        count = 4 * 2**octave
        coarse = generator.normal(0, 350 / 1.7**octave, (count, count)).astype(np.float32)
        heights += _stretched(coarse, rows, columns)
    return np.round(heights).astype(np.int16)


def _stretched(coarse: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return `coarse` interpolated along both axes."""
    at_row = np.linspace(0, coarse.shape[0] - 1.001, rows)
    at_column = np.linspace(0, coarse.shape[1] - 1.001, columns)
    row, column = at_row.astype(int), at_column.astype(int)
    row_share = (at_row - row).astype(np.float32)[:, None]
    column_share = (at_column - column).astype(np.float32)[None, :]
    across = coarse[:, column] * (1 - column_share) + coarse[:, column + 1] * column_share
    return across[row] * (1 - row_share) + across[row + 1] * row_share


def timed(label: str, work: Callable[[], object]) -> object:
    """Run `work`, say how long it took and the peak memory so far."""
    started = time.perf_counter()
    result = work()
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{label:<34}{time.perf_counter() - started:8.1f} s   peak {peak_gb:5.2f} GB", flush=True)
    return result


def network(heights: np.ndarray) -> tuple[object, object]:
    """Return flow grid and stream network of `heights`."""
    from cdgis.rivers.flow import flow_from_elevation
    from cdgis.rivers.network import network_from_flow

    lon = 116 + CELL_DEG * np.arange(heights.shape[1] + 1)
    lat = 42.6 - CELL_DEG * np.arange(heights.shape[0] + 1)
    grid = timed(
        "flow directions and areas", lambda: flow_from_elevation(heights, lon_edges_deg=lon, lat_edges_deg=lat)
    )
    made = timed(
        "streams, order, distances",
        lambda: network_from_flow(grid, stream_km2=STREAM_KM2, accuracy_m=30, source="bench"),
    )
    return grid, made


def peer(heights: np.ndarray) -> np.ndarray:
    """Return cells drained according to pysheds."""
    np.in1d = np.isin  # pysheds 0.5 still calls what numpy 2.4 no longer has
    from pysheds.grid import Grid
    from pysheds.view import Raster, ViewFinder

    view = ViewFinder(shape=heights.shape, nodata=np.float64(-9999))
    grid = Grid(viewfinder=view)
    raster = Raster(heights.astype(np.float64), viewfinder=view)
    filled = grid.resolve_flats(grid.fill_depressions(grid.fill_pits(raster)))
    return np.asarray(grid.accumulation(grid.flowdir(filled)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("millions", nargs="?", type=float, default=44.0)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    side = int(np.sqrt(options.millions * 1e6))
    shape = side, int(options.millions * 1e6 / side)
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {shape[0]} x {shape[1]} cells"
    )
    heights = timed("seeded ground", lambda: ground(*shape))
    started = time.perf_counter()
    network(ground(700, 700))  # compilation is paid once per machine
    print(f"{'compilation':<34}{time.perf_counter() - started:8.1f} s", flush=True)
    started = time.perf_counter()
    grid, made = network(heights)
    total_s = time.perf_counter() - started
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{'total':<34}{total_s:8.1f} s   peak {peak_gb:5.2f} GB   {len(made.lon_deg)} stream vertices")
    print(
        "within budget" if total_s < BUDGET_S and peak_gb < BUDGET_GB else "OVER BUDGET",
        f"({BUDGET_S:.0f} s, {BUDGET_GB:.0f} GB)",
    )
    if options.peer:
        theirs = timed("pysheds: fill, flats, D8, areas", lambda: peer(heights))
        print(f"largest area drained: ours {np.nanmax(grid.upstream_km2):.1f} km2, pysheds {theirs.max():.0f} cells")


if __name__ == "__main__":
    main()
