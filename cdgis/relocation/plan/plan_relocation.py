"""One straight line from judged enterprises to the plan: who, why, how urgent, where to, what it brings."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.beside import NOBODY, Other
from cdgis.core.progress import Progress
from cdgis.core.vocabulary import LIST_SEPARATOR, Disposition, ListingStatus
from cdgis.geometry import geodesy
from cdgis.judging.evaluation import Judged
from cdgis.readers.loading import Loaded
from cdgis.relocation import Urgency, rank_by_urgency, score_destinations, shortfall_words, urgency_scores
from cdgis.relocation.plan.candidate_list import PARK_LAYER, list_candidates
from cdgis.relocation.plan.circumstances import (
    FACT_COLUMNS,
    class_value,
    declared_numbers,
    distance_to,
    measure_circumstances,
)
from cdgis.relocation.plan.effects import measure_effects
from cdgis.relocation.plan.park_sites import Places, judge_places
from cdgis.relocation.plan.plan_statement import state_plan
from cdgis.relocation.plan.profiles import group_candidates, judged_size_m2, rules_at
from cdgis.relocation.plan.proof import ProvenPlan, prove_plan
from cdgis.relocation.plan.set_down import BLOCKING, Choices
from cdgis.relocation.plan.supply import park_names, survey_parks
from cdgis.relocation.plan.what_if import WhatIf
from cdgis.relocation.policy import (
    DestinationPolicy,
    PriorityPolicy,
    read_destination_policy,
    read_priority_policy,
    read_relocation_policy,
    reweighted,
)
from cdgis.results.tables.validation import empty, validate
from cdgis.siting.plots import OpenGround

Downstream = Callable[[pd.DataFrame], pd.DataFrame]
"""Given subjects (subject_id, lon, lat), returns measures by subject_id of what lies downstream (river, intake, metres)."""
_FACTS = {
    "settlements": ("周边居民区", "处"), "schools": ("周边学校", "处"), "hospitals": ("周边医院", "处"),
    "people_near": ("周边居住人数", "人"), "water_source_distance_m": ("距水源保护区", "米"),
    "red_line_distance_m": ("距生态保护红线", "米"),
}  # fmt: skip


def plan_relocation(
    loaded: Loaded, judged: Judged, *, what_if: WhatIf | None = None, downstream: Downstream | None = None,
    progress: Progress | None = None, jobs: int = 1, other: Other = NOBODY,
) -> dict[str, pd.DataFrame]:
    """Return the tables of cdgis.results.tables.relocation, but for the free search.

    Parameters
    ----------
    downstream : adds what lies downstream of each enterprise to its circumstances, where a river layer allows.
    jobs : threads; the result does not depend on it.
    other : ranks meanwhile; the result does not depend on it.
    """
    wanted = (what_if or WhatIf()).checked(park_names(loaded))
    priority = reweighted(read_priority_policy(), wanted.weights.get("priority", {}))
    choosing = reweighted(read_destination_policy(), wanted.weights.get("destinations", {}))
    candidates = list_candidates(loaded, judged, read_relocation_policy())
    listed = candidates.listed.set_index("enterprise_id", drop=False)
    known = measure_circumstances(loaded, judged, listed["kinds"], priority)
    acting = known.loc[_acting(listed)]
    ranking = other.begin(rank_by_urgency, acting, priority)
    parks = survey_parks(loaded, judged, wanted) if PARK_LAYER in loaded.layers else None
    relocating = _to_relocate(judged, listed, urgency_scores(acting, priority))
    if parks is None or parks.empty or relocating.empty:
        pairs, plan = empty("destinations"), None
    else:
        ground, pairs = _pairs(loaded, judged, relocating, parks, choosing, jobs)
        choices = Choices(pairs=pairs, candidates=relocating, parks=parks, ground=ground, jobs=jobs)
        plan = prove_plan(loaded, judged, choices, choosing, progress)
        pairs = plan.pairs
    urgency = ranking()
    ranked = _ranked(listed, urgency)
    criteria = _criteria((known, acting), urgency, judged, priority, downstream)
    listed = _with_plan(ranked, relocating, plan, parks)
    outcome = _outcome(ranked, plan)
    return {
        "relocation": validate("relocation", listed.reset_index(drop=True)),
        "relocation_reasons": candidates.reasons,
        "relocation_criteria": criteria,
        "destinations": validate("destinations", pairs),
        "relocation_ground": plan.ground if plan else empty("relocation_ground"),
        "park_use": validate("park_use", plan.joint.use) if plan else empty("park_use"),
        "relocation_effects": _effects(loaded, judged, outcome, priority),
        "relocation_plan": state_plan(
            plan.joint if plan else None, choosing, priority, wanted, count=len(relocating), ranked=int(ranked["rank"].notna().sum())
        ),
    }


def _acting(listed: pd.DataFrame) -> pd.Index:
    """Return those that call for action."""
    return listed.index[(listed["status"] != ListingStatus.EXCLUDED) & (listed["disposition"] != Disposition.KEEP)]


def _ranked(listed: pd.DataFrame, urgency: Urgency) -> pd.DataFrame:
    """Return the list with score, rank and grade for those that call for action."""
    ranked = listed.join(urgency.ranking)
    texts = ["grade", "grade_range", "lead", "driver"]
    ranked[texts] = ranked[texts].fillna("")
    return ranked


def _criteria(
    measured: tuple[pd.DataFrame, pd.DataFrame], urgency: Urgency, judged: Judged, policy: PriorityPolicy, downstream: Downstream | None
) -> pd.DataFrame:
    """Return table relocation_criteria from the circumstances of all, and of those that call for action."""
    known, acting = measured
    parts = urgency.criteria.assign(enterprise_id=np.asarray(acting.index, dtype=object)[urgency.criteria["candidate"].to_numpy(dtype=int)])
    columns = [criterion.measure for criterion in policy.criterion]
    parts = parts.assign(value=acting[columns].to_numpy(dtype=float).ravel())
    facts = _facts(known, judged, downstream, policy)
    rows = pd.concat([part for part in (parts, facts) if len(part)] or [parts], ignore_index=True)
    return validate("relocation_criteria", rows) if len(rows) else empty("relocation_criteria")


def _facts(
    known: pd.DataFrame, judged: Judged, downstream: Downstream | None, policy: PriorityPolicy
) -> pd.DataFrame:
    """Return circumstances that are shown but not weighed, as rows of table relocation_criteria."""
    weighed = {criterion.measure for criterion in policy.criterion}
    shown = known[[name for name in FACT_COLUMNS if name not in weighed]]
    titles, sources = dict(_FACTS), dict.fromkeys(_FACTS, "叠加分析")
    if downstream is not None:
        subjects = judged.tables["subjects"].set_index("subject_id", drop=False).loc[list(known.index)]
        more = downstream(subjects[["subject_id", "lon", "lat"]]).set_index("subject_id").reindex(known.index)
        shown = shown.join(more)
        titles |= {name: (name, "") for name in more.columns}
        sources |= dict.fromkeys(more.columns, "河网")
    rows = shown.melt(ignore_index=False, var_name="criterion", value_name="value").reset_index()
    return rows.assign(
        title=rows["criterion"].map(lambda n: titles[n][0]), unit=rows["criterion"].map(lambda n: titles[n][1]),
        source=rows["criterion"].map(sources), closeness_low=0.0, closeness_high=0.0, weight=0.0, points=0.0,
    )  # fmt: skip


def _to_relocate(judged: Judged, listed: pd.DataFrame, urgency: pd.Series) -> pd.DataFrame:
    """Return those to be placed, by id: subject columns, urgency and what they need (NaN where not stated)."""
    chosen = listed[(listed["disposition"] == Disposition.RELOCATE) & (listed["status"] != ListingStatus.EXCLUDED)]
    ids = pd.Index(sorted(chosen.index), name="enterprise_id")
    subjects = judged.tables["subjects"].set_index("subject_id").reindex(ids)
    attributes = judged.tables["attributes"]
    stated = declared_numbers(attributes, "land_ha", ids)
    measured = (subjects["area_m2"] / 1e4).where(subjects["area_m2"] > 0)
    return subjects[["name", "industry", "lon", "lat"]].assign(
        urgency=urgency.reindex(ids),
        land_ha=stated.where(stated.notna(), measured),
        water_10k_m3=declared_numbers(attributes, "water_m3_per_yr", ids) * 1e-4,
        energy_tce=declared_numbers(attributes, "energy_tce_per_yr", ids),
        freight_t=declared_numbers(attributes, "bulk_freight_t_per_yr", ids),
    )


def _pairs(
    loaded: Loaded, judged: Judged, candidates: pd.DataFrame, parks: GeoDataFrame, policy: DestinationPolicy, jobs: int = 1
) -> tuple[tuple[OpenGround, ...], pd.DataFrame]:
    """Return the ground open in the parks, and every candidate with every park, sorted by both ids: judged, measured, scored."""
    frame = judged.subjects.frame
    own = frame[frame["subject_id"].isin(candidates.index)].sort_values("subject_id", kind="stable", ignore_index=True)
    shapes = np.asarray(parks.geometry.array, dtype=object)
    size_m2 = judged_size_m2(candidates["land_ha"].to_numpy(dtype=float), policy.least_width_m**2)
    profiles = group_candidates(
        own, judged.tables["attributes"], rules_at(loaded.rules, loaded.layers, shapes), size_m2=size_m2
    )
    places = judge_places(loaded, profiles, parks, least_width_m=policy.least_width_m, jobs=jobs)
    count = len(parks)
    at, park = np.repeat(np.arange(len(candidates)), count), np.tile(np.arange(count), len(candidates))
    verdicts = places.verdicts.iloc[profiles.of_candidate[at] * count + park].reset_index(drop=True)
    sites = _site_measures(places, policy).iloc[places.of_pair[profiles.of_candidate[at], park]].reset_index(drop=True)
    left = candidates.reset_index().iloc[at].reset_index(drop=True)
    right = pd.DataFrame(parks.drop(columns="geometry")).iloc[park].reset_index(drop=True)
    pairs = pd.concat([left.rename(columns={"lon": "old_lon", "lat": "old_lat"}), right, verdicts.drop(columns=["profile", "park"]), sites], axis=1)
    return places.ground, _completed(pairs, policy)


def _site_measures(places: Places, policy: DestinationPolicy) -> pd.DataFrame:
    """Return each site's own measures: its ground, air and water class, distance to receptors."""
    ids = pd.Index([f"SITE-{i}" for i in places.sites["site"]])
    overlaps = places.tables["overlaps"]
    return places.sites[["lon", "lat", "ground", "prohibited_ha", "open_ha", "block_ha"]].assign(
        air_dispersion=class_value(overlaps, layer_ids.AIR_ZONES, ids, policy.air_dispersion, largest=False).to_numpy(),
        water_capacity=class_value(overlaps, layer_ids.WATER_ZONES, ids, policy.water_capacity, largest=False).to_numpy(),
        receptor_distance_m=distance_to(places.tables, layer_ids.RECEPTORS, ids).to_numpy(),
    )


