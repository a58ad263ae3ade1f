"""How is a number, a code or a date put into words for the reader? (templates/wording.toml)"""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from cdgis.attributes import load_attributes
from cdgis.industry import name_of
from cdgis.units import m2_to_ha, m2_to_mu, tc_to_tco2e

_DATE = re.compile(r"(\d{4})(?:\D{1,2}(\d{1,2})(?:\D{1,2}(\d{1,2}))?)?")
_NATIONALITIES = re.compile(r"(?<=..)(?:(?:满|蒙古|回|土家|苗|侗|壮|瑶|彝|畲)族)+自治县$")
_TEN_THOUSAND = 10_000.0
DASH = "—"
NO_SUCH_CODE = "（GB/T 4754-2017 没有此代码）"


@cache
def read_wording() -> Mapping[str, Any]:
    """Return the words of the pages by group."""
    text = files("cdgis.report").joinpath("templates/wording.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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


def number(value: float, digits: int = 0) -> str:
    """Return a number with thousands separators; a missing one is a dash."""
    return DASH if value != value else f"{value + 0.0:,.{digits}f}"


def square_metres(area_m2: float) -> str:
    """Return an area with 平方米, 公顷 and 亩; what is too small to print is told apart from nothing."""
    if 0 < area_m2 < 1:
        return "<0.01 平方米" if area_m2 < 0.005 else f"{area_m2:.2f} 平方米"
    return f"{area_m2:,.2f} 平方米（{m2_to_ha(area_m2):,.4f} 公顷，{m2_to_mu(area_m2):,.3f} 亩）"


def metres(distance_m: float) -> str:
    """Return a distance in 米, from 1 km on in 公里; a missing one is a dash."""
    if distance_m != distance_m:
        return DASH
    if 0 < distance_m < 0.1:
        return "<0.1 米"
    return f"{distance_m / 1000:,.2f} 公里" if distance_m >= 1000 else f"{distance_m:,.1f} 米"


def percent(share: float) -> str:
    """Return a share of 0 to 1 as a percentage."""
    value = share * 100
    return "<0.01%" if 0 < value < 0.01 else f"{value:.2f}%"


def ten_thousand(value: float) -> str:
    """Return a quantity in 万 (ten thousands) with one decimal."""
    return number(value / _TEN_THOUSAND, 1)


def in_force(start: str, end: str) -> str:
    """Return the period in which a clause is in force."""
    if not start and not end:
        return "不设期限"
    begin = {4: f"{start} 年起（只知年份）", 7: f"{start} 起（只知年月）"}.get(len(start), f"{start or DASH} 起")
    return begin + (f"，至 {end} 止" if end else "")


def read_date(text: str) -> date | None:
    """Return the date in a text such as 2026-08-14, 2026年8月14日 or 2025; missing parts count as 1, no date is None."""
    found = _DATE.search(text)
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def transition_note(declared_date: str) -> str:
    """Return the note on acts before the Code was in force, or the empty text when it does not concern them."""
    entry = read_wording()["transition"]
    day = read_date(declared_date)
    return str(entry["text"]).format(date=declared_date) if day is not None and day < entry["in_force"] else ""


FILTERS: Mapping[str, Callable[..., str | float]] = {
    "word": word,
    "attribute": attribute,
    "supplied": is_supplied,
    "industry": industry,
    "number": number,
    "square_metres": square_metres,
    "metres": metres,
    "percent": percent,
    "ten_thousand": ten_thousand,
    "short_county": short_county,
    "co2e": tc_to_tco2e,
}
"""Template filters by name."""
