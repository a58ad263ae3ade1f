"""Choice of engine for a job, plain GEOS or compiled kernels: the same answers in different time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

VARIABLE = "CDGIS_ENGINE"
"""Environment variable that chooses the engine for a whole process and those it starts."""
COMPILED_PAYS = 20_000
"""Least size of a job (subjects, plus zone vertices / 16) for which loading the kernels, or compiling them, pays."""


class Engine(StrEnum):
    """What does the arithmetic."""

    PLAIN = "plain"
    """GEOS through shapely: no start-up, and the oracle for the other."""
    COMPILED = "compiled"
    """numba kernels on flat arrays."""


def chosen_engine(asked: Engine | None = None, *, work: int) -> Engine:
    """Return the engine asked for, else that of $CDGIS_ENGINE, else the one that suits the size of the job."""
    named = asked or os.environ.get(VARIABLE, "")
    if named in tuple(Engine):
        return Engine(named)
    return Engine.COMPILED if work >= COMPILED_PAYS else Engine.PLAIN


@contextmanager
def engine_of_process(engine: Engine | None) -> Iterator[None]:
    """Make `engine` that of this process and of those it starts within the block; None leaves the choice as it is.

    The environment is as before when the block ends, however it ends.
    """
    before = os.environ.get(VARIABLE)
    if engine is not None:
        os.environ[VARIABLE] = str(engine)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
