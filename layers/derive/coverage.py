"""How does a grid of labels become polygons that share their borders exactly?

Cells are traced to arcs, stair corners are cut at the middle of each step, the arcs are simplified jointly
(shapely.coverage_simplify), and county borders are noded in. Every face is built from the same arcs, so the
faces tile the city; layers are unions of faces.
"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import shapes, sieve
from scipy.spatial import cKDTree

from cdgis.geometry.geodesy import geometries_from_plane, geometries_to_plane
from layers.derive.terrain import BASE, Affine, Labels

Geometries = npt.NDArray[np.object_]

_METRES_PER_DEGREE = (83_500.0, 111_000.0)


def sift(labels: Labels, cells: int) -> Labels:
    """Return `labels` with patches under `cells` cells given to their largest neighbour."""
    return np.asarray(sieve(labels.astype("int32"), cells, connectivity=4))


def combine(*grids: Labels) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Return one label per combination of `grids`, and the combinations (row = label - 1)."""
    stacked = np.stack([grid.ravel() for grid in grids], axis=1)
    values, inverse = np.unique(stacked, axis=0, return_inverse=True)
    return (inverse.reshape(grids[0].shape) + 1).astype("int32"), values.astype(np.int64)


def trace(labels: Labels, transform: Affine, tolerance_m: float) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Return smooth polygons in EPSG:4490 that tile the grid, and the label of each."""
    rings = np.array([shapely.geometry.shape(geometry) for geometry, _ in shapes(labels, connectivity=4)])
    arcs = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(rings))))
    faces = shapely.get_parts(shapely.polygonize([_cut_corners(arc) for arc in arcs]))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces)).astype(int)
    values = labels[inside[:, 1], inside[:, 0]].astype(np.int64)
    matrix = (transform.a, transform.c, transform.e, transform.f)
    metric = shapely.transform(faces, lambda xy: _metric(xy, matrix))
    simple = shapely.coverage_simplify(metric, tolerance_m)
    return shapely.transform(simple, lambda xy: xy / _METRES_PER_DEGREE), values


def _metric(xy: npt.NDArray[np.float64], matrix: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
    step_x, west, step_y, north = matrix
    return (xy * (step_x, step_y) + (west, north)) * _METRES_PER_DEGREE


def _cut_corners(arc: shapely.LineString) -> shapely.LineString:
    xy = shapely.get_coordinates(shapely.segmentize(arc, 1.0))
    middle = (xy[1:] + xy[:-1]) / 2
    return shapely.LineString(np.vstack([xy[:1], middle, xy[-1:]]))


def read_counties() -> gpd.GeoDataFrame:
    """Return the counties on the measuring plane, by code."""
    frame = gpd.read_file(BASE / "counties.gpkg").sort_values("adcode", ignore_index=True)
    frame["lonlat"] = frame.geometry
    return frame.set_geometry(geometries_to_plane(frame.geometry.to_numpy()), crs=None)


def faces(labels: Labels, transform: Affine, counties: gpd.GeoDataFrame, tolerance_m: float) -> pd.DataFrame:
    """Return the faces of `labels` cut by county borders: columns geometry (plane), label, county, area_m2."""
    polygons, values = trace(labels, transform, tolerance_m)
    plane = geometries_to_plane(polygons)
    borders = counties.geometry.to_numpy()
    near = shapely.intersects(plane, shapely.union_all(shapely.box(*shapely.bounds(borders).T)))
    plane, values = plane[near], values[near]
    lines = shapely.union_all(np.concatenate([shapely.boundary(plane), shapely.boundary(borders)]))
    cells = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    cells = cells[np.lexsort(shapely.bounds(cells).T[::-1])]
    points = shapely.point_on_surface(cells)
    frame = pd.DataFrame({"geometry": cells})
    frame["label"] = values[_container(plane, points)]
    frame["county"] = np.append(counties["adcode"].astype(int), 0)[_container(borders, points)]
    frame = frame[frame["county"] > 0].reset_index(drop=True)
    frame["area_m2"] = shapely.area(frame["geometry"].to_numpy())
    return frame


def _container(polygons: Geometries, points: Geometries) -> npt.NDArray[np.int64]:
    found = np.full(len(points), -1)
    hits = shapely.STRtree(polygons).query(points, predicate="within")
    found[hits[0]] = hits[1]
    return found


def absorb(frame: pd.DataFrame, keys: str | list[str], minimum_m2: float) -> pd.DataFrame:
    """Return `frame` with faces under `minimum_m2` given the label of a neighbour in the same county.

    The neighbour with the longest shared border wins; only the values of `keys` are handed over.
    """
    columns = [keys] if isinstance(keys, str) else keys
    result = frame.copy()
    geometry = result["geometry"].to_numpy()
    tree = shapely.STRtree(geometry)
    county, area = result["county"].to_numpy(), result["area_m2"].to_numpy()
    small = np.flatnonzero(area < minimum_m2)
    small = small[np.argsort(area[small], kind="stable")]
    for index in small:
        other = tree.query(geometry[index], predicate="touches")
        other = np.sort(other[(county[other] == county[index]) & (area[other] > area[index])])
        if len(other) == 0:
            continue
        shared = shapely.length(shapely.intersection(geometry[index], geometry[other]))
        chosen = other[int(np.argmax(shared))]
        for column in columns:
            result.iat[index, result.columns.get_loc(column)] = result.iat[chosen, result.columns.get_loc(column)]
    return result


def dissolve(frame: pd.DataFrame, keys: list[str]) -> gpd.GeoDataFrame:
    """Return one feature per combination of `keys`, on the plane; faces must come from one coverage."""
    rows = [
        (*(key if isinstance(key, tuple) else (key,)), shapely.coverage_union_all(group["geometry"].to_numpy()))
        for key, group in frame.groupby(keys, sort=True)
    ]
    return gpd.GeoDataFrame(rows, columns=[*keys, "geometry"], geometry="geometry", crs=None)


def to_lonlat(geometries: Geometries, counties: gpd.GeoDataFrame) -> Geometries:
    """Return plane geometries in EPSG:4490, border vertices restored to the counties' own coordinates."""
    original = shapely.get_coordinates(counties["lonlat"].to_numpy())
    tree = cKDTree(original)

    def restore(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        distance, index = tree.query(xy)
        close = distance < 1e-9
        xy = xy.copy()
        xy[close] = original[index[close]]
        return xy

    return np.asarray(shapely.transform(geometries_from_plane(geometries), restore))
