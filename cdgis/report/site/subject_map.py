"""Small vector drawing of one subject among the zones that concern it, without script."""

from collections.abc import Mapping, Sequence

import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.vocabulary import Effect, Level, Relation
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import (
    BASE_LINES,
    PLACES,
    SIZE_PX,
    LegendKey,
    Sketch,
    Spot,
    Stroke,
    layer_strokes,
    path_of,
    places_in,
)
from cdgis.report.site.subject_content import Dossier
from cdgis.results.assessment import Assessment

_LEAST_WIDTH_M = 3_000.0
_ROOM = 2.4
"""View width over subject width."""
_BASE_AREAS = (layer_ids.RESERVOIRS,)
_BORDERS = layer_ids.COUNTIES
_UNITS = layer_ids.MANAGEMENT_UNITS
_MOST_LAYERS = 4


def draw_sketches(assessment: Assessment, dossiers: Sequence[Dossier]) -> dict[str, Sketch]:
    """Return subject id -> drawing for each dossier whose subject has a shape."""
    frame = assessment.subjects.frame
    shapes = dict(zip(frame["subject_id"], frame.geometry.to_numpy(), strict=True))
    trees = {key: layer.zones.sindex for key, layer in assessment.layers.items() if layer.spec.is_vector}
    zones = {key: assessment.layers[key].zones for key in trees}
    titles = {key: assessment.layers[key].spec.title for key in trees}
    return {
        key: _draw(dossier, shapes[key], zones, titles)
        for dossier in dossiers
        if (key := dossier.subject["subject_id"]) in shapes and not shapes[key].is_empty
    }


def _concerned_layers(dossier: Dossier, known: Mapping[str, str]) -> list[str]:
    """Return the zone layers worth drawing: all that a decisive clause looks at, then, up to _MOST_LAYERS, others.

    The others are those of clauses that count, strictest first, of national hints (a red line whose prohibition was
    lifted is one), and of zones that are near.
    """
    counting = [r for part in dossier.applies.values() for r in part]
    named = {rule_id for rule_id, _ in dossier.decisive}
    decisive = {str(r.row["layer"]) for r in counting if r.row["rule_id"] in named}
    ranked = sorted([*counting, *dossier.unknown], key=lambda r: -Effect(r.row["effect"]).rank)
    layers = [str(r.row["layer"]) for r in ranked if r.row["rule_id"] in named]
    layers += [str(r.row["layer"]) for r in ranked if Effect(r.row["effect"]).rank]
    layers += [str(r.row["layer"]) for r in dossier.hints if r.zones and r.row["level"] == Level.NATION]
    layers += [str(row["layer"]) for row in dossier.overlaps if row["relation"] in (Relation.NEAR, Relation.SLIVER)]
    drawn = (_UNITS, _BORDERS, *BASE_LINES, *_BASE_AREAS, PLACES)
    kept = [key for key in dict.fromkeys(layers) if key in known and key not in drawn]
    return kept[: max(_MOST_LAYERS, sum(key in decisive for key in kept))]


def _draw(
    dossier: Dossier, shape: BaseGeometry, zones: Mapping[str, GeoDataFrame], titles: Mapping[str, str]
) -> Sketch:
    view = View.around(shape.bounds, SIZE_PX, room=_ROOM, least_width_m=_LEAST_WIDTH_M)
    strokes: list[Stroke] = []
    legend: list[LegendKey] = []
    concerned = _concerned_layers(dossier, titles)
    plan = [(_UNITS, "unit"), *((k, "water") for k in _BASE_AREAS), *((k, "stream") for k in BASE_LINES)]
    plan += [(key, "zone") for key in reversed(concerned)] + [(_BORDERS, "border")]
    for key, style in plan:
        if key in zones:
            made, entries = layer_strokes(key, titles[key], zones[key], style=style, view=view)
            strokes += made
            legend += entries
    colour = read_palette().verdicts[dossier.verdict["verdict"]].fill
    strokes.append(Stroke(path=path_of(shape, view, keep=True), style="subject", colour=colour))
    centre = view.pixels(shapely.get_coordinates(shapely.centroid(shape)))[0]
    point = shapely.get_dimensions(shape) == 0
    bar_px, bar_label = view.scale_bar
    return Sketch(
        strokes=tuple(s for s in strokes if s.path),
        spots=(Spot(x=float(centre[0]), y=float(centre[1]), label="", colour=colour),) if point else (),
        places=places_in(zones, view),
        legend=(("subject", colour, "本对象"), *dict.fromkeys(legend)),
        bar_px=bar_px,
        bar_label=bar_label,
        frame=view.frame,
    )
