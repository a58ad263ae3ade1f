"""Values put into the report's fixed sentences (cdgis/data/screening/wording.toml)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cdgis.core.number_format import area_digits, metres
from cdgis.core.packs import pack_toml
from cdgis.core.units import m2_to_ha
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.report.screening.content import Fact
from cdgis.rules.attributes import load_attributes
from cdgis.rules.industry import name_of

_MOST_ZONES = 4


def wording() -> Mapping[str, Any]:
    """Return the report's words."""
    return pack_toml("screening/wording.toml")


def extent(value: float, unit: str) -> str:
    """Return what lies inside a zone, in the ledger's unit: m2, m or count; NaN is a number the reader may not see."""
    if value != value:
        return "部分（数值不公开）"
    if unit == "m2":
        return f"{value:,.2f} 平方米（{m2_to_ha(value):,.4f} 公顷）" if value >= 1 else f"{area_digits(value)} 平方米"
    return f"长度 {metres(value)}" if unit == "m" else "点位在区内"


def named(names: tuple[str, ...]) -> str:
    """Return zone names joined, the first few of many."""
    unique = tuple(dict.fromkeys(name for name in names if name))
    return "、".join(unique[:_MOST_ZONES]) + (f" 等 {len(unique)} 处" if len(unique) > _MOST_ZONES else "")


@lru_cache(maxsize=4096)
def split(cell: str) -> tuple[str, ...]:
    """Return the items of a list inside one cell."""
    return tuple(item for item in str(cell).split(LIST_SEPARATOR) if item)


def fact_of(name: str, value: str, unit: str = "") -> Fact:
    """Return a fact with its Chinese title and its value in the reader's words."""
    spec = load_attributes().get(name)
    words = wording()
    title = spec.title if spec else words["fact"].get(name, words["gap_title"].get(name, name))
    shown = words["project_word"].get(value, value.replace(LIST_SEPARATOR, "；"))
    if spec and spec.type == "number" and value:
        shown = f"{float(value):,.12g}"
    return Fact(name=name, title=title, value=shown, unit=unit or (spec.unit if spec and value else ""))


def activity_title(code: str) -> str:
    """Return an activity with the meaning of its code."""
    meaning = wording()["activity"].get(code, "")
    return f"{code} {meaning}" if meaning else code


def industry_title(code: str) -> str:
    """Return an industry code with its name."""
    return f"{code} {industry_name(code)}".strip()


def industry_name(code: str) -> str:
    """Return the name of an industry code; one that the standard does not have says so."""
    return name_of(code) or ("（GB/T 4754-2017 没有此代码）" if code else "")
