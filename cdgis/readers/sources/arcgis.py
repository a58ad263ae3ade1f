"""Layers of an ArcGIS FeatureServer or MapServer, asked for by object ids so that no page can be cut or repeated unseen.

The service is never asked to reproject (no outSR): it would do so without a word even between datums that need
parameters. Its own coordinate system is read from the layer.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.readers.rings import Vertex, assemble_shape
from cdgis.readers.shape_kind import ShapeKind
from cdgis.readers.sources.address import Address
from cdgis.readers.sources.feature_set import FeatureSet, shapes_of, table_of
from cdgis.readers.sources.web_requests import TRIES, WebClient

_MOST_A_PAGE = 1000
_EPSG_LIMIT = 32767
"""Numbers beyond are Esri's own."""
_DATE = "esriFieldTypeDate"


def fetch_arcgis(address: Address, *, pause_s: float = 1.0) -> FeatureSet:
    """Return all features of the layer an address names.

    Raises
    ------
    SourceError : the service cannot be reached, refuses, or keeps giving other features than it lists.
    """
    client = WebClient(address, pause_s=pause_s)
    layer = _Layer(client, address)
    ids = layer.object_ids()
    features: dict[int, Mapping[str, Any]] = {}
    size = min(layer.page, _MOST_A_PAGE)
    for start in range(0, len(ids), size):
        layer.read_into(features, ids[start : start + size])
    return layer.feature_set([features[number] for number in ids])


