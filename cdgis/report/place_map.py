"""Where does a place lie, and what lies in it? (a small vector drawing, no script)"""

from collections.abc import Sequence

import numpy as np
from geopandas import GeoDataFrame

from cdgis.assessment import Assessment
from cdgis.report.dossier import Row
from cdgis.report.drawing import (
    BASE_LINES,
    LegendKey,
    Sketch,
    Spot,
    Stroke,
    layer_strokes,
    path_of,
    places_in,
    scale_bar,
    view_around,
)
from cdgis.report.palette import read_palette

_PLAN = (
    ("management_units", "unit"),
    ("reservoirs", "water"),
    *((layer, "stream") for layer in BASE_LINES[1:]),
    ("ecological_redline", "line"),
    ("counties", "border"),
)
_ROOM = 1.25
_LEAST_WIDTH_M = 6_000.0
_OUTLINE = "#12324a"


class PlaceMaps:
    """Draws places of one assessment; each layer's index is made once."""

    def __init__(self, assessment: Assessment) -> None:
        self._layers = {key: layer for key, layer in assessment.layers.items() if layer.spec.is_vector}
        verdicts = assessment.tables["verdicts"]
        self._verdicts = dict(zip(verdicts["subject_id"], verdicts["verdict"], strict=True))

    def draw(self, zones: GeoDataFrame, subjects: Sequence[Row]) -> Sketch | None:
        """Return the drawing of a place's zones with its subjects, nothing for an empty outline."""
        if zones.geometry.is_empty.all():
            return None
        west, south, east, north = map(float, zones.total_bounds)
        view = view_around((west, south, east, north), room=_ROOM, least_width_m=_LEAST_WIDTH_M)
        strokes: list[Stroke] = []
        legend: list[LegendKey] = [("subject", _OUTLINE, "本区范围")]
        for key, style in _PLAN:
            if key in self._layers:
                layer = self._layers[key]
                made, entries = layer_strokes(key, layer.spec.title, layer.zones, style=style, view=view)
                strokes += made
                legend += entries
        path = "".join(path_of(shape, view) for shape in zones.geometry)
        strokes.append(Stroke(path=path, style="outline", colour=_OUTLINE))
        bar_px, bar_label = scale_bar(view)
        xy = view.pixels(np.array([[row["lon"], row["lat"]] for row in subjects], dtype=float).reshape(-1, 2))
        return Sketch(
            strokes=tuple(stroke for stroke in strokes if stroke.path),
            spots=tuple(self._spot(row, x, y) for row, (x, y) in zip(subjects, xy.tolist(), strict=True)),
            places=places_in({key: layer.zones for key, layer in self._layers.items()}, view),
            legend=tuple(dict.fromkeys(legend)),
            bar_px=bar_px,
            bar_label=bar_label,
            frame=view.frame,
        )

    def _spot(self, row: Row, x: float, y: float) -> Spot:
        colour = read_palette().verdicts[self._verdicts[row["subject_id"]]].fill
        return Spot(x=x, y=y, label=str(row["name"] or row["subject_id"]), colour=colour)
