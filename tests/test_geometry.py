"""Cutting, thickness and slivers against figures one can work out by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapes import METRES

from cdgis.geometry import geodesy, halving
from cdgis.geometry import outline_chunks as stretches
from cdgis.geometry import shapes as geometry
from cdgis.geometry.kernels.inscribed_discs import inradius_m

X0, Y0 = geodesy.to_plane(METRES.x, METRES.y)


def plane_box(x0, y0, x1, y1):
    return shapely.box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)


def gear(teeth, *, radius=1000.0, depth=0.3, per_tooth=4):
    """A star-like polygon with many vertices, in measuring-plane metres."""
    angle = np.linspace(0, 2 * np.pi, teeth * per_tooth, endpoint=False)
    r = radius * (1 + depth * np.sin(teeth * angle) * np.cos(3 * angle))
    return shapely.Polygon(np.column_stack([X0 + r * np.cos(angle), Y0 + r * np.sin(angle)]))


@given(st.integers(200, 900), st.integers(32, 200))
def test_subdivide_keeps_area_and_limit_when_polygon_is_large(teeth, limit):
    whole = np.array([gear(teeth), plane_box(0, 0, 1, 1), gear(teeth, radius=10) - gear(40, radius=3, depth=0)])
    pieces, owner = halving.subdivide(whole, max_vertices=limit)
    assert shapely.get_num_coordinates(pieces).max() <= limit
    assert np.bincount(owner, weights=shapely.area(pieces)) == pytest.approx(shapely.area(whole), rel=1e-11, abs=1e-6)
    assert shapely.is_valid(pieces).all() and (np.diff(owner) >= 0).all()


def test_subdivide_gives_nothing_when_there_is_nothing():
    pieces, owner = halving.subdivide(np.empty(0, dtype=object))
    assert len(pieces) == len(owner) == 0


@given(st.lists(st.integers(2, 140), min_size=1, max_size=4))
def test_stretches_are_short_and_cover_the_outline_whatever_its_length(counts):
    lines = [shapely.LineString([(i, row * 10 + i % 2) for i in range(n)]) for row, n in enumerate(counts)]
    geoms = np.array([*lines, gear(100), shapely.Point(0, 0)])
    made = stretches.OutlineChunks.of(geoms)
    shapes, owner = made.shapes(), made.owner
    assert shapely.get_num_coordinates(shapes).max() <= stretches.EDGES + 1
    assert np.bincount(owner, weights=shapely.length(shapes)) == pytest.approx(shapely.length(geoms), rel=1e-12)
    for i, geom in enumerate(geoms):
        outline = geom.boundary if geom.geom_type == "Polygon" else geom
        assert shapely.union_all(shapes[owner == i]).equals(outline)


@pytest.mark.parametrize(("width", "height"), [(100, 100), (40, 3000), (0.5, 20)])
def test_inradius_is_half_the_narrow_side_of_a_rectangle(width, height):
    radius = inradius_m(np.array([plane_box(0, 0, width, height)]))[0]
    # At the standard parallel the measuring plane has true scale; the disc is found to 0.1 % of the size.
    assert radius == pytest.approx(min(width, height) / 2, abs=1e-3 * np.sqrt(width * height) + 0.01)


@pytest.mark.parametrize(
    ("overlap", "share", "sliver"),
    [
        (plane_box(0, 0, 1, 1), 0.1, True),  # 1 m² and no more
        (plane_box(0, 0, 1, 1.01), 0.1, False),
        (plane_box(0, 0, 1, 1), 0.5, False),  # half the subject is never a sliver
        (plane_box(0, 0, 0.09, 1000), 0.1, True),  # 90 m², but no disc of 0.1 m fits
        (plane_box(0, 0, 0.11, 1000), 0.1, False),
        (plane_box(0, 0, 0.09, 20000), 0.1, True),  # a long strip must be measured as finely as a short one
        (plane_box(0, 0, 20000, 0.11), 0.1, False),
        (plane_box(0, 0, 0.09, 1000) | plane_box(0, 0, 0.5, 0.5), 0.1, False),  # one thick place suffices
    ],
)
def test_is_sliver_when_overlap_is_small_or_thin(overlap, share, sliver):
    assert geometry.is_sliver(np.array([overlap]), np.array([share]))[0] == sliver


def test_polygonal_keeps_areas_and_drops_the_rest():
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (5, 5)])])
    kept = geometry.polygonal(np.array([mixed, shapely.Point(0, 0), shapely.box(0, 0, 2, 2)]))
    assert shapely.area(kept) == pytest.approx([1, 0, 4])
    assert list(shapely.get_dimensions(kept)) == [2, 2, 2]
