"""OGC API Features Part 1 (Core, GeoJSON, OpenAPI 3.0) and Part 2 (CRS) over layers and cases, to read only: for QGIS, ArcGIS, GDAL."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from cdgis.core.errors import DeskError
from cdgis.web import ogc_processes
from cdgis.web.case_states import Actor
from cdgis.web.map_layers import read_bbox
from cdgis.web.ogc_collections import CASES, Collection, Query, collection_named, collections_of
from cdgis.web.ogc_crs import CGCS2000, CRS84, OFFERED, checked_crs, content_crs, in_crs, lonlat_box
from cdgis.web.ogc_openapi import openapi_document
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/ogc", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
_SPEC = "http://www.opengis.net/spec"
CONFORMS_TO = [*(f"{_SPEC}/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")), f"{_SPEC}/ogcapi-features-2/1.0/conf/crs"]
JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
LIMIT, MOST = 100, 10_000
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?")


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/ogc"


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _check(request: Request, *known: str) -> None:
    """Refuse parameters nobody defined, as the standard asks, and formats there are none of.

    Raises
    ------
    DeskError : one is not known.
    """
    strange = [name for name in request.query_params if name not in (*known, "f")]
    if strange:
        raise DeskError(f"没有参数 {'、'.join(strange)[:80]}", remedy=f"可用 {'、'.join((*known, 'f'))}")
    if request.query_params.get("f", "json") not in ("json", "geojson"):
        raise DeskError("参数 f 只有 json")


@router.get("")
@router.get("/")
def landing(request: Request, desk: InDesk, _: Who) -> JSONResponse:
    """Return the landing page."""
    _check(request)
    base, city = _base(request), desk.workspace.workspace.settings.city
    return JSONResponse({
        "title": f"{city}研判台图层与案件", "description": "只读。坐标按 CRS84 给出（CGCS2000 经纬度，与 WGS84 在本数据精度内一致），或按 crs 参数。",
        "links": [
            _link(base, "self", JSON, "本页"), _link(f"{base}/api", "service-desc", OPENAPI, "接口定义"),
            _link(f"{base.removesuffix('/ogc')}/services", "service-doc", HTML, "接口说明"),
            _link(f"{base}/conformance", "conformance", JSON, "符合的规范"), _link(f"{base}/collections", "data", JSON, "数据集"),
            _link(f"{base}/processes", "http://www.opengis.net/def/rel/ogc/1.0/processes", JSON, "处理"),
            _link(f"{base}/jobs", "http://www.opengis.net/def/rel/ogc/1.0/job-list", JSON, "作业"),
        ],
    })  # fmt: skip


@router.get("/conformance")
def conformance(request: Request, _: Who) -> JSONResponse:
    """Return the conformance classes."""
    _check(request)
    return JSONResponse({"conformsTo": [*CONFORMS_TO, *ogc_processes.CONFORMS_TO]})


@router.get("/api")
def definition(request: Request, desk: InDesk, actor: Who) -> JSONResponse:
    """Return the OpenAPI 3.0 document."""
    _check(request)
    ids = [found.id for found in collections_of(desk, actor)]
    return JSONResponse(openapi_document(_base(request), ids, limit=LIMIT, most=MOST), media_type=OPENAPI)


@router.get("/collections")
def collections(request: Request, desk: InDesk, actor: Who) -> JSONResponse:
    """Return every collection."""
    _check(request)
    base = _base(request)
    rows = [_described(found, base) for found in collections_of(desk, actor)]
    return JSONResponse({"links": [_link(f"{base}/collections", "self", JSON, "数据集")], "crs": OFFERED, "collections": rows})


@router.get("/collections/{collection_id}")
def collection(request: Request, desk: InDesk, actor: Who, collection_id: str) -> JSONResponse:
    """Return one collection."""
    _check(request)
    return JSONResponse(_described(collection_named(desk, actor, collection_id), _base(request)))


def _described(found: Collection, base: str) -> dict[str, Any]:
    place = f"{base}/collections/{found.id}"
    extent = {"spatial": {"bbox": [list(found.bounds)], "crs": CRS84}} if found.bounds else None
    return {
        "id": found.id, "title": found.title, "description": found.description, "itemType": "feature", "crs": OFFERED, "storageCrs": CGCS2000,
        "links": [_link(place, "self", JSON, found.title), _link(f"{place}/items", "items", GEOJSON, f"{found.title}的要素"),
            *([] if found.id == CASES else [_link(f"{base}/tiles/{found.id}.json", "related", JSON, "矢量瓦片（TileJSON）")]),
        ],
    } | ({"extent": extent} if extent else {})  # fmt: skip


@router.get("/collections/{collection_id}/items")
def items(request: Request, desk: InDesk, actor: Who, collection_id: str) -> JSONResponse:
    """Return a page of a collection's features."""
    found = collection_named(desk, actor, collection_id)
    asked = request.query_params
    _check(request, "limit", "offset", "bbox", "bbox-crs", "crs", "datetime")
    crs = checked_crs(asked.get("crs", CRS84), "crs")
    limit, offset = min(_count(asked, "limit", LIMIT, least=1), MOST), _count(asked, "offset", 0, least=0)
    box_crs = checked_crs(asked.get("bbox-crs", CRS84), "bbox-crs")
    boxes = _boxes(asked["bbox"], box_crs) if "bbox" in asked else ()
    matched, features = found.features(Query(boxes=boxes, interval=_interval(asked.get("datetime", "")), limit=limit, offset=offset))
    place = f"{_base(request)}/collections/{found.id}"
    kept = {name: value for name, value in asked.items() if name not in ("offset", "limit")}
    pages = [("self", offset), *((("next", offset + limit),) if offset + len(features) < matched and features else ())]
    pages += [("prev", max(offset - limit, 0))] if offset else []
    links = [_link(f"{place}/items?{urlencode({**kept, 'limit': limit, 'offset': at})}", rel, GEOJSON, found.title) for rel, at in pages]
    return JSONResponse({
        "type": "FeatureCollection", "features": in_crs(features, crs), "numberMatched": matched, "numberReturned": len(features),
        "timeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": [*links, _link(place, "collection", JSON, found.title)],
    }, media_type=GEOJSON, headers=content_crs(crs))  # fmt: skip


