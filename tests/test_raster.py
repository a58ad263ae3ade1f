"""Zonal class areas against per-cell clipping, and what the reader refuses."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.shutil import copy
from rasterio.transform import Affine

from cdgis.core.errors import CrsError, LayerError
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.raster import NODATA_CODE, Effort, Grid, Raster, account_areas, class_areas, read_raster, value_of_unlisted
from cdgis.raster.grid import CellAreas
from cdgis.workspace.catalog import LayerSpec

STEP = 1 / 120
WEST, NORTH = 117.0, 41.1
A, F = 6378137.0, 1 / 298.257222101
E2 = F * (2 - F)


def make_raster(values: npt.NDArray[np.generic], *, crs: str = "EPSG:4490", nodata: float | None = 255) -> Raster:
    record = InputRecord(
        layer="land", kind="raster", path="land.tif", sublayer="", sha256="", version="", official=False
    )
    grid = Grid(
        crs=crs, west=WEST, north=NORTH, cell_width=STEP, cell_height=STEP,
        rows=values.shape[0], columns=values.shape[1],
    )  # fmt: skip
    return Raster(grid=grid, nodata=nodata, record=record, pixels=values)


CHENGDE_GK = "EPSG:4548"
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
"""The projection of the national land cover maps; it has no EPSG code."""
EASTING, NORTHING, METRES = 499_900.0, 4_553_000.0, 200.0


def make_metric_raster(values: npt.NDArray[np.generic], *, crs: str = CHENGDE_GK) -> Raster:
    """A grid of 200 m cells in a projection, over the same land as `make_raster`."""
    raster = make_raster(values)
    grid = replace(raster.grid, crs=crs, west=EASTING, north=NORTHING, cell_width=METRES, cell_height=METRES)
    return replace(raster, grid=grid)


def make_zones(**geometries: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"zone_id": list(geometries)}, geometry=list(geometries.values()), crs=4490)


def band_area_m2(south_deg: float, north_deg: float, width_deg: float) -> float:
    """Ellipsoidal area of a lon/lat rectangle, integrating M·N·cos(phi) with Simpson's rule."""
    phi = np.radians(np.linspace(south_deg, north_deg, 21))
    density = A**2 * (1 - E2) * np.cos(phi) / (1 - E2 * np.sin(phi) ** 2) ** 2
    weights = np.ones(21)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    return float(np.radians(width_deg) * np.radians(north_deg - south_deg) / 60 * (weights * density).sum())


def clipped_by_hand(raster: Raster, zones: gpd.GeoDataFrame) -> dict[tuple[str, int], float]:
    totals: dict[tuple[str, int], float] = {}
    rows, columns = raster.values.shape
    for zone_id, geom in zip(zones["zone_id"], zones.geometry, strict=True):
        for i in range(rows):
            south, north = NORTH - (i + 1) * STEP, NORTH - i * STEP
            cell_m2 = band_area_m2(south, north, STEP)
            for j in range(columns):
                cell = shapely.box(WEST + j * STEP, south, WEST + (j + 1) * STEP, north)
                part = geom.intersection(cell).area / cell.area
                code = NODATA_CODE if raster.values[i, j] == raster.nodata else int(raster.values[i, j])
                if part:
                    totals[zone_id, code] = totals.get((zone_id, code), 0.0) + part * cell_m2
    return totals


def as_dict(areas: pd.DataFrame) -> dict[tuple[str, int], float]:
    return {(row.zone_id, row.class_code): row.area_m2 for row in areas.itertuples()}


def star(seed: int, *, lon: float = WEST + 5 * STEP, lat: float = NORTH - 4 * STEP) -> shapely.Polygon:
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    radius = STEP * rng.uniform(0.6, 3.4, 40)
    return shapely.Polygon(np.column_stack([lon + radius * np.cos(angle), lat + radius * np.sin(angle)]))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_class_areas_equal_clipping_each_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raster = make_raster(rng.choice(np.array([1, 2, 8, 255], dtype=np.uint8), (8, 10)))
    zones = make_zones(a=star(seed), b=star(seed + 1, lon=WEST + 8 * STEP))
    expected = clipped_by_hand(raster, zones)
    found = as_dict(class_areas(raster, zones))
    assert found.keys() == expected.keys()
    for key, area_m2 in expected.items():
        assert found[key] == pytest.approx(area_m2, rel=1e-9, abs=1e-4)


