"""Requests to a web service: bounded, repeated when they break off, and confined to the host that was asked for."""

import base64
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlencode, urljoin, urlsplit

from cdgis.core.errors import SourceError
from cdgis.readers.sources.address import Address

TRIES = 4
_TIMEOUT_S = 60.0
_MOST_BYTES = 256 << 20
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_REFUSED = {401: "要求登录或口令不对", 403: "没有访问权限", 404: "没有这个图层", 400: "不接受这样的请求"}


class _Transient(Exception):
    """What may be gone at the next try; its text is what is said when it is not."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirection on the same host alone: elsewhere the token would be handed on."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request, or None when it leads to another host."""
        here, there = urlsplit(req.full_url), urlsplit(urljoin(req.full_url, newurl))
        if there.hostname != here.hostname or there.scheme not in (here.scheme, "https"):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service answered."""

    document: dict[str, Any]
    content_crs: str
    """Header Content-Crs without its brackets, "" when there is none."""


class WebClient:
    """Asks one service."""

    def __init__(self, address: Address, *, pause_s: float = 1.0) -> None:
        self._address, self._pause_s = address, pause_s
        self._opener = urllib.request.build_opener(_SameHost)
        self.label = address.text

    def json(self, url: str, parameters: Mapping[str, str], *, post: bool = False, accept: str = "application/json") -> Answer:
        """Return the JSON object a service answers with.

        Raises
        ------
        SourceError : it cannot be reached, refuses, or gives no JSON object, at the last try still.
        """
        body, headers = self._bytes(url, parameters, post=post, accept=accept)
        return Answer(document=self.parsed(body), content_crs=str(headers.get("Content-Crs", "")).strip("<> "))

    def parsed(self, body: bytes) -> dict[str, Any]:
        """Return the JSON object in an answer; raises as `json`."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            what = "XML" if body.lstrip()[:1] == b"<" else "别的内容"
            raise self.error(f"答复不是 JSON 而是{what}", "请确认服务支持 GeoJSON（WFS 的 outputFormat）或 f=json；不支持的请导出为文件")
        return document

    def text(self, url: str, parameters: Mapping[str, str]) -> str:
        """Return the text a service answers with; raises as `json`."""
        return self._bytes(url, parameters, post=False, accept="*/*")[0].decode("utf-8", errors="replace")

    def error(self, reason: str, remedy: str = "") -> SourceError:
        """Return an error of this source, without secrets."""
        return SourceError(self._address.scrubbed(reason), source=self.label, remedy=remedy)

    def _bytes(self, url: str, parameters: Mapping[str, str], *, post: bool, accept: str) -> tuple[bytes, Mapping[str, str]]:
        request = self._request(url, parameters, post=post, accept=accept)
        said = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(self._pause_s * 2 ** (attempt - 1))
            try:
                return self._once(request)
            except _Transient as err:
                said = str(err)
        raise self.error(f"试了 {TRIES} 次仍未取到：{said}", "原有快照未动。请检查网络，稍后重试")

    def _request(self, url: str, parameters: Mapping[str, str], *, post: bool, accept: str) -> urllib.request.Request:
        coded = urlencode(parameters)
        if not post and coded:
            url = f"{url}{'&' if '?' in url else '?'}{coded}"
        request = urllib.request.Request(url, data=coded.encode() if post else None, headers={"Accept": accept, "User-Agent": "cdgis"})
        if self._address.login:
            token = base64.b64encode(":".join(self._address.login).encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")
        return request

    def _once(self, request: urllib.request.Request) -> tuple[bytes, Mapping[str, str]]:
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                body = answer.read(_MOST_BYTES + 1)
                promised = answer.headers.get("Content-Length")
                headers = dict(answer.headers.items())
        except urllib.error.HTTPError as err:
            err.close()
            if err.code in _TRANSIENT:
                raise _Transient(f"服务出错（HTTP {err.code}）") from None
            if 300 <= err.code < 400:
                raise self.error("服务转到了另一台主机，没有跟随", "请把地址改成实际的主机") from None
            raise self.error(f"服务拒绝了请求：{_REFUSED.get(err.code, '原因未说明')}（HTTP {err.code}）") from None
        except (TimeoutError, http.client.HTTPException, urllib.error.URLError, ConnectionError, OSError):
            raise _Transient("连接不上或中途断开") from None
        if len(body) > _MOST_BYTES:
            raise self.error(f"一次答复超过 {_MOST_BYTES >> 20} MB，已停止", "请管理员限制每页的条数")
        if promised is not None and promised.isdigit() and len(body) != int(promised):
            raise _Transient("答复中途断开")
        return body, headers
