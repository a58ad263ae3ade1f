"""Which cells belong to towns, parks, reserves, source zones, farmland and the red line?

One stack of grids from which one coverage is cut, so that the borders of all these layers coincide where
the law makes them coincide (a park ends where farmland begins; a unit follows the red line).
"""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
from scipy import ndimage

from layers.derive import landcover
from layers.derive.coverage import sift
from layers.derive.growth import grow, nearest_free
from layers.derive.terrain import BASE, CELL_KM2, Grid, Labels, Mask, Terrain, burn, noise
from layers.derive.water import SEEDS

RED_LINE_SHARE = 0.395


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoning:
    """Grids of the master coverage; 0 means none."""

    built: Labels
    """Position of the built-up area in seeds.toml, from 1."""
    park: Labels
    reserve: Labels
    """10 * position + zone (1 核心区, 2 缓冲区, 3 实验区)."""
    nature_park: Labels
    source: Labels
    """10 * position + level (1, 2, 3)."""
    red: Labels
    """1 红线一般区域, 2 核心保护区."""
    red_score: Grid
    farm: Labels
    """1 永久基本农田, 2 严格管控类."""
    water: Mask
    land_class: Labels
    coarse_2025: Labels
    coarse_2015: Labels


def _valley_cost(terrain: Terrain, name: str) -> Grid:
    cost = 1 + (terrain.slope_deg / 3.0) ** 2 + np.maximum(terrain.above_stream_m - 12, 0) / 12
    return np.asarray(cost * np.exp(0.35 * noise(name, terrain.shape, (5, 2))))


def _wild_cost(terrain: Terrain) -> Grid:
    tame = np.clip(70 - terrain.above_stream_m, 0, 70) / 9 + 4 * terrain.crop_share
    wild = np.clip(terrain.relief_m / 220, 0, 2.6)
    rough = np.exp(0.75 * noise("wild", terrain.shape, (14, 6, 3)))
    return np.asarray((1 + tame * (terrain.relief_m > 160) + 1.4 * np.clip(2.6 - wild, 0, 3)) * rough)


def _fill(target: Labels, cells: dict[tuple[int, int], float], value: int) -> None:
    for row, column in cells:
        target[row, column] = value


def _walled(cost: Grid, allowed: Mask) -> Grid:
    return np.where(allowed, cost, np.inf)


def water_bodies(terrain: Terrain) -> Mask:
    """Return the cells of the 1:4M reservoirs and of two more named ones, grown over valley floors."""
    frame = gpd.read_file(BASE / "reservoirs.gpkg")
    mask = burn(frame, [1] * len(frame), (terrain.shape, terrain.transform)) > 0
    cost = np.exp(terrain.above_stream_m / 4)
    for seed in SEEDS["reservoir"]:
        start = nearest_free(_walled(cost, terrain.above_stream_m < 5), terrain.cell(seed["lon"], seed["lat"]))
        for row, column in grow(cost, start, seed["km2"]):
            mask[row, column] = True
    return np.asarray(mask)


def built_up(terrain: Terrain, water: Mask) -> Labels:
    """Return the built-up areas, grown over flat ground from the county seats."""
    label = np.zeros(terrain.shape, dtype="int32")
    cost = _valley_cost(terrain, "built")
    for number, seed in enumerate(SEEDS["built_up"], start=1):
        allowed = (label == 0) & ~water & (terrain.county == seed["county"])
        start = nearest_free(_walled(cost, allowed), terrain.cell(seed["lon"], seed["lat"]))
        _fill(label, grow(_walled(cost, allowed), start, seed["km2"]), number)
    return label


def parks(terrain: Terrain, built: Labels, closed: Mask) -> Labels:
    """Return the demonstration parks, on flat land 3 to 12 km from their county's seat."""
    label = np.zeros(terrain.shape, dtype="int32")
    cost = _valley_cost(terrain, "park")
    flat = ndimage.uniform_filter(terrain.slope_deg + terrain.above_stream_m / 15, 9)
    seats = {seed["county"]: terrain.cell(seed["lon"], seed["lat"]) for seed in SEEDS["built_up"]}
    rows, columns = np.mgrid[: terrain.shape[0], : terrain.shape[1]]
    gap = ndimage.distance_transform_edt(built == 0, sampling=(0.2316, 0.174))
    for number, seed in enumerate(SEEDS["park"], start=1):
        row, column = seats[seed["county"]]
        away = np.hypot((rows - row) * 0.2316, (columns - column) * 0.174)
        allowed = (terrain.county == seed["county"]) & (built == 0) & (label == 0) & ~closed & (gap > 0.5)
        others = ndimage.distance_transform_edt(label == 0, sampling=(0.2316, 0.174)) if label.any() else 99.0
        score = flat + 1.1 * np.abs(away - 6.5) + 40 * (np.asarray(others) < 2.5)
        score = np.where(allowed, score, np.inf)
        start = np.unravel_index(int(np.argmin(score)), terrain.shape)
        _fill(label, grow(_walled(cost, allowed), (int(start[0]), int(start[1])), seed["km2"]), number)
    return label


def reserves(terrain: Terrain, closed: Mask) -> Labels:
    """Return the reserves (10 * position + zone): grown over wild ground, inner ranks become core and buffer."""
    label = np.zeros(terrain.shape, dtype="int32")
    cost = _wild_cost(terrain)
    for number, seed in enumerate(SEEDS["reserve"], start=1):
        allowed = (label == 0) & ~closed & (terrain.county == seed["county"])
        start = nearest_free(_walled(cost, allowed), terrain.cell(seed["lon"], seed["lat"]))
        ranks = grow(_walled(cost, allowed), start, seed["km2"])
        for (row, column), rank in ranks.items():
            label[row, column] = 10 * number + (1 if rank < 0.36 else 2 if rank < 0.66 else 3)
    return label


