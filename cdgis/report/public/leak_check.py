"""Search of finished public pages for what the public must not know: texts and places, payloads unpacked.

A withheld text counts wherever it stands: in the markup, in an attribute, in a script, in a packed payload, written
with entities, percent signs, escapes, other widths of letters, or with spaces and hyphens between its characters.
A place counts as degrees, degrees-minutes-seconds, Gauss-Krüger metres, a vertex of a packed layer or of a drawing,
when it lies within 10 m of a withheld vertex. A number of four or five digits counts where it stands alone (in a cell,
an attribute, a payload), not within a coordinate, a longer number, a code or one written with thousands separators,
and not where it is a year or stands alone in a trusted text: any area may equal it otherwise.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.errors import ReportError
from cdgis.geometry.geodesy import lonlat_points
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.map.generalise import Lonlat
from cdgis.report.public.page_content import PageContent, bare, read_page, spaced
from cdgis.report.public.reduction import Withheld

NEAR_M = 10.0
_GRAM = 4
_NUMBER = re.compile(r"[+-]?[\d.,]+")
_LEAST_DIGITS = 6
_SHORT_NUMBER = re.compile(r"\d{4,5}")
_YEARS = range(1900, 2101)
_ALONE = re.compile(r"(?<![\w.,:/%#+-])\d{4,5}(?![\w:/%-]|[.,]\d)")
_NUMBERED = re.compile(r"\d{6}")
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One thing found on one page."""

    page: str
    what: str
    """The withheld text, or the place in degrees."""
    where: str
    """Which way it was written: 正文, 载荷, 坐标, 图形..."""


def check_pages(pages: Iterable[tuple[str, str]], withheld: Withheld, *, trusted: Sequence[str]) -> None:
    """Pass when no page leaks.

    Parameters
    ----------
    pages : (path, HTML) of each page.
    trusted : texts that are public by nature (law, templates, names of shown zones); what stands there is no secret.

    Raises
    ------
    ReportError : something withheld was found; the message names the first twenty finds.
    """
    leaks = find_leaks(pages, withheld, trusted=trusted)
    if leaks:
        listed = "；".join(f"{leak.page} 的{leak.where}中有 {leak.what}" for leak in leaks[:_MOST_SHOWN])
        raise ReportError(
            f"公开版未写出：发现 {len(leaks)} 处不得公开的内容：{listed}",
            remedy="请从源数据或公开设置中去掉后重新发布",
        )


def find_leaks(pages: Iterable[tuple[str, str]], withheld: Withheld, *, trusted: Sequence[str]) -> list[Leak]:
    """Return everything withheld that stands on a page, page by page."""
    texts, places = _Texts(withheld.texts, trusted), _Places(withheld.lonlat)
    leaks = []
    for path, html in pages:
        content = read_page(html)
        leaks += [Leak(page=path, what=f"“{text}”", where=where) for text, where in texts.found(content)]
        leaks += [Leak(page=path, what=what, where=where) for what, where in places.found(content)]
    return leaks


class _Texts:
    """Withheld texts by their first four characters, so that a page is read once for all of them."""

    def __init__(self, texts: frozenset[str], trusted: Sequence[str]) -> None:
        public = spaced("\n".join(trusted))
        public_bare = bare(public)
        self._spaced: dict[str, list[tuple[str, str]]] = {}
        self._bare: dict[str, list[tuple[str, str]]] = {}
        self._numbers = frozenset(filter(_is_short_secret, texts)) - set(_ALONE.findall(public))
        for text in sorted(texts):
            kept, plain = spaced(text), bare(text)
            if _is_small_number(text) or len(plain) < _GRAM:
                continue
            # A telephone or credit number is a secret even where a shown name happens to hold it.
            if not _NUMBERED.search(plain) and (kept in public or plain in public_bare):
                continue
            self._spaced.setdefault(kept[:_GRAM], []).append((kept, text))
            if _is_telling(plain):
                self._bare.setdefault(plain[:_GRAM], []).append((plain, text))

    def found(self, content: PageContent) -> list[tuple[str, str]]:
        """Return (text, where) of each withheld text on the page, once a page."""
        finds: dict[str, str] = {}
        for where, kept, plain in content.texts:
            for candidate, original in _candidates(self._spaced, kept):
                if original not in finds and _stands_in(candidate, kept):
                    finds[original] = where
            for candidate, original in _candidates(self._bare, plain):
                if original not in finds and candidate in plain:
                    finds[original] = where
            for number in sorted(self._numbers & set(_ALONE.findall(kept))):
                finds.setdefault(number, where)
        return list(finds.items())


def _candidates(by_gram: Mapping[str, Sequence[tuple[str, str]]], text: str) -> Iterator[tuple[str, str]]:
    grams = {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)}
    for gram in sorted(grams & by_gram.keys()):
        yield from by_gram[gram]


def _is_small_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and sum(char.isdigit() for char in text) < _LEAST_DIGITS


def _is_short_secret(text: str) -> bool:
    return bool(_SHORT_NUMBER.fullmatch(text)) and int(text) not in _YEARS


def _is_telling(plain: str) -> bool:
    """Whether bare characters in a row cannot be chance: Chinese, eight letters and digits, or eleven digits."""
    if not plain.isascii():
        return True
    return len(plain) >= (11 if plain.isdigit() else 8)


def _stands_in(text: str, page: str) -> bool:
    """Whether a text stands on a page; one that begins or ends with a letter or digit must not go on there."""
    before = r"(?<![0-9a-z.])" if text[0].isascii() and text[0].isalnum() else ""
    after = r"(?![0-9a-z])" if text[-1].isascii() and text[-1].isalnum() else ""
    return text in page and re.search(before + re.escape(text) + after, page) is not None


class _Places:
    """Withheld vertices, to be asked for those near a place."""

    def __init__(self, lonlat: Lonlat) -> None:
        self._east = METRES_PER_DEGREE * float(np.cos(np.radians(np.median(lonlat[:, 1])))) if len(lonlat) else 1.0
        self._tree = shapely.STRtree(lonlat_points(*self._metres(lonlat).T))

    def _metres(self, lonlat: Lonlat) -> Lonlat:
        return np.asarray(lonlat, dtype=float).reshape(-1, 2) * (self._east, METRES_PER_DEGREE)

    def found(self, content: PageContent) -> list[tuple[str, str]]:
        """Return (place, where) of each coordinate within 10 m of a withheld vertex, one a way of writing."""
        finds = []
        for where, lonlat in content.places:
            places = np.unique(lonlat, axis=0)
            near = self._tree.query(lonlat_points(*self._metres(places).T), predicate="dwithin", distance=NEAR_M)[0]
            if len(near):
                lon, lat = places[near[0]]
                finds.append((f"坐标 {lon:.6f}, {lat:.6f}（共 {len(set(near.tolist()))} 处）", where))
        return finds
