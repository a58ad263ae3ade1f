"""Which rules apply to which subject, and what follows? Overlaps × rules → findings → verdicts (DESIGN 4.4-4.6).

A rule is scope ∧ geometry ∧ conditions in Kleene's logic. With A the strictest effect that applies and U the
strictest among unknown rules, the verdict is 资料不足 (at least A's word) if U is stricter than A, else A's word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis import kleene
from cdgis.facts import Facts, missing_information, rule_applies_but_for_geometry
from cdgis.frames import Layers, Measurement, Nearest
from cdgis.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.model import LIST_SEPARATOR, Scope, Stability, State, Verdict
from cdgis.rulebook import Rule
from cdgis.schema import empty, validate

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

GAP_RULE, DISAGREEMENT_RULE, SLIVER_RULE = "ZU-04", "ZU-05", "TOL-01"
"""Rules the judge itself finds (data/rules/engine.toml)."""
UNIT_LAYER = "management_units"
STRICT_UNIT_CLASS = "优先保护"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Findings and verdicts as tables."""

    findings: pd.DataFrame
    verdicts: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rule says of one subject."""

    state: State
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _RuleResult:
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
    zone_ids: npt.NDArray[np.object_]


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
    return Outcome(state=_state(rule, value)[0], missing=tuple(_missing(rule, facts, value)[0].split()))


def judge(
    facts: Facts,
    measurement: Measurement,
    rules: Sequence[Rule],
    *,
    layers: Layers,
    accuracy_m: FloatArray,
    tolerance_m: float,
    as_of: date,
) -> Judgement:
    """Return every finding and one verdict a subject.

    Parameters
    ----------
    facts : what is known of the subjects, in the measurement's order.
    measurement : their overlaps.
    rules : rules to consider; those not in force on `as_of` are left out.
    layers : the layers measured; a rule on any other layer is unknown.
    accuracy_m : positional accuracy of each subject, metres.
    tolerance_m : a critical distance up to this (or the accuracies) makes a verdict 临界.
    """
    in_force = [rule for rule in rules if rule.in_force(as_of)]
    hits = _Hits(measurement.hits, facts.size)
    results = [_apply(rule, facts, measurement, hits) for rule in in_force if rule.geometry != "engine"]
    engine = {rule.id: rule for rule in in_force if rule.geometry == "engine"}
    results += _engine_results(engine, results, facts, measurement)
    if not facts.size:
        return Judgement(findings=empty("findings"), verdicts=empty("verdicts"))
    findings = _findings(results, facts, measurement.subject_ids)
    accuracy = {name: layer.spec.accuracy_m for name, layer in layers.items()}
    verdicts = _verdicts(results, facts, measurement, _Precision(accuracy_m, tolerance_m, accuracy))
    return Judgement(findings=findings, verdicts=verdicts)


def _threshold_m(rule: Rule, facts: Facts) -> FloatArray:
    if rule.distance_attribute:
        return facts.number(rule.distance_attribute)
    return np.full(facts.size, np.nan if rule.distance_m is None else rule.distance_m)


def _apply(rule: Rule, facts: Facts, measurement: Measurement, hits: "_Hits") -> _RuleResult:
    rest = rule_applies_but_for_geometry(rule, facts)
    size = facts.size
    if rule.geometry == "none":
        geometry = kleene.constant(True, size)
        return _RuleResult(
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
    return _RuleResult(
        rule=rule, geometry=geometry, rest=rest, value=kleene.all_of(rest, geometry),
        depth_m=depth, distance_m=distance, zone_ids=zones,
    )  # fmt: skip


def _nowhere(size: int) -> Nearest:
    return Nearest(distance_m=np.full(size, np.nan), zone_id=np.full(size, "", dtype=object))


class _Hits:
    """The overlaps that count, ready to be asked by scope."""

    def __init__(self, hits: pd.DataFrame, size: int) -> None:
        self._size = size
        self._by_layer = {str(layer): rows.reset_index(drop=True) for layer, rows in hits.groupby("layer", sort=True)}

    def of(self, scope: Scope) -> tuple[BoolArray, FloatArray, npt.NDArray[np.object_]]:
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


def _engine_results(
    engine: Mapping[str, Rule], results: Sequence[_RuleResult], facts: Facts, measurement: Measurement
) -> list[_RuleResult]:
    size = facts.size
    units = measurement.hits[measurement.hits["layer"] == UNIT_LAYER]
    in_unit = np.isin(np.arange(size), units["subject"].to_numpy(dtype=np.int64))
    strict = units[units["zone_class"] == STRICT_UNIT_CLASS]["subject"].to_numpy(dtype=np.int64)
    forbidden = np.zeros(size, dtype=bool)
    for result in results:
        if result.rule.effect.rank == 3 and result.rule.geometry == "hit" and result.rule.layer != UNIT_LAYER:
            forbidden |= (result.value == TRUE) & (not result.rule.manual)
    sliver_layers = _joined_layers(measurement.slivers, size)
    values = {
        GAP_RULE: (kleene.of(np.zeros(size, dtype=bool), ~in_unit), np.full(size, "", dtype=object)),
        DISAGREEMENT_RULE: (
            kleene.of(forbidden & in_unit & ~np.isin(np.arange(size), strict)),
            np.full(size, "", dtype=object),
        ),
        SLIVER_RULE: (kleene.of(sliver_layers != ""), sliver_layers),
    }
    return [
        _RuleResult(
            rule=engine[name], geometry=value, rest=kleene.constant(True, size), value=value,
            depth_m=np.full(size, np.inf), distance_m=np.full(size, np.nan), zone_ids=zones,
        )
        for name, (value, zones) in values.items()
        if name in engine
    ]  # fmt: skip


def _joined_layers(flags: Mapping[str, BoolArray], size: int) -> npt.NDArray[np.object_]:
    joined = np.full(size, "", dtype=object)
    for layer, flag in flags.items():
        joined[flag] = [f"{text}{LIST_SEPARATOR}{layer}".lstrip(LIST_SEPARATOR) for text in joined[flag]]
    return joined


def _state(rule: Rule, value: Kleene) -> npt.NDArray[np.object_]:
    words = np.array([State.NOT_APPLICABLE, State.UNKNOWN, State.APPLIES], dtype=object)[value]
    if rule.manual:
        words[value != FALSE] = State.MANUAL
    return words


def _missing(rule: Rule, facts: Facts, value: Kleene) -> npt.NDArray[np.object_]:
    """Return what each undecided subject would have to supply, separated by blanks."""
    missing = np.full(facts.size, "", dtype=object)
    if not (value == UNKNOWN).any():
        return missing
    for name, answer in missing_information(rule, facts):
        where = (value == UNKNOWN) & (answer == UNKNOWN)
        missing[where] = [f"{text} {name}".strip() for text in missing[where]]
    return missing


def _findings(results: Sequence[_RuleResult], facts: Facts, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    frames = [frame for result in results if len(frame := _finding_rows(result, facts, ids))]
    return validate("findings", pd.concat(frames, ignore_index=True)) if frames else empty("findings")


def _finding_rows(result: _RuleResult, facts: Facts, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    rule, value = result.rule, result.value
    # A unit's own clause is silent where no unit is known at all: ZU-04 says it once instead.
    unknown = (value == UNKNOWN) & ~((result.geometry == UNKNOWN) & bool(rule.zone_ids))
    beside = (value == FALSE) & (result.geometry == TRUE) & (rule.geometry in ("hit", "within"))
    keep = np.flatnonzero((value == TRUE) | unknown | beside)
    missing = _missing(rule, facts, value)
    blind = (result.geometry == UNKNOWN) & (value == UNKNOWN)
    missing[blind] = [f"{text} 图层覆盖".strip() for text in missing[blind]]
    return pd.DataFrame(
        {
            "subject_id": ids[keep],
            "rule_id": rule.id,
            "level": str(rule.level),
            "layer": rule.layer,
            "zone_id": result.zone_ids[keep],
            "effect": str(rule.effect),
            "state": _state(rule, value)[keep],
            "dimension": str(rule.dimension),
            "clause": rule.clause,
            "basis": rule.basis_text,
            "effective_from": rule.effective_from.isoformat(),
            "effective_to": rule.effective_to.isoformat() if rule.effective_to else "",
            "plan_measure": rule.plan_measure,
            "missing_attribute": [LIST_SEPARATOR.join(text.split()) for text in missing[keep]],
            "mark": str(rule.mark),
            "needs_review": rule.needs_review,
        }
    )


@dataclass(frozen=True, slots=True)
class _Precision:
    subject_m: FloatArray
    tolerance_m: float
    layer_m: Mapping[str, float]

    def threshold_m(self, layer: str) -> FloatArray:
        """Return the distance below which a verdict resting on `layer` is critical."""
        return np.maximum(self.subject_m, max(self.tolerance_m, self.layer_m.get(layer, 0.0)))


def _verdicts(
    results: Sequence[_RuleResult], facts: Facts, measurement: Measurement, precision: _Precision
) -> pd.DataFrame:
    deciding = [r for r in results if not r.rule.manual and r.rule.effect.rank]
    applied = _strictest(deciding, TRUE, facts.size)
    possible = _strictest(deciding, UNKNOWN, facts.size)
    undecided = possible > applied
    words = np.array([str(Verdict.of_rank(rank)) for rank in range(4)], dtype=object)
    critical_m, critical_layer, critical = _stability(deciding, applied, precision)
    for layer, flag in measurement.slivers.items():
        critical_layer[flag & ~critical] = layer
        critical |= flag
    manual = np.sum([(r.value != FALSE) for r in results if r.rule.manual], axis=0, initial=0, dtype=np.int64)
    return validate(
        "verdicts",
        pd.DataFrame(
            {
                "subject_id": measurement.subject_ids,
                "verdict": np.where(undecided, str(Verdict.UNKNOWN), words[applied]),
                "at_least": np.where(undecided, words[applied], ""),
                "decisive_rule_ids": _ids_at(deciding, TRUE, applied),
                "stability": np.where(critical, str(Stability.CRITICAL), str(Stability.STABLE)),
                "critical_distance_m": critical_m,
                "critical_layer": critical_layer,
                "unknown_rule_ids": _ids_at(deciding, UNKNOWN, None),
                "manual_count": np.broadcast_to(manual, facts.size),
            }
        ),
    )


def _strictest(results: Sequence[_RuleResult], value: np.int8, size: int) -> IntArray:
    rank = np.zeros(size, dtype=np.int64)
    for result in results:
        rank = np.where(result.value == value, np.maximum(rank, result.rule.effect.rank), rank)
    return rank


def _ids_at(results: Sequence[_RuleResult], value: np.int8, rank: IntArray | None) -> npt.NDArray[np.object_]:
    """Return the ids of the rules with `value` (and, if given, exactly the subject's `rank`), joined."""
    size = len(results[0].value) if results else 0
    joined = np.full(size, "", dtype=object)
    for result in sorted(results, key=lambda r: r.rule.id):
        keep = result.value == value
        if rank is not None:
            keep &= rank == result.rule.effect.rank
        elif result.rule.zone_ids:
            keep &= result.geometry != UNKNOWN
        joined[keep] = [f"{text}{LIST_SEPARATOR}{result.rule.id}".lstrip(LIST_SEPARATOR) for text in joined[keep]]
    return joined


def _stability(
    results: Sequence[_RuleResult], applied: IntArray, precision: _Precision
) -> tuple[FloatArray, npt.NDArray[np.object_], BoolArray]:
    """Return the critical distance (NaN if nothing could change), the layer that sets it, and who is 临界."""
    size = len(applied)
    up, up_layer = np.full(size, np.inf), np.full(size, "", dtype=object)
    down, down_layer = np.full(size, -np.inf), np.full(size, "", dtype=object)
    critical = np.zeros(size, dtype=bool)
    for result in results:
        if result.rule.geometry not in ("hit", "within", "none"):
            continue
        rank = result.rule.effect.rank
        stricter = (result.geometry == FALSE) & (result.rest != FALSE) & (rank > applied)
        stricter &= ~np.isnan(result.distance_m)
        critical |= stricter & (result.distance_m <= precision.threshold_m(result.rule.layer))
        nearer = stricter & (result.distance_m < up)
        up[nearer], up_layer[nearer] = result.distance_m[nearer], result.rule.layer
        decisive = (result.value == TRUE) & (rank == applied) & (result.depth_m > down)
        down[decisive], down_layer[decisive] = result.depth_m[decisive], result.rule.layer
    down[np.isneginf(down)] = np.inf
    for layer in sorted(set(down_layer[np.isfinite(down)])):
        critical |= (down_layer == layer) & (down <= precision.threshold_m(layer))
    distance = np.minimum(up, down)
    layer_name = np.where(up <= down, up_layer, down_layer)
    distance[np.isinf(distance)] = np.nan
    return distance, np.where(np.isnan(distance), "", layer_name).astype(object), critical
