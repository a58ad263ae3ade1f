"""Accounts, their passwords and sessions, and the keys of programs."""

import base64
import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.core.safe_text import is_clean, visible
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.web.access_scopes import Scope, joined_scopes, scopes_in
from cdgis.web.case_states import Actor, Role
from cdgis.web.event_chain import append_event
from cdgis.web.models import AccessKey, Account, LoginSession
from cdgis.web.running_desk import Desk

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex(16))
"""Compared with when there is no such account, so that the time taken does not tell."""
_MOST_FAILURES = 5
_LOCKED = timedelta(minutes=15)
_SESSION = timedelta(hours=12)
_SHORTEST = 10
_LONGEST = 64
_WRONG = "用户名或密码不对"
_OF_THE_DESK = ""
"""Case of events that are about no case."""


def sha256(text: str) -> str:
    """Return a token as it is kept: who reads the database can use none."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def roles_of(account: Account) -> frozenset[Role]:
    """Return an account's roles."""
    return frozenset(Role(word) for word in account.roles.split(LIST_SEPARATOR) if word)


def _actor(account: Account) -> Actor:
    return Actor(account_id=account.id, name=f"{account.name}（{account.login}）", roles=roles_of(account))


def actor_of_session(desk: Desk, token: str) -> Actor | None:
    """Return who a session's cookie belongs to; None when it has ended or the account is closed."""
    with desk.database.reading() as session:
        found = session.get(LoginSession, sha256(token))
        if found is None or datetime.fromisoformat(found.expires_at) < desk.settings.clock():
            return None
        account = session.get(Account, found.account_id)
        return _actor(account) if account is not None and account.active else None


def account_of_login(desk: Desk, login: str) -> tuple[Actor, str] | None:
    """Return who a reverse proxy has signed in, and a secret of the account that its writes' token is made from; None: no such account."""
    with desk.database.reading() as session:
        account = session.scalar(select(Account).where(Account.login == login, Account.active))
    return None if account is None else (_actor(account), f"proxy {account.login} {account.password}")


def key_of(desk: Desk, authorization: str, *, bearer_only: bool) -> tuple[Actor, frozenset[Scope]] | None:
    """Return the program a key belongs to, and what the key opens; None when it is none.

    Parameters
    ----------
    authorization : header; HTTP Basic, whose user name does not matter, or Bearer.
    bearer_only : for writes: a browser sends Basic by itself, whichever page asks.
    """
    kind, _, text = authorization.partition(" ")
    try:
        if kind.lower() == "basic" and not bearer_only:
            key = base64.b64decode(text, validate=True).decode("utf-8").partition(":")[2]
        else:
            key = text.strip() if kind.lower() == "bearer" else ""
    except ValueError:  # no Base64, or no UTF-8 in it
        return None
    with desk.database.reading() as session:
        found = session.scalar(select(AccessKey).where(AccessKey.key_sha256 == sha256(key))) if key else None
    if found is None:
        return None
    return Actor(account_id=-found.id, name=f"访问密钥 {found.name}", roles=frozenset({Role.READER})), scopes_in(found.scopes)


def sign_in(desk: Desk, login: str, password: str, token: str) -> Actor:
    """Begin a session under `token` for who gives the right password.

    Raises
    ------
    DeskError : wrong, closed or locked (401, 429); which of the first two is not said.
    """
    now = desk.settings.clock()
    with desk.database.writing() as session:
        account = session.scalar(select(Account).where(Account.login == login))
        if account is not None and account.locked_until and datetime.fromisoformat(account.locked_until) > now:
            remedy = f"请在 {account.locked_until[11:16]} 之后再试，或请管理员重设密码"
            refused: DeskError | None = DeskError("连续输错密码，账号已锁定", remedy=remedy, status=429)
        elif _matches(account.password if account else _NOBODY, password) and account is not None and account.active:
            refused = None
            account.failures, account.locked_until = 0, ""
            _begin(session, account, token, now)
        else:
            refused = DeskError(_WRONG, remedy=f"请核对后重试；连续 {_MOST_FAILURES} 次不对会锁定 15 分钟", status=401)
            if account is not None:
                _count_failure(session, account, now)
    if refused is not None or account is None:
        raise refused or DeskError(_WRONG, status=401)
    return _actor(account)


def begin_session(desk: Desk, login: str, token: str) -> None:
    """Begin a session under `token` for who an identity server says it is.

    Raises
    ------
    DeskError : no account has that login, or it is closed (403).
    """
    with desk.database.writing() as session:
        account = session.scalar(select(Account).where(Account.login == login, Account.active))
        if account is None:
            raise DeskError(f"研判台没有 {visible(login[:60])} 的账号，或已停用", remedy="请管理员在“账号”一页建立同名账号", status=403)
        _begin(session, account, token, desk.settings.clock(), by="统一身份认证")


def _begin(session: Session, account: Account, token: str, now: datetime, *, by: str = "") -> None:
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now.isoformat()))
    session.add(LoginSession(token_sha256=sha256(token), account_id=account.id, expires_at=(now + _SESSION).isoformat()))
    append_event(session, case_id=_OF_THE_DESK, action="登录", who=account.login, when=now, reason=by)