def test_class_areas_differ_from_clipping_when_a_cell_changes_class() -> None:
    values = np.full((8, 10), 1, dtype=np.uint8)
    zones = make_zones(a=star(3))
    before = clipped_by_hand(make_raster(values), zones)
    values[4, 5] = 2
    assert as_dict(class_areas(make_raster(values), zones)) != pytest.approx(before)


def test_class_areas_give_half_a_cell_for_half_a_cell() -> None:
    half = shapely.box(WEST, NORTH - STEP, WEST + STEP / 2, NORTH)
    areas = class_areas(make_raster(np.array([[7]], dtype=np.uint8)), make_zones(a=half))
    assert as_dict(areas) == {("a", 7): pytest.approx(band_area_m2(NORTH - STEP, NORTH, STEP) / 2, rel=1e-11)}


def test_class_areas_of_a_partition_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(1)
    raster = make_raster(rng.integers(1, 14, (8, 10)).astype(np.uint8))
    whole = star(5)
    cut = WEST + 5.3 * STEP
    left = whole.intersection(shapely.box(WEST, 40, cut, 42))
    right = whole.intersection(shapely.box(cut, 40, 118, 42))
    parts = class_areas(raster, make_zones(left=left, right=right)).groupby("class_code")["area_m2"].sum()
    total = class_areas(raster, make_zones(all=whole)).set_index("class_code")["area_m2"]
    pd.testing.assert_series_equal(parts, total, rtol=1e-9)


def test_class_areas_are_the_same_when_zones_are_permuted() -> None:
    raster = make_raster(np.arange(80, dtype=np.uint8).reshape(8, 10) % 5 + 1)
    zones = make_zones(a=star(1), b=star(2), c=shapely.MultiPolygon([shapely.box(117, 41.05, 117.02, 41.06)]))
    again = class_areas(raster, zones.iloc[[2, 0, 1]])
    pd.testing.assert_frame_equal(class_areas(raster, zones), again)


def test_class_areas_add_up_rows_that_share_an_id() -> None:
    raster = make_raster(np.full((8, 10), 3, dtype=np.uint8))
    one, two = shapely.box(117.01, 41.05, 117.02, 41.06), shapely.box(117.03, 41.05, 117.04, 41.06)
    zones = gpd.GeoDataFrame({"zone_id": ["a", "a"]}, geometry=[one, two], crs=4490)
    together = class_areas(raster, make_zones(a=shapely.MultiPolygon([one, two])))
    pd.testing.assert_frame_equal(class_areas(raster, zones), together)


def test_class_areas_are_empty_when_no_zone_meets_the_raster() -> None:
    raster = make_raster(np.full((2, 2), 3, dtype=np.uint8))
    assert class_areas(raster, make_zones(a=shapely.box(110, 30, 111, 31), b=shapely.Polygon())).empty


GRAZING = {
    "misses a cell": [
        (118.16458333333331, 40.471875000000004), (118.01666666666667, 40.41875000000001),
        (118.015625, 40.42500000000001), (118.01041666666666, 40.415625), (117.925, 40.415625),
    ],
    "misses another": [
        (117.670081, 40.96881), (117.58541666666666, 40.905208333333334), (117.58229166666666, 40.90833333333334),
        (117.58020833333335, 40.906250000000014), (117.359375, 40.92500000000001),
    ],
}  # fmt: skip
"""Cut out of the demonstration units: a corner comes within 1e-14 degrees of a cell border."""


