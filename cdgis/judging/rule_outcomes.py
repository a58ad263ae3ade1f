"""Outcome of each rule for each subject: scope ∧ geometry ∧ conditions in Kleene's logic (DESIGN 4.5).

Beside yes, no and unknown a ruling holds how far the subject would have to move for the answer to change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import Scope, State
from cdgis.judging import kleene
from cdgis.judging.exemptions import claimed, rule_applies_but_for_geometry
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.hits import Hits, scope_of
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
    distance_m: FloatArray | None
    """How far it would have to move for the rule to catch it; NaN when it cannot; None where `nearest` alone tells."""
    nearest: Nearest | None = None
    """Where given, `distance_m` is only the least it can be, and this learns what it is."""
    zone_ids: TextArray
    lacking: "Lacking | None" = None
    """What is missing where geometry is unknown: an attribute, or one of COVERAGE, CLASS, ACCESS_LIST."""

    def at_least_of(self, subjects: IntArray) -> FloatArray:
        """Return how far at least some subjects would have to move for the rule to catch them."""
        if self.distance_m is not None:
            return self.distance_m[subjects]
        return np.full(len(subjects), np.nan) if self.nearest is None else self.nearest.at_least_of(subjects)


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
