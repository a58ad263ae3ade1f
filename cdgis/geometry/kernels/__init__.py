"""Arithmetic on coordinates: which subjects meet which zones, by how much, and how far the nearest is."""

from cdgis.geometry.kernels.engine import Engine, chosen_engine, load_kernels
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.kernels.nearest import TIE_M, TOUCH_M, nearest_chunk, ring_chunks
from cdgis.geometry.kernels.outline_distances import (
    POINT_COUNTS,
    OutlineIndex,
    nearest_in_each,
    pair_distance_m,
    places_apart_m,
)
from cdgis.geometry.kernels.overlap_areas import Areas, overlap_areas, plain_overlap_areas
from cdgis.geometry.kernels.pairs import Pairs, overlapping_pairs, zones_near
from cdgis.geometry.kernels.point_in_polygon import points_inside, points_inside_blocks
from cdgis.geometry.kernels.projection_points import places_on_outlines, projection_points
from cdgis.geometry.kernels.rounding import rounding_m2
from cdgis.geometry.kernels.subdivide import Cut, Zones

__all__ = [
    "TIE_M",
    "POINT_COUNTS",
    "TOUCH_M",
    "Areas",
    "Cut",
    "Engine",
    "FlatPolygons",
    "OutlineIndex",
    "Pairs",
    "Zones",
    "chosen_engine",
    "load_kernels",
    "nearest_chunk",
    "nearest_in_each",
    "overlap_areas",
    "overlapping_pairs",
    "pair_distance_m",
    "places_apart_m",
    "places_on_outlines",
    "plain_overlap_areas",
    "points_inside",
    "points_inside_blocks",
    "projection_points",
    "ring_chunks",
    "rounding_m2",
    "zones_near",
]
