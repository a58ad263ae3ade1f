"""Sites of a GeoJSON file, parsed as JSON; GDAL never sees it, so it can open nothing else."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import in_words
from cdgis.core.safe_text import visible
from cdgis.errors import ReaderError
from cdgis.readers.geojson_crs import stated_crs
from cdgis.readers.intake import rejected
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource, cell_text
from cdgis.readers.reference import Reference, of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.text_encoding import decode_text

_GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_MALFORMED = (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
              OverflowError)  # fmt: skip

RFC_7946_CRS = "EPSG:4326"
"""A GeoJSON layer that states nothing is WGS84 by RFC 7946 section 4; a site's file is undeclared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeojsonFile:
    """A GeoJSON document, its features not yet looked at."""

    features: tuple[object, ...]
    crs: str
    """CRS definition by its `crs` member or one of its like; "" when it says nothing."""


def open_geojson(path: Path, *, label: str) -> GeojsonFile:
    """Return the document in `path`.

    Raises
    ------
    ReaderError : not JSON, or not a Feature, FeatureCollection or geometry.
    """
    text = decode_text(path.read_bytes(), source=label)
    try:
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except _DoubledKey as err:
        reason = f"同一对象里有两个“{visible(str(err))}”，不知以哪个为准"
        raise ReaderError(reason, source=label, remedy="请删去一个后重新提交") from err
    except (ValueError, RecursionError) as err:
        raise ReaderError(f"不是合法的 JSON（{in_words(err)}）", source=label, remedy="请重新导出") from err
    return GeojsonFile(features=tuple(_features(document, label)), crs=stated_crs(document, label))


class _DoubledKey(ValueError):
    """Raised where an object gives one key twice: the last would win unseen."""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DoubledKey(next(key for i, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:i])))
    return found


def read_geojson(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature.

    Raises
    ------
    ReaderError : as `open_geojson`.
    CrsError : its `crs` member is not a known CRS.
    """
    opened = open_geojson(source.path, label=source.label)
    reference = refer(source, stated=opened.crs, assumed=True)
    return tuple(_record(feature, number, reference, source) for number, feature in enumerate(opened.features, start=1))


def _features(document: object, label: str) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(document, dict) and kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if kind in _GEOMETRY_TYPES:
        return [{"type": "Feature", "geometry": document, "properties": {}}]
    raise ReaderError(f"不是 GeoJSON（type 为 {kind!r}，应为 FeatureCollection、Feature 或几何类型）", source=label)


def feature_texts(feature: object) -> dict[str, str]:
    """Return a feature's properties as text; nested values as JSON."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return {str(k): _text(v) for k, v in properties.items()} if isinstance(properties, dict) else {}


def feature_geometry(feature: object) -> BaseGeometry | None:
    """Return a feature's geometry, None when it has none.

    Raises
    ------
    ReaderError : its coordinates are malformed.
    """
    raw = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(raw, dict):
        return None
    try:
        # shapely warns of NaN coordinates; the check of the finished geometry reports them
        with np.errstate(invalid="ignore"):
            return shape(raw)
    except _MALFORMED as err:
        raise ReaderError(f"图形不合规（{in_words(err)}）") from err


def _record(feature: object, number: int, reference: Reference, source: SiteSource) -> SiteRecord:
    identifier = cell_text(feature.get("id")) if isinstance(feature, dict) else ""
    texts = feature_texts(feature)
    own, contradiction = of_row(reference, texts, source)
    try:
        settled = settle(
            feature_geometry(feature), own.epsg, source=source.label, remedy=CRS_REMEDY, home=source.home,
            repair_share=source.repair_share, datum=own.datum,
        )  # fmt: skip
        geometry, remarks = settled.geometry, (*contradiction, *own.remarks, *settled.remarks)
    except ReaderError as err:
        geometry, remarks = None, (rejected(str(err), field="geometry", remedy="修正坐标后重新提交"),)
    return SiteRecord(
        row=str(number),
        geometry=geometry,
        keys=tuple(key for key in (identifier, str(number)) if key),
        texts=texts,
        accuracy_m=own.accuracy_m,
        remarks=remarks,
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else cell_text(value)
