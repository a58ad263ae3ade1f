"""The 90 % range of a total from the ranges of its factors, and the factor that dominates it.

Analytic (IPCC 2006 vol. 1 ch. 3, error propagation): each factor alone is moved to its 5 and 95 % point, the
others stay at their mid value; the deviations d_k of the total on either side combine as
    low = mid - sqrt(sum_k d_k_low**2),   high = mid + sqrt(sum_k d_k_high**2).
For sums of symmetric factors this is exact. Monte Carlo draws every factor once a sample, however often it is
used, so that a repeated factor is fully correlated with itself; both take factors as independent of each other.
A factor is a split normal: x = mid + sd(z) * z with z standard normal and sd from the side z lies on, so that
5, 50 and 95 % are low, mid and high; below zero it is cut off.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import FloatArray
from cdgis.errors import CarbonError

Z_95 = 1.6448536269514722
"""The 95 % point of the standard normal distribution."""

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


def propagate(factors: Sequence[Factor], model: Model) -> Interval:
    """Return the analytic range of `model` over `factors`."""
    count = len(factors)
    values = {f.name: np.full(2 * count + 1, f.mid) for f in factors}
    for number, factor in enumerate(factors):
        values[factor.name][1 + number] = factor.low
        values[factor.name][1 + count + number] = factor.high
    totals = np.broadcast_to(model(values), (2 * count + 1,))
    mid = float(totals[0])
    swings = totals[1:].reshape(2, count) - mid
    down = np.sqrt((np.minimum(swings, 0.0) ** 2).sum())
    up = np.sqrt((np.maximum(swings, 0.0) ** 2).sum())
    dominant, share = _dominant(factors, swings)
    return Interval(low=mid - float(down), mid=mid, high=mid + float(up), dominant=dominant, dominant_share=share)


def _dominant(factors: Sequence[Factor], swings: FloatArray) -> tuple[str, float]:
    squares = (swings**2).sum(axis=0)
    if not len(factors) or squares.sum() == 0:
        return "", 0.0
    first = int(np.argmax(squares))
    return factors[first].name, float(squares[first] / squares.sum())


def sample(factors: Sequence[Factor], model: Model, *, samples: int, seed: int) -> Interval:
    """Return the range of `model` by Monte Carlo; the same seed gives the same bytes.

    Notes
    -----
    Low and high are the 5 and 95 % points of the draws, mid their median. Factors are drawn by name in sorted
    order, each from its own stream, so that neither their order nor a further factor changes the others.
    """
    drawn = {f.name: _draw(f, _uniform(f.name, samples, seed)) for f in sorted(factors, key=lambda f: f.name)}
    totals = np.broadcast_to(model(drawn), (samples,))
    low, mid, high = (float(q) for q in np.quantile(totals, (0.05, 0.5, 0.95)))
    known = propagate(factors, model)
    return Interval(low=low, mid=mid, high=high, dominant=known.dominant, dominant_share=known.dominant_share)


def _uniform(name: str, samples: int, seed: int) -> FloatArray:
    """Return draws in (0, 1), one in each of `samples` equal parts, in shuffled order (a Latin hypercube)."""
    generator = np.random.default_rng([seed, *name.encode("utf-8")])
    return np.asarray((generator.permutation(samples) + generator.random(samples)) / samples)


def _draw(factor: Factor, uniform: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    z = ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))
    down, up = (factor.mid - factor.low) / Z_95, (factor.high - factor.mid) / Z_95
    return np.asarray(np.maximum(factor.mid + np.where(z < 0, down, up) * z, 0.0))
