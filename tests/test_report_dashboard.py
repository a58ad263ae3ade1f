import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from report_fixtures import empty_assessment, make_assessment

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.report.drawing.bar_chart import LABEL_PX, Content, stacked
from cdgis.report.screening import Casebook
from cdgis.report.site.dashboard import Dashboard, draw_dashboard
from cdgis.report.site.page import render_dashboard
from cdgis.report.site.place_content import place_pages
from cdgis.report.site.plan_figures import figure
from cdgis.report.site.plan_measures import NOT_SPATIAL, gather_measures
from cdgis.report.site.subject_list import list_subjects


@cache
def _dashboard() -> Dashboard:
    assessment = make_assessment()
    return draw_dashboard(assessment, list_subjects(Casebook(assessment)), pages=place_pages(assessment))


def _chart(chart_id: str) -> list[list[float]]:
    chart = next(c for c in _dashboard().charts if c.id == chart_id)
    return [[float(cell.replace(",", "")) for cell in row[1:]] for row in chart.rows]


def test_bars_are_as_long_as_their_values() -> None:
    rows = [("a", [1.0, 2.0]), ("b", [float("nan"), 5.0])]
    chart = stacked(
        Content(id="x", title="", note="", unit="", label_title="", series=(("s", "#000"), ("t", "#fff")), rows=rows)
    )
    first, second = chart.bars
    assert first.pieces[1].width == pytest.approx(2 * first.pieces[0].width, abs=0.11)
    assert first.pieces[1].x == pytest.approx(LABEL_PX + first.pieces[0].width, abs=0.11)
    assert len(second.pieces) == 1 and second.total == "5"
    assert chart.ticks[0] == (LABEL_PX, "0") and chart.rows[1] == ("b", "—", "5", "5")


def test_whisker_runs_from_low_to_high() -> None:
    content = Content(
        id="x",
        title="",
        note="",
        unit="",
        label_title="",
        series=(("s", "#000"),),
        rows=[("a", [4.0])],
        ranges=[(2.0, 8.0)],
    )
    bar = stacked(content).bars[0]
    assert bar.whisker is not None
    low, high = (edge - LABEL_PX for edge in bar.whisker)
    assert (low / bar.pieces[0].width, high / bar.pieces[0].width) == pytest.approx((0.5, 2.0), rel=1e-2)


@pytest.mark.parametrize("chart_id", ["by-county", "by-basin", "by-class"])
def test_counts_close_at_the_number_of_subjects(chart_id: str) -> None:
    rows = _chart(chart_id)
    assert sum(row[-1] for row in rows) == 20 and all(sum(row[:-1]) == row[-1] for row in rows)


def test_unit_areas_of_a_county_close_at_its_own_area() -> None:
    counties = make_assessment().layers["counties"].zones
    km2 = dict(zip(counties["zone_name"], survey_area_m2(counties.geometry.to_numpy()) / 1e6, strict=True))
    chart = next(c for c in _dashboard().charts if c.id == "unit-areas")
    for row in chart.rows:
        assert float(row[-1].replace(",", "")) == pytest.approx(km2[row[0]], abs=0.51)


def test_site_areas_are_those_of_the_table() -> None:
    subjects = make_assessment().tables["subjects"]
    assert sum(row[-1] for row in _chart("site-areas")) == pytest.approx(subjects["area_m2"].sum() / 1e4, abs=0.3)


def test_all_31_measures_are_there_and_say_what_is_not_spatial() -> None:
    measures = gather_measures(make_assessment())
    assert [m.no for m in measures] == list(range(32))
    assert {m.no for m in measures if [r.text for r in m.results] == [NOT_SPATIAL]} == {3, 6, 23, 26, 30}
    assert "2025年" in measures[10].targets and measures[10].mark == "S"
    assert all(m.results for m in measures)


