"""What grows where? A land-class model from elevation, NDVI and 0.05 degree land cover, tuned to forest cover.

The classes are ranked scores, not an interpretation of images: forest takes the best-scoring cells until
the published share of the city is reached. Coarse cells (30 arc-seconds) take the commonest fine class.
"""

import csv
from pathlib import Path

import numpy as np
import rasterio
from scipy import ndimage

from layers.derive.terrain import BASE, FACTOR, Grid, Labels, Mask, Terrain, noise
from layers.derive.writing import LAYERS

NAMES = {
    1: "阔叶林", 2: "针叶林", 3: "混交林", 4: "灌木", 5: "草甸草原", 6: "典型草原", 7: "灌草丛", 8: "耕地",
    9: "湿地", 10: "水域", 11: "建设用地", 12: "裸地", 13: "经济林",
}  # fmt: skip
FOREST = (1, 2, 3, 13)
SHARE = {2015: 0.585, 2025: 0.600}
"""Forest cover of the city to be met: 2025 as the plan's target, 2015 by our assumption of 0.15 points a year."""


def bashang(terrain: Terrain) -> Grid:
    """Return how far a cell belongs to the Bashang plateau: 1 flat and high, 0 elsewhere."""
    high = np.clip((terrain.elevation_m - 1180) / 220, 0, 1)
    gentle = np.clip(1.6 - ndimage.gaussian_filter(terrain.relief_m, 10) / 260, 0, 1)
    lon = terrain.lonlat(0, 0)[0] + np.arange(terrain.shape[1]) / 480
    lat = (terrain.lonlat(0, 0)[1] - np.arange(terrain.shape[0]) / 480)[:, None]
    north = np.clip((lat - 41.45 - 0.55 * np.clip(lon - 116.4, 0, 1)[None, :]) / 0.12, 0, 1)
    return np.asarray(high * gentle * north)


def forest_score(terrain: Terrain) -> Grid:
    """Return how forest-like each cell is; only the order matters."""
    score = 9 * (terrain.ndvi_max - 0.8) + 0.055 * terrain.slope_deg + 0.45 * terrain.northness
    score += 0.004 * np.minimum(terrain.above_stream_m, 220) + 0.00035 * terrain.elevation_m
    score -= 1.5 * terrain.crop_share + 1.9 * bashang(terrain)
    lon = terrain.lonlat(0, 0)[0] + np.arange(terrain.shape[1]) / 480
    lat = (terrain.lonlat(0, 0)[1] - np.arange(terrain.shape[0]) / 480)[:, None]
    planted = np.exp(-(((lon - 117.30) / 0.33) ** 2 + ((lat - 42.38) / 0.17) ** 2))
    return np.asarray(score + 2.4 * planted + 0.55 * noise("forest", terrain.shape, (16, 6, 2)))


def farm_score(terrain: Terrain) -> Grid:
    """Return how well each cell suits tillage; only the order matters."""
    score = (
        -0.16 * terrain.slope_deg - 0.013 * terrain.above_stream_m - 0.0011 * np.maximum(terrain.elevation_m - 500, 0)
    )
    return np.asarray(score + 1.2 * terrain.crop_share + 0.35 * noise("farm", terrain.shape, (8, 3)))


def _top(score: Grid, where: Mask, free: Mask, share: float) -> Mask:
    """Return the free cells with the best score, as many as `share` of the city's cells."""
    pool = score[where & free]
    wanted = min(len(pool) - 1, int(share * where.sum()))
    return np.asarray(free & (score >= np.partition(pool, len(pool) - wanted)[len(pool) - wanted]))


