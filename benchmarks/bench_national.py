"""A province and the country on one machine: parcels judged by every rule in force over layers of millions of vertices.

    python benchmarks/bench_national.py [--data DIR] [--only 河北] [--only 10000]

Three seeded workspaces. Hebei's size: 2 500 units of 4 million vertices, a red line of 6 million, ten layers more. The
country's: its 40 737 units, 12 million vertices, a red line of 12 million, the same ten layers wider; and the same units
drawn with a hundred vertices each, beside layers as large as Hebei's. Shapes as in vectors.py, spread over squares of
434 and 3 100 km. Each run is the command a user types, from an empty folder: one process, Dask with one, Dask with two;
the same bytes out. What a run leaves, partitioned GeoParquet, is read by geopandas, DuckDB and SedonaDB ($CDGIS_BENCH_PEERS_PYTHON).
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import bench_batch
import numpy as np
import shapely
import side_by_side
import vectors

SIZES = (10_000, 100_000, 1_000_000)
WORKERS = 2
READ = "分块 GeoParquet 读回，10000 块"


@dataclass(frozen=True)
class Country:
    """How large a workspace is."""

    folder: str
    side_m: float
    west_m: float
    south_m: float
    """Western and southern edge on the measuring plane of vectors.py."""
    units: int
    unit_vertices: int
    line_vertices: int
    wider: float
    """How many times as many zones and vertices the other ten layers have as Hebei's."""


COUNTRIES = {
    "河北": Country("hebei", 434_000, 0, 4_400_000, 2_500, 4_000_000, 6_000_000, 1.0),
    "全国概化": Country("outlined", 3_100_000, -2_200_000, 2_900_000, 40_737, 4_000_000, 6_000_000, 1.0),
    "全国": Country("country", 3_100_000, -2_200_000, 2_900_000, 40_737, 12_000_000, 12_000_000, 4.0),
}
CLASSES = {
    "management_units": ("优先保护", "重点管控", "一般管控"),
    "main_function_zones": ("农产品主产区", "城市化地区", "重点生态功能区"),
    "air_zones": ("大气环境一般管控区", "大气环境优先保护区", "大气环境高排放重点管控区"),
    "water_zones": ("水环境一般管控区", "水环境优先保护区", "水环境农业污染重点管控区"),
    "ecological_redline": ("红线一般区域",),
    "nature_reserves": ("一般控制区", "核心保护区"),
    "nature_parks": ("地质公园", "森林公园", "湿地公园"),
    "wetlands": ("一般湿地", "省级重要湿地"),
    "water_source_zones": ("一级保护区", "二级保护区", "准保护区"),
    "forest_grades": ("Ⅱ级保护林地", "Ⅲ级保护林地"),
    "permanent_farmland": ("",),
    "roads": ("国道", "省道", "县道"),
}
WHOLE = {"main_function_zones": (300, 200_000), "air_zones": (600, 300_000), "water_zones": (600, 300_000)}
"""Layers that leave no gap: zones, vertices."""
SPARSE = {"nature_reserves": (600, 150_000), "nature_parks": (1_200, 150_000), "wetlands": (4_000, 300_000),
          "water_source_zones": (6_000, 300_000), "forest_grades": (20_000, 600_000), "permanent_farmland": (30_000, 800_000)}  # fmt: skip
"""Layers of a tenth of the cells: cells, vertices."""


def job_name(where: str, count: int) -> str:
    """Return the name of the job of `count` parcels in a workspace."""
    return f"{where} {count} 块研判"


def _places(where: Country) -> dict[str, Callable[[], np.ndarray]]:
    """Return what makes the geometries of each layer, on the plane of vectors.py."""
    made = {
        "management_units": lambda: _bent(where, vectors.cells(where.units, 41), where.unit_vertices),
        "ecological_redline": lambda: _red_line(where),
        "roads": lambda: _stretched(where, vectors.rivers(43)),
    }
    for seed, (name, (zones, vertices)) in enumerate(WHOLE.items(), 50):
        made[name] = partial(_some, where, zones, seed, vertices, 1)
    for seed, (name, (zones, vertices)) in enumerate(SPARSE.items(), 60):
        made[name] = partial(_some, where, zones, seed, vertices, 10)
    return made


def _some(where: Country, zones: int, seed: int, vertices: int, each: int) -> np.ndarray:
    return _bent(where, vectors.cells(int(zones * where.wider), seed)[::each], int(vertices * where.wider))


