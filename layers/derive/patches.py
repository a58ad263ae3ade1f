"""How do the remaining layers get their shapes: traced masks, irregular parcels, smoothed lines?"""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local, geometries_to_plane
from layers.derive import coverage
from layers.derive.master import Master
from layers.derive.terrain import Labels, Terrain, rng


def traced(terrain: Terrain, master: Master, labels: Labels, plan: tuple[int, float]) -> pd.DataFrame:
    """Return the city's faces of `labels` (plane); `plan` = least patch in cells, tolerance in metres."""
    cells, tolerance_m = plan
    sifted = coverage.sift(labels + 1, cells)
    faces = coverage.faces(sifted, terrain.transform, master.counties, tolerance_m)
    faces["value"] = faces["label"] - 1
    return coverage.absorb(faces, "value", 50_000.0)


def by_county(master: Master, faces: pd.DataFrame, *, single: bool = False) -> gpd.GeoDataFrame:
    """Return the faces with a value above 0 united by county and value, as single parts if asked."""
    out = master.dissolve(faces[faces["value"] > 0], ["county", "value"])
    if single:
        out = out.explode(ignore_index=True)
        box = shapely.bounds(out.geometry.to_numpy())
        out = out.iloc[np.lexsort((box[:, 1], box[:, 0], out["value"], out["county"]))].reset_index(drop=True)
    out["km2"] = shapely.area(geometries_to_plane(out.geometry.to_numpy())) / 1e6
    return out


def elements(frame: gpd.GeoDataFrame, prefix: str, names: list[str], kinds: list[str], **more: Any) -> gpd.GeoDataFrame:
    """Return an element layer with the fields BSM, MC, LX and any `more`."""
    codes = [f"{prefix}{number:04d}" for number in range(1, len(frame) + 1)]
    data = {"BSM": codes, "MC": names, "LX": kinds, **more}
    return gpd.GeoDataFrame(data, geometry=frame.geometry.to_numpy(), crs="EPSG:4490")


def parcel(name: str, lon: float, lat: float, area_ha: float) -> shapely.Polygon:
    """Return an irregular parcel of about `area_ha` round a position, in EPSG:4490."""
    generator = rng("parcel-" + name)
    angle = np.sort(generator.uniform(0, 2 * np.pi, generator.integers(11, 17)))
    radius = 1 + 0.28 * np.cos(2 * angle + generator.uniform(0, 6)) + 0.2 * generator.standard_normal(len(angle))
    radius = np.clip(radius, 0.45, 1.8)
    stretch, turn = generator.uniform(1.1, 1.9), generator.uniform(0, np.pi)
    x, y = radius * np.cos(angle) * stretch, radius * np.sin(angle) / stretch
    shape = shapely.Polygon(np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)]))
    shape = shape if shape.is_valid else shapely.convex_hull(shape)
    scale = np.sqrt(area_ha * 1e4 / shape.area)
    centre = shapely.get_coordinates(geometries_to_local(np.array([shapely.Point(lon, lat)])))[0]
    local = shapely.transform(shape, lambda xy: xy * scale + centre)
    return geometries_from_local(np.array([local]))[0]


def smooth_line(line: shapely.LineString, rounds: int = 2) -> shapely.LineString:
    """Return `line` with its corners cut (Chaikin), ends kept."""
    xy = shapely.get_coordinates(line)
    for _ in range(rounds):
        if len(xy) < 3:
            break
        quarter = 0.75 * xy[:-1] + 0.25 * xy[1:]
        three = 0.25 * xy[:-1] + 0.75 * xy[1:]
        xy = np.vstack([xy[:1], np.column_stack([quarter, three]).reshape(-1, 2)[1:-1], xy[-1:]])
    return shapely.LineString(xy)


def clip(geometries: npt.NDArray[np.object_], master: Master, *, inset_m: float = 0.0) -> npt.NDArray[np.object_]:
    """Return `geometries` (EPSG:4490) inside the city; the cut is made on the measuring plane."""
    city = shapely.coverage_union_all(master.counties.geometry.to_numpy())
    city = shapely.buffer(city, -inset_m) if inset_m else city
    cut = shapely.intersection(geometries_to_plane(geometries), city)
    dimension = shapely.get_dimensions(geometries).max()
    kept = np.array([_of_dimension(item, dimension) for item in cut])
    return coverage.to_lonlat(kept, master.counties)


def _of_dimension(geometry: shapely.Geometry, dimension: int) -> shapely.Geometry:
    parts = shapely.get_parts(geometry)
    parts = parts[shapely.get_dimensions(parts) == dimension]
    return shapely.union_all(parts) if len(parts) else shapely.GeometryCollection()
