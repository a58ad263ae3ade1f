"""What every request must pass before a route sees it: host, session, token of writes; and the headers of every answer.

The Host header is compared exactly, before anything else: a page elsewhere that makes its name point here (DNS rebinding)
is refused. Cookies are SameSite=Strict and HttpOnly; a write also carries a token that only our own pages know.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cdgis.core.errors import DeskError
from cdgis.web.access_scopes import scope_opens
from cdgis.web.accounts import account_of_login, actor_of_session, key_of
from cdgis.web.case_states import Actor, Role
from cdgis.web.running_desk import Desk

CSRF_HEADER = "x-csrf-token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_OWN_IMAGES = "img-src 'self' data:"
_GROUND_IMAGES = " ".join((_OWN_IMAGES, *(f"https://t{number}.tianditu.gov.cn" for number in range(8))))
"""With the outside ground map that desk.toml may ask for; nothing but images comes from there."""
_HEADERS = {
    "content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin", "cache-control": "no-store",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
}  # fmt: skip
_SAFE = ("GET", "HEAD")
_TOO_LARGE = 413
_OPEN = ("/enter", "/login", "/login/sso", "/login/sso/back", "/setup", "/api/login", "/api/setup", "/health")
"""Asked by people who are not yet signed in."""
_STATIC = "/static/"
_RESULTS = "/results/"
"""Pages of a job, opened by a secret in the address: a page in a sandbox sends no cookie."""
_OGC = "/ogc"
_KEY = "key"
"""In place of the token of writes, where a program asks."""
ALONE = Actor(account_id=0, name="本机用户", roles=frozenset(Role), alone=True)


class Guard:
    """ASGI middleware that refuses what must not come in."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._headers = _HEADERS | ({"content-security-policy": POLICY.replace(_OWN_IMAGES, _GROUND_IMAGES)} if desk.settings.options.ground else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here with the reason why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = self._with_headers(scope, send)
        refused = self._strange(scope, headers)
        if refused is None:
            try:
                actor, csrf = await anyio.to_thread.run_sync(self._who, scope, headers)
            except DeskError as err:  # no route has been reached whose errors are told: the database is away
                await _refuse((err.status, err.reason), scope, guarded, remedy=err.remedy)
                return
            scope.setdefault("state", {}).update(actor=actor, csrf=csrf)
            if self._desk.settings.secure:  # a proxy that speaks https asks us by http: links must name what the browser sees
                scope["scheme"] = "https"
            refused = self._stranger(scope, headers, actor, csrf)
        if refused is not None:
            await _refuse(refused, scope, guarded)
            return
        await self._app(scope, self._in_time(receive), guarded)

    def _strange(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return the status and reason for a request that is no use to anybody who came in by our pages."""
        host = headers.getlist("host")
        if len(host) != 1 or host[0].lower() not in self._desk.settings.hosts:
            return 421, "这个地址不是研判台的地址"
        if scope["method"] not in (*_SAFE, "POST", "PUT", "DELETE"):
            return 405, "不支持这种请求"
        proxy = self._desk.settings.options.proxy
        if proxy is not None and proxy.header in headers and not _is_from(scope, proxy.addresses):
            return 403, "登录的请求头只认反向代理自己的地址"
        origin = headers.get("origin")
        by_key = origin is None and self._by_key(headers)
        if scope["method"] not in _SAFE and not by_key and (origin is None or urlsplit(origin).netloc.lower() != host[0].lower()):
            return 403, "请求不是从研判台的页面发出的"
        return None

    def _by_key(self, headers: Headers) -> bool:
        """Return whether a program asks with a key: no page can make a browser send Bearer, nor leave its cookie away."""
        has_cookie = self._desk.settings.cookie in cookie_parser(headers.get("cookie", ""))
        return not has_cookie and headers.get("authorization", "").lower().startswith("bearer ")

    def _who(self, scope: Scope, headers: Headers) -> tuple[Actor | None, str]:
        """Return who asks and the token that person's writes must carry; `_KEY` for a program, whose writes need none."""
        desk = self._desk
        cookie = cookie_parser(headers.get("cookie", "")).get(desk.settings.cookie, "")
        if desk.settings.token:
            if cookie and hmac.compare_digest(cookie.encode(), desk.settings.token.encode()):
                return ALONE, csrf_of(cookie)
        elif cookie:
            actor = actor_of_session(desk, cookie)
            if actor is not None:
                return actor, csrf_of(cookie)
        proxy = desk.settings.options.proxy
        if proxy is not None and desk.settings.serves_accounts and (login := headers.get(proxy.header, "")):
            found = account_of_login(desk, login)
            return (None, "") if found is None else (found[0], csrf_of(found[1]))
        program = key_of(desk, headers.get("authorization", ""), bearer_only=scope["method"] not in _SAFE)
        if program is not None and scope_opens(program[1], scope["method"], scope["path"]):
            return program[0], _KEY
        return None, ""

    def _stranger(self, scope: Scope, headers: Headers, actor: Actor | None, csrf: str) -> tuple[int, str] | None:
        path = scope["path"]
        if path in _OPEN or path.startswith((_STATIC, _RESULTS)) or self._for_anybody(path):
            return None
        if actor is None:
            return 401, "还没有登录"
        if scope["method"] not in _SAFE and csrf != _KEY:
            given = headers.get(CSRF_HEADER, "")
            if not csrf or not hmac.compare_digest(given.encode(), csrf.encode()):
                return 403, "请求没有带本页的令牌"
        return None

    def _for_anybody(self, path: str) -> bool:
        """Return whether a path belongs to 自助查询, where that is on."""
        return self._desk.settings.options.inquiry is not None and (path == "/inquiry" or path.startswith("/api/inquiry"))

    def _in_time(self, receive: Receive) -> Receive:
        """Return `receive` that gives up on a client who sends its request too slowly."""
        seconds = self._desk.settings.limits.body_seconds
        until = anyio.current_time() + seconds
        done = False

        async def timely() -> Message:
            """Receive, or say that the client has gone when its time is up."""
            nonlocal done
            if done:  # all has come: what is awaited now is only whether the client hangs up
                return await receive()
            with anyio.move_on_after(max(until - anyio.current_time(), 0.01)):
                message = await receive()
                done = message["type"] != "http.request" or not message.get("more_body", False)
                return message
            return {"type": "http.disconnect"}

        return timely

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        replaced = False

        async def guarded(message: Message) -> None:
            """Send with the headers every answer has."""
            nonlocal replaced
            if replaced:
                return
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == _TOO_LARGE and headers.get("content-type", "").startswith("text/plain"):
                    # the framework refuses a body over its limit in English, before any route sees it
                    replaced = True
                    await _refuse((_TOO_LARGE, "提交的内容过大"), scope, self._with_headers(scope, send), remedy="请只留下用地边界，或拆成几个文件")
                    return
                for name, value in self._headers.items():
                    if name not in headers:
                        headers[name] = value
                if self._desk.settings.secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        return guarded


def _is_from(scope: Scope, addresses: Sequence[str]) -> bool:
    """Return whether a request's own peer, not what a header says of it, has one of the addresses."""
    try:
        peer = ip_address((scope.get("client") or ("", 0))[0])
    except ValueError:
        return False
    return any(peer in ip_network(text) for text in addresses)


def csrf_of(session_token: str) -> str:
    """Return the token that writes of a session carry; it tells nothing of the session's own."""
    return hmac.new(session_token.encode(), b"cdgis desk csrf", hashlib.sha256).hexdigest()


def new_token() -> str:
    """Return a token nobody can guess."""
    return secrets.token_urlsafe(32)


async def _refuse(refused: tuple[int, str], scope: Scope, send: Send, *, remedy: str = "请从研判台的页面进入") -> None:
    status, reason = refused
    wants_page = scope["method"] in _SAFE and not scope["path"].startswith(("/api/", _OGC))
    headers: list[tuple[bytes, bytes]] = []
    body: Any = {"reason": reason, "remedy": remedy}
    if status == 401 and wants_page:
        status, headers = 303, [(b"location", b"/login")]
    if status == 401 and scope["path"].startswith(_OGC):
        headers = [(b"www-authenticate", b'Basic realm="cdgis"')]
    content = json.dumps(body, ensure_ascii=False).encode()
    headers += [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
