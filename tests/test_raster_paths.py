"""Plain and compiled counts agree to the last bit, however the job is cut up, and exactextract agrees with both."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from test_raster import NORTH, STEP, WEST, make_metric_raster, make_raster, make_zones, star

from cdgis.geometry.geodesy import cell_areas_m2
from cdgis.raster import Effort, Raster, class_areas
from cdgis.raster.coverage import covered_cells
from cdgis.raster.zone_edges import outlines_of

PLAIN, COMPILED = Effort(route="plain"), Effort(route="compiled", threads=2)

place = st.one_of(st.integers(-2, 10).map(float), st.floats(-2, 10, width=32), st.sampled_from([3 - 1e-14, 3 + 1e-14]))
"""Columns or rows: on grid lines, anywhere, and within rounding of a grid line; some off the raster."""


@st.composite
def awkward_polygons(draw: st.DrawFn) -> shapely.Geometry:
    """Convex hulls of a few awkward points, with a hole or an island where that stays valid."""
    points = draw(st.lists(st.tuples(place, place), min_size=3, max_size=8))
    lonlat = [(WEST + column * STEP, NORTH - row * STEP) for column, row in points]
    shell = shapely.convex_hull(shapely.MultiPoint(lonlat))
    if shell.geom_type != "Polygon":
        return shapely.box(WEST, NORTH - STEP, WEST + STEP, NORTH)
    hole = shapely.affinity.scale(shell, 0.5, 0.3)
    return shapely.difference(shell, hole) if draw(st.booleans()) else shell


def land(seed: int) -> Raster:
    return make_raster(np.random.default_rng(seed).choice(np.array([1, 2, 8, 255], dtype=np.uint8), (8, 8)))


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@given(shapes=st.lists(awkward_polygons(), min_size=1, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_compiled_and_plain_counts_are_equal_bit_by_bit(shapes: list[shapely.Geometry], seed: int) -> None:
    raster = land(seed)
    zones = make_zones(**{f"z{i}": shape for i, shape in enumerate(shapes)})
    assert_same(class_areas(raster, zones, effort=COMPILED), class_areas(raster, zones, effort=PLAIN))


@pytest.mark.parametrize("memory_mb", [1, 2, 256])
def test_compiled_and_plain_counts_are_equal_on_a_projected_raster_in_bands(memory_mb: int) -> None:
    values = np.random.default_rng(5).integers(1, 13, (180, 2000)).astype(np.uint8)
    raster = make_metric_raster(values)
    raster = replace(raster, grid=replace(raster.grid, cell_width=50.0, cell_height=50.0), block_rows=16)
    zones = make_zones(**{f"z{i:02d}": star(i, lon=WEST + i * STEP) for i in range(12)})
    once = class_areas(raster, zones, effort=PLAIN)
    assert_same(class_areas(raster, zones, effort=replace(COMPILED, memory_mb=memory_mb)), once)
    assert_same(class_areas(raster, zones, effort=replace(PLAIN, memory_mb=memory_mb, threads=3)), once)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_long_runs_on_a_geographic_raster_are_equal_bit_by_bit_in_bands(dtype: type[np.generic]) -> None:
    codes = np.array([0, 3, 90, 255])
    values = np.random.default_rng(6).choice(codes, (96, 700)).astype(dtype)
    values[:40, :200] = 3  # 0 and 255 come later than other codes
    raster = replace(make_raster(values), block_rows=16)
    wide = [shapely.affinity.scale(star(i, lon=WEST + 350 * STEP, lat=NORTH - 50 * STEP), 80, 9) for i in range(5)]
    zones = make_zones(**{f"z{i}": shape for i, shape in enumerate(wide)})
    once = class_areas(raster, zones, effort=PLAIN)
    for memory_mb in (1, 256):
        assert_same(class_areas(raster, zones, effort=replace(COMPILED, memory_mb=memory_mb)), once)
        assert_same(class_areas(raster, zones, effort=replace(PLAIN, memory_mb=memory_mb, threads=3)), once)
    whole = class_areas(
        raster, make_zones(a=shapely.box(WEST, NORTH - 40 * STEP, WEST + 200 * STEP, NORTH)), effort=COMPILED
    )
    expected = 200 * cell_areas_m2(raster.grid.y_edges, STEP)[:40].sum()
    assert whole["area_m2"].tolist() == pytest.approx([expected], rel=1e-13)


@given(seed=st.integers(0, 500))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_counts_do_not_depend_on_where_rings_start_or_in_what_order_parts_come(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = shapely.get_coordinates(star(seed))[:-1]
    turned = np.roll(ring, int(rng.integers(1, len(ring))), axis=0)[:: rng.choice([-1, 1])]
    island = shapely.box(WEST, NORTH - STEP / 3, WEST + STEP / 7, NORTH)
    one = shapely.MultiPolygon([shapely.Polygon(ring), island])
    other = shapely.MultiPolygon([island, shapely.Polygon(turned)])
    raster = land(seed)
    found = class_areas(raster, make_zones(a=other))
    pd.testing.assert_frame_equal(class_areas(raster, make_zones(a=one)), found, rtol=1e-12)


@given(shapes=st.lists(awkward_polygons(), max_size=5), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_outlines_are_those_of_the_polygons_put_in_order_by_geos(shapes: list[shapely.Geometry], seed: int) -> None:
    """Whichever way rings run, with holes or without, single, in several parts, empty or missing."""
    rng = np.random.default_rng(seed)
    plain = [shapely.reverse(shape) if rng.integers(2) else shape for shape in shapes]
    several = shapely.MultiPolygon([shapely.box(300, 0, 301, 1), *shapely.get_parts(plain[:1])])
    for zones in (plain, [shapely.convex_hull(shape) for shape in plain], [*plain, None, shapely.Polygon(), several]):
        zones = np.array(zones, dtype=object)
        found = outlines_of(zones, (0.0, 1.0, 0.0, 1.0))
        for at, zone in enumerate(zones):
            turned = [shapely.get_rings(shapely.orient_polygons(part)) for part in shapely.get_parts([zone])]
            rings = [shapely.get_coordinates(ring).tolist() for part in turned for ring in part]
            starts = found.ring_start[found.zone_start[at] : found.zone_start[at + 1] + 1]
            kept = [np.column_stack([found.x[a:b], -found.y[a:b]]) for a, b in zip(starts[:-1], starts[1:], strict=True)]
            assert [ring.tolist() for ring in kept] == rings


@given(shape=awkward_polygons())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_fractions_equal_clipping_when_shapes_are_awkward(shape: shapely.Geometry) -> None:
    outlines = outlines_of(np.array([shape]), (WEST, STEP, NORTH, STEP))
    covered = covered_cells(outlines, np.array([0]), (0, 8), 8)
    fraction = np.zeros((8, 8))
    fraction[covered.row, covered.column] = covered.fraction
    for row, column, run, share in zip(covered.row, covered.column, covered.run, covered.run_fraction, strict=True):
        fraction[row, column + 1 : column + 1 + run] = share
    row, column = np.indices((8, 8))
    west, north = WEST + column * STEP, NORTH - row * STEP
    cells = shapely.box(west, north - STEP, west + STEP, north)
    clipped = shapely.area(shapely.intersection(shape, cells)) / STEP**2
    assert np.abs(fraction - clipped).max() < 2e-11


def test_whole_cells_are_exactly_whole() -> None:
    """Interiors carry no rounding: a block of cells counts as exactly that many cells."""
    raster = make_raster(np.full((8, 10), 4, dtype=np.uint8))
    block = shapely.box(WEST + 1 * STEP, NORTH - 6 * STEP, WEST + 9 * STEP, NORTH - 2 * STEP)
    rows = cell_areas_m2(raster.grid.y_edges, STEP)
    found = class_areas(raster, make_zones(a=block))
    assert found["area_m2"].tolist() == pytest.approx([8 * rows[2:6].sum()], rel=1e-13)


def test_counts_agree_with_exactextract_on_many_overlapping_zones() -> None:
    raster = make_raster(np.random.default_rng(8).integers(1, 5, (60, 60)).astype(np.uint8))
    zones = make_zones(**{f"z{i:02d}": star(i, lon=WEST + (i % 7) * 8 * STEP, lat=NORTH - i * STEP) for i in range(40)})
    grid = raster.grid
    weights = np.repeat(cell_areas_m2(grid.y_edges, STEP)[:, None], 60, axis=1)
    box = {"xmin": grid.x_edges[0], "ymin": grid.y_edges[-1], "xmax": grid.x_edges[-1], "ymax": grid.y_edges[0]}
    peer = exact_extract(
        NumPyRasterSource(raster.values, **box), zones, ["cell_id", "coverage"],
        include_cols="zone_id", output="pandas",
    )  # fmt: skip
    expected: dict[tuple[str, int], float] = {}
    for row in peer.itertuples():
        classes, areas = raster.values.ravel()[row.cell_id], row.coverage * weights.ravel()[row.cell_id]
        for code in np.unique(classes):
            expected[row.zone_id, int(code)] = float(areas[classes == code].sum())
    found = class_areas(raster, zones)
    pairs = {(row.zone_id, row.class_code): row.area_m2 for row in found.itertuples()}
    # exactextract keeps fractions in 32 bits.
    assert pairs == pytest.approx({key: area for key, area in expected.items() if area > 1}, rel=1e-5, abs=1.0)


def test_a_small_job_loads_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cdgis.raster.sums_kernel", None)
    assert not class_areas(land(1), make_zones(a=star(1))).empty
    with pytest.raises(ImportError):
        class_areas(land(1), make_zones(a=star(1)), effort=COMPILED)


def test_a_large_job_takes_the_compiled_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cdgis.raster.sums_kernel", None)
    raster = make_raster(np.broadcast_to(np.uint8(1), (5000, 5000)))
    with pytest.raises(ImportError):
        class_areas(raster, gpd.GeoDataFrame({"zone_id": ["a"]}, geometry=[shapely.box(117, 0, 158, 41)], crs=4490))
