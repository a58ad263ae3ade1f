"""Judging parcels by the hundred thousand: two Dask processes beside the engine of one process, the same bytes out.

    python benchmarks/bench_batch.py [--data DIR] [--only 100000]

Each run is the command a user types, `cdgis screen parcels.parquet`, from an empty output folder: starting, reading the
layers, judging every part by every rule in force and writing all tables. The workspace is made from the seeded layers
of vectors.py: a red line of 10^6 vertices, 800 restoration areas, the city around them. One run each, no warm-up: a
run takes minutes, and starting up belongs to it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import side_by_side
import vectors

SIZES = (10_000, 100_000, 1_000_000)
DECLARED = ("--industry", "3011", "--project-type", "新建", "--activity", "开发性生产性建设")
WORKERS = 2
SHIPPED_COUNT = 100_000
SHIPPED = f"自带工作区 {SHIPPED_COUNT} 块研判"
MARGIN_M, STEP_M = 20_000.0, 5_000.0
ENTRY = 'theme = "三线"\ngeometry = "polygon"\nofficial = false\nversion = "2026"\nsource = "benchmarks"\nlicence = "CC0-1.0"\n'


def job_name(count: int) -> str:
    """Return the name of the job of `count` parcels."""
    return f"{count} 块研判"


def workspace(data: Path) -> Path:
    """Return the benchmark's workspace, made first if it is not there."""
    import geopandas as gpd
    import shapely

    root = data / "batch"
    if (root / "cdgis.toml").is_file():
        return root
    (root / "layers").mkdir(parents=True, exist_ok=True)
    square = shapely.box(0, vectors.SOUTH_M, vectors.SIDE_M, vectors.SOUTH_M + vectors.SIDE_M)
    city = shapely.segmentize(shapely.buffer(square, MARGIN_M, join_style="mitre"), STEP_M)
    for name, geoms, extra in (
        ("city", [city], {}),
        ("ecological_redline", gpd.read_parquet(vectors.path_of(data, "red1m")).geometry, {"kind": "红线一般区域"}),
        ("restoration_areas", gpd.read_parquet(vectors.path_of(data, "restore")).geometry, {}),
    ):
        ids = [f"{name}-{i:04d}" for i in range(len(geoms))]
        frame = gpd.GeoDataFrame({"id": ids, "name": ids, **extra}, geometry=list(geoms), crs=vectors.CRS)
        frame.to_crs(4490).to_file(root / "layers" / f"{name}.gpkg", driver="GPKG")
    (root / "layers" / "catalog.toml").write_text(_catalog(), encoding="utf-8")
    (root / "cdgis.toml").write_text('name = "基准"\ncity = "承德市"\nas_of = 2026-11-01\n', encoding="utf-8")
    return root


def _catalog() -> str:
    named = 'zone_id = ["id"], zone_name = ["name"]'
    return (
        f'[layers.city]\ntitle = "市域"\npath = "city.gpkg"\nzones = false\nfields = {{ zone_id = ["id"] }}\n{ENTRY}'
        f'[layers.ecological_redline]\ntitle = "生态保护红线"\npath = "ecological_redline.gpkg"\ncoverage = "city"\n'
        f'fields = {{ {named}, zone_class = ["kind"] }}\n{ENTRY}'
        f'[layers.restoration_areas]\ntitle = "修复区"\npath = "restoration_areas.gpkg"\ncoverage = "city"\n'
        f"fields = {{ {named} }}\n{ENTRY}"
    )


def parcels(data: Path, count: int) -> Path:
    """Return a file of `count` parcels in longitude and latitude, made first if it is not there."""
    import geopandas as gpd

    path = data / "batch" / f"parcels{count}.parquet"
    if not path.is_file():
        frame = gpd.read_parquet(vectors.path_of(data, f"parcels{count}"))[["geometry"]]
        part = path.with_suffix(".part")
        frame.to_crs(4490).to_parquet(part, row_group_size=vectors.ROWS_OF_GROUP)
        part.rename(path)
    return path


