"""Pictures of rasters that Leaflet lays over longitude-latitude bounds.

Leaflet stretches a picture evenly between its bounds on the Web Mercator plane, so the picture's rows must be even
in Mercator's y, not in latitude: a picture cut evenly in latitude would be off by kilometres in the middle. Every
pixel takes the value of the cell its centre lies in; nothing is blended.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.geometry.projections import WEB_MERCATOR, forward, inverse
from cdgis.raster.class_index import ClassIndex
from cdgis.raster.colours import ColourScale
from cdgis.raster.coverage import covered_cells, unfolded
from cdgis.raster.geotiff import Raster
from cdgis.raster.grid import Grid
from cdgis.raster.indexed_png import Colour, indexed_png
from cdgis.raster.zonal import shapes_on
from cdgis.raster.zone_edges import outlines_of

TRANSPARENT: Colour = (255, 255, 255, 0)
DEFAULT_WIDTH = 900
_BAND_ROWS = 512
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A picture with its place on the map."""

    png: bytes
    west: float
    """Bounds in degrees, EPSG:4490; rows are even in Web Mercator's y between them."""
    south: float
    east: float
    north: float
    title: str
    """What is shown, with its unit."""
    legend: tuple[tuple[str, str], ...]
    """(colour #rrggbb, words)."""

    @property
    def data_uri(self) -> str:
        """The picture as an address that needs no network."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def pixel_deg(self) -> float:
        """Width of a pixel, degrees of longitude; a PNG tells its width in bytes 16 to 19."""
        return (self.east - self.west) / int.from_bytes(self.png[16:20], "big")

    @property
    def leaflet_bounds(self) -> list[list[float]]:
        """[[south, west], [north, east]], as L.imageOverlay takes them."""
        return [[self.south, self.west], [self.north, self.east]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The pixels of a picture in Web Mercator."""

    grid: Grid
    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float], width: int) -> "Frame":
        """Return a frame `width` pixels wide whose pixels are square on the map."""
        x, y = forward(np.array([bounds[0], bounds[2]]), np.array([bounds[1], bounds[3]]), WEB_MERCATOR)
        side = (x[1] - x[0]) / width
        rows = max(round((y[1] - y[0]) / side), 1)
        grid = Grid(
            crs=WEB_MERCATOR,
            west=float(x[0]),
            north=float(y[1]),
            cell_width=float(side),
            cell_height=float((y[1] - y[0]) / rows),
            rows=rows,
            columns=width,
        )
        return cls(grid=grid, bounds=bounds)

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of every pixel's centre, degrees, each rows x columns."""
        x, y = self.grid.x_edges, self.grid.y_edges
        # Web Mercator's x depends on longitude alone and y on latitude alone.
        lon, _ = inverse((x[:-1] + x[1:]) / 2, np.zeros(self.grid.columns), WEB_MERCATOR)
        _, lat = inverse(np.zeros(self.grid.rows), (y[:-1] + y[1:]) / 2, WEB_MERCATOR)
        every_lon, every_lat = np.meshgrid(lon, lat)
        return every_lon, every_lat

    def covered(self, zones: GeoDataFrame) -> IntArray:
        """Return for every pixel the position of the zone that fills at least half of it, -1 where none does.

        Where several do, the last one is taken, as it would be drawn on top.
        """
        outlines = outlines_of(shapes_on(self.grid, zones), self.grid.origin_and_steps)
        found = np.full((self.grid.rows, self.grid.columns), -1, dtype=np.int64)
        covered = covered_cells(outlines, np.arange(len(zones)), (0, self.grid.rows), self.grid.columns)
        cells = unfolded(covered)
        filled = cells.fraction >= _HALF
        item = cells.covered[filled]
        found[covered.row[item], cells.column[filled]] = covered.zone[item]
        return found


def bounds_of(within: GeoDataFrame) -> tuple[float, float, float, float]:
    """Return west, south, east and north of polygons in EPSG:4490, degrees."""
    west, south, east, north = (float(bound) for bound in within.total_bounds)
    return west, south, east, north


def class_overlay(
    raster: Raster, values: Mapping[int, float], scale: ColourScale, within: GeoDataFrame, *, width: int = DEFAULT_WIDTH
) -> Overlay:
    """Return a picture of land classes, each coloured by its value, inside the polygons of `within`.

    Parameters
    ----------
    values : land class -> value in the scale's unit, such as t C per hectare; classes without one are shown as unknown.
    within : polygons, EPSG:4490; the picture ends at their bounds and is transparent outside them.
    width : pixels from west to east.
    """
    frame = Frame.around(bounds_of(within), width)
    index = ClassIndex(raster)
    position = _sampled(raster, frame, index)
    codes = [raster.recoding.get(code, code) if raster.recoding else code for code in index.codes]
    of_class = scale.positions([values.get(code, np.nan) for code in codes])
    shown = (frame.covered(within) >= 0) & (position > 0)
    return _painted(frame, np.where(shown, of_class[position], _transparent(scale)), scale)


def zone_overlay(
    zones: GeoDataFrame, values: npt.ArrayLike, scale: ColourScale, within: GeoDataFrame, *, width: int = DEFAULT_WIDTH
) -> Overlay:
    """Return a picture of polygons, each coloured by its value; NaN is shown as unknown.

    Parameters
    ----------
    zones : polygons, EPSG:4490; where they overlap the last one is on top.
    values : one per zone, in the scale's unit.
    within : the picture ends at the bounds of these.
    """
    frame = Frame.around(bounds_of(within), width)
    zone = frame.covered(zones)
    of_zone = np.append(scale.positions(values), _transparent(scale))
    return _painted(frame, of_zone[zone], scale)


def _transparent(scale: ColourScale) -> np.uint8:
    return np.uint8(len(scale.palette))


def _painted(frame: Frame, pixels: npt.NDArray[np.uint8], scale: ColourScale) -> Overlay:
    west, south, east, north = frame.bounds
    return Overlay(
        png=indexed_png(pixels, [*scale.palette, TRANSPARENT]),
        west=west, south=south, east=east, north=north,
        title=f"{scale.title}（{scale.unit}）",
        legend=scale.legend,
    )  # fmt: skip


def _sampled(raster: Raster, frame: Frame, index: ClassIndex) -> IntArray:
    """Return the class position of the cell under every pixel's centre, 0 where there is none."""
    grid = raster.grid
    x, y = forward(*frame.centres(), grid.crs)
    column = np.floor((x - grid.west) / grid.cell_width).astype(np.int64)
    row = np.floor((grid.north - y) / grid.cell_height).astype(np.int64)
    on_grid = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
    found = np.zeros(x.shape, dtype=np.int64)
    for start, pixels in raster.bands(_BAND_ROWS):
        here = on_grid & (row >= start) & (row < start + len(pixels))
        if here.any():
            found[here] = index.positions(pixels[row[here] - start, column[here]])
    return found
