"""A screening's answer as plain values for the page: verdict, clauses, questions, zones hit, ways out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely

from cdgis.core.vocabulary import LIST_SEPARATOR, Effect, State, Verdict
from cdgis.judging.questions import ASSUMED
from cdgis.report.screening import Casebook
from cdgis.report.screening.case import Case
from cdgis.report.screening.cells import stability_text, verdict_text
from cdgis.report.screening.content import Clause, Conclusion
from cdgis.report.screening.critical import critical_ends
from cdgis.results.assessment import Assessment, in_planes_of
from cdgis.results.data_status import stamp_of
from cdgis.rules.attributes import SEEN, load_attributes

_MOST_ZONES = 40
_MOST_VERTICES = 2500
_NEAREST = 8
_MOST_DRAWN_M = 20_000.0
"""Farther than that a line on the map tells nothing."""
_OWN = ("industry", "project_type", "activity")
"""Facts with fields of their own on the page."""


def summary_of(assessment: Assessment) -> dict[str, Any]:
    """Return the answer on every site of a screening, ready for JSON; lengths in metres, areas in square metres."""
    book = Casebook(assessment)
    with in_planes_of(assessment):
        sites = [_site(assessment, book, subject_id) for subject_id in book.subject_ids()]
    return {
        "as_of": assessment.as_of.isoformat(), "stamp": stamp_of(assessment), "sites": sites,
        "verdict": LIST_SEPARATOR.join(dict.fromkeys(site["verdict"] for site in sites)),
        "notes": list(assessment.verdict_notes),
    }  # fmt: skip


def ways_of(assessment: Assessment) -> dict[str, Any]:
    """Return of every site what would make it pass, the nearest zones with the line to each, and the sums over its unit's caps."""
    book = Casebook(assessment)
    shapes = dict(zip(assessment.subjects.frame["subject_id"], assessment.subjects.frame.geometry, strict=True))
    with in_planes_of(assessment):
        return {"sites": [
            {
                "subject_id": subject_id, "remedies": _remedies(book.rows("remedies", subject_id)), "caps": _caps(assessment, subject_id),
                "near": _near(assessment, book, subject_id, shapes.get(subject_id)),
            }
            for subject_id in book.subject_ids()
        ]}  # fmt: skip


def decisive_of(summary: Mapping[str, Any]) -> list[str]:
    """Return what decides a verdict: each clause with the zone it speaks of."""
    clauses = [(clause, clause["zones"] or ["（不按位置）"]) for site in summary["sites"] for clause in site["decisive"]]
    return sorted({f"{clause['rule_ids'][0]} {clause['title']}：{zone}" for clause, zones in clauses for zone in zones})


def _site(assessment: Assessment, book: Casebook, subject_id: str) -> dict[str, Any]:
    case = book.case(subject_id, reasons=False)
    c = case.conclusion
    rows = book.rows
    asked, idle = _questions(case, rows("questions", subject_id))
    return {
        "subject_id": subject_id, "name": str(case.subject.row["name"]), "area_m2": _number(case.subject.row["area_m2"]) or 0.0,
        "county": str(case.subject.row["county"]),
        "heading": c.heading, "verdict": c.verdict, "label": c.label, "at_least": c.at_least, "sentence": c.sentence,
        "text": verdict_text(c.label, c.at_least, c.caveats), "stability": stability_text(c), "critical_m": _number(c.critical_distance_m),
        "counts": [c.applies_count, c.unknown_count, c.manual_count, c.in_force_count],
        "decisive": [_clause(item) for item in c.decisive], "open": [_clause(item) for item in c.open],
        "manual": [_clause(item) for item in case.clauses if item.state == State.MANUAL],
        "questions": asked, "idle_questions": idle, "hits": _hits(assessment, case),
        "critical": _critical(assessment, c, case.shape),
    }  # fmt: skip


def _clause(clause: Clause) -> dict[str, Any]:
    zones = [f"{hit.layer_title}“{hit.zone_name or hit.zone_id}”" for hit in clause.zones[:4]]
    return {
        "rule_ids": list(clause.rule_ids), "state": str(clause.state), "title": clause.title,
        "effect": clause.effect, "text": clause.text, "bases": list(clause.bases),
        "since": clause.effective_from, "mark": clause.mark, "zones": zones, "missing": [fact.title for fact in clause.missing],
        "zone_keys": [f"{hit.layer}/{hit.zone_id}" for hit in clause.zones],
    }  # fmt: skip


