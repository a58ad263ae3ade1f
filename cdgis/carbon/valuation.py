"""Present value of a change in stored carbon, discounted over the years it happens in.

value = change * price / n * sum_{t=0}^{n-1} r**t = change * price / n * (1 - r**n) / (1 - r)

Ours: r = (1 + price_growth) / (1 + discount): a rising price raises the value. InVEST (carbon model): r = 1 / ((1 +
discount) * (1 + rate)), that is, its rate lowers the value; kept for comparison only.
"""

from dataclasses import dataclass

from cdgis.core.errors import CarbonError


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """How a change is valued; rates are shares (0.05 = 5 %)."""

    year_from: int
    year_to: int
    price_yuan_per_tco2e: float
    discount_share: float
    price_growth_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse spans that go backward and rates of -100 % or less."""
        if self.year_to <= self.year_from:
            raise CarbonError(f"估值年份应先后有序，读到 {self.year_from} 至 {self.year_to}")
        if self.discount_share <= -1 or self.price_growth_share <= -1:
            raise CarbonError("贴现率和价格增长率应大于 −100%")

    @property
    def years(self) -> int:
        """Number of years the change is spread over."""
        return self.year_to - self.year_from

    @property
    def ratio(self) -> float:
        """Worth of a year's share relative to that of the year before."""
        return (1 + self.price_growth_share) / (1 + self.discount_share)

    @property
    def yuan_per_tco2e(self) -> float:
        """Present value of one tonne spread evenly over the years."""
        return self.price_yuan_per_tco2e / self.years * geometric_sum(self.ratio, self.years)

    def formula(self, change_tco2e: float) -> str:
        """Return the formula with its numbers."""
        return (
            f"价值 = {change_tco2e:,.0f} tCO₂e × {self.price_yuan_per_tco2e:g} 元/tCO₂e ÷ {self.years} × "
            f"(1 − r^{self.years}) ÷ (1 − r)，r = (1 + {self.price_growth_share:g}) ÷ (1 + {self.discount_share:g}) "
            f"= {self.ratio:.6f}；单价折 {self.yuan_per_tco2e:.5f} 元/tCO₂e；价值 = {change_tco2e * self.yuan_per_tco2e:,.0f} 元"
        )


def geometric_sum(ratio: float, terms: int) -> float:
    """Return 1 + r + ... + r**(terms - 1)."""
    return float(terms) if ratio == 1.0 else (1 - ratio**terms) / (1 - ratio)


def invest_constant(*, price: float, years: int, discount_share: float, rate_share: float) -> float:
    """Return InVEST's valuation constant per unit of carbon, with its sign of the rate."""
    ratio = 1 / ((1 + discount_share) * (1 + rate_share))
    return price / years * geometric_sum(ratio, years)
