"""The OpenAPI 3.0 definition of the OGC interface, as its conformance class oas30 asks for."""

from collections.abc import Sequence
from typing import Any

from cdgis.web.ogc_crs import CRS84, OFFERED

_SYSTEMS = {"type": "string", "format": "uri", "enum": list(OFFERED), "default": CRS84}
_OF_ITEMS = ("bbox", "bbox-crs", "crs", "datetime", "limit", "offset")
_JSON, _GEOJSON = "application/json", "application/geo+json"


def openapi_document(base: str, ids: Sequence[str], *, limit: int, most: int) -> dict[str, Any]:
    """Return the definition for a server at `base` that offers the collections of these ids.

    Parameters
    ----------
    limit, most : features a page by default, and at most.
    """
    one = {"$ref": "#/components/parameters/collectionId"}
    paths = {
        "/": _get("landing", "入口", _JSON), "/conformance": _get("conformance", "符合的规范", _JSON),
        "/api": _get("definition", "接口定义", "application/vnd.oai.openapi+json;version=3.0"),
        "/collections": _get("collections", "数据集", _JSON),
        "/collections/{collectionId}": _get("collection", "一个数据集", _JSON, one, missing=True),
        "/collections/{collectionId}/items": _get(
            "items", "要素", _GEOJSON, one, *({"$ref": f"#/components/parameters/{name}"} for name in _OF_ITEMS), missing=True,
        ),
        "/collections/{collectionId}/items/{featureId}": _get(
            "item", "一个要素", _GEOJSON, one, {"$ref": "#/components/parameters/featureId"},
            {"$ref": "#/components/parameters/crs"}, missing=True,
        ),
    } | _more_paths()  # fmt: skip
    return {
        "openapi": "3.0.3", "info": {"title": "cdgis 研判台 OGC API Features", "version": "1.0.0"}, "servers": [{"url": base}], "paths": paths,
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "basic"}},
            "parameters": {
                "collectionId": _parameter("collectionId", "path", {"type": "string", "enum": list(ids)}),
                "featureId": _parameter("featureId", "path", {"type": "string"}),
                "bbox": _listed("bbox", {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}),
                "bbox-crs": _parameter("bbox-crs", "query", _SYSTEMS), "crs": _parameter("crs", "query", _SYSTEMS),
                "datetime": _parameter("datetime", "query", {"type": "string"}),
                "limit": _listed("limit", {"type": "integer", "minimum": 1, "maximum": most, "default": limit}),
                "offset": _listed("offset", {"type": "integer", "minimum": 0, "default": 0}),
            },
        },
    }  # fmt: skip


def _more_paths() -> dict[str, Any]:
    """Return the paths of processes, jobs and tiles."""
    name, job, layer = (_parameter(word, "path", {"type": "string"}) for word in ("processId", "jobId", "layerId"))
    place = [_parameter(axis, "path", {"type": "integer", "minimum": 0}) for axis in "zxy"]
    body = {"required": True, "content": {_JSON: {"schema": {"type": "object", "properties": {"inputs": {"type": "object"}}}}}}
    run = _get("execute", "执行一个处理", _JSON, name, missing=True)["get"]
    run["responses"]["201"] = {"description": "已列为作业", "content": {_JSON: {"schema": {"type": "object"}}}}
    status = _get("job", "作业的状态", _JSON, job, missing=True)
    return {
        "/processes": _get("processes", "处理", _JSON), "/processes/{processId}": _get("process", "一个处理", _JSON, name, missing=True),
        "/processes/{processId}/execution": {"post": run | {"requestBody": body}}, "/jobs": _get("jobs", "作业", _JSON),
        "/jobs/{jobId}": status | {"delete": status["get"] | {"operationId": "dismiss", "summary": "取消作业"}},
        "/jobs/{jobId}/results": _get("results", "作业的结果", _JSON, job, missing=True),
        "/tiles/{layerId}.json": _get("tilejson", "矢量瓦片的 TileJSON", _JSON, layer, missing=True),
        "/tiles/{layerId}/{z}/{x}/{y}.pbf": _get("tile", "一张矢量瓦片", "application/vnd.mapbox-vector-tile", layer, *place, missing=True),
        "/tiles/{layerId}/{z}/{x}/{y}.png": _get("picture", "一张图像瓦片", "image/png", layer, *place, missing=True),
    }  # fmt: skip


def _get(name: str, summary: str, media: str, *parameters: dict[str, Any], missing: bool = False) -> dict[str, Any]:
    schema = {"type": "object"} if media.endswith("json") else {"type": "string", "format": "binary"}
    answers: dict[str, Any] = {"200": {"description": summary, "content": {media: {"schema": schema}}}}
    answers["400"] = {"description": "参数不合要求"}
    if missing:
        answers["404"] = {"description": "没有这个数据集或要素"}
    return {"get": {"operationId": name, "summary": summary, "parameters": list(parameters), "responses": answers}}


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _listed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return _parameter(name, "query", schema) | {"style": "form", "explode": False}
