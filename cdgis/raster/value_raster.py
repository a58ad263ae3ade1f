"""Rasters of computed values, and their writing as Cloud-Optimised GeoTIFF with legend and nodata.

Values are made band by band of rows while they are written, so a raster may exceed the memory. The bytes depend on the values and
texts alone: the file holds no clock and no path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray
from cdgis.core.scratch_folder import scratch_folder
from cdgis.raster.colours import ColourScale
from cdgis.raster.coverage import covered_cells, unfolded
from cdgis.raster.geotiff import Pixels, Raster
from cdgis.raster.grid import Grid
from cdgis.raster.zonal import shapes_on
from cdgis.raster.zone_edges import outlines_of

if TYPE_CHECKING:  # as in geotiff: a second GDAL, loaded by whoever opens a raster
    from rasterio.io import DatasetReader

NODATA = -9999.0
_BLOCK, _BAND_ROWS, _HALF = 256, 512, 0.5
_PLAIN = {
    "driver": "GTiff", "dtype": "float32", "count": 1, "nodata": NODATA, "tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK,
    "BIGTIFF": "IF_SAFER",
}  # fmt: skip
_CLOUD = {
    "driver": "COG", "COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": _BLOCK, "OVERVIEW_RESAMPLING": "AVERAGE", "NUM_THREADS": "1",
    "BIGTIFF": "IF_SAFER",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassValues:
    """A value of each cell by its class, less another such raster where there is one; NaN where a class has none."""

    raster: Raster
    values: Mapping[int, float]
    """Class code -> value."""
    less: "ClassValues | None" = None
    """On the same grid."""

    @property
    def grid(self) -> Grid:
        """The cells."""
        return self.raster.grid

    def bands(self, rows: int) -> Iterator[tuple[int, FloatArray]]:
        """Yield the first row and the values of every `rows` rows."""
        own = ((start, self._valued(pixels)) for start, pixels in self.raster.bands(rows))
        if self.less is None:
            yield from own
            return
        for (start, one), (_, other) in zip(own, self.less.bands(rows), strict=True):
            yield start, one - other

    def _valued(self, pixels: Pixels) -> FloatArray:
        found, place = np.unique(pixels, return_inverse=True)
        return np.array([self._value(float(value)) for value in found])[place].reshape(pixels.shape)

    def _value(self, found: float) -> float:
        if not np.isfinite(found) or found == self.raster.nodata or found != int(found):
            return np.nan
        code = int(found)
        if self.raster.recoding:
            return self.values.get(self.raster.recoding[code], np.nan) if code in self.raster.recoding else np.nan
        return self.values.get(code, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneValues:
    """A value of each cell by the zone that fills at least half of it; NaN elsewhere. Where several do, the last one counts."""

    grid: Grid
    zones: GeoDataFrame
    """Polygons, EPSG:4490."""
    values: FloatArray
    """One per zone."""

    def bands(self, rows: int) -> Iterator[tuple[int, FloatArray]]:
        """Yield the first row and the values of every `rows` rows."""
        outlines = outlines_of(shapes_on(self.grid, self.zones), self.grid.origin_and_steps)
        for start in range(0, self.grid.rows, rows):
            stop = min(start + rows, self.grid.rows)
            found = np.full((stop - start, self.grid.columns), np.nan)
            covered = covered_cells(outlines, np.arange(len(self.zones)), (start, stop), self.grid.columns)
            cells = unfolded(covered)
            filled = cells.fraction >= _HALF
            item = cells.covered[filled]
            found[covered.row[item] - start, cells.column[filled]] = self.values[covered.zone[item]]
            yield start, found


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRaster:
    """Values of cells with all that a reader of the file must be told."""

    source: ClassValues | ZoneValues
    title: str
    unit: str
    scale: ColourScale
    about: str
    """What the values are made of and what NODATA means here."""
    tags: Mapping[str, str] = field(default_factory=dict)


def write_cog(raster: ValueRaster, path: Path) -> list[Path]:
    """Write values as Cloud-Optimised GeoTIFF (float32, nodata -9999) and its QGIS legend beside it; return both paths."""
    import rasterio
    import rasterio.shutil
    from rasterio.transform import Affine
    from rasterio.windows import Window

    grid = raster.source.grid
    place = Affine(grid.cell_width, 0, grid.west, 0, -grid.cell_height, grid.north)
    with scratch_folder() as scratch:
        plain = scratch / "plain.tif"
        with rasterio.open(plain, "w", height=grid.rows, width=grid.columns, crs=grid.crs, transform=place, **_PLAIN) as out:
            for start, values in raster.source.bands(_BAND_ROWS):
                window = Window(0, start, grid.columns, len(values))
                out.write(np.where(np.isnan(values), NODATA, values).astype("float32"), 1, window=window)
            out.set_band_description(1, f"{raster.title}（{raster.unit}）")
            legend = "；".join(words for _, words in raster.scale.legend)
            out.update_tags(TITLE=raster.title, UNIT=raster.unit, ABOUT=raster.about, LEGEND=legend, **raster.tags)
        rasterio.shutil.copy(plain, path, **_CLOUD)
    style = path.with_suffix(".qml")
    style.write_bytes(_style(raster.scale).encode("utf-8"))
    return [path, style]


def _style(scale: ColourScale) -> str:
    """Return the colours of a scale as a QGIS style: classes up to each limit, the last without one."""
    words = [words for _, words in scale.legend[:-1]][::-1]
    limits = [*(f"{limit:g}" for limit in scale.upper), "inf"]
    items = "".join(
        f'<item value="{limit}" color="{colour}" alpha="255" label={quoteattr(label)}/>'
        for limit, colour, label in zip(limits, scale.colours, words, strict=True)
    )
    return (
        f'<qgis version="3.22.0" styleCategories="Symbology"><!-- {escape(scale.title)}（{escape(scale.unit)}） --><pipe>'
        '<rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1"><rastershader>'
        f'<colorrampshader colorRampType="DISCRETE" classificationMode="1" clip="0">{items}</colorrampshader>'
        "</rastershader></rasterrenderer></pipe></qgis>\n"
    )


def same_raster(one: Path, other: Path) -> bool:
    """Return whether two GeoTIFFs say the same: cells, grid, nodata, words; however they are packed.

    Raises
    ------
    OSError : one of them is no raster.
    """
    import rasterio

    with rasterio.open(one) as left, rasterio.open(other) as right:
        said = [(f.crs, f.transform, f.shape, f.dtypes, f.nodatavals, f.descriptions, f.units, _words(f)) for f in (left, right)]
        return said[0] == said[1] and all(
            np.array_equal(a, b, equal_nan=True) for band in left.indexes for a, b in zip(_strips(left, band), _strips(right, band), strict=True)
        )


def _words(file: "DatasetReader") -> list[dict[str, str]]:
    told = [file.tags(), *(file.tags(band) for band in file.indexes)]
    return [{key: text for key, text in tags.items() if not key.startswith("STATISTICS_")} for tags in told]


def _strips(file: "DatasetReader", band: int) -> Iterator[npt.NDArray[np.generic]]:
    from rasterio.windows import Window

    for top in range(0, file.height, _BAND_ROWS):
        yield file.read(band, window=Window(0, top, file.width, min(_BAND_ROWS, file.height - top)))
