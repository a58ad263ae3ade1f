"""Overview as a PNG with legend, scale, north and dates, for paper that no browser prints.

Drawn with matplotlib, an optional part of the installation; the same colours and symbols as the pages.
"""

import io
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cdgis.core import layer_ids
from cdgis.core.errors import ReportError
from cdgis.core.vocabulary import Verdict
from cdgis.geometry.map_frame import METRES_PER_DEGREE, round_length
from cdgis.report.drawing.fonts import chinese_font
from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.atomic_output import staged
from cdgis.report.map.layer_styles import map_bounds
from cdgis.report.wording import short_county
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of

PATH = "stills/overview.png"
_MARKERS = {"diamond": "D", "triangle": "^", "square": "s", "circle": "o", "ring": "o"}
_Dashes = Literal["-", "-."]
_LINES: tuple[tuple[str, float, _Dashes], ...] = (
    (layer_ids.ECOLOGICAL_REDLINE, 0.7, "-"),
    (layer_ids.MAIN_RIVERS, 1.1, "-"),
    (layer_ids.COUNTIES, 0.8, "-."),
)
_DPI = 200
_SIZE_IN = (11.0, 8.6)


def write_still(assessment: Assessment, out: Path) -> Path:
    """Write the overview picture into `out` and return its path.

    Raises
    ------
    ReportError : matplotlib or a Chinese font is missing, or the folder cannot be written.
    """
    picture = draw_still(assessment)
    with staged(out, own=()) as stage:
        target = stage.folder / PATH
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(picture)
    return stage.written[0]


def draw_still(assessment: Assessment) -> bytes:
    """Return the overview of units, red line, rivers, counties and judged subjects as PNG bytes, 200 dpi.

    Raises
    ------
    ReportError : matplotlib or a Chinese font is missing.
    """
    figure, axes, font = _sheet()
    layers = {key: layer for key, layer in assessment.layers.items() if layer.spec.is_vector and len(layer.zones)}
    x0, y0, x1, y1 = map(float, assessment.subjects.frame.total_bounds)
    west, south, east, north = map_bounds(layers, (x0, y0, x1, y1))
    handles = _areas(axes, assessment) + _lines(axes, assessment) + _subjects(axes, assessment)
    axes.set(xlim=(west, east), ylim=(south, north), aspect=1 / math.cos(math.radians((south + north) / 2)))
    axes.set(xticks=[], yticks=[], xlabel="", ylabel="")
    _names(axes, assessment, font)
    _scale(axes, (west, south, east, north), font)
    axes.set_title(f"{assessment.settings.city}生态环境准入研判图", fontproperties=font, fontsize=16)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, prop=font)
    figure.text(0.03, 0.03, _foot(assessment), fontproperties=font, fontsize=9, color="#1f2733")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None}, bbox_inches="tight", pad_inches=0.25)
    return stream.getvalue()