@pytest.mark.parametrize("name", GRAZING)
def test_no_cell_is_lost_where_exactextract_loses_one(name: str) -> None:
    zones = make_zones(a=shapely.Polygon(GRAZING[name]))
    raster = make_raster(np.ones((324, 432), dtype=np.uint8))
    raster = replace(raster, grid=replace(raster.grid, west=115.8, north=42.800000000000004))
    ledger = account_areas(raster, class_areas(raster, zones), zones)
    assert ledger["counted_m2"][0] == pytest.approx(ledger["survey_m2"][0], rel=3e-4)
    x, y = raster.grid.x_edges, raster.grid.y_edges
    peer = exact_extract(
        NumPyRasterSource(raster.values, xmin=x[0], ymin=y[-1], xmax=x[-1], ymax=y[0]), zones, "count", output="pandas"
    )
    # Should this fail, exactextract has been mended and may serve as an oracle again.
    assert peer["count"][0] == pytest.approx(zones.geometry[0].area / STEP**2 - 1, abs=1e-3)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_no_cell_is_lost_when_outlines_graze_cell_borders(seed: int) -> None:
    """Borders as several formulas give them differ by rounding, so edges nick cells by 1e-14 of their width."""
    rng = np.random.default_rng(seed)
    raster = make_raster(rng.choice(np.array([1, 2], dtype=np.uint8), (8, 10)))
    west, east = sorted(rng.choice(11, 2, replace=False))
    south, north = sorted(rng.choice(9, 2, replace=False))
    border = [
        (WEST + column / 120 + nudge, NORTH - row / 120 + nudge)
        for (column, row), nudge in zip(
            [
                (west, north),
                ((west + east) / 2, north),
                (east, north),
                (east, south),
                ((west + east) / 2, south),
                (west, south),
            ],
            rng.choice([-1.4e-14, 0.0, 1.4e-14, 2.8e-14], 6),
            strict=True,
        )
    ]
    zones = make_zones(
        a=shapely.Polygon(border), b=shapely.MultiPolygon([shapely.Polygon(border), star(seed, lon=118)])
    )
    expected = clipped_by_hand(raster, zones)
    found = as_dict(class_areas(raster, zones))
    for key, area_m2 in expected.items():
        assert found.get(key, 0.0) == pytest.approx(area_m2, rel=1e-9, abs=1e-3)
    account_areas(raster, class_areas(raster, zones), zones)


def test_area_ledger_tells_what_lies_outside_the_raster() -> None:
    raster = make_raster(np.array([[3, 255], [3, 3]], dtype=np.uint8))
    zone = shapely.box(WEST - STEP, NORTH - STEP, WEST + 2 * STEP, NORTH)
    zones = make_zones(a=zone, far=shapely.box(110, 30, 110 + STEP, 30 + STEP))
    ledger = account_areas(raster, class_areas(raster, zones), zones).set_index("zone_id")
    one_cell = band_area_m2(NORTH - STEP, NORTH, STEP)
    wanted = {"counted_m2": 2 * one_cell, "nodata_m2": one_cell, "outside_m2": one_cell, "survey_m2": 3 * one_cell}
    for column, area_m2 in wanted.items():
        assert ledger.loc["a", column] == pytest.approx(area_m2, rel=1e-9), column
    assert ledger.loc["far", "outside_m2"] == pytest.approx(ledger.loc["far", "survey_m2"], rel=1e-9)


