"""How does every subject lie to every zone? Values in, values out; no rule is known here.

Areas on the measuring plane, distances geodesic, slivers told apart (DESIGN 4.2-4.3); each layer also gives
its negative proof (`clear`), its ledger, and the nearest zone of each scope that rules will ask for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis import geodesy
from cdgis.frames import Layer, Layers, Measurement, Nearest, Subjects
from cdgis.geometry import LINE_HIT_M, inradius_m, is_sliver
from cdgis.kernels import OutlineIndex, Pairs, overlapping_pairs, pair_distance_m
from cdgis.model import Relation, Scope
from cdgis.schema import empty, validate

GeometryArray = npt.NDArray[np.object_]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

UNCOVERED_M2 = 1.0
INSIDE_SHARE = 1 - 1e-9
_DEPTH_STEP_M = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """Subjects in both planes with their sizes."""

    ids: npt.NDArray[np.object_]
    plane: GeometryArray
    local: GeometryArray
    dimension: npt.NDArray[np.int32]
    area_m2: FloatArray
    length_m: FloatArray

    @property
    def total(self) -> FloatArray:
        """The measure a ledger must close to: m², m or a count of 1."""
        return np.choose(self.dimension, [np.ones(len(self.ids)), self.length_m, self.area_m2])

    @property
    def unit(self) -> npt.NDArray[np.object_]:
        return np.array(["count", "m", "m2"], dtype=object)[self.dimension]


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerResult:
    overlaps: pd.DataFrame
    clear: pd.DataFrame
    ledger: pd.DataFrame
    hits: pd.DataFrame
    nearest: dict[Scope, Nearest]
    sliver: BoolArray


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
    prepared = _prepare(subjects)
    wanted = _scopes_by_layer(scopes)
    zone_layers = [layer for layer in layers.values() if layer.spec.zones and layer.spec.is_vector]
    outside = _outside_coverage(prepared, zone_layers, layers)

    def one(layer: Layer) -> _LayerResult:
        reach = (reach_m or {}).get(layer.spec.id, np.zeros(len(prepared.ids)))
        result = _measure_layer(prepared, layer, wanted.get(layer.spec.id, ()), reach, outside[layer.spec.coverage])
        if progress:
            progress(layer.spec.title)
        return result

    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        results = list(pool.map(one, zone_layers))
    return Measurement(
        subject_ids=prepared.ids,
        overlaps=_table("overlaps", (r.overlaps for r in results)),
        clear=_table("clear", (r.clear for r in results)),
        ledger=_table("ledger", (r.ledger for r in results)),
        hits=pd.concat([r.hits for r in results], ignore_index=True) if results else _no_hits(),
        nearest={scope: nearest for r in results for scope, nearest in r.nearest.items()},
        uncovered={layer.spec.id: _is_uncovered(prepared, outside[layer.spec.coverage]) for layer in zone_layers},
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


def _prepare(subjects: Subjects) -> _Prepared:
    geoms = np.asarray(subjects.frame.geometry.array, dtype=object)
    plane = geodesy.geometries_to_plane(geoms)
    return _Prepared(
        ids=subjects.frame["subject_id"].to_numpy(dtype=object),
        plane=plane,
        local=geodesy.geometries_to_local(geoms),
        dimension=shapely.get_dimensions(geoms),
        area_m2=shapely.area(plane),
        length_m=geodesy.geodesic_length_m(geoms),
    )


def _outside_coverage(prepared: _Prepared, zone_layers: Sequence[Layer], layers: Layers) -> dict[str, FloatArray]:
    """Return, per coverage layer, each subject's measure (m², m, count) outside it."""
    outside: dict[str, FloatArray] = {}
    for name in dict.fromkeys(layer.spec.coverage for layer in zone_layers):
        zones = geodesy.geometries_to_plane(np.asarray(layers[name].zones.geometry.array, dtype=object))
        covered = _covered_measure(prepared, zones)
        outside[name] = np.clip(prepared.total - covered, 0, None)
    return outside


def _covered_measure(prepared: _Prepared, zones: GeometryArray) -> FloatArray:
    pairs = overlapping_pairs(prepared.plane, zones)
    covered = _union_measure(prepared, pairs)
    points = np.flatnonzero(prepared.dimension == 0)
    at, _ = shapely.STRtree(zones).query(prepared.plane[points], predicate="intersects")
    covered[points] = 0.0
    covered[points[np.unique(at)]] = 1.0
    return covered


def _is_uncovered(prepared: _Prepared, outside: FloatArray) -> BoolArray:
    limit = np.choose(prepared.dimension, [0.5, LINE_HIT_M, UNCOVERED_M2])
    return np.asarray(outside > limit)


