"""Stock, uptake and loss of the zones of each layer, counted from land cover."""

from collections.abc import Mapping

import pandas as pd

from cdgis.carbon import account_change, account_sink, account_stock, merge_zones
from cdgis.carbon.account.grids import later_areas
from cdgis.carbon.factors import PoolTable, read_shipped
from cdgis.core import layer_ids
from cdgis.core.progress import Progress
from cdgis.raster import Effort, Raster, account_areas, class_areas, transition_areas
from cdgis.workspace.layers import Layer

CITY_ZONE, CITY_LAYER = "city", layer_ids.COUNTIES
"""The city is the counties put together: its range comes from their summed areas, never from their summed ranges."""


class LandCoverAccount:
    """Counts one zone layer after another into the same tables."""

    def __init__(
        self, raster: Raster, pools: PoolTable, *, earlier: Raster | None, city: str, effort: Effort | None = None
    ) -> None:
        self._raster, self._pools, self._earlier = raster, pools, earlier
        self._city, self._effort = city, effort
        self._rates = read_shipped("sink_rates")
        self._classes = dict(zip(pools.frame["class_code"], pools.frame["land_class"], strict=True))
        self.parts: dict[str, list[pd.DataFrame]] = {
            name: [] for name in ("carbon_zones", "carbon_areas", "carbon_sink", "carbon_change")
        }
        self.city_areas = pd.DataFrame({"zone_id": [], "class_code": [], "area_m2": []})

    def add(self, layer: Layer, *, progress: Progress | None = None) -> None:
        """Count the zones of `layer`; of the counties also the city as a whole."""
        zones, effort = layer.zones, self._effort
        pairs = None
        if self._earlier is not None:
            pairs = transition_areas(self._earlier, self._raster, zones, effort=effort, progress=progress)
        # Both dates share a grid, so one count of the pairs holds the later date's classes too.
        counted = later_areas(pairs) if pairs is not None else None
        areas = class_areas(self._raster, zones, effort=effort, progress=progress) if counted is None else counted
        names = dict(zip(layer.zones["zone_id"], layer.zones["zone_name"], strict=True))
        ledger = account_areas(self._raster, areas, layer.zones)
        ledger = ledger.assign(zone_layer=layer.spec.id, zone_name=ledger["zone_id"].map(names))
        self.parts["carbon_areas"].append(ledger)
        self._count(areas, pairs, zone_layer=layer.spec.id, names=names)
        if layer.spec.id == CITY_LAYER:
            self.city_areas = merge_zones(areas, CITY_ZONE)
            pairs = pairs.assign(zone_id=CITY_ZONE) if pairs is not None else None
            self._count(self.city_areas, pairs, zone_layer=CITY_ZONE, names={CITY_ZONE: self._city})

    def _count(
        self,
        areas: pd.DataFrame,
        pairs: pd.DataFrame | None,
        *,
        zone_layer: str,
        names: Mapping[str, str],
    ) -> None:
        stock = account_stock(areas, self._pools, zone_layer=zone_layer, zone_names=names)
        self.parts["carbon_zones"].append(stock)
        self.parts["carbon_sink"].append(
            account_sink(areas, self._classes, self._rates, zone_layer=zone_layer, zone_names=names)
        )
        if pairs is not None:
            change = account_change(pairs, self._pools, zone_layer=zone_layer, zone_names=names)
            self.parts["carbon_change"].append(change)
