"""Indices of pollutant and carbon synergy: signs first, then elasticity, co-control coordinates, coupling.

    ER = Q_before - Q_after,  r = ER / Q_before                       (Q: yearly emission, t; ER < 0: it rose)
    Els = r_pollutant / r_CO2                                          only where both fell or they went apart
    APeq = sum over i of w_i ER_i,  w_i = 1 / (pollution equivalent)   a stated weight set
    C = 2 sqrt(U1 U2) / (U1 + U2),  T = a U1 + b U2,  D = sqrt(C T)    U: min-max of r among units of one level

Two rises give a positive ratio too, so the signs decide what a row is called and no ratio is printed for them.
C is high when both are equally poor, so it never stands without D. Where an emission before is missing or not
positive there is no index and the row says why. (Formulas: domain reference of this tool, section 8.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import tomli as tomllib

from cdgis.core.array_types import FloatArray
from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.results.tables.validation import validate

GHG, APEQ = "CO2", "APeq"
ENTERPRISES, PARKS, COUNTIES, WHOLE = LEVELS = ("企业", "园区", "县区", "全部")
METHOD = "弹性、协同控制坐标、耦合协调度"


_SIGNS = {
    (1, 1): ("同减（协同）", "Ⅰ"), (1, -1): ("减污增碳", "Ⅳ"), (-1, 1): ("降碳增污", "Ⅱ"), (-1, -1): ("同增（反向）", "Ⅲ"),
    (1, 0): ("只减污", "轴上"), (-1, 0): ("只增污", "轴上"), (0, 1): ("只降碳", "轴上"), (0, -1): ("只增碳", "轴上"),
    (0, 0): ("无变化", "原点"),
}  # fmt: skip
UNDECIDED = "不能判断"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """How pollutants are made one figure."""

    id: str
    title: str
    source: str
    mark: str
    """S seen in a source, M from memory."""
    ghg_share: float
    """b in T = a U1 + b U2, a = 1 - b."""
    equivalent_kg: Mapping[str, float]

    def weight(self, substance: str) -> float:
        """Return the weight of a substance, NaN when the set has none."""
        return 1 / self.equivalent_kg[substance] if substance in self.equivalent_kg else float("nan")


@cache
def weight_sets() -> Mapping[str, WeightSet]:
    """Return the sets of cdgis/data/synergy/weights.toml by id."""
    raw = tomllib.loads(files("cdgis").joinpath("data/synergy/weights.toml").read_text(encoding="utf-8"))
    return {name: WeightSet(id=name, **row) for name, row in raw.items()}


def weight_set(name: str) -> WeightSet:
    """Return one weight set.

    Raises
    ------
    UsageError : there is none of that name.
    """
    if name not in weight_sets():
        known = "、".join(f"{key}（{value.title}）" for key, value in weight_sets().items())
        raise UsageError(f"没有名为 {name} 的权重集", remedy=f"可选：{known}")
    return weight_sets()[name]


def measure_synergy(emissions: pd.DataFrame, weights: WeightSet) -> pd.DataFrame:
    """Return table `synergy`: one row per level, unit and pollutant, APeq included.

    Parameters
    ----------
    emissions : unit_id, name, park, county, substance, before_t, after_t; NaN where not known. Enterprises are
        added up to parks, counties and the whole; a sum with a missing part is missing, never partial.
    """
    units = pd.concat([_level(emissions, level) for level in LEVELS], ignore_index=True)
    both = units.assign(reduction_t=units["before_t"] - units["after_t"])
    ghg = both[both["substance"] == GHG].set_index(["level", "unit_id"])
    rows = pd.concat([both[both["substance"] != GHG], _apeq(both, weights)], ignore_index=True)
    keys = pd.MultiIndex.from_frame(rows[["level", "unit_id"]])
    rows["q_co2_t"] = ghg["before_t"].reindex(keys).to_numpy()
    rows["er_co2_t"] = ghg["reduction_t"].reindex(keys).to_numpy()
    rows = rows.rename(columns={"substance": "pollutant", "before_t": "q_pollutant_t", "reduction_t": "er_pollutant_t"})
    measured = _coupled(_indexed(rows), weights)
    return validate(
        "synergy", measured.assign(weight_set=weights.title, mark=weights.mark, method=METHOD, source=weights.source)
    )


def _level(emissions: pd.DataFrame, level: str) -> pd.DataFrame:
    key = {ENTERPRISES: "unit_id", PARKS: "park", COUNTIES: "county", WHOLE: ""}[level]
    rows = emissions.assign(all="全部") if not key else emissions[emissions[key] != ""]
    key = key or "all"
    name = "name" if level == ENTERPRISES else key
    keys = [key, "substance"] if key == name else [key, name, "substance"]
    total = _known_sums(rows, keys, ["before_t", "after_t"])
    return pd.DataFrame({
        "level": level, "unit_id": total[key], "name": total[name], "substance": total["substance"],
        "before_t": total["before_t"], "after_t": total["after_t"], "note": "",
    })  # fmt: skip


def _known_sums(rows: pd.DataFrame, keys: list[str], columns: list[str]) -> pd.DataFrame:
    """Return the sums by group; a sum with an unknown part is unknown."""
    grouped = rows.groupby(keys, sort=True)
    sums = grouped[columns].sum()
    holed = rows[columns].isna().groupby([rows[key] for key in keys], sort=True).any()
    out: pd.DataFrame = sums.where(~holed).reset_index()
    return out


def _apeq(both: pd.DataFrame, weights: WeightSet) -> pd.DataFrame:
    rows = both[both["substance"] != GHG]
    weight = rows["substance"].map(weights.weight)
    left_out = rows[weight.isna()].groupby(["level", "unit_id"])["substance"].agg(LIST_SEPARATOR.join)
    kept = rows[weight.notna()]
    scaled = kept[["before_t", "after_t", "reduction_t"]].mul(weight[weight.notna()], axis=0)
    scaled[["level", "unit_id", "name"]] = kept[["level", "unit_id", "name"]]
    out = _known_sums(scaled, ["level", "unit_id", "name"], ["before_t", "after_t", "reduction_t"]).assign(
        substance=APEQ
    )
    keys = pd.MultiIndex.from_frame(out[["level", "unit_id"]])
    missing = left_out.reindex(keys).fillna("").to_numpy()
    return out.assign(note=np.where(missing != "", "权重集没有、未计入当量：" + missing.astype(object), ""))


def _indexed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with rates, signs, quadrant and elasticity, and why an index is missing."""
    q1, q2 = rows["q_pollutant_t"].to_numpy(dtype=float), rows["q_co2_t"].to_numpy(dtype=float)
    er1, er2 = rows["er_pollutant_t"].to_numpy(dtype=float), rows["er_co2_t"].to_numpy(dtype=float)
    known = ~(np.isnan(er1) | np.isnan(er2))
    usable = known & (q1 > 0) & (q2 > 0)
    signs = [
        _SIGNS[int(np.sign(a)), int(np.sign(b))] if ok else (UNDECIDED, "")
        for a, b, ok in zip(er1, er2, known, strict=True)
    ]
    rate1, rate2 = (np.where(usable, er / np.where(q > 0, q, 1.0), np.nan) for er, q in ((er1, q1), (er2, q2)))
    ratio = usable & (er2 != 0) & ~((er1 < 0) & (er2 < 0))
    reasons = [_reason(*row) for row in zip(known, q1, q2, er1, er2, strict=True)]
    notes = [LIST_SEPARATOR.join(part for part in pair if part) for pair in zip(reasons, rows["note"], strict=True)]
    return rows.assign(
        rate_pollutant=rate1, rate_co2=rate2, sign_class=[word for word, _ in signs], quadrant=[q for _, q in signs],
        elasticity=np.where(ratio, rate1 / np.where(ratio, rate2, 1.0), np.nan), note=notes,
    )  # fmt: skip


