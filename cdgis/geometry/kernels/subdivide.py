"""Large shapes cut into pieces of few vertices, each with its owner; zones keep theirs for the next question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, FloatArray, GeometryArray, IntArray
from cdgis.geometry.halving import PIECE_VERTICES, Piece, small_pieces, subdivide
from cdgis.geometry.kernels.containment import ZoneOutlines
from cdgis.geometry.kernels.rounding import within_rounding
from cdgis.geometry.kernels.subject_outlines import SubjectOutlines
from cdgis.geometry.kernels.zone_store import ZoneStore
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.packed_shapes import PackedShapes


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
        small = np.delete(np.arange(len(whole)), large)
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
        small = np.delete(np.arange(len(whole)), large)
        outlines = OutlineChunks.of(whole[large])
        return cls(
            whole=whole,
            pieces=np.concatenate([whole[small], outlines.shapes()]),
            owner=np.concatenate([small, large[outlines.owner]]).astype(np.int64),
        )

    @cached_property
    def boxes(self) -> FloatArray:
        """West, south, east and north of each whole geometry; every layer asks for them."""
        return np.asarray(shapely.bounds(self.whole).reshape(-1, 4))

    @cached_property
    def area_m2(self) -> FloatArray:
        """Of each whole geometry."""
        return np.asarray(shapely.area(self.whole))

    @cached_property
    def outline_m(self) -> FloatArray:
        """How long each is, or its outline."""
        return np.asarray(shapely.length(self.whole))

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all."""
        least, most = np.fmin.reduce(self.boxes, initial=np.inf), np.fmax.reduce(self.boxes, initial=-np.inf)
        return float(least[0]), float(least[1]), float(most[2]), float(most[3])

    @cached_property
    def able(self) -> BoolArray:
        """Which are points, or polygons of more than rounding: such that an outline that does not come near either holds or not."""
        kind = (shapely.get_dimensions(self.whole) == 2) | (shapely.get_type_id(self.whole) == 0)
        return np.asarray(kind & ~shapely.is_empty(self.whole) & ~within_rounding(self.whole, self.area_m2, self.outline_m))

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


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: shapes are made when somebody looks at them, and kept
class Zones:
    """Geometries that subjects are compared with again and again, of one layer or of several."""

    boxes: FloatArray
    """West, south, east and north."""
    stores: tuple[ZoneStore, ...]
    """Where they are kept; selections share it."""
    of_store: IntArray
    """Which of these each is in."""
    rows: IntArray
    """Its position there."""

    @classmethod
    def of(cls, geoms: GeometryArray | PackedShapes) -> "Zones":
        """Return geometries nobody has asked about."""
        store = ZoneStore(shapes=geoms if isinstance(geoms, PackedShapes) else PackedShapes.of(geoms))
        rows = np.arange(len(store.shapes))
        return cls(boxes=store.shapes.boxes(), stores=(store,), of_store=np.zeros(len(rows), dtype=np.int64), rows=rows)

    @classmethod
    def together(cls, several: "Sequence[Zones]") -> "Zones":
        """Return the zones of all, one after the other."""
        if len(several) == 1:
            return several[0]
        before = np.cumsum([0, *(len(zones.stores) for zones in several)])
        return cls(
            boxes=np.concatenate([zones.boxes for zones in several]),
            stores=tuple(store for zones in several for store in zones.stores),
            of_store=np.concatenate([zones.of_store + first for zones, first in zip(several, before, strict=False)]),
            rows=np.concatenate([zones.rows for zones in several]),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def whole(self) -> GeometryArray:
        """The shapes."""
        whole = np.empty(len(self.rows), dtype=object)
        for number, store in enumerate(self.stores):
            at = np.flatnonzero(self.of_store == number)
            whole[at] = store.take(self.rows[at])
        return whole

    def only(self, rows: IntArray) -> "Zones":
        """Return the zones listed."""
        return replace(self, boxes=self.boxes[rows], of_store=self.of_store[rows], rows=self.rows[rows])

    def outlines(self) -> tuple[ZoneOutlines, IntArray]:
        """Return the outlines of the zones these were taken from, and where each of those is among these, -1 where it is not."""
        if len(self.stores) > 1:
            return ZoneOutlines(shapes=PackedShapes.of(self.whole)), np.arange(len(self.rows))
        place = np.full(len(self.stores[0].shapes), -1, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        return self.stores[0].outlines, place

    def cut_near(self, geoms: GeometryArray, *, many: bool) -> Cut:
        """Return the zones with large polygons cut, of these only what comes near the boxes of `geoms`.

        Parameters
        ----------
        many : geoms are of many subjects, who want nearly all pieces and mostly ask once: pieces are kept for the next
            question from their second question on.
        """
        large, pieces, counts = _large(self.whole), list[Piece](), list[int]()
        for store in self.stores if many else ():
            store.next_question()
        for row in large.tolist():
            store = self.stores[self.of_store[row]]
            parts = store.pieces(int(self.rows[row]), self.whole[row], keep=not many or store.asked[0] > 1)
            pieces += parts
            counts.append(len(parts))
        owner = np.repeat(np.arange(len(large)), np.array(counts, dtype=np.int64))
        return Cut._of(self.whole, large, small_pieces(pieces, owner, near=geoms))


def _large(whole: GeometryArray) -> IntArray:
    """Return the polygons of many vertices, or of several parts."""
    many = (shapely.get_num_coordinates(whole) > PIECE_VERTICES) | (shapely.get_num_geometries(whole) > 1)
    return np.flatnonzero((shapely.get_dimensions(whole) == 2) & many)