def _questions(case: Case, rows: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the missing facts that can change the verdict, the strictest first, and the names of the others.

    What could only bring a clause no stricter than one that already applies changes no word of the verdict. What lets go of
    a decisive clause does, and so may industry, project type and activity: exemptions go by them.
    """
    held = _held_rank(case)
    decisive = {rule_id for clause in case.conclusion.decisive for rule_id in clause.rule_ids}
    texts = {rule_id: clause for clause in case.clauses for rule_id in clause.rule_ids}
    asked, idle = [], []
    for row in rows:
        rule_ids = str(row["rule_ids"]).split(LIST_SEPARATOR)
        rank = Effect(row["effect"]).rank
        if rank <= held and row["attribute"] not in _OWN and not decisive.intersection(rule_ids):
            idle.append(str(row["attribute"]))
            continue
        clauses = [texts[rule_id] for rule_id in rule_ids if rule_id in texts]
        asked.append((-rank, str(row["attribute"]), _question(row, clauses)))
    return [question for *_, question in sorted(asked, key=lambda item: item[:2])], idle


def _held_rank(case: Case) -> int:
    """Return the rank of the strictest clause that applies already."""
    word = case.conclusion.at_least if case.conclusion.verdict == Verdict.UNKNOWN else case.conclusion.verdict
    return next((rank for rank in range(4) if Verdict.of_rank(rank) == word), 0)


def _question(row: Mapping[str, Any], clauses: Sequence[Clause]) -> dict[str, Any]:
    name = str(row["attribute"])
    spec = load_attributes().get(name)
    kind = name if name in _OWN else "seen" if spec and spec.registered else spec.type if spec else "place"
    return {
        "attribute": name.removesuffix(SEEN) if kind == "seen" else name, "kind": kind, "title": str(row["title"]).removesuffix(ASSUMED),
        "assumed": str(row["title"]).endswith(ASSUMED), "effect": str(row["effect"]), "unit": spec.unit if spec else "",
        "clauses": [{"title": c.title, "text": c.text, "bases": list(c.bases)} for c in clauses[:3]],
    }  # fmt: skip


def _hits(assessment: Assessment, case: Case) -> list[dict[str, Any]]:
    """Return the zones that clauses which count speak of, with their outlines, thinned to look at."""
    effects: dict[tuple[str, str], str] = {}
    for clause in (*case.applied, *case.undecided):
        for hit in clause.zones:
            key = (hit.layer, hit.zone_id)
            if Effect(clause.effect).rank and (key not in effects or Effect(clause.effect).rank > Effect(effects[key]).rank):
                effects[key] = clause.effect
    hits = []
    for (layer_id, zone_id), effect in list(effects.items())[:_MOST_ZONES]:
        layer = assessment.layers.get(layer_id)
        found = layer.zones[layer.zones["zone_id"] == zone_id] if layer is not None else None
        if layer is None or found is None or found.empty:
            continue
        name = str(found["zone_name"].iloc[0])
        hits.append({
            "key": f"{layer_id}/{zone_id}", "layer": layer.spec.title, "name": name or zone_id, "effect": effect,
            "geometry": _outline(found.geometry.iloc[0]),
        })  # fmt: skip
    return hits


def _outline(drawn: Any) -> dict[str, Any]:
    west, south, east, north = shapely.bounds(drawn)
    if shapely.get_num_coordinates(drawn) > _MOST_VERTICES:
        drawn = shapely.simplify(drawn, max(east - west, north - south) / _MOST_VERTICES)
    return dict(shapely.geometry.mapping(drawn))


def _remedies(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "kind": str(row["kind"]), "target": str(row["target"]), "feasible": bool(row["feasible"]), "reason": str(row["reason"]),
            "verdict": str(row["verdict"]), "distance_m": _number(row["distance_m"]), "share": _number(row["share"]),
            "area_m2": _number(row["area_m2"]),
            "geometry": dict(shapely.geometry.mapping(shapely.from_wkt(row["wkt"]))) if row["wkt"] else None,
        }
        for row in rows
    ]  # fmt: skip


def _critical(assessment: Assessment, found: Conclusion, shape: Any) -> dict[str, Any] | None:
    """Return the two points (lon, lat) between which the critical distance lies, and its metres; None where it cannot be drawn."""
    ends = _ends(assessment, found.critical_layer, shape, found.critical_distance_m)
    return None if ends is None else {"layer": found.critical_layer_title, "distance_m": found.critical_distance_m, "ends": ends}


def _ends(assessment: Assessment, layer_id: str, shape: Any, distance_m: float) -> list[list[float]] | None:
    if shape is None or shape.is_empty or not distance_m <= _MOST_DRAWN_M:
        return None
    found = critical_ends(assessment.layers.get(layer_id), shape, distance_m)
    return found.tolist() if found is not None else None


def _near(assessment: Assessment, book: Casebook, subject_id: str, shape: Any) -> list[dict[str, Any]]:
    known = [row for row in book.rows("clear", subject_id) if _number(row["distance_m"]) is not None]
    nearest = sorted(known, key=lambda row: float(row["distance_m"]))[:_NEAREST]
    return [
        {
            "layer": book.titles.get(str(row["layer"]), str(row["layer"])), "zone": str(row["nearest_zone_id"]),
            "distance_m": float(row["distance_m"]), "ends": _ends(assessment, str(row["layer"]), shape, float(row["distance_m"])),
        }
        for row in nearest
    ]  # fmt: skip


def _caps(assessment: Assessment, subject_id: str) -> list[dict[str, Any]]:
    table = assessment.tables.get("cumulative")
    if table is None:
        return []
    named = (table["subject_ids"] + LIST_SEPARATOR + table["missing_ids"]).str.split(LIST_SEPARATOR)
    mine = table[[subject_id in found for found in named]]
    kept = ("zone_name", "resource", "cap", "unit", "declared", "share", "missing_count")
    return [{key: _number(row[key]) if isinstance(row[key], float) else row[key] for key in kept} for row in mine.to_dict("records")]


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None
