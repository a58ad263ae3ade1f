"""Stock, uptake and loss of the zones of each layer, counted from land cover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cdgis.carbon import account_change, account_sink, account_stock, merge_zones
from cdgis.carbon.account.grids import later_areas
from cdgis.carbon.factors import PoolTable, rates_between, read_shipped
from cdgis.carbon.stock import TOTAL, UNLISTED, classed, covered_share
from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap
from cdgis.core.number_format import covers_all, percent
from cdgis.core.progress import Progress
from cdgis.raster import Effort, Raster, account_areas, class_areas, is_usual_filler, transition_areas
from cdgis.workspace.layer_place import MISPLACED_REMEDY
from cdgis.workspace.layers import Layer

CITY_ZONE, CITY_LAYER = "city", layer_ids.COUNTIES
"""The city is the counties put together: its range comes from their summed areas, never from their summed ranges."""
_ALL, _DIGITS = "all", 4
"""What stands for the layer while all are accounted for at once; digits of a layer's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What was counted in the zones of one layer."""

    zone_layer: str
    names: Mapping[str, str]
    areas: pd.DataFrame
    """zone_id, class_code, area_m2."""
    pairs: pd.DataFrame | None
    """zone_id, from_code, to_code, area_m2; None without an earlier date."""
    zone_m2: pd.DataFrame
    """zone id -> counted_m2, outside_m2."""


