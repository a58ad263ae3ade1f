"""What does the ground look like on the fine grid from which every derived layer is cut?

The 30 arc-second grids of layers/base are interpolated to 7.5 arc-seconds; coherent seeded noise stands for
the detail that no public grid holds. Nothing here is surveyed.
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy import ndimage

from cdgis.geometry.planes import Planes, set_planes
from layers.derive import hydrology

# the derived set is Chengde's: its planes, whichever workspace the scripts are run beside
set_planes(lambda: Planes(lat_ts_deg=41.4, lon_0_deg=117.5))

BASE = Path(__file__).resolve().parents[1] / "base"
FACTOR = 4
"""Fine cells per 30 arc-second cell edge."""
SEED = 20261101
CELL_KM2 = 0.0403
"""Area of a fine cell at 41.4 degrees north, square kilometres."""

Grid = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """All fine grids (north up), their georeference and the coarse drainage."""

    transform: Affine
    elevation_m: Grid
    slope_deg: Grid
    relief_m: Grid
    northness: Grid
    ndvi_max: Grid
    ndvi_min: Grid
    above_stream_m: Grid
    stream_km: Grid
    """Distance to the nearest stream with 60 km2 upstream, kilometres."""
    upstream_km2: Grid
    crop_share: Grid
    grass_share: Grid
    urban_share: Grid
    county: Labels
    """Six-digit county code, 0 outside the city."""
    drainage: hydrology.Drainage

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the fine grid."""
        rows, columns = self.elevation_m.shape
        return rows, columns

    @property
    def inside(self) -> Mask:
        """Cells of the city."""
        return np.asarray(self.county > 0)

    def cell(self, lon: float, lat: float) -> tuple[int, int]:
        """Return the row and column of the fine cell holding a position."""
        column, row = ~self.transform * (lon, lat)
        return int(row), int(column)

    def lonlat(self, row: float, column: float) -> tuple[float, float]:
        """Return the position of a cell's centre."""
        lon, lat = self.transform * (column + 0.5, row + 0.5)
        return float(lon), float(lat)


def rng(name: str) -> np.random.Generator:
    """Return the generator of one named part, so that adding a part leaves the others' numbers alone."""
    return np.random.default_rng([SEED, *name.encode()])


def noise(name: str, shape: tuple[int, int], scales: tuple[float, ...] = (24, 9, 3)) -> Grid:
    """Return coherent noise of zero mean and unit spread; `scales` are correlation lengths in fine cells."""
    generator = rng(name)
    total = np.zeros(shape)
    for weight, scale in zip((1.0, 0.6, 0.35, 0.2), scales, strict=False):
        layer = ndimage.gaussian_filter(generator.standard_normal(shape), scale)
        total += weight * layer / layer.std()
    return np.asarray(total / total.std())


def read_grid(name: str) -> tuple[npt.NDArray[np.generic], Affine]:
    """Return the first band of a base raster and its transform."""
    with rasterio.open(BASE / name) as source:
        return source.read(1), source.transform


def _fine(grid: Grid, factor: int, order: int = 1) -> Grid:
    rows, columns = grid.shape
    row = (np.arange(rows * factor) + 0.5) / factor - 0.5
    column = (np.arange(columns * factor) + 0.5) / factor - 0.5
    mesh = np.meshgrid(row, column, indexing="ij")
    return np.asarray(ndimage.map_coordinates(grid, mesh, order=order, mode="nearest"))


def burn(frame: gpd.GeoDataFrame, values: list[int], like: tuple[tuple[int, int], Affine]) -> Labels:
    """Return `values` burnt at the features of `frame` on the given grid, zero elsewhere."""
    shape, transform = like
    pairs = list(zip(frame.geometry, values, strict=True))
    return np.asarray(rasterize(pairs, out_shape=shape, transform=transform, dtype="int32"))


def read_terrain() -> Terrain:
    """Return the fine grids computed from layers/base."""
    coarse, transform = read_grid("dem_30arcsec.tif")
    coarse = coarse.astype(float)
    drainage = hydrology.drain(coarse)
    elevation = _fine(coarse, FACTOR, order=3) + 6 * noise("elevation", _times(coarse.shape), (6, 3, 1.5))
    north, east = np.gradient(ndimage.gaussian_filter(elevation, 1.5), 231.6, 174.0)
    slope = np.degrees(np.arctan(np.hypot(north, east))) * 1.6
    relief = ndimage.maximum_filter(elevation, 17) - ndimage.minimum_filter(elevation, 17)
    fine_transform = transform * Affine.scale(1 / FACTOR)
    stream = drainage.cells * 0.645 > 60
    above = _fine(hydrology.height_above_stream(drainage, drainage.cells * 0.645 > 12), FACTOR)
    cover = read_grid("landcover_mcd12c1_2019_0p05deg.tif")[0]
    shares = [_share(cover, codes) for codes in ((12, 14), (10,), (13,))]
    counties = gpd.read_file(BASE / "counties.gpkg")
    county = burn(counties, [int(code) for code in counties["adcode"]], (elevation.shape, fine_transform))
    return Terrain(
        transform=fine_transform, elevation_m=elevation, slope_deg=slope,
        relief_m=ndimage.gaussian_filter(relief, 2),
        northness=north / (np.hypot(north, east) + 1e-9),
        ndvi_max=_ndvi("maximum"), ndvi_min=_ndvi("minimum"), above_stream_m=np.maximum(above, 0),
        stream_km=_stream_distance(stream), upstream_km2=_repeat(drainage.cells * 0.645),
        crop_share=shares[0], grass_share=shares[1], urban_share=shares[2], county=county, drainage=drainage,
    )  # fmt: skip


def _times(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0] * FACTOR, shape[1] * FACTOR


def _repeat(grid: Grid) -> Grid:
    return np.repeat(np.repeat(grid, FACTOR, axis=0), FACTOR, axis=1)


def _stream_distance(stream: Mask) -> Grid:
    return _fine(ndimage.distance_transform_edt(~stream, sampling=(0.926, 0.695)), FACTOR)


def _share(cover: npt.NDArray[np.generic], codes: tuple[int, ...]) -> Grid:
    return np.asarray(ndimage.gaussian_filter(_fine(np.isin(cover, codes).astype(float), 6 * FACTOR), 8))


def _ndvi(kind: str) -> Grid:
    return _fine(read_grid(f"ndvi_{kind}_0p05deg.tif")[0].astype(float), 6 * FACTOR)
