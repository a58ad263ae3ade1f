"""Carbon of forest stands by three methods, and how their drawn and stated areas agree."""

import numpy as np
import pandas as pd

from cdgis.carbon import account_stands, sum_species
from cdgis.carbon.account.reference_figures import compared
from cdgis.carbon.account.totals import Quantity
from cdgis.carbon.factors import read_growth, read_shipped, read_trees
from cdgis.carbon.inventory import stock_model
from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import TOTAL
from cdgis.errors import LayerError
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.workspace.layers import Layer

NEEDED = ("species", "age_yr", "volume_m3_per_ha")


def read_stands(layer: Layer) -> pd.DataFrame:
    """Return stand_id, species, age_yr, volume_m3_per_ha, area_m2 (drawn), stated_m2 (NaN where not stated).

    Raises
    ------
    LayerError : a needed field is not mapped, or holds what is not a number.
    """
    zones = layer.zones
    missing = [name for name in NEEDED if name not in zones.columns]
    if missing:
        raise LayerError(layer.spec.path, layer.spec.id, (f"小班缺少 {'、'.join(missing)}，请在目录条目的 fields 中映射",))
    numbers = {name: pd.to_numeric(zones[name], errors="coerce") for name in ("age_yr", "volume_m3_per_ha")}
    problems = [
        f"小班 {'、'.join(zones.loc[values.isna(), 'zone_id'][:8])} 等 {int(values.isna().sum())} 个的 {name} 不是数字"
        for name, values in numbers.items()
        if values.isna().any()
    ]
    if problems:
        raise LayerError(layer.spec.path, layer.spec.id, tuple(problems))
    stated = pd.to_numeric(zones["area_ha"], errors="coerce") if "area_ha" in zones else np.nan
    return pd.DataFrame(
        {
            "stand_id": zones["zone_id"],
            "species": zones["species"],
            **{name: values.astype(float) for name, values in numbers.items()},
            "area_m2": survey_area_m2(np.asarray(zones.geometry.array, dtype=object)),
            "stated_m2": stated * M2_PER_HA,
        }
    )


def stand_tables(layer: Layer) -> tuple[dict[str, pd.DataFrame], Quantity, pd.DataFrame]:
    """Return tables carbon_stands and carbon_species, the total whose range is wanted, and rows of carbon_checks."""
    trees, stands = read_trees(), read_stands(layer)
    spread = read_shipped("uncertainty")
    half = {str(k): float(v) for k, v in zip(spread["factor"], spread["half_range_share"], strict=True)}
    table = account_stands(stands, trees, read_growth())
    species = sum_species(table, half, trees)
    groups = species[species["species_group"] != TOTAL]
    factors, model = stock_model(groups, half, trees)
    quantity = Quantity(name="小班林木碳储量（蓄积法）", unit="吨碳", factors=factors, model=model, mark=str(species["mark"].min()))
    known = stands[stands["stated_m2"].notna()]
    check = pd.DataFrame(
        {
            "check": ["小班：面积字段之和与图形椭球面积之和"],
            "expected": [known["stated_m2"].sum() / M2_PER_HA],
            "found": [known["area_m2"].sum() / M2_PER_HA],
            "unit": "公顷",
            "note": "储量按图形面积算",
            "source": layer.spec.path,
        }
    )
    return {"carbon_stands": table, "carbon_species": species}, quantity, compared(check)