def shipped(data: Path) -> Path:
    """Return the shipped workspace, made by `cdgis init` if it is not there."""
    root = data / "shipped"
    if not (root / "cdgis.toml").is_file():
        subprocess.run([sys.executable, "-m", "cdgis", "init", str(root)], check=True, stdout=subprocess.DEVNULL)
    return root


def parcels_of_city(data: Path, count: int) -> Path:
    """Return a file of `count` parcels within the shipped workspace's city, made first if it is not there."""
    import geopandas as gpd
    import numpy as np
    import shapely

    path = data / f"city{count}.parquet"
    if not path.is_file():
        city = gpd.read_file(shipped(data) / "layers" / "base" / "city.gpkg").to_crs(vectors.CRS).union_all()
        shapely.prepare(city)
        west, south, east, north = city.bounds
        made = vectors.parcels(2 * count)
        centre = shapely.get_coordinates(shapely.centroid(made))
        ways = np.array([east - west, north - south]) / vectors.SIDE_M
        shift = (centre - [0, vectors.SOUTH_M]) * ways + [west, south] - centre
        xy, at = shapely.get_coordinates(made, return_index=True)
        moved = shapely.set_coordinates(made, xy + shift[at])
        frame = gpd.GeoDataFrame(geometry=moved[shapely.contains_properly(city, moved)][:count], crs=vectors.CRS)
        frame = frame.iloc[frame.hilbert_distance().argsort(kind="stable")].reset_index(drop=True)
        frame.to_crs(4490).to_parquet(path, row_group_size=vectors.ROWS_OF_GROUP)
    return path


def prepare(job: str, data: Path) -> None:
    """Make what the runs read, so that no run is charged for it."""
    if job == SHIPPED:
        parcels_of_city(data, SHIPPED_COUNT)
        return
    workspace(data)
    parcels(data, next(count for count in SIZES if job_name(count) == job))


def screened(data: Path, count: int, *, engine: tuple[str, ...], ours: bool = False) -> str:
    """Judge the parcels by a command of its own; return counts and a digest of all that was written."""
    root, out = shipped(data) if ours else workspace(data), data / "out"
    path = parcels_of_city(data, count) if ours else parcels(data, count)
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "cdgis", "screen", str(path), "--workspace", str(root)]
    side_by_side.run_measured([*command, *DECLARED, "--out", str(out), "--quiet", *engine], root)
    return digest_of(out)


def digest_of(out: Path) -> str:
    """Return counts and a digest of all that a batch wrote, and remove it."""
    found = json.loads((out / "data" / "run.json").read_text(encoding="utf-8"))
    shutil.rmtree(out)
    digest = hashlib.sha256(json.dumps(found["files"], sort_keys=True).encode()).hexdigest()
    verdicts = "，".join(f"{word} {number}" for word, number in found["verdicts"].items())
    return f"{found['judged']} 块；{verdicts}；sha256 {digest[:12]}"


def tasks(count: int) -> side_by_side.Tasks:
    """Return the tasks up to one size: one process on each, Dask on that size, and the shipped workspace."""
    dask = ("--engine", "dask", "--jobs", str(WORKERS))
    return {
        **{(job_name(size), "cdgis，单进程"): partial(screened, count=size, engine=()) for size in SIZES if size <= count},
        (job_name(count), "cdgis --engine dask，2 进程"): partial(screened, count=count, engine=dask),
        (SHIPPED, "cdgis，单进程"): partial(screened, count=SHIPPED_COUNT, engine=(), ours=True),
    }


TASKS = {key: task for count in SIZES for key, task in tasks(count).items()}

if __name__ == "__main__":
    side_by_side.main(
        Path(__file__), TASKS, "成批研判：单进程与 Dask",
        "整条命令 `cdgis screen 地块.parquet`：启动、读图层、逐块研判、写出全部表；内存是全部进程合计（PSS，共用的页只算一次）。",
        prepare=prepare,
    )  # fmt: skip
