"""Degrees, minutes and seconds packed into one number, as a header declares them; and numbers that look packed.

Forms: ``d_ms`` 112.540930 = 112°54′09.30″ (度.分秒, DD.MMSS); ``dms`` 1125409.3 = 112°54′09.3″ (DDDMMSS); ``dm``
11254.155 = 112°54.155′ (DDDMM.mmm); ``d_m`` 112.54155 = 112°54.155′ (DD.MM). Read as decimal degrees they are up to
50 km off, so they are converted when the header says so and asked about when only the digits suggest it.
"""

import re
from collections.abc import Sequence
from functools import cache

import shapely

from cdgis.core.errors import ReaderError
from cdgis.readers.attribute_columns import column_aliases, plain
from cdgis.readers.coordinates import CHINA_BOX, Angle, join_dms, step_of, within
from cdgis.readers.intake import Remark, noted, rejected, repaired

FORMS = ("d_ms", "dms", "dm", "d_m")
DECIMAL = "decimal"
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?$")
_DIGITS = 10
"""Digits behind the point that a spreadsheet's number is good for."""
LEAST_ROWS = 3
"""So many rows whose decimals all could be minutes and seconds are no chance: 0.36 to the power of twice as many."""
_LEAST_DIGITS = 4
HEADERS = "经度(度.分秒)、经度(DDDMMSS) 或 经度(DDDMM.mmm)"
_REMEDY = f"是度分秒连写请把表头写成 {HEADERS}；是十进制度请写成 经度(十进制度)"


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    groups = column_aliases("packed")
    return tuple((form, re.compile("|".join(f"(?:{text})" for text in groups[form]))) for form in (*FORMS, DECIMAL))


def header_form(header: str) -> str:
    """Return the packed form that a header names, ``decimal`` when it says decimal degrees, "" for nothing."""
    text = plain(header).replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ")
    for word in text.split()[::-1]:
        found = next((form for form, pattern in _forms() if pattern.fullmatch(word)), "")
        if found:
            return found
    return next((form for form, pattern in _forms() if pattern.search(text)), "")


def unpacked(text: str, form: str) -> Angle | None:
    """Return the angle that a packed number means, None when the text is no plain number.

    Raises
    ------
    ReaderError : its minutes or seconds are 60 or more.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or form not in FORMS:
        return None
    whole, part = match.group(1), (match.group(2) or "")[:_DIGITS]
    if form in ("d_ms", "d_m"):
        digits = part.ljust(_LEAST_DIGITS, "0")
        minutes = digits[:2]
        degrees, rest = whole, digits[2:]
    else:
        keep = 4 if form == "dms" else 2
        degrees, packed = whole[:-keep], whole[-keep:].rjust(keep, "0")
        minutes, rest = packed[:2], packed[2:]
    if form in ("d_m", "dm"):
        seconds, minutes = "", f"{minutes}.{rest if form == 'd_m' else part}".rstrip(".")
    else:
        seconds = f"{rest[:2]}.{rest[2:]}{part if form == 'dms' else ''}".rstrip(".")
    value = join_dms(float(degrees or 0), float(minutes), float(seconds or 0))
    return Angle(degrees=value, axis="", step_deg=step_of(degrees, minutes, seconds))


def converted(text: str, form: str) -> tuple[Angle, Remark] | None:
    """Return a packed number as an angle with what is said of it, None when the text is no plain number."""
    angle = unpacked(text, form)
    if angle is None:
        return None
    return angle, repaired(f"表头写明度分秒连写，{text} 读作 {in_words(angle.degrees)}", field="坐标", value=text)


def in_words(degrees: float) -> str:
    """Return an angle in degrees, minutes and seconds."""
    whole, minutes = divmod(round(abs(degrees) * 360_000), 6_000)
    return f"{whole // 60}°{whole % 60:02d}′{minutes / 100:05.2f}″"


def suspected(lon: str, lat: str) -> Remark | None:
    """Return the question about two numbers too large for degrees that make a place in China when unpacked."""
    for form in ("dms", "dm"):
        try:
            east, north = unpacked(lon, form), unpacked(lat, form)
        except ReaderError:
            continue
        if east is None or north is None:
            continue
        for x, y in ((east.degrees, north.degrees), (north.degrees, east.degrees)):
            if within(CHINA_BOX, x, y, x, y):
                reason = f"坐标像度分秒连写：{lon}、{lat} 或为 {in_words(x)}、{in_words(y)}"
                return rejected(reason, field="坐标", value=f"{lon},{lat}", remedy=_REMEDY)
    return None


def could_be_packed(texts: Sequence[str]) -> bool:
    """Return whether all these decimal degrees could as well be degrees with minutes and seconds behind the point."""
    parts = [match.group(2) or "" if (match := _NUMBER.fullmatch(text.strip())) else None for text in texts]
    if not parts or None in parts or max(len(part or "") for part in parts) < _LEAST_DIGITS:
        return False
    padded = [(part or "").ljust(_LEAST_DIGITS, "0") for part in parts]
    return all(part[0] < "6" and part[2] < "6" for part in padded)


def packed_point(pair: tuple[str, str]) -> shapely.Point | None:
    """Return where longitude and latitude lie if their decimals are minutes and seconds, None when they cannot be."""
    try:
        angles = [unpacked(text, "d_ms") for text in pair]
    except ReaderError:
        return None
    degrees = [angle.degrees for angle in angles if angle is not None]
    return shapely.Point(degrees) if len(degrees) == len(pair) else None


def question(rows: int, sample: str, *, settled: bool = False) -> Remark:
    """Return what is to be said of rows that could be packed: a quarantine when they are too many for chance.

    Parameters
    ----------
    settled : the places the rows state lie where the decimal degrees do, and not where the packed ones would.
    """
    if rows >= LEAST_ROWS and not settled:
        reason = f"{rows} 行坐标的小数都像分、秒（前两位和其后两位均小于 60），不知是十进制度还是度.分秒，两者相差可达数十公里"
        return rejected(reason, field="坐标", value=sample, remedy=_REMEDY)
    reason = "坐标按十进制度读取；小数部分也合度.分秒的写法，请核对"
    return noted(reason, field="坐标", value=sample)
