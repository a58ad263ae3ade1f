"""Plans proven: each placed candidate gets a plot of its own, and no plan stands until the engine has judged all of them there.

A pair that the engine refuses at its plot is struck out; a small plan is then made anew, some times, without those either
for whom no connected ground was left. Where in the end a park's ground cannot be divided among all it was to take, that
park is planned anew, some times, for a little less; all others keep their plots. After that whoever stands on a plot keeps
it, and the rest are placed beside them, jointly, in what is left of limits and connected ground: each turn gives a plot or
strikes a pair out, until nobody more can be placed. The bound is that of the last plan of all pairs not refused; it knows
nothing of how ground can be divided, and holds all the same.

The park that would open soonest to a candidate left out is named only if the engine lets it in at a plot of its size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.progress import Progress, Silent
from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.judging.evaluation import Judged
from cdgis.readers.loading import Loaded
from cdgis.relocation import UNPLACED, assign
from cdgis.relocation.plan.joint_plan import (
    JointPlan,
    LeftOut,
    explain_left_out,
    named,
    plan_jointly,
    problem_of,
    replaced,
)
from cdgis.relocation.plan.set_down import (
    TOLD,
    Choices,
    Standing,
    Trial,
    judged_there,
    kept,
    positions,
    strike_at,
    strike_refused,
    taken_in,
    tried,
)
from cdgis.relocation.policy import DestinationPolicy
from cdgis.results.tables.validation import empty, validate
from cdgis.siting.clearance import wkt

_WHOLE_TURNS = 6
"""So often a plan of up to `exact_pairs` pairs is made whole."""
_SPARED = (0.01, 0.02, 0.04)
"""Parks whose ground could not be divided are planned anew so often, for so much less land than they were to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPlan:
    """A plan that the engine does not refuse."""

    joint: JointPlan
    pairs: pd.DataFrame
    """Table destinations; of those assigned, the verdict is that of their plot."""
    ground: pd.DataFrame
    """Table relocation_ground."""
    unplaced: Mapping[str, str]
    """Enterprise id -> why it has no place."""


def prove_plan(
    loaded: Loaded, judged: Judged, choices: Choices, policy: DestinationPolicy, progress: Progress | None = None
) -> ProvenPlan:
    """Return a joint plan whose every assignment the engine lets in at its plot, as judged anew."""
    progress = progress or Silent()
    progress.stage("承接安排：联合安排，再逐家在所安排的地块上复判")
    trial, turn = _planned_whole(loaded, judged, choices, policy, progress)
    spare, last, done = iter(_SPARED), False, not (trial.refused or trial.cramped or trial.cut.any())
    while not done:
        turn += 1
        share = next(spare, None) if trial.cramped and not last else None
        last = share is None  # from here on a turn gives a plot at least or strikes a pair out
        trial = tried(loaded, judged, choices, _placed_beside(choices, trial, share, policy), strike=last)
        done = last and not (trial.refused or trial.cramped)
        progress.step(_came_to(turn, trial))
    left, opened = _left_out(loaded, judged, choices, trial)
    place, pairs = trial.plan.place, trial.pairs
    assigned = pairs["park_id"].to_numpy() == place.reindex(pairs["enterprise_id"]).to_numpy()
    pairs.loc[assigned, TOLD] = trial.told.loc[pairs.loc[assigned, "enterprise_id"], TOLD].to_numpy()
    return ProvenPlan(
        joint=trial.plan, pairs=pairs.assign(assigned=assigned), ground=_ground(choices, trial),
        unplaced=_words(left, opened, choices.parks),
    )  # fmt: skip


def _planned_whole(
    loaded: Loaded, judged: Judged, choices: Choices, policy: DestinationPolicy, progress: Progress
) -> tuple[Trial, int]:
    """Return the trial of the last plan made whole, and how many there were; a small one is made anew without what failed."""
    pairs, cut, bound = choices.pairs.copy(), np.zeros(len(choices.pairs), dtype=bool), -np.inf
    for turn in range(1, _WHOLE_TURNS + 1):
        plan = plan_jointly(pairs.assign(permitted=pairs["permitted"] & ~cut), choices.candidates, choices.parks, policy)
        # that some have no room beside the others does not bound plans in which the others are elsewhere
        bound = bound if cut.any() else plan.assignment.bound
        plan = replace(plan, assignment=replace(plan.assignment, bound=bound))
        trial = tried(loaded, judged, choices, Trial.of(plan, pairs, cut), strike=False)
        progress.step(_came_to(turn, trial))
        if not (trial.refused or trial.cramped) or plan.assignment.pairs > policy.exact_pairs:
            break
        cut[positions(choices, trial.cramped)] = True
    return trial, turn


def _came_to(turn: int, trial: Trial) -> str:
    return f"第 {turn} 轮：{len(trial.standing)} 家落地；复判不能进入 {len(trial.refused)} 家、地块划不出 {len(trial.cramped)} 家，另行安排"


