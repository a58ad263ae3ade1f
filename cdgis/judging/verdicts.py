"""Verdicts of subjects from rule outcomes: outcomes → findings → verdicts (DESIGN 4.4-4.6).

With A the strictest effect that applies and U the strictest among unknown rules, the verdict is 资料不足
(at least A's word) if U is stricter than A, else A's word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Evidence, Stability, Verdict
from cdgis.judging.exemptions import with_documents_seen
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Measurement
from cdgis.judging.rule_outcomes import (
    PLACE_RULE,
    Hits,
    Outcome,
    Ruling,
    apply_rule,
    engine_rulings,
    evaluate_rule,
    grey_rules,
    missing_of,
    reach_by_layer,
    scope_of,
    scopes_of,
    state_of,
)
from cdgis.judging.stability import Precision, critical_distance
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rule
from cdgis.rules.succession import Succession, succession
from cdgis.workspace.layers import Layers

__all__ = ["Judgement", "Outcome", "evaluate_rule", "judge", "reach_by_layer", "scope_of", "scopes_of"]



@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Findings and verdicts as tables."""

    findings: pd.DataFrame
    verdicts: pd.DataFrame


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
    hits = Hits(measurement.hits, facts.size, {name: layer.unknown_classes for name, layer in layers.items()})
    book = succession(in_force)
    zoned = [rule for rule in (*in_force, *grey_rules(in_force)) if rule.geometry != "engine"]
    results = [apply_rule(rule, facts, measurement, hits, book) for rule in zoned]
    engine = {rule.id: rule for rule in in_force if rule.geometry == "engine"}
    results += engine_rulings(engine, results, facts, measurement)
    if not facts.size:
        return Judgement(findings=empty("findings"), verdicts=empty("verdicts"))
    findings = _findings(results, facts, measurement.subject_ids)
    accuracy = {name: layer.spec.accuracy_m for name, layer in layers.items()}
    verdicts = _verdicts(results, facts, measurement, Precision(accuracy_m, tolerance_m, accuracy), book)
    return Judgement(findings=findings, verdicts=verdicts)


def _findings(results: Sequence[Ruling], facts: Facts, ids: TextArray) -> pd.DataFrame:
    listed = [(result, keep) for result in results if (keep := _worth_a_row(result)).size]
    if not listed:
        return empty("findings")
    counts = [keep.size for _, keep in listed]
    constant = pd.DataFrame([_of_the_rule(result.rule) for result, _ in listed])
    columns = {name: np.repeat(constant[name].to_numpy(), counts) for name in constant}
    columns["subject_id"] = np.concatenate([ids[keep] for _, keep in listed])
    columns["zone_id"] = np.concatenate([result.zone_ids[keep] for result, keep in listed])
    columns["state"] = np.concatenate([state_of(result.rule, result.value)[keep] for result, keep in listed])
    columns["missing_attribute"] = np.concatenate([_missing(result, facts)[keep] for result, keep in listed])
    return validate("findings", pd.DataFrame(columns, dtype=object))


def _worth_a_row(result: Ruling) -> IntArray:
    """Return whose answer is listed: every yes, open or manual one, and no where the zone is hit all the same."""
    rule, value = result.rule, result.value
    # A unit's own clause is silent where no unit is known at all: ZU-04 says it once instead.
    unknown = (value == UNKNOWN) & ~((result.geometry == UNKNOWN) & bool(rule.zone_ids))
    beside = (value == FALSE) & (result.geometry == TRUE) & (rule.geometry in ("hit", "within"))
    return np.flatnonzero((value == TRUE) | unknown | beside)


def _of_the_rule(rule: Rule) -> dict[str, object]:
    """Return the columns of a finding that say the same for every subject."""
    return {
        "rule_id": rule.id,
        "level": str(rule.level),
        "layer": rule.layer,
        "effect": str(rule.effect),
        "dimension": str(rule.dimension),
        "clause": rule.clause,
        "basis": rule.basis_text,
        "effective_from": rule.start_text,
        "effective_to": rule.effective_to.isoformat() if rule.effective_to else "",
        "plan_measure": rule.plan_measure,
        "mark": str(rule.mark),
        "needs_review": rule.needs_review,
    }


def _missing(result: Ruling, facts: Facts) -> TextArray:
    """Return what each undecided subject would have to supply, as a list cell."""
    missing = missing_of(result.rule, facts, result.value)
    if result.lacking is not None:
        blind = (result.geometry == UNKNOWN) & (result.value == UNKNOWN)
        pairs = zip(missing[blind], result.lacking[blind], strict=True)
        missing[blind] = [f"{text} {lacking}".strip() for text, lacking in pairs]
    named = missing != ""
    missing[named] = [text.replace(" ", LIST_SEPARATOR) for text in missing[named]]
    return missing


