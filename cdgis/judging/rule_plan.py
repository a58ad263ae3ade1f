"""The rules in force made ready to be asked of many subjects at once, and what all of them say.

A rule's answer is the lesser of two: what it says but for geometry, and what its place says. A thousand rules have some two
hundred of the first and three hundred of the second, so each is found once; which places anybody touches is an index
look-up. The answers are matrices, a row a rule and a column a subject; the rest of a ruling is made for the rows in use.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import BoolArray, IntArray
from cdgis.core.vocabulary import Evidence
from cdgis.judging.engine_rulings import UNIT_LAYER, engine_rulings
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import MEASURES, Facts
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.judging.measurement import Measurement
from cdgis.judging.rule_outcomes import (
    Hits,
    Key,
    Place,
    Ruling,
    grey_rules,
    is_grey,
    keys_of,
    place_of,
    ruling_of,
    scope_of,
)
from cdgis.rules import Rule
from cdgis.rules.succession import Succession, succession, successors_of

_KEPT_PLANS = 4
_KEPT_ANSWERS = 4096
Columns = dict[str, "np.ndarray[Any, Any]"]


def _columns(rules: Sequence[Rule]) -> Columns:
    """Return what is asked of all rules together, a value a rule."""
    kinds: dict[str, tuple[Any, list[Any]]] = {
        "id": (object, [rule.id for rule in rules]),
        "rank": (np.int8, [rule.effect.rank for rule in rules]),
        "manual": (bool, [rule.manual for rule in rules]),
        "by_id": (bool, [bool(rule.zone_ids) for rule in rules]),
        "zoned": (bool, [rule.geometry in ("hit", "within") for rule in rules]),
        "read": (bool, [rule.mark.is_read for rule in rules]),
        "example": (bool, [rule.mark is Evidence.EXAMPLE for rule in rules]),
    }
    return {name: np.array(values, dtype=kind) for name, (kind, values) in kinds.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """Rules in force, which of them share an answer, and where their places are found."""

    rules: tuple[Rule, ...]
    """But those the judge itself finds."""
    engine: dict[str, Rule]
    book: Succession
    bearers: tuple[Rule, ...]
    """One rule for each answer but for geometry."""
    bearing: IntArray
    """Which of them speaks for a rule."""
    lookers: tuple[Rule, ...]
    """One rule for each place."""
    looking: IntArray
    by_key: dict[Key, tuple[int, ...]]
    """What is hit -> the places that may lie there; only rules on hits."""
    always: tuple[int, ...]
    """Places looked at whoever is hit: distances and rules without geometry."""
    listed_units: frozenset[str]
    columns: Columns
    elements: BoolArray
    """Rules that forbid by a zone of an element layer."""
    sized: BoolArray
    """Bearers whose answer may depend on how large a subject is."""
    _known: dict[object, Kleene] = field(default_factory=dict, init=False, repr=False)

    def but_for_geometry(self, facts: Facts) -> Kleene:
        """Return what each bearer says of each subject but for geometry.

        What does not depend on size is asked once of subjects of whom the same is said, and remembered.
        """
        names = sorted(facts.attributes)
        said = zip(facts.kind, facts.industry, facts.project_type, facts.activity, *(facts.attributes[n] for n in names), strict=True)
        rows: dict[object, int] = {}
        place = np.array([rows.setdefault(row, len(rows)) for row in said], dtype=np.int64)
        keys = [(*names, row) for row in rows]
        known = dict(self._known)
        new = np.flatnonzero([key not in known for key in keys])
        if len(new):
            answers = self._asked(~self.sized, facts.at(np.unique(place, return_index=True)[1][new]))
            known |= {keys[number]: answer for number, answer in zip(new.tolist(), answers.T, strict=True)}
            if len(self._known) + len(new) > _KEPT_ANSWERS:
                self._known.clear()
            self._known.update((keys[number], known[keys[number]]) for number in new.tolist()[:_KEPT_ANSWERS])
        found = np.empty((len(self.bearers), facts.size), dtype=np.int8)
        found[~self.sized] = np.array([known[key] for key in keys], dtype=np.int8).reshape(len(keys), -1).T[:, place]
        found[self.sized] = self._asked(self.sized, facts)
        return found

    def _asked(self, which: BoolArray, facts: Facts) -> Kleene:
        asked = [rule_applies_but_for_geometry(self.bearers[at], facts, self.book) for at in np.flatnonzero(which).tolist()]
        return _rows(asked, facts.size)

    @classmethod
    def of(cls, in_force: Sequence[Rule]) -> "RulePlan":
        """Return the plan of the rules of one day."""
        rules = tuple(rule for rule in (*in_force, *grey_rules(in_force)) if rule.geometry != "engine")
        bearers, bearing = _first_of([_bearing(rule) for rule in rules])
        lookers, looking = _first_of([_looking(rule) for rule in rules])
        by_key: dict[Key, tuple[int, ...]] = {}
        for number, first in enumerate(lookers):
            if rules[first].geometry == "hit":
                for key in keys_of(scope_of(rules[first])):
                    by_key[key] = (*by_key.get(key, ()), number)
        book, columns = succession(in_force), _columns(rules)
        elements = [rule.geometry == "hit" and rule.layer != UNIT_LAYER for rule in rules]
        return cls(
            columns=columns, elements=(columns["rank"] == 3) & ~columns["manual"] & np.array(elements, dtype=bool),
            sized=np.array([_asks_of_size(rules[first], book) for first in bearers], dtype=bool),
            rules=rules, engine={rule.id: rule for rule in in_force if rule.geometry == "engine"}, book=book,
            bearers=tuple(rules[first] for first in bearers), bearing=bearing,
            lookers=tuple(rules[first] for first in lookers), looking=looking, by_key=by_key,
            always=tuple(number for number, first in enumerate(lookers) if rules[first].geometry != "hit"),
            listed_units=frozenset(zone for rule in rules if rule.layer == UNIT_LAYER for zone in rule.zone_ids),
        )  # fmt: skip


def _first_of(keys: Sequence[object]) -> tuple[list[int], IntArray]:
    """Return where each distinct key first stands, and for every key which of the distinct ones it is."""
    number: dict[object, int] = {}
    which = [number.setdefault(key, len(number)) for key in keys]
    return [which.index(place) for place in range(len(number))], np.array(which, dtype=np.int64)


def _bearing(rule: Rule) -> object:
    # who takes over what an exemption lets go depends on the rule it is an exemption of
    own = rule.id if any(exemption.successors for exemption in rule.unless) else ""
    return (
        own, rule.subject_kinds, rule.project_types, rule.activities, rule.industry_prefixes, rule.industry_flag,
        rule.or_declared, rule.conditions, rule.unless,
    )  # fmt: skip


def _asks_of_size(rule: Rule, book: Succession) -> bool:
    """Return whether a rule, or one that takes over what it lets go, has a condition on area or length."""
    heirs = [heir for exemption in rule.unless for heir in successors_of(rule, exemption, book)]
    asked = [c for one in (rule, *heirs) for c in (*one.conditions, *([one.or_declared] if one.or_declared else []))]
    asked += [c for exemption in rule.unless for c in exemption.conditions]
    return any(condition.attribute in MEASURES for condition in asked)


def _looking(rule: Rule) -> object:
    if rule.geometry != "within":
        return rule.geometry, scope_of(rule)
    return scope_of(rule), rule.distance_attribute, rule.reach_m, is_grey(rule) and (rule.distance_m,)


_plans: OrderedDict[tuple[object, ...], tuple[Sequence[Rule], RulePlan]] = OrderedDict()


def plan_of(rules: Sequence[Rule], as_of: date) -> RulePlan:
    """Return the plan of the rules in force on a day; that of the same rule objects is kept for the next subjects."""
    key = (as_of, *map(id, rules))
    known = _plans.get(key)
    if known is None:  # the rules are kept with it, so no other object can have their identity meanwhile
        known = tuple(rules), RulePlan.of([rule for rule in rules if rule.in_force(as_of)])
        _plans[key] = known
        while len(_plans) > _KEPT_PLANS:
            _plans.popitem(last=False)
    return known[1]


class Rulings:
    """What all rules, the judge's own last, say of all subjects: a row a rule, a column a subject."""

    def __init__(self, plan: RulePlan, facts: Facts, measurement: Measurement, hits: Hits) -> None:
        """Ask every rule of `plan` about the subjects of `facts` and `measurement`."""
        self._plan, self._asked = plan, (facts, measurement, hits)
        self._places: dict[int, Place] = {}
        rest, geometry = plan.but_for_geometry(facts)[plan.bearing], self._geometry()[plan.looking]
        value = np.minimum(rest, geometry)
        forbidden = (value[plan.elements] == TRUE).any(axis=0)
        self._own = engine_rulings(plan.engine, forbidden, plan.listed_units, facts, measurement)
        own = _rows([ruling.value for ruling in self._own], facts.size)
        self.rules = (*plan.rules, *(ruling.rule for ruling in self._own))
        columns = _columns([ruling.rule for ruling in self._own])
        self.columns: Columns = {name: np.concatenate([values, columns[name]]) for name, values in plan.columns.items()}
        self.rank, self.manual = self.columns["rank"], self.columns["manual"]
        self.deciding: BoolArray = (self.rank > 0) & ~self.manual
        """Which rules count in a verdict."""
        self.rest = np.concatenate([rest, np.full_like(own, TRUE)])
        self.geometry, self.value = np.concatenate([geometry, own]), np.concatenate([value, own])
        self.named: BoolArray = (self.geometry == UNKNOWN) & self.columns["by_id"][:, np.newaxis]
        """Where a zone's own clause is silent, because no zone is known at all: ZU-04 says it once instead."""

    def _geometry(self) -> Kleene:
        """Return what each place says: one that nobody is near is unknown where its layer covers nobody, else no."""
        facts, measurement, hits = self._asked
        everybody = np.ones(facts.size, dtype=bool)
        blind = [measurement.uncovered.get(rule.layer, everybody) for rule in self._plan.lookers]
        geometry = np.array(blind, dtype=np.int8).reshape(len(blind), facts.size)
        met = {number for key in hits.keys for number in self._plan.by_key.get(key, ())}
        strange = {number for number, rule in enumerate(self._plan.lookers) if hits.strange(rule)}
        for number in {*self._plan.always, *met, *strange}:
            geometry[number] = self._place(number).geometry
        return geometry

    def _place(self, number: int) -> Place:
        if number not in self._places:
            self._places[number] = place_of(self._plan.lookers[number], *self._asked)
        return self._places[number]

    def __getitem__(self, number: int) -> Ruling:
        """Return one rule's whole ruling."""
        if number >= len(self._plan.rules):
            return self._own[number - len(self._plan.rules)]
        return ruling_of(self.rules[number], self.rest[number], self._place(int(self._plan.looking[number])))

    def listed(self) -> BoolArray:
        """Return whose answer is listed: every yes, open or manual one, and no where the zone is hit all the same."""
        beside = (self.value == FALSE) & (self.geometry == TRUE) & self.columns["zoned"][:, np.newaxis]
        return np.asarray((self.value == TRUE) | ((self.value == UNKNOWN) & ~self.named) | beside)


def _rows(values: Sequence[Kleene], size: int) -> Kleene:
    rows: npt.NDArray[np.int8] = np.array(values, dtype=np.int8).reshape(len(values), size)
    return rows
