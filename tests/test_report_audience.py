from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import shapely
from bs4 import BeautifulSoup
from report_fixtures import make_assessment

from cdgis.geometry.geodesy import geodesic_distance_m, survey_area_m2
from cdgis.report.map.generalise import NEAR_M, Grid
from cdgis.report.public.reduction import public_assessment
from cdgis.report.public.site import write_public
from cdgis.report.public.withheld import Withheld
from cdgis.report.screening import compose_report
from cdgis.report.site.pages import render_pages
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import TABLES


@cache
def _public() -> tuple[Assessment, Withheld]:
    return public_assessment(make_assessment())


def _coordinates(assessment: Assessment) -> np.ndarray:
    shapes = [layer.zones.geometry.to_numpy() for layer in assessment.layers.values()]
    return shapely.get_coordinates(np.concatenate([*shapes, assessment.subjects.frame.geometry.to_numpy()]))


def test_withheld_layers_enterprises_and_attributes_are_gone() -> None:
    public, withheld = _public()
    assert {"ecological_redline", "water_source_zones"}.isdisjoint(public.layers)
    assert set(public.tables["subjects"]["kind"]) == {"project"} and public.tables["attributes"].empty
    assert public.tables["relocation"].empty and public.tables["intake"].empty
    assert {"年产100万吨", "示例企业013", "双峰寺水源地"} <= withheld.texts.keys()


def test_tables_nobody_allowed_are_empty_whatever_they_hold() -> None:
    public, _ = _public()
    passed = {name for name in TABLES if len(public.tables[name])}
    assert passed <= {
        "subjects",
        "overlaps",
        "clear",
        "findings",
        "verdicts",
        "ledger",
        "carbon_zones",
        "carbon_areas",
        "carbon_potential",
        "carbon_potential_totals",
    }


def test_no_row_speaks_of_a_withheld_layer_but_findings_stay() -> None:
    public, _ = _public()
    for name in ("overlaps", "clear", "ledger"):
        assert not public.tables[name]["layer"].isin(["ecological_redline"]).any()
    findings = public.tables["findings"]
    red = findings[findings["layer"] == "ecological_redline"]
    assert len(red) and set(red["zone_id"]) == {""}


def test_whitelisted_attribute_passes() -> None:
    full = make_assessment()
    publish = full.settings.publish.model_copy(update={"public_attributes": ("capacity",)})
    public, withheld = public_assessment(replace(full, settings=full.settings.model_copy(update={"publish": publish})))
    assert list(public.tables["attributes"]["attribute"]) == ["capacity"] and "年产100万吨" not in withheld.texts


def test_zones_lose_all_but_the_standard_columns() -> None:
    full = make_assessment()
    layer = full.layers["management_units"]
    secret = replace(layer, zones=layer.zones.assign(capacity="总库容 1234 万方"))
    public, withheld = public_assessment(replace(full, layers={**full.layers, "management_units": secret}))
    assert "capacity" not in public.layers["management_units"].zones and "总库容 1234 万方" in withheld.texts


