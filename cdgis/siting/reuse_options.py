"""Uses for a derelict or polluted patch: green space, forest, photovoltaics, wind (table `reuse`).

An option is open to a patch by the layer and class it belongs to (cdgis/data/reuse/options.toml); its conditions
on the ground are met, not met or unknown; what the zoning says is the verdict of the same engine that judges
projects. Rank within an option: verdict, conditions not met, conditions unknown, then the larger area.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.core.array_types import FloatArray
from cdgis.core.packs import pack_toml
from cdgis.core.vocabulary import LIST_SEPARATOR, Admissibility, Verdict
from cdgis.results.tables.validation import validate

MEASURES = {
    "slope_deg": ("坡度", "度"), "aspect_off_south_deg": ("坡向偏离正南", "度"), "height_m": ("高程", "米"),
    "area_ha": ("面积", "公顷"), "line_m": ("到输电线", "米"),
}  # fmt: skip
_OPS = {"le": "≤", "ge": "≥"}
_ORDER = (Verdict.CLEAR, Verdict.CONDITIONAL, Verdict.JUSTIFY, Verdict.UNKNOWN, Verdict.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One demand on the ground."""

    measure: str
    op: str
    value: float
    why: str

    def met(self, values: FloatArray) -> FloatArray:
        """Return 1 where met, 0 where not, NaN where the measure is unknown."""
        holds = values <= self.value if self.op == "le" else values >= self.value
        return np.where(np.isnan(values), np.nan, holds.astype(float))

    @property
    def text(self) -> str:
        """The demand in words."""
        title, unit = MEASURES[self.measure]
        return f"{title}{_OPS[self.op]}{self.value:g}{unit}（{self.why}）"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseOption:
    """One use a patch may be put to."""

    id: str
    title: str
    industry: str
    activity: str
    project_type: str
    mark: str
    patches: Mapping[str, tuple[str, ...]]
    """Layer -> classes it is open to; none listed means all."""
    conditions: tuple[Condition, ...]

    def is_open(self, layer: str, zone_class: str) -> bool:
        """Return whether patches of a layer and class may be put to this use."""
        return layer in self.patches and (not self.patches[layer] or zone_class in self.patches[layer])


def reuse_options() -> tuple[ReuseOption, ...]:
    """Return the options, in file order, on the conditions of the place."""
    raw = pack_toml("reuse/options.toml")
    return tuple(
        ReuseOption(
            id=key, title=row["title"], industry=row["industry"], activity=row["activity"],
            project_type=row["project_type"], mark=row["mark"],
            patches={layer: tuple(classes) for layer, classes in row["patches"].items()},
            conditions=tuple(Condition(**condition) for condition in row.get("conditions", ())),
        )
        for key, row in raw.items()
    )  # fmt: skip


def open_options(patches: pd.DataFrame) -> pd.DataFrame:
    """Return one row per patch and option open to it: `patches` columns + option (id).

    Parameters
    ----------
    patches : patch_id, layer, zone_class and whatever else a patch carries.
    """
    parts = []
    for option in reuse_options():
        pairs = zip(patches["layer"], patches["zone_class"], strict=True)
        kept = np.array([option.is_open(layer, zone_class) for layer, zone_class in pairs], dtype=bool)
        parts.append(patches[kept].assign(option=option.id))
    return pd.concat(parts, ignore_index=True)


def rank_reuse(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return table `reuse`: candidates ranked within each option.

    Parameters
    ----------
    candidates : open_options rows with the MEASURES columns (NaN where unknown), verdict, decisive_rule_ids, name,
        county, lon, lat, source, accuracy_m.
    """
    parts = []
    for option in reuse_options():
        rows = candidates[candidates["option"] == option.id].reset_index(drop=True)
        states = [condition.met(rows[condition.measure].to_numpy(dtype=float)) for condition in option.conditions]
        failed = [_listed(option, [state[i] == 0 for state in states]) for i in range(len(rows))]
        unknown = [_listed(option, [bool(np.isnan(state[i])) for state in states]) for i in range(len(rows))]
        order = rows["verdict"].map({str(word): place for place, word in enumerate(_ORDER)})
        ranked = rows.assign(option=option.title, mark=option.mark, unmet=failed, unknown=unknown, order=order)
        ranked["misses"] = [len(text.split(LIST_SEPARATOR)) if text else 0 for text in failed]
        ranked["gaps"] = [len(text.split(LIST_SEPARATOR)) if text else 0 for text in unknown]
        keys = ["order", "misses", "gaps", "area_ha", "patch_id"]
        ranked = ranked.sort_values(keys, ascending=[True, True, True, False, True], kind="stable")
        parts.append(ranked.assign(rank=np.arange(1, len(ranked) + 1), admissible=_admissible(ranked)))
    return validate("reuse", pd.concat(parts, ignore_index=True))


def _listed(option: ReuseOption, flags: list[bool]) -> str:
    return LIST_SEPARATOR.join(one.text for one, flag in zip(option.conditions, flags, strict=True) if flag)


def _admissible(ranked: pd.DataFrame) -> "pd.Series[str]":
    """Return 可选 / 须补证 / 不可选: forbidden or unmet is out, whatever is unknown or to be justified needs proof."""
    out = (ranked["verdict"] == Verdict.FAIL) | (ranked["misses"] > 0)
    sure = ranked["verdict"].isin([Verdict.CLEAR, Verdict.CONDITIONAL]) & (ranked["gaps"] == 0)
    words = np.where(out, Admissibility.SHUT.value, np.where(sure, Admissibility.OPEN.value, Admissibility.UNPROVED.value))
    return pd.Series(words.astype(object), index=ranked.index, dtype=object)
