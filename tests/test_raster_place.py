"""A raster of another place is refused and named, as a vector layer is; nothing is counted, drawn or proven with it."""

import numpy as np
import pytest
import rasterio
import rasterio.warp
from carbon_workspace import CELLS, EAST, NORTH, SOUTH, STEP, WEST, carbon_workspace, heights, land, write_raster
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from shapes import layer_spec
from test_covered_totals import account

from cdgis.core.errors import LayerError
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.raster import read_raster
from cdgis.readers.placed_layers import place_box
from cdgis.rivers.system import read_elevation
from cdgis.workspace.settings import open_workspace

HOME = (117.8, 40.8, 118.0, 41.0)
SPEC = layer_spec("a.tif", geometry="raster", id="land")
PLANES = {"EPSG:4490": 1.0, "EPSG:4548": 1e5, "EPSG:4527": 1e5, "EPSG:4525": 1e5}


@settings(max_examples=60)
@given(lon=st.floats(112, 123), lat=st.floats(35, 46), width=st.floats(0.01, 3), crs=st.sampled_from(sorted(PLANES)))
def test_a_raster_is_read_only_if_its_cells_meet_the_place(tmp_path_factory, lon, lat, width, crs):
    root = tmp_path_factory.mktemp("r")
    corner = (lon, lat)
    if crs != "EPSG:4490":
        ((x, *_), (y, *_)) = rasterio.warp.transform("EPSG:4490", crs, [lon], [lat])
        corner = (x, y)
    step = width * PLANES[crs] / 8
    with rasterio.open(root / "a.tif", "w", driver="GTiff", height=8, width=8, count=1, dtype="uint8", crs=crs,
                       transform=from_origin(*corner, step, step)) as out:  # fmt: skip
        out.write(np.ones((8, 8), np.uint8), 1)
    with rasterio.open(root / "a.tif") as source:
        west, south, east, north = rasterio.warp.transform_bounds(crs, "EPSG:4490", *source.bounds, densify_pts=101)
    apart = max(HOME[0] - east, west - HOME[2], HOME[1] - north, south - HOME[3])
    try:
        read_raster(SPEC, root, home=HOME)
        assert apart < 1e-2
    except LayerError as err:
        assert apart > -1e-2
        assert "图层不在本地" in str(err) and "换城市" in str(err)


@pytest.mark.parametrize("east_cells", [3000, -3000, CELLS + 4])
def test_land_classes_of_another_place_are_no_account_and_no_uncovered_one(tmp_path, east_cells):
    root = carbon_workspace(tmp_path)
    write_raster(root / "layers" / "land_2025.tif", land(2), nodata=0, west=WEST + east_cells * STEP)
    found = account(root)
    assert "carbon_stock" not in found.tables and not len(found.tables.get("carbon_zones", ()))
    (gap,) = [gap for gap in found.gaps if gap.layer == "land_classes_2025"]
    assert "图层不在本地" in gap.problem and "换城市" in f"{gap.problem}{gap.remedy}"
    faults = [fault for fault in check_workspace(open_workspace(root)).faults if fault.layer == "land_classes_2025"]
    assert [fault.grave for fault in faults] == [True] and "本市以外" in faults[0].problem


def test_a_raster_that_reaches_the_box_alone_is_no_account_either(tmp_path):
    """Values only outside the city, within the tenths of a degree around it that the box has."""
    root = carbon_workspace(tmp_path)
    values = np.zeros((CELLS, CELLS + 6), np.uint8)
    values[:, -3:] = 1
    write_raster(root / "layers" / "land_2025.tif", values, nodata=0)
    found = account(root)
    (gap,) = [gap for gap in found.gaps if gap.layer == "land_classes_2025"]
    assert "图层不在本地" in gap.problem and "未计" in gap.part


def test_elevation_of_another_place_derives_no_river(tmp_path):
    root = carbon_workspace(tmp_path)
    workspace = open_workspace(root)
    assert place_box(workspace)[:2] == pytest.approx((WEST, SOUTH), abs=0.1) and EAST < NORTH * 10
    read_elevation(workspace, workspace.catalog["dem"])
    write_raster(root / "layers" / "dem.tif", heights(), nodata=-999, west=WEST - 5.4, north=NORTH - 14)
    with pytest.raises(LayerError, match="图层不在本地"):
        read_elevation(workspace, workspace.catalog["dem"])
