"""Angles and map coordinates read from text, with their axis order and datum."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from cdgis.core.errors import ReaderError

Datum = Literal["cgcs2000", "wgs84", "gcj02", "bd09", "xian80", "beijing54", "undeclared", "unknown"]

Box = tuple[float, float, float, float]
"""x min, y min, x max, y max."""

CHINA_BOX: Box = (73.0, 3.0, 136.0, 54.0)
"""lon min, lat min, lon max, lat max, degrees; no longitude in it is a latitude in it, so its axes cannot be confused."""

_DEGREE_SIGNS = "°º˚ｏ度d"
_MINUTE_SIGNS = "′'’‘´`ˊ分m"
_SECOND_SIGNS = '″"”“〃秒s'
_NUMBER = r"\d+(?:\.\d+)?"
_DMS = re.compile(
    rf"^(?P<d>{_NUMBER})[{_DEGREE_SIGNS}]"
    rf"(?:(?P<m>{_NUMBER})(?:[{_MINUTE_SIGNS}](?:(?P<s>{_NUMBER})[{_SECOND_SIGNS}]?)?)?)?$"
)
_SEPARATED = re.compile(rf"^(?P<d>\d+)[-: ](?P<m>{_NUMBER})(?:[-: ](?P<s>{_NUMBER}))?$")
_DECIMAL = re.compile(r"^[+-]?\d+(?:\.\d+)?$")
_HEMISPHERE = re.compile(r"^(东经|北纬|西经|南纬|[ensw])[:：]?|(东经|北纬|西经|南纬|[ensw])$")
_PAIR_BREAK = re.compile(r"[,，;；、\s]+")

_DATUM_WORDS: tuple[tuple[Datum, tuple[str, ...]], ...] = (
    ("gcj02", ("gcj", "火星", "高德", "腾讯", "国测局")),
    ("bd09", ("bd09", "bd-09", "bd_09", "百度")),
    (
        "xian80",
        ("西安80", "80西安", "xian80", "xian1980", "xian_1980", "西安1980", "1980", "80坐标", "国家80", "80国家"),
    ),
    ("beijing54", ("北京54", "54北京", "beijing54", "beijing1954", "beijing_1954", "北京1954", "1954", "54坐标")),
    ("cgcs2000", ("cgcs2000", "2000", "china2000", "china_2000", "4490", "天地图")),
    ("wgs84", ("wgs84", "wgs-84", "wgs_84", "wgs1984", "wgs_1984", "gps", "4326")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Angle:
    """One coordinate read from text."""

    degrees: float
    axis: Literal["lon", "lat", ""]
    """What a hemisphere word said; empty when there was none."""
    step_deg: float = 0.0
    """Size of the last digit or part that was written: what a rounding may have moved it by, twice over."""


def parse_angle(text: str) -> Angle:
    """Return the angle of one coordinate text, degrees (a plane coordinate comes back as its number).

    Understands decimals, full-width digits, ``117°56′34.80″`` with every look-alike sign, ``117度56分34.8秒``,
    ``117-56-34.8``, ``117:56:34.8``, and E/N/东经/北纬 before or after.

    Raises
    ------
    ReaderError : no such spelling, or minutes or seconds of 60 and more.
    """
    body = _half_width(text)
    axis, sign, body = _take_hemisphere(body)
    if _DECIMAL.match(body):
        return Angle(degrees=sign * float(body), axis=axis, step_deg=_last_digit(body))
    match = _DMS.match(body.replace(" ", "")) or _SEPARATED.match(body)
    if match is None:
        raise ReaderError(f"无法识别坐标“{text}”", remedy="可写 117.9430 或 117°56′34.8″")
    parts = match.groupdict()
    degrees = join_dms(float(parts["d"]), float(parts["m"] or 0), float(parts["s"] or 0))
    return Angle(degrees=sign * degrees, axis=axis, step_deg=step_of(parts["d"], parts["m"] or "", parts["s"] or ""))


def step_of(degrees: str, minutes: str, seconds: str) -> float:
    """Return the size of the last part that an angle in parts was written to, degrees; parts not written are ""."""
    for text, unit_deg in ((seconds, 1 / 3600), (minutes, 1 / 60)):
        if text:
            return unit_deg * _last_digit(text)
    return _last_digit(degrees)


def _last_digit(number: str) -> float:
    return float(10.0 ** -len(number.partition(".")[2]))


def join_dms(degrees: float, minutes: float, seconds: float) -> float:
    """Return degrees from degrees, minutes and seconds.

    Raises
    ------
    ReaderError : minutes or seconds are not below 60 (60.0 seconds, a rounding artefact, is carried).
    """
    if not (0 <= minutes < 60 and 0 <= seconds <= 60):
        raise ReaderError(f"度分秒越界：{degrees:g}度{minutes:g}分{seconds:g}秒，分、秒应小于 60")
    return degrees + minutes / 60 + seconds / 3600


def _half_width(text: str) -> str:
    # NFKC would turn º into o and ″ into two primes, so the signs are unified first
    signs = text.strip()
    for many, one in ((_DEGREE_SIGNS[:4], "°"), ("″”“〃＂", '"'), ("′’‘´ˊ＇", "'")):
        signs = re.sub(f"[{many}]", one, signs)
    half = unicodedata.normalize("NFKC", signs).lower().replace("''", '"')
    return re.sub(r"\s+", " ", half).strip()


def _take_hemisphere(body: str) -> tuple[Literal["lon", "lat", ""], int, str]:
    axis: Literal["lon", "lat", ""] = ""
    sign = 1
    match = _HEMISPHERE.search(body)
    if match:
        word = match.group(1) or match.group(2)
        axis = "lon" if word in ("e", "w", "东经", "西经") else "lat"
        sign = -1 if word in ("w", "s", "西经", "南纬") and not _is_second_sign(body, word) else 1
        if _is_second_sign(body, word):
            return "", 1, body
        body = (body[: match.start()] + body[match.end() :]).strip()
    return axis, sign, body


def _is_second_sign(body: str, word: str) -> bool:
    return word == "s" and body.endswith("s") and "d" in body


def split_pair(text: str) -> tuple[str, str]:
    """Return the two coordinates written in one cell, such as ``E117°56′,N40°58′``.

    Raises
    ------
    ReaderError : there are not exactly two.
    """
    parts = [part for part in re.split(r"[,，;；、]+", text.strip()) if part.strip()]
    if len(parts) != 2:
        parts = [part for part in _PAIR_BREAK.split(text.strip()) if part]
    if len(parts) != 2:
        raise ReaderError(f"“{text}”不是一对坐标", remedy="应为 经度,纬度")
    return parts[0], parts[1]


def datum_named(text: str) -> Datum:
    """Return the datum a word, header or title names: ``undeclared`` for empty text, ``unknown`` for other words."""
    word = unicodedata.normalize("NFKC", text).lower().replace(" ", "")
    if not word:
        return "undeclared"
    for datum, words in _DATUM_WORDS:
        if any(candidate in word for candidate in words):
            return datum
    return "unknown"


def within(box: Box, x_min: float, y_min: float, x_max: float, y_max: float) -> bool:
    """Return whether the bounds lie inside `box` (all in the same unit)."""
    return box[0] <= x_min and box[1] <= y_min and x_max <= box[2] and y_max <= box[3]


def looks_swapped(first: float, second: float) -> bool:
    """Return whether (lon, lat) = (first, second) is certainly (lat, lon): only the other order lies in China."""
    return within(CHINA_BOX, second, first, second, first)


DATUM_TITLES: dict[Datum, str] = {
    "cgcs2000": "CGCS2000",
    "wgs84": "WGS84",
    "gcj02": "GCJ-02",
    "bd09": "BD-09",
    "xian80": "西安80",
    "beijing54": "北京54",
    "undeclared": "未声明",
    "unknown": "不认识",
}
