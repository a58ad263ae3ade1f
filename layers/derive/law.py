"""Which demonstration zones do the laws of mining, energy, relics, roads, hazards and water need beside the older layers?

Reads layers/base, layers/elements and layers/carbon as they are and writes layers/law. Run from the repository root:

    python -m layers.derive.law
"""

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from scipy import ndimage

from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local
from layers.derive.law_lines import Grid, crest_cost, heights, valley_cost, way
from layers.derive.patches import elements, parcel
from layers.derive.terrain import rng
from layers.derive.writing import LAYERS, write_layer

Shapes = npt.NDArray[np.object_]
Choice = Callable[[npt.NDArray[np.uint8], Grid], npt.NDArray[np.bool_]]
"""Says of land classes and relief in metres which cells to take."""

ROADS = (
    ("示例高速一线", "高速公路", ((117.12, 40.72), (117.35, 40.95), (117.76, 40.97), (118.16, 40.79), (118.67, 41.03))),
    ("示例高速二线", "高速公路", ((117.96, 40.99), (117.74, 41.33), (117.76, 41.97))),
    ("示例国道一线", "国道", ((116.63, 41.23), (117.33, 40.93), (117.79, 40.93), (118.18, 40.77), (118.48, 40.61))),
    ("示例国道二线", "国道", ((117.49, 40.43), (117.66, 40.56), (117.95, 40.93))),
    ("示例省道一线", "省道", ((116.63, 41.21), (117.70, 41.32), (118.25, 41.30))),
    ("示例县道一线", "县道", ((117.35, 40.94), (117.25, 40.70))),
    ("示例乡道一线", "乡道", ((117.72, 41.33), (117.60, 41.45))),
)
GREAT_WALL = ((117.165, 40.692), (117.244, 40.677), (117.275, 40.662))
"""The crest by Jinshanling; known places, the line between them follows the heights."""
PIPELINE = ((117.33, 40.93), (117.76, 40.92), (118.18, 40.74), (118.66, 41.00))
TUNNEL = (118.30, 118.36)
"""The pipeline's stretch in a tunnel, by longitude."""
POWER = (
    ("示例线路甲", "500千伏", ((116.70, 41.22), (117.40, 41.05), (118.30, 40.90), (118.72, 40.98))),
    ("示例线路乙", "154—330千伏", ((117.74, 41.95), (117.72, 41.30), (117.80, 40.99))),
    ("示例线路丙", "35—110千伏", ((117.49, 40.45), (117.70, 40.53), (118.00, 40.80))),
    ("示例线路丁", "1—10千伏", ((118.45, 40.63), (118.53, 40.70))),
)
MINERALS = ("铁", "铁", "钒钛", "萤石", "金", "铁", "建筑石料", "铜钼", "铁", "地热", "铁", "建筑石料")
STRATEGIC = ("铁", "萤石", "金", "铜钼")
"""Strategic among the demonstration minerals; from memory, unverified."""
PLANS: dict[str, tuple[tuple[str, str, int, float], ...]] = {
    "hazard_zones": (("地质灾害危险区", "示例隐患点", 10, 9.0), ("地质灾害易发区", "示例易发区", 12, 240.0),
                     ("崩塌滑坡危险区和泥石流易发区", "示例泥石流沟", 8, 60.0)),
    "tailings": (("头顶库", "示例尾矿库（头顶库）", 4, 14.0), ("其他尾矿库", "示例尾矿库", 8, 18.0)),
    "soil_erosion": (("水土流失重点预防区", "示例重点预防区", 6, 900.0), ("水土流失重点治理区", "示例重点治理区", 6, 700.0)),
    "forest_grades": (("Ⅱ级保护林地", "示例林班", 10, 80.0), ("Ⅲ级保护林地", "示例林班", 8, 80.0), ("一级国家级公益林", "示例林班", 6, 60.0)),
}  # fmt: skip
"""Layer -> class, name, number and size in hectares of parcels strewn on slopes."""


def _read(path: str) -> gpd.GeoDataFrame:
    return gpd.read_file(LAYERS / f"{path}.gpkg")


