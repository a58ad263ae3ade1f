"""Outcome of each rule for each subject: scope ∧ geometry ∧ conditions in Kleene's logic (DESIGN 4.5).

Beside yes, no and unknown a ruling holds how far the subject would have to move for the answer to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.core import layer_ids
from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation, Scope, State
from cdgis.judging import kleene
from cdgis.judging.exemptions import claimed, rule_applies_but_for_geometry, unbelieved
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.judging.measurement import Measurement, Nearest
from cdgis.rules import Rule
from cdgis.rules.succession import Succession

GAP_RULE, DISAGREEMENT_RULE, UNLISTED_RULE, SLIVER_RULE, CLAIM_RULE = "ZU-04", "ZU-05", "ZU-07", "TOL-01", "ACT-01"
PLACE_RULE, PLACE_CONFLICT = "LOC-01", "place_conflict"
"""Rules the judge itself finds (data/rules/engine.toml)."""
COVERAGE, CLASS, ACCESS_LIST = "图层覆盖", "区类别", "准入清单"
"""What a workspace, not an applicant, has to supply before a rule can be decided."""
UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
STRICT_UNIT_CLASS = "优先保护"


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
    depth_m: FloatArray
    """How far the subject would have to move for the rule to let go; inf without geometry."""
    distance_m: FloatArray
    """How far it would have to move for the rule to catch it; NaN when it cannot."""
    nearest: Nearest | None = None
    """Where given, `distance_m` is only the least it can be, and this learns what it is."""
    zone_ids: TextArray
    lacking: TextArray | None = None
    """What is missing where geometry is unknown: an attribute, or one of COVERAGE, CLASS, ACCESS_LIST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerHits:
    """One layer's overlaps that count, found by class and by zone: hundreds of rules ask, each for a zone or two."""

    subject: IntArray
    depth_m: FloatArray
    zone_id: TextArray
    by_class: Mapping[str, IntArray]
    by_zone: Mapping[str, IntArray]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_LayerHits":
        """Index one layer's rows of the table of hits."""
        rows = rows.reset_index(drop=True)
        return cls(
            subject=rows["subject"].to_numpy(dtype=np.int64), depth_m=rows["depth_m"].to_numpy(dtype=float),
            zone_id=rows["zone_id"].to_numpy(dtype=object), by_class=_places(rows["zone_class"]),
            by_zone=_places(rows["zone_id"]),
        )  # fmt: skip

    def rows(self, scope: Scope) -> IntArray:
        """Return the positions of the rows in scope, in the table's order."""
        found = np.arange(len(self.subject))
        for wanted, held in ((scope.zone_ids, self.by_zone), (scope.zone_classes, self.by_class)):
            if wanted:
                places = [held[name] for name in dict.fromkeys(wanted) if name in held]
                found = np.intersect1d(found, np.concatenate(places)) if places else found[:0]
        return found


def _places(column: pd.Series) -> dict[str, IntArray]:
    return {str(name): np.asarray(places, dtype=np.int64) for name, places in column.groupby(column).indices.items()}


