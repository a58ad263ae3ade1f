"""Relation of every subject to every zone; values in, values out, no rule known here.

Areas on the measuring plane, distances geodesic, slivers told apart (DESIGN 4.2-4.3); each layer also gives
its negative proof (`clear`), its ledger, and the nearest zone of each scope that rules will ask for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.core.vocabulary import Relation, Scope
from cdgis.geometry.kernels import OutlineIndex, Pairs, overlapping_pairs
from cdgis.geometry.planes import PlaneThreads
from cdgis.judging.extents import (
    Extents,
    both_planes,
    classify,
    depth_m,
    is_uncovered,
    outside_m,
    overlap_length_m,
    union_measure,
)
from cdgis.judging.measurement import Measurement, Nearest
from cdgis.judging.nearest_zones import ZonesApart
from cdgis.results.tables.validation import empty, validate
from cdgis.workspace.layers import Layer, Layers, Subjects

INSIDE_SHARE = 1 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerResult:
    overlaps: pd.DataFrame
    clear: pd.DataFrame
    ledger: pd.DataFrame
    hits: pd.DataFrame
    nearest: dict[Scope, Nearest]
    sliver: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """Zones a subject does not overlap but touches or comes near."""

    subject: IntArray
    zone: IntArray
    distance_m: FloatArray


def measure_overlaps(
    subjects: Subjects,
    layers: Layers,
    *,
    scopes: Sequence[Scope] = (),
    reach_m: Mapping[str, FloatArray] | None = None,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Measurement:
    """Return how every subject lies to every zone of every layer.

    Parameters
    ----------
    subjects : points, lines or polygons, EPSG:4490.
    layers : zone layers by id, EPSG:4490; a layer's coverage must itself be among them.
    scopes : the (layer, classes, ids) combinations whose nearest zone the judge will need.
    reach_m : per layer, metres per subject within which unhit zones are listed as `near`; touching always is.
    jobs : threads; the result does not depend on it.
    progress : called with each layer's title when it is done.
    """
    lonlat = np.asarray(subjects.frame.geometry.array, dtype=object)
    extents = Extents.of(subjects.frame["subject_id"].to_numpy(dtype=object), lonlat)
    wanted = _scopes_by_layer(scopes)
    zone_layers = [layer for layer in layers.values() if layer.spec.zones and layer.spec.is_vector]
    outside = _outside_coverage(extents, zone_layers, layers)

    def one(layer: Layer) -> _LayerResult:
        """Return how all subjects lie to one layer."""
        reach = (reach_m or {}).get(layer.spec.id, np.zeros(len(extents.ids)))
        result = _measure_layer(extents, layer, wanted.get(layer.spec.id, ()), reach, outside[layer.spec.coverage])
        if progress:
            progress(layer.spec.title)
        return result

    with PlaneThreads(max_workers=max(1, jobs)) as pool:
        results = list(pool.map(one, zone_layers))
    return Measurement(
        subject_ids=extents.ids,
        overlaps=_table("overlaps", (r.overlaps for r in results)),
        clear=_table("clear", (r.clear for r in results)),
        ledger=_table("ledger", (r.ledger for r in results)),
        hits=pd.concat([r.hits for r in results], ignore_index=True) if results else _no_hits(),
        nearest={scope: nearest for r in results for scope, nearest in r.nearest.items()},
        uncovered={layer.spec.id: is_uncovered(extents, outside[layer.spec.coverage]) for layer in zone_layers},
        slivers={layer.spec.id: r.sliver for layer, r in zip(zone_layers, results, strict=True)},
    )


def _table(name: str, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    parts = [frame for frame in frames if len(frame)]
    return validate(name, pd.concat(parts, ignore_index=True)) if parts else empty(name)


def _no_hits() -> pd.DataFrame:
    return pd.DataFrame(columns=["subject", "layer", "zone_id", "zone_class", "depth_m"])


def _scopes_by_layer(scopes: Sequence[Scope]) -> dict[str, tuple[Scope, ...]]:
    grouped: dict[str, list[Scope]] = {}
    for scope in dict.fromkeys(scopes):
        grouped.setdefault(scope.layer, []).append(scope)
    return {layer: tuple(items) for layer, items in grouped.items()}


def _outside_coverage(extents: Extents, zone_layers: Sequence[Layer], layers: Layers) -> dict[str, FloatArray]:
    """Return, per coverage layer, each subject's measure (m², m, count) outside it."""
    names = dict.fromkeys(layer.spec.coverage for layer in zone_layers)
    return {name: outside_m(extents, _prepared(layers[name]).plane) for name in names}