def _near(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(geometries_to_local(frame.geometry.to_numpy()))


def _cut(shapes: Sequence[shapely.Geometry], *, inset_m: float = 15.0) -> Shapes:
    """Return the shapes (local plane) inside the city, in degrees, rounded to about a centimetre."""
    city = shapely.buffer(shapely.union_all(_near(_read("base/city"))), -inset_m)
    inside = shapely.intersection(np.array(list(shapes)), city)
    return np.asarray(geometries_from_local(inside))


def _write(name: str, shapes: Shapes, titles: Sequence[str], kinds: Sequence[str], **more: Sequence[str]) -> gpd.GeoDataFrame:
    """Write layers/law/<name>.gpkg without the empty shapes and return it."""
    kept = [i for i, shape in enumerate(shapes) if shape is not None and not shapely.is_empty(shape)]
    frame = gpd.GeoDataFrame(geometry=[shapes[i] for i in kept], crs="EPSG:4490")
    fields = {key: [values[i] for i in kept] for key, values in more.items()}
    prefix = "".join(word[0] for word in name.split("_")).upper()
    out = elements(frame, prefix, [titles[i] for i in kept], [kinds[i] for i in kept], **fields)
    return write_layer(out, f"law/{name}.gpkg")


def write_lines() -> None:
    """Write roads, pipelines, power lines and the Great Wall with its zones."""
    dem, transform = heights()
    cost = valley_cost(dem)
    roads = [way(dem, cost, transform, stops, grade=0.04) for *_, stops in ROADS]
    near = geometries_to_local(np.array(roads))
    _write("roads", _cut(near), [row[0] for row in ROADS], [row[1] for row in ROADS])
    pipe = geometries_to_local(np.array([way(dem, cost, transform, PIPELINE, grade=0.1)]))[0]
    strip = geometries_to_local(np.array([shapely.box(TUNNEL[0], 40.0, TUNNEL[1], 42.0)]))[0]
    parts = [shapely.difference(pipe, strip), shapely.intersection(pipe, strip)]
    _write("pipelines", _cut(parts), ["示例输气管道", "示例输气管道隧道段"], ["管道", "管道专用隧道"])
    power = geometries_to_local(np.array([shapely.LineString(stops) for *_, stops in POWER]))
    _write("power_lines", _cut(power), [row[0] for row in POWER], [row[1] for row in POWER])
    wall = geometries_to_local(np.array([way(dem, crest_cost(dem), transform, GREAT_WALL, grade=0.5)]))[0]
    inside = shapely.intersection(wall, geometries_to_local(np.array([_hebei()]))[0])
    _write("great_wall", _cut([inside], inset_m=0.0), ["金山岭长城墙体（示范走向）"], ["墙体"])
    core = geometries_to_local(np.array([shapely.box(117.215, 40.5, 117.255, 40.9)]))[0]
    close, wide = shapely.buffer(wall, 500, quad_segs=3), shapely.buffer(wall, 3000, quad_segs=4)
    rings = [shapely.intersection(close, core), shapely.difference(close, core), shapely.difference(wide, close)]
    titles = [f"金山岭长城{word}（示范）" for word in ("禁止工程建设段保护范围", "保护范围", "建设控制地带")]
    kinds = ["禁止工程建设段保护范围", "保护范围", "建设控制地带"]
    _write("great_wall_zones", _cut(rings), titles, kinds, JB=["全国重点"] * 3)


def _hebei() -> shapely.Geometry:
    """Return the city widened by 150 m: the wall stands on its border, which is known to about 120 m."""
    return geometries_from_local(shapely.buffer(_near(_read("base/city")), 150))[0]


def write_town_zones() -> None:
    """Write what follows towns and parks: development boundary, heat networks, groundwater limits, dikes."""
    built, parks = _read("elements/built_up"), _read("elements/parks")
    counties = _read("base/counties")
    town, park = _near(built), _near(parks)
    wide = shapely.buffer(np.concatenate([town, park]), 350, quad_segs=2)
    inside = shapely.simplify(shapely.union_all(wide), 40)
    shares = [shapely.intersection(inside, shape) for shape in _near(counties)]
    rest = [shapely.difference(shape, inside) for shape in _near(counties)]
    names = [f"{name}城镇开发边界{side}（示范）" for side in ("内", "外") for name in counties["name"]]
    kinds = ["城镇开发边界内"] * len(shares) + ["城镇开发边界外"] * len(rest)
    _write("urban_boundary", _cut([*shares, *rest], inset_m=0.0), names, kinds)
    warm = [0, 1, 3, 5, 6, 10]
    heat = shapely.simplify(shapely.buffer(town[warm], -60, quad_segs=2), 30)
    _write("heat_networks", _cut(heat), [f"{built['MC'][i][:-5]}集中供热管网覆盖区（示范）" for i in warm], ["集中供热管网覆盖区"] * 6)
    ban, limit = shapely.buffer(town[[10]], -150, quad_segs=2), shapely.buffer(town[[8, 6]], 100, quad_segs=2)
    titles = ["示例地下水禁止开采区", "示例地下水限制开采区一", "示例地下水限制开采区二"]
    _write("groundwater_limits", _cut([*ban, *shapely.simplify(limit, 30)]), titles, ["禁止开采区", "限制开采区", "限制开采区"])
    rivers = _near(_read("elements/river_management"))
    reach = shapely.intersection(shapely.union_all(rivers), shapely.union_all(shapely.buffer(town[[0, 1, 6]], 900)))
    edge = shapely.simplify(shapely.boundary(reach), 15)
    dike, belt = shapely.buffer(edge, 8, quad_segs=1), shapely.buffer(edge, 25, quad_segs=1)
    basin = parcel_near("示例蓄滞洪区", 117.72, 40.925, 130.0)
    plain = parcel_near("示例洪泛区", 117.70, 41.27, 90.0)
    shapes = [dike, shapely.difference(belt, dike), basin, shapely.difference(plain, belt)]
    titles = ["示例堤防", "示例护堤地", "示例蓄滞洪区", "示例洪泛区"]
    _write("flood_works", _cut(shapes), titles, ["堤防", "护堤地", "蓄滞洪区", "洪泛区"])


def parcel_near(name: str, lon: float, lat: float, hectares: float) -> shapely.Geometry:
    """Return an irregular parcel about a position, in the local plane."""
    return geometries_to_local(np.array([parcel(name, lon, lat, hectares)]))[0]


def write_element_zones() -> None:
    """Write what is part of older layers: Miyun range, scenic core, resort zones, closed sandy land, fish reserve."""
    rivers = _read("elements/river_management")
    stem = rivers[rivers["MC"].str.startswith("潮河（潮河")]
    titles = [f"潮河干流河道管理范围{n}（示范）" for n in ("一", "二")][: len(stem)]
    _write("miyun_range", stem.geometry.to_numpy(), titles, ["潮河干流河道管理范围"] * len(stem))
    heritage = _read("elements/heritage")
    near = _near(heritage)
    core = shapely.buffer(near[heritage["LX"] == "风景名胜区"], -250, quad_segs=2)
    _write("scenic_cores", _cut(core), ["磬锤峰核心景区（示范）"], ["核心景区"])
    resort, control = near[heritage["LX"] == "世界文化遗产"], near[heritage["LX"] == "建设控制地带"]
    kinds = ["保护范围"] * len(resort) + ["建设控制地带"] * len(control)
    names = [f"避暑山庄及周围寺庙{kind}{n}（示范）" for n, kind in enumerate(kinds, start=1)]
    _write("resort_zones", _cut([*resort, *control]), names, kinds, JB=["全国重点"] * len(kinds))
    sandy = _near(_read("elements/sandy_land"))
    large = sandy[np.argsort(-shapely.area(sandy))[:3]]
    closed = shapely.buffer(large, -180, quad_segs=2)
    _write("closed_sandy", _cut(closed), [f"示例沙化土地封禁保护区{n}" for n in ("一", "二", "三")], ["沙化土地封禁保护区"] * 3)
    fish = shapely.intersection(
        shapely.union_all(_near(rivers[rivers["MC"].str.startswith("瀑河（瀑河")])),
        geometries_to_local(np.array([shapely.box(118.50, 40.66, 118.64, 40.86)]))[0],
    )
    _write("fish_reserves", _cut([fish]), ["示例水产种质资源保护区"], ["水产种质资源保护区"])
    airport = _read("base/airports").set_index("icao").geometry["ZBCD"]
    centre = shapely.get_coordinates(geometries_to_local(np.array([airport])))[0]
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    ring = np.column_stack([9000 * np.cos(turn), 3000 * np.sin(turn)])
    lean = np.radians(35)
    ring = ring @ np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]]) + centre
    _write("airport_clearance", _cut([shapely.Polygon(ring)]), ["承德普宁机场净空保护区（示范）"], ["净空保护区"])