def _reason(known: bool, q1: float, q2: float, er1: float, er2: float) -> str:
    if not known:
        return "基期或末期排放量缺失，不计指数"
    if q1 <= 0 or q2 <= 0:
        return "基期排放量不大于零，不计指数"
    if er1 < 0 and er2 < 0:
        return "两者都增加：比值为正也不是协同，不列弹性"
    return "二氧化碳没有变化，弹性无定义" if er2 == 0 else ""


def _coupled(rows: pd.DataFrame, weights: WeightSet) -> pd.DataFrame:
    """Return the rows with U, C, T and D for the APeq of units that cut both, scaled within their level."""
    out = rows.assign(u_pollutant=np.nan, u_co2=np.nan, coupling_c=np.nan, coordination_t=np.nan, coordination_d=np.nan)
    for level in LEVELS:
        mine = (rows["level"] == level) & (rows["pollutant"] == APEQ) & rows["rate_pollutant"].notna()
        u1, u2 = (_min_max(rows.loc[mine, name].to_numpy(dtype=float)) for name in ("rate_pollutant", "rate_co2"))
        if u1 is None or u2 is None:
            continue
        total = u1 + u2
        together = ((rows.loc[mine, "er_pollutant_t"] > 0) & (rows.loc[mine, "er_co2_t"] > 0)).to_numpy() & (total > 0)
        coupling = np.where(together, 2 * np.sqrt(u1 * u2) / np.where(total > 0, total, 1.0), np.nan)
        level_t = np.where(together, (1 - weights.ghg_share) * u1 + weights.ghg_share * u2, np.nan)
        names = ["u_pollutant", "u_co2", "coupling_c", "coordination_t", "coordination_d"]
        out.loc[mine, names] = np.column_stack([u1, u2, coupling, level_t, np.sqrt(coupling * level_t)])
    return out


def _min_max(values: FloatArray) -> FloatArray | None:
    """Return values scaled to 0..1 among themselves, None when they do not differ."""
    if len(values) < 2 or values.max() == values.min():
        return None
    return np.asarray((values - values.min()) / (values.max() - values.min()))
