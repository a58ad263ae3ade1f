"""Reference figures: the plan's milestones, published totals, and the list of factors with their sources."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import (
    GROWTH_TABLES,
    POOL_WORDS,
    POOLS,
    TREE_FACTORS,
    PoolTable,
    has_factors,
    mark_column,
    read_growth,
    read_measures,
    read_shipped,
    read_soils,
    read_trees,
)
from cdgis.carbon.factors.source import factor_files
from cdgis.core.number_format import covered_words
from cdgis.core.packs import pack_toml
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import CheckState
from cdgis.raster import NODATA_CODE
from cdgis.results.tables.validation import empty
from cdgis.workspace.settings import CarbonSettings

STANDING_VOLUME = "森林蓄积量"
"""Item of milestones.csv."""
CHECK_LIMIT_SHARE, CHECK_WRONG_SHARE = 0.05, 0.20
_TREE_WORDS = {"density_t_per_m3": "木材密度", "bef": "生物量扩展因子", "root_shoot": "根茎比", "carbon_fraction": "含碳率"}
_TREE_UNITS = {"density_t_per_m3": "吨/立方米", "bef": "无", "root_shoot": "无", "carbon_fraction": "无"}


def milestones(
    covers: Mapping[int, float], planned_share: float, *, forest_ha: float, sink_tco2e_per_yr: float, stand_m3_per_ha: float,
    covered_share: float = 1.0,
) -> pd.DataFrame:
    """Return table carbon_milestones: what the plan says and what our data give, side by side.

    Parameters
    ----------
    covers : year -> forest share of the city by land cover.
    planned_share : share of the city that all eligible afforestation would add.
    forest_ha, sink_tco2e_per_yr : the city's forest and its yearly uptake.
    stand_m3_per_ha : mean stem volume of the inventoried stands; NaN without stands.
    covered_share : part of the city with a land class.
    """
    plan = read_milestones()
    rows: list[dict[str, object]] = [
        {str(k): v for k, v in row.items()} | {"found_value": np.nan, "method": "规划文本"} for row in plan.to_dict("records")
    ]
    latest = max(covers) if covers else 0
    part = covered_words(covered_share)
    rows += [
        _found("森林覆盖率", year, "占市域面积", share, f"土地类别栅格中林地与有值面积之比{part}；栅格按规划覆盖率校准，不是独立证据", "S")
        for year, share in covers.items()
    ]
    if covers:
        text = "最近一期覆盖率＋全部造林可实施面积；成林需要时间，是上限"
        rows.append(_found("森林覆盖率（全部造林成林后）", latest, "占市域面积", covers[latest] + planned_share, text, "M"))
    volume = plan[plan["item"] == STANDING_VOLUME].set_index("year")["plan_value"].sort_index()
    if len(volume):
        per_ha = float(volume.iloc[0]) / forest_ha if forest_ha else np.nan
        text = f"{_yi(volume.iloc[0])}亿立方米÷土地类别林地面积"
        rows.append(_found("每公顷蓄积（规划蓄积÷测算林地）", int(volume.index[0]), "立方米/公顷", per_ha, text, "S"))
    rows.append(_found("每公顷蓄积（示范小班）", latest, "立方米/公顷", stand_m3_per_ha, "小班蓄积之和÷小班面积；示范林场偏高", "S"))
    for word, factor in (("低", 0.4339), ("高", 0.5002)) if len(volume) > 1 else ():
        years = int(volume.index[-1]) - int(volume.index[0])
        yearly_m3 = float(volume.iloc[-1] - volume.iloc[0]) / years
        text = f"（{_yi(volume.iloc[-1])}−{_yi(volume.iloc[0])}）亿立方米÷{years}年×{factor} 吨碳/立方米×44/12；树种系数凭记忆"
        sink = yearly_m3 * factor * TCO2_PER_TC
        rows.append(_found(f"规划蓄积增量折年碳汇（{word}）", int(volume.index[-1]), "吨CO2e/年", sink, text, "M"))
    rows.append(_found("现有森林年碳汇（本工具中值）", latest, "吨CO2e/年", sink_tco2e_per_yr, f"见 carbon_sink.csv{part}", "M"))
    return pd.DataFrame(rows)


def read_milestones() -> pd.DataFrame:
    """Return the plan's figures for forest: item, year, plan_value, unit, source, mark; no row where no pack has a plan."""
    if not factor_files("milestones.csv"):
        return pd.DataFrame({name: [] for name in ("item", "year", "plan_value", "unit", "source", "mark")})
    return read_shipped("milestones", ("plan_value", "year")).astype({"year": int})


