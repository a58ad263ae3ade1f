"""Zonal class areas against per-cell clipping, and what the reader refuses."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from cdgis.catalog import LayerSpec
from cdgis.errors import CrsError, LayerError
from cdgis.model import InputRecord
from cdgis.raster import NODATA_CODE, Raster, area_residuals, class_areas, read_raster

STEP = 1 / 120
WEST, NORTH = 117.0, 41.1
A, F = 6378137.0, 1 / 298.257222101
E2 = F * (2 - F)


def make_raster(values: npt.NDArray[np.generic], *, epsg: int = 4490, nodata: float | None = 255) -> Raster:
    record = InputRecord(
        layer="land", kind="raster", path="land.tif", sublayer="", sha256="", version="", official=False
    )
    transform = Affine(STEP, 0, WEST, 0, -STEP, NORTH)
    return Raster(values=values, transform=transform, epsg=epsg, nodata=nodata, record=record)


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


def test_residual_is_what_lies_outside_the_raster() -> None:
    raster = make_raster(np.full((2, 2), 3, dtype=np.uint8))
    zone = shapely.box(WEST - STEP, NORTH - STEP, WEST + STEP, NORTH)
    zones = make_zones(a=zone, far=shapely.box(110, 30, 110 + STEP, 30 + STEP))
    residuals = area_residuals(class_areas(raster, zones), zones).set_index("zone_id")
    one_cell = band_area_m2(NORTH - STEP, NORTH, STEP)
    assert residuals.loc["a", "residual_m2"] == pytest.approx(one_cell, rel=1e-9)
    assert residuals.loc["far", "residual_m2"] == residuals.loc["far", "survey_m2"]


def test_class_areas_refuse_a_projected_raster_when_its_crs_is_not_geographic() -> None:
    with pytest.raises(CrsError, match="EPSG:4527"):
        class_areas(make_raster(np.ones((2, 2), dtype=np.uint8), epsg=4527), make_zones(a=star(1)))


def test_class_areas_refuse_zones_in_another_crs() -> None:
    with pytest.raises(CrsError, match="EPSG:None"):
        class_areas(
            make_raster(np.ones((2, 2), dtype=np.uint8)), make_zones(a=star(1)).set_crs(None, allow_override=True)
        )


def test_class_areas_refuse_values_that_are_not_codes() -> None:
    with pytest.raises(LayerError, match="整数"):
        class_areas(make_raster(np.full((2, 2), 1.5)), make_zones(a=star(1)))


def spec(**changes: object) -> LayerSpec:
    entry = {
        "id": "land", "title": "土地类别", "theme": "碳汇", "geometry": "raster", "path": "carbon/land.tif",
        "official": False, "version": "2025", "source": "t", "licence": "t", "zones": False,
    }  # fmt: skip
    return LayerSpec(**{**entry, **changes})


def write_tif(folder: Path, *, transform: Affine, crs: str | None = "EPSG:4490") -> None:
    path = folder / "carbon" / "land.tif"
    path.parent.mkdir(exist_ok=True)
    values = np.array([[1, 2], [3, 255]], dtype=np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=1, dtype="uint8", crs=crs, transform=transform, nodata=255
    ) as target:
        target.write(values, 1)


def test_read_raster_returns_what_was_written(tmp_path: Path) -> None:
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH))
    raster = read_raster(spec(), tmp_path)
    assert raster.values.tolist() == [[1, 2], [3, 255]]
    assert (raster.epsg, raster.nodata, raster.transform.c) == (4490, 255.0, WEST)
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
    assert read_raster(spec(crs="EPSG:4490"), tmp_path).epsg == 4490
