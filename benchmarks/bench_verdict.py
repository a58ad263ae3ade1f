"""How long does one verdict take on the shipped workspace: warm, cold, with remedies, in a block; and the whole run?

python benchmarks/bench_verdict.py [--beside CHECKOUT] [--skip-run]

Each job in a process of its own. Processor seconds say more than the clock's where others use the machine. `--beside`
measures another checkout of cdgis in the same run (the block and the run; it may lack `Session.preview`).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SITES, BLOCK = 40, 1000
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
    print(f"开始时平均负载 {os.getloadavg()[0]:.1f}，{os.cpu_count()} 核；处理器时间，毫秒或秒如注。\n")
    print("| 任务 | 程序 | 处理器 | 钟表 | 峰值内存（MB） |\n|---|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, code in {"本版": REPO, **({"对照": options.beside} if options.beside else {})}.items():
            _measure(name, code, Path(folder), run=not options.skip_run)


def _measure(name: str, code: Path, folder: Path, *, run: bool) -> None:
    space = folder / f"工作区-{name}"
    if not space.exists():
        _python(code, ["-m", "cdgis", "init", str(space)])
    jobs = {"热研判一次（预览），p50 / p95，毫秒": WARM, "热研判一次（含裁剪、平移），p50 / p95，毫秒": REMEDIES}
    for job, text in jobs.items() if code == REPO else ():
        out, _, peak = _python(code, ["-c", text, str(space)])
        cpu50, cpu95, clock50, clock95 = json.loads(out.splitlines()[-1])
        print(f"| {job} | {name} | {cpu50:.0f} / {cpu95:.0f} | {clock50:.0f} / {clock95:.0f} | {peak:.0f} |", flush=True)
    out, _, peak = _python(code, ["-c", BLOCKS, str(space)])
    print(f"| 成批研判（{BLOCK} 块，全部规则，不含叠加），毫秒/块 | {name} | {json.loads(out.splitlines()[-1])[0]:.2f} | — | {peak:.0f} |")
    site = ["--wkt", "POLYGON((117.932 40.981,117.934 40.981,117.934 40.983,117.932 40.983,117.932 40.981))", "--industry", "3031"]
    commands = {"import cdgis，秒": ["-c", "import cdgis"],
                "冷启动研判一块到报告，秒": ["-m", "cdgis", "screen", *site, "--workspace", str(space), "--out", f"{folder}/冷-{name}"]}
    if run:
        commands["cdgis run，秒"] = ["-m", "cdgis", "run", "--workspace", str(space), "--out", f"{folder}/全-{name}"]
    for job, command in commands.items():
        times = [_python(code, command) for _ in range(1 if "run" in command else 3)]
        (_, (cpu, clock), peak) = sorted(times, key=lambda one: one[1])[len(times) // 2]
        print(f"| {job} | {name} | {cpu:.2f} | {clock:.2f} | {peak:.0f} |", flush=True)


def _python(code: Path, command: list[str]) -> tuple[str, tuple[float, float], float]:
    """Return what a process prints, its processor and clock seconds, and its peak memory in MB."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([sys.executable, *command], stdout=said, stderr=said, env=os.environ | {"PYTHONPATH": str(code)})
        _, status, usage = os.wait4(child.pid, 0)
        said.seek(0)
        out = said.read().strip()
    if status:
        raise SystemExit(out)
    return out, (usage.ru_utime + usage.ru_stime, time.perf_counter() - start), usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
