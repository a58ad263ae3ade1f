"""Choice of engine for a job, plain GEOS or compiled kernels: the same answers in different time."""

from enum import StrEnum

COMPILED_PAYS = 20_000
"""Least size of a job (subjects, plus zone vertices / 16) for which loading the kernels, or compiling them, pays."""


class Engine(StrEnum):
    """What does the arithmetic."""

    PLAIN = "plain"
    """GEOS through shapely: no start-up, and the oracle for the other."""
    COMPILED = "compiled"
    """numba kernels on flat arrays."""


def chosen_engine(asked: Engine | None = None, *, work: int) -> Engine:
    """Return the engine asked for, else the one that suits the size of the job."""
    return asked or (Engine.COMPILED if work >= COMPILED_PAYS else Engine.PLAIN)
