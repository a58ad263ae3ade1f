"""The largest disc of a ring, by compiled kernels: the same number as GEOS's, to the last bit, or left to GEOS."""

import numpy as np
import shapely
from shapes import METRES

from cdgis.geometry import geodesy
from cdgis.geometry.kernels.compiled.inscribed import inscribed_radii
from cdgis.geometry.kernels.engine import Engine
from cdgis.geometry.kernels.inscribed_discs import inradius_m

RNG = np.random.default_rng(20261129)


def star(flat):
    """A ring seen from its middle, between a decimetre and a kilometre wide, somewhere in a distance plane."""
    angle = np.sort(RNG.uniform(0, 2 * np.pi, RNG.integers(6, 60)))
    far = 10 ** RNG.uniform(-1, 3) * RNG.uniform(0.2, 1, len(angle))
    x, y = RNG.uniform(-2e5, 5e5), RNG.uniform(4e6, 5e6)
    return shapely.Polygon(np.column_stack([x + far * np.cos(angle), y + flat * far * np.sin(angle)]))


def strip():
    """A road: bends, blunt ends, far longer than wide."""
    course = shapely.LineString(np.cumsum(RNG.normal(size=(5, 2)) * 20, axis=0) + [3e5, 4.5e6])
    return shapely.buffer(course, 10 ** RNG.uniform(-1.5, 1), quad_segs=3)


def cells():
    """Squares of a grid joined: centres and edges that are equally near in number."""
    there = RNG.integers(0, 2, (4, 4))
    return shapely.union_all([shapely.box(a, b, a + 1, b + 1) for a in range(4) for b in range(4) if there[a, b]])


def rings():
    made = [star(flat) for flat in RNG.choice([1.0, 0.1, 0.001], 1500)]
    made += [*shapely.get_parts([cells() for _ in range(300)]), *(strip() for _ in range(60))]
    shapes = np.array([one for one in made if one.geom_type == "Polygon" and one.is_valid and not one.interiors], dtype=object)
    return shapes[(shapely.get_num_coordinates(shapes) >= 6) & (shapely.area(shapes) > 0)]


def test_radius_is_that_of_geos_to_the_last_bit_wherever_it_is_sure():
    shapes = rings()
    tolerance = np.maximum(0.01, np.sqrt(shapely.area(shapes)) * 1e-3)
    start = np.append(0, np.cumsum(shapely.get_num_coordinates(shapes)))
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes))
    radius, sure = inscribed_radii(shapely.get_coordinates(shapes), start, inner, tolerance)
    truth = shapely.length(shapely.maximum_inscribed_circle(shapes, tolerance))
    assert (radius[sure] == truth[sure]).all()
    assert sure[:1000].mean() > 0.8  # equal ways out of thin stars and grids are GEOS's


def test_engines_agree_whatever_the_shape():
    x, y = geodesy.to_plane(METRES.x, METRES.y)
    hole = shapely.Point(x, y).buffer(50) - shapely.Point(x, y).buffer(20)
    beside = shapely.box(x + 99, y, x + 140, y + 9)
    middle = np.array([x, y]) - [3e5, 4.5e6]
    shapes = np.array([
        hole, beside, shapely.union(hole, beside), shapely.Polygon(), shapely.segmentize(beside, 0.05),
        *(shapely.transform(strip(), lambda xy: xy + middle) for _ in range(20)),
    ], dtype=object)  # fmt: skip
    plain, compiled = (inradius_m(shapes, engine=engine) for engine in (Engine.PLAIN, Engine.COMPILED))
    assert (plain == compiled).all() and (plain[:3] > 4).all() and plain[3] == 0