@router.get("/collections/{collection_id}/items/{feature_id:path}")
def item(request: Request, desk: InDesk, actor: Who, collection_id: str, feature_id: str) -> JSONResponse:
    """Return one feature."""
    _check(request, "crs")
    crs = checked_crs(request.query_params.get("crs", CRS84), "crs")
    found = collection_named(desk, actor, collection_id)
    feature = found.feature(feature_id)
    if feature is None:
        raise DeskError(f"数据集 {found.id} 没有要素 {feature_id[:60]}", status=404)
    place = f"{_base(request)}/collections/{found.id}"
    links = [
        _link(f"{place}/items/{quote(feature_id, safe='')}", "self", GEOJSON, feature_id), _link(place, "collection", JSON, found.title),
    ]  # fmt: skip
    return JSONResponse(in_crs([feature], crs)[0] | {"links": links}, media_type=GEOJSON, headers=content_crs(crs))


def _count(asked: Mapping[str, str], name: str, otherwise: int, *, least: int) -> int:
    """Return a whole number given as a parameter.

    Raises
    ------
    DeskError : it is none, or too small.
    """
    text = asked.get(name, str(otherwise))
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
        raise DeskError(f"参数 {name} 读到“{text[:20]}”，应为不小于 {least} 的整数")
    return int(text)


def _boxes(text: str, crs: str) -> tuple[tuple[float, float, float, float], ...]:
    """Return the boxes of a bbox parameter, degrees lon/lat: two where it spans the antimeridian."""
    west, south, east, north = lonlat_box(read_bbox(text), crs)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise DeskError(f"bbox 读到“{text[:60]}”，应为经纬度")
    return ((west, south, east, north),) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))


def _interval(text: str) -> tuple[str, str] | None:
    """Return the two ends of a datetime parameter, "" where an end is open; None when there is none.

    Raises
    ------
    DeskError : it is no instant and no interval of RFC 3339.
    """
    if not text:
        return None
    ends = text.split("/")
    ends = ends if len(ends) > 1 else [text, text]
    if len(ends) != 2 or not all(end in ("", "..") or _INSTANT.fullmatch(end) for end in ends) or set(ends) <= {"", ".."}:
        raise DeskError(f"datetime 读到“{text[:60]}”，应为时刻或区间，如 2026-01-01T00:00:00Z/..")
    begin, end = ("" if end == ".." else end.upper() for end in ends)
    try:
        if begin and end and _moment(begin) > _moment(end, last=True):
            raise DeskError("datetime 的起点晚于终点")
    except ValueError as err:
        raise DeskError(f"datetime 读到“{text[:60]}”，没有这一天或这一刻") from err
    return begin, end


def _moment(text: str, *, last: bool = False) -> datetime:
    whole = text if "T" in text else f"{text}T{'23:59:59' if last else '00:00:00'}Z"
    return datetime.fromisoformat(whole.replace("Z", "+00:00"))
