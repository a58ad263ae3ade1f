"""How long does `cdgis --help` take, beside a typer application that does nothing?

    python benchmarks/bench_start.py
"""

import subprocess
import sys
from pathlib import Path

import side_by_side

TIMES = 10
"""Starts in one run, so that a run is long enough to time; figures are for all of them."""
BARE = "import typer; app = typer.Typer(); app.command()(lambda: None); app(['--help'])"
JOB = f"`--help` {TIMES} 次"


def started(_: Path, *command: str) -> str:
    """Start a command some times, one after the other."""
    for _time in range(TIMES):
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return "—"


def _bare(data: Path) -> str:
    return started(data, "-c", BARE)


def _ours(data: Path) -> str:
    return started(data, "-m", "cdgis", "--help")


TASKS: side_by_side.Tasks = {(JOB, "cdgis"): _ours, (JOB, "裸 typer 应用"): _bare}

if __name__ == "__main__":
    side_by_side.main(Path(__file__), TASKS, "启动", "解释器、导入与打印帮助；十次之和。")
