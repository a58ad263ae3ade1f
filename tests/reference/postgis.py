"""Does PostGIS find the overlaps, distances and ledgers that a run of cdgis wrote? (a database cluster of its own, loopback only)

    apt-get install postgresql postgresql-15-postgis-3      # or whatever the system calls them
    cdgis run --out maps && python -m tests.reference.postgis maps

Edge model: edges between given vertices are straight on the measuring plane (DESIGN 4.2), so zones and subjects are moved there by
PROJ inside PostGIS, cut and measured there. Distances: edges are cut to STEP_M on that plane, the nearest points are found in the
transverse Mercator plane, and the ellipsoidal distance between them is ST_Distance of geography. Tolerances follow: areas differ by
rounding only; a chord of STEP_M bows from its course by STEP_M**2 / (8 R) * tan(lat), 0.2 mm for 100 m, on each of the two sides.
"""

import argparse
import contextlib
import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import shapely

from .statute import ROOT

STEP_M = 100.0
AREA = (1e-8, 2e-3)
"""Relative and absolute (m²) tolerance of areas."""
DISTANCE_M = 1e-3
LENGTH = (1e-6, 2e-3)
MEASURING, DISTANCE = 990001, 990002
PROJ4 = {
    MEASURING: "+proj=cea +lat_ts=41.4 +lon_0=117.5 +ellps=GRS80 +units=m +no_defs",
    DISTANCE: "+proj=tmerc +lat_0=0 +lon_0=117.5 +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m +no_defs",
}
SCHEMA = f"""
create extension postgis;
insert into spatial_ref_sys (srid, auth_name, auth_srid, proj4text, srtext) values
  ({MEASURING}, 'cdgis', 1, '{PROJ4[MEASURING]}', ''), ({DISTANCE}, 'cdgis', 2, '{PROJ4[DISTANCE]}', '');
create table raw (kind text, layer text, id text, shape text);
"""
PREPARE = f"""
create table shapes as
  select kind, layer, id, case when ST_Dimension(g) = 2 then ST_MakeValid(g) else g end as plane
  from (select kind, layer, id, ST_Transform(ST_GeomFromWKB(decode(shape, 'hex'), 4490), {MEASURING}) as g from raw) as moved;
create table subjects as select id, ST_Dimension(plane) as dim, plane,
  ST_Transform(ST_Transform(ST_Segmentize(plane, {STEP_M}), 4490), {DISTANCE}) as local from shapes where kind = 'subject';
create table zones as select layer, id, plane,
  ST_Transform(ST_Transform(ST_Segmentize(plane, {STEP_M}), 4490), {DISTANCE}) as local from shapes where kind = 'zone';
create table pieces as select layer, id, ST_Subdivide(plane, 128) as plane from zones where ST_Dimension(plane) = 2;
create table edges as select layer, id, ST_Subdivide(case when ST_Dimension(local) = 2 then ST_Boundary(local) else local end, 64) as local
  from zones;
create index on zones using gist (plane); create index on zones using gist (local);
create index on pieces using gist (plane); create index on edges using gist (local); create index on edges (layer, id);
create index on subjects (id); create index on zones (layer, id);
analyze;
create table asked (subject_id text, layer text, zone_id text);
"""
SIZE = """case when dim = 2 then ST_Area({0})
  when dim = 1 then ST_Length(ST_Transform(ST_Segmentize({0}, 1000), 4490)::geography) else 1 end"""
OVERLAPS = f"""
copy (select sid, layer, id, {SIZE.format("ST_CollectionExtract(ST_Intersection(splane, plane), dim + 1)")}
  from (select s.id as sid, s.plane as splane, z.layer, z.id, z.plane, least(s.dim, ST_Dimension(z.plane)) as dim
    from subjects s join zones z on s.plane && z.plane and ST_Intersects(s.plane, z.plane)) as p) to stdout csv;
"""
DISTANCES = """
copy (select a.subject_id, a.layer, a.zone_id, ST_Distance(
    ST_Transform(ST_StartPoint(l), 4490)::geography, ST_Transform(ST_EndPoint(l), 4490)::geography)
  from asked a join subjects s on s.id = a.subject_id
  cross join lateral (select ST_ShortestLine(s.local, e.local) as l from edges e where e.layer = a.layer and e.id = a.zone_id
    order by s.local <-> e.local limit 1) as nearest) to stdout csv;
"""
NEAREST = """
copy (select a.subject_id, a.layer, n.id from asked a join subjects s on s.id = a.subject_id
  cross join lateral (select e.id from edges e where e.layer = a.layer order by e.local <-> s.local limit 1) as n) to stdout csv;
"""
LEDGER = f"""
copy (select s.id, layer, {SIZE.format("s.plane")},
    {SIZE.format("ST_CollectionExtract(ST_Intersection(s.plane, ST_Union(p.plane)), dim + 1)")}
  from subjects s join pieces p on s.plane && p.plane and ST_Intersects(s.plane, p.plane)
  group by s.id, s.plane, dim, layer) to stdout csv;
"""


