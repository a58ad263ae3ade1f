"""Whether a site lies in the county, township and park its row states, and in the city at all.

A point copied with two digits exchanged, or degrees and minutes read as decimals, lies kilometres away: what a row says
of its place is the one thing in it that can tell. A contradiction makes no choice between the two.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.errors import CrsError, LayerError, ReaderError
from cdgis.geometry.geodesy import geodesic_length_m
from cdgis.readers.attribute_columns import column_aliases
from cdgis.readers.datum import places_named
from cdgis.readers.intake import Remark, noted
from cdgis.readers.layer_files import read_layer
from cdgis.readers.packed_angles import could_be_packed, in_words, packed_point
from cdgis.readers.subjects import Description
from cdgis.readers.table_layers import read_table_layer
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import Workspace

CONFLICT = "place_conflict"
"""The attribute that holds a contradiction: it makes the verdict 资料不足 (rule LOC-01)."""
_SHOWN = 10
_REMEDY = "请核对坐标与所写的位置；改正之前结论为资料不足"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What a row says of its place in one column."""

    title: str
    text: str
    layer: str


_Meant = tuple[Layer | None, list[int], tuple[str, ...], BaseGeometry | None]
PLACE_LAYERS = (layer_ids.CITY, layer_ids.COUNTIES, layer_ids.PARKS)
"""Layers whose shapes sites' places are compared with."""


class StatedPlaces:
    """The places a workspace knows, each layer read when a row first names one."""

    def __init__(self, workspace: Workspace, layers: Mapping[str, Layer] | None = None) -> None:
        self._workspace = workspace
        # a layer without zones may only stand for one that is not there
        self._known: dict[_Claim, _Meant] = {}
        self._read: dict[str, Layer | None] = {name: layer for name, layer in (layers or {}).items() if len(layer.zones)}

    @property
    def frame(self) -> GeoDataFrame | None:
        """Names and polygons of counties and parks, EPSG:4490, against which a shifted datum may become evident."""
        layers = (self._layer(layer_id) for layer_id in (layer_ids.COUNTIES, layer_ids.PARKS))
        frames = [layer.zones[["zone_name", "geometry"]] for layer in layers if layer is not None]
        return GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=4490) if frames else None

    def checked(self, shape: BaseGeometry, accuracy_m: float, described: Description) -> tuple[str, tuple[Remark, ...]]:
        """Return the contradiction between a site and what is said of its place, "" when there is none, and remarks.

        Parameters
        ----------
        shape : EPSG:4490; one that reaches into the stated place agrees.
        accuracy_m : of the site's position; the layer's own accuracy is added.
        """
        conflicts: list[str] = []
        remarks: list[Remark] = []
        for claim in _claims(described):
            found = self._contradiction(shape, accuracy_m, claim)
            if found is None:
                reason = f"所写{claim.title}“{claim.text}”不在所载图层中，没有与坐标核对"
                remarks.append(noted(reason, field=claim.title, value=claim.text))
            elif found:
                conflicts.append(found)
                remarks.append(noted(found, field=claim.title, value=claim.text, remedy=_REMEDY))
        if not conflicts and self._is_elsewhere(shape, accuracy_m):
            remedy = "请核对坐标；确在市外的不属本市研判范围"
            remarks.append(noted(f"位置在{self._workspace.settings.city}范围以外", field="坐标", remedy=remedy))
        return "；".join(conflicts), tuple(remarks)

    def undoubted(self, shapes: GeometryArray, described: Description) -> BoolArray:
        """Return of which sites, EPSG:4490 and described alike, `checked` has nothing to say whatever their accuracy; it may miss some."""
        fine = np.ones(len(shapes), dtype=bool)
        for claim in _claims(described):
            layer, _, _, place = self._meant(claim)
            if layer is not None:
                fine &= shapely.intersects(place, shapes) if place is not None else False
        return np.asarray(fine & shapely.intersects(self._city[0], shapes) if self._city is not None else fine)

    def _meant(self, claim: _Claim) -> _Meant:
        """Return the layer a claim speaks of, its zones that are named, the names looked for and the place; many rows say the same."""
        if claim not in self._known:
            self._known[claim] = self._looked_up(claim)
        return self._known[claim]

    def _looked_up(self, claim: _Claim) -> _Meant:
        layer = self._layer(claim.layer)
        names = [] if layer is None else [str(name) for name in layer.zones["zone_name"]]
        wanted = self._counties_of(claim.text) if claim.title == _titles()["township"] else (claim.text,)
        codes = [] if layer is None else layer.zones["zone_id"].tolist()
        named = {row for text in wanted for row in _named(text, names, self._workspace.settings.city)}
        rows = sorted(named or {row for row, code in enumerate(codes) if code == claim.text})
        return layer, rows, wanted, shapely.union_all(layer.zones.geometry.to_numpy()[rows]) if layer is not None and rows else None

    def _contradiction(self, shape: BaseGeometry, accuracy_m: float, claim: _Claim) -> str | None:
        """Return how a claim contradicts the site's place: "" when it agrees, None when the place is not known."""
        layer, rows, wanted, place = self._meant(claim)
        if layer is None or place is None:
            return None if layer is not None else ""
        distance_m = _distance_m(shape, place)
        if distance_m <= accuracy_m + layer.spec.accuracy_m:
            return ""
        names = [str(name) for name in layer.zones["zone_name"]]
        there = [names[row] for row in np.flatnonzero(shapely.intersects(layer.zones.geometry.to_numpy(), shape))]
        where = f"在{'、'.join(there)}" if there else "不在其中"
        stated = claim.text if wanted == (claim.text,) else f"{claim.text}（{'、'.join(wanted)}）"
        reason = f"所写{claim.title}为{stated}，坐标{where}，相距 {distance_m / 1000:.1f} 公里"
        return reason + _packed_hint(shape, place, names[rows[0]])

    def _counties_of(self, township: str) -> tuple[str, ...]:
        names = self._townships
        short = {name: counties for name, counties in names.items() if name.startswith(township) or name in township}
        return tuple(dict.fromkeys(county for counties in short.values() for county in counties))

    @cached_property
    def _townships(self) -> Mapping[str, tuple[str, ...]]:
        """Township -> the counties that have one of that name."""
        if layer_ids.TOWNSHIPS not in self._workspace.catalog:
            return {}
        try:
            frame = read_table_layer(self._workspace.catalog[layer_ids.TOWNSHIPS], self._workspace.layers_dir)
        except (LayerError, ReaderError):
            # the check of the layers reports this; nothing can be compared with it
            return {}
        if not {"name", "county_name"} <= set(frame.columns):
            return {}
        return {str(name): tuple(part["county_name"].unique()) for name, part in frame.groupby("name", sort=False)}

    def _is_elsewhere(self, shape: BaseGeometry, accuracy_m: float) -> bool:
        if self._city is None:
            return False
        whole, city_accuracy_m = self._city
        return not whole.intersects(shape) and _distance_m(shape, whole) > accuracy_m + city_accuracy_m

    @cached_property
    def _city(self) -> tuple[BaseGeometry, float] | None:
        """The whole city, prepared, and its layer's accuracy in metres; None when there is none to compare with."""
        city = self._layer(layer_ids.CITY)
        if city is None or city.zones.empty:
            return None
        whole = shapely.union_all(city.zones.geometry.to_numpy())
        shapely.prepare(whole)
        return whole, city.spec.accuracy_m

    def _layer(self, layer_id: str) -> Layer | None:
        if layer_id not in self._read:
            self._read[layer_id] = None
            if layer_id in self._workspace.catalog:
                # a layer that cannot be read is reported where it is read for itself; nothing can be compared with it
                with suppress(LayerError, CrsError):
                    self._read[layer_id] = read_layer(self._workspace.catalog[layer_id], self._workspace.layers_dir)
        return self._read[layer_id]


