"""Candidates alike to the law: every rule that is not about place says the same of them.

Whether a rule applies is a conjunction of a part that depends on the enterprise and a part that depends on the place.
Enterprises that agree in the first part of every rule, in the distances they must keep and in the land they need, get the
same findings at the same place: one of them is judged there for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import ProjectType, SubjectKind
from cdgis.judging.facts import Facts
from cdgis.judging.rule_plan import RulePlan
from cdgis.rules import Rule
from cdgis.workspace.layers import Layers

ACTIVITY = "开发性生产性建设"
_NO_DISTANCE = -1.0
_SIZES = 40
"""So many sizes of land are judged as they are."""
_STEP = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Groups of candidates that the rules cannot tell apart."""

    rules: tuple[Rule, ...]
    """Rules that may say something at some park."""
    of_candidate: IntArray
    """Profile of each candidate."""
    facts: Facts
    """One representative per profile, as a 迁建 project on land of its size."""

    @property
    def size_m2(self) -> FloatArray:
        """Land each profile is judged on."""
        return self.facts.measures["area_m2"]


def group_candidates(
    candidates: GeoDataFrame, attributes: pd.DataFrame, rules: Sequence[Rule], *, size_m2: FloatArray
) -> Profiles:
    """Return the candidates (frames.SUBJECT_COLUMNS + geometry) grouped by what `rules` ask of them as 迁建 projects.

    Parameters
    ----------
    size_m2 : land each of them needs, see `judged_size_m2`.
    """
    described = pd.DataFrame(candidates.drop(columns="geometry")).assign(
        kind=str(SubjectKind.PROJECT), project_type=str(ProjectType.RELOCATE), activity=ACTIVITY, area_m2=size_m2, length_m=0.0
    )
    own = attributes[attributes["subject_id"].isin(described["subject_id"])]
    facts = Facts.of(described, own)
    answers = list(RulePlan.of(rules).but_for_geometry(facts))  # rules that ask the same answer as one
    keep_off = sorted({rule.distance_attribute for rule in rules if rule.distance_attribute})
    answers += [np.nan_to_num(facts.number(name), nan=_NO_DISTANCE) for name in keep_off] + [size_m2]
    _, first, of_candidate = np.unique(np.column_stack(answers), axis=0, return_index=True, return_inverse=True)
    leaders = described.iloc[first].reset_index(drop=True)
    chosen = own[own["subject_id"].isin(leaders["subject_id"])]
    return Profiles(rules=tuple(rules), of_candidate=of_candidate.ravel().astype(np.int64), facts=Facts.of(leaders, chosen))


def judged_size_m2(land_ha: FloatArray, least_m2: float) -> FloatArray:
    """Return how much land each candidate is judged on: what it needs, `least_m2` where it did not say.

    Where there are more than some dozen sizes, each is judged on up to a quarter more than it needs, in common steps.
    """
    known = np.maximum(np.nan_to_num(land_ha, nan=0.0) * M2_PER_HA, least_m2)
    if len(np.unique(known)) <= _SIZES:
        return known
    steps = np.ceil(np.round(np.log(known / least_m2) / np.log(_STEP), 9))
    return np.asarray(least_m2 * _STEP**steps)


def rules_at(rules: Sequence[Rule], layers: Layers, places: npt.NDArray[np.object_]) -> tuple[Rule, ...]:
    """Return `rules` without those on named zones that none of `places` touches (each inside the layer's coverage)."""
    everywhere = shapely.union_all(places)
    shapely.prepare(everywhere)
    touched: dict[str, frozenset[str]] = {}
    for layer in sorted({rule.layer for rule in rules if rule.zone_ids and rule.layer in layers}):
        coverage = layers[layers[layer].spec.coverage or layer].zones
        if not shapely.covers(shapely.union_all(np.asarray(coverage.geometry.array, dtype=object)), everywhere):
            continue
        zones = layers[layer].zones
        met = shapely.intersects(everywhere, np.asarray(zones.geometry.array, dtype=object))
        touched[layer] = frozenset(zones.loc[met, "zone_id"])
    return tuple(
        rule for rule in rules
        if not rule.zone_ids or rule.layer not in touched or touched[rule.layer] & set(rule.zone_ids)
    )  # fmt: skip
