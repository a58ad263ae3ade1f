"""Which subjects meet which zones, by how much, and how far is the nearest? The arithmetic on coordinates."""

from cdgis.kernels.areas import Areas, overlap_areas, plain_overlap_areas
from cdgis.kernels.cut import Cut
from cdgis.kernels.engine import Engine, chosen_engine
from cdgis.kernels.flat import FlatPolygons
from cdgis.kernels.inside import points_inside
from cdgis.kernels.nearest import nearest_stretch, ring_stretches
from cdgis.kernels.outlines import POINT_COUNTS, TOUCH_M, OutlineIndex, pair_distance_m, point_distance_m
from cdgis.kernels.pairs import Pairs, overlapping_pairs, rounding_m2

__all__ = [
    "POINT_COUNTS",
    "TOUCH_M",
    "Areas",
    "Cut",
    "Engine",
    "FlatPolygons",
    "OutlineIndex",
    "Pairs",
    "chosen_engine",
    "nearest_stretch",
    "overlap_areas",
    "overlapping_pairs",
    "pair_distance_m",
    "plain_overlap_areas",
    "point_distance_m",
    "points_inside",
    "ring_stretches",
    "rounding_m2",
]
