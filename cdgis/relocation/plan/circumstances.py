"""Circumstances of each candidate: who lives around it, distance to water and red line, emissions.

People and places within the stated radius are counted once each, however many zones or parts they have.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation
from cdgis.geometry import geodesy
from cdgis.geometry.kernels import pair_distance_m
from cdgis.judging.evaluation import Judged
from cdgis.readers.loading import Loaded
from cdgis.relocation.policy import PriorityPolicy

RECEPTOR_LAYER, AIR_LAYER = layer_ids.RECEPTORS, layer_ids.AIR_ZONES
_AWAY = {"water_source_distance_m": layer_ids.WATER_SOURCE_ZONES, "red_line_distance_m": layer_ids.ECOLOGICAL_REDLINE}
_CLASSES = {"settlements": "居民区", "schools": "学校", "hospitals": "医院"}
_HITS = (str(Relation.INSIDE), str(Relation.CROSSES))
AMOUNTS = ("so2_t_per_yr", "nox_t_per_yr", "pm_t_per_yr", "cod_t_per_yr", "co2_t_per_yr")
FACT_COLUMNS = (*_CLASSES, "people_near", *_AWAY)


def measure_circumstances(
    loaded: Loaded, judged: Judged, kinds: "pd.Series[str]", policy: PriorityPolicy
) -> pd.DataFrame:
    """Return one row per enterprise: every measure a criterion of `policy` asks for; NaN where not known.

    Parameters
    ----------
    kinds : indexed by enterprise id: the kinds of reasons left, separated by ';'.
    """
    ids = pd.Index(kinds.index, name="enterprise_id")
    found = pd.DataFrame(index=ids)
    found["reason_strength"] = [_strongest(cell, policy.reason_strength) for cell in kinds]
    found = found.join(_around(loaded, judged, ids, policy.receptor_radius_m))
    for column, layer in _AWAY.items():
        found[column] = distance_to(judged.tables, layer, ids)
    found["air_sensitivity"] = class_value(judged.tables["overlaps"], AIR_LAYER, ids, policy.air_sensitivity)
    for name in AMOUNTS:
        found[name] = declared_numbers(judged.tables["attributes"], name, ids)
    # min_count: an emission nobody stated is not zero, so the sum is not known either
    air = found[["so2_t_per_yr", "nox_t_per_yr", "pm_t_per_yr"]]
    found["air_t_per_yr"] = air.sum(axis=1, min_count=3)
    output = declared_numbers(judged.tables["attributes"], "output_wan_yuan_per_yr", ids)
    found["co2_t_per_wan_yuan"] = found["co2_t_per_yr"] / output.where(output > 0)
    return found


def _strongest(kinds: str, strength: Mapping[str, float]) -> float:
    return max((strength.get(kind, 0.0) for kind in kinds.split(LIST_SEPARATOR) if kind), default=float("nan"))


def declared_numbers(attributes: pd.DataFrame, name: str, ids: pd.Index) -> "pd.Series[float]":
    """Return an attribute as numbers by enterprise, NaN where not declared."""
    rows = attributes[attributes["attribute"] == name].set_index("subject_id")["value"]
    return pd.to_numeric(rows.reindex(ids), errors="coerce").astype(float)


def distance_to(tables: Mapping[str, pd.DataFrame], layer: str, ids: pd.Index) -> "pd.Series[float]":
    """Return metres to the nearest zone of `layer`, 0 inside one, NaN where not measured."""
    clear, overlaps = tables["clear"], tables["overlaps"]
    away = clear[clear["layer"] == layer].set_index("subject_id")["distance_m"].reindex(ids).astype(float)
    hit = overlaps[(overlaps["layer"] == layer) & overlaps["relation"].isin(_HITS)]["subject_id"]
    return away.mask(pd.Series(ids.isin(hit), index=ids), 0.0)


def class_value(
    overlaps: pd.DataFrame, layer: str, ids: pd.Index, values: Mapping[str, float], *, largest: bool = True
) -> "pd.Series[float]":
    """Return the largest (or smallest) value of the classes of `layer` that each subject lies in, NaN if in none."""
    rows = overlaps[(overlaps["layer"] == layer) & overlaps["relation"].isin(_HITS)]
    worth = rows["zone_class"].map(values).astype(float)
    grouped = worth.groupby(rows["subject_id"])
    return (grouped.max() if largest else grouped.min()).reindex(ids).astype(float)


def _around(loaded: Loaded, judged: Judged, ids: pd.Index, radius_m: float) -> pd.DataFrame:
    """Return how many places of each class, and how many people, lie within the radius."""
    columns = [*_CLASSES, "schools_hospitals", "people_near"]
    if RECEPTOR_LAYER not in loaded.layers or not len(ids):
        return pd.DataFrame(np.nan, index=ids, columns=columns)
    zones = loaded.layers[RECEPTOR_LAYER].zones
    shapes = judged.subjects.frame.set_index("subject_id").geometry.reindex(ids)
    at, place = near_receptors(loaded, np.asarray(shapes.array, dtype=object), radius_m)
    found = pd.DataFrame(0.0, index=ids, columns=columns)
    classes = zones["zone_class"].to_numpy(dtype=object)[place]
    for column, name in _CLASSES.items():
        found[column] = np.bincount(at[classes == name], minlength=len(ids)).astype(float)
    found["schools_hospitals"] = found["schools"] + found["hospitals"]
    found["people_near"] = np.bincount(at, weights=people_at(loaded)[place], minlength=len(ids))
    return found


def people_at(loaded: Loaded) -> npt.NDArray[np.float64]:
    """Return the number of people at each receptor; NaN where the layer does not say."""
    zones = loaded.layers[RECEPTOR_LAYER].zones
    if "people" not in zones:
        return np.full(len(zones), np.nan)
    return np.asarray(pd.to_numeric(zones["people"], errors="coerce"), dtype=float)


def near_receptors(
    loaded: Loaded, shapes: npt.NDArray[np.object_], radius_m: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs (shape, receptor) not farther apart than `radius_m`; a receptor listed twice counts once."""
    zones = loaded.layers[RECEPTOR_LAYER].zones
    local, around = geodesy.geometries_to_local(np.asarray(zones.geometry.array, dtype=object)), geodesy.geometries_to_local(shapes)
    # the plane's distances are off by up to 3.2e-4: it finds, the geodesic decides
    at, place = shapely.STRtree(local).query(around, predicate="dwithin", distance=radius_m * (1 + 4e-4))
    near = pair_distance_m(around[at], local[place]) <= radius_m
    at, place = at[near], place[near]
    first = zones.reset_index(drop=True).groupby("zone_id", sort=False).ngroup().to_numpy()
    leader = pd.Series(np.arange(len(zones))).groupby(first).transform("min").to_numpy()
    pairs = np.unique(np.column_stack([at, leader[place]]), axis=0).astype(np.int64)
    return pairs[:, 0], pairs[:, 1]