def test_measure_counts_subjects_its_clauses_apply_to() -> None:
    findings = make_assessment().tables["findings"]
    carries = findings["plan_measure"].map(lambda text: "1" in text.split(";"))
    applied = findings[(findings["state"] == "applies") & carries]
    assert f"适用于 {applied['subject_id'].nunique()} 个对象" in gather_measures(make_assessment())[1].results[0].text


def test_page_puts_a_table_behind_each_chart_and_runs_no_script() -> None:
    soup = BeautifulSoup(render_dashboard(make_assessment(), _dashboard()), "html.parser")
    charts = soup.select("section.chart")
    assert len(charts) == len(_dashboard().charts) >= 7 and not soup.select("script")
    for chart in charts:
        assert len(chart.select("tbody tr")) == len(chart.select("text.bar-label"))
    assert len(soup.select("#measures-table tbody tr")) == 32
    assert re.search(r"counties/130800\.html", str(soup))


def test_dashboard_is_drawn_when_nothing_was_judged() -> None:
    empty = empty_assessment()
    board = draw_dashboard(empty, (), pages={})
    assert [c.id for c in board.charts] == ["unit-areas"] and board.headlines == ()
    assert np.isfinite([p.width for c in board.charts for b in c.bars for p in b.pieces]).all()


def test_carbon_of_the_dashboard_says_when_it_is_unverified() -> None:
    charts = {chart.id: chart.title for chart in _dashboard().charts}
    assert "未核实" in charts["carbon-chart"] and "未核实" in charts["potential-chart"]
    assert any(text == "全市碳储量中值（初算，未核实）" for _, _, text in _dashboard().headlines)


def test_tile_of_movers_counts_candidates_and_says_who_needs_checking() -> None:
    tile = next(row for row in _dashboard().headlines if row[2].startswith("异地迁建候选"))
    assert tile[0] == "0" and "另 1 家须先人工核实" in tile[2]


def test_measures_on_rivers_count_what_the_tables_hold() -> None:
    downstream = pd.DataFrame(
        {
            "subject_id": ["A", "A", "B", "C"], "order": [1, 2, 1, 0],
            "kind": ["监测断面", "水库", "监测断面", "未能说明"], "receptor_id": ["D1", "R1", "D1", "—"],
        }
    )  # fmt: skip
    outfalls = pd.DataFrame({"kind": ["企业排水", "新设排口"], "zone_class": ["未压占", "禁止设置区域"]})
    loads = pd.DataFrame(
        {"name": ["甲", "乙", "丙"], "cap_t_per_yr": [10.0, 5.0, float("nan")], "share": [1.2, 0.4, float("nan")],
         "missing_count": [2, 0, 1]}
    )  # fmt: skip
    made = make_assessment()
    tables = {**made.tables, "downstream": downstream, "outfalls": outfalls, "outfall_loads": loads}
    assessment = replace(made, tables=tables)
    reached, placed, capped = (figure(name, assessment).text for name in ("downstream", "outfalls", "loads"))
    assert "排水对象 3 个，2 个查到下游受体" in reached and "未能追踪 1 个" in reached
    assert "监测断面 1 处，可由 2 个对象到达；水库 1 处，可由 1 个对象到达" in reached
    assert "2 个（企业排水 1，新设排口 1）：禁止设置区域 1，未压占 1" in placed
    assert "单元 3 个，2 个有化学需氧量上限；申报量超过上限 1 个（甲）；未申报 3 家" in capped


def test_measures_without_a_table_name_the_command_to_the_bureau_only() -> None:
    made = make_assessment()
    assert "cdgis synergy" in figure("synergy", made).text and "cdgis reuse" in figure("reuse", made).text
    assert figure("synergy", replace(made, audience="public")).text == ""


def test_every_number_of_a_measure_links_to_its_table_except_in_public() -> None:
    made = make_assessment()
    links = {a["href"] for a in BeautifulSoup(render_dashboard(made, _dashboard()), "html.parser").select("a.source")}
    assert "data/findings.csv" in links and links <= {f"data/{name}.csv" for name in made.tables}
    assert 'class="source"' not in render_dashboard(replace(made, audience="public"), _dashboard())
