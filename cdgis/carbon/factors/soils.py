"""Carbon in the top 30 cm of soil under IPCC Tier 1 (soil_ipcc2019.csv).

SOC = SOCref x F_LU x F_MG x F_I; each with its published 95 % half-range. Depth 0-30 cm, so these never meet the
0-100 cm densities of a pool table in one sum.
"""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from cdgis.carbon.factors.source import read_shipped
from cdgis.core.errors import CarbonError

SOIL_DEPTH_CM = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoilFactor:
    """One factor with its uncertainty."""

    kind: str
    """SOCref (tonnes of carbon per hectare), F_LU, F_MG or F_I."""
    item: str
    value: float
    half_range_share: float
    """Half of the 95 % range, as a share of the value."""
    source: str


@cache
def read_soils() -> pd.DataFrame:
    """Return kind, item, climate, value, half_range_share, source, mark."""
    return read_shipped("soil_ipcc2019", ("value",))


def soil_factor(kind: str, item: str, climate: str) -> SoilFactor:
    """Return one factor; rows without a climate hold for every climate.

    Raises
    ------
    CarbonError : there is none; the known ones are listed.
    """
    table = read_soils()
    same = table[table["kind"] == kind]
    found = same[(same["item"] == item) & same["climate"].isin([climate, ""])]
    if found.empty:
        known = "、".join(f"{item}（{where or '各气候'}）" for item, where in zip(same["item"], same["climate"], strict=True))
        raise CarbonError(f"土壤因子 {kind} 没有“{item}，{climate}”", remedy=f"现有：{known}")
    row = found.iloc[0]
    return SoilFactor(
        kind=kind, item=item, value=row["value"], half_range_share=row["half_range_share"], source=row["source"]
    )
