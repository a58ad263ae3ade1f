"""Schema of a rule: scope, geometry test, conditions, exemptions, basis, period.

Rules are data (rules/*.toml of packs, access lists); nothing in one is evaluated as text.
"""

import re
from datetime import date
from math import inf
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from cdgis.core.toml_files import Stated
from cdgis.core.vocabulary import Dimension, Effect, Evidence, Level, ProjectType, SubjectKind

GeometryTest = Literal["hit", "within", "none", "engine"]
"""hit: the subject hits a zone; within: a zone lies within `distance_m`; none: no geometry is needed;
engine: the judge itself finds it (no unit hit, sliver, layers that disagree)."""

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "has", "true", "false", "declared", "not_declared", "given"]
"""All are unknown when the attribute is missing, except the last three, which ask only whether it was declared (and is
neither false nor empty). The number of an approval is declared only in an issuer's form and once registered as seen;
``given`` asks whether anything was typed at all."""

IndustryFlag = Literal["two_high", "relocation_sector", "water_sensitive", "air_sensitive"]

NUMERIC_OPERATORS = ("lt", "le", "gt", "ge")

OLD_MARKS = {"S": Evidence.ORIGINAL, "M": Evidence.UNVERIFIED}
"""How rule files written for earlier versions mark their sources."""
_Mark = Annotated[Evidence, BeforeValidator(lambda mark: OLD_MARKS.get(mark, mark))]
_BASIS_NOTES = {Evidence.UNVERIFIED: "（条号未核实）", Evidence.TITLE: "（仅见标题）", Evidence.BORROWED: "（措辞借自他处）"}

class Condition(Stated):
    """A comparison on one named attribute of the subject (cdgis/data/attributes.toml) or on area_m2 / length_m."""

    attribute: str
    op: Operator
    value: str | float | tuple[str, ...] | None = None
    unit: str = ""


class Exemption(Stated):
    """A circumstance under which a rule does not apply: declared activities and/or declared attributes, all of them.

    What is not declared does not exempt, and what is declared exempts only where it can be believed of the industry and
    where a successor in force takes the case over, or an article lets it go. Exemptions never look at geometry, so adding
    a zone can never make a verdict milder.
    """

    activities: tuple[str, ...] = ()
    """Codes such as ``A01`` or words such as ``国家重大项目``; any one suffices."""
    conditions: tuple[Condition, ...] = ()
    """All must hold; only declared / not_declared / in / eq on declared values are sensible here."""
    reason: str = ""
    article: str = ""
    """Document and article that make the exception."""
    successors: tuple[str, ...] = ()
    """Families of the rules that take the case over (``OF-03`` means OF-03-2018 and OF-03-2026); empty: the article
    itself lets the case go."""
    industry_prefixes: tuple[str, ...] = ()
    """GB/T 4754-2017 prefixes for which the exception was written; a claim from any other industry is not believed."""
    any_industry: str = ""
    """Why the exception holds for every industry."""

    @model_validator(mode="after")
    def _not_empty(self) -> "Exemption":
        if not self.activities and not self.conditions:
            raise ValueError("例外条款不得为空")
        if self.industry_prefixes and self.any_industry:
            raise ValueError("例外条款的 industry_prefixes 与 any_industry 只能写一个")
        return self


class Basis(Stated):
    """One legal basis: document, article, issuer."""

    document: str
    article: str = ""
    issuer: str = ""
    mark: _Mark = Evidence.ORIGINAL
    """未核实 when the article number is from memory."""

    @property
    def text(self) -> str:
        """The basis as printed: 《document》article, with its mark when unverified."""
        return f"《{self.document}》{self.article}{_BASIS_NOTES.get(self.mark, '')}"


class Rule(Stated):
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
    certain_m: float | None = None
    """Of a `within` rule whose clause names no figure: up to here it certainly applies; farther off, to `distance_m`
    (to anywhere without one), a person decides."""
    distance_attribute: str = ""
    """Attribute holding the distance instead (a declared protection distance)."""
    subject_kinds: tuple[SubjectKind, ...] = (SubjectKind.PROJECT, SubjectKind.ENTERPRISE)
    project_types: tuple[ProjectType, ...] = ()
    types_reason: str = ""
    """Why these project types: the words of the clause. Every ban has it."""
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
    effect_reason: str = ""
    """Why the effect is milder than the words of the clause (不得, 原则上不得, 须经批准) sound."""
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
    searched: str = ""
    """Where its text was looked for and what came of it; every rule in force that nobody has read has it."""
    mark: _Mark
    needs_review: bool = False
    manual: bool = False
    """True when no machine can decide: state manual, listed verbatim, never changes the verdict."""
    validity_risk: str = ""
    penalty: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> "Rule":
        if self.geometry in ("hit", "within") and not self.layer:
            raise ValueError(f"{self.id}：geometry={self.geometry} 但未给 layer")
        if self.geometry == "within" and not self._has_distance:
            raise ValueError(f"{self.id}：within 需要 distance_m、certain_m 或 distance_attribute")
        if self.certain_m is not None and (self.geometry != "within" or self.certain_m > (self.distance_m or inf)):
            raise ValueError(f"{self.id}：certain_m 只用于 within，且不得大于 distance_m")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(f"{self.id}：失效日期早于施行日期")
        return self

    @property
    def _has_distance(self) -> bool:
        return self.distance_m is not None or self.certain_m is not None or bool(self.distance_attribute)

    @property
    def reach_m(self) -> float | None:
        """How near its zones must lie for it certainly to apply; None where an attribute says so, or it asks for hits."""
        return self.distance_m if self.certain_m is None else self.certain_m

    @property
    def basis_text(self) -> str:
        """All bases in one line."""
        return "；".join(item.text for item in self.basis)

    @property
    def start_text(self) -> str:
        """The day it came into force, as exactly as it is known: 2026-08-15, 2026-08 or 2026; a tool's rule has none."""
        if self.mark is Evidence.TOOL:
            return ""
        return self.effective_from.isoformat()[: {"day": 10, "month": 7, "year": 4}[self.date_precision]]

    @property
    def family(self) -> str:
        """The id without its year of law: ``WS-01`` of ``WS-01-2018``; the periods of one family do not overlap."""
        return re.sub(r"-\d{4}[A-Z]?$", "", self.id)

    def in_force(self, as_of: date) -> bool:
        """Whether the rule is in force on `as_of`."""
        return self.effective_from <= as_of and (self.effective_to is None or as_of <= self.effective_to)
