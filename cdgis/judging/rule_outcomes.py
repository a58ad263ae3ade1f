"""Outcome of each rule for each subject: scope ∧ geometry ∧ conditions in Kleene's logic (DESIGN 4.5).

Beside yes, no and unknown a ruling holds how far the subject would have to move for the answer to change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Scope, State
from cdgis.judging import kleene
from cdgis.judging.exemptions import claimed, rule_applies_but_for_geometry
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.kleene import FALSE, UNKNOWN, Kleene
from cdgis.judging.measurement import Measurement, Nearest, Numbers
from cdgis.rules import Rule
from cdgis.rules.succession import Succession

PLACE_CONFLICT = "place_conflict"
"""Attribute of a subject whose coordinates and stated place disagree."""
COVERAGE, CLASS, ACCESS_LIST = "图层覆盖", "区类别", "准入清单"
"""What a workspace, not an applicant, has to supply before a rule can be decided."""
STATES = np.array([State.NOT_APPLICABLE, State.UNKNOWN, State.APPLIES], dtype=object)
"""Word printed for each Kleene value of a rule that a machine decides."""
Key = tuple[str, str, str]
"""A layer, and in it all zones ("", ""), those of a class ("class", name), or one ("id", id)."""
_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rule says of one subject."""

    state: State
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One rule over all subjects."""

    rule: Rule
    geometry: Kleene
    rest: Kleene
    """Everything but geometry."""
    value: Kleene
    depth_m: FloatArray | Numbers
    """How far the subject would have to move for the rule to let go; inf without geometry."""
    distance_m: FloatArray
    """How far it would have to move for the rule to catch it; NaN when it cannot."""
    nearest: Nearest | None = None
    """Where given, `distance_m` is only the least it can be, and this learns what it is."""
    zone_ids: TextArray
    lacking: "Lacking | None" = None
    """What is missing where geometry is unknown: an attribute, or one of COVERAGE, CLASS, ACCESS_LIST."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A few texts, and which of them says of each subject what is missing."""

    code: npt.NDArray[np.int8]
    texts: tuple[str, ...]

    def __getitem__(self, at: IntArray) -> TextArray:
        """Return the texts of the subjects at these positions."""
        return np.array(self.texts, dtype=object)[self.code[at]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How all subjects lie to the zones that some rules look at: what a ruling says of geometry."""

    geometry: Kleene
    depth_m: FloatArray | Numbers
    distance_m: FloatArray
    nearest: Nearest | None
    zone_ids: TextArray
    lacking: Lacking | None


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
        hits : with column depth_m, or, where `depths` are given, with the number each has there.
        unknown_classes : layer -> classes no rule can place (`cdgis.rules.unknown_classes`).
        """
        self._size = size
        self._unknown = {layer: classes for layer, classes in (unknown_classes or {}).items() if classes}
        self._subject = hits["subject"].to_numpy(dtype=np.int64)
        self._depths = Numbers(len(hits), hits["depth_m"].to_numpy(dtype=float).__getitem__) if depths is None else depths
        self._number = np.arange(len(hits)) if depths is None else hits["number"].to_numpy(dtype=np.int64)
        self._zone_id = hits["zone_id"].to_numpy(dtype=object)
        words = (hits[name].to_numpy(dtype=object) for name in ("layer", "zone_id", "zone_class"))
        self._rows = _rows_by_key(*words)
        self._nothing = np.zeros(size, dtype=bool), np.zeros(size), np.full(size, "", dtype=object)

    @property
    def keys(self) -> Iterable[Key]:
        """What is hit at all: layers, and zones and classes in them."""
        return self._rows

    def _in_scope(self, scope: Scope) -> IntArray:
        """Return the positions of the rows in scope, in the table's order."""
        parts = {Scope(scope.layer, scope.zone_classes), Scope(scope.layer, (), scope.zone_ids)} - {Scope(scope.layer)}
        return reduce(np.intersect1d, [self._of_any(keys_of(part)) for part in parts or (scope,)])

    def _of_any(self, keys: Sequence[Key]) -> IntArray:
        """Return the rows under some keys, in order, none twice; those under one key are."""
        found = [self._rows[key] for key in keys if key in self._rows]
        return found[0] if len(found) == 1 else np.unique(np.concatenate([_NO_ROWS, *found]))

    def of(self, scope: Scope) -> tuple[BoolArray, FloatArray | Numbers, TextArray]:
        """Return which subjects hit the scope, how deep, and the ids of the zones they hit, joined."""
        rows = self._in_scope(scope)
        if not len(rows):
            return self._nothing
        hit, zones = self._nothing[0].copy(), self._nothing[2].copy()
        depth = Numbers(self._size, partial(self._deepest, rows), partial(self._beneath, rows))
        subject = self._subject[rows]
        is_first = _first_of_each(subject)
        hit[subject], zones[subject[is_first]] = True, self._zone_id[rows[is_first]]
        for row in np.flatnonzero(~is_first).tolist():  # few subjects hit several zones
            zones[subject[row]] = f"{zones[subject[row]]}{LIST_SEPARATOR}{self._zone_id[rows[row]]}"
        return hit, depth, zones

    def _deepest(self, rows: IntArray, at: IntArray) -> FloatArray:
        """Return the depth of the deepest of some hits, for the subjects at these positions."""
        depth, mine = np.zeros(self._size), self._rows_of(rows, at)
        np.maximum.at(depth, self._subject[mine], self._depths[self._number[mine]])
        return np.asarray(depth[at])

    def _beneath(self, rows: IntArray, at: IntArray) -> tuple[Numbers, IntArray]:
        """Return the depths of all hits, and which of them are some hits' on the subjects at these positions."""
        return self._depths, self._number[self._rows_of(rows, at)]

    def _rows_of(self, rows: IntArray, at: IntArray) -> IntArray:
        """Return those of the rows that are of the subjects at these positions."""
        asked = np.zeros(self._size, dtype=bool)
        asked[at] = True
        return np.asarray(rows[asked[self._subject[rows]]])

    def strange(self, rule: Rule) -> frozenset[str]:
        """Return the layer's classes of which nobody can say whether the rule, which names classes, means them."""
        return self._unknown.get(rule.layer, frozenset()) if rule.zone_classes else frozenset()

    def doubtful(self, rule: Rule) -> BoolArray:
        """Return which subjects lie in a zone that may or may not be of a class the rule names."""
        strange = self.strange(rule)
        if not strange:
            return np.zeros(self._size, dtype=bool)
        if rule.geometry == "within":
            return np.ones(self._size, dtype=bool)
        return self.of(Scope(rule.layer, tuple(strange)))[0]


def _first_of_each(values: IntArray) -> BoolArray:
    """Return where each value stands for the first time."""
    if (values[1:] >= values[:-1]).all():  # most tables are in order
        return np.concatenate([values[:1] == values[:1], values[1:] > values[:-1]])
    first = np.zeros(len(values), dtype=bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def _rows_by_key(layer: TextArray, zone: TextArray, kind: TextArray) -> dict[Key, IntArray]:
    """Return the rows, in order, of every layer hit, and of every zone and class in it."""
    found: dict[Key, IntArray] = {}
    of_layer, layers = pd.factorize(layer)
    for word, values in (("", np.full(len(layer), "", dtype=object)), ("id", zone), ("class", kind)):
        of_value, names = pd.factorize(values, use_na_sentinel=False)
        code = of_layer * max(1, len(names)) + of_value
        order = np.argsort(code, kind="stable")
        start = np.flatnonzero(np.r_[True, np.diff(code[order]) > 0][: len(order)])
        for rows in np.split(order, start[1:]) if len(order) else ():
            found[layers[of_layer[rows[0]]], word, names[of_value[rows[0]]]] = rows
    return found


def keys_of(scope: Scope) -> list[Key]:
    """Return where in `Hits.keys` the zones of a scope are found; of one that names ids and classes, its ids."""
    kind, names = ("id", scope.zone_ids) if scope.zone_ids else ("class", scope.zone_classes)
    return [(scope.layer, kind, name) for name in names] or [(scope.layer, "", "")]


def scope_of(rule: Rule) -> Scope:
    """Return the zones a rule looks at."""
    return Scope(rule.layer, rule.zone_classes, rule.zone_ids)


def reach_by_layer(rules: Sequence[Rule], facts: Facts) -> dict[str, FloatArray]:
    """Return, per layer, how near an unhit zone must lie to be listed: the widest buffer any rule asks for."""
    within = [rule for rule in rules if rule.geometry == "within"]
    # Most buffers are the same for everybody.
    fixed = dict.fromkeys((rule.layer for rule in within), 0.0)
    for rule in (rule for rule in within if not rule.distance_attribute):
        fixed[rule.layer] = max(fixed[rule.layer], rule.reach_m or 0.0)
    reach = {layer: np.full(facts.size, widest) for layer, widest in fixed.items()}
    for rule in (rule for rule in within if rule.distance_attribute):
        reach[rule.layer] = np.maximum(reach[rule.layer], np.nan_to_num(buffer_m(rule, facts), nan=0.0))
    return reach


def evaluate_rule(rule: Rule, facts: Facts, geometry: bool | None, book: Succession) -> Outcome:
    """Return what `rule` says of the single subject in `facts`, its geometry test being decided by the caller."""
    rest = rule_applies_but_for_geometry(rule, facts, book)
    value = kleene.all_of(rest, kleene.constant(geometry, facts.size))
    missing = tuple(open_facts(rule, facts)[0].split()) if value[0] == UNKNOWN else ()
    return Outcome(state=state_of(rule, value)[0], missing=missing)


def ruling_of(rule: Rule, rest: Kleene, place: Place) -> Ruling:
    """Return what a rule says, given what it says but for geometry, and what its place says."""
    return Ruling(
        rule=rule, geometry=place.geometry, rest=rest, value=kleene.all_of(rest, place.geometry), depth_m=place.depth_m,
        distance_m=place.distance_m, nearest=place.nearest, zone_ids=place.zone_ids, lacking=place.lacking,
    )  # fmt: skip


def place_of(rule: Rule, facts: Facts, measurement: Measurement, hits: Hits) -> Place:
    """Return how every subject lies to the zones `rule` looks at."""
    size = facts.size
    if rule.geometry == "none":
        return Place(
            geometry=kleene.constant(True, size), depth_m=np.full(size, np.inf), distance_m=np.full(size, np.nan),
            nearest=None, zone_ids=np.full(size, "", dtype=object), lacking=None,
        )  # fmt: skip
    nearest = measurement.nearest.get(scope_of(rule)) or Nearest.nowhere(size)
    hit, depth, zones = hits.of(scope_of(rule))
    later: Nearest | None = nearest
    distance_of_zones, distance, undecided = nearest.at_least_m, nearest.at_least_m, np.zeros(size, dtype=bool)
    if rule.geometry == "within":
        threshold = buffer_m(rule, facts)
        # What is surely too far is measured only when somebody asks by how much.
        everybody = hits.strange(rule) or (is_grey(rule) and rule.distance_m is None)
        enough = np.fmax(threshold, np.inf if everybody else rule.distance_m or 0.0)
        asked = np.flatnonzero(~hit & ~(nearest.at_least_m > enough))
        distance_of_zones = np.where(hit, 0.0, nearest.at_least_m)
        near_by = zones.copy()
        distance_of_zones[asked], near_by[asked] = nearest.of(asked)
        with np.errstate(invalid="ignore"):
            near = hit | (distance_of_zones <= threshold)
        zones, undecided = np.where(near & ~hit, near_by, zones), np.isnan(threshold)
        margin = np.abs(distance_of_zones - threshold)
        depth, distance, hit, later = margin, margin, near, nearest.off(threshold)
    blind, doubtful = measurement.uncovered.get(rule.layer, np.ones(size, dtype=bool)), hits.doubtful(rule)
    if hits.strange(rule):
        anywhere = measurement.nearest.get(Scope(rule.layer), Nearest.nowhere(size)).distance_m
        distance, later = np.fmin(distance if rule.geometry == "within" else nearest.distance_m, anywhere), None
    geometry = kleene.of(hit, blind | undecided | doubtful)
    if is_grey(rule):
        geometry = kleene.of(_in_grey_band(rule, distance_of_zones, geometry))
    lacking = np.where(blind, 3, np.where(undecided, 2, doubtful)).astype(np.int8)
    return Place(
        geometry=geometry, depth_m=depth, distance_m=distance, nearest=later, zone_ids=zones,
        lacking=Lacking(lacking, ("", CLASS, rule.distance_attribute or "", COVERAGE)),
    )  # fmt: skip


def grey_rules(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return, for each rule that is certain only up to a distance, the part of it that a person decides farther off."""
    certain = (rule for rule in rules if rule.certain_m is not None and not rule.manual)
    return tuple(rule.model_copy(update={"manual": True}) for rule in certain)


def is_grey(rule: Rule) -> bool:
    """Return whether `rule` is the part of another that a person decides (`grey_rules`)."""
    return rule.manual and rule.certain_m is not None


def _in_grey_band(rule: Rule, distance_m: FloatArray, certain: Kleene) -> BoolArray:
    """Return who is beyond the certain distance and not beyond the outer one; an open question is asked by the rule itself."""
    outer = np.inf if rule.distance_m is None else rule.distance_m
    with np.errstate(invalid="ignore"):
        return np.asarray((certain == FALSE) & ~(distance_m > outer))


def buffer_m(rule: Rule, facts: Facts) -> FloatArray:
    """Return how far off a rule still counts zones, metres: 0 for rules on hits, NaN where nobody declared it."""
    if rule.geometry != "within":
        return np.zeros(facts.size)
    if rule.distance_attribute:
        return facts.number(rule.distance_attribute)
    return np.full(facts.size, np.nan if rule.reach_m is None else rule.reach_m)


def state_of(rule: Rule, value: Kleene) -> TextArray:
    """Return the state printed for each Kleene value; what no machine can decide is manual unless it is false."""
    words = STATES[value]
    if rule.manual:
        words[value != FALSE] = State.MANUAL
    return words


def open_facts(rule: Rule, facts: Facts) -> TextArray:
    """Return what each subject would have to supply for the rule to be decided but for geometry, separated by blanks."""
    beliefs = [("industry", claimed(exemption, facts)) for exemption in rule.unless]
    asked = [(name, answer == UNKNOWN) for name, answer in (*missing_information(rule, facts), *beliefs)]
    # a few patterns of what is open, each put in words once
    pattern = sum((np.where(is_open, 1 << bit, 0) for bit, (_, is_open) in enumerate(asked)), np.zeros(facts.size, dtype=np.int64))
    texts = np.full(facts.size, "", dtype=object)
    for code in np.unique(pattern).tolist():
        texts[pattern == code] = " ".join(dict.fromkeys(name for bit, (name, _) in enumerate(asked) if code >> bit & 1))
    return texts
