"""Paths of small drawings: many shapes at once are drawn as each is alone, vertex by vertex."""

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.geometry.map_frame import View
from cdgis.report.drawing.paths import paths_of

VIEW = View.around((117.0, 40.0, 118.0, 41.0), (560, 400))


def plain(group: BaseGeometry | np.ndarray, *, keep: bool) -> str:
    text, lines = "", []
    for shape in np.atleast_1d(np.asarray(group, dtype=object)):
        thin = shape if keep else shapely.simplify(shape, 0.5 / VIEW.degree_px)
        for part in shapely.get_parts(thin):
            lines += [(True, part)] if part.geom_type == "Polygon" else [(False, part)] if part.geom_type == "LineString" else []
    rings = [("z", ring) for areal, part in lines if areal for ring in shapely.get_rings(part)]
    for close, line in [*rings, *(("", part) for areal, part in lines if not areal)]:
        xy = [tuple(round(float(v) * 10) for v in row) for row in VIEW.pixels(shapely.get_coordinates(line))]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(xy, xy[1:], strict=False) if a != b]
        if steps:
            numbers = [f"{value / 10:g}" for value in (*xy[0], *(v for step in steps for v in step))]
            text += f"M{numbers[0]} {numbers[1]}l{' '.join(numbers[2:])}{close}"
    return text


def shape_of(rng: np.random.Generator) -> BaseGeometry:
    x, y, size = rng.uniform(116.8, 118.2), rng.uniform(39.9, 41.1), 10 ** rng.uniform(-4, -0.5)
    ring = shapely.Point(x, y).buffer(size, quad_segs=int(rng.integers(1, 30)))
    made = [
        ring, ring.difference(shapely.Point(x, y).buffer(size / 3)), shapely.LineString(rng.uniform(0, size, (7, 2)) + (x, y)), shapely.Point(x, y),
        shapely.MultiPolygon([ring, shapely.affinity.translate(ring, 3 * size)]), shapely.Polygon(), shapely.MultiLineString(),
        shapely.MultiLineString([[(x, y), (x + size, y)], [(x, y), (x, y + size)]]),
        shapely.GeometryCollection([ring, shapely.LineString([(x, y), (x + size, y)])]),
    ]  # fmt: skip
    return made[rng.integers(len(made))]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("keep", [True, False])
def test_shapes_drawn_together_are_drawn_as_each_alone(seed: int, keep: bool) -> None:
    rng = np.random.default_rng(seed)
    groups: list[BaseGeometry | np.ndarray] = [
        shape_of(rng) if rng.random() < 0.5 else np.array([shape_of(rng) for _ in range(rng.integers(0, 4))], dtype=object)
        for _ in range(rng.integers(1, 9))
    ]
    drawn = paths_of(groups, VIEW, keep=keep)
    assert drawn == [plain(group, keep=keep) for group in groups]
    assert paths_of([], VIEW) == []
