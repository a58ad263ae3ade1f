"""Overview map: a folium map, packed outlines, and the subjects with their clauses.

folium builds the Leaflet map; its random element ids are replaced by a counter and its links to other hosts by
nothing: the page brings Leaflet itself. The page's own script decodes the payloads and draws them on canvas.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from cdgis.report.drawing.layer_order import THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.map.base_map import BaseMap, base_map, bounds_shown
from cdgis.report.map.budget import Packed, pack_layers, shown_outlines, size_notes
from cdgis.report.map.layer_styles import layer_record
from cdgis.report.map.levels import LEVEL_ZOOMS
from cdgis.report.map.outline_encoding import deflated_json
from cdgis.report.map.relief import relief_notes, relief_record
from cdgis.report.screening.cells import zone_name
from cdgis.report.screening.content import Clause
from cdgis.report.site.subject_list import Listed
from cdgis.report.wording import stability_word
from cdgis.results.assessment import Assessment

_SUBJECT_TEXTS = ("subject_id", "name", "kind", "county", "basin", "industry", "project_type", "unit_code")
_TEXT_SHARE = 0.45
"""Share of the page's budget kept for tables, clauses and scripts."""
SUBJECT_OUTLINES = "subjects"
_MOST_AREA_CHANGE = 0.001
"""Of a zone on internal pages; public ones state theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """The pieces of the overview map that a page puts together."""

    html: str
    """The map's element."""
    script: str
    """folium's script: makes the map."""
    data: str
    """Base64 of deflated JSON: what the page's own script reads first."""
    geometry: Mapping[str, str]
    """Layer id (and "subjects") -> packed outlines, decoded when first shown."""
    notes: tuple[str, ...]
    """What was done to keep the page within its budget."""


def build_map(
    assessment: Assessment, listed: Sequence[Listed], *, pages: Mapping[str, Mapping[str, str]] | None = None,
    whole: Mapping[str, Packed] | None = None, base: BaseMap | None = None,
) -> MapView:
    """Return the overview map of all vector layers and judged subjects.

    Parameters
    ----------
    pages : layer id -> zone id -> the zone's own page, relative to the page that holds the map.
    whole : the layers' outlines, where they were packed before.
    base : the empty map, where one was made before; one of other bounds is not taken.
    """
    shapes = shown_outlines(assessment.layers)
    layers = {key: assessment.layers[key] for key in shapes}
    bounds = bounds_shown(assessment.layers, assessment.subjects)
    base = base if base is not None and base.bounds == bounds else base_map(assessment.layers, bounds)
    frame = assessment.subjects.frame.set_index("subject_id")
    ids = [row.case.subject_id for row in listed]
    budget = int(assessment.settings.publish.page_budget_mb * 1e6 * (1 - _TEXT_SHARE))
    most = _MOST_AREA_CHANGE if assessment.audience == "internal" else math.inf
    outlines = frame.reindex(ids).geometry.to_numpy()
    shapes = {SUBJECT_OUTLINES: _areas_and_lines(outlines), **shapes}
    packs = pack_layers(shapes, budget_bytes=budget, most_change=most, whole=whole)
    titles = {key: layer.spec.title for key, layer in layers.items()}
    data = {
        "map": base.name,
        "bounds": list(bounds),
        "folder": "sites/",
        "pages": pages or {},
        "themes": list(THEMES),
        "levelZooms": list(LEVEL_ZOOMS),
        "verdicts": {name: {"fill": s.fill, "shape": s.shape} for name, s in read_palette().verdicts.items()},
        "layers": [layer_record(layer) for layer in layers.values()],
        "relief": relief_record(assessment.pictures),
        **_subject_data(listed, assessment.report_numbers, shapely.get_dimensions(outlines).tolist()),
    }
    return MapView(
        html=base.html,
        script=base.script,
        data=deflated_json(data),
        geometry={key: packed.text for key, packed in packs.items()},
        notes=(*size_notes(packs, titles, budget_bytes=budget, most_change=most), *relief_notes(assessment.pictures)),
    )


def _areas_and_lines(shapes: np.ndarray) -> np.ndarray:
    """Return shapes with points and missing ones left empty: a point is drawn as its symbol."""
    kept = shapes.copy()
    kept[shapely.get_dimensions(shapes) < 1] = shapely.MultiPolygon()
    return kept


def _subject_data(listed: Sequence[Listed], numbers: Mapping[str, str], dimensions: Sequence[int]) -> dict[str, Any]:
    """Return subjects with their open and applying clauses; each clause's text is kept once."""
    rules: dict[tuple[str, ...], int] = {}
    subjects = [
        {**_subject(row, rules), "number": numbers.get(row.case.subject_id, ""), "dimension": dimension}
        for row, dimension in zip(listed, dimensions, strict=True)
    ]
    return {"subjects": subjects, "rules": [list(rule) for rule in rules]}


def _subject(row: Listed, rules: dict[tuple[str, ...], int]) -> dict[str, Any]:
    c, subject, case = row.case.conclusion, row.subject, row.case
    hit = c.decisive or c.open
    return {
        **{name: subject[name] for name in _SUBJECT_TEXTS},
        "lon": round(float(subject["lon"]), 6),
        "lat": round(float(subject["lat"]), 6),
        "verdict": c.verdict,
        "atLeast": c.at_least,
        "stability": stability_word(c.verdict, c.stability),
        "manual": c.manual_count,
        "caveats": list(c.caveats),
        "page": row.page,
        "decisiveLayers": sorted({clause.layer for clause in hit if clause.layer}),
        "decisiveZones": sorted({zone.zone_id for clause in hit for zone in clause.zones}),
        "applies": [_clause(clause, rules) for clause in case.applied],
        "unknown": [_clause(clause, rules) for clause in case.undecided],
    }


def _clause(c: Clause, rules: dict[tuple[str, ...], int]) -> list[Any]:
    key = (c.rule_ids[0], c.effect, c.levels[0], c.text, c.bases[0], c.mark)
    zones = "、".join(map(zone_name, c.zones[:3])) + (f" 等 {len(c.zones)} 处" if len(c.zones) > 3 else "")
    return [rules.setdefault(key, len(rules)), zones, "、".join(fact.title for fact in c.missing)]
