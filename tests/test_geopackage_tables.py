"""Layers and tables of a result's GeoPackage: row for row, byte for byte of their shapes, what GDAL would have written."""

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from cdgis.report.files.geopackage_file import write_geopackage
from cdgis.report.files.geopackage_rows import can_add
from cdgis.report.files.gis_layers import GisLayer

_WORDS = ["", "甲", "it's", 'a "quoted" one', "；--", "=1+1", "0311", "é\n二", None]


def _frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40)) + 360 * (seed % 3 == 2)  # rows are inserted some hundred values a statement
    numbers = rng.choice([0.0, -0.0, 1e-300, 1 / 3, 1e22, np.nan], count)
    return pd.DataFrame(
        {
            "text": pd.array(rng.choice(np.array(_WORDS, dtype=object), count), dtype="string"),
            "number": numbers, "count": rng.integers(-(2**40), 2**40, count), "flag": rng.random(count) < 0.5,
            "kind": pd.Categorical(rng.choice(["一", "二"], count)),
        }
    )  # fmt: skip


def _layer(name: str, frame: pd.DataFrame) -> GisLayer:
    return GisLayer(name=name, title=f"表 {name}", group="数据表", frame=frame, aliases={}, about=f"{name}：说明")


def _content(path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as base:
        tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {name: base.execute("SELECT * FROM " + '"' + name.replace('"', '""') + '"').fetchall() for name in tables}
        return {"": base.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall(), **found}


def _shapes(rng: np.random.Generator, count: int, dimension: int) -> list[shapely.Geometry]:
    """Return shapes of one dimension, some of many parts, some areas with holes, anywhere on the globe."""
    found = []
    for _ in range(count):
        parts = []
        for _ in range(int(rng.integers(1, 4))):
            at, size = np.array([rng.uniform(-179, 179), rng.uniform(-80, 80)]), rng.choice([1e-9, 1e-3, 1.0])
            if dimension == 2:
                ring = shapely.box(*at, *(at + size))
                parts.append(ring.difference(shapely.box(*(at + size / 4), *(at + size / 3))))
            else:
                parts.append(shapely.Point(at) if dimension == 0 else shapely.LineString([at, at + size, at + [0, size]]))
        many = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)[dimension]
        found.append(parts[0] if len(parts) == 1 else many(parts))
    return found


def _shaped(seed: int, dimension: int) -> gpd.GeoDataFrame:
    frame, rng = _frame(seed), np.random.default_rng(seed + 1)
    frame = pd.concat([frame, _frame(3)], ignore_index=True).astype({"kind": "string"})
    return gpd.GeoDataFrame(frame, geometry=_shapes(rng, len(frame), dimension), crs="EPSG:4490")


