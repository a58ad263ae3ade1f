"""Where may a demonstration subject stand? Seeded candidate points with the zones each one lies in.

A candidate is a point on the map plus the set of ``layer`` and ``layer:class`` keys that contain it.
Placing a subject means: take the first unused candidate that lies in every wanted zone and in no
other constraint layer, so each shipped case shows the one thing it is there to show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

SEED = "cdgis-demo-2026"
"""Every random stream is Random(f"{SEED}:{purpose}"): adding one subject never moves another."""

METRES_PER_DEGREE = 111_320.0

CONSTRAINTS = (
    "ecological_redline",
    "water_source_zones",
    "permanent_farmland",
    "wetlands",
    "built_up",
    "outfall_zones",
    "nature_reserves",
    "nature_reserves_three_zone",
    "nature_parks",
    "protected_forest",
    "basic_grassland",
    "river_management",
    "contaminated_land",
    "strict_farmland",
    "derelict_land",
    "livestock_ban",
    "heritage",
    "sandy_land",
    "no_burn_zones",
)
"""Layers a subject keeps clear of unless its case names them."""

IMPLIED = {
    "nature_reserves": ("ecological_redline", "nature_reserves_three_zone", "protected_forest"),
    "water_source_zones": ("outfall_zones", "livestock_ban"),
    "built_up": ("no_burn_zones", "livestock_ban"),
    "no_burn_zones": ("built_up", "livestock_ban"),
    "ecological_redline": ("protected_forest",),
    "river_management": ("outfall_zones",),
    "wetlands": ("river_management", "outfall_zones"),
    "heritage": ("built_up", "no_burn_zones", "livestock_ban"),
    "nature_parks": ("protected_forest", "ecological_redline"),
}
"""Layers that usually overlap a wanted one and are tolerated with it."""

TRIES = 60
"""Places looked at closely before a case makes do with a less pure one."""


def stream(purpose: str) -> Random:
    """Return the random stream of one purpose; same bytes on every platform (text seeds go through SHA-512)."""
    return Random(f"{SEED}:{purpose}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One candidate place."""

    lon: float
    lat: float
    county: str
    keys: frozenset[str]
    """``layer`` and ``layer:class`` of every zone that contains the point."""
    basin: str = ""
    park: str = ""


@dataclass(slots=True)
class Land:
    """The zone layers, the candidate places drawn from them, and which are taken."""

    zones: dict[str, GeoDataFrame]
    spots: tuple[Spot, ...]
    lines: dict[str, GeoDataFrame] = field(default_factory=dict)
    """Line and point layers, for sites that lie beside one."""
    trees: dict[str, STRtree] = field(init=False)
    taken: set[int] = field(default_factory=set)
    near: list[tuple[float, float]] = field(default_factory=list)
    ranks: dict[tuple[tuple[str, ...], frozenset[str]], list[int]] = field(default_factory=dict)
    shapes: dict[str, np.ndarray] = field(default_factory=dict)
    """Layer, or ``layer:class`` -> its shapes, prepared."""

    def __post_init__(self) -> None:
        """Index every layer once."""
        self.trees = {layer: STRtree(frame.geometry.to_numpy()) for layer, frame in self.zones.items()}

    def take(self, wanted: Sequence[str], *, radius_m: float = 60.0, allow: Iterable[str] = ()) -> Spot:
        """Return a free place in all `wanted` zones whose surroundings of `radius_m` avoid other constraints.

        The demand is relaxed step by step where the map offers nothing better: first the surroundings,
        then the other constraints.
        """
        layers = {key.split(":")[0] for key in wanted}
        tolerated = layers | set(allow) | {x for layer in layers for x in IMPLIED.get(layer, ())}
        free = [i for i in self._ranked(tuple(wanted), frozenset(tolerated)) if i not in self.taken]
        fallback, tried = -1, 0
        for i in free:
            if not self._apart(self.spots[i]):
                continue
            if self._pure(self.spots[i], wanted, tolerated, radius_m):
                return self._mark(i)
            fallback, tried = (i if fallback < 0 else fallback), tried + 1
            if tried == TRIES:
                break
        if fallback < 0:
            raise LookupError(f"no free place in {'+'.join(wanted)}")
        return self._mark(fallback)

    def _ranked(self, wanted: tuple[str, ...], tolerated: frozenset[str]) -> list[int]:
        """Return the places inside all `wanted` zones, those in the fewest foreign constraint layers first."""
        case = (wanted, tolerated)
        if case not in self.ranks:
            fits = [i for i, spot in enumerate(self.spots) if spot.keys.issuperset(wanted)]
            self.ranks[case] = sorted(fits, key=lambda i: (len(_foreign(self.spots[i].keys, tolerated)), i))
        return self.ranks[case]

    def _mark(self, index: int) -> Spot:
        spot = self.spots[index]
        self.taken.add(index)
        self.near.append((spot.lon, spot.lat))
        return spot

    def _apart(self, spot: Spot) -> bool:
        """Whether the place is at least about 150 m from every other subject."""
        return all(abs(spot.lon - lon) > 0.002 or abs(spot.lat - lat) > 0.0014 for lon, lat in self.near)

    def _pure(self, spot: Spot, wanted: Sequence[str], tolerated: set[str], radius_m: float) -> bool:
        disc = square_around(spot.lon, spot.lat, radius_m)
        foreign = (layer for layer in CONSTRAINTS if layer not in tolerated)
        if any(len(self.trees[layer].query(disc, predicate="intersects")) for layer in foreign):
            return False
        return all(self._inside(key, disc) for key in wanted if key.split(":")[0] in self.trees)

    def _inside(self, key: str, disc: BaseGeometry) -> bool:
        layer, _, zone_class = key.partition(":")
        tree, classes = self.trees[layer], self.zones[layer]["zone_class"].to_numpy()
        near = [i for i in tree.query(disc, predicate="intersects") if not zone_class or classes[i] == zone_class]
        return bool(near) and shapely.union_all(tree.geometries[near]).contains(disc)


def _foreign(keys: frozenset[str], tolerated: frozenset[str]) -> set[str]:
    return {key for key in keys if ":" not in key and key in CONSTRAINTS and key not in tolerated}


def square_around(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return the square of half side `radius_m` about a point, degrees."""
    dlat = radius_m / METRES_PER_DEGREE
    dlon = dlat / np.cos(np.radians(lat))
    return shapely.box(lon - dlon, lat - dlat, lon + dlon, lat + dlat)