class Hits:
    """The overlaps that count, ready to be asked by scope."""

    def __init__(
        self, hits: pd.DataFrame, size: int, unknown_classes: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        """Take the measured hits.

        Parameters
        ----------
        unknown_classes : layer -> classes no rule can place (`cdgis.rules.unknown_classes`).
        """
        self._size = size
        self._unknown = {layer: classes for layer, classes in (unknown_classes or {}).items() if classes}
        self._by_layer = {str(layer): _LayerHits.of(rows) for layer, rows in hits.groupby("layer", sort=True)}

    def of(self, scope: Scope) -> tuple[BoolArray, FloatArray, TextArray]:
        """Return which subjects hit the scope, how deep, and the ids of the zones they hit, joined."""
        hit, depth = np.zeros(self._size, dtype=bool), np.zeros(self._size)
        zones = np.full(self._size, "", dtype=object)
        layer = self._by_layer.get(scope.layer)
        rows = layer.rows(scope) if layer else ()
        if layer and len(rows):
            subject = layer.subject[rows]
            hit[subject] = True
            np.maximum.at(depth, subject, layer.depth_m[rows])
            zones[subject] = layer.zone_id[rows]
            several = pd.Series(layer.zone_id[rows], index=subject)
            several = several[several.index.duplicated(keep=False)]
            if len(several):  # a grouping costs far more than the rest, and most lie in one zone of a scope
                joined = several.groupby(level=0, sort=True).agg(LIST_SEPARATOR.join)
                zones[joined.index.to_numpy(dtype=np.int64)] = joined.to_numpy(dtype=object)
        return hit, depth, zones

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


def scope_of(rule: Rule) -> Scope:
    """Return the zones a rule looks at."""
    return Scope(rule.layer, rule.zone_classes, rule.zone_ids)


def scopes_of(rules: Sequence[Rule]) -> tuple[Scope, ...]:
    """Return the distinct scopes whose nearest zones the judge needs."""
    return tuple(dict.fromkeys(scope_of(rule) for rule in rules if rule.geometry in ("hit", "within")))


def reach_by_layer(rules: Sequence[Rule], facts: Facts) -> dict[str, FloatArray]:
    """Return, per layer, how near an unhit zone must lie to be listed: the widest buffer any rule asks for."""
    reach: dict[str, FloatArray] = {}
    for rule in rules:
        if rule.geometry == "within":
            distance = np.nan_to_num(buffer_m(rule, facts), nan=0.0)
            reach[rule.layer] = np.maximum(reach.get(rule.layer, np.zeros(facts.size)), distance)
    return reach


def evaluate_rule(rule: Rule, facts: Facts, geometry: bool | None, book: Succession) -> Outcome:
    """Return what `rule` says of the single subject in `facts`, its geometry test being decided by the caller."""
    rest = rule_applies_but_for_geometry(rule, facts, book)
    value = kleene.all_of(rest, kleene.constant(geometry, facts.size))
    return Outcome(state=state_of(rule, value)[0], missing=tuple(missing_of(rule, facts, value)[0].split()))


def apply_rule(rule: Rule, facts: Facts, measurement: Measurement, hits: Hits, book: Succession) -> Ruling:
    """Return what one rule says of every subject, geometry included; `book` holds the rules in force."""
    rest = rule_applies_but_for_geometry(rule, facts, book)
    size = facts.size
    if rule.geometry == "none":
        geometry = kleene.constant(True, size)
        return Ruling(
            rule=rule, geometry=geometry, rest=rest, value=rest, depth_m=np.full(size, np.inf),
            distance_m=np.full(size, np.nan), zone_ids=np.full(size, "", dtype=object),
        )  # fmt: skip
    nearest = measurement.nearest.get(scope_of(rule), Nearest.nowhere(size))
    hit, depth, zones = hits.of(scope_of(rule))
    later: Nearest | None = None
    distance_of_zones = nearest.at_least_m
    if rule.geometry == "within":
        threshold = buffer_m(rule, facts)
        distance = np.where(hit, 0.0, nearest.distance_m)
        distance_of_zones = distance
        with np.errstate(invalid="ignore"):
            near = hit | (distance <= threshold)
        zones = np.where(near & ~hit, nearest.zone_id, zones)
        undecided = np.isnan(threshold)
        margin = np.abs(distance - threshold)
        depth, distance, hit = margin, margin, near
    else:
        distance, later, undecided = nearest.at_least_m, nearest, np.zeros(size, dtype=bool)
    blind, doubtful = measurement.uncovered.get(rule.layer, np.ones(size, dtype=bool)), hits.doubtful(rule)
    if hits.strange(rule):
        anywhere = measurement.nearest.get(Scope(rule.layer), Nearest.nowhere(size)).distance_m
        distance, later = np.fmin(distance if later is None else nearest.distance_m, anywhere), None
    geometry = kleene.of(hit, blind | undecided | doubtful)
    if _is_grey(rule):
        geometry = kleene.of(_in_grey_band(rule, distance_of_zones, geometry))
    lacking = np.where(undecided, rule.distance_attribute, np.where(doubtful, CLASS, "")).astype(object)
    lacking[blind] = COVERAGE
    return Ruling(
        rule=rule, geometry=geometry, rest=rest, value=kleene.all_of(rest, geometry),
        depth_m=depth, distance_m=distance, nearest=later, zone_ids=zones, lacking=lacking,
    )  # fmt: skip


def grey_rules(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return, for each rule that is certain only up to a distance, the part of it that a person decides farther off."""
    certain = (rule for rule in rules if rule.certain_m is not None and not rule.manual)
    return tuple(rule.model_copy(update={"manual": True}) for rule in certain)


def _is_grey(rule: Rule) -> bool:
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


def engine_rulings(
    engine: Mapping[str, Rule], results: Sequence[Ruling], facts: Facts, measurement: Measurement
) -> list[Ruling]:
    """Return the rulings no zone file holds: no unit hit, unit and element layers disagree, a doubtful place, slivers."""
    size = facts.size
    units = measurement.hits[measurement.hits["layer"] == UNIT_LAYER]
    in_unit = np.isin(np.arange(size), units["subject"].to_numpy(dtype=np.int64))
    unseen = measurement.uncovered.get(UNIT_LAYER, np.ones(size, dtype=bool))
    strict = units[units["zone_class"] == STRICT_UNIT_CLASS]["subject"].to_numpy(dtype=np.int64)
    nothing = np.full(size, "", dtype=object)
    values = {
        GAP_RULE: (kleene.of(np.zeros(size, dtype=bool), ~in_unit | unseen), nothing, COVERAGE),
        DISAGREEMENT_RULE: (
            kleene.of(_forbidden(results, size) & in_unit & ~np.isin(np.arange(size), strict)), nothing, "",
        ),
        UNLISTED_RULE: (*_unlisted(units, results, size), ACCESS_LIST),
        CLAIM_RULE: (unbelieved(facts), nothing, "industry"),
        PLACE_RULE: (kleene.of(np.zeros(size, dtype=bool), facts.text(PLACE_CONFLICT) != ""), nothing, PLACE_CONFLICT),
    }  # fmt: skip
    found = [_engine_ruling(engine[name], *ruling) for name, ruling in values.items() if name in engine]
    return found + (_slivers(engine[SLIVER_RULE], measurement) if SLIVER_RULE in engine else [])


def _engine_ruling(rule: Rule, value: Kleene, zones: TextArray, lacking: str = "") -> Ruling:
    size = len(value)
    return Ruling(
        rule=rule, geometry=value, rest=kleene.constant(True, size), value=value, depth_m=np.full(size, np.inf),
        distance_m=np.full(size, np.nan), zone_ids=zones, lacking=np.full(size, lacking, dtype=object),
    )  # fmt: skip


def _forbidden(results: Sequence[Ruling], size: int) -> BoolArray:
    """Return whom a zone of an element layer forbids."""
    forbidden = np.zeros(size, dtype=bool)
    for result in results:
        if result.rule.effect.rank == 3 and result.rule.geometry == "hit" and result.rule.layer != UNIT_LAYER:
            forbidden |= (result.value == TRUE) & (not result.rule.manual)
    return forbidden


def _unlisted(units: pd.DataFrame, results: Sequence[Ruling], size: int) -> tuple[Kleene, TextArray]:
    """Return who lies in a unit of which no clause is known, and the ids of those units, joined."""
    listed = {zone_id for r in results if r.rule.layer == UNIT_LAYER for zone_id in r.rule.zone_ids}
    rows = units[~units["zone_id"].isin(listed)]
    zones = np.full(size, "", dtype=object)
    joined = rows.groupby("subject", sort=True)["zone_id"].agg(LIST_SEPARATOR.join)
    zones[joined.index.to_numpy(dtype=np.int64)] = joined.to_numpy(dtype=object)
    return kleene.of(np.zeros(size, dtype=bool), zones != ""), zones


def _slivers(rule: Rule, measurement: Measurement) -> list[Ruling]:
    """Return one ruling a layer in which anybody has a sliver, so that layer and zones are named."""
    size = len(measurement.subject_ids)
    position = {subject_id: place for place, subject_id in enumerate(measurement.subject_ids)}
    rows = measurement.overlaps[measurement.overlaps["relation"] == str(Relation.SLIVER)]
    found = []
    for layer, part in rows.groupby("layer", sort=True):
        zones = np.full(size, "", dtype=object)
        for subject_id, ids in part.groupby("subject_id", sort=True)["zone_id"]:
            zones[position[subject_id]] = LIST_SEPARATOR.join(sorted(set(ids)))
        here = rule.model_copy(update={"layer": str(layer)})
        found.append(_engine_ruling(here, kleene.of(zones != ""), zones))
    return found


def state_of(rule: Rule, value: Kleene) -> TextArray:
    """Return the state printed for each Kleene value; what no machine can decide is manual unless it is false."""
    words = np.array([State.NOT_APPLICABLE, State.UNKNOWN, State.APPLIES], dtype=object)[value]
    if rule.manual:
        words[value != FALSE] = State.MANUAL
    return words


def missing_of(rule: Rule, facts: Facts, value: Kleene) -> TextArray:
    """Return what each undecided subject would have to supply, separated by blanks."""
    missing = np.full(facts.size, "", dtype=object)
    if not (value == UNKNOWN).any():
        return missing
    beliefs = [("industry", claimed(exemption, facts)) for exemption in rule.unless]
    for name, answer in (*missing_information(rule, facts), *beliefs):
        where = np.flatnonzero((value == UNKNOWN) & (answer == UNKNOWN))
        missing[where] = [" ".join(dict.fromkeys((*text.split(), name))) for text in missing[where]]
    return missing
