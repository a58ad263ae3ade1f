"""Cells and rows of tables as JSON holds them: no NaN, no numpy, no geometry."""

import math
from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """Return a table's cell as JSON holds it."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows, each a column -> text, number, truth or nothing; shapes are left out."""
    shown = [str(name) for name in table.columns if name != "geometry"]
    return [{name: _told(row[name]) for name in shown} for _, row in table.iterrows()]


def _told(value: Any) -> Any:
    found = plain(value)
    return found if isinstance(found, str | int | float | bool | None) else str(found)
