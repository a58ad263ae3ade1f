"""Field names of published data specifications, as candidates for a catalogue entry (cdgis/data/profiles/*.toml)."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import tomli as tomllib

from cdgis.core.errors import UsageError
from cdgis.core.toml_files import Stated


class ProfileLayer(Stated):
    """What one layer of a specification is called and how its fields are."""

    of: tuple[str, ...]
    """Ids of the catalogue's layers it can stand for."""
    title: str
    names: tuple[str, ...]
    """Words in a file's or layer's name that point to it."""
    fields: dict[str, tuple[str, ...]]
    classes: dict[str, str] = {}
    mark: Literal["S", "M"]
    """S: names seen in public; M: from memory, unverified."""
    source: str


class Profile(Stated):
    """One specification."""

    title: str
    accuracy_m: float | None = None
    layer: tuple[ProfileLayer, ...]


@cache
def read_profiles() -> Mapping[str, Profile]:
    """Return name -> specification, in name order."""
    folder = resources.files("cdgis").joinpath("data", "profiles")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {f.name.removesuffix(".toml"): Profile.model_validate(tomllib.loads(f.read_text(encoding="utf-8"))) for f in files}


def profile_layers(name: str, layer_id: str, hints: tuple[str, ...]) -> tuple[tuple[str, ProfileLayer], ...]:
    """Return (specification, layer) that may describe a file, the ones whose names are in `hints` first.

    Parameters
    ----------
    name : one specification, or "" for all.
    hints : names of the file and of the layer in it.

    Raises
    ------
    UsageError : there is no such specification.
    """
    profiles = read_profiles()
    if name and name not in profiles:
        listed = "；".join(f"{key}（{profile.title}）" for key, profile in profiles.items())
        raise UsageError(f"没有数据规范 {name}", remedy=f"可用的：{listed}")
    found = [
        (key, layer)
        for key, profile in profiles.items()
        if name in ("", key)
        for layer in profile.layer
        if layer_id in layer.of
    ]
    text = " ".join(hints).upper()
    return tuple(sorted(found, key=lambda pair: not any(word.upper() in text for word in pair[1].names)))
