"""Signing in and out, accounts, access keys and the journal: what 管理 sees to."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from cdgis.core.errors import DeskError
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.web import accounts
from cdgis.web.access_scopes import SCOPE_WORDS, Scope, scopes_in
from cdgis.web.case_states import Actor, Role
from cdgis.web.event_chain import journal_faults, journal_head
from cdgis.web.guards import new_token
from cdgis.web.models import AccessKey, Account, CaseEvent
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api", tags=["账号"])
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Password = Annotated[str, Field(max_length=1000)]

_LINES = 100


def manager(actor: Who) -> Actor:
    """Return who asks, a manager.

    Raises
    ------
    DeskError : he is none.
    """
    if actor.alone or Role.ADMIN in actor.roles:
        return actor
    raise DeskError(f"须有 {Role.ADMIN} 的角色", remedy="请由管理员办理", status=403)


Manager = Annotated[Actor, Depends(manager)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_max_length=1000)


class SignIn(_Body):
    """A login and its password."""

    login: str
    password: Password


class Setup(SignIn):
    """The first account, allowed by the token printed where the desk was started."""

    name: str
    token: str


class NewAccount(SignIn):
    """An account to be made."""

    name: str
    roles: list[Role]


class Change(_Body):
    """What is to be changed of an account."""

    roles: list[Role] | None = None
    active: bool | None = None
    password: Password | None = None


class KeyName(_Body):
    """What an access key is for, and what it opens."""

    name: str
    scopes: list[Scope] = [Scope.OGC]


def _signed_in(desk: Desk, token: str) -> JSONResponse:
    answer = JSONResponse({"signed_in": True})
    answer.set_cookie(desk.settings.cookie, token, httponly=True, samesite="strict", secure=desk.settings.secure, path="/")
    return answer


def _needs_accounts(desk: Desk) -> None:
    if not desk.settings.serves_accounts:
        raise DeskError("本机方式没有账号", remedy="多人使用请运行 cdgis desk --serve", status=404)


@router.post("/login", summary="登录")
def login(desk: InDesk, body: SignIn) -> JSONResponse:
    """Begin a session."""
    _needs_accounts(desk)
    token = new_token()
    accounts.sign_in(desk, body.login, body.password, token)
    return _signed_in(desk, token)


@router.post("/setup", summary="初始设置：第一个管理账号")
def setup(desk: InDesk, body: Setup, request: Request) -> JSONResponse:
    """Make the first account and sign it in."""
    _needs_accounts(desk)
    wanted = request.app.state.setup_token
    if not wanted or body.token != wanted:
        raise DeskError("初始设置的链接不对", remedy="请用启动研判台时窗口里显示的链接", status=403)
    accounts.add_account(desk, login=body.login, name=body.name, roles=[Role.ADMIN], password=body.password, who="初始设置", first=True)
    request.app.state.setup_token = ""
    token = new_token()
    accounts.sign_in(desk, body.login, body.password, token)
    return _signed_in(desk, token)


@router.post("/logout", summary="退出登录")
def logout(desk: InDesk, request: Request) -> JSONResponse:
    """End the session."""
    _needs_accounts(desk)
    accounts.sign_out(desk, request.cookies.get(desk.settings.cookie, ""))
    answer = JSONResponse({"signed_in": False})
    answer.delete_cookie(desk.settings.cookie, path="/")
    return answer


@router.get("/accounts", summary="账号列表")
def listed(desk: InDesk, _: Manager) -> list[dict[str, Any]]:
    """Return all accounts."""
    with desk.database.reading() as session:
        return [
            {"id": a.id, "login": a.login, "name": a.name, "roles": a.roles.split(LIST_SEPARATOR), "active": a.active, "locked": bool(a.locked_until)}
            for a in sorted(session.scalars(select(Account)), key=lambda account: account.login)
        ]


@router.post("/accounts", status_code=201, summary="新建账号")
def create(desk: InDesk, who: Manager, body: NewAccount) -> dict[str, int]:
    """Make an account."""
    _needs_accounts(desk)
    return {"id": accounts.add_account(desk, login=body.login, name=body.name, roles=body.roles, password=body.password, who=who.name)}


@router.put("/accounts/{account_id}", summary="修改账号：角色、停用、重设密码")
def change(desk: InDesk, who: Manager, account_id: int, body: Change) -> dict[str, bool]:
    """Change an account."""
    accounts.change_account(desk, account_id, who=who, roles=body.roles, active=body.active, password=body.password)
    return {"changed": True}


@router.get("/keys", summary="访问密钥列表")
def keys(desk: InDesk, _: Manager) -> list[dict[str, Any]]:
    """Return the access keys, without the keys."""
    with desk.database.reading() as session:
        return [
            {
                "id": key.id, "name": key.name, "made_at": key.made_at, "made_by": key.made_by,
                "scopes": [SCOPE_WORDS[scope] for scope in Scope if scope in scopes_in(key.scopes)],
            }
            for key in session.scalars(select(AccessKey).order_by(AccessKey.id))
        ]  # fmt: skip


@router.post("/keys", status_code=201, summary="新建访问密钥，供 QGIS 和别的程序")
def make_key(desk: InDesk, who: Manager, body: KeyName) -> dict[str, str]:
    """Make an access key."""
    return {"key": accounts.add_key(desk, body.name, who, body.scopes)}


@router.delete("/keys/{key_id}", summary="撤销访问密钥")
def drop_key(desk: InDesk, who: Manager, key_id: int) -> dict[str, bool]:
    """Take an access key back."""
    accounts.drop_key(desk, key_id, who)
    return {"dropped": True}


@router.get("/journal", summary="日志：条数、链首、是否完整")
def journal(desk: InDesk, _: Manager) -> dict[str, Any]:
    """Return whether the journal is whole."""
    with desk.database.reading() as session:
        count, head = journal_head(session)
        faults = journal_faults(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
    return {"count": count, "head": head, "faults": faults}


@router.get("/journal/lines", summary="日志逐行，最近的在前")
def journal_lines(desk: InDesk, _: Manager, offset: Annotated[int, Field(ge=0, le=10**9)] = 0) -> dict[str, Any]:
    """Return one page of the journal's lines, whatever they are about."""
    wanted = select(CaseEvent.line).order_by(CaseEvent.number.desc()).offset(offset).limit(_LINES)
    with desk.database.reading() as session:
        return {"offset": offset, "page": _LINES, "lines": [json.loads(line) for line in session.scalars(wanted)]}
