"""Nearest zone of each scope for every subject, with a lower bound for the others.

Nearest points are found in the distance plane, distances are geodesic (DESIGN 4.2). That plane (transverse Mercator, true
along its meridian) never shows lengths shorter than they are, and longer by no more than cosh(x / R) at x metres from the
meridian: the gap between two boxes, divided by that, is a distance none can fall below.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import Scope
from cdgis.geometry.kernels import TIE_M, OutlineIndex, Pairs
from cdgis.judging.extents import Extents
from cdgis.judging.measurement import Nearest

_RADIUS_M = 6.3e6
"""Less than the earth's: the plane's scale is never underrated."""
_SLACK_M = 0.01
"""Touching is decided on the other plane, where an edge may run up to 0.4 mm from its course in this one."""
_FEW_ZONES = 8
"""Of a scope with more zones than these the layer's nearest says enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anywhere:
    """The nearest of all zones of a layer."""

    zone: IntArray
    """Position, -1 where there is none."""
    distance_m: FloatArray
    nearest: Nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesApart:
    """One layer's zones and how far subjects lie from them."""

    extents: Extents
    zone_id: TextArray
    zone_class: TextArray
    subject_box: FloatArray
    """With `zone_box`: west, south, east and north in the distance plane, metres."""
    zone_box: FloatArray
    outlines: OutlineIndex
    touch_subject: IntArray
    """With `touch_zone`: the pairs that overlap or touch, sorted."""
    touch_zone: IntArray
    among: dict[Scope, BoolArray]
    """Which zones are in a scope, kept for the next set of subjects."""

    @classmethod
    def of(
        cls, extents: Extents, words: Mapping[str, TextArray], shapes: tuple[FloatArray, OutlineIndex], pairs: Pairs,
        among: dict[Scope, BoolArray],
    ) -> "ZonesApart":
        """Return what answers for one layer, `shapes` being its zones' boxes in the distance plane and their outlines."""
        return cls(
            extents=extents, zone_id=words["zone_id"], zone_class=words["zone_class"], subject_box=extents.local_box,
            zone_box=shapes[0], outlines=shapes[1], touch_subject=pairs.touch_subject, touch_zone=pairs.touch_zone,
            among=among,
        )  # fmt: skip

    def anywhere(self) -> "Anywhere":
        """Return the nearest zone of all, measured."""
        zone, distance = self._found(np.ones(len(self.zone_id), bool), np.arange(len(self.extents.ids)))
        return Anywhere(zone=zone, distance_m=distance, nearest=Nearest.known(distance, self._names(zone)))

    def of_scope(self, scope: Scope, anywhere: "Anywhere") -> Nearest:
        """Return the nearest zone of a scope, to be measured when somebody asks; `anywhere` is the layer's."""
        among = self.among.get(scope)
        if among is None:
            among = self.among.setdefault(scope, self._among(scope))
        if not among.any():
            return Nearest.nowhere(len(self.extents.ids))
        return Nearest(lambda: self._at_least_m(among, anywhere.distance_m), lambda at: self._measured(among, at, anywhere))

    def _among(self, scope: Scope) -> BoolArray:
        among = np.ones(len(self.zone_id), dtype=bool)
        if scope.zone_classes:
            among &= np.isin(self.zone_class, scope.zone_classes)
        if scope.zone_ids:
            among &= np.isin(self.zone_id, scope.zone_ids)
        return among

    def _measured(self, among: BoolArray, at: IntArray, anywhere: "Anywhere") -> tuple[FloatArray, TextArray]:
        """Return distance and id of the nearest zone among some, for the subjects at these positions.

        Where the layer's nearest is one of them it is theirs too.
        """
        once, place = np.unique(at, return_inverse=True)
        zone, distance = anywhere.zone[once], anywhere.distance_m[once]
        other = np.flatnonzero((zone < 0) | ~among[zone])
        if len(other):
            zone[other], distance[other] = self._found(among, once[other])
        return distance[place], self._names(zone[place])

    def _found(self, among: BoolArray, once: IntArray) -> tuple[IntArray, FloatArray]:
        """Return position (-1 if there is none) and distance of the nearest zone among some, for distinct subjects."""
        # Touching is decided on the measuring plane, where edges between given vertices are straight.
        counts = among[self.touch_zone]
        touching, first = np.unique(self.touch_subject[counts], return_index=True)
        touched = np.full(len(self.extents.ids), -1)
        touched[touching] = self.touch_zone[counts][first]
        zone, distance = touched[once], np.where(touched[once] >= 0, 0.0, np.nan)
        apart = np.flatnonzero(zone < 0)
        cut = self.extents.local_cut
        some = cut if len(apart) == len(cut.whole) else cut.only(once[apart])
        zone[apart], distance[apart] = self.outlines.nearest(some, among)
        return zone, distance

    def _names(self, zone: IntArray) -> TextArray:
        names = self.zone_id[np.maximum(zone, 0)] if len(self.zone_id) else np.full(len(zone), "", dtype=object)
        return np.where(zone >= 0, names, "").astype(object)

    def _at_least_m(self, among: BoolArray, nearest_m: FloatArray) -> FloatArray:
        x0, y0, x1, y1 = self.subject_box.T
        boxes = self.zone_box[among]
        off_meridian = np.maximum(np.maximum(np.abs(x0), np.abs(x1)), np.abs(boxes[:, [0, 2]]).max())
        stretch = np.cosh(off_meridian / _RADIUS_M)
        # The named zone may be farther than one it ties with.
        least = np.maximum(0.0, nearest_m - TIE_M) / stretch
        if len(boxes) > _FEW_ZONES:
            return np.asarray(least)
        gaps = [np.hypot(_gap(x0, x1, box[0], box[2]), _gap(y0, y1, box[1], box[3])) for box in boxes]
        return np.asarray(np.maximum(least, (np.min(gaps, axis=0) - _SLACK_M) / stretch))


def _gap(low: FloatArray, high: FloatArray, zone_low: float, zone_high: float) -> FloatArray:
    """Return how far two spans lie apart, 0 where they meet."""
    return np.asarray(np.maximum(0.0, np.maximum(low - zone_high, zone_low - high)))
