"""What a word, a code or a definition of a coordinate system stands for, and whether two of them can both be true."""

import re

from cdgis.core.errors import CdgisError
from cdgis.core.safe_text import cleaned
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, ZONES, Zone, identify_crs, same_zone
from cdgis.geometry.planes import current_planes
from cdgis.geometry.projection_faults import described
from cdgis.readers.coordinates import Datum, datum_named

ONE_STATEMENT = "请核对后只留一个：改正文件里的坐标系，或改正声明（--crs、附表“坐标系”列）"
OLD_DATUM_CODES: dict[Datum, tuple[int, ...]] = {
    "xian80": (4610, *range(2327, 2391)),
    "beijing54": (4214, *range(2401, 2443), *range(21413, 21424), *range(21453, 21464), *range(21473, 21484)),
}
"""EPSG codes of the geographic CRS and the Gauss-Krüger zones on each old datum."""
_NAMED_ZONE = re.compile(r"zone[_ ]*(\d{2})|(\d{2})\s*带|cm[_ ]*(\d{2,3})|中央(?:子午线|经线)\D*(\d{2,3})", re.IGNORECASE)


def is_definition(text: str) -> bool:
    """Return whether a text is a code or a definition, not a name."""
    return text.strip().isdigit() or bool(re.search(r"[:\[+]", text))


def names_modern_datum(declared: str) -> bool:
    """Return whether a declaration is a mere datum name such as 2000国家大地坐标系, without a code or definition."""
    return not is_definition(declared) and datum_named(declared) in ("cgcs2000", "wgs84")


def meant(text: str) -> tuple[Datum, int | None]:
    """Return the datum and the known code that a definition, a code or words such as ``CGCS2000 3度带37带`` stand for."""
    if is_definition(text):
        epsg = identify_crs(f"EPSG:{text.strip()}" if text.strip().isdigit() else cleaned(text))
        if epsg in KNOWN_EPSG:
            return "cgcs2000", int(epsg)
        own = described(cleaned(text))
        stated: Datum = next((datum for datum in OLD_DATUM_CODES if own and datum == own.old_datum), "unknown")
        return old_datum_of(epsg) or stated, None
    named = _NAMED_ZONE.search(text)
    if named is None:
        return datum_named(text), None
    zone, zone_word, meridian, meridian_word = named.groups()
    number = int(zone or zone_word or 0) or round(int(meridian or meridian_word) / 3)
    # a zone named in words says nothing about a prefix
    return datum_named(text), zone_epsg(number, with_prefix=False)


def disagreement(declared: str, own: str) -> str:
    """Return in Chinese how a declaration and a source's own words contradict each other, "" when both can be true."""
    (datum, code), (own_datum, own_code) = meant(declared), meant(own)
    sides = {"cgcs2000" if name == "wgs84" else name for name in (datum, own_datum)} - {"unknown", "undeclared"}
    zones = [one for one in (code, own_code) if one in ZONES]
    if len(sides) < 2 and (len(zones) < 2 or same_zone(*zones)):
        return ""
    says = [text if number is None else f"{KNOWN_EPSG[number]}（{text}）" for text, number in ((declared, code), (own, own_code))]
    return f"声明为 {says[0]}，来源自己写 {says[1]}，互相矛盾"


def old_datum_of(epsg: int | None) -> Datum | None:
    """Return the old datum of an EPSG code, None when it is on none."""
    return next((datum for datum, codes in OLD_DATUM_CODES.items() if epsg in codes), None)


def zone_epsg(zone: int, *, with_prefix: bool) -> int | None:
    """Return the CGCS2000 code of zone number `zone` (13–23 are 6° zones, 25–45 are 3° zones), or None if there is none."""
    code = Zone(number=zone, with_prefix=with_prefix).epsg
    return code if ZONES.get(code) == Zone(number=zone, with_prefix=with_prefix) else None


def zone_example() -> str:
    """Return the code of the place's own 3° zone without prefix, as an example of what to declare."""
    try:
        number = round(current_planes().lon_0_deg / 3)
    except CdgisError:
        number = 0  # no place, or an outline that cannot be read: nothing to take an example from
    code = zone_epsg(number, with_prefix=False)
    return f"EPSG:{code}" if code is not None else "EPSG:代码"
