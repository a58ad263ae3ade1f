"""Declared activities: the article that allows each, and the industries it was written for (cdgis/data/activities.toml).

A claim from another industry is not believed; where no industry is known, it may or may not be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import tomli as tomllib

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import ACTIVITIES
from cdgis.rules import industry


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySpec:
    """One declared activity."""

    name: str
    article: str
    """Document and article that speak of it."""
    text: str
    """Its words, quoted or restated."""
    industry_prefixes: tuple[str, ...] = ()
    """GB/T 4754-2017 prefixes the words stand for; empty only with `any_industry`."""
    any_industry: str = ""
    """Why every industry may declare it."""


@cache
def load_activities() -> Mapping[str, ActivitySpec]:
    """Return every activity rules speak of by name, in file order.

    Raises
    ------
    RuleError : an activity of the vocabulary is missing, or an entry lacks its article, its industries or the reason
        why it has none; all faults at once.
    """
    raw = tomllib.loads(files("cdgis").joinpath("data/activities.toml").read_text(encoding="utf-8"))
    reason = raw.pop("enterprise_blank", "")
    specs = {
        name: ActivitySpec(name=name, **{**row, "industry_prefixes": tuple(row.get("industry_prefixes", ()))})
        for name, row in raw.items()
    }
    problems = [f"activities.toml 缺少活动 {name}" for name in ACTIVITIES if name not in specs]
    if not reason:
        problems.append("activities.toml 缺少 enterprise_blank：企业的空白活动按生产经营研判的理由")
    for name, spec in specs.items():
        if not spec.article:
            problems.append(f"activities.toml {name}：没有写明条款（article）")
        if bool(spec.industry_prefixes) == bool(spec.any_industry):
            problems.append(f"activities.toml {name}：industry_prefixes 与 any_industry（不限行业的理由）须写且只写一个")
        problems += [
            f"activities.toml {name}：行业代码 {code} 不在 GB/T 4754-2017 中"
            for code in spec.industry_prefixes if not industry.is_known(code)
        ]  # fmt: skip
    if problems:
        raise RuleError(tuple(problems))
    return MappingProxyType(specs)


def is_believed(activity: str, code: str) -> bool | None:
    """Return whether an industry may declare an activity; None when the code is missing or too short to tell."""
    spec = load_activities().get(activity)
    if spec is None or spec.any_industry:
        return spec is not None
    return industry.matches_prefix(code, spec.industry_prefixes)
