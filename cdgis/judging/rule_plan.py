"""The rules in force made ready to be asked of many subjects at once.

A rule's answer is the lesser of two: what it says but for geometry, and what its place says. A thousand rules have some two
hundred of the first and three hundred of the second, so each is found once; which places anybody touches is an index
look-up (`cdgis.judging.rulings`).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.core.vocabulary import Evidence
from cdgis.judging.engine_rulings import UNIT_LAYER
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import MEASURES, Alike, Facts
from cdgis.judging.hits import Key, keys_of, scope_of
from cdgis.judging.kleene import Kleene
from cdgis.judging.rule_outcomes import grey_rules, is_grey, open_facts
from cdgis.rules import Rule
from cdgis.rules.attributes import SEEN
from cdgis.rules.succession import Succession, succession, successors_of

_KEPT_PLANS = 4
_KEPT_ANSWERS = 4096
Columns = dict[str, "np.ndarray[Any, Any]"]


def columns_of(rules: Sequence[Rule]) -> Columns:
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
    listed_units: frozenset[str]
    columns: Columns
    elements: BoolArray
    """Rules that forbid by a zone of an element layer."""
    sized: BoolArray
    """Bearers whose answer may depend on how large a subject is."""
    asked: frozenset[str]
    """Attributes that some answer but for geometry may depend on; whatever else is declared tells nobody apart."""
    weighing: tuple[Rule, ...]
    """Rules whose open questions may depend on how large a subject is."""
    _known: dict[object, Kleene] = field(default_factory=dict, init=False, repr=False)
    _open: dict[tuple[int, object], str] = field(default_factory=dict, init=False, repr=False)
    _told: dict[str, tuple[dict[str, int], npt.NDArray[np.int32]]] = field(default_factory=dict, init=False, repr=False)

    def told(self, name: str, text_of: Callable[[Rule], str]) -> tuple[dict[str, int], npt.NDArray[np.int32]]:
        """Return the distinct texts of a column, by number, and which of them stands beside each rule; remembered by its name."""
        if name not in self._told:
            number: dict[str, int] = {}
            which = [number.setdefault(text_of(rule), len(number)) for rule in self.rules]
            self._told[name] = number, np.array(which, dtype=np.int32)
        return self._told[name]

    def but_for_geometry(self, facts: Facts, alike: Alike | None = None) -> Kleene:
        """Return what each bearer says of each subject but for geometry.

        What does not depend on size is asked once of subjects of whom the same is said, and remembered.
        """
        alike = alike or facts.alike(self.asked)
        known = dict(self._known)
        new = [number for number, key in enumerate(alike.keys) if key not in known]
        if new:
            answers = self._asked(~self.sized, facts.at(alike.first[new]))
            known |= {alike.keys[number]: answer for number, answer in zip(new, answers.T, strict=True)}
            if len(self._known) + len(new) > _KEPT_ANSWERS:
                self._known.clear()
            self._known.update((alike.keys[number], known[alike.keys[number]]) for number in new[:_KEPT_ANSWERS])
        found = np.empty((len(self.bearers), facts.size), dtype=np.int8)
        kept = np.array([known[key] for key in alike.keys], dtype=np.int8).reshape(len(alike.keys), int((~self.sized).sum())).T
        found[~self.sized] = kept[:, alike.which]
        found[self.sized] = self.answers_on_size(facts)
        return found

    def answers_on_size(self, facts: Facts) -> Kleene:
        """Return what the bearers say that ask how large a subject is."""
        return self._asked(self.sized, facts)

    def open_facts(self, bearer: int, facts: Facts, alike: Alike) -> TextArray:
        """Return what each group of `alike` would have to supply for a bearer that asks nothing of size; remembered.

        `facts` are those on the groups' first subjects.
        """
        if len(self._open) > _KEPT_ANSWERS:
            self._open.clear()
        texts = [self._open.get((bearer, key)) for key in alike.keys]
        if None in texts:
            texts = open_facts(self.bearers[bearer], facts).tolist()
            self._open.update(((bearer, key), text) for key, text in zip(alike.keys, texts, strict=True))
        return np.array(texts, dtype=object)

    def _asked(self, which: BoolArray, facts: Facts) -> Kleene:
        asked = [rule_applies_but_for_geometry(self.bearers[at], facts, self.book) for at in np.flatnonzero(which).tolist()]
        return rows_of(asked, facts.size)

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
        book, columns = succession(in_force), columns_of(rules)
        engine = {rule.id: rule for rule in in_force if rule.geometry == "engine"}
        elements = [rule.geometry == "hit" and rule.layer != UNIT_LAYER for rule in rules]
        return cls(
            columns=columns, elements=(columns["rank"] == 3) & ~columns["manual"] & np.array(elements, dtype=bool),
            sized=np.array([not _asked_by(rules[first], book).isdisjoint(MEASURES) for first in bearers], dtype=bool),
            asked=frozenset().union(*(_asked_by(rule, book) for rule in (*(rules[first] for first in bearers), *engine.values()))),
            weighing=tuple(
                rule for rule in (*(rules[first] for first in bearers), *engine.values()) if not _asked_by(rule, book).isdisjoint(MEASURES)
            ),
            rules=rules, engine=engine, book=book,
            bearers=tuple(rules[first] for first in bearers), bearing=bearing,
            lookers=tuple(rules[first] for first in lookers), looking=looking, by_key=by_key,
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


def _asked_by(rule: Rule, book: Succession) -> frozenset[str]:
    """Return the attributes that a rule's answer but for geometry may depend on, or that of one that takes over what it lets go."""
    heirs = [heir for exemption in rule.unless for heir in successors_of(rule, exemption, book)]
    asked = [c for one in (rule, *heirs) for c in (*one.conditions, *([one.or_declared] if one.or_declared else []))]
    asked += [c for exemption in rule.unless for c in exemption.conditions]
    names = {"activity", *(c.attribute for c in asked), *(one.industry_flag for one in (rule, *heirs) if one.industry_flag)}
    return frozenset(names | {name + SEEN for name in names})


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


def rows_of(values: Sequence[Kleene | BoolArray], size: int) -> Kleene:
    """Return values of `size` subjects each as the rows of a matrix, also where there are none."""
    rows: npt.NDArray[np.int8] = np.array(values, dtype=np.int8).reshape(len(values), size)
    return rows
