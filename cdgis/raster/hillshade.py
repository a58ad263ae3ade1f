"""Shaded relief that lies under the map, lit from the north-west.

shade = cos(zenith) cos(slope) + sin(zenith) sin(slope) cos(azimuth - aspect)

(Horn 1981), slopes taken over the distance on the ground, which on the Web Mercator plane is the distance there
times cos(latitude). What is darker than level ground is laid on as shadow, what is lighter as light, so that the
relief may lie over any colour.
"""

import numpy as np
import numpy.typing as npt
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray
from cdgis.geometry.projections import forward
from cdgis.raster.colours import OPAQUE, parse_colour, read_colours
from cdgis.raster.geotiff import Raster
from cdgis.raster.indexed_png import Colour, indexed_png
from cdgis.raster.map_overlay import TRANSPARENT, Frame, Overlay, bounds_of
from cdgis.raster.means import measured

DEFAULT_WIDTH = 480
_STEPS = 12
"""Degrees of shadow, and as many of light: more would cost bytes that nobody sees."""


def relief_overlay(elevation: Raster, within: GeoDataFrame, *, width: int = DEFAULT_WIDTH) -> Overlay:
    """Return the shaded relief of an elevation raster (metres) over the bounds of `within`.

    Parameters
    ----------
    elevation : a grid small enough to be read whole, such as 30 arc-seconds.
    within : polygons, EPSG:4490; the relief fills their bounds, neighbouring land included.
    width : pixels from west to east; about one for each cell of the grid is enough.
    """
    frame = Frame.around(bounds_of(within), width)
    shade = _shade(_elevation_m(elevation, frame), frame)
    settings = read_colours()["relief"]
    level = np.sin(np.radians(settings["altitude_deg"]))
    # 0 is level ground, -1 the deepest shadow there can be and 1 the fullest light.
    relative = np.where(shade < level, shade / level - 1, (shade - level) / (1 - level))
    step = np.rint(np.nan_to_num(relative) * _STEPS).astype(int)
    west, south, east, north = frame.bounds
    return Overlay(
        png=indexed_png((step + _STEPS).astype(np.uint8), _palette(settings)),
        west=west, south=south, east=east, north=north,
        title="地形阴影",
        legend=(),
    )  # fmt: skip


def _palette(settings: dict[str, float | str]) -> list[Colour]:
    """Return shadows from the deepest, nothing for level ground, and lights up to the fullest."""
    shadow, light = (
        [
            parse_colour(str(settings[name]), round(OPAQUE * float(settings[f"{name}_opacity"]) * step / _STEPS))
            for step in range(1, _STEPS + 1)
        ]
        for name in ("shadow", "light")
    )
    return [*reversed(shadow), TRANSPARENT, *light]


def _elevation_m(elevation: Raster, frame: Frame) -> FloatArray:
    """Return the elevation under every pixel's centre, between cell centres by bilinear interpolation."""
    grid = elevation.grid
    values = measured(elevation, elevation.values)
    x, y = forward(*frame.centres(), grid.crs)
    column, across = _between((x - grid.west) / grid.cell_width - 0.5, grid.columns)
    row, down = _between((grid.north - y) / grid.cell_height - 0.5, grid.rows)
    upper = values[row, column] * (1 - across) + values[row, column + 1] * across
    lower = values[row + 1, column] * (1 - across) + values[row + 1, column + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


def _between(place: FloatArray, count: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the cell centre before `place` and how far on towards the next it is; beyond the grid its border."""
    inside = np.clip(place, 0, count - 1)
    cell = np.minimum(np.floor(inside), count - 2).astype(np.int64)
    return cell, np.asarray(inside - cell)


def _shade(elevation_m: FloatArray, frame: Frame) -> FloatArray:
    """Return how brightly each pixel is lit, 0 to 1."""
    settings = read_colours()["relief"]
    _, lat = frame.centres()
    ground = np.cos(np.radians(lat))
    height = elevation_m * settings["exaggeration"]
    northward = -np.gradient(height, axis=0) / (frame.grid.cell_height * ground)
    eastward = np.gradient(height, axis=1) / (frame.grid.cell_width * ground)
    altitude, azimuth = np.radians(settings["altitude_deg"]), np.radians(settings["azimuth_deg"])
    # The light's direction times the surface normal (-dz/dx, -dz/dy, 1): the formula above without angles.
    lit = np.sin(altitude) - np.cos(altitude) * (eastward * np.sin(azimuth) + northward * np.cos(azimuth))
    return np.asarray(np.clip(lit / np.sqrt(1 + eastward**2 + northward**2), 0, 1))
