"""Vector drawing of enterprises with a line from each old to its new site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.core import layer_ids
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.drawn_layer import drawn_layers
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import SIZE_PX, Stroke, layer_strokes, places_in
from cdgis.report.drawing.paths import Sketch as Drawing
from cdgis.report.relocation.content import Candidate
from cdgis.report.table_rows import Row
from cdgis.results.assessment import Assessment

_PLAN = (
    (layer_ids.WATER_SOURCE_ZONES, "zone"), (layer_ids.BUILT_UP, "zone"),
    (layer_ids.PARKS, "zone"), (layer_ids.MAIN_RIVERS, "stream"), (layer_ids.COUNTIES, "border"),
)  # fmt: skip
_BEND = 0.16
"""How far a line bows to its left, in parts of its length, so that lines to one park can be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One enterprise on the map, with its way to its new site if it has one."""

    enterprise_id: str
    label: str
    group: str
    colour: str
    x: float
    y: float
    way: str
    """SVG path from old to new; empty when it stays, closes or has no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMap:
    """The drawing and what lies on it."""

    sketch: Drawing
    marks: tuple[Mark, ...]
    parks: tuple[tuple[float, float, str], ...]
    """(x, y, name) of the parks that take somebody."""


def draw_flows(assessment: Assessment, candidates: Sequence[Candidate]) -> FlowMap | None:
    """Return the map of all candidates, nothing when no layer tells how large it should be."""
    where = positions(assessment)
    view = _view(assessment)
    if view is None:
        return None
    marks = tuple(_mark(candidate, where, view) for candidate in candidates)
    return FlowMap(sketch=_base(assessment, view), marks=marks, parks=_parks(assessment, candidates, view))


def draw_one(assessment: Assessment, candidate: Candidate, where: Mapping[str, tuple[float, float]]) -> FlowMap | None:
    """Return the map of one candidate: its old site, which `where` knows, and its new one where it has one."""
    own = where[candidate.row["enterprise_id"]]
    points = [own]
    if candidate.assigned:
        points.append((float(candidate.assigned["lon"]), float(candidate.assigned["lat"])))
    xs, ys = zip(*points, strict=True)
    view = View.around((min(xs), min(ys), max(xs), max(ys)), SIZE_PX, room=1.5, least_width_m=12_000.0)
    marks = (_mark(candidate, where, view),)
    return FlowMap(sketch=_base(assessment, view), marks=marks, parks=_parks(assessment, [candidate], view))


def positions(assessment: Assessment) -> dict[str, tuple[float, float]]:
    """Return subject id -> (lon, lat) in degrees."""
    subjects = assessment.tables["subjects"]
    return {str(s): (float(x), float(y)) for s, x, y in zip(subjects["subject_id"], subjects["lon"], subjects["lat"], strict=True)}


def _view(assessment: Assessment) -> View | None:
    layer = assessment.layers.get(layer_ids.COUNTIES) or assessment.layers.get(layer_ids.CITY)
    if layer is None or not len(layer.zones):
        return None
    west, south, east, north = map(float, layer.zones.total_bounds)
    return View.around((west, south, east, north), SIZE_PX, room=1.02, least_width_m=1000.0)


def _base(assessment: Assessment, view: View) -> Drawing:
    strokes: list[Stroke] = []
    legend: list[tuple[str, str, str]] = []
    for key, style in _PLAN:
        for layer in drawn_layers(assessment.layers, key):
            made, entries = layer_strokes(layer, style=style, view=view)
            strokes += made
            legend += [(style, colour, layer.spec.title) for style, colour, _ in entries[:1]]
    bar_px, bar_label = view.scale_bar
    vectors = {key: layer for key, layer in assessment.layers.items() if layer.spec.is_vector}
    return Drawing(
        strokes=tuple(strokes), spots=(), places=places_in(vectors, view), legend=tuple(dict.fromkeys(legend)),
        bar_px=bar_px, bar_label=bar_label, frame=view.frame,
    )  # fmt: skip


def _mark(candidate: Candidate, where: Mapping[str, tuple[float, float]], view: View) -> Mark:
    lon, lat = where[candidate.row["enterprise_id"]]
    ((x, y),) = view.pixels(np.array([[lon, lat]])).tolist()
    way = ""
    if candidate.assigned:
        ((u, v),) = view.pixels(np.array([[candidate.assigned["lon"], candidate.assigned["lat"]]])).tolist()
        bend = ((x + u) / 2 + (v - y) * _BEND, (y + v) / 2 - (u - x) * _BEND)
        way = f"M{x:g} {y:g}Q{bend[0]:.1f} {bend[1]:.1f} {u:g} {v:g}"
    words = f"{candidate.row['name'] or candidate.row['enterprise_id']}：{candidate.group}"
    words += f" → {candidate.assigned['park_name']}" if candidate.assigned else ""
    return Mark(
        enterprise_id=candidate.row["enterprise_id"], label=words, group=candidate.group,
        colour=read_palette().kinds["disposition"][candidate.group], x=x, y=y, way=way
    )


def _parks(assessment: Assessment, candidates: Sequence[Candidate], view: View) -> tuple[tuple[float, float, str], ...]:
    """Return where the parks that take somebody stand, with their names."""
    used: dict[str, Row] = {candidate.assigned["park_id"]: candidate.assigned for candidate in candidates if candidate.assigned}
    if layer_ids.PARKS not in assessment.layers or not used:
        return ()
    zones = assessment.layers[layer_ids.PARKS].zones
    zones = zones[zones["zone_id"].isin(sorted(used))].sort_values("zone_id", kind="stable")
    centres = shapely.get_coordinates(shapely.point_on_surface(zones.geometry.to_numpy()))
    return tuple(
        (x, y, str(used[park]["park_name"])) for (x, y), park in zip(view.pixels(centres).tolist(), zones["zone_id"], strict=True)
    )



