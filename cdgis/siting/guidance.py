"""Stages of siting: which sites can be helped, what stands in their way, where a project could go."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import Effect, ProjectType, Relation, State, SubjectKind
from cdgis.geometry import geodesy
from cdgis.judging.facts import Facts
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.results.tables.validation import empty
from cdgis.siting.candidate_sites import Siting, SitingRequest, guide_siting
from cdgis.siting.exclusion_zones import Concern, ExclusionZones, concerns_of
from cdgis.siting.remedies import RADIUS_M, Obstacles, Target, propose_remedies
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

JudgeSubjects = Callable[[Loaded, Subjects], Any]
"""`judging.evaluation`: returns an object with `tables`."""

COUNTY_LAYER, RECEPTOR_LAYER, RAILWAY_LAYER = layer_ids.COUNTIES, layer_ids.RECEPTORS, layer_ids.RAILWAYS
_BUILT = "既有设施不能平移，见搬迁与整治清单"
_MARGIN_M = 50.0
"""How much farther than the radius obstacles are gathered, so that setbacks are whole."""


@in_its_place
def remedies_for(
    loaded: Loaded, judged: Any, judge_subjects: JudgeSubjects, *, radius_m: float = RADIUS_M
) -> dict[str, pd.DataFrame]:
    """Return {"remedies": table}: for each project that something forbids, what would make it pass.

    Parameters
    ----------
    judged : what `judge_subjects` returned (subjects and tables).
    radius_m : the farthest shift looked for, metres.
    """
    tables: Mapping[str, pd.DataFrame] = judged.tables
    subjects: Subjects = judged.subjects
    wanted = _wanted(loaded, tables)
    if not wanted:
        return {"remedies": empty("remedies")}
    projects = subjects.frame[subjects.frame["subject_id"].isin(sorted({subject for subject, _ in wanted}))]
    projects = projects.reset_index(drop=True)
    described = tables["subjects"].set_index("subject_id").loc[list(projects["subject_id"])].reset_index()
    attributes = subjects.attributes[subjects.attributes["subject_id"].isin(projects["subject_id"])]
    gather = _Gatherer.of(loaded, Facts.of(described, attributes), projects)
    obstacles = _worth_trying(gather.obstacles(subject, target, radius_m) for subject, target in wanted)

    def judge(changed: GeoDataFrame) -> pd.DataFrame:
        """Return the verdicts of changed sites."""
        return _judge_again(loaded, changed, attributes, judge_subjects)

    remedies, _ = propose_remedies(projects, obstacles, judge, radius_m=radius_m)
    return {"remedies": remedies}


def _wanted(loaded: Loaded, tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, Target]]:
    """Return the projects and targets for which some rule of that rank is not out of question where they lie."""
    deciding = {rule.id: rule for rule in loaded.rules if not rule.manual and rule.geometry != "engine"}
    placed = [name for name, rule in deciding.items() if rule.geometry != "none" and rule.layer in loaded.layers]
    found, projects = tables["findings"], tables["subjects"][tables["subjects"]["kind"] == SubjectKind.PROJECT]
    found = found[found["subject_id"].isin(projects["subject_id"]) & found["rule_id"].isin(list(deciding))]
    applies, open_ = found["state"] == State.APPLIES, found["state"] == State.UNKNOWN
    found = found[applies | (open_ & found["rule_id"].isin(placed))]
    strict = found["effect"].isin([Effect.PROHIBIT, Effect.EXIT])
    wanted = {(str(subject), Target.PROHIBITED) for subject in found.loc[strict, "subject_id"]}
    wanted |= {(str(s), Target.JUSTIFY) for s in found.loc[found["effect"] == Effect.JUSTIFY, "subject_id"]}
    return sorted(wanted)


def _worth_trying(cases: Iterable[Obstacles]) -> list[Obstacles]:
    """Return the cases without those for a lesser target of a project that a prohibition holds wherever it lies."""
    found = list(cases)
    lost = {case.subject_id for case in found if case.target is Target.PROHIBITED and case.stuck}
    return [case for case in found if case.target is Target.PROHIBITED or case.subject_id not in lost]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gatherer:
    """Looks up what each project has to keep clear of."""

    facts: Facts
    position: Mapping[str, int]
    bounds: Any
    """Distance-plane bounds of each project, metres."""
    concerns: Mapping[Target, tuple[Concern, ...]]
    exclusion_zones: ExclusionZones

    @classmethod
    def of(cls, loaded: Loaded, facts: Facts, projects: GeoDataFrame) -> "_Gatherer":
        """Return the gatherer for `projects`, which `facts` describes in the same order."""
        local = geodesy.geometries_to_local(np.asarray(projects.geometry.array, dtype=object))
        return cls(
            facts=facts,
            position={str(subject): i for i, subject in enumerate(projects["subject_id"])},
            bounds=shapely.bounds(local),
            concerns={target: concerns_of(loaded.rules, facts, rank=target.rank) for target in Target},
            exclusion_zones=ExclusionZones(loaded.layers),
        )

    def obstacles(self, subject: str, target: Target, radius_m: float) -> Obstacles:
        """Return the zones around a project that it must keep clear of, and the rules no place can escape."""
        at, concerns = self.position[subject], self.concerns[target]
        stuck = sorted(c.rule.id for c in concerns if c.rule.geometry == "none" and c.certain[at])
        window = shapely.box(*self.bounds[at]).buffer(radius_m + _MARGIN_M, join_style="mitre")
        placed = [concern for concern in concerns if concern.rule.geometry != "none"]
        return Obstacles(
            subject_id=subject,
            target=target,
            zones=np.empty(0, dtype=object) if stuck else self.exclusion_zones.around(placed, at, window),
            stuck=tuple(stuck),
            immovable=_BUILT if self.facts.project_type[at] == ProjectType.EXISTING else "",
        )


def _judge_again(
    loaded: Loaded, changed: GeoDataFrame, attributes: pd.DataFrame, judge_subjects: JudgeSubjects
) -> pd.DataFrame:
    """Return table verdicts of changed projects (subject~target~kind), each with its own project's attributes."""
    origin = pd.DataFrame(
        {"changed": changed["subject_id"], "subject_id": changed["subject_id"].str.rsplit("~", n=2).str[0]}
    )
    carried = (
        attributes.merge(origin, on="subject_id").drop(columns="subject_id").rename(columns={"changed": "subject_id"})
    )
    subjects = Subjects(
        frame=changed[[*SUBJECT_COLUMNS, changed.geometry.name]],
        attributes=carried[["subject_id", "attribute", "value", "unit"]],
    )
    verdicts: pd.DataFrame = judge_subjects(loaded, subjects).tables["verdicts"]
    return verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """Locations found, and the same judged anew as projects of their own."""

    siting: Siting
    judged: Any
    """What `judge_subjects` returned for the locations; None when there is none."""


