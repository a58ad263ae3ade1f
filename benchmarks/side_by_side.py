"""How the benchmarks measure: each peer in a process of its own, medians of three, checksums beside them."""

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
from pathlib import Path
from typing import Any

REPETITIONS = 3
LIMIT_S = float(os.environ.get("CDGIS_BENCH_LIMIT_S", "240"))
"""A peer that has not done all repetitions by then is reported as such."""
SLOW_S = 8.0
"""What takes longer than this is not warmed up first: its first run counts as one of the three."""
PEERS_PYTHON = os.environ.get("CDGIS_BENCH_PEERS_PYTHON", sys.executable)
"""Interpreter of an environment of their own for peers whose packages need other versions than ours."""
APART = ("DuckDB", "SedonaDB")
SERVED = "PostGIS"
"""Beginning of the names of peers whose work is done by a server: their processor time is known only if the task says which (`serve`)."""
Task = Callable[[Path], str]
"""Does the whole job on the data in a folder, reading included, and returns its checksum."""
Prepare = Callable[[str, Path], None]
Tasks = Mapping[tuple[str, str], Task]
"""(job, peer) -> what it does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One peer on one job; NaN seconds where it did not finish."""

    job: str
    peer: str
    seconds: float
    cpu_s: float
    """Processor time of its process, the processes it started and a server it named; NaN for the work of one it did not."""
    first_s: float
    peak_mb: float
    checksum: str
    """What was found, or why nothing was."""
    runs: int = 0
    """How many runs the median is of; 0 if it did not finish."""


def main(script: Path, tasks: Tasks, heading: str, note: str, *, prepare: Prepare | None = None) -> None:
    """Run the benchmark of `script` from the command line: all tasks and their table, or one task in this process.

    Parameters
    ----------
    prepare : makes what a job's runs start from; not timed.
    """
    parser = argparse.ArgumentParser(description=heading)
    parser.add_argument("--data", type=Path, default=Path("/tmp/cdgis-benchmarks"))
    parser.add_argument("--only", default="", help="jobs whose name holds this")
    parser.add_argument("--runs", type=int, default=REPETITIONS)
    parser.add_argument("--task", nargs=2, metavar=("JOB", "PEER"))
    options = parser.parse_args()
    if options.task:
        if prepare:
            prepare(options.task[0], options.data)
        print(json.dumps(repeated(tasks[tuple(options.task)], options.data, options.runs)))
        return
    chosen = {key: task for key, task in tasks.items() if options.only in key[0]}
    print(f"## {heading}\n\n{note}\n")
    print(table(measured(script, chosen, options.data, runs=options.runs)))


def measured(script: Path, tasks: Iterable[tuple[str, str]], data: Path, *, runs: int = REPETITIONS) -> list[Measured]:
    """Return what the tasks of `script` take, one after the other."""
    return [_apart(script, key, data, runs) for key in tasks]


def repeated(task: Task, data: Path, runs: int) -> dict[str, object]:
    """Return times, memory and checksum of a task done `runs` times in this process, the warm-up apart."""
    seconds: list[float] = []
    cpu: list[float] = []
    while len(seconds) < runs + (runs > 1 and seconds[:1] < [SLOW_S]):
        used, start = processor_seconds(), time.perf_counter()
        checksum = task(data)
        seconds.append(time.perf_counter() - start)
        cpu.append(processor_seconds() - used)
        if seconds[0] > LIMIT_S / 4:  # a minute: once is enough
            break
    peak = _tree["mb"] or sum(resource.getrusage(who).ru_maxrss for who in _WHO) / 1024 + _server["mb"]
    found = {"seconds": seconds[-runs:], "cpu": cpu[-runs:], "first_s": seconds[0], "peak_mb": peak}
    return {**found, "checksum": checksum, "served": bool(_server["pid"])}


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_server = {"pid": 0.0, "mb": 0.0, "before": 0.0}
_tree = {"mb": 0.0}
_LOOKS_S = 0.5


def run_measured(command: Sequence[str], cwd: Path, **kept: Any) -> float:
    """Run a command; return its peak memory in MB, which is the task's: of all its processes, pages they share once (PSS).

    Where the system does not tell (it is Linux that does), it is 0, and the task's that of the largest processes.
    """
    import psutil

    child, peak, look = psutil.Popen(command, cwd=cwd, **kept), 0.0, 0.02
    while True:
        try:
            status = child.wait(look)
            break
        except psutil.TimeoutExpired:
            look = min(2 * look, _LOOKS_S)
            peak = max(peak, sum(map(_shared_mb, [child, *child.children(recursive=True)])))
    _tree["mb"] = max(_tree["mb"], peak)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return peak


