"""Large layers from columns and WKB straight to arrays, without a detour through objects.

Only the columns asked for and the rows near the bounding box are read: from GeoParquet by its row groups' boxes, from
other formats by the file's own spatial index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyogrio
import shapely

from cdgis.core.errors import ReaderError
from cdgis.geometry.kernels import FlatPolygons
from cdgis.geometry.planes import PlaneThreads

Box = tuple[float, float, float, float]
"""West, south, east, north in the file's own coordinates."""
Found = TypeVar("Found")
_POINT_BYTES, _HEAD_BYTES = 21, 5
_POINT_HEAD = np.array([1, 1, 0, 0, 0], dtype=np.uint8)
"""How a little-endian two-dimensional point begins in WKB."""
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
    missing = [name for name in (*columns, geometry) if name not in table.column_names]
    if missing:
        raise ReaderError(f"没有列 {'、'.join(missing)}；文件里有 {'、'.join(table.column_names)}", source=path.name)
    return Columns(attributes=table.select(list(columns)).to_pandas(), wkb=_as_one(table.column(geometry)))


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
    largest_first = sorted(range(len(paths)), key=lambda i: (-paths[i].stat().st_size, i))
    with PlaneThreads(max_workers=max(1, threads)) as pool:
        done = {i: pool.submit(lambda path: task(read_columns(path).polygons()), paths[i]) for i in largest_first}
        return [done[i].result() for i in range(len(paths))]


def _as_one(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of WKB in one array; where the file gave it in one piece, without a copy."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.cast(pa.large_binary()).combine_chunks()
    return whole.cast(pa.large_binary())


def _parquet(path: Path, columns: Sequence[str], bbox: Box | None) -> tuple[pa.Table, str]:
    source: Any = ds.dataset(path, format="parquet")
    geometry = "geometry" if "geometry" in source.schema.names else "geom"
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
