"""The 90 % range of a total from the ranges of its factors, and the factor that dominates it.

Analytic (IPCC 2006 vol. 1 ch. 3, error propagation): each factor alone is moved to its 5 and 95 % point, the
others stay at their mid value; the deviations d_k of the total on either side combine as
    low = mid - sqrt(sum_k d_k_low**2),   high = mid + sqrt(sum_k d_k_high**2).
For sums of symmetric factors this is exact. Monte Carlo draws every factor once a sample, however often it is used.

Correlation, one model for every range cdgis prints: quantities of one kind that one source gives share its error, so
factors of one group move together (rho = 1); factors of different groups are independent. `Correlation` names this
model and the two ends between which the truth lies: every factor for itself, and all together.
A factor is a split normal: x = mid + sd(z) * z with z standard normal and sd from the side z lies on, so that
5, 50 and 95 % are low, mid and high; below zero it is cut off.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CarbonError

Z_95 = 1.6448536269514722
"""The 95 % point of the standard normal distribution."""

class Correlation(StrEnum):
    """How the errors of factors hang together."""

    BY_SOURCE = "同源相关"
    """Factors of one group together, groups independent: what is printed unless something else is said."""
    NONE = "全部独立"
    ALL = "全部相关"


Model = Callable[[Mapping[str, FloatArray]], FloatArray]
"""Total as a function of factor values, element by element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One uncertain quantity."""

    name: str
    """In words the reader knows; the dominating one is printed."""
    low: float
    """5 % point."""
    mid: float
    high: float
    """95 % point."""
    group: str = ""
    """Kind and source whose error it shares with other factors; empty for an error of its own."""

    def __post_init__(self) -> None:
        """Refuse ranges out of order."""
        if not 0 <= self.low <= self.mid <= self.high:
            raise CarbonError(f"因子“{self.name}”应满足 0≤低≤中≤高，读到 {self.low}、{self.mid}、{self.high}")

    @classmethod
    def around(cls, name: str, mid: float, half_range_share: float) -> "Factor":
        """Return a symmetric factor; the low end stops at 0."""
        half = mid * half_range_share
        return cls(name=name, low=max(mid - half, 0.0), mid=mid, high=mid + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A total with its 90 % range."""

    low: float
    mid: float
    high: float
    dominant: str
    """Name of the factor that contributes most to the variance; "" when nothing is uncertain."""
    dominant_share: float
    """Its share of the variance, 0 to 1."""

    @property
    def width(self) -> float:
        """Distance from low to high."""
        return self.high - self.low


def propagate(factors: Sequence[Factor], model: Model, *, correlation: Correlation = Correlation.BY_SOURCE) -> Interval:
    """Return the analytic range of `model` over `factors`: the factors of a group are moved at once."""
    groups = _groups(factors, correlation)
    count = len(groups)
    values = {f.name: np.full(2 * count + 1, f.mid) for f in factors}
    for number, members in enumerate(groups.values()):
        for factor in members:
            values[factor.name][1 + number] = factor.low
            values[factor.name][1 + count + number] = factor.high
    totals = np.broadcast_to(model(values), (2 * count + 1,))
    mid = float(totals[0])
    swings = totals[1:].reshape(2, count) - mid
    down = np.sqrt((np.minimum(swings, 0.0) ** 2).sum())
    up = np.sqrt((np.maximum(swings, 0.0) ** 2).sum())
    dominant, share = _dominant(list(groups), swings)
    return Interval(low=mid - float(down), mid=mid, high=mid + float(up), dominant=dominant, dominant_share=share)


def _groups(factors: Sequence[Factor], correlation: Correlation) -> dict[str, list[Factor]]:
    """Return the factors by what they share an error with, in order of appearance."""
    groups: dict[str, list[Factor]] = {}
    for factor in factors:
        shared = {Correlation.NONE: "", Correlation.ALL: "全部因子", Correlation.BY_SOURCE: factor.group}[correlation]
        groups.setdefault(shared or factor.name, []).append(factor)
    return groups


def half_widths(swings: pd.DataFrame) -> pd.DataFrame:
    """Return how far sums may lie below (`down`) and above (`up`) their mid values, by zone_id.

    Parameters
    ----------
    swings : zone_id, group, low, high: what a term adds to its zone's sum when its factor goes to its 5 or 95 % point.

    Notes
    -----
    The same rule as `propagate`, for many zones at once: swings of a group add up, groups combine as root-sum-square.
    """
    summed = swings.groupby(["zone_id", "group"])[["low", "high"]].sum()
    squares = pd.DataFrame({"down": summed.clip(upper=0.0).pow(2).sum(axis=1), "up": summed.clip(lower=0.0).pow(2).sum(axis=1)})
    return squares.groupby("zone_id").sum().pow(0.5)


def _dominant(names: Sequence[str], swings: FloatArray) -> tuple[str, float]:
    squares = (swings**2).sum(axis=0)
    if not len(names) or squares.sum() == 0:
        return "", 0.0
    first = int(np.argmax(squares))
    return names[first], float(squares[first] / squares.sum())


def sample(
    factors: Sequence[Factor], model: Model, *, samples: int, seed: int, correlation: Correlation = Correlation.BY_SOURCE
) -> Interval:
    """Return the range of `model` by Monte Carlo; the same seed gives the same bytes.

    Notes
    -----
    Low and high are the 5 and 95 % points of the draws, mid their median. Each group is drawn from a stream of its own
    that goes by its name, so that neither the order of the factors nor a further one changes the others.
    """
    drawn: dict[str, FloatArray] = {}
    for name, members in sorted(_groups(factors, correlation).items()):
        z = _normal(_uniform(name, samples, seed))
        drawn |= {factor.name: _draw(factor, z) for factor in members}
    totals = np.broadcast_to(model(drawn), (samples,))
    low, mid, high = (float(q) for q in np.quantile(totals, (0.05, 0.5, 0.95)))
    known = propagate(factors, model, correlation=correlation)
    return Interval(low=low, mid=mid, high=high, dominant=known.dominant, dominant_share=known.dominant_share)


def _uniform(name: str, samples: int, seed: int) -> FloatArray:
    """Return draws in (0, 1), one in each of `samples` equal parts, in shuffled order (a Latin hypercube)."""
    generator = np.random.default_rng([seed, *name.encode("utf-8")])
    return np.asarray((generator.permutation(samples) + generator.random(samples)) / samples)


def _normal(uniform: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(uniform, 1e-12, 1 - 1e-12)))


def _draw(factor: Factor, z: FloatArray) -> FloatArray:
    down, up = (factor.mid - factor.low) / Z_95, (factor.high - factor.mid) / Z_95
    return np.asarray(np.maximum(factor.mid + np.where(z < 0, down, up) * z, 0.0))
