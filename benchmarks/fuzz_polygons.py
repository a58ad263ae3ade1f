"""Are 100 000 hard polygons read and judged on the shipped workspace without a crash? (touching holes, necks, needles, stars)

Run: python benchmarks/fuzz_polygons.py [count, default 100000] [--first 0] [--seed 20261101] [--layers city,ecological_redline,...]
Prints, by what became of them: accepted, repaired and told, quarantined and told, set aside by the overlay; anything else ends the
run with the seed that does it again. Ledgers must close and every subject read must have a verdict.
"""

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np

from cdgis.core.progress import Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.sites import read_sites
from cdgis.workspace.settings import open_workspace
from tests.hard_polygons import hard_polygons

ROOT = Path(__file__).parent.parent
BLOCK = 2000


def judged_block(loaded: Loaded, count: int, seed: int, folder: Path) -> Counter[str]:
    """Return what became of one seeded block."""
    path = folder / f"{seed}.gpkg"
    names = [f"H{seed}-{i}" for i in range(count)]
    gpd.GeoDataFrame({"项目编号": names}, geometry=hard_polygons(count, seed), crs=4490).to_file(path, engine="pyogrio")
    subjects = read_sites(loaded.workspace, [path], declared={"industry": "3031", "project_type": "新建"})
    judged = judge_subjects(loaded, subjects)
    fate = Counter(str(note.status) for note in subjects.intake)
    lost = len(subjects.frame) - len(judged.subjects.frame)
    ledger = judged.tables["ledger"]
    gap = np.abs(ledger[["inside", "outside", "uncovered"]].sum(axis=1) - ledger["total"])
    if sum(fate.values()) != count or len(judged.tables["verdicts"]) + lost != len(subjects.frame):
        raise SystemExit(f"seed {seed}: counts do not close: {fate}, {len(judged.tables['verdicts'])} verdicts")
    if (gap > 1e-9 * ledger["total"] + 1e-3).any():
        raise SystemExit(f"seed {seed}: a ledger is open by {gap.max():g}")
    return fate + Counter({"set aside": lost})


def main() -> None:
    """Judge the blocks and print the count of each fate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261101)
    parser.add_argument("--first", type=int, default=0, help="polygons done before, a multiple of 2000: go on after a stop")
    parser.add_argument("--layers", default="", help="comma-separated; all shipped layers by default")
    asked = parser.parse_args()
    loaded = load_workspace(open_workspace(ROOT), as_of=None, progress=Silent())
    if asked.layers:
        loaded = replace(loaded, layers={name: loaded.layers[name] for name in asked.layers.split(",")})
    total: Counter[str] = Counter()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for first in range(asked.first, asked.count, BLOCK):
            total += judged_block(loaded, min(BLOCK, asked.count - first), asked.seed + first, Path(folder))
            print(f"{first + BLOCK:>8} {time.perf_counter() - started:8.0f} s  {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
