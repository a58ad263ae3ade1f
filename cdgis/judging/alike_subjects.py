"""Subjects of whom every rule says the same, put together: rules are asked of one of each kind.

Five thousand parcels of one file lie in some hundreds of combinations of zones. What a rule says but for distances rests on
what is declared, on which zones are hit, on coverage, on slivers, and on the few answers that are asked of everybody because
they rest on numbers: buffers and sizes. Who agrees in all of them, byte by byte, is of one kind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.judging.facts import Alike
from cdgis.judging.hits import Hits
from cdgis.judging.kleene import TRUE
from cdgis.judging.rule_outcomes import Place

Cells = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Kinds:
    """Subjects of whom every rule says the same, put together, numbered as they first stand."""

    first: IntArray
    """The first subject of each kind."""
    which: IntArray
    """Of which kind each subject is."""

    @classmethod
    def of(cls, cells: Iterable[Cells], hits: Hits) -> "Kinds":
        """Return who agrees in all `cells`, a value a subject, and in what is hit."""
        beside = hits.of_each()
        columns = [np.ascontiguousarray(column[:, np.newaxis]).view(np.int8) for column in cells]
        text = np.hstack([np.zeros((len(beside), 1), dtype=np.int8), *columns]).tobytes()
        width = len(text) // max(1, len(beside))
        kinds: dict[bytes, int] = {}
        which = [
            kinds.setdefault(text[at * width : at * width + width] + hit, len(kinds)) for at, hit in enumerate(beside)
        ]
        number = np.array(which, dtype=np.int64)
        return cls(np.unique(number, return_index=True)[1], number)

    def alike(self, whole: Alike) -> Alike:
        """Return which kinds declare the same, of subjects of which `whole` says so."""
        return Alike(keys=whole.keys, which=whole.which[self.first], first=np.searchsorted(self.first, whole.first))


def cells_of_flags(flags: Iterable[BoolArray]) -> Iterator[Cells]:
    """Yield those flags that tell anybody apart."""
    return (flag for flag in flags if flag.any() and not flag.all())


def cells_of_place(place: Place) -> Iterator[Cells]:
    """Yield what a place says of each subject: yes, open or no, what is lacking, and the zones named where it says yes."""
    yield place.geometry
    if place.lacking is not None:
        yield place.lacking.code
    yield cells_of_texts(place.zone_ids, place.geometry == TRUE)


def cells_of_texts(texts: TextArray, said: BoolArray) -> Cells:
    """Return the texts by number, 0 where they are not said."""
    cells = np.zeros(len(texts), dtype=np.int32)
    cells[said] = pd.factorize(texts[said])[0] + 1
    return cells
