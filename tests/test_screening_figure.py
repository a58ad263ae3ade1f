"""The drawings: labels, scale, and a critical line that is as long as the verdict says."""

import re
from dataclasses import replace

import numpy as np
import pytest
import shapely
from report_city import make_layers
from report_fixtures import make_assessment

from cdgis.geometry import geodesy
from cdgis.geometry.map_frame import View
from cdgis.report.screening import compose_report
from cdgis.report.screening.boundary import MOST_POINTS, boundary_of
from cdgis.report.screening.critical import critical_ends
from cdgis.report.screening.evidence import _remedy
from cdgis.report.screening.figure import HEIGHT_PX, WIDTH_PX, _paths, draw_figures, layers_to_draw

SQUARE = shapely.box(117.6, 40.9, 117.61, 40.91)


def test_boundary_points_are_numbered_through_rings_without_the_closing_point():
    hole = shapely.box(117.603, 40.903, 117.604, 40.904)
    boundary = boundary_of(SQUARE.difference(hole))
    points, count, plane = boundary.points, boundary.count, boundary.plane_title
    assert count == 8 and [p.label for p in points] == [f"J{n}" for n in range(1, 9)]
    assert [p.ring for p in points] == [1] * 4 + [2] * 4
    assert plane == "CGCS2000 3度带39带（带号前缀）"


def test_boundary_point_in_the_plane_comes_back_to_its_longitude_and_latitude():
    points = boundary_of(SQUARE).points
    back = geodesy.to_lonlat(shapely.points([p.east_m for p in points], [p.north_m for p in points]), 4527)
    # Plane coordinates are printed to 0.1 mm, 1e-9 degree.
    given = np.array([(p.lon_deg, p.lat_deg) for p in points])
    assert shapely.get_coordinates(back) == pytest.approx(given, abs=2e-9)


def test_very_many_points_are_counted_but_not_all_listed():
    boundary = boundary_of(shapely.Point(117.5, 41).buffer(0.01, quad_segs=1000))
    assert (len(boundary.points), boundary.count) == (MOST_POINTS, 4000)


def _redline(*shapes):
    layer = make_layers()["ecological_redline"]
    zones = layer.zones.iloc[[0] * len(shapes)].reset_index(drop=True)
    zones["geometry"] = list(shapes)
    return replace(layer, zones=zones)


def test_critical_line_to_a_zone_beside_has_the_verdicts_length():
    zone = shapely.box(117.611, 40.9, 117.62, 40.91)
    distance_m = float(geodesy.geodesic_distance_m(*map(np.array, (117.61, 40.91, 117.611, 40.91))))
    ends = critical_ends(_redline(zone), SQUARE, distance_m)
    assert sorted(ends[:, 0].round(6)) == [117.61, 117.611]


def test_critical_line_out_of_a_zone_starts_at_the_deepest_point():
    strip = shapely.box(117.602, 40.89, 117.604, 40.92)
    half_m = float(geodesy.geodesic_distance_m(*map(np.array, (117.603, 40.905, 117.604, 40.905))))
    ends = critical_ends(_redline(strip), SQUARE, half_m)
    assert ends[0, 0] == pytest.approx(117.603, abs=2e-5)


def test_no_line_is_drawn_when_none_has_the_verdicts_length():
    assert critical_ends(_redline(shapely.box(117.611, 40.9, 117.62, 40.91)), SQUARE, 500.0) is None
    assert critical_ends(None, SQUARE, 500.0) is None
    assert critical_ends(_redline(SQUARE), SQUARE, float("nan")) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_critical_line_does_not_depend_on_who_asked_before(seed):
    rng = np.random.default_rng(seed)
    corners = np.column_stack([rng.uniform(117.5, 117.7, 12), rng.uniform(40.8, 41.0, 12)])
    zones = [shapely.box(x, y, x + 0.01, y + rng.uniform(0.001, 0.02)) for x, y in corners]
    sites = [shapely.box(x, y, x + 0.003, y + 0.003) for x, y in rng.uniform([117.5, 40.8], [117.7, 41], (30, 2))]
    there, local = (geodesy.geometries_to_local(np.array(shapes)) for shapes in (zones, sites))
    asked = list(zip(sites, np.maximum(shapely.distance(local[:, None], there[None, :]).min(axis=1), 1.0), strict=True))
    layer = _redline(*zones)
    together = [critical_ends(layer, *ask) for ask in asked]
    alone = [critical_ends(replace(layer), *ask) for ask in asked]
    assert sum(ends is not None for ends in alone) > 15
    assert [None if ends is None else ends.tolist() for ends in together] == [None if ends is None else ends.tolist() for ends in alone]


