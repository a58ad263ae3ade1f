"""Pre-check of a parcel against the conditions of an afforestation project; not a finding.

Each condition is pass, fail or unknown; a fact nobody stated is unknown, never a pass. The whole: one fail → fail,
else one unknown → unknown, else pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cdgis.core.errors import CarbonError
from cdgis.core.number_format import plain

Outcome = Literal["pass", "fail", "unknown"]
Fact = bool | float | str
YEAR_OF_LARGER_PARCELS = 2019


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of the methodology, as data."""

    id: str
    title: str
    text: str
    op: str
    """ge, le, is, in, zero, any or never."""
    facts: tuple[str, ...]
    value: Fact | tuple[str, ...] | None = None
    value_until_2019: float | None = None
    """Threshold for projects started in 2019 or earlier, where it differs."""
    mark: str

    def __post_init__(self) -> None:
        """Refuse operators nobody knows."""
        if self.op not in ("ge", "le", "is", "in", "zero", "any", "never"):
            raise CarbonError(f"适用条件 {self.id} 的 op 不认识：{self.op}")


def check(condition: Condition, facts: Mapping[str, Fact]) -> Outcome:
    """Return the outcome of one condition for a parcel with `facts`; absent facts are not known."""
    known = [facts[name] for name in condition.facts if name in facts]
    if condition.op == "never":
        return "unknown"
    if condition.op == "any":
        # None of them is no failure: the proof is then owed, and nobody here has seen it.
        return "pass" if any(value is True for value in known) else "unknown"
    if not known:
        return "unknown"
    if condition.value_until_2019 is not None:
        return _by_start_year(condition, float(known[0]), facts)
    return "pass" if _holds(condition, known[0]) else "fail"


def _by_start_year(condition: Condition, value: float, facts: Mapping[str, Fact]) -> Outcome:
    early, late = float(condition.value_until_2019 or 0), float(str(condition.value))
    if "start_year" not in facts:  # passes or fails only where both thresholds agree
        return "pass" if value >= max(early, late) else "fail" if value < min(early, late) else "unknown"
    wanted = early if float(facts["start_year"]) <= YEAR_OF_LARGER_PARCELS else late
    return "pass" if value >= wanted else "fail"


def _holds(condition: Condition, value: Fact) -> bool:
    if condition.op == "in":
        return value in (condition.value if isinstance(condition.value, tuple) else ())
    if condition.op == "is":
        return value is condition.value
    if condition.op == "zero":
        return float(value) <= 1.0  # a square metre: shared borders drawn twice
    limit = float(str(condition.value))
    return float(value) >= limit if condition.op == "ge" else float(value) <= limit


def whole(outcomes: Sequence[str]) -> Outcome:
    """Return the outcome of all conditions together."""
    return "fail" if "fail" in outcomes else "unknown" if "unknown" in outcomes else "pass"


def check_parcels(
    parcels: Mapping[str, Mapping[str, Fact]], conditions: Sequence[Condition], fact_titles: Mapping[str, str]
) -> pd.DataFrame:
    """Return table carbon_eligibility: one row per parcel and condition, with the fact it rests on in the reader's words."""
    rows = [
        {
            "area_id": area_id,
            "condition": condition.id,
            "title": condition.title,
            "state": check(condition, facts),
            "observed": "；".join(f"{fact_titles[name]}：{_shown(facts.get(name))}" for name in condition.facts),
            "text": condition.text,
            "mark": condition.mark,
        }
        for area_id, facts in parcels.items()
        for condition in conditions
    ]
    return pd.DataFrame(rows, columns=["area_id", "condition", "title", "state", "observed", "text", "mark"])


def _shown(value: Fact | None) -> str:
    if value is None:
        return "未填"
    if isinstance(value, bool):
        return "是" if value else "否"
    return plain(value) if isinstance(value, float | int) else value
