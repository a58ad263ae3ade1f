"""Choice of engine for a job, plain GEOS or compiled kernels: the same answers in different time."""

import sys
from enum import StrEnum
from importlib import import_module

COMPILED_PAYS = 20_000
"""Least size of a job (subjects, plus zone vertices / 16) for which the kernels pay, once they are loaded."""
LOADING_PAYS = 200_000
"""Least size for which loading them pays: half a second and 110 MB, in which GEOS does as much."""
_LOADER = "cdgis.core.compiled"


class Engine(StrEnum):
    """What does the arithmetic."""

    PLAIN = "plain"
    """GEOS through shapely: no start-up, and the oracle for the other."""
    COMPILED = "compiled"
    """numba kernels on flat arrays."""


def chosen_engine(asked: Engine | None = None, *, work: int) -> Engine:
    """Return the engine asked for, else the one that suits the size of the job."""
    least = COMPILED_PAYS if _LOADER in sys.modules else LOADING_PAYS
    return asked or (Engine.COMPILED if work >= least else Engine.PLAIN)


def load_kernels() -> None:
    """Load the compiled kernels, for a process that knows of many jobs to come none of which would load them alone."""
    import_module(_LOADER)
