"""Transitions between two land cover maps, and zone means of a measured raster, against hand-made grids."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from rasterio.transform import Affine
from test_raster import NORTH, STEP, WEST, make_raster, make_zones, spec, star, write_tif

from cdgis.core.errors import LayerError
from cdgis.geometry.geodesy import cell_areas_m2
from cdgis.raster import NODATA_CODE, class_areas, read_raster, transition_areas, value_of_unlisted, zone_means

BLOCK = shapely.box(WEST, NORTH - 2 * STEP, WEST + 2 * STEP, NORTH)
ROW_M2 = cell_areas_m2(np.array([NORTH, NORTH - STEP, NORTH - 2 * STEP]), STEP)


def test_transitions_say_what_became_what() -> None:
    before = make_raster(np.array([[1, 1], [2, 255]], dtype=np.uint8))
    after = make_raster(np.array([[1, 2], [2, 7]], dtype=np.int16))
    found = transition_areas(before, after, make_zones(a=BLOCK))
    pairs = {(row.from_code, row.to_code): row.area_m2 for row in found.itertuples()}
    assert pairs == pytest.approx(
        {(1, 1): ROW_M2[0], (1, 2): ROW_M2[0], (2, 2): ROW_M2[1], (NODATA_CODE, 7): ROW_M2[1]}, rel=1e-12
    )


def test_transitions_add_up_to_the_class_areas_of_both_dates() -> None:
    rng = np.random.default_rng(2)
    before, after = (make_raster(rng.choice(np.array([1, 5, 255], dtype=np.uint8), (8, 10))) for _ in range(2))
    zones = make_zones(a=star(1), b=star(2))
    found = transition_areas(before, after, zones)
    for raster, column in ((before, "from_code"), (after, "to_code")):
        summed = found.groupby(["zone_id", column])["area_m2"].sum()
        alone = class_areas(raster, zones).set_index(["zone_id", "class_code"])["area_m2"]
        assert summed.to_dict() == pytest.approx(alone.to_dict(), rel=1e-12)


def test_transitions_recode_each_date_by_its_own_table() -> None:
    before = replace(make_raster(np.array([[11, 11], [11, 11]])), recoding={11: 1})
    after = replace(make_raster(np.array([[3, 3], [4, 4]])), recoding={3: 1, 4: 2})
    found = transition_areas(before, after, make_zones(a=BLOCK))
    assert found[["from_code", "to_code"]].to_numpy().tolist() == [[1, 1], [1, 2]]
    left = transition_areas(before, replace(after, recoding={3: 1}), make_zones(a=BLOCK))["to_code"]
    assert sorted(value_of_unlisted(code) or code for code in left) == [1, 4]


def test_transitions_read_both_files_in_turn(tmp_path: Path) -> None:
    transform = Affine(STEP, 0, WEST, 0, -STEP, NORTH)
    for year, values in ((2015, ((1, 2), (3, 255))), (2025, ((1, 1), (3, 3)))):
        (tmp_path / str(year)).mkdir()
        write_tif(tmp_path / str(year), transform=transform, values=values)
    before, after = (read_raster(spec(), tmp_path / str(year)) for year in (2015, 2025))
    for _ in range(2):
        found = transition_areas(before, after, make_zones(a=BLOCK))
        assert found[["from_code", "to_code"]].to_numpy().tolist() == [[NODATA_CODE, 3], [1, 1], [2, 1], [3, 3]]


def test_transitions_refuse_unlike_grids() -> None:
    before = make_raster(np.ones((2, 2), dtype=np.uint8))
    after = replace(before, grid=replace(before.grid, west=WEST + STEP / 2))
    with pytest.raises(LayerError, match="同一格网"):
        transition_areas(before, after, make_zones(a=BLOCK))


def test_zone_means_weigh_cells_by_area_and_leave_out_missing_values() -> None:
    raster = make_raster(np.array([[100.0, 300.0], [700.0, -9999.0]]), nodata=-9999)
    west_half = shapely.box(WEST, NORTH - 2 * STEP, WEST + STEP / 2, NORTH)
    nowhere = shapely.box(110, 30, 111, 31)
    found = zone_means(raster, make_zones(a=BLOCK, b=west_half, c=nowhere)).set_index("zone_id")
    top, bottom = ROW_M2
    assert found.loc["a", "mean"] == pytest.approx((400 * top + 700 * bottom) / (2 * top + bottom), rel=1e-12)
    assert found.loc["b", "mean"] == pytest.approx((100 * top + 700 * bottom) / (top + bottom), rel=1e-12)
    assert found.loc["a", ["min", "max"]].tolist() == [100, 700]
    assert found.loc["a", "covered_m2"] == pytest.approx(2 * top + bottom, rel=1e-12)
    assert np.isnan(found.loc["c", "mean"]) and found.loc["c", "covered_m2"] == 0
