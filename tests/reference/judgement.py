"""What follows for one site? Every rule's state, the verdict, and how far the site would have to move to change it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from . import planes
from .logic import Subject, Truth, both, everything_but_place, implausible
from .overlay import Extent, Lie
from .statute import Rule
from .zones import ZoneLayer

WORDS = ("未发现冲突", "有条件符合", "须论证", "不符合")
UNIT_LAYER = "management_units"
Engine = dict[str, list[tuple[Truth, str, str]]]
"""Rule no zone file holds -> its answers with the layer and the zones they name."""


@dataclass(frozen=True)
class Answer:
    """What one rule says of one site."""

    rule: Rule
    geometry: Truth
    rest: Truth
    zones: list[int]

    @property
    def value(self) -> Truth:
        """Scope, geometry and conditions together."""
        return both(self.geometry, self.rest)


@dataclass(frozen=True)
class Case:
    """One site with everything measured about it."""

    subject: Subject
    extent: Extent
    lies: dict[str, Lie]
    layers: dict[str, ZoneLayer]
    accuracy_m: float
    tolerance_m: float


def reaches_of(rules: Sequence[Rule], subject: Subject) -> dict[str, float]:
    """Return layer by layer the widest buffer any rule lays around its zones for this subject."""
    found: dict[str, float] = {}
    for rule in rules:
        distance = _threshold(rule, subject) if rule["geometry"] == "within" else None
        if distance is not None:
            found[rule["layer"]] = max(found.get(rule["layer"], 0.0), distance)
    return found


def _threshold(rule: Rule, subject: Subject) -> float | None:
    if not rule["distance_attribute"]:
        return rule["distance_m"] if rule["certain_m"] is None else rule["certain_m"]
    try:
        return float(subject["attributes"].get(rule["distance_attribute"], ""))
    except ValueError:
        return None


def answers_of(rules: Sequence[Rule], case: Case) -> list[Answer]:
    """Return what every rule says, and what a person has to say beyond the certain distance of some."""
    found = [answer(rule, case, rules) for rule in rules if rule["geometry"] != "engine"]
    return found + [_beyond(a, case) for a in found if a.rule["certain_m"] is not None and not a.rule["manual"]]


def _beyond(certain: Answer, case: Case) -> Answer:
    """Return the part of a rule that a person decides: farther off than is certain, as far as its outer distance goes."""
    rule = {**certain.rule, "manual": True}
    if certain.geometry is not False:
        return Answer(rule, False, certain.rest, [])
    layer, surveyor = case.layers[rule["layer"]], case.lies[rule["layer"]].surveyor
    distance, _ = surveyor.nearest(layer.among(rule["zone_classes"], rule["zone_ids"]))
    within = rule["distance_m"] is None or not distance > rule["distance_m"]
    return Answer(rule, within, certain.rest, [])


def answer(rule: Rule, case: Case, rules: Sequence[Rule]) -> Answer:
    """Return what one rule says."""
    rest = everything_but_place(rule, case.subject, rules)
    if rule["geometry"] == "none":
        return Answer(rule, True, rest, [])
    found = case.lies.get(rule["layer"])
    if found is None:
        return Answer(rule, None, rest, [])
    among = set(case.layers[rule["layer"]].among(rule["zone_classes"], rule["zone_ids"]))
    zones = [zone for zone in found.hits if zone in among]
    missed: Truth = False if found.covered else None
    if zones or rule["geometry"] == "hit":
        return Answer(rule, True if zones else missed, rest, zones)
    limit = _threshold(rule, case.subject)
    if limit is None:
        return Answer(rule, None, rest, [])
    distance, nearest = found.surveyor.nearest(sorted(among))
    if distance <= limit:
        return Answer(rule, True, rest, [case.layers[rule["layer"]].ids.index(nearest)])
    return Answer(rule, missed, rest, [])


def findings(answers: Sequence[Answer], case: Case, engine: Engine) -> list[dict[str, Any]]:
    """Return one row a rule that applies, is open, is for people, or meets its zone yet does not apply."""
    rows = []
    for a in answers:
        zones = ";".join(case.layers[a.rule["layer"]].ids[zone] for zone in a.zones)
        if _speaks(a) and (a.value is not False or (a.geometry is True and a.rule["geometry"] != "none")):
            rows.append({"rule_id": a.rule["id"], "layer": a.rule["layer"], "zone_id": zones, "state": _state(a.rule, a.value)})
    rows += [
        {"rule_id": rule_id, "layer": layer, "zone_id": zones, "state": _state({"manual": False}, value)}
        for rule_id, told in engine.items() for value, layer, zones in told if value is not False
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["rule_id"])


def _speaks(a: Answer) -> bool:
    """Return whether a rule is heard: a unit's own clauses are silent while the unit itself is not known."""
    return not (a.rule["zone_ids"] and a.geometry is None)