def _sheet() -> tuple[Any, Any, Any]:
    """Return an empty figure, its axes and the Chinese font.

    Raises
    ------
    ReportError : matplotlib or a Chinese font is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
    except ImportError as err:
        raise ReportError("静态图需要 matplotlib", remedy="请运行 pip install 'cdgis[stills]' 后重试") from err
    found = chinese_font()
    if found is None:
        raise ReportError(
            "静态图需要中文字体，本机没有找到：Debian、Ubuntu 请安装 fonts-noto-cjk，Windows 请确认有微软雅黑或黑体"
        )
    figure = Figure(figsize=_SIZE_IN)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot(), FontProperties(fname=str(found.path), size=9.5)


def _areas(axes: Any, assessment: Assessment) -> list[Any]:
    """Draw management units and reservoirs; return their legend entries."""
    from matplotlib.patches import Patch

    handles, palette = [], read_palette()
    for key, alpha in ((layer_ids.MANAGEMENT_UNITS, 0.55), (layer_ids.RESERVOIRS, 0.9)):
        if key not in assessment.layers:
            continue
        layer = assessment.layers[key]
        for kind in sorted(set(layer.zones["zone_class"])):
            colour = palette.zone_colour(key, kind)
            zones = layer.zones[layer.zones["zone_class"] == kind]
            zones.plot(ax=axes, facecolor=colour, edgecolor="white", linewidth=0.15, alpha=alpha)
            handles.append(Patch(facecolor=colour, alpha=alpha, label=kind or layer.spec.title))
    return handles


def _lines(axes: Any, assessment: Assessment) -> list[Any]:
    """Draw red line, main rivers and county borders; return their legend entries."""
    from matplotlib.lines import Line2D

    handles, palette = [], read_palette()
    for key, width, dashes in _LINES:
        if key not in assessment.layers:
            continue
        layer = assessment.layers[key]
        colour = palette.zone_colour(key, str(layer.zones["zone_class"].iloc[-1]))
        lines = layer.zones if layer.spec.geometry == "line" else layer.zones.boundary
        lines.plot(ax=axes, color=colour, linewidth=width, linestyle=dashes)
        handles.append(Line2D([], [], color=colour, linewidth=width * 1.5, linestyle=dashes, label=layer.spec.title))
    return handles


def _subjects(axes: Any, assessment: Assessment) -> list[Any]:
    """Draw judged subjects, the gravest on top; return their legend entries."""
    subjects, verdicts = assessment.tables["subjects"], assessment.tables["verdicts"]
    judged = subjects.merge(verdicts[["subject_id", "verdict"]], on="subject_id")
    handles = []
    for verdict in reversed(Verdict):
        rows = judged[judged["verdict"] == verdict.value]
        if len(rows):
            handles.append(_marks(axes, rows, verdict))
    return handles[::-1]


def _marks(axes: Any, rows: pd.DataFrame, verdict: Verdict) -> Any:
    look = read_palette().verdicts[verdict.value]
    hollow = look.shape == "ring"
    return axes.scatter(
        rows["lon"],
        rows["lat"],
        s=np.where(rows["kind"] == "project", 34, 13),
        marker=_MARKERS[look.shape],
        facecolor="white" if hollow else look.fill,
        edgecolor=look.fill if hollow else "white",
        linewidth=1.2 if hollow else 0.4,
        label=f"{verdict.value}（{len(rows)}）",
        zorder=5,
    )


def _names(axes: Any, assessment: Assessment, font: Any) -> None:
    if layer_ids.COUNTIES not in assessment.layers:
        return
    zones = assessment.layers[layer_ids.COUNTIES].zones
    for name, point in zip(zones["zone_name"], zones.representative_point(), strict=True):
        text = axes.text(point.x, point.y, short_county(name), fontproperties=font, ha="center", zorder=6)
        text.set_bbox({"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.8})


def _scale(axes: Any, bounds: tuple[float, float, float, float], font: Any) -> None:
    """Draw a scale bar true at its own latitude, and an arrow to the north."""
    west, south, east, north = bounds
    degree_m = METRES_PER_DEGREE * math.cos(math.radians(south))
    length_m = round_length((east - west) * degree_m / 5)
    x, y = west + 0.04 * (east - west), south + 0.04 * (north - south)
    axes.plot([x, x + length_m / degree_m], [y, y], color="#1f2733", linewidth=3, solid_capstyle="butt")
    axes.text(x, y + 0.012 * (north - south), f"{length_m / 1000:g} 公里", fontproperties=font)
    top = (east - 0.04 * (east - west), north - 0.03 * (north - south))
    arrow = {"arrowstyle": "-|>", "color": "#1f2733", "linewidth": 2}
    axes.annotate("", xy=top, xytext=(top[0], top[1] - 0.07 * (north - south)), arrowprops=arrow)
    axes.text(top[0], top[1] - 0.1 * (north - south), "北", fontproperties=font, ha="center")


def _foot(assessment: Assessment) -> str:
    settings = assessment.settings
    review = f"审图号：{settings.map_review_number}" if settings.map_review_number else "未经审图，不得公开"
    parts = (
        review,
        stamp_of(assessment),
        f"判定基准日 {assessment.as_of}",
        f"编制单位：{settings.publish.compiler or settings.name}",
    )
    return "　".join(part for part in (*parts, "CGCS2000 经纬度，图形仅作示意") if part)
