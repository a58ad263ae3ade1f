"""Days of judgement the rule book speaks for (cdgis/data/rule_span.toml).

Before its first day predecessors of some rules are not held, so a verdict would come out too mild; after its last day
nobody can know the law. Both are refused rather than answered.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import tomli as tomllib

from cdgis.core.errors import RuleError


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of judgement the rule book covers."""

    first: date
    compiled_on: date
    """Law made public after this day is not in the book."""
    last: date

    @property
    def text(self) -> str:
        """The span as printed."""
        return f"{self.first} 至 {self.last}"


@cache
def read_span() -> Span:
    """Return the span of the shipped rule book."""
    raw = tomllib.loads(files("cdgis").joinpath("data/rule_span.toml").read_text(encoding="utf-8"))["span"]
    return Span(first=raw["from"], compiled_on=raw["compiled_on"], last=raw["to"])


def checked_day(as_of: date) -> date:
    """Return a day of judgement that the rule book covers.

    Raises
    ------
    RuleError : the day lies outside the span; the span is named.
    """
    span = read_span()
    if span.first <= as_of <= span.last:
        return as_of
    raise RuleError((
        f"判定基准日 {as_of} 不在规则库覆盖的期间（{span.text}）：此前的旧规定、此后的修订未收录，所得结论会偏宽。"
        "请用 --as-of 或 cdgis.toml 的 as_of 给出期间内的日期",
    ))  # fmt: skip


def span_note(as_of: date) -> str:
    """Return what an overview must say of a day after the book was compiled, else the empty text."""
    span = read_span()
    late = as_of > span.compiled_on
    return f"规则库收录至 {span.compiled_on}，判定基准日在其后：此后公布的修订未收录，须人工核对" if late else ""
