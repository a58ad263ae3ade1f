"""The joint plan: each candidate's park, what that uses up, and why some are left out."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.array_types import IntArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Verdict
from cdgis.relocation import (
    BLOCK_WORDS,
    RAIL_WORDS,
    TAKEN_WORDS,
    UNPLACED,
    UNSTATED_WORDS,
    Assignment,
    Demand,
    Obstacle,
    Problem,
    Supply,
    assign,
    easiest_opening,
    explain_unplaced,
)
from cdgis.relocation.policy import DestinationPolicy

_RESOURCES = {
    "land": ("用地", "公顷", "land_ha"),
    "water": ("用水", "万立方米/年", "water_10k_m3"),
    "energy": ("能耗", "吨标准煤/年", "energy_tce"),
}
"""Resource -> title, unit, column of what an enterprise needs."""
_ROW = (
    "enterprise_id", "park_id", "verdict", "feasible", "failing_rule", "closed", "shortfall", "available_ha", "water_left",
    "energy_left",
)
"""Columns of a pair that say why it is no place."""


_KINDS = {RAIL_WORDS: "rail", BLOCK_WORDS: "ground", UNSTATED_WORDS: "unstated", TAKEN_WORDS: "taken"}
"""First words of a shortfall -> kind of obstacle; any other is a matter of capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPlan:
    """The plan, what it uses, and what stands in the way of the rest."""

    place: "pd.Series[str]"
    """Enterprise id -> park id, "" for none."""
    assignment: Assignment
    use: pd.DataFrame
    """Rows of table park_use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Why a candidate has no place, and the park that least would open to it."""

    words: str
    opening: str
    """Id of that park; "" where no change of capacities would open one."""
    needed: str
    """What would have to change there, in words."""


def plan_jointly(pairs: pd.DataFrame, candidates: pd.DataFrame, parks: GeoDataFrame, policy: DestinationPolicy) -> JointPlan:
    """Return the joint plan of `candidates` (by enterprise id) over `parks` (by park id).

    Parameters
    ----------
    pairs : every candidate with every park, sorted by both ids: permitted, score, available_ha, prohibited_ha, obstacle kinds.
    candidates : indexed by enterprise id: urgency (0 to 1), land_ha, water_10k_m3, energy_tce.
    """
    return named(pairs, candidates, parks, assign(problem_of(pairs, candidates, parks, policy), policy))


def replaced(plan: JointPlan, place: IntArray, nodes: int, problem: Problem, policy: DestinationPolicy) -> Assignment:
    """Return the assignment of `plan` with other places, found in so many nodes more; its bound stays, and is one of them as well."""
    found, objective = plan.assignment, problem.value(place)
    proven = objective - found.bound <= policy.gap * max(objective, 1e-12)
    return replace(found, place=place, objective=objective, nodes=found.nodes + nodes, proven=proven)


def named(pairs: pd.DataFrame, candidates: pd.DataFrame, parks: GeoDataFrame, found: Assignment) -> JointPlan:
    """Return an assignment by ids, with what it uses up; the rest as in `plan_jointly`."""
    ids = parks["park_id"].to_numpy(dtype=object)
    place = np.where(found.place == UNPLACED, "", ids[found.place] if len(ids) else "")
    placed = pd.Series(place, index=candidates.index, dtype=object)
    return JointPlan(place=placed, assignment=found, use=_use(pairs, candidates, parks, placed))


def problem_of(pairs: pd.DataFrame, candidates: pd.DataFrame, parks: GeoDataFrame, policy: DestinationPolicy) -> Problem:
    """Return the program that `plan_jointly` solves, candidates × parks in their order."""
    shape = (len(candidates), len(parks))

    def grid(column: str) -> np.ndarray:
        """Return a column of the pairs as candidates × parks."""
        return pairs[column].to_numpy().reshape(shape)

    return Problem(
        cost=1.0 - grid("score").astype(float),
        permitted=grid("permitted").astype(bool),
        demand=Demand(
            land_ha=candidates["land_ha"].to_numpy(dtype=float),
            water_10k_m3=candidates["water_10k_m3"].to_numpy(dtype=float),
            energy_tce=candidates["energy_tce"].to_numpy(dtype=float),
            unplaced_cost=policy.unplaced_cost * (1.0 + candidates["urgency"].to_numpy(dtype=float)),
        ),
        supply=Supply(
            available_ha=grid("available_ha").astype(float),
            water_10k_m3=parks["water_left"].to_numpy(dtype=float),
            energy_tce=parks["energy_left"].to_numpy(dtype=float),
        ),
    )


