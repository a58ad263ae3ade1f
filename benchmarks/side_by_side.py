"""How the vector benchmarks measure: each peer in a process of its own, medians of three, checksums beside them."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REPETITIONS = 3
LIMIT_S = float(os.environ.get("CDGIS_BENCH_LIMIT_S", "240"))
"""A peer that has not done all repetitions by then is reported as such."""
Task = Callable[[Path], str]
"""Does the whole job on the data in a folder, reading included, and returns its checksum."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One peer on one job; NaN seconds where it did not finish."""

    job: str
    peer: str
    seconds: float
    cpu_s: float
    """Processor time of our own process, which says more than the clock where others use the machine, too."""
    first_s: float
    peak_mb: float
    checksum: str


def main(script: Path, tasks: Mapping[tuple[str, str], Task], heading: str, note: str) -> None:
    """Run the benchmark of `script` from the command line: all tasks and their table, or one task in this process."""
    parser = argparse.ArgumentParser(description=heading)
    parser.add_argument("--data", type=Path, default=Path("/tmp/cdgis-benchmarks"))
    parser.add_argument("--only", default="", help="jobs whose name holds this")
    parser.add_argument("--task", nargs=2, metavar=("JOB", "PEER"))
    options = parser.parse_args()
    if options.task:
        print(json.dumps(_repeat(tasks[tuple(options.task)], options.data)))
        return
    chosen = [key for key in tasks if options.only in key[0]]
    print(table(heading, note, [_apart(script, key, options.data) for key in chosen]))


def _repeat(task: Task, data: Path) -> dict[str, object]:
    seconds, cpu = [], []
    for _ in range(1 + REPETITIONS):
        start, used = time.perf_counter(), time.process_time()
        checksum = task(data)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
        if seconds[0] > LIMIT_S / 2:  # one repetition has to do, and is marked
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"first_s": seconds[0], "seconds": seconds[1:], "cpu": cpu[1:] or cpu, "peak_mb": peak, "checksum": checksum}


def _apart(script: Path, key: tuple[str, str], data: Path) -> Measured:
    command = [sys.executable, str(script), "--data", str(data), "--task", *key]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * LIMIT_S, check=True)
        found = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return Measured(*key, *[float("nan")] * 4, f"{4 * LIMIT_S:.0f} 秒内未完成")
    except subprocess.CalledProcessError as err:
        reason = (err.stderr.strip().splitlines() or ["?"])[-1][:90]
        return Measured(*key, *[float("nan")] * 4, reason)
    median = statistics.median(found["seconds"] or [found["first_s"]])
    print(f"{key[0]} | {key[1]} | {median:.3f}", file=sys.stderr, flush=True)
    cpu = statistics.median(found["cpu"])
    return Measured(*key, median, cpu, found["first_s"], found["peak_mb"], found["checksum"])


def table(heading: str, note: str, rows: Sequence[Measured]) -> str:
    """Return one Markdown table, each job's peers with their ratio to ours."""
    ours = {row.job: row.seconds for row in rows if row.peer == "cdgis"}
    lines = [f"## {heading}", "", note, "", "| 任务 | 工具 | 中位数（秒） | 处理器秒 | 首次（秒） | 峰值内存（MB） | 为本工具的几倍 | 校验和 |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        ratio = row.seconds / ours.get(row.job, float("nan"))
        cells = [f"{row.seconds:.3f}", f"{row.cpu_s:.3f}", f"{row.first_s:.2f}", f"{row.peak_mb:.0f}", f"{ratio:.1f}"]
        lines.append("| " + " | ".join([row.job, row.peer, *(c.replace("nan", "—") for c in cells), row.checksum]) + " |")
    return "\n".join([*lines, ""])


def machine(packages: Iterable[str]) -> str:
    """Return the machine, its load and the versions, as one paragraph."""
    known = []
    for name in packages:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} 未装")
    load = "、".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"机器：{platform.machine()}，{os.cpu_count()} 核，{platform.system()} {platform.release()}，Python "
        f"{platform.python_version()}；开始时负载（1、5、15 分钟）{load}。版本：{'，'.join(known)}。"
    )
