"""Compilation of inner loops and the cache of their machine code; the only module that imports numba.

Importing numba takes about half a second and a first compilation some seconds, so nothing here may be imported
at start-up: modules with kernels import this one, and callers import *those* inside the function that has
decided that the job is large enough to pay for it. The plain path gives the same tables.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba

Taken = ParamSpec("Taken")
Given = TypeVar("Given")


def kernel(function: Callable[Taken, Given]) -> Callable[Taken, Given]:
    """Return `function` as machine code that is made on its first call and runs without the GIL.

    Notes
    -----
    The code is kept beside the source, or in the user's cache folder where the package folder is read-only
    (numba's own order), or only in memory where neither can be written. numba notices a changed file but not
    a changed callee in another file: code older than any source beside its own is made anew, so kernels that call
    one another live in one folder.

    IEEE arithmetic is kept (no fastmath), so results do not depend on the processor or the number of threads.
    """
    return _kept(function)


def inlined(function: Callable[Taken, Given]) -> Callable[Taken, Given]:
    """Return `function` as a piece of the kernels that call it: put into their code, its references to arrays not counted.

    Notes
    -----
    The caller keeps the arrays alive; such a piece must neither make an array nor return one. Counting references, and calls
    of a few operations each, took up to half the time of a kernel that goes from box to box.
    """
    return _kept(function, forceinline=True, _nrt=False)


def _kept(function: Callable[Taken, Given], **options: bool) -> Callable[Taken, Given]:
    try:
        made: Any = _compiled(function, cache=True, **options)
    except RuntimeError:  # numba found no folder it may write to
        return _compiled(function, cache=False, **options)
    _forget_older(Path(made.stats.cache_path), Path(function.__code__.co_filename).parent)
    return made  # type: ignore[no-any-return]


@cache
def _forget_older(kept: Path, sources: Path) -> None:
    """Remove the indices of machine code that are older than the newest source; a source dated in the future tells nothing."""
    changed = [source.stat().st_mtime_ns for source in sources.glob("*.py")]
    newest = max((moment for moment in changed if moment <= time.time_ns()), default=0)
    for index in kept.glob("*.nbi"):
        with suppress(OSError):  # another process may be first
            if index.stat().st_mtime_ns < newest:
                index.unlink()


def _compiled(function: Callable[Taken, Given], **options: bool) -> Callable[Taken, Given]:
    # Older numba has no annotations, newer ones that mypy cannot match to ParamSpec.
    compile_with: Callable[..., Callable[..., Callable[Taken, Given]]] = numba.njit
    return compile_with(nogil=True, error_model="numpy", **options)(function)
