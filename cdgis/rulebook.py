"""Which rules are in force on a given day, and what exactly does each one say? (cdgis/data/rules/*.toml)

Rules are data. A rule is a Kleene conjunction of scope, geometry and conditions; nothing in it is
evaluated as text. `Rulebook.in_force` selects by date; judging is `cdgis.judge`'s business.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cdgis.errors import RuleError
from cdgis.model import Dimension, Effect, Level, Mark, ProjectType, SubjectKind

GeometryTest = Literal["hit", "within", "none"]
"""hit: the subject hits a zone; within: a zone lies within `distance_m`; none: no geometry is needed."""

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "has", "true", "false", "declared", "not_declared"]
"""All are unknown when the attribute is missing, except the last two, which ask only whether it was declared
(and is neither false nor empty)."""

IndustryFlag = Literal["two_high", "relocation_sector", "water_sensitive", "air_sensitive"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Data):
    """A comparison on one named attribute of the subject (cdgis/data/attributes.toml) or on area_m2 / length_m."""

    attribute: str
    op: Operator
    value: str | float | tuple[str, ...] | None = None
    unit: str = ""


class Exemption(_Data):
    """A circumstance under which a rule does not apply: declared activities and/or declared attributes, all of them.

    Exemptions never look at geometry, so adding a zone can never make a verdict milder.
    """

    activities: tuple[str, ...] = ()
    """Codes such as ``A01`` or words such as ``国家重大项目``; any one suffices."""
    conditions: tuple[Condition, ...] = ()
    """All must hold; only declared / not_declared / in / eq on declared values are sensible here."""
    reason: str = ""

    @model_validator(mode="after")
    def _not_empty(self) -> "Exemption":
        if not self.activities and not self.conditions:
            raise ValueError("例外条款不得为空")
        return self


class Basis(_Data):
    """One legal basis: document, article, issuer."""

    document: str
    article: str = ""
    issuer: str = ""
    mark: Mark = Mark.SEEN
    """M when the article number is from memory."""

    @property
    def text(self) -> str:
        """The basis as printed: 《document》article, with its mark when unverified."""
        note = "（条号未核实）" if self.mark is Mark.MEMORY else ""
        return f"《{self.document}》{self.article}{note}"


class Rule(_Data):
    """One rule for one period of law."""

    id: str = Field(pattern=r"^[A-Z0-9][A-Za-z0-9.\-]*$")
    title: str
    level: Level
    layer: str = ""
    """Zone layer id; empty for rules on attributes alone."""
    zone_classes: tuple[str, ...] = ()
    """Any of these; empty means every zone of the layer."""
    zone_ids: tuple[str, ...] = ()
    geometry: GeometryTest = "hit"
    distance_m: float | None = None
    distance_attribute: str = ""
    """Attribute holding the distance instead (a declared protection distance)."""
    subject_kinds: tuple[SubjectKind, ...] = (SubjectKind.PROJECT, SubjectKind.ENTERPRISE)
    project_types: tuple[ProjectType, ...] = ()
    activities: tuple[str, ...] = ()
    industry_prefixes: tuple[str, ...] = ()
    """GB/T 4754-2017 prefixes; a subject's shorter code that agrees with one is unknown."""
    industry_flag: IndustryFlag | None = None
    """Column of data/industry/industries.csv: 1 true, cond unknown, 0 or absent false;
    an attribute of the same name declared by the user decides instead."""
    or_declared: Condition | None = None
    """Widens industry_prefixes/industry_flag: true if this declared condition holds, whatever the industry;
    a missing attribute counts as false here."""
    conditions: tuple[Condition, ...] = ()
    unless: tuple[Exemption, ...] = ()
    effect: Effect
    dimension: Dimension
    clause: str
    """Text quoted or restated in own words, Chinese."""
    basis: tuple[Basis, ...] = Field(min_length=1)
    effective_from: date
    effective_to: date | None = None
    """Last day in force."""
    date_precision: Literal["day", "month", "year"] = "day"
    plan_measure: str = ""
    """Numbers of the plan's measures, separated by ';'."""
    source: str = Field(min_length=1)
    mark: Mark
    needs_review: bool = False
    manual: bool = False
    """True when no machine can decide: state manual, listed verbatim, never changes the verdict."""
    validity_risk: str = ""
    penalty: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> "Rule":
        if self.geometry != "none" and not self.layer:
            raise ValueError(f"{self.id}：geometry={self.geometry} 但未给 layer")
        if self.geometry == "within" and self.distance_m is None and not self.distance_attribute:
            raise ValueError(f"{self.id}：within 需要 distance_m 或 distance_attribute")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(f"{self.id}：失效日期早于施行日期")
        return self

    @property
    def basis_text(self) -> str:
        """All bases in one line."""
        return "；".join(item.text for item in self.basis)

    def in_force(self, as_of: date) -> bool:
        """Whether the rule is in force on `as_of`."""
        return self.effective_from <= as_of and (self.effective_to is None or as_of <= self.effective_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules of a workspace, in id order, with what was switched off and why."""

    rules: tuple[Rule, ...]
    switched_off: tuple[tuple[str, str], ...] = ()
    """(rule id, reason)."""

    def in_force(self, as_of: date) -> tuple[Rule, ...]:
        """Return the rules in force on `as_of` that the workspace has not switched off."""
        off = {rule_id for rule_id, _ in self.switched_off}
        return tuple(rule for rule in self.rules if rule.in_force(as_of) and rule.id not in off)

    def get(self, rule_id: str) -> Rule:
        """Return one rule by id.

        Raises
        ------
        RuleError : no such rule.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise RuleError((f"没有编号为 {rule_id} 的规则。可用 cdgis rules list 查看全部编号",))


def read_rule_file(path: Path) -> tuple[Rule, ...]:
    """Return the rules of one TOML file (``[[rule]]`` tables).

    Raises
    ------
    RuleError : not TOML, or a row breaks the schema; all faults at once.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise RuleError((f"{path.name} 无法读取：{err}",)) from err
    rules: list[Rule] = []
    problems: list[str] = []
    for number, row in enumerate(raw.get("rule", []), start=1):
        try:
            rules.append(Rule(**row))
        except ValidationError as err:
            name = row.get("id", f"第 {number} 条")
            problems += [f"{path.name} {name} {'.'.join(map(str, e['loc']))}：{e['msg']}" for e in err.errors()]
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)
