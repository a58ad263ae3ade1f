"""Signing in through an office's own identity server (OpenID Connect): authorization code with PKCE, asked of the configured issuer alone.

Who somebody is, the issuer says; what he may do, his account here says. What a sign-in has begun with travels in a cookie
that is signed with the client's secret, so that any of several servers can end it.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cdgis.core.errors import DeskError
from cdgis.web.accounts import begin_session
from cdgis.web.desk_options import SingleSignOn, is_safe, with_secrets
from cdgis.web.desk_pages import page
from cdgis.web.guards import new_token
from cdgis.web.running_desk import Desk, desk_of

router = APIRouter(prefix="/login/sso", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
COOKIE = "cdgis_sso"
_BEGUN_S = 600
"""How long somebody may take at the issuer."""
_LEEWAY_S = 60
_TIMEOUT_S = 10.0
_MOST_BYTES = 1 << 20
_SIGNED_BY = ["RS256", "PS256", "ES256"]
"""Signatures by keys that only the issuer has; a secret shared with the client proves nothing of who signed."""
_REFUSED = "统一身份认证没有成功"


@dataclass(frozen=True, slots=True)
class _Begun:
    """What a sign-in began with."""

    state: str
    nonce: str
    verifier: str
    until: int
    """Seconds since the epoch."""

    def sealed(self, secret: str) -> str:
        """Return it as the text of a cookie that only who knows the secret can have written."""
        text = f"{self.state}.{self.nonce}.{self.verifier}.{self.until}"
        return f"{text}.{_seal(secret, text)}"

    @classmethod
    def opened(cls, cookie: str, secret: str) -> "_Begun | None":
        """Return what a cookie holds, None for one that was not sealed here."""
        text, _, seal = cookie.rpartition(".")
        parts = text.split(".")
        if len(parts) != 4 or not hmac.compare_digest(seal.encode(), _seal(secret, text).encode()):
            return None
        return cls(parts[0], parts[1], parts[2], int(parts[3]))


@router.get("")
def begin(request: Request, desk: InDesk) -> Response:
    """Send the browser to the issuer."""
    option, secret = _option(desk)
    begun = _Begun(new_token(), new_token(), secrets.token_urlsafe(48), int(desk.settings.clock().timestamp()) + _BEGUN_S)
    asked = {
        "response_type": "code", "client_id": option.client_id, "redirect_uri": _back(request, desk), "scope": "openid profile",
        "state": begun.state, "nonce": begun.nonce, "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode(),
    }  # fmt: skip
    try:
        place = _discovered(option)["authorization_endpoint"]
    except DeskError as err:
        return _told(request, err)
    answer = RedirectResponse(f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}", status_code=303)
    # Lax: the issuer's page leads back here, and a strict cookie would not come along
    answer.set_cookie(COOKIE, begun.sealed(secret), max_age=_BEGUN_S, httponly=True, samesite="lax", secure=desk.settings.secure, path="/login/sso")
    return answer


@router.get("/back")
def back(request: Request, desk: InDesk, code: str = "", state: str = "", error: str = "") -> Response:
    """End a sign-in: who the issuer says it is gets the session of his account."""
    option, secret = _option(desk)
    token = new_token()
    try:
        begun = _Begun.opened(request.cookies.get(COOKIE, ""), secret)
        if error or begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
            raise DeskError(f"{_REFUSED}：{'对方拒绝或取消' if error else '不是从这里开始的'}", remedy="请从登录页重新开始", status=403)
        now = desk.settings.clock()
        if begun.until < now.timestamp():
            raise DeskError(f"{_REFUSED}：超过 {_BEGUN_S // 60} 分钟", remedy="请从登录页重新开始", status=403)
        login = _who(option, secret, begun, code, _back(request, desk), now)
        begin_session(desk, login, token)
    except DeskError as err:
        return _told(request, err)
    # a page of our own goes on to the desk: the strict cookie comes along from here, not from the issuer's redirect
    answer = page(request, "signed_in.html", None)
    answer.set_cookie(desk.settings.cookie, token, httponly=True, samesite="strict", secure=desk.settings.secure, path="/")
    answer.delete_cookie(COOKIE, path="/login/sso")
    return answer


def _option(desk: Desk) -> tuple[SingleSignOn, str]:
    option = desk.settings.options.sso
    if option is None or not desk.settings.serves_accounts:
        raise DeskError("没有设置统一身份认证", status=404)
    return option, with_secrets(option.client_secret)


def _back(request: Request, desk: Desk) -> str:
    """Return where the issuer is to lead back; the host has been compared with the desk's own."""
    return f"{'https' if desk.settings.secure else 'http'}://{request.headers['host']}/login/sso/back"


