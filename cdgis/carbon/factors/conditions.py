"""Conditions a parcel must satisfy under a methodology (ccer_conditions.toml)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import tomli as tomllib

from cdgis.carbon.factors.source import data_folder


@cache
def read_conditions() -> tuple[str, str, tuple[Mapping[str, Any], ...]]:
    """Return the methodology's name, the source of its text, and its conditions as they stand in the file."""
    raw = _read()
    return str(raw["methodology"]), str(raw["source"]), tuple(raw["condition"])


def read_fact_titles() -> Mapping[str, str]:
    """Return fact -> what the reader calls it, with its unit."""
    return {str(name): str(title) for name, title in _read()["fact_titles"].items()}


def _read() -> dict[str, Any]:
    return tomllib.loads(data_folder().joinpath("ccer_conditions.toml").read_text(encoding="utf-8"))
