"""Points in polygons, and polygons from bytes: the compiled way against shapely's."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from cdgis.geometry.kernels import Engine, FlatPolygons, points_inside
from tests.test_areas import stars


def both(x, y, zones, **options):
    ways = [points_inside(x, y, zones, engine=engine, **options) for engine in (Engine.PLAIN, Engine.COMPILED)]
    return [list(zip(point.tolist(), zone.tolist(), strict=True)) for point, zone in ways]


@pytest.mark.parametrize("threads", [1, 3])
def test_points_are_inside_as_shapely_says_on_vertices_edges_and_anywhere(threads):
    zones = stars(80, 11)
    rng = np.random.default_rng(12)
    vertices = shapely.get_coordinates(zones)
    middles = (vertices[1:] + vertices[:-1]) / 2
    x0, y0, x1, y1 = shapely.total_bounds(zones)
    anywhere = rng.uniform((x0, y0), (x1, y1), (3000, 2))
    lattice = np.round(rng.uniform((x0, y0), (x1, y1), (3000, 2)))
    xy = np.concatenate([vertices, middles, anywhere, lattice])
    plain, fast = both(xy[:, 0], xy[:, 1], zones, threads=threads)
    assert len(plain) > 10_000
    assert fast == plain


def test_point_where_holes_and_parts_touch_is_not_inside():
    holed = shapely.from_wkt(
        "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1), (3 3, 5 3, 5 5, 3 5, 3 3))"
    )
    pair = shapely.from_wkt("MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 4, 8 4, 8 8, 4 8, 4 4)))")
    xy = np.array([(3, 3), (4, 4), (3.5, 3), (0.5, 0.5), (2, 2), (5, 5.5), (1, 3)], dtype=float)
    plain, fast = both(xy[:, 0], xy[:, 1], np.array([holed, pair]))
    assert fast == plain == [(0, 1), (2, 1), (3, 0), (3, 1), (4, 1), (5, 0), (5, 1), (6, 1)]


@pytest.mark.parametrize(("x", "zones"), [([], []), ([1.0], []), ([], [shapely.box(0, 0, 1, 1)])])
def test_no_points_or_no_zones_give_nothing(x, zones):
    assert both(np.array(x), np.array(x), np.array(zones, dtype=object)) == [[], []]


def column(shapes):
    """Return the bytes and offsets of a column of WKB."""
    stored = pa.array([None if g is None else shapely.to_wkb(g) for g in shapes], pa.large_binary())
    _, offsets, data = stored.buffers()
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[: len(shapes) + 1]


def test_polygons_from_bytes_equal_those_from_shapes():
    shapes = np.array([*stars(30, 13), None, shapely.Polygon(), shapely.MultiPolygon(stars(1, 14).tolist())])
    ours, theirs = FlatPolygons.from_wkb(*column(shapes)), FlatPolygons.of(shapes)
    for name in ("xy", "ring_start", "part_start", "part_row"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.rows == theirs.rows == len(shapes)


@pytest.mark.parametrize("wkt", ["POINT (1 1)", "LINESTRING (0 0, 1 1)", "POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))"])
def test_bytes_of_another_kind_are_left_to_shapely(wkt):
    assert FlatPolygons.from_wkb(*column([shapely.box(0, 0, 1, 1), shapely.from_wkt(wkt)])) is None
