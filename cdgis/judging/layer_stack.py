"""Layers made ready for measuring, and several of them asked together.

A site is compared with fifty layers: asked one by one they cost more in questions than in geometry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray, TextArray
from cdgis.core.vocabulary import Scope
from cdgis.geometry.kernels import OutlineIndex, Zones, overlapping_pairs, zones_near
from cdgis.geometry.packed_shapes import PackedShapes
from cdgis.judging.extents import Extents, Met, both_planes
from cdgis.workspace.layers import ZONE_COLUMNS, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyLayer:
    """A layer's zones by id, in both planes, with the index of their outlines."""

    words: dict[str, TextArray]
    """zone_id, zone_name and zone_class."""
    plane: Zones
    """On the measuring plane."""
    local: PackedShapes
    boxes: FloatArray
    """Of the zones in the distance plane."""
    outlines: OutlineIndex
    among: dict[Scope, BoolArray]
    """Which zones are in a scope that was asked for."""


def planes_of_zones(layer: Layer) -> tuple[PackedShapes, PackedShapes]:
    """Return a layer's zones on the measuring plane and in the distance plane (`both_planes`), in its order; it keeps them."""
    return layer.derived("planes", _laid_out)


def _laid_out(layer: Layer) -> tuple[PackedShapes, PackedShapes]:
    def make() -> tuple[PackedShapes, PackedShapes]:
        """Lay the zones out."""
        plane, local = both_planes(np.asarray(layer.zones.geometry.array, dtype=object))
        return PackedShapes.of(plane), PackedShapes.of(local)

    return make() if layer.prepared is None else layer.prepared.planes(layer.zones, make)


def ready(layer: Layer) -> ReadyLayer:
    """Return a layer made ready; the layer keeps it, for sites come in several sets: as given, moved, cut, part by part."""
    return layer.derived("overlay", _made_ready)


def _made_ready(layer: Layer) -> ReadyLayer:
    order = np.argsort(layer.zones["zone_id"].to_numpy(dtype=object), kind="stable")
    plane, local = (shapes.ordered(order) for shapes in planes_of_zones(layer))
    words = {name: layer.zones[name].to_numpy(dtype=object)[order] for name in ZONE_COLUMNS}
    outlines = OutlineIndex(chunks=local.chunks())
    return ReadyLayer(words=words, plane=Zones.of(plane), local=local, boxes=local.boxes(), outlines=outlines, among={})


def meet(extents: Extents, layers: Sequence[ReadyLayer]) -> Met:
    """Return how subjects meet the zones of layers."""
    near = [zones_near(extents.cut, one.plane.boxes) for one in layers]
    zones = Zones.together([one.plane.only(rows) for one, rows in zip(layers, near, strict=True)])
    layer, zone = np.repeat(np.arange(len(layers)), [len(rows) for rows in near]), np.concatenate(near).astype(np.int64)

    def local(at: IntArray) -> GeometryArray:
        """Return some of the zones in the distance plane."""
        found = np.empty(len(at), dtype=object)
        for number in np.unique(layer[at]).tolist():
            rows = np.flatnonzero(layer[at] == number)
            found[rows] = layers[number].local.take(zone[at[rows]])
        return found

    return Met(pairs=overlapping_pairs(extents.cut, zones), layer=layer, zone=zone, zones=zones, local=local)


def words_of(layers: Sequence[ReadyLayer], name: str, layer: IntArray, zone: IntArray) -> TextArray:
    """Return a column of zones, given which layer each is of and its position there."""
    found = np.empty(len(zone), dtype=object)
    for number in np.unique(layer).tolist():
        rows = np.flatnonzero(layer == number)
        found[rows] = layers[number].words[name][zone[rows]]
    return found
