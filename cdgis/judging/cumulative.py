"""Cumulative demand of all subjects on each zone as a share of its cap (table `cumulative`).

    declared_z = sum over subjects s that hit z of q_s,   share_z = declared_z / cap_z.

For land q_s is the area of s inside z; for everything else it is what s declares, counted whole in every zone
s hits, because nobody knows in which of them it will be drawn or discharged (the stricter reading). What is not
declared is counted as missing, never as zero: a sum nobody contributes to is NaN.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import tomli as tomllib

from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation
from cdgis.results.tables.validation import empty, validate
from cdgis.workspace.layers import Layer, Layers

UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_HITS = (str(Relation.INSIDE), str(Relation.CROSSES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that zones have caps for."""

    field: str
    """Name of the cap among a layer's declared extras."""
    title: str
    unit: str
    factor: float
    """Multiplies the subject's quantity to give `unit`."""
    attribute: str = ""
    """Attribute that declares the quantity; empty means the overlap's area in m2."""
    only_if: str = ""
    """Flag attribute that must be true for a subject to count."""
    units: bool = False
    """Whether management units without this cap are listed too."""


@cache
def load_resources() -> tuple[Resource, ...]:
    """Return the resources of cdgis/data/resources.toml, in file order."""
    raw = tomllib.loads(files("cdgis").joinpath("data/resources.toml").read_text(encoding="utf-8"))
    return tuple(Resource(field=name, **row) for name, row in raw.items())


def sum_up_caps(
    overlaps: pd.DataFrame, subjects: pd.DataFrame, attributes: pd.DataFrame, layers: Layers
) -> pd.DataFrame:
    """Return table `cumulative`: one row per zone and resource that some subject of the run touches.

    Parameters
    ----------
    overlaps, subjects, attributes : the tables of the run; only real overlaps count, neither near nor sliver.
    layers : the layers measured; a layer has caps when its catalogue entry maps a field of `load_resources`.
    """
    hits = overlaps[overlaps["relation"].isin(_HITS)]
    declared = _declared(attributes)
    areal = set(subjects.loc[subjects["area_m2"] > 0, "subject_id"])
    parts = [
        _one(hits[hits["layer"] == layer.spec.id], layer, resource, declared, areal)
        for layer, resource in _capped(layers)
    ]
    filled = [part for part in parts if len(part)]
    return validate("cumulative", pd.concat(filled, ignore_index=True)) if filled else empty("cumulative")


def _capped(layers: Layers) -> Iterator[tuple[Layer, Resource]]:
    for layer in layers.values():
        for resource in load_resources():
            if resource.field in layer.zones.columns or (resource.units and layer.spec.id == UNIT_LAYER):
                yield layer, resource


def _declared(attributes: pd.DataFrame) -> dict[str, Mapping[str, str]]:
    """Return attribute -> {subject: value}."""
    return {
        str(name): dict(zip(rows["subject_id"], rows["value"], strict=True))
        for name, rows in attributes.groupby("attribute", sort=True)
    }


def _one(
    hits: pd.DataFrame,
    layer: Layer,
    resource: Resource,
    declared: Mapping[str, Mapping[str, str]],
    areal: set[str],
) -> pd.DataFrame:
    """Return the rows of one layer and one resource."""
    if hits.empty:
        return pd.DataFrame()
    rows = hits[["subject_id", "zone_id", "zone_name"]].assign(quantity=_quantity(hits, resource, declared, areal))
    if resource.only_if:
        answer = rows["subject_id"].map(declared.get(resource.only_if, {}))
        rows = rows[answer != "false"].assign(quantity=lambda r: r["quantity"].where(answer == "true"))
    if rows.empty:
        return pd.DataFrame()
    counted, unknown = rows[rows["quantity"].notna()], rows[rows["quantity"].isna()]
    names = dict(zip(rows["zone_id"].tolist()[::-1], rows["zone_name"].tolist()[::-1], strict=True))  # the first row's
    zones = sorted(names)
    sums, caps = counted.groupby("zone_id")["quantity"].sum(), _caps(layer, resource.field)
    cap = np.array([caps.get(zone, np.nan) for zone in zones], dtype=float)
    total = sums.reindex(zones).to_numpy(dtype=float)
    told, missing = _subjects_by_zone(counted), _subjects_by_zone(unknown)
    return pd.DataFrame({
        "zone_id": zones,
        "zone_name": [names[zone] for zone in zones],
        "zone_layer": layer.spec.id,
        "resource": resource.title,
        "unit": resource.unit,
        "cap": cap,
        "declared": total,
        "subject_ids": [LIST_SEPARATOR.join(told.get(zone, ())) for zone in zones],
        "missing_ids": [LIST_SEPARATOR.join(missing.get(zone, ())) for zone in zones],
        "missing_count": [len(missing.get(zone, ())) for zone in zones],
        "share": total / np.where(cap > 0, cap, np.nan),
    })  # fmt: skip


def _quantity(
    hits: pd.DataFrame, resource: Resource, declared: Mapping[str, Mapping[str, str]], areal: set[str]
) -> "pd.Series[float]":
    """Return what each hit asks for in the resource's unit, NaN where nobody said."""
    if not resource.attribute:
        # A point has no area on the map; how much land it takes is not known, which is not none.
        return hits["area_m2"].where(hits["subject_id"].isin(areal)) * resource.factor
    values = hits["subject_id"].map(declared.get(resource.attribute, {}))
    return pd.to_numeric(values, errors="coerce") * resource.factor


def _caps(layer: Layer, field: str) -> dict[str, float]:
    if field not in layer.zones.columns:
        return {}
    numbers = pd.to_numeric(layer.zones[field], errors="coerce")
    return dict(zip(layer.zones["zone_id"], numbers, strict=True))


def _subjects_by_zone(rows: pd.DataFrame) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for zone, subject in zip(rows["zone_id"].tolist(), rows["subject_id"].tolist(), strict=True):
        found.setdefault(zone, set()).add(subject)
    return {zone: sorted(subjects) for zone, subjects in found.items()}