@pytest.mark.parametrize("crs", ["EPSG:4490", CHENGDE_GK])
def test_area_ledger_closes_when_edges_are_long(crs: str) -> None:
    raster = (
        make_metric_raster(np.ones((45, 50), np.uint8))
        if crs == CHENGDE_GK
        else make_raster(np.ones((8, 10), np.uint8))
    )
    zones = make_zones(a=star(3), b=shapely.Polygon([(117.0, 41.035), (117.083, 41.09), (117.001, 41.07)]))
    ledger = account_areas(raster, class_areas(raster, zones), zones)
    parts = ledger[["counted_m2", "outside_m2", "edge_m2", "residual_m2"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(ledger["survey_m2"].to_numpy(), rel=1e-12)
    assert (ledger["residual_m2"].abs() < 3e-5 * ledger["survey_m2"]).all()


def test_area_ledger_refuses_a_count_that_misses_one_cell() -> None:
    raster = make_raster(np.ones((8, 10), dtype=np.uint8))
    zones = make_zones(a=star(4), b=star(5))
    areas = class_areas(raster, zones)
    areas.loc[1, "area_m2"] -= band_area_m2(NORTH - STEP, NORTH, STEP)
    with pytest.raises(LayerError, match="不闭合：b（差 "):
        account_areas(raster, areas, zones)


def test_area_ledger_refuses_a_zone_that_overlaps_itself() -> None:
    raster = make_raster(np.ones((8, 10), dtype=np.uint8))
    twice = shapely.MultiPolygon([shapely.box(117.01, 41.05, 117.03, 41.06), shapely.box(117.02, 41.05, 117.04, 41.06)])
    zones = make_zones(a=twice)
    with pytest.raises(LayerError, match="自相重叠"):
        account_areas(raster, class_areas(raster, zones), zones)


def test_class_areas_refuse_zones_in_another_crs() -> None:
    with pytest.raises(CrsError, match="EPSG:None"):
        class_areas(
            make_raster(np.ones((2, 2), dtype=np.uint8)), make_zones(a=star(1)).set_crs(None, allow_override=True)
        )


def test_class_areas_equal_clipping_each_cell_when_the_raster_is_projected() -> None:
    """Cell areas as the survey measures each cell's own polygon, fractions by clipping in the projection."""
    rng = np.random.default_rng(7)
    raster = make_metric_raster(rng.integers(1, 4, (45, 50)).astype(np.uint8))
    zones = make_zones(a=star(1), b=star(2, lon=117.06))
    expected: dict[tuple[str, int], float] = {}
    for zone_id, shape in zip(zones["zone_id"], zones.to_crs(CHENGDE_GK).geometry, strict=True):
        for i, j in np.ndindex(45, 50):
            x, y = EASTING + j * METRES, NORTHING - i * METRES
            cell = shapely.box(x, y - METRES, x + METRES, y)
            share = shape.intersection(cell).area / cell.area
            if share:
                survey = survey_area_m2(gpd.GeoSeries([cell], crs=CHENGDE_GK).to_crs(4490).to_numpy())[0]
                key = (zone_id, int(raster.values[i, j]))
                expected[key] = expected.get(key, 0.0) + share * survey
    assert as_dict(class_areas(raster, zones)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32650", ALBERS])
def test_cell_areas_are_of_the_ellipsoid_in_every_projection(crs: str) -> None:
    """Half a province wide: the polynomial still gives each corner cell its own survey area."""
    x, y = pyproj.Transformer.from_crs(4490, crs, always_xy=True).transform(115.8, 42.7)
    grid = Grid(crs=crs, west=x, north=y, cell_width=1000.0, cell_height=1000.0, rows=300, columns=400)
    areas = CellAreas(grid).of_rows(0, 300)
    for i, j in [(0, 0), (0, 399), (299, 0), (299, 399), (150, 37)]:
        cell = shapely.box(x + j * 1000, y - (i + 1) * 1000, x + (j + 1) * 1000, y - i * 1000)
        survey = survey_area_m2(gpd.GeoSeries([cell], crs=crs).to_crs(4490).to_numpy())[0]
        assert areas[i, j] == pytest.approx(survey, rel=1e-9)


def test_cell_areas_do_not_depend_on_the_rows_asked_for() -> None:
    grid = make_metric_raster(np.ones((45, 50))).grid
    whole = CellAreas(grid).of_rows(0, 45)
    assert np.array_equal(CellAreas(grid).of_rows(17, 18), whole[17:18])


@pytest.mark.parametrize("crs", ["EPSG:2327", "EPSG:2415", "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=krass"])
def test_read_raster_refuses_other_datums(tmp_path: Path, crs: str) -> None:
    write_tif(tmp_path, transform=Affine(30, 0, 20_500_000, 0, -30, 4_500_000), crs=crs)
    with pytest.raises(CrsError, match="CGCS2000"):
        read_raster(spec(), tmp_path)


def test_class_areas_refuse_values_that_are_not_codes() -> None:
    with pytest.raises(LayerError, match="整数"):
        class_areas(make_raster(np.full((2, 2), 1.5)), make_zones(a=star(1)))


def spec(**changes: object) -> LayerSpec:
    entry = {
        "id": "land", "title": "土地类别", "theme": "碳汇", "geometry": "raster", "path": "carbon/land.tif",
        "official": False, "version": "2025", "source": "t", "licence": "t", "zones": False,
    }  # fmt: skip
    return LayerSpec(**{**entry, **changes})


def write_tif(
    folder: Path,
    *,
    transform: Affine,
    crs: str | None = "EPSG:4490",
    values: npt.ArrayLike = ((1, 2), (3, 255)),
    nodata: float | None = 255,
    mask: npt.ArrayLike | None = None,
    bands: int = 1,
    **creation: object,
) -> None:
    path = folder / "carbon" / "land.tif"
    path.parent.mkdir(exist_ok=True)
    pixels = np.asarray(values, dtype=np.uint8)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0], count=bands, dtype="uint8",
            crs=crs, transform=transform, nodata=nodata, **creation,
        ) as target,
    ):  # fmt: skip
        for band in range(bands):
            target.write(pixels, band + 1)
        if mask is not None:
            target.write_mask(np.asarray(mask, dtype=np.uint8))


