"""Shapes as plain arrays: what comes back is what was put in, to the last bit, and so are boxes and chunks of outlines."""

import numpy as np
import pytest
import shapely

from cdgis.geometry.kernels import Zones, overlapping_pairs, zone_store
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.packed_shapes import PackedShapes

KINDS = ("polygon", "holed", "several", "line", "lines", "point", "points", "none", "empty", "empty point")


def random_shape(rng, kind):
    x, y = rng.uniform(-5000, 5000, 2)
    ring = lambda d: shapely.buffer(shapely.Point(x + d, y), rng.uniform(20, 90), quad_segs=int(rng.integers(1, 30)))  # noqa: E731
    path = lambda: shapely.LineString(rng.uniform(-900, 900, (int(rng.integers(2, 40)), 2)) + [x, y])  # noqa: E731
    made = {
        "polygon": lambda: ring(0),
        "holed": lambda: shapely.difference(ring(0), shapely.buffer(shapely.Point(x, y), 5, quad_segs=2)),
        "several": lambda: shapely.MultiPolygon([ring(0), shapely.difference(ring(400), shapely.box(x + 399, y, x + 401, y + 1))]),
        "line": path,
        "lines": lambda: shapely.MultiLineString([path(), path()]),
        "point": lambda: shapely.Point(x, y),
        "points": lambda: shapely.MultiPoint([[x, y], [x + 1, y]]),
        "none": lambda: None,
        "empty": lambda: shapely.Polygon(),
        "empty point": lambda: shapely.Point(),
    }
    return made[kind]()


def random_shapes(seed, kinds=KINDS):
    rng = np.random.default_rng(seed)
    found = np.empty(int(rng.integers(1, 25)), dtype=object)
    found[:] = [random_shape(rng, rng.choice(kinds)) for _ in found]
    return found


@pytest.mark.parametrize("seed", range(60))
def test_arrays_hold_the_shapes_to_the_last_bit(seed):
    shapes = random_shapes(seed, KINDS if seed % 3 else KINDS[:3])
    if seed % 10 == 9:  # what arrays cannot hold
        shapes[0] = shapely.GeometryCollection([shapely.Point(1, 2), shapely.box(0, 0, 1, 1)])
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(shapes))
    rows = rng.integers(0, len(shapes), int(rng.integers(0, 30)))
    packed = PackedShapes.of(shapes)
    for mine, theirs in ((packed, shapes), (packed.ordered(order), shapes[order])):
        assert shapely.to_wkb(mine.all()).tolist() == shapely.to_wkb(theirs).tolist()
        assert shapely.to_wkb(mine.take(rows)).tolist() == shapely.to_wkb(theirs[rows]).tolist()
        np.testing.assert_array_equal(mine.boxes(), shapely.bounds(theirs).reshape(-1, 4))
        np.testing.assert_array_equal(mine.vertices() * ~shapely.is_empty(theirs), shapely.get_num_coordinates(theirs))
        full = ~shapely.is_empty(theirs) & (shapely.get_type_id(theirs) >= 0)
        np.testing.assert_array_equal(mine.areal()[full], (shapely.get_dimensions(theirs) == 2)[full])
        found, said = mine.chunks(), OutlineChunks.of(theirs)
        np.testing.assert_array_equal(found.owner, said.owner)
        assert shapely.to_wkb(found.shapes()).tolist() == shapely.to_wkb(said.shapes()).tolist()


def test_a_box_is_its_shells_though_a_hole_reaches_beyond():
    """On another plane a hole may by rounding; GEOS takes the shell's box."""
    bad = np.array([shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (12, 1), (1, 2)]])])
    np.testing.assert_array_equal(PackedShapes.of(bad).boxes(), shapely.bounds(bad))


@pytest.mark.parametrize("most", [0, 300, 10_000])
def test_zones_that_let_their_shapes_go_answer_as_if_they_kept_them(most, monkeypatch):
    monkeypatch.setattr(zone_store, "KEPT_VERTICES", most)
    rng = np.random.default_rng(most)
    middle = rng.uniform(-4000, 4000, (30, 2))
    zones = np.array([shapely.buffer(shapely.Point(at), rng.uniform(300, 900), quad_segs=int(rng.choice([5, 200]))) for at in middle])
    kept = Zones.of(zones)
    (store,) = kept.stores
    for west in (*range(-4000, 4000, 800), *range(-4000, 4000, 1600)):  # sites in turn, as a sorted file has them, and again
        corner = rng.uniform(0, 700, (80, 2)) + [west, 0]
        sites = shapely.box(*corner.T, *(corner + 60).T)
        plain, mine = overlapping_pairs(sites, zones), overlapping_pairs(sites, kept)
        for name in ("subject", "zone", "area_m2", "touch_subject", "touch_zone"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(mine, name))
        assert shapely.to_wkb(plain.overlap).tolist() == shapely.to_wkb(mine.overlap).tolist()
        held = ~shapely.is_missing(store._made)
        now = store._last == store._last.max()
        assert store._vertices[held & ~now].sum() <= most and set(store._pieces) <= set(np.flatnonzero(held).tolist())
    assert most == 10_000 or not held.all()
