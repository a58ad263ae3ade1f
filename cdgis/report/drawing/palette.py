"""Colours and symbols of verdicts and zone classes (templates/palette.toml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from cdgis.core.packs import Pack, current_packs, pack_toml


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


_COLOURS = Path(str(files("cdgis.report").joinpath("templates/palette.toml")))


def read_palette() -> Palette:
    """Return the palette shipped with the templates, with the colours that the place's packs add."""
    return _palette_of(current_packs())


@cache
def _palette_of(_packs: tuple[Pack, ...]) -> Palette:
    raw = pack_toml("pages/palette.toml", _COLOURS)
    return Palette(
        verdicts={name: VerdictStyle(**style) for name, style in raw["verdict"].items()},
        zones=raw["zone"],
        layers=raw["layer"],
        styles=raw["style"],
        kinds=raw["kind"],
        cycle=tuple(raw["cycle"]["colours"]),
    )
