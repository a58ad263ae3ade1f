"""What this run computed for each of the plan's 31 measures (plan/measures.csv of a pack).

Each measure gets the clauses that carry its number, and the figures its row asks for; a measure that is not
spatial, or for which nothing was computed, says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cdgis.core.vocabulary import LIST_SEPARATOR, Effect, State
from cdgis.report.site.plan_figures import Result, figure
from cdgis.report.table_rows import table
from cdgis.results.assessment import Assessment
from cdgis.rules.local_plan import read_plan

NOT_SPATIAL = "不属空间分析"
_MARKED_NOT_SPATIAL = "非空间"
"""Word of measures.csv, column spatial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of the plan with what was computed for it."""

    no: int
    chapter: str
    title: str
    spatial: str
    targets: str
    lead: str
    mark: str
    results: tuple[Result, ...]
    """What cdgis computed, one sentence each, with the tables it was read from."""


def gather_measures(assessment: Assessment) -> tuple[Measure, ...]:
    """Return the plan's general goals (number 0) and its measures 1 to 31 with what the tables say about each."""
    clauses = _clauses_by_measure(assessment)
    return tuple(_measure(row, assessment, clauses) for row in read_plan())


def _measure(row: Mapping[str, str], assessment: Assessment, clauses: Mapping[str, str]) -> Measure:
    results = [Result(clauses[row["no"]], ("findings",))] if row["no"] in clauses else []
    results += [found for name in row["figures"].split() if (found := figure(name, assessment)).text]
    if not results:
        none = "本次没有为此项算出内容" if row["spatial"] != _MARKED_NOT_SPATIAL else NOT_SPATIAL
        results = [Result(none)]
    return Measure(
        no=int(row["no"]),
        results=tuple(results),
        **{name: row[name] for name in ("chapter", "title", "spatial", "targets", "lead", "mark")},
    )


def _clauses_by_measure(assessment: Assessment) -> dict[str, str]:
    """Return measure number -> how many rules in force carry it, and on how many subjects they apply."""
    in_force = assessment.rulebook.in_force(assessment.as_of)
    findings = table(assessment, "findings")
    findings = findings[findings["state"] == State.APPLIES.value]
    numbers = findings["plan_measure"].astype(str).str.split(LIST_SEPARATOR)
    long = findings.assign(no=numbers).explode("no")
    rules: dict[str, int] = {}
    for rule in in_force:
        for no in filter(None, rule.plan_measure.split(LIST_SEPARATOR)):
            rules[no] = rules.get(no, 0) + 1
    applied = {str(no): part for no, part in long.groupby("no", sort=True) if no}
    return {no: _clause_text(rules.get(no, 0), applied.get(no)) for no in {*rules, *applied} if no}


def _clause_text(rule_count: int, applied: pd.DataFrame | None) -> str:
    head = f"在效规则 {rule_count} 条" if rule_count else "单元准入清单条款"
    if applied is None:
        return f"{head}，对所载对象均不适用"
    counts = applied.groupby("effect")["subject_id"].nunique()
    parts = [f"{effect.value} {counts[effect.value]}" for effect in Effect if effect.value in counts]
    return f"{head}，适用于 {applied['subject_id'].nunique()} 个对象（按效力：{'，'.join(parts)}）"
