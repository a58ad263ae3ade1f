"""Missing facts that matter for a subject, and how each is supplied (table `questions`).

A question comes from findings in state unknown: the strictest effect at stake is the strictest of their rules. And from
rules that go by industry or by what is declared: where nothing is declared they go by the industry, and that is said.
And from claims nobody has registered, where a rule would let go of the subject if somebody did.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cdgis.core.array_types import TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Effect, State
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import FALSE
from cdgis.judging.rule_outcomes import PLACE_CONFLICT
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rule
from cdgis.rules.attributes import SEEN, AttributeSpec, load_attributes
from cdgis.rules.succession import Succession

_FACTS = {
    "industry": ("行业代码", "--industry 代码"),
    "project_type": ("建设性质", "--project-type 性质"),
    "activity": ("活动类型", "--activity 类型"),
    PLACE_CONFLICT: ("坐标与所写位置的矛盾", "改正坐标，或改正所写的县区、乡镇、园区"),
}
"""Facts that have options of their own, or are mended in the input itself: title, option."""
ASSUMED = "（未填，按“否”研判）"
"""Beside a fact nobody gave, where rules went by the industry alone."""
_VALUES = {"flag": "是|否", "number": "数值", "text": "文字", "list": "甲;乙", "document": "文号"}


def list_questions(
    findings: pd.DataFrame, attributes: Mapping[str, AttributeSpec], silent: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return table `questions`: one row per subject and missing fact that could make its verdict stricter or clearer.

    Parameters
    ----------
    findings : table `findings`; only unknown rows of rules whose effect counts in a verdict are read.
    attributes : the dictionary of attributes, for titles, units and options.
    silent : what `silent_triggers` and `unregistered_claims` found.

    Notes
    -----
    A layer that does not cover the subject is no question: no option supplies it, and the report lists it as a gap.
    """
    ranks = {str(effect): effect.rank for effect in Effect}
    here = np.flatnonzero(findings["state"].to_numpy() == str(State.UNKNOWN))
    names = ("subject_id", "rule_id", "effect", "missing_attribute")
    cells = zip(*(findings[name].to_numpy()[here].tolist() for name in names), strict=True)
    rows = [
        (subject, name, rule_id, effect, False)
        for subject, rule_id, effect, missing in cells if ranks[effect] for name in missing.split(LIST_SEPARATOR)
    ]  # fmt: skip
    if silent is not None:
        columns = ("subject_id", "attribute", "rule_id", "effect", "assumed")
        rows += zip(*(silent[name] for name in columns), strict=True)
    asked: dict[tuple[str, str], list[tuple[int, str, str, bool]]] = {}
    for subject, name, rule_id, effect, assumed in rows:
        if name in _FACTS or name in attributes:
            asked.setdefault((subject, name), []).append((-ranks[effect], rule_id, effect, bool(assumed)))
    if not asked:
        return empty("questions")
    words = {name: question_words(name, attributes) for name in {name for _, name in asked}}
    table = [
        {
            "subject_id": subject, "attribute": name, "option": words[name][1], "effect": min(group)[2],
            "title": words[name][0] + (ASSUMED if all(assumed for *_, assumed in group) else ""),
            "rule_ids": LIST_SEPARATOR.join(sorted({rule_id for _, rule_id, _, _ in group})),
        }
        for (subject, name), group in asked.items()
    ]  # fmt: skip
    return validate("questions", pd.DataFrame(table))


