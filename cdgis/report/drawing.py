"""How is a piece of the map drawn as plain vector paths? (views, strokes, places, scale; no script, nothing measured)

x grows with longitude times cos(latitude), which over a city is true to scale within 2 %, over a few kilometres
within 0.5 %. Areas and distances on pages come from the tables, never from here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.report.palette import read_palette

WIDTH_PX, HEIGHT_PX = 560, 400
METRES_PER_DEGREE = 111_320.0
_MARGIN_PX = 4
BASE_LINES = ("streams", "rivers", "main_rivers")
PLACES = "places"
LegendKey = tuple[str, str, str]
"""(style, colour, label)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One path of the drawing, in pixels."""

    path: str
    style: str
    """CSS class: unit, zone, line, water, border, subject."""
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One named place or point in pixels."""

    x: float
    y: float
    label: str
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A drawing with its legend and scale bar."""

    strokes: tuple[Stroke, ...]
    spots: tuple[Spot, ...]
    places: tuple[Spot, ...]
    legend: tuple[tuple[str, str, str], ...]
    """(style, colour, label)."""
    bar_px: float
    bar_label: str
    frame: str
    """West, south, east, north in degrees: where the drawing's corners lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The drawn rectangle: lon/lat bounds and pixels per degree."""

    west: float
    south: float
    east: float
    north: float

    def pixels(self, lonlat: np.ndarray) -> np.ndarray:
        """Return places in degrees as pixels from the upper left, to a tenth."""
        x = (lonlat[:, 0] - self.west) / (self.east - self.west) * WIDTH_PX
        y = (self.north - lonlat[:, 1]) / (self.north - self.south) * HEIGHT_PX
        return np.asarray(np.round(np.column_stack((x, y)), 1))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees of what is drawn, a little beyond the frame."""
        pad_x = (self.east - self.west) * _MARGIN_PX / WIDTH_PX
        pad_y = (self.north - self.south) * _MARGIN_PX / HEIGHT_PX
        return self.west - pad_x, self.south - pad_y, self.east + pad_x, self.north + pad_y

    @property
    def frame(self) -> str:
        """The view's corners as text for the page."""
        return f"{self.west:.6f} {self.south:.6f} {self.east:.6f} {self.north:.6f}"

    @property
    def width_m(self) -> float:
        """Width on the ground in metres at the view's middle."""
        return (self.east - self.west) * METRES_PER_DEGREE * math.cos(math.radians((self.south + self.north) / 2))


def view_around(bounds: tuple[float, float, float, float], *, room: float, least_width_m: float) -> View:
    """Return a view of the drawing's proportions with `bounds` in its middle.

    Parameters
    ----------
    bounds : west, south, east, north in degrees.
    room : width of the view over the width needed.
    least_width_m : metres; small things are shown with their surroundings.
    """
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    east_m = METRES_PER_DEGREE * math.cos(math.radians(lat))
    needed = max((east - west) * east_m, (north - south) * METRES_PER_DEGREE * WIDTH_PX / HEIGHT_PX)
    half_m = max(needed * room, least_width_m) / 2
    half_lon, half_lat = half_m / east_m, half_m * HEIGHT_PX / WIDTH_PX / METRES_PER_DEGREE
    return View(west=lon - half_lon, south=lat - half_lat, east=lon + half_lon, north=lat + half_lat)


def scale_bar(view: View) -> tuple[float, str]:
    """Return the length in pixels and the label of a bar of a round length, about a quarter of the view."""
    bar_m = round_length(view.width_m / 4)
    label = f"{bar_m / 1000:g} 公里" if bar_m >= 1000 else f"{bar_m:g} 米"
    return round(bar_m / view.width_m * WIDTH_PX, 1), label


