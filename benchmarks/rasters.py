"""Seeded land-cover rasters and fractal zones for the zonal benchmark: 2 x 2 degrees around Chengde."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.transform import Affine

WEST, NORTH, SIDE_DEG = 116.5, 42.0, 2.0
CLASSES = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], dtype=np.uint8)
PATCH = 64
"""Land cover is constant over patches of about this many cells, with speckle."""


def write_land_cover(path: Path, cells: int, *, seed: int = 1) -> Path:
    """Write a `cells` x `cells` GeoTIFF of 12 classes in EPSG:4490, tiled and deflated, band by band."""
    rng = np.random.default_rng(seed)
    step = SIDE_DEG / cells
    profile = {
        "driver": "GTiff", "width": cells, "height": cells, "count": 1, "dtype": "uint8", "crs": "EPSG:4490",
        "transform": Affine(step, 0, WEST, 0, -step, NORTH), "nodata": 255,
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        for start in range(0, cells, 512):
            rows = min(512, cells - start)
            coarse = rng.choice(CLASSES, (-(-rows // PATCH), -(-cells // PATCH)))
            band = np.kron(coarse, np.ones((PATCH, PATCH), np.uint8))[:rows, :cells]
            speckled = rng.random(band.shape) < 0.05
            band[speckled] = rng.choice(CLASSES, int(speckled.sum()))
            target.write(band, 1, window=((start, start + rows), (0, cells)))
    return path


def fractal_units(
    columns: int = 15, rows: int = 10, *, vertices_per_edge: int = 2048, seed: int = 2
) -> gpd.GeoDataFrame:
    """Return a coverage of columns x rows units whose shared borders are fractal curves, zone_id U0001, ..."""
    rng = np.random.default_rng(seed)
    corner_x, corner_y = np.meshgrid(
        np.linspace(WEST + 0.02, WEST + SIDE_DEG - 0.02, columns + 1),
        np.linspace(NORTH - SIDE_DEG + 0.02, NORTH - 0.02, rows + 1),
    )
    spacing = (SIDE_DEG - 0.04) / max(columns, rows)
    corners = np.dstack([corner_x, corner_y]) + rng.uniform(-0.15, 0.15, (rows + 1, columns + 1, 2)) * spacing
    across = [
        [_fractal(corners[i, j], corners[i, j + 1], vertices_per_edge, rng) for j in range(columns)]
        for i in range(rows + 1)
    ]
    along = [
        [_fractal(corners[i, j], corners[i + 1, j], vertices_per_edge, rng) for j in range(columns + 1)]
        for i in range(rows)
    ]
    units = [
        shapely.Polygon(
            np.concatenate([across[i][j][:-1], along[i][j + 1][:-1], across[i + 1][j][::-1][:-1], along[i][j][::-1]])
        )
        for i in range(rows)
        for j in range(columns)
    ]
    ids = [f"U{number:04d}" for number in range(1, len(units) + 1)]
    return gpd.GeoDataFrame({"zone_id": ids}, geometry=units, crs=4490)


def _fractal(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], count: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return a curve from `start` to `end`: heights over the chord by midpoint displacement, so it never crosses itself."""
    height = np.zeros(2)
    spread = 0.06
    while len(height) < count + 1:
        middle = (height[:-1] + height[1:]) / 2 + rng.normal(0, spread, len(height) - 1)
        height = np.insert(height, np.arange(1, len(height)), middle)
        spread /= 1.5
    along = np.linspace(0, 1, len(height))
    # Close to its ends the curve keeps within a wedge, so that curves from one corner do not meet.
    height = np.clip(height, -0.35 * np.minimum(along, 1 - along), 0.35 * np.minimum(along, 1 - along))
    chord = end - start
    normal = np.array([-chord[1], chord[0]])
    return np.asarray(start + along[:, None] * chord + height[:, None] * normal)


def small_parcels(count: int, *, seed: int = 3) -> gpd.GeoDataFrame:
    """Return `count` parcels of 200 to 800 m and 8 to 40 vertices, which may overlap, zone_id P000001, ..."""
    rng = np.random.default_rng(seed)
    centre = np.column_stack(
        [
            rng.uniform(WEST + 0.05, WEST + SIDE_DEG - 0.05, count),
            rng.uniform(NORTH - SIDE_DEG + 0.05, NORTH - 0.05, count),
        ]
    )
    polygons = []
    for x, y in centre:
        angle = np.linspace(0, 2 * np.pi, rng.integers(8, 40), endpoint=False)
        radius = rng.uniform(0.001, 0.004) * rng.uniform(0.6, 1.0, len(angle))
        polygons.append(shapely.Polygon(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])))
    return gpd.GeoDataFrame({"zone_id": [f"P{n:06d}" for n in range(1, count + 1)]}, geometry=polygons, crs=4490)
