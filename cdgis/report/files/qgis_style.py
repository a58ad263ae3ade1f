"""Symbols, labels and field names of a layer as QGIS stores them in XML (QML; written for QGIS 3.22 and later).

The same elements stand in a GeoPackage's ``layer_styles`` and in a project, so both draw a layer alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from cdgis.core.safe_text import legal_text

QGIS_VERSION = "3.22.0"
"""The oldest QGIS that reads what is written here; later ones take it as a project of an earlier version."""
_MM_OF_PIXEL = 0.264583
_LAYER_CLASS = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}
_FONT = "Noto Sans CJK SC"
_FONTS = (_FONT, "Microsoft YaHei", "SimSun", "Source Han Sans SC")
_INK, _PAPER = "20,24,31,255", "255,255,255,230"
_LABEL_PLACE = {"marker": 6, "line": 2, "fill": 1}
"""Kind of symbol -> QGIS's number for where a label goes: beside a point, along a line, over an area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One symbol: its kind and QGIS's own options of that kind."""

    kind: Literal["fill", "line", "marker"]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a layer is drawn: one symbol a value of `attribute`, or one for all, and which field names the features."""

    attribute: str = ""
    symbols: tuple[tuple[str, str, Symbol], ...]
    """(value, words of the legend, symbol); a single one without `attribute`."""
    label: str = ""
    label_below: int = 0
    """Largest denominator of the scale at which labels are drawn; 0: at every scale."""


def rgba(colour: str, opacity: float = 1.0) -> str:
    """Return ``#rrggbb`` as QGIS writes colours."""
    return ",".join([*(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)), str(round(255 * opacity))])


def fill(colour: str, *, opacity: float, outline: str, width_px: float, dash: Sequence[float] = ()) -> Symbol:
    """Return the symbol of an area; opacity 0 leaves its outline alone."""
    return Symbol(kind="fill", options={
        "color": rgba(colour, opacity), "style": "solid" if opacity else "no", "joinstyle": "round",
        "outline_color": rgba(outline), "outline_style": "dash" if dash else "solid",
        "outline_width": _millimetres(width_px), "outline_width_unit": "MM",
    })  # fmt: skip


def line(colour: str, *, width_px: float, opacity: float = 1.0, dash: Sequence[float] = ()) -> Symbol:
    """Return the symbol of a line."""
    return Symbol(kind="line", options={
        "line_color": rgba(colour, opacity), "line_style": "dash" if dash else "solid", "line_width": _millimetres(width_px),
        "line_width_unit": "MM", "capstyle": "round", "joinstyle": "round",
    })  # fmt: skip


def marker(colour: str, *, shape: str, radius_px: float, opacity: float = 1.0, outline: str = "#ffffff") -> Symbol:
    """Return the symbol of a point; a ring is a circle that shows its outline only."""
    ring = shape == "ring"
    return Symbol(kind="marker", options={
        "name": "circle" if ring else shape, "color": rgba("#ffffff" if ring else colour, opacity), "size": _millimetres(2 * radius_px),
        "size_unit": "MM", "outline_color": rgba(colour if ring else outline), "outline_width": _millimetres(2 if ring else 0.8),
        "outline_width_unit": "MM", "outline_style": "solid",
    })  # fmt: skip


def _millimetres(pixels: float) -> str:
    return f"{pixels * _MM_OF_PIXEL:.3f}"


def child(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """Return a new element below `parent`; characters that XML cannot hold are replaced."""
    made = SubElement(parent, tag, {name: legal_text(value) for name, value in attributes.items()})
    made.text = legal_text(text) or None
    return made


def add_style(parent: Element, look: Look, aliases: Mapping[str, str]) -> None:
    """Put renderer, labels and field names of a layer below `parent`."""
    _add_renderer(parent, look)
    if look.label:
        _add_labels(parent, look)
    add_aliases(parent, aliases)


def style_text(look: Look, aliases: Mapping[str, str]) -> str:
    """Return a layer's style as the text of a QML file."""
    root = Element("qgis", {"version": QGIS_VERSION, "styleCategories": "Symbology|Labeling|Fields", "labelsEnabled": str(int(bool(look.label)))})
    add_style(root, look, aliases)
    return tostring(root, encoding="unicode")


def add_aliases(parent: Element, aliases: Mapping[str, str]) -> None:
    """Put Chinese names of fields below `parent`; field 0 is the row's own number."""
    listed = child(parent, "aliases")
    for number, (field, title) in enumerate(aliases.items(), start=1):
        child(listed, "alias", index=str(number), field=field, name=title)


def _add_renderer(parent: Element, look: Look) -> None:
    kind = "categorizedSymbol" if look.attribute else "singleSymbol"
    renderer = child(parent, "renderer-v2", type=kind, symbollevels="0", enableorderby="0", forceraster="0")
    if look.attribute:
        renderer.set("attr", look.attribute)
        classes = child(renderer, "categories")
        for number, (value, words, _) in enumerate(look.symbols):
            child(classes, "category", symbol=str(number), value=value, label=words, render="true", type="string")
    symbols = child(renderer, "symbols")
    for number, (_, _, symbol) in enumerate(look.symbols):
        drawn = child(symbols, "symbol", type=symbol.kind, name=str(number), alpha="1", clip_to_extent="1", force_rhr="0")
        layer = child(drawn, "layer", **{"class": _LAYER_CLASS[symbol.kind]}, enabled="1", locked="0")
        layer.set("pass", "0")
        options = child(layer, "Option", type="Map")
        for name, value in symbol.options.items():
            child(options, "Option", name=name, type="QString", value=value)


def _add_labels(parent: Element, look: Look) -> None:
    kind = look.symbols[0][2].kind
    settings = child(child(parent, "labeling", type="simple"), "settings", calloutType="simple")
    words = child(settings, "text-style", fieldName=look.label, isExpression="0", fontFamily=_FONT, fontSize="9",
                  fontSizeUnit="Point", textColor=_INK, textOpacity="1", namedStyle="Regular", fontWeight="50")  # fmt: skip
    families = child(words, "families")
    for name in _FONTS:
        child(families, "family", name=name)
    child(words, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor=_PAPER, bufferOpacity="1", bufferNoFill="1")
    child(settings, "placement", placement=str(_LABEL_PLACE[kind]), dist="1", distUnits="MM", centroidWhole="1", placementFlags="9")
    child(settings, "rendering", drawLabels="1", scaleVisibility=str(int(look.label_below > 0)), scaleMax="1",
          scaleMin=str(look.label_below), obstacle="1", limitNumLabels="0", fontMinPixelSize="3")  # fmt: skip
