"""Do the tests notice a wrong change in the law-bearing modules? (mutants of their syntax trees, one at a time)

    python -m tests.mutation                        # a seeded sample of each module of targets.toml, resumed where it stopped
    python -m tests.mutation --only judging --sample 200 --jobs 2
    python -m tests.mutation --seed 22 --unseen     # only mutants that no other seed drew here before, and none that is named
    python -m tests.mutation --table                # the figures as Markdown, and the survivors

A mutant runs, in a process of its own, exactly those tests that reached its line when the unchanged code was measured (`reach.py`),
up to --seconds CPU seconds of them, quick files first. Verdicts are kept in `.mutation/verdicts.json` under the mutant's key; a survivor
is tried again whenever the test files changed, a killed one stays killed (--again tries all anew). One that lived through the seconds
but not through all its tests is undecided: the next run with more seconds goes on with the tests it has not met.
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
from .quick import quickly
from .reach import Reach, reach_of
from .trial import ALIVE, KILLED, LIVED, TIMEOUT, UNCHANGED, UNREACHED, fate, start

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".mutation"
DRAWN = KEPT / "drawn.json"
"""Key of a mutant -> the seed that drew it first."""
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
    parser.add_argument("--unseen", action="store_true", help="draw only what no other seed drew before, and nothing that is named")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8, help="CPU seconds of tests spent on one mutant")
    parser.add_argument("--quick", action="store_true", help="only the first pass: what lives is not tried in a fresh process yet")
    parser.add_argument("--again", action="store_true", help="forget earlier verdicts")
    parser.add_argument("--table", action="store_true", help="print the table and end")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(TARGETS["modules"])
    drawn = json.loads(DRAWN.read_text(encoding="utf-8")) if DRAWN.exists() else {}
    targets = [_target(name, asked.sample, asked.seed, drawn if asked.unseen else None) for name in names]
    KEPT.mkdir(exist_ok=True)
    drawn = {m.key: asked.seed for target in targets for m in target.chosen} | drawn
    DRAWN.write_text(json.dumps(drawn, ensure_ascii=False, indent=0), encoding="utf-8")
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
                book.write_text(json.dumps(verdicts, ensure_ascii=False, indent=0), encoding="utf-8")
    _print_table(targets, verdicts)


def _paths(name: str) -> list[str]:
    left = set(TARGETS["left"])
    place = ROOT / "cdgis" / name
    files = [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*.py"))
    return [path for file in files if (path := file.relative_to(ROOT).as_posix()) not in left]


def _target(name: str, sample: int, seed: int, drawn: dict[str, int] | None) -> Target:
    """Return the named mutants of a row and a seeded sample, or all where there are no more; given who drew which, only a sample of the others."""
    mutants = [m for path in _paths(name) for m in mutants_of(path, (ROOT / path).read_text(encoding="utf-8"))]
    named = [m for m in mutants if m.key in TARGETS["named"]]
    left = mutants if drawn is None else [m for m in mutants if m not in named and drawn.get(m.key, seed) == seed]
    chosen = left if len(left) <= sample else random.Random(f"{seed} {name}").sample(left, sample)
    return Target(name, len(mutants), list(dict.fromkeys([*(named if drawn is None else ()), *chosen])))


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
    todo: dict[str, tuple[Mutant, list[str]]] = {}
    for mutant in target.chosen:
        tests = _tests_for(mutant, reach, seconds)
        known = verdicts.get(mutant.key)
        if known and (known["fate"] in (KILLED, TIMEOUT) or (known["fate"] == ALIVE and known["tests"] == _mark_of(tests, reach))):
            continue
        if tests:
            todo[mutant.key] = mutant, tests
        else:
            _decide(verdicts, mutant, UNREACHED, "", "")
            yield
    marks = {key: _mark_of(tests, reach) for key, (_, tests) in todo.items()}
    fresh = [(mutant, _not_passed(mutant, tests, reach, verdicts)) for mutant, tests in todo.values()]
    for mutant, noticed in quickly(ROOT, [(mutant, tests) for mutant, tests in fresh if tests], 3 * seconds + 15):
        if noticed is not None:
            _decide(verdicts, mutant, KILLED if noticed else LIVED, marks[mutant.key], "at once", seconds)
            yield
    if quick:
        return
    running: dict[int, tuple[Mutant, float]] = {}

    def finish() -> None:
        child, status, used = os.wait4(-1, 0)
        mutant, started = running.pop(child)
        spent = f"{used.ru_utime + used.ru_stime:5.1f} s CPU {time.perf_counter() - started:5.1f} s"
        whole = len(todo[mutant.key][1]) == len(_tests_for(mutant, reach, math.inf))
        end = fate(status)
        _decide(verdicts, mutant, LIVED if end == ALIVE and not whole else end, marks[mutant.key], spent, seconds)

    for key, (mutant, tests) in todo.items():
        if verdicts.get(key, {}).get("fate") == KILLED:
            continue
        while len(running) >= jobs:
            finish()
            yield
        running[start(ROOT, mutant.path, mutant.order, tests, 3 * seconds + 15)] = (mutant, time.perf_counter())
    while running:
        finish()
        yield


def _decide(verdicts: dict[str, dict[str, str]], mutant: Mutant, end: str, mark: str, spent: str, seconds: float = 0) -> None:
    verdicts[mutant.key] = {"fate": end, "tests": mark, "line": str(mutant.line), "seconds": f"{seconds:g}"}
    _say(f"{end:9} {spent}  {mutant.path}:{mutant.line} {mutant.before} -> {mutant.after}")


def _not_passed(mutant: Mutant, tests: list[str], reach: Reach, verdicts: dict[str, dict[str, str]]) -> list[str]:
    """Return the tests without those that an earlier, shorter trial of the same tests let pass."""
    known = verdicts.get(mutant.key, {})
    if known.get("fate") != LIVED:
        return tests
    passed = _tests_for(mutant, reach, float(known["seconds"]))
    return [test for test in tests if test not in passed] if _mark_of(passed, reach) == known["tests"] else tests


def _mark_of(tests: list[str], reach: Reach) -> str:
    """Return a mark of the tests and of their files: with another mark a survivor deserves another trial."""
    files = sorted({test.partition("::")[0] for test in tests})
    return hashlib.sha256(" ".join([*tests, *(reach.marks[file] for file in files)]).encode()).hexdigest()[:12]


def _tests_for(mutant: Mutant, reach: Reach, seconds: float) -> list[str]:
    """Return the tests to run, those of a file that share dear fixtures together, the cheapest first, until the seconds are spent."""
    hit = reach.of_lines(mutant.path, range(mutant.line, mutant.last_line + 1))
    whole = {f"tests/test_{stem}.py" for stem in TARGETS["compiled"].get(mutant.path, ())}
    hit |= {test for test in reach.seconds if test.partition("::")[0] in whole}
    if not hit and mutant.on_import:  # it was not seen running while a test did
        hit = reach.of_module(mutant.path)
    together: defaultdict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for test in sorted(hit):
        together[test.partition("::")[0], frozenset(reach.shared.get(test, ()))].append(test)
    first_s = {key: sum(reach.shared.get(tests[0], {}).values()) for key, tests in together.items()}
    chosen: list[str] = []
    spent = 0.0
    for key, tests in sorted(together.items(), key=lambda item: first_s[item[0]] + sum(reach.seconds[test] for test in item[1])):
        spent += first_s[key]
        for test in sorted(tests, key=lambda test: (reach.seconds[test], test)):
            if spent <= seconds or not chosen:
                chosen.append(test)
                spent += reach.seconds[test]
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _print_table(targets: list[Target], verdicts: dict[str, dict[str, str]]) -> None:
    """Print score and survivors of each row as Markdown: killed of those that are no equivalents; the undecided are not killed."""
    keys = {m.key for target in targets for m in target.chosen}  # a key written with … at its end stands for all that begin so
    rows = [(row["mutant"], row["reason"]) for row in TARGETS["equivalent"]]
    equivalent = {key: why for name, why in rows for key in keys if key == name or (name[-1] == "…" and key.startswith(name[:-1]))}
    _say("| 模块 | 变异总数 | 抽 | 杀死 | 等价 | 存活 | 未定 | 得分 | 95% 区间 |\n|---|---|---|---|---|---|---|---|---|")
    left = []
    for target in targets:
        fates = {m.key: verdicts[m.key]["fate"] for m in target.chosen if verdicts.get(m.key, {"fate": LIVED})["fate"] != LIVED}
        alive = [m for m in target.chosen if fates.get(m.key) in (ALIVE, UNREACHED)]
        open_ = [m for m in target.chosen if m.key not in fates]
        same = sum(m.key in equivalent for m in (*alive, *open_))
        killed, counted = len(fates) - len(alive), len(target.chosen) - same
        undecided = sum(m.key not in equivalent for m in open_)
        counts = (target.total, len(target.chosen), killed, same, counted - killed - undecided, undecided)
        _say(f"| {target.name} | {' | '.join(map(str, counts))} | {killed / counted:.0%} | {_interval(killed, counted)} |")
        left += [*alive, *open_]
    for mutant in left:
        reason = equivalent.get(mutant.key, "**未杀死**")
        _say(f"- `{mutant.path}:{mutant.line}` `{mutant.before}` → `{mutant.after}`：{reason}")


def _interval(hits: int, tried: int) -> str:
    """Return Wilson's 95 % interval of a share."""
    z2, share = 1.96**2, hits / tried
    middle, half = share + z2 / 2 / tried, 1.96 * math.sqrt(share * (1 - share) / tried + z2 / 4 / tried**2)
    return f"{max(middle - half, 0) / (1 + z2 / tried):.0%}–{(middle + half) / (1 + z2 / tried):.0%}"


if __name__ == "__main__":
    main()
