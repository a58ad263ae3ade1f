"""Drawings of the site among its zones as plain paths; colours are the renderings' business.

Two drawings: the surroundings, and the site itself with its boundary points. Zones are clipped to the view at full
precision. Nothing is measured here except the two ends of the critical line, whose length must agree with the verdict's.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.number_format import metres
from cdgis.core.vocabulary import Effect, State
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.drawn_layer import DrawnLayer, drawn_layers
from cdgis.report.screening.boundary import Boundary
from cdgis.report.screening.content import Clause, Conclusion, Figure, Mark, Measure, Outline, Remedy
from cdgis.report.screening.critical import critical_ends
from cdgis.siting.remedies import Kind
from cdgis.workspace.layers import Layers

SIZE_PX = WIDTH_PX, HEIGHT_PX = 720, 480
MOST_LABELS = 60
_LEAST_WIDTH_M = 1_200.0
_LEAST_DETAIL_M = 60.0
_MOST_WIDTH_M = 60_000.0
_MARGIN_PX = 14.0
_LABEL_PX = (30.0, 15.0)
_UNITS, _BORDERS, _PLACES = layer_ids.MANAGEMENT_UNITS, layer_ids.COUNTIES, layer_ids.PLACES
_WATER = ((layer_ids.RESERVOIRS, "water"), (layer_ids.STREAMS, "stream"), (layer_ids.RIVERS, "stream"), (layer_ids.MAIN_RIVERS, "stream"))
_MOST_LAYERS, _MOST_FILLED = 9, 1
_LEAST_LINE_PX = 24.0


_Piece = tuple[tuple[str, str, str, str], BaseGeometry | np.ndarray]
"""Layer, class, label and style of an outline, and the shape or shapes it is drawn from."""


def draw_figures(
    layers: Layers,
    shape: BaseGeometry | None,
    conclusion: Conclusion,
    wanted: Mapping[str, str],
    remedies: Sequence[Remedy],
    *,
    boundary: Boundary | None = None,
) -> tuple[Figure, ...]:
    """Return the drawing of the surroundings and, for lines and areas, the one with the boundary points.

    Parameters
    ----------
    shape : the subject, EPSG:4490 lon/lat; None or empty gives no drawing.
    wanted : zone layer -> style, as `layers_to_draw` gives it.
    remedies : those with geometry (WKT, EPSG:4490) are drawn.
    boundary : the points to draw and label; None where the outline is a coarse one.
    """
    if shape is None or shape.is_empty:
        return ()
    ends = critical_ends(layers.get(conclusion.critical_layer), shape, conclusion.critical_distance_m)
    moved = [(r, shapely.from_wkt(r.wkt)) for r in remedies if r.feasible and r.wkt]
    near_ends = [shapely.LineString(ends)] if ends is not None and conclusion.critical_distance_m <= 5_000 else []
    view = _view([shape, *near_ends, *(g for _, g in moved)], room=1.9, least_width_m=_LEAST_WIDTH_M)
    detailed = shapely.get_dimensions(shape) > 0
    measures = _critical(ends, conclusion, view, least_px=_LEAST_LINE_PX if detailed else 0.0) + _shifts(shape, moved, view)
    figures = [_figure("项目位置与周边管控区", layers, shape, view, wanted, (measures, moved))]
    if detailed and boundary is not None:
        near = _view([shape], room=1.3, least_width_m=_LEAST_DETAIL_M)
        figures.append(_figure("项目边界与界址点", layers, shape, near, wanted, (_critical(ends, conclusion, near), []), boundary=boundary))
    return tuple(figures)


def _view(shapes: Sequence[BaseGeometry], *, room: float, least_width_m: float) -> View:
    """Return the view that shows all shapes."""
    west, south, east, north = map(float, shapely.total_bounds(np.array(shapes, dtype=object)))
    bounds = (west, south, east, north)
    return View.around(bounds, SIZE_PX, room=room, least_width_m=least_width_m, most_width_m=_MOST_WIDTH_M)


def layers_to_draw(
    layers: Layers, conclusion: Conclusion, clauses: Sequence[Clause], hard_layers: Sequence[str]
) -> dict[str, str]:
    """Return zone layers worth drawing -> style, the strictest first: area for what decides, ring for the rest.

    Every layer of a decisive clause is drawn. Then come the layers of other clauses that count, the critical layer and
    the hard constraints, up to MOST_LAYERS; of these, layers that tile the city say nothing on a map of one site and
    are left out.
    """
    decisive = list(dict.fromkeys(zone.layer for c in conclusion.decisive for zone in c.zones))
    ranked = sorted(clauses, key=lambda c: -Effect(c.effect).rank)
    deciding = [c.layer for c in ranked if c.state in (State.APPLIES, State.UNKNOWN) and Effect(c.effect).rank]
    base = {_UNITS, _BORDERS, _PLACES, *(name for name, _ in _WATER)}
    names = dict.fromkeys([*decisive, *deciding, conclusion.critical_layer, *hard_layers])
    known = [n for n in names if n in layers and layers[n].spec.is_vector and n not in base]
    kept = [n for n in known if n in decisive or not layers[n].spec.partition]
    kept = kept[: max(_MOST_LAYERS, sum(name in decisive for name in kept))]
    filled = [name for name in kept if name in deciding][:_MOST_FILLED]
    return {name: "area" if name in filled else "ring" for name in kept}


def _figure(
    title: str,
    layers: Layers,
    shape: BaseGeometry,
    view: View,
    wanted: Mapping[str, str],
    additions: tuple[Sequence[Measure], Sequence[tuple[Remedy, BaseGeometry]]],
    *,
    boundary: Boundary | None = None,
) -> Figure:
    rings = [(key, style) for key, style in wanted.items() if style == "ring"]
    filled = [(key, style) for key, style in wanted.items() if style != "ring"]
    plan = [(_UNITS, "unit"), *_WATER, *filled[::-1], *rings[::-1], (_BORDERS, "border")]
    pieces = _pieces([(layer, style) for key, style in plan for layer in drawn_layers(layers, key)], view)
    pieces += _overlap(drawn_layers(layers, *(key for key, style in wanted.items() if style == "area")), shape)
    pieces.append((_named("subject", "项目范围"), shape))
    measures, moved = additions
    for remedy, geometry in moved:
        style = "shift" if remedy.kind == Kind.SHIFT else "clip"
        pieces.append((_named(style, f"{remedy.kind}方案（{remedy.target}）"), geometry))
    outlines = [
        Outline(layer=layer, zone_class=zone_class, label=label, style=style, path=path)
        for ((layer, zone_class, label, style), _), path in zip(pieces, _paths([p for _, p in pieces], view), strict=True) if path
    ]  # fmt: skip
    marks, note = _marks(shape, view, drawn_layers(layers, _PLACES), boundary)
    bar_px, bar_label = view.scale_bar
    return Figure(
        title=title, width=WIDTH_PX, height=HEIGHT_PX, outlines=tuple(outlines), marks=marks,
        measures=tuple(measures), bar_px=bar_px, bar_label=bar_label, note=note, frame=view.frame,
    )  # fmt: skip


def _pieces(plan: Sequence[tuple[DrawnLayer, str]], view: View) -> list[_Piece]:
    """Return one outline per layer and zone class in view, and the shapes it is to be drawn from, all clipped in one go."""
    bounds = view.box(_MARGIN_PX)
    box = shapely.box(*bounds)
    seen = [(drawn, style, index) for drawn, style in plan if len(index := drawn.within(box))]
    if not seen:
        return []
    # A border is drawn as a line: clipped as an area it would run along the edge of the view as well.
    whole = [shapely.boundary(drawn.shapes[index]) if style == "border" else drawn.shapes[index] for drawn, style, index in seen]
    shapes = np.split(shapely.clip_by_rect(np.concatenate(whole), *bounds), np.cumsum(list(map(len, whole)))[:-1])
    made: list[_Piece] = []
    for (drawn, style, index), own in zip(seen, shapes, strict=True):
        spec = drawn.spec
        for zone_class, part in drawn.by_class(index, own):
            drawn_as = "line" if style in ("area", "ring") and shapely.get_dimensions(part).max() == 1 else style
            named = style in ("unit", "area", "ring") and zone_class not in ("", spec.title)
            made.append(((spec.id, zone_class, f"{spec.title}·{zone_class}" if named else spec.title, drawn_as), part))
    return made


def _overlap(layers: Iterable[DrawnLayer], shape: BaseGeometry) -> list[_Piece]:
    """Return what the subject shares with the deciding zones; the numbers for it are in the tables."""
    if shapely.get_dimensions(shape) != 2:
        return []
    shared = [
        shapely.intersection(zone, shape)
        for layer in layers
        if layer.spec.geometry == "polygon"
        for zone in layer.shapes[np.sort(layer.tree.query(shape, predicate="intersects"))]
    ]
    return [(_named("overlap", "与决定性区重叠部分"), shapely.union_all(shared))] if shared else []


def _named(style: str, label: str) -> tuple[str, str, str, str]:
    """Return what is said of an outline that is no layer's."""
    return style, "", label, style


