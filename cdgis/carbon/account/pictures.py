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
from cdgis.raster import Overlay, Raster, class_overlay, read_scale, relief_overlay, zone_overlay
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