def _stretched(where: Country, geoms: np.ndarray) -> np.ndarray:
    factor = where.side_m / vectors.SIDE_M
    return np.asarray(shapely.transform(geoms, lambda xy: xy * factor + [where.west_m, where.south_m - vectors.SOUTH_M * factor]))


def _bent(where: Country, straight: np.ndarray, count: int) -> np.ndarray:
    """Return straight shapes stretched over the square, with about `count` vertices, and bent."""
    wide = _stretched(where, straight)
    return vectors.bent(wide, edge_m=float(shapely.length(wide).sum()) / count)


def _red_line(where: Country) -> np.ndarray:
    """Return multipolygons of many holes, one for each county's worth of cells: 40 % of the cells, joined."""
    rng, number = np.random.default_rng(6), int(8_000 * where.wider)
    straight = vectors.cells(number, 5)
    chosen = straight[rng.random(number) < 0.4]
    places = (shapely.get_coordinates(shapely.centroid(chosen)) - [0, vectors.SOUTH_M]) / vectors.SIDE_M
    column, row = (places * 12 * where.wider**0.5).astype(int).T
    county = 1000 * column + row
    groups = np.array([shapely.union_all(chosen[county == one]) for one in np.unique(county)])
    return _bent(where, groups, where.line_vertices)


def workspace(data: Path, where: Country) -> Path:
    """Return a workspace, made first if it is not there."""
    import geopandas as gpd

    root = data / "national" / where.folder
    if (root / "cdgis.toml").is_file():
        return root
    (root / "layers").mkdir(parents=True, exist_ok=True)
    square = shapely.box(where.west_m, where.south_m, where.west_m + where.side_m, where.south_m + where.side_m)
    outline = shapely.segmentize(shapely.buffer(square, bench_batch.MARGIN_M, join_style="mitre"), bench_batch.STEP_M)
    entries = ['[layers.city]\ntitle = "辖区"\npath = "city.gpkg"\nzones = false\nfields = { zone_id = ["id"] }\n' + bench_batch.ENTRY]
    rng = np.random.default_rng(44)
    for name, make in {"city": lambda: np.array([outline]), **_places(where)}.items():
        geoms = make()
        ids = [f"{name}-{i:05d}" for i in range(len(geoms))]
        kinds = rng.choice(np.array(CLASSES.get(name, ("",)), dtype=object), len(geoms))
        frame = gpd.GeoDataFrame({"id": ids, "name": ids, "kind": kinds}, geometry=list(geoms), crs=vectors.CRS)
        frame.to_crs(4490).to_file(root / "layers" / f"{name}.gpkg", driver="GPKG")
        print(f"{where.folder}: {name} {len(geoms)}，{shapely.get_num_coordinates(geoms).sum()} 个顶点", file=sys.stderr, flush=True)
        if name != "city":
            entries.append(_entry(name))
    (root / "layers" / "catalog.toml").write_text("".join(entries), encoding="utf-8")
    (root / "cdgis.toml").write_text('name = "基准"\ncity = "承德市"\nas_of = 2026-11-01\n', encoding="utf-8")
    return root


def _entry(name: str) -> str:
    kind = ', zone_class = ["kind"]' if CLASSES[name] != ("",) else ""
    shape = bench_batch.ENTRY.replace('"polygon"', '"line"') if name == "roads" else bench_batch.ENTRY
    return (
        f'[layers.{name}]\ntitle = "{name}"\npath = "{name}.gpkg"\ncoverage = "city"\n'
        f'fields = {{ zone_id = ["id"], zone_name = ["name"]{kind} }}\n{shape}'
    )


def parcels(data: Path, where: Country, count: int) -> Path:
    """Return a file of `count` parcels spread over the workspace, in longitude and latitude, made first if it is not there."""
    import geopandas as gpd

    path = data / "national" / where.folder / f"parcels{count}.parquet"
    if not path.is_file():
        made = vectors.parcels(count)
        centre = shapely.get_coordinates(shapely.centroid(made))
        shift = shapely.get_coordinates(_stretched(where, np.asarray(shapely.points(centre)))) - centre
        xy, at = shapely.get_coordinates(made, return_index=True)
        frame = gpd.GeoDataFrame(geometry=shapely.set_coordinates(made, xy + shift[at]), crs=vectors.CRS)
        frame = frame.iloc[frame.hilbert_distance().argsort(kind="stable")].reset_index(drop=True)
        part = path.with_suffix(".part")
        frame.to_crs(4490).to_parquet(part, row_group_size=vectors.ROWS_OF_GROUP)
        part.rename(path)
    return path


