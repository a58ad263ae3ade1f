"""Which test reaches which line of the mutated modules, and how long it takes; kept by test file and sources in `.mutation/`."""

import contextlib
import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

QUIET = (
    "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--no-summary", "-m", "not slow and not browser",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reach:
    """What the tests of the chosen files reach."""

    tests: Mapping[tuple[str, int], frozenset[str]]
    """Module and line -> node ids of the tests that ran the line."""
    seconds: Mapping[str, float]
    """Node id -> CPU seconds of its own set-up and call, measured under coverage."""
    shared: Mapping[str, Mapping[str, float]]
    """Node id -> fixtures it shares with other tests that take long, and their CPU seconds: whoever is chosen first pays."""
    marks: Mapping[str, str]
    """Test file -> a mark of its contents."""

    def of_lines(self, path: str, lines: Iterable[int]) -> frozenset[str]:
        """Return the tests that ran one of the lines."""
        return frozenset().union(*(self.tests.get((path, line), frozenset()) for line in lines))

    def of_module(self, path: str) -> frozenset[str]:
        """Return the tests that ran any line of the module."""
        return frozenset().union(*(tests for (module, _), tests in self.tests.items() if module == path))


_DEAR_S = 0.3
"""What a shared fixture costs before it is worth keeping the tests that need it together."""


class _Watch:
    """Tells coverage whose lines are running, and takes the time."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._fixtures: dict[str, float] = {}
        self._uses: dict[str, list[str]] = {}

    def shared(self) -> dict[str, dict[str, float]]:
        """Return the dear shared fixtures of each test."""
        dear = {name: cost for name, cost in self._fixtures.items() if cost > _DEAR_S}
        return {test: found for test, used in self._uses.items() if (found := {name: dear[name] for name in used if name in dear})}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Function):
        self._measured.switch_context(item.nodeid)
        before, started = sum(self._fixtures.values()), time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - started - (sum(self._fixtures.values()) - before)
        self._uses[item.nodeid] = [_key(found[-1]) for found in item._fixtureinfo.name2fixturedefs.values()]
        self._measured.switch_context("")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest):
        started = time.process_time()
        result = yield
        if fixturedef.scope != "function":
            self._fixtures[_key(fixturedef)] = self._fixtures.get(_key(fixturedef), 0.0) + time.process_time() - started
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _key(fixture: "pytest.FixtureDef[object]") -> str:
    return f"{fixture.baseid}::{fixture.argname}"


def reach_of(root: Path, kept: Path, files: Iterable[str], modules: list[str], jobs: int) -> Reach:
    """Return the reach of the test files, measuring those not measured yet as they and the modules stand now."""
    sources = hashlib.sha256(b"".join((root / path).read_bytes() for path in modules)).hexdigest()
    kept.mkdir(parents=True, exist_ok=True)
    stored, marks = {}, {}
    for file in files:
        marks[file] = mark = hashlib.sha256((root / file).read_bytes() + sources.encode()).hexdigest()[:15]
        stored[file] = kept / f"{Path(file).stem}-{mark}.json"
    running: set[int] = set()
    for file, target in stored.items():
        if target.exists():
            continue
        while len(running) >= jobs:
            running.discard(os.wait()[0])
        child = os.fork()
        if not child:
            _measure(root, file, modules, target)
            os._exit(0)
        running.add(child)
    while running:
        running.discard(os.wait()[0])
    tests: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    seconds: dict[str, float] = {}
    shared: dict[str, dict[str, float]] = {}
    for target in stored.values():
        row = json.loads(target.read_text(encoding="utf-8"))
        failed = set(row["failed"])  # red on the unchanged code: it can tell nothing
        seconds |= {test: spent for test, spent in row["seconds"].items() if test not in failed}
        shared |= row["shared"]
        for path, lines in row["lines"].items():
            for line, names in lines.items():
                tests[path, int(line)].update(set(names) - failed)
    return Reach({place: frozenset(names) for place, names in tests.items()}, seconds, shared, marks)


def _measure(root: Path, file: str, modules: list[str], target: Path) -> None:
    measured = coverage.Coverage(data_file=None, include=[str(root / path) for path in modules], config_file=False)
    watch = _Watch(measured)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        measured.start()
        pytest.main([*QUIET, "--basetemp", str(target.with_suffix(".tmp")), file], plugins=[watch])
        measured.stop()
    data = measured.get_data()
    lines = {
        str(Path(path).relative_to(root).as_posix()): {
            line: [name for name in names if name] for line, names in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }
    target.write_text(
        json.dumps({"seconds": watch.seconds, "shared": watch.shared(), "lines": lines, "failed": watch.failed}, ensure_ascii=False),
        encoding="utf-8",
    )
