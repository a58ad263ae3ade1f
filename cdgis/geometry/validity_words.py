"""Why a geometry is invalid, in Chinese and with the place, from the reasons GEOS gives."""

import re

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import GeometryArray

_WORDS = {
    "Self-intersection": "边界自相交",
    "Ring Self-intersection": "环在一点或一段上与自己重合",
    "Hole lies outside shell": "孔在外环之外",
    "Holes are nested": "孔套着孔",
    "Nested holes": "孔套着孔",
    "Interior is disconnected": "孔把面分成了不相连的几块",
    "Nested shells": "一个部分套在另一个部分里",
    "Duplicate Rings": "有重复的环",
    "Duplicated Rings": "有重复的环",
    "Too few points in geometry component": "不同的点太少",
    "Invalid Coordinate": "坐标不是数",
    "Ring is not closed": "环没有闭合",
}
"""GEOS's reasons (operation/valid/TopologyValidationError) -> what they mean."""
_REASON = re.compile(r"(?P<words>[^\[]+?)\s*(?:\[(?P<x>\S+) (?P<y>[^\s\]]+).*\])?")
_DEGREE = 360.0


def validity_words(geoms: GeometryArray) -> npt.NDArray[np.object_]:
    """Return what is wrong with each geometry, such as ``边界自相交，在 117.943000,40.975000``; "" where it is valid."""
    reasons = np.atleast_1d(np.asarray(shapely.is_valid_reason(geoms), dtype=object))
    return np.array([_words(str(reason)) for reason in reasons], dtype=object)


def _words(reason: str) -> str:
    found = _REASON.fullmatch(reason)
    if found is None or reason == "Valid Geometry":
        return ""
    words = _WORDS.get(found["words"], "图形不合规")
    if found["x"] is None:
        return words
    x, y = float(found["x"]), float(found["y"])
    places = 6 if max(abs(x), abs(y)) <= _DEGREE else 3
    return f"{words}，在 {x:.{places}f},{y:.{places}f}"
