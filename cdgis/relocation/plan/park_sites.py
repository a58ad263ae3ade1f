"""The ground in each park where a candidate could stand, and what the rules say of it there.

In each park the ground prohibited to an enterprise is cut away (the zones of every prohibition that may concern it, widened
where it asks for a distance); a plot of the size it needs on the largest connected rest is judged by the same engine as any
site, as a 迁建 project of that enterprise's industry and attributes. Where the rest is too small, a plot of that size
elsewhere in the park is judged, so that the park is listed with the clause that fails it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.units import m2_to_ha
from cdgis.core.vocabulary import LIST_SEPARATOR, ProjectType, State, SubjectKind
from cdgis.geometry import geodesy
from cdgis.judging.evaluation import without_false_proofs
from cdgis.judging.measurement import Measurement
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects
from cdgis.judging.verdicts import judge, reach_by_layer
from cdgis.readers.loading import Loaded
from cdgis.relocation.plan.profiles import ACTIVITY, Profiles
from cdgis.siting.clearance import ObstacleUnions
from cdgis.siting.exclusion_zones import Concern, ExclusionZones, concerns_of
from cdgis.siting.plots import OpenGround
from cdgis.workspace.layers import Subjects

PROHIBITING_RANK = 3
CLEAR_OF = (layer_ids.RECEPTORS,)
"""Layers of which anybody reads how far a park's plot is from them."""
_WINDOW_M = 100.0
_PAIRS_AT_ONCE = 6000
"""Bounds the memory of the rulings held at a time; the result does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Plots in parks, and what was found there."""

    sites: pd.DataFrame
    """Plot by plot as asked for: site (position of that measured), ground (position), park_id, lon, lat (degrees EPSG:4490,
    inside the plot), prohibited_ha, open_ha, block_ha."""
    of_pair: IntArray
    """Profiles x parks: which row of `sites`."""
    ground: tuple[OpenGround, ...]
    """Ground open in a park to those who must keep off the same zones."""
    tables: Mapping[str, pd.DataFrame]
    """subjects, overlaps and, of `CLEAR_OF`, clear of the sites (subject_id = SITE-n)."""
    verdicts: pd.DataFrame
    """profile, park (positions), verdict, failing_rule, failing_clause, manual_rules."""


