"""Reader of GeoTIFFs with checks that they can be counted; the only module that opens rasters.

Pixels are read in bands of rows while they are needed, never all at once, so a raster may exceed the memory.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cdgis.core.error_words import in_words
from cdgis.core.errors import CrsError, LayerError
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.projections import grid_crs
from cdgis.raster.grid import Grid
from cdgis.workspace.catalog import NO_VOIDS, LayerSpec
from cdgis.workspace.layer_place import MISPLACED_REMEDY, Box, misplaced_raster

if TYPE_CHECKING:  # a second GDAL, 20 MB: loaded by the process that opens a raster
    from rasterio.errors import RasterioError
    from rasterio.io import DatasetReader
    from rasterio.transform import Affine

Pixels = npt.NDArray[np.generic]
PixelBands = Callable[[int], Iterator[tuple[int, Pixels]]]
"""Rows in a band -> first row and pixels of each band."""
_GDAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": 64}
"""Side files (.aux.xml, .tfw, .ovr) are ignored: the sha256 must cover every byte that was used. Cache in MB."""

_FEW_CELLS = 2_000_000
"""Up to 16 MB held."""
_OTHER_LENGTHS = frozenset(("ft", "foot", "feet", "us-ft", "us survey foot", "us survey feet", "dm", "cm", "mm", "km", "英尺", "分米", "厘米"))
"""Units of a band that are lengths other than the metre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """One band on a north-up grid."""

    grid: Grid
    nodata: float | None
    record: InputRecord
    """Which bytes the values come from."""
    pixels: Path | Pixels | PixelBands
    """The file, the values themselves (rows from north to south, columns from west to east), or what makes them."""
    masked: bool = False
    """Whether the file carries a mask of its own."""
    block_rows: int = 1
    """Rows that the file stores together."""
    recoding: Mapping[int, int] = field(default_factory=dict)
    """Value in the file -> land class; empty when the values are the classes."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """Value in the file -> what its legend calls it."""
    voids: tuple[float, ...] = ()
    """Further values that are none: they are read as `nodata`."""
    complete: bool = False
    """Whether the catalogue entry says that no other value is none."""

    @property
    def values(self) -> Pixels:
        """All pixels at once, for rasters known to be small."""
        return next(self.bands(self.grid.rows))[1]

    def bands(self, rows: int) -> Iterator[tuple[int, Pixels]]:
        """Yield the first row and the pixels of every `rows` rows, from north to south.

        Raises
        ------
        LayerError : the file is damaged.
        """
        if callable(self.pixels):
            yield from self.pixels(rows)
            return
        starts = range(0, self.grid.rows, rows)
        if not isinstance(self.pixels, Path):
            yield from ((start, self.pixels[start : start + rows]) for start in starts)
            return
        from rasterio.errors import RasterioError

        try:
            with _opened(self.pixels) as source:
                for start in starts:
                    yield start, self._read(source, start, min(rows, self.grid.rows - start))
        except RasterioError as err:
            raise _damaged(self.record.path, self.record.layer, err) from err

    def _read(self, source: "DatasetReader", start: int, rows: int) -> Pixels:
        import rasterio
        from rasterio.windows import Window

        window = Window(0, start, self.grid.columns, rows)
        # Entered for each read: several rasters are read in turn, and environments must close in reverse order.
        with rasterio.Env(**_GDAL):
            pixels: Pixels = source.read(1, window=window)
            hidden = source.read_masks(1, window=window) == 0 if self.masked else np.zeros(0, dtype=bool)
        if self.voids:
            pixels = np.where(np.isin(pixels, self.voids), np.asarray(self.nodata, dtype=pixels.dtype), pixels)
        if hidden.any():
            pixels = np.where(hidden, np.nan, pixels)
        return pixels

    def without(self, voids: tuple[float, ...]) -> "Raster":
        """Return the raster with `voids` read as no value; only of a raster in a file."""
        fresh = tuple(value for value in voids if value != self.nodata)
        if self.nodata is None and fresh:
            return replace(self, nodata=fresh[0], voids=fresh[1:])
        return replace(self, voids=(*self.voids, *fresh))


    def kept(self) -> "Raster":
        """Return the same raster, which opens its file once where that has few cells: several are asked dozens of times."""
        if not isinstance(self.pixels, Path) or self.grid.rows * self.grid.columns > _FEW_CELLS:
            return self
        return replace(self, pixels=_KeptPixels(self))


class _KeptPixels:
    """All pixels of a file, read when they are first asked for; whoever sends them to another process sends the file's name."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster
        self._all: Pixels | None = None

    def __call__(self, rows: int) -> Iterator[tuple[int, Pixels]]:
        """Yield the first row and the pixels of every `rows` rows."""
        found = self._all = self._raster.values if self._all is None else self._all
        return ((start, found[start : start + rows]) for start in range(0, len(found), rows))

    def __reduce__(self) -> tuple[type["_KeptPixels"], tuple[Raster]]:
        return _KeptPixels, (self._raster,)


