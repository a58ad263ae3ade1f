"""A workspace small enough for a whole carbon account in a moment: a city of two counties on a grid of 24 by 24 cells."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.transform import Affine
from shapes import write_layer

STEP, WEST, NORTH, CELLS = 1 / 120, 117.8, 41.0, 24
EAST, SOUTH = WEST + CELLS * STEP, NORTH - CELLS * STEP
MIDDLE = WEST + CELLS / 2 * STEP
_ENTRY = 'official = false\nversion = "{version}"\nsource = "测试"\nlicence = "CC0"\nzones = false\n'
_LAYERS = {
    "city": ("基础", "polygon", "city.gpkg", 'fields = { zone_id = ["id"], zone_name = ["name"] }\n'),
    "counties": ("基础", "polygon", "counties.gpkg", 'coverage = "city"\nfields = { zone_id = ["id"], zone_name = ["name"] }\n'),
    "forest_stands": (
        "碳汇", "polygon", "stands.gpkg",
        'fields = { zone_id = ["id"], species = ["species"], age_yr = ["age"], volume_m3_per_ha = ["volume"], area_ha = ["ha"] }\n',
    ),
    "restoration_areas": (
        "修复", "polygon", "areas.gpkg", 'fields = { zone_id = ["id"], zone_name = ["name"], zone_class = ["measure"] }\n',
    ),
    "restoration_facts": ("修复", "table", "facts.csv", ""),
    "land_classes_2015": ("碳汇", "raster", "land_2015.tif", 'legend = "demonstration"\n'),
    "land_classes_2025": ("碳汇", "raster", "land_2025.tif", 'legend = "demonstration"\n'),
    "dem": ("基础", "raster", "dem.tif", ""),
}  # fmt: skip


def write_raster(
    path: Path, values: npt.NDArray[np.generic], *, nodata: float | None, west: float = WEST, north: float = NORTH
) -> Path:
    """Write `values` as a GeoTIFF on the workspace's cells, beginning at `west` and `north`."""
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype, nodata=nodata,
        crs="EPSG:4490", transform=Affine(STEP, 0, west, 0, -STEP, north),
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


def land(seed: int) -> npt.NDArray[np.uint8]:
    """Return land classes 1 to 12 at random."""
    return np.random.default_rng(seed).integers(1, 13, (CELLS, CELLS)).astype(np.uint8)


def heights() -> npt.NDArray[np.int16]:
    """Return a valley that falls to the south-east."""
    row, column = np.mgrid[0:CELLS, 0:CELLS]
    return (600 - 8 * row - 3 * column + 2 * np.abs(column - 12)).astype(np.int16)


def carbon_workspace(root: Path, *, extra: str = "") -> Path:
    """Write the workspace and return its folder; `extra` is added to cdgis.toml."""
    layers = root / "layers"
    whole = shapely.box(WEST, SOUTH, EAST, NORTH)
    halves = [shapely.box(WEST, SOUTH, MIDDLE, NORTH), shapely.box(MIDDLE, SOUTH, EAST, NORTH)]
    write_layer(layers / "city.gpkg", [whole], {"id": ["C"], "name": ["市"]})
    write_layer(layers / "counties.gpkg", halves, {"id": ["W", "E"], "name": ["西县", "东县"]})
    boxes = [shapely.box(WEST + k * STEP, NORTH - 2 * STEP, WEST + (k + 1) * STEP, NORTH - STEP) for k in range(2, 6)]
    stands = {
        "id": ["S1", "S2", "S3", "S4"], "species": ["白桦", "油松", "白桦", "落叶松"], "age": [20, 30, 25, 40],
        "volume": ["30", "60.5", "45", "80"], "ha": [60.0] * 4,
    }  # fmt: skip
    write_layer(layers / "stands.gpkg", boxes, stands)
    areas = [shapely.box(WEST + k * STEP, NORTH - 9 * STEP, WEST + (k + 3) * STEP, NORTH - 6 * STEP) for k in (1, 9)]
    write_layer(layers / "areas.gpkg", areas, {"id": ["X1", "X2"], "name": ["甲", "乙"], "measure": ["造林", "草地修复"]})
    (layers / "facts.csv").write_text("area_id,clear_title,start_year\nX1,是,2026\n", encoding="utf-8")
    write_raster(layers / "land_2015.tif", land(1), nodata=0)
    write_raster(layers / "land_2025.tif", land(2), nodata=0)
    write_raster(layers / "dem.tif", heights(), nodata=-999)
    entries = [
        f'[layers.{name}]\ntitle = "{name}"\ntheme = "{theme}"\ngeometry = "{kind}"\npath = "{path}"\n{more}'
        + _ENTRY.format(version=name[-4:] if name[-4:].isdigit() else "2026")
        for name, (theme, kind, path, more) in _LAYERS.items()
    ]
    (layers / "catalog.toml").write_text("\n".join(entries), encoding="utf-8")
    (root / "cdgis.toml").write_text(f'name = "测"\ncity = "承德市"\nas_of = 2026-11-01\n{extra}', encoding="utf-8")
    return root
