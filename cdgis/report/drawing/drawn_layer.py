"""A layer taken out of its frame: hundreds of drawings ask it for what they show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.geometry.map_frame import Bounds
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnLayer:
    """Zones of one layer as drawings take them."""

    spec: LayerSpec
    tree: shapely.STRtree
    shapes: GeometryArray
    """EPSG:4490, x = longitude."""
    classes: np.ndarray
    names: list[str]
    _thin: dict[int, GeometryArray] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, layer: Layer) -> "DrawnLayer":
        """Return a layer's zones, kept with the layer."""
        return layer.derived("drawn", _drawn)

    def within(self, box: Bounds | shapely.Polygon) -> np.ndarray:
        """Return the numbers of the zones whose own box meets `box`, in order."""
        return np.sort(self.tree.query(box if isinstance(box, shapely.Polygon) else shapely.box(*box)))

    def thinned(self, index: np.ndarray, step: int) -> GeometryArray:
        """Return zones simplified to two to the power of `step` degrees, each once for all drawings of like scale."""
        thin = self._thin.setdefault(step, np.full(len(self.shapes), None, dtype=object))
        missing = index[[shape is None for shape in thin[index]]]
        thin[missing] = shapely.simplify(self.shapes[missing], 2.0**step)
        return np.asarray(thin[index], dtype=object)

    def by_class(self, index: np.ndarray, shapes: GeometryArray) -> Iterator[tuple[str, GeometryArray]]:
        """Yield each class among the zones of these numbers, and those of `shapes` that are of it."""
        classes = self.classes[index]
        kinds = sorted(set(classes.tolist()))
        for zone_class in kinds:
            yield zone_class, shapes[classes == zone_class] if len(kinds) > 1 else shapes


def drawn_layers(layers: Mapping[str, Layer], *names: str) -> list[DrawnLayer]:
    """Return those of the layers that are there, in the order of `names`."""
    return [DrawnLayer.of(layers[name]) for name in names if name in layers]


def _drawn(layer: Layer) -> DrawnLayer:
    zones, shapes = layer.zones, layer.zones.geometry.to_numpy()
    return DrawnLayer(
        spec=layer.spec, tree=shapely.STRtree(shapes), shapes=shapes, classes=zones["zone_class"].to_numpy().astype(str),
        names=list(map(str, zones["zone_name"])),
    )  # fmt: skip
