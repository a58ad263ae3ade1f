"""Bar charts of tables without script, in pixels; the table stays behind each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cdgis.report.wording import number

LABEL_PX = 128
WIDTH_PX = 640
_BARS_PX = WIDTH_PX - LABEL_PX - 90
ROW_PX = 26
BAR_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One segment of a bar."""

    x: float
    width: float
    colour: str
    text: str
    """What the pointer shows: series, value, unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row of a chart."""

    label: str
    y: int
    pieces: tuple[Piece, ...]
    end: float
    total: str
    whisker: tuple[float, float] | None = None
    """Pixels from low to high, where the value has a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with the table behind it."""

    id: str
    title: str
    note: str
    """Method and source of the numbers."""
    unit: str
    series: tuple[tuple[str, str], ...]
    """(name, colour)."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    """(x, label)."""
    links: tuple[str, ...]
    """Page of each row, or empty."""

    @property
    def height(self) -> int:
        """Height in pixels."""
        return len(self.bars) * ROW_PX + 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be drawn: one row a label, one value a series."""

    id: str
    title: str
    note: str
    unit: str
    label_title: str
    series: tuple[tuple[str, str], ...]
    rows: Sequence[tuple[str, Sequence[float]]]
    ranges: Sequence[tuple[float, float]] = ()
    """(low, high) of each row's value, when there is one series with ranges."""
    digits: int = 0
    links: Sequence[str] = ()


def stacked(content: Content) -> Chart:
    """Return a chart of horizontal bars, the series of a row side by side; a missing value (NaN) has no length."""
    totals = [sum(v for v in values if v == v) for _, values in content.rows]
    tops = [high for _, high in content.ranges if high == high]
    step = _round_step(max([*totals, *tops], default=0.0))
    most = max(math.ceil(max([*totals, *tops], default=0.0) / step), 1) * step
    px = _BARS_PX / most
    bars = tuple(_bar(content, i, px=px, total=totals[i]) for i in range(len(content.rows)))
    ranged = bool(content.ranges)
    with_sum = len(content.series) > 1
    head = (content.label_title, *(name for name, _ in content.series))
    head += ("低值", "高值") if ranged else (("合计",) if with_sum else ())
    return Chart(
        id=content.id,
        title=content.title,
        note=content.note,
        unit=content.unit,
        series=content.series,
        head=head,
        rows=tuple(_row(content, i, totals[i], with_sum=with_sum) for i in range(len(content.rows))),
        bars=bars,
        ticks=tuple((LABEL_PX + k * step * px, number(k * step)) for k in range(round(most / step) + 1)),
        links=tuple(content.links) or ("",) * len(content.rows),
    )


def _bar(content: Content, i: int, *, px: float, total: float) -> Bar:
    label, values = content.rows[i]
    pieces, x = [], float(LABEL_PX)
    for (name, colour), value in zip(content.series, values, strict=True):
        if value == value and value > 0:
            text = f"{label}　{name} {number(value, content.digits)} {content.unit}"
            pieces.append(Piece(x=round(x, 1), width=round(value * px, 1), colour=colour, text=text))
            x += value * px
    whisker = None
    if content.ranges and content.ranges[i][0] == content.ranges[i][0]:
        low, high = content.ranges[i]
        whisker = (round(LABEL_PX + low * px, 1), round(LABEL_PX + high * px, 1))
    end = max(x, whisker[1] if whisker else x)
    return Bar(
        label=label,
        y=i * ROW_PX + 4,
        pieces=tuple(pieces),
        end=round(end, 1),
        total=number(total, content.digits),
        whisker=whisker,
    )


def _row(content: Content, i: int, total: float, *, with_sum: bool) -> tuple[str, ...]:
    label, values = content.rows[i]
    cells = [label, *(number(v, content.digits) for v in values)]
    if content.ranges:
        cells += [number(v, content.digits) for v in content.ranges[i]]
    elif with_sum:
        cells.append(number(total, content.digits))
    return tuple(cells)


def _round_step(most: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that gives three to six steps."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most / 3))
    return next(n * power for n in (1, 2, 5, 10) if n * power * 6 >= most)
