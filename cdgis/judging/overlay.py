"""Relation of every subject to every zone; values in, values out, no rule known here.

Areas on the measuring plane, distances geodesic, slivers told apart (DESIGN 4.2-4.3); each layer also gives
its negative proof (`clear`), its ledger, and the nearest zone of each scope that rules will ask for.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.core.vocabulary import Relation
from cdgis.geometry.kernels import Pairs
from cdgis.geometry.planes import PlaneThreads
from cdgis.judging.extents import (
    UNITS,
    Extents,
    Met,
    classify,
    depth_m,
    is_uncovered,
    outside_m,
    overlap_length_m,
    union_measure,
)
from cdgis.judging.layer_stack import ReadyLayer, meet, planes_of_zones, ready, words_of
from cdgis.judging.measurement import Measurement, Numbers
from cdgis.judging.nearest_zones import NearestOfScopes, ZonesApart, find_nearest, zones_apart
from cdgis.results.tables.validation import Words, empty, framed, validate
from cdgis.workspace.layers import ZONE_COLUMNS, Layer, Layers, Subjects

__all__ = ["measure_overlaps", "planes_of_zones"]

INSIDE_SHARE = 1 - 1e-9
_RELATIONS = np.array([str(one) for one in (Relation.CROSSES, Relation.INSIDE, Relation.SLIVER, Relation.NEAR)], dtype=object)
_CROSSES, _INSIDE, _SLIVER, _NEAR = range(len(_RELATIONS))

_FEW_SUBJECTS = 64
"""Up to so many are compared with all layers at once; more, with one layer after the other, threads sharing the layers."""
Columns = dict[str, "np.ndarray[Any, Any]"]
"""Rows of a table before it is one: a frame a layer would cost more than measuring a site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What some layers are to the subjects; arrays have a row a layer. Rows of tables name layers and zones by their numbers."""

    layers: Sequence[ReadyLayer]
    overlaps: Columns
    clear: Columns
    ledger: Columns
    hits: Columns
    depths: Numbers
    apart: dict[str, ZonesApart]
    sliver: BoolArray
    uncovered: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """Zones a subject does not overlap but touches or comes near."""

    subject: IntArray
    layer: IntArray
    zone: IntArray
    """Position in the layer."""
    distance_m: FloatArray


def measure_overlaps(
    subjects: Subjects,
    layers: Layers,
    *,
    reach_m: Mapping[str, FloatArray] | None = None,
    clear_of: Collection[str] | None = None,
    jobs: int = 1,
    packed: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Measurement:
    """Return how every subject lies to every zone of every layer.

    Parameters
    ----------
    subjects : points, lines or polygons, EPSG:4490.
    layers : zone layers by id, EPSG:4490; a layer's coverage must itself be among them.
    reach_m : per layer, metres per subject within which unhit zones are listed as `near`; touching always is.
    clear_of : layers whose rows of table `clear` are wanted, all by default; of the others distances are measured when a rule asks.
    jobs : threads; the result does not depend on it.
    packed : texts of `clear` and `ledger` come as categoricals: of very many subjects these tables are only written.
    progress : called with each layer's title when it is done.
    """
    lonlat = np.asarray(subjects.frame.geometry.array, dtype=object)
    extents = Extents.of(subjects.frame["subject_id"].to_numpy(dtype=object), lonlat)
    zone_layers = [layer for layer in layers.values() if layer.spec.zones and layer.spec.is_vector]
    outside, said = _outside_coverage(extents, zone_layers, layers), progress or (lambda _: None)

    def some(group: Sequence[Layer]) -> _Found:
        """Return how all subjects lie to some layers."""
        result = _measure(extents, group, reach_m or {}, outside, clear_of)
        for layer in group:
            said(layer.spec.title)
        return result

    few = len(extents.ids) <= _FEW_SUBJECTS
    groups = [zone_layers] if few and zone_layers else [[layer] for layer in zone_layers]
    if jobs > 1 and not few:
        with PlaneThreads(max_workers=jobs) as pool:
            results = list(pool.map(some, groups))
    else:
        results = [some(group) for group in groups]
    names = [layer.spec.id for layer in zone_layers]
    return Measurement(
        subject_ids=extents.ids,
        overlaps=_table("overlaps", results, extents, names),
        clear=_table("clear", results, extents, names, packed=packed),
        ledger=_table("ledger", results, extents, names, packed=packed),
        hits_found=_hits(results),
        depths=Numbers.joined([result.depths for result in results]),
        nearest=NearestOfScopes({name: one for result in results for name, one in result.apart.items()}),
        uncovered=dict(zip(names, chain.from_iterable(result.uncovered for result in results), strict=True)),
        slivers=dict(zip(names, chain.from_iterable(result.sliver for result in results), strict=True)),
    )


def _table(name: str, results: Sequence[_Found], extents: Extents, names: Sequence[str], *, packed: bool = False) -> pd.DataFrame:
    """Return the rows of all groups as a table, their numbers as texts: each is looked at once, however often it stands there."""
    rows = _rows(name, results) if results else {}
    if not rows or not len(rows["layer"]):
        return empty(name)
    layers = np.repeat(np.cumsum([0, *(len(one.layers) for one in results[:-1])]), [len(getattr(one, name)["layer"]) for one in results])
    layer = rows.pop("layer") + layers
    said = {"subject_id": Words.told(rows.pop("subject"), extents.ids), "layer": Words.told(layer, np.array(names, dtype=object))}
    if (relation := rows.pop("relation", None)) is not None:
        said["relation"] = Words.told(relation, _RELATIONS)
    if (unit := rows.pop("unit", None)) is not None:
        said["unit"] = Words.told(unit, UNITS)
    if (zone := rows.pop("zone", None)) is not None:
        columns = ("nearest_zone_id",) if name == "clear" else ZONE_COLUMNS
        said |= _zones_told([one for found in results for one in found.layers], layer, zone, columns)
    return validate(name, {**rows, **said}, packed=packed)


def _zones_told(layers: Sequence[ReadyLayer], layer: IntArray, zone: IntArray, columns: Sequence[str]) -> dict[str, Words]:
    """Return columns of zones, given which layer each is of and its position there, -1 for none."""
    before = np.cumsum([0, *(len(one.words["zone_id"]) for one in layers)])
    number = np.where(zone < 0, -1, before[layer] + zone)
    there = np.zeros(before[-1] + 1, dtype=bool)
    there[number] = True
    used, place = np.flatnonzero(there[:-1]), np.append(np.cumsum(there[:-1]) - 1, -1)
    of_layer = np.searchsorted(before, used, side="right") - 1
    texts = {name: words_of(layers, name.removeprefix("nearest_"), of_layer, used - before[of_layer]) for name in columns}
    return {name: Words.told(place[number], said) for name, said in texts.items()}


def _rows(name: str, results: Sequence[_Found]) -> Columns:
    """Return the rows of one table, group by group of layers."""
    parts: list[Columns] = [getattr(result, name) for result in results]
    return {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}


def _hits(results: Sequence[_Found]) -> pd.DataFrame:
    """Return the hits of all groups; their numbers run through."""
    if not results:
        return pd.DataFrame(columns=["subject", "layer", "zone_id", "zone_class", "number"])
    before = np.cumsum([0, *(len(result.depths) for result in results[:-1])])
    rows = _rows("hits", results)
    return framed({**rows, "number": rows["number"] + np.repeat(before, [len(result.depths) for result in results])})


def _outside_coverage(extents: Extents, zone_layers: Sequence[Layer], layers: Layers) -> dict[str, FloatArray]:
    """Return, per coverage layer, each subject's measure (m², m, count) outside it."""
    names = list(dict.fromkeys(layer.spec.coverage for layer in zone_layers))
    if not names:
        return {}
    met = meet(extents, [ready(layers[name]) for name in names])
    return dict(zip(names, outside_m(extents, met, len(names)), strict=True))