def read_raster(spec: LayerSpec, folder: Path, *, home: Box | None = None) -> Raster:
    """Return the catalogue entry's GeoTIFF, its header checked and its pixels still unread.

    Parameters
    ----------
    spec : a raster entry; its `crs` is used only when the file carries none, its `classes` recode the values.
    folder : the folder catalogue paths are relative to.
    home : the box sites of the place must lie in, degrees; None when nothing says where the place is.

    Raises
    ------
    LayerError : missing, not a GeoTIFF, without georeference, rotated, of several bands, or of another place.
    CrsError : no CRS in the file and none declared, or one on another datum than CGCS2000 and WGS84.
    """
    from rasterio.errors import RasterioError

    path = folder / spec.path
    if not path.is_file():
        raise LayerError(spec.path, spec.id, ("文件不存在。请放入文件，或修改 layers/catalog.toml 中的 path",))
    try:
        with _opened(path) as source:
            raster = _described(spec, folder, source)
    except RasterioError as err:
        raise _damaged(spec.path, spec.id, err) from err
    problem = misplaced_raster(raster.grid.lonlat_box, home)
    if problem:
        raise LayerError(spec.path, spec.id, (f"{problem}。{MISPLACED_REMEDY}",))
    return raster


def _opened(path: Path) -> "DatasetReader":
    import rasterio

    with rasterio.Env(**_GDAL):
        return rasterio.open(path, driver="GTiff")


def _damaged(path: str, layer: str, err: "RasterioError") -> LayerError:
    return LayerError(path, layer, (f"不是可读取的 GeoTIFF，或文件已损坏（{in_words(err)}）。请重新取得文件",))


def _described(spec: LayerSpec, folder: Path, source: "DatasetReader") -> Raster:
    from rasterio.enums import MaskFlags

    _require_north_up(spec, source.transform)
    if source.count != 1:
        problem = f"有 {source.count} 个波段，应为 1 个。请导出要统计的那一个波段"
        raise LayerError(spec.path, spec.id, (problem,))
    _require_plain_numbers(spec, source)
    path = folder / spec.path
    transform = source.transform
    nodata, *voids = _voids(spec, source) or [None]
    return Raster(
        grid=Grid(
            crs=_crs(spec, source),
            west=transform.c,
            north=transform.f,
            cell_width=transform.a,
            cell_height=-transform.e,
            rows=source.height,
            columns=source.width,
        ),
        nodata=nodata,
        voids=tuple(value for value in voids if value is not None),
        complete=spec.nodata == NO_VOIDS,
        record=_record(spec, path, folder),
        pixels=path,
        masked=MaskFlags.per_dataset in source.mask_flag_enums[0],
        block_rows=source.block_shapes[0][0],
        recoding=_recoding(spec),
    )


def _voids(spec: LayerSpec, source: "DatasetReader") -> list[float | None]:
    """Return the values that stand for no value, as the file and the catalogue entry say, that its cells can hold."""
    stated = [source.nodata, spec.nodata if isinstance(spec.nodata, float) else None]
    kind = np.dtype(source.dtypes[0])
    held = [float(value) for value in stated if value is not None and _holds(kind, float(value))]
    return list(dict.fromkeys(held))


def _holds(kind: "np.dtype[np.generic]", value: float) -> bool:
    if kind.kind not in "iu":
        return True
    span = np.iinfo(str(kind))
    return value == np.floor(value) and span.min <= value <= span.max


def _require_north_up(spec: LayerSpec, transform: "Affine") -> None:
    if transform.is_identity:
        raise LayerError(spec.path, spec.id, ("文件内没有地理坐标。请用带内置坐标的 GeoTIFF（旁挂 .tfw 不读取）",))
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise LayerError(spec.path, spec.id, ("栅格有旋转或不是北向上。请先重采样为北向上的 GeoTIFF",))


def _require_plain_numbers(spec: LayerSpec, source: "DatasetReader") -> None:
    """Refuse cells that are not the values themselves: scaled, shifted, or lengths in another unit than metres."""
    scale, offset, unit = source.scales[0], source.offsets[0], (source.units[0] or "").strip()
    if (scale, offset) != (1.0, 0.0):
        problem = f"文件写明像元要乘 {scale:g} 再加 {offset:g} 才是数值。请换算后导出（如 gdal_translate -unscale）"
        raise LayerError(spec.path, spec.id, (problem,))
    if unit.lower() in _OTHER_LENGTHS:
        raise LayerError(spec.path, spec.id, (f"文件写明数值的单位是 {unit}，应为米。请换算为米后导出",))


def _crs(spec: LayerSpec, source: "DatasetReader") -> str:
    if not source.crs and not spec.crs:
        raise CrsError(
            spec.path, found="没有坐标系", expected="带坐标系的 GeoTIFF",
            remedy="为文件写入坐标系，或在 layers/catalog.toml 的该条目中声明 crs",
        )  # fmt: skip
    return grid_crs(spec.path, source.crs.to_wkt() if source.crs else spec.crs)


def _recoding(spec: LayerSpec) -> dict[int, int]:
    """Return the entry's `classes` as whole numbers, {} where they are names or belong to a legend."""
    strange = [found for found in spec.classes if not found.isdigit()]
    if strange:
        problem = f"catalog.toml 中 classes 的左边应为整数类别代码，读到 {'、'.join(strange)}"
        raise LayerError(spec.path, spec.id, (problem,))
    whole = not spec.legend and all(name.isdigit() for name in spec.classes.values())
    return {int(found): int(standard) for found, standard in spec.classes.items()} if whole else {}


def _record(spec: LayerSpec, path: Path, folder: Path) -> InputRecord:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputRecord(
        layer=spec.id,
        kind="raster",
        path=f"{folder.name}/{spec.path}",
        sublayer=spec.sublayer,
        sha256=digest,
        version=spec.version,
        official=spec.official,
    )
