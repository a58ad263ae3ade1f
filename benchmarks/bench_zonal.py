"""Land class areas of zones: ours beside exactextract and rasterstats, one table with time, memory and agreement.

    python benchmarks/bench_zonal.py            # 30 m, 44 million cells
    python benchmarks/bench_zonal.py --fine     # also 10 m, 400 million cells (ours only)

Every job runs in a process of its own, so that peak memory is that job's; loading the raster, reading the zones into
memory and, for us, the compiled code from the cache are included. Peers: exactextract with ellipsoidal cell areas as
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
        NumPyRasterSource(values, nodata=255, **box), zones, ["unique", "weighted_frac", "weighted_sum", "coverage", "weights", "values"][:2],
        weights=NumPyRasterSource(weights, **box), include_cols="zone_id", output="pandas",
    )  # fmt: skip
    total = exact_extract(
        NumPyRasterSource(np.ones_like(values), **box), zones, "weighted_sum", weights=NumPyRasterSource(weights, **box), output="pandas"
    )["weighted_sum"].to_numpy()  # fmt: skip
    counts = [len(codes) for codes in found["unique"]]
    share = np.concatenate(found["weighted_frac"].to_list())
    return pd.DataFrame(
        {
            "zone_id": np.repeat(found["zone_id"].to_numpy(), counts),
            "class_code": np.concatenate(found["unique"].to_list()),
            "area_m2": share * np.repeat(total, counts),
        }
    )
