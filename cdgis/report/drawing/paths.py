"""Pieces of the map as plain vector paths: strokes, places, legend; no script, nothing measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.drawn_layer import DrawnLayer, drawn_layers
from cdgis.report.drawing.palette import read_palette
from cdgis.workspace.layers import Layer

SIZE_PX = WIDTH_PX, HEIGHT_PX = 560, 400
_MARGIN_PX = 4
BASE_LINES = (layer_ids.STREAMS, layer_ids.RIVERS, layer_ids.MAIN_RIVERS)
PLACES = layer_ids.PLACES
LegendKey = tuple[str, str, str]
"""(style, colour, label)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One path of the drawing, in pixels."""

    path: str
    style: str
    """CSS class: unit, zone, line, water, border, subject."""
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One named place or point in pixels."""

    x: float
    y: float
    label: str
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A drawing with its legend and scale bar."""

    strokes: tuple[Stroke, ...]
    spots: tuple[Spot, ...]
    places: tuple[Spot, ...]
    legend: tuple[tuple[str, str, str], ...]
    """(style, colour, label)."""
    bar_px: float
    bar_label: str
    frame: str
    """West, south, east, north in degrees: where the drawing's corners lie."""


def layer_strokes(drawn: DrawnLayer, *, style: str, view: View, step: int | None = None) -> tuple[list[Stroke], list[LegendKey]]:
    """Return one path per zone class in view, and the legend entries of what can be seen.

    Parameters
    ----------
    step : the zones are simplified to two to the power of `step` degrees, and then no further; None for this view's own scale.
    """
    box, key, title = view.box(_MARGIN_PX), drawn.spec.id, drawn.spec.title
    index = drawn.within(box)
    if len(index) == 0:
        return [], []
    shapes = shapely.clip_by_rect(drawn.shapes[index] if step is None else drawn.thinned(index, step), *box)
    palette, strokes, legend = read_palette(), [], []
    groups = list(drawn.by_class(index, shapes))
    paths = paths_of([own for _, own in groups], view, keep=step is not None)
    for (zone_class, own), path in zip(groups, paths, strict=True):
        if not path:
            continue
        colour = palette.zone_colour(key, zone_class)
        lines = bool(shapely.get_dimensions(own).max() == 1)
        drawn_as = "line" if lines and style == "zone" else style
        strokes.append(Stroke(path=path, style=drawn_as, colour=colour))
        if _can_be_seen(own, view, outline=style in ("line", "border")):
            named = style in ("unit", "zone", "line") and zone_class not in ("", title)
            legend.append((drawn_as, colour, f"{title}·{zone_class}" if named else title))
    if style == "stream":
        legend = [("stream", palette.layers[layer_ids.MAIN_RIVERS], "河流")] if legend else []
    return strokes, legend


def _can_be_seen(shapes: np.ndarray, view: View, *, outline: bool) -> bool:
    """Whether enough of the shapes lies within the frame itself: an area of 12 pixels, a line 6 pixels long."""
    parts = shapely.get_parts(shapely.get_parts(shapes))  # clipping may leave collections, which have no boundary
    if outline:
        parts = np.where(shapely.get_dimensions(parts) == 2, shapely.boundary(parts), parts)
    inside, px = shapely.clip_by_rect(parts, *view.box()), view.degree_px
    return bool(shapely.area(inside).sum() * px**2 > 12 or shapely.length(inside).sum() * px > 6)


def path_of(shapes: BaseGeometry | np.ndarray, view: View, *, keep: bool = False) -> str:
    """Return one SVG path of lines and rings, thinned to half a pixel unless `keep`; points give none."""
    return paths_of([shapes], view, keep=keep)[0]


def paths_of(groups: Sequence[BaseGeometry | np.ndarray], view: View, *, keep: bool = False) -> list[str]:
    """Return the path of each shape, or group of shapes, as `path_of` draws it, all in one go."""
    arrays = [np.atleast_1d(np.asarray(group, dtype=object)) for group in groups]
    shapes = np.concatenate(arrays) if arrays else np.empty(0, dtype=object)
    if not keep:
        shapes = shapely.simplify(shapes, 0.5 / view.degree_px)
    of_shape = np.repeat(np.arange(len(arrays)), list(map(len, arrays)))
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    dimensions = shapely.get_dimensions(parts)
    rings, of_ring = shapely.get_rings(parts[dimensions == 2], return_index=True)
    lines = np.concatenate((rings, parts[dimensions == 1]))
    group = of_shape[of_part[np.concatenate((np.flatnonzero(dimensions == 2)[of_ring], np.flatnonzero(dimensions == 1)))]]
    lonlat, owner = shapely.get_coordinates(lines, return_index=True)
    xy = np.rint(view.pixels(lonlat) * 10).astype(np.int64)
    first = np.diff(owner, prepend=-1) != 0
    steps = np.where(first[:, None], xy, np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)))
    kept = first | steps.any(axis=1)
    ends = np.cumsum(np.bincount(owner[kept], minlength=len(lines))).tolist()
    words = list(map(_tenths, steps[kept].ravel().tolist()))
    drawn: list[list[str]] = [[] for _ in arrays]
    for at, (number, start, end) in enumerate(zip(group.tolist(), [0, *ends], ends, strict=False)):
        if end > start + 1:
            close = "z" if at < len(rings) else ""
            drawn[number].append(f"M{words[2 * start]} {words[2 * start + 1]}l{' '.join(words[2 * start + 2 : 2 * end])}{close}")
    return list(map("".join, drawn))


@cache
def _tenths(value: int) -> str:
    """Return tenths of a pixel as the shortest number in pixels."""
    return f"{value / 10:g}"


def places_in(layers: Mapping[str, Layer], view: View) -> tuple[Spot, ...]:
    """Return at most four towns in view."""
    spots: list[Spot] = []
    for places in drawn_layers(layers, PLACES):
        index = places.within(view.box())[:4]
        xy = view.pixels(shapely.get_coordinates(shapely.centroid(places.shapes[index])))
        spots += [Spot(x=x, y=y, label=places.names[i]) for (x, y), i in zip(xy.tolist(), index.tolist(), strict=True)]
    return tuple(spots)
