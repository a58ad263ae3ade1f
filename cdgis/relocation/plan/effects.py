"""Effects of the plan before and after: who stands where, emissions, and residents nearby.

Enterprises that move take their emissions along unchanged; those that close take them away; nothing else changes, so that
the difference is the plan's own. People are counted once each, where they live, when an enterprise that must close or move
stands within the stated radius, or stands there after the plan.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.vocabulary import SubjectKind
from cdgis.judging.evaluation import Judged
from cdgis.readers.loading import Loaded
from cdgis.relocation.plan.circumstances import AMOUNTS, RECEPTOR_LAYER, declared_numbers, near_receptors, people_at

GROUPS = (
    layer_ids.CITY, layer_ids.COUNTIES, layer_ids.BASINS, layer_ids.MANAGEMENT_UNITS,
    layer_ids.BUILT_UP, layer_ids.WATER_SOURCE_ZONES, layer_ids.AIR_ZONES,
)  # fmt: skip
"""Layers the figures are summed over; of the last three only the zones concerned."""
_TITLES = {
    "enterprises": ("企业", "家"), "to_move": ("须迁建或关停的企业", "家"), "people_near": ("周边居住人数", "人"),
    "so2_t_per_yr": ("二氧化硫", "吨/年"), "nox_t_per_yr": ("氮氧化物", "吨/年"), "pm_t_per_yr": ("颗粒物", "吨/年"),
    "cod_t_per_yr": ("化学需氧量", "吨/年"), "co2_t_per_yr": ("二氧化碳", "吨/年"),
}  # fmt: skip


def measure_effects(loaded: Loaded, judged: Judged, outcome: pd.DataFrame, *, radius_m: float) -> pd.DataFrame:
    """Return rows of table relocation_effects.

    Parameters
    ----------
    outcome : indexed by enterprise id, those who must move or close: new_lon, new_lat (degrees EPSG:4490, NaN when not
        placed) and closes (bool).
    """
    subjects = judged.tables["subjects"]
    enterprises = subjects[subjects["kind"] == SubjectKind.ENTERPRISE].set_index("subject_id")
    after = enterprises[["lon", "lat"]].copy()
    moved = outcome[outcome["new_lon"].notna()]
    after.loc[moved.index, ["lon", "lat"]] = moved[["new_lon", "new_lat"]].to_numpy()
    closed = outcome.index[outcome["closes"]]
    amounts = pd.DataFrame({name: declared_numbers(judged.tables["attributes"], name, enterprises.index) for name in AMOUNTS})
    amounts["enterprises"] = 1.0
    amounts["to_move"] = enterprises.index.isin(outcome.index).astype(float)
    gone = amounts.copy()
    gone.loc[closed] = 0.0
    gone.loc[moved.index, "to_move"] = 0.0
    rows, reached = [], _reached(loaded, enterprises.loc[outcome.index], after.loc[outcome.index[~outcome["closes"]]], radius_m)
    spots = [_points(enterprises), _points(after), _homes(loaded) if reached else np.empty(0, dtype=object)]
    tree, ends = shapely.STRtree(np.concatenate(spots)), np.cumsum([len(some) for some in spots])
    for layer in (name for name in GROUPS if name in loaded.layers):
        old, new, home, _ = np.split(_zone_of(loaded, layer, tree), ends)
        rows += _sums(loaded, layer, (old, amounts), (new, gone))
        rows += _people(loaded, layer, reached, home)
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    kept = table[(table["before"] != 0) | (table["after"] != 0)]
    return kept.assign(title=kept["figure"].map(lambda f: _TITLES[f][0]), unit=kept["figure"].map(lambda f: _TITLES[f][1]))


def _zone_of(loaded: Loaded, layer: str, points: shapely.STRtree) -> npt.NDArray[np.int64]:
    """Return the position of the zone each point (degrees) lies in (the first, where they overlap), -1 for none."""
    zones = np.asarray(loaded.layers[layer].zones.geometry.array, dtype=object)
    # asked zone by zone: the tree prepares what it is asked about, and a zone has a thousand times a point's vertices
    zone, at = points.query(zones, "intersects")
    found = np.full(len(points), len(zones), dtype=np.int64)
    np.minimum.at(found, at, zone)
    return np.where(found == len(zones), -1, found)


def _sums(
    loaded: Loaded,
    layer: str,
    old: tuple[npt.NDArray[np.int64], pd.DataFrame],
    new: tuple[npt.NDArray[np.int64], pd.DataFrame],
) -> list[dict[str, object]]:
    """Return one row per zone and figure: totals before and after."""
    zones, rows = loaded.layers[layer].zones, []
    for figure in old[1].columns:
        before, after = (_total(where, values[figure], len(zones)) for where, values in (old, new))
        unknown = _total(old[0], old[1][figure].isna().astype(float), len(zones))
        for i in np.flatnonzero((before != 0) | (after != 0)):
            rows.append(_row(zones, layer, int(i), (figure, before[i], after[i], int(unknown[i]))))
    return rows


def _total(where: npt.NDArray[np.int64], values: "pd.Series[float]", count: int) -> npt.NDArray[np.float64]:
    inside = where >= 0
    total = np.bincount(where[inside], weights=values.fillna(0.0).to_numpy()[inside], minlength=count)
    return np.asarray(np.round(total, 9))


def _row(zones: pd.DataFrame, layer: str, i: int, cells: tuple[str, float, float, int]) -> dict[str, object]:
    figure, before, after, unknown = cells
    zone = zones.iloc[i]
    # air and water zones carry no telling names: their class says what they are
    name = str(zone["zone_class"] if layer == layer_ids.AIR_ZONES else zone["zone_name"])
    return {
        "zone_layer": layer, "zone_id": str(zone["zone_id"]), "zone_name": name, "figure": figure,
        "before": float(before), "after": float(after), "unknown": unknown,
    }  # fmt: skip


def _reached(
    loaded: Loaded, before: pd.DataFrame, after: pd.DataFrame, radius_m: float
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the receptors near those who must move or close, before and after the plan; nothing where nobody must."""
    if RECEPTOR_LAYER not in loaded.layers or before.empty:
        return {}
    return {
        name: np.unique(near_receptors(loaded, _points(frame), radius_m)[1])
        for name, frame in (("before", before), ("after", after))
    }


def _homes(loaded: Loaded) -> npt.NDArray[np.object_]:
    """Return a point of each receptor."""
    return np.asarray(shapely.point_on_surface(np.asarray(loaded.layers[RECEPTOR_LAYER].zones.geometry.array, dtype=object)))


def _people(
    loaded: Loaded, layer: str, reached: Mapping[str, npt.NDArray[np.int64]], home: npt.NDArray[np.int64]
) -> list[dict[str, object]]:
    """Return how many people of each zone live at the receptors reached, before and after; `home` is the zone of each."""
    if not reached:
        return []
    people = np.nan_to_num(people_at(loaded))
    zones, rows = loaded.layers[layer].zones, []
    totals: Mapping[str, npt.NDArray[np.float64]] = {
        name: _total(home[who], pd.Series(people[who]), len(zones)) for name, who in reached.items()
    }
    for i in np.flatnonzero(totals["before"] + totals["after"] != 0):
        rows.append(_row(zones, layer, int(i), ("people_near", totals["before"][i], totals["after"][i], 0)))
    return rows


def _points(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.points(frame[["lon", "lat"]].to_numpy(dtype=float)), dtype=object)
