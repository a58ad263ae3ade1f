"""By which written rules is a flagged enterprise closed, moved, refitted or kept? (cdgis/data/relocation/*.toml)"""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cdgis.errors import RuleError
from cdgis.model import Effect, ProjectType
from cdgis.rulebook import Rule
from cdgis.validation import schema_problems

Disposition = Literal["关停退出", "异地迁建", "就地改造", "保留观察"]
ExclusionTest = Literal["serves_city", "in_park"]
ReviewTest = Literal["approved_before", "critical", "only_kinds"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(_Data):
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


class Exclusion(_Data):
    """A circumstance that takes reasons of some kinds away."""

    test: ExclusionTest
    drops: tuple[str, ...] = Field(min_length=1)
    text: str
    basis: str


class Review(_Data):
    """A circumstance that a person must look into before anything follows from reasons of these kinds."""

    test: ReviewTest
    kinds: tuple[str, ...] = Field(min_length=1)
    text: str


class DispositionRule(_Data):
    """Which disposition follows from the kinds of reasons that are left."""

    any_of: tuple[str, ...] = ()
    gives: Disposition
    text: str

    def holds(self, kinds: frozenset[str]) -> bool:
        """Whether this rule decides for an enterprise with `kinds` of reasons left."""
        return not self.any_of or bool(kinds & set(self.any_of))


class RelocationPolicy(_Data):
    """The written rules of relocation; first match wins in `reason` and in `disposition`."""

    version: str
    park_layer: str
    attribute_serves_city: str
    attribute_approval: str
    reason: tuple[Reason, ...] = Field(min_length=1)
    exclusion: tuple[Exclusion, ...] = ()
    review: tuple[Review, ...] = ()
    disposition: tuple[DispositionRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> "RelocationPolicy":
        kinds = {reason.kind for reason in self.reason}
        used = {k for item in self.exclusion for k in item.drops} | {k for item in self.review for k in item.kinds}
        used |= {k for item in self.disposition for k in item.any_of}
        if used - kinds:
            raise ValueError(f"引用了没有定义的原因类别：{'、'.join(sorted(used - kinds))}")
        if self.disposition[-1].any_of:
            raise ValueError("最后一条 disposition 应无条件，否则有企业得不到处置方向")
        return self

    def kind_of(self, rule: Rule) -> str:
        """Return the kind of reason `rule` gives, "" if it gives none."""
        return next((reason.kind for reason in self.reason if reason.covers(rule)), "")

    def dispose(self, kinds: frozenset[str]) -> DispositionRule:
        """Return the first disposition rule that holds for `kinds`."""
        return next(rule for rule in self.disposition if rule.holds(kinds))


def read_relocation_policy(source: Traversable | None = None) -> RelocationPolicy:
    """Return the policy in `source` (default: the shipped one).

    Raises
    ------
    RuleError : not TOML, or a row breaks the schema; all faults at once.
    """
    path = source if source is not None else files("cdgis").joinpath("data", "relocation", "dispositions.toml")
    try:
        return RelocationPolicy(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise RuleError((f"{path.name} 无法读取：{err}",)) from err
    except ValidationError as err:
        raise RuleError(tuple(f"{path.name} {problem}" for problem in schema_problems(err, whole="整个文件"))) from err
