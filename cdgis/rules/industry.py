"""Industry codes of the present GB/T 4754, what earlier ones meant, and whether each is a two-high, relocation, water or air sector.

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

import tomli as tomllib

from cdgis.core.errors import RuleError

FLAGS = ("two_high", "relocation_sector", "water_sensitive", "air_sensitive")
"""Columns of industries.csv that rules may ask for."""

_CLASS_DIGITS = 4
_SHORTEST_WORD = 2
_EVERYWHERE = frozenset({
    "其他", "制造", "加工", "生产", "服务", "批发", "零售", "活动", "管理", "及其", "制品", "供应", "运输", "修理", "发电", "力发",
})  # fmt: skip
"""Pairs of characters that so many industries' names share that they tell nothing."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerCode:
    """What a code was in an earlier edition of the standard, where that is not what it is now."""

    edition: str
    name: str
    successors: tuple[str, ...]
    """Present codes; several where a class was divided."""
    doubtful: bool
    """Whether the code alone, with no word beside it, must not be read."""

    @property
    def now(self) -> str:
        """The present codes with their names."""
        return "、".join(f"{code} {name_of(code)}" for code in self.successors)


@cache
def former(code: str) -> FormerCode | None:
    """Return what a code meant in an earlier edition, None where it meant what it means now or nothing at all.

    A shorter code that no longer exists speaks for all its classes.
    """
    text = normalise(code)
    for edition in _editions():
        rows = _former_codes(edition)
        if text in rows:
            return rows[text]
        if text and not is_known(text):
            below = [row for old, row in rows.items() if old.startswith(text)]
            successors = dict.fromkeys(new[: len(text)] for row in below for new in row.successors)
            if below:
                names = "、".join(dict.fromkeys(row.name for row in below))
                return FormerCode(edition=edition, name=names, successors=tuple(successors), doubtful=True)
    return None


def edition_name() -> str:
    """Return the name of the edition whose codes are read."""
    return _present()["name"]


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


def speaks_for(name: str, text: str) -> bool:
    """Return whether a text, such as the name of an enterprise, holds a telling word of an industry's name."""
    bare = _plain(name)
    pairs = {bare[i : i + 2] for i in range(len(bare) - 1)} - _EVERYWHERE
    # Of power sources only the first character tells: 风力发电, 风电, 风力发电场.
    power = bare.endswith("发电") and bare[:1] in text
    return power or any(pair in text for pair in pairs)


def _rows(file: str) -> list[Mapping[str, str]]:
    text = files("cdgis").joinpath("data/industry", file).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@cache
def _codes() -> Mapping[str, _Code]:
    rows = sorted(_rows(_present()["table"]), key=lambda row: row["code"])
    return {row["code"]: _Code(row["name_zh"], row["section"]) for row in rows}


@cache
def _sections() -> frozenset[str]:
    return frozenset(entry.section for entry in _codes().values())


@cache
def _flags() -> Mapping[str, Mapping[str, bool | None]]:
    rows = _rows("industries.csv")
    return {column: {row["code"]: _VALUES[row[column]] for row in rows} for column in FLAGS}


@cache
def _all_editions() -> tuple[Mapping[str, str], ...]:
    text = files("cdgis").joinpath("data/industry/editions.toml").read_text(encoding="utf-8")
    return tuple(sorted(tomllib.loads(text)["edition"], key=lambda edition: str(edition["in_force"]), reverse=True))


def _present() -> Mapping[str, str]:
    return next(edition for edition in _all_editions() if "table" in edition)


def _editions() -> tuple[str, ...]:
    """Return the names of the editions that have a crosswalk, latest first."""
    return tuple(edition["name"] for edition in _all_editions() if "crosswalk" in edition)


@cache
def _former_codes(edition: str) -> Mapping[str, FormerCode]:
    file = next(e["crosswalk"] for e in _all_editions() if e["name"] == edition)
    return {
        row["code_old"]: FormerCode(
            edition=edition, name=row["name_old"], successors=tuple(row["code_new"].split("|")), doubtful=row["ask"] == "1"
        )
        for row in _rows(file)
    }
