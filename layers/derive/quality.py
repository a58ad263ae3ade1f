"""Which air and water quality class does each cell belong to, and which control unit?"""

import numpy as np
from scipy import ndimage

from layers.derive import water
from layers.derive.coverage import sift
from layers.derive.hydrology import catchments
from layers.derive.terrain import CELL_KM2, Labels, Terrain, noise
from layers.derive.zones import Zoning

WATER_CLASSES = {
    1: "水环境优先保护区", 2: "水环境工业污染重点管控区", 3: "水环境城镇生活污染重点管控区",
    4: "水环境农业污染重点管控区", 5: "水环境一般管控区",
}  # fmt: skip
AIR_CLASSES = {
    1: "大气环境优先保护区", 2: "大气环境受体敏感重点管控区", 3: "大气环境高排放重点管控区",
    4: "大气环境布局敏感重点管控区", 5: "大气环境弱扩散重点管控区", 6: "大气环境一般管控区",
}  # fmt: skip


def sub_catchments(terrain: Terrain, minimum_km2: float = 110.0) -> Labels:
    """Return sub-catchments on the fine grid: a new one starts where a tributary of `minimum_km2` joins."""
    drainage = terrain.drainage
    upstream = drainage.cells.ravel() * water.CELL_KM2_COARSE
    receiver = drainage.receiver
    tributary = (upstream > minimum_km2) & (upstream[receiver] > upstream + minimum_km2)
    starts = np.union1d(np.flatnonzero(tributary), water.outlets(terrain))
    return water.warp(catchments(drainage, starts), "control-units")


def water_classes(terrain: Terrain, zoning: Zoning) -> Labels:
    """Return the water class (1 to 5) of every cell: one class a sub-catchment, sources and cores first."""
    sub = sub_catchments(terrain)
    size = np.maximum(np.bincount(sub.ravel()), 1)

    def share(mask: np.ndarray) -> np.ndarray:
        return np.bincount(sub.ravel(), weights=mask.ravel().astype(float), minlength=len(size)) / size

    grade = np.full(len(size), 5)
    grade[share(zoning.farm > 0) > 0.135] = 4
    grade[share(zoning.red > 0) > 0.62] = 1
    grade[share(zoning.built > 0) * size * CELL_KM2 > 5.0] = 3
    grade[share(zoning.park > 0) * size * CELL_KM2 > 2.2] = 2
    label = grade[sub].astype("int32")
    label = sift(label, 400)
    first = ((zoning.source > 0) & (zoning.source % 10 <= 2)) | (zoning.red == 2)
    label[first] = 1
    return label


def air_layout(terrain: Terrain, zoning: Zoning) -> Labels:
    """Return 4 where the layout is sensitive (round the towns, in the valley), 5 where air stagnates, else 6."""
    distance = ndimage.distance_transform_edt(zoning.built == 0, sampling=(0.2316, 0.174))
    deep = np.clip(terrain.relief_m / 300, 0, 1.6) - terrain.above_stream_m / 110
    valley = ndimage.gaussian_filter(deep + 0.25 * noise("air", terrain.shape, (12, 5)), 4)
    label = np.full(terrain.shape, 6, dtype="int32")
    label[(valley > 0.32) & (terrain.elevation_m < 900)] = 5
    big = np.isin(zoning.built, (1, 2, 11))
    near = ndimage.distance_transform_edt(~big, sampling=(0.2316, 0.174))
    ring = np.minimum(distance / 4.5, near / 9.0) + 0.3 * noise("ring", terrain.shape, (14, 6))
    label[(ring < 1) & (terrain.above_stream_m < 150)] = 4
    return sift(label, 150)


def unit_labels(terrain: Terrain) -> Labels:
    """Return the control unit (1-based position in water.control_unit_records) of every cell."""
    return sift(water.control_units(terrain), 200)
