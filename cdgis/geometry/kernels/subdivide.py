"""Large shapes cut into pieces of few vertices, each with its owner."""

from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.core.array_types import GeometryArray, IntArray
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.shapes import PIECE_VERTICES, subdivide


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Geometries of which no areal one has more than PIECE_VERTICES vertices, and the row each belongs to."""

    whole: GeometryArray
    pieces: GeometryArray
    owner: IntArray

    @classmethod
    def of(cls, geoms: GeometryArray, *, near: GeometryArray | None = None) -> "Cut":
        """Return `geoms` with large polygons cut, where `near` is given only what comes near the boxes of that."""
        whole = np.asarray(geoms, dtype=object)
        dimension, many = shapely.get_dimensions(whole), shapely.get_num_coordinates(whole) > PIECE_VERTICES
        large = np.flatnonzero((dimension == 2) & (many | (shapely.get_num_geometries(whole) > 1)))
        small = np.setdiff1d(np.arange(len(whole)), large)
        pieces, owner = subdivide(whole[large], near=near)
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

    def only(self, keep: IntArray) -> "Cut":
        """Return the rows listed in `keep`, renumbered in that order."""
        place = np.full(len(self.whole), -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        held = place[self.owner] >= 0
        return Cut(whole=self.whole[keep], pieces=self.pieces[held], owner=place[self.owner[held]])
