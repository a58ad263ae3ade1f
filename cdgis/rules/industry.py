"""Industry codes of GB/T 4754-2017, and whether each is a two-high, relocation, water or air sector.

Answers are three-valued: a code shorter than the question may leave it open, and then the answer is None.
Sources: cdgis/data/industry/README.md.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from cdgis.errors import RuleError

FLAGS = ("two_high", "relocation_sector", "water_sensitive", "air_sensitive")
"""Columns of industries.csv that rules may ask for."""

_CLASS_DIGITS = 4
_SHORTEST_WORD = 2
_NOISE = re.compile(r"[\s,，、;；:：()（）\"“”]+")
_TAIL = re.compile(r"(建设项目|项目|行业|业)$")
_VALUES = {"1": True, "0": False, "cond": None}


@dataclass(frozen=True, slots=True)
class _Code:
    name: str
    section: str


def normalise(code: str) -> str:
    """Return a code without blanks and without the section letter some tables put first (``C3110`` -> ``3110``)."""
    text = code.strip().upper()
    return text[1:] if len(text) > 1 and text[0].isascii() and text[0].isalpha() else text


def name_of(code: str) -> str:
    """Return the Chinese name of a 2-4 digit code, "" when there is no such code."""
    entry = _codes().get(normalise(code))
    return entry.name if entry else ""


def is_known(code: str) -> bool:
    """Return whether GB/T 4754-2017 has this code (2-4 digits or a section letter)."""
    text = normalise(code)
    return text in _codes() or text in _sections()


def codes() -> tuple[str, ...]:
    """Return all 2-4 digit codes in code order."""
    return tuple(_codes())


@cache
def classes_of(code: str) -> tuple[str, ...]:
    """Return the 4-digit classes a code stands for, in code order; empty for an unknown code."""
    text = normalise(code)
    if not is_known(text):
        return ()
    return tuple(
        c for c, e in _codes().items() if len(c) == _CLASS_DIGITS and (c.startswith(text) or e.section == text)
    )


def flag(code: str, column: str) -> bool | None:
    """Return whether a code bears a flag of industries.csv, None when that cannot be said.

    Parameters
    ----------
    code : GB/T 4754-2017 code; "" and codes outside the standard give None.
    column : one of FLAGS.

    Raises
    ------
    RuleError : there is no such flag.

    Notes
    -----
    1 is true, 0 or absent false, cond None. A shorter code speaks for all its classes; if they differ, None.
    """
    if column not in FLAGS:
        raise RuleError((f"industries.csv 没有标志列 {column}。可用：{'、'.join(FLAGS)}",))
    answers = {_flags()[column].get(c, False) for c in classes_of(code)}
    return answers.pop() if len(answers) == 1 else None


def matches_prefix(code: str, prefixes: Sequence[str]) -> bool | None:
    """Return whether a code falls under any prefix; None when it is missing, or shorter than one it agrees with."""
    return _matches(code, tuple(prefixes))


@lru_cache(maxsize=1 << 16)  # a run asks the same few hundred codes of every rule and exemption, tens of times each
def _matches(code: str, prefixes: tuple[str, ...]) -> bool | None:
    text = normalise(code)
    if not text:
        return None
    if text in _sections():
        return None if any(c.startswith(prefixes) for c in classes_of(text)) else False
    if text.startswith(prefixes):
        return True
    return None if any(prefix.startswith(text) for prefix in prefixes) else False


def named(text: str) -> str:
    """Return the code whose Chinese name this is, at its finest level (``炼铁`` is 3110, not 311), else "".

    A closing 业 or 项目 does not matter; the common short names of data/industry/aliases.csv count as names.
    """
    for word in _spellings(text):
        codes = _codes_named().get(word, ())
        if codes:
            return codes[-1]
    return ""


def search(text: str) -> tuple[tuple[str, str], ...]:
    """Return the (code, name) pairs a Chinese text may mean: the one so named, else all classes whose name holds it.

    Names that begin with the text come first, then code order.
    """
    code = named(text)
    if code:
        return ((code, name_of(code)),)
    word = next(iter(_spellings(text)[-1:]), "")
    if len(word) < _SHORTEST_WORD:
        return ()
    found = [
        (code, entry.name)
        for code, entry in _codes().items()
        if len(code) == _CLASS_DIGITS and word in _plain(entry.name)
    ]
    return tuple(sorted(found, key=lambda pair: (not _plain(pair[1]).startswith(word), pair[0])))


def meaning_2011(code: str) -> tuple[str, str]:
    """Return (name, 2017 code) of what a code meant in the 2011 edition, ("", "") where nothing else than now."""
    return _moved_2011().get(normalise(code), ("", ""))


def _plain(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text))


def _spellings(text: str) -> list[str]:
    whole = _plain(text)
    return [word for word in dict.fromkeys((whole, _TAIL.sub("", whole))) if word]


@cache
def _codes_named() -> Mapping[str, tuple[str, ...]]:
    """Return {name without noise, name without its tail, alias: codes from coarse to fine}."""
    found: dict[str, list[str]] = {}
    for code, entry in sorted(_codes().items(), key=lambda item: len(item[0])):
        found.setdefault(_plain(entry.name), []).append(code)
    for code, entry in sorted(_codes().items(), key=lambda item: len(item[0])):
        bare = _TAIL.sub("", _plain(entry.name))
        if bare and bare not in found:
            found[bare] = [code]
    for row in _rows("aliases.csv"):
        found.setdefault(row["alias"], [row["code"]])
    return {name: tuple(codes) for name, codes in found.items()}


def looks_like_2011(code: str, name: str) -> bool:
    """Return whether a code with this name is evidently of the 2011 edition (4414 风力发电, now 4415)."""
    old_name, _ = meaning_2011(code)
    # Only the first characters tell the power sources apart: 风力发电, 风电, 风力发电场.
    return bool(old_name) and old_name[0] in name and name_of(code)[:1] not in name


def _rows(file: str) -> list[Mapping[str, str]]:
    text = files("cdgis").joinpath("data/industry", file).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@cache
def _codes() -> Mapping[str, _Code]:
    rows = sorted(_rows("gbt4754_2017.csv"), key=lambda row: row["code"])
    return {row["code"]: _Code(row["name_zh"], row["section"]) for row in rows}


@cache
def _sections() -> frozenset[str]:
    return frozenset(entry.section for entry in _codes().values())


@cache
def _flags() -> Mapping[str, Mapping[str, bool | None]]:
    rows = _rows("industries.csv")
    return {column: {row["code"]: _VALUES[row[column]] for row in rows} for column in FLAGS}


@cache
def _moved_2011() -> Mapping[str, tuple[str, str]]:
    return {row["code_2011"]: (row["name_2011"], row["code_2017"]) for row in _rows("codes_2011.csv")}
