"""How are kernels compiled, and where does the machine code stay between runs?

In the user's own cache folder, so that a package folder nobody may write to makes no difference; where even that
cannot be written, kernels are compiled anew in every run. No kernel uses fast-math: sums keep their order, so a
result does not depend on the machine's vector width or on the number of threads.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from cdgis import __version__

Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Return where machine code is kept: $NUMBA_CACHE_DIR, or this version's folder in the user's cache."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return Path(given)
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local")))
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    return home / "cdgis" / f"numba-{__version__}"


def is_writable(folder: Path) -> bool:
    """Return whether files can be written into `folder`, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


_CACHED = is_writable(cache_folder())
if _CACHED:
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def compiled(function: Function) -> Function:
    """Return `function` compiled on its first call, free of the interpreter lock; division follows IEEE 754."""
    return cast(Function, numba.njit(nogil=True, cache=_CACHED, error_model="numpy")(function))