def _paths(shapes: Sequence[BaseGeometry | np.ndarray], view: View) -> list[str]:
    """Return SVG path data of each of the shapes, or groups of shapes, all drawn in one go: lines and areas, points give none.

    Steps under a hundredth of a pixel are left out.
    """
    groups = [np.atleast_1d(np.asarray(group, dtype=object)) for group in shapes]
    parts, of_piece = shapely.get_parts(np.concatenate(groups), return_index=True)
    dimensions = np.where(shapely.is_empty(parts), -1, shapely.get_dimensions(parts))
    rings, of_area = shapely.get_rings(parts[dimensions == 2], return_index=True)
    places = np.concatenate((np.flatnonzero(dimensions == 2)[of_area], np.flatnonzero(dimensions == 1)))
    order = np.argsort(places, kind="stable")
    lines, places = np.concatenate((rings, parts[dimensions == 1]))[order], places[order]
    lonlat, owner = shapely.get_coordinates(lines, return_index=True)
    xy = view.pixels(lonlat)
    kept = np.any(np.diff(xy, axis=0, prepend=np.nan) != 0, axis=1) | (np.diff(owner, prepend=-1) != 0)
    words = ("%g %g\n" * int(kept.sum()) % tuple(xy[kept].ravel().tolist())).split("\n")
    ends = np.cumsum(np.bincount(owner[kept], minlength=len(lines))).tolist()
    numbers = np.repeat(np.arange(len(groups)), list(map(len, groups)))[of_piece[places]].tolist()
    drawn: list[list[str]] = [[] for _ in groups]
    for number, start, end, area in zip(numbers, [0, *ends][: len(ends)], ends, (dimensions[places] == 2).tolist(), strict=True):
        drawn[number].append(f"M{'L'.join(words[start:end])}{'Z' if area else ''}")
    return list(map("".join, drawn))


