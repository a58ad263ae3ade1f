"""Large layers from columns and WKB straight to arrays, without a detour through objects.

Only the columns asked for and the rows near the bounding box are read: from GeoParquet by its row groups' boxes, from
other formats by the file's own spatial index.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyogrio
import shapely

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import ReaderError
from cdgis.geometry.kernels import FlatPolygons, points_inside_blocks
from cdgis.geometry.planes import PlaneThreads

Box = tuple[float, float, float, float]
"""West, south, east, north in the file's own coordinates."""
Found = TypeVar("Found")
_POINT_BYTES, _HEAD_BYTES = 21, 5
_POINT_HEAD = np.array([1, 1, 0, 0, 0], dtype=np.uint8)
"""How a little-endian two-dimensional point begins in WKB."""
_NONE = pd.DataFrame()
_BLOCK_BYTES = 4_000_000
_PARQUET = (".parquet", ".geoparquet")
_COVERING = "bbox"
"""Name the GeoParquet 1.1 covering column goes by, as geopandas and GDAL write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Some rows of a layer, column by column."""

    attributes: pd.DataFrame
    wkb: pa.Array
    """Geometry as well-known binary, large offsets."""

    def polygons(self) -> FlatPolygons:
        """Return the geometry as flat arrays; by way of shapely where it is not plain two-dimensional polygons."""
        offsets = np.frombuffer(self.wkb.buffers()[1], np.int64)[self.wkb.offset : self.wkb.offset + len(self.wkb) + 1]
        data = self.wkb.buffers()[2]
        flat = FlatPolygons.from_wkb(np.frombuffer(data, np.uint8), offsets) if data is not None else None
        return flat if flat is not None else FlatPolygons.of(self.geometries())

    def points(self) -> npt.NDArray[np.float64]:
        """Return x and y of a column of points, shape (rows, 2); NaN where a row holds none."""
        offsets = np.frombuffer(self.wkb.buffers()[1], np.int64)[self.wkb.offset : self.wkb.offset + len(self.wkb) + 1]
        data = self.wkb.buffers()[2]
        if data is not None and (np.diff(offsets) == _POINT_BYTES).all():
            values = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]].reshape(-1, _POINT_BYTES)
            if (values[:, :_HEAD_BYTES] == _POINT_HEAD).all():
                return np.ascontiguousarray(values[:, _HEAD_BYTES:]).view("<f8")
        geoms = self.geometries()
        return np.column_stack([shapely.get_x(geoms), shapely.get_y(geoms)])

    def geometries(self) -> npt.NDArray[np.object_]:
        """Return the geometry as shapely objects."""
        return np.asarray(shapely.from_wkb(self.wkb.to_numpy(zero_copy_only=False)), dtype=object)


def read_columns(path: Path, columns: Sequence[str] = (), *, bbox: Box | None = None) -> Columns:
    """Return the geometry and the named columns of a layer, of `bbox` only the rows whose boxes meet it.

    Raises
    ------
    ReaderError : a named column is not in the file, or it has no geometry.
    """
    table, geometry = _parquet(path, columns, bbox) if path.suffix.lower() in _PARQUET else _other(path, columns, bbox)
    _require(table.column_names, (*columns, geometry), path)
    return Columns(attributes=table.select(list(columns)).to_pandas(), wkb=_as_one(table.column(geometry)))


