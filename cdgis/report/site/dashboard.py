"""Dashboard of the city: counts, areas, relocation, carbon and the plan's measures on one page.

Every chart is drawn from a table that stands behind it, and says where its numbers come from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from cdgis.carbon.potential import ALL_MEASURES
from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.core.number_format import covered_words, covers_all, whole_city
from cdgis.core.vocabulary import Disposition, ListingStatus, Mark, Verdict
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.report.drawing.bar_chart import Chart, Content, stacked
from cdgis.report.drawing.palette import read_palette
from cdgis.report.site.plan_measures import Measure, gather_measures
from cdgis.report.site.subject_list import UNIT_LAYER, Listed
from cdgis.report.table_rows import table
from cdgis.report.wording import initial
from cdgis.results.assessment import Assessment

COUNTY_LAYER = layer_ids.COUNTIES
_OUTSIDE = "未落入"
_CARBON_COLOUR = "#3f7f5f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the page shows, in reading order."""

    charts: tuple[Chart, ...]
    measures: tuple[Measure, ...]
    headlines: tuple[tuple[str, str, str], ...]
    """(number, unit, what it is)."""


def draw_dashboard(
    assessment: Assessment, listed: Sequence[Listed], *, pages: Mapping[str, Mapping[str, str]]
) -> Dashboard:
    """Return the dashboard of a run; charts without data are left out.

    Parameters
    ----------
    pages : layer id -> zone id -> page, relative to the dashboard.
    """
    county_links = _links_by_name(assessment, COUNTY_LAYER, pages)
    contents = [
        _counts(
            "by-county", "各县区研判结论", "县区", listed, key=lambda r: str(r.subject["county"]), links=county_links
        ),
        _counts("by-basin", "各流域研判结论", "流域", listed, key=lambda r: str(r.subject["basin"]), links={}),
        _counts("by-class", "各类管控单元内的研判结论", "单元类别", listed, key=lambda r: r.unit_class, links={}),
        _site_areas(listed),
        _unit_areas(assessment, county_links),
        _relocation(assessment),
        _carbon(assessment, county_links),
        _potential(assessment),
    ]
    return Dashboard(
        charts=tuple(stacked(content) for content in contents if content and content.rows),
        measures=gather_measures(assessment),
        headlines=_headlines(assessment, listed),
    )


