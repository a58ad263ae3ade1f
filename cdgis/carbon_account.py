"""How do the land-class raster and the restoration areas become the carbon tables? (pipeline stage)"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from cdgis import geodesy
from cdgis.carbon import account_stock, estimate_potential, merge_zones
from cdgis.factors import read_measures, read_pool_table
from cdgis.kernels import overlapping_pairs
from cdgis.loading import Loaded
from cdgis.model import InputRecord
from cdgis.progress import Progress
from cdgis.raster import account_areas, class_areas, read_raster
from cdgis.schema import empty, validate

CITY_ZONE = "city"
RESTORATION_LAYER, FARMLAND_LAYER = "restoration_areas", "permanent_farmland"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonTables:
    """The carbon tables with the inputs they rest on and what must be said of them."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    records: tuple[InputRecord, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> "CarbonTables":
        """Return no tables, for commands that do not ask for carbon."""
        return cls()


def account_carbon(loaded: Loaded, *, progress: Progress) -> CarbonTables:
    """Return tables carbon_zones, carbon_potential and carbon_areas for the zone layers the settings name.

    Raises
    ------
    CatalogError, LayerError, CarbonError : the raster, a zone layer or a land class's factor is missing.
    """
    settings = loaded.settings.carbon
    catalog = loaded.workspace.catalog
    if settings.land_class_layer not in catalog:
        return CarbonTables(notes=(f"工作区没有土地类别栅格 {settings.land_class_layer}，未作碳储量核算",))
    raster = read_raster(catalog[settings.land_class_layer], loaded.workspace.layers_dir)
    pools = read_pool_table(settings.pool_table)
    layers = {name: loaded.layers[name] for name in settings.zone_layers if name in loaded.layers}
    progress.stage("碳储量核算", len(layers) + 1)
    parts: list[pd.DataFrame] = []
    ledgers: list[pd.DataFrame] = []
    for name, layer in layers.items():
        areas = class_areas(raster, layer.zones, progress=progress)
        ledger = account_areas(raster, areas, layer.zones)
        names = dict(zip(layer.zones["zone_id"], layer.zones["zone_name"], strict=True))
        ledgers.append(ledger.assign(zone_layer=name, zone_name=ledger["zone_id"].map(names)))
        parts.append(account_stock(areas, pools, zone_layer=name, zone_names=names))
        if name == "counties":
            city = merge_zones(areas, CITY_ZONE)
            parts.append(
                account_stock(city, pools, zone_layer=CITY_ZONE, zone_names={CITY_ZONE: loaded.settings.city})
            )
        progress.step(layer.spec.title)
    potential = _potential(loaded)
    progress.step("修复增汇潜力")
    if not parts:
        return CarbonTables(records=(raster.record,))
    zones, areas = pd.concat(parts, ignore_index=True), validate("carbon_areas", pd.concat(ledgers))
    return CarbonTables(
        tables={"carbon_zones": zones, "carbon_potential": potential, "carbon_areas": areas},
        records=(raster.record,),
        notes=(_closing_note(areas, {name: layer.spec.title for name, layer in layers.items()}),),
    )


def _closing_note(ledger: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return in words how the areas counted compare with the survey area, layer by layer."""
    words = []
    for name, rows in ledger.groupby("zone_layer", sort=False):
        worst_m2 = rows["residual_m2"].abs()
        worst_id = rows["zone_id"].iloc[int(worst_m2.argmax())]
        text = f"{titles[str(name)]} {len(rows)} 个区，最大余差 {worst_m2.max():,.1f} 平方米（{worst_id}）"
        for column, said in (("outside_m2", "栅格未覆盖"), ("nodata_m2", "无数据")):
            share = rows[column].sum() / max(rows["survey_m2"].sum(), 1.0)
            text += f"，{said} {share:.2%}" if share >= 0.00005 else ""
        words.append(text)
    return f"碳核算逐像元面积与国土调查椭球面积逐区闭合，见 data/carbon_areas.csv：{'；'.join(words)}"


def _potential(loaded: Loaded) -> pd.DataFrame:
    if RESTORATION_LAYER not in loaded.layers:
        return empty("carbon_potential")
    zones = loaded.layers[RESTORATION_LAYER].zones
    plane = geodesy.geometries_to_plane(np.asarray(zones.geometry.array, dtype=object))
    patches = pd.DataFrame(
        {
            "area_id": zones["zone_id"].to_numpy(dtype=object),
            "area_name": zones["zone_name"].to_numpy(dtype=object),
            "measure": zones["zone_class"].to_numpy(dtype=object),
            "gross_m2": shapely.area(plane),
            "excluded_m2": _inside_farmland_m2(plane, loaded),
        }
    )
    return estimate_potential(patches, read_measures(), start_year=loaded.as_of.year)


def _inside_farmland_m2(patches: np.ndarray, loaded: Loaded) -> np.ndarray:
    """Return the area of each patch on permanent farmland, where no measure may be carried out."""
    if FARMLAND_LAYER not in loaded.layers:
        return np.zeros(len(patches))
    farmland = np.asarray(loaded.layers[FARMLAND_LAYER].zones.geometry.array, dtype=object)
    pairs = overlapping_pairs(patches, geodesy.geometries_to_plane(farmland))
    return np.bincount(pairs.subject, weights=pairs.area_m2, minlength=len(patches))
