"""Where are wetlands, grassland, sand, protected forest, water-conservation and resource zones?"""

import geopandas as gpd
import numpy as np
from scipy import ndimage

from layers.derive import water
from layers.derive.landcover import bashang
from layers.derive.master import Master
from layers.derive.patches import by_county, elements, traced
from layers.derive.terrain import Labels, Mask, Terrain, noise
from layers.derive.writing import write_layer
from layers.derive.zones import Zoning

_BASHANG_COUNTIES = (130826, 130828)


def dense(mask: Mask, spread: float, limit: float) -> Mask:
    return np.asarray(ndimage.gaussian_filter(mask.astype(float), spread) > limit)


def write_nature(terrain: Terrain, zoning: Zoning, master: Master) -> None:
    """Write wetlands, grassland, sandy land, protected forest, water conservation and resource zones."""
    names = master.county_names
    plans = (
        (
            _wetlands(terrain, zoning),
            (10, 140.0),
            "SD",
            ("国家重要湿地", "省级重要湿地", "一般湿地"),
            "wetlands",
            "湿地",
        ),
        (_grassland(terrain, zoning), (50, 220.0), "JBCY", ("基本草原",), "basic_grassland", "基本草原"),
        (_sand(terrain, zoning), (30, 200.0), "SHTD", ("沙化土地",), "sandy_land", "沙化土地"),
        (_forest(zoning), (110, 280.0), "LD", ("Ⅰ级保护林地", "公益林", "天然林"), "protected_forest", "林地"),
        (
            _conservation(terrain, zoning),
            (700, 320.0),
            "SYHY",
            ("水源涵养功能区",),
            "water_conservation",
            "水源涵养功能区",
        ),
    )
    for label, plan, prefix, kinds, stem, word in plans:
        single = stem in ("wetlands", "sandy_land", "basic_grassland")
        out = by_county(master, traced(terrain, master, label, plan), single=single)
        title = [f"{names[c]}{word}（示范）" for c in out["county"]]
        write_layer(elements(out, prefix, title, [kinds[v - 1] for v in out["value"]]), f"elements/{stem}.gpkg")
    _resources(terrain, zoning, master)


def _wetlands(terrain: Terrain, zoning: Zoning) -> Labels:
    wet = dense(np.isin(zoning.land_class, (9, 10)), 1.0, 0.45)
    wetland_park = [i for i, s in enumerate(water.SEEDS["nature_park"], start=1) if s["class"] == "湿地公园"]
    wet |= np.isin(zoning.nature_park, wetland_park)
    label = np.where(wet, 3, 0)
    label[wet & (zoning.water | np.isin(zoning.nature_park, wetland_park) | (bashang(terrain) > 0.5))] = 2
    label[wet & (zoning.reserve > 0)] = 1
    return label.astype("int32")


def _grassland(terrain: Terrain, zoning: Zoning) -> Labels:
    grass = dense(np.isin(zoning.land_class, (5, 6)), 2.0, 0.5) & (zoning.farm == 0)
    return (grass & np.isin(terrain.county, _BASHANG_COUNTIES) & (zoning.built == 0)).astype("int32")


def _sand(terrain: Terrain, zoning: Zoning) -> Labels:
    open_land = np.isin(zoning.land_class, (6, 12, 7, 5)) & np.isin(terrain.county, _BASHANG_COUNTIES)
    dry = 0.76 - terrain.ndvi_max + 0.035 * noise("sand", terrain.shape, (10, 4))
    return dense(open_land & (bashang(terrain) > 0.25) & (dry > 0.02), 1.8, 0.5).astype("int32")


def _forest(zoning: Zoning) -> Labels:
    wood = dense(np.isin(zoning.land_class, (1, 2, 3)), 2.2, 0.55)
    natural = dense(zoning.land_class == 1, 4.0, 0.62) & (zoning.red == 0)
    label = np.where(natural & wood, 3, 0)
    label[wood & (zoning.red >= 1)] = 2
    label[wood & (zoning.red == 2)] = 1
    return label.astype("int32")


def _conservation(terrain: Terrain, zoning: Zoning) -> Labels:
    score = ndimage.gaussian_filter(zoning.red_score.clip(-1), 9)
    limit = np.quantile(score[terrain.inside], 0.42)
    return (score > limit).astype("int32")


def _resources(terrain: Terrain, zoning: Zoning, master: Master) -> None:
    names = master.county_names
    rim = ndimage.gaussian_filter(-terrain.above_stream_m / 40 - terrain.slope_deg / 5, 3)
    pumped = (bashang(terrain) > 0.55) & (terrain.above_stream_m < 45)
    pumped |= (terrain.county == 130881) & (rim > -1.1) | np.isin(terrain.county, (130802, 130803)) & (rim > -1.0)
    out = by_county(master, traced(terrain, master, dense(pumped, 2, 0.5).astype("int32"), (150, 240.0)))
    _write_resource(out, names, ("地下水开采重点管控区", "251", "groundwater_zones", "CAP_WM3", 1.6))
    town = ndimage.distance_transform_edt((zoning.built == 0) & (zoning.park == 0), sampling=(0.2316, 0.174))
    scarce = (rim > -1.6) & (town + 0.9 * noise("land", terrain.shape, (10, 4)) < 4.2) & terrain.inside
    out = by_county(master, traced(terrain, master, dense(scarce, 2, 0.5).astype("int32"), (120, 240.0)))
    _write_resource(out, names, ("土地资源重点管控区", "252", "land_resource_zones", "CAP_HA", 3.0))


def _write_resource(out: gpd.GeoDataFrame, names: dict[int, str], plan: tuple[str, str, str, str, float]) -> None:
    word, digits, stem, field, factor = plan
    frame = gpd.GeoDataFrame(
        {
            "ZYGKFQBM": [f"YS{c}{digits}{n:04d}" for n, c in enumerate(out["county"], start=1)],
            "ZYGKFQMC": [f"{names[c]}{word}" for c in out["county"]], "YSXL": word,
            field: [float(round(value * factor, 0)) for value in out["km2"]],
        },
        geometry=out.geometry,
    )  # fmt: skip
    write_layer(frame, f"redlines/{stem}.gpkg")
