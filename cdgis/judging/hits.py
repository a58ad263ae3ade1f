"""The overlaps that count, ready to be asked by scope."""

from collections.abc import Iterator, Mapping
from copy import copy
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Scope
from cdgis.judging.measurement import Numbers
from cdgis.rules import Rule

Key = tuple[str, str, str]
"""A layer, and in it all zones ("", ""), those of a class ("class", name), or one ("id", id)."""
_NO_ROWS = np.empty(0, dtype=np.int64)


class ZoneNames:
    """Zones named, by number: a row a place, a column a subject, 0 where none is."""

    def __init__(self, rows: int, size: int) -> None:
        """Begin with none."""
        self.codes = np.zeros((rows, size), dtype=np.int32)
        self.texts = [""]
        """What each number stands for."""
        self._number = {"": 0}

    def number(self, text: str) -> int:
        """Return the number of a text."""
        if text not in self._number:
            self._number[text] = len(self.texts)
            self.texts.append(text)
        return self._number[text]

    def name(self, row: int, texts: TextArray, said: BoolArray) -> None:
        """Take the texts that are said in one row."""
        code, distinct = pd.factorize(texts[said])
        self.codes[row, said] = np.array([self.number(text) for text in distinct], dtype=np.int32)[code]


class Hits:
    """The overlaps that count, ready to be asked by scope."""

    def __init__(
        self,
        hits: pd.DataFrame,
        size: int,
        unknown_classes: Mapping[str, frozenset[str]] | None = None,
        depths: Numbers | None = None,
    ) -> None:
        """Take the measured hits.

        Parameters
        ----------
        hits : with column depth_m, or, where `depths` are given, with the number each has there; column zone, the zone's
            number in its layer, spares looking at every row's words.
        unknown_classes : layer -> classes no rule can place (`cdgis.rules.unknown_classes`).
        """
        self._size = size
        self._unknown = {layer: classes for layer, classes in (unknown_classes or {}).items() if classes}
        self._depths = Numbers(len(hits), hits["depth_m"].to_numpy(dtype=float).__getitem__) if depths is None else depths
        self._subject = hits["subject"].to_numpy(dtype=np.int64)
        self._number = np.arange(len(hits)) if depths is None else hits["number"].to_numpy(dtype=np.int64)
        self._layer, layers = pd.factorize(hits["layer"].to_numpy(dtype=object))
        which, first = self._zones_met(hits)
        words = (hits[name].to_numpy(dtype=object)[first] for name in ("zone_id", "zone_class"))
        (zone, self._zone_ids), (kind, self._kinds) = (pd.factorize(cells, use_na_sentinel=False) for cells in words)
        self._zone, self._kind = zone[which], kind[which]
        self._layers, self._place_of_zone, self._place_of_kind = (
            {name: number for number, name in enumerate(names)} for names in (layers, self._zone_ids, self._kinds)
        )
        self._rows_of_layer: dict[int, IntArray] = {}

    def _zones_met(self, hits: pd.DataFrame) -> tuple[IntArray, IntArray]:
        """Return which of the zones met each row is of, and a row of each; without numbers of zones each row is of its own."""
        rows = np.arange(len(hits))
        if "zone" not in hits or not len(hits):
            return rows, rows
        zone = hits["zone"].to_numpy(dtype=np.int64)
        which, met = pd.factorize(self._layer * (zone.max() + 1) + zone)
        first = np.empty(len(met), dtype=np.int64)
        first[which[::-1]] = rows[::-1]
        return which, first

    def only(self, first: IntArray) -> "Hits":
        """Return the hits on some subjects, their positions in order, as if there were no others."""
        some, place = copy(self), np.full(self._size, -1)
        place[first] = np.arange(len(first))
        rows = np.flatnonzero(place[self._subject] >= 0)
        some._size, some._rows_of_layer, some._subject = len(first), {}, place[self._subject[rows]]
        some._number, some._layer, some._zone, some._kind = (
            column[rows] for column in (self._number, self._layer, self._zone, self._kind)
        )
        return some

    @property
    def _code(self) -> IntArray:
        """What each row hits, by number."""
        return np.asarray((self._layer * len(self._zone_ids) + self._zone) * len(self._kinds) + self._kind)

    @property
    def keys(self) -> Iterator[Key]:
        """What is hit at all: layers, and zones and classes in them."""
        code, layers = pd.unique(self._code), [*self._layers]
        zone, kind = code // max(1, len(self._kinds)), code % max(1, len(self._kinds))
        layer, zone = zone // max(1, len(self._zone_ids)), zone % max(1, len(self._zone_ids))
        for number in np.unique(layer).tolist():
            here = layer == number
            yield layers[number], "", ""
            yield from ((layers[number], "id", self._zone_ids[one]) for one in np.unique(zone[here]).tolist())
            yield from ((layers[number], "class", self._kinds[one]) for one in np.unique(kind[here]).tolist())

    def of_each(self) -> list[bytes]:
        """Return what each subject hits, in the table's order: the same bytes for the same."""
        text = self._code[in_order(self._subject)].tobytes()
        ends = np.cumsum(np.bincount(self._subject, minlength=self._size)) * np.dtype(np.int64).itemsize
        return [text[start:end] for start, end in pairwise([0, *ends.tolist()])]

    def rows_in(self, scope: Scope) -> IntArray:
        """Return the positions of the rows in scope, in the table's order."""
        layer = self._layers.get(scope.layer)
        if layer is None:
            return _NO_ROWS
        if layer not in self._rows_of_layer:
            self._rows_of_layer[layer] = np.flatnonzero(self._layer == layer)
        rows = self._rows_of_layer[layer]
        for wanted, known, code in ((scope.zone_classes, self._place_of_kind, self._kind), (scope.zone_ids, self._place_of_zone, self._zone)):
            if wanted:
                named = np.zeros(len(known), dtype=bool)
                named[[known[name] for name in wanted if name in known]] = True
                rows = rows[named[code[rows]]]
        return rows

    def subjects_in(self, scope: Scope) -> IntArray:
        """Return the subjects of the rows in scope, one as often as it hits."""
        return self._subject[self.rows_in(scope)]

    def of(self, scope: Scope) -> tuple[BoolArray, FloatArray | Numbers, TextArray]:
        """Return which subjects hit the scope, how deep, and the ids of the zones they hit, joined."""
        rows = self.rows_in(scope)
        hit, zones = np.zeros(self._size, dtype=bool), np.full(self._size, "", dtype=object)
        subject = self._subject[rows]
        is_first = _first_of_each(subject)
        hit[subject], zones[subject[is_first]] = True, self._zone_ids[self._zone[rows[is_first]]]
        for row in np.flatnonzero(~is_first).tolist():  # few subjects hit several zones
            zones[subject[row]] = f"{zones[subject[row]]}{LIST_SEPARATOR}{self._zone_ids[self._zone[rows[row]]]}"
        return hit, self.depth_in(scope), zones

    def name(self, names: ZoneNames, scopes: Mapping[int, Scope]) -> None:
        """Write down the zones each subject hits in some scopes, joined, in the rows these bear."""
        rows = [self.rows_in(scope) for scope in scopes.values()]
        place, row = np.repeat(np.array([*scopes], dtype=np.int64), [*map(len, rows)]), np.concatenate([_NO_ROWS, *rows])
        cell, zone = place * self._size + self._subject[row], self._zone[row]
        number = np.array([names.number(text) for text in self._zone_ids], dtype=np.int32)
        is_first, codes = _first_of_each(cell), names.codes.reshape(-1)
        codes[cell[is_first]] = number[zone[is_first]]
        for at, text in zip(cell[~is_first].tolist(), self._zone_ids[zone[~is_first]], strict=True):  # few hit several zones
            codes[at] = names.number(f"{names.texts[codes[at]]}{LIST_SEPARATOR}{text}")

    def depth_in(self, scope: Scope) -> Numbers:
        """Return how deep each subject lies in the zones of a scope, 0 outside, to be found when asked for."""
        return Numbers(self._size, partial(self._deepest, scope), partial(self._beneath, scope))

    def _deepest(self, scope: Scope, at: IntArray) -> FloatArray:
        """Return the depth of the deepest of the hits in a scope, for the subjects at these positions."""
        depth, mine = np.zeros(self._size), self._rows_of(scope, at)
        np.maximum.at(depth, self._subject[mine], self._depths[self._number[mine]])
        return np.asarray(depth[at])

    def _beneath(self, scope: Scope, at: IntArray) -> tuple[Numbers, IntArray]:
        """Return the depths of all hits, and which of them are those in a scope on the subjects at these positions."""
        return self._depths, self._number[self._rows_of(scope, at)]

    def _rows_of(self, scope: Scope, at: IntArray) -> IntArray:
        """Return the rows in a scope that are of the subjects at these positions."""
        if not len(at):
            return _NO_ROWS
        asked, rows = np.zeros(self._size, dtype=bool), self.rows_in(scope)
        asked[at] = True
        return np.asarray(rows[asked[self._subject[rows]]])

    def strange(self, rule: Rule) -> frozenset[str]:
        """Return the layer's classes of which nobody can say whether the rule, which names classes, means them."""
        return self._unknown.get(rule.layer, frozenset()) if rule.zone_classes else frozenset()

    def doubtful(self, rule: Rule) -> BoolArray:
        """Return which subjects lie in a zone that may or may not be of a class the rule names."""
        strange, doubtful = self.strange(rule), np.zeros(self._size, dtype=bool)
        if strange and rule.geometry == "within":
            return ~doubtful
        if strange:
            doubtful[self.subjects_in(Scope(rule.layer, tuple(strange)))] = True
        return doubtful


def in_order(values: "npt.NDArray[np.integer[Any]]") -> IntArray:
    """Return the positions of numbers from 0 up in their order, equal ones as they stand."""
    few = values.max(initial=0) <= np.iinfo(np.uint16).max  # two bytes are sorted digit by digit
    return np.argsort(values.astype(np.uint16) if few else values, kind="stable")


def _first_of_each(values: IntArray) -> BoolArray:
    """Return where each value stands for the first time."""
    if (values[1:] >= values[:-1]).all():  # most tables are in order
        return np.concatenate([values[:1] == values[:1], values[1:] > values[:-1]])
    first = np.zeros(len(values), dtype=bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def keys_of(scope: Scope) -> list[Key]:
    """Return where in `Hits.keys` the zones of a scope are found; of one that names ids and classes, its ids."""
    kind, names = ("id", scope.zone_ids) if scope.zone_ids else ("class", scope.zone_classes)
    return [(scope.layer, kind, name) for name in names] or [(scope.layer, "", "")]


def scope_of(rule: Rule) -> Scope:
    """Return the zones a rule looks at."""
    return Scope(rule.layer, rule.zone_classes, rule.zone_ids)
