"""Mixed-integer programs, solved by HiGHS: by gap and number of nodes, never by time, so that the same program ends alike."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Where the solver ended."""

    x: FloatArray
    bound: float
    """No solution can be lower than this."""
    nodes: int


def minimise(
    cost: FloatArray,
    rows: tuple[object, FloatArray, FloatArray],
    bounds: tuple[FloatArray | float, FloatArray | float],
    *,
    whole: BoolArray,
    gap: float = 0.0,
    nodes: int | None = None,
) -> Solution:
    """Return x with the least cost·x such that low <= matrix·x <= high and the bounds hold.

    Parameters
    ----------
    rows : matrix (dense or sparse), low, high.
    whole : which of x are whole numbers.
    gap : relative, at which the search ends; `nodes` ends it earlier.

    Raises
    ------
    RuntimeError : the solver found no solution.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    options: dict[str, object] = {"mip_rel_gap": gap, "presolve": True}
    if nodes is not None:
        options["node_limit"] = nodes
    with _quiet():
        found = milp(
            cost, integrality=whole.astype(int), bounds=Bounds(*bounds), constraints=LinearConstraint(*rows), options=options
        )
    if found.x is None:
        raise RuntimeError(f"HiGHS: {found.message}")
    bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
    return Solution(x=np.asarray(found.x), bound=float(bound), nodes=int(found.mip_node_count or 0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep HiGHS off the standard output: some versions print a line of their own debugging there, whatever is asked."""
    try:
        kept = os.dup(1)
    except OSError:  # a program without a console has nothing to keep clean
        yield
        return
    if sys.stdout is not None:
        sys.stdout.flush()
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
