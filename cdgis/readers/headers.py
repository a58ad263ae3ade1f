"""The header row of a sheet, and what each of its columns means."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from cdgis.readers.attribute_columns import (
    AttributeColumn,
    attribute_headers,
    column_aliases,
    match_attribute,
    plain,
    without_brackets,
)
from cdgis.readers.coordinates import Datum, datum_named
from cdgis.readers.packed_angles import FORMS, header_form
from cdgis.readers.sheets import Sheet

_SEARCHED_ROWS = 25
_LEAST_COLUMNS = 2
"""Fewer recognised columns than this is a sentence that happens to hold a word, not a header."""
_PART_WORDS = {"度": "d", "°": "d", "deg": "d", "分": "m", "′": "m", "'": "m", "min": "m",
               "秒": "s", "″": "s", '"': "s", "sec": "s"}  # fmt: skip
_PART_TAIL = re.compile("^(.+?)[(_-]?(" + "|".join(map(re.escape, _PART_WORDS)) + r")\)?$")
_AXES = ("lon", "lat")
_PLACING = ("pair", "east", "north", "wkt", "datum")
"""Columns, beside angles, of which a table may have one."""
_LETTER_AXIS = re.compile(r"(.*坐标系|point_?|平面坐标|坐标)?[xy](_?coord|坐标)?(?:\(.*\)|[/,_](?:m|米))?$")
_UNIT_TAIL = re.compile(r"[/,_](?:m|米)$")
_SYSTEM_HEAD = re.compile(r"^.*坐标系(?=.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Meaning of a sheet's columns, by index."""

    labels: tuple[str, ...]
    roles: Mapping[str, int]
    """Standard subject column -> index."""
    angles: Mapping[tuple[str, str], int]
    """(lon|lat, d|m|s or "" for the whole angle) -> index."""
    attributes: Mapping[int, AttributeColumn]
    datum: Datum = "undeclared"
    """Datum named in the coordinate headers or above them."""
    forms: Mapping[str, str] = field(default_factory=dict)
    """lon|lat -> how its header says the angle is written: a packed form, decimal, or "" when it does not say."""
    repeated: tuple[tuple[int, int], ...] = ()
    """(later, first) columns that mean the same: one coordinate under several names, or one name twice."""

    @property
    def has_letter_axes(self) -> bool:
        """Whether the plane columns are called X and Y: surveyors count X northwards, GIS programs eastwards."""
        pair = [self.labels[self.roles[role]] for role in ("east", "north") if role in self.roles]
        return len(pair) == len(_AXES) and all(_LETTER_AXIS.match(plain(label)) for label in pair)

    @property
    def score(self) -> int:
        """How many columns are understood."""
        return len(self.roles) + len(self.angles) + len(self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the header is and what it says."""

    columns: Columns
    first_data_row: int
    """0-based index into the sheet's rows."""
    titles: tuple[str, ...] = field(default=())
    """Texts above the header."""


@cache
def _subject_spellings() -> Mapping[str, str]:
    return {plain(name): column for column, names in column_aliases("subject").items() for name in (column, *names)}


@lru_cache(maxsize=1 << 12)
def subject_column(header: str) -> str | None:
    """Return the standard subject column that a header means, or None."""
    spellings = _subject_spellings()
    bare = without_brackets(header)
    shapes = (plain(header), bare, _UNIT_TAIL.sub("", bare), _SYSTEM_HEAD.sub("", _UNIT_TAIL.sub("", bare)))
    return next((spellings[shape] for shape in shapes if shape in spellings), None)


@lru_cache(maxsize=1 << 12)
def is_understood(header: str) -> bool:
    """Return whether a header means a standard column, a coordinate or an attribute."""
    meant = (subject_column(header), match_attribute(header), _angle_column(header))
    return any(meaning is not None for meaning in meant)


def header_meanings() -> Iterator[tuple[str, str]]:
    """Yield (header, what it means) of every spelling that tables may use."""
    for column, names in column_aliases("subject").items():
        yield from ((name, column) for name in names)
    yield from attribute_headers()


def find_header(sheet: Sheet) -> Header | None:
    """Return the header that makes sense of most columns, one row or two rows high; None when there is none."""
    best: Header | None = None
    best_rank = (0, False)
    for index in range(min(len(sheet.rows), _SEARCHED_ROWS)):
        for height in (1, 2):
            if index + height > len(sheet.rows):
                continue
            labels = _labels(sheet, index, height)
            columns = resolve_columns(labels)
            # of two that make sense of equally much, a line of its own is the header, not a title with it
            rank = (columns.score, height == 1)
            if columns.score >= _LEAST_COLUMNS and rank > best_rank:
                best_rank = rank
                titles = tuple(dict.fromkeys(cell for row in sheet.rows[:index] for cell in row if cell))
                best = Header(columns=columns, first_data_row=index + height, titles=titles)
    return best


def _labels(sheet: Sheet, index: int, height: int) -> tuple[str, ...]:
    top = sheet.rows[index]
    if height == 1:
        return top
    bottom = sheet.rows[index + 1]
    labels: list[str] = []
    left = ""
    for upper, lower in zip(top, bottom, strict=False):
        left = upper or (left if sheet.fills_headers else "")
        label = upper if lower in ("", upper) else left + lower
        labels.append(label)
    return tuple(labels)


def resolve_columns(labels: Sequence[str]) -> Columns:
    """Return what each column means; of several with one meaning the first counts, and the others are told as repeated."""
    roles: dict[str, int] = {}
    angles: dict[tuple[str, str], int] = {}
    attributes: dict[int, AttributeColumn] = {}
    datum: Datum = "undeclared"
    forms: dict[str, str] = {}
    first: dict[object, int] = {}
    repeated: list[tuple[int, int]] = []
    for index, label in enumerate(labels):
        angle = _angle_column(label) if label else None
        role = subject_column(label) if label else None
        attribute = match_attribute(label) if label else None
        if angle:
            angles.setdefault(angle, index)
            forms.setdefault(angle[0], header_form(label))
        elif role:
            roles.setdefault(role, index)
        elif attribute and attribute.attribute.name not in {c.attribute.name for c in attributes.values()}:
            attributes[index] = attribute
        meaning = angle or (role if role in _PLACING else plain(label) if role or attribute else None)
        if meaning is not None and first.setdefault(meaning, index) != index:
            repeated.append((index, first[meaning]))
        elif angle or role in ("pair", "east", "north"):
            named = datum_named(label)
            datum = named if named != "unknown" and datum == "undeclared" else datum
    return Columns(
        labels=tuple(labels), roles=roles, angles=_whole_angles(angles), attributes=attributes, datum=datum, forms=forms,
        repeated=tuple(repeated),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _angle_column(label: str) -> tuple[str, str] | None:
    text = plain(label)
    bare = (without_brackets(label), "")
    packed = (bare,) if header_form(label) in FORMS else ()
    for candidate, part in (*packed, (text, ""), *_part_of(text), bare, (_datum_free(text), "")):
        role = _subject_spellings().get(candidate)
        if role in _AXES:
            return role, part
    return None


def _part_of(text: str) -> tuple[tuple[str, str], ...]:
    match = _PART_TAIL.match(text)
    return ((match.group(1), _PART_WORDS[match.group(2)]),) if match else ()


def _datum_free(text: str) -> str:
    """Return the header without a datum word stuck to it: 百度经度, gcj02_lng, 经度wgs84."""
    return re.sub(r"(百度|高德|火星|腾讯|bd-?_?09(ll)?|gcj-?_?02(ll)?|wgs-?_?84|cgcs2000|2000)", "", text).strip(
        "_-:："
    )


def _whole_angles(angles: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Read a lone 经度（度） as the whole angle: degrees only are split off when minutes follow."""
    for axis in _AXES:
        if (axis, "d") in angles and (axis, "m") not in angles and (axis, "") not in angles:
            angles[axis, ""] = angles.pop((axis, "d"))
    return angles