def _yi(value: float) -> str:
    return f"{value / 1e8:g}"


def _found(item: str, year: int, unit: str, value: float, method: str, mark: str) -> dict[str, object]:
    return {"item": item, "year": year, "unit": unit, "plan_value": np.nan, "found_value": value, "method": method,
            "source": "本工具计算", "mark": mark}  # fmt: skip


def published_checks() -> pd.DataFrame:
    """Return rows of table carbon_checks: published figures of the place set against what their own parts give."""
    if not has_factors("published_checks"):
        return empty("carbon_checks")
    table = read_shipped("published_checks", ("printed", "a", "b", "scale"))
    product = np.where(table["op"] == "×", table["a"] * table["b"], table["a"] / table["b"])
    return table.assign(expected=table["printed"], found=product * table["scale"]).pipe(compared)


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with how far `found` is from `expected`: up to 5 % 一致, up to 20 % 偏离, beyond 不符."""
    difference = table["found"] / table["expected"] - 1
    gap = difference.abs()
    words = [CheckState.WRONG.value, CheckState.DEVIATES.value]
    state = np.select([gap > CHECK_WRONG_SHARE, gap > CHECK_LIMIT_SHARE], words, CheckState.AGREES.value)
    return table.assign(difference_share=difference, state=state)


def factor_table(pools: PoolTable, settings: CarbonSettings) -> pd.DataFrame:
    """Return table carbon_factors: every number the account rests on, with source and mark."""
    parts = [_pool_rows(pools), _tree_rows(), _soil_rows(), _other_rows(settings)]
    parts[1:1] = [_measure_rows()] if has_factors("age_class_carbon", "age_class_range", "sink_rates") else []
    parts[-2:-2] = [_growth_rows()] if has_factors(*GROWTH_TABLES) else []
    return pd.concat(parts, ignore_index=True)


def _pool_rows(pools: PoolTable) -> pd.DataFrame:
    depth = "" if pools.soil_depth_cm is None else f"0–{pools.soil_depth_cm:g}厘米"
    parts = []
    for pool in POOLS:
        known = pools.frame[pools.frame[f"{pool}_tc_per_ha"].notna()]
        parts.append(
            pd.DataFrame(
                {
                    "kind": "碳密度",
                    "item": known["land_class"],
                    "factor": f"{POOL_WORDS[pool]}{depth if pool == 'soil' else ''}碳密度",
                    "unit": "吨碳/公顷",
                    "value_low": known[f"{pool}_low_tc_per_ha"],
                    "value_mid": known[f"{pool}_tc_per_ha"],
                    "value_high": known[f"{pool}_high_tc_per_ha"],
                    "source": known[f"{pool}_source"],
                    "mark": known[f"{pool}_mark"],
                    "note": known["note"],
                }
            )
        )
    return pd.concat(parts)


def _measure_rows() -> pd.DataFrame:
    frame = read_measures().frame
    rates = frame[frame["method"] == "rate"]
    sink = read_shipped("sink_rates")
    common = {"unit": "吨碳/公顷/年"}
    spans = {f"value_{part}": f"{part}_tc_per_ha_yr" for part in ("low", "mid", "high")}
    one = rates.rename(columns={v: k for k, v in spans.items()}).assign(kind="修复增汇", item=rates["measure"], factor="年增量", **common)
    two = sink.rename(columns={v: k for k, v in spans.items()}).assign(kind="现有森林", item=sink["land_class"], factor="年增量", **common)
    return pd.concat([one, two])[["kind", "item", "factor", "unit", *spans, "source", "mark", "note"]]


def _tree_rows() -> pd.DataFrame:
    trees = read_trees().frame
    half = read_shipped("uncertainty").set_index("factor")["half_range_share"]
    parts = []
    for factor in TREE_FACTORS:
        share = half[factor.removesuffix("_t_per_m3")]
        parts.append(
            pd.DataFrame(
                {
                    "kind": "树种参数", "item": trees["group"], "factor": _TREE_WORDS[factor], "unit": _TREE_UNITS[factor],
                    "value_low": trees[factor] * (1 - share), "value_mid": trees[factor],
                    "value_high": trees[factor] * (1 + share),
                    "source": trees[mark_column(factor).replace("_mark", "_source")],
                    "mark": trees[mark_column(factor)], "note": trees["note"],
                }
            )
        )  # fmt: skip
    fang = trees[trees["fang_slope_t_per_m3"].notna()]
    for column, word, unit in (("fang_slope_t_per_m3", "a", "吨/立方米"), ("fang_intercept_t_per_ha", "b", "吨/公顷")):
        parts.append(
            pd.DataFrame(
                {"kind": "树种参数", "item": fang["group"], "factor": f"方精云 B=aV+b 的 {word}", "unit": unit,
                 "value_low": np.nan, "value_mid": fang[column], "value_high": np.nan,
                 "source": fang["fang_source"], "mark": fang["fang_mark"], "note": ""}
            )
        )  # fmt: skip
    return pd.concat(parts)


def _growth_rows() -> pd.DataFrame:
    data = read_growth()
    ages = data.age_class.assign(
        factor=[f"{age:g}年植被碳" for age in data.age_class["age_yr"]], unit="吨碳/公顷",
        value_mid=data.age_class["vegetation_tc_per_ha"], note="",
    )  # fmt: skip
    curve = data.richards.melt(
        id_vars=["forest_type", "source", "mark", "note"],
        value_vars=["a_m3_per_ha", "b", "k_per_yr", "m", "alpha", "beta"], var_name="factor", value_name="value_mid",
    )  # fmt: skip
    curve = curve.assign(factor="Richards " + curve["factor"].str.split("_").str[0], unit="见公式")
    steps = data.increment.assign(
        factor=[f"{age:g}年连年生长量" for age in data.increment["age_yr"]], unit="立方米/公顷/年",
        value_mid=data.increment["increment_m3_per_ha_yr"], note="",
    )  # fmt: skip
    rows = pd.concat([ages, curve, steps])
    rows = rows.assign(kind="生长", item=rows["forest_type"], value_low=np.nan, value_high=np.nan)
    return rows[["kind", "item", "factor", "unit", "value_low", "value_mid", "value_high", "source", "mark", "note"]]


def _soil_rows() -> pd.DataFrame:
    soils = read_soils()
    item = [f"{i}，{c}" if c else i for i, c in zip(soils["item"], soils["climate"], strict=True)]
    return pd.DataFrame(
        {
            "kind": "土壤 Tier 1（0–30厘米，本次合计不用）", "item": item, "factor": soils["kind"],
            "unit": np.where(soils["kind"] == "SOCref", "吨碳/公顷", "无"),
            "value_low": soils["value"] * (1 - soils["half_range_share"]), "value_mid": soils["value"],
            "value_high": soils["value"] * (1 + soils["half_range_share"]),
            "source": soils["source"], "mark": soils["mark"], "note": "低、高为 95% 区间",
        }
    )  # fmt: skip


def _other_rows(settings: CarbonSettings) -> pd.DataFrame:
    default = "cdgis.toml 的 [carbon] 设定，未核实"
    market = pack_toml("carbon/price.toml")
    sourced = market["source"] if settings.price_yuan_per_tco2e == market.get("yuan_per_tco2e") else default
    rows = [
        ("价格", "元/吨CO2e", settings.price_yuan_per_tco2e, sourced),
        ("贴现率", "每年", settings.discount_share, default),
        ("价格增长率", "每年", settings.price_growth_share, default),
        ("面积误差（90%半宽）", "占面积", settings.area_half_range_share, default),
        ("K_risk 非持久性风险扣减", "占减排量", settings.k_risk_share, default),
        ("计入期", "年", float(settings.crediting_years), default),
        ("基线碳汇", "吨CO2e/公顷/年", settings.baseline_tco2e_per_ha_yr, default),
    ]
    return pd.DataFrame(
        [{"kind": "设定", "item": "全市", "factor": f, "unit": u, "value_low": np.nan, "value_mid": v, "value_high": np.nan,
          "source": s, "mark": "M", "note": ""} for f, u, v, s in rows]
    )  # fmt: skip


def forest_share(areas: pd.DataFrame, pools: PoolTable) -> float:
    """Return forest area over all area that has a class; NaN where none has."""
    forest = areas.loc[areas["class_code"].isin(pools.codes("forest")), "area_m2"].sum()
    valued_m2 = float(areas.loc[areas["class_code"] > NODATA_CODE, "area_m2"].sum())
    return float(forest / valued_m2) if valued_m2 else float("nan")


def forest_ha(areas: pd.DataFrame, pools: PoolTable) -> float:
    """Return hectares of forest."""
    return float(areas.loc[areas["class_code"].isin(pools.codes("forest")), "area_m2"].sum() / M2_PER_HA)