def _state(rule: Rule, value: Truth) -> str:
    if value is False:
        return "not_applicable"
    return "manual" if rule["manual"] else "applies" if value else "unknown"


def engine_answers(answers: Sequence[Answer], case: Case) -> Engine:
    """Return what no zone file says: no unit known, layers that disagree, units without a list, slivers (one a layer)."""
    units = case.lies[UNIT_LAYER]
    strict = any(case.layers[UNIT_LAYER].classes[zone] == "优先保护" for zone in units.hits)
    forbidden = any(
        a.value is True and a.rule["rank"] == 3 and not a.rule["manual"] and a.rule["geometry"] == "hit"
        and a.rule["layer"] != UNIT_LAYER
        for a in answers
    )  # fmt: skip
    slivers = {
        name: ";".join(sorted(row["zone_id"] for row in found.overlaps if row["relation"] == "sliver"))
        for name, found in case.lies.items() if found.has_sliver
    }  # fmt: skip
    listed = {zone_id for a in answers for zone_id in a.rule["zone_ids"]}
    ids = [case.layers[UNIT_LAYER].ids[zone] for zone in units.hits]
    unlisted = ";".join(zone_id for zone_id in ids if zone_id not in listed)
    return {
        "ZU-04": [(False if units.hits and units.covered else None, UNIT_LAYER, "")],
        "ZU-05": [(bool(units.hits) and forbidden and not strict, UNIT_LAYER, "")],
        "ZU-07": [(None if unlisted else False, UNIT_LAYER, unlisted)],
        "TOL-01": [(True, name, zones) for name, zones in slivers.items()],
        "ACT-01": [(implausible(case.subject), "", "")],
    }


def verdict(answers: Sequence[Answer], case: Case, engine: Engine) -> dict[str, Any]:
    """Return the verdict row of one site."""
    deciding = [a for a in answers if a.rule["rank"] and not a.rule["manual"]]
    gaps = [name for name in ("ZU-04", "ZU-07") if any(value is None for value, *_ in engine[name])]
    applied = max((a.rule["rank"] for a in deciding if a.value is True), default=0)
    possible = max([a.rule["rank"] for a in deciding if a.value is None] + [3 * bool(gaps)])
    open_rules = [a.rule["id"] for a in deciding if a.value is None and _speaks(a)] + gaps
    decisive = [a.rule["id"] for a in deciding if a.value is True and a.rule["rank"] == applied]
    distance, layer, critical = stability(deciding, case, applied, possible)
    sliver = bool(engine["TOL-01"])
    unseen = max([a.rule["rank"] for a in deciding if a.value is None and a.geometry is None] + [3 * bool(gaps)])
    return {
        "verdict": "资料不足" if possible > applied else WORDS[applied],
        "at_least": WORDS[applied] if possible > applied else "",
        "decisive_rule_ids": ";".join(sorted(decisive)),
        "unknown_rule_ids": ";".join(sorted(open_rules)),
        "stability": "临界" if critical or sliver else "无法判断" if unseen > applied else "稳定",
        "critical_distance_m": distance,
        "critical_precision_m": precision_m(case.extent),
        "critical_layer": layer,
        "manual_count": sum(a.rule["manual"] and a.value is not False and _speaks(a) for a in answers),
    }


def precision_m(site: Extent) -> float:
    """Return how well a depth can be told: both sides search to a fraction of the site's size."""
    size = {0: 0.0, 1: site.total / 4, 2: float(np.sqrt(site.total))}[site.dimension]
    return 1e-3 * size + 0.1


def stability(deciding: Sequence[Answer], case: Case, applied: int, possible: int) -> tuple[float, str, bool]:
    """Return the distance of a move that may change the verdict, whose layer decides it, and whether that is critical."""
    up = _moves_that_tighten([a for a in deciding if _would_be_stricter(a, applied, possible)], case)
    down = [(_hold(a, case), a) for a in deciding if a.value is True and a.rule["rank"] == applied]
    critical = any(distance <= _limit(a, case) for distance, a in up)
    nearest = min(up, key=lambda pair: pair[0], default=None)
    deepest = max(down, key=lambda pair: pair[0], default=None)
    # One reason that surely holds makes the verdict sure, even if another lies deeper.
    critical |= bool(down) and all(distance <= _limit(a, case) for distance, a in down)
    ends = [pair for pair in (nearest, deepest) if pair is not None and np.isfinite(pair[0])]
    if not ends:
        return float("nan"), "", critical
    distance, a = min(ends, key=lambda pair: pair[0])
    return distance, a.rule["layer"], critical


