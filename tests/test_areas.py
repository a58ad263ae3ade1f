"""The compiled area sums against plain shapely, pair by pair, on untouched polygons; degenerate ones first of all."""

import sys
from importlib import import_module

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from cdgis.geometry.kernels import Engine, overlap_areas, overlapping_pairs
from cdgis.geometry.kernels.engine import COMPILED_PAYS, LOADING_PAYS, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.kernels.overlap import ZoneIndex
from cdgis.geometry.kernels.overlap_areas import LEAST_AREA_M2

FAR = 4_600_000.0
"""Northing of the city on the measuring plane: where digits are scarce."""


def stars(count, seed, *, size=40.0, grid=1.0, corners=(3, 12)):
    """Random polygons with corners on a grid: level, upright and collinear edges, shared corners, now and then a hole."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        n = rng.integers(*corners)
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        radius = rng.uniform(0.15, 0.5, n) * size
        xy = rng.uniform(0.3, 0.7, 2) * size + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        shape = shapely.make_valid(shapely.Polygon(np.round(xy / grid) * grid))
        if rng.random() < 0.3:
            shape = shape - shapely.box(*np.round(np.sort(rng.uniform(0.2, 0.8, (2, 2)) * size, axis=0)).ravel())
        if shape.geom_type in ("Polygon", "MultiPolygon") and shape.area > 0:
            found.append(shapely.transform(shape, lambda c: c + [0.0, FAR]))
    return np.array(found)


def as_dict(found):
    return dict(zip(zip(found.subject.tolist(), found.zone.tolist(), strict=True), found.area_m2.tolist(), strict=True))


def disagreement(subjects, zones, **options):
    """Return by how much the compiled sums miss plain shapely, as a share of what is allowed; and how many pairs."""
    fast = as_dict(overlap_areas(subjects, zones, engine=Engine.COMPILED, **options))
    plain = as_dict(overlap_areas(subjects, zones, engine=Engine.PLAIN))
    whole = shapely.area(subjects)
    off = [abs(fast.get(k, 0.0) - plain.get(k, 0.0)) / (1e-9 * whole[k[0]] + LEAST_AREA_M2) for k in fast | plain]
    return max(off, default=0.0), len(plain)


def test_areas_equal_plain_shapely_on_many_thousand_pairs():
    worst, pairs = disagreement(stars(190, 1), stars(190, 2))
    assert pairs > 30_000
    assert worst <= 1.0


def test_areas_equal_plain_shapely_when_zones_are_large_and_subjects_fine():
    rng = np.random.default_rng(7)
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    wavy = [
        shapely.make_valid(
            shapely.Polygon(
                np.column_stack([np.cos(angle), np.sin(angle)]) * (r * (1 + 0.2 * np.sin(k * angle)))[:, None]
                + [x, FAR + y]
            )
        )
        for r, k, (x, y) in zip(rng.uniform(10, 4000, 12), rng.integers(5, 400, 12), rng.uniform(-3000, 3000, (12, 2)), strict=True)
    ]  # fmt: skip
    worst, pairs = disagreement(np.array(wavy), np.array(wavy))
    assert pairs > 60
    assert worst <= 1.0


def test_comparison_notices_when_an_area_is_off():
    subjects, zones = stars(40, 1), stars(40, 2)
    moved = shapely.transform(zones, lambda c: c + [1e-3, 0.0])
    fast = as_dict(overlap_areas(subjects, moved, engine=Engine.COMPILED))
    plain = as_dict(overlap_areas(subjects, zones, engine=Engine.PLAIN))
    assert max(abs(fast[k] - plain[k]) for k in fast.keys() & plain.keys()) > 1e-3


CASES = {
    "equal": ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", 16),
    "equal, clockwise and begun elsewhere": ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((4 4, 4 0, 0 0, 0 4, 4 4))", 16),
    "shared edge": ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((4 0, 8 0, 8 4, 4 4, 4 0))", 0),
    "shared edge above": ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((0 4, 4 4, 4 8, 0 8, 0 4))", 0),
    "collinear points": ("POLYGON ((0 0, 2 0, 4 0, 4 2, 4 4, 0 4, 0 0))", "POLYGON ((2 -1, 6 -1, 6 5, 2 5, 2 2, 2 -1))", 8),
    "duplicate vertices": ("POLYGON ((0 0, 4 0, 4 0, 4 4, 4 4, 0 4, 0 0))", "POLYGON ((1 1, 1 1, 9 1, 9 3, 1 3, 1 1))", 6),
    "hole touching the shell": (
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (0 2, 2 1, 2 3, 0 2))", 14),
    "holes touching each other": (
        "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0))", "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1), (3 3, 5 3, 5 5, 3 5, 3 3))", 56),
    "in a hole": ("POLYGON ((3 3, 5 3, 5 5, 3 5, 3 3))", "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2))", 0),
    "filling a hole": ("POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))", "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2))", 0),
    "no edge near": ("POLYGON ((3 3, 4 3, 4 4, 3 4, 3 3))", "POLYGON ((-900 -900, 900 -900, 900 900, -900 900, -900 -900))", 1),
    "long edges across": ("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))", "POLYGON ((-9000 -9000, 9000 9000, -9000 9000, -9000 -9000))", 0.5),
    "zone within": ("POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0))", "POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))", 16),
    "edge through corners": ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "POLYGON ((0 0, 4 4, 4 0, 0 0))", 8),
    "several parts": (
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((5 5, 6 5, 6 6, 5 6, 5 5)))",
        "MULTIPOLYGON (((-1 -1, 2 -1, 2 0.5, -1 0.5, -1 -1)), ((5 5.5, 9 5.5, 9 9, 5 9, 5 5.5)))", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_area_is_right_in_degenerate_cases(name):
    a, b, shared = CASES[name]
    for dx, dy in ((0, 0), (0.1, FAR), (-1e5 - 1 / 3, FAR + 1 / 7)):
        subject, zone = shapely.transform(shapely.from_wkt([a, b]), lambda c, d=(dx, dy): c + d)
        found = overlap_areas(np.array([subject]), np.array([zone]), engine=Engine.COMPILED)
        assert found.area_m2.sum() == pytest.approx(shared, abs=1e-6)
        back = overlap_areas(np.array([zone]), np.array([subject]), engine=Engine.COMPILED)
        assert back.area_m2.sum() == pytest.approx(shared, abs=1e-6 * max(1.0, zone.area))


def lattice_polygons():
    corner = st.tuples(st.integers(0, 6), st.integers(0, 6))
    return (
        st.lists(st.lists(corner, min_size=3, max_size=9), min_size=1, max_size=2)
        .map(
            lambda rings: shapely.make_valid(shapely.union_all([shapely.make_valid(shapely.Polygon(r)) for r in rings]))
        )
        .filter(lambda g: g.geom_type in ("Polygon", "MultiPolygon") and g.area > 0)
    )


@given(st.lists(lattice_polygons(), min_size=1, max_size=4), st.lists(lattice_polygons(), min_size=1, max_size=4))
@example([shapely.box(0, 0, 6, 6)], [shapely.box(0, 0, 6, 6), shapely.box(6, 0, 9, 6), shapely.box(2, 2, 3, 3)])
def test_areas_equal_plain_shapely_when_everything_lies_on_grid_lines(subjects, zones):
    assert disagreement(np.array(subjects), np.array(zones))[0] <= 1.0


@pytest.mark.parametrize("cells", [8, 9, 64, 517])
def test_size_of_the_grid_changes_nothing(cells):
    from concurrent.futures import ThreadPoolExecutor

    subjects, zones = FlatPolygons.of(stars(60, 3)), FlatPolygons.of(stars(50, 4))
    with ThreadPoolExecutor(2) as pool:
        usual = ZoneIndex.of(zones, within=subjects.row_bounds).overlaps(subjects, pool)
        other = ZoneIndex.of(zones, within=subjects.row_bounds, cells=cells).overlaps(subjects, pool)
    for name in ("subject", "zone", "edges", "area_m2"):
        np.testing.assert_array_equal(getattr(usual, name), getattr(other, name))


@pytest.mark.parametrize("threads", [2, 5])
def test_number_of_threads_changes_no_area(threads):
    subjects, zones = stars(60, 3), stars(50, 4)
    one = overlap_areas(subjects, zones, engine=Engine.COMPILED)
    more = overlap_areas(subjects, zones, engine=Engine.COMPILED, threads=threads)
    np.testing.assert_array_equal(one.area_m2, more.area_m2)
    assert as_dict(one) == as_dict(more)


def test_order_and_company_change_no_area():
    subjects, zones = stars(40, 5), stars(30, 6)
    whole = as_dict(overlap_areas(subjects, zones, engine=Engine.COMPILED))
    turned = as_dict(overlap_areas(subjects[::-1], zones[::-1], engine=Engine.COMPILED))
    assert whole == {(39 - s, 29 - z): area for (s, z), area in turned.items()}
    alone = as_dict(overlap_areas(subjects[7:8], zones, engine=Engine.COMPILED))
    assert alone == {(0, z): area for (s, z), area in whole.items() if s == 7}


def test_subjects_done_in_blocks_give_the_same(monkeypatch):
    subjects, zones = stars(40, 5), stars(30, 6)
    whole = as_dict(overlap_areas(subjects, zones, engine=Engine.COMPILED))
    monkeypatch.setattr(import_module("cdgis.geometry.kernels.overlap_areas"), "BLOCK_ROWS", 7)
    assert as_dict(overlap_areas(subjects, zones, engine=Engine.COMPILED)) == whole


@pytest.mark.parametrize("subjects", [[], [shapely.box(0, 0, 1, 1)]])
@pytest.mark.parametrize("zones", [[], [shapely.box(5, 5, 6, 6)], [shapely.LineString([(0, 0), (1, 1)])]])
def test_no_pairs_when_a_side_is_empty_or_far(subjects, zones):
    for engine in Engine:
        found = overlap_areas(np.array(subjects, dtype=object), np.array(zones, dtype=object), engine=engine)
        assert len(found.zone) == 0


@given(st.lists(lattice_polygons(), min_size=1, max_size=6), st.lists(lattice_polygons(), min_size=1, max_size=5))
def test_pairs_are_the_same_to_the_last_bit_by_either_engine(subjects, zones):
    # Some subjects clear of every outline: those are the ones that the kernels settle.
    points = [shapely.Point(1.3, 1.3), shapely.Point(40, 40), shapely.Point(2, 1), shapely.Point(), shapely.MultiPoint([(1.3, 1.3), (5, 5)])]
    subjects = [*subjects, shapely.box(1.2, 1.2, 1.4, 1.4), shapely.box(40, 40, 41, 41), *points]
    zones = [*zones, shapely.box(-30, -30, 39, 39), shapely.LineString([(1, 1), (40, 40)])]
    plain = overlapping_pairs(np.array(subjects), np.array(zones), engine=Engine.PLAIN)
    fast = overlapping_pairs(np.array(subjects), np.array(zones), engine=Engine.COMPILED)
    for name in ("subject", "zone", "area_m2", "touch_subject", "touch_zone"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(fast, name))
    assert list(shapely.to_wkb(plain.overlap)) == list(shapely.to_wkb(fast.overlap))


def test_flat_polygons_come_back_as_they_went():
    shapes = np.array([*stars(20, 8), shapely.box(0, 0, 1, 1), None])
    flat = FlatPolygons.of(shapes)
    back = flat.geometries()
    assert back[-1] is None
    assert shapely.equals(shapes[:-1], back[:-1]).all()
    np.testing.assert_array_equal(flat.row_bounds[:-1], shapely.bounds(shapes[:-1]))
    part = flat.block(5, 9)
    assert shapely.equals(part.geometries(), shapes[5:9]).all()


def test_engine_is_the_one_named_or_suits_the_size(monkeypatch):
    monkeypatch.setitem(sys.modules, "cdgis.core.compiled", sys)
    assert chosen_engine(work=COMPILED_PAYS - 1) is Engine.PLAIN
    assert chosen_engine(work=COMPILED_PAYS) is Engine.COMPILED
    assert chosen_engine(Engine.PLAIN, work=10**9) is Engine.PLAIN
    assert chosen_engine(Engine.COMPILED, work=0) is Engine.COMPILED
    monkeypatch.delitem(sys.modules, "cdgis.core.compiled")
    assert chosen_engine(work=LOADING_PAYS - 1) is Engine.PLAIN
    assert chosen_engine(work=LOADING_PAYS) is Engine.COMPILED
