"""Candidates set down on plots of their own in the parks a plan gives them, and judged there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import BoolArray, IntArray
from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import ProjectType, SubjectKind, Verdict
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.relocation import TAKEN_WORDS
from cdgis.relocation.plan.joint_plan import JointPlan
from cdgis.relocation.plan.park_sites import told_of
from cdgis.relocation.plan.profiles import ACTIVITY
from cdgis.results.tables.validation import empty
from cdgis.siting.plots import OpenGround
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

BLOCKING = (str(Verdict.FAIL), str(Verdict.UNKNOWN))
"""Verdicts that keep a candidate out."""
TOLD = ["verdict", "failing_rule", "failing_clause", "manual_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Who may go where."""

    pairs: pd.DataFrame
    """As in `plan_jointly`, with `ground` (position)."""
    candidates: pd.DataFrame
    parks: GeoDataFrame
    ground: Sequence[OpenGround]
    jobs: int = 1
    """Threads; nothing depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A candidate on a plot."""

    enterprise: str
    park: str
    plot: BaseGeometry
    """EPSG:4490."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """How far the proof has come."""

    plan: JointPlan
    pairs: pd.DataFrame
    """As in Choices; those struck out are not permitted."""
    standing: list[Standing]
    """Those the engine lets in at their plots."""
    subjects: pd.DataFrame
    told: pd.DataFrame
    """As `judged_there` returns them, of those standing."""
    refused: list[str]
    """Those of the plan whom the engine does not let in at their plots."""
    cramped: list[tuple[str, str]]
    """(enterprise, park) of those of the plan for whom there was no plot."""
    cut: BoolArray
    """Pairs left aside in the plan because others were in the way before."""

    @classmethod
    def of(cls, plan: JointPlan, pairs: pd.DataFrame, cut: BoolArray) -> "Trial":
        """Return the trial of a plan of which nobody stands yet."""
        return cls(plan=plan, pairs=pairs, cut=cut, standing=[], subjects=empty("subjects"), told=pd.DataFrame(), refused=[], cramped=[])


def tried(loaded: Loaded, judged: Judged, choices: Choices, trial: Trial, *, strike: bool) -> Trial:
    """Return the trial with plots for those of its plan who do not stand yet, as far as there are any and the engine lets them in.

    Parameters
    ----------
    strike : whether who finds no plot beside the others is struck out there.
    """
    known, place = {one.enterprise for one in trial.standing}, trial.plan.place
    newcomers, cramped = plots_of(choices, place[(place != "") & ~place.index.isin(known)], taken_in(trial.standing))
    subjects, told = judged_there(loaded, judged, newcomers, choices.jobs)
    pairs, refused = strike_refused(choices, trial.pairs, newcomers, told)
    if strike:
        pairs = strike_at(pairs, positions(choices, cramped))
    stay = [one for one in newcomers if one.enterprise not in set(refused)]
    more = replace(trial, pairs=pairs, standing=[*trial.standing, *stay], refused=refused, cramped=cramped)
    return kept(more, pd.concat([trial.subjects, subjects]) if known else subjects, pd.concat([trial.told, told]) if known else told)


def kept(trial: Trial, subjects: pd.DataFrame, told: pd.DataFrame) -> Trial:
    """Return the trial with what was said of those standing, by enterprise id."""
    standing = sorted(trial.standing, key=lambda one: one.enterprise)
    ids = [one.enterprise for one in standing]
    rows = pd.Index(subjects["subject_id"]).get_indexer(ids)
    return replace(trial, standing=standing, subjects=subjects.iloc[rows].reset_index(drop=True), told=told.loc[ids])


def taken_in(standing: Sequence[Standing]) -> dict[str, list[BaseGeometry]]:
    """Return the plots given in each park."""
    found: dict[str, list[BaseGeometry]] = {}
    for one in standing:
        found.setdefault(one.park, []).append(one.plot)
    return found


def plots_of(
    choices: Choices, place: "pd.Series[str]", beside: Mapping[str, Sequence[BaseGeometry]] = MappingProxyType({})
) -> tuple[list[Standing], list[tuple[str, str]]]:
    """Return those placed on plots that meet neither one another nor those `beside` (by park), and (enterprise, park) of
    those for whom no connected ground is left.
    """
    rows = choices.pairs.iloc[positions(choices, list(zip(place.index[place != ""].astype(str), place[place != ""], strict=True)))]
    rows = rows.assign(total_m2=[choices.ground[i].total_m2 for i in rows["ground"]])
    # who has least ground to choose from comes first; neither names nor the order of tables decide who gets which plot
    order = ["total_m2", "ground", "land_ha", "old_lon", "old_lat", "enterprise_id"]
    rows = rows.sort_values(["park_id", *order], kind="stable")
    first = {id(ground): i for i, ground in reversed(list(enumerate(choices.ground)))}
    standing: list[Standing] = []
    cramped: list[tuple[str, str]] = []
    for park, members in rows.groupby("park_id", sort=True):
        found = _given(choices, members, beside.get(str(park), ()))
        if len(found) < len(members):  # the ground of several kinds of enterprise, where it is one, divided among all of them at once
            shared = members.assign(ground=[first[id(choices.ground[i])] for i in members["ground"]]).sort_values(order, kind="stable")
            found = max(found, _given(choices, shared, beside.get(str(park), ())), key=len)
        cramped += [(str(enterprise), str(park)) for enterprise in members["enterprise_id"] if enterprise not in found]
        standing += [Standing(enterprise=enterprise, park=str(park), plot=plot) for enterprise, plot in found.items()]
    return sorted(standing, key=lambda one: one.enterprise), cramped


def _given(choices: Choices, members: pd.DataFrame, beside: Sequence[BaseGeometry]) -> dict[str, BaseGeometry]:
    """Return the plots of one park by enterprise, each group's ground divided beside what was given before."""
    taken, found = list(beside), dict[str, BaseGeometry]()
    for ground, group in members.groupby("ground", sort=False):
        plots = choices.ground[int(str(ground))].plots(list(group["land_ha"] * M2_PER_HA), taken)
        given = {str(firm): plot for firm, plot in zip(group["enterprise_id"], plots, strict=True) if plot is not None}
        taken += given.values()
        found |= given
    return found


