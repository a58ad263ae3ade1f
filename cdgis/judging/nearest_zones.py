"""Nearest zone of each scope for every subject, with a lower bound for the others.

Nearest points are found in the distance plane, distances are geodesic (DESIGN 4.2). That plane (transverse Mercator, true
along its meridian) never shows lengths shorter than they are, and longer by no more than cosh(x / R) at x metres from the
meridian: the gap between two boxes, divided by that, is a distance none can fall below.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import Scope
from cdgis.geometry.kernels import TIE_M, nearest_in_each
from cdgis.judging.extents import Extents, Met
from cdgis.judging.layer_stack import ReadyLayer
from cdgis.judging.measurement import Nearest

_RADIUS_M = 6.3e6
"""Less than the earth's: the plane's scale is never underrated."""
_SLACK_M = 0.01
"""Touching is decided on the other plane, where an edge may run up to 0.4 mm from its course in this one."""
_FEW_ZONES = 8
"""Of a scope with more zones than these the layer's nearest says enough."""


@dataclass(slots=True, kw_only=True)
class ZonesApart:
    """One layer's zones and how far subjects lie from them, measured when somebody asks."""

    extents: Extents
    layer: ReadyLayer
    touching: tuple[IntArray, IntArray]
    """Subjects, and the zones they overlap or touch, sorted."""
    known: tuple[IntArray, FloatArray] | None = None
    """What was found of the nearest of all."""

    @property
    def zone(self) -> IntArray:
        """The nearest zone of all for each subject: its position, -1 where there is none."""
        return self._nearest_of_all()[0]

    @property
    def distance_m(self) -> FloatArray:
        """How far that is; NaN where there is none."""
        return self._nearest_of_all()[1]

    def _nearest_of_all(self) -> tuple[IntArray, FloatArray]:
        if self.known is None:
            find_nearest([self])
        return self.known or (np.empty(0, dtype=np.int64), np.empty(0))

    def nearest(self) -> Nearest:
        """Return the nearest zone of all."""
        names = cache(lambda: self.names(self.zone))
        return Nearest(lambda: self.distance_m, lambda at: (self.distance_m[at], names()[at]))

    def of_scope(self, scope: Scope) -> Nearest:
        """Return the nearest zone of a scope, to be measured when somebody asks."""
        among = self.layer.among.get(scope)
        if among is None:
            among = self.layer.among.setdefault(scope, self._among(scope))
        if not among.any():
            return Nearest.nowhere(len(self.extents.ids))
        return Nearest(
            lambda: self._at_least_m(among, slice(None)), lambda at: self._measured(among, at),
            at_least_of=lambda at: self._at_least_m(among, at),
        )  # fmt: skip

    def _among(self, scope: Scope) -> BoolArray:
        words = self.layer.words
        among = np.ones(len(words["zone_id"]), dtype=bool)
        if scope.zone_classes:
            among &= np.isin(words["zone_class"], scope.zone_classes)
        if scope.zone_ids:
            among &= np.isin(words["zone_id"], scope.zone_ids)
        return among

    def _measured(self, among: BoolArray, at: IntArray) -> tuple[FloatArray, TextArray]:
        """Return distance and id of the nearest zone among some, for the subjects at these positions.

        Where the layer's nearest is one of them it is theirs too.
        """
        if not (at[1:] > at[:-1]).all():
            once, place = np.unique(at, return_inverse=True)
            distance, names = self._measured(among, once)
            return distance[place], names[place]
        zone, distance = self.zone[at], self.distance_m[at]
        other = np.flatnonzero((zone < 0) | ~among[zone])
        if len(other):
            zone[other], distance[other] = self._found(among, at[other])
        return distance, self.names(zone)

    def _found(self, among: BoolArray, once: IntArray) -> tuple[IntArray, FloatArray]:
        """Return position (-1 if there is none) and distance of the nearest zone among some, for distinct subjects."""
        # Touching is decided on the measuring plane, where edges between given vertices are straight.
        counts = among[self.touching[1]]
        touched = np.full(len(self.extents.ids), -1)
        touched[self.touching[0][counts][::-1]] = self.touching[1][counts][::-1]  # the lowest of each is written last
        zone, distance = touched[once], np.where(touched[once] >= 0, 0.0, np.nan)
        apart = np.flatnonzero(zone < 0)
        zone[apart], distance[apart] = self.layer.outlines.nearest_of(self.extents.local_cut, once[apart], among)
        return zone, distance

    def names(self, zone: IntArray) -> TextArray:
        """Return the ids of zones by their positions, "" for -1."""
        ids = self.layer.words["zone_id"]
        names = ids[np.maximum(zone, 0)] if len(ids) else np.full(len(zone), "", dtype=object)
        return np.where(zone >= 0, names, "").astype(object)

    def _at_least_m(self, among: BoolArray, at: IntArray | slice) -> FloatArray:
        x0, y0, x1, y1 = self.extents.local_box[at].T
        boxes = self.layer.boxes[among]
        off_meridian = np.maximum(np.maximum(np.abs(x0), np.abs(x1)), np.abs(boxes[:, [0, 2]]).max())
        stretch = np.cosh(off_meridian / _RADIUS_M)
        # The named zone may be farther than one it ties with.
        least = np.maximum(0.0, self.distance_m[at] - TIE_M) / stretch
        if len(boxes) > _FEW_ZONES:
            return np.asarray(least)
        gaps = [np.hypot(_gap(x0, x1, box[0], box[2]), _gap(y0, y1, box[1], box[3])) for box in boxes]
        return np.asarray(np.maximum(least, (np.min(gaps, axis=0) - _SLACK_M) / stretch))


