"""Land class areas of zones: ours beside exactextract and rasterstats, one table with time, memory and agreement.

    python benchmarks/bench_zonal.py            # 30 m, 44 million cells
    python benchmarks/bench_zonal.py --fine     # also 10 m, 400 million cells (ours only)

Every job runs in a process of its own, so that peak memory is that job's (imports and zones included). Opening,
checking and reading the raster is part of every repetition; zones are in memory as GEOS shapes. The first run also
imports the libraries and loads compiled code from the cache; medians are of the runs after it. Peers: exactextract with ellipsoidal cell areas as
weights (exact, like ours, in 32 bits; one process and two), rasterstats (pixel centres: another quantity).
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasters

CELLS = {"30m": 6670, "10m": 20010}
REPETITIONS = 3
Totals = dict[int, float]
"""Class -> square metres over all zones, weighted by the zone's number so that mix-ups show."""


def ours(folder: Path, raster: str, zones: gpd.GeoDataFrame) -> Totals:
    from cdgis.catalog import LayerSpec
    from cdgis.raster import class_areas, read_raster

    spec = LayerSpec(
        id="land", title="土地类别", theme="碳汇", geometry="raster", path=raster, official=False, version="2025",
        source="benchmarks/rasters.py", licence="CC0-1.0", zones=False,
    )  # fmt: skip
    areas = class_areas(read_raster(spec, folder), zones)
    return weighted(areas["zone_id"], areas["class_code"], areas["area_m2"], zones)


def exactextract(folder: Path, raster: str, zones: gpd.GeoDataFrame, *, processes: int = 1) -> Totals:
    parts = [zones.iloc[start::processes] for start in range(processes)]
    if processes == 1:
        found = [_extract(folder / raster, parts[0])]
    else:
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(_extract, [folder / raster] * processes, parts))
    rows = pd.concat(found)
    return weighted(rows["zone_id"], rows["class_code"], rows["area_m2"], zones)


