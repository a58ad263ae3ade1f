"""Three-valued logic on arrays: false 0, unknown 1, true 2, so AND is the minimum and OR the maximum."""

from functools import reduce

import numpy as np
import numpy.typing as npt

Kleene = npt.NDArray[np.int8]

FALSE, UNKNOWN, TRUE = np.int8(0), np.int8(1), np.int8(2)
VALUES: dict[bool | None, np.int8] = {False: FALSE, None: UNKNOWN, True: TRUE}


def constant(value: bool | None, size: int) -> Kleene:
    """Return `size` times one value; None is unknown."""
    return np.full(size, VALUES[value], dtype=np.int8)


def of(true: npt.NDArray[np.bool_], unknown: npt.NDArray[np.bool_] | None = None) -> Kleene:
    """Return TRUE where `true`, else UNKNOWN where `unknown`, else FALSE."""
    out = np.where(true, TRUE, FALSE)
    return (out if unknown is None else np.where(unknown & ~true, UNKNOWN, out)).astype(np.int8)


def all_of(*values: Kleene) -> Kleene:
    """Return the conjunction: one false makes it false, whatever else is missing."""
    return reduce(np.minimum, values)


def any_of(*values: Kleene) -> Kleene:
    """Return the disjunction."""
    return reduce(np.maximum, values)


def negate(value: Kleene) -> Kleene:
    """Return the negation; unknown stays unknown."""
    return (TRUE - value).astype(np.int8)
