"""Do the tests notice a wrong change in the law-bearing modules? (mutants of their syntax trees, one at a time)

    python -m tests.mutation                        # a seeded sample of each module of targets.toml, resumed where it stopped
    python -m tests.mutation --only judging --sample 200 --jobs 2
    python -m tests.mutation --table                # the figures as Markdown, and the survivors

A mutant runs, in a process of its own, exactly those tests that reached its line when the unchanged code was measured (`reach.py`),
up to --seconds CPU seconds of them, quick files first. Verdicts are kept in `.mutation/verdicts.json` under the mutant's key; a survivor
is tried again whenever the test files changed, a killed one stays killed (--again tries all anew).
"""

import argparse
import hashlib
import importlib
import json
import math
import os
import random
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .mutants import Mutant, mutants_of
from .quick import quickly_killed
from .reach import Reach, reach_of
from .trial import ALIVE, KILLED, TIMEOUT, UNCHANGED, UNREACHED, fate, start

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".mutation"
TARGETS = tomllib.loads((Path(__file__).parent / "targets.toml").read_text(encoding="utf-8"))
PRELOADED = (
    "numpy", "pandas", "geopandas", "shapely", "scipy.optimize", "scipy.sparse.csgraph", "pydantic", "hypothesis",
    "rasterio", "openpyxl", "numba", "pyogrio", "typer", "jinja2", "pyproj", "pyarrow", "docx", "fiona",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table: a room or module, and the mutants chosen in it."""

    name: str
    total: int
    chosen: list[Mutant]


def main() -> None:
    """Try the chosen mutants, or print what is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="comma-separated rows of targets.toml")
    parser.add_argument("--sample", type=int, default=60, help="mutants in a row")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8, help="CPU seconds of tests spent on one mutant")
    parser.add_argument("--quick", action="store_true", help="only the first pass: what lives is not tried in a fresh process yet")
    parser.add_argument("--again", action="store_true", help="forget earlier verdicts")
    parser.add_argument("--table", action="store_true", help="print the table and end")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(TARGETS["modules"])
    targets = [_target(name, asked.sample, asked.seed) for name in names]
    book = KEPT / "verdicts.json"
    verdicts = json.loads(book.read_text(encoding="utf-8")) if book.exists() and not asked.again else {}
    if not asked.table:
        for module in PRELOADED:
            importlib.import_module(module)
        sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
        os.chdir(ROOT)
        for target in targets:
            files = [f"tests/test_{stem}.py" for stem in TARGETS["modules"][target.name]]
            reach = reach_of(ROOT, KEPT / "reach", files, _paths(target.name), asked.jobs)
            _check_unchanged(target, reach)
            for _ in _tried(target, reach, verdicts, asked.jobs, asked.seconds, quick=asked.quick):
                KEPT.mkdir(exist_ok=True)
                book.write_text(json.dumps(verdicts, ensure_ascii=False, indent=0), encoding="utf-8")
    _print_table(targets, verdicts)