def nature_parks(terrain: Terrain, closed: Mask) -> Labels:
    """Return the nature parks; wetland parks spread along valley floors."""
    label = np.zeros(terrain.shape, dtype="int32")
    wild, valley = _wild_cost(terrain), _valley_cost(terrain, "wetland-park")
    for number, seed in enumerate(SEEDS["nature_park"], start=1):
        cost = valley**2 if seed["class"] == "湿地公园" else wild
        cost = _walled(cost, (label == 0) & ~closed & terrain.inside)
        start = nearest_free(cost, terrain.cell(seed["lon"], seed["lat"]))
        _fill(label, grow(cost, start, seed["km2"]), number)
    return label


def sources(terrain: Terrain, closed: Mask) -> Labels:
    """Return the source zones (10 * position + level), spread up and down the valley from the intake."""
    label = np.zeros(terrain.shape, dtype="int32")
    cost = _valley_cost(terrain, "source") ** 1.3
    for number, seed in enumerate(SEEDS["source"], start=1):
        walled = _walled(cost, (label == 0) & ~closed & terrain.inside)
        start = nearest_free(walled, terrain.cell(seed["lon"], seed["lat"]))
        limits = np.cumsum(seed["levels"])
        ranks = grow(walled, start, float(limits[-1]))
        for (row, column), rank in ranks.items():
            reached = rank * limits[-1]
            label[row, column] = 10 * number + 1 + int(np.searchsorted(limits, reached, side="right"))
    return label


def red_line(terrain: Terrain, zoning: dict[str, Any]) -> tuple[Labels, Grid]:
    """Return the red line (1 general, 2 core) and the score by which it was drawn."""
    forest = ndimage.gaussian_filter(np.isin(zoning["land_class"], (1, 2, 3)).astype(float), 5)
    wet = ndimage.gaussian_filter(np.isin(zoning["land_class"], (5, 9, 10)).astype(float), 4)
    score = 1.1 * forest + 1.0 * wet * (landcover.bashang(terrain) + 0.4) + terrain.relief_m / 420
    score += terrain.elevation_m / 1500 + 0.35 * noise("red", terrain.shape, (22, 9, 3))
    score -= 0.9 * np.exp(-terrain.above_stream_m / 18)
    grass = ndimage.gaussian_filter(np.isin(zoning["land_class"], (5, 9)).astype(float), 6)
    score += landcover.bashang(terrain) * (0.75 + 1.3 * grass)
    score += 1.2 * (ndimage.gaussian_filter(zoning["water"].astype(float), 6) > 0.04)
    score = ndimage.gaussian_filter(score, 2)
    must = (zoning["reserve"] > 0) | (zoning["source"] % 10 == 1) & (zoning["source"] > 0)
    never = (zoning["built"] > 0) | (zoning["park"] > 0) | (zoning["farm"] > 0)
    score = np.where(never & ~must, -9, np.where(must, 9, score))
    limit = np.quantile(score[terrain.inside], 1 - RED_LINE_SHARE)
    red = sift((score > limit).astype("int32") + 1, 60) - 1
    red[never & ~must] = 0
    red[must] = 1
    core = (zoning["reserve"] > 0) & (zoning["reserve"] % 10 <= 2)
    return np.where(core, 2, red).astype("int32"), np.where(never, -9, score)


def farmland(terrain: Terrain, land_class: Labels, closed: Mask) -> Labels:
    """Return permanent farmland (1) in compact valley blocks, a few of them strictly controlled (2)."""
    dense = ndimage.gaussian_filter((land_class == 8).astype(float), 1.6)
    label = ((dense > 0.52) & ~closed & terrain.inside).astype("int32")
    label = sift(label + 1, 8) - 1
    label[closed] = 0
    blocks, count = ndimage.label(label)
    size = np.bincount(blocks.ravel())
    wanted = np.flatnonzero((size * CELL_KM2 > 0.5) & (size * CELL_KM2 < 2.5))[1:]
    strict = wanted[:: max(1, len(wanted) // 14)]
    return np.where(np.isin(blocks, strict) & (label == 1), 2, label).astype("int32")


def zoning(terrain: Terrain) -> Zoning:
    """Return all grids of the master coverage."""
    water = water_bodies(terrain)
    built = built_up(terrain, water)
    reserve = reserves(terrain, (built > 0))
    source = sources(terrain, (built > 0) | (reserve > 0))
    park = parks(terrain, built, water | (reserve > 0) | (source > 0))
    nature = nature_parks(terrain, (built > 0) | (park > 0) | (reserve > 0))
    urban = (built > 0) | (park > 0)
    land_class, coarse = landcover.calibrated(terrain, urban, water, 2025)
    smaller = urban & (ndimage.distance_transform_edt(urban) > 1.6)
    coarse_2015 = landcover.calibrated(terrain, smaller, water, 2015)[1]
    farm = farmland(terrain, land_class, urban | water | (reserve > 0) | (source % 10 == 1) | (nature > 0))
    grids = {
        "built": built, "park": park, "reserve": reserve, "nature_park": nature, "source": source, "farm": farm,
    }  # fmt: skip
    red, score = red_line(terrain, {**grids, "water": water, "land_class": land_class})
    return Zoning(
        **grids,
        red=red,
        red_score=score,
        water=water,
        land_class=land_class,
        coarse_2025=coarse,
        coarse_2015=coarse_2015,
    )
