"""Choice of trees for a site: the first planting rule that fits decides (planting_rules.csv)."""

import math
from collections.abc import Sequence

from cdgis.carbon.factors import PlantingRule

SHADY, SUNNY = "阴坡", "阳坡"


def aspect_of(north_share: float) -> str:
    """Return 阴坡 when most of a site faces north, 阳坡 when most faces south, "" when nothing is known."""
    if math.isnan(north_share):
        return ""
    return SHADY if north_share > 0.5 else SUNNY


def choose_planting(
    rules: Sequence[PlantingRule], *, elevation_m: float, aspect: str, precipitation_mm: float = math.nan
) -> PlantingRule | None:
    """Return the first rule that fits; a rule that asks for what is not known does not fit.

    Parameters
    ----------
    elevation_m : mean height above sea level, metres; NaN = not known.
    aspect : 阴坡, 阳坡, or "" (not known).
    precipitation_mm : yearly mean, millimetres; NaN = not known.
    """
    for rule in rules:
        by_height = math.isinf(rule.elevation_from_m) and math.isinf(rule.elevation_to_m)
        if not by_height and not rule.elevation_from_m <= elevation_m < rule.elevation_to_m:
            continue
        if rule.aspect and rule.aspect != aspect:
            continue
        if not math.isinf(rule.precipitation_to_mm) and not precipitation_mm < rule.precipitation_to_mm:
            continue
        return rule
    return None
