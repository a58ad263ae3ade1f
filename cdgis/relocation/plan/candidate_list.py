"""List of candidates with their reasons: the judge's findings held against the written policy."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from cdgis.core import layer_ids
from cdgis.core.vocabulary import SubjectKind
from cdgis.judging.evaluation import Judged
from cdgis.judging.exemptions import exempt
from cdgis.judging.facts import Facts
from cdgis.judging.kleene import TRUE
from cdgis.judging.verdicts import judge
from cdgis.readers.loading import Loaded
from cdgis.relocation import Candidates, RelocationInputs, propose_relocations, without_exemptions
from cdgis.relocation.policy import RelocationPolicy
from cdgis.rules.succession import succession

PARK_LAYER = layer_ids.PARKS
RECOGNISED = "是"
"""What the column `recognised` of a park says."""


def list_candidates(loaded: Loaded, judged: Judged, policy: RelocationPolicy) -> Candidates:
    """Return the enterprises listed; a second judgement without exemptions shows whom only an exemption spares."""
    tables = judged.tables
    if judged.measurement is None:
        raise ValueError("the enterprises have not been measured")
    ordered = tables["subjects"].set_index("subject_id").loc[list(judged.measurement.subject_ids)].reset_index()
    facts = Facts.of(ordered, tables["attributes"])
    bare = without_exemptions(loaded.rules, policy)
    spared = None if not bare else judge(
        facts, judged.measurement, bare, layers=loaded.layers,
        accuracy_m=None, tolerance_m=loaded.settings.tolerance_m, as_of=loaded.as_of,
    ).findings  # fmt: skip
    inputs = RelocationInputs(
        subjects=tables["subjects"],
        findings=tables["findings"],
        overlaps=tables["overlaps"],
        verdicts=tables["verdicts"],
        attributes=tables["attributes"],
        findings_without_exemptions=spared,
        exemptions_held=_exemptions_held(loaded, ordered, facts, policy),
        zone_dates=_zone_dates(loaded),
        recognised_parks=_recognised(loaded),
    )
    return propose_relocations(inputs, rules=loaded.rules, policy=policy, as_of=loaded.as_of)


def _exemptions_held(
    loaded: Loaded, ordered: pd.DataFrame, facts: Facts, policy: RelocationPolicy
) -> Mapping[tuple[str, str], str]:
    """Return (enterprise, rule) -> words of those exemptions that hold, of rules that give a reason."""
    enterprises = (ordered["kind"] == SubjectKind.ENTERPRISE).to_numpy()
    ids = ordered["subject_id"].to_numpy(dtype=object)
    held: dict[tuple[str, str], list[str]] = {}
    book = succession(loaded.rules)
    for rule in loaded.rules:
        for item in rule.unless if policy.kind_of(rule) else ():
            for subject in ids[enterprises & (exempt(rule, item, facts, book) == TRUE)]:
                held.setdefault((str(subject), rule.id), []).append(item.reason)
    return {pair: "、".join(filter(None, words)) for pair, words in held.items()}


def _zone_dates(loaded: Loaded) -> dict[str, date]:
    """Return the day each layer's plan was published, where the catalogue says so."""
    published = {name: layer.spec.plan.published_on for name, layer in loaded.layers.items()}
    return {name: date.fromisoformat(day) for name, day in published.items() if day}


def _recognised(loaded: Loaded) -> frozenset[str] | None:
    if PARK_LAYER not in loaded.layers or "recognised" not in loaded.layers[PARK_LAYER].zones:
        return None
    zones = loaded.layers[PARK_LAYER].zones
    return frozenset(zones.loc[zones["recognised"].astype(str) == RECOGNISED, "zone_id"])