def _links_by_name(assessment: Assessment, layer: str, pages: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    if layer not in assessment.layers:
        return {}
    zones = assessment.layers[layer].zones
    return {
        name: pages.get(layer, {}).get(key, "") for key, name in zip(zones["zone_id"], zones["zone_name"], strict=True)
    }


def _verdict_series() -> tuple[tuple[str, str], ...]:
    return tuple((verdict.value, read_palette().verdicts[verdict.value].fill) for verdict in Verdict)


def _counts(
    chart_id: str,
    title: str,
    label: str,
    listed: Sequence[Listed],
    *,
    key: Callable[[Listed], str],
    links: Mapping[str, str],
) -> Content:
    """Return numbers of subjects by a property and verdict, largest first, those without it last."""
    frame = pd.DataFrame({"key": [key(row) for row in listed], "verdict": [row.verdict for row in listed]})
    counts = pd.crosstab(frame["key"], frame["verdict"]).reindex(columns=[v.value for v in Verdict], fill_value=0)
    order = _largest_first(counts)
    return Content(
        id=chart_id,
        title=title,
        note="项目与企业个数；按重心所在位置归属。来源：subjects.csv、verdicts.csv",
        unit="个",
        label_title=label,
        series=_verdict_series(),
        rows=[(name or f"{_OUTSIDE}任何{label}", _numbers(counts, name)) for name in order],
        links=[links.get(name, "") for name in order],
    )


def _numbers(table: pd.DataFrame, name: str) -> list[float]:
    return [float(value) for value in table.loc[[name]].to_numpy()[0]]


def _largest_first(table: pd.DataFrame) -> list[str]:
    """Return row names by falling total; subjects outside all (no name) come last."""
    totals = dict(zip(table.index.astype(str), table.sum(axis=1).tolist(), strict=True))
    return sorted(totals, key=lambda name: (name == "", -totals[name], name))


def _site_areas(listed: Sequence[Listed]) -> Content | None:
    sites = [
        (str(r.subject["county"]), r.verdict, float(r.subject["area_m2"]) / 1e4)
        for r in listed
        if r.subject["area_m2"] > 0
    ]
    if not sites:
        return None
    frame = pd.DataFrame(sites, columns=["county", "verdict", "area_ha"])
    sums = frame.pivot_table(index="county", columns="verdict", values="area_ha", aggfunc="sum", fill_value=0.0)
    sums = sums.reindex(columns=[v.value for v in Verdict], fill_value=0.0)
    order = _largest_first(sums)
    return Content(
        id="site-areas",
        title="各县区项目用地面积与结论",
        note="项目面状用地的整宗面积（国土调查椭球面积），重叠的选址各自计入。来源：subjects.csv、verdicts.csv",
        unit="公顷",
        label_title="县区",
        series=_verdict_series(),
        rows=[(name or "未落入任何县区", _numbers(sums, name)) for name in order],
        digits=1,
    )


def _unit_areas(assessment: Assessment, links: Mapping[str, str]) -> Content | None:
    """Return the area of each class of management unit in each county, cut in the equal-area plane."""
    if UNIT_LAYER not in assessment.layers or COUNTY_LAYER not in assessment.layers:
        return None
    units, counties = assessment.layers[UNIT_LAYER].zones, assessment.layers[COUNTY_LAYER].zones
    plane = valid_on_plane(units.geometry.to_numpy())[0]
    tree = shapely.STRtree(plane)
    classes = list(
        dict.fromkeys([*assessment.layers[UNIT_LAYER].spec.allowed_classes, *sorted(set(units["zone_class"]))])
    )
    kinds, rows = units["zone_class"].to_numpy(), []
    shapes = valid_on_plane(counties.geometry.to_numpy())[0]
    for name, shape in sorted(zip(counties["zone_name"], shapes, strict=True), key=lambda row: -row[1].area):
        index = np.sort(tree.query(shape, predicate="intersects"))
        km2 = shapely.area(shapely.intersection(plane[index], shape)) / 1e6
        rows.append((name, [float(km2[kinds[index] == kind].sum()) for kind in classes]))
    return Content(
        id="unit-areas",
        title="各县区管控单元面积",
        note="单元与县界相交后的面积（国土调查椭球面积），按类别合计。来源：管控单元与县级行政区图层",
        unit="平方公里",
        label_title="县区",
        series=tuple((kind, read_palette().zone_colour(UNIT_LAYER, kind)) for kind in classes),
        rows=rows,
        links=[links.get(name, "") for name, _ in rows],
    )


def _relocation(assessment: Assessment) -> Content | None:
    rows = table(assessment, "relocation")
    if rows.empty:
        return None
    counts = pd.crosstab(rows["status"], rows["disposition"])
    colours = read_palette().kinds["disposition"]
    tasks = [task for task in colours if task in counts.columns]
    order = [name for name in map(str, ListingStatus) if name in counts.index]
    return Content(
        id="relocation-chart",
        title="搬迁与整治：处置状态与方向",
        note="企业家数；清单由规则筛出，须人工复核，不是行政决定。来源：relocation.csv",
        unit="家",
        label_title="处置状态",
        series=tuple((task, colours[task]) for task in tasks),
        rows=[(name, _numbers(counts[tasks], name)) for name in order],
        links=["index.html#relocation"] * len(order),
    )


def _carbon(assessment: Assessment, links: Mapping[str, str]) -> Content | None:
    zones = table(assessment, "carbon_zones")
    rows = zones[(zones["zone_layer"] == COUNTY_LAYER) & (zones["land_class"] == TOTAL)]
    partly = [f"{name}{covered_words(share)}" for name, share in zip(rows["zone_name"], rows["covered_share"], strict=True) if not covers_all(share)]
    rows = rows[rows["covered_share"] > 0]
    if rows.empty:
        return None
    rows = rows.sort_values(["stock_tc_mid", "zone_id"], ascending=[False, True])
    in_wan = rows[["stock_tc_low", "stock_tc_mid", "stock_tc_high"]].to_numpy(dtype=float) / 1e4
    return Content(
        id="carbon-chart",
        title=f"各县区碳储量（{_initial(rows)}）",
        note="植被与土壤合计中值；横线为低值至高值（5% 与 95% 分位），各行区间不能相加。"
        + (f"没有全部覆盖的：{'；'.join(partly)}。" if partly else "") + "来源：carbon_zones.csv",
        unit="万吨碳",
        label_title="县区",
        series=(("中值", _CARBON_COLOUR),),
        rows=[(str(name), [float(mid)]) for name, mid in zip(rows["zone_name"], in_wan[:, 1], strict=True)],
        ranges=[(float(low), float(high)) for low, _, high in in_wan],
        digits=1,
        links=[links.get(str(name), "") for name in rows["zone_name"]],
    )


def _potential(assessment: Assessment) -> Content | None:
    totals = table(assessment, "carbon_potential_totals")
    if totals.empty:
        return None
    fifth_years = totals["year"] % 5 == 0
    totals = totals[(totals["measure"] == ALL_MEASURES) & fifth_years].sort_values("year")
    names = [f"flux_tco2e_{name}" for name in ("low", "mid", "high")]
    values = totals[names].to_numpy(dtype=float) / 1e4
    return Content(
        id="potential-chart",
        title=f"修复增汇潜力：全部措施年增汇（{_initial(totals)}）",
        note="以措施全部落实为前提，不是已实现的碳汇；横线为低值至高值。来源：carbon_potential_totals.csv",
        unit="万吨二氧化碳当量/年",
        label_title="年份",
        series=(("中值", "#5b8c3a"),),
        rows=[(f"{int(year)} 年", [float(mid)]) for year, mid in zip(totals["year"], values[:, 1], strict=True)],
        ranges=[(float(low), float(high)) for low, _, high in values],
        digits=2,
    )


def _initial(rows: pd.DataFrame) -> str:
    return initial(Mark.MEMORY if (rows["mark"] == Mark.MEMORY).any() else Mark.SEEN)


def _moving(relocation: pd.DataFrame) -> tuple[int, str, str]:
    """Return how many are candidates to move; those an officer has to check first are no candidates and said apart."""
    status = relocation.loc[relocation["disposition"] == Disposition.RELOCATE, "status"]
    placed = int((relocation["assigned"] != "").sum())
    text = f"异地迁建候选；另 {int((status == ListingStatus.REVIEW).sum())} 家须先人工核实。共 {placed} 家有建议园区"
    return int((status == ListingStatus.CANDIDATE).sum()), "家", text


def _headlines(assessment: Assessment, listed: Sequence[Listed]) -> tuple[tuple[str, str, str], ...]:
    """Return the numbers that stand on top of the page."""
    facts: list[tuple[Any, str, str]] = [] if not listed else [
        (len(listed), "个", "判定对象"),
        (sum(row.verdict == Verdict.FAIL for row in listed), "个", "不符合"),
        (sum(row.critical for row in listed), "个", "结论临界，边界稍动即可能改变"),
    ]
    relocation = table(assessment, "relocation")
    if len(relocation):
        facts.append(_moving(relocation))
    zones = table(assessment, "carbon_zones")
    city = zones[(zones["zone_layer"] == layer_ids.CITY) & (zones["land_class"] == TOTAL)]
    share = float(city["covered_share"].sum())
    if share:
        facts.append((f"{float(city['stock_tc_mid'].iloc[0]) / 1e8:.2f}", "亿吨碳", f"{whole_city(share)}碳储量中值（{_initial(city)}）"))
    return tuple((f"{n:,}" if isinstance(n, int) else str(n), unit, text) for n, unit, text in facts)
