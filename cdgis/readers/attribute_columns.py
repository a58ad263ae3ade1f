"""Attributes recognised in table headers, and their values in canonical text.

The dictionary is cdgis/data/attributes.toml. Canonical text is ``true``/``false`` for flags, a plain decimal in
the attribute's unit for numbers, items joined by ``;`` for lists, and trimmed words for text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

import tomli as tomllib

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.rules.attributes import AttributeSpec, load_attributes
from cdgis.rules.document_numbers import is_document_number

MISSING_WORDS = frozenset(
    {"", "/", "\\", "-", "--", "—", "——", "不详", "未知", "待定", "n/a", "na", "nan", "null", "none"}
)
"""Cell texts (lower case) that say nothing; the attribute then has no row."""
_SPREADSHEET_ERRORS = ("#n/a", "#ref!", "#div/0!", "#value!", "#name?", "#num!", "#null!")

_TRUE_WORDS = frozenset({"是", "有", "true", "yes", "y", "1", "√", "✓", "✔", "对", "属于", "涉及"})
_FALSE_WORDS = frozenset({"否", "无", "没有", "false", "no", "n", "0", "×", "x", "✗", "不是", "不属于", "不涉及"})
_MULTIPLES = {"": Decimal(1), "千": Decimal(10) ** 3, "万": Decimal(10) ** 4, "亿": Decimal(10) ** 8}
_NUMBER = re.compile(r"^(?:约|≈)?([+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([千万亿]?)(.*)$")
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -12, 15
"""Powers of ten; every attribute of the dictionary is a quantity between these, and none is negative."""
_BRACKETS = re.compile(r"[(\[【][^)\]】]*[)\]】]")
_LIST_BREAK = re.compile(r"[;；、,，\n]+")
_UNIT_WORDS: dict[str, dict[str, Decimal]] = {
    "m3": {"m3": Decimal(1), "立方米": Decimal(1), "方": Decimal(1)},
    "t/a": {"t/a": Decimal(1), "吨/年": Decimal(1), "吨": Decimal(1), "t": Decimal(1), "kg/a": Decimal("0.001"),
            "千克/年": Decimal("0.001"), "公斤/年": Decimal("0.001"), "kg": Decimal("0.001")},
    "m3/a": {"m3/a": Decimal(1), "立方米/年": Decimal(1), "立方米": Decimal(1), "m3": Decimal(1), "吨/年": Decimal(1)},
    "m": {"m": Decimal(1), "米": Decimal(1), "km": Decimal(1000), "公里": Decimal(1000)},
    "yr": {"年": Decimal(1)},
    "ha": {"ha": Decimal(1), "公顷": Decimal(1), "hm2": Decimal(1), "平方米": Decimal("0.0001"), "m2": Decimal("0.0001"),
           "亩": Decimal(1) / Decimal(15)},
    "tce/a": {"tce/a": Decimal(1), "吨标准煤/年": Decimal(1), "吨标煤/年": Decimal(1), "吨标准煤": Decimal(1),
              "吨标煤": Decimal(1), "tce": Decimal(1)},
    # the leading 万 of 万元 is read as a multiple before these are looked up
    "万元/a": {"元/a": Decimal("0.0001"), "元/年": Decimal("0.0001"), "元": Decimal("0.0001")},
}  # fmt: skip
"""Spellings of each unit in cells and headers, and the factor to the attribute's unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeColumn:
    """A table column that holds an attribute, with the unit its header states."""

    attribute: AttributeSpec
    header_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalValue:
    """Outcome of reading one cell: canonical text, or why there is none (both empty: nothing was stated)."""

    text: str = ""
    problem: str = ""