def _count_failure(session: Session, account: Account, now: datetime) -> None:
    account.failures += 1
    if account.failures >= _MOST_FAILURES:
        account.failures, account.locked_until = 0, (now + _LOCKED).isoformat()
        append_event(session, case_id=_OF_THE_DESK, action="锁定账号", who=account.login, when=now, reason=f"连续 {_MOST_FAILURES} 次密码不对")


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def sign_out(desk: Desk, token: str) -> None:
    """End a session."""
    with desk.database.writing() as session:
        session.execute(delete(LoginSession).where(LoginSession.token_sha256 == sha256(token)))


def has_accounts(desk: Desk) -> bool:
    """Return whether anybody can sign in yet."""
    with desk.database.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(Account)))


def add_account(desk: Desk, *, login: str, name: str, roles: Collection[Role], password: str, who: str, first: bool = False) -> int:
    """Make an account and return its number.

    Parameters
    ----------
    who : who makes it, for the journal.
    first : only if there is none yet.

    Raises
    ------
    DeskError : the login is taken, or a value cannot be used.
    """
    _check_words(login, name, password)
    if not roles:
        raise DeskError("没有选角色", remedy=f"请选 {'、'.join(Role)} 中的一个或几个")
    with desk.database.writing() as session:
        if first and session.scalar(select(func.count()).select_from(Account)):
            raise DeskError("已经有账号了，初始设置只能做一次", remedy="请登录", status=409)
        if session.scalar(select(Account).where(Account.login == login)) is not None:
            raise DeskError(f"用户名 {login} 已有人用", remedy="请换一个", status=409)
        account = Account(
            login=login, name=name, roles=_joined(roles), password=_HASHER.hash(password), failures=0, locked_until="", active=True
        )
        session.add(account)
        session.flush()
        append_event(
            session, case_id=_OF_THE_DESK, action="新建账号", who=who, when=desk.settings.clock(),
            detail={"login": login, "roles": account.roles},
        )  # fmt: skip
        return account.id


def change_account(
    desk: Desk, account_id: int, *, who: Actor, roles: Collection[Role] | None = None, active: bool | None = None, password: str | None = None
) -> None:
    """Change an account's roles, close or open it, or give it a new password; its sessions end.

    Raises
    ------
    DeskError : there is no such account, or nobody could manage the desk afterwards.
    """
    with desk.database.writing() as session:
        account = session.get(Account, account_id)
        if account is None:
            raise DeskError("没有这个账号", status=404)
        detail: dict[str, object] = {"login": account.login}
        if roles is not None:
            account.roles = detail["roles"] = _joined(roles)
        if active is not None:
            account.active = detail["active"] = active
        if password is not None:
            _check_words(account.login, account.name, password)
            account.password, account.failures, account.locked_until = _HASHER.hash(password), 0, ""
            detail["password"] = "重设"
        session.execute(delete(LoginSession).where(LoginSession.account_id == account_id))
        session.flush()
        if not any(Role.ADMIN in roles_of(other) for other in session.scalars(select(Account).where(Account.active))):
            raise DeskError("这样就没有可用的管理账号了", remedy="请先给另一个账号“管理”角色", status=409)
        append_event(session, case_id=_OF_THE_DESK, action="修改账号", who=who.name, when=desk.settings.clock(), detail=detail)


def _joined(roles: Collection[Role]) -> str:
    return LIST_SEPARATOR.join(role for role in Role if role in roles)


def _check_words(login: str, name: str, password: str) -> None:
    for what, text in (("用户名", login), ("姓名", name)):
        if not text.strip() or len(text) > _LONGEST or not is_clean(text) or LIST_SEPARATOR in text:
            raise DeskError(f"{what}读到“{text[:20]}”，应为 1–{_LONGEST} 个可见字符", remedy="请改正")
    if len(password) < _SHORTEST or len(password) > 1000:
        raise DeskError(f"密码有 {len(password)} 个字符，至少要 {_SHORTEST} 个", remedy="请用一句话作密码")


def add_key(desk: Desk, name: str, who: Actor, scopes: Collection[Scope] = (Scope.OGC,)) -> str:
    """Make an access key and return it: it is shown once and kept only as a hash.

    Raises
    ------
    DeskError : no scope, or a name that cannot be.
    """
    key = secrets.token_urlsafe(24)
    _check_words(name, name, key)
    joined = joined_scopes(scopes)
    with desk.database.writing() as session:
        now = desk.settings.clock()
        session.add(AccessKey(name=name, key_sha256=sha256(key), made_at=now.isoformat(), made_by=who.name, scopes=joined))
        append_event(
            session, case_id=_OF_THE_DESK, action="新建访问密钥", who=who.name, when=now, detail={"name": name, "scopes": joined}
        )
    return key


def drop_key(desk: Desk, key_id: int, who: Actor) -> None:
    """Take an access key back."""
    with desk.database.writing() as session:
        found = session.get(AccessKey, key_id)
        if found is None:
            raise DeskError("没有这个密钥", status=404)
        session.delete(found)
        append_event(session, case_id=_OF_THE_DESK, action="撤销访问密钥", who=who.name, when=desk.settings.clock(), detail={"name": found.name})