def _lonlat(zones: pd.DataFrame) -> GeometryArray:
    return np.asarray(zones.geometry.array, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A layer's zones by id, in both planes, with the index of their outlines."""

    zones: pd.DataFrame
    plane: GeometryArray
    local: GeometryArray
    outlines: OutlineIndex


def _prepared(layer: Layer) -> _Prepared:
    """Return a layer made ready; the layer keeps it, for sites come in several sets: as given, moved, cut, part by part."""
    return layer.derived("overlay", _prepare)


def _prepare(layer: Layer) -> _Prepared:
    zones = layer.zones.sort_values("zone_id", kind="stable", ignore_index=True)
    plane, local = both_planes(_lonlat(zones))
    return _Prepared(zones=zones, plane=plane, local=local, outlines=OutlineIndex.of(local))


def _measure_layer(
    extents: Extents, layer: Layer, scopes: Sequence[Scope], reach: FloatArray, outside: FloatArray
) -> _LayerResult:
    prepared = _prepared(layer)
    zones, outlines = prepared.zones, prepared.outlines
    pairs = overlapping_pairs(extents.cut, prepared.plane)
    sliver, share = classify(extents, pairs)
    apart = ZonesApart.of(extents, zones, (prepared.local, outlines), pairs)
    whole, anywhere = Scope(layer.spec.id), apart.anywhere()
    nearest = {**{scope: apart.of_scope(scope, anywhere) for scope in scopes}, whole: anywhere}
    overlaps = _overlap_rows(extents, zones, pairs, (sliver, share), _near(extents, pairs, outlines, reach))
    hit, has_sliver = np.zeros((2, len(extents.ids)), dtype=bool)
    hit[pairs.subject[~sliver]] = True
    has_sliver[pairs.subject[sliver]] = True
    not_clear = hit | is_uncovered(extents, outside)
    return _LayerResult(
        overlaps=overlaps.assign(layer=layer.spec.id),
        clear=_clear_rows(extents, anywhere, ~not_clear).assign(layer=layer.spec.id),
        ledger=_ledger_rows(extents, pairs, outside).assign(layer=layer.spec.id),
        hits=_hit_rows(zones, pairs, ~sliver, depth_m(extents, pairs, ~sliver, prepared.local)).assign(layer=layer.spec.id),
        nearest=nearest,
        sliver=has_sliver,
    )


def _near(extents: Extents, pairs: Pairs, outlines: OutlineIndex, reach: FloatArray) -> _Near:
    """Return the pairs that touch or lie within reach without overlapping."""
    at, zone, distance = outlines.within(extents.local_cut, reach)
    subject = np.concatenate([pairs.touch_subject, at])
    zone = np.concatenate([pairs.touch_zone, zone])
    distance = np.concatenate([np.zeros(len(pairs.touch_subject)), distance])
    width = int(zone.max(initial=0)) + 1
    # Touching pairs come first, so they keep their distance 0.
    key, first = np.unique(subject * width + zone, return_index=True)
    first = first[~np.isin(key, pairs.subject * width + pairs.zone)]
    return _Near(subject=subject[first], zone=zone[first], distance_m=distance[first])


def _overlap_rows(
    extents: Extents,
    zones: pd.DataFrame,
    pairs: Pairs,
    classified: tuple[BoolArray, FloatArray],
    near: _Near,
) -> pd.DataFrame:
    sliver, share = classified
    relation = np.where(sliver, Relation.SLIVER, np.where(share >= INSIDE_SHARE, Relation.INSIDE, Relation.CROSSES))
    pad = np.zeros(len(near.subject))
    subject, zone = np.concatenate([pairs.subject, near.subject]), np.concatenate([pairs.zone, near.zone])
    return pd.DataFrame(
        {
            "subject_id": extents.ids[subject],
            **{name: zones[name].to_numpy(dtype=object)[zone] for name in ("zone_id", "zone_name", "zone_class")},
            "relation": np.concatenate([relation.astype(object), np.full(len(pad), str(Relation.NEAR), object)]),
            "area_m2": np.concatenate([pairs.area_m2, pad]),
            "share": np.concatenate([share, pad]),
            "length_m": np.concatenate([overlap_length_m(pairs), pad]),
            "distance_m": np.concatenate([np.zeros(len(sliver)), near.distance_m]),
        }
    )


def _clear_rows(extents: Extents, nearest: Nearest, clear: BoolArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject_id": extents.ids[clear],
            "nearest_zone_id": nearest.zone_id[clear],
            "distance_m": nearest.distance_m[clear],
        }
    )


def _ledger_rows(extents: Extents, pairs: Pairs, outside_coverage: FloatArray) -> pd.DataFrame:
    total = extents.total
    inside = union_measure(extents, pairs)
    # A zone that reaches beyond its coverage still counts as inside.
    uncovered = np.minimum(outside_coverage, total - inside)
    return pd.DataFrame(
        {
            "subject_id": extents.ids,
            "unit": extents.unit,
            "inside": inside,
            "outside": total - inside - uncovered,
            "uncovered": uncovered,
            "total": total,
        }
    )


def _hit_rows(zones: pd.DataFrame, pairs: Pairs, hit: BoolArray, depth: FloatArray) -> pd.DataFrame:
    zone = pairs.zone[hit]
    return pd.DataFrame(
        {
            "subject": pairs.subject[hit],
            "zone_id": zones["zone_id"].to_numpy(dtype=object)[zone],
            "zone_class": zones["zone_class"].to_numpy(dtype=object)[zone],
            "depth_m": depth,
        }
    )
