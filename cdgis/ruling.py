"""Does each rule apply to each subject? Scope ∧ geometry ∧ conditions in Kleene's logic (DESIGN 4.5), all subjects at once.

Beside yes, no and unknown a ruling holds how far the subject would have to move for the answer to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis import kleene
from cdgis.facts import Facts, missing_information, rule_applies_but_for_geometry
from cdgis.frames import Measurement, Nearest
from cdgis.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.model import LIST_SEPARATOR, Scope, State
from cdgis.rulebook import Rule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

GAP_RULE, DISAGREEMENT_RULE, SLIVER_RULE = "ZU-04", "ZU-05", "TOL-01"
"""Rules the judge itself finds (data/rules/engine.toml)."""
UNIT_LAYER = "management_units"
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
    zone_ids: TextArray


class Hits:
    """The overlaps that count, ready to be asked by scope."""

    def __init__(self, hits: pd.DataFrame, size: int) -> None:
        self._size = size
        self._by_layer = {str(layer): rows.reset_index(drop=True) for layer, rows in hits.groupby("layer", sort=True)}

    def of(self, scope: Scope) -> tuple[BoolArray, FloatArray, TextArray]:
        """Return which subjects hit the scope, how deep, and the ids of the zones they hit, joined."""
        hit, depth = np.zeros(self._size, dtype=bool), np.zeros(self._size)
        zones = np.full(self._size, "", dtype=object)
        rows = self._by_layer.get(scope.layer)
        if rows is not None and scope.zone_classes:
            rows = rows[rows["zone_class"].isin(scope.zone_classes)]
        if rows is not None and scope.zone_ids:
            rows = rows[rows["zone_id"].isin(scope.zone_ids)]
        if rows is not None and len(rows):
            subject = rows["subject"].to_numpy(dtype=np.int64)
            hit[subject] = True
            np.maximum.at(depth, subject, rows["depth_m"].to_numpy(dtype=float))
            joined = rows.groupby("subject", sort=True)["zone_id"].agg(LIST_SEPARATOR.join)
            zones[joined.index.to_numpy(dtype=np.int64)] = joined.to_numpy(dtype=object)
        return hit, depth, zones


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
            distance = np.nan_to_num(_threshold_m(rule, facts), nan=0.0)
            reach[rule.layer] = np.maximum(reach.get(rule.layer, np.zeros(facts.size)), distance)
    return reach


def evaluate_rule(rule: Rule, facts: Facts, geometry: bool | None) -> Outcome:
    """Return what `rule` says of the single subject in `facts`, its geometry test being decided by the caller."""
    rest = rule_applies_but_for_geometry(rule, facts)
    value = kleene.all_of(rest, kleene.constant(geometry, facts.size))
    return Outcome(state=state_of(rule, value)[0], missing=tuple(missing_of(rule, facts, value)[0].split()))


def apply_rule(rule: Rule, facts: Facts, measurement: Measurement, hits: Hits) -> Ruling:
    """Return what one rule says of every subject, geometry included."""
    rest = rule_applies_but_for_geometry(rule, facts)
    size = facts.size
    if rule.geometry == "none":
        geometry = kleene.constant(True, size)
        return Ruling(
            rule=rule, geometry=geometry, rest=rest, value=rest, depth_m=np.full(size, np.inf),
            distance_m=np.full(size, np.nan), zone_ids=np.full(size, "", dtype=object),
        )  # fmt: skip
    nearest = measurement.nearest.get(scope_of(rule), _nowhere(size))
    hit, depth, zones = hits.of(scope_of(rule))
    if rule.geometry == "within":
        threshold = _threshold_m(rule, facts)
        distance = np.where(hit, 0.0, nearest.distance_m)
        with np.errstate(invalid="ignore"):
            near = hit | (distance <= threshold)
        zones = np.where(near & ~hit, nearest.zone_id, zones)
        undecided = np.isnan(threshold)
        margin = np.abs(distance - threshold)
        depth, distance, hit = margin, margin, near
    else:
        distance, undecided = nearest.distance_m, np.zeros(size, dtype=bool)
    blind = measurement.uncovered.get(rule.layer, np.ones(size, dtype=bool))
    geometry = kleene.of(hit, blind | undecided)
    return Ruling(
        rule=rule, geometry=geometry, rest=rest, value=kleene.all_of(rest, geometry),
        depth_m=depth, distance_m=distance, zone_ids=zones,
    )  # fmt: skip


def _threshold_m(rule: Rule, facts: Facts) -> FloatArray:
    if rule.distance_attribute:
        return facts.number(rule.distance_attribute)
    return np.full(facts.size, np.nan if rule.distance_m is None else rule.distance_m)


def _nowhere(size: int) -> Nearest:
    return Nearest(distance_m=np.full(size, np.nan), zone_id=np.full(size, "", dtype=object))


def engine_rulings(
    engine: Mapping[str, Rule], results: Sequence[Ruling], facts: Facts, measurement: Measurement
) -> list[Ruling]:
    """Return the rulings no zone file holds: no unit hit, unit and element layers disagree, slivers."""
    size = facts.size
    units = measurement.hits[measurement.hits["layer"] == UNIT_LAYER]
    in_unit = np.isin(np.arange(size), units["subject"].to_numpy(dtype=np.int64))
    unseen = measurement.uncovered.get(UNIT_LAYER, np.ones(size, dtype=bool))
    strict = units[units["zone_class"] == STRICT_UNIT_CLASS]["subject"].to_numpy(dtype=np.int64)
    forbidden = np.zeros(size, dtype=bool)
    for result in results:
        if result.rule.effect.rank == 3 and result.rule.geometry == "hit" and result.rule.layer != UNIT_LAYER:
            forbidden |= (result.value == TRUE) & (not result.rule.manual)
    sliver_layers = _joined_layers(measurement.slivers, size)
    values = {
        GAP_RULE: (kleene.of(np.zeros(size, dtype=bool), ~in_unit | unseen), np.full(size, "", dtype=object)),
        DISAGREEMENT_RULE: (
            kleene.of(forbidden & in_unit & ~np.isin(np.arange(size), strict)),
            np.full(size, "", dtype=object),
        ),
        SLIVER_RULE: (kleene.of(sliver_layers != ""), sliver_layers),
    }
    return [
        Ruling(
            rule=engine[name], geometry=value, rest=kleene.constant(True, size), value=value,
            depth_m=np.full(size, np.inf), distance_m=np.full(size, np.nan), zone_ids=zones,
        )
        for name, (value, zones) in values.items()
        if name in engine
    ]  # fmt: skip


def _joined_layers(flags: Mapping[str, BoolArray], size: int) -> TextArray:
    joined = np.full(size, "", dtype=object)
    for layer, flag in flags.items():
        joined[flag] = [f"{text}{LIST_SEPARATOR}{layer}".lstrip(LIST_SEPARATOR) for text in joined[flag]]
    return joined


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
    for name, answer in missing_information(rule, facts):
        where = (value == UNKNOWN) & (answer == UNKNOWN)
        missing[where] = [f"{text} {name}".strip() for text in missing[where]]
    return missing
