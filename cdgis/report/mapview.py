"""What does the overview map hold? (a folium map whose layers, subjects and clauses travel as data)

folium builds the Leaflet map, its panes and one empty feature group per layer; the page's own script
fills a group when it is first shown. folium's random element ids are replaced by a counter and its links to
other hosts by nothing: the page brings Leaflet itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import folium
import numpy as np
import shapely
from branca.element import Element, Figure
from shapely.geometry.base import BaseGeometry

from cdgis.assessment import Assessment
from cdgis.frames import Layer
from cdgis.report.dossier import Dossier, Ruling
from cdgis.report.outline import packed, thinned
from cdgis.report.palette import read_palette
from cdgis.report.wording import attribute

THEMES = ("主体功能", "流域", "一单", "三线", "碳汇", "修复", "要素", "基础")
"""Drawing order, bottom first; the layer tree lists them the other way round."""
_SHOWN_AT_FIRST = (
    "neighbours", "counties", "management_units", "ecological_redline", "main_rivers", "reservoirs", "places",
)  # fmt: skip
_LABELLED = "counties"
_LOWEST_PANE = 410
_MARGIN_DEG = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """The pieces of the overview map that a page puts together."""

    html: str
    """The map's element."""
    script: str
    """folium's script: makes the map, panes and groups."""
    data: Mapping[str, Any]
    """What the page's own script draws: layers, subjects, rules."""


def build_map(assessment: Assessment, dossiers: Sequence[Dossier]) -> MapView:
    """Return the overview map of all vector layers and judged subjects."""
    layers = [layer for layer in assessment.layers.values() if layer.spec.is_vector and len(layer.zones)]
    bounds = _bounds(layers, assessment)
    west, south, east, north = bounds
    canvas = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        prefer_canvas=True,
        control_scale=False,
        attributionControl=False,
        zoomSnap=0.25,
        minZoom=6,
        maxZoom=17,
    )
    canvas.default_js, canvas.default_css = [], []
    for number in range(len(THEMES)):
        folium.map.CustomPane(f"theme-{number}", z_index=_LOWEST_PANE + number).add_to(canvas)
    groups = {layer.spec.id: folium.FeatureGroup(name=layer.spec.id, show=True).add_to(canvas) for layer in layers}
    canvas.fit_bounds([[south, west], [north, east]])
    _number_elements(canvas)
    html, script = _rendered(canvas)
    data = {
        "map": canvas.get_name(),
        "bounds": [round(v, 5) for v in bounds],
        "verdicts": {name: {"fill": s.fill, "shape": s.shape} for name, s in read_palette().verdicts.items()},
        "layers": [_layer_data(layer, groups[layer.spec.id].get_name()) for layer in layers],
        **_subject_data(assessment, dossiers),
    }
    return MapView(html=html, script=script, data=data)


def _bounds(layers: Sequence[Layer], assessment: Assessment) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the coverage layers, or of everything when none is declared."""
    areas = {layer.spec.coverage for layer in layers if layer.spec.coverage}
    inside = [layer for layer in layers if layer.spec.id in areas] or layers
    boxes = [shapely.box(*layer.zones.total_bounds) for layer in inside]
    if not boxes and len(assessment.subjects.frame):
        boxes = [shapely.box(*assessment.subjects.frame.total_bounds)]
    if not boxes:
        return (73.0, 18.0, 135.0, 54.0)
    west, south, east, north = shapely.union_all(boxes).bounds
    return west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG


def _number_elements(root: Element) -> None:
    """Replace folium's random ids by a running number, in drawing order."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop(0)
        number += 1
        element._id = str(number)
        waiting.extend(element._children.values())


def _rendered(canvas: folium.Map) -> tuple[str, str]:
    figure = cast(Figure, canvas.get_root())
    figure.render()
    return figure.html.render().strip(), figure.script.render().strip() + "\n"


def _layer_data(layer: Layer, group: str) -> dict[str, Any]:
    """Return one layer as the page's script reads it: classes with colours, zones with packed outlines."""
    spec, zones, palette = layer.spec, layer.zones, read_palette()
    names = list(dict.fromkeys([*spec.allowed_classes, *sorted(set(zones["zone_class"]))]))
    present = [name for name in names if name in set(zones["zone_class"])]
    place = {name: number for number, name in enumerate(present)}
    labels = packed(shapely.point_on_surface(zones.geometry.to_numpy())) if spec.id == _LABELLED else [[]] * len(zones)
    rows = zip(zones["zone_id"], zones["zone_name"], zones["zone_class"], packed(thinned(layer)), labels, strict=True)
    return {
        "id": spec.id,
        "group": group,
        "title": spec.title,
        "theme": THEMES.index(spec.theme),
        "geometry": spec.geometry,
        "official": spec.official,
        "version": spec.version,
        "shown": spec.id in _SHOWN_AT_FIRST,
        "classes": [[name, palette.zone_colour(spec.id, name)] for name in present],
        "zones": [[zone_id, name, place[kind], outline, *label] for zone_id, name, kind, outline, label in rows],
    }


def _subject_data(assessment: Assessment, dossiers: Sequence[Dossier]) -> dict[str, Any]:
    """Return subjects with their open and applying clauses; each clause's text is kept once."""
    frame = assessment.subjects.frame
    shapes = dict(zip(frame["subject_id"], frame.geometry.to_numpy(), strict=True))
    rules: dict[tuple[str, ...], int] = {}
    subjects = []
    for dossier in dossiers:
        subject, verdict = dossier.subject, dossier.verdict
        applied = [*(r for part in dossier.applies.values() for r in part), *dossier.hints]
        shape = shapes.get(subject["subject_id"])
        subjects.append(
            {
                **{
                    name: subject[name] for name in ("subject_id", "name", "kind", "county", "industry", "project_type")
                },
                "lon": round(float(subject["lon"]), 6),
                "lat": round(float(subject["lat"]), 6),
                "verdict": verdict["verdict"],
                "atLeast": verdict["at_least"],
                "stability": verdict["stability"],
                "manual": int(verdict["manual_count"]),
                "number": dossier.report_number,
                "page": dossier.page,
                "outline": _outline(shape),
                "dimension": int(shapely.get_dimensions(shape)) if shape is not None else 0,
                "applies": [_clause(r, rules) for r in applied],
                "unknown": [_clause(r, rules) for r in dossier.unknown],
            }
        )
    return {"subjects": subjects, "rules": [list(rule) for rule in rules]}


def _outline(shape: BaseGeometry | None) -> list[Any]:
    """Return a subject's full outline, nothing for points."""
    return [] if shape is None or shapely.get_dimensions(shape) < 1 else packed(np.array([shape], dtype=object))[0]


def _clause(ruling: Ruling, rules: dict[tuple[str, ...], int]) -> list[Any]:
    row = ruling.row
    key = tuple(str(row[name]) for name in ("rule_id", "effect", "level", "clause", "basis", "mark"))
    zones = "、".join(ruling.zones[:3]) + (f" 等 {len(ruling.zones)} 处" if len(ruling.zones) > 3 else "")
    return [rules.setdefault(key, len(rules)), zones, "、".join(attribute(name) for name in ruling.missing)]
