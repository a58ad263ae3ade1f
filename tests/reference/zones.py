"""Which zones are there, and which of them is nearest? One layer file, one zone after the other."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from . import planes
from .statute import ROOT

TOUCH_M = 1e-6
NOWHERE = (float("nan"), "")


@dataclass(frozen=True)
class ZoneLayer:
    """The zones of one catalogue entry in both planes."""

    name: str
    coverage: str
    accuracy_m: float
    ids: list[str]
    names: list[str]
    classes: list[str]
    plane: list[BaseGeometry]
    local: list[BaseGeometry]
    tree: shapely.STRtree = field(repr=False)
    boxes: Any = field(repr=False)
    """Bounds in the distance plane, one row a zone."""
    _scopes: dict[tuple[str, ...], list[int]] = field(default_factory=dict, repr=False)

    def among(self, classes: Sequence[str], ids: Sequence[str]) -> list[int]:
        """Return the positions of the zones a rule speaks of; no classes or no ids means all."""
        key = (*classes, "|", *ids)
        if key not in self._scopes:
            self._scopes[key] = [
                i for i, (zone_class, zone_id) in enumerate(zip(self.classes, self.ids, strict=True))
                if (not classes or zone_class in classes) and (not ids or zone_id in ids)
            ]  # fmt: skip
        return self._scopes[key]


@cache
def read_layers() -> dict[str, ZoneLayer]:
    """Return every layer sites are overlaid with, and the coverages they speak within, in catalogue order."""
    catalogue = tomllib.loads((ROOT / "layers" / "catalog.toml").read_text("utf-8"))["layers"]
    vector = {name: entry for name, entry in catalogue.items() if entry["geometry"] in ("point", "line", "polygon")}
    wanted = {name for name, entry in vector.items() if entry.get("zones", True)}
    wanted |= {entry["coverage"] for entry in vector.values() if entry.get("coverage")}
    return {name: _read(name, vector[name]) for name in vector if name in wanted}


def catalogue_frames(root: Path) -> Iterator[tuple[str, list[str], Sequence[BaseGeometry]]]:
    """Yield the name, the zone ids and the geometries (EPSG:4490) of every layer that sites are overlaid with."""
    catalogue = tomllib.loads((root / "layers" / "catalog.toml").read_text("utf-8"))["layers"]
    for name, entry in catalogue.items():
        if entry["geometry"] in ("point", "line", "polygon") and entry.get("zones", True):
            frame = pyogrio.read_dataframe(root / "layers" / entry["path"])
            yield name, _column(frame, entry, "zone_id"), list(frame.geometry)


def _read(name: str, entry: dict[str, Any]) -> ZoneLayer:
    frame = pyogrio.read_dataframe(ROOT / "layers" / entry["path"])
    if frame.crs.to_epsg() != 4490 or not frame.geometry.is_valid.all():
        raise ValueError(f"{name}: the reference reads only valid EPSG:4490 layers")
    plane = [planes.on_plane(geometry) for geometry in frame.geometry]
    local = [planes.in_distance_plane(geometry) for geometry in plane]
    classes = _column(frame, entry, "zone_class")
    return ZoneLayer(
        name=name, coverage=entry.get("coverage", ""), accuracy_m=float(entry["accuracy_m"]),
        ids=_column(frame, entry, "zone_id"), names=_column(frame, entry, "zone_name"),
        classes=[entry.get("classes", {}).get(word, word) for word in classes],
        plane=plane, local=local, tree=shapely.STRtree(plane), boxes=shapely.bounds(np.array(local, dtype=object)),
    )  # fmt: skip


def _column(frame: Any, entry: dict[str, Any], name: str) -> list[str]:
    for candidate in entry["fields"].get(name, []):
        if candidate in frame.columns:
            return [str(value) for value in frame[candidate]]
    return [""] * len(frame)


class Surveyor:
    """Distances from one site to zones, each measured once and only when a nearer one is still possible."""

    def __init__(self, local: BaseGeometry, layer: ZoneLayer, touching: set[int]) -> None:
        self._local, self._layer, self._touching = local, layer, touching
        x0, y0, x1, y1 = local.bounds
        zx0, zy0, zx1, zy1 = layer.boxes.T
        beside = np.maximum(0, np.maximum(zx0 - x1, x0 - zx1))
        above = np.maximum(0, np.maximum(zy0 - y1, y0 - zy1))
        # The distance plane stretches by less than 1e-3.
        self.at_least_m = np.hypot(beside, above) * (1 - 1e-3)
        self._measured: dict[int, float] = {}
        self._apart: dict[int, float] = {}
        self._nearest: dict[tuple[int, ...], tuple[float, str]] = {}

    def distance_m(self, zone: int) -> float:
        """Return the geodesic distance to one zone; 0 where it touches or overlaps."""
        if zone not in self._measured:
            apart = zone not in self._touching
            self._measured[zone] = planes.ground_distance_m(self._local, self._layer.local[zone]) if apart else 0.0
        return self._measured[zone]

    def nearest(self, among: Sequence[int]) -> tuple[float, str]:
        """Return the distance and the id of the nearest zone among some; NaN and "" where there are none.

        Which is nearest is seen in the distance plane, how far it is on the ground. Zones that are equally near to
        within TOUCH_M share that point or might as well: the lowest id is named.
        """
        asked = tuple(among)
        if asked not in self._nearest:
            self._nearest[asked] = self._find(asked)
        return self._nearest[asked]

    def _find(self, among: tuple[int, ...]) -> tuple[float, str]:
        met = [zone for zone in among if zone in self._touching]
        if met:
            return 0.0, min(self._layer.ids[zone] for zone in met)
        best, close = float("inf"), []
        for zone in sorted(among, key=lambda i: self.at_least_m[i]):
            if self.at_least_m[zone] > best + TOUCH_M:
                break
            close.append(zone)
            best = min(best, self._apart_m(zone))
        tied = [zone for zone in close if self._apart_m(zone) <= best + TOUCH_M]
        if not tied:
            return NOWHERE
        winner = min(tied, key=lambda zone: self._layer.ids[zone])
        return self.distance_m(winner), self._layer.ids[winner]

    def _apart_m(self, zone: int) -> float:
        """Return how far a zone lies in the distance plane."""
        if zone not in self._apart:
            self._apart[zone] = float(shapely.distance(self._local, self._layer.local[zone]))
        return self._apart[zone]

    def within(self, reach_m: float) -> dict[int, float]:
        """Return the zones that touch, or lie within a positive reach, and how far each is."""
        close = {int(zone) for zone in np.flatnonzero(self.at_least_m <= reach_m)} if reach_m > 0 else set()
        found = {zone: self.distance_m(zone) for zone in sorted(close | self._touching)}
        return {zone: distance for zone, distance in found.items() if distance <= reach_m or zone in self._touching}
