"""Which sites does a GeoJSON file hold? (parsed as JSON; GDAL never sees it, so it can open nothing else)"""

import json
from collections.abc import Mapping
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from cdgis.errors import ReaderError
from cdgis.readers.crs import resolve_crs
from cdgis.readers.encoding import decode_text
from cdgis.readers.intake import Remark, rejected
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource, cell_text
from cdgis.readers.repair import settle

_GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_RFC_7946_CRS = "EPSG:4326"
"""A GeoJSON file without the old `crs` member is WGS84 by RFC 7946 section 4."""


def read_geojson(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature.

    Raises
    ------
    ReaderError : not JSON, or not a Feature, FeatureCollection or geometry.
    CrsError : its `crs` member is not a known CRS.
    """
    text = decode_text(source.path.read_bytes(), source=source.label)
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as err:
        raise ReaderError(f"{source.label}：不是合法的 JSON（{err}）。请重新导出") from err
    features = _features(document, source.label)
    epsg = resolve_crs(source.label, declared=source.crs, stated=_stated_crs(document), remedy=CRS_REMEDY)
    return tuple(_record(feature, number, epsg, source) for number, feature in enumerate(features, start=1))


def _features(document: object, label: str) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(document, dict) and kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if kind in _GEOMETRY_TYPES:
        return [{"type": "Feature", "geometry": document, "properties": {}}]
    raise ReaderError(f"{label}：不是 GeoJSON（type 为 {kind!r}，应为 FeatureCollection、Feature 或几何类型）")


def _stated_crs(document: Mapping[str, Any]) -> str:
    member = document.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or "CRS84" in name:
        return _RFC_7946_CRS
    return name


def _record(feature: object, number: int, epsg: int, source: SiteSource) -> SiteRecord:
    body = feature if isinstance(feature, dict) else {}
    properties = body.get("properties")
    texts = {str(k): _text(v) for k, v in properties.items()} if isinstance(properties, dict) else {}
    geometry, problems = _geometry(body.get("geometry"))
    if not problems:
        settled = settle(geometry, epsg, source=source.label, remedy=CRS_REMEDY)
        geometry, problems = settled.geometry, settled.remarks
    identifier = cell_text(body.get("id"))
    keys = tuple(key for key in (identifier, str(number)) if key)
    return SiteRecord(row=str(number), geometry=geometry, keys=keys, texts=texts, remarks=problems)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else cell_text(value)


def _geometry(raw: object) -> tuple[BaseGeometry | None, tuple[Remark, ...]]:
    if not isinstance(raw, dict):
        return None, ()
    try:
        return shape(raw), ()
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as err:
        return None, (rejected(f"图形不合规（{err}）", field="geometry", remedy="修正坐标后重新提交"),)
