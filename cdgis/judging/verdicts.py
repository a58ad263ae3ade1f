"""Verdicts of subjects from rule outcomes: outcomes → findings → verdicts (DESIGN 4.4-4.6).

With A the strictest effect that applies and U the strictest among unknown rules, the verdict is 资料不足
(at least A's word) if U is stricter than A, else A's word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Stability, Verdict
from cdgis.judging.engine_rulings import PLACE_RULE
from cdgis.judging.exemptions import with_documents_seen
from cdgis.judging.facts import Facts
from cdgis.judging.findings import Findings
from cdgis.judging.hits import Hits, scope_of
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.measurement import Measurement
from cdgis.judging.rule_outcomes import Outcome, Ruling, evaluate_rule, reach_by_layer
from cdgis.judging.rule_plan import plan_of
from cdgis.judging.rulings import Rulings
from cdgis.judging.stability import Precision, critical_distance
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rule
from cdgis.rules.attributes import is_document
from cdgis.rules.succession import Succession
from cdgis.workspace.layers import Layers

__all__ = ["Judgement", "Outcome", "evaluate_rule", "judge", "reach_by_layer", "scope_of"]



@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Findings and verdicts."""

    found: Findings
    verdicts: pd.DataFrame

    @cached_property
    def findings(self) -> pd.DataFrame:
        """Table findings."""
        return self.found.table()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Subjects, where they lie, and how exactly that is known; all in one order."""

    facts: Facts
    measurement: Measurement
    accuracy_m: FloatArray | None
    """Positional accuracy of each subject, metres; None where nobody asks how sure the verdict is."""


def judge(
    facts: Facts,
    measurement: Measurement,
    rules: Sequence[Rule],
    *,
    layers: Layers,
    accuracy_m: FloatArray | None,
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
    accuracy_m : positional accuracy of each subject, metres; None leaves table verdicts with the words alone.
    tolerance_m : a critical distance up to this (or the accuracies) makes a verdict 临界.
    """
    asked = [Question(facts=facts, measurement=measurement, accuracy_m=accuracy_m)]
    return judge_blocks(asked, rules, layers=layers, tolerance_m=tolerance_m, as_of=as_of)


def judge_blocks(
    blocks: Iterable[Question], rules: Sequence[Rule], *, layers: Layers, tolerance_m: float, as_of: date
) -> Judgement:
    """Return what `judge` would of all blocks of subjects together."""
    plan = plan_of(rules, as_of)
    accuracy = {name: layer.spec.accuracy_m for name, layer in layers.items()}
    unknown = {name: layer.unknown_classes for name, layer in layers.items()}
    findings, verdicts = Findings(plan), []
    for block in blocks:
        facts, measurement = block.facts, block.measurement
        if facts.size:
            found = Rulings(plan, facts, measurement, Hits(measurement.hits_found, facts.size, unknown, measurement.depths))
            findings.add(found, measurement.subject_ids)
            exact = None if block.accuracy_m is None else Precision(block.accuracy_m, tolerance_m, accuracy)
            verdicts.append(_verdicts(found, facts, measurement, exact, plan.book))
    if not verdicts:
        return Judgement(found=findings, verdicts=empty("verdicts"))
    columns = {name: np.concatenate([part[name] for part in verdicts]) for name in verdicts[0]}
    whole = "stability" in columns
    return Judgement(found=findings, verdicts=validate("verdicts", columns) if whole else pd.DataFrame(columns))


