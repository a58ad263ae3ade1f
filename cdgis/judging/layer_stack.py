"""Layers made ready for measuring, and several of them asked together.

A site is compared with fifty layers: asked one by one they cost more in questions than in geometry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray, TextArray
from cdgis.core.vocabulary import Scope
from cdgis.geometry.kernels import OutlineIndex, Zones, overlapping_pairs, zones_near
from cdgis.judging.extents import Extents, Met, both_planes
from cdgis.workspace.layers import ZONE_COLUMNS, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyLayer:
    """A layer's zones by id, in both planes, with the index of their outlines."""

    words: dict[str, TextArray]
    """zone_id, zone_name and zone_class."""
    plane: Zones
    """On the measuring plane."""
    local: GeometryArray
    boxes: FloatArray
    """Of the zones in the distance plane."""
    outlines: OutlineIndex
    among: dict[Scope, BoolArray]
    """Which zones are in a scope that was asked for."""


def planes_of_zones(layer: Layer) -> tuple[GeometryArray, GeometryArray]:
    """Return a layer's zones on the measuring plane and in the distance plane (`both_planes`), in its order; it keeps them."""
    return layer.derived("planes", _laid_out)


def _laid_out(layer: Layer) -> tuple[GeometryArray, GeometryArray]:
    make = partial(both_planes, np.asarray(layer.zones.geometry.array, dtype=object))
    return make() if layer.prepared is None else layer.prepared.planes(layer.zones, make)


def ready(layer: Layer) -> ReadyLayer:
    """Return a layer made ready; the layer keeps it, for sites come in several sets: as given, moved, cut, part by part."""
    return layer.derived("overlay", _made_ready)


def _made_ready(layer: Layer) -> ReadyLayer:
    order = np.argsort(layer.zones["zone_id"].to_numpy(dtype=object), kind="stable")
    plane, local = (shapes[order] for shapes in planes_of_zones(layer))
    words = {name: layer.zones[name].to_numpy(dtype=object)[order] for name in ZONE_COLUMNS}
    boxes, outlines = shapely.bounds(local).reshape(-1, 4), OutlineIndex.of(local)
    return ReadyLayer(words=words, plane=Zones.of(plane), local=local, boxes=boxes, outlines=outlines, among={})


def meet(extents: Extents, layers: Sequence[ReadyLayer]) -> Met:
    """Return how subjects meet the zones of layers."""
    near = [zones_near(extents.plane, one.plane.boxes) for one in layers]
    zones = Zones.together([one.plane.only(rows) for one, rows in zip(layers, near, strict=True)])
    return Met(
        pairs=overlapping_pairs(extents.cut, zones),
        layer=np.repeat(np.arange(len(layers)), [len(rows) for rows in near]),
        zone=np.concatenate(near).astype(np.int64),
        plane=zones.whole,
        local=np.concatenate([one.local[rows] for one, rows in zip(layers, near, strict=True)]),
    )


def words_of(layers: Sequence[ReadyLayer], name: str, layer: IntArray, zone: IntArray) -> TextArray:
    """Return a column of zones, given which layer each is of and its position there."""
    found = np.empty(len(zone), dtype=object)
    for number in np.unique(layer).tolist():
        rows = np.flatnonzero(layer == number)
        found[rows] = layers[number].words[name][zone[rows]]
    return found
