"""Carbon in the top 30 cm of soil, and how it moves when land use changes (IPCC 2019, Tier 1).

Equilibrium: SOC_eq = SOCref * F_LU * F_MG * F_I.
Transition: SOC(t) = SOC(p) + (SOC_eq - SOC(p)) * min((t - p) / 20, 1), p the last observation before the regime began.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdgis.carbon.factors import SOIL_DEPTH_CM, SoilFactor
from cdgis.carbon.uncertainty import Factor, Interval, propagate
from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CarbonError

TRANSITION_YR = 20.0
_FROM_95_TO_90 = 1.6448536269514722 / 1.959963984540054
"""IPCC's half-ranges are of 95 %; ours of 90 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoilMove:
    """Land that leaves one regime for another."""

    area_ha: float
    before: tuple[SoilFactor, ...]
    """F_LU, F_MG and F_I of the old regime, and of the new one."""
    after: tuple[SoilFactor, ...]


def transition_share(years: float) -> float:
    """Return which part of the way to the new equilibrium is gone after so many years."""
    return min(years / TRANSITION_YR, 1.0)


def soil_change_tc(reference: SoilFactor, moves: Sequence[SoilMove], *, years: float) -> Interval:
    """Return tonnes of carbon that 0-30 cm gain within `years` of the change, with the 90 % range.

    A factor that stands on both sides, or in several moves, is one quantity: it is never counted as independent.
    """
    parts = {_name(reference): reference}
    for move in moves:
        parts |= {_name(part): part for part in (*move.before, *move.after)}
    uncertain = [_uncertain(part) for part in parts.values()]

    def gained(values: Mapping[str, FloatArray]) -> FloatArray:
        """Return the gain of all moves for drawn factors; one draw of a factor serves every move it stands in."""
        return sum(
            (move.area_ha * (_product(move.after, values) - _product(move.before, values)) for move in moves),
            start=np.zeros(1),
        ) * (values[_name(reference)] * transition_share(years))

    return propagate(uncertain, gained)


def _product(parts: Sequence[SoilFactor], values: Mapping[str, FloatArray]) -> FloatArray:
    return np.asarray(np.prod([values[_name(part)] for part in parts], axis=0))


def _name(part: SoilFactor) -> str:
    return f"{part.kind} {part.item}"


def _uncertain(part: SoilFactor) -> Factor:
    return Factor.around(_name(part), part.value, part.half_range_share * _FROM_95_TO_90)


def equilibrium_soc(reference: SoilFactor, factors: Sequence[SoilFactor]) -> Interval:
    """Return tonnes of carbon per hectare in 0-30 cm at equilibrium, with its 90 % range."""
    parts = [reference, *factors]
    uncertain = [_uncertain(part) for part in parts]
    names = [factor.name for factor in uncertain]

    def product(values: Mapping[str, FloatArray]) -> FloatArray:
        """Return the product of the drawn factors."""
        total = values[names[0]]
        for name in names[1:]:
            total = total * values[name]
        return total

    return propagate(uncertain, product)


def transition_soc(
    years: Sequence[float], regime_start: Sequence[float], equilibrium_tc_per_ha: Sequence[float]
) -> list[float]:
    """Return soil carbon (tonnes per hectare) at each observation year.

    Parameters
    ----------
    years : observation years, rising.
    regime_start : the year in which the land use in force at each observation began.
    equilibrium_tc_per_ha : the carbon that land use tends to.

    Raises
    ------
    CarbonError : the three differ in length, or the years do not rise.
    """
    if not len(years) == len(regime_start) == len(equilibrium_tc_per_ha):
        raise CarbonError("土壤碳过渡：年份、开始年、平衡值的个数应相同")
    if any(later <= earlier for earlier, later in zip(years, years[1:], strict=False)):
        raise CarbonError("土壤碳过渡：观测年份应递增")
    found: list[float] = []
    for place, (year, start, goal) in enumerate(zip(years, regime_start, equilibrium_tc_per_ha, strict=True)):
        before = [i for i in range(place) if years[i] < start]
        if not before:  # the regime is older than the first observation: taken as settled there
            first = [i for i in range(place) if regime_start[i] == start]
            found.append(found[first[0]] if first else goal)
            continue
        last = before[-1]
        found.append(found[last] + (goal - found[last]) * transition_share(year - years[last]))
    return found


def require_depth(depth_cm: float | None) -> None:
    """Refuse to add Tier-1 soil to densities of another depth.

    Raises
    ------
    CarbonError : `depth_cm` is known and is not 30.
    """
    if depth_cm is not None and depth_cm != SOIL_DEPTH_CM:
        raise CarbonError(
            f"IPCC Tier 1 土壤为 0–{SOIL_DEPTH_CM:g} 厘米，碳密度表为 0–{depth_cm:g} 厘米，不得在一次核算中混用",
            remedy="请只用其中一种",
        )
