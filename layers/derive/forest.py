"""Which forest stands (小班) does the demonstration inventory hold, with what species, age and volume?

Stands are nearest-seed cells in position, height and aspect inside modelled forest. Volume follows a
Chapman-Richards curve V = A (1 - exp(-k t)) ** c with placeholder parameters and lognormal scatter; it is
tuned to about 135 m3/ha at Saihanba and about 50 m3/ha elsewhere (figures published for the two).
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.transform import Affine
from scipy import ndimage
from scipy.spatial import cKDTree

from cdgis.geometry.geodesy import geometries_to_plane
from layers.derive import coverage
from layers.derive.master import Master
from layers.derive.patches import clip
from layers.derive.terrain import Grid, Labels, Terrain, noise, rng
from layers.derive.writing import write_layer
from layers.derive.zones import Zoning

STEP = 4
"""Stand cells per fine cell edge (1.875 arc-seconds)."""
WINDOW = 46
"""Half-width of a tract in fine cells."""
STANDS = 330
"""Seeds a tract; about two thirds lie in forest."""
SITES = (
    ("塞罕坝", 117.30, 42.40), ("塞罕坝南", 117.38, 42.27), ("木兰围场", 117.52, 42.06), ("茅荆坝", 118.09, 41.60),
    ("辽河源", 118.50, 41.19), ("千松坝", 116.45, 41.66), ("白草洼", 117.52, 40.82), ("雾灵山", 117.48, 40.56),
    ("六里坪", 117.93, 40.38), ("都山", 118.80, 40.54),
)  # fmt: skip
_GROWTH = {"落叶松": (210, 0.045, 2.1), "油松": (150, 0.035, 2.1), "樟子松": (170, 0.04, 2.1), "云杉": (190, 0.032, 2.2),
           "侧柏": (70, 0.03, 2.0), "白桦": (130, 0.05, 2.0), "栎": (115, 0.03, 2.0), "山杨": (120, 0.055, 2.0),
           "椴树": (125, 0.035, 2.0), "胡桃楸": (130, 0.04, 2.0), "刺槐": (90, 0.055, 1.9), "榆": (80, 0.04, 1.9),
           "针叶混": (160, 0.04, 2.1), "阔叶混": (115, 0.04, 2.0), "针阔混": (135, 0.04, 2.0)}  # fmt: skip
_HIGH = {
    1: ("白桦", "山杨", "阔叶混", "栎", "榆"),
    2: ("落叶松", "樟子松", "云杉", "油松", "针叶混"),
    3: ("针阔混", "针阔混", "落叶松", "白桦", "针叶混"),
}
_LOW = {
    1: ("栎", "阔叶混", "刺槐", "椴树", "胡桃楸"),
    2: ("油松", "油松", "侧柏", "落叶松", "针叶混"),
    3: ("针阔混", "油松", "栎", "针阔混", "阔叶混"),
}
_ODDS = (0.46, 0.22, 0.14, 0.1, 0.08)
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tract:
    labels: Labels
    transform: Affine
    land_class: Labels
    elevation_m: Grid


def write_stands(terrain: Terrain, zoning: Zoning, master: Master) -> None:
    """Write carbon/forest_stands.gpkg."""
    frames = [_stands(terrain, zoning, master, site) for site in SITES]
    out = pd.concat(frames, ignore_index=True)
    out.insert(0, "XBH", [f"XB{number:05d}" for number in range(1, len(out) + 1)])
    write_layer(gpd.GeoDataFrame(out, geometry="geometry", crs="EPSG:4490"), "carbon/forest_stands.gpkg")


def _stands(terrain: Terrain, zoning: Zoning, master: Master, site: tuple[str, float, float]) -> gpd.GeoDataFrame:
    tract = _tract(terrain, zoning, site)
    shapes, labels = coverage.trace(tract.labels, tract.transform, 28.0)
    keep = labels > 1
    groups = pd.Series(shapes[keep]).groupby(labels[keep]).agg(list)
    united = np.array([shapely.coverage_union_all(np.array(parts)) for parts in groups])
    cut = clip(united, master)
    area_ha = shapely.area(geometries_to_plane(cut)) / 1e4
    good = area_ha > 2.0
    frame = _attributes(tract, groups.index.to_numpy()[good], site[0])
    frame["MJ"] = np.round(area_ha[good], 2)
    frame["GQXJ"] = np.round(frame["GQXJ"], 1)
    return gpd.GeoDataFrame(frame, geometry=cut[good])


def _tract(terrain: Terrain, zoning: Zoning, site: tuple[str, float, float]) -> _Tract:
    name, lon, lat = site
    row, column = terrain.cell(lon, lat)
    box = np.s_[row - WINDOW : row + WINDOW, column - WINDOW : column + WINDOW]
    size = (2 * WINDOW * STEP, 2 * WINDOW * STEP)
    elevation = ndimage.zoom(terrain.elevation_m[box], STEP, order=1, grid_mode=True, mode="nearest")
    north = ndimage.zoom(
        ndimage.gaussian_filter(terrain.northness[box], 1), STEP, order=1, grid_mode=True, mode="nearest"
    )
    wood = np.isin(zoning.land_class[box], (1, 2, 3)) & terrain.inside[box]
    dense = ndimage.zoom(
        ndimage.gaussian_filter(wood.astype(float), 0.8), STEP, order=1, grid_mode=True, mode="nearest"
    )
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    far = np.hypot((rows / size[0] - 0.5) * 1.15, columns / size[1] - 0.5) + 0.035 * noise(
        name + "-edge", size, (26, 9)
    )
    forest = (dense + 0.08 * noise(name + "-wood", size, (5, 2)) > 0.55) & (far < 0.43)
    x = columns * 43.5 + 105 * noise(name + "-x", size, (9, 4, 2))
    y = rows * 57.9 + 105 * noise(name + "-y", size, (9, 4, 2))
    space = np.column_stack([x.ravel(), y.ravel(), 2.2 * elevation.ravel(), 260 * north.ravel()])
    seeds = rng(name + "-seeds").choice(np.flatnonzero(forest.ravel()), STANDS, replace=False)
    nearest = cKDTree(space[seeds]).query(space)[1].reshape(size)
    labels = coverage.sift(np.where(forest, nearest + 2, 1).astype("int32"), 30)
    labels[0, :] = labels[-1, :] = labels[:, 0] = labels[:, -1] = 1
    west, north_edge = terrain.transform * (column - WINDOW, row - WINDOW)
    fine = terrain.transform
    transform = Affine(fine.a / STEP, 0, west, 0, fine.e / STEP, north_edge)
    land_class = np.repeat(np.repeat(zoning.land_class[box], STEP, axis=0), STEP, axis=1)
    return _Tract(labels=labels, transform=transform, land_class=land_class, elevation_m=elevation)


def _attributes(tract: _Tract, labels: npt.NDArray[np.int64], name: str) -> pd.DataFrame:
    generator = rng(name + "-attributes")
    saihanba = name.startswith("塞罕坝")
    species, ages, volumes = [], [], []
    for label in labels:
        inside = tract.labels == label
        codes = tract.land_class[inside]
        code = int(np.bincount(codes[np.isin(codes, (1, 2, 3))], minlength=4).argmax()) or 1
        high = float(tract.elevation_m[inside].mean()) > 1050
        kind = str(generator.choice((_HIGH if high else _LOW)[code], p=_ODDS))
        age = int(np.clip(generator.normal(46 if saihanba else 29, 9), 6, 75))
        top, rate, power = _GROWTH[kind]
        mean = top * (1 - np.exp(-rate * age)) ** power
        factor = (1.18 if saihanba else 0.92) * np.exp(generator.normal(0, 0.25))
        species.append(kind)
        ages.append(age)
        volumes.append(float(mean * factor))
    return pd.DataFrame({"LC": f"示范林场（{name}）", "YSSZ": species, "PJNL": ages, "GQXJ": volumes})
