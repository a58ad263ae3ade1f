"""Strokes, colours and legend entries of a report's figures; shared by SVG and PNG."""


from dataclasses import dataclass

from cdgis.core import layer_ids
from cdgis.report.drawing.palette import read_palette
from cdgis.report.screening.content import Figure, Outline

SUBJECT, CLIP, SHIFT, OVERLAP = "#111111", "#0b6e4f", "#6a1b9a", "#7a0012"
_OWN = {"subject": SUBJECT, "clip": CLIP, "shift": SHIFT, "overlap": OVERLAP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one style is drawn; widths in pixels of the figure."""

    fill_opacity: float
    stroke_width: float
    dash: tuple[int, ...] = ()


LOOKS = {
    "unit": Look(fill_opacity=0.28, stroke_width=0.8),
    "area": Look(fill_opacity=0.3, stroke_width=1.4),
    "ring": Look(fill_opacity=0.05, stroke_width=2.0),
    "line": Look(fill_opacity=0.0, stroke_width=2.6, dash=(8, 3)),
    "water": Look(fill_opacity=0.75, stroke_width=0.8),
    "stream": Look(fill_opacity=0.0, stroke_width=1.6),
    "border": Look(fill_opacity=0.0, stroke_width=1.6, dash=(10, 3, 2, 3)),
    "overlap": Look(fill_opacity=0.3, stroke_width=0.0),
    "subject": Look(fill_opacity=0.0, stroke_width=3.0),
    "clip": Look(fill_opacity=0.18, stroke_width=2.2),
    "shift": Look(fill_opacity=0.0, stroke_width=2.2, dash=(6, 4)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One legend entry."""

    label: str
    colour: str
    style: str


def colour_of(outline: Outline) -> str:
    """Return the colour an outline is drawn in."""
    palette = read_palette()
    if outline.style == "stream":
        return palette.layers[layer_ids.MAIN_RIVERS]
    return _OWN.get(outline.style) or palette.zone_colour(outline.layer, outline.zone_class)


def legend_of(figure: Figure) -> tuple[Key, ...]:
    """Return the legend: subject first, then what is drawn over, then the ground; each entry once."""
    keys = [
        Key(label="河流" if o.style == "stream" else o.label, colour=colour_of(o), style=o.style)
        for o in reversed(figure.outlines)
    ]
    order = ("subject", "overlap", "clip", "shift", "area", "ring", "line", "unit", "water", "stream", "border")
    keys.sort(key=lambda key: order.index(key.style))
    if any(measure.style == "critical" for measure in figure.measures):
        keys.insert(1, Key(label="临界距离", colour=OVERLAP, style="stream"))
    return tuple(dict.fromkeys(keys))