class _Layer:
    """One layer of the service, its description read."""

    def __init__(self, client: WebClient, address: Address) -> None:
        self._client = client
        self._base = address.base.removesuffix("/query")
        self._extra = {name: value for name, value in address.query.items() if name not in ("f", "where")}
        self._where = address.query.get("where", "1=1")
        self.about = self._ask("", {})
        self._fields: Sequence[Mapping[str, Any]] = self.about.get("fields") or ()
        found = [f["name"] for f in self._fields if f.get("type") == "esriFieldTypeOID"]
        self._oid = str(self.about.get("objectIdField") or (found[0] if found else ""))
        if not self._oid:
            raise client.error("图层没有对象编号字段，分页取不可靠", "请管理员发布带 OBJECTID 的图层，或导出为文件")
        self.page = max(1, int(self.about.get("maxRecordCount") or _MOST_A_PAGE))

    def object_ids(self) -> list[int]:
        """Return the object ids, ascending; their number agrees with the service's count."""
        listed = self._ask("/query", {"where": self._where, "returnIdsOnly": "true"}).get("objectIds") or []
        ids = sorted({int(number) for number in listed})
        count = self._ask("/query", {"where": self._where, "returnCountOnly": "true"}).get("count")
        if len(ids) != len(listed) or (count is not None and int(count) != len(ids)):
            raise self._client.error(f"服务说有 {count} 个要素，却列出 {len(listed)} 个编号（不同的 {len(ids)} 个）",
                                     "原有快照未动。源端可能正在修改，请稍后重试")  # fmt: skip
        return ids

    def read_into(self, features: dict[int, Mapping[str, Any]], wanted: Sequence[int]) -> None:
        """Add the wanted features; what a page leaves out is asked for again, what it gives unasked is an error."""
        left = list(wanted)
        size = len(left)
        for _ in range(TRIES * 4):
            if not left:
                return
            page = self._page(left[:size])
            strange = set(page) - set(left[:size])
            if not page or strange:
                size = max(1, size // 2)  # a page too large for the service, or one out of its store
                continue
            features |= page
            left = [number for number in left if number not in page]
        raise self._client.error(f"反复请求仍缺 {len(left)} 个要素（如 OBJECTID {left[0]}）", "原有快照未动。请稍后重试，或导出为文件")

    def _page(self, wanted: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        parameters = {"objectIds": ",".join(map(str, wanted)), "outFields": "*", "returnGeometry": "true"}
        answer = self._ask("/query", parameters, post=True)
        page: dict[int, Mapping[str, Any]] = {}
        for feature in answer.get("features") or ():
            number = int((feature.get("attributes") or {}).get(self._oid, -1))
            if number in page:
                return {}
            page[number] = feature
        return page

    def _ask(self, path: str, parameters: Mapping[str, str], *, post: bool = False) -> dict[str, Any]:
        answer = self._client.json(f"{self._base}{path}", {**self._extra, **parameters, "f": "json"}, post=post).document
        error = answer.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            hint = "令牌无效或已过期" if code in (498, 499) else "服务报错"
            raise self._client.error(f"{hint}（代码 {code}）", "请核对地址；要求令牌的写 ?token=${变量名}")
        return answer

    def feature_set(self, features: Sequence[Mapping[str, Any]]) -> FeatureSet:
        """Return the features with what the layer says about its fields and coordinates."""
        dates = {str(f["name"]) for f in self._fields if f.get("type") == _DATE}
        rows = [{k: _date(v) if k in dates else v for k, v in feature["attributes"].items()} for feature in features]
        kind = self.about.get("geometryType")
        shapes = shapes_of([self._shape(feature.get("geometry")) for feature in features]) if kind else None
        reference = self.about.get("sourceSpatialReference") or (self.about.get("extent") or {}).get("spatialReference") or {}
        domains = {
            str(f["name"]): {str(v["code"]): str(v["name"]) for v in f["domain"]["codedValues"]}
            for f in self._fields
            if isinstance(f.get("domain"), dict) and f["domain"].get("codedValues")
        }
        dated = (f"日期字段 {'、'.join(sorted(dates))} 按世界时写出",) if dates else ()
        return FeatureSet(
            ids=tuple(str(feature["attributes"][self._oid]) for feature in features),
            attributes=table_of(rows, [str(f["name"]) for f in self._fields]),
            geometries=shapes, crs=_definition(reference) if kind else "",
            query=f"{self._base}/query where={self._where} by {self._oid}", stated_count=len(features),
            domains=domains, remarks=dated,
        )  # fmt: skip

    def _shape(self, geometry: Mapping[str, Any] | None) -> BaseGeometry | None:
        if not geometry:
            return None
        if any(key.startswith("curve") for key in geometry):
            raise self._client.error("图形含曲线，服务没有按要求化为折线", "请导出为文件")
        try:
            return _esri_shape(geometry)
        except (ShapelyError, ValueError, TypeError, KeyError, IndexError):
            raise self._client.error("有图形不合 Esri JSON 的写法", "请管理员修复该图层，或导出为文件") from None


def _esri_shape(geometry: Mapping[str, Any]) -> BaseGeometry | None:
    if "rings" in geometry:
        # shells and holes are told by nesting: not every service winds them as the format says
        vertices = [
            Vertex(label="", ring=number, first=float(xy[1]), second=float(xy[0]), line=0)
            for number, ring in enumerate(sorted(geometry["rings"], key=_extent, reverse=True), start=1)
            for xy in ring
        ]
        return assemble_shape(vertices, ShapeKind.POLYGON)[0] if vertices else None
    if "paths" in geometry:
        lines = [shapely.LineString([xy[:2] for xy in path]) for path in geometry["paths"]]
        return (lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)) if lines else None
    if "points" in geometry:
        return shapely.MultiPoint([xy[:2] for xy in geometry["points"]])
    return shapely.Point(float(geometry["x"]), float(geometry["y"])) if isinstance(geometry.get("x"), int | float) else None


def _extent(ring: Sequence[Sequence[float]]) -> float:
    return abs(float(shapely.LinearRing([xy[:2] for xy in ring]).envelope.area)) if len(ring) > 2 else 0.0


def _definition(reference: Mapping[str, Any]) -> str:
    number = int(reference.get("latestWkid") or reference.get("wkid") or 0)
    if number:
        return f"{'EPSG' if number <= _EPSG_LIMIT else 'ESRI'}:{number}"
    return str(reference.get("wkt") or "")


def _date(value: object) -> object:
    if not isinstance(value, int | float):
        return value
    return datetime.fromtimestamp(value / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