def write_parcels() -> None:
    """Write strewn parcels: ordinary farmland, hazards, tailings ponds, erosion control, forest grades, mining rights."""
    dem, transform = heights()
    crops = _cells(dem, transform, lambda kinds, _: kinds == 8)
    slopes = _cells(dem, transform, lambda kinds, relief: (relief > 140) & (kinds < 8))
    keep_off = shapely.union_all(_near(_read("elements/permanent_farmland")))
    fields = _strew("farmland", crops, 48, 42.0)
    titles = [f"示例耕地图斑{n:02d}" for n in range(1, 49)]
    _write("farmland", _cut([shapely.difference(shape, keep_off) for shape in fields], inset_m=30), titles, ["耕地"] * 48)
    for name, plan in PLANS.items():
        rows = [
            (shape, f"{title}{n:02d}", kind)
            for kind, title, count, hectares in plan
            for n, shape in enumerate(_strew(f"{name}-{kind}", slopes, count, hectares), start=1)
        ]
        shapes = _cut(_apart([shape for shape, *_ in rows]), inset_m=30)
        _write(name, shapes, [title for _, title, _ in rows], [kind for *_, kind in rows])
    rights = _apart(_strew("mining_rights", slopes, len(MINERALS), 120.0))
    kinds = ["采矿权" if n % 3 else "探矿权" for n in range(len(MINERALS))]
    names = [f"示例矿业权{n:02d}（{mineral}）" for n, mineral in enumerate(MINERALS, start=1)]
    strategic = ["是" if mineral in STRATEGIC else "否" for mineral in MINERALS]
    _write("mining_rights", _cut(rights, inset_m=30), names, kinds, KZ=list(MINERALS), ZLX=strategic)


