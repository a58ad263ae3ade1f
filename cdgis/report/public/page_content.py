"""Texts and places a finished page holds, however they are written (for the leak check)."""

import html
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote
from zlib import decompress
from zlib import error as ZlibError

import numpy as np
import shapely

from cdgis.core.errors import ReportError
from cdgis.geometry.gauss_kruger import gauss_kruger_epsg
from cdgis.geometry.geodesy import to_lonlat
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.map.generalise import Lonlat
from cdgis.report.map.outline_encoding import inflated, unpack

_PAYLOAD = re.compile(r'<script type="application/octet-stream"[^>]*>([A-Za-z0-9+/=\s]*)</script>')
_DRAWING = re.compile(
    r'<svg viewBox="0 0 (?P<w>\d+) (?P<h>\d+)"[^>]*data-frame="(?P<frame>[-\d. ]+)">(?P<body>.*?)</svg>', re.S
)
_PATH = re.compile(r'<path class="(?!tick|whisker)\w+" d="([^"]*)"')
_CIRCLE = re.compile(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"')
_MOVES = re.compile(r"([MlLzZ])([^MlLzZ]*)")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/=])")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_DECIMAL = re.compile(r"(?<![\d.])(\d{1,3}\.\d{4,})(?!\d)")
_DMS = re.compile(r"(\d{1,3})\s*[°度]\s*(\d{1,2})\s*[′'分]\s*(\d{1,2}(?:\.\d+)?)\s*[″\"秒]")
_METRES = re.compile(r"(?<![\d.])(\d{6,8}(?:\.\d+)?)(?![\d])")
_PUNCTUATION = re.compile(r"[\s\-_.·/\\|,，、;；:：()（）\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_SCRIPT = re.compile(r"<(script|style)\b[^>]*>.*?</\1>", re.S | re.I)
_TEXT = re.compile(r">([^<>]+)<")
_ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"<>]*)"')
_FIGURES = frozenset(("d", "points", "transform", "viewbox", "style", "class", "content", "data-frame", "integrity"))
"""Attributes that hold drawings or rules of the page, no words."""
_ROW_ENDS = re.compile(r"</(?:tr|li|p|h\d|dd|option|details|figcaption|text|title|article)>|(?<=>)\s*(?=<tr\b)")
_SCRIPT_ROW_ENDS = re.compile(r"[{}\n]")
_MERIDIANS = tuple(range(75, 136, 3))
"""Central meridians tried for eastings without a zone."""
_COARSE_PIXEL_M = 100.0
"""A drawing whose pixel is wider than this tells no place to 10 m, for it is written to a tenth of a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """A page taken apart."""

    texts: tuple[tuple[str, str, str], ...]
    """(where, text with its punctuation, text of bare characters); letters of one width, small."""
    places: tuple[tuple[str, Lonlat], ...]
    """(where, places in degrees)."""


def bare(text: str) -> str:
    """Return a text as it is compared: one width of letters, small letters, nothing between the characters."""
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())


def read_page(page: str) -> PageContent:
    """Return all texts and places of a page, its packed payloads and drawings included."""
    payloads = [inflated(text) for text in _PAYLOAD.findall(page)]
    words = html.unescape(_DRAWING.sub(_words_of_drawing, _PAYLOAD.sub("", page)))
    written = [("正文", words), *(("编码文字", text) for text in _decoded(words))]
    written += [("载荷", text) for text in _json_texts(payloads)]
    texts = tuple((where, spaced(text), bare(text)) for where, text in written)
    places = [("坐标", _numbers_as_places(text)) for _, text in written]
    places += [("图层载荷", _vertices(text)) for text in _PAYLOAD.findall(page)]
    places += [("示意图", _drawn(match)) for match in _DRAWING.finditer(page)]
    return PageContent(texts=texts, places=tuple((where, lonlat) for where, lonlat in places if len(lonlat)))


def visible_texts(page: str) -> Iterator[str]:
    """Yield the words of a page one by one: text nodes, attributes that hold words, texts in packed payloads."""
    for raw in map(inflated, _PAYLOAD.findall(page)):
        with suppress(ValueError):
            yield from _strings(json.loads(raw))
    markup = _SCRIPT.sub("", page)
    yield from (html.unescape(text) for text in _TEXT.findall(markup) if not text.isspace())
    yield from (html.unescape(text) for name, text in _ATTRIBUTE.findall(markup) if text and name not in _FIGURES)


def page_rows(page: str) -> list[str]:
    """Return a page as the rows a reader takes together: table rows, paragraphs, list items, records of payloads."""
    records: list[str] = []
    for raw in map(inflated, _PAYLOAD.findall(page)):
        with suppress(ValueError):
            records += _records(json.loads(raw))
    markup = _PAYLOAD.sub("", page)
    scripts = [row for match in _SCRIPT.finditer(markup) for row in _SCRIPT_ROW_ENDS.split(match[0])]
    rows = _ROW_ENDS.split(_DRAWING.sub(_words_of_drawing, _SCRIPT.sub("", markup)))
    return [spaced(html.unescape(row)) for row in (*rows, *scripts, *records)]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _records(value: object, name: str = "") -> Iterator[str]:
    """Yield each list or mapping that holds values of its own, named by its key; equal lists side by side as rows."""
    if not isinstance(value, dict | list):
        return
    items = list(value.items()) if isinstance(value, dict) else [("", item) for item in value]
    own = [(key, item) for key, item in items if not isinstance(item, dict | list)]
    if own:
        yield " ".join((name, *(f"{key} {item}" for key, item in own)))
    columns = [item for _, item in items if isinstance(item, list)]
    if isinstance(value, dict) and len(columns) > 1 and len({len(column) for column in columns}) == 1:
        for row in zip(*columns, strict=True):
            yield " ".join((name, *(str(cell) for cell in row if not isinstance(cell, dict | list))))
    for key, item in items:
        yield from _records(item, key or name)


def spaced(text: str) -> str:
    """Return a text with its punctuation, so that a number does not run into its neighbour."""
    return unicodedata.normalize("NFKC", text).casefold()


def _words_of_drawing(match: re.Match[str]) -> str:
    """Return a drawing's titles and labels without its numbers."""
    return re.sub(r"<(?:path|circle|g)\b[^>]*>", " ", match["body"])


def _decoded(text: str) -> Iterator[str]:
    """Yield what percent signs, escapes and base64 hide."""
    if "%" in text:
        yield unquote(text)
    if "\\" in text:
        yield _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), text)
    for found in _BASE64.findall(text):
        yield from _from_base64(found)