def _completed(pairs: pd.DataFrame, policy: DestinationPolicy) -> pd.DataFrame:
    """Return the pairs with distance, what is left, what is short, and the score."""
    points = [pairs[name].to_numpy(dtype=float) for name in ("old_lon", "old_lat", "lon", "lat")]
    pairs["distance_m"] = geodesy.geodesic_distance_m(*points)
    # spare land is not mapped: all that is prohibited may lie in it, and no more can be built on than is open
    pairs["available_ha"] = (pairs["spare_ha"] - pairs["prohibited_ha"]).clip(lower=0, upper=pairs["open_ha"])
    pairs["land_left_share"] = 1 - pairs["land_ha"] / pairs["available_ha"].where(pairs["available_ha"] > 0)
    for resource, need in (("water", "water_10k_m3"), ("energy", "energy_tce")):
        there = pairs[f"{resource}_left"]
        pairs[f"{resource}_left_share"] = 1 - pairs[need] / there.where((there > 0) & np.isfinite(there))
    asked = list(zip(pairs["industry"], pairs["industries"], strict=True))
    matches = {key: float(key[0][:2] in key[1].split(LIST_SEPARATOR)) if all(key) else np.nan for key in set(asked)}
    pairs["industry_match"] = [matches[key] for key in asked]
    pairs["feasible"] = ~pairs["verdict"].isin(BLOCKING)
    pairs["shortfall"] = shortfall_words(pairs, policy)
    pairs["fits"] = pairs["shortfall"] == ""
    pairs["permitted"] = pairs["feasible"] & pairs["fits"] & ~pairs["closed"]
    scored = score_destinations(pairs, policy)
    pairs["score"], pairs["missing"] = scored["score"], scored["missing"]
    return pairs


