"""Carbon of forest stands by three methods, and how their drawn and stated areas agree."""

import numpy as np
import pandas as pd

from cdgis.carbon import account_stands, sum_species
from cdgis.carbon.account.reference_figures import compared
from cdgis.carbon.account.totals import Quantity
from cdgis.carbon.factors import read_growth, read_shipped, read_trees
from cdgis.carbon.inventory import COUNTED, NO_FACTORS, stock_model
from cdgis.core.data_gaps import Gap, listed
from cdgis.core.errors import LayerError
from cdgis.core.number_format import covered_words
from cdgis.core.units import M2_PER_HA
from cdgis.core.vocabulary import TOTAL
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.workspace.layers import Layer

NEEDED = ("species", "age_yr", "volume_m3_per_ha")
PART = "小班碳储量"


def read_stands(layer: Layer) -> pd.DataFrame:
    """Return stand_id, species, age_yr, volume_m3_per_ha, area_m2 (drawn), stated_m2; NaN where not stated or no number.

    Raises
    ------
    LayerError : a needed field is not mapped.
    """
    zones = layer.zones
    missing = [name for name in NEEDED if name not in zones.columns]
    if missing:
        raise LayerError(layer.spec.path, layer.spec.id, (f"小班缺少 {'、'.join(missing)}，请在目录条目的 fields 中映射",))
    numbers = {name: pd.to_numeric(zones[name], errors="coerce") for name in ("age_yr", "volume_m3_per_ha")}
    stated = pd.to_numeric(zones["area_ha"], errors="coerce") if "area_ha" in zones else np.nan
    return pd.DataFrame(
        {
            "stand_id": zones["zone_id"],
            "species": zones["species"],
            **{name: values.astype(float).replace([np.inf, -np.inf], np.nan) for name, values in numbers.items()},
            "area_m2": survey_area_m2(np.asarray(zones.geometry.array, dtype=object)),
            "stated_m2": stated * M2_PER_HA,
        }
    )


def stand_tables(layer: Layer) -> tuple[dict[str, pd.DataFrame], Quantity | None, pd.DataFrame, tuple[Gap, ...]]:
    """Return tables carbon_stands and carbon_species, the total whose range is wanted, rows of carbon_checks, and gaps."""
    trees, stands = read_trees(), read_stands(layer)
    spread = read_shipped("uncertainty")
    half = {str(k): float(v) for k, v in zip(spread["factor"], spread["half_range_share"], strict=True)}
    table = account_stands(stands, trees, read_growth())
    gaps = _gaps(layer, table, stands)
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
    if not (table["state"] == COUNTED).any():
        return {"carbon_stands": table}, None, compared(check), gaps
    species = sum_species(table, half, trees)
    groups = species[species["species_group"] != TOTAL]
    factors, model = stock_model(groups, half, trees)
    share = float(species.loc[species["species_group"] == TOTAL, "covered_share"].iloc[0])
    name = f"小班林木碳储量（蓄积法{covered_words(share)}）"
    quantity = Quantity(name=name, unit="吨碳", factors=factors, model=model, mark=str(species["mark"].min()))
    return {"carbon_stands": table, "carbon_species": species}, quantity, compared(check), gaps


def _gaps(layer: Layer, table: pd.DataFrame, stands: pd.DataFrame) -> tuple[Gap, ...]:
    """Return one gap a kind of fault, with the stands that have it, each by its place in the file and its id."""
    left = table[table["state"] != COUNTED]
    place = dict(zip(stands["stand_id"], range(1, len(stands) + 1), strict=True))
    found = []
    for missing, rows in left.groupby("missing", sort=True):
        names = [f"第 {place[stand]} 个要素（{stand}）" for stand in rows["stand_id"]]
        kinds = sorted(set(rows["species"])) if NO_FACTORS in str(missing) else []
        words = f"{missing}" + (f"：{listed(kinds)}" if kinds else "")
        found.append(
            Gap(
                part=f"{PART}：{len(rows)} 个小班未算，其余照算", layer=layer.spec.id, file=layer.record.path, row=listed(names),
                problem=words, remedy="请在小班数据中补全；树种写表 carbon_factors 里“树种参数”所列的名称",
            )
        )  # fmt: skip
    return tuple(found)
