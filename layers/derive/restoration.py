"""Where would each programme of the plan's measure 11 restore what, in patches of one measure each?"""

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree

from layers.derive import water
from layers.derive.coverage import sift
from layers.derive.landcover import bashang
from layers.derive.master import Master
from layers.derive.nature import dense
from layers.derive.patches import by_county, traced
from layers.derive.terrain import CELL_KM2, Labels, Mask, Terrain, noise, rng
from layers.derive.writing import write_layer
from layers.derive.zones import Zoning

PROGRAMMES = ("环北京潮河流域生态保护修复", "坝上及滦河流域湿地草地生态保护修复", "重要交通沿线损毁矿山治理修复")
SERIAL = 1000
MEASURES = ("造林", "封育", "草地修复", "湿地修复", "矿山修复")


def restoration_labels(terrain: Terrain, zoning: Zoning, control_unit: Labels, mines: Mask) -> Labels:
    """Return SERIAL * (10 * programme + measure) + patch number where a measure suits the land, 0 elsewhere."""
    block = blocks(terrain.shape)
    allowed = terrain.inside & (zoning.red < 2) & (zoning.park == 0)
    ids = [record["id"] for record in water.control_unit_records()]
    chao = np.isin(control_unit, [ids.index(i) + 1 for i in ("17", "18", "19", "22")])
    open_slope = np.isin(zoning.land_class, (4, 7)) & (zoning.farm == 0) & (zoning.built == 0)
    gentle = terrain.slope_deg < 13
    dry = np.isin(zoning.land_class, (6, 7, 12)) & (bashang(terrain) > 0.25)
    wet = dense(zoning.land_class == 9, 2.0, 0.3)
    luan = ~chao & terrain.inside
    plans = (
        (11, dense(open_slope & chao & gentle, 2.5, 0.5), 24),
        (12, dense(open_slope & chao & ~gentle, 2.5, 0.34), 18),
        (23, dense(dry, 3.0, 0.45), 18),
        (24, wet & luan, 16),
        (21, dense(open_slope & luan & gentle & (bashang(terrain) < 0.2), 3.0, 0.55), 10),
        (22, dense(open_slope & luan & ~gentle, 3.0, 0.4), 10),
    )
    label = np.zeros(terrain.shape, dtype="int32")
    for value, mask, count in plans:
        free = sift((mask & allowed & (label == 0)).astype("int32") + 1, 14) > 1
        for serial, patch in enumerate(_largest(np.where(free, block, 0), count), start=1):
            label[patch] = SERIAL * value + serial
    label[mines & terrain.inside] = SERIAL * 35
    return label


def blocks(shape: tuple[int, int], spacing: int = 22) -> Labels:
    """Return irregular blocks of about `spacing` fine cells across, by which large patches are divided."""
    generator = rng("blocks")
    rows, columns = np.mgrid[spacing // 2 : shape[0] : spacing, spacing // 2 : shape[1] : spacing]
    seeds = np.column_stack([rows.ravel(), columns.ravel()]) + generator.uniform(-8, 8, (rows.size, 2))
    row, column = np.mgrid[: shape[0], : shape[1]].astype(float)
    row += 5 * noise("block-row", shape, (12, 4))
    column += 5 * noise("block-column", shape, (12, 4))
    nearest = cKDTree(seeds).query(np.column_stack([row.ravel(), column.ravel()]))[1]
    return (nearest.reshape(shape) + 1).astype("int32")


def _largest(label: Labels, count: int) -> list[Mask]:
    size = np.bincount(label.ravel())
    size[0] = 0
    best = np.argsort(-size, kind="stable")[:count]
    return [label == block for block in best if size[block] * CELL_KM2 > 0.6]


def write_restoration(terrain: Terrain, zoning: Zoning, master: Master, labels: Labels) -> None:
    """Write restoration/restoration_areas.gpkg."""
    out = by_county(master, traced(terrain, master, labels, (10, 170.0)), single=True)
    out = out[out["km2"] > 0.25].reset_index(drop=True)
    out["value"] //= SERIAL
    names = master.county_names
    words = [MEASURES[value % 10 - 1] for value in out["value"]]
    frame = gpd.GeoDataFrame(
        {
            "XFBM": [f"XF{value // 10}{n:04d}" for n, value in enumerate(out["value"], start=1)],
            "XFMC": [
                f"{names[c]}{word}示范片{n:03d}"
                for n, (c, word) in enumerate(zip(out["county"], words, strict=True), start=1)
            ],
            "XFCS": words,
            "XFQY": [PROGRAMMES[value // 10 - 1] for value in out["value"]],
            "MJ_HA": [round(float(value) * 100, 2) for value in out["km2"]],
        },
        geometry=out.geometry,
    )
    write_layer(frame, "restoration/restoration_areas.gpkg")
