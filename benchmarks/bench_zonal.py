"""Land class areas of zones: ours beside exactextract and rasterstats.

    python benchmarks/bench_zonal.py [--data DIR] [--only 30]

30 m: 44 million cells; 10 m: 400 million (ours only). Opening, checking and reading the raster is part of every run;
zones are in memory as GEOS shapes. Every job runs in a process of its own, so that peak memory is that job's (imports
and zones included). Peers: exactextract with ellipsoidal cell areas as weights (exact, like ours, in 32 bits; one
process and two), rasterstats (pixel centres: another quantity, so its checksum differs).
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasters
import side_by_side

CELLS = {"30m": 6670, "10m": 20010}
Totals = dict[int, float]
"""Class -> square metres over all zones, weighted by the zone's number so that mix-ups show."""


def ours(folder: Path, raster: str, zones: gpd.GeoDataFrame) -> Totals:
    """Return our totals in a process that has compiled code loaded, as any that counted a large raster has.

    What loading costs stands in the first run; a process whose only job is small takes plain numpy instead.
    """
    import cdgis.raster.sums_kernel  # noqa: F401
    from cdgis.raster import class_areas, read_raster
    from cdgis.workspace.catalog import LayerSpec

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

    from cdgis.geometry.geodesy import cell_areas_m2

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

    from cdgis.geometry.geodesy import cell_areas_m2

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
    number = pd.Index(zones["zone_id"]).get_indexer(zone) + 1
    return {int(c): float(a) for c, a in (area_m2 * number).groupby(code).sum().items()}


PEERS: dict[str, Callable[..., Totals]] = {
    "cdgis": ours,
    "exactextract，1 进程": exactextract,
    "exactextract，2 进程": partial(exactextract, processes=2),
    "rasterstats（像元中心，不精确）": rasterstats,
}
SCALES = {"30 米 × 150 单元": "30m", "30 米 × 1 万地块": "30m", "10 米 × 150 单元": "10m"}
INEXACT = "不精确"


@cache
def zones_of(job: str) -> gpd.GeoDataFrame:
    """Return the zones of a job."""
    return rasters.fractal_units() if job.endswith("单元") else rasters.small_parcels(10_000)


def raster_path(job: str, data: Path) -> Path:
    """Return the raster of a job, written first if it is not there."""
    path = data / f"{SCALES[job]}.tif"
    if not path.is_file():
        data.mkdir(parents=True, exist_ok=True)
        part = rasters.write_land_cover(data / f"part-{path.name}", CELLS[SCALES[job]])
        part.rename(path)
    return path


def prepare(job: str, data: Path) -> None:
    """Make what the runs start from, so that no run is charged for it."""
    zones_of(job)
    raster_path(job, data)


def counted(data: Path, job: str, peer: str) -> str:
    """Count a job's classes; return the sum of class code times area over all zones, each weighted by its number."""
    totals = PEERS[peer](data, raster_path(job, data).name, zones_of(job))
    return f"Σ {sum(code * area for code, area in totals.items()) / 1e6:.3f} km²"


def _chosen(job: str) -> list[str]:
    if SCALES[job] == "10m":
        return ["cdgis"]
    # A peer that reads the whole raster again for each of ten thousand parcels would take minutes.
    return [peer for peer in PEERS if job.endswith("单元") or INEXACT not in peer]


TASKS: side_by_side.Tasks = {
    (job, peer): partial(counted, job=job, peer=peer) for job in SCALES for peer in _chosen(job)
}

if __name__ == "__main__":
    side_by_side.main(
        Path(__file__), TASKS, "栅格：各类土地在各区的面积",
        "12 类，2°×2°；150 个分形单元共 123 万个顶点。打开、校验和读栅格都计时，分区已在内存。“不精确”的一行按像元中心统计，校验和因而不同。",
        prepare=prepare,
    )  # fmt: skip
