"""Outlines cut into short chunks: all coordinates in a row, each chunk by its first and last vertex.

Short chunks have small boxes, so a tree over them finds what is near however long an outline is.
"""


from dataclasses import dataclass

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray

EDGES = 8
"""Edges of a chunk, its last one excepted that may have fewer: so few keep nearest-distance queries short."""
_POLYGONAL = (3, 6)
"""Types of shapes: polygon, multipolygon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineChunks:
    """Chunks of outlines and lines, and single points, each with the row it belongs to."""

    xy: FloatArray
    """Shape (vertices, 2)."""
    first: IntArray
    last: IntArray
    """The first vertex itself where the chunk is a point."""
    owner: IntArray

    @classmethod
    def of(cls, geoms: GeometryArray) -> "OutlineChunks":
        """Return the chunks of every geometry's outline, points first; empty ones and None have none."""
        outlines = np.array(geoms, dtype=object)
        areal = shapely.get_dimensions(outlines) == 2
        if len(outlines) and (areal & np.isin(shapely.get_type_id(outlines), _POLYGONAL)).all():
            return cls._of_polygons(outlines)
        outlines[areal] = shapely.boundary(outlines[areal])
        parts, row = shapely.get_parts(outlines, return_index=True)
        order = np.argsort(shapely.get_dimensions(parts) == 1, kind="stable")
        vertices = shapely.get_num_coordinates(parts[order]).astype(np.int64)
        return cls.of_paths(shapely.get_coordinates(parts[order]), np.cumsum(vertices) - vertices, vertices, row[order])

    @classmethod
    def _of_polygons(cls, geoms: GeometryArray) -> "OutlineChunks":
        """Return the same of polygons alone, their rings taken as they are stored: no outline is made as a shape."""
        if (shapely.get_type_id(geoms) == _POLYGONAL[0]).all() and not shapely.get_num_interior_rings(geoms).any():
            size = shapely.get_num_coordinates(geoms).astype(np.int64)
            return cls.of_paths(shapely.get_coordinates(geoms), np.cumsum(size) - size, size, np.arange(len(geoms)))
        _, xy, (ring, *within) = shapely.to_ragged_array(geoms, include_z=False)
        row = np.arange(len(geoms))
        for offsets in reversed(within):
            row = np.repeat(row, np.diff(offsets))
        start = np.asarray(ring, dtype=np.int64)
        return cls.of_paths(xy, start[:-1], np.diff(start), row)

    @classmethod
    def of_paths(cls, xy: FloatArray, start: IntArray, vertices: IntArray, row: IntArray) -> "OutlineChunks":
        """Return the chunks of paths: path i runs through vertices[i] vertices from start[i] on, and is of row[i]."""
        number = np.where(vertices > 1, -(-(vertices - 1) // EDGES), vertices)
        path = np.repeat(np.arange(len(number)), number)
        before = np.cumsum(number) - number
        first = start[path] + EDGES * (np.arange(len(path)) - before[path])
        last = np.minimum(first + EDGES, (start + vertices)[path] - 1)
        return cls(xy=xy, first=first.astype(np.int64), last=last.astype(np.int64), owner=row[path].astype(np.int64))

    def __len__(self) -> int:
        return len(self.first)

    def only(self, rows: IntArray) -> "OutlineChunks":
        """Return the chunks listed, without copying coordinates."""
        return OutlineChunks(xy=self.xy, first=self.first[rows], last=self.last[rows], owner=self.owner[rows])

    def boxes(self) -> FloatArray:
        """Return west, south, east and north of each chunk."""
        if not len(self):
            return np.empty((0, 4))
        vertices = np.column_stack([self.first, self.last + 1]).ravel()
        xy = np.vstack([self.xy, self.xy[-1:]])  # so that the last chunk may end with the last vertex
        return np.hstack([np.minimum.reduceat(xy, vertices)[::2], np.maximum.reduceat(xy, vertices)[::2]])

    def shapes(self) -> GeometryArray:
        """Return the chunks as lines and points."""
        size = self.last - self.first + 1
        out = np.empty(len(size), dtype=object)
        single, line = size == 1, np.flatnonzero(size > 1)
        out[single] = shapely.points(self.xy[self.first[single]])
        if len(line):
            offsets = np.append(0, np.cumsum(size[line]))
            vertex = np.arange(offsets[-1]) + np.repeat(self.first[line] - offsets[:-1], size[line])
            out[line] = shapely.from_ragged_array(shapely.GeometryType.LINESTRING, self.xy[vertex], (offsets,))
        return out
