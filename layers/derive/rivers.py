"""How wide is the managed river corridor, and where may no outfall be set?

Corridor half-width in metres: 25 + 4.2 * upstream_km2 ** 0.4, varied by a quarter along the river.
"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local, geometries_to_plane
from layers.derive import water
from layers.derive.master import Master
from layers.derive.patches import clip, elements, smooth_line
from layers.derive.terrain import BASE, rng
from layers.derive.writing import LAYERS, write_layer

SMALLEST_KM2 = 300
Geometries = npt.NDArray[np.object_]


def corridors() -> tuple[Geometries, Geometries, list[str]]:
    """Return corridor polygons and their centre lines in the local plane, and the river's name for each."""
    streams = gpd.read_file(BASE / "streams.gpkg")
    streams = streams[streams["upstream_km2"] >= SMALLEST_KM2].reset_index(drop=True)
    lines = geometries_to_local(np.array([smooth_line(line) for line in streams.geometry]))
    generator = rng("corridors")
    polygons = np.array(
        [_corridor(line, float(area), generator) for line, area in zip(lines, streams["upstream_km2"], strict=True)]
    )
    return polygons, lines, _river_names(lines)


def _corridor(line: shapely.LineString, upstream_km2: float, generator: np.random.Generator) -> shapely.Geometry:
    half = 25 + 4.2 * upstream_km2**0.4
    xy = shapely.get_coordinates(line)
    pieces = [xy[start : start + 9] for start in range(0, max(1, len(xy) - 1), 8)]
    pieces = [piece for piece in pieces if len(piece) > 1]
    widths = half * generator.uniform(0.75, 1.25, len(pieces))
    buffered = shapely.buffer(np.array([shapely.LineString(piece) for piece in pieces]), widths, quad_segs=3)
    return shapely.simplify(shapely.union_all(buffered), 12)


def _river_names(lines: Geometries) -> list[str]:
    main = gpd.read_file(BASE / "main_rivers.gpkg")
    bands = shapely.buffer(geometries_to_local(main.geometry.to_numpy()), 400)
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    names = [""] * len(lines)
    order = np.argsort(-main["upstream_km2_mouth"].to_numpy(), kind="stable")
    for band, name in zip(bands[order][::-1], main["name"].to_numpy()[order][::-1], strict=True):
        for index in np.flatnonzero(shapely.contains(band, middle)):
            names[index] = str(name)
    return names


def write_rivers(master: Master) -> None:
    """Write elements/river_management.gpkg and elements/outfall_zones.gpkg."""
    polygons, lines, names = corridors()
    units = gpd.read_file(LAYERS / "basins" / "control_units.gpkg")
    unit_plane = geometries_to_plane(units.geometry.to_numpy())
    middle = geometries_to_plane(geometries_from_local(shapely.line_interpolate_point(lines, 0.5, normalized=True)))
    hits = dict(zip(*shapely.STRtree(unit_plane).query(middle, predicate="within").tolist(), strict=True))
    groups: dict[tuple[str, str], list[int]] = {}
    for index, name in enumerate(names):
        if index in hits:
            unit = str(units["KZDYMC"].iloc[hits[index]]).removesuffix("控制单元")
            groups.setdefault((unit, name), []).append(index)
    keys = sorted(groups)
    merged = np.array([shapely.union_all(polygons[groups[key]]) for key in keys])
    cut = clip(geometries_from_local(merged), master)
    titles = [
        f"{name or unit + '支流'}（{unit}）河道管理范围" if name else f"{unit}支流河道管理范围" for unit, name in keys
    ]
    keep = np.flatnonzero(~shapely.is_empty(cut))
    frame = gpd.GeoDataFrame(geometry=cut[keep], crs="EPSG:4490")
    write_layer(
        elements(frame, "HD", [titles[i] for i in keep], ["河道管理范围"] * len(keep)), "elements/river_management.gpkg"
    )
    _outfalls(master, polygons)


def _outfalls(master: Master, polygons: Geometries) -> None:
    wide = shapely.union_all(shapely.simplify(shapely.buffer(polygons, 160, quad_segs=2), 25))
    sources = gpd.read_file(LAYERS / "elements" / "water_source_zones.gpkg")
    strict = sources[sources["LX"] != "准保护区"]
    red = gpd.read_file(LAYERS / "elements" / "nature_reserves.gpkg")
    banned, places = [], []
    for name, group in strict.groupby("MC", sort=True):
        zone = shapely.union_all(geometries_to_local(group.geometry.to_numpy()))
        reach = shapely.intersection(wide, shapely.simplify(shapely.buffer(zone, 2500), 60))
        banned.append(_largest_part(shapely.union_all([zone, reach]), zone))
        places.append(f"{name}及上游河段")
    for name, group in red.groupby("MC", sort=True):
        zone = shapely.union_all(geometries_to_local(group.geometry.to_numpy()))
        banned.append(shapely.intersection(wide, zone))
        places.append(f"{str(name).removesuffix('（边界示范）')}内河段")
    unit_names, limited = _limited(wide, shapely.union_all(np.array(banned)))
    geometry = clip(geometries_from_local(np.array([*banned, *limited])), master)
    kinds = ["禁止设置区域"] * len(banned) + ["限制设置区域"] * len(limited)
    keep = np.flatnonzero(~shapely.is_empty(geometry))
    titles = [*places, *unit_names]
    frame = gpd.GeoDataFrame(geometry=geometry[keep], crs="EPSG:4490")
    write_layer(
        elements(frame, "PWK", [titles[i] for i in keep], [kinds[i] for i in keep]), "elements/outfall_zones.gpkg"
    )


def _largest_part(geometry: shapely.Geometry, seed: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[shapely.intersects(parts, seed)])


_LIMITED_UNITS = ("07", "09", "10", "12", "14", "15", "17", "18", "20")


def _limited(wide: shapely.Geometry, banned: shapely.Geometry) -> tuple[list[str], list[shapely.Geometry]]:
    units = gpd.read_file(LAYERS / "basins" / "control_units.gpkg")
    records = {record["id"]: record["name"] for record in water.control_unit_records()}
    rest = shapely.difference(wide, banned)
    names, shapes = [], []
    for code in _LIMITED_UNITS:
        unit = geometries_to_local(units.loc[units["KZDYBM"] == f"KZDY{code}", "geometry"].to_numpy())[0]
        names.append(f"{records[code]}干支流限制设置河段")
        shapes.append(shapely.intersection(rest, unit))
    return names, shapes