def _told(request: Request, err: DeskError) -> Response:
    answer = page(request, "login.html", None, first=False, told=f"{err.reason}。{err.remedy}".rstrip("。") + "。")
    answer.status_code = err.status
    answer.delete_cookie(COOKIE, path="/login/sso")
    return answer


def _seal(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), b"cdgis desk sso " + text.encode(), hashlib.sha256).hexdigest()


def _who(option: SingleSignOn, secret: str, begun: _Begun, code: str, back_to: str, now: datetime) -> str:
    """Return the login that a code stands for, by a token the issuer signed for this client and this sign-in."""
    found = _discovered(option)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back_to, "code_verifier": begun.verifier}
    basic = base64.b64encode(f"{option.client_id}:{secret}".encode()).decode()
    given = _asked(found["token_endpoint"], form, {"Authorization": f"Basic {basic}"})
    keys = _asked(found["jwks_uri"])
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), leeway=_LEEWAY_S, iss={"essential": True, "value": option.issuer}, exp={"essential": True},
        nonce={"essential": True, "value": begun.nonce}, iat={"essential": True},
    )  # fmt: skip
    try:
        token = jwt.decode(str(given.get("id_token", "")), KeySet.import_key_set(keys), algorithms=_SIGNED_BY)  # type: ignore[arg-type]
        registry.validate(token.claims)
    except (JoseError, ValueError, TypeError, KeyError) as err:
        raise DeskError(f"{_REFUSED}：身份令牌不可信（{type(err).__name__}）", remedy="请与管理员核对 desk.toml 的 [sso]", status=403) from err
    audience = token.claims.get("aud")
    if [audience] != [option.client_id] and audience != [option.client_id]:
        raise DeskError(f"{_REFUSED}：身份令牌不是给研判台的", remedy="请与管理员核对 client_id", status=403)
    login = token.claims.get(option.claim)
    if not isinstance(login, str) or not login:
        raise DeskError(f"{_REFUSED}：身份令牌里没有 {option.claim}", remedy="请管理员改 desk.toml 的 claim", status=403)
    return login


def _discovered(option: SingleSignOn) -> dict[str, str]:
    """Return where the issuer is asked; all of it must be as safely reached as the issuer itself."""
    found = _asked(f"{option.issuer.rstrip('/')}/.well-known/openid-configuration")
    places = {name: found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    if found.get("issuer") != option.issuer or not all(isinstance(place, str) and is_safe(place) for place in places.values()):
        raise DeskError(f"{_REFUSED}：认证服务的自述与 desk.toml 写的不符", remedy="请管理员核对 issuer", status=502)
    return {name: str(place) for name, place in places.items()}


def _asked(url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON object at an address; no redirect is followed."""
    parts = urlsplit(url)
    host, link = parts.hostname or "", http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    if parts.scheme == "https":
        link = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    body = urlencode(form) if form is not None else None
    typed = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    try:
        link.request("POST" if body is not None else "GET", path, body, {"Accept": "application/json", **typed, **(headers or {})})
        answer = link.getresponse()
        content = answer.read(_MOST_BYTES + 1)
        found = json.loads(content) if answer.status == 200 and len(content) <= _MOST_BYTES else None
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise DeskError(f"{_REFUSED}：认证服务没有正常回答", remedy="请稍后再试，或用研判台自己的密码登录", status=502) from err
    finally:
        link.close()
    if not isinstance(found, dict):
        raise DeskError(f"{_REFUSED}：认证服务回答 {answer.status}", remedy="请稍后再试，或用研判台自己的密码登录", status=502)
    return found
