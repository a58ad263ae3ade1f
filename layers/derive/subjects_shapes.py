"""What outline does each demonstration site have? Parcels, lines and the exact edge cases of DESIGN 4.

All coordinates are CGCS2000 degrees; metric offsets use a local plane about the site, good to 0.1 %.
"""

from collections.abc import Sequence
from math import cos, hypot, pi, radians, sin
from random import Random
from typing import Any

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry
from subjects_land import CONSTRAINTS, METRES_PER_DEGREE, Land, Spot

DECIMALS = 7
"""Parcel vertices are rounded to 1e-7 degree (1 cm); edge cases are not."""


def draw(land: Land, case: dict[str, Any], rng: Random) -> BaseGeometry:
    """Return the geometry of one case of subjects_projects.toml."""
    shape = case.get("shape", "parcel")
    radius_m = float(case.get("radius_m", 60))
    if shape == "edge":
        return along_edge(land, case["zones"][0], float(case["over_m"]))
    if shape == "city_edge":
        return parcel(*_city_vertex(land), 300.0, rng)
    if shape == "outside":
        return parcel(*_beyond_city(land), 80.0, rng)
    wanted = list(case["zones"]) + (["east"] if case.get("east") else [])
    reach = {"two": 3.0, "line": 4.0, "point": 0.5}.get(shape, 1.2)
    spot = land.take(wanted, radius_m=radius_m * reach, allow=case.get("allow", ()))
    return _at(spot, shape, radius_m, rng)


def _at(spot: Spot, shape: str, radius_m: float, rng: Random) -> BaseGeometry:
    if shape == "point":
        return Point(spot.lon, spot.lat)
    if shape == "line":
        steps = [(-4 * radius_m, -radius_m), (-radius_m, 0.4 * radius_m), (radius_m, -0.3 * radius_m)]
        return LineString(offset(spot.lon, spot.lat, [*steps, (4 * radius_m, radius_m)]))
    if shape == "slip":
        # the last corner overshot: the outline crosses itself and a loop of a tenth of a percent hangs outside
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-0.95, 1.05), (-0.95, 0.9)]
        return Polygon(offset(spot.lon, spot.lat, [(x * radius_m, y * radius_m) for x, y in corners]))
    if shape == "two":
        west, east = offset(spot.lon, spot.lat, [(-2 * radius_m, 0), (2 * radius_m, 0)])
        return MultiPolygon([parcel(*west, radius_m, rng), parcel(*east, radius_m, rng)])
    outer = parcel(spot.lon, spot.lat, radius_m, rng)
    if shape == "hole":
        return Polygon(outer.exterior, [parcel(spot.lon, spot.lat, radius_m * 0.3, rng).exterior])
    return outer


def parcel(lon: float, lat: float, radius_m: float, rng: Random) -> Polygon:
    """Return a star-shaped parcel of six to nine corners, 0.75 to 1 times `radius_m` from its middle."""
    corners = 6 + int(4 * rng.random())
    start = 2 * pi * rng.random()
    turns = [start + 2 * pi * (k + 0.5 * rng.random()) / corners for k in range(corners)]
    reach = [radius_m * (0.75 + 0.25 * rng.random()) for _ in turns]
    ring = [(r * cos(t), r * sin(t)) for r, t in zip(reach, turns, strict=True)]
    return Polygon(offset(lon, lat, ring))


def offset(lon: float, lat: float, moves: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that lie (east, north) metres from (lon, lat), rounded."""
    per_lon = METRES_PER_DEGREE * cos(radians(lat))
    return [(round(lon + e / per_lon, DECIMALS), round(lat + n / METRES_PER_DEGREE, DECIMALS)) for e, n in moves]


def along_edge(land: Land, key: str, over_m: float) -> Polygon:
    """Return a site whose one side runs along a zone's edge, `over_m` metres beyond it (negative: short of it).

    For management units the site lies in one unit and reaches over into its neighbour; for any other layer it
    lies outside the zone and reaches into it. At 0 the site shares the two vertices of the edge.
    """
    layer, _, zone_class = key.partition(":")
    frame = land.zones[layer]
    zones = frame[frame["zone_class"] == zone_class] if zone_class else frame
    inside = layer == "management_units"
    for ring in _rings(zones.geometry):
        for start, end in zip(ring[:-1], ring[1:], strict=True):
            site = _beside(start, end, over_m)
            if site is not None and _fits(land, layer, site, inside=inside, over_m=over_m):
                return site
    raise LookupError(f"no straight edge of {key} to build on")


def _rings(shapes: Sequence[BaseGeometry]) -> list[list[tuple[float, float]]]:
    parts = shapely.get_parts(list(shapes))
    return [direction for p in parts for direction in (list(p.exterior.coords), list(p.exterior.coords)[::-1])]


def _beside(start: tuple[float, float], end: tuple[float, float], over_m: float) -> Polygon | None:
    """Return the quadrilateral left of the edge, pushed `over_m` to its right; None unless 60 to 500 m long."""
    per_lon = METRES_PER_DEGREE * cos(radians(start[1]))
    east, north = (end[0] - start[0]) * per_lon, (end[1] - start[1]) * METRES_PER_DEGREE
    length = hypot(east, north)
    if not 60 <= length <= 500:
        return None
    left = (-north / length, east / length)

    def moved(point: tuple[float, float], along: float, aside: float) -> tuple[float, float]:
        x = along * east / length + aside * left[0]
        y = along * north / length + aside * left[1]
        return point[0] + x / per_lon, point[1] + y / METRES_PER_DEGREE

    base = [start, end] if over_m == 0 else [moved(point, 0.0, -over_m) for point in (start, end)]
    return Polygon([*base, moved(end, -0.2 * length, 40.0), moved(start, 0.2 * length, 40.0)])


def _fits(land: Land, layer: str, site: Polygon, *, inside: bool, over_m: float) -> bool:
    """Whether the site touches nothing but the edge it was built on."""
    body = site.buffer(-3e-6)
    if not site.is_valid or body.is_empty:
        return False
    frame = land.zones[layer]
    near = frame.iloc[frame.sindex.query(site, predicate="intersects")]
    if inside and not (len(near) == 2 and near.geometry.contains(body).any()):
        return False
    if not inside and (near.geometry.intersects(body).any() or (over_m >= 0) != (len(near) > 0)):
        return False
    others = (name for name in CONSTRAINTS if name in land.zones and name != layer)
    clear = all(not len(land.zones[name].sindex.query(site.buffer(3e-4), predicate="intersects")) for name in others)
    return clear and len(land.zones["counties"].sindex.query(site, predicate="intersects")) == 1


def _city_vertex(land: Land) -> tuple[float, float]:
    """Return a vertex of the city's outline where no neighbour but open land lies about."""
    outline = shapely.get_coordinates(land.zones["city"].geometry.to_numpy())
    lon, lat = outline[len(outline) // 3]
    return float(lon), float(lat)


def _beyond_city(land: Land) -> tuple[float, float]:
    """Return a place about 5 km west of the city's westernmost point."""
    west = land.zones["city"].total_bounds
    outline = shapely.get_coordinates(land.zones["city"].geometry.to_numpy())
    lat = float(outline[outline[:, 0].argmin(), 1])
    return float(west[0]) - 0.06, lat