def _moves_that_tighten(unmet: Sequence[Answer], case: Case) -> list[tuple[float, Answer]]:
    """Return the distances of unmet rules, leaving out those that are surely neither the nearest nor critical."""
    found: list[tuple[float, Answer]] = []
    nearest = float("inf")
    for bound, a in sorted(((_at_least(a, case), a) for a in unmet), key=lambda pair: pair[0]):
        if bound > nearest and bound > _limit(a, case):
            continue
        distance = _distance(a, case)
        if not np.isnan(distance):
            found.append((distance, a))
            nearest = min(nearest, distance)
    return found


def _at_least(a: Answer, case: Case) -> float:
    if a.rule["geometry"] == "within":
        return 0.0
    layer, surveyor = case.layers[a.rule["layer"]], case.lies[a.rule["layer"]].surveyor
    among = layer.among(a.rule["zone_classes"], a.rule["zone_ids"])
    return min((float(surveyor.at_least_m[zone]) for zone in among), default=0.0)


def _would_be_stricter(a: Answer, applied: int, possible: int) -> bool:
    """Return whether meeting the zone of an unmet rule makes the verdict stricter: applies above A, or opens above A and U."""
    if a.geometry is not False or a.rest is False:
        return False
    return a.rule["rank"] > (applied if a.rest else max(applied, possible))


def _limit(a: Answer, case: Case) -> float:
    layer = case.layers.get(a.rule["layer"])
    return max(case.tolerance_m, case.accuracy_m, layer.accuracy_m if layer else 0.0)


def _distance(a: Answer, case: Case) -> float:
    """Return how far an unmet rule is: to its nearest zone, or to its buffer."""
    layer, surveyor = case.layers[a.rule["layer"]], case.lies[a.rule["layer"]].surveyor
    distance, _ = surveyor.nearest(layer.among(a.rule["zone_classes"], a.rule["zone_ids"]))
    limit = _threshold(a.rule, case.subject) if a.rule["geometry"] == "within" else 0.0
    return abs(distance - (limit or 0.0))


def _hold(a: Answer, case: Case) -> float:
    """Return how far the site would have to move for a rule to let go."""
    if a.rule["geometry"] == "none":
        return float("inf")
    found, layer = case.lies[a.rule["layer"]], case.layers[a.rule["layer"]]
    if a.rule["geometry"] == "within":
        hit = [zone for zone in a.zones if zone in found.hits]
        distance = 0.0 if hit else min(found.surveyor.distance_m(zone) for zone in a.zones)
        return abs(distance - (_threshold(a.rule, case.subject) or 0.0))
    return max(_depth(case.extent, layer.plane[zone], found.hits[zone], _limit(a, case)) for zone in a.zones)


def _depth(site: Extent, zone: object, part: object, limit: float) -> float:
    """Return how deep an overlap lies: its farthest point from the edge of the zone or, where nearer, of the site."""
    if shapely.get_dimensions(part) == 2:
        return _inner_radius_m(part, limit)
    edges = [shapely.boundary(g) for g in (zone, site.plane) if shapely.get_dimensions(g) == 2]
    if not edges:  # lines and points that meet part at the least move
        return 0.0
    outline = shapely.union_all([planes.in_distance_plane(edge) for edge in edges])
    step = max(0.1, shapely.length(part) / 5000)
    fine = shapely.segmentize(part, step) if shapely.length(part) > step else part
    points = shapely.points(shapely.get_coordinates(planes.in_distance_plane(fine)))
    far = points[int(np.argmax(shapely.distance(points, outline)))]
    return planes.ground_distance_m(far, outline)


def _inner_radius_m(part: object, limit: float) -> float:
    """Return the radius of the largest disc in an overlap: roughly, and finely where it might be on either side of a limit."""
    size = float(np.sqrt(shapely.area(part)))
    fine, rough = max(0.01, 5e-4 * size), max(0.05, 5e-4 * size)
    found = _disc_m(shapely.to_wkb(part), rough)
    return _disc_m(shapely.to_wkb(part), fine) if fine < rough and found <= limit <= found + 2 * rough else found


@lru_cache(maxsize=256)
def _disc_m(wkb: bytes, within_m: float) -> float:
    return planes.inner_radius_m(planes.in_distance_plane(shapely.from_wkb(wkb)), within_m=within_m)
