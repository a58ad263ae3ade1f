"""Sites of a GeoJSON file, parsed as JSON; GDAL never sees it, so it can open nothing else."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import Worded, in_words
from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import visible
from cdgis.readers.coordinates import Box
from cdgis.readers.esri_json import as_geojson, is_esri_json
from cdgis.readers.geojson_crs import stated_crs
from cdgis.readers.intake import rejected
from cdgis.readers.records import SiteRecord, SiteSource, cell_text, crs_remedy
from cdgis.readers.reference import Reference, of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.ring_closure import closing_remarks, open_rings
from cdgis.readers.text_encoding import decode_text
from cdgis.workspace.given_outline import GivenOutline

_GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
SEQUENCE_SUFFIXES = (".geojsonl", ".geojsons", ".ndjson", ".jsonl")
_RECORD_SEPARATOR = "\x1e"
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
        if path.suffix.lower() in SEQUENCE_SUFFIXES or text.startswith(_RECORD_SEPARATOR):
            return _sequence(text, label)
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except _DoubledKey as err:
        reason = f"同一对象里有两个“{visible(str(err))}”，不知以哪个为准"
        raise ReaderError(reason, source=label, remedy="请删去一个后重新提交") from err
    except (ValueError, RecursionError) as err:
        raise ReaderError(f"不是合法的 JSON（{in_words(err)}）", source=label, remedy="请重新导出") from err
    features = [_from_esri(f) for f in document["features"]] if is_esri_json(document) else _features(document, label)
    return GeojsonFile(features=tuple(features), crs=stated_crs(document, label))


def _from_esri(feature: object) -> object:
    try:
        return as_geojson(feature)
    except Worded as err:
        texts = feature.get("attributes") if isinstance(feature, dict) else None
        return {"type": "Feature", "geometry": {"type": None, "fault": str(err)}, "properties": texts or {}}


def _sequence(text: str, label: str) -> GeojsonFile:
    """Return the features of a text sequence: one a line, or one after each record separator (RFC 8142)."""
    pieces = text.split(_RECORD_SEPARATOR) if _RECORD_SEPARATOR in text else text.split("\n")
    features: list[object] = []
    for number, piece in enumerate(pieces, start=1):
        if not piece.strip():
            continue
        try:
            document = json.loads(piece, object_pairs_hook=_without_doubles)
        except (json.JSONDecodeError, RecursionError) as err:
            raise ReaderError(f"第 {number} 条不是合法的 JSON（{in_words(err)}）", source=label, remedy="请重新导出") from err
        features += _features(document, label)
    if not features:
        raise ReaderError("文件里没有图斑", source=label, remedy="请重新导出")
    return GeojsonFile(features=tuple(features), crs=stated_crs({"features": features}, label))


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
    reference = refer(source, stated=opened.crs, assumed=True, bounds=_first_bounds(opened.features) if source.crs else None)
    return tuple(_record(feature, number, reference, source) for number, feature in enumerate(opened.features, start=1))


def _first_bounds(features: Sequence[object]) -> Box | None:
    """Return the bounds of the first shape that can be read: whether its numbers are degrees, and their zone prefix."""
    for feature in features:
        with suppress(ReaderError):
            drawn = feature_geometry(feature)
            if drawn is not None and not drawn.is_empty:
                west, south, east, north = drawn.bounds
                return west, south, east, north
    return None


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
    if "fault" in raw and raw.get("type") is None:
        raise ReaderError(f"图形不合规（{raw['fault']}）")
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
    given: GivenOutline | None = None
    try:
        drawn = feature_geometry(feature)
        closed = closing_remarks(open_rings(feature["geometry"]) if drawn is not None and isinstance(feature, dict) else 0)
        settled = settle(
            drawn, own.epsg, source=source.label, remedy=crs_remedy(), home=source.home,
            repair_share=source.repair_share, datum=own.datum,
        )  # fmt: skip
        geometry, given, remarks = settled.geometry, settled.given, (*contradiction, *own.remarks, *closed, *settled.remarks)
    except ReaderError as err:
        geometry, remarks = None, (rejected(str(err), field="geometry", remedy="修正坐标后重新提交"),)
    return SiteRecord(
        row=str(number),
        geometry=geometry,
        given=given,
        keys=tuple(key for key in (identifier, str(number)) if key),
        texts=texts,
        accuracy_m=own.accuracy_m,
        remarks=remarks,
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else cell_text(value)
