"""The coordinate system that a GeoJSON document states, in the forms of 2008 and of the programs before it.

The forms: ``{"type": "name", "properties": {"name": …}}``, ``{"type": "EPSG", "properties": {"code": …}}``,
``{"type": "link", "properties": {"href": …}}``, a bare text or number, and the ``spatialReference`` of Esri's kin. They
may stand in the document, in a feature or in a geometry. A link is read for the code in its address, never followed.
"""

import re
from collections.abc import Iterator
from typing import Any

from cdgis.core.errors import CrsError
from cdgis.core.safe_text import visible

_CRS84 = "EPSG:4326"
"""CRS84 is WGS84 with the longitude first, which GeoJSON's order is anyway."""
_CODE = re.compile(r"epsg[^0-9a-z]*(?:\d+(?:\.\d+)*[^0-9a-z]+)?(\d{4,6})\b", re.IGNORECASE)
_MEMBERS = ("crs", "spatialReference", "srsName")
_SHOWN = 80
_EXPECTED = '{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}} 一类的写法'
_REMEDY = "请用 --crs 写明坐标系，或在 GIS 软件中重新导出"


def stated_crs(document: object, label: str) -> str:
    """Return the CRS that a document states anywhere, "" when nowhere.

    Raises
    ------
    CrsError : a statement in no known form, one that says there is none, or several that differ.
    """
    found = dict.fromkeys(_understood(raw, label) for raw in _statements(document))
    if len(found) > 1:
        raise CrsError(
            label, found=f"文件里写了几种坐标系：{'、'.join(found)}", expected="整个文件一种坐标系", remedy="请分成几个文件提交"
        )
    return next(iter(found), "")


def _statements(document: object) -> Iterator[object]:
    """Yield each statement in the document, its features and their geometries."""
    features = document.get("features") if isinstance(document, dict) else None
    for part in (document, *(features if isinstance(features, list) else ())):
        geometry = part.get("geometry") if isinstance(part, dict) else None
        for holder in (part, geometry):
            if isinstance(holder, dict):
                yield from (holder[name] for name in _MEMBERS if name in holder)


def _understood(raw: object, label: str) -> str:
    text = _text_of(raw)
    if isinstance(text, int) and not isinstance(text, bool):
        return f"EPSG:{text}"
    if isinstance(text, str) and text.strip():
        if "CRS84" in text.upper().replace(":", ""):
            return _CRS84
        code = _CODE.search(text)
        if code:
            return f"EPSG:{code.group(1)}"
        if text.strip().isdigit():
            return f"EPSG:{text.strip()}"
        if not isinstance(raw, dict) or raw.get("type") != "link":
            # a definition or the name of a datum, which the resolver knows or refuses
            return text.strip()
    shown = "null（写明没有坐标系）" if raw is None else visible(str(raw))[:_SHOWN]
    raise CrsError(label, found=f"GeoJSON 的坐标系写法不认识：{shown}", expected=_EXPECTED, remedy=_REMEDY)


def _text_of(raw: object) -> Any:
    """Return what a statement names: a text, a code, or None when it has no known form."""
    if not isinstance(raw, dict):
        return raw
    if "wkid" in raw or "latestWkid" in raw:
        return raw.get("latestWkid") or raw["wkid"]
    if "wkt" in raw:
        return raw["wkt"]
    properties = raw.get("properties", raw)
    if not isinstance(properties, dict):
        return properties
    return next((properties[name] for name in ("name", "code", "href", "srsName") if name in properties), None)
