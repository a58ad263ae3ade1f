from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from report_city import make_layers

from cdgis.report.map.area_preservation import area_changes, with_areas_kept
from cdgis.report.map.budget import area_change_share, pack_layers, pack_whole, shown_outlines, size_notes
from cdgis.report.map.levels import _is_among, level_masks, simplified
from cdgis.report.map.outline_encoding import PRECISION, Rings, flatten, grid, unpack


def _units() -> np.ndarray:
    """Return the invented city's units with 40 vertices where there was one, jittered by some 5 m."""
    shapes = make_layers()["management_units"].zones.geometry.to_numpy()
    dense = shapely.segmentize(shapes, 4e-4)

    def jitter(lonlat: np.ndarray) -> np.ndarray:
        lonlat = lonlat.round(9)  # an edge cut from either end gives the same vertices
        wave = np.sin(lonlat[:, :1] * 9e4) + np.cos(lonlat[:, 1:] * 7e4)
        return lonlat + 4e-5 * np.c_[wave, -wave]

    return shapely.transform(dense, jitter)


def _rebuilt(rings: Rings, mask: np.ndarray | None = None) -> np.ndarray:
    """Return polygons from flat arrays, on the grid of the precision, keeping the vertices of `mask`."""
    ends = np.cumsum(rings.vertices_of_ring)
    xy = grid(rings.lonlat, PRECISION) / PRECISION
    keep = np.ones(len(xy), dtype=bool) if mask is None else mask
    return np.array(
        [shapely.Polygon(xy[e - n : e][keep[e - n : e]]) for e, n in zip(ends, rings.vertices_of_ring, strict=True)]
    )


def test_the_units_of_these_tests_are_a_valid_coverage() -> None:
    assert shapely.coverage_is_valid(_units())


def test_levels_only_drop_vertices_and_each_keeps_fewer() -> None:
    rings = flatten(_units())
    masks = level_masks(_units(), rings)
    assert len(masks) == 3
    kept = [int(mask.sum()) for mask in masks]
    assert 0 < kept[0] < kept[1] < kept[2] < len(rings.lonlat)
    assert not (masks[0] & ~masks[1]).any() and not (masks[1] & ~masks[2]).any()


def _edges(shapes: np.ndarray) -> Counter[tuple[tuple[float, float], ...]]:
    """Return how often each edge occurs, whichever way it runs."""
    edges: Counter[tuple[tuple[float, float], ...]] = Counter()
    for ring in shapely.get_rings(shapes):
        points = list(map(tuple, shapely.get_coordinates(ring).round(9).tolist()))
        edges.update(tuple(sorted(pair)) for pair in pairwise(points) if pair[0] != pair[1])
    return edges


def _torn(shapes: np.ndarray, outer: set[tuple[float, float]]) -> int:
    """Return the number of edges that one unit has, and neither its neighbour nor the city's outline."""
    return sum(n == 1 and not set(edge) <= outer for edge, n in _edges(shapes).items())


def test_shared_borders_stay_shared_at_every_level() -> None:
    rings = flatten(_units())
    full = _rebuilt(rings)
    outer = {point for edge, n in _edges(full).items() if n == 1 for point in edge}
    assert _torn(full, outer) == 0 and 0 < len(outer) < len(rings.lonlat) / 2
    for mask in level_masks(_units(), rings):
        shapes = _rebuilt(rings, mask)
        assert max(_edges(shapes).values()) == 2 and _torn(shapes, outer) == 0
        assert abs(shapely.area(shapes).sum() / shapely.area(full).sum() - 1) < 0.01


def test_simplifying_each_unit_alone_would_tear_borders() -> None:
    full = _rebuilt(flatten(_units()))
    outer = {point for edge, n in _edges(full).items() if n == 1 for point in edge}
    assert _torn(shapely.simplify(full, 5e-4), outer) > 0


def test_full_level_changes_no_area_by_a_thousandth() -> None:
    before = _units()
    assert area_change_share(before, _rebuilt(flatten(before))) < 1e-3


def test_small_layers_have_no_levels() -> None:
    shapes = np.array([shapely.box(0, 0, 1, 1)])
    assert level_masks(shapes, flatten(shapes)) == ()


