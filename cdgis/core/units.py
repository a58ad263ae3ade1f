"""Unit conversions of the land and carbon trade, each an exact constant with its definition."""

M2_PER_HA = 10_000.0
MU_PER_HA = 15.0
"""1 公顷 = 15 亩, so 1 亩 = 2000/3 m²."""
M2_PER_MU = M2_PER_HA / MU_PER_HA
TCO2_PER_TC = 44.0 / 12.0
"""Ratio of the molar masses of CO2 and C."""


def m2_to_ha(area_m2: float) -> float:
    """Return hectares from square metres."""
    return area_m2 / M2_PER_HA


def m2_to_mu(area_m2: float) -> float:
    """Return 亩 from square metres (1 亩 = 2000/3 m²)."""
    return area_m2 / M2_PER_MU


def tc_to_tco2e(stock_tc: float) -> float:
    """Return tonnes of CO2 equivalent from tonnes of carbon (44/12)."""
    return stock_tc * TCO2_PER_TC
