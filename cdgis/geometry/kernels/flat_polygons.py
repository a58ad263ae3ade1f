"""Polygons as plain arrays: all coordinates in a row, rings and parts by where they start."""


from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatPolygons:
    """Polygons and multipolygons of several rows; rings closed, the first of each part its shell."""

    xy: FloatArray
    """Shape (vertices, 2)."""
    ring_start: IntArray
    """First vertex of each ring, and the end: rings + 1 values."""
    part_start: IntArray
    """First ring of each part, and the end: parts + 1 values."""
    part_row: npt.NDArray[np.int32]
    """Row each part belongs to, ascending."""
    rows: int

    @classmethod
    def of(cls, polygons: GeometryArray) -> "FlatPolygons":
        """Return (multi)polygons as arrays; a row of any other kind holds no part."""
        geoms = np.asarray(polygons, dtype=object)
        areal = np.flatnonzero((shapely.get_dimensions(geoms) == 2) & ~shapely.is_empty(geoms))
        parts, owner = shapely.get_parts(geoms[areal], return_index=True)
        solid = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
        parts, owner = parts[solid], owner[solid]
        if not len(parts):
            return cls.none(len(geoms))
        _, xy, (rings, starts) = shapely.to_ragged_array(shapely.force_2d(parts))
        return cls(
            xy=np.ascontiguousarray(xy, dtype=np.float64),
            ring_start=np.asarray(rings, dtype=np.int64),
            part_start=np.asarray(starts, dtype=np.int64),
            part_row=areal[owner].astype(np.int32),
            rows=len(geoms),
        )

    @classmethod
    def from_wkb(cls, data: npt.NDArray[np.uint8], offsets: IntArray) -> "FlatPolygons | None":
        """Return polygons from a column of WKB without making shapes, None where it holds anything else.

        Parameters
        ----------
        data, offsets : the column's bytes, and where each value starts and the last one ends.
        """
        from cdgis.geometry.kernels.compiled.wkb import UNREADABLE, count_shapes, fill_shapes

        parts, rings, vertices = count_shapes(data, offsets)
        if parts == UNREADABLE:
            return None
        xy = np.empty((vertices, 2))
        ring_start, part_start = np.zeros(rings + 1, np.int64), np.zeros(parts + 1, np.int64)
        part_row = np.zeros(parts, np.int64)
        fill_shapes(data, offsets, xy.reshape(-1).view(np.uint64), ring_start, part_start, part_row)
        return cls(
            xy=xy,
            ring_start=ring_start,
            part_start=part_start,
            part_row=part_row.astype(np.int32),
            rows=len(offsets) - 1,
        )

    @classmethod
    def none(cls, rows: int = 0) -> "FlatPolygons":
        """Return rows without any part."""
        zero = np.zeros(1, dtype=np.int64)
        empty = np.empty(0, dtype=np.int32)
        return cls(xy=np.empty((0, 2)), ring_start=zero, part_start=zero, part_row=empty, rows=rows)

    @property
    def part_bounds(self) -> FloatArray:
        """West, south, east and north of every part."""
        if not len(self.part_row):
            return np.empty((0, 4))
        from cdgis.geometry.kernels.compiled.edges import part_boxes

        return part_boxes(self.xy, self.ring_start, self.part_start)

    @property
    def row_bounds(self) -> FloatArray:
        """West, south, east and north of every row, NaN where it holds no part."""
        bounds = np.full((self.rows, 4), np.nan)
        if len(self.part_row):
            parts = self.part_bounds
            rows, first = np.unique(self.part_row, return_index=True)
            bounds[rows, :2] = np.minimum.reduceat(parts[:, :2], first)
            bounds[rows, 2:] = np.maximum.reduceat(parts[:, 2:], first)
        return bounds

    def block(self, first: int, last: int) -> "FlatPolygons":
        """Return rows first..last-1 alone, without copying coordinates."""
        a, b = np.searchsorted(self.part_row, [first, last])
        rings = self.part_start[a : b + 1]
        if a == b:
            return FlatPolygons.none(last - first)
        starts = self.ring_start[rings[0] : rings[-1] + 1]
        return FlatPolygons(
            xy=self.xy[starts[0] : starts[-1]],
            ring_start=starts - starts[0],
            part_start=rings - rings[0],
            part_row=(self.part_row[a:b] - first).astype(np.int32),
            rows=last - first,
        )

    def geometries(self) -> GeometryArray:
        """Return the rows as shapely geometries, None where a row holds no part."""
        out = np.full(self.rows, None, dtype=object)
        if len(self.part_row):
            parts = shapely.from_ragged_array(shapely.GeometryType.POLYGON, self.xy, (self.ring_start, self.part_start))
            rows, rank = np.unique(self.part_row, return_inverse=True)
            whole = np.asarray(shapely.multipolygons(parts, indices=rank))
            single = shapely.get_num_geometries(whole) == 1
            whole[single] = shapely.get_geometry(whole[single], 0)
            out[rows] = whole
        return out