def _left(data: Path) -> Path:
    """Return the folder of parcels with their verdicts that a run left, made first if it is not there."""
    kept = data / "national" / "kept"
    if not (kept / "data" / "run.json").is_file():
        where = COUNTRIES["河北"]
        command = [sys.executable, "-m", "cdgis", "screen", str(parcels(data, where, SIZES[0])), "--workspace", str(workspace(data, where))]
        subprocess.run([*command, *bench_batch.DECLARED, "--out", str(kept), "--quiet"], check=True)
    return kept / "data" / "map"


def _said(rows: Iterable[tuple[str, int, float]]) -> str:
    return "，".join(f"{verdict} {count} 块 {area * 1e6:.6f} 微平方度" for verdict, count, area in sorted(rows))


def read_geopandas(data: Path) -> str:
    """Read the parts with geopandas."""
    import geopandas as gpd
    import pandas as pd

    frame = pd.concat([gpd.read_parquet(path) for path in sorted(_left(data).glob("*.parquet"))])
    return _said((word, len(part), shapely.area(part.geometry.to_numpy()).sum()) for word, part in frame.groupby("verdict"))


_ASK = "select verdict, count(*), sum(ST_Area(geometry)) from {} group by verdict"


def read_duckdb(data: Path) -> str:
    """Read the folder with DuckDB."""
    import judging_sql

    return _said(judging_sql.spatial_duckdb().execute(_ASK.format(f"'{_left(data)}/*.parquet'")).fetchall())


def read_sedona(data: Path) -> str:
    """Read the folder with SedonaDB."""
    import sedonadb

    con = sedonadb.connect()
    con.read_parquet(f"{_left(data)}/").to_view("left_by_run")
    return _said(con.sql(_ASK.format("left_by_run")).to_pandas().itertuples(index=False, name=None))


def prepare(job: str, data: Path) -> None:
    """Make what the runs read, so that no run is charged for it."""
    if job == READ:
        _left(data)
        return
    where, count = next((w, c) for w in COUNTRIES for c in SIZES if job_name(w, c) == job)
    if not (data / "national" / COUNTRIES[where].folder / f"parcels{count}.parquet").is_file():
        # in a process of its own: what making it took of memory is not charged to the run
        subprocess.run([sys.executable, __file__, "--data", str(data), "--make", where, str(count)], check=True)


def screened(data: Path, where: str, count: int, *, engine: tuple[str, ...]) -> str:
    """Judge the parcels by a command of its own; return counts and a digest of all that was written."""
    root, out = workspace(data, COUNTRIES[where]), data / "national" / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "cdgis", "screen", str(parcels(data, COUNTRIES[where], count)), "--workspace", str(root)]
    side_by_side.run_measured([*command, *bench_batch.DECLARED, "--out", str(out), "--quiet", *engine], root)
    return bench_batch.digest_of(out)


ENGINES = {
    "cdgis，单进程": (),
    "cdgis --engine dask，1 进程": ("--engine", "dask", "--jobs", "1"),
    "cdgis --engine dask，2 进程": ("--engine", "dask", "--jobs", str(WORKERS)),
}


def tasks(count: int) -> side_by_side.Tasks:
    """Return the tasks of one size."""
    return {
        (job_name(where, count), peer): partial(screened, where=where, count=count, engine=engine)
        for where in COUNTRIES for peer, engine in ENGINES.items()
    } | {(READ, "geopandas"): read_geopandas, (READ, "DuckDB spatial"): read_duckdb, (READ, "SedonaDB"): read_sedona}  # fmt: skip


TASKS = {key: task for count in SIZES for key, task in tasks(count).items()}

if __name__ == "__main__":
    if "--make" in sys.argv:
        where, count = sys.argv[-2:]
        folder = Path(sys.argv[sys.argv.index("--data") + 1])
        workspace(folder, COUNTRIES[where])
        parcels(folder, COUNTRIES[where], int(count))
    else:
        side_by_side.main(
            Path(__file__), TASKS, "一省与全国",
            "整条命令 `cdgis screen 地块.parquet`；内存是全部进程合计（PSS，共用的页只算一次）。",
            prepare=prepare,
        )  # fmt: skip
