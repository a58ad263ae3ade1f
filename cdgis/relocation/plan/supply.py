"""What each park has, what its occupants take, and what is left.

Spare land is what the park says is left; water and energy limits are of the whole park, so the use of the enterprises
already in it is deducted (all of them, also those who may leave: nothing is promised twice). Tenants who stated no use
are counted, not taken for nothing.
"""

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.vocabulary import Relation, SubjectKind
from cdgis.geometry.kernels import pair_distance_m
from cdgis.judging.evaluation import Judged
from cdgis.judging.extents import both_planes
from cdgis.readers.loading import Loaded
from cdgis.relocation.plan.candidate_list import PARK_LAYER
from cdgis.relocation.plan.what_if import WhatIf

RAILWAY_LAYER = layer_ids.RAILWAYS
CAPS = {"water": ("water_cap_10k_m3_per_yr", "water_m3_per_yr", 1e-4), "energy": ("energy_cap_tce_per_yr", "energy_tce_per_yr", 1.0)}
"""Resource -> field of the park layer, attribute of the enterprise, factor from the attribute's to the field's unit."""
_HITS = (str(Relation.INSIDE), str(Relation.CROSSES))


def park_names(loaded: Loaded) -> dict[str, str]:
    """Return id -> name of the parks; empty without the layer."""
    if PARK_LAYER not in loaded.layers:
        return {}
    zones = loaded.layers[PARK_LAYER].zones
    return dict(zip(zones["zone_id"].astype(str), zones["zone_name"].astype(str), strict=True))


def survey_parks(loaded: Loaded, judged: Judged, what_if: WhatIf) -> GeoDataFrame:
    """Return one row per park, by id: park_id, park_name, industries, spare_ha, closed, rail_distance_m and, for water
    and energy, X_cap, X_occupants, X_unknown, X_left (inf where no limit is given); EPSG:4490.
    """
    zones = loaded.layers[PARK_LAYER].zones.sort_values("zone_id", kind="stable", ignore_index=True)
    parks = GeoDataFrame(
        {"park_id": zones["zone_id"].astype(str), "park_name": zones["zone_name"].astype(str)},
        geometry=np.asarray(zones.geometry.array, dtype=object), crs=zones.crs,
    )  # fmt: skip
    parks["industries"] = zones["industries"].astype(str) if "industries" in zones else ""
    spare = pd.to_numeric(zones["spare_ha"], errors="coerce") if "spare_ha" in zones else pd.Series(np.nan, zones.index)
    changed = parks["park_id"].map(what_if.spare_ha).astype(float)
    parks["spare_ha"] = changed.where(changed.notna(), spare.astype(float))
    parks["closed"] = parks["park_id"].isin(what_if.closed)
    parks["rail_distance_m"] = _rail_distance(loaded, parks)
    occupants = _occupants(judged)
    for resource, (field, attribute, factor) in CAPS.items():
        cap = pd.to_numeric(zones[field], errors="coerce") if field in zones else pd.Series(np.nan, zones.index)
        used, unknown = _use_of(occupants, judged.tables["attributes"], attribute, parks["park_id"])
        parks[f"{resource}_cap"] = cap.astype(float)
        parks[f"{resource}_occupants"], parks[f"{resource}_unknown"] = used * factor, unknown
        parks[f"{resource}_left"] = (cap.astype(float) - used * factor).clip(lower=0).fillna(np.inf)
    return parks


def _rail_distance(loaded: Loaded, parks: GeoDataFrame) -> np.ndarray:
    """Return geodesic metres from each park to the nearest railway, 0 where one runs through it; NaN without the layer."""
    if RAILWAY_LAYER not in loaded.layers or not len(loaded.layers[RAILWAY_LAYER].zones):
        return np.full(len(parks), np.nan)
    lines = np.asarray(loaded.layers[RAILWAY_LAYER].zones.geometry.array, dtype=object)
    rails = shapely.union_all(both_planes(lines)[1])
    shapes = both_planes(np.asarray(parks.geometry.array, dtype=object))[1]
    return pair_distance_m(shapes, np.full(len(shapes), rails, dtype=object))


def _occupants(judged: Judged) -> pd.DataFrame:
    """Return subject_id, zone_id of the enterprises that stand in a park."""
    overlaps, subjects = judged.tables["overlaps"], judged.tables["subjects"]
    enterprises = subjects.loc[subjects["kind"] == SubjectKind.ENTERPRISE, "subject_id"]
    inside = (overlaps["layer"] == PARK_LAYER) & overlaps["relation"].isin(_HITS)
    rows = overlaps.loc[inside & overlaps["subject_id"].isin(enterprises), ["subject_id", "zone_id"]]
    return rows.drop_duplicates()


def _use_of(
    occupants: pd.DataFrame, attributes: pd.DataFrame, name: str, parks: "pd.Series[str]"
) -> tuple["pd.Series[float]", "pd.Series[int]"]:
    """Return what the occupants of each park use together, and how many of them did not say."""
    stated = attributes[attributes["attribute"] == name].set_index("subject_id")["value"]
    use = pd.to_numeric(occupants["subject_id"].map(stated), errors="coerce").astype(float)
    total = use.groupby(occupants["zone_id"]).sum()
    unknown = use.isna().groupby(occupants["zone_id"]).sum()
    return parks.map(total).fillna(0.0).astype(float), parks.map(unknown).fillna(0).astype(int)
