"""Colour scales of pictures (cdgis/data/colours.toml)."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import tomli as tomllib

from cdgis.raster.indexed_png import Colour

OPAQUE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourScale:
    """Classes of a value, each with a colour."""

    title: str
    unit: str
    upper: tuple[float, ...]
    """Upper limit of each class but the last, which has none; a value equal to a limit is below it."""
    colours: tuple[str, ...]
    """#rrggbb, from low to high."""
    unknown: str
    """Colour where something is, whose value nobody knows."""
    unknown_title: str

    def __post_init__(self) -> None:
        if len(self.colours) != len(self.upper) + 1 or any(low >= high for low, high in pairwise(self.upper)):
            raise ValueError(f"{self.title}：上限应递增，颜色应比上限多一个")

    def positions(self, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return the class of each value from 0; the number of classes where it is NaN."""
        array = np.asarray(values, dtype=float)
        found = np.searchsorted(self.upper, array, side="left").astype(np.uint8)
        return np.where(np.isnan(array), np.uint8(len(self.colours)), found)

    @property
    def palette(self) -> list[Colour]:
        """The colours of `positions`, as a PNG wants them."""
        return [parse_colour(text, OPAQUE) for text in (*self.colours, self.unknown)]

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """(colour, words) of each class from high to low, then of unknown values."""
        limits = [f"{limit:g}" for limit in self.upper]
        words = [f"≤ {limits[0]}", *(f"{low}–{high}" for low, high in pairwise(limits)), f"> {limits[-1]}"]
        known = list(zip(self.colours, words, strict=True))
        return (*reversed(known), (self.unknown, self.unknown_title))


def read_scale(name: str) -> ColourScale:
    """Return a scale of colours.toml."""
    data = read_colours()
    scale, unknown = data["scales"][name], data["unknown"]
    return ColourScale(
        title=scale["title"],
        unit=scale["unit"],
        upper=tuple(float(limit) for limit in scale["upper"]),
        colours=tuple(scale["colours"]),
        unknown=unknown["colour"],
        unknown_title=unknown["title"],
    )


@cache
def read_colours() -> dict[str, Any]:
    """Return all of colours.toml."""
    return tomllib.loads(files("cdgis").joinpath("data", "colours.toml").read_text(encoding="utf-8"))


def parse_colour(text: str, opacity: int) -> Colour:
    """Return #rrggbb with an opacity."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16), opacity
