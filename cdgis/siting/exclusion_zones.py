"""Ground a subject must keep clear of, whatever becomes of rules still undecided for it.

That of every rule with at least a given rank whose non-geometric part is not false for the subject: the rule's zones,
widened by its distance if it asks for one, and whatever lies outside the coverage of the rule's layer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from shapely import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.core.vocabulary import Scope
from cdgis.geometry import geodesy
from cdgis.geometry.halving import Piece, pieces_of, small_pieces
from cdgis.geometry.plane_validity import valid_polygons
from cdgis.judging.exemptions import rule_applies_but_for_geometry
from cdgis.judging.facts import Facts
from cdgis.judging.hits import scope_of
from cdgis.judging.kleene import FALSE, TRUE
from cdgis.judging.overlay import planes_of_zones
from cdgis.judging.rule_outcomes import buffer_m
from cdgis.rules.rule import Rule
from cdgis.rules.succession import succession
from cdgis.workspace.layers import Layer, Layers

_SCALE = 1 + 4e-4
"""The distance plane stretches by at most 3.2e-4, arcs are within 0.8e-4 of round: buffers are never too narrow."""
_OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
"""One metre away from a box on each side."""
_ARC = 64
"""Pieces of a quarter circle; with 32 a round corner would come 3.0e-4 nearer."""
_MORE_EDGES = 32
"""Edges of a line kept before and after those near a window: what a buffer leaves out as too shallow hangs on the edges before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One rule that some subjects have to reckon with."""

    rule: Rule
    possible: BoolArray
    """Whose non-geometric part is not false."""
    certain: BoolArray
    """Whose non-geometric part is true."""
    distance_m: FloatArray
    """How far zones must be kept off, NaN where unknown; 0 for rules on hits."""


def concerns_of(rules: Sequence[Rule], facts: Facts, *, rank: int) -> tuple[Concern, ...]:
    """Return the rules a machine decides, of at least `rank`, that may apply to some of the subjects in `facts`."""
    found: list[Concern] = []
    book = succession(rules)
    for rule in rules:
        if rule.manual or rule.effect.rank < rank or rule.geometry == "engine":
            continue
        rest = rule_applies_but_for_geometry(rule, facts, book)
        if (rest != FALSE).any():
            found.append(
                Concern(rule=rule, possible=rest != FALSE, certain=rest == TRUE, distance_m=buffer_m(rule, facts))
            )
    return tuple(found)


Wanted = tuple[tuple[str, FloatArray, bytes], ...]
"""Layers by name, how far off each of their zones must be kept (metres, -1 where it may be entered), and the same as bytes."""


class ExclusionZones:
    """The zones of a workspace's layers in short pieces, asked by rule and window; layers are indexed when needed, and keep it."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._kept: tuple[BaseGeometry | None, dict[tuple[str, bytes], GeometryArray]] = None, {}

    def around(self, concerns: Iterable[Concern], subject: int, window: BaseGeometry) -> GeometryArray:
        """Return what subject number `subject` must keep clear of near a distance-plane `window`, in EPSG:4490."""
        return self.near(self.wanted(concerns, subject), window)

    def wanted(self, concerns: Iterable[Concern], subject: int) -> Wanted:
        """Return how far off each layer's zones subject number `subject` must keep, wherever it stands."""
        asked: dict[str, FloatArray] = {}
        for concern in concerns:
            name, distance = concern.rule.layer, concern.distance_m[subject]
            if not concern.possible[subject] or np.isnan(distance) or not self._has(name):
                continue
            wanted = self._pieces(name).wanted(concern.rule)
            known = asked.get(name, np.full(len(wanted), -1.0))
            asked[name] = np.where(wanted, np.maximum(known, distance), known)
        return tuple((name, off_m, off_m.tobytes()) for name, off_m in sorted(asked.items()))

    def near(self, wanted: Wanted, window: BaseGeometry) -> GeometryArray:
        """Return what is `wanted` near a distance-plane `window`, in EPSG:4490."""
        kept = self._kept
        if kept[0] is not window:  # another thread may be at another window: each holds on to its own
            kept = self._kept = window, {}
        found = [_known(kept[1], (name, key), partial(self._pieces(name).near, window, off_m)) for name, off_m, key in wanted]
        covers = sorted({self._layers[name].spec.coverage for name, _, _ in wanted})
        outside = [_known(kept[1], (name, b""), partial(self._outside, name, window)) for name in covers]
        return np.concatenate([np.empty(0, dtype=object), *found, *outside])

    def _has(self, name: str) -> bool:
        return name in self._layers and self._layers[name].spec.zones

    def _pieces(self, name: str) -> "_Pieces":
        return self._layers[name].derived("pieces", _Pieces)

    def _outside(self, coverage: str, window: BaseGeometry) -> GeometryArray:
        pieces = self._pieces(coverage)
        covered = shapely.union_all(pieces.near(window, np.zeros(pieces.count)))
        beyond = shapely.get_parts(shapely.difference(window, covered))
        return np.asarray(beyond[shapely.get_dimensions(beyond) == 2])


