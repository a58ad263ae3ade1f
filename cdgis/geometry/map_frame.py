"""The rectangle of the map that a drawing shows, and where in it a place lies.

x grows with longitude times cos(middle latitude), which is true to scale within 2 % over a city and within 0.5 % over
a few kilometres. Areas and distances on pages come from the tables, never from here.
"""

import math
from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray

METRES_PER_DEGREE = 111_320.0
"""Of latitude, about; to draw by, never to measure by."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The drawn rectangle in degrees, and its size in pixels."""

    west: float
    south: float
    east: float
    north: float
    size_px: tuple[int, int]

    @classmethod
    def around(
        cls,
        bounds: Bounds,
        size_px: tuple[int, int],
        *,
        room: float = 1.0,
        least_width_m: float = 0.0,
        most_width_m: float = math.inf,
    ) -> "View":
        """Return the view of a drawing's proportions with `bounds` in its middle.

        Parameters
        ----------
        bounds : what must be seen.
        size_px : width and height of the drawing.
        room : width of the view over the width needed.
        least_width_m : metres; small things are shown with their surroundings.
        most_width_m : metres; surroundings that do not fit are given up, `bounds` never.
        """
        west, south, east, north = bounds
        lon, lat, aspect = (west + east) / 2, (south + north) / 2, size_px[0] / size_px[1]
        east_m = METRES_PER_DEGREE * math.cos(math.radians(lat))
        needed = max((east - west) * east_m, (north - south) * METRES_PER_DEGREE * aspect)
        half_m = min(max(needed * room, least_width_m), max(most_width_m, needed * 1.1)) / 2
        half_lon, half_lat = half_m / east_m, half_m / aspect / METRES_PER_DEGREE
        return cls(west=lon - half_lon, south=lat - half_lat, east=lon + half_lon, north=lat + half_lat, size_px=size_px)

    def pixels(self, lonlat: FloatArray) -> FloatArray:
        """Return places (rows of lon, lat in degrees) as pixels from the upper left, to a hundredth."""
        x = (lonlat[:, 0] - self.west) / (self.east - self.west) * self.size_px[0]
        y = (self.north - lonlat[:, 1]) / (self.north - self.south) * self.size_px[1]
        # + 0.0 turns minus nought into nought
        return np.asarray(np.round(np.column_stack((x, y)), 2) + 0.0, dtype=np.float64)

    def box(self, margin_px: float = 0.0) -> Bounds:
        """Return the bounds of the view with a margin, so that cut edges may lie outside the picture."""
        pad_x = (self.east - self.west) / self.size_px[0] * margin_px
        pad_y = (self.north - self.south) / self.size_px[1] * margin_px
        return self.west - pad_x, self.south - pad_y, self.east + pad_x, self.north + pad_y

    @property
    def degree_px(self) -> float:
        """Pixels per degree of longitude, the coarser of the two directions."""
        return self.size_px[0] / (self.east - self.west)

    @property
    def frame(self) -> str:
        """The view's corners as text for the page."""
        return f"{self.west:.6f} {self.south:.6f} {self.east:.6f} {self.north:.6f}"

    @property
    def width_m(self) -> float:
        """Width on the ground in metres at the view's middle."""
        return (self.east - self.west) * METRES_PER_DEGREE * math.cos(math.radians((self.south + self.north) / 2))

    @property
    def scale_bar(self) -> tuple[float, str]:
        """Length in pixels and label of a bar of a round length, at most a quarter of the view."""
        bar_m = round_length(self.width_m / 4)
        label = f"{bar_m / 1000:g} 公里" if bar_m >= 1000 else f"{bar_m:g} 米"
        return round(bar_m / self.width_m * self.size_px[0], 2), label


def round_length(length_m: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not longer than `length_m`."""
    power = 10.0 ** math.floor(math.log10(length_m))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= length_m)
