"""Where a workspace's place lies: the extent of its outline, the box its sites must lie in, the planes it is measured in."""

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from cdgis.core.errors import CdgisError, CrsError, LayerError, WorkspaceError
from cdgis.core.packs import on_packs
from cdgis.geometry.planes import Planes, on_planes
from cdgis.readers.coordinates import Box
from cdgis.readers.inputs import file_stamp
from cdgis.readers.layer_files import layer_extent
from cdgis.readers.prepared_layers import PreparedLayers, declined
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.pack_choice import packs_of
from cdgis.workspace.settings import SETTINGS_FILE, Workspace

_BOX_TENTHS = 10
"""The home box has whole tenths of a degree."""


def place_extent(workspace: Workspace) -> Box | None:
    """Return the extent of the place, degrees: stated, of its boundary layer, or of all layers that others name as coverage.

    None when the catalogue holds neither: such a workspace has nothing to overlay.

    Raises
    ------
    WorkspaceError : [place] names a boundary layer that is not in the catalogue, or is no polygon layer.
    LayerError, CrsError : the layer cannot be read, nor any that parts the place.

    Notes
    -----
    An outline that cannot be read, or holds nothing, is told where it is loaded; a layer that parts the same place stands in.
    """
    if workspace.settings.place is not None and workspace.settings.place.extent is not None:
        return workspace.settings.place.extent
    outlines = _outlines(workspace)
    failed: list[CdgisError] = []
    boxes = _extents(workspace, outlines, failed)
    for spec in () if boxes else workspace.catalog.layers.values():
        if spec.partition and spec.coverage in {outline.id for outline in outlines}:
            boxes = boxes or _extents(workspace, [spec], [])
    if not boxes and failed:
        raise failed[0]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _extents(workspace: Workspace, specs: list[LayerSpec], failed: list[CdgisError]) -> list[Box]:
    """Return the extents of the layers that hold a shape; what cannot be read is added to `failed`."""
    boxes = []
    for spec in specs:
        try:
            box = _extent(spec, workspace)
        except (LayerError, CrsError) as err:
            failed.append(err)
            continue
        boxes += [box] if box is not None else []
    return boxes


_KEPT = 64
_known_boxes: dict[Hashable, Box | None] = {}
"""Of files as they are: entry, path, stamp, and whether kept layers are declined -> extent.

Every question about a place begins with that of its outline.
"""


def _extent(spec: LayerSpec, workspace: Workspace) -> Box | None:
    path = workspace.layers_dir / spec.path
    key = (spec.model_dump_json(), path, file_stamp(path) if path.exists() else (), declined())
    if key in (known := dict(_known_boxes)):
        return known[key]
    if len(known) >= _KEPT:
        _known_boxes.clear()
    read = partial(layer_extent, spec, workspace.layers_dir)
    specs = [each for each in workspace.catalog.layers.values() if each.is_vector]
    kept = PreparedLayers.of(workspace.root, workspace.layers_dir, specs)
    return _known_boxes.setdefault(key, kept.extent(spec, path, read) if kept is not None else read())


def _outlines(workspace: Workspace) -> list[LayerSpec]:
    place, catalog = workspace.settings.place, workspace.catalog
    if place is not None and (place.boundary not in catalog or catalog[place.boundary].geometry != "polygon"):
        raise WorkspaceError(
            f"{SETTINGS_FILE} 的 [place] boundary = \"{place.boundary}\" 不是图层目录里的面图层",
            remedy="请在 layers/catalog.toml 登记行政区边界，或改 boundary 为它的编号",
        )
    if workspace.boundary in catalog:
        return [catalog[workspace.boundary]]
    covers = {spec.coverage for spec in catalog.layers.values() if spec.coverage}
    return [catalog[layer_id] for layer_id in sorted(covers)]


def home_box(extent: Box | None) -> Box | None:
    """Return the box the place's sites must lie in, degrees: its extent to the next tenth of a degree outward."""
    if extent is None:
        return None
    west, south = (math.floor(bound * _BOX_TENTHS) / _BOX_TENTHS for bound in extent[:2])
    east, north = (math.ceil(bound * _BOX_TENTHS) / _BOX_TENTHS for bound in extent[2:])
    return west, south, east, north


_COUNTRY: Box = (73.0, 3.0, 136.0, 54.0)
"""For a workspace that has nothing to measure against; areas do not depend on the planes."""
_placed: ContextVar[Workspace | None] = ContextVar("placed", default=None)
Owner = TypeVar("Owner")
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def planes_of(workspace: Workspace) -> Planes:
    """Return the planes that a workspace's place is measured in.

    Raises
    ------
    WorkspaceError, LayerError, CrsError : as for `place_extent`.
    """
    return Planes.of(place_extent(workspace) or _COUNTRY)


@contextmanager
def in_place(workspace: Workspace) -> Iterator[None]:
    """Work with the planes and packs of `workspace` until the block ends; inside such a block for the same one nothing changes."""
    if _placed.get() is workspace:
        yield
        return
    token = _placed.set(workspace)
    try:
        with on_planes(partial(planes_of, workspace)), on_packs(packs_of(workspace)):
            yield
    finally:
        _placed.reset(token)


def in_its_place(function: Callable[Concatenate[Owner, Given], Answer]) -> Callable[Concatenate[Owner, Given], Answer]:
    """Return `function` measuring in the planes of its first argument: a workspace, or what has one as `workspace`."""

    @wraps(function)
    def placed(owner: Owner, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """Call the function with its owner's planes entered."""
        workspace = owner if isinstance(owner, Workspace) else owner.workspace  # type: ignore[attr-defined]
        with in_place(workspace):
            return function(owner, *args, **kwargs)

    return placed
