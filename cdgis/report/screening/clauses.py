"""Clauses with their outcome, and the facts that decide it: findings → clauses.

Rows of one rule over several zones become one clause; the same text with the same outcome at several levels
(国家, 省, 市, 单元) becomes one clause with all its bases.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.vocabulary import Effect, Level, State
from cdgis.judging.exemptions import claimed
from cdgis.judging.facts import Facts, missing_information
from cdgis.judging.kleene import FALSE, TRUE, Kleene
from cdgis.report.screening.content import Clause, Conformity, Fact, ZoneHit
from cdgis.report.screening.phrases import activity_title, fact_of, industry_title, split, wording
from cdgis.rules import Rule
from cdgis.rules.industry import FLAGS, flag

Row = Mapping[str, Any]

_EFFECT_REASON = {Effect.PROHIBIT: "prohibit", Effect.EXIT: "prohibit", Effect.JUSTIFY: "justify",
                  Effect.RESTRICT: "restrict", Effect.NOTE: "note", Effect.ENCOURAGE: "encourage"}  # fmt: skip
_STATE_ORDER = (State.APPLIES, State.UNKNOWN, State.MANUAL, State.NOT_APPLICABLE)
_NOT_TEXT = re.compile(r"【[^】]*】|[\s，。；、：,.;:（）()“”\"]")


class Everybody:
    """The facts on all subjects of an assessment and what rules find of them: each rule is asked once for all of them."""

    def __init__(self, subjects: pd.DataFrame, attributes: pd.DataFrame) -> None:
        """Take tables `subjects` and `attributes`."""
        ids = subjects["subject_id"]
        self.place = {str(subject_id): place for place, subject_id in enumerate(ids)}
        self.facts = Facts.of(subjects, attributes[attributes["subject_id"].isin(ids)])
        self._missing: dict[str, list[tuple[str, Kleene]]] = {}
        self._asked: dict[str, tuple[str, ...]] = {}

    def asked(self, rule: Rule) -> tuple[str, ...]:
        """Return `names_asked` of a rule."""
        if rule.id not in self._asked:
            self._asked[rule.id] = names_asked(rule)
        return self._asked[rule.id]

    def missing(self, rule: Rule) -> list[tuple[str, Kleene]]:
        """Return `missing_information` of a rule."""
        if rule.id not in self._missing:
            self._missing[rule.id] = missing_information(rule, self.facts)
        return self._missing[rule.id]


class Subject:
    """What is known of one subject, as rules ask for it."""

    def __init__(self, row: Row, attributes: Sequence[Row], everybody: Everybody, *, complete: bool = True) -> None:
        """Take a row of subjects.csv and its attributes; `complete` is False where some may not be told."""
        self.row = row
        self.everybody, self.place = everybody, everybody.place[str(row["subject_id"])]
        self.complete = complete
        self.values = {str(a["attribute"]): str(a["value"]) for a in attributes}
        self.units = {str(a["attribute"]): str(a["unit"]) for a in attributes}
        self.activities = split(row["activity"])
        self._facts: dict[str, Fact] = {}

    @property
    def facts(self) -> Facts:
        """The facts on this subject alone."""
        return self.everybody.facts.at(np.array([self.place]))

    def fact(self, name: str) -> Fact:
        """Return one fact of the subject, with an empty value when nobody declared it; many rules ask for the same one."""
        if name not in self._facts:
            self._facts[name] = self._fact(name)
        return self._facts[name]

    def _fact(self, name: str) -> Fact:
        if name == "industry":
            code = str(self.row["industry"])
            return replace(fact_of(name, ""), value=industry_title(code) if code else "")
        if name == "activity":
            return replace(fact_of(name, ""), value="；".join(map(activity_title, self.activities)))
        if name in ("area_m2", "length_m"):
            return fact_of(name, f"{self.row[name]:,.2f}", "m2" if name == "area_m2" else "m")
        if name in FLAGS and not self.values.get(name):
            return replace(fact_of(name, ""), value=_listed(str(self.row["industry"]), name))
        if name in self.row:
            return fact_of(name, str(self.row[name]))
        return fact_of(name, self.values.get(name, ""), self.units.get(name, ""))

    def told(self, names: Iterable[str]) -> tuple[Fact, ...]:
        """Return facts by name; those without a value only where everything may be told, or it would read as undeclared."""
        return tuple(fact for name in names if (fact := self.fact(name)).value or self.complete)


def _listed(code: str, column: str) -> str:
    """Return what the industry table says of a flag nobody declared."""
    words = {True: "是（按行业表）", False: "否（按行业表）", None: "待核实（视工艺、产品或更细行业代码）"}
    return words[flag(code, column)] if code else ""


def clauses_of(
    findings: Iterable[Row],
    *,
    subject: Subject,
    rules: Mapping[str, Rule],
    zones: Mapping[tuple[str, str], ZoneHit],
    titles: Mapping[str, str],
    reasons: bool = True,
) -> tuple[Clause, ...]:
    """Return one clause a rule, outcome and text; strictest first, then what is undecided, manual, not applicable.

    Parameters
    ----------
    reasons : say which facts keep a clause from applying, which costs as much as all else; a list needs none.
    """
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in findings:
        key = (str(row["rule_id"]), str(row["state"]), str(row["clause"]), str(row["layer"]))
        groups.setdefault(key, []).append(row)
    made = []
    for (rule_id, *_), rows in groups.items():
        rule = rules.get(rule_id)
        made.append(_clause(rows, rule, subject, _zones_of(rows, zones, titles), titles, reasons=reasons))
    return tuple(sorted(made, key=_order))


def _order(clause: Clause) -> tuple[int, int, str]:
    place = _STATE_ORDER.index(State(clause.state))
    return place, -Effect(clause.effect).rank, clause.rule_ids[0]


def _zones_of(
    rows: Sequence[Row], zones: Mapping[tuple[str, str], ZoneHit], titles: Mapping[str, str]
) -> tuple[ZoneHit, ...]:
    keys = dict.fromkeys((str(row["layer"]), zone_id) for row in rows for zone_id in split(row["zone_id"]))
    nan = float("nan")
    return tuple(
        zones.get(key)
        or ZoneHit(
            layer=key[0], layer_title=titles.get(key[0], key[0]), zone_id=key[1], zone_name="", zone_class="",
            relation="", area_m2=0.0, share=0.0, length_m=0.0, distance_m=nan,
        )
        for key in keys
    )  # fmt: skip


def _clause(
    rows: Sequence[Row],
    rule: Rule | None,
    subject: Subject,
    zones: tuple[ZoneHit, ...],
    titles: Mapping[str, str],
    *,
    reasons: bool,
) -> Clause:
    first = rows[0]
    missing = tuple(dict.fromkeys(name for row in rows for name in split(row["missing_attribute"])))
    conformity, reason = _conformity(first, rule if reasons else None, subject)
    return Clause(
        rule_ids=(str(first["rule_id"]),),
        title=rule.title if rule else "",
        levels=(str(first["level"]),),
        effect=str(first["effect"]),
        state=str(first["state"]),
        dimension=str(first["dimension"]),
        layer=str(first["layer"]),
        layer_title=titles.get(str(first["layer"]), str(first["layer"])),
        zones=zones,
        text=str(first["clause"]),
        bases=(str(first["basis"]),),
        effective_from=str(first["effective_from"]),
        effective_to=str(first["effective_to"]),
        mark=str(first["mark"]),
        needs_review=any(bool(row["needs_review"]) for row in rows),
        validity_risk=rule.validity_risk if rule else "",
        penalty=rule.penalty if rule else "",
        note=rule.note if rule else "",
        plan_measure=str(first["plan_measure"]),
        missing=tuple(fact_of(name, "") for name in missing),
        situation=subject.told(subject.everybody.asked(rule)) if rule else (),
        conformity=conformity,
        reason=reason,
    )


def names_asked(rule: Rule) -> tuple[str, ...]:
    """Return the facts a rule looks at, in the order of its scope, conditions and exemptions."""
    names = []
    if rule.project_types:
        names.append("project_type")
    if rule.activities or any(e.activities for e in rule.unless):
        names.append("activity")
    if rule.industry_prefixes or rule.industry_flag:
        names.append("industry")
    names += [rule.industry_flag] if rule.industry_flag == "two_high" else []
    names += [rule.or_declared.attribute] if rule.or_declared else []
    names += [condition.attribute for condition in rule.conditions]
    names += [condition.attribute for exemption in rule.unless for condition in exemption.conditions]
    names += [rule.distance_attribute] if rule.distance_attribute else []
    return tuple(dict.fromkeys(names))


def _conformity(row: Row, rule: Rule | None, subject: Subject) -> tuple[Conformity, str]:
    """Return 符合, 不符合 or 需核实 with the reason; only a clause that plainly does not apply is 符合."""
    words = wording()["conformity_reason"]
    state, effect = State(row["state"]), Effect(row["effect"])
    if state is State.NOT_APPLICABLE:
        return "符合", f"{words['outside']}：{_why_not(rule, subject)}" if rule else words["outside"]
    if state is not State.APPLIES:
        return "需核实", words["unknown" if state is State.UNKNOWN else "manual"]
    if effect.rank == 3:
        return "不符合", words["prohibit"]
    return "符合" if effect is Effect.ENCOURAGE else "需核实", words[_EFFECT_REASON[effect]]


def _why_not(rule: Rule, subject: Subject) -> str:
    """Return which declared facts keep a clause from applying."""
    if str(subject.row["kind"]) not in map(str, rule.subject_kinds):
        return "条文不针对此类对象"
    everybody, place = subject.everybody, subject.place
    for exemption in rule.unless:
        if claimed(exemption, everybody.facts)[place] == TRUE:
            return exemption.reason or "申报了例外情形"
    failing = dict.fromkeys(name for name, answer in everybody.missing(rule) if answer[place] == FALSE)
    facts = [subject.fact(name) for name in failing]
    return "；".join(f"{fact.title}为{fact.value or '未填'}{fact.unit}" for fact in facts) or "条件不成立"


def merge_levels(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Return clauses with those of one text, effect and outcome put together: once, with all levels and bases."""
    groups: dict[tuple[str, str, str], list[Clause]] = {}
    for clause in clauses:
        groups.setdefault((plain_text(clause.text), clause.effect, clause.state), []).append(clause)
    return tuple(joined(part) if len(part) > 1 else part[0] for part in groups.values())


def joined(parts: Sequence[Clause]) -> Clause:
    """Return the first of `parts` carrying the rule ids, levels, bases, zones and reviews of all."""
    levels = {level for part in parts for level in part.levels}
    return replace(
        parts[0],
        rule_ids=_union(part.rule_ids for part in parts),
        levels=tuple(level.value for level in Level if level.value in levels),
        bases=_union(part.bases for part in parts),
        zones=tuple(dict.fromkeys(zone for part in parts for zone in part.zones)),
        missing=tuple(dict.fromkeys(fact for part in parts for fact in part.missing)),
        situation=tuple(dict.fromkeys(fact for part in parts for fact in part.situation)),
        needs_review=any(part.needs_review for part in parts),
        mark="；".join(_union(tuple(part.mark.split("；")) for part in parts)),
        penalty="；".join(_union((part.penalty,) for part in parts if part.penalty)),
        note="；".join(_union((part.note,) for part in parts if part.note)),
    )


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


@lru_cache(maxsize=4096)
def plain_text(text: str) -> str:
    """Return a clause without stamps in 【】, blanks and punctuation, so that copies are recognised."""
    return _NOT_TEXT.sub("", text)
