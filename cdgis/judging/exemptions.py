"""Exemptions: where one is claimed and believed, where a successor takes the case over, and what is left of a rule.

An exemption holds only where another rule in force catches the subject in its place, or where an article lets it go.
"""

from dataclasses import replace

import numpy as np

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.judging import kleene
from cdgis.judging.facts import Facts, condition_holds, per_code, scope_and_conditions
from cdgis.judging.kleene import Kleene
from cdgis.rules import Exemption, Rule, industry
from cdgis.rules.activities import is_believed
from cdgis.rules.attributes import SEEN, is_document
from cdgis.rules.succession import Succession, successors_of

ACTIVITY_SEEN = "activity" + SEEN


def rule_applies_but_for_geometry(rule: Rule, facts: Facts, book: Succession) -> Kleene:
    """Return scope ∧ conditions ∧ ¬exemptions of `rule` for every subject.

    Parameters
    ----------
    book : the rules in force, among which the successors of an exemption are looked for.
    """
    parts = [kleene.negate(exempt(rule, exemption, facts, book)) for exemption in rule.unless]
    return kleene.all_of(scope_and_conditions(rule, facts), *parts)


def exempt(rule: Rule, exemption: Exemption, facts: Facts, book: Succession) -> Kleene:
    """Return where an exemption of `rule` holds: claimed, believed, and taken over or let go by an article."""
    claim = claimed(exemption, facts)
    if not (claim != kleene.FALSE).any() or (exemption.article and not exemption.successors):
        return claim
    # A successor that an exemption of its own relieves has a further successor, so the case stays in hands.
    heirs = successors_of(rule, exemption, book)
    caught = [scope_and_conditions(heir, facts, documents=False) for heir in heirs]
    return kleene.all_of(claim, kleene.any_of(kleene.constant(False, facts.size), *caught))


def claimed(exemption: Exemption, facts: Facts) -> Kleene:
    """Return where an exemption is declared and can be believed of the industry; what is not declared does not exempt."""
    return facts.once(exemption, lambda: _claimed(exemption, facts))


def _claimed(exemption: Exemption, facts: Facts) -> Kleene:
    parts = [kleene.of(condition_holds(c, facts) == kleene.TRUE) for c in exemption.conditions]
    if exemption.activities:
        parts.append(_believed_activity(exemption.activities, facts))
    if exemption.industry_prefixes:
        fits = per_code(facts.industry, lambda code: industry.matches_prefix(code, exemption.industry_prefixes))
        names = [*(c.attribute for c in exemption.conditions), *(("activity",) if exemption.activities else ())]
        seen = [kleene.of(facts.text(name + SEEN) != "") for name in names]
        parts.append(kleene.any_of(fits, *seen))
    return kleene.all_of(*parts)


def _believed_activity(wanted: tuple[str, ...], facts: Facts) -> Kleene:
    """Return who declares one of the activities, and from an industry it was written for unless it is registered."""
    seen = facts.text(ACTIVITY_SEEN) != ""
    known: dict[tuple[str, str, bool], np.int8] = {}
    answer = np.zeros(facts.size, dtype=np.int8)
    for place in np.flatnonzero(facts.activity != ""):
        key = (str(facts.activity[place]), str(facts.industry[place]), bool(seen[place]))
        if key not in known:
            known[key] = _belief(wanted, *key)
        answer[place] = known[key]
    return answer


def _belief(wanted: tuple[str, ...], cell: str, code: str, seen: bool) -> np.int8:
    declared = [name for name in cell.split(LIST_SEPARATOR) if name in wanted]
    answers = [True if seen else is_believed(name, code) for name in declared]
    return max((kleene.VALUES[answer] for answer in answers), default=kleene.FALSE)


def unbelieved(facts: Facts) -> Kleene:
    """Return who declares an activity that the industry was not written for: true, or unknown for want of the industry."""
    answer = np.zeros(facts.size, dtype=np.int8)
    open_ = np.flatnonzero((facts.activity != "") & (facts.text(ACTIVITY_SEEN) == ""))
    known: dict[tuple[str, str], np.int8] = {}
    pairs = [*zip(map(str, facts.activity[open_]), map(str, facts.industry[open_]), strict=True)]
    for activity, code in dict.fromkeys(pairs):
        beliefs = [is_believed(name, code) for name in activity.split(LIST_SEPARATOR)]
        known[activity, code] = kleene.TRUE if False in beliefs else kleene.UNKNOWN if None in beliefs else kleene.FALSE
    answer[open_] = [known[pair] for pair in pairs]
    return answer


def with_documents_seen(rule: Rule, facts: Facts, book: Succession) -> Kleene | None:
    """Return what `rule` would say but for geometry had somebody registered every approval whose number is given.

    None where no number bears on the rule.
    """
    asked = {c.attribute for c in (*rule.conditions, *(c for exemption in rule.unless for c in exemption.conditions))}
    documents = [name for name in sorted(asked) if is_document(name) and name in facts.attributes]
    if not documents:
        return None
    seen = {name + SEEN: np.full(facts.size, "true", dtype=object) for name in documents}
    return rule_applies_but_for_geometry(rule, replace(facts, attributes={**facts.attributes, **seen}), book)
