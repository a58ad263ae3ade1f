"""What an office states of its desk in desk.toml: another database, a proxy that signs people in, webhooks, an outside ground map."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from cdgis.core.error_words import Worded, in_words
from cdgis.core.errors import DeskError, os_reason
from cdgis.core.source_secrets import without_secret
from cdgis.core.toml_files import PlainText, Stated, read_toml, schema_problems

OPTIONS_FILE = "desk.toml"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_POSTGRES = ("postgresql", "postgresql+psycopg")
_OWN = ("127.0.0.1", "localhost", "::1")


class SignedIn(Stated):
    """A reverse proxy that has signed people in and names them in a header."""

    header: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{2,60}$")
    addresses: tuple[str, ...] = Field(min_length=1)
    """Addresses or networks the header is believed from; from all others a request that carries it is refused."""

    @field_validator("addresses")
    @classmethod
    def _networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for text in addresses:
            try:
                network = ip_network(text)
            except ValueError as err:
                raise Worded(f"“{text[:60]}”不是地址或网段，如 127.0.0.1 或 10.0.0.0/28") from err
            if network.prefixlen == 0:
                raise Worded("不能写全部地址：只写反向代理自己的地址")
        return addresses


def is_safe(url: str) -> bool:
    """Return whether an address may be asked: https, or plain http on this computer."""
    parts = urlsplit(url)
    return bool(parts.hostname) and not parts.username and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OWN))


class SingleSignOn(Stated):
    """An identity server (OpenID Connect) that says who somebody is."""

    issuer: PlainText
    client_id: PlainText = Field(min_length=1)
    client_secret: str = Field(pattern=r"^\$\{\w+\}$")
    """Name of the environment variable that holds it."""
    claim: str = Field(default="preferred_username", pattern=r"^[A-Za-z_]{1,60}$")
    """What of the identity token is the login of an account here; one that people cannot change themselves."""
    title: PlainText = "统一身份认证"

    @field_validator("issuer")
    @classmethod
    def _reachable(cls, issuer: str) -> str:
        without_secret(issuer)
        if not is_safe(issuer) or urlsplit(issuer).query:
            raise Worded("应为 https://主机/路径；本机以外须用 https")
        return issuer


class Webhook(Stated):
    """A program that is told when a case is decided."""

    url: PlainText
    secret: str = Field(pattern=r"^\$\{\w+\}$")
    """Name of the environment variable that holds the secret messages are signed with."""

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        without_secret(url)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise Worded("应为 https://主机/路径")
        if parts.scheme == "http" and parts.hostname not in _OWN:
            raise Worded("本机以外须用 https")
        return url


class Inquiry(Stated):
    """自助查询: anybody who reaches the desk may ask about a place, on the public version's data."""

    per_minute: int = Field(default=6, ge=1, le=600)
    """Questions from one address."""
    per_day: int = Field(default=100, ge=1, le=100_000)
    forwarded_by: tuple[str, ...] = ()
    """Addresses of reverse proxies whose X-Forwarded-For is believed; from all others it means nothing."""


class DeskOptions(Stated):
    """One desk.toml; a desk without one is on SQLite, tells nobody and shows its own ground."""

    database: PlainText = ""
    """postgresql://user:${NAME}@host/database; empty: SQLite in the desk's folder."""
    folder: PlainText = ""
    """Where cases' files are kept, for several servers on one database; empty: the workspace's desk folder."""
    proxy: SignedIn | None = None
    sso: SingleSignOn | None = None
    webhook: tuple[Webhook, ...] = ()
    inquiry: Inquiry | None = None
    """Off without it."""
    ground: Literal["", "tianditu-c", "tianditu-w"] = ""
    """An outside ground map that the browser may fetch with a key of its own: on the grid of degrees, or Web Mercator."""

    @field_validator("database")
    @classmethod
    def _a_database(cls, address: str) -> str:
        without_secret(address)
        if address and (urlsplit(address).scheme not in _POSTGRES or not urlsplit(address).path.strip("/")):
            raise Worded("应为 postgresql://用户:${变量名}@主机/库名")
        return address


def read_options(workspace: Path) -> DeskOptions:
    """Return what the workspace's desk.toml states, the defaults without one.

    Raises
    ------
    DeskError : it cannot be read, or states what cannot be.
    """
    path = workspace / OPTIONS_FILE
    if not path.exists():
        return DeskOptions()
    try:
        return DeskOptions.model_validate(read_toml(path))
    except ValidationError as err:
        raise DeskError(f"{OPTIONS_FILE} 有误：{'；'.join(schema_problems(err))}", remedy="请按 docs/desk.md 改正") from err
    except ValueError as err:
        raise DeskError(f"{OPTIONS_FILE} 读不出来：{in_words(err)}", remedy="请按 docs/desk.md 改正") from err
    except OSError as err:
        raise DeskError(f"{OPTIONS_FILE} 读不出来：{os_reason(err)}", remedy="请检查权限") from err


def with_secrets(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a text with each ``${NAME}`` replaced by that environment variable.

    Raises
    ------
    DeskError : one is not set.
    """
    missing = [name for name in _VARIABLE.findall(text) if not environment.get(name)]
    if missing:
        raise DeskError(f"环境变量 {'、'.join(missing)} 没有设置", remedy=f"{OPTIONS_FILE} 用到它，请先设置再启动")
    return _VARIABLE.sub(lambda found: environment[found[1]], text)
