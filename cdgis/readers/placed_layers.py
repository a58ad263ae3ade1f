"""Layers that lie in their place, told from those of another: nothing is judged, proven or traced with the latter."""

from collections.abc import Mapping
from contextlib import suppress

from cdgis.core.errors import CatalogError, CdgisError, CrsError, LayerError
from cdgis.readers.layer_files import read_layer
from cdgis.readers.place_extent import home_box, in_its_place, place_extent
from cdgis.workspace.layer_place import MISPLACED_REMEDY, Box, misplaced
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import Workspace


def place_box(workspace: Workspace) -> Box | None:
    """Return the box sites of the place must lie in; None when nothing says where the place is."""
    with suppress(CdgisError):  # a boundary that cannot be used is told where it is read for itself
        return home_box(place_extent(workspace))
    return None


@in_its_place
def misplaced_layers(workspace: Workspace, layers: Mapping[str, Layer]) -> dict[str, LayerError]:
    """Return, for each of `layers` that lies outside its coverage or the place, the error of using it.

    Coverages that are not among `layers` are read, as far as they can be.
    """
    home = place_box(workspace)
    covers: dict[str, Layer | None] = dict(layers)
    found: dict[str, LayerError] = {}
    for name, layer in layers.items():
        cover = layer.spec.coverage
        if cover and cover not in covers:
            covers[cover] = None
            with suppress(LayerError, CrsError, CatalogError):
                covers[cover] = read_layer(workspace.catalog[cover], workspace.layers_dir)
        problem = misplaced(layer, covers.get(cover), home)
        if problem:
            found[name] = LayerError(layer.spec.path, name, (f"{problem}。{MISPLACED_REMEDY}",))
    return found