def _placed_beside(choices: Choices, trial: Trial, spare: float | None, policy: DestinationPolicy) -> Trial:
    """Return the trial with places for those who have none, as far as those standing leave limits and connected ground.

    Parameters
    ----------
    spare : the parks whose ground could not be divided are planned anew, for less land by this share; None leaves all as they are.
    """
    emptied = {park for _, park in trial.cramped} if spare is not None else set()
    ids, names = choices.parks["park_id"].to_numpy(dtype=object), choices.candidates.index
    stay = kept(replace(trial, standing=[one for one in trial.standing if one.park not in emptied]), trial.subjects, trial.told)
    problem = problem_of(trial.pairs, choices.candidates, choices.parks, policy)
    place = np.where(names.isin([one.enterprise for one in stay.standing]), trial.plan.assignment.place, UNPLACED)
    was = trial.plan.assignment.place
    most = [problem.demand.land_ha[was == park].sum() * (1 - (spare or 0.0)) if name in emptied else np.inf for park, name in enumerate(ids)]
    rest, waiting = problem.beside(place), np.flatnonzero(place == UNPLACED)
    rest = replace(rest, supply=replace(rest.supply, available_ha=np.minimum(rest.supply.available_ha, np.array(most))))
    row, park = np.nonzero(rest.open_pairs())
    at = waiting[row] * len(ids) + park
    tight = problem.demand.land_ha[waiting[row]] * M2_PER_HA > _rooms(choices, stay.standing, at)
    rest.permitted[row[tight], park[tight]] = False
    found = assign(rest, policy.model_copy(update={"nodes": policy.beside_nodes, "whole_pairs": policy.exact_pairs}))
    place[waiting] = found.place
    plan = named(trial.pairs, choices.candidates, choices.parks, replaced(trial.plan, place, found.nodes, problem, policy))
    return replace(stay, plan=plan, pairs=trial.pairs if emptied else strike_at(trial.pairs, at[tight]))


def _rooms(choices: Choices, standing: Sequence[Standing], at: IntArray) -> FloatArray:
    """Return the largest plot (m²) there is beside those standing, for pairs by position."""
    taken, known = taken_in(standing), {}
    keys = list(zip(choices.pairs["ground"].to_numpy()[at].tolist(), choices.pairs["park_id"].to_numpy()[at].tolist(), strict=True))
    for ground, park in sorted(set(keys)):
        known[ground, park] = choices.ground[ground].room_m2(taken.get(park, ()))
    return np.array([known[key] for key in keys], dtype=float)


def _left_out(
    loaded: Loaded, judged: Judged, choices: Choices, trial: Trial
) -> tuple[dict[str, LeftOut], pd.DataFrame]:
    """Return why each is left out, and what the engine says of them where they would be let in soonest, by enterprise id."""
    place, opened = trial.plan.place, pd.DataFrame()
    left = asked = explain_left_out(trial.pairs, choices.candidates, choices.parks, place)
    while True:
        openings = _openings(choices, asked)
        told = judged_there(loaded, judged, openings, choices.jobs)[1]
        trial.pairs, refused = strike_refused(choices, trial.pairs, openings, told)
        opened = pd.concat([opened, told.drop(index=refused)])
        if not refused:
            return left, opened
        asked = explain_left_out(trial.pairs, choices.candidates, choices.parks, place, only=set(refused))
        left |= asked


def _openings(choices: Choices, left: Mapping[str, LeftOut]) -> list[Standing]:
    """Return those left out where they would stand in the park that least would open to them."""
    keys = [(enterprise, told.opening) for enterprise, told in sorted(left.items()) if told.opening]
    rows = choices.pairs.iloc[positions(choices, keys)]
    return [
        Standing(enterprise=enterprise, park=park, plot=choices.ground[int(ground)].plot(float(land) * M2_PER_HA))
        for (enterprise, park), ground, land in zip(keys, rows["ground"], rows["land_ha"], strict=True)
    ]


def _ground(choices: Choices, trial: Trial) -> pd.DataFrame:
    """Return table relocation_ground."""
    standing, told = trial.standing, trial.told
    if not standing:
        return empty("relocation_ground")
    names = choices.parks.set_index("park_id")["park_name"]
    return validate(
        "relocation_ground",
        trial.subjects.assign(
            enterprise_id=trial.subjects["subject_id"], park_id=[one.park for one in standing],
            park_name=[names[one.park] for one in standing], verdict=told["verdict"].to_numpy(),
            at_least=told["at_least"].to_numpy(), wkt=[wkt(one.plot) for one in standing],
        ),
    )  # fmt: skip


def _words(left: Mapping[str, LeftOut], opened: pd.DataFrame, parks: GeoDataFrame) -> dict[str, str]:
    """Return why each has no place, with what would open one, as judged there."""
    names = parks.set_index("park_id")["park_name"]
    found = {}
    for enterprise, told in left.items():
        parts = [told.words]
        if told.opening:
            verdict = str(opened.at[enterprise, "verdict"])
            parts.append(f"最易打开的是 {names[told.opening]}，须解决：{told.needed}；在该园区按所需面积的地块复判为“{verdict}”")
        found[enterprise] = LIST_SEPARATOR.join(parts)
    return found
