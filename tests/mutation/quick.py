"""Mutants tried in one pytest session: collected once, then a fork for each, in which a function's code or a constant is exchanged.

What dies here is dead. What lives is tried again in a fresh process (`trial.py`): code that ran on import, or whose result was kept
before the exchange, was not the mutant's.
"""

import ast
import functools
import importlib
import os
import resource
import shutil
import sys
import tempfile
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from .mutants import Mutant, mutated_tree
from .reach import QUIET

_LIVED, _KILLED, _ELSEWHERE = "lived", "killed", "elsewhere"
_ENDS = {0: _LIVED, 1: _KILLED, 2: _ELSEWHERE}
"""Exit code of a trial -> what it says; elsewhere: the changed code is nowhere that it could be exchanged."""


def quickly(root: Path, trials: Sequence[tuple[Mutant, Sequence[str]]], cpu_s: float) -> Iterator[tuple[Mutant, bool | None]]:
    """Yield each mutant and whether its tests noticed it (None: it could not be tried this way), as they are done."""
    back, forth = os.pipe()
    child = os.fork()
    if not child:
        os.close(back)
        try:
            _session(root, trials, cpu_s, forth)
        finally:
            os._exit(0)
    os.close(forth)
    with os.fdopen(back) as lines:
        for line in lines:
            number, said = line.split()
            yield trials[int(number)][0], None if said == _ELSEWHERE else said == _KILLED
    os.waitpid(child, 0)


def _session(root: Path, trials: Sequence[tuple[Mutant, Sequence[str]]], cpu_s: float, told: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    files = sorted({test.partition("::")[0] for _, tests in trials for test in tests})
    pytest.main([*QUIET, *files], plugins=[_Server(root, trials, cpu_s, told)])


class _Server:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, root: Path, trials: Sequence[tuple[Mutant, Sequence[str]]], cpu_s: float, told: int) -> None:
        self._root, self._trials, self._cpu_s, self._told = root, trials, cpu_s, told

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for number, (mutant, tests) in enumerate(self._trials):
            scratch = Path(tempfile.mkdtemp(prefix="mutant-"))
            child = os.fork()
            if not child:
                code = 2
                try:
                    resource.setrlimit(resource.RLIMIT_CPU, (int(self._cpu_s) + 1, int(self._cpu_s) + 2))
                    session.config._tmp_path_factory._basetemp = scratch  # type: ignore[attr-defined]
                    if _exchanged(self._root, mutant):
                        code = int(_notices([items[test] for test in tests if test in items]))
                finally:
                    os._exit(code)
            status = os.waitpid(child, 0)[1]
            shutil.rmtree(scratch, ignore_errors=True)
            said = _ENDS.get(os.WEXITSTATUS(status), _ELSEWHERE) if os.WIFEXITED(status) else _ELSEWHERE
            os.write(self._told, f"{number} {said}\n".encode())
        return True


def _notices(items: Sequence[pytest.Item]) -> bool:
    for item, following in zip(items, [*items[1:], None], strict=True):
        if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
            return True
    return False


def _exchanged(root: Path, mutant: Mutant) -> bool:
    """Give the function around a mutant the mutated code, or a constant its other value; False where nothing live has it."""
    module = importlib.import_module(mutant.path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
    source = (root / mutant.path).read_text(encoding="utf-8")
    tree = mutated_tree(source, mutant.order)
    for name, value in list(vars(module).items()):
        if hasattr(value, "py_func"):  # machine code of numba: one mutant is sooner run as it is written than compiled
            setattr(module, name, value.py_func)
    if not mutant.function:
        return _reassigned(module, tree, mutant)
    code = compile(tree, str(root / mutant.path), "exec")
    holder: object = module
    for name in mutant.function.split("."):
        found = [part for part in code.co_consts if isinstance(part, types.CodeType) and part.co_name == name]
        live = vars(holder).get(name)
        if live is None:
            return False
        if isinstance(live, type):
            holder, code = live, found[0]
            continue
        function = _function_of(live)
        same = [part for part in found if function is not None and part.co_firstlineno == function.__code__.co_firstlineno]
        if function is None or len(same) != 1 or same[0].co_freevars != function.__code__.co_freevars:
            return False
        function.__code__ = same[0]
        for cache in _caches():
            cache.cache_clear()
        return True
    return False


def _reassigned(module: types.ModuleType, tree: ast.Module, mutant: Mutant) -> bool:
    """Run the changed assignment again in its module; what others imported from it, or took as a default, stays as it was."""
    at = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= mutant.line <= (node.end_lineno or 0)]
    if len(at) != 1:
        return False
    exec(compile(ast.Module(at, []), str(module.__file__), "exec"), vars(module))
    for cache in _caches():
        cache.cache_clear()
    return True


def _function_of(live: object) -> types.FunctionType | None:
    """Return the plain function under its decorators, None where there is none (machine code, a partial)."""
    while not isinstance(live, types.FunctionType) or hasattr(live, "__wrapped__"):
        inner = next((getattr(live, name) for name in ("__wrapped__", "__func__", "fget", "func") if hasattr(live, name)), None)
        if inner is None:
            return None
        live = inner
    return live


def _caches() -> Iterator["functools._lru_cache_wrapper[object]"]:
    for name, module in list(sys.modules.items()):
        if name.startswith("cdgis"):
            yield from (value for value in vars(module).values() if isinstance(value, functools._lru_cache_wrapper))
