"""Compilation of inner loops and the cache of their machine code; the only module that imports numba.

Importing numba takes about half a second and a first compilation some seconds, so nothing here may be imported
at start-up: modules with kernels import this one, and callers import *those* inside the function that has
decided that the job is large enough to pay for it. The plain path gives the same tables.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

Taken = ParamSpec("Taken")
Given = TypeVar("Given")


def kernel(function: Callable[Taken, Given]) -> Callable[Taken, Given]:
    """Return `function` as machine code that is made on its first call and runs without the GIL.

    Notes
    -----
    The code is kept beside the source, or in the user's cache folder where the package folder is read-only
    (numba's own order), or only in memory where neither can be written. numba notices a changed file but not
    a changed callee in another file: kernels that call one another live in one module.

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
        return _compiled(function, cache=True, **options)
    except RuntimeError:  # numba found no folder it may write to
        return _compiled(function, cache=False, **options)


def _compiled(function: Callable[Taken, Given], **options: bool) -> Callable[Taken, Given]:
    # Older numba has no annotations, newer ones that mypy cannot match to ParamSpec.
    compile_with: Callable[..., Callable[..., Callable[Taken, Given]]] = numba.njit
    return compile_with(nogil=True, error_model="numpy", **options)(function)
