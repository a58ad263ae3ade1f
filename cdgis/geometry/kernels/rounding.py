"""What rounded coordinates may add or take along shared outlines: overlaps of no more only touch."""

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray

_ROUNDING_M, _ROUNDING_M2 = 1e-8, 1e-6
"""Shared edges whose vertices differ by rounding overlap by up to this along their length, and in a corner."""
ALONG_M = 1e-3
"""A line that keeps within TOUCH_M of an outline for longer than this runs along it; a shorter overlap only touches."""


def rounding_m2(outline_m: FloatArray) -> FloatArray:
    """Return the area in m² that rounded coordinates may add or take along outlines of this length."""
    return _ROUNDING_M * outline_m + _ROUNDING_M2


def within_rounding(overlap: GeometryArray, area: FloatArray | None = None) -> BoolArray:
    """Return which overlaps, of this area if it is known, are no more than rounding of shared edges or ends: those only touch."""
    dimension, length = shapely.get_dimensions(overlap), shapely.length(overlap)
    flat = (dimension == 2) & ((shapely.area(overlap) if area is None else area) <= rounding_m2(length))
    return np.asarray(flat | ((dimension == 1) & (length <= ALONG_M)))
