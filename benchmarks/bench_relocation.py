"""Who moves where, for a whole province's worth: 20 000 enterprises of which 2 000 move, 60 parks.

    python benchmarks/bench_relocation.py             # ours and the peer
    python benchmarks/bench_relocation.py --small     # a tenth of it

Ours is the whole job: enterprises judged by every rule in force on the shipped layers, the list with reasons, SPOTIS ranks with
intervals over a set of weights, every mover judged at every park, the joint plan, its effects. The peer is what a user would script
instead: geopandas.sjoin with the layers that matter, a loop over movers and parks with sjoin for the destination, the nearest
park with enough land, one after the other. It answers less (no conditions, no intervals, no joint optimum); both are timed with
data in memory. Each job runs in a process of its own; memory is that process's peak (making the data
needs far less than the job), processor time is counted from the moment the data is there.
"""

import argparse
import json
import math
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from side_by_side import Measured

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261122
JOB, LIMIT_S = "搬迁 20000 家 × 60 园区", 900.0
SIZES = {"full": (20_000, 2_000, 60), "small": (2_000, 200, 12)}


def made(size: str) -> tuple[Any, Any]:
    """Return the shipped workspace with made-up parks, and made-up enterprises: `movers` of them inside towns."""
    from cdgis.core.progress import Silent
    from cdgis.readers import read_subjects
    from cdgis.readers.loading import load_workspace
    from cdgis.workspace.layers import Subjects
    from cdgis.workspace.settings import open_workspace

    count, movers, parks = SIZES[size]
    workspace = open_workspace(ROOT)
    loaded = load_workspace(workspace, as_of=None, progress=Silent())
    rng = np.random.default_rng(SEED)
    towns = shapely.union_all(np.asarray(loaded.layers["built_up"].zones.geometry.array, dtype=object))
    city = shapely.union_all(np.asarray(loaded.layers["city"].zones.geometry.array, dtype=object))
    inside, outside = scatter(rng, towns, movers), scatter(rng, shapely.difference(city, towns), count - movers)
    subjects = read_subjects(workspace)
    known = subjects.frame[(subjects.frame["kind"] == "enterprise") & (subjects.frame["project_type"] == "既有")]
    heavy = known[known["industry"].isin(["3011", "2614", "2710", "2661", "3130"])]
    pick = np.concatenate([rng.choice(heavy.index, movers), rng.choice(known.index, count - movers)])
    frame = known.loc[pick].reset_index(drop=True)
    origin = frame["subject_id"].to_numpy()
    frame["subject_id"] = [f"X{i:06}" for i in range(count)]
    frame = frame.set_geometry(gpd.GeoSeries(np.concatenate([inside, outside]), crs=4490))
    attributes = carried(subjects.attributes, origin, frame["subject_id"].to_numpy(), rng)
    spots = scatter(rng, city, parks)
    zones = loaded.layers["parks"].zones.iloc[np.arange(parks) % len(loaded.layers["parks"].zones)].reset_index(drop=True)
    zones = zones.set_geometry(gpd.GeoSeries(shapely.buffer(spots, rng.uniform(0.01, 0.02, parks)), crs=4490))
    zones["zone_id"] = [f"P{i:03}" for i in range(parks)]
    zones["spare_ha"] = rng.uniform(100, 400, parks).round(1).astype(str)
    zones["water_cap_10k_m3_per_yr"], zones["energy_cap_tce_per_yr"] = "9000", "60000000"
    layers = {**loaded.layers, "parks": replace(loaded.layers["parks"], zones=zones)}
    return replace(loaded, layers=layers), Subjects(frame=frame, attributes=attributes)


def scatter(rng: np.random.Generator, area: shapely.Geometry, count: int) -> np.ndarray:
    """Return `count` points in an area, EPSG:4490."""
    shapely.prepare(area)
    west, south, east, north = area.bounds
    found: list[np.ndarray] = []
    while sum(map(len, found)) < count:
        points = shapely.points(rng.uniform(west, east, count * 4), rng.uniform(south, north, count * 4))
        found.append(points[shapely.contains(area, points)])
    return np.concatenate(found)[:count]