@in_its_place
def guide(loaded: Loaded, request: SitingRequest, area: BaseGeometry, judge_subjects: JudgeSubjects) -> Guide:
    """Return the best locations within `area` (EPSG:4490, see `search_area`) for what is requested, and judge them."""

    def judge(sites: GeoDataFrame) -> pd.DataFrame:
        """Return the verdicts of locations, with their distances."""
        return _with_distances(judge_subjects(loaded, _as_projects(sites, request)).tables)

    facts = Facts.of(_described(request), _declared(["request"], request))
    concerns = concerns_of(loaded.rules, facts, rank=Target.PROHIBITED.rank)
    stuck = sorted(c.rule.id for c in concerns if c.rule.geometry == "none" and c.certain[0])
    if stuck:
        note = f"规则 {'、'.join(stuck)} 与位置无关地禁止该项目，没有可推荐的位置"
        return Guide(siting=Siting.none(note), judged=None)
    window = shapely.box(*shapely.bounds(geodesy.geometries_to_local(np.array([area]))[0]))
    keep_off = ExclusionZones(loaded.layers).around([c for c in concerns if c.rule.geometry != "none"], 0, window)
    siting = guide_siting(area, request, judge, keep_off=keep_off)
    judged = judge_subjects(loaded, _as_projects(siting.sites, request)) if len(siting.sites) else None
    return Guide(siting=siting, judged=judged)


def search_area(loaded: Loaded, within: str = "") -> BaseGeometry:
    """Return the county of that name, or the whole coverage when `within` is empty, EPSG:4490.

    Raises
    ------
    UsageError : no county, or more than one, goes by that name.
    """
    if COUNTY_LAYER not in loaded.layers:
        raise UsageError(f"工作区没有县区图层 {COUNTY_LAYER}", remedy="请用边界文件给出搜索范围")
    layer = loaded.layers[COUNTY_LAYER]
    if not within:
        return shapely.union_all(np.asarray(loaded.layers[layer.spec.coverage].zones.geometry.array, dtype=object))
    names = layer.zones["zone_name"].astype(str)
    found = names[names == within] if (names == within).any() else names[names.str.startswith(within)]
    if found.nunique() != 1:
        raise UsageError(f"没有唯一的县区叫“{within}”；可用：{'、'.join(sorted(set(names)))}")
    return shapely.union_all(np.asarray(layer.zones.loc[found.index].geometry.array, dtype=object))


def _described(request: SitingRequest) -> pd.DataFrame:
    """Return one subject as far as it is known before it has a place."""
    area_m2 = request.size_ha * 1e4 if request.size_ha else geodesy.survey_area_m2(np.array([request.shape]))[0]
    return pd.DataFrame([{"subject_id": "request", **_project(request), "area_m2": area_m2, "length_m": 0.0}])


def _project(request: SitingRequest) -> dict[str, object]:
    return {
        "name": "选址", "kind": str(SubjectKind.PROJECT), "industry": request.industry,
        "project_type": request.project_type, "activity": request.activity, "accuracy_m": 0.0,
        "source_file": "选址引导", "source_row": "", "notes": "",
    }  # fmt: skip


def _declared(ids: Sequence[str], request: SitingRequest) -> pd.DataFrame:
    rows = [(subject, name, value, "") for subject in ids for name, value in sorted(request.attributes.items())]
    return pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"])


def _as_projects(sites: GeoDataFrame, request: SitingRequest) -> Subjects:
    """Return candidate sites as projects with what the request says of itself."""
    frame = sites.assign(**_project(request))
    return Subjects(
        frame=frame[[*SUBJECT_COLUMNS, frame.geometry.name]], attributes=_declared(list(sites["subject_id"]), request)
    )


def _with_distances(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return table verdicts with the distances to the nearest receptor and railway: 0 where hit, NaN where unknown."""
    verdicts, clear, overlaps = tables["verdicts"], tables["clear"], tables["overlaps"]
    found = {}
    for layer in (RECEPTOR_LAYER, RAILWAY_LAYER):
        rows = clear[clear["layer"] == layer]
        away = dict(zip(rows["subject_id"], rows["distance_m"], strict=True))
        hit = overlaps.loc[(overlaps["layer"] == layer) & (overlaps["relation"] != Relation.NEAR), "subject_id"]
        away |= dict.fromkeys(hit, 0.0)
        found[layer] = verdicts["subject_id"].map(away)
    return verdicts.assign(
        receptor_distance_m=found[RECEPTOR_LAYER].astype(float), railway_distance_m=found[RAILWAY_LAYER].astype(float)
    )