def silent_triggers(
    findings: pd.DataFrame, rules: Sequence[Rule], facts: Facts, ids: Iterable[str], book: Succession
) -> pd.DataFrame:
    """Return the rules of zones a subject lies in that a fact nobody gave would bring to bear.

    Parameters
    ----------
    findings : table `findings`: a rule that does not apply stands there where its zone is hit.
    rules : those that go by industry or by a declared fact are looked at.
    facts, ids : of the subjects, in one order.
    book : the rules by family, among which successors are looked for.

    Returns
    -------
    subject_id, rule_id, effect, rank, attribute, assumed (True).
    """
    names = np.array(list(ids), dtype=object)
    idle = _subjects_by_rule(findings, State.NOT_APPLICABLE)
    found: list[dict[str, object]] = []
    for rule in rules:
        trigger = rule.or_declared
        if trigger is None or trigger.op != "true" or rule.manual or not rule.effect.rank or rule.id not in idle:
            continue
        unsaid = facts.text(trigger.attribute) == ""
        declared = np.where(unsaid, "true", facts.text(trigger.attribute)).astype(object)
        supposed = replace(facts, attributes={**facts.attributes, trigger.attribute: declared})
        might = unsaid & (rule_applies_but_for_geometry(rule, supposed, book) != FALSE)
        found += [
            {"subject_id": name, "rule_id": rule.id, "effect": str(rule.effect), "rank": rule.effect.rank,
             "attribute": trigger.attribute, "assumed": True}
            for name in names[might] if name in idle[rule.id]
        ]  # fmt: skip
    return pd.DataFrame(found, columns=["subject_id", "rule_id", "effect", "rank", "attribute", "assumed"])


def unregistered_claims(
    findings: pd.DataFrame, rules: Sequence[Rule], facts: Facts, ids: Iterable[str], book: Succession
) -> pd.DataFrame:
    """Return the rules that apply only until somebody registers what the subject claims: a number, or an activity.

    Parameters and columns as of `silent_triggers`; assumed is False.
    """
    names = np.array(list(ids), dtype=object)
    held = _subjects_by_rule(findings, State.APPLIES)
    weighed = [rule for rule in rules if rule.id in held and rule.effect.rank and (rule.unless or rule.conditions or rule.or_declared)]
    rows: list[dict[str, object]] = []
    for name in (name for name, spec in load_attributes().items() if spec.registered):
        claims = (facts.text(name) == "") & (_claims(facts, name.removesuffix(SEEN)) != "")
        own, claimants = facts.at(np.flatnonzero(claims)), names[claims]  # few claim anything, and of fewer rules
        supposed = replace(own, attributes={**own.attributes, name: np.full(own.size, "true", dtype=object)})
        for rule in weighed if own.size else ():
            mine = np.array([subject in held[rule.id] for subject in claimants.tolist()])
            if mine.any() and (mine := mine & (rule_applies_but_for_geometry(rule, own, book) != FALSE)).any():
                freed = mine & (rule_applies_but_for_geometry(rule, supposed, book) == FALSE)
                rows += [
                    {"subject_id": subject, "rule_id": rule.id, "effect": str(rule.effect), "rank": rule.effect.rank,
                     "attribute": name, "assumed": False}
                    for subject in claimants[freed]
                ]  # fmt: skip
    return pd.DataFrame(rows, columns=["subject_id", "rule_id", "effect", "rank", "attribute", "assumed"])


def _subjects_by_rule(findings: pd.DataFrame, state: State) -> dict[str, set[str]]:
    """Return rule_id -> the subjects in whose findings it stands in a state."""
    found: dict[str, set[str]] = {}
    here = np.flatnonzero(findings["state"].to_numpy() == str(state))
    for rule_id, subject in zip(*(findings[name].to_numpy()[here].tolist() for name in ("rule_id", "subject_id")), strict=True):
        found.setdefault(rule_id, set()).add(subject)
    return found


def _claims(facts: Facts, name: str) -> TextArray:
    return facts.activity if name == "activity" else facts.text(name)


def question_words(name: str, attributes: Mapping[str, AttributeSpec]) -> tuple[str, str]:
    """Return the Chinese title of a missing fact and the option that supplies it.

    Raises
    ------
    KeyError : neither a fact of its own nor in the dictionary.
    """
    if name in _FACTS:
        return _FACTS[name]
    spec = attributes[name]
    if spec.registered:
        return spec.title, f"--seen {name.removesuffix(SEEN)}=核验人"
    unit = f"（{spec.unit}）" if spec.unit else ""
    return spec.title + unit, f"--attr {name}={_VALUES[spec.type]}"
