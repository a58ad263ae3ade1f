"""Large shapes cut into pieces of few vertices, each with its owner; zones keep theirs for the next question."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.halving import PIECE_VERTICES, Piece, pieces_of, small_pieces, subdivide
from cdgis.geometry.kernels.containment import ZoneOutlines
from cdgis.geometry.kernels.subject_outlines import SubjectOutlines
from cdgis.geometry.outline_chunks import OutlineChunks


@dataclass(frozen=True, kw_only=True)  # no slots: outlines are made when first asked for, and kept
class Cut:
    """Geometries of which no areal one has more than PIECE_VERTICES vertices, and the row each belongs to."""

    whole: GeometryArray
    pieces: GeometryArray
    owner: IntArray

    @classmethod
    def of(cls, geoms: GeometryArray) -> "Cut":
        """Return `geoms` with large polygons cut."""
        whole = np.asarray(geoms, dtype=object)
        large = _large(whole)
        return cls._of(whole, large, subdivide(whole[large]))

    @classmethod
    def _of(cls, whole: GeometryArray, large: IntArray, cut: tuple[GeometryArray, IntArray]) -> "Cut":
        small = np.setdiff1d(np.arange(len(whole)), large)
        pieces, owner = cut
        return cls(
            whole=whole,
            pieces=np.concatenate([whole[small], pieces]),
            owner=np.concatenate([small, large[owner]]).astype(np.int64),
        )

    @classmethod
    def outlined(cls, geoms: GeometryArray) -> "Cut":
        """Return `geoms` with short chunks of their outlines for large polygons and long lines: for distances.

        What lies inside a large polygon is then as far from it as from its outline.
        """
        whole = np.asarray(geoms, dtype=object)
        large = np.flatnonzero(shapely.get_num_coordinates(whole) > PIECE_VERTICES)
        small = np.setdiff1d(np.arange(len(whole)), large)
        outlines = OutlineChunks.of(whole[large])
        return cls(
            whole=whole,
            pieces=np.concatenate([whole[small], outlines.shapes()]),
            owner=np.concatenate([small, large[outlines.owner]]).astype(np.int64),
        )

    @cached_property
    def outlines(self) -> SubjectOutlines:
        """The whole geometries' outlines for compiled kernels, the same for every layer."""
        return SubjectOutlines.of(self.whole)

    def only(self, keep: IntArray) -> "Cut":
        """Return the rows listed in `keep`, renumbered in that order."""
        place = np.full(len(self.whole), -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        held = place[self.owner] >= 0
        return Cut(whole=self.whole[keep], pieces=self.pieces[held], owner=place[self.owner[held]])


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True)
class Zones:
    """Geometries that subjects are compared with again and again."""

    whole: GeometryArray
    boxes: FloatArray
    """West, south, east and north."""
    parts: list[list[Piece]]
    """Of each large polygon, filled and cut as far as somebody asked; selections share them."""
    asked: list[int] = field(default_factory=lambda: [0])
    """How many times many subjects at once asked, in selections too."""
    outlines: ZoneOutlines
    """Of the zones these were taken from; selections share them."""
    rows: IntArray
    """Which of those each is."""

    @classmethod
    def of(cls, geoms: GeometryArray) -> "Zones":
        """Return geometries nobody has asked about."""
        whole = np.asarray(geoms, dtype=object)
        return cls._own(whole, shapely.bounds(whole).reshape(-1, 4), [[] for _ in whole])

    @classmethod
    def _own(cls, whole: GeometryArray, boxes: FloatArray, parts: list[list[Piece]]) -> "Zones":
        rows = np.arange(len(whole))
        return cls(whole=whole, boxes=boxes, parts=parts, outlines=ZoneOutlines(whole=whole), rows=rows)

    @classmethod
    def together(cls, several: "Sequence[Zones]") -> "Zones":
        """Return the zones of all, one after the other."""
        if len(several) == 1:
            return several[0]
        whole, boxes = (np.concatenate([getattr(zones, name) for zones in several]) for name in ("whole", "boxes"))
        return cls._own(whole, boxes, [part for zones in several for part in zones.parts])

    def only(self, rows: IntArray) -> "Zones":
        """Return the zones listed."""
        parts = [self.parts[row] for row in rows.tolist()]
        return replace(self, whole=self.whole[rows], boxes=self.boxes[rows], parts=parts, rows=self.rows[rows])

    def places(self) -> IntArray:
        """Return where each of the zones these were taken from is among them, -1 where it is not."""
        place = np.full(len(self.outlines.whole), -1, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        return place

    def cut_near(self, geoms: GeometryArray, *, many: bool) -> Cut:
        """Return the zones with large polygons cut, of these only what comes near the boxes of `geoms`.

        Parameters
        ----------
        many : geoms are of many subjects, who want nearly all pieces and mostly ask once: pieces are kept for the next
            question from their second question on.
        """
        self.asked[0] += many
        keep = not many or self.asked[0] > 1
        large = _large(self.whole)
        pieces: list[Piece] = []
        counts = []
        for row in large.tolist():
            parts = self.parts[row] or pieces_of(shapely.get_parts(self.whole[row]))
            if keep:
                self.parts[row][:] = parts
            pieces += parts
            counts.append(len(parts))
        owner = np.repeat(np.arange(len(large)), np.array(counts, dtype=np.int64))
        return Cut._of(self.whole, large, small_pieces(pieces, owner, near=geoms))


def _large(whole: GeometryArray) -> IntArray:
    """Return the polygons of many vertices, or of several parts."""
    many = (shapely.get_num_coordinates(whole) > PIECE_VERTICES) | (shapely.get_num_geometries(whole) > 1)
    return np.flatnonzero((shapely.get_dimensions(whole) == 2) & many)