def _shared_mb(process: Any) -> float:
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except (OSError, ValueError):
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def serve(postmaster: int) -> None:
    """Count the processes of a database server on this machine, from here on, as the task's own."""
    if not _server["pid"]:
        _server["pid"] = postmaster
        _server["before"] = _server_seconds()


def served_mb(peak_mb: float) -> None:
    """Add the memory a server's process came to, shared buffers it touched included."""
    _server["mb"] = max(_server["mb"], peak_mb)


def _server_seconds() -> float:
    """Return the processor time of the server's finished processes (one a session, and their helpers)."""
    if not _server["pid"]:
        return 0.0
    time.sleep(0.05)  # a session's process is counted once it has ended
    fields = Path(f"/proc/{int(_server['pid'])}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK") - _server["before"]


def processor_seconds() -> float:
    """Return the processor time of this process, its finished children and the server's."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, _WHO)) + _server_seconds()


def _apart(script: Path, key: tuple[str, str], data: Path, runs: int) -> Measured:
    python = PEERS_PYTHON if key[1].startswith(APART) else sys.executable
    command = [python, str(script), "--data", str(data), "--runs", str(runs), "--task", *key]
    print(f"{script.stem}: {key[0]} | {key[1]} …", end=" ", file=sys.stderr, flush=True)
    reason = ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(6, runs) * LIMIT_S, check=True)
        found = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired as err:
        reason = f"{err.timeout:.0f} 秒内未完成"
    except subprocess.CalledProcessError as err:
        reason = "没有跑：" + (err.stderr.strip().splitlines() or ["?"])[-1][:90]
    if reason:
        print(reason, file=sys.stderr, flush=True)
        return Measured(*key, *[float("nan")] * 4, reason.replace("|", "/"))
    median = statistics.median(found["seconds"])
    unknown = key[1].startswith(SERVED) and not found["served"]
    cpu_s = float("nan") if unknown else statistics.median(found["cpu"])
    print(f"{median:.3f} s", file=sys.stderr, flush=True)
    return Measured(*key, median, cpu_s, found["first_s"], found["peak_mb"], found["checksum"], len(found["seconds"]))


def table(rows: Sequence[Measured]) -> str:
    """Return one Markdown table, each job's peers with their ratio to ours (a peer whose name begins with cdgis)."""
    ours: dict[str, float] = {}
    for row in rows:
        if row.peer.startswith("cdgis"):
            ours.setdefault(row.job, row.seconds)
    lines = ["| 任务 | 工具 | 中位数（秒） | 处理器秒 | 首次（秒） | 峰值内存（MB） | 次数 | 为本工具的几倍 | 校验和 |",
             "|---|---|--:|--:|--:|--:|--:|--:|---|"]  # fmt: skip
    for row in rows:
        ratio = row.seconds / ours.get(row.job, float("nan"))
        cells = [f"{row.seconds:.3f}", f"{row.cpu_s:.3f}", f"{row.first_s:.2f}", f"{row.peak_mb:.0f}", str(row.runs), f"{ratio:.1f}"]
        lines.append("| " + " | ".join([row.job, row.peer, *(c.replace("nan", "—") for c in cells), row.checksum]) + " |")
    return "\n".join(lines)


def machine(packages: Iterable[str], *, load: Sequence[float]) -> str:
    """Return the machine, its load when the run began, and the versions of packages, as one paragraph."""
    known = []
    for name in packages:
        python = PEERS_PYTHON if name.startswith(tuple(word.lower() for word in APART)) else sys.executable
        ask = [python, "-c", f"from importlib.metadata import version; print(version({name!r}))"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False)
        known.append(f"{name} {answer.stdout.strip() or '未装'}")
    average = "、".join(f"{value:.1f}" for value in load)
    return (
        f"机器：{platform.machine()}，{os.cpu_count()} 核，{platform.system()} {platform.release()}，Python "
        f"{platform.python_version()}；开始时平均负载（1、5、15 分钟）{average}。版本：{'，'.join(known)}。"
    )