def _union_measure(prepared: _Prepared, pairs: Pairs) -> FloatArray:
    """Return each subject's measure inside the union of its overlaps; overlapping zones count once."""
    measure = _pair_measure(prepared, pairs)
    inside = np.bincount(pairs.subject, weights=measure, minlength=len(prepared.ids))
    over = inside > prepared.total * (1 + 1e-12)
    # Only overlapping zones need a union: partitions already add up.
    several = np.bincount(pairs.subject, minlength=len(prepared.ids)) > 1
    for subject in np.flatnonzero(several & (over | _zones_overlap(pairs, len(prepared.ids)))):
        parts = pairs.overlap[pairs.subject == subject]
        union = shapely.union_all(parts)
        inside[subject] = _measure_of(union, int(prepared.dimension[subject]))
    return np.minimum(inside, prepared.total)


def _zones_overlap(pairs: Pairs, count: int) -> BoolArray:
    """Return which subjects have overlaps that intersect each other beyond their outlines."""
    flags = np.zeros(count, dtype=bool)
    tree = shapely.STRtree(pairs.overlap)
    a, b = tree.query(pairs.overlap, predicate="intersects")
    same = (a < b) & (pairs.subject[a] == pairs.subject[b])
    a, b = a[same], b[same]
    relate = shapely.relate_pattern(pairs.overlap[a], pairs.overlap[b], "T********")
    flags[pairs.subject[a[relate]]] = True
    return flags


def _pair_measure(prepared: _Prepared, pairs: Pairs) -> FloatArray:
    dimension = prepared.dimension[pairs.subject]
    lengths = np.zeros(len(pairs.subject))
    lines = dimension == 1
    lengths[lines] = geodesy.geodesic_length_m(geodesy.geometries_from_plane(_lines_of(pairs.overlap[lines])))
    return np.choose(dimension, [np.ones(len(dimension)), lengths, pairs.area_m2])


def _lines_of(overlaps: GeometryArray) -> GeometryArray:
    mixed = shapely.get_type_id(overlaps) == 7
    out = overlaps.copy()
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(overlaps[i])
        out[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 1])
    return out


def _measure_of(union: shapely.Geometry, dimension: int) -> float:
    if dimension == 2:
        return float(shapely.area(union))
    if dimension == 1:
        return float(geodesy.geodesic_length_m(geodesy.geometries_from_plane(_lines_of(np.array([union]))))[0])
    return 1.0


def _measure_layer(
    prepared: _Prepared, layer: Layer, scopes: Sequence[Scope], reach: FloatArray, outside: FloatArray
) -> _LayerResult:
    zones = layer.zones.sort_values("zone_id", kind="stable", ignore_index=True)
    geoms = np.asarray(zones.geometry.array, dtype=object)
    plane, local = geodesy.geometries_to_plane(geoms), geodesy.geometries_to_local(geoms)
    pairs = overlapping_pairs(prepared.plane, plane)
    sliver, share = _classify(prepared, pairs)
    outlines = OutlineIndex.of(local)
    nearest = _nearest_by_scope(prepared, zones, outlines, (Scope(layer.spec.id), *scopes))
    near = _near_rows(prepared, pairs, outlines, reach)
    overlaps = _overlap_rows(prepared, zones, pairs, (sliver, share), near)
    hit = np.zeros(len(prepared.ids), dtype=bool)
    hit[pairs.subject[~sliver]] = True
    has_sliver = np.zeros(len(prepared.ids), dtype=bool)
    has_sliver[pairs.subject[sliver]] = True
    return _LayerResult(
        overlaps=overlaps.assign(layer=layer.spec.id),
        clear=_clear_rows(prepared, nearest[Scope(layer.spec.id)], hit | _is_uncovered(prepared, outside)).assign(
            layer=layer.spec.id
        ),
        ledger=_ledger_rows(prepared, pairs, outside).assign(layer=layer.spec.id),
        hits=_hit_rows(prepared, zones, pairs, ~sliver, local).assign(layer=layer.spec.id),
        nearest=nearest,
        sliver=has_sliver,
    )


def _classify(prepared: _Prepared, pairs: Pairs) -> tuple[BoolArray, FloatArray]:
    """Return which pairs are slivers and each pair's share of its subject."""
    measure = _pair_measure(prepared, pairs)
    total = prepared.total[pairs.subject]
    share = np.clip(np.divide(measure, total, out=np.zeros_like(total), where=total > 0), 0, 1)
    overlap_dimension = shapely.get_dimensions(pairs.overlap)
    sliver = np.zeros(len(share), dtype=bool)
    areal = overlap_dimension == 2
    sliver[areal] = is_sliver(pairs.overlap[areal], share[areal])
    along = (overlap_dimension == 1) & (prepared.dimension[pairs.subject] == 1)
    sliver[along] = (measure[along] <= LINE_HIT_M) & (share[along] < 0.5)
    return sliver, share


def _nearest_by_scope(
    prepared: _Prepared, zones: pd.DataFrame, outlines: OutlineIndex, scopes: Sequence[Scope]
) -> dict[Scope, Nearest]:
    ids = zones["zone_id"].to_numpy(dtype=object)
    out: dict[Scope, Nearest] = {}
    for scope in scopes:
        among = np.ones(len(ids), dtype=bool)
        if scope.zone_classes:
            among &= zones["zone_class"].isin(scope.zone_classes).to_numpy()
        if scope.zone_ids:
            among &= zones["zone_id"].isin(scope.zone_ids).to_numpy()
        zone, distance = outlines.nearest(prepared.local, among)
        names = np.where(zone >= 0, ids[np.maximum(zone, 0)] if len(ids) else "", "")
        out[scope] = Nearest(distance_m=distance, zone_id=names.astype(object))
    return out