def _extract(path: Path, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    import rasterio
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    from cdgis.geodesy import cell_areas_m2

    with rasterio.open(path) as source:
        values, bounds, step, height = source.read(1), source.bounds, source.transform.a, source.height
    box = {"xmin": bounds.left, "ymin": bounds.bottom, "xmax": bounds.right, "ymax": bounds.top}
    areas = cell_areas_m2(bounds.top - step * np.arange(height + 1), step)
    weights = np.broadcast_to(areas[:, None], values.shape)
    found = exact_extract(
        NumPyRasterSource(values, nodata=255, **box),
        zones,
        ["unique", "weighted_frac", "weighted_sum", "weighted_mean"],
        weights=NumPyRasterSource(weights, **box),
        include_cols="zone_id",
        output="pandas",
    )
    counts = [len(codes) for codes in found["unique"]]
    total = (found["weighted_sum"] / found["weighted_mean"]).to_numpy()
    return pd.DataFrame(
        {
            "zone_id": np.repeat(found["zone_id"].to_numpy(), counts),
            "class_code": np.concatenate(found["unique"].to_list()),
            "area_m2": np.concatenate(found["weighted_frac"].to_list()) * np.repeat(total, counts),
        }
    )


def rasterstats(folder: Path, raster: str, zones: gpd.GeoDataFrame) -> Totals:
    from rasterstats import zonal_stats

    from cdgis.geodesy import cell_areas_m2

    found = zonal_stats(zones, str(folder / raster), categorical=True, nodata=255)
    side = rasters.SIDE_DEG / CELLS["30m" if "30m" in raster else "10m"]
    middle = zones.geometry.centroid.y.to_numpy()
    # One area for all cells of a zone: the row is lost when cells are merely counted.
    cell_m2 = [cell_areas_m2(np.array([lat - side / 2, lat + side / 2]), side)[0] for lat in middle]
    rows = [
        (zone, code, cells * area)
        for zone, counts, area in zip(zones["zone_id"], found, cell_m2, strict=True)
        for code, cells in counts.items()
    ]
    frame = pd.DataFrame(rows, columns=["zone_id", "class_code", "area_m2"])
    return weighted(frame["zone_id"], frame["class_code"], frame["area_m2"], zones)


def weighted(zone: pd.Series, code: pd.Series, area_m2: pd.Series, zones: gpd.GeoDataFrame) -> Totals:
    """Return class totals in which zone n counts n times."""
    number = zone.map({zone_id: n for n, zone_id in enumerate(zones["zone_id"], start=1)})
    return {int(c): float(a) for c, a in (area_m2 * number).groupby(code).sum().items()}


JOBS: dict[str, Callable[..., Totals]] = {
    "cdgis": ours,
    "exactextract, 1 process": exactextract,
    "exactextract, 2 processes": lambda *job: exactextract(*job, processes=2),
    "rasterstats (pixel centres)": rasterstats,
}
SCALES = {
    "30m, 150 units": ("30m", lambda: rasters.fractal_units()),
    "30m, 10 000 parcels": ("30m", lambda: rasters.small_parcels(10_000)),
    "10m, 150 units": ("10m", lambda: rasters.fractal_units()),
}


def run_one(scale: str, job: str, folder: Path) -> None:
    """Print times, memory and totals of one job as JSON; called in a process of its own."""
    raster, make_zones = SCALES[scale]
    zones = make_zones()
    seconds, processor = [], []
    for _ in range(REPETITIONS + 1):
        start, before = time.perf_counter(), processor_seconds()
        totals = JOBS[job](folder, f"{raster}.tif", zones)
        seconds.append(time.perf_counter() - start)
        processor.append(processor_seconds() - before)
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # The first repetition imports the libraries and loads compiled code.
    print(
        json.dumps(
            {
                "first": seconds[0],
                "seconds": statistics.median(seconds[1:]),
                "processor": statistics.median(processor[1:]),
                "peak_mb": peak / 1024,
                "totals": totals,
            }
        )
    )


def processor_seconds() -> float:
    """Return the processor time of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(scale: str, job: str, folder: Path, limit_s: float) -> dict[str, Any] | None:
    """Return one job's result, or None if its repetitions together exceed the limit."""
    command = [sys.executable, __file__, "--job", job, "--scale", scale, "--folder", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def disagreement(found: Totals, expected: Totals) -> float:
    """Return the largest relative difference between two jobs' class totals."""
    return max(abs(found.get(code, 0.0) - area) / area for code, area in expected.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fine", action="store_true", help="also 400 million cells")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds all repetitions of a job may take")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--scale", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "cdgis-bench-zonal")
    chosen = parser.parse_args()
    if chosen.job:
        run_one(chosen.scale, chosen.job, chosen.folder)
        return
    chosen.folder.mkdir(exist_ok=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; medians of {REPETITIONS}"
    )
    print(
        ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "rasterio", "exactextract", "rasterstats"))
    )
    print(
        "\n| job | tool | seconds | processor s | first run s | peak MB | largest difference of class totals |\n|---|---|---|---|---|---|---|"
    )
    for scale, (raster, _) in SCALES.items():
        if raster == "10m" and not chosen.fine:
            continue
        path = chosen.folder / f"{raster}.tif"
        if not path.exists():
            rasters.write_land_cover(path, CELLS[raster])
        expected: Totals = {}
        for job in JOBS if raster == "30m" else ["cdgis"]:
            result = measure(scale, job, chosen.folder, chosen.limit)
            if result is None:
                print(f"| {scale} | {job} | not done in {chosen.limit:g} | - | - | - | - |", flush=True)
                continue
            totals = {int(code): area for code, area in result["totals"].items()}
            expected = expected or totals
            gap = f"{disagreement(totals, expected):.1e}" if totals is not expected else "-"
            times = " | ".join(f"{result[column]:.2f}" for column in ("seconds", "processor", "first"))
            print(f"| {scale} | {job} | {times} | {result['peak_mb']:.0f} | {gap} |", flush=True)


if __name__ == "__main__":
    main()
