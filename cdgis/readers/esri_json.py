"""Features of Esri's JSON (FeatureServer queries, ArcGIS "Features To JSON") as GeoJSON features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cdgis.core.error_words import Worded
from cdgis.readers.ring_loops import nested_rings


def is_esri_json(document: object) -> bool:
    """Return whether a JSON document is a feature set in Esri's form."""
    return (
        isinstance(document, dict)
        and document.get("type") is None
        and isinstance(document.get("features"), list)
        and any(key in document for key in ("geometryType", "spatialReference", "fields", "displayFieldName"))
    )


def as_geojson(feature: object) -> object:
    """Return one feature in GeoJSON's form; what has no geometry keeps none.

    Raises
    ------
    Worded : its geometry is of a kind GeoJSON has not (true curves), or malformed.
    """
    if not isinstance(feature, dict):
        return feature
    shape = feature.get("geometry")
    geometry = _geometry(shape) if isinstance(shape, dict) and shape else None
    return {"type": "Feature", "geometry": geometry, "properties": feature.get("attributes") or {}}


def _geometry(shape: Mapping[str, Any]) -> dict[str, Any] | None:
    if "curveRings" in shape or "curvePaths" in shape:
        raise Worded("图形含曲线（curveRings），请先在 ArcGIS 中用“增密”转成折线")
    try:
        if "rings" in shape:
            return _polygon(shape["rings"]) if shape["rings"] else None
        if "paths" in shape:
            return {"type": "MultiLineString", "coordinates": shape["paths"]} if shape["paths"] else None
        if "points" in shape:
            return {"type": "MultiPoint", "coordinates": shape["points"]} if shape["points"] else None
        return {"type": "Point", "coordinates": [float(shape["x"]), float(shape["y"])]}
    except Worded:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as err:
        raise Worded("图形的坐标写法不对") from err


def _polygon(rings: Sequence[Sequence[Sequence[float]]]) -> dict[str, Any]:
    """Return a polygon of rings in any order: nesting says which are holes, not the direction they are drawn in."""
    flat = [np.array([point[:2] for point in ring], dtype=np.float64) for ring in rings]
    if any(len(ring) < 4 or not np.isfinite(ring).all() for ring in flat):
        raise Worded("环的点太少，或坐标不是数")
    parts = [[flat[i].tolist() for i in (shell, *holes)] for shell, holes in nested_rings(flat)]
    return {"type": "Polygon", "coordinates": parts[0]} if len(parts) == 1 else {"type": "MultiPolygon", "coordinates": parts}