def _verdicts(
    found: Rulings, facts: Facts, measurement: Measurement, precision: Precision | None, book: Succession
) -> "dict[str, np.ndarray[Any, Any]]":
    """Return the columns of the verdicts: what is said of kinds, and of subjects how far they would have to move."""
    true, unknown, kind = found.value == TRUE, found.value == UNKNOWN, found.kinds.which
    # what was found at a place that is in doubt is no finding on the subject: neither a pass nor a refusal
    astray = unknown[found.columns["id"] == PLACE_RULE].any(axis=0)
    applied = np.where(astray, 0, _strictest(found, true))
    possible = _strictest(found, unknown)
    undecided, words = possible > applied, np.array([str(Verdict.of_rank(rank)) for rank in range(4)], dtype=object)
    said = {
        "subject_id": measurement.subject_ids, "verdict": np.where(undecided, str(Verdict.UNKNOWN), words[applied])[kind],
        "at_least": np.where(undecided, words[applied], "")[kind],
    }  # fmt: skip
    if precision is None:
        return said
    # Where a stricter zone may lie is not known, so no distance can vouch for the verdict.
    unseen = _strictest(found, unknown & (found.geometry == UNKNOWN)) > applied
    decisive = true & found.deciding[:, np.newaxis] & (found.rank[:, np.newaxis] == applied)
    critical_m, critical_layer, critical = critical_distance(
        _what_may_move(found, decisive, applied, possible), applied, possible, precision, kind
    )
    for layer, flag in measurement.slivers.items():
        critical_layer[flag & ~critical] = layer
        critical |= flag
    return said | {
        "decisive_rule_ids": _ids(found, decisive)[kind],
        "stability": np.where(
            critical, str(Stability.CRITICAL), np.where(unseen[kind], str(Stability.UNKNOWN), str(Stability.STABLE))
        ),
        "critical_distance_m": critical_m,
        "critical_layer": critical_layer,
        "unknown_rule_ids": _ids(found, unknown & found.deciding[:, np.newaxis] & ~found.named)[kind],
        "manual_count": ((found.value != FALSE) & ~found.named)[found.manual].sum(axis=0)[kind],
        "caveats": _caveats(found, decisive, applied, facts, book),
    }  # fmt: skip


def _what_may_move(found: Rulings, decisive: BoolArray, applied: IntArray, possible: IntArray) -> list[Ruling]:
    """Return the rulings that hold a verdict, or might make one stricter if the subject lay elsewhere."""
    rank = found.rank[:, np.newaxis]
    stricter = ((found.rest == TRUE) & (rank > applied)) | ((found.rest == UNKNOWN) & (rank > np.maximum(applied, possible)))
    matters = decisive | (stricter & (found.geometry == FALSE) & found.deciding[:, np.newaxis])
    return [found[number] for number in np.flatnonzero(matters.any(axis=1)).tolist()]


def _caveats(found: Rulings, decisive: BoolArray, applied: IntArray, facts: Facts, book: Succession) -> TextArray:
    """Return what must stand beside each verdict: its clauses nobody has read, or a number nobody has checked."""
    unread = decisive.any(axis=0) & ~decisive[found.columns["read"]].any(axis=0)
    examples, kind = np.asarray(~decisive[~found.columns["example"]].any(axis=0)), found.kinds.which
    typed = np.zeros(facts.size, dtype=bool)
    for number in np.flatnonzero(found.deciding) if any(map(is_document, facts.attributes)) else ():
        rule = found.rules[number]
        if (spared := with_documents_seen(rule, facts, book)) is not None:
            typed |= (found.value[number][kind] > np.minimum(spared, found.geometry[number][kind])) & (rule.effect.rank >= applied[kind])
    words = {"决定性条款未核实": (unread & ~examples)[kind], "决定性条款为示例条款": (unread & examples)[kind], "凭申报文号，未核验": typed}
    code = np.array([1 << place for place in range(len(words))]) @ np.array([*words.values()])
    said = [LIST_SEPARATOR.join(word for place, word in enumerate(words) if number >> place & 1) for number in range(1 << len(words))]
    return np.asarray(np.array(said, dtype=object)[code])


def _strictest(found: Rulings, which: BoolArray) -> IntArray:
    """Return the strictest rank among the deciding rules, of those that `which` marks for each subject."""
    counted = np.flatnonzero(found.deciding & which.any(axis=1))
    ranks: IntArray = np.where(which[counted], found.rank[counted, np.newaxis], 0).astype(np.int64)
    return np.asarray(ranks.max(axis=0, initial=0))


def _ids(found: Rulings, which: BoolArray) -> TextArray:
    """Return the ids of the rules that `which` marks for each subject, in their order, joined."""
    some = np.flatnonzero(which.any(axis=1))
    if not len(some):
        return np.full(which.shape[1], "", dtype=object)
    names = found.columns["id"][some]
    order = np.argsort(names, kind="stable")
    marks = np.ascontiguousarray(which[some[order]].T)
    cells, known, width = marks.tobytes(), dict[bytes, str](), len(order)
    # of many subjects the same few rules are marked
    marked = [cells[at : at + width] for at in range(0, len(cells), width)]
    for number, text in enumerate(marked):
        if text not in known:
            known[text] = LIST_SEPARATOR.join(names[order[marks[number]]])
    return np.array([known[text] for text in marked], dtype=object)
