"""Declaration of a table: its columns, their Chinese headers and domains."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "integer", "flag"]


_UNITS = {
    "m2": "平方米", "ha": "公顷", "m": "米", "km": "公里", "cm": "厘米", "deg": "度", "h": "小时", "yr": "年",
    "m3": "立方米", "m3_per_ha": "立方米/公顷", "t": "吨", "t_per_yr": "吨/年", "share": "占比 0–1", "count": "个",
    "tc": "吨碳", "tc_per_ha": "吨碳/公顷", "tco2e": "吨二氧化碳当量", "tco2e_per_yr": "吨二氧化碳当量/年",
    "yuan": "元", "yuan_per_tco2e": "元/吨二氧化碳当量", "lon": "度", "lat": "度",
}  # fmt: skip
"""End of a number column's name -> its unit in words."""
_BOUNDS = ("_low", "_mid", "_high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an output table."""

    name: str
    title: str
    """Chinese header used in XLSX and on pages."""
    kind: Kind = "text"
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = True
    """Whether the cell must be filled; optional text is the empty string, optional numbers are NaN."""

    @property
    def unit(self) -> str:
        """Unit of a number, told by the end of the name; "" for text, and for counts, ranks, years and scores."""
        if self.kind != "number":
            return ""
        words = next((self.name.removesuffix(end) for end in _BOUNDS if self.name.endswith(end)), self.name).split("_")
        ends = ("_".join(words[at:]) for at in range(len(words)))
        return next((_UNITS[end] for end in ends if end in _UNITS), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One output table: its name, Chinese title, columns and sort key."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def text(name: str, title: str, *allowed: str, required: bool = True) -> Column:
    """Return a text column; `allowed` closes the set of its values."""
    return Column(name=name, title=title, allowed=allowed, required=required)


def note(name: str, title: str) -> Column:
    """Return a text column that may be empty."""
    return Column(name=name, title=title, required=False)


def number(
    name: str, title: str, low: float | None = 0.0, high: float | None = None, *, required: bool = True
) -> Column:
    """Return a number column; `low` and `high` bound it, not `required` means NaN may stand."""
    return Column(name=name, title=title, kind="number", low=low, high=high, required=required)


def integer(name: str, title: str) -> Column:
    """Return a whole-number column from 0."""
    return Column(name=name, title=title, kind="integer", low=0)


SUBJECT = text("subject_id", "对象编号")
