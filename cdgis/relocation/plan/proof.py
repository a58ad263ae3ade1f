"""Plans proven: each placed candidate gets a plot of its own, and no plan stands until the engine has judged all of them there.

A pair that the engine refuses at its plot, or for which a park has no connected ground left beside the others', is struck
out and the plan made anew. The park that would open soonest to a candidate left out is named only if the engine lets it in
at a plot of its size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import LIST_SEPARATOR, ProjectType, SubjectKind, Verdict
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.relocation import TAKEN_WORDS
from cdgis.relocation.plan.joint_plan import JointPlan, LeftOut, explain_left_out, plan_jointly
from cdgis.relocation.plan.park_sites import told_of
from cdgis.relocation.plan.profiles import ACTIVITY
from cdgis.relocation.policy import DestinationPolicy
from cdgis.results.tables.validation import empty, validate
from cdgis.siting.clearance import wkt
from cdgis.siting.plots import OpenGround
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

BLOCKING = (str(Verdict.FAIL), str(Verdict.UNKNOWN))
"""Verdicts that keep a candidate out."""
_TOLD = ["verdict", "failing_rule", "failing_clause", "manual_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Who may go where."""

    pairs: pd.DataFrame
    """As in `plan_jointly`, with `ground` (position)."""
    candidates: pd.DataFrame
    parks: GeoDataFrame
    ground: Sequence[OpenGround]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """A candidate on a plot."""

    enterprise: str
    park: str
    plot: BaseGeometry
    """EPSG:4490."""


def prove_plan(loaded: Loaded, judged: Judged, choices: Choices, policy: DestinationPolicy) -> ProvenPlan:
    """Return the joint plan whose every assignment the engine lets in at its plot, as judged anew."""
    pairs = choices.pairs.copy()
    while True:  # each turn strikes out a pair at least
        plan = plan_jointly(pairs, choices.candidates, choices.parks, policy)
        standing, cramped = _plots(choices, plan.place)
        pairs = _strike_cramped(pairs, cramped)
        subjects, told = _judged_there(loaded, judged, standing)
        pairs, refused = _strike_refused(pairs, standing, told)
        if not cramped and not refused:
            break
    left = explain_left_out(pairs, choices.candidates, choices.parks, plan.place)
    while True:
        openings = _openings(choices, left)
        pairs, refused = _strike_refused(pairs, openings, opened := _judged_there(loaded, judged, openings)[1])
        if not refused:
            break
        left = explain_left_out(pairs, choices.candidates, choices.parks, plan.place)
    assigned = pairs["park_id"].to_numpy() == plan.place.reindex(pairs["enterprise_id"]).to_numpy()
    pairs.loc[assigned, _TOLD] = told.loc[pairs.loc[assigned, "enterprise_id"], _TOLD].to_numpy()
    return ProvenPlan(
        joint=plan, pairs=pairs.assign(assigned=assigned), ground=_ground(choices, standing, subjects, told),
        unplaced=_words(left, opened, choices.parks),
    )  # fmt: skip


def _plots(choices: Choices, place: "pd.Series[str]") -> tuple[list[_Standing], list[tuple[str, str]]]:
    """Return those placed on plots that do not meet, and (enterprise, park) of those for whom no connected ground is left."""
    chosen = place[place != ""].rename("park_id").rename_axis("enterprise_id").reset_index()
    rows = chosen.merge(choices.pairs, on=["enterprise_id", "park_id"], how="left")
    rows["total_m2"] = [choices.ground[i].total_m2 for i in rows["ground"]]
    # who has least ground to choose from comes first; neither names nor the order of tables decide who gets which plot
    rows = rows.sort_values(["park_id", "total_m2", "ground", "land_ha", "old_lon", "old_lat", "enterprise_id"], kind="stable")
    standing: list[_Standing] = []
    cramped: list[tuple[str, str]] = []
    for park, members in rows.groupby("park_id", sort=True):
        taken: list[BaseGeometry] = []
        for ground, group in members.groupby("ground", sort=False):
            plots = choices.ground[int(str(ground))].plots(list(group["land_ha"] * M2_PER_HA), taken)
            for enterprise, plot in zip(group["enterprise_id"], plots, strict=True):
                if plot is None:
                    cramped.append((str(enterprise), str(park)))
                else:
                    taken.append(plot)
                    standing.append(_Standing(enterprise=str(enterprise), park=str(park), plot=plot))
    return sorted(standing, key=lambda one: one.enterprise), cramped