def _known(
    kept: dict[tuple[str, bytes], GeometryArray], key: tuple[str, bytes], find: Callable[[], GeometryArray]
) -> GeometryArray:
    """Return in EPSG:4490 what `find` finds in a window: many subjects ask the same there."""
    if key not in kept:
        kept[key] = geodesy.geometries_from_local(find())
    return kept[key]


class _Pieces:
    """One layer's zones in the distance plane, polygons cut into pieces of few vertices where a window comes near."""

    def __init__(self, layer: Layer) -> None:
        self._zones = layer.zones
        self.count = len(layer.zones)
        self._wanted: dict[Scope, BoolArray] = {}
        self._local = planes_of_zones(layer)[1].all()
        self._boxes = shapely.bounds(self._local).reshape(-1, 4)
        self._parts: dict[int, list[Piece]] = {}
        """Of each zone that was near a window, valid and cut as far as windows asked; of a zone without area, none."""

    def wanted(self, rule: Rule) -> BoolArray:
        """Return which zones the rule looks at."""
        scope = scope_of(rule)
        if scope not in self._wanted:
            wanted = np.ones(self.count, dtype=bool)
            columns: Mapping[str, tuple[str, ...]] = {"zone_class": scope.zone_classes, "zone_id": scope.zone_ids}
            for column, values in columns.items():
                if values:
                    wanted &= self._zones[column].isin(values).to_numpy()
            self._wanted[scope] = wanted
        return self._wanted[scope]

    def near(self, window: BaseGeometry, off_m: FloatArray) -> GeometryArray:
        """Return the pieces near `window` of zones with `off_m` >= 0, each widened by its zone's `off_m` metres."""
        reach = float(off_m.max(initial=0.0)) * _SCALE
        geoms, owner = self._cut(np.flatnonzero(off_m >= 0), np.array([*window.bounds]) + reach * _OUTWARD)
        at = np.sort(shapely.STRtree(geoms).query(window, predicate="dwithin", distance=reach))
        found, width = geoms[at], off_m[owner[at]] * _SCALE
        wide = width > 0
        found[wide] = shapely.buffer(found[wide], width[wide], quad_segs=_ARC)
        return np.asarray(found)

    def _cut(self, zones: IntArray, box: FloatArray) -> tuple[GeometryArray, IntArray]:
        """Return those of `zones` that come near a box, polygons in pieces and of these only what does; and whose each is."""
        west, south, east, north = box + _OUTWARD
        x0, y0, x1, y1 = self._boxes[zones].T
        zones = zones[(x0 <= east) & (y0 <= north) & (x1 >= west) & (y1 >= south)]
        new = np.array([zone for zone in zones.tolist() if zone not in self._parts], dtype=np.int64)
        self._local[new] = valid_polygons(self._local[new])[0]
        for zone in new.tolist():
            shape = self._local[zone]
            self._parts.setdefault(zone, pieces_of(shapely.get_parts(shape)) if shapely.get_dimensions(shape) == 2 else [])
        parts = [self._parts[zone] for zone in zones.tolist()]
        areal = np.array([bool(part) for part in parts], dtype=bool)
        owner = np.repeat(zones, [len(part) for part in parts])
        pieces, whose = small_pieces([piece for part in parts for piece in part], owner, near=np.array([shapely.box(west, south, east, north)]))
        thin = np.array([_course_near(shape, (west, south, east, north)) for shape in self._local[zones[~areal]]], dtype=object)
        return np.concatenate([pieces, thin]), np.concatenate([whose, zones[~areal]]).astype(np.int64)


def _course_near(shape: BaseGeometry, box: Sequence[float]) -> BaseGeometry:
    """Return of lines the stretches with edges near a box, anything else as it is: a river is long, and a window small."""
    if not isinstance(shape, LineString | MultiLineString):
        return shape
    stretches: list[FloatArray] = []
    for line in shapely.get_parts(shape):
        xy = shapely.get_coordinates(line)
        low, high = np.minimum(xy[:-1], xy[1:]), np.maximum(xy[:-1], xy[1:])
        near = np.flatnonzero((low <= box[2:]).all(axis=1) & (high >= box[:2]).all(axis=1))
        for run in np.split(near, np.flatnonzero(np.diff(near) > 2 * _MORE_EDGES) + 1) if near.size else ():
            stretches.append(xy[max(run[0] - _MORE_EDGES, 0) : run[-1] + _MORE_EDGES + 2])
    return MultiLineString(stretches)
