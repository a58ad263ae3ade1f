"""How does one site lie to one layer? Overlaps, what is clear, and a ledger that closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from . import planes
from .zones import TOUCH_M, Surveyor, ZoneLayer

ROUNDING_M = 4e-9
"""How far coordinates of five million metres may be off on a plane, after a step or two of arithmetic."""
ALONG_M = 1e-3
"""A line within TOUCH_M of an outline for longer than this runs along it; one inside for less only touches."""
UNITS = ("count", "m", "m2")
NOT_COVERED = (0.5, 0.1, 1.0)
"""How much of a point, line (m) or polygon (m²) may lie outside a coverage before the layer is silent."""


@dataclass(frozen=True)
class Extent:
    """One site on both planes."""

    plane: BaseGeometry
    local: BaseGeometry
    dimension: int
    total: float


@dataclass(frozen=True)
class Lie:
    """How one site lies to one layer."""

    overlaps: list[dict[str, Any]]
    ledger: dict[str, Any]
    clear: dict[str, Any] | None
    hits: dict[int, BaseGeometry]
    """Zone position -> shared geometry on the measuring plane."""
    has_sliver: bool
    covered: bool
    surveyor: Surveyor


def extent_of(lonlat: BaseGeometry) -> Extent:
    """Return a longitude-latitude site with its size."""
    plane = planes.on_plane(lonlat)
    return Extent(
        plane=plane, local=planes.in_distance_plane(plane), dimension=shapely.get_dimensions(plane),
        total=_size(plane, int(shapely.get_dimensions(plane))),
    )  # fmt: skip


def _size(geometry: BaseGeometry, dimension: int) -> float:
    if dimension == 0:
        return 0.0 if geometry.is_empty else 1.0
    return planes.ground_length_m(_parts(geometry, 1)) if dimension == 1 else float(shapely.area(geometry))


def lie(site: Extent, layer: ZoneLayer, coverage: Sequence[BaseGeometry], reach_m: float) -> Lie:
    """Return how `site` lies to every zone of `layer`; zones within `reach_m` that it does not meet are near."""
    close = layer.tree.query(site.plane, predicate="dwithin", distance=TOUCH_M)
    touching = {int(zone) for zone in close}
    shared = {zone: _shared(site.plane, layer.plane[zone]) for zone in sorted(touching)}
    shared = {zone: part for zone, part in shared.items() if not part.is_empty}
    surveyor = Surveyor(site.local, layer, touching)
    slivers = {zone for zone, part in shared.items() if is_sliver(part, _share(part, site))}
    hits = {zone: part for zone, part in shared.items() if zone not in slivers}
    near = {zone: d for zone, d in surveyor.within(max(reach_m, 0.0)).items() if zone not in shared}
    rows = [_row(layer, zone, site, part, zone in slivers) for zone, part in shared.items()]
    rows += [_near_row(layer, zone, distance) for zone, distance in near.items()]
    outside = _size(_outside(site.plane, coverage), site.dimension)
    covered = outside <= NOT_COVERED[site.dimension]
    nearest = surveyor.nearest(range(len(layer.ids))) if covered and not hits else None
    clear = None if nearest is None else {"nearest_zone_id": nearest[1], "distance_m": nearest[0]}
    ledger = _ledger(site, [layer.plane[zone] for zone in shared], outside)
    ledger["doubt_m"] = sum(row["doubt_m"] for row in rows)
    return Lie(rows, ledger, clear, hits, bool(slivers), covered, surveyor)


def _shared(site: BaseGeometry, zone: BaseGeometry) -> BaseGeometry:
    """Return where two interiors meet, in the lesser of the two dimensions."""
    a, b = int(shapely.get_dimensions(site)), int(shapely.get_dimensions(zone))
    if max(a, b) < 2:
        # Lines that cross do so in a point of both interiors.
        return shapely.intersection(site, zone) if shapely.relate_pattern(site, zone, "T********") else shapely.Point()
    thin, area = (site, zone) if a < b else (zone, site)
    if a == b:
        part = _parts(shapely.intersection(site, zone), 2)
        # Shared edges may overlap by the rounding of their coordinates: 1e-8 m along them, 1e-6 m² in a corner.
        return part if shapely.area(part) > _rounding_m2(part) else shapely.Point()
    if shapely.get_dimensions(thin) == 0:
        inside = [p for p in shapely.get_parts(thin) if _well_inside(area, p)]
        return shapely.union_all(inside) if inside else shapely.Point()
    inside = _off_outline(thin, area, TOUCH_M)
    return inside if shapely.length(inside) > ALONG_M else shapely.Point()


def _off_outline(line: BaseGeometry, area: BaseGeometry, touch_m: float) -> BaseGeometry:
    """Return the part of a line inside an area, without what runs along its outline, nearer than `touch_m`."""
    part = _parts(shapely.intersection(line, area), 1)
    return _parts(shapely.difference(part, _run_along(part, area, touch_m)), 1)


def length_doubt_m(site: BaseGeometry, zone: BaseGeometry) -> float:
    """Return how well the shared length of a line and an area can be known.

    A line that leaves an outline at a small angle is neither along it nor off it over ROUNDING_M / sin(angle).
    """
    if {int(shapely.get_dimensions(site)), int(shapely.get_dimensions(zone))} != {1, 2}:
        return 0.0
    line, area = (site, zone) if shapely.get_dimensions(site) == 1 else (zone, site)
    longest, shortest = (_off_outline(line, area, TOUCH_M + by).length for by in (-ROUNDING_M, ROUNDING_M))
    return max(0.0, float(longest - shortest))


def _well_inside(area: BaseGeometry, point: BaseGeometry) -> bool:
    """Return whether a point lies inside an area and not, to rounding, on its outline."""
    return bool(shapely.contains(area, point) and shapely.distance(shapely.boundary(area), point) > TOUCH_M)


def _run_along(line: BaseGeometry, area: BaseGeometry, touch_m: float) -> BaseGeometry:
    """Return the strip around an outline that a line keeps to, empty where it only crosses."""
    if line.is_empty:
        return line
    x0, y0, x1, y1 = line.bounds
    outline = shapely.intersection(shapely.boundary(area), shapely.box(x0 - 1, y0 - 1, x1 + 1, y1 + 1))
    strip = shapely.buffer(outline, touch_m)
    stretches = shapely.get_parts(shapely.intersection(line, strip))
    return strip if any(shapely.length(stretch) > ALONG_M for stretch in stretches) else shapely.Point()


def _parts(geometry: BaseGeometry, dimension: int) -> BaseGeometry:
    parts = [p for p in shapely.get_parts(geometry) if shapely.get_dimensions(p) == dimension and not p.is_empty]
    return shapely.MultiLineString(parts) if dimension == 1 else shapely.union_all(parts)


def _share(part: BaseGeometry, site: Extent) -> float:
    if shapely.get_dimensions(part) != site.dimension or site.total == 0:
        return 0.0
    size = _size(part, site.dimension)
    whole = site.dimension == 2 and site.total - size <= _rounding_m2(site.plane)
    return 1.0 if whole else min(1.0, size / site.total)


def _rounding_m2(area: BaseGeometry) -> float:
    return 1e-8 * float(shapely.length(area)) + 1e-6


def is_sliver(part: BaseGeometry, share: float) -> bool:
    """Return whether an overlap is too small or too thin to decide anything."""
    dimension = shapely.get_dimensions(part)
    if dimension == 0 or share >= 0.5:
        return False
    if dimension == 1:
        return planes.ground_length_m(part) <= 0.1
    return bool(shapely.area(part) <= 1.0) or not _holds_disc(part)


def _holds_disc(part: BaseGeometry) -> bool:
    """Return whether a disc of 0.1 m diameter fits into an overlap."""
    local = planes.in_distance_plane(part)
    roomy = shapely.area(local) > 0.05 * shapely.length(local)
    return bool(roomy or not shapely.buffer(local, -0.05).is_empty)


def _row(layer: ZoneLayer, zone: int, site: Extent, part: BaseGeometry, sliver: bool) -> dict[str, Any]:
    share = _share(part, site)
    relation = "sliver" if sliver else "inside" if share >= 1 - 1e-9 else "crosses"
    dimension = shapely.get_dimensions(part)
    return {
        "zone_id": layer.ids[zone], "zone_class": layer.classes[zone], "relation": relation, "share": share,
        "area_m2": float(shapely.area(part)), "length_m": planes.ground_length_m(part) if dimension == 1 else 0.0,
        "distance_m": 0.0, "doubt_m": length_doubt_m(site.plane, layer.plane[zone]),
    }  # fmt: skip


def _near_row(layer: ZoneLayer, zone: int, distance_m: float) -> dict[str, Any]:
    return {
        "zone_id": layer.ids[zone], "zone_class": layer.classes[zone], "relation": "near", "share": 0.0,
        "area_m2": 0.0, "length_m": 0.0, "distance_m": distance_m, "doubt_m": 0.0,
    }  # fmt: skip


def _outside(site: BaseGeometry, zones: Sequence[BaseGeometry]) -> BaseGeometry:
    return reduce(shapely.difference, zones, site)


def _ledger(site: Extent, zones: Sequence[BaseGeometry], not_covered: float) -> dict[str, Any]:
    """Return what lies inside the zones (overlapping ones once), beyond the coverage, and elsewhere."""
    if site.dimension == 0:
        inside = float(bool(zones))
    elif site.dimension == 2 and all(shapely.get_dimensions(zone) == 2 for zone in zones):
        inside = site.total - _size(_outside(site.plane, zones), site.dimension)
    else:
        parts = [_parts(_shared(site.plane, zone), site.dimension) for zone in zones]
        # Cuts of one slanting line differ in the last bits; on a grid they are one line again.
        inside = _size(shapely.union_all(parts, grid_size=TOUCH_M), site.dimension) if parts else 0.0
    inside = min(max(inside, 0.0), site.total)
    uncovered = min(not_covered, site.total - inside)
    return {
        "unit": UNITS[site.dimension], "inside": inside, "uncovered": uncovered,
        "outside": site.total - inside - uncovered, "total": site.total,
    }  # fmt: skip
