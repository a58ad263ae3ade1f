"""Seeded vector data for the benchmarks: a square of 200 x 200 km on the measuring plane, as GeoParquet files.

Outlines are straight Voronoi edges, cut finely and bent by a sum of seven waves from 60 km down to 150 m; the waves'
slopes stay below one in all, so nothing folds over and every shape stays valid. Real boundaries are less rough: few
subjects lie clear of every outline here, which is to our disadvantage.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

SIDE_M = 200_000.0
SOUTH_M = 4_560_000.0
ROWS_OF_GROUP = 5_000
POINTS = (1_000, 5_000, 10_000, 100_000, 1_000_000)
PARCELS = (200, 1_000, 10_000, 100_000, 1_000_000)
FloatArray = npt.NDArray[np.float64]
GeometryArray = npt.NDArray[np.object_]
CRS = "+proj=cea +lat_ts=41.4 +lon_0=117.5 +ellps=GRS80"
"""The measuring plane: equal areas, so planar areas of all peers are ellipsoidal areas."""


def bent(geoms: GeometryArray, *, edge_m: float) -> GeometryArray:
    """Return geometries cut to edges of `edge_m` and bent."""
    return np.asarray(shapely.transform(shapely.segmentize(geoms, edge_m), _waves))


def _waves(xy: FloatArray) -> FloatArray:
    rng, out = np.random.default_rng(99), xy.copy()
    for wavelength in np.geomspace(60_000, 150, 7):
        k, (turn, a, b) = 2 * np.pi / wavelength, rng.uniform(0, 2 * np.pi, 3)
        along = xy[:, 0] * np.cos(turn) + xy[:, 1] * np.sin(turn)
        across = -xy[:, 0] * np.sin(turn) + xy[:, 1] * np.cos(turn)
        out[:, 0] += 0.06 / k * np.sin(k * along + a) + 0.06 / k * np.sin(k * across + b)
        out[:, 1] += 0.06 / k * np.sin(k * across + a) + 0.06 / k * np.sin(k * along + b)
    return out


def cells(count: int, seed: int) -> GeometryArray:
    """Return a straight-edged coverage of the square by Voronoi cells."""
    rng = np.random.default_rng(seed)
    square = shapely.box(0, SOUTH_M, SIDE_M, SOUTH_M + SIDE_M)
    sites = shapely.multipoints(rng.uniform(0, SIDE_M, (count, 2)) + [0, SOUTH_M])
    return np.asarray(shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=square)), square))


def units(count: int, vertices: int, seed: int) -> GeometryArray:
    """Return a coverage of `count` units with about `vertices` vertices in all."""
    straight = cells(count, seed)
    return bent(straight, edge_m=float(shapely.length(straight).sum()) / vertices)


def red_line() -> GeometryArray:
    """Return eight multipolygons of about 10⁶ vertices with many holes: 40 % of 4 000 cells, joined."""
    straight, rng = cells(4000, 5), np.random.default_rng(6)
    chosen = straight[rng.random(len(straight)) < 0.4]
    groups = np.array([shapely.union_all(chosen[i::8]) for i in range(8)])
    return bent(groups, edge_m=float(shapely.length(groups).sum()) / 1_050_000)


def rivers(seed: int = 7) -> GeometryArray:
    """Return 3 000 winding lines of 650 000 vertices in all."""
    rng = np.random.default_rng(seed)
    start, heading = rng.uniform(0, SIDE_M, (3000, 1, 2)), rng.uniform(0, 2 * np.pi, (3000, 1))
    turn = heading + np.cumsum(rng.normal(0, 0.15, (3000, 217)), axis=1)
    step = np.dstack([np.cos(turn), np.sin(turn)]) * rng.uniform(20, 80, (3000, 1, 1))
    return np.asarray(shapely.linestrings(start + np.cumsum(step, axis=1) + [0, SOUTH_M]))


def river_buffers() -> GeometryArray:
    """Return four multipolygons: the rivers widened by 60 m and joined."""
    wide = shapely.buffer(rivers(), 60.0, quad_segs=4)
    return np.array([shapely.union_all(wide[i::4]) for i in range(4)])


def _clustered(count: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0.03 * SIDE_M, 0.97 * SIDE_M, (400, 2))
    xy = centre[rng.integers(0, 400, count)] + rng.normal(0, 4000, (count, 2))
    return np.clip(xy, 500, SIDE_M - 500) + [0, SOUTH_M]


def points(count: int) -> GeometryArray:
    """Return clustered points."""
    return np.asarray(shapely.points(_clustered(count, 21)))


def parcels(count: int) -> GeometryArray:
    """Return clustered parcels of 5 to 50 vertices, 28 on average, some tens of metres across."""
    rng = np.random.default_rng(22)
    number = rng.integers(5, 51, count)
    first = np.concatenate([[0], np.cumsum(number + 1)])
    of = np.repeat(np.arange(count), number + 1)
    place = np.arange(len(of)) - first[of]
    place[place == number[of]] = 0  # rings are closed
    angle = 2 * np.pi * (place + 0.8 * rng.random(len(of))[first[of] + place]) / number[of]
    radius = np.exp(rng.normal(3.6, 0.5, count))[of] * (0.6 + 0.4 * rng.random(len(of))[first[of] + place])
    xy = _clustered(count, 23)[of] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    rings = np.arange(count + 1)
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (first, rings)))


MAKERS = {
    "units150": lambda: units(150, 1_270_000, 1),
    "units2000": lambda: units(2000, 7_070_000, 2),
    "red1m": red_line,
    "rivers": rivers,
    "rivbuf": river_buffers,
    "restore": lambda: bent(cells(8000, 3)[::10], edge_m=270.0),
    **{f"points{n}": (lambda n=n: points(n)) for n in POINTS},
    **{f"parcels{n}": (lambda n=n: parcels(n)) for n in PARCELS},
}


def path_of(folder: Path, name: str) -> Path:
    """Return the file of one data set, written first if it is not there."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        frame = gpd.GeoDataFrame({"row": range(len(made := MAKERS[name]()))}, geometry=made, crs=CRS)
        part = path.with_suffix(".part")
        if len(frame) > ROWS_OF_GROUP:  # neighbours together, so that a window reads few row groups
            frame = frame.iloc[frame.hilbert_distance().argsort(kind="stable")].reset_index(drop=True)
        frame.to_parquet(part, write_covering_bbox=True, row_group_size=ROWS_OF_GROUP)
        part.rename(path)
    return path
