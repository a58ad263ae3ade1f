"""Relation of every subject to every zone; values in, values out, no rule known here.

Areas on the measuring plane, distances geodesic, slivers told apart (DESIGN 4.2-4.3); each layer also gives
its negative proof (`clear`), its ledger, and the nearest zone of each scope that rules will ask for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray, TextArray
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
from cdgis.workspace.layers import ZONE_COLUMNS, Layer, Layers, Subjects

INSIDE_SHARE = 1 - 1e-9


_FEW_SUBJECTS = 64
"""Up to so many, handing layers to threads costs more than it saves."""
Columns = dict[str, "np.ndarray[Any, Any]"]
"""Rows of a table before it is one: a frame a layer would cost more than measuring a site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerResult:
    layer: str
    overlaps: Columns
    clear: Columns
    ledger: Columns
    hits: Columns
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

    if jobs > 1 and len(extents.ids) > _FEW_SUBJECTS:
        with PlaneThreads(max_workers=jobs) as pool:
            results = list(pool.map(one, zone_layers))
    else:
        results = [one(layer) for layer in zone_layers]
    return Measurement(
        subject_ids=extents.ids,
        overlaps=_table("overlaps", results),
        clear=_table("clear", results),
        ledger=_table("ledger", results),
        hits=_rows("hits", results) if results else _no_hits(),
        nearest={scope: nearest for r in results for scope, nearest in r.nearest.items()},
        uncovered={layer.spec.id: is_uncovered(extents, outside[layer.spec.coverage]) for layer in zone_layers},
        slivers={layer.spec.id: r.sliver for layer, r in zip(zone_layers, results, strict=True)},
    )


def _table(name: str, results: Sequence[_LayerResult]) -> pd.DataFrame:
    rows = _rows(name, results) if results else empty(name)
    return validate(name, rows) if len(rows) else empty(name)


def _rows(name: str, results: Sequence[_LayerResult]) -> pd.DataFrame:
    """Return the rows of one table, layer by layer."""
    parts: list[Columns] = [getattr(result, name) for result in results]
    counts = [len(next(iter(part.values()))) for part in parts]
    columns = {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}
    layers = np.repeat(np.array([result.layer for result in results], dtype=object), counts)
    return pd.DataFrame({name: pd.Series(v, dtype=v.dtype, copy=False) for name, v in {**columns, "layer": layers}.items()})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A layer's zones by id, in both planes, with the index of their outlines."""

    words: dict[str, TextArray]
    """zone_id, zone_name and zone_class."""
    plane: GeometryArray
    local: GeometryArray
    boxes: FloatArray
    """Of the zones in the distance plane."""
    outlines: OutlineIndex
    among: dict[Scope, BoolArray]
    """Which zones are in a scope that was asked for."""


def planes_of_zones(layer: Layer) -> tuple[GeometryArray, GeometryArray]:
    """Return a layer's zones on the measuring plane and in the distance plane (`both_planes`), in its order; it keeps them."""
    return layer.derived("planes", lambda own: both_planes(np.asarray(own.zones.geometry.array, dtype=object)))


def _prepared(layer: Layer) -> _Prepared:
    """Return a layer made ready; the layer keeps it, for sites come in several sets: as given, moved, cut, part by part."""
    return layer.derived("overlay", _prepare)


def _prepare(layer: Layer) -> _Prepared:
    order = layer.zones.reset_index(drop=True).sort_values("zone_id", kind="stable").index.to_numpy()
    plane, local = (shapes[order] for shapes in planes_of_zones(layer))
    words = {name: layer.zones[name].to_numpy(dtype=object)[order] for name in ZONE_COLUMNS}
    return _Prepared(words=words, plane=plane, local=local, boxes=shapely.bounds(local), outlines=OutlineIndex.of(local), among={})


