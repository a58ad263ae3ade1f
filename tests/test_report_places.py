from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely
from bs4 import BeautifulSoup
from report_fixtures import make_assessment

from cdgis.core.beside import beside
from cdgis.core.number_format import percent
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.report.drawing.drawn_layer import DrawnLayer
from cdgis.report.screening import Casebook
from cdgis.report.site.page import render_place, render_place_list
from cdgis.report.site.place_content import Place, begin_places, gather_places, place_pages
from cdgis.report.site.subject_list import ATTENTION, filter_choices, list_subjects


@cache
def _places() -> dict[str, Place]:
    assessment = make_assessment()
    listed = list_subjects(Casebook(assessment))
    return {place.page: place for place in gather_places(assessment, listed, pages=place_pages(assessment))}


def test_every_county_and_unit_has_a_page_of_its_own() -> None:
    layers = make_assessment().layers
    folders = [page.split("/")[0] for page in _places()]
    assert folders.count("counties") == len(layers["counties"].zones)
    assert folders.count("units") == len(layers["management_units"].zones)


def test_county_page_lists_exactly_its_subjects() -> None:
    subjects = make_assessment().tables["subjects"]
    county = _places()["counties/130801.html"]
    expected = set(subjects.loc[subjects["county"] == county.name, "subject_id"])
    assert {row.subject["subject_id"] for row in county.subjects} == expected and expected
    assert sum(count for _, count in county.counts) == len(expected)


def test_place_area_is_the_zones_survey_area() -> None:
    zones = make_assessment().layers["counties"].zones
    zone = zones[zones["zone_id"] == "130801"]
    assert _places()["counties/130801.html"].area_m2 == float(survey_area_m2(zone.geometry.to_numpy())[0])


@pytest.mark.parametrize("page", ["counties/130801.html"])
def test_place_page_draws_its_subjects_and_links_their_reports(page: str) -> None:
    text = render_place(make_assessment(), _places()[page])
    soup = BeautifulSoup(text, "html.parser")
    assert len(text.encode()) < 400_000 and not soup.select("script")
    assert len(soup.select(".sketch circle title")) == len(_places()[page].subjects)
    links = {a["href"] for a in soup.select("#subjects a")}
    assert links and all(link.startswith("../sites/") for link in links)


def test_list_of_places_links_each_page_once() -> None:
    soup = BeautifulSoup(render_place_list(make_assessment(), list(_places().values())), "html.parser")
    assert sorted(a["href"] for a in soup.select("tbody a")) == sorted(_places())


def test_filters_offer_only_what_occurs() -> None:
    assessment = make_assessment()
    listed = list_subjects(Casebook(assessment))
    choices = {name: [value for value, _ in values] for name, _, values in filter_choices(listed)}
    assert set(choices["county"]) == set(assessment.tables["subjects"]["county"])
    assert choices["industry"] == ["26", "30", "31", "44"]
    assert set(choices["attention"]) <= set(ATTENTION) and "relocation" in choices["attention"]


def test_legend_names_every_class_whose_line_is_drawn() -> None:
    counties = make_assessment().layers["counties"].zones
    key = counties.loc[counties.contains(shapely.Point(117.3, 41.2)), "zone_id"].iloc[0]
    labels = {label for _, _, label in _places()[f"counties/{key}.html"].sketch.legend}
    assert {"生态保护红线·核心保护区", "生态保护红线·红线一般区域"} <= labels


def test_carbon_of_a_place_says_what_it_leaves_out() -> None:
    place = _places()["counties/130801.html"]
    rows = [{**row, "soil_share": share, "covered_share": covered} for row, share, covered in
            zip(place.carbon, [0.0, 1.0] + [0.4] * 9, [1.0, 0.25] + [0.9] * 9, strict=False)]  # fmt: skip
    soup = BeautifulSoup(render_place(make_assessment(), replace(place, carbon=tuple(rows))), "html.parser")
    shown = [row.find_all("td")[2].text for row in soup.select("#place-carbon tbody tr")]
    assert [("不含土壤" in text, "只含有值的" in text) for text in shown] == [
        (row["soil_share"] == 0, row["covered_share"] < 1) for row in rows]  # fmt: skip
    assert f"占面积 {percent(rows[-1]['soil_share'])}" in soup.text


def test_carbon_of_a_place_carries_the_mark_of_its_rows() -> None:
    place = _places()["counties/130801.html"]
    soup = BeautifulSoup(render_place(make_assessment(), place), "html.parser")
    section = soup.select_one("#place-carbon")
    assert section is not None
    assert [row.find_all("td")[-1].text for row in section.select("tbody tr")] == ["未核实"] * len(place.carbon)
    assert "碳储量（初算，未核实）" in soup.text


def test_another_process_draws_the_same_places() -> None:
    assessment = make_assessment()
    listed, pages = list_subjects(Casebook(assessment)), place_pages(assessment)
    with beside(wanted=True) as other:
        drawn = begin_places(assessment, listed, pages=pages, other=other)()
    here = gather_places(assessment, listed, pages=pages)
    assert [place.sketch for place in drawn] == [place.sketch for place in here]
    assert [place.page for place in drawn] == [place.page for place in here]


def test_zones_thinned_as_they_are_asked_for_are_those_of_the_layer_thinned_whole() -> None:
    random = np.random.default_rng(3)
    for layer in make_assessment().layers.values():
        drawn = DrawnLayer.of(layer)
        for step in (-12, -8, -4):
            whole = shapely.simplify(drawn.shapes, 2.0**step)
            for _ in range(3):
                index = np.flatnonzero(random.random(len(whole)) < 0.5)
                assert shapely.to_wkb(drawn.thinned(index, step)).tolist() == shapely.to_wkb(whole[index]).tolist()
