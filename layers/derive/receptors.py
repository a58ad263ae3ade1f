"""Where do people live, learn and get care? Demonstration points in towns and along valleys."""

import geopandas as gpd
import numpy as np
import shapely

from layers.derive.master import Master
from layers.derive.patches import elements
from layers.derive.terrain import Terrain, rng
from layers.derive.writing import write_layer
from layers.derive.zones import Zoning

COUNTS = {"居民区": 430, "学校": 180, "医院": 70}
PEOPLE = {"居民区": (120, 3200), "学校": (150, 2400), "医院": (60, 900)}
"""Range of the made-up numbers of people at a place; most are small."""
_TOWN_WEIGHT = {"居民区": 26.0, "学校": 40.0, "医院": 80.0}


def write_receptors(terrain: Terrain, zoning: Zoning, master: Master) -> None:
    """Write elements/receptors.gpkg."""
    town = zoning.built > 0
    valley = (terrain.above_stream_m < 22) & (terrain.slope_deg < 7) & (zoning.reserve == 0) & ~zoning.water
    valley &= (zoning.park == 0) & terrain.inside & ~town
    city = shapely.coverage_union_all(master.counties["lonlat"].to_numpy())
    shapely.prepare(city)
    generator = rng("receptors")
    points, kinds = [], []
    for kind, count in COUNTS.items():
        weight = np.where(town, _TOWN_WEIGHT[kind], valley * 1.0).ravel()
        cells = generator.choice(weight.size, size=count + 20, replace=False, p=weight / weight.sum())
        rows, columns = np.unravel_index(cells, terrain.shape)
        jitter = generator.uniform(0.1, 0.9, (2, len(cells)))
        lon = np.round(terrain.transform.c + (columns + jitter[0]) * terrain.transform.a, 7)
        lat = np.round(terrain.transform.f + (rows + jitter[1]) * terrain.transform.e, 7)
        found = shapely.points(lon, lat)
        found = found[shapely.contains(city, found)][:count]
        points += list(found)
        kinds += [kind] * len(found)
    frame = gpd.GeoDataFrame(geometry=points)
    names = _names(frame, kinds, master)
    write_layer(elements(frame, "MGD", names, kinds, RS=_people(kinds)), "elements/receptors.gpkg")


def _people(kinds: list[str]) -> list[int]:
    """Return a made-up number of people for each place, in tens."""
    share = rng("receptors people").random(len(kinds)) ** 2
    low, high = (np.array([PEOPLE[kind][end] for kind in kinds], dtype=float) for end in (0, 1))
    return [int(n) for n in np.round((low + (high - low) * share) / 10) * 10]


def _names(frame: gpd.GeoDataFrame, kinds: list[str], master: Master) -> list[str]:
    hits = shapely.STRtree(master.counties["lonlat"].to_numpy()).query(frame.geometry.to_numpy(), predicate="within")
    county = dict(zip(hits[0].tolist(), hits[1].tolist(), strict=True))
    serial: dict[tuple[str, str], int] = {}
    names = []
    for index, kind in enumerate(kinds):
        key = (str(master.counties["name"].iloc[county[index]]), kind)
        serial[key] = serial.get(key, 0) + 1
        names.append(f"{key[0]}示例{kind}{serial[key]:03d}")
    return names
