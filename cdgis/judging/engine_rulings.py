"""Rulings that no zone file holds: no unit hit, units and elements disagree, an unbelieved claim, a doubtful place, slivers."""

from collections.abc import Mapping

import numpy as np

from cdgis.core import layer_ids
from cdgis.core.array_types import BoolArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation
from cdgis.judging import kleene
from cdgis.judging.exemptions import unbelieved
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import Kleene
from cdgis.judging.measurement import Measurement
from cdgis.judging.rule_outcomes import ACCESS_LIST, COVERAGE, PLACE_CONFLICT, Lacking, Ruling
from cdgis.rules import Rule

GAP_RULE, DISAGREEMENT_RULE, UNLISTED_RULE, SLIVER_RULE, CLAIM_RULE, PLACE_RULE = (
    "ZU-04", "ZU-05", "ZU-07", "TOL-01", "ACT-01", "LOC-01",
)  # fmt: skip
"""Rules the judge itself finds (data/rules/engine.toml)."""
UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
STRICT_UNIT_CLASS = "优先保护"


def engine_rulings(
    engine: Mapping[str, Rule], forbidden: BoolArray, listed: frozenset[str], facts: Facts, measurement: Measurement,
    slivers: Mapping[str, TextArray] | None = None,
) -> list[Ruling]:
    """Return the rulings of the rules in `engine`, by id.

    Parameters
    ----------
    forbidden : whom a zone of an element layer forbids.
    listed : ids of the units of which any clause is known.
    slivers : what `sliver_zones` found, where that is known already.
    """
    size = facts.size
    here = measurement.hits_found["layer"].to_numpy(dtype=object) == UNIT_LAYER
    units = {name: measurement.hits_found[name].to_numpy()[here] for name in ("subject", "zone_id", "zone_class")}
    in_unit = np.isin(np.arange(size), units["subject"].astype(np.int64))
    unseen = measurement.uncovered.get(UNIT_LAYER, np.ones(size, dtype=bool))
    strict = units["subject"][units["zone_class"] == STRICT_UNIT_CLASS].astype(np.int64)
    nothing = np.full(size, "", dtype=object)
    values = {
        GAP_RULE: (kleene.of(np.zeros(size, dtype=bool), ~in_unit | unseen), nothing, COVERAGE),
        DISAGREEMENT_RULE: (
            kleene.of(forbidden & in_unit & ~np.isin(np.arange(size), strict)), nothing, "",
        ),
        UNLISTED_RULE: (*_unlisted(units, listed, size), ACCESS_LIST),
        CLAIM_RULE: (unbelieved(facts), nothing, "industry"),
        PLACE_RULE: (kleene.of(np.zeros(size, dtype=bool), facts.text(PLACE_CONFLICT) != ""), nothing, PLACE_CONFLICT),
    }  # fmt: skip
    found = [_engine_ruling(engine[name], *ruling) for name, ruling in values.items() if name in engine]
    if SLIVER_RULE in engine:
        for layer, zones in (sliver_zones(measurement) if slivers is None else slivers).items():
            here = engine[SLIVER_RULE].model_copy(update={"layer": layer})
            found.append(_engine_ruling(here, kleene.of(zones != ""), zones))
    return found


def _engine_ruling(rule: Rule, value: Kleene, zones: TextArray, lacking: str = "") -> Ruling:
    size = len(value)
    return Ruling(
        rule=rule, geometry=value, rest=kleene.constant(True, size), value=value, depth_m=np.full(size, np.inf),
        distance_m=np.full(size, np.nan), zone_ids=zones, lacking=Lacking(np.zeros(size, dtype=np.int8), (lacking,)),
    )  # fmt: skip


def _unlisted(units: Mapping[str, TextArray], listed: frozenset[str], size: int) -> tuple[Kleene, TextArray]:
    """Return who lies in a unit of which no clause is known, and the ids of those units, joined."""
    zones = np.full(size, "", dtype=object)
    for subject, zone in zip(units["subject"].tolist(), units["zone_id"].tolist(), strict=True):
        if zone not in listed:
            zones[subject] = f"{zones[subject]}{LIST_SEPARATOR}{zone}" if zones[subject] else zone
    return kleene.of(np.zeros(size, dtype=bool), zones != ""), zones


def sliver_zones(measurement: Measurement) -> dict[str, TextArray]:
    """Return layer -> the zones of which each subject has a sliver, joined; only layers in which anybody has one."""
    if not any(flags.any() for flags in measurement.slivers.values()):
        return {}
    position = {subject_id: place for place, subject_id in enumerate(measurement.subject_ids)}
    here = np.flatnonzero(measurement.overlaps["relation"].to_numpy() == str(Relation.SLIVER))
    rows = (measurement.overlaps[name].to_numpy()[here].tolist() for name in ("layer", "subject_id", "zone_id"))
    zones: dict[str, dict[int, set[str]]] = {}
    for layer, subject_id, zone in zip(*rows, strict=True):
        zones.setdefault(layer, {}).setdefault(position[subject_id], set()).add(zone)
    found = {layer: np.full(len(position), "", dtype=object) for layer in sorted(zones)}
    for layer, texts in found.items():
        for place, ids in zones[layer].items():
            texts[place] = LIST_SEPARATOR.join(sorted(ids))
    return found
