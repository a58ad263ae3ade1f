"""Step-by-step ledger of each restoration area: what is left once ineligible land is taken off.

eligible = gross - sum of subtractions. Polygons are cut off first, in the order of the measure's list, each from
what the earlier ones left; then the cells of what remains are told apart by the first reason that holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.core.errors import CarbonError
from cdgis.geometry.shapes import polygonal

_NOISE_M2 = 1e-6
GROSS, NO_CLASS, TOTAL = "总面积", "土地类别无数据", "合计"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What one step takes off every area of a measure."""

    title: str
    layer: str
    basis: str
    mark: str
    shapes: GeometryArray
    """Polygons in the measuring plane, taken off every area."""
    own: Sequence[GeometryArray] = ()
    """Polygons taken off one area each, by position; used instead of `shapes` when given."""


def cut_off(areas: GeometryArray, cuts: Sequence[Cut]) -> tuple[GeometryArray, npt.NDArray[np.float64]]:
    """Return what remains of each area, and the square metres each cut took off (areas by cuts).

    Parameters
    ----------
    areas : polygons in the measuring plane.
    """
    left = np.asarray(areas, dtype=object).copy()
    taken = np.zeros((len(left), len(cuts)))
    for step, cut in enumerate(cuts):
        before = shapely.area(left)
        left = _without_own(left, cut.own) if cut.own else _without(left, cut.shapes)
        difference = before - shapely.area(left)
        # Cutting off nothing still moves the sum in its last digits.
        taken[:, step] = np.where(difference > _NOISE_M2, difference, 0.0)
    return left, taken


def _without(areas: GeometryArray, shapes: GeometryArray) -> GeometryArray:
    if not len(shapes) or not len(areas):
        return areas
    area, shape = shapely.STRtree(shapes).query(areas, predicate="intersects")
    left = areas.copy()
    for place in np.unique(area):  # at most as many as there are restoration areas
        left[place] = shapely.difference(left[place], shapely.union_all(shapes[shape[area == place]]))
    return polygonal(left)


def _without_own(areas: GeometryArray, own: Sequence[GeometryArray]) -> GeometryArray:
    unions = np.array([shapely.union_all(shapes) if len(shapes) else shapely.Polygon() for shapes in own], dtype=object)
    return polygonal(shapely.difference(areas, unions))


def overlap_with_earlier(areas: GeometryArray) -> list[GeometryArray]:
    """Return for each area the earlier areas it overlaps: of two claims on one place the first in order holds."""
    tree = shapely.STRtree(areas)
    first, second = tree.query(areas, predicate="intersects")
    earlier = second < first
    touching = shapely.area(shapely.intersection(areas[first[earlier]], areas[second[earlier]])) > 0
    mine, theirs = first[earlier][touching], second[earlier][touching]
    return [areas[theirs[mine == place]] for place in range(len(areas))]


def write_ledger(
    areas: pd.DataFrame, steps: pd.DataFrame, eligible_m2: pd.Series
) -> pd.DataFrame:
    """Return table carbon_ledger: per area its gross area, every subtraction and what is left.

    Parameters
    ----------
    areas : area_id, area_name, measure, gross_m2.
    steps : area_id, seq (from 1), item, layer, taken_m2, basis, mark.
    eligible_m2 : area_id -> what was counted as left; the ledger must agree with it.

    Raises
    ------
    CarbonError : gross minus subtractions is not what was counted as left.
    """
    top = areas.assign(seq=0, item=GROSS, layer="", change_m2=areas["gross_m2"], basis="", mark="S")
    middle = steps.merge(areas[["area_id", "area_name", "measure"]], on="area_id")
    table = pd.concat([top, middle.assign(change_m2=-middle["taken_m2"])], ignore_index=True)
    table = table.sort_values(["area_id", "seq"], kind="stable", ignore_index=True)
    table["change_m2"] += 0.0  # no negative zero
    table["left_m2"] = table.groupby("area_id")["change_m2"].cumsum()
    last = table.groupby("area_id").tail(1)
    counted = last["area_id"].map(eligible_m2)
    wrong = (last["left_m2"] - counted).abs() > 1e-9 * last["area_id"].map(areas.set_index("area_id")["gross_m2"]) + 1e-3
    if wrong.any():
        raise CarbonError(
            f"修复区面积台账不闭合：{'、'.join(last.loc[wrong, 'area_id'])}", remedy="请检查图形是否有自相交"
        )
    return pd.concat([table, _by_measure(table)], ignore_index=True)


def _by_measure(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ledgers of a measure's areas added up step by step, under the id 合计·measure."""
    keys = ["measure", "seq", "item", "layer", "basis", "mark"]
    sums = table.groupby(keys, as_index=False, sort=False).agg({"change_m2": "sum"}).sort_values(["measure", "seq"])
    sums["left_m2"] = sums.groupby("measure")["change_m2"].cumsum()
    return sums.assign(area_id=f"{TOTAL}·" + sums["measure"], area_name="")