def _verdicts(
    results: Sequence[Ruling], facts: Facts, measurement: Measurement, precision: Precision, book: Succession
) -> pd.DataFrame:
    deciding = [r for r in results if not r.rule.manual and r.rule.effect.rank]
    # what was found at a place that is in doubt is no finding on the subject: neither a pass nor a refusal
    astray = next((r.value == UNKNOWN for r in results if r.rule.id == PLACE_RULE), np.zeros(facts.size, dtype=bool))
    applied = np.where(astray, 0, _strictest(deciding, TRUE, facts.size))
    possible = _strictest(deciding, UNKNOWN, facts.size)
    undecided = possible > applied
    # Where a stricter zone may lie is not known, so no distance can vouch for the verdict.
    unseen = _strictest(deciding, UNKNOWN, facts.size, blind=True) > applied
    words = np.array([str(Verdict.of_rank(rank)) for rank in range(4)], dtype=object)
    critical_m, critical_layer, critical = critical_distance(deciding, applied, possible, precision)
    for layer, flag in measurement.slivers.items():
        critical_layer[flag & ~critical] = layer
        critical |= flag
    manual = np.sum([_asks_a_person(r) for r in results if r.rule.manual], axis=0, initial=0, dtype=np.int64)
    return validate(
        "verdicts",
        pd.DataFrame(
            {
                "subject_id": measurement.subject_ids,
                "verdict": np.where(undecided, str(Verdict.UNKNOWN), words[applied]),
                "at_least": np.where(undecided, words[applied], ""),
                "decisive_rule_ids": _ids_at(deciding, TRUE, applied, facts.size),
                "stability": np.where(
                    critical, str(Stability.CRITICAL), np.where(unseen, str(Stability.UNKNOWN), str(Stability.STABLE))
                ),
                "critical_distance_m": critical_m,
                "critical_layer": critical_layer,
                "unknown_rule_ids": _ids_at(deciding, UNKNOWN, None, facts.size),
                "manual_count": np.broadcast_to(manual, facts.size),
                "caveats": _caveats(deciding, applied, facts, book),
            }
        ),
    )


def _caveats(results: Sequence[Ruling], applied: IntArray, facts: Facts, book: Succession) -> TextArray:
    """Return what must stand beside each verdict: its clauses nobody has read, or a number nobody has checked."""
    decided, read, examples = np.zeros(facts.size, bool), np.zeros(facts.size, bool), np.ones(facts.size, bool)
    typed = np.zeros(facts.size, dtype=bool)
    for result in results:
        decisive = (result.value == TRUE) & (result.rule.effect.rank == applied)
        decided |= decisive
        read |= decisive & result.rule.mark.is_read
        examples &= ~decisive | (result.rule.mark is Evidence.EXAMPLE)
        if (spared := with_documents_seen(result.rule, facts, book)) is not None:
            counted = np.minimum(spared, result.geometry)
            typed |= (result.value > counted) & (result.rule.effect.rank >= applied)
    unread = decided & ~read
    words = {"决定性条款未核实": unread & ~examples, "决定性条款为示例条款": unread & examples, "凭申报文号，未核验": typed}
    listed = [[word for word, holds in words.items() if holds[place]] for place in range(facts.size)]
    return np.array([LIST_SEPARATOR.join(items) for items in listed], dtype=object)


def _asks_a_person(result: Ruling) -> BoolArray:
    """Return whose manual rule counts; a unit's clause is silent where no unit is known, ZU-04 says it once."""
    return np.asarray((result.value != FALSE) & ~((result.geometry == UNKNOWN) & bool(result.rule.zone_ids)))


def _strictest(results: Sequence[Ruling], value: np.int8, size: int, *, blind: bool = False) -> IntArray:
    """Return the strictest rank among the rules with `value`; `blind` takes only those unknown for want of a place."""
    rank = np.zeros(size, dtype=np.int64)
    for result in results:
        counts = (result.value == value) & ((result.geometry == UNKNOWN) | (not blind))
        rank = np.where(counts, np.maximum(rank, result.rule.effect.rank), rank)
    return rank


def _ids_at(results: Sequence[Ruling], value: np.int8, rank: IntArray | None, size: int) -> TextArray:
    """Return the ids of the rules with `value` (and, if given, exactly the subject's `rank`), joined."""
    joined = np.full(size, "", dtype=object)
    for result in sorted(results, key=lambda r: r.rule.id):
        keep = result.value == value
        if rank is not None:
            keep &= rank == result.rule.effect.rank
        elif result.rule.zone_ids:
            keep &= result.geometry != UNKNOWN
        joined[keep] = [f"{text}{LIST_SEPARATOR}{result.rule.id}".lstrip(LIST_SEPARATOR) for text in joined[keep]]
    return joined
