"""How else may one position be written? Degree spellings of clerks, and the shifted datums of map services."""

import math


def spelled(number: int, lon: float, lat: float) -> tuple[str, str]:
    """Return longitude and latitude in the spelling of row `number`; most are plain decimals, some are swapped."""
    style = {2: _symbols, 6: _letters, 11: _hanzi, 15: _ascii_marks, 19: _suffixed, 23: _full_width}.get(number % 25)
    if number % 50 == 18:
        return f"{lat:.6f}", f"{lon:.6f}"
    return (style(lon, "E"), style(lat, "N")) if style else (f"{lon:.6f}", f"{lat:.6f}")


def sexagesimal(value: float) -> tuple[int, int, float]:
    """Return degrees, minutes, seconds; seconds to 0.01 (0.3 m)."""
    hundredths = round(value * 360_000)
    return hundredths // 360_000, hundredths // 6_000 % 60, hundredths % 6_000 / 100


def _symbols(value: float, _: str) -> str:
    degrees, minutes, seconds = sexagesimal(value)
    return f"{degrees}°{minutes:02d}′{seconds:05.2f}″"


def _letters(value: float, side: str) -> str:
    degrees, minutes, seconds = sexagesimal(value)
    return f"{side}{degrees}度{minutes}分{seconds:.2f}秒"


def _hanzi(value: float, side: str) -> str:
    return ("东经" if side == "E" else "北纬") + _symbols(value, side)


def _ascii_marks(value: float, side: str) -> str:
    degrees, minutes, seconds = sexagesimal(value)
    return f"{degrees}°{minutes}'{seconds:.2f}\"{side}"


def _suffixed(value: float, side: str) -> str:
    return f"{value:.6f}°{side}"


def _full_width(value: float, _: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in f"{value:.6f}")


_GCJ_A = 6378245.0
_GCJ_EE = 0.00669342162296594323


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Return the GCJ-02 position of a CGCS2000 one (published approximation, offset 300 to 700 m)."""
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(lat)
    magic = 1.0 - _GCJ_EE * math.sin(phi) ** 2
    north_deg = math.degrees(north / (_GCJ_A * (1.0 - _GCJ_EE) / magic**1.5))
    east_deg = math.degrees(east / (_GCJ_A / math.sqrt(magic) * math.cos(phi)))
    return lon + east_deg, lat + north_deg


def to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """Return the BD-09 position of a CGCS2000 one: GCJ-02, then Baidu's own wobble."""
    x, y = to_gcj02(lon, lat)
    k = math.pi * 3000.0 / 180.0
    z = math.hypot(x, y) + 0.00002 * math.sin(y * k)
    theta = math.atan2(y, x) + 0.000003 * math.cos(x * k)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006
