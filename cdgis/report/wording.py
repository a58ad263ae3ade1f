"""Numbers, codes and dates put into words for the reader (templates/wording.toml)."""

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from cdgis.core.number_format import DASH as DASH
from cdgis.core.number_format import area_digits, covered_words, covers_all, plain, whole_city
from cdgis.core.number_format import metres as metres
from cdgis.core.number_format import number as number
from cdgis.core.number_format import percent as percent
from cdgis.core.packs import pack_toml
from cdgis.core.pinyin_initials import initials
from cdgis.core.units import tc_to_tco2e
from cdgis.core.vocabulary import Mark, Stability, Verdict
from cdgis.rules.attributes import load_attributes
from cdgis.rules.industry import name_of

_NATIONALITIES = re.compile(r"(?<=..)(?:(?:满|蒙古|回|土家|苗|侗|壮|瑶|彝|畲)族)+自治县$")
_TEN_THOUSAND = 10_000.0
NO_SUCH_CODE = "（GB/T 4754-2017 没有此代码）"


_WORDS = Path(str(files("cdgis.report").joinpath("templates/wording.toml")))


def read_wording() -> Mapping[str, Any]:
    """Return the words of the pages by group."""
    return pack_toml("pages/wording.toml", _WORDS)


def word(value: str, group: str) -> str:
    """Return the reader's word for a code value of `group`; unknown values stand as they are."""
    return str(read_wording()[group].get(value, value))


def attribute(name: str) -> str:
    """Return the title of an attribute or other fact a rule asks for, or the name itself when nobody knows it."""
    known = load_attributes()
    return known[name].title if name in known else word(word(name, "gap"), "fact")


def is_supplied(name: str) -> bool:
    """Whether an applicant can supply a missing fact; layers, classes and lists are the workspace's to supply."""
    return name not in read_wording()["gap"]


def industry(code: str) -> str:
    """Return the name of a code of GB/T 4754-2017, and says so when it has none."""
    return name_of(code) or (NO_SUCH_CODE if code else "")


def short_county(name: str) -> str:
    """Return a county's name as maps print it: 围场满族蒙古族自治县 becomes 围场县."""
    return _NATIONALITIES.sub("县", name)


def initial(mark: str) -> str:
    """Return what stands beside a computed carbon figure: 初算, and 未核实 where a factor behind it is from memory."""
    return "初算，未核实" if mark == Mark.MEMORY else "初算"


def stability_word(verdict: str, stability: str) -> str:
    """Return the reader's word for a verdict's stability; a verdict that is not known yet cannot be stable."""
    undecided = verdict == Verdict.UNKNOWN and stability == Stability.STABLE
    return "结论未定，已知部分稳定" if undecided else stability


def ten_thousand(value: float) -> str:
    """Return a quantity in 万 (ten thousands) with one decimal."""
    return number(value / _TEN_THOUSAND, 1)


def in_force(start: str, end: str) -> str:
    """Return the period in which a clause is in force."""
    if not start and not end:
        return "不设期限"
    begin = {4: f"{start} 年起（只知年份）", 7: f"{start} 起（只知年月）"}.get(len(start), f"{start or DASH} 起")
    return begin + (f"，至 {end} 止" if end else "")


FILTERS: Mapping[str, Callable[..., str | float]] = {
    "initials": initials,
    "word": word,
    "attribute": attribute,
    "supplied": is_supplied,
    "industry": industry,
    "number": number,
    "metres": metres,
    "percent": percent,
    "plain": plain,
    "area_digits": area_digits,
    "initial": initial,
    "stability_word": stability_word,
    "ten_thousand": ten_thousand,
    "covers_all": covers_all,
    "covered": covered_words,
    "whole_city": whole_city,
    "short_county": short_county,
    "co2e": tc_to_tco2e,
}
"""Template filters by name."""