def test_read_raster_returns_what_was_written(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH))
    raster = read_raster(spec(), tmp_path)
    assert raster.values.tolist() == [[1, 2], [3, 255]]
    assert (raster.grid.crs, raster.nodata, raster.grid.west) == ("EPSG:4490", 255.0, WEST)
    assert len(raster.record.sha256) == 64
    assert raster.record.path == f"{tmp_path.name}/carbon/land.tif"


def test_read_raster_names_the_path_when_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"carbon/land\.tif.*不存在"):
        read_raster(spec(), tmp_path)


def test_read_raster_refuses_a_file_that_points_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "carbon").mkdir()
    (tmp_path / "carbon" / "land.tif").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    with pytest.raises(LayerError, match="GeoTIFF"):
        read_raster(spec(), tmp_path)


def test_read_raster_refuses_a_rotated_raster(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0.001, WEST, 0.001, -STEP, NORTH))
    with pytest.raises(LayerError, match="旋转"):
        read_raster(spec(), tmp_path)


def test_read_raster_refuses_a_raster_without_crs_unless_declared(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), crs=None)
    with pytest.raises(CrsError, match="没有坐标系"):
        read_raster(spec(), tmp_path)
    assert read_raster(spec(crs="EPSG:4490"), tmp_path).grid.crs == "EPSG:4490"


def test_class_areas_recode_and_list_every_unknown_code(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH))
    zone = make_zones(a=shapely.box(WEST, NORTH - 2 * STEP, WEST + 2 * STEP, NORTH))
    known = class_areas(read_raster(spec(classes={"1": "8", "2": "8", "3": "9"}), tmp_path), zone)
    assert known["class_code"].tolist() == [NODATA_CODE, 8, 9]
    left = class_areas(read_raster(spec(classes={"1": "8"}), tmp_path), zone)["class_code"]
    assert sorted(value_of_unlisted(code) or code for code in left) == [NODATA_CODE, 2, 3, 8]
    with pytest.raises(LayerError, match="整数类别代码"):
        read_raster(spec(classes={"林地": "8"}), tmp_path)


def test_class_areas_refuse_a_damaged_file(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(1, 9, (300, 400)).astype(np.uint8)
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), values=values, compress="deflate")
    path = tmp_path / "carbon" / "land.tif"
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(LayerError, match="已损坏"):
        class_areas(read_raster(spec(), tmp_path), make_zones(a=shapely.box(117, 39, 119, 41)))


