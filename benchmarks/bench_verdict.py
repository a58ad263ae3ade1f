"""How long does one verdict take on the shipped workspace: warm, cold, with remedies, in a block; and the whole run?

python benchmarks/bench_verdict.py [--beside CHECKOUT] [--skip-run]

Each job in a process of its own. Processor seconds say more than the clock's where others use the machine. `--beside`
measures another checkout of cdgis in the same run (the block and the run; it may lack `Session.preview`).
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import side_by_side
from side_by_side import Measured

REPO = Path(__file__).resolve().parents[1]
SITES, BLOCK = 200, 1000
PREVIEW, REMEDIED, IMPORT, COLD, RUN = "热研判一次（预览）", "热研判一次（含裁剪、平移）", "import cdgis", "冷启动研判一块到报告", "cdgis run"
FACTS = {"industry": "3031", "project_type": "新建", "activity": "开发性生产性建设"}
_SITES = f"""
import json, sys, time, numpy as np, shapely, cdgis
def polygon(rng, corners=12):
    lon, lat = rng.uniform(116.0, 118.9), rng.uniform(40.5, 42.4)
    turn, radius = np.sort(rng.uniform(0, 2 * np.pi, corners)), rng.uniform(0.5, 1, corners) * 0.004
    return shapely.to_wkt(shapely.Polygon(np.c_[lon + radius * np.cos(turn), lat + radius * np.sin(turn)]))
FACTS, SITES, BLOCK = {FACTS!r}, {SITES}, {BLOCK}
rng, ws = np.random.default_rng(7), cdgis.open_workspace(sys.argv[1])
def timed(ask, sites):
    found = []
    for site in sites:
        used, start = time.process_time(), time.perf_counter()
        ask(site, **FACTS)
        found.append((time.process_time() - used, time.perf_counter() - start))
    cpu, clock = np.percentile(np.array(found) * 1000, [50, 95], axis=0).T
    print(json.dumps([*cpu, *clock]))
"""
WARM = _SITES + "[ws.preview(polygon(rng), **FACTS) for _ in range(8)]; timed(ws.preview, [polygon(rng) for _ in range(SITES)])"
REMEDIES = _SITES + "[ws.screen(polygon(rng), **FACTS) for _ in range(3)]; timed(ws.screen, [polygon(rng) for _ in range(SITES // 3)])"
BLOCKS = _SITES + """
from geopandas import GeoSeries
from cdgis.judging import evaluation
judge, spent = evaluation.judge_again, []
def counted(*args, **kwargs):
    used = time.process_time(); found = judge(*args, **kwargs); spent.append(time.process_time() - used); return found
evaluation.judge_again = counted
sites = GeoSeries([shapely.from_wkt(polygon(rng)) for _ in range(BLOCK)], crs=4490)
ws.screen(sites, jobs=1, **FACTS)
print(json.dumps([spent[0] / BLOCK * 1000]))
"""


def main() -> None:
    """Measure and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, help="another checkout of cdgis")
    parser.add_argument("--skip-run", action="store_true")
    options = parser.parse_args()
    print(f"开始时平均负载 {os.getloadavg()[0]:.1f}，{os.cpu_count()} 核；秒。\n")
    print("| 任务 | 程序 | 处理器 | 钟表 | 峰值内存（MB） |\n|---|---|--:|--:|--:|")
    for row in rows(beside=options.beside, run=not options.skip_run):
        print(f"| {row.job} | {row.peer} | {row.cpu_s:.3f} | {row.seconds:.3f} | {row.peak_mb:.0f} |", flush=True)


def rows(_: Path | None = None, *, beside: Path | None = None, run: bool = True) -> Iterator[Measured]:
    """Yield what each job takes, of this checkout (cdgis) and of another one."""
    with tempfile.TemporaryDirectory() as folder:
        for name, code in {"cdgis": REPO, **({"对照": beside} if beside else {})}.items():
            yield from _measure(name, code, Path(folder), run=run)


def _measure(name: str, code: Path, folder: Path, *, run: bool) -> Iterator[Measured]:
    space = folder / f"工作区-{name}"
    if not space.exists():
        _python(code, ["-m", "cdgis", "init", str(space)])
    for job, text in {PREVIEW: WARM, REMEDIED: REMEDIES}.items() if code == REPO else ():
        out, _, peak = _python(code, ["-c", text, str(space)])
        times = np.array(json.loads(out.splitlines()[-1])) / 1000
        for which, cpu, clock in zip(("p50", "p95"), times[:2], times[2:], strict=True):
            yield Measured(f"{job}，{which}", name, clock, cpu, math.nan, peak, "—", SITES)
    out, _, peak = _python(code, ["-c", BLOCKS, str(space)])
    block = json.loads(out.splitlines()[-1])[0] / 1000
    yield Measured(f"成批研判一块（{BLOCK} 块，全部规则，不含叠加）", name, math.nan, block, math.nan, peak, "—", BLOCK)
    site = ["--wkt", "POLYGON((117.932 40.981,117.934 40.981,117.934 40.983,117.932 40.983,117.932 40.981))", "--industry", "3031"]
    commands = {IMPORT: ["-c", "import cdgis"],
                COLD: ["-m", "cdgis", "screen", *site, "--workspace", str(space), "--out", f"{folder}/冷-{name}"]}
    if run:
        commands[RUN] = ["-m", "cdgis", "run", "--workspace", str(space), "--out", f"{folder}/全-{name}"]
    for job, command in commands.items():
        times = [_python(code, command) for _ in range(3)]
        (_, (cpu, clock), peak) = sorted(times, key=lambda one: one[1])[1]
        yield Measured(job, name, clock, cpu, times[0][1][1], peak, "—", 3)


def _python(code: Path, command: list[str]) -> tuple[str, tuple[float, float], float]:
    """Return what a process prints, its processor and clock seconds, and the peak memory in MB of it and all it starts."""
    start, used = time.perf_counter(), side_by_side.processor_seconds()
    with tempfile.TemporaryFile("w+") as said:
        kept = {"stdout": said, "stderr": said, "env": os.environ | {"PYTHONPATH": str(code)}}
        peak = side_by_side.run_measured([sys.executable, *command], Path.cwd(), **kept)
        said.seek(0)
        out = said.read().strip()
    return out, (side_by_side.processor_seconds() - used, time.perf_counter() - start), peak


if __name__ == "__main__":
    main()
