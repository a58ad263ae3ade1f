"""Where are heritage sites, polluted and derelict land, railways, and the zones that follow the towns?"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local
from layers.derive import water
from layers.derive.growth import grow
from layers.derive.master import Master
from layers.derive.patches import by_county, clip, elements, parcel, smooth_line, traced
from layers.derive.terrain import FACTOR, Labels, Mask, Terrain, burn, noise, read_grid, rng
from layers.derive.writing import LAYERS, write_layer
from layers.derive.zones import Zoning

CONTAMINATED = (("重度", "化学农药", 9), ("重度", "电镀", 4), ("中度", "焦化", 22), ("中度", "有色金属冶炼", 15),
                ("中度", "原料药", 8), ("轻度", "化学原料", 12), ("轻度", "机械加工", 7), ("轻度", "印染", 6),
                ("重度", "化学农药", 6), ("轻度", "加油站群", 3), ("中度", "制革", 7), ("轻度", "钢铁", 35))  # fmt: skip
DERELICT = {"废弃矿山": 46, "采煤沉陷区": 5, "封场填埋场": 10}


def _read(stem: str) -> gpd.GeoDataFrame:
    return gpd.read_file(LAYERS / "elements" / f"{stem}.gpkg")


def write_heritage(terrain: Terrain, master: Master) -> None:
    """Write elements/heritage.gpkg: sites grown over gentle ground; the control belt leaves them out."""
    cost = (1 + (terrain.slope_deg / 9) ** 2) * np.exp(0.4 * noise("heritage", terrain.shape, (5, 2)))
    shapes = []
    for seed in water.SEEDS["heritage"]:
        label = np.zeros(terrain.shape, dtype="int32")
        for row, column in grow(cost, terrain.cell(seed["lon"], seed["lat"]), seed["km2"]):
            label[row, column] = 1
        faces = traced(terrain, master, label, (4, 120.0))
        shapes.append(shapely.union_all(by_county(master, faces).geometry.to_numpy()))
    shapes = list(_without_overlap(np.array(shapes)))
    seeds = water.SEEDS["heritage"]
    frame = gpd.GeoDataFrame(geometry=clip(np.array(shapes), master), crs="EPSG:4490")
    names = [f"{seed['name']}（边界示范）" for seed in seeds]
    write_layer(elements(frame, "WW", names, [seed["class"] for seed in seeds]), "elements/heritage.gpkg")


def write_contaminated(terrain: Terrain, zoning: Zoning, master: Master) -> None:
    """Write elements/contaminated_land.gpkg: parcels in and beside towns and parks."""
    generator = rng("contaminated")
    town = np.flatnonzero(((zoning.built > 0) | (zoning.park > 0)).ravel())
    cells = generator.choice(town, len(CONTAMINATED), replace=False)
    positions = [terrain.lonlat(*np.unravel_index(cell, terrain.shape)) for cell in cells]
    shapes = [parcel(f"contaminated-{n}", *p, CONTAMINATED[n][2]) for n, p in enumerate(positions)]
    frame = gpd.GeoDataFrame(geometry=clip(np.array(shapes), master, inset_m=5), crs="EPSG:4490")
    names = [f"示例地块{n:02d}（原{word}）" for n, (_, word, _) in enumerate(CONTAMINATED, start=1)]
    out = elements(frame, "WRDK", names, [row[0] for row in CONTAMINATED], YHY=[row[1] for row in CONTAMINATED])
    write_layer(out, "elements/contaminated_land.gpkg")


def write_derelict(terrain: Terrain, zoning: Zoning, master: Master, rails: gpd.GeoDataFrame) -> None:
    """Write elements/derelict_land.gpkg: mines on slopes near the lines, subsidence, closed landfills."""
    generator = rng("derelict")
    near = _near_lines(terrain, rails)
    free = terrain.inside & (zoning.farm == 0) & (zoning.built == 0) & (zoning.park == 0) & (zoning.reserve == 0)
    free &= ~zoning.water
    hill = free & (terrain.slope_deg > 6) & (terrain.above_stream_m > 30)
    places = {
        "废弃矿山": hill * np.where(near, 6.0, 1.0), "采煤沉陷区": free * np.isin(terrain.county, (130804, 130822)) * near,
        "封场填埋场": free * (terrain.above_stream_m > 15) * near,
    }  # fmt: skip
    shapes, names, kinds = [], [], []
    for kind, count in DERELICT.items():
        weight = places[kind].ravel().astype(float)
        cells = generator.choice(weight.size, count, replace=False, p=weight / weight.sum())
        sizes = generator.lognormal(3.0 if kind == "废弃矿山" else 2.4, 0.6, count).clip(4, 120)
        for number, (cell, size) in enumerate(zip(cells, sizes, strict=True), start=1):
            lon, lat = terrain.lonlat(*np.unravel_index(cell, terrain.shape))
            shapes.append(parcel(f"{kind}-{number}", lon, lat, float(size)))
            names.append(f"示例{kind}{number:02d}")
            kinds.append(kind)
    frame = gpd.GeoDataFrame(geometry=clip(np.array(shapes), master, inset_m=5), crs="EPSG:4490")
    write_layer(elements(frame, "FQ", names, kinds), "elements/derelict_land.gpkg")


def _near_lines(terrain: Terrain, rails: gpd.GeoDataFrame) -> Mask:
    local = geometries_from_local(shapely.buffer(geometries_to_local(rails.geometry.to_numpy()), 4500))
    frame = gpd.GeoDataFrame(geometry=local)
    return np.asarray(burn(frame, [1] * len(frame), (terrain.shape, terrain.transform)) > 0)


def mine_mask(terrain: Terrain, rails: gpd.GeoDataFrame) -> Labels:
    """Return the cells of derelict mines near the lines, widened to what a project would treat."""
    mines = _read("derelict_land")
    mines = mines[mines["LX"] == "废弃矿山"]
    wide = shapely.buffer(geometries_to_local(mines.geometry.to_numpy()), 260, quad_segs=2)
    frame = gpd.GeoDataFrame(geometry=geometries_from_local(wide))
    label = burn(frame, [1] * len(frame), (terrain.shape, terrain.transform))
    return np.where(_near_lines(terrain, rails), label, 0)


def write_town_zones(master: Master) -> None:
    """Write redlines/no_burn_zones.gpkg and elements/livestock_ban.gpkg: belts round towns and sources."""
    built, source = _read("built_up"), _read("water_source_zones")
    core = _read("nature_reserves")
    core = core[core["LX"] == "核心保护区"]
    near = geometries_to_local(built.geometry.to_numpy())
    wide = shapely.simplify(shapely.buffer(near, 700, quad_segs=2), 60)
    frame = gpd.GeoDataFrame(geometry=clip(geometries_from_local(wide), master), crs="EPSG:4490")
    names = [str(name).replace("建成区（示范）", "高污染燃料禁燃区") for name in built["MC"]]
    seeds = [seed["county"] for seed in water.SEEDS["built_up"]]
    codes = [f"YS{county}253{n:04d}" for n, county in enumerate(seeds, start=1)]
    out = gpd.GeoDataFrame(
        {"ZYGKFQBM": codes, "ZYGKFQMC": names, "YSXL": "高污染燃料禁燃区"}, geometry=frame.geometry, crs="EPSG:4490"
    )
    write_layer(out, "redlines/no_burn_zones.gpkg")
    strict = source[source["LX"] != "准保护区"].dissolve("MC", sort=True).reset_index()
    towns = shapely.simplify(shapely.buffer(near, 500, quad_segs=2), 50)
    shapes = np.concatenate([geometries_from_local(towns), strict.geometry.to_numpy(), core.geometry.to_numpy()])
    titles = [f"{str(n).removesuffix('建成区（示范）')}城区禁养区" for n in built["MC"]]
    titles += [f"{n}禁养区" for n in strict["MC"]] + [
        f"{str(n).removesuffix('（边界示范）')}核心区禁养区" for n in core["MC"]
    ]
    frame = gpd.GeoDataFrame(geometry=_without_overlap(clip(shapes, master)), crs="EPSG:4490")
    write_layer(elements(frame, "JYQ", titles, ["禁养区"] * len(frame)), "elements/livestock_ban.gpkg")


def _without_overlap(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    out = []
    for index, shape in enumerate(shapes):
        before = shapes[:index][shapely.intersects(shapes[:index], shape)]
        out.append(shapely.difference(shape, shapely.union_all(before)) if len(before) else shape)
    return np.array(out)


def write_railways(terrain: Terrain, zoning: Zoning, master: Master) -> gpd.GeoDataFrame:
    """Write elements/railways.gpkg (cheapest ways along valleys, spurs to some parks) and return it."""
    graph, cost_shape = _graph(terrain)
    seats = {seed["county"]: (seed["lon"], seed["lat"]) for seed in water.SEEDS["built_up"]}
    shapes, names, kinds = [], [], []
    for line in water.SEEDS["railway"]:
        stops = [seats[stop] if isinstance(stop, int) else tuple(stop) for stop in line["stops"]]
        nodes = [_node(terrain, stop, cost_shape) for stop in stops]
        path: list[int] = []
        for start, end in zip(nodes[:-1], nodes[1:], strict=True):
            path += _way(graph, start, end)[(1 if path else 0) :]
        shapes.append(_line(terrain, path, cost_shape))
        names.append(line["name"])
        kinds.append("干线")
    trunk = shapely.union_all(np.array(shapes))
    parks = _read("parks")
    for _, park in parks[parks["RDZT"] == "是"].iterrows():
        centre = shapely.point_on_surface(park.geometry)
        join = shapely.get_coordinates(shapely.shortest_line(trunk, centre))[0]
        path = _way(graph, _node(terrain, tuple(join), cost_shape), _node(terrain, (centre.x, centre.y), cost_shape))
        if 2 < len(path) < 18 and len(kinds) < 13:
            spur = shapely.get_coordinates(_line(terrain, path, cost_shape))
            shapes.append(shapely.LineString(np.vstack([join, spur[1:]])))
            names.append(f"{park['MC']}示例专用线")
            kinds.append("专用线")
    frame = gpd.GeoDataFrame(geometry=clip(np.array(shapes), master), crs="EPSG:4490")
    return write_layer(elements(frame, "TL", names, kinds), "elements/railways.gpkg")


def _graph(terrain: Terrain) -> tuple[sparse.csr_matrix, tuple[int, int]]:
    coarse = read_grid("dem_30arcsec.tif")[0].astype(float)
    rows, columns = coarse.shape
    above = terrain.above_stream_m[FACTOR // 2 :: FACTOR, FACTOR // 2 :: FACTOR]
    weight = 1 + above / 22
    index = np.arange(coarse.size).reshape(coarse.shape)
    starts, ends, costs = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = np.s_[: rows - down, max(0, -right) : columns - max(0, right)]
        b = np.s_[down:, max(0, right) : columns + min(0, right)]
        length = np.hypot(down * 0.926, right * 0.695)
        grade = np.abs(coarse[a] - coarse[b]) / (length * 1000)
        cost = length * (weight[a] + weight[b]) / 2 * (1 + (grade / 0.02) ** 2)
        starts.append(index[a].ravel())
        ends.append(index[b].ravel())
        costs.append(cost.ravel())
    matrix = sparse.csr_matrix(
        (np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))), (coarse.size,) * 2
    )
    return matrix, (rows, columns)


def _node(terrain: Terrain, stop: tuple[float, float], shape: tuple[int, int]) -> int:
    row, column = terrain.cell(*stop)
    return (row // FACTOR) * shape[1] + column // FACTOR


def _way(graph: sparse.csr_matrix, start: int, end: int) -> list[int]:
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _line(terrain: Terrain, path: list[int], shape: tuple[int, int]) -> shapely.LineString:
    points = []
    for node in path:
        row, column = divmod(node, shape[1])
        points.append(terrain.lonlat(row * FACTOR + 1.5, column * FACTOR + 1.5))
    return shapely.simplify(smooth_line(shapely.simplify(shapely.LineString(points), 0.004), 3), 0.0004)
