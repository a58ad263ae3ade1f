"""Addresses of layers kept elsewhere, with secrets named but never written out.

A password, token or key stands in an address as ``${NAME}`` and comes from that environment variable when the source is
asked; an address with a secret spelt out is refused before it is stored anywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from cdgis.core.errors import SourceError
from cdgis.core.source_secrets import spelt_out_secret

Kind = Literal["postgis", "arcgis", "wfs", "oapif", "files"]

_NAME = re.compile(r"\$\{(\w+)\}")
_ARCGIS = re.compile(r"/(?:Feature|Map)Server/\d+/?(?:query)?$", re.IGNORECASE)
_OAPIF = re.compile(r"/collections/[^/]+(?:/items)?/?$")
_HIDDEN = "***"
_FORMS = (
    "postgresql://用户:${变量}@主机/库?table=模式.表；…/FeatureServer/0 或 …/MapServer/0；"
    "…?service=WFS&typeNames=图层；…/collections/图层；文件或文件夹"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a layer is kept."""

    kind: Kind
    text: str
    """As it may be shown and stored: secrets stand as ``${NAME}``."""
    opened: str
    """With the secrets in their places; for the source alone, never for a message."""
    secrets: tuple[str, ...]

    def scrubbed(self, text: str) -> str:
        """Return `text` without any of the secrets, as they are or as a URL spells them."""
        for secret in self.secrets:
            for spelling in (secret, quote(secret, safe="")):
                text = text.replace(spelling, _HIDDEN)
        return text

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the address, names in lower case, secrets in their places."""
        return {name.lower(): value for name, value in parse_qsl(urlsplit(self.opened).query, keep_blank_values=True)}

    @property
    def base(self) -> str:
        """The address without user, parameters and fragment."""
        parts = urlsplit(self.opened)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password of the address, None without a user."""
        parts = urlsplit(self.opened)
        return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def read_address(text: str, environment: Mapping[str, str]) -> Address:
    """Return what an address means, its secrets taken from `environment`.

    Raises
    ------
    SourceError : a secret is spelt out, a variable is not set, or it is no address of a kind that can be read.
    """
    written = spelt_out_secret(text)
    if written:
        raise SourceError(
            f"地址里写明了{written}，不予保存", remedy="请改写成 ${变量名}，例如 ${GIS_PASSWORD}，并把口令放进这个环境变量"
        )
    names = _NAME.findall(text)
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise SourceError(
            f"环境变量 {'、'.join(missing)} 没有设置，地址中的口令取不到", source=text,
            remedy=f"Windows 用 set {missing[0]}=…，Linux 用 export {missing[0]}=… 后重试",
        )  # fmt: skip
    secrets = tuple(environment[name] for name in names)
    opened = _NAME.sub(lambda match: quote(environment[match[1]], safe=""), text)
    return Address(kind=_kind(text), text=text, opened=opened, secrets=secrets)


def _kind(text: str) -> Kind:
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if scheme in ("postgresql", "postgres"):
        return "postgis"
    if scheme in ("http", "https"):
        if _ARCGIS.search(parts.path.rstrip("/")):
            return "arcgis"
        if any(n.lower() == "service" and v.lower() == "wfs" for n, v in parse_qsl(parts.query)):
            return "wfs"
        if _OAPIF.search(parts.path):
            return "oapif"
        raise SourceError("认不出是哪种服务", source=text, remedy=f"应为：{_FORMS}")
    if len(scheme) > 1:  # one letter is a drive
        raise SourceError(f"不支持 {scheme}:// 这种地址", source=text, remedy=f"应为：{_FORMS}")
    return "files"


def file_of(address: Address, root: Path) -> Path:
    """Return the file or folder an address of kind ``files`` names, relative to the workspace's folder `root`."""
    return root / address.text
