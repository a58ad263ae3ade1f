"""One mutant against its tests, in a forked process that imports the changed module instead of the file's."""

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

import pytest

from .mutants import mutated_tree
from .reach import QUIET

UNCHANGED = -1
"""Number of the change that changes nothing: its trial must come out alive."""
KILLED, ALIVE, TIMEOUT, UNREACHED, LIVED = "killed", "alive", "timeout", "unreached", "lived"
"""LIVED: through the tests it was given, and there are more."""


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, order: int) -> None:
        super().__init__(name, path)
        self._order = order

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        tree = ast.parse(source) if self._order == UNCHANGED else mutated_tree(source, self._order)
        return compile(tree, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, path: Path, order: int) -> None:
        self._name, self._path, self._order = name, path, order

    def find_spec(self, fullname, path, target=None):
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=_Loader(fullname, str(self._path), self._order))


class _Chosen:
    """Keeps only the chosen tests, the quick files first."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._tests = frozenset(tests)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._tests]


def start(root: Path, path: str, order: int, tests: Sequence[str], cpu_s: float) -> int:
    """Fork a process that runs the tests on the mutant; return its process id. Its end says what became of it: `fate`."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        code = _run(root, path, order, tests)
    finally:
        os._exit(code)


def _run(root: Path, path: str, order: int, tests: Sequence[str]) -> int:
    name = path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, root / path, order))
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    scratch = Path(tempfile.mkdtemp(prefix="mutant-"))
    os.environ["NUMBA_CACHE_DIR"] = str(scratch / "numba")
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(scratch / "numba")
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            return int(pytest.main([*QUIET, "-x", "--basetemp", str(scratch / "t"), *files], plugins=[_Chosen(tests)]))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def fate(status: int) -> str:
    """Return what a finished process says of its mutant: pytest's 0 is alive, a signal is a limit reached."""
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else KILLED
    return ALIVE if os.WEXITSTATUS(status) == 0 else KILLED
