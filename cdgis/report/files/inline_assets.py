"""Pages that carry everything they need, run nothing they did not bring, and fetch nothing.

Scripts and styles are inlined, data travels as JSON that cannot leave its element, and a content
security policy names the hash of each script, so that text from data can never become code.
"""

import base64
import json
import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup
from xstatic.pkg import leaflet

from cdgis.core.errors import ReportError

_JSON_ESCAPES: dict[str, str | int | None] = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_CLOSES_ELEMENT = re.compile(r"</(script|style)|<!--", re.IGNORECASE)
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_CSS_URL = re.compile(r"url\([^)]*\)")


def json_for_script(content: object) -> Markup:
    """Return `content` as JSON that is safe inside ``<script type="application/json">``.

    Nothing in it can close the element or open a comment; ``JSON.parse`` gives back the same text.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(str.maketrans(_JSON_ESCAPES)))


@cache
def template_text(name: str) -> str:
    """Return one of our own files in templates/, with line ends normalised as a browser does before hashing."""
    return _own_file(f"templates/{name}")


@cache
def static_text(name: str) -> str:
    """Return one of our own scripts in static/, line ends normalised alike."""
    return _own_file(f"static/{name}")


def _own_file(name: str) -> str:
    return files("cdgis.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def leaflet_script() -> str:
    """Return Leaflet's own script from the installed package, its licence header kept, its source map link cut."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    return _SOURCE_MAP.sub("", text.replace("\r\n", "\n"))


@cache
def leaflet_style() -> str:
    """Return Leaflet's style sheet without its images, which our controls do not use."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    return _CSS_URL.sub("none", text.replace("\r\n", "\n"))


def inline_code(text: str) -> Markup:
    """Return `text` ready to stand inside a script or style element.

    Raises
    ------
    ReportError : the text would close its own element.
    """
    found = _CLOSES_ELEMENT.search(text)
    if found:
        raise ReportError(
            f"内嵌脚本或样式中含有 {found.group()!r}，会提前结束所在元素", remedy="请检查 templates/ 中的文件"
        )
    return Markup(text)


def content_policy(scripts: Sequence[str], *, image_hosts: Sequence[str] = ()) -> str:
    """Return the content security policy under which only `scripts`, byte by byte, may run.

    Nothing may be requested, save images from `image_hosts`: a tile service the reader turns on.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(sha256(text.encode('utf-8')).digest()).decode()}'" for text in scripts
    )
    images = " ".join(("data:", *image_hosts))
    return (
        f"default-src 'none'; script-src {hashes or chr(39) + 'none' + chr(39)}; style-src 'unsafe-inline'; "
        f"img-src {images}; base-uri 'none'; form-action 'none'"
    )