def _cells(dem: Grid, transform: rasterio.Affine, choose: Choice) -> npt.NDArray[np.float64]:
    """Return the middles (lon, lat) of the cells of the city that `choose` takes by land class and local relief."""
    with rasterio.open(LAYERS / "carbon" / "land_classes_2025.tif") as source:
        kinds = source.read(1)
    relief = ndimage.maximum_filter(dem, 3) - ndimage.minimum_filter(dem, 3)
    rows, columns = np.nonzero(choose(kinds, relief) & (kinds > 0))
    lon, lat = transform * (columns + 0.5, rows + 0.5)
    city = shapely.union_all(_read("base/city").geometry.to_numpy())
    inside = shapely.contains_xy(city, lon, lat)
    return np.column_stack([lon, lat])[inside]


def _strew(name: str, cells: npt.NDArray[np.float64], count: int, hectares: float) -> list[shapely.Geometry]:
    generator = rng(f"law-{name}")
    places = cells[generator.choice(len(cells), count, replace=False)]
    sizes = hectares * generator.lognormal(0.0, 0.35, count)
    return [parcel_near(f"{name}-{n}", *place, size) for n, (place, size) in enumerate(zip(places, sizes, strict=True))]


def _apart(shapes: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """Return the shapes, each without the ground of those before it."""
    out: list[shapely.Geometry] = []
    for shape in shapes:
        before = [other for other in out if shapely.intersects(other, shape)]
        out.append(shapely.difference(shape, shapely.union_all(before)) if before else shape)
    return out


def write_law_layers() -> None:
    """Write every layer of layers/law."""
    write_lines()
    write_town_zones()
    write_element_zones()
    write_parcels()


if __name__ == "__main__":
    write_law_layers()
