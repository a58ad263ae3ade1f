"""How do the judged enterprises become a relocation list and a first screening of parks? (pipeline stage)"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.frames import SUBJECT_COLUMNS, Subjects
from cdgis.loading import Loaded
from cdgis.model import LIST_SEPARATOR, ProjectType, SubjectKind
from cdgis.policy import RelocationPolicy
from cdgis.relocation import EXCLUDED, RelocationInputs, propose_relocations
from cdgis.siting import screen_destinations

PARK_LAYER = "parks"
MOVING = "异地迁建"
ACTIVITY = "开发性生产性建设"

JudgeSubjects = Callable[[Loaded, Subjects], Any]


def list_relocations(
    loaded: Loaded, tables: Mapping[str, pd.DataFrame], spared: pd.DataFrame, policy: RelocationPolicy
) -> pd.DataFrame:
    """Return table relocation; `spared` holds the findings of the same rules without their exemptions."""
    inputs = RelocationInputs(
        subjects=tables["subjects"],
        findings=tables["findings"],
        overlaps=tables["overlaps"],
        verdicts=tables["verdicts"],
        attributes=tables["attributes"],
        findings_without_exemptions=spared,
        zone_dates=_zone_dates(loaded),
        recognised_parks=_recognised(loaded),
    )
    return propose_relocations(inputs, rules=loaded.rules, policy=policy, as_of=loaded.as_of)


def list_destinations(
    loaded: Loaded, relocation: pd.DataFrame, tables: Mapping[str, pd.DataFrame], judge_subjects: JudgeSubjects
) -> pd.DataFrame:
    """Return table destinations.

    Each enterprise that has to move is judged anew at a point inside each park, as a 迁建 project of its own
    industry and attributes, by the same engine and rules as any site.
    """
    moving = relocation[(relocation["disposition"] == MOVING) & (relocation["status"] != EXCLUDED)]
    subjects = tables["subjects"].rename(columns={"subject_id": "enterprise_id"})
    movers = subjects[subjects["enterprise_id"].isin(moving["enterprise_id"])].reset_index(drop=True)
    parks = _parks(loaded)
    return screen_destinations(
        movers, parks, lambda pairs: _judge_pairs(loaded, pairs, (movers, parks), tables["attributes"], judge_subjects)
    )


def _zone_dates(loaded: Loaded) -> dict[str, date]:
    """Return the day each layer's plan was published, where the catalogue says so."""
    published = {name: layer.spec.plan.published_on for name, layer in loaded.layers.items()}
    return {name: date.fromisoformat(day) for name, day in published.items() if day}


def _recognised(loaded: Loaded) -> frozenset[str] | None:
    if PARK_LAYER not in loaded.layers or "recognised" not in loaded.layers[PARK_LAYER].zones:
        return None
    zones = loaded.layers[PARK_LAYER].zones
    return frozenset(zones.loc[zones["recognised"].astype(str) == "是", "zone_id"])


def _parks(loaded: Loaded) -> pd.DataFrame:
    if PARK_LAYER not in loaded.layers:
        return pd.DataFrame(columns=["park_id", "park_name", "lon", "lat"])
    zones = loaded.layers[PARK_LAYER].zones.sort_values("zone_id", kind="stable")
    inside = shapely.point_on_surface(np.asarray(zones.geometry.array, dtype=object))
    centre = {"lon": shapely.get_x(inside), "lat": shapely.get_y(inside)}
    return pd.DataFrame({"park_id": zones["zone_id"].to_numpy(), "park_name": zones["zone_name"].to_numpy(), **centre})


def _judge_pairs(
    loaded: Loaded,
    pairs: pd.DataFrame,
    known: tuple[pd.DataFrame, pd.DataFrame],
    attributes: pd.DataFrame,
    judge_subjects: JudgeSubjects,
) -> pd.DataFrame:
    movers, parks = known
    sites = pairs.merge(movers[["enterprise_id", "name", "industry"]], on="enterprise_id")
    sites = sites.merge(parks[["park_id", "lon", "lat"]], on="park_id")
    sites["subject_id"] = sites["enterprise_id"] + "@" + sites["park_id"]
    frame = sites.assign(
        kind=str(SubjectKind.PROJECT), project_type=str(ProjectType.RELOCATE), activity=ACTIVITY,
        accuracy_m=0.0, source_file="承接园区初筛", source_row="", notes="",
    )  # fmt: skip
    geometry = shapely.points(sites["lon"].to_numpy(dtype=float), sites["lat"].to_numpy(dtype=float))
    carried = attributes.rename(columns={"subject_id": "enterprise_id"}).merge(
        sites[["enterprise_id", "subject_id"]], on="enterprise_id"
    )
    subjects = Subjects(
        frame=GeoDataFrame(frame[list(SUBJECT_COLUMNS)], geometry=geometry, crs="EPSG:4490"),
        attributes=carried[["subject_id", "attribute", "value", "unit"]],
    )
    judged = judge_subjects(loaded, subjects).tables
    verdicts = judged["verdicts"].set_index("subject_id")
    failing = _failing_rules(judged["findings"])
    answer = sites[["enterprise_id", "park_id", "subject_id"]].copy()
    answer["verdict"] = answer["subject_id"].map(verdicts["verdict"])
    answer["failing_rule"] = answer["subject_id"].map(failing).fillna("")
    return answer


def _failing_rules(findings: pd.DataFrame) -> dict[str, str]:
    """Return subject_id -> ids of the rules that forbid it or would, if what is missing turned out against it."""
    blocking = findings[findings["effect"].isin(["禁止", "退出"]) & findings["state"].isin(["applies", "unknown"])]
    joined = blocking.groupby("subject_id", sort=True)["rule_id"].agg(LIST_SEPARATOR.join)
    return {str(subject): str(rules) for subject, rules in joined.items()}
