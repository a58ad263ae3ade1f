"""Polygons and points that no outline of a layer comes near: wholly inside or outside each zone, nothing to cut.

In a large job most subjects are such. Compiled kernels find them by the boxes of the outlines' chunks, in a tree that a
layer keeps.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.nearest import BoxTree, box_tree_of
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.packed_shapes import PackedShapes

_COUNTS = 8
"""How much each subject counts to the size of a job: one layer after the other is asked, and each keeps its tree."""


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: chunks and tree are made when first asked for, and kept
class ZoneOutlines:
    """Outlines of a layer's zones on the measuring plane, ready to be asked by compiled kernels."""

    shapes: PackedShapes

    @cached_property
    def chunks(self) -> OutlineChunks:
        """The outlines in chunks."""
        return self.shapes.chunks()

    @cached_property
    def tree(self) -> BoxTree:
        """The tree over their boxes."""
        return box_tree_of(self.chunks)

    @cached_property
    def bounded(self) -> IntArray:
        """The zone each chunk bounds, -1 where it bounds none."""
        return np.where(self.shapes.areal()[self.chunks.owner], self.chunks.owner, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Subjects that no outline comes near, and the zones that hold them."""

    settled: IntArray
    """Subjects settled, those outside every zone included."""
    subject: IntArray
    """With `zone`: settled subjects and the zones that hold them."""
    zone: IntArray


def subjects_within(
    boxes: FloatArray, able: BoolArray, zones: ZoneOutlines, *, room_m: float, engine: Engine | None = None
) -> Settled:
    """Return what can be settled without looking at shapes; nothing in a small job.

    Parameters
    ----------
    boxes : west, south, east and north of each subject.
    able : which subjects are points, or polygons large enough to count as inside what holds them.
    room_m : outlines this near to a subject's box come near it.
    """
    asked, nothing = np.flatnonzero(able), np.empty(0, dtype=np.int64)
    if not len(asked) or chosen_engine(engine, work=_COUNTS * len(asked)) is Engine.PLAIN or not len(zones.chunks):
        return Settled(settled=nothing, subject=nothing, zone=nothing)
    from cdgis.geometry.kernels.compiled.settling import settle

    chunks = zones.chunks
    wider: FloatArray = boxes[asked] + np.array([-room_m, -room_m, room_m, room_m])
    near, held = settle((chunks.xy, chunks.first, chunks.last), zones.tree.nodes, zones.bounded, len(zones.shapes), wider)
    return Settled(settled=asked[near == 0].astype(np.int64), subject=asked[held[:, 0]].astype(np.int64), zone=held[:, 1])
