"""Columns and arrays straight from the file, and no more of it than was asked for."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity

from cdgis.core.errors import ReaderError
from cdgis.geometry.kernels import Engine, FlatPolygons, points_inside
from cdgis.readers import columnar
from cdgis.readers.columnar import each_layer, points_in_layers, polygon_blocks, read_columns
from tests.test_areas import stars

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


def test_file_without_geometry_is_named(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(ReaderError, match=r"plain\.parquet"):
        each_layer([tmp_path / "plain.parquet"], lambda polygons: polygons.rows)
    with pytest.raises(ReaderError, match=r"plain\.parquet"):
        points_in_layers(np.zeros(1), np.zeros(1), [tmp_path / "plain.parquet"])


@pytest.mark.parametrize("block_bytes", [1, 700, 4_000_000])
@pytest.mark.parametrize("group", [3, 1000])
def test_points_in_blocks_of_a_layer_are_those_in_all_of_it(tmp_path, monkeypatch, block_bytes, group):
    """Law: however a file is cut up, the pairs are shapely's on the whole layer, rows without a shape among them."""
    monkeypatch.setattr(columnar, "_BLOCK_BYTES", block_bytes)
    one = stars(1, 32)[0]
    pair = shapely.MultiPolygon([one, shapely.affinity.translate(one, 2 * (one.bounds[2] - one.bounds[0]))])
    zones = np.array([None, *stars(12, 31), pair, None, *stars(5, 33)])
    gpd.GeoDataFrame(geometry=zones, crs=4490).to_parquet(tmp_path / "z.parquet", row_group_size=group)
    x0, y0, x1, y1 = shapely.total_bounds(zones)
    anywhere = np.random.default_rng(34).uniform((x0, y0), (x1, y1), (400, 2))
    x, y = np.concatenate([anywhere, shapely.get_coordinates(zones)[::7], [(np.nan, np.nan)]]).T
    blocks = list(polygon_blocks(tmp_path / "z.parquet"))
    assert [first for first, _ in blocks] == np.cumsum([0, *(flat.rows for _, flat in blocks[:-1])]).tolist()
    assert (len(blocks) > 1) == (block_bytes < 4_000_000)
    (found,) = points_in_layers(x, y, [tmp_path / "z.parquet"])
    there = np.isfinite(x)
    plain = points_inside(x[there], y[there], zones, engine=Engine.PLAIN)
    assert len(plain[0]) > 50
    np.testing.assert_array_equal(found, plain)
