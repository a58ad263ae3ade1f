"""Factors from stem volume to carbon by species group (trees.csv, bcef.csv, root_shoot_ipcc.csv)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from cdgis.carbon.factors.own_factors import own_state
from cdgis.carbon.factors.source import read_shipped
from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CarbonError
from cdgis.core.vocabulary import LIST_SEPARATOR

TREE_FACTORS = ("density_t_per_m3", "bef", "root_shoot", "carbon_fraction")
"""Columns of the four factors of the volume method; each x has x's mark in `mark_column(x)`."""


def mark_column(factor: str) -> str:
    """Return the column that holds the mark of a factor column."""
    return f"{factor.removesuffix('_t_per_m3')}_mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Factors of all species groups."""

    frame: pd.DataFrame
    """group, aliases, forest_type, the four TREE_FACTORS with mark and source, fang_* (NaN where none was seen),
    bcef_groups, root_groups, note."""
    bcef: pd.DataFrame
    """group, upto_m3_per_ha (NaN = no upper limit), bcef_t_per_m3: above-ground biomass per stem volume."""
    root_shoot: pd.DataFrame
    """group, upto_t_per_ha (NaN = no upper limit), root_shoot: IPCC, by above-ground biomass."""

    def group_of(self) -> Mapping[str, str]:
        """Return species name or alias -> group."""
        names: dict[str, str] = {}
        for group, aliases in zip(self.frame["group"], self.frame["aliases"], strict=True):
            names |= dict.fromkeys([group, *filter(None, aliases.split(LIST_SEPARATOR))], group)
        return names

    def row(self, group: str) -> "pd.Series[str]":
        """Return the factors of one group.

        Raises
        ------
        CarbonError : another table of factors names a group that trees.csv does not have.
        """
        found = self.frame[self.frame["group"] == group]
        if found.empty:
            known = "、".join(self.frame["group"])
            raise CarbonError(f"生长数据里的树种组“{group}”在 trees.csv 中没有", remedy=f"tree_group 应为 {known} 之一，或在 trees.csv 补上它")
        return found.iloc[0]


def read_trees() -> Trees:
    """Return the factors of the workspace at hand: its own, else the shipped ones.

    Raises
    ------
    CarbonError : a factor is blank, out of its possible range, or without mark and source.
    """
    return _read_trees(own_state())


@cache
def _read_trees(_state: tuple[tuple[str, int, int], ...]) -> Trees:
    frame = read_shipped("trees", ("bef", "root_shoot", "carbon_fraction"))
    limits = {"density_t_per_m3": (0.2, 1.0), "bef": (1.0, 4.0), "root_shoot": (0.05, 1.0), "carbon_fraction": (0.3, 0.6)}
    problems: list[str] = []
    for factor, (low, high) in limits.items():
        bad = ~frame[factor].between(low, high) | ~frame[mark_column(factor)].isin(["S", "M"])
        problems += [f"{group} 的 {factor} 应在 {low} 至 {high} 之间并有标记" for group in frame.loc[bad, "group"]]
    if problems:
        raise CarbonError("树种参数表 trees.csv 有误：" + "；".join(problems))
    return Trees(
        frame=frame,
        bcef=read_shipped("bcef"),
        root_shoot=read_shipped("root_shoot_ipcc", ("root_shoot",)),
    )


def step_values(table: pd.DataFrame, group: str, at: FloatArray) -> FloatArray:
    """Return the value of a step table at `at`: the first step whose upper limit is not below it."""
    steps = table[table["group"] == group]
    upto = steps.filter(regex="^upto").iloc[:, 0].fillna(np.inf).to_numpy(dtype=float)
    value_column = "bcef_t_per_m3" if "bcef_t_per_m3" in steps else "root_shoot"
    values = steps[value_column].to_numpy(dtype=float)
    return np.asarray(values[np.searchsorted(upto, at, side="left")])
