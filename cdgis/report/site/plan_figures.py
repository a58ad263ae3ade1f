"""Numbers of the tables beside each measure of the plan (column `figures` of plan/measures.csv of a pack).

A figure is one sentence and the tables its numbers were read from; without those tables there is no sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from cdgis.carbon.potential import ALL_MEASURES
from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.core.number_format import covered_words, whole_city
from cdgis.core.vocabulary import ListingStatus
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.report.table_rows import table
from cdgis.report.wording import initial, number, ten_thousand
from cdgis.results.assessment import Assessment

_RECEPTORS = ("监测断面", "饮用水水源保护区", "水库")
_ZONES = ("禁止设置区域", "限制设置区域", "未压占", "资料不足")


@dataclass(frozen=True, slots=True)
class Result:
    """One sentence beside a measure."""

    text: str
    tables: tuple[str, ...] = ()
    """Names of the tables that hold its numbers."""


def figure(name: str, assessment: Assessment) -> Result:
    """Return a named figure, or that of the layer of this id; an empty text where there is nothing to tell."""
    if name in _NAMED:
        draw, tables = _NAMED[name]
        return Result(draw(assessment), tables)
    return Result(_layer_figure(name, assessment), ("overlaps",))


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
    city = zones[(zones["zone_layer"] == layer_ids.CITY) & (zones["land_class"] == TOTAL)]
    share = float(city["covered_share"].sum())
    if not share:
        return ""
    low, mid, high = (float(city[f"stock_tc_{name}"].iloc[0]) for name in ("low", "mid", "high"))
    span = f"{ten_thousand(low)} 至 {ten_thousand(high)}"
    return f"{whole_city(share)}碳储量中值 {ten_thousand(mid)} 万吨碳（{span}，{initial(str(city['mark'].iloc[0]))}）"


def _potential(assessment: Assessment) -> str:
    totals = table(assessment, "carbon_potential_totals")
    if totals.empty:
        return ""
    last = totals[(totals["measure"] == ALL_MEASURES) & (totals["year"] == totals["year"].max())].iloc[0]
    return (
        f"修复区可实施面积 {number(last['eligible_m2'] / 1e4)} 公顷{covered_words(float(last['covered_share']))}；{int(last['year'])} 年增汇中值"
        f" {ten_thousand(last['flux_tco2e_mid'])} 万吨二氧化碳当量/年，"
        f"累计 {ten_thousand(last['cumulative_tco2e_mid'])} 万吨（以措施全部落实为前提，{initial(str(last['mark']))}）"
    )


def _relocation(assessment: Assessment) -> str:
    rows = table(assessment, "relocation")
    if rows.empty:
        return ""
    counts = rows["status"].value_counts()
    parts = "，".join(f"{status} {counts[status]}" for status in ListingStatus if status in counts)
    return f"搬迁与整治筛出企业 {len(rows)} 家（{parts}）"


def _two_high(assessment: Assessment) -> str:
    attributes = table(assessment, "attributes")
    declared = attributes[(attributes["attribute"] == "two_high") & (attributes["value"] == "true")]
    return f"申报为“两高”的对象 {declared['subject_id'].nunique()} 个；其余按行业代码核对"


def _downstream(assessment: Assessment) -> str:
    """Return how many discharging subjects run into what; of each kind a subject's first receptor counts."""
    rows = table(assessment, "downstream")
    if rows.empty:
        return ""
    described = rows[rows["order"] > 0]
    reached = (_reached(described[described["kind"] == kind], kind) for kind in _RECEPTORS)
    return (
        f"沿河追踪：排水对象 {rows['subject_id'].nunique()} 个，{described['subject_id'].nunique()} 个查到下游受体"
        f"（每类只计最先到达的一处）：{'；'.join(filter(None, reached)) or '断面、水源地、水库均无'}；"
        f"未能追踪 {(rows['order'] == 0).sum()} 个，不等于没有影响。逐点追踪用 cdgis trace，一河一策一图用 cdgis rivers"
    )


def _reached(rows: pd.DataFrame, kind: str) -> str:
    if rows.empty:
        return ""
    return f"{kind} {rows['receptor_id'].nunique()} 处，可由 {rows['subject_id'].nunique()} 个对象到达"


def _outfalls(assessment: Assessment) -> str:
    rows = table(assessment, "outfalls")
    if rows.empty:
        return ""
    kinds = rows["kind"].value_counts()
    zones = rows["zone_class"].value_counts()
    return (
        f"入河排污口与排水企业 {len(rows)} 个（{'，'.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}）："
        + "，".join(f"{zone} {zones[zone]}" for zone in _ZONES if zone in zones)
        + "。企业没有排口坐标，以其入河位置（不是厂址）代，须逐口核实"
    )


def _loads(assessment: Assessment) -> str:
    rows = table(assessment, "outfall_loads")
    if rows.empty:
        return ""
    capped = rows["cap_t_per_yr"].notna()
    over = rows.loc[rows["share"] > 1, "name"]
    return (
        f"水环境控制单元 {len(rows)} 个，{capped.sum()} 个有化学需氧量上限；申报量超过上限 {len(over)} 个"
        f"{'（' + '、'.join(over) + '）' if len(over) else ''}；未申报 {int(rows['missing_count'].sum())} 家，未计入"
    )


def _not_run(text: str) -> Callable[[Assessment], str]:
    """Return a figure that says with which command and which table the answer can be had."""
    return lambda assessment: "" if assessment.audience == "public" else text


_NAMED: Mapping[str, tuple[Callable[[Assessment], str], tuple[str, ...]]] = {
    "carbon": (_carbon, ("carbon_zones",)),
    "potential": (_potential, ("carbon_potential_totals",)),
    "relocation": (_relocation, ("relocation",)),
    "two_high": (_two_high, ("attributes",)),
    "downstream": (_downstream, ("downstream",)),
    "outfalls": (_outfalls, ("outfalls",)),
    "loads": (_loads, ("outfall_loads",)),
    "reuse": (
        _not_run(
            "再利用选址（生态空间、造林增汇、光伏、风电）另行研判，不在本次运行内：cdgis reuse，结果见其 reuse.csv"
        ),
        (),
    ),
    "synergy": (
        _not_run(
            "本次没有前后对照表，未算减污降碳协同。需要的表：编号、物质、基期、末期（吨/年），"
            "每家每种物质一行，可有园区、县区；用 cdgis synergy 表 计算"
        ),
        (),
    ),
}