def _titles() -> Mapping[str, str]:
    """Return subject column -> the word users know it by."""
    return {role: column_aliases("subject")[role][0] for role in ("county", "township")}


def said_of_place(described: Description) -> tuple[str, str, str]:
    """Return the county, township and park that a row states, "" for those it does not."""
    columns = described.columns
    return columns.get("county", ""), columns.get("township", ""), described.attributes.get("park_name", "")


def _claims(described: Description) -> list[_Claim]:
    titles = (*_titles().values(), "所在园区")
    layers = (layer_ids.COUNTIES, layer_ids.COUNTIES, layer_ids.PARKS)
    said = zip(titles, said_of_place(described), layers, strict=True)
    return [_Claim(title=title, text=text, layer=layer) for title, text, layer in said if text]


def _named(text: str, names: Sequence[str], city: str) -> list[int]:
    """Return the places a text names in full, in short, or within a longer address; the city itself names none."""
    suffixes = column_aliases("place")["suffix"]
    bare = next((text.removesuffix(suffix) for suffix in suffixes if text.endswith(suffix)), text)
    if bare in (city, *(city.removesuffix(suffix) for suffix in suffixes)):
        return [index for index, name in enumerate(names) if name == text]
    inside = [index for index, name in enumerate(names) if name in text]
    return inside or places_named((text,), names) or places_named((bare,), names)


def _distance_m(shape: BaseGeometry, place: BaseGeometry) -> float:
    if shape.intersects(place):
        return 0.0
    line = shapely.shortest_line(shape, place)
    return float(geodesic_length_m(np.array([line], dtype=object))[0])


def _packed_hint(shape: BaseGeometry, place: BaseGeometry, name: str) -> str:
    """Return that a point's decimals, read as minutes and seconds, would lie in the stated place, else ""."""
    if shape.geom_type != "Point":
        return ""
    texts = [f"{value:.{_SHOWN}f}".rstrip("0") for value in shapely.get_coordinates(shape)[0]]
    if not could_be_packed(texts):
        return ""
    point = packed_point((texts[0], texts[1]))
    if point is None or not place.intersects(point):
        return ""
    return f"；坐标若是度.分秒（{in_words(point.x)}、{in_words(point.y)}）则落在{name}"
