"""Columns and arrays straight from the file, and no more of it than was asked for."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from cdgis.core.errors import ReaderError
from cdgis.geometry.kernels import FlatPolygons
from cdgis.readers.columnar import each_layer, read_columns

SHAPES = np.array([shapely.box(i, 0, i + 0.5, 1) - shapely.box(i + 0.1, 0.1, i + 0.2, 0.2) for i in range(20)])


@pytest.fixture(params=["parcels.parquet", "parcels_plain.parquet", "parcels.gpkg"])
def file(request, tmp_path):
    frame = gpd.GeoDataFrame({"地块": [f"D{i}" for i in range(20)], "other": range(20)}, geometry=SHAPES, crs=4490)
    path = tmp_path / request.param
    if path.suffix == ".gpkg":
        frame.to_file(path, engine="pyogrio")
    else:
        frame.to_parquet(path, write_covering_bbox="plain" not in path.name)
    return path


def test_named_columns_and_all_polygons_come_back(file):
    found = read_columns(file, ["地块"])
    assert list(found.attributes.columns) == ["地块"]
    assert list(found.attributes["地块"]) == [f"D{i}" for i in range(20)]
    assert shapely.equals(found.polygons().geometries(), SHAPES).all()
    np.testing.assert_array_equal(found.polygons().row_bounds, FlatPolygons.of(SHAPES).row_bounds)


def test_only_rows_in_the_box_come_back(file):
    found = read_columns(file, ["地块"], bbox=(3.2, 0.5, 5.3, 0.6))
    assert list(found.attributes["地块"]) == ["D3", "D4", "D5"]
    assert shapely.equals(found.geometries(), SHAPES[3:6]).all()


def test_other_geometry_goes_by_way_of_shapely(tmp_path):
    shapes = shapely.force_3d(SHAPES[:2], 5.0)
    gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs=4490).to_parquet(tmp_path / "z.parquet")
    flat = read_columns(tmp_path / "z.parquet").polygons()
    assert shapely.equals(flat.geometries(), SHAPES[:2]).all()


def test_column_that_is_not_there_is_named(file):
    with pytest.raises((ReaderError, ValueError), match="没有列 面积|面积"):
        read_columns(file, ["面积"])


@pytest.mark.parametrize("missing", [False, True])
def test_points_come_as_coordinates_whether_all_there_or_not(tmp_path, missing):
    shapes = [shapely.Point(i / 3, i * 7.1) for i in range(9)] + ([None] if missing else [])
    gpd.GeoDataFrame({"a": range(len(shapes))}, geometry=shapes, crs=4490).to_parquet(tmp_path / "p.parquet")
    xy = read_columns(tmp_path / "p.parquet").points()
    np.testing.assert_array_equal(xy[:9], [(i / 3, i * 7.1) for i in range(9)])
    assert np.isnan(xy[9:]).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_each_layer_is_done_and_stands_in_its_place(tmp_path, threads):
    paths = []
    for count in (1, 20, 7):
        paths.append(tmp_path / f"{count}.parquet")
        gpd.GeoDataFrame({"a": range(count)}, geometry=SHAPES[:count], crs=4490).to_parquet(paths[-1])
    assert each_layer(paths, lambda polygons: polygons.rows, threads=threads) == [1, 20, 7]


def test_each_layer_says_which_file_has_no_geometry(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(ReaderError, match=r"plain\.parquet"):
        each_layer([tmp_path / "plain.parquet"], lambda polygons: polygons.rows)
