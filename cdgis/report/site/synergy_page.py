"""Page on pollutant and carbon synergy: quadrant charts and the table of all indices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.carbon.synergy_assessment import Synergy
from cdgis.carbon.synergy_indices import APEQ, LEVELS, WHOLE
from cdgis.report.drawing.palette import read_palette
from cdgis.report.standalone_page import render_page

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 540, 430, 46
_MOST_LABELS = 16
_LABEL_PX = (90.0, 14.0)
_LEAST_REACH = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dot:
    x: float
    y: float
    colour: str
    label: str
    title: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One quadrant chart, in pixels."""

    level: str
    dots: tuple[_Dot, ...]
    origin: tuple[float, float]
    ticks: tuple[tuple[float, float, str], ...]
    """x and y pixel of a tick's value on its axis, and its label."""
    left_out: int
    """Units without rates, so without a place on the chart."""


def render_synergy(found: Synergy, *, stamp: str) -> str:
    """Return the page of one table: conclusion first, charts by level, every index with its unit."""
    table = found.table
    apeq = table[table["pollutant"] == APEQ]
    levels = [level for level in LEVELS if (table["level"] == level).any()]
    return render_page(
        "synergy.html", s=found, stamp=stamp, size=(WIDTH_PX, HEIGHT_PX), margin=MARGIN_PX,
        charts=[_chart(level, apeq[apeq["level"] == level]) for level in levels if level != WHOLE],
        counts=[(level, _counts(apeq[apeq["level"] == level])) for level in levels], apeq=APEQ,
        rows=[(level, _rows(table[table["level"] == level])) for level in levels[::-1]],
        weights=sorted(found.weights.equivalent_kg.items()), colours=read_palette().kinds["quadrant"],
    )  # fmt: skip


def _counts(rows: pd.DataFrame) -> list[tuple[str, int]]:
    counts = rows["sign_class"].value_counts()
    return sorted(((str(word), int(n)) for word, n in counts.items()), key=lambda pair: (-pair[1], pair[0]))


def _rows(rows: pd.DataFrame) -> Sequence[dict[str, object]]:
    order = rows.assign(other=rows["pollutant"] != APEQ).sort_values(["unit_id", "other", "pollutant"], kind="stable")
    return [{str(key): cell for key, cell in row.items()} for row in order.to_dict("records")]


def _chart(level: str, rows: pd.DataFrame) -> Chart:
    placed = rows[rows["rate_pollutant"].notna()]
    xy = placed[["rate_pollutant", "rate_co2"]].to_numpy(dtype=float)
    low = np.minimum(xy.min(axis=0, initial=0.0), -_LEAST_REACH) * 1.08
    high = np.maximum(xy.max(axis=0, initial=0.0), _LEAST_REACH) * 1.08
    scale = np.array([WIDTH_PX - 2 * MARGIN_PX, HEIGHT_PX - 2 * MARGIN_PX]) / (high - low)
    pixels = MARGIN_PX + (xy - low) * scale
    zero = MARGIN_PX - low * scale
    labelled = _readable(pixels) & (len(placed) <= _MOST_LABELS)
    dots = [
        _Dot(
            x=round(float(x), 1), y=round(HEIGHT_PX - float(y), 1), colour=read_palette().kinds["quadrant"][row["quadrant"]],
            label=str(row["name"]) if shown else "", anchor="end" if x > WIDTH_PX * 0.72 else "start",
            title=f"{row['name']}：减污 {row['rate_pollutant']:.1%}，降碳 {row['rate_co2']:.1%}，{row['sign_class']}",
        )
        for (x, y), row, shown in zip(pixels, placed.to_dict("records"), labelled, strict=True)
    ]  # fmt: skip
    origin = round(float(zero[0]), 1), round(HEIGHT_PX - float(zero[1]), 1)
    ticks = [(_x, origin[1], text) for _x, text in _ticks(low[0], high[0], scale[0], zero[0])]
    ticks += [(origin[0], round(HEIGHT_PX - _y, 1), text) for _y, text in _ticks(low[1], high[1], scale[1], zero[1])]
    return Chart(level=level, dots=tuple(dots), origin=origin, ticks=tuple(ticks), left_out=len(rows) - len(placed))


def _readable(pixels: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which dots can carry a label that does not run over the label of an earlier one."""
    apart = np.abs(pixels[:, None, :] - pixels[None, :, :])
    close = (apart[..., 0] < _LABEL_PX[0]) & (apart[..., 1] < _LABEL_PX[1])
    return np.asarray(~np.tril(close, -1).any(axis=1))


def _ticks(low: float, high: float, scale: float, zero: float) -> list[tuple[float, str]]:
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 1e9) if (high - low) / s <= 8)
    values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [(round(float(zero + v * scale), 1), f"{v:+.0%}") for v in values if abs(v) > step / 2]