def _with_plan(
    ranked: pd.DataFrame, candidates: pd.DataFrame, plan: ProvenPlan | None, parks: GeoDataFrame | None
) -> pd.DataFrame:
    """Return the list with the park each candidate is given, or why it has none."""
    names: Mapping[str, str] = {} if parks is None else dict(zip(parks["park_id"], parks["park_name"], strict=True))
    place = plan.joint.place.to_dict() if plan else {}
    why = plan.unplaced if plan else dict.fromkeys(candidates.index, "没有可供比选的园区")
    return ranked.assign(
        assigned=[names.get(place.get(enterprise, ""), "") for enterprise in ranked.index],
        unplaced=[why.get(enterprise, "") for enterprise in ranked.index],
    )


def _outcome(ranked: pd.DataFrame, plan: ProvenPlan | None) -> pd.DataFrame:
    """Return those who must move or close, with the new position of those placed."""
    acting = ranked[ranked["disposition"].isin([Disposition.RELOCATE, Disposition.CLOSE]) & (ranked["status"] != ListingStatus.EXCLUDED)]
    ground = plan.ground if plan else empty("relocation_ground")
    new = ground.set_index("enterprise_id")[["lon", "lat"]].reindex(acting.index)
    return pd.DataFrame(
        {
            "new_lon": new["lon"].astype(float), "new_lat": new["lat"].astype(float),
            "closes": acting["disposition"] == Disposition.CLOSE,
        },
        index=acting.index,
    )  # fmt: skip


def _effects(loaded: Loaded, judged: Judged, outcome: pd.DataFrame, policy: PriorityPolicy) -> pd.DataFrame:
    rows = measure_effects(loaded, judged, outcome, radius_m=policy.receptor_radius_m)
    return validate("relocation_effects", rows) if len(rows) else empty("relocation_effects")
