"""Tables without shapes in a result's GeoPackage: row for row and word for word what GDAL would have written."""

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from cdgis.report.files.geopackage_file import write_geopackage
from cdgis.report.files.gis_layers import GisLayer

_WORDS = ["", "甲", "it's", 'a "quoted" one', "；--", "=1+1", "0311", "é\n二", None]


def _frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
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


@pytest.mark.parametrize("seed", range(6))
def test_a_table_is_what_gdal_would_have_written(tmp_path, seed):
    place = gpd.GeoDataFrame({"zone": ["一"]}, geometry=[shapely.box(117, 40, 118, 41)], crs="EPSG:4490")
    layers = [_layer("面", place), *(_layer(name, _frame(7 * seed + at)) for at, name in enumerate(("ledger", "it's", '图"层')))]
    ours = write_geopackage(layers, tmp_path / "ours.gpkg", day="2026-11-01", about="一次运行")
    theirs = tmp_path / "theirs.gpkg"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-11-01T00:00:00.000Z"})
    for layer in layers:
        options = {"IDENTIFIER": layer.title, "DESCRIPTION": layer.about} | ({"GEOMETRY_NAME": "geom"} if layer.name == "面" else {})
        shaped = {"promote_to_multi": True} if layer.name == "面" else {}
        pyogrio.write_dataframe(
            layer.frame, theirs, layer=layer.name, driver="GPKG", layer_options=options, append=False,
            dataset_options={"VERSION": "1.2"} if layer is layers[0] else None, **shaped,
        )  # fmt: skip
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    found, expected = _content(ours), _content(theirs)
    own = ("", "layer_styles", "gpkg_extensions", "gpkg_contents", "gpkg_data_columns", "gpkg_metadata", "gpkg_metadata_reference")
    for name in expected.keys() - set(own):
        assert repr(found[name]) == repr(expected[name]), name
    assert set(expected[""]) <= set(found[""])
    assert found["gpkg_contents"][: len(layers)] == expected["gpkg_contents"]


def test_a_file_of_tables_alone_is_a_geopackage(tmp_path):
    path = write_geopackage([_layer("a", _frame(1)), _layer("b", _frame(2))], tmp_path / "x.gpkg", day="2026-11-01", about="")
    assert [len(pyogrio.read_dataframe(path, layer=name)) for name in ("a", "b")] == [len(_frame(1)), len(_frame(2))]
