"""The judge as one reads it: every rule asked in turn about every subject, every ruling kept, nothing shared or skipped.

`cdgis.judging.verdicts` comes to the same through matrices of shared answers; `tests/test_rule_plan.py` compares the two.
"""

import numpy as np
import pandas as pd

from cdgis.core.vocabulary import LIST_SEPARATOR, Evidence, Stability, Verdict
from cdgis.judging.engine_rulings import PLACE_RULE, UNIT_LAYER, engine_rulings
from cdgis.judging.exemptions import claimed, rule_applies_but_for_geometry, with_documents_seen
from cdgis.judging.facts import missing_information
from cdgis.judging.findings import _PER_RULE
from cdgis.judging.hits import Hits
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN
from cdgis.judging.rule_outcomes import Ruling, grey_rules, place_of, state_of
from cdgis.judging.stability import Precision, critical_distance
from cdgis.rules.succession import succession


def apply_rule(rule, facts, measurement, hits, book):
    """Return what one rule says of every subject, geometry included; `book` holds the rules in force."""
    rest, place = rule_applies_but_for_geometry(rule, facts, book), place_of(rule, facts, measurement, hits)
    return Ruling(
        rule=rule, geometry=place.geometry, rest=rest, value=np.minimum(rest, place.geometry), depth_m=place.depth_m,
        distance_m=place.distance_m, nearest=place.nearest, zone_ids=place.zone_ids, lacking=place.lacking,
    )  # fmt: skip


def judge(facts, measurement, rules, *, layers, accuracy_m, tolerance_m, as_of):
    """Return findings and verdicts as `cdgis.judging.verdicts.judge` would."""
    in_force = [rule for rule in rules if rule.in_force(as_of)]
    hits = Hits(measurement.hits, facts.size, {name: layer.unknown_classes for name, layer in layers.items()})
    book = succession(in_force)
    zoned = [rule for rule in (*in_force, *grey_rules(in_force)) if rule.geometry != "engine"]
    results = [apply_rule(rule, facts, measurement, hits, book) for rule in zoned]
    forbidden = np.zeros(facts.size, dtype=bool)
    for result in results:
        rule = result.rule
        if rule.effect.rank == 3 and rule.geometry == "hit" and rule.layer != UNIT_LAYER and not rule.manual:
            forbidden |= result.value == TRUE
    listed = frozenset(zone for rule in zoned if rule.layer == UNIT_LAYER for zone in rule.zone_ids)
    engine = {rule.id: rule for rule in in_force if rule.geometry == "engine"}
    results += engine_rulings(engine, forbidden, listed, facts, measurement)
    accuracy = {name: layer.spec.accuracy_m for name, layer in layers.items()}
    verdicts = _verdicts(results, facts, measurement, Precision(accuracy_m, tolerance_m, accuracy), book)
    return pd.DataFrame(_findings(results, facts, measurement.subject_ids)), verdicts


def _findings(results, facts, ids):
    for result in results:
        rule = result.rule
        for at in range(facts.size):
            geometry, value = result.geometry[at], result.value[at]
            open_ = value == UNKNOWN and not (geometry == UNKNOWN and rule.zone_ids)
            beside = value == FALSE and geometry == TRUE and rule.geometry in ("hit", "within")
            if value == TRUE or open_ or beside:
                yield {
                    **{name: text_of(rule) for name, text_of in _PER_RULE.items()}, "needs_review": rule.needs_review,
                    "subject_id": ids[at], "zone_id": result.zone_ids[at],
                    "state": str(state_of(rule, result.value)[at]), "missing_attribute": _missing(result, facts, at),
                }  # fmt: skip


def _missing(result, facts, at):
    if result.value[at] != UNKNOWN:
        return ""
    asked = [*missing_information(result.rule, facts), *(("industry", claimed(e, facts)) for e in result.rule.unless)]
    names = [name for name, answer in asked if answer[at] == UNKNOWN]
    if result.lacking is not None and result.geometry[at] == UNKNOWN:
        return LIST_SEPARATOR.join(filter(None, [*dict.fromkeys(names), result.lacking[at]]))
    return LIST_SEPARATOR.join(dict.fromkeys(names))


def _verdicts(results, facts, measurement, precision, book):
    deciding = [r for r in results if _decides(r.rule)]
    applied, possible, unseen = (np.zeros(facts.size, dtype=int) for _ in range(3))
    astray = next((r.value == UNKNOWN for r in results if r.rule.id == PLACE_RULE), np.zeros(facts.size, bool))
    for r in deciding:
        rank = r.rule.effect.rank
        applied = np.where((r.value == TRUE) & ~astray, np.maximum(applied, rank), applied)
        possible = np.where(r.value == UNKNOWN, np.maximum(possible, rank), possible)
        unseen = np.where((r.value == UNKNOWN) & (r.geometry == UNKNOWN), np.maximum(unseen, rank), unseen)
    critical_m, critical_layer, critical = critical_distance(deciding, applied, possible, precision)
    for layer, flag in measurement.slivers.items():
        critical_layer[flag & ~critical] = layer
        critical |= flag
    rows = []
    for at in range(facts.size):
        word, undecided = str(Verdict.of_rank(applied[at])), possible[at] > applied[at]
        silent = [bool(r.rule.zone_ids) and r.geometry[at] == UNKNOWN for r in results]
        decisive = [r.rule for r in deciding if r.value[at] == TRUE and r.rule.effect.rank == applied[at]]
        open_ = [r.rule.id for r, mute in zip(results, silent, strict=True) if _decides(r.rule) and r.value[at] == UNKNOWN and not mute]
        stable = Stability.CRITICAL if critical[at] else Stability.UNKNOWN if unseen[at] > applied[at] else Stability.STABLE
        manual = sum(r.rule.manual and r.value[at] != FALSE and not mute for r, mute in zip(results, silent, strict=True))
        rows.append({
            "subject_id": measurement.subject_ids[at], "verdict": str(Verdict.UNKNOWN) if undecided else word,
            "at_least": word if undecided else "", "decisive_rule_ids": LIST_SEPARATOR.join(sorted(r.id for r in decisive)),
            "stability": str(stable), "critical_distance_m": critical_m[at], "critical_layer": critical_layer[at],
            "unknown_rule_ids": LIST_SEPARATOR.join(sorted(open_)), "manual_count": manual,
            "caveats": LIST_SEPARATOR.join(_caveats(decisive, deciding, applied, facts, book, at)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _decides(rule):
    return not rule.manual and rule.effect.rank > 0


def _caveats(decisive, deciding, applied, facts, book, at):
    if decisive and not any(rule.mark.is_read for rule in decisive):
        examples = all(rule.mark is Evidence.EXAMPLE for rule in decisive)
        yield "决定性条款为示例条款" if examples else "决定性条款未核实"
    for r in deciding:
        spared = with_documents_seen(r.rule, facts, book)
        if spared is not None and r.rule.effect.rank >= applied[at] and r.value[at] > min(spared[at], r.geometry[at]):
            yield "凭申报文号，未核验"
            return
