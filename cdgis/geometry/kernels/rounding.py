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


def within_rounding(overlap: GeometryArray, area: FloatArray, length: FloatArray) -> BoolArray:
    """Return which overlaps, of these areas and lengths, are no more than rounding of shared edges or ends: those only touch."""
    dimension = shapely.get_dimensions(overlap)
    flat = (dimension == 2) & (area <= rounding_m2(length))
    return np.asarray(flat | ((dimension == 1) & (length <= ALONG_M)))