def _measure(
    extents: Extents, group: Sequence[Layer], reach_m: Mapping[str, FloatArray], outside_coverage: Mapping[str, FloatArray],
    clear_of: Collection[str] | None,
) -> _Found:
    layers, names = [ready(layer) for layer in group], np.array([layer.spec.id for layer in group], dtype=object)
    outside = np.array([outside_coverage[layer.spec.coverage] for layer in group])
    met = meet(extents, layers)
    pairs = met.pairs
    sliver, share = classify(extents, pairs)
    apart, wanted = zones_apart(extents, layers, met), np.array([clear_of is None or name in clear_of for name in names], dtype=bool)
    find_nearest([apart[number] for number in np.flatnonzero(wanted)])
    hit, has_sliver = np.zeros((2, *outside.shape), dtype=bool)
    hit[met.of_pair[~sliver], pairs.subject[~sliver]] = True
    has_sliver[met.of_pair[sliver], pairs.subject[sliver]] = True
    uncovered = is_uncovered(extents, outside)
    near = _near(extents, met, layers, [reach_m.get(name) for name in names])
    hits = np.flatnonzero(~sliver)
    hit_rows = _by_layer(_hit_rows(met, layers, hits))
    return _Found(
        layers=layers,
        overlaps=_by_layer(_overlap_rows(met, (sliver, share), near)),
        clear=_clear_rows(apart, ~(hit | uncovered) & wanted[:, None]),
        ledger=_ledger_rows(extents, union_measure(extents, met, len(layers)), outside),
        hits={**hit_rows, "layer": names[hit_rows["layer"]]},
        depths=Numbers(len(hits), partial(_depth_m, extents, pairs.only(hits), met.local, len(layers))),
        apart=dict(zip(names, apart, strict=True)),
        sliver=has_sliver,
        uncovered=uncovered,
    )