def _use(
    pairs: pd.DataFrame, candidates: pd.DataFrame, parks: GeoDataFrame, placed: "pd.Series[str]"
) -> pd.DataFrame:
    """Return park by park and resource by resource: limit, occupants, what can be given, what the plan gives."""
    rows = []
    # what is shut to everybody; what is shut to some only is reckoned pair by pair
    prohibited = pairs.groupby("park_id")["prohibited_ha"].min()
    available = pairs.groupby("park_id")["available_ha"].max()
    for park in parks.drop(columns="geometry").to_dict("records"):
        members = candidates[placed == park["park_id"]]
        for resource, (title, unit, need) in _RESOURCES.items():
            land = resource == "land"
            shut = float(prohibited[park["park_id"]]) if land else np.nan
            left = float(available[park["park_id"]]) if land else park[f"{resource}_left"]
            rows.append(
                {
                    "park_id": park["park_id"], "park_name": park["park_name"], "resource": title, "unit": unit,
                    "cap": park["spare_ha"] if land else park[f"{resource}_cap"], "prohibited": shut,
                    "tenants": np.nan if land else park[f"{resource}_occupants"],
                    "tenants_unknown": 0 if land else int(park[f"{resource}_unknown"]),
                    "available": np.nan if np.isinf(left) else left,
                    "assigned": float(members[need].sum()), "enterprises": len(members),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def explain_left_out(
    pairs: pd.DataFrame, candidates: pd.DataFrame, parks: GeoDataFrame, placed: "pd.Series[str]",
    only: Collection[str] | None = None,
) -> dict[str, LeftOut]:  # fmt: skip
    """Return why each candidate without a place (of those in `only`) has none, by enterprise id; the rest as in `plan_jointly`."""
    names = dict(zip(parks["park_id"].astype(str), parks["park_name"].astype(str), strict=True))
    given = {title: candidates.groupby(placed)[need].sum().to_dict() for title, _, need in _RESOURCES.values()}
    who = {str(park): list(group.index) for park, group in candidates.groupby(placed)}
    left_out = [str(candidate) for candidate in placed.index[placed == ""] if only is None or candidate in only]
    needs = {str(candidate): row for candidate, row in candidates.loc[left_out].to_dict("index").items()}
    obstacles: dict[str, list[Obstacle]] = {candidate: [] for candidate in left_out}
    for row in pairs.loc[pairs["enterprise_id"].isin(left_out), list(_ROW)].to_dict("records"):
        candidate = str(row["enterprise_id"])
        obstacles[candidate] += [*_alone(row), *_taken(row, needs[candidate], given, who)]
    told = {}
    for candidate, found in obstacles.items():
        opening, needed = easiest_opening(found)
        told[candidate] = LeftOut(words=explain_unplaced(found, names), opening=opening, needed=needed)
    return told


def _alone(row: Mapping[Hashable, Any]) -> list[Obstacle]:
    """Return what keeps a candidate out of a park even if nobody else came."""
    park, found = str(row["park_id"]), []
    if row["failing_rule"] or not row["feasible"]:
        rules = str(row["failing_rule"] or row["verdict"])
        words = "按现有资料不能判定可以进入" if row["verdict"] == Verdict.UNKNOWN else "准入规则禁止"
        found.append(Obstacle(park=park, kind="law", words=words, detail=rules))
    if row["closed"]:
        found.append(Obstacle(park=park, kind="closed", words="园区设为关闭"))
    for sentence in filter(None, str(row["shortfall"]).split(LIST_SEPARATOR)):
        words, _, detail = sentence.partition("，")
        kind = next((kind for start, kind in _KINDS.items() if words.startswith(start)), "capacity")
        found.append(Obstacle(park=park, kind=kind, words=words, detail=detail))
    return found


def _taken(
    row: Mapping[Hashable, Any],
    candidate: Mapping[Hashable, Any],
    given: Mapping[str, Mapping[Hashable, float]],
    who: Mapping[str, list[str]],
) -> list[Obstacle]:
    """Return what the others, placed as the plan places them, leave too little of."""
    park, found = str(row["park_id"]), []
    there = {"用地": row["available_ha"], "用水": row["water_left"], "能耗": row["energy_left"]}
    for title, unit, need in _RESOURCES.values():
        left = float(str(there[title])) - float(given[title].get(park, 0.0))
        if park in who and float(candidate[need]) > left:
            others = "、".join(who[park][:3]) + ("等" if len(who[park]) > 3 else "")
            words = f"{title}已安排给其他企业（本企业需 {candidate[need]:,.6g} {unit}）"
            detail = f"余 {max(left, 0):,.6g}，已给 {others}"
            found.append(Obstacle(park=park, kind="taken", words=words, detail=detail))
    return found
