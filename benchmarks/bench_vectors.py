"""Points, sites and distances on layers of millions of vertices: ours beside geopandas, DuckDB, SedonaDB and PostGIS.

    python benchmarks/bench_vectors.py [--data DIR] [--only 点]

Reading and preparation count for cdgis and geopandas, from the same GeoParquet files; for databases the tables are
loaded and indexed (and, for the second PostGIS row, ST_Subdivide'd) beforehand and not counted. PostGIS runs if
$CDGIS_BENCH_POSTGRES holds a connection string for psql; DuckDB and SedonaDB run in the environment whose interpreter
$CDGIS_BENCH_PEERS_PYTHON names (this one by default), if their packages are installed there (benchmarks/README.md).
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import side_by_side
import vectors

POINT_LAYERS = ("units150", "units2000", "red1m", "rivbuf", "restore")
SITE_LAYERS = ("units150", "red1m", "rivbuf", "restore")
REACH_M = 2000.0
THREADS = os.cpu_count() or 1


def prepare(job, data):
    """Make the data, so that no run is charged for it."""
    sizes = [f"points{n}" for n in vectors.POINTS] + [f"parcels{n}" for n in vectors.PARCELS]
    for name in (*POINT_LAYERS, "rivers", *sizes):
        vectors.path_of(data, name)


def frame(data, name):
    import geopandas as gpd

    return gpd.read_parquet(vectors.path_of(data, name))


def by_layer(data, names, task):
    """What `task` finds in each layer, as many layers at a time as there are processors."""
    from cdgis.readers.columnar import each_layer

    return each_layer([vectors.path_of(data, name) for name in names], task, threads=THREADS)


def areas_of(subjects, data, layers=SITE_LAYERS):
    from cdgis.geometry.kernels import overlap_areas

    found = by_layer(data, layers, lambda zones: overlap_areas(subjects, zones))
    return area_sum([(len(f.zone), f.area_m2.sum()) for f in found])


def points_ours(data, count):
    from cdgis.readers.columnar import points_in_layers, read_columns

    xy = read_columns(vectors.path_of(data, f"points{count}")).points()
    layers = [vectors.path_of(data, name) for name in POINT_LAYERS]
    return point_sum(points_in_layers(xy[:, 0], xy[:, 1], layers, threads=THREADS))


def points_geopandas(data, count, predicate):
    import geopandas as gpd

    points = frame(data, f"points{count}")[["geometry"]]
    joined = [gpd.sjoin(points, frame(data, layer)[["geometry"]], predicate=predicate) for layer in POINT_LAYERS]
    return point_sum((found.index.to_numpy(), found["index_right"].to_numpy()) for found in joined)


def point_sum(found):
    total = [(len(p), int((p.astype(np.int64) % 9973 * (z.astype(np.int64) + 1)).sum())) for p, z in found]
    return f"{sum(n for n, _ in total)}；{sum(s for _, s in total)}"


def sites_ours(data, count, layers=SITE_LAYERS):
    from cdgis.readers.columnar import read_columns

    return areas_of(read_columns(vectors.path_of(data, f"parcels{count}")).polygons(), data, layers)


def sites_geopandas(data, count):
    import geopandas as gpd

    subjects = frame(data, f"parcels{count}")
    totals = []
    for layer in SITE_LAYERS:
        area = gpd.overlay(subjects, frame(data, layer), how="intersection", keep_geom_type=True).area
        totals.append(((area > 1e-4).sum(), area.sum()))
    return area_sum(totals)


def area_sum(totals):
    return f"{int(sum(n for n, _ in totals))} 对；{sum(a for _, a in totals) / 1e6:.6f} km²"


def window_ours(data, whole):
    """5 000 parcels of a layer, those in a box in the middle of a cluster."""
    from cdgis.readers.columnar import read_columns

    bounds = vectors.parcels(2000)  # the first cluster centres are the same whatever the count
    import shapely

    x, y = shapely.get_coordinates(shapely.centroid(bounds)).mean(axis=0)
    half = {100_000: 22_360.0, 1_000_000: 7_071.0}[whole]
    box = (x - half, y - half, x + half, y + half)
    subjects = read_columns(vectors.path_of(data, f"parcels{whole}"), bbox=box).polygons()
    return f"{subjects.rows} 块；" + areas_of(subjects, data)


def nearest_ours(data, count):
    from cdgis.geometry.kernels import nearest_chunk, ring_chunks
    from cdgis.geometry.outline_chunks import OutlineChunks
    from cdgis.readers.columnar import read_columns

    points = read_columns(vectors.path_of(data, f"points{count}")).points()

    def one(layer):
        columns = read_columns(vectors.path_of(data, layer))
        outlines = ring_chunks(columns.polygons()) if layer == "red1m" else OutlineChunks.of(columns.geometries())
        found, distance = nearest_chunk(points, outlines, at_most_m=REACH_M)
        return (found >= 0).sum(), np.nansum(distance)

    with ThreadPoolExecutor(THREADS) as pool:
        return distance_sum(list(pool.map(one, ("red1m", "rivers"))))


def nearest_geopandas(data, count):
    import geopandas as gpd

    points, total = frame(data, f"points{count}"), []
    for layer in ("red1m", "rivers"):
        lines = frame(data, layer)[["geometry"]]
        lines["geometry"] = lines.geometry.boundary if layer == "red1m" else lines.geometry
        found = gpd.sjoin_nearest(points, lines, max_distance=REACH_M, distance_col="d")
        found = found[~found.index.duplicated()]
        total.append((len(found), found["d"].sum()))
    return distance_sum(total)


def distance_sum(total):
    return f"{sum(n for n, _ in total)}；{sum(d for _, d in total):.2f} m"


def sql_sites(run, count, suffix):
    totals = []
    for layer in SITE_LAYERS:
        rows = run(
            f"select count(*), coalesce(sum(a), 0) from (select sum(ST_Area(ST_Intersection(p.geom, z.geom))) a "
            f"from parcels{count} p join {layer}{suffix} z on ST_Intersects(p.geom, z.geom) group by p.row, z.row) t where a > 1e-4"
        )  # fmt: skip
        totals.append((int(rows[0]), float(rows[1])))
    return area_sum(totals)


def postgis(data, count, suffix):
    where = os.environ["CDGIS_BENCH_POSTGRES"]
    prepared = Path(data / "postgis.done")
    if not prepared.is_file():
        load_postgis(data, where)
        prepared.touch()
    return sql_sites(lambda sql: _psql(where, sql).split("|"), count, suffix)


def _psql(where, sql, stdin=None):
    command = ["psql", where, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.decode().strip()


def load_postgis(data, where):
    """Load and index the tables, and cut the layers with ST_Subdivide into tables of their own."""
    import shapely

    _psql(where, "create extension if not exists postgis")
    for name in (*SITE_LAYERS, "parcels200", "parcels10000", "parcels100000"):
        rows = frame(data, name)
        text = "\n".join(f"{i}\t{g}" for i, g in zip(rows["row"], shapely.to_wkb(rows.geometry.to_numpy(), hex=True), strict=True))
        _psql(where, f"drop table if exists {name}; create table {name} (row int, geom geometry)")
        _psql(where, f"copy {name} from stdin", stdin=text.encode())
        _psql(where, f"create index on {name} using gist (geom)")
        if name in SITE_LAYERS:
            _psql(where, f"drop table if exists {name}_cut; create table {name}_cut as select row, ST_Subdivide(geom, 128) geom from {name}")
            _psql(where, f"create index on {name}_cut using gist (geom)")
    for name in (*SITE_LAYERS, *(f"{layer}_cut" for layer in SITE_LAYERS), "parcels200", "parcels10000", "parcels100000"):
        _psql(where, f"analyze {name}")


def duckdb_sites(data, count):
    import duckdb
    import duckdb_extension_spatial

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.load_extension(str(extension))
    for name in (*SITE_LAYERS, f"parcels{count}"):
        con.execute(f"create table {name} as select row, geometry as geom from '{vectors.path_of(data, name)}'")
    return sql_sites(lambda sql: con.execute(sql).fetchone(), count, "")


def sedona_sites(data, count):
    import sedonadb

    con = sedonadb.connect()
    for name in (*SITE_LAYERS, f"parcels{count}"):
        con.read_parquet(str(vectors.path_of(data, name))).to_view(f"{name}_file")
        con.sql(f"select row, geometry as geom from {name}_file").to_view(name)
    return sql_sites(lambda sql: con.sql(sql).to_pandas().iloc[0].tolist(), count, "")


TASKS = {
    **{(f"{n} 个点 × 5 图层", "cdgis"): partial(points_ours, count=n) for n in (1_000, 5_000, 10_000, 100_000, 1_000_000)},
    **{
        (f"{n} 个点 × 5 图层", "geopandas.sjoin(within)"): partial(points_geopandas, count=n, predicate="within")
        for n in (5_000, 100_000, 1_000_000)
    },
    ("5000 个点 × 5 图层", "geopandas.sjoin（缺省 intersects）"): partial(points_geopandas, count=5_000, predicate="intersects"),
    ("5000 个点最近红线与河流（2 千米内）", "cdgis"): partial(nearest_ours, count=5_000),
    ("5000 个点最近红线与河流（2 千米内）", "geopandas.sjoin_nearest"): partial(nearest_geopandas, count=5_000),
    **{(f"{n} 块地 × 4 图层面积", "cdgis"): partial(sites_ours, count=n) for n in (200, 1_000, 10_000, 100_000, 1_000_000)},
    ("200 块地 × 4 图层面积", "geopandas.overlay"): partial(sites_geopandas, count=200),
    ("200 块地 × 4 图层面积", "DuckDB spatial（含读入）"): partial(duckdb_sites, count=200),
    ("200 块地 × 4 图层面积", "SedonaDB（含读入）"): partial(sedona_sites, count=200),
    ("200 块地 × 4 图层面积", "PostGIS"): partial(postgis, count=200, suffix=""),
    **{(f"{n} 块地 × 4 图层面积", "PostGIS ST_Subdivide(128)"): partial(postgis, count=n, suffix="_cut") for n in (200, 10_000, 100_000)},
    ("框选约 5000 块（共 10 万块）", "cdgis"): partial(window_ours, whole=100_000),
    ("框选约 5000 块（共 100 万块）", "cdgis"): partial(window_ours, whole=1_000_000),
}  # fmt: skip

NOTE = (
    "同一台机器、同一次运行。cdgis 与 geopandas 都从同一批 GeoParquet 读起，读入与准备计时；数据库的入库、索引与切分不计时"
    "（DuckDB、SedonaDB 行含读入；PostGIS 的处理器时间在服务器里，没有量）。“首次”含装入编译好的内核。"
)

if __name__ == "__main__":
    side_by_side.main(Path(__file__), TASKS, "矢量：点、地块与距离", NOTE, prepare=prepare)