def classify(terrain: Terrain, built: Mask, water: Mask, forest_share: float) -> Labels:
    """Return the land class of every fine cell (codes as in NAMES)."""
    shape, inside = terrain.shape, terrain.inside
    plateau = bashang(terrain)
    label = np.where(terrain.ndvi_max + 0.02 * noise("shrub", shape) > 0.79, 4, 7).astype("int32")
    label[(plateau > 0.35)] = 6
    label[(plateau > 0.35) & (terrain.ndvi_max + 0.025 * noise("meadow", shape) > 0.72)] = 5
    bare = (terrain.ndvi_max + 0.03 * noise("bare", shape, (6, 2)) < 0.665) & (label >= 6)
    label[bare] = 12
    free = ~(built | water)
    flood = (terrain.above_stream_m < 6) & (terrain.upstream_km2 > 150)
    marsh = (plateau > 0.3) & (terrain.above_stream_m < 9) & (noise("marsh", shape, (9, 4)) > 0.35)
    wet = free & (marsh | (flood & (noise("flood", shape, (7, 3)) > 0.55)))
    label[wet] = 9
    farm = _top(farm_score(terrain), inside, free & ~wet, 0.118)
    label[farm] = 8
    forest = _top(forest_score(terrain), inside, free & ~wet & ~farm, forest_share)
    label[forest] = _forest_type(terrain)[forest]
    label[built] = 11
    label[water] = 10
    return label


def _forest_type(terrain: Terrain) -> Labels:
    shape = terrain.shape
    conifer = 0.0011 * (terrain.elevation_m - 900) + 0.35 * terrain.northness + 0.8 * noise("conifer", shape, (14, 5))
    label = np.full(shape, 1, dtype="int32")
    label[conifer > 0.18] = 3
    label[conifer > 0.52] = 2
    lon, lat = terrain.lonlat(0, 0)
    south = (lat - np.arange(shape[0]) / 480)[:, None] < 41.15
    east = (lon + np.arange(shape[1]) / 480)[None, :] > 117.3
    orchard = (terrain.elevation_m < 620) & (terrain.slope_deg < 13) & (terrain.above_stream_m < 130)
    label[orchard & south & east & (noise("orchard", shape, (8, 3)) > -0.25)] = 13
    return label


def to_coarse(fine: Labels) -> Labels:
    """Return the commonest class in each 30 arc-second cell (the lower code among equals)."""
    rows, columns = fine.shape[0] // FACTOR, fine.shape[1] // FACTOR
    blocks = fine.reshape(rows, FACTOR, columns, FACTOR)
    counts = np.stack([(blocks == code).sum(axis=(1, 3)) for code in range(1, 14)])
    return np.asarray(counts.argmax(axis=0) + 1, dtype="int32")


def calibrated(terrain: Terrain, built: Mask, water: Mask, year: int) -> tuple[Labels, Labels]:
    """Return fine and coarse classes whose coarse forest cover meets SHARE[year] within a tenth of a point."""
    inside = terrain.inside.reshape(terrain.shape[0] // FACTOR, FACTOR, -1, FACTOR).mean(axis=(1, 3))
    asked = SHARE[year]
    for _ in range(6):
        fine = classify(terrain, built, water, asked)
        coarse = to_coarse(fine)
        reached = float((np.isin(coarse, FOREST) * inside).sum() / inside.sum())
        if abs(reached - SHARE[year]) < 0.0005:
            break
        asked += SHARE[year] - reached
    return fine, coarse


def write_classes(coarse: Labels, year: int) -> None:
    """Write layers/carbon/land_classes_<year>.tif (uint8, deflate, nodata 0) on the elevation grid."""
    target = LAYERS / "carbon" / f"land_classes_{year}.tif"
    target.parent.mkdir(exist_ok=True)
    with rasterio.open(BASE / "dem_30arcsec.tif") as source:
        transform = source.transform
    with rasterio.open(
        target, "w", driver="GTiff", width=coarse.shape[1], height=coarse.shape[0], count=1, dtype="uint8",
        crs="EPSG:4490", transform=transform, nodata=0, compress="deflate",
    ) as out:  # fmt: skip
        out.write(coarse.astype("uint8"), 1)


def write_names() -> None:
    """Write layers/carbon/land_classes.csv: code, name."""
    with Path(LAYERS / "carbon" / "land_classes.csv").open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("code", "name"))
        writer.writerows(NAMES.items())