def _gap(low: FloatArray, high: FloatArray, zone_low: float, zone_high: float) -> FloatArray:
    """Return how far two spans lie apart, 0 where they meet."""
    return np.asarray(np.maximum(0.0, np.maximum(low - zone_high, zone_low - high)))


def zones_apart(extents: Extents, layers: Sequence[ReadyLayer], met: Met) -> list[ZonesApart]:
    """Return what answers for each layer."""
    pairs = met.pairs
    of_touch = met.layer[pairs.touch_zone]
    order = np.argsort(of_touch, kind="stable")
    start = np.searchsorted(of_touch[order], np.arange(len(layers) + 1)).tolist()
    subject, place = pairs.touch_subject[order], met.zone[pairs.touch_zone[order]]
    touching = [(subject[a:b], place[a:b]) for a, b in zip(start, start[1:], strict=False)]
    return [ZonesApart(extents=extents, layer=layer, touching=touching[number]) for number, layer in enumerate(layers)]


def find_nearest(layers: Sequence[ZonesApart]) -> None:
    """Measure the nearest of all zones of some layers, of all their subjects at once."""
    if not layers:
        return
    extents = layers[0].extents
    zone = np.full((len(layers), len(extents.ids)), -1)
    for number, one in enumerate(layers):
        at, zones = one.touching
        zone[number, at[::-1]] = zones[::-1]  # the lowest of those it touches is written last
    distance = np.where(zone >= 0, 0.0, np.nan)
    apart = [np.flatnonzero(row < 0) for row in zone]
    for number, found in enumerate(nearest_in_each([one.layer.outlines for one in layers], extents.local_cut, apart)):
        zone[number, apart[number]], distance[number, apart[number]] = found
    for number, one in enumerate(layers):
        one.known = zone[number], distance[number]


class NearestOfScopes(Mapping[Scope, Nearest]):
    """The nearest zone of each scope in some layers, put together when somebody asks; those asked for are what it holds."""

    def __init__(self, apart: Mapping[str, ZonesApart]) -> None:
        """Answer for any scope in the layers of `apart`."""
        self._apart = apart
        self._kept = {Scope(layer): one.nearest() for layer, one in apart.items()}

    def __getitem__(self, scope: Scope) -> Nearest:
        if scope not in self._kept:
            self._kept[scope] = self._apart[scope.layer].of_scope(scope)
        return self._kept[scope]

    def __iter__(self) -> Iterator[Scope]:
        return iter(dict(self._kept))

    def __len__(self) -> int:
        return len(self._kept)
