"""What holds a subject that no outline comes near is the same whoever was asked before it: neighbours answer for one another."""

import numpy as np
import pytest
import shapely

from cdgis.geometry.kernels.containment import ZoneOutlines, subjects_within
from cdgis.geometry.kernels.engine import Engine
from cdgis.geometry.packed_shapes import PackedShapes

SIDE_M = 1000.0


def zones_of(draw):
    """Areas that may lie in one another, rings with holes, lines, points and nothing."""
    found = []
    for kind in draw.choice(["area", "area", "ring", "several", "line", "point", "empty"], int(draw.integers(1, 14))):
        x, y = draw.uniform(0, SIDE_M, 2)
        area = shapely.buffer(shapely.Point(x, y), draw.uniform(20, 500), quad_segs=int(draw.integers(1, 60)))
        hole = shapely.buffer(shapely.Point(x, y), draw.uniform(5, 19))
        far = shapely.buffer(shapely.Point(x + 2 * SIDE_M, y), 90)
        found.append({
            "area": area, "ring": shapely.difference(area, hole), "several": shapely.MultiPolygon([area, far]),
            "line": shapely.LineString(draw.uniform(0, SIDE_M, (3, 2))), "point": shapely.Point(x, y), "empty": shapely.Polygon(),
        }[kind])  # fmt: skip
    return np.array(found, dtype=object)


def boxes_of(draw):
    """Neighbours in sequence, some far from the one before, one that is nowhere."""
    steps = draw.normal(0, 12, (150, 2)) + (draw.random((150, 1)) < 0.1) * draw.uniform(-400, 400, (150, 2))
    at = np.mod(draw.uniform(0, SIDE_M, 2) + np.cumsum(steps, axis=0), SIDE_M)
    boxes = np.hstack([at, at + draw.uniform(0, 9, (150, 2))])
    boxes[int(draw.integers(150))] = np.nan
    return boxes


def rows(found):
    return found.settled.tolist(), found.subject.tolist(), found.zone.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_whoever_was_asked_before_the_same_zones_hold_a_subject(seed):
    draw = np.random.default_rng(seed)
    zones, boxes = zones_of(draw), boxes_of(draw)
    outlines = ZoneOutlines(shapes=PackedShapes.of(zones))
    ask = lambda some: subjects_within(boxes[some], np.ones(len(some), dtype=bool), outlines, room_m=0.01, engine=Engine.COMPILED)  # noqa: E731
    alone = [([at for _ in one.settled], [at for _ in one.subject], one.zone.tolist()) for at in range(150) for one in [ask([at])]]
    together = rows(ask([*range(150)]))
    assert together == tuple([cell for part in column for cell in part] for column in zip(*alone, strict=True))
    held = {(at, zone) for at, zone in zip(*together[1:], strict=True)}
    areal = shapely.get_dimensions(zones) == 2
    corner = shapely.points(np.nan_to_num(boxes[:, :2], nan=-SIDE_M))
    assert held == {(at, zone) for at in together[0] for zone in np.flatnonzero(areal & shapely.contains(zones, corner[at])).tolist()}
