"""Scores of parks for each candidate that may go there (the same SPOTIS as for urgency).

What is not known counts as the worst end of its criterion and is named: a gap never makes a park look better.
"""

import numpy as np
import pandas as pd

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.relocation.policy import DestinationPolicy, weights_of
from cdgis.relocation.priority import closeness, scores

RAIL_WORDS, BLOCK_WORDS, UNSTATED_WORDS = "没有铁路条件", "整块用地不足", "企业没有填"
TAKEN_WORDS = "整块用地已安排给其他企业"
"""First words of shortfalls of these kinds."""


def score_destinations(pairs: pd.DataFrame, policy: DestinationPolicy) -> pd.DataFrame:
    """Return score (0 to 1, more is better) and missing (titles of criteria counted at their worst) of each pair.

    Parameters
    ----------
    pairs : one row per enterprise and park, one column per criterion's `measure`; NaN where not known.
    """
    near, best = closeness(pairs, policy.criterion)
    titles = [criterion.title for criterion in policy.criterion]
    unknown = best > near
    named = [LIST_SEPARATOR.join(title for title, gap in zip(titles, row, strict=True) if gap) for row in unknown]
    score = scores(near, weights_of(policy.criterion))
    return pd.DataFrame({"score": score, "missing": np.array(named, dtype=object)}, index=pairs.index)


def shortfall_words(pairs: pd.DataFrame, policy: DestinationPolicy) -> list[str]:
    """Return in words what each pair's park lacks for this enterprise alone, "" where it has enough of everything.

    Parameters
    ----------
    pairs : land_ha, available_ha, block_ha (largest connected ground open to the enterprise), water_10k_m3, water_left,
        energy_tce, energy_left, freight_t, rail_distance_m; a left-over of inf means that no limit is given.
    """
    parts = [
        _block_words(pairs["land_ha"], pairs["block_ha"]),
        _lack(pairs["land_ha"], pairs["available_ha"], "用地", "公顷"),
        _lack(pairs["water_10k_m3"], pairs["water_left"], "用水", "万立方米/年"),
        _lack(pairs["energy_tce"], pairs["energy_left"], "能耗", "吨标准煤/年"),
        _rail_words(pairs, policy),
    ]
    return list(map(_joined, *parts))


def _joined(*words: str) -> str:
    return LIST_SEPARATOR.join(filter(None, words))


def _lack(need: "pd.Series[float]", left: "pd.Series[float]", what: str, unit: str) -> list[str]:
    asked, there = need.to_numpy(dtype=float), left.to_numpy(dtype=float)
    found = np.full(len(asked), "", dtype=object)
    found[asked > there] = [
        f"{what}不足：需 {a:,.6g}，可用 {max(t, 0):,.6g} {unit}" for a, t in zip(asked[asked > there], there[asked > there], strict=True)
    ]
    found[np.isnan(asked) & ~np.isposinf(there)] = f"{UNSTATED_WORDS}{what}需求"
    found[np.isnan(there)] = f"园区没有给出可用{what}"
    return list(found)


def _block_words(need: "pd.Series[float]", block: "pd.Series[float]") -> list[str]:
    pairs = zip(need.tolist(), block.tolist(), strict=True)
    return [f"{BLOCK_WORDS}：需 {n:,.6g}，准入规则允许的最大一块 {b:,.6g} 公顷" if n > b else "" for n, b in pairs]


def _rail_words(pairs: pd.DataFrame, policy: DestinationPolicy) -> list[str]:
    freight = pairs["freight_t"].to_numpy(dtype=float)
    rail = pairs["rail_distance_m"].to_numpy(dtype=float)
    lacking = (freight >= policy.rail_threshold_t_per_yr) & ~(rail <= policy.rail_reach_m)
    return [
        f"{RAIL_WORDS}：年货运 {t / 1e4:,.0f} 万吨，园区距铁路 {d / 1000:,.1f} 公里" if no else ""
        for no, t, d in zip(lacking.tolist(), freight.tolist(), rail.tolist(), strict=True)
    ]
