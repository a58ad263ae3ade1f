"""Layers of OGC API Features and WFS services, page by page as GeoJSON, or as GML where a WFS speaks nothing else.

Services are asked for their own coordinate system, never for a transformation: between old datums it would be made with
no parameters and without a word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import shapely

from cdgis.core.error_words import in_words
from cdgis.core.errors import SourceError
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, identify_crs
from cdgis.readers.geojson import feature_geometry, feature_texts
from cdgis.readers.sources.address import Address
from cdgis.readers.sources.feature_set import FeatureSet, in_x_y_order, shapes_of, table_of
from cdgis.readers.sources.gml_features import read_gml
from cdgis.readers.sources.web_requests import WebClient

_PAGE = 1000
_USUAL, _OLDER = "2.0.0", "1.1.0"
"""Versions of WFS that say how many features there are."""
_MOST_PAGES = 100_000
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CRS84_EPSG = "EPSG:4326"
_MATCHED = re.compile(r"""number(?:Matched|OfFeatures)\s*=\s*["'](\d+)["']""")
_EXCEPTION = re.compile(r"""exceptionCode\s*=\s*["'](\w+)["']""")
_GEOJSON = "application/geo+json, application/json;q=0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    """Features of all pages in the order they came."""

    features: Sequence[Mapping[str, Any]]
    crs: str
    matched: int | None


def fetch_oapif(address: Address, *, pause_s: float = 1.0) -> FeatureSet:
    """Return all features of an OGC API collection.

    Raises
    ------
    SourceError : the service cannot be reached, refuses, repeats or leaves out features, or keeps them on a datum it can
        only give transformed.
    """
    client = WebClient(address, pause_s=pause_s)
    base = address.base.removesuffix("/items")
    extra = _own_parameters(address, ("f", "limit", "crs", "offset"))
    about = client.json(base, extra).document
    stored, asked = _stored_crs(about, client)
    pages = _linked_pages(client, f"{base}/items", {**extra, "limit": str(_PAGE), **({"crs": asked} if asked else {})}, asked)
    return _feature_set(pages, crs=stored, query=f"{base}/items crs={asked or _CRS84}", client=client)


def _own_parameters(address: Address, taken: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(urlsplit(address.opened).query) if name.lower() not in taken}


def _stored_crs(about: Mapping[str, Any], client: WebClient) -> tuple[str, str]:
    """Return the CRS the features will come in, and its address to ask for, "" for the standard's own."""
    stored = str(about.get("storageCrs") or "")
    if not stored or stored == _CRS84:
        return _CRS84_EPSG, ""
    definition = _from_uri(stored)
    if stored in (about.get("crs") or ()) or identify_crs(definition) in KNOWN_EPSG:
        return definition, stored
    raise client.error(f"数据存放在 {definition}，服务只肯换算后给出，换算的参数无从知道", "请管理员把原坐标系列入 crs，或导出为文件")


def _from_uri(uri: str) -> str:
    """Return ``EPSG:n`` for the addresses and URNs services give a CRS by; anything else as it stands."""
    if "CRS84" in uri.upper():
        return _CRS84_EPSG
    found = re.search(r"EPSG\D+(?:[\d.]+[/:])?(\d{4,6})$", uri, re.IGNORECASE)
    return f"EPSG:{found[1]}" if found else uri


def _linked_pages(client: WebClient, url: str, parameters: Mapping[str, str], asked: str) -> _Pages:
    features: list[Mapping[str, Any]] = []
    matched: int | None = None
    seen: set[str] = set()
    host = urlsplit(url).hostname
    while url:
        if url in seen or len(seen) >= _MOST_PAGES:
            raise client.error("下一页的链接绕回了已经读过的页", "原有快照未动。请管理员检查服务的分页")
        seen.add(url)
        answer = client.json(url, parameters, accept=_GEOJSON)
        if asked and answer.content_crs and _from_uri(answer.content_crs) != _from_uri(asked):
            raise client.error(f"要的是 {_from_uri(asked)}，给的是 {_from_uri(answer.content_crs)}")
        page = _features(answer.document, client)
        stated = answer.document.get("numberReturned")
        if isinstance(stated, int) and stated != len(page):
            raise client.error(f"一页自称有 {stated} 个要素，实有 {len(page)} 个", "原有快照未动。请稍后重试")
        matched = answer.document.get("numberMatched", matched)
        features += page
        links = answer.document.get("links") or ()
        following = [str(link.get("href")) for link in links if isinstance(link, dict) and link.get("rel") == "next"]
        url, parameters = (urljoin(url, following[0]) if following else ""), {}
        if url and urlsplit(url).hostname != host:
            raise client.error("下一页的链接指向另一台主机，没有跟随", "请把地址改成实际的主机")
    return _Pages(features=features, crs="", matched=matched if isinstance(matched, int) else None)


def _features(document: Mapping[str, Any], client: WebClient) -> list[Mapping[str, Any]]:
    features = document.get("features")
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise client.error("答复不是 GeoJSON 要素集", "请确认地址指向一个图层")
    return features


def fetch_wfs(address: Address, *, pause_s: float = 1.0) -> FeatureSet:
    """Return all features of a WFS 2.0 layer, or of 1.1 where the address says ``version=1.1.0``; raises as `fetch_oapif`."""
    client = WebClient(address, pause_s=pause_s)
    query = address.query
    name = query.get("typenames") or query.get("typename") or ""
    if not name:
        raise client.error("WFS 地址没有写明图层", "请写成 …?service=WFS&typeNames=图层名")
    taken = ("service", "version", "request", "typenames", "typename", "outputformat", "count", "startindex", "resulttype",
             "maxfeatures")  # fmt: skip
    version = query.get("version") or _USUAL
    if version not in (_USUAL, _OLDER):
        raise client.error(f"WFS {version} 不说共有多少个要素，无从核对是否取全", f"请改用 version={_USUAL} 或 {_OLDER}，或导出为文件")
    named = "typeName" if version == _OLDER else "typeNames"
    request = {**_own_parameters(address, taken), "service": "WFS", "version": version, "request": "GetFeature", named: name}
    matched = _hits(client, address.base, request)
    pages = _counted_pages(client, address.base, request, matched)
    shown = f"{address.base} GetFeature {name}"
    return _feature_set(pages, crs=pages.crs, query=shown, client=client)


def _hits(client: WebClient, url: str, request: Mapping[str, str]) -> int:
    text = client.text(url, {**request, "resultType": "hits"})
    refused = _EXCEPTION.search(text)
    if refused:
        raise client.error(f"WFS 拒绝了请求（{refused[1]}）", "请核对图层名 typeNames 和服务版本（2.0.0，或在地址里写 version=1.1.0）")
    found = _MATCHED.search(text)
    if not found:
        raise client.error("WFS 没有说有多少个要素（numberMatched）", "无从核对是否取全；请管理员开启 WFS 2.0.0，或导出为文件")
    return int(found[1])


def _counted_pages(client: WebClient, url: str, request: Mapping[str, str], matched: int) -> _Pages:
    features: list[Mapping[str, Any]] = []
    systems: set[str] = set()
    output = {"outputFormat": "application/json"}
    while len(features) < matched:
        # WFS 1.1 has no pages: all is asked for at once, and counted
        paging = {"maxFeatures": str(matched + 1)} if request["version"] == _OLDER else {"count": str(_PAGE), "startIndex": str(len(features))}
        text = client.text(url, {**request, **output, **paging})
        if output and _is_xml(text) and not features:
            output = {}  # the service knows no GeoJSON: asked again for what it speaks by itself
            text = client.text(url, {**request, **paging})
        page, stated = _gml_page(text, client) if _is_xml(text) else _json_page(text, client)
        if not page:
            break  # too few: told as such when the whole is checked
        features += page
        systems |= {_from_uri(name) for name in stated}
        if request["version"] == _OLDER:
            break
    if len(systems) > 1:
        raise client.error(f"各页的坐标系不同：{'、'.join(sorted(systems))}", "请管理员检查服务")
    return _Pages(features=features, crs=next(iter(systems), "") or _CRS84_EPSG, matched=matched)


def _is_xml(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _json_page(text: str, client: WebClient) -> tuple[list[Mapping[str, Any]], set[str]]:
    document = client.parsed(text.encode())
    return _features(document, client), {str(((document.get("crs") or {}).get("properties") or {}).get("name") or "")}


def _gml_page(text: str, client: WebClient) -> tuple[list[Mapping[str, Any]], set[str]]:
    refused = _EXCEPTION.search(text)
    if refused:
        raise client.error(f"WFS 拒绝了请求（{refused[1]}）", "请核对图层名 typeNames 和服务版本（2.0.0，或在地址里写 version=1.1.0）")
    try:
        found = read_gml(text)
    except ValueError as err:
        raise client.error(f"GML 读不出来：{in_words(err)}", "请管理员开启 GeoJSON 输出，或导出为文件") from err
    page: list[Mapping[str, Any]] = [
        {"id": f.name, "properties": f.texts, "geometry": shapely.geometry.mapping(f.shape) if f.shape is not None else None} for f in found
    ]
    return page, {f.crs for f in found if f.shape is not None}


def _feature_set(pages: _Pages, *, crs: str, query: str, client: WebClient) -> FeatureSet:
    try:
        shapes, turned = in_x_y_order(shapes_of([feature_geometry(feature) for feature in pages.features]), crs)
        rows = [feature_texts(feature) for feature in pages.features]
    except SourceError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as err:
        raise client.error("有要素不合 GeoJSON 的写法", "请管理员修复该图层，或导出为文件") from err
    remarks = ("服务按北、东次序给出坐标，已对调为东、北",) if turned else ()
    if pages.matched is None:
        remarks = (*remarks, "服务没有说共有多少个要素，无从核对是否取全")
    return FeatureSet(
        ids=tuple(str(feature.get("id") if feature.get("id") is not None else "") for feature in pages.features),
        attributes=table_of(rows), geometries=shapes, crs=crs, query=query, stated_count=pages.matched, remarks=remarks,
    )  # fmt: skip
