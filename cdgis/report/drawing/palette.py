"""Colours and symbols of verdicts and zone classes (templates/palette.toml)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictStyle:
    """How one verdict looks everywhere: colour never stands alone, the shape says the same."""

    fill: str
    soft: str
    """Background behind dark text."""
    ink: str
    """Text colour with a contrast of at least 4.5 on `soft` and on white."""
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """All colours of the pages."""

    verdicts: Mapping[str, VerdictStyle]
    zones: Mapping[str, Mapping[str, str]]
    """Layer id -> zone class -> colour."""
    layers: Mapping[str, str]
    styles: Mapping[str, Mapping[str, Any]]
    """Layer id, or kind of geometry, or ``default`` -> how the map draws it."""
    kinds: Mapping[str, Mapping[str, str]]
    """Disposition, river role, quadrant, ... -> class -> colour, in the order of legends."""
    cycle: tuple[str, ...]

    def zone_colour(self, layer: str, zone_class: str) -> str:
        """Return the colour of a zone class; layers and classes nobody listed take one by their name."""
        by_class = self.zones.get(layer, {})
        return by_class.get(zone_class) or self.layers.get(layer) or self.cycle[sum(map(ord, layer)) % len(self.cycle)]


@cache
def read_palette() -> Palette:
    """Return the palette shipped with the templates."""
    raw = tomllib.loads(files("cdgis.report").joinpath("templates/palette.toml").read_text(encoding="utf-8"))
    return Palette(
        verdicts={name: VerdictStyle(**style) for name, style in raw["verdict"].items()},
        zones=raw["zone"],
        layers=raw["layer"],
        styles=raw["style"],
        kinds=raw["kind"],
        cycle=tuple(raw["cycle"]["colours"]),
    )