def _numbers(path):
    return [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", path)]


def test_zones_are_clipped_to_the_view_and_keep_every_vertex_inside_it():
    report = compose_report(make_assessment(), "P000")
    surroundings = report.figures[0]
    for outline in surroundings.outlines:
        xs, ys = _numbers(outline.path)[::2], _numbers(outline.path)[1::2]
        assert min(xs) >= -0.03 * WIDTH_PX and max(xs) <= 1.03 * WIDTH_PX
        assert min(ys) >= -0.03 * HEIGHT_PX and max(ys) <= 1.03 * HEIGHT_PX
    assert [o.style for o in surroundings.outlines][-1] == "subject"
    assert 0 < surroundings.bar_px <= WIDTH_PX / 4


def test_detail_labels_each_corner():
    report = compose_report(make_assessment(), "P000")
    labels = [m.label for m in report.figures[1].marks if m.style == "point"]
    assert labels == ["J1", "J2", "J3", "J4"]


def test_point_subject_has_one_drawing_with_its_mark():
    (figure,) = compose_report(make_assessment(), "E010").figures
    assert [m.style for m in figure.marks].count("subject") == 1


def test_subject_without_shape_has_no_drawing():
    report = compose_report(make_assessment(), "P000")
    assert draw_figures(make_layers(), None, report.conclusion, {}, ()) == ()


def test_remedies_are_drawn_with_the_length_of_the_shift():
    report = compose_report(make_assessment(), "P000")
    moved = shapely.transform(SQUARE, lambda xy: xy + (0.002, 0.0))
    row = {
        "kind": "平移", "target": "避开禁止", "feasible": True, "reason": "", "distance_m": 168.4, "bearing_deg": 90.0,
        "area_m2": 1.0, "share": 1.0, "verdict": "未发现冲突", "verdict_at_least": "", "caveats": "条款未核实;文号未核实", "wkt": moved.wkt,
    }  # fmt: skip
    remedy = _remedy(row)
    assert "向东（方位角 90.0°）平移 168.4 米" in remedy.sentence and "未发现冲突" in remedy.sentence
    assert "“未发现冲突”〔条款未核实；文号未核实〕" in remedy.sentence
    figure = draw_figures(make_layers(), SQUARE, report.conclusion, {}, (remedy,))[0]
    assert [m.label for m in figure.measures if m.style == "shift"] == ["平移 168.4 米"]
    assert "shift" in [o.style for o in figure.outlines]
    assert "没有可行方案" in _remedy(row | {"feasible": False}).sentence


def test_every_layer_of_a_decisive_clause_is_drawn_whatever_else_there_is():
    report = compose_report(make_assessment(), "P000")
    redline = make_layers()["ecological_redline"]
    tiling = replace(redline, spec=redline.spec.model_copy(update={"partition": True}))
    many = {f"L{n}": redline for n in range(12)} | {"ecological_redline": tiling}
    clause = report.conclusion.decisive[0]
    others = [replace(clause, layer=name) for name in many if name.startswith("L")]
    drawn = layers_to_draw(many, report.conclusion, others, [])
    assert "ecological_redline" in drawn and len(drawn) == 9


def _plain_path(shape, view):
    """What a path is by definition, part by part and ring by ring."""
    texts = []
    for part in shapely.get_parts(shape):
        dimension = shapely.get_dimensions(part)
        for line in {1: [part], 2: shapely.get_rings(part)}.get(dimension, []) if not part.is_empty else []:
            xy = view.pixels(shapely.get_coordinates(line)).tolist()
            kept = [place for place, before in zip(xy, [None, *xy], strict=False) if place != before]
            texts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z" * int(dimension == 2))
    return "".join(texts)


def _random_shape(random):
    ground = random.choice([1e-6, 0.01, 1.0])  # some are smaller than a hundredth of a pixel
    xy = random.uniform(0, ground, (5, 2)) + random.uniform(0, 1, 2)
    line, area, point = shapely.LineString(xy), shapely.Point(xy[0]).buffer(ground, quad_segs=2), shapely.Point(xy[1])
    ring = area.difference(area.buffer(-ground / 3))
    kinds = [line, area, ring, point, shapely.union_all([line, point]), shapely.MultiPolygon([area, shapely.affinity.translate(ring, 3)]),
             shapely.GeometryCollection([ring, line, point, area]), shapely.Polygon(), shapely.GeometryCollection(),
             shapely.MultiLineString([line, line.reverse()]), shapely.GeometryCollection([shapely.MultiLineString([line, xy]), area])]  # fmt: skip
    return kinds[random.integers(len(kinds))]


@pytest.mark.parametrize("seed", range(20))
def test_shapes_drawn_in_one_go_are_drawn_as_one_by_one(seed):
    random, view = np.random.default_rng(seed), View.around((0, 0, 1, 1), (720, 480))
    groups = [[_random_shape(random) for _ in range(random.integers(0, 5))] for _ in range(random.integers(1, 6))]
    alone = _random_shape(random)
    drawn = _paths([*(np.array([*group, None], dtype=object)[:-1] for group in groups), alone], view)
    assert drawn == ["".join(_plain_path(shape, view) for shape in group) for group in [*groups, [alone]]]
