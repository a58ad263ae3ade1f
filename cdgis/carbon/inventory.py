"""Tree carbon from stem volume, by three methods side by side.

Volume method: C = V * D * BEF * (1 + R) * CF, with V in m3, D in t/m3, the other factors without unit.
Continuous method (Fang et al. 2001, Science 292:2320): B = a V + b per hectare, C = B * CF; B is taken as whole-tree
biomass, so (1 + R) is not applied again. No trees, no carbon: V = 0 gives 0 in all, whatever b.
IPCC 2006 vol. 4 eq. 2.8: AGB = V * BCEF(V) per hectare, C = AGB * (1 + R(AGB)) * CF.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cdgis.carbon.factors import TREE_FACTORS, GrowthData, Trees, mark_column, step_values
from cdgis.carbon.uncertainty import Factor, Interval, Model, propagate
from cdgis.core.array_types import FloatArray
from cdgis.core.units import M2_PER_HA, TCO2_PER_TC
from cdgis.core.vocabulary import LIST_SEPARATOR, TOTAL, Mark

FANG_CARBON_FRACTION = 0.5
COUNTED, INCOMPLETE = "已算", "资料不足"
NO_FACTORS = "树种没有参数"
STAND_NUMBERS = {"volume_m3_per_ha": "每公顷蓄积", "age_yr": "林龄", "area_m2": "面积"}
"""Numbers every stand must have, and what they are called."""
_OFF_BY = ("density", "bef", "root_shoot", "carbon_fraction")
"""Parameters of the volume method whose error is one for all species: they come from one table."""


def volume_stock_tc(
    volume_m3: FloatArray,
    *,
    density_t_per_m3: float,
    expansion: float,
    root_shoot: float,
    carbon_fraction: float,
) -> FloatArray:
    """Return tonnes of carbon in whole trees of stem volume `volume_m3` by the volume method."""
    biomass_t = np.asarray(volume_m3) * density_t_per_m3 * expansion * (1 + root_shoot)
    return np.asarray(biomass_t * carbon_fraction)


def carbon_per_m3(row: "pd.Series[str]") -> float:
    """Return tonnes of carbon in whole trees per m3 of stem of one species group."""
    density, bef, root_shoot, fraction = (float(row[name]) for name in TREE_FACTORS)
    return density * bef * (1 + root_shoot) * fraction


def fang_stock_tc(
    volume_m3_per_ha: FloatArray,
    area_ha: FloatArray,
    *,
    slope_t_per_m3: float,
    intercept_t_per_ha: float,
    carbon_fraction: float = FANG_CARBON_FRACTION,
) -> FloatArray:
    """Return tonnes of carbon on `area_ha` hectares that carry `volume_m3_per_ha` by Fang's B = a V + b."""
    volume = np.asarray(volume_m3_per_ha, dtype=float)
    biomass = np.where(volume > 0, slope_t_per_m3 * volume + intercept_t_per_ha, 0.0)
    return np.asarray(biomass * carbon_fraction * np.asarray(area_ha))


def ipcc_stock_tc(volume_m3_per_ha: FloatArray, area_ha: FloatArray, *, trees: Trees, group: str) -> FloatArray:
    """Return tonnes of carbon by IPCC's BCEF and root-shoot ratio; mixed groups take the mean of their parts."""
    row = trees.row(group)
    volume = np.asarray(volume_m3_per_ha, dtype=float)
    bcefs = [step_values(trees.bcef, part, volume) for part in row["bcef_groups"].split(LIST_SEPARATOR)]
    above_t_per_ha = volume * np.mean(bcefs, axis=0)
    roots = [step_values(trees.root_shoot, part, above_t_per_ha) for part in row["root_groups"].split(LIST_SEPARATOR)]
    return np.asarray(above_t_per_ha * (1 + np.mean(roots, axis=0)) * float(row["carbon_fraction"]) * area_ha)


def account_stands(stands: pd.DataFrame, trees: Trees, growth: GrowthData) -> pd.DataFrame:
    """Return table carbon_stands: each stand's carbon by three methods and its yearly gain.

    Parameters
    ----------
    stands : stand_id, species (name or alias of a species group), age_yr, volume_m3_per_ha, area_m2.

    Notes
    -----
    A stand whose species has no factors, or whose volume, age or area is missing or negative, keeps its row with blank
    figures, state 资料不足 and, in `missing`, what is wrong with it.
    """
    table = stands.assign(species_group=stands["species"].map(trees.group_of()).fillna(""), missing=_missing(stands, trees))
    sound = table[table["missing"] == ""]
    parts = [_one_group(part, trees, str(group)) for group, part in sound.groupby("species_group", sort=True)]
    out = pd.concat(parts, ignore_index=True) if parts else sound.assign(volume_tc=[], fang_tc=[], ipcc_tc=[], mark=[])
    types = out["species_group"].map(trees.frame.set_index("group")["forest_type"])
    out["sink_tco2e_per_yr"] = _stand_rates(growth, types, out["age_yr"]) * out["area_m2"] / M2_PER_HA * TCO2_PER_TC
    out.loc[out["volume_m3_per_ha"] == 0, "sink_tco2e_per_yr"] = 0.0
    left = table[table["missing"] != ""].assign(state=INCOMPLETE, mark=Mark.SEEN.value)
    left[list(STAND_NUMBERS)] = left[list(STAND_NUMBERS)].where(left[list(STAND_NUMBERS)] >= 0)
    whole = pd.concat([out.assign(state=COUNTED), left], ignore_index=True) if len(left) else out.assign(state=COUNTED)
    return whole.assign(area_m2=whole["area_m2"].fillna(0.0))


