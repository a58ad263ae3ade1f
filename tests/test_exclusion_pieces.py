"""Zones near a window, cut only where it comes: the pieces that all zones cut and asked would give, in the same order."""

import random
from typing import Any

import numpy as np
import pytest
import shapely
from shapes import zone_layer

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.geometry.geodesy import geometries_from_local
from cdgis.geometry.halving import subdivide
from cdgis.geometry.plane_validity import valid_polygons
from cdgis.judging.layer_stack import planes_of_zones
from cdgis.siting.exclusion_zones import _ARC, _SCALE, _Pieces
from cdgis.workspace.layers import Layer


def random_zones(draw: random.Random, count: int) -> Layer:
    """Return zones around a star-shaped outline, some of more vertices than a piece may have, some of several parts."""
    shapes = []
    for _ in range(count):
        x, y, corners = draw.uniform(-4e4, 4e4), draw.uniform(4.55e6, 4.62e6), draw.choice((4, 30, 700, 2500))
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = draw.uniform(100, 9000) * (1 + 0.4 * np.sin(angles * draw.randint(2, 9)))
        star = shapely.Polygon(np.column_stack([x + reach * np.cos(angles), y + reach * np.sin(angles)]))
        shapes.append(draw.choice((star, shapely.MultiPolygon([star, shapely.box(x + 3e4, y, x + 3.1e4, y + 500)]))))
    return zone_layer("区", list(geometries_from_local(np.array(shapes, dtype=object))))


def near_all(layer: Layer, window: Any, off_m: FloatArray) -> GeometryArray:
    """Return the same the plain way: every zone cut, every piece in one tree."""
    local, _ = valid_polygons(planes_of_zones(layer)[1].all())
    pieces, owner = subdivide(local)
    at = np.sort(shapely.STRtree(pieces).query(window, predicate="dwithin", distance=float(off_m.max(initial=0.0)) * _SCALE))
    at = at[off_m[owner[at]] >= 0]
    width = off_m[owner[at]] * _SCALE
    found = pieces[at]
    found[width > 0] = shapely.buffer(found[width > 0], width[width > 0], quad_segs=_ARC)
    return np.asarray(found)


@pytest.mark.parametrize("seed", range(12))
def test_pieces_near_a_window_are_those_of_all_zones_cut(seed: int) -> None:
    draw = random.Random(seed)
    layer = random_zones(draw, draw.randint(1, 8))
    pieces, met = _Pieces(layer), 0
    for _ in range(8):  # the same pieces are asked again and again, cut further each time
        west, south, east, north = shapely.bounds(draw.choice(list(planes_of_zones(layer)[1].all())))
        x, y, side = draw.uniform(west, east), draw.uniform(south, north), draw.choice((10, 1000, 60_000))
        window = shapely.box(x, y, x + side, y + side)
        off_m = np.array([draw.choice((-1.0, 0.0, 50.0, 5000.0)) for _ in range(len(layer.zones))])
        expected = near_all(layer, window, off_m)
        assert shapely.to_wkb(pieces.near(window, off_m)).tolist() == shapely.to_wkb(expected).tolist()
        met += len(expected)
    assert met


def random_courses(rng: np.random.Generator) -> list[shapely.Geometry]:
    """Return lines that wander, come back to where they were or close, some of several parts."""
    found: list[shapely.Geometry] = []
    for _ in range(int(rng.integers(1, 5))):
        parts = []
        for _ in range(int(rng.integers(1, 3))):
            steps = rng.normal(0, rng.choice([20.0, 150.0]), (int(rng.integers(2, 400)), 2))
            xy = np.array([rng.uniform(-2e4, 2e4), rng.uniform(4.55e6, 4.6e6)]) + np.cumsum(steps, axis=0)
            parts.append(np.concatenate([xy, xy[:1]]) if rng.random() < 0.3 else xy)
        found.append(shapely.MultiLineString(parts) if len(parts) > 1 else shapely.LineString(parts[0]))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_of_lines_as_much_is_taken_as_matters_in_the_window(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = zone_layer("河", list(geometries_from_local(np.array(random_courses(rng), dtype=object))))
    lines, pieces, shorter = planes_of_zones(layer)[1].all(), _Pieces(layer), 0
    for _ in range(4):
        x, y = shapely.get_coordinates(rng.choice(lines))[rng.integers(0, 2)] + rng.normal(0, 300, 2)
        window, off_m = shapely.box(x, y, x + 500, y + 900), rng.choice([-1.0, 0.0, 30.0, 300.0], len(lines))
        found = pieces.near(window, off_m)
        asked, width = lines[off_m >= 0], off_m[off_m >= 0] * _SCALE
        whole = asked.copy()
        whole[width > 0] = shapely.buffer(asked[width > 0], width[width > 0], quad_segs=_ARC)
        for dimension in (1, 2):
            ours, theirs = (
                shapely.intersection(shapely.union_all(shapes[shapely.get_dimensions(shapes) == dimension]), window) for shapes in (found, whole)
            )
            beside = shapely.symmetric_difference(ours, theirs)
            assert (beside.length if dimension == 1 else beside.area) < 1e-4  # m, m2
        shorter += int(shapely.get_num_coordinates(found).sum()) < int(shapely.get_num_coordinates(whole).sum())
    assert shorter or shapely.get_num_coordinates(lines).max() < 200
