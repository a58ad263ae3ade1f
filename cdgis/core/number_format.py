"""Printed numbers: plain digits, never powers of ten; too small to print is distinguished from nothing."""

from cdgis.core.units import m2_to_ha, m2_to_mu

DASH = "—"
_TINY_SHARE_PERCENT = 0.01
_TINY_AREA_M2 = 0.005


def number(value: float, digits: int = 0) -> str:
    """Return a number with thousands separators; a missing one is a dash."""
    return DASH if value != value else f"{value + 0.0:,.{digits}f}"


def plain(value: float) -> str:
    """Return a number with six significant digits at most, in plain digits; below 0.001 it says so."""
    if value != value:
        return DASH
    if 0 < abs(value) < 0.001:
        return "<0.001" if value > 0 else ">-0.001"
    digits = 0 if abs(value) >= 1e5 else 6 if abs(value) < 1 else max(6 - len(str(int(abs(value)))), 0)
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def legend_bound(value: float) -> str:
    """Return the bound of a legend's class: whole from 10 on, two significant digits below, <0.001 below that."""
    if value >= 10:
        return number(value)
    return plain(value) if 0 < value < 0.001 else plain(float(f"{value:.2g}"))


def area_digits(area_m2: float) -> str:
    """Return square metres with two decimals, no unit."""
    return "<0.01" if 0 < area_m2 < _TINY_AREA_M2 else number(area_m2, 2)


def square_metres(area_m2: float) -> str:
    """Return an area with 平方米, 公顷 and 亩; less than a square metre in 平方米 only."""
    if 0 < area_m2 < 1:
        return f"{area_digits(area_m2)} 平方米"
    return f"{area_m2:,.2f} 平方米（{m2_to_ha(area_m2):,.4f} 公顷，{m2_to_mu(area_m2):,.3f} 亩）"


def metres(distance_m: float) -> str:
    """Return a distance in 米, from 1 km on in 公里; a missing one is a dash."""
    if distance_m != distance_m:
        return DASH
    if 0 < distance_m < 0.1:
        return "<0.1 米"
    return f"{distance_m / 1000:,.2f} 公里" if distance_m >= 1000 else f"{distance_m:,.1f} 米"


def percent(share: float) -> str:
    """Return a share of 0 to 1 as a percentage; a missing one is a dash."""
    if share != share:
        return DASH
    value = share * 100
    return "<0.01%" if 0 < value < _TINY_SHARE_PERCENT else f"{value:.2f}%"


_WHOLE = 0.99995
"""From here on a share prints as 100.00 % and the data are taken to cover all."""


def covers_all(share: float) -> bool:
    """Return whether a covered share is all, as far as two decimals of a percentage show."""
    return share >= _WHOLE


def covered_words(share: float) -> str:
    """Return what must stand beside a total that rests on part of its area, "" when the data cover all."""
    return "" if covers_all(share) else f"，只含有值的 {percent(share)}"


def whole_city(share: float) -> str:
    """Return how the sum over the city is called: 全市 only where the data cover it."""
    return "全市" if covers_all(share) else f"市内有值的 {percent(share)} 面积"
