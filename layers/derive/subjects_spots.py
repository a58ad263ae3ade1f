"""Which places does the map offer for demonstration subjects? Seeded points and the zones each lies in.

Points come from valleys and towns, from inside every constraint layer, and from around the sensitive receptors.
"""

import tomllib
from pathlib import Path
from random import Random

import geopandas as gpd
import numpy as np
import shapely
from geopandas import GeoDataFrame
from subjects_land import CONSTRAINTS, METRES_PER_DEGREE, Land, Spot, stream

RECEPTOR_BANDS = (("0-100", 100.0), ("100-400", 400.0), ("400-1000", 1000.0))
"""Distance bands to the nearest sensitive receptor, metres; farther is ``far``."""

EAST_OF_DEG = 118.5
"""Places east of this meridian belong to 3-degree zone 40 and carry the key ``east``."""

LABELS = {"counties": "county", "basins": "basin", "parks": "park"}
"""Layers whose zone name goes with a spot."""

SAMPLED = (*CONSTRAINTS, "parks")


def load_zones(layers_dir: Path) -> dict[str, GeoDataFrame]:
    """Return every polygon layer of the catalogue with zone_id, zone_name, zone_class; EPSG:4490 degrees."""
    catalog = tomllib.loads((layers_dir / "catalog.toml").read_text(encoding="utf-8"))["layers"]
    frames: dict[str, GeoDataFrame] = {}
    for layer, spec in catalog.items():
        if spec["geometry"] in ("raster", "table") or layer == "forest_stands":
            continue
        frame = gpd.read_file(layers_dir / spec["path"])
        columns = {column: frame[names[0]].astype(str) for column, names in spec.get("fields", {}).items()}
        classes = spec.get("classes", {})
        if "zone_class" in columns:
            columns["zone_class"] = columns["zone_class"].map(lambda c, table=classes: table.get(c, c))
        columns.setdefault("zone_class", columns["zone_id"].map(lambda _: ""))
        frames[layer] = GeoDataFrame(columns, geometry=frame.geometry.values, crs=4490)
    return frames


def survey_land(layers_dir: Path) -> Land:
    """Return the candidate places of the workspace in `layers_dir`, in a fixed order."""
    zones = load_zones(layers_dir)
    polygons = {k: f for k, f in zones.items() if f.geom_type.isin(["Polygon", "MultiPolygon"]).all()}
    points = _valley_points(zones)
    for layer in SAMPLED:
        for zone_class in sorted(polygons[layer]["zone_class"].unique()):
            part = polygons[layer][polygons[layer]["zone_class"] == zone_class]
            points += _points_within(part, stream(f"{layer}:{zone_class}"), 240 if layer == "parks" else 140)
    receptors = shapely.get_coordinates(zones["receptors"].geometry.to_numpy())
    points += _points_about(receptors)
    coordinates = np.array(points)
    keys = _membership(polygons, coordinates)
    _add_receptor_bands(keys, coordinates, receptors)
    spots = [_spot(x, y, names) for (x, y), names in zip(points, keys, strict=True)]
    others = {name: frame for name, frame in zones.items() if name not in polygons}
    return Land(zones=polygons, spots=tuple(s for s in spots if s.county), lines=others)


def _spot(lon: float, lat: float, names: set[str]) -> Spot:
    labels = dict(name.split("=", 1) for name in sorted(names, reverse=True) if "=" in name)
    keys = frozenset(name for name in names if "=" not in name)
    return Spot(lon=lon, lat=lat, keys=keys, **{label: labels.get(label, "") for label in LABELS.values()})


def _membership(polygons: dict[str, GeoDataFrame], coordinates: np.ndarray) -> list[set[str]]:
    """Return, for each point, the keys of the zones that contain it."""
    keys: list[set[str]] = [set() for _ in coordinates]
    points = shapely.points(coordinates)
    for layer, frame in polygons.items():
        at, zone = frame.sindex.query(points, predicate="intersects")
        classes, names = frame["zone_class"].to_numpy(), frame["zone_name"].to_numpy()
        for i, j in zip(at, zone, strict=True):
            keys[i] |= {layer, f"{layer}:{classes[j]}"}
            if layer in LABELS:
                keys[i].add(f"{LABELS[layer]}={names[j]}")
    return keys


def _add_receptor_bands(keys: list[set[str]], coordinates: np.ndarray, receptors: np.ndarray) -> None:
    """Add ``receptors:<band>``: how far, in metres, the nearest sensitive receptor is (plane at 41 degrees)."""
    shrink = np.cos(np.radians(41.0))
    for names, (lon, lat) in zip(keys, coordinates, strict=True):
        east, north = (receptors[:, 0] - lon) * shrink, receptors[:, 1] - lat
        distance = float(np.sqrt((east**2 + north**2).min())) * METRES_PER_DEGREE
        band = next((b for b, top in RECEPTOR_BANDS if distance < top), "far")
        names.add(f"receptors:{band}")
        if lon > EAST_OF_DEG:
            names.add("east")


def _valley_points(zones: dict[str, GeoDataFrame]) -> list[tuple[float, float]]:
    """Return places near towns and along the main rivers, where industry really sits."""
    rng = stream("valley")
    towns = shapely.get_coordinates(zones["places"].geometry.to_numpy())
    rivers = shapely.get_coordinates(zones["main_rivers"].geometry.to_numpy())
    points = []
    for _ in range(7000):
        anchors, spread = (towns, 0.05) if rng.random() < 0.6 else (rivers, 0.03)
        lon, lat = anchors[int(rng.random() * len(anchors))]
        points.append((_jitter(rng, lon, spread), _jitter(rng, lat, spread * 0.75)))
    return points


def _points_about(receptors: np.ndarray) -> list[tuple[float, float]]:
    """Return places within about a kilometre of every sensitive receptor."""
    rng = stream("receptors")
    spreads = (0.0005, 0.002, 0.005)
    return [(_jitter(rng, lon, s), _jitter(rng, lat, s)) for lon, lat in receptors for s in spreads]


def _jitter(rng: Random, value: float, spread: float) -> float:
    """Return `value` moved by a triangular draw of half width `spread`, rounded to 1e-6 degree (0.1 m)."""
    return round(float(value) + spread * (rng.random() - rng.random()), 6)


def _points_within(frame: GeoDataFrame, rng: Random, count: int) -> list[tuple[float, float]]:
    """Return `count` points inside the polygons, uniform within a polygon drawn by the root of its area."""
    shapes = frame.geometry.to_numpy()
    weights = np.sqrt(shapely.area(shapes))
    cumulated = np.cumsum(weights) / weights.sum()
    shapely.prepare(shapes)
    points: list[tuple[float, float]] = []
    for _ in range(count * 60):
        shape = shapes[min(int(np.searchsorted(cumulated, rng.random())), len(shapes) - 1)]
        west, south, east, north = shape.bounds
        lon = round(west + (east - west) * rng.random(), 6)
        lat = round(south + (north - south) * rng.random(), 6)
        if shapely.contains_xy(shape, lon, lat):
            points.append((lon, lat))
        if len(points) == count:
            break
    return points