def _missing(stands: pd.DataFrame, trees: Trees) -> "pd.Series[str]":
    """Return in words what each stand lacks, "" for a whole one."""
    words = pd.Series("", index=stands.index, dtype=object)
    faults = {NO_FACTORS: ~stands["species"].isin(list(trees.group_of()))}
    for column, title in STAND_NUMBERS.items():
        faults[f"{title}缺失、为负或不是数字"] = ~(stands[column] >= 0)
    for fault, found in faults.items():
        words[found] = words[found].where(words[found] == "", words[found] + LIST_SEPARATOR) + fault
    return words


def _one_group(stands: pd.DataFrame, trees: Trees, group: str) -> pd.DataFrame:
    row = trees.row(group)
    area_ha = stands["area_m2"].to_numpy(dtype=float) / M2_PER_HA
    volume = stands["volume_m3_per_ha"].to_numpy(dtype=float)
    slope, intercept = float(row["fang_slope_t_per_m3"]), float(row["fang_intercept_t_per_ha"])
    fang = fang_stock_tc(volume, area_ha, slope_t_per_m3=slope, intercept_t_per_ha=intercept)
    marks = [row[mark_column(factor)] for factor in TREE_FACTORS]
    return stands.assign(
        volume_tc=volume * area_ha * carbon_per_m3(row),
        fang_tc=fang if np.isfinite(slope) else np.nan,
        ipcc_tc=ipcc_stock_tc(volume, area_ha, trees=trees, group=group),
        mark=Mark.MEMORY.value if Mark.MEMORY.value in marks else Mark.SEEN.value,
    )


def _stand_rates(growth: GrowthData, types: pd.Series, age_yr: pd.Series) -> FloatArray:
    """Return the printed yearly gain, tonnes of carbon per hectare, of each stand's type and age class."""
    rates = np.zeros(len(types))
    for forest_type in types.unique():
        steps = growth.stand_rates[growth.stand_rates["forest_type"] == forest_type]
        mine = (types == forest_type).to_numpy()
        # Class 1-10 ends with age 10: the class a stand is in began strictly before its age.
        place = np.searchsorted(steps["age_from_yr"], age_yr[mine].to_numpy(dtype=float), side="left") - 1
        rates[mine] = steps["rate_tc_per_ha_yr"].to_numpy()[np.maximum(place, 0)]
    return rates


def sum_species(stands: pd.DataFrame, half_ranges: dict[str, float], trees: Trees) -> pd.DataFrame:
    """Return table carbon_species: stands summed by species group, with the volume method's range and row 合计.

    Only whole stands are summed; `covered_share` is their part of the area of all stands, of the group or of the total.
    """
    every, stands = stands, stands[stands["state"] == COUNTED]
    columns = ["area_m2", "volume_m3", "volume_tc", "fang_tc", "ipcc_tc", "sink_tco2e_per_yr"]
    table = stands.assign(volume_m3=stands["volume_m3_per_ha"] * stands["area_m2"] / M2_PER_HA)
    groups = table.groupby("species_group")
    sums = groups[columns].sum(min_count=1).assign(stands=groups.size(), mark=groups["mark"].min()).reset_index()
    whole = sums[columns].sum(min_count=1).to_frame().T.assign(
        species_group="合计", stands=int(sums["stands"].sum()), mark=sums["mark"].min()
    )
    # A sum over groups of which one has no Fang equation would be compared with unlike areas.
    if sums["fang_tc"].isna().any():
        whole["fang_tc"] = np.nan
    out = pd.concat([sums, whole], ignore_index=True)
    spans = [
        stock_range(sums[sums["species_group"] == name] if name != TOTAL else sums, half_ranges, trees)
        for name in out["species_group"]
    ]
    out["volume_tc_low"], out["volume_tc_high"] = [s.low for s in spans], [s.high for s in spans]
    out["covered_share"] = [_counted_share(every if name == TOTAL else every[every["species_group"] == name]) for name in out["species_group"]]
    out["fang_difference_share"] = out["fang_tc"] / out["volume_tc"] - 1
    out["ipcc_difference_share"] = out["ipcc_tc"] / out["volume_tc"] - 1
    return out


def _counted_share(stands: pd.DataFrame) -> float:
    whole_m2 = float(stands["area_m2"].sum())
    return float(stands.loc[stands["state"] == COUNTED, "area_m2"].sum() / whole_m2) if whole_m2 else 0.0


def stock_range(sums: pd.DataFrame, half_ranges: dict[str, float], trees: Trees) -> Interval:
    """Return the analytic range of the volume method's total over species groups."""
    return propagate(*stock_model(sums, half_ranges, trees))


def stock_model(sums: pd.DataFrame, half_ranges: dict[str, float], trees: Trees) -> tuple[list[Factor], Model]:
    """Return factors and model of the volume method's total: four relative errors, common to all species.

    The error of the root-shoot ratio R acts on (1 + R), so a group feels it in the measure of R / (1 + R).
    """
    words = {"density": "木材密度", "bef": "生物量扩展因子", "root_shoot": "根茎比", "carbon_fraction": "含碳率"}
    factors = [Factor.around(words[name], 1.0, half_ranges[name]) for name in _OFF_BY]
    stock = sums["volume_tc"].to_numpy(dtype=float)
    root_shoot = np.array([float(trees.row(g)["root_shoot"]) for g in sums["species_group"]])
    above, below = float((stock / (1 + root_shoot)).sum()), float((stock * root_shoot / (1 + root_shoot)).sum())

    def total(values: Mapping[str, FloatArray]) -> FloatArray:
        """Return the stock for drawn factors; above and below ground share the same draw."""
        common = values["木材密度"] * values["生物量扩展因子"] * values["含碳率"]
        return np.asarray(common * (above + below * values["根茎比"]))

    return factors, total