def _near_rows(
    prepared: _Prepared, pairs: Pairs, outlines: OutlineIndex, reach: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]:
    at, zone, distance = outlines.within(prepared.local, reach)
    width = max(int(outlines.owner.max(initial=0)), int(pairs.zone.max(initial=0))) + 1
    unhit = ~np.isin(at * width + zone, pairs.subject * width + pairs.zone)
    return at[unhit], zone[unhit], distance[unhit]


def _overlap_rows(
    prepared: _Prepared,
    zones: pd.DataFrame,
    pairs: Pairs,
    classified: tuple[BoolArray, FloatArray],
    near: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray],
) -> pd.DataFrame:
    sliver, share = classified
    near_at, near_zone, near_distance = near
    relation = np.where(sliver, Relation.SLIVER, np.where(share >= INSIDE_SHARE, Relation.INSIDE, Relation.CROSSES))
    line_part = shapely.get_dimensions(pairs.overlap) == 1
    length = np.zeros(len(sliver))
    length[line_part] = geodesy.geodesic_length_m(geodesy.geometries_from_plane(pairs.overlap[line_part]))
    pad = np.zeros(len(near_at))
    subject, zone = np.concatenate([pairs.subject, near_at]), np.concatenate([pairs.zone, near_zone])
    return pd.DataFrame(
        {
            "subject_id": prepared.ids[subject],
            **{name: zones[name].to_numpy(dtype=object)[zone] for name in ("zone_id", "zone_name", "zone_class")},
            "relation": np.concatenate([relation.astype(object), np.full(len(near_at), str(Relation.NEAR), object)]),
            "area_m2": np.concatenate([pairs.area_m2, pad]),
            "share": np.concatenate([share, pad]),
            "length_m": np.concatenate([length, pad]),
            "distance_m": np.concatenate([np.zeros(len(sliver)), near_distance]),
        }
    )


def _clear_rows(prepared: _Prepared, nearest: Nearest, not_clear: BoolArray) -> pd.DataFrame:
    clear = ~not_clear
    return pd.DataFrame(
        {
            "subject_id": prepared.ids[clear],
            "nearest_zone_id": nearest.zone_id[clear],
            "distance_m": nearest.distance_m[clear],
        }
    )


def _ledger_rows(prepared: _Prepared, pairs: Pairs, outside_coverage: FloatArray) -> pd.DataFrame:
    total = prepared.total
    inside = _union_measure(prepared, pairs)
    uncovered = np.minimum(outside_coverage, total - inside)
    return pd.DataFrame(
        {
            "subject_id": prepared.ids,
            "unit": prepared.unit,
            "inside": inside,
            "outside": total - inside - uncovered,
            "uncovered": uncovered,
            "total": total,
        }
    )


def _hit_rows(
    prepared: _Prepared, zones: pd.DataFrame, pairs: Pairs, hit: BoolArray, zones_local: GeometryArray
) -> pd.DataFrame:
    subject, zone, overlap = pairs.subject[hit], pairs.zone[hit], pairs.overlap[hit]
    depth = np.zeros(len(subject))
    areal = shapely.get_dimensions(overlap) == 2
    depth[areal] = inradius_m(overlap[areal])
    thin = np.flatnonzero(~areal)
    depth[thin] = _thin_depth_m(prepared, (subject[thin], zone[thin]), overlap[thin], zones_local)
    return pd.DataFrame(
        {
            "subject": subject,
            "zone_id": zones["zone_id"].to_numpy(dtype=object)[zone],
            "zone_class": zones["zone_class"].to_numpy(dtype=object)[zone],
            "depth_m": depth,
        }
    )


def _thin_depth_m(
    prepared: _Prepared,
    pair: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    overlap: GeometryArray,
    zones_local: GeometryArray,
) -> FloatArray:
    """Return how deep point and line overlaps lie: the farthest point from the nearer areal outline."""
    subject, zone = pair
    local = geodesy.geometries_to_local(geodesy.geometries_from_plane(overlap))
    points, at = shapely.get_coordinates(shapely.segmentize(local, _DEPTH_STEP_M), return_index=True)
    points = shapely.points(points)
    reach = np.full(len(points), np.inf)
    for owner, geoms in ((zone[at], zones_local), (subject[at], prepared.local)):
        areal = np.flatnonzero(shapely.get_dimensions(geoms[owner]) == 2)
        used, inverse = np.unique(owner[areal], return_inverse=True)
        outline = shapely.boundary(geoms[used])
        if areal.size:
            reach[areal] = np.minimum(reach[areal], pair_distance_m(points[areal], outline[inverse]))
    depth = np.zeros(len(overlap))
    finite = np.isfinite(reach)
    np.maximum.at(depth, at[finite], reach[finite])
    return depth
