"""Criteria, bounds and weights for candidates and destinations (priority.toml, destinations.toml).

A criterion's closeness to its ideal is linear (or linear in log10(1 + x)) between its two bounds; what lies beyond
a bound counts as the bound. Weights are normalised to a sum of 1.
"""

import math
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from pydantic import Field, ValidationError, model_validator

from cdgis.core.array_types import FloatArray
from cdgis.core.error_words import in_words
from cdgis.core.errors import UsageError
from cdgis.core.toml_files import Stated, read_toml, schema_problems
from cdgis.relocation.policy.policy_files import read_policy


class Criterion(Stated):
    """One thing that is compared."""

    id: str
    title: str
    unit: str = ""
    measure: str
    """Name of the measured quantity; several criteria never share one."""
    low: float
    high: float
    """Bounds, in `unit`; the range over which the criterion tells candidates apart."""
    ideal: Literal["high", "low"]
    """Which end comes first: the most urgent candidate, the best place."""
    scale: Literal["linear", "log"] = "linear"
    weight: float = Field(ge=0)
    source: str

    @model_validator(mode="after")
    def _has_a_range(self) -> "Criterion":
        if not self.low < self.high or (self.scale == "log" and self.low < 0):
            raise ValueError(f"{self.id}：low 应小于 high，对数尺度不得为负")
        return self

    def scaled(self, values: FloatArray) -> FloatArray:
        """Return values on the criterion's scale, clipped to its bounds; NaN stays NaN."""
        clipped = np.clip(values, self.low, self.high)
        return np.log10(1 + clipped) if self.scale == "log" else clipped

    @property
    def bounds(self) -> tuple[float, float]:
        """The two bounds on the criterion's scale."""
        return (math.log10(1 + self.low), math.log10(1 + self.high)) if self.scale == "log" else (self.low, self.high)


class Grade(Stated):
    """A grade and the least score it asks for."""

    grade: Literal["A", "B", "C"]
    least: float = Field(ge=0, le=1)


class WeightRange(Stated):
    """Which weights a rank interval allows for."""

    tolerance: float = Field(ge=0, le=1)
    """Share of itself by which each weight may differ from the given one; their sum stays 1."""
    exact_candidates: int = Field(ge=0)
    """So many candidates get exact rank intervals; those of more are bounds by pairs, valid but wider."""


class PriorityPolicy(Stated):
    """How urgent is a candidate?"""

    version: str
    receptor_radius_m: float = Field(gt=0)
    reason_strength: Mapping[str, float]
    """Kind of reason (dispositions.toml) -> how strongly it presses, 0 to 1."""
    air_sensitivity: Mapping[str, float]
    """Class of the air zone -> how sensitive it is, 0 to 1."""
    weight_range: WeightRange
    grade: tuple[Grade, ...] = Field(min_length=1)
    criterion: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> "PriorityPolicy":
        least = [grade.least for grade in self.grade]
        if least != sorted(least, reverse=True) or least[-1] != 0:
            raise ValueError("grade 应从高到低，最后一档的 least 为 0")
        _check(self)
        return self


class SearchPolicy(Stated):
    """How are plans too large for branch and bound searched for?"""

    tries: int = Field(ge=1)
    warm: float = Field(gt=0)
    """Threshold of acceptance at the start, in units of the objective; at the end `cold`."""
    cold: float = Field(gt=0)
    reach: float = Field(gt=0)
    """Places are tried whose reduced cost is at most this."""
    rounds: int = Field(ge=0)
    """Then so many turns, each of `again_tries` from the threshold `again`, and of `groups` times `group` parks packed anew
    by at most `nodes` combinations."""
    again: float = Field(gt=0)
    again_tries: int = Field(ge=1)
    groups: int = Field(ge=1)
    group: int = Field(ge=1)
    nodes: int = Field(ge=1)


