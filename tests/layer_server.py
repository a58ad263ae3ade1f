"""A small server on loopback that speaks ArcGIS queries, OGC API Features and WFS, and misbehaves as its address asks.

`http://host/MODE/…`: the mode is `plain` or one of FAULTS. A fault with `once` goes away at the next try.
"""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import shapely
from shapes import in_crs, square

FAULTS = ("500once", "500always", "cutonce", "cutalways", "dup", "wrongcount", "missing", "redirect", "locked", "html", "loop", "turned", "offhost",
          "nocount", "xian80", "empty", "edited", "numberlie", "rename", "gml", "gmldup", "gmlbad", "gmlarc", "older", "olderlost")  # fmt: skip
COUNT = 25
TOKEN = "t0p-s3cret+/=x"
SHAPES = [
    shapely.Polygon(square(117.5 + 0.02 * i, 41.0).exterior, [square(117.503 + 0.02 * i, 41.003, 0.002).exterior]) for i in range(COUNT)
]
"""Squares with a hole, EPSG:4490."""
EPSG = 4527
PAGE = 10


def codes() -> list[str]:
    """Return the code of each feature."""
    return [f"HX{i:03}" for i in range(COUNT)]


class _Handler(BaseHTTPRequestHandler):
    seen: Counter[str] = Counter()
    requests: list[str] = []

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer a query in the address."""
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        """Answer a query in the body."""
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, query: str) -> None:
        path = urlsplit(self.path).path
        _, mode, rest = path.split("/", 2)
        asked = {name.lower(): values[0] for name, values in parse_qs(query).items()}
        self.requests.append(self.path)
        self.seen[f"{mode}{rest}{query}"] += 1
        first = self.seen[f"{mode}{rest}{query}"] == 1
        if mode == "500always" or (mode == "500once" and first):
            return self._send(b"oops", status=500)
        if mode == "redirect":
            return self._send(b"", status=302, headers={"Location": f"http://localhost.invalid/{rest}?{query}"})
        if mode == "html":
            return self._send(b"<html>login</html>")
        locked = asked.get("token") == TOKEN or "Basic" in (self.headers.get("Authorization") or "")
        if mode == "locked" and not locked:
            return self._send(json.dumps({"error": {"code": 499, "message": f"Token Required {TOKEN}"}}).encode())
        answer, headers = _document(mode, rest, asked, f"http://{self.headers['Host']}/{mode}/{rest}")
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        cut = mode == "cutalways" or (mode == "cutonce" and first)
        self._send(body, headers=headers, cut=cut)

    def _send(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = True


def _document(mode: str, rest: str, asked: Mapping[str, str], here: str) -> tuple[Any, dict[str, str]]:
    if "Server/" in rest:
        return _arcgis(mode, rest.endswith("/query"), asked), {}
    if "collections" in rest:
        return _oapif(mode, rest.endswith("/items"), asked, here)
    return _wfs(mode, asked), {}


def _rows(mode: str) -> list[int]:
    return [] if mode == "empty" else list(range(COUNT))


def _properties(mode: str, i: int) -> dict[str, Any]:
    code = "HX" if mode == "rename" else "HXBM"
    return {"OBJECTID": i + 1, code: codes()[i], "HXMC": f"红线{i}" + ("改" if mode == "edited" and i == 3 else ""), "HXFQ": 1 + i % 2}


def _shape(mode: str, i: int) -> shapely.Geometry:
    moved = shapely.transform(SHAPES[i], lambda xy: xy + 0.001) if mode == "edited" and i == 4 else SHAPES[i]
    return in_crs(moved, EPSG)


def _arcgis(mode: str, is_query: bool, asked: Mapping[str, str]) -> dict[str, Any]:
    wkid = 2383 if mode == "xian80" else EPSG
    ids = [i + 1 for i in _rows(mode)]
    if not is_query:
        domain = {"type": "codedValue", "codedValues": [{"code": 1, "name": "核心保护区"}, {"code": 2, "name": "红线一般区域"}]}
        fields = [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "HXBM", "type": "esriFieldTypeString"},
                  {"name": "HXMC", "type": "esriFieldTypeString"}, {"name": "HXFQ", "type": "esriFieldTypeInteger", "domain": domain}]  # fmt: skip
        return {"objectIdField": "OBJECTID", "maxRecordCount": PAGE, "geometryType": "esriGeometryPolygon", "fields": fields,
                "extent": {"spatialReference": {"wkid": wkid, "latestWkid": wkid}}}  # fmt: skip
    if "returnidsonly" in asked:
        return {"objectIds": [*reversed(ids), *([7] if mode == "dup" else [])]}
    if "returncountonly" in asked:
        return {"count": COUNT + 1 if mode == "wrongcount" else len(ids)}
    wanted = [int(n) for n in asked["objectids"].split(",")]
    if mode == "numberlie":
        wanted = [n % COUNT + 1 for n in wanted]  # the neighbours' page
    given = [n for n in wanted[: PAGE // 2] if not (mode == "missing" and n == 13)]
    return {"exceededTransferLimit": len(given) < len(wanted), "features": [
        {"attributes": _properties(mode, n - 1), "geometry": {"rings": _rings(_shape(mode, n - 1))}} for n in given]}  # fmt: skip


def _rings(shape: shapely.Geometry) -> list[list[list[float]]]:
    """Return hole and shell both counter-clockwise and the hole first: what no format allows and services give."""
    oriented = shapely.geometry.polygon.orient(shape)
    rings = [*(shapely.LinearRing(r.coords[::-1]) for r in oriented.interiors), oriented.exterior]
    return [[list(xy) for xy in ring.coords] for ring in rings]


def _features(mode: str, rows: Sequence[int], *, north_first: bool) -> list[dict[str, Any]]:
    shapes = [_shape(mode, i) for i in rows]
    if north_first:
        shapes = [shapely.transform(s, lambda xy: xy[:, ::-1]) for s in shapes]
    return [{"type": "Feature", "id": f"red.{i}", "geometry": shapely.geometry.mapping(s), "properties": _properties(mode, i)}
            for i, s in zip(rows, shapes, strict=True)]  # fmt: skip


def _oapif(mode: str, is_items: bool, asked: Mapping[str, str], here: str) -> tuple[dict[str, Any], dict[str, str]]:
    stored = f"http://www.opengis.net/def/crs/EPSG/0/{2383 if mode == 'xian80' else EPSG}"
    if not is_items:
        return {"id": "red", "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"] if mode == "xian80" else [stored], "storageCrs": stored}, {}
    start = int(asked.get("offset", 0))
    rows = [i for i in _rows(mode)[start : start + PAGE] if not (mode == "missing" and i == 12)]
    if mode == "dup" and start == PAGE:
        rows = list(range(PAGE))
    following = 0 if mode == "loop" else start + PAGE
    page: dict[str, Any] = {"type": "FeatureCollection", "features": _features(mode, rows, north_first=mode == "turned"),
                            "numberMatched": COUNT + 1 if mode == "wrongcount" else len(_rows(mode)),
                            "numberReturned": len(rows) + (mode == "numberlie")}  # fmt: skip
    if mode == "nocount":
        del page["numberMatched"]
    if following < len(_rows(mode)):
        link = here.replace("127.0.0.1", "localhost") if mode == "offhost" else here
        page["links"] = [{"rel": "next", "href": f"{link}?offset={following}&limit={PAGE}&crs={asked.get('crs', '')}"}]
    return page, {"Content-Crs": f"<{stored}>"}


def _wfs(mode: str, asked: Mapping[str, str]) -> Any:
    if mode.startswith("older"):
        return _older(mode, asked)
    if asked["typenames"] != "gis:red":
        return '<ows:ExceptionReport><ows:Exception exceptionCode="InvalidParameterValue"/></ows:ExceptionReport>'
    matched = COUNT + 1 if mode == "wrongcount" else len(_rows(mode))
    if asked.get("resulttype") == "hits":
        return "<wfs:FeatureCollection/>" if mode == "nocount" else f'<wfs:FeatureCollection numberMatched="{matched}" numberReturned="0"/>'
    if mode.startswith("gml"):
        return _gml(mode, asked)
    start = int(asked["startindex"])
    rows = [i for i in _rows(mode)[start : start + PAGE] if not (mode == "missing" and i == 12)]
    if mode == "dup" and start == PAGE:
        rows = list(range(PAGE))
    epsg = 2383 if mode == "xian80" else EPSG
    return {"type": "FeatureCollection", "features": _features(mode, rows, north_first=mode == "turned"), "numberMatched": matched,
            "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}}  # fmt: skip


def _older(mode: str, asked: Mapping[str, str]) -> Any:
    """Return what a WFS 1.1.0 says: it knows no typeNames, no count and no pages."""
    if asked["version"] != "1.1.0" or asked.get("typename") != "gis:red" or {"typenames", "count", "startindex"} & set(asked):
        return '<ows:ExceptionReport xmlns:ows="x"><ows:Exception exceptionCode="VersionNegotiationFailed"/></ows:ExceptionReport>'
    if asked.get("resulttype") == "hits":
        return f'<wfs:FeatureCollection numberOfFeatures="{COUNT}"/>'
    rows = _rows(mode)[: min(int(asked["maxfeatures"]), COUNT - 1 if mode == "olderlost" else COUNT)]
    return {"type": "FeatureCollection", "features": _features(mode, rows, north_first=False),
            "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{EPSG}"}}}  # fmt: skip


def _gml(mode: str, asked: Mapping[str, str]) -> str:
    """Return a page as GML 3.2, north first, or the refusal of GeoJSON."""
    if "outputformat" in asked:
        return '<ows:ExceptionReport xmlns:ows="x"><ows:Exception exceptionCode="InvalidParameterValue"/></ows:ExceptionReport>'
    start = 0 if mode == "gmldup" else int(asked["startindex"])
    rows = _rows(mode)[start : start + PAGE]
    members = "".join(
        f'<wfs:member><gis:red gml:id="red.{i}"><gis:HXBM>{codes()[i]}</gis:HXBM><gis:HXMC>红线{i}</gis:HXMC><gis:geom>'
        f'<gml:Polygon srsName="urn:ogc:def:crs:EPSG::{EPSG}">{_gml_rings(mode, _shape(mode, i))}</gml:Polygon></gis:geom></gis:red></wfs:member>'
        for i in rows
    )
    names = 'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:gis="gis"'
    return f'<wfs:FeatureCollection {names} numberMatched="{COUNT}">{members}</wfs:FeatureCollection>'[: -9 if mode == "gmlbad" else None]


def _gml_rings(mode: str, shape: shapely.Geometry) -> str:
    rings = [("exterior", shape.exterior), *(("interior", ring) for ring in shape.interiors)]
    arc = "<gml:Arc/>" if mode == "gmlarc" else ""
    texts = ((name, " ".join(f"{y:.4f} {x:.4f}" for x, y in ring.coords)) for name, ring in rings)
    return "".join(f"<gml:{n}><gml:LinearRing>{arc}<gml:posList>{text}</gml:posList></gml:LinearRing></gml:{n}>" for n, text in texts)


@contextlib.contextmanager
def layer_server() -> Iterator[str]:
    """Yield the address of a running server without a closing slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def address(server: str, mode: str, kind: str) -> str:
    """Return the address of the red line as `kind` of service."""
    return {
        "arcgis": f"{server}/{mode}/arcgis/rest/services/red/FeatureServer/0",
        "oapif": f"{server}/{mode}/collections/red",
        "wfs": f"{server}/{mode}/wfs?service=WFS&typeNames=gis:red",
    }[kind]
