"""Pictures of stock density and restoration potential for the map, and the relief below them.

Density of a class is the sum of the pools its table knows, as in the stock account; density of a restoration area is
what it adds up to by the last year shown, per hectare that can be carried out.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import PoolTable
from cdgis.core import layer_ids
from cdgis.core.units import M2_PER_HA
from cdgis.raster import (
    ClassValues,
    Overlay,
    Raster,
    ValueRaster,
    ZoneValues,
    class_overlay,
    read_scale,
    relief_overlay,
    zone_overlay,
)
from cdgis.workspace.layers import Layers

_POOLS = ("vegetation_tc_per_ha", "dead_tc_per_ha", "soil_tc_per_ha")
WITHIN, RESTORATION = layer_ids.COUNTIES, layer_ids.RESTORATION_AREAS


def draw_pictures(
    classes: Raster, pools: PoolTable, layers: Layers, tables: Mapping[str, pd.DataFrame], *, elevation: Raster | None
) -> dict[str, Overlay]:
    """Return stock_density, potential_density and relief, as far as their data are there.

    Parameters
    ----------
    tables : carbon_potential is looked at.
    elevation : metres; None where the workspace has none.
    """
    if WITHIN not in layers:
        return {}
    within = layers[WITHIN].zones
    pictures = {"stock_density": class_overlay(classes, density_tc_per_ha(pools), read_scale("stock_density"), within)}
    if RESTORATION in layers and len(tables.get("carbon_potential", ())):
        zones = layers[RESTORATION].zones
        values = zones["zone_id"].map(potential_tco2e_per_ha(tables["carbon_potential"])).to_numpy(dtype=float)
        pictures["potential_density"] = zone_overlay(zones, values, read_scale("potential_density"), within)
    if elevation is not None:
        pictures["relief"] = relief_overlay(elevation, within)
    return pictures


def value_rasters(
    classes: Raster, earlier: Raster | None, pools: PoolTable, layers: Layers, tables: Mapping[str, pd.DataFrame]
) -> dict[str, ValueRaster]:
    """Return carbon_density, carbon_change and carbon_potential on the cells of the land classes, as far as their data are there.

    Parameters
    ----------
    earlier : on the same cells; None where there is none.
    """
    density = density_tc_per_ha(pools)
    now, scale = ClassValues(raster=classes, values=density), read_scale("stock_density")
    known = f"各类别的密度是{pools.words}里已知各库（植被、死有机质、土壤）之和，没有的库不计；无数据的像元和没有密度的类别为 -9999"
    found = {"carbon_density": ValueRaster(source=now, title=scale.title, unit=scale.unit, scale=scale, about=known)}
    if earlier is not None:
        change, scale = ClassValues(raster=classes, values=density, less=ClassValues(raster=earlier, values=density)), read_scale("stock_change")
        about = f"{classes.record.layer} 减 {earlier.record.layer}，正数为增加；{known}；任一期没有的为 -9999"
        found["carbon_change"] = ValueRaster(source=change, title=scale.title, unit=scale.unit, scale=scale, about=about)
    if RESTORATION in layers and len(tables.get("carbon_potential", ())):
        zones, scale = layers[RESTORATION].zones, read_scale("potential_density")
        values = zones["zone_id"].map(potential_tco2e_per_ha(tables["carbon_potential"])).to_numpy(dtype=float)
        about = "修复区到最后一年累计的中值，按可实施面积折算，铺在修复区占到一半以上的像元上；其余和没有可实施面积的为 -9999"
        source = ZoneValues(grid=classes.grid, zones=zones, values=values)
        found["carbon_potential"] = ValueRaster(source=source, title=scale.title, unit=scale.unit, scale=scale, about=about)
    return found


def density_tc_per_ha(pools: PoolTable) -> dict[int, float]:
    """Return land class -> tonnes of carbon per hectare, over the pools that are known."""
    known = pools.frame[list(_POOLS)].sum(axis=1, min_count=1)
    return {int(code): float(value) for code, value in zip(pools.frame["class_code"], known, strict=True)}


def potential_tco2e_per_ha(potential: pd.DataFrame) -> dict[str, float]:
    """Return area_id -> tonnes of CO2e per eligible hectare by the last year; NaN where nothing is eligible."""
    last = potential[potential["year"] == potential["year"].max()]
    sums = last.groupby("area_id")[["cumulative_tco2e_mid", "eligible_m2"]].sum()
    hectares = sums["eligible_m2"].where(sums["eligible_m2"] > 0, np.nan) / M2_PER_HA
    return {str(area): float(value) for area, value in (sums["cumulative_tco2e_mid"] / hectares).items()}
