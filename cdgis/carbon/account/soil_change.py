"""Soil carbon gained in the top 30 cm where a restoration measure changes land use (IPCC 2019, Tier 1).

change(t) = area * SOCref * (F_LU F_MG F_I after - F_LU F_MG F_I before) * min(t / 20, 1)

A table of its own: its 0-30 cm are never added to the 0-100 cm of the stock, nor to the potential. Which regime a
measure leaves and reaches is data (soil_regimes.csv). Climate, soil type and the state of the grassland are settings;
where one is not given, or a regime has no factor, the row says 资料不足 and holds no number.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cdgis.carbon.account.restoration import Restoration
from cdgis.carbon.factors import SOIL_DEPTH_CM, PoolTable, SoilFactor, land_class_roles, read_shipped, soil_factor
from cdgis.carbon.soil import SoilMove, soil_change_tc, transition_share
from cdgis.carbon.stock import TOTAL
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.workspace.settings import CarbonSettings

YEARS_AFTER = (5, 10, 20)
COUNTED, MISSING = "已算", "资料不足"
_METHOD = "IPCC 2019 Tier 1：面积×SOCref×(后 F_LU·F_MG·F_I − 前)×min(年数/20, 1)；0–30厘米，不与0–100厘米储量相加"
_GRASS, _REST = "@grass", "*"
_NOISE_M2 = 1e-3
_WORDS = {
    "soil_climate": "气候区（carbon.soil_climate）",
    "soil_type": "土壤类型（carbon.soil_type）",
    "soil_grass_state": "草地退化程度（carbon.soil_grass_state）",
}
_KEYS = ["measure", "class_code"]


def soil_table(
    restoration: Restoration, pools: PoolTable, settings: CarbonSettings, *, start_year: int
) -> pd.DataFrame:
    """Return table carbon_soil: each area by present land class after 5, 10 and 20 years, and each measure's sum.

    Measures that do not change the use of the land, such as 封育, have no row.

    Raises
    ------
    CarbonError : a setting names a climate, soil or state of which there is no factor.
    """
    regimes = read_shipped("soil_regimes")
    roles = {code: role for role in set(land_class_roles().values()) for code in pools.codes(role)}
    names = dict(zip(pools.frame["class_code"].astype(int), pools.frame["land_class"], strict=True))
    areas = restoration.areas[["area_id", "area_name", "measure"]]
    held = restoration.kept.merge(areas, on="area_id")
    held = held[held["measure"].isin(regimes["measure"]) & (held["area_m2"] >= _NOISE_M2)]
    pairs = held[_KEYS].drop_duplicates().sort_values(_KEYS)
    moves = {
        (str(measure), int(code)): _move(_regime(regimes, str(measure), roles.get(int(code), "")), settings)
        for measure, code in pairs.itertuples(index=False, name=None)
    }
    rows = held.assign(land_class=held["class_code"].map(names).fillna(held["class_code"].astype(str)))
    rows = rows.merge(_per_hectare(moves, settings), on=_KEYS)
    rows["counted_m2"] = rows["area_m2"].where(rows["state"] == COUNTED, 0.0)
    spans = [f"change_tc_{part}" for part in ("low", "mid", "high")]
    rows[spans] = rows[spans].mul(rows["area_m2"] / M2_PER_HA, axis=0)
    years = pd.concat([_after(rows, number) for number in YEARS_AFTER], ignore_index=True)
    table = pd.concat([years, _sums(rows, moves, settings)], ignore_index=True)
    return table.assign(
        year=start_year + table["years_after"], depth_cm=SOIL_DEPTH_CM, method=_METHOD, mark="M",
        change_tco2e_mid=table["change_tc_mid"] * TCO2_PER_TC,
    ).drop(columns="class_code")  # fmt: skip


def _regime(regimes: pd.DataFrame, measure: str, role: str) -> Mapping[str, str]:
    """Return the first regime of the measure that names the role of the class, or stands for the rest."""
    mine = regimes[regimes["measure"] == measure]
    fits = [roles == _REST or role in roles.split(LIST_SEPARATOR) for roles in mine["roles"]]
    return {str(k): str(v) for k, v in mine[fits].iloc[0].items()}


def _move(regime: Mapping[str, str], settings: CarbonSettings) -> SoilMove | str:
    """Return the move of one hectare, or in words what is not known."""
    if regime["missing"]:
        return regime["missing"]
    asked = ["soil_climate", "soil_type", *(["soil_grass_state"] if _GRASS in regime["before"] else [])]
    unknown = [_WORDS[name] for name in asked if not getattr(settings, name)]
    if unknown:
        return f"没有填写{'、'.join(unknown)}"
    before, after = (_factors(regime[side], settings) for side in ("before", "after"))
    return SoilMove(area_ha=1.0, before=before, after=after)


def _factors(text: str, settings: CarbonSettings) -> tuple[SoilFactor, ...]:
    parts = (part.split(" ", 1) for part in text.replace(_GRASS, settings.soil_grass_state).split("|"))
    return tuple(soil_factor(kind, item, settings.soil_climate) for kind, item in parts)


def _reference(settings: CarbonSettings) -> SoilFactor:
    return soil_factor("SOCref", settings.soil_type, settings.soil_climate)


def _per_hectare(moves: Mapping[tuple[str, int], SoilMove | str], settings: CarbonSettings) -> pd.DataFrame:
    """Return for each measure and class what one hectare gains in the end, or why that is not known."""
    found = []
    for (measure, code), move in moves.items():
        row: dict[str, object] = {"measure": measure, "class_code": code, "regime_before": "", "regime_after": ""}
        if isinstance(move, str):
            row |= {"state": MISSING, "missing": move} | _span_of((np.nan, np.nan, np.nan))
        else:
            gain = soil_change_tc(_reference(settings), [move], years=YEARS_AFTER[-1])
            row |= {"state": COUNTED, "missing": ""} | _span_of((gain.low, gain.mid, gain.high))
            row |= {"regime_before": _said(move.before), "regime_after": _said(move.after)}
        found.append(row)
    spans = [f"change_tc_{part}" for part in ("low", "mid", "high")]
    columns = [*_KEYS, "regime_before", "regime_after", "state", "missing", *spans]
    return pd.DataFrame(found, columns=columns)


def _span_of(values: tuple[float, float, float]) -> dict[str, object]:
    return dict(zip(("change_tc_low", "change_tc_mid", "change_tc_high"), values, strict=True))


def _said(parts: Sequence[SoilFactor]) -> str:
    return "；".join(f"{part.kind} {part.item} {part.value:g}" for part in parts)


def _after(rows: pd.DataFrame, years: int) -> pd.DataFrame:
    """Return the rows so many years on; the way to the new equilibrium is straight."""
    share = transition_share(years)
    spans = {f"change_tc_{part}": rows[f"change_tc_{part}"] * share for part in ("low", "mid", "high")}
    return rows.assign(years_after=years, **spans)


def _sums(
    rows: pd.DataFrame, moves: Mapping[tuple[str, int], SoilMove | str], settings: CarbonSettings
) -> pd.DataFrame:
    """Return the sum of each measure over what is counted; its range is of the whole, not of added lows."""
    found = []
    for measure, part in rows.groupby("measure", sort=True):
        by_class = part[part["state"] == COUNTED].groupby("class_code")["area_m2"].sum() / M2_PER_HA
        known = [(moves[str(measure), int(str(code))], float(area_ha)) for code, area_ha in by_class.items()]
        whole = [
            SoilMove(area_ha=area_ha, before=move.before, after=move.after)
            for move, area_ha in known
            if isinstance(move, SoilMove)
        ]
        common = {
            "area_id": f"{TOTAL}·{measure}", "area_name": "", "measure": measure, "land_class": TOTAL,
            "area_m2": part["area_m2"].sum(), "counted_m2": part["counted_m2"].sum(), "regime_before": "",
            "regime_after": "", "state": COUNTED if whole else MISSING,
            "missing": "；".join(sorted(set(part["missing"]) - {""})),
        }  # fmt: skip
        for years in YEARS_AFTER:
            span = (np.nan, np.nan, np.nan)
            if whole:
                gain = soil_change_tc(_reference(settings), whole, years=years)
                span = (gain.low, gain.mid, gain.high)
            found.append({**common, "years_after": years, **_span_of(span)})
    return pd.DataFrame(found)
