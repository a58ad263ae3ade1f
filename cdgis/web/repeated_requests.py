"""A write with an Idempotency-Key is done once, however often it is sent: the first answer is given again, on any server."""

import hashlib
import json
import re
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import anyio
from sqlalchemy import delete
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cdgis.core.errors import DeskError
from cdgis.web.running_desk import Desk
from cdgis.web.service_models import RepeatedRequest

HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT = timedelta(days=7)
_ABANDONED = timedelta(minutes=15)
"""After which a first request that never ended counts as lost with its server."""
_SECRETS = ("/api/login", "/api/setup", "/api/logout", "/api/keys")
"""Answered with what must be kept nowhere."""
_LONGEST = 256 << 10


class Repeats:
    """ASGI middleware behind the guard: who asks is known by then."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is new, and answer what was answered before."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        key = headers.get(HEADER)
        if key is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if not _KEY.fullmatch(key) or scope["path"] in _SECRETS:
            reason = "这个请求不能带 Idempotency-Key" if scope["path"] in _SECRETS else "Idempotency-Key 应为 1–200 个可见的 ASCII 字符"
            await _answer(send, 400, {"reason": reason, "remedy": "请改正后重发"})
            return
        actor = scope["state"]["actor"]
        name = hashlib.sha256(f"{actor.account_id if actor else ''}\n{scope['path']}\n{key}".encode()).hexdigest()
        digest, replayed = await _known(headers, receive, self._desk.settings.limits.upload_bytes)
        try:
            earlier = await anyio.to_thread.run_sync(self._begin, name)
        except DeskError as err:
            await _answer(send, err.status, {"reason": err.reason, "remedy": err.remedy})
            return
        if earlier is not None and earlier.status == 0:
            await _answer(send, 409, {"reason": "同一请求还在处理", "remedy": "请稍候再问"}, {"retry-after": "5"})
        elif earlier is not None and earlier.body_sha256 != digest:
            await _answer(send, 422, {"reason": "这个 Idempotency-Key 已用于内容不同的请求", "remedy": "每个新请求请用新的键"})
        elif earlier is not None:
            await _answer(send, earlier.status, earlier.answer, {"idempotent-replayed": "true"})
        else:
            await self._first(name, digest, scope, replayed, send)

    async def _first(self, name: str, digest: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, and keep the answer when something was done; a refusal changed nothing and may be tried anew."""
        status, parts = 0, bytearray()

        async def listening(message: Message) -> None:
            """Send on, and remember."""
            nonlocal status
            status = message.get("status", status)
            parts.extend(message.get("body", b"")[: _LONGEST + 1 - len(parts)])
            await send(message)

        try:
            await self._app(scope, receive, listening)
        finally:
            done = 200 <= status < 300 and len(parts) <= _LONGEST
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._finish, name, digest if done else "", status, bytes(parts).decode("utf-8", "replace"))

    def _begin(self, name: str) -> RepeatedRequest | None:
        """Return what was answered before; None when this is the first, which is then noted."""
        now = self._desk.settings.clock()
        with self._desk.database.writing() as session:
            session.execute(delete(RepeatedRequest).where(RepeatedRequest.made_at < (now - _KEPT).isoformat()))
            found = session.get(RepeatedRequest, name)
            lost = (now - _ABANDONED).isoformat()
            if found is not None and (found.status or found.made_at > lost):
                return found
            session.merge(RepeatedRequest(key_sha256=name, body_sha256="", status=0, answer="", made_at=now.isoformat()))
        return None

    def _finish(self, name: str, digest: str, status: int, answer: str) -> None:
        with self._desk.database.writing() as session:
            found = session.get(RepeatedRequest, name)
            if found is not None and digest:
                found.body_sha256, found.status, found.answer = digest, status, answer
            elif found is not None:
                session.delete(found)


async def _known(headers: Headers, receive: Receive, most: int) -> tuple[str, Receive]:
    """Return what a request's body is known by, and a `receive` that gives the body all the same.

    Each sending of a form has another boundary, and forms are large: they are known by their size and pass unread. Of any
    other body at most `most` bytes are read ahead; what is longer is refused by the limits of its route.
    """
    if headers.get("content-type", "").lower().startswith("multipart/"):
        return hashlib.sha256(f"form of {headers.get('content-length', '')}".encode()).hexdigest(), receive
    whole, waiting, size = hashlib.sha256(), deque[Message](), 0
    while size <= most and (not waiting or waiting[-1].get("more_body", False)):
        waiting.append(await receive())
        size += len(waiting[-1].get("body", b""))
        whole.update(waiting[-1].get("body", b""))

    async def replayed() -> Message:
        """Give what was read ahead, then what comes."""
        return waiting.popleft() if waiting else await receive()

    return whole.hexdigest(), replayed


async def _answer(send: Send, status: int, body: Any, more: Mapping[str, str] | None = None) -> None:
    content = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
    headers = {"content-type": "application/json; charset=utf-8", "content-length": str(len(content)), **(more or {})}
    await send({"type": "http.response.start", "status": status, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]})
    await send({"type": "http.response.body", "body": content})
