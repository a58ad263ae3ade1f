"""Small vector drawing of a place and what lies in it, without script."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.drawn_layer import drawn_layers
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import (
    BASE_LINES,
    SIZE_PX,
    LegendKey,
    Sketch,
    Spot,
    Stroke,
    layer_strokes,
    path_of,
    places_in,
)
from cdgis.report.table_rows import Row
from cdgis.workspace.layers import Layers

_PLAN = (
    (layer_ids.MANAGEMENT_UNITS, "unit"),
    (layer_ids.RESERVOIRS, "water"),
    *((layer, "stream") for layer in BASE_LINES[1:]),
    (layer_ids.ECOLOGICAL_REDLINE, "line"),
    (layer_ids.COUNTIES, "border"),
)
_ROOM = 1.25
_LEAST_WIDTH_M = 6_000.0
_OUTLINE = "#12324a"


class PlaceMaps:
    """Draws places of one set of layers."""

    def __init__(self, layers: Layers) -> None:
        self._layers = {key: layer for key, layer in layers.items() if layer.spec.is_vector}

    def draw(self, zones: GeoDataFrame) -> Sketch | None:
        """Return the drawing of a place's zones, nothing for an empty outline."""
        if zones.geometry.is_empty.all():
            return None
        view = _view(zones)
        strokes: list[Stroke] = []
        legend: list[LegendKey] = [("subject", _OUTLINE, "本区范围")]
        step = math.floor(math.log2(1 / view.degree_px))  # less than a pixel
        for key, style in _PLAN:
            for layer in drawn_layers(self._layers, key):
                made, entries = layer_strokes(layer, style=style, view=view, step=step)
                strokes += made
                legend += entries
        strokes.append(Stroke(path=path_of(zones.geometry.to_numpy(), view), style="outline", colour=_OUTLINE))
        bar_px, bar_label = view.scale_bar
        return Sketch(
            strokes=tuple(stroke for stroke in strokes if stroke.path),
            spots=(),
            places=places_in(self._layers, view),
            legend=tuple(dict.fromkeys(legend)),
            bar_px=bar_px,
            bar_label=bar_label,
            frame=view.frame,
        )


def with_spots(sketch: Sketch, zones: GeoDataFrame, subjects: Sequence[Row], verdicts: Mapping[str, str]) -> Sketch:
    """Return the drawing of a place's zones with its subjects in the colours of their verdicts (subject_id -> verdict)."""
    xy = _view(zones).pixels(np.array([[row["lon"], row["lat"]] for row in subjects], dtype=float).reshape(-1, 2))
    looks = read_palette().verdicts
    return replace(sketch, spots=tuple(
        Spot(x=x, y=y, label=str(row["name"] or row["subject_id"]), colour=looks[verdicts[row["subject_id"]]].fill)
        for row, (x, y) in zip(subjects, xy.tolist(), strict=True)
    ))  # fmt: skip


def _view(zones: GeoDataFrame) -> View:
    west, south, east, north = map(float, zones.total_bounds)
    return View.around((west, south, east, north), SIZE_PX, room=_ROOM, least_width_m=_LEAST_WIDTH_M)
