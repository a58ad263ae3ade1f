"""Verdicts of subjects from rule outcomes: outcomes → findings → verdicts (DESIGN 4.4-4.6).

With A the strictest effect that applies and U the strictest among unknown rules, the verdict is 资料不足
(at least A's word) if U is stricter than A, else A's word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Stability, State, Verdict
from cdgis.judging.engine_rulings import PLACE_RULE
from cdgis.judging.exemptions import with_documents_seen
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Measurement
from cdgis.judging.rule_outcomes import (
    STATES,
    Hits,
    Outcome,
    Ruling,
    evaluate_rule,
    missing_of,
    reach_by_layer,
    scope_of,
)
from cdgis.judging.rule_plan import Rulings, plan_of
from cdgis.judging.stability import Precision, critical_distance
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rule
from cdgis.rules.attributes import is_document
from cdgis.rules.succession import Succession
from cdgis.workspace.layers import Layers

__all__ = ["Judgement", "Outcome", "evaluate_rule", "judge", "reach_by_layer", "scope_of"]



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
    plan = plan_of(rules, as_of)
    if not facts.size:
        return Judgement(findings=empty("findings"), verdicts=empty("verdicts"))
    hits = Hits(measurement.hits, facts.size, {name: layer.unknown_classes for name, layer in layers.items()})
    found = Rulings(plan, facts, measurement, hits)
    accuracy = {name: layer.spec.accuracy_m for name, layer in layers.items()}
    verdicts = _verdicts(found, facts, measurement, Precision(accuracy_m, tolerance_m, accuracy), plan.book)
    return Judgement(findings=_findings(found, facts, measurement.subject_ids), verdicts=verdicts)


def _findings(found: Rulings, facts: Facts, ids: TextArray) -> pd.DataFrame:
    row, subject = np.nonzero(found.listed())
    if not len(row):
        return empty("findings")
    numbers, counts = np.unique(row, return_counts=True)
    constant = [_of_the_rule(found.rules[number]) for number in numbers]
    columns = {name: np.repeat(np.array([one[name] for one in constant], dtype=object), counts) for name in constant[0]}
    value = found.value[row, subject]
    parts = list(zip(numbers, np.split(subject, np.cumsum(counts)[:-1]), strict=True))
    columns["subject_id"] = ids[subject]
    columns["zone_id"] = np.concatenate([found[number].zone_ids[at] for number, at in parts])
    columns["state"] = np.where(found.manual[row] & (value != FALSE), State.MANUAL, STATES[value])
    columns["missing_attribute"] = np.concatenate([_missing(found[number], facts)[at] for number, at in parts])
    return validate("findings", columns)


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
    if not (result.value == UNKNOWN).any():
        return missing
    if result.lacking is not None:
        blind = (result.geometry == UNKNOWN) & (result.value == UNKNOWN)
        pairs = zip(missing[blind], result.lacking[blind], strict=True)
        missing[blind] = [f"{text} {lacking}".strip() for text, lacking in pairs]
    named = missing != ""
    missing[named] = [text.replace(" ", LIST_SEPARATOR) for text in missing[named]]
    return missing


def _verdicts(
    found: Rulings, facts: Facts, measurement: Measurement, precision: Precision, book: Succession
) -> pd.DataFrame:
    true, unknown = found.value == TRUE, found.value == UNKNOWN
    # what was found at a place that is in doubt is no finding on the subject: neither a pass nor a refusal
    astray = unknown[found.columns["id"] == PLACE_RULE].any(axis=0)
    applied = np.where(astray, 0, _strictest(found, true))
    possible = _strictest(found, unknown)
    undecided = possible > applied
    # Where a stricter zone may lie is not known, so no distance can vouch for the verdict.
    unseen = _strictest(found, unknown & (found.geometry == UNKNOWN)) > applied
    words = np.array([str(Verdict.of_rank(rank)) for rank in range(4)], dtype=object)
    decisive = true & found.deciding[:, np.newaxis] & (found.rank[:, np.newaxis] == applied)
    critical_m, critical_layer, critical = critical_distance(
        _what_may_move(found, decisive, applied, possible), applied, possible, precision
    )
    for layer, flag in measurement.slivers.items():
        critical_layer[flag & ~critical] = layer
        critical |= flag
    return validate("verdicts", {
        "subject_id": measurement.subject_ids,
        "verdict": np.where(undecided, str(Verdict.UNKNOWN), words[applied]),
        "at_least": np.where(undecided, words[applied], ""),
        "decisive_rule_ids": _ids(found, decisive),
        "stability": np.where(
            critical, str(Stability.CRITICAL), np.where(unseen, str(Stability.UNKNOWN), str(Stability.STABLE))
        ),
        "critical_distance_m": critical_m,
        "critical_layer": critical_layer,
        "unknown_rule_ids": _ids(found, unknown & found.deciding[:, np.newaxis] & ~found.named),
        "manual_count": ((found.value != FALSE) & ~found.named)[found.manual].sum(axis=0),
        "caveats": _caveats(found, decisive, applied, facts, book),
    })  # fmt: skip


def _what_may_move(found: Rulings, decisive: BoolArray, applied: IntArray, possible: IntArray) -> list[Ruling]:
    """Return the rulings that hold a verdict, or might make one stricter if the subject lay elsewhere."""
    rank = found.rank[:, np.newaxis]
    stricter = ((found.rest == TRUE) & (rank > applied)) | ((found.rest == UNKNOWN) & (rank > np.maximum(applied, possible)))
    matters = decisive | (stricter & (found.geometry == FALSE) & found.deciding[:, np.newaxis])
    return [found[number] for number in np.flatnonzero(matters.any(axis=1)).tolist()]


def _caveats(found: Rulings, decisive: BoolArray, applied: IntArray, facts: Facts, book: Succession) -> TextArray:
    """Return what must stand beside each verdict: its clauses nobody has read, or a number nobody has checked."""
    unread = decisive.any(axis=0) & ~decisive[found.columns["read"]].any(axis=0)
    examples = np.asarray(~decisive[~found.columns["example"]].any(axis=0))
    typed = np.zeros(facts.size, dtype=bool)
    for number in np.flatnonzero(found.deciding) if any(map(is_document, facts.attributes)) else ():
        rule = found.rules[number]
        if (spared := with_documents_seen(rule, facts, book)) is not None:
            typed |= (found.value[number] > np.minimum(spared, found.geometry[number])) & (rule.effect.rank >= applied)
    words = {"决定性条款未核实": unread & ~examples, "决定性条款为示例条款": unread & examples, "凭申报文号，未核验": typed}
    listed = [[word for word, holds in words.items() if holds[place]] for place in range(facts.size)]
    return np.array([LIST_SEPARATOR.join(items) for items in listed], dtype=object)


def _strictest(found: Rulings, which: BoolArray) -> IntArray:
    """Return the strictest rank among the deciding rules, of those that `which` marks for each subject."""
    counted = np.flatnonzero(found.deciding & which.any(axis=1))
    ranks: IntArray = np.where(which[counted], found.rank[counted, np.newaxis], 0).astype(np.int64)
    return np.asarray(ranks.max(axis=0, initial=0))


def _ids(found: Rulings, which: BoolArray) -> TextArray:
    """Return the ids of the rules that `which` marks for each subject, in their order, joined."""
    some = np.flatnonzero(which.any(axis=1))
    order, names = some[np.argsort(found.columns["id"][some], kind="stable")], found.columns["id"]
    subject, place = np.nonzero(which[order].T)
    joined = np.full(which.shape[1], "", dtype=object)
    ends = np.searchsorted(subject, np.arange(which.shape[1] + 1)).tolist()
    for at, (start, end) in enumerate(pairwise(ends)):
        joined[at] = LIST_SEPARATOR.join(names[order[place[start:end]]])
    return joined
