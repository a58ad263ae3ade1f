"""What is surely valid GEOS calls valid, and all else is asked of it; many shapes are laid out on the plane once."""

import numpy as np
import shapely
from shapes import METRES

from cdgis.geometry import plane_validity
from cdgis.geometry.geodesy import geometries_from_plane, geometries_to_plane, to_plane
from cdgis.geometry.kernels.engine import Engine
from cdgis.geometry.kernels.sure_validity import are_valid
from cdgis.geometry.planes import Planes, on_planes
from cdgis.geometry.shapes import densified

RNG = np.random.default_rng(20261130)


def drawn(count):
    """Rings drawn at random on a coarse grid or freely: many cross, touch, repeat a point or run back."""
    size = RNG.integers(3, 9, count)
    grids = RNG.choice([0, 3, 12], count)
    return np.array([
        shapely.Polygon(RNG.integers(0, grid, (n, 2)) if grid else RNG.normal(size=(n, 2))) for n, grid in zip(size, grids, strict=True)
    ], dtype=object)  # fmt: skip


def round_ones(count, turns=1):
    angle = [np.sort(RNG.uniform(0, 2 * np.pi * turns, RNG.integers(5, 40))) for _ in range(count)]
    return np.array([shapely.Polygon(np.column_stack([118 + np.cos(a) * 1e-3, 41 + np.sin(a) * 1e-3])) for a in angle], dtype=object)


def seen_from_within(count):
    """Rings around the mean of their vertices with steps back now and then, on a grid: some vertices in line with it."""
    made = []
    for _ in range(count):
        angle = np.sort(RNG.uniform(0, 2 * np.pi, RNG.integers(5, 12)))
        back = RNG.integers(len(angle))
        angle[back] -= RNG.choice([0, 0, 0.05, 0.5])
        made.append(shapely.Polygon(np.round(RNG.uniform(3, 9, len(angle))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))))
    return np.array(made, dtype=object)


def test_valid_is_what_geos_calls_valid():
    with np.errstate(invalid="ignore"):
        endless = shapely.Polygon([(0, 0), (1, np.nan), (1, 1)])
        odd = [None, shapely.Polygon(), shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2)]
        for some in ([*drawn(6000), *round_ones(300), *round_ones(300, turns=2), *seen_from_within(1500), *odd], [*round_ones(5), endless]):
            shapes = np.array(some, dtype=object)
            truth = shapely.is_valid(shapes)
            assert (are_valid(shapes, engine=Engine.COMPILED) == truth).all() and 0.1 < truth.mean() < 0.9


def test_round_rings_need_no_geos(monkeypatch):
    shapes, asked = round_ones(200), shapely.is_valid
    monkeypatch.setattr(shapely, "is_valid", lambda some: asked(some) if not len(some) else 1 / 0)
    assert are_valid(shapes, engine=Engine.COMPILED).all()


def test_many_shapes_are_laid_out_once_and_as_they_would_be_each_time(monkeypatch):
    shapes = np.array([*round_ones(1500), shapely.Polygon([(118, 41), (118.1, 41.1), (118.1, 41), (118, 41.1)])], dtype=object)
    calls, lay = [], geometries_to_plane
    monkeypatch.setattr(plane_validity, "geometries_to_plane", lambda some: calls.append(len(some)) or lay(some))
    plane, mended = plane_validity.valid_on_plane(shapes)
    plane[0] = None  # callers may do with theirs what they like
    some = RNG.permutation(len(shapes))[:1200]
    again, bad = plane_validity.valid_on_plane(shapes[some])
    whole, fresh = plane_validity.valid_polygons(lay(shapes))
    assert calls == [1501] and mended.sum() == 1 and (fresh == mended).all()
    assert shapely.equals_exact(again, whole[some]).all() and (bad == mended[some]).all()
    assert (plane_validity.areas_on_plane(shapes[some]) == shapely.area(whole[some])).all() and len(calls) == 1
    copies = shapely.from_wkb(shapely.to_wkb(shapes))
    assert shapely.equals_exact(plane_validity.valid_on_plane(copies)[0], whole).all() and len(calls) == 2
    with on_planes(lambda: Planes(lat_ts_deg=30.0, lon_0_deg=100.0)):
        there = plane_validity.valid_on_plane(shapes)[0]
    assert len(calls) == 3 and not shapely.equals_exact(there, whole).any()


def test_short_shapes_are_not_cut_and_long_edges_are():
    x, y = to_plane(METRES.x, METRES.y)
    angle = RNG.uniform(0, 7, 300)
    far = RNG.choice([0.0, 99, 100, 101, 900], 300)
    lines = [shapely.LineString([(x, y), (x + d * np.cos(a), y + d * np.sin(a))]) for a, d in zip(angle, far, strict=True)]
    shapes = np.array([*lines, *geometries_to_plane(round_ones(50)), shapely.MultiPoint([(x, y), (x + 999, y)])], dtype=object)
    cut = densified(shapes, 100.0)
    edge = [np.hypot(*np.diff(shapely.get_coordinates(one), axis=0).T).max(initial=0) for one in cut[:-1]]
    assert max(edge) <= 100.0001
    whole = np.array(lines)[shapely.length(lines) <= 100]
    assert shapely.equals_exact(densified(whole, 100.0), whole).all()
    assert shapely.is_valid(geometries_from_plane(cut[-51:-1])).all()
    wide = shapely.length(shapes) > 100
    plain = shapes.copy()
    plain[wide] = shapely.segmentize(shapes[wide], 100.0)
    assert shapely.equals_exact(cut, plain).all() and wide.sum() > (shapely.get_num_coordinates(cut) > shapely.get_num_coordinates(shapes)).sum()