def _marks(shape: BaseGeometry, view: View, places: Iterable[DrawnLayer], boundary: Boundary | None) -> tuple[tuple[Mark, ...], str]:
    """Return places in view, the subject's point, and boundary points as far as their labels have room."""
    marks, note = _places(places, view), ""
    dimension = shapely.get_dimensions(shape)
    if dimension == 0:
        xy = view.pixels(shapely.get_coordinates(shape))
        marks += [Mark(x=float(x), y=float(y), label="", style="subject") for x, y in xy]
    if boundary is not None:
        points, count = boundary.points, boundary.count
        xy = view.pixels(np.array([(p.lon_deg, p.lat_deg) for p in points]))
        shown = _with_room(xy)
        named = set(shown)
        marks += [
            Mark(x=float(x), y=float(y), label=points[i].label if i in named else "", style="point")
            for i, (x, y) in enumerate(xy)
        ]
        if len(shown) < count:
            note = f"界址点共 {count} 个，图上标注 {len(shown)} 个，坐标见界址点坐标表"
    return tuple(marks), note


def _with_room(xy: np.ndarray) -> list[int]:
    """Return the points whose labels do not lie on one another, the first points first."""
    taken: list[tuple[float, float]] = []
    chosen: list[int] = []
    for number, (x, y) in enumerate(xy):
        free = all(abs(x - a) > _LABEL_PX[0] or abs(y - b) > _LABEL_PX[1] for a, b in taken)
        if free and len(chosen) < MOST_LABELS:
            taken.append((x, y))
            chosen.append(number)
    return chosen


def _places(places: Iterable[DrawnLayer], view: View) -> list[Mark]:
    marks = []
    for layer in places:
        index = layer.within(view.box())[:6]
        xy = view.pixels(shapely.get_coordinates(shapely.centroid(layer.shapes[index])))
        marks += [Mark(x=x, y=y, label=layer.names[i], style="place") for (x, y), i in zip(xy.tolist(), index.tolist(), strict=True)]
    return marks


def _critical(
    ends: np.ndarray | None, conclusion: Conclusion, view: View, *, least_px: float = 0.0
) -> list[Measure]:
    """Return the critical line with its length, unless it would be shorter than `least_px` in this view."""
    if ends is None:
        return []
    label = f"临界 {metres(conclusion.critical_distance_m)}（{conclusion.critical_layer_title}）"
    line = _measure(ends, label, "critical", view)
    return [line] if math.hypot(line.x2 - line.x1, line.y2 - line.y1) >= least_px else []


def _shifts(shape: BaseGeometry, moved: Sequence[tuple[Remedy, BaseGeometry]], view: View) -> list[Measure]:
    centre = shapely.get_coordinates(shapely.centroid(shape))
    return [
        _measure(np.vstack((centre, shapely.get_coordinates(shapely.centroid(geometry)))), text, "shift", view)
        for remedy, geometry in moved
        if remedy.kind == Kind.SHIFT and (text := f"平移 {metres(remedy.distance_m)}")
    ]


def _measure(ends: np.ndarray, label: str, style: str, view: View) -> Measure:
    (x1, y1), (x2, y2) = view.pixels(ends).tolist()
    return Measure(x1=x1, y1=y1, x2=x2, y2=y2, label=label, style=style)

