"""The kind of shape a word names: 面, 线, 点 and their like; and which points of a list are vertices of an outline."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from functools import cache

from cdgis.readers.attribute_columns import column_aliases, plain
from cdgis.readers.intake import Remark, rejected

KIND_WORDS = {0: "点", 1: "线", 2: "面"}
"""Dimension -> the word users know it by."""


class ShapeKind(StrEnum):
    """What a site's coordinates make."""

    POLYGON = "polygon"
    """面"""
    LINE = "line"
    """线"""
    POINTS = "points"
    """点"""

    @property
    def dimension(self) -> int:
        """Topological dimension."""
        return {"points": 0, "line": 1, "polygon": 2}[self.value]

    @property
    def word(self) -> str:
        """The word users know it by."""
        return KIND_WORDS[self.dimension]


@cache
def _spellings() -> dict[str, ShapeKind]:
    return {plain(word): ShapeKind(kind) for kind, words in column_aliases("shape_kind").items() for word in words}


def named_kind(text: str) -> ShapeKind | None:
    """Return the kind a word names exactly, or None."""
    return _spellings().get(plain(text))


def unknown_kind(text: str) -> Remark:
    """Return the quarantine of a row whose kind of shape is stated in an unknown word."""
    words = "、".join(kind.word for kind in ShapeKind)
    return rejected(f"图形“{text}”不认识", field="图形", value=text, remedy=f"应为 {words}（polygon、line、points）")


@cache
def _pattern(group: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in column_aliases("vertex")[group]))


@cache
def _called(kind: str) -> re.Pattern[str]:
    return re.compile("|".join(column_aliases("closed_line")[kind]))


def may_be_a_route(names: Iterable[str]) -> str:
    """Return the name that calls a closed line a road, pipe or river, "" when none does, or one before it calls it land.

    Parameters
    ----------
    names : of the site, its folder or layer and its file, the one that says most first.
    """
    for name in map(str.strip, names):
        if _called("land").search(plain(name)):
            return ""
        if _called("work").search(plain(name)):
            return name
    return ""


@cache
def _headers(group: str) -> frozenset[str]:
    return frozenset(plain(name) for name in column_aliases("vertex")[group])


def heads(header: str, group: str) -> bool:
    """Return whether a header is one of a vertex table's: column (the vertex), parcel or ring."""
    return plain(header) in _headers(group)


def are_vertices(labels: Collection[str]) -> bool:
    """Return whether labels are evidently those of an outline's vertices: J1, J2, 界址点3."""
    return len(set(labels)) >= 3 and all(_pattern("label").fullmatch(plain(label)) for label in labels)


def only_counts(label: str) -> bool:
    """Return whether a label says no more than an order: 1, 2, A, 点3, J4."""
    word = plain(label)
    return any(_pattern(group).fullmatch(word) is not None for group in ("running", "label"))