def _from_base64(text: str) -> Iterator[str]:
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return
    candidates = [raw]
    with suppress(ZlibError):
        candidates.append(decompress(raw))
    for candidate in candidates:
        try:
            yield candidate.decode("utf-8")
        except UnicodeDecodeError:
            continue


def _json_texts(payloads: Iterable[bytes]) -> Iterator[str]:
    for raw in payloads:
        try:
            yield json.dumps(json.loads(raw), ensure_ascii=False)
        except ValueError:
            continue


def _vertices(payload: str) -> Lonlat:
    try:
        return unpack(payload)[0].lonlat
    except ReportError:
        return np.empty((0, 2))


def _numbers_as_places(text: str) -> Lonlat:
    """Return neighbouring numbers that could be a longitude and a latitude, in either order and any spelling."""
    degrees = [float(number) for number in _DECIMAL.findall(text)]
    dms = [int(d) + int(m) / 60 + float(s) / 3600 for d, m, s in _DMS.findall(text)]
    metres = [float(number) for number in _METRES.findall(text)]
    pairs = [*_pairs(degrees), *_pairs(dms)]
    return np.concatenate((np.array(pairs, dtype=float).reshape(-1, 2), *_from_metres(_metric_pairs(metres))))


def _pairs(numbers: list[float]) -> Iterator[tuple[float, float]]:
    for a, b in zip(numbers, numbers[1:], strict=False):
        lon, lat = max(a, b), min(a, b)
        if 73 <= lon <= 136 and 3 <= lat <= 54:
            yield lon, lat


def _metric_pairs(numbers: list[float]) -> list[tuple[float, float]]:
    """Return (easting with zone prefix or not, northing) of neighbouring numbers that could be Gauss-Krüger metres."""
    pairs = []
    for a, b in zip(numbers, numbers[1:], strict=False):
        for east, north in ((a, b), (b, a)):
            if 1e6 <= north <= 6e6 and (1e5 <= east < 1e6 or 25e6 <= east < 46e6):
                pairs.append((east, north))
    return pairs


def _from_metres(pairs: list[tuple[float, float]]) -> Iterator[Lonlat]:
    """Yield Gauss-Krüger pairs in degrees: by their zone prefix, or in every zone."""
    metres = np.array(pairs, dtype=float).reshape(-1, 2)
    zone = np.floor(metres[:, 0] / 1e6).astype(int)
    for number in sorted(set(zone.tolist())):
        chosen = metres[zone == number] - (number * 1e6, 0)
        for meridian in [3 * number] if number else _MERIDIANS:
            epsg = gauss_kruger_epsg(zone_width_deg=3, central_meridian_deg=meridian, with_prefix=False)
            yield shapely.get_coordinates(to_lonlat(shapely.points(chosen), epsg))


def _drawn(match: re.Match[str]) -> Lonlat:
    """Return the vertices of a drawing that lie within its frame, in degrees."""
    west, south, east, north = (float(number) for number in match["frame"].split())
    width, height = float(match["w"]), float(match["h"])
    pixel_m = (east - west) / width * METRES_PER_DEGREE * np.cos(np.radians(north))
    if pixel_m > _COARSE_PIXEL_M:
        return np.empty((0, 2))
    points = [point for path in _PATH.findall(match["body"]) for point in path_points(path)]
    points += [(float(x), float(y)) for x, y in _CIRCLE.findall(match["body"])]
    px = np.array(points, dtype=float).reshape(-1, 2)
    inside = (px > 0).all(axis=1) & (px[:, 0] < width) & (px[:, 1] < height)
    x, y = px[inside].T
    return np.column_stack((west + x / width * (east - west), north - y / height * (north - south)))


def path_points(path: str) -> Iterator[tuple[float, float]]:
    """Yield the points of a path of M, l and z commands, in pixels."""
    x = y = 0.0
    for command, rest in _MOVES.findall(path):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", rest)]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=False):
            x, y = (x + dx, y + dy) if command == "l" else (dx, dy)
            yield x, y
