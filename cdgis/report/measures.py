"""What did this run compute for each of the plan's 31 measures? (cdgis/data/plan/measures.csv)

Each measure gets the clauses that carry its number, and the figures its row asks for; a measure that is not
spatial, or for which nothing was computed, says so.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

from cdgis.assessment import Assessment
from cdgis.carbon.potential import ALL_MEASURES
from cdgis.carbon.stock import TOTAL
from cdgis.geodesy import survey_area_m2
from cdgis.model import LIST_SEPARATOR, Effect, State
from cdgis.report.dossier import table
from cdgis.report.wording import initial, number, ten_thousand

NOT_SPATIAL = "不属空间分析"


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
    results: tuple[str, ...]
    """What cdgis computed, one sentence each."""


def gather_measures(assessment: Assessment) -> tuple[Measure, ...]:
    """Return the plan's general goals (number 0) and its measures 1 to 31 with what the tables say about each."""
    clauses = _clauses_by_measure(assessment)
    return tuple(_measure(row, assessment, clauses) for row in read_plan())


def read_plan() -> list[dict[str, str]]:
    """Return the rows of the plan: general goals first, then measures 1 to 31."""
    text = files("cdgis").joinpath("data/plan/measures.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def _measure(row: Mapping[str, str], assessment: Assessment, clauses: Mapping[str, str]) -> Measure:
    results = [clauses[row["no"]]] if row["no"] in clauses else []
    results += [text for name in row["figures"].split() if (text := _figure(name, assessment))]
    if not results:
        none = "本次没有为此项算出内容" if row["spatial"] != "非空间" else NOT_SPATIAL
        results = [none]
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


def _figure(name: str, assessment: Assessment) -> str:
    if name in _NAMED:
        return _NAMED[name](assessment)
    return _layer_figure(name, assessment)


def _layer_figure(name: str, assessment: Assessment) -> str:
    """Return how many zones a layer has, how large they are, and how many subjects lie on or cross them."""
    if name not in assessment.layers:
        return ""
    layer = assessment.layers[name]
    overlaps = table(assessment, "overlaps")
    hit = overlaps[(overlaps["layer"] == name) & overlaps["relation"].isin(("inside", "crosses"))]
    text = f"{layer.spec.title} {len(layer.zones)} 处"
    if layer.spec.geometry == "polygon":
        area_m2 = float(survey_area_m2(layer.zones.geometry.to_numpy()).sum())
        text += f"，面积合计 {number(area_m2 / 1e6, 1)} 平方公里"
    return f"{text}；压占或位于其中的对象 {hit['subject_id'].nunique()} 个"


def _carbon(assessment: Assessment) -> str:
    zones = table(assessment, "carbon_zones")
    city = zones[(zones["zone_layer"] == "city") & (zones["land_class"] == TOTAL)]
    if city.empty:
        return ""
    low, mid, high = (float(city[f"stock_tc_{name}"].iloc[0]) for name in ("low", "mid", "high"))
    return f"全市碳储量中值 {ten_thousand(mid)} 万吨碳（{ten_thousand(low)} 至 {ten_thousand(high)}，{initial(str(city['mark'].iloc[0]))}）"


def _potential(assessment: Assessment) -> str:
    totals = table(assessment, "carbon_potential_totals")
    if totals.empty:
        return ""
    last = totals[(totals["measure"] == ALL_MEASURES) & (totals["year"] == totals["year"].max())].iloc[0]
    return (
        f"修复区可实施面积 {number(last['eligible_m2'] / 1e4)} 公顷；{int(last['year'])} 年增汇中值"
        f" {ten_thousand(last['flux_tco2e_mid'])} 万吨二氧化碳当量/年，"
        f"累计 {ten_thousand(last['cumulative_tco2e_mid'])} 万吨（以措施全部落实为前提，{initial(str(last['mark']))}）"
    )


def _relocation(assessment: Assessment) -> str:
    rows = table(assessment, "relocation")
    if rows.empty:
        return ""
    counts = rows["status"].value_counts()
    parts = "，".join(f"{status} {counts[status]}" for status in ("候选", "须人工核实", "排除") if status in counts)
    return f"搬迁与整治筛出企业 {len(rows)} 家（{parts}）"


def _two_high(assessment: Assessment) -> str:
    attributes = table(assessment, "attributes")
    declared = attributes[(attributes["attribute"] == "two_high") & (attributes["value"] == "true")]
    return f"申报为“两高”的对象 {declared['subject_id'].nunique()} 个；其余按行业代码核对"


_NAMED: Mapping[str, Callable[[Assessment], str]] = {
    "carbon": _carbon,
    "potential": _potential,
    "relocation": _relocation,
    "two_high": _two_high,
}
