"""The interactive map of an assessment, built by folium: zones, subjects by verdict, popups with clauses; opens offline.

Leaflet stands in the page itself, element ids are a running number, and the page's content security policy names its
scripts by hash: two maps of one assessment are the same bytes and neither asks a network for anything.

folium fills its finished scripts in as templates once more, so a brace from data would be code of ours: texts go in as
markup whose braces are entities (`inert`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import folium
import numpy as np
import shapely
from branca.element import Figure
from folium.features import GeoJsonPopup, GeoJsonTooltip
from markupsafe import Markup, escape

from cdgis.core import layer_ids
from cdgis.core.vocabulary import Effect
from cdgis.report.drawing.layer_order import THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.inline_assets import inline_code, leaflet_script, leaflet_style, template_text
from cdgis.report.map.layer_styles import Bounds, map_bounds
from cdgis.report.map.levels import simplified
from cdgis.report.map.offline_map import OfflineFigure, Verbatim, inert, number_elements, offline_map
from cdgis.report.screening import Casebook
from cdgis.report.screening.case import Case
from cdgis.report.screening.cells import stability_text, title_of, verdict_text, zone_text
from cdgis.report.screening.content import Clause
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of
from cdgis.workspace.layers import Layer, Layers

_ROOM = 0.6
"""Of the subjects' extent, shown around them on each side."""
_LEAST_ROOM_DEG = 0.03
_VERTEX_SHARE = 15_000
"""The extent over the smallest triangle a zone's outline keeps: a third of a pixel on a large screen."""
_GROUND, _BORDERS = layer_ids.MANAGEMENT_UNITS, layer_ids.COUNTIES
_MOST_SHOWN = 6
"""Zone layers shown at first; the reader turns the others on."""
_SMALL = 80
"""The width of the view over the size below which a subject is marked by a dot."""
_MOST_CLAUSES = 5


def explore_map(assessment: Assessment, *, layers: Sequence[str] | None = None) -> folium.Map:
    """Return a folium map of the judged subjects among the zones that concern them.

    Each subject is coloured by its verdict; its popup tells the verdict with all that must stand beside it, the
    clauses that count with the project's side of each, and what is still missing, in the report's own words.

    Parameters
    ----------
    assessment : what a run or a screening found; positions are EPSG:4490, degrees.
    layers : ids of the zone layers to draw; by default every vector layer a subject lies in or near, the strictest
        first. Layers that are not loaded are left out. Zones far from all subjects are left out as well.

    Returns
    -------
    folium.Map
        ``.save(path)`` writes one HTML file that opens without a network; notebooks show it as it is. Text from data
        is escaped. Outlines of zones are thinned to the scale of the map: to look at, never to measure by.

    Examples
    --------
    >>> explore_map(assessment).save("map.html")  # doctest: +SKIP
    """
    cases = Casebook(assessment).all()
    drawn = [case for case in cases if case.shape is not None and not case.shape.is_empty]
    focus = _focus([case.shape for case in drawn], assessment.layers)
    bounds = _with_room(focus)
    canvas = offline_map(bounds, control_scale=True, maxZoom=19, font_size="13px")
    OfflineFigure(title=f"{assessment.settings.city}研判互动地图").add_child(canvas)
    wanted = _wanted(drawn, assessment.layers) if layers is None else [key for key in layers if key in assessment.layers]
    shown = set(wanted[:_MOST_SHOWN]) | {_GROUND, _BORDERS}
    for layer in sorted((assessment.layers[key] for key in wanted), key=lambda layer: THEMES.index(layer.spec.theme)):
        _add_zones(canvas, layer, bounds, shown=layer.spec.id in shown)
    _add_subjects(canvas, drawn, bounds)
    folium.LayerControl(collapsed=True).add_to(canvas)
    canvas.fit_bounds([[focus[1], focus[0]], [focus[3], focus[2]]], padding=(50, 50), max_zoom=15)
    _furnish(canvas, assessment, drawn)
    number_elements(canvas)
    return canvas


def _focus(shapes: Sequence[Any], layers: Layers) -> Bounds:
    """Return west, south, east, north of the subjects within the layers, of all where none is; of the layers without any."""
    city = map_bounds(layers, (float("nan"),) * 4)
    inside = [shape for shape in shapes if shapely.intersects(shape, shapely.box(*city))]
    if not shapes:
        return city
    west, south, east, north = shapely.total_bounds(np.array(inside or shapes, dtype=object)).tolist()
    return west, south, east, north


