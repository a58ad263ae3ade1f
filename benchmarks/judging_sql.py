"""The rules of bench_judging.py in SQL, for PostGIS and for DuckDB: what is hit, which rules then count, the strictest."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import side_by_side

SAID = "industry, project_type, activity"
SETTINGS = "set jit = off; set work_mem = '256MB'; set max_parallel_workers_per_gather = 2;"
Verdicts = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]


def statements(parcels: str, zones: str, *, areas: bool) -> str:
    """Return the statements that leave tables `hit`, `findings` and `verdicts`."""
    touch = f"from {parcels} p join {zones} z on ST_Intersects(z.geom, p.geom)"
    measured = f", sum(ST_Area(ST_Intersection(z.geom, p.geom))) area_m2 {touch} group by 1, 2, 3, 4, 5, 6, 7" if areas else touch
    return f"""
    drop table if exists hit; drop table if exists findings; drop table if exists verdicts;
    create temp table hit as select {'' if areas else 'distinct'} p.subject_id, p.industry, p.project_type,
      p.activity, z.layer, z.zone_id, z.zone_class {measured};
    create temp table findings as
      select h.subject_id, h.layer, h.zone_id, r.rule_id, r.state, r.rank, r.clause, r.basis from hit h
        join rules r using ({SAID}, layer) where r.zone_class in ('', h.zone_class)
      union all select p.subject_id, '', '', r.rule_id, r.state, r.rank, r.clause, r.basis from {parcels} p
        join rules r using ({SAID}) where r.layer = '';
    create temp table verdicts as
      select p.subject_id, case when coalesce(f.open, 0) > coalesce(f.applies, 0) then '资料不足'
        else (case coalesce(f.applies, 0) when 3 then '不符合' when 2 then '须论证' when 1 then '有条件符合' else '未发现冲突' end) end verdict
      from {parcels} p left join (
        select subject_id, max(case when state = 1 then rank end) open, max(case when state = 2 then rank end) applies
        from findings group by subject_id) f using (subject_id);
    """


def postgis(where: str, count: int, *, zones: str, areas: bool) -> Verdicts:
    """Return ids and verdicts found by PostGIS in the tables of `load`; the server's processor time is counted."""
    side_by_side.serve(_postmaster(where))
    text = f"{SETTINGS} {statements(f'judged{count}', zones, areas=areas)} copy verdicts to stdout; select pg_read_file('/proc/self/status')"
    rows = psql(where, text)
    table, _, status = rows.partition("Name:\t")
    side_by_side.served_mb(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)
    return _pairs(line.split("\t") for line in table.splitlines() if "\t" in line)


def ready(where: str, folder: Path, zones: tuple[str, ...], count: int) -> None:
    """Load the tables of one size if they are not there."""
    made_from = " ".join(str(path.stat().st_mtime_ns) for path in (folder / "rules.parquet", folder / f"plane{count}.parquet"))
    if psql(where, f"select obj_description(to_regclass('judged{count}'))") != made_from:
        load(where, folder, zones, count)
        psql(where, f"comment on table judged{count} is '{made_from}'")


@cache
def _postmaster(where: str) -> int:
    return int(psql(where, "select pg_read_file('postmaster.pid')").splitlines()[0])


def psql(where: str, sql: str, rows: str | None = None) -> str:
    """Return what statements print; `rows` go to a COPY from standard input."""
    command = ["psql", where, "-qAt", "-v", "ON_ERROR_STOP=1", *(["-c", sql] if rows is not None else ["-f", "-"])]
    return subprocess.run(command, input=sql if rows is None else rows, capture_output=True, text=True, check=True).stdout.strip()


def load(where: str, folder: Path, zones: tuple[str, ...], count: int) -> None:
    """Load parcels, rules and zones, cut the zones, index and analyse."""
    import geopandas as gpd
    import pandas as pd

    psql(where, "create extension if not exists postgis")
    _copy(where, "judged_whole", pd.concat([gpd.read_parquet(folder / f"{name}_whole.parquet") for name in zones]))
    cut = "select layer, zone_id, zone_class, ST_Subdivide(geom, 128) geom from judged_whole"
    psql(where, f"drop table if exists judged_cut; create table judged_cut as {cut}")
    for table in ("judged_cut", "judged_whole"):
        psql(where, f"create index on {table} using gist (geom); analyze {table}")
    _copy(where, "rules", pd.read_parquet(folder / "rules.parquet"))
    _copy(where, f"judged{count}", gpd.read_parquet(folder / f"plane{count}.parquet"))
    psql(where, f"create index on judged{count} using gist (geom); create index on judged{count} (subject_id); analyze judged{count}; analyze rules")


def _copy(where: str, table: str, frame: Any) -> None:
    import shapely

    names = [name for name in frame.columns if name != "geometry"]
    kinds = [f"{name} {'int' if name in ('rank', 'state') else 'text'}" for name in names]
    columns = [frame[name].astype(str).str.replace("\n", " ") for name in names]
    if "geometry" in frame:
        kinds, columns = [*kinds, "geom geometry"], [*columns, shapely.to_wkb(shapely.set_srid(frame.geometry.to_numpy(), 0), hex=True)]
    psql(where, f"drop table if exists {table}; create table {table} ({', '.join(kinds)})")
    psql(where, f"copy {table} from stdin", "\n".join("\t".join(row) for row in zip(*columns, strict=True)) + "\n")


def spatial_duckdb() -> Any:
    """Return a connection to DuckDB with its spatial extension, which comes as a package and is not fetched."""
    import duckdb
    import duckdb_extension_spatial

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.load_extension(str(extension))
    return con


def duckdb(folder: Path, zones: tuple[str, ...], count: int) -> Verdicts:
    """Return ids and verdicts found by DuckDB from the prepared files."""
    con = spatial_duckdb()
    con.execute(f"create table parcels as select * rename (geometry as geom) from '{folder}/plane{count}.parquet'")
    layers = " union all ".join(f"select * rename (geometry as geom) from '{folder}/{name}.parquet'" for name in zones)
    con.execute(f"create table zones as {layers}")
    con.execute(f"create table rules as select * from '{folder}/rules.parquet'")
    con.execute(statements("parcels", "zones", areas=False))
    con.execute(f"copy findings to '{folder}/found.parquet' (format parquet)")
    con.execute(f"copy verdicts to '{folder}/verdicts.parquet' (format parquet)")
    return _pairs(con.execute("select subject_id, verdict from verdicts").fetchall())


def _pairs(rows: Any) -> Verdicts:
    ids, verdicts = zip(*rows, strict=True)
    return np.array(ids, dtype=object), np.array(verdicts, dtype=object)
