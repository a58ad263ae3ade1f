"""The carbon page: each figure is a cell of a table, marks are shown, text stays text, nothing runs."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from report_fixtures import make_assessment

from cdgis.pipelines.assess_carbon import assess_carbon
from cdgis.report.carbon.figures import growth_charts
from cdgis.report.carbon.page import gather_carbon, render_carbon
from cdgis.report.site.place_content import place_pages
from cdgis.workspace.settings import open_workspace

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def assessment():
    return assess_carbon(open_workspace(REPO))


@pytest.fixture(scope="module")
def soup(assessment):
    view = gather_carbon(assessment, pages=place_pages(assessment))
    return BeautifulSoup(render_carbon(assessment, view), "html.parser")


def cells(soup, table_id):
    rows = soup.select(f"#{table_id} tbody tr")
    return [[cell.get_text(" ", strip=True) for cell in row.find_all(["td", "th"])] for row in rows]


def numbers(text):
    return [float(x.replace(",", "")) for x in re.findall(r"-?[\d,]*\.?\d+", text.replace("−", "-"))]


def test_county_rows_are_those_of_the_tables(assessment, soup):
    zones, sink = assessment.tables["carbon_zones"], assessment.tables["carbon_sink"]
    totals = zones[zones["land_class"] == "合计"]
    expected = pd.concat([totals[totals["zone_layer"] == layer] for layer in ("counties", "city")])
    rows = cells(soup, "county-stock")
    assert len(rows) == len(expected) == 12
    sinks = sink.set_index(["zone_layer", "zone_id"])["sink_tco2e_per_yr_mid"]
    for row, (_, zone) in zip(rows, expected.iterrows(), strict=True):
        assert numbers(row[5])[0] == pytest.approx(zone["stock_tc_mid"] / 1e4, abs=0.05)
        assert numbers(row[6]) == pytest.approx([zone["stock_tc_low"] / 1e4, zone["stock_tc_high"] / 1e4], abs=0.05)
        assert numbers(row[10])[0] == pytest.approx(sinks[zone["zone_layer"], zone["zone_id"]] / 1e4, abs=0.05)
        assert row[11] == {"M": "未核实", "S": "有出处"}[zone["mark"]]


def test_headlines_carry_range_and_mark(assessment, soup):
    zones = assessment.tables["carbon_zones"]
    city = zones[(zones["zone_layer"] == "city") & (zones["land_class"] == "合计")].iloc[0]
    first = soup.select_one(".headline")
    assert numbers(first.select_one("strong").text)[0] == pytest.approx(city["stock_tc_mid"] / 1e4, abs=0.05)
    assert numbers(first.select_one(".range").text) == pytest.approx([city[f"stock_tc_{p}"] / 1e4 for p in ("low", "high")], abs=0.05)
    assert "未核实" in first.text


def test_page_says_which_soils_and_dead_matter_are_not_counted(soup):
    note = soup.select_one("#stock .note").text
    for land_class in ("耕地", "湿地", "水域", "建设用地", "裸地", "经济林", "灌木"):
        assert land_class in note
    assert "死有机质只有" in note


def test_transitions_close_with_the_change_table(assessment, soup):
    change = assessment.tables["carbon_change"]
    city = change[(change["zone_layer"] == "city") & (change["from_class"] != "合计")]
    shown = sum(numbers(cell)[0] for row in cells(soup, "transitions") for cell in row[1:] if numbers(cell))
    assert shown == pytest.approx(city["area_m2"].sum() / 1e6, rel=1e-3)


def test_every_potential_total_is_in_its_table(assessment, soup):
    totals = assessment.tables["carbon_potential_totals"].set_index(["year", "measure"])
    rows = cells(soup, "potential-totals")
    assert len(rows) == 24
    for row in rows:
        found = totals.loc[(int(row[0]), row[1])]
        assert numbers(row[4])[0] == pytest.approx(found["flux_tco2e_mid"], abs=0.5)
        assert numbers(row[7]) == pytest.approx([found["cumulative_tco2e_low"], found["cumulative_tco2e_high"]], abs=0.5)


def test_every_restoration_area_has_a_card_with_its_ledger(assessment, soup):
    areas = assessment.tables["carbon_restoration"]
    cards = {card["id"]: card for card in soup.select(".card")}
    assert set(cards) == set(areas["area_id"])
    for area_id, eligible in zip(areas["area_id"], areas["eligible_m2"], strict=True):
        ledger = cards[area_id].select("details")[0]
        lines = [numbers(row.find_all("td")[1].text)[0] for row in ledger.select("tr")]
        assert lines[-1] == pytest.approx(eligible / 1e4, abs=0.006)
        assert sum(lines[:-1]) == pytest.approx(lines[-1], abs=0.06)


def test_factor_tables_list_every_factor_with_source_and_mark(assessment, soup):
    rows = soup.select("#factors .tall tbody tr")
    assert len(rows) == len(assessment.tables["carbon_factors"])
    for row in rows:
        tds = row.find_all("td")
        assert tds[6].text.strip() and tds[7].text in ("未核实", "有出处")


def test_curves_are_drawn_with_source(soup):
    figures = soup.select("#growth figure")
    assert len(figures) == 5
    assert all(figure.select("path.curve") and "来源：" in figure.text for figure in figures)
    assert len(figures[0].select("path.curve")) == 3  # 针叶林: age classes, Richards, increments


def test_value_formula_is_printed_with_its_numbers(assessment, soup):
    assert assessment.tables["carbon_value"]["formula"].iloc[0] in soup.select_one(".formula").text


def test_page_runs_and_fetches_nothing(soup):
    assert not soup.find_all(["script", "iframe", "object"])
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert all(not link["href"].startswith(("http", "//")) for link in soup.find_all("a", href=True))


def test_text_of_data_stays_text(assessment):
    areas = assessment.tables["carbon_restoration"].assign(area_name="<img src=x onerror=alert(1)>")
    hostile = replace(assessment, tables={**assessment.tables, "carbon_restoration": areas})
    text = render_carbon(hostile, gather_carbon(hostile, pages={}))
    assert "<img src=x" not in text and "&lt;img src=x" in text


def test_density_is_shown_cell_by_cell_with_its_legend(assessment, soup):
    picture = soup.select_one("figure img")
    assert picture["src"] == assessment.pictures["stock_density"].data_uri
    keys = [key.text for key in picture.find_parent("figure").select(".keys li")]
    assert keys == [words for _, words in assessment.pictures["stock_density"].legend]


def test_pictures_carry_the_borders_of_the_counties(assessment, soup):
    outlines = [drawn.find("svg") for drawn in soup.select("div.stack")]
    assert len(outlines) == len([name for name in assessment.pictures if name != "relief"])
    for drawn in outlines:
        width, height = map(float, drawn["viewbox"].split()[2:])
        numbers = [float(text) for text in re.findall(r"-?\d+\.\d", drawn.path["d"])]
        assert min(numbers) >= -1
        assert max(numbers[::2]) <= width + 1
        assert max(numbers[1::2]) <= height + 1


def test_run_without_carbon_has_no_page():
    assert gather_carbon(make_assessment(), pages={}) is None


def test_range_of_a_chart_lies_around_its_default_curve(assessment):
    chart = next(c for c in growth_charts(assessment.tables["carbon_growth"]) if c.forest_type == "灌木")
    assert chart.band.endswith("Z") and [curve.role for curve in chart.curves] == ["缺省"]


def test_printed_terms_of_each_area_close(soup):
    rows = cells(soup, "closing")
    assert rows
    for row in rows:
        counted, _, outside, edge, residual, survey = (numbers(cell)[0] for cell in row[3:])
        assert counted + outside + edge + residual == pytest.approx(survey, abs=0.03)


def test_page_has_no_power_of_ten(soup):
    assert not re.findall(r"\d[eE][+-]\d\d", soup.get_text(" "))
