"""Does a desk that works for a long time keep its memory? python benchmarks/soak_desk.py [--minutes 30] [--users 4] [--out FILE]

`cdgis desk` as a process of its own on the shipped workspace. People open cases, hand in boundaries, change facts, look at
verdicts and ways out, search the queue and decide cases (with their reports). Once a minute the
memory of the server and all its processes is written down: proportional share (PSS) where the system tells it, so that shared
pages count once. Growth is the median of the last quarter of the minutes against the median of the second quarter; the first
quarter is the time in which layers and reports are used for the first time. Ends with 1 where growth is over 5 %.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import bench_desk
import psutil

LIMIT = 0.05


def main() -> int:
    """Work for the minutes asked for, and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--out", type=Path, help="also write the minutes here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = _started(Path(folder))
        try:
            sizes, done = _worked(desk, options.minutes, options.users)
        finally:
            desk.terminate()
            desk.wait(30)
    lines = ["| 分钟 | 内存（MB） |", "|--:|--:|", *(f"| {minute} | {size:.0f} |" for minute, size in enumerate(sizes, 1))]
    quarter = max(1, len(sizes) // 4)
    before, after = statistics.median(sizes[quarter : 2 * quarter] or sizes), statistics.median(sizes[-quarter:])
    growth = after / before - 1
    lines += ["", f"办了：{done}。第二个四分之一的中位数 {before:.0f} MB，最后四分之一 {after:.0f} MB，增长 {growth:+.1%}（限 {LIMIT:.0%}）。"]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(growth > LIMIT)


def _started(folder: Path) -> subprocess.Popen:
    """Start the desk, and give its key and place to the users."""
    space, log = folder / "工作区", folder / "desk.log"
    subprocess.run([sys.executable, "-m", "cdgis", "init", str(space)], check=True, stdout=subprocess.DEVNULL)
    desk = subprocess.Popen(
        [sys.executable, "-u", "-m", "cdgis", "desk", "--no-browser", "--port", str(bench_desk.PORT), "--workspace", str(space)],
        stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    while not (found := re.search(r"token=(\S+)", log.read_text(encoding="utf-8"))):
        if desk.poll() is not None:
            raise SystemExit(log.read_text(encoding="utf-8"))
        time.sleep(0.2)
    bench_desk.TOKEN = found[1]
    return desk


def _worked(desk: subprocess.Popen, minutes: int, users: int) -> tuple[list[float], str]:
    stop, counts = threading.Event(), {"案件": 0, "草算": 0, "定稿": 0}
    people = [threading.Thread(target=_person, args=(seed, stop, counts), daemon=True) for seed in range(users)]
    for person in people:
        person.start()
    sizes, start = [], time.monotonic()
    for minute in range(1, minutes + 1):
        time.sleep(max(0.0, start + 60 * minute - time.monotonic()))
        if not any(person.is_alive() for person in people):
            raise SystemExit("nobody works any more: see the errors above")
        sizes.append(_memory_mb(desk.pid))
        print(f"{minute} min: {sizes[-1]:.0f} MB, {counts}", file=sys.stderr, flush=True)
    stop.set()
    for person in people:
        person.join(120)
    return sizes, "，".join(f"{name} {count}" for name, count in counts.items())


def _person(seed: int, stop: threading.Event, counts: dict[str, int]) -> None:
    """One case after the other: ten verdicts with other facts, the ways out, the queue; every third case is decided."""
    number = 0
    while not stop.is_set():
        user = bench_desk.User(1000 * seed + number)
        counts["案件"] += 1
        for _ in range(10):
            if stop.is_set():
                return
            user.verdict_s()
            counts["草算"] += 1
            user.list_s("q=0.1")
            time.sleep(user.chooser.uniform(0, 2))
        user.ask("GET", f"/api/cases/{user.case}/ways")
        if number % 3 == 2:
            version = user.ask("GET", f"/api/cases/{user.case}")["version"]
            user.ask("POST", f"/api/cases/{user.case}/final", {"reason": "长时间运行试验", "version": version})
            counts["定稿"] += 1
        user.link.close()
        number += 1


def _memory_mb(pid: int) -> float:
    server = psutil.Process(pid)
    total = 0
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
    return total / (1 << 20)


if __name__ == "__main__":
    sys.exit(main())
