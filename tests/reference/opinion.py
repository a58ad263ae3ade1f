"""What does the reference say of a list of sites? The same tables as cdgis, as plain dictionaries."""

from collections.abc import Sequence
from typing import Any

import shapely

from . import judgement, planes, statute
from .overlay import extent_of, lie
from .sites import Site
from .zones import read_layers

TOLERANCE_M = 20.0
"""`tolerance_m` of the shipped cdgis.toml."""

Opinion = dict[str, Any]


def opinions(sites: Sequence[Site]) -> dict[str, Opinion]:
    """Return, for every site id, its overlaps, clear, ledger and findings rows and its verdict."""
    rules = {day: statute.rules_in_force(day) for day in {site.as_of for site in sites}}
    return {site.id: _opinion(site, rules[site.as_of]) for site in sites}


def _opinion(site: Site, rules: Sequence[statute.Rule]) -> Opinion:
    layers = read_layers()
    extent = extent_of(site.lonlat)
    areal, linear = extent.dimension == 2, extent.dimension == 1
    subject = {
        "kind": site.kind, "industry": site.industry, "project_type": site.project_type, "attributes": site.attributes,
        "activity": [word for word in site.activity.split(";") if word],
        "area_m2": float(shapely.area(extent.plane)) if areal else 0.0,
        "length_m": planes.ground_length_m(extent.plane) if linear else 0.0,
    }  # fmt: skip
    reaches = judgement.reaches_of(rules, subject)
    lies = {
        name: lie(extent, layer, layers[layer.coverage].plane, reaches.get(name, 0.0))
        for name, layer in layers.items() if layer.coverage
    }  # fmt: skip
    case = judgement.Case(subject, extent, lies, layers, site.accuracy_m, TOLERANCE_M)
    answers = judgement.answers_of(rules, case)
    engine = judgement.engine_answers(answers, case)
    return {
        "overlaps": [{"layer": name, **row} for name, found in lies.items() for row in found.overlaps],
        "clear": [{"layer": name, **found.clear} for name, found in lies.items() if found.clear is not None],
        "ledger": [{"layer": name, **found.ledger} for name, found in lies.items()],
        "findings": judgement.findings(answers, case, engine),
        # Coordinates of several million metres carry 1e-8 m at best, all around the site.
        "slack_m2": 1e-8 * float(shapely.length(extent.plane)),
        "verdict": judgement.verdict(answers, case, engine),
    }
