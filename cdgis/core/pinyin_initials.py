"""Initials of the pinyin of Chinese names, for search (cdgis/data/pinyin_initials.toml)."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import tomli as tomllib


def initials(text: str) -> str:
    """Return the initial of each character of GB/T 2312, letters and digits as they are in lower case, and nothing of the rest."""
    known = _initials()
    return "".join(known.get(sign, sign.lower() if sign.isascii() and sign.isalnum() else "") for sign in text)


@cache
def _initials() -> Mapping[str, str]:
    rows = tomllib.loads(files("cdgis").joinpath("data", "pinyin_initials.toml").read_text(encoding="utf-8"))
    return {sign: letter for letter, signs in rows.items() for sign in signs}