def carried(attributes: pd.DataFrame, origin: np.ndarray, names: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return the attributes of the enterprises copied, land scattered so that no two need the same."""
    rows = pd.DataFrame({"subject_id": origin, "new": names}).merge(attributes, on="subject_id")
    rows = rows.drop(columns="subject_id").rename(columns={"new": "subject_id"})
    rows = rows[rows["attribute"] != "serves_city"]
    land = rows["attribute"] == "land_ha"
    rows.loc[land, "value"] = rng.uniform(1, 12, land.sum()).round(2).astype(str)
    return rows[["subject_id", "attribute", "value", "unit"]].reset_index(drop=True)


def ours(size: str) -> dict[str, Any]:
    from cdgis.judging.evaluation import judge_subjects
    from cdgis.readers.place_extent import in_place
    from cdgis.relocation.plan import plan_relocation

    loaded, subjects = made(size)
    start, ready = time.perf_counter(), spent_s()
    judged = judge_subjects(loaded, subjects, jobs=2)
    middle, halfway = time.perf_counter(), spent_s()
    with in_place(loaded.workspace):
        found = plan_relocation(loaded, judged, jobs=2)
    end = time.perf_counter()
    listed, plan = found["relocation"], found["relocation_plan"].set_index("title")["value"]
    return {
        "seconds": end - start, "judging_s": middle - start, "planning_s": end - middle,
        "making_cpu_s": ready, "judging_cpu_s": halfway - ready, "planning_cpu_s": spent_s() - halfway,
        "job_cpu_s": spent_s() - ready, "listed": len(listed),
        "movers": int((listed["disposition"] == "异地迁建").sum()), "placed": int((listed["assigned"] != "").sum()),
        "pairs": len(found["destinations"]), "bound": plan["下界"], "scale": plan["规模"],
    }  # fmt: skip


def peer(size: str) -> dict[str, Any]:
    loaded, subjects = made(size)
    making_s = spent_s()
    wanted = ("built_up", "ecological_redline", "water_source_zones", "permanent_farmland")
    zones = {name: loaded.layers[name].zones[["zone_id", "geometry"]] for name in wanted}
    parks = loaded.layers["parks"].zones
    start = time.perf_counter()
    firms = subjects.frame[["subject_id", "industry", "geometry"]]
    hits = {name: set(gpd.sjoin(firms, frame, predicate="intersects")["subject_id"]) for name, frame in zones.items()}
    movers = firms[firms["subject_id"].isin(hits["built_up"] | hits["water_source_zones"])]
    land = subjects.attributes[subjects.attributes["attribute"] == "land_ha"].set_index("subject_id")["value"].astype(float)
    spare = parks["spare_ha"].to_numpy(dtype=float).copy()
    local = gpd.GeoSeries(parks.geometry, crs=4490).to_crs(4549)
    places = gpd.GeoDataFrame(geometry=gpd.GeoSeries(parks.geometry, crs=4490).representative_point())
    placed = 0
    for firm, shape in zip(movers["subject_id"], movers.geometry.to_crs(4549), strict=True):
        bad = set()
        for name in ("ecological_redline", "water_source_zones", "permanent_farmland"):
            bad |= set(gpd.sjoin(places, zones[name], predicate="within").index)
        for park in np.argsort(local.distance(shape).to_numpy()):
            need = land.get(firm, np.inf)
            if park not in bad and need <= spare[park]:
                spare[park] -= need
                placed += 1
                break
    return {"seconds": time.perf_counter() - start, "job_cpu_s": spent_s() - making_s, "movers": len(movers), "placed": placed}


def spent_s() -> float:
    """Return the processor time of this process so far, all threads, seconds."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def alone(job: str, size: str) -> dict[str, Any]:
    """Return what a job says when it runs in a process of its own, with that process's peak memory."""
    done = subprocess.run([sys.executable, __file__, "--job", job, "--size", size], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows(_: Path) -> Iterator[Measured]:
    """Yield what our whole job takes and what the peer's, which answers less."""
    for job, who in {"ours": "cdgis", "peer": "geopandas sjoin 加循环（不查条件，不求联合最优）"}.items():
        name = JOB if job == "ours" else f"{JOB}，对照"
        try:
            found = alone(job, "full")
        except subprocess.TimeoutExpired as err:
            yield Measured(name, who, *[math.nan] * 4, f"{err.timeout:.0f} 秒内未完成")
            continue
        said = "；".join(str(found[key]) for key in ("movers", "placed", "bound") if key in found)
        yield Measured(name, who, found["seconds"], found["job_cpu_s"], math.nan, 1000 * found["peak_gb"], f"须迁；安置；下界 {said}", 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--job", choices=["ours", "peer"])
    parser.add_argument("--size", choices=list(SIZES), default="full")
    options = parser.parse_args()
    if options.job:
        found = {"ours": ours, "peer": peer}[options.job](options.size)
        found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps(found, ensure_ascii=False))
        return
    size = "small" if options.small else "full"
    print(f"{platform.platform()}  geopandas {version('geopandas')}  scipy {version('scipy')}  {SIZES[size]}")
    for job in ("ours", "peer"):
        print(job, json.dumps(alone(job, size), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