def _with_room(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    dx, dy = (max(side * _ROOM, _LEAST_ROOM_DEG) for side in (east - west, north - south))
    return west - dx, south - dy, east + dx, north + dy


def _wanted(cases: Sequence[Case], layers: Layers) -> list[str]:
    """Return vector layers some subject lies in or near, those of counting clauses first, and the counties."""
    rank: dict[str, int] = {}
    for case in cases:
        for clause in (*case.applied, *case.undecided):
            if clause.zones:
                rank[clause.layer] = max(rank.get(clause.layer, 0), Effect(clause.effect).rank)
        for layer, _ in case.ground.zones:
            rank.setdefault(layer, -1)
    names = [*sorted(rank, key=lambda key: (-rank[key], key)), _GROUND, _BORDERS]
    return [key for key in dict.fromkeys(names) if key in layers and layers[key].spec.is_vector]


def _add_zones(canvas: folium.Map, layer: Layer, bounds: Bounds, *, shown: bool) -> None:
    """Add the zones of a layer that lie within the bounds."""
    index = np.sort(layer.zones.sindex.query(shapely.box(*bounds), predicate="intersects"))
    if not len(index):
        return
    zones = layer.zones.iloc[index]
    tolerance_deg = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / _VERTEX_SHARE
    shapes = simplified(zones.geometry.to_numpy(), tolerance_deg)
    palette = read_palette()
    ground = layer.spec.id == _GROUND  # the one layer filled with colour: several would lie over one another
    style = {**palette.styles["default"], **palette.styles.get(layer.spec.geometry, {}), **palette.styles.get(layer.spec.id, {})}

    def look(feature: Mapping[str, Any]) -> dict[str, Any]:
        """Return how Leaflet draws a zone: the colour of its class, as on the other maps."""
        colour = colours[int(feature["id"])]
        return {
            "color": "#ffffff" if ground else colour, "weight": style["weight"] if ground else 2, "opacity": 0.9,
            "fillColor": colour, "fillOpacity": 0.0 if layer.spec.id == _BORDERS else 0.45 if ground else 0.08,
        }  # fmt: skip

    colours = [palette.zone_colour(layer.spec.id, str(kind)) for kind in zones["zone_class"]]
    words = zip(zones["zone_id"], zones["zone_name"], zones["zone_class"], strict=True)
    properties = [{"text": _zone_popup(layer.spec.title, *map(str, row))} for row in words]
    _geojson(shapes, properties, digits=5, name=layer.spec.title, show=shown, style_function=look, **_point_look(3)).add_to(canvas)


def _point_look(radius: float) -> dict[str, Any]:
    return {"marker": folium.CircleMarker(radius=radius, weight=1.5, fill=True)}


def _add_subjects(canvas: folium.Map, cases: Sequence[Case], bounds: Bounds) -> None:
    """Add the subjects, the gravest verdict on top; one too small to be seen at this scale has a dot as well."""
    if not cases:
        return
    palette = read_palette().verdicts
    order = list(palette)[::-1]
    ranked = sorted(cases, key=lambda case: order.index(case.conclusion.verdict))
    shapes = np.array([case.shape for case in ranked], dtype=object)
    properties = [
        {
            "kind": case.conclusion.verdict,
            "name": str(escape(f"{case.subject.row['name'] or case.subject_id}：{case.conclusion.label}")),
            "text": _subject_popup(case),
        }
        for case in ranked
    ]
    west, south, east, north = shapely.bounds(shapes).T
    small = (shapely.get_dimensions(shapes) > 0) & (np.hypot(east - west, north - south) < (bounds[2] - bounds[0]) / _SMALL)
    shapes = np.concatenate((shapes, shapely.point_on_surface(shapes[small])))
    properties += [properties[i] for i in np.flatnonzero(small)]

    def look(feature: Mapping[str, Any]) -> dict[str, Any]:
        """Return how Leaflet draws a subject: the colour of its verdict under a dark edge."""
        fill = palette[feature["properties"]["kind"]].fill
        return {"color": "#14181f", "weight": 1.6, "fillColor": fill, "fillOpacity": 0.85}

    layer = _geojson(shapes, properties, digits=6, name="研判对象", show=True, style_function=look, **_point_look(7))
    layer.add_child(GeoJsonTooltip(fields=["name"], labels=False, style="font-size:13px"))
    layer.add_to(canvas)


def _geojson(
    shapes: np.ndarray, properties: Sequence[Mapping[str, str]], *, digits: int, name: str, **options: Any
) -> folium.GeoJson:
    """Return a folium layer whose popup is the ``text`` of each feature."""
    rounded = shapely.set_precision(shapes, 0.0)  # a copy: the coordinates of the assessment are not to be touched
    rounded = shapely.transform(rounded, lambda xy: np.round(xy, digits))
    features = [
        {
            "type": "Feature", "id": str(number), "geometry": shapely.geometry.mapping(shape),
            "properties": {key: inert(text) for key, text in entry.items()},
        }
        for number, (shape, entry) in enumerate(zip(rounded, properties, strict=True))
    ]
    collection = {"type": "FeatureCollection", "features": features}
    popup = GeoJsonPopup(fields=["text"], labels=False, localize=False, max_width=320, max_height=320)
    return folium.GeoJson(collection, name=inert(str(escape(name))), popup=popup, smooth_factor=0.6, **options)


def _zone_popup(title: str, zone_id: str, name: str, kind: str) -> str:
    return str(Markup("<b>{}</b><br>{}<br>{}<br><small>{}</small>").format(title, name or "（未命名）", kind, zone_id))


def _subject_popup(case: Case) -> str:
    """Return what a popup tells of a subject, as escaped markup."""
    c, row = case.conclusion, case.subject.row
    ink = read_palette().verdicts[c.verdict].ink
    parts = [
        Markup("<b>{}</b> <small>{}</small>").format(row["name"] or "（未填名称）", case.subject_id),
        Markup('<b style="color:{}">{}：{}</b>').format(ink, c.heading, verdict_text(c.label, c.at_least, c.caveats)),
        escape(f"稳定性：{stability_text(c)}"),
        *_clause_lines("决定结论的条款", c.decisive),
        *_clause_lines("资料不足、可能使结论更严的条款", c.open),
        escape(f"计入结论 {c.applies_count} 条，资料不足 {c.unknown_count} 条，需人工判定 {c.manual_count} 条"),
    ]
    return str(Markup("<br>").join(parts))


def _clause_lines(heading: str, clauses: Sequence[Clause]) -> Iterable[Markup]:
    if clauses:
        yield Markup("<b>{}</b>").format(heading)
    for clause in clauses[:_MOST_CLAUSES]:
        where = "；".join(zone_text(zone) for zone in clause.zones[:2])
        missing = "、".join(fact.title for fact in clause.missing)
        told = "　".join(text for text in (where, f"还缺：{missing}" if missing else "") if text)
        yield escape(f"〔{clause.effect}〕{title_of(clause)}：{clause.text}{'　' + told if told else ''}")
    if len(clauses) > _MOST_CLAUSES:
        yield escape(f"……共 {len(clauses)} 条，全文见报告")


def _furnish(canvas: folium.Map, assessment: Assessment, cases: Sequence[Case]) -> None:
    """Add Leaflet itself, the legend of verdicts and the standing words."""
    figure = cast(Figure, canvas.get_root())
    style = inline_code(leaflet_style() + template_text("explore.css"))
    figure.header.add_child(Verbatim(f"<style>{style}</style>\n<script>{inline_code(leaflet_script())}</script>"), name="leaflet", index=0)
    counts = {name: sum(case.conclusion.verdict == name for case in cases) for name in read_palette().verdicts}
    keys = [
        Markup('<li><i style="background:{}"></i>{} {}</li>').format(look.fill, name, counts[name])
        for name, look in read_palette().verdicts.items()
        if counts[name]
    ]
    number, stamp = assessment.settings.map_review_number, stamp_of(assessment)
    marks = [f"审图号：{number}" if number else "未经审图，不得公开", f"判定基准日 {assessment.as_of.isoformat()}"]
    marks += [stamp] if stamp else []
    told = Markup('<div class="cdgis-key"><ul>{}</ul><p>{}</p></div>').format(Markup("").join(keys), "　".join(marks))
    figure.html.add_child(Verbatim(told), name="key")