def judge_places(loaded: Loaded, profiles: Profiles, parks: GeoDataFrame, *, least_width_m: float, jobs: int = 1) -> Places:
    """Return the judgement of every profile at every park (park_id + geometry, EPSG:4490).

    Parameters
    ----------
    least_width_m : strips of open ground narrower than this carry no plot.
    jobs : threads; the result does not depend on it.
    """
    concerns = concerns_of(profiles.rules, profiles.facts, rank=PROHIBITING_RANK)
    placed = [concern for concern in concerns if concern.rule.geometry != "none"]
    asked = [np.where(c.possible, np.nan_to_num(c.distance_m, nan=-1.0), -2.0) for c in placed]
    keys, of_key = _alike(asked, profiles.facts.size)
    grounds = _open_ground(loaded, parks, placed, keys, least_width_m)
    leaders, of_profile = _alike([*asked, profiles.size_m2], profiles.facts.size)
    count = len(parks)
    at = np.array([of_key[leader] * count + park for leader in leaders for park in range(count)], dtype=np.int64)
    ground = [grounds[i] for i in at]
    wanted = [(id(one), float(profiles.size_m2[leaders[i // count]])) for i, one in enumerate(ground)]
    number = {key: i for i, key in enumerate(dict.fromkeys(wanted))}  # one plot for all who ask for the same on the same ground
    site, by_id = np.array([number[key] for key in wanted], dtype=np.int64), {id(one): one for one in ground}
    sizes: dict[int, list[float]] = {}
    for one, size in number:
        sizes.setdefault(one, []).append(size)
    plots = {one: iter(by_id[one].plots_alone(asked)) for one, asked in sizes.items()}
    sites = GeoDataFrame(
        {"subject_id": [f"SITE-{i}" for i in range(len(number))]}, geometry=[next(plots[one]) for one, _ in number], crs="EPSG:4490"
    )
    measurement = _measure(loaded, sites, profiles, jobs)
    of_pair = of_profile[:, None] * count + np.arange(count)[None, :]
    verdicts = _judge_pairs(loaded, profiles, measurement, site[of_pair])
    described = describe_subjects(_subjects(sites), measurement)
    inside = described.set_index("subject_id").loc[sites["subject_id"].to_numpy()[site]]  # described by id as text, not as asked for
    table = pd.DataFrame(
        {
            "site": site, "ground": at, "park_id": list(parks["park_id"]) * len(leaders), "lon": inside["lon"].to_numpy(),
            "lat": inside["lat"].to_numpy(), "prohibited_ha": [m2_to_ha(one.prohibited_m2) for one in ground],
            "open_ha": [m2_to_ha(one.total_m2) for one in ground], "block_ha": [m2_to_ha(one.block_m2) for one in ground],
        }
    )  # fmt: skip
    tables = {"subjects": described, "overlaps": measurement.overlaps, "clear": measurement.clear}
    return Places(sites=table, of_pair=of_pair, ground=tuple(grounds), tables=tables, verdicts=verdicts)


def _alike(asked: Sequence[FloatArray], count: int) -> tuple[list[int], IntArray]:
    """Return one profile of each group with the same answers, and the group of every profile."""
    if not asked:
        return [0][:count], np.zeros(count, dtype=np.int64)
    _, first, group = np.unique(np.column_stack(asked), axis=0, return_index=True, return_inverse=True)
    return [int(i) for i in first], group.ravel().astype(np.int64)


def _open_ground(
    loaded: Loaded, parks: GeoDataFrame, placed: list[Concern], keys: list[int], least_width_m: float
) -> list[OpenGround]:
    """Return what is open to each key in each park, key by key; asked park by park, where keys have much in common."""
    exclusion_zones = ExclusionZones(loaded.layers)
    shapes = np.asarray(parks.geometry.array, dtype=object)
    windows = [shapely.box(*shapely.bounds(local)).buffer(_WINDOW_M) for local in geodesy.geometries_to_local(shapes)]
    wanted = [exclusion_zones.wanted(placed, key) for key in keys]
    in_parks: list[list[OpenGround]] = []
    for park, window in zip(shapes, windows, strict=True):
        known: dict[bytes, OpenGround] = {}  # keys that differ in rules often have the same zones in a park
        obstacles = ObstacleUnions()
        around = [exclusion_zones.near(one, window) for one in wanted]
        same = [b"".join(shapely.to_wkb(zones)) for zones in around]
        for at, zones in zip(same, around, strict=True):
            known[at] = known.get(at) or OpenGround.of(park, zones, least_width_m=least_width_m, obstacles=obstacles)
        in_parks.append([known[at] for at in same])
    return [ground[at] for at in range(len(keys)) for ground in in_parks]


def _subjects(sites: GeoDataFrame) -> Subjects:
    frame = sites[["subject_id", "geometry"]].assign(
        name="", kind=str(SubjectKind.PROJECT), industry="", project_type=str(ProjectType.RELOCATE), activity=ACTIVITY,
        accuracy_m=0.0, source_file="承接园区初筛", source_row="", notes="",
    )  # fmt: skip
    return Subjects(frame=frame, attributes=Subjects.none().attributes)


def _measure(loaded: Loaded, sites: GeoDataFrame, profiles: Profiles, jobs: int) -> Measurement:
    """Return the overlaps of the sites; zones are listed as far as any of the enterprises must keep off."""
    widest = reach_by_layer(profiles.rules, profiles.facts)
    reach = {layer: np.full(len(sites), off.max(initial=0.0)) for layer, off in widest.items()}
    found = measure_overlaps(_subjects(sites), loaded.layers, reach_m=reach, clear_of=CLEAR_OF, jobs=jobs)
    return without_false_proofs(found, loaded.layers)


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
        accuracy_m=None, tolerance_m=loaded.settings.tolerance_m, as_of=loaded.as_of,
    )  # fmt: skip
    told = told_of(judgement.findings, judgement.verdicts, ids)
    return told.assign(profile=profile, park=park)


def told_of(findings: pd.DataFrame, verdicts: pd.DataFrame, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return verdict, failing_rule, failing_clause and manual_rules of subjects, in the order of `ids`."""
    strict = findings[findings["effect"].isin(["禁止", "退出"])]
    failing = strict[strict["state"].isin([State.APPLIES, State.UNKNOWN])]
    asked = strict[strict["state"] == State.MANUAL]
    clause = failing.drop_duplicates("subject_id").set_index("subject_id")["clause"]
    return pd.DataFrame(
        {
            "verdict": verdicts.set_index("subject_id")["verdict"].reindex(ids).to_numpy(dtype=object),
            "failing_rule": _rules_of(failing, ids), "failing_clause": clause.reindex(ids).fillna("").to_numpy(dtype=object),
            "manual_rules": _rules_of(asked, ids),
        }
    )  # fmt: skip


def _rules_of(findings: pd.DataFrame, ids: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    joined = findings.groupby("subject_id", sort=True)["rule_id"].agg(lambda s: LIST_SEPARATOR.join(sorted(set(s))))
    return np.asarray(joined.reindex(ids).fillna("").to_numpy(dtype=object))
