"""The spot in each park where a candidate would stand, and what the rules say of it there.

In each park the ground prohibited to an enterprise is cut away (the zones of every prohibition that may concern it, widened
where it asks for a distance); a point well inside the rest is judged by the same engine as any site, as a 迁建 project of
that enterprise's industry and attributes. Where nothing is left, a point inside the park is judged, so that the park is
listed with the clause that fails it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import IntArray
from cdgis.core.units import m2_to_ha
from cdgis.core.vocabulary import LIST_SEPARATOR, ProjectType, State, SubjectKind
from cdgis.geometry import geodesy
from cdgis.judging.measurement import Measurement
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects
from cdgis.judging.verdicts import judge, reach_by_layer, scopes_of
from cdgis.readers.loading import Loaded
from cdgis.relocation.plan.profiles import ACTIVITY, Profiles
from cdgis.siting.exclusion_zones import Concern, ExclusionZones, concerns_of
from cdgis.workspace.layers import Subjects

PROHIBITING_RANK = 3
_INSET_M = 25.0
"""How far inside the open ground a point is looked for, so that its verdict does not hang on an outline."""
_WINDOW_M = 100.0
_PAIRS_AT_ONCE = 6000
"""Bounds the memory of the rulings held at a time; the result does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Points in parks, and what was found there."""

    sites: pd.DataFrame
    """site (position), park_id, lon, lat, prohibited_ha; degrees EPSG:4490."""
    of_pair: IntArray
    """Profiles x parks: which site."""
    tables: Mapping[str, pd.DataFrame]
    """subjects, overlaps and clear of the sites (subject_id = SITE-n)."""
    verdicts: pd.DataFrame
    """profile, park (positions), verdict, failing_rule, failing_clause, manual_rules."""


def judge_places(loaded: Loaded, profiles: Profiles, parks: GeoDataFrame) -> Places:
    """Return the judgement of every profile at every park (park_id + geometry, EPSG:4490)."""
    concerns = concerns_of(profiles.rules, profiles.facts, rank=PROHIBITING_RANK)
    placed = [concern for concern in concerns if concern.rule.geometry != "none"]
    keys, of_profile = _alike(placed, profiles.facts.size)
    ground = _open_ground(loaded, parks, placed, keys)
    sites = GeoDataFrame(
        {"subject_id": [f"SITE-{i}" for i in range(len(ground))], "park_id": list(parks["park_id"]) * len(keys)},
        geometry=[_inner_point(shape, park) for shape, park, _ in ground], crs="EPSG:4490",
    )  # fmt: skip
    measurement = _measure(loaded, sites, profiles)
    of_pair = of_profile[:, None] * len(parks) + np.arange(len(parks))[None, :]
    verdicts = _judge_pairs(loaded, profiles, measurement, of_pair)
    points = np.asarray(sites.geometry.array, dtype=object)
    table = pd.DataFrame(
        {
            "site": range(len(sites)), "park_id": sites["park_id"], "lon": shapely.get_x(points),
            "lat": shapely.get_y(points), "prohibited_ha": [area for _, _, area in ground],
        }
    )  # fmt: skip
    described = describe_subjects(_subjects(sites), measurement)
    tables = {"subjects": described, "overlaps": measurement.overlaps, "clear": measurement.clear}
    return Places(sites=table, of_pair=of_pair, tables=tables, verdicts=verdicts)


def _alike(placed: list[Concern], count: int) -> tuple[list[int], IntArray]:
    """Return one profile of each group with the same ground to keep off, and the group of every profile."""
    if not placed:
        return [0][:count], np.zeros(count, dtype=np.int64)
    asked = [np.where(c.possible, np.nan_to_num(c.distance_m, nan=-1.0), -2.0) for c in placed]
    _, first, group = np.unique(np.column_stack(asked), axis=0, return_index=True, return_inverse=True)
    return [int(i) for i in first], group.ravel().astype(np.int64)


def _open_ground(
    loaded: Loaded, parks: GeoDataFrame, placed: list[Concern], keys: list[int]
) -> list[tuple[BaseGeometry, BaseGeometry, float]]:
    """Return (open part, park, prohibited area in hectares) for each key and park."""
    exclusion_zones = ExclusionZones(loaded.layers)
    shapes = np.asarray(parks.geometry.array, dtype=object)
    windows = [shapely.box(*shapely.bounds(local)).buffer(_WINDOW_M) for local in geodesy.geometries_to_local(shapes)]
    found = []
    for key in keys:
        for park, window in zip(shapes, windows, strict=True):
            shut = exclusion_zones.around(placed, key, window)
            rest = shapely.difference(park, shapely.union_all(shut)) if len(shut) else park
            areas = geodesy.survey_area_m2(np.array([park, _areal(rest)], dtype=object))
            found.append((_areal(rest), park, max(float(m2_to_ha(areas[0] - areas[1])), 0.0)))
    return found


def _areal(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    areal: BaseGeometry = shapely.multipolygons([part for part in parts if shapely.get_dimensions(part) == 2])
    return areal


def _inner_point(shape: BaseGeometry, park: BaseGeometry) -> BaseGeometry:
    """Return a point well inside `shape`, or inside the park when nothing of it is open."""
    local = geodesy.geometries_to_local(np.array([park if shapely.is_empty(shape) else shape], dtype=object))[0]
    inset = shapely.buffer(local, -_INSET_M)
    parts = shapely.get_parts(local if shapely.is_empty(inset) else inset)
    largest = max(parts, key=shapely.area)
    point = geodesy.geometries_from_local(np.array([shapely.point_on_surface(largest)], dtype=object))[0]
    rounded: BaseGeometry = shapely.points(round(point.x, 7), round(point.y, 7))
    return rounded


def _subjects(sites: GeoDataFrame) -> Subjects:
    frame = sites[["subject_id", "geometry"]].assign(
        name="", kind=str(SubjectKind.PROJECT), industry="", project_type=str(ProjectType.RELOCATE), activity=ACTIVITY,
        accuracy_m=0.0, source_file="承接园区初筛", source_row="", notes="",
    )  # fmt: skip
    return Subjects(frame=frame, attributes=Subjects.none().attributes)


def _measure(loaded: Loaded, sites: GeoDataFrame, profiles: Profiles) -> Measurement:
    """Return the overlaps of the sites; zones are listed as far as any of the enterprises must keep off."""
    widest = reach_by_layer(profiles.rules, profiles.facts)
    reach = {layer: np.full(len(sites), off.max(initial=0.0)) for layer, off in widest.items()}
    return measure_overlaps(_subjects(sites), loaded.layers, scopes=scopes_of(profiles.rules), reach_m=reach)


def _judge_pairs(loaded: Loaded, profiles: Profiles, measurement: Measurement, of_pair: IntArray) -> pd.DataFrame:
    """Return verdict and failing rules of every profile at every park, some thousand pairs at a time."""
    profile, park = (part.ravel() for part in np.indices(of_pair.shape))
    blocks = np.array_split(np.arange(len(profile)), max(1, -(-len(profile) // _PAIRS_AT_ONCE)))
    found = [
        _judge_block(loaded, profiles, (profile[block], park[block]), measurement, of_pair.ravel()[block])
        for block in blocks
    ]  # fmt: skip
    return pd.concat(found, ignore_index=True)


def _judge_block(
    loaded: Loaded, profiles: Profiles, pair: tuple[IntArray, IntArray], measurement: Measurement, sites: IntArray
) -> pd.DataFrame:
    profile, park = pair
    ids = np.array([f"{i}@{j}" for i, j in zip(profile, park, strict=True)], dtype=object)
    judgement = judge(
        profiles.facts.at(profile), measurement.at(sites, ids), profiles.rules, layers=loaded.layers,
        accuracy_m=np.zeros(len(ids)), tolerance_m=loaded.settings.tolerance_m, as_of=loaded.as_of,
    )  # fmt: skip
    verdicts = judgement.verdicts.set_index("subject_id")["verdict"]
    findings = judgement.findings
    strict = findings[findings["effect"].isin(["禁止", "退出"])]
    failing = strict[strict["state"].isin([State.APPLIES, State.UNKNOWN])]
    asked = strict[strict["state"] == State.MANUAL]
    clause = failing.drop_duplicates("subject_id").set_index("subject_id")["clause"]
    return pd.DataFrame(
        {
            "profile": profile, "park": park, "verdict": verdicts.reindex(ids).to_numpy(dtype=object),
            "failing_rule": _rules_of(failing, ids), "failing_clause": clause.reindex(ids).fillna("").to_numpy(dtype=object),
            "manual_rules": _rules_of(asked, ids),
        }
    )  # fmt: skip


def _rules_of(findings: pd.DataFrame, ids: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    joined = findings.groupby("subject_id", sort=True)["rule_id"].agg(lambda s: LIST_SEPARATOR.join(sorted(set(s))))
    return np.asarray(joined.reindex(ids).fillna("").to_numpy(dtype=object))