def judged_there(loaded: Loaded, judged: Judged, standing: Sequence[Standing], jobs: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return table subjects of those standing on plots, and what the engine says of them there, by enterprise id."""
    if not standing:
        return empty("subjects"), pd.DataFrame({"at_least": []} | {name: [] for name in TOLD}, dtype=object)
    ids = np.array([one.enterprise for one in standing], dtype=object)
    frame = judged.subjects.frame.set_index("subject_id", drop=False).loc[list(ids)].reset_index(drop=True)
    there = frame.assign(
        kind=str(SubjectKind.PROJECT), project_type=str(ProjectType.RELOCATE), activity=ACTIVITY, accuracy_m=0.0,
        source_file="承接园区复判", source_row="", notes="",
    ).set_geometry(np.array([one.plot for one in standing], dtype=object), crs=4490)  # fmt: skip
    own = judged.subjects.attributes[judged.subjects.attributes["subject_id"].isin(ids)].reset_index(drop=True)
    again = judge_subjects(
        loaded, Subjects(frame=there[[*SUBJECT_COLUMNS, there.geometry.name]], attributes=own), jobs=jobs
    ).tables  # fmt: skip
    least = again["verdicts"].set_index("subject_id")["at_least"].reindex(ids).to_numpy(dtype=object)
    told = told_of(again["findings"], again["verdicts"], ids).assign(at_least=least).set_axis(ids)
    told["verdict"] = told["verdict"].fillna(str(Verdict.UNKNOWN))  # a plot nobody can measure lets nobody in
    return again["subjects"].set_index("subject_id").reindex(ids).rename_axis("subject_id").reset_index(), told


def positions(choices: Choices, keys: Sequence[tuple[str, str]]) -> IntArray:
    """Return where pairs (enterprise, park) are in the table of pairs."""
    firms, parks = choices.candidates.index, pd.Index(choices.parks["park_id"])
    row, column = (index.get_indexer(pd.Index([key[i] for key in keys], dtype=object)) for i, index in enumerate((firms, parks)))
    return np.asarray(row * len(parks) + column, dtype=np.int64)


def strike_refused(
    choices: Choices, pairs: pd.DataFrame, standing: Sequence[Standing], told: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Return the pairs without those the engine refuses, and the enterprises concerned."""
    refused = [one for one in standing if told.at[one.enterprise, "verdict"] in BLOCKING]
    names = [one.enterprise for one in refused]
    rows = pairs.index[positions(choices, [(one.enterprise, one.park) for one in refused])]
    pairs.loc[rows, TOLD] = told.loc[names, TOLD].to_numpy()
    pairs.loc[rows, ["feasible", "permitted"]] = False
    return pairs, names


def strike_at(pairs: pd.DataFrame, at: IntArray) -> pd.DataFrame:
    """Return the pairs without those (positions) for whom no connected ground is left."""
    rows = pairs.index[at]
    pairs.loc[rows, "shortfall"] = TAKEN_WORDS
    pairs.loc[rows, ["fits", "permitted"]] = False
    return pairs