@cache
def column_aliases(
    group: Literal["subject", "zone", "zone_extra", "shape_kind", "closed_line", "vertex", "packed", "place", "ignored"],
) -> Mapping[str, tuple[str, ...]]:
    """Return {standard column: possible headers} of readers/columns.toml."""
    raw = tomllib.loads(resources.files("cdgis.readers").joinpath("columns.toml").read_text(encoding="utf-8"))
    return {column: tuple(names) for column, names in raw[group].items()}


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Return `text` half-width, lower-case and without white space or the asterisk of mandatory fields."""
    return re.sub(r"[\s*]+", "", unicodedata.normalize("NFKC", text)).lower()


def without_brackets(text: str) -> str:
    """Return `plain` text without bracketed parts, such as the unit of a header."""
    return _BRACKETS.sub("", plain(text))


def is_missing(text: str) -> bool:
    """Return whether a cell text states nothing."""
    word = plain(text)
    return word in MISSING_WORDS or word in _SPREADSHEET_ERRORS


@cache
def _spellings() -> Mapping[str, str]:
    """Return {plain header spelling: attribute id}; exact names win over titles, titles over aliases.

    What only an officer registers has no header.
    """
    found: dict[str, str] = {}
    dictionary = {name: spec for name, spec in load_attributes().items() if not spec.registered}
    for names in (
        [(a.name, a.name) for a in dictionary.values()],
        [(a.title, a.name) for a in dictionary.values()],
        [(alias, a.name) for a in dictionary.values() for alias in a.aliases],
    ):
        for name, attribute_id in names:
            found.setdefault(plain(name), attribute_id)
            found.setdefault(without_brackets(name), attribute_id)
    return found


def attribute_headers() -> Iterator[tuple[str, str]]:
    """Yield (header, attribute id) of every name, title and alias of the dictionary."""
    for spec in load_attributes().values():
        if not spec.registered:
            yield from ((name, spec.name) for name in (spec.name, spec.title, *spec.aliases))


@lru_cache(maxsize=1 << 12)
def match_attribute(header: str) -> AttributeColumn | None:
    """Return the attribute a header means, with the unit stated in its brackets, or None."""
    attribute_id = _spellings().get(plain(header)) or _spellings().get(without_brackets(header))
    if attribute_id is None:
        return None
    bracket = _BRACKETS.search(plain(header))
    return AttributeColumn(
        attribute=load_attributes()[attribute_id], header_unit=bracket.group()[1:-1] if bracket else ""
    )


def canonical_value(column: AttributeColumn, raw: str) -> CanonicalValue:
    """Return the canonical text of a cell under `column`; a problem is worded for the user."""
    if is_missing(raw) and plain(raw) not in _FALSE_WORDS:
        return CanonicalValue()
    kind = column.attribute.type
    if kind == "flag":
        return _flag(raw)
    if kind == "number":
        return _number(column, raw)
    if kind == "document" and not is_document_number(raw):
        return CanonicalValue(problem="不成文号的形式（发文机关代字、年份、序号，如 冀自然资函〔2026〕2号），按未提供处理")
    if kind == "list":
        items = [item.strip() for item in _LIST_BREAK.split(unicodedata.normalize("NFKC", raw))]
        return CanonicalValue(text=LIST_SEPARATOR.join(item for item in items if item))
    return CanonicalValue(text=raw.strip())


def _flag(raw: str) -> CanonicalValue:
    word = plain(raw)
    if word in _TRUE_WORDS:
        return CanonicalValue(text="true")
    if word in _FALSE_WORDS:
        return CanonicalValue(text="false")
    return CanonicalValue(problem="无法识别为是或否，按缺失处理")


def _number(column: AttributeColumn, raw: str) -> CanonicalValue:
    match = _NUMBER.match(plain(raw).replace("³", "3"))
    if match is None:
        return CanonicalValue(problem="不是数值，按缺失处理")
    digits, multiple, unit = match.groups()
    stated = (multiple + unit) or column.header_unit
    if unit.startswith(","):
        return CanonicalValue(problem="逗号不像千位分隔（1,234），也可能是小数点，按缺失处理；请写成 1234 或 1.5")
    factor = unit_factor(stated, column.attribute.unit)
    if factor is None:
        return CanonicalValue(problem=f"单位“{stated}”无法换算为 {column.attribute.unit or '无量纲'}，按缺失处理")
    try:
        number = Decimal(digits.replace(",", "")) * factor
    except ArithmeticError:
        return CanonicalValue(problem="不是数值，按缺失处理")
    if number < 0:
        return CanonicalValue(problem="数值为负，按缺失处理")
    if number and not _SMALLEST_EXPONENT <= number.adjusted() <= _LARGEST_EXPONENT:
        return CanonicalValue(problem="数值大小不合常理，按缺失处理")
    return CanonicalValue(text=plain_decimal(abs(number)))


def unit_factor(stated: str, unit: str) -> Decimal | None:
    """Return the factor from a stated unit (万吨/年, kg/a …) to `unit`; None when they do not fit together."""
    word = plain(stated)
    if not word:
        return Decimal(1)
    multiple = word[0] if word[0] in "千万亿" and word not in ("千克", "千克/年") else ""
    factor = _UNIT_WORDS.get(unit, {}).get(word[len(multiple) :] or unit)
    return None if factor is None else factor * _MULTIPLES[multiple]


def plain_decimal(number: Decimal) -> str:
    """Return `number` without exponent, grouping or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
