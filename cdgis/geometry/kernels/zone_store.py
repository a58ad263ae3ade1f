"""Shapes of a layer's zones and their pieces, made when asked for and, within bounds, kept for the next question."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely

from cdgis.core.array_types import GeometryArray, IntArray
from cdgis.geometry.halving import Piece, pieces_of
from cdgis.geometry.kernels.containment import ZoneOutlines
from cdgis.geometry.packed_shapes import PackedShapes

KEPT_VERTICES = 300_000
"""Shapes of about so many vertices are kept; of larger layers those asked about last. No answer depends on it."""


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: what is made is kept
class ZoneStore:
    """The zones of one layer on the measuring plane."""

    shapes: PackedShapes
    asked: list[int] = field(default_factory=lambda: [0])
    """How many times many subjects at once asked."""
    _pieces: dict[int, list[Piece]] = field(default_factory=dict)
    """Of each large polygon that was asked about, cut as far as somebody asked."""

    @cached_property
    def outlines(self) -> ZoneOutlines:
        """Their outlines for compiled kernels."""
        return ZoneOutlines(shapes=self.shapes)

    _made = cached_property(lambda self: np.full(len(self.shapes), None, dtype=object))
    _last = cached_property(lambda self: np.full(len(self.shapes), -1, dtype=np.int64))
    """At which question each was last asked about."""
    _vertices = cached_property(lambda self: self.shapes.vertices())

    def take(self, rows: IntArray) -> GeometryArray:
        """Return the shapes at these positions."""
        self._last[rows] = self.asked[0]
        found = self._made[rows]
        lacking = np.flatnonzero(shapely.is_missing(found))
        if len(lacking):
            found[lacking] = self._made[rows[lacking]] = self.shapes.take(rows[lacking])
        return np.asarray(found)

    def next_question(self) -> None:
        """Take note that many subjects asked; let go of shapes, those asked about longest ago first, as long as too many are kept."""
        kept = np.flatnonzero(~shapely.is_missing(self._made))
        kept = kept[np.argsort(-self._last[kept], kind="stable")]
        size = np.cumsum(self._vertices[kept])
        for row in kept[(size > KEPT_VERTICES) & (self._last[kept] < self.asked[0])].tolist():
            self._made[row] = None
            self._pieces.pop(row, None)
        self.asked[0] += 1

    def pieces(self, row: int, shape: shapely.Geometry, *, keep: bool) -> list[Piece]:
        """Return the parts of a zone's shape, as far as they were cut."""
        parts = self._pieces.get(row) or pieces_of(shapely.get_parts(shape))
        return self._pieces.setdefault(row, parts) if keep else parts