def layer_strokes(
    key: str, title: str, zones: GeoDataFrame, *, style: str, view: View, thinned: bool = False
) -> tuple[list[Stroke], list[LegendKey]]:
    """Return one path per zone class in view, and the legend entries of what can be seen.

    Parameters
    ----------
    thinned : whether the zones have been simplified for this view already.
    """
    index = np.sort(zones.sindex.query(shapely.box(*view.box)))
    if len(index) == 0:
        return [], []
    shapes = shapely.clip_by_rect(zones.geometry.to_numpy()[index], *view.box)
    palette, strokes, legend = read_palette(), [], []
    classes = zones["zone_class"].to_numpy()[index]
    for zone_class in sorted(set(map(str, classes))):
        own = shapes[classes == zone_class]
        path = path_of(own, view, keep=thinned)
        if not path:
            continue
        colour = palette.zone_colour(key, zone_class)
        lines = bool(shapely.get_dimensions(own).max() == 1)
        drawn_as = "line" if lines and style == "zone" else style
        strokes.append(Stroke(path=path, style=drawn_as, colour=colour))
        if _can_be_seen(own, view, outline=style in ("line", "border")):
            named = style in ("unit", "zone", "line") and zone_class not in ("", title)
            legend.append((drawn_as, colour, f"{title}·{zone_class}" if named else title))
    if style == "stream":
        legend = [("stream", palette.layers["main_rivers"], "河流")] if legend else []
    return strokes, legend


def _can_be_seen(shapes: np.ndarray, view: View, *, outline: bool) -> bool:
    """Whether enough of the shapes lies within the frame itself: an area of 12 pixels, a line 6 pixels long."""
    parts = shapely.get_parts(shapely.get_parts(shapes))  # clipping may leave collections, which have no boundary
    if outline:
        parts = np.where(shapely.get_dimensions(parts) == 2, shapely.boundary(parts), parts)
    inside = shapely.clip_by_rect(parts, view.west, view.south, view.east, view.north)
    px = WIDTH_PX / (view.east - view.west)
    return bool(shapely.area(inside).sum() * px**2 > 12 or shapely.length(inside).sum() * px > 6)


def path_of(shapes: BaseGeometry | np.ndarray, view: View, *, keep: bool = False) -> str:
    """Return one SVG path of lines and rings, thinned to half a pixel unless `keep`; points give none."""
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    if not keep:
        shapes = shapely.simplify(shapes, (view.east - view.west) / WIDTH_PX / 2)
    parts = shapely.get_parts(shapes)
    areal = shapely.get_dimensions(parts) == 2
    lines = [*shapely.get_rings(parts[areal]), *parts[shapely.get_dimensions(parts) == 1]]
    if not lines:
        return ""
    lonlat, owner = shapely.get_coordinates(np.array(lines, dtype=object), return_index=True)
    xy = np.rint(view.pixels(lonlat) * 10).astype(np.int64)
    first = np.diff(owner, prepend=-1) != 0
    steps = np.where(first[:, None], xy, np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)))
    kept = first | steps.any(axis=1)
    closed = np.array([line.geom_type == "LinearRing" for line in lines])
    ends = np.cumsum(np.bincount(owner[kept], minlength=len(lines)))
    words = [f"{_tenths(x)} {_tenths(y)}" for x, y in steps[kept].tolist()]
    return "".join(
        f"M{words[start]}l{' '.join(words[start + 1 : end])}{'z' if ring else ''}"
        for start, end, ring in zip([0, *ends[:-1].tolist()], ends.tolist(), closed.tolist(), strict=True)
        if end > start + 1
    )


@cache
def _tenths(value: int) -> str:
    """Return tenths of a pixel as the shortest number in pixels."""
    return f"{value / 10:g}"


def places_in(zones: Mapping[str, GeoDataFrame], view: View) -> tuple[Spot, ...]:
    """Return at most four towns in view."""
    if PLACES not in zones:
        return ()
    places = zones[PLACES]
    index = np.sort(places.sindex.query(shapely.box(view.west, view.south, view.east, view.north)))[:4]
    if len(index) == 0:
        return ()
    xy = view.pixels(shapely.get_coordinates(shapely.centroid(places.geometry.to_numpy()[index])))
    names = places["zone_name"].to_numpy()[index]
    return tuple(Spot(x=float(x), y=float(y), label=str(name)) for (x, y), name in zip(xy, names, strict=True))


def round_length(length_m: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not longer than `length_m`."""
    power = 10.0 ** math.floor(math.log10(length_m))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= length_m)