def test_simplified_points_and_empty_shapes_are_left_alone() -> None:
    shapes = np.array([shapely.MultiPoint([(1, 2), (3, 4)]), shapely.MultiPolygon(), shapely.box(0, 0, 1, 1)])
    after = simplified(shapes, 0.1)
    assert [shapely.get_num_coordinates(s) for s in after] == [2, 0, 5] and after[1].is_empty


def test_layers_over_budget_are_simplified_largest_first_and_said_so() -> None:
    shapes = {"units": _units(), "towns": np.array([shapely.Point(117, 41)])}
    whole = pack_layers(shapes, budget_bytes=10**9)
    assert all(p.tolerance_deg == 0 for p in whole.values()) and size_notes(whole, {}, budget_bytes=10**9) == ()
    budget = len(whole["units"].text) // 2
    small = pack_layers(shapes, budget_bytes=budget)
    assert sum(len(p.text) for p in small.values()) <= budget
    assert small["units"].vertex_count < whole["units"].vertex_count and small["towns"] == whole["towns"]
    assert small["units"].tolerance_deg > 0 and 0 < small["units"].area_change_share < 0.01
    note = size_notes(small, {"units": "环境管控单元"}, budget_bytes=budget)
    assert len(note) == 1 and "环境管控单元" in note[0] and "化简" in note[0]


@pytest.mark.parametrize("budget", [10**9, 20_000, 300])
def test_layers_packed_beforehand_make_the_same_map_in_the_same_order(budget: int) -> None:
    layers = make_layers()
    layers["management_units"] = replace(units := layers["management_units"], zones=units.zones.set_geometry(_units()))
    layers["empty"] = replace(units, zones=units.zones.iloc[:0])
    shapes = {"subjects": np.array([shapely.box(117, 41, 117.1, 41.1)]), **shown_outlines(layers)}
    plain, packed = pack_layers(shapes, budget_bytes=budget, most_change=0.001), pack_whole(layers)
    assert "empty" not in packed and set(packed) == set(shapes) - {"subjects"}
    assert list(pack_layers(shapes, budget_bytes=budget, most_change=0.001, whole=packed).items()) == list(plain.items())


def test_impossible_budget_is_admitted() -> None:
    packs = pack_layers({"a": np.array([shapely.Point(1, 1)])}, budget_bytes=3)
    assert "超过限额" in size_notes(packs, {}, budget_bytes=3)[-1]


def test_packed_layer_unpacks_with_its_levels() -> None:
    layer = make_layers()["management_units"]
    layer = replace(layer, zones=layer.zones.set_geometry(_units()))
    packed = pack_layers({"u": layer.zones.geometry.to_numpy()}, budget_bytes=10**9)["u"]
    rings, masks = unpack(packed.text)
    assert len(rings.lonlat) == packed.vertex_count and len(masks) == 3


def test_no_unit_loses_its_area_where_areas_must_be_kept() -> None:
    units = _units()
    thin = simplified(units, 2e-3)
    changes = area_changes(units, thin)
    limit = float(np.quantile(changes[changes > 0], 0.5))
    kept = with_areas_kept(units, thin, limit)
    assert changes.max() > limit >= area_changes(units, kept).max()
    counts = [int(shapely.get_num_coordinates(s).sum()) for s in (thin, kept, units)]
    assert counts[0] < counts[1] < counts[2] and shapely.coverage_is_valid(shapely.get_parts(kept))


def test_page_grows_over_its_budget_rather_than_change_an_area_and_says_so() -> None:
    shapes = {"units": _units()}
    free = pack_layers(shapes, budget_bytes=300)["units"]
    held = pack_layers(shapes, budget_bytes=300, most_change=0.001)
    assert free.area_change_share > 0.001 >= held["units"].area_change_share
    assert len(held["units"].text) > len(free.text)
    note = size_notes(held, {"units": "环境管控单元"}, budget_bytes=300, most_change=0.001)[-1]
    for part in ("超过限额", "“环境管控单元”", "0.1%", "publish.page_budget_mb"):
        assert part in note


def test_which_values_are_among_others_is_what_numpy_says() -> None:
    random = np.random.default_rng(8)
    for size, known in ((0, 5), (9, 0), (1000, 300), (1000, 5000)):
        values, others = random.integers(0, 2000, size).astype(np.uint64), np.sort(random.integers(0, 2000, known).astype(np.uint64))
        assert np.array_equal(_is_among(values, others), np.isin(values, others))