def _measure_layer(
    extents: Extents, layer: Layer, scopes: Sequence[Scope], reach: FloatArray, outside: FloatArray
) -> _LayerResult:
    prepared = _prepared(layer)
    pairs = overlapping_pairs(extents.cut, prepared.plane)
    sliver, share = classify(extents, pairs)
    apart = ZonesApart.of(extents, prepared.words, (prepared.boxes, prepared.outlines), pairs, prepared.among)
    whole, anywhere = Scope(layer.spec.id), apart.anywhere()
    nearest = {**{scope: apart.of_scope(scope, anywhere) for scope in scopes}, whole: anywhere.nearest}
    overlaps = _overlap_rows(extents, prepared, pairs, (sliver, share), _near(extents, pairs, prepared.outlines, reach))
    hit, has_sliver = np.zeros((2, len(extents.ids)), dtype=bool)
    hit[pairs.subject[~sliver]] = True
    has_sliver[pairs.subject[sliver]] = True
    not_clear = hit | is_uncovered(extents, outside)
    return _LayerResult(
        layer=layer.spec.id,
        overlaps=overlaps,
        clear=_clear_rows(extents, anywhere.nearest, ~not_clear),
        ledger=_ledger_rows(extents, pairs, outside),
        hits=_hit_rows(prepared, pairs, ~sliver, depth_m(extents, pairs, ~sliver, prepared.local)),
        nearest=nearest,
        sliver=has_sliver,
    )


def _near(extents: Extents, pairs: Pairs, outlines: OutlineIndex, reach: FloatArray) -> _Near:
    """Return the pairs that touch or lie within reach without overlapping."""
    at, zone, distance = outlines.within(extents.local_cut, reach)
    if not len(at) and not len(pairs.touch_subject):
        return _Near(subject=at, zone=zone, distance_m=distance)
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
    prepared: _Prepared,
    pairs: Pairs,
    classified: tuple[BoolArray, FloatArray],
    near: _Near,
) -> Columns:
    sliver, share = classified
    relation = np.where(sliver, Relation.SLIVER, np.where(share >= INSIDE_SHARE, Relation.INSIDE, Relation.CROSSES))
    pad = np.zeros(len(near.subject))
    subject, zone = np.concatenate([pairs.subject, near.subject]), np.concatenate([pairs.zone, near.zone])
    return {
        "subject_id": extents.ids[subject],
        **{name: words[zone] for name, words in prepared.words.items()},
        "relation": np.concatenate([relation.astype(object), np.full(len(pad), str(Relation.NEAR), object)]),
        "area_m2": np.concatenate([pairs.area_m2, pad]),
        "share": np.concatenate([share, pad]),
        "length_m": np.concatenate([overlap_length_m(pairs), pad]),
        "distance_m": np.concatenate([np.zeros(len(sliver)), near.distance_m]),
    }


def _clear_rows(extents: Extents, nearest: Nearest, clear: BoolArray) -> Columns:
    return {
        "subject_id": extents.ids[clear],
        "nearest_zone_id": nearest.zone_id[clear],
        "distance_m": nearest.distance_m[clear],
    }


def _ledger_rows(extents: Extents, pairs: Pairs, outside_coverage: FloatArray) -> Columns:
    total = extents.total
    inside = union_measure(extents, pairs)
    # A zone that reaches beyond its coverage still counts as inside.
    uncovered = np.minimum(outside_coverage, total - inside)
    return {
        "subject_id": extents.ids,
        "unit": extents.unit,
        "inside": inside,
        "outside": total - inside - uncovered,
        "uncovered": uncovered,
        "total": total,
    }


def _hit_rows(prepared: _Prepared, pairs: Pairs, hit: BoolArray, depth: FloatArray) -> Columns:
    zone = pairs.zone[hit]
    return {
        "subject": pairs.subject[hit],
        "zone_id": prepared.words["zone_id"][zone],
        "zone_class": prepared.words["zone_class"][zone],
        "depth_m": depth,
    }
