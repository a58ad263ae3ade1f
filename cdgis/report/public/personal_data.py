"""Search of everything that goes out for personal data and coordinates, wherever a text may stand.

The whitelist of columns says which cells pass, not what people wrote into them: a name may hold a telephone number,
the reason of a switched-off rule a person, a layer's path a place. So every text of the reduced assessment is read,
field by field whatever fields there are, and the finished pages once more. The patterns are data
(cdgis/data/personal_data.toml); a text that may go out all the same is named in `[publish] public_texts`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import tomli as tomllib
from pydantic import BaseModel

from cdgis.core.errors import ReportError
from cdgis.core.safe_text import cleaned
from cdgis.report.public.page_content import visible_texts
from cdgis.results.assessment import Assessment

_MOST_SHOWN = 20
_OWN_HASH = re.compile(
    r"cdgis-\d{8}-[0-9a-f]{12}|\bframe-[0-9a-f]{12}\.geojson|\b(?=[0-9]*[a-f])[0-9a-f]{12,64}\b|[a-z0-9+/]{80,}={0,2}", re.IGNORECASE
)
"""Report numbers, checksums and encoded pictures of ours: their digits are chance."""
_KEYS = ("subject_id", "zone_id", "area_id", "zone_layer")
_DIGESTS = ("sha256",)
_SHOWN = (12, 16)
"""So many characters of a checksum stand on pages."""
_REMEDY = (
    "请在所指的文件里改写该处文字（删去号码、姓名、坐标），再重新发布；"
    "确属可以公开的（如公开的举报电话），把找到的文字原样列入 cdgis.toml [publish] public_texts"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way personal data or a place is written."""

    title: str
    regex: re.Pattern[str]
    pages: bool
    """Whether finished pages are searched for it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """One text that must not go out."""

    place: str
    title: str
    value: str


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return the patterns in the order of their file."""
    text = files("cdgis").joinpath("data/personal_data.toml").read_text(encoding="utf-8")
    return tuple(
        Pattern(title=item["title"], regex=re.compile(item["regex"], re.IGNORECASE), pages=item["pages"])
        for item in tomllib.loads(text)["pattern"]
    )


def check_outgoing(public: Assessment) -> None:
    """Pass when no text of a reduced assessment holds personal data or a coordinate.

    Raises
    ------
    ReportError : the message names the first twenty by place and value.
    """
    _refuse(find_outgoing(public))


def check_written(pages: Iterable[tuple[str, str]], public: Assessment) -> None:
    """Pass when no finished page holds personal data (coordinates on pages are the leak check's business).

    Raises
    ------
    ReportError : the message names the first twenty by the first page that holds them and value.
    """
    first: dict[str, str] = {}
    for path, page in pages:
        for text in visible_texts(page):
            first.setdefault(text, path)
    written = ((f"页面 {path}", text) for text, path in first.items())
    kept = tuple(pattern for pattern in patterns() if pattern.pages)
    _refuse(find_in(written, kept, (*public.settings.publish.public_texts, *_shown_checksums(public))))


def _shown_checksums(public: Assessment) -> list[str]:
    """Return what pages show of checksums of inputs where it is all decimal, so that it reads like somebody's number."""
    records = (*public.inputs, *(layer.record for layer in public.layers.values()))
    shown = (record.sha256[:length] for record in records for length in _SHOWN)
    return [text for text in shown if text.isdecimal()]


def find_outgoing(public: Assessment) -> list[Find]:
    """Return every piece of personal data and every coordinate in the texts of a reduced assessment."""
    return find_in(_texts(public, ""), patterns(), public.settings.publish.public_texts)


def _refuse(finds: Sequence[Find]) -> None:
    if finds:
        listed = "；".join(f"{find.place}中有{find.title}“{find.value}”" for find in finds[:_MOST_SHOWN])
        more = f"（只列前 {_MOST_SHOWN} 处）" if len(finds) > _MOST_SHOWN else ""
        raise ReportError(f"公开版未写出：发现 {len(finds)} 处个人信息或坐标{more}：{listed}", remedy=_REMEDY)


def find_in(texts: Iterable[tuple[str, str]], searched: Sequence[Pattern], allowed: Sequence[str] = ()) -> list[Find]:
    """Return what the patterns find in (place, text) pairs, each once; what stands in an allowed text passes."""
    public = [_plain(text) for text in allowed]
    found: dict[Find, None] = {}
    for place, text in texts:
        plain = _plain(text)
        for pattern in searched:
            for match in pattern.regex.finditer(plain):
                value = match[0].strip()
                if not any(value in text for text in public):
                    found[Find(place=place, title=pattern.title, value=value)] = None
    return list(found)


def _plain(text: str) -> str:
    """Return a text in one width of letters, without characters nobody sees and without hashes of ours."""
    return _OWN_HASH.sub(" ", cleaned(unicodedata.normalize("NFKC", cleaned(text))))


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield (place, text) of every text within a value: models, dataclasses, tables, mappings, lists."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, pd.DataFrame):
        yield from _cells(value, place)
    elif isinstance(value, BaseModel):
        yield from _texts(value.model_dump(mode="json"), place)
    elif is_dataclass(value):
        for part in fields(value):
            if part.repr and part.name not in _DIGESTS:
                yield from _texts(getattr(value, part.name), _joined(place, part.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key, f"{place} 的名目")
            yield from _texts(item, _joined(place, str(key)))
    elif isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value, start=1):
            yield from _texts(item, f"{place}第 {number} 项")


def _joined(place: str, name: str) -> str:
    words = {"tables": "表", "layers": "图层", "settings": "cdgis.toml", "catalog": "图层目录", "rulebook": "规则"}
    return f"{place} {words.get(name, name)}".strip()


def _cells(frame: pd.DataFrame, place: str) -> Iterator[tuple[str, str]]:
    """Yield each different text of each column, with the key of the first row that holds it."""
    key = next((name for name in _KEYS if name in frame.columns), None)
    for name in frame.columns:
        if name == "geometry" or pd.api.types.is_numeric_dtype(frame[name]):
            continue
        unique = frame.drop_duplicates(subset=[name])
        keys = unique[key].astype(str) if key else unique.index.astype(str)
        for row, text in zip(keys, unique[name].astype(str), strict=True):
            yield f"{place} 的 {name}（{row}）", text