def test_every_coordinate_is_on_the_grid_and_away_from_what_is_withheld() -> None:
    public, withheld = _public()
    lonlat = np.unique(_coordinates(public), axis=0)
    assert np.abs(lonlat / 0.001 - np.rint(lonlat / 0.001)).max() < 1e-6
    for lon, lat in lonlat[:: max(1, len(lonlat) // 200)]:
        near = withheld.lonlat[np.abs(withheld.lonlat - (lon, lat)).max(axis=1) < 0.001]
        if len(near):
            metres = geodesic_distance_m(np.full(len(near), lon), np.full(len(near), lat), near[:, 0], near[:, 1])
            assert metres.min() > 10


def test_node_near_a_withheld_vertex_is_replaced_for_everybody_alike() -> None:
    grid = Grid(0.001, np.array([[117.0, 41.0]]))
    moved = grid.nodes(np.array([[117.0001, 41.0001], [116.9999, 40.9999], [117.0021, 41.0]]))
    assert (moved[0] == moved[1]).all() and not (moved[0] == (117.0, 41.0)).all()
    assert moved[2] == pytest.approx((117.002, 41.0))
    assert geodesic_distance_m(*(np.array([v]) for v in (*moved[0], 117.0, 41.0)))[0] > NEAR_M


def test_neighbours_still_share_their_border_after_coarsening() -> None:
    public, _ = _public()
    shapes = public.layers["management_units"].zones.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    overlap = shapely.area(shapes).sum() - shapely.union_all(shapes).area
    exact = make_assessment().layers["management_units"].zones.geometry.to_numpy()
    assert abs(overlap) < 1e-9 and shapely.union_all(shapes).area == pytest.approx(
        shapely.union_all(exact).area, rel=5e-3
    )


def test_areas_stay_those_of_the_exact_outlines_and_the_change_is_stated() -> None:
    public, _ = _public()
    exact = make_assessment().layers["management_units"].zones
    assert np.array_equal(public.layers["management_units"].zones["area_m2"], survey_area_m2(exact.geometry.to_numpy()))
    assert any("面积变化：中位数" in note for note in public.notes) and any("0.001°" in note for note in public.notes)


def test_small_site_becomes_a_point_on_the_grid() -> None:
    full = make_assessment()
    frame = full.subjects.frame.copy()
    frame.loc[0, "geometry"] = shapely.box(117.30011, 41.10011, 117.30021, 41.10021)
    public, _ = public_assessment(replace(full, subjects=replace(full.subjects, frame=frame)))
    shape = public.subjects.frame.geometry.iloc[0]
    assert shape.geom_type == "Point"
    row = public.tables["subjects"].set_index("subject_id").loc[frame.loc[0, "subject_id"]]
    assert (row["lon"], row["lat"]) == (shape.x, shape.y)


def test_enterprises_pass_on_the_grid_when_the_settings_say_so() -> None:
    full = make_assessment()
    publish = full.settings.publish.model_copy(update={"show_enterprises": True})
    public, _ = public_assessment(replace(full, settings=full.settings.model_copy(update={"publish": publish})))
    assert isinstance(public.tables["subjects"], pd.DataFrame) and len(public.tables["subjects"]) == 20


def test_public_site_is_written_whole_without_tables(tmp_path) -> None:
    written = write_public(*_public(), tmp_path)
    assert {path.suffix for path in written} <= {".html", ".json"} and (tmp_path / "index.html").is_file()
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "公开版" in text and "未经审图，不得公开" in text and "示范数据，不作审批依据" in text


def test_public_page_of_a_subject_says_what_it_may_not_tell_and_calls_nothing_of_it_absent() -> None:
    pages = dict(render_pages(_public()[0]))
    soup = BeautifulSoup(pages["sites/P000.html"], "html.parser")
    hard = {row.select("td")[0].text: row.select("td") for row in soup.select("#hard-lines tbody tr")}
    for title in ("生态保护红线", "饮用水水源保护区", "永久基本农田"):
        assert hard[title][1].text == "未公开" and "不公开：结论已按其计算" in hard[title][2].text
    text = soup.get_text(" ")
    assert "决定图层不公开" in text and "没有可因边界移动而改变结论的图层" not in text
    assert "缺少图层" not in text and "未填" not in soup.select_one("#conclusion").text + soup.select_one("#units").text
    assert "未列出的视为缺失" not in text and "界址点" not in text and not soup.select("#points")
    assert "本次未研判" not in text and "公开版" in soup.select_one("nav.bar").text


def test_public_report_differs_from_the_internal_one_only_in_what_is_not_told() -> None:
    full, public = make_assessment(), _public()[0]
    for subject_id in ("P000", "P004"):
        ours, theirs = compose_report(full, subject_id).conclusion, compose_report(public, subject_id).conclusion
        for name in ("verdict", "label", "at_least", "caveats", "stability", "rule_count", "applies_count", "manual_count"):
            assert getattr(ours, name) == getattr(theirs, name)
