"""Search of finished public pages for what the public must not know: texts and places, payloads unpacked.

A withheld text counts wherever it stands: in the markup, in an attribute, in a script, in a packed payload, written
with entities, percent signs, escapes, other widths of letters, or with spaces and hyphens between its characters.
A place counts as degrees, degrees-minutes-seconds, Gauss-Krüger metres, a vertex of a packed layer or of a drawing,
when it lies within 10 m of a withheld vertex. A number of four or five digits is the withheld one only where a reader
can tell whose it is: standing alone (not within a coordinate, a longer number, a code or one written with thousands
separators) on the own page of the subject or zone it belongs to, or in a row that names it. Elsewhere it is some other
number, as it is where it is a year or stands in a trusted text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import shapely

from cdgis.core.errors import ReportError
from cdgis.geometry.geodesy import lonlat_points
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.map.generalise import Lonlat
from cdgis.report.public.page_content import PageContent, bare, page_rows, read_page, spaced
from cdgis.report.public.withheld import Origin, Withheld
from cdgis.report.table_rows import page_names

NEAR_M = 10.0
_GRAM = 4
_NUMBER = re.compile(r"[+-]?[\d.,]+")
_LEAST_DIGITS = 6
_SHORT_NUMBER = re.compile(r"\d{4,5}")
_YEARS = range(1900, 2101)
_ALONE = re.compile(r"(?<![\w.,:/%#+-])\d{4,5}(?![\w:/%-]|[.,]\d)")
_NUMBERED = re.compile(r"\d{6}")
_MOST_SHOWN = 20
_OWN_NUMBER = "同一对象的页或行"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One thing found on one page."""

    page: str
    what: str
    """The withheld text, or the place in degrees."""
    where: str
    """Which way it was written: 正文, 载荷, 坐标, 图形..."""
    source: str = ""
    """The cell it comes from, in the reader's words."""


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
        listed = "；".join(f"{leak.page} 的{leak.where}中有 {leak.what}{leak.source}" for leak in leaks[:_MOST_SHOWN])
        more = f"（只列前 {_MOST_SHOWN} 处）" if len(leaks) > _MOST_SHOWN else ""
        raise ReportError(
            f"公开版未写出：发现 {len(leaks)} 处不得公开的内容{more}：{listed}", remedy="".join(_remedies(leaks))
        )


def _remedies(leaks: Sequence[Leak]) -> Iterator[str]:
    """Yield what to do about each kind of leak found."""
    if any(leak.where == _OWN_NUMBER for leak in leaks):
        yield (
            "同一对象的页或行里出现了它不公开的数：确是该数的，请从所指的单元格去掉，或把该属性列入 cdgis.toml "
            "[publish] public_attributes；只是碰巧相等的，核对后把该数列入 [publish] public_texts。"
        )
    if any(leak.source and leak.where != _OWN_NUMBER for leak in leaks):
        yield (
            "文字请从所指的单元格去掉或改写；可以公开的，属性列入 [publish] public_attributes，"
            "文字原样列入 [publish] public_texts。"
        )
    if any(not leak.source for leak in leaks):
        yield "坐标请从所在的文字里去掉；仍有的，请调大 [publish] grid_deg。"
    yield "改后重新发布"


def find_leaks(pages: Iterable[tuple[str, str]], withheld: Withheld, *, trusted: Sequence[str]) -> list[Leak]:
    """Return everything withheld that stands on a page, page by page."""
    texts, numbers = _Texts(withheld.texts, trusted), _Numbers(withheld.texts, trusted)
    places, leaks = _Places(withheld.lonlat), []
    for path, html in pages:
        content = read_page(html)
        found = {**dict(numbers.found(path, html, content)), **dict(texts.found(content))}
        leaks += [
            Leak(page=path, what=f"“{text}”", where=where, source=_source(withheld.texts[text]))
            for text, where in found.items()
        ]
        leaks += [Leak(page=path, what=what, where=where) for what, where in places.found(content)]
    return leaks


def _source(origins: Sequence[Origin]) -> str:
    more = f"等 {len(origins)} 处" if len(origins) > 1 else ""
    return f"（来自{origins[0].place}{more}）"


class _Texts:
    """Withheld texts by their first four characters, so that a page is read once for all of them."""

    def __init__(self, texts: Iterable[str], trusted: Sequence[str]) -> None:
        public = spaced("\n".join(trusted))
        public_bare = bare(public)
        self._spaced: dict[str, list[tuple[str, str]]] = {}
        self._bare: dict[str, list[tuple[str, str]]] = {}
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
        return list(finds.items())


class _Numbers:
    """Withheld numbers of four or five digits, each with whose it is: by itself such a number says nothing."""

    def __init__(self, texts: Mapping[str, Sequence[Origin]], trusted: Sequence[str]) -> None:
        public = set(_ALONE.findall(spaced("\n".join(trusted))))
        self._owners = {
            text: {origin.owner for origin in origins}
            for text, origins in texts.items()
            if _is_short_secret(text) and text not in public
        }

    def found(self, path: str, html: str, content: PageContent) -> Iterator[tuple[str, str]]:
        """Yield (number, where) of each number that stands alone on its owner's page or in a row that names it."""
        there = {number for _, kept, _ in content.texts for number in _ALONE.findall(kept)} & self._owners.keys()
        rows = page_rows(html) if there else []
        for number in sorted(there):
            owners = self._owners[number]
            named = [row for row in rows if number in row and number in _ALONE.findall(row)]
            if any(_is_page_of(path, owner) for owner in owners) or any(
                _names(row, o) for row in named for o in owners
            ):
                yield number, _OWN_NUMBER


def _is_page_of(path: str, owner: Sequence[str]) -> bool:
    """Whether a page is the own page of a subject or zone, whose ids and name are given."""
    names = {page_names(ids)[key] for key in owner for ids in ([key], [key] * 2)}
    return PurePosixPath(path).name in names


def _names(row: str, owner: Sequence[str]) -> bool:
    """Whether a row names somebody; an id of one to three digits names nobody, for any count may equal it."""
    return any(_stands_in(spaced(name), row) for name in owner if not (name.isdigit() and len(name) < _GRAM))


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
