"""Outlines of cases as points on a map: where a confirmed boundary lies."""

from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry import shape


def point_inside(outline: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Return lon and lat of a point inside a GeoJSON geometry (degrees); None where there is no geometry."""
    if not outline:
        return None
    drawn = shape(dict(outline))
    if drawn.is_empty:
        return None
    within = shapely.point_on_surface(drawn)
    return float(within.x), float(within.y)
