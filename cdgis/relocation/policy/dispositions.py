"""Written rules by which a candidate is closed, moved, refitted or kept (cdgis/data/relocation/*.toml)."""

from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import Field, model_validator

from cdgis.core.toml_files import Stated
from cdgis.core.vocabulary import Disposition, Effect, ProjectType
from cdgis.relocation.policy.policy_files import read_policy
from cdgis.rules import Rule

ExclusionTest = Literal["serves_city", "in_park"]
ReviewTest = Literal["approved_before", "critical", "only_kinds"]
EquipmentTest = Literal["", "nothing_left"]
"""nothing_left: the equipment is declared, and every piece of it is of a kind that must go."""


class Reason(Stated):
    """A class of rules that put an enterprise on the list when they apply."""

    kind: str
    title: str
    effects: tuple[Effect, ...]
    project_types: tuple[ProjectType, ...] = ()
    """The rule must be written for one of these; empty means any."""
    layers: tuple[str, ...] = ()
    located: bool | None = None
    """True: the rule looks at a layer; False: at attributes alone; None: either."""

    def covers(self, rule: Rule) -> bool:
        """Whether `rule` belongs to this class."""
        return (
            rule.effect in self.effects
            and (not self.project_types or bool(set(self.project_types) & set(rule.project_types)))
            and (not self.layers or rule.layer in self.layers)
            and (self.located is None or self.located == bool(rule.layer))
        )


class Exclusion(Stated):
    """A circumstance that takes reasons of some kinds away."""

    test: ExclusionTest
    drops: tuple[str, ...] = Field(min_length=1)
    text: str
    basis: str


class Review(Stated):
    """A circumstance that a person must look into before anything follows from reasons of these kinds."""

    test: ReviewTest
    kinds: tuple[str, ...] = Field(min_length=1)
    text: str


class DispositionRule(Stated):
    """Which disposition follows from the kinds of reasons that are left."""

    any_of: tuple[str, ...] = ()
    with_any_of: tuple[str, ...] = ()
    """A second class that must be present as well; empty asks for none."""
    equipment: EquipmentTest = ""
    industry_prefixes: tuple[str, ...] = ()
    """GB/T 4754-2017 prefixes it is written for; empty: all."""
    gives: Disposition
    text: str

    def holds(self, kinds: frozenset[str], *, industry: str = "", nothing_left: bool = False) -> bool:
        """Whether this rule decides for an enterprise with `kinds` of reasons left."""
        wanted = (self.any_of, self.with_any_of)
        if self.industry_prefixes and not industry.startswith(self.industry_prefixes):
            return False
        return all(not some or bool(kinds & set(some)) for some in wanted) and (not self.equipment or nothing_left)

    @property
    def unconditional(self) -> bool:
        """Whether it holds for everybody."""
        return not (self.any_of or self.with_any_of or self.equipment or self.industry_prefixes)


class RelocationPolicy(Stated):
    """The written rules of relocation; first match wins in `reason` and in `disposition`."""

    version: str
    park_layer: str
    attribute_serves_city: str
    attribute_approval: str
    attribute_equipment: str
    reason: tuple[Reason, ...] = Field(min_length=1)
    exclusion: tuple[Exclusion, ...] = ()
    review: tuple[Review, ...] = ()
    disposition: tuple[DispositionRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> "RelocationPolicy":
        kinds = {reason.kind for reason in self.reason}
        used = {k for item in self.exclusion for k in item.drops} | {k for item in self.review for k in item.kinds}
        used |= {k for item in self.disposition for k in (*item.any_of, *item.with_any_of)}
        if used - kinds:
            raise ValueError(f"引用了没有定义的原因类别：{'、'.join(sorted(used - kinds))}")
        if not self.disposition[-1].unconditional:
            raise ValueError("最后一条 disposition 应无条件，否则有企业得不到处置方向")
        return self

    def kind_of(self, rule: Rule) -> str:
        """Return the kind of reason `rule` gives, "" if it gives none."""
        return next((reason.kind for reason in self.reason if reason.covers(rule)), "")

    def dispose(self, kinds: frozenset[str], *, industry: str = "", nothing_left: bool = False) -> DispositionRule:
        """Return the first disposition rule that holds for `kinds`."""
        return next(rule for rule in self.disposition if rule.holds(kinds, industry=industry, nothing_left=nothing_left))


def read_relocation_policy(source: Traversable | None = None) -> RelocationPolicy:
    """Return the policy in `source` (default: the shipped one).

    Raises
    ------
    RuleError : not TOML, or a row breaks the schema; all faults at once.
    """
    return read_policy(RelocationPolicy, "dispositions.toml", source)