def test_class_areas_read_cloud_optimised_files_in_blocks(tmp_path: Path) -> None:
    values = np.random.default_rng(4).integers(1, 9, (700, 600)).astype(np.uint8)
    transform = Affine(STEP / 100, 0, WEST, 0, -STEP / 100, NORTH)
    write_tif(
        tmp_path, transform=transform, values=values, tiled=True, blockxsize=256, blockysize=256, compress="deflate"
    )
    copy(tmp_path / "carbon" / "land.tif", tmp_path / "carbon" / "cog.tif", driver="COG", blocksize=128)
    zones = make_zones(a=star(1, lon=WEST + 3 * STEP, lat=NORTH - 3 * STEP))
    tiled = class_areas(read_raster(spec(), tmp_path), zones)
    cog = class_areas(read_raster(spec(path="carbon/cog.tif"), tmp_path), zones, effort=Effort(memory_mb=1))
    pd.testing.assert_frame_equal(cog, tiled, check_exact=True)
    assert len(tiled) == 8


def test_read_raster_refuses_several_bands(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), bands=3)
    with pytest.raises(LayerError, match="3 个波段"):
        read_raster(spec(), tmp_path)


@pytest.mark.parametrize(("said", "words"), [
    ({"scales": (0.1,)}, "要乘 0.1 再加 0"), ({"offsets": (-100.0,)}, "要乘 1 再加 -100"), ({"units": ("ft",)}, "单位是 ft"),
    ({"units": ("US survey foot",)}, "应为米"), ({"units": ("dm",)}, "应为米"), ({"units": ("m",)}, ""), ({"scales": (1.0,), "offsets": (0.0,)}, ""),
])  # fmt: skip
def test_read_raster_refuses_cells_that_are_not_the_values_themselves(tmp_path: Path, said: dict[str, object], words: str) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH))
    with rasterio.open(tmp_path / "carbon" / "land.tif", "r+") as file:
        for name, value in said.items():
            setattr(file, name, value)
    with pytest.raises(LayerError, match=words) if words else nullcontext():
        read_raster(spec(), tmp_path)


def test_class_areas_treat_masked_cells_as_no_data(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), nodata=None, mask=[[255, 255], [0, 255]])
    zone = make_zones(a=shapely.box(WEST, NORTH - 2 * STEP, WEST + 2 * STEP, NORTH))
    assert class_areas(read_raster(spec(), tmp_path), zone)["class_code"].tolist() == [NODATA_CODE, 1, 2, 255]


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_class_areas_take_codes_of_any_type(dtype: str) -> None:
    values = np.array([[11, -9999], [3020, 11]]).astype(dtype)
    zone = make_zones(a=shapely.box(WEST, NORTH - 2 * STEP, WEST + 2 * STEP, NORTH))
    areas = class_areas(make_raster(values, nodata=-9999), zone)
    assert areas["class_code"].tolist() == [NODATA_CODE, 11, 3020]


def test_class_areas_refuse_measurements_and_the_code_for_no_data() -> None:
    zone = make_zones(a=shapely.box(WEST, NORTH - STEP, WEST + STEP, NORTH))
    with pytest.raises(LayerError, match="不像类别代码"):
        class_areas(make_raster(np.array([[0, 2**30]])), zone)
    with pytest.raises(LayerError, match="留作无数据"):
        class_areas(make_raster(np.array([[-1, 2]])), zone)


def test_class_areas_do_not_depend_on_memory_or_threads() -> None:
    rng = np.random.default_rng(3)
    raster = make_raster(rng.integers(1, 9, (240, 5000)).astype(np.uint8))
    zones = make_zones(**{f"z{i}": star(i, lat=NORTH - (4 + 9 * i) * STEP) for i in range(6)})
    once = class_areas(raster, zones)
    # 40 bytes for each of 5000 cells: a megabyte holds 5 rows.
    again = class_areas(raster, zones, effort=Effort(memory_mb=1, threads=3))
    pd.testing.assert_frame_equal(again, once, check_exact=True)


def test_class_areas_say_how_much_memory_one_row_needs() -> None:
    wide = np.ones((1, 100_000), dtype=np.uint8)
    with pytest.raises(LayerError, match="需要内存 4 MB，现限 1 MB"):
        class_areas(make_raster(wide), make_zones(a=star(1)), effort=Effort(memory_mb=1))
