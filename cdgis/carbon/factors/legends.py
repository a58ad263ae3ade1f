"""Legends of land cover maps: which land class a value of a raster stands for, and which role a land class has.

A value means nothing by itself: 1 is cropland in one map and broadleaf forest in another. So a raster of land classes
names its legend, the carbon account asks for land classes and roles, and no code of any map stands in the code here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import pandas as pd
import tomli as tomllib

from cdgis.carbon.factors.pools import POOLS, PoolTable
from cdgis.carbon.factors.source import read_shipped
from cdgis.core.errors import CarbonError
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.workspace.catalog import LayerSpec

_FIRST_DERIVED = 10_001
"""Class code of the first land class that a table of densities has no row for but stands between others of it."""
_RATES = ("low_tc_per_ha_yr", "mid_tc_per_ha_yr", "high_tc_per_ha_yr")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendClass:
    """What one value of a raster stands for."""

    title: str
    """As the map's own legend says."""
    land_class: str
    mark: str = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoding:
    """How the values of one raster become class codes of a table of densities."""

    pools: PoolTable
    """With rows for the land classes that stand between others."""
    codes: Mapping[int, int]
    """Value in the file -> class code; values without a density are left out."""
    titles: Mapping[int, str]
    """Value in the file -> what its legend calls it."""


def legend_names() -> tuple[str, ...]:
    """Return the names of the shipped legends."""
    folder = files("cdgis").joinpath("data", "legends")
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


@cache
def read_legend(name: str) -> Mapping[int, LegendClass]:
    """Return value -> class of a shipped legend.

    Raises
    ------
    CarbonError : there is none of this name.
    """
    if name not in legend_names():
        raise CarbonError(f"没有名为 {name} 的图例", remedy=f"图层目录的 legend 应为 {'、'.join(legend_names())} 之一")
    raw = tomllib.loads(files("cdgis").joinpath("data", "legends", f"{name}.toml").read_text(encoding="utf-8"))
    return {int(value): LegendClass(**row) for value, row in raw["classes"].items()}


def recoding_of(spec: LayerSpec, pools: PoolTable) -> Recoding:
    """Return what the values of a land class raster stand for, as its catalogue entry states.

    Raises
    ------
    CarbonError : the entry states neither `legend` nor `classes`, or names a land class that nobody knows.
    """
    if not spec.legend and not spec.classes:
        raise CarbonError(
            f"图层 {spec.id} 没有写明图例，同一个编码在不同数据里不是同一种地：1 在 CLCD 是耕地，在示范数据是阔叶林",
            remedy=f"在图层目录该条目写 legend = \"…\"（{'、'.join(legend_names())}），或用 classes 逐个写明",
        )
    legend = dict(read_legend(spec.legend)) if spec.legend else {}
    own = dict(zip(pools.frame["class_code"].astype(int), pools.frame["land_class"], strict=True))
    for value, name in spec.classes.items():
        land_class = own.get(int(name), name) if name.isdigit() else name
        legend[int(value)] = LegendClass(title=land_class, land_class=land_class)
    known = {*read_shipped("land_classes")["land_class"], *own.values()}
    strange = sorted({c.land_class for c in legend.values()} - known)
    if strange:
        raise CarbonError(f"图层 {spec.id} 的 classes 写了不认识的土地类别 {'、'.join(strange)}", remedy=f"应为 {'、'.join(sorted(known))}")
    whole = with_classes_between(pools, [c.land_class for c in legend.values()])
    code = dict(zip(whole.frame["land_class"], whole.frame["class_code"].astype(int), strict=True))
    codes = {value: code[c.land_class] for value, c in legend.items() if c.land_class in code}
    return Recoding(pools=whole, codes=codes, titles={value: c.title for value, c in legend.items()})


def with_classes_between(pools: PoolTable, wanted: Iterable[str]) -> PoolTable:
    """Return the table with a row for each wanted land class that it lacks and that stands between others it has.

    Such a row ranges from the lowest to the highest of the classes it stands between, its middle is their mean, and
    its mark is M: nobody knows which of them it is.
    """
    classes = read_shipped("land_classes")
    rows = []
    for place, (name, others) in enumerate(zip(classes["land_class"], classes["between"], strict=True)):
        of = pools.frame[pools.frame["land_class"].isin(others.split(LIST_SEPARATOR))]
        if name in set(wanted) - set(pools.frame["land_class"]) and len(of):
            rows.append(_row_between(name, of, str(classes["note"].iloc[place])) | {"class_code": _FIRST_DERIVED + place})
    if not rows:
        return pools
    return replace(pools, frame=pd.concat([pools.frame, pd.DataFrame(rows)], ignore_index=True))


def _row_between(name: str, of: pd.DataFrame, note: str) -> dict[str, object]:
    source = f"取 {'、'.join(of['land_class'])} 的值，未核实"
    row: dict[str, object] = {"land_class": name, "note": note}
    for pool in POOLS:
        low, mid, high = (of[f"{pool}{part}_tc_per_ha"] for part in ("_low", "", "_high"))
        if mid.notna().all():
            row |= {f"{pool}_low_tc_per_ha": low.min(), f"{pool}_tc_per_ha": mid.mean(), f"{pool}_high_tc_per_ha": high.max()}
            row |= {f"{pool}_source": source, f"{pool}_group": name, f"{pool}_mark": "M"}
        else:
            row |= {f"{pool}_source": "", f"{pool}_group": "", f"{pool}_mark": ""}
    depth = of["soil_depth_cm"].dropna().unique()
    return row | ({"soil_depth_cm": float(depth[0])} if "soil_tc_per_ha" in row else {})


def rates_between(rates: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    """Return yearly rates by land class with a row for each wanted class that lacks one and stands between others."""
    classes = read_shipped("land_classes").set_index("land_class")
    rows = []
    for name in wanted:
        of = rates[rates["land_class"].isin(str(classes["between"].get(name, "")).split(LIST_SEPARATOR))]
        if name not in set(rates["land_class"]) and len(of):
            low, mid, high = _RATES
            source = f"取 {'、'.join(of['land_class'])} 的值，未核实"
            rows.append({
                "land_class": name, low: of[low].min(), mid: of[mid].mean(), high: of[high].max(), "source": source, "mark": "M",
                "note": str(classes["note"][name]),
            })  # fmt: skip
    return pd.concat([rates, pd.DataFrame(rows)], ignore_index=True) if rows else rates
