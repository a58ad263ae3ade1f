"""Where do the sites lie that show the newer laws? Inside named zones, or so far from named lines (subjects_law.toml).

    at = ["farmland"]                         inside a zone of each
    near = { "roads:国道" = [300, 900] }       at such a distance, metres, from the nearest of these
    line = true                               a line of about 300 m across the nearest of `near`, else a parcel
"""

from math import cos, radians
from random import Random
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from subjects_land import CONSTRAINTS, IMPLIED, METRES_PER_DEGREE, Land, square_around, stream
from subjects_shapes import offset, parcel

TRIES = 6000
EXTRA = {"resort_zones": ("heritage",), "scenic_cores": ("heritage",), "great_wall_zones": ("heritage",),
         "miyun_range": ("river_management",), "fish_reserves": ("river_management", "outfall_zones"),
         "closed_sandy": ("sandy_land",), "flood_works": ("river_management", "built_up", "no_burn_zones", "livestock_ban"),
         "urban_boundary:城镇开发边界内": ("built_up", "no_burn_zones", "livestock_ban"),
         "heat_networks": ("built_up", "no_burn_zones", "livestock_ban"),
         "groundwater_limits": ("built_up", "no_burn_zones", "livestock_ban"), "forest_grades": ("protected_forest",)}  # fmt: skip
"""Older constraint layers that come with a newer one."""


def place(land: Land, case: dict[str, Any]) -> BaseGeometry:
    """Return the site's outline in degrees, the same for the same layers.

    Raises
    ------
    LookupError : no such place among `TRIES`.
    """
    rng = stream(f"law:{case['id']}")
    radius_m = float(case.get("radius_m", 35))
    tolerated = _tolerated([*case["at"], *case.get("near", ()), *case.get("allow", ())])
    best: tuple[int, Point] | None = None
    for _ in range(TRIES):
        spot = _draw(land, case, rng)
        disc = square_around(spot.x, spot.y, radius_m)
        if not _fits(land, case, spot, disc):
            continue
        foreign = sum(
            1 for layer in CONSTRAINTS if layer not in tolerated and len(land.trees[layer].query(disc, predicate="intersects"))
        )
        if best is None or foreign < best[0]:
            best = (foreign, spot)
        if not foreign:
            break
    if best is None:
        raise LookupError(f"no place for {case['id']}")
    spot = best[1]
    land.near.append((spot.x, spot.y))
    return _across(land, case, spot) if case.get("line") else parcel(spot.x, spot.y, radius_m, rng)


def _tolerated(keys: list[str]) -> set[str]:
    layers = {key.split(":")[0] for key in keys}
    more = [x for key in keys for x in (*EXTRA.get(key, ()), *EXTRA.get(key.split(":")[0], ()))]
    return layers | set(more) | {x for layer in layers for x in IMPLIED.get(layer, ())}


def _shapes(land: Land, key: str) -> np.ndarray:
    """Return the shapes of a layer, or of one class of it, prepared: thousands of places are tried on each."""
    if key not in land.shapes:
        layer, _, zone_class = key.partition(":")
        frame = land.zones[layer] if layer in land.zones else land.lines[layer]
        found = (frame[frame["zone_class"] == zone_class] if zone_class else frame).geometry.to_numpy()
        shapely.prepare(found)
        land.shapes[key] = found
    return land.shapes[key]


def _draw(land: Land, case: dict[str, Any], rng: Random) -> Point:
    """Return a place in the first zone named, or beside the first line."""
    if case["at"]:
        shapes = _shapes(land, case["at"][0])
        shape = shapes[int(rng.random() * len(shapes))]
        west, south, east, north = shape.bounds
        return Point(round(west + (east - west) * rng.random(), 6), round(south + (north - south) * rng.random(), 6))
    key, (least, most) = next(iter(case["near"].items()))
    shapes = _shapes(land, key)
    shape = shapes[int(rng.random() * len(shapes))]
    outline = shape if shape.geom_type in ("Point", "LineString", "MultiLineString") else shape.boundary
    on = shapely.line_interpolate_point(outline, rng.random(), normalized=True) if outline.length else outline
    reach = (least + (most - least) * rng.random()) / METRES_PER_DEGREE
    turn = 2 * np.pi * rng.random()
    return Point(round(on.x + reach * np.cos(turn) / cos(radians(on.y)), 7), round(on.y + reach * np.sin(turn), 7))


def _fits(land: Land, case: dict[str, Any], spot: Point, disc: BaseGeometry) -> bool:
    if not len(land.trees["counties"].query(spot, predicate="within")):
        return False
    x, y = spot.x, spot.y
    if any(abs(x - lon) < 0.002 and abs(y - lat) < 0.0014 for lon, lat in land.near):
        return False
    for key in case["at"]:
        whole = disc if case.get("whole", True) else spot
        if not shapely.contains(_shapes(land, key), whole).any():
            return False
    return all(
        least <= _distance_m(_shapes(land, key), spot) <= most for key, (least, most) in case.get("near", {}).items()
    )


def _distance_m(shapes: np.ndarray, spot: Point) -> float:
    """Return the distance in metres to the nearest of `shapes` (plane at the spot, good to 0.5 %)."""
    shrink = cos(radians(spot.y))
    flat = shapely.transform(shapes, lambda xy: xy * [shrink, 1.0])
    return float(shapely.distance(flat, Point(spot.x * shrink, spot.y)).min()) * METRES_PER_DEGREE


def _across(land: Land, case: dict[str, Any], spot: Point) -> LineString:
    """Return a line of about 300 m through `spot` across the nearest of the first line layer named."""
    shapes = _shapes(land, next(iter(case["near"])))
    line = shapes[int(shapely.distance(shapes, spot).argmin())]
    at = shapely.line_locate_point(line, spot)
    here, there = (shapely.line_interpolate_point(line, at + step) for step in (-0.0005, 0.0005))
    east, north = (there.x - here.x) * cos(radians(spot.y)), there.y - here.y
    length = float(np.hypot(east, north))
    aside = (-north / length * 150, east / length * 150)
    return LineString(offset(spot.x, spot.y, [(-aside[0], -aside[1]), aside]))