@dataclass
class Tally:
    """How many figures were compared, the largest difference of each kind, and which lie beyond the tolerance."""

    compared: Counter[str] = field(default_factory=Counter)
    largest: dict[str, float] = field(default_factory=dict)
    beyond: list[str] = field(default_factory=list)

    def add(self, kind: str, rows: pd.DataFrame, ours: str, theirs: str, tolerance: tuple[float, float]) -> None:
        """Compare two columns of `rows`; rows that one side lacks are beyond any tolerance."""
        gap = (rows[ours] - rows[theirs]).abs()
        allowed = tolerance[0] * rows[ours].abs() + tolerance[1]
        self.compared[kind] += len(rows)
        self.largest[kind] = max(self.largest.get(kind, 0.0), float(gap.max(skipna=True)) if len(rows) else 0.0)
        for row in rows[~(gap <= allowed)].to_dict("records"):
            self.beyond.append(f"{kind}: {row}")


class Cluster:
    """A database of this command's own, in a folder that goes when it stops."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, _binaries()
        self.port = _free_port()
        # The server refuses to run as root: there it runs as the account that the system's package made.
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.prefix:
            shutil.chown(folder, "postgres")

    def start(self) -> None:
        """Make the cluster and start it, listening on 127.0.0.1 alone."""
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "cdgis", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_wal_size=4GB"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", str(self.folder / "log"), "-w", "start")
        self.sql("create database cdgis", database="postgres")

    def stop(self) -> None:
        """Stop the server."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def sql(self, text: str, *, rows: str = "", database: str = "cdgis") -> str:
        """Return what a statement prints; `rows` go to its standard input after it."""
        command = [str(self.bin / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "cdgis", "-d", database, "-q", "-v",
                   "ON_ERROR_STOP=1", *(["-c", text] if rows else ["-f", "-"])]  # fmt: skip
        done = subprocess.run(command, input=rows or text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"PostGIS: {done.stderr.strip()[:2000]}")
        return done.stdout

    def table(self, text: str, names: tuple[str, ...]) -> pd.DataFrame:
        """Return the rows of a COPY ... TO STDOUT."""
        frame = pd.read_csv(io.StringIO(self.sql(text)), header=None, names=list(names), dtype=dict.fromkeys(names, str), keep_default_na=False)
        for name in names:
            if name.startswith("their"):
                frame[name] = pd.to_numeric(frame[name])
        return frame

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run([*self.prefix, str(self.bin / program), *options], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stderr.strip()[:2000]}")


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    here = shutil.which("initdb")
    if found or here:
        return found[-1].parent if found else Path(str(here)).parent
    raise SystemExit("no initdb: install PostgreSQL and PostGIS (Debian: postgresql, postgresql-NN-postgis-3)")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def cluster(*, postgis: bool = True) -> Iterator[Cluster]:
    """Yield a running cluster, with PostGIS unless that is not needed; stop it and remove its folder afterwards."""
    with tempfile.TemporaryDirectory(prefix="cdgis-postgis-", ignore_cleanup_errors=True) as folder:
        made = Cluster(Path(folder))
        made.start()
        try:
            if postgis:
                made.sql(SCHEMA)
            yield made
        finally:
            made.stop()


def shapes_of_run(run: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield (kind, layer, id, WKB in hex) of the run's subjects and of every zone of the workspace."""
    from .zones import catalogue_frames

    for layer in ("研判对象_点", "研判对象_线", "研判对象_面"):
        subjects = pyogrio.read_dataframe(run / "data" / "cdgis.gpkg", layer=layer)
        for name, shape in zip(subjects["subject_id"], subjects.geometry, strict=True):
            yield "subject", "", str(name), shapely.to_wkb(shape, hex=True)
    for layer, ids, geometries in catalogue_frames(ROOT):
        for name, shape in zip(ids, geometries, strict=True):
            yield "zone", layer, str(name), shapely.to_wkb(shape, hex=True)


def compare(run: Path) -> Tally:
    """Return how the tables of a run agree with PostGIS."""
    tally = Tally()
    with cluster() as database:
        lines = io.StringIO()
        csv.writer(lines).writerows(shapes_of_run(run))
        database.sql("copy raw from stdin csv", rows=lines.getvalue())
        database.sql(PREPARE)
        _compare_overlaps(database, _table(run, "overlaps"), tally)
        _compare_ledgers(database, _table(run, "ledger"), tally)
        _compare_distances(database, _table(run, "overlaps"), _table(run, "clear"), tally)
    return tally


def _table(run: Path, name: str) -> pd.DataFrame:
    texts = dict.fromkeys(("subject_id", "layer", "zone_id", "nearest_zone_id"), str)
    return pd.read_csv(run / "data" / f"{name}.csv", encoding="utf-8-sig", dtype=texts)


def _compare_overlaps(database: Cluster, ours: pd.DataFrame, tally: Tally) -> None:
    theirs = database.table(OVERLAPS, ("subject_id", "layer", "zone_id", "theirs"))
    hit = ours[ours["relation"] != "near"]
    both = hit.merge(theirs, on=["subject_id", "layer", "zone_id"], how="left")
    for kind, column, tolerance in (("overlap area m2", "area_m2", AREA), ("overlap length m", "length_m", LENGTH)):
        tally.add(kind, both[both[column] > 0], column, "theirs", tolerance)
    points = both[(both["area_m2"] == 0) & (both["length_m"] == 0)]  # points, and lines that cross a line in a point
    points = points.assign(one=1.0, met=points["theirs"].notna().astype(float))
    tally.add("points met", points, "one", "met", (0.0, 0.0))
    missed = theirs.merge(ours, on=["subject_id", "layer", "zone_id"], how="left", indicator=True)
    missed = missed[(missed["_merge"] == "left_only") & (missed["theirs"] > AREA[1])]
    tally.compared["overlaps only PostGIS finds"] += len(missed)
    tally.beyond += [f"only PostGIS: {row}" for row in missed[["subject_id", "layer", "zone_id", "theirs"]].to_dict("records")]


def _compare_ledgers(database: Cluster, ours: pd.DataFrame, tally: Tally) -> None:
    theirs = database.table(LEDGER, ("subject_id", "layer", "their_total", "their_inside"))
    both = ours.merge(theirs, on=["subject_id", "layer"], how="left")
    areal = both["unit"] == "m2"
    tally.add("ledger total m2", both[areal & both["their_total"].notna()], "total", "their_total", AREA)
    tally.add("ledger inside m2", both[areal].fillna({"their_inside": 0.0}), "inside", "their_inside", AREA)


def _compare_distances(database: Cluster, overlaps: pd.DataFrame, clear: pd.DataFrame, tally: Tally) -> None:
    near = overlaps.loc[overlaps["relation"] == "near", ["subject_id", "layer", "zone_id", "distance_m"]]
    far = clear.rename(columns={"nearest_zone_id": "zone_id"})[["subject_id", "layer", "zone_id", "distance_m"]]
    asked = pd.concat([near, far]).dropna(subset=["distance_m"]).drop_duplicates(["subject_id", "layer", "zone_id"])
    database.sql("copy asked from stdin csv", rows=asked[["subject_id", "layer", "zone_id"]].to_csv(header=False, index=False))
    theirs = database.table(DISTANCES, ("subject_id", "layer", "zone_id", "theirs"))
    both = asked.merge(theirs, on=["subject_id", "layer", "zone_id"], how="left")
    tally.add("distance m", both, "distance_m", "theirs", (1e-8, DISTANCE_M))
    database.sql("truncate asked")
    pairs = far.dropna(subset=["distance_m"])
    database.sql("copy asked from stdin csv", rows=pairs[["subject_id", "layer", "zone_id"]].to_csv(header=False, index=False))
    nearest = database.table(NEAREST, ("subject_id", "layer", "zone_there"))
    nearest["zone_there"] = nearest["zone_there"].astype(str)
    chosen = pairs.merge(nearest, on=["subject_id", "layer"])
    other = chosen[chosen["zone_id"] != chosen["zone_there"]]
    tally.compared["nearest zone"] += len(chosen)
    database.sql("truncate asked")
    if other.empty:
        return
    rows = other[["subject_id", "layer", "zone_there"]].to_csv(header=False, index=False)
    database.sql("copy asked from stdin csv", rows=rows)
    measured = database.table(DISTANCES, ("subject_id", "layer", "zone_there", "theirs"))
    # Two zones equally near may be told apart by either side: only the distance counts.
    both = other.merge(measured.assign(zone_there=measured["zone_there"].astype(str)), on=["subject_id", "layer", "zone_there"])
    tally.add("another zone as near m", both, "distance_m", "theirs", (1e-8, DISTANCE_M))


def main() -> int:
    """Print the figures; exit code 1 when any lies beyond its tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="output folder of cdgis run")
    tally = compare(parser.parse_args().run)
    lines = [
        f"{kind:<28}{count:>8}  largest difference {tally.largest.get(kind, 0.0):.3g}"
        for kind, count in tally.compared.items()
    ]
    sys.stdout.write("\n".join([*lines, f"beyond tolerance: {len(tally.beyond)}", *tally.beyond[:20], ""]))
    return int(bool(tally.beyond))


if __name__ == "__main__":
    np.seterr(all="raise")
    sys.exit(main())
