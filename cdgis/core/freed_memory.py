"""Memory that was freed, given back to the system between two stages of a long job."""

import ctypes
import gc
import sys
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT, _MOST = 1 << 30, 1 << 25
"""More the library does not take as the size from which memory comes from the system."""


def share_one_pool() -> None:
    """Let threads started from now on share one pool of freed memory: glibc keeps up to eight a core, each with its own leftovers."""
    limit = _of_glibc("mallopt")
    if limit is not None:
        limit(_ARENA_MAX, 1)


def keep_freed() -> None:
    """Let the C library (glibc) keep what is freed, up to a gigabyte: the next part of a batch wants as much, and new pages are slow."""
    limit = _of_glibc("mallopt")
    if limit is not None:
        limit(_MMAP_THRESHOLD, _MOST)
        limit(_TRIM_THRESHOLD, _KEPT)


def give_back(*, look: bool = False) -> None:
    """Give back what was freed where the C library keeps it (glibc): the next stage's objects are of other sizes.

    Parameters
    ----------
    look : for what only refers to itself first, a fifth of a second's work after a city was judged.
    """
    if look:
        gc.collect()
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Any:
    """Return a function of the C library; None where it has none, or is another's than Linux's."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