def _by_gdal(layers, path) -> None:
    """Write all layers as GDAL does."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-11-01T00:00:00.000Z"})
    for layer in layers:
        is_shaped = isinstance(layer.frame, gpd.GeoDataFrame)
        options = {"IDENTIFIER": layer.title, "DESCRIPTION": layer.about} | ({"GEOMETRY_NAME": "geom"} if is_shaped else {})
        pyogrio.write_dataframe(
            layer.frame, path, layer=layer.name, driver="GPKG", layer_options=options, append=False,
            dataset_options={"VERSION": "1.2"} if layer is layers[0] else None, **({"promote_to_multi": True} if is_shaped else {}),
        )  # fmt: skip
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _same_but_for_order(found, expected, layers: int) -> None:
    own = ("", "layer_styles", "gpkg_extensions", "gpkg_contents", "gpkg_data_columns", "gpkg_metadata", "gpkg_metadata_reference")
    for name in expected.keys() - set(own):
        if name.startswith("rtree_"):  # how its pages are filled is SQLite's matter; what it holds is not
            assert name.endswith(("_node", "_parent", "_rowid")) or sorted(found[name]) == sorted(expected[name]), name
        else:
            assert repr(found[name]) == repr(expected[name]), name
    assert set(expected[""]) <= set(found[""])
    assert expected["gpkg_extensions"] == [row for row in found["gpkg_extensions"] if row[2] == "gpkg_rtree_index"]
    for ours, theirs in zip(found["gpkg_contents"][:layers], expected["gpkg_contents"], strict=True):
        assert ours[:5] == theirs[:5] and ours[9] == theirs[9]
        assert ours[5:9] == pytest.approx(theirs[5:9], rel=1e-14) if theirs[5] is not None else ours[5:9] == theirs[5:9]


@pytest.mark.parametrize("seed", range(6))
def test_layers_and_tables_are_what_gdal_would_have_written(tmp_path, seed):
    place = gpd.GeoDataFrame({"zone": ["一"]}, geometry=[shapely.box(117, 40, 118, 41)], crs="EPSG:4490")
    shaped = [_layer(name, _shaped(11 * seed + at, at)) for at, name in enumerate(("点层", "线（推导）", "面_1"))]
    tables = [_layer(name, _frame(7 * seed + at)) for at, name in enumerate(("ledger", "it's", '图"层'))]
    layers = [_layer("面", place), *shaped, *tables]
    assert all(can_add(layer.frame, place) for layer in layers)
    _by_gdal(layers, tmp_path / "theirs.gpkg")
    ours = write_geopackage(layers, tmp_path / "ours.gpkg", day="2026-11-01", about="一次运行")
    _same_but_for_order(_content(ours), _content(tmp_path / "theirs.gpkg"), len(layers))


def test_what_is_out_of_the_common_is_written_by_gdal(tmp_path):
    place = gpd.GeoDataFrame({"zone": ["一"]}, geometry=[shapely.box(117, 40, 118, 41)], crs="EPSG:4490")
    odd = {
        "mixed": [shapely.Point(117, 40), shapely.box(117, 40, 118, 41)], "none": [shapely.Point(117, 40), None],
        "empty": [shapely.Point(117, 40), shapely.Point()], "high": [shapely.Point(117, 40, 5), shapely.Point(117, 41, 6)],
        "bag": [shapely.GeometryCollection([shapely.Point(117, 40)])] * 2,
    }  # fmt: skip
    frames = {name: gpd.GeoDataFrame({"zone": ["一", "二"]}, geometry=shapes, crs="EPSG:4490") for name, shapes in odd.items()}
    frames["elsewhere"] = gpd.GeoDataFrame({"zone": ["一"]}, geometry=[shapely.Point(5e5, 4e6)], crs="EPSG:4549")
    frames["small"] = pd.DataFrame({"count": np.array([1, 2], dtype="int32")})
    assert not any(can_add(frame, place) for frame in frames.values()) and not can_add(place, None)
    layers = [_layer("面", place), *(_layer(name, frame) for name, frame in frames.items()), _layer("plain", _frame(1))]
    path = write_geopackage(layers, tmp_path / "odd.gpkg", day="2026-11-01", about="")
    assert {name for name, _ in pyogrio.list_layers(path)} >= {layer.name for layer in layers}
    for name, frame in frames.items():
        assert len(pyogrio.read_dataframe(path, layer=name)) == len(frame)


def test_a_layers_index_follows_when_a_program_changes_it(tmp_path):
    place = gpd.GeoDataFrame({"zone": ["一"]}, geometry=[shapely.box(117, 40, 118, 41)], crs="EPSG:4490")
    path = write_geopackage([_layer("a", place), _layer("b", place)], tmp_path / "x.gpkg", day="2026-11-01", about="")
    added = gpd.GeoDataFrame({"zone": ["二"]}, geometry=[shapely.box(119, 40, 120, 41)], crs="EPSG:4490")
    pyogrio.write_dataframe(added, path, layer="b", driver="GPKG", append=True, promote_to_multi=True)
    assert list(pyogrio.read_dataframe(path, layer="b", bbox=(119.2, 40.2, 119.5, 40.5))["zone"]) == ["二"]
    assert pyogrio.read_info(path, layer="b")["features"] == 2


def test_a_file_of_tables_alone_is_a_geopackage(tmp_path):
    path = write_geopackage([_layer("a", _frame(1)), _layer("b", _frame(2))], tmp_path / "x.gpkg", day="2026-11-01", about="")
    assert [len(pyogrio.read_dataframe(path, layer=name)) for name in ("a", "b")] == [len(_frame(1)), len(_frame(2))]
