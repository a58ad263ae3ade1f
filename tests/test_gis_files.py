"""GeoPackage and QGIS project: what a GIS user finds in them, checked without QGIS (tests/qgis opens them in it)."""

import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from attacks import ATTACKS
from report_fixtures import make_assessment

from cdgis.report.drawing.layer_order import THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.files import table_files
from cdgis.report.files.qgis_style import rgba
from cdgis.report.files.table_files import write_tables
from cdgis.results.assessment import Assessment


def written(folder: Path, assessment: Assessment) -> Path:
    write_tables(assessment, folder, containers=("gpkg",))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("gis"), make_assessment())


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "cdgis.gpkg")) as base:
        return base.execute(sql).fetchall()


def project(folder: Path) -> ElementTree.Element:
    with zipfile.ZipFile(folder / "cdgis.qgz") as archive:
        assert archive.namelist() == ["cdgis.qgs"] and archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
        return ElementTree.fromstring(archive.read("cdgis.qgs"))


def test_every_layer_has_its_zones_unchanged(folder: Path) -> None:
    for layer in make_assessment().layers.values():
        found = pyogrio.read_dataframe(folder / "cdgis.gpkg", layer=layer.spec.title)
        assert list(found["zone_id"]) == list(layer.zones["zone_id"]) and found.crs.to_epsg() == 4490
        assert found.geometry.union_all().symmetric_difference(layer.zones.geometry.union_all()).area == 0


def test_every_field_has_a_chinese_name_of_its_own(folder: Path) -> None:
    named = {(table, column): name for table, column, name in rows(folder, "SELECT table_name, column_name, name FROM gpkg_data_columns")}
    for table, _ in pyogrio.list_layers(folder / "cdgis.gpkg"):
        fields = [] if table == "layer_styles" else list(pyogrio.read_info(folder / "cdgis.gpkg", layer=table)["fields"])
        names = [named.pop((table, field)) for field in fields]
        assert not [name for name in names if name.isascii()] and len(set(names)) == len(names)
    assert named == {}


def test_styles_have_the_colours_of_the_page(folder: Path) -> None:
    styles = dict(rows(folder, "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault"))
    geometries = {name for name, kind in pyogrio.list_layers(folder / "cdgis.gpkg") if kind}
    assert set(styles) == geometries
    palette, areas = read_palette(), ElementTree.fromstring(styles["研判对象_面"])
    assert drawn(areas) == {word: rgba(style.fill, 0.55) for word, style in palette.verdicts.items()}
    units = ElementTree.fromstring(styles["环境管控单元"])
    assert drawn(units) == {word: rgba(palette.zone_colour("management_units", word), 0.5) for word in ("优先保护", "重点管控", "一般管控")}


def drawn(style: ElementTree.Element) -> dict[str, str]:
    """Return value -> colour of a categorised style."""
    colours = {symbol.get("name"): symbol.find(".//Option[@name='color']").get("value") for symbol in style.iter("symbol")}
    return {category.get("value"): colours[category.get("symbol")] for category in style.iter("category")}


def test_metadata_says_whose_data_and_whether_official(folder: Path) -> None:
    texts = dict(rows(folder, "SELECT table_name, metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON id = md_file_id"))
    assert "示范数据，不作审批依据" in texts[None] and "2026-11-01" in texts[None]
    assert "非官方图层" in texts["生态保护红线"] and "CC0-1.0" in texts["生态保护红线"]
    abouts = dict(rows(folder, "SELECT table_name, description FROM gpkg_contents"))
    assert "示范数据" in abouts["verdicts"] and abouts["生态保护红线"] in texts["生态保护红线"]


def test_project_shows_what_is_in_the_geopackage_in_the_page_s_order(folder: Path) -> None:
    root = project(folder)
    groups = [group.get("name") for group in root.findall("layer-tree-group/layer-tree-group")]
    assert groups == [name for name in ("研判对象", *reversed(THEMES), "数据表") if name in groups] and len(groups) == 6
    there = {name for name, _ in pyogrio.list_layers(folder / "cdgis.gpkg")} - {"layer_styles"}
    sources = [layer.findtext("datasource") for layer in root.findall("projectlayers/maplayer")]
    assert {source.removeprefix("./cdgis.gpkg|layername=") for source in sources} == there and len(sources) == len(there)
    ids = [layer.findtext("id") for layer in root.findall("projectlayers/maplayer")]
    assert ids == [layer.get("id") for layer in root.iter("layer-tree-layer")] and min(map(len, ids)) > 10
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:4548"


def test_files_are_the_same_byte_for_byte_and_hold_no_path(folder: Path, tmp_path: Path) -> None:
    other = written(tmp_path, make_assessment())
    for name in ("cdgis.gpkg", "cdgis.qgz"):
        data = (other / name).read_bytes()
        assert data == (folder / name).read_bytes() and str(tmp_path).encode() not in data


def test_screening_carries_only_the_zones_its_sites_lie_on(tmp_path: Path) -> None:
    assessment = make_assessment()
    assessment = replace(assessment, request=replace(assessment.request, command="screen"))
    written(tmp_path, assessment)
    touched = set(assessment.tables["overlaps"][["layer", "zone_id"]].itertuples(index=False, name=None))
    expected = {
        layer.spec.title: ids for key, layer in assessment.layers.items()
        if (ids := [zone for zone in layer.zones["zone_id"] if (key, zone) in touched])
    }  # fmt: skip
    there = [name for name, _ in pyogrio.list_layers(tmp_path / "cdgis.gpkg")]
    assert 0 < len(expected) < len(assessment.layers)
    found = {title: list(pyogrio.read_dataframe(tmp_path / "cdgis.gpkg", layer=title, read_geometry=False)["zone_id"]) for title in expected}
    assert found == expected and not [layer for layer in assessment.layers.values() if layer.spec.title in {*there} - {*expected}]


def test_texts_from_data_stay_texts(tmp_path: Path) -> None:
    attack = " ".join(ATTACKS) + "\x07"
    assessment = make_assessment()
    layers = dict(assessment.layers)
    layer = layers["railways"]
    zones = layer.zones.assign(zone_class=attack, zone_name=attack)
    layers["railways"] = replace(layer, zones=zones, spec=layer.spec.model_copy(update={"title": attack.replace("\x07", "")}))
    layers["twin"] = replace(layers["railways"], spec=layers["railways"].spec.model_copy(update={"id": "twin"}))
    written(tmp_path, replace(assessment, layers=layers))
    titles = [layer.findtext("layername") for layer in project(tmp_path).iter("maplayer")]
    assert len([title for title in titles if title.startswith(ATTACKS[0])]) == 2 and len(set(titles)) == len(titles)


def test_long_tables_are_parquet_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "LONG_TABLE", 8)
    written(tmp_path, make_assessment())
    csv = pd.read_csv(tmp_path / "findings.csv", dtype={"plan_measure": str}, keep_default_na=False)
    assert list(pd.read_parquet(tmp_path / "findings.parquet")["rule_id"]) == list(csv["rule_id"])
    shapes = gpd.read_parquet(tmp_path / "研判对象_面.parquet")
    assert shapes.crs.to_epsg() == 4490 and len(shapes) >= 8
    assert "findings.parquet" in (tmp_path / "README.txt").read_text(encoding="utf-8-sig")