class LandCoverAccount:
    """Counts one zone layer after another, and accounts for all of them at once: the account of a layer more costs next to nothing."""

    def __init__(
        self, raster: Raster, pools: PoolTable, *, earlier: Raster | None, city: str, effort: Effort | None = None
    ) -> None:
        self._raster, self._pools, self._earlier = raster, pools, earlier
        self._city, self._effort = city, effort
        self.classes = frozenset(pools.frame["land_class"])
        self._counted: list[_Counted] = []
        self._ledgers: list[pd.DataFrame] = []
        self.tables: dict[str, pd.DataFrame] = {}
        """carbon_zones, carbon_areas, carbon_sink, carbon_change, once `account` was called."""
        self.city_areas = pd.DataFrame({"zone_id": [], "class_code": [], "area_m2": []})
        self.city_m2 = 0.0
        """The city, land outside the raster too."""
        self.city_share = 0.0
        """Part of the city with a land class."""

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
        self._ledgers.append(ledger.assign(zone_layer=layer.spec.id, zone_name=ledger["zone_id"].map(names)))
        zone_m2 = ledger.set_index("zone_id")[["counted_m2", "outside_m2"]]
        self._counted.append(_Counted(zone_layer=layer.spec.id, names=names, areas=areas, pairs=pairs, zone_m2=zone_m2))
        if layer.spec.id == CITY_LAYER:
            self.city_areas = merge_zones(areas, CITY_ZONE)
            pairs = pairs.assign(zone_id=CITY_ZONE) if pairs is not None else None
            self.city_m2 = float(zone_m2.to_numpy().sum())
            whole, names = zone_m2.sum().to_frame(CITY_ZONE).T, {CITY_ZONE: self._city}
            self._counted.append(_Counted(zone_layer=CITY_ZONE, names=names, areas=self.city_areas, pairs=pairs, zone_m2=whole))

    def account(self) -> None:
        """Make the tables of all that was counted."""
        if not self._counted:
            return
        pools, frame = self._pools, self._pools.frame
        areas = _together([one.areas for one in self._counted])
        zone_m2 = _together([one.zone_m2.rename_axis("zone_id").reset_index() for one in self._counted]).set_index("zone_id")
        outside_m2 = zone_m2["outside_m2"]
        share = covered_share(classed(areas, pools, outside_m2), pools)["covered_share"]
        rates = rates_between(read_shipped("sink_rates"), frame["land_class"])
        classes = dict(zip(frame["class_code"], frame["land_class"], strict=True))
        self.tables = {
            "carbon_zones": self._apart(account_stock(areas, pools, zone_layer=_ALL, outside_m2=outside_m2)),
            "carbon_areas": pd.concat(self._ledgers, ignore_index=True),
            "carbon_sink": self._apart(account_sink(areas, classes, rates, zone_layer=_ALL, covered_share=share)),
        }
        pairs = [one.pairs for one in self._counted if one.pairs is not None]
        if pairs:
            change = account_change(_together(pairs), pools, zone_layer=_ALL, zone_m2=zone_m2.sum(axis=1))
            self.tables["carbon_change"] = self._apart(change)
        sink = self.tables["carbon_sink"]
        self.city_share = float(sink.loc[sink["zone_layer"] == CITY_ZONE, "covered_share"].sum())

    def _apart(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of all zones with each one's layer, id and name."""
        keys = table["zone_id"].tolist()
        whose, zones = [self._counted[int(key[:_DIGITS])] for key in keys], [key[_DIGITS:] for key in keys]
        names = [one.names.get(zone, "") for one, zone in zip(whose, zones, strict=True)]
        return table.assign(zone_layer=[one.zone_layer for one in whose], zone_id=zones, zone_name=names)


def _together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames below one another, the layer's number before each zone_id: two layers may call a zone alike."""
    return pd.concat([frame.assign(zone_id=f"{number:0{_DIGITS}d}" + frame["zone_id"]) for number, frame in enumerate(frames)], ignore_index=True)


def change_gaps(cover: LandCoverAccount, earlier: Raster | None) -> list[Gap]:
    """Return how much of the city has no class at the earlier date and so is in no change; nothing where it is all there."""
    if earlier is None or "carbon_change" not in cover.tables or not cover.city_m2:
        return []
    rows = cover.tables["carbon_change"]
    city = rows[rows["zone_layer"] == CITY_ZONE]
    share = city.loc[city["from_class"] == TOTAL, "covered_share"].min()
    classed_m2 = city.loc[city["from_class"].isin(cover.classes), "area_m2"].sum()
    if covers_all(classed_m2 / cover.city_m2):
        return []
    return [
        Gap(
            part=f"两期土地类别与碳变化只含两期都有值的 {percent(share)} 面积，不是全市合计", layer=earlier.record.layer,
            file=earlier.record.path, row="", problem=f"早期栅格在市内没有土地类别的面积占 {percent(1 - classed_m2 / cover.city_m2)}",
            remedy="请换用覆盖全市的栅格；无数据值在图层目录的 nodata 写明",
        )
    ]  # fmt: skip


def cover_gaps(cover: LandCoverAccount, raster: Raster) -> list[Gap]:
    """Return what the city lacks: land without a class, and values that are no land class."""
    if not cover.tables or cover.city_areas.empty:
        return []
    zones = cover.tables["carbon_zones"]
    city = zones[zones["zone_layer"] == CITY_ZONE]
    blank = city[(city["land_class"] != TOTAL) & (city["valued_m2"] == 0)]
    if covers_all(cover.city_share):
        return []
    names = [_titled(name, raster) for name in blank["land_class"]]
    words = "、".join(f"{name} {area / 1e6:,.1f} 平方公里" for name, area in zip(names, blank["area_m2"], strict=True))
    fillers = [name for name in blank["land_class"] if name.startswith(UNLISTED) and is_usual_filler(int(name.split(" ")[1]))]
    hint = f"；{'、'.join(fillers)} 像是没有声明的无数据" if fillers else ""
    part = f"碳储量、年碳汇只含市内有值的 {percent(cover.city_share)} 面积，不是全市合计" if cover.city_share else "碳储量、年碳汇（未计）"
    is_elsewhere = not cover.city_share and not any(name.startswith(UNLISTED) for name in blank["land_class"])
    where = "图层不在本地，或在本市全是空值；" if is_elsewhere else ""
    return [
        Gap(
            part=part, layer=raster.record.layer, file=raster.record.path, row="", problem=f"{where}没有土地类别的面积：{words}{hint}",
            remedy=MISPLACED_REMEDY if is_elsewhere else "请换用覆盖全市的栅格；类别编码不同的在图层目录的 classes 写明对应，无数据值在 nodata 写明",
        )
    ]  # fmt: skip


def _titled(name: str, raster: Raster) -> str:
    """Return an unlisted value with what its legend calls it, or that the legend does not know it."""
    if not name.startswith(UNLISTED) or not raster.titles:
        return name
    return f"{name}（{raster.titles.get(int(name.split(' ')[1]), '图例里没有')}）"