def _paths(name: str) -> list[str]:
    left = set(TARGETS["left"])
    place = ROOT / "cdgis" / name
    files = [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*.py"))
    return [path for file in files if (path := file.relative_to(ROOT).as_posix()) not in left]


def _target(name: str, sample: int, seed: int) -> Target:
    """Return the named mutants of a row and a seeded sample, or all where there are no more."""
    mutants = [m for path in _paths(name) for m in mutants_of(path, (ROOT / path).read_text(encoding="utf-8"))]
    if len(mutants) <= sample:
        return Target(name, len(mutants), mutants)
    named = [m for m in mutants if m.key in TARGETS["named"]]
    drawn = random.Random(f"{seed} {name}").sample(mutants, sample)
    return Target(name, len(mutants), list(dict.fromkeys([*named, *drawn])))


def _check_unchanged(target: Target, reach: Reach) -> None:
    """Stop when a trial of the unchanged code is not survived: then every mutant would look killed."""
    for mutant in target.chosen[:: max(1, len(target.chosen) // 4)]:
        tests = _tests_for(mutant, reach, 2)
        if not tests:
            continue
        child = start(ROOT, mutant.path, UNCHANGED, tests, 60)
        if fate(os.waitpid(child, 0)[1]) != ALIVE:
            raise SystemExit(f"the unchanged {mutant.path} fails: {tests}")


def _tried(target: Target, reach: Reach, verdicts: dict[str, dict[str, str]], jobs: int, seconds: float, *, quick: bool) -> Iterator[None]:
    """Try what has no verdict yet, or survived other tests than there are now; yield after each."""
    running: dict[int, tuple[Mutant, str, float]] = {}

    def finish() -> None:
        child, status, used = os.wait4(-1, 0)
        mutant, mark, started = running.pop(child)
        verdicts[mutant.key] = {"fate": fate(status), "tests": mark, "line": str(mutant.line)}
        spent = f"{used.ru_utime + used.ru_stime:5.1f} s CPU {time.perf_counter() - started:5.1f} s"
        _say(f"{fate(status):9} {spent}  {mutant.path}:{mutant.line} {mutant.before} -> {mutant.after}")

    todo = []
    for mutant in target.chosen:
        tests = _tests_for(mutant, reach, seconds)
        mark = _mark_of(tests, reach)
        known = verdicts.get(mutant.key)
        if known and (known["fate"] in (KILLED, TIMEOUT) or known["tests"] == mark):
            continue
        if tests:
            todo.append((mutant, tests, mark))
            continue
        verdicts[mutant.key] = {"fate": UNREACHED, "tests": mark, "line": str(mutant.line)}
        _say(f"{UNREACHED:9} {mutant.path}:{mutant.line} {mutant.before} -> {mutant.after}")
        yield
    marks = {mutant.key: mark for mutant, _, mark in todo}
    for mutant in quickly_killed(ROOT, [(mutant, tests) for mutant, tests, _ in todo], 3 * seconds + 15):
        verdicts[mutant.key] = {"fate": KILLED, "tests": marks[mutant.key], "line": str(mutant.line)}
        _say(f"{KILLED:9} at once  {mutant.path}:{mutant.line} {mutant.before} -> {mutant.after}")
        yield
    for mutant, _, mark in todo if quick else ():
        if verdicts.get(mutant.key, {}).get("tests") != mark:
            _say(f"undecided          {mutant.path}:{mutant.line} {mutant.before} -> {mutant.after}")
    for mutant, tests, mark in todo if not quick else ():
        if verdicts.get(mutant.key, {}).get("tests") == mark:
            continue
        while len(running) >= jobs:
            finish()
            yield
        running[start(ROOT, mutant.path, mutant.order, tests, 3 * seconds + 15)] = (mutant, mark, time.perf_counter())
    while running:
        finish()
        yield


def _mark_of(tests: list[str], reach: Reach) -> str:
    """Return a mark of the tests and of their files: with another mark a survivor deserves another trial."""
    files = sorted({test.partition("::")[0] for test in tests})
    return hashlib.sha256(" ".join([*tests, *(reach.marks[file] for file in files)]).encode()).hexdigest()[:12]


def _tests_for(mutant: Mutant, reach: Reach, seconds: float) -> list[str]:
    """Return the tests to run, file by file, those that cost least first, until the seconds are spent."""
    hit = reach.of_lines(mutant.path, range(mutant.line, mutant.last_line + 1))
    if not hit and (not mutant.function or mutant.path in TARGETS["compiled"]):
        hit = reach.of_module(mutant.path)
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted(hit):
        by_file[test.partition("::")[0]].append(test)
    chosen: list[str] = []
    spent = 0.0
    for tests in sorted(by_file.values(), key=lambda tests: sum(reach.seconds[test] for test in tests)):
        for test in tests:
            if spent <= seconds:
                chosen.append(test)
                spent += reach.seconds[test]
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _print_table(targets: list[Target], verdicts: dict[str, dict[str, str]]) -> None:
    """Print score and survivors of each row as Markdown; what has no verdict yet counts as not killed."""
    equivalent = {row["mutant"]: row["reason"] for row in TARGETS["equivalent"]}
    _say("| 模块 | 变异总数 | 抽 | 杀死 | 存活 | 其中等价 | 未定 | 得分 | 95% 区间 |\n|---|---|---|---|---|---|---|---|---|")
    left = []
    for target in targets:
        fates = {m.key: verdicts[m.key]["fate"] for m in target.chosen if m.key in verdicts}
        alive = [m for m in target.chosen if fates.get(m.key) in (ALIVE, UNREACHED)]
        killed, same = len(fates) - len(alive), sum(m.key in equivalent for m in alive)
        chosen = len(target.chosen)
        counts = (target.total, chosen, killed, len(alive), same, chosen - len(fates))
        _say(f"| {target.name} | {' | '.join(map(str, counts))} | {killed / chosen:.0%} | {_interval(killed, chosen)} |")
        left += alive
    for mutant in left:
        reason = equivalent.get(mutant.key, "**不等价，未杀死**")
        _say(f"- `{mutant.path}:{mutant.line}` `{mutant.before}` → `{mutant.after}`：{reason}")


def _interval(hits: int, tried: int) -> str:
    """Return Wilson's 95 % interval of a share."""
    z2, share = 1.96**2, hits / tried
    middle, half = share + z2 / 2 / tried, 1.96 * math.sqrt(share * (1 - share) / tried + z2 / 4 / tried**2)
    return f"{max(middle - half, 0) / (1 + z2 / tried):.0%}–{(middle + half) / (1 + z2 / tried):.0%}"


if __name__ == "__main__":
    main()
