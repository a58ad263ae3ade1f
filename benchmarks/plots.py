"""Cost against size on two logarithmic axes, as a small SVG that is the same for the same numbers."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 44, 54
COLOURS = ("#0b5c8a", "#b5542b", "#3f7d3a", "#7a4b8f", "#8a6d1b", "#555555")
Series = Mapping[str, Mapping[float, float]]
"""Name -> (n -> seconds)."""
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def log_log(series: Series, *, title: str, axis: str) -> str:
    """Return the plot; the first series is ours and drawn thicker. Series without a number are left out.

    Parameters
    ----------
    axis : what n counts.
    """
    known = {
        name: {n: s for n, s in sorted(points.items()) if math.isfinite(s) and s > 0} for name, points in series.items()
    }
    known = {name: points for name, points in known.items() if points}
    n_range = _decades([n for points in known.values() for n in points])
    s_range = _decades([s for points in known.values() for s in points.values()])
    body = [*_grid(n_range, s_range, axis)]
    for number, (name, points) in enumerate(known.items()):
        xy = [(_x(n, n_range), _y(s, s_range)) for n, s in points.items()]
        body += _line(name, xy, number)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="13" fill="#222">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
            *body,
            "</svg>\n",
        ]
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    lowest, highest = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return lowest, max(highest, lowest + 1)


def _x(n: float, decades: tuple[int, int]) -> float:
    return LEFT + (math.log10(n) - decades[0]) / (decades[1] - decades[0]) * (WIDTH - LEFT - RIGHT)


def _y(seconds: float, decades: tuple[int, int]) -> float:
    return HEIGHT - BOTTOM - (math.log10(seconds) - decades[0]) / (decades[1] - decades[0]) * (HEIGHT - TOP - BOTTOM)


def _grid(n_range: tuple[int, int], s_range: tuple[int, int], axis: str) -> list[str]:
    lines = []
    for power in range(n_range[0], n_range[1] + 1):
        x = _x(10.0**power, n_range)
        lines.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_power(power)}</text>')
    for power in range(s_range[0], s_range[1] + 1):
        y = _y(10.0**power, s_range)
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    lines.append(f'<text x="{middle:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(axis)}</text>')
    lines.append(f'<text x="18" y="{HEIGHT / 2:.0f}" text-anchor="middle" transform="rotate(-90 18 {HEIGHT / 2:.0f})">秒</text>')
    return lines


def _power(power: int) -> str:
    return f"10{str(power).translate(SUPERSCRIPT)}"


def _line(name: str, xy: Sequence[tuple[float, float]], number: int) -> list[str]:
    colour, width = COLOURS[number % len(COLOURS)], 3 if number == 0 else 1.5
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in xy)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1.5}"/>' for x, y in xy)
    # A legend beside the plot never covers a line.
    y = TOP + 10 + 22 * number
    return [
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>',
        f'<g fill="{colour}">{dots}<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="14" height="4"/></g>',
        f'<text x="{WIDTH - RIGHT + 36}" y="{y}" font-size="12">{escape(name)}</text>',
    ]