def polygon_blocks(path: Path) -> Iterator[tuple[int, FlatPolygons]]:
    """Yield a layer's polygons in blocks of some rows, with the number of each block's first row.

    A block of GeoParquet fits into the processor's cache: what is done to it at once costs less, and little memory.

    Raises
    ------
    ReaderError : the file has no geometry.
    """
    if path.suffix.lower() not in _PARQUET:
        yield 0, read_columns(path).polygons()
        return
    with pq.ParquetFile(path, buffer_size=1 << 20) as file:
        geometry, meta = _geometry_name(file.schema_arrow.names), file.metadata
        _require(file.schema_arrow.names, (geometry,), path)
        size = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
        rows, first = max(1, _BLOCK_BYTES * meta.num_rows // max(1, size)), 0
        for batch in file.iter_batches(rows, columns=[geometry], use_threads=False):
            wkb = _as_one(pa.chunked_array([batch.column(0)]))
            yield first, Columns(attributes=_NONE, wkb=wkb).polygons()
            first += batch.num_rows


def each_layer(paths: Sequence[Path], task: Callable[[FlatPolygons], Found], *, threads: int = 1) -> list[Found]:
    """Return what `task` finds in the polygons of each layer, layers read and done side by side, the largest first.

    A layer's memory is given back before its thread takes the next.

    Parameters
    ----------
    threads : layers in work at a time; the result does not depend on it.

    Raises
    ------
    ReaderError : a file has no geometry.
    """
    return _side_by_side(paths, lambda path: task(read_columns(path).polygons()), threads)


def points_in_layers(x: FloatArray, y: FloatArray, paths: Sequence[Path], *, threads: int = 1) -> list[tuple[IntArray, IntArray]]:
    """Return (point, zone) of every point inside a zone, sorted, layer by layer; no layer is in memory as a whole.

    Parameters
    ----------
    x, y : in the coordinates of the layers, which are valid polygons; on an outline is not inside.
    threads : layers in work at a time; the result does not depend on it.

    Raises
    ------
    ReaderError : a file has no geometry.
    """
    return _side_by_side(paths, lambda path: points_inside_blocks(x, y, polygon_blocks(path)), threads)


def _side_by_side(paths: Sequence[Path], task: Callable[[Path], Found], threads: int) -> list[Found]:
    largest_first = sorted(range(len(paths)), key=lambda i: (-paths[i].stat().st_size, i))
    with PlaneThreads(max_workers=max(1, threads)) as pool:
        done = {i: pool.submit(task, paths[i]) for i in largest_first}
        return [done[i].result() for i in range(len(paths))]


def _require(there: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ReaderError(f"没有列 {'、'.join(missing)}；文件里有 {'、'.join(there)}", source=path.name)


def _geometry_name(there: Sequence[str]) -> str:
    return "geometry" if "geometry" in there else "geom"


def _as_one(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of WKB in one array; where the file gave it in one piece, without a copy."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.cast(pa.large_binary()).combine_chunks()
    return whole.cast(pa.large_binary())


def _parquet(path: Path, columns: Sequence[str], bbox: Box | None) -> tuple[pa.Table, str]:
    source: Any = ds.dataset(path, format="parquet")
    geometry = _geometry_name(source.schema.names)
    wanted = [name for name in (*columns, geometry) if name in source.schema.names]
    meets = None
    if bbox is not None and _COVERING in source.schema.names:
        west, south, east, north = bbox
        meets = (
            (pc.field(_COVERING, "xmin") <= east) & (pc.field(_COVERING, "xmax") >= west)
            & (pc.field(_COVERING, "ymin") <= north) & (pc.field(_COVERING, "ymax") >= south)
        )  # fmt: skip
    table = source.to_table(columns=wanted, filter=meets)
    if bbox is not None and meets is None and geometry in table.column_names:
        bounds = shapely.bounds(shapely.from_wkb(table.column(geometry).to_numpy()))
        near = (
            (bounds[:, 0] <= bbox[2])
            & (bounds[:, 2] >= bbox[0])
            & (bounds[:, 1] <= bbox[3])
            & (bounds[:, 3] >= bbox[1])
        )
        table = table.filter(pa.array(near))
    return table, geometry


def _other(path: Path, columns: Sequence[str], bbox: Box | None) -> tuple[pa.Table, str]:
    meta, table = pyogrio.read_arrow(path, columns=list(columns), bbox=bbox)
    return table, str(meta["geometry_name"] or "wkb_geometry")