def _openings(choices: Choices, left: Mapping[str, LeftOut]) -> list[_Standing]:
    """Return those left out where they would stand in the park that least would open to them."""
    columns = [choices.pairs[name] for name in ("enterprise_id", "park_id", "ground", "land_ha")]
    known = {(firm, park): (int(ground), float(land)) for firm, park, ground, land in zip(*columns, strict=True)}
    found = []
    for enterprise, told in sorted(left.items()):
        if told.opening:
            ground, land_ha = known[(enterprise, told.opening)]
            plot = choices.ground[ground].plot(land_ha * M2_PER_HA)
            found.append(_Standing(enterprise=enterprise, park=told.opening, plot=plot))
    return found


def _judged_there(loaded: Loaded, judged: Judged, standing: Sequence[_Standing]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return table subjects of those standing on plots, and what the engine says of them there, by enterprise id."""
    if not standing:
        return empty("subjects"), pd.DataFrame({"at_least": []} | {name: [] for name in _TOLD}, dtype=object)
    ids = np.array([one.enterprise for one in standing], dtype=object)
    frame = judged.subjects.frame.set_index("subject_id", drop=False).loc[list(ids)].reset_index(drop=True)
    there = frame.assign(
        kind=str(SubjectKind.PROJECT), project_type=str(ProjectType.RELOCATE), activity=ACTIVITY, accuracy_m=0.0,
        source_file="承接园区复判", source_row="", notes="",
    ).set_geometry(np.array([one.plot for one in standing], dtype=object), crs=4490)  # fmt: skip
    own = judged.subjects.attributes[judged.subjects.attributes["subject_id"].isin(ids)].reset_index(drop=True)
    again = judge_subjects(
        loaded, Subjects(frame=there[[*SUBJECT_COLUMNS, there.geometry.name]], attributes=own)
    ).tables  # fmt: skip
    least = again["verdicts"].set_index("subject_id")["at_least"].reindex(ids).to_numpy(dtype=object)
    told = told_of(again["findings"], again["verdicts"], ids).assign(at_least=least).set_axis(ids)
    told["verdict"] = told["verdict"].fillna(str(Verdict.UNKNOWN))  # a plot nobody can measure lets nobody in
    return again["subjects"].set_index("subject_id").reindex(ids).rename_axis("subject_id").reset_index(), told


def _strike_refused(pairs: pd.DataFrame, standing: Sequence[_Standing], told: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Return the pairs without those the engine refuses, and whether there were any."""
    refused = [one for one in standing if told.at[one.enterprise, "verdict"] in BLOCKING]
    for one in refused:
        row = (pairs["enterprise_id"] == one.enterprise) & (pairs["park_id"] == one.park)
        pairs.loc[row, _TOLD] = told.loc[[one.enterprise], _TOLD].to_numpy()
        pairs.loc[row, ["feasible", "permitted"]] = False
    return pairs, bool(refused)


def _strike_cramped(pairs: pd.DataFrame, cramped: Sequence[tuple[str, str]]) -> pd.DataFrame:
    for enterprise, park in cramped:
        row = (pairs["enterprise_id"] == enterprise) & (pairs["park_id"] == park)
        pairs.loc[row, "shortfall"] = TAKEN_WORDS
        pairs.loc[row, ["fits", "permitted"]] = False
    return pairs


def _ground(
    choices: Choices, standing: Sequence[_Standing], subjects: pd.DataFrame, told: pd.DataFrame
) -> pd.DataFrame:
    """Return table relocation_ground."""
    if not standing:
        return empty("relocation_ground")
    names = choices.parks.set_index("park_id")["park_name"]
    return validate(
        "relocation_ground",
        subjects.assign(
            enterprise_id=subjects["subject_id"], park_id=[one.park for one in standing],
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