def _by_layer(rows: Columns) -> Columns:
    """Return rows layer by layer."""
    order = np.argsort(rows["layer"], kind="stable")
    return {column: values[order] for column, values in rows.items()}


def _near(extents: Extents, met: Met, layers: Sequence[ReadyLayer], reach: Sequence[FloatArray | None]) -> _Near:
    """Return the pairs that touch or lie within reach without overlapping."""
    pairs = met.pairs
    parts = [(pairs.touch_subject, met.layer[pairs.touch_zone], met.zone[pairs.touch_zone], np.zeros(len(pairs.touch_zone)))]
    for number, (layer, reach_m) in enumerate(zip(layers, reach, strict=True)):
        if reach_m is not None:
            at, zone, distance = layer.outlines.within(extents.local_cut, reach_m)
            parts.append((at, np.full(len(at), number), zone, distance))
    subject, of_layer, zone, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    width = max(int(zone.max(initial=0)), int(met.zone[pairs.zone].max(initial=0))) + 1
    # Touching pairs come first, so they keep their distance 0.
    key, first = np.unique((of_layer * len(extents.ids) + subject) * width + zone, return_index=True)
    first = first[~np.isin(key, (met.of_pair * len(extents.ids) + pairs.subject) * width + met.zone[pairs.zone])]
    return _Near(subject=subject[first], layer=of_layer[first], zone=zone[first], distance_m=distance[first])


def _overlap_rows(met: Met, classified: tuple[BoolArray, FloatArray], near: _Near) -> Columns:
    (sliver, share), pairs = classified, met.pairs
    relation = np.where(sliver, _SLIVER, np.where(share >= INSIDE_SHARE, _INSIDE, _CROSSES))
    pad = np.zeros(len(near.subject))
    return {
        "subject": np.concatenate([pairs.subject, near.subject]),
        "layer": np.concatenate([met.of_pair, near.layer]),
        "zone": np.concatenate([met.zone[pairs.zone], near.zone]),
        "relation": np.concatenate([relation, np.full(len(pad), _NEAR)]),
        "area_m2": np.concatenate([pairs.area_m2, pad]),
        "share": np.concatenate([share, pad]),
        "length_m": np.concatenate([overlap_length_m(pairs), pad]),
        "distance_m": np.concatenate([np.zeros(len(sliver)), near.distance_m]),
    }


def _clear_rows(apart: Sequence[ZonesApart], clear: BoolArray) -> Columns:
    layer, subject = np.nonzero(clear)
    told = [(one, flags) for one, flags in zip(apart, clear, strict=True) if flags.any()]
    zone = np.concatenate([np.empty(0, dtype=np.int64), *(one.zone[flags] for one, flags in told)])
    distance = np.concatenate([np.empty(0), *(one.distance_m[flags] for one, flags in told)])
    return {"subject": subject, "zone": zone, "distance_m": distance, "layer": layer}


def _ledger_rows(extents: Extents, inside: FloatArray, outside_coverage: FloatArray) -> Columns:
    total = np.broadcast_to(extents.total, inside.shape)
    # A zone that reaches beyond its coverage still counts as inside.
    uncovered = np.minimum(outside_coverage, total - inside)
    count, size = inside.shape
    return {
        "subject": np.tile(np.arange(size), count),
        "unit": np.tile(extents.dimension, count),
        "inside": inside.ravel(),
        "outside": (total - inside - uncovered).ravel(),
        "uncovered": uncovered.ravel(),
        "total": total.ravel(),
        "layer": np.repeat(np.arange(count), size),
    }


def _depth_m(
    extents: Extents, hits: Pairs, local: Callable[[IntArray], GeometryArray], layers: int, at: IntArray
) -> FloatArray:
    """Return how deep the hits at these positions lie; `local` makes shapes of zones."""
    return depth_m(extents, hits.only(at), local, layers=layers)


def _hit_rows(met: Met, layers: Sequence[ReadyLayer], hit: IntArray) -> Columns:
    layer, zone = met.of_pair[hit], met.zone[met.pairs.zone[hit]]
    return {
        "subject": met.pairs.subject[hit],
        "zone": zone,
        "zone_id": words_of(layers, "zone_id", layer, zone),
        "zone_class": words_of(layers, "zone_class", layer, zone),
        "number": np.arange(len(hit)),
        "layer": layer,
    }
