"""Computed rasters as Cloud-Optimised GeoTIFF: values cell by cell, nodata, legend, and the same bytes each time."""

from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from carbon_workspace import CELLS, STEP, WEST, carbon_workspace, land

from cdgis.carbon.account import account_carbon
from cdgis.carbon.account.pictures import density_tc_per_ha, potential_tco2e_per_ha
from cdgis.carbon.factors import read_pool_table
from cdgis.core.progress import Silent
from cdgis.raster import ZoneValues
from cdgis.raster.value_raster import NODATA, write_cog
from cdgis.readers.loading import load_workspace
from cdgis.report.files.same_content import same_content
from cdgis.results.assessment import Part
from cdgis.workspace.settings import open_workspace


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    root = carbon_workspace(tmp_path_factory.mktemp("cog") / "区", extra='[carbon]\npool_table = "chengde_100cm"\n')
    with load_workspace(open_workspace(root), as_of=None, progress=Silent()) as loaded:
        return account_carbon(loaded, progress=Silent())


@pytest.fixture(scope="module")
def folder(part: Part, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    for name, raster in part.rasters.items():
        write_cog(raster, out / f"{name}.tif")
    return out


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(1, masked=True).filled(np.nan)


def expected(seed: int) -> np.ndarray:
    density = density_tc_per_ha(read_pool_table("chengde_100cm"))
    return np.vectorize(lambda code: density.get(int(code), np.nan))(land(seed))


def test_density_is_that_of_each_cell_s_class(folder: Path) -> None:
    found, wanted = read(folder / "carbon_density.tif"), expected(2)
    assert np.isnan(wanted).any() or len(np.unique(wanted)) > 5
    np.testing.assert_allclose(found, wanted.astype("float32"))


def test_change_is_the_later_less_the_earlier_and_unknown_where_either_is(folder: Path) -> None:
    np.testing.assert_allclose(read(folder / "carbon_change.tif"), (expected(2) - expected(1)).astype("float32"), atol=1e-4)


def test_potential_is_spread_over_the_cells_of_its_area_alone(folder: Path, part: Part) -> None:
    found, wanted = read(folder / "carbon_potential.tif"), np.full((CELLS, CELLS), np.nan)
    value = potential_tco2e_per_ha(part.tables["carbon_potential"])
    for area, left in (("X1", 1), ("X2", 9)):
        wanted[6:9, left : left + 3] = value.get(area, np.nan)
    assert np.isfinite(wanted).any()
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_file_is_cloud_optimised_and_says_what_it_is(folder: Path) -> None:
    with rasterio.open(folder / "carbon_density.tif") as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and source.nodata == NODATA and source.crs.to_epsg() == 4490
        tags = source.tags()
        assert tags["UNIT"] == "吨碳/公顷" and "-9999" in tags["ABOUT"] and "≤ 10" in tags["LEGEND"]
        assert source.transform.a == pytest.approx(STEP) and source.transform.c == pytest.approx(WEST)
    style = ElementTree.parse(folder / "carbon_density.qml")
    items = style.findall(".//item")
    assert [item.get("value") for item in items] == ["10", "50", "75", "100", "125", "155", "175", "inf"]
    assert (items[0].get("color"), items[0].get("label"), items[-1].get("label")) == ("#f7fcf5", "≤ 10", "> 175")


def test_bytes_are_the_same_each_time_and_hold_no_path(folder: Path, part: Part, tmp_path: Path) -> None:
    for name, raster in part.rasters.items():
        write_cog(raster, tmp_path / f"{name}.tif")
        data = (tmp_path / f"{name}.tif").read_bytes()
        assert data == (folder / f"{name}.tif").read_bytes() and b"plain.tif" not in data and str(tmp_path).encode() not in data


def test_bands_of_any_height_give_the_same_values(part: Part) -> None:
    for raster in part.rasters.values():
        whole, *_ = (values for _, values in raster.source.bands(CELLS))
        for rows in (1, 5, 7, 100):
            parts = list(raster.source.bands(rows))
            assert [start for start, _ in parts] == list(range(0, CELLS, rows))
            np.testing.assert_array_equal(np.vstack([values for _, values in parts]), whole)


def test_overlapping_zones_show_the_last(part: Part) -> None:
    grid = part.rasters["carbon_density"].source.grid
    box = shapely.box(grid.west, grid.north - 4 * STEP, grid.west + 4 * STEP, grid.north)
    zones = gpd.GeoDataFrame(geometry=[box, box], crs="EPSG:4490")
    ((_, found),) = ZoneValues(grid=grid, zones=zones, values=np.array([1.0, 2.0])).bands(CELLS)
    assert np.nansum(found) == 2.0 * 16 and np.isnan(found).sum() == CELLS**2 - 16


@pytest.mark.parametrize(
    ("change", "same"),
    [({}, True), ({"compress": "lzw", "tiled": False}, True), ({"cell": 1.0}, False), ({"nodata": -1.0}, False), ({"tag": "吨"}, False)],
)
def test_a_raster_saved_again_says_the_same_and_a_changed_one_does_not(folder: Path, tmp_path: Path, change: dict, same: bool) -> None:
    one, other = folder / "carbon_density.tif", tmp_path / "carbon_density.tif"
    with rasterio.open(one) as source:
        values, tags, band = source.read(1), source.tags(), (source.descriptions[0], source.units[0], source.tags(1))
        profile = {"driver": "GTiff", "count": 1, **{k: source.profile[k] for k in ("dtype", "nodata", "crs", "transform", "width", "height")}}
    changed = dict(change)
    values[2, 2] += changed.pop("cell", 0.0)
    tags["UNIT"] = changed.pop("tag", tags["UNIT"])
    with rasterio.open(other, "w", **{**profile, **changed}) as target:
        target.write(values, 1)
        target.update_tags(**tags)
        target.update_tags(1, **band[2])
        if band[0]:
            target.set_band_description(1, band[0])
        if band[1]:
            target.units = (band[1],)
    assert same_content(one, other) is same
