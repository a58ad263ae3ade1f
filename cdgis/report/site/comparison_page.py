"""Page and tables of what a new version of the zoning changes: one HTML file, two CSV files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis import __version__
from cdgis.core.vocabulary import LIST_SEPARATOR, Verdict
from cdgis.geometry.map_frame import View
from cdgis.judging.compare_versions import Comparison
from cdgis.judging.compare_zones import ADDED, RECLASSED, REMOVED, RENAMED, RESHAPED
from cdgis.judging.match_zones import MERGED, RECODED, SPLIT
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import path_of
from cdgis.report.files.atomic_output import staged
from cdgis.report.files.inline_assets import content_policy, inline_code, template_text
from cdgis.report.files.table_files import csv_text
from cdgis.report.templating import filled
from cdgis.results.data_status import status_text

SIZE_PX = (900, 560)
_ROOM = 1.06
_LEAST_WIDTH_M = 2_200.0
_MOST_LISTED = 500
"""Rows on the page; the CSV files hold all."""
_CHANGES = (RECODED, SPLIT, MERGED, ADDED, REMOVED, RECLASSED, RESHAPED, RENAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    path: str
    style: str
    """old or new."""
    colour: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dot:
    x: float
    y: float
    colour: str
    label: str


def write_comparison(comparison: Comparison, out: Path) -> list[Path]:
    """Write compare.html, data/changes_zones.csv, changes_crosswalk.csv and changes_verdicts.csv into `out` and return their paths.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    status = status_text(comparison.stamp)
    texts = {
        "compare.html": render_comparison(comparison).encode("utf-8", "replace"),
        "data/changes_zones.csv": csv_text("changes_zones", comparison.zones, status=status).encode("utf-8-sig", "replace"),
        "data/changes_crosswalk.csv": csv_text("changes_crosswalk", comparison.crosswalk, status=status).encode("utf-8-sig", "replace"),
        "data/changes_verdicts.csv": csv_text("changes_verdicts", comparison.verdicts, status=status).encode("utf-8-sig", "replace"),
    }
    with staged(out, own=()) as stage:
        (stage.folder / "data").mkdir()
        for name, content in texts.items():
            (stage.folder / name).write_bytes(content)
    return [out / name for name in texts]


def render_comparison(comparison: Comparison) -> str:
    """Return the page: what changed, who is affected, and a map of both."""
    view = _view(comparison)
    zones, verdicts = comparison.zones, comparison.verdicts
    return filled(
        "compare.html",
        policy=content_policy(()),
        style=inline_code(template_text("style.css") + template_text("compare.css")),
        c=comparison,
        version=__version__,
        stamp=comparison.stamp,
        size=SIZE_PX,
        shapes=_shapes(comparison, view),
        borders=[path for shape in comparison.borders if (path := path_of(shape, view))],
        bar=view.scale_bar,
        dots=_dots(comparison, view),
        legend=[(word, read_palette().kinds["zone_change"][word]) for word in _CHANGES],
        looks=dict(read_palette().verdicts),
        settings={"map_review_number": ""},
        zones=zones.head(_MOST_LISTED).to_dict("records"),
        verdicts=verdicts.head(_MOST_LISTED).to_dict("records"),
        hidden=(max(len(zones) - _MOST_LISTED, 0), max(len(verdicts) - _MOST_LISTED, 0)),
        counts=_counts(comparison),
    )


def _counts(comparison: Comparison) -> Mapping[str, Any]:
    kinds = [word for text in comparison.zones["change"] for word in text.split(LIST_SEPARATOR)]
    return {
        "zones": [(word, kinds.count(word)) for word in _CHANGES if word in kinds],
        "directions": [
            (word, int((comparison.verdicts["direction"] == word).sum())) for word in ("变严", "变宽", "待定")
        ],
    }


def _changed_shapes(comparison: Comparison) -> Iterable[tuple[str, str, BaseGeometry, str]]:
    """Yield (style, change, geometry, label) of every version of every changed unit, old before new."""
    for row in comparison.zones.to_dict("records"):
        for style, layers in zip(("old", "new"), comparison.layers[row["layer"]], strict=True):
            for layer in layers.values():
                found = layer.zones[layer.zones["zone_id"].isin(row[f"{style}_ids"].split(LIST_SEPARATOR))]
                for shape in found.geometry:
                    label = f"{comparison.titles[row['layer']]} {row['zone_name'] or row['zone_id']}"
                    yield style, str(row["change"]).split(LIST_SEPARATOR)[0], shape, f"{label}：{row['change']}"


def _affected(comparison: Comparison) -> dict[str, BaseGeometry]:
    frame = comparison.subjects.frame
    shapes = dict(zip(frame["subject_id"], frame.geometry, strict=True))
    return {key: shapes[key] for key in comparison.verdicts["subject_id"] if key in shapes}


def _view(comparison: Comparison) -> View:
    shapes = [*(shape for _, _, shape, _ in _changed_shapes(comparison)), *_affected(comparison).values()]
    shapes = shapes or list(comparison.subjects.frame.geometry) or [shapely.box(116, 40, 119, 43)]
    west, south, east, north = map(float, shapely.total_bounds(np.array(shapes, dtype=object)))
    return View.around((west, south, east, north), SIZE_PX, room=_ROOM, least_width_m=_LEAST_WIDTH_M)


def _shapes(comparison: Comparison, view: View) -> list[_Shape]:
    return [
        _Shape(path=path, style=style, colour=read_palette().kinds["zone_change"][change], label=label)
        for style, change, shape, label in _changed_shapes(comparison)
        if (path := path_of(shape, view))
    ]


def _dots(comparison: Comparison, view: View) -> list[_Dot]:
    looks = read_palette().verdicts
    rows = {row["subject_id"]: row for row in comparison.verdicts.to_dict("records")}
    dots = []
    for key, shape in _affected(comparison).items():
        x, y = view.pixels(shapely.get_coordinates(shapely.point_on_surface(shape)))[0]
        row = rows[key]
        label = f"{key} {row['name']}：{row['old_verdict']} → {row['new_verdict']}"
        dots.append(_Dot(x=float(x), y=float(y), colour=looks[str(Verdict(row["new_verdict"]))].fill, label=label))
    return dots