class DestinationPolicy(Stated):
    """Which park suits best, and what does the joint plan weigh?"""

    version: str
    unplaced_cost: float = Field(gt=1)
    """Cost of leaving a candidate without a place; more than any placement can cost."""
    gap: float = Field(gt=0)
    nodes: int = Field(ge=1)
    exact_pairs: int = Field(ge=0)
    """Up to this many pairs the plan is solved without a gap."""
    whole_pairs: int = Field(ge=0)
    """Up to this many pairs the program is solved whole, beyond it by its relaxation and a search."""
    beside_nodes: int = Field(ge=1)
    """The same as `nodes`, of programs of the rest beside those who stand on plots."""
    search: SearchPolicy
    least_width_m: float = Field(gt=0)
    """Strips of open ground narrower than this carry no plot."""
    rail_threshold_t_per_yr: float
    rail_reach_m: float
    rail_basis: str
    air_dispersion: Mapping[str, float]
    water_capacity: Mapping[str, float]
    """Class of the zone at the park -> how well it takes more, 0 to 1."""
    criterion: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> "DestinationPolicy":
        _check(self)
        return self


def _check(policy: "PriorityPolicy | DestinationPolicy") -> None:
    ids = [criterion.id for criterion in policy.criterion]
    if len(set(ids)) != len(ids):
        raise ValueError("criterion 的 id 不得重复")
    if not sum(criterion.weight for criterion in policy.criterion) > 0:
        raise ValueError("权重之和应大于 0")


ScoringPolicy = TypeVar("ScoringPolicy", PriorityPolicy, DestinationPolicy)


def weights_of(criteria: tuple[Criterion, ...]) -> FloatArray:
    """Return the criteria's weights, normalised to a sum of 1."""
    given = np.array([criterion.weight for criterion in criteria], dtype=float)
    return np.asarray(given / given.sum())


def read_priority_policy(source: Traversable | None = None) -> PriorityPolicy:
    """Return the shipped priority policy, or that in `source`."""
    return read_policy(PriorityPolicy, "priority.toml", source)


def read_destination_policy(source: Traversable | None = None) -> DestinationPolicy:
    """Return the shipped destination policy, or that in `source`."""
    return read_policy(DestinationPolicy, "destinations.toml", source)


def reweighted(policy: ScoringPolicy, weights: Mapping[str, float]) -> ScoringPolicy:
    """Return `policy` with some weights replaced, by criterion id.

    Raises
    ------
    UsageError : a criterion nobody knows, or nothing left to weigh.
    """
    strange = sorted(set(weights) - {criterion.id for criterion in policy.criterion})
    if strange:
        known = "、".join(criterion.id for criterion in policy.criterion)
        raise UsageError(f"权重文件中有不认识的指标 {'、'.join(strange)}；可用：{known}")
    changed = tuple(c.model_copy(update={"weight": weights.get(c.id, c.weight)}) for c in policy.criterion)
    if not sum(c.weight for c in changed) > 0 or any(c.weight < 0 for c in changed):
        raise UsageError("权重文件：权重应为非负数，且不能全为 0")
    return policy.model_copy(update={"criterion": changed})


class _Weights(Stated):
    priority: dict[str, float] = {}
    destinations: dict[str, float] = {}


def read_weights(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Return {"priority": {id: weight}, "destinations": {id: weight}} of a TOML file.

    Raises
    ------
    UsageError : the file cannot be read, or holds something else.
    """
    try:
        return _Weights(**read_toml(path)).model_dump(exclude_unset=True)
    except ValidationError as err:
        raise UsageError(
            f"权重文件 {path.name}：{'；'.join(schema_problems(err))}", remedy="只应有 [priority] 和 [destinations] 两节，每行为 指标 = 数值"
        ) from err
    except (OSError, ValueError) as err:
        raise UsageError(
            f"权重文件 {path.name} 无法读取：{in_words(err)}", remedy="应为 TOML，如 [priority] 下写 people_near = 0.3"
        ) from err
